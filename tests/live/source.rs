//! The source document, row by row: state and detail before and after, on the user, the sign-ins and the detections. Each row is
//! played over the demo in this process and over Graph against the emulator.

use std::collections::BTreeMap;

use entriage::domain::action::{Action, Aim};
use entriage::domain::facts;
use entriage::domain::happening::Happening;
use entriage::domain::journal::Entry;
use entriage::domain::plan::{Because, Plan, Target, Verdict};
use entriage::domain::records::{SignInId, UserId, UserRecords};
use entriage::domain::settings::{Setting, TenantSettings};
use entriage::tenant::demo::Simulation;

use crate::support::{KINDS, Place, place};

/// Who does it.
#[derive(Debug, Clone)]
enum Does {
    /// An administrator, through a plan.
    Administrator(Action),
    /// The user, or Entra.
    Itself(Happening),
}

/// One row.
struct Row {
    section: &'static str,
    does: Does,
    /// Of whom it is told.
    whom: fn(&UserRecords) -> bool,
    /// State and detail of the user after it.
    user: (&'static str, &'static str),
    /// State and detail of what was open of the sign-ins and the detections after it; `None` where all of them, and the level, stay
    /// as they were.
    open: Option<(&'static str, &'static str)>,
}

fn ordinary(records: &UserRecords) -> bool {
    let directory = &records.directory;
    facts::deleted(records) == Some(false)
        && records.user.risk_state.as_ref().is_some_and(|state| state.as_str() == "atRisk")
        && directory.is_admin == Some(false)
        && directory.account_enabled == Some(true)
        && directory.user_type.as_deref() == Some("Member")
        && facts::token_theft(records) == Some(false)
        && records.sign_ins.iter().any(|sign_in| sign_in.at_risk() == Some(true))
}

fn cloud(records: &UserRecords) -> bool {
    ordinary(records) && records.directory.on_premises_sync_enabled == Some(false)
}

fn hybrid(records: &UserRecords) -> bool {
    ordinary(records) && records.directory.on_premises_sync_enabled == Some(true)
}

fn registered(records: &UserRecords) -> bool {
    cloud(records) && records.directory.is_mfa_registered == Some(true) && level(records) == "medium"
}

fn self_service(records: &UserRecords) -> bool {
    cloud(records) && records.directory.is_sspr_registered == Some(true)
}

fn disabled(records: &UserRecords) -> bool {
    facts::deleted(records) == Some(false)
        && records.user.risk_state.as_ref().is_some_and(|state| state.as_str() == "atRisk")
        && records.directory.account_enabled == Some(false)
}

fn level(records: &UserRecords) -> &str {
    records.user.risk_level.as_ref().map_or("", |level| level.as_str())
}

/// One sign-in is all the risk there is, so that what closes it closes the user's risk.
fn single(records: &UserRecords) -> bool {
    registered(records)
        && facts::open_detections(records) == 1
        && records.sign_ins.iter().filter(|sign_in| sign_in.at_risk() == Some(true)).count() == 1
        && records.detections.iter().any(|detection| detection.is_open() && detection.request_id.is_some())
        && records.sign_ins.iter().any(|sign_in| {
            sign_in.at_risk() == Some(true) && sign_in.risk_level().is_some_and(|level| ["medium", "high"].contains(&level.as_str()))
        })
}

fn rows() -> Vec<Row> {
    use Action as A;
    use Does::{Administrator, Itself};
    use Happening as H;
    let row = |section, does, whom, user, open| Row { section, does, whom, user, open };
    let dismissed = ("dismissed", "adminDismissedAllRiskForUser");
    let ai = ("dismissed", "aiConfirmedSigninSafe");
    let mfa = ("remediated", "userPassedMFADrivenByRiskBasedPolicy");
    let change = ("remediated", "userPerformedSecuredPasswordChange");
    let reset = ("remediated", "userPerformedSecuredPasswordReset");
    let on_premises = ("remediated", "userChangedPasswordOnPremises");
    let temporary = ("remediated", "adminGeneratedTemporaryPassword");
    let compromised = ("confirmedCompromised", "adminConfirmedUserCompromised");
    vec![
        row("Types of risk remediation: assessed sign-in safe", Itself(H::SystemDismissal), single, ai, Some(ai)),
        row("Risk-based policy: multifactor authentication", Itself(H::MfaPassed), single, mfa, Some(mfa)),
        row("Risk-based policy: secure password change", Itself(H::SecurePasswordChange), registered, change, Some(change)),
        row("Self-service password reset", Itself(H::SelfServiceReset), self_service, reset, Some(reset)),
        row("On-premises password change", Itself(H::OnPremisesPasswordChange), hybrid, on_premises, Some(on_premises)),
        row("Generate a temporary password", Administrator(A::GenerateTemporaryPassword), cloud, temporary, Some(temporary)),
        row("Require the user to reset password", Administrator(A::RequirePasswordChange), registered, ("atRisk", "none"), None),
        row("Dismiss user risk", Administrator(A::DismissUserRisk), cloud, dismissed, Some(dismissed)),
        row("Confirm a user to be compromised", Administrator(A::ConfirmUserCompromised), cloud, compromised, Some(compromised)),
        row(
            "Confirm a user to be safe",
            Administrator(A::ConfirmUserSafe),
            cloud,
            ("confirmedSafe", "adminConfirmedAccountSafe"),
            Some(("confirmedSafe", "adminConfirmedAccountSafe")),
        ),
        row("Revoke refresh tokens", Administrator(A::RevokeSessions), cloud, ("atRisk", "none"), None),
        row("Block the user", Administrator(A::BlockSignIn), cloud, ("atRisk", "none"), None),
        row("Disable any devices", Administrator(A::DisableDevices), cloud, ("atRisk", "none"), None),
        row("Unblocking based on user risk: exclude from policy", Administrator(A::ExcludeFromPolicy), cloud, ("atRisk", "none"), None),
        row("Remediated elsewhere", Administrator(A::RemediatedElsewhere), cloud, dismissed, Some(dismissed)),
        row("Confirm a user to be compromised: the checklist", Administrator(A::SecureAccount), cloud, temporary, Some(temporary)),
        row("Unblock a blocked user", Administrator(A::UnblockSignIn), disabled, ("atRisk", "none"), None),
        // The last one: no policy asks for a password change after it.
        row("Unblocking based on user risk: disable policy", Administrator(A::DisablePolicy), cloud, ("atRisk", "none"), None),
    ]
}

/// What must be stated so that every row can be played.
fn state(place: &Place) {
    let entries = [Setting::PasswordHashSync, Setting::OnPremisesResetRemediates, Setting::PasswordWriteback]
        .map(|setting| Entry::Setting { name: setting.as_str().to_owned(), value: "true".to_owned() });
    place.session.store.append(crate::support::now(), "me", entries.to_vec()).unwrap();
}

async fn happens(place: &Place, happening: &Happening, user: &UserId) {
    let settings = TenantSettings::of(&place.session.ledger());
    let simulation = Simulation { happening, user, sign_in: None, settings: &settings };
    let came = match &place.emulator {
        Some(emulator) => emulator.simulate(&simulation).unwrap(),
        None => place.session.simulate(&simulation).await.unwrap().unwrap(),
    };
    assert!(came.applied, "{happening:?}: {}", came.because);
}

async fn acts(place: &Place, action: Action, user: &UserId) {
    if needs_devices(action) {
        let (_, hindered) = place.session.engine.look(std::slice::from_ref(user)).await;
        assert!(hindered.is_none(), "{hindered:?}");
    }
    let dataset = place.session.load().unwrap();
    let mut context = place.session.plan_context("source document", true);
    if action.needs_policy() {
        context.policy = dataset.tenant().policies.as_ref().unwrap().iter().find(|policy| !policy.user_risk_levels.is_empty()).cloned();
    }
    let target = match (action.aim(), &context.policy) {
        (Aim::Policy, Some(policy)) => Target::Policy(policy.id.clone()),
        _ => Target::User(user.clone()),
    };
    let plan = Plan::compute(action, &[target], &dataset, &context);
    assert_eq!(plan.included_count(), 1, "{action}: {:?}", plan.targets);
    let report = place.run(plan).await.unwrap();
    assert!(report.tally.all_verified(), "{action}: {:?}", report.tally);
}

fn needs_devices(action: Action) -> bool {
    matches!(action, Action::DisableDevices | Action::SecureAccount)
}

/// What is told of the risk of each sign-in and each detection, and the user's level.
fn risks(records: &UserRecords) -> BTreeMap<String, (String, String)> {
    let sign_ins = records.sign_ins.iter().map(|sign_in| {
        let told = told(sign_in.risk_state.as_ref(), sign_in.risk_detail.as_ref());
        (format!("sign-in {}", sign_in.id), told)
    });
    let detections = records.detections.iter().map(|detection| {
        let told = told(detection.risk_state.as_ref(), detection.risk_detail.as_ref());
        (format!("detection {}", detection.id), told)
    });
    let user = ("level".to_owned(), (level(records).to_owned(), String::new()));
    sign_ins.chain(detections).chain([user]).collect()
}

fn told(state: Option<&impl std::fmt::Display>, detail: Option<&impl std::fmt::Display>) -> (String, String) {
    let word = |word: Option<String>| word.unwrap_or_default();
    (word(state.map(ToString::to_string)), word(detail.map(ToString::to_string)))
}

fn pair((state, detail): (&str, &str)) -> (String, String) {
    (state.to_owned(), detail.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_the_source_document_ends_in_the_state_and_detail_that_it_says() {
    for kind in KINDS {
        let place = place(kind, 200, vec![]).await;
        state(&place);
        let mut used: Vec<UserId> = Vec::new();
        for row in rows() {
            let of = format!("{kind:?}: {}", row.section);
            let before = somebody(&place, &row, &used).await.unwrap_or_else(|| panic!("{of}: nobody to try it on"));
            let user = before.id().clone();
            used.push(user.clone());
            assert_eq!(told(before.user.risk_state.as_ref(), before.user.risk_detail.as_ref()), pair(("atRisk", "none")), "{of}");
            match &row.does {
                Does::Administrator(action) => acts(&place, *action, &user).await,
                Does::Itself(happening) => happens(&place, happening, &user).await,
            }
            place.sync().await;
            let after = place.user(user.as_str());
            assert_eq!(told(after.user.risk_state.as_ref(), after.user.risk_detail.as_ref()), pair(row.user), "{of}");
            let Some(open) = row.open else {
                assert_eq!(risks(&after), risks(&before), "{of}: the risk stays as it was");
                continue;
            };
            let risky: Vec<&SignInId> =
                before.sign_ins.iter().filter(|sign_in| sign_in.at_risk() == Some(true)).map(|sign_in| &sign_in.id).collect();
            for id in risky {
                let sign_in = after.sign_in(id).unwrap();
                assert_eq!(told(sign_in.risk_state.as_ref(), sign_in.risk_detail.as_ref()), pair(open), "{of}: sign-in");
            }
            for was in before.detections.iter().filter(|detection| detection.is_open()) {
                let detection = after.detections.iter().find(|detection| detection.id == was.id).unwrap();
                assert_eq!(told(detection.risk_state.as_ref(), detection.risk_detail.as_ref()), pair(open), "{of}: detection");
            }
        }
    }
}

/// Somebody of whom the row is told, and on whom none was tried yet. Who has devices shows only when somebody looks.
async fn somebody(place: &Place, row: &Row, used: &[UserId]) -> Option<UserRecords> {
    for records in place.users().into_iter().filter(|records| (row.whom)(records) && !used.contains(records.id())) {
        if !matches!(row.does, Does::Administrator(action) if needs_devices(action)) {
            return Some(records);
        }
        let (seen, _) = place.session.engine.look(std::slice::from_ref(records.id())).await;
        if seen.iter().any(|records| records.devices.as_ref().is_some_and(|devices| !devices.is_empty())) {
            return Some(records);
        }
    }
    None
}

/// What the source document says cannot work: who tries what, in vain.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_source_document_rules_out_leaves_the_risk_open() {
    use Happening as H;
    type Whom = fn(&UserRecords) -> bool;
    let theft: Whom = |records| records.user.at_risk() == Some(true) && facts::token_theft(records) == Some(true);
    let rows: [(&str, Happening, Whom); 9] = [
        ("MFA needs registration", H::MfaPassed, |records| cloud(records) && records.directory.is_mfa_registered == Some(false)),
        ("a secure password change needs registration", H::SecurePasswordChange, |records| {
            cloud(records) && records.directory.is_mfa_registered == Some(false)
        }),
        ("a policy applies to its levels only", H::SecurePasswordChange, |records| {
            cloud(records) && records.directory.is_mfa_registered == Some(true) && level(records) == "low"
        }),
        ("self-service reset needs registration", H::SelfServiceReset, |records| {
            cloud(records) && records.directory.is_sspr_registered == Some(false)
        }),
        ("a hybrid user's change needs writeback", H::SecurePasswordChange, hybrid),
        ("an on-premises change needs the opt-in", H::OnPremisesPasswordChange, hybrid),
        ("an on-premises change is for hybrid users", H::OnPremisesPasswordChange, cloud),
        ("token theft is not dismissed by Entra", H::SystemDismissal, theft),
        ("a deleted user does nothing any more", H::SelfServiceReset, |records| {
            records.user.at_risk() == Some(true) && facts::deleted(records) == Some(true)
        }),
    ];
    for kind in KINDS {
        let place = place(kind, 200, vec![]).await;
        for (what, happening, whom) in &rows {
            let users = place.users();
            let only_theft = |records: &&UserRecords| {
                *what != "token theft is not dismissed by Entra"
                    || records
                        .sign_ins
                        .iter()
                        .filter(|sign_in| sign_in.at_risk() == Some(true))
                        .all(|sign_in| facts::sign_in_token_theft(records, sign_in) == Some(true))
            };
            let records = users.iter().filter(|records| whom(records)).find(only_theft).unwrap_or_else(|| panic!("{kind:?}: {what}"));
            let settings = TenantSettings::default();
            let simulation = Simulation { happening, user: records.id(), sign_in: None, settings: &settings };
            let came = match &place.emulator {
                Some(emulator) => emulator.simulate(&simulation).unwrap(),
                None => place.session.simulate(&simulation).await.unwrap().unwrap(),
            };
            assert!(!came.applied, "{kind:?}: {what}: {}", came.because);
            place.sync().await;
            assert_eq!(place.user(records.id().as_str()).user.at_risk(), Some(true), "{kind:?}: {what}");
        }
    }
}

/// "Deleted users": nobody can do anything to them any more, only support can.
#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_user_is_refused_whatever_is_tried() {
    for kind in KINDS {
        let place = place(kind, 200, vec![]).await;
        let dataset = place.session.load().unwrap();
        let is_deleted = |records: &&UserRecords| records.user.at_risk() == Some(true) && facts::deleted(records) == Some(true);
        let before = place.users().iter().find(is_deleted).cloned().unwrap_or_else(|| panic!("{kind:?}: nobody is deleted"));
        // Whoever is deleted may be taken off the list of a policy; that is no remediation.
        let actions = Action::ALL.into_iter().filter(|action| action.aim() == Aim::User && *action != Action::IncludeInPolicy);
        for action in actions {
            let mut context = place.session.plan_context("source document", true);
            if action.needs_policy() {
                context.policy = dataset.tenant().policies.as_ref().unwrap().first().cloned();
            }
            let plan = Plan::compute(action, &[Target::User(before.id().clone())], &dataset, &context);
            let target = &plan.targets[0];
            assert_eq!((target.verdict, target.included, plan.requests), (Verdict::Refused, false, 0), "{kind:?} {action}");
            assert!(target.because.contains(&Because::Deleted), "{kind:?} {action}: {:?}", target.because);
        }
        place.sync().await;
        assert_eq!(risks(&place.user(before.id().as_str())), risks(&before), "{kind:?}");
    }
}

/// Feedback on one sign-in: its state and detail, that of its detection, and what becomes of the user.
#[tokio::test(flavor = "multi_thread")]
async fn feedback_on_a_sign_in_ends_in_the_state_and_detail_that_the_documents_say() {
    let rows = [
        (Action::ConfirmSignInCompromised, ("confirmedCompromised", "adminConfirmedSigninCompromised"), ("atRisk", "high")),
        (Action::ConfirmSignInSafe, ("confirmedSafe", "adminConfirmedSigninSafe"), ("confirmedSafe", "none")),
        (Action::DismissSignInRisk, ("dismissed", "adminDismissedRiskForSignIn"), ("dismissed", "none")),
    ];
    for kind in KINDS {
        let place = place(kind, 200, vec![]).await;
        let mut used: Vec<UserId> = Vec::new();
        for (action, expected, (user_state, user_level)) in rows {
            let users = place.users();
            let before = users.iter().find(|records| single(records) && !used.contains(records.id())).unwrap();
            used.push(before.id().clone());
            let sign_in = before.sign_ins.iter().find(|sign_in| sign_in.at_risk() == Some(true)).unwrap().id.clone();
            let context = place.session.plan_context("source document", true);
            let plan = Plan::compute(action, &[Target::SignIn(sign_in.clone())], &place.session.load().unwrap(), &context);
            assert!(place.run(plan).await.unwrap().tally.all_verified(), "{kind:?} {action}");
            place.sync().await;
            let after = place.user(before.id().as_str());
            let found = after.sign_in(&sign_in).unwrap();
            assert_eq!(told(found.risk_state.as_ref(), found.risk_detail.as_ref()), pair(expected), "{kind:?} {action}: sign-in");
            for detection in after.detections.iter().filter(|detection| detection.request_id.as_ref() == Some(&sign_in)) {
                let found = told(detection.risk_state.as_ref(), detection.risk_detail.as_ref());
                assert_eq!(found, pair(expected), "{kind:?} {action}: detection");
            }
            assert_eq!(
                told(after.user.risk_state.as_ref(), after.user.risk_level.as_ref()),
                pair((user_state, user_level)),
                "{kind:?} {action}"
            );
        }
    }
}

/// What unblocks for everybody, and its undoing.
#[tokio::test(flavor = "multi_thread")]
async fn a_policy_and_an_address_are_changed_and_changed_back() {
    for kind in KINDS {
        let place = place(kind, 60, vec![]).await;
        let policy = |place: &Place| {
            let policies = place.session.store.tenant_facts().unwrap().policies.unwrap();
            policies.into_iter().find(|policy| !policy.sign_in_risk_levels.is_empty()).unwrap()
        };
        let before = policy(&place);
        for (action, state) in [(Action::DisablePolicy, "disabled"), (Action::EnablePolicy, "enabled")] {
            let shown = policy(&place);
            let target = Target::Policy(shown.id.clone());
            let context = entriage::domain::plan::PlanContext { policy: Some(shown), ..place.session.plan_context("undo", true) };
            let plan = Plan::compute(action, &[target], &place.session.load().unwrap(), &context);
            assert!(place.run(plan).await.unwrap().tally.all_verified(), "{kind:?} {action}");
            assert_eq!(policy(&place).state, state, "{kind:?} {action}");
        }
        assert!(before.differences(&policy(&place)).is_empty(), "{kind:?}: nothing else of the policy was changed");
        let range = entriage::domain::policy::range("192.0.2.200").unwrap();
        for (action, trusted) in [(Action::TrustIp, true), (Action::UntrustIp, false)] {
            let target = Target::Address("192.0.2.200".to_owned());
            let context = place.session.plan_context("branch office", true);
            let plan = Plan::compute(action, &[target], &place.session.load().unwrap(), &context);
            assert!(place.run(plan).await.unwrap().tally.all_verified(), "{kind:?} {action}");
            let facts = place.session.store.tenant_facts().unwrap();
            assert_eq!(facts.trusted_by(&range).is_some(), trusted, "{kind:?} {action}");
        }
    }
}
