//! How fast a queue log is parsed, and how fast it is parsed and matched: lines a second on one core.

#![expect(clippy::expect_used, reason = "a bench has nobody to tell of an error")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use filo_bench::{
    calls::{self, Plan},
    matching::matched,
};
use filo_channel::{Decode, Raw};
use filo_channel_phone::{Format, Settings, decoder};
use filo_domain::{CityZone, Instant};

/// A week of a city's calls.
const PLAN: Plan =
    Plan { calls: 20_000, seed: 1, from: jiff::civil::date(2026, 10, 19), days: 7, ragged: false };

fn queue_log() -> (Box<dyn Decode>, Vec<u8>) {
    let zone = CityZone::parse("Europe/Rome").expect("a zone of the data base");
    let decoder = decoder(Format::QueueLog, Settings::new(zone)).expect("a format without a mapping");
    let mut log = Vec::new();
    calls::write_log(&PLAN, &mut log).expect("a log in memory");
    (decoder, log)
}

fn phone(criterion: &mut Criterion) {
    let (decoder, log) = queue_log();
    let lines = log.iter().filter(|byte| **byte == b'\n').count();
    let mut group = criterion.benchmark_group("queue_log");
    group.throughput(Throughput::Elements(lines.try_into().expect("fewer lines than 2^64")));
    group.bench_function("parse", |bench| {
        bench.iter(|| {
            let raw = Raw { bytes: log.clone(), arrived_at: None, now: Instant::from_seconds(1_793_000_000) };
            black_box(decoder.decode(&raw))
        });
    });
    group.bench_function("parse and match", |bench| bench.iter(|| black_box(matched(&*decoder, &log))));
    group.finish();
}

criterion_group!(benches, phone);
criterion_main!(benches);
