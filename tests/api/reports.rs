//! The monthly report over the wire, in all its forms.

use filo_testkit::both;

use crate::support::{
    TestApp,
    http::{CRM, Served},
};

/// Form, media type, and how such a file begins.
const FORMS: [(&str, &str, &[u8]); 5] = [
    ("json", "application/json", b"{"),
    ("csv", "application/zip", b"PK"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK"),
    ("pdf", "application/pdf", b"%PDF-1.7"),
    ("html", "text/html; charset=utf-8", b"<!DOCTYPE html>"),
];

impl Served {
    /// The media type and the bytes.
    async fn report(&self, address: &str, accept: &str) -> (u16, String, Vec<u8>) {
        self.form(&format!("reports/monthly/{address}"), accept).await
    }

    async fn form(&self, address: &str, accept: &str) -> (u16, String, Vec<u8>) {
        let address = format!("{}{CRM}/{address}", self.base);
        let request = self.client.get(address).bearer_auth(self.token("analyst")).header("Accept", accept);
        let response = request.send().await.unwrap();
        let media = response.headers()["content-type"].to_str().unwrap().to_owned();
        (response.status().as_u16(), media, response.bytes().await.unwrap().to_vec())
    }
}

#[tokio::test]
async fn a_report_comes_in_the_form_of_its_suffix_or_of_what_is_accepted() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-11-03 09:00", database).await).await;
        for (suffix, media, start) in FORMS {
            let own = served.report(&format!("2026-10.{suffix}"), "*/*").await;
            let asked = served.report("2026-10", media.split(';').next().unwrap()).await;
            for (status, found, bytes) in [own, asked] {
                assert_eq!((status, found.as_str()), (200, media), "{suffix}");
                assert!(bytes.starts_with(start), "{suffix}");
            }
        }
        assert_eq!(served.report("2026-10.docx", "*/*").await.0, 404);
        assert_eq!(served.report("2026-10", "image/png").await.0, 406);
    })
    .await;
}

#[tokio::test]
async fn a_report_is_written_in_the_language_that_is_asked_for() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-11-03 09:00", database).await).await;
        let page = async |query: &str| {
            String::from_utf8(served.report(&format!("2026-10.html{query}"), "*/*").await.2).unwrap()
        };
        assert!(page("").await.contains("lang=\"it\""));
        assert!(page("?language=en").await.contains("Monthly report"));
        for wrong in ["?language=xx", "?locale=klingon", "?sprache=de"] {
            assert_eq!(served.report(&format!("2026-10.csv{wrong}"), "*/*").await.0, 422, "{wrong}");
        }
        let (_, _, bytes) = served.report("2026-10.csv?locale=it", "*/*").await;
        let (_, _, plain) = served.report("2026-10.csv", "*/*").await;
        assert_ne!(bytes, plain, "semicolons instead of commas");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_comes_in_the_same_forms_with_the_years_before() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-11-03 09:00", database).await).await;
        for (suffix, media, start) in FORMS {
            // One table needs no zip.
            let csv = suffix == "csv";
            let (media, start) =
                if csv { ("text/csv; charset=utf-8", &b"year,"[..]) } else { (media, start) };
            let own = served.form(&format!("scorecards/2020.{suffix}"), "*/*").await;
            let asked = served.form("scorecards/2020", media.split(';').next().unwrap()).await;
            for (status, found, bytes) in [own, asked] {
                assert_eq!((status, found.as_str()), (200, media), "{suffix}");
                assert!(bytes.starts_with(start), "{suffix}");
            }
        }
        let card = served.get("analyst", &format!("{CRM}/scorecards/2026")).await.expect(200);
        assert!(card["as_of"].is_string());
        let rows = card["rows"].as_array().unwrap();
        assert!(rows.iter().all(|row| row["trend"] == serde_json::json!([])), "nobody counted before");
        assert!(rows.iter().all(|row| row["previous"]["achieved"].is_null()), "unknown, not 0");
        let card = served.get("analyst", &format!("{CRM}/scorecards/2021")).await.expect(200);
        let row = card["rows"].as_array().unwrap().iter().find(|row| row["key"] == "tempo-risposta-telefono");
        let trend = &row.unwrap()["trend"];
        assert_eq!([&trend[0]["target"]["text"], &trend[1]["target"]["text"]], ["3 minuti", "5 minuti"]);
        for (wrong, status) in
            [("2020.docx", 404), ("20", 404), ("2020.pdf?language=xx", 422), ("2020?year=1", 422)]
        {
            assert_eq!(served.form(&format!("scorecards/{wrong}"), "*/*").await.0, status, "{wrong}");
        }
        assert_eq!(served.form("scorecards/2020", "image/png").await.0, 406);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_comes_in_the_same_forms() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-11-03 09:00", database).await).await;
        let campaign = serde_json::json!({ "theme": "tributi", "from": "2026-10-01", "to": "2026-11-01" });
        let made = served.post("analyst", &format!("{CRM}/reports/campaigns"), &campaign).await.expect(201);
        let own = format!("reports/campaigns/{}", made["id"].as_str().unwrap());
        for (suffix, media, start) in FORMS {
            for (status, found, bytes) in [
                served.form(&format!("{own}.{suffix}"), "*/*").await,
                served.form(&own, media.split(';').next().unwrap()).await,
            ] {
                assert_eq!((status, found.as_str()), (200, media), "{suffix}");
                assert!(bytes.starts_with(start), "{suffix}");
            }
        }
        let page = served.form(&format!("{own}.html?language=en"), "*/*").await.2;
        assert!(String::from_utf8(page).unwrap().contains("The campaign in five figures"));
        for (wrong, status) in
            [(".docx", 404), (".pdf?language=xx", 422), ("?revision=1", 422), ("x.pdf", 404)]
        {
            assert_eq!(served.form(&format!("{own}{wrong}"), "*/*").await.0, status, "{wrong}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_named_after_what_it_is_and_its_revision() {
    both(async |database| {
        let served = Served::of(TestApp::at("2026-11-03 09:00", database).await).await;
        let close = format!("{CRM}/reports/monthly/2026-10/close");
        served.post("supervisor", &close, &serde_json::json!({})).await.expect(200);
        for (address, name) in [
            ("reports/monthly/2026-10.pdf", "filo-2026-10-r1.pdf"),
            ("reports/monthly/2026-10.csv", "filo-2026-10-r1.csv.zip"),
            ("reports/monthly/2026-09.xlsx", "filo-2026-09.xlsx"),
            ("scorecards/2020.csv", "filo-scorecard-2020.csv"),
        ] {
            let request = served.client.get(format!("{}{CRM}/{address}", served.base));
            let response = request.bearer_auth(served.token("analyst")).send().await.unwrap();
            let disposition = response.headers()["content-disposition"].to_str().unwrap();
            assert_eq!(disposition, format!("attachment; filename=\"{name}\""));
        }
    })
    .await;
}
