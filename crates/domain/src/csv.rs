//! Rows of CSV (RFC 4180, UTF-8), safe to open in a spreadsheet.
//!
//! A spreadsheet takes a cell that begins like a formula for one, whatever quotes are around it, and a formula
//! can send the rest of the sheet away. Visitors type what they like, so such cells get an apostrophe, which
//! makes them text. It must not know what a cell means.

/// What spreadsheets take for the beginning of a formula, in full width too (in Japanese settings), and the
/// white space that some skip before it.
const FORMULA_STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Appends one row with its CRLF.
pub fn push_row<'a>(csv: &mut String, cells: impl IntoIterator<Item = &'a str>) {
    let start = csv.len();
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            csv.push(',');
        }
        push_cell(csv, cell);
    }
    if csv.len() == start {
        // Some readers skip an empty line; this is a row of one empty cell to all.
        csv.push_str("\"\"");
    }
    csv.push_str("\r\n");
}

fn push_cell(csv: &mut String, cell: &str) {
    let guard = if cell.starts_with(FORMULA_STARTS) && !is_e164(cell) { "'" } else { "" };
    // Spaces at an end belong to the field (RFC 4180, 2.4), but not every reader knows.
    let quoted = cell.contains([',', '"', '\r', '\n', '\t', ';']) || cell.trim().len() != cell.len();
    if quoted {
        csv.push('"');
        csv.push_str(guard);
        csv.push_str(&cell.replace('"', "\"\""));
        csv.push('"');
    } else {
        csv.push_str(guard);
        csv.push_str(cell);
    }
}

/// A phone number as we store it (ITU-T E.164): `+`, then 7 to 15 digits of which the first is no zero. It is
/// no formula, and an apostrophe would spoil it for every program that reads the file.
fn is_e164(cell: &str) -> bool {
    cell.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(cells: &[&str]) -> String {
        let mut csv = String::new();
        push_row(&mut csv, cells.iter().copied());
        csv
    }

    #[test]
    fn plain_cells_are_written_as_they_are_and_others_in_quotes() {
        assert_eq!(row(&["a", "", "Zoë 🌸"]), "a,,Zoë 🌸\r\n");
        assert_eq!(
            row(&["a,b", "say \"hi\"", "two\nlines", " x "]),
            "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",\" x \"\r\n"
        );
        assert_eq!(row(&[""]), "\"\"\r\n");
        assert_eq!(row(&[]), "\"\"\r\n");
    }

    #[test]
    fn what_a_spreadsheet_would_run_becomes_text() {
        for (cell, written) in [
            ("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\""),
            ("=1+1", "'=1+1"),
            ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            ("\n=1", "\"'\n=1\""),
            ("＝1+1", "'＝1+1"),
            ("=", "'="),
            ("=\",\"", "\"'=\"\",\"\"\""),
            ("=1;2", "\"'=1;2\""),
        ] {
            assert_eq!(row(&[cell]), format!("{written}\r\n"), "{cell:?}");
        }
    }

    #[test]
    fn phone_numbers_stay_as_they_are_and_what_only_looks_like_one_does_not() {
        for phone in ["+919811123456", "+1234567", "+123456789012345"] {
            assert_eq!(row(&[phone]), format!("{phone}\r\n"));
        }
        for other in [
            "+123456",
            "+1234567890123456",
            "+0123456789",
            "+91981112345x",
            "+91 98111 23456",
            "+",
            "++12345678",
        ] {
            assert_eq!(row(&[other]), format!("'{other}\r\n"));
        }
    }

    #[test]
    fn harmless_text_is_left_alone() {
        for cell in
            ["<img src=x onerror=alert(1)>", "{{email}}", "a=b", "user@example.com", "2026-11-05", "'quoted'"]
        {
            assert_eq!(row(&[cell]), format!("{cell}\r\n"));
        }
        assert_eq!(row(&["\"; DROP TABLE contacts;--"]), "\"\"\"; DROP TABLE contacts;--\"\r\n");
    }

    proptest! {
        #[test]
        fn a_reader_finds_the_same_cells_and_none_that_begins_a_formula(
            cells in proptest::collection::vec("[-=+@,\"'; a1\t\r\n＝é]{0,6}|\\PC{0,8}", 1..5)
        ) {
            let csv = row(&cells.iter().map(String::as_str).collect::<Vec<_>>());
            let found = read(&csv);
            prop_assert_eq!(found.len(), cells.len(), "{:?}", csv);
            for (found, cell) in found.iter().zip(&cells) {
                prop_assert!(found == cell || found.strip_prefix('\'') == Some(cell), "{:?}", csv);
                prop_assert!(!found.starts_with(FORMULA_STARTS) || is_e164(found), "{:?}", csv);
            }
        }
    }

    /// The cells of one row, by the grammar of RFC 4180.
    fn read(row: &str) -> Vec<String> {
        let mut cells = vec![String::new()];
        let mut quoted = false;
        let mut chars = row.strip_suffix("\r\n").unwrap().chars().peekable();
        while let Some(c) = chars.next() {
            let cell = cells.last_mut().unwrap();
            match c {
                '"' if quoted && chars.peek() == Some(&'"') => cell.push(chars.next().unwrap()),
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(String::new()),
                '\r' | '\n' => {
                    assert!(quoted, "a bare line end within {row:?}");
                    cell.push(c);
                }
                c => cell.push(c),
            }
        }
        assert!(!quoted, "an open quote in {row:?}");
        cells
    }
}
