//! Printed forms of reports made from facts by hand, for the shipped city.

use std::{collections::BTreeMap, io::Read, sync::Arc};

use filo_domain::{Period, city::City};
use filo_indicators::{
    definition::Definitions,
    explain::explain,
    render::{Marks, Printable, Render, Wanted},
    report::{MonthlyReport, ReportState},
};
use serde_json::Value;

use super::*;
use crate::{
    figures::{Figures, Leaf, Part, Unit},
    words::Words,
};

mod campaign;
mod numbers;
mod pages;
#[cfg(feature = "pdf")]
mod pdf;
mod tables;
mod workbook;
mod world;
mod yearly;

use world::{World, at, busy, rome};

/// The contents of the shipped city's folder, by path relative to it.
fn files(folder: &str) -> BTreeMap<String, String> {
    let top = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/cities/milano");
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(format!("{top}/{folder}")).unwrap() {
        let (path, name) = (entry.as_ref().unwrap().path(), entry.unwrap().file_name());
        let name = format!("{folder}{}", name.to_str().unwrap());
        if name.ends_with(".toml") {
            files.insert(name, std::fs::read_to_string(path).unwrap());
        }
    }
    files
}

fn milan() -> Arc<City> {
    let folders = ["", "texts/", "forms/"];
    let files = folders.into_iter().flat_map(files).collect();
    Arc::new(City::from_files(&files).unwrap())
}

fn definitions() -> Definitions {
    Definitions::from_files(&files("indicators/")).unwrap()
}

fn words(language: &str) -> Words {
    Words::of(milan(), language)
}

fn in_language(language: &str) -> Wanted {
    Wanted { language: Some(language.to_owned()), marks: Marks::Plain }
}

fn busy_report() -> MonthlyReport {
    busy().report("2026-10")
}

/// The files of the CSV form, by name.
fn sheets<'r>(report: impl Into<Printable<'r>>) -> BTreeMap<String, Vec<Vec<String>>> {
    let read = |bytes: Vec<u8>| -> Vec<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
    };
    CsvReport
        .files(report.into(), Marks::Plain)
        .unwrap()
        .into_iter()
        .map(|(name, bytes)| (name, read(bytes)))
        .collect()
}

#[test]
fn the_same_report_gives_the_same_bytes_in_every_form() {
    let report = busy_report();
    let (html, workbook) = (HtmlReport::new(milan()), XlsxReport::new(milan()));
    let forms: [&dyn Render; 4] = [&JsonReport, &CsvReport, &workbook, &html];
    assert_eq!(forms.map(Render::format), ["json", "csv", "xlsx", "html"]);
    for form in forms {
        let bytes = || form.render((&report.clone()).into(), &Wanted::default()).unwrap();
        assert_eq!(bytes(), bytes(), "{}", form.format());
    }
}

#[test]
fn json_reads_back_as_the_same_report_and_ends_with_a_newline() {
    let bytes = JsonReport.render((&busy_report()).into(), &Wanted::default()).unwrap();
    assert!(bytes.ends_with(b"}\n"));
    let again: MonthlyReport = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(again, busy_report());
}

#[test]
fn a_restatement_prints_what_it_changed_and_why_in_every_form() {
    let first = busy_report();
    let mut second = first.clone();
    second.blocks.phone.offered += 1234;
    second.blocks.themes.swap(0, 1);
    (second.state, second.revision, second.reason) =
        (ReportState::Closed, Some(2), Some("Il tabulato è arrivato tardi".to_owned()));
    second.changes = filo_indicators::report::changes(&first, &second).unwrap();
    assert_eq!(second.changes.len(), 1, "a row that moved is no change: {:?}", second.changes);

    let html =
        String::from_utf8(HtmlReport::new(milan()).render((&second).into(), &Wanted::default()).unwrap())
            .unwrap();
    for told in ["Che cosa ha cambiato la revisione", "Motivo: Il tabulato è arrivato tardi", "1.2"] {
        assert!(html.contains(told), "{told}");
    }
    let rows = &sheets(&second)["changes.csv"];
    let (before, after) = (first.blocks.phone.offered.to_string(), second.blocks.phone.offered.to_string());
    assert_eq!(rows[1][..4], ["/phone/offered", "month", before.as_str(), after.as_str()]);
    assert!(!sheets(&first).contains_key("changes.csv"));
}

#[test]
fn a_revision_is_in_the_files_name() {
    let mut report = busy_report();
    assert_eq!(report.file_stem(), "filo-2026-10");
    (report.state, report.revision) = (ReportState::Closed, Some(2));
    assert_eq!(report.file_stem(), "filo-2026-10-r2");
}
