//! What can be filled in about a step, by its kind: the one list from which forms are made and read.
//!
//! The forms only know shapes; whether what was filled in makes sense is for the flow's own check to say.

/// How a field is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    Line,
    Area,
    /// A text for each line.
    Lines,
    Number,
    Flag,
    /// One of these: value and label.
    Pick(&'static [(&'static str, &'static str)]),
    /// Another step.
    Target,
    Variable,
    /// Variables, one a line.
    Variables,
    /// The name of a marker; those that start somewhere are offered.
    Marker,
    Department,
    /// The least or most: a number, or a word such as `today`.
    Bound,
}

/// One field of a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spec {
    /// Its name in the flow.
    pub(super) key: &'static str,
    pub(super) label: &'static str,
    pub(super) help: &'static str,
    pub(super) control: Control,
    /// Whether a step has it in any case.
    pub(super) needed: bool,
    /// The types of question that have it; all if empty.
    pub(super) of: &'static [&'static str],
}

const fn needed(key: &'static str, label: &'static str, control: Control) -> Spec {
    Spec { key, label, help: "", control, needed: true, of: &[] }
}

const fn may(key: &'static str, label: &'static str, control: Control) -> Spec {
    Spec { needed: false, ..needed(key, label, control) }
}

impl Spec {
    const fn help(self, help: &'static str) -> Self {
        Self { help, ..self }
    }

    const fn of(self, of: &'static [&'static str]) -> Self {
        Self { of, ..self }
    }
}

/// A kind of step.
pub(super) struct Kind {
    pub(super) key: &'static str,
    pub(super) label: &'static str,
    /// What it does, in a sentence.
    pub(super) does: &'static str,
    pub(super) fields: &'static [Spec],
    /// What a new one begins with.
    pub(super) begin: &'static str,
}

use Control::{
    Area, Bound, Department, Flag, Line, Lines, Marker, Number, Pick, Target, Variable, Variables,
};

const NEXT: Spec = needed("next", "Then goes to", Target);
const SAYS: &str = "{{variable}} stands for what was answered or set.";

const TYPES: &[(&str, &str)] = &[
    ("text", "Any text"),
    ("name", "A name"),
    ("email", "An e-mail address"),
    ("phone", "A phone number"),
    ("number", "A number"),
    ("date", "A date"),
    ("link", "A web address"),
    ("regex", "What matches a pattern"),
    ("confirm", "Yes or no"),
];
const NOT_CONFIRM: &[&str] = &["text", "name", "email", "phone", "number", "date", "link", "regex"];
const TRANSFORMS: &[(&str, &str)] =
    &[("upper", "In upper case"), ("lower", "In lower case"), ("trim", "Only trimmed")];
const EDGES: &[(&str, &str)] = &[("start", "Start"), ("end", "End")];
/// `strict` counts as true where it is absent.
const STRICT: &[(&str, &str)] =
    &[("true", "Yes, only numbers that are assigned"), ("false", "No, any of possible length")];

/// All kinds, in the order in which they are offered.
pub(super) const KINDS: &[Kind] = &[
    Kind {
        key: "message",
        label: "Message",
        does: "Says something and goes on.",
        fields: &[needed("text", "Text", Area).help(SAYS), NEXT],
        begin: r#"{"kind":"message","text":"","next":""}"#,
    },
    Kind {
        key: "ask",
        label: "Question",
        does: "Asks until the answer is valid, or gives up after some attempts.",
        fields: &[
            needed("type", "Asks for", Pick(TYPES)),
            needed("text", "Question", Area).help(SAYS),
            may("var", "Answer goes to variable", Variable)
                .help("a-z, 0-9 and _. Only a question of yes or no may do without."),
            may("next", "With an answer it goes to", Target).of(NOT_CONFIRM),
            may("yes", "Yes leads to", Target).of(&["confirm"]),
            may("no", "No leads to", Target).of(&["confirm"]),
            may("optional", "The visitor may skip it", Flag).of(NOT_CONFIRM),
            may("min", "At least", Bound)
                .of(&["number", "date"])
                .help("A number or current_year; of dates: 2026-11-05 or today."),
            may("max", "At most", Bound).of(&["number", "date"]),
            may("integer", "Whole numbers only", Flag).of(&["number"]),
            may("weekdays", "Monday to Friday only", Flag).of(&["date"]),
            may("within_days", "Within so many days from today", Number).of(&["date"]),
            may("strict", "Checks that the number can exist", Pick(STRICT)).of(&["phone"]),
            may("max_length", "Longest answer, in characters", Number).of(&["text"]),
            may("pattern", "Pattern of an answer", Line)
                .of(&["regex"])
                .help("A regular expression that the whole answer must match, such as [A-Z]{2}[0-9]{4}."),
            may("transform", "The answer is taken", Pick(TRANSFORMS)).of(&["text", "regex"]),
            may("confirm", "Asks whether it understood right", Area)
                .of(NOT_CONFIRM)
                .help("For example: {{email}}, right? Empty: it does not ask."),
            may("attempts", "Invalid answers until it gives up", Number).help("1 to 10; 3 if empty."),
            may("errors", "What it says to invalid answers", Lines).help(
                "One a line: the first to the first wrong answer, the last to all further ones. Empty: built-in words.",
            ),
            may("fail", "Giving up leads to", Target).help("Nowhere: it goes on without an answer."),
        ],
        begin: r#"{"kind":"ask","type":"text","text":"","var":"","next":""}"#,
    },
    Kind {
        key: "choice",
        label: "Choice",
        does: "Asks with buttons, one for each answer.",
        fields: &[
            needed("text", "Question", Area).help(SAYS),
            may("var", "Answer goes to variable", Variable),
            may("next", "Answers without a way of their own go to", Target),
        ],
        begin: r#"{"kind":"choice","text":"","options":[],"next":""}"#,
    },
    Kind {
        key: "condition",
        label: "Condition",
        does: "Goes the way of the first case whose tests all hold.",
        fields: &[needed("default", "If no case holds it goes to", Target)],
        begin: r#"{"kind":"condition","branches":[],"default":""}"#,
    },
    Kind {
        key: "set",
        label: "Set a variable",
        does: "Gives a variable a value: a fixed one, a sum, one looked up.",
        fields: &[needed("var", "Variable", Variable), NEXT],
        begin: r#"{"kind":"set","var":"","to":{"value":""},"next":""}"#,
    },
    Kind {
        key: "marker",
        label: "Marker",
        does: "One end of what the bot report counts.",
        fields: &[
            needed("name", "Name", Marker).help("An end has exactly the name of a start."),
            needed("edge", "Which end", Pick(EDGES)),
            NEXT,
        ],
        begin: r#"{"kind":"marker","name":"","edge":"start","next":""}"#,
    },
    Kind {
        key: "consent",
        label: "Consent",
        does: "Asks whether details may be kept; words and time are kept with the contact.",
        fields: &[
            needed("text", "Question", Area).help("Kept with the answer, word for word."),
            needed("yes", "Yes leads to", Target),
            needed("no", "No leads to", Target),
            may("yes_label", "Button for yes", Line).help("Yes, if empty."),
            may("no_label", "Button for no", Line).help("No, if empty."),
            may("var", "Answer goes to variable", Variable),
        ],
        begin: r#"{"kind":"consent","text":"","yes":"","no":""}"#,
    },
    Kind {
        key: "save_contact",
        label: "Save contact",
        does: "Saves the contact and sends Contact Information.",
        fields: &[
            may("name", "Name is in variable", Variable),
            may("email", "E-mail address is in variable", Variable),
            may("phone", "Phone number is in variable", Variable),
            may("custom", "Further variables", Variables).help("One a line; they are sent along."),
            NEXT,
            may("otherwise", "Without e-mail and phone it goes to", Target).help("Nowhere: to the same step."),
        ],
        begin: r#"{"kind":"save_contact","name":"name","email":"email","phone":"phone","next":""}"#,
    },
    Kind {
        key: "handover",
        label: "Handover",
        does: "Calls an operator of a department.",
        fields: &[
            needed("department", "Department", Department),
            may("text", "What it says first", Area),
            needed("offline", "If nobody is there or comes in time it goes to", Target),
            may("next", "When the operator hands back it goes to", Target).help("Nowhere: the way above."),
        ],
        begin: r#"{"kind":"handover","department":"Sales","offline":""}"#,
    },
    Kind {
        key: "jump",
        label: "Jump",
        does: "Goes elsewhere.",
        fields: &[needed("to", "Goes to", Target)],
        begin: r#"{"kind":"jump","to":""}"#,
    },
    Kind {
        key: "end",
        label: "End",
        does: "Ends the chat, or begins it anew.",
        fields: &[may("text", "Last words", Area).help(SAYS)],
        begin: r#"{"kind":"end","then":"close"}"#,
    },
];

/// The kind of that name.
pub(super) fn kind(key: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.key == key)
}

/// How tests compare.
pub(super) const OPS: &[(&str, &str)] = &[
    ("eq", "is"),
    ("ne", "is not"),
    ("ge", "is at least"),
    ("le", "is at most"),
    ("gt", "is more than"),
    ("lt", "is less than"),
    ("in", "is one of"),
    ("contains", "contains"),
    ("matches", "matches the pattern"),
    ("set", "has a value"),
    ("empty", "has no value"),
];

/// Where a variable has its value from.
pub(super) const SOURCES: &[(&str, &str)] = &[
    ("value", "A fixed value"),
    ("copy", "Another variable"),
    ("add", "A sum"),
    ("subtract", "A difference"),
    ("map", "Looked up by another variable"),
    ("domain_of", "The domain of an e-mail address"),
];

/// What follows an end.
pub(super) const ENDINGS: &[(&str, &str)] = &[("close", "The chat is closed"), ("restart", "It begins anew")];
