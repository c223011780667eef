//! How answers hang together: ETags and If-Match, Location, and lists with their links.

use std::future::{Ready, ready};

use actix_web::{
    Error, FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder,
    dev::Payload,
    http::{
        StatusCode,
        header::{ETAG, IF_MATCH, LOCATION},
    },
};
use filo_app::{AppError, Page};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{State, problem::Problem};

/// Where the inner interface begins.
pub(crate) const BASE: &str = "/rest/crm/v1";

/// What the caller says is the present version.
pub(crate) enum IfMatch {
    /// Nothing was said, or any version will do.
    Any,
    /// This version.
    Version(i32),
}

impl IfMatch {
    /// For what must not be changed unseen.
    pub(crate) fn required(self) -> Result<i32, Problem> {
        match self {
            Self::Version(version) => Ok(version),
            Self::Any => Err(Problem::new(
                StatusCode::PRECONDITION_REQUIRED,
                "precondition-required",
                "send the ETag of what you read in If-Match",
            )),
        }
    }
    /// For what may be done unseen, but not to another version than the one that was sent, if any.
    pub(crate) fn honoured(&self, present: i32) -> Result<(), Problem> {
        match self {
            Self::Version(version) if *version != present => Err(AppError::Stale(present).into()),
            Self::Version(_) | Self::Any => Ok(()),
        }
    }
    /// For what may be changed as it is.
    pub(crate) fn optional(self) -> Option<i32> {
        match self {
            Self::Version(version) => Some(version),
            Self::Any => None,
        }
    }
}

impl FromRequest for IfMatch {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let sent = request.headers().get(IF_MATCH).map(|value| value.to_str().unwrap_or_default().trim());
        ready(match sent {
            None | Some("*") => Ok(Self::Any),
            Some(tag) => version(tag).map(Self::Version).ok_or_else(|| not_ours().into()),
        })
    }
}

fn version(tag: &str) -> Option<i32> {
    tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok()
}

/// A tag that no answer of ours carried cannot match.
fn not_ours() -> Problem {
    let detail = "If-Match holds no ETag of this resource";
    Problem::new(StatusCode::PRECONDITION_FAILED, "changed-meanwhile", detail)
}

/// A resource with its ETag.
pub(crate) fn one(resource: &impl Serialize, version: i32) -> HttpResponse {
    tagged(HttpResponse::Ok(), version).json(resource)
}

/// A new resource: 201 with its place and ETag.
pub(crate) fn created(path: &str, resource: &impl Serialize, version: i32) -> HttpResponse {
    tagged(HttpResponse::Created(), version).insert_header((LOCATION, format!("{BASE}{path}"))).json(resource)
}

fn tagged(mut response: HttpResponseBuilder, version: i32) -> HttpResponseBuilder {
    response.insert_header((ETAG, format!("\"{version}\"")));
    response
}

/// A page of a list, with the links to itself and to the next.
pub(crate) fn listed<T: Serialize>(
    state: &State,
    request: &HttpRequest,
    page: Page<T>,
) -> Result<HttpResponse, Problem> {
    let links = links(state, request, page.next_cursor.as_deref());
    let mut body = serde_json::to_value(page).map_err(AppError::from)?;
    if let Some(members) = body.as_object_mut() {
        members.insert("_links".to_owned(), links);
    }
    Ok(HttpResponse::Ok().json(body))
}

/// A whole list.
pub(crate) fn all<T: Serialize>(
    state: &State,
    request: &HttpRequest,
    items: Vec<T>,
) -> Result<HttpResponse, Problem> {
    listed(state, request, Page { items, next_cursor: None })
}

/// Absolute links, as the Italian guidelines ask.
pub(crate) fn links(state: &State, request: &HttpRequest, next_cursor: Option<&str>) -> Value {
    let place = format!("{}{}", state.settings.public_url, request.path());
    let query = request.query_string();
    let kept: Vec<&str> =
        query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("cursor=")).collect();
    let next = next_cursor.map(|cursor| {
        let mut pairs = kept.clone();
        let cursor = format!("cursor={cursor}");
        pairs.push(&cursor);
        format!("{place}?{}", pairs.join("&"))
    });
    let own = if query.is_empty() { place.clone() } else { format!("{place}?{query}") };
    json!({ "self": own, "next": next })
}
