//! Conditional Access policies and named locations, as far as remediation reads and changes them.
//!
//! A changed list replaces the whole list, and there is no way to say "only if nobody else changed it": so a plan holds the policy
//! as it was shown, and it is read again right before and right after the change (`reference/graph.md` section 2).

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::risk::RiskLevel;
use super::time::Timestamp;

/// A Conditional Access policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// Its id.
    pub id: String,
    /// Name for people. Hostile text.
    pub display_name: String,
    /// `enabled`, `disabled` or `enabledForReportingButNotEnforced`.
    pub state: String,
    /// Ids of the users that it leaves out.
    pub exclude_users: Vec<String>,
    /// Whether that list was read whole. Where it was not, there may be more of them: then the policy is not changed, since a changed
    /// list replaces the whole list.
    #[serde(default = "read_whole", skip_serializing_if = "Clone::clone")]
    pub exclusions_read: bool,
    /// User risk levels that it is about.
    pub user_risk_levels: Vec<String>,
    /// Sign-in risk levels that it is about.
    pub sign_in_risk_levels: Vec<String>,
    /// What it asks for: `block`, `mfa`, `passwordChange`, … (an open set), and `authenticationStrength` where it names one.
    pub grant_controls: Vec<String>,
    /// All its conditions but the exclusions, as Graph sends them: they must be the same after a change.
    pub other_conditions: Value,
}

/// Policies that were kept before this was told had none that was not.
fn read_whole() -> bool {
    true
}

/// Who is meant by guests among the users of a policy.
const GUESTS: &str = "GuestsOrExternalUsers";

/// The control that asks for multifactor authentication of a certain strength.
pub const AUTHENTICATION_STRENGTH: &str = "authenticationStrength";
/// The state of a policy that applies.
pub const ENABLED: &str = "enabled";
/// The state of a policy that does not.
pub const DISABLED: &str = "disabled";

impl Policy {
    /// Reads a policy as Graph sends it; `None` where it has no id or state.
    pub fn read(object: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
        let conditions = object.get("conditions").unwrap_or(&Value::Null);
        let words = |value: &Value| {
            let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
            items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let excluded = &conditions["users"]["excludeUsers"];
        Some(Policy {
            id: text("id")?,
            display_name: text("displayName").unwrap_or_default(),
            state: text("state")?,
            exclude_users: words(excluded),
            exclusions_read: excluded.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
            user_risk_levels: words(&conditions["userRiskLevels"]),
            sign_in_risk_levels: words(&conditions["signInRiskLevels"]),
            grant_controls: grant_controls(object.get("grantControls").unwrap_or(&Value::Null)),
            other_conditions: without_exclusions(conditions),
        })
    }

    /// Whether it applies to sign-ins.
    pub fn is_enforced(&self) -> bool {
        self.state == ENABLED
    }

    /// Whether it is known to leave this user out by name. Groups and roles that it leaves out are not looked into.
    pub fn excludes(&self, user: &str) -> bool {
        self.exclude_users.iter().any(|id| id.eq_ignore_ascii_case(user))
    }

    /// Whether it applies to each sign-in of this user, but for its levels of risk; `None` where groups, roles, being a guest, or what is
    /// signed in to, with what and from where decide that.
    pub fn includes(&self, user: &str) -> Option<bool> {
        let users = &self.other_conditions["users"];
        let list = |name: &str| users[name].as_array().map(Vec::as_slice).unwrap_or_default();
        if self.excludes(user) {
            return Some(false);
        }
        let guests = |items: &[Value], kinds: &str| !users[kinds].is_null() || items.iter().any(|item| item == GUESTS);
        let guests_out = guests(&[], "excludeGuestsOrExternalUsers") || self.exclude_users.iter().any(|id| id == GUESTS);
        if !self.exclusions_read || guests_out || !list("excludeGroups").is_empty() || !list("excludeRoles").is_empty() {
            return None;
        }
        let named = |item: &Value| item.as_str().is_some_and(|id| id == "All" || id.eq_ignore_ascii_case(user));
        if list("includeUsers").iter().any(named) {
            return self.is_about_every_sign_in().then_some(true);
        }
        let guests_in = guests(list("includeUsers"), "includeGuestsOrExternalUsers");
        (!guests_in && list("includeGroups").is_empty() && list("includeRoles").is_empty()).then_some(false)
    }

    /// Whether nothing but users and risk decides whether it applies.
    fn is_about_every_sign_in(&self) -> bool {
        let of = &self.other_conditions;
        let items = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let every = |value: &Value| items(value).iter().any(|item| item.as_str().is_some_and(|word| word.eq_ignore_ascii_case("all")));
        let applications = &of["applications"];
        let all_applications = applications.is_null()
            || every(&applications["includeApplications"])
                && items(&applications["excludeApplications"]).is_empty()
                && applications["applicationFilter"].is_null();
        let all_clients = items(&of["clientAppTypes"]).is_empty() || every(&of["clientAppTypes"]);
        let others = ["platforms", "locations", "devices", "deviceStates", "authenticationFlows"];
        all_applications && all_clients && others.iter().all(|name| of[*name].is_null())
    }

    /// Whether it is about user risk of this level.
    pub fn is_about_user_risk(&self, level: &RiskLevel) -> bool {
        self.user_risk_levels.iter().any(|about| about.eq_ignore_ascii_case(level.as_str()))
    }

    /// Whether it is about sign-in risk of this level.
    pub fn is_about_sign_in_risk(&self, level: &RiskLevel) -> bool {
        self.sign_in_risk_levels.iter().any(|about| about.eq_ignore_ascii_case(level.as_str()))
    }

    /// What became another since it was read as `self`, in words; empty where nothing did. The order of a list says nothing. Holds
    /// hostile text.
    pub fn differences(&self, now: &Policy) -> Vec<String> {
        let mut told = Vec::new();
        if now.state != self.state {
            told.push(format!("its state was {} and is {}", self.state, now.state));
        }
        let left_out: Vec<&str> = now.exclude_users.iter().filter(|id| !self.excludes(id)).map(String::as_str).collect();
        if !left_out.is_empty() {
            told.push(format!("it now leaves out {}", left_out.join(", ")));
        }
        let taken_in: Vec<&str> = self.exclude_users.iter().filter(|id| !now.excludes(id)).map(String::as_str).collect();
        if !taken_in.is_empty() {
            told.push(format!("it no longer leaves out {}", taken_in.join(", ")));
        }
        if now.exclusions_read != self.exclusions_read {
            told.push(format!("whom it leaves out can {} be read whole", if now.exclusions_read { "now" } else { "no longer" }));
        }
        if now.other_conditions != self.other_conditions {
            told.push("its other conditions are not the same".to_owned());
        }
        if now.grant_controls != self.grant_controls {
            told.push(format!("it asked for {} and asks for {}", self.grant_controls.join(", "), now.grant_controls.join(", ")));
        }
        if now.display_name != self.display_name {
            told.push(format!("its name was {:?} and is {:?}", self.display_name, now.display_name));
        }
        told
    }

    /// Whether it asks for this control, such as `passwordChange`.
    pub fn asks_for(&self, control: &str) -> bool {
        self.grant_controls.iter().any(|held| held.eq_ignore_ascii_case(control))
    }
}

/// What a policy asks for; an authentication strength is no built-in control, and stands in place of one.
fn grant_controls(grant: &Value) -> Vec<String> {
    let built_in = grant["builtInControls"].as_array().map(Vec::as_slice).unwrap_or_default();
    let strength = (!grant["authenticationStrength"].is_null()).then(|| AUTHENTICATION_STRENGTH.to_owned());
    built_in.iter().filter_map(Value::as_str).map(str::to_owned).chain(strength).collect()
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
    /// Leaves users out.
    Exclude(Vec<String>),
    /// Takes users back in, as the undoing of [`PolicyChange::Exclude`].
    Include(Vec<String>),
    /// Sets the state, such as `disabled`.
    State(&'static str),
}

/// A policy before and after a change: what is shown before it is sent, and checked after.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyDiff {
    /// As it was read.
    pub before: Policy,
    /// As it is to be.
    pub after: Policy,
}

/// A policy that must not be changed: a changed list replaces the whole list, and not all of it is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "whom the policy {0:?} leaves out cannot be read whole, so that a change could drop exclusions, and nothing was sent: change it in the \
     Entra admin center"
)]
pub struct ExclusionsUnread(String);

impl PolicyDiff {
    /// What a change makes of a policy; `None` where it changes nothing. An error where the policy cannot be changed safely.
    pub fn of(before: Policy, change: &PolicyChange) -> Result<Option<Self>, ExclusionsUnread> {
        if !before.exclusions_read && !matches!(change, PolicyChange::State(_)) {
            return Err(ExclusionsUnread(before.display_name));
        }
        let mut after = before.clone();
        match change {
            PolicyChange::Exclude(users) => {
                for user in users.iter().filter(|user| !before.excludes(user)) {
                    after.exclude_users.push(user.clone());
                }
            }
            PolicyChange::Include(users) => after.exclude_users.retain(|id| !users.iter().any(|user| id.eq_ignore_ascii_case(user))),
            PolicyChange::State(state) => after.state = (*state).to_owned(),
        }
        Ok((after != before).then_some(PolicyDiff { before, after }))
    }

    /// What is sent: the whole list, since a list is replaced as a whole.
    pub fn body(&self) -> Value {
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

/// A named location of address ranges.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IpLocation {
    /// Its id.
    pub id: String,
    /// Name for people. Hostile text.
    pub display_name: String,
    /// Whether sign-ins from there count as trusted.
    pub is_trusted: bool,
    /// The ranges as Graph sends them, which a change must keep.
    pub ranges: Vec<Value>,
    /// When it was made.
    #[serde(default)]
    pub created_date_time: Option<Timestamp>,
    /// When it was last changed.
    #[serde(default)]
    pub modified_date_time: Option<Timestamp>,
    /// Since when its ranges are trusted, by the range, as far as that was seen: the tenant tells only when the location was changed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trusted_since: BTreeMap<String, Timestamp>,
}

/// The trusted location that this program adds addresses to: it leaves the tenant's own locations alone.
pub const OWN_LOCATION: &str = "entriage: trusted addresses";

impl IpLocation {
    /// Reads a location as Graph sends it; `None` where it is one of countries.
    pub fn read(object: &Map<String, Value>) -> Option<Self> {
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
            created_date_time: text("createdDateTime").and_then(|text| Timestamp::parse(&text)),
            modified_date_time: text("modifiedDateTime").and_then(|text| Timestamp::parse(&text)),
            trusted_since: BTreeMap::new(),
        })
    }

    /// Notes since when its ranges are trusted, by how it was read before; `None` where locations were not read before. A range that
    /// turned up came with the last change; what was there at the first reading is at least as old as the location, or unknown.
    fn note_trust(&mut self, before: Option<&[IpLocation]>) {
        let was = before.unwrap_or_default().iter().find(|was| was.id == self.id);
        for range in self.ranges.iter().filter(|_| self.is_trusted).filter_map(cidr) {
            let since = match was {
                Some(was) if was.is_trusted && was.holds(&range) => was.trusted_since.get(&range.to_string()).copied(),
                Some(_) => self.modified_date_time,
                None => self.created_date_time,
            };
            self.trusted_since.extend(since.map(|since| (range.to_string(), since)));
        }
    }

    /// Whether it holds exactly this range.
    pub fn holds(&self, range: &IpNet) -> bool {
        self.ranges.iter().any(|held| cidr(held) == Some(*range))
    }

    /// Whether a range lies within one of its ranges. Ranges from address to address are not looked into.
    pub fn covers(&self, range: &IpNet) -> bool {
        self.ranges.iter().filter_map(cidr).any(|held| held.contains(range))
    }

    /// The ranges with these added.
    pub fn with(&self, added: &[IpNet]) -> Vec<Value> {
        let new = added.iter().filter(|range| !self.holds(range)).map(range_value);
        self.ranges.iter().cloned().chain(new).collect()
    }

    /// The ranges with these taken out.
    pub fn without(&self, removed: &[IpNet]) -> Vec<Value> {
        self.ranges.iter().filter(|held| !cidr(held).is_some_and(|held| removed.contains(&held))).cloned().collect()
    }
}

/// Whether two lists hold the same ranges, in whatever order and with whatever annotations.
pub fn same_ranges(one: &[Value], other: &[Value]) -> bool {
    let plain = |ranges: &[Value]| -> std::collections::BTreeSet<String> {
        let from_to = |range: &Value| format!("{}-{}", range["lowerAddress"], range["upperAddress"]);
        ranges.iter().map(|range| cidr(range).map_or_else(|| from_to(range), |net| net.to_string())).collect()
    };
    plain(one) == plain(other)
}

fn cidr(range: &Value) -> Option<IpNet> {
    range["cidrAddress"].as_str()?.parse::<IpNet>().ok().map(|range| range.trunc())
}

/// A range as Graph takes it.
pub fn range_value(range: &IpNet) -> Value {
    let kind = match range {
        IpNet::V4(_) => "#microsoft.graph.iPv4CidrRange",
        IpNet::V6(_) => "#microsoft.graph.iPv6CidrRange",
    };
    json!({"@odata.type": kind, "cidrAddress": range.to_string()})
}

/// Reads an address (`203.0.113.7`) or a range (`203.0.113.0/24`).
pub fn range(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse::<IpNet>().ok().map(|range| range.trunc()).or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from))
}

/// Whether a named location cannot hold it: only masks longer than /8 are taken, and of IPv6 nobody has more than a /32.
pub fn is_too_wide(range: &IpNet) -> bool {
    match range {
        IpNet::V4(range) => range.prefix_len() <= 8,
        IpNet::V6(range) => range.prefix_len() < 32,
    }
}

/// Whether sign-ins can come from there: not from private, local and unspecified addresses, which Entra never sees.
pub fn is_public(range: &IpNet) -> bool {
    match range {
        IpNet::V4(range) => {
            let address = range.network();
            !(address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_unspecified()
                || address.is_multicast())
        }
        IpNet::V6(range) => {
            let address = range.network();
            !(address.is_unique_local()
                || address.is_loopback()
                || address.is_unicast_link_local()
                || address.is_unspecified()
                || address.is_multicast())
        }
    }
}

/// Several policies have a name: their ids.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("several policies have this name: {}", .0.join(", "))]
pub struct AmbiguousName(pub Vec<String>);

/// What is known of the tenant as a whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantFacts {
    /// The Conditional Access policies; `None` where they were not read.
    pub policies: Option<Vec<Policy>>,
    /// The named locations of addresses; `None` where they were not read.
    pub locations: Option<Vec<IpLocation>>,
}

impl TenantFacts {
    /// The policy with this id.
    pub fn policy(&self, id: &str) -> Option<&Policy> {
        self.policies.iter().flatten().find(|policy| policy.id.eq_ignore_ascii_case(id))
    }

    /// The policy with this id, else of this name. An error where several have the name.
    pub fn policy_named(&self, name: &str) -> Result<Option<&Policy>, AmbiguousName> {
        if let Some(policy) = self.policy(name) {
            return Ok(Some(policy));
        }
        let of_name: Vec<&Policy> =
            self.policies.iter().flatten().filter(|policy| policy.display_name.eq_ignore_ascii_case(name)).collect();
        match of_name.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            several => Err(AmbiguousName(several.iter().map(|policy| policy.id.clone()).collect())),
        }
    }

    /// The location that this program adds trusted addresses to.
    pub fn own_location(&self) -> Option<&IpLocation> {
        self.locations.as_deref().unwrap_or_default().iter().find(|location| location.display_name == OWN_LOCATION && location.is_trusted)
    }

    /// Takes locations as they were read now.
    pub fn take_locations(&mut self, mut now: Vec<IpLocation>) {
        now.iter_mut().for_each(|location| location.note_trust(self.locations.as_deref()));
        self.locations = Some(now);
    }

    /// Since when a range is trusted; `None` where it is not, or where nobody saw it come.
    pub fn trusted_since(&self, range: &IpNet) -> Option<Timestamp> {
        let trusted = self.locations.as_deref().unwrap_or_default().iter().filter(|location| location.is_trusted);
        let covering = trusted.flat_map(|location| location.ranges.iter().filter_map(cidr).map(move |held| (location, held)));
        let since = covering.filter(|(_, held)| held.contains(range)).map(|(location, held)| location.trusted_since.get(&held.to_string()));
        // Where one of several was there all along, it is that one.
        since.min().flatten().copied()
    }

    /// The trusted location that a range lies in.
    pub fn trusted_by(&self, range: &IpNet) -> Option<&IpLocation> {
        self.locations.as_deref().unwrap_or_default().iter().find(|location| location.is_trusted && location.covers(range))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(excluded: &[&str]) -> Policy {
        let object = json!({
            "id": "p", "displayName": "Block high user risk", "state": "enabled",
            "conditions": {"userRiskLevels": ["high"], "users": {"includeUsers": ["All"], "excludeUsers": excluded}},
            "grantControls": {"operator": "OR", "builtInControls": ["block"]},
        });
        Policy::read(object.as_object().unwrap()).unwrap()
    }

    fn exclude(users: &[&str]) -> PolicyChange {
        PolicyChange::Exclude(users.iter().map(|user| (*user).to_owned()).collect())
    }

    #[test]
    fn an_exclusion_keeps_those_that_there_are_and_is_undone_by_taking_back_in() {
        let diff = PolicyDiff::of(policy(&["glass"]), &exclude(&["adele", "GLASS"])).unwrap().unwrap();
        assert_eq!(diff.body(), json!({"conditions": {"users": {"excludeUsers": ["glass", "adele"]}}}));
        let undone = PolicyDiff::of(diff.after.clone(), &PolicyChange::Include(vec!["ADELE".to_owned()])).unwrap().unwrap();
        assert_eq!(undone.after, diff.before);
    }

    #[test]
    fn what_changes_nothing_is_not_sent() {
        assert_eq!(PolicyDiff::of(policy(&["adele"]), &exclude(&["Adele"])), Ok(None));
        assert_eq!(PolicyDiff::of(policy(&[]), &PolicyChange::State(ENABLED)), Ok(None));
    }

    #[test]
    fn disabling_sends_the_state_alone() {
        let diff = PolicyDiff::of(policy(&["glass"]), &PolicyChange::State(DISABLED)).unwrap().unwrap();
        assert_eq!(diff.body(), json!({"state": "disabled"}));
    }

    #[test]
    fn a_name_that_two_policies_have_names_neither_and_their_ids_are_told() {
        let of = |id: &str, name: &str| Policy { id: id.to_owned(), display_name: name.to_owned(), ..policy(&[]) };
        let tenant =
            TenantFacts { policies: Some(vec![of("p", "Block"), of("q", "BLOCK"), of("r", "MFA"), of("s", "p")]), locations: None };
        let id = |name: &str| tenant.policy_named(name).map(|found| found.map(|policy| policy.id.as_str()));
        assert_eq!((id("mfa"), id("Q"), id("p"), id("none")), (Ok(Some("r")), Ok(Some("q")), Ok(Some("p")), Ok(None)));
        assert_eq!(id("block").unwrap_err().to_string(), "several policies have this name: p, q");
        assert_eq!(tenant.policy("MFA"), None, "a name is no id");
    }

    #[test]
    fn exclusions_that_cannot_be_read_are_never_a_shorter_list() {
        let whole = policy(&["glass"]);
        assert_eq!(serde_json::to_value(&whole).unwrap().get("exclusionsRead"), None, "plans of before keep their digest");
        for users in [json!({"includeUsers": ["All"]}), json!({"includeUsers": ["All"], "excludeUsers": ["glass", {"id": "adele"}]})] {
            let object = json!({"id": "p", "displayName": "P", "state": "enabled", "conditions": {"users": users}});
            let partial = Policy::read(object.as_object().unwrap()).unwrap();
            let kept: Policy = serde_json::from_value(serde_json::to_value(&partial).unwrap()).unwrap();
            assert_eq!((&kept, kept.includes("adele")), (&partial, None), "{users}");
            let disabled = PolicyDiff::of(partial.clone(), &PolicyChange::State(DISABLED)).unwrap().unwrap();
            assert_eq!(disabled.body(), json!({"state": "disabled"}), "exclusions stay as they are");
            for change in [exclude(&["lee"]), PolicyChange::Include(vec!["glass".to_owned()])] {
                let refused = PolicyDiff::of(partial.clone(), &change);
                assert!(refused.is_err_and(|why| why.to_string().contains("cannot be read whole")), "{users} {change:?}");
            }
            assert!(whole.differences(&partial).contains(&"whom it leaves out can no longer be read whole".to_owned()));
        }
    }

    #[test]
    fn what_somebody_else_changed_is_told_in_words_and_another_order_is_no_change() {
        let shown = policy(&["glass", "adele"]);
        assert_eq!(shown.differences(&policy(&["Adele", "glass"])), Vec::<String>::new());
        let mut now = policy(&["glass", "lee"]);
        now.state = DISABLED.to_owned();
        now.other_conditions["userRiskLevels"] = json!(["medium"]);
        assert_eq!(
            shown.differences(&now),
            [
                "its state was enabled and is disabled",
                "it now leaves out lee",
                "it no longer leaves out adele",
                "its other conditions are not the same"
            ]
        );
    }

    #[test]
    fn ranges_are_the_same_in_any_order_and_with_annotations() {
        let (one, other) = (range_value(&range("203.0.113.0/24").unwrap()), range_value(&range("2001:db8::/32").unwrap()));
        let span = |upper: &str| json!({"@odata.type": "#microsoft.graph.iPv4Range", "lowerAddress": "192.0.2.1", "upperAddress": upper});
        let annotated = json!({"@odata.type": "other", "cidrAddress": "203.0.113.0/24"});
        assert!(same_ranges(&[one.clone(), other.clone(), span("192.0.2.9")], &[span("192.0.2.9"), other.clone(), annotated]));
        assert!(!same_ranges(&[one.clone(), other], std::slice::from_ref(&one)));
        assert!(!same_ranges(&[span("192.0.2.9")], &[span("192.0.2.8")]));
    }

    #[test]
    fn whom_a_policy_names_is_unknown_where_groups_decide() {
        assert_eq!(policy(&[]).includes("adele"), Some(true));
        assert_eq!(policy(&["Adele"]).includes("adele"), Some(false));
        let mut of_a_group = policy(&[]);
        of_a_group.other_conditions["users"] = json!({"includeUsers": [], "includeGroups": ["g"]});
        assert_eq!(of_a_group.includes("adele"), None);
        of_a_group.other_conditions["users"] = json!({"includeUsers": ["All"], "excludeGroups": ["g"]});
        assert_eq!(of_a_group.includes("adele"), None);
    }

    #[test]
    fn ranges_are_added_once_and_taken_out_again() {
        let location = IpLocation {
            id: "l".to_owned(),
            display_name: OWN_LOCATION.to_owned(),
            is_trusted: true,
            ranges: vec![range_value(&range("203.0.113.0/24").unwrap())],
            ..IpLocation::default()
        };
        let (inside, other) = (range("203.0.113.7").unwrap(), range("2001:db8::1").unwrap());
        assert!(location.covers(&inside) && !location.holds(&inside) && !location.covers(&other));
        let added = IpLocation { ranges: location.with(&[inside, other, inside]), ..location.clone() };
        assert!(added.holds(&inside) && added.holds(&other));
        assert_eq!(added.without(&[inside, other]), location.ranges);
    }

    #[test]
    fn an_address_is_a_range_of_one() {
        assert_eq!(range(" 203.0.113.7 ").unwrap().to_string(), "203.0.113.7/32");
        assert_eq!(range("203.0.113.7/24").unwrap().to_string(), "203.0.113.0/24");
        assert_eq!(range("somewhere"), None);
    }

    #[test]
    fn a_range_is_trusted_since_it_was_seen_to_come_whatever_else_changes_in_its_location() {
        let at = |hour: u32| Timestamp::parse(&format!("2026-11-22T{hour:02}:00:00Z"));
        let (a, b) = (range("203.0.113.7").unwrap(), range("198.51.100.9").unwrap());
        let location = |ranges: &[&IpNet], modified: u32| IpLocation {
            id: "l".to_owned(),
            is_trusted: true,
            ranges: ranges.iter().map(|range| range_value(range)).collect(),
            created_date_time: at(1),
            modified_date_time: at(modified),
            ..IpLocation::default()
        };
        let mut tenant = TenantFacts::default();
        tenant.take_locations(vec![location(&[&a], 1)]);
        assert_eq!((tenant.trusted_since(&a), tenant.trusted_since(&b)), (at(1), None));
        tenant.take_locations(vec![location(&[&a, &b], 3)]);
        tenant.take_locations(vec![location(&[&a, &b], 5)]);
        assert_eq!((tenant.trusted_since(&a), tenant.trusted_since(&b)), (at(1), at(3)));
        tenant.take_locations(vec![location(&[&a], 6)]);
        tenant.take_locations(vec![location(&[&a, &b], 7)]);
        assert_eq!(tenant.trusted_since(&b), at(7), "it was gone meanwhile");
        tenant.take_locations(vec![IpLocation { is_trusted: false, ..location(&[&a], 8) }]);
        assert_eq!(tenant.trusted_since(&a), None);
    }

    #[test]
    fn what_else_decides_whether_a_policy_applies_is_not_known() {
        let with = |path: [&str; 2], value: Value| {
            let mut policy = policy(&[]);
            let conditions = &mut policy.other_conditions;
            if path[1].is_empty() {
                conditions[path[0]] = value
            } else {
                conditions[path[0]][path[1]] = value
            }
            policy.includes("adele")
        };
        assert_eq!(with(["clientAppTypes", ""], json!(["all"])), Some(true));
        assert_eq!(with(["applications", "includeApplications"], json!(["All"])), Some(true));
        assert_eq!(with(["locations", ""], Value::Null), Some(true));
        for (path, value) in [
            (["clientAppTypes", ""], json!(["exchangeActiveSync"])),
            (["applications", "includeApplications"], json!(["office"])),
            (["applications", ""], json!({"includeApplications": ["All"], "excludeApplications": ["vpn"]})),
            (["applications", ""], json!({"includeApplications": [], "includeUserActions": ["urn:user:registersecurityinfo"]})),
            (["locations", ""], json!({"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]})),
            (["platforms", ""], json!({"includePlatforms": ["iOS"]})),
            (["users", "excludeGuestsOrExternalUsers"], json!({"guestOrExternalUserTypes": "b2bCollaborationGuest"})),
            (["users", "includeUsers"], json!(["GuestsOrExternalUsers"])),
        ] {
            assert_eq!(with(path, value.clone()), None, "{path:?} {value}");
        }
    }
}
