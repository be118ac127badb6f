//! Reads the tables of replies and their outcomes, for tests.

/// The rows of a table: tab-separated, escapes undone, comments and empty lines left out.
pub(super) fn rows<const N: usize>(table: &str) -> Vec<[String; N]> {
    let row = |line: &str| -> [String; N] {
        let cells: Vec<String> = line.split('\t').map(unescaped).collect();
        cells.try_into().unwrap_or_else(|cells| panic!("{N} cells expected: {cells:?}"))
    };
    table
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("# ") && *line != "#")
        .map(row)
        .collect()
}

/// Undoes `\n`, `\r`, `\t`, `\\` and `\u{…}`.
fn unescaped(cell: &str) -> String {
    let mut text = String::new();
    let mut chars = cell.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        text.push(match chars.next() {
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('\\') => '\\',
            Some('u') => {
                let code: String = chars.by_ref().skip(1).take_while(|&c| c != '}').collect();
                u32::from_str_radix(&code, 16).ok().and_then(char::from_u32).unwrap()
            }
            other => panic!("no such escape: {other:?} in {cell}"),
        });
    }
    text
}
