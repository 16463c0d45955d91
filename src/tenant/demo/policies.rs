//! Conditional Access of the tenant: the policies that its sign-ins met, and its named locations, as the objects that Graph sends.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::ids::{IdKind, Ids};
use crate::domain::policy::{self, ENABLED, IpLocation, OWN_LOCATION, Policy, PolicyChange, PolicyDiff};
use crate::domain::records::AppliedPolicy;
use crate::domain::tenant_text::TenantText;
use crate::domain::time::Timestamp;

/// A JSON object, as Graph sends it.
pub type Object = Map<String, Value>;

/// A policy of the tenant, as it is at the epoch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    number: u32,
    name: &'static str,
    state: &'static str,
    user_risk: &'static [&'static str],
    sign_in_risk: &'static [&'static str],
    operator: &'static str,
    /// What it asks for, and how the sign-in log spells that.
    controls: &'static [(&'static str, &'static str)],
}

const REPORT_ONLY: &str = "enabledForReportingButNotEnforced";
const MFA: (&str, &str) = ("mfa", "Mfa");
const BLOCK: (&str, &str) = ("block", "Block");
const PASSWORD_CHANGE: (&str, &str) = ("passwordChange", "PasswordChange");

const fn rule(number: u32, name: &'static str, controls: &'static [(&'static str, &'static str)]) -> Rule {
    Rule { number, name, state: ENABLED, user_risk: &[], sign_in_risk: &[], operator: "OR", controls }
}

pub(super) const REQUIRE_MFA: Rule = rule(1, "CA001: Require multifactor authentication for all users", &[MFA]);
pub(super) const USER_RISK: Rule = Rule {
    user_risk: &["medium", "high"],
    operator: "AND",
    ..rule(2, "CA201: Require password change for medium and high user risk", &[MFA, PASSWORD_CHANGE])
};
pub(super) const SIGN_IN_RISK: Rule = Rule {
    sign_in_risk: &["medium", "high"],
    ..rule(3, "CA202: Require multifactor authentication for medium and high sign-in risk", &[MFA])
};
pub(super) const BLOCK_COUNTRIES: Rule = rule(4, "CA110: Block countries of no business", &[BLOCK]);
const BLOCK_HIGH: Rule = Rule { user_risk: &["high"], state: REPORT_ONLY, ..rule(5, "CA203: Block access for high user risk", &[BLOCK]) };

/// In the order in which Graph lists them.
const RULES: [Rule; 5] = [REQUIRE_MFA, BLOCK_COUNTRIES, USER_RISK, SIGN_IN_RISK, BLOCK_HIGH];

const CREATED: &str = "2025-02-03T09:12:44.1234567Z";
/// Numbers of the named locations.
const OFFICES: u32 = 1;
const CLOSED: u32 = 2;
const OWN: u32 = 3;

impl Rule {
    pub(super) fn id(&self, ids: &Ids) -> String {
        ids.guid(IdKind::Policy, self.number, 0)
    }

    /// As a sign-in names it that it was applied to.
    pub(super) fn applied(&self, ids: &Ids, result: &str) -> AppliedPolicy {
        AppliedPolicy {
            id: Some(self.id(ids).into()),
            display_name: Some(self.name.into()),
            result: Some(result.into()),
            enforced_grant_controls: self.controls.iter().map(|(_, logged)| TenantText::new(logged)).collect(),
        }
    }

    fn object(&self, ids: &Ids) -> Object {
        // An account for emergencies that no policy may lock out; it is no user of the reports.
        let break_glass = ids.guid(IdKind::User, u32::MAX, 0);
        let locations = (self.number == BLOCK_COUNTRIES.number).then(|| {
            let location = |number| ids.guid(IdKind::Location, number, 0);
            json!({"includeLocations": [location(CLOSED)], "excludeLocations": [location(OFFICES)]})
        });
        let controls: Vec<&str> = self.controls.iter().map(|(control, _)| *control).collect();
        object(json!({
            "id": self.id(ids), "displayName": self.name, "state": self.state, "createdDateTime": CREATED, "modifiedDateTime": null,
            "templateId": null, "sessionControls": null,
            "conditions": {
                "clientAppTypes": ["all"], "userRiskLevels": self.user_risk, "signInRiskLevels": self.sign_in_risk,
                "servicePrincipalRiskLevels": [], "locations": locations, "platforms": null,
                "applications": {"includeApplications": ["All"], "excludeApplications": [], "includeUserActions": []},
                "users": {
                    "includeUsers": ["All"], "excludeUsers": [break_glass], "includeGroups": [], "excludeGroups": [],
                    "includeRoles": [], "excludeRoles": [],
                },
            },
            "grantControls": {
                "operator": self.operator, "builtInControls": controls, "customAuthenticationFactors": [], "termsOfUse": [],
            },
        }))
    }
}

/// As a sign-in names a policy that kept it out.
pub(super) fn applied(policy: &Policy, result: &str) -> AppliedPolicy {
    let logged = |control: &String| {
        let known = [MFA, BLOCK, PASSWORD_CHANGE].into_iter().find(|(name, _)| name.eq_ignore_ascii_case(control));
        TenantText::new(known.map_or(control.as_str(), |(_, logged)| logged))
    };
    AppliedPolicy {
        id: Some(policy.id.as_str().into()),
        display_name: Some(policy.display_name.as_str().into()),
        result: Some(result.into()),
        enforced_grant_controls: policy.grant_controls.iter().map(logged).collect(),
    }
}

/// Something that is done to policies or locations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "did", rename_all = "camelCase")]
pub(super) enum TenantDeed {
    /// Users were left out of a policy.
    Excluded { policy: String, users: Vec<String> },
    /// Users were taken back into a policy.
    Included { policy: String, users: Vec<String> },
    /// A policy was given this state.
    State { policy: String, state: String },
    /// A policy is this from now on.
    Policy { object: Object },
    /// A location is this from now on, or there is a new one.
    Location { object: Object },
    /// Ranges were added to the program's own location.
    Trusted { ranges: Vec<String> },
    /// Ranges were taken out of it.
    Untrusted { ranges: Vec<String> },
}

/// The policies and locations as they are, and what is done to them and cannot be seen yet.
#[derive(Debug)]
pub(super) struct ConditionalAccess {
    ids: Ids,
    policies: Vec<Object>,
    locations: Vec<Object>,
    pending: Vec<(Timestamp, TenantDeed)>,
}

impl ConditionalAccess {
    pub(super) fn new(ids: Ids) -> Self {
        let location = |number| ids.guid(IdKind::Location, number, 0);
        let locations = vec![
            object(json!({
                "@odata.type": IP_LOCATION, "id": location(OFFICES), "displayName": "Offices", "isTrusted": true,
                "createdDateTime": CREATED, "modifiedDateTime": CREATED,
                "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "198.51.100.0/25"}],
            })),
            object(json!({
                "@odata.type": "#microsoft.graph.countryNamedLocation", "id": location(CLOSED), "displayName": "Countries of no business",
                "createdDateTime": CREATED, "modifiedDateTime": CREATED, "countriesAndRegions": ["KP", "RU"],
                "includeUnknownCountriesAndRegions": false, "countryLookupMethod": "clientIpAddress",
            })),
        ];
        ConditionalAccess { policies: RULES.iter().map(|rule| rule.object(&ids)).collect(), locations, pending: Vec::new(), ids }
    }

    /// Takes a change, which shows from its time on.
    pub(super) fn take(&mut self, deed: TenantDeed, effective_at: Timestamp) {
        let place = self.pending.partition_point(|(held, _)| *held <= effective_at);
        self.pending.insert(place, (effective_at, deed));
    }

    /// Plays what is due.
    pub(super) fn settle(&mut self, now: Timestamp) {
        let due = self.pending.partition_point(|(at, _)| *at <= now);
        let due: Vec<_> = self.pending.drain(..due).collect();
        for (at, deed) in due {
            self.play(deed, at);
        }
    }

    pub(super) fn policies(&self) -> &[Object] {
        &self.policies
    }

    pub(super) fn locations(&self) -> &[Object] {
        &self.locations
    }

    /// The policy with this id, as remediation reads it.
    pub(super) fn policy(&self, id: &str) -> Option<Policy> {
        self.policies.iter().find(|policy| is(policy, id)).and_then(Policy::read)
    }

    fn play(&mut self, deed: TenantDeed, at: Timestamp) {
        match deed {
            TenantDeed::Excluded { policy, users } => self.change(&policy, &PolicyChange::Exclude(users), at),
            TenantDeed::Included { policy, users } => self.change(&policy, &PolicyChange::Include(users), at),
            TenantDeed::State { policy, state } => {
                if let Some(held) = self.policies.iter_mut().find(|held| is(held, &policy)) {
                    held.insert("state".to_owned(), json!(state));
                    modified(held, at);
                }
            }
            TenantDeed::Policy { object } => put(&mut self.policies, object),
            TenantDeed::Location { object } => put(&mut self.locations, object),
            TenantDeed::Trusted { ranges } => self.trust(&ranges, at),
            TenantDeed::Untrusted { ranges } => self.untrust(&ranges, at),
        }
    }

    fn change(&mut self, id: &str, change: &PolicyChange, at: Timestamp) {
        let Some(held) = self.policies.iter_mut().find(|held| is(held, id)) else { return };
        let Some(Ok(Some(diff))) = Policy::read(held).map(|before| PolicyDiff::of(before, change)) else { return };
        if let Value::Object(body) = diff.body() {
            merge(held, body);
        }
        modified(held, at);
    }

    fn trust(&mut self, ranges: &[String], at: Timestamp) {
        let ranges: Vec<_> = ranges.iter().filter_map(|range| policy::range(range)).collect();
        if let Some((held, location)) = own(&mut self.locations) {
            held.insert("ipRanges".to_owned(), Value::Array(location.with(&ranges)));
            modified(held, at);
            return;
        }
        // One that somebody stopped trusting keeps its id, so the new one has another.
        let ordinal = self.locations.len() as u16;
        let ranges: Vec<Value> = ranges.iter().map(policy::range_value).collect();
        self.locations.push(object(json!({
            "@odata.type": IP_LOCATION, "id": self.ids.guid(IdKind::Location, OWN, ordinal), "displayName": OWN_LOCATION,
            "isTrusted": true, "createdDateTime": at, "modifiedDateTime": at, "ipRanges": ranges,
        })));
    }

    fn untrust(&mut self, ranges: &[String], at: Timestamp) {
        let ranges: Vec<_> = ranges.iter().filter_map(|range| policy::range(range)).collect();
        let Some((held, location)) = own(&mut self.locations) else { return };
        let left = location.without(&ranges);
        if left.is_empty() {
            // Graph keeps no location without a range.
            self.locations.retain(|held| !is(held, &location.id));
            return;
        }
        held.insert("ipRanges".to_owned(), Value::Array(left));
        modified(held, at);
    }
}

const IP_LOCATION: &str = "#microsoft.graph.ipNamedLocation";

/// The program's own trusted location.
fn own(locations: &mut [Object]) -> Option<(&mut Object, IpLocation)> {
    locations.iter_mut().find_map(|held| {
        let location = IpLocation::read(held).filter(|location| location.display_name == OWN_LOCATION && location.is_trusted)?;
        Some((held, location))
    })
}

fn is(object: &Object, id: &str) -> bool {
    object.get("id").and_then(Value::as_str).is_some_and(|held| held.eq_ignore_ascii_case(id))
}

fn put(held: &mut Vec<Object>, object: Object) {
    let id = object.get("id").and_then(Value::as_str).unwrap_or_default();
    match held.iter_mut().find(|held| is(held, id)) {
        Some(held) => *held = object,
        None => held.push(object),
    }
}

fn modified(object: &mut Object, at: Timestamp) {
    object.insert("modifiedDateTime".to_owned(), json!(at));
}

/// Changes an object as Graph does: objects in it are merged; everything else, lists too, is replaced.
pub fn merge(held: &mut Object, given: Object) {
    for (name, value) in given {
        match (held.get_mut(&name), value) {
            (Some(Value::Object(held)), Value::Object(given)) => merge(held, given),
            (_, value) => {
                held.insert(name, value);
            }
        }
    }
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
