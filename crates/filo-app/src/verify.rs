//! `filo verify`: everything is computed anew from the events and compared with what is stored.

use filo_domain::{
    Instant, InteractionId, TicketId,
    chain::Hash,
    event::{Event, EventBody},
    link::Link,
    ticket::Ticket,
};
use filo_store::{
    Conn, attachments, audit,
    links::{self, StoredLink},
    merges, messages, moves, persons, protocols,
    ticket_fields::{self, Kept},
    tickets::{self, TicketRecord},
};
use jiff::civil::Date;
use serde::Serialize;

use crate::{
    App, AppError, Core,
    attachments::verify_files,
    callbacks, ledger,
    projections::{Stored, word_problems, wrong_names},
    rollups, schedule, scorecards,
};

/// Something that does not stand up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What was checked: `chain`, `projection`, `links`, `merges`, `moves`, `seal`, `merge` (of persons), `attachment`,
    /// `series`, `score`, `callback`, `rollup`, `audit`, `root`.
    pub check: &'static str,
    /// On what.
    pub subject: String,
    /// What is wrong.
    pub problem: String,
}

/// The result of a verification.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Tickets checked.
    pub tickets: usize,
    /// Events checked.
    pub events: usize,
    /// Files whose content was read and compared.
    pub attachments: usize,
    /// Audit entries checked.
    pub audit_entries: usize,
    /// Tickets that the events say are merged.
    pub merged: usize,
    /// Days whose rollup was compared with their facts; those that wait for the upkeep are not.
    pub rollup_days: usize,
    /// What does not stand up.
    pub differences: Vec<Difference>,
}

const PAGE: i64 = 500;

impl App {
    /// Refolds all events, checks the chains, the projections, the seals, the files, the series, the
    /// entered rows of yearly tables, the call-backs, the rollups, the audit log and the last nightly root.
    ///
    /// # Errors
    /// The stores' own; what does not stand up is in the result.
    pub async fn verify(&self) -> Result<Verified, AppError> {
        let core = self.core.clone();
        let mut verified = self
            .db
            .read(move |conn| {
                let mut verified = Verified::default();
                let mut after = None;
                loop {
                    let page = tickets::walk(conn, after, PAGE)?;
                    let Some(last) = page.last() else { break };
                    after = Some(last.id);
                    verify_page(conn, &core, page, &mut verified)?;
                }
                verify_merges(conn, &mut verified)?;
                for person in wrong_names(conn)? {
                    let problem = "the words of the name are not those it is found by".to_owned();
                    verified.differences.push(Difference {
                        check: "projection",
                        subject: person.to_string(),
                        problem,
                    });
                }
                verify_person_merges(conn, &mut verified)?;
                verified.differences.extend(ledger::verify(conn)?);
                verified.differences.extend(scorecards::verify(conn)?);
                verified.differences.extend(callbacks::verify(conn)?);
                verify_rollups(conn, &core, &mut verified)?;
                verify_audit(conn, &mut verified)?;
                verify_root(conn, &mut verified)?;
                Ok::<_, AppError>(verified)
            })
            .await?;
        verify_files(self, &mut verified).await?;
        Ok(verified)
    }
}

fn verify_page(
    conn: &mut Conn,
    core: &Core,
    page: Vec<TicketRecord>,
    verified: &mut Verified,
) -> Result<(), AppError> {
    let mut merged = 0;
    let ids: Vec<TicketId> = page.iter().map(|record| record.id).collect();
    let log = tickets::events_of(conn, &ids)?;
    let beside = Stored::of(conn, &ids)?;
    let stored_links = links::of_tickets(conn, &ids)?;
    let stored_moves = moves::of_tickets(conn, &ids)?;
    let mut fields = ticket_fields::of_tickets(conn, &ids)?;
    let entries = protocols::of_tickets(conn, &ids)?;
    for record in page {
        let own: Vec<Event> = log.iter().filter(|event| event.ticket == record.id).cloned().collect();
        verified.tickets += 1;
        verified.events += own.len();
        let subject = record.number.clone();
        let mut report = |check, problem: String| {
            verified.differences.push(Difference { check, subject: subject.clone(), problem });
        };
        if let Err(error) = Event::verify(&own) {
            report("chain", error.to_string());
        }
        match Ticket::fold(&own) {
            Err(error) => report("chain", error.to_string()),
            Ok(ticket) => {
                for problem in projection_problems(&ticket, &record) {
                    report("projection", problem);
                }
                for problem in beside.problems(core, &ticket, &record) {
                    report("projection", problem);
                }
                merged += usize::from(ticket.merged.is_some());
                if !links_fit(&ticket, &stored_links) {
                    report("links", "the links are not those of the events".to_owned());
                }
                if !fields_fit(&ticket, fields.remove(&record.id)) {
                    report("seal", "the custom fields are not those that were sealed".to_owned());
                }
                let kept = entries.iter().find(|row| row.ticket == record.id);
                if kept.and_then(|row| row.entry.as_ref()) != ticket.protocol.as_ref() {
                    report("projection", "the protocol number kept is not that of the events".to_owned());
                }
                if !subject_fits(&ticket, &record) {
                    report("seal", "the subject is not the one that was sealed".to_owned());
                }
            }
        }
        if !moves_fit(record.id, &own, &stored_moves) {
            report("moves", "the contacts split off are not those of the events".to_owned());
        }
        for problem in word_problems(conn, &record)? {
            report("projection", problem);
        }
        for problem in seal_problems(conn, &own)? {
            report("seal", problem);
        }
        for problem in file_problems(conn, &own)? {
            report("attachment", problem);
        }
    }
    verified.merged += merged;
    Ok(())
}

/// Whether the rows that have a ticket at an end are the links that its events made.
fn links_fit(ticket: &Ticket, stored: &[StoredLink]) -> bool {
    let ends = stored.iter().filter(|link| link.from == ticket.id || link.to == ticket.id);
    let mut stored: Vec<Link> = ends.map(|link| link.seen_from(ticket.id)).collect();
    let mut folded = ticket.links.clone();
    stored.sort();
    folded.sort();
    stored == folded
}

/// Whether what is remembered of contacts split off a ticket is what its events say.
fn moves_fit(id: TicketId, log: &[Event], stored: &[(TicketId, InteractionId)]) -> bool {
    let removed = log.iter().filter_map(|event| match &event.body {
        EventBody::ContactRemoved { interaction, .. } => Some(*interaction),
        _ => None,
    });
    let mut removed: Vec<InteractionId> = removed.collect();
    removed.sort();
    let mut stored: Vec<InteractionId> =
        stored.iter().filter(|(from, _)| *from == id).map(|(_, interaction)| *interaction).collect();
    stored.sort();
    removed == stored
}

/// No ticket points that the events do not say is merged; where those point is part of their projection.
fn verify_merges(conn: &mut Conn, verified: &mut Verified) -> Result<(), AppError> {
    let stored = merges::count(conn)?;
    if i64::try_from(verified.merged).ok() != Some(stored) {
        let problem = format!("{stored} tickets point to another, by the events {} do", verified.merged);
        verified.differences.push(Difference { check: "merges", subject: "all".to_owned(), problem });
    }
    Ok(())
}

/// Compares the stored projection with a fold of the events; what is stored beside the fold is taken over.
fn projection_problems(ticket: &Ticket, record: &TicketRecord) -> Vec<String> {
    let beside = tickets::Beside {
        subject: record.subject.clone(),
        subject_salt: record.subject_salt.clone(),
        due_at: record.due_at,
        location: record.location.clone(),
        municipio: record.municipio,
    };
    let folded = TicketRecord::of(ticket, beside);
    if folded == *record {
        return vec![];
    }
    let (left, right) = (format!("{folded:#?}"), format!("{record:#?}"));
    let differing = left.lines().zip(right.lines()).filter(|(a, b)| a != b);
    differing
        .map(|(events, stored)| format!("events say {}, stored is {}", events.trim(), stored.trim()))
        .collect()
}

fn subject_fits(ticket: &Ticket, record: &TicketRecord) -> bool {
    match (&record.subject, &record.subject_salt) {
        (Some(subject), Some(salt)) => ticket.subject.fits(salt, subject),
        // Anonymised: text and salt are gone together.
        (None, None) => true,
        (_, _) => false,
    }
}

fn fields_fit(ticket: &Ticket, kept: Option<Kept>) -> bool {
    match (&ticket.fields, kept) {
        (None, None) => true,
        (Some(seal), Some(Kept { values: Some(values), salt: Some(salt) })) => {
            seal.fits(&salt, &values.text())
        }
        // Anonymised: values and salt are gone together.
        (Some(_), Some(Kept { values: None, salt: None })) => true,
        (_, _) => false,
    }
}

fn seal_problems(conn: &mut Conn, log: &[Event]) -> Result<Vec<String>, AppError> {
    let mut problems = Vec::new();
    for event in log {
        let Some(text) = event.body.texts() else { continue };
        let fits = match messages::find(conn, text.message)? {
            Some(message) => match (&message.body, &message.salt) {
                (Some(body), Some(salt)) => text.seal.fits(salt, body),
                (None, None) => true,
                (_, _) => false,
            },
            None => false,
        };
        if !fits {
            problems.push(format!(
                "the text of event {} ({}) is not the one that was sealed",
                event.seq,
                kind(event)
            ));
        }
    }
    Ok(problems)
}

fn kind(event: &Event) -> String {
    EventBody::stored(&event.body).map(|(kind, _)| kind).unwrap_or_default()
}

/// Whom each person points at, against the ledger of merges.
fn verify_person_merges(conn: &mut Conn, verified: &mut Verified) -> Result<(), AppError> {
    for person in persons::misdirected(conn)? {
        let problem = "the person points elsewhere than the ledger of merges says".to_owned();
        verified.differences.push(Difference { check: "merge", subject: person.to_string(), problem });
    }
    Ok(())
}

/// Files that an event names: the digest in the log is the row's.
fn file_problems(conn: &mut Conn, log: &[Event]) -> Result<Vec<String>, AppError> {
    let mut problems = Vec::new();
    for event in log {
        let EventBody::AttachmentAdded { attachment, sha256 } = &event.body else { continue };
        match attachments::find(conn, *attachment)? {
            Some(file) if file.sha256 == *sha256 => {}
            Some(_) => {
                problems.push(format!("attachment {attachment} is not the file of event {}", event.seq))
            }
            None => problems.push(format!("attachment {attachment} of event {} is gone", event.seq)),
        }
    }
    Ok(problems)
}

/// The rollups of days, against their facts.
fn verify_rollups(conn: &mut Conn, core: &Core, verified: &mut Verified) -> Result<(), AppError> {
    let checked = rollups::verify(conn, core)?;
    verified.rollup_days = checked.days;
    let difference =
        |(day, problem): (Date, String)| Difference { check: "rollup", subject: day.to_string(), problem };
    verified.differences.extend(checked.wrong.into_iter().map(difference));
    Ok(())
}

fn verify_audit(conn: &mut Conn, verified: &mut Verified) -> Result<(), AppError> {
    let (mut seq, mut head) = (0, Hash::genesis());
    loop {
        let page = audit::after(conn, seq, PAGE)?;
        if page.is_empty() {
            return Ok(());
        }
        for entry in page {
            verified.audit_entries += 1;
            if entry.seq != seq + 1 || entry.prev_hash != head || entry.computed_hash() != entry.hash {
                let problem = "the audit log was changed, or an entry is missing, here".to_owned();
                verified.differences.push(Difference {
                    check: "audit",
                    subject: entry.seq.to_string(),
                    problem,
                });
            }
            seq = entry.seq;
            head = entry.hash;
        }
    }
}

/// The last nightly root, computed anew from what was recorded until then.
fn verify_root(conn: &mut Conn, verified: &mut Verified) -> Result<(), AppError> {
    let Some(entry) = audit::last_of(conn, schedule::ROOT)? else { return Ok(()) };
    let number = |key: &str| entry.data.get(key).and_then(serde_json::Value::as_i64);
    let Some(until) = number("until_us") else { return Ok(()) };
    let (count, root) = schedule::root(conn, Instant::from_micros(until))?;
    let same_root = entry.data.get("root").and_then(|root| root.as_str()) == Some(root.as_str());
    let same_count = number("tickets") == i64::try_from(count).ok();
    if !same_root || !same_count {
        let subject = entry.data.get("day").and_then(|day| day.as_str()).unwrap_or_default().to_owned();
        let problem = format!("the root over {count} tickets is not the one written that night");
        verified.differences.push(Difference { check: "root", subject, problem });
    }
    Ok(())
}
