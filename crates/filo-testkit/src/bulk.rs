//! A city's history in bulk: rows written past the store, as many as asked for, so that plans are made for a size
//! that a city really has. They fit together by their keys; their chains and seals do not stand up.

use crate::{Backend, Database, Session};

/// The tables that are filled: whatever reads one of them whole reads the history.
pub const BIG: [&str; 28] = [
    "persons",
    "person_words",
    "person_suggestions",
    "identities",
    "matters",
    "tickets",
    "ticket_tags",
    "ticket_clocks",
    "ticket_search",
    "ticket_links",
    "ticket_watchers",
    "ticket_protocols",
    "merged_tickets",
    "ticket_signatures",
    "signature_bands",
    "mentions",
    "feed",
    "events",
    "interactions",
    "calls",
    "messages",
    "quarantine",
    "audit_log",
    "jobs",
    "callbacks",
    "callback_steps",
    "webhook_deliveries",
    "rollups",
];
/// The instant around which the history ends: 2026-10-31 12:00 UTC, in seconds.
const LAST_S: i64 = 1_793_448_000;

/// What the two databases write differently.
struct Words {
    backend: Backend,
    count: u64,
}

impl Words {
    /// The id of the n-th row of a kind.
    fn id(&self, kind: u8, n: &str) -> String {
        match self.backend {
            Backend::Postgres => {
                format!("('00000000-0000-7000-80{kind:02x}-' || lpad(to_hex({n}), 12, '0'))::uuid")
            }
            Backend::Sqlite => format!("unhex(printf('000000000000700080{kind:02x}%012x', {n}))"),
        }
    }
    /// An instant in seconds since 1970.
    fn at(&self, seconds: &str) -> String {
        match self.backend {
            Backend::Postgres => format!("to_timestamp({seconds})"),
            Backend::Sqlite => format!("({seconds}) * 1000000"),
        }
    }
    /// When the n-th thing happened: a minute after the one before, the last at the end of the history.
    fn nth(&self, n: &str) -> String {
        self.at(&format!("{LAST_S} - 60 * ({} - {n})", self.count))
    }
    fn json(&self, text: &str) -> String {
        match self.backend {
            Backend::Postgres => format!("'{text}'::jsonb"),
            Backend::Sqlite => format!("jsonb('{text}')"),
        }
    }
    fn bytes(&self) -> &'static str {
        match self.backend {
            Backend::Postgres => "''::bytea",
            Backend::Sqlite => "x''",
        }
    }
    fn is_false(&self) -> &'static str {
        match self.backend {
            Backend::Postgres => "false",
            Backend::Sqlite => "0",
        }
    }
    fn no_id(&self) -> &'static str {
        match self.backend {
            Backend::Postgres => "NULL::uuid",
            Backend::Sqlite => "NULL",
        }
    }
    fn no_instant(&self) -> &'static str {
        match self.backend {
            Backend::Postgres => "NULL::timestamptz",
            Backend::Sqlite => "NULL",
        }
    }
    /// One statement: the columns of `count` rows, numbered by `n`.
    fn rows(&self, table: &str, columns: &str, values: &str, count: u64) -> String {
        match self.backend {
            Backend::Postgres => {
                format!(
                    "INSERT INTO {table} ({columns}) SELECT {values} FROM generate_series(1::bigint, {count}) AS n"
                )
            }
            Backend::Sqlite => format!(
                "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) \
                 INSERT INTO {table} ({columns}) SELECT {values} FROM numbers"
            ),
        }
    }
}

const PERSON: u8 = 1;
const TICKET: u8 = 2;
const INTERACTION: u8 = 3;
const OTHER: u8 = 4;
/// How many users the city has.
const USERS: u64 = 40;

/// Fills a migrated, empty database with so many tickets and what belongs to them, and lets it look at what it has.
/// Of fifty tickets one is open.
///
/// # Panics
/// When the database refuses.
pub fn fill(database: &Database, tickets: u64) {
    let words = Words { backend: database.backend, count: tickets };
    let mut session = database.session();
    if database.backend == Backend::Sqlite {
        session.execute("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000");
    }
    for part in [people, work, contacts, together, rest, promises, messages_out, counted] {
        for statement in part(&words) {
            session.execute(&statement);
        }
    }
    settle(&mut session, database.backend);
}

fn settle(session: &mut Session, backend: Backend) {
    match backend {
        Backend::Postgres => session.execute("VACUUM ANALYZE"),
        Backend::Sqlite => session.execute("ANALYZE"),
    }
}

fn people(words: &Words) -> Vec<String> {
    let persons = words.count / 5;
    let person = words.id(PERSON, "n");
    vec![
        words.rows(
            "persons",
            "id, name, merged_into, created_at, anonymised_at, version",
            &format!(
                "{person}, 'Ada Rossi ' || n, CASE n % 20 WHEN 0 THEN {} END, {}, {}, 1",
                words.id(PERSON, &format!("1 + n % {persons}")),
                words.nth("n"),
                words.no_instant()
            ),
            persons,
        ),
        words.rows(
            "users",
            "id, name, role, unit, password_hash, created_at, disabled_at",
            &format!(
                "{}, 'user-' || n, 'operator', 'unit-' || (n % 20), '', {}, {}",
                words.id(OTHER, "n"),
                words.nth("n"),
                words.no_instant()
            ),
            USERS,
        ),
        words.rows("person_words", "word, person_id", &format!("'ada', {person}"), persons),
        words.rows("person_words", "word, person_id", &format!("'rossi' || (n % 97), {person}"), persons),
        words.rows(
            "person_suggestions",
            "id, person_id, other_id, reason, created_at, state",
            &format!(
                "{}, {person}, {}, 'same_name', {}, CASE n % 50 WHEN 0 THEN 'open' ELSE 'dismissed' END",
                words.id(OTHER, "n"),
                words.id(PERSON, &format!("1 + n % {persons}")),
                words.nth("n")
            ),
            persons,
        ),
        words.rows(
            "identities",
            "id, person_id, identity_type, value, verified, created_at",
            &format!(
                "{}, {person}, 'phone', '+39333' || n, {}, {}",
                words.id(OTHER, "n"),
                words.is_false(),
                words.nth("n")
            ),
            persons,
        ),
        words.rows(
            "matters",
            "id, title, person_id, created_at, version",
            &format!("{}, 'TARI', {person}, {}, 1", words.id(OTHER, "n"), words.nth("n")),
            persons / 2,
        ),
    ]
}

/// The state of the n-th ticket: of fifty one is open.
const STATE: &str = "CASE WHEN n % 50 > 0 THEN 'closed' WHEN n % 100 = 0 THEN 'new' ELSE 'in_charge' END";

fn work(words: &Words) -> Vec<String> {
    let (ticket, person) = (words.id(TICKET, "n"), words.id(PERSON, &format!("1 + n % {}", words.count / 5)));
    let (at, due) = (words.nth("n"), words.at(&format!("{LAST_S} + 3600 * (n % 400 - 100)")));
    let no = words.no_instant();
    let open_due = format!("CASE WHEN n % 50 = 0 THEN {due} END");
    let ended = format!("CASE WHEN n % 50 > 0 THEN {at} END");
    let user = format!("CASE WHEN n % 50 = 0 AND n % 3 = 0 THEN {} END", words.id(OTHER, "1 + n % 40"));
    let matter = format!(
        "CASE WHEN n % 40 = 0 THEN {} END",
        words.id(OTHER, &format!("1 + n % {}", words.count / 10))
    );
    let columns = "id, number, channel, source, theme, kind, priority, level, unit, user_id, state, outcome, subject, \
                   subject_salt, person_id, opened_at, charged_at, first_response_at, first_resolved_at, \
                   final_resolved_at, closed_at, reopened, escalated_at, matter_id, tags, policy, due_at, updated_at, \
                   seq, location, municipio, follows_id";
    let tags = words.json("[]");
    let nothing = match words.backend {
        Backend::Postgres => ("NULL::bytea", "NULL::jsonb"),
        Backend::Sqlite => ("NULL", "NULL"),
    };
    let values = format!(
        "{ticket}, 'T-' || n, CASE n % 3 WHEN 0 THEN 'email' WHEN 1 THEN 'phone' ELSE 'scrivi' END, 'urp', \
         CASE n % 4 WHEN 0 THEN 'tributi/tari' WHEN 1 THEN 'anagrafe' ELSE 'mobilita' END, 'information', 'normal', 'I', \
         'unit-' || (n % 20), {user}, {STATE}, NULL, 'Domanda ' || n, {}, {person}, {at}, {no}, {no}, {ended}, {ended}, \
         {ended}, 0, {no}, {matter}, {tags}, \
         CASE n % 3 WHEN 0 THEN 'carta-posta@1' WHEN 1 THEN 'generale@1' ELSE 'carta-scrivi@1' END, {open_due}, {at}, 2, {}, n % 9 + 1, {}",
        nothing.0,
        nothing.1,
        format_args!("CASE WHEN n % 30 = 0 THEN {} END", words.id(TICKET, "n - 1")),
    );
    let clock = |name: &str| {
        words.rows(
            "ticket_clocks",
            "ticket_id, name, policy, started_at, due_at, stopped_at, counted_until",
            &format!("{ticket}, '{name}', 'generale@1', {at}, {due}, {ended}, {ended}"),
            words.count,
        )
    };
    let body =
        "'domand su bolletta numer ' || n || CASE WHEN n % 1000 = 0 THEN ' lampion xqx ' ELSE ' xqx ' END";
    vec![
        words.rows("tickets", columns, &values, words.count),
        words.rows("ticket_tags", "ticket_id, tag", &format!("{ticket}, 'tag-' || (n % 7)"), words.count / 5),
        clock("first_response"),
        clock("resolution"),
        words.rows(
            "ticket_search",
            "ticket_id, head, requester, body",
            &format!("{ticket}, '26' || n || ' xqx domand ' || n, 'ada ross ' || (n / 5), {body}"),
            words.count,
        ),
    ]
}

fn contacts(words: &Words) -> Vec<String> {
    let (ticket, interaction) = (words.id(TICKET, "n"), words.id(INTERACTION, "n"));
    let person = words.id(PERSON, &format!("1 + n % {}", words.count / 5));
    let (at, no, empty) = (words.nth("n"), words.no_instant(), words.json("[]"));
    let event = |seq: u8| {
        words.rows(
            "events",
            "ticket_id, seq, kind, at, recorded_at, actor, data, prev_hash, hash",
            &format!(
                "{ticket}, {seq}, 'resumed', {at}, {at}, {}, {}, '', ''",
                words.json("\"system\""),
                words.json("null")
            ),
            words.count,
        )
    };
    vec![
        event(1),
        event(2),
        words.rows(
            "interactions",
            "id, source, channel, kind, direction, external_id, occurred_at, recorded_at, local_day, person_id, \
             ticket_id, linked_at, thread, not_actionable, name, subject, body, raw_id, detail, flags",
            &format!(
                "{interaction}, 'pbx-020202', 'phone', 'call', 'inbound', 'c' || n, {at}, {at}, '2026-10-01', {person}, \
                 {ticket}, {at}, 't' || (n / 2), NULL, NULL, NULL, '', {}, {}, {empty}",
                words.no_id(), words.json("{}")
            ),
            words.count,
        ),
        words.rows(
            "calls",
            "interaction_id, source, call_id, entered_at, caller, outcome, wait_s, talk_s, answered_at, ended_at, transferred_to",
            &format!("{interaction}, 'pbx-020202', 'c' || n, {at}, '+39333' || n, 'answered', 1, 1, {no}, {no}, NULL"),
            words.count,
        ),
        words.rows(
            "messages",
            "id, ticket_id, kind, body, salt, author_id, at, channel, recipients, external_id, delivery, delivery_detail",
            &format!("{interaction}, {ticket}, 'note', 'Nota', {}, {}, {at}, NULL, {empty}, 'm' || n, NULL, {empty}", words.bytes(), words.no_id()),
            words.count,
        ),
    ]
}

/// What binds tickets to one another, to users and to other systems.
fn together(words: &Words) -> Vec<String> {
    let (id, ticket, at) = (words.id(OTHER, "n"), words.id(TICKET, "n"), words.nth("n"));
    let (other, user) = (words.id(TICKET, "1 + n / 2"), words.id(OTHER, &format!("1 + n % {USERS}")));
    let some = words.count / 5;
    let band = |band: u16| {
        let values = format!("{} + n * 7919 % 256, {at}, {ticket}, n * 7919", band * 256);
        words.rows("signature_bands", "band, opened_at, ticket_id, bits", &values, words.count)
    };
    let link = format!("{id}, 'related', {ticket}, {}, {at}", words.id(TICKET, "n + 1"));
    let mention =
        format!("{id}, {}, {ticket}, {user}, {at}, {}", words.id(INTERACTION, "n"), words.no_instant());
    let protocol = format!("{ticket}, CASE n % 50 WHEN 0 THEN 'failed' ELSE 'registered' END, {at}");
    let news = format!("n, {at}, 'ticket.updated', {ticket}, 'unit-' || (n % 20), {}", words.json("{}"));
    vec![
        band(0),
        band(1),
        words.rows(
            "ticket_signatures",
            "ticket_id, bits, opened_at",
            &format!("{ticket}, n * 7919, {at}"),
            words.count,
        ),
        words.rows(
            "merged_tickets",
            "ticket_id, into_id, merged_at",
            &format!("{}, {other}, {at}", words.id(TICKET, "5 * n")),
            some,
        ),
        words.rows("ticket_links", "id, relation, from_id, to_id, created_at", &link, some),
        words.rows("ticket_watchers", "ticket_id, user_id, since", &format!("{ticket}, {user}, {at}"), some),
        words.rows("mentions", "id, message_id, ticket_id, user_id, at, read_at", &mention, some),
        words.rows("ticket_protocols", "ticket_id, state, requested_at", &protocol, some),
        words.rows("feed", "seq, at, kind, ticket_id, unit, data", &news, words.count),
        format!("UPDATE counters SET value = {} WHERE name = 'feed'", words.count),
    ]
}

fn rest(words: &Words) -> Vec<String> {
    let (id, at, no) = (words.id(OTHER, "n"), words.nth("n"), words.no_instant());
    vec![
        words.rows(
            "quarantine",
            "id, scope, key, source, format, reason, detail, raw, context, state, created_at, decided_at, note",
            &format!("{id}, 'urp', 'k' || n, 'urp', 'mail', 'unreadable', '', {}, {}, CASE n % 50 WHEN 0 THEN 'open' ELSE 'retried' END, {at}, {no}, NULL", words.bytes(), words.json("{}")),
            words.count / 5,
        ),
        words.rows(
            "audit_log",
            "seq, at, actor, action, data, prev_hash, hash",
            &format!("n, {at}, {}, CASE n % 5 WHEN 0 THEN 'nightly_root' ELSE 'signed_in' END, {}, '', ''", words.json("\"system\""), words.json("{}")),
            words.count / 5,
        ),
        words.rows(
            "jobs",
            "id, kind, payload, state, run_at, attempts, locked_until, last_error, created_at",
            &format!("{id}, 'other', {}, 'done', {at}, 1, {no}, NULL, {at}", words.json("{}")),
            words.count / 2,
        ),
    ]
}

/// Call-backs, most of them kept; the windows of the last hundred end after the history.
fn promises(words: &Words) -> Vec<String> {
    let count = words.count / 5;
    let ends = |ahead_s: i64| words.at(&format!("{LAST_S} + {ahead_s} - 600 * ({count} - n - 100)"));
    let (id, ticket, person) =
        (words.id(OTHER, "n"), words.id(TICKET, "n"), words.id(PERSON, "(1 + n % 100)"));
    let outcome = "CASE n % 50 WHEN 0 THEN 'open' WHEN 1 THEN 'cancelled' ELSE 'kept' END";
    let (from, to, booked) = (ends(-7_200), ends(0), ends(-90_000));
    let window = r#"{"from":"2026-10-01T09:00:00Z","to":"2026-10-01T11:00:00Z"}"#;
    let step = words.json(&format!(r#"{{"kind":"booked","window":{window},"unit":null}}"#));
    let actor = words.json("\"system\"");
    vec![
        words.rows(
            "callbacks",
            "id, ticket_id, person_id, phone, unit, window_from, window_to, outcome, booked_at, version",
            &format!(
                "{id}, {ticket}, {person}, '+39021234567', 'unit-' || (n % 20), {from}, {to}, {outcome}, {booked}, 1"
            ),
            count,
        ),
        words.rows(
            "callback_steps",
            "callback_id, seq, at, actor, step",
            &format!("{id}, 1, {booked}, {actor}, {step}"),
            count,
        ),
    ]
}

/// Messages to one subscription: most arrived, some are dead, a few wait.
fn messages_out(words: &Words) -> Vec<String> {
    let (id, at, events) = (words.id(OTHER, "n"), words.nth("n"), words.json(r#"["ticket.changed"]"#));
    let (hook, ticket, no) = (words.id(OTHER, "1"), words.id(TICKET, "n"), words.json("[]"));
    let state = "CASE n % 50 WHEN 0 THEN 'dead' WHEN 1 THEN 'queued' ELSE 'delivered' END";
    vec![
        words.rows(
            "webhook_subscriptions",
            "id, url, events, state, secrets, place, created_at, updated_at, version",
            &format!(
                "{id}, 'https://receiver.example/', {events}, 'active', {no}, {}, {at}, {at}, 1",
                words.count
            ),
            1,
        ),
        words.rows(
            "webhook_deliveries",
            "id, subscription_id, seq, at, kind, ticket_id, body, state, attempts, due_at",
            &format!("{id}, {hook}, n, {at}, 'ticket.changed', {ticket}, '{{}}', {state}, 1, {at}"),
            words.count,
        ),
    ]
}

/// Rollups of other years, a hundred rows a day, and a few of these days that wait to be counted.
fn counted(words: &Words) -> Vec<String> {
    let (empty, registered) = (words.json("{}"), words.is_false());
    vec![
        words.rows(
            "rollups",
            "local_day, place, source, channel, queue, outcome, registered, filed, quarters",
            &format!(
                "(1000 + n / 100) || '-01-01', n % 100, 'pbx-020202', 'phone', 'tari', 'answered', {registered}, {empty}, {empty}"
            ),
            words.count,
        ),
        words.rows("rollup_marks", "local_day", "(1000 + n) || '-01-01'", 3),
    ]
}
