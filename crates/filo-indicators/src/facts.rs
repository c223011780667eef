//! What figures are computed from: contacts, calls and tickets as known at one instant.
//!
//! **Invariant:** the loader has already left out what was not yet known (recorded after the limit) or not yet
//! done to tickets; nothing here carries a name, an address or a text. Order does not matter: every measure
//! sorts by (instant, source, external id), so both databases give the same bytes.

use std::collections::BTreeMap;

use filo_domain::{
    CallbackId, Instant, InteractionId, MatterId, Period, PersonId, TicketId,
    calendar::Calendar,
    callback::Callback,
    city::Costs,
    clock::History,
    vocabulary::{CallOutcome, Channel, Direction, InteractionKind, Kind, NotActionable},
};

/// All facts of a span of time.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Calls, folded from their legs.
    pub calls: Vec<CallFact>,
    /// Every other interaction, inbound and outbound, contacts or not.
    pub interactions: Vec<InteractionFact>,
    /// Tickets opened before the span's end that were open, touched or worked in it.
    pub tickets: Vec<TicketFact>,
    /// Promised call-backs whose window ends in the span.
    pub callbacks: Vec<CallbackFact>,
    /// Monthly values that came from elsewhere, and what suppliers cost, each as last corrected.
    pub series: Vec<SeriesFact>,
    /// Who is paid for answering, how that is allocated, and who pays.
    pub costs: Costs,
    /// The opening hours that measures may count in.
    pub calendar: Calendar,
    /// What callers did after the span: who gave up at its end may come back only then.
    pub after: Vec<ReturnFact>,
    /// The sources that are configured, each with its channel: one that is silent is seen, too.
    pub sources: BTreeMap<String, Channel>,
}

impl Facts {
    /// Whether nothing is known of the span: nobody got in touch, nothing was worked and nothing counted elsewhere.
    pub fn is_empty(&self) -> bool {
        let Self { calls, interactions, tickets, callbacks, series, .. } = self;
        calls.is_empty()
            && interactions.is_empty()
            && tickets.is_empty()
            && callbacks.is_empty()
            && series.is_empty()
    }
}

/// An act of an identified person shortly after the span.
#[derive(Clone, Debug)]
pub struct ReturnFact {
    /// The source.
    pub source: String,
    /// Its id there.
    pub external_id: String,
    /// When it happened.
    pub occurred_at: Instant,
    /// Who it was, after merges.
    pub person: PersonId,
    /// By which channel.
    pub channel: Channel,
    /// Whether it was a call that a person answered.
    pub answered: bool,
}

/// A promised call-back, as far as its steps had gone.
#[derive(Clone, Debug)]
pub struct CallbackFact {
    /// Its id.
    pub id: CallbackId,
    /// The promise and what was tried.
    pub promise: Callback,
}

/// A month's value of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesFact {
    /// The series.
    pub key: String,
    /// The month.
    pub month: Period,
    /// The month's first instant.
    pub at: Instant,
    /// The value.
    pub value: u64,
    /// Whence it was taken.
    pub source: String,
    /// What a reader should know.
    pub note: Option<String>,
    /// Which of its corrections, from 1.
    pub revision: i32,
}

/// One phone call.
#[derive(Clone, Debug)]
pub struct CallFact {
    /// The call's interaction.
    pub id: InteractionId,
    /// The configured source.
    pub source: String,
    /// The phone system's call id and entry, unique within the source.
    pub external_id: String,
    /// The first queue that it entered; `None` where the phone system did not say.
    pub queue: Option<String>,
    /// When its first leg entered a queue.
    pub occurred_at: Instant,
    /// When it was recorded: it says how late that was, and nothing else.
    pub recorded_at: Instant,
    /// The last queue outcome, or answered if any leg was.
    pub outcome: CallOutcome,
    /// Sum of waits to the first answer or the end; `None` when unknown.
    pub wait_s: Option<i64>,
    /// Sum of talks; `None` when nobody talked.
    pub talk_s: Option<i64>,
    /// When a person answered.
    pub answered_at: Option<Instant>,
    /// What the caller chose before or instead of a queue.
    pub choice: Option<String>,
    /// Whether live events and the log do not say the same of it; it changes no figure.
    pub differs: bool,
    /// The caller after merges; `None` when the number was withheld.
    pub person: Option<PersonId>,
    /// The ticket it is registered under.
    pub ticket: Option<TicketId>,
}

/// One interaction that is no call.
#[derive(Clone, Debug)]
pub struct InteractionFact {
    /// Its id.
    pub id: InteractionId,
    /// The configured source (for mail: the mailbox).
    pub source: String,
    /// The channel.
    pub channel: Channel,
    /// What sort of touch it is; `InteractionKind::is_contact` says whether an inbound one counts.
    pub kind: InteractionKind,
    /// Who touched whom.
    pub direction: Direction,
    /// The intake key.
    pub external_id: String,
    /// When it happened.
    pub occurred_at: Instant,
    /// When it was recorded: it says how late that was, and nothing else.
    pub recorded_at: Instant,
    /// The sender after merges.
    pub person: Option<PersonId>,
    /// The ticket it belongs to.
    pub ticket: Option<TicketId>,
    /// The conversation (social, chat), unique within the source.
    pub thread: Option<String>,
    /// Why it asks for nothing; `None` when it is actionable (contacts only).
    pub not_actionable: Option<NotActionable>,
}

impl InteractionFact {
    /// Whether it is an act of somebody outside that counts as a contact.
    pub fn is_contact(&self) -> bool {
        self.direction == Direction::Inbound && self.kind.is_contact()
    }
}

/// One ticket with its history.
#[derive(Clone, Debug)]
pub struct TicketFact {
    /// Its id.
    pub id: TicketId,
    /// The number people read aloud.
    pub number: String,
    /// The channel it was opened on.
    pub channel: Channel,
    /// The source of its first contact.
    pub source: String,
    /// Theme key, two levels (`tributi/tari`); `None` until classified.
    pub theme: Option<String>,
    /// What it asks for.
    pub kind: Kind,
    /// The district, where it is known.
    pub municipio: Option<i32>,
    /// The person after merges.
    pub person: Option<PersonId>,
    /// The matter it is joined in.
    pub matter: Option<MatterId>,
    /// The ticket that speaks for it, while it is merged: its contacts count there, itself it is left out.
    pub merged_into: Option<TicketId>,
    /// Tags, sorted.
    pub tags: Vec<String>,
    /// Its life as instants; a merge does not touch it.
    pub history: History,
    /// What somebody who checks the data should know, such as `call_missing`.
    pub flags: Vec<String>,
}
