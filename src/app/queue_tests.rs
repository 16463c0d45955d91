//! The queue by its keys.

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
    assert_eq!((cursor(&app), bar(&app).as_str()), ("adele", " queue 2 of 5 · 1 decided"));
    end_job(&mut app, 1);
    assert!(app.overlay().is_none(), "nothing has to be closed first");
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
    assert_eq!(bar(&app), " queue 2 of 5");
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
    app.update(Msg::Opened(Box::new(opened(five()))), now());
    assert_eq!(cursor(&app), "bob");
}

#[test]
fn a_verdict_decides_the_user_and_the_next_one_comes() {
    let mut app = console(five());
    keys(&mut app, "Q V enter");
    assert_eq!((cursor(&app), bar(&app).as_str()), ("adele", " queue 2 of 5 · 1 decided"));
    assert!(why_off(CommandId::View4, &app).unwrap().contains("queue"));
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
