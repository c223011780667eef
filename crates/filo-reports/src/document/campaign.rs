//! What a campaign's report says of itself.

use filo_indicators::campaign::{Campaign, CampaignReport, Subject};

use super::{DocumentError, Fact, Header, Opening, Periods};
use crate::words::{MissingText, Words};

pub(super) fn header(report: &CampaignReport, words: &Words) -> Result<Header, DocumentError> {
    let span = span(&report.campaign, words)?;
    let unfinished = report.as_of < report.to;
    let notice = unfinished.then(|| words.text("report.campaign.unfinished_notice")).transpose()?;
    Ok(Header {
        title: words.fill("report.campaign.title", &[("label", &report.campaign.label)])?,
        periods: Periods::alone(span),
        state: subject(&report.campaign.subject, words)?,
        reason: None,
        as_of: words.instant(report.as_of)?,
        notices: notice.into_iter().map(str::to_owned).collect(),
        pending: vec![],
        opening: Opening {
            before: "GET /reports/campaigns/{id}/contacts?pointer=".to_owned(),
            after: String::new(),
            example: "/levels/II/active",
        },
        attached: words.text("report.campaign.attached")?.to_owned(),
        made_with: words.text("report.made_with")?.to_owned(),
        made_at: report.as_of,
        inputs: Some(report.inputs_sha256.clone()),
        stem: report.file_stem(),
    })
}

/// `dal 1 al …`: both its days are its own.
fn span(campaign: &Campaign, words: &Words) -> Result<String, MissingText> {
    let last = campaign.to.yesterday().unwrap_or(campaign.to);
    let (from, to) = (words.day(&campaign.from.to_string())?, words.day(&last.to_string())?);
    words.fill("report.campaign.span", &[("from", &from), ("to", &to)])
}

/// `Tema: TARI`
fn subject(subject: &Subject, words: &Words) -> Result<String, MissingText> {
    let name = match subject {
        Subject::Tag(tag) => tag.clone(),
        Subject::Theme(theme) => words.row("/themes", theme),
        Subject::Unit(unit) => words.row("/units", unit),
    };
    words.fill(&format!("report.campaign.subject.{}", subject.word()), &[("name", &name)])
}

/// Where it comes from.
pub(super) fn about(report: &CampaignReport, words: &Words) -> Result<Vec<Fact>, DocumentError> {
    let span = format!("{} ({})", span(&report.campaign, words)?, report.zone);
    let mut facts = vec![
        Fact::of("subject", subject(&report.campaign.subject, words)?, words)?,
        Fact::of("period", span, words)?,
        Fact::of("as_of", words.instant(report.as_of)?, words)?,
    ];
    facts.extend(Fact::of_inputs(&report.definitions, &report.inputs_sha256, words)?);
    Ok(facts)
}
