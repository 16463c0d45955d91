//! Remediation by its keys: explanations, menus, playbooks, passwords, undoing.

use serde_json::json;

use super::explain::Question;
use super::overlay::Then;
use super::tests::{console, five, keys, sized};
use super::*;
use crate::domain::action::{Action, Aim};
use crate::domain::advice::{Advice, Explanation, Group, Start, Verdict};
use crate::domain::facts;
use crate::domain::fixture::{now, risky_user};
use crate::domain::job_event::{JobEvent, What};
use crate::domain::journal::{Entry, ItemOutcome, JobState, JournalRecord, Outcome};
use crate::domain::ledger::Tally;
use crate::domain::password::TemporaryPassword;
use crate::domain::permission::Holder;
use crate::domain::plan::{Answer, Confirmation, Plan, Target};
use crate::domain::policy::{Policy, TenantFacts};
use crate::domain::records::{Device, SignInStatus, UserId, UserRecords};
use crate::domain::risk::{RiskLevel, RiskState};

/// Two enforced policies, the first of which blocks high user risk, and one that is only reported on.
pub fn tenant() -> TenantFacts {
    let policy = |id: &str, name: &str, state: &str, levels: &[&str], control: &str| {
        let object = json!({
            "id": id, "displayName": name, "state": state,
            "conditions": {"userRiskLevels": levels, "users": {"includeUsers": ["All"], "excludeUsers": ["glass"]}},
            "grantControls": {"builtInControls": [control]},
        });
        Policy::read(object.as_object().unwrap()).unwrap()
    };
    TenantFacts {
        policies: Some(vec![
            policy("p-mfa", "Everybody does MFA", "enabled", &[], "mfa"),
            policy("p-high", "Block high user risk", "enabled", &["high"], "block"),
            policy("p-report", "Tried out", "enabledForReportingButNotEnforced", &["low"], "block"),
        ]),
        locations: Some(Vec::new()),
    }
}

/// The five users with their devices read, in a tenant with policies; alex is blocked by one of them.
pub fn in_tenant(size: (u16, u16)) -> App {
    let mut users = five();
    for records in &mut users {
        records.devices = Some(vec![Device {
            id: format!("{}-laptop", records.id()).into(),
            device_id: None,
            display_name: Some(format!("LAPTOP-{}", records.id()).into()),
            operating_system: Some("Windows".into()),
            account_enabled: Some(true),
        }]);
        if records.id().as_str() == "alex" {
            let reason = Some("Access has been blocked by Conditional Access policies.".into());
            records.sign_ins[0].status = Some(SignInStatus { error_code: Some(53003), failure_reason: reason, additional_details: None });
            records.sign_ins[0].risk_level_during_sign_in = Some(RiskLevel::None);
        } else {
            crate::domain::fixture::everyday_sign_in(records);
        }
    }
    let mut app = sized(size, users);
    app.update(Msg::Tenant(tenant()), now());
    app
}

/// An explanation as the adviser would give it, with everything that can be drawn.
pub fn explanation(user: &str) -> Explanation {
    let start = |action| Start { action, policy: None, addresses: Vec::new() };
    let option = |option, group, available, because: &str, effect: &str, start| Advice {
        option,
        group,
        section: "Unblocking based on user risk",
        available,
        because: vec![because.to_owned()],
        effect: effect.to_owned(),
        start,
    };
    let verdict = |verdict, action, learns, because: &str| Verdict { verdict, action, learns, because: vec![because.to_owned()] };
    let records = risky_user(user, "passwordSpray");
    Explanation {
        safe: Some(false),
        safety: Some("Not safe: the risk is open.".to_owned()),
        user: user.into(),
        user_principal_name: records.user.user_principal_name.as_ref().map(String::from),
        at_risk: Some(true),
        blocked: facts::Blocked { value: Some(true), by: vec![facts::BlockedBy::UserRisk], ended: false },
        causes: vec![facts::BlockedBy::UserRisk],
        warnings: Vec::new(),
        why: vec!["Password spray on 203.0.113.7 raised the risk to high.".to_owned()],
        not_safe: Vec::new(),
        normal: Vec::new(),
        situation: Vec::new(),
        verdicts: vec![
            verdict("truePositive", Action::ConfirmUserCompromised, "Entra learns that it was right.", "the address is new for the user"),
            verdict("falsePositive", Action::ConfirmUserSafe, "Entra learns that it was wrong.", "nothing speaks for it"),
            verdict("benignTruePositive", Action::DismissUserRisk, "Entra learns nothing.", "no test is known"),
            verdict("fixedElsewhere", Action::RemediatedElsewhere, "Entra learns that it was right and is fixed.", "the password is old"),
        ],
        advice: vec![
            option("secure password change", Group::SelfRemediation, None, "MFA registration not read", "Clears user risk.", None),
            option(
                "temporary password",
                Group::Remediation,
                Some(true),
                "a cloud user",
                "Ends the password.",
                Some(start(Action::GenerateTemporaryPassword)),
            ),
            option(
                "dismiss",
                Group::UnblockUserRisk,
                Some(true),
                "user risk blocks",
                "Ends the block, not the danger.",
                Some(start(Action::DismissUserRisk)),
            ),
            option(
                "exclude from policy",
                Group::UnblockUserRisk,
                Some(true),
                "\"Block high user risk\" keeps the user out",
                "The policy protects the user no more.",
                Some(Start { action: Action::ExcludeFromPolicy, policy: Some("p-high".to_owned()), addresses: Vec::new() }),
            ),
            option("support case", Group::Other, Some(false), "not deleted", "Removes a deleted user.", None),
        ],
    }
}

/// Puts that explanation in the place of the one that is open.
pub fn explain_with(app: &mut App, explanation: Explanation) {
    if let Some(Overlay::Explain(explain)) = &mut app.overlay {
        explain.explanation = explanation;
    }
    app.settle();
}

fn explained(app: &App) -> &explain::Explain {
    match app.overlay() {
        Some(Overlay::Explain(explain)) => explain,
        other => panic!("nothing is explained but {other:?}"),
    }
}

pub fn plan(app: &App) -> &Plan {
    match app.overlay() {
        Some(Overlay::Preview(preview)) => &preview.plan,
        other => panic!("no preview but {other:?}"),
    }
}

pub fn summary(app: &App) -> String {
    match app.overlay() {
        Some(Overlay::Preview(preview)) => preview.summary.join("\n"),
        other => panic!("no preview but {other:?}"),
    }
}

fn menu(app: &App) -> &overlay::Menu {
    match app.overlay() {
        Some(Overlay::Menu(menu)) => menu,
        other => panic!("no menu but {other:?}"),
    }
}

/// Chooses an action in the menu of remediations.
pub fn choose(app: &mut App, action: Action) -> Vec<Effect> {
    keys(app, "r");
    let at = menu(app).items.iter().position(|item| item.choice == overlay::Choice::Remedy(action)).unwrap();
    keys(app, &format!("{} enter", "j ".repeat(at)))
}

/// Adds an entry to the ledger of a console, as the engine would tell it.
pub fn journal(app: &mut App, entry: Entry) -> Vec<Effect> {
    let mut ledger = app.ledger().clone();
    ledger.apply(&JournalRecord { seq: 1, at: now(), operator: "tester".to_owned(), entry, prev: String::new() });
    app.update(Msg::Ledger(ledger), now())
}

#[test]
fn explaining_asks_the_tenant_and_follows_what_it_answers() {
    let mut app = in_tenant((120, 40));
    assert_eq!(keys(&mut app, "e"), [Effect::Look(vec!["alex".into()])]);
    assert!(explained(&app).note.is_some());
    let mut alex = app.dataset().user(&"alex".into()).unwrap().clone();
    alex.user.risk_state = Some(RiskState::Dismissed);
    app.update(Msg::Records(vec![alex]), now());
    assert_eq!(explained(&app).explanation.at_risk, Some(false));
    app.update(Msg::Looked { users: vec!["alex".into()], problem: Some("403 \u{1b}[31m".to_owned()) }, now());
    assert!(explained(&app).note.as_deref().unwrap().contains("403"), "{:?}", explained(&app).note);
    assert!(app.toasts().current().is_none(), "a failure is told quietly");
    app.update(Msg::Looked { users: vec!["alex".into()], problem: None }, now());
    assert_eq!(explained(&app).note, None);
    keys(&mut app, "esc");
    assert!(app.overlay().is_none());
}

#[test]
fn the_cursor_moves_over_verdicts_and_options_and_enter_opens_the_plan() {
    let mut app = in_tenant((120, 40));
    for (pressed, action) in [
        ("enter", Action::ConfirmUserCompromised),
        ("j enter", Action::ConfirmUserSafe),
        ("j j j enter", Action::RemediatedElsewhere),
        ("j j j j j enter", Action::GenerateTemporaryPassword),
        ("d", Action::DismissUserRisk),
        ("c", Action::ConfirmUserCompromised),
    ] {
        keys(&mut app, "e");
        explain_with(&mut app, explanation("alex"));
        assert_eq!(keys(&mut app, pressed), []);
        assert_eq!((plan(&app).action, plan(&app).targets.len()), (action, 1), "{pressed}");
        keys(&mut app, "esc");
    }
    keys(&mut app, "e");
    explain_with(&mut app, explanation("alex"));
    keys(&mut app, "j j j j enter");
    assert!(explained(&app).message.as_deref().unwrap().contains("not done from here"));
    keys(&mut app, "G k enter");
    assert_eq!(plan(&app).policy.as_ref().map(|policy| policy.id.as_str()), Some("p-high"));
}

#[test]
fn the_cursor_stays_on_what_was_chosen_when_the_answer_is_sorted_anew() {
    let mut app = in_tenant((120, 40));
    keys(&mut app, "u");
    let shown = |app: &App| -> Vec<String> {
        let of = |item: &explain::Item<'_>| match item {
            explain::Item::Option(advice) => advice.option.to_owned(),
            explain::Item::Verdict(verdict) => verdict.verdict.to_owned(),
        };
        explained(app).items().iter().map(of).collect()
    };
    explain_with(&mut app, explanation("alex"));
    let at = shown(&app).iter().position(|option| option == "dismiss").unwrap();
    keys(&mut app, &"j ".repeat(at));
    let chosen = "dismiss";
    assert_eq!(shown(&app)[explained(&app).at], chosen);
    let Some(Overlay::Explain(open)) = &mut app.overlay else { panic!() };
    let mut revised = explanation("alex");
    revised.advice.reverse();
    open.revise(revised, Vec::new());
    assert_eq!(shown(&app)[explained(&app).at], chosen);
    let Some(Overlay::Explain(open)) = &mut app.overlay else { panic!() };
    let mut revised = explanation("alex");
    revised.advice.retain(|advice| advice.option != "dismiss");
    open.revise(revised, Vec::new());
    app.settle();
    assert_eq!(keys(&mut app, "enter"), []);
    assert!(explained(&app).message.as_deref().unwrap().contains("nothing was opened"), "what was not chosen is not opened");
    keys(&mut app, "enter");
    assert!(matches!(app.overlay(), Some(Overlay::Preview(_))));
}

#[test]
fn what_the_cursor_stands_on_is_in_sight_on_the_smallest_screen() {
    let mut app = in_tenant((60, 18));
    keys(&mut app, "e");
    explain_with(&mut app, explanation("alex"));
    let area = layout::large_overlay(app.size());
    let rows = usize::from(area.inner().height) - 1;
    for _ in 0..12 {
        let explain = explained(&app);
        let lines = app.explain_lines(explain, area);
        let seen = || lines.iter().skip(explain.offset).take(rows);
        assert!(seen().any(|line| line.item == Some(explain.at)), "{}", explain.at);
        keys(&mut app, "j");
    }
    keys(&mut app, "g");
    assert_eq!(explained(&app).offset, 0, "what stands before the first item is in sight, too");
    keys(&mut app, "pgdn");
    assert!(explained(&app).offset > 0);
}

#[test]
fn why_blocked_says_by_what_and_who_is_not_blocked_and_why_that_is_believed() {
    let mut app = in_tenant((120, 40));
    assert_eq!(keys(&mut app, "u"), [Effect::Look(vec!["alex".into()])]);
    let lines = |app: &App| {
        let explain = explained(app);
        assert_eq!(explain.question, Question::WhyBlocked);
        app.explain_lines(explain, layout::large_overlay(app.size())).into_iter().map(|line| line.text).collect::<Vec<_>>().join("\n")
    };
    let text = lines(&app);
    assert!(
        text.contains("Blocked by a policy on user risk") && text.contains("error 53003") && text.contains("Block high user risk"),
        "{text}"
    );
    explain_with(&mut app, explanation("alex"));
    let items = explained(&app).items();
    assert!(items.len() < 5 && items.iter().all(|item| matches!(item, explain::Item::Option(_))), "the ways out alone: {items:?}");
    keys(&mut app, "enter");
    assert_eq!(plan(&app).action, Action::GenerateTemporaryPassword);
    keys(&mut app, "esc j u");
    let text = lines(&app);
    assert!(text.contains("Not blocked.") && text.contains("went through") && text.contains("enabled"), "{text}");
    assert_eq!(keys(&mut app, "enter"), []);
}

#[test]
fn a_verb_on_sign_ins_is_planned_for_those_of_the_user_that_are_at_risk() {
    let mut app = in_tenant((120, 40));
    keys(&mut app, "e");
    let of_sign_ins = |item: &explain::Item| item.start().is_some_and(|start| start.action == Action::ConfirmSignInSafe);
    let at = explained(&app).items().iter().position(of_sign_ins).unwrap();
    (0..at).for_each(|_| _ = keys(&mut app, "j"));
    keys(&mut app, "enter");
    let plan = plan(&app);
    assert_eq!(plan.action, Action::ConfirmSignInSafe);
    assert!(!plan.targets.is_empty() && plan.targets.iter().all(|target| target.user_id.is_some()), "{:?}", plan.targets);
}

#[test]
fn the_text_of_a_support_case_is_copied_for_a_deleted_user_alone() {
    let mut app = in_tenant((120, 40));
    keys(&mut app, "e y");
    assert!(explained(&app).message.as_deref().unwrap().contains("deleted"));
    keys(&mut app, "esc G e");
    let effects = keys(&mut app, "y");
    let [Effect::Copy(text)] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(text.contains("dave") && text.contains("Tenant ID: f1e2d3c4-0000-4000-8000-000000000001\n"), "{text}");
}

#[test]
fn the_menu_names_every_action_and_why_one_is_off() {
    let mut app = in_tenant((120, 40));
    keys(&mut app, "r");
    let detail = |app: &App, action: Action| {
        menu(app)
            .items
            .iter()
            .find(|item| item.choice == overlay::Choice::Remedy(action))
            .map(|item| (item.detail.clone(), item.off))
            .unwrap()
    };
    for action in Action::ALL.into_iter().filter(|action| action.aim() == Aim::User && *action != Action::IncludeInPolicy) {
        assert!(!detail(&app, action).0.is_empty(), "{action}");
    }
    assert_eq!(detail(&app, Action::UnblockSignIn), ("off: already in that state, still at risk".to_owned(), true));
    assert_eq!(detail(&app, Action::DismissUserRisk), ("will be dismissed".to_owned(), false));
    keys(&mut app, "esc a r");
    assert_eq!(detail(&app, Action::DismissUserRisk), ("3 of 5 will be dismissed".to_owned(), false));
    assert_eq!(menu(&app).about, "5 users");
    keys(&mut app, "esc");
    app.update(Msg::Access(Access::ReadOnly), now());
    keys(&mut app, "r");
    assert!(menu(&app).items.iter().filter(|item| item.choice != overlay::Choice::Remedy(Action::TrustIp)).all(|item| item.off));
    assert!(detail(&app, Action::RevokeSessions).0.contains("read-only"));
    keys(&mut app, "esc G A r");
    assert!(detail(&app, Action::DismissUserRisk).0.contains("deleted"), "{:?}", detail(&app, Action::DismissUserRisk));
}

#[test]
fn the_menu_of_the_sign_in_pane_is_about_the_sign_in() {
    let mut app = in_tenant((120, 40));
    keys(&mut app, "enter r");
    assert_eq!((menu(&app).about.as_str(), menu(&app).items.len()), ("1 sign-in", 4));
    keys(&mut app, "enter");
    assert_eq!((plan(&app).action, plan(&app).targets[0].id.as_str()), (Action::DismissSignInRisk, "alex-s1"));
}

#[test]
fn marked_users_are_what_an_action_of_the_menu_is_aimed_at() {
    let mut app = in_tenant((120, 40));
    keys(&mut app, "space space");
    assert_eq!(choose(&mut app, Action::RevokeSessions), []);
    assert_eq!(plan(&app).targets.iter().map(|target| target.id.as_str()).collect::<Vec<_>>(), ["alex", "adele"]);
    assert!(summary(&app).contains("access tokens: whether"), "{}", summary(&app));
}

#[test]
fn a_policy_is_chosen_first_and_the_one_that_blocks_stands_first() {
    let mut app = in_tenant((120, 40));
    choose(&mut app, Action::ExcludeFromPolicy);
    let labels: Vec<&str> = menu(&app).items.iter().map(|item| item.label.as_str()).collect();
    assert_eq!(labels, ["Block high user risk", "Everybody does MFA"], "one that is not enforced blocks nobody");
    assert!(menu(&app).items[0].detail.contains("keeps out"));
    keys(&mut app, "enter");
    assert_eq!(plan(&app).included_count(), 1);
    assert!(summary(&app).contains("policy \"Block high user risk\": excludeUsers + alex, 1 others stay"), "{}", summary(&app));
    keys(&mut app, "esc");
    choose(&mut app, Action::DisablePolicy);
    keys(&mut app, "enter");
    assert!(!summary(&app).contains("p-high"), "a policy goes by its name: {}", summary(&app));
    keys(&mut app, "shift-tab space");
    assert_eq!((plan(&app).targets[0].id.as_str(), plan(&app).confirm), ("p-high", Confirmation::Phrase));
}

#[test]
fn an_address_is_chosen_from_the_blocked_and_risky_sign_ins() {
    let mut app = in_tenant((120, 40));
    choose(&mut app, Action::TrustIp);
    assert_eq!(menu(&app).items.iter().map(|item| item.label.as_str()).collect::<Vec<_>>(), ["203.0.113.7"]);
    assert!(menu(&app).items[0].detail.contains("blocked") && menu(&app).items[0].note.contains("risk was detected there"));
    keys(&mut app, "enter");
    assert_eq!((plan(&app).action, plan(&app).targets[0].id.as_str()), (Action::TrustIp, "203.0.113.7"));
    assert_eq!(keys(&mut app, "shift-tab space tab 'office' enter 'yes' enter"), [], "everybody is concerned: the phrase is asked for");
}

#[test]
fn the_menu_is_bounded_however_many_are_marked_and_says_so() {
    let many = (0..400).map(|at| {
        let mut records = risky_user(&format!("user-{at:03}"), "passwordSpray");
        for sign_in in &mut records.sign_ins {
            sign_in.ip_address = Some(format!("203.0.{}.{}", 100 + at / 200, at % 200).into());
        }
        records
    });
    let mut app = console(many.collect());
    app.update(Msg::Tenant(tenant()), now());
    keys(&mut app, "a r");
    assert_eq!(menu(&app).about, "400 users, judged by the first 200");
    assert_eq!(menu(&app).targets.len(), 400, "the plan is for all of them");
    keys(&mut app, "esc");
    choose(&mut app, Action::TrustIp);
    assert_eq!(menu(&app).items.len(), 21);
    let more = menu(&app).items.last().unwrap();
    assert_eq!((more.label.as_str(), more.detail.as_str()), ("and 380 more", "entriage act trustIp --ip ADDRESS"));
    keys(&mut app, "esc");
    let effects = choose(&mut app, Action::DisableDevices);
    let [Effect::Look(asked)] = effects.as_slice() else { panic!("{effects:?}") };
    let users = asked.clone();
    assert_eq!(users.len(), 200);
    let read = users.iter().map(|id| UserRecords { devices: Some(Vec::new()), ..app.dataset().user(id).unwrap().clone() });
    let read = read.collect();
    app.update(Msg::Records(read), now());
    app.update(Msg::Looked { users, problem: None }, now());
    let Some(Overlay::Preview(preview)) = app.overlay() else { panic!() };
    assert_eq!(preview.changed.as_deref(), Some("Devices of 200 were not read: 200 users are read at once."));
}

#[test]
fn policies_that_were_not_read_are_told_and_not_asked_for() {
    let mut app = console(five());
    keys(&mut app, "r");
    let item = menu(&app).items.iter().find(|item| item.choice == overlay::Choice::Remedy(Action::ExcludeFromPolicy)).unwrap();
    assert_eq!(item.detail, "off: policies were not read");
    keys(&mut app, "esc");
    choose(&mut app, Action::ExcludeFromPolicy);
    assert!(app.overlay().is_none() && app.toasts().current().unwrap().text.contains("policies were not read"));
}

#[test]
fn devices_are_read_before_a_plan_is_judged_by_them() {
    let mut app = console(five());
    assert_eq!(choose(&mut app, Action::DisableDevices), [Effect::Look(vec!["alex".into()])]);
    assert!(matches!(app.overlay(), Some(Overlay::Waiting { then: Then::Plan { .. }, .. })));
    let mut alex = app.dataset().user(&"alex".into()).unwrap().clone();
    alex.devices = in_tenant((120, 40)).dataset().user(&"alex".into()).unwrap().devices.clone();
    app.update(Msg::Records(vec![alex]), now());
    app.update(Msg::Looked { users: vec!["alex".into()], problem: None }, now());
    assert_eq!(plan(&app).included_count(), 1);
    assert!(summary(&app).contains("disable LAPTOP-alex (Windows)"), "{}", summary(&app));
    keys(&mut app, "esc j");
    choose(&mut app, Action::DisableDevices);
    app.update(Msg::Looked { users: vec!["bob".into()], problem: None }, now());
    assert!(matches!(app.overlay(), Some(Overlay::Waiting { .. })), "another user's answer is not what is waited for");
    keys(&mut app, "esc");
    app.update(Msg::Looked { users: vec!["adele".into()], problem: None }, now());
    assert!(app.overlay().is_none(), "what nobody waits for any more opens nothing");
}

#[test]
fn confirming_a_compromise_leads_to_the_checklist_for_all_of_them() {
    let mut app = in_tenant((120, 40));
    keys(&mut app, "/ 'type:newCountry -deleted:true' enter a c 'pt' enter '2' enter");
    for id in ["bob", "carol"] {
        app.update(
            Msg::Job(JobEvent { what: What::Verified, id: id.to_owned(), user_principal_name: None, step: None, job: JobId(3), at: now() }),
            now(),
        );
    }
    let tally = Tally { total: 2, verified: 2, ..Tally::default() };
    app.update(Msg::JobEnded { job: JobId(3), state: JobState::Done, tally }, now());
    assert!(app.offer(app.job().unwrap()).contains("2 accounts are not secured yet"));
    assert_eq!(keys(&mut app, "r"), []);
    assert_eq!((plan(&app).action, plan(&app).targets.len()), (Action::SecureAccount, 2), "although their marks are gone");
}

#[test]
fn confirming_the_compromise_of_a_sign_in_leads_to_the_checklist_of_its_user() {
    let mut app = in_tenant((120, 40));
    keys(&mut app, "/ 'user:bob' enter 2 c enter enter");
    let sign_in = app.dataset().user(&"bob".into()).unwrap().sign_ins[0].id.to_string();
    app.update(
        Msg::Job(JobEvent { what: What::Verified, id: sign_in, user_principal_name: None, step: None, job: JobId(3), at: now() }),
        now(),
    );
    app.update(Msg::JobEnded { job: JobId(3), state: JobState::Done, tally: Tally { total: 1, verified: 1, ..Tally::default() } }, now());
    assert!(app.offer(app.job().unwrap()).contains("1 account is not secured yet"));
    assert_eq!(keys(&mut app, "r"), []);
    assert_eq!((plan(&app).action, plan(&app).targets[0].id.as_str()), (Action::SecureAccount, "bob"));
}

#[test]
fn the_end_of_a_dismissal_says_how_many_are_not_safe() {
    let mut app = console(five());
    keys(&mut app, "d enter enter");
    let mut alex = risky_user("alex", "passwordSpray");
    alex.user.risk_state = Some(RiskState::Dismissed);
    alex.directory.last_password_change_date_time = Some(Timestamp(now().0 - chrono::TimeDelta::days(90)));
    app.update(Msg::Records(vec![alex]), now());
    app.update(
        Msg::Job(JobEvent { what: What::Verified, id: "alex".to_owned(), user_principal_name: None, step: None, job: JobId(1), at: now() }),
        now(),
    );
    app.update(Msg::JobEnded { job: JobId(1), state: JobState::Done, tally: Tally { total: 1, verified: 1, ..Tally::default() } }, now());
    assert_eq!((app.job().unwrap().not_safe_users, app.job().unwrap().not_safe), (1, [1, 0, 0]));
    assert_eq!(app.users().counts.not_safe, 1);
    keys(&mut app, "esc G");
    assert!(
        app.detail_lines().iter().any(|line| line.text.contains("Closed, but not safe: the password is older")),
        "{:?}",
        app.detail_lines()
    );
    keys(&mut app, "S");
    // Until the query knows the field, the filter is told not to parse; then it holds.
    assert!(app.users().filter == "safe:no" || app.toasts().current().unwrap().text.contains("safe:no"));
}

#[test]
fn a_required_password_change_that_was_not_made_yet_is_shown() {
    let mut user = risky_user("alex", "passwordSpray");
    user.directory.password_change_required = Some(true);
    let mut app = console(vec![user]);
    let context = app.plan_context();
    let plan = Plan::compute(Action::RequirePasswordChange, &[Target::User("alex".into())], &console(five()).dataset, &context);
    let job = JobId(2);
    let ago = Timestamp(now().0 - chrono::TimeDelta::hours(2));
    let mut ledger = app.ledger().clone();
    let items = vec![ItemOutcome { id: "alex".to_owned(), outcome: Outcome::Verified, because: None }];
    for entry in [
        Entry::JobConfirmed { job, plan: Box::new(plan), hold_seconds: 0 },
        Entry::Outcomes { job, items },
        Entry::JobEnded { job, state: JobState::Done },
    ] {
        ledger.apply(&JournalRecord { seq: 1, at: ago, operator: "tester".to_owned(), entry, prev: String::new() });
    }
    app.update(Msg::Ledger(ledger), now());
    let lines: String = app.detail_lines().into_iter().map(|line| format!("{}{}\n", line.label, line.text)).collect();
    assert!(
        lines.contains("Password change")
            && lines.contains("required 2 h ago; at risk until the")
            && lines.contains("secure password change"),
        "{lines}"
    );
}

/// A temporary password, as the engine tells it.
pub fn password(user: &str, byte: u8) -> Msg {
    let id = user.split('@').next().unwrap_or_default().to_owned();
    Msg::Password { job: JobId(4), id, user: user.to_owned(), password: TemporaryPassword::generate([byte; 16]) }
}

#[test]
fn passwords_come_to_the_front_are_shown_once_and_closed_deliberately() {
    let mut app = in_tenant((120, 40));
    keys(&mut app, "d");
    app.update(password("alex@contoso.test", 1), now());
    app.update(password("bob@contoso.test", 2), now());
    assert!(app.passwords().are_shown() && matches!(app.overlay(), Some(Overlay::Preview(_))), "what was open is kept");
    let effects = keys(&mut app, "j y");
    assert_eq!(effects, [Effect::CopyPassword(TemporaryPassword::generate([2; 16]))]);
    let text = TemporaryPassword::generate([2; 16]).expose().to_owned();
    assert!(!format!("{effects:?} {:?} {:?}", app.passwords(), app.toasts()).contains(&text), "no debug text and no message shows it");
    for closes_nothing in ["esc esc", "enter enter", "esc y", "q q", "ctrl-c ctrl-c", "enter q", "c"] {
        assert!(!keys(&mut app, closes_nothing).contains(&Effect::Quit), "{closes_nothing}");
        assert!(app.passwords().are_shown(), "{closes_nothing}");
        keys(&mut app, "x");
    }
    keys(&mut app, "esc");
    app.update(password("carol@contoso.test", 3), now());
    keys(&mut app, "c");
    assert_eq!(app.passwords().list.len(), 3, "one that came meanwhile is not closed unseen");
    let closed = keys(&mut app, "enter c");
    let [Effect::Record { entries, .. }] = closed.as_slice() else { panic!("{closed:?}") };
    let ids = ["alex", "bob", "carol"].map(str::to_owned).to_vec();
    assert_eq!(*entries, [Entry::PasswordsClosed { job: JobId(4), ids, read: true }], "what is not closed is told of at the next start");
    assert!(!app.passwords().are_shown() && app.passwords().list.is_empty());
    assert!(matches!(app.overlay(), Some(Overlay::Preview(_))));
}

#[test]
fn only_passwords_that_were_in_sight_are_closed() {
    let mut app = in_tenant((60, 18));
    (1..=20).for_each(|byte| _ = app.update(password("alex@contoso.test", byte), now()));
    let rows = app.passwords().rows(app.size());
    assert!(rows < 20);
    keys(&mut app, "esc c");
    assert_eq!(app.passwords().list.len(), 20 - rows);
    assert!(app.passwords().message.as_deref().unwrap().contains("not in sight"));
    keys(&mut app, "q");
    assert!(app.passwords().message.as_deref().unwrap().contains("Esc, then c"));
    keys(&mut app, "pgdn pgdn esc c");
    assert!(!app.passwords().are_shown());
}

#[test]
fn quitting_with_passwords_that_nobody_saw_asks() {
    let mut app = sized((40, 10), five());
    app.update(password("alex@contoso.test", 1), now());
    assert_eq!(keys(&mut app, "q"), []);
    assert!(matches!(app.overlay(), Some(Overlay::Quit)));
    assert_eq!(keys(&mut app, "esc q y"), [Effect::Quit]);
}

/// A console with a verified job 4 of this action on alex.
fn done(action: Action, policy: Option<&str>) -> App {
    ended(action, policy, Outcome::Verified)
}

pub fn ended(action: Action, policy: Option<&str>, outcome: Outcome) -> App {
    let mut app = in_tenant((120, 40));
    let policy = policy.and_then(|id| app.dataset().tenant().policy(id)).cloned();
    let context = PlanContext { policy, reason: "pt".to_owned(), include_caution: true, ..app.plan_context() };
    let plan = Plan::compute(action, &[Target::User(UserId::from("alex"))], app.dataset(), &context);
    let plan = plan.confirm(Answer::Number(1)).unwrap().plan().clone();
    let job = JobId(4);
    journal(&mut app, Entry::JobConfirmed { job, plan: Box::new(plan), hold_seconds: 0 });
    let items = vec![ItemOutcome { id: "alex".to_owned(), outcome, because: None }];
    journal(&mut app, Entry::Outcomes { job, items });
    journal(&mut app, Entry::JobEnded { job, state: JobState::Done });
    app
}

#[test]
fn a_job_is_undone_from_the_jobs_and_from_the_journal_with_the_policy_as_it_is_now() {
    let mut app = done(Action::ExcludeFromPolicy, Some("p-high"));
    let mut facts = tenant();
    let held = facts.policies.as_mut().unwrap();
    held[1].exclude_users = vec!["glass".to_owned(), "alex".to_owned(), "somebody-else".to_owned()];
    app.update(Msg::Tenant(facts), now());
    keys(&mut app, "x U");
    assert_eq!((plan(&app).action, plan(&app).included_count(), plan(&app).reason.as_str()), (Action::IncludeInPolicy, 1, "undo of job 4"));
    assert_eq!(plan(&app).policy.as_ref().unwrap().exclude_users.len(), 3, "the policy of today, not of then");
    keys(&mut app, "esc");
    assert_eq!(keys(&mut app, "J"), [Effect::ReadJournal]);
    let record = |seq, entry| JournalRecord { seq, at: now(), operator: "tester".to_owned(), entry, prev: String::new() };
    let note = Entry::Note { user: "alex".into(), text: "called".to_owned() };
    app.update(Msg::Journal(vec![record(1, Entry::JobEnded { job: JobId(4), state: JobState::Done }), record(2, note)]), now());
    keys(&mut app, "U");
    assert!(matches!(app.overlay(), Some(Overlay::Journal { message: Some(_), .. })), "a note is no job");
    keys(&mut app, "j U");
    assert_eq!(plan(&app).action, Action::IncludeInPolicy);
    assert!(summary(&app).contains("excludeUsers - alex"), "{}", summary(&app));
}

#[test]
fn what_may_be_in_force_is_taken_back_although_it_was_not_verified() {
    for (outcome, undone) in [(Outcome::Diverged, true), (Outcome::Unverified, true), (Outcome::Failed, false)] {
        let mut app = ended(Action::ExcludeFromPolicy, Some("p-high"), outcome);
        let mut facts = tenant();
        facts.policies.as_mut().unwrap()[1].exclude_users.push("alex".to_owned());
        app.update(Msg::Tenant(facts), now());
        keys(&mut app, "x U");
        let planned = matches!(app.overlay(), Some(Overlay::Preview(_)));
        assert_eq!(planned, undone, "{outcome:?}");
    }
}

#[test]
fn what_cannot_be_undone_says_so() {
    let mut app = done(Action::RevokeSessions, None);
    keys(&mut app, "x U");
    assert!(matches!(app.overlay(), Some(Overlay::Jobs { message: Some(why), .. }) if why.contains("cannot be taken back")));
    let mut app = done(Action::ExcludeFromPolicy, Some("p-high"));
    app.update(Msg::Tenant(TenantFacts { policies: Some(Vec::new()), locations: None }), now());
    keys(&mut app, "x U");
    assert!(matches!(app.overlay(), Some(Overlay::Jobs { message: Some(why), .. }) if why.contains("not known any more")));
}

#[test]
fn what_is_missing_for_an_action_is_named_in_the_menu_and_in_its_plan() {
    let mut app = in_tenant((120, 40));
    let holder = Holder { permissions: vec!["IdentityRiskyUser.ReadWrite.All".to_owned()], ..Holder::default() };
    app.update(Msg::Holder(Some(holder)), now());
    keys(&mut app, "r");
    let note = |app: &App, action| menu(app).items.iter().find(|item| item.choice == overlay::Choice::Remedy(action)).unwrap().note.clone();
    let told = note(&app, Action::RevokeSessions);
    assert!(told.contains("the permission User.RevokeSessions.All or User.ReadWrite.All is missing"), "{told}");
    assert!(!note(&app, Action::DismissUserRisk).contains("is missing"));
    keys(&mut app, "esc");
    choose(&mut app, Action::RevokeSessions);
    assert!(summary(&app).contains("User.RevokeSessions.All"), "{}", summary(&app));
}
