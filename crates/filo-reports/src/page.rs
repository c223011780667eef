//! How pages are written: templates that are part of the program, filled by minijinja.
//!
//! **Invariant:** everything a template prints is escaped, a name it does not know stops the writing, and the markup
//! is well-formed XML as well as HTML, so that tests can read it. Start at [`render`].

use std::sync::Arc;

use filo_indicators::render::RenderError;
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value, syntax::SyntaxConfig,
    value::Kwargs,
};

use crate::words::{MissingText, Words};

pub(crate) const FORMAT: &str = "html";

/// Shared by all pages.
const STYLE: &str = include_str!("../templates/style.css");
const LAYOUT: &str = include_str!("../templates/layout.html");

/// An environment with the layout, the style and the words of a city.
pub(crate) fn environment(words: &Arc<Words>) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_name| AutoEscape::Html);
    environment.set_formatter(write_escaped);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.add_template("layout.html", LAYOUT)?;
    environment.add_global("style", Value::from_safe_string(STYLE.to_owned()));
    environment.add_global("language", words.language.clone());
    let profile = &words.city.profile;
    environment.add_global("city", profile.name.clone());
    environment.add_global("accessibility_url", profile.accessibility_url.clone());
    environment.add_global("privacy_url", profile.privacy_url.clone());
    let own = Arc::clone(words);
    environment.add_function("t", move |key: String, values: Kwargs| translated(&own, &key, &values));
    Ok(environment)
}

/// Fills a template.
pub(crate) fn render(
    environment: &mut Environment<'static>,
    template: &'static str,
    context: Value,
) -> Result<Vec<u8>, RenderError> {
    let page = environment
        .add_template("page.html", template)
        .and_then(|()| environment.get_template("page.html"))
        .and_then(|page| page.render(context));
    page.map(String::into_bytes).map_err(|error| RenderError::new(FORMAT, error))
}

/// `t("report.revision", number=2)`
fn translated(words: &Words, key: &str, values: &Kwargs) -> Result<String, Error> {
    let mut filled = Vec::new();
    for name in values.args() {
        filled.push((name, values.get::<Value>(name)?.to_string()));
    }
    let filled: Vec<(&str, &str)> = filled.iter().map(|(name, value)| (*name, value.as_str())).collect();
    words.fill(key, &filled).map_err(missing)
}

/// As a template's error.
pub(crate) fn missing(error: MissingText) -> Error {
    Error::new(ErrorKind::InvalidOperation, error.to_string()).with_source(error)
}

/// The four letters that matter in text and attributes; slashes stay legible, pointers are full of them.
fn write_escaped(out: &mut Output, _state: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let text = value.to_string();
    if value.is_safe() {
        out.write_str(&text)?
    } else {
        out.write_str(&escaped(&text))?
    }
    Ok(())
}

/// Text as markup.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
