//! Charts over the cells of their tables.

use rust_xlsxwriter::{
    Chart as Drawing, ChartFormat, ChartLegendPosition, ChartLine, ChartSolidFill, ChartType, Color,
};

use super::{WorkbookError, sheet::Sheet};
use crate::{
    document::{Chart, charts::FEW_STEPS},
    outline::Shape,
};

const COLOURS: [Color; 2] = [Color::RGB(0x002F_6FB3), Color::RGB(0x00B3_5900)];
/// In pixels; and how many rows of the sheet that covers.
const SIZE: (u32, u32) = (760, 340);
const ROWS: u32 = 18;
/// What a spreadsheet takes of an alternative text.
const ALT_LETTERS: usize = 255;

impl Sheet<'_> {
    /// A chart below its table.
    pub(super) fn chart(&mut self, chart: &Chart) -> Result<(), WorkbookError> {
        let Some(placed) = self.placed.get(chart.table).cloned() else { return Ok(()) };
        let line = |nth: usize| placed.first.saturating_add(u32::try_from(nth).unwrap_or(u32::MAX));
        let (first, last) = (line(chart.rows.start), line(chart.rows.end.saturating_sub(1)));
        let name = self.worksheet.name();
        let kind = match chart.shape {
            Shape::Bars => ChartType::Bar,
            Shape::Series if chart.labels.len() > FEW_STEPS => ChartType::Line,
            Shape::Columns | Shape::Series => ChartType::Column,
        };
        let mut drawing = Drawing::new(kind);
        for (series, colour) in chart.series.iter().zip(COLOURS.into_iter().cycle()) {
            let Some(column) = placed.columns.get(series.column).copied().flatten() else { continue };
            drawing
                .add_series()
                .set_name(series.name.as_str())
                .set_categories((name.as_str(), first, 0, last, 0))
                .set_values((name.as_str(), first, column, last, column))
                .set_format(&mut coloured(kind, colour));
        }
        let unit = self.formats.unit(chart.unit, chart.scale);
        let title = if unit.is_empty() { chart.title.clone() } else { format!("{} ({unit})", chart.title) };
        let title = format!("{title} – {}", chart.when);
        drawing.title().set_name(&title);
        drawing.set_width(SIZE.0).set_height(SIZE.1);
        drawing.set_alt_text(shortened(&chart.alt));
        if chart.shape == Shape::Bars {
            // The first row on top, as in the table.
            drawing.y_axis().set_reverse();
        }
        if chart.series.len() > 1 {
            drawing.legend().set_position(ChartLegendPosition::Bottom);
        } else {
            drawing.legend().set_hidden();
        }
        self.worksheet.insert_chart(self.row, 0, &drawing)?;
        self.row = self.row.saturating_add(ROWS);
        Ok(())
    }
}

fn coloured(kind: ChartType, colour: Color) -> ChartFormat {
    let mut format = ChartFormat::new();
    match kind {
        ChartType::Line => format.set_line(ChartLine::new().set_color(colour)),
        _ => format.set_solid_fill(ChartSolidFill::new().set_color(colour)),
    };
    format
}

/// Cut at the end of a figure, if it must be cut.
fn shortened(alt: &str) -> String {
    if alt.chars().count() <= ALT_LETTERS {
        return alt.to_owned();
    }
    let kept: String = alt.chars().take(ALT_LETTERS.saturating_sub(1)).collect();
    let end = kept.rfind(';').unwrap_or(kept.len());
    format!("{}…", kept.get(..end).unwrap_or_default())
}
