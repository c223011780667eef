//! The migrations of both databases against the one schema in the code.

use std::collections::BTreeSet;

use filo_store::{Db, DbSettings, SchemaState};
use filo_testkit::{Backend, both};

const SCHEMA: &str = include_str!("../../crates/filo-store/src/schema.rs");

/// `table.column type null|not null`, for every column in the code.
fn in_code(backend: Backend) -> BTreeSet<String> {
    let mut table = String::new();
    let mut columns = BTreeSet::new();
    for line in SCHEMA.lines().map(str::trim) {
        if let Some((name, _)) = line.split_once(" (").filter(|_| line.ends_with(") {")) {
            table = name.to_owned();
        }
        if let Some((column, kind)) = line.trim_end_matches(',').split_once(" -> ") {
            let inner = kind.strip_prefix("Nullable<").map(|kind| kind.trim_end_matches('>'));
            let null = if inner.is_some() { "null" } else { "not null" };
            columns.insert(format!("{table}.{column} {} {null}", native(backend, inner.unwrap_or(kind))));
        }
    }
    columns
}

/// The database's own name of a type of the code.
fn native(backend: Backend, kind: &str) -> &'static str {
    let (sqlite, postgres) = match kind {
        "Id" => ("BLOB", "uuid"),
        "Instant" => ("INTEGER", "timestamptz"),
        "Text" => ("TEXT", "text"),
        "Binary" => ("BLOB", "bytea"),
        "Jsonb" => ("BLOB", "jsonb"),
        "Integer" => ("INTEGER", "int4"),
        "BigInt" => ("INTEGER", "int8"),
        "Bool" => ("BOOLEAN", "bool"),
        other => panic!("{other} is in no table yet"),
    };
    match backend {
        Backend::Sqlite => sqlite,
        Backend::Postgres => postgres,
    }
}

fn in_database(backend: Backend) -> &'static str {
    match backend {
        Backend::Sqlite => {
            "SELECT m.name || '.' || c.name || ' ' || c.type || CASE c.\"notnull\" WHEN 1 THEN ' not null' ELSE ' null' END \
             AS value FROM sqlite_master m JOIN pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '__diesel%' \
             AND m.name NOT LIKE 'ticket_search_fts%'"
        }
        Backend::Postgres => {
            "SELECT table_name || '.' || column_name || ' ' || udt_name || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE \
             ' null' END AS value FROM information_schema.columns \
             WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_diesel%' \
             AND udt_name <> 'tsvector'"
        }
    }
}

#[tokio::test]
async fn every_table_has_the_columns_that_the_code_reads_and_no_other() {
    both(async |database| {
        let stored: BTreeSet<String> =
            database.session().list(in_database(database.backend)).into_iter().collect();
        let expected = in_code(database.backend);
        let (missing, extra) = (&expected - &stored, &stored - &expected);
        assert!(missing.is_empty() && extra.is_empty(), "missing {missing:#?}, not in the code {extra:#?}");
        assert!(expected.len() > 150, "{}", expected.len());
    })
    .await;
}

#[tokio::test]
async fn an_empty_database_is_behind_until_it_is_migrated_and_migrating_twice_changes_nothing() {
    both(async |database| {
        let empty = database.unmigrated();
        let db = Db::open(&DbSettings::at(&empty.url)).unwrap();
        assert_eq!(db.schema_state().await.unwrap(), SchemaState::Behind);
        assert!(!db.migrate().await.unwrap().is_empty());
        assert_eq!(db.schema_state().await.unwrap(), SchemaState::Current);
        assert!(db.migrate().await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_renamed_column_is_an_error_of_the_database_and_not_a_panic() {
    both(async |database| {
        let db = Db::open(&DbSettings::at(&database.url)).unwrap();
        database.try_execute("ALTER TABLE tickets RENAME COLUMN subject TO title").unwrap();
        let error = db.read(|conn| filo_store::tickets::walk(conn, None, 10)).await.unwrap_err();
        assert!(matches!(error, filo_store::StoreError::Refused(_)), "{error:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_together_on_an_empty_database_migrate_it_once() {
    both(async |database| {
        let empty = database.unmigrated();
        let opened: Vec<Db> = (0..6).map(|_| Db::open(&DbSettings::at(&empty.url)).unwrap()).collect();
        let migrated = futures_util::future::join_all(opened.iter().map(Db::migrate)).await;
        let done: Vec<usize> = migrated.into_iter().map(|done| done.unwrap().len()).collect();
        assert_eq!(done.iter().filter(|done| **done > 0).count(), 1, "{done:?}");
    })
    .await;
}
