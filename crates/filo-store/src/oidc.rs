//! Log-ins at an identity provider: those under way, the codes that end them, and who is who there.
//!
//! **Invariant:** a log-in and a code are taken once: the statement that reads them deletes them.

use diesel::prelude::*;
use filo_domain::{Instant, UserId};

use crate::{
    Conn, StoreError,
    conn::on,
    schema::{login_codes, oidc_logins, user_identities},
    sql_types::{SqlId, SqlInstant},
};

/// A log-in that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnderWay {
    /// The hash of the state that the provider gives back.
    pub state_hash: String,
    /// The hash of the browser's cookie.
    pub cookie_hash: String,
    /// What the provider's token must hold.
    pub nonce: String,
    /// The proof of the exchange, encrypted.
    pub verifier: Vec<u8>,
    /// When it began.
    pub created_at: Instant,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = oidc_logins, treat_none_as_default_value = false)]
struct UnderWayRow {
    state_hash: String,
    cookie_hash: String,
    nonce: String,
    verifier: Vec<u8>,
    created_at: SqlInstant,
}

/// Keeps a log-in that begins; those begun before `forget_before` are forgotten.
///
/// # Errors
/// The database's own.
pub fn begin(conn: &mut Conn, login: UnderWay, forget_before: Instant) -> Result<(), StoreError> {
    let old = oidc_logins::table.filter(oidc_logins::created_at.lt(SqlInstant::from(forget_before)));
    on!(conn, c => diesel::delete(old).execute(c))?;
    let row = UnderWayRow {
        state_hash: login.state_hash,
        cookie_hash: login.cookie_hash,
        nonce: login.nonce,
        verifier: login.verifier,
        created_at: login.created_at.into(),
    };
    on!(conn, c => diesel::insert_into(oidc_logins::table).values(&row).execute(c))?;
    Ok(())
}

/// Takes a log-in by its state.
///
/// # Errors
/// The database's own.
pub fn take(conn: &mut Conn, state_hash: &str) -> Result<Option<UnderWay>, StoreError> {
    let row: Option<UnderWayRow> = on!(conn, c => diesel::delete(oidc_logins::table.find(state_hash))
        .returning(UnderWayRow::as_returning())
        .get_result(c)
        .optional())?;
    Ok(row.map(|row| UnderWay {
        state_hash: row.state_hash,
        cookie_hash: row.cookie_hash,
        nonce: row.nonce,
        verifier: row.verifier,
        created_at: row.created_at.into(),
    }))
}

/// The user whom the provider knows by a subject.
///
/// # Errors
/// The database's own.
pub fn user_of(conn: &mut Conn, issuer: &str, subject: &str) -> Result<Option<UserId>, StoreError> {
    let id: Option<SqlId> = on!(conn, c => user_identities::table
        .find((issuer, subject))
        .select(user_identities::user_id)
        .first(c)
        .optional())?;
    Ok(id.map(Into::into))
}

/// Ties a user to a subject of the provider.
///
/// # Errors
/// The database's own.
pub fn tie(conn: &mut Conn, issuer: &str, subject: &str, user: UserId) -> Result<(), StoreError> {
    on!(conn, c => diesel::insert_into(user_identities::table)
        .values((
            user_identities::issuer.eq(issuer),
            user_identities::subject.eq(subject),
            user_identities::user_id.eq(SqlId::from(user)),
        ))
        .execute(c))?;
    Ok(())
}

/// A code that a page exchanges for tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginCode {
    /// The hash of the code.
    pub code_hash: String,
    /// The hash of the browser's cookie.
    pub cookie_hash: String,
    /// Who logged in.
    pub user: UserId,
    /// When.
    pub created_at: Instant,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = login_codes, treat_none_as_default_value = false)]
struct CodeRow {
    code_hash: String,
    cookie_hash: String,
    user_id: SqlId,
    created_at: SqlInstant,
}

/// Keeps a code; those made before `forget_before` are forgotten.
///
/// # Errors
/// The database's own.
pub fn keep_code(conn: &mut Conn, code: LoginCode, forget_before: Instant) -> Result<(), StoreError> {
    let old = login_codes::table.filter(login_codes::created_at.lt(SqlInstant::from(forget_before)));
    on!(conn, c => diesel::delete(old).execute(c))?;
    let row = CodeRow {
        code_hash: code.code_hash,
        cookie_hash: code.cookie_hash,
        user_id: code.user.into(),
        created_at: code.created_at.into(),
    };
    on!(conn, c => diesel::insert_into(login_codes::table).values(&row).execute(c))?;
    Ok(())
}

/// Takes a code.
///
/// # Errors
/// The database's own.
pub fn take_code(conn: &mut Conn, code_hash: &str) -> Result<Option<LoginCode>, StoreError> {
    let row: Option<CodeRow> = on!(conn, c => diesel::delete(login_codes::table.find(code_hash))
        .returning(CodeRow::as_returning())
        .get_result(c)
        .optional())?;
    Ok(row.map(|row| LoginCode {
        code_hash: row.code_hash,
        cookie_hash: row.cookie_hash,
        user: row.user_id.into(),
        created_at: row.created_at.into(),
    }))
}
