//! What secures an account, whatever becomes of its risk: sessions, sign-in, devices.

use super::Facts;
use super::judgement::Judgement;
use crate::domain::action::Action;
use crate::domain::facts::{self, BlockedBy};
use crate::domain::scales::Scales;

/// Section "Confirm a user to be compromised": revoke refresh tokens.
pub(super) fn revoke_sessions(facts: &Facts<'_>) -> Judgement {
    let records = facts.records;
    let valid_from = records.directory.sign_in_sessions_valid_from_date_time;
    let since = valid_from.zip(facts::newest_detection(records)).is_some_and(|(valid_from, newest)| valid_from > newest);
    let tokens = match facts.settings.continuous_access_evaluation {
        Some(true) => "continuous access evaluation ends access tokens as well, within minutes",
        Some(false) => "access tokens go on until they expire, up to about an hour",
        None => "whether continuous access evaluation ends access tokens as well was not stated; else they go on for up to about an hour",
    };
    Scales::new()
        .needs_account(facts.records)
        .against(facts::guest(records) == Some(true), "a guest: sessions are kept in the home tenant")
        .note(
            facts::token_theft(records) == Some(true),
            "token theft: this ends stolen refresh tokens; a password reset does so, too, and a change by the user does not",
        )
        .note(since, "sessions were ended since the newest detection, by hand or by a password reset")
        .starting(facts, Action::RevokeSessions, format!("Refresh tokens and session cookies end; {tokens}. Risk stays as it is."))
}

/// Section "Confirm a user to be compromised": block the user.
pub(super) fn block_sign_in(facts: &Facts<'_>) -> Judgement {
    let enabled = facts.records.directory.account_enabled;
    Scales::new()
        .needs_account(facts.records)
        .needs(enabled.or(Some(true)), "the account is disabled already", "")
        .note(enabled.is_none(), "whether the account is enabled was not read")
        .note(true, "for an attacker who can reset the password or pass multifactor authentication")
        .starting(facts, Action::BlockSignIn, "The account is disabled: nobody can sign in to it. Risk stays as it is.")
}

/// Ends a block by hand. Only for accounts that are, or seem, disabled.
pub(super) fn unblock_sign_in(facts: &Facts<'_>) -> Option<Judgement> {
    let records = facts.records;
    let enabled = records.directory.account_enabled;
    let disabled = enabled == Some(false) || facts::blocked(records, facts.tenant, facts.now).by.contains(&BlockedBy::AccountDisabled);
    disabled.then(|| {
        Scales::new()
            .needs_account(facts.records)
            .unknown(enabled.is_none(), "a sign-in failed because the account was disabled; whether it still is was not read")
            .note(records.user.at_risk() == Some(true), "the user is still at risk: remediate first")
            .note(facts::token_theft(records) == Some(true), "token theft: reset the password and revoke the sessions first")
            .starting(
                facts,
                Action::UnblockSignIn,
                "The account is enabled: whoever has its password can sign in, as far as policies let them. Risk stays as it is.",
            )
    })
}

/// Section "Confirm a user to be compromised": disable devices.
pub(super) fn disable_devices(facts: &Facts<'_>) -> Judgement {
    let devices = facts.records.devices.as_deref();
    let enabled: Vec<&str> =
        devices.unwrap_or_default().iter().filter(|of| of.account_enabled != Some(false)).map(|of| of.name()).collect();
    Scales::new()
        .needs_account(facts.records)
        .needs(devices.map(|_| !enabled.is_empty()), "the user has no device that is enabled", "the user's devices were not read")
        .note(!enabled.is_empty(), format!("enabled: {}", enabled.join(", ")))
        .starting(
            facts,
            Action::DisableDevices,
            "These devices cannot sign in any more, and their primary refresh tokens end. Only for devices that are considered compromised.",
        )
}
