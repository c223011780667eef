//! Quotients of what is counted here and of imported monthly series.

use serde_json::{Value, json};

use super::*;
use crate::{definition::DefinitionError, digest, facts::SeriesFact};

const PER_VISIT: &str = r#"{ type = "quotient", above = { things = { of = "contacts" } }, below = { series = "visite-portale" }, per = 1000 }"#;

/// The shipped set with one quotient more.
fn with(measure: &str) -> Result<Definitions, DefinitionError> {
    let mut files = files();
    files.get_mut("milano-2021.toml").unwrap().push_str(&format!(
        "\n[[indicator]]\nkey = \"prova\"\narea = \"Prova\"\nlabel = \"Prova\"\nversion = \"1\"\nwords = \"Prova.\"\n\
         formula = \"a ÷ b\"\nmeasure = {measure}\nprint = {{ unit = \"quotient\", decimals = 2, rounding = \"half-up\" }}\n"
    ));
    Definitions::from_files(&files)
}

fn volume(key: &str, month: &str, value: u64) -> SeriesFact {
    let month = Period::parse_month(month).unwrap();
    let (at, _) = month.bounds(&rome());
    SeriesFact {
        key: key.to_owned(),
        month,
        at,
        value,
        source: "portale".to_owned(),
        note: None,
        revision: 2,
    }
}

fn explained(world: &World, measure: &str, period: &str, as_of: Instant) -> Value {
    let period = Period::parse(period).unwrap();
    let explanation =
        explain(&world.facts, &with(measure).unwrap(), "prova", period, &rome(), as_of).unwrap();
    serde_json::to_value(explanation).unwrap()
}

fn three_contacts() -> World {
    let mut world = World::default();
    for day in ["10-05", "10-06", "10-07"] {
        world.opening(day, Channel::Email, InteractionKind::Mail);
    }
    world
}

#[test]
fn contacts_are_set_against_a_series_with_what_is_behind_both() {
    let mut world = three_contacts();
    world.facts.series.push(volume("visite-portale", "2026-10", 1600));
    world.facts.series.push(volume("visite-portale", "2026-09", 7));
    world.facts.series.push(volume("post", "2026-10", 9));
    let explained = explained(&world, PER_VISIT, "2026-10", at("12-31"));
    assert_eq!((&explained["value"], &explained["text"]), (&json!(1.875), &json!("1,88")));
    let counts = [&explained["numerator"], &explained["denominator"], &explained["n"]];
    assert_eq!(counts, [&json!(3), &json!(1600), &json!(1600)]);
    assert_eq!(explained["items"].as_array().unwrap().len(), 3);
    let behind = json!([{
        "key": "visite-portale", "month": "2026-10", "value": 1600, "source": "portale", "note": null, "revision": 2,
        "counted_in": "denominator_only", "reason": null
    }]);
    assert_eq!((&explained["series"], &explained["excluded"]), (&behind, &json!([])));
}

#[test]
fn a_month_without_a_value_makes_the_quotient_null_and_is_named() {
    let explained_of = |world: &World| explained(world, PER_VISIT, "2026-10", at("12-31"));
    let mut world = three_contacts();
    let explained = explained_of(&world);
    assert_eq!((&explained["value"], &explained["text"]), (&Value::Null, &Value::Null));
    assert_eq!(explained["excluded"], json!([{ "reason": "no_value", "count": 1 }]));
    let missing = &explained["series"][0];
    assert_eq!((&missing["month"], &missing["value"]), (&json!("2026-10"), &Value::Null));
    assert_eq!((&missing["counted_in"], &missing["reason"]), (&json!("excluded"), &json!("no_value")));

    world.facts.series.push(volume("visite-portale", "2026-10", 0));
    let explained = explained_of(&world);
    assert_eq!(explained["value"], Value::Null, "nothing is divided by 0");
    assert_eq!((&explained["excluded"], &explained["series"][0]["value"]), (&json!([]), &json!(0)));
}

#[test]
fn a_year_needs_every_month_that_has_begun() {
    let mut world = three_contacts();
    for month in 1..=9 {
        world.facts.series.push(volume("visite-portale", &format!("2026-{month:02}"), 100));
    }
    let year = |world: &World, day: &str| explained(world, PER_VISIT, "2026", at(day));
    assert_eq!(year(&world, "10-20")["excluded"], json!([{ "reason": "no_value", "count": 1 }]));
    world.facts.series.push(volume("visite-portale", "2026-10", 100));
    let october = year(&world, "10-20");
    assert_eq!((&october["value"], &october["denominator"]), (&json!(3), &json!(1000)));
    assert_eq!(october["series"].as_array().unwrap().len(), 10);
    assert_eq!(year(&world, "11-02")["value"], Value::Null);
}

#[test]
fn a_series_may_stand_above_and_a_condition_leaves_out_what_does_not_satisfy_it() {
    let measure = r#"{ type = "quotient", above = { series = "appuntamenti" }, below = { things = { of = "tickets" }, counted = "resolved" } }"#;
    let mut world = three_contacts();
    resolve(world.history(0), "10-08");
    resolve(world.history(1), "10-08");
    world.facts.series.push(volume("appuntamenti", "2026-10", 7));
    let explained = explained(&world, measure, "2026-10", at("12-31"));
    assert_eq!((&explained["value"], &explained["text"]), (&json!(3.5), &json!("3,50")));
    assert_eq!((&explained["numerator"], &explained["n"]), (&json!(7), &json!(2)));
    assert_eq!(explained["items"].as_array().unwrap().len(), 2);
}

#[test]
fn the_inputs_of_a_month_are_others_when_a_value_is_corrected_and_the_same_without_series() {
    let span = Period::parse_month("2026-10").unwrap().bounds(&rome());
    let mut world = three_contacts();
    let without = digest::inputs(&world.facts, span);
    world.facts.series.push(volume("visite-portale", "2026-09", 5));
    assert_eq!(digest::inputs(&world.facts, span), without, "another month");
    world.facts.series.push(volume("visite-portale", "2026-10", 5));
    let with = digest::inputs(&world.facts, span);
    world.facts.series.reverse();
    assert_eq!(digest::inputs(&world.facts, span), with, "order does not matter");
    world.facts.series[0].value = 6;
    assert!(![without, with].contains(&digest::inputs(&world.facts, span)));
}

#[test]
fn quotients_that_make_no_sense_are_refused() {
    let sides = [
        r#"above = {}, below = { series = "post" }"#,
        r#"above = { series = "post", things = { of = "tickets" } }, below = { series = "post" }"#,
        r#"above = { series = "post" }, below = { series = "post", counted = "closed" }"#,
        r#"above = { series = "post" }, below = { things = { of = "contacts" }, counted = "closed" }"#,
        r#"above = { series = "post" }, below = { serie = "post" }"#,
        r#"above = { series = "post" }, below = { series = "post" }, per = 0"#,
    ];
    for side in sides {
        assert!(with(&format!("{{ type = \"quotient\", {side} }}")).is_err(), "{side}");
    }
    let definitions = with(PER_VISIT).unwrap();
    assert_eq!(definitions.series().into_iter().collect::<Vec<_>>(), ["visite-portale"]);
    assert!(milan().series().is_empty());
}
