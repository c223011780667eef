//! Every aggregate is read back as it was written, on both databases.

use std::fmt::Debug;

use filo_domain::{
    Instant,
    chain::{Hash, Seal},
    event::{Actor, Event, EventBody, Opening},
    id::Id,
    identity::Identity,
    legs::{self, Leg, LegEvent, LegOrigin, LegStep},
    ticket::Ticket,
    vocabulary::{
        CallOutcome, Channel, DeliveryState, Direction, IdentityType, InteractionKind, Kind, Level,
        NotActionable, Outcome, Priority,
    },
};
use filo_store::{
    Conn, Db, DbSettings, StoreError, access, attachments, audit, calls, intake, interactions, jobs, matters,
    messages, months, persons, quarantine, suggestions, tickets,
};
use filo_testkit::both;
use serde_json::{Value, json};
use uuid::Uuid;

/// Microseconds that a database which keeps milliseconds would lose.
const AT: Instant = Instant::from_micros(1_790_841_600_123_457);

fn id<T>(number: u128) -> Id<T> {
    Id::from_uuid(Uuid::from_u128(number))
}

/// Runs work in one transaction on both databases.
async fn on_both(work: fn(&mut Conn) -> Result<(), StoreError>) {
    both(async |database| {
        let db = Db::open(&DbSettings::at(&database.url)).unwrap();
        db.write(work).await.unwrap();
    })
    .await;
}

fn same<T: PartialEq + Debug>(read: T, written: T) {
    assert_eq!(read, written);
}

fn person(conn: &mut Conn, number: u128, name: Option<&str>) -> Result<filo_domain::PersonId, StoreError> {
    persons::insert(conn, id(number), name, AT)?;
    Ok(id(number))
}

fn interaction(number: u128) -> interactions::Interaction {
    interactions::Interaction {
        id: id(number),
        source: "urp".to_owned(),
        channel: Channel::Email,
        kind: InteractionKind::Mail,
        direction: Direction::Inbound,
        external_id: format!("key {number}"),
        occurred_at: AT,
        recorded_at: AT.plus_seconds(1),
        local_day: "2026-10-01".to_owned(),
        person_id: None,
        ticket_id: None,
        linked_at: None,
        thread: Some("filo@mail.example".to_owned()),
        not_actionable: Some(NotActionable::AutoReply),
        name: Some("Nicolò D'Angiò 🚲".to_owned()),
        subject: Some("Buca in via Dante".to_owned()),
        body: "Testo\ncon «virgolette» e 'apici'".to_owned(),
        raw_id: None,
        detail: json!({ "a": [1, null, "x"], "b": { "c": 1.5 } }),
        flags: vec!["charset_guessed".to_owned()],
    }
}

fn opened(number: u128) -> Event {
    let opening = Opening {
        number: format!("26-{number:07}"),
        channel: Channel::Email,
        source: "urp".to_owned(),
        interaction: None,
        person: None,
        theme: Some("tributi/tari".to_owned()),
        kind: Kind::Complaint,
        priority: Priority::Urgent,
        level: Level::I,
        unit: Some("020202".to_owned()),
        tags: vec!["a".to_owned(), "b".to_owned()],
        policy: Some("p@1".to_owned()),
        subject: Seal::of(b"salt", "subject"),
        follows: None,
        flags: vec!["moderation".to_owned()],
    };
    Event::append(
        id(number),
        None,
        AT,
        AT.plus_seconds(2),
        Actor::Citizen,
        EventBody::Opened(Box::new(opening)),
    )
    .unwrap()
}

fn beside() -> tickets::Beside {
    tickets::Beside {
        subject: Some("subject".to_owned()),
        subject_salt: Some(b"salt".to_vec()),
        due_at: Some(AT.plus_seconds(86_400)),
        location: Some(json!({ "address": "via Dante 1" })),
        municipio: Some(9),
    }
}

fn ticket(conn: &mut Conn, number: u128) -> Result<(Ticket, Event), StoreError> {
    let event = opened(number);
    let ticket = Ticket::opened(&event).unwrap();
    tickets::insert(conn, tickets::TicketRecord::of(&ticket, beside()))?;
    tickets::append(conn, &event)?;
    Ok((ticket, event))
}

#[tokio::test]
async fn persons_identities_and_merges() {
    on_both(|conn| {
        let (anna, other) = (person(conn, 1, Some("Anna Rossi"))?, person(conn, 2, None)?);
        same(persons::find(conn, anna)?.unwrap().created_at, AT);
        let identity = Identity::parse(IdentityType::Email, "Anna@Mail.Example").unwrap();
        let known = persons::KnownIdentity { person: anna, identity: identity.clone(), verified: true };
        assert!(persons::add_identity(conn, Uuid::from_u128(3), &known, AT)?);
        assert!(!persons::add_identity(conn, Uuid::from_u128(4), &known, AT)?, "held already");
        same(persons::holder(conn, &identity)?, Some(known.clone()));
        same(persons::identities_of(conn, &[anna, other])?, vec![known]);
        same(persons::named(conn, "ANNA ROSSI", 5)?.len(), 1);
        same(persons::named(conn, "rossi, anna", 5)?.len(), 1);
        suggestions::suggest(conn, Uuid::from_u128(5), other, anna, "same_name", AT)?;
        suggestions::suggest(conn, Uuid::from_u128(6), anna, other, "same_contact", AT)?;
        let pairs = suggestions::of_persons(conn, &[anna])?;
        same((pairs.len(), pairs[0].other, pairs[0].reason.as_str()), (1, other, "same_name"));
        assert!(suggestions::decide(conn, id(5), suggestions::DISMISSED, None, AT)?);
        assert!(!suggestions::decide(conn, id(5), suggestions::ACCEPTED, None, AT)?, "decided before");
        suggestions::suggest(conn, Uuid::from_u128(8), anna, other, "same_name", AT)?;
        same(suggestions::of_persons(conn, &[anna])?, vec![]);

        persons::merge(conn, id(7), (other, anna), "operator", AT, &Actor::User(id(9)))?;
        same(persons::misdirected(conn)?, vec![]);
        same(persons::canonical(conn, other)?, anna);
        same(persons::members(conn, other)?, vec![anna, other]);
        let entry = persons::find_merge(conn, id(7))?.unwrap();
        same((entry.actor.clone(), entry.at, entry.undone_at), (Actor::User(id(9)), AT, None));
        same(persons::canonical_all(conn, &[other])?[&other].id, anna);
        same(persons::merges_of(conn, &[other])?, vec![entry.clone()]);
        same(persons::merges_at(conn, AT)?.len(), 1);
        same(persons::merges_at(conn, Instant::from_micros(AT.micros() - 1))?.len(), 0);
        assert!(persons::undo_merge(conn, &entry, AT.plus_seconds(60))?);
        assert!(!persons::undo_merge(conn, &entry, AT.plus_seconds(61))?);
        same(persons::canonical(conn, other)?, other);
        assert!(
            persons::was_undone(conn, &[anna], &[other])? && !persons::was_undone(conn, &[anna], &[anna])?
        );
        assert!(!persons::rename(conn, anna, Some("Anna Verdi"), 99)?, "an old version");
        assert!(persons::rename(conn, anna, Some("Anna Verdi"), 1)?);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn intake_keys_raw_bytes_and_interactions_with_their_files() {
    on_both(|conn| {
        let key = intake::Claimed { interaction: None, quarantine: Some(id(1)) };
        assert!(intake::claim(conn, "email", "k", key, AT)?);
        assert!(!intake::claim(conn, "email", "k", key, AT)?);
        assert!(intake::claim(conn, "facebook", "k", key, AT)?, "another scope");
        same(intake::find(conn, "email", "k")?, Some(key));
        intake::repoint(conn, "email", "k", id(2))?;
        same(intake::find(conn, "email", "k")?.unwrap().interaction, Some(id(2)));
        intake::keep_raw(conn, id(3), "urp", AT, "00ff", &[0, 255, 1])?;

        let written = interactions::Interaction { raw_id: Some(id(3)), ..interaction(2) };
        interactions::insert(conn, &written)?;
        same(interactions::find(conn, written.id)?, Some(written.clone()));
        let file = attachments::Attachment {
            id: id(4),
            interaction: Some(written.id),
            ticket: None,
            name: "città.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            declared_type: "application/x-pdf".to_owned(),
            size_bytes: 4,
            sha256: "00".to_owned(),
            original_sha256: Some("11".to_owned()),
            inline: true,
            flags: vec!["type_mismatch".to_owned()],
            scan: attachments::ScanState::Infected,
            scanned_at: Some(AT),
            scan_detail: Some("Eicar".to_owned()),
            uploaded_by: Some(id(5)),
            created_at: AT,
        };
        attachments::insert(conn, &file)?;
        same(attachments::of_interaction(conn, written.id)?, vec![file.clone()]);
        same(attachments::find(conn, file.id)?, Some(file.clone()));
        same(attachments::bytes(conn, file.id)?, None);

        let (ticket, _) = ticket(conn, 20)?;
        interactions::link(conn, written.id, ticket.id, AT.plus_seconds(3))?;
        let linked = interactions::find(conn, written.id)?.unwrap();
        same((linked.ticket_id, linked.linked_at), (Some(ticket.id), Some(AT.plus_seconds(3))));
        same(interactions::ticket_of_thread(conn, "urp", "filo@mail.example")?, Some(ticket.id));
        interactions::insert(conn, &interaction(5))?;
        same(interactions::link_thread(conn, "urp", "filo@mail.example", ticket.id, AT)?, vec![id(5)]);
        same(interactions::of_ticket(conn, ticket.id)?.len(), 2);
        let page = |conn: &mut Conn, ascending, after| {
            let filter = interactions::Filter { ascending, after, ..interactions::Filter::default() };
            Ok::<_, StoreError>(interactions::list(conn, &filter, 1)?.pop().map(|it| it.id))
        };
        same(page(conn, true, None)?, Some(id(2)));
        same(page(conn, true, Some((AT, id(2))))?, Some(id(5)));
        same(page(conn, false, Some((AT, id(2))))?, None);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn tickets_with_their_events_tags_and_codes() {
    on_both(|conn| {
        let (mut ticket, first) = ticket(conn, 1)?;
        let record = tickets::TicketRecord::of(&ticket, beside());
        same(tickets::find(conn, ticket.id)?, Some(record.clone()));
        same(tickets::find_by_number(conn, "26-0000001")?, Some(record));
        assert!(tickets::lock(conn, ticket.id)? && !tickets::lock(conn, id(99))?);

        let resolved = EventBody::Resolved { outcome: Outcome::Solved, note: None, reason: None };
        let actor = Actor::Key("pbx".to_owned());
        let second =
            Event::append(ticket.id, Some((1, &first.hash)), AT, AT.plus_seconds(9), actor, resolved)
                .unwrap();
        tickets::append(conn, &second)?;
        same(tickets::events(conn, ticket.id)?, vec![first, second.clone()]);
        Event::verify(&tickets::events(conn, ticket.id)?).unwrap();
        ticket.apply(&second).unwrap();
        ticket.tags = vec!["b".to_owned(), "c".to_owned()];
        let record = tickets::TicketRecord::of(&ticket, tickets::Beside::default());
        tickets::update(conn, record.clone())?;
        same(tickets::find(conn, ticket.id)?, Some(record.clone()));
        let tagged = |tag: &str| tickets::Filter { tags: vec![tag.to_owned()], ..tickets::Filter::default() };
        same(tickets::list(conn, &tagged("a"), 10)?, vec![]);
        same(tickets::list(conn, &tagged("c"), 10)?, vec![record.clone()]);
        let themed = tickets::Filter { themes: vec!["tributi".to_owned()], ..tickets::Filter::default() };
        same(tickets::list(conn, &themed, 10)?.len(), 1);
        same(tickets::resolved_before(conn, AT, 10)?, vec![ticket.id]);
        same(tickets::walk(conn, Some(ticket.id), 10)?, vec![]);

        tickets::set_code(conn, ticket.id, "hash")?;
        same(tickets::code_hash(conn, ticket.id)?.as_deref(), Some("hash"));
        same((tickets::next_count(conn, "n")?, tickets::next_count(conn, "n")?), (1, 2));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn two_events_with_one_number_are_a_conflict() {
    both(async |database| {
        let db = Db::open(&DbSettings::at(&database.url)).unwrap();
        db.write(|conn| ticket(conn, 1)).await.unwrap();
        let error = db.write(|conn| tickets::append(conn, &opened(1))).await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict(_)), "{error:?}");
    })
    .await;
}

#[tokio::test]
async fn calls_with_their_legs() {
    on_both(|conn| {
        let call = interactions::Interaction {
            channel: Channel::Phone,
            kind: InteractionKind::Call,
            ..interaction(1)
        };
        interactions::insert(conn, &call)?;
        let entered = LegEvent {
            call_id: "1790000000.1".to_owned(),
            queue: "tari".to_owned(),
            at: Instant::from_seconds(1_790_841_600),
            step: LegStep::Entered { caller: Some("+393471234567".to_owned()) },
        };
        let leg = Leg::enter(&entered, LegOrigin::Live).unwrap();
        let open = legs::calls(vec![leg.clone()]).remove(0);
        calls::put(conn, call.id, "pbx", &open)?;
        let stored = calls::StoredLeg { id: Uuid::from_u128(2), interaction: call.id, leg };
        calls::insert_legs(conn, &[calls::LegRow::of("pbx", stored.clone())])?;
        same(calls::legs_of(conn, "pbx", "1790000000.1")?, vec![stored.clone()]);
        let (from, to) = (Instant::from_seconds(0), Instant::from_seconds(2_000_000_000));
        same(calls::open_legs(conn, "pbx", from, to)?, vec![stored.clone()]);

        let mut leg = stored.leg.clone();
        let connected = LegStep::Connected { wait_s: Some(6), agent: Some("SIP/7".to_owned()) };
        assert!(leg.apply(&LegEvent { at: entered.at.plus_seconds(6), step: connected, ..entered.clone() }));
        let completed = LegStep::Completed { wait_s: Some(6), talk_s: Some(25) };
        assert!(leg.apply(&LegEvent { at: entered.at.plus_seconds(31), step: completed, ..entered }));
        let stored = calls::StoredLeg { leg, ..stored };
        calls::update_leg(conn, "pbx", &stored)?;
        same(calls::legs_of_calls(conn, &[call.id])?, vec![stored.clone()]);
        same(calls::open_legs(conn, "pbx", from, to)?, vec![]);
        calls::put(conn, call.id, "pbx", &legs::calls(vec![stored.leg]).remove(0))?;
        let found = calls::find(conn, call.id)?.unwrap();
        same((found.outcome, found.wait_s, found.talk_s), (CallOutcome::Answered, Some(6), Some(25)));
        same(calls::list(conn, Some(from), Some(to), None, 10)?, vec![found]);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn messages_matters_and_the_quarantine() {
    on_both(|conn| {
        let (ticket, _) = ticket(conn, 1)?;
        let message = messages::Message {
            id: id(2),
            ticket: ticket.id,
            kind: messages::MessageKind::Reply,
            body: Some("Risposta".to_owned()),
            salt: Some(vec![7; 32]),
            author: Some(id(3)),
            at: AT,
            channel: Some(Channel::Pec),
            recipients: vec!["a@pec.example".to_owned()],
            external_id: Some("x@filo.example".to_owned()),
            delivery: Some(DeliveryState::Queued),
            deliveries: vec![],
        };
        messages::insert(conn, &message)?;
        same(messages::find(conn, message.id)?, Some(message.clone()));
        same(
            messages::by_external_id(conn, &["no".to_owned(), "x@filo.example".to_owned()])?,
            Some(message.clone()),
        );
        let delivery = messages::Delivery {
            address: "a@pec.example".to_owned(),
            state: DeliveryState::Failed,
            detail: None,
        };
        messages::set_delivery(
            conn,
            message.id,
            DeliveryState::Failed,
            std::slice::from_ref(&delivery),
            Some("y"),
        )?;
        let stored = messages::of_ticket(conn, ticket.id)?.remove(0);
        same((stored.delivery, stored.deliveries), (Some(DeliveryState::Failed), vec![delivery]));
        same(stored.external_id.as_deref(), Some("y"));

        let matter =
            matters::Matter { id: id(4), title: "TARI".to_owned(), person: None, created_at: AT, version: 1 };
        matters::insert(conn, &matter)?;
        same(matters::find(conn, matter.id)?, Some(matter.clone()));
        assert!(matters::touch(conn, matter.id, "IMU", 1)? && !matters::touch(conn, matter.id, "IMU", 1)?);

        let unit = quarantine::Quarantined {
            id: id(5),
            scope: "urp".to_owned(),
            key: "k".to_owned(),
            source: "urp".to_owned(),
            format: "usual".to_owned(),
            reason: "no_headers".to_owned(),
            detail: "d".to_owned(),
            raw: vec![0, 255],
            context: json!({ "arrived_at": null }),
            state: quarantine::OPEN.to_owned(),
            created_at: AT,
            decided_at: None,
            note: None,
        };
        quarantine::insert(conn, &unit)?;
        same(quarantine::open_of(conn, "urp", "no_headers")?.remove(0).raw, unit.raw);
        assert!(quarantine::decide(conn, unit.id, quarantine::DISCARDED, AT, Some("no"))?);
        assert!(!quarantine::decide(conn, unit.id, quarantine::RETRIED, AT, None)?);
        same(quarantine::list(conn, quarantine::OPEN, None, 5)?.len(), 0);
        same(quarantine::find(conn, unit.id)?.unwrap().note.as_deref(), Some("no"));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn jobs_are_claimed_once_and_given_back_when_their_lease_ends() {
    on_both(|conn| {
        jobs::enqueue(conn, id(1), "send", &json!({ "x": 1 }), AT, AT)?;
        jobs::enqueue(conn, id(2), "send", &Value::Null, AT.plus_seconds(60), AT)?;
        let lease = AT.plus_seconds(120);
        let claimed = jobs::claim(conn, AT, lease, 10)?;
        same(claimed.iter().map(|job| (job.id, job.attempts)).collect::<Vec<_>>(), vec![(id(1), 1)]);
        same(claimed[0].payload.clone(), json!({ "x": 1 }));
        same(jobs::claim(conn, AT, lease, 10)?, vec![]);
        same(jobs::claim(conn, lease, lease.plus_seconds(1), 10)?.len(), 2);
        jobs::failed(conn, id(1), "away", Some(AT.plus_seconds(900)))?;
        jobs::failed(conn, id(2), "no such recipient", None)?;
        same(jobs::counts(conn)?, (1, 1));
        jobs::done(conn, id(1))?;
        same(jobs::counts(conn)?, (0, 1));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn users_tokens_keys_and_remembered_requests() {
    on_both(|conn| {
        let user = access::UserRecord {
            id: id(1),
            name: "anna".to_owned(),
            role: "operator".to_owned(),
            unit: Some("020202".to_owned()),
            password_hash: "$argon2id$".to_owned(),
            created_at: AT,
            disabled_at: None,
            version: 1,
            display_name: Some("Anna".to_owned()),
        };
        access::insert_user(conn, &user)?;
        same(access::user_named(conn, "anna")?, Some(user.clone()));
        access::disable_user(conn, user.id, AT)?;
        same(access::find_user(conn, user.id)?.unwrap().disabled_at, Some(AT));
        let token = access::RefreshToken {
            id: Uuid::from_u128(2),
            user: user.id,
            family: Uuid::from_u128(3),
            token_hash: "h".to_owned(),
            expires_at: AT,
            used_at: None,
            revoked_at: None,
        };
        access::insert_refresh(conn, &token)?;
        same(access::find_refresh(conn, "h")?, Some(token.clone()));
        assert!(access::use_refresh(conn, token.id, AT)? && !access::use_refresh(conn, token.id, AT)?);
        access::revoke_family(conn, token.family, AT)?;
        same(access::find_refresh(conn, "h")?.unwrap().revoked_at, Some(AT));

        let key = access::KeyRecord {
            id: id(4),
            name: "pbx".to_owned(),
            key_hash: "k".to_owned(),
            scopes: vec!["intake:phone".to_owned()],
            created_at: AT,
            revoked_at: None,
            version: 1,
            expires_at: Some(AT),
            last_used_day: Some("2026-10-01".to_owned()),
        };
        access::insert_key(conn, &key)?;
        same(access::find_key(conn, "k")?, Some(key));
        assert!(access::revoke_key(conn, "pbx", AT)? && !access::revoke_key(conn, "pbx", AT)?);

        same(
            access::claim_idempotency(
                conn,
                "anna",
                "i",
                "hash",
                AT,
                (AT.plus_seconds(-86_400), AT.plus_seconds(-300)),
            )?,
            None,
        );
        access::remember(conn, ("anna", "i"), AT, 201, &json!({ "location": "/x" }), b"{}")?;
        let again = access::claim_idempotency(
            conn,
            "anna",
            "i",
            "other",
            AT,
            (AT.plus_seconds(-86_400), AT.plus_seconds(-300)),
        )?
        .unwrap();
        same(
            (again.request_hash.as_str(), again.status, again.body.as_slice()),
            ("hash", Some(201), &b"{}"[..]),
        );
        same(
            access::claim_idempotency(
                conn,
                "anna",
                "i",
                "other",
                AT,
                (AT.plus_seconds(1), AT.plus_seconds(-300)),
            )?,
            None,
        );
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn published_months_and_the_audit_log() {
    on_both(|conn| {
        let revision = months::Revision {
            month: "2026-10".to_owned(),
            revision: 1,
            as_of: AT,
            recorded_until: AT.plus_seconds(1),
            published_at: AT.plus_seconds(2),
            reason: None,
            report: "{\"b\": 1, \"a\": 2}".to_owned(),
        };
        months::insert(conn, &revision)?;
        same(months::of_month(conn, "2026-10")?, vec![revision]);
        for action in ["one", "two"] {
            audit::append(conn, AT, &Actor::System, action, json!({ "z": 1, "a": [true, null] }))?;
        }
        let entries = audit::after(conn, 0, 10)?;
        same(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), vec![1, 2]);
        assert!(entries.iter().all(|entry| entry.computed_hash() == entry.hash));
        same(
            (entries[0].prev_hash.clone(), entries[1].prev_hash.clone()),
            (Hash::genesis(), entries[0].hash.clone()),
        );
        same(audit::last_of(conn, "two")?, entries.into_iter().next_back());
        Ok(())
    })
    .await;
}
