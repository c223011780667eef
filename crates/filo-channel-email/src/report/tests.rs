use super::*;

fn read(text: &str) -> Option<Bounce> {
    bounce(&Mail::parse(text.as_bytes()).expect("header"))
}

fn summary(text: &str) -> Vec<(String, String, Option<String>, bool)> {
    let bounce = read(text).expect("a bounce");
    bounce.recipients.into_iter().map(|one| (one.address, one.action, one.status, one.permanent)).collect()
}

fn dsn(block: &str) -> String {
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nContent-Type: multipart/report; report-type=delivery-status; \
         boundary=b\n\n--b\n\nno luck\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n{block}\n\
         --b\nContent-Type: message/rfc822\n\nMessage-ID: <our.1@filo.example>\nSubject: x\n\ny\n--b--\n"
    )
}

#[test]
fn each_recipient_has_its_own_fate() {
    let text = dsn(
        "Final-Recipient: rfc822; A@x.it\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no\n such user\n\n\
         Final-Recipient: rfc822;b@x.it\nAction: delayed\nStatus: 4.4.1\n\nFinal-Recipient: rfc822;c@x.it\nAction: \
         delivered\nStatus: 2.0.0\n\nFinal-Recipient: rfc822;d@x.it\nAction: failed\nStatus: 4.4.7 (expired)\n",
    );
    let own = |address: &str, action: &str, status: &str, permanent| {
        (address.to_owned(), action.to_owned(), Some(status.to_owned()), permanent)
    };
    assert_eq!(
        summary(&text),
        [
            own("a@x.it", "failed", "5.1.1", true),
            own("b@x.it", "delayed", "4.4.1", false),
            own("c@x.it", "delivered", "2.0.0", false),
            own("d@x.it", "failed", "4.4.7", false),
        ]
    );
    let bounce = read(&text).expect("bounce");
    assert_eq!(bounce.original_message_id.as_deref(), Some("our.1@filo.example"));
    let states: Vec<_> = bounce.recipient_reports().into_iter().map(|one| one.state).collect();
    use DeliveryState::{Delivered, Failed};
    assert_eq!(states, [Some(Failed), None, Some(Delivered), Some(Failed)]);
    assert_eq!(bounce.recipients[0].detail.as_deref(), Some("smtp; 550 no such user"));
}

#[test]
fn qmail_and_exim_write_free_text() {
    let qmail = "Return-Path: <>\nFrom: MAILER-DAEMON@x.example\nTo: urp@comune.example\nSubject: failure notice\n\nHi. This is \
                 the qmail-send program.\n\n<nobody@y.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this \
                 line is a copy of the message.\n\nMessage-ID: <our.2@filo.example>\nTo: <z@y.example> 550\n";
    assert_eq!(
        summary(qmail),
        [("nobody@y.example".to_owned(), "failed".to_owned(), Some("5.1.1".to_owned()), true)]
    );
    assert_eq!(read(qmail).and_then(|one| one.original_message_id).as_deref(), Some("our.2@filo.example"));

    let exim = "From: Mail Delivery System <Mailer-Daemon@x.example>\nX-Failed-Recipients: a@y.example, b@y.example\nTo: u@c.example\n\
                Subject: Mail delivery failed\n\nThe following address(es) failed:\n\n  a@y.example\n    SMTP error: 550 no\n  \
                b@y.example\n    452 mailbox full\n";
    let found = summary(exim);
    assert_eq!(found.iter().map(|one| one.2.as_deref()).collect::<Vec<_>>(), [Some("5.0.0"), Some("4.0.0")]);
    assert_eq!(found.iter().map(|one| one.3).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_delay_is_no_failure() {
    let text = "Return-Path: <>\nFrom: postmaster@x.example\nTo: u@c.example\nSubject: Delivery Status Notification (Delay)\n\n\
                Delivery to a@y.example is delayed and will be retried. 451 try later\n";
    assert_eq!(
        summary(text),
        [("a@y.example".to_owned(), "delayed".to_owned(), Some("4.0.0".to_owned()), false)]
    );
}

#[test]
fn persons_and_answering_machines_are_no_reports() {
    for text in [
        "From: postmaster@scuola.example\nSubject: Iscrizioni\n\nVorrei 550 moduli per a@b.it\n",
        "Return-Path: <>\nFrom: a@b.it\nSubject: Out of office\n\nBack soon.\n",
        "From: a@b.it\nSubject: mancata consegna del bidone\n\nciao\n",
        "From: a@b.it\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\nread\n--b--\n",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn a_report_without_recipients_is_still_a_report() {
    assert_eq!(read("From: MAILER-DAEMON@x\nSubject: x\n\n?\n"), Some(Bounce::default()));
}
