//! Users: administrators administer all, supervisors the operators and specialists of their unit.
//!
//! **Invariant:** there is always an administrator who may log in, once there was one.

use filo_domain::{Instant, UserId, vocabulary::Word};
use filo_store::{
    Conn,
    access::{self, UserRecord},
    audit,
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    password::{self, blocking},
    throttle,
};
use crate::{
    App, AppError, Caller, Permission, Role,
    caller::Access,
    merge_patch::{given, not_null},
    mint,
};

/// A user to be made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The log-in name.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The unit of a specialist or supervisor.
    pub unit: Option<String>,
    /// The password, 12 characters at least.
    pub password: SecretString,
}

/// A change of a user; `null` takes a unit or a shown name away.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// Another role.
    #[serde(default, deserialize_with = "not_null")]
    pub role: Option<Role>,
    /// Another unit.
    #[serde(default, deserialize_with = "given")]
    pub unit: Option<Option<String>>,
    /// The name shown to colleagues.
    #[serde(default, deserialize_with = "given")]
    pub display_name: Option<Option<String>>,
}

/// A user as administrators see it.
#[derive(Clone, Debug, Serialize)]
pub struct UserSummary {
    /// The id.
    pub id: UserId,
    /// The log-in name.
    pub name: String,
    /// The name shown to colleagues.
    pub display_name: Option<String>,
    /// The role.
    pub role: String,
    /// The unit.
    pub unit: Option<String>,
    /// When the user was made.
    pub created_at: Instant,
    /// When the user was disabled.
    pub disabled_at: Option<Instant>,
    /// Counts the changes.
    #[serde(skip)]
    pub version: i32,
}

impl From<UserRecord> for UserSummary {
    fn from(user: UserRecord) -> Self {
        Self {
            id: user.id,
            name: user.name,
            display_name: user.display_name,
            role: user.role,
            unit: user.unit,
            created_at: user.created_at,
            disabled_at: user.disabled_at,
            version: user.version,
        }
    }
}

impl App {
    /// Makes a user.
    ///
    /// # Errors
    /// A name taken, an unknown unit, a short password, a role or unit that the caller may not give.
    pub async fn add_user(
        &self,
        caller: &Caller,
        mut new: NewUser,
        now: Instant,
    ) -> Result<UserSummary, AppError> {
        caller.must(Permission::ManageUsers)?;
        if let Reach::Unit(own) = reach(caller) {
            new.unit.get_or_insert_with(|| own.to_owned());
        }
        must_give(caller, new.role, new.unit.as_deref())?;
        check_name("/name", &new.name)?;
        password::check("/password", &new.password)?;
        check_unit(self, new.role, new.unit.as_deref())?;
        let (actor, secret) = (caller.actor(), new.password.clone());
        let password_hash = blocking(move || password::hash(&secret)).await?;
        let user = UserRecord {
            id: mint::id(now),
            name: new.name,
            display_name: None,
            role: new.role.word().to_owned(),
            unit: new.unit,
            password_hash,
            created_at: now,
            disabled_at: None,
            version: 1,
        };
        self.db
            .write(move |conn| {
                if access::user_named(conn, &user.name)?.is_some() {
                    let detail = format!("there is a user {:?} already", user.name);
                    return Err(AppError::conflict("name-taken", detail));
                }
                access::insert_user(conn, &user)?;
                let data = json!({ "user": user.id, "role": user.role, "unit": user.unit });
                audit::append(conn, now, &actor, "user_added", data)?;
                Ok(user.into())
            })
            .await
    }

    /// The users whom the caller administers, by name.
    ///
    /// # Errors
    /// The store's own.
    pub async fn users(&self, caller: &Caller) -> Result<Vec<UserSummary>, AppError> {
        caller.must(Permission::ManageUsers)?;
        let users = self.db.read(access::users).await.map_err(AppError::Store)?;
        let seen = users.into_iter().filter(|user| must_see(caller, user).is_ok());
        Ok(seen.map(Into::into).collect())
    }

    /// Changes a user that has this version.
    ///
    /// # Errors
    /// Not found, stale, a role or unit that is not there or that the caller may not give, the last administrator.
    pub async fn change_user(
        &self,
        caller: &Caller,
        name: &str,
        version: i32,
        change: UserChange,
        now: Instant,
    ) -> Result<UserSummary, AppError> {
        caller.must(Permission::ManageUsers)?;
        check_shown(change.display_name.as_ref())?;
        let (app, caller, name) = (self.clone(), caller.clone(), name.to_owned());
        self.db
            .write(move |conn| {
                let user = administered(conn, &caller, &name)?;
                if user.version != version {
                    return Err(AppError::Stale(user.version));
                }
                let mut changed = user.clone();
                let role = change.role.map_or_else(|| super::role(&user), Ok)?;
                changed.role = role.word().to_owned();
                changed.unit = change.unit.unwrap_or(changed.unit);
                changed.display_name = change.display_name.unwrap_or(changed.display_name);
                changed.version += 1;
                must_give(&caller, role, changed.unit.as_deref())?;
                check_unit(&app, role, changed.unit.as_deref())?;
                // The log first: it lets one in at a time, so that two administrators cannot demote each other.
                let data = json!({ "user": user.id, "role": changed.role, "unit": changed.unit });
                audit::append(conn, now, &caller.actor(), "user_changed", data)?;
                if role != Role::Admin {
                    must_not_be_last(conn, &user)?;
                }
                access::change_user(conn, &changed)?;
                Ok(changed.into())
            })
            .await
    }

    /// Disables a user and ends the user's log-ins.
    ///
    /// # Errors
    /// Not found, the last administrator, or the store's own.
    pub async fn disable_user(&self, caller: &Caller, name: &str, now: Instant) -> Result<(), AppError> {
        self.with_user(caller, name, move |conn, caller, user| {
            audit::append(conn, now, &caller.actor(), "user_disabled", json!({ "user": user.id }))?;
            must_not_be_last(conn, user)?;
            access::disable_user(conn, user.id, now)?;
            Ok(access::revoke_user(conn, user.id, now)?)
        })
        .await
    }

    /// Lets a disabled user log in again; refresh tokens stay revoked.
    ///
    /// # Errors
    /// Not found, or the store's own.
    pub async fn enable_user(&self, caller: &Caller, name: &str, now: Instant) -> Result<(), AppError> {
        self.with_user(caller, name, move |conn, caller, user| {
            if user.disabled_at.is_some() {
                audit::append(conn, now, &caller.actor(), "user_enabled", json!({ "user": user.id }))?;
                access::enable_user(conn, user.id)?;
            }
            Ok(())
        })
        .await
    }

    /// Sets a user's password and ends the user's log-ins.
    ///
    /// # Errors
    /// Not found, a short password, or the store's own.
    pub async fn set_password(
        &self,
        caller: &Caller,
        name: &str,
        password: SecretString,
        now: Instant,
    ) -> Result<(), AppError> {
        caller.must(Permission::ManageUsers)?;
        password::check("/password", &password)?;
        let hash = blocking(move || password::hash(&password)).await?;
        self.with_user(caller, name, move |conn, caller, user| {
            access::set_password(conn, user.id, &hash)?;
            access::revoke_user(conn, user.id, now)?;
            Ok(audit::append(conn, now, &caller.actor(), "password_set", json!({ "user": user.id }))?)
        })
        .await
    }

    /// Forgets a user's failed attempts to log in, and the locks that followed.
    ///
    /// # Errors
    /// Not found, or the store's own.
    pub async fn unlock_user(&self, caller: &Caller, name: &str, now: Instant) -> Result<(), AppError> {
        let core = self.core.clone();
        self.with_user(caller, name, move |conn, caller, user| {
            throttle::unlock(conn, &core, &user.name, now)?;
            Ok(audit::append(conn, now, &caller.actor(), "user_unlocked", json!({ "user": user.id }))?)
        })
        .await
    }

    /// Does something to a user whom the caller administers.
    pub(super) async fn with_user(
        &self,
        caller: &Caller,
        name: &str,
        act: impl FnOnce(&mut Conn, &Caller, &UserRecord) -> Result<(), AppError> + Send + 'static,
    ) -> Result<(), AppError> {
        caller.must(Permission::ManageUsers)?;
        let (caller, name) = (caller.clone(), name.to_owned());
        self.db
            .write(move |conn| {
                let user = administered(conn, &caller, &name)?;
                act(conn, &caller, &user)
            })
            .await
    }
}

/// Whom a caller who manages users reaches.
enum Reach<'a> {
    All,
    Unit(&'a str),
}

fn reach(caller: &Caller) -> Reach<'_> {
    match &caller.access {
        Access::User { role: Role::Admin, .. } | Access::Console => Reach::All,
        Access::User { unit, .. } => Reach::Unit(unit.as_deref().unwrap_or_default()),
        Access::Enrolling { .. } | Access::Key { .. } => Reach::Unit(""),
    }
}

/// Who is of another unit is not there for a supervisor.
fn must_see(caller: &Caller, user: &UserRecord) -> Result<(), AppError> {
    match reach(caller) {
        Reach::All => Ok(()),
        Reach::Unit(own) if !own.is_empty() && user.unit.as_deref() == Some(own) => Ok(()),
        Reach::Unit(_) => Err(AppError::NotFound("user")),
    }
}

/// What a supervisor makes of a user stays within the unit, and below a supervisor.
fn must_give(caller: &Caller, role: Role, unit: Option<&str>) -> Result<(), AppError> {
    match reach(caller) {
        Reach::All => Ok(()),
        Reach::Unit(own) if !own.is_empty() && unit == Some(own) && is_staff(role) => Ok(()),
        Reach::Unit(_) => Err(AppError::Forbidden(Permission::Administer.words())),
    }
}

fn is_staff(role: Role) -> bool {
    matches!(role, Role::Operator | Role::Specialist)
}

fn administered(conn: &mut Conn, caller: &Caller, name: &str) -> Result<UserRecord, AppError> {
    let user = access::user_named(conn, name)?.ok_or(AppError::NotFound("user"))?;
    must_see(caller, &user)?;
    must_give(caller, super::role(&user)?, user.unit.as_deref())?;
    Ok(user)
}

pub(super) fn must_not_be_last(conn: &mut Conn, user: &UserRecord) -> Result<(), AppError> {
    let is_admin = user.role == Role::Admin.word() && user.disabled_at.is_none();
    if is_admin && access::enabled_with_role(conn, Role::Admin.word())? <= 1 {
        let detail = "the last administrator who may log in stays one: make another first";
        return Err(AppError::conflict("last-admin", detail));
    }
    Ok(())
}

pub(super) fn check_unit(app: &App, role: Role, unit: Option<&str>) -> Result<(), AppError> {
    match unit {
        None if role == Role::Specialist => Err(AppError::invalid("/unit", "a specialist belongs to a unit")),
        Some(unit) if app.core.city.units.get(unit).is_none() => {
            Err(AppError::invalid("/unit", format!("there is no unit {unit:?}: see GET /units")))
        }
        Some(_) | None => Ok(()),
    }
}

fn check_shown(name: Option<&Option<String>>) -> Result<(), AppError> {
    match name.and_then(Option::as_deref) {
        Some(name) if name.trim().is_empty() || name.len() > 200 || name.contains(char::is_control) => {
            Err(AppError::invalid("/display_name", "must have 1 to 200 characters"))
        }
        Some(_) | None => Ok(()),
    }
}

pub(super) fn check_name(pointer: &str, name: &str) -> Result<(), AppError> {
    let fine = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    if name.is_empty() || name.len() > 64 || !name.chars().all(fine) {
        return Err(AppError::invalid(
            pointer,
            "must have 1 to 64 letters, digits, dots, hyphens or underscores",
        ));
    }
    Ok(())
}
