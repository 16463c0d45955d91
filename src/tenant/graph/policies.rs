//! Conditional Access policies and named locations.
//!
//! A changed list replaces the whole list, and there is no way to say "only if nobody else changed it": so a change is read,
//! shown, read again right before it is sent, and read once more after (`reference/graph.md` section 2).

use ipnet::IpNet;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::GraphTenant;
use super::client::{Ask, Service, Version};
use super::lists;
use crate::domain::permission::Operation;
use crate::domain::policy::{IpLocation, Policy, PolicyDiff, range_value};
use crate::tenant::TenantError;
use crate::tenant::pace::Urgency;

const POLICIES: [&str; 3] = ["identity", "conditionalAccess", "policies"];
/// How often a write is tried that the tenant puts off.
const TRIES: u32 = 5;
const LOCATIONS: [&str; 3] = ["identity", "conditionalAccess", "namedLocations"];

/// Why a policy was not changed as shown.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
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
            .filter_map(IpLocation::read)
            .collect())
    }

    /// Makes a trusted location of one range, such as `203.0.113.0/24`; gives its id.
    pub async fn create_trusted_location(&self, name: &str, cidr: &IpNet) -> Result<String, TenantError> {
        let body = json!({
            "@odata.type": "#microsoft.graph.ipNamedLocation",
            "displayName": name,
            "isTrusted": true,
            "ipRanges": [range_value(cidr)],
        });
        let created: Map<String, Value> = self.send_policy(Method::POST, &LOCATIONS, &body).await?.json()?;
        let id = created.get("id").and_then(Value::as_str).map(str::to_owned);
        id.ok_or_else(|| TenantError::Lost { message: "the new location has no id".to_owned() })
    }

    /// Adds a range to a location as it was shown, and keeps those that it has: not where somebody else changed it meanwhile, and
    /// only believed once it was read.
    pub async fn add_to_location(&self, location: &IpLocation, cidr: &IpNet) -> Result<IpLocation, PolicyError> {
        let now = self.ip_location(&location.id).await?;
        if now != *location {
            return Err(PolicyError::LocationChanged { now: Box::new(now) });
        }
        let mut ranges = location.ranges.clone();
        ranges.push(range_value(cidr));
        let body = json!({"@odata.type": "#microsoft.graph.ipNamedLocation", "isTrusted": location.is_trusted, "ipRanges": ranges});
        self.send_policy(Method::PATCH, &[LOCATIONS.as_slice(), &[&location.id]].concat(), &body).await?;
        let now = self.ip_location(&location.id).await?;
        let addresses = |ranges: &[Value]| ranges.iter().map(|range| range["cidrAddress"].clone()).collect::<Vec<_>>();
        if addresses(&now.ranges) == addresses(&ranges) { Ok(now) } else { Err(PolicyError::LocationChanged { now: Box::new(now) }) }
    }

    async fn ip_location(&self, id: &str) -> Result<IpLocation, TenantError> {
        let url = self.client.url(Version::V1, &[LOCATIONS.as_slice(), &[id]].concat(), &[]);
        let object: Map<String, Value> = self.client.get_patiently(Operation::ReadPolicies, Service::Protection, url).await?.json()?;
        IpLocation::read(&object).ok_or_else(|| TenantError::Lost { message: format!("the location {id} cannot be read") })
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
