//! Mails of citizens as a mailbox holds them: some answer earlier ones, some carry a file, some come from robots.

use std::{fs, path::PathBuf};

use anyhow::Context;
use fastrand::Rng;
use filo_domain::Instant;
use filo_testkit::{at, mail::Mail};

/// `filo-bench generate-mails`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many.
    #[arg(long, default_value_t = 200)]
    count: u64,
    /// Everything follows from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The folder to write to; it is made where it is missing.
    #[arg(long)]
    out: PathBuf,
}

const NAMES: [&str; 6] = ["Anna", "Bruno", "Chiara", "Davide", "Elena", "Franco"];
const SURNAMES: [&str; 6] = ["Bianchi", "Colombo", "Ferrari", "Rossi", "Sala", "Villa"];
const ASKED: [(&str, &str); 6] = [
    ("Carta d'identità", "Buongiorno,\nvorrei sapere come prenotare il rinnovo della carta d'identità."),
    ("TARI", "Ho ricevuto due volte lo stesso avviso di pagamento della TARI: che cosa devo fare?"),
    ("Buca in strada", "In via Padova, all'altezza del civico 120, c'è una buca pericolosa."),
    ("Lampione spento", "Il lampione davanti a casa è spento da una settimana.\n\nCordiali saluti"),
    ("Area C", "Mi è arrivata una multa per Area C ma avevo pagato il ticket."),
    ("Asilo nido", "Quando aprono le iscrizioni agli asili nido comunali?"),
];

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    fs::create_dir_all(&args.out).with_context(|| args.out.display().to_string())?;
    for (number, bytes) in (1..).zip(mails(args.count, args.seed)) {
        let path = args.out.join(format!("{number:06}.eml"));
        fs::write(&path, bytes).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// The mails, in order of time over October 2026.
pub(crate) fn mails(count: u64, seed: u64) -> impl Iterator<Item = Vec<u8>> {
    let mut rng = Rng::with_seed(seed);
    let (first, span) = (at("2026-10-01 07:00"), 30 * 86_400);
    (0..count).map(move |number| {
        let sent =
            first.plus_seconds(span * i64::try_from(number).unwrap_or(0) / i64::try_from(count).unwrap_or(1));
        mail(&mut rng, seed, number, sent)
    })
}

fn mail(rng: &mut Rng, seed: u64, number: u64, sent: Instant) -> Vec<u8> {
    let citizen = rng.u64(0..=number / 2);
    let (subject, text) = rng.choice(ASKED).unwrap_or_default();
    let id = |number: u64| format!("{seed}.{number}@posta.example");
    let mail = Mail::new(&id(number), &sender(citizen), sent);
    let mail = match rng.u32(0..10) {
        // An answer to an earlier mail, its own or somebody else's.
        0..2 if number > 0 => mail.saying(&format!("Re: {subject}"), text).answering(&id(rng.u64(0..number))),
        _ => mail.saying(subject, &format!("{text}\n\nPratica n. {number}")),
    };
    let bytes = mail.bytes();
    match rng.u32(0..10) {
        0 => with_header(&bytes, "Auto-Submitted: auto-replied"),
        1 => with_header(&bytes, "Precedence: bulk\nList-Unsubscribe: <mailto:via@posta.example>"),
        2 => with_file(&bytes, number),
        _ => bytes,
    }
}

fn sender(citizen: u64) -> String {
    let pick = |from: [&'static str; 6], place: u64| {
        from.into_iter().cycle().nth(usize::try_from(place % 36).unwrap_or(0))
    };
    let name = pick(NAMES, citizen).unwrap_or_default();
    let surname = pick(SURNAMES, citizen / 6).unwrap_or_default();
    format!("{name} {surname} <{}.{}.{citizen}@posta.example>", name.to_lowercase(), surname.to_lowercase())
}

fn with_header(mail: &[u8], header: &str) -> Vec<u8> {
    [header.as_bytes(), b"\n", mail].concat()
}

/// The same mail with a file beside its text.
fn with_file(mail: &[u8], number: u64) -> Vec<u8> {
    let text = String::from_utf8_lossy(mail);
    let plain = "Content-Type: text/plain; charset=utf-8\n\n";
    let Some((head, body)) = text.split_once(plain) else { return mail.to_vec() };
    format!(
        "{head}Content-Type: multipart/mixed; boundary=b{number}\n\n--b{number}\n{plain}{body}\n--b{number}\n\
         Content-Type: application/pdf; name=\"avviso-{number}.pdf\"\n\
         Content-Disposition: attachment; filename=\"avviso-{number}.pdf\"\n\
         Content-Transfer-Encoding: base64\n\nJVBERi0xLjQK\n--b{number}--\n"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_follow_from_their_seed_and_differ_from_each_other() {
        let all: Vec<Vec<u8>> = mails(300, 3).collect();
        let distinct: std::collections::BTreeSet<&Vec<u8>> = all.iter().collect();
        assert_eq!(distinct.len(), 300);
        assert_eq!(all, mails(300, 3).collect::<Vec<_>>());
    }
}
