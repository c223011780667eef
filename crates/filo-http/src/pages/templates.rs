//! The templates, embedded in the program, and the one function they use: `t("key", name=value)` for a city's text.

use filo_app::App;
use minijinja::{Environment, Error, State, value::Kwargs};

const TEMPLATES: [(&str, &str); 13] = [
    ("base.html", include_str!("../../templates/base.html")),
    ("form.html", include_str!("../../templates/form.html")),
    ("summary.html", include_str!("../../templates/summary.html")),
    ("sent.html", include_str!("../../templates/sent.html")),
    ("search.html", include_str!("../../templates/search.html")),
    ("followed.html", include_str!("../../templates/followed.html")),
    ("sorry.html", include_str!("../../templates/sorry.html")),
    ("open.html", include_str!("../../templates/open.html")),
    ("open_month.html", include_str!("../../templates/open_month.html")),
    ("board.html", include_str!("../../templates/board.html")),
    ("board_now.html", include_str!("../../templates/board_now.html")),
    ("door.html", include_str!("../../templates/door.html")),
    ("docs.html", include_str!("../../templates/docs.html")),
];

/// All templates, parsed.
pub(crate) fn environment(app: &App) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    let app = app.clone();
    environment.add_function("t", move |state: &State, key: String, values: Kwargs| {
        let language = state.lookup("lang").map(|value| value.to_string()).unwrap_or_default();
        let mut owned = Vec::new();
        for name in values.args() {
            owned.push((name.to_owned(), values.get::<minijinja::Value>(name)?.to_string()));
        }
        let values: Vec<(&str, &str)> =
            owned.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let text = app.city().texts.fill(&language, &key, &values);
        Ok::<String, Error>(text.unwrap_or(key))
    });
    Ok(environment)
}
