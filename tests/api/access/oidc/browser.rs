//! As much of a browser as a log-in needs: cookies, redirections, forms.

use std::collections::BTreeMap;

use reqwest::{Method, Response, StatusCode, Url, header};

use crate::support::http::Reply;

const FORM: &str = "application/x-www-form-urlencoded";

/// Cookies by host.
#[derive(Clone, Default)]
pub(super) struct Browser {
    cookies: BTreeMap<String, BTreeMap<String, String>>,
}

impl Browser {
    /// Walks to the provider, fills in its forms as `NAME+GROUP+GROUP`, and stops where it is sent back to.
    pub(super) async fn walk(&mut self, start: &str, login: &str, until: &str) -> String {
        let (mut url, mut form) = (Url::parse(start).unwrap(), None::<String>);
        for _ in 0..20 {
            let method = if form.is_some() { Method::POST } else { Method::GET };
            let response = self.send(method, &url, form.take().map(|form| (FORM, form))).await;
            if response.status().is_redirection() {
                let next = url.join(response.headers()[header::LOCATION].to_str().unwrap()).unwrap();
                if next.as_str().starts_with(until) {
                    return next.into();
                }
                url = next;
                continue;
            }
            assert_eq!(response.status(), StatusCode::OK, "{url}");
            let page = response.text().await.unwrap();
            let value = |before: &str| page.split(before).nth(1).and_then(|rest| rest.split('"').next());
            let mut names = login.split('+');
            let name = names.next().unwrap();
            form = Some(match value("name=\"prompt\" value=\"") {
                Some("login") => {
                    let groups: String = names.map(|group| format!("&group={group}")).collect();
                    self.get(url.join(&format!("/test/groups?name={name}{groups}")).unwrap().as_str()).await;
                    format!("prompt=login&login={name}&password=x")
                }
                Some(prompt) => format!("prompt={prompt}"),
                None => panic!("no form at {url}: {page}"),
            });
            url = url.join(value("action=\"").unwrap()).unwrap();
        }
        panic!("the provider sends the browser around for ever");
    }

    pub(super) async fn get(&mut self, url: &str) -> Reply {
        reply(self.send(Method::GET, &Url::parse(url).unwrap(), None).await).await
    }

    /// What a page's script sends.
    pub(super) async fn post(&mut self, url: &str, body: &serde_json::Value) -> Reply {
        let json = ("application/json", body.to_string());
        reply(self.send(Method::POST, &Url::parse(url).unwrap(), Some(json)).await).await
    }

    async fn send(&mut self, method: Method, url: &Url, body: Option<(&str, String)>) -> Response {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let mut request = client.request(method, url.clone());
        let place = url.authority().to_owned();
        if let Some(kept) = self.cookies.get(&place) {
            let pairs: Vec<String> = kept.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, pairs.join("; "));
        }
        if let Some((kind, body)) = body {
            request = request.header(header::CONTENT_TYPE, kind).body(body);
        }
        let response = request.send().await.unwrap();
        let kept = self.cookies.entry(place).or_default();
        for set in response.headers().get_all(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                kept.remove(name);
            } else {
                kept.insert(name.to_owned(), value.to_owned());
            }
        }
        response
    }
}

async fn reply(response: Response) -> Reply {
    let (status, headers) = (response.status(), response.headers().clone());
    Reply { status, headers, text: response.text().await.unwrap() }
}
