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
pub mod attachments;
pub mod attempts;
pub mod audit;
pub mod callbacks;
pub mod calls;
pub mod campaigns;
pub mod dashboard;
pub mod export;
pub mod factors;
pub mod facts;
pub mod feed;
pub mod followed_files;
pub mod identities;
pub mod intake;
pub mod interactions;
pub mod jobs;
pub mod links;
pub mod live_legs;
pub mod matters;
pub mod mentions;
pub mod merges;
pub mod messages;
pub mod months;
pub mod moves;
pub mod oidc;
pub mod person_words;
pub mod persons;
pub mod plans;
pub mod projections;
pub mod protocols;
pub mod quarantine;
pub mod report_runs;
pub mod rollups;
pub mod score_entries;
pub mod series;
pub mod signatures;
pub mod suggestions;
pub mod ticket_clocks;
pub mod ticket_fields;
pub mod ticket_search;
pub mod tickets;
pub mod timeline;
pub mod unit_work;
pub mod watchers;
pub mod webhooks;

pub use conn::Conn;
pub use db::{Db, DbSettings};
pub use error::StoreError;
pub use migrate::SchemaState;
