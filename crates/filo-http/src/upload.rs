//! Filled-in forms as browsers send them, with files: `multipart/form-data` and `application/x-www-form-urlencoded`.
//!
//! A file is what its first bytes say it is, whatever its name and declared type say.

use actix_multipart::Multipart;
use actix_web::{HttpRequest, dev::Payload, web::Query};
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
/// The longest form, in bytes: its files, its fields and what multipart adds.
pub(crate) const LONGEST: usize = MOST_FILES * LARGEST_MB * 1_000_000 + 1_000_000;
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
}

impl Filled {
    /// The last value of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
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
    let text = String::from_utf8(bytes).map_err(|error| Problem::bad_request(format!("not UTF-8: {error}")))?;
    let fields = Query::<Vec<(String, String)>>::from_query(&text)
        .map_err(|error| Problem::bad_request(format!("the form cannot be read: {error}")))?;
    Ok(Filled { fields: fields.into_inner(), files: vec![] })
}

/// Reads `multipart/form-data`.
pub(crate) async fn multipart(request: &HttpRequest, payload: Payload) -> Result<Filled, Problem> {
    let mut filled = Filled::default();
    let mut parts = Multipart::new(request.headers(), payload);
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(|error| unreadable(&error))?;
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part.content_disposition().and_then(|it| it.get_filename()).map(str::to_owned);
        let limit = if file_name.is_some() { LARGEST_MB * 1_000_000 } else { LONGEST_FIELD };
        let mut bytes = Vec::new();
        while let Some(chunk) = part.next().await {
            let chunk = chunk.map_err(|error| unreadable(&error))?;
            if bytes.len() + chunk.len() > limit {
                return Err(Problem::too_large(limit));
            }
            bytes.extend_from_slice(&chunk);
        }
        match file_name {
            Some(file_name) => add_file(&mut filled, &file_name, bytes)?,
            None => add_field(&mut filled, name, bytes)?,
        }
    }
    Ok(filled)
}

fn unreadable(error: &actix_multipart::MultipartError) -> Problem {
    Problem::bad_request(format!("the form cannot be read: {error}"))
}

fn add_field(filled: &mut Filled, name: String, bytes: Vec<u8>) -> Result<(), Problem> {
    if filled.fields.len() >= MOST_FIELDS {
        return Err(Problem::invalid("", format!("at most {MOST_FIELDS} fields")));
    }
    let pointer = format!("/{}", name.replace('\0', ""));
    let value = String::from_utf8(bytes).map_err(|_not_utf8| Problem::invalid(pointer, "must be UTF-8"))?;
    filled.fields.push((name, value));
    Ok(())
}

/// Browsers send an empty file where none was chosen: it is none.
fn add_file(filled: &mut Filled, name: &str, bytes: Vec<u8>) -> Result<(), Problem> {
    if bytes.is_empty() {
        return Ok(());
    }
    let pointer = format!("/files/{}", filled.files.len());
    if filled.files.len() >= MOST_FILES {
        return Err(Problem::invalid(pointer, format!("at most {MOST_FILES} files")));
    }
    let Some(media_type) = sniff(&bytes) else {
        let detail = "this file is of a type that is not accepted: send PDF, JPEG, PNG, WebP, text or office documents";
        return Err(Problem::invalid(pointer, detail));
    };
    let name = shown_name(name);
    filled.files.push(Attachment { name, media_type: media_type.to_owned(), inline: false, bytes });
    Ok(())
}

/// A file's name without folders and control characters.
fn shown_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().filter(|c| !c.is_control()).take(120).collect()
}

/// What a file is by its first bytes; `None` for what is not accepted.
fn sniff(bytes: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 6] = [
        (b"%PDF-", "application/pdf"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF8", "image/gif"),
        // Office documents are zip archives.
        (b"PK\x03\x04", "application/zip"),
        (b"\xd0\xcf\x11\xe0", "application/x-ole-storage"),
    ];
    let known = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, media_type)| *media_type);
    let webp = || (bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP")).then_some("image/webp");
    let text = || std::str::from_utf8(bytes).ok().filter(|text| is_plain(text)).map(|_| "text/plain");
    known.or_else(webp).or_else(text)
}

/// Text without control characters that is no markup a browser would run.
fn is_plain(text: &str) -> bool {
    !text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        && !text.trim_start_matches('\u{feff}').trim_start().starts_with('<')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_bytes_say() {
        assert_eq!(sniff(b"%PDF-1.7 ..."), Some("application/pdf"));
        assert_eq!(sniff("perché".as_bytes()), Some("text/plain"));
        for bad in [&b"MZ\x90\0"[..], b"\x7fELF\x02", b"<html>", b" <svg onload=x>"] {
            assert_eq!(sniff(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_file_name_keeps_no_folder() {
        assert_eq!(shown_name("..\\..\\a\r\n/foto.jpg"), "foto.jpg");
    }
}
