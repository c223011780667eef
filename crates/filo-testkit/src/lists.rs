//! Every list of the interface, asked as operators ask it, with the tables that the database read whole for it.

use filo_app::{
    Access, App, AppError, Caller, ChangePolicies, CostQuery, InteractionFilter, IntervalsQuery, ListAudit,
    ListCallbacks, ListMentions, ListTickets, PersonQuery, PolicyMode, Role, SeriesQuery,
    WebhookDeliveryState,
};
use filo_domain::{Instant, PersonId, TicketId, UserId, vocabulary::Word};
use filo_store::plans::{FullScan, Plans};

use crate::bulk::BIG;

/// A question and the big tables that were read whole to answer it.
pub type Asked = (String, Vec<FullScan>);

fn as_role(role: Role, unit: Option<&str>) -> Caller {
    let id = UserId::from_uuid(uuid::Uuid::from_u128(0x0000_0000_0000_7000_8004_0000_0000_0007));
    Caller { access: Access::User { id, role, unit: unit.map(str::to_owned) } }
}

/// The queries of the list of tickets: every filter with every order that operators use it in.
fn ticket_queries() -> Vec<ListTickets> {
    let text = |text: &str| Some(text.to_owned());
    let base = ListTickets::default;
    let person = PersonId::from_uuid(uuid::Uuid::from_u128(0x0000_0000_0000_7000_8001_0000_0000_0007));
    let filters = vec![
        base(),
        ListTickets { state: text("new,assigned,in_charge"), ..base() },
        ListTickets { unit: text("unit-3"), ..base() },
        ListTickets { unit: text("unit-3,unit-4"), state: text("new"), ..base() },
        ListTickets { theme: text("tributi,anagrafe"), ..base() },
        ListTickets { channel: text("email"), kind: text("information"), priority: text("normal"), ..base() },
        ListTickets { tag: text("tag-3"), ..base() },
        ListTickets { municipio: text("3"), ..base() },
        ListTickets { assigned_to: text("me"), ..base() },
        ListTickets { assigned_to: text("none"), state: text("new"), unit: text("unit-3"), ..base() },
        ListTickets { person_id: Some(person), ..base() },
        ListTickets { matter_id: Some(filo_domain::MatterId::from_uuid(uuid::Uuid::from_u128(9))), ..base() },
        ListTickets { due: text("overdue"), ..base() },
        ListTickets { due: text("today"), unit: text("unit-3"), ..base() },
        ListTickets { due: text("week"), clock: text("resolution"), ..base() },
        ListTickets { breached: Some(true), ..base() },
        ListTickets { breached: Some(true), clock: text("resolution"), state: text("new"), ..base() },
        ListTickets { breached: Some(false), ..base() },
        ListTickets { watched: Some(true), ..base() },
        ListTickets { level: text("II"), unit: text("unit-3"), ..base() },
        ListTickets { created_from: Some(Instant::from_micros(1_790_000_000_000_000)), ..base() },
        ListTickets { updated_from: Some(Instant::from_micros(1_790_000_000_000_000)), ..base() },
    ];
    let sorts = ["-created", "created", "-updated", "updated", "due"];
    let sorted =
        |query: &ListTickets, sort: &str| ListTickets { sort: text(sort), limit: Some(20), ..query.clone() };
    filters.iter().flat_map(|query| sorts.map(|sort| sorted(query, sort))).collect()
}

/// Asks every list, each with its first and its second page where it has one.
///
/// # Errors
/// Whatever one of them refuses.
pub async fn ask_all(app: &App, now: Instant) -> Result<Vec<Asked>, AppError> {
    let plans = Plans::default();
    let app = app.with_db(app.db().watched(plans.clone()));
    let mut asked = vec![];
    let mut note = |what: String| {
        let big = plans.take().into_iter().filter(|scan| BIG.contains(&scan.table.trim_end_matches("_fts")));
        asked.push((what, big.collect()));
    };
    let operator = as_role(Role::Operator, None);
    for query in ticket_queries() {
        for caller in [&operator, &as_role(Role::Specialist, Some("unit-3"))] {
            let query = match caller.unit_limit() {
                Some(_) => ListTickets { unit: None, ..query.clone() },
                None => query.clone(),
            };
            let page = app.list_tickets(caller, query.clone(), now).await?;
            note(format!("tickets {query:?} of {:?}", caller.unit_limit()));
            if page.next_cursor.is_some() {
                let query = ListTickets { cursor: page.next_cursor, ..query };
                app.list_tickets(caller, query.clone(), now).await?;
                note(format!("tickets, second page {query:?}"));
            }
        }
    }
    for text in ["lampioni", "domanda", "\"domanda bolletta\"", "lamp*", "26-12", "domanda lampione rossi"] {
        for sort in [None, Some("created".to_owned())] {
            let query = ListTickets {
                sort,
                limit: Some(20),
                state: Some("new,closed".to_owned()),
                ..ListTickets::default()
            };
            app.search_tickets(&operator, text, query, now).await?;
            note(format!("search {text}"));
        }
    }
    app.queues(&operator, now).await?;
    note("queues".to_owned());
    app.queues(&as_role(Role::Specialist, Some("unit-3")), now).await?;
    note("queues of a unit".to_owned());
    persons(&app, &operator, &mut note).await?;
    together(&app, &operator, &mut note).await?;
    contacts(&app, &operator, &mut note).await?;
    promises(&app, now, &mut note).await?;
    messages_out(&app, now, &mut note).await?;
    tables(&app, now, &mut note).await?;
    let supervisor = as_role(Role::Supervisor, None);
    app.list_quarantine(&supervisor, Some(20), None).await?;
    note("quarantine".to_owned());
    app.audit_log(&as_role(Role::Admin, None), ListAudit::default()).await?;
    note("audit log".to_owned());
    app.send_due(now, 20).await?;
    note("jobs".to_owned());
    let preview = ChangePolicies { mode: PolicyMode::Preview, limit: None, cursor: None };
    app.change_policies(&supervisor, preview, now).await?;
    note("policies".to_owned());
    Ok(asked)
}

async fn persons(app: &App, caller: &Caller, note: &mut impl FnMut(String)) -> Result<(), AppError> {
    let person = PersonId::from_uuid(uuid::Uuid::from_u128(0x0000_0000_0000_7000_8001_0000_0000_0007));
    let queries = [
        PersonQuery { phone: Some("333 123 4567".to_owned()), ..PersonQuery::default() },
        PersonQuery { name: Some("Ada Rossi 7".to_owned()), ..PersonQuery::default() },
    ];
    for query in queries {
        app.find_persons(caller, query).await?;
        note("persons".to_owned());
    }
    let timeline = app.timeline(caller, person, Some(2), None).await?;
    note("timeline".to_owned());
    app.timeline(caller, person, Some(2), timeline.page.next_cursor).await?;
    note("timeline, second page".to_owned());
    Ok(())
}

async fn together(app: &App, caller: &Caller, note: &mut impl FnMut(String)) -> Result<(), AppError> {
    let ticket = TicketId::from_uuid(uuid::Uuid::from_u128(0x0000_0000_0000_7000_8002_0000_0000_0007));
    app.duplicates(caller, ticket).await?;
    note("duplicates".to_owned());
    app.ticket_links(caller, ticket).await?;
    note("links".to_owned());
    app.watchers(caller, ticket).await?;
    note("watchers".to_owned());
    app.list_attachments(caller, ticket, None, None).await?;
    note("files".to_owned());
    for unread in [None, Some(false), Some(true)] {
        let query = ListMentions { unread, limit: Some(20), cursor: None };
        let page = app.mentions(caller, query.clone()).await?;
        note(format!("mentions, unread {unread:?}"));
        app.mentions(caller, ListMentions { cursor: page.next_cursor, ..query }).await?;
        note(format!("mentions, second page, unread {unread:?}"));
    }
    let page = app.list_suggestions(caller, None, Some(20), None).await?;
    note("suggestions".to_owned());
    app.list_suggestions(caller, None, Some(20), page.next_cursor).await?;
    note("suggestions, second page".to_owned());
    for caller in [caller, &as_role(Role::Specialist, Some("unit-3"))] {
        let page = app.list_hand_overs(caller, None, Some(20), None).await?;
        note("hand-overs".to_owned());
        app.list_hand_overs(caller, None, Some(20), page.next_cursor).await?;
        note("hand-overs, second page".to_owned());
    }
    let last = app.last_news().await?;
    note("the last news".to_owned());
    app.news_after(last - 100, 50).await?;
    note("news".to_owned());
    app.number_news().await?;
    note("news without a number".to_owned());
    app.queue_counts(None).await?;
    note("queue counts".to_owned());
    app.queue_counts(Some(vec!["unit-3".to_owned()])).await?;
    note("queue counts of a unit".to_owned());
    Ok(())
}

async fn contacts(app: &App, caller: &Caller, note: &mut impl FnMut(String)) -> Result<(), AppError> {
    let ticket = TicketId::from_uuid(uuid::Uuid::from_u128(0x0000_0000_0000_7000_8002_0000_0000_0007));
    for filter in [
        InteractionFilter::default(),
        InteractionFilter { ascending: true, ..InteractionFilter::default() },
        InteractionFilter { ticket: Some(ticket), ..InteractionFilter::default() },
        InteractionFilter { source: Some("pbx-020202".to_owned()), ..InteractionFilter::default() },
    ] {
        let page = app.list_interactions(caller, filter.clone(), Some(20), None).await?;
        note(format!("interactions {filter:?}"));
        app.list_interactions(caller, filter.clone(), Some(20), page.next_cursor).await?;
        note(format!("interactions, second page {filter:?}"));
    }
    let page = app.list_calls(caller, (None, None), Some(20), None).await?;
    note("calls".to_owned());
    app.list_calls(caller, (None, None), Some(20), page.next_cursor).await?;
    note("calls, second page".to_owned());
    let page = app.list_matters(caller, Some(20), None).await?;
    note("matters".to_owned());
    app.list_matters(caller, Some(20), page.next_cursor).await?;
    note("matters, second page".to_owned());
    app.ticket_messages(caller, ticket).await?;
    note("messages".to_owned());
    app.ticket_events(caller, ticket).await?;
    note("events".to_owned());
    Ok(())
}

async fn promises(app: &App, now: Instant, note: &mut impl FnMut(String)) -> Result<(), AppError> {
    let person = PersonId::from_uuid(uuid::Uuid::from_u128(0x0000_0000_0000_7000_8001_0000_0000_0007));
    let ticket = TicketId::from_uuid(uuid::Uuid::from_u128(0x0000_0000_0000_7000_8002_0000_0000_0007));
    let base = || ListCallbacks { limit: Some(20), ..ListCallbacks::default() };
    let states = ["booked", "kept", "missed", "cancelled"].map(|state| Some(state.to_owned()));
    for state in states.into_iter().chain([None]) {
        for filter in [
            base(),
            ListCallbacks { from: Some(now), ..base() },
            ListCallbacks { person_id: Some(person), ..base() },
            ListCallbacks { ticket_id: Some(ticket), ..base() },
        ] {
            for caller in [as_role(Role::Operator, None), as_role(Role::Specialist, Some("unit-3"))] {
                let query = ListCallbacks { state: state.clone(), ..filter.clone() };
                let page = app.list_callbacks(&caller, query.clone(), now).await?;
                note(format!("call-backs {query:?} of {:?}", caller.unit_limit()));
                if page.next_cursor.is_some() {
                    let query = ListCallbacks { cursor: page.next_cursor, ..query };
                    app.list_callbacks(&caller, query, now).await?;
                    note("call-backs, second page".to_owned());
                }
            }
        }
    }
    Ok(())
}

async fn messages_out(app: &App, now: Instant, note: &mut impl FnMut(String)) -> Result<(), AppError> {
    let admin = as_role(Role::Admin, None);
    let hooks = app.hooks(&admin).await?;
    note("webhook subscriptions".to_owned());
    for hook in &hooks {
        let states = WebhookDeliveryState::ALL.iter().copied().map(Some);
        for state in states.chain([None]) {
            let page = app.hook_deliveries(&admin, hook.id, state, Some(20), None).await?;
            note(format!("messages of a subscription, {state:?}"));
            app.hook_deliveries(&admin, hook.id, state, Some(20), page.next_cursor).await?;
            note(format!("messages of a subscription, second page, {state:?}"));
        }
    }
    app.hooks_due(now).await?;
    note("subscriptions with messages that are due".to_owned());
    app.list_series(&as_role(Role::Analyst, None), SeriesQuery::default()).await?;
    note("series".to_owned());
    app.list_costs(&as_role(Role::Analyst, None), CostQuery::default()).await?;
    note("costs".to_owned());
    Ok(())
}

/// What is read of rollups.
async fn tables(app: &App, now: Instant, note: &mut impl FnMut(String)) -> Result<(), AppError> {
    let analyst = as_role(Role::Analyst, None);
    for theme in [None, Some("not_registered".to_owned())] {
        let query = IntervalsQuery {
            from: "2026-10-01".to_owned(),
            to: "2026-11-01".to_owned(),
            step: Some(15),
            theme,
            ..IntervalsQuery::default()
        };
        app.call_intervals(&analyst, query.clone(), now).await?;
        note(format!("intervals {query:?}"));
    }
    app.dashboard(&as_role(Role::Supervisor, None), now).await?;
    note("dashboard".to_owned());
    Ok(())
}
