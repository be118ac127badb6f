//! The reference's rows, all of them without exception, and what they stand on.

use super::super::fixtures;
use super::*;

#[test]
fn every_row_of_the_reference_has_its_outcome() {
    let mut wrong = Vec::new();
    for [verdict, region, reply, outcome] in fixtures::rows(include_str!("../../../fixtures/phones.tsv")) {
        let region = Some(region.as_str()).filter(|region| *region != "-");
        let strict = shown(phone(&reply, region, true));
        let lax = shown(phone(&reply, region, false));
        let right = match verdict.as_str() {
            "accept" | "refuse" => strict == outcome && lax == outcome,
            "strict" => strict == "phone_not_assigned" && lax.starts_with('+'),
            "valid" => strict.starts_with('+'),
            "unassigned" => strict == "phone_not_assigned",
            other => panic!("{other} is no verdict"),
        };
        if !right {
            wrong.push(format!("{verdict} {region:?} {reply:?} {outcome}: {strict} / {lax}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn shown(outcome: Result<Phone, Rejected>) -> String {
    match outcome {
        Ok(Phone { e164, extension: Some(extension) }) => format!("{e164} ext={extension}"),
        Ok(Phone { e164, extension: None }) => e164,
        Err(rejected) => rejected.code.to_owned(),
    }
}

#[test]
fn the_version_shown_is_that_of_the_metadata_in_use() {
    let lock = include_str!("../../../../../Cargo.lock");
    let version =
        lock.split_once("name = \"phonenumber\"\nversion = \"").unwrap().1.split('"').next().unwrap();
    assert_eq!(version.split_once('+').unwrap().1, PHONE_METADATA);
}

#[test]
fn regions_are_upper_case_codes_with_a_plan() {
    assert!(known_region("IN") && known_region("GG"));
    assert!(!known_region("in") && !known_region("001") && !known_region("ZZ") && !known_region(""));
}

#[test]
fn every_taken_number_is_taken_again_as_it_was_given_back() {
    for [verdict, region, reply, _] in fixtures::rows(include_str!("../../../fixtures/phones.tsv")) {
        let first = phone(&reply, Some(&region), true);
        if let Ok(first) = first {
            let again = phone(&first.e164, None, true).map(|phone| phone.e164);
            assert_eq!(again, Ok(first.e164), "{verdict} {reply}");
        }
    }
}
