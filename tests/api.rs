//! The interface over the wire: the real server on both databases, spoken to by a client that knows nothing of it.

mod at_once;
mod basics;
mod general;
mod queues;
mod structure;
