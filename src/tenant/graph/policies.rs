//! Conditional Access policies and the trusted location of this program.
//!
//! A changed list replaces the whole list, and there is no way to say "only if nobody else changed it": so what is to be changed is
//! read again right before, and once more after (`reference/graph.md` section 2).

use ipnet::IpNet;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::client::{Ask, Client, Service, Version};
use super::{before_change, lists, unfit};
use crate::domain::action::{Action, Aim};
use crate::domain::permission::Operation;
use crate::domain::policy::{self, DISABLED, ENABLED, IpLocation, OWN_LOCATION, Policy, PolicyChange, PolicyDiff, same_ranges};
use crate::tenant::pace::Urgency;
use crate::tenant::{Call, TenantError};

const POLICIES: [&str; 3] = ["identity", "conditionalAccess", "policies"];
const LOCATIONS: [&str; 3] = ["identity", "conditionalAccess", "namedLocations"];
const IP_LOCATION: &str = "#microsoft.graph.ipNamedLocation";

/// All Conditional Access policies.
pub(super) async fn all(client: &Client, urgency: Urgency) -> Result<Vec<Policy>, TenantError> {
    let objects = lists::whole(client, Operation::ReadPolicies, Service::Protection, urgency, &POLICIES).await?;
    Ok(objects.iter().filter_map(Policy::read).collect())
}

/// All named locations of address ranges.
pub(super) async fn locations(client: &Client, urgency: Urgency) -> Result<Vec<IpLocation>, TenantError> {
    let objects = lists::whole(client, Operation::ReadPolicies, Service::Protection, urgency, &LOCATIONS).await?;
    Ok(objects.iter().filter_map(IpLocation::read).collect())
}

/// Sends the change of an action on policies or locations, which has its turn.
pub(super) async fn act(client: &Client, call: &Call) -> Result<(), TenantError> {
    match call.action {
        Action::ExcludeFromPolicy => change(client, call, PolicyChange::Exclude(call.ids.clone())).await,
        Action::IncludeInPolicy => change(client, call, PolicyChange::Include(call.ids.clone())).await,
        Action::DisablePolicy => change(client, call, PolicyChange::State(DISABLED)).await,
        Action::EnablePolicy => change(client, call, PolicyChange::State(ENABLED)).await,
        Action::TrustIp | Action::UntrustIp => change_trusted(client, call).await,
        _ => Err(unfit("it is no action on policies")),
    }
}

/// How a change follows the read that it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Follows {
    /// In the next moment; its turn was taken before the read.
    AtOnce,
    /// When it is its turn.
    AtItsTurn,
}

/// Changes a policy as it was shown; not where somebody else made it another since. Where it already is as it is to be, nothing is
/// sent.
async fn change(client: &Client, call: &Call, change: PolicyChange) -> Result<(), TenantError> {
    let shown = call.policy.as_ref().ok_or_else(|| unfit("no policy is named"))?;
    if call.action.aim() == Aim::Policy && call.ids.iter().any(|id| !id.eq_ignore_ascii_case(&shown.id)) {
        return Err(unfit("another policy is named than was shown"));
    }
    // The read has the turn that the caller took, the change this one: nothing but the read's own time lies between the two, in which
    // somebody else's change would be overwritten.
    client.turn(Service::Protection, Urgency::Acting).await?;
    let changed = match read_and_change(client, shown, &change, Follows::AtOnce).await {
        // A tenant that takes no two requests in one second took nothing: then the change must wait for the next second.
        Err(TenantError::Throttled { .. }) => {
            client.turn(Service::Protection, Urgency::Acting).await?;
            read_and_change(client, shown, &change, Follows::AtItsTurn).await?
        }
        changed => changed?,
    };
    let Some(diff) = changed else { return Ok(()) };
    let url = client.url(Version::V1, &[POLICIES.as_slice(), &[&shown.id]].concat(), &[]);
    let read = client.get_patiently(Operation::ReadPolicies, Service::Protection, Urgency::Acting, url).await;
    match read.and_then(|answer| read_policy(&answer)) {
        Ok(now) => unless_overwritten(&diff, &now),
        // It was sent and taken. Whether it is so is what the engine reads back.
        Err(_) => Ok(()),
    }
}

/// Reads a policy, which has its turn, and changes it where it is as it was shown; tells what was changed.
async fn read_and_change(
    client: &Client,
    shown: &Policy,
    change: &PolicyChange,
    follows: Follows,
) -> Result<Option<PolicyDiff>, TenantError> {
    let path = [POLICIES.as_slice(), &[&shown.id]].concat();
    let (operation, service, urgency) = (Operation::ReadPolicies, Service::Protection, Urgency::Acting);
    let url = client.url(Version::V1, &path, &[]);
    let read = client.send(&Ask { operation, service, urgency, method: Method::GET, url, body: None }).await;
    let now = read.and_then(|answer| read_policy(&answer)).map_err(before_change)?;
    let diff = PolicyDiff::of(now.clone(), change).map_err(|why| TenantError::Changed { message: why.to_string() })?;
    let Some(diff) = diff else { return Ok(None) };
    let differences = shown.differences(&now);
    if !differences.is_empty() {
        let message = format!(
            "somebody else changed the policy {:?} since it was shown, so nothing was sent: {}; look at it again",
            shown.display_name,
            differences.join("; ")
        );
        return Err(TenantError::Changed { message });
    }
    write(client, Method::PATCH, &path, &diff.body(), follows).await?;
    Ok(Some(diff))
}

/// A policy right after it was changed may still be told as it was; neither as before nor as asked for, somebody else was there.
fn unless_overwritten(diff: &PolicyDiff, now: &Policy) -> Result<(), TenantError> {
    let differences = diff.after.differences(now);
    if differences.is_empty() || diff.before.differences(now).is_empty() {
        return Ok(());
    }
    let message = format!(
        "the change was sent, but somebody else changes the policy {:?}, too: {}; look at it again",
        diff.after.display_name,
        differences.join("; ")
    );
    // What became of it is what the engine reads back.
    Err(TenantError::Contested { message })
}

fn read_policy(answer: &Answer) -> Result<Policy, TenantError> {
    let object: Map<String, Value> = answer.json()?;
    Policy::read(&object).ok_or_else(|| TenantError::Lost { message: "the policy cannot be read".to_owned() })
}

/// What is to be sent to have addresses trusted, or trusted no more.
#[derive(Debug, PartialEq)]
enum TrustChange {
    /// It is as it is to be.
    Nothing,
    /// The location is made, with these ranges.
    Make(Vec<Value>),
    /// The location of this id gets these ranges.
    Set { id: String, is_trusted: bool, ranges: Vec<Value> },
}

/// What makes of the locations what is wanted; only the location of this program is changed, and its other ranges are kept. A
/// location cannot be without ranges: where none is left, it keeps one and is no longer trusted.
fn trust_change(locations: &[IpLocation], ranges: &[IpNet], trust: bool) -> Result<TrustChange, TenantError> {
    let own = |trusted: bool| locations.iter().find(|location| location.display_name == OWN_LOCATION && location.is_trusted == trusted);
    let set = |location: &IpLocation, is_trusted, ranges| TrustChange::Set { id: location.id.clone(), is_trusted, ranges };
    Ok(match (own(true), own(false)) {
        (Some(location), _) => {
            let wanted = if trust { location.with(ranges) } else { location.without(ranges) };
            if same_ranges(&wanted, &location.ranges) {
                TrustChange::Nothing
            } else if wanted.is_empty() {
                set(location, false, location.ranges.iter().take(1).cloned().collect())
            } else {
                set(location, true, wanted)
            }
        }
        (None, _) if !trust => TrustChange::Nothing,
        // The one that none was left in is used again, without the one that it kept.
        (None, Some(location)) if location.ranges.len() <= 1 => set(location, true, new_ranges(ranges)),
        (None, Some(_)) => {
            return Err(TenantError::Changed {
                message: format!(
                    "somebody else made the location {OWN_LOCATION:?} one that is not trusted, so nothing was sent: trust it again in the \
                     Entra admin center, or rename it"
                ),
            });
        }
        (None, None) => TrustChange::Make(new_ranges(ranges)),
    })
}

fn new_ranges(ranges: &[IpNet]) -> Vec<Value> {
    ranges.iter().map(policy::range_value).collect()
}

/// Has addresses trusted, or trusted no more.
async fn change_trusted(client: &Client, call: &Call) -> Result<(), TenantError> {
    let ranges: Option<Vec<IpNet>> = call.ids.iter().map(|id| policy::range(id)).collect();
    let ranges = ranges.ok_or_else(|| unfit("one of them is no address and no range of addresses"))?;
    // The list takes its own turns, the change the one that the caller took.
    match read_and_change_trusted(client, &ranges, call.action == Action::TrustIp, Follows::AtOnce).await {
        Err(TenantError::Throttled { .. }) => {
            read_and_change_trusted(client, &ranges, call.action == Action::TrustIp, Follows::AtItsTurn).await
        }
        changed => changed,
    }
}

async fn read_and_change_trusted(client: &Client, ranges: &[IpNet], trust: bool, follows: Follows) -> Result<(), TenantError> {
    let held = locations(client, Urgency::Acting).await.map_err(before_change)?;
    match trust_change(&held, ranges, trust)? {
        TrustChange::Nothing => Ok(()),
        TrustChange::Make(ranges) => {
            let body = json!({"@odata.type": IP_LOCATION, "displayName": OWN_LOCATION, "isTrusted": true, "ipRanges": ranges});
            write(client, Method::POST, &LOCATIONS, &body, follows).await.map(drop)
        }
        TrustChange::Set { id, is_trusted, ranges } => {
            let path = [LOCATIONS.as_slice(), &[&id]].concat();
            let body = json!({"@odata.type": IP_LOCATION, "isTrusted": is_trusted, "ipRanges": ranges});
            write(client, Method::PATCH, &path, &body, follows).await?;
            let before = held.iter().find(|location| location.id == id);
            match location(client, &path).await {
                // As before, where the change is not told yet.
                Ok(now) if same_ranges(&now.ranges, &ranges) || before.is_some_and(|before| same_ranges(&now.ranges, &before.ranges)) => {
                    Ok(())
                }
                Ok(_) => Err(TenantError::Contested {
                    message: format!("the change was sent, but somebody else changes the location {OWN_LOCATION:?}, too: look at it again"),
                }),
                // It was sent and taken. Whether it is so is what the engine reads back.
                Err(_) => Ok(()),
            }
        }
    }
}

async fn location(client: &Client, path: &[&str]) -> Result<IpLocation, TenantError> {
    let url = client.url(Version::V1, path, &[]);
    let object: Map<String, Value> =
        client.get_patiently(Operation::ReadPolicies, Service::Protection, Urgency::Acting, url).await?.json()?;
    IpLocation::read(&object).ok_or_else(|| TenantError::Lost { message: "the location cannot be read".to_owned() })
}

/// The one request of an action that changes something: where it is put off, nothing was done, and the caller tries it all again.
async fn write(client: &Client, method: Method, path: &[&str], body: &Value, follows: Follows) -> Result<Answer, TenantError> {
    let (operation, service, urgency) = (Operation::WritePolicies, Service::Protection, Urgency::Acting);
    if follows == Follows::AtItsTurn {
        client.turn(service, urgency).await?;
    }
    let url = client.url(Version::V1, path, &[]);
    client.send(&Ask { operation, service, urgency, method, url, body: Some(body) }).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::range;

    fn own(is_trusted: bool, ranges: &[&str]) -> IpLocation {
        let ranges = ranges.iter().map(|text| policy::range_value(&range(text).unwrap())).collect();
        IpLocation { id: "l".to_owned(), display_name: OWN_LOCATION.to_owned(), is_trusted, ranges, ..IpLocation::default() }
    }

    fn set(is_trusted: bool, ranges: &[&str]) -> TrustChange {
        let IpLocation { id, ranges, .. } = own(is_trusted, ranges);
        TrustChange::Set { id, is_trusted, ranges }
    }

    #[test]
    fn the_location_is_made_once_keeps_its_other_ranges_and_loses_trust_with_the_last_one() {
        let (a, b) = ("203.0.113.7/32", "2001:db8::/32");
        let office = IpLocation { display_name: "Offices".to_owned(), ..own(true, &[a]) };
        let change = |held: &IpLocation, text: &str, trust| trust_change(std::slice::from_ref(held), &[range(text).unwrap()], trust);
        assert_eq!(change(&office, a, true).unwrap(), TrustChange::Make(own(true, &[a]).ranges), "the tenant's own are left alone");
        assert_eq!(change(&office, a, false).unwrap(), TrustChange::Nothing);
        assert_eq!(change(&own(true, &[a]), b, true).unwrap(), set(true, &[a, b]));
        assert_eq!(change(&own(true, &[a]), a, true).unwrap(), TrustChange::Nothing);
        assert_eq!(change(&own(true, &[a, b]), a, false).unwrap(), set(true, &[b]));
        assert_eq!(change(&own(true, &[a]), a, false).unwrap(), set(false, &[a]));
        let both = trust_change(&[own(true, &[a, b])], &[range(a).unwrap(), range(b).unwrap()], false);
        assert_eq!(both.unwrap(), set(false, &[a]));
        assert_eq!(change(&own(false, &[a]), b, true).unwrap(), set(true, &[b]));
        assert!(matches!(change(&own(false, &[a, b]), b, true), Err(TenantError::Changed { .. })));
    }

    #[test]
    fn a_policy_that_is_told_late_is_no_conflict_and_one_that_is_a_third_is() {
        let object = json!({"id": "p", "displayName": "P", "state": "enabled", "conditions": {"users": {"excludeUsers": ["glass"]}}});
        let before = Policy::read(object.as_object().unwrap()).unwrap();
        let diff = PolicyDiff::of(before.clone(), &PolicyChange::Exclude(vec!["adele".to_owned()])).unwrap().unwrap();
        assert_eq!(unless_overwritten(&diff, &before), Ok(()));
        assert_eq!(unless_overwritten(&diff, &diff.after), Ok(()));
        let third = PolicyDiff::of(before, &PolicyChange::Exclude(vec!["lee".to_owned()])).unwrap().unwrap().after;
        let told = unless_overwritten(&diff, &third);
        assert!(matches!(&told, Err(TenantError::Contested { message }) if message.contains("now leaves out lee")), "{told:?}");
    }
}
