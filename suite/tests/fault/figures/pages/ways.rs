//! The addresses of pages, found by following links and by filling in forms that only look something up.
//!
//! Must not know any page.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What is typed into a field for words: what many have, what one has, what nobody has.
const TYPED: [&str; 4] = ["carter", "visitor.70@mail36.example", "+4915100000070", "nobody-has-this"];
/// Pages of one path differ by their filters; so many are enough.
const OF_A_PATH: usize = 40;
/// What is no page of members, or a file.
const NO_PAGES: [&str; 9] =
    ["/api/", "/openapi.json", "/pages/", "/w/", "/widget", "/preview/", "/operator", "/demo", "/live"];
const FILES: [&str; 5] = [".csv", ".json", ".txt", "/export", "/transcript"];

/// An element's beginning, or its end with a slash before the name.
pub struct Tag {
    /// In lower case, as all our templates are.
    pub name: String,
    /// The text behind it, up to the next tag.
    text: String,
    attributes: BTreeMap<String, String>,
}

impl Tag {
    /// An attribute's value; empty if it has none.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

/// All tags of a page. Our templates quote every value.
pub fn tags(html: &str) -> Vec<Tag> {
    html.split('<').skip(1).filter_map(tag).collect()
}

fn tag(text: &str) -> Option<Tag> {
    let end = text.find(|it: char| it.is_whitespace() || it == '>')?;
    let (name, mut rest) = text.split_at(end);
    let mut attributes = BTreeMap::new();
    loop {
        rest = rest.trim_start();
        let end = rest.find(|it: char| it.is_whitespace() || it == '=' || it == '>')?;
        let (attribute, after) = rest.split_at(end);
        if let Some(quoted) = after.strip_prefix("=\"") {
            let (value, after) = quoted.split_once('"')?;
            attributes.insert(attribute.to_owned(), plain(value));
            rest = after;
        } else if !attribute.is_empty() {
            attributes.insert(attribute.to_owned(), String::new());
            rest = after.trim_start_matches('=');
        } else {
            let text = plain(after.trim_start_matches('>').trim());
            return Some(Tag { name: name.to_owned(), text, attributes });
        }
    }
}

/// The text of an attribute without references.
fn plain(value: &str) -> String {
    let known =
        [("&#38;", "&"), ("&amp;", "&"), ("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">")];
    known.iter().fold(value.to_owned(), |text, (reference, means)| text.replace(reference, means))
}

/// The ways that are known.
#[derive(Default)]
pub struct Ways {
    waiting: VecDeque<String>,
    kinds: BTreeSet<String>,
    of_path: BTreeMap<String, usize>,
}

impl Ways {
    /// From there on.
    pub fn from(begin: &str) -> Self {
        let mut ways = Self::default();
        ways.add(begin, begin);
        ways
    }

    /// Where to go next.
    pub fn next(&mut self) -> Option<String> {
        self.waiting.pop_front()
    }

    /// Adds an address that stands on the page `here`, if no page of its kind is known.
    pub fn add(&mut self, here: &str, address: &str) {
        let address = address.split('#').next().unwrap_or_default();
        let address = match address {
            "" => return,
            query if query.starts_with('?') => [here.split('?').next().unwrap_or_default(), query].concat(),
            whole => whole.to_owned(),
        };
        let path = address.split('?').next().unwrap_or_default();
        let no_page =
            NO_PAGES.iter().any(|no| path.starts_with(no)) || FILES.iter().any(|end| path.ends_with(end));
        if !address.starts_with('/') || address.starts_with("//") || no_page {
            return;
        }
        let kind = kind(&address);
        let path = kind.split('?').next().unwrap_or_default().to_owned();
        let known = self.of_path.entry(path).or_default();
        if *known < OF_A_PATH && self.kinds.insert(kind) {
            *known += 1;
            self.waiting.push_back(address);
        }
    }

    /// Adds where a page leads by links and by forms.
    pub fn add_all(&mut self, here: &str, html: &str) {
        let tags = tags(html);
        for link in tags.iter().filter(|tag| tag.name == "a" && tag.get("download").is_none()) {
            self.add(here, link.get("href").unwrap_or_default());
        }
        for (place, form) in tags.iter().enumerate().filter(|(_, tag)| tag.name == "form") {
            if form.get("method").is_none_or(|method| method.eq_ignore_ascii_case("get")) {
                let fields: Vec<_> = tags[place..].iter().take_while(|tag| tag.name != "/form").collect();
                let action = form.get("action").unwrap_or(here);
                for query in queries(&fields) {
                    self.add(here, &format!("{}?{query}", action.split('?').next().unwrap_or_default()));
                }
            }
        }
    }
}

/// What a form can be sent with: each of its fields alone, with each value of a choice, beside what is hidden.
fn queries(fields: &[&Tag]) -> Vec<String> {
    let pair = |name: &str, value: &str| format!("{name}={}", encoded(value));
    let (mut always, mut queries, mut choice) = (Vec::new(), Vec::new(), None);
    for field in fields {
        let name = field.get("name").filter(|name| !name.is_empty());
        match (field.name.as_str(), name, field.get("type").unwrap_or("text")) {
            ("select", name, _) => choice = name,
            ("option", _, _) => {
                let value = Some(field.get("value").unwrap_or(&field.text)).filter(|value| !value.is_empty());
                queries.extend(choice.zip(value).map(|(name, value)| pair(name, value)));
            }
            ("input", Some(name), "hidden") => {
                always.push(pair(name, field.get("value").unwrap_or_default()));
            }
            ("input", Some(name), "search" | "text" | "email" | "tel") => {
                queries.extend(TYPED.map(|typed| pair(name, typed)));
            }
            ("input", Some(name), "checkbox" | "radio") => {
                queries.push(pair(name, field.get("value").unwrap_or("on")));
            }
            _ => {}
        }
    }
    queries.into_iter().map(|query| [always.clone(), vec![query]].concat().join("&")).collect()
}

fn encoded(value: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    value
        .bytes()
        .map(|byte| if kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The address without ids, and without numbers but those that are asked for: a report of 90 days is another than of 7.
pub fn kind(address: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let id = |step: &str| step.split_once('_').is_some_and(|(_, rest)| rest.len() >= 16);
    let number = |step: &str| !step.is_empty() && step.bytes().all(|it| it.is_ascii_digit());
    let steps: Vec<&str> =
        path.split('/').map(|step| if id(step) || number(step) { "*" } else { step }).collect();
    let values =
        query.split('&').filter_map(|pair| pair.split_once('=')).filter(|(_, value)| !value.is_empty());
    let values: BTreeSet<String> =
        values.map(|(name, value)| format!("{name}={}", if id(value) { "*" } else { value })).collect();
    let values: Vec<String> = values.into_iter().collect();
    let mark = if values.is_empty() { "" } else { "?" };
    [&steps.join("/"), mark, &values.join("&")].concat()
}
