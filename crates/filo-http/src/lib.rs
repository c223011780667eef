//! The HTTP face of Filo: the REST interface, the citizens' pages, webhooks, health and the OpenAPI document.
//!
//! **Invariant:** a handler extracts, calls one use case and maps. Whatever goes wrong is answered as
//! `application/problem+json`; bad input never gives a 5xx. A route of the inner interface reaches a use case only
//! through [`auth::Allowed`], whose type names the permission, so that there is no route without one.
//!
//! Start at [`server::serve`] and [`application`]; one module per resource has its routes.

pub mod assets;
pub mod auth;
pub mod schema;
pub mod server;
pub mod state;

mod access;
mod account;
mod attachments;
mod audit;
mod body;
mod callbacks;
mod calls;
mod campaigns;
mod health;
mod hooks;
mod idempotency;
mod identities;
mod intervals;
mod limits;
mod links;
mod matters;
mod mentions;
mod metrics;
mod observe;
mod oidc;
mod openapi;
mod pages;
mod persons;
mod policies;
mod problem;
mod protocol;
mod quarantine;
mod queues;
mod replies;
mod report_schedules;
mod reports;
mod routes;
mod scorecards;
mod scrivi;
mod series;
mod spool;
mod stream;
mod structure;
mod ticket_search;
mod tickets;
mod units;
mod upload;
mod webhooks;
mod what_if;

#[cfg(test)]
mod tests;

pub use openapi::openapi;
pub use routes::application;
pub use server::{Running, serve, start};
pub use state::{HttpSettings, State, StreamSettings};
