//! Damaged inputs through every decoder: bytes flipped, doubled, cut out and cut off, samples of one channel spliced
//! and given to another's decoder.
//!
//! **Invariant:** what a case does follows from the seed and its number, which a failure prints. No unit may panic,
//! hang, hold a NUL (PostgreSQL refuses it), lose bytes that it refuses, or decode differently the second time.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
    time::{Duration, Instant as Moment},
};

use anyhow::{Context, bail, ensure};
use fastrand::Rng;
use filo_bench::calls::{self, Plan};
use filo_channel::{Decode, Decoded, Inbound, Raw, Rejected};
use filo_channel_phone::{Format, Mapping};
use filo_domain::{
    legs::{self, Leg, LegEvent, LegOrigin},
    vocabulary::Word,
};
use filo_testkit::{at, sqlite};
use serde_json::Value;

use crate::{city::City, mails, say};

/// `filo-bench fuzz`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// For how long.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Everything follows from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Begin with this case, to see one again.
    #[arg(long, default_value_t = 0)]
    case: u64,
}

/// A decoder of one source, by name.
type Decoder = (String, Arc<dyn Decode>);
/// A whole input, and which decoders it is meant for, by the begin of their name.
struct Sample {
    home: &'static str,
    bytes: Vec<u8>,
}

/// A case that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(5);
/// Inputs grow no longer than this, in bytes.
const LONGEST: usize = 200_000;

pub(crate) async fn run(args: &Args) -> anyhow::Result<()> {
    say(&format!(
        "repeat: cargo run --release -p filo-bench -- fuzz --seconds {} --seed {}",
        args.seconds, args.seed
    ))?;
    let database = sqlite();
    let city = City::start(&database.url).await?;
    let (decoders, samples) = (decoders(&city)?, samples()?);
    let until = Moment::now() + Duration::from_secs(args.seconds);
    let mut units = [0_u64; 2];
    let mut case = args.case;
    // A panic is reported with its case, once, and not where it happens.
    std::panic::set_hook(Box::new(|_caught| {}));
    while Moment::now() < until {
        let [understood, refused] = one(args.seed, case, &decoders, &samples)
            .with_context(|| format!("see it again: fuzz --seconds 1 --seed {} --case {case}", args.seed))?;
        units = [units[0] + understood, units[1] + refused];
        case += 1;
    }
    let [understood, refused] = units;
    say(&format!(
        "{} damaged inputs of {} samples through {} decoders: {understood} units understood, {refused} refused, none lost",
        case - args.case,
        samples.len(),
        decoders.len()
    ))?;
    Ok(())
}

/// Every decoder, wired as the program wires it.
fn decoders(city: &City) -> anyhow::Result<Vec<Decoder>> {
    let mut all = Vec::new();
    for (source, adapter) in &city.app.core().sources {
        let channel =
            city.program.city.source(source).and_then(|source| source.channel).context("its channel")?;
        all.push((format!("{} {source}", channel.word()), Arc::clone(&adapter.decode)));
        for (format, decoder) in &adapter.formats {
            all.push((format!("{} {source} {format}", channel.word()), Arc::clone(decoder)));
        }
        if channel == filo_domain::vocabulary::Channel::Phone {
            let text = fs::read_to_string(fixtures("phone").join("centralino.toml"))?;
            let source = city.program.city.source(source).context("the source")?;
            let mapped = city.program.phone_decoder(source, Format::Csv, Some(Mapping::parse(&text)?))?;
            all.push(("phone csv".to_owned(), mapped));
        }
    }
    Ok(all)
}

fn fixtures(channel: &str) -> std::path::PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates"))
        .join(format!("filo-channel-{channel}/fixtures"))
}

/// The adapters' own fixtures, whole, and generated inputs.
fn samples() -> anyhow::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for (folder, home) in [("phone", "phone"), ("email", "email"), ("social", "social"), ("scrivi", "scrivi")]
    {
        let entries =
            fs::read_dir(fixtures(folder)).with_context(|| fixtures(folder).display().to_string())?;
        let mut paths =
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
        paths.sort();
        for path in paths.iter().filter(|path| !path.ends_with("README.md")) {
            samples.push(Sample { home, bytes: fs::read(path)? });
        }
    }
    samples.extend(mails::mails(40, 1).map(|bytes| Sample { home: "email", bytes }));
    let mut bytes = Vec::new();
    let plan = Plan { calls: 40, seed: 1, from: jiff::civil::date(2026, 10, 24), days: 2, ragged: true };
    calls::write_log(&plan, &mut bytes)?;
    samples.push(Sample { home: "phone", bytes });
    Ok(samples)
}

/// One case: a damaged sample through the decoders it is meant for, or through any.
fn one(seed: u64, case: u64, decoders: &[Decoder], samples: &[Sample]) -> anyhow::Result<[u64; 2]> {
    let mut rng = Rng::with_seed(seed ^ case.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let sample = rng.choice(samples).context("no sample")?;
    let other = rng.choice(samples).context("no sample")?;
    let bytes = damaged(&mut rng, &sample.bytes, &other.bytes);
    let anywhere = rng.u32(0..4) == 0;
    let fits: Vec<&Decoder> =
        decoders.iter().filter(|(name, _)| anywhere || same_family(name, sample.home)).collect();
    let (name, decoder) = rng.choice(&fits).context("no decoder")?;
    decode(name, decoder.as_ref(), bytes).with_context(|| format!("decoder {name}"))
}

/// Mail decoders read certified mail too, and social ones chats.
fn same_family(name: &str, home: &str) -> bool {
    let family = match name.split(' ').next().unwrap_or_default() {
        "pec" => "email",
        "chat" => "social",
        other => other,
    };
    family == home
}

fn decode(name: &str, decoder: &dyn Decode, bytes: Vec<u8>) -> anyhow::Result<[u64; 2]> {
    let raw = Raw { bytes, arrived_at: None, now: at("2026-11-22 12:00") };
    let started = Moment::now();
    let Ok(units) = catch_unwind(AssertUnwindSafe(|| decoder.decode(&raw))) else { bail!("it panicked") };
    ensure!(started.elapsed() < PATIENCE, "it took {:?}", started.elapsed());
    ensure!(units == decoder.decode(&raw), "the second time it decodes differently");
    let one_unit = name.starts_with("scrivi");
    ensure!(!one_unit || units.len() == 1, "one submission gave {} units", units.len());
    let whole = name.starts_with("email") || name.starts_with("pec") || name.starts_with("social");
    ensure!(!whole || !units.is_empty() || blank(&raw.bytes), "an input that is not blank gave no unit");
    let (mut events, mut counted) = (Vec::new(), [0, 0]);
    for unit in units {
        match unit {
            Ok(Decoded::Interaction(inbound)) => check_contact(&inbound)?,
            Ok(Decoded::LegEvent(event)) => events.push(event),
            Ok(Decoded::Leg(leg)) => check_leg(&leg)?,
            Err(rejected) => {
                check_refusal(&rejected)?;
                counted = [counted[0], counted[1] + 1];
                continue;
            }
        }
        counted = [counted[0] + 1, counted[1]];
    }
    check_events(events)?;
    Ok(counted)
}

fn blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0)
}

fn check_contact(inbound: &Inbound) -> anyhow::Result<()> {
    ensure!(!inbound.external_id.is_empty(), "a contact without key");
    let texts =
        [Some(&inbound.text), inbound.subject.as_ref(), inbound.name.as_ref(), inbound.thread.as_ref()];
    for text in texts.into_iter().flatten().chain([&inbound.external_id]).chain(&inbound.flags) {
        whole_text(text)?;
    }
    for identity in &inbound.identities {
        whole_text(identity.value())?;
    }
    for attachment in &inbound.attachments {
        whole_text(&attachment.name)?;
        whole_text(&attachment.media_type)?;
    }
    whole_value(&inbound.detail)
}

fn check_refusal(rejected: &Rejected) -> anyhow::Result<()> {
    ensure!(!rejected.reason.is_empty() && !rejected.detail.is_empty(), "a refusal without reason");
    whole_text(&rejected.detail)
}

fn check_leg(leg: &Leg) -> anyhow::Result<()> {
    let texts = [leg.caller.as_ref(), leg.transferred_to.as_ref(), leg.agent.as_ref()];
    for text in texts.into_iter().flatten().chain([&leg.call_id, &leg.queue]).chain(&leg.flags) {
        whole_text(text)?;
    }
    Ok(())
}

/// Every event ends in a leg or is left over; folding again gives the same.
fn check_events(events: Vec<LegEvent>) -> anyhow::Result<()> {
    let distinct: std::collections::BTreeSet<LegEvent> = events.iter().cloned().collect();
    let Ok(folded) = catch_unwind(AssertUnwindSafe(|| legs::fold(events, LegOrigin::Log))) else {
        bail!("folding panicked")
    };
    ensure!(
        folded == legs::fold(distinct.into_iter().collect(), LegOrigin::Log),
        "order or repetition changes a leg"
    );
    folded.legs.iter().try_for_each(check_leg)?;
    let count = folded.legs.len();
    let calls = legs::calls(folded.legs);
    ensure!(calls.iter().map(|call| call.legs.len()).sum::<usize>() == count, "a leg is in no call");
    Ok(())
}

fn whole_text(text: &str) -> anyhow::Result<()> {
    ensure!(!text.contains('\0'), "a NUL in {text:?}");
    Ok(())
}

fn whole_value(value: &Value) -> anyhow::Result<()> {
    match value {
        Value::String(text) => whole_text(text),
        Value::Array(values) => values.iter().try_for_each(whole_value),
        Value::Object(fields) => fields.iter().try_for_each(|(key, value)| {
            whole_text(key)?;
            whole_value(value)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// What breaks parsers: ends of lines and texts, other encodings, numbers out of range, quotes, deep nesting.
const NASTY: [&[u8]; 16] = [
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\r",
    b"\n\n",
    b"\"",
    b"|||||||",
    b"-9223372036854775808",
    b"99999999999999999999",
    b"1e308",
    b"\\u0000",
    b"=?utf-8?b?AAAA?=",
    b"\r\n--b\r\n",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[{\"a\":",
];

/// A sample with one to eight damages.
fn damaged(rng: &mut Rng, sample: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = sample.to_vec();
    for _ in 0..rng.u32(1..=8) {
        bytes = damage(rng, bytes, other);
        bytes.truncate(LONGEST);
    }
    bytes
}

fn damage(rng: &mut Rng, mut bytes: Vec<u8>, other: &[u8]) -> Vec<u8> {
    let (from, to) = span(rng, bytes.len());
    match rng.u32(0..8) {
        0 => bytes.truncate(from),
        1 => drop(bytes.drain(from..to)),
        2 => {
            let twice: Vec<u8> = bytes.drain(from..to).collect();
            let (twice, rest) = (twice.repeat(2), bytes.split_off(from));
            bytes.extend(twice.into_iter().chain(rest));
        }
        3 => {
            let (start, end) = span(rng, other.len());
            let foreign = other.iter().copied().take(end).skip(start);
            bytes.splice(from..to, foreign.collect::<Vec<u8>>());
        }
        4 | 5 => {
            let nasty = rng.choice(NASTY).unwrap_or_default();
            bytes.splice(from..from, nasty.iter().copied());
        }
        _ => {
            for byte in bytes.iter_mut().skip(from).take(rng.usize(1..4)) {
                *byte ^= 1 << rng.u32(0..8);
            }
        }
    }
    bytes
}

/// A stretch of so many bytes, more often short than long.
fn span(rng: &mut Rng, length: usize) -> (usize, usize) {
    let from = rng.usize(0..=length);
    let longest = if rng.bool() { 40 } else { length };
    (from, length.min(from + rng.usize(0..=longest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hundred_damaged_inputs_harm_no_decoder() {
        let database = sqlite();
        let city = City::start(&database.url).await.unwrap();
        let (decoders, samples) = (decoders(&city).unwrap(), samples().unwrap());
        for case in 0..100 {
            one(1, case, &decoders, &samples).unwrap();
        }
    }
}
