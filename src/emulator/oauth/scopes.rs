//! Permissions and roles that tokens carry.

use crate::emulator::routes::Role;

/// Every permission of Graph that the emulator knows. Those that begin in lower case are OpenID's.
const KNOWN: &[&str] = &[
    "openid",
    "profile",
    "email",
    "offline_access",
    "Application.Read.All",
    "AuditLog.Read.All",
    "Device.Read.All",
    "Device.ReadWrite.All",
    "Directory.AccessAsUser.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "IdentityRiskEvent.Read.All",
    "IdentityRiskEvent.ReadWrite.All",
    "IdentityRiskyAgent.Read.All",
    "IdentityRiskyAgent.ReadWrite.All",
    "IdentityRiskyServicePrincipal.Read.All",
    "IdentityRiskyServicePrincipal.ReadWrite.All",
    "IdentityRiskyUser.Read.All",
    "IdentityRiskyUser.ReadWrite.All",
    "LicenseAssignment.Read.All",
    "Organization.Read.All",
    "Policy.Read.All",
    "Policy.ReadWrite.ConditionalAccess",
    "Reports.Read.All",
    "RoleManagement.Read.Directory",
    "User-PasswordProfile.ReadWrite.All",
    "User.DeleteRestore.All",
    "User.EnableDisableAccount.All",
    "User.Read",
    "User.Read.All",
    "User.ReadBasic.All",
    "User.ReadWrite.All",
    "User.RevokeSessions.All",
    "UserAuthenticationMethod.Read.All",
    "UserAuthenticationMethod.ReadWrite.All",
];

/// Permissions that no application can have by itself.
const DELEGATED_ONLY: &[&str] = &["Directory.AccessAsUser.All", "User.Read"];

pub(super) fn is_openid(scope: &str) -> bool {
    scope.starts_with(|first: char| first.is_ascii_lowercase())
}

/// The roles of an application: all.
pub(super) fn application() -> Vec<String> {
    KNOWN.iter().filter(|name| !is_openid(name) && !DELEGATED_ONLY.contains(name)).map(|name| (*name).to_owned()).collect()
}

/// The permissions that a request names; else the one that there is not. `host` is the emulator's own.
pub(super) fn requested(text: &str, host: &str) -> Result<Vec<String>, String> {
    let mut scopes: Vec<String> = Vec::new();
    for given in text.split_whitespace() {
        let name = match given.strip_prefix("https://").and_then(|rest| rest.split_once('/')) {
            Some((resource, name)) if is_graph(resource, host) => name,
            Some(_) => return Err(given.to_owned()),
            None => given,
        };
        if name == ".default" {
            scopes.extend(KNOWN.iter().filter(|name| !is_openid(name)).map(|name| (*name).to_owned()));
        } else {
            let known = KNOWN.iter().find(|known| known.eq_ignore_ascii_case(name)).ok_or_else(|| given.to_owned())?;
            scopes.push((*known).to_owned());
        }
    }
    let mut seen = std::collections::HashSet::new();
    scopes.retain(|scope| seen.insert(scope.clone()));
    Ok(scopes)
}

/// Whether a resource is Graph: that of any cloud, or the emulator by one of its names.
fn is_graph(resource: &str, host: &str) -> bool {
    let own = |name: &str| host.rsplit_once(':').is_some_and(|(_, port)| *resource == format!("{name}:{port}"));
    resource == host
        || ["localhost", "127.0.0.1", "[::1]"].into_iter().any(own)
        || ["graph.microsoft.com", "graph.microsoft.us", "dod-graph.microsoft.us"].contains(&resource)
}

const SECURITY_ADMINISTRATOR: &str = "194ae4cb-b126-40b2-bd5b-6091b380977d";
const SECURITY_OPERATOR: &str = "5f2222b1-57c3-48ba-8ad5-d4759f1fde6f";
const SECURITY_READER: &str = "5d6b6bb7-de71-4623-b4af-96380a352509";
const GLOBAL_READER: &str = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";
const USER_ADMINISTRATOR: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";
const CONDITIONAL_ACCESS_ADMINISTRATOR: &str = "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9";

/// The roles of the operator; without those that write, what is left.
pub(super) fn roles_of_operator(with_writing: bool) -> Vec<&'static str> {
    if with_writing { vec![SECURITY_ADMINISTRATOR, USER_ADMINISTRATOR, CONDITIONAL_ACCESS_ADMINISTRATOR] } else { vec![SECURITY_READER] }
}

/// Whether one of these roles is the one that is needed.
pub(in crate::emulator) fn holds_role(held: &[&'static str], needed: Role) -> bool {
    let enough: &[&str] = match needed {
        Role::Nobody => return true,
        Role::Reader => &[SECURITY_ADMINISTRATOR, SECURITY_OPERATOR, SECURITY_READER, GLOBAL_READER],
        Role::Security => &[SECURITY_ADMINISTRATOR, SECURITY_OPERATOR],
        Role::Users => &[USER_ADMINISTRATOR],
        Role::Policies => &[CONDITIONAL_ACCESS_ADMINISTRATOR, SECURITY_ADMINISTRATOR],
    };
    held.iter().any(|role| enough.contains(role))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_written_with_a_resource_or_without() {
        let host = "127.0.0.1:8443";
        for text in
            ["User.Read", "https://graph.microsoft.com/User.Read", "https://127.0.0.1:8443/User.Read", "https://localhost:8443/user.read"]
        {
            assert_eq!(requested(text, host), Ok(vec!["User.Read".to_owned()]), "{text}");
        }
        assert!(requested("https://evil.example/User.Read", host).is_err());
        assert!(requested("User.Read Make.Coffee", host).is_err());
        assert!(requested("https://graph.microsoft.com/.default offline_access", host).unwrap().len() > 20);
    }
}
