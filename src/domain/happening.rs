//! What can be made to happen to a user of a simulated tenant.

use super::risk::RiskLevel;

/// Something that happens to a user, by the rules of Entra.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// The user's account is signed in to, and that is found risky.
    SignIn {
        /// Type of the detection.
        detection: String,
        /// Its level.
        level: RiskLevel,
    },
    /// The user passes multifactor authentication at a risky sign-in.
    MfaPassed,
    /// The user changes the password as a policy or an administrator demands.
    SecurePasswordChange,
    /// The user resets the password by self-service.
    SelfServiceReset,
    /// The user's password is changed on-premises.
    OnPremisesPasswordChange,
    /// Entra finds a risky sign-in safe.
    SystemDismissal,
    /// The account is deleted.
    UserDeleted,
}

impl Happening {
    /// What a console offers: the name, and what it is.
    pub fn offered() -> Vec<(&'static str, &'static str, Happening)> {
        let sign_in = |detection: &str, level| Happening::SignIn { detection: detection.to_owned(), level };
        vec![
            ("Unfamiliar sign-in", "a sign-in at medium risk", sign_in("unfamiliarFeatures", RiskLevel::Medium)),
            ("Password spray", "a sign-in at high risk", sign_in("passwordSpray", RiskLevel::High)),
            ("Stolen token", "a sign-in at high risk: anomalous token", sign_in("anomalousToken", RiskLevel::High)),
            ("MFA passed", "the user proves it was them at the risky sign-in", Happening::MfaPassed),
            ("Secure password change", "the user does as a policy or an administrator asks", Happening::SecurePasswordChange),
            ("Self-service reset", "the user resets the password", Happening::SelfServiceReset),
            ("On-premises change", "the password is changed in Active Directory", Happening::OnPremisesPasswordChange),
            ("System dismissal", "Entra finds a risky sign-in safe", Happening::SystemDismissal),
            ("User deleted", "the account is deleted", Happening::UserDeleted),
        ]
    }
}
