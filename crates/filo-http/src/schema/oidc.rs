//! Log-in at the organisation's identity provider on the wire.

use utoipa::{IntoParams, ToSchema};

/// What the identity provider lets the browser bring back.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OidcAnswer {
    /// What was sent along.
    #[param(max_length = 200)]
    pub state: Option<String>,
    /// To be exchanged for an identity.
    #[param(max_length = 4000)]
    pub code: Option<String>,
    /// Why there is no code.
    #[param(max_length = 200)]
    pub error: Option<String>,
}

/// A code that the page was given.
#[derive(ToSchema)]
pub struct LoginCode {
    /// Good once, for a minute, in the browser that logged in.
    #[schema(max_length = 200)]
    pub code: String,
}
