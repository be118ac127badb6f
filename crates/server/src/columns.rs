//! Lists for people at a terminal: one line each, in columns, with instants that can be read. It knows nothing of what is listed.

use domain::Timestamp;

/// The rows as lines, each column but the last as wide as its widest cell. Free text belongs into the last columns: how
/// wide a terminal shows a character is not known here, each counts as one.
pub fn lines<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let rows: Vec<[String; N]> = rows.iter().map(|row| row.each_ref().map(|cell| harmless(cell))).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// The instant without its fraction of a second, which tells people nothing.
pub fn to_the_second(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.seconds().saturating_mul(1_000_000))
}

/// What others wrote must not move the cursor, recolour the terminal or turn the line around.
fn harmless(text: &str) -> String {
    let turns = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.replace(|c: char| c.is_control() || turns(c), "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows<const N: usize>(rows: &[[&str; N]]) -> Vec<String> {
        let rows: Vec<_> = rows.iter().map(|row| row.map(str::to_owned)).collect();
        lines(&rows)
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_lines_have_no_end_of_blanks() {
        assert_eq!(
            rows(&[["owner", "Ömer", "a"], ["op", "X", "b c"], ["op", "", ""]]),
            ["owner  Ömer  a", "op     X     b c", "op"]
        );
        assert_eq!(rows::<2>(&[]), Vec::<String>::new());
    }

    #[test]
    fn long_names_stay_whole_on_one_line() {
        let long = "本".repeat(200);
        assert_eq!(rows(&[["a", &long], ["bb", "c"]]), [format!("a   {long}"), "bb  c".to_owned()]);
    }

    #[test]
    fn names_cannot_break_a_line_or_turn_it_around() {
        assert_eq!(
            rows(&[["a\nb\u{1b}[1m", "\u{202e}c\u{2067}"]]),
            ["a\u{fffd}b\u{fffd}[1m  \u{fffd}c\u{fffd}"]
        );
    }
}
