//! Tests of the whole system: contacts go in through the real adapters, work is done through the use cases, and the
//! figures that come out are compared, on both databases.
//!
//! Start at `support`, which starts the application as the program does, with a clock that stands where it was put.
#![cfg(test)]

mod api;
mod channels;
mod report;
mod store;
mod support;

/// Counts what is held in memory, for the tests that bound it.
#[global_allocator]
static MEMORY: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;
