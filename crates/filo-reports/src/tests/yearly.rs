//! The table of a year in every form: the documents' words, the exact values, each year's own target.

use calamine::Data;
use filo_domain::Instant;
use filo_indicators::scorecard::{Kept, RowFile, Scorecard, Values, scorecard};

use super::{
    pages::{named, page, parsed, text},
    workbook::{Sheets, bytes as workbook, opened},
    *,
};

fn card(year: i16) -> Scorecard {
    with_entries(year, vec![])
}

fn with_entries(year: i16, entered: Vec<Kept>) -> Scorecard {
    let now = Instant::parse("2026-11-03T09:00:00Z").unwrap();
    let values = Values { measured: &|_, _| None, entered: &[(year, entered)].into() };
    scorecard(year, &definitions(), now, values)
}

#[test]
fn the_page_shows_a_full_result_of_a_relaxed_target() {
    let card = card(2020);
    let page_of_2020 = page(&card, "it");
    let document = parsed(&page_of_2020);
    let row = named(&document, "tr").find(|row| text(*row).contains("tempo-risposta-telefono")).unwrap();
    let row = text(row);
    for said in [
        "3 minuti",
        "5 minuti",
        "+2 min",
        "meno severo",
        "2,4 minuti",
        "+1 min 8 s",
        "peggiora",
        "Risultato pieno con obiettivo meno severo e valore peggiore",
    ] {
        assert!(row.contains(said), "{said} is not in {row}");
    }
    assert!(page_of_2020.contains("79,87 %"), "truncated, as the documents do");
    assert!(page(&self::card(1999), "it").contains("non ci sono indicatori"));
}

#[test]
fn the_trend_has_the_target_of_each_year_beside_its_value() {
    let page_of_2020 = page(&card(2020), "it");
    let document = parsed(&page_of_2020);
    let trend = document.descendants().find(|node| node.attribute("id") == Some("trend")).unwrap();
    let rows: Vec<String> = trend
        .descendants()
        .filter(|node| node.has_tag_name(("http://www.w3.org/1999/xhtml", "tr")))
        .map(|row| text(row).split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|row| row.contains("chiamate telefoniche"))
        .collect();
    assert_eq!(rows.len(), 2, "{rows:?}");
    for (row, said) in rows.iter().zip([
        ["2019", "3 minuti", "1,16’", "100 %"],
        ["2020", "5 minuti", "+2 min – meno severo", "2,4 minuti"],
    ]) {
        said.iter().for_each(|said| assert!(row.contains(said), "{said} is not in {row}"));
    }
    assert!(!page(&card(2019), "it").contains("id=\"trend\""), "nothing is known before 2019");
}

#[test]
fn what_the_city_wrote_is_marked_as_italian_in_another_language() {
    let page = page(&card(2020), "en");
    assert!(page.contains("<span lang=\"it\">Contatti censiti nel CRM</span> <code>contatti-censiti</code>"));
    assert!(page.contains("<caption lang=\"it\">Task force Milano Aiuta"));
    assert!(page.contains("As published by the City") && page.contains("Trend over the years"));
}

#[test]
fn the_table_keeps_wording_value_the_year_before_and_the_trend() {
    let card = card(2020);
    let bytes = CsvReport.render((&card).into(), &Wanted::default()).unwrap();
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let header = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), card.rows.len());
    let row = rows.iter().find(|row| &row[1] == "tempo-risposta-telefono").unwrap();
    let cell = |name: &str| &row[header.iter().position(|own| own == name).unwrap()];
    assert_eq!(
        (cell("target_text"), cell("target_value"), cell("target_comparator")),
        ("5 minuti", "300", "<=")
    );
    assert_eq!((cell("previous_target_value"), cell("previous_achieved_value")), ("180", "76"));
    assert_eq!((cell("result_percent"), cell("result_printed")), ("100", "100"));
    assert_eq!((cell("trend_2019_target_text"), cell("trend_2019_achieved_text")), ("3 minuti", "1,16’"));
    assert_eq!(cell("trend_2019_result_printed"), "100");
}

fn numbers(sheets: &Sheets, sheet: &str, name: &str) -> Vec<f64> {
    let row = sheets[sheet].iter().filter(|row| row[0].to_string().starts_with(name));
    row.flatten()
        .filter_map(|cell| match cell {
            Data::Float(number) => Some(*number),
            _ => None,
        })
        .collect()
}

#[test]
fn the_workbook_has_the_exact_values_as_numbers_and_a_sheet_for_the_trend() {
    let (names, sheets) = opened(workbook(&card(2020), "it"));
    assert_eq!(names, ["Obiettivi, valori e risultati", "Andamento negli anni", "Fonti", "Definizioni"]);
    let wait = "Tempi di risposta – chiamate telefoniche";
    assert_eq!(
        numbers(&sheets, &names[0], wait),
        [76.0, 144.0, 1.0, 1.0],
        "seconds, and shares of the result"
    );
    assert_eq!(numbers(&sheets, &names[1], wait), [76.0, 1.0, 144.0, 1.0]);
    assert_eq!(numbers(&sheets, &names[0], "Consegna degli alloggi"), [639.0, 0.798_75], "not truncated");
    let said =
        |sheet: &str, text: &str| sheets[sheet].iter().flatten().any(|cell| cell.to_string().contains(text));
    assert!(said(&names[0], "Indicatori dell'anno 2020") && said(&names[0], "≥ 50%"));
    assert!(said(&names[2], "001_83384ab51c83172a.txt"));
    opened(workbook(&card(1999), "en"));
}

#[cfg(feature = "pdf")]
#[test]
fn the_pdf_keeps_to_its_standards_and_attaches_the_table() {
    use super::pdf::{attached, bytes, elements, opened, says_its_standards};
    let card = card(2020);
    for (language, title) in [("it", "anno 2020"), ("en", "Indicators of the year 2020")] {
        let written = bytes(&card, language);
        assert_eq!(written, bytes(&card, language));
        let document = opened(&written);
        says_its_standards(&document, title);
        assert!(elements(&document, "Table").len() >= 5);
        assert_eq!(attached(&document), JsonReport.render((&card).into(), &Wanted::default()).unwrap());
    }
    opened(&bytes(&self::card(1999), "it"));
}

#[test]
fn what_was_entered_by_hand_says_when_from_what_and_what_it_serves() {
    let row = serde_json::from_value(serde_json::json!({
        "key": "consumi-elettrici", "area": "Ambiente", "label": "Consumi elettrici delle sedi", "rule": "reduction",
        "target": { "text": "-5%", "value": "-0.05", "comparator": "<=", "unit": "share" },
        "achieved": { "text": "-4%", "value": "-0.04", "unit": "share" },
        "source": { "document": "Relazione energia", "section": "tavola 3" }, "note": "due sedi chiuse",
        "tags": { "programme": "PO12", "direction": "Verde", "dimension": "environmental", "driver": ["full_accessibility"] }
    }));
    let entered_at = Instant::parse("2026-10-30T11:00:00Z").unwrap();
    let file = RowFile {
        id: filo_domain::AttachmentId::from_uuid(uuid::Uuid::from_u128(1)),
        name: "relazione.pdf".to_owned(),
        sha256: "ab12".to_owned(),
    };
    let card =
        with_entries(2026, vec![Kept { row: row.unwrap(), revision: 2, entered_at, file: Some(file) }]);
    let said = [
        "Relazione energia, tavola 3, inserito a mano il 30 ottobre 2026, ore 12:00 (valore n. 2)",
        "relazione.pdf (SHA-256 ab12)",
        "due sedi chiuse",
        "PO12",
        "Verde",
        "Ambientale",
        "Piena accessibilità",
        "80 %",
    ];
    let shown = page(&card, "it");
    for said in said {
        assert!(shown.contains(said), "{said}");
    }
    assert!(
        shown.contains("delle altre è indicata la fonte"),
        "the foot does not say that all can be opened"
    );
    assert!(page(&card, "en").contains("Full accessibility"));
    let table = String::from_utf8(CsvReport.render((&card).into(), &Wanted::default()).unwrap()).unwrap();
    assert!(table.contains("reduction,2026-10-30T11:00:00Z,2,relazione.pdf,ab12,due sedi chiuse,PO12,Verde,environmental,full_accessibility"), "{table}");
}
