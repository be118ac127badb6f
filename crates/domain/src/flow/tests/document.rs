//! What is read at all, and how it is written.

use serde_json::json;

use super::{Flow, Value, flow};
use crate::{FieldError, flow::Number};

/// The only error of a text.
#[track_caller]
fn refused(text: &str) -> FieldError {
    let invalid = Flow::parse(text).unwrap_err();
    assert_eq!(invalid.code, "invalid");
    assert_eq!(invalid.errors.len(), 1, "{:?}", invalid.errors);
    invalid.errors[0].clone()
}

const END: &str = r#"{"kind":"end","id":"e","then":"close"}"#;

fn document(start: &str, nodes: &str) -> String {
    format!(r#"{{"schema":1,"start":"{start}","nodes":[{nodes}]}}"#)
}

#[test]
fn a_document_is_written_as_it_was_read_without_what_says_nothing() {
    let flow = flow(json!([
        {"id": "a", "kind": "ask", "type": "number", "text": "?", "var": "n", "next": "s", "optional": false,
         "errors": [], "min": 1.0, "max": "current_year"},
        {"id": "s", "kind": "set", "var": "m", "to": {"add": [{"var": "n"}, 0.10]}, "next": "m"},
        {"id": "m", "kind": "marker", "name": "  Cafe\u{301} ", "edge": "start", "next": "n"},
        {"id": "n", "kind": "marker", "name": "Café", "edge": "end", "next": "e"},
        {"id": "e", "kind": "end", "then": {"restart": "a"}},
    ]));
    let expected = concat!(
        r#"{"schema":1,"start":"a","nodes":["#,
        r#"{"kind":"ask","id":"a","type":"number","text":"?","var":"n","next":"s","min":1,"max":"current_year"},"#,
        r#"{"kind":"set","id":"s","var":"m","to":{"add":[{"var":"n"},0.1]},"next":"m"},"#,
        r#"{"kind":"marker","id":"m","name":"Café","edge":"start","next":"n"},"#,
        r#"{"kind":"marker","id":"n","name":"Café","edge":"end","next":"e"},"#,
        r#"{"kind":"end","id":"e","then":{"restart":"a"}}]}"#,
    );
    assert_eq!(flow.text(), expected);
    assert_eq!(Flow::parse(expected).unwrap(), flow);
}

#[test]
fn unknown_missing_and_repeated_fields_are_refused_with_the_node_they_are_in() {
    for (node, message) in [
        (r#"{"id":"m","kind":"message","text":"Hi","next":"e","nxt":"e"}"#, "unknown field `nxt`"),
        (r#"{"id":"m","kind":"message","text":"Hi"}"#, "missing field `next`"),
        (r#"{"id":"m","kind":"message","text":"Hi","text":"Ho","next":"e"}"#, "duplicate field `text`"),
        (r#"{"id":"m","kind":"massage","text":"Hi","next":"e"}"#, "unknown variant `massage`"),
        (r#"{"id":"m","text":"Hi","next":"e"}"#, "missing field `kind`"),
        (r#"{"id":"m","kind":"message","text":5,"next":"e"}"#, "expected a string"),
        (
            r#"{"id":"m","kind":"set","var":"x","to":{"add":[1,"2"]},"next":"e"}"#,
            r#"expected a number or {"var": name}"#,
        ),
        (
            r#"{"id":"m","kind":"set","var":"x","to":{"value":[1]},"next":"e"}"#,
            "a text, a number, true or false",
        ),
    ] {
        let error = refused(&document("e", &format!("{END},{node}")));
        assert_eq!(error.pointer, "/nodes/1");
        assert!(error.message.contains(message), "{}", error.message);
        assert!(!error.message.contains("line"), "{}", error.message);
    }
}

#[test]
fn every_node_that_cannot_be_read_is_told() {
    let invalid = Flow::parse(&document("e", &format!(r#"{{"kind":"jump"}},{END},{{}}"#))).unwrap_err();
    let pointers: Vec<&str> = invalid.errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/nodes/0", "/nodes/2"]);
}

#[test]
fn unknown_fields_around_the_nodes_are_refused() {
    let error = refused(&format!(r#"{{"schema":1,"start":"e","name":"x","nodes":[{END}]}}"#));
    assert_eq!(error.pointer, "");
    assert!(error.message.contains("unknown field `name`"), "{}", error.message);
}

#[test]
fn another_schema_is_refused_whatever_else_it_has() {
    for schema in ["2", "0", "1.5"] {
        let error = refused(&format!(r#"{{"schema":{schema},"canvas":[]}}"#));
        assert_eq!(error.pointer, "/schema");
        assert_eq!(error.message, format!("schema {schema} is not known here; write 1"));
    }
    assert!(refused(r#"{"start":"e","nodes":[]}"#).message.contains("missing field `schema`"));
}

#[test]
fn what_is_no_json_is_refused_with_its_line() {
    let error = refused("{\"schema\":1,\n\"start\":}");
    assert!(error.message.contains("line 2"), "{}", error.message);
}

#[test]
fn too_long_a_document_and_too_many_nodes_are_refused() {
    let long = document("e", END) + &" ".repeat(256 * 1024);
    assert_eq!(refused(&long).pointer, "");
    assert!(Flow::parse(&(document("e", END) + &" ".repeat(200 * 1024))).is_ok());
    let many = vec![END; 501].join(",");
    let error = refused(&document("e", &many));
    assert_eq!(error.pointer, "/nodes");
    assert_eq!(error.message, "the flow has 501 nodes; at most 500 are taken");
}

#[test]
fn values_go_through_json_unchanged() {
    for text in
        ["\"a\"", "true", "false", "3", "-2.5", "0", "0.3", "999999999999999", "1e15", "1.5e300", "\"{{x}}\""]
    {
        let value: Value = serde_json::from_str(text).unwrap();
        let written = serde_json::to_string(&value).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), value, "{text} as {written}");
    }
    assert!(serde_json::from_str::<Value>("null").is_err());
    assert!(serde_json::from_str::<Value>("[1]").is_err());
}

#[test]
fn numbers_keep_fifteen_digits_and_have_no_infinities() {
    assert_eq!(Number::new(0.1 + 0.2).unwrap().to_string(), "0.3");
    assert_eq!(Number::new(-0.0).unwrap().to_string(), "0");
    assert_eq!(Number::new(2026.0).unwrap().to_string(), "2026");
    assert_eq!(Number::new(f64::INFINITY), None);
    assert_eq!(Number::new(f64::NAN), None);
}

#[test]
fn values_are_compared_as_a_visitor_means_them() {
    let text = |text: &str| Value::from(text);
    let number = |number: f64| Value::Number(Number::new(number).unwrap());
    assert!(text(" Berlin").same_as(&text("berlin")));
    assert!(text("2").same_as(&number(2.0)));
    assert!(!text("007").same_as(&text("7")));
    assert!(!text("2plus").same_as(&number(2.0)));
    assert!(Value::Bool(true).same_as(&text("Yes")));
    assert_eq!(text("10").order(&text("9")), Some(std::cmp::Ordering::Greater));
    assert_eq!(text("2026-11-05").order(&text("2026-12-01")), Some(std::cmp::Ordering::Less));
    assert_eq!(text("many").order(&number(7.0)), None);
}
