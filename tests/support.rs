//! The application under test: the shipped city, a database and a data folder of its own, and a clock that is put.

pub(crate) mod http;
pub(crate) mod october;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use filo::{
    content,
    settings::{Environment, Settings},
    wiring::{Migrating, Program},
};
use filo_app::{
    Access, App, AppError, CallView, Caller, Clock, Confirmed, FixedClock, Intake, NewMessage, RegisterCall,
    Resolution, Role, StepRequest, Tally, TicketView,
};
use filo_channel::Raw;
use filo_channel_phone::Format;
use filo_domain::{
    Instant, InteractionId, Period, TicketId, UserId,
    form::Submission,
    vocabulary::{Outcome, Word},
};
use filo_testkit::{Database, phone::QueueLog};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The phone system of the shipped city.
pub(crate) const PBX: &str = "pbx-020202";

/// An application of one test.
pub(crate) struct TestApp {
    pub(crate) app: App,
    pub(crate) program: Program,
    pub(crate) database: Database,
    clock: Arc<FixedClock>,
    folder: TempDir,
}

impl TestApp {
    /// Starts on a database; the clock shows `local`, a time in Milan.
    pub(crate) async fn at(local: &str, database: Database) -> Self {
        Self::start(local, database, (&[], ""), |_| ()).await
    }

    /// The same in a city whose content was changed: its files by their path in the city's folder.
    pub(crate) async fn of_city(
        local: &str,
        database: Database,
        change: impl FnOnce(&mut content::Files),
    ) -> Self {
        Self::start(local, database, (&[], ""), change).await
    }

    /// The same with further settings, as the environment has them.
    pub(crate) async fn set_up(local: &str, database: Database, settings: &[(&str, &str)]) -> Self {
        Self::start(local, database, (settings, ""), |_| ()).await
    }

    /// The same with a further section of the settings' file.
    pub(crate) async fn configured(
        local: &str,
        database: Database,
        settings: &[(&str, &str)],
        section: &str,
    ) -> Self {
        Self::start(local, database, (settings, section), |_| ()).await
    }

    /// The same with further settings and a changed content.
    pub(crate) async fn arranged(
        local: &str,
        database: Database,
        settings: &[(&str, &str)],
        change: impl FnOnce(&mut content::Files),
    ) -> Self {
        Self::start(local, database, (settings, ""), change).await
    }

    async fn start(
        local: &str,
        database: Database,
        (settings, section): (&[(&str, &str)], &str),
        change: impl FnOnce(&mut content::Files),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut environment = environment(&database.url, &folder);
        environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let (text, mut files) = content::shipped().unwrap();
        change(&mut files);
        let text = format!("{text}\n{section}");
        let settings = Settings::of_text(&text, "filo.toml", folder.path(), &environment).unwrap();
        let mut program = Program::of(settings, &files, &environment).unwrap();
        let clock = Arc::new(FixedClock::at(filo_testkit::at(local)));
        program.clock = clock.clone();
        let app = program.start(Migrating::EmbeddedOnly).await.unwrap();
        Self { app, program, database, clock, folder }
    }

    /// A second process on the same database and folder, with further settings.
    pub(crate) async fn again(&self, settings: &[(&str, &str)]) -> App {
        let mut environment = environment(&self.database.url, &self.folder);
        environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let (text, files) = content::shipped().unwrap();
        let settings = Settings::of_text(&text, "filo.toml", self.folder.path(), &environment).unwrap();
        let program = Program::of(settings, &files, &environment).unwrap();
        program.start(Migrating::EmbeddedOnly).await.unwrap()
    }

    /// Puts the clock.
    pub(crate) fn now_is(&self, local: &str) {
        self.clock.set(filo_testkit::at(local));
    }
    /// Puts the clock to an instant.
    pub(crate) fn now_is_at(&self, now: Instant) {
        self.clock.set(now);
    }
    /// Puts the clock to where other programs have it.
    pub(crate) fn now_is_real(&self) {
        self.clock.set(filo_app::SystemClock.now());
    }
    /// Moves the clock on.
    pub(crate) fn wait(&self, seconds: i64) {
        self.clock.set(self.now().plus_seconds(seconds));
    }
    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }
    /// The data folder.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
    /// Where replies are written.
    pub(crate) fn outbox(&self) -> Vec<PathBuf> {
        let folder = self.folder.path().join("outbox");
        let Ok(entries) = std::fs::read_dir(folder) else { return vec![] };
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    // What comes in.

    pub(crate) async fn take_in(&self, source: &str, bytes: Vec<u8>) -> Tally {
        let raw = Raw { bytes, arrived_at: None, now: self.now() };
        let tally = self.app.take_in(vec![Intake::usual(source, raw)], self.now()).await.unwrap();
        assert_eq!(
            tally.read,
            tally.accepted + tally.duplicates + tally.quarantined,
            "every unit is accounted for"
        );
        tally
    }
    pub(crate) async fn calls(&self, log: QueueLog) -> Tally {
        self.take_in(PBX, log.bytes()).await
    }
    /// A file of detail records.
    pub(crate) async fn detail_records(&self, bytes: Vec<u8>) -> Tally {
        let source = self.program.city.source(PBX).unwrap();
        let decoder = self.program.phone_decoder(source, Format::Cdr, None).unwrap();
        let raw = Raw { bytes, arrived_at: None, now: self.now() };
        let format = Some((Format::Cdr.word().to_owned(), decoder));
        self.app.take_in(vec![Intake { format, ..Intake::usual(PBX, raw) }], self.now()).await.unwrap()
    }
    /// A submission of Anna Rossi, moderated like any other.
    pub(crate) async fn submit(&self, id: &str, subject: &str, text: &str) -> Result<Confirmed, AppError> {
        let body = json!({
            "form": "generale", "privacy_accepted": true,
            "fields": { "name": "Anna", "surname": "Rossi", "email": "anna.rossi@mail.example", "theme": "tributi/tari",
                "subject": subject, "text": text },
        });
        self.submit_json(id, &body).await
    }
    pub(crate) async fn submit_json(&self, id: &str, body: &Value) -> Result<Confirmed, AppError> {
        let submission = Submission::of_json(body, id, self.now())?;
        self.app.submit(None, submission, vec![], true, self.now()).await
    }
    pub(crate) async fn contest(&self, request: &Confirmed, text: &str) {
        let code = request.code.as_deref().unwrap();
        self.app.add_to_request(&request.number, code, text, true, self.now()).await.unwrap();
    }

    // What operators do.

    pub(crate) async fn tickets(&self) -> Vec<TicketView> {
        let query = filo_app::ListTickets {
            sort: Some("created".to_owned()),
            limit: Some(200),
            ..Default::default()
        };
        self.app.list_tickets(&operator(), query, self.now()).await.unwrap().items
    }
    /// The only ticket there is.
    pub(crate) async fn ticket(&self) -> TicketView {
        let mut tickets = self.tickets().await;
        assert_eq!(tickets.len(), 1, "{tickets:?}");
        self.app.ticket(&operator(), tickets.remove(0).id, self.now()).await.unwrap()
    }
    pub(crate) async fn call_log(&self) -> Vec<CallView> {
        self.app.list_calls(&operator(), (None, None), Some(200), None).await.unwrap().items
    }
    pub(crate) async fn register(&self, call: InteractionId, request: Value) -> Result<TicketView, AppError> {
        let request: RegisterCall = serde_json::from_value(request).unwrap();
        self.app.register_call(&operator(), call, request, self.now()).await
    }
    pub(crate) async fn reply(&self, ticket: TicketId, body: &str) -> filo_app::MessageView {
        let message =
            NewMessage { kind: "reply".to_owned(), body: Some(body.to_owned()), ..NewMessage::default() };
        self.app.add_message(&operator(), ticket, message, None, self.now()).await.unwrap()
    }
    pub(crate) async fn step(&self, ticket: TicketId, step: StepRequest) -> TicketView {
        self.app.step(&operator(), ticket, step, None, self.now()).await.unwrap()
    }
    /// Resolves with an answer.
    pub(crate) async fn answer(&self, ticket: TicketId, reply: &str) -> TicketView {
        let reply = Some(reply.to_owned());
        self.step(ticket, StepRequest::Resolve(Resolution { reply, ..Resolution::of(Outcome::Answered) }))
            .await
    }
    /// Sends what is due; gives how many messages were tried.
    pub(crate) async fn send(&self) -> usize {
        self.app.send_due(self.now(), 100).await.unwrap()
    }

    // What comes out.

    pub(crate) async fn report(&self, month: &str) -> Figures {
        let month = Period::parse_month(month).unwrap();
        let report = self.app.monthly_report(&supervisor(), month, None, self.now()).await.unwrap();
        Figures(serde_json::to_value(report).unwrap())
    }
    pub(crate) async fn close(&self, month: &str) -> Figures {
        let month = Period::parse_month(month).unwrap();
        Figures(
            serde_json::to_value(self.app.close_month(&supervisor(), month, self.now()).await.unwrap())
                .unwrap(),
        )
    }
    pub(crate) async fn restate(&self, month: &str, reason: &str) -> Figures {
        let month = Period::parse_month(month).unwrap();
        let report = self.app.restate_month(&supervisor(), month, reason, self.now()).await.unwrap();
        Figures(serde_json::to_value(report).unwrap())
    }
    /// A month's report in a printed form that is text.
    pub(crate) async fn printed(&self, month: &str, format: &str) -> String {
        let month = Period::parse_month(month).unwrap();
        let report = self.app.monthly_report(&supervisor(), month, None, self.now()).await.unwrap();
        let renderer = self.program.renderers().into_iter().find(|it| it.format() == format).unwrap();
        String::from_utf8(
            renderer.render((&report).into(), &filo_indicators::render::Wanted::default()).unwrap(),
        )
        .unwrap()
    }
    pub(crate) async fn explain(&self, what: &str, period: &str) -> Value {
        let period = Period::parse(period).unwrap();
        let explanation = self.app.explain(&supervisor(), what, period, self.now()).await;
        serde_json::to_value(explanation.unwrap_or_else(|error| panic!("{what}: {error:?}"))).unwrap()
    }
    /// Fails unless a figure's explanation gives the figure, and its items are as many as it says.
    pub(crate) async fn explains(&self, figures: &Figures, month: &str, pointer: &str) {
        let explained = self.explain(pointer, month).await;
        assert_eq!(explained["value"].as_f64(), figures.0.pointer(pointer).unwrap().as_f64(), "{pointer}");
        let items = explained["items"].as_array().unwrap();
        let counted = |part: &str| {
            let many = items.iter().filter(|item| item["counted_in"] == part).count();
            u64::try_from(many).unwrap()
        };
        let (above, below) = (counted("numerator"), counted("denominator_only"));
        assert_eq!(Some(above), explained["numerator"].as_u64(), "{pointer}: {explained}");
        assert_eq!(Some(above + below), explained["denominator"].as_u64(), "{pointer}: {explained}");
        let excluded: u64 =
            explained["excluded"].as_array().unwrap().iter().filter_map(|part| part["count"].as_u64()).sum();
        assert_eq!(counted("excluded"), excluded, "{pointer}: {explained}");
    }
    /// Fails unless everything computed anew is what is stored.
    pub(crate) async fn verifies(&self) {
        assert_eq!(self.app.verify().await.unwrap().differences, []);
    }
    pub(crate) fn rows(&self, table: &str) -> i64 {
        self.database.count(&format!("SELECT count(*) AS value FROM {table}"))
    }
}

/// A report's JSON.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figures(pub(crate) Value);

impl Figures {
    /// The figure at a JSON Pointer.
    pub(crate) fn at(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).unwrap_or_else(|| panic!("no {pointer}"))
    }
    /// Several counts of one block.
    pub(crate) fn counts(&self, block: &str, keys: &[&str]) -> Vec<u64> {
        keys.iter().map(|key| self.at(&format!("{block}/{key}")).as_u64().unwrap()).collect()
    }
    /// The pointer to a channel's row.
    pub(crate) fn channel(&self, name: &str) -> String {
        let rows = self.at("/channels").as_array().unwrap();
        format!("/channels/{}", rows.iter().position(|row| row["channel"] == name).unwrap())
    }
    /// Inbound, registered, actionable, answered of a channel.
    pub(crate) fn line(&self, channel: &str) -> Vec<u64> {
        self.counts(&self.channel(channel), &["inbound", "registered", "actionable", "answered"])
    }
    /// A duration's n and mean.
    pub(crate) fn clock(&self, channel: &str, clock: &str) -> (u64, Option<f64>) {
        let clock = &self.at(&self.channel(channel))[clock];
        (clock["n"].as_u64().unwrap(), clock["mean_s"].as_f64())
    }
    /// The same without what tells when and under which ids it was computed.
    pub(crate) fn timeless(&self) -> Value {
        let mut value = self.0.clone();
        for key in ["as_of", "generated_at", "chain_root"] {
            value.as_object_mut().unwrap().remove(key).unwrap();
        }
        value
    }
}

/// What the program would find in its environment.
pub(crate) fn environment(url: &str, folder: &TempDir) -> Environment {
    let secret = "segreto di prova";
    BTreeMap::from([
        ("DATABASE_URL".to_owned(), url.to_owned()),
        ("FILO__DATA_DIR".to_owned(), folder.path().display().to_string()),
        ("FILO__SOURCES__FACEBOOK__APP_SECRET".to_owned(), secret.to_owned()),
        // Receivers of webhooks are servers of the test itself.
        ("FILO__WEBHOOKS__ALLOW_PRIVATE".to_owned(), "true".to_owned()),
    ])
}

/// A user of level I.
pub(crate) fn operator() -> Caller {
    user(Role::Operator, 1)
}
/// A user of level I who also closes months.
pub(crate) fn supervisor() -> Caller {
    user(Role::Supervisor, 2)
}

fn user(role: Role, number: u128) -> Caller {
    let id = UserId::from_uuid(uuid::Uuid::from_u128(number));
    Caller { access: Access::User { id, role, unit: None } }
}
