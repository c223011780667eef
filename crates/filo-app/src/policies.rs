//! Clock policies: which there are, and what a change of them does to tickets that are open.
//!
//! **Invariant:** a ticket keeps the policy and version it was given until an event chooses another; a change of the
//! configuration alone moves no deadline. What would change is shown before it is done, and doing it again does
//! nothing more.

use std::collections::BTreeMap;

use filo_domain::{
    Instant, TicketId,
    event::{Actor, EventBody},
    policy::{self, ClockRule, Conditions, KeptClock, Policy, TicketTraits},
    ticket::Ticket,
};
use filo_store::{
    Conn, audit,
    tickets::{self, TicketRecord},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    App, AppError, Caller, Core, Permission,
    tickets::limit,
    work::{Work, kept_clocks},
};

/// Open tickets read at a time.
const PAGE: i64 = 500;
/// Tickets changed in one transaction.
const CHUNK: usize = 20;
/// Tickets changed by one request.
const MOST: usize = 2_000;

/// A policy as readers see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyView {
    /// Key and version, as tickets name it.
    pub id: String,
    /// Its name, stable over versions.
    pub key: String,
    /// The version.
    pub version: u32,
    /// The highest among those that apply is chosen.
    pub priority: i32,
    /// Whether it is kept for the tickets that have it alone.
    pub retired: bool,
    /// Which tickets it applies to.
    pub applies: Conditions,
    /// Its clocks.
    pub clocks: Vec<ClockRule>,
}

impl From<&Policy> for PolicyView {
    fn from(policy: &Policy) -> Self {
        Self {
            id: policy.id(),
            key: policy.key.clone(),
            version: policy.version,
            priority: policy.priority,
            retired: policy.retired,
            applies: policy.applies.clone(),
            clocks: policy.clocks.clone(),
        }
    }
}

/// What to do about open tickets whose policy is not the one that would be chosen today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyMode {
    /// Show them.
    Preview,
    /// Leave them as they are, and say so in the audit log.
    FromNow,
    /// Give them the policy of today.
    Recompute,
}

/// A question about a change of policies, or the order to apply it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangePolicies {
    /// What to do.
    pub mode: PolicyMode,
    /// How many tickets to show: 1 to 200, by default 50.
    pub limit: Option<usize>,
    /// From the page before.
    pub cursor: Option<TicketId>,
}

/// What becomes of a ticket's breach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BreachChange {
    /// It was not late and would be.
    Begins,
    /// It was late and would not be.
    Ends,
    /// It is as before.
    None,
}

/// One ticket that a change concerns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyChange {
    /// The ticket.
    pub ticket_id: TicketId,
    /// Its number.
    pub number: String,
    /// Its unit.
    pub unit: Option<String>,
    /// Its policy, with version.
    pub policy: Option<String>,
    /// Whether the configuration still has that version.
    pub known: bool,
    /// The policy that would be chosen today.
    pub new_policy: Option<String>,
    /// When its next clock is due.
    pub due_at: Option<Instant>,
    /// When it would be.
    pub new_due_at: Option<Instant>,
    /// What becomes of its breach.
    pub breach: BreachChange,
}

/// What a change of policies does, or did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyChanges {
    /// What was asked.
    pub mode: PolicyMode,
    /// Open tickets whose policy is not the one of today.
    pub affected: usize,
    /// Of them those that would become late.
    pub breaches_begin: usize,
    /// Of them those that would no longer be late.
    pub breaches_end: usize,
    /// Tickets changed by this request.
    pub changed: usize,
    /// Tickets still to be changed: ask again.
    pub remaining: usize,
    /// The tickets, by id.
    pub items: Vec<PolicyChange>,
    /// What to pass as `cursor` for the next page.
    pub next_cursor: Option<TicketId>,
}

impl App {
    /// The policies of the configuration, retired versions included.
    ///
    /// # Errors
    /// Without the permission.
    pub fn policies(&self, caller: &Caller) -> Result<Vec<PolicyView>, AppError> {
        caller.must(Permission::ReadConfiguration)?;
        Ok(self.core.city.policies.iter().map(PolicyView::from).collect())
    }

    /// Shows what a change of policies does to open tickets, records that they stay as they are, or gives them the
    /// policy of today.
    ///
    /// # Errors
    /// Without the permission, or the store's own. What was changed until then stays; asking again goes on.
    pub async fn change_policies(
        &self,
        caller: &Caller,
        asked: ChangePolicies,
        now: Instant,
    ) -> Result<PolicyChanges, AppError> {
        caller.must(Permission::ManagePolicies)?;
        let limit = limit(asked.limit)?;
        let core = self.core.clone();
        let all = self.db.read(move |conn| differences(conn, &core, now)).await?;
        let mut answer = summary(asked.mode, &all);
        if asked.mode == PolicyMode::Recompute {
            answer.changed = self.recompute(caller, &all, now).await?;
            answer.remaining = all.len().saturating_sub(answer.changed);
        }
        if asked.mode != PolicyMode::Preview {
            self.audit_policies(caller, &answer, &all, now).await?;
        }
        let past = |change: &&PolicyChange| asked.cursor.is_none_or(|cursor| change.ticket_id > cursor);
        let mut items: Vec<PolicyChange> = all.iter().filter(past).take(limit + 1).cloned().collect();
        let more = items.len() > limit;
        items.truncate(limit);
        answer.next_cursor = items.last().filter(|_| more).map(|change| change.ticket_id);
        answer.items = items;
        Ok(answer)
    }

    async fn recompute(
        &self,
        caller: &Caller,
        all: &[PolicyChange],
        now: Instant,
    ) -> Result<usize, AppError> {
        let ids: Vec<TicketId> = all.iter().take(MOST).map(|change| change.ticket_id).collect();
        let mut changed = 0;
        for chunk in ids.chunks(CHUNK) {
            let (core, actor, chunk) = (self.core.clone(), caller.actor(), chunk.to_vec());
            changed += self.db.write(move |conn| give(conn, &core, &actor, &chunk, now)).await?;
        }
        Ok(changed)
    }

    async fn audit_policies(
        &self,
        caller: &Caller,
        answer: &PolicyChanges,
        all: &[PolicyChange],
        now: Instant,
    ) -> Result<(), AppError> {
        let mut moves: BTreeMap<String, usize> = BTreeMap::new();
        for change in all {
            let name = |policy: &Option<String>| policy.clone().unwrap_or_else(|| "none".to_owned());
            *moves.entry(format!("{} -> {}", name(&change.policy), name(&change.new_policy))).or_default() +=
                1;
        }
        let data = json!({ "mode": answer.mode, "affected": answer.affected, "changed": answer.changed,
            "breaches_begin": answer.breaches_begin, "breaches_end": answer.breaches_end, "policies": moves });
        let actor = caller.actor();
        self.db
            .write(move |conn| audit::append(conn, now, &actor, "policies_changed", data))
            .await
            .map_err(AppError::Store)
    }
}

fn summary(mode: PolicyMode, all: &[PolicyChange]) -> PolicyChanges {
    let count = |breach: BreachChange| all.iter().filter(|change| change.breach == breach).count();
    PolicyChanges {
        mode,
        affected: all.len(),
        breaches_begin: count(BreachChange::Begins),
        breaches_end: count(BreachChange::Ends),
        changed: 0,
        remaining: all.len(),
        items: vec![],
        next_cursor: None,
    }
}

/// The policy that a ticket would be given today.
fn todays(core: &Core, record: &TicketRecord) -> Option<String> {
    let traits = TicketTraits {
        channel: record.channel,
        theme: record.theme.as_deref(),
        kind: record.kind,
        priority: record.priority,
    };
    policy::choose(&core.city.policies, &traits).map(Policy::id)
}

/// The open tickets whose policy is not the one of today, by id. Only their events are read.
fn differences(conn: &mut Conn, core: &Core, now: Instant) -> Result<Vec<PolicyChange>, AppError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = tickets::open_after(conn, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(all) };
        after = Some(last.id);
        for record in page {
            let new_policy = todays(core, &record);
            if new_policy != record.policy {
                all.push(difference(conn, core, record, new_policy, now)?);
            }
        }
    }
}

fn difference(
    conn: &mut Conn,
    core: &Core,
    record: TicketRecord,
    new_policy: Option<String>,
    now: Instant,
) -> Result<PolicyChange, AppError> {
    let mut ticket = Ticket::fold(&tickets::events(conn, record.id)?)
        .map_err(|error| AppError::internal("a ticket's log does not fold", error))?;
    let known = core.city.policies.iter().any(|policy| Some(policy.id()) == record.policy);
    let before = kept_clocks(&ticket, &core.city);
    ticket.policy.clone_from(&new_policy);
    let after = kept_clocks(&ticket, &core.city);
    let late = |clocks: &[KeptClock]| clocks.iter().any(|clock| clock.breached_at(now).is_some());
    Ok(PolicyChange {
        ticket_id: record.id,
        number: record.number,
        unit: record.unit,
        policy: record.policy,
        known,
        new_policy,
        due_at: policy::next_due(&before, &ticket.history),
        new_due_at: policy::next_due(&after, &ticket.history),
        breach: match (late(&before), late(&after)) {
            (false, true) => BreachChange::Begins,
            (true, false) => BreachChange::Ends,
            (true, true) | (false, false) => BreachChange::None,
        },
    })
}

/// Gives tickets the policy of today; those that ended or were changed meanwhile are left alone.
fn give(
    conn: &mut Conn,
    core: &Core,
    actor: &Actor,
    ids: &[TicketId],
    now: Instant,
) -> Result<usize, AppError> {
    let mut changed = 0;
    for id in ids {
        let mut work = Work::load(conn, *id, now)?;
        let record = tickets::find(conn, *id)?.ok_or(AppError::NotFound("ticket"))?;
        let policy = todays(core, &record);
        if work.ticket.state().is_open() && work.ticket.policy != policy {
            work.push(conn, now, actor.clone(), EventBody::PolicyChosen { policy })?;
            work.save(conn, &core.city)?;
            changed += 1;
        }
    }
    Ok(changed)
}
