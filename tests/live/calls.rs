//! The actions beyond feedback: accounts, devices, policies, addresses. Each goes through the engine, and counts once it was read back.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use entriage::clock::Clock;
use entriage::domain::action::Action;
use entriage::domain::blocking::{Known, policies_that_block};
use entriage::domain::facts;
use entriage::domain::journal::{Entry, Outcome};
use entriage::domain::ledger::{ItemState, Job};
use entriage::domain::password::{RANDOM_BYTES, TemporaryPassword};
use entriage::domain::plan::{Because, Plan, Target, Verdict};
use entriage::domain::policy::{OWN_LOCATION, Policy, TenantFacts};
use entriage::domain::records::{Record, UserId, UserRecords};
use entriage::domain::risk::{RiskLevel, RiskState};
use entriage::domain::settings::TenantSettings;
use entriage::domain::workspace::{Fault, FaultKind};
use entriage::tenant::{Call, Tenant as _, TenantError};
use secrecy::ExposeSecret as _;

use crate::support::{self, Kind, Place, fault, now, place};

/// People of the directory whom nothing speaks against acting on.
fn people(place: &Place, fits: impl Fn(&UserRecords) -> bool) -> Vec<UserId> {
    let users = place.users();
    let ordinary = users.iter().filter(|records| {
        facts::deleted(records) == Some(false)
            && records.directory.is_admin == Some(false)
            && records.directory.account_enabled == Some(true)
            && records.directory.user_type.as_deref() == Some("Member")
    });
    ordinary.filter(|records| fits(records)).map(|records| records.id().clone()).collect()
}

fn cloud(records: &UserRecords) -> bool {
    records.directory.on_premises_sync_enabled == Some(false)
}

fn facts_of(place: &Place) -> TenantFacts {
    place.session.store.tenant_facts().unwrap()
}

/// The policy against users at high risk, as the workspace has it.
fn risk_policy(place: &Place) -> Policy {
    facts_of(place).policies.unwrap().into_iter().find(|policy| policy.user_risk_levels.iter().any(|level| level == "high")).unwrap()
}

/// The plan of an action, with every caution taken in.
fn plan(place: &Place, action: Action, targets: &[Target], policy: Option<Policy>) -> Plan {
    let mut context = place.session.plan_context("calls", true);
    context.policy = policy;
    Plan::compute(action, targets, &place.session.load().unwrap(), &context)
}

/// Runs an action to its end.
async fn act(place: &Place, action: Action, targets: &[Target], policy: Option<Policy>) -> Job {
    let plan = plan(place, action, targets, policy);
    assert_eq!(plan.included_count(), targets.len(), "{action}: {:?}", plan.targets);
    let report = place.run(plan).await.unwrap();
    place.job(report.job)
}

async fn act_verified(place: &Place, action: Action, targets: &[Target], policy: Option<Policy>) {
    let job = act(place, action, targets, policy).await;
    assert!(job.tally().all_verified(), "{action}: {:?}", job.items);
}

/// How the only target came out, and why.
fn ended(job: &Job) -> (Outcome, String) {
    match &job.items[0].state {
        ItemState::Ended(outcome, because) => (*outcome, because.clone().unwrap_or_default()),
        state => panic!("{state:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_changed_and_read_back() {
    let place = place(Kind::Live, 60, vec![]).await;
    let some: Vec<UserId> = people(&place, cloud).into_iter().take(3).collect();
    let targets: Vec<Target> = some.iter().cloned().map(Target::User).collect();
    for action in [Action::RevokeSessions, Action::BlockSignIn, Action::UnblockSignIn, Action::GenerateTemporaryPassword] {
        act_verified(&place, action, &targets, None).await;
    }
    let emulator = place.emulator();
    assert_eq!(emulator.accepted("POST", "revokeSignInSessions"), some.len());
    assert_eq!(emulator.accepted("PATCH", "/users/"), 3 * some.len());
    for user in &some {
        assert_ne!(place.user(user.as_str()).user.at_risk(), Some(true), "a new password remediates");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_change_is_required_without_setting_a_password() {
    let place = place(Kind::Live, 60, vec![]).await;
    let user = people(&place, |records| cloud(records) && records.directory.is_mfa_registered == Some(true)).remove(0);
    act_verified(&place, Action::RequirePasswordChange, &[Target::User(user)], None).await;
    assert_eq!(place.emulator().accepted("PATCH", "/users/"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_devices_of_a_user_are_looked_at_disabled_once_each_and_read_back() {
    let place = place(Kind::Live, 200, vec![]).await;
    let mut found = None;
    for user in people(&place, |_| true) {
        let (seen, error) = place.session.engine.look(std::slice::from_ref(&user)).await;
        assert!(error.is_none(), "{error:?}");
        assert!(seen[0].methods.as_ref().unwrap().iter().any(|method| method.kind == "passwordAuthenticationMethod"));
        assert!(seen[0].directory.is_mfa_registered.is_some(), "the registration comes along");
        if seen[0].devices.as_ref().unwrap().iter().any(|device| device.account_enabled == Some(true)) {
            found = Some(user);
            break;
        }
    }
    let user = found.expect("somebody has a device");
    let devices = place.user(user.as_str()).devices.unwrap().len();
    act_verified(&place, Action::DisableDevices, &[Target::User(user.clone())], None).await;
    assert_eq!(place.emulator().accepted("PATCH", "/devices/"), devices, "registered and owned is one device");
    let again = plan(&place, Action::DisableDevices, &[Target::User(user)], None);
    assert!(again.targets[0].because.contains(&Because::NoDevices), "{:?}", again.targets);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_beyond_the_operators_role_fails_alone() {
    let place = place(Kind::Live, 200, vec![]).await;
    let users = place.users();
    let admin = users.iter().find(|records| records.directory.is_admin == Some(true) && facts::deleted(records) == Some(false)).unwrap();
    let other = people(&place, cloud).remove(0);
    let targets = [Target::User(admin.id().clone()), Target::User(other)];
    let job = act(&place, Action::BlockSignIn, &targets, None).await;
    assert_eq!((job.tally().verified, job.tally().failed), (1, 1), "{:?}", job.items);
    assert!(ended(&job).1.contains("Insufficient privileges"), "{:?}", job.items);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_is_told_that_it_cannot_write_passwords_back() {
    let place = place(Kind::Live, 200, vec![]).await;
    let hybrid = people(&place, |records| !cloud(records)).remove(0);
    let refused = plan(&place, Action::GenerateTemporaryPassword, &[Target::User(hybrid.clone())], None);
    assert_eq!(refused.targets[0].verdict, Verdict::Refused);
    assert!(refused.targets[0].because.contains(&Because::NotPermitted), "{:?}", refused.targets);
    // Where nothing foresees it, the tenant does.
    let password = TemporaryPassword::generate([7; RANDOM_BYTES]);
    let mut call = Call::new(Action::GenerateTemporaryPassword, vec![hybrid.to_string()], "me");
    (call.hybrid, call.password) = (true, Some(password.clone()));
    place.session.tenant.turn(call.action).await.unwrap();
    let denied = place.session.tenant.act(&call).await.unwrap_err();
    assert!(matches!(&denied, TenantError::Denied { status: 403, .. }), "{denied:?}");
    assert!(denied.to_string().contains("sign in as a user"), "{denied}");
    assert!(!format!("{denied:?}").contains(password.secret().expose_secret()));
    assert_eq!(place.emulator().count("POST", "resetPassword"), 1);
    place.session.set_writable(false).unwrap();
    assert_eq!(place.session.tenant.act(&call).await, Err(TenantError::ReadOnly), "the gate holds for these calls, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_written_back_is_followed_until_it_is_there_or_cannot_get_there() {
    let slow = Fault { times: Some(1), ..fault(FaultKind::Slow { seconds: 20 }) };
    let never = Fault { times: Some(1), ..fault(FaultKind::NoEffect) };
    for (does, outcome, said) in [(slow, Outcome::Verified, ""), (never, Outcome::Failed, "could not be written back")] {
        let reset = Fault { actions: vec![Action::GenerateTemporaryPassword], ..does };
        let place = support::place_of_user(200, vec![reset]).await;
        let entry = Entry::Setting { name: "passwordWriteback".to_owned(), value: "true".to_owned() };
        place.session.store.append(now(), "me", vec![entry]).unwrap();
        let hybrid = people(&place, |records| !cloud(records) && records.user.at_risk() == Some(true)).remove(0);
        let job = act(&place, Action::GenerateTemporaryPassword, &[Target::User(hybrid.clone())], None).await;
        let (came_out, because) = ended(&job);
        assert_eq!(came_out, outcome, "{because}");
        assert!(because.contains(said), "{because}");
        assert_eq!(place.emulator().count("POST", "resetPassword"), 1, "a second password would be another one than was told");
        assert!(place.emulator().count("GET", "/authentication/operations/") > 0, "it was watched");
        assert_eq!(place.user(hybrid.as_str()).user.at_risk() == Some(false), outcome == Outcome::Verified);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_whose_answer_was_lost_is_read_back_and_never_set_twice() {
    let broken = Fault { path: Some("v1.0/users/".to_owned()), times: Some(1), ..fault(FaultKind::BreakAfter) };
    let place = place(Kind::Live, 60, vec![broken]).await;
    let user = people(&place, |records| cloud(records) && records.user.at_risk() == Some(true)).remove(0);
    act_verified(&place, Action::GenerateTemporaryPassword, &[Target::User(user.clone())], None).await;
    assert_eq!(place.emulator().count("PATCH", "/users/"), 1);
    assert_ne!(place.user(user.as_str()).user.at_risk(), Some(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exclusion_keeps_the_others_and_its_undo_gives_back_the_policy() {
    let place = place(Kind::Live, 60, vec![]).await;
    let targets: Vec<Target> = people(&place, |_| true).into_iter().take(2).map(Target::User).collect();
    let before = risk_policy(&place);
    assert!(!before.exclude_users.is_empty(), "somebody is left out from the start");
    act_verified(&place, Action::ExcludeFromPolicy, &targets, Some(before.clone())).await;
    let between = risk_policy(&place);
    assert!(before.exclude_users.iter().all(|id| between.excludes(id)), "nobody else lost their exclusion");
    assert!(targets.iter().all(|target| between.excludes(target.id())));
    act_verified(&place, Action::IncludeInPolicy, &targets, Some(between)).await;
    assert_eq!(risk_policy(&place), before);
    assert_eq!(place.emulator().accepted("PATCH", "conditionalAccess/policies"), 2, "one request for all of them");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_disabled_for_everybody_and_enabled_again() {
    let place = place(Kind::Live, 60, vec![]).await;
    let before = risk_policy(&place);
    let target = [Target::Policy(before.id.clone())];
    act_verified(&place, Action::DisablePolicy, &target, Some(before.clone())).await;
    let disabled = risk_policy(&place);
    assert_eq!(disabled.state, "disabled");
    act_verified(&place, Action::EnablePolicy, &target, Some(disabled)).await;
    assert_eq!(risk_policy(&place), before);
}

/// Sends a call outside of any job; what the tenant puts off has its next turn, as in a job.
async fn act_in_turn(place: &Place, call: &Call) {
    for _ in 0..5 {
        place.session.tenant.turn(call.action).await.unwrap();
        match place.session.tenant.act(call).await {
            Err(TenantError::Throttled { .. }) => {}
            answer => return answer.unwrap(),
        }
    }
    panic!("throttled five times");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_somebody_else_changed_since_the_plan_is_reported_and_not_overwritten() {
    let place = place(Kind::Live, 60, vec![]).await;
    let [mine, theirs] = people(&place, |_| true).into_iter().take(2).collect::<Vec<_>>().try_into().unwrap();
    let shown = risk_policy(&place);
    let plan = plan(&place, Action::ExcludeFromPolicy, &[Target::User(mine.clone())], Some(shown.clone()));
    let mut call = Call::new(Action::ExcludeFromPolicy, vec![theirs.to_string()], "somebody else");
    call.policy = Some(shown.clone());
    act_in_turn(&place, &call).await;
    let report = place.run(plan).await.unwrap();
    let (outcome, because) = ended(&place.job(report.job));
    assert_eq!(outcome, Outcome::Failed);
    assert!(because.contains("nothing was sent") && because.contains(theirs.as_str()), "{because}");
    assert_eq!(place.emulator().accepted("PATCH", "conditionalAccess/policies"), 1, "theirs alone");
    let sent = place.emulator().count("PATCH", "conditionalAccess/policies");
    place.sync().await;
    let now = risk_policy(&place);
    assert!(now.excludes(theirs.as_str()) && !now.excludes(mine.as_str()));
    // What is so already is no conflict, and needs no request.
    act_in_turn(&place, &call).await;
    assert_eq!(place.emulator().count("PATCH", "conditionalAccess/policies"), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn between_reading_a_policy_and_changing_it_nobody_waits_for_a_turn() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::starting_at(support::now());
    let emulator = support::emulated(folder.path(), clock, 20, None, vec![]).await;
    let tenant = support::graph(&support::live_spec(&emulator, folder.path(), Some(0.5)), clock);
    tenant.writing().store(true, Ordering::SeqCst);
    let target = Target::Policy(String::new());
    let read = tenant.read_back(Action::DisablePolicy, &[target], None).await.unwrap();
    let policies = read.into_iter().find_map(|record| match record {
        Record::Policies(policies) => Some(policies),
        _ => None,
    });
    let shown = policies.unwrap().remove(0);
    let mut call = Call::new(Action::DisablePolicy, vec![shown.id.clone()], "me");
    let path = format!("conditionalAccess/policies/{}", shown.id);
    call.policy = Some(shown);
    let gap = async {
        let since = |method: &'static str| {
            let (emulator, path) = (&emulator, &path);
            async move {
                while emulator.count(method, path) == 0 {
                    tokio::task::yield_now().await;
                }
                Instant::now()
            }
        };
        let read = since("GET").await;
        since("PATCH").await - read
    };
    let changed = async {
        tenant.turn(call.action).await.unwrap();
        tenant.act(&call).await.unwrap();
    };
    let (gap, ()) = tokio::join!(gap, changed);
    assert!(gap < Duration::from_secs(1), "a turn is two seconds, and between the two lay {gap:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_trusted_by_a_location_of_ones_own_and_the_others_are_kept() {
    let place = place(Kind::Live, 60, vec![]).await;
    let address = |text: &str| Target::Address(text.to_owned());
    let held = |place: &Place| facts_of(place).own_location().map_or(0, |location| location.ranges.len());
    let offices = facts_of(&place).locations.unwrap();
    act_verified(&place, Action::TrustIp, &[address("192.0.2.207")], None).await;
    act_verified(&place, Action::TrustIp, &[address("192.0.2.209"), address("2001:db8:7::/64")], None).await;
    assert_eq!(held(&place), 3, "the range that was there is kept");
    act_verified(&place, Action::UntrustIp, &[address("192.0.2.207")], None).await;
    assert_eq!(held(&place), 2);
    act_verified(&place, Action::UntrustIp, &[address("192.0.2.209"), address("2001:db8:7::/64")], None).await;
    assert!(facts_of(&place).own_location().is_none(), "without ranges it is not trusted");
    act_verified(&place, Action::TrustIp, &[address("192.0.2.208")], None).await;
    assert_eq!(held(&place), 1);
    let locations = facts_of(&place).locations.unwrap();
    assert_eq!(locations.iter().filter(|location| location.display_name == OWN_LOCATION).count(), 1);
    assert!(offices.iter().all(|office| locations.contains(office)), "the tenant's own locations are left alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_and_locations_come_with_a_sync_and_without_the_permission_the_rest_does() {
    let place = place(Kind::Live, 60, vec![]).await;
    let facts = facts_of(&place);
    assert!(facts.policies.is_some_and(|policies| policies.len() == 5) && facts.locations.is_some_and(|locations| locations.len() == 1));
    assert_eq!(place.emulator().count("GET", "conditionalAccess"), 2);
    assert_eq!(place.emulator().count("GET", "subscribedSkus"), 1, "once per process");
    place.sync().await;
    assert_eq!(place.emulator().count("GET", "conditionalAccess"), 4, "a sync of what changed reads them, too");
    assert_eq!(place.emulator().count("GET", "subscribedSkus"), 1, "once per process");
    let holder = place.session.tenant.holder().unwrap();
    assert!(holder.is_application && holder.service_plans.unwrap().iter().any(|plan| plan == "AAD_PREMIUM_P2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_permission_for_policies_everything_else_is_read_and_a_note_says_so() {
    let place = place(Kind::Live, 60, vec![fault(FaultKind::WithoutScope { scope: "Policy.Read.All".to_owned() })]).await;
    let notes = place.session.store.sync_state().unwrap().notes;
    assert!(notes.len() == 1 && notes[0].starts_with("policies cannot be read: ") && notes[0].contains("scopes are missing"), "{notes:?}");
    assert_eq!(facts_of(&place), TenantFacts::default());
    assert!(!place.users().is_empty());
    assert_eq!(place.emulator().count("GET", "conditionalAccess"), 1, "locations take the same permission");
    // What is written is read first, so that this is foreseen, and told by the tenant where it is not.
    let refused = plan(&place, Action::TrustIp, &[Target::Address("192.0.2.207".to_owned())], None);
    assert!(refused.targets[0].because.contains(&Because::NotPermitted), "{:?}", refused.targets);
    let call = Call::new(Action::TrustIp, vec!["192.0.2.207".to_owned()], "me");
    place.session.tenant.turn(call.action).await.unwrap();
    let denied = place.session.tenant.act(&call).await;
    assert!(matches!(denied, Err(TenantError::Denied { .. })), "{denied:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_user_who_never_was_at_risk_is_found_by_name_and_set_to_high_risk() {
    let demo = place(Kind::Demo, 200, vec![]).await;
    let place = place(Kind::Live, 200, vec![]).await;
    let held = place.users();
    let calm = |records: &UserRecords| records.user.risk_state == Some(RiskState::None) && facts::deleted(records) == Some(false);
    let never = demo.users().into_iter().find(|of| calm(of) && !held.iter().any(|held| held.id() == of.id())).unwrap();
    let name = never.user.user_principal_name.as_deref().unwrap();
    let found = place.session.engine.find(name).await.unwrap();
    assert_eq!(found.iter().map(UserRecords::id).collect::<Vec<_>>(), [never.id()]);
    let records = place.user(never.id().as_str());
    assert_eq!((records.user.at_risk(), records.user.user_principal_name.as_deref()), (Some(false), Some(name)));
    assert_eq!(records.directory.account_enabled, never.directory.account_enabled);
    act_verified(&place, Action::ConfirmUserCompromised, &[Target::User(never.id().clone())], None).await;
    assert_eq!(place.user(never.id().as_str()).user.risk_level, Some(RiskLevel::High));
    assert!(place.session.engine.find("nobody@contoso.test").await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_blocks_a_user_without_being_risky_is_known_when_somebody_looks() {
    let demo = place(Kind::Demo, 200, vec![]).await;
    let by_risk = |records: &UserRecords| facts::blocked(records, &TenantFacts::default(), now()).by.contains(&facts::BlockedBy::UserRisk);
    let user = demo.users().into_iter().find(|records| by_risk(records)).unwrap().id().clone();
    let place = place(Kind::Live, 200, vec![]).await;
    assert_eq!(
        facts::blocked(&place.user(user.as_str()), &TenantFacts::default(), now()).value,
        None,
        "the block was no risky sign-in, so nobody read it"
    );
    let (_, hindered) = place.session.engine.look(std::slice::from_ref(&user)).await;
    assert!(hindered.is_none(), "{hindered:?}");
    let records = place.user(user.as_str());
    assert!(by_risk(&records), "{:?}", facts::blocked(&records, &TenantFacts::default(), now()));
    let policies = facts_of(&place);
    assert_eq!(
        policies_that_block(&Known { records: &records, tenant: &policies, settings: &TenantSettings::default(), now: now() }).len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_risk_history_of_a_user_is_read_when_somebody_looks_and_held_once() {
    let demo = place(Kind::Demo, 200, vec![]).await;
    let of = |place: &Place, id: &UserId| -> Vec<_> {
        let history = place.user(id.as_str()).history.into_iter();
        history.map(|item| (item.risk_last_updated_date_time, item.risk_state, item.risk_detail)).collect()
    };
    let user = demo
        .users()
        .into_iter()
        .find(|records| records.user.at_risk() == Some(true) && facts::deleted(records) == Some(false) && records.history.len() > 1)
        .unwrap()
        .id()
        .clone();
    let place = place(Kind::Live, 200, vec![]).await;
    assert!(of(&place, &user).is_empty() && place.user(user.as_str()).history_is_behind());
    for _ in 0..2 {
        let (_, hindered) = place.session.engine.look(std::slice::from_ref(&user)).await;
        assert!(hindered.is_none(), "{hindered:?}");
        assert_eq!(of(&place, &user), of(&demo, &user));
    }
    assert!(!place.user(user.as_str()).history_is_behind());
    act_verified(&place, Action::DismissUserRisk, &[Target::User(user.clone())], None).await;
    assert!(place.user(user.as_str()).history_is_behind(), "the tenant knows of a change that was not read yet");
    place.session.engine.look(std::slice::from_ref(&user)).await;
    assert_eq!(of(&place, &user).len(), of(&demo, &user).len() + 1, "what was present is past, and there once");
}
