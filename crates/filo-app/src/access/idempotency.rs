//! What was answered under an `Idempotency-Key`.

use filo_domain::Instant;
use filo_store::access;

use crate::{App, AppError};

impl App {
    /// Claims an `Idempotency-Key`; what was answered under it when it was claimed before. A request that is in flight
    /// for longer than any takes was lost with its process, and may be made again.
    ///
    /// # Errors
    /// The store's own.
    pub async fn claim_idempotency(
        &self,
        principal: String,
        key: String,
        request_hash: String,
        now: Instant,
    ) -> Result<Option<access::Remembered>, AppError> {
        const KEPT_S: i64 = 86_400;
        const LONGEST_REQUEST_S: i64 = 300;
        self.db
            .write(move |conn| {
                access::claim_idempotency(
                    conn,
                    &principal,
                    &key,
                    &request_hash,
                    now,
                    (now.plus_seconds(-KEPT_S), now.plus_seconds(-LONGEST_REQUEST_S)),
                )
            })
            .await
            .map_err(AppError::Store)
    }

    /// Remembers the answer under an `Idempotency-Key`, or forgets the key when the answer is our failure.
    ///
    /// # Errors
    /// The store's own.
    pub async fn settle_idempotency(
        &self,
        (principal, key): (String, String),
        claimed_at: Instant,
        answer: Option<(u16, serde_json::Value, Vec<u8>)>,
    ) -> Result<(), AppError> {
        self.db
            .write(move |conn| match answer {
                Some((status, headers, body)) => {
                    access::remember(conn, (&principal, &key), claimed_at, status, &headers, &body)
                }
                None => access::forget(conn, (&principal, &key), claimed_at),
            })
            .await
            .map_err(AppError::Store)
    }
}
