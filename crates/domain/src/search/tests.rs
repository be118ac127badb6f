//! What is found, and what is not.

use super::*;
use crate::{Context, Id, Timestamp};

fn event(event_type: EventType, data: Option<&str>) -> Event {
    Event {
        id: Id::from_parts(1, &[0; 10]),
        account: Id::from_parts(1, &[1; 10]),
        event_type,
        data: data.map(str::to_owned),
        context: Context::default(),
        occurred_at: Timestamp::default(),
        created_at: Timestamp::default(),
        planned: 0,
    }
}

fn keys(data: &str) -> (Option<String>, Option<String>) {
    let Keys { email, phone } = Keys::of(&event(EventType::ContactInformation, Some(data)));
    (email, phone)
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn found(text: &str, json: &str) -> bool {
    Needle::new(text).unwrap().is_in_values(json)
}

#[test]
fn an_event_is_found_by_address_and_number_in_whatever_spelling() {
    let data = r#"{"name":"A","email":"Zo\u00eb@B\u00fccher.Example","phone":"+91 (98) 111-23456"}"#;
    assert_eq!(
        keys(data),
        (some("zoë@xn--bcher-kva.example"), some("+9198111 23456".replace(' ', "").as_str()))
    );
    assert_eq!(email_key("ZOË@xn--bcher-kva.example"), "zoë@xn--bcher-kva.example");
    assert_eq!(keys(r#"{"email":" No Address ","phone":"0 98-1"}"#), (some("no address"), some("0981")));
    assert_eq!(keys(r#"{"email":"a@b.example","email":"c@d.example"}"#).0, some("c@d.example"));
}

#[test]
fn data_that_has_neither_or_what_no_index_takes_has_no_keys() {
    for data in [
        r#"{"name":"A","email":null,"phone":null}"#,
        r#"{"email":"","phone":"none"}"#,
        r#"{"email":["a@b.example"],"phone":919811}"#,
        r#"{"email":"a\u0000@b.example","phone":"1\u00002"}"#,
    ] {
        assert_eq!(keys(data), (None, None), "{data}");
    }
    let long = "1".repeat(LONGEST_KEY + 1);
    assert_eq!(keys(&format!(r#"{{"email":"{long}","phone":"{long}"}}"#)), (None, None));
    let data = EventType::ContactInformation.sample_data();
    assert_eq!(Keys::of(&event(EventType::ChatTranscript, Some(data))), Keys::default());
    assert_eq!(Keys::of(&event(EventType::ContactInformation, None)), Keys::default());
}

#[test]
fn a_text_is_found_in_values_as_they_are_read() {
    let json = r#"{"name":"Zo\u00eb \"Z\" M\u00fcller","n":[{"pax":1204,"x":"50%_\\ off"}],"ok":true}"#;
    for text in ["zoë", "ZOË", "Zoe\u{308}", "MÜLLER", r#""z""#, "50%", "%_\\", "1204", "\\ OFF", " off "]
    {
        assert!(found(text, json), "{text}");
    }
    for text in ["zoe", "name", "pax", "u00eb", "true", "5_%", "%zo%", "z*", "{", ":", "12041", "off,"] {
        assert!(!found(text, json), "{text}");
    }
}

#[test]
fn a_text_in_plain_data_is_found_in_values_alone() {
    let json = r#"{"name":"Ann","note":"a name"}"#;
    assert!(found("a NAME", json) && found("ann", json));
    assert!(!found("note", json) && !found("\",\"", json));
}

#[test]
fn any_script_is_found() {
    assert!(found("שלום", r#"{"a":"אמר שלום לכולם"}"#));
    assert!(found("مرحبا", r#"{"a":"\u0645\u0631\u062d\u0628\u0627"}"#));
    assert!(found("👩‍🚀", r#"{"a":"the 👩‍🚀 left"}"#) && found("😀", r#"{"a":"\ud83d\ude00"}"#));
    assert!(found("café", "{\"a\":\"CAFE\u{301}\"}") && found("cafe\u{301}", r#"{"a":"CAFÉ"}"#));
}

#[test]
fn what_is_no_json_is_no_reason_to_panic() {
    for json in ["", "\"", "{\"a\":\"b", "\"\\", "\"\\\"", "1", "-", r#""\ud83d""#, "\u{e9}\"\u{e9}"] {
        assert!(!found("zz", json), "{json}");
    }
    assert!(found("d83d", r#"{"a":"\ud83d"}"#), "half a pair has no other spelling");
}

#[test]
fn names_are_found_by_the_beginnings_of_their_words() {
    let begins = |text: &str, name: &str| Needle::new(text).unwrap().begins_words_of(name);
    assert!(begins("car jo", "John Carter") && begins("ÉLO", "Anne E\u{301}lodie-Marie"));
    assert!(
        begins("marie", "Élodie-Marie") && begins("élodie-m", "Élodie-Marie") && begins("brien", "O'Brien")
    );
    assert!(!begins("arter", "John Carter") && !begins("john x", "John Carter"));
}

#[test]
fn a_part_of_a_number_is_told_from_other_texts() {
    let digits = |text: &str| Needle::new(text).unwrap().digits();
    assert_eq!(digits("+91 98-11"), some("919811"));
    assert_eq!((digits("12"), digits("route 66 123")), (None, None));
}

#[test]
fn a_text_has_a_length() {
    assert!(Needle::new("  ").is_err() && Needle::new(&"é".repeat(Needle::MAX + 1)).is_err());
    assert!(Needle::new(&"é".repeat(Needle::MAX)).is_ok());
}
