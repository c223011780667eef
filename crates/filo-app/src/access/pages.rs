//! Log-ins to the pages, which a cookie carries in place of a header.
//!
//! **Invariant:** a page's token opens pages and nothing else: the interface for programs refuses it, and the refresh
//! token of its log-in is known to nobody. It lasts as long as that log-in: logging out, another password, a disabled
//! user end it at once.

use std::net::IpAddr;

use filo_domain::{Instant, event::Actor};
use filo_store::{access, audit};
use serde_json::json;

use super::{Claims, LoginRequest, find_refresh, role, signed};
use crate::{App, AppError, Caller, caller::Access, mint};

/// A log-in to the pages.
#[derive(Clone, Debug)]
pub struct PageSession {
    /// What the cookie carries.
    pub token: String,
    /// Who it is.
    pub caller: Caller,
}

impl App {
    /// Logs a user in to the pages, under the same throttling, with the same second factor as everywhere.
    ///
    /// # Errors
    /// As [`Self::login_from`]; `otp-enrolment-required` for a user whose role must have a second factor and who has
    /// none yet.
    pub async fn open_page_session(
        &self,
        request: LoginRequest,
        address: Option<IpAddr>,
        now: Instant,
    ) -> Result<PageSession, AppError> {
        let tokens = self.login_from(request, address, now).await?;
        if tokens.enrolment_only {
            self.logout(&tokens.refresh_token, now).await?;
            return Err(AppError::SecondFactor("otp-enrolment-required"));
        }
        let (core, hash) = (self.core.clone(), mint::digest(&tokens.refresh_token));
        let token = self
            .db
            .read(move |conn| {
                let login = find_refresh(conn, &hash)?.ok_or(AppError::Credentials)?;
                let (iat, exp) = (now.seconds(), login.expires_at.seconds());
                signed(&core, &Claims { sub: login.user, iat, exp, enrol: false, page: Some(login.family) })
            })
            .await?;
        let caller = self.page_caller(&token, now).await?;
        Ok(PageSession { token, caller })
    }

    /// Who a page's token is.
    ///
    /// # Errors
    /// [`AppError::Credentials`], or the store's own.
    pub async fn page_caller(&self, token: &str, now: Instant) -> Result<Caller, AppError> {
        let claims = self.claims(token, now)?;
        let family = claims.page.ok_or(AppError::Credentials)?;
        self.db
            .read(move |conn| {
                if !access::family_lasts(conn, family, now)? {
                    return Err(AppError::Credentials);
                }
                let user = access::find_user(conn, claims.sub)?.filter(|user| user.disabled_at.is_none());
                let user = user.ok_or(AppError::Credentials)?;
                Ok(Caller { access: Access::User { id: user.id, role: role(&user)?, unit: user.unit } })
            })
            .await
    }

    /// Ends a log-in to the pages; a token that is no longer good is no error.
    ///
    /// # Errors
    /// The store's own.
    pub async fn close_page_session(&self, token: &str, now: Instant) -> Result<(), AppError> {
        let Ok(claims) = self.claims(token, now) else { return Ok(()) };
        let Some(family) = claims.page else { return Ok(()) };
        self.db
            .write(move |conn| {
                access::revoke_family(conn, family, now)?;
                Ok(audit::append(conn, now, &Actor::User(claims.sub), "logout", json!({}))?)
            })
            .await
    }
}
