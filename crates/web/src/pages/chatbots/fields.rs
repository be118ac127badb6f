//! A step as a form: made from what the step says, and read back into a step.

use std::collections::BTreeSet;

use domain::{
    FieldError, Invalid,
    flow::draft::{Draft, Step, text_of},
};
use serde_json::{Value, json};

use super::kinds::{Control, ENDINGS, Kind, OPS, SOURCES, Spec};
use crate::pages::form::Form;

/// A field as the page shows it.
pub(super) struct FieldView {
    /// Its name in the form, and the id of its control.
    pub(super) name: String,
    /// Where what is wrong with it stands in the step.
    pub(super) pointer: String,
    pub(super) label: String,
    pub(super) help: &'static str,
    /// `line`, `area`, `number`, `flag`, `pick`, `variable`, `marker`.
    pub(super) control: &'static str,
    pub(super) value: String,
    /// Of a `pick`: value, label.
    pub(super) choices: Vec<(String, String)>,
    pub(super) problem: Option<String>,
    /// `field=value value`: shown only then, where scripts run.
    pub(super) when: String,
}

/// Fields that belong together.
pub(super) struct Group {
    pub(super) legend: String,
    pub(super) fields: Vec<FieldView>,
    /// Whether it stands for something that may be added.
    pub(super) spare: bool,
}

/// What the fields of a step offer to choose from.
pub(super) struct Offers {
    /// Steps: id, title.
    pub(super) steps: Vec<(String, String)>,
    pub(super) variables: BTreeSet<String>,
    pub(super) markers: BTreeSet<String>,
    pub(super) departments: Vec<String>,
}

impl Offers {
    pub(super) fn of(draft: &Draft, departments: Vec<String>) -> Self {
        let steps = draft.steps().iter().map(|step| (text_of(step, "id").to_owned(), title(step))).collect();
        Self { steps, variables: draft.variables(), markers: draft.markers(), departments }
    }

    fn targets(&self, now: &str, needed: bool) -> Vec<(String, String)> {
        let none = if needed { "– choose –" } else { "– nowhere –" };
        let mut all = vec![(String::new(), none.to_owned())];
        all.extend(self.steps.iter().map(|(id, title)| (id.clone(), format!("{id} · {title}"))));
        if !all.iter().any(|(id, _)| id == now) {
            all.push((now.to_owned(), format!("{now} (missing)")));
        }
        all
    }
}

/// What a step is about, in a few words.
pub(super) fn title(step: &Step) -> String {
    let said = ["text", "name", "department", "var"].map(|field| text_of(step, field));
    let of = match text_of(step, "kind") {
        "save_contact" => "Save contact",
        "jump" => "Jump",
        "condition" => "Condition",
        "end" if said[0].is_empty() => "End",
        _ => said.into_iter().find(|text| !text.is_empty()).unwrap_or("–"),
    };
    let line = of.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// A value as it is filled in.
fn filled(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(all)) => all.iter().map(|it| filled(Some(it))).collect::<Vec<_>>().join("\n"),
        Some(other) => other.to_string(),
    }
}

/// A value as it was meant: a number if it is written as one, true, false, else a text.
fn meant(text: &str) -> Value {
    let value: Option<Value> = serde_json::from_str(text).ok();
    let plain = value.filter(|value| value.is_number() || value.is_boolean());
    // Written back it must be the same: a code such as 007 or 1e3 is a text.
    plain.filter(|value| filled(Some(value)) == text).unwrap_or_else(|| json!(text))
}

/// Makes the form of a step. `errors` point into it.
pub(super) fn form(step: &Step, kind: &Kind, offers: &Offers, errors: &[FieldError]) -> Vec<Group> {
    let mut maker = Maker { offers, errors };
    let id = maker.line("id", "id", "Id", text_of(step, "id"));
    let mut first =
        vec![FieldView { help: "Unique: A-Z, a-z, 0-9, _ and -. Ways to the step follow.", ..id }];
    first.extend(kind.fields.iter().map(|spec| maker.field(step, spec)));
    let mut groups = vec![Group { legend: String::new(), fields: first, spare: false }];
    match kind.key {
        "choice" => groups.extend(maker.options(step)),
        "condition" => groups.extend(maker.branches(step)),
        "set" => groups.push(maker.source(step)),
        "end" => groups.push(maker.ending(step)),
        _ => {}
    }
    groups
}

/// What is wrong with none of the fields.
pub(super) fn besides(groups: &[Group], errors: &[FieldError]) -> Vec<String> {
    let shown: Vec<&String> =
        groups.iter().flat_map(|group| &group.fields).filter_map(|field| field.problem.as_ref()).collect();
    errors.iter().map(|error| error.message.clone()).filter(|message| !shown.contains(&message)).collect()
}

struct Maker<'a> {
    offers: &'a Offers,
    errors: &'a [FieldError],
}

impl Maker<'_> {
    fn problem(&self, pointer: &str) -> Option<String> {
        let at = |error: &&FieldError| error.pointer.trim_start_matches('/') == pointer;
        self.errors.iter().find(at).map(|error| error.message.clone())
    }

    fn line(&mut self, name: &str, pointer: &str, label: &str, value: &str) -> FieldView {
        FieldView {
            name: name.to_owned(),
            pointer: pointer.to_owned(),
            label: label.to_owned(),
            help: "",
            control: "line",
            value: value.to_owned(),
            choices: Vec::new(),
            problem: self.problem(pointer),
            when: String::new(),
        }
    }

    fn pick(
        &mut self,
        name: &str,
        pointer: &str,
        label: &str,
        value: &str,
        known: &[(&str, &str)],
    ) -> FieldView {
        let mut choices: Vec<(String, String)> =
            known.iter().map(|(value, label)| ((*value).to_owned(), (*label).to_owned())).collect();
        if !choices.iter().any(|(known, _)| known == value) {
            choices.insert(0, (value.to_owned(), if value.is_empty() { "–" } else { value }.to_owned()));
        }
        FieldView { control: "pick", choices, ..self.line(name, pointer, label, value) }
    }

    fn target(&mut self, name: &str, pointer: &str, label: &str, value: &str, needed: bool) -> FieldView {
        let choices = self.offers.targets(value, needed);
        FieldView { control: "pick", choices, ..self.line(name, pointer, label, value) }
    }

    fn variable(&mut self, name: &str, pointer: &str, label: &str, value: &str) -> FieldView {
        FieldView { control: "variable", ..self.line(name, pointer, label, value) }
    }

    fn field(&mut self, step: &Step, spec: &Spec) -> FieldView {
        let value = filled(step.get(spec.key));
        let (key, label) = (spec.key, spec.label);
        let field = match spec.control {
            Control::Target => self.target(key, key, label, &value, spec.needed),
            Control::Pick(known) => {
                let mut field = self.pick(key, key, label, &value, known);
                if !spec.needed && !field.choices.iter().any(|(value, _)| value.is_empty()) {
                    field.choices.insert(0, (String::new(), "–".to_owned()));
                }
                field
            }
            Control::Department => {
                let known: Vec<(&str, &str)> =
                    self.offers.departments.iter().map(|name| (name.as_str(), name.as_str())).collect();
                self.pick(key, key, label, &value, &known)
            }
            other => FieldView { control: plain(other), ..self.line(key, key, label, &value) },
        };
        let when = if spec.of.is_empty() { String::new() } else { format!("type={}", spec.of.join(" ")) };
        FieldView { help: spec.help, when, ..field }
    }

    fn options(&mut self, step: &Step) -> Vec<Group> {
        let options = listed(step, "options");
        let spare = if options.is_empty() { 3 } else { 2 };
        let all = options.iter().copied().map(Some).chain(std::iter::repeat_n(None, spare));
        all.enumerate().map(|(number, option)| self.option(number, option)).collect()
    }

    fn option(&mut self, number: usize, option: Option<&Value>) -> Group {
        let get = |field: &str| filled(option.and_then(|it| it.get(field)));
        let place = |field: &str| (format!("option.{number}.{field}"), format!("options/{number}/{field}"));
        let (name, pointer) = place("label");
        let label = self.line(&name, &pointer, "Shown", &get("label"));
        let (name, pointer) = place("value");
        let value = self.line(&name, &pointer, "Stored value", &get("value"));
        let (name, pointer) = place("next");
        let next = self.target(&name, &pointer, "Leads to", &get("next"), false);
        let legend = format!("Answer {}", number + 1);
        Group { legend, fields: vec![label, value, next], spare: option.is_none() }
    }

    fn branches(&mut self, step: &Step) -> Vec<Group> {
        let branches = listed(step, "branches");
        let all = branches.iter().copied().map(Some).chain([None]);
        all.enumerate().map(|(number, branch)| self.branch(number, branch)).collect()
    }

    fn branch(&mut self, number: usize, branch: Option<&Value>) -> Group {
        let tests = branch.and_then(|it| it.get("all")).and_then(Value::as_array);
        let tests: Vec<Option<&Value>> = tests.into_iter().flatten().map(Some).chain([None]).collect();
        let mut fields = Vec::new();
        for (test, it) in tests.into_iter().enumerate() {
            let get = |field: &str| filled(it.and_then(|it| it.get(field)));
            let place = |field: &str| {
                (format!("branch.{number}.{test}.{field}"), format!("branches/{number}/all/{test}/{field}"))
            };
            let (name, pointer) = place("var");
            let label = if test == 0 { "If variable" } else { "and variable" };
            fields.push(self.variable(&name, &pointer, label, &get("var")));
            let (name, pointer) = place("op");
            let op = Some(get("op")).filter(|op| !op.is_empty()).unwrap_or_else(|| "eq".to_owned());
            fields.push(self.pick(&name, &pointer, "compares", &op, OPS));
            let (name, pointer) = place("value");
            let value = self.line(&name, &pointer, "with", &get("value").replace('\n', ", "));
            fields.push(FieldView {
                help: if op == "in" { "Values with commas between them." } else { "" },
                ..value
            });
        }
        let next = filled(branch.and_then(|it| it.get("next")));
        let (name, pointer) = (format!("branch.{number}.next"), format!("branches/{number}/next"));
        fields.push(self.target(&name, &pointer, "it goes to", &next, false));
        Group { legend: format!("Case {}", number + 1), fields, spare: branch.is_none() }
    }

    fn source(&mut self, step: &Step) -> Group {
        let none = Value::Null;
        let (source, to) = step
            .get("to")
            .and_then(Value::as_object)
            .and_then(|to| to.iter().next())
            .map_or(("value", &none), |(source, to)| (source.as_str(), to));
        let side = |number: usize| {
            let side = to.get(number);
            filled(side.and_then(|it| it.get("var")).or(side))
        };
        let of =
            |sources: &[&str], text: String| if sources.contains(&source) { text } else { String::new() };
        let from = if source == "map" { filled(to.get("of")) } else { filled(Some(to)) };
        let cases = to.get("cases").and_then(Value::as_object).into_iter().flatten();
        let cases: Vec<String> =
            cases.map(|(case, value)| format!("{case} = {}", filled(Some(value)))).collect();
        let mut kind = self.pick("source", "to", "The value is", source, SOURCES);
        kind.help = "Only the fields of the chosen way count.";
        let fields = vec![
            kind,
            self.line("value", "to/value", "Value", &of(&["value"], filled(Some(to)))).when("source=value"),
            self.variable("from", "to/copy", "Of variable", &of(&["copy", "domain_of", "map"], from))
                .when("source=copy domain_of map"),
            self.variable("left", "to/0", "First", &of(&["add", "subtract"], side(0)))
                .when("source=add subtract"),
            self.variable("right", "to/1", "Second", &of(&["add", "subtract"], side(1)))
                .when("source=add subtract"),
            FieldView {
                control: "area",
                help: "One a line: case = value.",
                ..self.line("cases", "to/map/cases", "Cases", &cases.join("\n")).when("source=map")
            },
            self.line("default", "to/map/default", "All else is", &of(&["map"], filled(to.get("default"))))
                .when("source=map"),
        ];
        Group { legend: "Value".to_owned(), fields, spare: false }
    }

    fn ending(&mut self, step: &Step) -> Group {
        let restart = step.get("then").and_then(|then| then.get("restart"));
        let then = if restart.is_some() { "restart" } else { "close" };
        let to = filled(restart);
        let fields = vec![
            self.pick("then", "then", "What follows", then, ENDINGS),
            self.target("restart", "then/restart", "It goes on at", &to, true).when("then=restart"),
        ];
        Group { legend: "Afterwards".to_owned(), fields, spare: false }
    }
}

impl FieldView {
    fn when(self, when: &str) -> Self {
        Self { when: when.to_owned(), ..self }
    }
}

fn plain(control: Control) -> &'static str {
    match control {
        Control::Area | Control::Lines | Control::Variables => "area",
        Control::Number => "number",
        Control::Flag => "flag",
        Control::Variable => "variable",
        Control::Marker => "marker",
        _ => "line",
    }
}

fn listed<'a>(step: &'a Step, field: &str) -> Vec<&'a Value> {
    step.get(field).and_then(Value::as_array).into_iter().flatten().collect()
}

/// Reads a step of that kind from what was filled in.
///
/// # Errors
///
/// Only for what cannot be written down at all: numbers that are none.
pub(super) fn read(kind: &Kind, form: &Form) -> Result<Step, Invalid> {
    let mut step = Step::new();
    step.insert("id".to_owned(), json!(form.get("id").trim()));
    step.insert("kind".to_owned(), json!(kind.key));
    let asks = form.get("type");
    let owned = kind.fields.iter().filter(|spec| spec.of.is_empty() || spec.of.contains(&asks));
    let mut wrong = Vec::new();
    for spec in owned {
        match read_field(spec, form) {
            Ok(Some(value)) => drop(step.insert(spec.key.to_owned(), value)),
            Ok(None) => {}
            Err(invalid) => wrong.push(Err(invalid)),
        }
    }
    Invalid::gather(wrong)?;
    match kind.key {
        "choice" => drop(step.insert("options".to_owned(), read_options(form))),
        "condition" => drop(step.insert("branches".to_owned(), read_branches(form))),
        "set" => drop(step.insert("to".to_owned(), read_source(form))),
        "end" => {
            let restarts = form.get("then") == "restart";
            let then = if restarts { json!({"restart": form.get("restart")}) } else { json!("close") };
            step.insert("then".to_owned(), then);
        }
        _ => {}
    }
    Ok(step)
}

fn read_field(spec: &Spec, form: &Form) -> Result<Option<Value>, Invalid> {
    let text = form.get(spec.key).trim();
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>();
    if text.is_empty() {
        return Ok(spec.needed.then(|| json!("")));
    }
    Ok(Some(match spec.control {
        Control::Flag => json!(true),
        Control::Number => json!(form.number::<u32>(spec.key)?),
        Control::Lines | Control::Variables => json!(lines()),
        Control::Bound => meant(text),
        Control::Pick(_) if spec.key == "strict" => meant(text),
        _ => json!(text),
    }))
}

/// How many entries of a list a form can bring.
const MOST: usize = 110;

fn read_options(form: &Form) -> Value {
    let mut options = Vec::new();
    for number in 0..MOST {
        let get = |field: &str| form.get(&format!("option.{number}.{field}")).trim().to_owned();
        let (label, value, next) = (get("label"), get("value"), get("next"));
        if label.is_empty() && value.is_empty() {
            continue;
        }
        let mut option = json!({"value": if value.is_empty() { &label } else { &value }});
        if !label.is_empty() && label != value && !value.is_empty() {
            option["label"] = json!(label);
        }
        if !next.is_empty() {
            option["next"] = json!(next);
        }
        options.push(option);
    }
    Value::Array(options)
}

fn read_branches(form: &Form) -> Value {
    let mut branches = Vec::new();
    for number in 0..MOST {
        let tests: Vec<Value> = (0..MOST)
            .map_while(|test| form.has_name(&format!("branch.{number}.{test}.var")).then_some(test))
            .filter_map(|test| read_test(form, &format!("branch.{number}.{test}")))
            .collect();
        let next = form.get(&format!("branch.{number}.next"));
        if !tests.is_empty() || !next.is_empty() {
            branches.push(json!({"all": tests, "next": next}));
        }
    }
    Value::Array(branches)
}

fn read_test(form: &Form, place: &str) -> Option<Value> {
    let get = |field: &str| form.get(&format!("{place}.{field}")).trim();
    let (var, op, text) = (get("var"), get("op"), get("value"));
    if var.is_empty() {
        return None;
    }
    let value = match op {
        "set" | "empty" => return Some(json!({"var": var, "op": op})),
        "in" => text.split(',').map(str::trim).filter(|it| !it.is_empty()).map(meant).collect(),
        "contains" | "matches" => json!(text),
        _ => meant(text),
    };
    Some(json!({"var": var, "op": op, "value": value}))
}

fn read_source(form: &Form) -> Value {
    let get = |field: &str| form.get(field).trim();
    let operand = |text: &str| match meant(text) {
        number @ Value::Number(_) => number,
        _ => json!({"var": text}),
    };
    match get("source") {
        "copy" => json!({"copy": get("from")}),
        "domain_of" => json!({"domain_of": get("from")}),
        "add" => json!({"add": [operand(get("left")), operand(get("right"))]}),
        "subtract" => json!({"subtract": [operand(get("left")), operand(get("right"))]}),
        "map" => {
            let cases = get("cases").lines().filter_map(|line| line.split_once('='));
            let cases: Step = cases.map(|(case, to)| (case.trim().to_owned(), meant(to.trim()))).collect();
            match get("default") {
                "" => json!({"map": {"of": get("from"), "cases": cases}}),
                text => json!({"map": {"of": get("from"), "cases": cases, "default": meant(text)}}),
            }
        }
        _ => json!({"value": meant(get("value"))}),
    }
}

#[cfg(test)]
mod tests {
    use domain::flow::{draft::Draft, templates};

    use super::{
        super::kinds::{KINDS, kind},
        *,
    };

    /// What a browser sends for a form that nobody touched.
    fn untouched(groups: &[Group]) -> Form {
        let fields = groups.iter().flat_map(|group| &group.fields);
        let sent = fields.filter(|field| field.control != "flag" || field.value == "true");
        let pairs: Vec<(&str, &str)> =
            sent.map(|field| (field.name.as_str(), field.value.as_str())).collect();
        let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        Form::parse(text.as_bytes())
    }

    #[test]
    fn every_step_of_the_templates_comes_back_from_its_form_as_it_was() {
        for template in templates() {
            let draft = Draft::read(template.text).unwrap();
            let offers = Offers::of(&draft, vec!["Sales".to_owned()]);
            for step in draft.steps() {
                let kind = kind(text_of(step, "kind")).unwrap();
                let groups = form(step, kind, &offers, &[]);
                assert_eq!(&read(kind, &untouched(&groups)).unwrap(), step, "{}", template.key);
            }
        }
    }

    #[test]
    fn every_kind_begins_as_a_step_that_has_its_form() {
        for kind in KINDS {
            let mut step: Step = serde_json::from_str(kind.begin).unwrap();
            step.insert("id".into(), json!("x"));
            let offers = Offers::of(&Draft::empty(), vec!["Sales".to_owned()]);
            let groups = form(&step, kind, &offers, &[]);
            let again = read(kind, &untouched(&groups)).unwrap();
            assert_eq!(again["kind"], kind.key);
            let mut draft = Draft::empty();
            draft.insert(step, Some("hello")).unwrap();
            assert!(draft.step("x").is_some());
        }
    }

    #[test]
    fn rows_that_are_left_empty_are_none_and_numbers_are_meant_as_numbers() {
        let form = Form::parse(
            b"id=c&option.0.label=A&option.0.value=&option.1.label=&option.1.value=&option.2.label=B&option.2.value=b",
        );
        let step = read(kind("choice").unwrap(), &form).unwrap();
        assert_eq!(step["options"], json!([{"value": "A"}, {"value": "b", "label": "B"}]));
        let form = Form::parse(
            b"branch.0.0.var=n&branch.0.0.op=in&branch.0.0.value=1, x&branch.0.1.var=&branch.0.next=a&branch.1.0.var=&branch.1.next=",
        );
        let step = read(kind("condition").unwrap(), &form).unwrap();
        assert_eq!(
            step["branches"],
            json!([{"all": [{"var": "n", "op": "in", "value": [1, "x"]}], "next": "a"}])
        );
        assert_eq!((meant("007"), meant("7"), meant("true")), (json!("007"), json!(7), json!(true)));
        assert!(read(kind("ask").unwrap(), &Form::parse(b"type=text&attempts=many")).is_err());
    }

    #[test]
    fn what_is_wrong_stands_beside_its_field_or_above_all() {
        let error =
            |pointer: &str| FieldError { pointer: pointer.to_owned(), message: format!("at {pointer}") };
        let errors = [error("text"), error("")];
        let step: Step = serde_json::from_str(r#"{"id":"m","kind":"message","next":"gone"}"#).unwrap();
        let offers = Offers::of(&Draft::empty(), Vec::new());
        let groups = form(&step, kind("message").unwrap(), &offers, &errors);
        assert_eq!(groups[0].fields[1].problem.as_deref(), Some("at text"));
        assert_eq!(besides(&groups, &errors), ["at "]);
        assert!(groups[0].fields[2].choices.iter().any(|(_, label)| label == "gone (missing)"));
    }
}
