//! The OpenAPI 3.1 document, made from the handlers, with what all of them share added once.
//!
//! **Invariant:** the document is complete for every operation without the handler's doing: parameters of the path,
//! refusals, headers and security follow from path and verb ([`operations`]), limits from types ([`bounds`]), and
//! examples lie in files named like the operation ([`examples`]).

mod bounds;
mod examples;
mod operations;
mod shared;

use std::sync::LazyLock;

use actix_web::{HttpResponse, http::header::CONTENT_TYPE};
use serde_json::{Value, json};
use utoipa::OpenApi;

use crate::{
    access, account, attachments, audit, callbacks, calls, campaigns, health, hooks, identities, intervals,
    matters, mentions, oidc, persons, policies, protocol, quarantine, queues, replies, report_schedules,
    reports, schema, scorecards, scrivi, series, stream, structure, ticket_search, tickets, units, webhooks,
    what_if,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Filo",
        version = "1.0.0",
        description = "Contact-centre CRM of a city: contacts of all channels, tickets with their clocks, indicators and the monthly report. Instants are RFC 3339 in UTC, durations whole seconds.",
        terms_of_service = "https://github.com/filo-crm/filo/blob/main/LICENSE",
        contact(name = "Filo", url = "https://github.com/filo-crm/filo"),
        license(name = "EUPL-1.2", identifier = "EUPL-1.2")
    ),
    tags(
        (name = "access", description = "Logging in and out."),
        (name = "tickets", description = "Tickets, their conversations and steps."),
        (name = "attachments", description = "Files of tickets."),
        (name = "stream", description = "Server-sent events of what happens."),
        (name = "matters", description = "The tickets of one need."),
        (name = "persons", description = "Citizens over all channels."),
        (name = "contacts", description = "Every contact and answer."),
        (name = "calls", description = "The call log and registering calls."),
        (name = "callbacks", description = "Promised call-backs: windows, attempts, kept or missed."),
        (name = "protocol", description = "Numbers of the document-protocol system."),
        (name = "reports", description = "Indicators, scorecards and monthly reports."),
        (name = "quarantine", description = "What could not be understood."),
        (name = "administration", description = "Users, keys and the city's configuration."),
        (name = "scrivi", description = "Public: written requests of citizens."),
        (name = "webhook-subscriptions", description = "Who is told of what by signed messages."),
        (name = "webhooks", description = "Public: events of platforms, signed."),
        (name = "health", description = "Whether the service works.")
    ),
    paths(
        series::import_series, series::list_series, series::enter_costs, series::list_costs,
        protocol::record_protocol, protocol::list_hand_overs, protocol::retry_hand_over,
        access::login, access::refresh, access::logout,
        oidc::oidc_start, oidc::oidc_callback, oidc::oidc_exchange,
        account::me, account::change_password, account::factor, account::begin_factor, account::confirm_factor,
        account::remove_factor,
        tickets::list_tickets, tickets::open_ticket, tickets::ticket, tickets::change_ticket,
        tickets::ticket_events, tickets::ticket_clocks, tickets::ticket_messages, tickets::add_message, tickets::take_step,
        queues::list_queues, ticket_search::search_tickets, policies::list_policies, policies::change_policies,
        structure::merge_ticket, structure::unmerge_ticket, structure::split_ticket, structure::duplicates,
        structure::ticket_links, structure::link_ticket, structure::ticket_link, structure::unlink_ticket,
        structure::watchers, structure::watch, structure::watcher, structure::unwatch,
        attachments::upload_attachment, attachments::list_attachments, attachments::attachment,
        attachments::attachment_metadata,
        stream::stream,
        hooks::webhook_subscriptions, hooks::add_webhook_subscription, hooks::webhook_subscription,
        hooks::change_webhook_subscription, hooks::remove_webhook_subscription, hooks::rotate_webhook_secret,
        hooks::webhook_deliveries, hooks::replay_webhook_delivery, hooks::replay_webhook_subscription,
        matters::list_matters, matters::open_matter, matters::matter, matters::change_matter,
        persons::find_persons, persons::person, persons::change_person, persons::timeline,
        identities::add_identity, identities::identity, identities::change_identity, identities::remove_identity,
        identities::list_suggestions, identities::accept_suggestion, identities::dismiss_suggestion,
        persons::merge_person, persons::undo_merge, persons::list_interactions, persons::push_interaction,
        callbacks::callback_windows, callbacks::callback_reasons, callbacks::list_callbacks, callbacks::book_callback, callbacks::callback,
        callbacks::change_callback, callbacks::attempt_callback,
        calls::list_calls, calls::list_call_differences, intervals::call_intervals, calls::push_call_event,
        calls::register_call,
        reports::indicators, reports::indicator, reports::indicator_contacts,
        scorecards::scorecard, scorecards::list_score_entries, scorecards::enter_score,
        scorecards::upload_score_document, scorecards::score_document,
        reports::monthly_report, reports::close_month, reports::restate_month,
        campaigns::list_campaigns, campaigns::add_campaign, campaigns::campaign, campaigns::campaign_contacts,
        campaigns::delete_campaign,
        what_if::what_if, report_schedules::list_report_schedules, report_schedules::retry_report,
        quarantine::list_quarantine, quarantine::quarantined, quarantine::retry_quarantined,
        quarantine::discard_quarantined,
        access::users, access::add_user, access::user, access::change_user, access::disable_user,
        access::enable_user,
        access::set_password, access::unlock_user, access::reset_factor,
        access::keys, access::issue_key, access::key, access::rotate_key, access::revoke_key,
        audit::audit_log,
        units::units, units::unit, units::hand_over, access::themes, access::sources,
        replies::reply_templates, replies::preview_reply, replies::resolution_reasons,
        mentions::list_mentions, mentions::read_mention,
        scrivi::submit_request, scrivi::follow_request, scrivi::add_to_request, scrivi::contest_request,
        scrivi::rate_request, scrivi::forms, scrivi::form,
        webhooks::check_in, webhooks::take_in,
        health::status, health::live, health::ready
    ),
    components(schemas(schema::Problem))
)]
struct Document;

/// The document.
pub fn openapi() -> Value {
    let mut document = serde_json::to_value(Document::openapi()).unwrap_or_default();
    if let Some(info) = document.get_mut("info").and_then(Value::as_object_mut) {
        info.insert("x-summary".to_owned(), "Contact-centre CRM of a city".into());
        info.insert("x-api-id".to_owned(), "filo".into());
    }
    put(
        &mut document,
        "servers",
        json!([{ "url": "https://servizi.example.it",
        "description": "The city's own server: the base is the same everywhere" }]),
    );
    operations::complete(&mut document);
    examples::add(&mut document);
    shared::add(&mut document);
    bounds::add(&mut document);
    document
}

fn put(value: &mut Value, key: &str, member: Value) {
    if let Some(members) = value.as_object_mut() {
        members.insert(key.to_owned(), member);
    }
}

/// The document, made once, and as it is sent.
static MADE: LazyLock<Value> = LazyLock::new(openapi);
static WRITTEN: LazyLock<String> = LazyLock::new(|| MADE.to_string());

/// The document, made once.
pub(crate) fn made() -> &'static Value {
    &MADE
}

/// `GET /openapi.json`.
pub(crate) async fn document() -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/json")).body(WRITTEN.as_str())
}
