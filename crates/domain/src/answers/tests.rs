//! What holds for all kinds of answers, whatever is typed.
//!
//! More cases than the default: `PROPTEST_CASES=1000000 cargo test --release -p domain any_reply`.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

/// Compiled once, since that takes longer than all else here.
static PATTERN: LazyLock<Pattern> = LazyLock::new(|| Pattern::new(r"[\w .-]{1,40}").unwrap());

/// What people and scripts may send: any text, and text that is nearly an answer.
fn any_reply() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        r"\PC{0,40}",
        r"[+＋0-9०-९() ./x#;,-]{0,30}",
        r"(tel:|call me at |mailto:|https?://)?[a-z0-9.@:/\[\]<>%_é＠。-]{0,30}",
        r"[0-9]{1,4}[-/. ][0-9a-zA-Z]{1,9}[-/. ,']{1,2}[0-9]{0,5}",
        r"[0-9 ,.'+−-]{0,25}",
        (r"\PC{1,3}", 0_usize..5000).prop_map(|(unit, times)| unit.repeat(times)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn any_reply_is_taken_or_refused_and_what_is_taken_may_be_stored(reply in any_reply(), max in 0_usize..5000) {
        let today = jiff::civil::date(2026, 11, 5);
        let dates = DateRules { today, min: None, max: None, weekdays: false };
        let taken = [
            text(&reply, max),
            name(&reply),
            link(&reply),
            matches(&reply, &PATTERN),
            email(&reply).map(|email| email.address),
            email(&reply).map(|email| email.key),
            phone(&reply, None, false).map(|phone| phone.e164),
            phone(&reply, Some("US"), true).map(|phone| phone.e164),
            phone(&reply, Some("AR"), false).map(|phone| phone.e164),
            number(&reply, &NumberRules::default()).map(|number| number.to_string()),
            date(&reply, &dates).map(|date| date.to_string()),
        ];
        for outcome in taken {
            match outcome {
                Ok(value) => {
                    prop_assert!(!value.is_empty() && value.chars().count() <= MAX_REPLY);
                    prop_assert_eq!(clean(&value), Some(value));
                    prop_assert!(text(&reply, MAX_REPLY).is_ok(), "no kind takes what a text refuses");
                }
                Err(Rejected { code, message, suggestion }) => {
                    prop_assert!(code.contains('_') && message.ends_with(['.', '?']), "{} {}", code, message);
                    prop_assert!(suggestion.is_none_or(|suggestion| suggestion != reply));
                }
            }
        }
        if let Ok(Phone { e164, extension }) = phone(&reply, Some("GB"), false) {
            prop_assert!(e164.starts_with('+') && (3..=16).contains(&e164.len()));
            let digits = format!("{}{}", &e164[1..], extension.unwrap_or_default());
            prop_assert!(digits.chars().all(|c| c.is_ascii_digit()));
        }
        prop_assert!(yes_no(&reply).is_none() || reply.chars().count() < 100);
        let masked = mask_cards(&reply);
        prop_assert_eq!(masked.chars().count(), reply.chars().count());
        let only_digits = |(was, is): (char, char)| was == is || is == '*' && digits::ascii(was).is_ascii_digit();
        prop_assert!(reply.chars().zip(masked.chars()).all(only_digits));
        known_region(&reply);
        let _: Result<Pattern, _> = Pattern::new(&reply);
    }
}

/// Two thousand, or what the environment asks for.
fn cases() -> u32 {
    match ProptestConfig::default().cases {
        256 => 2000,
        asked => asked,
    }
}
