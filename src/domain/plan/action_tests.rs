//! Verdicts beyond feedback: accounts, policies, addresses, playbooks, and who may do what.

use super::*;
use crate::domain::fixture;
use crate::domain::permission::Holder;
use crate::domain::policy::{IpLocation, OWN_LOCATION, TenantFacts, range, range_value};
use crate::domain::records::{Device, UserRecords};
use crate::domain::risk::{RiskDetail, RiskState, TokenIssuerType};

fn user(change: impl FnOnce(&mut UserRecords)) -> UserRecords {
    let mut records = fixture::risky_user("u", "unfamiliarFeatures");
    change(&mut records);
    records
}

fn policy(state: &str, excluded: &[&str]) -> Policy {
    let object = serde_json::json!({
        "id": "p", "displayName": "CA201", "state": state,
        "conditions": {"userRiskLevels": ["high"], "users": {"includeUsers": ["All"], "excludeUsers": excluded}},
    });
    Policy::read(object.as_object().unwrap()).unwrap()
}

fn context() -> PlanContext {
    PlanContext { reason: "PT-118".to_owned(), ..PlanContext::new("me", Access::ReadWrite, fixture::now()) }
}

fn target_of(action: Action, target: Target, dataset: &Dataset, context: &PlanContext) -> PlanTarget {
    Plan::compute(action, &[target], dataset, context).targets.remove(0)
}

fn judged(action: Action, records: UserRecords, context: &PlanContext) -> (Verdict, Vec<Because>) {
    let target = target_of(action, Target::User("u".into()), &[records].into_iter().collect(), context);
    (target.verdict, target.because)
}

/// Action, what is changed of a cloud user with everything registered, what was stated, and the verdict.
#[test]
fn accounts_are_judged_by_what_the_source_document_asks_for() {
    use Action as A;
    use Because as B;
    use Verdict as V;
    type Change = fn(&mut UserRecords);
    let none: Change = |_| {};
    let hybrid: Change = |records| records.directory.on_premises_sync_enabled = Some(true);
    let no_mfa: Change = |records| records.directory.is_mfa_registered = Some(false);
    let guest: Change = |records| records.directory.user_type = Some("Guest".into());
    let disabled: Change = |records| records.directory.account_enabled = Some(false);
    let closed: Change = |records| records.user.risk_state = Some(RiskState::Remediated);
    let federated: Change = |records| {
        let mut plain = records.sign_ins[0].clone();
        plain.id = "plain".into();
        plain.risk_state = Some(RiskState::None);
        plain.risk_event_types.clear();
        plain.token_issuer_type = Some(TokenIssuerType::AdFederationServices);
        records.sign_ins.push(plain);
    };
    let stated = |writeback, hash_sync, on_premises| TenantSettings {
        password_writeback: writeback,
        password_hash_sync: hash_sync,
        on_premises_reset_remediates: on_premises,
        ..TenantSettings::default()
    };
    let unstated = TenantSettings::default();
    let rows: Vec<(Action, Change, TenantSettings, Verdict, Vec<Because>)> = vec![
        (A::GenerateTemporaryPassword, none, unstated, V::Eligible, vec![]),
        (A::GenerateTemporaryPassword, closed, unstated, V::Eligible, vec![]),
        (A::GenerateTemporaryPassword, hybrid, unstated, V::Caution, vec![B::WritebackUnknown]),
        (A::GenerateTemporaryPassword, hybrid, stated(Some(true), None, None), V::Eligible, vec![]),
        (A::GenerateTemporaryPassword, hybrid, stated(Some(false), None, None), V::Refused, vec![B::HybridNoWriteback]),
        (A::GenerateTemporaryPassword, guest, unstated, V::Refused, vec![B::Guest]),
        (A::GenerateTemporaryPassword, federated, unstated, V::Caution, vec![B::Federated]),
        (A::RequirePasswordChange, none, unstated, V::Eligible, vec![]),
        (A::RequirePasswordChange, no_mfa, unstated, V::Refused, vec![B::MfaNotRegistered]),
        (A::RequirePasswordChange, |records| records.directory.is_mfa_registered = None, unstated, V::Caution, vec![B::MfaUnknown]),
        (A::RequirePasswordChange, hybrid, stated(Some(false), None, None), V::Refused, vec![B::HybridNoWriteback]),
        (A::RequirePasswordChange, hybrid, stated(Some(false), Some(true), Some(true)), V::Eligible, vec![]),
        (
            A::RequirePasswordChange,
            |records| records.directory.password_change_required = Some(true),
            unstated,
            V::Refused,
            vec![B::AlreadyDone],
        ),
        (A::RevokeSessions, none, unstated, V::Eligible, vec![]),
        (A::RevokeSessions, guest, unstated, V::Refused, vec![B::Guest]),
        (A::BlockSignIn, none, unstated, V::Eligible, vec![]),
        (A::BlockSignIn, disabled, unstated, V::Refused, vec![B::AlreadyDone]),
        (A::BlockSignIn, guest, unstated, V::Caution, vec![B::Guest]),
        (A::UnblockSignIn, none, unstated, V::Refused, vec![B::AlreadyDone, B::StillAtRisk]),
        (A::UnblockSignIn, disabled, unstated, V::Caution, vec![B::StillAtRisk]),
        (A::DisableDevices, none, unstated, V::Caution, vec![B::DevicesUnknown]),
        (A::DisableDevices, |records| records.devices = Some(vec![]), unstated, V::Refused, vec![B::NoDevices]),
        (A::SecureAccount, none, unstated, V::Eligible, vec![]),
        (A::SecureAccount, |records| records.user.is_deleted = Some(true), unstated, V::Refused, vec![B::Deleted]),
        (A::RemediatedElsewhere, none, unstated, V::Eligible, vec![]),
    ];
    for (action, change, settings, verdict, because) in rows {
        let told = judged(action, user(change), &PlanContext { settings, ..context() });
        assert_eq!(told, (verdict, because), "{action} {settings:?}");
    }
}

fn device(name: &str, enabled: bool) -> Device {
    Device {
        id: name.into(),
        device_id: None,
        display_name: Some(name.into()),
        operating_system: Some("Windows".into()),
        account_enabled: Some(enabled),
    }
}

fn owner(devices: Vec<Device>) -> Dataset {
    [user(|records| records.devices = Some(devices))].into_iter().collect()
}

#[test]
fn devices_to_be_disabled_are_named() {
    let dataset = owner(vec![device("LAPTOP", true), device("OLD", false)]);
    let target = target_of(Action::DisableDevices, Target::User("u".into()), &dataset, &context());
    assert_eq!((target.verdict, target.changes), (Verdict::Eligible, vec!["disable LAPTOP (Windows)".to_owned()]));
}

#[test]
fn devices_that_a_plan_does_not_name_are_left_out_where_nobody_looks_at_it_again_and_taken_in_else() {
    let older = Plan::compute(
        Action::DisableDevices,
        &[Target::User("u".into())],
        &owner(vec![device("LAPTOP", true), device("GONE", true)]),
        &context(),
    );
    let now = owner(vec![device("NEW", true), device("LAPTOP", true), device("GONE", false)]);
    let (looked_at, _) = older.revise(&now, &context());
    assert_eq!(looked_at.targets[0].devices, ["NEW", "LAPTOP"]);
    let (plan, changes) = older.revise_as_named(&now, &context());
    let target = &plan.targets[0];
    assert_eq!((target.devices.as_slice(), target.included), (&["LAPTOP".to_owned()][..], true));
    assert_eq!(target.changes, ["disable LAPTOP (Windows)"]);
    assert_eq!(changes[0].told, ["not in the plan, so left out: disable NEW (Windows)"]);
    let (none, _) = older.revise_as_named(&owner(vec![device("NEW", true), device("LAPTOP", false)]), &context());
    let target = &none.targets[0];
    assert_eq!((target.verdict, target.included, target.devices.len()), (Verdict::Refused, false, 0));
    assert_eq!(target.because, [Because::DevicesNotInPlan]);
    let (same, changes) = older.revise_as_named(&owner(vec![device("LAPTOP", true), device("GONE", true)]), &context());
    assert_eq!((same.targets, changes), (older.targets.clone(), vec![]));
}

#[test]
fn a_policy_is_changed_only_as_it_was_shown() {
    let planned = |action, shown: Option<Policy>, now: Vec<Policy>| {
        let mut dataset: Dataset = [user(|_| {})].into_iter().collect();
        dataset.set_tenant(TenantFacts { policies: Some(now), locations: None });
        let target = if action == Action::DisablePolicy { Target::Policy("p".to_owned()) } else { Target::User("u".into()) };
        target_of(action, target, &dataset, &PlanContext { policy: shown, ..context() })
    };
    let enabled = || policy("enabled", &["glass"]);
    let exclude = planned(Action::ExcludeFromPolicy, Some(enabled()), vec![enabled()]);
    assert_eq!((exclude.verdict, exclude.because), (Verdict::Caution, vec![Because::DoesNotBlock]), "it is about high risk");
    assert_eq!(exclude.changes, ["policy \"CA201\": excludeUsers + u, 1 others stay"]);
    let disable = planned(Action::DisablePolicy, Some(enabled()), vec![enabled()]);
    assert_eq!((disable.verdict, disable.because), (Verdict::Caution, vec![Because::Everybody]));
    assert_eq!(disable.changes, ["policy \"CA201\": state enabled -> disabled"]);
    let refused = |target: PlanTarget| target.because.into_iter().find(|because| because.refuses(Action::ExcludeFromPolicy));
    assert_eq!(refused(planned(Action::ExcludeFromPolicy, None, vec![])), Some(Because::PolicyUnknown));
    assert_eq!(refused(planned(Action::ExcludeFromPolicy, Some(enabled()), vec![])), Some(Because::PolicyUnknown));
    let changed = planned(Action::ExcludeFromPolicy, Some(enabled()), vec![policy("enabled", &["glass", "other"])]);
    assert_eq!(changed.changes.last().unwrap(), "since it was shown: it now leaves out other");
    assert_eq!(refused(changed), Some(Because::PolicyChanged));
    let (shown, reordered) = (policy("enabled", &["glass", "lee"]), policy("enabled", &["Lee", "glass"]));
    let of_order = planned(Action::ExcludeFromPolicy, Some(shown), vec![reordered]);
    assert_eq!(of_order.because, [Because::DoesNotBlock], "another order is no change");
    let partial = Policy { exclusions_read: false, ..enabled() };
    for action in [Action::ExcludeFromPolicy, Action::IncludeInPolicy] {
        for (shown, now) in [(enabled(), partial.clone()), (partial.clone(), enabled()), (partial.clone(), partial.clone())] {
            let target = planned(action, Some(shown), vec![now]);
            assert!(target.verdict == Verdict::Refused && target.because.contains(&Because::ExclusionsUnknown), "{action}");
        }
    }
    let state_alone = planned(Action::DisablePolicy, Some(partial.clone()), vec![partial]);
    assert_eq!((state_alone.verdict, state_alone.because), (Verdict::Caution, vec![Because::Everybody]), "exclusions stay as they are");
    let off = policy("disabled", &[]);
    assert_eq!(refused(planned(Action::ExcludeFromPolicy, Some(off.clone()), vec![off.clone()])), Some(Because::NotEnforced));
    assert_eq!(refused(planned(Action::DisablePolicy, Some(off.clone()), vec![off])), Some(Because::AlreadyDone));
    let of_u = policy("enabled", &["U"]);
    assert_eq!(refused(planned(Action::ExcludeFromPolicy, Some(of_u.clone()), vec![of_u.clone()])), Some(Because::AlreadyDone));
    assert_eq!(refused(planned(Action::IncludeInPolicy, Some(of_u.clone()), vec![of_u])), None);
    assert_eq!(refused(planned(Action::IncludeInPolicy, Some(enabled()), vec![enabled()])), Some(Because::AlreadyDone));
}

#[test]
fn a_plan_that_is_looked_at_again_tells_what_somebody_else_changed() {
    let mut dataset: Dataset = [user(|_| {})].into_iter().collect();
    let context = PlanContext { policy: Some(policy("enabled", &["glass"])), ..context() };
    let plan = Plan::compute(Action::ExcludeFromPolicy, &[Target::User("u".into())], &dataset, &context);
    dataset.set_tenant(TenantFacts { policies: Some(vec![policy("enabled", &["lee"])]), locations: None });
    let (_, changes) = plan.revise(&dataset, &context);
    assert_eq!(changes[0].because, [Because::PolicyChanged, Because::DoesNotBlock]);
    assert_eq!(changes[0].told, ["since it was shown: it now leaves out lee", "since it was shown: it no longer leaves out glass"]);
}

#[test]
fn a_plan_file_whose_target_is_another_policy_than_the_shown_one_is_refused() {
    let [shown, other] = ["p", "q"].map(|id| Policy { id: id.to_owned(), ..policy("enabled", &[]) });
    let mut dataset = Dataset::new();
    dataset.set_tenant(TenantFacts { policies: Some(vec![shown.clone(), other]), locations: None });
    let context = PlanContext { policy: Some(shown), include_caution: true, ..context() };
    let mut plan = Plan::compute(Action::DisablePolicy, &[Target::Policy("P".to_owned())], &dataset, &context);
    assert_eq!(plan.included_count(), 1);
    plan.targets[0].id = "q".to_owned();
    let (revised, _) = plan.revise(&dataset, &context);
    let target = &revised.targets[0];
    assert_eq!((target.verdict, target.included, target.changes.len()), (Verdict::Refused, false, 0));
    assert!(target.because.contains(&Because::PolicyUnknown));
}

#[test]
fn trusting_an_address_concerns_everybody_and_warns_where_risk_was_found() {
    let mut dataset: Dataset = [fixture::risky_user("spray", "passwordSpray")].into_iter().collect();
    let judge = |action, address: &str, dataset: &Dataset| target_of(action, Target::Address(address.to_owned()), dataset, &context());
    assert_eq!(judge(Action::TrustIp, "198.51.100.9", &dataset).because, [Because::Everybody]);
    assert!(
        judge(Action::TrustIp, "198.51.100.9", &dataset).changes[0].contains("(whether it is there is unknown: locations were not read)")
    );
    let read = |locations| {
        let mut dataset = dataset.clone();
        dataset.set_tenant(TenantFacts { policies: None, locations: Some(locations) });
        judge(Action::TrustIp, "198.51.100.9", &dataset).changes
    };
    assert!(read(vec![])[0].contains("(made for it)"));
    assert_eq!(judge(Action::TrustIp, "203.0.113.0/24", &dataset).because, [Because::Everybody, Because::RiskyAddress]);
    let closed = |state: RiskState, detail: RiskDetail| {
        let mut records = fixture::risky_user("spray", "passwordSpray");
        for detection in &mut records.detections {
            (detection.risk_state, detection.risk_detail) = (Some(state.clone()), Some(detail.clone()));
        }
        let dataset: Dataset = [records].into_iter().collect();
        judge(Action::TrustIp, "203.0.113.0/24", &dataset).because.contains(&Because::RiskyAddress)
    };
    assert!(closed(RiskState::Remediated, RiskDetail::AdminGeneratedTemporaryPassword), "an attacker's address stays one");
    assert!(closed(RiskState::Dismissed, RiskDetail::AdminDismissedAllRiskForUser));
    assert!(!closed(RiskState::Dismissed, RiskDetail::AiConfirmedSigninSafe));
    assert!(!closed(RiskState::ConfirmedSafe, RiskDetail::AdminConfirmedSigninSafe));
    assert_eq!(judge(Action::TrustIp, "198.51.0.0/16", &dataset).because, [Because::Everybody, Because::WideRange]);
    assert_eq!(judge(Action::TrustIp, "here", &dataset).verdict, Verdict::Refused);
    let ranges = vec![range_value(&range("198.51.100.0/24").unwrap())];
    let location =
        IpLocation { id: "l".to_owned(), display_name: OWN_LOCATION.to_owned(), is_trusted: true, ranges, ..IpLocation::default() };
    dataset.set_tenant(TenantFacts { policies: None, locations: Some(vec![location]) });
    assert_eq!(judge(Action::TrustIp, "198.51.100.9", &dataset).verdict, Verdict::Refused, "it is trusted already");
    assert_eq!(judge(Action::UntrustIp, "198.51.100.0/24", &dataset).verdict, Verdict::Eligible);
    assert_eq!(judge(Action::UntrustIp, "198.51.100.9", &dataset).because, [Because::TrustedElsewhere], "only what it holds is taken out");
    assert_eq!(judge(Action::UntrustIp, "192.0.2.9", &dataset).because, [Because::AlreadyDone]);
}

#[test]
fn what_the_operator_may_not_do_is_refused_and_a_role_that_the_token_does_not_name_is_a_caution() {
    let holder = |permissions: &[&str], roles: Option<&[&str]>| Holder {
        permissions: permissions.iter().map(|name| (*name).to_owned()).collect(),
        roles: roles.map(|roles| roles.iter().map(|name| (*name).to_owned()).collect()),
        ..Holder::default()
    };
    let judge = |action, holder| judged(action, user(|_| {}), &PlanContext { holder: Some(holder), ..context() });
    let risk = &["IdentityRiskyUser.ReadWrite.All"][..];
    assert_eq!(judge(Action::RevokeSessions, holder(risk, None)), (Verdict::Refused, vec![Because::NotPermitted]));
    assert_eq!(judge(Action::DismissUserRisk, holder(risk, None)), (Verdict::Eligible, vec![]));
    assert_eq!(judge(Action::DismissUserRisk, holder(risk, Some(&["Reports Reader"]))), (Verdict::Caution, vec![Because::RoleMissing]));
    assert_eq!(judge(Action::SecureAccount, holder(risk, None)), (Verdict::Eligible, vec![]), "its steps are judged one by one");
}

#[test]
fn nobody_locks_themselves_out_unasked_or_resets_their_own_password() {
    let holder = Holder {
        user_id: Some("U".to_owned()),
        permissions: vec!["User.ReadWrite.All".to_owned(), "IdentityRiskyUser.ReadWrite.All".to_owned()],
        ..Holder::default()
    };
    let of = |action, id: &str| {
        judged(action, user(|_| {}), &PlanContext { holder: Some(Holder { user_id: Some(id.to_owned()), ..holder.clone() }), ..context() })
    };
    for action in [Action::BlockSignIn, Action::RevokeSessions, Action::DismissUserRisk, Action::SecureAccount] {
        assert_eq!(of(action, "U"), (Verdict::Caution, vec![Because::OwnAccount]), "{action}");
        assert_eq!(of(action, "another"), (Verdict::Eligible, vec![]), "{action}");
    }
    assert_eq!(of(Action::GenerateTemporaryPassword, "U"), (Verdict::Refused, vec![Because::OwnAccount]));
    let context = PlanContext { holder: Some(holder), include_caution: true, reason: "PT-118".to_owned(), ..context() };
    let plan = Plan::compute(Action::BlockSignIn, &[Target::User("u".into())], &[user(|_| {})].into_iter().collect(), &context);
    assert_eq!(plan.confirm, Confirmation::Phrase);
}

#[test]
fn a_playbook_tells_which_of_its_steps_will_be_refused_and_why() {
    let lines = |action, records: UserRecords, context: &PlanContext| {
        let target = target_of(action, Target::User("u".into()), &[records].into_iter().collect(), context);
        assert_ne!(target.verdict, Verdict::Refused, "{:?}", target.because);
        let no_password = target.changes.iter().any(|line| line.contains("hybridNoWriteback"));
        assert_eq!(target.because.contains(&Because::HybridNoWriteback), no_password, "it is a caution for the whole");
        target.changes
    };
    assert_eq!(lines(Action::SecureAccount, user(|_| {}), &context()), Vec::<String>::new());
    let hybrid = user(|records| {
        records.directory.on_premises_sync_enabled = Some(true);
        records.devices = Some(Vec::new());
    });
    let settings = TenantSettings { password_writeback: Some(false), ..TenantSettings::default() };
    assert_eq!(
        lines(Action::SecureAccount, hybrid, &PlanContext { settings, ..context() }),
        ["step 2 generateTemporaryPassword: refused: hybridNoWriteback", "step 4 disableDevices: refused: noDevices"]
    );
    let holder = Holder {
        permissions: vec!["IdentityRiskyUser.ReadWrite.All".to_owned(), "User.EnableDisableAccount.All".to_owned()],
        ..Holder::default()
    };
    let guest = user(|records| records.directory.user_type = Some("Guest".into()));
    let told = lines(Action::SecureAccount, guest, &PlanContext { holder: Some(holder), ..context() });
    let missing = "(the permission User.RevokeSessions.All or User.ReadWrite.All is missing)";
    assert_eq!(told[1], format!("step 3 revokeSessions: refused: notPermitted, guest {missing}"));
    let closed = user(|records| records.user.risk_state = Some(RiskState::Dismissed));
    assert_eq!(lines(Action::RemediatedElsewhere, closed, &context()), Vec::<String>::new(), "it is at risk when its turn comes");
}

#[test]
fn a_playbook_leaves_blocking_out_unless_it_is_asked_for_and_names_its_steps() {
    let dataset: Dataset = [user(|_| {})].into_iter().collect();
    let plan = |steps| Plan::compute(Action::SecureAccount, &[Target::User("u".into())], &dataset, &PlanContext { steps, ..context() });
    assert!(!plan(None).steps.contains(&Action::BlockSignIn));
    let all = plan(Some(Action::SecureAccount.steps().to_vec()));
    assert_eq!(all.steps, Action::SecureAccount.steps());
    assert_eq!(all.requests, 5);
    assert!(all.is_unedited() && !Plan { steps: Vec::new(), ..all }.is_unedited());
}

#[test]
fn what_entra_cannot_trust_and_what_nobody_signs_in_from_is_refused() {
    let tenant = TenantFacts { policies: None, locations: Some(Vec::new()) };
    let mut dataset = Dataset::new();
    dataset.set_tenant(tenant);
    let judged = |address: &str| {
        let context = PlanContext::new("me", Access::ReadWrite, fixture::now());
        let mut plan = Plan::compute(Action::TrustIp, &[Target::Address(address.to_owned())], &dataset, &context);
        plan.targets.remove(0)
    };
    for (address, because) in [
        ("0.0.0.0/0", Because::RangeTooWide),
        ("::/0", Because::RangeTooWide),
        ("203.0.0.0/8", Because::RangeTooWide),
        ("10.0.0.5", Because::NotPublic),
        ("127.0.0.1", Because::NotPublic),
        ("fd00::1", Because::NotPublic),
    ] {
        let target = judged(address);
        assert!(target.verdict == Verdict::Refused && target.because.contains(&because), "{address}: {:?}", target.because);
    }
    assert_eq!(judged("203.0.113.0/24").verdict, Verdict::Caution);
}

#[test]
fn what_the_adviser_warns_of_is_a_caution_of_the_plan() {
    let mut leaked = fixture::risky_user("u1", "leakedCredentials");
    leaked.directory.is_admin = Some(false);
    let because = |action, records: &UserRecords| {
        let dataset: Dataset = [records.clone()].into_iter().collect();
        let context = PlanContext::new("me", Access::ReadWrite, fixture::now());
        Plan::compute(action, &[Target::User(records.id().clone())], &dataset, &context).targets.remove(0).because
    };
    assert!(because(Action::ConfirmUserSafe, &leaked).contains(&Because::LeakedCredentials));
    assert!(!because(Action::DismissUserRisk, &leaked).contains(&Because::LeakedCredentials));
    leaked.directory.last_password_change_date_time = Some(crate::domain::time::Timestamp(fixture::now().0 - chrono::TimeDelta::days(400)));
    assert!(because(Action::RemediatedElsewhere, &leaked).contains(&Because::PasswordOlder));
    leaked.user.risk_state = Some(crate::domain::risk::RiskState::Remediated);
    for action in [Action::SecureAccount, Action::RemediatedElsewhere] {
        assert!(because(action, &leaked).contains(&Because::NotAtRisk), "{action}");
    }
}

#[test]
fn what_an_administrator_confirmed_is_closed_by_the_phrase_alone() {
    let confirmed_user = user(|records| records.user.risk_state = Some(RiskState::ConfirmedCompromised));
    let confirmed_sign_in = user(|records| records.sign_ins[0].risk_state = Some(RiskState::ConfirmedCompromised));
    for records in [&confirmed_user, &confirmed_sign_in] {
        for action in [Action::DismissUserRisk, Action::ConfirmUserSafe] {
            let (verdict, because) = judged(action, records.clone(), &context());
            assert!(verdict == Verdict::Caution && because.contains(&Because::ConfirmedCompromised), "{action}: {because:?}");
            let dataset: Dataset = [records.clone()].into_iter().collect();
            let context = PlanContext { include_caution: true, ..context() };
            let plan = Plan::compute(action, &[Target::User(records.id().clone())], &dataset, &context);
            assert!(plan.targets[0].included && plan.confirm == Confirmation::Phrase, "{action}");
        }
        let (verdict, _) = judged(Action::SecureAccount, records.clone(), &context());
        assert_eq!(verdict, Verdict::Eligible, "securing is what is left to do");
    }
    let sign_in = Target::SignIn(confirmed_sign_in.sign_ins[0].id.clone());
    let dataset: Dataset = [confirmed_sign_in].into_iter().collect();
    let target = target_of(Action::DismissSignInRisk, sign_in, &dataset, &context());
    assert!(target.because.contains(&Because::ConfirmedCompromised), "{:?}", target.because);
}

#[test]
fn a_policy_that_only_reports_is_not_enforced_as_if_somebody_had_disabled_it() {
    let reporting = policy("enabledForReportingButNotEnforced", &[]);
    let tenant = TenantFacts { policies: Some(vec![reporting.clone()]), locations: None };
    let mut dataset = Dataset::new();
    dataset.set_tenant(tenant);
    let context = PlanContext { policy: Some(reporting.clone()), ..context() };
    let target = target_of(Action::EnablePolicy, Target::Policy(reporting.id), &dataset, &context);
    assert!(target.verdict == Verdict::Refused && target.because.contains(&Because::ReportOnly), "{:?}", target.because);
}
