//! What kind of record an object is, and from which source.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::wire::{Kind, is_blank, normalised};

/// A kind of record, and what the source calls it.
pub(super) type Shape = (Kind, &'static str);

/// What is known of an object from around it.
#[derive(Clone, Copy, Default)]
pub(super) struct Around<'a> {
    /// `@odata.context` of the page, or the name of the property that holds the list.
    pub context: &'a str,
    /// The shape of the table that the row is in.
    pub table: Option<Shape>,
    /// Whether the file is of interactive sign-ins.
    pub is_interactive: Option<bool>,
}

/// The logs of diagnostic settings that are risk data of users, with the tables they become.
const LOGS: [(&str, Kind, &str, &str); 4] = [
    ("RiskyUsers", Kind::RiskyUser, "RiskyUsers log", "AADRiskyUsers table"),
    ("UserRiskEvents", Kind::RiskDetection, "UserRiskEvents log", "AADUserRiskEvents table"),
    ("SignInLogs", Kind::SignIn, "SignInLogs log", "SigninLogs table"),
    ("NonInteractiveUserSignInLogs", Kind::SignIn, "NonInteractiveUserSignInLogs log", "AADNonInteractiveUserSignInLogs table"),
];

/// What an object is.
pub(super) struct Identity {
    /// The kind of record.
    pub kind: Kind,
    /// What it was found as.
    pub label: &'static str,
    in_envelope: bool,
}

/// Tells what an object is. The error says why it is none of the records that are read.
pub(super) fn identify(object: &Map<String, Value>, around: Around<'_>) -> Result<Identity, String> {
    let known = |(kind, label)| Ok(Identity { kind, label, in_envelope: false });
    if let Some(shape) = by_type(object)? {
        return known(shape);
    }
    if let Some(shape) = by_table(object)? {
        return known(shape);
    }
    if let Some(identity) = by_category(object)? {
        return Ok(identity);
    }
    if let Some(shape) = around.table {
        return known(shape);
    }
    let style = Style::of(object.keys());
    if let Some(kind) = by_context(around.context)? {
        return known((kind, label(kind, style)));
    }
    let names: HashSet<String> = object.keys().map(|name| normalised(name)).collect();
    by_names(&names, style).map_err(|reason| error_answer(object).unwrap_or(reason)).and_then(known)
}

impl Identity {
    /// Takes the record out of the envelope of a log, and adds what is known from around it.
    pub fn payload(&self, object: Map<String, Value>, around: Around<'_>) -> Map<String, Value> {
        let mut payload = if self.in_envelope { open_envelope(object, self.kind) } else { object };
        let non_interactive = self.label.contains("NonInteractive");
        if self.kind == Kind::SignIn
            && let Some(is_interactive) = if non_interactive { Some(false) } else { around.is_interactive }
            && find(&payload, "isinteractive").is_none()
        {
            payload.insert("isInteractive".to_owned(), Value::Bool(is_interactive));
        }
        payload
    }
}

/// The property of this (normalised) name, where it says something.
pub(super) fn find<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.iter().find(|(key, value)| !is_blank(value) && normalised(key) == name).map(|(_, value)| value)
}

fn find_text<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    find(object, name).and_then(Value::as_str).map(str::trim)
}

/// By its own `@odata.type`.
fn by_type(object: &Map<String, Value>) -> Result<Option<Shape>, String> {
    let Some(given) = object.get("@odata.type").and_then(Value::as_str) else { return Ok(None) };
    let name = given.rsplit('.').next().unwrap_or(given);
    let kind = match name.trim_start_matches('#').to_ascii_lowercase().as_str() {
        "riskyuser" => Kind::RiskyUser,
        "riskyuserhistoryitem" => Kind::RiskyUserHistoryItem,
        "riskdetection" => Kind::RiskDetection,
        "signin" => Kind::SignIn,
        "user" => Kind::User,
        "userregistrationdetails" => Kind::UserRegistrationDetails,
        _ => return Err(format!("{given} is not risk data of a user")),
    };
    Ok(Some((kind, label(kind, Style::Graph))))
}

/// By the column `Type` of a Log Analytics row.
fn by_table(object: &Map<String, Value>) -> Result<Option<Shape>, String> {
    let Some(given) = find_text(object, "type") else { return Ok(None) };
    let known = LOGS.iter().find(|(.., table)| table.strip_suffix(" table").is_some_and(|table| table.eq_ignore_ascii_case(given)));
    match known {
        Some((_, kind, _, table)) => Ok(Some((*kind, table))),
        None if given.starts_with("AAD") => Err(format!("table {given} is not risk data of users")),
        None => Ok(None),
    }
}

/// By the category of a log record, which may be in an envelope.
fn by_category(object: &Map<String, Value>) -> Result<Option<Identity>, String> {
    let Some(given) = find_text(object, "category") else { return Ok(None) };
    let properties = find(object, "properties").is_some();
    let known = LOGS.iter().find(|(category, ..)| category.eq_ignore_ascii_case(given));
    match known {
        Some((_, kind, log, table)) => {
            let is_row = !properties && find(object, "timegenerated").is_some();
            Ok(Some(Identity { kind: *kind, label: if is_row { table } else { log }, in_envelope: properties }))
        }
        None if properties || find(object, "operationname").is_some() || find(object, "activitydisplayname").is_some() => {
            Err(format!("category {given} is not risk data"))
        }
        None => Ok(None),
    }
}

/// The payload of a log record. What the envelope says fills its gaps, where it means the same: the
/// correlation id of a risk log is the record's own id, and the location of a risky user's log is a region
/// of the service.
fn open_envelope(mut envelope: Map<String, Value>, kind: Kind) -> Map<String, Value> {
    let name = envelope.keys().find(|name| normalised(name) == "properties").cloned().unwrap_or_default();
    let mut payload = match envelope.remove(&name) {
        Some(Value::Object(object)) => object,
        Some(Value::String(text)) => serde_json::from_str(&text).unwrap_or_default(),
        _ => Map::new(),
    };
    let fill: &[&str] = match kind {
        Kind::SignIn => &["time", "resulttype", "resultdescription", "calleripaddress", "location", "correlationid", "identity"],
        Kind::RiskDetection => &["time", "calleripaddress", "location"],
        _ => &["time"],
    };
    let held: HashSet<String> = payload.iter().filter(|(_, value)| !is_blank(value)).map(|(name, _)| normalised(name)).collect();
    let has_location = held.contains("location") || held.contains("locationdetails");
    for (name, value) in envelope {
        let key = normalised(&name);
        let held = held.contains(&key) || (key == "location" && has_location) || (key == "calleripaddress" && held.contains("ipaddress"));
        // What the status of a sign-in says is told more fully there.
        let told = kind == Kind::SignIn && key.starts_with("result") && has_status(&payload, &key);
        if fill.contains(&key.as_str()) && !held && !told {
            payload.insert(name, value);
        }
    }
    payload
}

fn has_status(payload: &Map<String, Value>, key: &str) -> bool {
    let wanted = if key == "resulttype" { "errorcode" } else { "failurereason" };
    matches!(find(payload, "status"), Some(Value::Object(status)) if find(status, wanted).is_some())
}

/// By `@odata.context`, or the name of a list.
fn by_context(context: &str) -> Result<Option<Kind>, String> {
    let context = context.rsplit_once('#').map_or(context, |(_, fragment)| fragment).to_ascii_lowercase();
    for other in ["riskyserviceprincipal", "serviceprincipalriskdetection", "riskyagent", "agentriskdetection"] {
        if context.contains(other) {
            return Err(format!("{other} is not about users"));
        }
    }
    let (path, _) = context.split_once('(').unwrap_or((&context, ""));
    Ok(if context.contains("/history") || context.contains("riskyuserhistory") {
        Some(Kind::RiskyUserHistoryItem)
    } else if path.contains("riskyuser") {
        Some(Kind::RiskyUser)
    } else if path.contains("riskdetection") {
        Some(Kind::RiskDetection)
    } else if path.contains("userregistrationdetails") {
        Some(Kind::UserRegistrationDetails)
    } else if path.ends_with("signins") {
        Some(Kind::SignIn)
    } else if (path == "users" || path == "users/$entity") && !context.contains(")/") {
        Some(Kind::User)
    } else {
        None
    })
}

/// How a source writes names.
#[derive(Clone, Copy)]
pub(super) enum Style {
    Graph,
    Table,
    Portal,
}

impl Style {
    /// The style of these names.
    pub fn of<'a>(mut names: impl Iterator<Item = &'a String> + Clone) -> Self {
        if names.clone().any(|name| normalised(name) == "timegenerated") {
            Style::Table
        } else if names.any(|name| name.trim().contains(' ')) {
            Style::Portal
        } else {
            Style::Graph
        }
    }
}

fn label(kind: Kind, style: Style) -> &'static str {
    match (kind, style) {
        (Kind::RiskyUser, Style::Graph) => "Graph riskyUser",
        (Kind::RiskyUser, Style::Table) => "AADRiskyUsers table",
        (Kind::RiskyUser, Style::Portal) => "portal risky users",
        (Kind::RiskyUserHistoryItem, _) => "Graph riskyUserHistoryItem",
        (Kind::RiskDetection, Style::Graph) => "Graph riskDetection",
        (Kind::RiskDetection, Style::Table) => "AADUserRiskEvents table",
        (Kind::RiskDetection, Style::Portal) => "portal risk detections",
        (Kind::SignIn, Style::Graph) => "Graph signIn",
        (Kind::SignIn, Style::Table) => "SigninLogs table",
        (Kind::SignIn, Style::Portal) => "portal sign-ins",
        (Kind::User, _) => "directory user",
        (Kind::UserRegistrationDetails, _) => "registration details",
    }
}

/// By the (normalised) names of its properties.
pub(super) fn by_names(names: &HashSet<String>, style: Style) -> Result<Shape, String> {
    let any = |wanted: &[&str]| wanted.iter().any(|name| names.contains(*name));
    let of_user = any(&["userid", "userprincipalname", "username", "userdisplayname", "user"]);
    if any(&["agentdisplayname", "blueprintid", "agentid"]) {
        return Err("it is about an agent, not a user".to_owned());
    }
    if !of_user && any(&["serviceprincipalid", "serviceprincipaltype", "serviceprincipaldisplayname"]) {
        return Err("it is about a service principal, not a user".to_owned());
    }
    let kind = if any(&["riskeventtype", "detecteddatetime", "detectiontimingtype", "detectiontime"]) {
        Kind::RiskDetection
    } else if any(&["risklastupdateddatetime", "risklastupdated"]) {
        let is_history = names.contains("userid") && any(&["activity", "initiatedby"]);
        if is_history { Kind::RiskyUserHistoryItem } else { Kind::RiskyUser }
    } else if any(&["appdisplayname", "clientappused", "clientapp", "conditionalaccessstatus", "signinerrorcode", "resulttype"])
        || (names.contains("application") && any(&["requestid", "ipaddress", "date"]))
        || (any(&["createddatetime", "date", "signintime"]) && any(&["requestid", "ipaddress"]))
    {
        Kind::SignIn
    } else if any(&["detectiontype", "risktype"]) {
        Kind::RiskDetection
    } else if any(&["riskstate", "risklevel"]) {
        Kind::RiskyUser
    } else if any(&["ismfaregistered", "ismfacapable", "isssprregistered", "methodsregistered"]) {
        Kind::UserRegistrationDetails
    } else if of_user && any(&["accountenabled", "usertype", "onpremisessyncenabled", "lastpasswordchangedatetime"]) {
        Kind::User
    } else {
        let mut known: Vec<&str> = names.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        known.sort_unstable();
        known.truncate(8);
        return Err(format!("it is none of the records that are read here; it has: {}", known.join(", ")));
    };
    Ok((kind, label(kind, style)))
}

/// What an error answer of Graph says, saved in place of data.
fn error_answer(object: &Map<String, Value>) -> Option<String> {
    let error = object.get("error")?.as_object()?;
    let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    Some(format!("it is an error answer, not data: {} {}", text("code"), text("message")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn label_of(value: Value, context: &str) -> String {
        let Value::Object(object) = value else { return String::new() };
        match identify(&object, Around { context, ..Around::default() }) {
            Ok(identity) => identity.label.to_owned(),
            Err(reason) => format!("no: {reason}"),
        }
    }

    #[test]
    fn context_and_type_tell_the_kind() {
        let base = "https://graph.microsoft.com/v1.0/$metadata#";
        for (context, label) in [
            ("identityProtection/riskyUsers", "Graph riskyUser"),
            ("riskyUsers('41a31b00')/history", "Graph riskyUserHistoryItem"),
            ("identityProtection/riskDetections/$entity", "Graph riskDetection"),
            ("auditLogs/signIns", "Graph signIn"),
            ("users(id,displayName,signInActivity)", "directory user"),
            ("reports/authenticationMethods/userRegistrationDetails", "registration details"),
        ] {
            assert_eq!(label_of(json!({"id": "x"}), &format!("{base}{context}")), label);
        }
        assert!(label_of(json!({"id": "x"}), &format!("{base}identityProtection/riskyServicePrincipals")).starts_with("no: "));
        assert_eq!(label_of(json!({"@odata.type": "#microsoft.graph.signIn"}), ""), "Graph signIn");
    }

    #[test]
    fn other_logs_and_errors_are_named_for_what_they_are() {
        let audit = json!({"category": "AuditLogs", "operationName": "Add user", "properties": {"id": "x"}});
        assert_eq!(label_of(audit, ""), "no: category AuditLogs is not risk data");
        let error = json!({"error": {"code": "Forbidden", "message": "not licensed"}});
        assert_eq!(label_of(error, ""), "no: it is an error answer, not data: Forbidden not licensed");
        let principal = json!({"id": "x", "servicePrincipalId": "y", "riskEventType": "suspiciousSignins"});
        assert_eq!(label_of(principal, ""), "no: it is about a service principal, not a user");
        assert!(label_of(json!({"b": 1, "a": 2}), "").ends_with("it has: a, b"));
    }
}
