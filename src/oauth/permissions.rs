//! The permissions that are asked for (`reference/graph.md` section 5).

use super::token::Claims;

/// Delegated permissions that every sign-in asks for: to read risk, the directory and the policies that block, and to act on users'
/// risk.
pub const SCOPES: [&str; 6] =
    ["IdentityRiskyUser.ReadWrite.All", "IdentityRiskEvent.Read.All", "AuditLog.Read.All", "User.Read", "User.Read.All", "Policy.Read.All"];

/// Delegated permissions of the actions on accounts, devices and policies: asked for only where they are wanted.
pub const EXTRA_SCOPES: [&str; 7] = [
    "User.RevokeSessions.All",
    "User.EnableDisableAccount.All",
    "User-PasswordProfile.ReadWrite.All",
    "UserAuthenticationMethod.ReadWrite.All",
    "Policy.ReadWrite.ConditionalAccess",
    "Device.Read.All",
    // A signed-in user disables devices with nothing less.
    "Directory.AccessAsUser.All",
];

/// The permissions without which there is no risk data, each with one that includes it.
const RISK: [(&str, &str); 2] =
    [("IdentityRiskyUser.Read.All", "IdentityRiskyUser.ReadWrite.All"), ("IdentityRiskEvent.Read.All", "IdentityRiskEvent.ReadWrite.All")];

/// The delegated scopes that a sign-in asks for, in full, for risk alone or for all actions; `graph` is the cloud's own Graph host.
pub fn scopes(graph: &str, all_actions: bool) -> Vec<String> {
    let extra: &[&str] = if all_actions { &EXTRA_SCOPES } else { &[] };
    let full = SCOPES.iter().chain(extra).map(|name| format!("{graph}/{name}"));
    full.chain(["offline_access".to_owned()]).collect()
}

/// The permissions for risk data that a token lacks.
pub(super) fn missing(claims: &Claims) -> Vec<&'static str> {
    RISK.iter().filter(|(read, more)| !claims.has(read) && !claims.has(more)).map(|(read, _)| *read).collect()
}
