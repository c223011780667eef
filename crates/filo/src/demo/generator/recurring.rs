//! Citizens who go through every channel about one need: they call, write on Scrivi, mail from another address and
//! send a direct message. An operator then sees that they are one person and joins the tickets into a matter.

use filo_domain::vocabulary::Channel;

use super::{
    Deed, Life, days,
    mail::{self, Mailbox},
    meta::{self, Where},
    people::Person,
    phone::Extra,
    scrivi,
};
use crate::demo::samples::Direct;

/// Lives their written contacts; gives the calls that the phone has to log.
pub(super) fn live(life: &mut Life<'_>) -> Vec<Extra> {
    let open: Vec<_> =
        days::days(life.span.from, life.span.to).filter(|day| life.days.call_weight(*day) > 0.5).collect();
    let step = open.len() / (life.size.recurring + 1);
    let chosen = open.iter().skip(step).step_by(step.max(1)).take(life.size.recurring);
    chosen.enumerate().filter_map(|(nth, day)| one(life, nth, *day)).collect()
}

fn one(life: &mut Life<'_>, nth: usize, day: jiff::civil::Date) -> Option<Extra> {
    let mut chance = life.chance.split(100 + u64::try_from(nth).unwrap_or(0));
    let person = Person::recurring(nth, &life.samples.names)?;
    let need = life.need(&mut chance)?;
    let called = life.days.call(&mut chance, day)?;
    let call = life.story();
    let later = |hours: i64| called.plus_seconds(hours * 3_600);
    let request = scrivi::request(life, &mut chance, later(5), &person, need);
    let mut stories = vec![call, request];
    if let Some(mailbox) = life.source(Channel::Email, None) {
        let to = mailbox.address.clone().unwrap_or_default();
        let mailbox = Mailbox { source: &mailbox.key, to: &to };
        stories.push(mail::message(
            life,
            &mut chance,
            later(50),
            &mailbox,
            &person,
            &person.work_email(),
            need,
        ));
    }
    let words = Direct { theme: need.theme.clone(), text: need.text.clone(), reply: need.reply.clone() };
    stories.extend(meta::direct(life, &mut chance, later(74), Where::Whatsapp, &person, &words));
    let found = life.days.at_work(later(80), 3_600);
    life.push(found, request, Deed::Unite { email: person.email(), title: need.subject.clone(), stories });
    Some(Extra {
        story: call,
        at: called,
        person,
        theme: need.theme.clone(),
        subject: need.subject.clone(),
        kind: need.kind,
    })
}
