//! The store: one schema and one set of queries on embedded SQLite and on PostgreSQL.
//!
//! **Invariant:** no SQL and no `diesel::` outside this crate, and no rule of the contact centre inside it. Every
//! function works on a [`Conn`] inside the caller's transaction; the only doors to one are [`Db::read`] and
//! [`Db::write`].
//!
//! Start at [`Db`]; each aggregate has a module of its own that holds all its SQL.

mod conn;
mod db;
mod error;
mod migrate;
mod schema;
mod sql_types;
mod sql_words;
mod writer;

pub mod access;
pub mod audit;
pub mod calls;
pub mod export;
pub mod facts;
pub mod feed;
pub mod intake;
pub mod interactions;
pub mod jobs;
pub mod links;
pub mod matters;
pub mod merges;
pub mod messages;
pub mod months;
pub mod moves;
pub mod persons;
pub mod plans;
pub mod projections;
pub mod quarantine;
pub mod signatures;
pub mod ticket_clocks;
pub mod tickets;
pub mod watchers;

pub use conn::Conn;
pub use db::{Db, DbSettings};
pub use error::StoreError;
pub use migrate::SchemaState;
