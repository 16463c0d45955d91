//! The queue by its keys.

use super::case_tests::press;
use super::command::CommandId;
use super::overlay::{Menu, Overlay};
use super::tests::{console, five, keys, opened};
use super::why_off::why_off;
use super::*;
use crate::domain::fixture::{now, risky_user};
use crate::domain::journal::JobState;
use crate::domain::ledger::Tally;
use crate::domain::risk::{RiskLevel, RiskState};

fn cursor(app: &App) -> &str {
    app.users().cursor().unwrap().as_str()
}

fn bar(app: &App) -> String {
    let words = app.queue_words().unwrap_or_default();
    words.split(" · l next").next().unwrap_or_default().to_owned()
}

fn menu(app: &App) -> &Menu {
    match app.overlay() {
        Some(Overlay::Menu(menu)) => menu,
        other => panic!("no menu but {other:?}"),
    }
}

/// Ends the job that runs, with this many of its one target verified.
fn end_job(app: &mut App, verified: usize) {
    let tally = Tally { total: 1, verified, failed: 1 - verified, ..Tally::default() };
    let state = if verified == 1 { JobState::Done } else { JobState::Cancelled };
    app.update(Msg::JobStarted(JobId(1)), now());
    app.update(Msg::JobEnded { job: JobId(1), state, tally }, now());
}

#[test]
fn the_next_undecided_user_comes_after_a_confirmed_plan() {
    let mut app = console(five());
    keys(&mut app, "Q");
    assert_eq!((cursor(&app), bar(&app).as_str()), ("alex", " queue 1 of 5"));
    let effects = keys(&mut app, "c enter enter");
    assert!(matches!(effects.as_slice(), [Effect::Run { .. }]), "{effects:?}");
    assert_eq!((cursor(&app), bar(&app).as_str()), ("alex", " queue 1 of 5"), "the journal does not have it yet");
    app.update(Msg::JobStarted(JobId(1)), now());
    assert_eq!((cursor(&app), bar(&app).as_str()), ("alex", " queue 1 of 5 (Confirm user compromised) · 1 decided"));
    end_job(&mut app, 1);
    assert!(app.overlay().is_none(), "nothing has to be closed first");
    assert_eq!((cursor(&app), bar(&app).as_str()), ("adele", " queue 2 of 5 · 1 decided"));
    keys(&mut app, "h");
    assert!(bar(&app).starts_with(" queue 1 of 5 (Confirm user compromised)"), "{}", bar(&app));
}

#[test]
fn a_job_that_did_not_verify_leaves_the_user_undecided() {
    let mut app = console(five());
    keys(&mut app, "Q c enter enter");
    end_job(&mut app, 0);
    assert!(app.overlay().is_some(), "how it ended is read");
    keys(&mut app, "esc");
    assert_eq!((cursor(&app), bar(&app).as_str()), ("alex", " queue 1 of 5"), "who is undecided stays in front");
}

#[test]
fn a_cancelled_hold_and_a_job_that_never_began_leave_the_user_in_front() {
    let mut app = console(five());
    keys(&mut app, "Q c enter enter");
    app.update(Msg::JobStarted(JobId(1)), now());
    assert_eq!(keys(&mut app, "esc"), [Effect::CancelRunning]);
    let tally = Tally { total: 1, skipped: 1, ..Tally::default() };
    app.update(Msg::JobEnded { job: JobId(1), state: JobState::Cancelled, tally }, now());
    keys(&mut app, "esc");
    assert_eq!((cursor(&app), bar(&app).as_str()), ("alex", " queue 1 of 5"));
    keys(&mut app, "c enter enter");
    app.update(Msg::JobFailed { job: None, message: "the disk is full".to_owned() }, now());
    keys(&mut app, "esc");
    assert_eq!((cursor(&app), bar(&app).as_str()), ("alex", " queue 1 of 5"));
}

#[test]
fn a_job_that_goes_on_in_the_background_lets_the_next_user_come() {
    let mut app = console(five());
    keys(&mut app, "Q c enter enter");
    app.update(Msg::JobStarted(JobId(1)), now());
    app.update(Msg::Wake, Timestamp(now().0 + chrono::TimeDelta::seconds(6)));
    keys(&mut app, "x");
    assert_eq!(cursor(&app), "adele");
}

#[test]
fn the_end_of_the_queue_is_told_after_the_last_job_and_kept_among_the_messages() {
    let mut app = console(vec![risky_user("alex", "passwordSpray")]);
    keys(&mut app, "Q c enter enter");
    end_job(&mut app, 1);
    assert_eq!(menu(&app).items[0].note, "1 user: 1 Confirm user compromised.");
    app.update(Msg::Said("something else".to_owned()), now());
    keys(&mut app, "enter");
    assert!(!app.queue_runs());
    assert!(app.toasts().current().unwrap().text.contains("The queue is through: 1 user: 1 Confirm user compromised."));
    let kept = (0..).map_while(|at| app.toasts().history().row(at)).any(|message| message.text.starts_with("1 user: 1 Confirm"));
    assert!(kept);
}

#[test]
fn sign_ins_marked_for_one_user_are_never_acted_on_with_the_next() {
    let mut app = console(five());
    keys(&mut app, "2 space 1 Q");
    assert_eq!(app.sign_ins().marks.len(), 0, "marks rest");
    keys(&mut app, "2 space");
    assert_eq!(app.sign_ins().marks.len(), 1);
    keys(&mut app, "1 l");
    assert!(app.toasts().current().unwrap().text.starts_with("1 mark of a sign-in that is out of sight"));
    keys(&mut app, "2 d");
    let Some(Overlay::Preview(preview)) = app.overlay() else { panic!("no preview") };
    let targets: Vec<&str> = preview.plan.targets.iter().map(|target| target.id.as_str()).collect();
    assert_eq!(targets, [app.user().unwrap().sign_ins[0].id.as_str()], "that of adele, and nothing out of sight");
    keys(&mut app, "esc 1 esc");
    assert!(!app.queue_runs());
    assert_eq!(app.sign_ins().marks.len(), 1, "what was marked before the queue is marked again");
}

#[test]
fn a_find_is_no_queue_and_is_there_again_after_one() {
    let mut app = console(five());
    keys(&mut app, "f 'bob' enter Q");
    assert!(!app.queue_runs() && app.toasts().current().unwrap().text.contains("fuzzy find"));
    keys(&mut app, "space Q");
    assert_eq!(bar(&app), " queue 1 of 1");
    keys(&mut app, "esc");
    assert_eq!((app.users().len(), app.users().find.as_str()), (1, "bob"));
}

#[test]
fn the_overview_leads_back_into_the_queue_and_changes_nothing_of_it() {
    let mut app = console(five());
    keys(&mut app, "/ 'level:medium' enter Q l 0");
    keys(&mut app, "j enter");
    let Some(Overlay::Overview(glance)) = app.overlay() else { panic!("it was left") };
    assert!(glance.message.as_ref().is_some_and(|why| why.contains("keeps its list")), "{:?}", glance.message);
    keys(&mut app, "esc");
    assert_eq!((app.users().len(), cursor(&app), app.users().filter.as_str()), (3, "bob", "level:medium"));
    assert_eq!(bar(&app), " queue 2 of 3");
}

#[test]
fn the_foot_says_what_the_queue_is_of() {
    let mut app = console(five());
    keys(&mut app, "/ 'level:medium' enter Q");
    assert_eq!(app.queue_is_of(), Some("/level:medium"));
    keys(&mut app, "esc space Q j enter");
    assert_eq!(app.queue_is_of(), Some("1 marked"));
    keys(&mut app, "esc");
    assert_eq!(app.queue_is_of(), None);
}

#[test]
fn later_comes_again_at_the_end_and_the_end_tells_what_became_of_all() {
    let mut app = console(five());
    keys(&mut app, "Q b");
    assert_eq!((cursor(&app), bar(&app).as_str()), ("adele", " queue 1 of 5 · 1 later"));
    assert!(app.toasts().current().unwrap().text.contains("User alex comes again"));
    keys(&mut app, "l l l right");
    assert_eq!(cursor(&app), "alex");
    keys(&mut app, "l");
    assert_eq!(menu(&app).items[0].note, "5 users: 5 undecided.");
    keys(&mut app, "enter");
    assert_eq!(cursor(&app), "adele");
}

#[test]
fn nothing_from_outside_changes_the_order_and_who_was_closed_is_passed_over() {
    let mut app = console(five());
    keys(&mut app, "Q");
    let mut first = risky_user("zoe", "newCountry");
    first.user.risk_level = Some(RiskLevel::High);
    let mut adele = risky_user("adele", "anomalousToken");
    adele.user.risk_state = Some(RiskState::Dismissed);
    app.update(Msg::Records(vec![first, adele]), now());
    assert_eq!((cursor(&app), bar(&app).as_str()), ("alex", " queue 1 of 5"));
    keys(&mut app, "l");
    assert_eq!((cursor(&app), bar(&app).as_str()), ("bob", " queue 3 of 5 · 1 closed meanwhile"));
    crate::app::tests::tell(&mut app, Msg::Opened(Box::new(opened(five()))));
    assert_eq!(cursor(&app), "bob");
}

#[test]
fn a_verdict_decides_the_user_and_the_next_one_comes() {
    let mut app = console(five());
    let effects = keys(&mut app, "Q V enter");
    assert_eq!((cursor(&app), bar(&app).as_str()), ("alex", " queue 1 of 5 (the verdict is being saved)"));
    let Some(Effect::Record { said, entries }) = effects.first() else { panic!("{effects:?}") };
    app.update(Msg::NotRecorded { entries: Vec::new(), message: "the view was not saved".to_owned() }, now());
    assert!(bar(&app).contains("is being saved"), "another failure is none of this verdict");
    app.update(Msg::NotRecorded { entries: entries.clone(), message: "nothing was saved: the disk is full".to_owned() }, now());
    assert_eq!((cursor(&app), bar(&app).as_str()), ("alex", " queue 1 of 5"), "a verdict that is not saved decides nobody");
    assert_eq!(said, "User alex: verdict false positive.", "no key is named: it would be about the next user");
    press(&mut app, "V enter");
    assert_eq!((cursor(&app), bar(&app).as_str()), ("adele", " queue 2 of 5 · 1 decided"));
    press(&mut app, "V space");
    assert_eq!(cursor(&app), "adele", "the menu is still about adele");
    press(&mut app, "G k k enter");
    assert_eq!((cursor(&app), bar(&app).as_str()), ("bob", " queue 3 of 5 · 2 decided"));
    assert!(why_off(CommandId::View4, &app).unwrap().contains("queue"));
}

#[test]
fn what_is_typed_ahead_is_never_about_another_user() {
    let mut app = console(five());
    let effects = keys(&mut app, "Q V f V j enter");
    assert_eq!(effects.len(), 1, "{effects:?}");
    for key in ["V", "d", "c", "s", "r"] {
        keys(&mut app, "1");
        app.users.go_to(Some("alex".into()), &app.dataset);
        assert_eq!(keys(&mut app, key), []);
        assert!(app.overlay().is_none());
        assert_eq!(app.toasts().current().unwrap().text, "The verdict on User alex is being saved: one moment.", "{key}");
    }
}

#[test]
fn a_verdict_that_the_journal_has_after_the_queue_was_left_decides_too() {
    let mut app = console(five());
    let effects = keys(&mut app, "a Q V b esc");
    assert!(!app.queue_runs() && app.users().marks.contains(&"alex".into()));
    let Some(Effect::Record { entries, .. }) = effects.into_iter().next() else { panic!("nothing recorded") };
    super::case_tests::record(&mut app, entries);
    assert!(!app.users().marks.contains(&"alex".into()), "who is decided is not marked");
    keys(&mut app, "Q enter");
    assert_eq!(app.queue.as_ref().unwrap().how(&"alex".into()), Some("benign true positive"));
}

#[test]
fn a_playbook_confirmed_beside_a_job_leaves_the_jobs_user_to_the_job() {
    let mut app = console(five());
    keys(&mut app, "Q c enter enter");
    app.update(Msg::JobStarted(JobId(1)), now());
    app.update(Msg::Wake, Timestamp(now().0 + chrono::TimeDelta::seconds(6)));
    keys(&mut app, "x");
    assert_eq!(cursor(&app), "adele");
    let place = {
        keys(&mut app, "r");
        menu(&app).items.iter().position(|item| item.label.contains("Secure account")).unwrap()
    };
    keys(&mut app, &"j ".repeat(place));
    let effects = keys(&mut app, "enter 'seen' enter enter");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Look(_) | Effect::BeginPlaybook(_))), "{effects:?} {:?}", app.overlay());
    let tally = Tally { total: 1, failed: 1, ..Tally::default() };
    app.update(Msg::JobEnded { job: JobId(1), state: JobState::Done, tally }, now());
    assert_eq!(app.queue.as_ref().unwrap().how(&"alex".into()), None, "nothing happened to alex");
}

#[test]
fn the_way_to_secure_an_account_is_named_that_leads_to_nobody_else() {
    let mut app = console(five());
    keys(&mut app, "Q c enter enter");
    app.update(Msg::JobStarted(JobId(1)), now());
    app.update(Msg::Job(super::tests::verified("alex")), now());
    end_job(&mut app, 1);
    assert_eq!(cursor(&app), "adele");
    let told = "Job 1 ended: 1 verified. User alex is not secured yet: x, enter on job 1, then r.";
    assert_eq!(app.toasts().current().unwrap().text, told);
}

#[test]
fn who_is_at_risk_again_is_open_again_and_later_passes_over_the_closed_too() {
    let mut app = console(five());
    keys(&mut app, "Q");
    let adele = |state| {
        let mut adele = risky_user("adele", "anomalousToken");
        adele.user.risk_state = Some(state);
        Msg::Records(vec![adele])
    };
    app.update(adele(RiskState::Dismissed), now());
    keys(&mut app, "b");
    assert_eq!(cursor(&app), "bob");
    assert_eq!(app.toasts().current().unwrap().text, "1 user was closed meanwhile and is passed over in the queue.");
    app.update(adele(RiskState::AtRisk), now());
    keys(&mut app, "h");
    assert_eq!((cursor(&app), bar(&app).as_str()), ("adele", " queue 1 of 5 · 1 later"));
}

#[test]
fn who_is_gone_from_the_records_does_not_stop_a_queue() {
    let mut users = five();
    users.iter_mut().for_each(|records| records.user.risk_state = Some(RiskState::Dismissed));
    let mut app = console(users.clone());
    keys(&mut app, "Q");
    let second = app.queue.as_ref().unwrap().order[1].clone();
    users.retain(|records| *records.id() != second);
    crate::app::tests::tell(&mut app, Msg::Opened(Box::new(opened(users))));
    keys(&mut app, "l");
    assert_eq!(cursor(&app), app.queue.as_ref().unwrap().order[2].as_str());
}

#[test]
fn the_queue_is_left_with_its_place_and_gone_on_with() {
    let mut app = console(five());
    keys(&mut app, "/ 'level:medium' enter Q l esc");
    assert!(!app.queue_runs());
    assert_eq!((app.users().len(), cursor(&app)), (3, "bob"));
    keys(&mut app, "k Q");
    assert_eq!(menu(&app).items[0].detail, "at 2 of 3");
    keys(&mut app, "enter");
    assert_eq!((cursor(&app), bar(&app).as_str()), ("bob", " queue 2 of 3"));
    keys(&mut app, "esc Q j enter");
    assert_eq!(bar(&app), " queue 1 of 3");
}

#[test]
fn marks_make_the_queue_rest_in_it_and_come_back() {
    let mut app = console(five());
    keys(&mut app, "space j space Q");
    assert_eq!((bar(&app).as_str(), app.users().marks.len()), (" queue 1 of 2", 0));
    keys(&mut app, "a");
    assert!(app.users().marks.is_empty());
    keys(&mut app, "/");
    assert!(app.line().is_none() && app.toasts().current().unwrap().text.contains("keeps its list"));
    keys(&mut app, "c enter enter");
    end_job(&mut app, 1);
    keys(&mut app, "esc");
    assert_eq!((app.users().marks.len(), app.users().len()), (1, 5), "who was decided is not marked any more");
}

#[test]
fn what_was_done_in_the_background_is_not_marked_again_after_the_queue() {
    let mut app = console(five());
    keys(&mut app, "a Q c enter enter");
    app.update(Msg::JobStarted(JobId(1)), now());
    let verified = super::tests::verified("bob");
    app.update(Msg::Job(verified), now());
    end_job(&mut app, 1);
    keys(&mut app, "esc");
    let marked: Vec<bool> = ["alex", "bob", "carol"].iter().map(|id| app.users().marks.contains(&(*id).into())).collect();
    assert_eq!(marked, [false, false, true]);
}

#[test]
fn users_without_open_risk_are_left_out_where_others_have_it() {
    let mut users = five();
    users[0].user.risk_state = Some(RiskState::Dismissed);
    let mut app = console(users.clone());
    keys(&mut app, "Q");
    assert_eq!(bar(&app), " queue 1 of 4");
    users.iter_mut().for_each(|records| records.user.risk_state = Some(RiskState::Dismissed));
    let mut app = console(users);
    keys(&mut app, "Q");
    assert_eq!(bar(&app), " queue 1 of 5");
    let mut app = console(Vec::new());
    keys(&mut app, "Q l h b");
    assert!(!app.queue_runs());
}
