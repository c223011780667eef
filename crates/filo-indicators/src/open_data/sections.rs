//! Which figures of a report stand in which section, and which counts add up to which.

use std::borrow::Cow;

use filo_domain::vocabulary::{Channel, Word};

use super::{Draft, DraftFigure, DraftSection, Unit};
use crate::{
    disclosure::{CellId, Tables},
    report::{ChannelRow, CostFigures, MonthlyReport},
};

/// The cells of one channel.
struct Line {
    channel: Channel,
    inbound: CellId,
    registered: CellId,
    unregistered: CellId,
    actionable: CellId,
    answered: CellId,
    unanswered: CellId,
}

/// One of a channel's cells.
type Column = fn(&Line) -> CellId;

impl Draft {
    /// The figures of a report.
    pub(super) fn of(report: &MonthlyReport) -> Self {
        let mut draft = Self { tables: Tables::default(), names: vec![], sections: vec![] };
        let lines = draft.channels(report);
        draft.phone(report, &lines);
        draft.scrivi(report);
        draft.themes(report);
        draft.costs(report, &lines);
        draft
    }

    /// A count of its own.
    fn cell(&mut self, section: &str, row: &str, figure: &str, value: u64) -> CellId {
        let cell = self.tables.printed(value);
        self.names.push((cell, format!("{section}/{row}/{figure}")));
        cell
    }

    /// The same count under another name is the same cell.
    fn same_or(&mut self, known: CellId, place: (&str, &str, &str), value: u64) -> CellId {
        if self.tables.value(known) == value { known } else { self.cell(place.0, place.1, place.2, value) }
    }

    fn count(&self, key: &'static str, cell: CellId) -> DraftFigure {
        DraftFigure {
            key: key.into(),
            unit: Unit::Count,
            value: Some(self.tables.value(cell) as f64),
            rests_on: vec![cell],
        }
    }

    fn section(&mut self, key: &'static str, rows: Vec<(String, Vec<DraftFigure>)>) {
        self.sections.push(DraftSection { key, rows });
    }

    fn channels(&mut self, report: &MonthlyReport) -> Vec<Line> {
        let blocks = &report.blocks;
        let lines: Vec<Line> = blocks.channels.iter().map(|row| self.line(row)).collect();
        let (all, rate) = (&blocks.unification, &blocks.response_rate);
        let inbound = self.cell("channels", "total", "contacts", all.inbound);
        let registered = self.cell("channels", "total", "registered", all.registered);
        let actionable = self.cell("channels", "total", "requests", rate.actionable);
        let answered = self.cell("channels", "total", "answered", rate.answered);
        let unregistered = self.tables.part(inbound, registered);
        let unanswered = self.tables.part(actionable, answered);
        let columns: [(CellId, Column); 6] = [
            (inbound, |line| line.inbound),
            (registered, |line| line.registered),
            (unregistered, |line| line.unregistered),
            (actionable, |line| line.actionable),
            (answered, |line| line.answered),
            (unanswered, |line| line.unanswered),
        ];
        for (whole, part) in columns {
            self.tables.sum(whole, lines.iter().map(part).collect());
        }
        let share = ratio("registered_share", all.share, [registered, inbound]);
        let answers = ratio("response_rate", rate.rate, [answered, actionable]);
        let mut rows: Vec<(String, Vec<DraftFigure>)> =
            blocks.channels.iter().zip(&lines).map(|(row, line)| self.channel_row(row, line)).collect();
        let phone = blocks.channels.iter().position(|row| row.channel == Channel::Phone);
        let wait = phone.and_then(|at| rows.get(at)?.1.iter().find(|it| it.key == "response_mean")).cloned();
        let open = self.cell("summary", "total", "open_at_end", blocks.backlog.open_at_end);
        let mut summary = vec![self.count("contacts", inbound), share.clone(), answers.clone()];
        summary.extend(wait.map(|figure| DraftFigure { key: "phone_wait_mean".into(), ..figure }));
        summary.push(self.count("open_at_end", open));
        let total = vec![
            self.count("contacts", inbound),
            self.count("registered", registered),
            share,
            self.count("requests", actionable),
            self.count("answered", answered),
            answers,
        ];
        rows.push(("total".to_owned(), total));
        self.section("summary", vec![("total".to_owned(), summary)]);
        self.section("channels", rows);
        lines
    }

    fn line(&mut self, row: &ChannelRow) -> Line {
        let word = row.channel.word();
        let inbound = self.cell("channels", word, "contacts", row.inbound);
        let registered = self.cell("channels", word, "registered", row.registered);
        let actionable = self.cell("channels", word, "requests", row.actionable);
        let answered = self.cell("channels", word, "answered", row.answered);
        let unregistered = self.tables.part(inbound, registered);
        let unanswered = self.tables.part(actionable, answered);
        Line { channel: row.channel, inbound, registered, unregistered, actionable, answered, unanswered }
    }

    fn channel_row(&mut self, row: &ChannelRow, line: &Line) -> (String, Vec<DraftFigure>) {
        let word = row.channel.word();
        let responses = self.same_or(line.answered, ("channels", word, "responses"), row.response.n);
        let resolutions = self.cell("channels", word, "resolutions", row.resolution.n);
        let figures = vec![
            self.count("contacts", line.inbound),
            self.count("registered", line.registered),
            ratio("registered_share", row.registered_share, [line.registered, line.inbound]),
            self.count("requests", line.actionable),
            self.count("answered", line.answered),
            ratio("response_rate", row.response_rate, [line.answered, line.actionable]),
            self.count("responses", responses),
            seconds("response_mean", row.response.mean_s, responses),
            self.count("resolutions", resolutions),
            seconds("resolution_mean", row.resolution.mean_s, resolutions),
        ];
        (word.to_owned(), figures)
    }

    fn phone(&mut self, report: &MonthlyReport, lines: &[Line]) {
        let phone = &report.blocks.phone;
        let Some(line) = lines.iter().find(|line| line.channel == Channel::Phone) else { return };
        let place = |figure| ("phone", "total", figure);
        let offered = self.same_or(line.actionable, place("offered"), phone.offered);
        let answered = self.same_or(line.answered, place("answered"), phone.answered);
        let abandoned = self.cell("phone", "total", "abandoned", phone.abandoned);
        let short = self.cell("phone", "total", "abandoned_short", phone.abandoned_short);
        let others = phone.offered.saturating_sub(phone.answered.saturating_add(phone.abandoned));
        let other = self.cell("phone", "total", "other_ends", others);
        let machine = self.cell("phone", "total", "self_served", phone.self_served);
        self.tables.sum(offered, vec![answered, abandoned, other]);
        self.tables.sum(line.inbound, vec![offered, machine]);
        self.tables.part(abandoned, short);
        let mut figures = vec![
            self.count("offered", offered),
            self.count("answered", answered),
            self.count("abandoned", abandoned),
            self.count("abandoned_short", short),
            self.count("other_ends", other),
            self.count("self_served", machine),
            seconds("wait_mean", phone.mean_wait_answered_s, answered),
            seconds("talk_mean", phone.mean_talk_s, answered),
        ];
        figures.extend(self.service_levels(report, offered, short));
        self.section("phone", vec![("total".to_owned(), figures)]);
    }

    /// Shares of the calls that count for the service level, each within the next longer limit's.
    fn service_levels(&mut self, report: &MonthlyReport, offered: CellId, short: CellId) -> Vec<DraftFigure> {
        let phone = &report.blocks.phone;
        let counting = self.tables.part(offered, short);
        let base = self.tables.value(counting) as f64;
        let mut levels: Vec<_> = phone.service_level.iter().collect();
        levels.sort_by_key(|level| std::cmp::Reverse(level.threshold_s));
        let mut whole = counting;
        let mut figures = vec![];
        for level in levels {
            let within = (level.share.unwrap_or(0.0) * base).round();
            let row = format!("within_{}_s", level.threshold_s);
            // The share and its base give the count, so it is guarded as if it were printed.
            let within = self.cell("phone", "total", &row, within as u64);
            self.tables.part(whole, within);
            whole = within;
            figures.push(ratio(row, level.share, [within, offered]));
        }
        figures.reverse();
        figures
    }

    fn scrivi(&mut self, report: &MonthlyReport) {
        let scrivi = &report.blocks.scrivi;
        let opened = self.cell("scrivi", "total", "opened", scrivi.opened);
        let resolved = self.cell("scrivi", "total", "resolved", scrivi.resolved);
        self.tables.part(opened, resolved);
        let unclassified = self.cell("scrivi", "total", "unclassified", scrivi.unclassified);
        let buckets: Vec<(String, Option<f64>, CellId)> = scrivi
            .resolution_buckets
            .iter()
            .map(|it| {
                (it.label.clone(), it.share, self.cell("scrivi_times", &it.label, "resolved", it.count))
            })
            .collect();
        let cells = buckets.iter().map(|(_, _, cell)| *cell);
        let timed = self.tables.part(resolved, unclassified);
        self.tables.sum(timed, cells.collect());
        let figures = vec![
            self.count("opened", opened),
            self.count("resolved", resolved),
            ratio("resolved_share", scrivi.resolved_share, [resolved, opened]),
            self.count("unclassified", unclassified),
        ];
        let rows = buckets.into_iter().map(|(label, share, cell)| {
            (label, vec![self.count("resolved", cell), ratio("share", share, [cell, resolved])])
        });
        let rows = rows.collect();
        self.section("scrivi", vec![("total".to_owned(), figures)]);
        self.section("scrivi_times", rows);
    }

    fn themes(&mut self, report: &MonthlyReport) {
        let themes = &report.blocks.themes;
        let cells: Vec<CellId> =
            themes.iter().map(|it| self.cell("themes", &it.theme, "tickets", it.count)).collect();
        let all = self.cell("themes", "total", "tickets", themes.iter().map(|it| it.count).sum());
        self.tables.sum(all, cells.clone());
        if let Some((opened, _)) = self.names.iter().find(|(_, name)| name == "scrivi/total/opened") {
            let opened = *opened;
            self.tables.part(all, opened);
        }
        let rows = themes.iter().zip(cells).map(|(it, cell)| {
            (it.theme.clone(), vec![self.count("tickets", cell), ratio("share", it.share, [cell, all])])
        });
        let mut rows: Vec<_> = rows.collect();
        rows.push(("total".to_owned(), vec![self.count("tickets", all)]));
        self.section("themes", rows);
    }

    /// What was paid follows what was handled, so an amount tells a count as well as the count itself.
    fn costs(&mut self, report: &MonthlyReport, lines: &[Line]) {
        let costs = &report.blocks.costs;
        let all = self.cell("costs", "total", "handled", costs.handled);
        let overall = CostFigures {
            cost_cents: costs.total_cents,
            handled: costs.handled,
            handled_s: costs.handled_s,
            cost_per_contact_cents: costs.cost_per_contact_cents,
        };
        let figures = self.cost(all, &overall);
        self.section("costs", vec![("total".to_owned(), figures)]);
        let mut rows = vec![];
        let mut cells = vec![];
        for it in &costs.by_channel {
            let line = lines.iter().find(|line| line.channel.word() == it.channel);
            let cell = self.handled(line, &it.channel, it.figures.handled);
            cells.push(cell);
            rows.push((it.channel.clone(), self.cost(cell, &it.figures)));
        }
        self.tables.sum(all, cells);
        self.section("costs_by_channel", rows);
        let (mut rows, mut cells) = (vec![], vec![]);
        for it in &costs.by_theme {
            let cell = self.cell("costs_by_theme", &it.theme, "handled", it.figures.handled);
            cells.push(cell);
            rows.push((it.theme.clone(), self.cost(cell, &it.figures)));
        }
        self.tables.sum(all, cells);
        self.section("costs_by_theme", rows);
    }

    /// Contacts handled on a channel: those answered, or some of those that came in.
    fn handled(&mut self, line: Option<&Line>, channel: &str, handled: u64) -> CellId {
        let place = ("costs_by_channel", channel, "handled");
        let Some(line) = line else { return self.cell(place.0, place.1, place.2, handled) };
        if self.tables.value(line.inbound) == handled {
            return line.inbound;
        }
        let cell = self.same_or(line.answered, place, handled);
        if cell != line.answered && handled < self.tables.value(line.inbound) {
            self.tables.part(line.inbound, cell);
        }
        cell
    }

    fn cost(&self, cell: CellId, figures: &CostFigures) -> Vec<DraftFigure> {
        let euros = |key: &'static str, cents: Option<f64>| DraftFigure {
            key: key.into(),
            unit: Unit::Euros,
            value: cents.map(|cents| cents.round() / 100.0),
            rests_on: vec![cell],
        };
        let amount = figures.cost_cents.map(|cents| cents as f64);
        vec![
            self.count("handled", cell),
            euros("cost", amount),
            euros("cost_per_contact", figures.cost_per_contact_cents),
        ]
    }
}

fn ratio(key: impl Into<Cow<'static, str>>, value: Option<f64>, rests_on: [CellId; 2]) -> DraftFigure {
    let value = value.map(|share| (share * 10_000.0).round() / 10_000.0);
    DraftFigure { key: key.into(), unit: Unit::Share, value, rests_on: rests_on.to_vec() }
}

fn seconds(key: &'static str, mean: Option<f64>, of: CellId) -> DraftFigure {
    let value = mean.map(|mean| (mean * 10.0).round() / 10.0);
    DraftFigure { key: key.into(), unit: Unit::Seconds, value, rests_on: vec![of] }
}
