//! Going from node to node until somebody else has to do something.

use super::{ask_of, choice_of, consent_of};
use crate::contact::Fields;
use crate::flow::{
    Flow, MAX_STEPS,
    document::{AskNode, AskType, EndNode, HandoverNode, Node, SaveNode, SetNode, Then},
    evaluate, judge, say,
    scope::{Env, Scope, extension_of},
    state::{Asking, Place, State},
    turn::{Ask, Effect, Ending, Said, Step, Turn},
    value::Value,
};

/// A turn in the making.
pub(super) struct Walk<'a> {
    pub flow: &'a Flow,
    pub env: &'a Env,
    pub state: State,
    pub heard: Option<String>,
    steps: Vec<Step>,
    entered: u32,
}

impl<'a> Walk<'a> {
    pub fn new(flow: &'a Flow, env: &'a Env, state: &State) -> Self {
        Walk { flow, env, state: state.clone(), heard: None, steps: Vec::new(), entered: 0 }
    }

    pub fn finish(self) -> Turn {
        let Walk { state, heard, steps, entered, .. } = self;
        Turn { state, heard, steps, stale: false, entered }
    }

    pub fn scope(&self) -> Scope<'_> {
        Scope { variables: &self.state.variables, env: self.env }
    }

    pub fn render(&self, text: &str) -> String {
        say::render(text, self.scope())
    }

    /// Says something that waits for nothing; what would be an empty message is not said.
    pub fn say(&mut self, text: String) {
        if !text.trim().is_empty() {
            self.steps.push(Step::Said(Said { text, ask: None }));
        }
    }

    /// Asks something: a new question, from now on the pending one.
    pub fn ask(&mut self, text: String, mut ask: Ask, asking: Asking) {
        self.state.questions += 1;
        ask.question = self.state.questions;
        self.state.place = Place::Asking(asking);
        self.steps.push(Step::Said(Said { text, ask: Some(ask) }));
    }

    pub fn effect(&mut self, effect: Effect) {
        self.steps.push(Step::Effect(effect));
    }

    /// Gives a variable a value, or empties it.
    pub fn put(&mut self, name: &str, value: Option<Value>) {
        match value {
            Some(value) => self.state.variables.insert(name.to_owned(), value),
            None => self.state.variables.remove(name),
        };
    }

    /// Enters nodes from `first` on until one waits or ends.
    pub fn go(&mut self, first: &'a str) {
        let mut target = Some(first);
        while let Some(id) = target {
            if self.entered == MAX_STEPS {
                self.close(Ending::Budget);
                return;
            }
            self.entered += 1;
            let node = self.flow.node(id).expect("the check wants a node for every target");
            target = self.enter(node);
        }
    }

    /// Does what a node does. None if the turn ends there.
    fn enter(&mut self, node: &'a Node) -> Option<&'a str> {
        match node {
            Node::Message(message) => {
                self.say(self.render(&message.text));
                Some(&message.next)
            }
            Node::Ask(node) => self.enter_ask(node),
            Node::Choice(node) => {
                self.ask(self.render(&node.text), choice_of(node), fresh(&node.id));
                None
            }
            Node::Condition(condition) => Some(evaluate::branch(self.flow, condition, self.scope())),
            Node::Set(set) => self.enter_set(set),
            Node::Marker(marker) => {
                self.effect(Effect::Marker { name: marker.name.clone(), edge: marker.edge });
                Some(&marker.next)
            }
            Node::Consent(node) => {
                self.ask(self.render(&node.text), consent_of(node), fresh(&node.id));
                None
            }
            Node::SaveContact(save) => Some(self.save(save)),
            Node::Handover(handover) => self.hand_over(handover),
            Node::Jump(jump) => Some(&jump.to),
            Node::End(end) => self.enter_end(end),
        }
    }

    fn enter_ask(&mut self, node: &AskNode) -> Option<&'a str> {
        self.withdraw(node);
        self.ask(self.render(&node.text), ask_of(node), fresh(&node.id));
        None
    }

    /// An answer that is asked for again was in doubt: it is not told any more until it is given again. The
    /// variable keeps its value so that the question can name it.
    fn withdraw(&mut self, node: &AskNode) {
        let stored = node.var.as_ref().and_then(|var| self.state.variables.get(var)).map(Value::to_string);
        if let Some(captured) = captured(&mut self.state.captured, node.asks)
            && *captured == stored
        {
            *captured = None;
        }
    }

    /// What an ask node's variable becomes, and with it the contact.
    pub fn keep(&mut self, node: &AskNode, value: Option<Value>, extension: Option<String>) {
        if let (Some(captured), Some(value)) = (captured(&mut self.state.captured, node.asks), &value) {
            *captured = Some(value.to_string());
        }
        if let Some(var) = &node.var {
            if node.asks == AskType::Phone {
                self.put(&extension_of(var), extension.map(Value::Text));
            }
            self.put(var, value);
        }
    }

    fn enter_set(&mut self, set: &'a SetNode) -> Option<&'a str> {
        let value = evaluate::assigned(&set.to, self.scope());
        self.put(&set.var, value);
        Some(&set.next)
    }

    /// Tells the contact, if it can be reached.
    fn save(&mut self, node: &'a SaveNode) -> &'a str {
        let scope = self.scope();
        let value = |name: &Option<String>| name.as_ref().and_then(|name| scope.get(name));
        let contact = Fields {
            name: value(&node.name).map(|name| name.to_string()),
            email: value(&node.email).and_then(|email| judge::email_of(&email)),
            phone: value(&node.phone).and_then(|phone| judge::phone_of(&phone, self.env)),
        };
        if !contact.is_reachable() {
            return node.otherwise.as_ref().unwrap_or(&node.next);
        }
        let custom = node.custom.iter().filter_map(|name| Some((name.clone(), scope.get(name)?))).collect();
        self.state.saved = Some(contact.clone());
        self.effect(Effect::Save { contact, custom });
        &node.next
    }

    fn hand_over(&mut self, node: &HandoverNode) -> Option<&'a str> {
        if let Some(text) = &node.text {
            self.say(self.render(text));
        }
        self.effect(Effect::Handover { department: node.department.clone() });
        self.state.place = Place::HandedOver { node: node.id.clone() };
        None
    }

    fn enter_end(&mut self, node: &'a EndNode) -> Option<&'a str> {
        if let Some(text) = &node.text {
            self.say(self.render(text));
        }
        match &node.then {
            Then::Close => {
                self.close(Ending::Finished);
                None
            }
            Then::Restart(target) => {
                let prefill = &self.flow.document().prefill;
                self.state.variables.retain(|name, _| prefill.contains(name));
                Some(target)
            }
        }
    }

    fn close(&mut self, reason: Ending) {
        self.effect(Effect::Close { reason });
        self.state.place = Place::Done;
    }
}

/// A question that was just asked.
fn fresh(node: &str) -> Asking {
    Asking { node: node.to_owned(), attempts: 0, confirming: None, suggested: None }
}

/// Which part of the contact an answer of that type is.
fn captured(contact: &mut Fields, asks: AskType) -> Option<&mut Option<String>> {
    match asks {
        AskType::Name => Some(&mut contact.name),
        AskType::Email => Some(&mut contact.email),
        AskType::Phone => Some(&mut contact.phone),
        _ => None,
    }
}
