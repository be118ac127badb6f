//! The reference's rows, all of them, and what follows from them.

use proptest::prelude::*;

use super::super::fixtures;
use super::*;

const ROWS: &str = include_str!("../../../fixtures/emails.tsv");

#[test]
fn every_row_of_the_reference_has_its_outcome() {
    let mut wrong = Vec::new();
    for [verdict, reply, outcome, second] in fixtures::rows(ROWS) {
        let (got, got_second) = match email(&reply) {
            Ok(Email { address, key }) => (address, key),
            Err(rejected) => (rejected.code.to_owned(), rejected.suggestion.unwrap_or("-".to_owned())),
        };
        let same = |typed: &str, got: &str| typed == got || typed == "=" && got == reply;
        let taken = email(&reply).is_ok();
        if taken != (verdict == "accept") || !same(&outcome, &got) || !same(&second, &got_second) {
            wrong.push(format!("{verdict} {reply:?} {outcome} {second}: {got} {got_second}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn spellings_of_one_address_have_one_key() {
    for (one, other) in [
        ("user@bücher.example", "user@xn--bcher-kva.example"),
        ("USER@EXAMPLE.COM", "user@example.com"),
        ("Pele\u{301}@example.com", "PELÉ@EXAMPLE.COM"),
        ("STRASSE@example.com", "straße@example.com"),
        ("ΘΣΕΣ@example.com", "θσες@example.com"),
        ("user@BÜCHER.example", "user@bu\u{308}cher.example"),
    ] {
        assert_eq!(email(one).unwrap().key, email(other).unwrap().key, "{one} {other}");
    }
    // Folding takes this letter apart; the key has it whole.
    assert_eq!(email("ΐ@example.com").unwrap().key, "ΐ@example.com");
    assert_ne!(email("ısı@example.com").unwrap().key, email("isi@example.com").unwrap().key);
}

#[test]
fn lengths_are_taken_up_to_their_limits_and_not_beyond() {
    let code = |address: &str| email(address).map_err(|rejected| rejected.code).map(|_| ());
    let (x64, b63) = ("x".repeat(64), "b".repeat(63));
    assert_eq!(code(&format!("{x64}@example.com")), Ok(()));
    assert_eq!(code(&format!("x{x64}@example.com")), Err("email_local_too_long"));
    // 33 letters of two octets are 66.
    assert_eq!(code(&format!("{}@example.com", "é".repeat(33))), Err("email_local_too_long"));
    assert_eq!(code(&format!("a@{b63}.com")), Ok(()));
    assert_eq!(code(&format!("a@b{b63}.com")), Err("email_domain_too_long"));
    let long = |last: usize| format!("{x64}@{b63}.{b63}.{}.com", "c".repeat(last));
    assert_eq!((long(57).len(), code(&long(57))), (254, Ok(())));
    assert_eq!((long(58).len(), code(&long(58))), (255, Err("email_too_long")));
    let labels = format!("a.{}", "b.".repeat(126));
    assert_eq!(code(&format!("a@{labels}co")), Err("email_domain_too_long"));
    // Longer than the limit in one form only: as typed, then as DNS has it.
    let accented = vec!["é".repeat(50); 3].join(".");
    assert_eq!(code(&format!("a@{accented}.com")), Err("email_too_long"));
    assert_eq!(code(&format!("{x64}@{}com", "é.".repeat(25))), Err("email_too_long"));
}

proptest! {
    #[test]
    fn what_is_taken_is_taken_again_unchanged(reply in "[a-zA-ZéßİΣ.+]{1,8}@[a-zA-Zéüß-]{1,6}[.。][a-zA-Z]{2,4}") {
        if let Ok(first) = email(&reply) {
            let again = email(&first.address);
            prop_assert_eq!(again.as_ref(), Ok(&first));
            let by_key = email(&first.key).map(|email| email.key);
            prop_assert_eq!(by_key, Ok(first.key));
        }
    }
}
