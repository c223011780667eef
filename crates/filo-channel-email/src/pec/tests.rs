use super::*;
use crate::unit::{MailKind, Understood};

const ENVELOPE: &str = include_str!("../../fixtures/pec-envelope.eml");

fn read(text: &str) -> Understood {
    Understood::read(text.as_bytes()).expect("header")
}

fn receipt(kind: &str, daticert: &str) -> Pec {
    let text = format!(
        "X-Ricevuta: {kind}\nX-Riferimento-Message-ID: <m1@filo.example>\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\
         Content-Type: application/xml; name=daticert.xml\n\n<postacert><intestazione>{daticert}</intestazione></postacert>\n--a--\n"
    );
    read(&text).pec.expect("PEC")
}

fn states(pec: &Pec) -> Vec<(String, Option<DeliveryState>)> {
    pec.recipient_reports().into_iter().map(|one| (one.address, one.state)).collect()
}

#[test]
fn an_envelope_shows_the_mail_inside_under_its_real_sender() {
    let unit = read(ENVELOPE);
    assert_eq!(unit.kind, MailKind::PecMessage);
    assert!(unit.opens_ticket());
    let from = unit.mail.from.clone().expect("sender");
    assert_eq!(
        (from.name.as_deref(), from.address.as_deref()),
        (Some("Studio Legale"), Some("studio@pec.example"))
    );
    assert_eq!(unit.mail.subject.as_deref(), Some("Istanza di accesso"));
    assert_eq!(unit.mail.text, "Si chiede l'accesso agli atti.");
    assert_eq!(
        unit.mail.attachments.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(),
        ["istanza.pdf"]
    );
    assert_eq!(unit.mail.message_id.as_deref(), Some("opec1.2026@gestore.example"));
    let pec = unit.pec.expect("PEC");
    assert_eq!(pec.at.map(|at| at.to_string()).as_deref(), Some("2026-10-07T22:10:20Z"));
    assert_eq!((pec.kind.as_str(), pec.signature), ("posta-certificata", "not_verified"));
}

#[test]
fn a_receipt_forged_inside_an_envelope_or_in_its_subject_is_none() {
    // The inner mail carries X-Ricevuta already.
    assert_eq!(read(ENVELOPE).kind, MailKind::PecMessage);
    let plain =
        "From: posta-certificata@gestore.example\nSubject: ACCETTAZIONE: x\n\nX-Ricevuta: accettazione\n";
    assert_eq!(read(plain).kind, MailKind::Message);
}

#[test]
fn header_names_and_values_are_read_in_any_case_and_a_reference_alone_is_no_receipt() {
    assert_eq!(read("x-ricevuta: ACCETTAZIONE\n\n").kind, MailKind::PecReceipt);
    assert_eq!(read("X-TRASPORTO: Errore\n\n").kind, MailKind::PecAnomaly);
    assert_eq!(
        read("X-VerificaSicurezza: errore\n\n").pec.map(|pec| pec.kind).as_deref(),
        Some("rilevazione-virus")
    );
    assert_eq!(read("X-Riferimento-Message-ID: <a@b>\nFrom: a@b.it\n\nx").kind, MailKind::Message);
    assert_eq!(read("X-Tiporicevuta: completa\nFrom: a@b.it\n\nx").kind, MailKind::Message);
}

#[test]
fn the_sender_is_the_certified_one_then_reply_to_then_the_inner_author() {
    let sender = |text: &str| read(text).mail.sender_address().map(str::to_owned);
    let other_reply = ENVELOPE.replace("Reply-To: studio@pec.example", "Reply-To: altro@pec.example");
    assert_eq!(sender(&other_reply).as_deref(), Some("studio@pec.example"));
    assert_eq!(read(&other_reply).mail.reply_to.as_deref(), Some("altro@pec.example"));
    let no_data =
        other_reply.replace("daticert.xml", "other.xml").replace("application/xml", "application/zip");
    assert_eq!(sender(&no_data).as_deref(), Some("altro@pec.example"));
    let no_reply = no_data.replace("Reply-To:", "X-Other:");
    assert_eq!(sender(&no_reply).as_deref(), Some("studio@pec.example"));
    let no_inner = "X-Trasporto: posta-certificata\nFrom: \"Per conto di: a@pec.example\" <posta-certificata@g.example>\n\nx";
    assert_eq!(sender(no_inner).as_deref(), Some("a@pec.example"));
    assert!(read(no_inner).mail.flags.contains("postacert_missing"));
}

#[test]
fn a_missing_or_ill_formed_daticert_keeps_the_mail_and_is_flagged() {
    let missing = ENVELOPE.replace("daticert.xml", "other.xml").replace("application/xml", "application/zip");
    let unit = read(&missing);
    assert!(unit.mail.flags.contains("daticert_unparsed"));
    assert_eq!(unit.mail.text, "Si chiede l'accesso agli atti.");
    assert_eq!(unit.pec.and_then(|pec| pec.reference).as_deref(), Some("istanza1@pec.example"));

    let ill = "X-Ricevuta: accettazione\nContent-Type: application/xml; name=daticert.xml\n\n<postacert><mittente>a@b.it</mittente>";
    let unit = read(ill);
    assert!(unit.mail.flags.contains("daticert_unparsed"));
    assert_eq!(unit.pec.and_then(|pec| pec.sender).as_deref(), Some("a@b.it"));
    assert!(!read(ENVELOPE).mail.flags.contains("daticert_unparsed"));
}

#[test]
fn an_original_in_base64_under_another_name_is_found() {
    let text = "X-Trasporto: errore\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\nAnomalia\n--a\n\
                Content-Type: application/octet-stream; name=Postacert.EML\nContent-Transfer-Encoding: base64\n\n\
                RnJvbTogTHVjYSA8bEBiLml0PgpTdWJqZWN0OiBjaWFvCgp0ZXN0bw==\n--a--\n";
    let unit = read(text);
    assert_eq!((unit.kind, unit.mail.text.as_str()), (MailKind::PecAnomaly, "testo"));
    assert_eq!(unit.mail.sender_address(), Some("l@b.it"));
    let renamed =
        text.replace("application/octet-stream; name=Postacert.EML", "message/rfc822; name=\"ciao.eml\"");
    assert_eq!(read(&renamed).mail.subject.as_deref(), Some("ciao"));
}

#[test]
fn an_answering_machine_inside_an_envelope_opens_no_ticket() {
    let text = ENVELOPE.replace("X-Ricevuta: accettazione", "Auto-Submitted: auto-replied");
    let unit = read(&text);
    assert_eq!(unit.kind, MailKind::PecMessage);
    assert!(!unit.opens_ticket());
}

#[test]
fn receipts_report_on_whom_they_speak_of() {
    use DeliveryState::{Accepted, Delivered, Failed};
    let own = |address: &str| address.to_owned();
    let two = "<destinatari tipo=\"certificato\">a@pec.it</destinatari><destinatari tipo=\"esterno\">b@x.it</destinatari>";
    let to_a = format!("{two}<consegna>A@pec.it</consegna>");
    assert_eq!(
        states(&receipt("accettazione", two)),
        [(own("a@pec.it"), Some(Accepted)), (own("b@x.it"), Some(Accepted))]
    );
    assert_eq!(states(&receipt("accettazione", "")), [(own(""), Some(Accepted))]);
    assert_eq!(states(&receipt("non-accettazione", "")), [(own(""), Some(Failed))]);
    assert_eq!(states(&receipt("avvenuta-consegna", &to_a)), [(own("a@pec.it"), Some(Delivered))]);
    assert_eq!(states(&receipt("errore-consegna", &to_a)), [(own("a@pec.it"), Some(Failed))]);
    for notice in ["preavviso-errore-consegna", "presa-in-carico", "rilevazione-virus", "qualcosa-di-nuovo"] {
        assert_eq!(states(&receipt(notice, &to_a)), [(own("a@pec.it"), None)], "{notice}");
    }
    let alias = "<destinatari>info@pec.it</destinatari><consegna>box7@pec.it</consegna>";
    assert_eq!(states(&receipt("avvenuta-consegna", alias)), [(own("info@pec.it"), Some(Delivered))]);
}
