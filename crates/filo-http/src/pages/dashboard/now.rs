//! The fragment that shows how things stand.

use filo_app::{Caller, Dashboard, SourceState, UnitQueue};
use filo_domain::{Instant, vocabulary::Word};
use minijinja::{Value, context};

use crate::{State, pages::text, problem::Problem};

/// How things stand now, as HTML.
pub(super) async fn fragment(state: &State, caller: &Caller, language: &str) -> Result<String, Problem> {
    let told = state.app.dashboard(caller, state.now()).await?;
    let own = shown(state, language, &told);
    Ok(state.pages.get_template("board_now.html")?.render(own)?)
}

fn shown(state: &State, language: &str, told: &Dashboard) -> Value {
    let words = Shown { state, language };
    let calls = &told.calls;
    let units: Vec<Value> =
        told.units.iter().filter(|unit| unit.counts.open > 0).map(|unit| words.unit(unit)).collect();
    let volumes: Vec<Value> = told
        .volumes
        .iter()
        .filter(|it| it.today > 0 || it.usual.is_some_and(|usual| usual > 0.0))
        .map(|it| {
            context! {
                channel => words.text(&format!("channels.{}", it.channel.word())), today => it.today,
                usual => words.usual(it.usual), change => words.change(it.today, it.usual),
            }
        })
        .collect();
    let sources: Vec<Value> = told
        .sources
        .iter()
        .map(|it| {
            let last = it.last_at.map_or_else(|| words.text("board.not_today"), |at| words.time(at));
            let tone = match it.state {
                SourceState::Heard => "fine",
                SourceState::Late => "soon",
                SourceState::Silent => "late",
                SourceState::Untold => "quiet",
            };
            context! {
                label => &it.label, channel => words.text(&format!("channels.{}", it.channel.word())),
                today => it.today, usual => words.usual(it.usual), last, tone,
                state => words.text(&format!("board.source.{}", it.state.word())),
            }
        })
        .collect();
    context! {
        lang => language, at => words.time(told.at), weeks => told.weeks,
        waiting => calls.waiting, longest => calls.longest_wait_s.map(|wait| words.wait(wait as f64)),
        offered => calls.offered, answered => calls.answered, abandoned => calls.abandoned,
        mean_wait => calls.mean_wait_s.map(|wait| words.wait(wait)), units, volumes, sources,
        open => told.units.iter().map(|unit| unit.counts.open).sum::<i64>(),
        overdue => told.units.iter().map(|unit| unit.counts.overdue).sum::<i64>(),
    }
}

struct Shown<'a> {
    state: &'a State,
    language: &'a str,
}

impl Shown<'_> {
    fn text(&self, key: &str) -> String {
        text(self.state, self.language, key, &[])
    }

    fn unit(&self, unit: &UnitQueue) -> Value {
        let known = unit.unit.as_deref().and_then(|key| self.state.app.city().units.get(key));
        let name = match (known, &unit.unit) {
            (Some(known), _) => known.name.clone(),
            (None, Some(key)) => key.clone(),
            (None, None) => self.text("report.rest.unassigned"),
        };
        let counts = &unit.counts;
        context! {
            name, open => counts.open, unassigned => counts.unassigned, waiting => counts.waiting,
            due_today => counts.due_today, overdue => counts.overdue,
        }
    }

    /// `10:30`.
    fn time(&self, at: Instant) -> String {
        let at = self.state.app.city().zone.local(at);
        format!("{:02}:{:02}", at.hour(), at.minute())
    }

    fn usual(&self, usual: Option<f64>) -> String {
        usual.map_or_else(|| self.text("open.unknown"), |usual| self.decimal(usual))
    }

    /// One decimal, without it for whole numbers.
    fn decimal(&self, value: f64) -> String {
        let text = format!("{value:.1}");
        let short = text.strip_suffix(".0").unwrap_or(&text);
        short.replace('.', &self.text("report.number.decimal_mark"))
    }

    /// `+12 %`; nothing where there is nothing to compare with.
    fn change(&self, today: i64, usual: Option<f64>) -> Option<String> {
        let usual = usual.filter(|usual| *usual >= 1.0)?;
        let percent = (today as f64 / usual - 1.0) * 100.0;
        let value = format!("{percent:+.0}").replace('-', "−");
        let value = if value == "−0" { "+0".to_owned() } else { value };
        Some(text(self.state, self.language, "report.number.percent", &[("value", &value)]))
    }

    fn wait(&self, seconds: f64) -> String {
        let (key, value) =
            if seconds < 120.0 { ("open.seconds", seconds) } else { ("open.minutes", seconds / 60.0) };
        text(self.state, self.language, key, &[("value", &self.decimal(value))])
    }
}
