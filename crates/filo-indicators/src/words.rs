//! What each figure of the report says, in Italian: printed under the tables and with every explanation.

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
    ("/phone/self_served", "Chiamate servite dal risponditore, mai entrate in coda", "n(chiamate)"),
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
    ("/data_quality/*/count", "Ticket con una segnalazione sulla qualità del dato", "n(ticket)"),
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

/// The words and the formula of the figure at a JSON Pointer; empty for what is no figure.
pub fn of(pointer: &str) -> (String, String) {
    among(FIGURES, &place(pointer))
}

/// The same for a campaign's report, whose levels, units and backlog are those of the monthly one.
pub fn of_campaign(pointer: &str) -> (String, String) {
    let own = among(OF_CAMPAIGNS, &place(pointer));
    if own.0.is_empty() { of(pointer) } else { own }
}

/// Figures with their words and formulas.
type Table = [(&'static str, &'static str, &'static str)];

fn among(figures: &Table, place: &str) -> (String, String) {
    if let Some((words, formula)) = look_up(figures, place) {
        return (words.to_owned(), formula.to_owned());
    }
    let parts = STATISTICS.iter().find_map(|(suffix, name)| Some((place.strip_suffix(suffix)?, name)));
    let named = parts.and_then(|(place, name)| Some((look_up(figures, place)?, name)));
    named.map_or_else(Default::default, |((words, formula), name)| {
        (format!("{words} ({name})"), format!("{name} di: {formula}"))
    })
}

fn look_up(figures: &Table, place: &str) -> Option<(&'static str, &'static str)> {
    figures.iter().find(|(known, _, _)| *known == place).map(|(_, words, formula)| (*words, *formula))
}

/// The pointer without its twin and with `*` for rows; a mailbox's figures are those of all mail.
fn place(pointer: &str) -> String {
    let twins = ["/year_to_date", "/comparison/previous_month", "/comparison/same_month_last_year"];
    let inner = twins.iter().find_map(|twin| pointer.strip_prefix(twin)).unwrap_or(pointer);
    let parts = inner.split('/').skip(1);
    let parts: Vec<&str> =
        parts.map(|part| if part.bytes().all(|byte| byte.is_ascii_digit()) { "*" } else { part }).collect();
    format!("/{}", parts.join("/")).replace("/by_mailbox/*", "")
}
