//! What all templates of pages keep to, so that they look and read alike. Tests only: each rule is one.

use std::{fs, path::Path};

/// Every template: where it is, and its text.
fn templates() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("templates")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push((path.display().to_string(), fs::read_to_string(&path).unwrap())),
            }
        }
    }
    assert!(found.len() > 50, "they are found: {}", found.len());
    found
}

/// The tags of a text that begin with one of these names, from `<` to the end of what makes the tag. A `>` within
/// what the template fills in ends no tag.
fn tags<'a>(text: &'a str, names: &'a [&str]) -> impl Iterator<Item = &'a str> {
    text.match_indices('<').map(|(at, _)| &text[at..]).filter_map(move |rest| {
        let name = rest[1..].split(|c: char| !c.is_ascii_alphanumeric()).next()?;
        let end = rest
            .match_indices('>')
            .find(|(end, _)| rest[..*end].matches("{%").count() == rest[..*end].matches("%}").count());
        names.contains(&name).then_some(&rest[..end?.0])
    })
}

#[test]
fn every_list_is_cards_on_a_phone_with_all_its_columns() {
    for (path, text) in templates() {
        for table in tags(&text, &["table"]).filter(|tag| tag.contains("\"list")) {
            assert!(table.contains("list stack"), "{path}: {table}");
        }
    }
}

#[test]
fn no_cell_and_no_heading_takes_its_direction_from_what_somebody_wrote() {
    for (path, text) in templates() {
        for tag in tags(&text, &["td", "th", "h1", "h2", "h3"]) {
            assert!(!tag.contains("dir=\"auto\""), "{path}: {tag}>: what was written goes into <bdi>");
        }
    }
}
