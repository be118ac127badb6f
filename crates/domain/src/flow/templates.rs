//! Flows to begin with: three bots of three trades, which between them use every kind of node but one.

/// A flow to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Template {
    /// Stable name for programs.
    pub key: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub description: &'static str,
    /// Whose operators it calls first.
    pub department: &'static str,
    /// The document; [`Flow::parse`](super::Flow::parse) takes it.
    pub text: &'static str,
}

/// All templates, in the order in which they are offered.
pub fn templates() -> &'static [Template] {
    &TEMPLATES
}

static TEMPLATES: [Template; 3] = [
    Template {
        key: "travel-desk",
        name: "Meridian Travel Desk",
        description: "Takes trip requests with dates, travellers and budget, asks for consent and keeps the contact; \
                      passes questions about booked trips to an operator.",
        department: "Sales",
        text: include_str!("../../flows/travel-desk.json"),
    },
    Template {
        key: "car-quote",
        name: "Harbour Mutual quick quote",
        description: "Asks for consent first, then for what a car insurance quote needs, gives the number back to be \
                      confirmed, and sends special cases to a specialist.",
        department: "Lead Generation",
        text: include_str!("../../flows/car-quote.json"),
    },
    Template {
        key: "saas-demo",
        name: "Loomwork demo request",
        description: "Books software demos, looks twice at personal e-mail addresses, scores by team size, and calls \
                      an operator for large teams and for customers.",
        department: "Sales",
        text: include_str!("../../flows/saas-demo.json"),
    },
];
