use filo_channel::conformance::check_decoder;
use filo_domain::{Instant, form::Form};
use proptest::prelude::*;
use serde_json::Value;

use super::*;

const GENERALE: &str = include_str!("../fixtures/generale.json");
const SEGNALAZIONE: &str = include_str!("../fixtures/segnalazione.json");
const FORMS: [&str; 2] = [
    include_str!("../../../config/cities/milano/forms/generale.toml"),
    include_str!("../../../config/cities/milano/forms/segnalazione.toml"),
];

fn decoder() -> ScriviDecoder {
    let forms: Vec<Form> = FORMS.iter().map(|text| toml::from_str(text).unwrap()).collect();
    let themes = ["tributi", "tributi/tari"].map(str::to_owned).into();
    ScriviDecoder::new("scrivi", Forms::new(forms, themes).unwrap())
}

fn raw(bytes: impl Into<Vec<u8>>) -> Raw {
    Raw { bytes: bytes.into(), arrived_at: None, now: Instant::from_seconds(0) }
}

fn contact(text: &str) -> Inbound {
    match decoder().decode(&raw(text)).remove(0).unwrap() {
        Decoded::Interaction(inbound) => *inbound,
        other => panic!("{other:?}"),
    }
}

fn rejected(text: &str) -> Rejected {
    decoder().decode(&raw(text)).remove(0).unwrap_err()
}

fn changed(pointer: &str, value: Value) -> String {
    let mut body: Value = serde_json::from_str(GENERALE).unwrap();
    *body.pointer_mut(pointer).unwrap() = value;
    body.to_string()
}

#[test]
fn a_submission_is_a_contact_with_all_by_which_its_sender_is_known() {
    let inbound = contact(GENERALE);
    assert_eq!((inbound.channel, inbound.kind), (Channel::Scrivi, InteractionKind::Submission));
    assert_eq!(inbound.external_id, "6d1a0c57-4f0a-4f7e-8a6c-2f5f4f0f6a11");
    assert_eq!(inbound.occurred_at.to_string(), "2026-10-01T08:30:00Z");
    assert_eq!(inbound.name.as_deref(), Some("Maria Verdi"));
    let known: Vec<_> = inbound.identities.iter().map(Identity::value).collect();
    assert_eq!(known, ["maria.verdi@example.it", "+393471234567"]);
    assert_eq!(inbound.subject.as_deref(), Some("Bolletta pagata due volte"));
    assert_eq!(inbound.text.lines().count(), 3);
    let Effect::Contact(hints) = inbound.effect else { panic!("{:?}", inbound.effect) };
    assert_eq!((hints.theme.as_deref(), hints.form.as_deref()), (Some("tributi/tari"), Some("generale")));
    assert_eq!((hints.kind, hints.fields.len()), (None, 0));
}

#[test]
fn a_fault_report_has_its_kind_and_carries_its_place() {
    let Effect::Contact(hints) = contact(SEGNALAZIONE).effect else { panic!("no contact") };
    assert_eq!(hints.kind, Some(Kind::FaultReport));
    assert_eq!(hints.fields["place"], "Via Padova 12, davanti alla scuola");
    assert_eq!(hints.fields["fault_type"], "strade_segnaletica");
    assert_eq!(hints.fields.len(), 2);
}

#[test]
fn the_receiver_gets_pointers_to_what_is_wrong() {
    let mut submission: Submission = serde_json::from_str(GENERALE).unwrap();
    submission.fields.insert("email".to_owned(), "maria@".to_owned());
    submission.fields.remove("text");
    submission.privacy_accepted = false;
    let errors = decoder().check(&submission).unwrap_err();
    let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/fields/email", "/fields/text", "/privacy_accepted"]);
}

#[test]
fn what_is_no_submission_is_rejected_whole_with_its_reason() {
    assert_eq!(rejected("").reason, "unreadable_json");
    assert_eq!(rejected("{\"form\":").reason, "unreadable_json");
    assert_eq!(rejected("[1]").reason, "unknown_structure");
    assert_eq!(rejected("{\"form\":\"generale\"}").reason, "unknown_structure");
    assert_eq!(rejected(&" ".repeat(MAX_BYTES + 1)).reason, "too_large");
    let body = changed("/form", "altra".into());
    assert_eq!(rejected(&body).reason, "refused_by_form");
    assert_eq!(rejected(&body).raw, body.as_bytes());
}

#[test]
fn a_refusal_names_the_field_but_never_repeats_what_was_written() {
    for (pointer, value) in [
        ("/fields/email", "segreto@".to_owned()),
        ("/fields/text", "segreto\0".to_owned()),
        ("/fields/name", "segreto\u{7}".to_owned()),
        ("/fields/subject", "segreto".repeat(100)),
        ("/received_at", "segreto".to_owned()),
    ] {
        let refusal = rejected(&changed(pointer, value.into()));
        assert!(!refusal.detail.contains("segreto"), "{}", refusal.detail);
    }
}

#[test]
fn the_decoder_keeps_the_promises_of_all_adapters() {
    check_decoder(&decoder(), &[raw(GENERALE), raw(SEGNALAZIONE)]);
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_one_unit_and_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(decoder().decode(&raw(bytes)).len(), 1);
    }
    #[test]
    fn arbitrary_values_never_pass_with_control_characters(value in "\\PC*|.*") {
        let body = changed("/fields/subject", value.into());
        if let Ok(Decoded::Interaction(inbound)) = decoder().decode(&raw(body)).remove(0) {
            prop_assert!(!inbound.subject.unwrap_or_default().contains(char::is_control));
        }
    }
}
