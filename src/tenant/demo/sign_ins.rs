//! Sign-ins: everyday ones, risky ones, and those that were blocked.

use chrono::TimeDelta;

use super::assets::{CLIENTS, Client, Kind, PLACES, Place};
use super::ids::IdKind;
use super::people;
use super::plot::{Account, Odd, Outcome, Setting};
use super::policies::{BLOCK_COUNTRIES, REQUIRE_MFA, Rule, SIGN_IN_RISK, USER_RISK};
use super::seed::Scene;
use crate::domain::facts::BlockedBy;
use crate::domain::records::{AppliedPolicy, DeviceDetail, GeoCoordinates, Location, SignIn, SignInStatus, UserRecords};
use crate::domain::risk::{ConditionalAccessStatus, IncomingTokenType, RiskDetail, RiskLevel, RiskState, TokenIssuerType};

/// The reason that the sign-in log gives (`reference/source-remediate-and-unblock.md`, high confidence risk).
const BUILT_IN: &str = "Sign-in was blocked by built-in protections due to high confidence of risk.";
const LOCKED: &str = "The account is locked, you've tried to sign in too many times with an incorrect user ID or password.";
/// What the sign-in log says of sign-ins that a policy kept out, or holds up.
pub(super) const BLOCKED: (i64, &str) =
    (53003, "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.");
pub(super) const NOT_REGISTERED: (i64, &str) =
    (53004, "User needs to complete the multifactor authentication registration process before accessing this content.");
pub(super) const MFA_ASKED: (i64, &str) = (
    50076,
    "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor \
     authentication to access the resource.",
);
pub(super) const PASSWORD_CHANGE_ASKED: (i64, &str) = (50142, "Password change is required due to a conditional access policy.");
const WRONG_PASSWORD: &str = "Error validating credentials due to invalid username or password.";
const DISABLED: &str = "The user account is disabled.";

impl Scene<'_> {
    /// A sign-in of this user from somewhere, without risk and with success.
    fn sign_in(&mut self, records: &UserRecords, age: TimeDelta, place: &Place, address: &str, client: &Client) -> SignIn {
        let ordinal = self.next_sign_in();
        let app = self.chance.pick(&CLIENTS.app);
        let guest = self.plot.account == Account::Guest;
        let mut sign_in = SignIn::unknown(self.id(IdKind::SignIn, ordinal).into(), records.id().clone());
        sign_in.original_request_id = Some(sign_in.id.to_string().into());
        sign_in.user_principal_name = records.user.user_principal_name.clone();
        sign_in.user_display_name = records.user.user_display_name.clone();
        sign_in.created_date_time = Some(self.at(age));
        sign_in.correlation_id = Some(self.id(IdKind::Correlation, ordinal).into());
        sign_in.app_id = Some(app.id.into());
        sign_in.app_display_name = Some(app.name.into());
        sign_in.resource_display_name = Some(app.resource.into());
        sign_in.client_app_used = Some("Browser".into());
        sign_in.user_agent = Some(client.agent.as_str().into());
        sign_in.device_detail = Some(DeviceDetail {
            device_id: Some("".into()),
            display_name: Some("".into()),
            operating_system: Some(client.system.as_str().into()),
            browser: Some(client.name.as_str().into()),
            is_compliant: Some(false),
            is_managed: Some(false),
            trust_type: None,
        });
        sign_in.ip_address = Some(address.into());
        sign_in.autonomous_system_number = Some(place.asn);
        sign_in.location = Some(Location {
            city: Some(place.city.as_str().into()),
            state: Some(place.state.as_str().into()),
            country_or_region: Some(place.country.as_str().into()),
            geo_coordinates: Some(GeoCoordinates { latitude: place.latitude, longitude: place.longitude }),
        });
        sign_in.is_interactive = Some(true);
        sign_in.sign_in_event_types = vec!["interactiveUser".into()];
        let mfa = records.directory.is_mfa_registered == Some(true);
        let said = if mfa { "MFA requirement satisfied by claim in the token" } else { "" };
        sign_in.status =
            Some(SignInStatus { error_code: Some(0), failure_reason: Some("Other.".into()), additional_details: Some(said.into()) });
        sign_in.conditional_access_status = Some(ConditionalAccessStatus::Success);
        sign_in.applied_conditional_access_policies = vec![self.policy(&REQUIRE_MFA, "success")];
        sign_in.authentication_requirement = Some(if mfa { "multiFactorAuthentication" } else { "singleFactorAuthentication" }.into());
        sign_in.authentication_protocol = Some("oAuth2".into());
        sign_in.risk_level_during_sign_in = Some(RiskLevel::None);
        sign_in.risk_level_aggregated = Some(RiskLevel::None);
        sign_in.risk_state = Some(RiskState::None);
        sign_in.risk_detail = Some(RiskDetail::None);
        let week = u16::try_from(age.num_days() / 7).unwrap_or(0);
        sign_in.session_id = Some(self.id(IdKind::Session, week).into());
        sign_in.unique_token_identifier = Some(self.token().into());
        sign_in.incoming_token_type = Some(IncomingTokenType::None);
        sign_in.token_issuer_type = Some(TokenIssuerType::AzureAd);
        sign_in.original_transfer_method = Some("none".into());
        sign_in.sign_in_token_protection_status = Some("unbound".into());
        sign_in.user_type = Some(if guest { "guest" } else { "member" }.into());
        sign_in.home_tenant_id = (!guest).then(|| self.population.tenant_id().into());
        sign_in.cross_tenant_access_type = Some(if guest { "b2bCollaboration" } else { "none" }.into());
        sign_in
    }

    pub(super) fn everyday_sign_in(&mut self, records: &UserRecords, age: TimeDelta) -> SignIn {
        let (home, address, client) = (self.person.home.clone(), self.person.address.clone(), self.person.client.clone());
        let mut sign_in = self.sign_in(records, age, &home, &address, &client);
        if let Some(device) = &mut sign_in.device_detail {
            device.device_id = Some(self.id(IdKind::Device, 0).into());
            device.display_name = Some(format!("CTO-{:05}", self.index).into());
            device.is_compliant = Some(true);
            device.is_managed = Some(true);
            device.trust_type = Some("Azure AD joined".into());
            if self.index % 5 == 3 && records.sign_ins.len() % 3 == 1 {
                // Some have a telephone, too.
                device.device_id = Some(self.id(IdKind::Device, 1).into());
                device.display_name = Some(format!("CTO-{:05}-PHONE", self.index).into());
                device.operating_system = Some("iOS 18".into());
                device.browser = Some("Mobile Safari".into());
                device.trust_type = Some("Azure AD registered".into());
            }
        }
        if self.chance.percent(35) {
            not_interactive(&mut sign_in);
        } else if self.chance.percent(6) {
            fail(&mut sign_in, 50126, WRONG_PASSWORD);
        }
        if self.plot.odd == Odd::Busy && self.chance.percent(10) {
            sign_in.client_app_used = Some("Mobile Apps and Desktop clients".into());
        }
        sign_in
    }

    /// The user's own sign-in of the session that is stolen.
    pub(super) fn session_before(&mut self, records: &UserRecords, age: TimeDelta) -> SignIn {
        let mut sign_in = self.everyday_sign_in(records, age);
        sign_in.is_interactive = Some(true);
        sign_in.sign_in_event_types = vec!["interactiveUser".into()];
        sign_in.status = Some(SignInStatus { error_code: Some(0), failure_reason: Some("Other.".into()), additional_details: None });
        sign_in.incoming_token_type = Some(IncomingTokenType::None);
        sign_in.session_id = Some(self.id(IdKind::Session, STOLEN).into());
        sign_in
    }

    pub(super) fn risky_sign_in(&mut self, records: &UserRecords, age: TimeDelta, place: &Place, address: &str, client: &Client) -> SignIn {
        let mut sign_in = self.sign_in(records, age, place, address, client);
        sign_in.risk_state = Some(RiskState::AtRisk);
        let session = 100 + self.chance.below(900) as u16;
        sign_in.session_id = Some(self.id(IdKind::Session, session).into());
        sign_in
    }

    /// Gives a risky sign-in the marks of its detection, and the block that it met with.
    pub(super) fn colour(&mut self, sign_in: &mut SignIn, kind: &Kind, level: &RiskLevel, position: usize) {
        sign_in.risk_event_types = vec![kind.value.as_str().into()];
        sign_in.risk_level_aggregated = Some(level.clone());
        // What is learnt later was not known during the sign-in.
        sign_in.risk_level_during_sign_in = Some(if kind.timing == "offline" { RiskLevel::None } else { level.clone() });
        if self.plot.setting == Setting::Session {
            self.steal(sign_in, kind, position);
        }
        if position > 0 {
            return;
        }
        match self.plot.block {
            Some(BlockedBy::SignInRisk) => {
                sign_in.risk_level_during_sign_in = Some(RiskLevel::High);
                // Who is blocked for sign-in risk is not registered for what the policy asks for.
                block(sign_in, NOT_REGISTERED, self.policy(&SIGN_IN_RISK, "failure"));
            }
            Some(BlockedBy::BuiltInProtection) => {
                fail(sign_in, 50053, BUILT_IN);
                if self.plot.odd == Odd::Nothing {
                    // The other common case is a malicious address in a browser.
                    sign_in.client_app_used = Some("IMAP4".into());
                    sign_in.authentication_protocol = Some("ropc".into());
                    sign_in.device_detail = None;
                }
            }
            _ => {}
        }
    }

    /// The stolen session goes on elsewhere.
    fn steal(&mut self, sign_in: &mut SignIn, kind: &Kind, position: usize) {
        sign_in.session_id = Some(self.id(IdKind::Session, STOLEN).into());
        sign_in.incoming_token_type =
            Some(if position.is_multiple_of(2) { IncomingTokenType::PrimaryRefreshToken } else { IncomingTokenType::RefreshToken });
        sign_in.ip_address_from_resource_provider = sign_in.ip_address.clone();
        if position == 1 {
            not_interactive(sign_in);
            sign_in.incoming_token_type = Some(IncomingTokenType::RefreshToken);
        }
        if kind.value == "tokenIssuerAnomaly" {
            sign_in.token_issuer_type = Some(TokenIssuerType::AdFederationServices);
            sign_in.token_issuer_name = Some(format!("http://sts.{}/adfs/services/trust", people::TENANT).into());
            sign_in.incoming_token_type = Some(IncomingTokenType::Saml11);
            sign_in.authentication_protocol = Some("saml20".into());
        }
        if kind.value == "anomalousToken" && self.index % 2 == 1 {
            sign_in.original_transfer_method = Some("deviceCodeFlow".into());
            sign_in.authentication_protocol = Some("deviceCode".into());
        }
    }

    /// What keeps the user out now, where it is not a risky sign-in itself.
    pub(super) fn block(&mut self, records: &mut UserRecords) {
        let age = self.chance.span(TimeDelta::minutes(4), TimeDelta::minutes(9));
        let mut sign_in = self.everyday_sign_in(records, age);
        sign_in.is_interactive = Some(true);
        sign_in.sign_in_event_types = vec!["interactiveUser".into()];
        match self.plot.block {
            Some(BlockedBy::UserRisk) => {
                let reason = if records.directory.is_mfa_registered == Some(true) { BLOCKED } else { NOT_REGISTERED };
                block(&mut sign_in, reason, self.policy(&USER_RISK, "failure"));
            }
            Some(BlockedBy::ConditionalAccess) => {
                let place = PLACES.away.last().cloned().unwrap_or_default();
                sign_in = self.sign_in(records, age, &place, &people::complete(&place, 140), &self.person.client.clone());
                block(&mut sign_in, BLOCKED, self.policy(&BLOCK_COUNTRIES, "failure"));
            }
            Some(BlockedBy::SmartLockout) => {
                for minutes in 1..4 {
                    let mut attempt = self.everyday_sign_in(records, age + TimeDelta::minutes(minutes));
                    fail(&mut attempt, 50126, WRONG_PASSWORD);
                    records.sign_ins.push(attempt);
                }
                fail(&mut sign_in, 50053, LOCKED);
            }
            _ if self.plot.disabled && self.plot.outcome != Outcome::Never => fail(&mut sign_in, 50057, DISABLED),
            _ => return,
        }
        records.sign_ins.push(sign_in);
    }

    fn policy(&self, rule: &Rule, result: &str) -> AppliedPolicy {
        rule.applied(&self.population.ids(), result)
    }

    /// A token identifier: 22 characters of base64, as the service has them.
    fn token(&mut self) -> String {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        self.chance.bytes::<22>().iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 64))).map(|letter| char::from(*letter)).collect()
    }
}

/// Number of the session that is stolen.
const STOLEN: u16 = 50;

fn not_interactive(sign_in: &mut SignIn) {
    sign_in.is_interactive = Some(false);
    sign_in.sign_in_event_types = vec!["nonInteractiveUser".into()];
    sign_in.incoming_token_type = Some(IncomingTokenType::PrimaryRefreshToken);
}

/// Lets a sign-in fail before any policy is looked at.
fn fail(sign_in: &mut SignIn, error_code: i64, reason: &str) {
    sign_in.status = Some(SignInStatus { error_code: Some(error_code), failure_reason: Some(reason.into()), additional_details: None });
    sign_in.conditional_access_status = Some(ConditionalAccessStatus::NotApplied);
    sign_in.applied_conditional_access_policies.clear();
}

/// Lets a sign-in fail by a policy.
pub(super) fn block(sign_in: &mut SignIn, (error_code, reason): (i64, &str), policy: AppliedPolicy) {
    fail(sign_in, error_code, reason);
    sign_in.conditional_access_status = Some(ConditionalAccessStatus::Failure);
    sign_in.applied_conditional_access_policies = vec![policy];
}
