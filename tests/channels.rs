//! What the channels bring in.
