//! The program as people and machines call it: exit codes, what goes to stdout, and what to stderr.
#![cfg(test)]

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    time::Duration,
};

use filo_testkit::{Backend, Session, both};
use serde_json::{Value, json};
use tempfile::TempDir;

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/filo.toml");

const LOG: &str = "1790841600|c.1|tari|NONE|ENTERQUEUE||3471234567|1\n1790841630|c.1|tari|SIP/7|CONNECT|30|c.9|3\n\
                   1790841690|c.1|tari|SIP/7|COMPLETECALLER|30|60|1\n1790845200|c.2|tari|NONE|ENTERQUEUE||3477654321|1\n\
                   1790845268|c.2|tari|NONE|ABANDON|1|1|68\n";
const MAIL: &str = "From: Anna Rossi <anna@mail.example>\nTo: urp@comune.milano.it\nSubject: TARI\n\
                    Date: Thu, 1 Oct 2026 09:00:00 +0200\nMessage-ID: <m1@mail.example>\n\nQuanto devo?\n";
const COMMENT: &str = r#"{"object":"page","entry":[{"id":"1001","time":1790841600,"changes":[{"field":"feed","value":{"item":"comment","verb":"add","comment_id":"77_1","post_id":"1001_77","parent_id":"1001_77","from":{"id":"501","name":"Anna Neri"},"created_time":1790841600,"message":"Quando riapre?"}}]}]}"#;

/// A folder of one test, with its own embedded database.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
    fn file(&self, name: &str, content: &str) -> String {
        std::fs::write(self.path(name), content).unwrap();
        self.path(name).display().to_string()
    }
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_filo"));
        command.current_dir(self.0.path()).env_clear().env("FILO__CONFIG", CONFIG);
        command.env("FILO__DATA_DIR", self.path("data")).args(arguments);
        command
    }
    fn run(&self, arguments: &[&str]) -> Ran {
        Ran(self.command(arguments).output().unwrap())
    }
    fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.command(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that refuses its arguments never reads: then the pipe is closed.
        let _closed = child.stdin.take().unwrap().write_all(input.as_bytes());
        Ran(child.wait_with_output().unwrap())
    }
    /// Waits until so many legs fit.
    fn wait_for_legs(&self, fit: &str, count: i64) {
        let url = format!("sqlite:{}", self.path("data/filo.db").display());
        let query = format!("SELECT count(*) AS value FROM legs WHERE {fit}");
        for _ in 0..600 {
            if Session::open(&url).unwrap().count(&query) == count {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{count} legs with {fit} did not come");
    }
    fn import_calls(&self, log: &str) -> Ran {
        let file = self.file("queue_log", log);
        self.run(&["import", "calls", "--source", "pbx-020202", "--format", "asterisk-queue-log", &file])
    }
}

/// A command that ended.
struct Ran(Output);

impl Ran {
    #[track_caller]
    fn ends(self, code: i32) -> Self {
        assert_eq!(self.0.status.code(), Some(code), "stdout: {}\nstderr: {}", self.out(), self.err());
        self
    }
    fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }
    fn err(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.out()).unwrap_or_else(|error| panic!("{error}: {}", self.out()))
    }
    #[track_caller]
    fn lines(&self) -> Vec<Value> {
        self.out().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
    #[track_caller]
    fn tells(self, words: &str) -> Self {
        assert!(self.err().contains(words), "{words:?} not in {}", self.err());
        self
    }
}

fn counts(tally: &Value) -> [u64; 4] {
    ["read", "accepted", "duplicates", "quarantined"].map(|key| tally[key].as_u64().unwrap())
}

#[test]
fn version_and_the_check_of_the_configuration_do_not_touch_the_store() {
    let place = Place::new();
    assert!(place.run(&["version"]).ends(0).out().starts_with("filo "));
    assert_eq!(place.run(&["version", "--json"]).ends(0).json()["name"], "filo");
    let checked = place.run(&["config", "check", "--json"]).ends(0).json();
    assert_eq!(checked["city"]["zone"], "Europe/Rome");
    assert!(!place.path("data").exists());
}

#[test]
fn secrets_are_not_shown_by_the_check_of_the_configuration() {
    let place = Place::new();
    let mut command = place.command(&["config", "check"]);
    command
        .env("FILO__SMTP__URL", "smtp://anna:geheim@mail.example")
        .env("DATABASE_URL", "postgres://u:geheim@h/d");
    let checked = Ran(command.output().unwrap()).ends(0);
    assert!(!checked.out().contains("geheim") && checked.out().contains("[REDACTED]"));
}

#[test]
fn a_wrong_configuration_cannot_run_and_says_where() {
    let place = Place::new();
    let city = place.file("filo.toml", "city_dir = \"nowhere\"\n");
    place.run(&["--config", &city, "config", "check"]).ends(3).tells("nowhere");
    let key = place.file("filo.toml", "city_dir = \"x\"\n\n[http]\nport = 80\n");
    place.run(&["--config", &key, "verify"]).ends(3).tells("filo.toml:4").tells("port");
    place.run(&["--config", "absent.toml", "config", "check"]).ends(3).tells("absent.toml");
    let mut command = place.command(&["config", "check"]);
    command.env("FILO__LIMITS__LOGIN_PER_MINUTE", "few");
    Ran(command.output().unwrap()).ends(3).tells("FILO__LIMITS__LOGIN_PER_MINUTE").tells("few");
}

#[test]
fn an_unknown_zone_cannot_run_and_is_told_with_its_file_and_line() {
    let place = Place::new();
    let city = place.path("milano");
    copy(Path::new(CONFIG).parent().unwrap().join("cities/milano").as_path(), &city);
    let text = std::fs::read_to_string(city.join("city.toml")).unwrap();
    std::fs::write(city.join("city.toml"), text.replace("Europe/Rome", "Europe/Atlantis")).unwrap();
    let mut command = place.command(&["report", "2026-10"]);
    command.env("FILO__CITY_DIR", &city);
    Ran(command.output().unwrap()).ends(3).tells("city.toml:4").tells("Europe/Atlantis");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_database_that_is_away_cannot_run_and_says_so() {
    let place = Place::new();
    let file = place.file("plain", "x");
    for url in [format!("sqlite:{file}/filo.db"), "postgres://nobody@127.0.0.1:1/filo".to_owned()] {
        let mut command = place.command(&["verify"]);
        command.env("DATABASE_URL", &url);
        Ran(command.output().unwrap()).ends(3).tells("database");
    }
    let mut command = place.command(&["verify"]);
    command.env("DATABASE_URL", "mysql://here");
    Ran(command.output().unwrap()).ends(3).tells("sqlite:PATH or postgres://");
}

#[test]
fn wrong_usage_is_two() {
    let place = Place::new();
    place.run(&["dance"]).ends(2);
    place.run(&[]).ends(2);
    place.run(&["report", "2026-13"]).ends(2).tells("2026-13");
    place.run(&["report", "ottobre"]).ends(2);
    place.run(&["report"]).ends(2);
    place.run(&["scorecard", "20"]).ends(2);
    place
        .run(&["explain", "felicita", "--period", "2026-10"])
        .ends(2)
        .tells("felicita")
        .tells("tasso-risposta");
    place.run(&["explain", "tasso-risposta", "--period", "2026-1"]).ends(2);
    place.run(&["export", "interactions", "--from", "ieri", "--to", "2026-11-01"]).ends(2).tells("ieri");
    place.run(&["import", "mail", "--mailbox", "nessuna", "."]).ends(2).tells("urp");
    place.run(&["user", "add", "anna", "--role", "mayor", "--password-stdin"]).ends(2);
}

#[test]
fn calls_imported_twice_are_accepted_once() {
    let place = Place::new();
    assert_eq!(counts(&place.import_calls(LOG).ends(0).json()), [2, 2, 0, 0]);
    assert_eq!(counts(&place.import_calls(LOG).ends(0).json()), [2, 0, 2, 0]);
    let report = place.run(&["report", "2026-10"]).ends(0).json();
    assert_eq!((&report["phone"]["offered"], &report["phone"]["abandoned"]), (&2.into(), &1.into()));
    place.run(&["verify"]).ends(0);
}

#[test]
fn a_vendors_file_is_shown_as_understood_before_it_is_taken_in_and_no_store_is_touched() {
    let place = Place::new();
    let map = place.file(
        "map.toml",
        "zone = \"UTC\"\n[columns]\ncall_id = \"ID\"\nentered_at = \"Ora\"\noutcome = \"Esito\"\n\
         [outcomes]\nRisposta = \"answered\"\n",
    );
    let good = place.file("good.csv", "ID;Ora;Esito;Nota\nA;01/10/2026 09:00:00;Risposta;x\n");
    let bad =
        place.file("bad.csv", "ID;Ora;Esito\nA;01/10/2026 09:00:00;Persa\nB;31/02/2026 09:00;Risposta\n");
    let check = |further: &[&str], file: &str| {
        let command =
            ["import", "calls", "--source", "pbx-020202", "--format", "csv", "--map", &map, "--check"];
        place.run(&[&command[..], further, &[file]].concat())
    };
    let shown = check(&[], &good).ends(0).out();
    for words in ["times are of UTC", "outcome=answered", "columns without a meaning: Nota", "1 understood"] {
        assert!(shown.contains(words), "{words:?} not in {shown}");
    }
    let shown = check(&["--rows", "2"], &bad).ends(1).tells("not every row").out();
    for words in [
        "\"Persa\" × 1",
        "\"entered_at: 31/02/2026 09:00\" × 1",
        "! refused, row_refused: line 2",
        "2 would be",
    ] {
        assert!(shown.contains(words), "{words:?} not in {shown}");
    }
    let told = check(&["--json"], &bad).ends(1).json();
    assert_eq!(
        (&told["understood"], &told["files"][0]["checked"]["summary"]["refused"]),
        (&false.into(), &2.into())
    );
    check(&[], "missing.csv").ends(1).tells("missing.csv");
    check(&["--follow"], &good).ends(2);
    let unmapped = ["import", "calls", "--source", "pbx-020202", "--format", "csv", "--check", &good];
    place.run(&unmapped).ends(2).tells("mapping");
    assert!(!place.path("data/filo.db").exists());
}

#[test]
fn a_growing_log_is_followed_through_rotation_and_on_from_where_it_was_killed() {
    let place = Place::new();
    let log = place.file("queue_log", "");
    let append = |lines: &[&str]| {
        let mut file = File::options().append(true).create(true).open(&log).unwrap();
        lines.iter().for_each(|line| writeln!(file, "{line}").unwrap());
    };
    let command =
        ["import", "calls", "--source", "pbx-020202", "--format", "asterisk-queue-log", "--follow", &log];
    let follow = || {
        let mut command = place.command(&command);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let lines: Vec<&str> = LOG.lines().collect();
    place.run(&["migrate"]).ends(0);
    let mut first = follow();
    append(&lines[..2]);
    place.wait_for_legs("answered_at IS NOT NULL", 1);
    first.kill().unwrap();
    first.wait().unwrap();
    append(&lines[2..4]);
    std::fs::rename(&log, place.path("queue_log.1")).unwrap();
    append(&lines[4..]);
    let second = follow();
    place.wait_for_legs("ended_at IS NOT NULL", 2);
    let ended = Command::new("kill").args(["-TERM", &second.id().to_string()]).status().unwrap();
    assert!(ended.success());
    // The end of the first call, the start of the second, and its end.
    let tally = Ran(second.wait_with_output().unwrap()).ends(0).json();
    assert_eq!((&tally["quarantined"], &tally["accepted"]), (&json!(0), &tally["read"]));
    assert_eq!(counts(&place.import_calls(LOG).ends(0).json()), [2, 0, 2, 0]);
}

#[test]
fn what_cannot_be_followed_is_wrong_usage() {
    let place = Place::new();
    let import = |format: &str, file: &str| {
        place.run(&["import", "calls", "--source", "pbx-020202", "--format", format, "--follow", file])
    };
    import("asterisk-queue-log", "-").ends(2).tells("cannot be followed");
    import("asterisk-cdr", "Master.csv").ends(2).tells("cannot be followed");
}

#[test]
fn an_event_changed_by_hand_is_found_by_verify() {
    let place = Place::new();
    let mail = place.file("1.eml", MAIL);
    place.run(&["import", "mail", "--mailbox", "urp", &mail]).ends(0);
    assert_eq!(place.run(&["verify", "--json"]).ends(0).json()["differences"], Value::Array(vec![]));
    let mut session = Session::open(&format!("sqlite:{}", place.path("data/filo.db").display())).unwrap();
    assert!(
        session
            .try_execute("UPDATE events SET at = at + 1 WHERE seq = 1")
            .unwrap_err()
            .contains("append-only")
    );
    session.execute("DROP TRIGGER events_no_update; UPDATE events SET at = at + 1 WHERE seq = 1");
    let ran = place.run(&["verify", "--json"]).ends(1).tells("differences");
    assert_eq!(ran.json()["differences"][0]["check"], "chain", "{}", ran.out());
}

#[tokio::test]
async fn only_some_commands_bring_a_servers_schema_up_to_date() {
    both(async |database| {
        let (place, empty) = (Place::new(), database.unmigrated());
        let run = |arguments: &[&str]| {
            let mut command = place.command(arguments);
            Ran(command.env("DATABASE_URL", &empty.url).output().unwrap())
        };
        match empty.backend {
            Backend::Sqlite => drop(run(&["verify"]).ends(0)),
            Backend::Postgres => drop(run(&["verify"]).ends(3).tells("filo migrate")),
        }
        run(&["migrate"]).ends(0);
        run(&["verify"]).ends(0);
        run(&["report", "2026-10"]).ends(0);
    })
    .await;
}

#[test]
fn mail_and_social_imported_twice_are_accepted_once_and_the_report_is_the_same() {
    let place = Place::new();
    std::fs::create_dir(place.path("mail")).unwrap();
    place.file("mail/1.eml", MAIL);
    place.file("mail/.hidden", "not looked at");
    let bodies = place.file("social.jsonl", &format!("{COMMENT}\n"));
    let import = || {
        let mail = place.run(&["import", "mail", "--mailbox", "urp", "mail"]).ends(0).json();
        let social = place.run(&["import", "social", "--source", "facebook", &bodies]).ends(0).json();
        [counts(&mail), counts(&social)]
    };
    let report = || {
        let mut report = place.run(&["report", "2026-10"]).ends(0).json();
        for key in ["as_of", "generated_at"] {
            report.as_object_mut().unwrap().remove(key).unwrap();
        }
        report
    };
    assert_eq!(import(), [[1, 1, 0, 0], [1, 1, 0, 0]]);
    let before = report();
    assert_eq!(import(), [[1, 0, 1, 0], [1, 0, 1, 0]]);
    assert_eq!(report(), before);
}

#[test]
fn monthly_series_are_imported_from_csv_and_json_and_bad_rows_are_kept() {
    let place = Place::new();
    let csv = place.file(
        "appuntamenti.csv",
        "key,month,value,source\nappuntamenti,2026-08,1234,agenda\npost,2026-8,1,x\n",
    );
    let row = r#"{"key":"visite-portale","month":"2026-08","value":1500,"source":"portale"}"#;
    let json = place.file("visite.json", &format!("{{\"items\":[{row}]}}"));
    let import = |code| counts(&place.run(&["import", "series", &csv, &json]).ends(code).json());
    assert_eq!(import(1), [3, 2, 0, 1]);
    assert_eq!(import(0), [3, 0, 3, 0]);
    let broken = place.file("broken.csv", "mese,valore\n2026-08,1\n");
    place.run(&["import", "series", &broken, &csv]).ends(1).tells("broken.csv");
    place.run(&["verify"]).ends(0);
}

#[test]
fn costs_are_entered_from_csv_and_json_and_explained() {
    let place = Place::new();
    let csv =
        place.file("costi.csv", "supplier,month,amount_eur,source\ncontact-center,2026-08,1234.50,fattura\n");
    let row = r#"{"supplier":"personale-area-crm","month":"2026-08","amount_cents":99,"source":"bilancio"}"#;
    let json = place.file("costi.json", &format!("{{\"items\":[{row}]}}"));
    let import = |code| counts(&place.run(&["import", "costs", &csv, &json]).ends(code).json());
    assert_eq!(import(0), [2, 2, 0, 0]);
    assert_eq!(import(0), [2, 0, 2, 0]);
    let explained = place.run(&["explain", "/costs/total_cents", "--period", "2026-08"]).ends(0).json();
    assert_eq!((&explained["value"], &explained["unit"]), (&123_549.into(), &"cents".into()));
    let wrong = place.file("wrong.csv", "supplier,month,amount_eur,source\ncontact-center,2026-08,1.234,x\n");
    assert_eq!(counts(&place.run(&["import", "costs", &wrong]).ends(1).json()), [1, 0, 0, 1]);
    place.run(&["verify"]).ends(0);
}

#[test]
fn an_import_with_something_wrong_is_one_and_what_is_kept_can_be_looked_at() {
    let place = Place::new();
    let ran = place.import_calls(&format!("garbage\n{LOG}")).ends(1).tells("quarantine");
    assert_eq!(counts(&ran.json()), [3, 2, 0, 1]);
    let listed = place.run(&["quarantine", "list", "--json"]).ends(0).json();
    let unit = &listed["items"][0];
    let id = unit["id"].as_str().unwrap();
    let shown = place.run(&["quarantine", "show", id]).ends(0).json();
    assert_eq!(shown["raw"].as_str().unwrap().trim_end(), "garbage");
    assert_eq!(
        place.run(&["quarantine", "retry"]).ends(0).json(),
        serde_json::json!({ "released": 0, "kept": 1 })
    );
    place.run(&["quarantine", "discard", id]).ends(2);
    place.run(&["quarantine", "discard", id, "--reason", "prova"]).ends(0);
    assert_eq!(place.run(&["quarantine", "list", "--json"]).ends(0).json()["items"], serde_json::json!([]));
    place.run(&["quarantine", "show", "x"]).ends(2);
    place.run(&["quarantine", "show", "00000000-0000-7000-8000-000000000000"]).ends(1);

    let missing = place.path("absent").display().to_string();
    let import = ["import", "calls", "--source", "pbx-020202", "--format", "asterisk-queue-log", &missing];
    let ran = place.run(&import).ends(1).tells("absent");
    assert_eq!(counts(&ran.json()), [0, 0, 0, 0], "the tally is printed all the same");
}

#[test]
fn a_mail_pipe_ends_with_what_mail_servers_understand() {
    let place = Place::new();
    let pipe = ["import", "mail", "--mailbox", "urp", "-"];
    assert_eq!(counts(&place.run_with(&pipe, MAIL).ends(0).json()), [1, 1, 0, 0]);
    assert_eq!(counts(&place.run_with(&pipe, MAIL).ends(0).json()), [1, 0, 1, 0]);
    assert_eq!(
        counts(&place.run_with(&pipe, "\n\nno header\n").ends(0).json()),
        [1, 0, 0, 1],
        "durable, in quarantine"
    );
    place.run_with(&["import", "mail", "--mailbox", "nessuna", "-"], MAIL).ends(64);
    place.run_with(&["import", "mail", "--mailbox", "urp", "-", "more"], MAIL).ends(64);
    let mut away = place.command(&pipe);
    away.env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/filo").stdin(Stdio::null());
    Ran(away.output().unwrap()).ends(75);
    let mut broken = place.command(&["--config", "absent.toml", "import", "mail", "--mailbox", "urp", "-"]);
    Ran(broken.stdin(Stdio::null()).output().unwrap()).ends(75);
}

#[test]
fn inspecting_needs_neither_store_nor_configuration() {
    let place = Place::new();
    let (log, mail, body) =
        (place.file("queue_log", LOG), place.file("1.eml", MAIL), place.file("1.json", COMMENT));
    let inspect = |what: &str, file: &str| {
        let mut command = place.command(&["inspect", what, file]);
        Ran(command.env_remove("FILO__CONFIG").output().unwrap())
    };
    let legs = inspect("calls", &log).ends(0).lines();
    assert_eq!(legs.len(), 2);
    assert_eq!((&legs[0]["caller"], &legs[0]["wait_s"]), (&"+393471234567".into(), &30.into()));
    let message = inspect("mail", &mail).ends(0).lines().remove(0);
    assert_eq!(
        (&message["kind"], &message["from"]["address"]),
        (&"message".into(), &"anna@mail.example".into())
    );
    let comment = inspect("social", &body).ends(0).lines().remove(0);
    assert_eq!((&comment["kind"], &comment["opens_ticket"]), (&"comment".into(), &true.into()));
    let unreadable = place.file("bad.eml", "\n\nno header\n");
    assert_eq!(inspect("mail", &unreadable).ends(0).lines()[0]["kind"], "unreadable");
    inspect("mail", "absent.eml").ends(1).tells("absent.eml");
    assert!(!place.path("data").exists(), "no store was made");
}

#[test]
fn exports_have_their_columns_and_tell_their_rows() {
    let place = Place::new();
    place.import_calls(LOG).ends(0);
    let mail = place.file("1.eml", MAIL);
    place.run(&["import", "mail", "--mailbox", "urp", &mail]).ends(0);
    let export = |what: &str, more: &[&str]| {
        let span = ["--from", "2026-10-01", "--to", "2026-11-01"];
        place.run(&[&["export", what], &span[..], more].concat()).ends(0)
    };
    let header = |ran: &Ran| ran.out().lines().next().unwrap().to_owned();

    let interactions = export("interactions", &[]).tells("3 rows");
    assert!(header(&interactions).starts_with(
        "id,source,channel,kind,direction,external_id,occurred_at,recorded_at,local_day,person_id,ticket_id,thread,actionable,reason"
    ));
    assert_eq!(interactions.out().lines().count(), 4);
    let calls = export("calls", &["--format", "jsonl"]).tells("2 rows").lines();
    for key in [
        "source",
        "external_id",
        "leg",
        "queue",
        "caller",
        "entered_at",
        "answered_at",
        "ended_at",
        "wait_s",
        "talk_s",
        "outcome",
        "transferred_to",
        "flags",
        "call_id",
        "interaction_id",
        "registered_ticket_id",
    ] {
        assert!(calls[0].get(key).is_some(), "{key} not in {}", calls[0]);
    }
    let columns = header(&export("tickets", &[]).tells("1 rows"));
    for column in "id,number,channel,theme,kind,level,unit,state,outcome,opened_at,charged_at,first_response_at,first_resolved_at,\
        final_resolved_at,closed_at,reopened,escalated_at,matter_id,tags"
        .split(',')
    {
        assert!(columns.split(',').any(|it| it == column), "{column} not in {columns}");
    }
    assert!(header(&export("events", &[])).starts_with("ticket_id,seq,kind,at,recorded_at,hash"));
    export("messages", &[]);
    export("persons", &["--out", "persons.csv"]);
    assert!(place.path("persons.csv").exists());
    let none = place.run(&["export", "interactions", "--from", "2026-11-01", "--to", "2026-12-01"]).ends(0);
    none.tells("0 rows");
}

#[test]
fn a_month_is_reported_as_json_explained_and_closed_once() {
    let place = Place::new();
    let report = place.run(&["report", "2020-02"]).ends(0).json();
    assert_eq!((&report["state"], &report["schema"]), (&"open".into(), &"filo.monthly-report/1".into()));
    let explained = place.run(&["explain", "/phone/offered", "--period", "2020-02"]).ends(0).json();
    assert_eq!((&explained["value"], &explained["items"]), (&0.into(), &Value::Array(vec![])));
    assert_eq!(
        place.run(&["explain", "tasso-risposta", "--period", "2020-02"]).ends(0).json()["value"],
        Value::Null
    );
    let closed = place.run(&["report", "close", "2020-02"]).ends(0).json();
    assert_eq!((&closed["state"], &closed["revision"]), (&"closed".into(), &1.into()));
    place.run(&["report", "close", "2020-02"]).ends(1).tells("closed already");
    place.run(&["report", "close", "2999-01"]).ends(1).tells("2999-01");
    place.run(&["report", "restate", "2020-03", "--reason", "x"]).ends(1);
    place.run(&["report", "restate", "2020-02"]).ends(2);
    let second = place.run(&["report", "restate", "2020-02", "--reason", "prova"]).ends(0).json();
    assert_eq!((&second["revision"], &second["reason"]), (&2.into(), &"prova".into()));
    place.run(&["report", "2020-02", "--format", "xml"]).ends(2);
}

#[test]
fn the_scorecard_of_2020_prints_the_documents_results() {
    let card = Place::new().run(&["scorecard", "2020"]).ends(0).json();
    assert_eq!(card["schema"], "filo.scorecard/1");
    let row =
        card["rows"].as_array().unwrap().iter().find(|row| row["key"] == "tempo-risposta-mail").unwrap();
    assert_eq!((&row["achieved"]["text"], &row["result"]["printed"]), (&"15,3 giorni".into(), &"100".into()));
}

#[test]
fn rows_are_entered_by_hand_with_the_document_they_are_from() {
    let place = Place::new();
    let document = place.file("relazione.txt", "Consumi elettrici delle sedi: -4%");
    let text = r#"
        [[row]]
        key = "consumi-elettrici"
        area = "Ambiente"
        label = "Consumi elettrici delle sedi"
        rule = "reduction"
        target = { text = "-5%", value = "-0.05", comparator = "<=", unit = "share" }
        achieved = { text = "-4%", value = "-0.04", unit = "share" }
        source = { document = "Relazione energia 2021", section = "tavola 3" }
        tags = { programme = "PO12", driver = ["digitalisation"] }
    "#;
    let enter = |text: &str, extra: &[&str]| {
        let rows = place.file("righe.toml", text);
        place.run(&[&["scorecard", "2021", "--enter", &rows], extra].concat())
    };
    let entry = enter(text, &["--document", &document]).ends(0).json();
    assert_eq!((&entry["revision"], &entry["key"]), (&1.into(), &"consumi-elettrici".into()));
    let card = place.run(&["scorecard", "2021"]).ends(0).json();
    let row = card["rows"].as_array().unwrap().last().unwrap();
    assert_eq!(row["result"]["printed"], "80");
    assert_eq!(row["source"]["entered"]["file"]["name"], "relazione.txt");
    enter(&text.replace("consumi-elettrici", "tasso-risposta"), &[]).ends(1).tells("measured");
    enter("[[row]]\nkey = 1", &[]).ends(2);
    place.run(&["verify"]).ends(0);
}

#[test]
fn campaigns_are_planned_and_reported_on() {
    let place = Place::new();
    let days = ["--from", "2026-10-01", "--to", "2026-10-15"];
    let plan = |about: &[&str]| place.run(&[&["report", "plan-campaign"], about, &days].concat());
    let campaign = plan(&["--theme", "tributi/tari", "--label", "TARI"]).ends(0).json();
    let id = campaign["id"].as_str().unwrap();
    assert_eq!(place.run(&["report", "campaigns"]).ends(0).json()["label"], "TARI");
    assert_eq!(place.run(&["report", "campaign", id]).ends(0).json()["campaign"]["label"], "TARI");
    plan(&[]).ends(2).tells("theme");
}

#[test]
fn users_and_keys_are_made_listed_and_withdrawn() {
    let place = Place::new();
    let add = ["user", "add", "anna", "--role", "operator", "--password-stdin"];
    place.run_with(&add, "short\n").ends(2).tells("password");
    place.run_with(&add, "una frase abbastanza lunga\n").ends(0);
    place.run_with(&add, "una frase abbastanza lunga\n").ends(1);
    let users = place.run(&["user", "list", "--json"]).ends(0);
    assert_eq!(users.json()["items"][0]["name"], "anna");
    assert!(!users.out().contains("argon2"));
    place.run_with(&["user", "passwd", "anna", "--password-stdin"], "un'altra frase lunga\n").ends(0);
    place.run(&["user", "disable", "anna"]).ends(0);
    place.run(&["user", "disable", "nobody"]).ends(1);

    let issued =
        place.run(&["key", "issue", "--name", "pbx", "--scope", "intake:phone", "--json"]).ends(0).json();
    let key = issued["key"].as_str().unwrap().to_owned();
    let listed = place.run(&["key", "list", "--json"]).ends(0);
    assert!(!listed.out().contains(&key) && listed.json()["items"][0]["name"] == "pbx");
    place.run(&["key", "revoke", "pbx"]).ends(0);
    place.run(&["key", "revoke", "pbx"]).ends(1);
    place.run(&["key", "issue", "--name", "x", "--scope", "all"]).ends(2);
}

#[test]
fn the_signing_key_is_made_once_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.run(&["migrate", "--json"]).ends(0);
    let key = place.path("data/keys/signing.key");
    let first = std::fs::read(&key).unwrap();
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    place.run(&["verify", "--json"]).ends(0);
    assert_eq!(std::fs::read(&key).unwrap(), first);
}

#[test]
fn a_worker_beside_the_embedded_database_is_refused() {
    Place::new().run(&["worker"]).ends(3).tells("PostgreSQL");
}

/// `filo serve` in a process of its own, which nobody asks to end: it is killed.
struct Server {
    process: Child,
    base: String,
}

impl Server {
    fn start(place: &Place, url: &str) -> Self {
        let mut command = place.command(&["serve", "--json", "--bind", "127.0.0.1:0"]);
        command.env("DATABASE_URL", url).env("FILO__WEBHOOKS__ALLOW_PRIVATE", "true");
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        Self { process, base: format!("{}/rest/crm/v1", ready["listening"].as_str().unwrap()) }
    }
    async fn ask(&self, path: &str, token: &str, body: Option<Value>) -> Value {
        let (client, url) = (reqwest::Client::new(), format!("{}{path}", self.base));
        let request = match &body {
            Some(body) => client.post(url).json(body),
            None => client.get(url),
        };
        request.bearer_auth(token).send().await.unwrap().json().await.unwrap()
    }
    async fn log_in(&self) -> String {
        let body = json!({ "username": "anna", "password": "una frase lunga e segreta" });
        self.ask("/auth/login", "", Some(body)).await["access_token"].as_str().unwrap().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// A receiver of webhooks that fails: gives its address, and the `webhook-id` of each request as it comes.
fn failing_receiver() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let head = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let id = head.take_while(|line| !line.is_empty()).find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("webhook-id").then(|| value.to_owned())
            });
            let answer =
                "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(answer.as_bytes()).unwrap();
            if tell.send(id.unwrap()).is_err() {
                return;
            }
        }
    });
    (url, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_failed_is_tried_again_after_the_server_was_killed() {
    both(async |database| {
        let place = Place::new();
        let run = |arguments: &[&str], input: &str| {
            let mut command = place.command(arguments);
            command.env("DATABASE_URL", &database.url).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
            child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
            Ran(child.wait_with_output().unwrap()).ends(0)
        };
        let user = ["user", "add", "anna", "--role", "operator", "--password-stdin"];
        run(&user, "una frase lunga e segreta\n");
        let key = run(&["key", "issue", "--name", "sportello", "--scope", "webhooks", "--json"], "").json();
        let key = key["key"].as_str().unwrap();
        let (url, told) = failing_receiver();
        let server = Server::start(&place, &database.url);
        let hook = server.ask("/webhook-subscriptions", key, Some(json!({ "url": url }))).await;
        let new = json!({ "channel": "counter", "subject": "TARI", "body": "Quanto devo?", "theme": "tributi/tari",
            "kind": "information", "requester": { "name": "Anna Neri",
            "identities": [{ "type": "email", "value": "anna@mail.example" }] } });
        let ticket = server.ask("/tickets", &server.log_in().await, Some(new)).await;
        assert!(ticket["id"].is_string(), "{ticket}");
        let soon = Duration::from_secs(60);
        let first = told.recv_timeout(soon).unwrap();
        let deliveries = format!("/webhook-subscriptions/{}/deliveries", hook["id"].as_str().unwrap());
        while server.ask(&deliveries, key, None).await["items"][0]["status"] != 500 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        drop(server);
        let again = Server::start(&place, &database.url);
        let second = told.recv_timeout(soon).unwrap();
        assert_eq!(second, first, "the same message under its id");
        let shown = again.ask(&deliveries, key, None).await;
        assert_eq!(shown["items"].as_array().unwrap().len(), 1, "{shown}");
        assert_eq!(shown["items"][0]["id"], json!(first));
    })
    .await;
}
