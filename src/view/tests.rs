//! Whole screens, as drawn.

use chrono::TimeDelta;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::draw;
use crate::app::tests::{five, keys, opened, options, sized};
use crate::app::{App, KeyMap, Msg, Options};
use crate::domain::fixture::now;
use crate::domain::job_event::{JobEvent, What};
use crate::domain::journal::JobId;
use crate::domain::ledger::Tally;
use crate::domain::records::UserRecords;
use crate::domain::tenant_text::TenantText;

pub fn screen(app: &App) -> String {
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
const OVERLAYS: [&str; 18] = [
    "",
    "a d",
    "a d shift-tab",
    "a d 'x' enter",
    "d enter enter",
    "x",
    "J",
    "?",
    ": 'so'",
    "o",
    "y",
    "n 'x'",
    "/ 'level:'",
    "f 'a'",
    "e",
    "u",
    "a r",
    "r enter",
];

fn everything() -> Vec<UserRecords> {
    let mut users = five();
    users[0].user.user_display_name = Some("日本\u{202e}語\u{1b}[31m 👩‍👩‍👧‍👦 a very long name that does not end at all".into());
    users
}

#[test]
fn no_size_and_no_overlay_breaks_the_drawing() {
    for overlay in OVERLAYS {
        let panes: &[&str] = if overlay.is_empty() { &["1", "2", "3", "z", "v j", "w"] } else { &["1"] };
        for pane in panes {
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
    let hostile: Option<TenantText> = Some("\u{1b}]52;c;x\u{7}\u{202e}\u{200b}".into());
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

/// A console on a live tenant.
fn live(size: (u16, u16)) -> App {
    let mut app = App::new(Options { keys: KeyMap::defaults(), hold_seconds: 5, size, mono: true }, now());
    let opened = crate::app::Opened {
        label: "LIVE",
        tenant: "Contoso".to_owned(),
        account: Some("operator@contoso.test".to_owned()),
        refresh_seconds: Some(120),
        ..opened(five())
    };
    crate::app::tests::tell(&mut app, Msg::Opened(Box::new(opened)));
    app
}

#[test]
fn a_live_tenant_is_unmistakable_at_every_size_and_while_it_is_read() {
    for size in [(60, 18), (80, 24), (120, 40), (200, 60)] {
        let mut app = live(size);
        for round in 0..2 {
            let first = screen(&app).lines().take(2).collect::<Vec<_>>().join("\n");
            for word in [" LIVE ", "Conto", "read-write"] {
                assert!(first.contains(word), "{size:?}, {round}: {word} is not in\n{first}");
            }
            app.update(Msg::Wake, now());
            let progress = crate::app::msg::Syncing { what: "risky sign-ins", users: 12_345, seconds_left: Some(99) };
            app.update(Msg::Syncing(progress), now());
        }
    }
    let wide = screen(&live((120, 40)));
    assert!(wide.contains("operator@"), "{wide}");
    let mut app = live((120, 40));
    keys(&mut app, "d");
    assert!(screen(&app).contains("LIVE Contoso · 1 user selected"));
}

#[test]
fn a_person_who_must_sign_in_sees_where_and_with_what() {
    let address = format!("https://login.test/authorize?state={}", "x".repeat(150));
    for (code, opened, what) in
        [(Some("ABC-DEF"), false, "type the code"), (None, true, "Go on in the browser"), (None, false, "Open this")]
    {
        let mut app = live((80, 24));
        let asked = crate::app::msg::SignInAsked { address: address.clone(), code: code.map(str::to_owned), opened };
        app.update(Msg::SignIn(asked), now());
        let screen = screen(&app);
        assert!(screen.contains(what) && screen.contains("https://login.test/authorize"), "{screen}");
        assert!(code.is_none_or(|code| screen.contains(code)), "{screen}");
        assert!(screen.matches("xxxxxxxxxx").count() > 5, "the whole address is there:\n{screen}");
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
    crate::app::tests::tell(&mut app, Msg::Opened(Box::new(opened(five()))));
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

/// The first columns of these rows, a second line below each row telling how it is drawn: `r` reversed, `b` bold, `d` dim,
/// `u` underlined.
pub fn mono(app: &App, columns: usize, rows: std::ops::Range<usize>) -> String {
    let size = app.size();
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    terminal.draw(|frame| draw(frame, app)).unwrap();
    let letter = |cell: &ratatui::buffer::Cell| {
        use ratatui::style::Modifier as M;
        [(M::REVERSED, 'r'), (M::BOLD, 'b'), (M::DIM, 'd'), (M::UNDERLINED, 'u')]
            .into_iter()
            .find(|(modifier, _)| cell.modifier.contains(*modifier))
            .map_or('.', |(_, letter)| letter)
    };
    let buffer = terminal.backend().buffer();
    let rows = buffer.content.chunks(usize::from(size.0)).skip(rows.start).take(rows.len()).map(|row| {
        let text: String = row.iter().take(columns).map(|cell| cell.symbol()).collect();
        let drawn: String = row.iter().take(columns).map(letter).collect();
        format!("{}\n{drawn}", text.trim_end())
    });
    rows.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_users_in_mono() {
    let options = Options { keys: KeyMap::defaults(), hold_seconds: 5, size: (60, 18), mono: true };
    let mut app = App::new(options, now());
    crate::app::tests::tell(&mut app, Msg::Opened(Box::new(opened(five()))));
    keys(&mut app, "space");
    insta::assert_snapshot!(mono(&app, 30, 3..7), @r#"
    ┏ 1 Risky users ━━━━━━━━━━━━━━
    bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
    ┃   LEVEL ▾ USER
    b...bbbbbbbbdddddddddddddddddd
    ┃ ● HIGH    User alex
    bbbbbbbbbbbb..................
    ┃▌  MEDIUM  User adele
    brrrrrrrrrrrrrrrrrrrrrrrrrrrrr
    "#);
}

#[test]
fn the_first_users_while_all_are_read() {
    let loading = |size, mono| {
        let mut app = App::new(Options { size, mono, ..options() }, now());
        crate::app::tests::tell(&mut app, Msg::Loading(Box::new(opened(five()))));
        app
    };
    let mut app = loading((80, 24), false);
    keys(&mut app, "d");
    insta::assert_snapshot!(screen(&app), @r#"
     entriage  contoso.test  DEMO  read-write                      synced 2 min ago
     reading all users …
    ┏ 1 Risky users ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ the first 5 ┓
    ┃   LEVEL ▾ USER                           DETECTIONS    UPDATED   STATE       ┃
    ┃▌  HIGH    User alex                      1             1 h       at risk     ┃
    ┃   MEDIUM  User adele                     1    ◆ token  1 h       at risk     ┃
    ┃   MEDIUM  User bob                       1             1 h       at risk     ┃
    ┃   MEDIUM  User carol                     1             1 h       at risk     ┃
    ┃   LOW     User dave              deleted 1             1 h       at risk     ┃
    ┃                                                                              ┃
    ┃                                                                              ┃
    ┃                                                                              ┃
    ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
    ┌ 2 Risky sign-ins ─ User alex ───────────────────────────────────────────── 1 ┐
    │   TIME        IP ADDRESS       LOCATION        CLIENT     LEVEL   STATE      │
    │▌  13:05 today 203.0.113.7      ?               Browser    MEDIUM  at risk    │
    │                                                                              │
    └──────────────────────────────────────────────────────────────────────────────┘
    ┌ 3 Detection details ──────────────────────────────────────── 1 of 1 · pgdn ▾ ┐
    │Password spray · MEDIUM · at risk · real time · T1110                         │
    │An attack that tries common passwords on many accounts has found this one's.  │
    │That the account was used is not proven.                                      │
    └──────────────────────────────────────────────────────────────────────────────┘
     All users are still being read; look around until then.
    "#);
    insta::assert_snapshot!(mono(&loading((60, 18), true), 60, 0..5), @r#"
     entriage  contoso.test  DEMO  read-write  synced 2 min ago
    bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbddddddddddddddddddd
     reading all users …
    bbbbbbbbbbbbbbbbbbbbb.......................................
      1 Risky users  2 Risky sign-ins  3 Detection details
    .rrrrrrrrrrrrrrrddddddddddddddddddddddddddddddddddddddd.....
    ┏ 1 Risky users ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ the first 5 ┓
    bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
    ┃   LEVEL ▾ USER                   DETECTIONS    UPDATED   ┃
    b...bbbbbbbbdddddddddddddddddddddddddddddddddddddddddddddddb
    "#);
}

#[test]
fn the_smallest_screen() {
    insta::assert_snapshot!(screen(&sized((60, 18), five())), @r#"
     entriage  contoso.test  DEMO  read-write  synced 2 min ago
     1 high · 3 medium · 1 low · 1 token theft
      1 Risky users  2 Risky sign-ins  3 Detection details
    ┏ 1 Risky users ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 5 ┓
    ┃   LEVEL ▾ USER                   DETECTIONS    UPDATED   ┃
    ┃▌  HIGH    User alex              1             1 h       ┃
    ┃   MEDIUM  User adele             1    ◆ token  1 h       ┃
    ┃   MEDIUM  User bob               1             1 h       ┃
    ┃   MEDIUM  User carol             1             1 h       ┃
    ┃   LOW     User dave      deleted 1             1 h       ┃
    ┃                                                          ┃
    ┃                                                          ┃
    ┃                                                          ┃
    ┃                                                          ┃
    ┃                                                          ┃
    ┃                                                          ┃
    ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
     d dismiss  c compromised  s safe  r remediate  ? help
    "#);
}

#[test]
fn the_usual_screen() {
    let mut app = sized((80, 24), five());
    keys(&mut app, "j 2");
    insta::assert_snapshot!(screen(&app), @r#"
     entriage  contoso.test  DEMO  read-write                      synced 2 min ago
     1 high · 3 medium · 1 low · 1 token theft
    ┌ 1 Risky users ──────────────────────────────────────────────────────────── 5 ┐
    │   LEVEL ▾ USER                           DETECTIONS    UPDATED   STATE       │
    │   HIGH    User alex                      1             1 h       at risk     │
    │▌  MEDIUM  User adele                     1    ◆ token  1 h       at risk     │
    └──────────────────────────────────────────────────────────────────────────────┘
    ┏ 2 Risky sign-ins ─ User adele ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 1 ┓
    ┃   TIME        IP ADDRESS       LOCATION        CLIENT     LEVEL   STATE      ┃
    ┃▌  13:05 today 203.0.113.7      ?               Browser    MEDIUM  at risk    ┃
    ┃                                                                              ┃
    ┃                                                                              ┃
    ┃                                                                              ┃
    ┃                                                                              ┃
    ┃                                                                              ┃
    ┃                                                                              ┃
    ┃                                                                              ┃
    ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
    ┌ 3 Detection details ──────────────────────────────────────── 1 of 1 · pgdn ▾ ┐
    │Anomalous token · MEDIUM · at risk · real time · T1528                        │
    │◆ Token theft: Entra never remediates this by itself, and a new password alone│
    │may not end the session.                                                      │
    └──────────────────────────────────────────────────────────────────────────────┘
     d dismiss  c compromised  s safe  r remediate  w all sign-ins  y copy  ? help
    "#);
}

#[test]
fn the_wide_screen() {
    let mut app = sized((120, 40), five());
    keys(&mut app, "j space");
    insta::assert_snapshot!(screen(&app), @r#"
     entriage  contoso.test  DEMO  read-write                   1 high · 3 medium · 1 low · 1 token theft  synced 2 min ago
    ┏ 1 Risky users ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 5 ┓┌ 2 Risky sign-ins ─ User bob ─────────────────────────────── 1 ┐
    ┃   LEVEL ▾ USER              DETECTIONS    UPDATED   ┃│   TIME        IP ADDRESS       LOCATION CLIENT     STATE      │
    ┃   HIGH    User alex         1             1 h       ┃│▌  13:05 today 203.0.113.7      ?        Browser    at risk    │
    ┃ ● MEDIUM  User adele        1    ◆ token  1 h       ┃│                                                               │
    ┃▌  MEDIUM  User bob          1             1 h       ┃│                                                               │
    ┃   MEDIUM  User carol        1             1 h       ┃│                                                               │
    ┃   LOW     User dave deleted 1             1 h       ┃│                                                               │
    ┃                                                     ┃│                                                               │
    ┃                                                     ┃│                                                               │
    ┃                                                     ┃│                                                               │
    ┃                                                     ┃│                                                               │
    ┃                                                     ┃└───────────────────────────────────────────────────────────────┘
    ┃                                                     ┃┌ 3 Detection details ───────────────────────── 1 of 1 · pgdn ▾ ┐
    ┃                                                     ┃│New country · MEDIUM · at risk · real time · T1078             │
    ┃                                                     ┃│Activity from a country where the user, and hardly anyone in   │
    ┃                                                     ┃│the tenant, has been.                                          │
    ┃                                                     ┃│Check first: Travel, and VPN exits.                            │
    ┃                                                     ┃│Token issuer type      unknown                                 │
    ┃                                                     ┃│Sign-in time           2026-11-22 13:05:00 UTC (1 h ago)       │
    ┃                                                     ┃│IP address             203.0.113.7 · no other sign-ins read    │
    ┃                                                     ┃│Sign-in location       unknown                                 │
    ┃                                                     ┃│Sign-in client         Browser                                 │
    ┃                                                     ┃│Sign-in request ID     bob-s1                                  │
    ┃                                                     ┃│Sign-in correlation ID bob-c1                                  │
    ┃                                                     ┃│Session ID             bob-session                             │
    ┃                                                     ┃│Unique token ID        unknown                                 │
    ┃                                                     ┃│ASN                    unknown                                 │
    ┃                                                     ┃│Incoming token type    unknown                                 │
    ┃                                                     ┃│Sign-in result         success                                 │
    ┃                                                     ┃│Sign-in risk           MEDIUM · at risk                        │
    ┃                                                     ┃│                                                               │
    ┃                                                     ┃│User                                                           │
    ┃                                                     ┃│Principal name         bob@contoso.test                        │
    ┃                                                     ┃│Risk                   MEDIUM · at risk                        │
    ┃                                                     ┃│Risk last updated      2026-11-22 13:05:00 UTC (1 h ago)       │
    ┃                                                     ┃│Evidence               fresh                                   │
    ┃                                                     ┃│MFA registered         yes                                     │
    ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛└───────────────────────────────────────────────────────────────┘
     1 marked   d dismiss  c compromised  s safe  r remediate  e explain  u unblock  t timeline  p pivot  / filter  ? help
    "#);
}

#[test]
fn the_preview() {
    let mut app = sized((100, 30), five());
    keys(&mut app, "a d 'PT-118' enter");
    insta::assert_snapshot!(screen(&app), @r#"
     entriage  contoso.test  DEMO  read-write                                          synced 2 min ago
     1 high · 3 medium · 1 low · 1 token theft
    ┏ 1 Risky users ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 5 ┓
    ┃   LEVEL ▾ USER                                               DETECTIONS    UPDATED   STATE       ┃
    ┃▌● HIGH    User alex                                          1             1 h       at risk     ┃
    ┃ ● MEDIUM  User adele                                         1    ◆ token  1 h       at risk     ┃
    ┃ ● MEDIUM  User bob                                           1             1 h       at risk     ┃
    ┃ ● ┏ Dismiss user risk ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 5 users selected ┓   ┃
    ┃ ● ┃    3 will be dismissed                                                                   ┃   ┃
    ┃   ┃      all their risky sign-ins and detections, too (6)                                    ┃   ┃
    ┃   ┃    1 left out                                                                            ┃   ┃
    ┃   ┃        token theft: User adele                                                           ┃   ┃
    ┃   ┃    1 refused                                                                             ┃   ┃
    ┃   ┃        deleted (support case): User dave                                                 ┃   ┃
    ┃   ┃      Shift-Tab, Space: take one in, with a reason                                        ┃   ┃
    ┃   ┃                                                                                          ┃   ┃
    ┗━━━┃ Cannot be undone. Passwords stay as they are: dismissing does not make an identity safe. ┃━━━┛
    ┌ 2 ┃ For a false positive, confirm safe teaches Entra; this does not.                         ┃ 1 ┐
    │   ┃ 1 request, about 2 s, then read back                                                     ┃   │
    │▌  ┃ Reason   PT-118                                                                          ┃   │
    │   ┃ Type 3 to confirm                                                                        ┃   │
    │   ┃ Type it, then Enter starts · Esc back                                                    ┃   │
    └───┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛───┘
    ┌ 3 Detection details ──────────────────────────────────────────────────────────── 1 of 1 · pgdn ▾ ┐
    │Password spray · MEDIUM · at risk · real time · T1110                                             │
    │An attack that tries common passwords on many accounts has found this one's. That the account was │
    │used is not proven.                                                                               │
    │Check first: Reset the password now; then other users with the same address, user agent, network  │
    └──────────────────────────────────────────────────────────────────────────────────────────────────┘
     5 marked   d dismiss  c compromised  s safe  r remediate  e explain  u unblock  t timeline  ? help
    "#);
}

#[test]
fn the_preview_on_the_smallest_screen_shows_all_that_matters() {
    let mut app = sized((60, 18), five());
    keys(&mut app, "a d");
    insta::assert_snapshot!(screen(&app), @r#"
     entriage  contoso.test  DEMO  read-write  synced 2 min ago
     ┏ Dismiss user risk ━━━━━━━━━━━━━━━━━━━ 5 users selected ┓
     ┃    3 will be dismissed                                 ┃
    ┏┃      all their risky sign-ins and detections, too (6)  ┃┓
    ┃┃    1 left out                                          ┃┃
    ┃┃        token theft: User adele                         ┃┃
    ┃┃    1 refused                                           ┃┃
    ┃┃        deleted (support case): User dave               ┃┃
    ┃┃                                                        ┃┃
    ┃┃ Cannot be undone. Passwords stay as they are:          ┃┃
    ┃┃ dismissing does not make an identity safe. For a false ┃┃
    ┃┃ positive, confirm safe teaches Entra; this does not.   ┃┃
    ┃┃ 1 request, about 2 s, then read back                   ┃┃
    ┃┃ Reason                                                 ┃┃
    ┃┃ Type 3 to confirm                                      ┃┃
    ┃┃ Enter on · ↑ recalls · Shift-Tab targets · Esc closes  ┃┃
    ┗┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛┛
     5 marked   d dismiss  c compromised  s safe  a all  ? help
    "#);
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
        step: None,
        job: JobId(7),
        at: later,
    };
    app.update(Msg::Job(event(What::Failed { because: "404 not found".to_owned() }, "carol")), later);
    app.update(Msg::Job(event(What::Verified, "bob")), later);
    let tally = Tally { total: 3, accepted: 1, verified: 1, failed: 1, ..Tally::default() };
    app.update(Msg::Progress { job: JobId(7), tally, seconds_left: 12 }, later);
    insta::assert_snapshot!(screen(&app), @r#"
     entriage  contoso.test  DEMO  read-write                                          synced 2 min ago
     1 high · 3 medium · 1 low · 1 token theft                                       job 7 1/3 verified
    ┏ 1 Risky users ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 5 ┓
    ┃   LEVEL ▾ USER                                               DETECTIONS    UPDATED   STATE       ┃
    ┃▌● HIGH    User alex                                          1             1 h       at risk     ┃
    ┃ ● ┏ Dismiss user risk: 3 users ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ job 7 · started 14:05 ┓   ┃
    ┃   ┃ ██████████████████████████████████████████████████████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒ ┃   ┃
    ┃ ● ┃ 1 verified · 1 accepted · 1 failed                                                       ┃   ┃
    ┃ ● ┃ 1 request/s (tenant's limit) · 12 s left · Esc stops after the request in flight         ┃   ┃
    ┃   ┃                                                                                          ┃   ┃
    ┃   ┃                                                                                          ┃   ┃
    ┃   ┃ failed     carol@contoso.test                    404 not found                           ┃   ┃
    ┃   ┃ verified   bob@contoso.test                                                              ┃   ┃
    ┃   ┃                                                                                          ┃   ┃
    ┃   ┃                                                                                          ┃   ┃
    ┃   ┃                                                                                          ┃   ┃
    ┗━━━┃                                                                                          ┃━━━┛
    ┌ 2 ┃                                                                                          ┃ 1 ┐
    │   ┃                                                                                          ┃   │
    │▌  ┃                                                                                          ┃   │
    │   ┃                                                                                          ┃   │
    │   ┃                                                                                          ┃   │
    └───┃                                                                                          ┃───┘
    ┌ 3 ┃ x leaves it running in the background · j k scroll                                       ┃ ▾ ┐
    │Pas┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛   │
    │An attack that tries common passwords on many accounts has found this one's. That the account was │
    │used is not proven.                                                                               │
    │Check first: Reset the password now; then other users with the same address, user agent, network  │
    └──────────────────────────────────────────────────────────────────────────────────────────────────┘
     4 marked   d dismiss  c compromised  s safe  r remediate  e explain  u unblock  t timeline  ? help
    "#);
}
