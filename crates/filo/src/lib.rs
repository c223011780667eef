//! The program: settings, wiring of adapters and renderers, and the commands. It knows every crate and no rule.
//!
//! **Invariant:** the environment is read here alone. Start at [`cli::run`]; [`wiring::Program`] is what commands
//! and tests work with.

pub mod cli;
pub mod commands;
pub mod content;
pub mod demo;
pub mod exit;
pub mod settings;
pub mod wiring;
