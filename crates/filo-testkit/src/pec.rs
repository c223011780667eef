//! Italian certified mail: envelopes and receipts as providers write them.

use filo_domain::{CityZone, Instant};

use crate::mail::date;

/// A certified message from `sender`, in its transport envelope.
pub fn message(id: &str, sender: &str, subject: &str, text: &str, at: Instant) -> Vec<u8> {
    let inner = format!(
        "From: {sender}\nTo: {OURS}\nSubject: {subject}\nDate: {date}\nMessage-ID: <{id}@pec.example>\n\
         Content-Type: text/plain; charset=utf-8\n\n{text}\n",
        date = date(at)
    );
    let daticert =
        daticert("posta-certificata", sender, OURS, subject, &format!("{id}@pec.example"), None, at);
    envelope(
        &format!("X-Trasporto: posta-certificata\nX-Riferimento-Message-ID: <{id}@pec.example>"),
        &format!("\"Per conto di: {sender}\" <posta-certificata@gestore.example>"),
        &format!("POSTA CERTIFICATA: {subject}"),
        &format!("opec.{id}@gestore.example"),
        &daticert,
        &format!("--mix\nContent-Type: message/rfc822; name=\"postacert.eml\"\n\n{inner}"),
        at,
    )
}

/// The receipt `kind` (`accettazione`, `avvenuta-consegna`, …) about our message `original` to `recipient`.
pub fn receipt(kind: &str, original: &str, recipient: &str, at: Instant) -> Vec<u8> {
    let about = Some(recipient).filter(|_| kind != "accettazione");
    let daticert = daticert(kind, OURS, recipient, "Re", original, about, at);
    envelope(
        &format!("X-Ricevuta: {kind}\nX-Riferimento-Message-ID: <{original}>"),
        "posta-certificata@gestore.example",
        &format!("{}: Re", kind.to_uppercase()),
        &format!("{kind}.{original}"),
        &daticert,
        "",
        at,
    )
}

/// The city's certified mailbox.
const OURS: &str = "protocollo@postacert.comune.milano.it";

fn envelope(
    role: &str,
    from: &str,
    subject: &str,
    id: &str,
    daticert: &str,
    more: &str,
    at: Instant,
) -> Vec<u8> {
    let date = date(at);
    format!(
        "Return-Path: <posta-certificata@gestore.example>\nReceived: from gestore.example; {date}\n{role}\nFrom: {from}\n\
         To: {OURS}\nSubject: {subject}\nDate: {date}\nMessage-ID: <{id}>\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=\"mix\"\n\n--mix\nContent-Type: text/plain\n\nMessaggio del gestore.\n\
         --mix\nContent-Type: application/xml; name=\"daticert.xml\"\n\n{daticert}\n{more}\n--mix--\n"
    )
    .into_bytes()
}

fn daticert(
    kind: &str,
    sender: &str,
    recipient: &str,
    subject: &str,
    original: &str,
    about: Option<&str>,
    at: Instant,
) -> String {
    let local = CityZone::parse("Europe/Rome").expect("the zone of Milan").local(at);
    let about = about.map(|address| format!("<consegna>{address}</consegna>")).unwrap_or_default();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<postacert tipo=\"{kind}\" errore=\"nessuno\"><intestazione>\
         <mittente>{sender}</mittente><destinatari tipo=\"certificato\">{recipient}</destinatari>\
         <risposte>{sender}</risposte><oggetto>{subject}</oggetto></intestazione><dati>\
         <gestore-emittente>Gestore Esempio S.p.A.</gestore-emittente><data><giorno>{}</giorno><ora>{}</ora></data>\
         <identificativo>{kind}.{original}</identificativo><msgid>&lt;{original}&gt;</msgid>{about}</dati></postacert>",
        local.strftime("%d/%m/%Y"),
        local.strftime("%H:%M:%S"),
    )
}
