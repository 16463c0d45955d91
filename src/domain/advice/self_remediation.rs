//! What remediates through the user: multifactor authentication, and each way to a new password.
//!
//! One function a step, of facts alone, so that the simulated tenant can hold the same rules.

use super::Facts;
use super::judgement::{Judgement, Scales};
use super::policies::{self, Applying, asks_for_change};
use super::situation::{PendingChange, pending_change};
use super::words::{ago, closes_all, level, listed, transition};
use crate::domain::action::Action;
use crate::domain::facts::{self, BlockedBy};
use crate::domain::risk::RiskState;
use crate::domain::transition::Event;

/// Section "Risk-based policy": multifactor authentication, under a policy on sign-in risk.
pub(super) fn by_mfa(facts: &Facts<'_>) -> Judgement {
    let records = facts.records;
    let risky: Vec<_> = policies::risky(facts).collect();
    let theft = |told: Option<bool>| risky.iter().filter(|sign_in| facts::sign_in_token_theft(records, sign_in) == told).count();
    let (plain, unknown, stolen) = (theft(Some(false)), theft(None), theft(Some(true)));
    let unlinked = records.detections.iter().any(|of| of.is_open() && of.request_id.is_some() && records.sign_in_of(of).is_none());
    let unread = records.sign_ins.is_empty() || unlinked;
    let mut scales = Scales::new()
        .needs_sign_in(facts)
        .needs_risk(facts)
        .against(risky.is_empty() && !unread, "it remediates sign-in risk only, and no sign-in of this user is an open risk")
        .unknown(risky.is_empty() && unread, "the risky sign-ins were not read")
        .against(
            records.user.risk_state == Some(RiskState::ConfirmedCompromised),
            "an administrator confirmed the compromise: multifactor authentication does not take that back",
        )
        .against(
            stolen > 0 && plain + unknown == 0,
            "token theft or a nation-state address: Entra never lets multifactor authentication remediate these",
        )
        .unknown(stolen > 0 && plain == 0 && unknown > 0, "what made the other risky sign-ins risky cannot be seen")
        .unknown(stolen == 0 && plain == 0 && unknown > 0, "token theft cannot be ruled out, which it never remediates")
        .needs(
            records.directory.is_mfa_registered,
            "the user is not registered for multifactor authentication",
            "whether the user is registered for multifactor authentication was not read",
        )
        .unknown(facts::guest(records) == Some(true), "a guest: risk is kept in the home tenant")
        .note(stolen > 0 && plain > 0, "not for the sign-ins that tell of token theft");
    if !risky.is_empty() {
        let applying = policies::on_sign_in_risk(facts);
        scales = under_policy(scales, applying.as_deref(), "sign-in risk of that level", "multifactor authentication", |of| {
            of.policy.asks_for("mfa")
        });
    }
    scales.judged(format!(
        "The risky sign-in and its detections, when the user passes it there: {}. The user's risk is calculated anew from what is \
         still open; it does not remediate user risk.",
        transition(facts, Event::MfaPassed)
    ))
}

/// Section "Risk-based policy": a new password after multifactor authentication, as a policy on user risk or an administrator asks.
pub(super) fn by_secure_password_change(facts: &Facts<'_>) -> Judgement {
    let applying = policies::on_user_risk(facts);
    let at_level = format!("user risk of this level ({})", level(facts.records.user.risk_level.as_ref()));
    let mut scales = new_password(Scales::new().needs_sign_in(facts).needs_risk(facts), facts);
    let required = pending_change(facts);
    let blocks = |of: &Applying<'_>| of.policy.asks_for("block");
    if required.is_some() && !applying.iter().flatten().any(blocks) {
        scales = scales.note(true, "an administrator required it");
    } else {
        scales = under_policy(scales, applying.as_deref(), &at_level, "a password change", |of| asks_for_change(of.policy));
    }
    scales.judged(format!(
        "At the next sign-in the user passes multifactor authentication and sets a new password. {}",
        closes_all(facts, Event::SecurePasswordChange)
    ))
}

/// Section "Self-service password reset".
pub(super) fn by_self_service_reset(facts: &Facts<'_>) -> Judgement {
    let records = facts.records;
    let locked = facts::blocked(records).by.contains(&BlockedBy::SmartLockout);
    let scales = Scales::new().needs_sign_in(facts);
    let scales = if locked { scales } else { scales.needs_risk(facts) };
    let scales = written_back(scales.needs_own_password(facts), facts).needs(
        records.directory.is_sspr_registered,
        "the user is not registered for self-service password reset",
        "whether the user is registered for self-service password reset was not read",
    );
    let locked_words = if locked { " It also ends the smart lockout." } else { "" };
    scales
        .note(facts::token_theft(records) == Some(true), "token theft: revoke the sessions as well")
        .judged(format!("The user sets a new password without help. {}{locked_words}", closes_all(facts, Event::SelfServiceReset)))
}

/// Section "Generate a temporary password".
pub(super) fn by_temporary_password(facts: &Facts<'_>) -> Judgement {
    let records = facts.records;
    let scales = Scales::new()
        .needs_account(facts)
        .needs_own_password(facts)
        .note(records.user.at_risk() == Some(false), "no risk is open: it secures the account and changes no risk")
        .note(records.directory.is_admin == Some(true), "a privileged user: that may ask for a higher role of yours")
        .note(facts::token_theft(records) == Some(true), "token theft: revoke the sessions after it");
    let effect = format!(
        "The present password ends at once; the user must be told the new one and change it at the next sign-in. {}",
        closes_all(facts, Event::GenerateTemporaryPassword)
    );
    let action = Action::GenerateTemporaryPassword;
    let on_premises = facts.settings.on_premises_change_remediates();
    match (records.directory.on_premises_sync_enabled, facts.settings.password_writeback, on_premises) {
        // Not from here, but from the directory that the user comes from.
        (Some(true), Some(false), Some(true)) => scales
            .note(
                true,
                "hybrid, and passwords are not written back: set it in Active Directory. Password hash synchronisation and the \
                 setting that lets it remediate are on; \"User must change password at next logon\" only where self-service reset is \
                 enabled, too",
            )
            .judged(effect),
        (Some(true), Some(false), Some(false)) => scales
            .against(true, "hybrid: passwords are not written back, and a change on-premises does not remediate")
            .starting(facts, action, effect),
        (Some(true), Some(false), None) => scales
            .against(
                true,
                "hybrid, and passwords are not written back; whether one set in Active Directory remediates was not stated (settings)",
            )
            .starting(facts, action, effect),
        _ => written_back(scales, facts).starting(facts, action, effect),
    }
}

/// Section "Require the user to reset password".
pub(super) fn by_required_change(facts: &Facts<'_>) -> Judgement {
    let records = facts.records;
    let pending = match pending_change(facts) {
        Some(PendingChange { since: Some(at), .. }) => format!("it is required already, since {}", ago(at, facts.now)),
        _ => "it is required already".to_owned(),
    };
    let on_premises =
        records.directory.on_premises_sync_enabled == Some(true) && facts.settings.on_premises_change_remediates() == Some(true);
    let scales = registered(Scales::new().needs_sign_in(facts).needs_own_password(facts), facts);
    let scales = if on_premises {
        scales.note(true, "a hybrid user can change it on-premises, on a joined Windows device")
    } else {
        written_back(scales, facts)
    };
    let blocks_at_level = policies::on_user_risk(facts).iter().flatten().any(|of| of.policy.asks_for("block"));
    let kept_out = blocks_at_level || facts::blocked(records).by.contains(&BlockedBy::UserRisk);
    scales
        .against(pending_change(facts).is_some(), pending)
        .unknown(
            kept_out && records.user.at_risk() == Some(true),
            "a policy blocks at this user risk, and the user may not get as far as the change",
        )
        .note(records.user.at_risk() == Some(false), "no risk is open: it secures the account and changes no risk")
        .note(facts::token_theft(records) == Some(true), "token theft: sessions go on until they are revoked")
        .starting(
            facts,
            Action::RequirePasswordChange,
            format!(
                "At the next sign-in the user passes multifactor authentication and sets a new password; until then the risk stays \
                 open. {}",
                closes_all(facts, Event::SecurePasswordChange)
            ),
        )
}

/// Section "Allow on-premises password reset to remediate user risks".
pub(super) fn by_on_premises_change(facts: &Facts<'_>) -> Judgement {
    let settings = facts.settings;
    Scales::new()
        .needs_account(facts)
        .needs_risk(facts)
        .needs(
            facts.records.directory.on_premises_sync_enabled,
            "not a hybrid user: the password is in the cloud",
            "whether the user is synchronised from on-premises was not read",
        )
        .against(facts::guest(facts.records) == Some(true), "a guest: password and risk are kept in the home tenant")
        .needs(
            settings.password_hash_sync,
            "password hash synchronisation is off",
            "whether password hashes are synchronised was not stated (settings passwordHashSync)",
        )
        .needs(
            settings.on_premises_reset_remediates,
            "\"Allow on-premises password change to reset user risk\" is off",
            "whether \"Allow on-premises password change to reset user risk\" is on was not stated (settings onPremisesResetRemediates)",
        )
        .judged(format!("The password is changed on-premises. {}", closes_all(facts, Event::OnPremisesPasswordChange)))
}

/// What a secure password change asks of the user.
fn new_password(scales: Scales, facts: &Facts<'_>) -> Scales {
    written_back(registered(scales.needs_own_password(facts), facts), facts)
}

fn registered(scales: Scales, facts: &Facts<'_>) -> Scales {
    scales.needs(
        facts.records.directory.is_mfa_registered,
        "the user is not registered for multifactor authentication",
        "whether the user is registered for multifactor authentication was not read",
    )
}

/// A hybrid user's new password must come to the directory that it is checked against.
fn written_back(scales: Scales, facts: &Facts<'_>) -> Scales {
    match facts.records.directory.on_premises_sync_enabled {
        Some(false) => scales,
        None => scales.unknown(true, "whether the user is synchronised from on-premises was not read"),
        Some(true) => scales.needs(
            facts.settings.password_writeback,
            "hybrid, and passwords are not written back on-premises",
            "hybrid, and whether passwords are written back was not stated (settings passwordWriteback)",
        ),
    }
}

/// It needs an enforced policy that applies, and asks for the step instead of blocking.
fn under_policy(
    scales: Scales,
    applying: Option<&[Applying<'_>]>,
    at_level: &str,
    step: &str,
    asks: impl Fn(&Applying<'_>) -> bool,
) -> Scales {
    let Some(applying) = applying else {
        return scales.unknown(true, format!("whether a policy asks for {step} at {at_level} was not read"));
    };
    let quoted = |of: &Applying<'_>| format!("{:?}", of.policy.display_name);
    let names = |wanted: &dyn Fn(&Applying<'_>) -> bool| listed(&applying.iter().filter(|of| wanted(of)).map(quoted).collect::<Vec<_>>());
    let surely = |of: &Applying<'_>| of.names_user == Some(true);
    let blocks = |of: &Applying<'_>| of.policy.asks_for("block");
    let blocked = applying.iter().any(|of| blocks(of) && surely(of));
    let asked = applying.iter().any(|of| asks(of) && surely(of));
    let perhaps = applying.iter().any(&asks);
    scales
        .against(blocked, format!("policy {} blocks at {at_level} and asks for nothing", names(&|of| blocks(of) && surely(of))))
        .unknown(
            !blocked && applying.iter().any(blocks),
            format!("policy {} may block: groups or roles decide whether it applies", names(&blocks)),
        )
        .against(!perhaps && !blocked, format!("no enforced policy that applies to the user asks for {step} at {at_level}"))
        .unknown(
            perhaps && !asked,
            format!("policy {} asks for {step}; groups, roles or other conditions decide whether it applies", names(&asks)),
        )
        .note(asked, format!("policy {} asks for {step}", names(&|of| asks(of) && surely(of))))
}
