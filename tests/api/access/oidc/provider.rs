//! The provider's process.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

/// The secret that Filo has at the provider: what a form and basic credentials must encode.
pub(super) const SECRET: &str = "una parola tra noi: +%/&=";

/// Where the provider tells the groups, and how it knows Filo.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// In the ID token; the secret is in the header.
    Token,
    /// At the userinfo endpoint; the secret is in the body.
    Userinfo,
}

/// A provider that runs until it is dropped.
pub(super) struct Provider {
    child: Child,
    pub(super) issuer: String,
}

impl Provider {
    /// Starts it; it sends browsers back to `redirect`.
    pub(super) fn start(kind: Kind, redirect: &str) -> Self {
        Self::at(kind, redirect, "0")
    }

    /// Ends, and starts anew at the same address: with other keys.
    pub(super) fn again(self, kind: Kind, redirect: &str) -> Self {
        let port = self.issuer.rsplit_once(':').unwrap().1.to_owned();
        drop(self);
        Self::at(kind, redirect, &port)
    }

    fn at(kind: Kind, redirect: &str, port: &str) -> Self {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        let tools = root.join("target/tools/oidc-provider-node");
        assert!(tools.join("node_modules").is_dir(), "the provider is missing: run scripts/install-tools");
        let (claims, auth) = match kind {
            Kind::Token => ("token", "client_secret_basic"),
            Kind::Userinfo => ("userinfo", "client_secret_post"),
        };
        let mut child = Command::new(root.join("scripts/with-node"))
            .arg("node")
            .arg(root.join("tests/oidc-provider/server.mjs"))
            .env("OIDC_TOOLS", &tools)
            .env("OIDC_SECRET", SECRET)
            .env("OIDC_REDIRECT", redirect)
            .env("OIDC_CLAIMS", claims)
            .env("OIDC_AUTH", auth)
            .env("OIDC_PORT", port)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: serde_json::Value =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("the provider did not start: {error}"));
        Self { issuer: told["issuer"].as_str().unwrap().to_owned(), child }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
