//! Records as JSON: Graph's names, and under `entriage` what the console adds (`design.md` section 4).

use serde_json::{Map, Value, json};

use crate::domain::ledger::Ledger;
use crate::domain::links::Links;
use crate::domain::policy::TenantFacts;
use crate::domain::records::{RiskDetection, SignIn, UserRecords};
use crate::domain::time::Timestamp;
use crate::domain::{catalogue, facts};
use crate::wire;

/// Key of what the console adds.
const ADDED: &str = "entriage";

/// A user.
pub fn user(records: &UserRecords, tenant: &TenantFacts, ledger: &Ledger, now: Timestamp) -> Map<String, Value> {
    let directory = &records.directory;
    let blocked = facts::blocked(records, tenant, now);
    let case = ledger.case(records.id());
    let by: Vec<&str> = blocked.by.iter().map(|by| by.as_str()).collect();
    let expiry = facts::evidence_expires(records, now);
    let mut object = wire::user_to_json(&records.user);
    let added = json!({
        "openDetections": facts::open_detections(records),
        "tokenTheft": facts::token_theft(records),
        "evidence": facts::evidence(records, now).as_str(),
        "deleted": facts::deleted(records),
        "blocked": blocked.value,
        "blockedBy": by,
        "privileged": directory.is_admin,
        "guest": facts::guest(records),
        "hybrid": directory.on_premises_sync_enabled,
        "enabled": directory.account_enabled,
        "mfaRegistered": directory.is_mfa_registered,
        "ssprRegistered": directory.is_sspr_registered,
        "devices": records.devices,
        "authenticationMethods": records.methods,
        "notSafe": facts::not_safe(records).into_iter().map(facts::NotSafe::as_str).collect::<Vec<_>>(),
        "passwordChangePending": ledger.password_change_pending(records),
        "notes": ledger.notes(records.id()).len(),
        "waitingSince": facts::waiting_since(records),
        "evidenceExpires": expiry.map(|expiry| expiry.at),
        "evidenceExpiresFirst": expiry.map(|expiry| expiry.piece.as_str()),
        "verdict": case.and_then(|case| case.verdict),
        "status": case.and_then(|case| case.status()),
        "tags": case.map_or(&[][..], |case| &case.tags),
        "snapshot": case.and_then(|case| case.snapshot.as_ref()).map(|snapshot| json!({"at": snapshot.at, "folder": snapshot.folder})),
    });
    object.insert(ADDED.to_owned(), added);
    object
}

/// A sign-in of a user.
pub fn sign_in(records: &UserRecords, tenant: &TenantFacts, links: &Links<'_>, sign_in: &SignIn) -> Map<String, Value> {
    let detections: Vec<&str> = links.detections_of(sign_in).iter().map(|detection| detection.id.as_str()).collect();
    let known = sign_in.status.as_ref().is_some_and(|status| status.error_code.is_some());
    let mut object = wire::sign_in_to_json(sign_in);
    let added = json!({
        "blockedBy": known.then(|| facts::sign_in_block(records, tenant, sign_in).map(facts::BlockedBy::as_str).into_iter().collect::<Vec<_>>()),
        "tokenTheft": links.token_theft(sign_in),
        "detections": detections,
    });
    object.insert(ADDED.to_owned(), added);
    object
}

/// A detection of a user, with what a token-theft investigation needs of the sign-in it belongs to.
pub fn detection(links: &Links<'_>, detection: &RiskDetection) -> Map<String, Value> {
    let sign_in = links.sign_in_of(detection);
    let mut object = wire::detection_to_json(detection);
    let added = json!({
        "name": detection.risk_event_type.as_deref().map(catalogue::name),
        "tokenTheft": detection.risk_event_type.as_deref().map(catalogue::is_token_theft),
        "signInDateTime": sign_in.and_then(|sign_in| sign_in.created_date_time),
        "appDisplayName": sign_in.and_then(|sign_in| sign_in.app_display_name.as_deref()),
        "clientAppUsed": sign_in.and_then(|sign_in| sign_in.client_app_used.as_deref()),
        "userAgent": sign_in.and_then(|sign_in| sign_in.user_agent.as_deref()),
        "sessionId": sign_in.and_then(|sign_in| sign_in.session_id.as_deref()),
        "uniqueTokenIdentifier": sign_in.and_then(|sign_in| sign_in.unique_token_identifier.as_deref()),
        "incomingTokenType": sign_in.and_then(|sign_in| sign_in.incoming_token_type.as_ref()),
        "autonomousSystemNumber": sign_in.and_then(|sign_in| sign_in.autonomous_system_number),
        "isInteractive": sign_in.and_then(|sign_in| sign_in.is_interactive),
    });
    object.insert(ADDED.to_owned(), added);
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;

    #[test]
    fn what_was_not_read_is_null_and_never_false() {
        let mut records = fixture::risky_user("u1", "anomalousToken");
        records.directory = Default::default();
        records.user.is_deleted = None;
        let added = user(&records, &TenantFacts::default(), &Ledger::default(), fixture::now())[ADDED].clone();
        for key in
            ["deleted", "privileged", "guest", "hybrid", "enabled", "mfaRegistered", "ssprRegistered", "devices", "authenticationMethods"]
        {
            assert_eq!(added[key], Value::Null, "{key}");
        }
        assert_eq!((&added["tokenTheft"], &added["openDetections"], &added["evidence"]), (&json!(true), &json!(1), &json!("fresh")));
    }

    #[test]
    fn sign_ins_and_detections_name_each_other() {
        let records = fixture::risky_user("u1", "anomalousToken");
        let links = Links::of(&records);
        let added = sign_in(&records, &TenantFacts::default(), &links, &records.sign_ins[0])[ADDED].clone();
        assert_eq!((&added["detections"], &added["blockedBy"]), (&json!(["u1-d1"]), &json!([])));
        assert_eq!(detection(&links, &records.detections[0])[ADDED]["sessionId"], "u1-session");
        let mut alone = records.clone();
        alone.sign_ins.clear();
        assert_eq!(detection(&Links::of(&alone), &alone.detections[0])[ADDED]["sessionId"], Value::Null);
    }
}
