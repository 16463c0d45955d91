//! The facts that an explanation rests on, each with its source.

use serde_json::{Value, json};

use super::{Fact, Facts};
use crate::domain::blocking;
use crate::domain::facts;
use crate::domain::records::SignIn;
use crate::domain::settings::Setting;
use crate::domain::time::Timestamp;

/// The facts, known or not.
pub(super) fn facts(facts: &Facts<'_>) -> Vec<Fact> {
    let records = facts.records;
    let (user, directory) = (&records.user, &records.directory);
    let fact = |name, value, source| Fact { name, value, source };
    let mut all = vec![
        fact("riskState", json!(user.risk_state), "riskyUser"),
        fact("riskLevel", json!(user.risk_level), "riskyUser"),
        fact("riskDetail", json!(user.risk_detail), "riskyUser"),
        fact("isDeleted", json!(facts::deleted(records)), "riskyUser"),
        fact("isProcessing", json!(user.is_processing), "riskyUser"),
        fact("openDetections", json!(facts::open_detections(records)), "riskDetections"),
        fact("tokenTheft", json!(facts::token_theft(records)), "riskDetections"),
        fact("evidence", json!(facts::evidence(records, facts.now).as_str()), "riskDetections"),
        fact("newestDetection", json!(facts::newest_detection(records)), "riskDetections"),
        fact("accountEnabled", json!(directory.account_enabled), "directory"),
        fact("guest", json!(facts::guest(records)), "directory"),
        fact("hybrid", json!(directory.on_premises_sync_enabled), "directory"),
        fact("lastPasswordChangeDateTime", json!(directory.last_password_change_date_time), "directory"),
        fact("signInSessionsValidFromDateTime", json!(directory.sign_in_sessions_valid_from_date_time), "directory"),
        fact("passwordChangeRequired", json!(directory.password_change_required), "directory"),
        fact("passwordChangeRequiredAt", json!(facts.change_required_at), "journal"),
        fact("deviceCount", json!(records.devices.as_ref().map(Vec::len)), "directory"),
        fact("devices", json!(records.devices), "directory"),
        fact("authenticationMethods", json!(records.methods), "registration"),
        fact("privileged", json!(directory.is_admin), "registration"),
        fact("isMfaRegistered", json!(directory.is_mfa_registered), "registration"),
        fact("isSsprRegistered", json!(directory.is_sspr_registered), "registration"),
        fact("methodsAddedSince", json!(facts::methods_added_since(records)), "registration"),
        fact("federated", json!(facts::federated(records)), "signIns"),
        fact("legacyProtocol", legacy_protocols(facts), "signIns"),
        fact("blockedAddresses", blocked_addresses(facts), "signIns"),
        fact("userRiskPolicies", names(blocking::on_user_risk(&facts.known())), "conditionalAccess"),
        fact("signInRiskPolicies", names(blocking::on_sign_in_risk(&facts.known())), "conditionalAccess"),
    ];
    all.extend(Setting::ALL.map(|setting| fact(setting.as_str(), json!(facts.settings.get(setting)), "settings")));
    all
}

fn names(applying: Option<Vec<blocking::Applying<'_>>>) -> Value {
    json!(applying.map(|all| all.iter().map(|of| of.policy.display_name.clone()).collect::<Vec<_>>()))
}

/// Blocked sign-ins, as far as sign-ins were read.
fn of_blocked<'a>(facts: &Facts<'a>, tell: impl Fn(&'a SignIn) -> Option<&'a str>) -> Value {
    if facts.records.sign_ins.is_empty() {
        return Value::Null;
    }
    let mut told: Vec<&str> =
        facts::blocked_sign_ins(facts.records, facts.tenant, facts.now).into_iter().filter_map(|(_, sign_in)| tell(sign_in)).collect();
    told.sort_unstable();
    told.dedup();
    json!(told)
}

fn legacy_protocols(facts: &Facts<'_>) -> Value {
    of_blocked(facts, facts::legacy_protocol)
}

fn blocked_addresses(facts: &Facts<'_>) -> Value {
    of_blocked(facts, |sign_in| sign_in.ip_address.as_deref())
}

/// A password change that was required and is not known to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PendingChange {
    /// Since when, where that is known from the journal.
    pub since: Option<Timestamp>,
    /// Whether the directory says that it is still required; `None` where neither it nor a later password change tells.
    pub sure: bool,
}

/// The password change that is pending, by the directory and by the journal.
pub(super) fn pending_change(facts: &Facts<'_>) -> Option<PendingChange> {
    let directory = &facts.records.directory;
    let since = facts.change_required_at.filter(|at| directory.last_password_change_date_time.is_none_or(|changed| changed < *at));
    match directory.password_change_required {
        Some(true) => Some(PendingChange { since, sure: true }),
        Some(false) => None,
        None => since.map(|at| PendingChange { since: Some(at), sure: directory.last_password_change_date_time.is_some() }),
    }
}
