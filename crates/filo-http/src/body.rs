//! What a request says: its JSON body, its query, the ids in its path.
//!
//! Not JSON is 400, another media type 415, too long 413; what parses but does not fit is 422 with a pointer to the
//! place, the character NUL included, which no database text can hold. A path that names nothing is 404.

use std::{pin::Pin, str::FromStr};

use actix_web::{
    Error, FromRequest, HttpRequest,
    dev::Payload,
    http::header::CONTENT_TYPE,
    web::{BytesMut, Path, Query},
};
use filo_domain::{Instant, Period};
use futures_util::StreamExt;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use serde_path_to_error::Segment;

use crate::problem::Problem;

/// The longest JSON body, in bytes.
pub(crate) const LONGEST_JSON: usize = 1_100_000;
/// The longest text anywhere in a body, in characters.
pub(crate) const LONGEST_TEXT: usize = 1_000_000;
/// The longest reason or internal note of a step, in characters.
const LONGEST_REASON: usize = 5_000;
/// The longest value in a query, in characters.
pub(crate) const LONGEST_IN_QUERY: usize = 1_000;
/// The longest name in a path, in characters.
pub(crate) const LONGEST_IN_PATH: usize = 200;

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, Error>>>>;

/// A JSON body.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for JsonBody<T> {
    type Error = Error;
    type Future = Extracting<Self>;
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let value = json_of(&request, payload, "application/json").await?;
            Ok(Self(typed(&value)?))
        })
    }
}

/// A JSON body or none at all, for actions that need to be told nothing.
pub(crate) struct MaybeJson(pub(crate) Value);

impl FromRequest for MaybeJson {
    type Error = Error;
    type Future = Extracting<Self>;
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            if !request.headers().contains_key(CONTENT_TYPE) {
                let bytes = whole(payload, LONGEST_JSON).await?;
                if bytes.is_empty() {
                    return Ok(Self(Value::Object(serde_json::Map::new())));
                }
                return Err(Problem::unsupported("application/json").into());
            }
            Ok(Self(json_of(&request, payload, "application/json").await?))
        })
    }
}

/// The body of a PATCH.
pub(crate) struct Patch<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for Patch<T> {
    type Error = Error;
    type Future = Extracting<Self>;
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let value = json_of(&request, payload, "application/merge-patch+json").await?;
            let members = value.as_object().into_iter().flatten();
            let removed: Vec<_> = members
                .filter(|(_, member)| member.is_null())
                .map(|(key, _)| (format!("/{}", escape(key)), "cannot be removed".to_owned()))
                .collect();
            if removed.is_empty() {
                Ok(Self(typed(&value)?))
            } else {
                Err(Problem::all_invalid(removed).into())
            }
        })
    }
}

/// The body of a PATCH whose type says what `null` takes away.
pub(crate) struct Merge<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for Merge<T> {
    type Error = Error;
    type Future = Extracting<Self>;
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let value = json_of(&request, payload, "application/merge-patch+json").await?;
            Ok(Self(typed(&value)?))
        })
    }
}

/// Whether the body is declared to be of a media type; parameters such as the charset do not matter.
pub(crate) fn is_of(request: &HttpRequest, media_type: &str) -> bool {
    let declared =
        request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let bare = declared.split(';').next().unwrap_or_default().trim();
    bare.eq_ignore_ascii_case(media_type)
}

async fn json_of(request: &HttpRequest, payload: Payload, media_type: &str) -> Result<Value, Problem> {
    if !is_of(request, media_type) {
        return Err(Problem::unsupported(media_type));
    }
    json(&whole(payload, LONGEST_JSON).await?)
}

/// Reads JSON, without the character NUL anywhere.
pub(crate) fn json(bytes: &[u8]) -> Result<Value, Problem> {
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| Problem::bad_request(format!("the body is not JSON: {error}")))?;
    match misfit(&value, String::new()) {
        Some((pointer, detail)) => Err(Problem::invalid(pointer, detail)),
        None => Ok(value),
    }
}

/// A reason that says something, and not too much.
pub(crate) fn said(pointer: &str, text: String) -> Result<String, Problem> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > LONGEST_REASON {
        let detail = format!("must have 1 to {LONGEST_REASON} characters, has {length}");
        return Err(Problem::invalid(pointer, detail));
    }
    Ok(text)
}

/// The whole body, unless it is too long.
pub(crate) async fn whole(mut payload: Payload, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| Problem::bad_request(format!("the body ended early: {error}")))?;
        if bytes.len() + chunk.len() > limit {
            return Err(Problem::too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.to_vec())
}

/// The first text that no database takes, or that nobody wrote.
fn misfit(value: &Value, pointer: String) -> Option<(String, String)> {
    match value {
        Value::String(text) => unfit(text).map(|detail| (pointer, detail)),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| misfit(item, format!("{pointer}/{index}")))
        }
        Value::Object(members) => members.iter().find_map(|(key, member)| match unfit(key) {
            Some(detail) => Some((pointer.clone(), detail)),
            None => misfit(member, format!("{pointer}/{}", escape(key))),
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn unfit(text: &str) -> Option<String> {
    if text.contains('\0') {
        return Some("must not hold the character NUL".to_owned());
    }
    (text.chars().count() > LONGEST_TEXT).then(|| format!("must have at most {LONGEST_TEXT} characters"))
}

/// Reads a value, or says where it does not fit.
pub(crate) fn typed<T: DeserializeOwned>(value: &Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let mut pointer = String::new();
        for segment in error.path() {
            match segment {
                Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
                Segment::Map { key } => pointer.push_str(&format!("/{}", escape(key))),
                Segment::Enum { .. } | Segment::Unknown => {}
            }
        }
        let detail = error.inner().to_string();
        if let Some(named) = named_field(&detail)
            && !pointer.ends_with(&named)
        {
            pointer.push_str(&named);
        }
        Problem::invalid(pointer, detail)
    })
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The field that a message is about, as serde quotes it, as the last step of a pointer.
fn named_field(detail: &str) -> Option<String> {
    let starts = ["unknown field `", "missing field `", "duplicate field `"];
    let rest = starts.into_iter().find_map(|start| detail.strip_prefix(start))?;
    rest.split_once('`').map(|(name, _)| format!("/{}", escape(name)))
}

/// A query string.
pub(crate) struct QueryOf<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest for QueryOf<T> {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(read_query(request.query_string()).map(Self).map_err(Error::from))
    }
}

fn read_query<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    let pairs = query_pairs(text)?;
    if let Some((key, _)) = pairs.iter().find(|(key, value)| key.contains('\0') || value.contains('\0')) {
        let pointer = format!("/{}", escape(&key.replace('\0', "")));
        return Err(Problem::invalid(pointer, "must not hold the character NUL"));
    }
    if let Some((key, _)) = pairs.iter().find(|(_, value)| value.chars().count() > LONGEST_IN_QUERY) {
        let detail = format!("must have at most {LONGEST_IN_QUERY} characters");
        return Err(Problem::invalid(format!("/{}", escape(key)), detail));
    }
    Query::<T>::from_query(text).map(Query::into_inner).map_err(|error| {
        let detail = error.to_string();
        let detail = detail.strip_prefix("Query deserialize error: ").unwrap_or(&detail).to_owned();
        let pointer = named_field(&detail).or_else(|| wrong_one::<T>(text, &error.to_string()));
        Problem::invalid(pointer.unwrap_or_default(), detail)
    })
}

/// The pairs of a query string.
pub(crate) fn query_pairs(text: &str) -> Result<Vec<(String, String)>, Problem> {
    Query::from_query(text)
        .map(Query::into_inner)
        .map_err(|error| Problem::invalid("", format!("the query cannot be read: {error}")))
}

/// The pair that gives the same message when it stands alone.
fn wrong_one<T: DeserializeOwned>(text: &str, message: &str) -> Option<String> {
    let same = |part: &&str| Query::<T>::from_query(part).is_err_and(|error| error.to_string() == message);
    let part = text.split('&').find(same)?;
    let key = part.split_once('=').map_or(part, |(key, _)| key);
    Some(format!("/{}", escape(key)))
}

/// The id in the path.
pub(crate) struct PathId<I>(pub(crate) I);

impl<I: FromStr> FromRequest for PathId<I> {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get("id").and_then(|text| I::from_str(text).ok());
        std::future::ready(id.map(Self).ok_or_else(|| Problem::not_found().into()))
    }
}

/// A calendar year in the path, under `{year}`; a malformed one is a resource that does not exist.
pub(crate) struct PathYear(pub(crate) i16);

impl FromRequest for PathYear {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let period = request.match_info().get("year").and_then(|text| Period::parse(text).ok());
        std::future::ready(match period {
            Some(Period::Year(year)) => Ok(Self(year)),
            Some(Period::Month { .. }) | None => Err(Problem::not_found().into()),
        })
    }
}

/// A name in the path: a key, a month, an action.
pub(crate) struct PathText(pub(crate) String);

impl FromRequest for PathText {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // The last name in the path, percent-decoded.
        let texts = Path::<Vec<String>>::from_request(request, &mut Payload::None).into_inner();
        let last = texts.ok().and_then(|mut texts| texts.pop());
        let named = |text: &String| {
            !text.is_empty() && text.chars().count() <= LONGEST_IN_PATH && !text.contains(char::is_control)
        };
        let clean = last.filter(named);
        std::future::ready(clean.map(Self).ok_or_else(|| Problem::not_found().into()))
    }
}

/// A month in the path.
pub(crate) fn month(text: &str) -> Result<Period, Problem> {
    Period::parse_month(text).map_err(|_no_month| Problem::not_found())
}

/// Where a list goes on, and how far.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paging {
    pub(crate) limit: Option<usize>,
    pub(crate) cursor: Option<String>,
}

/// A list of what happened between two instants.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Span {
    pub(crate) from: Option<Instant>,
    pub(crate) to: Option<Instant>,
    pub(crate) limit: Option<usize>,
    pub(crate) cursor: Option<String>,
}
