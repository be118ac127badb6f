//! What the bot says: texts with values in them, and its own few words.
//!
//! Values are put in once and never looked at again: one that contains `{{…}}` is shown as it is.

use super::{MAX_TEXT, scope::Scope};

/// What is shown for yes unless a node says otherwise.
pub(super) const YES: &str = "Yes";
/// What is shown for no unless a node says otherwise.
pub(super) const NO: &str = "No";
/// What stands in the transcript for a press on the skip button.
pub(super) const SKIP: &str = "Skip";
/// Follows what is wrong with a reply that need not be given.
pub(super) const SKIP_OFFERED: &str = "You can also skip this.";
/// To a visitor who would skip what is needed.
pub(super) const NEEDED: &str = "This is needed to go on.";
/// To an unclear reply to a question of yes or no.
pub(super) const YES_OR_NO: &str = "Please answer yes or no.";
/// When the bot gives up on a question and the flow's author says nothing else.
pub(super) const WITHOUT: &str = "Let us go on without it.";

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Shown as it is.
    Plain(&'a str),
    /// Between `{{` and the next `}}`, without white space around it.
    Slot(&'a str),
}

/// The parts of a text in order, in one pass.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(close) = rest.find("}}") {
        match rest[..close].rfind("{{") {
            Some(open) => {
                pieces.push(Piece::Plain(&rest[..open]));
                pieces.push(Piece::Slot(rest[open + 2..close].trim()));
            }
            None => pieces.push(Piece::Plain(&rest[..close + 2])),
        }
        rest = &rest[close + 2..];
    }
    pieces.push(Piece::Plain(rest));
    pieces
}

/// The text with values in the place of names; empty for names without one. At most [`MAX_TEXT`] code points.
pub(super) fn render(text: &str, scope: Scope<'_>) -> String {
    let mut rendered = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Plain(plain) => rendered.push_str(plain),
            Piece::Slot(name) => {
                if let Some(value) = scope.get(name) {
                    rendered.push_str(&value.to_string());
                }
            }
        }
    }
    shortened(rendered)
}

/// What is said to a reply that is no answer to a choice: the answers, later also how to give one.
pub(super) fn choose_one(labels: &[&str], attempt: u32) -> String {
    let list = labels.join(", ");
    shortened(match attempt {
        0 | 1 => format!("Please choose one of these: {list}."),
        _ => format!("Sorry, that is none of the answers. Press a button, or type one of these: {list}."),
    })
}

/// What is said to an invalid reply: what is wrong, what may have been meant, and that it can be skipped.
pub(super) fn refusal(wrong: &str, suggestion: Option<&str>, optional: bool) -> String {
    let mut text = wrong.to_owned();
    if let Some(suggestion) = suggestion.filter(|suggestion| !wrong.contains(suggestion)) {
        text = format!("{text} Did you mean {suggestion}?");
    }
    if optional {
        text = format!("{text} {SKIP_OFFERED}");
    }
    shortened(text)
}

/// At most [`MAX_TEXT`] code points, the last of them an ellipsis if some were cut off.
pub(super) fn shortened(mut text: String) -> String {
    if let Some((last, _)) = text.char_indices().nth(MAX_TEXT - 1)
        && text[last..].chars().nth(1).is_some()
    {
        text.truncate(last);
        text.push('…');
    }
    text
}
