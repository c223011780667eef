//! The words of the printed forms, in one language of the city.
//!
//! **Invariant:** a text that the city's files lack stops the writing: no page goes out with a hole in it.

use std::sync::Arc;

use filo_domain::{Instant, city::City};
use filo_indicators::{render::Wanted, report::MonthlyReport, words as definitions};

/// A text that the city's files do not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the city has no text {0:?}")]
pub(crate) struct MissingText(String);

/// The texts and names of a city in one language.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    pub(crate) city: Arc<City>,
    pub(crate) language: String,
}

impl Words {
    /// In a language of the city's texts, else in its first.
    pub(crate) fn of(city: Arc<City>, language: &str) -> Self {
        let first = city.profile.languages.first().map_or(language, String::as_str);
        let known = city.texts.languages().any(|known| known == language);
        Self { language: if known { language } else { first }.to_owned(), city }
    }
    /// In the language that is wanted, else in the city's first.
    pub(crate) fn wanted(city: Arc<City>, wanted: &Wanted) -> Self {
        Self::of(city, wanted.language.as_deref().unwrap_or_default())
    }
    pub(crate) fn text(&self, key: &str) -> Result<&str, MissingText> {
        self.city.texts.get(&self.language, key).ok_or_else(|| MissingText(key.to_owned()))
    }
    pub(crate) fn fill(&self, key: &str, values: &[(&str, &str)]) -> Result<String, MissingText> {
        let text = self.city.texts.fill(&self.language, key, values);
        text.ok_or_else(|| MissingText(key.to_owned()))
    }
    /// The label of a figure: `/phone/service_level/*/share` is `report.figure.phone.service_level.share`;
    /// figures that mean the same as others are called as those.
    pub(crate) fn label(&self, pattern: &str, key: &str) -> Result<String, MissingText> {
        let place = definitions::place(pattern).replace("/*", "").replace('/', ".");
        self.fill(&format!("report.figure{place}"), &[("key", key)])
    }
    /// What a row of a list is called; a key that the city does not know stands for itself.
    pub(crate) fn row(&self, list: &str, key: &str) -> String {
        let text = |table: &str| self.city.texts.get(&self.language, &format!("{table}.{key}"));
        let known = match list.rsplit('/').next().unwrap_or_default() {
            "channels" => text("channels").map(str::to_owned),
            "kinds" => text("kinds").map(str::to_owned),
            "series" => self.day(key).ok(),
            "themes" => self.city.themes.get(key).map(|it| it.label.in_language(&self.language).to_owned()),
            "units" => self.city.units.get(key).map(|unit| unit.name.clone()),
            "by_channel" => text("channels").map(str::to_owned),
            "by_theme" => self.city.themes.get(key).map(|it| it.label.in_language(&self.language).to_owned()),
            "by_line" => {
                let line = self.city.costs.lines.iter().find(|line| line.key == key);
                line.map(|line| line.label.in_language(&self.language).to_owned())
            }
            "suppliers" => {
                self.city.costs.supplier(key).map(|it| it.label.in_language(&self.language).to_owned())
            }
            "intervals" => key.split_once('-').and_then(|(day, hour)| {
                let day = self.city.texts.get(&self.language, &format!("weekdays.{day}"))?;
                Some(format!("{day} {hour}:00"))
            }),
            "by_mailbox" | "sources" => self.city.source(key).map(|source| source.label.clone()),
            "excluded" => text("report.reason").map(str::to_owned),
            "data_quality" => text("report.flag").map(str::to_owned),
            _ => None,
        };
        known.or_else(|| text("report.rest").map(str::to_owned)).unwrap_or_else(|| key.to_owned())
    }
    /// `2026-10` as `ottobre 2026`.
    pub(crate) fn month(&self, month: &str) -> Result<String, MissingText> {
        let Some((year, number)) = month.split_once('-') else { return Ok(month.to_owned()) };
        Ok(format!("{} {year}", self.text(&format!("months.{}", number.trim_start_matches('0')))?))
    }
    /// `2026-10-05` as `5 ottobre 2026`.
    pub(crate) fn day(&self, day: &str) -> Result<String, MissingText> {
        let Some((month, day)) = day.rsplit_once('-') else { return Ok(day.to_owned()) };
        Ok(format!("{} {}", day.trim_start_matches('0'), self.month(month)?))
    }
    /// An instant in the city's zone, to the minute.
    pub(crate) fn instant(&self, at: Instant) -> Result<String, MissingText> {
        let local = self.city.zone.local(at);
        let month = self.text(&format!("months.{}", local.month()))?;
        let (day, year) = (local.day().to_string(), local.year().to_string());
        let time = format!("{:02}:{:02}", local.hour(), local.minute());
        self.fill("report.instant", &[("day", &day), ("month", month), ("year", &year), ("time", &time)])
    }
    /// The months from January to the report's own: `gennaio–ottobre 2026`.
    pub(crate) fn year_to_date(&self, report: &MonthlyReport) -> Result<String, MissingText> {
        let (own, last) = (&report.period.month, self.month(&report.period.month)?);
        if own.ends_with("-01") { Ok(last) } else { Ok(format!("{}–{last}", self.text("months.1")?)) }
    }
}
