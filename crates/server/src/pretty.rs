//! JSON for people: indented, but otherwise exactly as it was sent, in its order and with its numbers.

use domain::json;
use serde::de::IgnoredAny;

/// The body on several lines, each beginning with `margin`. What is not JSON is shown as text.
pub fn indented(body: &[u8], margin: &str) -> String {
    let text = String::from_utf8_lossy(body);
    let laid_out = match serde_json::from_slice::<IgnoredAny>(body) {
        Ok(_) => json::indented(&text),
        Err(_) => text.into_owned(),
    };
    // A body is a stranger's: it must not move the cursor or recolour the terminal.
    let harmless = laid_out.replace(|c: char| c.is_control() && c != '\n', "\u{fffd}");
    harmless.lines().map(|line| format!("{margin}{line}")).collect::<Vec<_>>().join("\n")
}

/// Valid JSON without the white space between its tokens.
pub fn on_one_line(json: &str) -> String {
    json.chars().filter(not_space_outside_of_strings()).collect()
}

fn not_space_outside_of_strings() -> impl FnMut(&char) -> bool {
    let mut in_string = InString::default();
    move |c| in_string.at(*c) || !c.is_ascii_whitespace()
}

/// Follows a text and knows whether it is inside of a string, the quotes included.
#[derive(Default)]
struct InString {
    open: bool,
    escaped: bool,
}

impl InString {
    fn at(&mut self, c: char) -> bool {
        let was_open = self.open;
        if self.escaped {
            self.escaped = false;
        } else if c == '"' {
            self.open = !self.open;
        } else {
            self.escaped = self.open && c == '\\';
        }
        was_open || self.open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_numbers_and_strings_stay_as_they_were() {
        let body = r#"{"z":1.50,"a":[ ],"s":"a\", {[: b","o":{"x":null}}"#;
        assert_eq!(
            indented(body.as_bytes(), "> "),
            "> {\n>   \"z\": 1.50,\n>   \"a\": [],\n>   \"s\": \"a\\\", {[: b\",\n>   \"o\": {\n>     \"x\": null\n>   }\n> }"
        );
    }

    #[test]
    fn a_line_has_no_space_but_that_of_strings() {
        assert_eq!(on_one_line("{ \"a b\" :\n[1 , \" \\\" \"]\t}"), r#"{"a b":[1," \" "]}"#);
    }

    #[test]
    fn what_is_not_json_is_shown_without_control_characters() {
        assert_eq!(indented(b"a\x1b[1m\nb", ""), "a\u{fffd}[1m\nb");
    }
}
