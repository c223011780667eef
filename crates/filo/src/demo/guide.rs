//! What the demo tells whoever started it: the month's figures in short, what to open, with whom to log in, what to try.

use std::path::Path;

use filo_domain::vocabulary::Word;
use filo_indicators::number::percent;

use super::{Lived, home::Home};
use crate::wiring::Program;

/// What it speaks of.
pub(crate) struct Guide<'a> {
    pub(crate) program: &'a Program,
    pub(crate) home: &'a Home,
    pub(crate) lived: &'a Lived,
    /// The report as a page.
    pub(crate) file: &'a Path,
}

impl Guide<'_> {
    /// The text, in Italian with a few words of English beside.
    pub(crate) fn text(&self, served: bool) -> String {
        let month = &self.lived.report.period.month;
        let mut lines = vec![
            String::new(),
            format!("Filo, demo: il mese {month} (a generated month of city life)"),
            String::new(),
        ];
        lines.extend(self.figures());
        lines.push(line("Report mensile (monthly report)", &self.file.display().to_string()));
        lines.push(line("", "accanto (beside it): .json, -csv/"));
        if served {
            lines.extend(self.pages());
        }
        lines.extend(self.logins());
        lines.extend(self.commands(month));
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

    fn figures(&self) -> Vec<String> {
        let blocks = &self.lived.report.blocks;
        let share = |share: Option<f64>| share.and_then(percent).unwrap_or_else(|| "–".to_owned());
        let wait = blocks.phone.mean_wait_answered_s;
        vec![
            line("Contatti (contacts)", &blocks.unification.inbound.to_string()),
            line("Censiti nel CRM (registered)", &share(blocks.unification.share)),
            line("Tasso di risposta (answered)", &share(blocks.response_rate.rate)),
            line(
                "Attesa media al telefono (wait)",
                &wait.map_or("–".to_owned(), |wait| format!("{wait:.0} s")),
            ),
            String::new(),
        ]
    }

    fn pages(&self) -> Vec<String> {
        let address = format!("http://{}", self.program.settings.http.bind);
        let mut lines = vec![
            String::new(),
            line("Scrivi, per i cittadini", &format!("{address}/scrivi")),
            line("Seguire una richiesta (follow)", &format!("{address}/scrivi/segui")),
        ];
        if let Some((number, code)) = &self.lived.request {
            lines.push(line("", &format!("per esempio (such as) {number}, codice (code) {code}")));
        }
        lines.push(line("Per tutti, i mesi chiusi (public)", &format!("{address}/trasparenza")));
        lines.push(line("Cruscotto (live, with a login)", &format!("{address}/cruscotto")));
        lines.push(line("REST, documentazione (docs)", &format!("{address}/docs")));
        lines
    }

    fn logins(&self) -> Vec<String> {
        let staff = &self.lived.staff;
        let mut lines =
            vec![String::new(), line("Accessi (logins)", &format!("password per tutti: {}", staff.password))];
        for login in &staff.logins {
            let unit = login.unit.as_ref().map(|unit| format!(", {unit}")).unwrap_or_default();
            lines.push(line(&format!("  {}", login.name), &format!("{}{unit}", login.role.word())));
        }
        lines
    }

    fn commands(&self, month: &str) -> Vec<String> {
        let program = std::env::current_exe().map_or("filo".to_owned(), |path| path.display().to_string());
        let filo = format!("{program} --config {}", self.home.settings_file().display());
        vec![
            String::new(),
            "  Da provare (to try), senza la variabile (without the variable) DATABASE_URL:".to_owned(),
            format!("    {filo} explain tasso-risposta --period {month}"),
            format!("    {filo} explain /phone/abandoned --period {month} --format csv"),
            format!("    {filo} scorecard 2020 --format csv"),
            format!("    {filo} quarantine list"),
            format!("    {filo} verify"),
        ]
    }
}

/// A word and what it is, in two columns.
fn line(word: &str, value: &str) -> String {
    format!("  {word:<34}{value}")
}
