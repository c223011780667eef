//! Legs of one transaction meet what is stored, all at once.
//!
//! The stored legs of all call ids are read by one query and the seen ones reconciled with them in memory; each call
//! that changed is folded once, and its rows are written once. What becomes of a call that the store does not know is
//! reckoned before ([`Seen`]): the one writer of an embedded database has other things to do. **Invariant:** the outcome
//! is that of registering one leg after the other, so it does not depend on how a run is cut into transactions.

use std::collections::BTreeMap;

use filo_domain::{
    Instant, InteractionId, PersonId,
    identity::Identity,
    legs::{self, CALL_SPAN_S, Call, Leg},
    vocabulary::{Channel, Direction, IdentityType, InteractionKind},
};
use filo_store::{
    Conn,
    calls::{self, CallRow, LegRow, StoredLeg},
    interactions::{self, Interaction, InteractionRow},
    persons::{self, KnownIdentity},
};
use hashbrown::{HashMap, HashSet};
use serde_json::{Value, json};

use super::live;
use crate::{AppError, Core, intake::Tally, mint, recognise::recognise};

/// Legs of one source that are registered together, with what there is to write if the store knows none of them.
pub(super) struct Seen {
    by_id: BTreeMap<String, SeenCall>,
    rows: Rows,
}

struct SeenCall {
    legs: Vec<Leg>,
    /// If the store does not know its id.
    tally: Tally,
}

impl Seen {
    pub(super) fn of(core: &Core, source: &str, seen: Vec<Leg>, now: Instant) -> Self {
        let mut by_id: BTreeMap<String, Vec<Leg>> = BTreeMap::new();
        for leg in seen {
            by_id.entry(leg.call_id.clone()).or_default().push(leg);
        }
        let mut rows = Rows::default();
        let mut call = |legs: Vec<Leg>| {
            let mut sheet = Sheet::default();
            let tally = sheet.meet_all(legs.clone(), now);
            rows.add_new(core, source, sheet, now);
            SeenCall { legs, tally }
        };
        Self { by_id: by_id.into_iter().map(|(id, legs)| (id, call(legs))).collect(), rows }
    }

    /// Registers them, once. What is done with stays, to be dropped where there is time.
    pub(super) fn put(
        &mut self,
        conn: &mut Conn,
        core: &Core,
        source: &str,
        now: Instant,
    ) -> Result<Tally, AppError> {
        let known = self.known(conn, source)?;
        if !known.is_empty() {
            self.rows.forget(|id| known.contains_key(id));
        }
        let unknown = self.by_id.iter().filter(|(id, _)| !known.contains_key(*id));
        let mut tally = Tally::default();
        unknown.for_each(|(_, call)| tally.add(&call.tally));
        for (id, mut sheet) in known {
            if let Some(call) = self.by_id.get(&id) {
                tally.add(&sheet.meet_all(call.legs.clone(), now));
                self.rows.add(conn, core, source, sheet, now)?;
            }
        }
        self.rows.write(conn, source, now)?;
        Ok(tally)
    }

    /// What is stored of their call ids; a log that goes on where the last one ended has few to ask for.
    fn known(&self, conn: &mut Conn, source: &str) -> Result<BTreeMap<String, Sheet>, AppError> {
        let mut sheets: BTreeMap<String, Sheet> = BTreeMap::new();
        let Some(last) = calls::last_entry(conn, source)? else { return Ok(sheets) };
        let near = self.by_id.iter().filter(|(_, call)| call.is_near(last));
        let ids: Vec<&str> = near.map(|(id, _)| id.as_str()).collect();
        for stored in calls::legs_of_ids(conn, source, &ids)? {
            let sheet = sheets.entry(stored.leg.call_id.clone()).or_default();
            sheet.entries.push(Entry { stored, fate: Fate::Kept });
        }
        Ok(sheets)
    }
}

impl SeenCall {
    /// Whether it may be one that the store knows: legs meet, and make one call, only near each other in time.
    fn is_near(&self, last_entry: Instant) -> bool {
        let reach = last_entry.plus_seconds(2 * CALL_SPAN_S);
        self.legs.iter().any(|leg| leg.entered_at <= reach)
    }
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
    /// Takes in seen legs: each told something new, or nothing.
    fn meet_all(&mut self, seen: Vec<Leg>, now: Instant) -> Tally {
        let mut tally = Tally::default();
        for leg in seen {
            tally.read += 1;
            if self.meet(leg, now) { tally.accepted += 1 } else { tally.duplicates += 1 }
        }
        tally
    }

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

/// What there is to write.
#[derive(Default)]
struct Rows {
    /// Of new calls; without their persons at first, whom only the store knows.
    interactions: Vec<InteractionRow>,
    numbers: HashMap<InteractionId, Identity>,
    calls: Vec<CallRow>,
    legs: Vec<LegRow>,
    renewed: Vec<StoredLeg>,
}

impl Rows {
    /// Keeps what is new, of a call id of which nothing is stored.
    fn add_new(&mut self, core: &Core, source: &str, sheet: Sheet, now: Instant) {
        for (id, own) in sheet.changed_calls() {
            let call = legs::calls(own).into_iter().next();
            if let Some((first, call)) = sheet.new_calls.get(&id).zip(call) {
                self.add_call(core, source, (id, first), call, now);
            }
        }
        self.legs.extend(sheet.entries.into_iter().map(|entry| LegRow::of(source, entry.stored)));
    }

    /// Leaves out calls that are stored after all.
    fn forget(&mut self, known: impl Fn(&str) -> bool) {
        let stored = self.calls.extract_if(.., |call| known(call.call_id()));
        let stored: HashSet<InteractionId> = stored.map(|call| call.interaction()).collect();
        self.interactions.retain(|interaction| !stored.contains(&interaction.id()));
        self.legs.retain(|leg| !known(leg.call_id()));
    }

    /// Renews what is stored already and keeps what is new for later.
    fn add(
        &mut self,
        conn: &mut Conn,
        core: &Core,
        source: &str,
        sheet: Sheet,
        now: Instant,
    ) -> Result<(), AppError> {
        for (id, own) in sheet.changed_calls() {
            let Some(call) = legs::calls(own).into_iter().next() else { continue };
            match sheet.new_calls.get(&id) {
                Some(first) => self.add_call(core, source, (id, first), call, now),
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
                Fate::New => self.legs.push(LegRow::of(source, entry.stored)),
            }
        }
        Ok(())
    }

    /// A call's key is that of its leg that was seen first.
    fn add_call(
        &mut self,
        core: &Core,
        source: &str,
        (id, first): (InteractionId, &Leg),
        call: Call,
        now: Instant,
    ) {
        let external_id = format!("{}@{}", first.call_id, first.key_entered_at().seconds());
        let number = phone(first.caller.as_deref()).or_else(|| phone(call.caller.as_deref()));
        self.interactions.push(interaction(core, source, (id, external_id), &call, now).into());
        self.numbers.extend(number.map(|number| (id, number)));
        self.calls.push(CallRow::of(id, source, call));
    }

    fn write(&mut self, conn: &mut Conn, source: &str, now: Instant) -> Result<(), AppError> {
        let number = |interaction: &InteractionRow| self.numbers.get(&interaction.id());
        let numbers: Vec<&Identity> = self.interactions.iter().filter_map(number).collect();
        let callers = recognise_all(conn, &numbers, now)?;
        for interaction in &mut self.interactions {
            let number = self.numbers.get(&interaction.id());
            interaction.set_person(number.and_then(|number| callers.get(number)).copied());
        }
        // Of all indices that of persons alone is far from the order of time: so each of its pages is met once.
        self.interactions.sort_by_cached_key(InteractionRow::person);
        interactions::insert_all(conn, &self.interactions)?;
        calls::insert_all(conn, &self.calls)?;
        calls::insert_legs(conn, &self.legs)?;
        live::compare(conn, source, &self.renewed)
    }
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
    (id, external_id): (InteractionId, String),
    call: &Call,
    now: Instant,
) -> Interaction {
    Interaction {
        id,
        source: source.to_owned(),
        channel: Channel::Phone,
        kind: InteractionKind::Call,
        direction: Direction::Inbound,
        external_id,
        occurred_at: call.entered_at,
        recorded_at: now,
        local_day: core.city.zone.day(call.entered_at).to_string(),
        person_id: None,
        ticket_id: None,
        linked_at: None,
        thread: None,
        not_actionable: call.not_actionable(),
        name: None,
        subject: None,
        body: String::new(),
        raw_id: None,
        detail: detail(call),
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
