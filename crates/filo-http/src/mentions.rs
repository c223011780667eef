//! The caller's own mentions in internal notes.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use filo_app::{ListMentions, MentionId};
use serde::Deserialize;

use crate::{
    State,
    auth::{Allowed, ReadTickets},
    body::{MaybeJson, PathId, QueryOf, typed},
    links::{listed, one},
    problem::Problem,
    schema,
};

/// The caller's own mentions, newest first.
#[utoipa::path(get, path = "/rest/crm/v1/mentions", tag = "tickets", params(schema::content::MentionQuery),
    responses((status = 200, body = schema::List<schema::content::Mention>)))]
pub(crate) async fn list_mentions(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    request: HttpRequest,
    query: QueryOf<ListMentions>,
) -> Result<HttpResponse, Problem> {
    listed(&state, &request, state.app.mentions(&caller, query.0).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Says that a mention was read.
#[utoipa::path(post, path = "/rest/crm/v1/mentions/{id}/read", tag = "tickets",
    responses((status = 200, body = schema::content::Mention)))]
pub(crate) async fn read_mention(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    id: PathId<MentionId>,
    body: MaybeJson,
) -> Result<HttpResponse, Problem> {
    typed::<Nothing>(&body.0)?;
    let mention = state.app.read_mention(&caller, id.0, state.now()).await?;
    Ok(one(&mention, mention.version()))
}
