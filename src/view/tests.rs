//! Whole screens, as drawn.

use chrono::TimeDelta;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::draw;
use crate::app::tests::{five, keys, opened, sized};
use crate::app::{App, KeyMap, Msg, Options};
use crate::domain::fixture::now;
use crate::domain::job_event::{JobEvent, What};
use crate::domain::journal::JobId;
use crate::domain::ledger::Tally;
use crate::domain::records::UserRecords;

fn screen(app: &App) -> String {
    let (columns, rows) = app.size();
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| draw(frame, app)).unwrap();
    let buffer = terminal.backend().buffer();
    let lines = buffer.content.chunks(usize::from(columns).max(1)).map(|row| {
        let text: String = row.iter().map(|cell| cell.symbol()).collect();
        text.trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Keys that open each thing that lies over the panes.
const OVERLAYS: [&str; 14] =
    ["", "a d", "a d shift-tab", "a d 'x' enter", "d enter enter", "x", "J", "?", ": 'so'", "o", "y", "n 'x'", "/ 'level:'", "f 'a'"];

fn everything() -> Vec<UserRecords> {
    let mut users = five();
    users[0].user.user_display_name = Some("日本\u{202e}語\u{1b}[31m 👩‍👩‍👧‍👦 a very long name that does not end at all".to_owned());
    users
}

#[test]
fn no_size_and_no_overlay_breaks_the_drawing() {
    for overlay in OVERLAYS {
        for pane in ["1", "2", "3", "z"] {
            let mut app = sized((120, 40), everything());
            keys(&mut app, pane);
            keys(&mut app, overlay);
            for columns in (1..=140).step_by(9) {
                for rows in (1..=45).step_by(4) {
                    app.update(Msg::Resize(columns, rows), now());
                    screen(&app);
                }
            }
        }
    }
}

#[test]
fn a_screen_that_shrank_before_the_state_heard_of_it_is_drawn() {
    let mut app = sized((140, 45), everything());
    keys(&mut app, "a d");
    for size in [(1, 1), (60, 18), (139, 20), (80, 24)] {
        let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
        terminal.draw(|frame| draw(frame, &app)).unwrap();
    }
}

#[test]
fn hostile_text_never_reaches_the_screen() {
    let mut users = everything();
    let hostile = Some("\u{1b}]52;c;x\u{7}\u{202e}\u{200b}".to_owned());
    users[0].sign_ins[0].client_app_used = hostile.clone();
    users[0].detections[0].additional_info = hostile;
    for overlay in OVERLAYS {
        let mut app = sized((120, 40), users.clone());
        keys(&mut app, "/ 'carol' enter");
        keys(&mut app, overlay);
        let screen = screen(&app);
        assert!(!screen.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{200b}']), "{overlay}: {screen}");
    }
}

#[test]
fn the_three_panes_stand_on_the_screen_from_80_columns_on() {
    for size in [(80, 24), (120, 40), (200, 60)] {
        let screen = screen(&sized(size, five()));
        for title in ["Risky users", "Risky sign-ins", "Detection details"] {
            assert!(screen.contains(title), "{title}:\n{screen}");
        }
    }
}

#[test]
fn below_the_least_size_a_card_says_so() {
    let screen = screen(&sized((59, 18), five()));
    assert!(screen.contains("60x18") && screen.contains("59x18"), "{screen}");
}

#[test]
fn without_colour_everything_is_told_by_words_and_weight() {
    let options = Options { keys: KeyMap::defaults(), hold_seconds: 5, size: (120, 40), mono: true };
    let mut app = App::new(options, now());
    app.update(Msg::Opened(Box::new(opened(five()))), now());
    keys(&mut app, "space");
    for overlay in OVERLAYS {
        keys(&mut app, overlay);
        let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
        terminal.draw(|frame| draw(frame, &app)).unwrap();
        let colours = terminal
            .backend()
            .buffer()
            .content
            .iter()
            .filter(|cell| cell.fg != ratatui::style::Color::Reset || cell.bg != ratatui::style::Color::Reset);
        assert_eq!(colours.count(), 0, "{overlay}");
        keys(&mut app, "esc esc esc");
    }
}

#[test]
fn the_smallest_screen() {
    insta::assert_snapshot!(screen(&sized((60, 18), five())), @"");
}

#[test]
fn the_usual_screen() {
    let mut app = sized((80, 24), five());
    keys(&mut app, "j 2");
    insta::assert_snapshot!(screen(&app), @"");
}

#[test]
fn the_wide_screen() {
    let mut app = sized((120, 40), five());
    keys(&mut app, "j space");
    insta::assert_snapshot!(screen(&app), @"");
}

#[test]
fn the_preview() {
    let mut app = sized((100, 30), five());
    keys(&mut app, "a d 'PT-118' enter");
    insta::assert_snapshot!(screen(&app), @"");
}

#[test]
fn the_preview_on_the_smallest_screen_shows_all_that_matters() {
    let mut app = sized((60, 18), five());
    keys(&mut app, "a d");
    insta::assert_snapshot!(screen(&app), @"");
}

#[test]
fn a_running_job() {
    let mut app = sized((100, 30), five());
    keys(&mut app, "a d 'PT-118' enter '3' enter");
    let later = crate::domain::time::Timestamp(now().0 + TimeDelta::seconds(6));
    let event = |what, id: &str| JobEvent {
        what,
        id: id.to_owned(),
        user_principal_name: Some(format!("{id}@contoso.test")),
        job: JobId(7),
        at: later,
    };
    app.update(Msg::Job(event(What::Failed { because: "404 not found".to_owned() }, "carol")), later);
    app.update(Msg::Job(event(What::Verified, "bob")), later);
    let tally = Tally { total: 3, accepted: 1, verified: 1, failed: 1, ..Tally::default() };
    app.update(Msg::Progress { job: JobId(7), tally, seconds_left: 12 }, later);
    insta::assert_snapshot!(screen(&app), @"");
}
