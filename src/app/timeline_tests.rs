//! The timeline by its keys.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::tests::{console, keys, tell};
use super::*;
use crate::app::details::Subject;
use crate::app::event_words::short_session;
use crate::app::timeline::{Cell, Chart};
use crate::domain::fixture::{everyday_sign_in, now, risky_user};
use crate::domain::records::{Extra, RiskyUserHistoryItem, SignIn, UserRecords};

/// Alex, whose session turned up on a second address: an everyday sign-in, five of the session, and one detection.
pub fn stolen() -> Vec<UserRecords> {
    let mut alex = risky_user("alex", "anomalousToken");
    everyday_sign_in(&mut alex);
    for minutes in 1..5 {
        let mut sign_in = SignIn::unknown(format!("alex-r{minutes}").into(), alex.id().clone());
        sign_in.created_date_time = Some(Timestamp(now().0 - TimeDelta::minutes(60 + minutes)));
        sign_in.session_id = Some("alex-session".into());
        sign_in.ip_address = Some("198.51.100.20".into());
        alex.sign_ins.push(sign_in);
    }
    alex.sort();
    vec![alex]
}

pub fn chart(app: &App) -> &Chart {
    match app.overlay() {
        Some(Overlay::Timeline(chart)) => chart,
        other => panic!("no timeline but {other:?}"),
    }
}

fn told(app: &App) -> String {
    app.event_lines(chart(app), 200).into_iter().map(|(text, _)| text).collect::<Vec<_>>().join("\n")
}

#[test]
fn it_opens_on_what_the_panes_show_and_walks_over_every_event_in_order() {
    let mut app = console(stolen());
    keys(&mut app, "t");
    assert!(told(&app).contains("Detection · Anomalous token"), "{}", told(&app));
    keys(&mut app, "g");
    assert!(told(&app).contains("event 1 of 7"), "{}", told(&app));
    let mut seen = Vec::new();
    for _ in 0..9 {
        seen.push(chart(&app).event().unwrap().at);
        keys(&mut app, "l");
    }
    assert!(seen.is_sorted());
    assert_eq!(chart(&app).at, 6);
    keys(&mut app, "left left G h");
    assert_eq!(chart(&app).at, 5);
}

#[test]
fn a_live_tenant_is_asked_for_the_sign_ins_and_the_history_that_are_read_on_demand() {
    let mut app = console(stolen());
    assert_eq!(keys(&mut app, "t"), [], "nothing can be asked but of a live tenant");
    let mut live = crate::app::syncing::tests::live_with(stolen());
    for picture in ["t", "m"] {
        assert_eq!(keys(&mut live, picture), [Effect::Look(vec!["alex".into()])], "{picture}");
        assert_ne!(live.picture_note(&"alex".into()), "");
        keys(&mut live, "esc");
    }
    keys(&mut live, "t");
    let mut alex = stolen().remove(0);
    alex.devices = Some(Vec::new());
    alex.history.push(history_item(&alex, alex.user.risk_last_updated_date_time));
    tell(&mut live, Msg::Records(vec![alex]));
    tell(&mut live, Msg::Looked { users: vec!["alex".into()], problem: None });
    assert_eq!((chart(&live).timeline.events.len(), live.picture_note(&"alex".into())), (8, ""));
    assert_eq!(keys(&mut live, "esc t"), [], "it is known up to the newest change");
    tell(&mut live, Msg::Looked { users: vec!["alex".into()], problem: Some("no network".to_owned()) });
    assert_eq!(chart(&live).message.as_deref(), Some("Not all sign-ins and the risk history were read: no network"));
}

fn history_item(records: &UserRecords, at: Option<Timestamp>) -> RiskyUserHistoryItem {
    RiskyUserHistoryItem {
        id: records.id().to_string().into(),
        user_id: records.id().clone(),
        user_principal_name: None,
        user_display_name: None,
        risk_level: None,
        risk_state: records.user.risk_state.clone(),
        risk_detail: None,
        risk_last_updated_date_time: at,
        initiated_by: None,
        risk_event_types: Vec::new(),
        extra: Extra::default(),
    }
}

#[test]
fn enter_puts_the_event_under_the_cursor_of_the_panes() {
    let mut app = console(stolen());
    keys(&mut app, "t g enter");
    assert!(app.overlay().is_none());
    assert_eq!((app.focus(), &app.details().subject), (layout::Pane::SignIns, &Some(Subject::SignIn("alex-everyday".into()))));
    assert!(app.sign_ins().all, "a sign-in without risk is listed among all");
    assert_eq!(app.sign_ins().cursor(app.user().unwrap()).unwrap().id.as_str(), "alex-everyday");
    keys(&mut app, "t G enter");
    assert_eq!((app.focus(), &app.details().subject), (layout::Pane::Details, &Some(Subject::Detection("alex-d1".into()))));
    keys(&mut app, "t esc");
    assert!(app.overlay().is_none());
    keys(&mut app, "t t");
    assert!(app.overlay().is_none(), "the key that opens it closes it");
}

#[test]
fn zooming_keeps_the_event_in_sight_and_ends_at_both_ends() {
    let mut app = console(stolen());
    keys(&mut app, "t g");
    for _ in 0..40 {
        keys(&mut app, "+");
        let chart = chart(&app);
        assert!(chart.column(chart.event().unwrap().at, 80).is_some());
    }
    assert!(chart(&app).message.is_some());
    keys(&mut app, "l l l");
    assert!(chart(&app).message.is_none() && chart(&app).column(chart(&app).event().unwrap().at, 80).is_some());
    for _ in 0..40 {
        keys(&mut app, "-");
    }
    let cells: usize = chart(&app).timeline.lanes.iter().flat_map(|lane| chart(&app).cells(lane, 80)).map(|cell| cell.events).sum();
    assert_eq!(cells, 7, "everything is in sight again");
}

#[test]
fn the_cursor_stays_on_its_event_when_records_come() {
    let mut app = console(stolen());
    keys(&mut app, "t g l");
    let event = chart(&app).event().unwrap().what.clone();
    let mut users = stolen();
    let mut older = SignIn::unknown("older".into(), users[0].id().clone());
    older.created_date_time = Some(Timestamp(now().0 - TimeDelta::days(3)));
    users[0].sign_ins.push(older);
    app.update(Msg::Records(users), now());
    assert_eq!((&chart(&app).event().unwrap().what, chart(&app).at), (&event, 2));
}

#[test]
fn fifty_thousand_sign_ins_are_counted_by_column() {
    let mut users = stolen();
    for at in 0..50_000i64 {
        let mut sign_in = SignIn::unknown(format!("s{at}").into(), users[0].id().clone());
        sign_in.created_date_time = Some(Timestamp(now().0 - TimeDelta::seconds(at * 60)));
        sign_in.session_id = Some(format!("session {}", at % 700).into());
        users[0].sign_ins.push(sign_in);
    }
    let mut app = console(users);
    keys(&mut app, "t");
    let chart = chart(&app);
    assert_eq!((chart.timeline.sessions, chart.timeline.events.len()), (702, 50_007));
    let cells: usize = chart.timeline.lanes.iter().flat_map(|lane| chart.cells(lane, 200)).map(|cell| cell.events).sum();
    assert_eq!(cells, 50_007);
}

#[test]
fn sessions_are_short_and_safe() {
    assert_eq!(short_session("7c1fd70d-221a-4840-899d-87ee20ff59e2"), "7c1fd7…59e2");
    assert_eq!(short_session("short"), "short");
    assert!(!short_session("\u{202e}aaaaaaaaaaaaaaaaaaaaaaaaaa").contains('\u{202e}'));
}

/// Somebody else stands first by now, and alex is filtered away or is not.
fn moved_on(app: &mut App, filter: &str) {
    let mut zoe = risky_user("zoe", "newCountry");
    zoe.user.risk_level = Some(crate::domain::risk::RiskLevel::High);
    let mut alex = stolen();
    alex[0].user.risk_level = Some(crate::domain::risk::RiskLevel::Low);
    let users = alex.into_iter().chain([zoe]).collect();
    app.update(Msg::Records(users), now());
    assert_eq!(app.user().unwrap().id().as_str(), if filter.is_empty() { "alex" } else { "zoe" });
}

#[test]
fn a_picture_keeps_to_its_user() {
    for picture in ["t", "m"] {
        let mut app = console(stolen());
        let zoe = risky_user("zoe", "newCountry");
        app.update(Msg::Records(vec![zoe]), now());
        keys(&mut app, &format!("/ 'level:medium,high' enter g {picture}"));
        moved_on(&mut app, "level:medium,high");
        keys(&mut app, "g enter");
        let why = match app.overlay() {
            Some(Overlay::Timeline(chart)) => chart.message.clone(),
            Some(Overlay::Map(travels)) => travels.message.clone(),
            other => panic!("{picture}: {other:?}"),
        };
        assert!(why.is_some_and(|why| why.contains("not listed any more")), "{picture}");
        keys(&mut app, if picture == "t" { "m" } else { "t" });
        let of = match app.overlay() {
            Some(Overlay::Timeline(chart)) => &chart.user,
            Some(Overlay::Map(travels)) => &travels.user,
            other => panic!("{other:?}"),
        };
        assert_eq!(of.as_str(), "alex", "{picture}");
    }
}

#[test]
fn enter_goes_back_to_the_user_of_the_picture() {
    let mut app = console(stolen());
    keys(&mut app, "t g");
    moved_on(&mut app, "");
    app.users.to_top(&app.dataset);
    app.user_may_have_changed();
    assert_eq!(app.user().unwrap().id().as_str(), "zoe");
    keys(&mut app, "enter");
    assert_eq!((app.user().unwrap().id().as_str(), app.focus()), ("alex", layout::Pane::SignIns));
}

#[test]
fn nothing_of_it_is_in_the_future_and_the_axis_counts_hours_of_the_zone() {
    let mut app = console(stolen());
    keys(&mut app, "t");
    assert!(chart(&app).window().unwrap().1 <= now());
    let kolkata: times::Zone = "Asia/Kolkata".parse().unwrap();
    let of = |zone: times::Zone| chart(&app).ticks(80, zone).into_iter().map(|(_, word)| word).collect::<Vec<_>>();
    assert_eq!(of(times::Zone::default()).first().map(String::as_str), Some("12:15"));
    assert_eq!(of(kolkata).first().map(String::as_str), Some("17:45"));
    for zone in [times::Zone::default(), kolkata] {
        for (column, word) in chart(&app).ticks(80, zone) {
            let at = Timestamp::parse(&format!("2026-11-22T{word}:00Z")).unwrap();
            let at = Timestamp(at.0 - TimeDelta::seconds(zone.seconds_ahead(at)));
            assert_eq!(chart(&app).column(at, 80), Some(column), "{zone}: {word}");
        }
    }
}

proptest! {
    /// Whatever the times, each event stands in the column in which it is counted.
    #[test]
    fn columns_and_counts_agree(times in prop::collection::vec(1i64..4_000_000_000, 1..30), columns in 1usize..120, moves in "[hl+-]{0,12}") {
        let mut records = UserRecords::unknown("a".into());
        for (at, seconds) in times.iter().enumerate() {
            let mut sign_in = SignIn::unknown(format!("s{at}").into(), records.id().clone());
            sign_in.created_date_time = chrono::DateTime::from_timestamp(*seconds, 0).map(Timestamp);
            records.sign_ins.push(sign_in);
        }
        let mut app = console(vec![records]);
        keys(&mut app, "t");
        for letter in moves.chars() {
            app.update(Msg::Key(Key::plain(KeyCode::Char(letter))), now());
        }
        let chart = chart(&app);
        for lane in &chart.timeline.lanes {
            let mut expected = vec![Cell::default(); columns];
            for place in &lane.events {
                if let Some(column) = chart.column(chart.timeline.events[*place].at, columns) {
                    expected[column].events += 1;
                }
            }
            let cells = chart.cells(lane, columns);
            prop_assert_eq!(cells.iter().map(|cell| cell.events).collect::<Vec<_>>(), expected.iter().map(|cell| cell.events).collect::<Vec<_>>());
        }
        prop_assert!(chart.column(chart.event().unwrap().at, columns).is_some());
    }
}
