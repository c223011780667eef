//! Tests of folding: literals for the rules, properties for the invariant.

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::vocabulary::NotActionable;

fn at(seconds: i64) -> Instant {
    Instant::from_seconds(1_790_000_000 + seconds)
}
fn event(call_id: &str, queue: &str, seconds: i64, step: LegStep) -> LegEvent {
    LegEvent { call_id: call_id.into(), queue: queue.into(), at: at(seconds), step }
}
fn entered(seconds: i64) -> LegEvent {
    event("c", "q", seconds, LegStep::Entered { caller: Some("+393471234567".into()) })
}
fn connected(seconds: i64, wait_s: i64) -> LegEvent {
    event("c", "q", seconds, LegStep::Connected { wait_s: Some(wait_s), agent: Some("SIP/1".into()) })
}
fn completed(seconds: i64, wait_s: i64, talk_s: i64) -> LegEvent {
    event("c", "q", seconds, LegStep::Completed { wait_s: Some(wait_s), talk_s: Some(talk_s) })
}
fn left(seconds: i64, outcome: CallOutcome, wait_s: i64) -> LegEvent {
    event("c", "q", seconds, LegStep::Left { outcome, wait_s: Some(wait_s) })
}
fn transferred(seconds: i64, wait_s: Option<i64>, talk_s: Option<i64>) -> LegEvent {
    event("c", "q", seconds, LegStep::Transferred { to: Some("8005".into()), wait_s, talk_s })
}
fn restarted(seconds: i64) -> LegEvent {
    event("", "", seconds, LegStep::Restarted)
}
fn log(events: Vec<LegEvent>) -> Folded {
    fold(events, LegOrigin::Log)
}
fn only(events: Vec<LegEvent>) -> Leg {
    let folded = log(events);
    assert_eq!((folded.legs.len(), folded.orphans.len()), (1, 0), "{folded:?}");
    folded.legs.into_iter().next().unwrap()
}

#[test]
fn an_answered_leg_has_its_wait_from_the_field_and_its_talk_from_the_completion() {
    let leg = only(vec![entered(0), connected(6, 6), completed(31, 6, 25)]);
    assert_eq!((leg.outcome, leg.wait_s, leg.talk_s), (CallOutcome::Answered, Some(6), Some(25)));
    assert_eq!((leg.answered_at, leg.ended_at, leg.flags), (Some(at(6)), Some(at(31)), vec![]));
    assert_eq!((leg.caller.as_deref(), leg.agent.as_deref()), (Some("+393471234567"), Some("SIP/1")));
}

fn chose(seconds: i64, choice: &str, over: bool) -> LegEvent {
    event("c", "", seconds, LegStep::Chose { choice: Some(choice.into()), caller: None, over })
}

#[test]
fn a_call_that_only_the_machine_had_is_self_served_and_one_that_entered_a_queue_is_not() {
    let alone = calls(log(vec![chose(0, "2", false), chose(5, "2-1", true)]).legs).remove(0);
    assert_eq!((alone.outcome, alone.choice.as_deref()), (CallOutcome::SelfServed, Some("2-1")));
    assert_eq!(alone.not_actionable(), Some(NotActionable::SelfServed));
    assert_eq!((alone.wait_s, alone.talk_s, alone.ended_at), (None, None, Some(at(5))));

    // A choice after the queue, such as that of a survey, is none before it; order changes nothing.
    let mut events = vec![chose(-20, "2", false), chose(-5, "2-1", false), entered(0), connected(6, 6)];
    events.extend([completed(31, 6, 25), chose(200, "9", true)]);
    let offered = calls(log(events.clone()).legs);
    events.reverse();
    assert_eq!(calls(log(events).legs), offered);
    assert_eq!(offered.len(), 1);
    assert_eq!((offered[0].outcome, offered[0].choice.as_deref()), (CallOutcome::Answered, Some("2-1")));
    assert_eq!((offered[0].entered_at, offered[0].legs.len(), offered[0].wait_s), (at(0), 1, Some(6)));
}

#[test]
fn an_answer_or_an_abandonment_is_never_that_of_the_machines_leg() {
    let folded = log(vec![chose(0, "1", false), connected(6, 6), left(7, CallOutcome::Abandoned, 7)]);
    assert_eq!((folded.legs.len(), folded.orphans.len()), (1, 2));
    let ended = event("c", "", 9, LegStep::Left { outcome: CallOutcome::Unknown, wait_s: None });
    let folded = log(vec![chose(0, "1", false), ended]);
    assert_eq!((folded.legs[0].ended_at, folded.legs[0].outcome), (Some(at(9)), CallOutcome::SelfServed));
}

#[test]
fn a_record_tells_what_was_chosen_even_where_its_leg_does_not_count() {
    let record = |outcome, choice: &str| {
        let leg = Leg::new("c", "8000", at(-3), LegOrigin::Cdr);
        Leg { outcome, choice: Some(choice.into()), ..leg }.whole()
    };
    let queue = Leg::enter(&entered(0), LegOrigin::Log).unwrap();
    let known = calls(vec![queue, record(CallOutcome::Answered, "2-1")]).remove(0);
    assert_eq!((known.legs.len(), known.choice.as_deref()), (1, Some("2-1")));
    // The machine's own leg does not outweigh a record of an answer.
    let machine = Leg::enter(&chose(-4, "2", false), LegOrigin::Live).unwrap();
    let answered = calls(vec![machine, record(CallOutcome::Answered, "2-1")]).remove(0);
    assert_eq!((answered.outcome, answered.legs.len()), (CallOutcome::Answered, 1));
}

#[test]
fn a_wait_that_contradicts_the_instants_is_kept_and_flagged() {
    let leg = only(vec![entered(0), connected(10, 20)]);
    assert_eq!((leg.wait_s, leg.answered_at), (Some(20), Some(at(20))));
    assert_eq!(leg.flags, [WAIT_MISMATCH]);
    assert!(only(vec![entered(0), connected(10, 8)]).flags.is_empty());
}

#[test]
fn a_completion_without_its_connect_line_is_still_answered() {
    let leg = only(vec![entered(0), completed(130, 10, 120)]);
    assert_eq!((leg.outcome, leg.answered_at, leg.wait_s), (CallOutcome::Answered, Some(at(10)), Some(10)));
}

#[test]
fn a_caller_who_left_after_an_answer_did_not_abandon() {
    let leg = only(vec![entered(0), connected(6, 6), left(40, CallOutcome::Abandoned, 40)]);
    assert_eq!((leg.outcome, leg.wait_s, leg.ended_at), (CallOutcome::Answered, Some(6), Some(at(40))));
    assert_eq!((leg.talk_s, leg.flags), (Some(34), vec![TALK_FROM_TIMES.to_owned()]));
}

#[test]
fn a_transfer_after_an_answer_is_answered_and_one_without_is_transferred() {
    let answered = only(vec![entered(0), connected(6, 6), transferred(36, Some(6), Some(30))]);
    assert_eq!((answered.outcome, answered.transferred_to.as_deref()), (CallOutcome::Answered, Some("8005")));
    let unanswered = only(vec![entered(0), transferred(9, Some(9), None)]);
    assert_eq!((unanswered.outcome, unanswered.wait_s), (CallOutcome::Transferred, Some(9)));
    let talked = only(vec![entered(0), transferred(36, Some(6), Some(30))]);
    assert_eq!((talked.outcome, talked.answered_at), (CallOutcome::Answered, Some(at(6))));
}

#[test]
fn a_missing_field_is_reckoned_from_instants_and_gives_way_to_a_logged_one() {
    let without = event("c", "q", 12, LegStep::Connected { wait_s: None, agent: None });
    let leg = only(vec![entered(0), without.clone()]);
    assert_eq!((leg.wait_s, leg.flags), (Some(12), vec![WAIT_FROM_TIMES.to_owned()]));
    let leg = only(vec![entered(0), without, completed(43, 11, 31)]);
    assert_eq!((leg.wait_s, leg.flags), (Some(11), vec![]));
}

#[test]
fn a_leg_open_at_a_restart_is_lost_and_later_ends_are_not_its_own() {
    let folded = log(vec![entered(0), restarted(60), left(70, CallOutcome::Abandoned, 70)]);
    let leg = folded.legs.first().unwrap();
    assert_eq!((leg.outcome, leg.wait_s, leg.lost_at), (CallOutcome::Unknown, None, Some(at(60))));
    assert_eq!((leg.ended_at, folded.orphans.len(), folded.restarts), (None, 1, vec![at(60)]));
    let mut completed_later = leg.clone();
    assert!(!completed_later.apply(&left(70, CallOutcome::Abandoned, 70)));
    assert!(completed_later.apply(&left(50, CallOutcome::Abandoned, 50)));
    assert_eq!((completed_later.lost_at, completed_later.wait_s), (None, Some(50)));
}

#[test]
fn an_end_without_a_start_is_an_orphan_and_finds_its_stored_leg() {
    let folded = log(vec![connected(6, 6), connected(6, 6)]);
    assert_eq!((folded.legs.len(), folded.orphans.len()), (0, 1));
    let stored = only(vec![entered(0)]);
    assert!(fits(&stored, &connected(6, 6)) && !fits(&stored, &connected(CALL_SPAN_S, 6)));
    assert!(!fits(&stored, &event("c", "other", 6, connected(6, 6).step)));
    assert!(fits(&stored, &event("c", "", 6, connected(6, 6).step)), "a log that names no queue");
}

#[test]
fn an_end_belongs_to_the_latest_leg_of_its_queue() {
    let ends = vec![left(30, CallOutcome::TimedOut, 30), left(90, CallOutcome::Abandoned, 50)];
    let legs = log([vec![entered(0), entered(40)], ends].concat()).legs;
    let outcomes: Vec<_> = legs.iter().map(|leg| (leg.outcome, leg.wait_s)).collect();
    assert_eq!(outcomes, [(CallOutcome::TimedOut, Some(30)), (CallOutcome::Abandoned, Some(50))]);
}

#[test]
fn a_call_that_enters_its_queue_again_in_the_second_it_left_is_two_legs() {
    let again = vec![entered(0), left(30, CallOutcome::TimedOut, 30), entered(30), connected(34, 4)];
    let legs = log(again).legs;
    let outcomes: Vec<_> = legs.iter().map(|leg| (leg.outcome, leg.wait_s)).collect();
    assert_eq!(outcomes, [(CallOutcome::TimedOut, Some(30)), (CallOutcome::Answered, Some(4))]);
    let at_once = only(vec![entered(0), left(0, CallOutcome::Abandoned, 0)]);
    assert_eq!((at_once.outcome, at_once.wait_s), (CallOutcome::Abandoned, Some(0)));
}

#[test]
fn a_live_end_that_does_not_say_how_completes_an_answer_and_nothing_else() {
    let ended = event("c", "", 50, LegStep::Left { outcome: CallOutcome::Unknown, wait_s: None });
    let answered = only(vec![ended.clone(), connected(6, 6), entered(0)]);
    assert_eq!((answered.outcome, answered.talk_s), (CallOutcome::Answered, Some(44)));
    let gone = only(vec![entered(0), ended.clone(), left(49, CallOutcome::Abandoned, 49)]);
    assert_eq!((gone.outcome, gone.wait_s), (CallOutcome::Abandoned, Some(49)));
    let unknown = only(vec![entered(0), ended]);
    assert_eq!(
        (unknown.outcome, unknown.known_wait_s(), unknown.known_end()),
        (CallOutcome::Unknown, None, None)
    );
}

#[test]
fn the_log_replaces_live_times_and_the_leg_keeps_its_key() {
    let live_entry = LegEvent { at: Instant::from_micros(at(-2).micros() + 250_000), ..entered(0) };
    let mut live = Leg::enter(&live_entry, LegOrigin::Live).unwrap();
    live.apply(&event("c", "q", 5, LegStep::Connected { wait_s: None, agent: None }));
    let logged = only(vec![entered(0), connected(6, 6), completed(31, 6, 25)]);
    assert!(is_same(&live, &logged));
    let leg = merge_log(&live, &logged);
    assert_eq!((leg.entered_at, leg.key_entered_at(), leg.origin), (at(0), live_entry.at, LegOrigin::Log));
    assert_eq!((leg.wait_s, leg.talk_s, leg.flags.len()), (Some(6), Some(25), 1));
    assert_eq!(reconcile(&leg, &logged), leg, "the log read twice");
    assert_eq!(reconcile(&leg, &live), leg, "the live events once more");
    assert!(is_same(&leg, &live) && is_same(&leg, &logged));
    let half = merge_log(&live, &only(vec![entered(0)]));
    assert_eq!((half.outcome, half.wait_s, half.answered_at), (CallOutcome::Answered, Some(5), Some(at(5))));
}

#[test]
fn a_live_leg_a_minute_away_is_the_logged_one_and_further_is_another() {
    let live = |seconds| Leg::enter(&entered(seconds), LegOrigin::Live).unwrap();
    let logged = only(vec![entered(0)]);
    assert!(is_same(&live(60), &logged) && is_same(&logged, &live(-60)));
    assert!(!is_same(&live(61), &logged) && !is_same(&live(0), &live(10)));
}

fn leg(queue: &str, seconds: i64, outcome: CallOutcome, wait_s: Option<i64>, talk_s: Option<i64>) -> Leg {
    let bare = Leg::new("c", queue, at(seconds), LegOrigin::Log);
    let ended_at = wait_s.map(|wait| at(seconds + wait + talk_s.unwrap_or(0)));
    Leg { outcome, wait_s, talk_s, ended_at, ..bare }.whole()
}

#[test]
fn a_call_waits_until_its_first_answer_and_talks_in_all_its_legs() {
    let legs = vec![
        leg("a", 0, CallOutcome::TimedOut, Some(30), None),
        leg("b", 40, CallOutcome::Answered, Some(12), Some(60)),
        leg("d", 120, CallOutcome::Abandoned, Some(9), None),
        leg("e", 150, CallOutcome::Answered, Some(5), Some(20)),
    ];
    let calls = calls(legs.into_iter().rev().collect());
    let call = calls.first().unwrap();
    assert_eq!((calls.len(), call.outcome, call.wait_s), (1, CallOutcome::Answered, Some(42)));
    assert_eq!((call.talk_s, call.answered_at, call.legs.len()), (Some(80), Some(at(52)), 4));
    assert_eq!(call.not_actionable(), None);
}

#[test]
fn an_unanswered_call_has_the_outcome_of_its_last_leg() {
    let first = leg("a", 0, CallOutcome::TimedOut, Some(30), None);
    let last = |outcome, wait| calls(vec![first.clone(), leg("b", 40, outcome, wait, None)]).remove(0);
    let abandoned = last(CallOutcome::Abandoned, Some(3));
    assert_eq!(
        (abandoned.outcome, abandoned.wait_s, abandoned.talk_s),
        (CallOutcome::Abandoned, Some(33), None)
    );
    let unknown = last(CallOutcome::Unknown, None);
    assert_eq!((unknown.wait_s, unknown.not_actionable()), (None, Some(NotActionable::UnknownOutcome)));
    let short = calls(vec![leg("a", 0, CallOutcome::Abandoned, Some(4), None)]).remove(0);
    assert_eq!(short.not_actionable(), Some(NotActionable::ShortAbandon));
    let long = calls(vec![leg("a", 0, CallOutcome::Abandoned, Some(5), None)]).remove(0);
    assert_eq!(long.not_actionable(), None);
}

#[test]
fn an_id_used_again_a_day_later_is_another_call() {
    let first = leg("a", 0, CallOutcome::Answered, Some(1), Some(1));
    let later =
        |seconds| calls(vec![first.clone(), leg("a", seconds, CallOutcome::Abandoned, Some(9), None)]);
    assert_eq!((later(CALL_SPAN_S).len(), later(CALL_SPAN_S - 1).len()), (2, 1));
}

#[test]
fn call_detail_records_never_add_a_leg_to_a_call_that_the_queue_log_knows() {
    let log = leg("a", 30, CallOutcome::Abandoned, Some(20), None);
    let cdr = Leg { origin: LegOrigin::Cdr, ..leg("b", 0, CallOutcome::Answered, Some(1), Some(50)) };
    let both = calls(vec![cdr.clone(), log.clone()]);
    assert_eq!(both.iter().map(|call| call.outcome).collect::<Vec<_>>(), [CallOutcome::Abandoned]);
    assert_eq!(counted(vec![cdr.clone(), log.clone()]), [log]);
    assert_eq!(calls(vec![cdr]).remove(0).outcome, CallOutcome::Answered);
}

fn seconds() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![Just(None), (0..60_i64).prop_map(Some)]
}
fn steps() -> impl Strategy<Value = LegStep> {
    let text = || prop_oneof![Just(None), "[ab]{1,2}".prop_map(Some)];
    let outcome = prop_oneof![
        Just(CallOutcome::Abandoned),
        Just(CallOutcome::TimedOut),
        Just(CallOutcome::KeyExit),
        Just(CallOutcome::Unknown)
    ];
    prop_oneof![
        3 => text().prop_map(|caller| LegStep::Entered { caller }),
        2 => (seconds(), text()).prop_map(|(wait_s, agent)| LegStep::Connected { wait_s, agent }),
        2 => (seconds(), seconds()).prop_map(|(wait_s, talk_s)| LegStep::Completed { wait_s, talk_s }),
        2 => (outcome, seconds()).prop_map(|(outcome, wait_s)| LegStep::Left { outcome, wait_s }),
        1 => (text(), seconds(), seconds())
            .prop_map(|(to, wait_s, talk_s)| LegStep::Transferred { to, wait_s, talk_s }),
    ]
}
fn leg_events() -> impl Strategy<Value = LegEvent> {
    ("[xy]", prop_oneof![4 => "[ab]", 1 => Just(String::new())], 0..120_000_000_i64, any::<bool>(), steps())
        .prop_map(|(call_id, queue, micros, whole, step)| {
            let instant = Instant::from_micros(at(0).micros() + micros);
            let queue =
                if matches!(step, LegStep::Entered { .. }) && queue.is_empty() { "a".into() } else { queue };
            LegEvent { call_id, queue, at: if whole { instant.floor() } else { instant }, step }
        })
}
fn events_with_restarts() -> impl Strategy<Value = Vec<LegEvent>> {
    (vec(leg_events(), 0..24), vec(0..120_i64, 0..2)).prop_map(|(mut events, restarts)| {
        events.extend(restarts.into_iter().map(restarted));
        events
    })
}
/// The store's part: legs kept by key, orphans tried again on them.
fn import(
    stored: &mut Vec<Leg>,
    waiting: &mut Vec<LegEvent>,
    restarts: &mut Vec<Instant>,
    events: Vec<LegEvent>,
) {
    let folded = log(events);
    for leg in folded.legs {
        match stored.iter_mut().find(|own| is_same(own, &leg)) {
            Some(own) => *own = reconcile(own, &leg),
            None => stored.push(leg),
        }
    }
    restarts.extend(folded.restarts);
    restarts.sort();
    for leg in stored.iter_mut() {
        let first = restarts.iter().find(|restart| **restart > leg.entered_at).copied();
        first.map(|at| leg.apply(&LegEvent { at, ..restarted(0) }));
    }
    waiting.extend(folded.orphans);
    let key = |leg: &Leg| (leg.key_entered_at(), leg.queue.clone());
    waiting.retain(|event| match home_of(event, stored.iter(), restarts).map(key) {
        Some(found) => {
            let home = |leg: &&mut Leg| key(leg) == found && fits(leg, event);
            stored.iter_mut().filter(home).for_each(|leg| {
                leg.apply(event);
            });
            false
        }
        None => true,
    });
}
fn sorted(mut legs: Vec<Leg>) -> Vec<Leg> {
    legs.sort_by(|a, b| (a.entered_at, &a.call_id, &a.queue).cmp(&(b.entered_at, &b.call_id, &b.queue)));
    legs
}

proptest! {
    #[test]
    fn neither_order_nor_repetition_of_events_changes_the_legs(
        (events, shuffled) in events_with_restarts().prop_flat_map(|events| {
            let twice = [events.clone(), events.iter().take(7).cloned().collect()].concat();
            (Just(events), Just(twice).prop_shuffle())
        })
    ) {
        prop_assert_eq!(log(events), log(shuffled));
    }

    #[test]
    fn two_runs_give_the_legs_of_one_whichever_comes_first(
        events in events_with_restarts(), cut in 0..120_i64, later_first in any::<bool>()
    ) {
        let one = log(events.clone());
        let (early, late): (Vec<_>, Vec<_>) = events.into_iter().partition(|event| event.at < at(cut));
        let late_has_restart = late.iter().any(|event| event.step == LegStep::Restarted);
        let later_first = later_first && !late_has_restart;
        let (mut stored, mut waiting, mut restarts) = (vec![], vec![], vec![]);
        for run in if later_first { [late, early] } else { [early, late] } {
            import(&mut stored, &mut waiting, &mut restarts, run);
        }
        prop_assert_eq!(sorted(stored), one.legs);
        waiting.sort();
        let mut orphans = one.orphans;
        orphans.sort();
        prop_assert_eq!(waiting, orphans);
    }

    #[test]
    fn a_log_folded_while_it_is_read_gives_the_legs_of_the_whole(
        events in events_with_restarts(), portion in 1..6_usize
    ) {
        let hours = |event: LegEvent| {
            let micros = event.at.micros() - at(0).micros();
            LegEvent { at: Instant::from_micros(at(0).micros() + micros * 3600), ..event }
        };
        let mut events: Vec<LegEvent> = events.into_iter().map(hours).collect();
        events.sort_by_key(|event| event.at);
        let whole = log(events.clone());
        let mut window = Window::new(LegOrigin::Log);
        let mut legs = vec![];
        for events in events.chunks(portion) {
            events.iter().cloned().for_each(|event| window.feed(event));
            let settled = window.settled();
            prop_assert!(settled.orphans.is_empty());
            legs.extend(settled.legs);
        }
        let rest = window.finish();
        legs.extend(rest.legs);
        prop_assert_eq!(sorted(legs), whole.legs);
        let mut orphans = rest.orphans;
        orphans.sort_by(|a, b| (a.at, a).cmp(&(b.at, b)));
        prop_assert_eq!(orphans, whole.orphans);
        prop_assert_eq!(rest.restarts, whole.restarts);
    }

    #[test]
    fn applying_events_one_by_one_in_any_order_gives_one_leg(
        (steps, shuffled) in vec((steps(), 0..90_i64), 1..8).prop_flat_map(|steps| (Just(steps.clone()), Just(steps).prop_shuffle()))
    ) {
        let run = |steps: Vec<(LegStep, i64)>| {
            let mut leg = Leg::enter(&entered(0), LegOrigin::Log).unwrap();
            for (step, seconds) in steps {
                let event = event("c", "q", seconds, step);
                leg.apply(&event);
                let again = leg.clone();
                assert!(!leg.apply(&event), "told twice is no news: {again:?} {event:?}");
            }
            leg
        };
        prop_assert_eq!(run(steps), run(shuffled));
    }

    #[test]
    fn merging_is_commutative_associative_and_idempotent(
        parts in vec(vec((steps(), 1..90_i64), 0..4), 3)
    ) {
        let legs: Vec<Leg> = parts.into_iter().map(|steps| {
            let mut leg = Leg::enter(&entered(0), LegOrigin::Log).unwrap();
            for (step, seconds) in steps {
                leg.apply(&event("c", "q", seconds, step));
            }
            leg
        }).collect();
        let (a, b, c) = (&legs[0], &legs[1], &legs[2]);
        prop_assert_eq!(merge(a, a), a.clone());
        prop_assert_eq!(merge(a, b), merge(b, a));
        prop_assert_eq!(merge(&merge(a, b), c), merge(a, &merge(b, c)));
        prop_assert_eq!(merge(&merge(a, b), a), merge(a, b));
    }

    #[test]
    fn a_call_is_answered_if_any_leg_was_and_every_leg_is_in_one_call(events in events_with_restarts()) {
        let legs = log(events).legs;
        let calls = calls(legs.clone());
        prop_assert_eq!(calls.iter().map(|call| call.legs.len()).sum::<usize>(), legs.len());
        for call in &calls {
            let any = call.legs.iter().any(|leg| leg.outcome == CallOutcome::Answered);
            prop_assert_eq!(call.outcome == CallOutcome::Answered, any);
            prop_assert!(call.wait_s.is_none_or(|wait| wait >= 0));
            prop_assert!(call.outcome != CallOutcome::Unknown || call.wait_s.is_none());
        }
    }
}
