//! Clients of the systems that Filo talks to besides the channels: receivers of webhooks, the identity provider,
//! the file store, the virus scanner.
//!
//! **Invariant:** each client implements a trait of `filo-app` and knows its protocol alone: no store, no HTTP
//! route, no rule. `filo` wires them; tests run them against real servers.

pub mod protocol;

pub mod blobs;
pub mod clamd;
