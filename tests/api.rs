//! The interface over the wire: the real server on both databases, spoken to by a client that knows nothing of it.

mod assignment;
mod at_once;
mod basics;
mod fields;
mod queues;
mod replies;
mod routing;
mod structure;
mod units;
