//! `filo what-if`: a hypothesis in a file, written as the configuration is.

use std::path::Path;

use filo_domain::Period;
use filo_indicators::what_if::Hypothesis;

use super::{Console, print_line};
use crate::{cli::WhatIf, exit::Failure};

pub(super) async fn run(console: &Console, args: WhatIf) -> Result<(), Failure> {
    let period = Period::parse(&args.period).map_err(|error| Failure::Usage(error.to_string()))?;
    let text = read(&args.file)?;
    let hypothesis =
        hypothesis(&text).map_err(|error| Failure::Usage(format!("{}: {error}", args.file.display())))?;
    let answer = console.app.what_if(&console.caller, period, hypothesis, console.now()).await?;
    print_line(&serde_json::to_string_pretty(&answer)?)
}

fn read(path: &Path) -> Result<String, Failure> {
    let text = if path == Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(path)
    };
    text.map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}

/// JSON where the text is an object, else TOML.
fn hypothesis(text: &str) -> Result<Hypothesis, String> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| error.to_string());
    }
    toml::from_str(text).map_err(|error| error.to_string())
}
