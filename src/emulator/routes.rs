//! Which operation a path is, and what it takes to be allowed it (`reference/graph.md` section 2).

use axum::http::{Method, StatusCode};

use super::answer::GraphError;
use super::faults::action_of;
use super::pace::Budget;
use super::request::Version;
use crate::domain::action::Action;
use crate::tenant::demo::PASSWORD_METHOD;

/// An operation of Graph, with the id that its path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    Act(Action),
    RiskyUsers,
    RiskyUser(String),
    History(String),
    Detections,
    Detection(String),
    RiskyPrincipals,
    RiskyPrincipal(String),
    PrincipalVerb,
    PrincipalDetections,
    RiskyAgents,
    RiskyAgent(String),
    AgentVerb,
    SignIns,
    SignIn(String),
    Me,
    Users,
    User(String),
    ChangeUser(String),
    RevokeSessions(String),
    Methods(String),
    ResetPassword(String),
    /// A password reset that runs: of this user.
    Operation(String, String),
    Devices(String),
    ChangeDevice(String),
    DeletedUsers,
    DeletedUser(String),
    Restore(String),
    Registrations,
    Registration(String),
    Policies,
    Policy(String),
    ChangePolicy(String),
    Locations,
    Location(String),
    NewLocation,
    ChangeLocation(String),
    Organization,
    Licences,
    Batch,
}

/// The operation that is meant, or 404 or 405.
pub(super) fn route(method: &Method, version: Version, path: &[&str]) -> Result<Route, GraphError> {
    if let Some(route) = find(method, version, path) {
        return Ok(route);
    }
    let others = [Method::GET, Method::POST, Method::PATCH];
    if others.iter().any(|other| find(other, version, path).is_some()) {
        let message = format!("The HTTP method '{method}' is not allowed for this resource.");
        return Err(GraphError::new(StatusCode::METHOD_NOT_ALLOWED, "Request_BadRequest", message));
    }
    let last = path.last().copied().unwrap_or_default();
    Err(GraphError::new(StatusCode::NOT_FOUND, "ResourceNotFound", format!("Resource not found for the segment '{last}'.")))
}

fn find(method: &Method, version: Version, path: &[&str]) -> Option<Route> {
    let beta = version == Version::Beta;
    match method.as_str() {
        "GET" => reading(beta, path),
        "POST" => posting(beta, path),
        "PATCH" => changing(path),
        _ => None,
    }
}

fn reading(beta: bool, path: &[&str]) -> Option<Route> {
    let id = |id: &&str| (*id).to_owned();
    Some(match path {
        ["identityProtection", "riskyUsers"] => Route::RiskyUsers,
        ["identityProtection", "riskyUsers", user] => Route::RiskyUser(id(user)),
        ["identityProtection", "riskyUsers", user, "history"] => Route::History(id(user)),
        ["identityProtection", "riskDetections"] => Route::Detections,
        ["identityProtection", "riskDetections", detection] => Route::Detection(id(detection)),
        ["identityProtection", "riskyServicePrincipals"] => Route::RiskyPrincipals,
        ["identityProtection", "riskyServicePrincipals", principal]
        | ["identityProtection", "riskyServicePrincipals", principal, "history"] => Route::RiskyPrincipal(id(principal)),
        ["identityProtection", "servicePrincipalRiskDetections"] => Route::PrincipalDetections,
        ["identityProtection", "riskyAgents"] if beta => Route::RiskyAgents,
        ["identityProtection", "riskyAgents", agent] if beta => Route::RiskyAgent(id(agent)),
        ["auditLogs", "signIns"] => Route::SignIns,
        ["auditLogs", "signIns", sign_in] => Route::SignIn(id(sign_in)),
        ["me"] => Route::Me,
        ["users"] => Route::Users,
        ["users", user] => Route::User(id(user)),
        ["users", user, "authentication", "methods"] => Route::Methods(id(user)),
        ["users", user, "authentication", "operations", operation] => Route::Operation(id(user), id(operation)),
        ["users", user, "registeredDevices" | "ownedDevices"]
        | ["users", user, "registeredDevices" | "ownedDevices", "microsoft.graph.device"] => Route::Devices(id(user)),
        ["directory", "deletedItems", "microsoft.graph.user"] => Route::DeletedUsers,
        ["directory", "deletedItems", user] => Route::DeletedUser(id(user)),
        ["reports", "authenticationMethods", "userRegistrationDetails"] => Route::Registrations,
        ["reports", "authenticationMethods", "userRegistrationDetails", user] => Route::Registration(id(user)),
        ["identity", "conditionalAccess", "policies"] => Route::Policies,
        ["identity", "conditionalAccess", "policies", policy] => Route::Policy(id(policy)),
        ["identity", "conditionalAccess", "namedLocations"] => Route::Locations,
        ["identity", "conditionalAccess", "namedLocations", location] => Route::Location(id(location)),
        ["organization"] => Route::Organization,
        ["subscribedSkus"] => Route::Licences,
        _ => return None,
    })
}

fn posting(beta: bool, path: &[&str]) -> Option<Route> {
    if let Some(action) = action_of(path) {
        return Some(Route::Act(action));
    }
    Some(match path {
        ["identityProtection", "riskyServicePrincipals", "dismiss" | "confirmCompromised"] => Route::PrincipalVerb,
        ["identityProtection", "riskyAgents", "dismiss" | "confirmCompromised" | "confirmSafe"] if beta => Route::AgentVerb,
        ["users", user, "revokeSignInSessions"] => Route::RevokeSessions((*user).to_owned()),
        ["users", user, "authentication", "methods", method, "resetPassword"] if *method == PASSWORD_METHOD => {
            Route::ResetPassword((*user).to_owned())
        }
        ["directory", "deletedItems", user, "restore"] => Route::Restore((*user).to_owned()),
        ["identity", "conditionalAccess", "namedLocations"] => Route::NewLocation,
        ["$batch"] => Route::Batch,
        _ => return None,
    })
}

fn changing(path: &[&str]) -> Option<Route> {
    Some(match path {
        ["users", user] => Route::ChangeUser((*user).to_owned()),
        ["devices", device] => Route::ChangeDevice((*device).to_owned()),
        ["identity", "conditionalAccess", "policies", policy] => Route::ChangePolicy((*policy).to_owned()),
        ["identity", "conditionalAccess", "namedLocations", location] => Route::ChangeLocation((*location).to_owned()),
        _ => return None,
    })
}

/// Permissions any one set of which is enough.
type Sets = &'static [&'static [&'static str]];

/// Directory roles of the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// None.
    Nobody,
    /// Any that reads security reports.
    Reader,
    /// Security Administrator or Operator.
    Security,
    /// One that manages users.
    Users,
    /// One that manages Conditional Access.
    Policies,
}

const READ_USERS: Sets = &[
    &["User.Read.All"],
    &["User.ReadWrite.All"],
    &["Directory.Read.All"],
    &["Directory.ReadWrite.All"],
    &["User.ReadBasic.All"],
    &["Directory.AccessAsUser.All"],
];
const RISKY_USERS: Sets = &[&["IdentityRiskyUser.Read.All"], &["IdentityRiskyUser.ReadWrite.All"]];
const RISK_EVENTS: Sets = &[&["IdentityRiskEvent.Read.All"], &["IdentityRiskEvent.ReadWrite.All"]];
const PRINCIPALS: Sets = &[&["IdentityRiskyServicePrincipal.Read.All"], &["IdentityRiskyServicePrincipal.ReadWrite.All"]];
const AGENTS: Sets = &[&["IdentityRiskyAgent.Read.All"], &["IdentityRiskyAgent.ReadWrite.All"]];
const CHANGE_USERS: Sets = &[
    &["User.ReadWrite.All"],
    &["User.EnableDisableAccount.All", "User.Read.All"],
    &["Directory.ReadWrite.All"],
    &["Directory.AccessAsUser.All"],
];
const PASSWORDS: Sets = &[&["User-PasswordProfile.ReadWrite.All"], &["Directory.AccessAsUser.All"], &["User.ReadWrite.All"]];

impl Route {
    /// Which budget it is counted against.
    pub(super) fn budget(&self) -> Budget {
        match self {
            Route::Act(action) if action.aim() == crate::domain::action::Aim::SignIn => Budget::Reports,
            Route::SignIns | Route::SignIn(_) | Route::Registrations | Route::Registration(_) => Budget::Reports,
            route if route.is_of_protection() => Budget::Protection,
            Route::Policies
            | Route::Policy(_)
            | Route::ChangePolicy(_)
            | Route::Locations
            | Route::Location(_)
            | Route::NewLocation
            | Route::ChangeLocation(_) => Budget::Protection,
            _ => Budget::Directory,
        }
    }

    /// Whether it is below `/identityProtection`, or a feedback verb.
    fn is_of_protection(&self) -> bool {
        matches!(
            self,
            Route::Act(_)
                | Route::RiskyUsers
                | Route::RiskyUser(_)
                | Route::History(_)
                | Route::Detections
                | Route::Detection(_)
                | Route::RiskyPrincipals
                | Route::RiskyPrincipal(_)
                | Route::PrincipalVerb
                | Route::PrincipalDetections
                | Route::RiskyAgents
                | Route::RiskyAgent(_)
                | Route::AgentVerb
        )
    }

    /// What a tenant without a licence answers; `None` where none is needed.
    pub(super) fn unlicensed(&self) -> Option<GraphError> {
        let reports = "Neither tenant is B2C or tenant doesn't have premium license";
        match self.budget() {
            Budget::Directory => None,
            Budget::Reports => Some(GraphError::forbidden("Authentication_RequestFromNonPremiumTenantOrB2CTenant", reports)),
            Budget::Protection => {
                let code = if self.is_of_protection() { "Forbidden" } else { "AccessDenied" };
                Some(GraphError::forbidden(code, "Your tenant is not licensed for this feature."))
            }
        }
    }

    /// What is answered where the token lacks the permission.
    pub(super) fn out_of_scope(&self) -> GraphError {
        match self.budget() {
            Budget::Directory => GraphError::forbidden("Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
            _ => GraphError::forbidden(
                "AccessDenied",
                "You cannot perform the requested operation, required scopes are missing in the token.",
            ),
        }
    }

    /// What is answered where the operator lacks the role.
    pub(super) fn out_of_role(&self) -> GraphError {
        match self.budget() {
            Budget::Directory => GraphError::forbidden("Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
            _ => GraphError::forbidden("Authentication_RequestFromUnsupportedUserRole", "User is not in the allowed roles"),
        }
    }

    /// Permissions, any one set of which is enough. `None` where it cannot be done so at all.
    pub(super) fn permissions(&self, delegated: bool) -> Option<Sets> {
        Some(match self {
            // The permission for sign-ins really differs.
            Route::Act(action) if action.aim() == crate::domain::action::Aim::SignIn && !delegated => {
                &[&["IdentityRiskEvent.ReadWrite.All"]]
            }
            Route::Act(_) => &[&["IdentityRiskyUser.ReadWrite.All"]],
            Route::RiskyUsers | Route::RiskyUser(_) | Route::History(_) => RISKY_USERS,
            Route::Detections | Route::Detection(_) | Route::PrincipalDetections => RISK_EVENTS,
            Route::RiskyPrincipals | Route::RiskyPrincipal(_) => PRINCIPALS,
            Route::PrincipalVerb => &[&["IdentityRiskyServicePrincipal.ReadWrite.All"]],
            Route::RiskyAgents | Route::RiskyAgent(_) => AGENTS,
            Route::AgentVerb => &[&["IdentityRiskyAgent.ReadWrite.All"]],
            Route::SignIns | Route::SignIn(_) | Route::Registrations | Route::Registration(_) => &[&["AuditLog.Read.All"]],
            Route::Me if !delegated => return None,
            Route::Me => &[&["User.Read"], &["User.Read.All"], &["User.ReadWrite.All"], &["Directory.Read.All"], &["openid"]],
            Route::Users | Route::User(_) | Route::Devices(_) | Route::DeletedUsers | Route::DeletedUser(_) => READ_USERS,
            // What is changed decides; see the handler.
            Route::ChangeUser(_) | Route::Batch => &[&[]],
            Route::RevokeSessions(_) => {
                &[&["User.RevokeSessions.All"], &["User.ReadWrite.All"], &["Directory.ReadWrite.All"], &["Directory.AccessAsUser.All"]]
            }
            Route::Methods(_) | Route::Operation(..) => {
                &[&["UserAuthenticationMethod.Read.All"], &["UserAuthenticationMethod.ReadWrite.All"]]
            }
            Route::ResetPassword(_) if !delegated => return None,
            Route::ResetPassword(_) => &[&["UserAuthenticationMethod.ReadWrite.All"]],
            Route::ChangeDevice(_) if delegated => &[&["Directory.AccessAsUser.All"]],
            Route::ChangeDevice(_) => &[&["Device.ReadWrite.All"]],
            Route::Restore(_) => &[&["User.DeleteRestore.All"], &["User.ReadWrite.All"], &["Directory.ReadWrite.All"]],
            Route::Policies | Route::Policy(_) | Route::Locations | Route::Location(_) => &[&["Policy.Read.All"]],
            Route::ChangePolicy(_) | Route::NewLocation | Route::ChangeLocation(_) => {
                &[&["Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"]]
            }
            Route::Organization => {
                &[&["User.Read"], &["Organization.Read.All"], &["Directory.Read.All"], &["User.Read.All"], &["Directory.ReadWrite.All"]]
            }
            Route::Licences => {
                &[&["LicenseAssignment.Read.All"], &["Organization.Read.All"], &["Directory.Read.All"], &["Directory.ReadWrite.All"]]
            }
        })
    }

    /// The role that a delegated call needs.
    pub(super) fn role(&self) -> Role {
        match self {
            Route::Act(_) | Route::PrincipalVerb | Route::AgentVerb => Role::Security,
            Route::ChangeUser(_) | Route::RevokeSessions(_) | Route::ResetPassword(_) | Route::Restore(_) | Route::ChangeDevice(_) => {
                Role::Users
            }
            Route::ChangePolicy(_) | Route::NewLocation | Route::ChangeLocation(_) => Role::Policies,
            route if route.budget() != Budget::Directory => Role::Reader,
            _ => Role::Nobody,
        }
    }
}

/// The permissions of a change to a user.
pub(super) fn change_of_user(password: bool) -> Sets {
    if password { PASSWORDS } else { CHANGE_USERS }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_path_is_404_and_a_wrong_method_405() {
        let status = |method: Method, version, path: &[&str]| route(&method, version, path).map_err(|error| error.status.as_u16());
        assert_eq!(status(Method::GET, Version::V1, &["nothing"]), Err(404));
        assert_eq!(status(Method::POST, Version::V1, &["identityProtection", "riskyUsers"]), Err(405));
        assert_eq!(status(Method::DELETE, Version::V1, &["users", "x"]), Err(405));
        assert_eq!(status(Method::GET, Version::V1, &["identityProtection", "riskyAgents"]), Err(404));
        assert_eq!(status(Method::GET, Version::Beta, &["identityProtection", "riskyAgents"]), Ok(Route::RiskyAgents));
        assert_eq!(status(Method::POST, Version::V1, &["users", "x", "authentication", "methods", "other", "resetPassword"]), Err(404));
    }

    #[test]
    fn sign_in_verbs_take_another_permission_of_an_application() {
        let route = Route::Act(Action::DismissSignInRisk);
        assert_eq!(route.permissions(true), Some(&[&["IdentityRiskyUser.ReadWrite.All"][..]][..]));
        assert_eq!(route.permissions(false), Some(&[&["IdentityRiskEvent.ReadWrite.All"][..]][..]));
    }
}
