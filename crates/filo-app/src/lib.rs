//! The use cases: register a contact, recognise a person, work a ticket, close a month.
//!
//! **Invariant:** every use case takes `now` and the [`Caller`], checks what the caller may do, and does its whole
//! effect in one transaction. It knows no HTTP, no SQL and no channel's protocol: adapters and renderers are
//! handed in as trait objects.
//!
//! Start at [`App`]; contacts come in through [`App::take_in`], figures go out through [`App::monthly_report`].

mod access;
mod answers;
mod arithmetic;
mod assignment;
pub mod attachments;
mod audit;
mod call_differences;
mod callbacks;
mod caller;
mod callers;
mod calls;
mod campaigns;
mod clock;
mod contacts;
mod costs;
mod cursors;
mod dashboard;
mod delivery;
mod desk;
mod duplicates;
mod error;
mod export;
mod facts;
mod feed;
mod fields;
mod identities;
mod intake;
mod intervals;
mod ivr;
mod joining;
mod ledger;
mod legs;
mod matters;
mod mentions;
mod merge_patch;
mod merging;
mod mint;
mod open_data;
mod outbox;
mod persons;
mod policies;
mod projections;
mod protocol;
mod quarantine;
mod queues;
mod recognise;
mod reply_templates;
mod report_mails;
mod report_schedules;
mod reports;
mod resolutions;
mod rollups;
mod schedule;
mod scorecards;
mod screen_pop;
mod scrivi;
mod series;
mod splitting;
mod suggestions;
mod table;
mod ticket_links;
mod ticket_list;
mod ticket_search;
mod tickets;
mod timeline;
mod units;
mod verify;
mod views;
mod warnings;
mod watchers;
mod webhooks;
mod work;

use std::{collections::BTreeMap, sync::Arc};

use filo_channel::{Decode, Deliver, Webhook};
use filo_domain::city::City;
use filo_indicators::{definition::Definitions, render::Render};
use filo_store::Db;
use secrecy::SecretSlice;

pub use access::{
    ACCESS_S, AccessPolicy, Challenge, Enrolment, FactorView, Grant, IdentityProvider, Issued, LoginRequest,
    Me, NewUser, OIDC_PATIENCE_S, Oidc, PageSession, ProviderError, RecoveryCodes, Returned as OidcReturned,
    StaffIdentity, Started as OidcStarted, Tokens, UserChange, UserSummary,
};
pub use attachments::{AttachmentView, FileLimits, Files, MessageFile, Opened, PublicRefusal, Upload};
pub use audit::{AuditView, ListAudit};
pub use call_differences::{ApartKind, CallDifferenceView, ListCallDifferences};
pub use callbacks::{
    CallbackChange, CallbackView, CallbackWindow, ListCallbacks, NewAttempt, NewCallback, WindowInput,
    WindowsQuery,
};
pub use caller::{Access, Caller, Permission, Role, Scope};
pub use calls::{LiveCallEvent, RegisterCall};
pub use campaigns::{CampaignQuery, CampaignView, CampaignWithReport, NewCampaign};
pub use clock::{Clock, FixedClock, SystemClock};
pub use costs::{CostQuery, CostRows, CostView};
pub use dashboard::{CallsNow, Dashboard, SourceHealth, SourceState, Volume};
pub use duplicates::{DuplicateReason, DuplicateView};
pub use error::{AppError, ErrorKind, InvalidField};
pub use export::{Exported, Facts as ExportKind};
pub use feed::{Ear, Hearing, Topic, wire as news_on_the_wire};
pub use filo_store::feed::{News, Queue};
pub use filo_store::followed_files::Place as FollowedPlace;
pub use filo_store::webhooks::{DeliveryId, DeliveryState as WebhookDeliveryState, HookId, HookState};
pub use filo_store::{attachments::ScanState, export::Place, interactions::Filter as InteractionFilter};
pub use identities::{IdentityChange, IdentityOutcome, IdentityView, NewIdentity};
pub use intake::{Intake, Receipt, Tally};
pub use intervals::{IntervalsQuery, intervals_csv};
pub use ivr::IvrView;
pub use legs::{Lines, Piece};
pub use matters::{MatterChange, MatterView, NewMatter};
pub use mentions::{ListMentions, MentionId, MentionView, Mentioned};
pub use merging::MergeTicket;
pub use open_data::{Published, open_month_csv};
pub use persons::{IdentityInput, Merged, PersonChange, PersonQuery, PersonView};
pub use policies::{BreachChange, ChangePolicies, PolicyChange, PolicyChanges, PolicyMode, PolicyView};
pub use projections::CaughtUp;
pub use protocol::{
    HandOverError, HandOverView, ProtocolDocument, ProtocolFile, ProtocolSender, ProtocolSystem, ProtocolView,
};
pub use quarantine::{QuarantineView, RetryResult};
pub use queues::{QueueView, UnitQueue};
pub use reply_templates::{
    PreviewRequest, ReplyPreview, ReplyTemplateView, TemplateProblem, TemplateQuery, check_reply_templates,
};
pub use report_schedules::{ReportMailView, ReportRunView, ReportScheduleView, RetryReport};
pub use resolutions::ReasonQuery;
pub use schedule::Maintenance;
pub use scorecards::{ScoreEntryQuery, ScoreEntryView};
pub use scrivi::{Confirmed, Followed, PublicMessage, PushedInteraction};
pub use series::{SeriesQuery, SeriesRows, SeriesView};
pub use splitting::SplitTicket;
pub use suggestions::PairView;
pub use ticket_links::{LinkView, LinkedTicket, NewLink};
pub use ticket_list::ListTickets;
pub use tickets::{
    Assign, NewMessage, NewTicket, Requester, Resolution, StepRequest, TicketChange, TicketView,
};
pub use timeline::{Timeline, TimelineInteraction, TimelineItem};
pub use units::{HandedOver, UnitView};
pub use verify::{Difference, Verified};
pub use views::{CallView, EventView, InteractionView, MessageView, Origin, Page};
pub use warnings::Warning;
pub use watchers::{NewWatcher, WatcherView};
pub use webhooks::{DeliveryView, HookChange, HookView, NewHook, PostWebhook, SignedWebhook, WebhookAnswer};

/// A configured source with what its adapter does.
#[derive(Clone)]
pub struct SourceAdapter {
    /// Turns its bytes into units.
    pub decode: Arc<dyn Decode>,
    /// Further forms its bytes may come in, by name.
    pub formats: BTreeMap<String, Arc<dyn Decode>>,
    /// Its webhook half, for platforms that push.
    pub webhook: Option<Arc<dyn Webhook>>,
}

/// What all use cases share; immutable after the start.
pub struct Core {
    /// The city's content.
    pub city: City,
    /// What the figures mean.
    pub definitions: Definitions,
    /// Adapters by source key.
    pub sources: BTreeMap<String, SourceAdapter>,
    /// Who sends what leaves on a source, by source key.
    pub deliverers: BTreeMap<String, Arc<dyn Deliver>>,
    /// The document-protocol system.
    pub protocol: Arc<dyn ProtocolSystem>,
    /// Where files are kept, and who scans them.
    pub files: Files,
    /// Where citizens reach the pages: scheme, host and port, without a slash at the end.
    pub public_url: String,
    /// Signs access tokens, Message-IDs and reply tokens.
    pub signing_key: SecretSlice<u8>,
    /// What the city decides about log-ins.
    pub access: AccessPolicy,
    /// For how many hours the feed is kept: who was away longer reads everything anew.
    pub feed_keep_hours: u32,
    /// Where staff log in besides, if anywhere.
    pub oidc: Option<Oidc>,
    /// Who posts webhooks.
    pub webhooks: Arc<dyn PostWebhook>,
    /// Who writes the reports that are mailed, by format.
    pub renderers: Vec<Arc<dyn Render>>,
}

/// The application.
#[derive(Clone)]
pub struct App {
    db: Db,
    core: Arc<Core>,
}

impl App {
    /// Puts the application together.
    pub fn new(db: Db, core: Core) -> Self {
        Self { db, core: Arc::new(core) }
    }
    /// The same application on another store, or on the same one watched.
    pub fn with_db(&self, db: Db) -> Self {
        Self { db, core: Arc::clone(&self.core) }
    }
    /// The store.
    pub fn db(&self) -> &Db {
        &self.db
    }
    /// What all use cases share.
    pub fn core(&self) -> &Core {
        &self.core
    }
    /// The city's content.
    pub fn city(&self) -> &City {
        &self.core.city
    }
}
