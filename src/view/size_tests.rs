//! No size and no data breaks a view: whatever is opened, whoever the tenant is, and however the screen is resized.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::tests::screen;
use crate::app::tests::{keys, sized, tell};
use crate::app::{App, Key, KeyCode, Msg};
use crate::domain::fixture::{now, risky_user};
use crate::domain::records::{DeviceDetail, GeoCoordinates, Location, RiskyUserHistoryItem, SignIn, UserRecords};
use crate::domain::risk::{RiskLevel, RiskState};
use crate::domain::tenant_text::TenantText;
use crate::domain::time::Timestamp;

/// Keys that open each view, and move in it.
const VIEWS: [&str; 30] = [
    "",
    "2",
    "3",
    "z",
    "t",
    "t + h h j",
    "m",
    "m j j",
    "0",
    "0 j j j",
    "C",
    "C j",
    "C space enter",
    "Q",
    "Q l b",
    "Q l l l l l l l l",
    "V",
    "Q V j j",
    "p",
    "p enter p enter",
    "L",
    "L j K",
    "?",
    ": 'que'",
    "M",
    "e",
    "u",
    "r",
    "n 'a note'",
    "/ 'level:hi'",
];

/// Text as a tenant may hold it: control and bidirectional signs, wide letters, emoji of several signs, right-to-left script.
fn text() -> impl Strategy<Value = Option<TenantText>> {
    let signs = "\u{1b}\u{7}\u{202e}\u{200b}\u{feff}\u{e0041}\n\tأحمدעדי日本語éｱ👩‍💻🏳️‍🌈 aA0.:/@\"'%";
    let signs: Vec<char> = signs.chars().collect();
    prop_oneof![
        1 => Just(None),
        1 => Just(Some(TenantText::default())),
        1 => "203\\.0\\.113\\.[0-9]{1,2}".prop_map(|address| Some(address.into())),
        4 => prop::collection::vec(prop::sample::select(signs), 0..60).prop_map(|letters| Some(letters.into_iter().collect::<String>().into())),
    ]
}

fn time() -> impl Strategy<Value = Option<Timestamp>> {
    let around = |seconds: i64| Some(Timestamp(now().0 - TimeDelta::seconds(seconds)));
    prop_oneof![Just(None), (-90_000i64..9_000_000).prop_map(around), (-60_000_000_000i64..60_000_000_000).prop_map(around),]
}

fn place() -> impl Strategy<Value = Option<Location>> {
    let degrees = || prop_oneof![-200.0f64..200.0, Just(f64::NAN), Just(f64::INFINITY), Just(-1e300)];
    let place = (text(), degrees(), degrees()).prop_map(|(city, latitude, longitude)| Location {
        city,
        geo_coordinates: Some(GeoCoordinates { latitude, longitude }),
        ..Location::default()
    });
    prop::option::of(place)
}

fn level() -> impl Strategy<Value = Option<RiskLevel>> {
    prop::sample::select(vec![None, Some(RiskLevel::High), Some(RiskLevel::Low), Some(RiskLevel::None), Some(RiskLevel::Hidden)])
}

fn state() -> impl Strategy<Value = Option<RiskState>> {
    prop::sample::select(vec![None, Some(RiskState::AtRisk), Some(RiskState::ConfirmedCompromised), Some(RiskState::Dismissed)])
}

fn sign_in() -> impl Strategy<Value = SignIn> {
    (time(), place(), state(), [text(), text(), text(), text(), text()]).prop_map(|(at, location, state, texts)| {
        let [ip_address, session_id, user_agent, app, device] = texts;
        let mut sign_in = SignIn::unknown("s".into(), "u".into());
        (sign_in.created_date_time, sign_in.location, sign_in.risk_state) = (at, location, state);
        (sign_in.ip_address, sign_in.session_id, sign_in.user_agent, sign_in.app_display_name) = (ip_address, session_id, user_agent, app);
        sign_in.device_detail = Some(DeviceDetail { display_name: device, ..DeviceDetail::default() });
        sign_in
    })
}

fn user() -> impl Strategy<Value = UserRecords> {
    let risk = (level(), state(), time());
    (risk, [text(), text(), text()], prop::collection::vec(sign_in(), 0..6), prop::collection::vec((time(), text()), 0..4)).prop_map(
        |((level, state, at), [name, kind, address], sign_ins, history)| {
            let mut records = risky_user("u", "newCountry");
            (records.user.risk_level, records.user.risk_state, records.user.risk_last_updated_date_time) = (level, state, at);
            records.user.user_display_name = name;
            (records.detections[0].risk_event_type, records.detections[0].ip_address) = (kind, address);
            (records.detections[0].detected_date_time, records.detections[0].activity_date_time) = (at, at);
            records.sign_ins = sign_ins;
            records.history = history.into_iter().map(|(at, by)| risk_history(at, by)).collect();
            records
        },
    )
}

fn risk_history(at: Option<Timestamp>, by: Option<TenantText>) -> RiskyUserHistoryItem {
    RiskyUserHistoryItem {
        id: "h".into(),
        user_id: "u".into(),
        user_principal_name: None,
        user_display_name: None,
        risk_level: Some(RiskLevel::High),
        risk_state: Some(RiskState::AtRisk),
        risk_detail: None,
        risk_last_updated_date_time: at,
        initiated_by: by,
        risk_event_types: Vec::new(),
        extra: Default::default(),
    }
}

/// Each with ids of its own.
fn numbered(users: Vec<UserRecords>) -> Vec<UserRecords> {
    let number = |(at, mut records): (usize, UserRecords)| {
        let id = format!("u{at}");
        records.user.id = id.as_str().into();
        for (of, sign_in) in records.sign_ins.iter_mut().enumerate() {
            (sign_in.id, sign_in.user_id) = (format!("{id}-s{of}").into(), id.as_str().into());
        }
        for detection in &mut records.detections {
            (detection.id, detection.user_id) = (format!("{id}-d").into(), id.as_str().into());
            detection.request_id = records.sign_ins.first().map(|sign_in| sign_in.id.clone());
        }
        records.sort();
        records
    };
    users.into_iter().enumerate().map(number).collect()
}

fn shows_no_raw_sign(app: &App, view: &str) {
    let screen = screen(app);
    assert!(!screen.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{200b}', '\u{feff}', '\t']), "{view}: {screen}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_size_and_no_data_breaks_a_view(
        users in prop::collection::vec(user(), 0..8),
        view in prop::sample::select(VIEWS.to_vec()),
        first in (1u16..=300, 1u16..=100),
        then in (1u16..=300, 1u16..=100),
        moves in "[jkhlgG+-]{0,6}",
    ) {
        let mut app = sized((120, 40), numbered(users));
        keys(&mut app, view);
        shows_no_raw_sign(&app, view);
        for size in [first, then] {
            app.update(Msg::Resize(size.0, size.1), now());
            shows_no_raw_sign(&app, view);
            for letter in moves.chars() {
                tell(&mut app, Msg::Key(Key::plain(KeyCode::Char(letter))));
                shows_no_raw_sign(&app, view);
            }
        }
    }
}

/// A user with so many sign-ins of so many sessions, on changing addresses.
fn busy(sign_ins: i64) -> UserRecords {
    let mut records = risky_user("busy", "anomalousToken");
    for at in 0..sign_ins {
        let mut sign_in = SignIn::unknown(format!("busy-{at}").into(), records.id().clone());
        sign_in.created_date_time = Some(Timestamp(now().0 - TimeDelta::seconds(at * 60)));
        sign_in.session_id = Some(format!("session {}", at % 700).into());
        sign_in.ip_address = Some(format!("10.{}.{}.{}", at % 3, at % 251, at % 241).into());
        sign_in.risk_state = Some(if at % 2 == 0 { RiskState::AtRisk } else { RiskState::None });
        let (latitude, longitude) = ((at % 120 - 60) as f64, (at % 340 - 170) as f64);
        sign_in.location = Some(Location { geo_coordinates: Some(GeoCoordinates { latitude, longitude }), ..Location::default() });
        records.sign_ins.push(sign_in);
    }
    records.sort();
    records
}

#[test]
fn every_view_of_a_user_with_fifty_thousand_sign_ins_is_drawn() {
    let mut app = sized((200, 60), vec![busy(50_000)]);
    for view in ["2 w G", "3", "t", "m G", "p", "Q", "C", "0", "e"] {
        keys(&mut app, view);
        shows_no_raw_sign(&app, view);
        keys(&mut app, "esc esc esc");
    }
}

#[test]
#[ignore = "measures; cargo test --release --lib keys_in_a_large_tenant -- --ignored --nocapture"]
fn keys_in_a_large_tenant() {
    for count in [1_000, 100_000] {
        let users = (0..count).map(|at| {
            let mut records = risky_user(&format!("u{at}"), "newCountry");
            records.sign_ins[0].ip_address = Some(format!("10.{}.{}.{}", at % 3, at % 251, at % 241).into());
            records
        });
        let mut app = sized((200, 60), users.collect());
        for view in ["", "X", "X", "space j space", "A", "Q", "Q b", "esc C", "0", "p", "M", "V"] {
            let opened = std::time::Instant::now();
            keys(&mut app, view);
            let opened = opened.elapsed();
            let mut slowest = std::time::Duration::ZERO;
            for key in ['j', 'k', 'j', 'l', 'h', 'j'] {
                let start = std::time::Instant::now();
                app.update(Msg::Key(Key::plain(KeyCode::Char(key))), now());
                slowest = slowest.max(start.elapsed());
            }
            let start = std::time::Instant::now();
            screen(&app);
            println!("{count} users, {view}: opened {opened:?}, slowest key {slowest:?}, frame {:?}", start.elapsed());
            let close = if app.overlay().is_some() { "esc" } else { "" };
            keys(&mut app, close);
        }
    }
}

#[test]
#[ignore = "measures; cargo test --release --lib frames_of_a_busy_user -- --ignored --nocapture"]
fn frames_of_a_busy_user() {
    for sign_ins in [50, 50_000] {
        let mut app = sized((200, 60), vec![busy(sign_ins)]);
        for view in ["1", "2", "2 w", "t", "m", "p", "0", "e"] {
            let opened = std::time::Instant::now();
            keys(&mut app, view);
            let opened = opened.elapsed();
            let start = std::time::Instant::now();
            for _ in 0..20 {
                keys(&mut app, "j");
            }
            let key = start.elapsed() / 20;
            let start = std::time::Instant::now();
            for _ in 0..20 {
                screen(&app);
            }
            println!("{sign_ins} sign-ins, {view}: opened {opened:?}, key {key:?}, frame {:?}", start.elapsed() / 20);
            keys(&mut app, "esc esc esc");
        }
    }
}
