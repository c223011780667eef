//! The tree of parts of a message.
//!
//! **Invariant:** a part never reaches beyond the delimiters of the parts around it, so a missing end boundary
//! loses nothing that follows. (The mail library swallows the rest of the message there, which is why the tree is
//! built here and only the values inside are its.)

use mail_parser::ContentType;

use crate::{
    encoded_word,
    header::{self, Headers},
};

pub(crate) mod transfer;

const MAX_DEPTH: usize = 30;
const MAX_PARTS: usize = 2000;
const MAX_FILE_NAME: usize = 200;

/// One part: a leaf with its decoded bytes, or a multipart.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) headers: Headers,
    /// The media type in lower case, such as `text/plain`.
    pub(crate) media_type: String,
    /// The parameters of the media type, names in lower case.
    parameters: Vec<(String, String)>,
    pub(crate) disposition: Option<String>,
    /// The file name, safe to show.
    pub(crate) name: Option<String>,
    pub(crate) content: Content,
    /// Whether the bytes are encoded text or binary, where line ends mean nothing.
    pub(crate) encoded: bool,
    /// Whether the structure was damaged and repaired here.
    pub(crate) broken: bool,
}

/// What a part holds.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// Bytes with the transfer encoding undone.
    Leaf(Vec<u8>),
    /// Parts.
    Multi(Vec<Part>),
}

impl Part {
    /// A parameter of the media type, such as `charset`.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
    /// The bytes of a leaf; none for a multipart.
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.content {
            Content::Leaf(bytes) => bytes,
            Content::Multi(_) => &[],
        }
    }
    /// The parts of a multipart; none for a leaf.
    pub(crate) fn children(&self) -> &[Self] {
        match &self.content {
            Content::Leaf(_) => &[],
            Content::Multi(parts) => parts,
        }
    }
    /// This part's leaves in order.
    pub(crate) fn leaves(&self) -> Vec<&Self> {
        match &self.content {
            Content::Leaf(_) => vec![self],
            Content::Multi(parts) => parts.iter().flat_map(Self::leaves).collect(),
        }
    }
    /// Whether anything below was damaged.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken || self.children().iter().any(Self::is_broken)
    }
    /// Whether headers anywhere needed a guess of their character set.
    pub(crate) fn headers_guessed(&self) -> bool {
        self.headers.guessed || self.children().iter().any(Self::headers_guessed)
    }
}

/// Takes a message apart, whatever is wrong with it.
pub(crate) fn parse(bytes: &[u8]) -> Part {
    part(bytes, "text/plain", 0, &mut 0)
}

fn part(bytes: &[u8], default_type: &str, depth: usize, count: &mut usize) -> Part {
    *count += 1;
    let (headers, body) = header::split(bytes);
    let media = headers.parameters("content-type");
    let media_type = media.as_ref().and_then(media_type).unwrap_or_else(|| default_type.to_owned());
    let disposition = headers.parameters("content-disposition");
    let name = disposition.as_ref().and_then(|value| parameter(value, "filename"));
    let mut part = Part {
        name: name
            .or_else(|| media.as_ref().and_then(|value| parameter(value, "name")))
            .and_then(|name| file_name(&name)),
        parameters: media.as_ref().map(parameters).unwrap_or_default(),
        disposition: disposition.map(|value| value.c_type.to_ascii_lowercase()),
        content: Content::Leaf(Vec::new()),
        encoded: false,
        broken: false,
        media_type,
        headers,
    };
    fill(&mut part, body, depth, count);
    part
}

fn fill(part: &mut Part, body: &[u8], depth: usize, count: &mut usize) {
    let encoding =
        transfer::Encoding::of(part.headers.first("content-transfer-encoding").unwrap_or_default());
    if part.media_type.starts_with("multipart/") && depth < MAX_DEPTH && *count < MAX_PARTS {
        let decoded = encoding.decode(body);
        let boundary = part.parameter("boundary").map(str::to_owned);
        let pieces = pieces(body, boundary.as_deref()).or_else(|| pieces(&decoded, boundary.as_deref()));
        if let Some((pieces, ended)) = pieces {
            let default_type =
                if part.media_type == "multipart/digest" { "message/rfc822" } else { "text/plain" };
            part.content = Content::Multi(
                pieces.into_iter().map(|piece| self::part(piece, default_type, depth + 1, count)).collect(),
            );
            part.broken = !ended;
            return;
        }
        part.broken = true;
    }
    part.encoded = encoding.is_binary();
    part.content = Content::Leaf(encoding.decode(body));
}

fn media_type(value: &ContentType<'static>) -> Option<String> {
    let kind = value.c_type.trim().to_ascii_lowercase();
    let fine =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic() && !b"/;,\"".contains(&b));
    match value.c_subtype.as_deref().map(|sub| sub.trim().to_ascii_lowercase()) {
        Some(sub) if fine(&kind) && fine(&sub) => Some(format!("{kind}/{sub}")),
        _ => None,
    }
}

fn parameters(value: &ContentType<'static>) -> Vec<(String, String)> {
    let all = value.attributes().unwrap_or_default().iter();
    all.map(|one| (one.name.to_ascii_lowercase(), one.value.clone().into_owned())).collect()
}

fn parameter(value: &ContentType<'static>, name: &str) -> Option<String> {
    parameters(value).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// A file name without folders, control and direction-changing characters; `None` when nothing is left.
fn file_name(name: &str) -> Option<String> {
    let decoded = header::clean(&encoded_word::decode(name));
    let base = decoded.rsplit(['/', '\\']).next().unwrap_or_default();
    let hidden =
        |c: &char| !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let safe: String = base.trim().chars().filter(hidden).take(MAX_FILE_NAME).collect();
    (!safe.is_empty() && safe != "." && safe != "..").then_some(safe)
}

/// The parts between delimiter lines, and whether the closing delimiter was there. `None` without a delimiter.
fn pieces<'a>(body: &'a [u8], boundary: Option<&str>) -> Option<(Vec<&'a [u8]>, bool)> {
    let boundary = match boundary.map(str::trim_end).filter(|boundary| !boundary.is_empty()) {
        Some(boundary) => boundary.as_bytes().to_vec(),
        None => likely_boundary(body)?,
    };
    let (mut found, mut start, mut at) = (Vec::new(), None, 0);
    let mut rest = body;
    while let Some((line, after)) = header::next_line(rest) {
        if let Some(closing) = delimiter(line, &boundary) {
            if let Some(start) = start {
                found.push(without_line_end(body.get(start..at).unwrap_or_default()));
            }
            if closing {
                return Some((found, true));
            }
            start = Some(at + line.len());
        }
        at += line.len();
        rest = after;
    }
    found.push(body.get(start?..).unwrap_or_default());
    Some((found, false))
}

/// Whether the line delimits parts, and whether it is the closing one. The whole line counts: one boundary may be
/// the beginning of another.
fn delimiter(line: &[u8], boundary: &[u8]) -> Option<bool> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary)?.trim_ascii_end();
    match rest {
        b"" => Some(false),
        b"--" => Some(true),
        _ => None,
    }
}

/// The boundary where the header names none: the first line that looks like a delimiter before a field.
fn likely_boundary(body: &[u8]) -> Option<Vec<u8>> {
    let mut rest = body;
    while let Some((line, after)) = header::next_line(rest) {
        let bare = line.trim_ascii_end();
        let follows = header::next_line(after).and_then(|(next, _)| header::field(next.trim_ascii_end()));
        if let Some(boundary) = bare.strip_prefix(b"--")
            && (1..=70).contains(&boundary.len())
            && follows
                .is_some_and(|(name, _)| name.len() > 8 && name.to_ascii_lowercase().starts_with(b"content-"))
        {
            return Some(boundary.to_vec());
        }
        rest = after;
    }
    None
}

/// The line end before a delimiter belongs to the delimiter.
fn without_line_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

#[cfg(test)]
mod tests;
