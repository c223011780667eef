//! `filo what-if`: a hypothesis in a file, written as the configuration is.

use filo_domain::Period;
use filo_indicators::what_if::Hypothesis;

use super::{Console, given::given, print_line};
use crate::{cli::WhatIf, exit::Failure};

pub(super) async fn run(console: &Console, args: WhatIf) -> Result<(), Failure> {
    let period = Period::parse(&args.period).map_err(|error| Failure::Usage(error.to_string()))?;
    let hypothesis: Hypothesis = given(&args.file)?;
    let answer = console.app.what_if(&console.caller, period, hypothesis, console.now()).await?;
    print_line(&serde_json::to_string_pretty(&answer)?)
}
