//! The city's content: the files of its folder, or those of Milan that the program carries for the demo.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use filo_domain::city::City;
use filo_indicators::definition::Definitions;
use rust_embed::Embed;

use crate::exit::Failure;

#[derive(Embed)]
#[folder = "../../config"]
struct Shipped;

/// Files by their path relative to the city's folder.
pub type Files = BTreeMap<String, String>;

/// The files of a city's folder.
///
/// # Errors
/// A folder or file that cannot be read.
pub fn read(folder: &Path) -> Result<Files, Failure> {
    let mut files = Files::new();
    walk(folder, folder, &mut files)?;
    Ok(files)
}

/// The configuration of Milan that the program carries: its settings' text, and the city's files.
///
/// # Errors
/// When the program was built without them.
pub fn shipped() -> Result<(String, Files), Failure> {
    const CITY: &str = "cities/milano/";
    let text = |name: &str| {
        let file = Shipped::get(name)?;
        String::from_utf8(file.data.into_owned()).ok()
    };
    let settings =
        text("filo.toml").ok_or_else(|| Failure::CannotRun("the program carries no settings".to_owned()))?;
    let files = Shipped::iter()
        .filter_map(|name| Some((name.strip_prefix(CITY)?.to_owned(), text(&name)?)))
        .collect();
    Ok((settings, files))
}

fn walk(root: &Path, folder: &Path, files: &mut Files) -> Result<(), Failure> {
    let cannot =
        |path: &Path, error: std::io::Error| Failure::CannotRun(format!("{}: {error}", path.display()));
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(|error| cannot(folder, error))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(|error| cannot(folder, error))?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(root, &path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            let text = std::fs::read_to_string(&path).map_err(|error| cannot(&path, error))?;
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            files.insert(name, text);
        }
    }
    Ok(())
}

/// Reads the city and its definitions.
///
/// # Errors
/// File, line, key, what was found and what is expected.
pub fn city(files: &Files) -> Result<(City, Definitions), Failure> {
    let city = City::from_files(files).map_err(|error| Failure::CannotRun(error.to_string()))?;
    filo_app::check_reply_templates(&city).map_err(|error| Failure::CannotRun(error.to_string()))?;
    let indicators: Files = files
        .iter()
        .filter(|(name, _)| name.starts_with("indicators/"))
        .map(|(name, text)| (name.clone(), text.clone()))
        .collect();
    let definitions =
        Definitions::from_files(&indicators).map_err(|error| Failure::CannotRun(error.to_string()))?;
    let known = |key: &&str| city.series.iter().any(|series| series.key == *key);
    if let Some(missing) = definitions.series().into_iter().find(|key| !known(key)) {
        return Err(Failure::CannotRun(format!(
            "indicators/: an indicator uses the series {missing:?}, which is not in series.toml"
        )));
    }
    Ok((city, definitions))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_configuration_is_whole_and_valid() {
        let (settings, files) = shipped().unwrap();
        crate::settings::Settings::of_text(&settings, "filo.toml", Path::new("."), &BTreeMap::new()).unwrap();
        let (city, definitions) = city(&files).unwrap();
        assert_eq!(city.zone.name(), "Europe/Rome");
        assert!(definitions.scorecard(2020).is_some());
    }

    #[test]
    fn an_unknown_zone_stops_the_start_with_its_file_and_line() {
        let (_, mut files) = shipped().unwrap();
        let text = files["city.toml"].replace("Europe/Rome", "Europe/Milano");
        files.insert("city.toml".to_owned(), text);
        let error = city(&files).unwrap_err().to_string();
        assert!(error.contains("city.toml") && error.contains("Europe/Milano"), "{error}");
    }
}
