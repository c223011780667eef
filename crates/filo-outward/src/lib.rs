//! Clients of the systems that Filo talks to besides the channels: the document-protocol system, the file store,
//! the virus scanner, the identity provider, subscribers of webhooks.
//!
//! **Invariant:** each client implements a trait of `filo-app` and knows its protocol alone: no store, no HTTP
//! route, no rule. `filo` wires them; tests run them against real servers.

pub mod blobs;
pub mod clamd;
pub mod oidc;
pub mod protocol;
pub mod webhooks;
