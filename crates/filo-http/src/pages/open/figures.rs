//! The figures of a month as people read them.

use filo_domain::vocabulary::{Channel, Word};
use filo_indicators::open_data::{OpenFigure, OpenMonth, OpenRow, OpenSection, Status, Unit};
use minijinja::{Value, context};

use crate::{State, pages::text};

/// The sections as the template takes them: `cards`, a `list` of figures, or a `grid` of rows.
pub(super) fn sections(state: &State, language: &str, month: &OpenMonth) -> Vec<Value> {
    let words = Words { state, language };
    month.sections.iter().filter(|section| !section.rows.is_empty()).map(|it| words.section(it)).collect()
}

/// What each figure means, once.
pub(super) fn words(state: &State, language: &str, month: &OpenMonth) -> Vec<Value> {
    let words = Words { state, language };
    let mut keys: Vec<String> = vec![];
    for figure in month.sections.iter().flat_map(|it| &it.rows).flat_map(|it| &it.figures) {
        let key = named(&figure.figure).0;
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let entry = |key: String| {
        let seconds = [("seconds", "…")];
        context! {
            term => text(state, language, &format!("open.figure.{key}"), &seconds),
            words => words.text(&format!("open.words.{key}")),
        }
    };
    keys.into_iter().map(entry).collect()
}

/// A figure's key in the texts, with the seconds of a limit.
fn named(figure: &str) -> (String, Option<&str>) {
    match figure.strip_prefix("within_").and_then(|rest| rest.strip_suffix("_s")) {
        Some(seconds) => ("within".to_owned(), Some(seconds)),
        None => (figure.to_owned(), None),
    }
}

struct Words<'a> {
    state: &'a State,
    language: &'a str,
}

impl Words<'_> {
    fn text(&self, key: &str) -> String {
        text(self.state, self.language, key, &[])
    }

    fn section(&self, section: &OpenSection) -> Value {
        let kind = match (section.section, section.rows.as_slice()) {
            ("summary", _) => "cards",
            (_, [row]) if row.row == "total" => "list",
            _ => "grid",
        };
        let most = section.rows.iter().max_by_key(|row| row.figures.len());
        let heads: Vec<String> =
            most.into_iter().flat_map(|row| &row.figures).map(|it| self.label(&it.figure)).collect();
        let keys: Vec<&str> =
            most.into_iter().flat_map(|row| &row.figures).map(|it| it.figure.as_ref()).collect();
        context! {
            key => section.section, kind, heads,
            title => self.text(&format!("open.section.{}", section.section)),
            note => self.text(&format!("open.note.{}", section.section)),
            rows => section.rows.iter().map(|row| self.row(section.section, row, &keys)).collect::<Vec<_>>(),
        }
    }

    /// A row with a place for each figure that its section has.
    fn row(&self, section: &str, row: &OpenRow, keys: &[&str]) -> Value {
        let cell = |key: &&str| match row.figures.iter().find(|it| it.figure == *key) {
            Some(figure) => self.cell(figure),
            None => context! { text => "", label => "" },
        };
        let name = self.row_name(section, &row.row);
        context! { name, total => row.row == "total", cells => keys.iter().map(cell).collect::<Vec<_>>() }
    }

    fn row_name(&self, section: &str, row: &str) -> String {
        if row == "total" {
            return self.text("open.total");
        }
        if Channel::parse_word(row).is_ok() {
            return self.text(&format!("channels.{row}"));
        }
        let theme = self.state.app.city().themes.get(row);
        if let Some(theme) = theme.filter(|_| section.contains("theme")) {
            return theme.label.in_language(self.language).to_owned();
        }
        if section == "scrivi_times" {
            return self.days(row);
        }
        let rest = self.state.app.city().texts.get(self.language, &format!("report.rest.{row}"));
        rest.unwrap_or(row).to_owned()
    }

    /// `≤7d` and `>90d` in words.
    fn days(&self, label: &str) -> String {
        let number = |rest: &str| rest.trim_end_matches('d').to_owned();
        match (label.strip_prefix('≤'), label.strip_prefix('>')) {
            (Some(upper), _) => {
                text(self.state, self.language, "open.days_up_to", &[("days", &number(upper))])
            }
            (_, Some(above)) => {
                text(self.state, self.language, "open.days_above", &[("days", &number(above))])
            }
            (None, None) => label.to_owned(),
        }
    }

    fn label(&self, figure: &str) -> String {
        let (key, seconds) = named(figure);
        let values = [("seconds", seconds.unwrap_or_default())];
        text(self.state, self.language, &format!("open.figure.{key}"), &values)
    }

    fn cell(&self, figure: &OpenFigure) -> Value {
        let told = match (figure.status, figure.value) {
            (Status::Told, Some(value)) => self.value(figure.unit, value),
            (Status::Small, _) => "<5".to_owned(),
            (Status::Withheld, _) => self.text("open.withheld"),
            (Status::Unknown | Status::Told, _) => self.text("open.unknown"),
        };
        context! { text => told, label => self.label(&figure.figure), told => figure.status == Status::Told }
    }

    fn value(&self, unit: Unit, value: f64) -> String {
        let filled = |key: &str, number: String| text(self.state, self.language, key, &[("value", &number)]);
        match unit {
            Unit::Count => self.number(value, 0),
            Unit::Share => filled("report.number.percent", self.number(value * 100.0, 1)),
            Unit::Euros => filled("report.number.euros", self.number(value, 2)),
            Unit::Seconds if value < 120.0 => filled("open.seconds", self.number(value, 0)),
            Unit::Seconds if value < 7_200.0 => filled("open.minutes", self.number(value / 60.0, 1)),
            Unit::Seconds if value < 172_800.0 => filled("open.hours", self.number(value / 3_600.0, 1)),
            Unit::Seconds => filled("report.number.days", self.number(value / 86_400.0, 1)),
        }
    }

    /// A number as people of the language write it.
    fn number(&self, value: f64, decimals: usize) -> String {
        let plain = format!("{value:.decimals$}");
        let (whole, rest) = plain.split_once('.').unwrap_or((&plain, ""));
        let thousands = self.text("report.number.thousands_mark");
        let mut out = String::new();
        let digits = whole.chars().count();
        for (nth, digit) in whole.chars().enumerate() {
            if nth > 0 && (digits - nth) % 3 == 0 && digit.is_ascii_digit() {
                out.push_str(&thousands);
            }
            out.push(digit);
        }
        if rest.is_empty() { out } else { format!("{out}{}{rest}", self.text("report.number.decimal_mark")) }
    }
}
