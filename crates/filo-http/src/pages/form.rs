//! `/scrivi`: a form is shown, summed up, and sent.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Data},
};
use filo_app::Confirmed;
use filo_domain::form::{FieldError, FieldType, Form, Submission};
use minijinja::{Value, context};

use super::{asked, language_of, local, page, posted, sorry_for, text, token};
use crate::{
    State,
    problem::Problem,
    scrivi::{choices, fields_of, is_yes, new_id, submit},
    upload::{FileProblem, Filled, LARGEST_MB, MOST_FILES},
};

/// The form: the one asked for, or the city's first.
pub(crate) async fn show_form(state: Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let query = request.query_string();
    let language = language_of(&state, &request);
    let Some(form) = chosen(&state, asked(query, "form").as_deref()) else {
        return sorry_for(&state, language, &Problem::not_found());
    };
    let shown = Shown { state: &state, language, form, token: token::issue(&state, state.now()) };
    shown.form(&BTreeMap::new(), false, &[], StatusCode::OK)
}

/// What the form's buttons do: `step=summary` sums up, `step=edit` goes back, anything else sends.
pub(crate) async fn send_form(
    state: Data<State>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let (filled, language) = match posted(&state, &request, payload).await {
        Ok(posted) => posted,
        Err(refused) => return refused,
    };
    let Some(form) = chosen(&state, filled.get("form")) else {
        return sorry_for(&state, language, &Problem::not_found());
    };
    match sent(&state, language, form, filled).await {
        Ok(response) => Ok(response),
        Err(problem) => sorry_for(&state, language, &problem),
    }
}

fn chosen<'a>(state: &'a State, key: Option<&str>) -> Option<&'a Form> {
    let forms = &state.app.city().forms;
    key.map_or_else(|| forms.all().first(), |key| forms.get(key))
}

async fn sent(state: &State, language: &str, form: &Form, filled: Filled) -> Result<HttpResponse, Problem> {
    let now = state.now();
    let values = fields_of(form, &filled);
    let accepted = filled.get("privacy_accepted").is_some_and(is_yes);
    let given = filled.get("token").filter(|given| token::is_ours(state, given)).map(str::to_owned);
    let moderated = !token::is_fine(state, filled.get("token"), filled.get(token::TRAP), now);
    let content = format!("{}{values:?}", form.key);
    let submission_id =
        given.as_deref().map_or_else(|| new_id(now), |given| token::submission_id(given, &content));
    let shown = Shown { state, language, form, token: given.unwrap_or_else(|| token::issue(state, now)) };
    if filled.get("step") == Some("edit") {
        return shown.form(&values, accepted, &[], StatusCode::OK);
    }
    let submission = Submission {
        form: form.key.clone(),
        fields: values.clone(),
        privacy_accepted: accepted,
        submission_id,
        received_at: now,
    };
    if let Err(errors) = state.app.city().forms.check(&submission) {
        return shown.form(&values, accepted, &errors, StatusCode::UNPROCESSABLE_ENTITY);
    }
    if filled.get("step") == Some("summary") {
        return shown.summary(&values, &[], StatusCode::OK);
    }
    if !filled.refused.is_empty() {
        return shown.summary(&values, &filled.refused, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let confirmed = submit(state, None, submission, filled.files, moderated).await?;
    shown.sent(&confirmed, &values, moderated)
}

/// A form on a page.
struct Shown<'a> {
    state: &'a State,
    language: &'a str,
    form: &'a Form,
    token: String,
}

impl Shown<'_> {
    fn form(
        &self,
        values: &BTreeMap<String, String>,
        accepted: bool,
        errors: &[FieldError],
        status: StatusCode,
    ) -> Result<HttpResponse, Problem> {
        let listed: Vec<Value> = errors.iter().map(|error| self.error(error)).collect();
        let fields: Vec<Value> =
            self.form.fields.iter().map(|field| self.field(field, values, errors)).collect();
        let forms: Vec<Value> = self
            .state
            .app
            .city()
            .forms
            .all()
            .iter()
            .map(|form| context! { key => &form.key, title => form.title.in_language(self.language) })
            .collect();
        let privacy_error =
            errors.iter().find(|error| error.pointer == "/privacy_accepted").map(|it| self.words(it));
        let own = context! { form => self.head(), forms, fields, errors => listed, accepted, privacy_error,
        token => &self.token, trap => token::TRAP };
        page(self.state, self.language, status, "form.html", own)
    }

    fn head(&self) -> Value {
        let intro = self.form.intro.as_ref().map(|intro| intro.in_language(self.language));
        context! { key => &self.form.key, title => self.form.title.in_language(self.language), intro }
    }

    /// What is wrong, in the page's language.
    fn words(&self, error: &FieldError) -> String {
        let params = error.problem.params();
        let values: Vec<(&str, &str)> = params.iter().map(|(name, value)| (*name, value.as_str())).collect();
        text(self.state, self.language, &format!("errors.{}", error.problem.code()), &values)
    }

    fn error(&self, error: &FieldError) -> Value {
        let field = error.field().and_then(|key| self.form.field(&key));
        let label = field.map(|field| field.label.in_language(self.language));
        let anchor = field.map_or("privacy_accepted", |field| field.key.as_str());
        context! { anchor, label, words => self.words(error) }
    }

    fn field(
        &self,
        field: &filo_domain::form::Field,
        values: &BTreeMap<String, String>,
        errors: &[FieldError],
    ) -> Value {
        let value = values.get(&field.key).cloned().unwrap_or_default();
        let error = errors.iter().find(|error| error.field().as_deref() == Some(&field.key));
        let choices: Vec<Value> = choices(self.state, field, self.language)
            .into_iter()
            .map(|(key, label)| context! { selected => key == value, key, label })
            .collect();
        context! {
            key => &field.key, label => field.label.in_language(self.language), required => field.required,
            hint => field.hint.as_ref().map(|hint| hint.in_language(self.language)),
            input => input(field.field_type), autocomplete => autocomplete(&field.key), limit => field.limit(),
            error => error.map(|error| self.words(error)), value, choices,
        }
    }

    /// What will be sent, and the files that cannot be.
    fn summary(
        &self,
        values: &BTreeMap<String, String>,
        refused: &[(String, FileProblem)],
        status: StatusCode,
    ) -> Result<HttpResponse, Problem> {
        let (files, mb) = (MOST_FILES.to_string(), LARGEST_MB.to_string());
        let words = |(name, problem): &(String, FileProblem)| {
            let values = [("name", name.as_str()), ("max_files", &files), ("max_mb", &mb)];
            text(self.state, self.language, &format!("errors.{}", problem.code()), &values)
        };
        let errors: Vec<String> = refused.iter().map(words).collect();
        let rows: Vec<Value> = self.form.fields.iter()
            .filter_map(|field| {
                let value = values.get(&field.key).filter(|value| !value.trim().is_empty())?;
                let choices = choices(self.state, field, self.language);
                let shown = choices.into_iter().find(|(key, _)| key == value).map_or(value.clone(), |(_, label)| label);
                Some(context! { key => &field.key, label => field.label.in_language(self.language), value, shown })
            })
            .collect();
        let own = context! { form => self.head(), rows, errors, token => &self.token, trap => token::TRAP,
        max_files => MOST_FILES, max_mb => LARGEST_MB };
        page(self.state, self.language, status, "summary.html", own)
    }

    fn sent(
        &self,
        confirmed: &Confirmed,
        values: &BTreeMap<String, String>,
        moderated: bool,
    ) -> Result<HttpResponse, Problem> {
        let shown = |at| local(self.state, self.language, at);
        let own = context! {
            number => &confirmed.number, code => &confirmed.code, moderated,
            received_at => shown(confirmed.received_at), expected_by => confirmed.expected_by.map(shown),
            email => values.get("email"),
        };
        page(self.state, self.language, StatusCode::CREATED, "sent.html", own)
    }
}

fn input(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Text | FieldType::FiscalCode | FieldType::Number => "text",
        FieldType::LongText => "textarea",
        FieldType::Email => "email",
        FieldType::Phone => "tel",
        FieldType::Date => "date",
        FieldType::Choice | FieldType::YesNo => "select",
    }
}

/// What browsers may fill in for people.
fn autocomplete(key: &str) -> Option<&'static str> {
    match key {
        "name" => Some("given-name"),
        "surname" => Some("family-name"),
        "email" => Some("email"),
        "phone" => Some("tel"),
        _ => None,
    }
}
