//! Writes to one account: passwords, sessions, sign-in (`reference/graph.md` section 2).

use std::time::Duration;

use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Ask, Client, Service, Version};
use super::{devices, unfit};
use crate::domain::action::Action;
use crate::domain::permission::{Operation, lacks};
use crate::tenant::pace::Urgency;
use crate::tenant::{Call, Missing, TenantError};

/// The one password method that every user has.
const PASSWORD_METHOD: &str = "28c10230-6103-485e-b985-444c60001490";

/// How often a reset is looked at, and for how long in all: writing back takes seconds, sometimes a minute.
const WATCH_EVERY: Duration = Duration::from_secs(2);
const WATCH_FOR: Duration = Duration::from_secs(60);

/// One write to an account.
struct Write<'a> {
    operation: Operation,
    method: Method,
    path: Vec<&'a str>,
    body: Option<Value>,
}

/// Sends the request of an account action, which has its turn. Disabling devices takes several.
pub(super) async fn act(client: &Client, call: &Call) -> Result<(), TenantError> {
    let [user] = call.ids.as_slice() else { return Err(unfit("an account is changed by itself")) };
    if call.action == Action::DisableDevices {
        return devices::disable(client, user, &call.devices).await;
    }
    let write = write(call, user)?;
    let ask = Ask {
        operation: write.operation,
        service: Service::Directory,
        urgency: Urgency::Acting,
        method: write.method,
        url: client.url(Version::V1, &write.path, &[]),
        body: write.body.as_ref(),
    };
    let answer = client.send(&ask).await.map_err(|error| of_one(client, write.operation, error))?;
    match answer.location {
        Some(location) if write.operation == Operation::ResetPassword => written_back(client, &location, answer.retry_after).await,
        _ => Ok(()),
    }
}

/// How a long-running operation stands (`longRunningOperation`).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Watched {
    status: String,
    #[serde(default)]
    status_detail: Option<String>,
}

/// Waits until a password is written back on-premises: the reset goes on after its answer. Only a failure that is told is one; of whatever
/// cannot be read, or takes longer, reading back tells.
async fn written_back(client: &Client, location: &str, wait: Option<Duration>) -> Result<(), TenantError> {
    let Ok(url) = client.next(location) else { return Ok(()) };
    let wait = wait.unwrap_or(WATCH_EVERY).clamp(WATCH_EVERY, WATCH_FOR);
    for _ in 0..WATCH_FOR.as_secs() / wait.as_secs().max(1) {
        client.pause(wait).await;
        let read = client.get_patiently(Operation::ReadMethods, Service::Directory, Urgency::Acting, url.clone()).await;
        let Ok(watched) = read.and_then(|answer| answer.json::<Watched>()) else { return Ok(()) };
        if watched.status.eq_ignore_ascii_case("succeeded") {
            return Ok(());
        }
        if watched.status.eq_ignore_ascii_case("failed") {
            let message = watched.status_detail.unwrap_or_else(|| "the password was not written back on-premises".to_owned());
            return Err(TenantError::Rejected { status: 202, code: "passwordResetFailed".to_owned(), message });
        }
    }
    Ok(())
}

fn write<'a>(call: &Call, user: &'a str) -> Result<Write<'a>, TenantError> {
    let change = |operation, body| Write { operation, method: Method::PATCH, path: vec!["users", user], body: Some(body) };
    Ok(match call.action {
        Action::GenerateTemporaryPassword => {
            let password = call.password.as_ref().ok_or_else(|| unfit("there is no password to set"))?.secret().expose_secret();
            if call.hybrid {
                // Only the password method writes back on-premises; it makes the user change the password by itself.
                Write {
                    operation: Operation::ResetPassword,
                    method: Method::POST,
                    path: vec!["users", user, "authentication", "methods", PASSWORD_METHOD, "resetPassword"],
                    body: Some(json!({"newPassword": password})),
                }
            } else {
                let profile = json!({"password": password, "forceChangePasswordNextSignIn": true});
                change(Operation::SetPassword, json!({"passwordProfile": profile}))
            }
        }
        Action::RequirePasswordChange => {
            change(Operation::SetPassword, json!({"passwordProfile": {"forceChangePasswordNextSignInWithMfa": true}}))
        }
        Action::RevokeSessions => Write {
            operation: Operation::RevokeSessions,
            method: Method::POST,
            path: vec!["users", user, "revokeSignInSessions"],
            body: None,
        },
        Action::BlockSignIn => change(Operation::EnableUser, json!({"accountEnabled": false})),
        Action::UnblockSignIn => change(Operation::EnableUser, json!({"accountEnabled": true})),
        _ => return Err(unfit("it is no action on an account")),
    })
}

/// A refusal of somebody who has everything that the request needs is about this one account, such as an administrator's that is
/// beyond the operator's role: it must not hold up the others.
pub(super) fn of_one(client: &Client, operation: Operation, error: TenantError) -> TenantError {
    let able = client.holder().is_some_and(|holder| lacks(operation, &holder).is_empty());
    match error {
        TenantError::Denied { status: 403, code, message, missing } if able && missing != Missing::Licence => {
            TenantError::Rejected { status: 403, code, message }
        }
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::password::{RANDOM_BYTES, TemporaryPassword};

    fn told(call: &Call) -> String {
        let write = write(call, "u").unwrap();
        format!("{} {} {}", write.method, write.path.join("/"), write.body.unwrap_or(Value::Null))
    }

    #[test]
    fn each_action_has_the_path_and_the_body_of_the_documentation() {
        let call = |action| Call::new(action, vec!["u".to_owned()], "me");
        assert_eq!(told(&call(Action::BlockSignIn)), r#"PATCH users/u {"accountEnabled":false}"#);
        assert_eq!(told(&call(Action::UnblockSignIn)), r#"PATCH users/u {"accountEnabled":true}"#);
        assert_eq!(told(&call(Action::RevokeSessions)), "POST users/u/revokeSignInSessions null");
        assert_eq!(
            told(&call(Action::RequirePasswordChange)),
            r#"PATCH users/u {"passwordProfile":{"forceChangePasswordNextSignInWithMfa":true}}"#
        );
        let mut temporary = call(Action::GenerateTemporaryPassword);
        assert!(write(&temporary, "u").is_err(), "without a password nothing is sent");
        let password = TemporaryPassword::generate([0; RANDOM_BYTES]);
        temporary.password = Some(password.clone());
        let expected = json!({"passwordProfile": {"password": password.expose(), "forceChangePasswordNextSignIn": true}});
        assert_eq!(told(&temporary), format!("PATCH users/u {expected}"));
        temporary.hybrid = true;
        let path = format!("users/u/authentication/methods/{PASSWORD_METHOD}/resetPassword");
        assert_eq!(told(&temporary), format!("POST {path} {}", json!({"newPassword": password.expose()})));
    }
}
