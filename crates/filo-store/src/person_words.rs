//! The words of persons' names, folded, so that a name is found by the beginnings of its words through an index.
//!
//! **Invariant:** written with the name, in the same transaction; a merged person keeps the own words.

use diesel::prelude::*;
use filo_domain::{PersonId, search::folded_words};

use crate::{
    Conn, StoreError,
    conn::on,
    schema::{person_words, persons},
    sql_types::SqlId,
};

/// Raised when words are made in another way.
pub const VERSION: &str = "1";
/// The most words of a name that are kept, and of a search that are looked at.
const MOST: usize = 10;

fn words(name: &str) -> Vec<String> {
    let mut words = folded_words(name);
    words.truncate(MOST);
    words.sort_unstable();
    words.dedup();
    words
}

/// Keeps the words of a person's name in place of those before.
///
/// # Errors
/// The database's own.
pub fn put(conn: &mut Conn, person: PersonId, name: Option<&str>) -> Result<(), StoreError> {
    let (id, words) = (SqlId::from(person), words(name.unwrap_or_default()));
    on!(conn, c => diesel::delete(person_words::table
        .filter(person_words::person_id.eq(id).and(person_words::word.ne_all(&words))))
        .execute(c))?;
    for word in words {
        on!(conn, c => diesel::insert_into(person_words::table)
            .values((person_words::person_id.eq(id), person_words::word.eq(word)))
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// Persons of whose name each word asked for begins a word, by id; at most `limit`. Merged ones are among them.
///
/// # Errors
/// The database's own.
pub fn find(conn: &mut Conn, name: &str, limit: i64) -> Result<Vec<PersonId>, StoreError> {
    let asked = words(name);
    // The longest word leaves the fewest; the others are looked up for these alone.
    let Some(first) = asked.iter().max_by_key(|word| word.len()) else { return Ok(vec![]) };
    let ids: Vec<SqlId> = on!(conn, c => {
        let mut query = person_words::table
            .filter(person_words::word.ge(first).and(person_words::word.lt(after(first))))
            .select(person_words::person_id)
            .distinct()
            .into_boxed();
        for word in asked.iter().filter(|word| *word != first) {
            let others = diesel::alias!(person_words as others);
            let begun = others
                .filter(others.field(person_words::person_id).eq(person_words::person_id))
                .filter(others.field(person_words::word).ge(word).and(others.field(person_words::word).lt(after(word))));
            query = query.filter(diesel::dsl::exists(begun));
        }
        query.order(person_words::person_id).limit(limit).load(c)
    })?;
    Ok(ids.into_iter().map(Into::into).collect())
}

/// The first text after all that begin with a word.
fn after(word: &str) -> String {
    format!("{word}\u{10ffff}")
}

/// Whether the words kept of a person are those of the name.
///
/// # Errors
/// The database's own.
pub fn is_true(conn: &mut Conn, person: PersonId, name: Option<&str>) -> Result<bool, StoreError> {
    let stored: Vec<String> = on!(conn, c => person_words::table
        .filter(person_words::person_id.eq(SqlId::from(person)))
        .order(person_words::word)
        .select(person_words::word)
        .load(c))?;
    Ok(stored == words(name.unwrap_or_default()))
}

/// Persons past an id, by id, with their names.
///
/// # Errors
/// The database's own.
pub fn walk(
    conn: &mut Conn,
    after: Option<PersonId>,
    limit: i64,
) -> Result<Vec<(PersonId, Option<String>)>, StoreError> {
    let rows: Vec<(SqlId, Option<String>)> = on!(conn, c => {
        let mut query = persons::table.into_boxed();
        if let Some(id) = after {
            query = query.filter(persons::id.gt(SqlId::from(id)));
        }
        query.order(persons::id).limit(limit).select((persons::id, persons::name)).load(c)
    })?;
    Ok(rows.into_iter().map(|(id, name)| (id.into(), name)).collect())
}
