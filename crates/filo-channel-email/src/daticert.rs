//! The certification data (`daticert.xml`) that a PEC provider puts into every message.
//!
//! **Invariant:** ill-formed XML is still searched tag by tag; the caller is told that it was.

use filo_domain::{CityZone, Instant};
use roxmltree::{Document, Node};

use crate::{charset, header};

/// What the provider certifies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Daticert {
    pub(crate) kind: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) sender: Option<String>,
    /// Each recipient, and whether it is a certified mailbox.
    pub(crate) recipients: Vec<(String, bool)>,
    pub(crate) subject: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) at: Option<Instant>,
    pub(crate) id: Option<String>,
    /// The Message-ID of the submitted message, without brackets.
    pub(crate) message_id: Option<String>,
    /// The mailbox that a delivery receipt or its refusal speaks of.
    pub(crate) delivery: Option<String>,
    pub(crate) error_detail: Option<String>,
}

struct Element {
    tag: String,
    attributes: Vec<(String, String)>,
    text: String,
}

/// Reads the file; the flag tells whether it was well-formed.
pub(crate) fn parse(bytes: &[u8]) -> (Daticert, bool) {
    let text = charset::decode(bytes, declared_encoding(bytes).as_deref()).text;
    match Document::parse(text.trim_start()) {
        Ok(document) => (read(&elements(&document)), true),
        Err(_ill_formed) => (read(&salvage(&text)), false),
    }
}

fn declared_encoding(bytes: &[u8]) -> Option<String> {
    let start = String::from_utf8_lossy(bytes.get(..bytes.len().min(200)).unwrap_or_default()).into_owned();
    let (_, rest) = start.split_once("encoding=")?;
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    rest.split(quote).nth(1).map(str::to_owned)
}

fn elements(document: &Document<'_>) -> Vec<Element> {
    let element = |node: Node<'_, '_>| Element {
        tag: node.tag_name().name().to_ascii_lowercase(),
        attributes: node
            .attributes()
            .map(|one| (one.name().to_ascii_lowercase(), one.value().to_owned()))
            .collect(),
        text: node.children().filter_map(|child| child.text().filter(|_| child.is_text())).collect(),
    };
    document.descendants().filter(Node::is_element).map(element).collect()
}

/// Every opening tag with the text up to the next tag.
fn salvage(xml: &str) -> Vec<Element> {
    let opening = |piece: &str| {
        let (inside, text) = piece.split_once('>')?;
        let (tag, attributes) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
        let tag = tag.trim_end_matches('/').to_ascii_lowercase();
        let fine = !tag.is_empty() && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        fine.then(|| Element { tag, attributes: attribute_pairs(attributes), text: unescape(text) })
    };
    xml.split('<').skip(1).filter_map(opening).collect()
}

fn attribute_pairs(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let value = after.trim_start();
        let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else { break };
        let mut parts = value.splitn(3, quote).skip(1);
        let Some(inside) = parts.next() else { break };
        pairs.push((name.trim().to_ascii_lowercase(), unescape(inside)));
        rest = parts.next().unwrap_or_default();
    }
    pairs
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

fn read(elements: &[Element]) -> Daticert {
    let text = |tag: &str| {
        let found = elements.iter().filter(|one| one.tag == tag).map(|one| header::clean(&one.text));
        found.into_iter().find(|text| !text.is_empty())
    };
    let attribute = |tag: &str, name: &str| {
        let mut all = elements.iter().filter(|one| one.tag == tag).flat_map(|one| &one.attributes);
        all.find(|(key, _)| key == name)
            .map(|(_, value)| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    };
    let recipients = elements.iter().filter(|one| one.tag == "destinatari").filter_map(|one| {
        let external = one.attributes.iter().any(|(key, value)| key == "tipo" && value == "esterno");
        let address = header::clean(&one.text).to_lowercase();
        (!address.is_empty()).then_some((address, !external))
    });
    Daticert {
        kind: attribute("postacert", "tipo").map(|kind| kind.to_lowercase()),
        error: attribute("postacert", "errore"),
        sender: text("mittente"),
        recipients: recipients.collect(),
        subject: text("oggetto"),
        provider: text("gestore-emittente"),
        at: text("giorno")
            .zip(text("ora"))
            .and_then(|(day, time)| instant(&day, &time, attribute("data", "zona"))),
        id: text("identificativo"),
        message_id: text("msgid").and_then(|id| header::ids(&id).into_iter().next()),
        delivery: text("consegna").map(|address| address.to_lowercase()),
        error_detail: text("errore-esteso"),
    }
}

/// `DD/MM/YYYY`, `HH:MM:SS` and `+HHMM`. Without a usable zone the time is Italian: providers are in Italy.
fn instant(day: &str, time: &str, zone: Option<String>) -> Option<Instant> {
    let mut numbers = day.split('/');
    let (day, month, year) = (numbers.next()?, numbers.next()?, numbers.next()?);
    let local = format!("{year:0>4}-{month:0>2}-{day:0>2}T{time:0>8}");
    match zone.as_deref().and_then(offset) {
        Some(offset) => Instant::parse(&format!("{local}{offset}")).ok(),
        None => Some(CityZone::parse("Europe/Rome").ok()?.instant(local.parse().ok()?)),
    }
}

fn offset(zone: &str) -> Option<String> {
    let sign = zone.chars().next().filter(|c| matches!(c, '+' | '-'))?;
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) = (digits.get(..2)?, digits.get(2..4)?);
    (digits.len() == 4).then(|| format!("{sign}{hours}:{minutes}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<postacert tipo="errore-consegna" errore="no-dest"><intestazione><mittente>a@pec.example</mittente>
<destinatari tipo="certificato">B@pec.example</destinatari><destinatari tipo="esterno">c@mail.example</destinatari>
<risposte>a@pec.example</risposte><oggetto>Città &amp; co</oggetto></intestazione><dati>
<gestore-emittente>Gestore S.p.A.</gestore-emittente><data zona="+0200"><giorno>01/05/2021</giorno><ora>00:30:08</ora></data>
<identificativo>opec1@pec.example</identificativo><msgid>&lt;m1@filo.example&gt;</msgid><consegna>B@pec.example</consegna>
<errore-esteso>5.1.1 - indirizzo non valido</errore-esteso></dati></postacert>"#;

    #[test]
    fn every_field_is_read_and_the_zone_moves_the_date() {
        let (data, fine) = parse(XML.as_bytes());
        assert!(fine);
        assert_eq!((data.kind.as_deref(), data.error.as_deref()), (Some("errore-consegna"), Some("no-dest")));
        assert_eq!(data.sender.as_deref(), Some("a@pec.example"));
        assert_eq!(
            data.recipients,
            [("b@pec.example".to_owned(), true), ("c@mail.example".to_owned(), false)]
        );
        assert_eq!(data.subject.as_deref(), Some("Città & co"));
        assert_eq!(data.at.map(|at| at.to_string()).as_deref(), Some("2021-04-30T22:30:08Z"));
        assert_eq!(
            (data.id.as_deref(), data.message_id.as_deref()),
            (Some("opec1@pec.example"), Some("m1@filo.example"))
        );
        assert_eq!(data.delivery.as_deref(), Some("b@pec.example"));
        assert_eq!(data.error_detail.as_deref(), Some("5.1.1 - indirizzo non valido"));
    }

    #[test]
    fn ill_formed_xml_gives_the_same_and_says_so() {
        let (whole, _) = parse(XML.as_bytes());
        for (from, to) in [("</risposte>", ""), ("</postacert>", ""), ("</dati>", "& </dati>")] {
            let (data, fine) = parse(XML.replacen(from, to, 1).as_bytes());
            assert!(!fine, "{from}");
            assert_eq!(data, whole, "{from}");
        }
    }

    #[test]
    fn other_character_sets_and_missing_zones_are_read() {
        let latin: Vec<u8> =
            XML.replace("UTF-8", "iso-8859-1").chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        assert_eq!(parse(&latin).0.subject.as_deref(), Some("Città & co"));
        let at = |xml: String| parse(xml.as_bytes()).0.at.map(|at| at.to_string());
        assert_eq!(at(XML.replace(" zona=\"+0200\"", "")).as_deref(), Some("2021-04-30T22:30:08Z"));
        assert_eq!(at(XML.replace("01/05/2021", "domani")), None);
        assert_eq!(at(XML.replace("+0200", "+02:00")).as_deref(), Some("2021-04-30T22:30:08Z"));
    }

    #[test]
    fn nonsense_gives_nothing() {
        for text in ["", "<", "<a b=c", "plain", "<!DOCTYPE x [<!ENTITY e \"x\">]><postacert/>"] {
            assert_eq!(parse(text.as_bytes()).0, Daticert::default(), "{text}");
        }
    }
}
