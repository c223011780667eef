//! What the measurements share with the criterion benches: generated logs, and what is done with them.
//!
//! **Invariant:** everything generated follows from its seed.

pub mod calls;
pub mod matching;
