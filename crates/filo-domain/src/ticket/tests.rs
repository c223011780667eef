use uuid::Uuid;

use super::*;
use crate::{
    chain::Seal,
    event::{Actor, Text},
};

fn opening() -> Opening {
    Opening {
        number: "26-0000001".into(),
        channel: Channel::Scrivi,
        source: "scrivi".into(),
        interaction: None,
        person: None,
        theme: None,
        kind: Kind::Information,
        priority: Priority::Normal,
        level: Level::I,
        unit: None,
        tags: vec![],
        policy: None,
        subject: Seal::of(b"", "subject"),
        follows: None,
        flags: vec![],
    }
}

/// A log of `(day of October, body)`, opened on the first of them.
fn ticket(bodies: Vec<(i64, EventBody)>) -> (Vec<Event>, Ticket) {
    let id = TicketId::from_uuid(Uuid::nil());
    let mut log: Vec<Event> = Vec::new();
    for (day, body) in bodies {
        let at = Instant::parse("2026-10-01T08:00:00Z").unwrap().plus_seconds((day - 1) * 86_400);
        let previous = log.last().map(|event| (event.seq, &event.hash));
        let event = Event::append(id, previous, at, at, Actor::System, body).unwrap();
        log.push(event);
    }
    let folded = Ticket::fold(&log).unwrap();
    (log, folded)
}

fn reply(number: u128) -> EventBody {
    let text = Text { message: MessageId::from_uuid(Uuid::from_u128(number)), seal: Seal::of(b"", "answer") };
    EventBody::Replied { text, channel: Channel::Email }
}

fn resolved() -> EventBody {
    EventBody::Resolved { outcome: Outcome::Solved, note: None, reason: None }
}

#[test]
fn every_step_is_allowed_from_the_states_of_the_contract_and_refused_from_all_others() {
    use State::{Assigned, Cancelled, Closed, InCharge, New, Resolved, WaitingCitizen, WaitingThirdParty};
    let open = [New, Assigned, InCharge, WaitingCitizen, WaitingThirdParty];
    let table: [(Step, &[State]); 9] = [
        (Step::TakeCharge, &[New, Assigned]),
        (Step::Assign, &open),
        (Step::Escalate, &open),
        (Step::Wait, &[InCharge]),
        (Step::Resume, &[WaitingCitizen, WaitingThirdParty]),
        (Step::Resolve, &open),
        (Step::Close, &[Resolved]),
        (Step::Reopen, &[Resolved, Closed]),
        (Step::Cancel, &open),
    ];
    for (step, from) in table {
        for state in [New, Assigned, InCharge, WaitingCitizen, WaitingThirdParty, Resolved, Closed, Cancelled]
        {
            assert_eq!(allowed(state, step), from.contains(&state), "{step:?} from {state:?}");
        }
    }
}

#[test]
fn a_contested_request_has_a_first_and_a_final_resolution_without_the_closed_gap() {
    let reopened = EventBody::Reopened { reason: None };
    let (_, ticket) = ticket(vec![
        (1, EventBody::Opened(Box::new(opening()))),
        (3, reply(1)),
        (3, resolved()),
        (5, reopened),
        (10, reply(2)),
        (10, resolved()),
    ]);
    let life = &ticket.history;
    let day = 86_400;
    assert_eq!(life.elapsed_s(life.opened_at, life.first_response_at().unwrap()), 2 * day);
    assert_eq!(life.elapsed_s(life.opened_at, life.first_resolved_at().unwrap()), 2 * day);
    assert_eq!(life.elapsed_s(life.opened_at, life.final_resolved_at().unwrap()), 7 * day);
    assert_eq!(ticket.state(), State::Resolved);
    assert_eq!(life.reopened(), 1);
}

#[test]
fn a_wait_ends_at_the_resolution_and_is_left_out_of_the_net_clock_alone() {
    let wait = EventBody::Waiting { waits_for: WaitFor::Citizen, reason: None };
    let (_, ticket) = ticket(vec![
        (1, EventBody::Opened(Box::new(opening()))),
        (2, EventBody::TakenInCharge { user: None }),
        (4, wait),
        (9, resolved()),
    ]);
    let life = &ticket.history;
    assert_eq!(life.elapsed_s(life.opened_at, life.final_resolved_at().unwrap()), 8 * 86_400);
    assert_eq!(life.net_s(life.opened_at, life.final_resolved_at().unwrap()), 3 * 86_400);
}

#[test]
fn an_answer_that_failed_finally_is_no_response_but_the_others_stay() {
    let failed = EventBody::Undelivered { message: MessageId::from_uuid(Uuid::from_u128(1)) };
    let (_, ticket) =
        ticket(vec![(1, EventBody::Opened(Box::new(opening()))), (3, reply(1)), (4, reply(2)), (5, failed)]);
    let life = &ticket.history;
    assert_eq!(life.responses.len(), 1);
    assert_eq!(life.first_response_at().unwrap().to_string(), "2026-10-04T08:00:00Z");
}

#[test]
fn handing_back_keeps_the_escalation_on_record() {
    let (_, ticket) = ticket(vec![
        (1, EventBody::Opened(Box::new(opening()))),
        (2, EventBody::Escalated { unit: "tributi".into(), note: None }),
        (3, EventBody::Assigned { unit: Some("020202".into()), user: None, level: Level::I }),
        (4, resolved()),
    ]);
    assert_eq!(ticket.history.level, Level::I);
    assert!(ticket.history.escalated_at.is_some());
}

#[test]
fn a_message_reopens_within_thirty_days_of_the_last_resolution_and_not_after() {
    let (_, ticket) = ticket(vec![(1, EventBody::Opened(Box::new(opening()))), (2, resolved())]);
    let resolved_at = ticket.history.final_resolved_at().unwrap();
    let limit = resolved_at.plus_seconds(30 * 86_400);
    assert_eq!(ticket.continuation(limit, true, 30), Continuation::Reopened);
    assert_eq!(ticket.continuation(limit.plus_seconds(1), true, 30), Continuation::TooLate);
    assert_eq!(ticket.continuation(limit, false, 30), Continuation::Added, "thanks reopen nothing");
}

#[test]
fn a_log_changed_by_hand_does_not_verify() {
    let (mut log, _) =
        ticket(vec![(1, EventBody::Opened(Box::new(opening()))), (2, reply(1)), (3, resolved())]);
    assert_eq!(Event::verify(&log), Ok(()));
    log[1].at = log[1].at.plus_seconds(-60);
    assert_eq!(Event::verify(&log), Err(crate::event::ChainError::Changed(2)));
    log.remove(1);
    assert_eq!(Event::verify(&log), Err(crate::event::ChainError::Sequence { expected: 2, found: 3 }));
}

#[test]
fn every_event_survives_the_way_to_the_store_and_back() {
    let other = TicketId::from_uuid(Uuid::max());
    let link = Link {
        id: crate::LinkId::from_uuid(Uuid::max()),
        relation: crate::link::Relation::DuplicateOf,
        ticket: other,
    };
    let (log, _) = ticket(vec![
        (1, EventBody::Opened(Box::new(opening()))),
        (2, EventBody::Resumed),
        (
            3,
            EventBody::Classified(crate::event::Classification {
                kind: Some(Kind::Complaint),
                ..Default::default()
            }),
        ),
        (4, reply(9)),
        (5, EventBody::Absorbed { ticket: other }),
        (6, EventBody::Released { ticket: other }),
        (7, EventBody::ContactRemoved { interaction: InteractionId::from_uuid(Uuid::max()), to: other }),
        (8, EventBody::Linked(link)),
        (9, EventBody::Unlinked(link)),
        (10, EventBody::Merged { into: other, reason: None }),
        (11, EventBody::Unmerged { from: other }),
    ]);
    for event in log {
        let (kind, data) = event.body.stored().unwrap();
        assert_eq!(EventBody::from_stored(&kind, data).unwrap(), event.body);
    }
}

#[test]
fn logs_written_before_there_were_fields_and_reasons_keep_their_hashes() {
    // As the first version stored them: a hash is taken over the stored form.
    let stored = [
        (
            "classified",
            serde_json::json!({ "subject": null, "theme": "tributi", "ticket_kind": "complaint", "priority": null, "tags": null }),
        ),
        ("resolved", serde_json::json!({ "outcome": "solved", "note": null })),
    ];
    for (kind, data) in stored {
        let body = EventBody::from_stored(kind, data.clone()).unwrap();
        assert_eq!(body.stored().unwrap(), (kind.to_owned(), data));
    }
}

#[test]
fn fields_and_the_reason_are_what_the_last_event_says_until_it_is_reopened() {
    let fields = |text: &str| {
        let fields = Some(Seal::of(b"salt", text));
        EventBody::Classified(crate::event::Classification { fields, ..Default::default() })
    };
    let reason = |reason: &str| EventBody::Resolved {
        outcome: Outcome::Solved,
        note: None,
        reason: Some(reason.to_owned()),
    };
    let mut bodies = vec![
        (1, EventBody::Opened(Box::new(opening()))),
        (2, fields("a")),
        (3, fields("b")),
        (4, EventBody::Classified(crate::event::Classification::default())),
        (5, reason("pratica-conclusa")),
    ];
    let (log, resolved) = ticket(bodies.clone());
    assert_eq!(resolved.fields, Some(Seal::of(b"salt", "b")));
    assert_eq!(resolved.resolution.as_deref(), Some("pratica-conclusa"));
    for event in log {
        let (kind, data) = event.body.stored().unwrap();
        assert_eq!(EventBody::from_stored(&kind, data).unwrap(), event.body);
    }
    bodies.push((6, EventBody::Reopened { reason: None }));
    assert_eq!(ticket(bodies).1.resolution, None);
}
