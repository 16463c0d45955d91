//! Cases, saved views and the countdown of evidence, as drawn.

use chrono::TimeDelta;

use super::tests::{mono, screen};
use crate::app::case_tests::record;
use crate::app::tests::{five, keys, sized};
use crate::app::{App, Key, KeyCode, Msg};
use crate::domain::case::{CaseChange, Status, Verdict};
use crate::domain::fixture::now;
use crate::domain::journal::Entry;
use crate::domain::time::Timestamp;
use crate::domain::views::View;

/// Alex: judged, tagged and set aside; adele: evidence that expires.
fn told(size: (u16, u16)) -> App {
    let mut users = five();
    let old = Timestamp(now().0 - TimeDelta::days(87));
    users[2].detections[0].detected_date_time = Some(old);
    users[2].detections[0].activity_date_time = Some(old);
    let mut app = sized(size, users);
    let tags = vec!["PT-118".to_owned(), "<b>\u{202e}".to_owned()];
    let change = CaseChange { verdict: Some(Verdict::TruePositive), status: Some(Status::Closed), tag: tags, ..CaseChange::default() };
    let users = vec!["alex".into()];
    let snapshot = Entry::Snapshot { users, folder: "/w/snapshots/20261122-alex".to_owned(), manifest: "0".repeat(64) };
    record(&mut app, vec![Entry::Case { user: "alex".into(), change }, snapshot]);
    app
}

fn quote() -> Msg {
    Msg::Key(Key::plain(KeyCode::Char('\'')))
}

fn open_views(app: &mut App) {
    let query = "state:atRisk -guest:true age:<12h".to_owned();
    let view = View { name: "night-shift".to_owned(), query, sort: Some("riskLastUpdatedDateTime:desc".to_owned()), key: None };
    record(app, vec![Entry::ViewSaved { view }]);
    app.update(quote(), now());
}

/// Some lines of the screen.
fn part(app: &App, rows: std::ops::Range<usize>) -> String {
    screen(app).lines().skip(rows.start).take(rows.len()).collect::<Vec<_>>().join("\n")
}

#[test]
fn no_size_breaks_the_drawing_of_a_case() {
    type Step = fn(&mut App);
    let opened: [(&str, Step); 5] = [
        ("menu", |app| drop(keys(app, "V"))),
        ("tag", |app| drop(keys(app, "V G k k enter 'two words' enter"))),
        ("views", open_views),
        ("name", |app| {
            keys(app, "4");
            app.update(quote(), now());
            keys(app, "s 'a b' enter");
        }),
        ("explained", |app| drop(keys(app, "e"))),
    ];
    for (what, open) in opened {
        let mut app = told((120, 40));
        open(&mut app);
        assert!(app.overlay().is_some(), "{what}");
        for columns in [1, 2, 20, 59, 60, 79, 80, 120, 200, 300] {
            for rows in [1, 2, 17, 18, 24, 40, 100] {
                app.update(Msg::Resize(columns, rows), now());
                screen(&app);
            }
        }
    }
}

#[test]
fn the_case_in_list_and_details() {
    let app = told((120, 40));
    insta::assert_snapshot!(part(&app, 0..8), @r#"
     entriage  contoso.test  DEMO  read-write                   1 high · 3 medium · 1 low · 1 token theft  synced 2 min ago
    ┏ 1 Risky users ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 5 ┓┌ 2 Risky sign-ins ─ User alex ────────────────────────────── 1 ┐
    ┃   LEVEL ▾ USER              DETECTIONS    UPDATED   ┃│   TIME        IP ADDRESS       LOCATION CLIENT     STATE      │
    ┃▌  HIGH    User alex  [TP] ✓ 1             1 h       ┃│▌  13:05 today 203.0.113.7      ?        Browser    at risk    │
    ┃   MEDIUM  User ad… 3 d left 1    ◆ token  1 h       ┃│                                                               │
    ┃   MEDIUM  User bob          1             1 h       ┃│                                                               │
    ┃   MEDIUM  User carol        1             1 h       ┃│                                                               │
    ┃   LOW     User dave deleted 1             1 h       ┃│                                                               │
    "#);
}

#[test]
fn verdicts_and_countdown_in_mono() {
    let mut app = told((60, 18));
    app.update(Msg::Resize(60, 18), now());
    insta::assert_snapshot!(mono(&app, 58, 3..6), @r#"
    ┏ 1 Risky users ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 5
    bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
    ┃   LEVEL ▾ USER                   DETECTIONS    UPDATED
    b...bbbbbbbbdddddddddddddddddddddddddddddddddddddddddddddd
    ┃▌  HIGH    User alex       [TP] ✓ 1             1 h
    brrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr
    "#);
}

#[test]
fn the_menu_of_a_case() {
    let mut app = told((80, 24));
    keys(&mut app, "V");
    insta::assert_snapshot!(part(&app, 2..24), @r#"
    ┏ 1 Risky users ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 5 ┓
    ┃┏ Case ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ User alex · true positive · closed · #… ┓┃
    ┃┃   f verdict: false positive        nothing happened: a wrong detection     ┃┃
    ┃┃   b verdict: benign true positive  it happened, and was meant to           ┃┃
    ┃┃ ● t verdict: true positive         it was an attack                        ┃┃
    ┃┃   u verdict: undetermined          it was looked at, and cannot be told    ┃┃
    ┃┃     status: open                                                           ┃┃
    ┃┃     status: in progress                                                    ┃┃
    ┃┃ ●   status: closed                                                         ┃┃
    ┃┃     add a tag …                    one word                                ┃┃
    ┗┃ ●   #<b>\u{202e}                   Enter takes this tag away               ┃┛
    ┌┃ ●   #PT-118                        Enter takes this tag away               ┃┐
    │┃ Nothing is sent to the tenant. s (confirm user safe) tells Entra the same. ┃│
    │┃                                                                            ┃│
    │┃                                                                            ┃│
    └┃                                                                            ┃┘
    ┌┃ Enter or its letter sets it · Space sets it and stays · Esc closes         ┃┐
    │┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛│
    │An attack that tries common passwords on many accounts has found this one's.  │
    │That the account was used is not proven.                                      │
    └──────────────────────────────────────────────────────────────────────────────┘
     d dismiss  c compromised  s safe  r remediate  e explain  u unblock  ? help
    "#);
}

#[test]
fn the_menu_of_views() {
    let mut app = told((80, 24));
    open_views(&mut app);
    insta::assert_snapshot!(part(&app, 3..21), @r#"
    ┃   LEVEL ▾ USER                           DETECTIONS    UPDATED   STATE       ┃
    ┃┏ Saved views ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 4 views ┓┃
    ┃┃ 4  @high-risk               level:high state:atRisk,confirmedCompromised   ┃┃
    ┃┃ 5  @token-theft             tokentheft:true state:atRisk,confirmedComprom… ┃┃
    ┃┃ 6  @expiring                evidence:expiring state:atRisk,confirmedCompr… ┃┃
    ┃┃    @night-shift             state:atRisk -guest:true age:<12h  by riskLas… ┃┃
    ┃┃                                                                            ┃┃
    ┃┃                                                                            ┃┃
    ┃┃                                                                            ┃┃
    ┗┃                                                                            ┃┛
    ┌┃                                                                            ┃┐
    │┃                                                                            ┃│
    │┃                                                                            ┃│
    │┃                                                                            ┃│
    └┃                                                                            ┃┘
    ┌┃ Enter shows · s saves the filter · 4 to 9 puts it there · D removes · Esc  ┃┐
    │┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛│
    │An attack that tries common passwords on many accounts has found this one's.  │
    "#);
}

#[test]
fn the_journal_shows_the_record_under_the_cursor_whole_and_names_who_is_meant() {
    let mut app = told((60, 18));
    keys(&mut app, "J");
    let ids = vec!["alex".to_owned(), "adele".to_owned(), "a user who is not here".to_owned()];
    let entry = Entry::Intent { job: crate::domain::journal::JobId(2), call: 1, ids };
    let record = crate::domain::journal::JournalRecord { seq: 7, at: now(), operator: "operator".to_owned(), entry, prev: String::new() };
    app.update(Msg::Journal(vec![record]), now());
    let screen = part(&app, 0..18).replace(['┃', '\n'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(screen.contains("job 2, request 1: about to send 3 ids · User alex, User adele"), "{screen}");
}
