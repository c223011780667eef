//! Who calls, and what each role and scope may do: one table, deny by default.

use filo_domain::{UserId, event::Actor, vocabulary::Word};
use filo_store::tickets::TicketRecord;
use serde::{Deserialize, Serialize};

use crate::AppError;

/// What a user may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Level I: all tickets, calls and persons.
    Operator,
    /// Level II: the same for the tickets of the own units.
    Specialist,
    /// An operator who also reassigns, and closes and restates months.
    Supervisor,
    /// Reports, indicators and explanations with persons masked; no messages.
    Analyst,
    /// Users, keys, configuration, health; no message text.
    Admin,
}

impl Word for Role {
    const NAME: &'static str = "role";
    const ALL: &'static [Self] =
        &[Self::Operator, Self::Specialist, Self::Supervisor, Self::Analyst, Self::Admin];
    fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Specialist => "specialist",
            Self::Supervisor => "supervisor",
            Self::Analyst => "analyst",
            Self::Admin => "admin",
        }
    }
}

/// What an integration key may be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// Push calls.
    #[serde(rename = "intake:phone")]
    IntakePhone,
    /// Push submissions, unmoderated.
    #[serde(rename = "intake:scrivi")]
    IntakeScrivi,
    /// Push mail.
    #[serde(rename = "intake:email")]
    IntakeEmail,
    /// Push social contacts.
    #[serde(rename = "intake:social")]
    IntakeSocial,
    /// Tell the protocol numbers of tickets.
    #[serde(rename = "protocol")]
    Protocol,
    /// Read reports.
    #[serde(rename = "read:reports")]
    ReadReports,
    /// Manage webhook subscriptions.
    #[serde(rename = "webhooks")]
    Webhooks,
}

impl Word for Scope {
    const NAME: &'static str = "scope";
    const ALL: &'static [Self] = &[
        Self::IntakePhone,
        Self::IntakeScrivi,
        Self::IntakeEmail,
        Self::IntakeSocial,
        Self::Protocol,
        Self::ReadReports,
        Self::Webhooks,
    ];
    fn word(self) -> &'static str {
        match self {
            Self::IntakePhone => "intake:phone",
            Self::IntakeScrivi => "intake:scrivi",
            Self::IntakeEmail => "intake:email",
            Self::IntakeSocial => "intake:social",
            Self::Protocol => "protocol",
            Self::ReadReports => "read:reports",
            Self::Webhooks => "webhooks",
        }
    }
}

/// What a route needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Read tickets, their messages and events.
    ReadTickets,
    /// Work tickets.
    WorkTickets,
    /// Find persons and read their timelines.
    ReadPersons,
    /// Change, merge and un-merge persons.
    ManagePersons,
    /// Read the call log and contacts.
    ReadContacts,
    /// See where live events and the log of a phone system do not say the same.
    CompareCalls,
    /// Push calls from the phone system.
    PushCalls,
    /// Push contacts from another system.
    PushContacts,
    /// Promise call-backs, and see when they can be promised.
    BookCallbacks,
    /// Read reports, indicators, explanations and scorecards.
    ReadReports,
    /// See the live dashboard: counts by unit and channel, of nobody in particular.
    SeeDashboard,
    /// Record protocol numbers, and hand over again what failed.
    RecordProtocol,
    /// Import monthly series.
    ImportSeries,
    /// Enter what suppliers cost.
    EnterCosts,
    /// Enter rows of the yearly table that Filo does not measure.
    EnterScores,
    /// Record campaigns to report on.
    PlanCampaigns,
    /// Evaluate past periods under other definitions, calendars and targets.
    AskWhatIf,
    /// Close and restate months.
    CloseMonths,
    /// See what became of the reports that are made and mailed by themselves, and have failed ones tried again.
    WatchReports,
    /// Read and settle the quarantine.
    ManageQuarantine,
    /// Hand over what an ended unit left behind.
    HandOver,
    /// Read units, themes and sources.
    ReadConfiguration,
    /// Give open tickets the clock policies of today, or leave them theirs.
    ManagePolicies,
    /// Manage users: administrators all, supervisors those of their unit.
    ManageUsers,
    /// Manage keys and all users, read the audit log.
    Administer,
    /// Change the own account.
    OwnAccount,
    /// Enrol a second factor for oneself.
    EnrolFactor,
    /// Follow along: tickets, queues, calls and mentions, each with its own permission.
    ReadStream,
    /// Manage webhook subscriptions.
    ManageWebhooks,
}

impl Permission {
    /// What it allows, for messages.
    pub fn words(self) -> &'static str {
        match self {
            Self::ReadTickets => "read tickets",
            Self::WorkTickets => "work tickets",
            Self::ReadPersons => "find persons",
            Self::ManagePersons => "change persons",
            Self::ReadContacts => "read contacts",
            Self::CompareCalls => "compare calls with their log",
            Self::PushCalls => "push calls",
            Self::PushContacts => "push contacts",
            Self::BookCallbacks => "promise call-backs",
            Self::ReadReports => "read reports",
            Self::SeeDashboard => "see the dashboard",
            Self::RecordProtocol => "record protocol numbers",
            Self::ImportSeries => "import series",
            Self::EnterCosts => "enter costs",
            Self::EnterScores => "enter rows of the scorecard",
            Self::PlanCampaigns => "plan campaigns",
            Self::AskWhatIf => "ask what if",
            Self::CloseMonths => "close months",
            Self::WatchReports => "watch scheduled reports",
            Self::ManageQuarantine => "settle the quarantine",
            Self::HandOver => "hand over the tickets of a unit",
            Self::ReadConfiguration => "read the configuration",
            Self::ManagePolicies => "change clock policies",
            Self::ManageUsers => "manage users",
            Self::Administer => "administer users and keys",
            Self::OwnAccount => "change the own account",
            Self::EnrolFactor => "enrol a second factor",
            Self::ReadStream => "follow the stream",
            Self::ManageWebhooks => "manage webhook subscriptions",
        }
    }
}

/// With what a caller comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// A user of Filo.
    User {
        /// The id.
        id: UserId,
        /// The role.
        role: Role,
        /// The unit of a specialist or supervisor.
        unit: Option<String>,
    },
    /// A user who may enrol a second factor and nothing else, because the role must have one.
    Enrolling {
        /// The id.
        id: UserId,
    },
    /// Another system.
    Key {
        /// The key's name.
        name: String,
        /// What it is for.
        scopes: Vec<Scope>,
    },
    /// The administrator at the command line, or Filo's own schedules.
    Console,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// With what.
    pub access: Access,
}

impl Caller {
    /// The administrator at the command line, or Filo itself.
    pub fn console() -> Self {
        Self { access: Access::Console }
    }
    /// By whom events are written.
    pub fn actor(&self) -> Actor {
        match &self.access {
            Access::User { id, .. } | Access::Enrolling { id } => Actor::User(*id),
            Access::Key { name, .. } => Actor::Key(name.clone()),
            Access::Console => Actor::System,
        }
    }
    /// The user, if it is one.
    pub fn user(&self) -> Option<UserId> {
        match &self.access {
            Access::User { id, .. } | Access::Enrolling { id } => Some(*id),
            Access::Key { .. } | Access::Console => None,
        }
    }
    /// Whether the caller may do something.
    pub fn may(&self, permission: Permission) -> bool {
        match &self.access {
            Access::User { role, .. } => role_may(*role, permission),
            Access::Enrolling { .. } => permission == Permission::EnrolFactor,
            Access::Key { scopes, .. } => scopes.iter().any(|scope| scope_may(*scope, permission)),
            Access::Console => true,
        }
    }
    /// Refuses a caller who may not.
    ///
    /// # Errors
    /// [`AppError::Forbidden`].
    pub fn must(&self, permission: Permission) -> Result<(), AppError> {
        if self.may(permission) { Ok(()) } else { Err(AppError::Forbidden(permission.words())) }
    }
    /// The units to which the caller's view of tickets is limited; `None` for no limit.
    pub fn unit_limit(&self) -> Option<&str> {
        match &self.access {
            Access::User { role: Role::Specialist, unit, .. } => Some(unit.as_deref().unwrap_or_default()),
            Access::User { .. } | Access::Key { .. } | Access::Console => None,
            // Sees no ticket at all.
            Access::Enrolling { .. } => Some(""),
        }
    }
    /// Refuses a ticket that the caller may not see, as if it were not there.
    ///
    /// # Errors
    /// [`AppError::NotFound`].
    pub fn must_see(&self, ticket: &TicketRecord) -> Result<(), AppError> {
        match self.unit_limit() {
            Some(unit) if ticket.unit.as_deref() != Some(unit) => Err(AppError::NotFound("ticket")),
            Some(_) | None => Ok(()),
        }
    }
}

fn role_may(role: Role, permission: Permission) -> bool {
    use Permission as P;
    if matches!(permission, P::OwnAccount | P::EnrolFactor) {
        return true;
    }
    match role {
        Role::Operator => matches!(
            permission,
            P::ReadTickets
                | P::WorkTickets
                | P::ReadPersons
                | P::ManagePersons
                | P::ReadContacts
                | P::BookCallbacks
                | P::ReadReports
                | P::ReadConfiguration
                | P::ReadStream
        ),
        Role::Specialist => {
            matches!(
                permission,
                P::ReadTickets
                    | P::WorkTickets
                    | P::ReadPersons
                    | P::BookCallbacks
                    | P::ReadReports
                    | P::ReadConfiguration
                    | P::ReadStream
            )
        }
        Role::Supervisor => {
            role_may(Role::Operator, permission)
                || matches!(
                    permission,
                    P::CloseMonths
                        | P::WatchReports
                        | P::AskWhatIf
                        | P::PlanCampaigns
                        | P::ImportSeries
                        | P::EnterCosts
                        | P::EnterScores
                        | P::ManageQuarantine
                        | P::HandOver
                        | P::ManagePolicies
                        | P::ManageUsers
                        | P::RecordProtocol
                        | P::CompareCalls
                        | P::SeeDashboard
                )
        }
        Role::Analyst => {
            matches!(
                permission,
                P::ReadReports
                    | P::AskWhatIf
                    | P::PlanCampaigns
                    | P::ReadConfiguration
                    | P::ReadStream
                    | P::CompareCalls
                    | P::SeeDashboard
            )
        }
        Role::Admin => {
            matches!(
                permission,
                P::Administer
                    | P::WatchReports
                    | P::AskWhatIf
                    | P::ManagePolicies
                    | P::ManageUsers
                    | P::ImportSeries
                    | P::EnterCosts
                    | P::EnterScores
                    | P::ManageQuarantine
                    | P::ReadReports
                    | P::ReadConfiguration
                    | P::ReadStream
                    | P::ManageWebhooks
                    | P::CompareCalls
            )
        }
    }
}

fn scope_may(scope: Scope, permission: Permission) -> bool {
    match scope {
        Scope::IntakePhone => matches!(permission, Permission::PushCalls | Permission::BookCallbacks),
        Scope::IntakeScrivi | Scope::IntakeEmail | Scope::IntakeSocial => {
            permission == Permission::PushContacts
        }
        Scope::Protocol => permission == Permission::RecordProtocol,
        Scope::ReadReports => permission == Permission::ReadReports,
        Scope::Webhooks => permission == Permission::ManageWebhooks,
    }
}
