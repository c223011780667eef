//! What is new in an answer: the text without quotations, attribution lines, forwarded headers and signatures,
//! in Italian and English and as Gmail, Outlook, Thunderbird, Apple Mail and the Italian webmails write them.
//!
//! **Invariant:** a text that is not blank never becomes blank: if nothing were left, the whole text is new.

const ATTRIBUTION_LINES: usize = 5;
const ATTRIBUTION_LENGTH: usize = 500;
const HEADER_BLOCK_LINES: usize = 8;
const SHORT_SIGNATURE_LINES: usize = 8;
const DEVICE_LINE_LENGTH: usize = 90;

const OPENINGS: [&str; 9] = ["il giorno ", "il ", "in data ", "on ", "le ", "am ", "el ", "at ", "alle "];
const ENDINGS: [&str; 9] = [
    "ha scritto:",
    "ha scritto",
    "scrive:",
    "hanno scritto:",
    "wrote:",
    "a écrit :",
    "a écrit:",
    "schrieb:",
    "escribió:",
];
const ORIGINALS: [&str; 8] = [
    "messaggio originale",
    "messaggio original",
    "original message",
    "original appointment",
    "ursprüngliche nachricht",
    "message d'origine",
    "mensaje original",
    "appuntamento originale",
];
const FROM: [&str; 5] = ["da:", "from:", "de:", "von:", "mittente:"];
const SENT: [&str; 8] =
    ["inviato:", "sent:", "data:", "date:", "inviato il:", "gesendet:", "envoyé:", "enviado:"];
const TO: [&str; 8] = ["a:", "to:", "per:", "an:", "para:", "cc:", "à:", "destinatario:"];
const SUBJECT: [&str; 5] = ["oggetto:", "subject:", "betreff:", "objet:", "asunto:"];
const DEVICES: [&str; 13] = [
    "inviato da iphone",
    "inviato da ipad",
    "inviato dal mio",
    "inviato da outlook",
    "inviato da yahoo",
    "inviato da posta per",
    "inviato da libero mail",
    "scarica outlook per",
    "sent from my",
    "sent from outlook",
    "sent from yahoo",
    "get outlook for",
    "inviato con ",
];
const FORWARDS: [&str; 7] = ["fwd:", "fw:", "i:", "inoltra:", "inoltro:", "wg:", "tr:"];

/// What is new in a text; the whole text when nothing else would be left.
pub fn visible_reply(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut kept: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let rest = lines.get(at..).unwrap_or_default();
        match role(rest) {
            Role::EndOfNew => break,
            Role::Skip(count) => at += count,
            Role::New => {
                kept.push(line);
                at += 1;
            }
        }
    }
    while kept.last().is_some_and(|line| is_rule(line)) {
        kept.pop();
    }
    let new = kept.join("\n");
    if new.trim().is_empty() { text.trim().to_owned() } else { new.trim().to_owned() }
}

/// Whether a subject says that the message passes on another one, which is then all of what is new.
pub fn is_forward(subject: &str) -> bool {
    let subject = subject.trim().to_lowercase();
    FORWARDS.iter().any(|prefix| subject.starts_with(prefix))
}

enum Role {
    New,
    Skip(usize),
    EndOfNew,
}

fn role(rest: &[&str]) -> Role {
    let line = rest.first().copied().unwrap_or_default();
    if line.trim_start().starts_with('>') || is_device(line) {
        return Role::Skip(1);
    }
    if let Some(count) = attribution(rest) {
        // Marked quotations end where new text goes on below them; unmarked ones run to the end.
        let next = rest.iter().skip(count).find(|line| !line.trim().is_empty());
        return if next.is_some_and(|line| line.trim_start().starts_with('>')) {
            Role::Skip(count)
        } else {
            Role::EndOfNew
        };
    }
    if is_original(line) || is_header_block(rest) || is_signature(rest) { Role::EndOfNew } else { Role::New }
}

/// The number of lines of an attribution such as `Il giorno … ha scritto:`, however it is broken.
fn attribution(rest: &[&str]) -> Option<usize> {
    let mut joined = String::new();
    for (count, line) in rest.iter().take(ATTRIBUTION_LINES).enumerate() {
        // A line may begin with the bracket that closes a broken address.
        let open_bracket = joined.rfind('<') > joined.rfind('>');
        if line.trim().is_empty() || (line.trim_start().starts_with('>') && !open_bracket) {
            return None;
        }
        joined.push_str(line.trim());
        joined.push(' ');
        let lower = joined.trim_end().trim_end_matches('*').to_lowercase();
        if lower.len() > ATTRIBUTION_LENGTH {
            return None;
        }
        if ENDINGS.iter().any(|ending| lower.ends_with(ending)) {
            let opened = OPENINGS.iter().any(|opening| lower.starts_with(opening));
            let dated = lower.contains(|c: char| c.is_ascii_digit());
            let named = lower.contains('@') && lower.ends_with(':');
            return (opened && dated || named).then_some(count + 1);
        }
    }
    None
}

/// `-----Messaggio originale-----` and its kin.
fn is_original(line: &str) -> bool {
    let bare = line.trim().trim_matches(['-', '_', '*', ' ']).to_lowercase();
    line.trim().starts_with(['-', '_']) && ORIGINALS.contains(&bare.as_str())
}

/// The header block that Outlook puts over what it quotes.
fn is_header_block(rest: &[&str]) -> bool {
    let starts = |line: &str, words: &[&str]| {
        let bare = line.trim_start().trim_start_matches('*').to_lowercase().replace(":*", ":");
        let bare = bare.replace(" :", ":");
        words.iter().any(|word| bare.starts_with(word))
    };
    let mut block = rest.iter().take(HEADER_BLOCK_LINES).take_while(|line| !line.trim().is_empty());
    let first = block.next().is_some_and(|line| starts(line, &FROM) && line.trim().len() > 4);
    let others: Vec<&&str> = block.collect();
    let has = |words: &[&str]| others.iter().any(|line| starts(line, words));
    first && [has(&SENT), has(&TO), has(&SUBJECT)].iter().filter(|found| **found).count() >= 2
}

/// `-- ` opens a signature; without its blank only when little follows, for people draw lines so.
fn is_signature(rest: &[&str]) -> bool {
    match rest.first() {
        Some(&"-- ") => true,
        Some(&"--") => rest.len() <= SHORT_SIGNATURE_LINES,
        _ => false,
    }
}

fn is_device(line: &str) -> bool {
    let lower = line.trim().trim_start_matches(['-', '_', '<', ' ']).to_lowercase();
    lower.len() <= DEVICE_LINE_LENGTH && DEVICES.iter().any(|device| lower.starts_with(device))
}

fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.chars().all(|c| matches!(c, '_' | '-' | '─' | '=')) && (line.is_empty() || line.chars().count() >= 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(visible_reply(text), expected, "{text}");
    }

    #[test]
    fn attributions_end_what_is_new() {
        for attribution in [
            "Il giorno ven 15 nov 2024 alle ore 15:39 Comune <urp@comune.example> ha\nscritto:",
            "In data 11 ottobre 2017 21:11:31 \"Urp - Comune\" <urp@comune.example> ha scritto:",
            "Il 03/05/2021 10:22, URP ha scritto:",
            "On Fri, Nov 15, 2024 at 3:39 PM Urp Comune di Milano\n<urp@comune.example> wrote:",
            "Il giorno 3 mag 2021, alle ore 10:22, URP <\nurp@comune.example\n> ha scritto:",
            "URP <urp@comune.example> ha scritto:",
        ] {
            check(&format!("Grazie mille.\n\n{attribution}\n\n> vecchio\n> testo\n"), "Grazie mille.");
            check(&format!("Grazie mille.\n\n{attribution}\nvecchio testo\n"), "Grazie mille.");
        }
    }

    #[test]
    fn outlook_blocks_and_original_message_lines_end_what_is_new() {
        check("Ok\n\nDa: URP\nInviato: lunedì 3 maggio\nA: Maria\nOggetto: x\n\nvecchio", "Ok");
        check(
            "Ok\n________________________________\nFrom: URP\nSent: Monday\nTo: M\nSubject: x\n\nold",
            "Ok",
        );
        check("Ok\n\n*Da:* URP\n*Inviato:* lunedì\n*Oggetto:* x\n\nvecchio", "Ok");
        check("Ok\n-----Messaggio originale-----\nDa: URP\n\nvecchio", "Ok");
        check("Ok\n\n-------- Messaggio originale --------\nvecchio", "Ok");
        check("Ok\n\n-----Original Message-----\nold", "Ok");
    }

    #[test]
    fn answers_below_and_between_quotations_stay() {
        check(
            "Il 3 mag 2021 URP ha scritto:\n> prima domanda\n\nPrima risposta\n> seconda\nSeconda risposta",
            "Prima risposta\nSeconda risposta",
        );
    }

    #[test]
    fn signatures_and_device_lines_go() {
        check("Grazie\n-- \nMaria Rossi\nVia Dante 1", "Grazie");
        check("Grazie\n\nInviato da iPhone", "Grazie");
        check("Grazie\n\nSent from my iPad\n\nOn 3 May 2021, at 10:22, URP <u@c.it> wrote:\n> old", "Grazie");
    }

    #[test]
    fn words_that_only_look_like_it_stay() {
        for text in [
            "Il vicino mi ha scritto: non pago.\nChe fare?",
            "Da: casa\nvorrei sapere gli orari",
            "Mio marito ha scritto:\nnessuno ha risposto",
            "prima\n--\nseconda\n3\n4\n5\n6\n7\n8\n9\n10",
            "Messaggio originale: lo allego",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn when_nothing_is_left_everything_is_new() {
        check("> solo citazione\n> due", "> solo citazione\n> due");
        check("-----Messaggio originale-----\nvecchio", "-----Messaggio originale-----\nvecchio");
        check("", "");
    }

    #[test]
    fn forwards_are_known_by_their_subject() {
        for subject in ["I: multa", "Fwd: x", "FW: x", "WG: x"] {
            assert!(is_forward(subject), "{subject}");
        }
        assert!(!is_forward("R: multa"));
        assert!(!is_forward("Informazioni"));
    }

    proptest! {
        #[test]
        fn a_text_never_becomes_blank(text in "(> |On |Il |3|ha scritto:|wrote:|-- |\n|Da: |a@b|[a-z ]){0,40}") {
            prop_assert_eq!(visible_reply(&text).is_empty(), text.trim().is_empty());
        }
    }
}
