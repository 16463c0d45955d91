//! The token of the Azure CLI.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::process::Stdio;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use super::authority::Grant;
use super::error::SignInError;
use crate::domain::time::Timestamp;

/// How long it may take: it is slow to start, and may ask the network.
const LIMIT: Duration = Duration::from_secs(60);
const OTHER_WAY: &str = "install the Azure CLI and run az login, or sign in with --auth browser";

/// What is read of its answer. Older versions tell the end only in local time, which is not read: the token tells it too.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "accessToken")]
    access_token: String,
    /// A number, or a text with one.
    expires_on: Option<serde_json::Value>,
}

/// Asks the CLI for a token.
pub(super) async fn token(program: &OsStr, resource: &str, tenant: &str, now: Timestamp) -> Result<Grant, SignInError> {
    let mut command = tokio::process::Command::new(program);
    command.args(["account", "get-access-token", "--resource", resource, "--tenant", tenant, "-o", "json"]);
    command.stdin(Stdio::null()).kill_on_drop(true);
    let failed = |message: String, hint| SignInError::Az { message, hint };
    let output = match tokio::time::timeout(LIMIT, command.output()).await {
        Err(_) => {
            let message = format!("az did not answer within {} seconds", LIMIT.as_secs());
            return Err(failed(message, "run az account get-access-token yourself to see what it waits for"));
        }
        Ok(Err(error)) if error.kind() == ErrorKind::NotFound => {
            return Err(failed("there is no Azure CLI (az) on this machine".to_owned(), OTHER_WAY));
        }
        Ok(Err(error)) => return Err(failed(format!("az cannot be run: {error}"), OTHER_WAY)),
        Ok(Ok(output)) => output,
    };
    if !output.status.success() {
        let said: String = String::from_utf8_lossy(&output.stderr).trim().chars().take(2_000).collect();
        let hint = if said.contains("az login") { "run az login --tenant with the tenant's id" } else { OTHER_WAY };
        return Err(failed(format!("az gives no token: {said}"), hint));
    }
    let Ok(answer) = serde_json::from_slice::<Answer>(&output.stdout) else {
        return Err(failed("az's answer cannot be read".to_owned(), "bring the Azure CLI up to date: az upgrade"));
    };
    let end = answer.expires_on.and_then(|end| end.as_i64().or_else(|| end.as_str()?.parse().ok()));
    let lifetime = end.map(|end| Duration::from_secs(u64::try_from(end.saturating_sub(now.0.timestamp())).unwrap_or(0)));
    Ok(Grant { access: SecretString::from(answer.access_token), refresh: None, lifetime })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::domain::fixture::now;

    /// An `az` that runs these lines.
    fn fake(folder: &tempfile::TempDir, lines: &str) -> PathBuf {
        let path = folder.path().join("az");
        std::fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    async fn asked(lines: &str) -> Result<Grant, SignInError> {
        let folder = tempfile::tempdir().unwrap();
        token(fake(&folder, lines).as_os_str(), "https://graph.microsoft.com", "contoso.com", now()).await
    }

    #[tokio::test]
    async fn the_token_is_asked_for_graph_and_the_tenant_and_its_end_is_read() {
        let end = now().0.timestamp() + 90;
        for end in [end.to_string(), format!("\"{end}\"")] {
            let grant = asked(&format!(
                "[ \"$*\" = 'account get-access-token --resource https://graph.microsoft.com --tenant contoso.com -o json' ] || exit 9\n\
                 echo '{{\"accessToken\":\"s3cret\",\"expiresOn\":\"2026-11-25 15:00:00.000000\",\"expires_on\":{end}}}'"
            ))
            .await
            .unwrap_or_else(|error| panic!("{error}"));
            assert_eq!((grant.access.expose_secret(), grant.lifetime), ("s3cret", Some(Duration::from_secs(90))));
        }
    }

    #[tokio::test]
    async fn no_az_nobody_logged_in_and_nonsense_are_told_apart() {
        let missing = token(OsStr::new("/nowhere/az"), "r", "t", now()).await.err().unwrap();
        assert!(missing.to_string().contains("no Azure CLI"), "{missing}");
        let nobody = asked("echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1").await.err().unwrap();
        assert!(nobody.to_string().contains("Please run") && nobody.hint().starts_with("run az login"), "{nobody}");
        let nonsense = asked("echo s3cret").await.err().unwrap();
        assert!(nonsense.hint().contains("az upgrade") && !format!("{nonsense:?}").contains("s3cret"));
    }
}
