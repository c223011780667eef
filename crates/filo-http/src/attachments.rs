//! Files of tickets: uploaded as they come, listed, described, handed out.
//!
//! **Invariant:** no file is whole in memory here, and none is shown by a browser as anything of ours: it is offered
//! to be saved, in a sandbox, with the type that its content has.

use actix_multipart::{Field, Multipart};
use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    body::SizedStream,
    http::{
        StatusCode,
        header::{
            ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
            CONTENT_TYPE, Charset, ContentDisposition, DispositionParam, DispositionType, ETAG,
            ExtendedValue, Header, HeaderName, IF_NONE_MATCH, IF_RANGE, LOCATION, Range,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    web::{Bytes, Data, Payload},
};
use filo_app::{AttachmentView, Opened, Upload, attachments::served_type};
use filo_domain::{AttachmentId, TicketId};
use futures_util::{Stream, StreamExt};

use crate::{
    State,
    auth::{Allowed, ReadTickets, WorkTickets},
    body::{Paging, PathId, QueryOf},
    links::{BASE, listed},
    problem::Problem,
    schema,
    upload::is_multipart,
};

/// The name of the part that holds the file.
const PART: &str = "file";

/// Uploads one file to a ticket: the part `file` of a form, or the body itself with its name in
/// `Content-Disposition`.
#[utoipa::path(post, path = "/rest/crm/v1/tickets/{id}/attachments", tag = "attachments",
    request_body(content((schema::attachments::Upload = "multipart/form-data"), (schema::attachments::Bytes = "application/octet-stream"))),
    responses((status = 201, body = schema::attachments::Attachment)))]
pub(crate) async fn upload_attachment(
    caller: Allowed<WorkTickets>,
    state: Data<State>,
    request: HttpRequest,
    id: PathId<TicketId>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let upload = state.app.begin_upload(&caller, id.0).await?;
    let Received { upload, name, declared } = received(&request, payload, upload).await?;
    let file = state.app.finish_upload(&caller, id.0, upload, (&name, &declared), state.now()).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("{BASE}/attachments/{}/metadata", file.id)))
        .insert_header((ETAG, format!("\"{}\"", file.tag())))
        .json(file))
}

/// A whole upload and what its sender says of it.
pub(crate) struct Received {
    pub(crate) upload: Upload,
    pub(crate) name: String,
    pub(crate) declared: String,
}

/// Reads an upload in either of its two forms.
pub(crate) async fn received(
    request: &HttpRequest,
    payload: Payload,
    upload: Upload,
) -> Result<Received, Problem> {
    if is_multipart(request) {
        form_file(request, payload, upload).await
    } else {
        body_file(request, payload, upload).await
    }
}

async fn body_file(
    request: &HttpRequest,
    mut payload: Payload,
    mut upload: Upload,
) -> Result<Received, Problem> {
    while let Some(part) = payload.next().await {
        let part = part.map_err(|error| Problem::bad_request(format!("the body ended early: {error}")))?;
        if let Err(refused) = upload.write(&part).await {
            hear_out(&mut payload).await;
            return Err(refused.into());
        }
    }
    let disposition = request.headers().get(CONTENT_DISPOSITION);
    let disposition = disposition.and_then(|value| ContentDisposition::from_raw(value).ok());
    let name = disposition.as_ref().and_then(named).unwrap_or_default();
    Ok(Received { upload, name, declared: request.content_type().to_owned() })
}

async fn form_file(request: &HttpRequest, payload: Payload, upload: Upload) -> Result<Received, Problem> {
    let mut parts = Multipart::new(request.headers(), payload.into_inner());
    let (mut waiting, mut received) = (Some(upload), None);
    while let Some(part) = parts.next().await {
        let part = part.map_err(unreadable)?;
        let pointer = format!("/{}", part.name().unwrap_or_default());
        match waiting.take().filter(|_| pointer == format!("/{PART}")) {
            Some(upload) => received = Some(part_file(part, upload).await?),
            None => {
                return Err(Problem::invalid(pointer, format!("send one part named {PART:?} and no other")));
            }
        }
    }
    received.ok_or_else(|| Problem::invalid(format!("/{PART}"), "is missing"))
}

async fn part_file(mut part: Field, mut upload: Upload) -> Result<Received, Problem> {
    let name = part.content_disposition().and_then(named).unwrap_or_default();
    let declared = part.content_type().map(ToString::to_string).unwrap_or_default();
    while let Some(chunk) = part.next().await {
        if let Err(refused) = upload.write(&chunk.map_err(unreadable)?).await {
            hear_out(&mut part).await;
            return Err(refused.into());
        }
    }
    Ok(Received { upload, name, declared })
}

/// Reads on for a while, so that whoever is still sending hears the refusal instead of a closed connection.
async fn hear_out<E>(rest: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin)) {
    const LONGEST: usize = 8_000_000;
    let mut size = 0;
    while let Some(Ok(part)) = rest.next().await {
        size += part.len();
        if size > LONGEST {
            return;
        }
    }
}

fn unreadable(error: actix_multipart::MultipartError) -> Problem {
    Problem::bad_request(format!("the form cannot be read: {error}"))
}

/// The file's name: the one in UTF-8 where there are two.
fn named(disposition: &ContentDisposition) -> Option<String> {
    let extended =
        disposition.get_filename_ext().filter(|ext| ext.charset == Charset::Ext("UTF-8".to_owned()));
    let extended = extended.and_then(|ext| String::from_utf8(ext.value.clone()).ok());
    extended.or_else(|| disposition.get_filename().map(str::to_owned))
}

/// The files of a ticket, uploaded to it or come with its contacts, oldest first.
#[utoipa::path(get, path = "/rest/crm/v1/tickets/{id}/attachments", tag = "attachments", params(schema::PagingQuery),
    responses((status = 200, body = schema::List<schema::attachments::Attachment>)))]
pub(crate) async fn list_attachments(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    request: HttpRequest,
    id: PathId<TicketId>,
    query: QueryOf<Paging>,
) -> Result<HttpResponse, Problem> {
    let page = state.app.list_attachments(&caller, id.0, query.0.limit, query.0.cursor).await?;
    listed(&state, &request, page)
}

/// What is known of a file.
#[utoipa::path(get, path = "/rest/crm/v1/attachments/{id}/metadata", tag = "attachments",
    responses((status = 200, body = schema::attachments::Attachment)))]
pub(crate) async fn attachment_metadata(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    id: PathId<AttachmentId>,
) -> Result<HttpResponse, Problem> {
    let file = state.app.attachment(&caller, id.0).await?;
    Ok(HttpResponse::Ok().insert_header((ETAG, format!("\"{}\"", file.tag()))).json(file))
}

/// The file itself, whole or a range of it; its ETag is its SHA-256.
#[utoipa::path(
    get,
    path = "/rest/crm/v1/attachments/{id}",
    tag = "attachments",
    responses(schema::attachments::HandedOut)
)]
pub(crate) async fn attachment(
    caller: Allowed<ReadTickets>,
    state: Data<State>,
    request: HttpRequest,
    id: PathId<AttachmentId>,
) -> Result<HttpResponse, Problem> {
    let opened = state.app.open_attachment(&caller, id.0).await?;
    handed_out(&state, &request, &opened).await
}

/// Answers with a file, or the range of it that is asked for.
pub(crate) async fn handed_out(
    state: &State,
    request: &HttpRequest,
    opened: &Opened,
) -> Result<HttpResponse, Problem> {
    let tag = format!("\"{}\"", opened.file.sha256);
    if has(request, &IF_NONE_MATCH, &tag) {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, tag)).finish());
    }
    let size = opened.size();
    let range = match wanted(request, &tag, size) {
        Wanted::Whole => None,
        Wanted::Part(first, last) => Some((first, last)),
        Wanted::Nothing => return Err(no_range(size)),
    };
    let place = range.map(|(first, last)| first..last.saturating_add(1));
    let length = place.as_ref().map_or(size, |place| place.end.saturating_sub(place.start));
    let content = state.app.content(opened, place).await?;
    let mut response = HttpResponse::Ok();
    if let Some((first, last)) = range {
        response.status(StatusCode::PARTIAL_CONTENT);
        response.insert_header((CONTENT_RANGE, format!("bytes {first}-{last}/{size}")));
    }
    Ok(offered(&mut response, &opened.file)
        .insert_header((ETAG, tag))
        .body(SizedStream::new(length, content)))
}

/// The headers of a file that is offered to be saved.
fn offered<'r>(
    response: &'r mut actix_web::HttpResponseBuilder,
    file: &AttachmentView,
) -> &'r mut actix_web::HttpResponseBuilder {
    const POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
    let media_type = match served_type(&file.media_type) {
        "text/plain" => "text/plain; charset=utf-8",
        other => other,
    };
    response
        .insert_header((CONTENT_TYPE, media_type))
        .insert_header(disposition(&file.name))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .insert_header((POLICY, "same-origin"))
        .insert_header((ACCEPT_RANGES, "bytes"))
        // Compression would change what the digest and the ranges speak of.
        .insert_header((CONTENT_ENCODING, "identity"))
}

/// The name for old and new readers.
fn disposition(name: &str) -> ContentDisposition {
    let plain: String =
        name.chars().map(|c| if c.is_ascii() && !matches!(c, '"' | '\\' | '%') { c } else { '_' }).collect();
    let value = name.as_bytes().to_vec();
    let extended = ExtendedValue { charset: Charset::Ext("UTF-8".to_owned()), language_tag: None, value };
    ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(plain), DispositionParam::FilenameExt(extended)],
    }
}

/// Whether a header names a tag, or any.
fn has(request: &HttpRequest, header: &HeaderName, tag: &str) -> bool {
    let sent = request.headers().get(header).and_then(|value| value.to_str().ok()).unwrap_or_default();
    sent.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

enum Wanted {
    Whole,
    Part(u64, u64),
    Nothing,
}

/// Several ranges at once, and a range of an older file, are answered with the whole file.
fn wanted(request: &HttpRequest, tag: &str, size: u64) -> Wanted {
    if request.headers().contains_key(IF_RANGE) && !has(request, &IF_RANGE, tag) {
        return Wanted::Whole;
    }
    let Ok(Range::Bytes(ranges)) = Range::parse(request) else { return Wanted::Whole };
    match ranges.as_slice() {
        [one] => {
            one.to_satisfiable_range(size).map_or(Wanted::Nothing, |(first, last)| Wanted::Part(first, last))
        }
        _ => Wanted::Whole,
    }
}

fn no_range(size: u64) -> Problem {
    let detail = format!("the file has {size} bytes");
    Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range-not-satisfiable", detail).with_range(size)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn asked(range: &str) -> Wanted {
        wanted(&TestRequest::default().insert_header(("Range", range)).to_http_request(), "\"t\"", 100)
    }

    #[test]
    fn ranges_are_taken_within_the_file() {
        assert!(matches!(asked("bytes=0-9"), Wanted::Part(0, 9)));
        assert!(matches!(asked("bytes=90-"), Wanted::Part(90, 99)));
        assert!(matches!(asked("bytes=-5"), Wanted::Part(95, 99)));
        assert!(matches!(asked("bytes=50-500"), Wanted::Part(50, 99)));
        assert!(matches!(asked("bytes=100-"), Wanted::Nothing));
        assert!(matches!(asked("bytes=0-1,5-6"), Wanted::Whole));
        assert!(matches!(asked("lines=0-1"), Wanted::Whole));
        assert!(matches!(asked("nonsense"), Wanted::Whole));
    }

    #[test]
    fn a_name_cannot_add_a_parameter() {
        let shown = disposition("a\"; filename=x.exe; è.pdf").to_string();
        assert!(
            shown.starts_with("attachment; filename=\"a_; filename=x.exe; _.pdf\"; filename*=UTF-8''"),
            "{shown}"
        );
        assert!(shown.ends_with("%C3%A8.pdf"), "{shown}");
    }
}
