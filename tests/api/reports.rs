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
        let address = format!("{}{CRM}/reports/monthly/{address}", self.base);
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
