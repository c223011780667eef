//! The store, alike on both databases.

mod plans;
mod rollups;
mod round_trip;
mod schema;
mod tampering;
mod writing;
