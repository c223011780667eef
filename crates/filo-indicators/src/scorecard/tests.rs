//! The golden cases of the yearly results, and the tables of 2019 and 2020.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::*;
use crate::{figure::Statistic, number::Number, tests::milan};

fn now() -> Instant {
    Instant::parse("2026-11-03T09:00:00Z").unwrap()
}

fn no_measures(_year: i16, _key: &str) -> Option<Figure> {
    None
}

fn table_of(year: i16, measured: fn(i16, &str) -> Option<Figure>) -> Scorecard {
    with_entries(year, measured, vec![])
}

fn with_entries(
    year: i16,
    measured: fn(i16, &str) -> Option<Figure>,
    entered: Vec<(i16, Entered)>,
) -> Scorecard {
    let mut by_year: BTreeMap<i16, Vec<Kept>> = BTreeMap::new();
    for (year, row) in entered {
        let kept = Kept { row, revision: 1, entered_at: now(), file: None };
        by_year.entry(year).or_default().push(kept);
    }
    scorecard(year, &milan(), now(), Values { measured: &measured, entered: &by_year })
}

fn entered(json: serde_json::Value) -> Entered {
    serde_json::from_value(json).unwrap()
}

fn savings() -> serde_json::Value {
    serde_json::json!({
        "key": "risparmi-energetici", "area": "Ambiente", "label": "Consumi elettrici delle sedi", "rule": "reduction",
        "target": { "text": "-5%", "value": "-0.05", "comparator": "<=", "unit": "share" },
        "achieved": { "text": "-4%", "value": "-0.04", "unit": "share" },
        "source": { "document": "Relazione energia 2021", "section": "tavola 3" },
        "tags": { "programme": "PO12", "dimension": "environmental", "driver": ["digitalisation"] }
    })
}

fn number(value: &str, comparator: Comparator) -> Quantity {
    let value = Value::Number(Decimal::from_str_exact(value).unwrap());
    Quantity { text: String::new(), value, comparator, unit: QuantityUnit::Count }
}

fn result(rule: Rule, target: &str, achieved: &str) -> Option<String> {
    let (target, achieved) = (number(target, Comparator::AtLeast), number(achieved, Comparator::Equal));
    Outcome::of(rule, Some(&target), Some(&achieved)).printed
}

#[test]
fn every_golden_case_of_the_documents_comes_out() {
    let cases = [
        (Rule::Higher, "0.7", "0.911", "100"),
        (Rule::Higher, "60", "68", "100"),
        (Rule::Higher, "800", "639", "79,87"),
        (Rule::Higher, "19000", "19365", "100"),
        (Rule::Lower, "518400", "518400", "100"),
        (Rule::Lower, "180", "76", "100"),
        (Rule::Lower, "1728000", "1321920", "100"),
        (Rule::Deviation, "0.1", "-0.037", "100"),
        (Rule::Reduction, "-0.15", "-0.45", "100"),
        (Rule::Reduction, "-0.05", "-1.41", "100"),
        (Rule::Higher, "13000000", "20751299", "100"),
        (Rule::Higher, "0.01", "0.034", "100"),
        (Rule::Higher, "30", "42", "100"),
    ];
    for (rule, target, achieved, printed) in cases {
        assert_eq!(
            result(rule, target, achieved).as_deref(),
            Some(printed),
            "{rule:?} {target} / {achieved}"
        );
    }
}

#[test]
fn what_was_missed_is_a_part_and_never_under_zero() {
    assert_eq!(result(Rule::Lower, "20", "30").as_deref(), Some("66,66"), "truncated, not rounded");
    assert_eq!(result(Rule::Higher, "100", "79.5").as_deref(), Some("79,50"));
    assert_eq!(result(Rule::Higher, "10", "-5").as_deref(), Some("0"));
    assert_eq!(result(Rule::Reduction, "-0.1", "-0.05").as_deref(), Some("50"));
    assert_eq!(result(Rule::Reduction, "-0.1", "0.05").as_deref(), Some("0"), "a rise");
    assert_eq!(result(Rule::Deviation, "0.1", "-0.2").as_deref(), Some("50"));
    assert_eq!(result(Rule::Range, "10", "9").as_deref(), Some("0"));
    assert_eq!(result(Rule::Range, "10", "10").as_deref(), Some("100"));
}

#[test]
fn a_target_of_zero_has_no_result() {
    for rule in [Rule::Higher, Rule::Lower, Rule::Range, Rule::Reduction, Rule::Deviation] {
        assert_eq!(result(rule, "0", "5"), None, "{rule:?}");
    }
    let none = serde_json::to_value(Outcome::of(Rule::Higher, None, None)).unwrap();
    assert_eq!(none, serde_json::json!({"percent": null, "printed": null}));
}

#[test]
fn a_day_is_met_by_a_yes_or_by_an_earlier_day() {
    let quantity =
        |value: Value, unit| Quantity { text: String::new(), value, comparator: Comparator::AtMost, unit };
    let by = quantity(Value::Date(jiff::civil::date(2020, 12, 31)), QuantityUnit::Date);
    let on = |day| quantity(Value::Date(day), QuantityUnit::Date);
    let said = |yes| quantity(Value::Bool(yes), QuantityUnit::Bool);
    let result = |achieved: Quantity| score(Rule::Date, &by, &achieved);
    assert_eq!(result(said(true)), Some(Decimal::ONE_HUNDRED));
    assert_eq!(result(said(false)), Some(Decimal::ZERO));
    assert_eq!(result(on(jiff::civil::date(2020, 12, 31))), Some(Decimal::ONE_HUNDRED));
    assert_eq!(result(on(jiff::civil::date(2021, 1, 1))), Some(Decimal::ZERO));
}

#[test]
fn the_table_of_2020_prints_the_documents_again() {
    let table = table_of(2020, no_measures);
    let printed: BTreeMap<&str, (&str, &str, &str)> = table
        .rows
        .iter()
        .map(|row| {
            let text = |quantity: &Option<Quantity>| quantity.as_ref().unwrap().text.clone().leak() as &str;
            (
                row.key.as_str(),
                (text(&row.target), text(&row.achieved), row.result.printed.as_deref().unwrap()),
            )
        })
        .collect();
    let expected = [
        ("canali-unificati", ("4", "4", "100")),
        ("contatti-censiti", ("≥ 50%", "69%", "100")),
        ("tempo-risposta-telefono", ("5 minuti", "2,4 minuti", "100")),
        ("tempo-risposta-scrivi", ("15 giorni", "13,1 giorni", "100")),
        ("tempo-risposta-mail", ("20 giorni", "15,3 giorni", "100")),
        ("tempo-risposta-social", ("5 giorni", "1,6 giorni", "100")),
        ("tasso-risposta", ("60%", "82%", "100")),
        ("buoni-spesa", ("19.000", "19.365", "100")),
        ("milano-aiuta", ("90%", "98%", "100")),
        ("portale-crm-appuntamenti", ("60%", "68%", "100")),
        ("alloggi-consegnati", ("800", "639", "79,87")),
        ("scostamento-bilancio", ("< 10%", "-3,70%", "100")),
        ("tempestivita-pagamenti", ("-5%", "-141%", "100")),
        ("iniziative-innovative", ("≥ € 13.000.000", "€ 20.751.299", "100")),
        ("piano-aria-clima", ("Entro il 31/12/2020", "SI", "100")),
    ];
    for (key, row) in expected {
        assert_eq!(printed.get(key), Some(&row), "{key}");
    }
}

#[test]
fn a_row_has_the_form_of_the_contract_and_the_year_before_beside_it() {
    let table = serde_json::to_value(table_of(2020, no_measures)).unwrap();
    assert_eq!((&table["schema"], &table["year"]), (&"filo.scorecard/1".into(), &2020.into()));
    let row =
        |key: &str| table["rows"].as_array().unwrap().iter().find(|row| row["key"] == key).unwrap().clone();
    let mail = row("tempo-risposta-mail");
    assert_eq!(
        mail["target"],
        serde_json::json!({"text": "20 giorni", "value": 1_728_000, "comparator": "<=", "unit": "s"})
    );
    assert_eq!(
        mail["achieved"],
        serde_json::json!({"text": "15,3 giorni", "value": 1_321_920, "comparator": "=", "unit": "s"})
    );
    assert_eq!(mail["result"], serde_json::json!({"percent": 100, "printed": "100"}));
    assert_eq!(mail["source"]["document"], "001_83384ab51c83172a.txt");
    assert!(mail["previous"].is_null());
    assert_eq!(
        row("alloggi-consegnati")["result"],
        serde_json::json!({"percent": 79.875, "printed": "79,87"})
    );
    let phone = row("tempo-risposta-telefono");
    assert_eq!(
        (&phone["previous"]["year"], &phone["previous"]["achieved"]["value"]),
        (&2019.into(), &76.into())
    );
    assert_eq!(phone["previous"]["target"]["value"], 180);
}

#[test]
fn the_table_of_2019_prints_the_documents_again() {
    let table = table_of(2019, no_measures);
    let row = |key: &str| table.rows.iter().find(|row| row.key == key).unwrap();
    let value =
        |key: &str| serde_json::to_value(row(key).achieved.as_ref().unwrap()).unwrap()["value"].clone();
    assert_eq!(value("tempo-risposta-telefono"), 76);
    assert_eq!(value("tempo-risposta-scrivi"), 855_360);
    assert_eq!(value("tempo-risposta-social"), 212_544);
    assert_eq!(row("tasso-risposta").achieved.as_ref().unwrap().comparator, Comparator::Greater);
    assert!(table.rows.iter().all(|row| row.result.printed.as_deref() == Some("100")));
    assert!(table.rows.iter().all(|row| row.source.is_some()));
}

#[test]
fn the_trend_has_each_years_own_target_beside_its_value() {
    let measured = |year: i16, key: &str| {
        let known = year == 2021 && key == "tempo-risposta-telefono";
        known.then(|| Figure::of(Statistic::Count, std::iter::empty(), false))
    };
    let table = table_of(2021, measured);
    let wait = table.rows.iter().find(|row| row.key == "tempo-risposta-telefono").unwrap();
    let text = |quantity: &Option<Quantity>| quantity.as_ref().map(|quantity| quantity.text.clone()).unwrap();
    let years: Vec<(i16, String, String)> =
        wait.trend.iter().map(|year| (year.year, text(&year.target), text(&year.achieved))).collect();
    let told = |year, target: &str, achieved: &str| (year, target.to_owned(), achieved.to_owned());
    assert_eq!(years, [told(2019, "3 minuti", "1,16’"), told(2020, "5 minuti", "2,4 minuti")]);
    assert_eq!(wait.previous.as_ref().unwrap().year, 2020);
    let table = table_of(2020, no_measures);
    let alone = table.rows.iter().find(|row| row.previous.is_none()).unwrap();
    assert!(alone.trend.is_empty(), "{} is new in its year", alone.key);
}

#[test]
fn a_year_that_is_all_published_is_not_measured() {
    assert_eq!(measured_years(2022, &milan()), [2021, 2022]);
    assert!(measured_years(2020, &milan()).is_empty());
}

#[test]
fn a_year_without_target_and_value_is_no_part_of_a_trend() {
    let table = table_of(2026, no_measures);
    assert!(table.rows.iter().all(|row| row.trend.is_empty() && row.previous.is_some()));
}

#[test]
fn from_2021_on_values_come_from_the_measures() {
    let measured = |year: i16, key: &str| {
        let share = Figure::of(Statistic::Share, std::iter::empty(), false);
        (key == "tasso-risposta").then_some(Figure {
            value: Some(Number::Real(if year == 2026 { 0.82 } else { 0.9 })),
            numerator: if year == 2026 { 82 } else { 90 },
            denominator: 100,
            ..share
        })
    };
    let table = table_of(2026, measured);
    let rate = table.rows.iter().find(|row| row.key == "tasso-risposta").unwrap();
    let achieved = rate.achieved.as_ref().unwrap();
    assert_eq!((achieved.text.as_str(), &achieved.value), ("82 %", &Value::Number(Decimal::new(82, 2))));
    assert_eq!((&rate.target, &rate.result.percent), (&None, &None));
    assert_eq!(rate.previous.as_ref().unwrap().achieved.as_ref().unwrap().text, "90 %");
    assert!(table_of(2018, measured).rows.is_empty());
}

#[test]
fn a_printed_result_that_the_arithmetic_does_not_give_is_refused() {
    let name = "scorecard-2020.toml";
    let text = include_str!("../../../../config/cities/milano/indicators/scorecard-2020.toml");
    let set = include_str!("../../../../config/cities/milano/indicators/milano-2021.toml");
    let wrong = text.replace("printed = \"79,87\"", "printed = \"79,88\"");
    let files = BTreeMap::from([(name.to_owned(), wrong), ("milano-2021.toml".to_owned(), set.to_owned())]);
    let error = Definitions::from_files(&files).unwrap_err();
    assert_eq!((error.key.as_str(), error.expected.as_str()), ("alloggi-consegnati", "79,87"));
    assert!(error.line > 100, "{error}");
}

#[test]
fn a_row_entered_by_hand_stands_in_the_table_with_its_source_and_its_result() {
    let rows = vec![(2021, entered(savings()))];
    let table = with_entries(2021, no_measures, rows.clone());
    let row = table.rows.last().unwrap();
    assert_eq!((row.key.as_str(), row.result.printed.as_deref()), ("risparmi-energetici", Some("80")));
    assert_eq!(row.tags.driver, [Driver::Digitalisation]);
    let source = row.source.as_ref().unwrap();
    assert_eq!((source.document.as_str(), source.section.as_str()), ("Relazione energia 2021", "tavola 3"));
    assert_eq!(source.entered.as_ref().map(|entered| entered.revision), Some(1));
    let later = with_entries(2022, no_measures, rows);
    assert!(later.rows.iter().all(|row| row.key != "risparmi-energetici"), "of its year alone");
}

#[test]
fn years_entered_by_hand_are_a_trend() {
    let mut next = savings();
    next["achieved"] = serde_json::json!({ "text": "-5%", "value": "-0.05", "unit": "share" });
    let table = with_entries(2022, no_measures, vec![(2021, entered(savings())), (2022, entered(next))]);
    let row = table.rows.last().unwrap();
    assert_eq!(row.previous.as_ref().unwrap().achieved.as_ref().unwrap().text, "-4%");
    assert_eq!(row.result.printed.as_deref(), Some("100"));
}

#[test]
fn what_is_measured_or_published_cannot_be_entered() {
    let check = |year: i16, key: &str| {
        let mut row = savings();
        row["key"] = key.into();
        entered(row).check(year, &milan())
    };
    assert!(matches!(check(2026, "tasso-risposta"), Err(EntryError::Measured(..))));
    assert!(matches!(check(2020, "tasso-risposta"), Err(EntryError::Published(..))));
    assert_eq!(check(2020, "risparmi-energetici"), Ok(()));
}

#[test]
fn an_entered_row_that_cannot_be_is_refused_at_its_place() {
    let refused = |pointer: &str, value: serde_json::Value| {
        let mut row = savings();
        match pointer.rsplit_once('/') {
            Some((parent, field)) => row.pointer_mut(parent).unwrap()[field] = value,
            None => unreachable!(),
        }
        match entered(row).check(2021, &milan()) {
            Err(EntryError::Field { pointer, .. }) => pointer,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused("/key", "Con Spazi".into()), "/key");
    assert_eq!(refused("/area", serde_json::Value::Null), "/area");
    assert_eq!(refused("/label", " ".into()), "/label");
    assert_eq!(refused("/rule", serde_json::Value::Null), "/rule");
    assert_eq!(refused("/target", serde_json::Value::Null), "/target");
    assert_eq!(refused("/source/document", "".into()), "/source/document");
    assert_eq!(refused("/note", "due\nrighe".into()), "/note");
    let days = serde_json::json!({ "text": "4 giorni", "value": "345600", "unit": "s" });
    assert_eq!(refused("/achieved", days), "/achieved");
}

#[test]
fn an_entered_row_is_read_again_as_it_was() {
    let mut rows = vec![entered(savings())];
    rows[0].note = Some("due sedi chiuse".to_owned());
    for (achieved, target) in [
        (
            r#"{"text":"9,9","value":855360,"unit":"s","reading":"d"}"#,
            r#"{"text":"10 giorni","value":864000,"unit":"s"}"#,
        ),
        (
            r#"{"text":"SI","value":true,"unit":"bool"}"#,
            r#"{"text":"31/12/2021","value":"2021-12-31","unit":"date"}"#,
        ),
    ] {
        let mut row = savings();
        row["achieved"] = serde_json::from_str(achieved).unwrap();
        row["target"] = serde_json::from_str(target).unwrap();
        rows.push(entered(row));
    }
    for row in rows {
        assert_eq!(serde_json::from_value::<Entered>(row.kept().unwrap()).unwrap(), row);
    }
}
