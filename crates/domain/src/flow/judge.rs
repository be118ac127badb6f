//! Whether a reply is an answer to what a node asks.

use jiff::civil::Date;

use super::{
    Flow,
    document::{AskNode, AskType, Bound, Transform},
    scope::Env,
    state::Answer,
    value::{Number, Value},
};
use crate::answers::{self, DateRules, NumberRules, Rejected};

/// Replies that skip an optional question, whatever it asks for.
const SKIPPING: [&str; 4] = ["skip", "skip it", "skip this", "/skip"];
/// Replies that decline an optional question and could not be its answer.
const DECLINING: [&str; 10] =
    ["no", "nope", "none", "no thanks", "no thank you", "not now", "pass", "n/a", "-", "nothing"];

/// Whether the visitor would rather not answer. Words that could be an answer to a question for a text do not count.
pub(super) fn declines(asks: AskType, reply: &str) -> bool {
    let reply = reply.trim().trim_end_matches(['.', '!']).to_lowercase();
    let any_words = matches!(asks, AskType::Text | AskType::Name | AskType::Regex | AskType::Confirm);
    SKIPPING.contains(&reply.as_str()) || (!any_words && DECLINING.contains(&reply.as_str()))
}

/// The value of a reply, or why it has none.
pub(super) fn judge(flow: &Flow, node: &AskNode, reply: &str, env: &Env) -> Result<Answer, Rejected> {
    let reply = &transformed(node.transform, reply);
    let text = |text: String| Answer { value: Value::Text(text), extension: None };
    match node.asks {
        AskType::Text => answers::text(reply, node.max_length.unwrap_or(answers::MAX_REPLY)).map(text),
        AskType::Name => answers::name(reply).map(text),
        AskType::Email => answers::email(reply).map(|email| text(email.address)),
        AskType::Phone => answers::phone(reply, env.region.as_deref(), node.strict.unwrap_or(true))
            .map(|phone| Answer { value: Value::Text(phone.e164), extension: phone.extension }),
        AskType::Number => {
            let rules = number_rules(node, env);
            let number = answers::number(reply, &rules)?;
            let number =
                Number::new(number).ok_or_else(|| refused("number_invalid", "Please type a number."))?;
            Ok(Answer { value: Value::Number(number), extension: None })
        }
        AskType::Date => answers::date(reply, &date_rules(node, env)).map(|date| text(date.to_string())),
        AskType::Link => answers::link(reply).map(text),
        AskType::Regex => {
            let pattern = node.pattern.as_deref().and_then(|pattern| flow.pattern(pattern));
            let pattern = pattern.expect("the check wants a pattern that compiles of every regex question");
            answers::matches(reply, pattern).map(text)
        }
        AskType::Confirm => answers::yes_no(reply)
            .map(|yes| Answer { value: Value::Bool(yes), extension: None })
            .ok_or_else(|| refused("confirm_unclear", super::say::YES_OR_NO)),
    }
}

fn refused(code: &'static str, message: &str) -> Rejected {
    Rejected { code, message: message.to_owned(), suggestion: None }
}

fn transformed(transform: Option<Transform>, reply: &str) -> String {
    match transform {
        Some(Transform::Upper) => reply.to_uppercase(),
        Some(Transform::Lower) => reply.to_lowercase(),
        Some(Transform::Trim) | None => reply.to_owned(),
    }
}

fn number_rules(node: &AskNode, env: &Env) -> NumberRules {
    let bound = |bound: &Option<Bound>| match bound {
        Some(Bound::Number(number)) => Some(number.get()),
        Some(Bound::Word(_)) => Some(f64::from(env.now.year())),
        None => None,
    };
    NumberRules { integer: node.integer, min: bound(&node.min), max: bound(&node.max) }
}

fn date_rules(node: &AskNode, env: &Env) -> DateRules {
    let today = env.now.date();
    let bound = |bound: &Option<Bound>| match bound {
        // `today` is the one word that is no date.
        Some(Bound::Word(word)) => Some(word.parse().unwrap_or(today)),
        Some(Bound::Number(_)) | None => None,
    };
    let (mut min, mut max) = (bound(&node.min), bound(&node.max));
    if let Some(days) = node.within_days {
        let span = jiff::Span::new().try_days(days);
        let last = span.and_then(|span| today.checked_add(span)).unwrap_or(Date::MAX);
        min = Some(min.map_or(today, |min| min.max(today)));
        max = Some(max.map_or(last, |max| max.min(last)));
    }
    DateRules { today, min, max, weekdays: node.weekdays }
}

/// The e-mail address that a value is, if it is one.
pub(super) fn email_of(value: &Value) -> Option<String> {
    answers::email(&value.to_string()).ok().map(|email| email.address)
}

/// The phone number (E.164) that a value is, if it is one: one that an earlier question took, perhaps less strictly
/// than would be here, or one that the page brought along.
pub(super) fn phone_of(value: &Value, env: &Env) -> Option<String> {
    let text = value.to_string();
    let is_e164 = text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit())
    });
    if is_e164 {
        return Some(text);
    }
    answers::phone(&text, env.region.as_deref(), true).ok().map(|phone| phone.e164)
}
