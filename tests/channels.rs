//! What the channels bring in, what leaves by them, and who it is.

mod at_once;
mod bad_input;
mod outbox;
mod published;
mod story;
