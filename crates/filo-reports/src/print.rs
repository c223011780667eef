//! Figures as people read them: `1.234,5`, `20,1 %`, `2 min 24 s`, `13,1 giorni`; unknown is `n.d.`, never 0.
//!
//! **Invariant:** rounding happens here and only here, half-up, on the exact decimal that was published; a change is
//! computed before anything is rounded and carries its sign. Marks and words come from the city's texts.

use filo_indicators::number::{Cut, cut, decimal, fixed, italian};
use rust_decimal::Decimal;

use crate::{
    figures::Unit,
    words::{MissingText, Words},
};

const MINUTE_S: i64 = 60;
const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 86_400;

impl Words {
    /// A figure; `None` and what is no number are unknown.
    pub(crate) fn figure(&self, value: Option<f64>, unit: Unit) -> Result<String, MissingText> {
        match value.and_then(decimal) {
            Some(value) if value.is_sign_negative() && !value.is_zero() => {
                Ok(format!("−{}", self.size(value.abs(), unit)?))
            }
            Some(value) => self.size(value, unit),
            None => self.text("report.number.unknown").map(str::to_owned),
        }
    }

    /// The change from `before` to `now` with its sign: of shares in percentage points, of counts with the change in
    /// per cent where there was something before.
    pub(crate) fn change(
        &self,
        now: Option<f64>,
        before: Option<f64>,
        unit: Unit,
    ) -> Result<String, MissingText> {
        match now.and_then(decimal).zip(before.and_then(decimal)) {
            Some((now, before)) => self.exact_change(now, before, unit),
            None => self.text("report.number.unknown").map(str::to_owned),
        }
    }

    /// As [`Self::change`], of exact decimals.
    pub(crate) fn exact_change(
        &self,
        now: Decimal,
        before: Decimal,
        unit: Unit,
    ) -> Result<String, MissingText> {
        let difference = now.saturating_sub(before);
        if difference.is_zero() {
            return self.text("report.number.same").map(str::to_owned);
        }
        let size = match unit {
            Unit::Share => {
                let points = self.decimals(difference.abs().saturating_mul(Decimal::ONE_HUNDRED), 1)?;
                self.fill("report.number.points", &[("value", &points)])?
            }
            _ => self.size(difference.abs(), unit)?,
        };
        let relative = (unit == Unit::Count).then(|| difference.checked_div(before)).flatten();
        let relative = relative.map(|share| self.size(share.abs(), Unit::Share)).transpose()?;
        let sign = if difference.is_sign_negative() { "−" } else { "+" };
        Ok(relative.map_or_else(|| format!("{sign}{size}"), |part| format!("{sign}{size} ({sign}{part})")))
    }

    /// What is not negative, in its unit.
    fn size(&self, value: Decimal, unit: Unit) -> Result<String, MissingText> {
        match unit {
            Unit::Count => self.marked(value.normalize()),
            Unit::Points | Unit::Quotient => self.decimals(value, 2),
            Unit::Days => self.days(value.normalize()),
            Unit::Seconds => self.seconds(value),
            Unit::Work => {
                let minutes = cut(value / Decimal::from(MINUTE_S), 0, Cut::HalfUp);
                Ok(format!("{} min", self.marked(minutes.normalize())?))
            }
            Unit::Cents => {
                let euros = self.decimals(value / Decimal::ONE_HUNDRED, 2)?;
                self.fill("report.number.euros", &[("value", &euros)])
            }
            Unit::Share => {
                let percent = self.decimals(value.saturating_mul(Decimal::ONE_HUNDRED), 1)?;
                self.fill("report.number.percent", &[("value", &percent)])
            }
        }
    }

    /// Seconds to a tenth under a minute, minutes and seconds under an hour, hours and minutes under a day, then days.
    fn seconds(&self, value: Decimal) -> Result<String, MissingText> {
        let tenths = cut(value, 1, Cut::HalfUp);
        let rounded = cut(value, 0, Cut::HalfUp);
        // Beyond any duration there is; kept whole rather than lost.
        let whole = i64::try_from(rounded).unwrap_or(i64::MAX);
        if tenths < Decimal::from(MINUTE_S) {
            return Ok(format!("{} s", self.marked(tenths.normalize())?));
        }
        if whole < HOUR_S {
            return Ok(two(whole / MINUTE_S, "min", whole % MINUTE_S, "s"));
        }
        let minutes = whole.saturating_add(MINUTE_S / 2) / MINUTE_S;
        if whole < DAY_S && minutes < DAY_S / MINUTE_S {
            return Ok(two(minutes / 60, "h", minutes % 60, "min"));
        }
        self.days(fixed(cut(value / Decimal::from(DAY_S), 1, Cut::HalfUp), 1))
    }

    fn days(&self, days: Decimal) -> Result<String, MissingText> {
        self.fill("report.number.days", &[("value", &self.marked(days)?)])
    }

    fn decimals(&self, value: Decimal, decimals: u32) -> Result<String, MissingText> {
        self.marked(fixed(cut(value, decimals, Cut::HalfUp), decimals))
    }

    /// With the language's own marks.
    fn marked(&self, value: Decimal) -> Result<String, MissingText> {
        let (decimal, thousands) =
            (self.text("report.number.decimal_mark")?, self.text("report.number.thousands_mark")?);
        let mark = |letter: char| match letter {
            ',' => decimal.to_owned(),
            '.' => thousands.to_owned(),
            other => other.to_string(),
        };
        Ok(italian(value).chars().map(mark).collect())
    }
}

/// Two units, the smaller left out when it is 0.
fn two(large: i64, large_unit: &str, small: i64, small_unit: &str) -> String {
    match small {
        0 => format!("{large} {large_unit}"),
        _ => format!("{large} {large_unit} {small} {small_unit}"),
    }
}
