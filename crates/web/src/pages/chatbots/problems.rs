//! What is wrong with a flow, in the words of its pages: they show steps with fields that have labels, where the flow's
//! check speaks of nodes and names things as its JSON does. Must not judge anything.

use app::chatbots;
use domain::FieldError;

/// Everything that would keep `flow` from being published, as [`chatbots::problems`] finds it.
pub(super) fn problems(flow: &str, departments: &[String]) -> Vec<FieldError> {
    let told = |it: FieldError| FieldError { message: told(&it.message), ..it };
    chatbots::problems(flow, departments).into_iter().map(told).collect()
}

/// What the pages say otherwise, longer ones first.
const PHRASES: &[(&str, &str)] = &[
    ("there is no node ``; name one that exists", "this way leads nowhere; choose a step"),
    ("give it a `next`, or the choice one for all options", "choose a step for it, or one for all answers"),
    ("give it a `next`", "choose a step"),
    ("declare it under `prefill`", "name it among the variables that the page may bring along"),
    ("put an ask or a choice in between", "put a question or a choice in between"),
    ("type `confirm` needs a target for", "a question of yes or no needs a step for"),
    ("without any use `default`", "without any it is the way where no case holds"),
];

/// What the pages call otherwise.
const WORDS: &[(&str, &str)] =
    &[("node", "step"), ("nodes", "steps"), ("option", "answer"), ("options", "answers"), ("branch", "case")];

fn told(message: &str) -> String {
    let mut text = another(message);
    for (check, page) in PHRASES {
        text = text.replace(check, page);
    }
    let parts = text.split('`').enumerate();
    parts.map(|(place, part)| if place % 2 == 1 { format!("“{part}”") } else { words(part) }).collect()
}

/// A node that is named by its place, which no page shows, is another one.
fn another(message: &str) -> String {
    let rest =
        message.strip_prefix("node ").map(|rest| rest.trim_start_matches(|it: char| it.is_ascii_digit()));
    rest.filter(|rest| rest.starts_with(' ')).map_or(message.to_owned(), |rest| format!("another node{rest}"))
}

/// With the pages' words; what stands in quotation marks is somebody's own.
fn words(text: &str) -> String {
    let own = |word: &str| WORDS.iter().find(|(check, _)| *check == word).map(|(_, page)| *page);
    let mut told = String::with_capacity(text.len());
    for (place, part) in text.split('"').enumerate() {
        if place > 0 {
            told.push('"');
        }
        for piece in part.split_inclusive(|it: char| !it.is_alphanumeric()) {
            let word = piece.trim_end_matches(|it: char| !it.is_alphanumeric());
            told.push_str(own(word).filter(|_| place % 2 == 0).unwrap_or(word));
            told.push_str(&piece[word.len()..]);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_check_says_becomes_what_the_pages_say() {
        for (check, page) in [
            (
                "there is no node `a node`; name one that exists",
                "there is no step “a node”; name one that exists",
            ),
            ("node 12 has the id `a` too; use another", "another step has the id “a” too; use another"),
            ("`a` → `b` goes round without waiting", "“a” → “b” goes round without waiting"),
            ("12 nodes follow each other", "12 steps follow each other"),
            ("there is no department \"a node\"", "there is no department \"a node\""),
            ("must not be empty", "must not be empty"),
        ] {
            assert_eq!(told(check), page);
        }
    }

    /// Else it would stand here unseen when the check says something else. The check's own tests have all that it says.
    #[test]
    fn each_phrase_is_one_that_the_check_says() {
        let said = include_str!("../../../../domain/src/flow/tests/check.rs");
        for (check, _) in PHRASES {
            let mut parts = check.split("``");
            assert!(parts.all(|part| said.contains(part)), "{check}");
        }
    }
}
