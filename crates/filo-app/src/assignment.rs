//! Who of a unit gets a ticket that comes to it, where the unit's configuration says so.
//!
//! **Invariant:** the choice is a function of the unit's users, of who had the last turn and of how much each has open,
//! all read under the lock of the unit's turn. It leaves no other trace than the assignment itself.

use filo_domain::{
    UserId,
    city::{Assignment, City},
    vocabulary::Word,
};
use filo_store::{
    Conn,
    access::{self, UserRecord},
    unit_work,
};

use crate::{Access, AppError, Caller, Permission, Role};

/// The user who gets the next ticket of a unit; `None` where nobody is chosen or nobody is there.
///
/// # Errors
/// The store's own.
pub(crate) fn next(conn: &mut Conn, city: &City, unit: &str) -> Result<Option<UserId>, AppError> {
    let assignment = city.units.get(unit).map(|unit| unit.assignment).unwrap_or_default();
    if assignment == Assignment::None {
        return Ok(None);
    }
    let last = unit_work::lock_turn(conn, unit)?;
    let users = access::users_of_unit(conn, unit)?;
    let users: Vec<UserId> = users.into_iter().filter(may_work).map(|user| user.id).collect();
    let in_turn = after(last, &users);
    let chosen = match assignment {
        Assignment::None => None,
        Assignment::RoundRobin => in_turn.first().copied(),
        Assignment::LeastLoaded => {
            let loads = unit_work::loads(conn, &in_turn)?;
            // The first of equals, and so the one whose turn it is.
            in_turn.iter().copied().min_by_key(|user| loads.get(user).copied().unwrap_or(0))
        }
    };
    if let Some(user) = chosen {
        unit_work::set_turn(conn, unit, user)?;
    }
    Ok(chosen)
}

fn may_work(user: &UserRecord) -> bool {
    Role::parse_word(&user.role).is_ok_and(|role| {
        let access = Access::User { id: user.id, role, unit: user.unit.clone() };
        Caller { access }.may(Permission::WorkTickets)
    })
}

/// All users, beginning with the one after `last`.
fn after(last: Option<UserId>, users: &[UserId]) -> Vec<UserId> {
    let place = last.and_then(|last| users.iter().position(|user| *user == last));
    let start = place.map_or(0, |place| place + 1);
    users.iter().cycle().skip(start).take(users.len()).copied().collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn turns_go_round_and_begin_anew_when_the_last_is_gone() {
        let users: Vec<UserId> = (1..=3).map(|n| UserId::from_uuid(Uuid::from_u128(n))).collect();
        let [a, b, c] = users[..] else { panic!() };
        assert_eq!(after(None, &users), [a, b, c]);
        assert_eq!(after(Some(a), &users), [b, c, a]);
        assert_eq!(after(Some(c), &users), [a, b, c]);
        assert_eq!(after(Some(b), &[a, c]), [a, c]);
        assert!(after(Some(b), &[]).is_empty());
    }
}
