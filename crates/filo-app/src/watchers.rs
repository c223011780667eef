//! Who watches a ticket, to be told of its changes. Watching changes nothing of the ticket itself.

use filo_domain::{Instant, TicketId, UserId, vocabulary::Word};
use filo_store::{
    Conn,
    access::{self, UserRecord},
    tickets::TicketRecord,
    watchers::{self, Watcher},
};
use serde::{Deserialize, Serialize};

use crate::{Access, App, AppError, Caller, Permission, Role, tickets::visible};

/// Who shall watch.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewWatcher {
    /// The user; by default the caller.
    pub user: Option<UserId>,
}

/// A watcher as readers see it.
#[derive(Clone, Debug, Serialize)]
pub struct WatcherView {
    /// The user.
    pub user: UserId,
    /// The user's log-in name.
    pub name: String,
    /// Since when.
    pub since: Instant,
}

impl From<Watcher> for WatcherView {
    fn from(watcher: Watcher) -> Self {
        Self { user: watcher.user, name: watcher.name, since: watcher.since }
    }
}

/// Who watches a ticket is a list that is shown whole.
const MOST_WATCHERS: usize = 200;

impl App {
    /// Who watches a ticket.
    ///
    /// # Errors
    /// Not found, or not the caller's to see.
    pub async fn watchers(&self, caller: &Caller, id: TicketId) -> Result<Vec<WatcherView>, AppError> {
        caller.must(Permission::ReadTickets)?;
        let caller = caller.clone();
        self.db
            .read(move |conn| {
                visible(conn, &caller, id)?;
                Ok(watchers::of_ticket(conn, id)?.into_iter().map(WatcherView::from).collect())
            })
            .await
    }

    /// One watcher of a ticket.
    ///
    /// # Errors
    /// A user who does not watch it; not found, or not the caller's to see.
    pub async fn watcher(
        &self,
        caller: &Caller,
        id: TicketId,
        user: UserId,
    ) -> Result<WatcherView, AppError> {
        let watchers = self.watchers(caller, id).await?;
        watchers.into_iter().find(|it| it.user == user).ok_or(AppError::NotFound("watcher"))
    }

    /// Lets a user watch a ticket; gives the watcher, and whether it is new.
    ///
    /// # Errors
    /// A user who may not see the ticket; a caller who is none; not found.
    pub async fn watch(
        &self,
        caller: &Caller,
        id: TicketId,
        new: NewWatcher,
        now: Instant,
    ) -> Result<(WatcherView, bool), AppError> {
        caller.must(Permission::WorkTickets)?;
        let user = new.user.or(caller.user());
        let user = user.ok_or_else(|| AppError::invalid("/user", "give the user who shall watch"))?;
        let caller = caller.clone();
        self.db
            .write(move |conn| {
                let record = visible(conn, &caller, id)?;
                check_user(access::find_user(conn, user)?, &record)?;
                let watching = watchers::of_ticket(conn, id)?;
                if watching.len() >= MOST_WATCHERS && !watching.iter().any(|it| it.user == user) {
                    let detail = format!("at most {MOST_WATCHERS} users watch a ticket");
                    return Err(AppError::conflict("too-many-watchers", detail));
                }
                let added = watchers::add(conn, id, user, now)?;
                Ok((watcher(conn, id, user)?, added))
            })
            .await
    }

    /// Lets a user watch a ticket no longer.
    ///
    /// # Errors
    /// A user who does not watch it; not found.
    pub async fn unwatch(&self, caller: &Caller, id: TicketId, user: UserId) -> Result<(), AppError> {
        caller.must(Permission::WorkTickets)?;
        let caller = caller.clone();
        self.db
            .write(move |conn| {
                visible(conn, &caller, id)?;
                if watchers::remove(conn, id, user)? { Ok(()) } else { Err(AppError::NotFound("watcher")) }
            })
            .await
    }
}

fn watcher(conn: &mut Conn, id: TicketId, user: UserId) -> Result<WatcherView, AppError> {
    let found = watchers::of_ticket(conn, id)?.into_iter().find(|watcher| watcher.user == user);
    found.map(WatcherView::from).ok_or(AppError::NotFound("watcher"))
}

/// Nobody watches what he may not see.
fn check_user(user: Option<UserRecord>, ticket: &TicketRecord) -> Result<(), AppError> {
    let refuse = |detail| Err(AppError::invalid("/user", detail));
    let Some(user) = user.filter(|user| user.disabled_at.is_none()) else {
        return refuse("there is no such user, or the user is disabled");
    };
    let role = Role::parse_word(&user.role).map_err(|error| AppError::internal("a user's role", error))?;
    let access = Access::User { id: user.id, role, unit: user.unit };
    let watcher = Caller { access };
    if watcher.may(Permission::ReadTickets) && watcher.must_see(ticket).is_ok() {
        Ok(())
    } else {
        refuse("this user may not see the ticket")
    }
}
