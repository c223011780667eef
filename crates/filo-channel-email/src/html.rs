//! HTML made plain: no script, no style, no remote content, quotations marked with `> `.

use html2text::{config, render::TextDecorator};

/// So wide that paragraphs keep their lines.
const WIDTH: usize = 2000;

/// Elements left open beyond this number are no document but an attempt to keep us busy: building the tree of them
/// takes quadratic time.
const MAX_OPEN: usize = 1000;
const NESTING: [&str; 11] =
    ["<div", "<span", "<table", "<font", "<a ", "<b>", "<i>", "<blockquote", "<center", "<ul", "<em"];

/// The text of an HTML document.
pub(crate) fn to_text(html: &str) -> String {
    let plain = config::with_decorator(Plain).raw_mode(true).link_footnotes(false).allow_width_overflow();
    let rendered = if is_bomb(html) { None } else { plain.string_from_read(html.as_bytes(), WIDTH).ok() };
    let text = rendered.unwrap_or_else(|| mail_parser::decoders::html::html_to_text(html));
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn is_bomb(html: &str) -> bool {
    let html = html.to_ascii_lowercase();
    let opened: usize = NESTING.iter().map(|tag| html.matches(tag).count()).sum();
    opened > html.matches("</").count().saturating_add(MAX_OPEN)
}

/// Marks quotations and lists, and nothing else.
#[derive(Clone, Debug)]
struct Plain;

impl TextDecorator for Plain {
    type Annotation = ();

    fn decorate_link_start(&mut self, _url: &str) -> (String, ()) {
        Default::default()
    }
    fn decorate_link_end(&mut self) -> String {
        String::new()
    }
    fn decorate_em_start(&self) -> (String, ()) {
        Default::default()
    }
    fn decorate_em_end(&self) -> String {
        String::new()
    }
    fn decorate_strong_start(&self) -> (String, ()) {
        Default::default()
    }
    fn decorate_strong_end(&self) -> String {
        String::new()
    }
    fn decorate_strikeout_start(&self) -> (String, ()) {
        Default::default()
    }
    fn decorate_strikeout_end(&self) -> String {
        String::new()
    }
    fn decorate_code_start(&self) -> (String, ()) {
        Default::default()
    }
    fn decorate_code_end(&self) -> String {
        String::new()
    }
    fn decorate_preformat_first(&self) {}
    fn decorate_preformat_cont(&self) {}
    fn decorate_image(&mut self, _src: &str, title: &str) -> (String, ()) {
        (title.to_owned(), ())
    }
    fn header_prefix(&self, _level: usize) -> String {
        String::new()
    }
    fn quote_prefix(&self) -> String {
        "> ".to_owned()
    }
    fn unordered_item_prefix(&self) -> String {
        "* ".to_owned()
    }
    fn ordered_item_prefix(&self, number: i64) -> String {
        format!("{number}. ")
    }
    fn make_subblock_decorator(&self) -> Self {
        self.clone()
    }
}

/// The character set an HTML document declares in itself.
pub(crate) fn declared_charset(bytes: &[u8]) -> Option<String> {
    let start = bytes.get(..bytes.len().min(2048)).unwrap_or_default();
    let head = String::from_utf8_lossy(start).to_ascii_lowercase();
    let (_, rest) = head.split_once("charset=")?;
    let label = rest.trim_start_matches(['"', '\'']);
    let end = label.find(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c)).unwrap_or(label.len());
    label.get(..end).filter(|label| !label.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_goes_and_quotations_are_marked() {
        assert_eq!(to_text("<html><body>Hi</body></html>"), "Hi");
        let text = to_text(
            "<style>p{}</style><p>Buongiorno,<br>a presto</p><hr><blockquote>vecchio</blockquote><script>x()</script>",
        );
        assert_eq!(text, "Buongiorno,\na presto\n\n> vecchio");
        assert_eq!(to_text("<a href=\"https://x.it/a\">qui</a>"), "qui");
        assert_eq!(to_text("<table><tr><td>a</td><td>b</td></tr></table>").split_whitespace().count(), 2);
    }

    #[test]
    fn elements_that_are_never_closed_do_not_keep_us_busy() {
        let html = "<div><a href=x>".repeat(20_000) + "ciao";
        assert!(to_text(&html).ends_with("ciao"));
    }

    #[test]
    fn the_document_may_declare_its_charset() {
        assert_eq!(declared_charset(b"<meta charset=\"ISO-8859-1\">").as_deref(), Some("iso-8859-1"));
        assert_eq!(declared_charset(b"<html>"), None);
    }
}
