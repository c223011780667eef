use std::{fs, path::Path};

use filo_channel::{Decode, Decoded, DeliveryReport, Effect, Inbound, Raw, conformance::check_decoder};
use filo_domain::{
    Instant,
    identity::Identity,
    vocabulary::{Channel, DeliveryState, Direction, InteractionKind, NotActionable, Word},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{MetaDecoder, inspect, split_bodies};

const THREAD: &str = include_str!("../fixtures/facebook-thread.jsonl");
const FEED: &str = include_str!("../fixtures/facebook-feed.json");
const MESSENGER: &str = include_str!("../fixtures/messenger.json");
const INSTAGRAM: &str = include_str!("../fixtures/instagram.json");
const WHATSAPP: &str = include_str!("../fixtures/whatsapp.json");

fn now() -> Instant {
    Instant::parse("2026-10-02T00:00:00Z").unwrap()
}

fn raw(bytes: impl Into<Vec<u8>>) -> Raw {
    Raw { bytes: bytes.into(), arrived_at: None, now: now() }
}

fn decoder() -> MetaDecoder {
    MetaDecoder::new("prova", vec!["1001".to_owned()])
}

fn decoded(text: &str) -> Vec<Inbound> {
    let bodies = split_bodies(text.as_bytes());
    let units = bodies.into_iter().flat_map(|body| decoder().decode(&raw(body)));
    let inbound = |unit| match unit {
        Ok(Decoded::Interaction(inbound)) => *inbound,
        other => panic!("{other:?}"),
    };
    units.map(inbound).collect()
}

fn one(body: Value) -> Inbound {
    let mut units = decoded(&body.to_string());
    assert_eq!(units.len(), 1, "{units:?}");
    units.remove(0)
}

fn comment(value: Value) -> Inbound {
    let mut comment = json!({"item": "comment", "verb": "add", "comment_id": "9_1", "post_id": "1001_9", "from": {"id": "5"}});
    comment.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
    one(
        json!({"object": "page", "entry": [{"id": "1001", "time": 1, "changes": [{"field": "feed", "value": comment}]}]}),
    )
}

fn reason(text: &str) -> &'static str {
    let mut units = decoder().decode(&raw(text));
    assert_eq!(units.len(), 1);
    let rejected = units.remove(0).unwrap_err();
    assert_eq!(rejected.raw, text.as_bytes());
    rejected.reason
}

fn shown(units: &[Inbound]) -> Vec<(&str, &'static str, bool)> {
    let opens = |unit: &Inbound| unit.detail["opens_ticket"].as_bool().unwrap();
    units.iter().map(|unit| (unit.external_id.as_str(), unit.kind.word(), opens(unit))).collect()
}

fn report(unit: &Inbound) -> &DeliveryReport {
    match &unit.effect {
        Effect::Delivery(report) => report,
        other => panic!("{other:?}"),
    }
}

fn values(unit: &Inbound) -> Vec<(&'static str, &str)> {
    unit.identities
        .iter()
        .map(|identity: &Identity| (identity.identity_type().word(), identity.value()))
        .collect()
}

#[test]
fn a_thread_of_five_comments_asks_three_times_and_our_reply_is_no_contact() {
    let units = decoded(THREAD);
    let expected = [
        ("77_1", "comment", true),
        ("77_2", "comment", true),
        ("77_3", "comment", true),
        ("77_4", "comment", false),
        ("77_5", "comment", false),
        ("77_6", "comment", false),
    ];
    assert_eq!(shown(&units), expected);
    assert!(units.iter().all(|unit| unit.thread.as_deref() == Some("post:1001_77")));
    assert!(
        units[..5]
            .iter()
            .all(|unit| unit.direction == Direction::Inbound && matches!(unit.effect, Effect::Contact(_)))
    );
    assert_eq!(units[3].not_actionable, Some(NotActionable::AsksNothing));
    assert_eq!((units[5].direction, &units[5].effect), (Direction::Outbound, &Effect::Record));
    assert_eq!((units[5].not_actionable, &units[5].detail["own"]), (None, &json!(true)));
}

#[test]
fn what_happens_to_a_comment_has_keys_of_its_own() {
    let units = decoded(FEED);
    let kinds: Vec<_> = units.iter().map(|unit| unit.kind.word()).collect();
    let expected =
        ["edit", "removal", "other", "reaction", "post", "comment", "other", "post", "post", "other"];
    assert_eq!(kinds, expected);
    assert!(units[0].external_id.starts_with("77_2:edit:1790841660:"));
    assert_eq!(units[1].external_id, "77_2:remove:1790841660");
    assert_eq!(units[3].external_id, "reaction:1001_77:506:add:1790849999");
    assert!(units[..4].iter().all(|unit| unit.effect == Effect::Record));
}

#[test]
fn posts_mentions_and_ratings_are_contacts_also_from_unknown_senders() {
    let units = decoded(FEED);
    let (photo, unknown, mention, rating) = (&units[4], &units[5], &units[7], &units[8]);
    assert_eq!((photo.external_id.as_str(), photo.name.as_deref()), ("1001_78", Some("Gaia Fontana")));
    assert_eq!(values(photo), [("facebook", "507")]);
    assert_eq!(photo.occurred_at.to_string(), "2026-10-01T08:30:00Z");
    assert_eq!(photo.detail["attachments"], json!([{"type": "image", "url": null, "id": "7788"}]));
    assert_eq!((unknown.identities.len(), unknown.not_actionable), (0, None));
    assert_eq!(unknown.detail["from"], json!({"id": null, "name": null}));
    assert_eq!(
        (mention.flags.as_slice(), mention.not_actionable),
        (["text_not_sent".to_owned()].as_slice(), None)
    );
    assert_eq!(
        (rating.external_id.as_str(), rating.text.as_str()),
        ("9009", "Ho aspettato due ore allo sportello.")
    );
    assert_eq!(values(rating), [("facebook", "508")]);
}

#[test]
fn a_conversation_on_messenger_is_told_apart_event_by_event() {
    let units = decoded(MESSENGER);
    let kinds: Vec<_> = units.iter().map(|unit| unit.kind.word()).collect();
    let expected = [
        "message", "message", "message", "echo", "postback", "postback", "status", "status", "status",
        "reaction", "edit", "removal", "other", "message",
    ];
    assert_eq!(kinds, expected);
    assert!(
        units
            .iter()
            .filter(|unit| unit.kind != InteractionKind::Other)
            .take(11)
            .all(|unit| unit.thread.as_deref() == Some("dm:61"))
    );
    assert_eq!(units[0].occurred_at.micros(), 1_790_850_000_001_000);
    assert_eq!(units[1].not_actionable, Some(NotActionable::AsksNothing));
    assert_eq!((units[2].text.as_str(), units[2].not_actionable), ("45.46, 9.19", None));
    assert_eq!((units[3].external_id.as_str(), units[3].direction), ("m_1:echo", Direction::Outbound));
    assert_eq!(
        (units[10].external_id.as_str(), units[11].external_id.as_str()),
        ("m_1:edit:1", "m_3:remove")
    );
    assert_eq!(units[13].flags, ["standby"]);
}

#[test]
fn a_postback_without_id_is_known_by_sender_instant_and_payload() {
    let units = decoded(MESSENGER);
    assert!(units[4].external_id.starts_with("postback:61:1790850000005:"));
    assert_eq!((units[4].text.as_str(), units[5].external_id.as_str()), ("Orari", "m_4"));
}

#[test]
fn deliveries_and_reads_report_on_the_message_they_name() {
    let units = decoded(MESSENGER);
    for (unit, mid) in [(&units[6], "m_8"), (&units[7], "m_9")] {
        assert_eq!(
            (unit.external_id.as_str(), report(unit).references[0].as_str()),
            (format!("{mid}:delivered").as_str(), mid)
        );
    }
    assert_eq!(units[8].effect, Effect::Record, "a watermark names no message");
    let seen = decoded(INSTAGRAM).pop().unwrap();
    assert_eq!(report(&seen).recipients[0].state, Some(DeliveryState::Read));
}

#[test]
fn instagram_has_comments_mentions_and_messages() {
    let units = decoded(INSTAGRAM);
    let expected = [
        ("18001", "comment", true),
        ("18002", "comment", true),
        ("18003", "comment", false),
        ("18100", "comment", true),
        ("17998", "post", true),
    ];
    assert_eq!(shown(&units)[..5], expected);
    assert!(units[..3].iter().all(|unit| unit.thread.as_deref() == Some("post:17900")));
    assert_eq!(units[2].direction, Direction::Outbound);
    assert_eq!((values(&units[0]), units[0].name.as_deref()), (vec![("instagram", "71")], Some("lia")));
    assert_eq!(
        shown(&units)[6..9],
        [("ig_1", "message", true), ("ig_2", "message", true), ("ig_3", "message", true)]
    );
    assert_eq!(units[5].kind, InteractionKind::Other);
    assert!(units.iter().all(|unit| unit.channel == Channel::Social));
}

#[test]
fn a_whatsapp_sender_is_known_by_number_by_user_id_or_by_both() {
    let units = decoded(WHATSAPP);
    assert_eq!(values(&units[0]), [("phone", "+393471234567"), ("whatsapp", "IT.77")]);
    assert_eq!((units[0].name.as_deref(), units[0].thread.as_deref()), (Some("Nora"), Some("dm:555/IT.77")));
    assert_eq!(values(&units[1]), [("whatsapp", "IT.88")]);
    assert_eq!((units[1].name.as_deref(), units[1].text.as_str()), (Some("Piero"), "Buca in via Padova"));
    assert_eq!(values(&units[2]), [("phone", "+393480000001")]);
    assert_eq!((units[2].name.as_deref(), units[2].thread.as_deref()), (None, Some("dm:555/393480000001")));
    assert!(units.iter().all(|unit| unit.channel == Channel::Chat));
}

#[test]
fn every_whatsapp_message_type_says_what_it_can() {
    let units = decoded(WHATSAPP);
    let kinds: Vec<_> = units.iter().take(9).map(|unit| unit.kind.word()).collect();
    let expected =
        ["message", "message", "message", "message", "reaction", "message", "other", "message", "message"];
    assert_eq!(kinds, expected);
    let texts: Vec<_> = units.iter().map(|unit| unit.text.as_str()).collect();
    assert_eq!((texts[2], texts[3], texts[8]), ("Duomo, 45.46, 9.19", "TARI", "Sì"));
    assert_eq!((units[5].flags[0].as_str(), units[5].not_actionable), ("unsupported", None));
    assert_eq!(units[7].not_actionable, Some(NotActionable::AsksNothing));
    assert_eq!(units[8].thread.as_deref(), Some("group:555/g-1"));
}

#[test]
fn whatsapp_statuses_report_each_step_once_and_failures_with_their_reason() {
    let units = &decoded(WHATSAPP)[9..];
    let keys: Vec<_> = units.iter().take(5).map(|unit| unit.external_id.as_str()).collect();
    assert_eq!(
        keys,
        ["wamid.o1:sent", "wamid.o1:delivered", "wamid.o1:read", "wamid.o2:failed", "wamid.o3:deleted"]
    );
    let failed = &report(&units[3]).recipients[0];
    assert_eq!(failed.state, Some(DeliveryState::Failed));
    assert_eq!(failed.detail.as_deref(), Some("131047: Re-engagement message: More than 24 hours"));
    assert_eq!((&units[4].effect, &units[4].detail["status"]), (&Effect::Record, &json!("deleted")));
    assert_eq!(units[5].kind, InteractionKind::Other);
}

#[test]
fn what_is_unknown_is_recorded_and_what_has_no_structure_is_rejected() {
    for body in [
        json!({"object": "permissions", "entry": [{"id": "1", "changed_fields": ["feed"]}]}),
        json!({"object": "page", "entry": [{"id": "1", "changes": [{"field": "moon", "value": {"phase": 1}}]}]}),
        json!({"object": "page", "entry": [{"id": "1", "messaging": [null]}]}),
        json!({"object": "page", "entry": [7]}),
    ] {
        let unit = one(body);
        assert_eq!((unit.kind, unit.effect), (InteractionKind::Other, Effect::Record));
        assert_eq!(unit.detail["opens_ticket"], false);
    }
    assert_eq!(reason(""), "unreadable_json");
    assert_eq!(reason("{\"object\":\"page\""), "unreadable_json");
    for text in [
        "[]",
        "7",
        "{}",
        r#"{"object":"page"}"#,
        r#"{"object":"page","entry":{}}"#,
        r#"{"object":"page","entry":[]}"#,
    ] {
        assert_eq!(reason(text), "unknown_structure", "{text}");
    }
}

#[test]
fn a_text_never_has_nul_and_an_endless_id_becomes_its_digest() {
    let unit = comment(json!({"message": "a\u{0}b", "comment_id": "7\u{0}7".repeat(500)}));
    assert_eq!((unit.text.as_str(), unit.external_id.len()), ("ab", "sha256:".len() + 32));
}

#[test]
fn a_missing_instant_is_that_of_the_arrival_and_said_so() {
    let body = json!({"object": "page", "entry": [{"id": "1001", "messaging": [{"sender": {"id": "5"}, "message": {"mid": "m", "text": "Ciao"}}]}]});
    let unit = one(body);
    assert_eq!((unit.occurred_at, unit.flags.as_slice()), (now(), ["date_guessed".to_owned()].as_slice()));
}

#[test]
fn thanks_tags_and_nods_ask_for_nothing() {
    for text in [
        "",
        "👍👍",
        "❤️",
        "Grazie",
        "grazie mille!!!",
        "Ok, grazie e buona giornata",
        "Bravi!",
        "Thank you very much 🙏",
        "@luca",
        "@Luca Bianchi",
        "@Luca Bianchi guarda qui",
        "Luca Bianchi",
        "#milano",
        "...",
        "Grazie a tutti per la risposta",
        "Grazie dell'informazione, velocissimi!",
        "Thanks for the quick answer",
    ] {
        assert_eq!(
            comment(json!({"message": text})).not_actionable,
            Some(NotActionable::AsksNothing),
            "{text}"
        );
    }
}

#[test]
fn when_in_doubt_a_text_is_actionable() {
    for text in [
        "Grazie?",
        "Vorrei sapere gli orari, grazie",
        "Il cassonetto è rotto da una settimana, grazie",
        "Grazie per non rispondere mai",
        "@ComuneMilano Buche",
        "@luca hai visto?",
        "Lampione spento",
        "Buongiorno",
        "12345",
        "help",
        "@Luca Bianchi la strada è chiusa",
        "Grazie, aspetto ancora",
        "Grazie del lavoro al parco, adesso resta da sistemare la fontana",
        "https://example.com/foto",
    ] {
        assert_eq!(comment(json!({"message": text})).not_actionable, None, "{text}");
    }
    let photo = comment(json!({"message": "Grazie", "photo": "https://cdn.example.com/p.jpg"}));
    assert_eq!(photo.not_actionable, None, "a picture may show the trouble");
}

#[test]
fn robots_do_not_answer_in_public_nor_thanks() {
    let quiet = |unit: &Inbound| match &unit.effect {
        Effect::Contact(hints) => hints.no_auto_answer,
        other => panic!("{other:?}"),
    };
    assert!(quiet(&comment(json!({"message": "Quando aprite?"}))));
    let units = decoded(MESSENGER);
    assert_eq!((quiet(&units[0]), quiet(&units[1])), (false, true));
}

#[test]
fn inspect_prints_the_contract_s_members_and_names_the_platform() {
    for (text, source) in
        [(THREAD, "facebook"), (MESSENGER, "facebook"), (INSTAGRAM, "instagram"), (WHATSAPP, "whatsapp")]
    {
        for shown in inspect(text.as_bytes(), now()) {
            assert_eq!(shown["source"], source);
            let members: Vec<_> = shown.as_object().unwrap().keys().map(String::as_str).collect();
            let expected = [
                "source",
                "external_id",
                "kind",
                "thread",
                "from",
                "at",
                "text",
                "attachments",
                "status",
                "opens_ticket",
                "own",
            ];
            assert_eq!(members, expected);
        }
    }
}

#[test]
fn the_decoder_keeps_the_promises_of_all_adapters() {
    let thread = split_bodies(THREAD.as_bytes());
    let bodies = [FEED, MESSENGER, INSTAGRAM, WHATSAPP].map(|text| text.as_bytes().to_vec());
    let samples: Vec<_> = thread.into_iter().chain(bodies).map(raw).collect();
    check_decoder(&decoder(), &samples);
}

#[test]
fn units_do_not_depend_on_the_order_of_events() {
    let mut body: Value = serde_json::from_str(MESSENGER).unwrap();
    let sorted = |body: &Value| {
        let mut units = decoded(&body.to_string());
        units.sort_by(|a, b| a.external_id.cmp(&b.external_id));
        units
    };
    let before = sorted(&body);
    body["entry"][0]["messaging"].as_array_mut().unwrap().reverse();
    assert_eq!(sorted(&body), before);
}

#[test]
fn the_shared_samples_are_understood_as_their_readme_says() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/fixtures/social"));
    if !folder.exists() {
        eprintln!("not checked: ../shared/fixtures is not here");
        return;
    }
    let seen = |name: &str| {
        let mut units = inspect(&fs::read(folder.join(name)).unwrap(), now());
        assert_eq!(units.len(), 1, "{name}");
        let unit = units.remove(0);
        (unit["kind"].as_str().unwrap().to_owned(), unit["opens_ticket"] == true, unit["own"] == true)
    };
    for (name, kind, opens_ticket, own) in [
        ("fb-feed-comment-add.json", "comment", false, true),
        ("fb-feed-post-add.json", "post", true, false),
        ("fb-messenger-echo.json", "echo", false, true),
        ("fb-messenger-postback.json", "postback", true, false),
        ("fb-messenger-text.json", "message", true, false),
        ("ig-comment.json", "comment", true, false),
        ("ig-dm-unsupported-attachment.json", "message", true, false),
        ("wa-interactive-button.json", "message", true, false),
        ("wa-status-failed.json", "status", false, false),
        ("wa-text.json", "message", true, false),
    ] {
        assert_eq!(seen(name), (kind.to_owned(), opens_ticket, own), "{name}");
    }
}

/// Arbitrary JSON, often with the names that the readers look for.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        prop::sample::select(vec![
            "page",
            "instagram",
            "whatsapp_business_account",
            "comment",
            "add",
            "feed",
            "messages"
        ])
        .prop_map(Value::from),
    ];
    let names = vec![
        "object",
        "entry",
        "id",
        "time",
        "messaging",
        "standby",
        "changes",
        "field",
        "value",
        "sender",
        "message",
        "mid",
        "timestamp",
        "attachments",
        "payload",
        "postback",
        "item",
        "verb",
        "comment_id",
        "post_id",
        "from",
        "messages",
        "statuses",
        "contacts",
        "type",
        "text",
        "delivery",
        "mids",
        "message_tags",
        "errors",
    ];
    leaf.prop_recursive(6, 60, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(names.clone()), inner), 0..6).prop_map(|pairs| {
                Value::Object(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_json_is_units_and_never_a_panic(
        object in prop::sample::select(vec!["page", "instagram", "whatsapp_business_account", "moon"]),
        list in prop::sample::select(vec!["messaging", "standby", "changes"]),
        events in prop::collection::vec(any_json(), 0..4),
        field in prop::sample::select(vec!["feed", "mention", "ratings", "comments", "mentions", "messages"]),
    ) {
        let wrapped: Vec<_> = events.iter().map(|event| json!({"field": field, "value": event})).collect();
        let entry = json!({"id": "1", list: if list == "changes" { wrapped } else { events }});
        let body = json!({"object": object, "entry": [entry]}).to_string();
        let units = decoder().decode(&raw(body));
        prop_assert!(!units.is_empty());
        for unit in units.into_iter().flatten() {
            let Decoded::Interaction(inbound) = unit else { panic!("no interaction") };
            prop_assert!(!inbound.external_id.is_empty() && !inbound.text.contains('\0'));
        }
    }
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), value in any_json()) {
        prop_assert_eq!(decoder().decode(&raw(bytes.clone())).len(), 1);
        let _shown = inspect(&bytes, now());
        let _shown = inspect(value.to_string().as_bytes(), now());
    }
}
