use std::path::PathBuf;

use filo_channel::conformance::check_decoder;
use filo_domain::vocabulary::{DeliveryState, NotActionable};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::view::inspect;

const REPLY: &[u8] = include_bytes!("../../fixtures/reply.eml");
const LATIN1: &[u8] = include_bytes!("../../fixtures/latin1.eml");
const DSN: &[u8] = include_bytes!("../../fixtures/dsn.eml");
const VACATION: &[u8] = include_bytes!("../../fixtures/vacation.eml");
const NEWSLETTER: &[u8] = include_bytes!("../../fixtures/newsletter.eml");
const ENVELOPE: &[u8] = include_bytes!("../../fixtures/pec-envelope.eml");
const ACCEPTED: &[u8] = include_bytes!("../../fixtures/pec-accettazione.eml");
const DELIVERED: &[u8] = include_bytes!("../../fixtures/pec-consegna.eml");
const FAILED: &[u8] = include_bytes!("../../fixtures/pec-mancata.eml");
const ANOMALY: &[u8] = include_bytes!("../../fixtures/pec-anomalia.eml");
const MBOX: &[u8] = include_bytes!("../../fixtures/two.mbox");
const SAMPLES: [&[u8]; 10] =
    [REPLY, LATIN1, DSN, VACATION, NEWSLETTER, ENVELOPE, ACCEPTED, DELIVERED, FAILED, ANOMALY];

fn decoder(channel: Channel) -> MailDecoder {
    MailDecoder {
        source: "urp".to_owned(),
        channel,
        own_addresses: vec!["URP@comune.example".to_owned(), "protocollo@pec.comune.example".to_owned()],
        message_id_domain: "filo.example".to_owned(),
    }
}

fn instant(text: &str) -> Instant {
    Instant::parse(text).expect("literal")
}

fn raw(bytes: &[u8]) -> Raw {
    Raw { bytes: bytes.to_vec(), arrived_at: None, now: instant("2026-11-01T00:00:00Z") }
}

fn decode_raw(channel: Channel, raw: &Raw) -> Inbound {
    match decoder(channel).decode(raw).pop() {
        Some(Ok(Decoded::Interaction(inbound))) => *inbound,
        other => panic!("no interaction: {other:?}"),
    }
}

fn decode(bytes: impl AsRef<[u8]>) -> Inbound {
    decode_raw(Channel::Email, &raw(bytes.as_ref()))
}

fn hints(inbound: &Inbound) -> &ContactHints {
    match &inbound.effect {
        Effect::Contact(hints) => hints,
        other => panic!("no contact: {other:?}"),
    }
}

fn report(inbound: &Inbound) -> (Vec<String>, Vec<(String, Option<DeliveryState>)>) {
    match &inbound.effect {
        Effect::Delivery(report) => (
            report.references.clone(),
            report.recipients.iter().map(|one| (one.address.clone(), one.state)).collect(),
        ),
        other => panic!("no delivery report: {other:?}"),
    }
}

#[test]
fn an_answer_is_a_contact_with_its_conversation() {
    let inbound = decode(REPLY);
    assert_eq!(
        (inbound.kind, inbound.channel, inbound.direction),
        (InteractionKind::Mail, Channel::Email, Direction::Inbound)
    );
    assert_eq!(
        (inbound.scope.as_str(), inbound.source.as_str(), inbound.external_id.len()),
        ("email", "urp", 64)
    );
    assert_eq!(
        inbound.identities,
        [Identity::parse(IdentityType::Email, "maria.rossi@posta.example").expect("address")]
    );
    assert_eq!(inbound.name.as_deref(), Some("Maria Rossì"));
    assert_eq!(inbound.text, "La buca è ancora lì, allego la foto.");
    assert_eq!(inbound.attachments.len(), 1);
    assert_eq!(inbound.attachments[0].name, "buca città.jpg");
    let hints = hints(&inbound);
    assert_eq!(hints.references, ["m2.tok@filo.example", "m1.tok@filo.example"]);
    assert_eq!(hints.ticket_token.as_deref(), Some("26-0012345-k7f2q9"));
    assert!(!hints.no_auto_answer);
    assert_eq!(inbound.detail["kind"], "message");
    assert_eq!(inbound.detail["attachments"][0]["size"], 13);
    assert_eq!(inbound.detail["bounce"], Value::Null);
    assert!(inbound.flags.is_empty(), "{:?}", inbound.flags);
}

#[test]
fn raw_eight_bit_text_is_guessed_and_flagged() {
    let inbound = decode(LATIN1);
    assert_eq!(inbound.subject.as_deref(), Some("Perché la tassa è aumentata?"));
    assert_eq!(inbound.name.as_deref(), Some("Caffè Sport"));
    assert_eq!(inbound.text, "Buongiorno, perché pago di più?");
    assert_eq!(inbound.flags, ["charset_guessed"]);
}

#[test]
fn a_bounce_reports_on_our_message_and_is_no_contact() {
    let inbound = decode(DSN);
    assert_eq!((inbound.kind, inbound.not_actionable), (InteractionKind::Bounce, None));
    assert!(inbound.identities.is_empty());
    let (references, recipients) = report(&inbound);
    assert_eq!(references, ["m7.tok@filo.example"]);
    assert_eq!(recipients, [("nessuno@posta.example".to_owned(), Some(DeliveryState::Failed))]);
    assert_eq!(inbound.detail["opens_ticket"], false);
    assert_eq!(inbound.detail["bounce"]["recipients"][0]["status"], "5.1.1");
}

#[test]
fn robots_and_lists_ask_for_nothing() {
    for (bytes, reason, kind) in
        [(VACATION, NotActionable::AutoReply, "auto_reply"), (NEWSLETTER, NotActionable::List, "list")]
    {
        let inbound = decode(bytes);
        assert_eq!((inbound.kind, inbound.not_actionable), (InteractionKind::Mail, Some(reason)));
        assert_eq!(inbound.detail["kind"], kind);
        assert!(hints(&inbound).no_auto_answer);
    }
}

#[test]
fn a_certified_message_happened_when_it_was_certified() {
    let inbound =
        decode_raw(Channel::Pec, &Raw { arrived_at: Some(instant("2026-10-08T06:00:00Z")), ..raw(ENVELOPE) });
    assert_eq!((inbound.kind, inbound.channel), (InteractionKind::Mail, Channel::Pec));
    assert_eq!(inbound.occurred_at, instant("2026-10-07T22:10:20Z"));
    assert_eq!(inbound.identities[0].value(), "studio@pec.example");
    assert_eq!(inbound.name.as_deref(), Some("Studio Legale"));
    assert!(!hints(&inbound).no_auto_answer);
    let stray = decode(ENVELOPE);
    assert_eq!(
        (stray.channel, stray.flags.as_slice()),
        (Channel::Pec, ["pec_in_ordinary_mailbox".to_owned()].as_slice())
    );
}

#[test]
fn receipts_carry_the_state_of_each_recipient() {
    use DeliveryState::{Accepted, Delivered, Failed};
    let studio = |state| vec![("studio@pec.example".to_owned(), Some(state))];
    let mut accepted = studio(Accepted);
    accepted.push(("copia@posta.example".to_owned(), Some(Accepted)));
    for (bytes, expected) in [(ACCEPTED, accepted), (DELIVERED, studio(Delivered)), (FAILED, studio(Failed))]
    {
        let inbound = decode_raw(Channel::Pec, &raw(bytes));
        assert_eq!((inbound.kind, inbound.not_actionable), (InteractionKind::Receipt, None));
        assert!(inbound.identities.is_empty());
        assert_eq!(report(&inbound), (vec!["m9.tok@filo.example".to_owned()], expected));
        assert_eq!(inbound.detail["pec"]["reference"], "m9.tok@filo.example");
    }
}

#[test]
fn an_anomaly_is_the_ordinary_mail_inside_it() {
    let inbound = decode_raw(Channel::Pec, &raw(ANOMALY));
    assert_eq!((inbound.kind, inbound.text.as_str()), (InteractionKind::Anomaly, "Quali sono gli orari?"));
    assert_eq!(
        (inbound.subject.as_deref(), inbound.name.as_deref()),
        (Some("Informazioni"), Some("Luca Bianchi"))
    );
    assert_eq!(inbound.occurred_at, instant("2026-10-10T10:00:01Z"));
    assert_eq!(inbound.detail["kind"], "pec_anomaly");
    assert_eq!(inbound.detail["opens_ticket"], true);
}

#[test]
fn ordinary_mail_in_a_pec_mailbox_is_of_that_channel() {
    let inbound =
        decode_raw(Channel::Pec, &raw(b"From: servizio@gestore.example\nSubject: Spazio esaurito\n\nx"));
    assert_eq!((inbound.channel, inbound.kind), (Channel::Pec, InteractionKind::Mail));
}

#[test]
fn the_instant_comes_from_the_best_witness_there_is() {
    let at = |text: &str, arrived_at: Option<&str>| {
        let raw = Raw { arrived_at: arrived_at.map(instant), ..raw(text.as_bytes()) };
        let inbound = decode_raw(Channel::Email, &raw);
        (inbound.occurred_at.to_string(), inbound.flags.contains(&"date_guessed".to_owned()))
    };
    let both = "Received: a; Mon, 5 Oct 2026 09:00:00 +0200\nReceived: b; Mon, 5 Oct 2026 08:00:00 +0200\n\
                Date: Sun, 4 Oct 2026 08:00:00 +0200\nSubject: x\n\n";
    let sure = |text: &str| (text.to_owned(), false);
    assert_eq!(at(both, Some("2026-10-06T00:00:00Z")), sure("2026-10-06T00:00:00Z"));
    assert_eq!(at(both, None), sure("2026-10-05T07:00:00Z"));
    let only_date = "Received: nonsense\nDate: Sun, 4 Oct 2026 08:00:00 +0200\nSubject: x\n\n";
    assert_eq!(at(only_date, None), sure("2026-10-04T06:00:00Z"));
    for text in ["Subject: x\n\n", "Date: Sun, 4 Oct 2037 08:00:00 +0200\n\n", "Date: ieri\n\n"] {
        assert_eq!(at(text, None), ("2026-11-01T00:00:00Z".to_owned(), true), "{text}");
    }
}

#[test]
fn what_comes_back_from_ourselves_is_an_echo() {
    for text in [
        "From: urp@comune.example\nSubject: x\n\ny",
        "From: Altro <altro@comune.example>\nMessage-ID: <m1.tok@FILO.example>\n\ny",
        "From: urp@comune.example\nReply-To: protocollo@pec.comune.example\n\ny",
    ] {
        let inbound = decode(text);
        assert_eq!((inbound.kind, inbound.direction), (InteractionKind::Echo, Direction::Outbound), "{text}");
        assert_eq!((&inbound.effect, inbound.identities.len()), (&Effect::Record, 0), "{text}");
    }
}

#[test]
fn a_form_that_writes_in_our_name_speaks_for_whom_it_names() {
    let inbound =
        decode("From: Portale <urp@comune.example>\nReply-To: maria@posta.example\nSubject: x\n\ny");
    assert_eq!(inbound.kind, InteractionKind::Mail);
    assert_eq!(inbound.identities[0].value(), "maria@posta.example");
    assert_eq!(inbound.name, None);
    assert!(hints(&inbound).no_auto_answer);
}

#[test]
fn an_unknown_sender_is_kept_without_identity_or_answer() {
    let inbound = decode("From: \nSubject: anonimo\n\ntesto");
    assert!(inbound.identities.is_empty());
    assert!(hints(&inbound).no_auto_answer);
    assert_eq!(inbound.flags, ["date_guessed", "from_missing"]);
}

#[test]
fn only_our_form_of_token_with_its_check_is_one() {
    for (subject, expected) in [
        ("Re: Buca [#26-0012345-abcdef]", Some("26-0012345-abcdef")),
        ("[#26-0012345-ABCDEF] R: x", Some("26-0012345-abcdef")),
        ("[#1] [#26-0012345-abcdef]", Some("26-0012345-abcdef")),
        ("[#26-0012345]", None),
        ("[26-0012345-abcdef]", None),
        ("#26-0012345-abcdef", None),
        ("[#26-0012345-abcdef", None),
        ("[#26-0012345-ab cd]", None),
        ("[#26-0012345-abcdef-x]", None),
        ("[#2026-0012345-abcdef]", None),
    ] {
        assert_eq!(ticket_token(subject).as_deref(), expected, "{subject}");
    }
}

#[test]
fn without_header_fields_the_bytes_are_refused_whole() {
    let bytes = b"questa non e una mail\n";
    let refused = decoder(Channel::Email).decode(&raw(bytes)).pop().expect("one unit").expect_err("refused");
    assert_eq!((refused.reason, refused.raw.as_slice()), ("no_headers", bytes.as_slice()));
    assert_eq!(inspect(bytes, "x.txt")[0]["kind"], "unreadable");
}

#[test]
fn an_mbox_shows_one_object_a_message_and_the_same_keys() {
    let shown = inspect(MBOX, "two.mbox");
    let brief: Vec<Value> =
        shown.iter().map(|one| json!([one["file"], one["index"], one["subject"], one["text"]])).collect();
    assert_eq!(
        brief,
        [json!(["two.mbox", 0, "uno", "primo\nFrom qui in poi"]), json!(["two.mbox", 1, "due", "secondo"])]
    );
    assert!(inspect(REPLY, "a.eml")[0].get("index").is_none());
    let loose =
        b"From: Luca <luca@posta.example>\r\nSubject: due\r\nDate: Mon, 5 Oct 2026 10:12:38 +0200\r\n\
                  Message-ID: <two@posta.example>\r\n\r\nsecondo\r\n";
    let parts = crate::split_mbox(MBOX);
    assert_eq!(decode(&parts[1]).external_id, decode(loose).external_id);
    assert_ne!(decode(&parts[0]).external_id, decode(loose).external_id);
}

#[test]
fn messages_made_to_keep_us_busy_take_no_quadratic_time() {
    let words = format!("Subject: {}\nFrom: {}?=\n\nx", "=?a?q?x ".repeat(100_000), "=? ".repeat(100_000));
    let junk = format!("Subject: x\n{}From: a@b.it\n\n", "junk\n".repeat(100_000));
    let parts = format!("Content-Type: multipart/mixed; boundary=a\n\n{}", "--a\n\nx\n".repeat(20_000));
    let addresses: String = (0..20_000).map(|number| format!("a{number}@b.it 550\n")).collect();
    for text in [words, junk, parts, format!("From: MAILER-DAEMON\n\n{addresses}")] {
        assert_eq!(inspect(text.as_bytes(), "x").len(), 1);
    }
}

#[test]
fn the_promises_of_every_decoder_are_kept() {
    let samples: Vec<Raw> = SAMPLES.into_iter().chain([MBOX]).map(raw).collect();
    check_decoder(&decoder(Channel::Email), &samples);
    check_decoder(&decoder(Channel::Pec), &samples);
}

/// Pieces of messages and noise, so that the generator reaches deep.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec![
        "From: ",
        "a@b.it",
        "\n",
        "\r\n",
        "\n\n",
        "\r",
        "Content-Type: multipart/mixed; boundary=a\n",
        "--a\n",
        "--a--\n",
        "Content-Type: message/rfc822\n",
        "Content-Transfer-Encoding: base64\n",
        "=?utf-8?Q?=C3?=",
        "=?x?b?",
        "?=",
        "<",
        ">",
        "X-Ricevuta: avvenuta-consegna\n",
        "X-Trasporto: posta-certificata\n",
        "Content-Type: application/xml; name=daticert.xml\n",
        "<postacert tipo=\"x\">",
        "<giorno>1/1/2026</giorno>",
        "<ora>1:1:1</ora>",
        "From x\n",
        "begin 644 x\n",
        "`\nend\n",
        "Content-Type: text/html\n",
        "<table><td>",
        "Content-Type: text/plain; format=flowed; charset=utf-7\n",
        "On 1 wrote:\n",
        "Content-Type: message/delivery-status\n",
        "Final-Recipient: rfc822; a@b\n",
        "Status: 5.1.1\n",
        "Date: ",
        "1 Jan 2026 1:1 +0100\n",
        "Received: x; ",
        "\u{0}",
        "\u{fe0f}è",
        "References: <a@b> <c@d>\n",
        "Subject: [#26-0000001-abcdef]\n",
    ]);
    let piece = prop_oneof![4 => word.prop_map(|word| word.as_bytes().to_vec()), 1 => prop::collection::vec(any::<u8>(), 0..12)];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn no_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.contains('\0'),
        Value::Array(items) => items.iter().all(no_nul),
        Value::Object(fields) => fields.values().all(no_nul),
        _ => true,
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_put_out_nul(bytes in bytes()) {
        let raw = raw(&bytes);
        for unit in decoder(Channel::Pec).decode(&raw) {
            match unit {
                Ok(Decoded::Interaction(inbound)) => {
                    prop_assert!(!inbound.external_id.is_empty());
                    prop_assert!(no_nul(&inbound.detail), "{}", inbound.detail);
                    prop_assert!(!inbound.text.contains('\0'));
                    prop_assert!(inbound.occurred_at <= raw.now);
                }
                Ok(other) => prop_assert!(false, "{:?}", other),
                Err(refused) => prop_assert_eq!(refused.reason, "no_headers"),
            }
        }
        prop_assert!(!inspect(&bytes, "x").is_empty());
        crate::split_mbox(&bytes);
    }
}

/// A sample that others published, where the folder with them stands beside the repository.
fn shared(name: &str) -> Option<Vec<u8>> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/fixtures"));
    if !folder.is_dir() {
        eprintln!("not checked: ../shared/fixtures is not here");
        return None;
    }
    Some(std::fs::read(folder.join(name)).expect("a published sample"))
}

fn shown(name: &str) -> Option<Value> {
    inspect(&shared(name)?, name).pop()
}

#[test]
fn published_mails_read_as_their_list_says() {
    let Some(reply) = shown("email/01-italian-gmail-reply.eml") else { return };
    assert_eq!((&reply["visible_reply"], &reply["opens_ticket"]), (&json!("Reply!"), &json!(true)));
    assert_eq!(
        reply["references"],
        json!(["EA+dAJ_-Dr55a82Z-wzjQNz=Wku2KADjLWBEOTY2=umsUawTNTQ@mail.gmail.com"])
    );
    let named = shown("email/02-attachment-nonascii-filename.eml").expect("sample");
    assert_eq!(
        (&named["attachments"][0]["name"], &named["attachments"][0]["size"]),
        (&json!("ciële.txt"), &json!(11))
    );
    let nested = shown("email/03-nested-attachment.eml").expect("sample");
    assert_eq!(nested["text"], "Here is a test of an attachment via email.\n\n- Jamis");
    assert_eq!(nested["attachments"][0]["type"], "image/png");
    assert!(nested.get("index").is_none());
    let japanese = shown("email/04-charset-iso-2022-jp.eml").expect("sample");
    assert_eq!((&japanese["subject"], &japanese["text"]), (&json!("まみむめも"), &json!("すみません。")));
    assert_eq!(shown("email/05-encoding-madness.eml").expect("sample")["text"], "Body Text");
    let threaded = shown("email/06-plain-reply-threading.eml").expect("sample");
    assert_eq!(
        (&threaded["visible_reply"], &threaded["references"].as_array().map(Vec::len)),
        (&json!("Message body"), &Some(2))
    );
    assert_eq!(shown("email/08-html-only.eml").expect("sample")["text"], "Hi");
    assert_eq!(shown("email/12-outlook-quoted-reply.eml").expect("sample")["visible_reply"], "Hello");
}

#[test]
fn published_reports_and_robots_open_no_ticket() {
    let Some(bounce) = shown("email/07-bounce-outlook-ndr.eml") else { return };
    assert_eq!((&bounce["kind"], &bounce["opens_ticket"]), (&json!("bounce"), &json!(false)));
    assert_eq!(bounce["bounce"]["recipients"][0]["address"], "ding@ding.de");
    let report = shown("email/09-dsn-rfc3464-postfix.eml").expect("sample");
    let expected = json!({"address": "kijitora@example.co.jp", "action": "failed", "status": "5.1.1", "permanent": true});
    assert_eq!(report["bounce"]["recipients"], json!([expected]));
    assert_eq!(report["bounce"]["original_message_id"], "A8F82EDD-E518-4F5C-8C70-BC4EFF24AB9F@example.ne.jp");
    assert!(report["text"].as_str().is_some_and(|text| text.contains("このメール")));
    let vacation = decode(shared("email/10-auto-reply-vacation.eml").expect("sample"));
    assert_eq!(vacation.not_actionable, Some(NotActionable::AutoReply));
    assert!(hints(&vacation).no_auto_answer);
}

#[test]
fn a_published_text_without_header_is_refused_and_its_answer_found() {
    let Some(bytes) = shared("email/11-italian-reply-body.txt") else { return };
    assert!(decoder(Channel::Email).decode(&raw(&bytes)).pop().is_some_and(|unit| unit.is_err()));
    let text = String::from_utf8(bytes).expect("UTF-8");
    let first = text.split("\n\n").next().map(str::trim);
    assert_eq!(Some(crate::reply::visible_reply(&text).as_str()), first);
}

#[test]
fn published_certified_mail_reads_as_its_list_says() {
    let Some(accepted) = shown("pec/accettazione.eml") else { return };
    assert_eq!(
        (&accepted["kind"], &accepted["pec"]["kind"]),
        (&json!("pec_receipt"), &json!("accettazione"))
    );
    assert_eq!(accepted["pec"]["reference"], "SN05IE$951DEC16C1CFD3E4FD8FF1B1D24A99AE@fakepec.it");
    let envelope = shown("pec/busta-trasporto.eml").expect("sample");
    assert_eq!((&envelope["kind"], &envelope["opens_ticket"]), (&json!("pec_message"), &json!(true)));
    assert_eq!(
        (&envelope["subject"], &envelope["text"]),
        (&json!("POSTA CERTIFICATA: SUBJECT"), &json!("text"))
    );
    assert_eq!(envelope["pec"]["at"], "2021-05-14T10:02:08Z");
    let failed = shown("pec/mancata-consegna.eml").expect("sample");
    assert_eq!(
        (&failed["pec"]["kind"], &failed["pec"]["error"]),
        (&json!("errore-consegna"), &json!("no-dest"))
    );
    assert_eq!(failed["pec"]["error_detail"], "5.1.1 - FAKE Pec S.p.A. - indirizzo non valido");
    let (references, recipients) = report(&decode(shared("pec/mancata-consegna.eml").expect("sample")));
    let id = |domain: &str| format!("SN05IE$951DEC16C1CFD3E4FD8FF1B1D24A99AE@{domain}");
    assert_eq!(references, [id("pec.it"), id("fakepec.it")]);
    assert_eq!(recipients, [("rec@pec.it".to_owned(), Some(DeliveryState::Failed))]);
}

#[test]
fn published_samples_keep_the_promises_of_every_decoder() {
    let names = [
        "email/02-attachment-nonascii-filename.eml",
        "email/03-nested-attachment.eml",
        "email/05-encoding-madness.eml",
        "email/09-dsn-rfc3464-postfix.eml",
        "pec/busta-trasporto.eml",
        "pec/mancata-consegna.eml",
    ];
    let samples: Option<Vec<Raw>> = names.iter().map(|name| shared(name).map(|bytes| raw(&bytes))).collect();
    check_decoder(&decoder(Channel::Pec), &samples.unwrap_or_default());
}
