//! What should make the writer of an answer stop and look again before it leaves.
//!
//! **Invariant:** a warning never repeats what it warns of.

use filo_domain::identity::fiscal_code;
use serde::Serialize;

use crate::AppError;

/// One warning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The stable code: `fiscal_code`.
    pub code: &'static str,
    /// What it is about, as a sentence.
    pub detail: String,
}

/// What is doubtful in a text that a citizen will read.
pub(crate) fn of_answer(text: &str) -> Vec<Warning> {
    let warn = |code: String| Warning {
        code: "fiscal_code",
        detail: format!(
            "the text shows a codice fiscale ({}): send it only if the citizen needs to read it there",
            fiscal_code::masked(&code)
        ),
    };
    fiscal_code::personal_in(text).into_iter().map(warn).collect()
}

/// Holds back what has warnings that nobody acknowledged.
///
/// # Errors
/// [`AppError::Unconfirmed`].
pub(crate) fn confirm(warnings: &[Warning], acknowledged: bool) -> Result<(), AppError> {
    if warnings.is_empty() || acknowledged { Ok(()) } else { Err(AppError::Unconfirmed(warnings.to_vec())) }
}
