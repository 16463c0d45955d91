//! Conditional Access: policies and named locations. A change replaces lists whole (`reference/graph.md` section 8, 17).

use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::answer::{Answer, GraphError};
use super::directory::{bad_property, whole};
use super::paging::Wanted;
use super::risk::one;
use super::schema::WHOLE;
use super::world::{Call, World, unavailable};
use crate::tenant::demo::merge;

/// What can be changed of a policy.
const CHANGEABLE: [&str; 5] = ["displayName", "state", "conditions", "grantControls", "sessionControls"];
const STATES: [&str; 3] = ["enabled", "disabled", "enabledForReportingButNotEnforced"];

impl World {
    pub(super) fn policies(&self, call: &Call) -> Result<Answer, GraphError> {
        whole(call, "identity/conditionalAccess/policies", self.tenant.policies().into_iter().map(Value::Object).collect())
    }

    pub(super) fn policy(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let wanted = Wanted::of_one(call.request, &WHOLE)?;
        let policy = find(self.tenant.policies(), id)?;
        Ok(one(call, &wanted, "identity/conditionalAccess/policies/$entity", policy))
    }

    pub(super) fn change_policy(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let body = call.request.object()?;
        let _changing = self.changing();
        let mut changed = find(self.tenant.policies(), id)?;
        if let Some(name) = body.keys().find(|name| !CHANGEABLE.contains(&name.as_str())) {
            return Err(bad_property(name));
        }
        if body.get("state").is_some_and(|state| !state.as_str().is_some_and(|state| STATES.contains(&state))) {
            return Err(bad_property("state"));
        }
        merge(&mut changed, body);
        let users = changed.get("conditions").and_then(|conditions| conditions.get("users"));
        for name in ["includeUsers", "excludeUsers"] {
            let list = users.and_then(|users| users.get(name)).and_then(Value::as_array);
            if list.is_none_or(|list| list.iter().any(|item| !item.is_string())) {
                return Err(bad_property(name));
            }
        }
        changed.insert("modifiedDateTime".to_owned(), json!(call.now));
        self.tenant.put_policy(changed).map_err(|_| unavailable())?;
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    }

    pub(super) fn locations(&self, call: &Call) -> Result<Answer, GraphError> {
        whole(call, "identity/conditionalAccess/namedLocations", self.tenant.locations().into_iter().map(Value::Object).collect())
    }

    pub(super) fn location(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let wanted = Wanted::of_one(call.request, &WHOLE)?;
        let location = find(self.tenant.locations(), id)?;
        Ok(one(call, &wanted, "identity/conditionalAccess/namedLocations/$entity", location))
    }

    pub(super) fn new_location(&self, call: &Call) -> Result<Answer, GraphError> {
        let mut location = call.request.object()?;
        check_location(&location)?;
        location.insert("id".to_owned(), json!(Uuid::new_v4().to_string()));
        location.insert("createdDateTime".to_owned(), json!(call.now));
        location.insert("modifiedDateTime".to_owned(), json!(call.now));
        self.tenant.put_location(location.clone()).map_err(|_| unavailable())?;
        let wanted = Wanted::of_one(call.request, &WHOLE)?;
        Ok(one(call, &wanted, "identity/conditionalAccess/namedLocations/$entity", location).with_status(StatusCode::CREATED))
    }

    pub(super) fn change_location(&self, call: &Call, id: &str) -> Result<Answer, GraphError> {
        let body = call.request.object()?;
        let _changing = self.changing();
        let mut changed = find(self.tenant.locations(), id)?;
        if body.get("@odata.type").is_none_or(|kind| Some(kind) != changed.get("@odata.type")) {
            return Err(bad_property("@odata.type"));
        }
        let id = changed.get("id").cloned();
        merge(&mut changed, body);
        changed.extend(id.map(|id| ("id".to_owned(), id)));
        check_location(&changed)?;
        changed.insert("modifiedDateTime".to_owned(), json!(call.now));
        self.tenant.put_location(changed).map_err(|_| unavailable())?;
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    }
}

fn find(mut objects: Vec<Map<String, Value>>, id: &str) -> Result<Map<String, Value>, GraphError> {
    let is = |object: &Map<String, Value>| object.get("id").and_then(Value::as_str).is_some_and(|held| held.eq_ignore_ascii_case(id));
    let place = objects.iter().position(is).ok_or_else(|| GraphError::no_resource(id))?;
    Ok(objects.swap_remove(place))
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
