//! What the engine does with replies, values and events, rule by rule.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value as Json, json};

use super::{Env, Flow, Input, State, Value, after, env, flow, flow_with, play, play_in, template};
use crate::flow::{AskKind, document::Document, pending_ask, step};

/// A flow that asks one thing, says "Got {{x}}.", and saves it where it can.
fn asking(settings: Json) -> Flow {
    let mut node =
        json!({"id": "a", "kind": "ask", "type": "text", "text": "Well?", "var": "x", "next": "m"});
    for (key, value) in settings.as_object().unwrap() {
        node[key] = value.clone();
    }
    flow(json!([node, {"id": "m", "kind": "message", "text": "Got {{x}}.", "next": "e"}, end()]))
}

fn end() -> Json {
    json!({"id": "e", "kind": "end", "then": "close"})
}

fn typed(text: &str, question: Option<u32>) -> Input {
    Input::Answer { text: text.into(), question }
}

#[test]
fn values_are_put_in_once_and_shown_as_they_are() {
    let hostile = [
        "{{email}}",
        "{{x}}",
        "{{{{x}}}}",
        "<img src=x onerror=alert(1)>",
        "=HYPERLINK(\"http://x\")",
        "\"; DROP TABLE contacts;--",
        "a\u{2028}b",
        "\"quoted\" \\back",
        "נכון? yes \u{202E}abc",
    ];
    for reply in hostile {
        let flow = asking(json!({}));
        let turn = step(&flow, &after(&flow, &[]), &typed(reply, None), &env());
        assert_eq!(turn.heard.as_deref(), Some(reply));
        assert_eq!(turn.said().next().unwrap().text, format!("Got {reply}."));
        assert_eq!(turn.state.variables["x"], Value::from(reply));
    }
}

#[test]
fn slots_are_found_however_they_are_written_and_are_empty_without_a_value() {
    let flow = flow_with(
        json!([
            {"id": "a", "kind": "message",
             "text": "{{ plan }}|{{plan}}{{plan}}|{{{plan}}}|{{none}}|{{ plan }}|{ {plan} }|}}|{{", "next": "e"},
            end(),
        ]),
        &["plan", "none"],
    );
    play(
        &flow,
        "
        begin plan=pro other=x
        bot: pro|propro|{pro}||pro|{ {plan} }|}}|{{
        close
        ? plan = pro
        ? other =
    ",
    );
}

#[test]
fn built_in_names_speak_of_the_day_and_the_conversation() {
    let flow = flow(json!([
        {"id": "a", "kind": "message", "text": "{{greeting}} {{today}} {{current_year}} {{conversation_ref}}", "next": "e"},
        end(),
    ]));
    for (hour, greeting) in
        [(0, "evening"), (5, "morning"), (11, "morning"), (12, "afternoon"), (18, "evening")]
    {
        let env = Env { now: jiff::civil::datetime(2026, 1, 2, hour, 59, 0, 0), ..env() };
        let script = format!("begin\nbot: Good {greeting} 2026-01-02 2026 MER-4711\nclose");
        play_in(&flow, &env, State::default(), &script);
    }
}

#[test]
fn a_message_that_comes_out_empty_is_not_said_and_a_long_one_is_cut() {
    let flow = flow_with(
        json!([
            {"id": "a", "kind": "message", "text": " {{note}} ", "next": "b"},
            {"id": "b", "kind": "message", "text": "{{long}}{{long}}", "next": "e"},
            end(),
        ]),
        &["note", "long"],
    );
    let variables = BTreeMap::from([("long".to_owned(), Value::from("ж".repeat(2001).as_str()))]);
    let turn = step(&flow, &State::default(), &Input::Begin { variables }, &env());
    let said: Vec<&str> = turn.said().map(|said| said.text.as_str()).collect();
    assert_eq!(said, [format!("{}…", "ж".repeat(3999))]);
}

#[test]
fn an_answer_to_another_question_is_stale_even_if_it_would_fit() {
    let flow = template("travel-desk");
    let state = after(&flow, &["book"]);
    let pending = state.pending().unwrap();
    for question in [0, pending - 1, pending + 1] {
        for input in [
            typed("Lisbon", Some(question)),
            Input::Choose { value: "book".into(), question },
            Input::Skip { question },
        ] {
            let turn = step(&flow, &state, &input, &env());
            assert!(turn.stale && turn.steps.is_empty() && turn.heard.is_none() && turn.entered == 0);
            assert_eq!(turn.state, state);
        }
    }
    assert!(!step(&flow, &state, &typed("Lisbon", Some(pending)), &env()).stale);
    assert!(!step(&flow, &state, &typed("Lisbon", None), &env()).stale);
}

#[test]
fn a_question_that_is_asked_again_is_a_new_one() {
    let flow = asking(json!({"type": "email"}));
    let state = after(&flow, &[]);
    let first = step(&flow, &state, &typed("no at", Some(1)), &env());
    assert_eq!(first.state.pending(), Some(2));
    assert!(step(&flow, &first.state, &typed("no at", Some(1)), &env()).stale);
}

#[test]
fn what_fits_nothing_that_is_pending_is_stale() {
    let flow = template("travel-desk");
    let begin = Input::Begin { variables: BTreeMap::new() };
    let asked = after(&flow, &[]);
    let handed_over = after(&flow, &["human"]);
    let ended = after(&asking(json!({})), &["x"]);
    assert!(ended.is_done() && handed_over.is_handed_over());
    for (state, inputs) in [
        (
            &State::default(),
            vec![typed("Hi", None), Input::Offline, Input::Returned, Input::Skip { question: 0 }],
        ),
        (&asked, vec![begin.clone(), Input::Offline, Input::Returned]),
        (
            &handed_over,
            vec![
                begin.clone(),
                Input::Choose { value: "yes".into(), question: 1 },
                Input::Skip { question: 1 },
            ],
        ),
        (&ended, vec![begin, typed("Hi", None), Input::Offline, Input::Returned]),
    ] {
        for input in inputs {
            let turn = step(&flow, state, &input, &env());
            assert!(turn.stale, "{input:?} at {:?}", state.place);
            assert_eq!(turn.state, *state);
        }
    }
}

#[test]
fn with_operators_words_are_heard_and_offline_counts_once() {
    let flow = template("travel-desk");
    let state = after(&flow, &["human"]);
    let words = step(&flow, &state, &typed("Anybody?", Some(99)), &env());
    assert_eq!((words.heard.as_deref(), words.stale, &words.state), (Some("Anybody?"), false, &state));
    let offline = step(&flow, &state, &Input::Offline, &env());
    assert!(!offline.stale);
    assert!(step(&flow, &offline.state, &Input::Offline, &env()).stale);
}

#[test]
fn an_operator_hands_back_to_next_or_else_to_offline() {
    let handing = |next: Json| {
        let mut handover = json!({"id": "h", "kind": "handover", "department": "Sales", "text": "One moment.",
                                  "offline": "o"});
        if !next.is_null() {
            handover["next"] = next;
        }
        flow(json!([
            handover,
            {"id": "o", "kind": "message", "text": "Nobody.", "next": "b"},
            {"id": "b", "kind": "ask", "type": "text", "text": "Back. More?", "var": "x", "next": "e"},
            end(),
        ]))
    };
    play(
        &handing(json!("b")),
        "
        begin
        bot: One moment.
        handover Sales
        returned
        bot: Back. More?
    ",
    );
    play(
        &handing(Json::Null),
        "
        begin
        bot: One moment.
        handover Sales
        returned
        bot: Nobody.
        bot: Back. More?
    ",
    );
}

#[test]
fn errors_are_said_in_turn_and_the_last_one_to_all_further_replies() {
    let flow = asking(json!({"type": "email", "errors": ["First.", "Second {{x}}."], "attempts": 5}));
    play(
        &flow,
        "
        begin
        bot: Well?
        > a
        bot: First.
        > b
        bot: Second .
        > c
        bot: Second .
        > d
        bot: Second .
        > e
        bot: Let us go on without it.
        bot: Got .
        close
        ? x =
        early nothing
    ",
    );
}

#[test]
fn a_fail_branch_is_taken_without_further_words_and_leaves_the_variable_empty() {
    let flow = asking(json!({"type": "number", "fail": "e", "attempts": 1}));
    play(
        &flow,
        "
        begin
        bot: Well?
        > many
        close
        ? x =
    ",
    );
}

#[test]
fn a_suggestion_is_offered_and_yes_takes_it() {
    let flow = asking(json!({"type": "email", "errors": ["Hm."]}));
    play(
        &flow,
        "
        begin
        bot: Well?
        > ana＠example.com
        bot: Hm. Did you mean ana@example.com?
        > yes
        bot: Got ana@example.com.
        close
        early name=null email=ana@example.com phone=null
    ",
    );
}

#[test]
fn an_optional_question_can_be_skipped_by_button_and_in_words_and_says_so() {
    let flow = asking(json!({"type": "phone", "optional": true}));
    for words in ["skip", "Skip it.", "no thanks", "None", "-", "n/a"] {
        let turn = step(&flow, &after(&flow, &[]), &typed(words, None), &env());
        assert!(turn.state.is_done(), "{words}");
        assert_eq!(turn.heard.as_deref(), Some(words));
    }
    play(
        &flow,
        "
        begin
        bot: Well? (optional)
        > call me
        bot: … You can also skip this. (optional)
        skip
        heard Skip
        bot: Got .
        close
    ",
    );
}

#[test]
fn words_that_could_be_the_answer_to_an_optional_text_do_not_skip_it() {
    let flow = asking(json!({"optional": true}));
    for (words, kept) in [("none", Some("none")), ("no", Some("no")), ("skip", None)] {
        let state = after(&flow, &[words]);
        assert_eq!(state.variables.get("x"), kept.map(Value::from).as_ref());
    }
}

#[test]
fn no_to_a_question_of_yes_or_no_does_not_skip_an_optional_one() {
    let flow = asking(json!({"type": "email", "optional": true, "confirm": "{{x}}?", "errors": ["Hm."]}));
    play(
        &flow,
        "
        begin
        bot: Well? (optional)
        > ana＠example.com
        bot: Hm. Did you mean ana@example.com? You can also skip this. (optional)
        > no
        bot: Hm. You can also skip this. (optional)
        > anna@example.com
        bot: anna@example.com? [Yes | No] (optional)
        > no
        bot: Well? (optional)
        > no
        bot: Got .
        close
        ",
    );
}

#[test]
fn what_is_needed_cannot_be_skipped_and_trying_to_counts_as_an_invalid_reply() {
    play(
        &asking(json!({"attempts": 2})),
        "
        begin
        bot: Well?
        skip
        heard Skip
        bot: This is needed to go on.
        skip
        heard Skip
        bot: Let us go on without it.
        bot: Got .
        close
    ",
    );
    play(
        &asking(json!({})),
        "
        begin
        bot: Well?
        > skip
        bot: Got skip.
        close
    ",
    );
}

#[test]
fn an_answer_is_given_back_to_be_confirmed_before_it_counts() {
    let flow = asking(json!({"type": "phone", "confirm": "I have {{x}}. Right?"}));
    play(
        &flow,
        "
        begin
        bot: Well?
        > 020 7946 0018
        bot: I have +442079460018. Right? [Yes | No]
        ? x =
        early nothing
        > hm
        bot: Please answer yes or no. I have +442079460018. Right? [Yes | No]
        # no
        heard No
        bot: Well?
        > 020 7946 0019
        bot: I have +442079460019. Right? [Yes | No]
        > 020 7946 0018
        bot: I have +442079460018. Right? [Yes | No]
        # yes
        heard Yes
        bot: Got +442079460018.
        close
        early name=null email=null phone=+442079460018
    ",
    );
}

#[test]
fn words_are_no_better_answer_when_a_text_is_to_be_confirmed_and_unclear_ones_end_it() {
    let flow = asking(json!({"confirm": "{{x}}, right?", "optional": true}));
    play(
        &flow,
        "
        begin
        bot: Well? (optional)
        > Acme
        bot: Acme, right? [Yes | No] (optional)
        > I guess
        bot: Please answer yes or no. Acme, right? [Yes | No] (optional)
        > so
        bot: Please answer yes or no. Acme, right? [Yes | No] (optional)
        > be it
        bot: Let us go on without it.
        bot: Got .
        close
    ",
    );
    play(
        &flow,
        "
        begin
        bot: Well? (optional)
        > Acme
        bot: Acme, right? [Yes | No] (optional)
        skip
        heard Skip
        bot: Got .
        close
    ",
    );
}

#[test]
fn a_confirm_leads_to_yes_or_no_and_keeps_the_answer_if_it_may() {
    let flow = flow(json!([
        {"id": "a", "kind": "ask", "type": "confirm", "text": "Sure?", "var": "x", "yes": "y", "no": "e"},
        {"id": "y", "kind": "message", "text": "So {{x}}.", "next": "e"},
        end(),
    ]));
    play(
        &flow,
        "
        begin
        bot: Sure? [Yes | No]
        > perhaps
        bot: Please answer yes or no. [Yes | No]
        > yep
        bot: So yes.
        close
    ",
    );
    play(
        &flow,
        "
        begin
        bot: Sure? [Yes | No]
        > perhaps
        bot: Please answer yes or no. [Yes | No]
        > perhaps
        bot: Please answer yes or no. [Yes | No]
        > perhaps
        bot: Let us go on without it.
        close
        ? x =
    ",
    );
}

#[test]
fn a_choice_is_understood_by_value_label_and_number() {
    let travel = template("travel-desk");
    for reply in ["book", "Book a trip", "  book A TRIP ", "1", "1.", "1)"] {
        assert_eq!(after(&travel, &[reply]).variables["intent"], Value::from("book"), "{reply}");
    }
    let accented = flow(json!([
        {"id": "a", "kind": "choice", "text": "?", "var": "x", "options": [{"value": "Café"}, {"value": "b"}],
         "next": "e"},
        end(),
    ]));
    assert_eq!(after(&accented, &["CAFE\u{301}"]).variables["x"], Value::from("Café"));
    for reply in ["4", "0", "99999999999999999999999", "", "Book a", "-1"] {
        assert!(after(&travel, &[reply]).variables.is_empty(), "{reply}");
    }
}

#[test]
fn a_number_is_no_place_in_a_list_of_small_numbers() {
    let car = template("car-quote");
    for (reply, claims) in [("0", "0"), ("1", "1"), ("2", "2plus"), ("2 or more", "2plus")] {
        let state = after(&car, &["yes", "new", "2020", "Fiat", "tp", reply]);
        assert_eq!(state.variables["claims"], Value::from(claims), "{reply}");
    }
    let state = after(&car, &["yes", "new", "2020", "Fiat", "tp", "3"]);
    assert!(!state.variables.contains_key("claims"));
    let travel = template("travel-desk");
    let state = after(&travel, &["book", "Lisbon", "2026-11-05", "2", "2"]);
    assert_eq!(state.variables["budget"], Value::from("500-1500"));
}

#[test]
fn a_choice_is_asked_again_for_ever_and_always_has_its_buttons() {
    let flow = template("travel-desk");
    let mut state = after(&flow, &[]);
    for attempt in 1..=20 {
        let turn = step(&flow, &state, &typed("what?", None), &env());
        let said = turn.said().next().unwrap();
        let hint =
            if attempt == 1 { "Please choose one of these: " } else { "Sorry, that is none of the answers." };
        assert!(said.text.starts_with(hint), "{}", said.text);
        assert!(said.text.ends_with("Book a trip, Trip status, Talk to someone."));
        assert_eq!(said.ask.as_ref().unwrap().choices.len(), 3);
        state = turn.state;
    }
    let skip = step(&flow, &state, &Input::Skip { question: state.questions }, &env());
    assert_eq!(skip.state.pending(), Some(state.questions + 1));
    play_in(
        &flow,
        &env(),
        skip.state,
        "
        # status
        heard Trip status
        + Trip Status
        bot: Your booking code?
    ",
    );
}

#[test]
fn a_forged_button_is_heard_as_words() {
    let flow = template("travel-desk");
    let state = after(&flow, &[]);
    let forged = Input::Choose { value: "t90".into(), question: state.questions };
    let turn = step(&flow, &state, &forged, &env());
    assert_eq!(turn.heard.as_deref(), Some("t90"));
    assert!(turn.state.variables.is_empty() && turn.state.pending().is_some());
}

#[test]
fn consent_needs_a_clear_yes() {
    let flow = flow(json!([
        {"id": "c", "kind": "consent", "text": "Keep {{today}}?", "var": "ok", "yes": "y", "no": "e",
         "yes_label": "I agree", "no_label": "Rather not"},
        {"id": "y", "kind": "condition", "default": "e",
         "branches": [{"all": [{"var": "ok", "op": "eq", "value": true}], "next": "m"}]},
        {"id": "m", "kind": "message", "text": "Kept.", "next": "e"},
        end(),
    ]));
    play(&flow, "
        begin
        bot: Keep 2026-10-22? [I agree | Rather not]
        > 1
        bot: Please choose one of these: I agree, Rather not. [I agree | Rather not]
        skip
        heard Skip
        bot: Sorry, that is none of the answers. Press a button, or type one of these: I agree, Rather not. [I agree | Rather not]
        > i AGREE
        consent true: Keep 2026-10-22?
        bot: Kept.
        close
    ");
    play(
        &flow,
        "
        begin
        bot: Keep 2026-10-22? [I agree | Rather not]
        # no
        heard Rather not
        consent false: Keep 2026-10-22?
        close
        ? ok = no
    ",
    );
}

#[test]
fn a_contact_without_a_way_to_reach_it_is_not_told() {
    let flow = flow_with(
        json!([
            {"id": "s", "kind": "save_contact", "name": "n", "email": "mail", "phone": "tel", "custom": ["n", "gone"],
             "otherwise": "o", "next": "m"},
            {"id": "m", "kind": "message", "text": "Next.", "next": "e"},
            {"id": "o", "kind": "message", "text": "Otherwise.", "next": "e"},
            end(),
        ]),
        &["n", "mail", "tel", "gone"],
    );
    play(
        &flow,
        "
        begin n=Ana mail=nonsense tel=12
        bot: Otherwise.
        close
    ",
    );
    play(
        &flow,
        "
        begin n=Ana mail=ana@EXAMPLE.com tel=020-7946-0018
        save name=Ana email=ana@example.com phone=+442079460018 n=Ana
        bot: Next.
        close
        early nothing
    ",
    );
}

#[test]
fn a_contact_that_nobody_asked_consent_for_may_be_told_early() {
    let flow = flow(json!([
        {"id": "n", "kind": "ask", "type": "name", "text": "Name?", "var": "n", "next": "m"},
        {"id": "m", "kind": "ask", "type": "email", "text": "Mail?", "var": "m", "next": "p"},
        {"id": "p", "kind": "ask", "type": "phone", "text": "Phone?", "var": "p", "next": "s"},
        {"id": "s", "kind": "save_contact", "name": "n", "email": "m", "phone": "p", "next": "q"},
        {"id": "q", "kind": "ask", "type": "text", "text": "Again?", "var": "q", "next": "m"},
    ]));
    play(
        &flow,
        "
        begin
        bot: Name?
        early nothing
        > Ana
        bot: Mail?
        early nothing
        > ana@example.com
        bot: Phone?
        early name=Ana email=ana@example.com phone=null
        > 020 7946 0018
        save name=Ana email=ana@example.com phone=+442079460018
        bot: Again?
        early nothing
        > yes
        bot: Mail?
        early nothing
        > ana.b@example.com
        bot: Phone?
        early name=Ana email=ana.b@example.com phone=+442079460018
    ",
    );
}

#[test]
fn assignments_come_to_values_or_to_nothing() {
    let flow = flow_with(
        json!([
            {"id": "1", "kind": "set", "var": "lit", "to": {"value": true}, "next": "2"},
            {"id": "2", "kind": "set", "var": "copied", "to": {"copy": "given"}, "next": "3"},
            {"id": "3", "kind": "set", "var": "sum", "to": {"add": [{"var": "n"}, 0.2]}, "next": "4"},
            {"id": "4", "kind": "set", "var": "less", "to": {"subtract": [{"var": "current_year"}, {"var": "n"}]}, "next": "5"},
            {"id": "5", "kind": "set", "var": "mapped", "to": {"map": {"of": "given", "cases": {"PRO": 3}, "default": 1}}, "next": "6"},
            {"id": "6", "kind": "set", "var": "other", "to": {"map": {"of": "gone", "cases": {"x": 3}, "default": 1}}, "next": "7"},
            {"id": "7", "kind": "set", "var": "unmapped", "to": {"map": {"of": "given", "cases": {"x": 3}}}, "next": "8"},
            {"id": "8", "kind": "set", "var": "domain", "to": {"domain_of": "mail"}, "next": "9"},
            {"id": "9", "kind": "set", "var": "none", "to": {"add": [{"var": "given"}, 1]}, "next": "10"},
            {"id": "10", "kind": "set", "var": "given", "to": {"copy": "gone"}, "next": "e"},
            end(),
        ]),
        &["given", "n", "mail", "gone"],
    );
    play(
        &flow,
        "
        begin given=pro n=0.1 mail=a@b@Example.COM
        close
        ? lit = yes
        ? copied = pro
        ? sum = 0.3
        ? less = 2025.9
        ? mapped = 3
        ? other = 1
        ? unmapped =
        ? domain = example.com
        ? none =
        ? given =
    ",
    );
}

#[test]
fn tests_of_a_condition_hold_as_their_operators_say() {
    let holds = |op: &str, value: Json, x: &str| {
        let mut test = json!({"var": "x", "op": op});
        if !value.is_null() {
            test["value"] = value;
        }
        let flow = flow_with(
            json!([
                {"id": "c", "kind": "condition", "default": "e", "branches": [{"all": [test], "next": "m"}]},
                {"id": "m", "kind": "message", "text": "Holds.", "next": "e"},
                end(),
            ]),
            &["x"],
        );
        let variables = BTreeMap::from([("x".to_owned(), Value::from(x))]);
        step(&flow, &State::default(), &Input::Begin { variables }, &env()).said().count() == 1
    };
    let none = Json::Null;
    for (op, value, yes, no) in [
        ("eq", json!("Lisbon"), "lisbon", "Lisboa"),
        ("ne", json!("Lisbon"), "Lisboa", "LISBON"),
        ("ne", json!("Lisbon"), "", "Lisbon"),
        ("ge", json!(7), "7", "6.9"),
        ("le", json!(7), "7", "7.1"),
        ("gt", json!(7), "10", "7"),
        ("lt", json!(7), "-3", "seven"),
        ("lt", json!("2026-12-01"), "2026-11-30", "2026-12-01"),
        ("in", json!(["a", 2]), "2", "b"),
        ("contains", json!("air"), "Fairfax", "Fax"),
        ("matches", json!("[A-Z]{2}"), "AB", "ABC"),
        ("set", none.clone(), "x", " "),
        ("empty", none, "", "x"),
    ] {
        assert!(holds(op, value.clone(), yes), "{op} {value} of {yes}");
        assert!(!holds(op, value.clone(), no), "{op} {value} of {no}");
    }
}

#[test]
fn all_tests_of_a_branch_must_hold_and_the_first_branch_that_does_is_taken() {
    let test = |var: &str| json!({"var": var, "op": "set"});
    let flow = flow_with(
        json!([
            {"id": "c", "kind": "condition", "default": "d", "branches": [
                {"all": [test("x"), test("y")], "next": "both"}, {"all": [test("x")], "next": "one"}]},
            {"id": "both", "kind": "message", "text": "Both.", "next": "e"},
            {"id": "one", "kind": "message", "text": "One.", "next": "e"},
            {"id": "d", "kind": "jump", "to": "e"},
            end(),
        ]),
        &["x", "y"],
    );
    play(&flow, "begin x=1 y=1\nbot: Both.\nclose");
    play(&flow, "begin x=1\nbot: One.\nclose");
    play(&flow, "begin y=1\nclose");
}

#[test]
fn a_restart_forgets_answers_but_neither_prefill_nor_consent_nor_the_contact() {
    let flow = flow_with(
        json!([
            {"id": "c", "kind": "consent", "text": "Keep?", "yes": "a", "no": "a"},
            {"id": "a", "kind": "ask", "type": "email", "text": "Mail, {{plan}}?", "var": "m", "next": "b"},
            {"id": "b", "kind": "ask", "type": "text", "text": "More?", "var": "t", "next": "z"},
            {"id": "z", "kind": "end", "text": "Once more.", "then": {"restart": "b"}},
        ]),
        &["plan"],
    );
    play(
        &flow,
        "
        begin plan=pro
        bot: Keep? [Yes | No]
        > yes
        consent true: Keep?
        bot: Mail, pro?
        > ana@example.com
        bot: More?
        > x
        bot: Once more.
        bot: More?
        ? plan = pro
        ? m =
        ? t =
        early name=null email=ana@example.com phone=null
    ",
    );
}

#[test]
fn only_declared_variables_are_taken_from_the_page() {
    let flow =
        flow_with(json!([{"id": "a", "kind": "message", "text": "{{plan}}", "next": "e"}, end()]), &["plan"]);
    let state = play(&flow, "begin plan=pro email=a@b.example greeting=x\nbot: pro\nclose");
    assert_eq!(state.variables.len(), 1);
}

#[test]
fn what_nobody_could_have_typed_is_not_taken_from_the_page() {
    let flow = flow_with(
        json!([{"id": "a", "kind": "message", "text": "{{plan}}{{seats}}", "next": "e"}, end()]),
        &["plan", "seats"],
    );
    for (plan, taken) in [("pro".to_owned(), true), ("a\u{0}".to_owned(), false), ("x".repeat(4001), false)] {
        let seats = serde_json::from_str("12").unwrap();
        let variables = BTreeMap::from([("plan".to_owned(), Value::Text(plan)), ("seats".to_owned(), seats)]);
        let state = step(&flow, &State::default(), &Input::Begin { variables }, &env()).state;
        assert_eq!(state.variables.contains_key("plan"), taken);
        assert!(state.variables.contains_key("seats"));
    }
}

#[test]
fn a_reply_is_transformed_before_it_is_looked_at() {
    let upper = asking(json!({"type": "regex", "pattern": "[A-Z]{3}", "transform": "upper"}));
    assert_eq!(after(&upper, &[" abc "]).variables["x"], Value::from("ABC"));
    let lower = asking(json!({"transform": "lower"}));
    assert_eq!(after(&lower, &["ÄBC"]).variables["x"], Value::from("äbc"));
    let trim = asking(json!({"transform": "trim"}));
    assert_eq!(after(&trim, &["  A b "]).variables["x"], Value::from("A b"));
}

#[test]
fn dates_and_numbers_keep_to_their_bounds() {
    let date = asking(
        json!({"type": "date", "min": "2026-10-01", "max": "2027-01-01", "within_days": 7, "weekdays": true}),
    );
    for (reply, taken) in [
        ("2026-10-21", false),
        ("2026-10-22", true),
        ("2026-10-24", false),
        ("2026-10-29", true),
        ("2026-10-30", false),
    ] {
        assert_eq!(after(&date, &[reply]).variables.contains_key("x"), taken, "{reply}");
    }
    let number = asking(json!({"type": "number", "min": 1950, "max": "current_year", "integer": true}));
    for (reply, taken) in
        [("1949", false), ("1950", true), ("2026", true), ("2027", false), ("2000.5", false)]
    {
        assert_eq!(after(&number, &[reply]).variables.contains_key("x"), taken, "{reply}");
    }
}

#[test]
fn an_extension_is_kept_apart_from_the_number() {
    let flow = asking(json!({"type": "phone"}));
    let state = after(&flow, &["+44 20 7946 0018 ext. 12"]);
    assert_eq!(state.variables["x"], Value::from("+442079460018"));
    assert_eq!(state.variables["x_extension"], Value::from("12"));
}

#[test]
fn a_client_that_comes_back_can_see_the_pending_question() {
    let flow = asking(json!({"type": "email", "confirm": "{{x}}?", "optional": true}));
    let asked = pending_ask(&flow, &after(&flow, &[])).unwrap();
    assert_eq!(
        (asked.question, asked.kind, asked.optional, asked.choices.len()),
        (1, AskKind::Email, true, 0)
    );
    let confirming = pending_ask(&flow, &after(&flow, &["a@example.com"])).unwrap();
    assert_eq!((confirming.question, confirming.kind, confirming.choices.len()), (2, AskKind::Confirm, 2));
    assert_eq!(pending_ask(&flow, &State::default()), None);
    let travel = template("travel-desk");
    assert_eq!(pending_ask(&travel, &after(&travel, &[])).unwrap().choices[1].label, "Trip status");
}

#[test]
fn a_turn_that_would_never_end_closes_the_conversation() {
    let message = |n: u32| json!({"id": format!("m{n}"), "kind": "message", "text": "Hi", "next": format!("m{}", (n + 1) % 5)});
    let document = json!({"schema": 1, "start": "m0", "nodes": (0..5).map(message).collect::<Vec<_>>()});
    assert!(Flow::parse(&document.to_string()).is_err());
    let unchecked = Flow::assemble(Document::read(&document.to_string()).unwrap(), HashMap::new());
    let turn = step(&unchecked, &State::default(), &Input::Begin { variables: BTreeMap::new() }, &env());
    assert_eq!(turn.entered, 100);
    assert_eq!(turn.said().count(), 100);
    assert_eq!(turn.effects().count(), 1);
    assert!(turn.state.is_done());
}

#[test]
fn a_hundred_nodes_in_one_turn_are_within_the_budget() {
    let message = |n: u32| json!({"id": format!("m{n}"), "kind": "message", "text": "Hi", "next": format!("m{}", n + 1)});
    let last = json!({"id": "m99", "kind": "end", "text": "Bye", "then": "close"});
    let flow = flow(Json::Array((0..99).map(message).chain([last]).collect()));
    let turn = step(&flow, &State::default(), &Input::Begin { variables: BTreeMap::new() }, &env());
    assert_eq!((turn.entered, turn.said().count(), turn.state.is_done()), (100, 100, true));
    assert!(matches!(
        turn.effects().next(),
        Some(crate::flow::Effect::Close { reason: crate::flow::Ending::Finished })
    ));
}

#[test]
fn what_is_said_and_asked_goes_through_json() {
    let flow = template("travel-desk");
    let turn = step(&flow, &State::default(), &Input::Begin { variables: BTreeMap::new() }, &env());
    let said = serde_json::to_value(turn.said().nth(1).unwrap()).unwrap();
    let expected = json!({
        "text": "What can I do for you?",
        "ask": {"question": 1, "kind": "choice", "optional": false, "choices": [
            {"value": "book", "label": "Book a trip"}, {"value": "status", "label": "Trip status"},
            {"value": "human", "label": "Talk to someone"}]},
    });
    assert_eq!(said, expected);
    assert_eq!(serde_json::from_value::<crate::flow::Said>(said).unwrap(), *turn.said().nth(1).unwrap());
}

#[test]
fn a_state_is_written_in_words_that_stay() {
    let flow = asking(json!({"type": "phone", "confirm": "{{x}}?"}));
    let state = after(&flow, &["020 7946 0018"]);
    let expected = json!({
        "place": {"asking": {"node": "a", "attempts": 0, "suggested": null,
                             "confirming": {"value": "+442079460018", "extension": null}}},
        "questions": 2, "variables": {}, "consent": null, "saved": null,
        "captured": {"name": null, "email": null, "phone": null},
    });
    assert_eq!(serde_json::to_value(&state).unwrap(), expected);
    let begun = serde_json::to_value(State::default()).unwrap();
    assert_eq!(begun["place"], json!("unbegun"));
}
