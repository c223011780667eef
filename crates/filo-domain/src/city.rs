//! The city as configuration: its sources, units, themes, calendar, routing, policies, forms and texts.
//!
//! **Invariant:** a [`City`] cannot be wrong. Every name that one file uses and another defines is checked when the
//! files are read, and a refusal says file, line, key, what was found and what is expected. Nothing is read from a
//! disk here: the caller hands the files in by their path relative to the city's folder.
//!
//! Start at [`City::from_files`]; what arrives is placed by [`City::route`].

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::{
    CityZone,
    calendar::Calendar,
    form::{Field, Forms},
    policy::{self, Policy, PolicyError},
    vocabulary::Level,
};

mod callbacks;
mod costs;
mod file;
mod ivr;
mod profile;
mod reporting;
mod resolutions;
mod routing;
mod series;
mod sources;
mod templates;
mod texts;
mod themes;
mod units;

pub use callbacks::{AttemptReason, CallbackRules, WindowError};
pub use costs::{Allocation, BudgetLine, COST, CURRENCY, Costs, Method, Subject, Supplier, supplier_of};
pub use file::ConfigError;
pub use ivr::{Ivr, IvrChoice};
pub use profile::{District, MailProfile, Profile, ProtocolRule};
pub use reporting::ReportSchedule;
pub use resolutions::ResolutionReason;
pub use routing::{Contact, Route, Routing};
pub use series::Series;
pub use sources::Source;
pub use templates::ReplyTemplate;
pub use texts::Texts;
pub use themes::{Theme, Themes};
pub use units::{Assignment, Unit, UnitKind, Units};

use file::File;

/// The files at the top of a city's folder; all of them must be there.
pub const FILES: [&str; 6] =
    ["city.toml", "units.toml", "themes.toml", "calendar.toml", "routing.toml", "policies.toml"];
/// Files at the top of a city's folder that may be missing.
pub const FURTHER_FILES: [&str; 5] =
    ["callbacks.toml", "costs.toml", "reports.toml", "resolutions.toml", "series.toml"];

/// A city, read and checked.
#[derive(Clone, Debug)]
pub struct City {
    /// Its name, addresses and terms.
    pub profile: Profile,
    /// The zone in which its days and opening hours are reckoned.
    pub zone: CityZone,
    /// Where contacts come from.
    pub sources: Vec<Source>,
    /// Who works them.
    pub units: Units,
    /// What they are about.
    pub themes: Themes,
    /// When its service is open.
    pub calendar: Calendar,
    /// Where a contact goes first.
    pub routing: Routing,
    /// What its clocks must keep.
    pub policies: Vec<Policy>,
    /// The forms of Scrivi.
    pub forms: Forms,
    /// Why tickets are resolved, in the city's words.
    pub resolutions: Vec<ResolutionReason>,
    /// What operators answer with.
    pub templates: Vec<ReplyTemplate>,
    /// What citizens read, by language.
    pub texts: Texts,
    /// The monthly series that are imported.
    pub series: Vec<Series>,
    /// When call-backs can be promised.
    pub callbacks: CallbackRules,
    /// What answering costs.
    pub costs: Costs,
    /// Which reports are made and mailed by themselves.
    pub reports: Vec<ReportSchedule>,
}

impl City {
    /// Reads a city from the contents of its folder, by path relative to it (`city.toml`, `forms/generale.toml`,
    /// `texts/it.toml`). Other folders (indicators, chatbot) are for other readers and are passed over.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn from_files(files: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        check_names(files)?;
        let (profile, sources) = profile::read(&File::named(files, "city.toml")?)?;
        let units = units::read(&File::named(files, "units.toml")?)?;
        let themes = themes::read(&File::named(files, "themes.toml")?, &units)?;
        sources::check(&File::named(files, "city.toml")?, &sources, &themes)?;
        Ok(Self {
            zone: profile.zone.clone(),
            routing: routing::read(
                &File::named(files, "routing.toml")?,
                (&profile, &sources),
                &units,
                &themes,
            )?,
            policies: read_policies(&File::named(files, "policies.toml")?, &themes)?,
            calendar: File::named(files, "calendar.toml")?.read()?,
            forms: read_forms(files, &themes)?,
            resolutions: resolutions::read(files, &themes)?,
            templates: templates::read(files, &profile.languages, &themes)?,
            texts: texts::read(files, &profile.languages)?,
            series: series::read(files)?,
            callbacks: callbacks::read(files)?,
            costs: costs::read(files, &themes, &units)?,
            reports: reporting::read(files, &profile.languages, &sources)?,
            profile,
            sources,
            units,
            themes,
        })
    }

    /// A source by its key.
    pub fn source(&self, key: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.key == key)
    }

    /// Where a contact that arrives on a local day goes first. A unit whose period is over hands on to its
    /// successor; where nobody is left, the contact goes to the city's default unit.
    pub fn route(&self, contact: &Contact<'_>, day: Date) -> Route {
        let given = self.routing.route(contact);
        let unit = given
            .unit
            .and_then(|unit| self.units.on(unit, day))
            .or_else(|| self.units.get(self.routing.default_unit()));
        Route {
            unit: unit.map_or_else(|| self.routing.default_unit().to_owned(), |unit| unit.key.clone()),
            level: unit.map_or(Level::I, |unit| unit.level),
            theme: given.theme.map(str::to_owned),
            kind: given.kind,
            priority: given.priority,
            tags: given.tags,
        }
    }

    /// The custom fields of a theme's tickets.
    pub fn fields_of(&self, theme: Option<&str>) -> &[Field] {
        theme.and_then(|key| self.themes.get(key)).map_or(&[], |theme| &theme.fields)
    }

    /// The unit that is competent for a theme on a local day: to whom level I would hand it over.
    pub fn unit_of_theme(&self, theme: &str, day: Date) -> Option<&Unit> {
        self.themes.get(theme).and_then(|theme| self.units.on(&theme.unit, day))
    }
}

fn is_known(name: &str) -> bool {
    FILES.contains(&name) || FURTHER_FILES.contains(&name)
}

/// A misspelt file must not be passed over in silence.
fn check_names(files: &BTreeMap<String, String>) -> Result<(), ConfigError> {
    let unknown = |name: &&String| name.ends_with(".toml") && !name.contains('/') && !is_known(name);
    match files.keys().find(unknown) {
        Some(name) => Err(ConfigError::of_file(
            name,
            "a file of this name",
            format!("one of {}, {}", FILES.join(", "), FURTHER_FILES.join(", ")),
        )),
        None => Ok(()),
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPolicies {
    policies: Vec<Policy>,
}

fn read_policies(file: &File<'_>, themes: &Themes) -> Result<Vec<Policy>, ConfigError> {
    let RawPolicies { policies } = file.read()?;
    policy::check(&policies).map_err(|(place, why)| {
        let (key, expected) = match why {
            PolicyError::Tie { .. } => ("priority", "a priority of its own for each policy"),
            PolicyError::Key(_) => ("key", "each key once, older versions of it with retired = true"),
            PolicyError::Version { .. } => ("version", "an older version, for it is retired"),
            PolicyError::Clock(_) => ("clocks", "each clock once in a policy"),
        };
        file.refuse(&format!("policies.{place}.{key}"), why, expected)
    })?;
    for (place, policy) in policies.iter().enumerate() {
        for (nth, theme) in policy.applies.theme.iter().enumerate() {
            themes.check(theme, file, &format!("policies.{place}.applies.theme.{nth}"))?;
        }
    }
    Ok(policies)
}

fn read_forms(files: &BTreeMap<String, String>, themes: &Themes) -> Result<Forms, ConfigError> {
    let mut forms = Vec::new();
    for (name, text) in files.iter().filter(|(name, _)| name.starts_with("forms/") && name.ends_with(".toml"))
    {
        let file = File { name, text };
        let form: crate::form::Form = file.read()?;
        form.check().map_err(|why| file.refuse("", why, "a form as the shipped ones are"))?;
        if name != &format!("forms/{}.toml", form.key) {
            return Err(file.refuse("key", format!("{:?}", form.key), "the name of the file without .toml"));
        }
        forms.push(form);
    }
    let keys: BTreeSet<String> = themes.all().iter().map(|theme| theme.key.clone()).collect();
    Forms::new(forms, keys).map_err(|why| ConfigError::of_file("forms", why, "each form once"))
}

/// Whether a key is of small letters, digits and hyphens.
fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

const A_KEY: &str = "small letters, digits and hyphens";

/// Checks the keys of a list: well formed, each once.
fn check_keys<'a>(
    file: &File<'_>,
    list: &str,
    keys: impl Iterator<Item = &'a str>,
) -> Result<(), ConfigError> {
    let mut seen = BTreeSet::new();
    for (place, key) in keys.enumerate() {
        let path = format!("{list}.{place}.key");
        if !is_key(key) {
            return Err(file.refuse(&path, format!("{key:?}"), A_KEY));
        }
        if !seen.insert(key) {
            return Err(file.refuse(&path, format!("{key:?} again"), "each key once"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
