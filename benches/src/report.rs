//! How near an import of calls and the monthly report come to folding the same calls in memory, and what rollups save.

use std::time::{Duration, Instant as Moment};

use anyhow::Context;
use filo_app::{Caller, Intake, IntervalsQuery};
use filo_bench::calls::{self, Plan};
use filo_channel::{Decode, Decoded, Raw};
use filo_domain::{
    Instant, Period,
    legs::{self, LegOrigin},
};
use filo_testkit::{Database, at, both};

use crate::{city::City, say};

/// `filo-bench report`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    plan: Plan,
}

const SOURCE: &str = "pbx-020202";

pub(crate) async fn run(args: &Args) -> anyhow::Result<()> {
    let plan = &args.plan;
    say(&format!(
        "repeat: cargo run --release -p filo-bench -- report --calls {} --seed {} --from {} --days {}",
        plan.calls, plan.seed, plan.from, plan.days
    ))?;
    let mut log = Vec::new();
    calls::write_log(plan, &mut log)?;
    let outcome = std::sync::Mutex::new(Ok(()));
    both(async |database| {
        let measured = measure(plan, &log, &database).await;
        if let (Err(error), Ok(mut outcome)) = (measured, outcome.lock()) {
            *outcome = Err(error);
        }
    })
    .await;
    outcome.into_inner().context("a measurement stopped")?
}

async fn measure(plan: &Plan, log: &[u8], database: &Database) -> anyhow::Result<()> {
    let city = City::start(&database.url).await?;
    // The clock of the import stands after the calls, so that two runs write the same.
    let now = at("2026-11-22 12:00");
    let raw = Raw { bytes: log.to_vec(), arrived_at: None, now };
    let adapter = city.app.core().sources.get(SOURCE).context("the source of calls")?;
    // The first time loads the tables of the world's phone numbers.
    fold(adapter.decode.as_ref(), &raw);
    let (folded, fold) = timed(|| fold(adapter.decode.as_ref(), &raw));
    let started = Moment::now();
    let tally = city.app.take_in(vec![Intake::usual(SOURCE, raw.clone())], now).await?;
    let import = started.elapsed();
    let started = Moment::now();
    let again = city.app.take_in(vec![Intake::usual(SOURCE, raw)], now).await?;
    let known = started.elapsed();
    let report = month(&city, plan, now).await?;
    say(&format!(
        "{:?}: {folded} legs of {} calls; importing takes {:.0} times as long as folding them in memory \
         ({:.0} legs a second here), importing again {:.0} times, the report of the month {:.1} times",
        database.backend,
        plan.calls,
        ratio(import, fold),
        tally.accepted as f64 / import.as_secs_f64(),
        ratio(known, fold),
        ratio(report, fold),
    ))?;
    let marked = table(&city, plan, now).await?;
    let (days, count) = timed_async(city.app.rebuild_rollups(None, None)).await;
    let days = days?;
    let kept = table(&city, plan, now).await?;
    say(&format!(
        "{:?}: a table of {} days by quarters of an hour from rollups takes {:.4} of the time from the contacts; counting \
         a day takes {:.4} of it",
        database.backend,
        plan.days.min(31),
        ratio(kept, marked),
        ratio(count, marked) / days as f64,
    ))?;
    anyhow::ensure!(again.accepted == 0, "the second import accepted {}", again.accepted);
    Ok(())
}

/// The least that an import has to do: read the lines and fold them.
fn fold(decoder: &dyn Decode, raw: &Raw) -> usize {
    let units = decoder.decode(raw).into_iter().flatten();
    let events = units.filter_map(|unit| match unit {
        Decoded::LegEvent(event) => Some(event),
        Decoded::Leg(_) | Decoded::Interaction(_) => None,
    });
    let folded = legs::fold(events.collect(), LegOrigin::Log).legs;
    legs::calls(folded).iter().map(|call| call.legs.len()).sum()
}

async fn month(city: &City, plan: &Plan, now: Instant) -> anyhow::Result<Duration> {
    let started = Moment::now();
    city.app.monthly_report(&Caller::console(), Period::month_of(plan.from), None, now).await?;
    Ok(started.elapsed())
}

/// The best of three tables of the first days, at most 31.
async fn table(city: &City, plan: &Plan, now: Instant) -> anyhow::Result<Duration> {
    let to = plan.from.checked_add(jiff::Span::new().days(plan.days.min(31)))?;
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let query = IntervalsQuery {
            from: plan.from.to_string(),
            to: to.to_string(),
            step: Some(15),
            ..IntervalsQuery::default()
        };
        let caller = Caller::console();
        let (table, took) = timed_async(city.app.call_intervals(&caller, query, now)).await;
        table?;
        best = best.min(took);
    }
    Ok(best)
}

async fn timed_async<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let started = Moment::now();
    (work.await, started.elapsed())
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = Moment::now();
    (work(), started.elapsed())
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use filo_domain::{InteractionId, legs::Leg};
    use filo_store::{StoreError, calls::StoredCall, interactions::Interaction, persons::KnownIdentity};

    use super::*;

    /// A call with everything that its legs say, whatever its ids are.
    type Told = (StoredCall, Interaction, Vec<Leg>, Vec<KnownIdentity>);

    async fn told(city: &City) -> Vec<Told> {
        let mut told = city
            .app
            .db()
            .read(|conn| {
                let all = filo_store::calls::list(conn, None, None, None, 10_000)?;
                all.into_iter()
                    .map(|call| {
                        let interaction =
                            filo_store::interactions::find(conn, call.id)?.ok_or(StoreError::Url)?;
                        let legs = filo_store::calls::legs_of_calls(conn, &[call.id])?;
                        let person: Vec<_> = interaction.person_id.into_iter().collect();
                        let known = filo_store::persons::identities_of(conn, &person)?;
                        Ok((call, interaction, legs.into_iter().map(|leg| leg.leg).collect(), known))
                    })
                    .collect::<Result<Vec<Told>, StoreError>>()
            })
            .await
            .unwrap();
        let none = InteractionId::from_uuid(uuid::Uuid::nil());
        for (call, interaction, _, known) in &mut told {
            (call.id, interaction.id, interaction.person_id) = (none, none, None);
            let nobody = filo_domain::PersonId::from_uuid(uuid::Uuid::nil());
            known.iter_mut().for_each(|known| known.person = nobody);
        }
        told.sort_by(|a, b| (a.0.entered_at, &a.0.call_id).cmp(&(b.0.entered_at, &b.0.call_id)));
        told
    }

    async fn take_in(city: &City, log: &[u8]) {
        let now = at("2026-11-22 12:00");
        let raw = Raw { bytes: log.to_vec(), arrived_at: None, now };
        city.app.take_in(vec![Intake::usual(SOURCE, raw)], now).await.unwrap();
    }

    #[tokio::test]
    async fn a_log_in_pieces_gives_the_calls_of_the_whole() {
        let plan = Plan { calls: 150, seed: 5, from: jiff::civil::date(2026, 10, 5), days: 1, ragged: false };
        let mut log = Vec::new();
        calls::write_log(&plan, &mut log).unwrap();
        let lines: Vec<&[u8]> = log.split_inclusive(|byte| *byte == b'\n').collect();
        let (whole, pieces) =
            (sqlite_and_server(&log, &[lines.len()]).await, sqlite_and_server(&log, &[7, 1, 23]).await);
        assert_eq!(whole.first().map(Vec::len), Some(150));
        for other in whole.iter().skip(1).chain(&pieces) {
            assert_eq!(whole.first(), Some(other));
        }
    }

    /// What each database tells after a log came in pieces of so many lines, in turn.
    async fn sqlite_and_server(log: &[u8], sizes: &[usize]) -> Vec<Vec<Told>> {
        let all = std::sync::Mutex::new(Vec::new());
        both(async |database| {
            let city = City::start(&database.url).await.unwrap();
            let mut lines = log.split_inclusive(|byte| *byte == b'\n').peekable();
            for size in sizes.iter().cycle() {
                if lines.peek().is_none() {
                    break;
                }
                let piece: Vec<u8> = lines.by_ref().take(*size).flatten().copied().collect();
                take_in(&city, &piece).await;
            }
            let told = told(&city).await;
            all.lock().unwrap().push(told);
        })
        .await;
        all.into_inner().unwrap()
    }
}
