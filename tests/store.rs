//! The store, alike on both databases.
