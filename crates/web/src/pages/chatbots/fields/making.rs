//! What a step says as fields: one for each thing that can be filled in, with what is wrong beside it.

use domain::{FieldError, flow::draft::Step};
use serde_json::Value;

use super::{
    super::kinds::{Control, ENDINGS, OPS, SOURCES, Spec},
    FieldView, Group, Offers, filled,
};

pub(super) struct Maker<'a> {
    pub(super) offers: &'a Offers,
    pub(super) errors: &'a [FieldError],
}

impl Maker<'_> {
    fn problem(&self, pointer: &str) -> Option<String> {
        let at = |error: &&FieldError| error.pointer.trim_start_matches('/') == pointer;
        self.errors.iter().find(at).map(|error| error.message.clone())
    }

    pub(super) fn line(&mut self, name: &str, pointer: &str, label: &str, value: &str) -> FieldView {
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

    pub(super) fn field(&mut self, step: &Step, spec: &Spec) -> FieldView {
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

    pub(super) fn options(&mut self, step: &Step) -> Vec<Group> {
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

    pub(super) fn branches(&mut self, step: &Step) -> Vec<Group> {
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

    pub(super) fn source(&mut self, step: &Step) -> Group {
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

    pub(super) fn ending(&mut self, step: &Step) -> Group {
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
