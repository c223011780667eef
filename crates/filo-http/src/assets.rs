//! What the pages are drawn with, embedded in the program: our own style sheets and script, and Bootstrap Italia with
//! its fonts where `make assets` had brought it before the build (`assets/vendor`, never committed).
//!
//! **Invariant:** a file's address has the hash of all of them in it, so that browsers may keep it for ever; nothing
//! is loaded from elsewhere. Without Bootstrap Italia the pages have our own small style sheet: [`look`] tells.

use std::sync::LazyLock;

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, HeaderValue},
    web::Path,
};
use filo_domain::chain::hex;
use rust_embed::Embed;
use sha2::{Digest, Sha256};

use crate::problem::Problem;

#[derive(Embed)]
#[folder = "assets"]
struct Files;

/// Where the pages find the files: `/assets/HASH`.
static PLACE: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for name in Files::iter() {
        let content = Files::get(&name).map(|file| file.metadata.sha256_hash()).unwrap_or_default();
        hash.update(name.as_bytes());
        hash.update(content);
    }
    format!("/assets/{}", hex(hash.finalize().get(..8).unwrap_or_default()))
});

/// The version of Bootstrap Italia that the program carries; `None` for our own small style sheet alone.
pub fn look() -> Option<String> {
    let file = Files::get("vendor/version")?;
    let version = String::from_utf8(file.data.into_owned()).ok()?;
    Files::get("vendor/bootstrap-italia.min.css").map(|_there| version.trim().to_owned())
}

/// The licences of what others made and the program carries for its pages: name and text.
pub fn licences() -> Vec<(String, String)> {
    let licence = |name: &str| {
        let title = name.strip_prefix("vendor/LICENSE-")?.strip_suffix(".txt")?.to_owned();
        Some((title, String::from_utf8_lossy(&Files::get(name)?.data).into_owned()))
    };
    Files::iter().filter_map(|name| licence(&name)).collect()
}

/// Where the pages find the files.
pub(crate) fn place() -> &'static str {
    &PLACE
}

/// A file. Of a page that an earlier build wrote, the address is another: nothing is at it.
pub(crate) async fn asset(path: Path<(String, String, String)>) -> Result<HttpResponse, Problem> {
    let (set, folder, name) = path.into_inner();
    let name = format!("{folder}/{name}");
    let file = Files::get(&name).filter(|_| PLACE.ends_with(&set) && set.len() == 16);
    let (Some(file), Some(media)) = (file, media(&name)) else { return Err(Problem::not_found()) };
    let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
    Ok(HttpResponse::Ok()
        .content_type(media)
        .insert_header((CACHE_CONTROL, kept))
        .body(file.data.into_owned()))
}

fn media(name: &str) -> Option<&'static str> {
    match name.rsplit('.').next() {
        Some("css") => Some("text/css; charset=utf-8"),
        Some("js") => Some("text/javascript; charset=utf-8"),
        Some("woff2") => Some("font/woff2"),
        Some("txt") => Some("text/plain; charset=utf-8"),
        _ => None,
    }
}
