//! What happens by itself: confirmed resolutions close, the audit log keeps a nightly root over all chains, reports
//! whose day has come are begun, days that changed are counted anew.

use filo_domain::{
    Instant, TicketId, chain,
    event::{Actor, EventBody},
    ticket::Step,
};
use filo_store::{Conn, audit, tickets};
use serde_json::json;

use crate::{App, AppError, work::Work};

/// What a round of maintenance did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maintenance {
    /// Tickets closed by themselves.
    pub closed: usize,
    /// Whether a nightly root was written.
    pub rooted: bool,
    /// Files whose content left its row.
    pub moved: usize,
    /// Contents that nothing referred to, removed.
    pub swept: usize,
    /// Promised call-backs of which it was told that they were missed.
    pub missed: usize,
    /// Reports whose day had come.
    pub reports: usize,
    /// Days of which the rollup was made anew.
    pub days: usize,
}

/// A root covers what was recorded so many seconds ago: later events may still be on their way to their commit.
const SETTLED_S: i64 = 60;

/// The action under which nightly roots are kept.
pub(crate) const ROOT: &str = "nightly_root";

impl App {
    /// Begins the reports whose day has come, closes resolved tickets that nobody contested in time, tells which
    /// call-backs were missed, counts days anew that changed, moves files where they belong, and once a local day writes
    /// the root of the day before and sweeps contents that nothing refers to.
    ///
    /// # Errors
    /// The stores' own.
    pub async fn maintain(&self, now: Instant) -> Result<Maintenance, AppError> {
        self.forget_attempts(now).await?;
        self.prune_feed(now).await?;
        self.prune_hooks(now).await?;
        let mut done = Maintenance { rooted: self.write_root(now).await?, ..Maintenance::default() };
        done.missed = self.tell_missed_callbacks(now).await?;
        done.reports = self.begin_reports(now).await?;
        done.days = self.roll_up(now).await?;
        done.moved = self.tend_files(now).await?;
        if done.rooted {
            done.swept = self.sweep(now).await?;
        }
        let days = self.core.city.profile.close_after_days;
        let before = now.plus_seconds(-days * 86_400);
        let due = self
            .db
            .read(move |conn| tickets::resolved_before(conn, before, 500))
            .await
            .map_err(AppError::Store)?;
        for id in due {
            let core = self.core.clone();
            let closed = self
                .db
                .write(move |conn| {
                    let mut work = Work::load(conn, id, now)?;
                    let Some(resolved) = work.ticket.history.final_resolved_at().filter(|at| *at <= before)
                    else {
                        return Ok::<_, AppError>(false);
                    };
                    if work.check(Step::Close).is_err() {
                        return Ok(false);
                    }
                    let at = resolved.plus_seconds(days * 86_400);
                    work.push(conn, at, Actor::System, EventBody::Closed { automatic: true })?;
                    work.save(conn, &core.city)?;
                    Ok(true)
                })
                .await?;
            done.closed += usize::from(closed);
        }
        Ok(done)
    }

    /// Writes the number of tickets and the root over their chains, once a local day.
    async fn write_root(&self, now: Instant) -> Result<bool, AppError> {
        let day = self.core.city.zone.day(now).to_string();
        let last = self.db.read(|conn| audit::last_of(conn, ROOT)).await.map_err(AppError::Store)?;
        if last.is_some_and(|entry| entry.data.get("day").and_then(|day| day.as_str()) == Some(&day)) {
            return Ok(false);
        }
        let until = now.plus_seconds(-SETTLED_S);
        let (tickets, root) = self.db.read(move |conn| root(conn, until)).await?;
        let data = json!({ "day": day, "until_us": until.micros(), "tickets": tickets, "root": root });
        self.db
            .write(move |conn| audit::append(conn, now, &Actor::System, ROOT, data))
            .await
            .map_err(AppError::Store)?;
        Ok(true)
    }
}

/// The number of tickets and the root over all chain heads, by ticket id, as of what was recorded `until` then.
pub(crate) fn root(conn: &mut Conn, until: Instant) -> Result<(usize, String), AppError> {
    const PAGE: i64 = 500;
    let (mut heads, mut after): (Vec<chain::Hash>, Option<TicketId>) = (Vec::new(), None);
    loop {
        let page = tickets::heads(conn, after, PAGE, until)?;
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        heads.extend(page.into_iter().filter_map(|(_, head)| head));
    }
    Ok((heads.len(), chain::root(heads.iter()).to_string()))
}
