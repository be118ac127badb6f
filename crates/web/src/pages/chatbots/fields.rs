//! A step as a form: made from what the step says, and read back into a step.

mod making;
mod reading;

use std::collections::BTreeSet;

use domain::{
    FieldError,
    flow::draft::{Draft, Step, text_of},
};
use serde_json::{Value, json};

use self::making::Maker;
pub(super) use self::reading::{read, typed};
use super::kinds::Kind;

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

#[cfg(test)]
mod tests {
    use domain::flow::{draft::Draft, templates};

    use super::{
        super::kinds::{KINDS, kind},
        *,
    };
    use crate::pages::form::Form;

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
                assert_eq!(&read(kind, &untouched(&groups)).0, step, "{}", template.key);
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
            let again = read(kind, &untouched(&groups)).0;
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
        let step = read(kind("choice").unwrap(), &form).0;
        assert_eq!(step["options"], json!([{"value": "A"}, {"value": "b", "label": "B"}]));
        let form = Form::parse(
            b"branch.0.0.var=n&branch.0.0.op=in&branch.0.0.value=1, x&branch.0.1.var=&branch.0.next=a&branch.1.0.var=&branch.1.next=",
        );
        let step = read(kind("condition").unwrap(), &form).0;
        assert_eq!(
            step["branches"],
            json!([{"all": [{"var": "n", "op": "in", "value": [1, "x"]}], "next": "a"}])
        );
        assert_eq!((meant("007"), meant("7"), meant("true")), (json!("007"), json!(7), json!(true)));
        let (step, reading) = read(kind("ask").unwrap(), &Form::parse(b"type=text&attempts=many"));
        assert!(reading.complaints().is_err() && !step.contains_key("attempts"));
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
