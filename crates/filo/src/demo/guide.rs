//! What the demo tells whoever started it: what to open, with whom to log in, what to try.

use std::{fmt::Write, path::Path};

use filo_domain::{Period, vocabulary::Word};

use super::{home::Home, staff::Staff};
use crate::wiring::Program;

/// What it speaks of.
pub(crate) struct Guide<'a> {
    pub(crate) program: &'a Program,
    pub(crate) home: &'a Home,
    pub(crate) staff: &'a Staff,
    pub(crate) month: Period,
    pub(crate) report: &'a Path,
}

impl Guide<'_> {
    /// The text, in Italian with a few words of English beside.
    pub(crate) fn text(&self, served: bool) -> String {
        let mut lines = vec![
            String::new(),
            format!(
                "Demo di Filo: due mesi di vita della città, fino a {} (a demo city, two months)",
                self.month
            ),
            String::new(),
            format!("  Report mensile (monthly report)   {}", self.report.display()),
            format!("                                    accanto (beside it): .json, -csv/"),
        ];
        if served {
            lines.extend(self.pages());
        }
        lines.extend(self.logins());
        lines.extend(self.commands());
        if self.home.is_passing() {
            lines.push(String::new());
            lines.push(
                "  Alla fine (Ctrl-C) i dati sono cancellati; per tenerli: filo demo --keep CARTELLA"
                    .to_owned(),
            );
            lines.push("  (the data are deleted at the end; --keep DIR keeps them)".to_owned());
        }
        lines.join("\n")
    }

    fn pages(&self) -> Vec<String> {
        let address = format!("http://{}", self.program.settings.http.bind);
        vec![
            format!("  Scrivi, per i cittadini           {address}/scrivi"),
            format!("  Seguire una richiesta (follow)    {address}/scrivi/segui"),
            format!("  REST, documentazione (docs)       {address}/docs"),
            format!("  Stato del servizio (status)       {address}/status"),
        ]
    }

    fn logins(&self) -> Vec<String> {
        let mut lines =
            vec![String::new(), format!("  Accessi (logins), password per tutti: {}", self.staff.password)];
        for login in &self.staff.logins {
            let mut line = format!("    {:<12} {}", login.name, login.role.word());
            if let Some(unit) = &login.unit {
                // Writing to a String never fails.
                let _written = write!(line, ", {unit}");
            }
            lines.push(line);
        }
        lines
    }

    fn commands(&self) -> Vec<String> {
        let filo = format!("filo --config {}", self.home.settings_file().display());
        let month = self.month;
        vec![
            String::new(),
            "  Da provare (to try), con la variabile DATABASE_URL non impostata (unset):".to_owned(),
            format!("    {filo} explain tasso-risposta --period {month}"),
            format!("    {filo} explain /phone/abandoned --period {month} --format csv"),
            format!("    {filo} scorecard 2020 --format csv"),
            format!("    {filo} quarantine list"),
            format!("    {filo} verify"),
        ]
    }
}
