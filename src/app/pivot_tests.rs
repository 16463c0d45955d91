//! Pivots and campaigns by their keys.

use super::campaigns::Campaigns;
use super::overlay::{Menu, Overlay};
use super::tests::{console, five, keys, opened, tell_at};
use super::*;
use crate::domain::fixture::{now, risky_user};
use crate::domain::records::UserRecords;
use crate::domain::risk::RiskLevel;

fn shown(app: &App) -> Vec<String> {
    (0..app.users().len()).map(|at| app.users().at(at, app.dataset()).unwrap().id().to_string()).collect()
}

fn cursor(app: &App) -> &str {
    app.users().cursor().unwrap().as_str()
}

fn menu(app: &App) -> &Menu {
    match app.overlay() {
        Some(Overlay::Menu(menu)) => menu,
        other => panic!("no menu but {other:?}"),
    }
}

fn campaigns(app: &App) -> &Campaigns {
    match app.overlay() {
        Some(Overlay::Campaigns(open)) => open,
        other => panic!("no campaigns but {other:?}"),
    }
}

/// Five users, of whom alex has an address of his own and bob and carol share a session.
pub fn sharing() -> Vec<UserRecords> {
    let mut users = five();
    for records in &mut users {
        match records.id().as_str() {
            "alex" => {
                records.sign_ins[0].ip_address = Some("198.51.100.9".into());
                records.detections[0].ip_address = Some("198.51.100.9".into());
            }
            "bob" | "carol" => records.sign_ins[0].session_id = Some("stolen".into()),
            _ => {}
        }
    }
    users
}

#[test]
fn a_pivot_calls_an_application_by_its_name_and_filters_by_its_id() {
    let mut users = five();
    for sign_in in users.iter_mut().flat_map(|records| &mut records.sign_ins) {
        sign_in.app_id = Some("00000002-0000-0ff1-ce00-000000000000".into());
        sign_in.app_display_name = Some("Exchange".into());
    }
    let mut app = console(users);
    keys(&mut app, "p");
    let item = menu(&app).items.iter().find(|item| item.label.starts_with("Application")).unwrap();
    assert_eq!((item.label.as_str(), item.note.as_str()), ("Application Exchange", "/app:=00000002-0000-0ff1-ce00-000000000000"));
}

#[test]
fn a_pivot_lists_who_shares_the_value_and_the_way_back_restores_everything() {
    let mut app = console(sharing());
    keys(&mut app, "/ 'state:atRisk' enter j space");
    let before = (shown(&app), cursor(&app).to_owned(), app.users().marks.len(), app.users().scroll);
    assert_eq!(before.1, "bob");
    keys(&mut app, "p");
    let labels: Vec<(&str, &str)> = menu(&app).items.iter().map(|item| (item.label.as_str(), item.detail.as_str())).collect();
    assert_eq!(labels[0], ("Session ID stolen", "2 users, 4 records"));
    assert_eq!(labels[1], ("IP address 203.0.113.7", "4 users, 8 records"));
    keys(&mut app, "enter");
    assert_eq!(shown(&app), ["bob", "carol"]);
    assert_eq!(app.trail().words(&app.users().filter), "state:atRisk › session:=stolen");
    keys(&mut app, "A j space p j enter");
    assert_eq!(shown(&app).len(), 4);
    assert_eq!(app.trail().words(&app.users().filter), "state:atRisk › session:=stolen › ip:203.0.113.7");
    keys(&mut app, "o j enter backspace");
    assert_eq!((shown(&app), app.users().marks.len()), (vec!["bob".to_owned(), "carol".to_owned()], 1));
    keys(&mut app, "/ end ' level:medium' enter");
    assert!(app.trail().words(&app.users().filter).ends_with("edited"));
    keys(&mut app, "backspace");
    assert_eq!((shown(&app), cursor(&app).to_owned(), app.users().marks.len(), app.users().scroll), before);
    assert!(app.trail().is_empty());
    keys(&mut app, "backspace");
    assert!(app.toasts().current().unwrap().text.contains("no pivot"));
}

#[test]
fn the_way_back_holds_ids_and_not_rows() {
    let mut app = console(sharing());
    keys(&mut app, "j j p enter");
    let mut first = risky_user("zoe", "newCountry");
    first.user.risk_level = Some(RiskLevel::High);
    app.update(Msg::Records(vec![first]), now());
    keys(&mut app, "backspace");
    assert_eq!(cursor(&app), "bob");
    let mut app = console(sharing());
    keys(&mut app, "j j enter p enter");
    crate::app::tests::tell(&mut app, Msg::Opened(Box::new(opened(sharing()))));
    keys(&mut app, "backspace");
    assert_eq!((cursor(&app), app.focus()), ("bob", Pane::SignIns));
}

#[test]
fn what_is_in_sight_in_the_details_comes_first() {
    let mut app = console(sharing());
    app.update(Msg::Resize(120, 24), now());
    keys(&mut app, "j j 3 pgdn p");
    let first = &menu(&app).items[0].label;
    assert!(!first.starts_with("Session"), "{first}");
}

#[test]
fn campaigns_are_opened_as_a_filter_and_marked_as_a_set() {
    let mut app = console(sharing());
    keys(&mut app, "C");
    let first = campaigns(&app).row(0).unwrap();
    assert_eq!((first.words(), first.users()), ("IP address 203.0.113.7, 1 more".to_owned(), 4));
    keys(&mut app, "space");
    assert_eq!((app.users().marks.len(), campaigns(&app).message.is_some()), (4, true));
    keys(&mut app, "enter");
    assert_eq!(shown(&app).len(), 4);
    assert!(app.trail().words(&app.users().filter).starts_with("all › IP address 203.0.113.7"));
    keys(&mut app, "backspace C esc");
    assert!(app.overlay().is_none() && shown(&app).len() == 5);
}

#[test]
fn a_burst_of_many_is_told_of_and_opened_by_its_key() {
    let mut users: Vec<UserRecords> = (0..12).map(|at| risky_user(&format!("u{at}"), "leakedCredentials")).collect();
    for records in &mut users {
        // Found offline: it names no address that could be held against others.
        records.sign_ins.clear();
        (records.detections[0].request_id, records.detections[0].ip_address) = (None, None);
    }
    let mut app = console(users.clone());
    let banner =
        || vec![" C opens a possible mass false positive: Leaked credentials, 12 users within 24 hours · Esc hides this".to_owned()];
    assert_eq!(app.banners(), banner());
    keys(&mut app, "Q");
    assert!(app.banners().len() == 2 && app.banners()[1].contains("possible mass false positive"), "also where many are gone through");
    keys(&mut app, "esc");
    assert_eq!(app.banners(), banner());
    let mut hidden = console(users.clone());
    keys(&mut hidden, "esc");
    assert!(hidden.banners().is_empty());
    let mut more = users.clone();
    more.push(UserRecords { user: crate::domain::records::RiskyUser { id: "late".into(), ..more[0].user.clone() }, ..more[0].clone() });
    crate::app::tests::tell(&mut hidden, Msg::Opened(Box::new(opened(more))));
    tell_at(&mut hidden, Msg::Wake, Timestamp(now().0 + chrono::TimeDelta::seconds(11)));
    assert_eq!(hidden.banners().len(), 1, "until it is another one");
    keys(&mut app, "C enter");
    assert_eq!(shown(&app).len(), 12);
    for records in &mut users {
        records.user.risk_state = Some(crate::domain::risk::RiskState::Dismissed);
    }
    app.update(Msg::Records(users), now());
    assert_eq!(app.banners().len(), 1, "looked for again after a while");
    tell_at(&mut app, Msg::Wake, Timestamp(now().0 + chrono::TimeDelta::seconds(11)));
    assert!(app.banners().is_empty());
}

#[test]
fn whatever_of_ours_sets_a_filter_leads_back_to_the_one_that_was_typed() {
    let mut users = sharing();
    users[4].user.risk_state = Some(crate::domain::risk::RiskState::Remediated);
    users[4].directory.is_sspr_registered = Some(false);
    for open in ["4", "0 j j enter", "C enter"] {
        let mut app = console(users.clone());
        keys(&mut app, "/ 'type:newCountry' enter j");
        let before = (shown(&app), cursor(&app).to_owned());
        keys(&mut app, open);
        assert_ne!(app.users().filter, "type:newCountry", "{open}");
        keys(&mut app, "backspace");
        assert_eq!((app.users().filter.as_str(), (shown(&app), cursor(&app).to_owned())), ("type:newCountry", before), "{open}");
    }
    let mut app = console(users);
    keys(&mut app, &"4 5 ".repeat(60));
    assert!(app.trail().words("").matches('›').count() <= 101, "the way back has an end");
}

#[test]
fn marks_that_were_taken_away_in_a_pivot_are_told_when_they_come_back() {
    let mut app = console(sharing());
    keys(&mut app, "j j space k p enter");
    assert!(app.users().marks.contains(&"bob".into()));
    keys(&mut app, "k space 2 space backspace");
    assert!(app.users().marks.contains(&"bob".into()));
    assert_eq!(
        app.toasts().current().unwrap().text,
        "Marks are as they were: 1 mark that was made here is gone, 1 mark that was taken away here is back."
    );
}

#[test]
fn the_way_back_restores_the_panes_of_the_user_and_what_was_marked_there() {
    let mut app = console(sharing());
    keys(&mut app, "j j f 'bo' enter 2 space 3 pgdn");
    let stands = |app: &App| {
        let marks = (app.sign_ins().marks.len(), app.users().marks.len());
        (
            shown(app),
            cursor(app).to_owned(),
            app.focus(),
            marks,
            app.details().subject.clone(),
            app.details().offset,
            app.users().find.clone(),
        )
    };
    let before = stands(&app);
    keys(&mut app, "p enter A o j enter a");
    assert_ne!(stands(&app), before);
    keys(&mut app, "backspace");
    assert_eq!(stands(&app), before);
    assert!(app.toasts().current().unwrap().text.contains("made here"), "marks of the pivot do not vanish in silence");
}

#[test]
fn the_way_back_is_there_although_a_view_of_its_filter_is_gone() {
    let mut app = console(sharing());
    keys(&mut app, "5 p enter");
    assert_eq!(shown(&app), ["adele"]);
    super::case_tests::record(&mut app, vec![crate::domain::journal::Entry::ViewRemoved { name: "token-theft".to_owned() }]);
    keys(&mut app, "backspace");
    assert_eq!((shown(&app), app.users().filter.as_str()), (vec!["adele".to_owned()], "@token-theft"));
    assert!(app.toasts().current().is_some_and(|toast| toast.is_error() && toast.text.contains("no longer parses")));
}

#[test]
fn the_same_value_twice_is_one_crumb_and_an_edited_filter_is_told() {
    let mut app = console(sharing());
    keys(&mut app, "j j p enter p enter");
    assert_eq!(app.trail().words(&app.users().filter), "all › session:=stolen");
    keys(&mut app, "/ end ' level:medium' enter p enter");
    assert_eq!(app.trail().words(&app.users().filter), "all › session:=stolen › edited › session:=stolen");
    keys(&mut app, "backspace backspace");
    assert!(app.trail().is_empty() && app.users().filter.is_empty());
}

#[test]
fn what_was_done_is_not_marked_again_by_the_way_back() {
    let mut app = console(sharing());
    keys(&mut app, "j j space p enter d enter enter");
    app.update(Msg::JobStarted(JobId(1)), now());
    app.update(Msg::Job(super::tests::verified("bob")), now());
    assert!(app.users().marks.is_empty());
    app.update(Msg::JobFailed { job: Some(JobId(1)), message: "the network is away".to_owned() }, now());
    keys(&mut app, "esc backspace");
    assert!(app.trail().is_empty() && app.users().marks.is_empty());
}

#[test]
fn who_a_banner_is_about_stays_when_more_come_in_while_it_is_looked_at() {
    let offline = |id: &str| {
        let mut records = risky_user(id, "leakedCredentials");
        records.sign_ins.clear();
        (records.detections[0].request_id, records.detections[0].ip_address) = (None, None);
        records
    };
    let mut users: Vec<UserRecords> = (0..12).map(|at| offline(&format!("u{at:02}"))).collect();
    let mut app = console(users.clone());
    keys(&mut app, "C");
    users.push(offline("late"));
    app.update(Msg::Records(users), now());
    keys(&mut app, "space");
    assert_eq!((app.users().marks.len(), app.users().marks.contains(&"late".into())), (12, false), "those that were on the screen");
}
