//! A generated month of city life, and some weeks before it: what arrives on every channel as real bytes, and what
//! the offices do about it, each act at its instant.
//!
//! **Invariant:** the acts are a pure function of the city, the days and the seed: no clock, no environment, no
//! hash order. Running the demo twice for the same month takes in the same bytes.
//!
//! The shape is that of the city's own figures (monitoring of 2021, results of 2020), at a seventieth or so of its
//! size: calls from Monday to Saturday in opening hours with a peak from 9 to 11, three times as many on Mondays as on
//! Saturdays, none on holidays; written contacts also at night and on Sundays; themes by their shares of 2021; a
//! mean wait between one and two minutes, about one call in six given up; three answered calls in four registered;
//! half of the written requests resolved within a week, a tenth not yet; some contested, some never taken.
//!
//! Start at [`generate`]; [`Act`] is what comes out. Each channel has a module, and `work` does the offices' part.

pub(crate) mod chance;
pub(crate) mod days;
mod mail;
mod meta;
pub(crate) mod people;
mod phone;
mod recurring;
mod scrivi;
mod work;

use filo_app::RegisterCall;
use filo_domain::{
    Instant,
    city::{City, Source},
    event::WaitFor,
    form::Submission,
    vocabulary::{Channel, IdentityType, Outcome},
};
use jiff::civil::Date;

use self::{
    chance::Chance,
    days::Days,
    people::{Crowd, Person},
};
use super::samples::{Need, Samples};

/// The number by which the acts about one ticket find it.
pub(crate) type Story = usize;

/// One thing that somebody does.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    /// When: never after [`Span::until`].
    pub(crate) at: Instant,
    /// About which ticket.
    pub(crate) story: Story,
    /// What.
    pub(crate) deed: Deed,
}

/// What somebody does.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    /// The phone system's log grew by these lines.
    Log {
        /// The source.
        source: String,
        /// The lines.
        lines: String,
    },
    /// A mail arrived; `{our-id}` in it is the Message-ID of our last message of the ticket.
    Mail {
        /// The mailbox.
        source: String,
        /// The message.
        message: String,
        /// Its Message-ID, where it opens the ticket of the story.
        opens: Option<String>,
    },
    /// A platform pushed an event; `{our-id}` as in mails.
    Webhook {
        /// The source.
        source: String,
        /// The body.
        body: String,
        /// The id of its contact, where it opens the ticket of the story.
        opens: Option<String>,
    },
    /// A form was sent.
    Submit(Box<Submission>),
    /// An operator registered a call.
    Register {
        /// The source of the call.
        source: String,
        /// The phone system's id of it.
        call_id: String,
        /// How.
        request: Box<RegisterCall>,
    },
    /// Somebody accepted the ticket, and set its theme where the contact had none.
    TakeCharge {
        /// The theme to set.
        theme: Option<String>,
    },
    /// It was handed over to a unit.
    Escalate {
        /// The unit.
        unit: String,
    },
    /// It waits.
    Wait(WaitFor),
    /// It waits no longer.
    Resume,
    /// The citizen was answered.
    Reply(String),
    /// Something was noted.
    Note(String),
    /// It was resolved.
    Resolve {
        /// How.
        outcome: Outcome,
        /// With this answer.
        reply: Option<String>,
    },
    /// It was cancelled.
    Cancel(String),
    /// The citizen contested the resolution, by number and code.
    Contest(String),
    /// The citizen rated it, by number and code.
    Rate(u8),
    /// An operator found that several persons are one, merged them, and joined the tickets into a matter.
    Unite {
        /// By what the citizen was looked up.
        email: String,
        /// What the matter is about.
        title: String,
        /// The tickets.
        stories: Vec<Story>,
    },
    /// The schedules of the night ran.
    Maintain,
}

/// How much happens in a month.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Calls that enter a queue.
    pub(crate) calls: f64,
    /// Requests on Scrivi.
    pub(crate) requests: f64,
    /// Mails, certified ones apart.
    pub(crate) mails: f64,
    /// Certified mails.
    pub(crate) certified: f64,
    /// Posts of the page on which people comment.
    pub(crate) posts: f64,
    /// Direct messages and chats.
    pub(crate) direct: f64,
    /// Citizens who use every channel about one need, in the whole span.
    pub(crate) recurring: usize,
}

impl Size {
    /// The demo's: some thousand calls and some hundred tickets, half a minute's work.
    pub(crate) const DEMO: Self = Self {
        calls: 1_100.0,
        requests: 130.0,
        mails: 60.0,
        certified: 10.0,
        posts: 7.0,
        direct: 36.0,
        recurring: 8,
    };

    /// So much of it.
    pub(crate) fn times(self, scale: f64) -> Self {
        // Some use every channel, however little happens.
        let usual = u32::try_from(self.recurring).unwrap_or(u32::MAX);
        let recurring = chance::whole(f64::from(usual) * scale).max(1);
        Self {
            calls: self.calls * scale,
            requests: self.requests * scale,
            mails: self.mails * scale,
            certified: self.certified * scale,
            posts: self.posts * scale,
            direct: self.direct * scale,
            recurring: usize::try_from(recurring).unwrap_or(self.recurring),
        }
    }
}

/// Which days are lived.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// The first day of contacts.
    pub(crate) from: Date,
    /// The day after the last day of contacts.
    pub(crate) to: Date,
    /// Nothing happens after this.
    pub(crate) until: Instant,
}

/// Lives the days of a span: every act, in order of time.
pub(crate) fn generate(city: &City, samples: &Samples, span: Span, size: Size, seed: u64) -> Vec<Act> {
    let mut life = Life::new(city, samples, span, size, seed);
    scrivi::live(&mut life);
    mail::live(&mut life);
    meta::live(&mut life);
    let extra = recurring::live(&mut life);
    phone::live(&mut life, extra);
    life.nights();
    let mut acts = life.acts;
    acts.retain(|act| act.at <= span.until);
    // Stable: what a channel put first stays first.
    acts.sort_by_key(|act| act.at);
    acts
}

/// What the channels' generators share.
struct Life<'a> {
    city: &'a City,
    samples: &'a Samples,
    days: Days<'a>,
    span: Span,
    size: Size,
    /// The needs whose theme this city has.
    needs: Vec<&'a Need>,
    crowd: Crowd,
    chance: Chance,
    acts: Vec<Act>,
    stories: Story,
}

/// The shares of the themes in 2021 (anagrafe 33 % …), of those that the monitoring names.
const THEMES: [(&str, f64); 8] = [
    ("anagrafe", 33.0),
    ("tributi", 16.0),
    ("polizia-locale", 15.0),
    ("sociale", 12.0),
    ("mobilita", 8.0),
    ("educazione", 3.0),
    ("numeri-utili", 2.0),
    ("altro", 2.0),
];
/// Of a month's weight (25 days like a Thursday) each day has its part.
const DAYS_OF_A_MONTH: f64 = 25.0;
/// Of persons who call, as a share of a month's calls.
const CROWD: f64 = 1.15;

impl<'a> Life<'a> {
    fn new(city: &'a City, samples: &'a Samples, span: Span, size: Size, seed: u64) -> Self {
        let days = Days { zone: &city.zone, calendar: &city.calendar };
        let needs = samples.needs.iter().filter(|need| city.themes.get(&need.theme).is_some()).collect();
        let crowd = Crowd { size: usize::try_from(chance::whole(size.calls * CROWD)).unwrap_or(1).max(40) };
        Self {
            city,
            samples,
            days,
            span,
            size,
            needs,
            crowd,
            chance: Chance::of(seed),
            acts: vec![],
            stories: 0,
        }
    }
    /// Adds an act.
    fn push(&mut self, at: Instant, story: Story, deed: Deed) {
        self.acts.push(Act { at, story, deed });
    }
    /// A new ticket's number.
    fn story(&mut self) -> Story {
        self.stories += 1;
        self.stories
    }
    /// The first source of a channel, on a platform where one is asked for.
    fn source(&self, channel: Channel, platform: Option<IdentityType>) -> Option<&'a Source> {
        let fits =
            |it: &&Source| it.channel == Some(channel) && (platform.is_none() || it.platform == platform);
        self.city.sources.iter().find(fits)
    }
    /// How many of so many a month fall on a day of this weight; the fraction by chance.
    fn count(&self, chance: &mut Chance, monthly: f64, weight: f64) -> i64 {
        let noise = 0.9 + 0.2 * chance.share();
        chance::whole(monthly / DAYS_OF_A_MONTH * weight * noise + chance.share())
    }
    /// A need, its theme by the shares of 2021.
    fn need(&self, chance: &mut Chance) -> Option<&'a Need> {
        let top = *chance.weighted(&THEMES)?;
        let of_theme: Vec<&Need> = self.needs.iter().copied().filter(|need| need.top() == top).collect();
        chance.one_of(if of_theme.is_empty() { &self.needs } else { &of_theme }).copied()
    }
    /// A citizen.
    fn person(&self, chance: &mut Chance) -> Person {
        Person::of(self.crowd.draw(chance), &self.samples.names)
    }
    /// A text with a place in it, so that no two are the same.
    fn words(&self, chance: &mut Chance, template: &str) -> String {
        let street = chance.one_of(&self.samples.names.streets).cloned().unwrap_or_default();
        let number = chance.between(1, 180).to_string();
        super::samples::fill(template, &[("street", &street), ("number", &number)])
    }
    /// Each day's contacts: draws how many and calls back for each with its instant.
    fn written(
        &mut self,
        mut chance: Chance,
        monthly: f64,
        mut each: impl FnMut(&mut Self, &mut Chance, Instant),
    ) {
        for day in days::days(self.span.from, self.span.to) {
            let weight = self.days.written_weight(day);
            for _ in 0..self.count(&mut chance, monthly, weight) {
                if let Some(at) = self.days.written(&mut chance, day) {
                    each(self, &mut chance, at);
                }
            }
        }
    }
    /// The schedules run each night at half past two.
    fn nights(&mut self) {
        let Ok(time) = jiff::civil::Time::new(2, 30, 0, 0) else { return };
        let last = self.city.zone.day(self.span.until).tomorrow().unwrap_or(self.span.to);
        for day in days::days(self.span.from, last) {
            let at = self.city.zone.instant(day.to_datetime(time));
            self.push(at, 0, Deed::Maintain);
        }
    }
}

#[cfg(test)]
mod tests;
