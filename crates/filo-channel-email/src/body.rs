//! Which parts are the text and which are files.
//!
//! `multipart/alternative` is a choice (plain text first, else HTML made plain), every other multipart a list whose
//! texts are joined. A part marked as attachment or with a file name is a file; `message/rfc822` is one file.

use std::collections::BTreeSet;

use filo_channel::Attachment;

use crate::{
    charset, header, html,
    mime::{Content, Part},
    uu,
};

/// The text, the files and what a reader should know about them.
#[derive(Debug, Default)]
pub(crate) struct Body {
    texts: Vec<String>,
    from_html: bool,
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) flags: BTreeSet<&'static str>,
}

impl Body {
    /// Collects from the whole tree.
    pub(crate) fn of(root: &Part) -> Self {
        let mut body = Self::default();
        body.collect(root, true, false);
        body
    }
    /// The texts joined, without blank lines around them.
    pub(crate) fn text(&self) -> String {
        self.texts.join("\n\n").trim().to_owned()
    }
    fn collect(&mut self, part: &Part, root: bool, related: bool) {
        match &part.content {
            Content::Multi(children) if part.media_type == "multipart/alternative" => self.choose(children),
            Content::Multi(children) => {
                let related = part.media_type == "multipart/related";
                for (place, child) in children.iter().enumerate() {
                    self.collect(child, root && place == 0, related && place > 0);
                }
            }
            Content::Leaf(bytes) => match text_kind(part, root) {
                Some(kind) => self.push_text(part, bytes, kind),
                None => self.push_file(part, bytes, related),
            },
        }
    }
    /// The files of every alternative are kept, the text of the best one.
    fn choose(&mut self, children: &[Part]) {
        let mut bodies: Vec<Self> = children
            .iter()
            .map(|child| {
                let mut body = Self::default();
                body.collect(child, false, false);
                body
            })
            .collect();
        let filled = |body: &Self| !body.text().is_empty();
        let best = bodies
            .iter()
            .position(|body| !body.from_html && filled(body))
            .or_else(|| bodies.iter().rposition(filled));
        for (place, body) in bodies.iter_mut().enumerate() {
            self.attachments.append(&mut body.attachments);
            if Some(place) == best {
                self.texts.append(&mut body.texts);
                self.from_html |= body.from_html;
                self.flags.append(&mut body.flags);
            }
        }
    }
    fn push_text(&mut self, part: &Part, bytes: &[u8], kind: Kind) {
        let declared = part.parameter("charset").map(str::to_owned);
        let label =
            declared.or_else(|| (kind == Kind::Html).then(|| html::declared_charset(bytes)).flatten());
        let decoded = charset::decode(bytes, label.as_deref());
        if decoded.guessed {
            self.flags.insert("charset_guessed");
        }
        let text = decoded.text.replace("\r\n", "\n").replace('\r', "\n");
        let text = match kind {
            Kind::Html => html::to_text(&text),
            Kind::Flowed { delete_space } => unflow(&text, delete_space),
            Kind::Plain => text,
        };
        let (text, files) = uu::extract(&text);
        if !files.is_empty() {
            self.flags.insert("uuencoded");
        }
        self.attachments.extend(files.into_iter().map(|file| Attachment {
            name: header::clean(&file.name),
            media_type: "application/octet-stream".to_owned(),
            inline: true,
            bytes: file.bytes,
        }));
        if !text.trim().is_empty() {
            self.texts.push(text.trim_end().to_owned());
            self.from_html |= kind == Kind::Html;
        }
    }
    fn push_file(&mut self, part: &Part, bytes: &[u8], related: bool) {
        match part.media_type.as_str() {
            "application/ms-tnef" | "application/vnd.ms-tnef" => _ = self.flags.insert("tnef"),
            "application/pkcs7-mime" | "application/x-pkcs7-mime" => {
                _ = self.flags.insert("smime_not_opened")
            }
            _ => {}
        }
        let named = part.name.clone();
        let name =
            named.or_else(|| (part.media_type == "message/rfc822").then(|| subject_name(bytes)).flatten());
        self.attachments.push(Attachment {
            name: name.unwrap_or_default(),
            media_type: part.media_type.clone(),
            inline: part.disposition.as_deref().map_or(related, |disposition| disposition == "inline"),
            bytes: bytes.to_vec(),
        });
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Flowed { delete_space: bool },
    Html,
}

fn text_kind(part: &Part, root: bool) -> Option<Kind> {
    let attached = part.disposition.as_deref() == Some("attachment");
    if attached || (part.name.is_some() && !root) {
        return None;
    }
    let is = |name: &str, word: &str| {
        part.parameter(name).is_some_and(|value| value.trim().eq_ignore_ascii_case(word))
    };
    match part.media_type.as_str() {
        "text/html" | "application/xhtml+xml" => Some(Kind::Html),
        "text/plain" if is("format", "flowed") => Some(Kind::Flowed { delete_space: is("delsp", "yes") }),
        "text/plain" => Some(Kind::Plain),
        // A multipart whose delimiters are nowhere: what it holds is shown as it is.
        other if other.starts_with("multipart/") => Some(Kind::Plain),
        _ => None,
    }
}

fn subject_name(message: &[u8]) -> Option<String> {
    let (headers, _) = header::split(message);
    let subject: String =
        headers.text("subject")?.chars().filter(|c| !"/\\:*?\"<>|".contains(*c)).take(80).collect();
    (!subject.trim().is_empty()).then(|| format!("{}.eml", subject.trim()))
}

/// Joins the soft line breaks of `format=flowed` (RFC 3676).
fn unflow(text: &str, delete_space: bool) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut open_depth = None;
    for line in text.lines() {
        let quoted = line.trim_start_matches('>');
        let depth = line.len() - quoted.len();
        let content = quoted.strip_prefix(' ').unwrap_or(quoted);
        let soft = content.ends_with(' ') && content != "-- ";
        let shown = if soft && delete_space { content.strip_suffix(' ').unwrap_or(content) } else { content };
        match out.last_mut() {
            Some(last) if open_depth == Some(depth) && content != "-- " => last.push_str(shown),
            _ if depth > 0 => out.push(format!("{} {shown}", ">".repeat(depth))),
            _ => out.push(shown.to_owned()),
        }
        open_depth = soft.then_some(depth);
    }
    out.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime;

    fn body(message: &str) -> (String, Vec<String>) {
        let body = Body::of(&mime::parse(message.as_bytes()));
        (
            body.text(),
            body.attachments.iter().map(|file| format!("{} {}", file.media_type, file.name)).collect(),
        )
    }

    #[test]
    fn alternative_is_a_choice_and_mixed_a_list() {
        let (text, files) = body(
            "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/alternative; boundary=b\n\n\
             --b\n\nplain\n--b\nContent-Type: text/html\n\n<b>html</b>\n--b--\n--a\n\nfooter\n--a\n\
             Content-Type: application/pdf; name=x.pdf\n\nPDF\n--a--\n",
        );
        assert_eq!(text, "plain\n\nfooter");
        assert_eq!(files, ["application/pdf x.pdf"]);
    }

    #[test]
    fn an_empty_plain_text_gives_way_to_the_html_and_keeps_its_pictures() {
        let (text, files) = body(
            "Content-Type: multipart/alternative; boundary=b\n\n--b\n\n \n--b\nContent-Type: multipart/related; boundary=c\n\n\
             --c\nContent-Type: text/html\n\n<p>html</p>\n--c\nContent-Type: image/png\n\nPNG\n--c--\n--b--\n",
        );
        assert_eq!(text, "html");
        assert_eq!(files, ["image/png "]);
    }

    #[test]
    fn an_attached_message_is_one_file_named_after_its_subject() {
        let (text, files) = body(
            "Content-Type: multipart/mixed; boundary=a\n\n--a\n\nsee\n--a\nContent-Type: message/rfc822\n\n\
             Subject: Multa 12/3\nContent-Type: multipart/mixed; boundary=z\n\n--z\n\ninner\n--z--\n--a--\n",
        );
        assert_eq!((text.as_str(), files), ("see", vec!["message/rfc822 Multa 123.eml".to_owned()]));
    }

    #[test]
    fn flowed_lines_are_joined_within_their_quotation_depth() {
        assert_eq!(unflow("a \nb\n>  c \n> d\n-- \nme", false), "a b\n>  c d\n-- \nme");
        assert_eq!(unflow("a \nb", true), "ab");
        assert_eq!(unflow(" From here\n  two", false), "From here\n two");
    }

    #[test]
    fn a_multipart_without_its_delimiters_is_shown_whole() {
        let (text, files) = body("Content-Type: multipart/mixed; boundary=zz\n\nonly text\n");
        assert_eq!((text.as_str(), files.len()), ("only text", 0));
    }
}
