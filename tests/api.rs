//! The interface over the wire: the real server on both databases, spoken to by a client that knows nothing of it.

mod basics;
mod merges;
mod persons;
mod protocol;
mod queues;
