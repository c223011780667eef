//! A merge points, it moves nothing: the merged ticket keeps its own life, and another speaks for it.
//!
//! **Invariant:** a merge touches no instant of [`Ticket::history`], so that undoing it leaves state, rounds, waits
//! and clocks exactly as if it had never been. What a merged ticket shows meanwhile is derived: [`Ticket::life`].

use std::borrow::Cow;

use super::Ticket;
use crate::{Instant, TicketId, clock::History, event::EventBody, vocabulary::State};

/// To which ticket a merged one points, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merge {
    /// The ticket that speaks for it; it may be merged itself.
    pub into: TicketId,
    /// When it was merged.
    pub at: Instant,
}

impl Ticket {
    /// Its life as readers see it: while it is merged, over since the merge, its clocks stopped there.
    pub fn life(&self) -> Cow<'_, History> {
        let Some(merge) = self.merged else { return Cow::Borrowed(&self.history) };
        let mut life = self.history.clone();
        for wait in life.waits.iter_mut().filter(|wait| wait.to.is_none()) {
            wait.to = Some(merge.at.max(wait.from));
        }
        life.cancelled_at.get_or_insert(merge.at);
        life.state = State::Cancelled;
        Cow::Owned(life)
    }
}

impl EventBody {
    /// Whether it can happen to a ticket that is merged: the undoing, what others do to it, and what the world
    /// reports of it.
    pub fn fits_merged(&self) -> bool {
        matches!(
            self,
            Self::Unmerged { .. }
                | Self::Released { .. }
                | Self::Undelivered { .. }
                | Self::MatterLeft { .. }
                | Self::Unlinked(_)
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};
    use uuid::Uuid;

    use super::*;
    use crate::{
        LinkId, MatterId, MessageId,
        chain::Seal,
        event::{Actor, Event, Opening, Text, WaitFor},
        link::{Link, Relation},
        ticket::Step,
        vocabulary::{Channel, Kind, Level, Outcome, Priority, Word},
    };

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn opening() -> Opening {
        Opening {
            number: "26-0000001".into(),
            channel: Channel::Email,
            source: "urp".into(),
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

    fn text(number: u128) -> Text {
        Text { message: MessageId::from_uuid(id(number)), seal: Seal::of(b"", "text") }
    }

    /// Something that may happen to a ticket.
    fn body(number: u128, which: u8) -> EventBody {
        match which % 14 {
            0 => EventBody::TakenInCharge { user: None },
            1 => EventBody::Assigned { unit: Some("x".into()), user: None, level: Level::II },
            2 => EventBody::Escalated { unit: "y".into(), note: None },
            3 => EventBody::Waiting { waits_for: WaitFor::Citizen, reason: None },
            4 => EventBody::Waiting { waits_for: WaitFor::ThirdParty, reason: None },
            5 => EventBody::Resumed,
            6 => EventBody::Replied { text: text(number), channel: Channel::Email },
            7 => EventBody::Undelivered { message: MessageId::from_uuid(id(number / 2)) },
            8 => EventBody::Resolved { outcome: Outcome::Solved, reason: None, note: None },
            9 => EventBody::Closed { automatic: false },
            10 => EventBody::Reopened { reason: None },
            11 => EventBody::Rated { score: 4, comment: None },
            12 => EventBody::LiveAnswered { interaction: crate::InteractionId::from_uuid(id(number)) },
            _ => EventBody::Cancelled { reason: None },
        }
    }

    /// Folds a log of bodies, one an hour.
    fn folded(bodies: &[EventBody]) -> Ticket {
        let start = Instant::parse("2026-10-01T08:00:00Z").unwrap();
        let mut log: Vec<Event> = Vec::new();
        let all = std::iter::once(EventBody::Opened(Box::new(opening()))).chain(bodies.iter().cloned());
        for (hour, body) in (0..).zip(all) {
            let at = start.plus_seconds(hour * 3_600);
            let previous = log.last().map(|event| (event.seq, &event.hash));
            let event =
                Event::append(TicketId::from_uuid(id(1)), previous, at, at, Actor::System, body).unwrap();
            log.push(event);
        }
        Ticket::fold(&log).unwrap()
    }

    /// The same but for the place in the log.
    fn placeless(ticket: Ticket, like: &Ticket) -> Ticket {
        Ticket { seq: like.seq, head: like.head.clone(), updated_at: like.updated_at, ..ticket }
    }

    fn words(ticket: &Ticket) -> Vec<&'static str> {
        ticket.allowed_steps().into_iter().map(Step::word).collect()
    }

    proptest! {
        #[test]
        fn merging_and_undoing_leaves_a_ticket_as_if_it_had_never_been_merged(acts in vec(0_u8..14, 0..30)) {
            let before: Vec<EventBody> = (2..).zip(&acts).map(|(number, which)| body(number, *which)).collect();
            let into = TicketId::from_uuid(id(9));
            let untouched = folded(&before);
            let merged = [before.clone(), vec![EventBody::Merged { into, reason: None }]].concat();
            let undone = [merged.clone(), vec![EventBody::Unmerged { from: into }]].concat();
            prop_assert_eq!(placeless(folded(&undone), &untouched), untouched.clone());

            let merged = folded(&merged);
            prop_assert_eq!(&merged.history, &untouched.history, "it points, and moves nothing");
            prop_assert_eq!(merged.state(), State::Cancelled);
            prop_assert_eq!(words(&merged), ["unmerge"]);
            prop_assert!(!merged.life().open_at(merged.updated_at));
            prop_assert!(merged.life().waits.iter().all(|wait| wait.to.is_some()));
        }

        #[test]
        fn what_the_world_reports_of_a_merged_ticket_counts_once_it_is_undone(acts in vec(0_u8..14, 0..20)) {
            let before: Vec<EventBody> = (2..).zip(&acts).map(|(number, which)| body(number, *which)).collect();
            let into = TicketId::from_uuid(id(9));
            let failed = EventBody::Undelivered { message: MessageId::from_uuid(id(3)) };
            let plain = folded(&[before.clone(), vec![failed.clone()]].concat());
            let merged = vec![EventBody::Merged { into, reason: None }, failed, EventBody::Unmerged { from: into }];
            let undone = folded(&[before, merged].concat());
            prop_assert_eq!(placeless(undone, &plain), plain);
        }

        #[test]
        fn joining_a_matter_and_leaving_it_and_a_link_made_and_taken_away_leave_no_trace(acts in vec(0_u8..14, 0..20)) {
            let before: Vec<EventBody> = (2..).zip(&acts).map(|(number, which)| body(number, *which)).collect();
            let matter = MatterId::from_uuid(id(7));
            let link = Link { id: LinkId::from_uuid(id(8)), relation: Relation::ParentOf, ticket: TicketId::from_uuid(id(9)) };
            let done = vec![
                EventBody::MatterJoined { matter },
                EventBody::Linked(link),
                EventBody::Unlinked(link),
                EventBody::MatterLeft { matter },
            ];
            let untouched = folded(&before);
            let undone = folded(&[before, done].concat());
            prop_assert_eq!(placeless(undone, &untouched), untouched);
        }
    }

    #[test]
    fn a_ticket_that_is_not_merged_refuses_the_undoing_and_says_what_is_allowed() {
        let refused = folded(&[]).check(Step::Unmerge).unwrap_err();
        assert_eq!(refused.state, State::New);
        assert!(!refused.allowed.contains(&Step::Unmerge) && refused.allowed.contains(&Step::TakeCharge));
    }

    #[test]
    fn a_call_that_is_split_off_takes_its_live_answer_along() {
        let (call, other) = (crate::InteractionId::from_uuid(id(2)), crate::InteractionId::from_uuid(id(3)));
        let answered = |interaction| EventBody::LiveAnswered { interaction };
        let to = TicketId::from_uuid(id(9));
        let ticket =
            folded(&[answered(call), answered(other), EventBody::ContactRemoved { interaction: call, to }]);
        assert_eq!(ticket.history.responses.len(), 1);
        assert_eq!(ticket.history.first_response_at(), Some(ticket.history.opened_at.plus_seconds(7_200)));
    }
}
