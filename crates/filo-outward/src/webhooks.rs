//! Posting webhooks: the HTTP client, and the addresses that it never posts to.
//!
//! **Invariant:** nobody who may subscribe can make Filo speak to a machine that only Filo can reach. Addresses are
//! checked when they are connected to, not when they are given, so that a name that changes its mind is of no use;
//! redirects are not followed, proxies of the environment not used.

mod public;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use filo_app::{PostWebhook, SignedWebhook, WebhookAnswer};
use reqwest::{
    Client, Response, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{CONTENT_TYPE, RETRY_AFTER},
    redirect::Policy,
};
use url::Host;

use public::is_public;

const CONNECTING: Duration = Duration::from_secs(5);
/// Of an answer so many bytes are read.
const READ: usize = 1_000;

/// Where webhooks may go besides public addresses by HTTPS.
#[derive(Clone, Debug)]
pub struct WebhookRules {
    /// Whether private and local addresses are allowed, and plain HTTP to this machine.
    pub allow_private: bool,
    /// Hosts that may be posted to by plain HTTP and at private addresses.
    pub allowed_hosts: Vec<String>,
    /// An attempt may take so long, whatever the receiver does meanwhile.
    pub timeout: Duration,
}

impl WebhookRules {
    fn is_allowed(&self, host: &str) -> bool {
        self.allowed_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host))
    }
    fn may_connect(&self, host: &str, address: SocketAddr) -> bool {
        self.allow_private || self.is_allowed(host) || is_public(address.ip())
    }
    fn check(&self, text: &str) -> Result<Url, String> {
        let url = Url::parse(text)
            .map_err(|error| format!("must be an address such as https://host/path: {error}"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not hold a user or password: messages are signed".to_owned());
        }
        let host = url.host().ok_or("must name a host")?.to_owned();
        let name = url.host_str().unwrap_or_default();
        let (address, local) = match &host {
            Host::Ipv4(ip) => (Some(std::net::IpAddr::V4(*ip)), ip.is_loopback()),
            Host::Ipv6(ip) => (Some(std::net::IpAddr::V6(*ip)), ip.is_loopback()),
            Host::Domain(name) => (None, name.eq_ignore_ascii_case("localhost")),
        };
        match url.scheme() {
            "https" => {}
            "http" if local || self.is_allowed(name) => {}
            _ => return Err("must begin with https://".to_owned()),
        }
        let private = address.is_some_and(|ip| !is_public(ip)) || local;
        if private && !self.allow_private && !self.is_allowed(name) {
            return Err(
                "must not be a private or local address (webhooks.allow_private, webhooks.allowed_hosts)"
                    .to_owned(),
            );
        }
        Ok(url)
    }
}

/// Looks names up, and gives only the addresses that may be posted to.
struct Guarded(Arc<WebhookRules>);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let rules = Arc::clone(&self.0);
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let all: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> =
                all.into_iter().filter(|address| rules.may_connect(&host, *address)).collect();
            if allowed.is_empty() {
                return Err("the name has private or local addresses only".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Posts webhooks by HTTP.
pub struct HttpWebhooks {
    client: Client,
    rules: Arc<WebhookRules>,
}

impl HttpWebhooks {
    /// A client with these rules.
    ///
    /// # Errors
    /// A machine without TLS roots.
    pub fn new(rules: WebhookRules) -> Result<Self, reqwest::Error> {
        let rules = Arc::new(rules);
        let client = Client::builder()
            .timeout(rules.timeout)
            .connect_timeout(CONNECTING)
            .redirect(Policy::none())
            .no_proxy()
            .user_agent(concat!("filo/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(Guarded(Arc::clone(&rules))))
            .build()?;
        Ok(Self { client, rules })
    }
}

#[async_trait]
impl PostWebhook for HttpWebhooks {
    fn check(&self, url: &str) -> Result<(), String> {
        self.rules.check(url).map(|_url| ())
    }

    async fn post(&self, message: &SignedWebhook) -> Result<WebhookAnswer, String> {
        // Again at each attempt: the rules may have become stricter, and an address in digits is not looked up.
        let url = self.rules.check(&message.url).map_err(|reason| format!("the address {reason}"))?;
        let sent = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", message.timestamp)
            .header("webhook-signature", &message.signature)
            .body(message.body.clone())
            .send()
            .await;
        let response = sent.map_err(|error| words(&error))?;
        let retry_after = response.headers().get(RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(WebhookAnswer { status: response.status().as_u16(), retry_after, text: beginning(response).await })
    }
}

/// The beginning of an answer; what is not read is not waited for.
async fn beginning(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < READ {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    bytes.truncate(READ);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What went wrong, down to its cause, without the address: it may hold a token.
fn words(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "nobody answered in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    format!("the connection failed: {cause}")
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    fn rules(allow_private: bool, allowed_hosts: &[&str]) -> WebhookRules {
        let allowed_hosts = allowed_hosts.iter().map(|host| (*host).to_owned()).collect();
        WebhookRules { allow_private, allowed_hosts, timeout: Duration::from_secs(1) }
    }
    fn message(url: &str) -> SignedWebhook {
        SignedWebhook {
            url: url.to_owned(),
            id: "1".to_owned(),
            timestamp: 0,
            signature: "v1,abc".to_owned(),
            body: "{}".to_owned(),
        }
    }

    /// Answers each request with a text, again and again where that has no end; gives its address and what was asked.
    async fn receiver(answer: &'static str, endless: bool) -> (String, Arc<std::sync::Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let asked: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&asked);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut bytes = vec![0; 4096];
                let read = stream.read(&mut bytes).await.unwrap();
                bytes.truncate(read);
                kept.lock().unwrap().push(String::from_utf8(bytes).unwrap());
                // Whoever asked may hang up.
                let mut written = stream.write_all(answer.as_bytes()).await;
                while endless && written.is_ok() {
                    written = stream.write_all(&[b'x'; 4096]).await;
                }
                tokio::spawn(async move { stream.read(&mut [0]).await });
            }
        });
        (url, asked)
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_is_not_followed() {
        let text =
            "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n";
        let (url, asked) = receiver(text, false).await;
        let answer = HttpWebhooks::new(rules(true, &[])).unwrap().post(&message(&url)).await.unwrap();
        assert_eq!((answer.status, answer.retry_after.as_deref()), (302, Some("7")));
        let asked = asked.lock().unwrap();
        assert!(asked.len() == 1 && asked[0].starts_with("POST /hook HTTP/1.1\r\n"), "{asked:?}");
        assert!(asked[0].contains("webhook-signature: v1,abc\r\n"), "{asked:?}");
    }

    #[tokio::test]
    async fn of_an_answer_without_end_the_beginning_is_read() {
        let (url, _) = receiver("HTTP/1.1 200 OK\r\n\r\n", true).await;
        let answer = HttpWebhooks::new(rules(true, &[])).unwrap().post(&message(&url)).await.unwrap();
        assert_eq!((answer.status, answer.text.len()), (200, READ));
    }

    #[tokio::test]
    async fn who_does_not_answer_is_not_waited_for() {
        let (url, _) = receiver("HTTP/1.1 200", false).await;
        let started = Instant::now();
        let error = HttpWebhooks::new(rules(true, &[])).unwrap().post(&message(&url)).await.unwrap_err();
        assert_eq!(error, "nobody answered in time");
        assert!(started.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn public_https_is_taken_and_everything_else_refused() {
        let rules = rules(false, &[]);
        for url in
            ["https://hooks.example/filo?token=x", "https://93.184.216.34/", "https://hooks.example:8443/"]
        {
            assert!(rules.check(url).is_ok(), "{url}");
        }
        for url in [
            "http://hooks.example/",
            "https://user:pw@hooks.example/",
            "ftp://hooks.example/",
            "hooks",
            "https://127.0.0.1/",
            "https://10.1.2.3/",
            "https://[::1]/",
            "https://[fd00::1]/",
            "https://localhost/",
            "http://127.0.0.1:9000/",
            "https://169.254.169.254/latest/meta-data",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://[::ffff:10.0.0.1]/",
            "file:///etc/passwd",
        ] {
            assert!(rules.check(url).is_err(), "{url}");
        }
    }

    #[test]
    fn what_is_configured_may_be_plain_and_private() {
        let named = rules(false, &["desk.intranet", "10.1.2.3"]);
        assert!(
            named.check("http://desk.intranet/hook").is_ok() && named.check("http://10.1.2.3/hook").is_ok()
        );
        assert!(
            named.check("http://other.intranet/hook").is_err() && named.check("https://10.1.2.4/").is_err()
        );
        let open = rules(true, &[]);
        assert!(open.check("http://127.0.0.1:9000/").is_ok() && open.check("https://10.1.2.3/").is_ok());
        assert!(open.check("http://10.1.2.3/").is_err());
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_connected_to() {
        let guarded = Guarded(Arc::new(rules(false, &[])));
        let name: Name = "localhost".parse().unwrap();
        assert!(guarded.resolve(name).await.is_err());
        let (url, asked) = receiver("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false).await;
        // Past the check of the text, which knows this name.
        let client = HttpWebhooks::new(rules(false, &[])).unwrap().client;
        let sent = client.post(url.replace("127.0.0.1", "localhost")).send().await;
        assert!(words(&sent.unwrap_err()).contains("private or local addresses only"));
        assert!(asked.lock().unwrap().is_empty());
    }
}
