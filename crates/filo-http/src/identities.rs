//! The identities of a person one by one, and who may be one person.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use filo_app::{IdentityChange, NewIdentity};
use filo_domain::{PersonId, id::Id};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    State,
    auth::{Allowed, ManagePersons, ReadPersons},
    body::{JsonBody, MaybeJson, Patch, PathId, PathText, QueryOf, typed},
    links::{IfMatch, created, listed, one},
    problem::Problem,
    schema,
};

/// The identity that the end of the path names.
fn named(text: &PathText) -> Result<Uuid, Problem> {
    text.0.parse().map_err(|_no_uuid| Problem::not_found())
}

/// Adds an identity to a person. One that another person holds is a conflict that proposes a merge, unless that
/// person is that number alone or it is verified on both: then the two are joined, and `merge_id` undoes it.
#[utoipa::path(post, path = "/rest/crm/v1/persons/{id}/identities", tag = "persons",
    request_body = schema::NewIdentity, responses((status = 201, body = schema::IdentityOutcome)))]
pub(crate) async fn add_identity(
    caller: Allowed<ManagePersons>,
    state: Data<State>,
    id: PathId<PersonId>,
    version: IfMatch,
    body: JsonBody<NewIdentity>,
) -> Result<HttpResponse, Problem> {
    let added = state.app.add_identity(&caller, id.0, body.0, version.optional(), state.now()).await?;
    let place = format!("/persons/{}/identities/{}", added.person.id, added.identity.id);
    Ok(created(&place, &added, added.person.version))
}

/// One identity of a person; its ETag is the person's.
#[utoipa::path(get, path = "/rest/crm/v1/persons/{id}/identities/{identity_id}", tag = "persons",
    responses((status = 200, body = schema::PersonIdentity)))]
pub(crate) async fn identity(
    caller: Allowed<ReadPersons>,
    state: Data<State>,
    id: PathId<PersonId>,
    identity_id: PathText,
) -> Result<HttpResponse, Problem> {
    let (identity, version) = state.app.identity(&caller, id.0, named(&identity_id)?).await?;
    Ok(one(&identity, version))
}

/// Says whether somebody proved that an identity is theirs; one that is verified on two persons joins them.
#[utoipa::path(patch, path = "/rest/crm/v1/persons/{id}/identities/{identity_id}", tag = "persons",
    request_body(content = schema::IdentityChange, content_type = "application/merge-patch+json"),
    responses((status = 200, body = schema::IdentityOutcome)))]
pub(crate) async fn change_identity(
    caller: Allowed<ManagePersons>,
    state: Data<State>,
    id: PathId<PersonId>,
    identity_id: PathText,
    version: IfMatch,
    body: Patch<IdentityChange>,
) -> Result<HttpResponse, Problem> {
    let which = (id.0, named(&identity_id)?);
    let version = version.required()?;
    let changed = state.app.change_identity(&caller, which, body.0, version, state.now()).await?;
    Ok(one(&changed, changed.person.version))
}

/// Takes an identity away from a person; the contacts it brought stay where they are.
#[utoipa::path(delete, path = "/rest/crm/v1/persons/{id}/identities/{identity_id}", tag = "persons",
    responses((status = 204)))]
pub(crate) async fn remove_identity(
    caller: Allowed<ManagePersons>,
    state: Data<State>,
    id: PathId<PersonId>,
    identity_id: PathText,
    version: IfMatch,
) -> Result<HttpResponse, Problem> {
    let which = (id.0, named(&identity_id)?);
    state.app.remove_identity(&caller, which, version.required()?, state.now()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Which suggestions to list.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuggestionQuery {
    state: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// Lists persons who may be one, oldest suggestion first.
#[utoipa::path(get, path = "/rest/crm/v1/person-suggestions", tag = "persons", params(schema::SuggestionQuery),
    responses((status = 200, body = schema::List<schema::PersonSuggestion>)))]
pub(crate) async fn list_suggestions(
    caller: Allowed<ReadPersons>,
    state: Data<State>,
    request: HttpRequest,
    query: QueryOf<SuggestionQuery>,
) -> Result<HttpResponse, Problem> {
    let SuggestionQuery { state: wanted, limit, cursor } = query.0;
    listed(&state, &request, state.app.list_suggestions(&caller, wanted, limit, cursor).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {}

/// Merges the two persons of a suggestion; `merge_id` undoes it.
#[utoipa::path(post, path = "/rest/crm/v1/person-suggestions/{id}/accept", tag = "persons",
    responses((status = 200, body = schema::PersonSuggestion)))]
pub(crate) async fn accept_suggestion(
    caller: Allowed<ManagePersons>,
    state: Data<State>,
    id: PathId<Uuid>,
    body: MaybeJson,
) -> Result<HttpResponse, Problem> {
    typed::<Empty>(&body.0)?;
    let pair = state.app.accept_suggestion(&caller, Id::from_uuid(id.0), state.now()).await?;
    Ok(HttpResponse::Ok().json(pair))
}

/// Says that the two persons are two: the suggestion does not come back.
#[utoipa::path(post, path = "/rest/crm/v1/person-suggestions/{id}/dismiss", tag = "persons",
    responses((status = 200, body = schema::PersonSuggestion)))]
pub(crate) async fn dismiss_suggestion(
    caller: Allowed<ManagePersons>,
    state: Data<State>,
    id: PathId<Uuid>,
    body: MaybeJson,
) -> Result<HttpResponse, Problem> {
    typed::<Empty>(&body.0)?;
    let pair = state.app.dismiss_suggestion(&caller, Id::from_uuid(id.0), state.now()).await?;
    Ok(HttpResponse::Ok().json(pair))
}
