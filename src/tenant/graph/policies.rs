//! Conditional Access policies and named locations.
//!
//! A changed list replaces the whole list, and there is no way to say "only if nobody else changed it": so a change is read,
//! shown, read again right before it is sent, and read once more after (`reference/graph.md` section 2).

use std::fmt;

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::GraphTenant;
use super::client::{Ask, Service, Version};
use super::lists;
use crate::domain::permission::Operation;
use crate::domain::records::UserId;
use crate::tenant::TenantError;
use crate::tenant::pace::Urgency;

const POLICIES: [&str; 3] = ["identity", "conditionalAccess", "policies"];
/// How often a write is tried that the tenant puts off.
const TRIES: u32 = 5;
const LOCATIONS: [&str; 3] = ["identity", "conditionalAccess", "namedLocations"];

/// A Conditional Access policy, as far as it is changed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its id.
    pub id: String,
    /// Name for people. Hostile text.
    pub display_name: String,
    /// `enabled`, `disabled` or `enabledForReportingButNotEnforced`.
    pub state: String,
    /// Ids of the users that it leaves out.
    pub exclude_users: Vec<String>,
    /// User risk levels that it is about.
    pub user_risk_levels: Vec<String>,
    /// Sign-in risk levels that it is about.
    pub sign_in_risk_levels: Vec<String>,
    /// All its conditions but those that are changed here, as Graph sends them: they must be the same after a change.
    pub other_conditions: Value,
}

impl Policy {
    fn read(object: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
        let conditions = object.get("conditions").unwrap_or(&Value::Null);
        let words = |value: &Value| {
            let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
            items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Some(Policy {
            id: text("id")?,
            display_name: text("displayName").unwrap_or_default(),
            state: text("state")?,
            exclude_users: words(&conditions["users"]["excludeUsers"]),
            user_risk_levels: words(&conditions["userRiskLevels"]),
            sign_in_risk_levels: words(&conditions["signInRiskLevels"]),
            other_conditions: without_exclusions(conditions),
        })
    }
}

fn without_exclusions(conditions: &Value) -> Value {
    let mut others = conditions.clone();
    if let Some(users) = others.get_mut("users").and_then(Value::as_object_mut) {
        users.remove("excludeUsers");
    }
    others
}

/// What is to become of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyChange {
    /// Leaves a user out.
    Exclude(UserId),
    /// Takes a user back in, as the undoing of [`PolicyChange::Exclude`].
    Include(UserId),
    /// Sets the state, such as `disabled`.
    State(String),
}

/// A policy before and after a change: what is shown before it is sent, and checked after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDiff {
    /// As it was read.
    pub before: Policy,
    /// As it is to be.
    pub after: Policy,
}

impl PolicyDiff {
    /// What a change makes of a policy; `None` where it changes nothing.
    pub fn of(before: Policy, change: &PolicyChange) -> Option<Self> {
        let mut after = before.clone();
        match change {
            PolicyChange::Exclude(user) => {
                if !before.exclude_users.iter().any(|id| id.eq_ignore_ascii_case(user.as_str())) {
                    after.exclude_users.push(user.to_string());
                }
            }
            PolicyChange::Include(user) => after.exclude_users.retain(|id| !id.eq_ignore_ascii_case(user.as_str())),
            PolicyChange::State(state) => after.state.clone_from(state),
        }
        (after != before).then_some(PolicyDiff { before, after })
    }

    /// What is sent: the whole list, since a list is replaced as a whole.
    fn body(&self) -> Value {
        let mut body = Map::new();
        if self.after.exclude_users != self.before.exclude_users {
            body.insert("conditions".to_owned(), json!({"users": {"excludeUsers": self.after.exclude_users}}));
        }
        if self.after.state != self.before.state {
            body.insert("state".to_owned(), json!(self.after.state));
        }
        Value::Object(body)
    }
}

impl fmt::Display for PolicyDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = (&self.before, &self.after);
        write!(f, "policy {:?}", before.display_name)?;
        for id in after.exclude_users.iter().filter(|id| !before.exclude_users.contains(id)) {
            write!(f, "\n+ leaves out {id}")?;
        }
        for id in before.exclude_users.iter().filter(|id| !after.exclude_users.contains(id)) {
            write!(f, "\n- leaves out {id}")?;
        }
        let kept = before.exclude_users.iter().filter(|id| after.exclude_users.contains(id)).count();
        write!(f, "\n  leaves out {kept} as before")?;
        if before.state != after.state {
            write!(f, "\n- state {}\n+ state {}", before.state, after.state)?;
        }
        Ok(())
    }
}

/// Why a policy was not changed as shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The tenant.
    #[error(transparent)]
    Tenant(#[from] TenantError),
    /// Somebody else changed it since it was shown; nothing was sent.
    #[error("the policy was changed by somebody else since it was shown, so nothing was sent; look at it again")]
    Changed {
        /// As it is now.
        now: Box<Policy>,
    },
    /// A location is not as it was shown, or not as it should be after the change.
    #[error("the location is not what was shown, or not what it should be: somebody else changes it; look at it again")]
    LocationChanged {
        /// As it is now.
        now: Box<IpLocation>,
    },
    /// It was sent, and the policy is not what was asked for.
    #[error("the policy is not what it should be after the change; look at it again")]
    Diverged {
        /// As it is now.
        now: Box<Policy>,
    },
}

/// A named location of address ranges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpLocation {
    /// Its id.
    pub id: String,
    /// Name for people. Hostile text.
    pub display_name: String,
    /// Whether sign-ins from there count as trusted.
    pub is_trusted: bool,
    /// The ranges as Graph sends them, which a change must keep.
    pub ranges: Vec<Value>,
}

impl GraphTenant {
    /// All Conditional Access policies.
    pub async fn policies(&self) -> Result<Vec<Policy>, TenantError> {
        Ok(lists::whole(&self.client, Operation::ReadPolicies, Service::Protection, &POLICIES)
            .await?
            .iter()
            .filter_map(Policy::read)
            .collect())
    }

    /// One policy.
    pub async fn policy(&self, id: &str) -> Result<Policy, TenantError> {
        let url = self.client.url(Version::V1, &[POLICIES.as_slice(), &[id]].concat(), &[]);
        let answer = self.client.get_patiently(Operation::ReadPolicies, Service::Protection, url).await?;
        let object: Map<String, Value> = answer.json()?;
        Policy::read(&object).ok_or_else(|| TenantError::Lost { message: format!("the policy {id} cannot be read") })
    }

    /// Makes a change as it was shown: not where somebody else changed the policy meanwhile, and only believed once it was read.
    pub async fn change_policy(&self, diff: &PolicyDiff) -> Result<Policy, PolicyError> {
        let now = self.policy(&diff.before.id).await?;
        if now != diff.before {
            return Err(PolicyError::Changed { now: Box::new(now) });
        }
        let path = [POLICIES.as_slice(), &[&diff.before.id]].concat();
        self.send_policy(Method::PATCH, &path, &diff.body()).await?;
        let now = self.policy(&diff.before.id).await?;
        if now == diff.after { Ok(now) } else { Err(PolicyError::Diverged { now: Box::new(now) }) }
    }

    /// All named locations of address ranges.
    pub async fn ip_locations(&self) -> Result<Vec<IpLocation>, TenantError> {
        Ok(lists::whole(&self.client, Operation::ReadPolicies, Service::Protection, &LOCATIONS)
            .await?
            .iter()
            .filter_map(ip_location)
            .collect())
    }

    /// Makes a trusted location of one range, such as `203.0.113.0/24`; gives its id.
    pub async fn create_trusted_location(&self, name: &str, cidr: &str) -> Result<String, TenantError> {
        let body = json!({
            "@odata.type": "#microsoft.graph.ipNamedLocation",
            "displayName": name,
            "isTrusted": true,
            "ipRanges": [range(cidr)],
        });
        let created: Map<String, Value> = self.send_policy(Method::POST, &LOCATIONS, &body).await?.json()?;
        let id = created.get("id").and_then(Value::as_str).map(str::to_owned);
        id.ok_or_else(|| TenantError::Lost { message: "the new location has no id".to_owned() })
    }

    /// Adds a range to a location as it was shown, and keeps those that it has: not where somebody else changed it meanwhile, and
    /// only believed once it was read.
    pub async fn add_to_location(&self, location: &IpLocation, cidr: &str) -> Result<IpLocation, PolicyError> {
        let now = self.ip_location(&location.id).await?;
        if now != *location {
            return Err(PolicyError::LocationChanged { now: Box::new(now) });
        }
        let mut ranges = location.ranges.clone();
        ranges.push(range(cidr));
        let body = json!({"@odata.type": "#microsoft.graph.ipNamedLocation", "isTrusted": location.is_trusted, "ipRanges": ranges});
        self.send_policy(Method::PATCH, &[LOCATIONS.as_slice(), &[&location.id]].concat(), &body).await?;
        let now = self.ip_location(&location.id).await?;
        let addresses = |ranges: &[Value]| ranges.iter().map(|range| range["cidrAddress"].clone()).collect::<Vec<_>>();
        if addresses(&now.ranges) == addresses(&ranges) { Ok(now) } else { Err(PolicyError::LocationChanged { now: Box::new(now) }) }
    }

    async fn ip_location(&self, id: &str) -> Result<IpLocation, TenantError> {
        let url = self.client.url(Version::V1, &[LOCATIONS.as_slice(), &[id]].concat(), &[]);
        let object: Map<String, Value> = self.client.get_patiently(Operation::ReadPolicies, Service::Protection, url).await?.json()?;
        ip_location(&object).ok_or_else(|| TenantError::Lost { message: format!("the location {id} cannot be read") })
    }

    async fn send_policy(&self, method: Method, path: &[&str], body: &Value) -> Result<super::answer::Answer, TenantError> {
        let (service, urgency) = (Service::Protection, Urgency::Acting);
        let url = self.client.url(Version::V1, path, &[]);
        let ask = Ask { operation: Operation::WritePolicies, service, urgency, method, url, body: Some(body) };
        for _ in 1..TRIES {
            self.client.turn(service, urgency).await?;
            match self.client.send(&ask).await {
                // Nothing was done, and the next turn comes when the tenant has had its rest.
                Err(TenantError::Throttled { .. }) => {}
                answer => return answer,
            }
        }
        self.client.turn(service, urgency).await?;
        self.client.send(&ask).await
    }
}

fn range(cidr: &str) -> Value {
    let kind = if cidr.contains(':') { "#microsoft.graph.iPv6CidrRange" } else { "#microsoft.graph.iPv4CidrRange" };
    json!({"@odata.type": kind, "cidrAddress": cidr})
}

fn ip_location(object: &Map<String, Value>) -> Option<IpLocation> {
    let kind = object.get("@odata.type").and_then(Value::as_str);
    if kind.is_some_and(|kind| kind != "#microsoft.graph.ipNamedLocation") {
        return None;
    }
    let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(IpLocation {
        id: text("id")?,
        display_name: text("displayName").unwrap_or_default(),
        is_trusted: object.get("isTrusted").and_then(Value::as_bool).unwrap_or(false),
        ranges: object.get("ipRanges")?.as_array()?.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(excluded: &[&str]) -> Policy {
        let object = json!({
            "id": "p", "displayName": "Block high user risk", "state": "enabled",
            "conditions": {"userRiskLevels": ["high"], "users": {"includeUsers": ["All"], "excludeUsers": excluded}},
        });
        Policy::read(object.as_object().unwrap()).unwrap()
    }

    #[test]
    fn an_exclusion_keeps_those_that_there_are_and_is_undone_by_taking_back_in() {
        let diff = PolicyDiff::of(policy(&["glass"]), &PolicyChange::Exclude("adele".into())).unwrap();
        assert_eq!(diff.body(), json!({"conditions": {"users": {"excludeUsers": ["glass", "adele"]}}}));
        assert_eq!(diff.to_string(), "policy \"Block high user risk\"\n+ leaves out adele\n  leaves out 1 as before");
        let undone = PolicyDiff::of(diff.after.clone(), &PolicyChange::Include("ADELE".into())).unwrap();
        assert_eq!(undone.after, diff.before);
    }

    #[test]
    fn what_changes_nothing_is_not_sent() {
        assert_eq!(PolicyDiff::of(policy(&["adele"]), &PolicyChange::Exclude("Adele".into())), None);
        assert_eq!(PolicyDiff::of(policy(&[]), &PolicyChange::State("enabled".to_owned())), None);
    }

    #[test]
    fn disabling_sends_the_state_alone() {
        let diff = PolicyDiff::of(policy(&["glass"]), &PolicyChange::State("disabled".to_owned())).unwrap();
        assert_eq!(diff.body(), json!({"state": "disabled"}));
        assert!(diff.to_string().ends_with("- state enabled\n+ state disabled"));
    }
}
