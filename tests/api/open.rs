//! `/trasparenza` over the wire: closed months for everybody, and never a small count.

use filo_domain::Period;
use filo_testkit::{Database, both};
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    http::{CRM, Served},
};

/// A city whose October is over: twelve came to the counter, two wrote letters.
async fn october(database: Database) -> Served {
    let mut served = Served::of(TestApp::at("2026-10-20 09:00", database).await).await;
    for (channel, count) in [("counter", 12), ("letter", 2)] {
        for nth in 0..count {
            let body = json!({
                "channel": channel, "subject": format!("Riservatissimo {nth}"), "body": "Testo", "kind": "information",
                "theme": "anagrafe", "requester": { "name": "Giulia Ferrari", "identities": [] }
            });
            served.post("operator", &format!("{CRM}/tickets"), &body).await.expect(201);
        }
    }
    served.now_is("2026-11-03 09:00").await;
    served
}

fn figure(month: &Value, section: &str, row: &str, figure: &str) -> (Value, Value) {
    let in_list = |list: &Value, key: &str, name: &str| {
        list.as_array().unwrap().iter().find(|it| it[key] == name).cloned().unwrap()
    };
    let section = in_list(&month["sections"], "section", section);
    let found = in_list(&in_list(&section["rows"], "row", row)["figures"], "figure", figure);
    (found["status"].clone(), found["value"].clone())
}

#[tokio::test]
async fn everybody_reads_a_closed_month_and_nobody_an_open_one() {
    both(async |database| {
        let served = october(database).await;
        let none = served.get("", "/trasparenza").await;
        assert_eq!((none.status.as_u16(), none.text.contains("Nessun mese")), (200, true));
        for path in ["2026-10", "2026-10.csv", "2026-10.json", "2026-11", "boh", "2026-10.xlsx"] {
            assert_eq!(served.get("", &format!("/trasparenza/{path}")).await.status, 404, "{path}");
        }
        served.city.close("2026-10").await;
        let list = served.get("", "/trasparenza").await;
        assert!(list.text.contains("ottobre 2026"), "{}", list.text);
        let page = served.get("", "/trasparenza/2026-10").await;
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        for told in ["I contatti di ottobre 2026", "&lt;5", "omesso", "Sportello", "Anagrafe"] {
            assert!(page.text.contains(told), "{told}: {}", page.text);
        }
        for secret in ["Giulia", "Riservatissimo", "operator", "year_to_date"] {
            assert!(!page.text.contains(secret), "{secret}");
        }
        let english = served.send_with(
            "",
            reqwest::Method::GET,
            "/trasparenza/2026-10",
            None,
            &[("Accept-Language", "en")],
        );
        assert!(english.await.text.contains("The contacts of October 2026"));
        assert_eq!(served.get("", "/trasparenza/2026-11").await.status, 404);
        assert_eq!(served.get("", "/trasparenza/2026-10?revision=2").await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn small_counts_are_in_no_data_and_do_not_follow_from_them() {
    both(async |database| {
        let served = october(database).await;
        served.city.close("2026-10").await;
        let json = served.get("", "/trasparenza/2026-10.json").await;
        assert!(json.header("content-disposition").contains("filo-2026-10-r1.json"));
        let month = json.expect(200);
        assert_eq!(figure(&month, "channels", "letter", "contacts"), (json!("<5"), Value::Null));
        assert_eq!(figure(&month, "channels", "counter", "contacts"), (json!("withheld"), Value::Null));
        assert_eq!(figure(&month, "channels", "total", "contacts"), (json!("ok"), json!(14.0)));
        assert_eq!(figure(&month, "themes", "anagrafe", "tickets"), (json!("ok"), json!(14.0)));
        let csv = served.get("", "/trasparenza/2026-10.csv").await;
        let lines: Vec<&str> = csv.text.split("\r\n").collect();
        assert_eq!(lines[0], "month,revision,section,row,figure,unit,value,status");
        assert!(lines.contains(&"2026-10,1,channels,letter,contacts,count,,<5"), "{}", csv.text);
        assert!(lines.contains(&"2026-10,1,channels,total,contacts,count,14,ok"), "{}", csv.text);
    })
    .await;
}

#[tokio::test]
async fn revisions_stay_readable_and_withhold_the_same() {
    both(async |database| {
        let served = october(database).await;
        served.city.close("2026-10").await;
        let month = Period::parse_month("2026-10").unwrap();
        let (caller, now) = (filo_app::Caller::console(), served.state.now());
        served.city.app.restate_month(&caller, month, "Arrivate in ritardo", now).await.unwrap();
        let page = served.get("", "/trasparenza/2026-10").await.text;
        assert!(page.contains("Arrivate in ritardo") && page.contains("revisione 1"), "{page}");
        let first = served.get("", "/trasparenza/2026-10?revision=1").await.text;
        assert!(first.contains("sostituita da una più recente"));
        for revision in [1, 2] {
            let data =
                served.get("", &format!("/trasparenza/2026-10.json?revision={revision}")).await.expect(200);
            assert_eq!(data["revision"], revision);
            assert_eq!(figure(&data, "channels", "letter", "contacts").0, "<5");
        }
    })
    .await;
}

#[tokio::test]
async fn the_catalogue_has_what_the_italian_profile_demands() {
    both(async |database| {
        let served = october(database).await;
        served.city.close("2026-10").await;
        let answer = served.get("", "/trasparenza/catalogo.jsonld").await;
        assert_eq!(answer.header("content-type"), "application/ld+json");
        let catalogue = answer.expect(200);
        let set = &catalogue["dcat:dataset"][0];
        for key in ["dct:title", "dct:description", "dct:publisher", "dct:modified", "dcat:dataset"] {
            assert!(!catalogue[key].is_null(), "{key}");
        }
        for key in [
            "dct:identifier",
            "dct:title",
            "dct:description",
            "dct:modified",
            "dcat:theme",
            "dct:rightsHolder",
            "dct:accrualPeriodicity",
        ] {
            assert!(!set[key].is_null(), "{key}");
        }
        assert_eq!(set["dct:rightsHolder"]["dct:identifier"], "c_f205");
        let files = set["dcat:distribution"].as_array().unwrap();
        assert_eq!(files.len(), 2);
        for file in files {
            for key in ["dct:format", "dcat:accessURL", "dct:license"] {
                assert!(file[key]["@id"].is_string(), "{key}");
            }
            let address = file["dcat:downloadURL"]["@id"].as_str().unwrap();
            let path = address.strip_prefix(&served.base).unwrap();
            assert_eq!(served.get("", path).await.status, 200, "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn readers_are_limited_like_on_the_other_public_pages() {
    both(async |database| {
        let app = TestApp::at("2026-11-03 09:00", database).await;
        let served = Served::with(app, |settings| settings.public_per_minute = 2).await;
        for status in [200, 200, 429] {
            assert_eq!(served.get("", "/trasparenza").await.status, status);
        }
    })
    .await;
}
