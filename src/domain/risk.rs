//! Risk levels, states and details (`reference/graph.md` section 1.1).

use super::graph_enum::graph_enum;

graph_enum! {
    /// How probable it is that an account or sign-in is compromised.
    RiskLevel {
        Low = "low",
        Medium = "medium",
        High = "high",
        /// The tenant's licence does not show it.
        Hidden = "hidden",
        None = "none",
        UnknownFutureValue = "unknownFutureValue",
    }
}

graph_enum! {
    /// Where a risk stands. Whether someone is at risk is told by this, never by the level: a stale
    /// level can remain on a closed state (`reference/domain.md` section 2, idempotence traps).
    RiskState {
        None = "none",
        ConfirmedSafe = "confirmedSafe",
        Remediated = "remediated",
        Dismissed = "dismissed",
        AtRisk = "atRisk",
        ConfirmedCompromised = "confirmedCompromised",
        UnknownFutureValue = "unknownFutureValue",
    }
}

graph_enum! {
    /// Who or what brought a risk into its state.
    RiskDetail {
        None = "none",
        AdminGeneratedTemporaryPassword = "adminGeneratedTemporaryPassword",
        UserPerformedSecuredPasswordChange = "userPerformedSecuredPasswordChange",
        UserPerformedSecuredPasswordReset = "userPerformedSecuredPasswordReset",
        AdminConfirmedSigninSafe = "adminConfirmedSigninSafe",
        AiConfirmedSigninSafe = "aiConfirmedSigninSafe",
        UserPassedMfaDrivenByRiskBasedPolicy = "userPassedMFADrivenByRiskBasedPolicy",
        AdminDismissedAllRiskForUser = "adminDismissedAllRiskForUser",
        AdminConfirmedSigninCompromised = "adminConfirmedSigninCompromised",
        Hidden = "hidden",
        AdminConfirmedUserCompromised = "adminConfirmedUserCompromised",
        UnknownFutureValue = "unknownFutureValue",
        M365DAdminDismissedDetection = "m365DAdminDismissedDetection",
        AdminConfirmedServicePrincipalCompromised = "adminConfirmedServicePrincipalCompromised",
        AdminDismissedAllRiskForServicePrincipal = "adminDismissedAllRiskForServicePrincipal",
        UserChangedPasswordOnPremises = "userChangedPasswordOnPremises",
        AdminDismissedRiskForSignIn = "adminDismissedRiskForSignIn",
        AdminConfirmedAccountSafe = "adminConfirmedAccountSafe",
        MicrosoftRevokedSessions = "microsoftRevokedSessions",
    }
}

graph_enum! {
    /// When a detection was made, relative to the sign-in.
    DetectionTiming {
        NotDefined = "notDefined",
        Realtime = "realtime",
        NearRealtime = "nearRealtime",
        Offline = "offline",
        UnknownFutureValue = "unknownFutureValue",
    }
}

graph_enum! {
    /// What a detection is about.
    ActivityType {
        Signin = "signin",
        User = "user",
        ServicePrincipal = "servicePrincipal",
        UnknownFutureValue = "unknownFutureValue",
    }
}

graph_enum! {
    /// Who issued the token of a sign-in.
    TokenIssuerType {
        AzureAd = "AzureAD",
        AdFederationServices = "ADFederationServices",
        UnknownFutureValue = "UnknownFutureValue",
        AzureAdBackupAuth = "AzureADBackupAuth",
        AdFederationServicesMfaAdapter = "ADFederationServicesMFAAdapter",
        NpsExtension = "NPSExtension",
    }
}

graph_enum! {
    /// The token that a sign-in was made with (beta sign-ins only).
    IncomingTokenType {
        None = "none",
        PrimaryRefreshToken = "primaryRefreshToken",
        Saml11 = "saml11",
        Saml20 = "saml20",
        RemoteDesktopToken = "remoteDesktopToken",
        RefreshToken = "refreshToken",
        UnknownFutureValue = "unknownFutureValue",
    }
}

graph_enum! {
    /// What Conditional Access made of a sign-in.
    ConditionalAccessStatus {
        Success = "success",
        Failure = "failure",
        NotApplied = "notApplied",
        UnknownFutureValue = "unknownFutureValue",
    }
}

impl RiskDetail {
    /// As the portal names it; what this program does not know as it came. Hostile text.
    pub fn words(&self) -> &str {
        match self {
            RiskDetail::None => "-",
            RiskDetail::AdminGeneratedTemporaryPassword => "Admin generated temporary password for user",
            RiskDetail::UserPerformedSecuredPasswordChange => "User performed secured password change",
            RiskDetail::UserPerformedSecuredPasswordReset => "User performed secured password reset",
            RiskDetail::UserPassedMfaDrivenByRiskBasedPolicy => "User passed multifactor authentication",
            RiskDetail::UserChangedPasswordOnPremises => "User changed password on-premises",
            RiskDetail::AdminDismissedAllRiskForUser => "Admin dismissed all risk for user",
            RiskDetail::AdminConfirmedUserCompromised => "Admin confirmed user compromised",
            RiskDetail::AdminConfirmedSigninCompromised => "Admin confirmed sign-in compromised",
            RiskDetail::AdminConfirmedSigninSafe => "Admin confirmed sign-in safe",
            RiskDetail::AdminConfirmedAccountSafe => "Admin confirmed user safe",
            RiskDetail::AiConfirmedSigninSafe => "Microsoft Entra ID Protection assessed sign-in safe",
            other => other.as_str(),
        }
    }
}

impl RiskLevel {
    /// How much it weighs in an order by level: high first, unknown between none and low.
    pub fn weight(&self) -> u8 {
        match self {
            RiskLevel::High => 5,
            RiskLevel::Medium => 4,
            RiskLevel::Low => 3,
            RiskLevel::Hidden => 2,
            RiskLevel::UnknownFutureValue | RiskLevel::Other(_) => 1,
            RiskLevel::None => 0,
        }
    }
}

impl RiskState {
    /// As the portal names it; what this program does not know as it came. Hostile text.
    pub fn words(&self) -> &str {
        match self {
            RiskState::None => "No risk",
            RiskState::ConfirmedSafe => "Confirmed safe",
            RiskState::Remediated => "Remediated",
            RiskState::Dismissed => "Dismissed",
            RiskState::AtRisk => "At risk",
            RiskState::ConfirmedCompromised => "Confirmed compromised",
            RiskState::UnknownFutureValue | RiskState::Other(_) => self.as_str(),
        }
    }

    /// Whether this state is an open risk: `atRisk` or `confirmedCompromised`.
    pub fn is_open(&self) -> bool {
        matches!(self, RiskState::AtRisk | RiskState::ConfirmedCompromised)
    }

    /// How much it weighs in an order by state: what needs work first.
    pub fn weight(&self) -> u8 {
        match self {
            RiskState::ConfirmedCompromised => 6,
            RiskState::AtRisk => 5,
            RiskState::UnknownFutureValue | RiskState::Other(_) => 4,
            RiskState::Remediated => 3,
            RiskState::Dismissed => 2,
            RiskState::ConfirmedSafe => 1,
            RiskState::None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_member_survives_in_both_kinds_of_format() {
        let level = RiskLevel::from_graph("catastrophic");
        let text = serde_json::to_string(&level).unwrap();
        assert_eq!(text, "\"catastrophic\"");
        assert_eq!(serde_json::from_str::<RiskLevel>(&text).unwrap(), level);
        let bytes = postcard::to_allocvec(&level).unwrap();
        assert_eq!(postcard::from_bytes::<RiskLevel>(&bytes).unwrap(), level);
    }

    #[test]
    fn known_members_take_two_bytes_and_any_case() {
        assert_eq!(RiskState::from_graph("ATRISK"), RiskState::AtRisk);
        assert_eq!(postcard::to_allocvec(&RiskState::AtRisk).unwrap().len(), 2);
    }

    #[test]
    fn open_is_told_by_the_state_alone() {
        assert!(RiskState::AtRisk.is_open() && RiskState::ConfirmedCompromised.is_open());
        assert!(!RiskState::Dismissed.is_open());
    }
}
