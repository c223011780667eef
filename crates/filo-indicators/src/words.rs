//! What each figure of the report says, in Italian: printed under the tables and with every explanation; in English
//! for the forms that are printed in it.

mod english;

/// (place in the report, words, formula); `*` stands for a row.
const FIGURES: &[(&str, &str, &str)] = &[
    ("/channels/*/inbound", "Contatti in ingresso sul canale", "n(contatti)"),
    ("/channels/*/registered", "Contatti censiti nel CRM: legati a un ticket", "n(contatti con ticket)"),
    ("/channels/*/registered_share", "Quota di contatti censiti", "contatti con ticket ÷ contatti"),
    (
        "/channels/*/actionable",
        "Richieste: chiamate entrate in coda; per gli altri canali una per ticket (social: per conversazione) e mese",
        "n(richieste)",
    ),
    (
        "/channels/*/answered",
        "Richieste che hanno avuto risposta da una persona",
        "n(richieste con risposta)",
    ),
    ("/channels/*/response_rate", "Tasso di risposta del canale", "richieste con risposta ÷ richieste"),
    (
        "/channels/*/response",
        "Tempo di risposta del canale: attesa in coda delle chiamate risposte, o dall'apertura alla prima risposta di una persona",
        "stop − inizio, tempo trascorso; nel mese dello stop",
    ),
    (
        "/channels/*/resolution",
        "Tempo dall'apertura alla prima risoluzione, attese comprese",
        "prima risoluzione − apertura; nel mese della risoluzione",
    ),
    (
        "/channels/*/resolution_final",
        "Tempo dall'apertura all'ultima risoluzione, senza il tempo trascorso da chiuso",
        "ultima risoluzione − apertura − intervalli da chiuso",
    ),
    (
        "/channels/*/resolution_net",
        "Tempo dall'apertura alla prima risoluzione, senza le attese del cittadino o di terzi",
        "prima risoluzione − apertura − unione delle attese",
    ),
    (
        "/channels/*/excluded/*/count",
        "Contatti che non fanno una richiesta, per motivo",
        "n(contatti esclusi)",
    ),
    (
        "/unification/unified_channels",
        "Canali dell'insieme unificato con almeno un contatto censito; la PEC conta con la posta",
        "n(canali)",
    ),
    ("/unification/inbound", "Contatti in ingresso su tutti i canali", "n(contatti)"),
    ("/unification/registered", "Contatti censiti nel CRM", "n(contatti con ticket)"),
    (
        "/unification/share",
        "Quota di contatti censiti, chiamate abbandonate comprese",
        "contatti con ticket ÷ contatti",
    ),
    ("/unification/matters", "Pratiche di due o più ticket con un contatto nel periodo", "n(pratiche)"),
    (
        "/unification/matters_on_two_or_more_channels",
        "Pratiche i cui ticket vengono da due o più canali",
        "n(pratiche)",
    ),
    ("/response_rate/answered", "Richieste con risposta su tutti i canali", "Σ richieste con risposta"),
    ("/response_rate/actionable", "Richieste su tutti i canali", "Σ richieste"),
    (
        "/response_rate/rate",
        "Tasso di risposta complessivo: rapporto tra somme, mai media di tassi",
        "Σ richieste con risposta ÷ Σ richieste",
    ),
    ("/response_rate/never_answered", "Richieste senza risposta", "n(richieste senza risposta)"),
    (
        "/phone/offered",
        "Chiamate entrate in coda",
        "risposte + abbandonate + scadute + coda vuota + uscite con tasto + ritirate + trasferite + esito ignoto",
    ),
    ("/phone/answered", "Chiamate a cui ha risposto una persona", "n(chiamate risposte)"),
    ("/phone/abandoned", "Chiamate abbandonate, comprese quelle brevi", "n(chiamate abbandonate)"),
    (
        "/phone/abandoned_short",
        "Chiamate abbandonate prima della soglia degli abbandoni brevi",
        "n(abbandonate con attesa < soglia)",
    ),
    ("/phone/timed_out", "Chiamate uscite dalla coda per tempo scaduto", "n(chiamate)"),
    ("/phone/empty", "Chiamate uscite perché la coda non aveva operatori", "n(chiamate)"),
    ("/phone/key_exit", "Chiamate uscite dalla coda premendo un tasto", "n(chiamate)"),
    ("/phone/withdrawn", "Chiamate tolte dalla coda dal sistema", "n(chiamate)"),
    ("/phone/transferred", "Chiamate trasferite senza risposta", "n(chiamate)"),
    ("/phone/unknown", "Chiamate di cui non si conosce la fine", "n(chiamate)"),
    (
        "/phone/waits",
        "Attese in coda finite nel periodo, di tutte le chiamate di esito noto",
        "n(attese); nel mese in cui l'attesa finisce",
    ),
    ("/phone/self_served", "Chiamate servite dal risponditore, mai entrate in coda", "n(chiamate)"),
    (
        "/phone/ivr/*/calls",
        "Chiamate con questa scelta nel risponditore",
        "offerte + servite dal risponditore",
    ),
    ("/phone/ivr/*/offered", "Di queste, le chiamate entrate in coda", "n(chiamate)"),
    ("/phone/ivr/*/self_served", "Di queste, le chiamate servite dal risponditore", "n(chiamate)"),
    ("/phone/registered_of_answered", "Chiamate risposte e censite", "n(chiamate risposte con ticket)"),
    (
        "/phone/registered_of_answered_share",
        "Quota di chiamate risposte che sono censite",
        "risposte con ticket ÷ risposte",
    ),
    (
        "/phone/mean_wait_s",
        "Attesa media in coda di tutte le chiamate di esito noto",
        "media(attesa); nel mese in cui l'attesa finisce",
    ),
    (
        "/phone/mean_wait_answered_s",
        "Attesa media in coda delle chiamate risposte",
        "media(attesa delle risposte)",
    ),
    (
        "/phone/service_level/*/share",
        "Quota di chiamate risposte entro la soglia",
        "risposte entro la soglia ÷ (offerte − abbandoni brevi)",
    ),
    ("/phone/mean_talk_s", "Durata media della conversazione", "media(conversazione delle risposte)"),
    (
        "/phone/repeat_callers/identified",
        "Persone (anche un solo numero) con almeno una chiamata dal 1° gennaio",
        "n(persone)",
    ),
    (
        "/phone/repeat_callers/more_than_2",
        "Persone che hanno chiamato più di 2 volte dal 1° gennaio",
        "n(persone con almeno 3 chiamate)",
    ),
    (
        "/phone/repeat_callers/more_than_2_share",
        "Quota di persone che hanno chiamato più di 2 volte",
        "persone con almeno 3 chiamate ÷ persone",
    ),
    (
        "/phone/repeat_callers/more_than_2_same_theme",
        "Persone che hanno chiamato più di 2 volte per la stessa tematica",
        "n(persone con almeno 3 chiamate censite sotto una tematica)",
    ),
    (
        "/phone/repeat_callers/more_than_2_same_theme_share",
        "Quota di persone che hanno chiamato più di 2 volte per la stessa tematica",
        "persone con almeno 3 chiamate sotto una tematica ÷ persone",
    ),
    (
        "/phone/repeat_callers/anonymous_calls",
        "Chiamate con numero nascosto dal 1° gennaio, mai contate come una persona",
        "n(chiamate)",
    ),
    (
        "/phone/repeat_callers/coverage",
        "Quota di chiamate di persone note dal 1° gennaio",
        "chiamate con numero ÷ chiamate",
    ),
    (
        "/phone/abandoned_then_wrote/count",
        "Contatti scritti di chi aveva abbandonato una chiamata nei giorni prima",
        "n(contatti scritti)",
    ),
    (
        "/phone/abandoned_then_wrote/coverage",
        "Quota di chiamate abbandonate di persone note",
        "abbandonate con numero ÷ abbandonate",
    ),
    ("/phone/abandoned_came_back/abandoned", "Chiamate abbandonate nel periodo", "n(chiamate abbandonate)"),
    (
        "/phone/abandoned_came_back/identified",
        "Chiamate abbandonate di cui si conosce chi ha chiamato (anche un solo numero)",
        "n(abbandonate con numero)",
    ),
    (
        "/phone/abandoned_came_back/coverage",
        "Quota di chiamate abbandonate di persone note: di quante parlano le righe che seguono",
        "abbandonate con numero ÷ abbandonate",
    ),
    (
        "/phone/abandoned_came_back/withheld",
        "Chiamate abbandonate con numero nascosto, contate a parte",
        "n(abbandonate senza numero)",
    ),
    (
        "/phone/abandoned_came_back/called_again",
        "Abbandonate in cui la stessa persona ha richiamato entro la finestra di giorni",
        "n(abbandonate con una chiamata successiva entro la finestra)",
    ),
    (
        "/phone/abandoned_came_back/called_again_share",
        "Quota di abbandonate in cui la stessa persona ha richiamato; fuori chi può ancora tornare",
        "richiamate ÷ abbandonate con numero e finestra finita, o già tornate",
    ),
    (
        "/phone/abandoned_came_back/answered",
        "Di quelle in cui ha richiamato, quelle in cui entro la finestra ha risposto una persona",
        "n(abbandonate con una chiamata successiva risposta)",
    ),
    (
        "/phone/abandoned_came_back/answered_share",
        "Quota risposta di quelle in cui ha richiamato",
        "risposte ÷ richiamate",
    ),
    (
        "/phone/abandoned_came_back/wrote",
        "Abbandonate in cui la stessa persona, entro la finestra, si è fatta viva su un altro canale; solo con le identità collegate",
        "n(abbandonate con un contatto successivo su un altro canale)",
    ),
    (
        "/phone/abandoned_came_back/wrote_share",
        "Quota di abbandonate seguite da un contatto su un altro canale; fuori chi può ancora tornare",
        "con un contatto ÷ abbandonate con numero e finestra finita, o già tornate",
    ),
    (
        "/phone/abandoned_came_back/never",
        "Abbandonate di persone note che entro la finestra non si sono più fatte vive",
        "n(abbandonate senza seguito)",
    ),
    (
        "/phone/abandoned_came_back/never_share",
        "Quota di abbandonate senza seguito; fuori chi può ancora tornare",
        "senza seguito ÷ abbandonate con numero e finestra finita, o già tornate",
    ),
    (
        "/phone/abandoned_came_back/window_open",
        "Abbandonate di persone note la cui finestra non è finita all'istante dei dati e che non si sono ancora fatte vive",
        "n(abbandonate)",
    ),
    ("/scrivi/opened", "Ticket aperti con Scrivi", "n(ticket)"),
    (
        "/scrivi/resolved",
        "Ticket di Scrivi aperti nel periodo e risolti; chiuso vale risolto",
        "n(ticket risolti)",
    ),
    ("/scrivi/resolved_share", "Quota di ticket di Scrivi risolti", "risolti ÷ aperti"),
    (
        "/scrivi/share_of_all_tickets",
        "Quota dei ticket di Scrivi su tutti i ticket aperti",
        "ticket di Scrivi ÷ ticket",
    ),
    (
        "/scrivi/resolution_buckets/*/count",
        "Ticket risolti per giorni fino all'ultima risoluzione; ogni classe esclude la precedente",
        "n(ticket)",
    ),
    ("/scrivi/resolution_buckets/*/share", "Quota della classe sulla somma delle classi", "n(classe) ÷ Σ n"),
    ("/scrivi/unclassified", "Ticket risolti senza una durata", "risolti − Σ classi"),
    (
        "/email/received",
        "Posta ricevuta",
        "messaggi + rapporti di mancata consegna + ricevute e anomalie PEC",
    ),
    ("/email/messages", "Messaggi ricevuti", "n(messaggi)"),
    ("/email/auto", "Risposte automatiche, parte dei messaggi", "n(messaggi automatici)"),
    ("/email/bounces", "Rapporti di mancata consegna", "n(rapporti)"),
    ("/email/pec", "Messaggi di posta certificata, parte dei messaggi", "n(messaggi PEC)"),
    ("/email/receipts", "Ricevute PEC", "n(ricevute)"),
    ("/email/anomalies", "Anomalie di trasporto PEC", "n(anomalie)"),
    (
        "/social/inbound_interactions",
        "Interazioni in ingresso: ogni interazione di una conversazione",
        "commenti + messaggi",
    ),
    ("/social/comments", "Commenti", "n(commenti)"),
    ("/social/messages", "Messaggi privati e post in bacheca", "n(messaggi)"),
    ("/social/threads", "Conversazioni con un'interazione nel periodo", "n(conversazioni)"),
    ("/social/actionable_threads", "Conversazioni che chiedono informazioni o supporto", "n(conversazioni)"),
    (
        "/social/handled_threads",
        "Conversazioni gestite: una volta per conversazione",
        "n(conversazioni con risposta)",
    ),
    (
        "/social/never_taken",
        "Conversazioni che chiedono e che nessuno ha preso in carico",
        "n(conversazioni)",
    ),
    (
        "/social/charge_to_closed",
        "Tempo dalla presa in carico alla risoluzione confermata dalla chiusura",
        "risoluzione − presa in carico",
    ),
    (
        "/social/received_to_closed",
        "Tempo dalla ricezione alla risoluzione confermata dalla chiusura",
        "risoluzione − ricezione",
    ),
    ("/themes/*/count", "Ticket aperti nel periodo per tematica delle richieste", "n(ticket)"),
    ("/themes/*/share", "Quota della tematica sui ticket aperti", "n(ticket) ÷ ticket aperti"),
    ("/levels/I/resolved", "Risolti al I livello: risolti e mai passati al II", "n(ticket)"),
    ("/levels/I/open", "Aperti al I livello, mai passati al II", "n(ticket)"),
    ("/levels/I/cancelled", "Annullati e mai passati al II livello", "n(ticket)"),
    ("/levels/II/assigned", "Assegnati al II livello, anche se restituiti", "n(ticket)"),
    ("/levels/II/resolved", "Assegnati al II livello e risolti", "n(ticket)"),
    ("/levels/II/active", "Assegnati al II livello e ancora attivi", "n(ticket)"),
    ("/levels/II/active_share", "Quota ancora attiva degli assegnati al II livello", "attivi ÷ assegnati"),
    ("/levels/II/cancelled", "Assegnati al II livello e annullati", "n(ticket)"),
    ("/units/*/tickets", "Ticket aperti nel periodo per unità alla risoluzione, o attuale", "n(ticket)"),
    ("/units/*/share", "Quota dell'unità sui ticket aperti", "n(ticket) ÷ ticket aperti"),
    ("/units/*/resolved", "Ticket dell'unità risolti", "n(ticket)"),
    ("/units/*/active", "Ticket dell'unità ancora attivi", "n(ticket)"),
    ("/units/*/active_share", "Quota ancora attiva dei ticket dell'unità", "attivi ÷ ticket"),
    ("/units/*/cancelled", "Ticket dell'unità annullati", "n(ticket)"),
    (
        "/units/*/resolution",
        "Tempo dall'apertura alla prima risoluzione dei ticket dell'unità",
        "prima risoluzione − apertura; nel mese della risoluzione",
    ),
    (
        "/backlog/open_at_end",
        "Ticket aperti alla fine del periodo (o all'istante dei dati)",
        "n(ticket né risolti né annullati)",
    ),
    (
        "/backlog/mean_age_s",
        "Età media dei ticket aperti",
        "media(istante − apertura − intervalli da chiuso)",
    ),
    ("/backlog/median_age_s", "Età mediana dei ticket aperti", "mediana(età)"),
    ("/backlog/p90_age_s", "90° percentile dell'età dei ticket aperti", "p90(età)"),
    ("/backlog/bands/*/count", "Ticket aperti per fascia di età in giorni", "n(ticket)"),
    ("/backlog/bands/*/share", "Quota della fascia sui ticket aperti", "n(fascia) ÷ Σ n"),
    (
        "/callbacks/promised",
        "Richiamate promesse con la fine della finestra nel periodo",
        "n(mantenute + mancate + in attesa + annullate)",
    ),
    (
        "/callbacks/kept",
        "Richiamate mantenute: cittadino raggiunto prima della fine della finestra",
        "n(richiamate)",
    ),
    (
        "/callbacks/missed",
        "Richiamate mancate: finestra finita senza aver raggiunto il cittadino",
        "n(richiamate)",
    ),
    (
        "/callbacks/kept_share",
        "Quota di richiamate mantenute, senza quelle in attesa e annullate",
        "mantenute ÷ (mantenute + mancate)",
    ),
    ("/callbacks/pending", "Richiamate la cui finestra non è ancora finita", "n(richiamate)"),
    ("/callbacks/cancelled", "Richiamate annullate prima della fine della finestra", "n(richiamate)"),
    ("/callbacks/attempts", "Tentativi di chiamata per le richiamate promesse nel periodo", "n(tentativi)"),
    (
        "/callbacks/reached_late",
        "Richiamate mancate in cui il cittadino è stato raggiunto dopo la finestra",
        "n(richiamate)",
    ),
    ("/ratings/count", "Ticket aperti nel periodo con una valutazione; conta l'ultima", "n(ticket valutati)"),
    ("/ratings/share", "Quota di ticket valutati", "valutati ÷ aperti"),
    ("/ratings/mean", "Valutazione media da 1 a 5", "media(ultima valutazione)"),
    ("/ratings/distribution/*/count", "Ticket per valutazione", "n(ticket)"),
    (
        "/costs/total_cents",
        "Quanto è stato pagato ai fornitori nel periodo, in centesimi di euro; vuoto finché manca un importo",
        "Σ importi mensili",
    ),
    (
        "/costs/handled",
        "Contatti gestiti sui canali dei fornitori: chiamate risposte da una persona; sugli altri canali richieste con risposta",
        "n(contatti gestiti)",
    ),
    (
        "/costs/handled_s",
        "Tempo di conversazione delle chiamate gestite; sugli altri canali il tempo non si misura",
        "Σ conversazione",
    ),
    (
        "/costs/cost_per_contact_cents",
        "Costo per contatto gestito, in centesimi di euro",
        "importi ÷ contatti gestiti",
    ),
    (
        "/costs/row/cost_cents",
        "Parte degli importi mensili che spetta alla riga, in centesimi di euro; il metodo di ripartizione è indicato per ogni importo",
        "Σ importo × peso ÷ Σ pesi del mese (peso: conversazione in secondi, o 1 per contatto), al centesimo con i resti più grandi",
    ),
    ("/costs/row/handled", "Contatti gestiti della riga", "n(contatti gestiti)"),
    ("/costs/row/handled_s", "Tempo di conversazione delle chiamate gestite della riga", "Σ conversazione"),
    (
        "/costs/row/cost_per_contact_cents",
        "Costo per contatto gestito della riga, in centesimi di euro",
        "parte degli importi ÷ contatti gestiti",
    ),
    ("/data_quality/*/count", "Ticket con una segnalazione sulla qualità del dato", "n(ticket)"),
    ("/sources/*/contacts", "Contatti arrivati da questa fonte", "n(contatti)"),
    (
        "/sources/*/days_heard",
        "Giorni locali in cui la fonte ha dato almeno un contatto",
        "n(giorni diversi con un contatto)",
    ),
    (
        "/sources/*/late",
        "Contatti di questa fonte registrati quando il periodo era già finito",
        "n(contatti registrati dopo la fine del periodo)",
    ),
];

/// What the parts of a duration add.
const STATISTICS: &[(&str, &str)] = &[
    ("/n", "numero di durate"),
    ("/mean_s", "media"),
    ("/median_s", "mediana"),
    ("/p90_s", "90° percentile"),
];

/// What a campaign's report has beside the blocks of the monthly one: of the campaign's tickets and contacts alone.
const OF_CAMPAIGNS: &[(&str, &str, &str)] = &[
    ("/tickets/opened", "Ticket della campagna aperti nel periodo", "n(ticket)"),
    (
        "/tickets/share_of_all_tickets",
        "Quota dei ticket della campagna su tutti i ticket aperti nel periodo",
        "ticket della campagna ÷ ticket",
    ),
    ("/tickets/resolved", "Ticket della campagna risolti o chiusi", "n(ticket risolti)"),
    ("/tickets/resolved_share", "Quota di ticket della campagna risolti", "risolti ÷ aperti nel periodo"),
    ("/tickets/active", "Ticket della campagna ancora attivi", "n(ticket attivi)"),
    ("/tickets/active_share", "Quota di ticket della campagna ancora attivi", "attivi ÷ aperti nel periodo"),
    ("/tickets/cancelled", "Ticket della campagna annullati", "n(ticket annullati)"),
    ("/kinds/*/count", "Ticket della campagna per tipo di richiesta", "n(ticket)"),
    ("/kinds/*/share", "Quota per tipo di richiesta", "ticket del tipo ÷ ticket della campagna"),
    ("/themes/*/count", "Ticket della campagna per tema", "n(ticket)"),
    ("/themes/*/share", "Quota per tema", "ticket del tema ÷ ticket della campagna"),
    ("/tags/*/count", "Ticket della campagna per etichetta; un ticket può averne più d'una", "n(ticket)"),
    ("/tags/*/share", "Quota per etichetta", "ticket con l'etichetta ÷ ticket della campagna"),
    ("/channels/*/tickets", "Ticket della campagna aperti sul canale", "n(ticket)"),
    ("/channels/*/contacts", "Contatti dei ticket della campagna sul canale", "n(contatti)"),
    ("/callers/contacts", "Contatti dei ticket della campagna", "n(contatti)"),
    (
        "/callers/distinct",
        "Persone distinte che hanno contattato il Comune per la campagna",
        "n(persone distinte)",
    ),
    ("/callers/unknown", "Contatti di persone non riconosciute", "n(contatti senza persona)"),
    ("/response", "Tempo dall'apertura alla prima risposta di una persona", "prima risposta − apertura"),
    (
        "/resolution",
        "Tempo dall'apertura alla prima risoluzione, attese comprese",
        "prima risoluzione − apertura",
    ),
    ("/series/*/opened", "Ticket della campagna aperti nel giorno o nella settimana", "n(ticket)"),
    ("/series/*/contacts", "Contatti della campagna nel giorno o nella settimana", "n(contatti)"),
    ("/series/*/resolved", "Prime risoluzioni nel giorno o nella settimana", "n(ticket risolti)"),
];

/// Figures and statistics in one language.
type Table = (
    &'static [(&'static str, &'static str, &'static str)],
    &'static [(&'static str, &'static str)],
    &'static str,
);

const ITALIAN: Table = (FIGURES, STATISTICS, "di");
const ENGLISH: Table = (english::FIGURES, english::STATISTICS, "of");
const CAMPAIGN: Table = (OF_CAMPAIGNS, STATISTICS, "di");
const CAMPAIGN_IN_ENGLISH: Table = (english::OF_CAMPAIGNS, english::STATISTICS, "of");

/// The words and the formula of the figure at a JSON Pointer; empty for what is no figure.
pub fn of(pointer: &str) -> (String, String) {
    told(ITALIAN, &place(pointer)).unwrap_or_default()
}

/// The same of a campaign's report, whose levels, units and backlog are those of the monthly one.
pub fn of_campaign(pointer: &str) -> (String, String) {
    told(CAMPAIGN, &place(pointer)).unwrap_or_else(|| of(pointer))
}

/// The same of a campaign's report in English; `None` for what is no figure.
pub fn of_campaign_in_english(pointer: &str) -> Option<(String, String)> {
    told(CAMPAIGN_IN_ENGLISH, &place(pointer)).or_else(|| in_english(pointer))
}

/// The same in English; `None` for what is no figure.
pub fn in_english(pointer: &str) -> Option<(String, String)> {
    told(ENGLISH, &place(pointer))
}

fn told((figures, statistics, of): Table, place: &str) -> Option<(String, String)> {
    let look_up = |place: &str| {
        let found = figures.iter().find(|(known, _, _)| *known == place);
        found.map(|(_, words, formula)| ((*words).to_owned(), (*formula).to_owned()))
    };
    if let Some(found) = look_up(place) {
        return Some(found);
    }
    let (suffix, name) = statistics.iter().find(|(suffix, _)| place.ends_with(suffix))?;
    let (words, formula) = look_up(place.strip_suffix(suffix)?)?;
    Some((format!("{words} ({name})"), format!("{name} {of}: {formula}")))
}

/// Tables whose rows have the figures of another place: a mailbox's are those of all mail.
const SAME: &[(&str, &str)] = &[
    ("/email/by_mailbox/*", "/email"),
    ("/phone/by_queue/*", "/phone"),
    ("/phone/by_theme/*", "/phone"),
    ("/phone/intervals/*", "/phone"),
    ("/costs/suppliers/*", "/costs/row"),
    ("/costs/by_channel/*", "/costs/row"),
    ("/costs/by_theme/*", "/costs/row"),
    ("/costs/by_line/*", "/costs/row"),
];

/// Where the meaning of a figure is told: its pointer without the twin, with `*` for rows, and for rows that have the
/// figures of another place, that place.
pub fn place(pointer: &str) -> String {
    let twins = ["/year_to_date", "/comparison/previous_month", "/comparison/same_month_last_year"];
    let inner = twins.iter().find_map(|twin| pointer.strip_prefix(twin)).unwrap_or(pointer);
    let parts = inner.split('/').skip(1);
    let parts: Vec<&str> =
        parts.map(|part| if part.bytes().all(|byte| byte.is_ascii_digit()) { "*" } else { part }).collect();
    let place = format!("/{}", parts.join("/"));
    let same =
        SAME.iter().find_map(|(table, as_here)| Some(format!("{as_here}{}", place.strip_prefix(table)?)));
    same.unwrap_or(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_is_told_once_and_in_both_languages() {
        let places = |table: &[(&'static str, &str, &str)]| table.iter().map(|it| it.0).collect::<Vec<_>>();
        assert_eq!(places(FIGURES), places(english::FIGURES));
        assert_eq!(places(OF_CAMPAIGNS), places(english::OF_CAMPAIGNS));
        assert_eq!(
            places(FIGURES).into_iter().collect::<std::collections::BTreeSet<_>>().len(),
            FIGURES.len()
        );
        assert!(english::FIGURES.iter().all(|(_, words, formula)| !words.is_empty() && !formula.is_empty()));
        assert_eq!(
            in_english("/year_to_date/social/charge_to_closed/p90_s").unwrap().1,
            "90th percentile of: resolution − taking in charge"
        );
    }
}
