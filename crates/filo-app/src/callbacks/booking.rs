//! Promising a call-back: to whom, at which number, and within which window.

use filo_domain::{
    CallbackId, Instant, InteractionId, PersonId, TicketId,
    callback::{Callback, Settled, Step, Window},
    city::{City, WindowError},
    identity::Identity,
    vocabulary::IdentityType,
};
use filo_store::{
    Conn,
    callbacks::{self as stored, Stored, StoredStep},
    calls,
    intake::take_turn,
    interactions,
    persons::{self, KnownIdentity},
    tickets::TicketRecord,
};
use serde::{Deserialize, Serialize};

use super::{CallbackView, broken, telling, view};
use crate::{
    App, AppError, Caller, Core, Permission, mint,
    recognise::recognise,
    tickets::{self, check_theme, check_unit, current_person, limit},
};

const LONGEST_NOTE: usize = 1_000;

/// A window as it is asked for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowInput {
    /// From when on.
    pub from: Instant,
    /// Until when; without it, as long as the offered windows are.
    pub to: Option<Instant>,
}

/// A call-back to be promised.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCallback {
    /// The ticket it is about.
    pub ticket_id: Option<TicketId>,
    /// The call in which it is promised: its number is called, unless another is given.
    pub call_id: Option<InteractionId>,
    /// Who is called; by default the person of the ticket, of the call, or whose number it is.
    pub person_id: Option<PersonId>,
    /// The number to call; by default the call's, then the person's.
    pub phone: Option<String>,
    /// The window.
    pub window: WindowInput,
    /// The theme; by default the ticket's.
    pub theme: Option<String>,
    /// The unit that is to call; by default the ticket's, or the caller's own.
    pub unit: Option<String>,
    /// What the caller should know.
    pub note: Option<String>,
}

/// From when on windows are looked for.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowsQuery {
    /// By default, now.
    pub from: Option<Instant>,
    /// 1 to 200, by default 50.
    pub limit: Option<usize>,
}

/// A window that can be promised.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CallbackWindow {
    /// From when on.
    pub from: Instant,
    /// Until when.
    pub to: Instant,
    /// How many promises it still takes; `None` where the city sets no capacity.
    pub free: Option<i64>,
}

impl App {
    /// The next windows that can be promised.
    ///
    /// # Errors
    /// A wrong limit, or the store's own.
    pub async fn callback_windows(
        &self,
        caller: &Caller,
        query: WindowsQuery,
        now: Instant,
    ) -> Result<Vec<CallbackWindow>, AppError> {
        caller.must(Permission::BookCallbacks)?;
        let limit = limit(query.limit)?;
        let core = self.core.clone();
        self.db
            .read(move |conn| {
                let city = &core.city;
                let mut free = Vec::new();
                for window in city.callbacks.offered(hours(city), query.from.unwrap_or(now), now) {
                    let left = left(conn, city, window, None)?;
                    if left.is_none_or(|left| left > 0) {
                        free.push(CallbackWindow { from: window.from, to: window.to, free: left });
                    }
                    if free.len() == limit {
                        break;
                    }
                }
                Ok(free)
            })
            .await
    }

    /// Promises a call-back.
    ///
    /// # Errors
    /// A window that cannot be promised, nobody to call, or what the caller may not see.
    pub async fn book_callback(
        &self,
        caller: &Caller,
        new: NewCallback,
        now: Instant,
    ) -> Result<CallbackView, AppError> {
        caller.must(Permission::BookCallbacks)?;
        check_theme(&self.core, new.theme.as_deref())?;
        if new.note.as_ref().is_some_and(|note| note.chars().count() > LONGEST_NOTE) {
            return Err(AppError::invalid("/note", format!("must have at most {LONGEST_NOTE} characters")));
        }
        let window = window_of(&self.core.city, new.window);
        check_window(&self.core.city, window, now)?;
        let (core, caller) = (self.core.clone(), caller.clone());
        self.db
            .write(move |conn| {
                take_turn(conn)?;
                must_have_room(conn, &core.city, window, None)?;
                let whom = whom(conn, &caller, &new, now)?;
                let unit = unit(&core, &caller, &new, whom.ticket.as_ref(), now)?;
                let row = book(conn, &core, &caller, new, whom, (window, unit), now)?;
                view(conn, row, now)
            })
            .await
    }
}

/// When the city's service is open.
fn hours(city: &City) -> (&filo_domain::calendar::Calendar, &filo_domain::CityZone) {
    (&city.calendar, &city.zone)
}

/// The window that is asked for, in whole seconds.
pub(super) fn window_of(city: &City, asked: WindowInput) -> Window {
    let to = asked.to.unwrap_or_else(|| asked.from.plus_seconds(city.callbacks.window_s()));
    Window::new(asked.from, to)
}

/// Refuses a window that the calendar does not allow.
pub(super) fn check_window(city: &City, window: Window, now: Instant) -> Result<(), AppError> {
    city.callbacks.check(hours(city), window, now).map_err(|why| {
        let pointer = match why {
            WindowError::Length => "/window/to",
            WindowError::Past | WindowError::TooFar(_) => "/window/from",
            WindowError::Closed => "/window",
        };
        AppError::invalid(pointer, why)
    })
}

/// How many promises a window still takes.
fn left(
    conn: &mut Conn,
    city: &City,
    window: Window,
    but: Option<CallbackId>,
) -> Result<Option<i64>, AppError> {
    let Some(capacity) = city.callbacks.capacity else { return Ok(None) };
    Ok(Some(i64::from(capacity) - stored::overlapping(conn, window, but)?))
}

/// Refuses a window that takes no further promise.
pub(super) fn must_have_room(
    conn: &mut Conn,
    city: &City,
    window: Window,
    but: Option<CallbackId>,
) -> Result<(), AppError> {
    match left(conn, city, window, but)? {
        Some(left) if left < 1 => Err(AppError::conflict(
            "window-full",
            "no further call-back can be promised in this window: see GET /callbacks/windows",
        )),
        Some(_) | None => Ok(()),
    }
}

/// To whom a call is promised.
struct Whom {
    ticket: Option<TicketRecord>,
    person: Option<PersonId>,
    phone: Identity,
}

/// Finds whom to call. Machines name numbers and calls alone: tickets and persons are not theirs to see.
fn whom(conn: &mut Conn, caller: &Caller, new: &NewCallback, now: Instant) -> Result<Whom, AppError> {
    let (call_person, call_number) = match new.call_id {
        Some(call) => of_call(conn, caller, call)?,
        None => (None, None),
    };
    let ticket = match new.ticket_id {
        Some(id) => {
            caller.must(Permission::ReadTickets)?;
            Some(tickets::visible(conn, caller, id).map_err(|error| named(error, "/ticket_id"))?)
        }
        None => None,
    };
    let of_ticket = match &ticket {
        Some(ticket) => current_person(conn, ticket)?,
        None => None,
    };
    let said = match new.person_id {
        Some(id) => {
            caller.must(Permission::ReadPersons)?;
            let person = persons::find(conn, id)?;
            let person = person.ok_or_else(|| AppError::invalid("/person_id", "there is no such person"))?;
            Some(persons::canonical(conn, person.id)?)
        }
        None => None,
    };
    let person = said.or(of_ticket).or(call_person);
    let given = new.phone.as_deref().map(|phone| Identity::parse(IdentityType::Phone, phone)).transpose();
    let given = given.map_err(|error| AppError::invalid("/phone", error))?;
    let phone = match given.or(call_number) {
        Some(phone) => Some(phone),
        None => number_of(conn, person)?,
    };
    let phone = phone.ok_or_else(|| AppError::invalid("/phone", "give the number to call: none is known"))?;
    let person = keep_number(conn, person, &phone, now)?;
    Ok(Whom { ticket, person, phone })
}

/// What the body names and is not there is invalid there.
fn named(error: AppError, pointer: &str) -> AppError {
    match error {
        AppError::NotFound(what) => AppError::invalid(pointer, format!("there is no such {what}")),
        other => other,
    }
}

/// The person and the number of a call.
fn of_call(
    conn: &mut Conn,
    caller: &Caller,
    id: InteractionId,
) -> Result<(Option<PersonId>, Option<Identity>), AppError> {
    if !caller.may(Permission::PushCalls) {
        caller.must(Permission::ReadContacts)?;
    }
    let call = calls::find(conn, id)?;
    let call = call.ok_or_else(|| AppError::invalid("/call_id", "there is no such call"))?;
    let person = interactions::find(conn, id)?.and_then(|contact| contact.person_id);
    let number = call.caller.as_deref().and_then(|text| Identity::parse(IdentityType::Phone, text).ok());
    Ok((person, number))
}

/// The number that is known of a person: one that was proved before others.
fn number_of(conn: &mut Conn, person: Option<PersonId>) -> Result<Option<Identity>, AppError> {
    let Some(person) = person else { return Ok(None) };
    let members = persons::members(conn, person)?;
    let mut known = persons::identities_of(conn, &members)?;
    known.retain(|known| known.identity.identity_type() == IdentityType::Phone);
    known.sort_by_key(|known| !known.verified);
    Ok(known.into_iter().next().map(|known| known.identity))
}

/// Keeps a number that nobody holds as the person's; of nobody known, the number says who it is.
fn keep_number(
    conn: &mut Conn,
    person: Option<PersonId>,
    phone: &Identity,
    now: Instant,
) -> Result<Option<PersonId>, AppError> {
    let Some(person) = person else {
        return recognise(conn, std::slice::from_ref(phone), None, now);
    };
    if persons::holder(conn, phone)?.is_none() {
        let known = KnownIdentity { person, identity: phone.clone(), verified: false };
        persons::add_identity(conn, mint::uuid(now), &known, now)?;
    }
    Ok(Some(person))
}

/// Which unit is to call.
fn unit(
    core: &Core,
    caller: &Caller,
    new: &NewCallback,
    ticket: Option<&TicketRecord>,
    now: Instant,
) -> Result<Option<String>, AppError> {
    if let Some(unit) = &new.unit {
        return check_unit(core, unit, None, now).map(Some);
    }
    let of_ticket = ticket.and_then(|ticket| ticket.unit.clone());
    Ok(of_ticket.or_else(|| caller.unit_limit().map(str::to_owned)))
}

fn book(
    conn: &mut Conn,
    core: &Core,
    caller: &Caller,
    new: NewCallback,
    whom: Whom,
    (window, unit): (Window, Option<String>),
    now: Instant,
) -> Result<Stored, AppError> {
    let id: CallbackId = mint::id(now);
    let step = Step::Booked { window, unit };
    let promise = Callback::fold([(now, &step)]).ok_or_else(|| broken(id))?;
    let theme = new.theme.or_else(|| whom.ticket.as_ref().and_then(|ticket| ticket.theme.clone()));
    let row = Stored {
        id,
        ticket: whom.ticket.map(|ticket| ticket.id),
        call: new.call_id,
        person: whom.person,
        phone: Some(whom.phone.value().to_owned()),
        theme,
        note: new.note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty()),
        unit: None,
        window,
        settled: Settled::Open,
        booked_at: now,
        version: 1,
    }
    .with(&promise, 1);
    stored::insert(conn, &row)?;
    let happened = telling::of_step(id, &promise, now, &step);
    stored::append(conn, &StoredStep { callback: id, seq: 1, at: now, step }, &caller.actor())?;
    telling::tell(conn, core, (&row, promise.state(now)), happened, &caller.actor(), now)?;
    Ok(row)
}
