//! The names of the options, and which of them end which block.

use super::Group;
use crate::domain::facts::BlockedBy;

pub(super) const MFA: &str = "self-remediation by MFA";
pub(super) const SECURE_CHANGE: &str = "secure password change";
pub(super) const SELF_SERVICE_RESET: &str = "self-service reset";
pub(super) const TEMPORARY_PASSWORD: &str = "temporary password";
pub(super) const REQUIRED_CHANGE: &str = "required password change";
pub(super) const ON_PREMISES_CHANGE: &str = "on-premises change";
pub(super) const DISMISS: &str = "dismiss";
pub(super) const CONFIRM_COMPROMISED: &str = "confirm compromised";
pub(super) const CONFIRM_SAFE: &str = "confirm safe";
pub(super) const EXCLUDE: &str = "exclude from policy";
pub(super) const DISABLE_POLICY: &str = "disable policy";
pub(super) const FAMILIAR: &str = "sign in from a familiar location or device";
pub(super) const TRUST_IP: &str = "trust the IP";
pub(super) const MODERN: &str = "modern authentication";
pub(super) const SUPPORT_CASE: &str = "support case for a deleted user";

pub(super) const SIGN_IN_SAFE: &str = "confirm sign-ins safe";
pub(super) const SIGN_IN_COMPROMISED: &str = "confirm sign-ins compromised";
pub(super) const DISMISS_SIGN_IN: &str = "dismiss sign-in risk";
pub(super) const REGISTER: &str = "register for multifactor authentication";
pub(super) const SECURE_ACCOUNT: &str = "secure account";
pub(super) const ELSEWHERE: &str = "remediated elsewhere";
pub(super) const REVOKE: &str = "revoke sessions";
pub(super) const BLOCK: &str = "block sign-in";
pub(super) const UNBLOCK: &str = "unblock sign-in";
pub(super) const DEVICES: &str = "disable devices";
pub(super) const SYSTEM: &str = "system dismissal";
pub(super) const WAIT: &str = "wait until the lockout ends";

/// The options of the source document: there for every user, whether or not they fit.
pub const DOCUMENTED: [&str; 15] = [
    MFA,
    SECURE_CHANGE,
    SELF_SERVICE_RESET,
    TEMPORARY_PASSWORD,
    REQUIRED_CHANGE,
    ON_PREMISES_CHANGE,
    DISMISS,
    CONFIRM_COMPROMISED,
    CONFIRM_SAFE,
    EXCLUDE,
    DISABLE_POLICY,
    FAMILIAR,
    TRUST_IP,
    MODERN,
    SUPPORT_CASE,
];

/// The options that end a block, in the order of the source document ("Unblocking users"). "Reset password" is each way to a new
/// one: those of the administrator first, since the user is kept out.
pub(super) fn ways_out(cause: BlockedBy) -> (Group, &'static [&'static str]) {
    match cause {
        BlockedBy::UserRisk => (
            Group::UnblockUserRisk,
            &[
                TEMPORARY_PASSWORD,
                REQUIRED_CHANGE,
                SELF_SERVICE_RESET,
                SECURE_CHANGE,
                ON_PREMISES_CHANGE,
                REGISTER,
                DISMISS,
                EXCLUDE,
                DISABLE_POLICY,
            ],
        ),
        BlockedBy::SignInRisk => (Group::UnblockSignInRisk, &[FAMILIAR, REGISTER, EXCLUDE, DISABLE_POLICY]),
        BlockedBy::BuiltInProtection => (Group::UnblockBuiltIn, &[TRUST_IP, MODERN]),
        // The account is secured before it is opened again.
        BlockedBy::AccountDisabled => (Group::Other, &[TEMPORARY_PASSWORD, UNBLOCK]),
        BlockedBy::SmartLockout => (Group::Other, &[WAIT, SELF_SERVICE_RESET]),
        BlockedBy::Error50053 => (Group::UnblockBuiltIn, &[WAIT, TRUST_IP, MODERN, SELF_SERVICE_RESET]),
        BlockedBy::ConditionalAccess => (Group::Other, &[EXCLUDE, DISABLE_POLICY]),
    }
}
