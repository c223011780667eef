//! One call detail record, its columns found by position or by name.

use filo_domain::{CityZone, Instant};

use crate::local_time::{LocalTime, Span, epoch_of_id};

/// `cdr_csv` up to where the options of the exchange begin to add columns.
const CDR_CSV: &[&str] = &[
    "accountcode",
    "src",
    "dst",
    "dcontext",
    "clid",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "start",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
];
/// `newcdrcolumns`.
const NEW_COLUMNS: &[&str] = &["peeraccount", "linkedid", "sequence"];
const CDR_CUSTOM: &[&str] = &[
    "clid",
    "src",
    "dst",
    "dcontext",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "start",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
    "accountcode",
    "uniqueid",
    "userfield",
    "sequence",
];
/// What databases and their exports call a column.
const ALIASES: &[(&str, &str)] = &[("calldate", "start"), ("answerdate", "answer"), ("enddate", "end")];

/// The name of each column.
#[derive(Clone, Debug)]
pub(super) struct Columns(Vec<String>);

impl Columns {
    /// The columns that a header row names; `None` when the row is no header.
    pub(super) fn of_header(fields: &[String]) -> Option<Self> {
        let names: Vec<String> = fields.iter().map(|field| column_name(field)).collect();
        let needed = ["start", "disposition", "duration"];
        needed.iter().all(|name| names.iter().any(|own| own == name)).then_some(Self(names))
    }
    /// The columns of `cdr_csv`: 16, then `uniqueid` and `userfield` where logged, then the new ones.
    pub(super) fn cdr_csv(fields: &[String]) -> Self {
        let extra = fields.len().saturating_sub(CDR_CSV.len());
        let with_new = extra >= NEW_COLUMNS.len();
        let options: &[&str] = match extra - if with_new { NEW_COLUMNS.len() } else { 0 } {
            0 => &[],
            1 if fields.get(CDR_CSV.len()).is_some_and(|id| looks_like_id(id)) => &["uniqueid"],
            1 => &["userfield"],
            _ => &["uniqueid", "userfield"],
        };
        let new: &[&str] = if with_new { NEW_COLUMNS } else { &[] };
        Self::named([CDR_CSV, options, new].concat())
    }
    pub(super) fn cdr_custom() -> Self {
        Self::named(CDR_CUSTOM.to_vec())
    }
    /// Whether a row has times and a disposition where these columns say.
    pub(super) fn confirmed_by(&self, fields: &[String]) -> bool {
        let time = |name| self.field(fields, name).is_some_and(|text| text.len() >= 16 && text.contains(':'));
        time("start")
            && time("end")
            && self.field(fields, "disposition").and_then(Disposition::parse).is_some()
    }
    fn named(names: Vec<&str>) -> Self {
        Self(names.into_iter().map(ToOwned::to_owned).collect())
    }
    pub(super) fn field<'a>(&self, fields: &'a [String], name: &str) -> Option<&'a str> {
        let place = self.0.iter().position(|own| own == name)?;
        fields.get(place).map(String::as_str).filter(|text| !text.is_empty())
    }
}

fn column_name(field: &str) -> String {
    let name = field.trim().to_ascii_lowercase();
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, known)| (*known).to_owned())
}

/// `1362424276.20`, with or without the system's name before it.
fn looks_like_id(text: &str) -> bool {
    let tail = text.rsplit('-').next().unwrap_or_default();
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    tail.split_once('.').is_some_and(|(epoch, counter)| digits(epoch) && digits(counter))
}

/// What the exchange says became of the row's channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disposition {
    Answered,
    NoAnswer,
    Busy,
    /// `FAILED` or `CONGESTION`.
    Failed,
}

impl Disposition {
    fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_uppercase().as_str() {
            "ANSWERED" | "ANSWER" => Some(Self::Answered),
            "NO ANSWER" | "NOANSWER" => Some(Self::NoAnswer),
            "BUSY" => Some(Self::Busy),
            "FAILED" | "CONGESTION" => Some(Self::Failed),
            _ => None,
        }
    }
}

/// One record, its times as instants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) line: usize,
    /// `linkedid`, in older files `uniqueid`, in those without either the channel's own name.
    pub(super) call_id: String,
    /// What tells rows of one call apart, to know one that was written twice.
    pub(super) key: [String; 3],
    pub(super) src: String,
    pub(super) clid: String,
    pub(super) dst: String,
    pub(super) dstchannel: String,
    /// The queue's name, where the last application was a queue.
    pub(super) queue: Option<String>,
    pub(super) start: Instant,
    /// The start is a guess in the hour that the clocks show twice.
    pub(super) ambiguous: bool,
    pub(super) answer: Option<Instant>,
    pub(super) end: Instant,
    pub(super) billsec: Option<i64>,
    pub(super) disposition: Disposition,
    /// Whether the last application was to reach a person, or any channel at all was reached.
    pub(super) beyond_machine: bool,
    /// What the caller chose, where a column says it.
    pub(super) choice: Option<String>,
}

impl Row {
    pub(super) fn read(
        line: usize,
        fields: &[String],
        columns: &Columns,
        zone: &CityZone,
    ) -> Result<Self, &'static str> {
        let text = |name: &str| columns.field(fields, name).unwrap_or_default().to_owned();
        let time = |name: &str| columns.field(fields, name).and_then(|text| LocalTime::parse(text, zone));
        let seconds = |name: &str| text(name).parse::<i64>().ok().filter(|seconds| *seconds >= 0);
        let start = time("start").ok_or("the start is no time")?;
        let disposition = Disposition::parse(&text("disposition")).ok_or("the disposition is not known")?;
        let id = [text("linkedid"), text("uniqueid"), text("channel")].into_iter().find(|id| !id.is_empty());
        let call_id = id.ok_or("neither linkedid, uniqueid nor channel")?;
        let made_at = epoch_of_id(&text("uniqueid")).or_else(|| epoch_of_id(&call_id));
        let span = Span::of(start, time("end"), seconds("duration"), made_at);
        let end = span.end.ok_or("neither end nor duration")?;
        Ok(Self {
            line,
            call_id,
            key: [text("uniqueid"), text("sequence"), text("dstchannel")],
            src: text("src"),
            clid: text("clid"),
            dst: text("dst"),
            dstchannel: text("dstchannel"),
            queue: text("lastapp").eq_ignore_ascii_case("queue").then(|| queue_name(&text("lastdata"))),
            start: span.start,
            ambiguous: span.ambiguous,
            answer: answer(time("answer"), end, seconds("billsec"), disposition),
            end,
            billsec: seconds("billsec"),
            disposition,
            beyond_machine: !text("dstchannel").is_empty() || reaches_people(&text("lastapp")),
            choice: None,
        })
    }
}

/// Applications that ring somebody or take a message for somebody: with them a call left the menu.
fn reaches_people(application: &str) -> bool {
    ["dial", "queue", "followme", "page", "voicemail"].iter().any(|own| application.eq_ignore_ascii_case(own))
}

/// The application's data begin with the queue's name; old versions put pipes between.
fn queue_name(data: &str) -> String {
    data.split([',', '|']).next().unwrap_or_default().trim().to_owned()
}

/// The answer, in the reading that is nearest to the end less the billed seconds.
fn answer(
    time: Option<LocalTime>,
    end: Instant,
    billsec: Option<i64>,
    disposition: Disposition,
) -> Option<Instant> {
    let reckoned = billsec.map(|billed| end.plus_seconds(-billed));
    match time {
        Some(time) => Some(time.near(reckoned.unwrap_or(end))),
        // Exports with `calldate` alone have neither answer nor end.
        None => reckoned.filter(|_| disposition == Disposition::Answered),
    }
}
