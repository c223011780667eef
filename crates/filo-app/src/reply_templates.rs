//! Replies from the city's templates: the places of a text filled in with what is known of a ticket.
//!
//! **Invariant:** a template sees a closed set of names and runs on bounded fuel; a name that is not in the set, or a
//! value that is missing and was not asked for with `{% if %}`, is an error and never a hole in a letter. All templates
//! are rendered with samples when the configuration is read.

use std::collections::BTreeSet;

use filo_domain::{
    Instant,
    city::{City, ReplyTemplate},
    form::Localised,
    ticket::Ticket,
    vocabulary::{Channel, Kind},
};
use filo_store::{Conn, persons, tickets::TicketRecord};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, value::Serde};
use serde::{Deserialize, Serialize};

use crate::{
    App, AppError, Caller, Core, Permission,
    outbox::expected_answer,
    tickets::{folded, visible},
    warnings::{self, Warning},
};

/// Steps that one text may take: a hundred times what the longest shipped one needs.
const FUEL: u64 = 20_000;

/// A template as operators choose it.
#[derive(Clone, Debug, Serialize)]
pub struct ReplyTemplateView {
    /// Its key.
    pub key: String,
    /// What it is called.
    pub label: Localised,
    /// The channels it is for; all where there is none.
    pub channels: Vec<Channel>,
    /// The themes it is for; all where there is none.
    pub themes: Vec<String>,
    /// The kinds it is for; all where there is none.
    pub kinds: Vec<Kind>,
    /// The languages it is written in.
    pub languages: Vec<String>,
}

impl From<&ReplyTemplate> for ReplyTemplateView {
    fn from(template: &ReplyTemplate) -> Self {
        Self {
            key: template.key.clone(),
            label: template.label.clone(),
            channels: template.channels.clone(),
            themes: template.themes.clone(),
            kinds: template.kinds.clone(),
            languages: template.body.keys().cloned().collect(),
        }
    }
}

/// For what templates are asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateQuery {
    /// The channel of the ticket.
    pub channel: Option<Channel>,
    /// The theme of the ticket.
    pub theme: Option<String>,
    /// What it asks for.
    pub kind: Option<Kind>,
}

/// Which template, in which language.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreviewRequest {
    /// The key.
    pub template: String,
    /// `it` or `en`; the city's first language where it is not said.
    pub language: Option<String>,
}

/// A reply before it is sent.
#[derive(Clone, Debug, Serialize)]
pub struct ReplyPreview {
    /// The text.
    pub body: String,
    /// What to look at before it leaves.
    pub warnings: Vec<Warning>,
}

/// Why a template is refused when the configuration is read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: body.{language}: found {problem}, expected a text that can be filled in")]
pub struct TemplateProblem {
    file: String,
    language: String,
    problem: String,
}

impl App {
    /// The templates for a channel, theme and kind, those made for the theme first.
    ///
    /// # Errors
    /// Not the caller's to read.
    pub fn reply_templates(
        &self,
        caller: &Caller,
        query: &TemplateQuery,
    ) -> Result<Vec<ReplyTemplateView>, AppError> {
        caller.must(Permission::ReadTickets)?;
        let theme = query.theme.as_deref();
        let suits = |template: &&ReplyTemplate| template.suits(query.channel, theme, query.kind);
        let mut found: Vec<&ReplyTemplate> = self.core.city.templates.iter().filter(suits).collect();
        found.sort_by_key(|template| !theme.is_some_and(|theme| template.is_special_to(theme)));
        Ok(found.into_iter().map(ReplyTemplateView::from).collect())
    }

    /// Fills a template in for a ticket, without sending anything.
    ///
    /// # Errors
    /// An unknown template or language, not found.
    pub async fn preview_reply(
        &self,
        caller: &Caller,
        id: filo_domain::TicketId,
        request: PreviewRequest,
        now: Instant,
    ) -> Result<ReplyPreview, AppError> {
        caller.must(Permission::WorkTickets)?;
        let (core, caller) = (self.core.clone(), caller.clone());
        self.db
            .read(move |conn| {
                let record = visible(conn, &caller, id)?;
                let ticket = folded(conn, id)?;
                let body = filled(conn, &core, &ticket, &record, &request, now)?;
                Ok(ReplyPreview { warnings: warnings::of_answer(&body), body })
            })
            .await
    }
}

/// What a template may name.
#[derive(Clone, Debug, Serialize)]
struct Names {
    number: String,
    subject: Option<String>,
    theme: Option<String>,
    unit: Option<String>,
    person: Option<String>,
    expected_by: Option<String>,
    today: String,
    city: String,
    phone: String,
    phone_hours: String,
    sender: String,
    links: Links,
}

#[derive(Clone, Debug, Serialize)]
struct Links {
    track: String,
    privacy: String,
}

/// The text of a template for a ticket.
///
/// # Errors
/// An unknown template or language; a text that cannot be filled in for this ticket.
pub(crate) fn filled(
    conn: &mut Conn,
    core: &Core,
    ticket: &Ticket,
    record: &TicketRecord,
    request: &PreviewRequest,
    now: Instant,
) -> Result<String, AppError> {
    let city = &core.city;
    let template =
        city.templates.iter().find(|template| template.key == request.template).ok_or_else(|| {
            let detail = format!("there is no template {:?}: see GET /reply-templates", request.template);
            AppError::invalid("/template", detail)
        })?;
    let first = city.profile.languages.first().map(String::as_str).unwrap_or_default();
    let language = request.language.as_deref().unwrap_or(first);
    let Some(body) = template.body.get(language) else {
        let known: Vec<&str> = template.body.keys().map(String::as_str).collect();
        return Err(AppError::invalid("/language", format!("must be one of {}", known.join(", "))));
    };
    let names = names(conn, core, ticket, record, language, now)?;
    render(body, &names).map_err(|error| {
        AppError::internal(
            "a checked template cannot be filled in",
            format!("{}: {error:#}", template.file()),
        )
    })
}

fn names(
    conn: &mut Conn,
    core: &Core,
    ticket: &Ticket,
    record: &TicketRecord,
    language: &str,
    now: Instant,
) -> Result<Names, AppError> {
    let city = &core.city;
    let person = match ticket.opening.person {
        Some(person) => {
            let person = persons::canonical(conn, person)?;
            persons::find(conn, person)?.and_then(|person| person.name)
        }
        None => None,
    };
    let theme = ticket.theme.as_deref().and_then(|key| city.themes.get(key));
    let unit = ticket.history.unit.as_deref().and_then(|key| city.units.get(key));
    Ok(Names {
        number: ticket.opening.number.clone(),
        subject: record.subject.clone().filter(|subject| !subject.trim().is_empty()),
        theme: theme.map(|theme| theme.label.in_language(language).to_owned()),
        unit: unit.map(|unit| unit.name.clone()),
        person,
        expected_by: expected_answer(core, ticket, now).map(|at| day(city, language, at)),
        today: day(city, language, now),
        links: Links {
            track: format!("{}/scrivi/segui", core.public_url),
            privacy: city.profile.privacy_url.clone(),
        },
        ..city_names(city)
    })
}

/// What is known without a ticket.
fn city_names(city: &City) -> Names {
    Names {
        number: String::new(),
        subject: None,
        theme: None,
        unit: None,
        person: None,
        expected_by: None,
        today: String::new(),
        city: city.profile.name.clone(),
        phone: city.profile.phone.clone(),
        phone_hours: city.profile.phone_hours.clone(),
        sender: city.profile.mail.sender_name.clone(),
        links: Links { track: String::new(), privacy: city.profile.privacy_url.clone() },
    }
}

/// A day in words: `3 dicembre 2026`.
fn day(city: &City, language: &str, at: Instant) -> String {
    let day = city.zone.day(at);
    let month = city.texts.get(language, &format!("months.{}", day.month())).unwrap_or_default();
    format!("{} {month} {}", day.day(), day.year())
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_formatter(|out, state, value| {
        if value.is_none() {
            let why = "a value that may be missing: ask for it with {% if %}";
            return Err(Error::new(ErrorKind::UndefinedError, why));
        }
        minijinja::escape_formatter(out, state, value)
    });
    environment
}

fn render(body: &str, names: &Names) -> Result<String, Error> {
    environment().render_str(body, Serde(names)).map(|text| paragraphs(&text))
}

/// A text without the blank lines that conditions on lines of their own leave: one between two paragraphs.
fn paragraphs(text: &str) -> String {
    let mut lines: Vec<&str> = text.trim().lines().map(str::trim_end).collect();
    lines.dedup_by(|next, before| next.is_empty() && before.is_empty());
    lines.join("\n")
}

/// Fills every template in with a ticket of which all is known and with one of which little is, and refuses names that
/// no ticket has, also where no sample comes by.
///
/// # Errors
/// The first template that cannot be filled in.
pub fn check_reply_templates(city: &City) -> Result<(), TemplateProblem> {
    let samples = samples(city);
    for template in &city.templates {
        for (language, body) in &template.body {
            let refuse = |problem: String| TemplateProblem {
                file: template.file(),
                language: language.clone(),
                problem,
            };
            let strange = strange_names(body, &samples).map_err(|error| refuse(format!("{error:#}")))?;
            if let Some(name) = strange.first() {
                return Err(refuse(format!("the name {name:?}, which no ticket has")));
            }
            for sample in &samples {
                let text = render(body, sample).map_err(|error| refuse(format!("{error:#}")))?;
                if text.is_empty() {
                    return Err(refuse("a text that is empty for some tickets".to_owned()));
                }
            }
        }
    }
    Ok(())
}

fn samples(city: &City) -> [Names; 2] {
    let known = |text: &str| Some(text.to_owned());
    let bare =
        Names { number: "26-0000001".to_owned(), today: "1 gennaio 2026".to_owned(), ..city_names(city) };
    let full = Names {
        subject: known("Passo carraio"),
        theme: known("Mobilità"),
        unit: known("Direzione Mobilità"),
        person: known("Anna Rossi"),
        expected_by: known("31 gennaio 2026"),
        links: Links { track: "https://servizi.example.it/scrivi/segui".to_owned(), ..bare.links.clone() },
        ..bare.clone()
    };
    [full, bare]
}

/// Names in a text that are in no sample.
fn strange_names(body: &str, samples: &[Names; 2]) -> Result<Vec<String>, Error> {
    let environment = environment();
    let template = environment.template_from_str(body)?;
    let known = serde_json::to_value(samples).ok();
    let known = known.as_ref().and_then(|samples| samples.get(0)).and_then(|sample| sample.as_object());
    let known: BTreeSet<&str> =
        known.into_iter().flat_map(|sample| sample.keys()).map(String::as_str).collect();
    let mut strange: Vec<String> = template.undeclared_variables(false).into_iter().collect();
    strange.retain(|name| !known.contains(name.as_str()));
    strange.sort();
    Ok(strange)
}

#[cfg(test)]
mod tests;
