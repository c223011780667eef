//! What citizens and platforms reach without a login.

use std::collections::BTreeMap;

use actix_web::test::TestRequest;
use filo_app::{Role, Scope};
use serde_json::{Value, json};

use super::TestApp;

const REQUESTS: &str = "/rest/scrivi/v1/requests";

fn request() -> Value {
    json!({"form":"generale","privacy_accepted":true,"fields":{"name":"Ada","surname":"Bianchi",
        "email":"ada@example.it","theme":"anagrafe","subject":"Certificato","text":"Mi serve un certificato."}})
}

/// Everything a form on a page would send: its inputs' names and values.
fn inputs(html: &str) -> BTreeMap<String, String> {
    let attribute = |tag: &str, name: &str| {
        let rest = tag.split_once(&format!(" {name}=\""))?.1;
        Some(rest.split('"').next().unwrap_or_default().to_owned())
    };
    let form = html.split("<form").nth(1).unwrap();
    let tags =
        form.split('<').filter(|tag| ["input ", "select ", "textarea "].iter().any(|it| tag.starts_with(it)));
    tags.filter(|tag| !tag.contains("type=\"checkbox\"") && !tag.contains("type=\"file\""))
        .filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default())))
        .collect()
}

async fn submit(app: &TestApp, fields: &BTreeMap<String, String>) -> super::Answer {
    let pairs: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    app.submit("/scrivi", &pairs).await
}

/// The text of the element with an id.
fn element(html: &str, id: &str) -> String {
    let rest = html.split_once(&format!("id=\"{id}\">")).unwrap_or_else(|| panic!("no {id} in {html}")).1;
    rest.split('<').next().unwrap().to_owned()
}

#[actix_web::test]
async fn a_request_is_sent_followed_added_to_contested_and_rated() {
    let app = TestApp::new().await;
    let sent = app.post("", REQUESTS, &request()).await;
    assert_eq!(sent.status, 201, "{}", sent.text);
    let sent = sent.json();
    let own = |more: Value| {
        let mut body = json!({"number": sent["number"], "code": sent["code"]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let at = |what: &str| format!("{REQUESTS}/{what}");
    let status = app.post("", &at("status"), &own(json!({}))).await;
    assert_eq!(status.json()["state"], "new", "{}", status.text);
    let wrong_code =
        app.post("", &at("status"), &json!({"number": sent["number"], "code": "AAAAAAAAAA"})).await;
    let wrong_number =
        app.post("", &at("status"), &json!({"number": "26-9999999", "code": sent["code"]})).await;
    assert_eq!(wrong_code.problem(404)["detail"], wrong_number.problem(404)["detail"]);
    let added = app.post("", &at("additions"), &own(json!({"text":"Anche in inglese"}))).await.json();
    assert_eq!(added["messages"].as_array().unwrap().len(), 2);
    app.post("", &at("contests"), &own(json!({"text":"No"}))).await.problem(409);
    app.post("", &at("ratings"), &own(json!({"score":5}))).await.problem(409);
    app.post("", &at("ratings"), &own(json!({"score":"five"}))).await.problem(422);
    let token = app.token(Role::Operator).await;
    let ticket = app.get(&token, "/rest/crm/v1/tickets").await.json()["items"][0].clone();
    let resolve = format!("/rest/crm/v1/tickets/{}/resolve", ticket["id"].as_str().unwrap());
    assert_eq!(
        app.post(&token, &resolve, &json!({"outcome":"answered","reply":"Eccolo."})).await.status,
        200
    );
    assert_eq!(app.post("", &at("ratings"), &own(json!({"score":2}))).await.status, 200);
    let contested = app.post("", &at("contests"), &own(json!({"text":"Non è arrivato"}))).await;
    assert_eq!(contested.json()["state"], "new", "{}", contested.text);
}

#[actix_web::test]
async fn a_wrong_form_is_refused_with_a_pointer_for_each_field() {
    let app = TestApp::new().await;
    let body = json!({"form":"generale","privacy_accepted":false,
        "fields":{"name":"Ada","email":"no","theme":"nessuno","subject":"x","text":"y","colour":"red"}});
    let problem = app.post("", REQUESTS, &body).await.problem(422);
    let pointers: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|it| it["pointer"].as_str().unwrap()).collect();
    for expected in
        ["/fields/surname", "/fields/email", "/fields/theme", "/fields/colour", "/privacy_accepted"]
    {
        assert!(pointers.contains(&expected), "{pointers:?}");
    }
    app.post("", REQUESTS, &json!({"form":"boh","fields":{},"privacy_accepted":true})).await.problem(422);
    app.send(TestRequest::post().uri(REQUESTS).set_form([("form", "generale")])).await.problem(415);
    assert_eq!(app.get("", "/rest/scrivi/v1/forms").await.json()["items"].as_array().unwrap().len(), 2);
    let form = app.get("", "/rest/scrivi/v1/forms/generale").await.json();
    assert!(
        form["fields"].as_array().unwrap().iter().any(|field| field["choices"].as_array().unwrap().len() > 3)
    );
    app.get("", "/rest/scrivi/v1/forms/boh").await.problem(404);
}

#[actix_web::test]
async fn a_multipart_request_brings_files_that_are_what_their_bytes_say() {
    let app = TestApp::new().await;
    let send = async |file: &[u8]| {
        let mut body = Vec::new();
        let fields = request();
        let texts = fields["fields"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str().unwrap()));
        for (name, value) in texts.chain([("form", "generale"), ("privacy_accepted", "true")]) {
            let part = format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
        body.extend_from_slice(
            b"--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"foto.pdf\"\r\n\r\n",
        );
        body.extend_from_slice(file);
        body.extend_from_slice(b"\r\n--b--\r\n");
        let request = TestRequest::post().uri(REQUESTS);
        app.send(request.insert_header(("Content-Type", "multipart/form-data; boundary=b")).set_payload(body))
            .await
    };
    assert_eq!(send(b"MZ\x90\0").await.problem(422)["errors"][0]["pointer"], "/files/0");
    send(&[b'a'; 5_100_000]).await.problem(413);
    send(&vec![b'a'; 27_000_000]).await.problem(413);
    let sent = send(b"%PDF-1.7").await;
    assert_eq!(sent.status, 201, "{}", sent.text);
}

#[actix_web::test]
async fn the_public_paths_are_limited_but_not_for_a_good_key() {
    let app = TestApp::with(|settings| settings.public_per_minute = 1).await;
    let key = app.key(Scope::IntakeScrivi).await;
    assert_eq!(app.get("", "/rest/scrivi/v1/forms").await.status, 200);
    app.get("", "/rest/scrivi/v1/forms").await.problem(429);
    assert_eq!(app.get(&key, "/rest/scrivi/v1/forms").await.status, 200);
    assert_eq!(app.submit("/scrivi", &[("form", "generale")]).await.status, 429);
    assert_eq!(app.get("", "/scrivi").await.status, 200);
}

#[actix_web::test]
async fn the_page_works_without_javascript_from_errors_over_the_summary_to_the_number() {
    let app = TestApp::new().await;
    let page = app.get("", "/scrivi").await;
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.text.contains("<html lang=\"it\">") && !page.text.contains("<script"));
    let mut fields = inputs(&page.text);
    fields.insert("subject".to_owned(), "<script>alert(1)</script>".to_owned());
    let refused = submit(&app, &fields).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("role=\"alert\"") && refused.text.contains("href=\"#email\""));
    assert!(refused.text.contains("&lt;script&gt;") && !refused.text.contains("<script>"));
    for (name, value) in request()["fields"].as_object().unwrap() {
        fields.insert(name.clone(), value.as_str().unwrap().to_owned());
    }
    fields.insert("privacy_accepted".to_owned(), "true".to_owned());
    fields.insert("step".to_owned(), "summary".to_owned());
    app.wait(30);
    let summary = submit(&app, &fields).await;
    assert_eq!(summary.status, 200);
    assert!(summary.text.contains("Riepilogo"));
    let last = inputs(&summary.text);
    let sent = submit(&app, &last).await;
    assert_eq!(sent.status, 201, "{}", sent.text);
    let (number, code) = (element(&sent.text, "number"), element(&sent.text, "code"));
    let twice = submit(&app, &last).await;
    assert_eq!(element(&twice.text, "number"), number);
    let shown = app.submit("/scrivi/segui", &[("number", &number), ("code", &code)]).await;
    assert_eq!((shown.status.as_u16(), element(&shown.text, "state").as_str()), (200, "Ricevuta"));
    assert_eq!(app.submit("/scrivi/segui", &[("number", &number), ("code", "X")]).await.status, 404);
    let add = [("number", number.as_str()), ("code", &code), ("action", "add"), ("text", "Ancora")];
    assert!(app.submit("/scrivi/segui", &add).await.text.contains("Abbiamo aggiunto"));
    let rate = [("number", number.as_str()), ("code", &code), ("action", "rate"), ("score", "5")];
    assert_eq!(app.submit("/scrivi/segui", &rate).await.status, 409);
}

#[actix_web::test]
async fn who_sends_without_the_page_s_token_is_moderated() {
    let app = TestApp::new().await;
    let fields = request();
    let texts = fields["fields"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str().unwrap()));
    let robot: Vec<(&str, &str)> =
        texts.chain([("form", "generale"), ("privacy_accepted", "true")]).collect();
    let sent = app.submit("/scrivi", &robot).await;
    assert_eq!(sent.status, 201);
    assert!(sent.text.contains("dopo un breve controllo"));
}

#[actix_web::test]
async fn pages_speak_english_when_asked_and_say_sorry_in_html() {
    let app = TestApp::new().await;
    let page = app.get("", "/scrivi?lang=en&form=segnalazione").await;
    assert!(page.text.contains("<html lang=\"en\">") && page.text.contains("Report a fault"));
    let missing = app.get("", "/scrivi?form=boh").await;
    assert_eq!((missing.status.as_u16(), missing.header("content-type")), (404, "text/html; charset=utf-8"));
    assert_eq!(app.get("", "/scrivi/segui").await.status, 200);
    let odd = TestRequest::post()
        .uri("/scrivi")
        .insert_header(("Content-Type", "application/json"))
        .set_payload("{}");
    assert_eq!(app.send(odd).await.status, 415);
}

#[actix_web::test]
async fn a_webhook_checks_in_and_only_signed_bodies_come_in() {
    let app = TestApp::new().await;
    let hook = "/webhooks/meta/facebook";
    let query = "hub.mode=subscribe&hub.challenge=42&hub.verify_token=";
    let welcome = app.get("", &format!("{hook}?{query}parola")).await;
    assert_eq!((welcome.text.as_str(), welcome.header("content-type")), ("42", "text/plain; charset=utf-8"));
    app.get("", &format!("{hook}?{query}altro")).await.problem(403);
    app.get("", "/webhooks/meta/altro").await.problem(404);
    app.get("", "/webhooks/meta/scrivi").await.problem(404);
    let push = |signature: &'static str| {
        let request = TestRequest::post().uri(hook).insert_header(("X-Hub-Signature-256", signature));
        app.send(request.set_payload("{unreadable"))
    };
    push("sha256=bad").await.problem(403);
    assert!(app.state.metrics.text().contains("filo_webhook_refused_total{source=\"facebook\"} 1"));
    assert_eq!(push("sha256=good").await.json()["quarantined"], 1);
    let token = app.token(Role::Supervisor).await;
    assert_eq!(app.get(&token, "/rest/crm/v1/quarantine").await.json()["items"][0]["reason"], "not_json");
}

#[actix_web::test]
async fn what_pages_are_drawn_with_is_kept_for_ever_and_nothing_else_is_there() {
    let app = TestApp::new().await;
    let page = app.get("", "/scrivi").await.text;
    let address = page.split('"').find(|part| part.ends_with("/own/pages.css")).unwrap().to_owned();
    let style = app.get("", &address.replace("&#x2f;", "/")).await;
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert!(style.header("cache-control").contains("immutable"), "{}", style.header("cache-control"));
    let place = crate::assets::place();
    for path in [
        format!("{place}/own/niente.css"),
        format!("{place}/own/..%2f..%2fCargo.toml"),
        format!("{place}/vendor/made-of"),
        "/assets/0000000000000000/own/pages.css".to_owned(),
        "/assets/f/own/pages.css".to_owned(),
    ] {
        app.get("", &path).await.problem(404);
    }
    for part in page.split('"').filter(|part| part.contains("://")) {
        assert!(part.contains("comune.milano.it") || part.contains("form.agid.gov.it"), "{part}");
    }
}
