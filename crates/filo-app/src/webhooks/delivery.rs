//! How messages are written from the feed, sent, and sent again.
//!
//! A worker that dies between sending and recording leaves the message to another when its lease ends: the receiver
//! gets it twice under one `webhook-id`. Attempts go on over a day with growing pauses; then the message is given up
//! and can be sent again by hand. Meanwhile the later messages of the same ticket wait, those of others do not.

use base64::{Engine, engine::general_purpose::STANDARD};
use filo_domain::Instant;
use filo_store::{
    Conn,
    feed::{self, News},
    webhooks::{self, DeliveryRecord, DeliveryState, HookId, HookRecord, HookState, SealedSecret},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::{PURPOSE, SignedWebhook, WebhookAnswer};
use crate::{App, AppError, Caller, Core, Permission, feed as news_feed, mint};

/// News looked at in one transaction.
const PAGE: i64 = 200;
/// Messages sent to one receiver at once.
const AT_ONCE: i64 = 10;
/// How long a worker holds a message: longer than an attempt takes.
const LEASE_S: i64 = 60;
/// A message is tried for so long.
const WINDOW_S: i64 = 86_400;
/// The first pause, and the longest.
const FIRST_PAUSE_S: i64 = 5;
const LONGEST_PAUSE_S: i64 = 4 * 3600;
/// A subscription to which nothing could be delivered for so long is paused.
const PAUSE_AFTER_S: i64 = 3 * 86_400;
/// Settled messages are kept for so long.
const KEPT_S: i64 = 30 * 86_400;
/// Of an answer so much is kept, in characters.
const PREFIX: usize = 200;

/// What a receiver is told: the envelope of the stream, without the operator who has the ticket.
fn body_of(news: &News) -> String {
    let mut payload = news_feed::wire(news);
    if let Some(data) = payload.get_mut("data").and_then(Value::as_object_mut) {
        data.remove("user_id");
    }
    payload.to_string()
}

fn wants(hook: &HookRecord, news: &News) -> bool {
    let of_unit = |unit: &String| news.unit.as_ref() == Some(unit) || news.unit_before.as_ref() == Some(unit);
    news.user.is_none() && hook.events.contains(&news.kind) && hook.unit.as_ref().is_none_or(of_unit)
}

fn message(hook: &HookRecord, news: &News, now: Instant) -> DeliveryRecord {
    DeliveryRecord {
        id: mint::id(now),
        hook: hook.id,
        seq: news.seq,
        at: news.at,
        kind: news.kind.clone(),
        ticket: news.ticket,
        body: body_of(news),
        state: DeliveryState::Queued,
        attempts: 0,
        due_at: now,
        tried_at: None,
        settled_at: None,
        status: None,
        error: None,
        answer: None,
    }
}

fn messages(hook: &HookRecord, page: &[News], now: Instant) -> Vec<DeliveryRecord> {
    page.iter().filter(|news| wants(hook, news)).map(|news| message(hook, news, now)).collect()
}

/// Writes the messages of one page of the feed; `false` when there was nothing new, or another worker is at it.
fn write(conn: &mut Conn, id: HookId, now: Instant) -> Result<bool, AppError> {
    let Some(mut hook) = webhooks::hold(conn, id, false)?.filter(|hook| hook.state == HookState::Active)
    else {
        return Ok(false);
    };
    let page = feed::after(conn, hook.place, PAGE)?;
    let Some(last) = page.last() else { return Ok(false) };
    webhooks::queue(conn, &messages(&hook, &page, now))?;
    hook.place = last.seq;
    webhooks::update(conn, &hook)?;
    Ok(true)
}

/// One signature, as the header has it.
fn signature(core: &Core, hook: HookId, secret: &SealedSecret, signed: &str) -> Result<String, AppError> {
    let broken = |error: &dyn std::fmt::Display| AppError::internal("a webhook's secret", error);
    let sealed = STANDARD.decode(&secret.sealed).map_err(|error| broken(&error))?;
    let key = mint::unseal(&core.signing_key, PURPOSE, &hook.to_string(), &sealed)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|error| broken(&error))?;
    mac.update(signed.as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// The signatures of a message by every secret that is in use, newest first.
fn sign(
    core: &Core,
    hook: &HookRecord,
    message: &DeliveryRecord,
    now: Instant,
) -> Result<SignedWebhook, AppError> {
    let (id, timestamp) = (message.id.to_string(), now.seconds());
    let signed = format!("{id}.{timestamp}.{}", message.body);
    let in_use =
        hook.secrets.iter().filter(|secret| secret.until_us.is_none_or(|until| now.micros() < until));
    let mut signatures = Vec::new();
    for secret in in_use {
        signatures.push(signature(core, hook.id, secret, &signed)?);
    }
    Ok(SignedWebhook {
        url: hook.url.clone(),
        id,
        timestamp,
        signature: signatures.join(" "),
        body: message.body.clone(),
    })
}

/// Seconds from now, as the header says: a number, or a date.
fn retry_after_s(header: &str, now: Instant) -> Option<i64> {
    let text = header.trim();
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(seconds.max(0));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(date.timestamp().as_second().saturating_sub(now.seconds()).max(0))
}

/// Five seconds, four times as long with each attempt, four hours at most; a fifth more or less, so that what failed
/// together does not come back together.
fn pause_s(attempts: i32, chance: u8) -> i64 {
    let times = u32::try_from(attempts.clamp(1, 10) - 1).unwrap_or(0);
    let pause = FIRST_PAUSE_S.saturating_mul(4_i64.saturating_pow(times)).min(LONGEST_PAUSE_S);
    pause * (800 + i64::from(chance) * 400 / 255) / 1000
}

/// When a message is tried again; `None` after a day.
fn again_at(message: &DeliveryRecord, now: Instant, wait_s: i64) -> Option<Instant> {
    let deadline = message.tried_at.unwrap_or(now).plus_seconds(WINDOW_S);
    (now < deadline).then(|| now.plus_seconds(wait_s.clamp(1, WINDOW_S)).min(deadline))
}

/// What an attempt means for its subscription.
enum Verdict {
    Delivered,
    Failed,
    Gone,
}

/// Writes what became of an attempt into the message.
fn judge(
    message: &mut DeliveryRecord,
    answer: Result<WebhookAnswer, String>,
    now: Instant,
    chance: u8,
) -> Verdict {
    let (status, retry_after, text, error) = match answer {
        Ok(answer) => (Some(answer.status), answer.retry_after, Some(answer.text), None),
        Err(error) => (None, None, None, Some(error)),
    };
    let plain = |text: String| -> String { text.chars().filter(|c| !c.is_control()).take(PREFIX).collect() };
    message.status = status.map(i32::from);
    message.answer = text.map(plain).filter(|text| !text.is_empty());
    if status.is_some_and(|status| (200..300).contains(&status)) {
        (message.state, message.settled_at, message.error) = (DeliveryState::Delivered, Some(now), None);
        return Verdict::Delivered;
    }
    let said = status.map(|status| format!("the receiver answered {status}"));
    message.error = error.map(plain).or(said);
    if status == Some(410) {
        (message.state, message.settled_at) = (DeliveryState::Dead, Some(now));
        return Verdict::Gone;
    }
    let asked = retry_after.and_then(|header| retry_after_s(&header, now)).unwrap_or_default();
    match again_at(message, now, pause_s(message.attempts, chance).max(asked)) {
        Some(at) => message.due_at = at,
        None => (message.state, message.settled_at) = (DeliveryState::Dead, Some(now)),
    }
    Verdict::Failed
}

/// Records an attempt with its message and its subscription.
fn record(
    conn: &mut Conn,
    message: &DeliveryRecord,
    verdict: &Verdict,
    now: Instant,
) -> Result<(), AppError> {
    let Some(mut hook) = webhooks::hold(conn, message.hook, true)? else { return Ok(()) };
    if !webhooks::settle(conn, message)? {
        return Ok(());
    }
    let before = hook.clone();
    match verdict {
        Verdict::Delivered => hook.failing_since = None,
        Verdict::Failed => {
            if message.state == DeliveryState::Queued {
                webhooks::hold_back(conn, message)?;
            }
            let since = hook.failing_since.unwrap_or(now);
            hook.failing_since = Some(since);
            if hook.state == HookState::Active && since.plus_seconds(PAUSE_AFTER_S) <= now {
                hook.state = HookState::Paused;
                hook.reason = Some("nothing could be delivered for days".to_owned());
            }
        }
        Verdict::Gone => {
            hook.state = HookState::Disabled;
            hook.reason = Some("the receiver answered 410: it is gone".to_owned());
            webhooks::give_up(conn, hook.id, "the subscription was disabled", now)?;
        }
    }
    if hook.state != before.state {
        (hook.updated_at, hook.version) = (now, hook.version + 1);
        tracing::warn!(webhook.id = %hook.id, state = ?hook.state, "a webhook subscription is no longer served");
    }
    if hook != before {
        webhooks::update(conn, &hook)?;
    }
    Ok(())
}

/// Work on a subscription: whether messages were written, and those that are to be sent.
struct Taken {
    hook: HookRecord,
    wrote: bool,
    messages: Vec<DeliveryRecord>,
}

/// Writes messages and claims some; `None` when the subscription is not served.
fn take(conn: &mut Conn, id: HookId, now: Instant) -> Result<Option<Taken>, AppError> {
    let wrote = write(conn, id, now)?;
    let Some(hook) = webhooks::find(conn, id)?.filter(|hook| hook.state == HookState::Active) else {
        return Ok(None);
    };
    let messages = webhooks::claim(conn, id, now, now.plus_seconds(LEASE_S), AT_ONCE)?;
    Ok(Some(Taken { hook, wrote, messages }))
}

impl App {
    /// The subscriptions that have something to do.
    ///
    /// # Errors
    /// The store's own.
    pub async fn hooks_due(&self, now: Instant) -> Result<Vec<HookId>, AppError> {
        self.number_news().await?;
        self.db.read(move |conn| webhooks::due(conn, now)).await.map_err(AppError::Store)
    }

    /// Writes some messages that are due to a subscription and sends some; `false` when there was nothing to do. Any
    /// number of workers may do so at once.
    ///
    /// # Errors
    /// The store's own; what the receiver does is recorded with the message.
    pub async fn serve_hook(&self, id: HookId, now: Instant) -> Result<bool, AppError> {
        let Some(Taken { hook, wrote, messages }) = self.db.write(move |conn| take(conn, id, now)).await?
        else {
            return Ok(false);
        };
        let did = wrote || !messages.is_empty();
        let attempts = messages.into_iter().map(|message| self.attempt(&hook, message, now));
        for done in futures_util::future::join_all(attempts).await {
            done?;
        }
        Ok(did)
    }

    async fn attempt(
        &self,
        hook: &HookRecord,
        mut message: DeliveryRecord,
        now: Instant,
    ) -> Result<(), AppError> {
        let [chance] = mint::random::<1>()?;
        let answer = match sign(&self.core, hook, &message, now) {
            Ok(signed) => self.core.webhooks.post(&signed).await,
            Err(error) => {
                tracing::error!(error = %error, webhook.id = %hook.id, "a message could not be signed");
                Err("the message could not be signed: the signing key has changed".to_owned())
            }
        };
        let verdict = judge(&mut message, answer, now, chance);
        self.db.write(move |conn| record(conn, &message, &verdict, now)).await
    }

    /// Sends what happened in `[from, to)` once more, until now without `to`: messages that were settled, under their
    /// ids, and those that were never written because the subscription was paused or not there. Gives how many.
    ///
    /// # Errors
    /// Not found, or a period that is none.
    pub async fn replay_hook(
        &self,
        caller: &Caller,
        id: HookId,
        (from, to): (Instant, Option<Instant>),
        now: Instant,
    ) -> Result<usize, AppError> {
        caller.must(Permission::ManageWebhooks)?;
        let period = (from, to.unwrap_or(Instant::from_micros(i64::MAX)));
        if period.0 >= period.1 {
            return Err(AppError::invalid("/to", "must be after from"));
        }
        self.number_news().await?;
        let found = self.db.read(move |conn| webhooks::find(conn, id)).await.map_err(AppError::Store)?;
        let hook = found.ok_or(AppError::NotFound("webhook subscription"))?;
        Ok(self.requeue_settled(id, period, now).await? + self.queue_missed(hook, period, now).await?)
    }

    async fn requeue_settled(
        &self,
        id: HookId,
        period: (Instant, Instant),
        now: Instant,
    ) -> Result<usize, AppError> {
        let (mut queued, mut place) = (0, 0);
        loop {
            let step = self.db.write(move |conn| {
                // What another worker sends and settles meanwhile is not taken for old.
                let found = webhooks::settled_between(conn, id, period, place, now, PAGE)?;
                let ids: Vec<_> = found.iter().map(|(id, _)| *id).collect();
                Ok((webhooks::requeue(conn, &ids, now)?, found.last().map(|(_, seq)| *seq)))
            });
            let (again, last) = step.await.map_err(AppError::Store)?;
            queued += again;
            let Some(last) = last else { return Ok(queued) };
            place = last;
        }
    }

    /// Writes what a subscription was never told, up to its place: what lies past that is written when it gets there.
    async fn queue_missed(
        &self,
        hook: HookRecord,
        (from, to): (Instant, Instant),
        now: Instant,
    ) -> Result<usize, AppError> {
        let (mut queued, mut place) = (0, 0);
        loop {
            let page =
                self.db.read(move |conn| feed::after(conn, place, PAGE)).await.map_err(AppError::Store)?;
            let Some(last) = page.last().map(|news| news.seq) else { return Ok(queued) };
            let in_period = |news: &News| news.seq <= hook.place && news.at >= from && news.at < to;
            let missed: Vec<News> = page.into_iter().filter(in_period).collect();
            let missed = messages(&hook, &missed, now);
            if !missed.is_empty() {
                let written = self.db.write(move |conn| webhooks::queue(conn, &missed)).await;
                queued += written.map_err(AppError::Store)?;
            }
            if last >= hook.place {
                return Ok(queued);
            }
            place = last;
        }
    }

    /// Forgets messages that were settled long ago.
    pub(crate) async fn prune_hooks(&self, now: Instant) -> Result<(), AppError> {
        const BATCH: i64 = 500;
        let before = now.plus_seconds(-KEPT_S);
        let full = usize::try_from(BATCH).unwrap_or(usize::MAX);
        while self
            .db
            .write(move |conn| webhooks::prune(conn, before, BATCH))
            .await
            .map_err(AppError::Store)?
            == full
        {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use filo_domain::TicketId;
    use uuid::Uuid;

    use super::*;

    fn tried(attempts: i32, since_s: i64, now: Instant) -> DeliveryRecord {
        DeliveryRecord {
            id: filo_domain::id::Id::from_uuid(Uuid::from_u128(1)),
            hook: filo_domain::id::Id::from_uuid(Uuid::from_u128(2)),
            seq: 1,
            at: now,
            kind: "ticket.changed".to_owned(),
            ticket: Some(TicketId::from_uuid(Uuid::from_u128(3))),
            body: "{}".to_owned(),
            state: DeliveryState::Queued,
            attempts,
            due_at: now,
            tried_at: Some(now.plus_seconds(-since_s)),
            settled_at: None,
            status: None,
            error: None,
            answer: None,
        }
    }
    fn answer(status: u16, retry_after: Option<&str>) -> Result<WebhookAnswer, String> {
        Ok(WebhookAnswer {
            status,
            retry_after: retry_after.map(str::to_owned),
            text: "no\u{0}\n".repeat(200),
        })
    }
    fn noon() -> Instant {
        Instant::parse("2026-10-01T12:00:00Z").unwrap()
    }

    #[test]
    fn pauses_grow_vary_a_little_and_stay_bounded() {
        assert_eq!((pause_s(1, 0), pause_s(1, 255)), (4, 6));
        assert!((1..40).all(|attempt| pause_s(attempt, 128) <= pause_s(attempt + 1, 128)));
        assert!((1..40).all(|attempt| pause_s(attempt, 255) <= LONGEST_PAUSE_S * 12 / 10));
    }

    #[test]
    fn a_message_is_tried_for_a_day_and_once_more_at_its_end() {
        let (mut now, mut attempts) = (noon(), 0);
        let mut message = tried(0, 0, now);
        while message.state == DeliveryState::Queued {
            attempts += 1;
            message.attempts = attempts;
            judge(&mut message, answer(500, None), now, 128);
            now = if message.state == DeliveryState::Queued { message.due_at } else { now };
        }
        assert_eq!(now, noon().plus_seconds(WINDOW_S));
        assert!((10..16).contains(&attempts), "{attempts}");
        assert_eq!(message.error.as_deref(), Some("the receiver answered 500"));
    }

    #[test]
    fn a_receiver_says_when_it_wants_to_be_asked_again_in_seconds_or_with_a_date() {
        for (header, wait_s) in [("120", 120), ("Thu, 01 Oct 2026 12:05:00 GMT", 300), ("-5", 5), ("soon", 5)]
        {
            let mut message = tried(1, 0, noon());
            judge(&mut message, answer(503, Some(header)), noon(), 128);
            let waits = message.due_at.seconds() - noon().seconds();
            assert!((wait_s - 1..=wait_s + 1).contains(&waits), "{header}: {waits}");
        }
        let mut message = tried(1, 0, noon());
        judge(&mut message, answer(429, Some("9999999999")), noon(), 128);
        assert_eq!(message.due_at, noon().plus_seconds(WINDOW_S));
    }

    #[test]
    fn of_an_answer_a_short_beginning_is_kept_without_what_no_database_takes() {
        let mut message = tried(1, 0, noon());
        assert!(matches!(judge(&mut message, answer(410, None), noon(), 0), Verdict::Gone));
        assert_eq!(message.state, DeliveryState::Dead);
        assert_eq!(message.answer.unwrap(), "no".repeat(PREFIX / 2));
    }
}
