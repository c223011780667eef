//! What answering cost: allocated to the cent, with nothing lost and nothing guessed.

use filo_domain::city::Costs;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{figure::Part, report};

const COSTS: &str = r#"
default_line = "generale"
[[suppliers]]
key = "contact-center"
label = { it = "Contact center" }
channels = ["phone"]
allocations = [{ valid_from = "2026-01-01", method = "handled_minutes", version = "1" }]
[[suppliers]]
key = "uffici"
label = { it = "Uffici" }
channels = ["email", "scrivi"]
allocations = [{ valid_from = "2026-09-01", method = "contacts", version = "2" }]
[[lines]]
key = "tributi"
label = { it = "Tributi" }
theme = ["tributi"]
[[lines]]
key = "generale"
label = { it = "Generale" }
"#;

fn rules() -> Costs {
    toml::from_str(COSTS).unwrap()
}

fn total(supplier: &str, month: &str, value: u64) -> SeriesFact {
    let month = Period::parse_month(month).unwrap();
    let ((at, _), key) = (month.bounds(&rome()), format!("cost:{supplier}"));
    SeriesFact { key, month, at, value, source: "fattura".to_owned(), note: None, revision: 1 }
}

/// Both suppliers' totals of October, and the first one's of September.
pub(super) fn entered(world: &mut World) {
    world.facts.costs = rules();
    world.facts.series.push(total("contact-center", "2026-10", 10_001));
    world.facts.series.push(total("uffici", "2026-10", 700));
    world.facts.series.push(total("contact-center", "2026-09", 5));
}

/// Three answered calls (600 s, 300 s, 100 s; the first on TARI, the last not registered), one abandoned, and two mails,
/// of which one was answered.
fn october() -> World {
    let mut world = World::default();
    entered(&mut world);
    for (day, talk_s, ticket) in [("10-05", 600, Some(1)), ("10-06", 300, Some(2)), ("10-07", 100, None)] {
        let call = world.call(&format!("{day} 08:00:00"), CallOutcome::Answered, Some(10));
        (call.talk_s, call.ticket) = (Some(talk_s), ticket.map(ticket_id));
    }
    world.call("10-08 08:00:00", CallOutcome::Abandoned, Some(30));
    for (day, theme) in [("10-05", Some("tributi/tari")), ("10-06", None)] {
        let ticket = world.opening(day, Channel::Phone, InteractionKind::Call);
        world.facts.tickets[ticket].theme = theme.map(str::to_owned);
    }
    world.facts.interactions.clear();
    for day in ["10-09", "10-10"] {
        let ticket = world.opening(day, Channel::Email, InteractionKind::Mail);
        world.facts.tickets[ticket].theme = Some("anagrafe".to_owned());
    }
    world.history(2).responses.push(at("10-11"));
    world
}

fn costs(world: &World) -> report::Costs {
    world.report("2026-10").blocks.costs
}

fn rows<'a>(
    rows: impl Iterator<Item = (&'a str, &'a report::CostFigures)>,
) -> Vec<(&'a str, Option<u64>, u64, u64)> {
    rows.map(|(key, row)| (key, row.cost_cents, row.handled, row.handled_s)).collect()
}

fn channels(costs: &report::Costs) -> Vec<(&str, Option<u64>, u64, u64)> {
    rows(costs.by_channel.iter().map(|row| (row.channel.as_str(), &row.figures)))
}
fn themes(costs: &report::Costs) -> Vec<(&str, Option<u64>, u64, u64)> {
    rows(costs.by_theme.iter().map(|row| (row.theme.as_str(), &row.figures)))
}
fn lines(costs: &report::Costs) -> Vec<(&str, Option<u64>, u64, u64)> {
    rows(costs.by_line.iter().map(|row| (row.line.as_str(), &row.figures)))
}

#[test]
fn totals_are_allocated_by_minutes_or_contacts_and_every_cent_has_a_row() {
    let costs = costs(&october());
    assert_eq!((costs.total_cents, costs.handled, costs.handled_s), (Some(10_701), 4, 1_000));
    assert_eq!((costs.currency.as_str(), costs.cost_per_contact_cents), ("EUR", Some(2675.25)));
    assert_eq!(channels(&costs), [("phone", Some(10_001), 3, 1_000), ("email", Some(700), 1, 0)]);
    assert_eq!(
        themes(&costs),
        [
            ("anagrafe", Some(700), 1, 0),
            ("tributi", Some(6_001), 1, 600),
            ("unclassified", Some(3_000), 1, 300),
            ("not_registered", Some(1_000), 1, 100),
        ]
    );
    assert_eq!(lines(&costs), [("tributi", Some(6_001), 1, 600), ("generale", Some(4_700), 3, 400)]);
    let methods: Vec<&str> = costs.suppliers.iter().map(|row| row.method.as_str()).collect();
    assert_eq!(methods, ["handled_minutes/1", "contacts/2"]);
    assert_eq!(costs.by_channel[0].figures.cost_per_contact_cents, Some(3333.667));
}

#[test]
fn a_total_that_nobody_entered_makes_its_rows_unknown_and_is_named() {
    let mut world = october();
    world.facts.series.retain(|fact| fact.key != "cost:uffici");
    let october = costs(&world);
    assert_eq!((october.total_cents, october.cost_per_contact_cents, october.handled), (None, None, 4));
    assert_eq!(channels(&october), [("phone", Some(10_001), 3, 1_000), ("email", None, 1, 0)]);
    assert_eq!(themes(&october)[0], ("anagrafe", None, 1, 0));
    assert_eq!(themes(&october)[1], ("tributi", Some(6_001), 1, 600));
    assert_eq!(lines(&october)[1].1, None, "a part of it is not known");
    let missing: Vec<_> =
        october.missing.iter().map(|it| (it.supplier.as_str(), it.month.as_str())).collect();
    assert_eq!((missing, october.missing[0].reason.as_str()), (vec![("uffici", "2026-10")], "no_value"));
    let year = world.report("2026-10").year_to_date.blocks.costs;
    // The first is paid since January, the second since September.
    assert_eq!((year.missing.len(), year.total_cents), (8 + 2, None));
}

#[test]
fn what_nothing_was_handled_for_stays_unallocated_and_the_default_line_pays() {
    let mut world = World::default();
    entered(&mut world);
    let costs = costs(&world);
    assert_eq!((costs.total_cents, costs.handled), (Some(10_701), 0));
    assert_eq!(channels(&costs), [("unallocated", Some(10_701), 0, 0)]);
    assert_eq!(themes(&costs), [("unallocated", Some(10_701), 0, 0)]);
    assert_eq!(lines(&costs), [("generale", Some(10_701), 0, 0)]);
    assert_eq!(costs.by_theme[0].figures.cost_per_contact_cents, None);
    leaves::check_all(&world, "2026-10");
}

#[test]
fn a_total_that_nobody_entered_and_nothing_was_handled_for_is_missing_where_its_part_would_be() {
    let mut world = october();
    world.facts.series.retain(|fact| fact.key != "cost:uffici");
    // No mail was answered: the offices' total will stand in the rows of what nothing was handled for.
    world.history(2).responses.clear();
    let before = costs(&world);
    assert_eq!(channels(&before).last(), Some(&("unallocated", None, 0, 0)));
    assert_eq!(themes(&before).last(), Some(&("unallocated", None, 0, 0)));
    assert_eq!(lines(&before).last().map(|row| (row.0, row.1)), Some(("generale", None)));
    assert_eq!(channels(&before)[0].1, Some(10_001), "who is paid for the phone is known");
    world.facts.series.push(total("uffici", "2026-10", 700));
    assert_eq!(channels(&costs(&world)).last(), Some(&("unallocated", Some(700), 0, 0)));
}

#[test]
fn a_missing_total_has_no_part_in_a_row_that_weighs_nothing() {
    let mut world = october();
    world.facts.calls[2].talk_s = Some(0);
    world.facts.series.retain(|fact| fact.key != "cost:contact-center");
    let missing = costs(&world);
    let row = |costs: &report::Costs| themes(costs).iter().find(|row| row.0 == "not_registered").unwrap().1;
    assert_eq!(row(&missing), Some(0), "nobody talked: whatever the total is, nothing of it falls here");
    world.facts.series.push(total("contact-center", "2026-10", 10_001));
    assert_eq!(row(&costs(&world)), Some(0));
}

#[test]
fn who_is_not_paid_for_a_channel_has_no_part_and_a_city_may_reckon_nothing() {
    let mut world = october();
    let ticket = world.opening("10-12", Channel::Counter, InteractionKind::Visit);
    world.history(ticket).responses.push(at("10-12"));
    assert_eq!(costs(&world).handled, 4);
    let explained = world.explain("/costs/handled", "2026-10");
    assert_eq!((explained.excluded[0].reason.as_str(), explained.excluded[0].count), ("no_supplier", 1));
    world.facts.costs = Costs::default();
    let none = costs(&world);
    assert_eq!((none.total_cents, none.handled, none.by_line.len(), none.missing.len()), (None, 0, 0, 0));
}

#[test]
fn a_row_leads_to_its_contacts_and_to_the_totals_with_their_method() {
    let world = october();
    let explained = world.explain("/costs/by_theme/1/cost_cents", "2026-10");
    assert_eq!(explained.value.map(|value| value.real()), Some(6_001.0));
    assert_eq!((explained.numerator, explained.denominator), (1, 4));
    let own: Vec<Option<i64>> = explained
        .items
        .iter()
        .filter(|item| item.counted_in == Part::Numerator)
        .map(|item| item.seconds)
        .collect();
    assert_eq!(own, [Some(600)]);
    let behind: Vec<Value> = explained.series.iter().map(|it| serde_json::to_value(it).unwrap()).collect();
    assert_eq!(
        (&behind[0]["key"], &behind[0]["value"], &behind[0]["method"]),
        (&json!("cost:contact-center"), &json!(10_001), &json!("handled_minutes/1"))
    );
    assert_eq!(behind.len(), 2);
    assert!(explained.definition.formula.contains("resti più grandi"), "{}", explained.definition.formula);
    leaves::check_all(&world, "2026-10");
}

#[test]
fn the_months_of_a_year_add_up_to_it() {
    let mut world = october();
    world.facts.costs.suppliers.truncate(1);
    world.facts.costs.suppliers[0].allocations[0].valid_from = jiff::civil::date(2026, 9, 1);
    let call = world.call("09-05 08:00:00", CallOutcome::Answered, Some(1));
    call.talk_s = Some(10);
    let october = costs(&world);
    let september = world.report("2026-09").blocks.costs;
    let year = world.report("2026-10").year_to_date.blocks.costs;
    assert_eq!((september.total_cents, year.total_cents), (Some(5), Some(10_006)));
    let of = |costs: &report::Costs, theme: &str| {
        costs.by_theme.iter().find(|row| row.theme == theme).and_then(|row| row.figures.cost_cents)
    };
    assert_eq!(of(&year, "tributi"), of(&october, "tributi"));
    assert_eq!(of(&year, "not_registered"), Some(1_000 + 5));
    assert_eq!(world.report("2026-10").comparison.previous_month.blocks.costs, september);
}

#[test]
fn a_report_from_before_costs_were_reckoned_reads_back() {
    let mut report = serde_json::to_value(World::default().report("2026-10")).unwrap();
    report.as_object_mut().unwrap().remove("costs");
    report["phone"]
        .as_object_mut()
        .unwrap()
        .retain(|key, _| !["by_queue", "intervals", "waits"].contains(&key.as_str()));
    let read: MonthlyReport = serde_json::from_value(report).unwrap();
    assert_eq!((read.blocks.costs.total_cents, read.blocks.phone.intervals), (None, None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_rows_of_every_table_add_up_to_the_total(
        calls in prop::collection::vec((0..31i64 * 86_400, 0..4_000i64, 0..5u128, any::<bool>()), 0..40),
        mails in prop::collection::vec((0..31i64 * 86_400, any::<bool>()), 0..12),
        amounts in (0..10_000_000u64, 0..1_000_000u64),
    ) {
        let mut world = World::default();
        world.facts.costs = rules();
        world.facts.series = vec![total("contact-center", "2026-10", amounts.0), total("uffici", "2026-10", amounts.1)];
        let (start, _) = Period::parse_month("2026-10").unwrap().bounds(&rome());
        for (theme, number) in [("tributi", 1), ("anagrafe", 2), ("sociale/anziani", 3)].into_iter().zip(1..) {
            let ticket = world.opening("10-01", Channel::Phone, InteractionKind::Call);
            prop_assert_eq!(ticket + 1, number);
            world.facts.tickets[ticket].theme = Some(theme.0.to_owned());
        }
        world.facts.interactions.clear();
        for (offset, talk_s, ticket, answered) in calls {
            let outcome = if answered { CallOutcome::Answered } else { CallOutcome::Abandoned };
            let call = world.call("10-01", outcome, Some(3));
            call.occurred_at = start.plus_seconds(offset);
            call.talk_s = answered.then_some(talk_s);
            call.ticket = (1..4).contains(&ticket).then(|| ticket_id(ticket));
        }
        for (offset, answered) in mails {
            let ticket = world.opening("10-01", Channel::Email, InteractionKind::Mail);
            let opened = start.plus_seconds(offset);
            world.facts.interactions.last_mut().unwrap().occurred_at = opened;
            world.facts.tickets[ticket].history.opened_at = opened;
            world.facts.tickets[ticket].history.responses = if answered { vec![at("12-01")] } else { vec![] };
        }
        let report = world.report("2026-10").blocks;
        let costs = report.costs;
        prop_assert_eq!(costs.total_cents, Some(amounts.0 + amounts.1));
        let answered: u64 = report.channels.iter().map(|row| row.answered).sum();
        prop_assert_eq!(costs.handled, answered, "handled are the answered requests of the report");
        for table in [channels(&costs), themes(&costs), lines(&costs)] {
            prop_assert_eq!(table.iter().map(|row| row.1.unwrap()).sum::<u64>(), amounts.0 + amounts.1);
            prop_assert_eq!(table.iter().map(|row| row.2).sum::<u64>(), costs.handled);
            prop_assert_eq!(table.iter().map(|row| row.3).sum::<u64>(), costs.handled_s);
        }
        let suppliers: u64 = costs.suppliers.iter().map(|row| row.figures.cost_cents.unwrap()).sum();
        prop_assert_eq!(suppliers, amounts.0 + amounts.1);
    }
}
