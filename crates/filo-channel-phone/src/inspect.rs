//! How phone logs are understood, without a store: what `filo inspect calls` prints.

use filo_channel::{Decode, Decoded, Raw, Rejected};
use filo_domain::legs::{
    Call, Leg, LegEvent, LegOrigin, LegView, calls, fold, is_same, leg_views, reconcile,
};

/// What files of one source give, read together.
#[derive(Clone, Debug, Default)]
pub struct Inspected {
    /// The calls, by entry.
    pub calls: Vec<Call>,
    /// Ends whose start is in no file given.
    pub orphans: Vec<LegEvent>,
    /// Lines that were not understood.
    pub rejected: Vec<Rejected>,
}

impl Inspected {
    /// One view a leg, in the order of the calls; serialised it is the object of contract §5.
    pub fn views<'a>(&'a self, source: &'a str) -> impl Iterator<Item = LegView<'a>> {
        leg_views(source, &self.calls)
    }
}

/// Decodes files of one source and folds them together, so that a leg may begin in one and end in another.
pub fn inspect(decoder: &dyn Decode, files: &[Raw]) -> Inspected {
    let (mut events, mut legs, mut rejected) = (Vec::new(), Vec::new(), Vec::new());
    for unit in files.iter().flat_map(|file| decoder.decode(file)) {
        match unit {
            Ok(Decoded::LegEvent(event)) => events.push(event),
            Ok(Decoded::Leg(leg)) => legs.push(*leg),
            // No decoder of this crate gives one.
            Ok(Decoded::Interaction(_)) => {}
            Err(unit) => rejected.push(unit),
        }
    }
    let folded = fold(events, LegOrigin::Log);
    legs.extend(folded.legs);
    Inspected { calls: calls(distinct(legs)), orphans: folded.orphans, rejected }
}

/// Legs seen in several files, once.
fn distinct(mut legs: Vec<Leg>) -> Vec<Leg> {
    legs.sort_by(|a, b| (&a.call_id, &a.queue, a.entered_at).cmp(&(&b.call_id, &b.queue, b.entered_at)));
    let mut once: Vec<Leg> = Vec::new();
    for leg in legs {
        match once.last_mut() {
            Some(last) if is_same(last, &leg) => *last = reconcile(last, &leg),
            _ => once.push(leg),
        }
    }
    once
}
