//! What a caller chose at the machine that answers first, with what the city says of it.

use filo_domain::city::City;
use serde::Serialize;

/// A choice and what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IvrView {
    /// The place in the menu, such as `2-1`.
    pub choice: String,
    /// What the caller heard there; `None` where the source's configuration does not list it.
    pub label: Option<String>,
    /// The theme that it suggests.
    pub theme: Option<String>,
}

impl IvrView {
    pub(crate) fn of(city: &City, source: &str, choice: Option<&str>) -> Option<Self> {
        let choice = choice?;
        let about = city.source(source).and_then(|source| source.ivr.choice(choice));
        Some(Self {
            choice: choice.to_owned(),
            label: about.map(|about| about.label.clone()),
            theme: about.and_then(|about| about.theme.clone()),
        })
    }
}

/// The theme that a call seems to be about: by what was chosen, else by its queue.
pub(crate) fn suggested_theme<'c>(
    city: &'c City,
    source: &str,
    choice: Option<&str>,
    queue: Option<&str>,
) -> Option<&'c str> {
    let source = city.source(source)?;
    let chosen = choice.and_then(|choice| source.ivr.choice(choice)?.theme.as_deref());
    chosen.or_else(|| source.theme_of_queue(queue?))
}
