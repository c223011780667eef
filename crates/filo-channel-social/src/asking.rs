//! Whether a comment or message asks for something: a small rule that errs towards yes.
//!
//! Nothing is asked by: no text at all (or only emoji, a sticker, a like, hashtags); only the names of tagged
//! friends, with at most «look here» beside them; thanks and praise, in Italian or English. Whatever has a
//! question mark, a picture or file, or a word of asking or complaint is actionable, and so is every other text.

use filo_domain::vocabulary::InteractionKind;

use crate::draft::Draft;

/// Attachments that say no more than a nod does. A bare link to a page is a share.
const NODS: [&str; 3] = ["sticker", "like", "link"];

/// Words that ask, or tell of trouble: with one of them thanks are a manner of asking.
const ASKING: &str = "aiuto ancora anziché attesa aspetto attendo bisogno chi chiedo come dov dove guasto mai ma mancano \
    manca no non nessuno niente però perché perche possibile posso potete potreste potrei problema \
    problemi purtroppo qualcuno quale quali quando quanto quanti rotto rotta rotti segnalo segnalare \
    senza serve servirebbe speriamo vorrei voglio vergogna peccato invece solo adesso fate fare sapere \
    but can could don help how need never not nothing please problem shame should still want what \
    when where which who why will would broken";

/// Thanks and praise; one of them must be there.
const THANKS: &str = "grazie ringrazio ringraziamo thanks thank thx bravi bravo brava brave bravissimi complimenti ottimo \
    perfetto ok okay great perfect";

/// What may stand beside thanks.
const BESIDE_THANKS: &str = "a mille milla infinite tante molte di cuore davvero gentile gentilissimi gentilissima gentilissimo \
    gentili siete sempre stati per la le il lo risposta info informazione informazioni buona buon \
    giornata serata lavoro tutto tutti va bene e vi ti voi you so very much lot many all everyone and \
    have nice day buongiorno buonasera ciao salve comune milano";

/// What people write beside the name of a friend.
const LOOK: &str = "guarda guardate guardi leggi leggete vedi vedete ecco qui qua questo questa per te x noi voi anche e \
    look see read this here at it for you us and check out";

/// With one of these at its beginning, a short text is thanks whatever it thanks for.
const GRATITUDE: &str = "grazie ringrazio ringraziamo thanks thank thx";

/// Longer thanks may carry something else.
const MOST_WORDS_OF_THANKS: usize = 8;

/// Whether the contact asks for nothing.
pub(crate) fn asks_nothing(draft: &Draft) -> bool {
    let content = draft.media.iter().any(|medium| !NODS.contains(&medium.media_type.as_str()));
    if content || draft.withheld || draft.text.contains(['?', '？']) {
        return false;
    }
    let (rest, named) = without_names(&draft.text, &draft.tagged);
    let words = words(&rest);
    if words.iter().any(|word| lists(ASKING, word)) {
        return false;
    }
    let all_in = |list| words.iter().all(|word| lists(list, word));
    words.is_empty()
        || (named && all_in(LOOK))
        || is_thanks(&words)
        || (draft.kind == InteractionKind::Comment && is_a_name(&draft.text))
}

fn is_thanks(words: &[String]) -> bool {
    let thanks = |word: &String| lists(THANKS, word);
    let beside = |word: &String| thanks(word) || lists(BESIDE_THANKS, word);
    let opens_with_thanks = words.first().is_some_and(|word| lists(GRATITUDE, word));
    let all_thanks = words.iter().any(thanks) && words.iter().all(beside);
    words.len() <= MOST_WORDS_OF_THANKS && (opens_with_thanks || all_thanks)
}

fn lists(list: &str, word: &str) -> bool {
    list.split(' ').any(|listed| listed == word)
}

fn words(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_alphanumeric());
    parts.filter(|part| !part.is_empty()).map(str::to_lowercase).collect()
}

/// The text without tagged names, mentions and hashtags, and whether there was a name.
fn without_names(text: &str, tagged: &[String]) -> (String, bool) {
    let mut rest = text.to_owned();
    for name in tagged {
        rest = rest.replace(name.as_str(), " ");
    }
    let mut named = rest != text;
    let (mut kept, mut after_first_name) = (Vec::new(), false);
    for token in rest.split_whitespace() {
        if let Some(mention) = token.strip_prefix('@') {
            named = true;
            after_first_name = is_capitalised(mention);
        } else if !(token.starts_with('#') || (after_first_name && is_capitalised(token))) {
            after_first_name = false;
            kept.push(token);
        }
    }
    (kept.join(" "), named)
}

/// Two or three capitalised words and nothing else: how a tagged friend looks where tags are not passed on.
fn is_a_name(text: &str) -> bool {
    let tokens: Vec<_> =
        text.split_whitespace().filter(|token| token.contains(char::is_alphanumeric)).collect();
    (2..=3).contains(&tokens.len()) && tokens.iter().all(|token| is_capitalised(token))
}

/// «Rossi», not «ComuneMilano» and not «ATM».
fn is_capitalised(word: &str) -> bool {
    let mut letters = word.trim_end_matches([',', '!', '.']).chars();
    let rest = letters.clone().skip(1);
    letters.next().is_some_and(char::is_uppercase)
        && rest.clone().next().is_some()
        && rest.clone().all(|c| c.is_lowercase() || c == '\'')
}
