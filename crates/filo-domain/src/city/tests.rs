use std::{fs, path::Path};

use jiff::civil::date;

use super::*;
use crate::{
    Instant,
    clock::History,
    form::FieldProblem,
    policy::{ClockName, TicketTraits, choose, readings},
    vocabulary::{Channel, Kind, Outcome, Priority, State, Word},
};

/// The shipped folder, by relative path.
fn shipped() -> BTreeMap<String, String> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/cities/milano"));
    let mut files = BTreeMap::new();
    for folder in ["", "forms", "texts", "templates"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|it| it == "toml") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                files.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    files
}
fn milan() -> City {
    City::from_files(&shipped()).unwrap()
}
/// The refusal after one change of one file.
fn refused(file: &str, found: &str, instead: &str) -> ConfigError {
    let mut files = shipped();
    let text = files.get_mut(file).unwrap();
    assert!(text.contains(found), "{file} has no {found}");
    *text = text.replacen(found, instead, 1);
    City::from_files(&files).unwrap_err()
}
fn contact<'a>(channel: Channel, source: &'a str, text: &'a str) -> Contact<'a> {
    Contact { source, channel, theme: None, kind: None, municipio: None, text }
}

const TODAY: jiff::civil::Date = date(2026, 10, 1);

#[test]
fn the_shipped_city_has_the_sources_of_the_contract() {
    let city = milan();
    let sources: Vec<_> =
        city.sources.iter().map(|source| (source.key.as_str(), source.channel.map(Word::word))).collect();
    assert_eq!(
        sources,
        [
            ("pbx-020202", Some("phone")),
            ("urp", Some("email")),
            ("pec", Some("pec")),
            ("facebook", Some("social")),
            ("instagram", Some("social")),
            ("whatsapp", Some("chat")),
            ("scrivi", Some("scrivi")),
            ("desk", None),
            ("ufficio-sindaco", None),
            ("infoline", None),
        ]
    );
    assert_eq!(
        (city.profile.close_after_days, city.profile.reopen_days, city.zone.name()),
        (15, 30, "Europe/Rome")
    );
    assert_eq!(city.source("pbx-020202").unwrap().theme_of_queue("tari"), Some("tributi/tari"));
    assert_eq!(city.profile.districts.len(), 9);
}

#[test]
fn the_eight_themes_of_the_citys_monitoring_are_there_in_its_order() {
    let city = milan();
    let top: Vec<_> =
        city.themes.all().iter().filter(|theme| theme.is_top()).map(|theme| theme.key.as_str()).collect();
    assert_eq!(
        top,
        [
            "anagrafe",
            "tributi",
            "polizia-locale",
            "sociale",
            "mobilita",
            "educazione",
            "numeri-utili",
            "altro"
        ]
    );
    assert_eq!(city.themes.get("tributi/tari").map(Theme::top), Some("tributi"));
    assert!(city.forms.themes().contains("tributi/tari") && city.forms.get("generale").is_some());
}

#[test]
fn the_shipped_calendar_has_the_citys_days_off() {
    let city = milan();
    let off = [
        (1, 1),
        (1, 6),
        (4, 6),
        (4, 25),
        (5, 1),
        (6, 2),
        (8, 15),
        (10, 4),
        (11, 1),
        (12, 7),
        (12, 8),
        (12, 25),
        (12, 26),
    ];
    let mut day = date(2026, 1, 1);
    let mut found = Vec::new();
    while day.year() == 2026 {
        if city.calendar.is_holiday(day) {
            found.push((day.month(), day.day()));
        }
        day = day.tomorrow().unwrap();
    }
    assert_eq!(found, off);
    let open = city.calendar.intervals_of(date(2026, 10, 3)).first().map(ToString::to_string);
    assert_eq!(open.as_deref(), Some("08:00-20:00"), "a Saturday");
}

#[test]
fn work_goes_to_who_is_there_now_and_history_keeps_the_name_of_its_time() {
    let units = milan().units;
    let on = |key: &str, day| units.on(key, day).map(|unit| unit.key.clone());
    assert_eq!(on("politiche-sociali", date(2021, 5, 1)).as_deref(), Some("politiche-sociali"));
    assert_eq!(on("politiche-sociali", TODAY).as_deref(), Some("welfare-salute"));
    assert_eq!(on("milano-aiuta", TODAY).as_deref(), Some("welfare-salute"), "by two steps");
    assert_eq!(
        units.get("politiche-sociali").map(|unit| unit.name.as_str()),
        Some("Direzione Politiche Sociali")
    );
    assert_eq!(on("welfare-salute", date(2019, 1, 1)), None);
}

#[test]
fn a_contact_goes_where_the_first_rule_that_applies_sends_it() {
    let city = milan();
    let place = |contact| {
        let Route { unit, level, theme, tags, .. } = city.route(&contact, TODAY);
        (unit, level.word(), theme, tags.join(","))
    };
    let some = |text: &str| Some(text.to_owned());
    let social = contact(Channel::Social, "facebook", "La TARI è sbagliata");
    assert_eq!(place(social), ("social-desk".into(), "I", None, String::new()));
    let mail = contact(Channel::Email, "urp", "Oggetto: TARI, 2026");
    assert_eq!(place(mail), ("020202".into(), "I", some("tributi/tari"), "tari".into()));
    assert_eq!(
        place(contact(Channel::Email, "urp", "ho perso la carta d’identità")).2,
        some("anagrafe/carta-identita")
    );
    assert_eq!(place(contact(Channel::Email, "urp", "la tartaruga è solitaria")).2, None, "whole words only");
    let chosen = Contact { theme: Some("mobilita"), ..mail };
    assert_eq!(place(chosen).2, some("mobilita"), "what the citizen chose stays");
    let gdpr = Contact { kind: Some(Kind::DataSubjectRequest), ..mail };
    assert_eq!(place(gdpr), ("segreteria-generale".into(), "II", some("altro/privacy"), "gdpr".into()));
    assert_eq!(city.route(&gdpr, TODAY).priority, Priority::High);
    assert_eq!(
        city.unit_of_theme("tributi/riscossione", TODAY).map(|unit| unit.key.as_str()),
        Some("recupero-evasione-coattiva")
    );
}

#[test]
fn a_contact_for_a_unit_that_is_not_there_yet_goes_to_the_default_unit() {
    let mut files = shipped();
    let routing = files.get_mut("routing.toml").unwrap();
    *routing = "[default]\nunit = \"020202\"\npriority = \"low\"\n[[rules]]\nwhen = {}\nthen = { unit = \"mobilita\" }".into();
    let city = City::from_files(&files).unwrap();
    let unit = |day| city.route(&contact(Channel::Letter, "desk", ""), day).unit;
    assert_eq!((unit(date(2019, 1, 1)), unit(TODAY)), ("020202".to_owned(), "mobilita".to_owned()));
}

#[test]
fn a_scrivi_request_is_due_fifteen_days_after_it_came() {
    let city = milan();
    let traits = TicketTraits {
        channel: Channel::Scrivi,
        theme: Some("tributi/tari"),
        kind: Kind::Assistance,
        priority: Priority::Normal,
    };
    let policy = choose(&city.policies, &traits);
    assert_eq!(policy.map(Policy::id).as_deref(), Some("carta-scrivi@1"));
    let opened = Instant::parse("2026-10-20T08:00:00Z").unwrap();
    let history = History::opened(opened, Level::I, None);
    let clocks = readings(policy, &history, &city.zone, &city.calendar, opened);
    let due: Vec<_> =
        clocks.iter().map(|clock| (clock.name, clock.due_at.map(|due| due.to_string()))).collect();
    assert_eq!(
        due,
        [(ClockName::FirstResponse, Some("2026-11-04T08:00:00Z".to_owned())), (ClockName::Resolution, None)]
    );
}

#[test]
fn every_kind_of_ticket_has_a_policy_and_formal_ones_have_a_statutory_clock() {
    let city = milan();
    for channel in Channel::ALL {
        for kind in Kind::ALL {
            let traits =
                TicketTraits { channel: *channel, theme: None, kind: *kind, priority: Priority::Normal };
            let policy = choose(&city.policies, &traits).unwrap();
            let statutory = policy.clocks.iter().any(|clock| clock.name == ClockName::Statutory);
            assert_eq!(
                statutory,
                matches!(kind, Kind::FormalRequest | Kind::DataSubjectRequest),
                "{channel:?} {kind:?}"
            );
        }
    }
}

#[test]
fn every_word_a_citizen_may_meet_has_a_text_in_each_language() {
    let texts = milan().texts;
    let mut keys: Vec<String> = (1..=12).map(|month| format!("months.{month}")).collect();
    keys.extend(State::ALL.iter().map(|word| format!("states.{}", word.word())));
    keys.extend(Outcome::ALL.iter().map(|word| format!("outcomes.{}", word.word())));
    keys.extend(Kind::ALL.iter().map(|word| format!("kinds.{}", word.word())));
    keys.extend(Channel::ALL.iter().map(|word| format!("channels.{}", word.word())));
    let problems = [
        FieldProblem::Required,
        FieldProblem::TooLong { max: 1, found: 2 },
        FieldProblem::ControlCharacter,
        FieldProblem::NotAnEmail,
        FieldProblem::NotAPhone,
        FieldProblem::NotAFiscalCode,
        FieldProblem::NotADate,
        FieldProblem::NotANumber,
        FieldProblem::NotYesOrNo,
        FieldProblem::UnknownChoice,
        FieldProblem::UnknownField,
        FieldProblem::UnknownForm,
        FieldProblem::NotAccepted,
        FieldProblem::WrongType { expected: "a text" },
    ];
    for problem in &problems {
        let params = problem.params();
        let values: Vec<_> = params.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let text = texts.fill("it", &format!("errors.{}", problem.code()), &values).unwrap();
        assert!(!text.contains('{'), "{text}");
    }
    assert_eq!(texts.languages().collect::<Vec<_>>(), ["en", "it"]);
    for key in keys {
        assert!(texts.get("it", &key).is_some() && texts.get("en", &key).is_some(), "{key}");
    }
}

#[test]
fn a_text_is_filled_in_once_and_an_unknown_language_reads_the_first() {
    let texts = milan().texts;
    let filled = texts.fill("de", "receipt.scrivi.subject", &[("number", "{number}")]);
    assert_eq!(filled.as_deref(), Some("Abbiamo ricevuto la tua richiesta {number}"));
    assert_eq!(texts.get("it", "no.such.key"), None);
    assert_eq!(texts.below("en", "states.").count(), State::ALL.len());
}

#[test]
fn a_wrong_value_is_refused_with_file_line_key_found_and_expected() {
    let error = refused("city.toml", "Europe/Rome", "Europe/Milano");
    assert_eq!(
        error.to_string(),
        "city.toml:4: zone: found \"Europe/Milano\", expected an IANA name such as Europe/Rome"
    );
    let error =
        refused("calendar.toml", "tue = [\"08:00-20:00\"]", "tue = [\"08:00-13:00\", \"20:00-14:00\"]");
    assert_eq!(
        (error.line, error.key.as_str(), error.found.as_str()),
        (Some(6), "weekly.tue", "\"20:00-14:00\"")
    );
}

#[test]
fn each_kind_of_mistake_names_its_place() {
    let cases = [
        ("calendar.toml", "easter+1", "easter+500", "holidays.2.day", "easter+1"),
        ("calendar.toml", "day = \"12-07\"", "", "patron", "the key `day`"),
        ("city.toml", "reopen_days = 30", "reopen_days = 0", "reopen_days", "1 to 3650"),
        ("city.toml", "duplicate_days = 30", "duplicate_days = 0", "duplicate_days", "1 to 3650"),
        ("city.toml", "channel = \"phone\"", "channel = \"fax\"", "sources.0.channel", "`phone`"),
        (
            "city.toml",
            "channel = \"scrivi\"",
            "channel = \"scrivi\"\naddress = \"a@b.it\"",
            "sources.6.address",
            "no such key",
        ),
        ("city.toml", "key = \"urp\"", "key = \"pec\"", "sources.2.key", "each key once"),
        ("city.toml", "tari = \"tributi/tari\"", "tari = \"tari\"", "sources.0.queues.tari", "themes.toml"),
        ("city.toml", "close_after_days", "close_after", "close_after", "close_after_days"),
        (
            "units.toml",
            "successor = \"welfare-salute\"",
            "successor = \"welfare\"",
            "successor",
            "units.toml",
        ),
        (
            "units.toml",
            "valid_to = \"2021-10-01\"",
            "valid_to = \"2020-01-01\"",
            "valid_to",
            "a day after 2020-03-13",
        ),
        (
            "units.toml",
            "valid_from = \"2020-07-01\"",
            "valid_from = \"1/7/2020\"",
            "valid_from",
            "YYYY-MM-DD",
        ),
        ("units.toml", "level = \"I\"", "level = \"III\"", "units.0.level", "`I`"),
        ("themes.toml", "unit = \"mobilita\"", "unit = \"mobility\"", "themes.4.unit", "units.toml"),
        ("themes.toml", "key = \"tari\"", "key = \"Tari\"", "themes.1.parts.0.key", "small letters"),
        (
            "routing.toml",
            "theme = [\"tributi/tari\"]",
            "theme = [\"tari\"]",
            "rules.3.when.theme.0",
            "themes.toml",
        ),
        ("routing.toml", "unit = \"social-desk\"", "unit = \"social\"", "rules.2.then.unit", "units.toml"),
        ("policies.toml", "priority = 90", "priority = 100", "policies.1.priority", "of its own"),
        ("policies.toml", "{ days = 28 }", "{ weeks = 4 }", "policies.0.clocks.2.target", "`days`"),
        (
            "policies.toml",
            "[\"citizen\", \"third_party\"]",
            "[\"citizen\"]",
            "policies.1.clocks.1.pauses",
            "or none",
        ),
        (
            "policies.toml",
            "name = \"resolution\"",
            "name = \"risoluzione\"",
            "policies.0.clocks.1.name",
            "`first_response`",
        ),
        ("texts/en.toml", "new = \"Received\"", "", "states.new", "as in the first language"),
        ("texts/en.toml", "by {expected_by}", "by {expected}", "receipt.scrivi.body", "expected_by"),
        (
            "themes.toml",
            "key = \"plate\"",
            "key = \"Plate\"",
            "themes.4.parts.0.fields",
            "as forms have them",
        ),
        (
            "units.toml",
            "level = \"I\"",
            "level = \"I\"\nassignment = \"random\"",
            "units.0.assignment",
            "`none`",
        ),
        (
            "city.toml",
            "channel = \"scrivi\"",
            "channel = \"scrivi\"\ndesk = [\"letter\"]",
            "sources.6.desk",
            "no such key",
        ),
        (
            "routing.toml",
            "kind = [\"data_subject_request\"]",
            "municipio = [7, 10]",
            "rules.0.when.municipio.1",
            "a district",
        ),
        (
            "resolutions.toml",
            "key = \"gia-sul-sito\"",
            "key = \"informazione-fornita\"",
            "reasons.1.key",
            "once",
        ),
        ("resolutions.toml", "theme = [\"tributi/tari\"]", "theme = [\"tari\"]", "theme.0", "themes.toml"),
        (
            "templates/tari-informazioni.toml",
            "theme = [\"tributi/tari\"]",
            "theme = [\"tari\"]",
            "theme.0",
            "themes.toml",
        ),
        ("templates/risolta.toml", "key = \"risolta\"", "key = \"chiusa\"", "key", "name of the file"),
        ("templates/risolta.toml", "en = \"\"\"", "fr = \"\"\"", "body", "one text for each"),
        ("forms/generale.toml", "key = \"generale\"", "key = \"altro\"", "key", "name of the file"),
    ];
    for (file, found, instead, key, expected) in cases {
        let error = refused(file, found, instead);
        assert_eq!(error.file, file, "{error}");
        assert!(
            error.key.contains(key) && error.expected.contains(expected) && error.line.is_some(),
            "{error} ({key})"
        );
    }
}

#[test]
fn a_missing_file_a_misspelt_one_and_one_that_is_no_toml_are_refused() {
    let mut files = shipped();
    let units = files.remove("units.toml").unwrap();
    assert_eq!(
        City::from_files(&files).unwrap_err().to_string(),
        "units.toml: found no such file, expected it in the city's folder"
    );
    files.insert("unit.toml".into(), units);
    assert_eq!(City::from_files(&files).unwrap_err().file, "unit.toml");
    let error = refused("units.toml", "[[units]]", "[[units");
    assert_eq!((error.file.as_str(), error.line.is_some()), ("units.toml", true), "{error}");
}

#[test]
fn a_circle_of_successors_is_refused() {
    let error = refused(
        "units.toml",
        "key = \"welfare-salute\"",
        "successor = \"politiche-sociali\"\nkey = \"welfare-salute\"",
    );
    assert_eq!(error.found, "a circle of successors");
}

#[test]
fn a_rule_for_a_municipio_decides_for_that_one_alone() {
    let mut files = shipped();
    let routing = files.get_mut("routing.toml").unwrap();
    *routing = routing.replacen(
        "[[rules]]",
        "[[rules]]\nwhen = { municipio = [7] }\nthen = { tags = [\"baggio\"] }\n\n[[rules]]",
        1,
    );
    let city = City::from_files(&files).unwrap();
    let tags =
        |municipio| city.route(&Contact { municipio, ..contact(Channel::Counter, "desk", "") }, TODAY).tags;
    assert_eq!(tags(Some(7)), ["baggio"]);
    assert!(tags(Some(8)).is_empty() && tags(None).is_empty());
}

#[test]
fn a_city_without_reasons_and_templates_is_a_city() {
    let mut files = shipped();
    files.retain(|name, _| name != "resolutions.toml" && !name.starts_with("templates/"));
    let city = City::from_files(&files).unwrap();
    assert!(city.resolutions.is_empty() && city.templates.is_empty());
}
