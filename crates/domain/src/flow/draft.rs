//! A flow while it is being edited: its steps as they are written, right or wrong.
//!
//! A draft may lack what a flow needs, so a step is the JSON object that somebody wrote, and the ways out of it are
//! found by their fields. What a step may hold is for `document` to say, whether all of it makes sense for `check`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::document::{Document, MAX_NODES};
use crate::Invalid;

/// One step as it is written.
pub type Step = Map<String, Value>;

/// Fields of a step that name another step, outside of lists.
const WAYS: [&str; 7] = ["next", "to", "yes", "no", "default", "offline", "otherwise"];

/// A flow that is being edited.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Everything but the steps.
    rest: Map<String, Value>,
    steps: Vec<Step>,
}

/// A way from a step to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// What it is called: the label of an answer, or a word such as `yes`; empty for the usual way on.
    pub label: String,
    /// The id of the step where it leads.
    pub to: String,
}

impl Draft {
    /// Takes a draft apart.
    ///
    /// # Errors
    ///
    /// If it is no JSON object with a list of steps, each an object: then it can be edited as a text only.
    pub fn read(text: &str) -> Result<Draft, Invalid> {
        let value: Value = serde_json::from_str(text).map_err(|it| Invalid::field("", it.to_string()))?;
        let Value::Object(mut rest) = value else {
            return Err(Invalid::field("", "the flow must be a JSON object"));
        };
        let listed = match rest.remove("nodes") {
            None => Vec::new(),
            Some(Value::Array(listed)) => listed,
            Some(_) => return Err(Invalid::field("/nodes", "must be a list")),
        };
        let step = |(place, value)| match value {
            Value::Object(step) => Ok(step),
            _ => Err(Invalid::field(format!("/nodes/{place}"), "must be an object")),
        };
        let steps: Vec<Step> = listed.into_iter().enumerate().map(step).collect::<Result<_, _>>()?;
        Ok(Draft { rest, steps })
    }

    /// A flow that says hello and asks nothing yet.
    pub fn empty() -> Draft {
        let hello = json!({"id": "hello", "kind": "message", "text": "{{greeting}}!", "next": "bye"});
        let bye = json!({"id": "bye", "kind": "end", "text": "Thank you.", "then": "close"});
        let steps = [hello, bye].into_iter().filter_map(|step| step.as_object().cloned()).collect();
        let rest = json!({"schema": super::document::SCHEMA, "start": "hello"});
        Draft { rest: rest.as_object().cloned().unwrap_or_default(), steps }
    }

    /// As JSON, one step a line; in canonical order where the form is right.
    pub fn text(&self) -> String {
        let mut all = self.rest.clone();
        all.insert("nodes".to_owned(), self.steps.iter().cloned().map(Value::Object).collect());
        let plain = Value::Object(all).to_string();
        Document::read(&plain).map_or_else(|_| self.lines(), |document| lines(&document))
    }

    fn lines(&self) -> String {
        let members = self.rest.iter().map(|(name, value)| format!("{}: {value}", json!(name)));
        let steps: Vec<String> =
            self.steps.iter().map(|step| format!("    {}", Value::Object(step.clone()))).collect();
        let nodes = format!("\"nodes\": [\n{}\n  ]", steps.join(",\n"));
        let members: Vec<String> = members.chain([nodes]).map(|member| format!("  {member}")).collect();
        format!("{{\n{}\n}}\n", members.join(",\n"))
    }

    /// The steps in their order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The id of the step that conversations begin with.
    pub fn start(&self) -> &str {
        self.rest.get("start").and_then(Value::as_str).unwrap_or_default()
    }

    /// Makes conversations begin with that step.
    pub fn begin_with(&mut self, id: &str) {
        self.rest.insert("start".to_owned(), json!(id));
    }

    /// Variables that the page may bring along.
    pub fn prefill(&self) -> Vec<String> {
        let listed = self.rest.get("prefill").and_then(Value::as_array);
        listed.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect()
    }

    /// Sets them.
    pub fn set_prefill(&mut self, names: Vec<String>) {
        match names.is_empty() {
            true => self.rest.remove("prefill"),
            false => self.rest.insert("prefill".to_owned(), json!(names)),
        };
    }

    /// Where the step of that id stands.
    pub fn place(&self, id: &str) -> Option<usize> {
        self.steps.iter().position(|step| text_of(step, "id") == id)
    }

    /// The step of that id.
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.place(id).map(|place| &self.steps[place])
    }

    /// An id that no step has: the word itself, or with a number.
    pub fn fresh_id(&self, word: &str) -> String {
        let numbered = (2..).map(|number| format!("{word}-{number}"));
        let mut ids = std::iter::once(word.to_owned()).chain(numbered);
        ids.find(|id| self.place(id).is_none()).expect("there are more numbers than steps")
    }

    /// Puts a new step behind another and into its way, or at the end.
    ///
    /// # Errors
    ///
    /// If there are as many steps as a flow may have.
    pub fn insert(&mut self, mut step: Step, after: Option<&str>) -> Result<(), Invalid> {
        if self.steps.len() >= MAX_NODES {
            let message = format!("a flow has at most {MAX_NODES} steps");
            return Err(Invalid::field("/nodes", message));
        }
        let id = text_of(&step, "id").to_owned();
        let Some(place) = after.and_then(|after| self.place(after)) else {
            self.steps.push(step);
            return Ok(());
        };
        if let Some(next) = self.steps[place].get("next").cloned() {
            let own = if text_of(&step, "kind") == "jump" { "to" } else { "next" };
            if step.contains_key(own) {
                step.insert(own.to_owned(), next);
            }
            self.steps[place].insert("next".to_owned(), json!(id));
        }
        self.steps.insert(place + 1, step);
        Ok(())
    }

    /// Puts a changed step in the place of the one of that id. If it has another id now, the ways to it follow.
    ///
    /// # Errors
    ///
    /// If another step has that id.
    pub fn replace(&mut self, id: &str, step: Step) -> Result<(), Invalid> {
        let missing = || Invalid::field("", "this step was deleted meanwhile");
        let place = self.place(id).ok_or_else(missing)?;
        let new = text_of(&step, "id").to_owned();
        if new != id && self.place(&new).is_some() {
            return Err(Invalid::field("/id", format!("another step is called {new}")));
        }
        self.steps[place] = step;
        if new != id {
            self.lead(id, &new);
        }
        Ok(())
    }

    /// A copy of the step right behind it, which nothing leads to yet; its id.
    pub fn duplicate(&mut self, id: &str) -> Result<Option<String>, Invalid> {
        let Some(place) = self.place(id) else { return Ok(None) };
        let copy = self.fresh_id(&format!("{}-copy", id.chars().take(55).collect::<String>()));
        let mut step = self.steps[place].clone();
        step.insert("id".to_owned(), json!(copy));
        self.insert(step, None)?;
        let step = self.steps.pop().expect("it was just put there");
        self.steps.insert(place + 1, step);
        Ok(Some(copy))
    }

    /// Takes a step out; what led to it leads to `instead`.
    pub fn remove(&mut self, id: &str, instead: Option<&str>) {
        self.steps.retain(|step| text_of(step, "id") != id);
        if let Some(instead) = instead {
            self.lead(id, instead);
        }
    }

    /// Moves a step to that place among the others, counted from 0.
    pub fn shift(&mut self, id: &str, to: usize) {
        if let Some(place) = self.place(id) {
            let step = self.steps.remove(place);
            self.steps.insert(to.min(self.steps.len()), step);
        }
    }

    /// The steps that lead to that one, by id, with what those ways are called.
    pub fn leading_to(&self, id: &str) -> Vec<(String, Way)> {
        let of = |step: &Step| {
            let from = text_of(step, "id").to_owned();
            let led = ways(step).into_iter().filter(|way| way.to == id);
            led.map(|way| (from.clone(), way)).collect::<Vec<_>>()
        };
        self.steps.iter().flat_map(of).collect()
    }

    /// The names of the markers' starts.
    pub fn markers(&self) -> BTreeSet<String> {
        let starts = self.steps.iter().filter(|step| text_of(step, "edge") == "start");
        starts.map(|step| text_of(step, "name").to_owned()).filter(|name| !name.is_empty()).collect()
    }

    /// The variables that something is written to, and those that are always there.
    pub fn variables(&self) -> BTreeSet<String> {
        let written = self.steps.iter().filter(|step| text_of(step, "kind") != "condition");
        let written = written.map(|step| text_of(step, "var").to_owned()).filter(|name| !name.is_empty());
        written.chain(self.prefill()).chain(super::BUILT_IN.map(str::to_owned)).collect()
    }

    /// Turns all ways to one step towards another.
    fn lead(&mut self, from: &str, to: &str) {
        for target in self.steps.iter_mut().flat_map(targets) {
            if target.as_str() == Some(from) {
                *target = json!(to);
            }
        }
        if self.start() == from {
            self.begin_with(to);
        }
    }
}

/// A document as JSON, one step a line.
fn lines(document: &Document) -> String {
    let line = |node| serde_json::to_string(node).expect("a step has string keys only");
    let nodes: Vec<String> = document.nodes.iter().map(|node| format!("    {}", line(node))).collect();
    let mut head = format!("  \"schema\": {},\n  \"start\": {},\n", document.schema, json!(document.start));
    if !document.prefill.is_empty() {
        head.push_str(&format!("  \"prefill\": {},\n", json!(document.prefill)));
    }
    format!("{{\n{head}  \"nodes\": [\n{}\n  ]\n}}\n", nodes.join(",\n"))
}

/// The text of a field, or nothing.
pub fn text_of<'a>(step: &'a Step, field: &str) -> &'a str {
    step.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// All ways out of a step, in the order in which they are taken.
pub fn ways(step: &Step) -> Vec<Way> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let listed = |field: &str| step.get(field).and_then(Value::as_array).into_iter().flatten().enumerate();
    let mut found = Vec::new();
    let mut add = |label: String, to: Option<String>| found.extend(to.map(|to| Way { label, to }));
    for (number, option) in listed("options") {
        let label = option.get("label").or(option.get("value")).and_then(text);
        add(label.unwrap_or_else(|| (number + 1).to_string()), option.get("next").and_then(text));
    }
    for (number, branch) in listed("branches") {
        add(format!("case {}", number + 1), branch.get("next").and_then(text));
    }
    for field in WAYS.into_iter().chain(["fail"]).filter(|field| *field != "to" || is_jump(step)) {
        let label = if field == "next" || field == "to" { "" } else { field };
        add(label.to_owned(), step.get(field).and_then(text));
    }
    let restart = step.get("then").and_then(|then| then.get("restart")).and_then(text);
    add("restart".to_owned(), restart);
    found
}

fn is_jump(step: &Step) -> bool {
    text_of(step, "kind") == "jump"
}

/// The places in a step that name other steps.
fn targets(step: &mut Step) -> Vec<&mut Value> {
    let jumps = is_jump(step);
    step.iter_mut().flat_map(|(field, value)| named_in(field, value, jumps)).collect()
}

fn named_in<'a>(field: &str, value: &'a mut Value, jumps: bool) -> Vec<&'a mut Value> {
    let is_way = field == "fail" || (WAYS.contains(&field) && (field != "to" || jumps));
    match (field, value) {
        ("options" | "branches", Value::Array(entries)) => {
            entries.iter_mut().filter_map(|entry| entry.get_mut("next")).collect()
        }
        ("then", value @ Value::Object(_)) => value.get_mut("restart").into_iter().collect(),
        (_, value @ Value::String(_)) if is_way => vec![value],
        _ => Vec::new(),
    }
}

/// What differs between two flows, by the ids of steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Only in the newer one.
    pub added: Vec<String>,
    /// Only in the older one.
    pub removed: Vec<String>,
    /// In both, and not the same.
    pub changed: Vec<String>,
    /// Whether something else differs: where it starts, what the page brings along, the order of the steps.
    pub other: bool,
}

impl Changes {
    /// From the older text to the newer.
    pub fn between(older: &str, newer: &str) -> Changes {
        let (Ok(older), Ok(newer)) = (Draft::canonical(older), Draft::canonical(newer)) else {
            return Changes { other: older != newer, ..Changes::default() };
        };
        let by_id = |draft: &Draft| -> BTreeMap<String, Step> {
            draft.steps.iter().map(|step| (text_of(step, "id").to_owned(), step.clone())).collect()
        };
        let (before, after) = (by_id(&older), by_id(&newer));
        let mut changes = Changes::default();
        for step in &newer.steps {
            let id = text_of(step, "id").to_owned();
            match before.get(&id) {
                None => changes.added.push(id),
                Some(was) if was != step => changes.changed.push(id),
                Some(_) => {}
            }
        }
        let gone = |step: &&Step| !after.contains_key(text_of(step, "id"));
        changes.removed = older.steps.iter().filter(gone).map(|it| text_of(it, "id").to_owned()).collect();
        let order = |draft: &Draft, other: &BTreeMap<String, Step>| -> Vec<String> {
            let ids = draft.steps.iter().map(|step| text_of(step, "id").to_owned());
            ids.filter(|id| other.contains_key(id)).collect()
        };
        changes.other = older.rest != newer.rest || order(&older, &after) != order(&newer, &before);
        changes
    }

    /// Whether the flows are the same.
    pub fn is_empty(&self) -> bool {
        *self == Changes::default()
    }
}

impl Draft {
    /// The draft as it would be written if it were published, so that spelling makes no difference.
    fn canonical(text: &str) -> Result<Draft, Invalid> {
        match Document::read(text) {
            Ok(document) => Draft::read(&lines(&document)),
            Err(_) => Draft::read(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::templates;

    fn draft() -> Draft {
        Draft::read(
            r#"{"schema":1,"start":"a","nodes":[
            {"id":"a","kind":"message","text":"Hi","next":"b"},
            {"id":"b","kind":"choice","text":"?","options":[{"value":"x","label":"X","next":"c"},{"value":"y"}],"next":"a"},
            {"id":"c","kind":"end","then":{"restart":"a"}}]}"#,
        )
        .unwrap()
    }

    fn step(text: &str) -> Step {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn templates_survive_being_taken_apart_and_the_empty_flow_makes_sense() {
        for template in templates() {
            let draft = Draft::read(template.text).unwrap();
            assert!(crate::flow::Flow::parse(&draft.text()).is_ok());
            assert!(Changes::between(template.text, &draft.text()).is_empty(), "{}", template.key);
            assert_eq!(Draft::read(&draft.text()).unwrap().text(), draft.text());
        }
        assert!(crate::flow::Flow::parse(&Draft::empty().text()).is_ok());
    }

    #[test]
    fn ways_are_found_wherever_they_stand() {
        let draft = draft();
        let of = |id: &str| -> Vec<(String, String)> {
            ways(draft.step(id).unwrap()).into_iter().map(|way| (way.label, way.to)).collect()
        };
        assert_eq!(of("b"), [("X".into(), "c".into()), (String::new(), "a".into())]);
        assert_eq!(of("c"), [("restart".into(), "a".into())]);
        let from: Vec<String> = draft.leading_to("a").into_iter().map(|(id, _)| id).collect();
        assert_eq!(from, ["b", "c"]);
        // What a step sets is not where it leads.
        assert_eq!(ways(&step(r#"{"id":"s","kind":"set","to":{"copy":"x"},"next":"n"}"#)).len(), 1);
    }

    #[test]
    fn a_step_that_is_put_in_stands_in_the_way() {
        let mut draft = draft();
        let new = step(r#"{"id":"n","kind":"message","text":"","next":""}"#);
        draft.insert(new, Some("a")).unwrap();
        assert_eq!(text_of(draft.step("a").unwrap(), "next"), "n");
        assert_eq!(text_of(draft.step("n").unwrap(), "next"), "b");
        assert_eq!(draft.place("n"), Some(1));
    }

    #[test]
    fn a_new_id_and_a_removed_step_take_their_ways_along() {
        let mut draft = draft();
        let mut renamed = draft.step("a").unwrap().clone();
        renamed.insert("id".into(), json!("hello"));
        draft.replace("a", renamed).unwrap();
        assert_eq!((draft.start(), draft.leading_to("hello").len()), ("hello", 2));
        assert!(draft.replace("b", step(r#"{"id":"c","kind":"end"}"#)).is_err());
        draft.remove("hello", Some("b"));
        assert_eq!((draft.start(), draft.leading_to("b").len()), ("b", 2));
        assert_eq!(draft.place("hello"), None);
    }

    #[test]
    fn a_copy_stands_behind_and_steps_can_be_moved() {
        let mut draft = draft();
        assert_eq!(draft.duplicate("a").unwrap().as_deref(), Some("a-copy"));
        assert_eq!(draft.duplicate("a").unwrap().as_deref(), Some("a-copy-2"));
        assert_eq!(draft.place("a-copy-2"), Some(1));
        draft.shift("c", 0);
        assert_eq!(draft.place("c"), Some(0));
        draft.shift("c", 99);
        assert_eq!(draft.place("c"), Some(draft.steps().len() - 1));
    }

    #[test]
    fn changes_name_the_steps_and_nothing_else() {
        let mut newer = draft();
        let before = newer.text();
        assert!(Changes::between(&before, &before.replace('\n', " ")).is_empty());
        newer.insert(step(r#"{"id":"n","kind":"end","then":"close"}"#), None).unwrap();
        newer.remove("c", Some("n"));
        let changes = Changes::between(&before, &newer.text());
        assert_eq!((changes.added, changes.removed), (vec!["n".to_owned()], vec!["c".to_owned()]));
        assert_eq!((changes.changed, changes.other), (vec!["b".to_owned()], false));
        let mut moved = draft();
        moved.shift("a", 2);
        assert!(Changes::between(&before, &moved.text()).other);
    }

    #[test]
    fn what_is_no_list_of_steps_says_where() {
        for (text, place) in [("[]", ""), (r#"{"nodes":1}"#, "/nodes"), (r#"{"nodes":[{},1]}"#, "/nodes/1")] {
            assert_eq!(Draft::read(text).unwrap_err().errors[0].pointer, place, "{text}");
        }
    }
}
