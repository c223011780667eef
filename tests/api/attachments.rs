//! Files over the wire: uploaded, listed, handed out, sent, scanned, swept, verified.

mod scanning;
mod upkeep;

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
};

use filo_testkit::{Database, both};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    MEMORY,
    support::{
        TestApp,
        http::{CRM, Reply, Served},
    },
};

const PDF: &[u8] = b"%PDF-1.7\nuna fattura\n%%EOF\n";
const NOON: &str = "2026-10-01 12:00";

async fn served(database: Database) -> Served {
    Served::of(TestApp::at(NOON, database).await).await
}

/// A ticket of the counter; gives its path.
async fn ticket(served: &Served) -> String {
    ticket_on(served, "counter").await
}

async fn ticket_on(served: &Served, channel: &str) -> String {
    let new = json!({
        "channel": channel, "subject": "Carta d'identità", "body": "È scaduta", "theme": "anagrafe/carta-identita",
        "kind": "information", "requester": { "identities": [{ "type": "email", "value": "anna@mail.example" }] },
    });
    let opened = served.post("operator", &format!("{CRM}/tickets"), &new).await.expect(201);
    format!("{CRM}/tickets/{}", opened["id"].as_str().unwrap())
}

/// A body as it is, with further headers.
async fn raw(served: &Served, role: &str, ticket: &str, body: &[u8], headers: &[(&str, &str)]) -> Reply {
    let mut request = served.client.post(format!("{}{ticket}/attachments", served.base));
    request = request.bearer_auth(served.token(role)).body(body.to_vec());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    reply(request).await
}

async fn reply(request: reqwest::RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Reply { status, headers, text: String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned() }
}

/// A file of a form under these part names.
async fn form(served: &Served, ticket: &str, parts: &[(&str, &str, &str, &[u8])]) -> Reply {
    let mut body = Vec::new();
    for (part, name, media_type, bytes) in parts {
        write!(
            body,
            "--xx\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"{name}\"\r\nContent-Type: {media_type}\r\n\r\n"
        )
        .unwrap();
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--xx--\r\n");
    raw(served, "operator", ticket, &body, &[("Content-Type", "multipart/form-data; boundary=xx")]).await
}

/// Uploads a file and gives what is known of it.
async fn uploaded(served: &Served, ticket: &str, name: &str, bytes: &[u8]) -> Value {
    form(served, ticket, &[("file", name, "application/octet-stream", bytes)]).await.expect(201)
}

fn path(file: &Value) -> String {
    format!("{CRM}/attachments/{}", file["id"].as_str().unwrap())
}

/// The contents that are kept in an area.
fn blobs(city: &TestApp, area: &str) -> Vec<PathBuf> {
    let Ok(folders) = std::fs::read_dir(city.folder().join("attachments").join(area)) else { return vec![] };
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

async fn listed(served: &Served, ticket: &str) -> Vec<Value> {
    let list = served.get("operator", &format!("{ticket}/attachments")).await.expect(200);
    list["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uploaded_file_is_handed_out_again_whole_and_in_parts() {
    both(async |database| {
        let served = served(database).await;
        let ticket = ticket(&served).await;
        let answer = form(&served, &ticket, &[("file", "fattura.pdf", "application/pdf", PDF)]).await;
        let file = answer.expect(201);
        assert_eq!((&file["media_type"], &file["size"]), (&json!("application/pdf"), &json!(PDF.len())));
        assert_eq!((&file["scan"], &file["flags"]), (&json!("not_scanned"), &json!([])));
        let metadata = served.get("operator", answer.header("location")).await;
        assert_eq!(metadata.expect(200), file);
        assert_eq!(metadata.header("etag"), answer.header("etag"));
        assert_eq!(listed(&served, &ticket).await, std::slice::from_ref(&file));

        let tag = format!("\"{}\"", file["sha256"].as_str().unwrap());
        let whole = served.get("supervisor", &path(&file)).await;
        assert_eq!((whole.status.as_u16(), whole.text.as_bytes()), (200, PDF));
        assert_eq!((whole.header("etag"), whole.header("content-type")), (tag.as_str(), "application/pdf"));
        assert!(whole.header("content-disposition").starts_with("attachment; filename=\"fattura.pdf\""));
        assert_eq!(whole.header("x-content-type-options"), "nosniff");
        assert_eq!(whole.header("content-security-policy"), "default-src 'none'; sandbox");
        assert_eq!(whole.header("content-length"), PDF.len().to_string());

        let head = served.send("supervisor", Method::HEAD, &path(&file), None).await;
        assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
        for name in ["etag", "content-type", "content-length", "content-disposition"] {
            assert_eq!(head.header(name), whole.header(name), "{name}");
        }

        let part = async |headers: &[(&str, &str)]| {
            served.send_with("operator", Method::GET, &path(&file), None, headers).await
        };
        let middle = part(&[("Range", "bytes=5-7")]).await;
        assert_eq!((middle.status.as_u16(), middle.text.as_str()), (206, "1.7"));
        assert_eq!(middle.header("content-range"), format!("bytes 5-7/{}", PDF.len()));
        assert_eq!(part(&[("Range", "bytes=-6")]).await.text, "%%EOF\n");
        assert_eq!(part(&[("Range", "bytes=5-7"), ("If-Range", "\"other\"")]).await.status, 200);
        assert_eq!(part(&[("If-None-Match", &tag)]).await.status, 304);
        let beyond = part(&[("Range", "bytes=900-")]).await;
        assert_eq!(beyond.header("content-range"), format!("bytes */{}", PDF.len()));
        assert_eq!(beyond.expect(416)["status"], 416);

        let events = served.get("operator", &format!("{ticket}/events")).await.expect(200);
        let last = events["items"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["kind"], &last["data"]["sha256"]), (&json!("attachment_added"), &file["sha256"]));
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_shows_the_files_of_those_merged_into_it_until_the_merge_is_undone() {
    both(async |database| {
        let mut served = served(database).await;
        let (one, other) = (ticket(&served).await, ticket(&served).await);
        let first = uploaded(&served, &one, "a.pdf", PDF).await;
        served.now_is("2026-10-01 12:01").await;
        let second = uploaded(&served, &other, "b.txt", b"nota").await;
        let into = served.get("operator", &other).await.expect(200);
        let merge = json!({ "into": into["id"], "reason": "la stessa buca" });
        served.post("operator", &format!("{one}/merge"), &merge).await.expect(200);
        assert_eq!(listed(&served, &other).await, [first.clone(), second.clone()]);
        let page = served.get("operator", &format!("{other}/attachments?limit=1")).await.expect(200);
        let next = format!("{other}/attachments?cursor={}", page["next_cursor"].as_str().unwrap());
        assert_eq!(served.get("operator", &next).await.expect(200)["items"], json!([second]));
        served.post("operator", &format!("{one}/unmerge"), &json!({})).await.expect(200);
        assert_eq!(listed(&served, &other).await, [second]);
        assert_eq!(listed(&served, &one).await, [first]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_for_who_sees_its_ticket() {
    both(async |database| {
        let served = served(database).await;
        let ticket = ticket(&served).await;
        let file = uploaded(&served, &ticket, "a.pdf", PDF).await;
        for role in ["analyst", "admin"] {
            served.get(role, &path(&file)).await.expect(403);
            served.get(role, &format!("{}/metadata", path(&file))).await.expect(403);
            served.get(role, &format!("{ticket}/attachments")).await.expect(403);
            raw(&served, role, &ticket, PDF, &[]).await.expect(403);
        }
        // The specialist is of another unit.
        served.get("specialist", &path(&file)).await.expect(404);
        served.get("specialist", &format!("{}/metadata", path(&file))).await.expect(404);
        served.get("specialist", &format!("{ticket}/attachments")).await.expect(404);
        raw(&served, "specialist", &ticket, PDF, &[]).await.expect(404);
        let assigned = json!({ "unit": "mobilita" });
        served.post("operator", &format!("{ticket}/assign"), &assigned).await.expect(200);
        assert_eq!(served.get("specialist", &path(&file)).await.status, 200);
        served.get("", &path(&file)).await.expect(401);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_called_and_served_by_what_it_is() {
    both(async |database| {
        let served = served(database).await;
        let ticket = ticket(&served).await;
        let headers = [
            ("Content-Type", "image/png"),
            (
                "Content-Disposition",
                "attachment; filename=\"x\"; filename*=UTF-8''..%2Fperch%C3%A9%E2%80%AEgpj.html",
            ),
        ];
        let page =
            raw(&served, "operator", &ticket, b"<html><script>alert(1)</script></html>", &headers).await;
        let page = page.expect(201);
        assert_eq!((&page["name"], &page["media_type"]), (&json!("perchégpj.html"), &json!("text/html")));
        assert_eq!(
            (&page["declared_type"], &page["flags"]),
            (&json!("image/png"), &json!(["type_mismatch"]))
        );
        let given = served.get("operator", &path(&page)).await;
        assert_eq!(given.header("content-type"), "application/octet-stream");
        assert!(given.header("content-disposition").contains("filename*=UTF-8''perch%C3%A9gpj.html"));

        let program = [b"\x7fELF\x02\x01\x01\0".as_slice(), &[0; 120]].concat();
        let disguised = form(&served, &ticket, &[("file", "foto.jpg", "image/jpeg", &program)]).await;
        assert_eq!(disguised.expect(415)["type"], "/problems/unsupported-media-type");
        assert_eq!(listed(&served, &ticket).await.len(), 1);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_the_limits_is_refused_and_leaves_nothing() {
    both(async |database| {
        let limits = [
            ("FILO__ATTACHMENTS__MAX_FILE_MB", "1"),
            ("FILO__ATTACHMENTS__MAX_TICKET_MB", "2"),
            ("FILO__ATTACHMENTS__MAX_TICKET_FILES", "3"),
        ];
        let served = Served::of(TestApp::set_up(NOON, database, &limits).await).await;
        let ticket = ticket(&served).await;
        assert_eq!(form(&served, &ticket, &[("file", "a", "text/plain", b"")]).await.expect(422)["errors"][0]["pointer"], "/file");
        assert_eq!(form(&served, &ticket, &[("other", "a", "text/plain", b"x")]).await.expect(422)["errors"][0]["pointer"], "/other");
        let two = [("file", "a", "text/plain", &b"x"[..]), ("file", "b", "text/plain", &b"y"[..])];
        form(&served, &ticket, &two).await.expect(422);
        assert!(form(&served, &ticket, &[]).await.status.is_client_error());
        form(&served, &ticket, &[("file", "a", "text/plain", &[b'x'; 1_000_001])]).await.expect(413);
        assert!(listed(&served, &ticket).await.is_empty() && blobs(&served.city, "sha256").is_empty());

        uploaded(&served, &ticket, "a.txt", &[b'x'; 999_999]).await;
        uploaded(&served, &ticket, "b.txt", &[b'y'; 999_999]).await;
        form(&served, &ticket, &[("file", "c", "text/plain", b"three")]).await.expect(413);
        uploaded(&served, &ticket, "c.txt", b"3").await;
        let one_more = form(&served, &ticket, &[("file", "d", "text/plain", b"4")]).await;
        assert_eq!(one_more.expect(409)["type"], "/problems/too-many-attachments");
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_content_twice_is_kept_once() {
    both(async |database| {
        let served = served(database).await;
        let (one, other) = (ticket(&served).await, ticket(&served).await);
        let first = uploaded(&served, &one, "a.pdf", PDF).await;
        let second = uploaded(&served, &other, "b.pdf", PDF).await;
        assert_ne!(first["id"], second["id"]);
        assert_eq!(first["sha256"], second["sha256"]);
        assert_eq!(blobs(&served.city, "sha256").len(), 1);

        let key = [("Idempotency-Key", "k1"), ("Content-Type", "text/plain")];
        let sent = raw(&served, "operator", &one, b"nota", &key).await;
        let again = raw(&served, "operator", &one, b"nota", &key).await;
        assert_eq!(again.expect(201), sent.expect(201));
        assert_eq!(again.header("idempotency-replayed"), "true");
        raw(&served, "operator", &one, b"altra", &key).await.expect(422);
        assert_eq!(listed(&served, &one).await.len(), 2);
        served.city.verifies().await;
    })
    .await;
}

/// Sends an upload by hand; gives what came back, nothing when it was cut off.
fn by_hand(served: &Served, ticket: &str, announced: usize, sent: usize) -> String {
    let address = served.base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    let token = served.token("operator");
    write!(
        stream,
        "POST {ticket}/attachments HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/octet-stream\r\nContent-Length: {announced}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let part = [0x9d_u8; 50_000];
    for _ in 0..sent / part.len() {
        stream.write_all(&part).unwrap();
    }
    let mut answer = String::new();
    if sent == announced {
        stream.read_to_string(&mut answer).unwrap();
    }
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_cut_off_was_never_there() {
    both(async |database| {
        let served = served(database).await;
        let ticket = ticket(&served).await;
        tokio::task::block_in_place(|| by_hand(&served, &ticket, 1_000_000, 500_000));
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        assert!(listed(&served, &ticket).await.is_empty() && blobs(&served.city, "sha256").is_empty());
        assert_eq!(std::fs::read_dir(served.city.folder().join("attachments/incoming")).unwrap().count(), 0);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_is_never_whole_in_memory() {
    const SIZE: usize = 49_950_000;
    both(async |database| {
        let served = served(database).await;
        let ticket = ticket(&served).await;
        uploaded(&served, &ticket, "warm-up.pdf", PDF).await;
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let answer = tokio::task::block_in_place(|| by_hand(&served, &ticket, SIZE, SIZE));
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        let files = listed(&served, &ticket).await;
        let file = files.into_iter().find(|file| file["size"] == json!(SIZE)).unwrap();
        let mut given = served.client.get(format!("{}{}", served.base, path(&file)));
        given = given.bearer_auth(served.token("operator"));
        let mut response = given.send().await.unwrap();
        let mut size = 0;
        while let Some(part) = response.chunk().await.unwrap() {
            size += part.len();
        }
        assert_eq!(size, SIZE);
        let grown = MEMORY.peak_usage().saturating_sub(before);
        assert!(grown < SIZE / 2, "{grown} bytes more for a file of {SIZE} bytes both ways");
    })
    .await;
}

/// A photo whose metadata name a place.
fn photo() -> Vec<u8> {
    let segment = |marker: u8, contents: &[u8]| {
        let length = u16::try_from(contents.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], &length[..], contents].concat()
    };
    let exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0 GPS Piazza Duomo";
    [
        &[0xff, 0xd8][..],
        &segment(0xe1, exif),
        &segment(0xdb, &[7; 65]),
        &segment(0xc0, &[8, 0, 1, 0, 1, 1, 1, 0x11, 0]),
        &segment(0xda, &[1, 1, 0, 0, 63, 0]),
        &[1, 2, 3, 0xff, 0xd9],
    ]
    .concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_tells_no_place_whichever_way_it_came() {
    both(async |database| {
        let served = served(database).await;
        let ticket = ticket(&served).await;
        let file = uploaded(&served, &ticket, "buca.jpg", &photo()).await;
        assert_eq!((&file["media_type"], &file["flags"]), (&json!("image/jpeg"), &json!([])));
        assert_ne!(file["original_sha256"], file["sha256"]);

        let cut = &photo()[..60];
        let damaged = uploaded(&served, &ticket, "rotta.jpg", cut).await;
        assert_eq!(damaged["flags"], json!(["damaged", "metadata_not_removed"]));

        let submitted = submit(&served, "foto", &photo()).await;
        assert_eq!(submitted.status, 201, "{}", submitted.text);
        let refused = submit(&served, "rotta", cut).await;
        assert_eq!(refused.expect(422)["errors"][0]["pointer"], "/files/0");

        for blob in blobs(&served.city, "sha256") {
            let kept = std::fs::read(&blob).unwrap();
            let place = kept.windows(5).any(|five| five == b"Duomo");
            assert!(!place || kept == cut, "{}", blob.display());
        }
        served.city.verifies().await;
    })
    .await;
}

/// A request with a file, as a program sends one.
async fn submit(served: &Served, subject: &str, file: &[u8]) -> Reply {
    let fields = [
        ("form", "generale"),
        ("privacy_accepted", "true"),
        ("name", "Anna"),
        ("surname", "Rossi"),
        ("email", "anna.rossi@mail.example"),
        ("theme", "tributi/tari"),
        ("subject", subject),
        ("text", "Vedi foto"),
    ];
    let mut body = String::new();
    for (name, value) in fields {
        body.push_str(&format!("--xx\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    }
    body.push_str("--xx\r\nContent-Disposition: form-data; name=\"files\"; filename=\"foto.jpg\"\r\n\r\n");
    let body = [body.as_bytes(), file, b"\r\n--xx--\r\n"].concat();
    let request = served.client.post(format!("{}/rest/scrivi/v1/requests", served.base));
    reply(request.header("Content-Type", "multipart/form-data; boundary=xx").body(body)).await
}

/// A mail with a photo and an executable.
fn mail(id: &str) -> Vec<u8> {
    let body = "QQ==";
    let program = "f0VMRgIBAQAAAAAAAAAAAAIAPgABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    format!(
        "Message-ID: <{id}@mail.example>\r\nFrom: Anna Rossi <anna@mail.example>\r\nTo: urp@example.org\r\n\
         Subject: Una buca\r\nDate: Thu, 1 Oct 2026 11:00:00 +0200\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nVedi allegati\r\n\
         --b\r\nContent-Type: application/pdf; name=\"..\\scan.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment\r\n\r\n{body}\r\n\
         --b\r\nContent-Type: image/jpeg; name=gioco.jpg\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment\r\n\r\n{program}\r\n--b--\r\n"
    )
    .into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_by_mail_is_kept_with_its_ticket_whatever_it_is() {
    both(async |database| {
        let served = served(database).await;
        assert_eq!(served.city.take_in("urp", mail("m1")).await.accepted, 1);
        assert_eq!(served.city.take_in("urp", mail("m1")).await.duplicates, 1);
        let ticket = format!("{CRM}/tickets/{}", served.city.ticket().await.id);
        let files = listed(&served, &ticket).await;
        let shown: Vec<_> = files
            .iter()
            .map(|it| (it["name"].as_str().unwrap(), it["media_type"].as_str().unwrap()))
            .collect();
        assert_eq!(shown, [("scan.pdf", "text/plain"), ("gioco.jpg", "application/x-executable")]);
        assert_eq!(files[0]["flags"], json!(["type_mismatch"]));
        assert_eq!(files[1]["flags"], json!(["executable", "type_mismatch"]));
        let given = served.get("operator", &path(&files[1])).await;
        assert_eq!(given.header("content-type"), "application/octet-stream");
        let conversation = served.get("operator", &format!("{ticket}/messages")).await.expect(200);
        assert_eq!(conversation["items"][0]["attachments"].as_array().unwrap().len(), 2);
        assert_eq!(blobs(&served.city, "sha256").len(), 2);
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_carries_files_of_its_ticket() {
    both(async |database| {
        let limits = [("FILO__ATTACHMENTS__MAX_REPLY_MB", "1")];
        let served = Served::of(TestApp::set_up(NOON, database, &limits).await).await;
        served.city.take_in("urp", mail("m1")).await;
        let ticket = format!("{CRM}/tickets/{}", served.city.ticket().await.id);
        served.city.send().await;
        let receipts = served.city.outbox();
        let file = uploaded(&served, &ticket, "modulo perché.pdf", PDF).await;
        let large = uploaded(&served, &ticket, "grande.txt", &[b'x'; 999_990]).await;
        let elsewhere = ticket_on(&served, "counter").await;
        let foreign = uploaded(&served, &elsewhere, "b.pdf", PDF).await;

        let messages = format!("{ticket}/messages");
        let send = async |kind: &str, files: &[&Value]| {
            let ids: Vec<&Value> = files.iter().map(|file| &file["id"]).collect();
            let body = json!({ "kind": kind, "body": "Ecco il modulo.", "attachments": ids });
            served.post("operator", &messages, &body).await
        };
        assert_eq!(send("note", &[&file]).await.expect(422)["errors"][0]["pointer"], "/attachments");
        assert_eq!(
            send("reply", &[&file, &foreign]).await.expect(422)["errors"][0]["pointer"],
            "/attachments/1"
        );
        assert_eq!(
            send("reply", &[&file, &file]).await.expect(422)["errors"][0]["pointer"],
            "/attachments/1"
        );
        assert_eq!(send("reply", &[&file, &large]).await.expect(422)["errors"][0]["pointer"], "/attachments");
        let spoken =
            json!({ "kind": "reply", "body": "Ecco.", "channel": "counter", "attachments": [file["id"]] });
        served.post("operator", &messages, &spoken).await.expect(422);

        let sent = send("reply", &[&file]).await.expect(201);
        assert_eq!(sent["attachments"][0]["id"], file["id"]);
        assert_eq!(served.city.send().await, 1);
        let left: Vec<_> = served.city.outbox().into_iter().filter(|it| !receipts.contains(it)).collect();
        let text = std::fs::read_to_string(&left[0]).unwrap();
        assert!(text.contains("multipart/mixed") && text.contains("Content-Type: application/pdf"), "{text}");
        assert!(text.contains("Content-Disposition: attachment"), "{text}");
        let conversation = served.get("operator", &messages).await.expect(200);
        let shown = conversation["items"].as_array().unwrap();
        let reply = shown.iter().find(|message| message["id"] == sent["id"]).unwrap();
        assert_eq!(reply["attachments"][0]["name"], "modulo perché.pdf");

        served.city.verifies().await;
    })
    .await;
}
