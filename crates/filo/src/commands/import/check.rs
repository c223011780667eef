//! `filo import calls --check`: how files would be understood, without a store.
//!
//! **Invariant:** nothing is opened but the configuration, the mapping and the files; a file is read piece by piece.

use std::{collections::BTreeMap, path::Path};

use filo_channel_phone::{Checked, CheckedRow, Checker, Summary};
use filo_domain::vocabulary::{Channel, Word};
use indicatif::ProgressBar;
use serde_json::{Value, json};

use super::{
    mapping,
    pieces::{Pieces, Problems, gathered},
    source,
};
use crate::{
    cli::ImportCalls,
    commands::{complain, print_json, print_line},
    exit::Failure,
    wiring::Program,
};

pub(super) fn run(program: &Program, args: ImportCalls, as_json: bool) -> Result<(), Failure> {
    let source = source(program, &args.source, &[Channel::Phone])?;
    let settings = program.phone_settings(source, mapping(args.map.as_deref())?);
    let checker = Checker::new(args.format, settings, &source.key, args.rows)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let (mut files, mut unreadable) = (vec![], vec![]);
    for path in &args.files {
        match look(&checker, path) {
            Ok(checked) => files.push((path.display().to_string(), checked)),
            Err(problems) => unreadable.extend(problems),
        }
    }
    let understood = unreadable.is_empty() && files.iter().all(|(_, checked)| checked.is_understood());
    if as_json {
        let file = |(path, checked): &(String, Checked)| json!({ "path": path, "understood": checked.is_understood(), "checked": checked });
        print_json(&json!({
            "source": source.key, "format": args.format.word(), "understood": understood, "unreadable": unreadable,
            "files": files.iter().map(file).collect::<Vec<_>>(),
        }))?;
    } else {
        unreadable.iter().for_each(|problem| complain(problem));
        files.iter().try_for_each(|(path, checked)| print_line(&told(path, checked)))?;
    }
    let refusal = || Failure::Wrong("not every row would be understood".to_owned());
    if understood { Ok(()) } else { Err(refusal()) }
}

fn look(checker: &Checker, path: &Path) -> Result<Checked, Vec<String>> {
    let problems = Problems::default();
    let mut file = checker.file();
    Pieces::new(vec![path.to_owned()], true, problems.clone(), ProgressBar::hidden())
        .for_each(|piece| file.piece(&piece.bytes));
    let problems = gathered(&problems);
    if problems.is_empty() { Ok(file.finish()) } else { Err(problems) }
}

fn told(path: &str, checked: &Checked) -> String {
    let Checked { format, zone, rows, legs, summary } = checked;
    let mut lines = vec![format!("{path}: {format}, local times are of {zone}")];
    lines.extend(rows.iter().flat_map(told_row));
    if !legs.is_empty() {
        lines.push("  the legs of these rows:".to_owned());
        lines.extend(legs.iter().map(|leg| format!("    {}", pairs(leg))));
    }
    lines.extend(told_summary(summary));
    lines.join("\n")
}

fn told_row(row: &CheckedRow) -> Vec<String> {
    let fields: Vec<String> = row.fields.iter().map(|(name, text)| format!("{name}={text}")).collect();
    let mut lines = vec![format!("  line {}: {}", row.line, row.raw)];
    lines.extend((!fields.is_empty()).then(|| format!("    {}", fields.join(" · "))));
    lines.extend(row.leg.as_ref().map(|leg| format!("    = {}", pairs(leg))));
    if let Some(event) = &row.event {
        let step = serde_json::to_value(&event.step).unwrap_or_default();
        lines.push(format!("    = event at {} in queue {:?}: {}", event.at, event.queue, pairs(&step)));
    }
    lines.extend(row.no_unit.map(|why| format!("    = no unit: {why}")));
    lines.extend(row.refused.as_ref().map(|why| format!("    ! refused, {}: {}", why.reason, why.detail)));
    lines
}

/// The members of an object that say something.
fn pairs(object: &Value) -> String {
    let says = |value: &Value| !value.is_null() && value != &json!([]) && value != &json!("");
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let pair = |(name, value): (&String, &Value)| says(value).then(|| format!("{name}={}", text(value)));
    let pairs: Vec<String> = object.as_object().into_iter().flatten().filter_map(pair).collect();
    pairs.join(" · ")
}

fn told_summary(summary: &Summary) -> Vec<String> {
    let counts = |what: &str, counts: &BTreeMap<String, u64>| {
        let each: Vec<String> = counts.iter().map(|(word, count)| format!("{word:?} × {count}")).collect();
        (!each.is_empty()).then(|| format!("  {what}: {}", each.join(", ")))
    };
    let names =
        |what: &str, names: &[String]| (!names.is_empty()).then(|| format!("  {what}: {}", names.join(", ")));
    let Summary { lines, understood, without_unit, refused, .. } = summary;
    let all = format!(
        "  {lines} lines: {understood} understood, {without_unit} without a unit, {refused} would be refused"
    );
    let further = [
        names("columns of the mapping that the file lacks", &summary.columns_missing),
        names("columns without a meaning", &summary.columns_unmapped),
        counts("refused because of", &summary.refusals),
        counts("words for outcomes that the mapping does not have", &summary.outcomes_unknown),
        counts("times that do not parse", &summary.times_unreadable),
        counts("events that give no unit", &summary.events_without_leg),
    ];
    std::iter::once(all).chain(further.into_iter().flatten()).collect()
}
