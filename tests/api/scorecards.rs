//! Rows of the yearly table that people enter by hand, over the wire.

use filo_testkit::{Backend, Database, both};
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    http::{CRM, Reply, Served},
};

const YEAR: &str = "/scorecards/2026";

async fn city(database: Database) -> Served {
    Served::of(TestApp::at("2026-11-10 12:00", database).await).await
}

fn row(achieved: &str, value: &str) -> Value {
    json!({
        "key": "consumi-elettrici", "area": "Ambiente", "label": "Consumi elettrici delle sedi", "rule": "reduction",
        "target": { "text": "-5%", "value": "-0.05", "comparator": "<=", "unit": "share" },
        "achieved": { "text": achieved, "value": value, "unit": "share" },
        "source": { "document": "Relazione energia 2026", "section": "tavola 3" },
        "tags": { "programme": "PO12", "dimension": "environmental", "driver": ["digitalisation"] }
    })
}

impl Served {
    async fn enter_score(&self, role: &str, row: &Value) -> Reply {
        self.post(role, &format!("{CRM}{YEAR}/entries"), row).await
    }
    async fn card_row(&self, key: &str) -> Value {
        let card = self.get("analyst", &format!("{CRM}{YEAR}")).await.expect(200);
        let rows = card["rows"].as_array().unwrap();
        rows.iter().find(|row| row["key"] == key).cloned().unwrap_or_default()
    }
    async fn hand_in(&self, role: &str, name: &str, content: &'static [u8]) -> Reply {
        let url = format!("{}{CRM}{YEAR}/attachments", self.base);
        let request = self.client.post(url).bearer_auth(self.token(role));
        let request = request.header("Content-Type", "application/octet-stream");
        let request = request.header("Content-Disposition", format!("attachment; filename=\"{name}\""));
        let response = request.body(content).send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Reply { status, headers, text: response.text().await.unwrap() }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_entered_once_corrected_by_revisions_and_stands_in_the_table() {
    both(async |database| {
        let served = city(database).await;
        let first = served.enter_score("supervisor", &row("-4%", "-0.04")).await.expect(201);
        assert_eq!((&first["revision"], &first["achieved"]["value"]), (&json!(1), &json!(-0.04)));
        let again = served.enter_score("supervisor", &row("-4%", "-0.04")).await.expect(200);
        assert_eq!(again, first, "the same again is the same");
        let second = served.enter_score("admin", &row("-5%", "-0.05")).await.expect(201);
        assert_eq!(second["revision"], 2);

        let shown = served.card_row("consumi-elettrici").await;
        assert_eq!(
            (&shown["result"]["printed"], &shown["source"]["entered"]["revision"]),
            (&json!("100"), &json!(2))
        );
        assert_eq!(shown["tags"]["programme"], "PO12");
        let list = async |query: &str| {
            let list = served.get("analyst", &format!("{CRM}{YEAR}/entries{query}")).await.expect(200);
            let revisions = list["items"].as_array().unwrap().iter().map(|item| item["revision"].clone());
            (revisions.collect::<Vec<_>>(), list["next_cursor"].as_str().map(str::to_owned))
        };
        assert_eq!(list("").await, (vec![json!(2)], None));
        let (page, next) = list("?superseded=true&limit=1").await;
        assert_eq!(page, [json!(1)]);
        let rest = list(&format!("?superseded=true&limit=1&cursor={}", next.unwrap())).await;
        assert_eq!(rest, (vec![json!(2)], None));
        assert_eq!(list("?key=altro").await, (vec![], None));
        assert_eq!(served.city.rows("score_entries"), 2);
        for statement in ["UPDATE score_entries SET revision = 9", "DELETE FROM score_entries"] {
            assert!(served.city.database.try_execute(statement).is_err(), "{statement}");
        }
        served.city.verifies().await;

        let unprotected = match served.city.database.backend {
            Backend::Sqlite => "DROP TRIGGER score_entries_no_delete",
            Backend::Postgres => "DROP TRIGGER score_entries_append_only ON score_entries",
        };
        served.city.database.try_execute(unprotected).unwrap();
        served.city.database.try_execute("DELETE FROM score_entries WHERE revision = 1").unwrap();
        let found = served.city.app.verify().await.unwrap().differences;
        let found: Vec<_> = found.iter().map(|found| (found.check, found.subject.as_str())).collect();
        assert_eq!(found, [("score", "2026 consumi-elettrici")]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_filo_measures_or_a_document_says_cannot_be_entered() {
    both(async |database| {
        let served = city(database).await;
        let with = |field: &str, value: Value| {
            let mut row = row("-4%", "-0.04");
            row[field] = value;
            row
        };
        let measured = with("key", json!("tasso-risposta"));
        let refused = served.enter_score("supervisor", &measured).await.expect(409);
        assert_eq!(refused["type"], "/problems/score-measured");
        let path = format!("{CRM}/scorecards/2020/entries");
        let refused = served.post("supervisor", &path, &measured).await.expect(409);
        assert_eq!(refused["type"], "/problems/score-published");
        for (field, value, pointer) in [
            ("label", Value::Null, "/label"),
            ("rule", Value::Null, "/rule"),
            ("key", json!("Non Va"), "/key"),
            ("attachment_id", json!("01a202e9-0a11-7c35-9d0e-5b6f0f3a1c22"), "/attachment_id"),
            ("achieved", json!({ "text": "4 giorni", "value": "345600", "unit": "s" }), "/achieved"),
        ] {
            let refused = served.enter_score("supervisor", &with(field, value)).await.expect(422);
            assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
        }
        let torn = with("achieved", json!({ "text": "-4%", "value": "-0.05", "unit": "share" }));
        served.enter_score("supervisor", &torn).await.expect(422);
        for role in ["operator", "specialist", "analyst"] {
            served.enter_score(role, &row("-4%", "-0.04")).await.expect(403);
            assert_eq!(served.hand_in(role, "a.txt", b"testo").await.status, 403);
        }
        for year in ["mille", "2026-10", "0"] {
            let path = format!("{CRM}/scorecards/{year}/entries");
            served.post("supervisor", &path, &row("-4%", "-0.04")).await.expect(404);
        }
        assert_eq!(served.city.rows("score_entries"), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_of_a_row_is_kept_and_handed_out_to_readers_of_reports() {
    both(async |database| {
        let served = city(database).await;
        let file = served.hand_in("supervisor", "relazione.txt", b"consumi: -4%").await.expect(201);
        let id = file["id"].as_str().unwrap();
        let path = format!("{CRM}{YEAR}/attachments/{id}");
        // Until a row names it, it is there for those who may enter one.
        served.get("analyst", &path).await.expect(404);
        assert_eq!(served.get("supervisor", &path).await.text, "consumi: -4%");
        let mut entry = row("-4%", "-0.04");
        entry["attachment_id"] = json!(id);
        served.enter_score("supervisor", &entry).await.expect(201);
        let shown = served.card_row("consumi-elettrici").await;
        assert_eq!(shown["source"]["entered"]["file"]["name"], "relazione.txt");
        let got = served.get("analyst", &path).await;
        assert_eq!((got.status.as_u16(), got.text.as_str()), (200, "consumi: -4%"));
        let other = format!("{CRM}/scorecards/2025/attachments/{id}");
        for reader in ["analyst", "supervisor"] {
            served.get(reader, &other).await.expect(404);
        }
        served.city.verifies().await;
    })
    .await;
}
