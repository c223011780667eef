//! Matters: the tickets of one person about one need. Which tickets belong to one is in the tickets' events.

use diesel::prelude::*;
use filo_domain::{Instant, MatterId, PersonId};

use crate::{
    Conn, StoreError,
    conn::on,
    schema::matters,
    sql_types::{SqlId, SqlInstant, opt},
};

/// A matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matter {
    /// Its id.
    pub id: MatterId,
    /// What it is about.
    pub title: String,
    /// Whose need it is.
    pub person: Option<PersonId>,
    /// When it was made.
    pub created_at: Instant,
    /// Counts changes.
    pub version: i32,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = matters, treat_none_as_default_value = false)]
struct MatterRow {
    id: SqlId,
    title: String,
    person_id: Option<SqlId>,
    created_at: SqlInstant,
    version: i32,
}

impl From<MatterRow> for Matter {
    fn from(row: MatterRow) -> Self {
        Self {
            id: row.id.into(),
            title: row.title,
            person: opt(row.person_id),
            created_at: row.created_at.into(),
            version: row.version,
        }
    }
}

/// Records a matter.
///
/// # Errors
/// The database's own.
pub fn insert(conn: &mut Conn, matter: &Matter) -> Result<(), StoreError> {
    let row = MatterRow {
        id: matter.id.into(),
        title: matter.title.clone(),
        person_id: opt(matter.person),
        created_at: matter.created_at.into(),
        version: matter.version,
    };
    on!(conn, c => diesel::insert_into(matters::table).values(&row).execute(c))?;
    Ok(())
}

/// Reads one matter.
///
/// # Errors
/// The database's own.
pub fn find(conn: &mut Conn, id: MatterId) -> Result<Option<Matter>, StoreError> {
    let row: Option<MatterRow> = on!(conn, c => matters::table.find(SqlId::from(id)).select(MatterRow::as_select()).first(c).optional())?;
    Ok(row.map(Into::into))
}

/// Lists matters, newest first, past a place in the list.
///
/// # Errors
/// The database's own.
pub fn list(conn: &mut Conn, before: Option<MatterId>, limit: i64) -> Result<Vec<Matter>, StoreError> {
    let rows: Vec<MatterRow> = on!(conn, c => {
        let mut query = matters::table.into_boxed();
        if let Some(id) = before {
            query = query.filter(matters::id.lt(SqlId::from(id)));
        }
        query.order(matters::id.desc()).limit(limit).select(MatterRow::as_select()).load(c)
    })?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Renames a matter or counts a change of its tickets; `false` when the version is no longer that one.
///
/// # Errors
/// The database's own.
pub fn touch(conn: &mut Conn, id: MatterId, title: &str, version: i32) -> Result<bool, StoreError> {
    let changed = on!(conn, c => diesel::update(matters::table.find(SqlId::from(id)))
        .filter(matters::version.eq(version))
        .set((matters::title.eq(title), matters::version.eq(matters::version + 1)))
        .execute(c))?;
    Ok(changed == 1)
}
