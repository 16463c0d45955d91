//! Playbooks by their keys: the checklist, its steps, what fails, what is resumed.

use super::checklist::Checklist;
use super::overlay::Then;
use super::remedy_tests::{choose, in_tenant, journal, plan, summary};
use super::tests::{console, five, keys, opened};
use super::*;
use crate::domain::action::Action;
use crate::domain::fixture::now;
use crate::domain::job_event::{JobEvent, What};
use crate::domain::journal::{Entry, ItemOutcome, JobState, Outcome};
use crate::domain::ledger::Tally;
use crate::domain::plan::Plan;

fn checklist(app: &App) -> (&Checklist, Vec<checklist::Row>) {
    match app.overlay() {
        Some(Overlay::Playbook(list)) => (list, app.checklist_rows(app.ledger().playbook(list.id).unwrap())),
        other => panic!("no checklist but {other:?}"),
    }
}

#[test]
fn securing_an_account_asks_whether_to_block_sign_in_and_sends_nothing_when_it_is_confirmed() {
    let mut app = in_tenant((120, 40));
    choose(&mut app, Action::SecureAccount);
    assert!(!plan(&app).steps.contains(&Action::BlockSignIn) && summary(&app).contains("not: Block sign-in"), "{}", summary(&app));
    keys(&mut app, "shift-tab j j space");
    assert!(plan(&app).steps.contains(&Action::BlockSignIn));
    keys(&mut app, "space space tab");
    let effects = keys(&mut app, "'incident 7' enter enter");
    let [Effect::BeginPlaybook(confirmed)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((confirmed.plan().steps.len(), confirmed.plan().reason.as_str()), (5, "incident 7"));
    assert!(app.job().is_none() && matches!(app.overlay(), Some(Overlay::Waiting { then: Then::Playbook { .. }, .. })));
    let plan = confirmed.plan().id.clone();
    let not_begun = |plan| Msg::PlaybookNotBegun { plan, message: "the disk is full".to_owned() };
    app.update(not_begun("another".to_owned()), now());
    assert!(matches!(app.overlay(), Some(Overlay::Waiting { .. })));
    app.update(not_begun(plan), now());
    assert!(app.overlay().is_none() && app.toasts().errors() == 1);
}

/// A console with the checklist of a playbook on alex open: its number is 7.
pub fn begun(size: (u16, u16), action: Action) -> App {
    let mut app = in_tenant(size);
    choose(&mut app, action);
    let effects = keys(&mut app, "'incident 7' enter enter");
    let [Effect::BeginPlaybook(confirmed)] = effects.as_slice() else { panic!("{effects:?}") };
    journal(&mut app, Entry::PlaybookStarted { playbook: JobId(7), plan: Box::new(confirmed.plan().clone()), steps_confirmed: false });
    app.update(Msg::PlaybookBegun(JobId(7)), now());
    app
}

/// What the engine would plan for a step.
fn step_plan(app: &App, action: Action) -> Plan {
    app.ledger().playbook(JobId(7)).unwrap().plan_step(action, app.dataset(), app.ledger(), &app.plan_context())
}

/// Lets the job of a step run and come out so.
pub fn play_step(app: &mut App, job: u64, action: Action, outcome: Outcome) -> Vec<Effect> {
    assert_eq!(keys(app, "enter"), [Effect::PlanStep { playbook: JobId(7), action }]);
    app.update(Msg::StepPlan(Box::new(step_plan(app, action))), now());
    assert_eq!(plan(app).playbook, Some(JobId(7)));
    let effects = keys(app, "enter enter");
    let [Effect::Run { confirmed, .. }] = effects.as_slice() else { panic!("{effects:?}: {:?}", app.overlay()) };
    let job = JobId(job);
    let mut told = journal(app, Entry::JobConfirmed { job, plan: Box::new(confirmed.plan().clone()), hold_seconds: 5 });
    app.update(Msg::JobStarted(job), now());
    let because = (outcome == Outcome::Failed).then(|| "403 not allowed".to_owned());
    let items = vec![ItemOutcome { id: "alex".to_owned(), outcome, because: because.clone() }];
    let what = because.map_or(What::Verified, |because| What::Failed { because });
    app.update(Msg::Job(JobEvent { what, id: "alex".to_owned(), user_principal_name: None, step: None, job, at: now() }), now());
    told.extend(journal(app, Entry::Outcomes { job, items }));
    told.extend(journal(app, Entry::JobEnded { job, state: JobState::Done }));
    let tally = app.ledger().job(job).unwrap().tally();
    told.extend(app.update(Msg::JobEnded { job, state: JobState::Done, tally }, now()));
    told
}

#[test]
fn a_playbook_goes_step_by_step_and_one_that_fails_hinders_no_other() {
    let mut app = begun((120, 40), Action::SecureAccount);
    let (list, rows) = checklist(&app);
    assert_eq!((list.scroll.at, rows.len(), rows[0].next), (0, 4, true));
    assert_eq!(keys(&mut app, "j enter"), []);
    assert!(checklist(&app).0.message.as_deref().unwrap().contains("steps before it"));
    keys(&mut app, "k");
    assert_eq!(play_step(&mut app, 8, Action::ConfirmUserCompromised, Outcome::Verified), []);
    let (list, rows) = checklist(&app);
    let hint = app.checklist_hint(list, app.ledger().playbook(JobId(7)).unwrap(), rows.get(list.scroll.at));
    assert_eq!(hint, "Enter plans it · s leaves out · D cancels · j k · Esc: later");
    assert_eq!((rows[0].state.as_str(), rows[1].next, list.scroll.at), ("verified 1 of 1", true, 1), "the checklist comes back by itself");
    play_step(&mut app, 9, Action::GenerateTemporaryPassword, Outcome::Failed);
    let (list, rows) = checklist(&app);
    assert!(rows[1].failed && rows[1].note.contains("403 not allowed") && rows[2].next, "{rows:?}");
    assert_eq!(list.scroll.at, 2, "the cursor goes on to what comes next");
    keys(&mut app, "s enter");
    assert!(checklist(&app).0.message.as_deref().unwrap().contains("reason"));
    let skipped = Effect::SkipStep { playbook: JobId(7), action: Action::RevokeSessions, because: "done by hand".to_owned() };
    assert_eq!(keys(&mut app, "'done by hand' enter"), [skipped]);
    journal(&mut app, Entry::StepSkipped { playbook: JobId(7), step: Action::RevokeSessions, because: "done by hand".to_owned() });
    assert_eq!(checklist(&app).1[2].state, "skipped: done by hand");
    assert_eq!(play_step(&mut app, 10, Action::DisableDevices, Outcome::Verified), [], "with a failed step it does not end by itself");
    let (_, rows) = checklist(&app);
    assert_eq!(rows.last().map(|row| row.title.as_str()), Some("End the playbook"));
    assert_eq!(checklist(&app).0.scroll.at, 1, "what failed comes before the end");
    assert_eq!(keys(&mut app, "G enter"), [], "with a failed step it is asked once more");
    assert!(checklist(&app).0.message.as_deref().unwrap().contains("Generate temporary password"));
    assert_eq!(keys(&mut app, "k j enter"), [], "and again where the cursor was elsewhere meanwhile");
    assert_eq!(keys(&mut app, "enter"), [Effect::EndPlaybook(JobId(7))]);
    keys(&mut app, "g j");
    let told = play_step(&mut app, 11, Action::GenerateTemporaryPassword, Outcome::Verified);
    assert_eq!(told, [Effect::EndPlaybook(JobId(7))], "tried again, and now all are settled");
    assert!(checklist(&app).1[1].note.contains("Shown once; if nobody read it, generate another: r"));
    assert_eq!(journal(&mut app, Entry::PlaybookEnded { playbook: JobId(7), state: JobState::Done }), []);
    assert_eq!(keys(&mut app, "enter"), []);
    assert!(checklist(&app).0.message.as_deref().unwrap().contains("ended"));
}

#[test]
fn remediated_elsewhere_is_a_checklist_of_two_steps() {
    let app = begun((120, 40), Action::RemediatedElsewhere);
    let titles: Vec<String> = checklist(&app).1.into_iter().map(|row| row.title).collect();
    assert_eq!(titles, ["Confirm user compromised", "Dismiss user risk"]);
}

#[test]
fn the_plan_of_a_step_leads_back_to_its_checklist() {
    let mut app = begun((120, 40), Action::SecureAccount);
    keys(&mut app, "enter");
    let plan = step_plan(&app, Action::ConfirmUserCompromised);
    app.update(Msg::StepPlan(Box::new(plan)), now());
    keys(&mut app, "esc");
    assert_eq!(checklist(&app).0.id, JobId(7));
    keys(&mut app, "enter");
    let not_planned = |action| Msg::StepNotPlanned { playbook: JobId(7), action, message: "the store is damaged".to_owned() };
    app.update(not_planned(Action::RevokeSessions), now());
    let other = step_plan(&app, Action::RevokeSessions);
    app.update(Msg::StepPlan(Box::new(other)), now());
    assert!(matches!(app.overlay(), Some(Overlay::Waiting { .. })), "the answer to another request is not what is waited for");
    app.update(not_planned(Action::ConfirmUserCompromised), now());
    assert_eq!(checklist(&app).0.id, JobId(7));
}

#[test]
fn whoever_leaves_while_a_playbook_is_begun_is_told_where_it_is_and_not_called_back() {
    let mut app = in_tenant((120, 40));
    choose(&mut app, Action::SecureAccount);
    let effects = keys(&mut app, "'incident 7' enter enter");
    let [Effect::BeginPlaybook(confirmed)] = effects.as_slice() else { panic!("{effects:?}") };
    keys(&mut app, "esc");
    journal(&mut app, Entry::PlaybookStarted { playbook: JobId(7), plan: Box::new(confirmed.plan().clone()), steps_confirmed: false });
    app.update(Msg::PlaybookBegun(JobId(7)), now());
    assert!(app.overlay().is_none());
    assert_eq!(app.toasts().current().unwrap().text, "Playbook 7 is begun; x lists it.");
}

#[test]
fn a_playbook_that_could_not_be_ended_can_be_ended_by_hand() {
    let mut app = begun((120, 40), Action::RemediatedElsewhere);
    let skip = |step| Entry::StepSkipped { playbook: JobId(7), step, because: "by hand".to_owned() };
    journal(&mut app, skip(Action::ConfirmUserCompromised));
    assert_eq!(journal(&mut app, skip(Action::DismissUserRisk)), [Effect::EndPlaybook(JobId(7))]);
    assert_eq!(checklist(&app).1.len(), 2);
    app.update(Msg::PlaybookNotEnded { playbook: JobId(7), message: Some("the disk is full".to_owned()) }, now());
    assert_eq!(app.toasts().errors(), 1);
    assert_eq!(keys(&mut app, "G enter"), [Effect::EndPlaybook(JobId(7))]);
}

#[test]
fn the_cursor_of_the_jobs_stays_on_its_job_when_another_begins() {
    let mut app = begun((120, 40), Action::SecureAccount);
    keys(&mut app, "esc x");
    let plan = step_plan(&app, Action::ConfirmUserCompromised);
    journal(&mut app, Entry::JobConfirmed { job: JobId(8), plan: Box::new(plan), hold_seconds: 0 });
    assert_eq!(app.job_list(), [JobId(8), JobId(7)]);
    keys(&mut app, "enter");
    assert_eq!(checklist(&app).0.id, JobId(7));
}

#[test]
fn an_unfinished_playbook_is_offered_on_start_and_its_interrupted_step_is_resumed() {
    let mut before = begun((120, 40), Action::SecureAccount);
    let plan = step_plan(&before, Action::ConfirmUserCompromised);
    journal(&mut before, Entry::JobConfirmed { job: JobId(8), plan: Box::new(plan), hold_seconds: 0 });
    let mut app = console(Vec::new());
    app.phase = Phase::Opening(String::new());
    crate::app::tests::tell(&mut app, Msg::Opened(Box::new(Opened { ledger: before.ledger().clone(), ..opened(five()) })));
    assert!(matches!(app.overlay(), Some(Overlay::Jobs { offer: true, .. })));
    assert_eq!(app.job_list(), [JobId(8), JobId(7)]);
    assert_eq!(app.unfinished(), 1, "a step counts with its playbook");
    // The cursor stands on the playbook already, and not on what ended last.
    keys(&mut app, "enter");
    assert!(checklist(&app).1[0].state.contains("interrupted"));
    assert_eq!(keys(&mut app, "enter"), [Effect::Resume(JobId(8))]);
    let tally = Tally { total: 1, verified: 1, ..Tally::default() };
    app.update(Msg::JobEnded { job: JobId(8), state: JobState::Done, tally }, now());
    assert_eq!(checklist(&app).0.id, JobId(7));
    keys(&mut app, "esc x j");
    assert_eq!(keys(&mut app, "D y"), [Effect::CancelJob(JobId(7))]);
}

#[test]
fn cancelling_asks_first_and_its_numbers_are_true() {
    let mut app = begun((120, 40), Action::SecureAccount);
    play_step(&mut app, 8, Action::ConfirmUserCompromised, Outcome::Verified);
    for other in ["n", "esc", "enter", "D"] {
        assert_eq!(keys(&mut app, "D"), [], "nothing without being asked");
        let Some(Overlay::Cancel { id, .. }) = app.overlay() else { panic!("{:?}", app.overlay()) };
        let (title, lines) = app.cancel_question(*id);
        assert_eq!(title, "Cancel playbook 7: Secure account?");
        let text = lines.join("\n");
        assert!(text.contains("1 user: alex@contoso.test"), "{text}");
        assert!(text.contains("3 steps (Generate temporary password, Revoke sessions, Disable devices)"), "{text}");
        assert_eq!(keys(&mut app, other), []);
        assert_eq!(checklist(&app).0.id, JobId(7), "{other} goes back");
    }
    keys(&mut app, "esc x j D n");
    assert!(matches!(app.overlay(), Some(Overlay::Jobs { scroll, .. }) if scroll.at == 1), "back to where it was asked");
    assert_eq!(keys(&mut app, "D y"), [Effect::CancelJob(JobId(7))]);
    let job = app.job().unwrap();
    assert_eq!((job.title().as_str(), job.tally.verified, job.tally.pending), ("Secure account: 1 user", 1, 3));
    let tally = Tally { total: 4, verified: 1, pending: 3, ..Tally::default() };
    app.update(Msg::JobEnded { job: JobId(7), state: JobState::Cancelled, tally }, now());
    assert_eq!(app.job().unwrap().title(), "Secure account: 1 user");
}
