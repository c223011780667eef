//! Sending over SMTP through a pool of connections.

use std::time::Duration;

use async_trait::async_trait;
use filo_channel::{Deliver, DeliverError, Delivered, Outbound};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor, transport::smtp};

use crate::compose::{self, Sender};

const TIMEOUT: Duration = Duration::from_secs(30);
/// Refused log-ins (RFC 4954): our configuration is wrong, not the message.
const LOGIN_CODES: [u16; 4] = [530, 534, 535, 538];

/// Sends messages over SMTP.
pub struct SmtpDelivery {
    from: Sender,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

/// Why a server's URL is unusable. The text does not repeat the URL, which holds a password.
#[derive(Debug, thiserror::Error)]
#[error("unusable SMTP URL, expected smtp[s]://user:pass@host:port?tls=required: {reason}")]
pub struct SmtpUrlError {
    reason: String,
}

impl SmtpDelivery {
    /// Prepares the pool for a server, as `smtp[s]://user:pass@host:port?tls=required|opportunistic`; connects to
    /// nothing yet.
    ///
    /// # Errors
    /// When the URL is no such URL.
    pub fn new(url: &str, from: Sender) -> Result<Self, SmtpUrlError> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|error| SmtpUrlError { reason: error.to_string() })?;
        Ok(Self { from, transport: builder.timeout(Some(TIMEOUT)).build() })
    }
}

#[async_trait]
impl Deliver for SmtpDelivery {
    async fn deliver(&self, outbound: &Outbound) -> Result<Delivered, DeliverError> {
        let message = compose::message(&self.from, outbound)?;
        self.transport.send(message).await.map_err(|error| classify(&error))?;
        Ok(Delivered { external_id: outbound.external_id.clone() })
    }
}

/// A refusal by the server is final, but for refused log-ins; everything else may pass.
fn classify(error: &smtp::Error) -> DeliverError {
    let code = error.status().map(u16::from);
    if error.is_permanent() && !code.is_some_and(|code| LOGIN_CODES.contains(&code)) {
        DeliverError::Permanent(error.to_string())
    } else {
        DeliverError::Temporary(error.to_string())
    }
}

#[cfg(test)]
mod tests;
