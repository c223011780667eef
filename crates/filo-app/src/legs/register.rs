//! Legs of one transaction meet what is stored, all at once.
//!
//! The stored legs of all call ids are read by one query and the seen ones reconciled with them in memory; each call
//! that changed is folded once, and its rows are written once. **Invariant:** the outcome is that of registering one
//! leg after the other, so it does not depend on how a run is cut into transactions.

use std::collections::{BTreeMap, HashMap};

use filo_domain::{
    Instant, InteractionId, PersonId,
    identity::Identity,
    legs::{self, CALL_SPAN_S, Call, Leg},
    vocabulary::{Channel, Direction, IdentityType, InteractionKind},
};
use filo_store::{
    Conn,
    calls::{self, StoredLeg},
    interactions::{self, Interaction},
    persons::{self, KnownIdentity},
};
use serde_json::{Value, json};

use super::live;
use crate::{AppError, Core, intake::Tally, mint, recognise::recognise};

/// Registers legs of one source.
pub(super) fn put(
    conn: &mut Conn,
    core: &Core,
    source: &str,
    seen: Vec<Leg>,
    now: Instant,
) -> Result<Tally, AppError> {
    let mut tally = Tally::default();
    let mut rows = Rows::default();
    for sheet in sheets(conn, source, seen, now, &mut tally)? {
        rows.add(conn, core, source, sheet)?;
    }
    rows.write(conn, core, source, now)?;
    Ok(tally)
}

/// Everything known of a call id once the seen legs are reconciled with the stored ones.
fn sheets(
    conn: &mut Conn,
    source: &str,
    seen: Vec<Leg>,
    now: Instant,
    tally: &mut Tally,
) -> Result<Vec<Sheet>, AppError> {
    let mut by_id: BTreeMap<String, Vec<Leg>> = BTreeMap::new();
    for leg in seen {
        by_id.entry(leg.call_id.clone()).or_default().push(leg);
    }
    let ids: Vec<&str> = by_id.keys().map(String::as_str).collect();
    let mut sheets: HashMap<String, Sheet> = HashMap::new();
    for stored in calls::legs_of_ids(conn, source, &ids)? {
        sheets
            .entry(stored.leg.call_id.clone())
            .or_default()
            .entries
            .push(Entry { stored, fate: Fate::Kept });
    }
    let mut met = Vec::with_capacity(by_id.len());
    for (call_id, legs) in by_id {
        let mut sheet = sheets.remove(&call_id).unwrap_or_default();
        for leg in legs {
            tally.read += 1;
            if sheet.meet(leg, now) { tally.accepted += 1 } else { tally.duplicates += 1 }
        }
        met.push(sheet);
    }
    Ok(met)
}

/// What is to be done about a leg's row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Kept,
    Renewed,
    New,
}

struct Entry {
    stored: StoredLeg,
    fate: Fate,
}

/// The legs of one call id, by entry: reused ids are several calls.
#[derive(Default)]
struct Sheet {
    entries: Vec<Entry>,
    /// Calls not stored yet, by the leg that was seen first.
    new_calls: HashMap<InteractionId, Leg>,
}

impl Sheet {
    /// Takes in a seen leg; whether it told anything new.
    fn meet(&mut self, seen: Leg, now: Instant) -> bool {
        if let Some(known) = self.entries.iter_mut().find(|known| legs::is_same(&known.stored.leg, &seen)) {
            let renewed = legs::reconcile(&known.stored.leg, &seen);
            let changed = renewed != known.stored.leg;
            if changed && known.fate == Fate::Kept {
                known.fate = Fate::Renewed;
            }
            known.stored.leg = renewed;
            return changed;
        }
        let interaction = self.call_of(&seen).unwrap_or_else(|| {
            let id = mint::id(now);
            self.new_calls.insert(id, seen.clone());
            id
        });
        let stored = StoredLeg { id: mint::uuid(now), interaction, leg: seen };
        self.entries.push(Entry { stored, fate: Fate::New });
        self.entries.sort_by(|a, b| by_entry(&a.stored.leg).cmp(&by_entry(&b.stored.leg)));
        true
    }

    /// The call that a leg belongs to, if it is known.
    fn call_of(&self, seen: &Leg) -> Option<InteractionId> {
        let near = |leg: &Leg| leg.entered_at.seconds_since(seen.entered_at).abs() < CALL_SPAN_S;
        self.entries.iter().find(|known| near(&known.stored.leg)).map(|known| known.stored.interaction)
    }

    /// The calls whose legs changed, each with all its legs.
    fn changed_calls(&self) -> Vec<(InteractionId, Vec<Leg>)> {
        let mut changed: Vec<(InteractionId, Vec<Leg>)> = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.fate != Fate::Kept) {
            let id = entry.stored.interaction;
            if changed.iter().any(|(known, _)| *known == id) {
                continue;
            }
            let own = self.entries.iter().filter(|other| other.stored.interaction == id);
            changed.push((id, own.map(|other| other.stored.leg.clone()).collect()));
        }
        changed
    }
}

fn by_entry(leg: &Leg) -> (Instant, &str) {
    (leg.entered_at, &leg.queue)
}

/// What one transaction writes.
#[derive(Default)]
struct Rows {
    new_calls: Vec<NewCall>,
    new_legs: Vec<StoredLeg>,
    renewed: Vec<StoredLeg>,
}

/// A call not stored yet.
struct NewCall {
    id: InteractionId,
    /// Its key is that of the leg that was seen first.
    external_id: String,
    number: Option<Identity>,
    call: Call,
}

impl Rows {
    /// Renews what is stored already and keeps what is new for later.
    fn add(&mut self, conn: &mut Conn, core: &Core, source: &str, sheet: Sheet) -> Result<(), AppError> {
        for (id, own) in sheet.changed_calls() {
            let Some(call) = legs::calls(own).into_iter().next() else { continue };
            match sheet.new_calls.get(&id) {
                Some(first) => self.new_calls.push(new_call(id, first, call)),
                None => renew(conn, core, source, id, &call)?,
            }
        }
        for entry in sheet.entries {
            match entry.fate {
                Fate::Kept => {}
                Fate::Renewed => {
                    calls::update_leg(conn, source, &entry.stored)?;
                    self.renewed.push(entry.stored);
                }
                Fate::New => self.new_legs.push(entry.stored),
            }
        }
        Ok(())
    }

    fn write(self, conn: &mut Conn, core: &Core, source: &str, now: Instant) -> Result<(), AppError> {
        let numbers: Vec<&Identity> = self.new_calls.iter().filter_map(|new| new.number.as_ref()).collect();
        let callers = recognise_all(conn, &numbers, now)?;
        let interaction = |new: &NewCall| {
            let person = new.number.as_ref().and_then(|number| callers.get(number)).copied();
            interaction(core, source, new, person, now)
        };
        let mut interactions: Vec<Interaction> = self.new_calls.iter().map(interaction).collect();
        // Of all indices that of persons alone is far from the order of time: so each of its pages is met once.
        interactions.sort_by_key(|interaction| interaction.person_id);
        interactions::insert_all(conn, interactions)?;
        let folds: Vec<(InteractionId, &Call)> =
            self.new_calls.iter().map(|new| (new.id, &new.call)).collect();
        calls::insert_all(conn, source, &folds)?;
        calls::insert_legs(conn, source, self.new_legs)?;
        live::compare(conn, source, &self.renewed)
    }
}

fn new_call(id: InteractionId, first: &Leg, call: Call) -> NewCall {
    let external_id = format!("{}@{}", first.call_id, first.key_entered_at().seconds());
    let number = phone(first.caller.as_deref()).or_else(|| phone(call.caller.as_deref()));
    NewCall { id, external_id, number, call }
}

fn phone(caller: Option<&str>) -> Option<Identity> {
    caller.and_then(|caller| Identity::parse(IdentityType::Phone, caller).ok())
}

/// The persons behind numbers; who is not known yet becomes one.
fn recognise_all(
    conn: &mut Conn,
    numbers: &[&Identity],
    now: Instant,
) -> Result<HashMap<Identity, PersonId>, AppError> {
    let known = persons::holders(conn, numbers)?;
    let mut callers: HashMap<Identity, PersonId> =
        known.into_iter().map(|known| (known.identity, known.person)).collect();
    let mut strangers = Vec::new();
    for number in numbers {
        if !callers.contains_key(*number) {
            let known = KnownIdentity { person: mint::id(now), identity: (*number).clone(), verified: false };
            callers.insert(known.identity.clone(), known.person);
            strangers.push((mint::uuid(now), known));
        }
    }
    persons::insert_strangers(conn, &strangers, now)?;
    Ok(callers)
}

fn interaction(
    core: &Core,
    source: &str,
    new: &NewCall,
    person: Option<PersonId>,
    now: Instant,
) -> Interaction {
    Interaction {
        id: new.id,
        source: source.to_owned(),
        channel: Channel::Phone,
        kind: InteractionKind::Call,
        direction: Direction::Inbound,
        external_id: new.external_id.clone(),
        occurred_at: new.call.entered_at,
        recorded_at: now,
        local_day: core.city.zone.day(new.call.entered_at).to_string(),
        person_id: person,
        ticket_id: None,
        linked_at: None,
        thread: None,
        not_actionable: new.call.not_actionable(),
        name: None,
        subject: None,
        body: String::new(),
        raw_id: None,
        detail: detail(&new.call),
        flags: vec![],
    }
}

/// Folds a stored call anew, from all its stored legs.
pub(super) fn renew_stored(
    conn: &mut Conn,
    core: &Core,
    source: &str,
    id: InteractionId,
) -> Result<(), AppError> {
    let own: Vec<Leg> = calls::legs_of_calls(conn, &[id])?.into_iter().map(|stored| stored.leg).collect();
    let Some(call) = legs::calls(own).into_iter().next() else { return Ok(()) };
    renew(conn, core, source, id, &call)
}

/// Renews the rows of a stored call.
fn renew(conn: &mut Conn, core: &Core, source: &str, id: InteractionId, call: &Call) -> Result<(), AppError> {
    calls::put(conn, id, source, call)?;
    let day = core.city.zone.day(call.entered_at).to_string();
    interactions::update_call(conn, id, call.entered_at, &day, call.not_actionable(), &detail(call))?;
    learn_caller(conn, id, call)
}

/// A caller whose number became known with a later leg.
fn learn_caller(conn: &mut Conn, id: InteractionId, call: &Call) -> Result<(), AppError> {
    let Some(number) = phone(call.caller.as_deref()) else { return Ok(()) };
    let Some(interaction) =
        interactions::find(conn, id)?.filter(|interaction| interaction.person_id.is_none())
    else {
        return Ok(());
    };
    let person = recognise(conn, &[number], None, interaction.recorded_at)?;
    interactions::set_person(conn, id, person)?;
    Ok(())
}

/// What the timeline shows of a call; who answered is not in it.
fn detail(call: &Call) -> Value {
    json!({
        "call_id": call.call_id, "caller": call.caller, "outcome": call.outcome, "wait_s": call.wait_s,
        "talk_s": call.talk_s,
        "queues": call.legs.iter().filter(|leg| !leg.is_self_served()).map(|leg| leg.queue.clone()).collect::<Vec<_>>(),
    })
}
