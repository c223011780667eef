//! What the measurements share with the criterion benches: generated logs, and what is done with them.
//!
//! **Invariant:** everything generated follows from its seed.

pub mod calls;
pub mod matching;

/// The program's own: what is measured is what runs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
