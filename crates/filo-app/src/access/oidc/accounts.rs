//! Whose account an identity of the provider is: made at the first log-in, with the role and unit of the latest one.

use filo_domain::{Instant, UserId, event::Actor, vocabulary::Word};
use filo_store::{
    Conn,
    access::{self, UserRecord},
    audit, oidc,
};
use serde_json::json;

use super::{Grant, StaffIdentity};
use crate::{AppError, Role, access::users::must_not_be_last, mint};

/// The longest name that is taken over; the account's may have a number behind it.
const LONGEST_NAME: usize = 40;

/// Whom an identity leads to.
pub(super) enum Known {
    /// A user who may come in.
    User(UserRecord),
    /// One who may not.
    Disabled(UserId),
}

/// The account of an identity.
pub(super) fn known(
    conn: &mut Conn,
    identity: &StaffIdentity,
    grant: &Grant,
    now: Instant,
) -> Result<Known, AppError> {
    let Some(id) = oidc::user_of(conn, &identity.issuer, &identity.subject)? else {
        return make(conn, identity, grant, now).map(Known::User);
    };
    match access::find_user(conn, id)?.filter(|user| user.disabled_at.is_none()) {
        Some(user) => follow(conn, user, grant, now).map(Known::User),
        None => Ok(Known::Disabled(id)),
    }
}

/// Gives a user the role and unit of the group. The last administrator stays one: somebody must be able to repair a
/// provider's groups.
fn follow(conn: &mut Conn, user: UserRecord, grant: &Grant, now: Instant) -> Result<UserRecord, AppError> {
    let role = grant.role.word().to_owned();
    if user.role == role && user.unit == grant.unit {
        return Ok(user);
    }
    let changed = UserRecord { role, unit: grant.unit.clone(), version: user.version + 1, ..user.clone() };
    // The log first: it lets one in at a time, so that two administrators cannot cease to be one at once.
    note(conn, "user_changed", &changed, now)?;
    if grant.role != Role::Admin {
        must_not_be_last(conn, &user)?;
    }
    access::change_user(conn, &changed)?;
    Ok(changed)
}

fn make(
    conn: &mut Conn,
    identity: &StaffIdentity,
    grant: &Grant,
    now: Instant,
) -> Result<UserRecord, AppError> {
    let user = UserRecord {
        id: mint::id(now),
        name: free_name(conn, identity)?,
        role: grant.role.word().to_owned(),
        unit: grant.unit.clone(),
        // No password fits: this user logs in at the provider.
        password_hash: String::new(),
        created_at: now,
        disabled_at: None,
        version: 1,
        display_name: identity.display_name.as_deref().and_then(shown),
    };
    note(conn, "user_added", &user, now)?;
    access::insert_user(conn, &user)?;
    oidc::tie(conn, &identity.issuer, &identity.subject, user.id)?;
    Ok(user)
}

fn note(conn: &mut Conn, action: &str, user: &UserRecord, now: Instant) -> Result<(), AppError> {
    let data = json!({ "user": user.id, "role": user.role, "unit": user.unit, "by": "oidc" });
    Ok(audit::append(conn, now, &Actor::System, action, data)?)
}

/// A name that colleagues can be shown.
fn shown(name: &str) -> Option<String> {
    let clean: String = name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

/// The provider's name, or one made of the subject, with a number where somebody here has it.
fn free_name(conn: &mut Conn, identity: &StaffIdentity) -> Result<String, AppError> {
    let wanted = wanted_name(identity);
    if access::user_named(conn, &wanted)?.is_none() {
        return Ok(wanted);
    }
    for number in 2..1_000 {
        let name = format!("{wanted}-{number}");
        if access::user_named(conn, &name)?.is_none() {
            return Ok(name);
        }
    }
    Err(AppError::conflict("name-taken", "too many users have this name"))
}

fn wanted_name(identity: &StaffIdentity) -> String {
    let fine = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    let name = identity.username.iter().flat_map(|name| name.chars());
    let name: String = name.filter(fine).take(LONGEST_NAME).collect();
    if name.is_empty() {
        let code: String = mint::digest(&identity.subject).chars().take(12).collect();
        return format!("staff-{code}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_provider_becomes_one_that_fits_here() {
        let of = |username: Option<&str>| {
            wanted_name(&StaffIdentity {
                issuer: "i".to_owned(),
                subject: "s".to_owned(),
                username: username.map(str::to_owned),
                display_name: None,
                groups: vec![],
            })
        };
        assert_eq!(of(Some("Anna.Rossi@comune.example")), "Anna.Rossi@comune.example");
        assert_eq!(of(Some("a/../b c\u{0}")), "a..bc");
        assert_eq!(of(Some(&"x".repeat(300))).len(), LONGEST_NAME);
        for nameless in [None, Some(""), Some("安娜")] {
            assert!(of(nameless).starts_with("staff-"));
        }
        assert_eq!(shown(" Anna\u{7} Rossi "), Some("Anna Rossi".to_owned()));
        assert_eq!(shown("\n"), None);
    }
}
