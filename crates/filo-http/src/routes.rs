//! Every route, in one place.

use actix_web::{
    App, Error, HttpRequest, HttpResponse, Resource, Route,
    body::MessageBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{ALLOW, LOCATION},
    },
    middleware::{Compress, from_fn},
    web::{self, Data},
};

use crate::{
    State, access, account, assets, attachments, audit, auth, callbacks, calls, campaigns, health, hooks,
    idempotency, identities, intervals, limits, matters, mentions, observe, oidc, openapi, pages, persons,
    policies, problem::Problem, protocol, quarantine, queues, replies, report_schedules, reports, scorecards,
    scrivi, series, stream, structure, ticket_search, tickets, units, webhooks, what_if,
};

/// A route with its method, so that the others can be refused by name.
pub(crate) type Taken = (Method, Route);

pub(crate) fn get(route: Route) -> Taken {
    (Method::GET, route)
}
fn post(route: Route) -> Taken {
    (Method::POST, route)
}
fn patch(route: Route) -> Taken {
    (Method::PATCH, route)
}
fn delete(route: Route) -> Taken {
    (Method::DELETE, route)
}

/// A resource that answers other methods with 405 and says which it takes.
pub(crate) fn on(path: &str, taken: Vec<Taken>) -> Resource {
    let methods = taken.iter().map(|(method, _)| match *method {
        // HEAD is answered as GET, without the body.
        Method::GET => "GET, HEAD",
        _ => method.as_str(),
    });
    let allow = methods.chain(["OPTIONS"]).collect::<Vec<_>>().join(", ");
    let refuse = move |request: HttpRequest| {
        let answer = if request.method() == Method::OPTIONS {
            Ok(HttpResponse::NoContent().insert_header((ALLOW, allow.as_str())).finish())
        } else {
            Err(Problem::not_allowed(allow.clone()))
        };
        async move { answer }
    };
    let resource = taken.into_iter().fold(web::resource(path.to_owned()), |it, (_, route)| it.route(route));
    resource.default_service(web::route().to(refuse))
}

/// Nothing is at this address.
pub(crate) async fn not_found() -> Result<HttpResponse, Problem> {
    Err(Problem::not_found())
}

async fn home() -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, "/scrivi")).finish()
}

/// The whole application, for the server and for tests in the same process.
pub fn application(
    state: State,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    App::new()
        .app_data(Data::new(state))
        .wrap(Compress::default())
        .wrap(from_fn(observe::observe))
        .configure(pages_and_health)
        .service(public_scope())
        .service(login_scope())
        .service(inner_scope())
        .default_service(web::route().to(not_found))
}

fn pages_and_health(config: &mut web::ServiceConfig) {
    config
        .service(on("/", vec![get(web::get().to(home))]))
        .service(on("/status", vec![get(web::get().to(health::status))]))
        .service(on("/health/live", vec![get(web::get().to(health::live))]))
        .service(on("/health/ready", vec![get(web::get().to(health::ready))]))
        .service(on("/openapi.json", vec![get(web::get().to(openapi::document))]))
        .service(on("/docs", vec![get(web::get().to(pages::docs::docs))]))
        .service(on("/assets/{set}/{folder}/{name}", vec![get(web::get().to(assets::asset))]))
        .service(on(
            "/webhooks/meta/{source}",
            vec![get(web::get().to(webhooks::check_in)), post(web::post().to(webhooks::take_in))],
        ))
        .service(on(
            "/scrivi",
            vec![
                get(web::get().to(pages::form::show_form)),
                post(web::post().to(pages::form::send_form).wrap(from_fn(limits::pages))),
            ],
        ))
        .service(on(
            "/scrivi/segui",
            vec![
                get(web::get().to(pages::track::show_search)),
                post(web::post().to(pages::track::follow).wrap(from_fn(limits::pages))),
            ],
        ))
        .service(on(
            "/trasparenza",
            vec![get(web::get().to(pages::open::months).wrap(from_fn(limits::pages)))],
        ))
        .service(on(
            "/trasparenza/{name}",
            vec![get(web::get().to(pages::open::month).wrap(from_fn(limits::pages)))],
        ))
        .service(on(
            "/cruscotto/accesso",
            vec![
                get(web::get().to(pages::dashboard::door)),
                post(web::post().to(pages::dashboard::enter).wrap(from_fn(limits::login_page))),
            ],
        ))
        .service(
            on("/cruscotto", vec![get(web::get().to(pages::dashboard::dashboard))])
                .wrap(from_fn(pages::dashboard::session::with_session)),
        )
        .service(
            on("/cruscotto/flusso", vec![get(web::get().to(pages::dashboard::flow::flow))])
                .wrap(from_fn(pages::dashboard::session::with_session)),
        )
        .service(on("/cruscotto/uscita", vec![post(web::post().to(pages::dashboard::leave))]));
}

fn public_scope() -> impl actix_web::dev::HttpServiceFactory {
    web::scope("/rest/scrivi/v1")
        .wrap(from_fn(idempotency::idempotent))
        .wrap(from_fn(limits::public))
        .wrap(from_fn(auth::uncached))
        .service(on("/requests", vec![post(web::post().to(scrivi::submit_request))]))
        .service(on("/requests/status", vec![post(web::post().to(scrivi::follow_request))]))
        .service(on("/requests/additions", vec![post(web::post().to(scrivi::add_to_request))]))
        .service(on("/requests/contests", vec![post(web::post().to(scrivi::contest_request))]))
        .service(on("/requests/ratings", vec![post(web::post().to(scrivi::rate_request))]))
        .service(on("/forms", vec![get(web::get().to(scrivi::forms))]))
        .service(on("/forms/{key}", vec![get(web::get().to(scrivi::form))]))
}

fn login_scope() -> impl actix_web::dev::HttpServiceFactory {
    web::scope("/rest/crm/v1/auth")
        .wrap(from_fn(auth::uncached))
        .service(on("/login", vec![post(web::post().to(access::login))]).wrap(from_fn(limits::login)))
        .service(on("/refresh", vec![post(web::post().to(access::refresh))]).wrap(from_fn(limits::login)))
        .service(on("/logout", vec![post(web::post().to(access::logout))]).wrap(from_fn(limits::login)))
        .service(on("/oidc/start", vec![get(web::get().to(oidc::oidc_start))]).wrap(from_fn(limits::login)))
        .service(
            on("/oidc/callback", vec![get(web::get().to(oidc::oidc_callback))]).wrap(from_fn(limits::login)),
        )
        .service(
            on("/oidc/exchange", vec![post(web::post().to(oidc::oidc_exchange))])
                .wrap(from_fn(limits::login)),
        )
        .service(on("/me", vec![get(web::get().to(account::me))]).wrap(from_fn(auth::authenticate)))
        .service(
            on("/password", vec![post(web::post().to(account::change_password))])
                .wrap(from_fn(auth::authenticate)),
        )
        .service(
            on(
                "/totp",
                vec![
                    get(web::get().to(account::factor)),
                    post(web::post().to(account::begin_factor)),
                    delete(web::delete().to(account::remove_factor)),
                ],
            )
            .wrap(from_fn(auth::authenticate)),
        )
        .service(
            on("/totp/confirm", vec![post(web::post().to(account::confirm_factor))])
                .wrap(from_fn(auth::authenticate)),
        )
}

fn inner_scope() -> impl actix_web::dev::HttpServiceFactory {
    web::scope("/rest/crm/v1")
        .wrap(from_fn(idempotency::idempotent))
        .wrap(from_fn(auth::authenticate))
        .configure(hanging_together)
        .configure(content)
        .service(on("/stream", vec![get(web::get().to(stream::stream))]))
        .configure(working)
        .configure(contacts)
        .configure(promises)
        .configure(identities)
        .configure(figures)
        .configure(administration)
        .configure(webhook_subscriptions)
}

/// Before the steps of the state machine, whose paths take any word in their place.
fn hanging_together(config: &mut web::ServiceConfig) {
    config
        .service(on("/tickets/{id}/merge", vec![post(web::post().to(structure::merge_ticket))]))
        .service(on("/tickets/{id}/unmerge", vec![post(web::post().to(structure::unmerge_ticket))]))
        .service(on("/tickets/{id}/split", vec![post(web::post().to(structure::split_ticket))]))
        .service(on("/tickets/{id}/duplicates", vec![get(web::get().to(structure::duplicates))]))
        .service(on(
            "/tickets/{id}/links",
            vec![get(web::get().to(structure::ticket_links)), post(web::post().to(structure::link_ticket))],
        ))
        .service(on(
            "/tickets/{id}/links/{link_id}",
            vec![
                get(web::get().to(structure::ticket_link)),
                delete(web::delete().to(structure::unlink_ticket)),
            ],
        ))
        .service(on(
            "/tickets/{id}/watchers",
            vec![get(web::get().to(structure::watchers)), post(web::post().to(structure::watch))],
        ))
        .service(on(
            "/tickets/{id}/watchers/{user_id}",
            vec![get(web::get().to(structure::watcher)), delete(web::delete().to(structure::unwatch))],
        ));
}

/// Before the steps of a ticket, whose path would take these too.
fn content(config: &mut web::ServiceConfig) {
    config
        .service(on("/tickets/{id}/reply-previews", vec![post(web::post().to(replies::preview_reply))]))
        .service(on("/reply-templates", vec![get(web::get().to(replies::reply_templates))]))
        .service(on("/resolution-reasons", vec![get(web::get().to(replies::resolution_reasons))]))
        .service(on("/mentions", vec![get(web::get().to(mentions::list_mentions))]))
        .service(on("/mentions/{id}/read", vec![post(web::post().to(mentions::read_mention))]));
}

fn working(config: &mut web::ServiceConfig) {
    config
        .service(on(
            "/tickets",
            vec![get(web::get().to(tickets::list_tickets)), post(web::post().to(tickets::open_ticket))],
        ))
        .service(on("/tickets/searches", vec![post(web::post().to(ticket_search::search_tickets))]))
        .service(on(
            "/tickets/{id}",
            vec![get(web::get().to(tickets::ticket)), patch(web::patch().to(tickets::change_ticket))],
        ))
        .service(on("/queues", vec![get(web::get().to(queues::list_queues))]))
        .service(on("/tickets/{id}/clocks", vec![get(web::get().to(tickets::ticket_clocks))]))
        .service(on("/tickets/{id}/events", vec![get(web::get().to(tickets::ticket_events))]))
        .service(on(
            "/tickets/{id}/messages",
            vec![get(web::get().to(tickets::ticket_messages)), post(web::post().to(tickets::add_message))],
        ))
        .service(on("/tickets/{id}/protocol", vec![post(web::post().to(protocol::record_protocol))]))
        .service(on(
            "/tickets/{id}/attachments",
            vec![
                get(web::get().to(attachments::list_attachments)),
                post(web::post().to(attachments::upload_attachment)),
            ],
        ))
        .service(on("/attachments/{id}", vec![get(web::get().to(attachments::attachment))]))
        .service(on("/attachments/{id}/metadata", vec![get(web::get().to(attachments::attachment_metadata))]))
        .service(on("/tickets/{id}/{action}", vec![post(web::post().to(tickets::take_step))]))
        .service(on(
            "/matters",
            vec![get(web::get().to(matters::list_matters)), post(web::post().to(matters::open_matter))],
        ))
        .service(on(
            "/matters/{id}",
            vec![get(web::get().to(matters::matter)), patch(web::patch().to(matters::change_matter))],
        ));
}

fn contacts(config: &mut web::ServiceConfig) {
    config
        .service(on("/persons/searches", vec![post(web::post().to(persons::find_persons))]))
        .service(on(
            "/persons/{id}",
            vec![get(web::get().to(persons::person)), patch(web::patch().to(persons::change_person))],
        ))
        .service(on("/persons/{id}/timeline", vec![get(web::get().to(persons::timeline))]))
        .service(on("/persons/{id}/merge", vec![post(web::post().to(persons::merge_person))]))
        .service(on("/person-merges/{id}/undo", vec![post(web::post().to(persons::undo_merge))]))
        .service(on(
            "/interactions",
            vec![
                get(web::get().to(persons::list_interactions)),
                post(web::post().to(persons::push_interaction)),
            ],
        ))
        .service(on("/calls", vec![get(web::get().to(calls::list_calls))]))
        .service(on("/calls/differences", vec![get(web::get().to(calls::list_call_differences))]))
        .service(on("/calls/intervals", vec![get(web::get().to(intervals::call_intervals))]))
        .service(on("/calls/events", vec![post(web::post().to(calls::push_call_event))]))
        .service(on("/calls/{id}/ticket", vec![post(web::post().to(calls::register_call))]));
}

fn promises(config: &mut web::ServiceConfig) {
    config
        .service(on(
            "/callbacks",
            vec![
                get(web::get().to(callbacks::list_callbacks)),
                post(web::post().to(callbacks::book_callback)),
            ],
        ))
        // Before the call-backs themselves, whose path would take the word for an id.
        .service(on("/callbacks/reasons", vec![get(web::get().to(callbacks::callback_reasons))]))
        .service(on("/callbacks/windows", vec![get(web::get().to(callbacks::callback_windows))]))
        .service(on(
            "/callbacks/{id}",
            vec![get(web::get().to(callbacks::callback)), patch(web::patch().to(callbacks::change_callback))],
        ))
        .service(on("/callbacks/{id}/attempts", vec![post(web::post().to(callbacks::attempt_callback))]));
}

fn identities(config: &mut web::ServiceConfig) {
    config
        .service(on("/persons/{id}/identities", vec![post(web::post().to(identities::add_identity))]))
        .service(on(
            "/persons/{id}/identities/{identity_id}",
            vec![
                get(web::get().to(identities::identity)),
                patch(web::patch().to(identities::change_identity)),
                delete(web::delete().to(identities::remove_identity)),
            ],
        ))
        .service(on("/person-suggestions", vec![get(web::get().to(identities::list_suggestions))]))
        .service(on(
            "/person-suggestions/{id}/accept",
            vec![post(web::post().to(identities::accept_suggestion))],
        ))
        .service(on(
            "/person-suggestions/{id}/dismiss",
            vec![post(web::post().to(identities::dismiss_suggestion))],
        ));
}

fn figures(config: &mut web::ServiceConfig) {
    config
        .service(on("/indicators", vec![get(web::get().to(reports::indicators))]))
        .service(on("/indicators/{key}", vec![get(web::get().to(reports::indicator))]))
        .service(on("/indicators/{key}/contacts", vec![get(web::get().to(reports::indicator_contacts))]))
        .service(on(
            "/series",
            vec![get(web::get().to(series::list_series)), post(web::post().to(series::import_series))],
        ))
        .service(on(
            "/costs",
            vec![get(web::get().to(series::list_costs)), post(web::post().to(series::enter_costs))],
        ))
        .service(on("/scorecards/{year}", vec![get(web::get().to(scorecards::scorecard))]))
        .service(on(
            "/scorecards/{year}/entries",
            vec![
                get(web::get().to(scorecards::list_score_entries)),
                post(web::post().to(scorecards::enter_score)),
            ],
        ))
        .service(on(
            "/scorecards/{year}/attachments",
            vec![post(web::post().to(scorecards::upload_score_document))],
        ))
        .service(on(
            "/scorecards/{year}/attachments/{id}",
            vec![get(web::get().to(scorecards::score_document))],
        ))
        .service(on("/reports/monthly/{month}", vec![get(web::get().to(reports::monthly_report))]))
        .service(on("/reports/monthly/{month}/close", vec![post(web::post().to(reports::close_month))]))
        .service(on("/reports/monthly/{month}/restate", vec![post(web::post().to(reports::restate_month))]))
        .service(on(
            "/reports/campaigns",
            vec![
                get(web::get().to(campaigns::list_campaigns)),
                post(web::post().to(campaigns::add_campaign)),
            ],
        ))
        .service(on(
            "/reports/campaigns/{id}",
            vec![
                get(web::get().to(campaigns::campaign)),
                delete(web::delete().to(campaigns::delete_campaign)),
            ],
        ))
        .service(on(
            "/reports/campaigns/{id}/contacts",
            vec![get(web::get().to(campaigns::campaign_contacts))],
        ))
        .service(on("/reports/what-if", vec![post(web::post().to(what_if::what_if))]))
        .service(on("/reports/schedules", vec![get(web::get().to(report_schedules::list_report_schedules))]))
        .service(on(
            "/reports/schedules/{key}/retry",
            vec![post(web::post().to(report_schedules::retry_report))],
        ));
}

fn administration(config: &mut web::ServiceConfig) {
    config
        .service(on("/protocol-hand-overs", vec![get(web::get().to(protocol::list_hand_overs))]))
        .service(on("/protocol-hand-overs/{id}/retry", vec![post(web::post().to(protocol::retry_hand_over))]))
        .service(on("/quarantine", vec![get(web::get().to(quarantine::list_quarantine))]))
        .service(on("/quarantine/{id}", vec![get(web::get().to(quarantine::quarantined))]))
        .service(on("/quarantine/{id}/retry", vec![post(web::post().to(quarantine::retry_quarantined))]))
        .service(on("/quarantine/{id}/discard", vec![post(web::post().to(quarantine::discard_quarantined))]))
        .service(on(
            "/users",
            vec![get(web::get().to(access::users)), post(web::post().to(access::add_user))],
        ))
        .service(on(
            "/users/{name}",
            vec![get(web::get().to(access::user)), patch(web::patch().to(access::change_user))],
        ))
        .service(on("/users/{name}/unlock", vec![post(web::post().to(access::unlock_user))]))
        .service(on("/users/{name}/totp/reset", vec![post(web::post().to(access::reset_factor))]))
        .service(on("/users/{name}/disable", vec![post(web::post().to(access::disable_user))]))
        .service(on("/users/{name}/enable", vec![post(web::post().to(access::enable_user))]))
        .service(on("/users/{name}/password", vec![post(web::post().to(access::set_password))]))
        .service(on("/keys", vec![get(web::get().to(access::keys)), post(web::post().to(access::issue_key))]))
        .service(on(
            "/keys/{name}",
            vec![get(web::get().to(access::key)), delete(web::delete().to(access::revoke_key))],
        ))
        .service(on("/keys/{name}/rotate", vec![post(web::post().to(access::rotate_key))]))
        .service(on("/audit-log", vec![get(web::get().to(audit::audit_log))]))
        .service(on("/units", vec![get(web::get().to(units::units))]))
        .service(on("/units/{key}", vec![get(web::get().to(units::unit))]))
        .service(on("/units/{key}/hand-over", vec![post(web::post().to(units::hand_over))]))
        .service(on("/policies", vec![get(web::get().to(policies::list_policies))]))
        .service(on("/policies/changes", vec![post(web::post().to(policies::change_policies))]))
        .service(on("/themes", vec![get(web::get().to(access::themes))]))
        .service(on("/sources", vec![get(web::get().to(access::sources))]));
}

fn webhook_subscriptions(config: &mut web::ServiceConfig) {
    config
        .service(on(
            "/webhook-subscriptions",
            vec![
                get(web::get().to(hooks::webhook_subscriptions)),
                post(web::post().to(hooks::add_webhook_subscription)),
            ],
        ))
        .service(on(
            "/webhook-subscriptions/{id}",
            vec![
                get(web::get().to(hooks::webhook_subscription)),
                patch(web::patch().to(hooks::change_webhook_subscription)),
                delete(web::delete().to(hooks::remove_webhook_subscription)),
            ],
        ))
        .service(on(
            "/webhook-subscriptions/{id}/rotate-secret",
            vec![post(web::post().to(hooks::rotate_webhook_secret))],
        ))
        .service(on(
            "/webhook-subscriptions/{id}/deliveries",
            vec![get(web::get().to(hooks::webhook_deliveries))],
        ))
        .service(on(
            "/webhook-subscriptions/{id}/replay",
            vec![post(web::post().to(hooks::replay_webhook_subscription))],
        ))
        .service(on(
            "/webhook-deliveries/{id}/replay",
            vec![post(web::post().to(hooks::replay_webhook_delivery))],
        ));
}
