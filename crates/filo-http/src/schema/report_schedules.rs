//! Reports that are made and mailed by themselves.

use utoipa::ToSchema;

use super::At;

/// A schedule of `reports.toml` with what became of it.
#[derive(ToSchema)]
pub struct ReportSchedule {
    /// Its key.
    #[schema(max_length = 100)]
    pub key: String,
    /// The day of the month after, 1 to 28.
    #[schema(minimum = 1, maximum = 28)]
    pub day: i32,
    /// The local time, `HH:MM`.
    #[schema(max_length = 5)]
    pub at: String,
    /// The addresses.
    #[schema(max_items = 1000)]
    pub people: Vec<String>,
    /// The languages, a mail in each.
    #[schema(max_items = 10)]
    pub languages: Vec<String>,
    /// The formats that are attached.
    #[schema(max_items = 10)]
    pub formats: Vec<String>,
    /// Whether the month is closed first.
    pub close: bool,
    /// The mailbox from which it leaves.
    #[schema(max_length = 100)]
    pub source: Option<String>,
    /// When it is due next.
    pub next_due_at: At,
    /// Of which month, `YYYY-MM`.
    #[schema(max_length = 7)]
    pub next_month: String,
    /// Whether something was given up: `retry` tries it again.
    pub failing: bool,
    /// The months that were begun, the newest first.
    #[schema(max_items = 24)]
    pub runs: Vec<ReportRun>,
}

/// A month's report that was made by itself.
#[derive(ToSchema)]
pub struct ReportRun {
    /// `YYYY-MM`.
    #[schema(max_length = 7)]
    pub month: String,
    /// When it was due.
    pub due_at: At,
    /// When it was made; a month that was open is as it was known then.
    pub made_at: Option<At>,
    /// The revision that was mailed; null of a month that was open.
    #[schema(minimum = 1)]
    pub revision: Option<i32>,
    /// Why it was given up.
    #[schema(max_length = 2000)]
    pub last_error: Option<String>,
    /// To whom it went.
    #[schema(max_items = 10000)]
    pub mails: Vec<ReportMail>,
}

/// A mail with a report.
#[derive(ToSchema)]
pub struct ReportMail {
    /// To whom.
    #[schema(max_length = 254)]
    pub recipient: String,
    /// In which language.
    #[schema(max_length = 10)]
    pub language: String,
    /// `queued`, `sent` or `failed`.
    #[schema(max_length = 10)]
    pub state: String,
    /// When it left.
    pub sent_at: Option<At>,
    /// Why it was given up.
    #[schema(max_length = 2000)]
    pub last_error: Option<String>,
}

/// Which month's report to try again.
#[derive(ToSchema)]
pub struct RetryReport {
    /// `YYYY-MM`.
    #[schema(max_length = 7, pattern = "^[0-9]{4}-[0-9]{2}$")]
    pub month: String,
}
