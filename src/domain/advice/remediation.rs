//! What an administrator says of the risk, and what only Microsoft can do.

use std::collections::HashSet;

use super::Facts;
use super::judgement::{Judgement, permitted};
use super::words::{closes_all, transition};
use crate::domain::action::Action;
use crate::domain::facts::{self, Evidence};
use crate::domain::records::{RiskDetection, SignIn, SignInId, UserRecords};
use crate::domain::risk::RiskState;
use crate::domain::scales::Scales;
use crate::domain::text;
use crate::domain::transition::Event;

/// What is to be thought of before acting on the risk of somebody from another tenant.
const GUEST: &str = "a guest: risk, password and sessions are kept in the home tenant, and whose risk is meant here is not sure";

/// Section "Dismiss user risk".
pub(super) fn dismiss(facts: &Facts<'_>) -> Judgement {
    closing(facts, "open a support case: risk of a deleted user cannot be dismissed").starting(
        facts,
        Action::DismissUserRisk,
        format!(
            "{} It cannot be undone. The password is untouched: dismissing does not bring the identity back into a safe state.",
            closes_all(facts, Event::DismissUserRisk)
        ),
    )
}

/// What Entra learns from "Confirm user safe": not in the source document, which is older than that verb.
pub(super) fn confirm_safe(facts: &Facts<'_>) -> Judgement {
    closing(facts, "the account is deleted")
        .note(facts::leaked_credentials(facts.records), "leaked credentials match the present password: they are no false positive")
        .note(true, "for false positives only: the user goes back into learning mode, a blind window of at least 5 days")
        .starting(
            facts,
            Action::ConfirmUserSafe,
            format!(
                "{} It cannot be undone. In learning mode, unfamiliar sign-in properties raise no alarm. The password is untouched.",
                closes_all(facts, Event::ConfirmUserSafe)
            ),
        )
}

/// What both ways of closing risk by word alone ask, and what is to be thought of before.
fn closing(facts: &Facts<'_>, deleted: &str) -> Scales {
    let records = facts.records;
    let expired = facts::evidence(records, facts.now) == Evidence::Expired;
    let theft = facts::token_theft(records);
    Scales::new()
        .against(facts::deleted(records) == Some(true), deleted)
        .needs_risk(facts.records)
        .unknown(facts::guest(records) == Some(true), GUEST)
        .note(theft == Some(true), "token theft: revoke the sessions and reset the password first; a stolen token outlives the dismissal")
        .note(theft.is_none() && !expired, "token theft cannot be ruled out: what made the user risky cannot be seen")
        .note(expired, "the evidence has expired: nothing can be looked at any more")
        .note(facts::confirmed_compromised(records), "an administrator confirmed the compromise")
        .note(records.user.is_processing == Some(true), "Entra is still applying a change: wait for it")
}

/// Section "Confirm a user to be compromised".
pub(super) fn confirm_compromised(facts: &Facts<'_>) -> Judgement {
    let confirmed = facts.records.user.risk_state == Some(RiskState::ConfirmedCompromised);
    let tokens = match facts.settings.continuous_access_evaluation {
        Some(true) => "revoke all access tokens, too: continuous access evaluation ends them",
        Some(false) => "access tokens go on for up to an hour",
        None => "with continuous access evaluation, revoke all access tokens",
    };
    Scales::new()
        .needs_account(facts.records)
        .unknown(facts::guest(facts.records) == Some(true), GUEST)
        .against(confirmed, "an administrator confirmed it already")
        .note(facts.records.user.is_processing == Some(true), "Entra is still applying a change: wait for it")
        .starting(
            facts,
            Action::ConfirmUserCompromised,
            format!(
                "User, risky sign-ins and detections: {}, level high, until the account is secured; risk policies may block the user at \
                 once. Then: reset the password; block the user if the attacker can reset it or pass multifactor authentication; revoke \
                 refresh tokens; disable compromised devices; {tokens}.",
                transition(facts, Event::ConfirmUserCompromised)
            ),
        )
}

/// What is said of the user's sign-ins at risk, instead of the user as a whole; `None` where there are none.
pub(super) fn of_sign_ins(facts: &Facts<'_>, action: Action) -> Option<Judgement> {
    let records = facts.records;
    let at_risk: Vec<&SignIn> = records.sign_ins.iter().filter(|sign_in| sign_in.at_risk() == Some(true)).collect();
    let row = action.event()?.row();
    if at_risk.is_empty() {
        return None;
    }
    let closes = action != Action::ConfirmSignInCompromised;
    let theft = at_risk.iter().any(|sign_in| facts::sign_in_token_theft(records, sign_in) != Some(false));
    let left = facts::open_detections(records) - detections_of_sign_ins(records).len();
    let left_open = match left {
        1 => "1 open detection belongs to none of them, and stays open".to_owned(),
        left => format!("{left} open detections belong to none of them, and stay open"),
    };
    let what = match at_risk.len() {
        1 => "The sign-in at risk and its detections".to_owned(),
        more => format!("The {more} sign-ins at risk and their detections"),
    };
    let then = if closes {
        "What stays open decides the user's risk; there is no learning mode and no blind window. It cannot be undone."
    } else {
        "The user goes to high risk until the account is secured."
    };
    let effect =
        format!("{what}: risk state \"{}\", risk detail \"{}\" ({}). {then}", row.state.words(), row.detail.words(), row.detail.as_str());
    Some(
        Scales::new()
            .needs_account(records)
            .unknown(facts::guest(records) == Some(true), GUEST)
            .note(closes && theft, "token theft, or it cannot be ruled out: revoke the sessions and reset the password first")
            .note(closes && left > 0, left_open)
            .note(records.user.is_processing == Some(true), "Entra is still applying a change: wait for it")
            .starting(facts, action, effect),
    )
}

/// The open detections that belong to a sign-in at risk that was read.
pub(super) fn detections_of_sign_ins(records: &UserRecords) -> Vec<&RiskDetection> {
    let at_risk: HashSet<&SignInId> =
        records.sign_ins.iter().filter(|sign_in| sign_in.at_risk() == Some(true)).map(|sign_in| &sign_in.id).collect();
    let linked = |of: &&RiskDetection| of.is_open() && of.request_id.as_ref().is_some_and(|id| at_risk.contains(id));
    records.detections.iter().filter(linked).collect()
}

/// The checklist of section "Confirm a user to be compromised", as one playbook. Not for those who never were at risk.
pub(super) fn secure_account(facts: &Facts<'_>) -> Option<Judgement> {
    let records = facts.records;
    let concerns = records.user.at_risk() != Some(false) || !facts::not_safe(records).is_empty();
    concerns.then(|| {
        let guest = facts::guest(records) == Some(true);
        let hybrid = records.directory.on_premises_sync_enabled;
        let password_step = match (hybrid, facts.settings.password_writeback) {
            (Some(true), Some(false)) => Some("hybrid, and passwords are not written back: reset the password in Active Directory"),
            (Some(true), None) => Some("hybrid: whether its password can be reset from here is not known, writeback was not stated"),
            (None, Some(false) | None) => Some("whether the user is hybrid was not read: the password step may not be possible from here"),
            _ if facts::federated(records) == Some(true) => Some("federated: the password is kept elsewhere, and is to be reset there"),
            _ => None,
        };
        let left_out: Vec<&str> =
            Action::SecureAccount.steps().iter().filter(|step| !permitted(facts, **step)).map(|step| step.as_str()).collect();
        Scales::new()
            .needs_account(facts.records)
            .unknown(guest, "a guest: password and sessions are kept in the home tenant")
            .note(records.user.at_risk() == Some(false), "no risk is open: taken in against that caution, it secures the account")
            .note(records.user.is_processing == Some(true), "Entra is still applying a change: wait for it")
            .note(password_step.is_some(), password_step.unwrap_or_default())
            .note(!left_out.is_empty(), format!("steps that are not permitted to you are left out: {}", left_out.join(", ")))
            .note(facts::token_theft(records) == Some(true), "token theft: this order ends what a stolen token can do")
            .starting(
                facts,
                Action::SecureAccount,
                "Confirms the compromise, gives a temporary password, blocks sign-in where asked, revokes sessions and disables devices: \
                 each step is planned and confirmed by itself.",
            )
    })
}

/// A compromise that was fixed outside Entra: confirmed first, so that Microsoft learns of it, then dismissed.
pub(super) fn elsewhere(facts: &Facts<'_>) -> Option<Judgement> {
    let records = facts.records;
    (records.user.at_risk() != Some(false)).then(|| {
        let newest = facts::newest_detection(records);
        let changed = records.directory.last_password_change_date_time;
        let scales = closing(facts, "the account is deleted");
        let scales = match (changed, newest) {
            (Some(changed), Some(newest)) if changed < newest => {
                scales.note(true, "the password is older than the newest detection: nothing tells that it was fixed")
            }
            (Some(_), Some(_)) => scales.note(true, "the password is newer than the newest detection"),
            _ => scales.note(true, "whether the password was changed since is not known"),
        };
        scales.starting(
            facts,
            Action::RemediatedElsewhere,
            "Confirms the compromise, waits until the level is high, then dismisses: Entra learns of a true positive that was fixed.",
        )
    })
}

const REMOVES: &str = "Microsoft removes the user from the risk report.";

/// Section "Deleted users".
pub(super) fn for_deleted(facts: &Facts<'_>) -> Judgement {
    Scales::new()
        .needs(facts::deleted(facts.records), "the account is not deleted", "whether the account is deleted was not read")
        .note(true, "the user stays in the risk report, and nobody but Microsoft can take a deleted user out")
        .judged(if facts::deleted(facts.records) == Some(false) {
            REMOVES.to_owned()
        } else {
            format!("{REMOVES} The text of the case:\n{}", support_case(facts))
        })
}

/// The text of a support case for a deleted user that still appears in the risk report, made safe, on several lines.
pub fn support_case(facts: &Facts<'_>) -> String {
    let user = &facts.records.user;
    let word = |word: Option<&str>| word.map_or("unknown".to_owned(), |word| text::safe(word).into_owned());
    format!(
        "Please remove a deleted user from the risk report of Microsoft Entra ID Protection.\n\
         Tenant ID: {}\n\
         Object ID: {}\n\
         User principal name: {}\n\
         Risk state: {}\n\
         Risk level: {}\n\
         The account was deleted from the directory, still appears as a risky user, and cannot be dismissed by an administrator.",
        // Imported files do not tell: the place stays open for whoever sends it.
        facts.tenant_id.map_or_else(|| "<tenant id>".into(), text::safe),
        text::safe(user.id.as_str()),
        word(user.user_principal_name.as_deref()),
        word(user.risk_state.as_ref().map(RiskState::as_str)),
        word(user.risk_level.as_ref().map(crate::domain::risk::RiskLevel::as_str)),
    )
}
