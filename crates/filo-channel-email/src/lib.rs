//! The mail channel: raw messages and PEC (Italian certified mail) in, answers out by SMTP or into a folder.
//!
//! **Invariant:** every message with at least one header field is understood as something, whatever is broken in
//! it; what was guessed is said in its flags, and all text is valid UTF-8 without NUL.
//!
//! Start at [`decode::MailDecoder`] (one raw message to one [`filo_channel::Inbound`]); [`message::Mail`] is the
//! parsed message, [`unit::Understood`] what it means, [`view::MailView`] how it is shown. [`container`] takes
//! mbox files apart, [`smtp`] and [`outbox`] send.

mod auto;
mod body;
mod charset;
mod daticert;
mod encoded_word;
mod header;
mod html;
mod mime;
mod uu;

pub mod compose;
pub mod container;
pub mod decode;
pub mod key;
pub mod message;
pub mod outbox;
pub mod pec;
pub mod reply;
pub mod report;
pub mod smtp;
pub mod unit;
pub mod view;

pub use compose::Sender;
pub use container::{looks_like_mbox, split_mbox};
pub use decode::MailDecoder;
pub use outbox::FileDelivery;
pub use smtp::SmtpDelivery;
pub use view::inspect;
