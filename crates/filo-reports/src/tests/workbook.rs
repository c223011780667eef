//! The workbook, read back by another library: complete, in true numbers, and made to be opened by people.

use calamine::{Data, Reader, Xlsx};

use super::*;

pub(super) type Sheets = BTreeMap<String, Vec<Vec<Data>>>;

pub(super) fn bytes<'r>(report: impl Into<Printable<'r>>, language: &str) -> Vec<u8> {
    XlsxReport::new(milan()).render(report.into(), &in_language(language)).unwrap()
}

/// The sheets by name, and their names in order.
pub(super) fn opened(bytes: Vec<u8>) -> (Vec<String>, Sheets) {
    let mut workbook: Xlsx<_> = Xlsx::new(std::io::Cursor::new(bytes)).unwrap();
    let names = workbook.sheet_names();
    let rows = |name: &String, workbook: &mut Xlsx<_>| -> Vec<Vec<Data>> {
        workbook.worksheet_range(name).unwrap().rows().map(<[Data]>::to_vec).collect()
    };
    let sheets = names.iter().map(|name| (name.clone(), rows(name, &mut workbook))).collect();
    (names, sheets)
}

/// A part of the file, by its name in the zip.
pub(super) fn member(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

pub(super) fn members(bytes: &[u8]) -> Vec<String> {
    let archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    archive.file_names().map(str::to_owned).collect()
}

/// What a cell says in the report's own unit.
fn as_reported(value: f64, unit: &str) -> f64 {
    match unit {
        "giorni" => value * 86_400.0,
        "min" => value * 60.0,
        "€" => value * 100.0,
        _ => value,
    }
}

#[test]
fn every_number_of_the_json_report_is_a_number_of_the_workbook() {
    let report = busy_report();
    let (_, sheets) = opened(bytes(&report, "it"));
    let rows: BTreeMap<String, &Vec<Data>> =
        sheets["Come nasce il rapporto"].iter().map(|row| (row[0].to_string(), row)).collect();
    let columns = [Part::Month, Part::PreviousMonth, Part::SameMonthLastYear, Part::YearToDate];
    let mut seen = 0;
    for leaf in Figures::of(&report).unwrap().leaves() {
        if !leaf.is_figure() {
            continue;
        }
        let name = std::iter::once(&leaf.pattern).chain(&leaf.keys).map(String::as_str).collect::<Vec<_>>();
        let row = rows.get(&name.join(" ")).unwrap_or_else(|| panic!("{} has no row", name.join(" ")));
        let cell = &row[2 + columns.iter().position(|part| *part == leaf.part).unwrap()];
        match leaf.value.as_f64() {
            Some(value) => {
                let found = match cell {
                    Data::Float(found) => *found,
                    Data::Int(found) => *found as f64,
                    other => panic!("{} is {other:?}", leaf.pointer),
                };
                let scaled = [Unit::Seconds, Unit::Work, Unit::Cents].contains(&Unit::of(&leaf.pattern));
                let found = if scaled { as_reported(found, &row[1].to_string()) } else { found };
                assert!(
                    (found - value).abs() <= 1e-9 * value.abs().max(1.0),
                    "{}: {found} {value}",
                    leaf.pointer
                );
                seen += 1;
            }
            None => assert_eq!(cell, &Data::String("n.d.".to_owned()), "{}", leaf.pointer),
        }
    }
    assert!(seen > 700, "{seen}");
}

#[test]
fn there_is_a_sheet_a_section_and_one_of_definitions() {
    let report = busy_report();
    for (language, first, last) in
        [("it", "Il mese in cinque cifre", "Definizioni"), ("en", "The month in five figures", "Definitions")]
    {
        let (names, sheets) = opened(bytes(&report, language));
        let titles: Vec<String> = crate::outline::SECTIONS
            .iter()
            .map(|section| {
                words(language).text(&format!("report.section.{}", section.key)).unwrap().to_owned()
            })
            .collect();
        assert_eq!(names[..names.len() - 1], titles);
        assert_eq!((names.first().unwrap().as_str(), names.last().unwrap().as_str()), (first, last));
        let said = |sheet: &str, text: &str| {
            sheets[sheet].iter().flatten().any(|cell| cell.to_string().contains(text))
        };
        assert!(said(first, &report.inputs_sha256), "the first sheet says from which data");
        assert!(said(last, "/phone/abandoned"));
    }
}

#[test]
fn the_workbook_is_made_to_be_read_by_people_and_by_machines_alike() {
    let report = busy_report();
    let bytes = bytes(&report, "it");
    let names = members(&bytes);
    let sheets = names.iter().filter(|name| name.starts_with("xl/worksheets/sheet"));
    for sheet in sheets {
        assert!(member(&bytes, sheet).contains("state=\"frozen\""), "{sheet} keeps its head in sight");
    }
    assert!(
        !names.iter().any(|name| name.contains("vba") || name.contains("macro") || name.contains("external"))
    );
    let drawings: String = names
        .iter()
        .filter(|name| name.starts_with("xl/drawings/drawing"))
        .map(|it| member(&bytes, it))
        .collect();
    let charts = names.iter().filter(|name| name.starts_with("xl/charts/chart")).count();
    assert!(charts >= 6, "{charts}");
    assert_eq!(drawings.matches(" descr=\"").count(), charts, "a chart without words");
    assert!(drawings.contains("Contatti per canale, ottobre 2026. Telefono: Contatti in ingresso"));
    let core = member(&bytes, "docProps/core.xml");
    for said in ["Rapporto mensile – ottobre 2026", "2026-12-31T09:00:00Z", "Comune di Milano"] {
        assert!(core.contains(said), "{said} is not in {core}");
    }
}

#[test]
fn a_month_without_data_opens_and_says_unknown_instead_of_0() {
    let (_, sheets) = opened(bytes(&World::default().report("2026-01"), "en"));
    let row = sheets["Telephone"].iter().find(|row| row[0].to_string().starts_with("Wait of all calls"));
    let cells: Vec<String> =
        row.unwrap_or_else(|| panic!("{:?}", sheets["Telephone"])).iter().map(ToString::to_string).collect();
    assert!(cells.contains(&"n.a.".to_owned()), "{cells:?}");
}

/// LibreOffice, where it is installed (`make test-long` sees to it), reads the file, computes it anew and writes it.
#[test]
fn a_spreadsheet_program_opens_the_workbook_and_computes_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (written, again) = (folder.path().join("own.xlsx"), folder.path().join("again"));
    let bytes = bytes(&busy_report(), "it");
    std::fs::write(&written, &bytes).unwrap();
    let profile = format!("-env:UserInstallation=file://{}", folder.path().join("profile").display());
    let program = std::process::Command::new("soffice")
        .args([profile.as_str(), "--headless", "--convert-to", "xlsx", "--outdir"])
        .args([&again, &written])
        .output();
    let Ok(output) = program else { return };
    assert!(output.status.success(), "{output:?}");
    let (_, own) = opened(bytes);
    let (_, theirs) = opened(std::fs::read(again.join("own.xlsx")).unwrap());
    let numbers = |sheets: &Sheets| -> Vec<f64> {
        let cells = sheets.values().flatten().flatten();
        assert!(!sheets.values().flatten().flatten().any(|cell| matches!(cell, Data::Error(_))));
        cells
            .filter_map(|cell| match cell {
                Data::Float(number) => Some(*number),
                Data::Int(number) => Some(*number as f64),
                _ => None,
            })
            .collect()
    };
    let (own, theirs) = (numbers(&own), numbers(&theirs));
    assert!(own.len() > 1_000 && own.len() == theirs.len(), "{} {}", own.len(), theirs.len());
    for (own, theirs) in own.iter().zip(&theirs) {
        assert!((own - theirs).abs() <= 1e-9 * own.abs().max(1.0), "{own} {theirs}");
    }
}
