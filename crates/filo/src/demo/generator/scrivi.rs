//! Requests on Scrivi: the general form, or the one for faults where something is broken.

use std::collections::BTreeMap;

use filo_domain::{Instant, form::Submission, vocabulary::Channel};

use super::{
    Deed, Life, Story,
    chance::Chance,
    people::Person,
    work::{Opened, Worked},
};
use crate::demo::samples::Need;

/// Shares of the resolved requests; both come within six days.
const CONTESTED: f64 = 0.07;
const RATED: f64 = 0.22;

pub(super) fn live(life: &mut Life<'_>) {
    if life.source(Channel::Scrivi, None).is_none() {
        return;
    }
    let chance = life.chance.split(1);
    let monthly = life.size.requests;
    life.written(chance, monthly, |life, chance, at| {
        let person = life.person(chance);
        if let Some(need) = life.need(chance) {
            request(life, chance, at, &person, need);
        }
    });
}

/// A request with its whole life.
pub(super) fn request(
    life: &mut Life<'_>,
    chance: &mut Chance,
    at: Instant,
    person: &Person,
    need: &Need,
) -> Story {
    let story = life.story();
    let submission = submission(life, chance, at, story, person, need);
    life.push(at, story, Deed::Submit(Box::new(submission)));
    let ticket = Opened {
        story,
        at,
        channel: Channel::Scrivi,
        theme: &need.theme,
        classify: need.fault.is_some(),
        citizen: (person.full_name(), person.email()),
        reply: &need.reply,
    };
    let worked = life.work(chance, &ticket);
    afterwards(life, chance, &ticket, worked);
    story
}

fn submission(
    life: &Life<'_>,
    chance: &mut Chance,
    at: Instant,
    story: Story,
    person: &Person,
    need: &Need,
) -> Submission {
    let text = life.words(chance, &need.text);
    let mut fields = BTreeMap::from([
        ("name", person.name.clone()),
        ("surname", person.surname.clone()),
        ("email", person.email()),
        ("subject", need.subject.clone()),
        ("text", text),
    ]);
    if chance.happens(0.6) {
        fields.insert("phone", person.mobile());
    }
    let form = match &need.fault {
        Some(fault) => {
            fields.insert("place", life.words(chance, "{street} {number}"));
            fields.insert("fault_type", fault.clone());
            "segnalazione"
        }
        None => {
            fields.insert("theme", need.theme.clone());
            "generale"
        }
    };
    Submission {
        form: form.to_owned(),
        fields: fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        privacy_accepted: true,
        submission_id: format!("demo-{story}-{}", at.seconds()),
        received_at: at,
    }
}

/// Some citizens contest the answer, others rate it.
fn afterwards(life: &mut Life<'_>, chance: &mut Chance, ticket: &Opened<'_>, worked: Worked) {
    let Some(resolved) = worked.resolved_at else { return };
    let later = resolved.plus_seconds(chance.between(3_600, 6 * 86_400));
    if chance.happens(CONTESTED) {
        let why = "La risposta non risolve il problema: la situazione è come prima.";
        life.push(later, ticket.story, Deed::Contest(why.to_owned()));
        let again = format!("abbiamo riesaminato la richiesta. {}", ticket.reply);
        life.again(chance, ticket.story, later, Some(&again));
    } else if chance.happens(RATED) {
        let scores = [(5, 0.42), (4, 0.24), (3, 0.12), (2, 0.08), (1, 0.14)];
        let score = chance.weighted(&scores).copied().unwrap_or(4);
        life.push(later, ticket.story, Deed::Rate(score));
    }
}
