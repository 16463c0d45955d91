//! Conditional Access: policies and named locations. A change replaces lists whole (`reference/graph.md` section 8, 17).

use std::collections::HashMap;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::answer::{Answer, GraphError};
use super::directory::{bad_property, derived, object, whole};
use super::paging::Wanted;
use super::risk::one;
use super::schema::WHOLE;
use super::world::Call;

/// The tenant's policies and locations.
#[derive(Debug)]
pub(super) struct Policies {
    policies: Vec<Map<String, Value>>,
    locations: Vec<Map<String, Value>>,
}

/// What can be changed of a policy.
const CHANGEABLE: [&str; 5] = ["displayName", "state", "conditions", "grantControls", "sessionControls"];
const STATES: [&str; 3] = ["enabled", "disabled", "enabledForReportingButNotEnforced"];
const CREATED: &str = "2025-02-03T09:12:44.1234567Z";

impl Policies {
    /// Policies that sign-ins met have the ids that these name.
    pub(super) fn new(seed: u64, met: &HashMap<String, String>) -> Self {
        let offices = derived(&seed.to_string(), "offices");
        let closed = derived(&seed.to_string(), "closed countries");
        let break_glass = derived(&seed.to_string(), "break glass");
        let policy = |name: &str, state: &str, conditions: Value, control: &str| {
            let id = met.get(name).cloned().unwrap_or_else(|| derived(&seed.to_string(), name));
            let users = json!({
                "includeUsers": ["All"], "excludeUsers": [break_glass], "includeGroups": [], "excludeGroups": [], "includeRoles": [],
                "excludeRoles": [],
            });
            let mut all = object(json!({
                "clientAppTypes": ["all"], "userRiskLevels": [], "signInRiskLevels": [], "servicePrincipalRiskLevels": [],
                "applications": {"includeApplications": ["All"], "excludeApplications": [], "includeUserActions": []},
                "locations": null, "platforms": null, "users": users,
            }));
            all.extend(object(conditions));
            object(json!({
                "id": id, "displayName": name, "state": state, "createdDateTime": CREATED, "modifiedDateTime": null, "templateId": null,
                "conditions": all, "sessionControls": null,
                "grantControls": {"operator": "OR", "builtInControls": [control], "customAuthenticationFactors": [], "termsOfUse": []},
            }))
        };
        let policies = vec![
            policy("CA001: Require multifactor authentication for all users", "enabled", json!({}), "mfa"),
            policy(
                "CA110: Block countries of no business",
                "enabled",
                json!({"locations": {"includeLocations": [closed], "excludeLocations": [offices]}}),
                "block",
            ),
            policy("CA201: Block access for high user risk", "enabled", json!({"userRiskLevels": ["high"]}), "block"),
            policy("CA202: Block access for high sign-in risk", "enabled", json!({"signInRiskLevels": ["high"]}), "block"),
            policy(
                "CA203: Password change for medium user risk",
                "enabledForReportingButNotEnforced",
                json!({"userRiskLevels": ["medium"]}),
                "passwordChange",
            ),
        ];
        let locations = vec![
            object(json!({
                "@odata.type": "#microsoft.graph.ipNamedLocation", "id": offices, "displayName": "Offices", "isTrusted": true,
                "createdDateTime": CREATED, "modifiedDateTime": CREATED,
                "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.0/25"}],
            })),
            object(json!({
                "@odata.type": "#microsoft.graph.countryNamedLocation", "id": closed, "displayName": "Countries of no business",
                "createdDateTime": CREATED, "modifiedDateTime": CREATED, "countriesAndRegions": ["KP", "RU"],
                "includeUnknownCountriesAndRegions": false, "countryLookupMethod": "clientIpAddress",
            })),
        ];
        Policies { policies, locations }
    }

    pub(super) fn list(&self, call: &Call) -> Result<Answer, GraphError> {
        whole(call, "identity/conditionalAccess/policies", self.policies.iter().cloned().map(Value::Object).collect())
    }

    pub(super) fn get(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let wanted = Wanted::of_one(call.request, &WHOLE)?;
        let policy = self.policies.iter().find(|policy| is(policy, id)).ok_or_else(|| GraphError::no_resource(id))?;
        Ok(one(call, &wanted, "identity/conditionalAccess/policies/$entity", policy.clone()))
    }

    pub(super) fn change(&mut self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let body = call.request.object()?;
        let policy = self.policies.iter_mut().find(|policy| is(policy, id)).ok_or_else(|| GraphError::no_resource(id))?;
        if let Some(name) = body.keys().find(|name| !CHANGEABLE.contains(&name.as_str())) {
            return Err(bad_property(name));
        }
        if body.get("state").is_some_and(|state| !state.as_str().is_some_and(|state| STATES.contains(&state))) {
            return Err(bad_property("state"));
        }
        let mut changed = policy.clone();
        replace(&mut changed, body);
        let users = changed.get("conditions").and_then(|conditions| conditions.get("users"));
        for name in ["includeUsers", "excludeUsers"] {
            let list = users.and_then(|users| users.get(name)).and_then(Value::as_array);
            if list.is_none_or(|list| list.iter().any(|item| !item.is_string())) {
                return Err(bad_property(name));
            }
        }
        changed.insert("modifiedDateTime".to_owned(), json!(call.now));
        *policy = changed;
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    }

    pub(super) fn locations(&self, call: &Call) -> Result<Answer, GraphError> {
        whole(call, "identity/conditionalAccess/namedLocations", self.locations.iter().cloned().map(Value::Object).collect())
    }

    pub(super) fn location(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let wanted = Wanted::of_one(call.request, &WHOLE)?;
        let location = self.locations.iter().find(|location| is(location, id)).ok_or_else(|| GraphError::no_resource(id))?;
        Ok(one(call, &wanted, "identity/conditionalAccess/namedLocations/$entity", location.clone()))
    }

    pub(super) fn new_location(&mut self, call: &Call) -> Result<Answer, GraphError> {
        let mut location = call.request.object()?;
        check_location(&location)?;
        location.insert("id".to_owned(), json!(Uuid::new_v4().to_string()));
        location.insert("createdDateTime".to_owned(), json!(call.now));
        location.insert("modifiedDateTime".to_owned(), json!(call.now));
        self.locations.push(location.clone());
        let wanted = Wanted::of_one(call.request, &WHOLE)?;
        Ok(one(call, &wanted, "identity/conditionalAccess/namedLocations/$entity", location).with_status(StatusCode::CREATED))
    }

    pub(super) fn change_location(&mut self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let body = call.request.object()?;
        let location = self.locations.iter_mut().find(|location| is(location, id)).ok_or_else(|| GraphError::no_resource(id))?;
        if body.get("@odata.type").is_none_or(|kind| Some(kind) != location.get("@odata.type")) {
            return Err(bad_property("@odata.type"));
        }
        let mut changed = location.clone();
        replace(&mut changed, body);
        changed.insert("id".to_owned(), json!(id));
        check_location(&changed)?;
        changed.insert("modifiedDateTime".to_owned(), json!(call.now));
        *location = changed;
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    }
}

fn is(object: &Map<String, Value>, id: &str) -> bool {
    object.get("id").and_then(Value::as_str).is_some_and(|held| held.eq_ignore_ascii_case(id))
}

/// Objects are merged; everything else, lists too, is replaced.
fn replace(held: &mut Map<String, Value>, given: Map<String, Value>) {
    for (name, value) in given {
        match (held.get_mut(&name), value) {
            (Some(Value::Object(held)), Value::Object(given)) => replace(held, given),
            (_, value) => {
                held.insert(name, value);
            }
        }
    }
}

fn check_location(location: &Map<String, Value>) -> Result<(), GraphError> {
    let text = |name: &str| location.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text("displayName").ok_or_else(|| bad_property("displayName"))?;
    let known: &[&str] = match text("@odata.type") {
        Some("#microsoft.graph.ipNamedLocation") => {
            let ranges = location.get("ipRanges").and_then(Value::as_array).filter(|ranges| !ranges.is_empty());
            if !ranges.is_some_and(|ranges| ranges.iter().all(is_range)) {
                return Err(bad_property("ipRanges"));
            }
            &["isTrusted", "ipRanges"]
        }
        Some("#microsoft.graph.countryNamedLocation") => {
            &["countriesAndRegions", "includeUnknownCountriesAndRegions", "countryLookupMethod"]
        }
        _ => return Err(bad_property("@odata.type")),
    };
    let common = ["@odata.type", "id", "displayName", "createdDateTime", "modifiedDateTime"];
    match location.keys().find(|name| !common.contains(&name.as_str()) && !known.contains(&name.as_str())) {
        Some(name) => Err(bad_property(name)),
        None => Ok(()),
    }
}

fn is_range(range: &Value) -> bool {
    let text = |name: &str| range.get(name).and_then(Value::as_str).unwrap_or_default();
    match text("@odata.type") {
        "#microsoft.graph.iPv4CidrRange" => text("cidrAddress").parse::<ipnet::Ipv4Net>().is_ok(),
        "#microsoft.graph.iPv6CidrRange" => text("cidrAddress").parse::<ipnet::Ipv6Net>().is_ok(),
        "#microsoft.graph.iPv4Range" | "#microsoft.graph.iPv6Range" => {
            [text("lowerAddress"), text("upperAddress")].iter().all(|address| address.parse::<std::net::IpAddr>().is_ok())
        }
        _ => false,
    }
}
