//! Timeline, map and overview, as drawn.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;

use super::draw;
use super::tests::{mono, screen};
use crate::app::map_tests::travelled;
use crate::app::preferences::Preferences;
use crate::app::tests::{keys, opened, sized, tell};
use crate::app::timeline_tests::stolen;
use crate::app::{App, KeyMap, Msg, Options};
use crate::clock::Clock;
use crate::domain::fixture::now;
use crate::domain::records::{GeoCoordinates, Location, UserRecords};
use crate::domain::tenant_text::TenantText;
use crate::domain::workspace::DemoSpec;
use crate::tenant::demo::DemoTenant;

/// Keys that open each picture and move in it.
const PICTURES: [&str; 4] = ["t", "t + + h k -", "m j j", "0 j j j"];

/// The demo tenant of the first seed.
fn demo() -> Vec<UserRecords> {
    let spec = DemoSpec { seed: 1, users: 60, epoch: now(), rate: None, faults: vec![] };
    let tenant = DemoTenant::in_memory(spec, Clock::starting_at(now())).unwrap();
    (0..60).map(|index| tenant.records(index)).collect()
}

fn demo_at(size: (u16, u16), mono: bool) -> App {
    let mut app = App::new(Options { keys: KeyMap::defaults(), hold_seconds: 5, size, mono }, now());
    crate::app::tests::tell(&mut app, Msg::Opened(Box::new(opened(demo()))));
    app
}

/// Every size, on the way from one to the next.
fn sweep(app: &mut App) {
    for columns in (1..=300).step_by(43) {
        for rows in (1..=100).step_by(24) {
            app.update(Msg::Resize(columns, rows), now());
            screen(app);
        }
    }
    for size in [(60, 18), (80, 24), (99, 24), (100, 23), (100, 24), (120, 40), (200, 60)] {
        app.update(Msg::Resize(size.0, size.1), now());
        screen(app);
    }
}

/// Tenant text that would harm a terminal, where pictures show such text, and values that nobody expects.
fn hostile() -> Vec<UserRecords> {
    let mut users = stolen();
    let text: Option<TenantText> = Some("\u{1b}]52;c;x\u{7}\u{202e}\u{200b}日本語".into());
    let alex = &mut users[0];
    alex.user.user_display_name = text.clone();
    let place = |latitude, longitude| {
        Some(Location {
            city: Some("\u{1b}[31mX\u{202e}".into()),
            geo_coordinates: Some(GeoCoordinates { latitude, longitude }),
            ..Location::default()
        })
    };
    for (sign_in, at) in alex.sign_ins.iter_mut().zip([(0.0, 179.9), (f64::NAN, 0.0), (90.0, -180.0), (1e300, -1e300), (-33.0, -179.9)]) {
        sign_in.location = place(at.0, at.1);
        sign_in.ip_address = text.clone();
        sign_in.app_display_name = text.clone();
        sign_in.session_id = text.clone();
    }
    alex.detections[0].risk_event_type = text.clone();
    alex.detections[0].ip_address = text;
    users
}

#[test]
fn no_size_and_no_data_breaks_a_picture() {
    for users in [stolen(), hostile(), Vec::new(), vec![UserRecords::unknown("nobody".into())]] {
        for picture in PICTURES {
            let mut app = sized((120, 40), users.clone());
            keys(&mut app, picture);
            sweep(&mut app);
            let screen = screen(&app);
            assert!(!screen.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{200b}']), "{picture}: {screen}");
        }
    }
}

#[test]
fn without_colour_there_is_none_in_a_picture() {
    for picture in PICTURES {
        let mut app = demo_at((120, 40), true);
        keys(&mut app, picture);
        let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
        terminal.draw(|frame| draw(frame, &app)).unwrap();
        let colour = |cell: &&ratatui::buffer::Cell| cell.fg != Color::Reset || cell.bg != Color::Reset;
        assert_eq!(terminal.backend().buffer().content.iter().filter(colour).count(), 0, "{picture}");
    }
}

#[test]
fn the_timeline_of_a_stolen_session() {
    for size in [(60, 18), (80, 24), (120, 40), (200, 60)] {
        let mut app = demo_at(size, false);
        keys(&mut app, "t");
        insta::assert_snapshot!(format!("timeline_{}x{}", size.0, size.1), screen(&app));
    }
}

#[test]
fn the_timeline_in_mono() {
    let mut app = sized((60, 18), stolen());
    keys(&mut app, "t");
    insta::assert_snapshot!(mono(&app, 60, 2..10));
}

#[test]
fn the_map_of_an_impossible_journey() {
    for size in [(60, 18), (80, 24), (120, 40), (200, 60)] {
        let mut app = sized(size, travelled());
        keys(&mut app, "m");
        insta::assert_snapshot!(format!("map_{}x{}", size.0, size.1), screen(&app));
    }
    let mut app = demo_at((120, 40), true);
    keys(&mut app, "m");
    insta::assert_snapshot!("map_mono", mono(&app, 100, 0..12));
}

#[test]
fn what_is_impossible_on_the_map_is_red_and_what_is_under_the_cursor_is_not() {
    let mut app = sized((120, 40), travelled());
    keys(&mut app, "m G");
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
    terminal.draw(|frame| draw(frame, &app)).unwrap();
    let buffer = terminal.backend().buffer();
    let count = |colour| buffer.content.iter().filter(|cell| cell.fg == colour && !cell.symbol().trim().is_empty()).count();
    let word = buffer.content.iter().filter(|cell| cell.symbol() == "▲" && cell.fg == Color::Red).count();
    assert!(count(Color::Red) > 20 && word == 1, "the way and its word: {} {word}", count(Color::Red));
    assert_eq!(buffer.content.iter().filter(|cell| cell.symbol() == "◉" && cell.fg == Color::Yellow).count(), 1);
}

/// The screen with the times of this zone.
fn in_zone(zone: &str, users: Vec<UserRecords>, picture: &str) -> String {
    let preferences = Preferences { zone: zone.parse().unwrap(), ..Preferences::default() };
    let options = Options { keys: KeyMap::defaults(), hold_seconds: 5, size: (120, 40), mono: false };
    let mut app = App::new(options, now()).prefer(preferences);
    tell(&mut app, Msg::Opened(Box::new(opened(users))));
    keys(&mut app, picture);
    screen(&app)
}

#[test]
fn pictures_tell_the_time_of_the_zone() {
    let map = in_zone("Asia/Kolkata", travelled(), "m");
    assert!(map.contains("TIME +05:30") && map.contains("18:35 today"), "{map}");
    let timeline = in_zone("Asia/Kolkata", stolen(), "t");
    assert!(timeline.contains("– 2026-11-22 18:36 +05:30"), "{timeline}");
}

#[test]
fn the_map_is_drawn_in_the_colours_of_the_theme_and_not_at_all_in_a_mono_one() {
    let mut app = sized((120, 40), travelled());
    keys(&mut app, ": 'theme' enter j enter m");
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
    terminal.draw(|frame| draw(frame, &app)).unwrap();
    let theme = super::theme::Theme::of(&app);
    let wanted = [theme.land(), theme.accent().fg.unwrap(), theme.danger().fg.unwrap(), theme.warning().fg.unwrap()];
    let dots = |cell: &&ratatui::buffer::Cell| cell.symbol().chars().any(|sign| ('\u{2801}'..='\u{28ff}').contains(&sign));
    let drawn: Vec<Color> = terminal.backend().buffer().content.iter().filter(dots).map(|cell| cell.fg).collect();
    assert!(drawn.len() > 200 && drawn.iter().all(|colour| wanted.contains(colour)), "{drawn:?}");
    keys(&mut app, "esc : 'theme' enter G enter m");
    assert!(app.mono());
    terminal.draw(|frame| draw(frame, &app)).unwrap();
    assert_eq!(terminal.backend().buffer().content.iter().filter(dots).count(), 0);
}

#[test]
fn the_overview_of_the_demo_tenant() {
    for size in [(60, 18), (80, 24), (120, 40), (200, 60)] {
        let mut app = demo_at(size, false);
        keys(&mut app, "0");
        insta::assert_snapshot!(format!("overview_{}x{}", size.0, size.1), screen(&app));
    }
    let mut app = demo_at((80, 24), true);
    keys(&mut app, "0");
    insta::assert_snapshot!("overview_mono", mono(&app, 80, 2..10));
}
