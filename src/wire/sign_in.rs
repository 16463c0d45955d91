//! Sign-ins.

use serde_json::{Map, Value};

use super::place;
use super::properties::Properties;
use super::risk_records::{derived_id, person, time_part};
use super::values::{
    conditional_access, detection_type, flag, incoming_token, integer, risk_detail, risk_level, risk_state, spelt, text, time,
    token_issuer, word, words,
};
use crate::domain::records::{AppliedPolicy, DeviceDetail, Record, SignIn, SignInStatus};
use crate::domain::tenant_text::TenantText;

const PROTOCOLS: [&str; 22] = [
    "none",
    "oAuth2",
    "ropc",
    "wsFederation",
    "saml20",
    "deviceCode",
    "authenticationTransfer",
    "nativeAuth",
    "authorizationCodeWithoutPkce",
    "authorizationCodeWithPkce",
    "clientCredentials",
    "refreshTokenGrant",
    "encryptedAuthorizeResponse",
    "directUserGrant",
    "kerberos",
    "prtGrant",
    "seamlessSso",
    "prtBrokerBased",
    "prtNonBrokerBased",
    "onBehalfOf",
    "samlOnBehalfOf",
    "unknownFutureValue",
];
const REQUIREMENTS: [&str; 2] = ["singleFactorAuthentication", "multiFactorAuthentication"];
const TRANSFERS: [&str; 3] = ["none", "deviceCodeFlow", "authenticationTransfer"];
const PROTECTIONS: [&str; 3] = ["none", "bound", "unbound"];

/// Reads a `signIn`.
pub fn sign_in(object: Map<String, Value>) -> Result<Record, String> {
    let mut properties = Properties::new(object);
    let person = person(&mut properties, &["userid", "userobjectid", "accountobjectid"])?;
    let id = properties.take(&["id", "requestid", "signinid", "signinrequestid"], word);
    let correlation_id = properties.take(&["correlationid", "signincorrelationid"], word);
    let created_date_time = properties.take(&["createddatetime", "date", "signintime", "timegenerated", "time", "timestamp"], time);
    let ip_address = properties.take(&["ipaddress", "ip", "calleripaddress"], word);
    let app_display_name = properties.take(&["appdisplayname", "application", "applicationname"], word);
    let derived = || {
        let known = [&correlation_id, &ip_address, &app_display_name].map(|part| part.as_deref().unwrap_or_default());
        let at = time_part(created_date_time);
        derived_id(&[person.id.as_str(), "signIn", &at, known[0], known[1], known[2]])
    };
    let id = id.unwrap_or_else(derived);
    let mut sign_in = SignIn::unknown(id.into(), person.id.clone());
    sign_in.user_principal_name = person.principal_name;
    sign_in.user_display_name = person.display_name;
    sign_in.created_date_time = created_date_time;
    sign_in.correlation_id = correlation_id;
    sign_in.ip_address = ip_address;
    sign_in.app_display_name = app_display_name;
    sign_in.app_id = properties.take(&["appid", "applicationid"], word);
    // A log's own resource is the directory service ("/tenants/…/Microsoft.aadiam"), not the resource signed in to.
    let of_directory = |text: &TenantText| text.starts_with('/') || text.eq_ignore_ascii_case("Microsoft.aadiam");
    let resource = |value: &Value| word(value).filter(|text| !of_directory(text));
    sign_in.resource_id = properties.take(&["resourceidentity", "resourceid"], resource);
    sign_in.resource_display_name = properties.take(&["resourcedisplayname", "resource"], resource);
    sign_in.client_app_used = properties.take(&["clientappused", "clientapp", "signinclient"], word);
    sign_in.user_agent = properties.take(&["useragent"], text);
    sign_in.device_detail = device(&mut properties);
    sign_in.ip_address_from_resource_provider = properties.take(&["ipaddressfromresourceprovider", "ipaddressseenbyresource"], word);
    sign_in.autonomous_system_number = properties.take(&["autonomoussystemnumber", "asn"], integer);
    sign_in.location = place::location(&mut properties, &["locationdetails", "location", "signinlocation"]);
    sign_in.sign_in_event_types = properties.take(&["signineventtypes"], words).unwrap_or_default();
    sign_in.is_interactive = properties.take(&["isinteractive", "interactive"], flag).or_else(|| {
        let types = &sign_in.sign_in_event_types;
        types
            .iter()
            .find(|kind| kind.to_ascii_lowercase().ends_with("interactiveuser"))
            .map(|kind| kind.eq_ignore_ascii_case("interactiveUser"))
    });
    sign_in.status = status(&mut properties);
    sign_in.conditional_access_status = properties.take(&["conditionalaccessstatus", "conditionalaccess"], conditional_access);
    sign_in.applied_conditional_access_policies = policies(&mut properties);
    sign_in.authentication_requirement = properties.take(&["authenticationrequirement"], word).map(|given| spelt(given, &REQUIREMENTS));
    sign_in.authentication_protocol = properties.take(&["authenticationprotocol"], word).map(|given| spelt(given, &PROTOCOLS));
    sign_in.risk_level_during_sign_in =
        properties.take(&["risklevelduringsignin", "risklevelrealtime", "risklevelsignin", "realtimerisklevel"], risk_level);
    sign_in.risk_level_aggregated =
        properties.take(&["risklevelaggregated", "risklevelaggregate", "aggregaterisklevel", "risklevel"], risk_level);
    sign_in.risk_state = properties.take(&["riskstate"], risk_state);
    sign_in.risk_detail = properties.take(&["riskdetail", "riskdetails"], risk_detail);
    sign_in.risk_event_types = detection_types(&mut properties);
    sign_in.session_id = properties.take(&["sessionid"], word);
    sign_in.unique_token_identifier = properties.take(&["uniquetokenidentifier", "uniquetokenid"], word);
    sign_in.incoming_token_type = properties.take(&["incomingtokentype"], incoming_token);
    sign_in.token_issuer_type = properties.take(&["tokenissuertype"], token_issuer);
    sign_in.token_issuer_name = properties.take(&["tokenissuername"], word);
    sign_in.original_request_id = properties.take(&["originalrequestid"], word);
    sign_in.original_transfer_method = properties.take(&["originaltransfermethod"], word).map(|given| spelt(given, &TRANSFERS));
    sign_in.sign_in_token_protection_status =
        properties.take(&["signintokenprotectionstatus", "tokenprotectionsigninsession"], word).map(|given| spelt(given, &PROTECTIONS));
    sign_in.user_type = properties.take(&["usertype"], word);
    sign_in.flagged_for_review = properties.take(&["flaggedforreview"], flag);
    sign_in.home_tenant_id = properties.take(&["hometenantid"], word);
    sign_in.cross_tenant_access_type = properties.take(&["crosstenantaccesstype"], word);
    sign_in.extra = properties.into_extra();
    Ok(Record::SignIn(Box::new(sign_in)))
}

/// `riskEventTypes_v2`; the old enum only where that says nothing, as it is mostly empty or incomplete.
fn detection_types(properties: &mut Properties) -> Vec<TenantText> {
    let newer = properties.take(&["riskeventtypesv2"], words).unwrap_or_default();
    let some = |value: &Value| words(value).filter(|types| !types.is_empty());
    let types = if newer.is_empty() {
        properties.take(&["riskeventtypes", "detectiontypes", "detectiontype", "risktypes"], some).unwrap_or_default()
    } else {
        newer
    };
    types.iter().map(|given| detection_type(given)).collect()
}

/// Text in nested objects: empty text is kept, because Graph sends it for "none" (`graph.md` section 1.6).
fn received(value: &Value) -> Option<TenantText> {
    match value {
        Value::String(text) => Some(text.as_str().into()),
        value => text(value),
    }
}

fn status(properties: &mut Properties) -> Option<SignInStatus> {
    let mut status = SignInStatus::default();
    if let Some((name, mut object)) = properties.take_object(&["status"]) {
        status.error_code = object.take(&["errorcode"], integer);
        status.failure_reason = object.take(&["failurereason"], received);
        status.additional_details = object.take(&["additionaldetails"], received);
        properties.keep_rest(name, object);
    }
    let code = |value: &Value| integer(value).or_else(|| word(value)?.eq_ignore_ascii_case("success").then_some(0));
    let column = properties.take(&["signinerrorcode", "errorcode", "statuserrorcode", "resulttype"], code);
    status.error_code = status.error_code.or(column);
    let reason = properties.take(&["failurereason", "statusfailurereason", "resultdescription"], word);
    status.failure_reason = status.failure_reason.or(reason);
    let details = properties.take(&["additionaldetails", "statusadditionaldetails"], word);
    status.additional_details = status.additional_details.or(details);
    // The portal's column: "Success", "Failure" or "Interrupted".
    if let Some(outcome) = properties.take(&["status"], word) {
        if outcome.eq_ignore_ascii_case("success") {
            status.error_code = status.error_code.or(Some(0));
        } else {
            status.failure_reason = status.failure_reason.or(Some(outcome));
        }
    }
    (status != SignInStatus::default()).then_some(status)
}

fn device(properties: &mut Properties) -> Option<DeviceDetail> {
    let mut device = DeviceDetail::default();
    if let Some((name, mut object)) = properties.take_object(&["devicedetail", "device"]) {
        device = DeviceDetail {
            device_id: object.take(&["deviceid"], received),
            display_name: object.take(&["displayname"], received),
            operating_system: object.take(&["operatingsystem"], received),
            browser: object.take(&["browser"], received),
            is_compliant: object.take(&["iscompliant"], flag),
            is_managed: object.take(&["ismanaged"], flag),
            trust_type: object.take(&["trusttype"], received),
        };
        properties.keep_rest(name, object);
    }
    let id = properties.take(&["deviceid", "devicedetaildeviceid"], word);
    device.device_id = device.device_id.or(id);
    let name = properties.take(&["devicename", "devicedetaildisplayname", "device"], word);
    device.display_name = device.display_name.or(name);
    let system = properties.take(&["operatingsystem", "os", "devicedetailoperatingsystem"], word);
    device.operating_system = device.operating_system.or(system);
    let browser = properties.take(&["browser", "devicedetailbrowser"], word);
    device.browser = device.browser.or(browser);
    let compliant = properties.take(&["compliant", "iscompliant", "devicedetailiscompliant"], flag);
    device.is_compliant = device.is_compliant.or(compliant);
    let managed = properties.take(&["managed", "ismanaged", "devicedetailismanaged"], flag);
    device.is_managed = device.is_managed.or(managed);
    let trust = properties.take(&["jointype", "trusttype", "devicedetailtrusttype"], word);
    device.trust_type = device.trust_type.or(trust);
    (device != DeviceDetail::default()).then_some(device)
}

fn policies(properties: &mut Properties) -> Vec<AppliedPolicy> {
    const NAMES: [&str; 2] = ["appliedconditionalaccesspolicies", "conditionalaccesspolicies"];
    let list = |value: &Value| match value {
        Value::Array(items) => Some(items.clone()),
        Value::String(text) => serde_json::from_str::<Vec<Value>>(text).ok(),
        _ => None,
    };
    let items = properties.take(&NAMES, list).unwrap_or_default();
    let (mut applied, mut left) = (Vec::new(), Vec::new());
    for item in items {
        let Value::Object(object) = item else { continue };
        let mut object = Properties::new(object);
        let policy = AppliedPolicy {
            id: object.take(&["id"], word),
            display_name: object.take(&["displayname"], received),
            result: object.take(&["result"], word),
            enforced_grant_controls: object.take(&["enforcedgrantcontrols"], words).unwrap_or_default(),
        };
        let mut rest = object.into_map();
        if !rest.is_empty()
            && let Some(id) = &policy.id
        {
            // The id says to which policy the rest belongs when the record is written again.
            rest.insert("id".to_owned(), Value::String(id.as_str().to_owned()));
            left.push(Value::Object(rest));
        }
        applied.push(policy);
    }
    if !left.is_empty() {
        properties.keep("appliedConditionalAccessPolicies".to_owned(), Value::Array(left));
    }
    applied
}
