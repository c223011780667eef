//! What definitions are refused, and where.

use super::*;
use crate::{
    definition::{DefinitionError, Measure},
    view::{View, Window},
};

/// The shipped set with one change.
fn changed(from: &str, to: &str) -> Result<Definitions, DefinitionError> {
    let mut files = files();
    let text = files.get_mut("milano-2021.toml").unwrap();
    assert!(text.contains(from), "{from}");
    *text = text.replace(from, to);
    Definitions::from_files(&files)
}

#[test]
fn an_unknown_key_is_refused_with_file_and_line() {
    let error = changed("short_abandon_s = 5", "short_abandon_seconds = 5").unwrap_err();
    assert_eq!((error.file.as_str(), error.key.as_str()), ("milano-2021.toml", "short_abandon_seconds"));
    assert!(error.line > 5 && error.expected.contains("unknown field"), "{error}");
}

#[test]
fn a_mean_across_channels_is_refused_unless_asked_for_by_name() {
    let scrivi = "channel = [\"scrivi\"] } }";
    let error = changed(scrivi, "channel = [\"scrivi\", \"social\"] } }").unwrap_err();
    assert_eq!(error.key, "tempo-risposta-scrivi");
    assert!(error.line > 1 && error.expected.contains("across_channels"), "{error}");
    assert!(changed(scrivi, "} }").is_err(), "no channel is all channels");
    assert!(changed(scrivi, "channel = [\"scrivi\", \"social\"] }, across_channels = true }").is_ok());
}

#[test]
fn measures_that_make_no_sense_are_refused() {
    assert!(changed("counted = \"answered\"", "counted = \"closed\"").is_err());
    assert!(changed("clock = \"opened_to_closed\"", "clock = \"opened_to_lunch\"").is_err());
    assert!(changed("bucket_days = [1, 7, 30, 90]", "bucket_days = [7, 1]").is_err());
    assert!(changed("key = \"milano-aiuta\"", "key = \"tasso-risposta\"").is_err());
    assert!(changed("unit = \"min\"", "unit = \"percent\"").is_err(), "a duration is no share");
    assert!(Definitions::from_files(&BTreeMap::new()).is_err());
}

#[test]
fn the_version_follows_what_a_set_says_not_how_it_is_laid_out() {
    let month = Period::parse("2026-10").unwrap();
    let version = |definitions: Definitions| definitions.set(month).version();
    let shipped = version(milan());
    assert_eq!(version(changed("[report]", "# a remark\n[report]").unwrap()), shipped);
    assert_ne!(version(changed("short_abandon_s = 5", "short_abandon_s = 6").unwrap()), shipped);
}

#[test]
fn a_later_set_holds_from_its_day_on() {
    let mut files = files();
    let later =
        files["milano-2021.toml"].replace("milano-2021", "milano-2027").replace("2021-01-01", "2027-01-01");
    files.insert("milano-2027.toml".to_owned(), later);
    let definitions = Definitions::from_files(&files).unwrap();
    let name = |month: &str| definitions.set(Period::parse(month).unwrap()).set.clone();
    assert_eq!((name("2026-12").as_str(), name("2027-01").as_str()), ("milano-2021", "milano-2027"));
    assert_eq!(name("2019-05"), "milano-2021", "nothing earlier is defined");
}

#[test]
fn a_population_may_ask_for_level_and_district() {
    let mut world = World::default();
    let everywhere = world.opening("10-05", Channel::Scrivi, InteractionKind::Submission);
    let handed_over = world.opening("10-06", Channel::Scrivi, InteractionKind::Submission);
    let elsewhere = world.opening("10-07", Channel::Scrivi, InteractionKind::Submission);
    world.history(handed_over).escalated_at = Some(at("10-08"));
    world.facts.tickets[handed_over].municipio = Some(7);
    world.facts.tickets[elsewhere].municipio = Some(3);
    assert_eq!(world.facts.tickets[everywhere].municipio, None);
    let counted = |asked: &str| {
        let text = format!("type = \"count\"\npopulation = {{ of = \"tickets\"{asked} }}");
        let measure: Measure = toml::from_str(&text).unwrap();
        let (definitions, zone) = (milan(), rome());
        let period = Period::parse_month("2026-10").unwrap();
        let view = View::new(&world.facts, &definitions.set(period).report, &zone, at("12-31"));
        measure.figure(&view, Window::of(period, &zone, at("12-31")), true).items.len()
    };
    assert_eq!(counted(""), 3);
    assert_eq!(counted(", level = [\"II\"]"), 1);
    assert_eq!(counted(", level = [\"I\"]"), 2);
    assert_eq!(counted(", level = [\"I\", \"II\"]"), 3);
    assert_eq!(counted(", municipio = [7]"), 1);
    assert_eq!(counted(", municipio = [3, 7]"), 2);
    assert_eq!(counted(", municipio = [3], level = [\"II\"]"), 0);
}

#[test]
fn where_a_ticket_is_about_is_an_input() {
    let mut world = World::default();
    let ticket = world.opening("10-05", Channel::Scrivi, InteractionKind::Submission);
    let before = world.report("2026-10").inputs_sha256;
    world.facts.tickets[ticket].municipio = Some(7);
    assert_ne!(world.report("2026-10").inputs_sha256, before);
}
