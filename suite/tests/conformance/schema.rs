//! The schema: every statement fits it, and it is the same on both engines.

use app::{Db, OpenOptions};
use suite::{TestStore, stores};

use crate::kit::{ambient, open, rows, sabotage};

/// Tables with their columns: type, whether it may be null, place in the primary key.
const COLUMNS: [&str; 2] = [
    r#"select m.name, c.name, lower(c.type), case c."notnull" when 1 then 'NO' else 'YES' end, cast(c.pk as text)
        from sqlite_schema m join pragma_table_info(m.name) c
        where m.type = 'table' and m.name not like 'sqlite_%' and m.name <> 'refinery_schema_history'
        order by m.name, c.name"#,
    "select c.table_name, c.column_name, c.data_type, c.is_nullable, coalesce(
            (select k.ordinal_position from information_schema.key_column_usage k
             join information_schema.table_constraints t using (constraint_schema, constraint_name)
             where t.constraint_type = 'PRIMARY KEY' and k.table_name = c.table_name
               and k.column_name = c.column_name), 0)
        from information_schema.columns c
        where c.table_schema = 'public' and c.table_name <> 'refinery_schema_history'
        order by c.table_name collate \"C\", c.column_name collate \"C\"",
];

/// Indexes and unique keys: table, name unless it comes with a constraint, whether unique, whether partial, columns.
const INDEXES: [&str; 2] = [
    r#"select m.name, case i.origin when 'c' then i.name else '' end, cast(i."unique" as text),
            cast(i.partial as text), (select group_concat(name) from (select name from pragma_index_info(i.name) order by seqno))
        from sqlite_schema m join pragma_index_list(m.name) i
        where m.type = 'table' and i.origin <> 'pk' and m.name <> 'refinery_schema_history'
        order by 1, 2, 5"#,
    "select t.relname, case when c.oid is null then i.relname else '' end, x.indisunique::int,
            (x.indpred is not null)::int, (select string_agg(a.attname, ',' order by k.place)
                from unnest(x.indkey) with ordinality k (column_number, place)
                join pg_attribute a on a.attrelid = t.oid and a.attnum = k.column_number)
        from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
        left join pg_constraint c on c.conindid = i.oid and c.contype in ('u', 'p')
        where t.relnamespace = 'public'::regnamespace and not x.indisprimary and t.relname <> 'refinery_schema_history'
        order by t.relname::text collate \"C\", 2, 5",
];

/// Foreign keys: table, its column, the other table, its column.
const REFERENCES: [&str; 2] = [
    r#"select m.name, f."from", f."table", f."to" from sqlite_schema m join pragma_foreign_key_list(m.name) f
        where m.type = 'table' order by 1, 3, 2"#,
    "select t.relname, a.attname, u.relname, b.attname
        from pg_constraint c join pg_class t on t.oid = c.conrelid join pg_class u on u.oid = c.confrelid
        cross join unnest(c.conkey, c.confkey) k (here, there)
        join pg_attribute a on a.attrelid = t.oid and a.attnum = k.here
        join pg_attribute b on b.attrelid = u.oid and b.attnum = k.there
        where c.contype = 'f' order by t.relname::text collate \"C\", u.relname::text collate \"C\", a.attname::text collate \"C\"",
];

#[tokio::test]
async fn every_statement_can_be_prepared_and_nothing_is_damaged() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        for deep in [false, true] {
            let report = db.check(deep).await.unwrap();
            assert_eq!(report.problems, Vec::<String>::new());
            assert!(report.schema_version >= 1);
            let name = if store.engine == "sqlite" { "SQLite 3." } else { "PostgreSQL " };
            assert!(report.engine.starts_with(name), "{}", report.engine);
        }
    }
}

#[tokio::test]
async fn a_statement_that_no_longer_fits_the_schema_is_found_with_all_others() {
    for store in stores().await {
        drop(open(&store).await);
        let sql = "alter table idempotency rename to elsewhere";
        sabotage(&store, sql).await;
        let options = OpenOptions { migrate: false, exclusive: false, ..store.options(ambient(8)) };
        let db = Db::open(&store.url, options).await.unwrap();
        let problems = db.check(false).await.unwrap().problems;
        let missing = |name: &str| {
            problems.iter().any(|problem| problem.contains(name) && problem.contains("idempotency"))
        };
        for name in ["CLAIM", "GET", "SET_ANSWER", "DELETE_OLD"] {
            assert!(missing(name), "{name}: {problems:?}");
        }
        assert_eq!(problems.len(), 4, "{problems:?}");
    }
}

async fn schema(store: &TestStore, [sqlite, postgres]: [&str; 2]) -> Vec<String> {
    rows(store, sqlite, postgres).await.into_iter().map(|row| row.join(" ")).collect()
}

#[tokio::test]
async fn both_engines_have_the_same_schema() {
    let stores = stores().await;
    for store in &stores {
        drop(open(store).await);
    }
    for (what, queries) in [("columns", COLUMNS), ("indexes", INDEXES), ("references", REFERENCES)] {
        let mut schemas = Vec::new();
        for store in &stores {
            schemas.push(schema(store, queries).await);
        }
        let (first, others) = schemas.split_first().unwrap();
        assert!(first.len() > 3, "{what}: {first:?}");
        for other in others {
            let only = |a: &[String], b: &[String]| {
                a.iter().filter(|it| !b.contains(it)).cloned().collect::<Vec<_>>()
            };
            assert_eq!(
                (only(first, other), only(other, first)),
                (vec![], vec![]),
                "{what} of SQLite, of PostgreSQL alone"
            );
            assert_eq!(first, other, "{what}");
        }
    }
}

#[tokio::test]
async fn keys_sort_by_their_bytes_on_both_engines() {
    for store in stores().await {
        drop(open(&store).await);
        let sqlite = "select 'C', 'C'";
        // The order of the database may be a language's; columns that are keys must not follow it.
        let postgres = "select a.attrelid::regclass || '.' || a.attname, l.collname
            from pg_attribute a join pg_index x on x.indrelid = a.attrelid and a.attnum = any (x.indkey)
            join pg_collation l on l.oid = a.attcollation
            where x.indrelid::regclass::text <> 'refinery_schema_history'
              and a.attrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)";
        for row in rows(&store, sqlite, postgres).await {
            assert_eq!(row[1], "C", "{}", row[0]);
        }
    }
}
