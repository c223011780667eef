//! Facebook, Instagram and WhatsApp: Meta's webhook bodies in, replies out through the Graph API.
//!
//! **Invariant:** every event of a body is one unit. What is not known by name is recorded as `other`, what has no
//! recognisable structure is rejected whole; ids may be numbers or texts, instants seconds or milliseconds, and
//! nothing depends on the order in which events arrive.
//!
//! # Threads
//! The conversation whose contacts share one ticket is
//! - for posts and comments the *post*: `post:<post id>` (Instagram: `post:<media id>`). All comments under a post,
//!   at whatever depth and from whomever, are one thread, as in the city's own counting: every comment counts
//!   inbound, the thread counts once when it is handled.
//! - for direct messages the other side: `dm:<its id>`; on WhatsApp `dm:<our number's id>/<its id>`, because a
//!   business account has several numbers, with the business-scoped user id where there is one, since the
//!   telephone number may be missing from the next message.
//!
//! # Intake keys
//! The platform's own id for what was written (comment, post, message), so that a reply can be addressed to it;
//! whatever happens to it later has a key of its own: `<id>:edit:…`, `<id>:remove:…`, `<id>:echo`, `<id>:read`.
//!
//! Start at [`MetaDecoder`]; [`MetaWebhook`] guards the door, [`GraphDelivery`] and [`FileDelivery`] send.

mod asking;
mod decode;
mod draft;
mod feed;
mod file;
mod graph;
mod inspect;
mod instagram;
mod messaging;
mod node;
mod webhook;
mod whatsapp;

#[cfg(test)]
mod tests;

pub use decode::MetaDecoder;
pub use draft::{MediaView, SenderView, SocialView};
pub use file::FileDelivery;
pub use graph::{Account, GraphDelivery};
pub use inspect::{inspect, split_bodies};
pub use webhook::MetaWebhook;
