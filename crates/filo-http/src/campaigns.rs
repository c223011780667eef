//! Campaigns: reports for a tag, a theme or a unit between two days.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use filo_app::{CampaignQuery, NewCampaign};
use filo_domain::CampaignId;
use serde::Deserialize;

use crate::{
    State,
    auth::{Allowed, PlanCampaigns, ReadReports},
    body::{JsonBody, PathId, PathText, QueryOf},
    links::{IfMatch, created, listed, one},
    problem::Problem,
    reports::{FormQuery, JSON, asked, written},
    schema::{self, campaigns as shapes},
};

/// A campaign never changes: it is written once, and deleted.
const VERSION: i32 = 1;

/// Lists campaigns, newest first.
#[utoipa::path(get, path = "/rest/crm/v1/reports/campaigns", tag = "reports", params(shapes::CampaignQuery),
    responses((status = 200, body = schema::List<shapes::Campaign>)))]
pub(crate) async fn list_campaigns(
    caller: Allowed<ReadReports>,
    state: Data<State>,
    request: HttpRequest,
    query: QueryOf<CampaignQuery>,
) -> Result<HttpResponse, Problem> {
    listed(&state, &request, state.app.list_campaigns(&caller, query.0).await?)
}

/// Records a campaign, one of a tag, a theme and a unit between two local days, and reports on it.
#[utoipa::path(post, path = "/rest/crm/v1/reports/campaigns", tag = "reports", request_body = shapes::NewCampaign,
    responses((status = 201, body = shapes::CampaignWithReport)))]
pub(crate) async fn add_campaign(
    caller: Allowed<PlanCampaigns>,
    state: Data<State>,
    body: JsonBody<NewCampaign>,
) -> Result<HttpResponse, Problem> {
    let campaign = state.app.add_campaign(&caller, body.0, state.now()).await?;
    Ok(created(&format!("/reports/campaigns/{}", campaign.view.id), &campaign, VERSION))
}

/// One campaign with its report, as known now. The format is the suffix of the address (the id and `.pdf`) or what
/// `Accept` prefers.
#[utoipa::path(get, path = "/rest/crm/v1/reports/campaigns/{id}", tag = "reports", params(schema::report::FormQuery),
    responses((status = 200, body = shapes::CampaignWithReport)))]
pub(crate) async fn campaign(
    caller: Allowed<ReadReports>,
    state: Data<State>,
    request: HttpRequest,
    name: PathText,
    query: QueryOf<FormQuery>,
) -> Result<HttpResponse, Problem> {
    let wanted = query.0.wanted(&state)?;
    let (id, format) = asked(&state, &request, &name.0)?;
    let id: CampaignId = id.parse().map_err(|_no_id| Problem::not_found())?;
    let campaign = state.app.campaign(&caller, id, state.now()).await?;
    match format {
        JSON => Ok(one(&campaign, VERSION)),
        other => written(&state, campaign.report, other, wanted).await,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FigureQuery {
    pointer: String,
}

/// A figure of a campaign's report by its JSON Pointer, such as `/levels/I/resolved`, with what is behind it.
#[utoipa::path(get, path = "/rest/crm/v1/reports/campaigns/{id}/contacts", tag = "reports",
    params(shapes::FigureQuery), responses((status = 200, body = schema::Indicator)))]
pub(crate) async fn campaign_contacts(
    caller: Allowed<ReadReports>,
    state: Data<State>,
    id: PathId<CampaignId>,
    query: QueryOf<FigureQuery>,
) -> Result<HttpResponse, Problem> {
    let explained = state.app.explain_campaign(&caller, id.0, &query.0.pointer, state.now()).await?;
    Ok(HttpResponse::Ok().json(explained))
}

/// Forgets a campaign. Its tickets are untouched.
#[utoipa::path(delete, path = "/rest/crm/v1/reports/campaigns/{id}", tag = "reports",
    responses((status = 204)))]
pub(crate) async fn delete_campaign(
    caller: Allowed<PlanCampaigns>,
    state: Data<State>,
    id: PathId<CampaignId>,
    version: IfMatch,
) -> Result<HttpResponse, Problem> {
    version.honoured(VERSION)?;
    version.required()?;
    state.app.delete_campaign(&caller, id.0, state.now()).await?;
    Ok(HttpResponse::NoContent().finish())
}
