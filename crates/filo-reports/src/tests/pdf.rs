//! The PDF: to be read aloud, kept for ever, and the same each time. The typesetter's own validator has passed when
//! there is a PDF at all; what else the standards ask for is looked up in its objects.

use std::process::{Command, Stdio};

use lopdf::{Dictionary, Document, Object};

use super::*;

pub(super) fn bytes<'r>(report: impl Into<Printable<'r>>, language: &str) -> Vec<u8> {
    PdfReport::new(milan()).render(report.into(), &in_language(language)).unwrap()
}

pub(super) fn opened(bytes: &[u8]) -> Document {
    Document::load_mem(bytes).unwrap()
}

/// The dictionary under a name, followed through references.
pub(super) fn inside<'a>(document: &'a Document, of: &'a Dictionary, name: &str) -> &'a Object {
    document.dereference(of.get(name.as_bytes()).unwrap()).unwrap().1
}

pub(super) fn dictionaries(document: &Document) -> impl Iterator<Item = &Dictionary> {
    document.objects.values().filter_map(|object| match object {
        Object::Dictionary(dictionary) => Some(dictionary),
        Object::Stream(stream) => Some(&stream.dict),
        _ => None,
    })
}

pub(super) fn is(dictionary: &Dictionary, name: &str, value: &str) -> bool {
    dictionary.get(name.as_bytes()).and_then(Object::as_name).is_ok_and(|found| found == value.as_bytes())
}

/// The structure elements of a kind.
pub(super) fn elements<'a>(document: &'a Document, kind: &'a str) -> Vec<&'a Dictionary> {
    dictionaries(document).filter(|it| is(it, "S", kind) && it.has(b"P")).collect()
}

/// Title, city and standards, where programs look for them.
pub(super) fn says_its_standards(document: &Document, title: &str) {
    let metadata = inside(document, document.catalog().unwrap(), "Metadata").as_stream().unwrap();
    let metadata = String::from_utf8(metadata.get_plain_content().unwrap()).unwrap();
    for said in [title, "<pdfaid:part>3<", "<pdfaid:conformance>A<", "<pdfuaid:part>1<", "Comune di Milano"] {
        assert!(metadata.contains(said), "{said} is not in {metadata}");
    }
}

/// The JSON that is attached.
pub(super) fn attached(document: &Document) -> Vec<u8> {
    let attached = dictionaries(document).find(|it| it.has(b"AFRelationship")).unwrap();
    assert!(is(attached, "AFRelationship", "Data"));
    let streams = inside(document, attached, "EF").as_dict().unwrap();
    inside(document, streams, "F").as_stream().unwrap().get_plain_content().unwrap()
}

#[test]
fn the_pdf_says_what_it_is_in_which_language_and_by_which_standards() {
    let report = busy_report();
    for (language, title) in
        [("it", "Rapporto mensile – ottobre 2026"), ("en", "Monthly report – October 2026")]
    {
        let document = opened(&bytes(&report, language));
        let catalog = document.catalog().unwrap();
        assert_eq!(inside(&document, catalog, "Lang").as_str().unwrap(), language.as_bytes());
        let marked = inside(&document, catalog, "MarkInfo").as_dict().unwrap();
        assert!(marked.get(b"Marked").unwrap().as_bool().unwrap());
        let shown = inside(&document, catalog, "ViewerPreferences").as_dict().unwrap();
        assert!(shown.get(b"DisplayDocTitle").unwrap().as_bool().unwrap());
        assert!(catalog.has(b"StructTreeRoot") && catalog.has(b"OutputIntents") && catalog.has(b"Outlines"));
        says_its_standards(&document, title);
        for page in document.get_pages().values() {
            let page = document.get_dictionary(*page).unwrap();
            let size: Vec<f32> = inside(&document, page, "MediaBox")
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it.as_float().unwrap())
                .collect();
            assert!((size[2] - 595.28).abs() < 0.1 && (size[3] - 841.89).abs() < 0.1, "A4, not {size:?}");
        }
    }
}

#[test]
fn tables_have_heads_and_drawings_have_words() {
    let document = opened(&bytes(&busy_report(), "it"));
    let figures = elements(&document, "Figure");
    assert!(figures.len() >= 6, "{}", figures.len());
    for figure in figures {
        let words = figure.get(b"Alt").unwrap().as_str().unwrap();
        assert!(words.len() > 40, "a drawing without words");
    }
    let tables = elements(&document, "Table");
    assert!(tables.len() >= 15, "{}", tables.len());
    let heads = elements(&document, "TH");
    assert!(heads.len() >= tables.len() * 3, "{} heads", heads.len());
    let scopes = heads.iter().filter(|head| head.has(b"A")).count();
    assert_eq!(scopes, heads.len(), "a head that does not say of what");
    assert!(elements(&document, "Title").len() + elements(&document, "H1").len() > 8);
    assert_eq!(elements(&document, "Caption").len(), tables.len() + elements(&document, "Figure").len());
}

#[test]
fn every_font_is_inside_and_nothing_runs_or_leads_outside() {
    let document = opened(&bytes(&busy_report(), "it"));
    let descriptors: Vec<&Dictionary> =
        dictionaries(&document).filter(|it| is(it, "Type", "FontDescriptor")).collect();
    assert!(!descriptors.is_empty());
    for descriptor in descriptors {
        assert!([&b"FontFile"[..], b"FontFile2", b"FontFile3"].iter().any(|key| descriptor.has(key)));
        let name = descriptor.get(b"FontName").unwrap().as_name().unwrap();
        assert!(String::from_utf8_lossy(name).contains("Titillium"), "{name:?}");
    }
    let actions =
        dictionaries(&document).filter(|it| it.has(b"JS") || it.has(b"URI") || is(it, "S", "Launch"));
    assert_eq!(actions.count(), 0);
}

#[test]
fn the_report_as_json_is_attached_as_its_data() {
    let report = busy_report();
    let document = opened(&bytes(&report, "it"));
    let json = attached(&document);
    assert_eq!(json, JsonReport.render((&report).into(), &Wanted::default()).unwrap());
}

#[test]
fn letters_that_the_font_lacks_stop_no_report() {
    let mut report = busy_report();
    (report.state, report.revision) = (ReportState::Closed, Some(2));
    report.reason = Some("registro 📞 中文 Ελλάδα\nseconda riga".to_owned());
    report.blocks.units[0].unit = "#let x = panic() $".to_owned();
    assert!(bytes(&report, "it").starts_with(b"%PDF-1.7"));
}

#[test]
fn an_empty_month_is_a_report_too() {
    for month in ["2026-01", "2026-02"] {
        assert!(bytes(&World::default().report(month), "en").starts_with(b"%PDF-1.7"));
    }
}

/// What a program of poppler prints of a PDF; `None` where it is not installed.
fn poppler(program: &str, arguments: &[&str], bytes: &[u8]) -> Option<String> {
    use std::io::Write;
    let child = Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.ok()?;
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} refuses the file");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn other_programs_read_the_same_figures() {
    let report = busy_report();
    let bytes = bytes(&report, "it");
    if let Some(said) = poppler("pdfinfo", &["-"], &bytes) {
        for line in ["Tagged:", "Rapporto mensile – ottobre 2026", "A4", "PDF version:     1.7"] {
            assert!(said.contains(line), "{line} is not in {said}");
        }
        assert!(said.lines().any(|line| line.starts_with("Tagged:") && line.ends_with("yes")), "{said}");
    }
    if let Some(said) = poppler("pdftotext", &["-layout", "-", "-"], &bytes) {
        let said = said.replace('\u{a0}', " ");
        let document = crate::document::Document::of((&report).into(), &words("it")).unwrap();
        let figures =
            document.sections.iter().flat_map(|section| &section.blocks).filter_map(|block| match block {
                crate::document::Block::Table(table) if !table.appendix => Some(table),
                _ => None,
            });
        for entry in figures.flat_map(|table| &table.rows).flat_map(|row| &row.cells) {
            if let crate::document::Entry::Figure(shown) = entry {
                assert!(said.contains(&shown.text), "{:?} is not in the text", shown.text);
            }
        }
        assert!(said.contains(&report.inputs_sha256[..16]) || said.contains("SHA-256"));
    }
}
