//! Two SQL types with a native representation on each database, and the Rust values behind them.
//!
//! Identifiers are `uuid` on PostgreSQL and 16-byte blobs on SQLite; instants are `timestamptz` (microseconds
//! since 2000) and integers (microseconds since 1970).

use diesel::{
    backend::Backend,
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::Pg,
    serialize::{self, IsNull, Output, ToSql},
    sql_types::{BigInt, Binary},
    sqlite::Sqlite,
};
use filo_domain as domain;
use uuid::Uuid;

/// The SQL type of an identifier.
#[derive(diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(name = "uuid"), sqlite_type(name = "Binary"))]
pub struct Id;

/// The SQL type of an instant.
#[derive(diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185), sqlite_type(name = "Long"))]
pub struct Instant;
/// Both databases put instants in order, so the first and the last can be asked for.
impl diesel::sql_types::SqlOrd for Instant {}

/// An identifier on its way to or from the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = Id)]
pub struct SqlId(pub Uuid);

/// An instant on its way to or from the database: microseconds since 1970 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = Instant)]
pub struct SqlInstant(pub i64);

const MICROS_1970_TO_2000: i64 = 946_684_800_000_000;
/// What PostgreSQL can hold, in microseconds since 2000: a bound of a search beyond it means "all".
const PG_EARLIEST: i64 = -211_813_488_000_000_000;
const PG_LATEST: i64 = 9_223_371_331_199_999_999;

impl<T> From<domain::id::Id<T>> for SqlId {
    fn from(id: domain::id::Id<T>) -> Self {
        Self(id.uuid())
    }
}
impl<T> From<SqlId> for domain::id::Id<T> {
    fn from(id: SqlId) -> Self {
        Self::from_uuid(id.0)
    }
}
impl From<domain::Instant> for SqlInstant {
    fn from(at: domain::Instant) -> Self {
        Self(at.micros())
    }
}
impl From<SqlInstant> for domain::Instant {
    fn from(at: SqlInstant) -> Self {
        Self::from_micros(at.0)
    }
}

/// Converts an optional column.
pub(crate) fn opt<A: Into<B>, B>(value: Option<A>) -> Option<B> {
    value.map(Into::into)
}

impl ToSql<Id, Pg> for SqlId {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        <Uuid as ToSql<diesel::sql_types::Uuid, Pg>>::to_sql(&self.0, out)
    }
}
impl FromSql<Id, Pg> for SqlId {
    fn from_sql(bytes: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        <Uuid as FromSql<diesel::sql_types::Uuid, Pg>>::from_sql(bytes).map(Self)
    }
}
impl ToSql<Id, Sqlite> for SqlId {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}
impl FromSql<Id, Sqlite> for SqlId {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let bytes = <Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(value)?;
        Ok(Self(Uuid::from_slice(&bytes)?))
    }
}
impl ToSql<Instant, Pg> for SqlInstant {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let since_2000 = self.0.saturating_sub(MICROS_1970_TO_2000).clamp(PG_EARLIEST, PG_LATEST);
        <i64 as ToSql<BigInt, Pg>>::to_sql(&since_2000, &mut out.reborrow())
    }
}
impl FromSql<Instant, Pg> for SqlInstant {
    fn from_sql(bytes: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        <i64 as FromSql<BigInt, Pg>>::from_sql(bytes)
            .map(|micros| Self(micros.saturating_add(MICROS_1970_TO_2000)))
    }
}
impl ToSql<Instant, Sqlite> for SqlInstant {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0);
        Ok(IsNull::No)
    }
}
impl FromSql<Instant, Sqlite> for SqlInstant {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        <i64 as FromSql<BigInt, Sqlite>>::from_sql(value).map(Self)
    }
}
