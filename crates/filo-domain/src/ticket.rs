//! The ticket: its state machine, and the fold of its events.
//!
//! **Invariant:** [`Ticket`] is a function of its events alone (`filo verify` folds them anew and compares). What
//! a state allows is one table, [`allowed`]; a refusal lists what is allowed instead.

use serde::{Deserialize, Serialize};

use crate::{
    Instant, InteractionId, MatterId, MessageId, TicketId, UserId,
    chain::{Hash, Seal},
    clock::{History, Interval, Round},
    event::{Event, EventBody, Opening, WaitFor},
    link::Link,
    protocol::ProtocolEntry,
    vocabulary::{Channel, Kind, Level, Outcome, Priority, State, Word},
};

/// What an operator can ask of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Accept it.
    TakeCharge,
    /// Give it to a unit or person.
    Assign,
    /// Hand it to level II.
    Escalate,
    /// Wait for somebody.
    Wait,
    /// Stop waiting.
    Resume,
    /// Resolve it.
    Resolve,
    /// Confirm the resolution.
    Close,
    /// Open a new round.
    Reopen,
    /// Cancel it.
    Cancel,
    /// Undo its merge; the only step of a merged ticket.
    Unmerge,
}

impl Word for Step {
    const NAME: &'static str = "action";
    const ALL: &'static [Self] = &[
        Self::TakeCharge,
        Self::Assign,
        Self::Escalate,
        Self::Wait,
        Self::Resume,
        Self::Resolve,
        Self::Close,
        Self::Reopen,
        Self::Cancel,
        Self::Unmerge,
    ];
    fn word(self) -> &'static str {
        match self {
            Self::TakeCharge => "take-charge",
            Self::Assign => "assign",
            Self::Escalate => "escalate",
            Self::Wait => "wait",
            Self::Resume => "resume",
            Self::Resolve => "resolve",
            Self::Close => "close",
            Self::Reopen => "reopen",
            Self::Cancel => "cancel",
            Self::Unmerge => "unmerge",
        }
    }
}

/// Whether a state allows a step (contract §2, table of steps).
pub fn allowed(state: State, step: Step) -> bool {
    match step {
        Step::TakeCharge => matches!(state, State::New | State::Assigned),
        Step::Assign | Step::Escalate | Step::Resolve | Step::Cancel => state.is_open(),
        Step::Wait => state == State::InCharge,
        Step::Resume => state.is_waiting(),
        Step::Close => state == State::Resolved,
        Step::Reopen => matches!(state, State::Resolved | State::Closed),
        // Not of a state: see `Ticket::allowed_steps`.
        Step::Unmerge => false,
    }
}

/// The steps a state allows, in the order of the contract.
pub fn allowed_steps(state: State) -> Vec<Step> {
    Step::ALL.iter().copied().filter(|step| allowed(state, *step)).collect()
}

/// A step that the state forbids.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a ticket that is {} cannot {}", .state.word(), .step.word())]
pub struct Refused {
    /// What was asked.
    pub step: Step,
    /// Where the ticket stands.
    pub state: State,
    /// What is allowed instead.
    pub allowed: Vec<Step>,
}

/// What an actionable contact of the citizen does to a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuation {
    /// It is added; the state stays.
    Added,
    /// It is added and ends the waiting.
    Resumed,
    /// It is added and opens a new round.
    Reopened,
    /// It comes too late: a linked ticket is due.
    TooLate,
}

/// One need raised on one channel, folded from its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Its id.
    pub id: TicketId,
    /// How it began.
    pub opening: Opening,
    /// The theme key now.
    pub theme: Option<String>,
    /// What it asks for now.
    pub kind: Kind,
    /// How urgent it is now.
    pub priority: Priority,
    /// Tags now, sorted.
    pub tags: Vec<String>,
    /// The seal of the subject now.
    pub subject: Seal,
    /// The seal of the custom fields now; `None` when there never were any.
    pub fields: Option<Seal>,
    /// The person it is assigned to.
    pub user: Option<UserId>,
    /// How it ended; `None` while open.
    pub outcome: Option<Outcome>,
    /// The key of the city's reason for its resolution; `None` while open.
    pub resolution: Option<String>,
    /// The matter it is joined in.
    pub matter: Option<MatterId>,
    /// The clock policy that applies to it, with its version: that of the opening until another was chosen.
    pub policy: Option<String>,
    /// Its entry in a protocol register.
    pub protocol: Option<ProtocolEntry>,
    /// Its life as instants, with state, level and unit; a merge does not touch it (see [`Self::life`]).
    pub history: History,
    /// The ticket that speaks for it, while it is merged.
    pub merged: Option<Merge>,
    /// Its links to other tickets, as seen from here, oldest first.
    pub links: Vec<Link>,
    /// The number of the last event.
    pub seq: i32,
    /// The hash of the last event.
    pub head: Hash,
    /// When the last event was recorded.
    pub updated_at: Instant,
    /// Answers, to take one out when it failed.
    replies: Vec<(MessageId, Instant)>,
    /// Live answers of registered calls, to take one out when its call is split off.
    live_answers: Vec<(InteractionId, Instant)>,
}

/// Why events do not make a ticket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// There are none.
    #[error("a ticket without events")]
    Empty,
    /// The first is no opening, or a later one is.
    #[error("event {0} is an opening out of place, or the first event is none")]
    Opening(i32),
}

impl Ticket {
    /// Folds a log, in order of `seq`.
    ///
    /// # Errors
    /// When the log does not begin with its one opening.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Self, FoldError> {
        let mut events = events.into_iter();
        let first = events.next().ok_or(FoldError::Empty)?;
        let mut ticket = Self::opened(first)?;
        for event in events {
            ticket.apply(event)?;
        }
        Ok(ticket)
    }

    /// The ticket after its opening event.
    ///
    /// # Errors
    /// When the event is no opening.
    pub fn opened(event: &Event) -> Result<Self, FoldError> {
        let EventBody::Opened(opening) = &event.body else {
            return Err(FoldError::Opening(event.seq));
        };
        Ok(Self {
            id: event.ticket,
            theme: opening.theme.clone(),
            kind: opening.kind,
            priority: opening.priority,
            tags: opening.tags.clone(),
            subject: opening.subject.clone(),
            fields: None,
            user: None,
            outcome: None,
            resolution: None,
            matter: None,
            policy: opening.policy.clone(),
            merged: None,
            links: Vec::new(),
            protocol: None,
            history: History::opened(event.at, opening.level, opening.unit.clone()),
            seq: event.seq,
            head: event.hash.clone(),
            updated_at: event.recorded_at,
            replies: Vec::new(),
            live_answers: Vec::new(),
            opening: (**opening).clone(),
        })
    }

    /// The present state. A merged ticket is `cancelled`: it ended without a resolution of its own.
    pub fn state(&self) -> State {
        if self.merged.is_some() { State::Cancelled } else { self.history.state }
    }
    /// The steps that are allowed now.
    pub fn allowed_steps(&self) -> Vec<Step> {
        if self.merged.is_some() { vec![Step::Unmerge] } else { allowed_steps(self.state()) }
    }
    /// The channel it was opened on.
    pub fn channel(&self) -> Channel {
        self.opening.channel
    }

    /// Checks a step against the state.
    ///
    /// # Errors
    /// When the state forbids it, with what is allowed instead.
    pub fn check(&self, step: Step) -> Result<(), Refused> {
        let allowed = self.allowed_steps();
        if allowed.contains(&step) {
            return Ok(());
        }
        Err(Refused { step, state: self.state(), allowed })
    }

    /// What a contact of the citizen at `at` does; `reopen_days` counts days of 24 h from the last resolution.
    pub fn continuation(&self, at: Instant, actionable: bool, reopen_days: i64) -> Continuation {
        let resolved_at = self.history.final_resolved_at();
        let in_time = resolved_at.is_some_and(|resolved| at.seconds_since(resolved) <= reopen_days * 86_400);
        // A contact that happened before the resolution but arrived after it contests nothing.
        let before = resolved_at.is_some_and(|resolved| at < resolved);
        match self.state() {
            State::New | State::Assigned | State::InCharge => Continuation::Added,
            State::WaitingCitizen | State::WaitingThirdParty if actionable => Continuation::Resumed,
            State::WaitingCitizen | State::WaitingThirdParty => Continuation::Added,
            State::Resolved | State::Closed if !actionable || before => Continuation::Added,
            State::Resolved | State::Closed if in_time => Continuation::Reopened,
            State::Resolved | State::Closed | State::Cancelled => Continuation::TooLate,
        }
    }

    /// Applies the next event.
    ///
    /// # Errors
    /// When it is a second opening.
    pub fn apply(&mut self, event: &Event) -> Result<(), FoldError> {
        match &event.body {
            EventBody::Opened(_) => return Err(FoldError::Opening(event.seq)),
            EventBody::TakenInCharge { user } => self.take_charge(event.at, *user),
            EventBody::Assigned { unit, user, level } => self.assign(unit.clone(), *user, *level),
            EventBody::Escalated { unit, .. } => self.escalate(event.at, unit),
            EventBody::Waiting { waits_for, .. } => self.wait(event.at, *waits_for),
            EventBody::Resumed => self.resume(event.at),
            EventBody::Replied { text, .. } => self.replies.push((text.message, event.at)),
            EventBody::LiveAnswered { interaction } => self.live_answers.push((*interaction, event.at)),
            EventBody::Undelivered { message } => self.replies.retain(|(reply, _)| reply != message),
            EventBody::Resolved { outcome, reason, .. } => {
                self.resolution.clone_from(reason);
                self.resolve(event.at, *outcome);
            }
            EventBody::Closed { .. } => self.close(event.at),
            EventBody::Reopened { .. } => self.reopen(event.at),
            EventBody::Cancelled { .. } => self.cancel(event.at),
            EventBody::Classified(change) => self.classify(change),
            EventBody::PolicyChosen { policy } => self.policy.clone_from(policy),
            EventBody::MatterJoined { matter } => self.matter = Some(*matter),
            EventBody::MatterLeft { .. } => self.matter = None,
            // The first stands: numbers are not changed.
            EventBody::Protocolled(entry) => {
                self.protocol.get_or_insert_with(|| entry.clone());
            }
            EventBody::Rated { score, .. } => self.history.ratings.push(*score),
            EventBody::Merged { into, .. } => self.merged = Some(Merge { into: *into, at: event.at }),
            EventBody::Unmerged { .. } => self.merged = None,
            EventBody::ContactRemoved { interaction, .. } => {
                self.live_answers.retain(|(call, _)| call != interaction);
            }
            EventBody::Linked(link) => self.links.push(*link),
            EventBody::Unlinked(link) => self.links.retain(|own| own.id != link.id),
            EventBody::ContactAdded { .. }
            | EventBody::ReceiptSent { .. }
            | EventBody::Noted { .. }
            | EventBody::AttachmentAdded { .. }
            | EventBody::Absorbed { .. }
            | EventBody::Released { .. }
            | EventBody::CallbackBooked { .. }
            | EventBody::CallbackMoved { .. }
            | EventBody::CallbackAttempted { .. }
            | EventBody::CallbackKept { .. }
            | EventBody::CallbackMissed { .. }
            | EventBody::CallbackCancelled { .. } => {}
        }
        self.recount_responses();
        self.seq = event.seq;
        self.head = event.hash.clone();
        self.updated_at = self.updated_at.max(event.recorded_at);
        Ok(())
    }

    fn recount_responses(&mut self) {
        self.history.responses = self
            .replies
            .iter()
            .map(|(_, at)| *at)
            .chain(self.live_answers.iter().map(|(_, at)| *at))
            .collect();
        self.history.responses.sort();
    }

    fn take_charge(&mut self, at: Instant, user: Option<UserId>) {
        self.history.charged_at.get_or_insert(at);
        self.history.state = State::InCharge;
        self.user = user.or(self.user);
    }

    fn assign(&mut self, unit: Option<String>, user: Option<UserId>, level: Level) {
        if unit.is_some() && unit != self.history.unit {
            self.user = None;
        }
        self.history.unit = unit.or_else(|| self.history.unit.take());
        self.user = user.or(self.user);
        self.history.level = level;
    }

    fn escalate(&mut self, at: Instant, unit: &str) {
        self.end_wait(at);
        self.history.escalated_at.get_or_insert(at);
        self.history.state = State::Assigned;
        self.history.level = Level::II;
        self.history.unit = Some(unit.to_owned());
        self.user = None;
    }

    fn wait(&mut self, at: Instant, waits_for: WaitFor) {
        self.history.waits.push(Interval { from: at, to: None });
        self.history.state = match waits_for {
            WaitFor::Citizen => State::WaitingCitizen,
            WaitFor::ThirdParty => State::WaitingThirdParty,
        };
    }

    fn end_wait(&mut self, at: Instant) {
        if let Some(wait) = self.history.waits.last_mut().filter(|wait| wait.to.is_none()) {
            wait.to = Some(at.max(wait.from));
        }
    }

    fn resume(&mut self, at: Instant) {
        self.end_wait(at);
        self.history.state = State::InCharge;
    }

    fn resolve(&mut self, at: Instant, outcome: Outcome) {
        self.end_wait(at);
        self.history.state = State::Resolved;
        self.outcome = Some(outcome);
        if let Some(round) = self.history.rounds.last_mut() {
            round.resolved_at = Some(at);
            round.outcome = Some(outcome);
        }
    }

    fn close(&mut self, at: Instant) {
        self.history.state = State::Closed;
        if let Some(round) = self.history.rounds.last_mut() {
            round.closed_at = Some(at);
        }
    }

    fn reopen(&mut self, at: Instant) {
        self.history.state = State::New;
        self.outcome = None;
        self.resolution = None;
        self.history.rounds.push(Round { started_at: at, resolved_at: None, closed_at: None, outcome: None });
    }

    fn cancel(&mut self, at: Instant) {
        self.end_wait(at);
        self.history.state = State::Cancelled;
        self.history.cancelled_at = Some(at);
    }

    fn classify(&mut self, change: &crate::event::Classification) {
        if let Some(subject) = &change.subject {
            self.subject = subject.clone();
        }
        if change.theme.is_some() {
            self.theme.clone_from(&change.theme);
        }
        self.kind = change.kind.unwrap_or(self.kind);
        self.priority = change.priority.unwrap_or(self.priority);
        if let Some(tags) = &change.tags {
            self.tags.clone_from(tags);
        }
        if change.fields.is_some() {
            self.fields.clone_from(&change.fields);
        }
    }
}

mod merge;

pub use merge::Merge;

#[cfg(test)]
mod tests;
