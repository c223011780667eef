//! Working one ticket inside a transaction: load and lock, append events, write the projection.
//!
//! **Invariant:** every change goes through [`Work::push`], which appends the event and folds it at once, so the
//! state that a later rule reads is always the events' own.

use filo_domain::{
    Instant, InteractionId, MessageId, PersonId, TicketId, UserId,
    chain::Seal,
    city::{City, Contact},
    event::{Actor, Event, EventBody, Opening, Text},
    policy::{self, KeptClock, Policy, TicketTraits},
    similar::Signature,
    ticket::{Step, Ticket},
    vocabulary::{Channel, DeliveryState, Kind, Priority},
};
use filo_store::{
    Conn, merges,
    messages::{self, Message, MessageKind},
    signatures, ticket_clocks,
    tickets::{self, Beside, TicketRecord},
};
use serde_json::Value;

use crate::{AppError, assignment, feed, mint, protocol};

/// A ticket under work.
pub(crate) struct Work {
    /// The ticket, folded to its last event.
    pub(crate) ticket: Ticket,
    /// What the projection has besides.
    pub(crate) beside: Beside,
    /// Where it was when the work began, or was last settled.
    unit_before: Option<String>,
    now: Instant,
    /// Whether its channel or kind may say that it is to be registered now.
    newly_formal: bool,
}

/// What a new ticket needs besides its opening.
pub(crate) struct Subject {
    pub(crate) text: String,
    pub(crate) location: Option<Value>,
    pub(crate) municipio: Option<i32>,
    /// Subject and text: by these words tickets that say nearly the same are found.
    pub(crate) words: String,
}

/// From what a ticket is opened.
pub(crate) struct Start<'a> {
    pub(crate) channel: Channel,
    pub(crate) source: &'a str,
    pub(crate) interaction: Option<InteractionId>,
    pub(crate) person: Option<PersonId>,
    pub(crate) theme: Option<&'a str>,
    pub(crate) kind: Option<Kind>,
    pub(crate) priority: Option<Priority>,
    pub(crate) tags: Vec<String>,
    pub(crate) municipio: Option<i32>,
    /// Subject and text: rules look for words in it.
    pub(crate) words: &'a str,
    pub(crate) follows: Option<TicketId>,
    pub(crate) flags: Vec<String>,
    pub(crate) at: Instant,
}

impl Start<'_> {
    /// Routes the contact by the city's rules and chooses its clock policy.
    pub(crate) fn opening(self, city: &City) -> Opening {
        let contact = Contact {
            source: self.source,
            channel: self.channel,
            theme: self.theme,
            kind: self.kind,
            municipio: self.municipio,
            text: self.words,
        };
        let route = city.route(&contact, city.zone.day(self.at));
        let kind = self.kind.or(route.kind).unwrap_or(Kind::Information);
        let priority = self.priority.unwrap_or(route.priority);
        let traits = TicketTraits { channel: self.channel, theme: route.theme.as_deref(), kind, priority };
        let mut tags = self.tags;
        tags.extend(route.tags);
        tags.sort();
        tags.dedup();
        Opening {
            number: String::new(),
            channel: self.channel,
            source: self.source.to_owned(),
            interaction: self.interaction,
            person: self.person,
            policy: policy::choose(&city.policies, &traits).map(Policy::id),
            theme: route.theme,
            kind,
            priority,
            level: route.level,
            unit: Some(route.unit),
            tags,
            subject: Seal::of(b"", ""),
            follows: self.follows,
            flags: self.flags,
        }
    }
}

/// A subject shown for tickets whose contact had none.
const SUBJECT_LENGTH: usize = 200;

impl Work {
    /// Opens a ticket; `opening.subject` and `opening.number` are set here.
    pub(crate) fn open(
        conn: &mut Conn,
        city: &City,
        mut opening: Opening,
        subject: Subject,
        at: Instant,
        now: Instant,
        actor: Actor,
    ) -> Result<Self, AppError> {
        let salt = mint::random::<32>()?;
        let text: String = subject.text.trim().chars().take(SUBJECT_LENGTH).collect();
        opening.subject = Seal::of(&salt, &text);
        opening.number = next_number(conn, city, now)?;
        let event = Event::append(mint::id(now), None, at, now, actor, EventBody::Opened(Box::new(opening)))?;
        let ticket = Ticket::opened(&event)
            .map_err(|error| AppError::internal("a new ticket does not fold", error))?;
        let beside = Beside {
            subject: Some(text),
            subject_salt: Some(salt.to_vec()),
            due_at: None,
            location: subject.location,
            municipio: subject.municipio,
        };
        tickets::insert(conn, TicketRecord::of(&ticket, beside.clone()))?;
        tickets::append(conn, &event)?;
        if let Some(signature) = Signature::of(&subject.words) {
            signatures::insert(conn, ticket.id, signature, at)?;
        }
        feed::tell(conn, &ticket, None, &event)?;
        Ok(Self { ticket, beside, unit_before: None, now, newly_formal: true })
    }

    /// Loads the ticket that speaks for one, and locks it: of one that is not merged, itself.
    pub(crate) fn load_end(conn: &mut Conn, id: TicketId, now: Instant) -> Result<Self, AppError> {
        let mut end = merges::end_of(conn, id)?;
        loop {
            let work = Self::load(conn, end, now)?;
            // Merged meanwhile, by somebody who was first.
            match work.ticket.merged {
                Some(merge) => end = merge.into,
                None => return Ok(work),
            }
        }
    }

    /// Locks several tickets, always in one order, so that nobody waits for somebody who waits for him.
    pub(crate) fn lock_all(conn: &mut Conn, ids: &[TicketId]) -> Result<(), AppError> {
        let mut ids = ids.to_vec();
        ids.sort();
        ids.dedup();
        for id in ids {
            if !tickets::lock(conn, id)? {
                return Err(AppError::NotFound("ticket"));
            }
        }
        Ok(())
    }

    /// Loads a ticket and locks it against other writers until the transaction ends.
    pub(crate) fn load(conn: &mut Conn, id: TicketId, now: Instant) -> Result<Self, AppError> {
        if !tickets::lock(conn, id)? {
            return Err(AppError::NotFound("ticket"));
        }
        let record = tickets::find(conn, id)?.ok_or(AppError::NotFound("ticket"))?;
        let log = tickets::events(conn, id)?;
        let ticket =
            Ticket::fold(&log).map_err(|error| AppError::internal("a ticket's log does not fold", error))?;
        let beside = Beside {
            subject: record.subject,
            subject_salt: record.subject_salt,
            due_at: record.due_at,
            location: record.location,
            municipio: record.municipio,
        };
        Ok(Self { unit_before: ticket.history.unit.clone(), ticket, beside, now, newly_formal: false })
    }

    /// Refuses a step that the state forbids.
    pub(crate) fn check(&self, step: Step) -> Result<(), AppError> {
        match self.ticket.merged {
            Some(merge) if step != Step::Unmerge => Err(AppError::Merged { into: merge.into }),
            Some(_) | None => Ok(self.ticket.check(step)?),
        }
    }

    /// Refuses what cannot happen to a merged ticket.
    pub(crate) fn must_be_whole(&self) -> Result<(), AppError> {
        match self.ticket.merged {
            Some(merge) => Err(AppError::Merged { into: merge.into }),
            None => Ok(()),
        }
    }

    /// Refuses a caller whose version is old.
    pub(crate) fn check_version(&self, version: Option<i32>) -> Result<(), AppError> {
        match version {
            Some(version) if version != self.ticket.seq => Err(AppError::Stale(self.ticket.seq)),
            Some(_) | None => Ok(()),
        }
    }

    /// Appends what happened at `at`. A merged ticket takes only what fits one, whoever asks.
    pub(crate) fn push(
        &mut self,
        conn: &mut Conn,
        at: Instant,
        actor: Actor,
        body: EventBody,
    ) -> Result<(), AppError> {
        if !body.fits_merged() {
            self.must_be_whole()?;
        }
        let event = Event::append(
            self.ticket.id,
            Some((self.ticket.seq, &self.ticket.head)),
            at,
            self.now,
            actor,
            body,
        )?;
        self.newly_formal |= matches!(&event.body, EventBody::Classified(change) if change.kind.is_some());
        tickets::append(conn, &event)?;
        let unit_before = self.ticket.history.unit.clone();
        self.ticket.apply(&event).map_err(|error| AppError::internal("an event does not apply", error))?;
        feed::tell(conn, &self.ticket, unit_before, &event)
    }

    /// Keeps a text as a message of the ticket, sealed.
    pub(crate) fn text(&self, conn: &mut Conn, draft: Draft) -> Result<Text, AppError> {
        let salt = mint::random::<32>()?;
        let id = draft.id.unwrap_or_else(|| mint::id(self.now));
        let text = Text { message: id, seal: Seal::of(&salt, &draft.body) };
        let message = Message {
            id,
            ticket: self.ticket.id,
            kind: draft.kind,
            body: Some(draft.body),
            salt: Some(salt.to_vec()),
            author: draft.author,
            at: self.now,
            channel: draft.channel,
            recipients: draft.recipients,
            external_id: draft.external_id,
            delivery: draft.delivery,
            deliveries: vec![],
        };
        messages::insert(conn, &message)?;
        Ok(text)
    }

    /// Keeps why a step was taken, when somebody said so.
    pub(crate) fn reason(
        &self,
        conn: &mut Conn,
        author: Option<UserId>,
        reason: Option<String>,
    ) -> Result<Option<Text>, AppError> {
        reason
            .filter(|reason| !reason.trim().is_empty())
            .map(|body| self.text(conn, Draft::inside(MessageKind::Reason, author, body)))
            .transpose()
    }

    /// Gives an open ticket that came to a unit, and to no person, to whom the unit's configuration says.
    pub(crate) fn settle(&mut self, conn: &mut Conn, city: &City) -> Result<(), AppError> {
        let unit = self.ticket.history.unit.clone();
        let came = unit != self.unit_before;
        self.unit_before.clone_from(&unit);
        if !came || !self.ticket.state().is_open() || self.ticket.user.is_some() {
            return Ok(());
        }
        let user = match unit {
            Some(unit) => assignment::next(conn, city, &unit)?,
            None => None,
        };
        if user.is_some() {
            let level = self.ticket.history.level;
            self.push(conn, self.now, Actor::System, EventBody::Assigned { unit: None, user, level })?;
        }
        Ok(())
    }

    /// Writes the projection.
    pub(crate) fn save(mut self, conn: &mut Conn, city: &City) -> Result<TicketRecord, AppError> {
        self.settle(conn, city)?;
        let clocks = kept_clocks(&self.ticket, city);
        self.beside.due_at = policy::next_due(&clocks, &self.ticket.life());
        if self.newly_formal {
            protocol::request(conn, city, &self.ticket, self.now)?;
        }
        let record = TicketRecord::of(&self.ticket, self.beside);
        tickets::update(conn, record.clone())?;
        ticket_clocks::put(conn, record.id, &clocks)?;
        Ok(record)
    }
}

/// A message before it is kept.
pub(crate) struct Draft {
    pub(crate) id: Option<MessageId>,
    pub(crate) kind: MessageKind,
    pub(crate) author: Option<UserId>,
    pub(crate) body: String,
    pub(crate) channel: Option<Channel>,
    pub(crate) recipients: Vec<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) delivery: Option<DeliveryState>,
}

impl Draft {
    /// A text that stays inside.
    pub(crate) fn inside(kind: MessageKind, author: Option<UserId>, body: String) -> Self {
        Self {
            id: None,
            kind,
            author,
            body,
            channel: None,
            recipients: vec![],
            external_id: None,
            delivery: None,
        }
    }
}

/// The policy that applies to a ticket, if the configuration still has that version.
pub(crate) fn policy_of<'c>(ticket: &Ticket, city: &'c City) -> Option<&'c Policy> {
    let chosen = ticket.policy.as_deref()?;
    city.policies.iter().find(|policy| policy.id() == chosen)
}

/// The clocks of a ticket as they are kept beside it.
pub(crate) fn kept_clocks(ticket: &Ticket, city: &City) -> Vec<KeptClock> {
    policy::kept(policy_of(ticket, city), &ticket.life(), &city.zone, &city.calendar)
}

/// Two digits of the local year, then a counter of that year: `26-0012345`.
fn next_number(conn: &mut Conn, city: &City, now: Instant) -> Result<String, AppError> {
    let year = city.zone.day(now).year();
    let count = tickets::next_count(conn, &format!("tickets-{year}"))?;
    Ok(format!("{:02}-{count:07}", year.rem_euclid(100)))
}
