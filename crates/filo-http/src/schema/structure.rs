//! How tickets hang together, for the OpenAPI document: merges, splits, links, watchers, duplicates.

use filo_domain::{
    link::Relation,
    vocabulary::{self as words, Word},
};
use utoipa::{
    ToSchema,
    openapi::{
        ObjectBuilder, RefOr,
        schema::{Schema, Type},
    },
};
use uuid::Uuid;

use super::{At, maybe_one_of, one_of};

/// Into which ticket one is merged.
#[derive(ToSchema)]
pub struct MergeTicket {
    /// The ticket that speaks for it from here on.
    pub into: Uuid,
    /// Why.
    #[schema(min_length = 1, max_length = 5000)]
    pub reason: Option<String>,
}

/// Which contacts go into a ticket of their own.
#[derive(ToSchema)]
pub struct SplitTicket {
    /// At least one, not all.
    #[schema(min_items = 1, max_items = 200)]
    pub interactions: Vec<Uuid>,
    /// The subject of the new ticket.
    #[schema(min_length = 1, max_length = 200)]
    pub subject: String,
    /// Its theme key; by default the old ticket's.
    pub theme: Option<String>,
    /// What it asks for; by default what the old ticket does.
    #[schema(schema_with = maybe_one_of::<words::Kind>)]
    pub kind: Option<String>,
}

/// A link to be made.
#[derive(ToSchema)]
pub struct NewLink {
    /// The other ticket.
    pub ticket_id: Uuid,
    /// What this ticket is to the other.
    #[schema(schema_with = made_by_hand)]
    pub kind: String,
}

/// The kinds of link that people make.
fn made_by_hand() -> RefOr<Schema> {
    let kinds = Relation::ALL.iter().filter(|it| it.is_made_by_hand()).map(|it| it.word());
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(kinds)).into()
}

/// The ticket at the other end of a link.
#[derive(ToSchema)]
pub struct LinkedTicket {
    /// Its id.
    pub id: Uuid,
    /// Its number.
    pub number: String,
    /// Its subject; null once anonymised.
    pub subject: Option<String>,
    /// Where it stands.
    #[schema(schema_with = one_of::<words::State>)]
    pub state: String,
}

/// A link as seen from one of its ends.
#[derive(ToSchema)]
pub struct Link {
    /// Its id; null for what follows from the tickets' history and cannot be taken away.
    pub id: Option<Uuid>,
    /// What this ticket is to the other.
    #[schema(schema_with = one_of::<Relation>)]
    pub kind: String,
    /// The other ticket.
    pub ticket: LinkedTicket,
    /// Since when.
    pub created_at: At,
}

/// Who shall watch.
#[derive(ToSchema)]
pub struct NewWatcher {
    /// The user; by default the caller.
    pub user: Option<Uuid>,
}

/// Who watches a ticket.
#[derive(ToSchema)]
pub struct Watcher {
    /// The user.
    pub user: Uuid,
    /// The user's log-in name.
    pub name: String,
    /// Since when.
    pub since: At,
}

/// An open ticket that may be about the same.
#[derive(ToSchema)]
pub struct Duplicate {
    /// Its id.
    pub id: Uuid,
    /// Its number.
    pub number: String,
    /// Why.
    #[schema(schema_with = reasons)]
    pub reason: String,
    /// When it was opened.
    pub opened_at: At,
}

/// Why two tickets may be about the same.
fn reasons() -> RefOr<Schema> {
    let reasons = ["same_person_and_theme", "similar_text"];
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(reasons)).into()
}

/// The merged ticket that an entry of a conversation belongs to.
#[derive(ToSchema)]
pub struct Origin {
    /// The ticket.
    pub ticket_id: Uuid,
    /// Its number.
    pub number: String,
}
