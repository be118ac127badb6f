//! A step from what was filled in, whether it makes sense or not: that is for the flow's own check to say.

use domain::{Invalid, flow::draft::Step};
use serde_json::{Value, json};

use super::{
    super::kinds::{Control, Kind, Spec},
    meant,
};
use crate::pages::form::{Form, Reading};

/// Reads a step of that kind from what was filled in. What cannot be written down at all, numbers that are none, it is
/// without.
pub(in crate::pages::chatbots) fn read(kind: &Kind, form: &Form) -> (Step, Reading) {
    let (mut step, mut reading) = (Step::new(), Reading::new());
    step.insert("id".to_owned(), json!(form.get("id").trim()));
    step.insert("kind".to_owned(), json!(kind.key));
    let asks = form.get("type");
    let owned = kind.fields.iter().filter(|spec| spec.of.is_empty() || spec.of.contains(&asks));
    for spec in owned {
        if let Some(value) = reading.or(read_field(spec, form), None) {
            step.insert(spec.key.to_owned(), value);
        }
    }
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
    (step, reading)
}

/// What was typed, to be shown again.
pub(in crate::pages::chatbots) fn typed(kind: &Kind, form: &Form) -> Step {
    let (mut step, reading) = read(kind, form);
    for wrong in reading.complaints().err().iter().flat_map(|it| &it.errors) {
        let name = wrong.pointer.trim_start_matches('/');
        step.insert(name.to_owned(), json!(form.get(name)));
    }
    step
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
