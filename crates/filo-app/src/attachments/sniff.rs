//! What a file is: by its first bytes, whatever its name and its sender say.
//!
//! **Invariant:** a type that a browser could run is never served as itself, and what a machine could run is refused
//! at the doors that can refuse.

/// As many first bytes as sniffing looks at.
pub(crate) const HEAD: usize = 8_192;
/// What is not known.
pub(crate) const UNKNOWN: &str = "application/octet-stream";

/// What a citizen may send by the form.
const PUBLIC: [&str; 18] = [
    "application/pdf",
    "application/rtf",
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/heif",
    "text/plain",
    "application/zip",
    "application/x-ole-storage",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
];

/// What is served as what it is, besides [`PUBLIC`]: nothing that a browser runs.
const INERT: [&str; 10] = [
    "application/vnd.ms-powerpoint",
    "application/epub+zip",
    "application/gzip",
    "application/x-7z-compressed",
    "image/avif",
    "image/bmp",
    "image/tiff",
    "video/mp4",
    "audio/mpeg",
    "audio/ogg",
];

/// What machines run, by sniffed type: refused where nothing else is configured.
pub const EXECUTABLES: [&str; 13] = [
    "application/vnd.microsoft.portable-executable",
    "application/x-executable",
    "application/x-mach-binary",
    "application/java",
    "application/wasm",
    "application/x-llvm",
    "application/vnd.android.dex",
    "application/vnd.android.dey",
    "application/vnd.debian.binary-package",
    "application/x-rpm",
    "application/x-google-chrome-extension",
    "application/x-shockwave-flash",
    "text/x-shellscript",
];

/// The type of a content by its first bytes; [`UNKNOWN`] when they say nothing.
pub(crate) fn sniff(head: &[u8]) -> &'static str {
    // Told by two bytes, with which measurements begin as well.
    const TOO_SHORT: [&str; 2] = ["obj", "der"];
    // Documents that are texts.
    const WRITTEN: [&str; 3] = ["application/pdf", "application/rtf", "application/postscript"];
    let known = infer::get(head).filter(|kind| !TOO_SHORT.contains(&kind.extension()));
    match (known.map(|kind| kind.mime_type()), text(head)) {
        // What can be read is a text, even if it begins with the letters of a picture ("BM") or a film ("FWS").
        (Some(known), readable) if readable == UNKNOWN || WRITTEN.contains(&known) => known,
        (_, readable) => readable,
    }
}

/// Text without control characters, and which text.
fn text(head: &[u8]) -> &'static str {
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The last character may be cut off.
        Err(error) if head.len() >= HEAD && error.valid_up_to() + 4 > head.len() => {
            std::str::from_utf8(head.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default()
        }
        Err(_) => return UNKNOWN,
    };
    if valid.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}')) {
        return UNKNOWN;
    }
    let start = valid.trim_start_matches('\u{feff}').trim_start();
    let lower = start.to_ascii_lowercase();
    match start.starts_with('<') {
        true if lower.contains("<svg") => "image/svg+xml",
        true if lower.starts_with("<?xml") && !lower.contains("<html") => "text/xml",
        true => "text/html",
        false if start.starts_with("#!") => "text/x-shellscript",
        false => "text/plain",
    }
}

/// Whether a citizen may send it by the form.
pub(crate) fn is_public(media_type: &str) -> bool {
    PUBLIC.contains(&media_type)
}

/// The type that a file is served with: its own where no browser runs it.
pub fn served_type(media_type: &str) -> &str {
    if is_public(media_type) || INERT.contains(&media_type) { media_type } else { UNKNOWN }
}

/// The bare type of what a sender declared, in lower case.
pub(crate) fn bare(declared: &str) -> String {
    let bare = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let fine = bare.len() <= 127
        && bare.split('/').count() == 2
        && bare.bytes().all(|b| b.is_ascii_alphanumeric() || b"/+-._".contains(&b));
    if fine { bare } else { String::new() }
}

/// Whether a content is not what it was declared as.
pub(crate) fn contradicts(declared: &str, sniffed: &str) -> bool {
    if declared.is_empty() || declared == UNKNOWN || declared == sniffed {
        return false;
    }
    let starts = |many: &[&str]| many.iter().any(|one| declared.starts_with(one));
    match sniffed {
        // What says nothing of itself contradicts only types that always do.
        UNKNOWN => starts(&["image/", "application/pdf", "application/zip", "video/"]),
        "application/zip" => !starts(&["application/"]) || declared == "application/pdf",
        "application/x-ole-storage" => {
            !starts(&["application/msword", "application/vnd.ms", "application/x-"])
        }
        "text/plain" => !starts(&["text/", "application/json", "application/xml", "message/"]),
        "text/xml" => !starts(&["text/", "application/"]),
        "image/jpeg" => !matches!(declared, "image/jpg" | "image/pjpeg"),
        "image/heif" => !starts(&["image/hei"]),
        "application/gzip" => !starts(&["application/x-gzip"]),
        _ if sniffed.starts_with("application/vnd.openxml")
            || sniffed.starts_with("application/vnd.oasis") =>
        {
            !starts(&["application/zip", "application/x-zip", "application/vnd"])
        }
        _ if sniffed.starts_with("audio/") || sniffed.starts_with("video/") => !starts(&["audio/", "video/"]),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_bytes_say() {
        let cases: [(&[u8], &str); 12] = [
            (b"BMW rubata in via Roma", "text/plain"),
            (b"FWS: inoltro", "text/plain"),
            (b"{\\rtf1 testo}", "application/rtf"),
            (b"BM\0\x01\0\0", "image/bmp"),
            (b"%PDF-1.7 ...", "application/pdf"),
            ("perch\u{e9}\n".as_bytes(), "text/plain"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "image/jpeg"),
            (b"<html><body>", "text/html"),
            (b" <svg onload=x>", "image/svg+xml"),
            (b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>", "image/svg+xml"),
            (b"#!/bin/sh\necho", "text/x-shellscript"),
            (b"\x01\x02\x03\0", UNKNOWN),
        ];
        let program = [b"\x7fELF\x02\x01\x01\0".as_slice(), &[0; 120]].concat();
        assert_eq!(sniff(&program), "application/x-executable");
        for (bytes, expected) in cases {
            assert_eq!(sniff(bytes), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn what_a_browser_could_run_is_served_as_bytes() {
        for active in
            ["text/html", "image/svg+xml", "text/xml", "application/javascript", "text/x-shellscript"]
        {
            assert_eq!(served_type(active), UNKNOWN);
        }
        assert_eq!(served_type("image/png"), "image/png");
    }

    #[test]
    fn office_documents_do_not_contradict_their_archive() {
        let docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        assert!(!contradicts(docx, "application/zip"));
        assert!(!contradicts("text/csv", "text/plain"));
        assert!(contradicts("image/jpeg", "application/pdf"));
        assert!(contradicts("image/png", UNKNOWN));
        assert_eq!(bare("Image/JPEG; name=x"), "image/jpeg");
        assert_eq!(bare("nonsense\r\nX: y"), "");
    }
}
