//! Log-ins: the second factor, throttling, refresh tokens, keys, users.

mod factor;
mod keys;
mod oidc;
mod refresh;
mod throttle;
mod units;
mod users;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::http::{CRM, PASSWORD, Reply, Served};

/// Where a request seems to come from, with a proxy in front.
const OFFICE: &str = "192.0.2.10";

async fn log_in(served: &Served, name: &str, password: &str, otp: Option<&str>) -> Reply {
    log_in_from(served, OFFICE, name, password, otp).await
}

async fn log_in_from(served: &Served, address: &str, name: &str, password: &str, otp: Option<&str>) -> Reply {
    let mut body = json!({ "username": name, "password": password });
    if let Some(otp) = otp {
        body["otp"] = json!(otp);
    }
    let path = format!("{CRM}/auth/login");
    served.send_with("", Method::POST, &path, Some(&body), &[("X-Forwarded-For", address)]).await
}

/// A request with a token of one's own.
async fn with(served: &Served, token: &str, method: Method, path: &str, body: Option<&Value>) -> Reply {
    let bearer = format!("Bearer {token}");
    let path = format!("{CRM}{path}");
    served
        .send_with("", method, &path, body, &[("Authorization", &bearer), ("X-Forwarded-For", OFFICE)])
        .await
}

/// What the audit log holds, oldest first, from an instant on.
async fn audited(served: &Served, actions: &[&str]) -> Vec<String> {
    let log = served.get("admin", &format!("{CRM}/audit-log?limit=200")).await.expect(200);
    let mut found: Vec<String> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].as_str().unwrap().to_owned())
        .filter(|action| actions.contains(&action.as_str()))
        .collect();
    found.reverse();
    found
}

async fn tokens(served: &Served, name: &str) -> Value {
    log_in(served, name, PASSWORD, None).await.expect(200)
}
