//! The rule against a reader who tries every table that would be printed in the same way.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{CellId, LEAST, Mark, Marks, Tables};

fn marked(values: &[u64]) -> (Tables, Vec<CellId>, CellId, Marks) {
    let mut tables = Tables::default();
    let parts: Vec<CellId> = values.iter().map(|value| tables.printed(*value)).collect();
    let whole = tables.printed(values.iter().sum());
    tables.sum(whole, parts.clone());
    let marks = tables.marks(&BTreeSet::new());
    (tables, parts, whole, marks)
}

fn shown(values: &[u64]) -> Vec<String> {
    let (tables, parts, whole, marks) = marked(values);
    let cells = parts.into_iter().chain([whole]);
    cells
        .map(|cell| match marks.get(&cell) {
            None => tables.value(cell).to_string(),
            Some(Mark::Small) => "<5".to_owned(),
            Some(Mark::Withheld) => "-".to_owned(),
        })
        .collect()
}

#[test]
fn one_small_count_takes_the_next_smallest_with_it() {
    assert_eq!(shown(&[100, 3, 40, 0]), ["100", "<5", "-", "0", "143"]);
}

#[test]
fn several_small_counts_need_nobody_else() {
    assert_eq!(shown(&[100, 3, 2, 0]), ["100", "<5", "<5", "0", "105"]);
}

#[test]
fn what_two_small_counts_leave_over_is_not_small_either() {
    assert_eq!(shown(&[100, 1, 2, 30]), ["100", "<5", "<5", "-", "133"]);
}

#[test]
fn counts_that_a_total_leaves_no_choice_take_another_with_them() {
    // 4 + 4 = 8 can be nothing else while both are below 5; 1 + 5 = 6 neither, for who knows the rule.
    assert_eq!(shown(&[4, 4, 100]), ["<5", "<5", "-", "108"]);
    assert_eq!(shown(&[1, 5, 100, 200]), ["<5", "-", "-", "200", "306"]);
}

#[test]
fn a_small_count_alone_takes_its_total_with_it() {
    assert_eq!(shown(&[3, 0, 0]), ["<5", "0", "0", "<5"]);
    assert_eq!(shown(&[4, 4, 0]), ["<5", "<5", "0", "-"]);
}

#[test]
fn four_ones_do_not_follow_from_a_total_below_five() {
    let (tables, _, _, marks) = marked(&[1, 1, 1, 1]);
    assert!(tables.disclosed(&marks).is_none(), "{marks:?}");
}

#[test]
fn nothing_small_nothing_withheld() {
    assert_eq!(shown(&[5, 0, 77]), ["5", "0", "77", "82"]);
}

#[test]
fn what_is_left_of_a_part_is_guarded_though_nobody_prints_it() {
    // 97 of 100 answered: three were not.
    let mut tables = Tables::default();
    let (whole, part) = (tables.printed(100), tables.printed(97));
    tables.part(whole, part);
    let marks = tables.marks(&BTreeSet::new());
    assert_eq!(marks.get(&part), Some(&Mark::Withheld));
    assert_eq!(marks.get(&whole), None);
}

#[test]
fn what_another_revision_withheld_stays_withheld_and_hidden() {
    let mut tables = Tables::default();
    let parts: Vec<CellId> = [50, 60, 70].iter().map(|value| tables.printed(*value)).collect();
    let whole = tables.printed(180);
    tables.sum(whole, parts.clone());
    let marks = tables.marks(&BTreeSet::from([parts[1]]));
    assert!(marks.contains_key(&parts[1]) && marks.len() >= 2, "{marks:?}");
    assert!(tables.disclosed(&marks).is_none());
}

/// A table of rows and columns with both kinds of totals, and what is left over of each first column.
fn crossed(values: &[Vec<u64>]) -> Tables {
    let mut tables = Tables::default();
    let cells: Vec<Vec<CellId>> =
        values.iter().map(|row| row.iter().map(|value| tables.printed(*value)).collect()).collect();
    let mut totals = vec![];
    for (row, ids) in values.iter().zip(&cells) {
        let total = tables.printed(row.iter().sum());
        tables.sum(total, ids.clone());
        totals.push(total);
    }
    let mut below = vec![];
    for column in 0..values[0].len() {
        let total = tables.printed(values.iter().map(|row| row[column]).sum());
        tables.sum(total, cells.iter().map(|row| row[column]).collect());
        below.push(total);
    }
    let all = tables.printed(values.iter().flatten().sum());
    tables.sum(all, totals);
    tables.sum(all, below);
    tables
}

/// Everything that would be printed in the same way: for each guarded cell, whether it has two values at least.
fn every_guarded_cell_has_a_choice(tables: &Tables, marks: &Marks, most: i128) -> Result<(), String> {
    let told = tables.told(marks);
    let mut seen: Vec<BTreeSet<i128>> = vec![BTreeSet::new(); told.len()];
    let mut values: Vec<Option<i128>> =
        told.iter().map(|(least, top)| (least == top).then_some(*least)).collect();
    search(tables, &told, most, &mut values, &mut seen);
    for cell in tables.ids().filter(|cell| tables.is_guarded(*cell, marks)) {
        if seen[cell.0].len() < 2 {
            return Err(format!("{cell:?} of {tables:?} is {:?} by {marks:?}", seen[cell.0]));
        }
    }
    Ok(())
}

fn search(
    tables: &Tables,
    told: &[(i128, i128)],
    most: i128,
    values: &mut Vec<Option<i128>>,
    seen: &mut [BTreeSet<i128>],
) {
    // What a sum with one unknown says needs no guess.
    let mut derived = vec![];
    loop {
        let mut changed = false;
        for sum in &tables.sums {
            let known: i128 = sum.parts.iter().filter_map(|part| values[part.0]).sum();
            let open: Vec<usize> =
                sum.parts.iter().map(|part| part.0).filter(|at| values[*at].is_none()).collect();
            let (at, value) = match (values[sum.whole.0], open.as_slice()) {
                (Some(whole), [at]) => (*at, whole - known),
                (None, []) => (sum.whole.0, known),
                (Some(whole), []) if whole != known => {
                    derived.iter().for_each(|at: &usize| values[*at] = None);
                    return;
                }
                _ => continue,
            };
            values[at] = Some(value);
            derived.push(at);
            changed = true;
            if value < told[at].0 || value > told[at].1 {
                derived.iter().for_each(|at| values[*at] = None);
                return;
            }
        }
        if !changed {
            break;
        }
    }
    match values.iter().position(Option::is_none) {
        None => {
            for (value, seen) in values.iter().zip(seen.iter_mut()) {
                seen.insert(value.unwrap());
            }
        }
        Some(at) => {
            for value in told[at].0..=told[at].1.min(most) {
                values[at] = Some(value);
                search(tables, told, most, values, seen);
            }
            values[at] = None;
        }
    }
    derived.iter().for_each(|at| values[*at] = None);
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![2 => Just(0_u64), 4 => 1_u64..5, 4 => 5_u64..9]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_computes_a_withheld_cell_of_a_row(values in prop::collection::vec(count(), 1..6)) {
        let (tables, _, _, marks) = marked(&values);
        prop_assert!(values.iter().all(|value| !(1..LEAST).contains(value)) || !marks.is_empty());
        every_guarded_cell_has_a_choice(&tables, &marks, 24).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn nobody_computes_a_withheld_cell_of_rows_and_columns(
        values in prop::collection::vec(prop::collection::vec(count(), 2..=2), 2..4),
    ) {
        let tables = crossed(&values);
        let marks = tables.marks(&BTreeSet::new());
        every_guarded_cell_has_a_choice(&tables, &marks, 16).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn nobody_computes_what_is_left_over_in_tables_below_tables(
        own in prop::collection::vec(count(), 2..4),
        beside in count(),
        part in 0_u64..9,
    ) {
        let mut tables = Tables::default();
        let parts: Vec<CellId> = own.iter().map(|value| tables.printed(*value)).collect();
        let (middle, other) = (tables.printed(own.iter().sum()), tables.printed(beside));
        let top = tables.printed(own.iter().sum::<u64>() + beside);
        tables.sum(middle, parts.clone());
        tables.sum(top, vec![middle, other]);
        let answered = tables.printed(part.min(own[0]));
        tables.part(parts[0], answered);
        let marks = tables.marks(&BTreeSet::new());
        every_guarded_cell_has_a_choice(&tables, &marks, 20).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn what_is_read_does_not_tell_what_is_not_in_any_case(
        values in prop::collection::vec(prop::collection::vec(0_u64..60, 3..6), 2..6),
    ) {
        let columns = values.iter().map(Vec::len).min().unwrap();
        let values: Vec<Vec<u64>> = values.iter().map(|row| row[..columns].to_vec()).collect();
        let tables = crossed(&values);
        let marks = tables.marks(&BTreeSet::new());
        prop_assert!(tables.disclosed(&marks).is_none());
        for cell in tables.ids().filter(|cell| tables.is_small(*cell)) {
            prop_assert!(marks.contains_key(&cell));
        }
    }
}
