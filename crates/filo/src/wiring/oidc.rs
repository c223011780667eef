//! Where staff log in besides, with what its groups may do, as the settings say. What is missing or would let in more
//! than was meant stops the start.

use std::sync::Arc;

use filo_app::{Grant, Oidc, Role};
use filo_domain::city::City;
use filo_outward::oidc::{OidcClient, OidcSettings};
use secrecy::SecretString;

use crate::{
    exit::Failure,
    settings::{IdentityProvider, ProviderGroup, Settings},
};

const CALLBACK: &str = "/rest/crm/v1/auth/oidc/callback";

/// The identity provider, if there is one.
///
/// # Errors
/// No secret, an address that is not safe, a unit that is not there, a role that must have a second factor of which
/// nothing is known.
pub(super) fn oidc(settings: &Settings, city: &City, public_url: &str) -> Result<Option<Oidc>, Failure> {
    let Some(wanted) = &settings.oidc else { return Ok(None) };
    let second_factor =
        wanted.trust_second_factor || !wanted.acr_values.is_empty() || !wanted.amr_values.is_empty();
    let grants = wanted.groups.iter().map(|group| grant(group, city));
    let grants = grants.collect::<Result<Vec<_>, _>>()?;
    let alone =
        grants.iter().find(|it| !second_factor && settings.access.totp_required_for.contains(&it.role));
    if let Some(grant) = alone {
        return Err(wrong(format!(
            "group {:?}: its role must have a second factor (access.totp_required_for): set acr_values, amr_values or \
             trust_second_factor",
            grant.group
        )));
    }
    let redirect_uri = wanted.redirect_uri.clone().unwrap_or_else(|| format!("{public_url}{CALLBACK}"));
    let client = OidcClient::new(OidcSettings {
        issuer: wanted.issuer.clone(),
        client_id: wanted.client_id.clone(),
        client_secret: secret(wanted)?,
        redirect_uri,
        scopes: wanted.scopes.clone(),
        groups_claim: wanted.groups_claim.clone(),
        acr_values: wanted.acr_values.clone(),
        amr_values: wanted.amr_values.clone(),
    });
    let provider = Arc::new(client.map_err(wrong)?);
    Ok(Some(Oidc { provider, grants, return_to: wanted.return_to.clone(), second_factor }))
}

fn wrong(what: impl std::fmt::Display) -> Failure {
    Failure::CannotRun(format!("oidc: {what}"))
}

fn secret(wanted: &IdentityProvider) -> Result<SecretString, Failure> {
    match (&wanted.client_secret, &wanted.client_secret_file) {
        (Some(secret), _) => Ok(secret.clone()),
        (None, Some(path)) => std::fs::read_to_string(path)
            .map(|text| text.trim().to_owned().into())
            .map_err(|error| wrong(format!("client_secret_file {}: {error}", path.display()))),
        (None, None) => {
            Err(wrong("set the client's secret as FILO__OIDC__CLIENT_SECRET, or name its client_secret_file"))
        }
    }
}

fn grant(group: &ProviderGroup, city: &City) -> Result<Grant, Failure> {
    match &group.unit {
        Some(unit) if city.units.get(unit).is_none() => {
            Err(wrong(format!("group {:?}: the city has no unit {unit:?}", group.name)))
        }
        None if group.role == Role::Specialist => {
            Err(wrong(format!("group {:?}: a specialist belongs to a unit", group.name)))
        }
        unit => Ok(Grant { group: group.name.clone(), role: group.role, unit: unit.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::content;

    const PROVIDER: &str = "[oidc]\nissuer = \"https://provider.example\"\nclient_id = \"filo\"\n";

    fn wired(more: &str, environment: &[(&str, &str)]) -> Result<Option<Oidc>, String> {
        let environment =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (text, files) = content::shipped().unwrap();
        let (city, _) = content::city(&files).unwrap();
        let settings =
            Settings::of_text(&format!("{text}\n{more}"), "filo.toml", Path::new("."), &environment);
        oidc(&settings.unwrap(), &city, "https://filo.example").map_err(|error| error.to_string())
    }

    #[test]
    fn a_provider_needs_a_secret_from_the_environment_or_a_file() {
        assert!(wired("", &[]).unwrap().is_none());
        let error = wired(PROVIDER, &[]).err().unwrap();
        assert!(error.contains("FILO__OIDC__CLIENT_SECRET"), "{error}");
        assert!(wired(PROVIDER, &[("FILO__OIDC__CLIENT_SECRET", "s")]).unwrap().is_some());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret").display().to_string();
        let file = [("FILO__OIDC__CLIENT_SECRET_FILE", path.as_str())];
        assert!(wired(PROVIDER, &file).err().unwrap().contains("client_secret_file"));
        std::fs::write(&path, "s\n").unwrap();
        assert!(wired(PROVIDER, &file).unwrap().is_some());
    }

    #[test]
    fn what_would_let_in_more_than_was_meant_stops_the_start() {
        let secret = ("FILO__OIDC__CLIENT_SECRET", "s");
        let group = |rest: &str| format!("{PROVIDER}groups = [{{ name = \"g\", {rest} }}]\n");
        for (settings, told) in [
            (group("role = \"specialist\", unit = \"nessuna\""), "no unit"),
            (group("role = \"specialist\""), "belongs to a unit"),
            (PROVIDER.replace("https", "http"), "https"),
        ] {
            let error = wired(&settings, &[secret]).err().unwrap();
            assert!(error.contains(told), "{error}");
        }
        let admins = group("role = \"admin\"");
        assert!(wired(&admins, &[secret]).is_ok());
        let required = [secret, ("FILO__ACCESS__TOTP_REQUIRED_FOR", "admin")];
        let error = wired(&admins, &required).err().unwrap();
        assert!(error.contains("second factor"), "{error}");
        for told in ["acr_values = [\"gold\"]", "amr_values = [\"mfa\"]", "trust_second_factor = true"] {
            let oidc = wired(&format!("{admins}{told}\n"), &required).unwrap().unwrap();
            assert!(oidc.second_factor);
        }
    }
}
