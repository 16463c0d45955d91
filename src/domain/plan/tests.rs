use super::*;
use crate::domain::fixture;
use crate::domain::risk::RiskState;

fn context() -> PlanContext {
    PlanContext {
        reason: "penetration test PT-118".to_owned(),
        requests_per_second: Some(1.0),
        read_back_page: 500,
        ..PlanContext::new("operator", Access::ReadWrite, fixture::now())
    }
}

fn dataset() -> Dataset {
    let plain = fixture::risky_user("plain", "unfamiliarFeatures");
    let theft = fixture::risky_user("theft", "anomalousToken");
    let mut deleted = fixture::risky_user("deleted", "unfamiliarFeatures");
    deleted.user.is_deleted = Some(true);
    let mut closed = fixture::risky_user("closed", "unfamiliarFeatures");
    closed.user.risk_state = Some(RiskState::Remediated);
    let mut admin = fixture::risky_user("admin", "unfamiliarFeatures");
    admin.directory.is_admin = Some(true);
    [plain, theft, deleted, closed, admin].into_iter().collect()
}

fn users(ids: &[&str]) -> Vec<Target> {
    ids.iter().map(|id| Target::User((*id).into())).collect()
}

fn plan(action: Action, ids: &[&str]) -> Plan {
    Plan::compute(action, &users(ids), &dataset(), &context())
}

fn verdict(plan: &Plan, id: &str) -> (Verdict, Vec<Because>) {
    let target = plan.targets.iter().find(|target| target.id == id).unwrap();
    (target.verdict, target.because.clone())
}

#[test]
fn each_target_gets_its_verdict_and_the_reason() {
    let plan = plan(Action::DismissUserRisk, &["plain", "theft", "deleted", "closed", "admin", "nobody", "plain"]);
    assert_eq!(plan.targets.len(), 6, "each target once");
    assert_eq!(verdict(&plan, "plain"), (Verdict::Eligible, vec![]));
    assert_eq!(verdict(&plan, "theft"), (Verdict::Caution, vec![Because::TokenTheft]));
    assert_eq!(verdict(&plan, "deleted"), (Verdict::Refused, vec![Because::Deleted]));
    assert_eq!(verdict(&plan, "closed"), (Verdict::Refused, vec![Because::NotAtRisk]));
    assert_eq!(verdict(&plan, "admin"), (Verdict::Caution, vec![Because::Privileged]));
    assert_eq!(verdict(&plan, "nobody"), (Verdict::Refused, vec![Because::UnknownUser]));
    assert_eq!((plan.included_count(), plan.requests, plan.confirm), (1, 1, Confirmation::Enter));
}

#[test]
fn confirming_compromise_needs_no_open_risk_and_fears_no_token_theft() {
    let plan = plan(Action::ConfirmUserCompromised, &["closed", "theft"]);
    assert_eq!(plan.included_count(), 2);
}

#[test]
fn evidence_and_read_only_workspaces_refuse_every_target() {
    for (access, word) in [(Access::Evidence, Because::EvidenceWorkspace), (Access::ReadOnly, Because::ReadOnly)] {
        let context = PlanContext { access, ..context() };
        let plan = Plan::compute(Action::DismissUserRisk, &users(&["plain"]), &dataset(), &context);
        assert_eq!(verdict(&plan, "plain"), (Verdict::Refused, vec![word]));
    }
}

#[test]
fn confirmation_grows_with_the_danger() {
    let one = plan(Action::DismissUserRisk, &["plain"]);
    assert!(one.clone().confirm(Answer::Typed("")).is_ok());
    assert!(one.confirm(Answer::Number(1)).is_ok());

    let mut guarded = plan(Action::DismissUserRisk, &["plain", "theft"]);
    guarded.set_included("theft", true, &context());
    assert_eq!(guarded.confirm, Confirmation::Phrase);
    assert_eq!(guarded.clone().confirm(Answer::Typed("2")), Err(ConfirmError::WrongText { expected: "dismiss 2 users".to_owned() }));
    assert!(guarded.clone().confirm(Answer::Typed("dismiss 2 users")).is_ok());
    assert_eq!(guarded.clone().confirm(Answer::Number(1)), Err(ConfirmError::WrongCount { given: 1, expected: 2 }));
    guarded.set_reason(" ", &context());
    assert_eq!(guarded.confirm(Answer::Number(2)), Err(ConfirmError::ReasonMissing));

    assert_eq!(plan(Action::DismissUserRisk, &["deleted"]).confirm(Answer::Number(0)), Err(ConfirmError::NothingIncluded));
}

#[test]
fn refused_targets_cannot_be_taken_in() {
    let mut plan = plan(Action::DismissUserRisk, &["deleted"]);
    plan.set_included("deleted", true, &context());
    assert_eq!(plan.included_count(), 0);
}

#[test]
fn an_older_or_edited_plan_is_judged_again() {
    let mut old = plan(Action::DismissUserRisk, &["plain", "theft", "deleted"]);
    assert!(old.is_unedited());
    old.targets[2].verdict = Verdict::Eligible;
    old.targets[2].included = true;
    assert!(!old.is_unedited());
    let mut dataset = dataset();
    let mut plain = dataset.user(&"plain".into()).unwrap().clone();
    plain.user.risk_state = Some(RiskState::Dismissed);
    dataset.put(plain);
    let (now, changes) = old.revise(&dataset, &context());
    assert_eq!(now.included_count(), 0);
    let changed: Vec<_> = changes.iter().map(|change| (change.id.as_str(), change.now)).collect();
    assert_eq!(changed, [("plain", (Verdict::Refused, false)), ("deleted", (Verdict::Refused, false))]);
}

#[test]
fn a_caution_that_is_new_since_the_look_is_left_out() {
    let old = plan(Action::DismissUserRisk, &["plain"]);
    let mut dataset = dataset();
    let mut plain = dataset.user(&"plain".into()).unwrap().clone();
    plain.directory.is_admin = Some(true);
    dataset.put(plain);
    let (now, changes) = old.revise(&dataset, &context());
    assert_eq!((now.included_count(), changes.len()), (0, 1));
}

#[test]
fn that_a_password_was_told_is_kept_when_the_plan_is_judged_again() {
    let mut told = plan(Action::GenerateTemporaryPassword, &["plain"]);
    told.targets[0].because.push(Because::PasswordTold);
    (told.targets[0].verdict, told.targets[0].included) = (Verdict::Caution, false);
    let (again, changes) = told.revise(&dataset(), &context());
    assert_eq!((&again.targets, changes), (&told.targets, vec![]));
    told.set_included("plain", true, &context());
    assert!(told.rejudge(&told.targets, &dataset(), &context())[0].included, "the operator took it in, knowing it");
}

#[test]
fn sign_ins_are_targets_of_their_own() {
    let targets = [Target::SignIn("theft-s1".into()), Target::SignIn("plain-s1".into())];
    let plan = Plan::compute(Action::DismissSignInRisk, &targets, &dataset(), &context());
    assert_eq!(verdict(&plan, "theft-s1"), (Verdict::Caution, vec![Because::TokenTheft]));
    assert_eq!(verdict(&plan, "plain-s1"), (Verdict::Eligible, vec![]));
    assert_eq!(plan.targets[1].user_id, Some("plain".into()));
}

proptest::proptest! {
    #[test]
    fn no_plan_acts_on_a_refused_target_or_counts_wrongly(
        states in proptest::collection::vec((0usize..6, proptest::bool::ANY, proptest::bool::ANY), 0..150),
        include_caution in proptest::bool::ANY,
    ) {
        let dataset: Dataset = states.iter().enumerate().map(|(index, (state, deleted, admin))| {
            let mut records = fixture::risky_user(&format!("u{index}"), "unfamiliarFeatures");
            records.user.risk_state = RiskState::KNOWN.get(*state).cloned();
            records.user.is_deleted = Some(*deleted);
            records.directory.is_admin = Some(*admin);
            records
        }).collect();
        let targets: Vec<Target> = dataset.users().iter().map(|records| Target::User(records.id().clone())).collect();
        let plan = Plan::compute(Action::DismissUserRisk, &targets, &dataset, &PlanContext { include_caution, ..context() });
        proptest::prop_assert!(plan.included().all(|target| target.verdict != Verdict::Refused));
        proptest::prop_assert!(include_caution || plan.included().all(|target| target.verdict == Verdict::Eligible));
        proptest::prop_assert_eq!(plan.requests, plan.included_count().div_ceil(IDS_PER_REQUEST));
        let text = serde_json::to_string(&plan).unwrap();
        let again: Plan = serde_json::from_str(&text).unwrap();
        proptest::prop_assert!(again.is_unedited());
        proptest::prop_assert_eq!(again, plan);
    }
}
