//! Campaigns: reports for a tag, a theme or a unit between two days, computed from the facts whenever they are read.

use filo_domain::{CampaignId, Instant, vocabulary::Word};
use filo_indicators::{
    campaign::{self, Campaign, CampaignReport, Step, Subject},
    explain::Explanation,
};
use filo_store::{
    Conn, audit,
    campaigns::{self as stored, Stored},
};
use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    App, AppError, Caller, Core, Page, Permission,
    cursors::Binding,
    facts::{self, Known},
    mint,
    tickets::{fetch, limit},
};

/// The longest name of a campaign.
const LONGEST_LABEL: usize = 200;
/// The most days of a campaign: two years, leap day included.
const MOST_DAYS: i32 = 731;

/// A campaign to report on: one of `tag`, `theme` and `unit`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCampaign {
    /// Its name; without one, what it is about.
    pub label: Option<String>,
    /// Tickets with this tag.
    pub tag: Option<String>,
    /// Tickets of this theme.
    pub theme: Option<String>,
    /// Tickets of this unit.
    pub unit: Option<String>,
    /// Its first local day, `YYYY-MM-DD`.
    pub from: String,
    /// The first local day after it.
    pub to: String,
    /// `day` (the default) or `week`.
    pub step: Option<String>,
}

/// A campaign as it is listed.
#[derive(Clone, Debug, Serialize)]
pub struct CampaignView {
    /// Its id.
    pub id: CampaignId,
    /// The campaign.
    #[serde(flatten)]
    pub campaign: Campaign,
    /// When it was recorded.
    pub created_at: Instant,
}

/// A campaign with its report.
#[derive(Clone, Debug, Serialize)]
pub struct CampaignWithReport {
    /// The campaign.
    #[serde(flatten)]
    pub view: CampaignView,
    /// Its report, as known now.
    pub report: CampaignReport,
}

/// Which campaigns to list.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CampaignQuery {
    /// 1 to 200, by default 50.
    pub limit: Option<usize>,
    /// From the page before.
    pub cursor: Option<String>,
}

impl App {
    /// Records a campaign and reports on it.
    ///
    /// # Errors
    /// Not one subject, an unknown theme or unit, days in the wrong order, or the store's own.
    pub async fn add_campaign(
        &self,
        caller: &Caller,
        new: NewCampaign,
        now: Instant,
    ) -> Result<CampaignWithReport, AppError> {
        caller.must(Permission::PlanCampaigns)?;
        let (core, actor) = (self.core.clone(), caller.actor());
        let campaign = understood(&core, new)?;
        self.db
            .write(move |conn| {
                let view = CampaignView { id: mint::id(now), campaign, created_at: now };
                stored::insert(conn, row(&view))?;
                audit::append(conn, now, &actor, "campaign_added", json!({ "id": view.id }))?;
                report(conn, &core, view, now)
            })
            .await
    }

    /// One campaign with its report.
    ///
    /// # Errors
    /// No such campaign, or the store's own.
    pub async fn campaign(
        &self,
        caller: &Caller,
        id: CampaignId,
        now: Instant,
    ) -> Result<CampaignWithReport, AppError> {
        caller.must(Permission::ReadReports)?;
        let core = self.core.clone();
        self.db
            .read(move |conn| {
                let view = known(conn, id)?;
                report(conn, &core, view, now)
            })
            .await
    }

    /// A figure of a campaign's report by its JSON Pointer, down to what is behind it.
    ///
    /// # Errors
    /// No such campaign or figure, or the store's own.
    pub async fn explain_campaign(
        &self,
        caller: &Caller,
        id: CampaignId,
        pointer: &str,
        now: Instant,
    ) -> Result<Explanation, AppError> {
        caller.must(Permission::ReadReports)?;
        let (core, pointer) = (self.core.clone(), pointer.to_owned());
        self.db
            .read(move |conn| {
                let CampaignView { campaign, .. } = known(conn, id)?;
                let zone = &core.city.zone;
                let facts = facts::load(conn, &core, campaign.span(zone), Known::at(now))?;
                campaign::explain(&facts, &core.definitions, &campaign, zone, now, &pointer)
                    .ok_or_else(|| AppError::invalid("/pointer", "is no figure of the campaign's report"))
            })
            .await
    }

    /// Lists campaigns, newest first.
    ///
    /// # Errors
    /// A wrong limit or cursor, or the store's own.
    pub async fn list_campaigns(
        &self,
        caller: &Caller,
        query: CampaignQuery,
    ) -> Result<Page<CampaignView>, AppError> {
        caller.must(Permission::ReadReports)?;
        let size = limit(query.limit)?;
        let binding = Binding::of(&query, caller)?;
        let before = query.cursor.as_deref().map(|cursor| binding.read_at(cursor)).transpose()?;
        self.db
            .read(move |conn| {
                let rows = stored::list(conn, before, fetch(size))?;
                let items = rows.into_iter().map(view).collect::<Result<Vec<_>, _>>()?;
                Ok(Page::cut(items, size, |last: &CampaignView| {
                    binding.cursor(last.created_at.micros(), last.id)
                }))
            })
            .await
    }

    /// Forgets a campaign; its tickets are untouched.
    ///
    /// # Errors
    /// No such campaign, or the store's own.
    pub async fn delete_campaign(
        &self,
        caller: &Caller,
        id: CampaignId,
        now: Instant,
    ) -> Result<(), AppError> {
        caller.must(Permission::PlanCampaigns)?;
        let actor = caller.actor();
        self.db
            .write(move |conn| {
                if !stored::delete(conn, id)? {
                    return Err(AppError::NotFound("campaign"));
                }
                Ok(audit::append(conn, now, &actor, "campaign_deleted", json!({ "id": id })).map(drop)?)
            })
            .await
    }
}

fn known(conn: &mut Conn, id: CampaignId) -> Result<CampaignView, AppError> {
    view(stored::find(conn, id)?.ok_or(AppError::NotFound("campaign"))?)
}

fn report(
    conn: &mut Conn,
    core: &Core,
    view: CampaignView,
    now: Instant,
) -> Result<CampaignWithReport, AppError> {
    let zone = &core.city.zone;
    let facts = facts::load(conn, core, view.campaign.span(zone), Known::at(now))?;
    let report = campaign::campaign_report(&facts, &core.definitions, &view.campaign, zone, now);
    Ok(CampaignWithReport { view, report })
}

fn understood(core: &Core, new: NewCampaign) -> Result<Campaign, AppError> {
    let subject = match (new.tag, new.theme, new.unit) {
        (Some(tag), None, None) => Subject::Tag(tag.trim().to_lowercase()),
        (None, Some(theme), None) => Subject::Theme(theme),
        (None, None, Some(unit)) => Subject::Unit(unit),
        (_, _, _) => return Err(AppError::invalid("", "give one of tag, theme and unit")),
    };
    check(core, &subject)?;
    let (from, to) = (day("/from", &new.from)?, day("/to", &new.to)?);
    if to <= from {
        return Err(AppError::invalid("/to", "must be after the first day: it is the day after the last"));
    }
    if from.saturating_add(MOST_DAYS.days()) < to {
        return Err(AppError::invalid("/to", format!("a campaign has at most {MOST_DAYS} days")));
    }
    let step = new.step.as_deref().map(Step::parse_word).transpose();
    let step = step.map_err(|error| AppError::invalid("/step", error))?.unwrap_or_default();
    let label = new.label.as_deref().map(str::trim).filter(|label| !label.is_empty());
    let label = label.unwrap_or_else(|| subject.key()).to_owned();
    if label.chars().count() > LONGEST_LABEL {
        return Err(AppError::invalid("/label", format!("at most {LONGEST_LABEL} characters")));
    }
    Ok(Campaign { label, subject, from, to, step })
}

/// Themes and units are those of the city; tags are whatever somebody wrote.
fn check(core: &Core, subject: &Subject) -> Result<(), AppError> {
    let city = &core.city;
    match subject {
        Subject::Tag(tag) if tag.is_empty() => Err(AppError::invalid("/tag", "name a tag")),
        Subject::Theme(theme) if city.themes.get(theme).is_none() => {
            Err(AppError::invalid("/theme", "is no theme of the city (GET /themes)"))
        }
        Subject::Unit(unit) if city.units.get(unit).is_none() => {
            Err(AppError::invalid("/unit", "is no unit of the city (GET /units)"))
        }
        Subject::Tag(_) | Subject::Theme(_) | Subject::Unit(_) => Ok(()),
    }
}

fn day(pointer: &'static str, text: &str) -> Result<Date, AppError> {
    text.parse().map_err(|_no_date| AppError::invalid(pointer, "must be a local day, YYYY-MM-DD"))
}

fn row(view: &CampaignView) -> Stored {
    let Campaign { label, subject, from, to, step } = view.campaign.clone();
    Stored {
        id: view.id,
        label,
        subject: subject.word().to_owned(),
        subject_key: subject.key().to_owned(),
        from_day: from.to_string(),
        to_day: to.to_string(),
        step: step.word().to_owned(),
        created_at: view.created_at,
    }
}

fn view(row: Stored) -> Result<CampaignView, AppError> {
    let unreadable = |error| AppError::internal("a stored day cannot be read", error);
    let day = |text: &str| text.parse::<Date>().map_err(unreadable);
    let subject = Subject::of(&row.subject, row.subject_key.clone())
        .ok_or_else(|| AppError::internal("a stored campaign is about nothing known", &row.subject))?;
    let step = Step::parse_word(&row.step);
    let step = step.map_err(|error| AppError::internal("a stored step cannot be read", error))?;
    let campaign =
        Campaign { label: row.label, subject, from: day(&row.from_day)?, to: day(&row.to_day)?, step };
    Ok(CampaignView { id: row.id, campaign, created_at: row.created_at })
}
