//! Rows of the yearly table that are entered by hand, because what they say lives in other systems.
//!
//! **Invariant:** nothing that Filo measures, and nothing that a document of the configuration says, can be entered
//! over: a hand-entered value fills a row that has none, or is a row of its own. Start at [`Entered::check`].

use filo_domain::{AttachmentId, Instant, Period, vocabulary::Word};
use serde::{Deserialize, Serialize};

use super::{ByHand, Outcome, Quantity, QuantityUnit, RowFile, RowSource, Rule, ScoreRow, Value, Yearly};
use crate::definition::Definitions;

/// The longest key.
const LONGEST_KEY: usize = 80;
/// The longest text of a row.
const LONGEST_TEXT: usize = 500;

/// A row as a person enters it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    /// The indicator's key: that of a configured row without a value, or a new one.
    pub key: String,
    /// Of a new row: its heading.
    #[serde(default)]
    pub area: Option<String>,
    /// Of a new row: its name.
    #[serde(default)]
    pub label: Option<String>,
    /// Of a new row with a target: how its result is computed.
    #[serde(default)]
    pub rule: Option<Rule>,
    /// Of a new row: what was to be reached.
    #[serde(default)]
    pub target: Option<Quantity>,
    /// What was reached.
    pub achieved: Quantity,
    /// Whence the value is taken.
    pub source: Origin,
    /// What it serves.
    #[serde(default)]
    pub tags: Tags,
    /// What a reader should know.
    #[serde(default)]
    pub note: Option<String>,
    /// The document itself, uploaded before.
    #[serde(default)]
    pub attachment_id: Option<AttachmentId>,
}

/// Whence a value is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The document.
    pub document: String,
    /// Where in it.
    #[serde(default)]
    pub section: Option<String>,
}

/// What an indicator serves, as the city's plan of objectives (PDO) says of each of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tags {
    /// The operative programme (*programma operativo*).
    #[serde(default)]
    pub programme: Option<String>,
    /// The directorate that answers for it (*direzione*).
    #[serde(default)]
    pub direction: Option<String>,
    /// The dimension of public value.
    #[serde(default)]
    pub dimension: Option<Dimension>,
    /// The drivers of public value.
    #[serde(default)]
    pub driver: Vec<Driver>,
}

impl Tags {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The dimensions of public value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// *Ambientale.*
    Environmental,
    /// *Economica.*
    Economic,
    /// *Personale e socio-culturale.*
    PersonalAndSociocultural,
}

impl Word for Dimension {
    const NAME: &'static str = "dimension";
    const ALL: &'static [Self] = &[Self::Environmental, Self::Economic, Self::PersonalAndSociocultural];
    fn word(self) -> &'static str {
        match self {
            Self::Environmental => "environmental",
            Self::Economic => "economic",
            Self::PersonalAndSociocultural => "personal_and_sociocultural",
        }
    }
}

/// The drivers of public value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Driver {
    /// *Semplificazione.*
    Simplification,
    /// *Digitalizzazione.*
    Digitalisation,
    /// *Pari opportunità.*
    EqualOpportunities,
    /// *Piena accessibilità.*
    FullAccessibility,
}

impl Word for Driver {
    const NAME: &'static str = "driver";
    const ALL: &'static [Self] =
        &[Self::Simplification, Self::Digitalisation, Self::EqualOpportunities, Self::FullAccessibility];
    fn word(self) -> &'static str {
        match self {
            Self::Simplification => "simplification",
            Self::Digitalisation => "digitalisation",
            Self::EqualOpportunities => "equal_opportunities",
            Self::FullAccessibility => "full_accessibility",
        }
    }
}

/// Why a row is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// A field that cannot be, by its JSON Pointer.
    #[error("{pointer}: {detail}")]
    Field {
        /// The field.
        pointer: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// Filo measures it.
    #[error("{0} is measured by Filo in {1}: its value comes from the contacts and cannot be entered")]
    Measured(String, i16),
    /// A document of the configuration says it.
    #[error("{0} has its value of {1} from the city's configuration (scorecard-{1}.toml): correct it there")]
    Published(String, i16),
}

fn wrong(pointer: &'static str, detail: impl Into<String>) -> EntryError {
    EntryError::Field { pointer, detail: detail.into() }
}

impl Entered {
    /// As it is kept, to be read again by `serde`: the words of quantities were read once, and are not read anew.
    ///
    /// # Errors
    /// None that is known: the row has no key that is not a text.
    pub fn kept(&self) -> Result<serde_json::Value, serde_json::Error> {
        let mut json = serde_json::to_value(self)?;
        let quantities = [("target", self.target.as_ref()), ("achieved", Some(&self.achieved))];
        for (field, quantity) in quantities {
            if let Some((place, quantity)) = json.get_mut(field).zip(quantity) {
                *place = quantity.written();
            }
        }
        Ok(json)
    }

    /// Refuses what cannot stand in the table of a year.
    ///
    /// # Errors
    /// What Filo measures or a document says; texts that are missing or too long; a target that the value does not
    /// compare with.
    pub fn check(&self, year: i16, definitions: &Definitions) -> Result<(), EntryError> {
        self.check_texts()?;
        let row = definitions.scorecard(year).and_then(|yearly| yearly.row(&self.key));
        if row.is_some_and(|row| row.achieved.is_some()) {
            return Err(EntryError::Published(self.key.clone(), year));
        }
        if definitions.is_measured(year, &self.key) {
            return Err(EntryError::Measured(self.key.clone(), year));
        }
        let Some(row) = row else { return self.check_new() };
        let given = [
            ("/area", self.area.is_some()),
            ("/label", self.label.is_some()),
            ("/rule", self.rule.is_some()),
            ("/target", self.target.is_some()),
            ("/tags", !self.tags.is_empty()),
        ];
        if let Some((pointer, _)) = given.into_iter().find(|(_, given)| *given) {
            return Err(wrong(pointer, format!("leave it out: it stands in scorecard-{year}.toml")));
        }
        self.check_result(row.rule, &row.target)
    }

    fn check_new(&self) -> Result<(), EntryError> {
        for (pointer, text) in [("/area", &self.area), ("/label", &self.label)] {
            if text.is_none() {
                return Err(wrong(pointer, "is needed: the year's table has no such row"));
            }
        }
        match (self.rule, &self.target) {
            (None, None) => Ok(()),
            (Some(rule), Some(target)) => self.check_result(rule, target),
            (None, Some(_)) => Err(wrong("/rule", "is needed with a target")),
            (Some(_), None) => Err(wrong("/target", "is needed with a rule")),
        }
    }

    fn check_result(&self, rule: Rule, target: &Quantity) -> Result<(), EntryError> {
        let nothing = matches!(target.value, Value::Number(bound) if bound.is_zero());
        // A day and whether it was kept compare; all other units must be the same.
        let alike = self.achieved.unit == target.unit || self.achieved.unit == QuantityUnit::Bool;
        if alike && (nothing || super::score(rule, target, &self.achieved).is_some()) {
            return Ok(());
        }
        let detail = format!("{:?} does not compare with the target {:?}", self.achieved.text, target.text);
        Err(wrong("/achieved", detail))
    }

    fn check_texts(&self) -> Result<(), EntryError> {
        let of_key = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.key.is_empty() || self.key.len() > LONGEST_KEY || !self.key.chars().all(of_key) {
            return Err(wrong("/key", format!("up to {LONGEST_KEY} of a-z, 0-9 and -")));
        }
        let texts = [
            ("/source/document", Some(&self.source.document)),
            ("/source/section", self.source.section.as_ref()),
            ("/area", self.area.as_ref()),
            ("/label", self.label.as_ref()),
            ("/note", self.note.as_ref()),
            ("/tags/programme", self.tags.programme.as_ref()),
            ("/tags/direction", self.tags.direction.as_ref()),
            ("/achieved/text", Some(&self.achieved.text)),
            ("/target/text", self.target.as_ref().map(|target| &target.text)),
        ];
        for (pointer, text) in texts {
            let Some(text) = text else { continue };
            let long = text.chars().count() > LONGEST_TEXT;
            if text.trim().is_empty() || long || text.chars().any(char::is_control) {
                return Err(wrong(pointer, format!("1 to {LONGEST_TEXT} characters on one line")));
            }
        }
        Ok(())
    }
}

/// The last revision of an entered row.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The row.
    pub row: Entered,
    /// Which of its revisions it is, from 1.
    pub revision: i32,
    /// When it was entered.
    pub entered_at: Instant,
    /// The document itself.
    pub file: Option<RowFile>,
}

impl Kept {
    /// Where the value comes from, as the table says it.
    pub(super) fn source(&self) -> RowSource {
        RowSource {
            document: self.row.source.document.clone(),
            section: self.row.source.section.clone().unwrap_or_default(),
            entered: Some(ByHand {
                at: self.entered_at,
                revision: self.revision,
                file: self.file.clone(),
                note: self.row.note.clone(),
            }),
        }
    }

    /// The row of its own; `None` when it is a value for a configured one.
    pub(super) fn alone(&self) -> Option<ScoreRow> {
        let Entered { key, area, label, rule, target, achieved, tags, .. } = self.row.clone();
        let result = match rule {
            Some(rule) => Outcome::of(rule, target.as_ref(), Some(&achieved)),
            None => Outcome { percent: None, printed: None },
        };
        Some(ScoreRow {
            key,
            area: area?,
            label: label?,
            rule,
            target,
            achieved: Some(achieved),
            result,
            source: Some(self.source()),
            tags,
            definition: None,
            previous: None,
            trend: vec![],
        })
    }
}

impl Definitions {
    /// Whether the value of a key is measured in a year.
    fn is_measured(&self, year: i16, key: &str) -> bool {
        let lacks_value = |yearly: &Yearly| yearly.row(key).is_some_and(|row| row.achieved.is_none());
        let listed = year >= self.measured_from() || self.scorecard(year).is_some_and(lacks_value);
        listed && self.set(Period::Year(year)).indicator(key).is_some()
    }
}
