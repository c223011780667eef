//! How an archive of bodies is taken apart, and how it is understood without a store.

use filo_channel::Raw;
use filo_domain::Instant;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::{
    decode::{self, without_bom},
    node::Node,
};

/// How a file is understood: one JSON object for each interaction or status, and one of kind `unreadable` for what
/// is not. The source is derived from the body's `object`; `now` stands for an instant that the platform left out.
pub fn inspect(bytes: &[u8], now: Instant) -> Vec<Value> {
    split_bodies(bytes).into_iter().flat_map(|body| inspect_body(body, now)).collect()
}

fn inspect_body(bytes: Vec<u8>, now: Instant) -> Vec<Value> {
    let raw = Raw { bytes, arrived_at: None, now };
    let units = decode::read(&raw, &[], |platform, object| platform.source(object).to_owned());
    let shown = |unit: Result<filo_channel::Inbound, filo_channel::Rejected>| match unit {
        Ok(inbound) => inbound.detail,
        Err(rejected) => json!({
            "source": null, "external_id": null, "kind": "unreadable", "reason": rejected.reason,
            "detail": rejected.detail, "opens_ticket": false, "own": false,
        }),
    };
    units.into_iter().map(shown).collect()
}

/// Takes a file of archived bodies apart: one after another, whether on one line each or on many. Where the JSON
/// breaks, the lines are taken one by one if any of them is a body, so that a broken line spoils no other; else
/// the file is one body, broken as it is. Blank files have none.
pub fn split_bodies(bytes: &[u8]) -> Vec<Vec<u8>> {
    let bytes = without_bom(bytes);
    values(bytes).or_else(|| lines(bytes)).unwrap_or_else(|| vec![bytes.to_vec()])
}

fn values(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut stream = serde_json::Deserializer::from_slice(bytes).into_iter::<IgnoredAny>();
    let (mut bodies, mut start) = (Vec::new(), 0);
    while let Some(value) = stream.next() {
        let end = value.ok().map(|_skipped| stream.byte_offset())?;
        bodies.push(bytes.get(start..end)?.trim_ascii().to_vec());
        start = end;
    }
    Some(bodies)
}

fn lines(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let lines: Vec<_> =
        bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).collect();
    lines.iter().any(|line| is_body(line)).then(|| lines.into_iter().map(<[u8]>::to_vec).collect())
}

fn is_body(line: &[u8]) -> bool {
    let value = serde_json::from_slice::<Value>(line).unwrap_or_default();
    Node::of(&value).has("object") || Node::of(&value).has("entry")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"object":"page","entry":[{"id":"1","time":1760000000}]}"#;

    fn split(text: &str) -> Vec<String> {
        split_bodies(text.as_bytes()).into_iter().map(|body| String::from_utf8(body).unwrap()).collect()
    }

    #[test]
    fn bodies_come_one_a_file_one_a_line_or_one_after_another() {
        let pretty = BODY.replace(',', ",\n  ");
        assert_eq!(split(&pretty), [pretty.as_str()]);
        assert_eq!(split(&format!("{BODY}\r\n\n{BODY}\n")), [BODY, BODY]);
        assert_eq!(split(&format!("\u{feff}{pretty}\n{pretty}")), [pretty.as_str(), pretty.as_str()]);
        assert_eq!(split(" \n\t"), Vec::<String>::new());
    }

    #[test]
    fn a_broken_line_spoils_no_other() {
        let broken = &BODY[..30];
        assert_eq!(split(&format!("{BODY}\n{broken}\n{BODY}")), [BODY, broken, BODY]);
        assert_eq!(split(&format!("{broken}\n{BODY}")), [broken, BODY]);
    }

    #[test]
    fn a_file_that_breaks_off_is_one_body() {
        let pretty = BODY.replace(',', ",\n  ");
        let cut = &pretty[..pretty.len() - 5];
        assert_eq!(split(cut), [cut]);
    }

    #[test]
    fn what_cannot_be_read_is_shown_as_such() {
        let shown = inspect(b"{\"object\":", Instant::from_seconds(0));
        assert_eq!(
            (&shown[0]["kind"], &shown[0]["reason"]),
            (&json!("unreadable"), &json!("unreadable_json"))
        );
        let shown = inspect(b"[1,2]", Instant::from_seconds(0));
        assert_eq!(shown[0]["reason"], "unknown_structure");
    }
}
