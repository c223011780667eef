//! Filled-in forms as browsers send them, with files: `multipart/form-data` and `application/x-www-form-urlencoded`.
//!
//! A file is what its first bytes say it is, whatever its name and declared type say.

use actix_multipart::Multipart;
use actix_web::{
    HttpRequest,
    dev::Payload,
    web::{Bytes, Query},
};
use filo_app::{
    PublicRefusal,
    attachments::{check_public, clean_name},
};
use filo_channel::Attachment;
use futures_util::StreamExt;

use crate::{
    body::{is_of, whole},
    problem::Problem,
};

/// Files in one request.
pub(crate) const MOST_FILES: usize = 5;
/// The size of one file, in MB.
pub(crate) const LARGEST_MB: usize = 5;
const LARGEST_FILE: usize = LARGEST_MB * 1_000_000;
/// The longest form, in bytes: its files, its fields and what multipart adds.
pub(crate) const LONGEST: usize = MOST_FILES * LARGEST_FILE + 1_000_000;
const LONGEST_URLENCODED: usize = 500_000;
const LONGEST_FIELD: usize = 100_000;
const MOST_FIELDS: usize = 100;

/// A filled-in form.
#[derive(Debug, Default)]
pub(crate) struct Filled {
    /// Names and values, in order.
    pub(crate) fields: Vec<(String, String)>,
    /// Files.
    pub(crate) files: Vec<Attachment>,
    /// Files that are not taken, by name.
    pub(crate) refused: Vec<(String, FileProblem)>,
}

/// Why a file is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileProblem {
    /// Larger than [`LARGEST_MB`].
    TooBig,
    /// Of a type that is not accepted.
    Type,
    /// A picture that cannot be read.
    Damaged,
    /// One more than [`MOST_FILES`].
    TooMany,
}

impl FileProblem {
    /// The stable word under which the city's texts have the message.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::TooBig => "file_too_big",
            Self::Type => "file_type",
            Self::Damaged => "file_damaged",
            Self::TooMany => "too_many_files",
        }
    }
}

impl Filled {
    /// The last value of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
    /// For programs: a refused file refuses the request.
    pub(crate) fn whole(self) -> Result<Self, Problem> {
        let Some((_, problem)) = self.refused.first() else { return Ok(self) };
        let pointer = format!("/files/{}", self.files.len());
        Err(match problem {
            FileProblem::TooBig => Problem::too_large(LARGEST_MB * 1_000_000),
            FileProblem::TooMany => Problem::invalid(pointer, format!("at most {MOST_FILES} files")),
            FileProblem::Damaged => Problem::invalid(pointer, "is a damaged picture"),
            FileProblem::Type => Problem::invalid(
                pointer,
                "is of a type that is not accepted: send PDF, JPEG, PNG, GIF, WebP, text or office documents",
            ),
        })
    }
}

/// Whether a request carries files.
pub(crate) fn is_multipart(request: &HttpRequest) -> bool {
    is_of(request, "multipart/form-data")
}

/// Reads a form in either of the two encodings.
pub(crate) async fn filled(request: &HttpRequest, payload: Payload) -> Result<Filled, Problem> {
    if is_multipart(request) {
        return multipart(request, payload).await;
    }
    if !is_of(request, "application/x-www-form-urlencoded") {
        return Err(Problem::unsupported("multipart/form-data or application/x-www-form-urlencoded"));
    }
    let bytes = whole(payload, LONGEST_URLENCODED).await?;
    let text =
        String::from_utf8(bytes).map_err(|error| Problem::bad_request(format!("not UTF-8: {error}")))?;
    let fields = Query::<Vec<(String, String)>>::from_query(&text)
        .map_err(|error| Problem::bad_request(format!("the form cannot be read: {error}")))?;
    Ok(Filled { fields: fields.into_inner(), ..Filled::default() })
}

/// Reads `multipart/form-data`.
pub(crate) async fn multipart(request: &HttpRequest, payload: Payload) -> Result<Filled, Problem> {
    let mut filled = Filled::default();
    let mut parts = Multipart::new(request.headers(), payload);
    let mut total = 0;
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(|error| unreadable(&error))?;
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part.content_disposition().and_then(|it| it.get_filename()).map(clean_name);
        let mut bytes = Vec::new();
        let mut size = 0;
        while let Some(chunk) = part.next().await {
            let chunk = chunk.map_err(|error| unreadable(&error))?;
            (size, total) = (size + chunk.len(), total + chunk.len());
            if total > LONGEST {
                return Err(Problem::too_large(LONGEST));
            }
            // What is too large is read to its end but not kept, so that the rest of the form is known.
            if size <= LARGEST_FILE {
                bytes.extend_from_slice(&chunk);
            }
        }
        match file_name {
            Some(file_name) => add_file(&mut filled, file_name, bytes, size),
            None => add_field(&mut filled, name, bytes, size)?,
        }
    }
    Ok(filled)
}

fn unreadable(error: &actix_multipart::MultipartError) -> Problem {
    Problem::bad_request(format!("the form cannot be read: {error}"))
}

fn add_field(filled: &mut Filled, name: String, bytes: Vec<u8>, size: usize) -> Result<(), Problem> {
    if filled.fields.len() >= MOST_FIELDS {
        return Err(Problem::invalid("", format!("at most {MOST_FIELDS} fields")));
    }
    if size > LONGEST_FIELD {
        return Err(Problem::too_large(LONGEST_FIELD));
    }
    let pointer = format!("/{}", name.replace('\0', ""));
    let value = String::from_utf8(bytes).map_err(|_not_utf8| Problem::invalid(pointer, "must be UTF-8"))?;
    filled.fields.push((name, value));
    Ok(())
}

/// Browsers send an empty file where none was chosen: it is none.
fn add_file(filled: &mut Filled, name: String, bytes: Vec<u8>, size: usize) {
    if size == 0 {
        return;
    }
    let bytes = Bytes::from(bytes);
    let problem = match check_public(&bytes) {
        _ if filled.files.len() >= MOST_FILES => FileProblem::TooMany,
        _ if size > LARGEST_FILE => FileProblem::TooBig,
        Err(PublicRefusal::Type) => FileProblem::Type,
        Err(PublicRefusal::Damaged) => FileProblem::Damaged,
        Ok(media_type) => {
            let media_type = media_type.to_owned();
            filled.files.push(Attachment { name, media_type, inline: false, bytes: bytes.to_vec() });
            return;
        }
    };
    filled.refused.push((name, problem));
}
