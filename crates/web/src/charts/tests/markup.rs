//! A strict reader of what pictures write: tags in balance, attributes quoted, ids once, nothing outside the frame.

use std::collections::{BTreeMap, BTreeSet};

type Attributes = BTreeMap<String, String>;

const TAGS: [&str; 26] = [
    "figure", "svg", "title", "desc", "pattern", "rect", "circle", "path", "text", "g", "a", "ul", "li",
    "bdi", "details", "summary", "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "p",
    "strong",
];

/// Fails with the reason and the text, if anything is wrong with it.
pub(super) fn check(html: &str) {
    let (mut open, mut ids, mut uses) = (Vec::<String>::new(), BTreeSet::new(), Vec::new());
    let mut frames: Vec<(f64, f64)> = Vec::new();
    let mut patterns = 0;
    for (name, attributes, closing, single) in tags(html) {
        assert!(!name.is_empty() && TAGS.contains(&&*name), "<{name}> in {html}");
        if closing {
            assert_eq!(open.pop().as_deref(), Some(&*name), "in {html}");
            match &*name {
                "svg" => drop(frames.pop()),
                "pattern" => patterns -= 1,
                _ => {}
            }
            continue;
        }
        for (attribute, value) in &attributes {
            assert!(attribute != "style" && !attribute.starts_with("on"), "{attribute} in {html}");
            assert!(!value.contains("NaN") && !value.contains("inf"), "{value} in {html}");
        }
        if let Some(id) = attributes.get("id") {
            assert!(ids.insert(id.clone()), "{id} twice in {html}");
        }
        if let Some(named) = attributes.get("aria-labelledby") {
            uses.extend(named.split(' ').map(str::to_owned));
        }
        if let Some(fill) = attributes.get("fill") {
            uses.push(fill.trim_start_matches("url(#").trim_end_matches(')').to_owned());
        }
        match &*name {
            "svg" => frames.push(frame(&attributes)),
            "pattern" => patterns += 1,
            _ if patterns == 0 => within(&name, &attributes, frames.last().copied(), html),
            _ => {}
        }
        if !single {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} open in {html}");
    assert!(uses.iter().all(|id| ids.contains(id)), "{uses:?}, but there are {ids:?} in {html}");
}

/// Name, attributes, whether it closes, whether it is empty. Text between must be escaped.
fn tags(html: &str) -> Vec<(String, Attributes, bool, bool)> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(begin) = rest.find('<') {
        check_text(&rest[..begin], html);
        let end = rest[begin..].find('>').unwrap_or_else(|| panic!("a tag without an end in {html}")) + begin;
        let inner = &rest[begin + 1..end];
        let (closing, single) = (inner.starts_with('/'), inner.ends_with('/'));
        let inner = inner.trim_matches('/');
        let (name, attributes) = inner.split_once(' ').unwrap_or((inner, ""));
        found.push((name.to_owned(), read_attributes(attributes, html), closing, single));
        rest = &rest[end + 1..];
    }
    check_text(rest, html);
    found
}

fn check_text(text: &str, html: &str) {
    assert!(!text.contains(['>', '"', '\0', '\u{202e}']), "{text:?} in {html}");
    for reference in text.split('&').skip(1) {
        let known = ["amp;", "lt;", "gt;", "quot;", "#39;"].iter().any(|known| reference.starts_with(known));
        assert!(known, "&{reference} in {html}");
    }
}

fn read_attributes(text: &str, html: &str) -> Attributes {
    let (mut attributes, mut rest) = (Attributes::new(), text);
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("{rest:?} in {html}"));
        assert!(name.chars().all(|c| c.is_ascii_alphabetic() || c == '-'), "{name:?} in {html}");
        let (value, after) = after.split_once('"').unwrap_or_else(|| panic!("{after:?} in {html}"));
        check_text(value, html);
        assert!(!value.contains('<'), "{value:?} in {html}");
        assert!(attributes.insert(name.to_owned(), value.to_owned()).is_none(), "{name} twice in {html}");
        assert!(after.is_empty() || after.starts_with(' '), "{after:?} in {html}");
        rest = after.trim_start();
    }
    attributes
}

fn frame(attributes: &Attributes) -> (f64, f64) {
    let numbers: Vec<f64> = attributes["viewBox"].split(' ').map(|number| number.parse().unwrap()).collect();
    (numbers[2], numbers[3])
}

fn number(attributes: &Attributes, name: &str) -> f64 {
    attributes.get(name).map_or(0.0, |value| value.parse().unwrap_or_else(|_| panic!("{name}={value}")))
}

/// A tenth is lost in rounding each of place and size.
const ROUNDED: f64 = 0.2;

fn within(name: &str, attributes: &Attributes, frame: Option<(f64, f64)>, html: &str) {
    let of = |attribute| number(attributes, attribute);
    let (x, y, wide, tall) = match name {
        "rect" => (of("x"), of("y"), of("width"), of("height")),
        "circle" => (of("cx") - of("r"), of("cy") - of("r"), of("r") * 2.0, of("r") * 2.0),
        "text" => (of("x"), of("y"), 0.0, 0.0),
        "path" => return within_path(&attributes["d"], frame, html),
        _ => return,
    };
    let (width, height) = frame.unwrap_or_else(|| panic!("<{name}> outside of a picture in {html}"));
    let inside =
        x >= -ROUNDED && y >= -ROUNDED && x + wide <= width + ROUNDED && y + tall <= height + ROUNDED;
    assert!(
        inside && wide >= 0.0 && tall >= 0.0,
        "<{name} {attributes:?}> leaves {width} by {height} in {html}"
    );
}

/// The points of a path that are told absolutely: `M`, `L`, `C`, `H`, `V`.
fn within_path(d: &str, frame: Option<(f64, f64)>, html: &str) {
    let (width, height) = frame.unwrap_or_else(|| panic!("a path outside of a picture in {html}"));
    for command in d.split_inclusive(|c: char| c.is_ascii_alphabetic()).collect::<Vec<_>>().windows(2) {
        let kind = command[0].chars().last();
        let numbers = command[1].trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim();
        let inside = |n: &str, end: f64| (-ROUNDED..=end + ROUNDED).contains(&n.parse::<f64>().unwrap());
        let ends: &[f64] = match kind {
            Some('H') => &[width],
            Some('V') => &[height],
            Some('M' | 'L' | 'C') => &[width, height],
            _ => continue,
        };
        let all = numbers.split(' ').filter(|n| !n.is_empty()).zip(ends.iter().cycle());
        assert!(all.into_iter().all(|(n, end)| inside(n, *end)), "{d} leaves {width} by {height} in {html}");
    }
}

/// Place and size of an outline's boxes.
pub(super) fn boxes(html: &str) -> Vec<(f64, f64, f64, f64)> {
    tags(html)
        .into_iter()
        .filter(|(_, attributes, ..)| attributes.get("class").is_some_and(|class| class == "box"))
        .map(|(_, a, ..)| (number(&a, "x"), number(&a, "y"), number(&a, "width"), number(&a, "height")))
        .collect()
}
