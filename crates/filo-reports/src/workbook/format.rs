//! How cells look: one format a kind of cell, and the number formats of the report's units.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder};

use crate::{
    document::Scale,
    figures::Unit,
    words::{MissingText, Words},
};

const BLUE: Color = Color::RGB(0x000B_3A6F);
const PALE: Color = Color::RGB(0x00EE_F3F9);
const QUIET: Color = Color::RGB(0x004A_5866);
const LINE: Color = Color::RGB(0x00CB_D5E1);
const DAY_S: f64 = 86_400.0;
const MINUTE_S: f64 = 60.0;
const CENTS: f64 = 100.0;

/// The formats of a workbook.
pub(super) struct Formats {
    pub(super) title: Format,
    pub(super) subtitle: Format,
    pub(super) caption: Format,
    pub(super) head: Format,
    /// Above numbers.
    pub(super) head_of_numbers: Format,
    pub(super) group: Format,
    pub(super) text: Format,
    pub(super) wrapped: Format,
    pub(super) term: Format,
    pub(super) note: Format,
    pub(super) notice: Format,
    pub(super) code: Format,
    pub(super) unknown: Format,
    /// `giorni`, `s`, `%`, `p.p.`, `min`, `€` as the language has them.
    units: [String; 6],
}

impl Formats {
    pub(super) fn new(words: &Words) -> Result<Self, MissingText> {
        let cell = || Format::new().set_border_bottom(FormatBorder::Thin).set_border_color(LINE);
        let head =
            || Format::new().set_bold().set_font_color(BLUE).set_background_color(PALE).set_text_wrap();
        let unit = |key: &str| words.text(&format!("report.unit.{key}")).map(str::to_owned);
        Ok(Self {
            title: Format::new().set_bold().set_font_size(16).set_font_color(BLUE),
            subtitle: Format::new().set_font_color(QUIET),
            caption: Format::new().set_bold().set_font_size(12).set_font_color(BLUE),
            head: head().set_border_bottom(FormatBorder::Medium).set_border_color(BLUE),
            head_of_numbers: head()
                .set_border_bottom(FormatBorder::Medium)
                .set_border_color(BLUE)
                .set_align(FormatAlign::Right),
            group: head().set_align(FormatAlign::Center),
            text: cell(),
            wrapped: cell().set_text_wrap().set_align(FormatAlign::Top),
            term: cell().set_font_color(QUIET).set_align(FormatAlign::Top),
            note: Format::new().set_font_color(QUIET).set_text_wrap().set_align(FormatAlign::Top),
            notice: Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Top),
            code: cell().set_font_color(QUIET).set_font_size(9).set_indent(1),
            unknown: cell().set_italic().set_font_color(QUIET).set_align(FormatAlign::Right),
            units: [
                unit("days")?,
                unit("seconds")?,
                unit("share")?,
                unit("points")?,
                unit("minutes")?,
                unit("euros")?,
            ],
        })
    }

    /// A number in its unit; `emphasis` for the main figure of a row and for totals.
    pub(super) fn number(&self, unit: Unit, scale: Scale, emphasis: bool, change: bool) -> Format {
        let plain = match (unit, scale) {
            (Unit::Count | Unit::Work, _) => "#,##0",
            (Unit::Cents, _) => "#,##0.00",
            (Unit::Share, _) if change => "0.0",
            (Unit::Share, _) => "0.0%",
            (Unit::Points, _) => "0.00",
            (Unit::Quotient, _) => "#,##0.00",
            (Unit::Days, _) | (Unit::Seconds, Scale::Days) => "#,##0.0",
            (Unit::Seconds, Scale::Seconds) => "#,##0.0",
        };
        let format = self.text.clone().set_align(FormatAlign::Right);
        let format = if emphasis { format.set_bold() } else { format };
        format.set_num_format(if change { format!("+{plain};−{plain};0") } else { plain.to_owned() })
    }

    /// What a number in a cell counts; empty for plain counts.
    pub(super) fn unit(&self, unit: Unit, scale: Scale) -> &str {
        let [days, seconds, share, points, minutes, euros] = &self.units;
        match (unit, scale) {
            (Unit::Count | Unit::Quotient, _) => "",
            (Unit::Share, _) => share,
            (Unit::Points, _) => points,
            (Unit::Work, _) => minutes,
            (Unit::Cents, _) => euros,
            (Unit::Days, _) | (Unit::Seconds, Scale::Days) => days,
            (Unit::Seconds, Scale::Seconds) => seconds,
        }
    }
}

/// A figure as its cell counts it.
pub(super) fn scaled(value: f64, unit: Unit, scale: Scale) -> f64 {
    match (unit, scale) {
        (Unit::Seconds, Scale::Days) => value / DAY_S,
        (Unit::Work, _) => value / MINUTE_S,
        (Unit::Cents, _) => value / CENTS,
        _ => value,
    }
}
