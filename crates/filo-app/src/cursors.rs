//! Places in lists, bound to the query that they were made for.
//!
//! **Invariant:** a cursor that another query made is refused: past it, that query would skip or repeat items.

use filo_domain::{Instant, id::Id};
use serde::Serialize;
use serde_json::Value;

use crate::{AppError, Caller, mint};

/// How many hex digits of a query's digest a cursor carries.
const DIGITS: usize = 12;

/// What binds the cursors of one query.
pub(crate) struct Binding(String);

impl Binding {
    /// The binding of a query: what was asked, but for where to begin and how much, and by whom it may be seen.
    pub(crate) fn of(query: &impl Serialize, caller: &Caller) -> Result<Self, AppError> {
        let mut asked = serde_json::to_value(query)?;
        if let Some(members) = asked.as_object_mut() {
            members.retain(|key, value| !value.is_null() && key != "cursor" && key != "limit");
        }
        let scope = caller.unit_limit().map_or(Value::Null, |unit| format!("{unit:?}").into());
        let whole = serde_json::to_string(&(asked, scope))?;
        Ok(Self(mint::digest(&whole).chars().take(DIGITS).collect()))
    }

    /// The cursor of a place, given its key in the order and its id.
    pub(crate) fn cursor(&self, key: i64, id: impl std::fmt::Display) -> String {
        format!("{key}.{id}.{}", self.0)
    }

    /// Reads a cursor of the same query back.
    pub(crate) fn read<T: std::str::FromStr>(&self, text: &str) -> Result<(i64, T), AppError> {
        let refuse = || {
            let why = "take the cursor from next_cursor of the page before, with the same filters and order";
            AppError::invalid("/cursor", why)
        };
        let mut parts = text.split('.');
        let (Some(key), Some(id), Some(tag), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(refuse());
        };
        if tag != self.0 {
            return Err(refuse());
        }
        let key = key.parse().map_err(|_not_a_number| refuse())?;
        let id = id.parse().map_err(|_not_an_id| refuse())?;
        Ok((key, id))
    }

    /// Reads a place in an order by instants.
    pub(crate) fn read_at<T>(&self, text: &str) -> Result<(Instant, Id<T>), AppError> {
        self.read(text).map(|(micros, id)| (Instant::from_micros(micros), id))
    }
}
