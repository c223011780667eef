//! Numbers as people read them.

use super::*;

fn printed(value: Option<f64>, unit: Unit) -> String {
    words("it").figure(value, unit).unwrap()
}

#[test]
fn figures_are_written_as_the_citys_documents_write_them() {
    assert_eq!(printed(Some(114_141.0), Unit::Count), "114.141");
    assert_eq!(printed(Some(21_673.0 / 107_945.0), Unit::Share), "20,1 %");
    assert_eq!(printed(Some(4.25), Unit::Points), "4,25");
    let durations = [
        (0.0, "0 s"),
        (3.44, "3,4 s"),
        (59.96, "1 min"),
        (76.0, "1 min 16 s"),
        (144.0, "2 min 24 s"),
        (3_599.6, "1 h"),
        (32_580.0, "9 h 3 min"),
        (86_399.0, "1,0 giorni"),
        (1_131_840.0, "13,1 giorni"),
    ];
    for (seconds, text) in durations {
        assert_eq!(printed(Some(seconds), Unit::Seconds), text);
    }
}

#[test]
fn unknown_is_never_a_number() {
    for unit in [Unit::Count, Unit::Share, Unit::Seconds, Unit::Days, Unit::Points] {
        assert_eq!(printed(None, unit), "n.d.");
        assert_ne!(printed(Some(0.0), unit), "n.d.");
        assert_eq!(words("it").change(None, Some(1.0), unit).unwrap(), "n.d.");
    }
}

#[test]
fn english_has_its_own_marks() {
    let words = words("en");
    assert_eq!(words.figure(Some(114_141.0), Unit::Count).unwrap(), "114,141");
    assert_eq!(words.figure(Some(0.2), Unit::Share).unwrap(), "20.0%");
    assert_eq!(words.figure(Some(1_131_840.0), Unit::Seconds).unwrap(), "13.1 days");
    assert_eq!(words.figure(None, Unit::Share).unwrap(), "n.a.");
}

#[test]
fn changes_carry_a_sign_and_are_computed_before_rounding() {
    let words = words("it");
    let change = |now, before, unit| words.change(Some(now), Some(before), unit).unwrap();
    assert_eq!(change(0.82, 0.69, Unit::Share), "+13,0 p.p.");
    assert_eq!(change(0.8004, 0.8006, Unit::Share), "−0,0 p.p.", "less, though not by a tenth");
    assert_eq!(change(0.20049, 0.20051, Unit::Share), "−0,0 p.p.", "20,0 % and 20,1 % are no tenth apart");
    assert_eq!(change(76.0, 144.0, Unit::Seconds), "−1 min 8 s");
    assert_eq!(change(110.0, 100.0, Unit::Count), "+10 (+10,0 %)");
    assert_eq!(change(3.0, 0.0, Unit::Count), "+3");
    assert_eq!(change(3.0, 3.0, Unit::Count), "=");
}

#[test]
fn each_figure_has_the_unit_of_its_explanation() {
    let world = busy();
    let figures = Figures::of(&world.report("2026-10")).unwrap();
    let definitions = definitions();
    let month = Period::parse("2026-10").unwrap();
    let own = |leaf: &Leaf| leaf.part == Part::Month && leaf.is_figure();
    let mut leaves: Vec<Leaf> = figures.leaves().into_iter().filter(own).collect();
    // The rows of a list have the same units.
    let mut seen = std::collections::BTreeSet::new();
    leaves.retain(|leaf| seen.insert(leaf.pattern.clone()));
    for leaf in leaves {
        let found = explain(&world.facts, &definitions, &leaf.pointer, month, &rome(), at("12-31")).unwrap();
        let unit = serde_json::to_value(found.unit).unwrap();
        assert_eq!(unit, Unit::of(&leaf.pattern).name(), "{}", leaf.pointer);
    }
}
