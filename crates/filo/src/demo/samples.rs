//! The words of the demo, which the program carries: see `samples/README.md`.

use serde::Deserialize;

use crate::exit::Failure;

/// What people ask for, and who they are.
#[derive(Clone, Debug)]
pub(crate) struct Samples {
    pub(crate) names: Names,
    pub(crate) needs: Vec<Need>,
    pub(crate) social: Social,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Names {
    pub(crate) first: Vec<String>,
    pub(crate) last: Vec<String>,
    pub(crate) recurring: Vec<String>,
    pub(crate) streets: Vec<String>,
}

/// A need with its words, and the city's answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Need {
    pub(crate) theme: String,
    pub(crate) kind: filo_domain::vocabulary::Kind,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) reply: String,
    /// The kind of fault, where the form for faults is used.
    pub(crate) fault: Option<String>,
}

impl Need {
    /// The first level of its theme.
    pub(crate) fn top(&self) -> &str {
        self.theme.split('/').next().unwrap_or_default()
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Social {
    pub(crate) chatter: Vec<String>,
    pub(crate) posts: Vec<Post>,
    pub(crate) direct: Vec<Direct>,
}

/// A post of the page and what it makes people ask.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Post {
    pub(crate) title: String,
    pub(crate) asks: Vec<String>,
    pub(crate) reply: String,
}

/// A direct message.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Direct {
    pub(crate) theme: String,
    pub(crate) text: String,
    pub(crate) reply: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Needs {
    needs: Vec<Need>,
}

impl Samples {
    /// Reads the carried files.
    ///
    /// # Errors
    /// When the program was built with broken ones.
    pub(crate) fn carried() -> Result<Self, Failure> {
        Ok(Self {
            names: read("names.toml", include_str!("../../samples/names.toml"))?,
            needs: read::<Needs>("needs.toml", include_str!("../../samples/needs.toml"))?.needs,
            social: read("social.toml", include_str!("../../samples/social.toml"))?,
        })
    }
}

fn read<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> Result<T, Failure> {
    toml::from_str(text).map_err(|error| Failure::CannotRun(format!("samples/{name}: {error}")))
}

/// Puts values in the places of a text that are named in braces.
pub(crate) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_carried_samples_fit_the_forms() {
        let samples = Samples::carried().unwrap();
        for need in &samples.needs {
            assert!(
                need.subject.chars().count() <= 150 && need.text.chars().count() <= 560,
                "{}",
                need.subject
            );
            assert!(need.fault.is_none() || need.text.chars().count() <= 170, "{}", need.subject);
        }
        assert!(samples.social.posts.iter().all(|post| !post.asks.is_empty()));
    }

    #[test]
    fn places_in_braces_are_filled() {
        assert_eq!(fill("{a} e {b}, {c}", &[("a", "1"), ("b", "2")]), "1 e 2, {c}");
    }
}
