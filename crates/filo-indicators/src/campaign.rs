//! A campaign's report: the month's figures for one theme, tag or unit between two dates, with a series of days or
//! weeks.
//!
//! **Invariant:** it is made of the same measures as the monthly report, over the facts of the campaign's tickets
//! alone, and every figure is entered under its JSON Pointer, so that [`explain`] shows exactly what is printed.
//! Contacts without a ticket belong to no campaign: nobody said what they were about. Start at [`campaign_report`].

use std::collections::{BTreeMap, BTreeSet, HashSet};

use filo_domain::{CityZone, Instant, Period, PersonId, TicketId, vocabulary::Word};
use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{
    book::{Book, Page},
    definition::{Definitions, Rules},
    digest,
    explain::{ExplainedDefinition, Explanation},
    facts::{Facts, TicketFact},
    figure::{Item, ItemKind},
    report::{
        Backlog, Duration, Levels, UnitRow,
        workload::{self, grouped},
    },
    view::{Contact, Standing, TicketClock, View, Window},
    words,
};

/// The name and version of the report's form.
pub const SCHEMA: &str = "filo.campaign-report/1";

/// What a campaign is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Tickets with this tag.
    Tag(String),
    /// Tickets of this theme, those of its second level included.
    Theme(String),
    /// Tickets of this unit: the unit at the resolution, or now.
    Unit(String),
}

impl Subject {
    /// A subject from its kind and key; `None` for an unknown kind.
    pub fn of(word: &str, key: String) -> Option<Self> {
        match word {
            "tag" => Some(Self::Tag(key)),
            "theme" => Some(Self::Theme(key)),
            "unit" => Some(Self::Unit(key)),
            _ => None,
        }
    }
    /// Its kind.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Tag(_) => "tag",
            Self::Theme(_) => "theme",
            Self::Unit(_) => "unit",
        }
    }
    /// Which tag, theme or unit.
    pub fn key(&self) -> &str {
        match self {
            Self::Tag(key) | Self::Theme(key) | Self::Unit(key) => key,
        }
    }
    fn holds(&self, ticket: &TicketFact) -> bool {
        match self {
            Self::Tag(tag) => ticket.tags.contains(tag),
            Self::Theme(theme) => ticket.theme.as_deref().is_some_and(|own| {
                own.strip_prefix(theme.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }),
            Self::Unit(unit) => ticket.history.unit.as_ref() == Some(unit),
        }
    }
}

/// How long a step of the series is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A local day.
    #[default]
    Day,
    /// Seven local days from the campaign's first.
    Week,
}

impl Word for Step {
    const NAME: &'static str = "step";
    const ALL: &'static [Self] = &[Self::Day, Self::Week];
    fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
        }
    }
}

/// A campaign: what it is about, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    /// Its name.
    pub label: String,
    /// What it is about.
    #[serde(flatten)]
    pub subject: Subject,
    /// Its first local day.
    pub from: Date,
    /// The first local day after it.
    pub to: Date,
    /// How long a step of the series is.
    pub step: Step,
}

impl Campaign {
    /// The window of a part of it: what is open is told as at its end, or as at the present when that comes first.
    fn window(from: Instant, to: Instant, zone: &CityZone, as_of: Instant) -> Window {
        let first = Period::month_of(zone.day(from));
        Window { at: to.min(as_of), ..Window::between(from, to, first) }
    }

    /// Its span in the city's zone: half-open.
    pub fn span(&self, zone: &CityZone) -> (Instant, Instant) {
        (zone.day_start(self.from), zone.day_start(self.to))
    }

    fn steps(&self, zone: &CityZone) -> Vec<(Date, Date, Instant, Instant)> {
        let days = match self.step {
            Step::Day => 1,
            Step::Week => 7,
        };
        let mut steps = Vec::new();
        let mut from = self.from;
        while from < self.to {
            let to = from.saturating_add(days.days()).min(self.to);
            steps.push((from, to, zone.day_start(from), zone.day_start(to)));
            from = to;
        }
        steps
    }
}

/// A campaign's report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignReport {
    /// [`SCHEMA`].
    pub schema: String,
    /// The campaign.
    pub campaign: Campaign,
    /// Its first instant.
    pub from: Instant,
    /// The first instant after it.
    pub to: Instant,
    /// The city's zone by its IANA name.
    pub zone: String,
    /// The instant as at which everything is known.
    pub as_of: Instant,
    /// SHA-256 over the canonical facts behind it, in hexadecimal.
    pub inputs_sha256: String,
    /// The set of definitions in force on its first day, and its version.
    pub definitions: BTreeMap<String, String>,
    /// Its figures.
    #[serde(flatten)]
    pub figures: CampaignFigures,
}

impl CampaignReport {
    /// The name of its files without their extension: `filo-campaign-tributi-tari-2026-07-01-2026-11-20`.
    pub fn file_stem(&self) -> String {
        let Campaign { subject, from, to, .. } = &self.campaign;
        let letter = |it: char| if it.is_ascii_alphanumeric() { it } else { '-' };
        let key: String = subject.key().chars().map(letter).collect();
        format!("filo-campaign-{key}-{from}-{to}")
    }
}

/// The figures of a campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignFigures {
    /// Its tickets.
    pub tickets: CampaignTickets,
    /// How they split into information, assistance and the other kinds.
    pub kinds: Vec<SplitRow>,
    /// How they split into themes.
    pub themes: Vec<SplitRow>,
    /// How many carry each tag; a ticket may carry several.
    pub tags: Vec<SplitRow>,
    /// By channel: what they were opened on, and the contacts.
    pub channels: Vec<CampaignChannel>,
    /// Who made contact.
    pub callers: Callers,
    /// The two levels.
    pub levels: Levels,
    /// The units, task forces among them.
    pub units: Vec<UnitRow>,
    /// Opening to the first response.
    pub response: Duration,
    /// Opening to the first resolution.
    pub resolution: Duration,
    /// What is open at the end.
    pub backlog: Backlog,
    /// Day by day, or week by week.
    pub series: Vec<SeriesRow>,
}

/// The tickets of a campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignTickets {
    /// Opened in the span.
    pub opened: u64,
    /// ÷ all tickets opened in the span.
    pub share_of_all_tickets: Option<f64>,
    /// Resolved or closed.
    pub resolved: u64,
    /// Resolved ÷ opened.
    pub resolved_share: Option<f64>,
    /// Still open.
    pub active: u64,
    /// Active ÷ opened.
    pub active_share: Option<f64>,
    /// Cancelled.
    pub cancelled: u64,
}

/// A part of the tickets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitRow {
    /// The kind, theme or tag; tickets without one are `unclassified`.
    pub key: String,
    /// Tickets opened in the span.
    pub count: u64,
    /// ÷ the campaign's tickets.
    pub share: Option<f64>,
}

/// A channel of a campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignChannel {
    /// The channel.
    pub channel: String,
    /// Tickets opened on it in the span.
    pub tickets: u64,
    /// Contacts through it in the span.
    pub contacts: u64,
}

/// Who made contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Callers {
    /// Contacts in the span.
    pub contacts: u64,
    /// Distinct persons among those who made them.
    pub distinct: u64,
    /// Contacts of nobody known: withheld numbers, forms without an address.
    pub unknown: u64,
}

/// One step of the series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesRow {
    /// Its first local day.
    pub from: Date,
    /// The first local day after it.
    pub to: Date,
    /// Tickets opened.
    pub opened: u64,
    /// Contacts.
    pub contacts: u64,
    /// First resolutions.
    pub resolved: u64,
}

/// The row of tickets without a theme.
const UNCLASSIFIED: &str = "unclassified";

/// The report of a campaign: a pure function of the facts of its span and the definitions in force on its first day.
pub fn campaign_report(
    facts: &Facts,
    definitions: &Definitions,
    campaign: &Campaign,
    zone: &CityZone,
    as_of: Instant,
) -> CampaignReport {
    let (from, to) = campaign.span(zone);
    let set = definitions.set(Period::month_of(campaign.from));
    let own = of_campaign(facts, &campaign.subject);
    CampaignReport {
        schema: SCHEMA.to_owned(),
        campaign: campaign.clone(),
        from,
        to,
        zone: zone.name().to_owned(),
        as_of,
        inputs_sha256: digest::inputs(&own, (from, to)),
        definitions: BTreeMap::from([(set.set.clone(), set.version())]),
        figures: figures(facts, &own, &set.report, campaign, zone, as_of, &mut Book::default()),
    }
}

/// Explains the figure at a JSON Pointer into the report; `None` where there is none.
pub fn explain(
    facts: &Facts,
    definitions: &Definitions,
    campaign: &Campaign,
    zone: &CityZone,
    as_of: Instant,
    pointer: &str,
) -> Option<Explanation> {
    let mut book = Book::wanting(pointer);
    let set = definitions.set(Period::month_of(campaign.from));
    let own = of_campaign(facts, &campaign.subject);
    let _printed = figures(facts, &own, &set.report, campaign, zone, as_of, &mut book);
    let figure = book.found()?;
    let (words, formula) = words::of_campaign(pointer);
    let definition = ExplainedDefinition { words, formula, version: set.version() };
    let period = format!("{}/{}", campaign.from, campaign.to);
    Some(Explanation::of(pointer, period, as_of, definition, None, figure))
}

/// The facts of a campaign: its tickets, those merged into them, and what was said in them.
fn of_campaign(facts: &Facts, subject: &Subject) -> Facts {
    let mut ids: HashSet<TicketId> =
        facts.tickets.iter().filter(|ticket| subject.holds(ticket)).map(|ticket| ticket.id).collect();
    // A chain of merges is as long as its tickets.
    loop {
        let joined: Vec<TicketId> = facts
            .tickets
            .iter()
            .filter(|ticket| !ids.contains(&ticket.id))
            .filter(|ticket| ticket.merged_into.is_some_and(|into| ids.contains(&into)))
            .map(|ticket| ticket.id)
            .collect();
        if joined.is_empty() {
            break;
        }
        ids.extend(joined);
    }
    let ours = |ticket: Option<TicketId>| ticket.is_some_and(|id| ids.contains(&id));
    Facts {
        calls: facts.calls.iter().filter(|call| ours(call.ticket)).cloned().collect(),
        interactions: facts.interactions.iter().filter(|it| ours(it.ticket)).cloned().collect(),
        tickets: facts.tickets.iter().filter(|ticket| ids.contains(&ticket.id)).cloned().collect(),
        ..Facts::default()
    }
}

fn figures(
    all: &Facts,
    own: &Facts,
    rules: &Rules,
    campaign: &Campaign,
    zone: &CityZone,
    as_of: Instant,
    book: &mut Book,
) -> CampaignFigures {
    let (from, to) = campaign.span(zone);
    let window = Campaign::window(from, to, zone, as_of);
    let view = View::new(own, rules, zone, as_of);
    let stopped = |clock: TicketClock| view.measured(move |ticket| ticket.stopped(clock, window));
    let mut page = book.page("");
    CampaignFigures {
        tickets: CampaignTickets::of(all, &view, window, &mut page.at("tickets")),
        kinds: split(&view, window, |it| vec![it.kind.word()], &mut page.at("kinds")),
        themes: split(
            &view,
            window,
            |it| vec![it.theme.as_deref().unwrap_or(UNCLASSIFIED)],
            &mut page.at("themes"),
        ),
        tags: split(&view, window, |it| it.tags.iter().map(String::as_str).collect(), &mut page.at("tags")),
        channels: channels(&view, window, &mut page.at("channels")),
        callers: Callers::of(&view, window, &mut page.at("callers")),
        levels: Levels::of(&view, window, &mut page.at("levels")),
        units: workload::units(&view, window, &mut page.at("units")),
        response: page.duration("response", "opened_to_first_response", stopped(TicketClock::FirstResponse)),
        resolution: page.duration("resolution", "opened_to_resolved", stopped(TicketClock::Resolved)),
        backlog: Backlog::of(&view, window, &mut page.at("backlog")),
        series: series(&view, campaign, zone, as_of, &mut page.at("series")),
    }
}

impl CampaignTickets {
    fn of(all: &Facts, view: &View, window: Window, page: &mut Page) -> Self {
        let ours: HashSet<TicketId> = view.opened_in(window).iter().map(|ticket| ticket.id).collect();
        let merged = || view.merged_in(window, |_| true);
        let every = all
            .tickets
            .iter()
            .filter(|ticket| ticket.merged_into.is_none() && window.holds(ticket.history.opened_at))
            .map(|ticket| ticket.item().counted_if(ours.contains(&ticket.id)));
        let standing = |standing: Standing| {
            let opened = view.opened_in(window).iter();
            opened.map(move |it| it.item().counted_if(it.standing() == standing)).chain(merged())
        };
        Self {
            opened: page.count("opened", view.opened_in(window).iter().map(|it| it.item()).chain(merged())),
            share_of_all_tickets: page.share("share_of_all_tickets", every.chain(merged())),
            resolved: page.count("resolved", standing(Standing::Resolved)),
            resolved_share: page.share("resolved_share", standing(Standing::Resolved)),
            active: page.count("active", standing(Standing::Open)),
            active_share: page.share("active_share", standing(Standing::Open)),
            cancelled: page.count("cancelled", standing(Standing::Cancelled)),
        }
    }
}

/// The tickets by key, the most frequent first; a ticket stands under each of its keys.
fn split<'v>(
    view: &View<'v>,
    window: Window,
    keys: impl Fn(&'v TicketFact) -> Vec<&'v str>,
    page: &mut Page,
) -> Vec<SplitRow> {
    let opened = view.opened_in(window);
    let mut groups: BTreeMap<&str, BTreeSet<TicketId>> = BTreeMap::new();
    for ticket in opened {
        for key in keys(ticket) {
            groups.entry(key).or_default().insert(ticket.id);
        }
    }
    let mut order: Vec<(&str, BTreeSet<TicketId>)> = groups.into_iter().collect();
    order.sort_by_key(|(key, own)| (*key == UNCLASSIFIED, std::cmp::Reverse(own.len()), *key));
    let row = |(index, (key, own)): (usize, (&str, BTreeSet<TicketId>))| {
        let mut page = page.at(index);
        let items = || opened.iter().map(|ticket| ticket.item().counted_if(own.contains(&ticket.id)));
        SplitRow {
            key: key.to_owned(),
            count: page.count("count", items()),
            share: page.share("share", items()),
        }
    };
    order.into_iter().enumerate().map(row).collect()
}

fn channels(view: &View, window: Window, page: &mut Page) -> Vec<CampaignChannel> {
    let mut tickets = grouped(view.opened_in(window), |ticket| ticket.channel);
    let mut contacts: BTreeMap<_, Vec<Item>> = BTreeMap::new();
    for contact in view.contacts_in(window) {
        contacts.entry(contact.channel).or_default().push(contact.item());
    }
    let all: BTreeSet<_> = tickets.keys().chain(contacts.keys()).copied().collect();
    let mut rows = Vec::new();
    for (index, channel) in all.into_iter().enumerate() {
        let mut page = page.at(index);
        rows.push(CampaignChannel {
            channel: channel.word().to_owned(),
            tickets: page.count("tickets", tickets.remove(&channel).unwrap_or_default().into_iter()),
            contacts: page.count("contacts", contacts.remove(&channel).unwrap_or_default().into_iter()),
        });
    }
    rows
}

impl Callers {
    fn of(view: &View, window: Window, page: &mut Page) -> Self {
        let contacts = view.contacts_in(window);
        let mut first: BTreeMap<PersonId, &Contact> = BTreeMap::new();
        for contact in contacts {
            if let Some(person) = contact.person {
                first.entry(person).or_insert(contact);
            }
        }
        let person = |(id, contact): (&PersonId, &&Contact)| {
            Item::new(id.uuid(), ItemKind::Person, contact.channel, contact.at)
        };
        Self {
            contacts: page.count("contacts", contacts.iter().map(Contact::item)),
            distinct: page.count("distinct", first.iter().map(person)),
            unknown: page.count(
                "unknown",
                contacts.iter().filter(|contact| contact.person.is_none()).map(Contact::item),
            ),
        }
    }
}

fn series(
    view: &View,
    campaign: &Campaign,
    zone: &CityZone,
    as_of: Instant,
    page: &mut Page,
) -> Vec<SeriesRow> {
    let row = |(index, (from, to, start, end)): (usize, (Date, Date, Instant, Instant))| {
        let window = Campaign::window(start, end, zone, as_of);
        let mut page = page.at(index);
        let resolved = view.measured(|ticket| ticket.stopped(TicketClock::Resolved, window));
        SeriesRow {
            from,
            to,
            opened: page.count("opened", view.opened_in(window).iter().map(|ticket| ticket.item())),
            contacts: page.count("contacts", view.contacts_in(window).iter().map(Contact::item)),
            resolved: page.count("resolved", resolved.map(|item| Item { seconds: None, ..item })),
        }
    };
    campaign.steps(zone).into_iter().enumerate().map(row).collect()
}
