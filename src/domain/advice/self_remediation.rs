//! What remediates through the user: multifactor authentication, and each way to a new password.
//!
//! Whether a user's own way is open is for [`crate::domain::self_remediation`] to say; here it is told what comes of it.

use super::Facts;
use super::judgement::Judgement;
use super::situation::{PendingChange, pending_change};
use super::words::{ago, closes_all, transition};
use crate::domain::action::Action;
use crate::domain::blocking;
use crate::domain::facts::{self, BlockedBy};
use crate::domain::links::Links;
use crate::domain::records::SignIn;
use crate::domain::scales::Scales;
use crate::domain::self_remediation as rules;
use crate::domain::transition::Event;

/// Section "Risk-based policy": multifactor authentication, under a policy on sign-in risk.
pub(super) fn by_mfa(facts: &Facts<'_>) -> Judgement {
    let alone = "it remediates sign-in risk only, and no sign-in of this user is an open risk";
    let records = facts.records;
    let scales = at_sign_ins(facts, rules::can_pass_mfa(records), alone, |sign_in| rules::mfa(records, sign_in, facts.tenant));
    rules::no_help_against_theft(scales, records).judged(format!(
        "The risky sign-in and its detections, when the user passes it there: {}. The user's risk is calculated anew from what is still \
         open; it does not remediate user risk.",
        transition(facts, Event::MfaPassed)
    ))
}

/// Section "Types of risk remediation": what Microsoft does by itself. Not for those who are not at risk.
pub(super) fn by_the_system(facts: &Facts<'_>) -> Option<Judgement> {
    let records = facts.records;
    (records.user.at_risk() != Some(false)).then(|| {
        let account = Scales::new().needs_account(records);
        at_sign_ins(facts, account, "no sign-in of this user is an open risk", |sign_in| rules::system_dismissal(records, sign_in))
            .unknown(true, "Microsoft decides, and nothing starts it")
            .judged(format!(
                "Where Microsoft finds that detection and sign-in are no threat any more: {}.",
                transition(facts, Event::SystemDismissal)
            ))
    })
}

/// What closes the risk of sign-ins one by one is open to a user where it is for one of them. `otherwise` is what can be said where
/// none is known to be open, and `alone` why that is not enough.
fn at_sign_ins(facts: &Facts<'_>, otherwise: Scales, alone: &str, judge: impl Fn(&SignIn) -> Scales) -> Scales {
    let records = facts.records;
    let links = Links::of(records);
    let unlinked = records.detections.iter().any(|of| of.is_open() && of.request_id.is_some() && links.sign_in_of(of).is_none());
    let unread = unlinked || records.sign_ins.is_empty();
    let stolen = |sign_in: &SignIn| sign_in.at_risk() == Some(true) && links.token_theft(sign_in) == Some(true);
    match rules::best(records, judge) {
        Some((sign_in, scales)) if !unread || scales.available() != Some(false) => {
            let others = !stolen(sign_in) && records.sign_ins.iter().any(stolen);
            scales.note(others, "not for the sign-ins that tell of token theft")
        }
        // What was not read may be open to it, where the rest is not.
        Some(_) => otherwise.unknown(true, "not for the risky sign-ins that were read; others were not read"),
        None if unread => otherwise.needs_risk(records).unknown(true, "the risky sign-ins were not read"),
        None => otherwise.needs_risk(records).against(records.user.at_risk() != Some(false), alone),
    }
}

/// Section "Risk-based policy": a new password after multifactor authentication, as a policy on user risk or an administrator asks.
pub(super) fn by_secure_password_change(facts: &Facts<'_>) -> Judgement {
    // Without risk, a change that is required may be one without multifactor authentication.
    let proves = if facts.records.user.at_risk() == Some(false) { "" } else { "passes multifactor authentication and " };
    rules::secure_password_change(facts.records, facts.tenant, facts.settings, pending_change(facts).is_some())
        .judged(format!("At the next sign-in the user {proves}sets a new password. {}", closes_all(facts, Event::SecurePasswordChange)))
}

/// What self-remediation needs first. Only for users who are kept out for want of it.
pub(super) fn by_registration(facts: &Facts<'_>) -> Option<Judgement> {
    let records = facts.records;
    let by_risk = |by: &BlockedBy| matches!(by, BlockedBy::UserRisk | BlockedBy::SignInRisk);
    let kept_out = facts::blocked(records, facts.tenant, facts.now).by.iter().any(by_risk);
    let registered = records.directory.is_mfa_registered;
    let found = blocking::blocking(&facts.known());
    let policies = found.iter().flatten().filter(|of| of.blocks != Some(false)).filter_map(|of| facts.tenant.policy(of.id.as_deref()?));
    let asks: Vec<bool> = policies.map(|policy| !policy.asks_for(rules::BLOCK) && rules::asks_for_steps_alone(policy)).collect();
    kept_out.then(|| {
        Scales::new()
            .needs_sign_in(records)
            .against(!asks.is_empty() && !asks.contains(&true), "the policy blocks whoever is registered, too")
            .unknown(asks.is_empty(), "which policy keeps the user out is not known")
            .needs(
                registered.map(|registered| !registered),
                "the user is registered already",
                "whether the user is registered for multifactor authentication was not read",
            )
            .note(registered == Some(false), "the user is not registered, and a risky sign-in cannot register")
            .note(facts::guest(records) == Some(true), "a guest registers in the home tenant, unless that is not trusted")
            .judged(
                "The user registers from a place without risk, or with a temporary access pass that an administrator gives: then the user \
                 can do what the policy asks for. Risk stays as it is until then.",
            )
    })
}

/// Section "Self-service password reset".
pub(super) fn by_self_service_reset(facts: &Facts<'_>) -> Judgement {
    let records = facts.records;
    let locked = facts::blocked(records, facts.tenant, facts.now).by.contains(&BlockedBy::SmartLockout);
    let locked_words = if locked { " It also ends the smart lockout." } else { "" };
    rules::self_service_reset(records, facts.settings)
        .note(facts::token_theft(records) == Some(true), "token theft: revoke the sessions as well")
        .judged(format!("The user sets a new password without help. {}{locked_words}", closes_all(facts, Event::SelfServiceReset)))
}

/// Section "Generate a temporary password".
pub(super) fn by_temporary_password(facts: &Facts<'_>) -> Judgement {
    let records = facts.records;
    let scales = Scales::new()
        .needs_account(records)
        .needs_own_password(records)
        .note(records.user.at_risk() == Some(false), "no risk is open: it secures the account and changes no risk")
        .note(records.directory.is_admin == Some(true), "an administrator's password may ask for a higher role of yours")
        .note(
            facts::token_theft(records) == Some(true),
            "token theft: the reset ends sessions, too; access tokens go on until they expire, and devices stay enabled",
        );
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
            .judged(format!(
                "The user must be told the new password, which is set in Active Directory. {}",
                closes_all(facts, Event::OnPremisesPasswordChange)
            )),
        (Some(true), Some(false), Some(false)) => scales
            .against(true, "hybrid: passwords are not written back, and a change on-premises does not remediate")
            .starting(facts, action, effect),
        (Some(true), Some(false), None) => scales
            .against(
                true,
                "hybrid, and passwords are not written back; whether one set in Active Directory remediates was not stated (settings)",
            )
            .starting(facts, action, effect),
        _ => scales.needs_writeback(records, facts.settings).starting(facts, action, effect),
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
    let scales = Scales::new().needs_sign_in(records).needs_own_password(records).needs_registration(records);
    let scales = if on_premises {
        scales.note(true, "a hybrid user can change it on-premises, on a joined Windows device")
    } else {
        scales.needs_writeback(records, facts.settings)
    };
    let blocks_at_level = blocking::on_user_risk(&facts.known()).iter().flatten().any(|of| of.policy.asks_for(rules::BLOCK));
    let kept_out = blocks_at_level || facts::blocked(records, facts.tenant, facts.now).by.contains(&BlockedBy::UserRisk);
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
                "At the next sign-in the user passes multifactor authentication and sets a new password{}. {}",
                if records.user.at_risk() == Some(false) { "" } else { "; until then the risk stays open" },
                closes_all(facts, Event::SecurePasswordChange)
            ),
        )
}

/// Section "Allow on-premises password reset to remediate user risks".
pub(super) fn by_on_premises_change(facts: &Facts<'_>) -> Judgement {
    rules::on_premises_change(facts.records, facts.settings)
        .judged(format!("The password is changed on-premises. {}", closes_all(facts, Event::OnPremisesPasswordChange)))
}
