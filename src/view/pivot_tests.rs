//! Pivots, campaigns and the queue, as drawn.

use super::tests::screen;
use crate::app::Msg;
use crate::app::pivot_tests::sharing;
use crate::app::tests::{keys, sized};
use crate::domain::fixture::{now, risky_user};

#[test]
fn no_size_breaks_campaigns_and_trails() {
    let mut users = sharing();
    for records in &mut users {
        records.sign_ins[0].user_agent = Some("\u{202e}\u{1b}[31m日本 agent".repeat(9).into());
    }
    for overlay in ["p", "p enter p", "C", "C G", "C enter", "Q", "Q l b", "Q G l", "Q esc Q"] {
        let mut app = sized((120, 40), users.clone());
        keys(&mut app, overlay);
        for columns in (1..=300).step_by(37) {
            for rows in (1..=100).step_by(13) {
                app.update(Msg::Resize(columns, rows), now());
                assert!(!screen(&app).contains(['\u{1b}', '\u{202e}']));
            }
        }
    }
}

#[test]
fn the_trail_stands_above_the_users() {
    let mut app = sized((120, 40), sharing());
    keys(&mut app, "j j p enter p j enter");
    let screen = screen(&app);
    assert!(screen.lines().nth(1).unwrap().contains("› ip:203.0.113.7"), "{screen}");
}

#[test]
fn the_campaigns() {
    let mut app = sized((80, 24), sharing());
    keys(&mut app, "C");
    insta::assert_snapshot!(screen(&app), @r#"
     entriage  contoso.test  DEMO  read-write                      synced 2 min ago
     1 high · 3 medium · 1 low · 1 token theft
    ┏ Campaigns: users at risk who share something ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 2 ┓
    ┃ USERS   HIGH  TOKEN  THEY SHARE                        LAST          SCORE   ┃
    ┃ 4       –     1      IP address 203.0.113.7, 1 more    13:05 today   27      ┃
    ┃ 2       –     –      Session ID stolen                 13:05 today   16      ┃
    ┃                                                                              ┃
    ┃                                                                              ┃
    ┃                                                                              ┃
    ┃                                                                              ┃
    ┃                                                                              ┃
    ┃                                                                              ┃
    ┃                                                                              ┃
    ┃                                                                              ┃
    ┃                                                                              ┃
    ┃ They share: IP address 203.0.113.7 · Network 203.0.113.0/24.                 ┃
    ┃ From 2026-11-22 13:05:00 UTC to 2026-11-22 13:05:00 UTC.                     ┃
    ┃ 4 users at risk: 0 high, 1 with token theft; 4 users are known with it.      ┃
    ┃ Score 27.                                                                    ┃
    ┃ /ip:203.0.113.7 state:atRisk,confirmedCompromised                            ┃
    ┃                                                                              ┃
    ┃                                                                              ┃
    ┃ esc closes · ? help · enter opens its users · space marks them               ┃
    ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
    "#);
}

#[test]
fn the_bar_of_the_queue_stands_above_the_panes_at_every_size() {
    for size in [(60, 18), (80, 24), (120, 40), (200, 60)] {
        let mut app = sized(size, sharing());
        keys(&mut app, "Q b l");
        let screen = screen(&app);
        assert!(screen.contains("queue 2 of 5 · 1 later"), "{size:?}\n{screen}");
    }
}

#[test]
fn the_warning_of_a_mass_event_is_read_whole_on_the_smallest_screen() {
    let mut users: Vec<_> = (0..12).map(|at| risky_user(&format!("u{at}"), "leakedCredentials")).collect();
    for records in &mut users {
        // Found offline: it names no address that could be held against others.
        records.sign_ins.clear();
        (records.detections[0].request_id, records.detections[0].ip_address) = (None, None);
    }
    for size in [(60, 18), (80, 24)] {
        let mut app = sized(size, users.clone());
        keys(&mut app, "C");
        let said: String = screen(&app).replace(['\n', '┃'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
        for part in ["it may be an attack: look at a few users before anything is closed.", "12 users of 12 at risk", "From 2026-11-22"] {
            assert!(said.contains(part), "{size:?} {part}: {said}");
        }
    }
}
