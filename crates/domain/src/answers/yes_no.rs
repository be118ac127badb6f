//! Yes or no, in the words that people use for them.

/// What means yes, in lower case.
const YES: &[&str] = &[
    "yes",
    "y",
    "ye",
    "yeah",
    "yea",
    "yep",
    "yup",
    "ya",
    "yes please",
    "yes, please",
    "please do",
    "sure",
    "sure thing",
    "ok",
    "okay",
    "k",
    "of course",
    "absolutely",
    "certainly",
    "definitely",
    "correct",
    "that's correct",
    "right",
    "that's right",
    "true",
    "agreed",
    "i agree",
    "i do",
    "go ahead",
    "👍",
];

/// What means no, in lower case.
const NO: &[&str] = &[
    "no",
    "n",
    "nope",
    "nah",
    "no thanks",
    "no, thanks",
    "no thank you",
    "no, thank you",
    "not now",
    "not really",
    "never",
    "incorrect",
    "wrong",
    "that's wrong",
    "false",
    "i don't",
    "i disagree",
    "👎",
];

/// What a reply to a yes-or-no question means; nothing if it is not clear. The whole reply counts, trimmed, in
/// any case, without punctuation after it: `no idea` and `yes but` mean neither.
pub fn yes_no(reply: &str) -> Option<bool> {
    let typed = super::trimmed(reply).ok()?.to_lowercase().replace('\u{2019}', "'");
    let words = typed.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '.' | '!' | ','));
    match (YES.contains(&words), NO.contains(&words)) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clear_words_are_understood_in_any_case_and_with_punctuation() {
        for reply in ["yes", " Y ", "OK!", "Sure.", "Yes, please!!", "👍", "THAT\u{2019}S RIGHT", "okay ."]
        {
            assert_eq!(yes_no(reply), Some(true), "{reply}");
        }
        for reply in ["no", "N", "Nope.", "nah", "No, thanks", "No thank you!", "👎"] {
            assert_eq!(yes_no(reply), Some(false), "{reply}");
        }
    }

    #[test]
    fn what_is_not_clear_is_neither() {
        for reply in ["", "maybe", "yes but later", "no idea", "yesno", "yes?", "!", "1"] {
            assert_eq!(yes_no(reply), None, "{reply}");
        }
    }

    #[test]
    fn no_word_means_both() {
        assert!(YES.iter().all(|word| !NO.contains(word) && yes_no(word) == Some(true)));
        assert!(NO.iter().all(|word| yes_no(word) == Some(false)));
    }
}
