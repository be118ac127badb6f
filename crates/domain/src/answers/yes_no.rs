//! Yes or no.

/// Words that mean yes.
const YES: &[&str] = &[
    "yes",
    "y",
    "yeah",
    "yep",
    "yup",
    "sure",
    "ok",
    "okay",
    "of course",
    "yes please",
    "true",
    "correct",
    "right",
];

/// Words that mean no.
const NO: &[&str] = &["no", "n", "nope", "nah", "no thanks", "no thank you", "false", "wrong", "not really"];

/// What a reply to a yes-or-no question means, if it is clear.
pub fn yes_no(reply: &str) -> Option<bool> {
    let typed = super::trimmed(reply).ok()?.to_lowercase();
    let word = typed.trim_end_matches(['.', '!', ',']).trim_end();
    if YES.contains(&word) {
        return Some(true);
    }
    NO.contains(&word).then_some(false)
}
