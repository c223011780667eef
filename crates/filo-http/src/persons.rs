//! Persons over all channels, their timelines and merges; and every contact, pushed or listed.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use filo_app::{
    AppError, InteractionFilter, PersonChange, PersonQuery, PushedInteraction, Receipt, Timeline,
};
use filo_domain::{
    Instant, PersonId, TicketId,
    id::Id,
    vocabulary::{Channel, Word},
};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::{
    State,
    auth::{Allowed, ManagePersons, PushContacts, ReadContacts, ReadPersons},
    body::{JsonBody, MaybeJson, Paging, Patch, PathId, QueryOf, typed},
    links::{self, IfMatch, all, listed, one},
    problem::Problem,
    schema,
};

/// Looks persons up by an exact identity or by full name. A POST, so that no identity is in a URL.
#[utoipa::path(post, path = "/rest/crm/v1/persons/searches", tag = "persons", request_body = schema::PersonQuery,
    responses((status = 200, body = schema::List<schema::Person>)))]
pub(crate) async fn find_persons(
    caller: Allowed<ReadPersons>,
    state: Data<State>,
    request: HttpRequest,
    body: JsonBody<PersonQuery>,
) -> Result<HttpResponse, Problem> {
    all(&state, &request, state.app.find_persons(&caller, body.0).await?)
}

/// One person; a merged one shows who they are now.
#[utoipa::path(get, path = "/rest/crm/v1/persons/{id}", tag = "persons",
    responses((status = 200, body = schema::Person)))]
pub(crate) async fn person(
    caller: Allowed<ReadPersons>,
    state: Data<State>,
    id: PathId<PersonId>,
) -> Result<HttpResponse, Problem> {
    let person = state.app.person(&caller, id.0).await?;
    Ok(one(&person, person.version))
}

/// Changes a name or adds identities; an identity of somebody else is a conflict that proposes a merge.
#[utoipa::path(patch, path = "/rest/crm/v1/persons/{id}", tag = "persons",
    request_body(content = schema::PersonChange, content_type = "application/merge-patch+json"),
    responses((status = 200, body = schema::Person)))]
pub(crate) async fn change_person(
    caller: Allowed<ManagePersons>,
    state: Data<State>,
    id: PathId<PersonId>,
    version: IfMatch,
    body: Patch<PersonChange>,
) -> Result<HttpResponse, Problem> {
    let person = state.app.change_person(&caller, id.0, body.0, version.required()?, state.now()).await?;
    Ok(one(&person, person.version))
}

/// A person's history over all channels.
#[utoipa::path(get, path = "/rest/crm/v1/persons/{id}/timeline", tag = "persons", params(schema::PagingQuery),
    responses((status = 200, body = schema::Timeline)))]
pub(crate) async fn timeline(
    caller: Allowed<ReadPersons>,
    state: Data<State>,
    request: HttpRequest,
    id: PathId<PersonId>,
    query: QueryOf<Paging>,
) -> Result<HttpResponse, Problem> {
    let timeline: Timeline = state.app.timeline(&caller, id.0, query.0.limit, query.0.cursor).await?;
    let links = links::links(&state, &request, timeline.page.next_cursor.as_deref());
    let mut body = serde_json::to_value(timeline).map_err(AppError::from)?;
    if let Some(members) = body.as_object_mut() {
        members.insert("_links".to_owned(), links);
    }
    Ok(HttpResponse::Ok().json(body))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MergeInto {
    into: PersonId,
}

/// Merges a person into another; nothing is moved, so that it can be undone exactly.
#[utoipa::path(post, path = "/rest/crm/v1/persons/{id}/merge", tag = "persons", request_body = schema::MergeInto,
    responses((status = 200, body = schema::Merged)))]
pub(crate) async fn merge_person(
    caller: Allowed<ManagePersons>,
    state: Data<State>,
    id: PathId<PersonId>,
    version: IfMatch,
    body: JsonBody<MergeInto>,
) -> Result<HttpResponse, Problem> {
    if let Some(seen) = version.optional() {
        let present = state.app.person(&caller, id.0).await?.version;
        IfMatch::Version(seen).honoured(present)?;
    }
    let merged = state.app.merge_person(&caller, id.0, body.0.into, state.now()).await?;
    Ok(one(&merged, merged.person.version))
}

/// Undoes a merge: both persons are as before.
#[utoipa::path(post, path = "/rest/crm/v1/person-merges/{id}/undo", tag = "persons",
    responses((status = 200, body = schema::Person)))]
pub(crate) async fn undo_merge(
    caller: Allowed<ManagePersons>,
    state: Data<State>,
    id: PathId<Uuid>,
    body: MaybeJson,
) -> Result<HttpResponse, Problem> {
    typed::<Empty>(&body.0)?;
    let person = state.app.undo_merge(&caller, Id::from_uuid(id.0), state.now()).await?;
    Ok(one(&person, person.version))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {}

/// Which contacts to list.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InteractionQuery {
    channel: Option<String>,
    source: Option<String>,
    ticket_id: Option<TicketId>,
    from: Option<Instant>,
    to: Option<Instant>,
    sort: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

impl InteractionQuery {
    fn filter(&self) -> Result<InteractionFilter, Problem> {
        let channel = self.channel.as_deref().map(Channel::parse_word).transpose();
        let ascending = match self.sort.as_deref() {
            None | Some("-occurred") => false,
            Some("occurred") => true,
            Some(_) => return Err(Problem::invalid("/sort", "must be occurred or -occurred")),
        };
        Ok(InteractionFilter {
            channel: channel.map_err(|error| Problem::invalid("/channel", error.to_string()))?,
            source: self.source.clone(),
            ticket: self.ticket_id,
            persons: None,
            from: self.from,
            to: self.to,
            ascending,
            after: None,
        })
    }
}

/// Lists every contact and answer, newest first.
#[utoipa::path(get, path = "/rest/crm/v1/interactions", tag = "contacts", params(schema::InteractionQuery),
    responses((status = 200, body = schema::List<schema::Interaction>)))]
pub(crate) async fn list_interactions(
    caller: Allowed<ReadContacts>,
    state: Data<State>,
    request: HttpRequest,
    query: QueryOf<InteractionQuery>,
) -> Result<HttpResponse, Problem> {
    let filter = query.0.filter()?;
    let page = state.app.list_interactions(&caller, filter, query.0.limit, query.0.cursor).await?;
    listed(&state, &request, page)
}

/// Takes a contact that another system pushes: 201 when new, 200 when it was known.
#[utoipa::path(post, path = "/rest/crm/v1/interactions", tag = "contacts", request_body = schema::NewInteraction,
    responses((status = 201, body = schema::Pushed), (status = 200, body = schema::Pushed)))]
pub(crate) async fn push_interaction(
    caller: Allowed<PushContacts>,
    state: Data<State>,
    body: JsonBody<PushedInteraction>,
) -> Result<HttpResponse, Problem> {
    let (receipt, id) = state.app.push_interaction(&caller, body.0, state.now()).await?;
    Ok(match receipt {
        Receipt::Accepted { ticket, .. } => {
            HttpResponse::Created().json(json!({ "id": id, "ticket_id": ticket, "duplicate": false }))
        }
        Receipt::Duplicate { .. } | Receipt::Quarantined { .. } => {
            HttpResponse::Ok().json(json!({ "id": id, "ticket_id": null, "duplicate": true }))
        }
    })
}
