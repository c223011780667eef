//! What users do with their own account.

use std::net::IpAddr;

use filo_domain::{Instant, UserId};
use filo_store::{access, audit};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::json;

use super::{
    Tokens,
    factor::{self, FactorView},
    password::{self, blocking},
    throttle,
};
use crate::{App, AppError, Caller, Permission, Role, mint};

/// The user who is logged in.
#[derive(Clone, Debug, Serialize)]
pub struct Me {
    /// The id.
    pub id: UserId,
    /// The log-in name.
    pub name: String,
    /// The name shown to colleagues.
    pub display_name: Option<String>,
    /// The role.
    pub role: Role,
    /// The unit.
    pub unit: Option<String>,
    /// What there is of a second factor.
    pub totp: FactorView,
}

impl App {
    /// Who the caller is.
    ///
    /// # Errors
    /// The store's own.
    pub async fn me(&self, caller: &Caller) -> Result<Me, AppError> {
        caller.must(Permission::EnrolFactor)?;
        let id = caller.user().ok_or(AppError::Credentials)?;
        let core = self.core.clone();
        self.db
            .read(move |conn| {
                let user = access::find_user(conn, id)?.ok_or(AppError::Credentials)?;
                let totp = factor::view(conn, &core, &user)?;
                let role = super::role(&user)?;
                let (name, display_name, unit) = (user.name, user.display_name, user.unit);
                Ok(Me { id, name, display_name, role, unit, totp })
            })
            .await
    }

    /// Changes the caller's own password and ends every log-in but the new one, whose tokens it gives.
    ///
    /// # Errors
    /// A wrong present password, too many of them, a short new one, an account whose password is kept elsewhere.
    pub async fn change_password(
        &self,
        caller: &Caller,
        (current, new): (SecretString, SecretString),
        address: Option<IpAddr>,
        now: Instant,
    ) -> Result<Tokens, AppError> {
        caller.must(Permission::OwnAccount)?;
        let id = caller.user().ok_or(AppError::Credentials)?;
        password::check("/new", &new)?;
        let door = self.heard(id, address, now).await?;
        let user = self.db.read(move |conn| access::find_user(conn, id)).await.map_err(AppError::Store)?;
        let user = user.ok_or(AppError::Credentials)?;
        let stored = user.password_hash.clone();
        let hash = blocking(move || {
            let right = password::verify(&current, Some(&stored));
            right.then(|| password::hash(&new)).transpose()
        });
        let Some(hash) = hash.await? else {
            return Err(AppError::invalid("/current", "is not the present password"));
        };
        let core = self.core.clone();
        self.db
            .write(move |conn| {
                throttle::take_back(conn, &door, now)?;
                access::set_password(conn, id, &hash)?;
                access::revoke_user(conn, id, now)?;
                let actor = filo_domain::event::Actor::User(id);
                audit::append(conn, now, &actor, "password_changed", json!({}))?;
                super::tokens(conn, &core, &user, mint::uuid(now), now)
            })
            .await
    }
}
