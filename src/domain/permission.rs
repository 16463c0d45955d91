//! What each request to Graph asks of the one who sends it: permission, directory role, licence.
//!
//! Source: `reference/graph.md` section 2, least privileged first.

use super::action::{Action, Aim, Kind};
use super::records::UserId;

/// A kind of request to Graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Reading risky users and their history.
    ReadRiskyUsers,
    /// Reading risk detections.
    ReadDetections,
    /// Reading sign-ins.
    ReadSignIns,
    /// Reading what the directory says of users, and who was deleted.
    ReadUsers,
    /// Reading who is registered for what, and who is an administrator.
    ReadRegistration,
    /// A feedback verb; another action is another operation, see [`Operation::of`].
    Act(Action),
    /// Revoking a user's sessions.
    RevokeSessions,
    /// Blocking or unblocking sign-in.
    EnableUser,
    /// Setting a temporary password, or asking for a change.
    SetPassword,
    /// Resetting a password through the user's password method.
    ResetPassword,
    /// Reading a user's authentication methods.
    ReadMethods,
    /// Reading a user's devices.
    ReadDevices,
    /// Enabling or disabling a device.
    EnableDevice,
    /// Restoring a deleted user.
    RestoreUser,
    /// Reading Conditional Access policies and named locations.
    ReadPolicies,
    /// Changing Conditional Access policies and named locations.
    WritePolicies,
    /// Reading who is signed in.
    ReadMe,
    /// Reading the tenant's name and licences.
    ReadOrganization,
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// Scopes of a signed-in user, any of which is enough.
    pub scopes: &'static [&'static str],
    /// Permissions of an application, any of which is enough; none where it cannot do this at all.
    pub app_roles: &'static [&'static str],
    /// Directory roles of a signed-in user, any of which is enough; empty where none is needed.
    pub roles: &'static [&'static str],
    /// Service plan that the tenant must have.
    pub plan: Option<Plan>,
}

/// A licence of the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Microsoft Entra ID P1 or P2.
    P1,
    /// Microsoft Entra ID P2.
    P2,
}

impl Plan {
    /// Name for people.
    pub fn name(self) -> &'static str {
        match self {
            Plan::P1 => "Microsoft Entra ID P1",
            Plan::P2 => "Microsoft Entra ID P2",
        }
    }

    /// Names of the service plans that bring it (`subscribedSkus`).
    pub fn service_plans(self) -> &'static [&'static str] {
        match self {
            Plan::P1 => &["AAD_PREMIUM", "AAD_PREMIUM_P2"],
            Plan::P2 => &["AAD_PREMIUM_P2"],
        }
    }
}

const READERS: &[&str] =
    &["Security Reader", "Security Operator", "Security Administrator", "Global Reader", "Global Administrator", "Reports Reader"];
const RISK_READERS: &[&str] = &["Security Reader", "Security Operator", "Security Administrator", "Global Reader", "Global Administrator"];
/// Graph's pages name Security Administrator, the portal's also Security Operator (`reference/graph.md` section 8.14).
const REMEDIATORS: &[&str] = &["Security Administrator", "Security Operator", "Global Administrator"];
const PASSWORDS: &[&str] = &[
    "User Administrator",
    "Password Administrator",
    "Helpdesk Administrator",
    "Authentication Administrator",
    "Privileged Authentication Administrator",
    "Global Administrator",
];
const METHODS: &[&str] = &["Authentication Administrator", "Privileged Authentication Administrator", "Global Administrator"];
const USERS: &[&str] = &["User Administrator", "Privileged Authentication Administrator", "Global Administrator"];
const DEVICES: &[&str] = &["Cloud Device Administrator", "Intune Administrator", "Global Administrator"];
const POLICIES: &[&str] = &["Conditional Access Administrator", "Security Administrator", "Global Administrator"];
const POLICY_READERS: &[&str] =
    &["Security Reader", "Global Reader", "Conditional Access Administrator", "Security Administrator", "Global Administrator"];

impl Operation {
    /// The requests that an action takes. A hybrid user's password is set through the password method, which writes it back.
    pub fn of(action: Action, hybrid: bool) -> Vec<Operation> {
        match action {
            Action::GenerateTemporaryPassword if hybrid => vec![Operation::ResetPassword],
            Action::GenerateTemporaryPassword | Action::RequirePasswordChange => vec![Operation::SetPassword],
            Action::RevokeSessions => vec![Operation::RevokeSessions],
            Action::BlockSignIn | Action::UnblockSignIn => vec![Operation::EnableUser],
            Action::DisableDevices => vec![Operation::ReadDevices, Operation::EnableDevice],
            _ => match action.kind() {
                Kind::Policy => vec![Operation::ReadPolicies, Operation::WritePolicies],
                Kind::Playbook => action.steps().iter().flat_map(|step| Operation::of(*step, hybrid)).collect(),
                Kind::Feedback(_) | Kind::Account => vec![Operation::Act(action)],
            },
        }
    }

    /// What it asks for.
    pub fn needs(self) -> Needs {
        let both = |names: &'static [&'static str], roles, plan| Needs { scopes: names, app_roles: names, roles, plan };
        match self {
            Operation::ReadRiskyUsers => {
                both(&["IdentityRiskyUser.Read.All", "IdentityRiskyUser.ReadWrite.All"], RISK_READERS, Some(Plan::P2))
            }
            Operation::ReadDetections => {
                both(&["IdentityRiskEvent.Read.All", "IdentityRiskEvent.ReadWrite.All"], RISK_READERS, Some(Plan::P1))
            }
            Operation::ReadSignIns | Operation::ReadRegistration => both(&["AuditLog.Read.All"], READERS, Some(Plan::P1)),
            Operation::ReadUsers => both(&["User.Read.All", "User.ReadWrite.All", "Directory.Read.All"], &[], None),
            // Delegated and application permission really differ here.
            Operation::Act(action) if action.aim() == Aim::SignIn => Needs {
                scopes: &["IdentityRiskyUser.ReadWrite.All"],
                app_roles: &["IdentityRiskEvent.ReadWrite.All"],
                roles: REMEDIATORS,
                plan: Some(Plan::P2),
            },
            Operation::Act(_) => both(&["IdentityRiskyUser.ReadWrite.All"], REMEDIATORS, Some(Plan::P2)),
            Operation::RevokeSessions => both(&["User.RevokeSessions.All", "User.ReadWrite.All"], USERS, None),
            Operation::EnableUser => both(&["User.EnableDisableAccount.All", "User.ReadWrite.All"], USERS, None),
            Operation::SetPassword => {
                both(&["User-PasswordProfile.ReadWrite.All", "User.ReadWrite.All", "Directory.AccessAsUser.All"], PASSWORDS, None)
            }
            // Writing a password back on-premises takes P1.
            Operation::ResetPassword => {
                Needs { scopes: &["UserAuthenticationMethod.ReadWrite.All"], app_roles: &[], roles: METHODS, plan: Some(Plan::P1) }
            }
            Operation::ReadMethods => both(&["UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"], &[], None),
            Operation::ReadDevices => both(&["User.Read.All", "Device.Read.All", "Directory.Read.All"], &[], None),
            Operation::EnableDevice => Needs {
                scopes: &["Directory.AccessAsUser.All", "Device.ReadWrite.All"],
                app_roles: &["Device.ReadWrite.All"],
                roles: DEVICES,
                plan: None,
            },
            Operation::RestoreUser => both(&["User.DeleteRestore.All", "User.ReadWrite.All"], USERS, None),
            Operation::ReadPolicies => both(&["Policy.Read.All"], POLICY_READERS, Some(Plan::P1)),
            Operation::WritePolicies => both(&["Policy.ReadWrite.ConditionalAccess"], POLICIES, Some(Plan::P1)),
            Operation::ReadMe => Needs { scopes: &["User.Read", "User.Read.All"], app_roles: &[], roles: &[], plan: None },
            Operation::ReadOrganization => both(
                &["Organization.Read.All", "User.Read", "User.Read.All", "LicenseAssignment.Read.All", "Directory.Read.All"],
                &[],
                None,
            ),
        }
    }
}

/// Template ids of the directory roles that matter here, as tokens name them in `wids`.
const ROLES: [(&str, &str); 15] = [
    ("62e90394-69f5-4237-9190-012177145e10", "Global Administrator"),
    ("f2ef992c-3afb-46b9-b7cf-a126ee74c451", "Global Reader"),
    ("194ae4cb-b126-40b2-bd5b-6091b380977d", "Security Administrator"),
    ("5f2222b1-57c3-48ba-8ad5-d4759f1fde6f", "Security Operator"),
    ("5d6b6bb7-de71-4623-b4af-96380a352509", "Security Reader"),
    ("4a5d8f65-41da-4de4-8968-e035b65339cf", "Reports Reader"),
    ("b1be1c3e-b65d-4f19-8427-f6fa0d97feb9", "Conditional Access Administrator"),
    ("fe930be7-5e62-47db-91af-98c3a49a38b1", "User Administrator"),
    ("966707d0-3269-4727-9be2-8c3a10f19b9d", "Password Administrator"),
    ("729827e3-9c14-49f7-bb1b-9608f156bbb8", "Helpdesk Administrator"),
    ("c4e39bd9-1100-46d3-8c65-fb160da0071f", "Authentication Administrator"),
    ("7be44c8a-adaf-4e2a-84d6-ab2649e08a13", "Privileged Authentication Administrator"),
    ("7698a772-787b-4ac8-901f-60d6b08affd2", "Cloud Device Administrator"),
    ("3a2c62db-5318-420d-8d74-23affee5d9d5", "Intune Administrator"),
    ("e8611ab8-c189-46e8-94e1-60213ab1f814", "Privileged Role Administrator"),
];
/// Stands in `wids` for everybody: a member of the tenant without a directory role.
const MEMBER: &str = "b79fbf4d-3ef9-4689-8143-76b194e85509";

/// Names of directory roles by their template ids; an id that is not known stays as it is.
pub fn role_names(ids: &[String]) -> Vec<String> {
    let known = |id: &str| ROLES.iter().find(|(known, _)| known.eq_ignore_ascii_case(id)).map(|(_, name)| (*name).to_owned());
    ids.iter().filter(|id| !id.eq_ignore_ascii_case(MEMBER)).map(|id| known(id).unwrap_or_else(|| id.clone())).collect()
}

/// What is known of who is signed in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holder {
    /// Whether it is an application and not a user.
    pub is_application: bool,
    /// Object id of the user.
    pub user_id: Option<String>,
    /// Scopes or application permissions of the token.
    pub permissions: Vec<String>,
    /// Names of the user's directory roles; `None` where the token does not tell.
    pub roles: Option<Vec<String>>,
    /// The tenant's service plans; `None` where they could not be read.
    pub service_plans: Option<Vec<String>>,
}

impl Holder {
    /// Whether it is this user.
    pub fn is(&self, user: &UserId) -> bool {
        self.user_id.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(user.as_str()))
    }
}

/// What stands in the way of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// The token has none of these permissions.
    Permission(&'static [&'static str]),
    /// Applications cannot do it at all.
    NotForApplications,
    /// The user has none of these directory roles.
    Role(&'static [&'static str]),
    /// The tenant lacks this licence.
    Licence(Plan),
}

impl Lack {
    /// Whether it may be there after all: roles of administrative units and custom roles do not show in a token.
    pub fn is_uncertain(self) -> bool {
        matches!(self, Lack::Role(_))
    }
}

impl std::fmt::Display for Lack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Lack::Permission(names) => write!(f, "the permission {} is missing", names.join(" or ")),
            Lack::NotForApplications => write!(f, "applications cannot do this: sign in as a user"),
            Lack::Role(names) => write!(f, "the directory role {} is missing", names.join(" or ")),
            Lack::Licence(plan) => write!(f, "the tenant's licence {} is missing", plan.name()),
        }
    }
}

/// What is missing for a request, as far as it can be foreseen. Nothing missing is no promise: the tenant decides.
pub fn lacks(operation: Operation, holder: &Holder) -> Vec<Lack> {
    let needs = operation.needs();
    let any = |wanted: &[&str], held: &[String]| wanted.iter().any(|name| held.iter().any(|held| held.eq_ignore_ascii_case(name)));
    let mut lacks = Vec::new();
    let permissions = if holder.is_application { needs.app_roles } else { needs.scopes };
    if permissions.is_empty() {
        lacks.push(Lack::NotForApplications);
    } else if !any(permissions, &holder.permissions) {
        lacks.push(Lack::Permission(permissions));
    }
    if let (false, Some(roles)) = (holder.is_application || needs.roles.is_empty(), &holder.roles)
        && !any(needs.roles, roles)
    {
        lacks.push(Lack::Role(needs.roles));
    }
    if let (Some(plan), Some(plans)) = (needs.plan, &holder.service_plans)
        && !any(plan.service_plans(), plans)
    {
        lacks.push(Lack::Licence(plan));
    }
    lacks
}

/// What is missing for an action. Of a playbook with these steps, which do not hinder each other, what stands in the way of all of
/// them; else, of those that can be done, the roles that the token does not name.
pub fn lacks_for(action: Action, steps: &[Action], hybrid: bool, holder: &Holder) -> Vec<Lack> {
    let of_one = |action: Action| -> Vec<Lack> {
        Operation::of(action, hybrid).into_iter().flat_map(|operation| lacks(operation, holder)).collect()
    };
    if action.kind() != Kind::Playbook {
        return of_one(action);
    }
    let of_steps: Vec<Vec<Lack>> = steps.iter().map(|step| of_one(*step)).collect();
    let is_refused = |lacks: &[Lack]| lacks.iter().any(|lack| !lack.is_uncertain());
    let all_are = of_steps.iter().all(|lacks| is_refused(lacks));
    let mut missing = Vec::new();
    for lack in of_steps.into_iter().filter(|lacks| all_are || !is_refused(lacks)).flatten() {
        if !missing.contains(&lack) {
            missing.push(lack);
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn sign_in_verbs_ask_users_and_applications_for_different_permissions() {
        let operation = Operation::Act(Action::DismissSignInRisk);
        let mut holder = Holder { permissions: texts(&["IdentityRiskyUser.ReadWrite.All"]), ..Holder::default() };
        assert_eq!(lacks(operation, &holder), []);
        holder.is_application = true;
        assert_eq!(lacks(operation, &holder), [Lack::Permission(&["IdentityRiskEvent.ReadWrite.All"])]);
    }

    #[test]
    fn everything_that_is_missing_is_named_and_what_is_unknown_is_not_held_against_anybody() {
        let operation = Operation::Act(Action::DismissUserRisk);
        let holder = Holder { roles: Some(texts(&["Security Reader"])), service_plans: Some(texts(&["AAD_PREMIUM"])), ..Holder::default() };
        let told: Vec<String> = lacks(operation, &holder).iter().map(Lack::to_string).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[1].contains("Security Administrator or Security Operator"), "{told:?}");
        let unknown = Holder { permissions: texts(&["IdentityRiskyUser.ReadWrite.All"]), ..Holder::default() };
        assert_eq!(lacks(operation, &unknown), []);
    }

    #[test]
    fn a_playbook_lacks_what_all_its_steps_lack() {
        let holder =
            |names: &[&str], roles: Option<&[&str]>| Holder { permissions: texts(names), roles: roles.map(texts), ..Holder::default() };
        let of = |action: Action, holder: &Holder| lacks_for(action, action.steps(), false, holder);
        let risk = holder(&["IdentityRiskyUser.ReadWrite.All"], None);
        assert_eq!(of(Action::SecureAccount, &risk), []);
        assert_eq!(of(Action::SecureAccount, &holder(&["User.RevokeSessions.All"], None)), [], "a later step may be done alone");
        assert!(of(Action::SecureAccount, &holder(&[], None)).contains(&Lack::Permission(Operation::RevokeSessions.needs().scopes)));
        assert_eq!(of(Action::RemediatedElsewhere, &holder(&["User.RevokeSessions.All"], None)).len(), 1);
        let told =
            of(Action::SecureAccount, &holder(&["IdentityRiskyUser.ReadWrite.All", "User.ReadWrite.All"], Some(&["Security Operator"])));
        assert!(told.contains(&Lack::Role(USERS)) && told.iter().all(|lack| lack.is_uncertain()), "{told:?}");
        assert!(Operation::of(Action::SecureAccount, true).contains(&Operation::ResetPassword));
    }

    #[test]
    fn roles_are_named_where_they_are_known() {
        let ids = texts(&["194AE4CB-b126-40b2-bd5b-6091b380977d", MEMBER, "0000"]);
        assert_eq!(role_names(&ids), ["Security Administrator", "0000"]);
    }

    #[test]
    fn policies_are_read_before_they_are_written_and_either_permission_may_be_missing() {
        let of = |names: &[&str]| lacks_for(Action::DisablePolicy, &[], false, &Holder { permissions: texts(names), ..Holder::default() });
        assert_eq!(of(&["Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"]), []);
        assert_eq!(of(&["Policy.ReadWrite.ConditionalAccess"]), [Lack::Permission(&["Policy.Read.All"])]);
        assert_eq!(of(&["Policy.Read.All"]), [Lack::Permission(&["Policy.ReadWrite.ConditionalAccess"])]);
    }

    #[test]
    fn a_password_that_is_written_back_takes_a_licence_and_an_authentication_administrator_can_set_either() {
        let holder = |plans: &[&str]| Holder {
            permissions: texts(&["UserAuthenticationMethod.ReadWrite.All", "User-PasswordProfile.ReadWrite.All"]),
            roles: Some(texts(&["Authentication Administrator"])),
            service_plans: Some(texts(plans)),
            ..Holder::default()
        };
        let of = |hybrid, plans: &[&str]| lacks_for(Action::GenerateTemporaryPassword, &[], hybrid, &holder(plans));
        assert_eq!((of(false, &[]), of(true, &["AAD_PREMIUM"])), (vec![], vec![]));
        assert_eq!(of(true, &[]), [Lack::Licence(Plan::P1)]);
    }

    #[test]
    fn an_application_cannot_reset_a_password_through_the_method() {
        let holder = Holder { is_application: true, permissions: texts(&["UserAuthenticationMethod.ReadWrite.All"]), ..Holder::default() };
        assert_eq!(lacks(Operation::ResetPassword, &holder), [Lack::NotForApplications]);
    }
}
