//! Risky users, their history, detections and what the directory says.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::place;
use super::properties::Properties;
use super::values::{
    activity, detection_timing, detection_type, flag, risk_detail, risk_level, risk_state, text, time, token_issuer, word, words,
};
use crate::domain::records::{Directory, Record, RiskDetection, RiskyUser, RiskyUserHistoryItem, UserId};
use crate::domain::tenant_text::TenantText;
use crate::domain::time::Timestamp;

/// Whom a record is about.
pub struct Person {
    /// The object id; the principal name in lower case where only that was given.
    pub id: UserId,
    /// Sign-in name.
    pub principal_name: Option<TenantText>,
    /// Name for people.
    pub display_name: Option<TenantText>,
}

/// The user id of a sign-in whose user is not known to the tenant.
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

/// Takes whom a record is about; `ids` are the names its user id may have.
pub fn person(properties: &mut Properties, ids: &[&str]) -> Result<Person, String> {
    let id = properties.take(ids, |value| word(value).filter(|id| id.as_str() != NOBODY));
    let principal_name = properties.take(&["userprincipalname", "username", "upn", "accountupn"], word);
    let display_name = properties.take(&["userdisplayname", "user", "accountdisplayname", "identity"], word);
    let mail = display_name.clone().filter(|name| name.contains('@') && !name.contains(' '));
    let principal_name = principal_name.or(mail);
    let lower_case = || principal_name.as_ref().map(|name| TenantText::from(name.to_lowercase()));
    match id.or_else(lower_case) {
        Some(id) => Ok(Person { id: id.into(), principal_name, display_name }),
        None if properties.has("serviceprincipalid") || properties.has("serviceprincipalname") => {
            Err("it is about a service principal, not a user".to_owned())
        }
        None => Err(format!("neither {} nor userPrincipalName is in it", if ids.contains(&"id") { "id" } else { "userId" })),
    }
}

/// An id for a record that came without one: the same for the same content.
pub fn derived_id(parts: &[&str]) -> TenantText {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

/// A time as a part of a derived id.
pub fn time_part(time: Option<Timestamp>) -> String {
    time.map(|time| time.to_string()).unwrap_or_default()
}

/// Reads a `riskyUser`.
pub fn user(object: Map<String, Value>) -> Result<Record, String> {
    let mut properties = Properties::new(object);
    let person = person(&mut properties, &["id", "userid", "objectid", "aaduserid"])?;
    let is_deleted = properties.take(&["isdeleted", "deleted"], flag);
    // The portal's column "Status".
    let status = |value: &Value| match word(value)?.to_ascii_lowercase().as_str() {
        "deleted" => Some(true),
        "active" => Some(false),
        _ => None,
    };
    Ok(Record::User(RiskyUser {
        id: person.id,
        user_principal_name: person.principal_name,
        user_display_name: person.display_name.or_else(|| properties.take(&["displayname"], word)),
        risk_level: properties.take(&["risklevel"], risk_level),
        risk_state: properties.take(&["riskstate"], risk_state),
        risk_detail: properties.take(&["riskdetail", "riskdetails"], risk_detail),
        risk_last_updated_date_time: properties.take(
            &[
                "risklastupdateddatetime",
                "risklastupdated",
                "risklastupdateddate",
                "lastupdateddatetime",
                "lastupdated",
                "timegenerated",
                "time",
            ],
            time,
        ),
        is_deleted: is_deleted.or_else(|| properties.take(&["status", "userstatus"], status)),
        is_processing: properties.take(&["isprocessing", "riskprocessingstate", "processing"], flag),
        extra: properties.into_extra(),
    }))
}

/// Reads a `riskyUserHistoryItem`.
pub fn history(object: Map<String, Value>) -> Result<Record, String> {
    let mut properties = Properties::new(object);
    let id = properties.take(&["id"], word);
    let person = person(&mut properties, &["userid"]).or_else(|reason| match &id {
        // A history item's id begins with the user's (`graph.md` section 1.4).
        Some(id) if id.len() >= 36 => {
            Ok(Person { id: id.chars().take(36).collect::<String>().into(), principal_name: None, display_name: None })
        }
        _ => Err(reason),
    })?;
    let mut risk_event_types = properties.take(&["riskeventtypes", "eventtypes"], words).unwrap_or_default();
    let mut detail = properties.take(&["riskdetail"], risk_detail);
    if let Some((name, mut activity)) = properties.take_object(&["activity"]) {
        if risk_event_types.is_empty() {
            risk_event_types = activity.take(&["riskeventtypes"], words).unwrap_or_default();
        }
        if risk_event_types.is_empty() {
            risk_event_types = activity.take(&["eventtypes"], words).unwrap_or_default();
        }
        let of_activity = activity.take(&["detail"], risk_detail);
        match (&detail, of_activity) {
            (None, of_activity) => detail = of_activity,
            (Some(known), Some(other)) if *known != other => activity.put("detail".to_owned(), Value::String(other.to_string())),
            _ => {}
        }
        properties.keep_rest(name, activity);
    }
    let at = properties.take(&["risklastupdateddatetime", "risklastupdated", "activitydatetime", "timegenerated", "time"], time);
    Ok(Record::History(RiskyUserHistoryItem {
        id: id.unwrap_or_else(|| derived_id(&[person.id.as_str(), "history", &time_part(at)])),
        user_id: person.id,
        user_principal_name: person.principal_name,
        user_display_name: person.display_name,
        risk_level: properties.take(&["risklevel"], risk_level),
        risk_state: properties.take(&["riskstate"], risk_state),
        risk_detail: detail,
        risk_last_updated_date_time: at,
        initiated_by: properties.take(&["initiatedby", "actor"], word),
        risk_event_types: risk_event_types.iter().map(|given| detection_type(given)).collect(),
        extra: properties.into_extra(),
    }))
}

/// Reads a `riskDetection`.
pub fn detection(object: Map<String, Value>) -> Result<Record, String> {
    let mut properties = Properties::new(object);
    let person = person(&mut properties, &["userid", "aaduserid", "userobjectid", "accountobjectid"])?;
    let id = properties.take(&["id", "detectionid", "riskdetectionid", "riskeventid"], word);
    let kind = properties.take(&["riskeventtype", "detectiontype", "risktype", "riskeventname"], word).map(|given| detection_type(&given));
    let request_id = properties.take(&["requestid", "signinrequestid", "signinid"], word);
    let correlation_id = properties.take(&["correlationid", "signincorrelationid"], word);
    let activity_date_time = properties.take(&["activitydatetime", "activitytime", "signintime", "timeofactivity"], time);
    let detected_date_time =
        properties.take(&["detecteddatetime", "detectiontime", "timedetected", "detecteddate", "detected", "detectiondate", "date"], time);
    let last_updated_date_time = properties.take(
        &[
            "lastupdateddatetime",
            "detectionlastupdated",
            "lastupdated",
            "risklastupdated",
            "risklastupdateddatetime",
            "timegenerated",
            "time",
        ],
        time,
    );
    let at = time_part(detected_date_time.or(activity_date_time).or(last_updated_date_time));
    let derived = || {
        let parts = [person.id.as_str(), kind.as_deref().unwrap_or_default(), &at, request_id.as_deref().unwrap_or_default()];
        derived_id(&parts)
    };
    let additional_info = properties.take(&["additionalinfo", "additionalinformation"], |value| match value {
        Value::Array(_) | Value::Object(_) => Some(value.to_string().into()),
        _ => text(value),
    });
    Ok(Record::Detection(RiskDetection {
        id: id.unwrap_or_else(derived).into(),
        user_id: person.id,
        user_principal_name: person.principal_name,
        user_display_name: person.display_name,
        risk_event_type: kind,
        risk_level: properties.take(&["risklevel", "detectionrisklevel"], risk_level),
        risk_state: properties.take(&["riskstate"], risk_state),
        risk_detail: properties.take(&["riskdetail", "riskdetails"], risk_detail),
        detection_timing_type: properties.take(&["detectiontimingtype", "detectiontiming", "timingtype"], detection_timing),
        activity: properties.take(&["activity", "activitytype"], activity),
        token_issuer_type: properties.take(&["tokenissuertype"], token_issuer),
        ip_address: properties.take(&["ipaddress", "signinipaddress", "ip", "calleripaddress"], word),
        location: place::location(&mut properties, &["location", "signinlocation", "locationdetails"]),
        request_id: request_id.map(Into::into),
        correlation_id,
        activity_date_time,
        detected_date_time,
        last_updated_date_time,
        source: properties.take(&["source", "detectionsource"], word),
        mitre_technique_id: properties.take(&["mitretechniqueid"], word),
        additional_info,
        extra: properties.into_extra(),
    }))
}

/// Reads what `user` or `userRegistrationDetails` says. Other properties of these are not kept: a
/// directory object is not evidence of risk.
pub fn directory(object: Map<String, Value>) -> Result<Record, String> {
    let mut properties = Properties::new(object);
    let person = person(&mut properties, &["id", "objectid", "userid"])?;
    Ok(Record::Directory(
        person.id,
        Directory {
            account_enabled: properties.take(&["accountenabled", "enabled"], flag),
            user_type: properties.take(&["usertype"], word),
            on_premises_sync_enabled: properties.take(&["onpremisessyncenabled", "dirsyncenabled"], flag),
            is_admin: properties.take(&["isadmin"], flag),
            is_mfa_registered: properties.take(&["ismfaregistered"], flag),
            is_sspr_registered: properties.take(&["isssprregistered"], flag),
            last_password_change_date_time: properties.take(&["lastpasswordchangedatetime"], time),
            sign_in_sessions_valid_from_date_time: properties
                .take(&["signinsessionsvalidfromdatetime", "refreshtokensvalidfromdatetime"], time),
            password_change_required: properties
                .take(&["passwordprofile"], change_required)
                .or_else(|| properties.take(&["passwordchangerequired"], flag)),
        },
    ))
}

/// Whether a `passwordProfile` asks for a change at the next sign-in, with multifactor authentication or without.
fn change_required(profile: &Value) -> Option<bool> {
    let asks = |name: &str| profile.get(name).and_then(Value::as_bool);
    match (asks("forceChangePasswordNextSignIn"), asks("forceChangePasswordNextSignInWithMfa")) {
        (None, None) => None,
        (plain, with_mfa) => Some(plain == Some(true) || with_mfa == Some(true)),
    }
}
