//! What operators enter by hand: under which source it counts, and where it happened.

use filo_domain::{Instant, vocabulary::Word};
use filo_store::interactions::Interaction;
use serde_json::Value;

use crate::{AppError, Core, NewTicket};

/// The source of what operators enter where they say nothing else.
pub(crate) const DESK: &str = "desk";

/// The desk's source that was named, if it is one for the channel.
pub(crate) fn source<'n>(core: &Core, new: &'n NewTicket) -> Result<&'n str, AppError> {
    let Some(key) = new.source.as_deref() else { return Ok(DESK) };
    if new.interaction_id.is_some() {
        return Err(AppError::invalid("/source", "is the contact's own when interaction_id is given"));
    }
    match core.city.source(key) {
        Some(source) if source.is_desk_of(new.channel) => Ok(key),
        Some(_) | None => {
            let known = core.city.sources.iter().filter(|source| source.is_desk_of(new.channel));
            let known: Vec<&str> = known.map(|source| source.key.as_str()).collect();
            let detail = format!("operators enter {} under {}", new.channel.word(), known.join(", "));
            Err(AppError::invalid("/source", detail))
        }
    }
}

/// The district in a place: `{"municipio": 7}`.
pub(crate) fn district(core: &Core, location: Option<&Value>) -> Result<Option<i32>, AppError> {
    let given = location.and_then(|location| location.get("municipio")).filter(|given| !given.is_null());
    let Some(given) = given else { return Ok(None) };
    let number = match given {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_i64().and_then(|number| i32::try_from(number).ok()),
    };
    match number.filter(|number| core.city.profile.has_district(*number)) {
        Some(number) => Ok(Some(number)),
        None => Err(AppError::invalid("/location/municipio", "must be the number of a Municipio")),
    }
}

/// Whence a ticket of the desk comes.
pub(crate) struct Place<'a> {
    pub(crate) contact: Option<&'a Interaction>,
    pub(crate) source: &'a str,
    pub(crate) municipio: Option<i32>,
    pub(crate) at: Instant,
}
