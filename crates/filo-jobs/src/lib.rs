//! Runs what the job table holds: claims under a lease, retries with growing pauses, a dead-letter list.
//!
//! **Invariant:** it knows no job: what a kind means is its [`Handler`]'s business. A job runs at least once; one
//! whose worker dies is given to another when the lease ends.

use filo_domain::Instant;
use filo_store::{
    Db, StoreError,
    jobs::{self, Job},
};

/// How long a worker holds a job, in seconds: longer than any network call it makes.
const LEASE_S: i64 = 120;
/// After so many attempts (24 h with the pauses below) a job is dead.
pub const ATTEMPTS: i32 = 14;
/// The longest pause between two attempts, in seconds.
const LONGEST_PAUSE_S: i64 = 4 * 3600;

/// Why a job was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// Trying again may help.
    #[error("to be tried again: {0}")]
    Again(String),
    /// Trying again is useless.
    #[error("dead: {0}")]
    Dead(String),
}

/// Knows what jobs mean.
#[async_trait::async_trait]
pub trait Handler: Send + Sync {
    /// Does one job. It may have been done before by a worker that died.
    async fn run(&self, job: &Job, now: Instant) -> Result<(), JobError>;
    /// Records that a job will never be done.
    async fn gave_up(&self, job: &Job, why: &str, now: Instant) -> Result<(), JobError>;
}

/// Runs the jobs that are due, oldest first, at most `limit`; gives how many were tried.
///
/// # Errors
/// The store's own; what keeps a job from being done is recorded with it.
pub async fn run_due(db: &Db, handler: &dyn Handler, now: Instant, limit: i64) -> Result<usize, StoreError> {
    let due = db.write(move |conn| jobs::claim(conn, now, now.plus_seconds(LEASE_S), limit)).await?;
    let tried = due.len();
    for job in due {
        let result = handler.run(&job, now).await;
        settle(db, handler, job, result, now).await?;
    }
    Ok(tried)
}

async fn settle(
    db: &Db,
    handler: &dyn Handler,
    job: Job,
    result: Result<(), JobError>,
    now: Instant,
) -> Result<(), StoreError> {
    let id = job.id;
    match result {
        Ok(()) => db.write(move |conn| jobs::done(conn, id)).await,
        Err(JobError::Again(why)) if job.attempts < ATTEMPTS => {
            let again_at = now.plus_seconds(pause_s(job.attempts));
            db.write(move |conn| jobs::failed(conn, id, &why, Some(again_at))).await
        }
        Err(JobError::Again(why) | JobError::Dead(why)) => match handler.gave_up(&job, &why, now).await {
            Ok(()) => db.write(move |conn| jobs::failed(conn, id, &why, None)).await,
            // The record of giving up failed: the job stays and is given up at its next turn.
            Err(error) => {
                let again_at = now.plus_seconds(LONGEST_PAUSE_S);
                db.write(move |conn| jobs::failed(conn, id, &error.to_string(), Some(again_at))).await
            }
        },
    }
}

/// Half a minute, doubled with each attempt, four hours at most.
fn pause_s(attempts: i32) -> i64 {
    let doublings = u32::try_from(attempts.clamp(0, 20)).unwrap_or(0);
    30_i64.saturating_mul(2_i64.saturating_pow(doublings)).min(LONGEST_PAUSE_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_attempts_together_last_about_a_day() {
        let total: i64 = (1..ATTEMPTS).map(pause_s).sum();
        assert!((20 * 3600..30 * 3600).contains(&total), "{total}");
    }

    #[test]
    fn pauses_grow_and_stay_bounded() {
        assert!((1..40).all(|attempt| pause_s(attempt) <= pause_s(attempt + 1)));
        assert_eq!(pause_s(i32::MAX), LONGEST_PAUSE_S);
    }
}
