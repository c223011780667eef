use proptest::prelude::*;

use super::*;

fn at(time: &str) -> Instant {
    Instant::parse(&format!("2026-11-23T{time}Z")).unwrap()
}
fn window(from: &str, to: &str) -> Window {
    Window::new(at(from), at(to))
}
fn attempt(reached: bool) -> Step {
    Step::Attempted { reached, reason: (!reached).then(|| "busy".to_owned()) }
}
fn promise(steps: &[(&str, Step)]) -> Callback {
    let booked = (at("08:00:00"), Step::Booked { window: window("09:00:00", "11:00:00"), unit: None });
    let steps: Vec<(Instant, Step)> = steps.iter().map(|(time, step)| (at(time), step.clone())).collect();
    Callback::fold(std::iter::once(&booked).chain(&steps).map(|(at, step)| (*at, step))).unwrap()
}

#[test]
fn a_promise_is_missed_at_the_very_end_of_its_window_without_anything_running() {
    let promise = promise(&[("09:30:00", attempt(false))]);
    assert_eq!(promise.state(at("10:59:59")), CallbackState::Booked);
    assert_eq!(promise.state(at("11:00:00")), CallbackState::Missed);
    assert_eq!((promise.settled(), promise.reached_late()), (Settled::Open, false));
}

#[test]
fn who_is_reached_before_the_end_makes_it_kept_even_before_the_window_and_who_is_reached_later_does_not() {
    for time in ["08:30:00", "09:00:00", "10:59:59"] {
        let kept = promise(&[("08:10:00", attempt(false)), (time, attempt(true))]);
        assert_eq!((kept.state(at("20:00:00")), kept.reached_late()), (CallbackState::Kept, false), "{time}");
        assert_eq!(kept.attempts.len(), 2);
    }
    let late = promise(&[("11:00:00", attempt(true))]);
    assert_eq!((late.state(at("20:00:00")), late.reached_late()), (CallbackState::Missed, true));
}

#[test]
fn after_its_window_a_promise_takes_attempts_alone_until_the_citizen_is_reached() {
    let open = promise(&[]);
    let moved = Step::Moved { window: window("15:00:00", "17:00:00") };
    let handed = Step::HandedOver { unit: "mobilita".to_owned() };
    for step in [&moved, &Step::Cancelled, &handed, &attempt(false), &attempt(true)] {
        assert_eq!(open.check(step, at("10:59:59")), Ok(()));
    }
    for step in [&moved, &Step::Cancelled] {
        assert_eq!(open.check(step, at("11:00:00")), Err(StepRefused::Over(at("11:00:00"))));
    }
    assert_eq!(open.check(&attempt(true), at("11:00:00")), Ok(()));
    assert_eq!(open.check(&handed, at("11:00:00")), Ok(()));
    for reached in ["10:00:00", "12:00:00"] {
        let reached = promise(&[(reached, attempt(true))]);
        assert_eq!(reached.check(&attempt(true), at("13:00:00")), Err(StepRefused::Reached));
        assert_eq!(reached.check(&Step::Cancelled, at("10:30:00")), Err(StepRefused::Reached));
    }
    let cancelled = promise(&[("08:30:00", Step::Cancelled)]);
    assert_eq!(cancelled.check(&attempt(true), at("09:00:00")), Err(StepRefused::Cancelled));
    assert_eq!(cancelled.state(at("20:00:00")), CallbackState::Cancelled);
}

#[test]
fn a_moved_promise_is_due_at_the_end_of_its_new_window_and_a_log_begins_with_the_booking() {
    let moved = promise(&[("08:30:00", Step::Moved { window: window("15:00:00", "17:00:00") })]);
    assert_eq!(moved.state(at("16:59:59")), CallbackState::Booked);
    assert_eq!(moved.state(at("17:00:00")), CallbackState::Missed);
    assert_eq!(Callback::fold([(at("08:00:00"), &Step::Cancelled)]), None);
    assert_eq!(Callback::fold([]), None);
}

#[test]
fn a_step_reads_back_as_it_was_written() {
    let steps = [
        Step::Booked { window: window("09:00:00", "11:00:00"), unit: Some("mobilita".to_owned()) },
        Step::HandedOver { unit: "mobilita".to_owned() },
        attempt(true),
        attempt(false),
        Step::Cancelled,
    ];
    for step in steps {
        let text = serde_json::to_string(&step).unwrap();
        assert_eq!(serde_json::from_str::<Step>(&text).unwrap(), step, "{text}");
    }
}

proptest! {
    #[test]
    fn steps_that_are_let_through_leave_a_promise_that_never_changes_once_it_is_over(
        moves in prop::collection::vec((0u8..4, 1i64..3_000), 0..20),
    ) {
        let mut promise = promise(&[]);
        let mut now = at("08:00:00");
        let mut over: Option<CallbackState> = None;
        for (which, seconds) in moves {
            now = now.plus_seconds(seconds);
            let step = match which {
                0 => attempt(false),
                1 => attempt(true),
                2 => Step::Moved { window: Window::new(now, now.plus_seconds(3_600)) },
                _ => Step::Cancelled,
            };
            if let Some(state) = over {
                prop_assert_eq!(promise.state(now), state);
            }
            if promise.check(&step, now).is_ok() {
                promise.apply(now, &step);
            }
            over = Some(promise.state(now)).filter(|state| *state != CallbackState::Booked);
        }
        prop_assert!(promise.attempts.iter().filter(|attempt| attempt.reached).count() <= 1);
    }
}
