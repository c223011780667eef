//! The promises of [`Decode`](crate::Decode), run by each adapter's tests on its own samples.

use crate::{Decode, Decoded, Raw, Rejected};

const CUTS: usize = 200;

/// Decodes each sample twice and cut short at evenly spread places. Panics, as a test should, when decoding
/// depends on earlier calls, when a cut makes it panic, or when an interaction has no key.
pub fn check_decoder(decoder: &dyn Decode, samples: &[Raw]) {
    for sample in samples {
        let once = decoder.decode(sample);
        assert_eq!(once, decoder.decode(sample), "decoding must not depend on earlier calls");
        check_parts(decoder, sample, &once);
        for cut in 0..CUTS {
            let length = sample.bytes.len() * cut / CUTS;
            let bytes = sample.bytes.iter().copied().take(length).collect();
            let _no_panic = decoder.decode(&Raw { bytes, ..sample.clone() });
        }
        for unit in once.iter().flatten() {
            if let Decoded::Interaction(inbound) = unit {
                assert!(!inbound.external_id.is_empty(), "an interaction without id cannot be deduplicated");
                assert!(!inbound.text.contains('\0'), "PostgreSQL refuses NUL");
            }
        }
    }
}

/// Two parts, cut after any line, give what the whole gives.
fn check_parts(decoder: &dyn Decode, sample: &Raw, whole: &[Result<Decoded, Rejected>]) {
    let wide = sample.bytes.starts_with(b"\xff\xfe") || sample.bytes.starts_with(b"\xfe\xff");
    let ends = sample.bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n' && !wide);
    for (end, _) in ends.take(CUTS) {
        let Some(mut reader) = decoder.in_parts() else { return };
        let (first, second) = sample.bytes.split_at(end + 1);
        let parts = [reader.part(first), reader.part(second), reader.end()].concat();
        assert_eq!(sorted(&parts), sorted(whole), "cut after byte {end}");
    }
}

fn sorted(units: &[Result<Decoded, Rejected>]) -> Vec<String> {
    let mut told: Vec<String> = units.iter().map(|unit| format!("{unit:?}")).collect();
    told.sort();
    told
}
