//! Access and its audit log on the wire.

use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::At;

/// Which entries of the audit log.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// One action, such as `login_refused`.
    pub action: Option<String>,
    /// Not before.
    #[param(format = DateTime)]
    pub from: Option<String>,
    /// Before.
    #[param(format = DateTime)]
    pub to: Option<String>,
    /// At most so many.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// An entry of the audit log.
#[derive(ToSchema)]
pub struct AuditEntry {
    /// 1 for the first, without gaps.
    pub seq: i64,
    /// When.
    pub at: At,
    /// By whom: a user's id, a key's name, or `system`.
    pub actor: Value,
    /// What, as a stable word.
    pub action: String,
    /// On what; no personal data of citizens.
    pub data: Value,
    /// The hash of the entry before.
    pub prev_hash: String,
    /// The hash of this entry.
    pub hash: String,
}

/// A change of a user; `null` takes a unit or a shown name away.
#[derive(ToSchema)]
pub struct UserChange {
    /// `operator`, `specialist`, `supervisor`, `analyst` or `admin`.
    pub role: Option<String>,
    /// The unit.
    pub unit: Option<String>,
    /// The name shown to colleagues.
    #[schema(min_length = 1, max_length = 200)]
    pub display_name: Option<String>,
}

/// The user who is logged in.
#[derive(ToSchema)]
pub struct Me {
    /// The id.
    pub id: Uuid,
    /// The log-in name.
    pub name: String,
    /// The name shown to colleagues.
    pub display_name: Option<String>,
    /// The role.
    pub role: String,
    /// The unit.
    pub unit: Option<String>,
    /// What there is of a second factor.
    pub totp: Factor,
}

/// A change of the own password.
#[derive(ToSchema)]
pub struct PasswordChange {
    /// The present one.
    #[schema(max_length = 1024, format = Password)]
    pub current: String,
    /// The new one.
    #[schema(min_length = 12, max_length = 1024, format = Password)]
    pub new: String,
}

/// A second factor.
#[derive(ToSchema)]
pub struct Factor {
    /// Whether log-ins ask for it.
    pub enrolled: bool,
    /// Since when.
    pub enrolled_at: Option<At>,
    /// How many recovery codes were not used.
    pub recovery_codes_left: i64,
    /// Whether the user's role must have one.
    pub required: bool,
}

/// A factor that was begun: shown this once.
#[derive(ToSchema)]
pub struct Enrolment {
    /// The secret in base 32, to be typed into an authenticator app.
    #[schema(max_length = 64)]
    pub secret: String,
    /// The same with name and issuer, to be shown as a QR code.
    #[schema(max_length = 1000)]
    pub otpauth_uri: String,
}

/// A code.
#[derive(ToSchema)]
pub struct Otp {
    /// The code of this moment.
    #[schema(max_length = 32)]
    pub otp: String,
}

/// The recovery codes, shown this once.
#[derive(ToSchema)]
pub struct RecoveryCodes {
    /// Each is good for one log-in in place of a code of the app.
    #[schema(max_items = 10)]
    pub recovery_codes: Vec<String>,
}
