//! What is given in a file or on stdin, as the configuration is written: TOML, or JSON where it begins as an object.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::exit::Failure;

/// Reads a file, `-` for stdin.
pub(super) fn given<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let wrong = |error: String| Failure::Usage(format!("{}: {error}", path.display()));
    let text = if path == Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.map_err(|error| wrong(error.to_string()))?;
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(&text).map_err(|error| wrong(error.to_string()));
    }
    toml::from_str(&text).map_err(|error| wrong(error.to_string()))
}
