//! How far growing logs were taken in: what a follower knows when it starts again.

use diesel::prelude::*;
use filo_domain::Instant;

use crate::{Conn, StoreError, conn::on, schema::followed_files, sql_types::SqlInstant};

/// A place in a file that grows. The file is known by its number in the file system and by how it begins, for numbers
/// are used again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The number (inode).
    pub file_number: i64,
    /// Bytes taken in.
    pub position: i64,
    /// Of so many first bytes …
    pub head_length: i64,
    /// … this is the SHA-256, in hexadecimal digits.
    pub head_sha256: String,
}

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = followed_files)]
struct Row {
    source: String,
    path: String,
    file_number: i64,
    position: i64,
    head_length: i64,
    head_sha256: String,
    read_at: SqlInstant,
}

/// How far a file of a source was taken in.
///
/// # Errors
/// The database's own.
pub fn find(conn: &mut Conn, source: &str, path: &str) -> Result<Option<Place>, StoreError> {
    let row: Option<Row> = on!(conn, c => followed_files::table.find((source, path)).first(c).optional())?;
    Ok(row.map(|row| Place {
        file_number: row.file_number,
        position: row.position,
        head_length: row.head_length,
        head_sha256: row.head_sha256,
    }))
}

/// Keeps how far a file of a source was taken in.
///
/// # Errors
/// The database's own.
pub fn keep(
    conn: &mut Conn,
    source: &str,
    path: &str,
    place: &Place,
    now: Instant,
) -> Result<(), StoreError> {
    let row = Row {
        source: source.to_owned(),
        path: path.to_owned(),
        file_number: place.file_number,
        position: place.position,
        head_length: place.head_length,
        head_sha256: place.head_sha256.clone(),
        read_at: now.into(),
    };
    on!(conn, c => diesel::insert_into(followed_files::table)
        .values(&row)
        .on_conflict((followed_files::source, followed_files::path))
        .do_update()
        .set(&row)
        .execute(c))?;
    Ok(())
}
