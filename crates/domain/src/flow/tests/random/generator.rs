//! Random flows that make sense, and random things that happen in them.
//!
//! A flow is grown from genes, one node each. Every node leads on to the next one, so that all can be reached;
//! other targets are any node where the visitor is waited for, else a later one, so that no loop runs by itself.
//! What was started is ended at the tail, which asks where to end.

use std::collections::BTreeMap;

use proptest::{char, collection::vec, prelude::*};
use serde_json::{Value as Json, json};

use crate::flow::{Ask, AskKind, Input, State, Value};

/// What one node is grown from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gene {
    kind: u8,
    /// Three free choices.
    a: u16,
    b: u16,
    c: u16,
}

pub(super) fn genes() -> impl Strategy<Value = Vec<Gene>> {
    let gene = (any::<u8>(), any::<u16>(), any::<u16>(), any::<u16>());
    vec(gene.prop_map(|(kind, a, b, c)| Gene { kind, a, b, c }), 1..30)
}

/// Variables of all flows; all of them are declared as prefill.
const NAMES: [&str; 6] = ["name", "mail", "tel", "count", "day", "note"];
const TEXTS: [&str; 6] = [
    "Hello.",
    "{{greeting}}, {{name}}!",
    "{{mail}}{{tel}} {{count}} {{ note }}",
    "{{{note}}} }} {{",
    "{{note}}",
    "Your reference is {{conversation_ref}}, today is {{today}}.",
];
const ENDS: usize = 3;

fn pick<T: Copy>(from: &[T], choice: u16) -> T {
    from[usize::from(choice) % from.len()]
}

/// The ids that a flow of so many genes has: nodes, tail (end markers, a choice), ends.
struct Plan {
    /// Places of the start markers among the nodes.
    starts: Vec<usize>,
    nodes: usize,
    /// Some node that waits for the visitor.
    waiting: String,
}

impl Plan {
    fn id(&self, place: usize) -> String {
        let tail = self.nodes + self.starts.len();
        match place {
            _ if place < self.nodes => format!("n{place}"),
            _ if place < tail => format!("t{}", place - self.nodes),
            _ if place == tail => "last".into(),
            _ => format!("e{}", place - tail - 1),
        }
    }

    fn count(&self) -> usize {
        self.nodes + self.starts.len() + 1 + ENDS
    }

    /// Any node at all.
    fn any(&self, choice: u16) -> String {
        self.id(usize::from(choice) % self.count())
    }

    /// A node after that place.
    fn later(&self, place: usize, choice: u16) -> String {
        self.id(place + 1 + usize::from(choice) % (self.count() - place - 1))
    }
}

/// A document that makes sense.
pub(super) fn document(genes: &[Gene]) -> Json {
    let starts: Vec<usize> = (0..genes.len()).filter(|&place| kind(genes[place]) == Kind::Start).collect();
    let asks = (0..genes.len())
        .find(|&place| matches!(kind(genes[place]), Kind::Ask | Kind::Choice | Kind::Consent));
    let waiting = asks.map_or("last".into(), |place| format!("n{place}"));
    let plan = Plan { starts, nodes: genes.len(), waiting };
    let grown = genes.iter().enumerate().map(|(place, gene)| node(&plan, place, *gene));
    let tail = plan.starts.iter().enumerate().map(|(index, start)| {
        let place = plan.nodes + index;
        json!({"id": plan.id(place), "kind": "marker", "edge": "end", "name": format!("m{start}"),
               "next": plan.id(place + 1)})
    });
    let options: Vec<Json> =
        (0..ENDS).map(|n| json!({"value": format!("o{n}"), "next": format!("e{n}")})).collect();
    let last = json!({"id": "last", "kind": "choice", "text": "Where to?", "options": options});
    let ends = [
        json!({"id": "e0", "kind": "end", "text": "Bye {{name}}.", "then": "close"}),
        json!({"id": "e1", "kind": "end", "then": "close"}),
        json!({"id": "e2", "kind": "end", "text": "Again.", "then": {"restart": plan.waiting}}),
    ];
    let nodes: Vec<Json> = grown.chain(tail).chain([last]).chain(ends).collect();
    json!({"schema": 1, "start": nodes[0]["id"], "prefill": NAMES, "nodes": nodes})
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Message,
    Ask,
    Confirm,
    Choice,
    Condition,
    Set,
    Start,
    End,
    Consent,
    Save,
    Handover,
    Jump,
}

fn kind(gene: Gene) -> Kind {
    use Kind::{Ask, Choice, Condition, Confirm, Consent, End, Handover, Jump, Message, Save, Set, Start};
    const KINDS: [Kind; 18] = [
        Message, Ask, Ask, Ask, Ask, Confirm, Choice, Choice, Condition, Set, Start, End, Consent, Save,
        Save, Save, Handover, Jump,
    ];
    KINDS[usize::from(gene.kind) % KINDS.len()]
}

fn node(plan: &Plan, place: usize, gene: Gene) -> Json {
    let Gene { a, b, c, .. } = gene;
    let next = plan.id(place + 1);
    let mut node = match kind(gene) {
        Kind::Ask => ask(plan, gene, &next),
        Kind::Confirm => {
            json!({"kind": "ask", "type": "confirm", "text": pick(&TEXTS, a), "var": pick(&NAMES, b),
                                "yes": next, "no": plan.any(c), "attempts": 1 + a % 10})
        }
        Kind::Choice => choice(plan, gene, &next),
        Kind::Condition => json!({"kind": "condition", "default": next,
                                  "branches": [{"all": [test(a, b)], "next": plan.later(place, c)}]}),
        Kind::Set => json!({"kind": "set", "var": pick(&NAMES, a), "to": source(b, c), "next": next}),
        Kind::Start => json!({"kind": "marker", "edge": "start", "name": format!("m{place}"), "next": next}),
        Kind::End if !plan.starts.is_empty() => {
            json!({"kind": "marker", "edge": "end", "name": format!("m{}", pick(&plan.starts, a)), "next": next})
        }
        Kind::Consent => {
            json!({"kind": "consent", "text": pick(&TEXTS, a), "var": pick(&NAMES, b), "yes": next,
                                "no": plan.any(c)})
        }
        Kind::Save => {
            json!({"kind": "save_contact", "name": "name", "email": pick(&["mail", "mail", "note"], a), "phone": pick(&["tel", "tel", "note"], b),
                             "custom": ["count", "note"], "otherwise": plan.later(place, c), "next": next})
        }
        Kind::Handover => {
            json!({"kind": "handover", "department": "Sales", "text": pick(&TEXTS, a), "offline": next,
                                 "next": plan.any(b)})
        }
        Kind::Jump => json!({"kind": "jump", "to": next}),
        Kind::Message | Kind::End => json!({"kind": "message", "text": pick(&TEXTS, a), "next": next}),
    };
    node["id"] = json!(plan.id(place));
    node
}

fn ask(plan: &Plan, Gene { a, b, c, .. }: Gene, next: &str) -> Json {
    const TYPES: [&str; 8] = ["email", "phone", "name", "text", "number", "date", "link", "regex"];
    let asks = pick(&TYPES, a);
    let usual = match asks {
        "email" => "mail",
        "phone" => "tel",
        "number" => "count",
        "date" => "day",
        "name" => "name",
        _ => "note",
    };
    let var = if b % 4 == 1 { pick(&NAMES, b / 4) } else { usual };
    let mut node = json!({"kind": "ask", "type": asks, "text": pick(&TEXTS, b), "var": var, "next": next,
                          "optional": c % 2 == 0, "attempts": 1 + c % 10});
    if b % 3 == 0 {
        node["fail"] = json!(plan.any(c));
    }
    if b % 4 == 0 {
        node["confirm"] = json!("Is {{mail}}{{tel}}{{note}} right?");
    }
    if b % 5 == 0 {
        node["errors"] = json!(["No.", "{{note}} no."]);
    }
    let (key, value) = match asks {
        "phone" => ("strict", json!(c % 3 == 0)),
        "text" => ("max_length", json!(1 + c % 4000)),
        "number" => ("max", json!("current_year")),
        "date" => ("within_days", json!(1 + c % 400)),
        "regex" => ("pattern", json!("[A-Z]{2}[0-9]*")),
        _ => return node,
    };
    node[key] = value;
    node
}

fn choice(plan: &Plan, Gene { a, b, c, .. }: Gene, next: &str) -> Json {
    let count = 2 + a % 4;
    let options: Vec<Json> = (0..count)
        .map(|n| match (b >> n) % 3 {
            0 => json!({"value": format!("o{n}"), "next": plan.any(c.wrapping_mul(n + 1))}),
            1 => json!({"value": format!("{n}"), "label": format!("{n} or more")}),
            _ => json!({"value": format!("o{n}"), "label": format!("Option {n}")}),
        })
        .collect();
    json!({"kind": "choice", "text": pick(&TEXTS, a), "var": pick(&NAMES, c), "options": options, "next": next})
}

fn test(a: u16, b: u16) -> Json {
    let (op, value) = match a % 11 {
        0 => ("eq", json!("o1")),
        1 => ("ne", json!(1)),
        2 => ("ge", json!(2.5)),
        3 => ("le", json!("2026-11-05")),
        4 => ("gt", json!(0)),
        5 => ("lt", json!("m")),
        6 => ("in", json!(["o1", 2, true])),
        7 => ("contains", json!("a")),
        8 => ("matches", json!(".*[0-9]+.*")),
        9 => return json!({"var": pick(&NAMES, b), "op": "set"}),
        _ => return json!({"var": pick(&NAMES, b), "op": "empty"}),
    };
    json!({"var": pick(&NAMES, b), "op": op, "value": value})
}

fn source(b: u16, c: u16) -> Json {
    let name = pick(&NAMES, c);
    match b % 6 {
        0 => json!({"value": f64::from(c) / 7.0}),
        1 => json!({"copy": name}),
        2 => json!({"add": [{"var": name}, {"var": "current_year"}]}),
        3 => json!({"subtract": [{"var": name}, 0.1]}),
        4 => json!({"map": {"of": name, "cases": {"o1": "o2", "1": true}, "default": 1}}),
        _ => json!({"domain_of": name}),
    }
}

/// Something that happens.
#[derive(Clone, Debug)]
pub(super) struct Act {
    kind: u8,
    choice: u16,
    text: String,
}

pub(super) fn acts(count: usize) -> impl Strategy<Value = Vec<Act>> {
    let text = vec(prop_oneof![any::<char>(), char::range('\0', '\u{7f}')], 0..12);
    let act = (any::<u8>(), any::<u16>(), text.prop_map(String::from_iter));
    vec(act.prop_map(|(kind, choice, text)| Act { kind, choice, text }), count)
}

/// Replies that are answers to something, or look like one.
const REPLIES: [&str; 28] = [
    "yes",
    "no",
    "ok",
    "skip",
    "no thanks",
    "1",
    "2",
    "0",
    "o1",
    "Option 2",
    "Ana",
    "Nuala O'Brien",
    "李小龍",
    "ana@example.com",
    "USER@EXAMPLE.COM",
    "user@bücher.example",
    "ana＠example.com",
    "plainaddress",
    "020 7946 0018",
    "+1 202 555 0143",
    "12345",
    "2026-11-05",
    "1999-02-30",
    "-17.25",
    "1e300",
    "example.com/path",
    "AB123",
    "{{note}} {{{{mail}}}}",
];

impl Act {
    /// What it is where the conversation is. Most of it fits; some of it is late, twice, or nonsense.
    pub fn at(&self, ask: Option<Ask>, state: &State) -> Input {
        let question = state.questions;
        let text = match self.choice % 4 {
            0 => self.text.clone(),
            1 => pick(&REPLIES, self.choice / 4).to_owned(),
            _ => fitting(ask.as_ref().map(|ask| ask.kind), self.choice / 4).to_owned(),
        };
        if state.questions == 0 && !state.is_handed_over() && self.kind > 20 {
            let variables = [("mail", text.as_str()), ("note", "{{note}}"), ("other", "x")];
            let variables: BTreeMap<_, _> =
                variables.map(|(name, v)| (name.to_owned(), Value::from(v))).into();
            return Input::Begin { variables };
        }
        match self.kind % 20 {
            0 => Input::Begin { variables: BTreeMap::new() },
            1 => Input::Offline,
            2 => Input::Returned,
            3 => Input::Answer { text, question: Some(u32::from(self.choice % 8)) },
            4 => Input::Choose { value: text, question },
            5 | 6 => Input::Skip { question },
            7 | 8 => Input::Answer { text, question: None },
            _ if state.is_handed_over() => {
                if self.choice.is_multiple_of(2) {
                    Input::Offline
                } else {
                    Input::Returned
                }
            }
            9..=13 => match ask {
                Some(Ask { choices, .. }) if !choices.is_empty() => {
                    let value = choices[usize::from(self.choice) % choices.len()].value.clone();
                    Input::Choose { value, question }
                }
                _ => Input::Answer { text, question: Some(question) },
            },
            _ => Input::Answer { text, question: Some(question) },
        }
    }
}

/// A reply that most questions of that kind take.
fn fitting(kind: Option<AskKind>, choice: u16) -> &'static str {
    match kind {
        Some(AskKind::Email) => pick(&["ana@example.com", "USER@EXAMPLE.COM", "user@bücher.example"], choice),
        Some(AskKind::Phone) => pick(&["020 7946 0018", "+1 202 555 0143", "+442079460018 ext. 5"], choice),
        Some(AskKind::Number) => pick(&["3", "-17.25", "0.1"], choice),
        Some(AskKind::Date) => pick(&["2026-10-22", "2026-10-23", "2026-11-05"], choice),
        Some(AskKind::Link) => "https://example.com/a?b=c",
        Some(AskKind::Regex) => "AB123",
        Some(AskKind::Confirm | AskKind::Consent) => pick(&["yes", "Yes", "no"], choice),
        Some(AskKind::Choice) => pick(&["o0", "o1", "1"], choice),
        Some(AskKind::Name | AskKind::Text) | None => pick(&["Ana", "{{mail}}", "李小龍"], choice),
    }
}
