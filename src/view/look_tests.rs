//! How the console looks where its operator changed it: keys in a row, help, themes, columns.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;

use super::draw;
use super::tests::{mono, screen};
use crate::app::colour::Depth;
use crate::app::tests::{console, five, keys, opened, sized};
use crate::app::theme::{Theme, ThemeName};
use crate::app::{App, KeyMap, Look, Msg, Opened, Options};
use crate::domain::fixture::now;
use crate::domain::plan::Access;

/// A console with a theme and a few sequences.
fn themed(name: ThemeName, size: (u16, u16)) -> App {
    let text = "[keys]\ntop = \"g g\"\nbottom = \"g e\"\nnote = \"g n\"\njournal = \"g x J\"\nopen = [\"enter\", \"g o\"]\n";
    let (keys, problems) = KeyMap::load(KeyMap::defaults(), text);
    assert_eq!(problems, vec![]);
    let look = Look { theme: Theme::named(name), depth: Depth::TrueColour, ..Look::default() };
    let mut app = App::new(Options { keys, hold_seconds: 5, size, mono: false }, now()).with_look(look);
    crate::app::tests::tell(&mut app, Msg::Opened(Box::new(opened(five()))));
    app
}

const OPEN: [&str; 7] = ["g", "g x", "L", "L G space K", ": 'theme' enter", "? 'safe'", "> > > >"];

#[test]
fn no_size_and_no_theme_breaks_the_drawing() {
    for (at, open) in OPEN.into_iter().enumerate() {
        let name = ThemeName::ALL[at % ThemeName::ALL.len()];
        let mut app = themed(name, (120, 40));
        keys(&mut app, open);
        for columns in (1..=300).step_by(37) {
            for rows in (1..=100).step_by(19) {
                app.update(Msg::Resize(columns, rows), now());
                screen(&app);
            }
        }
    }
    // All columns, and keys in every size.
    for name in ThemeName::ALL {
        let mut app = themed(name, (120, 40));
        keys(&mut app, "L j j j j j space j space j space j space j space j space j space j space j space esc");
        for columns in (60..=300).step_by(60) {
            app.update(Msg::Resize(columns, 24), now());
            keys(&mut app, "g L J K");
            screen(&app);
            keys(&mut app, "esc < >");
        }
    }
}

#[test]
fn what_can_follow_stands_at_the_foot() {
    for size in [(60, 18), (80, 24), (120, 40), (200, 60)] {
        let mut app = themed(ThemeName::Terminal, size);
        keys(&mut app, "g");
        let drawn = screen(&app);
        let foot = drawn.lines().rev().take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join(" ");
        for word in ["g …", "n note", "x …", "e last", "esc ends"] {
            assert!(foot.contains(word), "{size:?} {word}:\n{drawn}");
        }
    }
    let mut app = themed(ThemeName::Terminal, (60, 18));
    keys(&mut app, "g");
    insta::assert_snapshot!(mono(&app, 60, 16..18), @r#"
    ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
    bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
     g …  n note  x …  o open  g first  e last  esc ends
    .bddddbdddddddbddddbdddddddbddddddddbdddddddbbbddddddd......
    "#);
}

#[test]
fn what_is_off_is_dimmed_in_help_and_says_why() {
    let mut app = console(five());
    crate::app::tests::tell(&mut app, Msg::Opened(Box::new(Opened { access: Access::ReadOnly, ..opened(five()) })));
    keys(&mut app, "? 'confirm it'");
    insta::assert_snapshot!(mono(&app, 100, 7..11), @r#"
    ┃   LOW     Us┃ filter confirm it
    bbbb..........b.bbbbbbb..........r..................................................................
    ┃             ┃ c           compromised       not now: This workspace is read-only: nothing can be s
    b.............b.rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr
    ┃             ┃ s           safe              not now: This workspace is read-only: nothing can be s
    b.............b.ddddddddddd.ddddddddddddddddd.dddddddddddddddddddddddddddddddddddddddddddddddddddddd
    ┃             ┃
    b.............b.....................................................................................
    "#);
}

#[test]
fn the_columns_menu() {
    let mut app = sized((80, 24), five());
    keys(&mut app, "L j j space K");
    insta::assert_snapshot!(screen(&app), @r#"
     entriage  contoso.test  DEMO  read-write                      synced 2 min ago
     1 high · 3 medium · 1 low · 1 token theft
    ┏ 1 Risky users ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 5 ┓
    ┃   ┏ Columns of the users ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 4 shown ┓   ┃
    ┃▌  ┃ ●  LEVEL             risk level                                      ┃   ┃
    ┃   ┃    DETECTIONS        open detections of all, and token theft         ┃   ┃
    ┃   ┃ ●  USER              name and what is special; takes the room that … ┃   ┃
    ┃   ┃ ●  UPDATED           when the risk last changed                      ┃   ┃
    ┃   ┃ ●  STATE             risk state                                      ┃   ┃
    ┃   ┃    DETAIL            risk detail: what brought it there              ┃   ┃
    ┃   ┃    NEWEST DETECTION  type of the newest detection                    ┃   ┃
    ┃   ┃    SIGN-INS          sign-ins whose risk is open                     ┃   ┃
    ┗━━━┃    EVIDENCE          whether it can still be looked at               ┃━━━┛
    ┌ 2 ┃    ENABLED           whether the account may sign in                 ┃ 1 ┐
    │   ┃    MFA               registered for multifactor authentication       ┃   │
    │▌  ┃    TYPE              member or guest                                 ┃   │
    │   ┃    HYBRID            synchronised from on-premises                   ┃   │
    └───┃    PASSWORD          when it was last changed                        ┃───┘
    ┌ 3 ┃ Space shows or hides · J K move · r as configured · Enter closes     ┃ ▾ ┐
    │Pas┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛   │
    │An attack that tries common passwords on many accounts has found this one's.  │
    │That the account was used is not proven.                                      │
    └──────────────────────────────────────────────────────────────────────────────┘
     d dismiss  c compromised  s safe  r remediate  e explain  u unblock  ? help
    "#);
}

#[test]
fn many_columns_on_a_wide_screen_and_fewer_on_a_narrow_one() {
    let mut app = sized((200, 60), five());
    keys(&mut app, "L j j j j j space j space j space j space j space esc z");
    let rows = |app: &App| screen(app).lines().skip(1).take(5).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(rows(&app), @r#"
    ┏ 1 Risky users ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 5 ┓
    ┃   LEVEL ▾ USER                                                            DETECTIONS    UPDATED   STATE       DETAIL                        NEWEST DETECTION            SIGN-INS  EVIDENCE  ENABLED  ┃
    ┃▌  HIGH    User alex                                                       1             1 h       at risk     –                             Password spray              1         fresh     yes      ┃
    ┃   MEDIUM  User adele                                                      1    ◆ token  1 h       at risk     –                             Anomalous token             1         fresh     yes      ┃
    ┃   MEDIUM  User bob                                                        1             1 h       at risk     –                             New country                 1         fresh     yes      ┃
    "#);
    app.update(Msg::Resize(120, 40), now());
    insta::assert_snapshot!(rows(&app), @r#"
    ┏ 1 Risky users ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 5 ┓
    ┃   LEVEL ▾ USER                                     DETECTIONS    UPDATED   STATE       DETAIL                        ┃
    ┃▌  HIGH    User alex                                1             1 h       at risk     –                             ┃
    ┃   MEDIUM  User adele                               1    ◆ token  1 h       at risk     –                             ┃
    ┃   MEDIUM  User bob                                 1             1 h       at risk     –                             ┃
    "#);
}

#[test]
fn a_column_without_room_says_so_in_the_menu() {
    let mut app = sized((120, 40), five());
    keys(&mut app, "L");
    let drawn = screen(&app);
    assert!(drawn.contains("no room here · risk state"), "{drawn}");
    keys(&mut app, "esc > > > L");
    assert!(!screen(&app).contains("no room here"));
}

/// The colours on the screen: in the background, and of all text.
fn colours(app: &App) -> (Vec<Color>, Vec<Color>) {
    let size = app.size();
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    terminal.draw(|frame| draw(frame, app)).unwrap();
    let (mut behind, mut text) = (Vec::new(), Vec::new());
    for cell in &terminal.backend().buffer().content {
        if !behind.contains(&cell.bg) {
            behind.push(cell.bg);
        }
        if !text.contains(&cell.fg) {
            text.push(cell.fg);
        }
    }
    (behind, text)
}

#[test]
fn a_theme_with_a_background_leaves_no_cell_to_the_terminal() {
    for name in [ThemeName::Light, ThemeName::HighContrast, ThemeName::ColourBlind] {
        for open in ["", "d", "x", "?", "L", "e", "g", "o", "/ 'level:'", "n 'x'"] {
            let mut app = themed(name, (120, 40));
            keys(&mut app, open);
            let (behind, text) = colours(&app);
            assert!(!behind.contains(&Color::Reset) && !text.contains(&Color::Reset), "{name} {open}: {behind:?} {text:?}");
        }
    }
}

#[test]
fn the_terminals_own_theme_uses_its_palette_and_mono_nothing() {
    let mut app = themed(ThemeName::Terminal, (120, 40));
    let (behind, text) = colours(&app);
    assert_eq!(behind, [Color::Reset]);
    assert!(text.iter().all(|colour| [Color::Reset, Color::Cyan, Color::Yellow, Color::Red, Color::Green].contains(colour)), "{text:?}");
    keys(&mut app, ": 'theme' enter g e enter");
    assert_eq!(colours(&app), (vec![Color::Reset], vec![Color::Reset]));
}

#[test]
fn dates_and_ages_reach_the_column_of_the_last_change() {
    let mut app = sized((120, 40), five());
    let row = |app: &App| screen(app).lines().find(|line| line.contains("HIGH    User alex")).unwrap().chars().take(54).collect::<String>();
    assert!(row(&app).contains(" 1 h "), "{}", row(&app));
    keys(&mut app, "T");
    assert!(row(&app).contains(" 13:05 ") && !row(&app).contains(" 1 h "), "{}", row(&app));
}
