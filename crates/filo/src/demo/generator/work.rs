//! What the offices do about a written ticket: taking charge, handing over, asking back, answering, resolving; and
//! what the citizen does about that.

use filo_domain::{
    Instant,
    event::WaitFor,
    vocabulary::{Channel, Outcome},
};

use super::{Deed, Life, Story, chance::Chance};

/// A ticket that was opened in writing.
pub(super) struct Opened<'n> {
    pub(super) story: Story,
    pub(super) at: Instant,
    pub(super) channel: Channel,
    /// Its theme.
    pub(super) theme: &'n str,
    /// Whether the operator has to set it.
    pub(super) classify: bool,
    /// The citizen's name and address, for mails about it.
    pub(super) citizen: (String, String),
    pub(super) reply: &'n str,
}

/// What became of it, for what follows on the channel itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Worked {
    /// When the citizen was first answered.
    pub(super) answered_at: Option<Instant>,
    /// When it was resolved.
    pub(super) resolved_at: Option<Instant>,
}

const DAY_S: i64 = 86_400;
const GREETING: &str = "Gentile cittadina, gentile cittadino,\n\n";
const QUESTION: &str = "Gentile cittadina, gentile cittadino,\n\nper procedere ci servono un documento e il codice della pratica. Può rispondere a questo messaggio.";

impl Life<'_> {
    /// Works a ticket from its opening to its end.
    pub(super) fn work(&mut self, chance: &mut Chance, ticket: &Opened<'_>) -> Worked {
        if chance.happens(never_taken(ticket.channel)) {
            return Worked::default();
        }
        let lasting = lasting(chance, ticket.channel);
        // Whoever answers the same day takes it at once.
        let longest = longest_charge(ticket.channel).min(lasting.map_or(i64::MAX, |due| due / 4).max(600));
        let charged = self.days.at_work(ticket.at, chance.between(300, longest));
        let theme = ticket.classify.then(|| ticket.theme.to_owned());
        self.push(charged, ticket.story, Deed::TakeCharge { theme });
        if chance.happens(0.02) {
            let at = self.days.at_work(charged, chance.between(60, 1_200));
            self.push(at, ticket.story, Deed::Cancel("contatto inviato per errore".to_owned()));
            return Worked::default();
        }
        let Some(due) = lasting else { return Worked::default() };
        let in_charge = if chance.happens(handed_over(ticket.channel)) && due > DAY_S / 2 {
            self.hand_over(chance, ticket, charged)
        } else {
            charged
        };
        let resolved =
            self.days.at_work(in_charge.max(ticket.at.plus_seconds(due)), chance.between(60, 5_400));
        let asked = self.pauses(chance, ticket, in_charge, resolved);
        self.resolve(chance, ticket, resolved, asked)
    }

    /// Gives it to the competent unit of level II, which takes it in charge.
    fn hand_over(&mut self, chance: &mut Chance, ticket: &Opened<'_>, charged: Instant) -> Instant {
        let at = self.days.at_work(charged, chance.between(300, 7_200));
        let unit = self.city.unit_of_theme(ticket.theme, self.city.zone.day(at));
        let Some(unit) = unit.filter(|unit| unit.level == filo_domain::vocabulary::Level::II) else {
            return charged;
        };
        self.push(at, ticket.story, Deed::Escalate { unit: unit.key.clone() });
        let taken = self.days.at_work(at, chance.between(600, 20_000));
        self.push(taken, ticket.story, Deed::TakeCharge { theme: None });
        taken
    }

    /// Some wait for somebody in between; gives when the citizen was asked something.
    fn pauses(
        &mut self,
        chance: &mut Chance,
        ticket: &Opened<'_>,
        from: Instant,
        to: Instant,
    ) -> Option<Instant> {
        let room = to.seconds_since(from);
        if room < 3 * DAY_S || !chance.happens(0.22) {
            return None;
        }
        let stop = self.days.at_work(from, chance.between(600, 9_000));
        let go_on = self.days.at_work(stop.plus_seconds(room / 3), chance.between(60, 3_600));
        let by_mail = matches!(ticket.channel, Channel::Scrivi | Channel::Email);
        if go_on >= to {
            return None;
        }
        if by_mail && chance.happens(0.6) {
            self.push(stop, ticket.story, Deed::Reply(QUESTION.to_owned()));
            self.push(stop.plus_seconds(40), ticket.story, Deed::Wait(WaitFor::Citizen));
            self.citizen_answers(ticket, go_on);
            return Some(stop);
        }
        self.push(stop, ticket.story, Deed::Wait(WaitFor::ThirdParty));
        self.push(go_on, ticket.story, Deed::Resume);
        None
    }

    fn resolve(
        &mut self,
        chance: &mut Chance,
        ticket: &Opened<'_>,
        at: Instant,
        asked: Option<Instant>,
    ) -> Worked {
        let answer = format!("{GREETING}{}", ticket.reply);
        let outcomes = [
            (Outcome::Solved, 0.42),
            (Outcome::Answered, 0.46),
            (Outcome::NotOurs, 0.06),
            (Outcome::Refused, 0.04),
            (Outcome::Duplicate, 0.02),
        ];
        let outcome = chance.weighted(&outcomes).copied().unwrap_or(Outcome::Answered);
        let mut worked = Worked { answered_at: asked.or(Some(at)), resolved_at: Some(at) };
        if chance.happens(0.1) {
            let earlier = self.days.at_work(at.plus_seconds(-DAY_S / 8).max(ticket.at), 30).min(at);
            self.push(earlier, ticket.story, Deed::Note("verificato con l'ufficio competente".to_owned()));
        }
        let silent = chance.happens(0.04) && asked.is_none();
        if silent {
            worked.answered_at = None;
        }
        self.push(at, ticket.story, Deed::Resolve { outcome, reply: (!silent).then_some(answer) });
        worked
    }

    /// A further round: somebody takes it and answers.
    pub(super) fn again(&mut self, chance: &mut Chance, story: Story, from: Instant, reply: Option<&str>) {
        let charged = self.days.at_work(from, chance.between(600, 30_000));
        self.push(charged, story, Deed::TakeCharge { theme: None });
        let resolved = self.days.at_work(charged, chance.between(1_800, 90_000));
        let reply = reply.map(|reply| format!("{GREETING}{reply}"));
        self.push(resolved, story, Deed::Resolve { outcome: Outcome::Answered, reply });
    }
}

fn never_taken(channel: Channel) -> f64 {
    match channel {
        Channel::Social | Channel::Chat => 0.16,
        _ => 0.035,
    }
}

/// Seconds of opening hours until somebody takes it, at most.
fn longest_charge(channel: Channel) -> i64 {
    match channel {
        Channel::Social | Channel::Chat => 4 * 3_600,
        _ => 20 * 3_600,
    }
}

fn handed_over(channel: Channel) -> f64 {
    match channel {
        Channel::Scrivi | Channel::Email => 0.3,
        Channel::Pec => 0.7,
        _ => 0.08,
    }
}

/// Seconds from the opening to the resolution: by the buckets of 2021 for Scrivi (a day, a week, a month, more),
/// two weeks in the mean for mail, a day and a half for social; `None` for what stays open.
fn lasting(chance: &mut Chance, channel: Channel) -> Option<i64> {
    let bands: [((i64, i64), f64); 5] = match channel {
        Channel::Social | Channel::Chat => [
            ((1_800, DAY_S / 4), 0.5),
            ((DAY_S / 4, DAY_S), 0.25),
            ((DAY_S, 4 * DAY_S), 0.17),
            ((4 * DAY_S, 9 * DAY_S), 0.06),
            ((0, 0), 0.02),
        ],
        Channel::Email | Channel::Pec => [
            ((3_600, DAY_S), 0.1),
            ((DAY_S, 7 * DAY_S), 0.2),
            ((7 * DAY_S, 18 * DAY_S), 0.36),
            ((18 * DAY_S, 40 * DAY_S), 0.28),
            ((0, 0), 0.06),
        ],
        _ => [
            ((1_800, DAY_S / 3), 0.3),
            ((DAY_S, 6 * DAY_S), 0.22),
            ((7 * DAY_S, 27 * DAY_S), 0.34),
            ((30 * DAY_S, 60 * DAY_S), 0.09),
            ((0, 0), 0.05),
        ],
    };
    let (least, most) = *chance.weighted(&bands)?;
    (most > 0).then(|| chance.between(least, most))
}
