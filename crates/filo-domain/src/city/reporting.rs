//! Which reports are made and mailed by themselves, in `reports.toml`.
//!
//! **Invariant:** a schedule falls due once a month, on a day that every month has, at a local time: one that the
//! clocks skip is the time after the gap, one that they show twice is its first. What is due follows from the present
//! and from what was begun before, never from when somebody looked.

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Time};
use serde::Deserialize;

use super::{ConfigError, File, Source, check_keys};
use crate::{CityZone, Instant, Period, vocabulary::Channel};

const NAME: &str = "reports.toml";
/// The last day that every month has.
const LAST_DAY: i8 = 28;
/// The longest outage that is made up for, in months.
const MOST_MISSED: usize = 12;

/// A monthly report that is made and mailed by itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportSchedule {
    /// Its stable key.
    pub key: String,
    /// On which day of the month after, 1 to 28.
    pub day: i8,
    /// At which local time.
    pub at: Time,
    /// To which addresses.
    pub people: Vec<String>,
    /// In which languages, a mail each; without any, in the city's first.
    #[serde(default)]
    pub languages: Vec<String>,
    /// The forms that are attached.
    pub formats: Vec<String>,
    /// Whether the month is closed first; else a month that nobody has closed goes out as provisional.
    #[serde(default)]
    pub close: bool,
    /// The mailbox from which it leaves; without one, the city's first.
    #[serde(default)]
    pub source: Option<String>,
}

impl ReportSchedule {
    /// When the report of a month is due.
    pub fn due_at(&self, month: Period, zone: &CityZone) -> Instant {
        let day = month.end_day().saturating_add(i64::from(self.day - 1).days());
        zone.instant(day.to_datetime(self.at))
    }

    /// The last month that is due by an instant.
    pub fn last_due(&self, zone: &CityZone, now: Instant) -> Period {
        let last_ended = Period::month_of(zone.day(now)).previous();
        if self.due_at(last_ended, zone) <= now { last_ended } else { last_ended.previous() }
    }

    /// The months that are due and not begun, the oldest first: those since the last that was, else the last one.
    pub fn missed(&self, last_begun: Option<Period>, zone: &CityZone, now: Instant) -> Vec<Period> {
        let last_due = self.last_due(zone, now);
        let since = last_begun.unwrap_or(last_due.previous());
        let back = std::iter::successors(Some(last_due), |month| Some(month.previous()));
        let mut missed: Vec<Period> = back.take_while(|month| *month > since).take(MOST_MISSED).collect();
        missed.reverse();
        missed
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AllSchedules {
    #[serde(default)]
    schedules: Vec<ReportSchedule>,
}

/// Reads the schedules; a city that mails no reports needs no file.
pub(super) fn read(
    files: &BTreeMap<String, String>,
    languages: &[String],
    sources: &[Source],
) -> Result<Vec<ReportSchedule>, ConfigError> {
    let Some(text) = files.get(NAME) else { return Ok(vec![]) };
    let file = File { name: NAME, text };
    let AllSchedules { mut schedules } = file.read()?;
    check_keys(&file, "schedules", schedules.iter().map(|it| it.key.as_str()))?;
    let mailbox = |source: &&Source| source.channel == Some(Channel::Email);
    for (nth, schedule) in schedules.iter_mut().enumerate() {
        check(&file, &format!("schedules.{nth}"), schedule, languages)?;
        let wanted = schedule.source.as_deref();
        let named = |source: &&Source| wanted.is_none_or(|key| key == source.key);
        let Some(source) = sources.iter().filter(mailbox).find(named) else {
            let found = wanted.map_or_else(|| "no mailbox".to_owned(), |key| format!("{key:?}"));
            let expected = "a source of city.toml whose channel is email";
            return Err(file.refuse(&format!("schedules.{nth}.source"), found, expected));
        };
        schedule.source = Some(source.key.clone());
        if schedule.languages.is_empty() {
            schedule.languages = languages.iter().take(1).cloned().collect();
        }
    }
    Ok(schedules)
}

fn check(
    file: &File<'_>,
    place: &str,
    schedule: &ReportSchedule,
    languages: &[String],
) -> Result<(), ConfigError> {
    let refuse = |key: &str, found: String, expected: String| {
        Err(file.refuse(&format!("{place}.{key}"), found, expected))
    };
    if !(1..=LAST_DAY).contains(&schedule.day) {
        return refuse(
            "day",
            schedule.day.to_string(),
            format!("1 to {LAST_DAY}: a day that every month has"),
        );
    }
    if let Some(wrong) = schedule.people.iter().find(|address| !is_address(address)) {
        return refuse("people", format!("{wrong:?}"), "a mail address".to_owned());
    }
    if let Some(wrong) = schedule.languages.iter().find(|language| !languages.contains(language)) {
        return refuse("languages", format!("{wrong:?}"), format!("one of {}", languages.join(", ")));
    }
    for (key, list) in
        [("people", &schedule.people), ("formats", &schedule.formats), ("languages", &schedule.languages)]
    {
        if let Some(twice) =
            list.iter().enumerate().find(|(nth, it)| list.iter().take(*nth).any(|other| other == *it))
        {
            return refuse(key, format!("{:?} again", twice.1), "each once".to_owned());
        }
        if list.is_empty() && key != "languages" {
            return refuse(key, "none".to_owned(), "one at least".to_owned());
        }
    }
    Ok(())
}

/// Whether a text may be a mail address; the mail server has the last word.
fn is_address(text: &str) -> bool {
    let parts = text.split_once('@').filter(|(local, domain)| !local.is_empty() && domain.contains('.'));
    parts.is_some() && text.len() <= 254 && text.chars().all(|c| c.is_ascii_graphic() && c != ',' && c != ';')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rome() -> CityZone {
        CityZone::parse("Europe/Rome").unwrap()
    }
    fn schedule(day: i8, at: &str) -> ReportSchedule {
        ReportSchedule {
            key: "mensile".to_owned(),
            day,
            at: at.parse().unwrap(),
            people: vec!["direzione@example.org".to_owned()],
            languages: vec!["it".to_owned()],
            formats: vec!["pdf".to_owned()],
            close: false,
            source: None,
        }
    }
    fn month(text: &str) -> Period {
        Period::parse_month(text).unwrap()
    }
    fn instant(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn a_schedule_is_due_at_its_local_time_summer_and_winter() {
        let schedule = schedule(3, "07:30");
        assert_eq!(schedule.due_at(month("2026-10"), &rome()), instant("2026-11-03T06:30:00Z"));
        assert_eq!(schedule.due_at(month("2026-06"), &rome()), instant("2026-07-03T05:30:00Z"));
        assert_eq!(schedule.due_at(month("2026-12"), &rome()), instant("2027-01-03T06:30:00Z"));
    }

    #[test]
    fn a_time_that_the_clocks_skip_or_show_twice_is_due_once() {
        // On 28 March 2027 the clocks go from 2 to 3; on 25 October 2026 they show 2:30 twice.
        let (skipped, twice) = (schedule(28, "02:30"), schedule(25, "02:30"));
        assert_eq!(skipped.due_at(month("2027-02"), &rome()), instant("2027-03-28T01:30:00Z"));
        let due = twice.due_at(month("2026-09"), &rome());
        assert_eq!(due, instant("2026-10-25T00:30:00Z"));
        let begun = Some(month("2026-09"));
        assert_eq!(twice.missed(Some(month("2026-08")), &rome(), due), [month("2026-09")]);
        assert!(twice.missed(begun, &rome(), due.plus_seconds(3_600)).is_empty(), "the second 2:30");
    }

    #[test]
    fn what_an_outage_missed_is_made_up_for_and_a_new_schedule_begins_with_the_last_month() {
        let schedule = schedule(3, "07:30");
        let before = instant("2026-11-03T06:29:59Z");
        assert_eq!(schedule.missed(None, &rome(), before), [month("2026-09")]);
        assert!(schedule.missed(Some(month("2026-09")), &rome(), before).is_empty());
        let late = instant("2027-01-20T12:00:00Z");
        let missed = schedule.missed(Some(month("2026-09")), &rome(), late);
        assert_eq!(missed, [month("2026-10"), month("2026-11"), month("2026-12")]);
        assert_eq!(schedule.missed(Some(month("2020-01")), &rome(), late).len(), MOST_MISSED);
    }

    fn refused(change: (&str, &str)) -> String {
        let text = "[[schedules]]\nkey = \"mensile\"\nday = 3\nat = \"07:30\"\npeople = [\"a@example.org\"]\nformats = [\"pdf\"]\n";
        let files = BTreeMap::from([(NAME.to_owned(), text.replace(change.0, change.1))]);
        let error = read(&files, &["it".to_owned()], &[]).unwrap_err();
        format!("{error}")
    }

    #[test]
    fn a_schedule_that_makes_no_sense_is_refused_with_its_line() {
        for (wrong, expected) in [
            (("day = 3", "day = 31"), "reports.toml:3"),
            (("07:30", "25:00"), "reports.toml:4"),
            (("a@example.org", "the mayor"), "reports.toml:5"),
            (("[\"pdf\"]", "[]"), "reports.toml:6"),
            (("day = 3", "day = 3\nlanguages = [\"xx\"]"), "one of it"),
            (("day = 3", "day = 3\nsource = \"urp\""), "urp"),
            (("day = 3", "day = 3\nweekday = 3"), "weekday"),
        ] {
            let error = refused(wrong);
            assert!(error.contains(expected), "{wrong:?}: {error}");
        }
    }
}
