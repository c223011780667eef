//! What happened, told to whoever follows along: every event of a ticket becomes one row of the feed, written in the
//! event's own transaction. Streams and webhooks read the feed; they never look at the events.
//!
//! **Invariant:** no text of a citizen or operator and no personal data are in the feed: ids, and where the ticket
//! stands. Who wants more asks for the ticket, and is checked there.

use filo_domain::{
    Instant, TicketId,
    event::{Event, EventBody},
    ticket::Ticket,
    vocabulary::Word,
};
use filo_store::{
    Conn,
    feed::{self, News, Queue},
    tickets, webhooks,
};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{App, AppError, Caller, Permission};

/// News numbered, or forgotten, in one transaction.
const BATCH: i64 = 500;
/// Batches forgotten in one round of maintenance.
const ROUNDS: usize = 100;

/// Tells what an event did to a ticket.
pub(crate) fn tell(
    conn: &mut Conn,
    ticket: &Ticket,
    unit_before: Option<String>,
    event: &Event,
) -> Result<(), AppError> {
    let (change, _) = event.body.stored()?;
    let unit = ticket.history.unit.clone();
    let mut data = json!({
        "number": ticket.opening.number, "version": ticket.seq, "change": change, "state": ticket.state().word(),
        "level": ticket.history.level.word(), "channel": ticket.channel().word(), "theme": ticket.theme,
        "kind": ticket.kind.word(), "priority": ticket.priority.word(), "outcome": ticket.outcome.map(Word::word),
        "user_id": ticket.user,
    });
    if let (Some((name, id)), Some(members)) = (about(&event.body), data.as_object_mut()) {
        members.insert(name.to_owned(), id);
    }
    let news = News {
        seq: 0,
        at: event.recorded_at,
        kind: kind_of(&event.body).to_owned(),
        ticket: Some(ticket.id),
        unit_before: unit_before.filter(|before| Some(before) != unit.as_ref()),
        unit,
        user: None,
        data,
    };
    Ok(feed::tell(conn, news)?)
}

fn kind_of(body: &EventBody) -> &'static str {
    match body {
        EventBody::Opened(_) => "ticket.opened",
        body if about(body).is_some() => "ticket.message",
        _ => "ticket.changed",
    }
}

/// The message or contact that an event is about, for events that add to the conversation.
fn about(body: &EventBody) -> Option<(&'static str, Value)> {
    match body {
        EventBody::Replied { text, .. } | EventBody::ReceiptSent { text } | EventBody::Noted { text } => {
            Some(("message_id", json!(text.message)))
        }
        EventBody::Undelivered { message } => Some(("message_id", json!(message))),
        EventBody::ContactAdded { interaction, .. } | EventBody::LiveAnswered { interaction } => {
            Some(("interaction_id", json!(interaction)))
        }
        _ => None,
    }
}

/// News as streams send them.
pub fn wire(news: &News) -> Value {
    let mut data = json!({ "ticket_id": news.ticket, "unit": news.unit, "unit_before": news.unit_before });
    if let (Some(members), Some(further)) = (data.as_object_mut(), news.data.as_object()) {
        members.extend(further.clone());
    }
    json!({ "type": news.kind, "timestamp": news.at, "data": data })
}

/// What can be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Tickets: opened, changed, written to.
    Tickets,
    /// How many tickets wait in a unit.
    Queues,
    /// Live calls.
    Calls,
    /// What concerns the caller personally.
    Mentions,
    /// Promised call-backs.
    Callbacks,
}

impl Word for Topic {
    const NAME: &'static str = "topic";
    const ALL: &'static [Self] = &[Self::Tickets, Self::Queues, Self::Calls, Self::Mentions, Self::Callbacks];
    fn word(self) -> &'static str {
        match self {
            Self::Tickets => "tickets",
            Self::Queues => "queues",
            Self::Calls => "calls",
            Self::Mentions => "mentions",
            Self::Callbacks => "callbacks",
        }
    }
}

impl Topic {
    fn of(news: &News) -> Option<Self> {
        match news.kind.split_once('.') {
            _ if news.user.is_some() => Some(Self::Mentions),
            Some(("ticket", _)) => Some(Self::Tickets),
            Some(("call", _)) => Some(Self::Calls),
            Some(("callback", _)) => Some(Self::Callbacks),
            Some(_) | None => None,
        }
    }
    fn needs(self) -> Permission {
        match self {
            Self::Tickets | Self::Mentions | Self::Callbacks => Permission::ReadTickets,
            Self::Calls => Permission::ReadContacts,
            Self::Queues => Permission::ReadStream,
        }
    }
}

/// What a caller wants to hear.
#[derive(Clone, Debug, Default)]
pub struct Hearing {
    /// Topics; empty for all that the caller may follow.
    pub topics: Vec<Topic>,
    /// Of one unit.
    pub unit: Option<String>,
    /// Of one ticket.
    pub ticket: Option<TicketId>,
}

/// A caller who follows along: what the caller wants and may hear.
#[derive(Clone, Debug)]
pub struct Ear {
    caller: Caller,
    hearing: Hearing,
}

impl Ear {
    /// Whose it is.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
    /// Whether the caller wants and may hear this. A ticket that changes its unit is told to both.
    pub fn hears(&self, news: &News) -> bool {
        let of_unit =
            |unit: &str| news.unit.as_deref() == Some(unit) || news.unit_before.as_deref() == Some(unit);
        let wanted = Topic::of(news).is_some_and(|topic| self.hearing.topics.contains(&topic))
            && self.hearing.unit.as_deref().is_none_or(of_unit)
            && self.hearing.ticket.is_none_or(|ticket| news.ticket == Some(ticket));
        let personal = news.user.is_none_or(|user| self.caller.user() == Some(user));
        wanted && personal && (news.user.is_some() || self.caller.unit_limit().is_none_or(of_unit))
    }
    /// The units whose queues are told: all without a list, none when queues are not followed.
    pub fn queues(&self) -> Option<Vec<String>> {
        let one = self.hearing.unit.as_deref().or(self.caller.unit_limit());
        if self.hearing.topics.contains(&Topic::Queues) && self.hearing.ticket.is_none() {
            one.map(|unit| vec![unit.to_owned()])
        } else {
            Some(vec![])
        }
    }
    /// Whether the caller wants and may hear of a unit's queue.
    pub fn hears_queue(&self, unit: &str) -> bool {
        self.queues().is_none_or(|units| units.iter().any(|known| known == unit))
    }
}

impl App {
    /// What the caller may hear of what the caller wants to.
    ///
    /// # Errors
    /// A topic that the caller may not follow, a unit or ticket that the caller may not see.
    pub async fn ear(&self, caller: &Caller, mut hearing: Hearing) -> Result<Ear, AppError> {
        caller.must(Permission::ReadStream)?;
        for topic in &hearing.topics {
            caller.must(topic.needs())?;
        }
        if hearing.topics.is_empty() {
            hearing.topics = Topic::ALL.iter().copied().filter(|topic| caller.may(topic.needs())).collect();
        }
        if let Some(unit) = &hearing.unit {
            if self.core.city.units.get(unit).is_none() {
                return Err(AppError::invalid("/unit", format!("there is no unit {unit:?}: see GET /units")));
            }
            if caller.unit_limit().is_some_and(|own| own != unit) {
                return Err(AppError::NotFound("unit"));
            }
        }
        if let Some(id) = hearing.ticket {
            caller.must(Permission::ReadTickets)?;
            let found = self.db.read(move |conn| tickets::find(conn, id)).await.map_err(AppError::Store)?;
            caller.must_see(&found.ok_or(AppError::NotFound("ticket"))?)?;
        }
        Ok(Ear { caller: caller.clone(), hearing })
    }

    /// Changes after every commit of this process.
    pub fn written(&self) -> watch::Receiver<u64> {
        self.db.written()
    }

    /// Gives committed news their numbers.
    ///
    /// # Errors
    /// The store's own.
    pub async fn number_news(&self) -> Result<(), AppError> {
        while self.db.read(feed::has_unnumbered).await.map_err(AppError::Store)? {
            if self.db.write(|conn| feed::number(conn, BATCH)).await.map_err(AppError::Store)? == 0 {
                // Another process is at it.
                break;
            }
        }
        Ok(())
    }

    /// The number of the last news.
    ///
    /// # Errors
    /// The store's own.
    pub async fn last_news(&self) -> Result<i64, AppError> {
        Ok(self.db.read(feed::bounds).await.map_err(AppError::Store)?.1)
    }

    /// News past a number; `None` when some of them are forgotten already, or there was never such a number.
    ///
    /// # Errors
    /// The store's own.
    pub async fn news_after(&self, seq: i64, limit: i64) -> Result<Option<Vec<News>>, AppError> {
        self.db
            .read(move |conn| {
                let (pruned, last) = feed::bounds(conn)?;
                if seq < pruned || seq > last {
                    return Ok(None);
                }
                feed::after(conn, seq, limit).map(Some)
            })
            .await
            .map_err(AppError::Store)
    }

    /// The open tickets of units, of all without a list.
    ///
    /// # Errors
    /// The store's own.
    pub async fn queue_counts(&self, units: Option<Vec<String>>) -> Result<Vec<Queue>, AppError> {
        self.db.read(move |conn| feed::queues(conn, units.as_deref())).await.map_err(AppError::Store)
    }

    /// Forgets news that are older than the configured time.
    pub(crate) async fn prune_feed(&self, now: Instant) -> Result<(), AppError> {
        let before = now.plus_seconds(-i64::from(self.core.feed_keep_hours) * 3600);
        for _ in 0..ROUNDS {
            let pruned = self
                .db
                .write(move |conn| {
                    // What an active webhook subscription has not looked at yet is not forgotten.
                    let (_, last) = feed::bounds(conn)?;
                    let up_to = webhooks::least_place(conn)?.map_or(last, |place| place.min(last));
                    feed::prune(conn, before, up_to, BATCH)
                })
                .await
                .map_err(AppError::Store)?;
            if pruned < usize::try_from(BATCH).unwrap_or(usize::MAX) {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use filo_domain::UserId;
    use uuid::Uuid;

    use super::*;
    use crate::{Access, Role};

    fn ear(role: Role, unit: Option<&str>, hearing: Hearing) -> Ear {
        let access =
            Access::User { id: UserId::from_uuid(Uuid::from_u128(1)), role, unit: unit.map(str::to_owned) };
        let topics = if hearing.topics.is_empty() { Topic::ALL.to_vec() } else { hearing.topics };
        Ear { caller: Caller { access }, hearing: Hearing { topics, ..hearing } }
    }
    fn news(unit: &str, before: Option<&str>) -> News {
        News {
            seq: 1,
            at: Instant::from_micros(0),
            kind: "ticket.changed".to_owned(),
            ticket: Some(TicketId::from_uuid(Uuid::from_u128(9))),
            unit: Some(unit.to_owned()),
            unit_before: before.map(str::to_owned),
            user: None,
            data: json!({ "version": 3 }),
        }
    }

    #[test]
    fn a_ticket_that_leaves_a_unit_is_told_to_both_units_and_to_no_third() {
        let leaving = news("tributi", Some("mobilita"));
        for (unit, hears) in [("tributi", true), ("mobilita", true), ("anagrafe", false)] {
            assert_eq!(ear(Role::Specialist, Some(unit), Hearing::default()).hears(&leaving), hears);
        }
        assert!(ear(Role::Operator, None, Hearing::default()).hears(&leaving));
    }

    #[test]
    fn what_concerns_one_user_is_told_to_nobody_else() {
        let mut mine = News { user: Some(UserId::from_uuid(Uuid::from_u128(1))), ..news("tributi", None) };
        let specialist = ear(Role::Specialist, Some("mobilita"), Hearing::default());
        assert!(specialist.hears(&mine));
        mine.user = Some(UserId::from_uuid(Uuid::from_u128(2)));
        assert!(!specialist.hears(&mine) && !ear(Role::Operator, None, Hearing::default()).hears(&mine));
    }

    #[test]
    fn topics_units_and_tickets_narrow_what_is_heard() {
        let told = news("tributi", None);
        let with = |hearing| ear(Role::Operator, None, hearing).hears(&told);
        assert!(!with(Hearing { topics: vec![Topic::Calls], ..Hearing::default() }));
        assert!(with(Hearing { unit: Some("tributi".to_owned()), ..Hearing::default() }));
        assert!(!with(Hearing { unit: Some("mobilita".to_owned()), ..Hearing::default() }));
        assert!(with(Hearing { ticket: told.ticket, ..Hearing::default() }));
        let other = Some(TicketId::from_uuid(Uuid::from_u128(8)));
        assert!(!with(Hearing { ticket: other, ..Hearing::default() }));
    }

    #[test]
    fn queues_are_told_of_the_own_unit_or_of_all() {
        let queues = Hearing { topics: vec![Topic::Queues], ..Hearing::default() };
        assert_eq!(ear(Role::Analyst, None, queues.clone()).queues(), None);
        let specialist = ear(Role::Specialist, Some("mobilita"), queues);
        assert!(specialist.hears_queue("mobilita") && !specialist.hears_queue("tributi"));
        let none = Hearing { topics: vec![Topic::Tickets], ..Hearing::default() };
        assert!(!ear(Role::Operator, None, none).hears_queue("tributi"));
    }

    #[test]
    fn what_is_sent_has_an_envelope_and_no_place_for_texts() {
        let sent = wire(&news("tributi", Some("mobilita")));
        assert_eq!(sent["type"], "ticket.changed");
        assert_eq!(sent["data"]["unit_before"], "mobilita");
        assert_eq!(sent["data"]["version"], 3);
    }
}
