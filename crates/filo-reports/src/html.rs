//! The report as one page that stands alone: no script, no request, readable on screen, on paper and aloud.
//!
//! **Invariant:** the page prints what the report holds and marks each figure with the command that opens it up.
//! What is printed where is in `templates/report.html`; the functions it calls are here. Start at [`HtmlReport`].

use std::sync::Arc;

use filo_domain::city::City;
use filo_indicators::{
    render::{Render, RenderError},
    report::{MonthlyReport, ReportState, Twin},
    words as definitions,
};
use minijinja::{
    Environment, Error, ErrorKind, Value, context,
    value::{Rest, Serde},
};
use serde_json::Value as Json;

use crate::{
    figures::{Cell, Figures, Leaf, Part, Unit},
    page::{self, FORMAT, escaped, missing},
    words::{MissingText, Words},
};

const TEMPLATE: &str = include_str!("../templates/report.html");
const TABLES: &str = include_str!("../templates/tables.html");
/// Rows for what has no theme or unit stand last.
const REST: [&str; 2] = ["unclassified", "unassigned"];

/// Writes the report as a page in one of the city's languages.
#[derive(Clone, Debug)]
pub struct HtmlReport {
    words: Arc<Words>,
}

impl HtmlReport {
    /// In a language of the city's texts (`it`, `en`); another is written in the city's first.
    pub fn new(city: Arc<City>, language: &str) -> Self {
        Self { words: Arc::new(Words::of(city, language)) }
    }
}

impl Render for HtmlReport {
    fn format(&self) -> &'static str {
        FORMAT
    }
    fn render(&self, report: &MonthlyReport) -> Result<Vec<u8>, RenderError> {
        let figures = Figures::of(report).map_err(failed)?;
        let page =
            Arc::new(Page { words: Arc::clone(&self.words), figures, month: report.period.month.clone() });
        let mut environment = page::environment(&self.words).map_err(failed)?;
        page.add_to(&mut environment).map_err(failed)?;
        for (name, period) in periods(&self.words, report).map_err(failed)? {
            environment.add_global(name, period);
        }
        let context = header(&self.words, report).map_err(failed)?;
        page::render(&mut environment, TEMPLATE, context)
    }
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> RenderError {
    RenderError::new(FORMAT, error)
}

/// What the report says of itself, in words.
fn header(words: &Words, report: &MonthlyReport) -> Result<Value, MissingText> {
    Ok(context! {
        closed => report.state == ReportState::Closed,
        unfinished => report.as_of < report.period.to,
        revision => report.revision,
        reason => report.reason.clone(),
        as_of => words.instant(report.as_of)?,
        generated_at => words.instant(report.generated_at)?,
        zone => report.period.zone.clone(),
        inputs_sha256 => report.inputs_sha256.clone(),
        chain_root => report.chain_root.clone(),
        definitions => Value::from(Serde(&report.definitions)),
        pending => Value::from(Serde(&report.pending_differences)),
    })
}

/// The periods that stand at the head of columns, for macros too.
fn periods(words: &Words, report: &MonthlyReport) -> Result<[(&'static str, String); 4], MissingText> {
    let compared = |twin: &Twin| words.month(twin.month.as_deref().unwrap_or_default());
    Ok([
        ("period", words.month(&report.period.month)?),
        ("previous", compared(&report.comparison.previous_month)?),
        ("last_year", compared(&report.comparison.same_month_last_year)?),
        ("year_to_date", words.year_to_date(report)?),
    ])
}

/// The report and its words, as the template's functions see them.
struct Page {
    words: Arc<Words>,
    figures: Figures,
    month: String,
}

/// A place: the pattern's name is given first, then the keys of its rows.
type Keys = Rest<Option<String>>;

impl Page {
    fn add_to(self: &Arc<Self>, environment: &mut Environment<'static>) -> Result<(), Error> {
        environment.add_template("tables.html", TABLES)?;
        environment.add_global("month", self.month.clone());
        let page = Arc::clone(self);
        environment
            .add_function("fig", move |part: &str, place: &str, keys: Keys| page.fig(part, place, keys));
        let page = Arc::clone(self);
        environment
            .add_function("plain", move |part: &str, place: &str, keys: Keys| page.plain(part, place, keys));
        let page = Arc::clone(self);
        environment
            .add_function("delta", move |part: &str, place: &str, keys: Keys| page.delta(part, place, keys));
        let page = Arc::clone(self);
        environment.add_function("pointer", move |place: &str, keys: Keys| page.pointer(place, keys));
        let page = Arc::clone(self);
        environment.add_function("width", move |place: &str, keys: Keys| page.width(place, keys));
        let page = Arc::clone(self);
        environment.add_function("keys", move |list: &str, outer: Keys| page.keys(list, &outer));
        let page = Arc::clone(self);
        environment.add_function("name", move |list: &str, key: &str| page.name(list, key));
        let page = Arc::clone(self);
        environment.add_function("label", move |place: &str, keys: Keys| page.label(place, keys));
        let page = Arc::clone(self);
        environment.add_function("total", move |part: &str, list: &str| page.total(part, list));
        let page = Arc::clone(self);
        environment.add_function("definitions_of", move |blocks: Vec<String>| page.definitions(&blocks));
        let page = Arc::clone(self);
        environment.add_function("every_figure", move || page.every_figure());
        Ok(())
    }

    fn cell(&self, part: &str, place: &str, keys: Keys) -> Result<Cell, Error> {
        let keys: Vec<String> = keys.0.into_iter().flatten().collect();
        let cell = Part::named(part).and_then(|part| self.figures.cell(part, place, &keys));
        let unknown = || format!("the report has no figure {place} {keys:?} in {part}");
        cell.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, unknown()))
    }

    /// A figure with the command that explains it.
    fn fig(&self, part: &str, place: &str, keys: Keys) -> Result<Value, Error> {
        let cell = self.cell(part, place, keys)?;
        let text = escaped(&self.words.figure(cell.value, cell.unit).map_err(missing)?);
        let title = cell.pointer.as_ref().map(|pointer| {
            format!(" title=\"filo explain {} --period {}\"", escaped(pointer), escaped(&self.month))
        });
        let title = title.unwrap_or_default();
        Ok(Value::from_safe_string(match cell.value {
            Some(value) => format!("<data value=\"{value}\"{title}>{text}</data>"),
            None => format!("<span class=\"unknown\"{title}>{text}</span>"),
        }))
    }

    fn plain(&self, part: &str, place: &str, keys: Keys) -> Result<String, Error> {
        let cell = self.cell(part, place, keys)?;
        self.words.figure(cell.value, cell.unit).map_err(missing)
    }

    /// The month's change from another part.
    fn delta(&self, part: &str, place: &str, keys: Keys) -> Result<String, Error> {
        let now = self.cell(Part::Month.name(), place, Rest(keys.0.clone()))?;
        let before = self.cell(part, place, keys)?;
        self.words.change(now.value, before.value, now.unit).map_err(missing)
    }

    /// Where the month's figure stands, as `filo explain` takes it; empty for a row that the month does not have.
    fn pointer(&self, place: &str, keys: Keys) -> Result<String, Error> {
        Ok(self.cell(Part::Month.name(), place, keys)?.pointer.unwrap_or_default())
    }

    /// A share as the width of its bar, of 100.
    fn width(&self, place: &str, keys: Keys) -> Result<String, Error> {
        let share = self.cell(Part::Month.name(), place, keys)?.value.unwrap_or_default();
        Ok(format!("{:.1}", (share * 100.0).clamp(0.0, 100.0)))
    }

    fn keys(&self, list: &str, outer: &Keys) -> Vec<String> {
        let outer: Vec<String> = outer.iter().flatten().cloned().collect();
        let mut keys = self.figures.keys(list, &outer);
        keys.sort_by_key(|key| REST.contains(&key.as_str()));
        keys
    }

    fn name(&self, list: &str, key: &str) -> Result<String, Error> {
        let days = ["/scrivi/resolution_buckets", "/backlog/bands"].contains(&list);
        if days { self.days(list, key).map_err(missing) } else { Ok(self.words.row(list, key)) }
    }

    /// `≤7d` in words: from above the row before up to its own bound.
    fn days(&self, list: &str, key: &str) -> Result<String, MissingText> {
        let bound = |key: &str| key.trim_matches(|letter: char| !letter.is_ascii_digit()).to_owned();
        let keys = self.figures.keys(list, &[]);
        let before = keys.iter().take_while(|other| *other != key).last().map(|key| bound(key));
        let own = bound(key);
        match before {
            _ if key.starts_with('>') => self.words.fill("report.days.above", &[("from", &own)]),
            Some(from) => self.words.fill("report.days.between", &[("from", &from), ("to", &own)]),
            None => self.words.fill("report.days.first", &[("to", &own)]),
        }
    }

    fn label(&self, place: &str, keys: Keys) -> Result<String, Error> {
        let key = keys.0.into_iter().flatten().next().unwrap_or_default();
        self.words.label(place, &key).map_err(missing)
    }

    /// The sum of a list's counts.
    fn total(&self, part: &str, list: &str) -> Result<String, Error> {
        let part = Part::named(part).unwrap_or(Part::Month);
        let count = |row: &Json| row.get("count").and_then(Json::as_u64);
        let sum: u64 = self.figures.rows(part, list).iter().filter_map(count).sum();
        self.words.figure(Some(sum as f64), Unit::Count).map_err(missing)
    }

    /// What the figures of some blocks mean; a duration is defined once for its four statistics.
    fn definitions(&self, blocks: &[String]) -> Vec<Value> {
        let mut places: Vec<String> = Vec::new();
        let inside = |pattern: &str| blocks.iter().any(|block| pattern.starts_with(block.as_str()));
        let own = |leaf: &Leaf| leaf.part == Part::Month && inside(&leaf.pattern);
        for leaf in self.figures.leaves().into_iter().filter(own) {
            let place = defined_place(leaf.pattern);
            if !places.contains(&place) {
                places.push(place);
            }
        }
        let entry = |place: String| {
            let (words, formula) = definitions::of(&place);
            (!words.is_empty()).then(|| context! { place, words, formula })
        };
        places.into_iter().filter_map(entry).collect()
    }

    /// Every place of every part: its pattern and keys.
    fn every_figure(&self) -> Vec<Value> {
        let mut places: Vec<(String, Vec<String>)> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        let blocks = |pattern: &str| !pattern.starts_with("/pending") && pattern != "/revision";
        for leaf in self.figures.leaves() {
            if leaf.is_figure()
                && blocks(&leaf.pattern)
                && seen.insert((leaf.pattern.clone(), leaf.keys.clone()))
            {
                places.push((leaf.pattern, leaf.keys));
            }
        }
        let entry = |(place, keys): (String, Vec<String>)| {
            let at = |nth: usize| keys.get(nth).cloned();
            context! { place, first => at(0), second => at(1) }
        };
        places.into_iter().map(entry).collect()
    }
}

/// The place of a duration for one of its statistics.
fn defined_place(pattern: String) -> String {
    let statistics = ["/n", "/mean_s", "/median_s", "/p90_s"];
    let parent = statistics.iter().find_map(|statistic| pattern.strip_suffix(statistic));
    match parent {
        Some(parent) if !definitions::of(parent).0.is_empty() => parent.to_owned(),
        _ => pattern,
    }
}
