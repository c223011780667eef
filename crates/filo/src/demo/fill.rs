//! Lives the generated acts on an application: inputs go through the real adapters, work through the use cases, with
//! the instant of each act as `now`.
//!
//! Acts about different tickets that follow each other closely run together, so that the store commits them in one go;
//! acts about one ticket, and those on which others depend, keep their order.

use std::collections::{HashMap, HashSet};

use filo_app::{
    App, AppError, Caller, Intake, NewMatter, NewMessage, PersonQuery, RegisterCall, Resolution, StepRequest,
    Tally, TicketChange,
};
use filo_channel::Raw;
use filo_domain::{Instant, PersonId, TicketId, form::Submission};
use filo_store::{Conn, StoreError, calls, intake, interactions, messages, tickets};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{
    generator::{Act, Deed, Story},
    staff::Staff,
};

/// Acts that run together at most, and how far apart they may be.
const TOGETHER: usize = 24;
const TOGETHER_S: i64 = 1_800;
/// Messages are sent when so many wait, or when somebody is about to react to one.
const SEND_AT: usize = 12;
/// Maintenance closes so many tickets at a time.
const CLOSED_AT_ONCE: usize = 500;
/// Where our Message-ID stands in what answers it.
const OUR_ID: &str = "{our-id}";

/// What is known of a story's ticket.
#[derive(Clone, Debug)]
struct Known {
    ticket: TicketId,
    /// Number and code, where the citizen follows it.
    follow: Option<(String, String)>,
    /// The unit of level II that works it.
    unit: Option<String>,
}

/// What an act changed of that.
enum Change {
    Nothing,
    Opened(Known),
    Unit(String),
}

/// Lives acts.
pub(crate) struct Filler<'a> {
    app: &'a App,
    staff: &'a Staff,
    known: HashMap<Story, Known>,
    /// What the inputs gave.
    pub(crate) tally: Tally,
    waiting: usize,
}

impl<'a> Filler<'a> {
    pub(crate) fn new(app: &'a App, staff: &'a Staff) -> Self {
        Self { app, staff, known: HashMap::new(), tally: Tally::default(), waiting: 0 }
    }

    /// Lives the acts in their order; `lived` hears how many are done.
    pub(crate) async fn live(&mut self, acts: &[Act], lived: impl Fn(usize)) -> Result<(), AppError> {
        let mut rest = acts;
        while let Some(first) = rest.first() {
            let count = together(rest);
            let (batch, later) = rest.split_at_checked(count).unwrap_or((rest, &[]));
            if self.waiting >= SEND_AT || batch.iter().any(reacts) {
                self.send(first.at).await?;
            }
            self.perform_all(batch).await?;
            rest = later;
            lived(acts.len() - rest.len());
        }
        match acts.last() {
            Some(last) => self.send(last.at).await,
            None => Ok(()),
        }
    }

    /// Number and code of the last request that its citizen can follow.
    pub(crate) fn a_request(&self) -> Option<(String, String)> {
        let followed = self.known.iter().filter(|(_, known)| known.follow.is_some());
        followed.max_by_key(|(story, _)| **story).and_then(|(_, known)| known.follow.clone())
    }

    async fn perform_all(&mut self, batch: &[Act]) -> Result<(), AppError> {
        self.waiting += batch.iter().filter(|act| may_send(&act.deed)).count();
        let this = &*self;
        let performed = stream::iter(batch).map(|act| this.perform(act)).buffered(TOGETHER);
        let performed: Vec<(Change, Tally)> = performed.try_collect().await?;
        for (act, (change, tally)) in batch.iter().zip(performed) {
            self.tally.add(&tally);
            match change {
                Change::Nothing => {}
                Change::Opened(known) => self.opened_by(act.story, known),
                Change::Unit(unit) => {
                    if let Some(known) = self.known.get_mut(&act.story) {
                        known.unit = Some(unit);
                    }
                }
            }
        }
        Ok(())
    }

    /// A contact that went on an open conversation has no ticket of its own: what its story would do to one, the story
    /// that opened it does.
    fn opened_by(&mut self, story: Story, known: Known) {
        let taken = |(other, it): (&Story, &Known)| *other != story && it.ticket == known.ticket;
        if !self.known.iter().any(taken) {
            self.known.insert(story, known);
        }
    }

    /// Sends what waits: in several hands, as several workers would.
    async fn send(&mut self, now: Instant) -> Result<(), AppError> {
        const HANDS: usize = 4;
        while self.waiting > 0 {
            let hands = (0..HANDS).map(|_| self.app.send_due(now, 4));
            let tried: usize = futures_util::future::try_join_all(hands).await?.into_iter().sum();
            if tried == 0 {
                self.waiting = 0;
            }
            self.waiting = self.waiting.saturating_sub(tried);
        }
        Ok(())
    }

    async fn perform(&self, act: &Act) -> Result<(Change, Tally), AppError> {
        let mut tally = Tally::default();
        let change = match &act.deed {
            Deed::Log { source, lines } => {
                tally = self.take_in(source, lines.clone(), act.at).await?;
                Change::Nothing
            }
            Deed::Mail { source, message, opens } | Deed::Webhook { source, body: message, opens } => {
                let Some(bytes) = self.with_our_id(act.story, message).await? else {
                    return Ok((Change::Nothing, tally));
                };
                tally = self.take_in(source, bytes, act.at).await?;
                self.opened(source, opens.clone()).await?
            }
            Deed::Submit(submission) => self.submit(submission, act.at).await?,
            Deed::Register { source, call_id, request } => {
                self.register(act, source, call_id, request).await?
            }
            Deed::Unite { email, title, stories } => self.unite(email, title, stories, act.at).await?,
            Deed::Maintain => maintain(self.app, act.at).await?,
            deed => match self.known.get(&act.story) {
                Some(known) => self.work(known, act, deed).await?,
                // The contact was one of those that did not come through.
                None => Change::Nothing,
            },
        };
        Ok((change, tally))
    }

    async fn take_in(&self, source: &str, text: String, now: Instant) -> Result<Tally, AppError> {
        let raw = Raw { bytes: text.into_bytes(), arrived_at: None, now };
        self.app.take_in(vec![Intake::usual(source, raw)], now).await
    }

    /// The bytes with our last Message-ID in them; `None` when we sent nothing that they could answer.
    async fn with_our_id(&self, story: Story, text: &str) -> Result<Option<String>, AppError> {
        if !text.contains(OUR_ID) {
            return Ok(Some(text.to_owned()));
        }
        let Some(ticket) = self.known.get(&story).map(|known| known.ticket) else { return Ok(None) };
        let sent = self.read(move |conn| messages::of_ticket(conn, ticket)).await?;
        let ours = sent
            .into_iter()
            .rev()
            .filter(|it| it.kind == messages::MessageKind::Reply)
            .find_map(|it| it.external_id);
        Ok(ours.map(|id| text.replace(OUR_ID, &id)))
    }

    /// The ticket that a contact opened: by the mail's Message-ID, or by the platform's id.
    async fn opened(&self, source: &str, opens: Option<String>) -> Result<Change, AppError> {
        let Some(id) = opens else { return Ok(Change::Nothing) };
        let source = source.to_owned();
        let ticket = self.read(move |conn| ticket_of(conn, &source, &id)).await?;
        Ok(ticket
            .map_or(Change::Nothing, |ticket| Change::Opened(Known { ticket, follow: None, unit: None })))
    }

    async fn submit(&self, submission: &Submission, now: Instant) -> Result<Change, AppError> {
        let confirmed = self.app.submit(None, submission.clone(), vec![], false, now).await?;
        let number = confirmed.number.clone();
        let ticket = self.read(move |conn| tickets::find_by_number(conn, &number)).await?;
        let follow = confirmed.code.map(|code| (confirmed.number, code));
        Ok(ticket.map_or(Change::Nothing, |it| Change::Opened(Known { ticket: it.id, follow, unit: None })))
    }

    async fn register(
        &self,
        act: &Act,
        source: &str,
        call_id: &str,
        request: &RegisterCall,
    ) -> Result<Change, AppError> {
        let (source, call_id) = (source.to_owned(), call_id.to_owned());
        let legs = self.read(move |conn| calls::legs_of(conn, &source, &call_id)).await?;
        let Some(call) = legs.first().map(|leg| leg.interaction) else { return Ok(Change::Nothing) };
        let operator = self.staff.who(act.story, None);
        let ticket = self.app.register_call(operator, call, request.clone(), act.at).await?;
        Ok(Change::Opened(Known { ticket: ticket.id, follow: None, unit: request.unit.clone() }))
    }

    async fn work(&self, known: &Known, act: &Act, deed: &Deed) -> Result<Change, AppError> {
        let who = self.staff.who(act.story, known.unit.as_deref());
        let step = match deed {
            Deed::TakeCharge { theme } => {
                if let Some(theme) = theme {
                    self.classify(who, known.ticket, theme, act.at).await?;
                }
                StepRequest::TakeCharge
            }
            Deed::Escalate { unit } => StepRequest::Escalate { unit: unit.clone(), note: None },
            Deed::Wait(waits_for) => StepRequest::Wait { waits_for: *waits_for, reason: None },
            Deed::Resume => StepRequest::Resume,
            Deed::Resolve { outcome, reply } => {
                StepRequest::Resolve(Resolution { reply: reply.clone(), ..Resolution::of(*outcome) })
            }
            Deed::Cancel(reason) => StepRequest::Cancel { reason: Some(reason.clone()) },
            Deed::Reply(body) => return self.write(who, known, "reply", body, act.at).await,
            Deed::Note(body) => return self.write(who, known, "note", body, act.at).await,
            Deed::Contest(_) | Deed::Rate(_) => return self.follow(known, deed, act.at).await,
            Deed::Log { .. }
            | Deed::Mail { .. }
            | Deed::Webhook { .. }
            | Deed::Submit(_)
            | Deed::Register { .. }
            | Deed::Unite { .. }
            | Deed::Maintain => return Ok(Change::Nothing),
        };
        let unit = match &step {
            StepRequest::Escalate { unit, .. } => Change::Unit(unit.clone()),
            _ => Change::Nothing,
        };
        self.app.step(who, known.ticket, step, None, act.at).await?;
        Ok(unit)
    }

    /// Mail and messages bring no theme: whoever takes them in charge sets it.
    async fn classify(&self, who: &Caller, id: TicketId, theme: &str, now: Instant) -> Result<(), AppError> {
        let ticket = self.app.ticket(who, id, now).await?;
        let change = TicketChange { theme: Some(theme.to_owned()), ..TicketChange::default() };
        self.app.change_ticket(who, id, change, ticket.version, now).await.map(drop)
    }

    async fn write(
        &self,
        who: &Caller,
        known: &Known,
        kind: &str,
        body: &str,
        now: Instant,
    ) -> Result<Change, AppError> {
        let new = NewMessage { kind: kind.to_owned(), body: Some(body.to_owned()), ..NewMessage::default() };
        self.app.add_message(who, known.ticket, new, None, now).await?;
        Ok(Change::Nothing)
    }

    /// What the citizen does with number and code.
    async fn follow(&self, known: &Known, deed: &Deed, now: Instant) -> Result<Change, AppError> {
        let Some((number, code)) = &known.follow else { return Ok(Change::Nothing) };
        if let Deed::Contest(text) = deed {
            self.app.add_to_request(number, code, text, true, now).await?;
        } else if let Deed::Rate(score) = deed {
            self.app.rate(number, code, *score, None, now).await?;
        }
        Ok(Change::Nothing)
    }

    /// Looks a citizen up, accepts who Filo suggests they are too, and joins their tickets.
    async fn unite(
        &self,
        email: &str,
        title: &str,
        stories: &[Story],
        now: Instant,
    ) -> Result<Change, AppError> {
        let who = self.staff.who(0, None);
        let query = PersonQuery { email: Some(email.to_owned()), ..PersonQuery::default() };
        let found = self.app.find_persons(who, query).await?;
        let Some(person) = found.first() else { return Ok(Change::Nothing) };
        self.merge_suggested(who, person.id, now).await?;
        let ticket_ids: Vec<TicketId> =
            stories.iter().filter_map(|story| Some(self.known.get(story)?.ticket)).collect();
        if ticket_ids.len() > 1 {
            self.app.open_matter(who, NewMatter { title: Some(title.to_owned()), ticket_ids }, now).await?;
        }
        Ok(Change::Nothing)
    }

    async fn merge_suggested(&self, who: &Caller, person: PersonId, now: Instant) -> Result<(), AppError> {
        const MOST: usize = 8;
        for _ in 0..MOST {
            let current = self.app.person(who, person).await?;
            let Some(other) = current.suggestions.first() else { break };
            self.app.merge_person(who, other.person_id, current.id, now).await?;
        }
        Ok(())
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, AppError> {
        self.app.db().read(work).await.map_err(AppError::Store)
    }
}

/// Runs the schedules until nothing is left to close.
pub(crate) async fn settle(app: &App, now: Instant) -> Result<(), AppError> {
    maintain(app, now).await.map(|_nothing| ())
}

async fn maintain(app: &App, now: Instant) -> Result<Change, AppError> {
    while app.maintain(now).await?.closed >= CLOSED_AT_ONCE {}
    Ok(Change::Nothing)
}

fn ticket_of(conn: &mut Conn, source: &str, id: &str) -> Result<Option<TicketId>, StoreError> {
    if let Some(ticket) = interactions::ticket_of_thread(conn, source, id)? {
        return Ok(Some(ticket));
    }
    let Some(interaction) = intake::find(conn, source, id)?.and_then(|key| key.interaction) else {
        return Ok(None);
    };
    Ok(interactions::find(conn, interaction)?.and_then(|it| it.ticket_id))
}

/// How many of the next acts run together: none about the same ticket, and nothing that others depend on.
fn together(acts: &[Act]) -> usize {
    let Some(first) = acts.first() else { return 0 };
    let mut stories = HashSet::new();
    let fits = |act: &&Act| {
        let near = act.at.seconds_since(first.at) <= TOGETHER_S;
        near && !is_alone(&act.deed) && !reacts(act) && (act.story == 0 || stories.insert(act.story))
    };
    acts.iter().take(TOGETHER).take_while(fits).count().max(1)
}

fn is_alone(deed: &Deed) -> bool {
    matches!(deed, Deed::Log { .. } | Deed::Unite { .. } | Deed::Maintain)
}

fn reacts(act: &Act) -> bool {
    match &act.deed {
        Deed::Mail { message: text, .. } | Deed::Webhook { body: text, .. } => text.contains(OUR_ID),
        _ => false,
    }
}

fn may_send(deed: &Deed) -> bool {
    matches!(
        deed,
        Deed::Mail { .. } | Deed::Submit(_) | Deed::Reply(_) | Deed::Resolve { reply: Some(_), .. }
    )
}
