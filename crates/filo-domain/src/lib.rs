//! The rules of a contact centre as plain values: persons, contacts, tickets, clocks, the city's calendar.
//!
//! **Invariant:** this crate performs no I/O and reads no clock. Every function that needs "now" or a new
//! identifier takes it as an argument, so each rule is tested with literals. It knows no database, no HTTP,
//! no channel's protocol and no city: those hand their content in.
//!
//! Start reading at [`ticket::Ticket`] (the state machine), [`event`] (the log and its hash chain) and
//! [`clock`] (what is measured).

pub mod calendar;
pub mod callback;
pub mod chain;
pub mod city;
pub mod clock;
pub mod event;
pub mod form;
pub mod id;
pub mod identity;
pub mod instant;
pub mod legs;
pub mod link;
pub mod policy;
pub mod protocol;
pub mod search;
pub mod similar;
pub mod ticket;
pub mod vocabulary;

pub use id::{
    AttachmentId, CallId, CallbackId, CampaignId, InteractionId, LinkId, MatterId, MessageId, PersonId,
    QuarantineId, TicketId, UserId,
};
pub use instant::{CityZone, Instant, Period};
