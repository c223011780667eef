//! Mails, certified ones among them, with what answers our answers: citizens, robots, mail servers and providers.

use filo_domain::{CityZone, Instant, vocabulary::Channel};
use jiff::tz::TimeZone;

use super::{
    Deed, Life, Story,
    chance::Chance,
    people::Person,
    work::{Opened, Worked},
};
use crate::demo::samples::{Need, fill};

const MESSAGE: &str = include_str!("../../../samples/mail/message.eml");
const WITH_PHOTO: &str = include_str!("../../../samples/mail/with-photo.eml");
const ANSWER: &str = include_str!("../../../samples/mail/answer.eml");
const OUT_OF_OFFICE: &str = include_str!("../../../samples/mail/out-of-office.eml");
const BOUNCE: &str = include_str!("../../../samples/mail/bounce.eml");
const NEWSLETTER: &str = include_str!("../../../samples/mail/newsletter.eml");
const ENVELOPE: &str = include_str!("../../../samples/mail/pec-envelope.eml");
const RECEIPT: &str = include_str!("../../../samples/mail/pec-receipt.eml");
const WITHOUT_HEADERS: &str = include_str!("../../../samples/mail/without-headers.txt");

/// Mails that ask for nothing, per mail that does.
const NEWSLETTERS: f64 = 0.06;

pub(super) fn live(life: &mut Life<'_>) {
    if let Some(mailbox) = life.source(Channel::Email, None) {
        let (source, to) = (mailbox.key.clone(), mailbox.address.clone().unwrap_or_default());
        ordinary(life, &source, &to);
    }
    if let Some(mailbox) = life.source(Channel::Pec, None) {
        let (source, to) = (mailbox.key.clone(), mailbox.address.clone().unwrap_or_default());
        let (chance, monthly) = (life.chance.split(3), life.size.certified);
        life.written(chance, monthly, |life, chance, at| {
            let person = life.person(chance);
            if let Some(need) = life.need(chance) {
                certified(life, chance, at, &Mailbox { source: &source, to: &to }, &person, need);
            }
        });
    }
}

/// One of our mailboxes.
pub(super) struct Mailbox<'a> {
    pub(super) source: &'a str,
    pub(super) to: &'a str,
}

fn ordinary(life: &mut Life<'_>, source: &str, to: &str) {
    let (chance, monthly) = (life.chance.split(2), life.size.mails);
    let mailbox = Mailbox { source, to };
    let mut scan = Some(());
    life.written(chance, monthly, |life, chance, at| {
        if scan.take().is_some() {
            // Somebody drops a file that is no mail into the mailbox's folder.
            arrives(life, at, 0, &mailbox, WITHOUT_HEADERS.to_owned(), None);
        }
        if chance.happens(NEWSLETTERS) {
            return newsletter(life, at, &mailbox);
        }
        let person = life.person(chance);
        if let Some(need) = life.need(chance) {
            let from = person.email();
            message(life, chance, at, &mailbox, &person, &from, need);
        }
    });
}

fn newsletter(life: &mut Life<'_>, at: Instant, mailbox: &Mailbox<'_>) {
    let letter = Letter {
        at,
        from: "notizie@liste.example".to_owned(),
        id: format!("n{}@liste.example", at.seconds()),
        ..Letter::default()
    };
    let letter = Letter {
        subject: "Le novità della settimana",
        text: "Le notizie della settimana dalla rete dei comuni.",
        ..letter
    };
    let message = letter.write(NEWSLETTER, life.days.zone, mailbox.to);
    arrives(life, at, 0, mailbox, message, None);
}

/// A citizen's mail with its whole life.
pub(super) fn message(
    life: &mut Life<'_>,
    chance: &mut Chance,
    at: Instant,
    mailbox: &Mailbox<'_>,
    person: &Person,
    from: &str,
    need: &Need,
) -> Story {
    let story = life.story();
    let text = life.words(chance, &need.text);
    let letter = Letter {
        at,
        from: from.to_owned(),
        id: format!("m{story}.{}@posta.example", at.seconds()),
        name: person.full_name(),
        ..Letter::default()
    };
    let letter = Letter { subject: &need.subject, text: &text, ..letter };
    let template = if chance.happens(0.15) { WITH_PHOTO } else { MESSAGE };
    let written = letter.write(template, life.days.zone, mailbox.to);
    arrives(life, at, story, mailbox, written, Some(letter.id.clone()));
    let ticket = Opened {
        story,
        at,
        channel: Channel::Email,
        theme: &need.theme,
        classify: true,
        citizen: (person.full_name(), from.to_owned()),
        reply: &need.reply,
    };
    let worked = life.work(chance, &ticket);
    answers(life, chance, story, mailbox, &letter, worked);
    story
}

/// What comes back for our answer: nothing mostly.
fn answers(
    life: &mut Life<'_>,
    chance: &mut Chance,
    story: Story,
    mailbox: &Mailbox<'_>,
    letter: &Letter<'_>,
    worked: Worked,
) {
    let (Some(answered), Some(resolved)) = (worked.answered_at, worked.resolved_at) else { return };
    let next =
        |at: Instant| Letter { at, id: format!("r{story}.{}@posta.example", at.seconds()), ..letter.clone() };
    let drawn = chance.share();
    if drawn < 0.07 && answered == resolved {
        let robot = next(resolved.plus_seconds(chance.between(15, 90)));
        let written = robot.write(OUT_OF_OFFICE, life.days.zone, mailbox.to);
        arrives(life, robot.at, story, mailbox, written, None);
    } else if drawn < 0.11 && answered == resolved {
        let server = next(resolved.plus_seconds(chance.between(20, 120)));
        let written = server.write(BOUNCE, life.days.zone, mailbox.to);
        arrives(life, server.at, story, mailbox, written, None);
    } else if drawn < 0.18 {
        let citizen = next(resolved.plus_seconds(chance.between(3_600, 4 * 86_400)));
        let citizen = Letter {
            text: "Grazie, ma non è chiaro a quale ufficio devo rivolgermi. Potete indicarmelo?",
            ..citizen
        };
        let written = citizen.write(ANSWER, life.days.zone, mailbox.to);
        arrives(life, citizen.at, story, mailbox, written, None);
        life.again(chance, story, citizen.at, Some("L'ufficio competente è in via Larga 12, primo piano."));
    }
}

impl Life<'_> {
    /// The citizen's answer to our question, which ends the wait: it refers to our mail and comes to the first mailbox.
    pub(super) fn citizen_answers(&mut self, ticket: &Opened<'_>, at: Instant) {
        let Some(mailbox) = self.source(Channel::Email, None) else { return };
        let (source, to) = (mailbox.key.clone(), mailbox.address.clone().unwrap_or_default());
        let (name, from) = ticket.citizen.clone();
        let letter = Letter {
            at,
            name,
            from,
            id: format!("a{}.{}@posta.example", ticket.story, at.seconds()),
            ..Letter::default()
        };
        let letter = Letter {
            subject: "La sua richiesta",
            text: "Ecco il documento e il codice della pratica.",
            ..letter
        };
        let written = letter.write(ANSWER, self.days.zone, &to);
        arrives(self, at, ticket.story, &Mailbox { source: &source, to: &to }, written, None);
    }
}

/// A certified mail: our answer gets its provider's two receipts.
fn certified(
    life: &mut Life<'_>,
    chance: &mut Chance,
    at: Instant,
    mailbox: &Mailbox<'_>,
    person: &Person,
    need: &Need,
) {
    let story = life.story();
    let text = life.words(chance, &need.text);
    let letter = Letter {
        at,
        from: person.certified_email(),
        id: format!("p{story}.{}@pec.example", at.seconds()),
        name: person.full_name(),
        ..Letter::default()
    };
    let letter = Letter { subject: &need.subject, text: &text, ..letter };
    // The conversation is known by the envelope's own id.
    let opens = Some(format!("opec.{}", letter.id));
    arrives(
        life,
        at.plus_seconds(12),
        story,
        mailbox,
        letter.write(ENVELOPE, life.days.zone, mailbox.to),
        opens,
    );
    let ticket = Opened {
        story,
        at: at.plus_seconds(12),
        channel: Channel::Pec,
        theme: &need.theme,
        classify: true,
        citizen: (person.full_name(), person.certified_email()),
        reply: &need.reply,
    };
    let worked = life.work(chance, &ticket);
    let Some(answered) = worked.answered_at else { return };
    for (receipt, prefix, after) in
        [("accettazione", "ACCETTAZIONE", 6), ("avvenuta-consegna", "CONSEGNA", 11)]
    {
        let at = answered.plus_seconds(after);
        let provider = Letter {
            at,
            id: format!("{receipt}.{story}.{}@gestore.example", at.seconds()),
            receipt,
            prefix,
            ..letter.clone()
        };
        let written = provider.write(RECEIPT, life.days.zone, mailbox.to);
        arrives(life, at.plus_seconds(3), story, mailbox, written, None);
    }
}

fn arrives(
    life: &mut Life<'_>,
    at: Instant,
    story: Story,
    mailbox: &Mailbox<'_>,
    message: String,
    opens: Option<String>,
) {
    life.push(at, story, Deed::Mail { source: mailbox.source.to_owned(), message, opens });
}

/// What the templates of `samples/mail` have places for.
#[derive(Clone, Debug)]
struct Letter<'a> {
    at: Instant,
    from: String,
    id: String,
    name: String,
    subject: &'a str,
    text: &'a str,
    receipt: &'a str,
    prefix: &'a str,
}

impl Default for Letter<'_> {
    fn default() -> Self {
        Self {
            at: Instant::from_seconds(0),
            from: String::new(),
            id: String::new(),
            name: String::new(),
            subject: "",
            text: "",
            receipt: "",
            prefix: "",
        }
    }
}

impl Letter<'_> {
    fn write(&self, template: &str, zone: &CityZone, to: &str) -> String {
        let local = zone.local(self.at);
        let offset_s =
            local.to_zoned(TimeZone::UTC).map_or(0, |utc| utc.timestamp().as_second() - self.at.seconds());
        let sign = if offset_s < 0 { '-' } else { '+' };
        let offset = format!("{sign}{:02}{:02}", offset_s.abs() / 3_600, offset_s.abs() % 3_600 / 60);
        let date = format!("{} {offset}", local.strftime("%a, %d %b %Y %H:%M:%S"));
        let delivered = match self.receipt {
            "avvenuta-consegna" => format!("<consegna>{}</consegna>", self.from),
            _ => String::new(),
        };
        fill(
            template,
            &[
                ("date", &date),
                ("zone", &offset),
                ("day", &local.strftime("%d/%m/%Y").to_string()),
                ("hour", &local.strftime("%H:%M:%S").to_string()),
                ("from", &self.from),
                ("to", to),
                ("id", &self.id),
                ("name", &encoded(&self.name)),
                ("signature", &self.name),
                ("subject", &encoded(self.subject)),
                ("plain-subject", &self.subject.replace('&', "&amp;").replace('<', "&lt;")),
                ("text", self.text),
                ("receipt", self.receipt),
                ("prefix", self.prefix),
                ("delivered", &delivered),
            ],
        )
    }
}

/// A header's text: as an encoded word (RFC 2047, Q) where it is not plain ASCII.
fn encoded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let letter = |byte: u8| match byte {
        b' ' => "_".to_owned(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("={byte:02X}"),
    };
    // An encoded word has at most 75 characters: a new one begins at each blank where the last grew long.
    let mut words = vec![String::new()];
    for part in text.split_inclusive(' ') {
        let piece: String = part.bytes().map(letter).collect();
        match words.last_mut().filter(|word| word.len() + piece.len() < 60) {
            Some(word) => word.push_str(&piece),
            None => words.push(piece),
        }
    }
    words
        .iter()
        .filter(|word| !word.is_empty())
        .map(|word| format!("=?UTF-8?Q?{word}?="))
        .collect::<Vec<_>>()
        .join("\r\n ")
}
