//! The CSV forms: complete, safe to open, and the same figures as the JSON.

use super::*;

/// Every number of a JSON value with its pointer.
fn numbers(value: &Value, pointer: String, found: &mut Vec<(String, f64)>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| numbers(value, format!("{pointer}/{key}"), found));
        }
        Value::Array(rows) => {
            rows.iter()
                .enumerate()
                .for_each(|(index, row)| numbers(row, format!("{pointer}/{index}"), found));
        }
        Value::Number(number) => found.push((pointer, number.as_f64().unwrap())),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

#[test]
fn every_number_of_the_json_report_is_a_row_of_the_figures() {
    let mut report = busy_report();
    (report.state, report.revision) = (ReportState::Closed, Some(1));
    let mut expected = Vec::new();
    numbers(&serde_json::to_value(&report).unwrap(), String::new(), &mut expected);
    let figures = &sheets(&report)["figures.csv"];
    assert_eq!(figures[0], ["pointer", "period_part", "value", "unit", "row", "definition"]);
    let rows: BTreeMap<&str, &Vec<String>> =
        figures.iter().skip(1).map(|row| (row[0].as_str(), row)).collect();
    assert_eq!(rows.len(), figures.len() - 1, "a pointer stands twice");
    assert!(expected.len() > 700, "{}", expected.len());
    for (pointer, value) in expected {
        let cell = &rows.get(pointer.as_str()).unwrap_or_else(|| panic!("{pointer} has no row"))[2];
        assert_eq!(cell.parse(), Ok(value), "{pointer}");
    }
    assert_eq!(rows["/year_to_date/phone/offered"][1], "year_to_date");
    assert_eq!(rows["/comparison/previous_month/channels/0/inbound"][4], "phone");
    assert_eq!(rows["/channels/0/inbound"][5], "/channels/*/inbound");
}

#[test]
fn unknown_is_an_empty_cell_and_zero_is_a_zero() {
    let figures = &sheets(&World::default().report("2026-10"))["figures.csv"];
    let value = |pointer: &str| figures.iter().find(|row| row[0] == pointer).map(|row| row[2].clone());
    assert_eq!(value("/phone/offered").as_deref(), Some("0"));
    assert_eq!(value("/phone/mean_wait_s").as_deref(), Some(""));
    assert_eq!(value("/reason"), None, "an empty reason is no unknown figure");
}

#[test]
fn the_lists_have_files_of_their_own_with_all_their_fields() {
    let report = busy_report();
    let sheets = sheets(&report);
    let names: Vec<&str> = sheets.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "backlog.csv",
            "channels.csv",
            "costs_by_channel.csv",
            "costs_by_line.csv",
            "costs_by_theme.csv",
            "costs_suppliers.csv",
            "data_quality.csv",
            "definitions.csv",
            "email_by_mailbox.csv",
            "exclusions.csv",
            "figures.csv",
            "phone_by_queue.csv",
            "phone_by_theme.csv",
            "phone_intervals.csv",
            "phone_ivr.csv",
            "report.csv",
            "scrivi_buckets.csv",
            "sources.csv",
            "themes.csv",
            "units.csv"
        ]
    );
    let json = serde_json::to_value(&report).unwrap();
    for (file, list) in [
        ("channels.csv", "/channels"),
        ("scrivi_buckets.csv", "/scrivi/resolution_buckets"),
        ("backlog.csv", "/backlog/bands"),
        ("themes.csv", "/themes"),
        ("units.csv", "/units"),
        ("email_by_mailbox.csv", "/email/by_mailbox"),
        ("data_quality.csv", "/data_quality"),
        ("sources.csv", "/sources"),
        ("phone_by_queue.csv", "/phone/by_queue"),
        ("phone_by_theme.csv", "/phone/by_theme"),
        ("phone_intervals.csv", "/phone/intervals"),
        ("costs_suppliers.csv", "/costs/suppliers"),
        ("costs_by_channel.csv", "/costs/by_channel"),
        ("costs_by_theme.csv", "/costs/by_theme"),
        ("costs_by_line.csv", "/costs/by_line"),
    ] {
        let rows = json.pointer(list).unwrap().as_array().unwrap();
        let own: Vec<&Vec<String>> = sheets[file].iter().filter(|row| row[0] == "month").collect();
        assert_eq!(own.len(), rows.len(), "{file}");
        let fields = |value: &Value| -> usize {
            let fields = value.as_object().unwrap().values();
            fields
                .map(|field| field.as_object().map_or(usize::from(!field.is_array()), |nested| nested.len()))
                .sum()
        };
        assert_eq!(sheets[file][0].len() - 1, fields(&rows[0]), "{file}: a field without a column");
    }
    assert_eq!(sheets["channels.csv"][1][..2], ["month", "phone"]);
}

#[test]
fn each_figure_leads_to_its_definition() {
    let sheets = sheets(&busy_report());
    let known: Vec<&str> = sheets["definitions.csv"].iter().map(|row| row[0].as_str()).collect();
    let parameters = ["upper_days", "threshold_s", "window_days", "rating", "/weekday", "/hour"];
    for row in sheets["figures.csv"].iter().skip(1).filter(|row| !filo_indicators::report::is_header(&row[0]))
    {
        let parameter = parameters.iter().any(|parameter| row[5].ends_with(parameter));
        assert!(parameter || known.contains(&row[5].as_str()), "{} has no definition", row[5]);
    }
}

#[test]
fn the_zip_holds_the_files_as_they_are() {
    let report = busy_report();
    let bytes = CsvReport.render((&report).into(), &Wanted::default()).unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let files = CsvReport.files((&report).into(), Marks::Plain).unwrap();
    assert_eq!(archive.len(), files.len());
    for (name, expected) in files {
        let mut found = Vec::new();
        archive.by_name(&name).unwrap().read_to_end(&mut found).unwrap();
        assert_eq!(found, expected, "{name}");
        assert!(found.windows(2).any(|pair| pair == b"\r\n"), "{name} ends its lines as RFC 4180 says");
    }
}

#[test]
fn italian_spreadsheets_get_semicolons_and_decimal_commas_and_nothing_else_changes() {
    let mut report = busy_report();
    report.blocks.themes[0].theme = "1.5;\"x\"".to_owned();
    let read = |marks, delimiter: u8| -> Vec<(String, Vec<Vec<String>>)> {
        let files = CsvReport.files((&report).into(), marks).unwrap().into_iter();
        files
            .map(|(name, bytes)| {
                let mut builder = csv::ReaderBuilder::new();
                let mut reader =
                    builder.has_headers(false).delimiter(delimiter).from_reader(bytes.as_slice());
                (name, reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect())
            })
            .collect()
    };
    let (plain, italian) = (read(Marks::Plain, b','), read(Marks::Italian, b';'));
    let value = |tables: &[(String, Vec<Vec<String>>)], pointer: &str| {
        let figures = &tables.iter().find(|(name, _)| name == "figures.csv").unwrap().1;
        figures.iter().find(|row| row[0] == pointer).unwrap()[2].clone()
    };
    assert!(value(&plain, "/response_rate/rate").starts_with("0."));
    assert!(value(&italian, "/response_rate/rate").starts_with("0,"));
    for ((name, plain), (_, italian)) in plain.iter().zip(&italian) {
        for (plain, italian) in plain.iter().flatten().zip(italian.iter().flatten()) {
            let number = plain.parse::<f64>().is_ok();
            assert_eq!(*italian, if number { plain.replace('.', ",") } else { plain.clone() }, "{name}");
        }
    }
    assert!(italian.iter().any(|(_, rows)| rows.iter().flatten().any(|cell| cell == "1.5;\"x\"")));
}

#[test]
fn no_text_is_taken_for_a_formula() {
    let mut report = busy_report();
    report.reason = Some("=HYPERLINK(\"http://example.org\")".to_owned());
    report.blocks.themes[0].theme = "+39,\"x\"".to_owned();
    report.blocks.units[0].unit = "@unit".to_owned();
    let sheets = sheets(&report);
    let cells = || sheets.values().flatten().flatten();
    assert!(cells().any(|cell| cell == "'=HYPERLINK(\"http://example.org\")"));
    assert!(cells().any(|cell| cell == "'+39,\"x\"") && cells().any(|cell| cell == "'@unit"));
    assert!(!cells().any(|cell| cell.starts_with(['=', '+', '@', '\t', '\r'])));
}

#[test]
fn an_explanation_has_as_many_rows_of_a_part_as_it_counts() {
    let world = busy();
    let month = Period::parse("2026-10").unwrap();
    let found =
        explain(&world.facts, &definitions(), "/response_rate/rate", month, &rome(), at("12-31")).unwrap();
    let bytes = explanation_csv(&found).unwrap();
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let header: Vec<&str> =
        "key period id kind channel occurred_at counted_in reason seconds".split(' ').collect();
    assert_eq!(reader.headers().unwrap(), header);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let part = |part: &str| rows.iter().filter(|row| &row[6] == part).count() as u64;
    assert_eq!(part("numerator"), found.numerator);
    assert_eq!(part("numerator") + part("denominator_only"), found.denominator);
    assert_eq!(part("excluded"), found.excluded.iter().map(|excluded| excluded.count).sum::<u64>());
}
