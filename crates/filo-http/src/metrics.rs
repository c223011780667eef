//! Figures about the machine, as Prometheus text, on an address of their own. Figures about the city are reports.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actix_web::{HttpResponse, http::StatusCode, web::Data};

use crate::State;

/// Counters since the start.
#[derive(Default)]
pub(crate) struct Metrics {
    answers: [AtomicU64; 5],
    took_us: AtomicU64,
    logins_refused: AtomicU64,
    rate_limited: AtomicU64,
    webhooks_refused: Mutex<BTreeMap<String, u64>>,
}

impl Metrics {
    pub(crate) fn answered(&self, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.answers.get(class) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        self.took_us.fetch_add(u64::try_from(took.as_micros()).unwrap_or(0), Ordering::Relaxed);
    }
    pub(crate) fn login_refused(&self) {
        self.logins_refused.fetch_add(1, Ordering::Relaxed);
    }
    pub(crate) fn limited(&self) {
        self.rate_limited.fetch_add(1, Ordering::Relaxed);
    }
    /// A body whose signature was wrong; `source` is configured, so the list stays short.
    pub(crate) fn webhook_refused(&self, source: &str) {
        let mut refused = self.webhooks_refused.lock().unwrap_or_else(PoisonError::into_inner);
        *refused.entry(source.to_owned()).or_default() += 1;
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::from("# TYPE filo_http_answers_total counter\n");
        for (class, counter) in self.answers.iter().enumerate() {
            let count = counter.load(Ordering::Relaxed);
            let _infallible = writeln!(text, "filo_http_answers_total{{class=\"{}xx\"}} {count}", class + 1);
        }
        let took_us = self.took_us.load(Ordering::Relaxed);
        let seconds = format!("{}.{:06}", took_us / 1_000_000, took_us % 1_000_000);
        let simple = [
            ("filo_http_answer_seconds_total", seconds),
            ("filo_logins_refused_total", self.logins_refused.load(Ordering::Relaxed).to_string()),
            ("filo_rate_limited_total", self.rate_limited.load(Ordering::Relaxed).to_string()),
        ];
        for (name, value) in simple {
            let _infallible = writeln!(text, "# TYPE {name} counter\n{name} {value}");
        }
        text.push_str("# TYPE filo_webhook_refused_total counter\n");
        let refused = self.webhooks_refused.lock().unwrap_or_else(PoisonError::into_inner);
        for (source, count) in refused.iter() {
            let _infallible = writeln!(text, "filo_webhook_refused_total{{source=\"{source}\"}} {count}");
        }
        text
    }
}

/// `GET /metrics`.
pub(crate) async fn metrics(state: Data<State>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(state.metrics.text())
}
