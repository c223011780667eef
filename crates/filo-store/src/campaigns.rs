//! Campaigns: what their reports are asked about. A campaign is written once; its report is computed whenever it is
//! read.

use diesel::prelude::*;
use filo_domain::{CampaignId, Instant};

use crate::{
    Conn, StoreError,
    conn::on,
    schema::campaigns as table,
    sql_types::{SqlId, SqlInstant},
};

/// A campaign as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its id.
    pub id: CampaignId,
    /// Its name.
    pub label: String,
    /// `tag`, `theme` or `unit`.
    pub subject: String,
    /// Which one.
    pub subject_key: String,
    /// Its first local day, `YYYY-MM-DD`.
    pub from_day: String,
    /// The first local day after it.
    pub to_day: String,
    /// `day` or `week`.
    pub step: String,
    /// When it was recorded.
    pub created_at: Instant,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = table, treat_none_as_default_value = false)]
struct Row {
    id: SqlId,
    label: String,
    subject: String,
    subject_key: String,
    from_day: String,
    to_day: String,
    step: String,
    created_at: SqlInstant,
}

impl From<Row> for Stored {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.into(),
            label: row.label,
            subject: row.subject,
            subject_key: row.subject_key,
            from_day: row.from_day,
            to_day: row.to_day,
            step: row.step,
            created_at: row.created_at.into(),
        }
    }
}

/// Records a campaign.
///
/// # Errors
/// The database's own.
pub fn insert(conn: &mut Conn, new: Stored) -> Result<(), StoreError> {
    let row = Row {
        id: new.id.into(),
        label: new.label,
        subject: new.subject,
        subject_key: new.subject_key,
        from_day: new.from_day,
        to_day: new.to_day,
        step: new.step,
        created_at: new.created_at.into(),
    };
    on!(conn, c => diesel::insert_into(table::table).values(&row).execute(c))?;
    Ok(())
}

/// Reads one.
///
/// # Errors
/// The database's own.
pub fn find(conn: &mut Conn, id: CampaignId) -> Result<Option<Stored>, StoreError> {
    let row: Option<Row> =
        on!(conn, c => table::table.find(SqlId::from(id)).select(Row::as_select()).first(c).optional())?;
    Ok(row.map(Stored::from))
}

/// Forgets one; `false` when there is none.
///
/// # Errors
/// The database's own.
pub fn delete(conn: &mut Conn, id: CampaignId) -> Result<bool, StoreError> {
    let gone = on!(conn, c => diesel::delete(table::table.find(SqlId::from(id))).execute(c))?;
    Ok(gone == 1)
}

/// Lists campaigns, newest first.
///
/// # Errors
/// The database's own.
pub fn list(
    conn: &mut Conn,
    before: Option<(Instant, CampaignId)>,
    limit: i64,
) -> Result<Vec<Stored>, StoreError> {
    let rows: Vec<Row> = on!(conn, c => {
        let mut query = table::table.into_boxed();
        if let Some((at, id)) = before {
            let (at, id) = (SqlInstant::from(at), SqlId::from(id));
            query = query.filter(table::created_at.le(at)).filter(table::created_at.lt(at).or(table::id.lt(id)));
        }
        query
            .order((table::created_at.desc(), table::id.desc()))
            .limit(limit)
            .select(Row::as_select())
            .load(c)
    })?;
    Ok(rows.into_iter().map(Stored::from).collect())
}
