//! The calls beyond feedback: accounts, devices, policies, locations.

use entriage::domain::policy::{PolicyChange, PolicyDiff, range};
use entriage::domain::records::UserId;
use entriage::tenant::TenantError;
use entriage::tenant::graph::{NextSignIn, PolicyError};
use secrecy::SecretString;

use crate::support::{Kind, Place, place};

/// Somebody who is in the directory and no administrator.
fn somebody(place: &Place) -> UserId {
    let users = place.users();
    let found = users.iter().find(|records| {
        records.user.is_deleted == Some(false)
            && records.directory.is_admin == Some(false)
            && records.directory.account_enabled == Some(true)
    });
    found.unwrap().id().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_and_devices_are_changed_through_the_documented_calls() {
    let place = place(Kind::Live, 60, vec![]).await;
    let graph = place.session.graph().unwrap();
    let user = somebody(&place);
    let emulator = place.emulator();
    graph.revoke_sessions(&user).await.unwrap();
    graph.set_account_enabled(&user, false).await.unwrap();
    graph.set_account_enabled(&user, true).await.unwrap();
    graph.set_password(&user, &SecretString::from("Temp-0rary!".to_owned()), NextSignIn::ChangePassword).await.unwrap();
    graph.require_password_change(&user, true).await.unwrap();
    assert!(!graph.authentication_methods(&user).await.unwrap().is_empty());
    let devices = graph.registered_devices(&user).await.unwrap();
    graph.owned_devices(&user).await.unwrap();
    for device in &devices {
        graph.set_device_enabled(&device.id, false).await.unwrap();
    }
    if let Some(device) = graph.registered_devices(&user).await.unwrap().first() {
        assert_eq!(device.account_enabled, Some(false));
    }
    assert_eq!(emulator.accepted("POST", "revokeSignInSessions"), 1);
    assert_eq!(emulator.accepted("PATCH", &format!("users/{user}")), 4);
    // The emulated application may not use the password method: that is for users only.
    let refused = graph.reset_password(&user, None).await;
    assert!(matches!(refused, Err(TenantError::Denied { .. })), "{refused:?}");
    place.session.set_writable(false).unwrap();
    assert_eq!(graph.revoke_sessions(&user).await, Err(TenantError::ReadOnly), "the gate holds for these calls, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exclusion_keeps_the_others_is_checked_and_can_be_undone() {
    let place = place(Kind::Live, 60, vec![]).await;
    let graph = place.session.graph().unwrap();
    let user = somebody(&place);
    let policies = graph.policies().await.unwrap();
    let risk_policy = policies.iter().find(|policy| !policy.user_risk_levels.is_empty()).unwrap().clone();
    let diff = PolicyDiff::of(risk_policy.clone(), &PolicyChange::Exclude(vec![user.to_string()])).unwrap();
    assert!(diff.after.excludes(user.as_str()));
    let after = graph.change_policy(&diff).await.unwrap();
    assert!(risk_policy.exclude_users.iter().all(|id| after.exclude_users.contains(id)), "nobody else lost their exclusion");
    // What was shown is no longer so: nothing is sent.
    let stale = PolicyDiff::of(risk_policy.clone(), &PolicyChange::State("disabled")).unwrap();
    assert!(matches!(graph.change_policy(&stale).await, Err(PolicyError::Changed { .. })));
    assert_eq!(graph.policy(&risk_policy.id).await.unwrap().state, risk_policy.state);
    let undo = PolicyDiff::of(after, &PolicyChange::Include(vec![user.to_string()])).unwrap();
    assert_eq!(graph.change_policy(&undo).await.unwrap(), risk_policy);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_trusted_by_a_new_location_or_one_that_there_is() {
    let place = place(Kind::Live, 60, vec![]).await;
    let graph = place.session.graph().unwrap();
    let id = graph.create_trusted_location("Branch office", &range("203.0.113.0/24").unwrap()).await.unwrap();
    let find = async || graph.ip_locations().await.unwrap().into_iter().find(|location| location.id == id).unwrap();
    let location = find().await;
    assert!(location.is_trusted && location.ranges.len() == 1);
    graph.add_to_location(&location, &range("2001:db8::/32").unwrap()).await.unwrap();
    assert_eq!(find().await.ranges.len(), 2, "the range that was there is kept");
    // What was shown is no longer so: nothing is sent, and nobody's range is lost.
    let stale = graph.add_to_location(&location, &range("198.51.100.0/24").unwrap()).await;
    assert!(matches!(stale, Err(PolicyError::LocationChanged { .. })));
    assert_eq!(find().await.ranges.len(), 2);
}
