//! What was answered under an `Idempotency-Key`.
//!
//! **Invariant:** an answer lies encrypted in the store: it may hold a secret that is shown once, and persons.

use filo_domain::Instant;
use filo_store::access;

use crate::{App, AppError, mint};

/// What the key that seals answers is for.
const PURPOSE: &str = "idempotent answers";
/// The first byte of a sealed answer. Those of earlier versions, kept for a day, are JSON and begin otherwise.
const SEALED: u8 = 1;

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
        let owner = owner(&principal, &key);
        let known = self
            .db
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
            .map_err(AppError::Store)?;
        known.map(|known| self.opened(known, &owner)).transpose()
    }

    fn opened(&self, known: access::Remembered, owner: &str) -> Result<access::Remembered, AppError> {
        match known.body.split_first() {
            Some((&SEALED, sealed)) => {
                let body = mint::unseal(&self.core.signing_key, PURPOSE, owner, sealed)?;
                Ok(access::Remembered { body, ..known })
            }
            Some(_) | None => Ok(known),
        }
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
        let sealed = |(status, headers, body): (u16, serde_json::Value, Vec<u8>)| {
            let sealed = mint::seal(&self.core.signing_key, PURPOSE, &owner(&principal, &key), &body)?;
            Ok::<_, AppError>((status, headers, [[SEALED].as_slice(), &sealed].concat()))
        };
        let answer = answer.map(sealed).transpose()?;
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

fn owner(principal: &str, key: &str) -> String {
    format!("{principal} {key}")
}
