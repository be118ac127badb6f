//! Looking at a JSON text without changing it: what was posted is stored and sent byte for byte.

use std::borrow::Cow;

use serde::{
    Deserialize,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// The deepest nesting of arrays and objects in `text`, which must be valid JSON. A scan without recursion.
pub fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    for (byte, in_string) in bytes_with_strings(text) {
        match byte {
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// `text`, which must be valid JSON, without the white space between its tokens.
pub fn compact(text: &str) -> String {
    let kept = bytes_with_strings(text)
        .filter(|(byte, in_string)| *in_string || !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
        .map(|(byte, _)| byte)
        .collect();
    String::from_utf8(kept).unwrap_or_else(|_| text.to_owned())
}

/// `text`, which must be valid JSON, on several lines and indented, with every token as it is and in its order.
pub fn indented(text: &str) -> String {
    let compact = compact(text);
    let (mut out, mut depth) = (Vec::with_capacity(compact.len() * 2), 0_usize);
    let mut bytes = bytes_with_strings(&compact).peekable();
    while let Some((byte, in_string)) = bytes.next() {
        match byte {
            _ if in_string => out.push(byte),
            b'{' | b'[' => {
                out.push(byte);
                if let Some((end, _)) = bytes.next_if(|(next, _)| matches!(next, b'}' | b']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    break_line(&mut out, depth);
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut out, depth);
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                break_line(&mut out, depth);
            }
            b':' => out.extend(b": "),
            _ => out.push(byte),
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

fn break_line(out: &mut Vec<u8>, depth: usize) {
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', depth * 2));
}

/// Each byte, and whether it belongs to a string (its closing quote not counted).
fn bytes_with_strings(text: &str) -> impl Iterator<Item = (u8, bool)> + '_ {
    let (mut in_string, mut escaped) = (false, false);
    text.bytes().map(move |byte| {
        let inside = in_string;
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ => {}
        }
        (byte, inside)
    })
}

/// The kinds of JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `"…"`
    String,
    /// `null`
    Null,
    /// A number, boolean, array or object.
    Other,
}

/// The members of a JSON object in their order, with the text of each value.
///
/// Repeated names are kept: all of them are sent, so all of them count.
#[derive(Debug)]
pub struct Members<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Members<'a> {
    /// Reads `text`. None if it is valid JSON but no object, or not valid at all.
    pub fn of(text: &'a str) -> Option<Self> {
        serde_json::from_str::<Members<'a>>(text).ok()
    }

    /// Whether a member of that name is there.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// The kinds of all members of that name; usually none or one.
    pub fn kinds(&self, name: &str) -> impl Iterator<Item = Kind> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| match value.as_bytes().first() {
            Some(b'"') => Kind::String,
            Some(b'n') => Kind::Null,
            _ => Kind::Other,
        })
    }

    /// Names and value texts, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), *value))
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    members.push((name, map.next_value::<&RawValue>()?.get()));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// The strings and numbers in `text`, which should be valid JSON, each as it is read, at any depth. Names of members are
/// not among them.
pub fn values(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let start = rest.bytes().position(|byte| matches!(byte, b'"' | b'-' | b'0'..=b'9'))?;
            let from = &rest[start..];
            if !from.starts_with('"') {
                let in_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
                let (number, after) = from.split_at(from.bytes().take_while(|byte| in_number(byte)).count());
                rest = after;
                return Some(Cow::Borrowed(number));
            }
            let (string, after) = from.split_at(string_length(from));
            rest = after;
            let is_name = after.trim_start_matches([' ', '\t', '\n', '\r']).starts_with(':');
            if !is_name {
                return Some(unquote(string));
            }
        }
    })
}

/// The length of the string that `text` begins with, quotes included; all of it if the string does not end.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 2)
}

/// What a JSON string means; what it says if it means nothing, as half of a surrogate pair does.
fn unquote(string: &str) -> Cow<'_, str> {
    let said = string.strip_prefix('"').unwrap_or(string);
    let said = said.strip_suffix('"').unwrap_or(said);
    let meant = said.contains('\\').then(|| serde_json::from_str(string).ok()).flatten();
    meant.map_or(Cow::Borrowed(said), Cow::Owned)
}

/// A name that is borrowed where it has no escapes. (serde borrows a bare `Cow` only inside a struct.)
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// `text` as a JSON string, quotes included.
pub fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indented_changes_no_token() {
        let text = r#" {"z":1.50, "a":[ ],"s":"a\", {[: é","o":{"x":null,"l":[1,2]}} "#;
        let shown = "{\n  \"z\": 1.50,\n  \"a\": [],\n  \"s\": \"a\\\", {[: é\",\n  \"o\": {\n    \"x\": null,\n    \"l\": [\n      1,\n      2\n    ]\n  }\n}";
        assert_eq!(indented(text), shown);
        assert_eq!(compact(shown), compact(text));
    }

    #[test]
    fn depth_ignores_brackets_in_strings() {
        assert_eq!(depth(r#"{"a":[[1]],"b":"[[[[\"{{{"}"#), 3);
        assert_eq!(depth("1"), 0);
        assert_eq!(depth(&"[".repeat(100_000)), 100_000);
    }

    #[test]
    fn compacting_touches_only_white_space_between_tokens() {
        assert_eq!(compact("{ \"a b\" :\t[ 1.50 ,\r\n\"\\\" x\" ] }"), r#"{"a b":[1.50,"\" x"]}"#);
    }

    #[test]
    fn values_are_strings_and_numbers_without_names() {
        let text = r#"{"a" : "b\"\u0063", "d":[1.5e+3, -2,true,null,"",{"e\"":"f:"}], "g":"\\"}"#;
        assert_eq!(values(text).collect::<Vec<_>>(), ["b\"c", "1.5e+3", "-2", "", "f:", "\\"]);
        assert_eq!(values("7").collect::<Vec<_>>(), ["7"]);
    }

    #[test]
    fn members_keep_order_repeats_and_texts() {
        let members = Members::of(r#"{"name":"A","n\u0061me":null,"x": 1e400 }"#).unwrap();
        assert_eq!(members.kinds("name").collect::<Vec<_>>(), [Kind::String, Kind::Null]);
        assert_eq!(members.iter().last(), Some(("x", "1e400")));
        assert!(Members::of("[1]").is_none());
    }
}
