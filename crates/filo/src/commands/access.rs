//! `filo user` and `filo key`.

use std::io::Read;

use filo_app::{Issued, NewUser};
use filo_domain::vocabulary::Word;
use secrecy::SecretString;
use serde_json::json;

use super::{Console, print_json, print_line};
use crate::{
    cli::{Key, User},
    exit::Failure,
};

pub(super) async fn users(console: &Console, command: User, json: bool) -> Result<(), Failure> {
    let (app, caller, now) = (&console.app, &console.caller, console.now());
    match command {
        User::Add { name, role, unit, password_stdin: _ } => {
            let user = app.add_user(caller, NewUser { name, role, unit, password: password()? }, now).await?;
            if json {
                print_json(&user)
            } else {
                print_line(&format!("added {} as {}", user.name, user.role))
            }
        }
        User::List => {
            let users = app.users(caller).await?;
            if json {
                return print_json(&json!({ "items": users }));
            }
            for user in users {
                let state = if user.disabled_at.is_some() { "disabled" } else { "active" };
                print_line(&format!(
                    "{}\t{}\t{}\t{state}",
                    user.name,
                    user.role,
                    user.unit.unwrap_or_default()
                ))?;
            }
            Ok(())
        }
        User::Disable { name } => {
            app.disable_user(caller, &name, now).await?;
            done("disabled", &name, json)
        }
        User::Enable { name } => {
            app.enable_user(caller, &name, now).await?;
            done("enabled", &name, json)
        }
        User::Passwd { name, password_stdin: _ } => {
            app.set_password(caller, &name, password()?, now).await?;
            done("password_set", &name, json)
        }
        User::Unlock { name } => {
            app.unlock_user(caller, &name, now).await?;
            done("unlocked", &name, json)
        }
        User::ResetTotp { name } => {
            app.reset_factor(caller, &name, now).await?;
            done("totp_reset", &name, json)
        }
    }
}

fn done(what: &str, name: &str, json: bool) -> Result<(), Failure> {
    if json {
        print_json(&json!({ what: name }))
    } else {
        print_line(&format!("{}: {name}", what.replace('_', " ")))
    }
}

/// The first line of stdin.
fn password() -> Result<SecretString, Failure> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(SecretString::from(text.lines().next().unwrap_or_default().to_owned()))
}

pub(super) async fn keys(console: &Console, command: Key, json: bool) -> Result<(), Failure> {
    let (app, caller, now) = (&console.app, &console.caller, console.now());
    match command {
        Key::Issue { name, scope, expires_at } => {
            show(app.issue_key_until(caller, &name, scope, expires_at, now).await?, json)
        }
        Key::Rotate { name } => show(app.rotate_key(caller, &name, None, now).await?, json),
        Key::List => {
            let keys = app.keys(caller).await?;
            if json {
                return print_json(&json!({ "items": keys }));
            }
            keys.iter().try_for_each(|key| print_line(&line(key)))
        }
        Key::Revoke { name } => {
            app.revoke_key(caller, &name, None, now).await?;
            done("revoked", &name, json)
        }
    }
}

fn show(issued: Issued, json: bool) -> Result<(), Failure> {
    if json {
        return print_json(&issued);
    }
    print_line(&issued.key.unwrap_or_default())?;
    super::complain("keep this key now: it is not shown again");
    Ok(())
}

fn line(key: &Issued) -> String {
    let scopes = key.scopes.iter().map(|scope| scope.word()).collect::<Vec<_>>().join(",");
    let state = if key.revoked_at.is_some() { "revoked" } else { "active" };
    format!("{}\t{scopes}\t{state}", key.name)
}
