//! A real ClamAV looks at files: what is infected never leaves, and a person finds it in the quarantine.

use super::*;

/// What every scanner of a test finds, put together so that no scanner finds it here.
fn eicar() -> Vec<u8> {
    [r"X5O!P%@AP[4\PZX54(P^)7CC)7}", "$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!", "$H+H*"].concat().into_bytes()
}

/// The daemon of `scripts/with-clamd`.
#[expect(clippy::disallowed_methods, reason = "the daemon is named by the script that starts it")]
fn clamd() -> Option<String> {
    let address = std::env::var("FILO_TEST_CLAMD").ok();
    if address.is_none() {
        eprintln!("not checked: FILO_TEST_CLAMD names no ClamAV daemon (scripts/with-clamd starts one)");
    }
    address
}

async fn scanned_by(database: Database, clamd: &str) -> Served {
    let settings = [("FILO__ATTACHMENTS__CLAMD", clamd)];
    Served::of(TestApp::set_up(NOON, database, &settings).await).await
}

async fn state(served: &Served, file: &Value) -> Value {
    served.get("operator", &format!("{}/metadata", path(file))).await.expect(200)["scan"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaves_before_it_was_found_clean() {
    let Some(clamd) = clamd() else { return };
    both(async |database| {
        let served = scanned_by(database, &clamd).await;
        served.city.take_in("urp", mail("m1")).await;
        served.city.send().await;
        let ticket = format!("{CRM}/tickets/{}", served.city.ticket().await.id);
        let file = uploaded(&served, &ticket, "a.pdf", PDF).await;
        assert_eq!(file["scan"], "pending");
        assert_eq!(
            served.get("operator", &path(&file)).await.expect(409)["type"],
            "/problems/attachment-not-scanned"
        );
        let reply = json!({ "kind": "reply", "body": "Ecco.", "attachments": [file["id"]] });
        served.post("operator", &format!("{ticket}/messages"), &reply).await.expect(409);
        served.city.send().await;
        assert_eq!(state(&served, &file).await, "clean");
        assert_eq!(served.get("operator", &path(&file)).await.text.as_bytes(), PDF);
        served.post("operator", &format!("{ticket}/messages"), &reply).await.expect(201);
        // The verdict is the content's: the same one again is not scanned anew.
        assert_eq!(uploaded(&served, &ticket, "b.pdf", PDF).await["scan"], "clean");
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_infected_goes_to_quarantine_and_is_not_lost() {
    let Some(clamd) = clamd() else { return };
    both(async |database| {
        let served = scanned_by(database, &clamd).await;
        let ticket = ticket(&served).await;
        let file = uploaded(&served, &ticket, "fattura.txt", &eicar()).await;
        served.city.send().await;
        assert_eq!(state(&served, &file).await, "infected");
        assert_eq!(
            served.get("operator", &path(&file)).await.expect(409)["type"],
            "/problems/attachment-infected"
        );
        assert_eq!((blobs(&served.city, "sha256").len(), blobs(&served.city, "quarantine").len()), (0, 1));
        assert_eq!(std::fs::read(&blobs(&served.city, "quarantine")[0]).unwrap(), eicar());
        served.city.verifies().await;

        let units = served.get("supervisor", &format!("{CRM}/quarantine")).await.expect(200);
        let unit = &units["items"][0];
        assert_eq!((&unit["reason"], &unit["source"]), (&json!("infected"), &json!("attachment")));
        let retry = format!("{CRM}/quarantine/{}/retry", unit["id"].as_str().unwrap());
        let still = served.post("supervisor", &retry, &json!({})).await.expect(200);
        assert_eq!((&still["released"], &still["reason"]), (&json!(false), &json!("infected")));

        // The same content again is known for what it is, and never among the others.
        let again = uploaded(&served, &ticket, "b.txt", &eicar()).await;
        assert_eq!(again["scan"], "infected");
        assert!(blobs(&served.city, "sha256").is_empty());
        served.city.verifies().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_that_is_away_is_asked_again_and_what_came_before_it_is_scanned() {
    let Some(clamd) = clamd() else { return };
    both(async |database| {
        let served = scanned_by(database, "unix:/nonexistent/clamd.ctl").await;
        let ticket = ticket(&served).await;
        let file = uploaded(&served, &ticket, "a.pdf", PDF).await;
        served.city.send().await;
        assert_eq!(state(&served, &file).await, "pending");
        served.get("operator", &path(&file)).await.expect(409);
        served.city.verifies().await;
    })
    .await;
    both(async |database| {
        let served = served(database).await;
        let ticket = ticket(&served).await;
        let file = uploaded(&served, &ticket, "a.pdf", PDF).await;
        assert_eq!(state(&served, &file).await, "not_scanned");
        let settings = [("FILO__ATTACHMENTS__CLAMD", clamd.as_str())];
        let scanned = served.city.again(&settings).await;
        scanned.maintain(served.city.now()).await.unwrap();
        assert_eq!(scanned.send_due(served.city.now(), 100).await.unwrap(), 1);
        assert_eq!(state(&served, &file).await, "clean");
    })
    .await;
}
