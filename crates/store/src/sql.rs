//! Statements: named constants, registered where they are written, one text for both engines.
//!
//! The common subset is small: numbered parameters `$1` (reused and in any order), `returning`, `on conflict`,
//! row values, `count(*) filter`, `is distinct from`, partial indexes. Time never comes from SQL, JSON is opaque
//! text, sums are cast to bigint. What only PostgreSQL shall read stands in `/*pg: … */`, what only SQLite shall
//! read in `/*sqlite: … */`; each use says why.

use std::sync::OnceLock;

/// A registered statement.
pub(crate) struct Sql {
    /// Module and name, for errors and logs.
    pub(crate) name: &'static str,
    text: &'static str,
    sqlite: OnceLock<String>,
    postgres: OnceLock<String>,
}

impl Sql {
    pub(crate) const fn new(name: &'static str, text: &'static str) -> Self {
        Self { name, text, sqlite: OnceLock::new(), postgres: OnceLock::new() }
    }

    /// SQLite's text: it would number `$2, $1` by first appearance, so parameters become `?2, ?1`.
    pub(crate) fn sqlite(&self) -> &str {
        self.sqlite.get_or_init(|| for_sqlite(self.text).replace('$', "?"))
    }

    /// PostgreSQL's text.
    pub(crate) fn postgres(&self) -> &str {
        self.postgres.get_or_init(|| for_postgres(self.text))
    }
}

/// `text` with SQLite's own parts uncovered.
pub(crate) fn for_sqlite(text: &str) -> String {
    uncover(text, "/*sqlite:")
}

/// `text` with PostgreSQL's own parts uncovered.
pub(crate) fn for_postgres(text: &str) -> String {
    uncover(text, "/*pg:")
}

fn uncover(text: &str, marker: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, marked)) = rest.split_once(marker) {
        let (inside, after) = marked.split_once("*/").unwrap_or((marked, ""));
        result.push_str(before);
        result.push_str(inside);
        rest = after;
    }
    result + rest
}

/// Declares statements and `STATEMENTS`, the list by which tests prepare each of them on both engines.
macro_rules! sql {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* static $name: $crate::sql::Sql =
            $crate::sql::Sql::new(concat!(module_path!(), "::", stringify!($name)), $text);)*
        pub(crate) static STATEMENTS: &[&$crate::sql::Sql] = &[$(&$name),*];
    };
}
pub(crate) use sql;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_uncovered_for_their_engine_only() {
        let sql = Sql::new("t", "select $2, $1 /*pg: for update */ /*sqlite: limit 1 */ -- end");
        assert_eq!(sql.sqlite(), "select ?2, ?1 /*pg: for update */  limit 1  -- end");
        assert_eq!(sql.postgres(), "select $2, $1  for update  /*sqlite: limit 1 */ -- end");
    }
}
