//! The console by its keys: what an operator types, and what comes of it.

use chrono::TimeDelta;

use super::job::Phase as JobPhase;
use super::*;
use crate::app::command::CommandId;
use crate::app::layout::Pane;
use crate::domain::action::Action;
use crate::domain::fixture::{now, risky_user};
use crate::domain::job_event::{JobEvent, What};
use crate::domain::journal::{Entry, JobId, JobState, JournalRecord};
use crate::domain::ledger::Tally;
use crate::domain::plan::{Answer, Plan, Target};
use crate::domain::records::{UserId, UserRecords};
use crate::domain::risk::{RiskLevel, RiskState};

/// An open console with these users.
pub fn console(users: Vec<UserRecords>) -> App {
    sized((120, 40), users)
}

pub fn sized(size: (u16, u16), users: Vec<UserRecords>) -> App {
    let mut app = App::new(Options { size, ..options() }, now());
    tell(&mut app, Msg::Opened(Box::new(opened(users))));
    app
}

pub fn options() -> Options {
    Options { keys: KeyMap::defaults(), hold_seconds: 5, size: (120, 40), mono: false }
}

/// Tells the console something, and computes what it asks for; answers the other effects.
pub fn tell(app: &mut App, msg: Msg) -> Vec<Effect> {
    tell_at(app, msg, app.now())
}

pub fn tell_at(app: &mut App, msg: Msg, at: Timestamp) -> Vec<Effect> {
    let effects = app.update(msg, at);
    let mut others = Vec::new();
    for effect in effects {
        match effect {
            Effect::Compute(computation) => others.extend(tell_at(app, Msg::Computed(Box::new(computation.run())), at)),
            other => others.push(other),
        }
    }
    others
}

pub fn opened(users: Vec<UserRecords>) -> Opened {
    Opened {
        workspace: "demo".to_owned(),
        tenant: "contoso.test".to_owned(),
        tenant_id: Some("f1e2d3c4-0000-4000-8000-000000000001".to_owned()),
        label: "DEMO",
        access: Access::ReadWrite,
        forced_read_only: false,
        operator: "tester".to_owned(),
        dataset: users.into_iter().collect(),
        ledger: Ledger::default(),
        account: None,
        holder: None,
        refresh_seconds: None,
        sync_notes: Vec::new(),
        synced_at: Some(Timestamp(now().0 - TimeDelta::minutes(2))),
        requests_per_second: Some(1.0),
        read_back_page: 500,
        notices: Vec::new(),
        first_run: false,
    }
}

/// Five users: alex (high), adele (medium, token theft), bob and carol (medium), dave (deleted).
pub fn five() -> Vec<UserRecords> {
    let mut alex = risky_user("alex", "passwordSpray");
    alex.user.risk_level = Some(RiskLevel::High);
    let mut dave = risky_user("dave", "newCountry");
    dave.user.is_deleted = Some(true);
    dave.user.risk_level = Some(RiskLevel::Low);
    vec![risky_user("carol", "newCountry"), alex, risky_user("adele", "anomalousToken"), risky_user("bob", "newCountry"), dave]
}

/// Presses keys: "j j space", or text in quotes: "/ 'level:high' enter".
pub fn keys(app: &mut App, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for (at, part) in keys.split('\'').enumerate() {
        if at % 2 == 1 {
            for letter in part.chars() {
                effects.extend(tell(app, Msg::Key(Key::plain(KeyCode::Char(letter)))));
            }
        } else {
            for key in part.split_whitespace() {
                effects.extend(tell(app, Msg::Key(key.parse().unwrap())));
            }
        }
    }
    effects
}

/// A target of the first job was read back as promised.
pub fn verified(id: &str) -> JobEvent {
    JobEvent { what: What::Verified, id: id.to_owned(), user_principal_name: None, step: None, job: JobId(1), at: now() }
}

/// Lets the hold window pass.
fn pass_the_hold(app: &mut App) {
    app.update(Msg::Wake, Timestamp(now().0 + TimeDelta::seconds(6)));
}

#[test]
fn a_hold_window_that_cannot_be_seen_is_cancelled_or_can_be() {
    let mut app = running();
    app.update(Msg::Resize(59, 17), now());
    assert_eq!(keys(&mut app, "d esc esc"), vec![Effect::CancelRunning]);
    let mut app = running();
    assert_eq!(keys(&mut app, "ctrl-z"), vec![Effect::CancelRunning, Effect::Suspend]);
    let mut app = running();
    pass_the_hold(&mut app);
    assert_eq!(keys(&mut app, "ctrl-z"), vec![Effect::Suspend], "what is being sent goes on");
}

#[test]
fn a_name_brings_no_end_of_a_line_into_the_clipboard() {
    let mut users = five();
    users[1].user.user_display_name = Some("Eve\nrm -rf x\r".into());
    let mut app = console(users);
    let effects = keys(&mut app, "y j j enter");
    let [Effect::Copy(text)] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(text.starts_with("Eve") && !text.contains(['\n', '\r']), "{text:?}");
    app.update(Msg::Failed("it said\nso".to_owned()), now());
    let effects = keys(&mut app, "esc M y");
    assert!(matches!(effects.as_slice(), [Effect::Copy(text)] if !text.contains('\n')), "{effects:?}");
}

#[test]
fn a_plan_names_whom_it_acts_on_and_tells_of_hidden_ones() {
    let mut app = console(five());
    keys(&mut app, "d");
    assert!(preview(&app).summary.iter().any(|line| line.contains("alex@contoso.test")), "{:?}", preview(&app).summary);
    let mut app = console(five());
    keys(&mut app, "space space / 'level:medium' enter d");
    assert_eq!(preview(&app).hidden, 1);
}

fn shown(app: &App) -> Vec<String> {
    (0..app.users().len()).map(|at| app.users().at(at, app.dataset()).unwrap().id().to_string()).collect()
}

fn cursor(app: &App) -> &str {
    app.users().cursor().unwrap().as_str()
}

fn said(app: &App) -> &str {
    app.toasts().current().map_or("", |toast| &toast.text)
}

fn preview(app: &App) -> &preview::Preview {
    match app.overlay() {
        Some(Overlay::Preview(preview)) => preview,
        other => panic!("no preview but {other:?}"),
    }
}

#[test]
fn what_needs_work_first_stands_first() {
    let mut users = five();
    users[3].user.risk_state = Some(RiskState::Dismissed);
    users[3].user.risk_level = Some(RiskLevel::High);
    let app = console(users);
    assert_eq!(shown(&app), ["alex", "adele", "carol", "dave", "bob"]);
    assert_eq!(app.users().counts, users::Counts { high: 1, medium: 2, low: 1, other: 0, theft: 1, not_safe: 0 });
}

#[test]
fn a_filter_applies_as_typed_and_a_broken_one_is_not_taken() {
    let mut app = console(five());
    keys(&mut app, "/ 'level:high'");
    assert_eq!(shown(&app), ["alex"]);
    keys(&mut app, "backspace backspace backspace");
    assert_eq!(shown(&app).len(), 5);
    assert!(matches!(app.line(), Some(Line::Filter { error: Some(_), .. })));
    keys(&mut app, "enter");
    assert!(app.line().is_some(), "a filter that does not parse is not kept");
    keys(&mut app, "esc");
    assert_eq!((shown(&app).len(), app.users().filter.as_str()), (5, ""));
    keys(&mut app, "/ 'level:low' enter");
    assert_eq!((shown(&app), app.line().is_none()), (vec!["dave".to_owned()], true));
}

#[test]
fn a_term_that_is_still_being_typed_narrows_nothing() {
    let mut app = console(five());
    keys(&mut app, "/ 'level:high level:m'");
    assert_eq!((app.users().filter.as_str(), shown(&app)), ("level:high", vec!["alex".to_owned()]));
}

#[test]
fn a_filter_that_hides_the_user_under_the_cursor_begins_at_its_first_row() {
    let mut app = console(five());
    keys(&mut app, "j");
    assert_eq!((cursor(&app), app.users().scroll.at), ("adele", 1));
    keys(&mut app, "/ 'type:newCountry' enter");
    assert_eq!((cursor(&app), app.users().scroll.at), ("bob", 0), "carol is on the row of adele by chance");
    keys(&mut app, "j");
    assert_eq!(cursor(&app), "carol");
    keys(&mut app, "/ ctrl-u '-level:high' enter");
    assert_eq!(cursor(&app), "carol", "whoever is still shown keeps the cursor");
}

#[test]
fn leaving_a_filter_restores_filter_and_cursor() {
    let mut app = console(five());
    keys(&mut app, "/ '-level:low' enter j");
    assert_eq!(cursor(&app), "adele");
    keys(&mut app, "/ ctrl-u 'level:low'");
    assert_eq!(cursor(&app), "dave");
    keys(&mut app, "esc");
    assert_eq!((cursor(&app), app.users().filter.as_str()), ("adele", "-level:low"));
}

#[test]
fn marks_and_cursor_stay_with_their_users_through_sort_and_refresh() {
    let mut app = console(five());
    keys(&mut app, "j space");
    assert_eq!(cursor(&app), "bob");
    keys(&mut app, "o j enter");
    assert_eq!(shown(&app), ["adele", "alex", "bob", "carol", "dave"]);
    assert_eq!(cursor(&app), "bob");
    keys(&mut app, "o enter");
    assert_eq!(shown(&app), ["dave", "carol", "bob", "alex", "adele"]);
    let mut users = five();
    users.reverse();
    users.insert(0, risky_user("aaron", "newCountry"));
    crate::app::tests::tell(&mut app, Msg::Opened(Box::new(opened(users))));
    assert_eq!(cursor(&app), "bob");
    assert_eq!(app.users().marks.iter().map(UserId::as_str).collect::<Vec<_>>(), ["adele"]);
    let mut bob = risky_user("bob", "newCountry");
    bob.user.risk_level = Some(RiskLevel::High);
    keys(&mut app, "o k enter");
    app.update(Msg::Records(vec![bob]), now());
    assert_eq!(cursor(&app), "bob");
}

#[test]
fn hidden_marks_are_counted_and_still_meant() {
    let mut app = console(five());
    keys(&mut app, "space space / 'level:medium' enter");
    assert_eq!(app.marks_words(), "2 marked, 1 hidden");
    keys(&mut app, "d");
    let ids: Vec<&str> = preview(&app).plan.targets.iter().map(|target| target.id.as_str()).collect();
    assert_eq!(ids, ["alex", "adele"]);
}

#[test]
fn a_verified_target_loses_its_mark_and_the_hidden_ones_stay_counted() {
    let mut app = console(five());
    keys(&mut app, "a d 'x' enter '3' enter");
    pass_the_hold(&mut app);
    keys(&mut app, "x / 'level:medium' enter");
    assert_eq!(app.marks_words(), "5 marked, 2 hidden");
    for (id, left) in
        [("bob", "4 marked, 2 hidden"), ("bob", "4 marked, 2 hidden"), ("alex", "3 marked, 1 hidden"), ("nobody", "3 marked, 1 hidden")]
    {
        let event = verified(id);
        app.update(Msg::Job(event), now());
        assert_eq!(app.marks_words(), left, "{id}");
    }
}

#[test]
fn what_was_repaired_while_opening_is_told_once() {
    let mut app = console(five());
    let again = Opened { notices: vec!["the cache was made anew".to_owned()], ..opened(five()) };
    crate::app::tests::tell(&mut app, Msg::Opened(Box::new(again)));
    assert_eq!(app.toasts().errors(), 0);
}

#[test]
fn while_opening_only_leaving_and_suspending_do_anything() {
    let mut app = App::new(options(), now());
    assert!(keys(&mut app, "d enter esc x R y / 'a' : ?").is_empty());
    assert_eq!(keys(&mut app, "q ctrl-c ctrl-z"), [Effect::Quit, Effect::Quit, Effect::Suspend]);
    crate::app::tests::tell(&mut app, Msg::Opened(Box::new(opened(five()))));
    assert!(app.overlay().is_none() && app.line().is_none() && app.users().marks.is_empty());
}

#[test]
fn marking_all_follows_the_exact_filter_and_never_a_fuzzy_find() {
    let mut app = console(five());
    keys(&mut app, "f 'al' enter a i");
    assert!(app.users().is_narrowed() && app.users().marks.is_empty());
    assert!(said(&app).contains("only an exact filter"), "{}", said(&app));
    keys(&mut app, "esc / 'level:medium' enter a");
    assert_eq!(app.users().marks.len(), 3);
    keys(&mut app, "i");
    assert_eq!(app.users().marks.len(), 0);
    keys(&mut app, "a A");
    assert_eq!(app.users().marks.len(), 0);
}

#[test]
fn a_fuzzy_find_jumps_and_escape_brings_the_cursor_back() {
    let mut app = console(five());
    keys(&mut app, "f 'crl'");
    assert_eq!((shown(&app), cursor(&app)), (vec!["carol".to_owned()], "carol"));
    keys(&mut app, "esc");
    assert_eq!((shown(&app).len(), cursor(&app)), (5, "alex"));
    keys(&mut app, "f 'crl' enter esc");
    assert_eq!((shown(&app).len(), cursor(&app)), (5, "carol"));
}

#[test]
fn a_range_is_marked_between_two_users() {
    let mut app = console(five());
    keys(&mut app, "j v j j");
    assert_eq!(app.range(), Some((1, 3)));
    keys(&mut app, "v");
    assert_eq!((app.users().marks.len(), app.in_range()), (3, false));
    keys(&mut app, "g v j esc");
    assert_eq!((app.users().marks.len(), app.in_range()), (3, false));
}

#[test]
fn one_user_without_caution_takes_two_enters_and_a_hold() {
    let mut app = console(five());
    assert_eq!(keys(&mut app, "d enter"), vec![]);
    assert_eq!(preview(&app).place, preview::Place::Confirmation);
    let effects = keys(&mut app, "enter");
    let [Effect::Run { confirmed, hold_seconds: 5 }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(confirmed.plan().included().map(|target| target.id.as_str()).collect::<Vec<_>>(), ["alex"]);
    assert_eq!(app.job().unwrap().held_for(now()), Some(5));
    assert_eq!(app.wake_at(), Some(Timestamp(now().0 + TimeDelta::seconds(1))));
}

#[test]
fn many_need_a_reason_and_the_right_count() {
    let mut app = console(five());
    keys(&mut app, "/ 'type:newCountry -deleted:true' enter a d enter");
    assert!(preview(&app).message.as_deref().unwrap().contains("reason"));
    assert_eq!(preview(&app).place, preview::Place::Reason);
    assert_eq!(keys(&mut app, "'pen test' enter '3' enter"), vec![]);
    assert!(preview(&app).message.as_deref().unwrap().contains("exactly: 2"));
    let effects = keys(&mut app, "backspace '2' enter");
    let [Effect::Run { confirmed, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(confirmed.plan().reason, "pen test");
}

#[test]
fn token_theft_is_left_out_until_it_is_taken_in_and_needs_the_phrase() {
    let mut app = console(five());
    keys(&mut app, "a d");
    let plan = &preview(&app).plan;
    assert_eq!((plan.included_count(), plan.confirmation_text().as_str()), (3, "3"));
    assert!(preview(&app).summary.iter().any(|line| line.contains("token theft: User adele")), "{:?}", preview(&app).summary);
    assert!(preview(&app).summary.iter().any(|line| line.contains("deleted") && line.contains("User dave")));
    keys(&mut app, "shift-tab space");
    assert_eq!(preview(&app).plan.included_count(), 4);
    let effects = keys(&mut app, "tab 'known device' enter 'dismiss 4 users' enter");
    assert!(matches!(effects.as_slice(), [Effect::Run { .. }]), "{:?}", preview(&app).message);
}

#[test]
fn a_caution_is_taken_in_and_out_again_and_nothing_else_is() {
    let mut app = console(five());
    keys(&mut app, "a d shift-tab space space");
    assert_eq!(preview(&app).plan.included_count(), 3);
    keys(&mut app, "j space j space");
    assert_eq!(preview(&app).plan.included_count(), 3);
    assert!(preview(&app).message.as_deref().unwrap().contains("only a target with a caution"));
}

#[test]
fn escape_goes_one_step_back_and_then_closes() {
    let mut app = console(five());
    keys(&mut app, "d enter esc");
    assert_eq!(preview(&app).place, preview::Place::Reason);
    assert_eq!(keys(&mut app, "esc"), vec![]);
    assert!(app.overlay().is_none() && app.job().is_none());
}

#[test]
fn a_plan_without_targets_says_why_and_cannot_be_confirmed() {
    let mut app = console(five());
    crate::app::tests::tell(&mut app, Msg::Opened(Box::new(Opened { access: Access::ReadOnly, ..opened(five()) })));
    // The key itself says why not; an explanation leads to the plan all the same.
    keys(&mut app, "d");
    assert!(said(&app).contains("read-only"), "{}", said(&app));
    keys(&mut app, "e d");
    assert!(preview(&app).summary.iter().any(|line| line.contains("read-only")), "{:?}", preview(&app).summary);
    assert_eq!(keys(&mut app, "enter tab enter"), vec![]);
    assert!(preview(&app).message.as_deref().unwrap().contains("Nothing to send"));
}

#[test]
fn a_paste_never_starts_anything() {
    let mut app = console(five());
    keys(&mut app, "d");
    assert_eq!(app.update(Msg::Paste("ticket 7\n\n\n".to_owned()), now()), vec![]);
    assert_eq!((preview(&app).reason.text().as_str(), preview(&app).place), ("ticket 7", preview::Place::Reason));
}

#[test]
fn records_that_change_under_an_open_preview_change_the_plan_and_say_so() {
    let mut app = console(five());
    keys(&mut app, "/ 'type:newCountry -deleted:true' enter a d 'pt' enter '2'");
    let mut bob = risky_user("bob", "newCountry");
    bob.user.risk_state = Some(RiskState::Dismissed);
    app.update(Msg::Records(vec![bob]), now());
    assert_eq!(preview(&app).plan.included_count(), 1);
    assert!(preview(&app).changed.is_some() && preview(&app).answer.is_empty());
    assert_eq!(keys(&mut app, "'2' enter"), vec![], "what confirmed the plan before confirms no other one");
}

#[test]
fn the_last_reason_is_recalled() {
    let mut app = console(five());
    keys(&mut app, "d 'first' enter enter");
    app.update(Msg::JobEnded { job: JobId(1), state: JobState::Done, tally: Tally { total: 1, verified: 1, ..Tally::default() } }, now());
    keys(&mut app, "esc d up");
    assert_eq!(preview(&app).reason.text(), "first");
}

fn event(what: What, id: &str) -> Msg {
    Msg::Job(JobEvent { what, id: id.to_owned(), user_principal_name: None, step: None, job: JobId(7), at: now() })
}

/// A console with a running job on adele's two marked neighbours.
fn running() -> App {
    let mut app = console(five());
    keys(&mut app, "/ 'type:newCountry -deleted:true' enter a d 'pt' enter '2' enter");
    app.update(Msg::JobStarted(JobId(7)), now());
    app
}

#[test]
fn the_hold_counts_down_and_can_be_cancelled() {
    let mut app = running();
    let later = Timestamp(now().0 + TimeDelta::milliseconds(3_500));
    app.update(event(What::Held { until: Timestamp(now().0 + TimeDelta::seconds(5)) }, "7"), later);
    assert_eq!(app.job().unwrap().held_for(later), Some(2));
    assert_eq!(app.wake_at(), Some(Timestamp(now().0 + TimeDelta::seconds(4))));
    assert_eq!(keys(&mut app, "esc esc"), vec![Effect::CancelRunning]);
    let tally = Tally { total: 2, pending: 2, ..Tally::default() };
    app.update(Msg::JobEnded { job: JobId(7), state: JobState::Cancelled, tally }, later);
    assert_eq!(app.job().unwrap().phase, JobPhase::Ended(JobState::Cancelled));
    keys(&mut app, "esc");
    assert!(app.overlay().is_none() && app.users().marks.len() == 2);
}

#[test]
fn verified_targets_lose_their_marks_and_problems_stand_first() {
    let mut app = running();
    app.update(event(What::Verified, "bob"), now());
    app.update(event(What::Failed { because: "gone".to_owned() }, "carol"), now());
    assert_eq!(app.users().marks.iter().map(UserId::as_str).collect::<Vec<_>>(), ["carol"]);
    assert_eq!(app.job().unwrap().row(0).unwrap().id, "carol");
    assert_eq!(app.job().unwrap().row(1).unwrap().id, "bob");
}

#[test]
fn a_job_goes_on_in_the_background_and_only_one_runs() {
    let mut app = running();
    assert_eq!(keys(&mut app, "x"), vec![]);
    assert!(matches!(app.overlay(), Some(Overlay::Job)), "a hold window stays in front");
    pass_the_hold(&mut app);
    assert_eq!(keys(&mut app, "x"), vec![]);
    assert!(app.overlay().is_none() && app.job_runs());
    assert_eq!(keys(&mut app, "/ ctrl-u enter A g d enter enter"), vec![]);
    assert!(preview(&app).message.as_deref().unwrap().contains("only one runs"));
    keys(&mut app, "esc esc x");
    assert!(matches!(app.overlay(), Some(Overlay::Job)));
    keys(&mut app, "x");
    let tally = Tally { total: 2, verified: 1, failed: 1, ..Tally::default() };
    app.update(Msg::JobEnded { job: JobId(7), state: JobState::Done, tally }, now());
    assert!(app.toasts().current().unwrap().is_error(), "{}", said(&app));
}

#[test]
fn quitting_asks_while_a_job_runs() {
    let mut app = running();
    pass_the_hold(&mut app);
    assert_eq!(keys(&mut app, "x q"), vec![]);
    assert!(matches!(app.overlay(), Some(Overlay::Quit)));
    assert_eq!(keys(&mut app, "esc q y"), vec![Effect::Quit]);
    assert_eq!(keys(&mut console(five()), "q"), vec![Effect::Quit]);
    assert_eq!(keys(&mut console(five()), "ctrl-c"), vec![Effect::Quit]);
}

#[test]
fn escape_and_a_key_in_quick_succession_are_not_one_key() {
    let mut app = running();
    let tally = Tally { total: 2, verified: 2, ..Tally::default() };
    app.update(Msg::JobEnded { job: JobId(7), state: JobState::Done, tally }, now());
    assert_eq!(keys(&mut app, "alt-q"), vec![Effect::Quit]);
    let mut app = console(five());
    assert_eq!(keys(&mut app, "n 'not to be kept' alt-enter"), [], "escape came first");
    assert!(app.overlay().is_none());
    keys(&mut app, "n 'not to be kept' alt-n 'kept'");
    assert_eq!(keys(&mut app, "enter"), vec![Effect::AddNote { user: app.user().unwrap().id().clone(), text: "kept".to_owned() }]);
    let mut app = console(five());
    assert_eq!(keys(&mut app, "d enter alt-enter"), [], "a plan is not confirmed by it");
    assert!(matches!(app.overlay(), Some(Overlay::Preview(_))));
}

#[test]
fn a_stopped_job_can_be_resumed() {
    let mut app = running();
    app.update(Msg::JobFailed { job: Some(JobId(7)), message: "disk full".to_owned() }, now());
    assert!(matches!(&app.job().unwrap().phase, JobPhase::Failed(_)) && !app.job_runs());
}

fn with_open_job() -> Opened {
    let mut opened = opened(five());
    let context = PlanContext { reason: "pt".to_owned(), ..console(five()).plan_context() };
    let plan = Plan::compute(Action::DismissUserRisk, &[Target::User("alex".into())], &opened.dataset, &context);
    let plan = plan.confirm(Answer::Typed("")).unwrap().plan().clone();
    let entry = Entry::JobConfirmed { job: JobId(3), plan: Box::new(plan), hold_seconds: 0 };
    opened.ledger.apply(&JournalRecord { seq: 1, at: now(), operator: "tester".to_owned(), entry, prev: String::new() });
    opened
}

#[test]
fn an_interrupted_job_is_offered_for_resume_or_cancelled() {
    for (key, effect) in [("enter", Effect::Resume(JobId(3))), ("D y", Effect::CancelJob(JobId(3)))] {
        let mut app = console(Vec::new());
        app.phase = Phase::Opening(String::new());
        crate::app::tests::tell(&mut app, Msg::Opened(Box::new(with_open_job())));
        assert!(matches!(app.overlay(), Some(Overlay::Jobs { offer: true, .. })));
        assert_eq!(keys(&mut app, key), vec![effect]);
        assert_eq!(app.job().unwrap().id, Some(JobId(3)));
    }
}

#[test]
fn help_filters_and_runs_and_says_why_not() {
    let mut app = console(five());
    keys(&mut app, "? 'sort'");
    let Some(Overlay::Help(help)) = app.overlay() else { panic!() };
    assert_eq!(help.entry(0).unwrap().id, Some(CommandId::Sort));
    keys(&mut app, "enter");
    assert!(matches!(app.overlay(), Some(Overlay::Menu(_))));
    keys(&mut app, "esc ? 'clear' enter");
    let Some(Overlay::Help(help)) = app.overlay() else { panic!() };
    assert_eq!(help.message.as_deref(), Some("Nothing is marked."));
    keys(&mut app, "esc : 'jrnl'");
    assert_eq!(keys(&mut app, "enter"), vec![Effect::ReadJournal]);
}

#[test]
fn panes_are_linked_and_actions_fit_the_pane() {
    let mut app = console(five());
    keys(&mut app, "j enter");
    assert_eq!((app.focus(), app.user().unwrap().id().as_str()), (Pane::SignIns, "adele"));
    keys(&mut app, "d");
    assert_eq!(preview(&app).plan.action, Action::DismissSignInRisk);
    assert_eq!(preview(&app).plan.targets[0].id, "adele-s1");
    keys(&mut app, "esc enter s");
    assert_eq!(app.focus(), Pane::Details);
    assert_eq!(preview(&app).plan.action, Action::ConfirmUserSafe);
    keys(&mut app, "esc esc esc");
    assert_eq!(app.focus(), Pane::Users);
}

#[test]
fn details_follow_the_sign_in_and_the_sign_in_follows_the_detection() {
    let mut adele = risky_user("adele", "anomalousToken");
    let mut other = risky_user("adele", "newCountry");
    other.detections[0].id = "adele-d2".into();
    other.detections[0].request_id = Some("adele-s2".into());
    other.sign_ins[0].id = "adele-s2".into();
    adele.detections.append(&mut other.detections);
    adele.sign_ins.append(&mut other.sign_ins);
    let mut app = console(vec![adele]);
    keys(&mut app, "2 j");
    let records = app.user().unwrap();
    assert_eq!(app.details().detection(records).unwrap().1.id.as_str(), "adele-d2");
    keys(&mut app, "3 k");
    let records = app.user().unwrap();
    assert_eq!(app.sign_ins().cursor(records).unwrap().id.as_str(), "adele-s1");
}

#[test]
fn all_sign_ins_are_a_key_away() {
    let mut adele = risky_user("adele", "anomalousToken");
    adele.sign_ins[0].risk_state = Some(RiskState::None);
    let mut app = console(vec![adele]);
    assert_eq!(app.sign_ins().shown(app.user().unwrap()).count(), 0);
    keys(&mut app, "w");
    assert_eq!(app.sign_ins().shown(app.user().unwrap()).count(), 1);
}

#[test]
fn a_note_and_a_copy_go_out() {
    let mut app = console(five());
    assert_eq!(keys(&mut app, "n 'called' enter"), vec![Effect::AddNote { user: "alex".into(), text: "called".to_owned() }]);
    assert_eq!(keys(&mut app, "space space y enter"), vec![Effect::Copy("alex@contoso.test\nadele@contoso.test".to_owned())]);
    assert_eq!(said(&app), "Sent principal names of 2 users to the terminal clipboard (OSC 52).");
}

#[test]
fn hostile_text_is_made_visible_before_it_is_copied() {
    let mut user = risky_user("adele", "anomalousToken");
    user.user.user_principal_name = Some("a\u{1b}]52;c;x\u{7}\u{202e}b".into());
    let effects = keys(&mut console(vec![user]), "y enter");
    let [Effect::Copy(text)] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");
}

#[test]
fn messages_go_by_themselves_and_errors_stay_until_dismissed() {
    let mut app = console(five());
    app.update(Msg::Said("synced".to_owned()), now());
    let gone = app.wake_at().unwrap();
    app.update(Msg::Wake, gone);
    assert_eq!(said(&app), "");
    app.update(Msg::Failed("the store failed".to_owned()), gone);
    app.update(Msg::Wake, Timestamp(gone.0 + TimeDelta::hours(1)));
    assert_eq!(said(&app), "the store failed");
    keys(&mut app, "esc");
    assert_eq!(said(&app), "");
}

#[test]
fn before_the_workspace_is_open_there_is_only_a_way_out() {
    let mut app = App::new(options(), now());
    assert_eq!(app.wake_at(), None);
    assert_eq!(keys(&mut app, "d enter a q"), vec![Effect::Quit]);
    assert_eq!(keys(&mut app, "ctrl-c"), vec![Effect::Quit]);
}

#[test]
fn nothing_is_done_on_a_screen_too_small_to_be_seen() {
    let mut app = sized((40, 10), five());
    assert_eq!(keys(&mut app, "d enter enter"), vec![]);
    assert!(app.overlay().is_none());
    assert_eq!(keys(&mut app, "q"), vec![Effect::Quit]);
}

#[test]
fn an_unbound_key_does_nothing() {
    let mut app = console(five());
    for key in ["f4", "f5", "f6", "ctrl-d"] {
        assert_eq!(keys(&mut app, key), vec![], "{key}");
        assert!(app.overlay().is_none() && app.line().is_none(), "{key}");
    }
}

#[test]
fn a_vanished_user_leaves_the_cursor_on_the_nearest() {
    let mut app = console(five());
    keys(&mut app, "/ '-state:dismissed' enter j j");
    assert_eq!(cursor(&app), "bob");
    let mut bob = risky_user("bob", "newCountry");
    bob.user.risk_state = Some(RiskState::Dismissed);
    app.update(Msg::Records(vec![bob]), now());
    assert_eq!(cursor(&app), "carol");
}

mod any_keys {
    use super::*;
    use proptest::prelude::*;

    /// All that a person can press.
    fn key() -> impl Strategy<Value = Key> {
        let bound: Vec<Key> = command::COMMANDS
            .iter()
            .flat_map(|command| KeyMap::defaults().keys(command.id).flat_map(|keys| keys.keys().to_vec()).collect::<Vec<_>>())
            .collect();
        prop_oneof![
            4 => prop::sample::select(bound),
            1 => any::<char>().prop_map(|letter| Key::plain(KeyCode::Char(letter))),
            1 => Just(Key::plain(KeyCode::Enter)),
            1 => Just(Key::plain(KeyCode::Backspace)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_keys_break_it_and_none_sends_what_was_not_confirmed(pressed in prop::collection::vec(key(), 0..60), read_only: bool) {
            let mut app = console(five());
            if read_only {
                crate::app::tests::tell(&mut app, Msg::Opened(Box::new(Opened { access: Access::ReadOnly, ..opened(five()) })));
            }
            for key in pressed {
                let before = match app.overlay() {
                    Some(Overlay::Preview(preview)) => Some(preview.plan.included_count()),
                    _ => None,
                };
                for effect in app.update(Msg::Key(key), now()) {
                    if let Effect::Run { confirmed, .. } | Effect::BeginPlaybook(confirmed) = effect {
                        prop_assert!(!read_only);
                        prop_assert_eq!(Some(confirmed.plan().included_count()), before);
                    }
                }
            }
        }
    }
}
