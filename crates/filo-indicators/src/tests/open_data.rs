//! What of a report may be read by anybody.

use filo_domain::vocabulary::Channel;
use serde_json::json;

use super::World;
use crate::{
    disclosure::LEAST,
    open_data::{OpenMonth, Status, Unit, open_months},
    report::{ChannelRow, MonthlyReport, ThemeRow},
};

fn printed_report() -> MonthlyReport {
    World::default().report("2026-10")
}

fn with(change: impl FnOnce(&mut MonthlyReport)) -> MonthlyReport {
    let mut report = printed_report();
    change(&mut report);
    report
}

fn row(report: &mut MonthlyReport, channel: Channel) -> &mut ChannelRow {
    report.blocks.channels.iter_mut().find(|row| row.channel == channel).unwrap()
}

/// Counts per channel as (contacts, registered, requests, answered), the totals as their sums.
fn channels(report: &mut MonthlyReport, counts: &[(Channel, [u64; 4])]) {
    for one in &mut report.blocks.channels {
        (one.inbound, one.registered, one.actionable, one.answered) = (0, 0, 0, 0);
        (one.registered_share, one.response_rate) = (None, None);
    }
    for (channel, [inbound, registered, actionable, answered]) in counts.iter().copied() {
        let one = row(report, channel);
        (one.inbound, one.registered, one.actionable, one.answered) =
            (inbound, registered, actionable, answered);
        one.registered_share = Some(registered as f64 / inbound as f64);
        one.response_rate = Some(answered as f64 / actionable as f64);
        (one.response.n, one.response.mean_s) = (answered, Some(60.0));
        (one.resolution.n, one.resolution.mean_s) = (answered, Some(7200.0));
    }
    let sum = |of: fn(&[u64; 4]) -> u64| counts.iter().map(|(_, it)| of(it)).sum::<u64>();
    let blocks = &mut report.blocks;
    (blocks.unification.inbound, blocks.unification.registered) = (sum(|it| it[0]), sum(|it| it[1]));
    (blocks.response_rate.actionable, blocks.response_rate.answered) = (sum(|it| it[2]), sum(|it| it[3]));
    (blocks.phone.offered, blocks.phone.answered, blocks.phone.abandoned) = (0, 0, 0);
}

fn status(month: &OpenMonth, section: &str, row: &str, figure: &str) -> (Status, Option<f64>) {
    let section = month.sections.iter().find(|it| it.section == section).unwrap();
    let row = section.rows.iter().find(|it| it.row == row).unwrap();
    let figure = row.figures.iter().find(|it| it.figure == figure).unwrap();
    (figure.status, figure.value)
}

#[test]
fn a_small_channel_and_what_tells_it_are_withheld_with_their_shares_and_times() {
    let report = with(|report| {
        let counts = [
            (Channel::Scrivi, [400, 300, 350, 200]),
            (Channel::Email, [90, 80, 70, 60]),
            (Channel::Letter, [3, 2, 3, 1]),
        ];
        channels(report, &counts);
    });
    let month = &open_months(&[report])[0];
    let of = |row: &str, figure: &str| status(month, "channels", row, figure);
    assert_eq!(of("letter", "contacts"), (Status::Small, None));
    assert_eq!(of("email", "contacts"), (Status::Withheld, None), "the next smallest");
    assert_eq!(of("scrivi", "contacts"), (Status::Told, Some(400.0)));
    assert_eq!(of("phone", "contacts"), (Status::Told, Some(0.0)), "nobody is nobody");
    for (row, figure) in [
        ("letter", "registered_share"),
        ("letter", "response_mean"),
        ("letter", "resolution_mean"),
        ("email", "registered_share"),
    ] {
        assert_eq!(of(row, figure), (Status::Withheld, None), "{row} {figure}");
    }
    assert_eq!(of("total", "contacts"), (Status::Told, Some(493.0)));
}

#[test]
fn few_that_were_not_answered_do_not_follow_from_those_that_were() {
    let report = with(|report| {
        channels(report, &[(Channel::Email, [90, 80, 70, 67]), (Channel::Scrivi, [50, 40, 40, 20])])
    });
    let month = &open_months(&[report])[0];
    assert_eq!(status(month, "channels", "email", "answered").0, Status::Withheld);
    assert_eq!(status(month, "channels", "email", "response_rate").0, Status::Withheld);
}

#[test]
fn what_one_revision_withholds_the_others_do_too() {
    let themes = |counts: [u64; 3]| {
        let row = |(theme, count): (&str, u64)| ThemeRow { theme: theme.to_owned(), count, share: Some(0.1) };
        with(|report| {
            report.blocks.themes = ["tributi", "scuola", "verde"].into_iter().zip(counts).map(row).collect()
        })
    };
    let months = open_months(&[themes([90, 40, 4]), themes([90, 40, 6])]);
    let of = |month: usize, theme: &str| status(&months[month], "themes", theme, "tickets").0;
    assert_eq!((of(0, "verde"), of(0, "scuola")), (Status::Small, Status::Withheld));
    assert_eq!((of(1, "verde"), of(1, "scuola")), (Status::Withheld, Status::Withheld));
    assert_eq!((of(0, "tributi"), of(1, "tributi")), (Status::Told, Status::Told));
}

#[test]
fn nothing_of_the_year_to_date_and_nobody_is_published() {
    let month = serde_json::to_value(&open_months(&[printed_report()])[0]).unwrap();
    let text = month.to_string();
    for word in ["year_to_date", "repeat", "comparison", "items", "operator", "agent", "unit_", "person"] {
        assert!(!text.contains(word), "{word}");
    }
    assert_eq!(month["schema"], json!("filo.open-month/1"));
}

#[test]
fn no_count_below_five_is_ever_told() {
    for month in open_months(&[printed_report()]) {
        for figure in month.sections.iter().flat_map(|it| &it.rows).flat_map(|it| &it.figures) {
            let small = figure.value.is_some_and(|value| value > 0.0 && value < LEAST as f64);
            assert!(figure.unit != Unit::Count || !small, "{figure:?}");
        }
    }
}
