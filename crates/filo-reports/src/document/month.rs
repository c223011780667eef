//! What a monthly report says of itself.

use filo_indicators::report::{MonthlyReport, ReportState, Twin};

use super::{DocumentError, Fact, Header, Opening, Others, Periods};
use crate::words::{MissingText, Words};

pub(super) fn header(report: &MonthlyReport, words: &Words) -> Result<Header, DocumentError> {
    let periods = periods(report, words)?;
    let pending = &report.pending_differences.by_source;
    let named = |(source, count): (&String, &u64)| (words.row("/email/by_mailbox", source), *count);
    Ok(Header {
        title: words.fill("report.title", &[("period", &periods.own)])?,
        periods,
        state: state(report, words)?,
        reason: report.reason.clone(),
        as_of: words.instant(report.as_of)?,
        notices: notices(report, words)?,
        pending: pending.iter().map(named).collect(),
        opening: Opening::explain(&report.period.month, "/phone/abandoned"),
        attached: words.text("report.attached")?.to_owned(),
        made_with: words.text("report.made_with")?.to_owned(),
        made_at: report.generated_at,
        inputs: Some(report.inputs_sha256.clone()),
        stem: report.file_stem(),
    })
}

fn periods(report: &MonthlyReport, words: &Words) -> Result<Periods, MissingText> {
    let compared = |twin: &Twin| words.month(twin.month.as_deref().unwrap_or_default());
    Ok(Periods {
        own: words.month(&report.period.month)?,
        others: Some(Others {
            previous: compared(&report.comparison.previous_month)?,
            last_year: compared(&report.comparison.same_month_last_year)?,
            year_to_date: words.year_to_date(report)?,
        }),
    })
}

fn state(report: &MonthlyReport, words: &Words) -> Result<String, MissingText> {
    match report.state {
        ReportState::Open => words.text("report.state.open").map(str::to_owned),
        ReportState::Closed => {
            let revision = report.revision.unwrap_or_default().to_string();
            words.fill("report.state.closed", &[("revision", &revision)])
        }
    }
}

fn notices(report: &MonthlyReport, words: &Words) -> Result<Vec<String>, MissingText> {
    let mut notices = Vec::new();
    if report.state == ReportState::Open {
        notices.push(words.text("report.open_notice")?.to_owned());
    }
    if report.state == ReportState::Open && report.as_of < report.period.to {
        notices.push(words.text("report.unfinished_notice")?.to_owned());
    }
    let count = report.pending_differences.count;
    if count > 0 {
        notices.push(words.fill("report.pending_notice", &[("count", &count.to_string())])?);
    }
    if let Some(waiting) = report.quarantine.as_ref().filter(|waiting| waiting.count > 0) {
        let named =
            |(source, count): (&String, &u64)| format!("{}: {count}", words.row("/email/by_mailbox", source));
        let sources: Vec<String> = waiting.by_source.iter().map(named).collect();
        let parts = [("count", waiting.count.to_string()), ("sources", sources.join("; "))];
        let parts = parts.each_ref().map(|(name, value)| (*name, value.as_str()));
        notices.push(words.fill("report.quarantine_notice", &parts)?);
    }
    Ok(notices)
}

/// Where it comes from.
pub(super) fn about(report: &MonthlyReport, words: &Words) -> Result<Vec<Fact>, DocumentError> {
    let fact = |term: &str, detail: String| Fact::of(term, detail, words);
    let own = words.month(&report.period.month)?;
    let mut facts = vec![
        fact("period", format!("{own} ({})", report.period.zone))?,
        fact("state", state(report, words)?)?,
    ];
    if let Some(reason) = &report.reason {
        facts.push(fact("reason", reason.clone())?);
    }
    facts.push(fact("as_of", words.instant(report.as_of)?)?);
    facts.push(fact("generated_at", words.instant(report.generated_at)?)?);
    facts.extend(Fact::of_inputs(&report.definitions, &report.inputs_sha256, words)?);
    facts.push(match &report.chain_root {
        Some(root) => Fact::coded("chain_root", root, words)?,
        None => fact("chain_root", words.text("report.number.unknown")?.to_owned())?,
    });
    facts.push(fact("pending", report.pending_differences.count.to_string())?);
    if let Some(waiting) = &report.quarantine {
        facts.push(fact("quarantine", waiting.count.to_string())?);
    }
    Ok(facts)
}
