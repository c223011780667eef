//! Who works in the demo: a user for each role to log in with, and a specialist for each unit that gets work.

use std::collections::BTreeMap;

use filo_app::{Access, App, Caller, NewUser, Role};
use filo_domain::{
    Instant,
    vocabulary::{Level, Word},
};
use secrecy::SecretString;

use super::{generator::Story, samples::Need};
use crate::exit::Failure;

/// A log-in that the demo prints.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) unit: Option<String>,
}

/// Everybody who works.
pub(crate) struct Staff {
    pub(crate) logins: Vec<Login>,
    /// The one password of all of them: made for this run.
    pub(crate) password: String,
    operators: Vec<Caller>,
    specialists: BTreeMap<String, Caller>,
    supervisor: Caller,
}

impl Staff {
    /// Makes the users.
    pub(crate) async fn hire(app: &App, needs: &[Need], now: Instant) -> Result<Self, Failure> {
        let mut office = Office { app, password: password()?, now };
        let units = units(app, needs, now);
        let mut logins = Vec::new();
        for role in Role::ALL {
            let unit = units.first().filter(|_| *role == Role::Specialist).cloned();
            logins.push(Login { name: role.word().to_owned(), role: *role, unit });
        }
        let mut callers = Vec::new();
        for login in &logins {
            callers.push(office.hire(&login.name, login.role, login.unit.clone()).await?);
        }
        let of = |role: Role| {
            logins
                .iter()
                .zip(&callers)
                .find(|(login, _)| login.role == role)
                .map(|(_, caller)| caller.clone())
        };
        let mut operators = Vec::from_iter(of(Role::Operator));
        for nth in 2..=3 {
            operators.push(office.hire(&format!("operator{nth}"), Role::Operator, None).await?);
        }
        let supervisor = of(Role::Supervisor).unwrap_or_else(Caller::console);
        let mut specialists = BTreeMap::new();
        for unit in units {
            let known = logins.iter().zip(&callers).find(|(login, _)| login.unit.as_ref() == Some(&unit));
            let caller = match known {
                Some((_, caller)) => caller.clone(),
                None => {
                    office.hire(&format!("specialist-{unit}"), Role::Specialist, Some(unit.clone())).await?
                }
            };
            specialists.insert(unit, caller);
        }
        Ok(Self { logins, password: office.password, operators, specialists, supervisor })
    }
    /// Who works a ticket: the specialist of its unit, or one of the operators.
    pub(crate) fn who(&self, story: Story, unit: Option<&str>) -> &Caller {
        let specialist = unit.map(|unit| self.specialists.get(unit).unwrap_or(&self.supervisor));
        specialist
            .or_else(|| self.operators.get(story % self.operators.len().max(1)))
            .unwrap_or(&self.supervisor)
    }
}

struct Office<'a> {
    app: &'a App,
    password: String,
    now: Instant,
}

impl Office<'_> {
    async fn hire(&mut self, name: &str, role: Role, unit: Option<String>) -> Result<Caller, Failure> {
        let password = SecretString::from(self.password.clone());
        let new = NewUser { name: name.to_owned(), role, unit: unit.clone(), password };
        let user = self.app.add_user(&Caller::console(), new, self.now).await?;
        Ok(Caller { access: Access::User { id: user.id, role, unit } })
    }
}

/// The units of level II to which the needs of the demo go.
fn units(app: &App, needs: &[Need], now: Instant) -> Vec<String> {
    let city = app.city();
    let day = city.zone.day(now);
    let mut units: Vec<String> = Vec::new();
    for need in needs {
        let unit = city.unit_of_theme(&need.theme, day).filter(|unit| unit.level == Level::II);
        units.extend(unit.map(|unit| unit.key.clone()).filter(|key| !units.contains(key)));
    }
    units
}

/// Words that are easy to type, with enough chance in them that nobody guesses a demo that was left running.
fn password() -> Result<String, Failure> {
    const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut bytes = [0_u8; 10];
    getrandom::fill(&mut bytes).map_err(|error| Failure::CannotRun(format!("no randomness: {error}")))?;
    let letter = |byte: &u8| LETTERS.get(usize::from(*byte) % LETTERS.len()).copied().map_or('x', char::from);
    Ok(format!("filo-{}", bytes.iter().map(letter).collect::<String>()))
}
