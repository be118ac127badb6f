//! Every rule of a document, with what is said about a breach of it.

use serde_json::{Value as Json, json};

use super::super::Flow;

/// What is wrong with a document of these nodes, as "pointer: message" in order.
fn errors(nodes: &Json) -> Vec<String> {
    errors_of(&json!({"schema": 1, "start": nodes[0]["id"], "nodes": nodes}))
}

fn errors_of(document: &Json) -> Vec<String> {
    match Flow::parse(&document.to_string()) {
        Ok(_) => Vec::new(),
        Err(invalid) => invalid.errors.iter().map(|e| format!("{}: {}", e.pointer, e.message)).collect(),
    }
}

#[track_caller]
fn check(nodes: Json, expected: &[&str]) {
    assert_eq!(errors(&nodes), expected);
}

/// One ask node and an end, with these settings on top.
fn ask(settings: Json) -> Json {
    let mut node = json!({"id": "a", "kind": "ask", "type": "text", "text": "?", "var": "x", "next": "e"});
    for (key, value) in settings.as_object().unwrap() {
        if value.is_null() {
            node.as_object_mut().unwrap().remove(key);
        } else {
            node[key] = value.clone();
        }
    }
    json!([node, end()])
}

fn end() -> Json {
    json!({"id": "e", "kind": "end", "then": "close"})
}

fn message(id: &str, next: &str) -> Json {
    json!({"id": id, "kind": "message", "text": "Hi", "next": next})
}

fn marker(id: &str, edge: &str, name: &str, next: &str) -> Json {
    json!({"id": id, "kind": "marker", "edge": edge, "name": name, "next": next})
}

#[test]
fn all_errors_are_told_at_once_in_the_order_of_the_document() {
    let document = json!({
        "schema": 1, "start": "nowhere", "prefill": ["Plan", "today", "plan", "plan"],
        "nodes": [
            {"id": "a b", "kind": "message", "text": "Hi {{who}}", "next": "c"},
            {"id": "e", "kind": "end", "text": " ", "then": "close"},
        ],
    });
    let expected = [
        "/prefill/0: `Plan` is no name for a variable; use 1 to 64 of a-z, 0-9 and _, beginning with a letter",
        "/prefill/1: `today` is built in and cannot be changed; use another name",
        "/prefill/3: `plan` stands here twice; remove one",
        "/start: there is no node `nowhere`; name one that exists",
        "/nodes/0/id: `a b` is no id; use 1 to 64 of A-Z, a-z, 0-9, _ and -",
        "/nodes/0/text: no node gives a value to `who`; ask for it, set it, or declare it under `prefill`",
        "/nodes/0/next: there is no node `c`; name one that exists",
        "/nodes/1/text: this is empty; write something, or remove it",
    ];
    assert_eq!(errors_of(&document), expected);
}

#[test]
fn ids_are_unique() {
    check(
        json!([message("a", "e"), end(), message("a", "e")]),
        &["/nodes/2/id: node 0 has the id `a` too; use another"],
    );
    check(json!([message(&"a".repeat(64), "e"), end()]), &[]);
    let long = "a".repeat(65);
    check(
        json!([message(&long, "e"), end()]),
        &[&format!("/nodes/0/id: `{long}` is no id; use 1 to 64 of A-Z, a-z, 0-9, _ and -")],
    );
}

#[test]
fn every_target_exists_whatever_field_names_it() {
    let missing = |pointer: &str| format!("/nodes/0/{pointer}: there is no node `x`; name one that exists");
    let option = |value: &str, next: &str| json!({"value": value, "next": next});
    for (node, pointers) in [
        (
            json!({"kind": "ask", "type": "text", "text": "?", "var": "v", "next": "x", "fail": "x"}),
            vec!["next", "fail"],
        ),
        (json!({"kind": "ask", "type": "confirm", "text": "?", "yes": "x", "no": "x"}), vec!["yes", "no"]),
        (
            json!({"kind": "choice", "text": "?", "options": [option("1", "x"), option("2", "e")], "next": "x"}),
            vec!["options/0/next", "next"],
        ),
        (
            json!({"kind": "condition", "default": "x",
                   "branches": [{"all": [{"var": "today", "op": "set"}], "next": "x"}]}),
            vec!["branches/0/next", "default"],
        ),
        (json!({"kind": "set", "var": "v", "to": {"value": 1}, "next": "x"}), vec!["next"]),
        (json!({"kind": "consent", "text": "?", "yes": "x", "no": "x"}), vec!["yes", "no"]),
        (
            json!({"kind": "save_contact", "email": "today", "next": "x", "otherwise": "x"}),
            vec!["next", "otherwise"],
        ),
        (
            json!({"kind": "handover", "department": "Sales", "offline": "x", "next": "x"}),
            vec!["offline", "next"],
        ),
        (json!({"kind": "jump", "to": "x"}), vec!["to"]),
        (json!({"kind": "end", "then": {"restart": "x"}}), vec!["then/restart"]),
    ] {
        let mut node = node;
        node["id"] = json!("a");
        let found = errors(&json!([node, end()]));
        let found: Vec<&String> = found.iter().filter(|error| error.contains("there is no node")).collect();
        let expected: Vec<String> = pointers.iter().map(|pointer| missing(pointer)).collect();
        assert_eq!(found, expected.iter().collect::<Vec<_>>());
    }
}

#[test]
fn every_node_can_be_reached() {
    check(
        json!([message("a", "e"), end(), message("b", "c"), message("c", "e")]),
        &[
            "/nodes/2: no way leads to `b`; let a node lead to it, or remove it",
            "/nodes/3: no way leads to `c`; let a node lead to it, or remove it",
        ],
    );
}

#[test]
fn an_end_marker_has_a_start_of_exactly_its_name() {
    check(
        json!([
            marker("a", "start", "Quote", "b"),
            marker("b", "end", "quote", "c"),
            marker("c", "end", "Quote", "e"),
            end()
        ]),
        &["/nodes/1/name: no start marker is called exactly `quote`; choose the name of one"],
    );
    check(json!([marker("a", "start", " Cafe\u{301}", "b"), marker("b", "end", "Café ", "e"), end()]), &[]);
}

#[test]
fn a_start_marker_can_meet_its_end() {
    let never = "no way leads from here to an end marker `Quote`, so it would never be counted";
    check(json!([marker("a", "start", "Quote", "e"), end()]), &[&format!("/nodes/0: {never}")]);
    let fork = json!({"id": "f", "kind": "choice", "text": "?",
        "options": [{"value": "1", "next": "s"}, {"value": "2", "next": "t"}]});
    check(
        json!([fork, marker("s", "start", "Quote", "e"), marker("t", "end", "Quote", "e"), end()]),
        &[&format!("/nodes/1: {never}")],
    );
}

#[test]
fn names_of_markers_and_departments_are_short_and_fixed() {
    check(
        json!([{"id": "h", "kind": "handover", "department": "", "offline": "m"},
               marker("m", "start", &"x".repeat(101), "n"), marker("n", "end", "{{today}}", "e"), end()]),
        &[
            "/nodes/0/department: this is empty; write something, or remove it",
            "/nodes/1/name: this has 101 characters; at most 100 are taken",
            &format!(
                "/nodes/1: no way leads from here to an end marker `{}`, so it would never be counted",
                "x".repeat(101)
            ),
            "/nodes/2/name: values are put into texts, not into this; remove {{…}}",
            "/nodes/2/name: no start marker is called exactly `{{today}}`; choose the name of one",
        ],
    );
}

#[test]
fn a_loop_waits_for_the_visitor() {
    let mend = "goes round without waiting for the visitor; put an ask or a choice in between";
    let leave = json!({"id": "c", "kind": "condition", "default": "a",
        "branches": [{"all": [{"var": "today", "op": "set"}], "next": "e"}]});
    check(
        json!([message("a", "b"), message("b", "c"), leave, end()]),
        &[&format!("/nodes/0: `a` → `b` → `c` → `a` {mend}")],
    );
    check(json!([{"id": "a", "kind": "jump", "to": "a"}]), &[&format!("/nodes/0: `a` → `a` {mend}")]);
    // Nobody may be at the desk: then a handover waits for nothing.
    check(
        json!([message("a", "h"), {"id": "h", "kind": "handover", "department": "S", "offline": "a"}]),
        &[&format!("/nodes/0: `a` → `h` → `a` {mend}")],
    );
    check(
        json!([message("a", "z"), {"id": "z", "kind": "end", "then": {"restart": "a"}}]),
        &[&format!("/nodes/0: `a` → `z` → `a` {mend}")],
    );
    let asks = |kind: Json| {
        let mut node = kind;
        node["id"] = json!("q");
        json!([message("a", "q"), node, end()])
    };
    check(
        asks(json!({"kind": "ask", "type": "text", "text": "?", "var": "v", "next": "a", "fail": "e"})),
        &[],
    );
    check(asks(json!({"kind": "consent", "text": "?", "yes": "a", "no": "e"})), &[]);
    check(asks(json!({"kind": "handover", "department": "S", "offline": "e", "next": "a"})), &[]);
}

#[test]
fn a_long_circle_is_told_in_short() {
    let nodes: Vec<Json> =
        (0..30).map(|n| message(&format!("m{n}"), &format!("m{}", (n + 1) % 30))).collect();
    check(
        json!(nodes),
        &[
            "/nodes/0: `m0` → `m1` → `m2` → `m3` → `m4` → `m5` → … → `m0` goes round without waiting for the visitor; \
           put an ask or a choice in between",
        ],
    );
}

#[test]
fn a_hundred_nodes_may_follow_each_other_and_no_more() {
    let row = |count: usize| {
        let messages = (1..count).map(|n| message(&format!("m{n}"), &format!("m{}", n + 1)));
        let last = json!({"id": format!("m{count}"), "kind": "end", "then": "close"});
        json!(messages.chain([last]).collect::<Vec<_>>())
    };
    check(row(100), &[]);
    check(
        row(101),
        &[
            "/nodes/0: 101 nodes follow each other from here without waiting for the visitor, and at most 100 may; put \
           an ask or a choice in between",
        ],
    );
}

#[test]
fn every_variable_that_is_read_has_a_value_from_somewhere() {
    let unknown = |pointer: &str, name: &str| {
        format!(
            "{pointer}: no node gives a value to `{name}`; ask for it, set it, or declare it under `prefill`"
        )
    };
    let found = errors(&json!([
        {"id": "1", "kind": "ask", "type": "email", "text": "{{a}}{{a}}", "var": "v", "errors": ["", "{{b}}"],
         "confirm": "{{c}}{{v}}", "next": "2"},
        {"id": "2", "kind": "condition", "default": "3",
         "branches": [{"all": [{"var": "v", "op": "set"}, {"var": "d", "op": "set"}], "next": "3"}]},
        {"id": "3", "kind": "set", "var": "w", "to": {"subtract": [{"var": "current_year"}, {"var": "e"}]}, "next": "4"},
        {"id": "4", "kind": "set", "var": "w", "to": {"map": {"of": "f", "cases": {"1": 1}}}, "next": "5"},
        {"id": "5", "kind": "set", "var": "w", "to": {"copy": "g"}, "next": "6"},
        {"id": "6", "kind": "set", "var": "w", "to": {"domain_of": "h"}, "next": "7"},
        {"id": "7", "kind": "save_contact", "name": "i", "email": "j", "phone": "k", "custom": ["w", "l"], "next": "8"},
        {"id": "8", "kind": "handover", "department": "S", "text": "{{m}}", "offline": "9"},
        {"id": "9", "kind": "end", "text": "{{n}} {{v}} {{w}} {{conversation_ref}} {{greeting}}", "then": "close"},
    ]));
    let expected = [
        "/nodes/0/errors/0: this is empty; write something, or remove it".to_owned(),
        unknown("/nodes/0/text", "a"),
        unknown("/nodes/0/confirm", "c"),
        unknown("/nodes/0/errors/1", "b"),
        unknown("/nodes/1/branches/0/all/1/var", "d"),
        unknown("/nodes/2/to/subtract/1/var", "e"),
        unknown("/nodes/3/to/map/of", "f"),
        unknown("/nodes/4/to/copy", "g"),
        unknown("/nodes/5/to/domain_of", "h"),
        unknown("/nodes/6/name", "i"),
        unknown("/nodes/6/email", "j"),
        unknown("/nodes/6/phone", "k"),
        unknown("/nodes/6/custom/1", "l"),
        unknown("/nodes/7/text", "m"),
        unknown("/nodes/8/text", "n"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_is_declared_as_prefill_or_follows_from_a_phone_is_known() {
    let document = json!({
        "schema": 1, "start": "a", "prefill": ["plan"],
        "nodes": [
            {"id": "a", "kind": "ask", "type": "phone", "text": "{{plan}}", "var": "tel", "next": "e"},
            {"id": "e", "kind": "end", "text": "{{ tel }} {{tel_extension}}", "then": "close"},
        ],
    });
    assert_eq!(errors_of(&document), Vec::<String>::new());
}

#[test]
fn a_slot_that_holds_no_name_is_told() {
    let mut nodes = json!([message("a", "e"), end()]);
    nodes[0]["text"] = json!("{{First Name}} but {{{today}}} and }} and {{");
    check(
        nodes,
        &[
            "/nodes/0/text: `{{First Name}}` holds no name of a variable; names are a-z, 0-9 and _, beginning with a \
           letter",
        ],
    );
}

#[test]
fn a_variable_that_is_set_has_a_name_of_its_own() {
    for (node, pointer) in [
        (json!({"kind": "set", "var": "today", "to": {"value": 1}, "next": "e"}), "var"),
        (json!({"kind": "ask", "type": "text", "text": "?", "var": "today", "next": "e"}), "var"),
        (json!({"kind": "consent", "text": "?", "var": "today", "yes": "e", "no": "e"}), "var"),
        (
            json!({"kind": "choice", "text": "?", "var": "today", "next": "e",
                   "options": [{"value": "1"}, {"value": "2"}]}),
            "var",
        ),
    ] {
        let mut node = node;
        node["id"] = json!("a");
        check(
            json!([node, end()]),
            &[&format!("/nodes/0/{pointer}: `today` is built in and cannot be changed; use another name")],
        );
    }
    let long = "a".repeat(65);
    check(
        ask(json!({"var": long})),
        &[&format!(
            "/nodes/0/var: `{long}` is no name for a variable; use 1 to 64 of a-z, 0-9 and _, beginning with a letter"
        )],
    );
}

#[test]
fn texts_have_up_to_four_thousand_characters_and_no_control_characters() {
    check(ask(json!({"text": "ж".repeat(4000)})), &[]);
    check(
        ask(json!({"text": "ж".repeat(4001)})),
        &["/nodes/0/text: this has 4001 characters; at most 4000 are taken"],
    );
    check(
        ask(json!({"text": "a\u{0}b"})),
        &["/nodes/0/text: this has control characters in it; remove them"],
    );
}

#[test]
fn a_contact_needs_an_email_or_a_phone() {
    check(
        json!([{"id": "a", "kind": "save_contact", "name": "today", "custom": ["today", "today"], "next": "e"}, end()]),
        &[
            "/nodes/0: a contact needs a way to be reached; name the variable of an e-mail address (`email`) or of a \
             phone number (`phone`)",
            "/nodes/0/custom/1: `today` stands here twice; remove one",
        ],
    );
}

#[test]
fn patterns_compile() {
    let found = errors(&ask(json!({"type": "regex", "pattern": "(a"})));
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("/nodes/0/pattern: "), "{}", found[0]);
    check(ask(json!({"type": "regex"})), &["/nodes/0/pattern: type `regex` needs the pattern of an answer"]);
    let found = errors(&json!([
        {"id": "c", "kind": "condition", "default": "e",
         "branches": [{"all": [{"var": "today", "op": "matches", "value": "[z"}], "next": "e"}]},
        end(),
    ]));
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("/nodes/0/branches/0/all/0/value: "), "{}", found[0]);
}

#[test]
fn a_flow_has_fifty_different_patterns_at_most() {
    let nodes = |count: usize, pattern: &dyn Fn(usize) -> String| {
        let asks = (0..count).map(|n| {
            json!({"id": format!("q{n}"), "kind": "ask", "type": "regex", "text": "?", "var": "x",
                   "pattern": pattern(n), "next": if n + 1 == count { "e".into() } else { format!("q{}", n + 1) }})
        });
        json!(asks.chain([end()]).collect::<Vec<_>>())
    };
    check(nodes(50, &|n| format!("a{n}")), &[]);
    check(nodes(60, &|n| format!("a{}", n % 50)), &[]);
    check(
        nodes(60, &|n| format!("a{n}")),
        &["/nodes/50/pattern: the flow has more than 50 different patterns; use fewer"],
    );
}

#[test]
fn the_least_is_not_more_than_the_most() {
    let reversed = "/nodes/0/max: the most is less than the least; no answer would be taken";
    check(ask(json!({"type": "number", "min": 2, "max": 1})), &[reversed]);
    check(ask(json!({"type": "date", "min": "2026-02-01", "max": "2026-01-31"})), &[reversed]);
    check(ask(json!({"type": "number", "min": 2, "max": 2})), &[]);
    check(ask(json!({"type": "number", "min": 1950, "max": "current_year"})), &[]);
    check(ask(json!({"type": "date", "min": "today", "max": "2030-01-31"})), &[]);
}

#[test]
fn bounds_are_of_the_type_that_is_asked_for() {
    check(
        ask(json!({"type": "number", "min": "today"})),
        &["/nodes/0/min: write a number or \"current_year\""],
    );
    check(
        ask(json!({"type": "date", "min": 3, "max": "2026-02-30"})),
        &[
            "/nodes/0/min: write a date such as \"2026-11-05\", or \"today\"",
            "/nodes/0/max: write a date such as \"2026-11-05\", or \"today\"",
        ],
    );
}

#[test]
fn settings_belong_to_types() {
    check(
        ask(
            json!({"type": "name", "transform": "upper", "min": 1, "max": 2, "integer": true, "weekdays": true,
                   "within_days": 3, "pattern": "x", "strict": false, "max_length": 5}),
        ),
        &[
            "/nodes/0/transform: `transform` belongs to types `text` and `regex`; remove it",
            "/nodes/0/min: `min` belongs to types `number` and `date`; remove it",
            "/nodes/0/max: `max` belongs to types `number` and `date`; remove it",
            "/nodes/0/integer: `integer` belongs to type `number`; remove it",
            "/nodes/0/weekdays: `weekdays` belongs to type `date`; remove it",
            "/nodes/0/within_days: `within_days` belongs to type `date`; remove it",
            "/nodes/0/pattern: `pattern` belongs to type `regex`; remove it",
            "/nodes/0/strict: `strict` belongs to type `phone`; remove it",
            "/nodes/0/max_length: `max_length` belongs to type `text`; remove it",
        ],
    );
}

#[test]
fn sizes_and_attempts_are_in_their_ranges() {
    for attempts in [0, 11] {
        check(ask(json!({"attempts": attempts})), &["/nodes/0/attempts: write a number from 1 to 10"]);
    }
    for attempts in [1, 10] {
        check(ask(json!({"attempts": attempts})), &[]);
    }
    check(ask(json!({"max_length": 0})), &["/nodes/0/max_length: write a number from 1 to 4000"]);
    check(
        ask(json!({"type": "date", "within_days": 0})),
        &["/nodes/0/within_days: write a number of days from 1 to 36500"],
    );
}

#[test]
fn every_question_keeps_its_answer_and_leads_on() {
    check(
        ask(json!({"var": null, "next": null, "yes": "e"})),
        &[
            "/nodes/0/var: the answer goes nowhere; name a variable",
            "/nodes/0/yes: `yes` belongs to type `confirm`; use `next` here",
            "/nodes/0/next: this question leads nowhere; give it a `next`",
        ],
    );
    check(
        ask(json!({"type": "confirm", "var": null, "yes": "e", "optional": true, "confirm": "Sure?"})),
        &[
            "/nodes/0/no: type `confirm` needs a target for `no`",
            "/nodes/0/next: type `confirm` leads to `yes` and `no`; remove `next`",
            "/nodes/0/optional: a question of yes or no cannot have `optional`; remove it",
            "/nodes/0/confirm: a question of yes or no cannot have `confirm`; remove it",
        ],
    );
}

#[test]
fn a_choice_has_two_options_that_can_be_told_apart() {
    let choice = |options: Json| json!([{"id": "a", "kind": "choice", "text": "?", "options": options, "next": "e"}, end()]);
    let few = "/nodes/0/options: a choice needs at least two options; add some, or use a message";
    check(choice(json!([{"value": "x"}])), &[few]);
    check(
        choice(
            json!([{"value": "x"}, {"value": "X "}, {"value": "y", "label": "Yes"}, {"value": "z", "label": "yes"}]),
        ),
        &[
            "/nodes/0/options/1/value: an earlier option has the value `X ` too; use another",
            "/nodes/0/options/3/label: an earlier option is shown as `yes` too; use another",
        ],
    );
    check(
        choice(json!([{"value": ""}, {"value": "y", "label": "{{today}}"}])),
        &[
            "/nodes/0/options/0/value: this is empty; write something, or remove it",
            "/nodes/0/options/1/label: values are put into texts, not into this; remove {{…}}",
        ],
    );
    check(
        json!([{"id": "a", "kind": "choice", "text": "?", "options": [{"value": "x", "next": "e"}, {"value": "y"}]}, end()]),
        &[
            "/nodes/0/options/1/next: this option leads nowhere; give it a `next`, or the choice one for all options",
        ],
    );
}

#[test]
fn tests_of_a_condition_compare_with_what_their_operator_can() {
    let test = |op: &str, value: Option<Json>| {
        let mut test = json!({"var": "today", "op": op});
        if let Some(value) = value {
            test["value"] = value;
        }
        errors(&json!([
            {"id": "c", "kind": "condition", "default": "e", "branches": [{"all": [test], "next": "e"}]},
            end(),
        ]))
    };
    for (op, value, message) in [
        ("set", Some(json!(1)), "`set` and `empty` compare with nothing; remove the value"),
        ("eq", None, "there is nothing to compare with; add a value"),
        ("in", Some(json!([])), "the list is empty; add the values that fit"),
        ("in", Some(json!("x")), "`in` compares with a list; write [\"…\", \"…\"]"),
        ("eq", Some(json!(["x"])), "only `in` compares with a list; write one value"),
        ("matches", Some(json!(1)), "`matches` compares with a pattern; write a text"),
        ("ge", Some(json!(true)), "yes and no have no order; compare with a number, a text or a date"),
    ] {
        assert_eq!(test(op, value), [format!("/nodes/0/branches/0/all/0/value: {message}")]);
    }
    for (op, value) in [("empty", None), ("in", Some(json!(["x", 1, true]))), ("ne", Some(json!(false)))] {
        assert_eq!(test(op, value), Vec::<String>::new());
    }
    check(
        json!([{"id": "c", "kind": "condition", "default": "e", "branches": []}, end()]),
        &["/nodes/0/branches: a condition needs at least one branch; add one, or use a jump"],
    );
    check(
        json!([{"id": "c", "kind": "condition", "default": "e", "branches": [{"all": [], "next": "e"}]}, end()]),
        &["/nodes/0/branches/0/all: a branch needs at least one test; without any use `default`"],
    );
}

#[test]
fn lists_are_short() {
    let many: Vec<String> = (0..101).map(|n| format!("v{n}")).collect();
    let options: Vec<Json> = many.iter().map(|value| json!({"value": value})).collect();
    let too_many = "this has 101 entries; at most 100 are taken";
    let document = json!({
        "schema": 1, "start": "a", "prefill": many,
        "nodes": [
            {"id": "a", "kind": "choice", "text": "?", "options": options, "next": "s"},
            {"id": "s", "kind": "save_contact", "email": "v1", "custom": many, "next": "e"},
            end(),
        ],
    });
    assert_eq!(
        errors_of(&document),
        [
            format!("/prefill: {too_many}"),
            format!("/nodes/0/options: {too_many}"),
            format!("/nodes/1/custom: {too_many}"),
        ]
    );
}

#[test]
fn values_that_are_set_are_shown_as_they_are() {
    let set = |to: Json| json!([{"id": "s", "kind": "set", "var": "x", "to": to, "next": "e"}, end()]);
    let fixed = "values are put into texts, not into this; remove {{…}}";
    check(set(json!({"value": "Dear {{today}}"})), &[&format!("/nodes/0/to/value: {fixed}")]);
    check(
        set(json!({"map": {"of": "today", "cases": {"a": "{{today}}"}, "default": "{{today}}"}})),
        &[&format!("/nodes/0/to/map/cases: {fixed}"), &format!("/nodes/0/to/map/default: {fixed}")],
    );
    check(set(json!({"value": ""})), &[]);
}

#[test]
fn a_map_has_a_case() {
    check(
        json!([{"id": "s", "kind": "set", "var": "x", "to": {"map": {"of": "today", "cases": {}}}, "next": "e"}, end()]),
        &["/nodes/0/to/map/cases: there is no case; add one, or use `value`"],
    );
}

#[test]
fn the_answers_about_consent_say_what_they_mean() {
    let consent = |yes: &str, no: &str| json!([{"id": "c", "kind": "consent", "text": "?", "yes": "e", "no": "e", "yes_label": yes, "no_label": no}, end()]);
    check(consent("I agree", "Rather not"), &[]);
    check(
        consent("Fine", "fine"),
        &["/nodes/0/no_label: both answers are shown as `fine`; use two different labels"],
    );
    check(
        consent("No", "Sure"),
        &[
            "/nodes/0/yes_label: `No` says the opposite; a visitor would be misunderstood",
            "/nodes/0/no_label: `Sure` says the opposite; a visitor would be misunderstood",
        ],
    );
}
