//! Charts as SVG: bars with their figures written beside them, and lines for what happened step by step, for the page and
//! the PDF.
//!
//! **Invariant:** nothing is told by colour or length alone: every bar has its figure in words, every line its own
//! stroke, and the peak its figure; the drawing is wholly inside its view box. Own code, for these are all there is, and
//! a plotting library knows neither these numbers nor how to leave room for the names of offices. Start at [`svg`].

use std::fmt::Write;

use crate::{
    document::{Chart, Series, charts::FEW_STEPS},
    outline::Shape,
    page::escaped,
};

const WIDTH: f64 = 720.0;
/// Where lying bars start, and how much is kept free for the figure at their end.
const NAMES: f64 = 230.0;
const FIGURES: f64 = 130.0;
const BAR: f64 = 15.0;
const GAP: f64 = 3.0;
const BETWEEN: f64 = 9.0;
const LEGEND: f64 = 26.0;
/// How high standing bars get, with room for the figures above and the names below.
const STAND: f64 = 190.0;
const ABOVE: f64 = 22.0;
const BELOW: f64 = 26.0;
const NAME_LETTERS: usize = 36;
/// Beside lines: what the numbers of their grid take, how many labels have room below, and half of what one takes.
const AXIS: f64 = 50.0;
const LABELS: usize = 6;
const LABEL: f64 = 55.0;
const COLOURS: [&str; 2] = ["#0066cc", "#b35900"];
const FONT: &str = "Titillium Web, Segoe UI, Liberation Sans, Arial, sans-serif";

/// The drawing; `attributes` go into its outermost element.
pub(crate) fn svg(chart: &Chart, attributes: &str) -> String {
    let (body, height) = match chart.shape {
        Shape::Bars => lying(chart),
        Shape::Series if chart.labels.len() > FEW_STEPS => lines(chart),
        Shape::Columns | Shape::Series => standing(chart),
    };
    let legend = if chart.series.len() > 1 { LEGEND } else { 0.0 };
    let height = height + legend;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.1}\" font-family=\"{FONT}\" \
         font-size=\"13\" fill=\"#17324d\"{attributes}>{}<g transform=\"translate(0 {legend})\">{body}</g></svg>",
        legend_of(chart)
    )
}

fn colour(nth: usize) -> &'static str {
    COLOURS.get(nth % COLOURS.len()).copied().unwrap_or_default()
}

fn legend_of(chart: &Chart) -> String {
    let mut drawn = String::new();
    if chart.series.len() < 2 {
        return drawn;
    }
    let start = if chart.shape == Shape::Bars { NAMES } else { 0.0 };
    for (nth, series) in chart.series.iter().enumerate() {
        let x = start + 200.0 * float(nth);
        if chart.shape == Shape::Series && chart.labels.len() > FEW_STEPS {
            let (colour, dashes) = (colour(nth), dashes(nth));
            let _never_fails = write!(
                drawn,
                "<line x1=\"{x}\" y1=\"8\" x2=\"{}\" y2=\"8\" stroke=\"{colour}\" stroke-width=\"2\"{dashes}/>",
                x + 15.0
            );
        } else {
            rectangle(&mut drawn, (x, 2.0), (12.0, 12.0), colour(nth));
        }
        write_text(&mut drawn, (x + 18.0, 13.0), "start", &series.name);
    }
    drawn
}

/// How a series is stroked, besides its colour.
fn dashes(nth: usize) -> &'static str {
    if nth.is_multiple_of(2) { "" } else { " stroke-dasharray=\"6 3\"" }
}

/// One point a step and one line a series; the highest line of the grid is the peak.
fn lines(chart: &Chart) -> (String, f64) {
    let mut drawn = String::new();
    let floor = ABOVE + STAND;
    let unit = STAND / largest(chart).max(f64::MIN_POSITIVE);
    let step = (WIDTH - AXIS) / float(chart.labels.len().max(1));
    let place = |nth: usize| AXIS + step * (float(nth) + 0.5);
    let peak = chart.series.iter().flat_map(|series| &series.shown).max_by(|left, right| {
        left.cell.value.unwrap_or_default().total_cmp(&right.cell.value.unwrap_or_default())
    });
    for (y, text) in [(ABOVE, peak.map_or("", |peak| peak.text.as_str())), (floor, "0")] {
        let _never_fails = write!(
            drawn,
            "<line x1=\"{AXIS}\" y1=\"{y}\" x2=\"{WIDTH}\" y2=\"{y}\" stroke=\"#c5d0da\" stroke-width=\"1\"/>"
        );
        write_text(&mut drawn, (AXIS - 6.0, y + 4.5), "end", text);
    }
    for (nth, series) in chart.series.iter().enumerate() {
        let point = |row: usize| figure(series, row).map(|(value, _)| (place(row), floor - value * unit));
        let points: Vec<String> =
            (0..chart.labels.len()).filter_map(point).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let (points, colour, dashes) = (points.join(" "), colour(nth), dashes(nth));
        let _never_fails = write!(
            drawn,
            "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"{dashes}/>"
        );
    }
    dated(&mut drawn, chart, place);
    (drawn, floor + BELOW)
}

/// As many of the labels as there is room for.
fn dated(drawn: &mut String, chart: &Chart, place: impl Fn(usize) -> f64) {
    let every = chart.labels.len().div_ceil(LABELS).max(1);
    for (nth, label) in chart.labels.iter().enumerate().step_by(every) {
        let x = place(nth);
        let anchor = if x + LABEL > WIDTH {
            "end"
        } else if x < LABEL {
            "start"
        } else {
            "middle"
        };
        write_text(drawn, (x, ABOVE + STAND + 18.0), anchor, label);
    }
}

/// The longest bar's value.
fn largest(chart: &Chart) -> f64 {
    let values = chart.series.iter().flat_map(|series| &series.shown).filter_map(|shown| shown.cell.value);
    values.fold(0.0, f64::max)
}

fn lying(chart: &Chart) -> (String, f64) {
    let mut drawn = String::new();
    let unit = (WIDTH - NAMES - FIGURES) / largest(chart).max(f64::MIN_POSITIVE);
    let bars = float(chart.series.len());
    let band = bars * BAR + (bars - 1.0) * GAP + BETWEEN;
    for (row, label) in chart.labels.iter().enumerate() {
        let top = float(row) * band;
        let middle = top + (band - BETWEEN) / 2.0;
        write_text(&mut drawn, (NAMES - 10.0, middle + 4.5), "end", &shortened(label));
        for (nth, series) in chart.series.iter().enumerate() {
            let Some((value, text)) = figure(series, row) else { continue };
            let (y, width) = (top + float(nth) * (BAR + GAP), (value * unit).max(1.0));
            rectangle(&mut drawn, (NAMES, y), (width, BAR), colour(nth));
            write_text(&mut drawn, (NAMES + width + 6.0, y + 12.0), "start", text);
        }
    }
    let height = (float(chart.labels.len()) * band - BETWEEN).max(BAR) + 2.0;
    let _never_fails = write!(
        drawn,
        "<line x1=\"{NAMES}\" y1=\"-2\" x2=\"{NAMES}\" y2=\"{height:.1}\" stroke=\"#435a70\" stroke-width=\"1\"/>"
    );
    (drawn, height)
}

fn standing(chart: &Chart) -> (String, f64) {
    let mut drawn = String::new();
    let unit = STAND / largest(chart).max(f64::MIN_POSITIVE);
    let step = WIDTH / float(chart.labels.len().max(1));
    let width = (step * 0.55).min(90.0) / float(chart.series.len().max(1));
    let floor = ABOVE + STAND;
    for (column, label) in chart.labels.iter().enumerate() {
        let middle = step * (float(column) + 0.5);
        let left = middle - width * float(chart.series.len()) / 2.0;
        for (nth, series) in chart.series.iter().enumerate() {
            let Some((value, text)) = figure(series, column) else { continue };
            let (x, height) = (left + width * float(nth), (value * unit).max(1.0));
            rectangle(&mut drawn, (x, floor - height), (width, height), colour(nth));
            write_text(&mut drawn, (x + width / 2.0, floor - height - 6.0), "middle", text);
        }
        write_text(&mut drawn, (middle, floor + 18.0), "middle", &shortened(label));
    }
    let _never_fails = write!(
        drawn,
        "<line x1=\"0\" y1=\"{floor}\" x2=\"{WIDTH}\" y2=\"{floor}\" stroke=\"#435a70\" stroke-width=\"1\"/>"
    );
    (drawn, floor + BELOW)
}

/// A bar's value and how it is written; unknown has no bar.
fn figure(series: &Series, row: usize) -> Option<(f64, &str)> {
    let shown = series.shown.get(row)?;
    Some((shown.cell.value?.max(0.0), shown.text.as_str()))
}

fn rectangle(drawn: &mut String, (x, y): (f64, f64), (width, height): (f64, f64), fill: &str) {
    let _never_fails = write!(
        drawn,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{fill}\"/>"
    );
}

fn write_text(drawn: &mut String, (x, y): (f64, f64), anchor: &str, text: &str) {
    let text = escaped(text);
    let _never_fails =
        write!(drawn, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
}

fn shortened(label: &str) -> String {
    if label.chars().count() <= NAME_LETTERS {
        return label.to_owned();
    }
    let kept: String = label.chars().take(NAME_LETTERS.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A small count as a coordinate.
fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
