//! Links between tickets: what one is to another. A link is one thing with two ends, each with its own word for it.

use serde::{Deserialize, Serialize};

use crate::{LinkId, TicketId, vocabulary::Word};

/// What a ticket is to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// They have to do with each other.
    Related,
    /// It asks for the same.
    DuplicateOf,
    /// The other asks for the same.
    DuplicatedBy,
    /// The other is a part of it.
    ParentOf,
    /// It is a part of the other.
    ChildOf,
    /// Its contacts were split off the other.
    SplitFrom,
    /// Contacts of it were split off into the other.
    SplitInto,
    /// It was opened by a message that came too late to reopen the other.
    Follows,
    /// The other was opened by a message that came too late to reopen it.
    FollowedBy,
    /// The other speaks for it.
    MergedInto,
    /// It speaks for the other.
    Absorbed,
}

impl Word for Relation {
    const NAME: &'static str = "kind of link";
    const ALL: &'static [Self] = &[
        Self::Related,
        Self::DuplicateOf,
        Self::DuplicatedBy,
        Self::ParentOf,
        Self::ChildOf,
        Self::SplitFrom,
        Self::SplitInto,
        Self::Follows,
        Self::FollowedBy,
        Self::MergedInto,
        Self::Absorbed,
    ];
    fn word(self) -> &'static str {
        match self {
            Self::Related => "related",
            Self::DuplicateOf => "duplicate_of",
            Self::DuplicatedBy => "duplicated_by",
            Self::ParentOf => "parent_of",
            Self::ChildOf => "child_of",
            Self::SplitFrom => "split_from",
            Self::SplitInto => "split_into",
            Self::Follows => "follows",
            Self::FollowedBy => "followed_by",
            Self::MergedInto => "merged_into",
            Self::Absorbed => "absorbed",
        }
    }
}

impl Relation {
    /// The same link as seen from the other end.
    pub fn reversed(self) -> Self {
        match self {
            Self::Related => Self::Related,
            Self::DuplicateOf => Self::DuplicatedBy,
            Self::DuplicatedBy => Self::DuplicateOf,
            Self::ParentOf => Self::ChildOf,
            Self::ChildOf => Self::ParentOf,
            Self::SplitFrom => Self::SplitInto,
            Self::SplitInto => Self::SplitFrom,
            Self::Follows => Self::FollowedBy,
            Self::FollowedBy => Self::Follows,
            Self::MergedInto => Self::Absorbed,
            Self::Absorbed => Self::MergedInto,
        }
    }
    /// Whether people make and take away such links; the others follow from what happened.
    pub fn is_made_by_hand(self) -> bool {
        matches!(self, Self::Related | Self::DuplicateOf | Self::ParentOf)
    }
}

/// A link as seen from one of its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Link {
    /// Its id, the same at both ends.
    pub id: LinkId,
    /// What this end is to the other.
    pub relation: Relation,
    /// The other end.
    pub ticket: TicketId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seen_from_the_other_end_and_back_a_link_is_itself() {
        for relation in Relation::ALL {
            assert_eq!(relation.reversed().reversed(), *relation);
            assert_eq!(Relation::parse_word(relation.word()).unwrap(), *relation);
        }
    }
}
