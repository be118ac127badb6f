//! What a reply does to the question that it answers, or fails to.

use super::{Reply, ask_of, choice_of, confirm_back, consent_labels, consent_of, walk::Walk};
use crate::{
    answers::{self, Rejected},
    flow::{
        document::{AskNode, AskType, ChoiceNode, ConsentNode},
        judge, options, say,
        scope::Scope,
        state::{Answer, Asking},
        turn::{Ask, Effect},
        value::{Value, folded},
    },
};

impl<'a> Walk<'a> {
    /// A reply to an ask node.
    pub fn answer(&mut self, node: &'a AskNode, asking: &Asking, reply: Reply<'_>) {
        let ask = if asking.confirming.is_some() { confirm_back(node) } else { ask_of(node) };
        let typed = self.hear(&ask, reply);
        // After a question of yes or no, `no` answers that.
        let is_yes_or_no = asking.confirming.is_some() || asking.suggested.is_some();
        let asked = if is_yes_or_no { AskType::Confirm } else { node.asks };
        let Some(typed) = typed.filter(|typed| !(node.optional && judge::declines(asked, typed))) else {
            return if node.optional { self.leave_empty(node) } else { self.refuse_skip(node, asking) };
        };
        match &asking.confirming {
            Some(answer) => self.confirm(node, asking, answer, &typed),
            None => self.take(node, asking, &typed),
        }
    }

    /// Notes what stands in the transcript. The text to judge; None if the question is skipped.
    fn hear(&mut self, ask: &Ask, reply: Reply<'_>) -> Option<String> {
        let (heard, text) = match reply {
            Reply::Typed(text) => (text, Some(text)),
            Reply::Pressed(value) => {
                let button = ask.choices.iter().find(|choice| choice.value == value);
                (button.map_or(value, |choice| choice.label.as_str()), Some(value))
            }
            Reply::Skipped => (say::SKIP, None),
        };
        self.heard = Some(heard.to_owned());
        text.map(str::to_owned)
    }

    /// A reply to the question itself.
    fn take(&mut self, node: &'a AskNode, asking: &Asking, typed: &str) {
        let taken = asking.suggested.as_deref().filter(|_| answers::yes_no(typed) == Some(true));
        match judge::judge(self.flow, node, taken.unwrap_or(typed), self.env) {
            Ok(answer) => self.accept(node, asking, answer),
            Err(rejected) => self.refuse(node, asking, &rejected),
        }
    }

    fn accept(&mut self, node: &'a AskNode, asking: &Asking, answer: Answer) {
        match &node.confirm {
            Some(question) => self.give_back(node, asking, answer, question, None),
            None => self.settle(node, answer),
        }
    }

    /// Asks whether the answer is right. The answer stands in its variable for the length of the question only.
    fn give_back(
        &mut self,
        node: &AskNode,
        asking: &Asking,
        answer: Answer,
        question: &str,
        hint: Option<&str>,
    ) {
        let mut variables = self.state.variables.clone();
        variables.extend(node.var.clone().map(|var| (var, answer.value.clone())));
        let question = say::render(question, Scope { variables: &variables, env: self.env });
        let text = hint.map_or(question.clone(), |hint| say::shortened(format!("{hint} {question}")));
        let asking = Asking { confirming: Some(answer), suggested: None, ..asking.clone() };
        self.ask(text, confirm_back(node), asking);
    }

    /// A reply to the question whether the answer is right. What is neither yes nor no may be a better answer.
    fn confirm(&mut self, node: &'a AskNode, asking: &Asking, answer: &Answer, typed: &str) {
        match answers::yes_no(typed) {
            Some(true) => return self.settle(node, answer.clone()),
            Some(false) => {
                let asking = Asking { confirming: None, ..asking.clone() };
                return self.ask(self.render(&node.text), ask_of(node), asking);
            }
            None => {}
        }
        // Any words would be an answer to these.
        let any_words = matches!(node.asks, AskType::Text | AskType::Name);
        if !any_words && let Ok(better) = judge::judge(self.flow, node, typed, self.env) {
            return self.accept(node, asking, better);
        }
        let attempts = asking.attempts.saturating_add(1);
        match &node.confirm {
            Some(question) if attempts < node.limit() => {
                let asking = Asking { attempts, ..asking.clone() };
                self.give_back(node, &asking, answer.clone(), question, Some(say::YES_OR_NO));
            }
            _ => self.give_up(node),
        }
    }

    /// The answer counts; on to the next node.
    fn settle(&mut self, node: &'a AskNode, answer: Answer) {
        let target = match answer.value {
            Value::Bool(true) if node.asks == AskType::Confirm => &node.yes,
            Value::Bool(false) if node.asks == AskType::Confirm => &node.no,
            _ => &node.next,
        };
        self.keep(node, Some(answer.value), answer.extension);
        self.leave(target.as_deref());
    }

    fn leave_empty(&mut self, node: &'a AskNode) {
        self.keep(node, None, None);
        self.leave(onward(node));
    }

    /// After too many invalid replies.
    fn give_up(&mut self, node: &'a AskNode) {
        self.keep(node, None, None);
        if node.fail.is_none() {
            self.say(say::WITHOUT.to_owned());
        }
        self.leave(node.fail.as_deref().or(onward(node)));
    }

    fn leave(&mut self, target: Option<&'a str>) {
        self.go(target.expect("the check wants of every ask node a way on"));
    }

    fn refuse_skip(&mut self, node: &'a AskNode, asking: &Asking) {
        let message = say::NEEDED.to_owned();
        self.refuse(node, asking, &Rejected { code: "needed", message, suggestion: None });
    }

    /// Asks again, or gives up.
    fn refuse(&mut self, node: &'a AskNode, asking: &Asking, rejected: &Rejected) {
        let attempts = asking.attempts.saturating_add(1);
        if attempts >= node.limit() {
            return self.give_up(node);
        }
        let place = node.errors.len().min(attempts as usize).checked_sub(1);
        let wrong = place.map_or_else(|| rejected.message.clone(), |place| self.render(&node.errors[place]));
        let text = say::refusal(&wrong, rejected.suggestion.as_deref(), node.optional);
        let ask = if asking.confirming.is_some() { confirm_back(node) } else { ask_of(node) };
        let suggested = rejected.suggestion.clone();
        self.ask(text, ask, Asking { attempts, suggested, ..asking.clone() });
    }

    /// A reply to a choice node.
    pub fn choose(&mut self, node: &'a ChoiceNode, asking: &Asking, reply: Reply<'_>) {
        let ask = choice_of(node);
        let typed = self.hear(&ask, reply);
        let pressed =
            node.options.iter().find(|option| matches!(reply, Reply::Pressed(v) if v == option.value));
        let typed = typed.as_deref();
        let meant = pressed.or_else(|| typed.and_then(|typed| options::meant(&node.options, typed)));
        let Some(option) = meant else {
            let attempts = asking.attempts.saturating_add(1);
            let labels: Vec<&str> = ask.choices.iter().map(|choice| choice.label.as_str()).collect();
            let hint = say::choose_one(&labels, attempts);
            return self.ask(hint, ask, Asking { attempts, ..asking.clone() });
        };
        if let Some(var) = &node.var {
            self.put(var, Some(Value::from(option.value.as_str())));
        }
        let target = option.next.as_ref().or(node.next.as_ref());
        self.leave(target.map(String::as_str));
    }

    /// A reply to a consent node. Only what is clearly yes is yes.
    pub fn consent(&mut self, node: &'a ConsentNode, asking: &Asking, reply: Reply<'_>) {
        let ask = consent_of(node);
        let typed = self.hear(&ask, reply).unwrap_or_default();
        let (yes, no) = consent_labels(node);
        let given = match reply {
            Reply::Pressed("yes") => Some(true),
            Reply::Pressed("no") => Some(false),
            _ if folded(&typed) == folded(yes) => Some(true),
            _ if folded(&typed) == folded(no) => Some(false),
            _ => answers::yes_no(&typed),
        };
        let Some(given) = given else {
            let attempts = asking.attempts.saturating_add(1);
            let hint = say::choose_one(&[yes, no], attempts);
            return self.ask(hint, ask, Asking { attempts, ..asking.clone() });
        };
        self.state.consent = Some(given);
        self.effect(Effect::Consent { given, text: self.render(&node.text) });
        if let Some(var) = &node.var {
            self.put(var, Some(Value::Bool(given)));
        }
        self.go(if given { &node.yes } else { &node.no });
    }
}

/// Where an ask node leads without an answer.
fn onward(node: &AskNode) -> Option<&str> {
    node.next.as_deref().or(node.no.as_deref())
}
