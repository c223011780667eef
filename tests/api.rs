//! The interface over the wire: the real server on both databases, spoken to by a client that knows nothing of it.

mod access;
mod assignment;
mod at_once;
mod attachments;
mod basics;
mod callbacks;
mod campaigns;
mod fields;
mod general;
mod merges;
mod persons;
mod policies;
mod protocol;
mod queues;
mod replies;
mod reports;
mod routing;
mod search;
mod series;
mod stream;
mod structure;
mod units;
mod webhooks;
