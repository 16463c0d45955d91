//! Cases, saved views and snapshots by their keys.

use super::tests::{console, five, keys, sized};
use super::*;
use crate::domain::case::{CaseChange, Status, Verdict};
use crate::domain::fixture::now;
use crate::domain::journal::{Entry, Head, encode};
use crate::domain::views::View;

/// Takes entries in as if the journal had them.
pub fn record(app: &mut App, entries: Vec<Entry>) {
    let mut ledger = app.ledger().clone();
    for entry in entries {
        ledger.apply(&encode(&Head::default(), now(), "tester", entry).unwrap().0);
    }
    app.update(Msg::Ledger(ledger), now());
}

/// Does what the effects of a key ask of the journal; answers what is said then.
fn recorded(app: &mut App, effects: Vec<Effect>) -> String {
    let mut told = String::new();
    for effect in effects {
        let Effect::Record { entries, said } = effect else { panic!("{effect:?}") };
        record(app, entries);
        told = said;
    }
    told
}

pub fn press(app: &mut App, typed: &str) -> String {
    let effects = keys(app, typed);
    recorded(app, effects)
}

fn said(app: &App) -> &str {
    app.toasts().current().map_or("", |toast| &toast.text)
}

fn menu(app: &App) -> &overlay::Menu {
    match app.overlay() {
        Some(Overlay::Menu(menu)) => menu,
        other => panic!("no menu but {other:?}"),
    }
}

fn shown(app: &App) -> Vec<&str> {
    (0..app.users().len()).filter_map(|at| app.users().at(at, app.dataset())).map(|records| records.id().as_str()).collect()
}

#[test]
fn a_verdict_sends_nothing_and_says_what_would_tell_entra() {
    let mut app = console(five());
    let told = press(&mut app, "V enter");
    assert_eq!(told, "User alex: verdict false positive. Not sent: s (confirm user safe) tells Entra.");
    assert_eq!(app.ledger().case(&"alex".into()).unwrap().verdict, Some(Verdict::FalsePositive));
    keys(&mut app, "V");
    assert_eq!(menu(&app).about, "User alex · false positive · open");
    assert!(menu(&app).items[0].label.starts_with('●'));
    assert_eq!(keys(&mut app, "enter"), []);
    assert!(said(&app).starts_with("It is so already"));
}

#[test]
fn marked_users_get_an_entry_each_and_those_who_have_it_none() {
    let mut app = console(five());
    let closed = CaseChange { status: Some(Status::Closed), ..CaseChange::default() };
    record(&mut app, vec![Entry::Case { user: "adele".into(), change: closed.clone() }]);
    assert_eq!(keys(&mut app, "a V j j j j j j enter"), [], "for more than one, it is asked");
    assert_eq!(menu(&app).message.as_deref(), Some("Once more sets it: status closed for 5 users."));
    assert_eq!(keys(&mut app, "k enter"), [], "and agreed to for what was asked only");
    let effects = keys(&mut app, "j enter enter");
    let [Effect::Record { entries, said }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((entries.len(), said.as_str()), (4, "4 users: status closed."));
    assert!(entries.iter().all(|entry| matches!(entry, Entry::Case { change, .. } if *change == closed)));
}

#[test]
fn tags_are_typed_checked_and_taken_away_again() {
    let mut app = console(five());
    keys(&mut app, "V j j j j j j j enter 'two words' enter");
    assert!(matches!(app.overlay(), Some(Overlay::Typed(typed)) if typed.message.is_some()));
    let told = press(&mut app, "ctrl-u 'PT-118' enter");
    assert_eq!(told, "User alex: tagged PT-118.");
    keys(&mut app, "/ 'tag:pt-118' enter");
    assert_eq!(shown(&app), ["alex"]);
    assert_eq!(press(&mut app, "V G enter"), "User alex: no longer tagged PT-118.");
    assert_eq!(shown(&app), Vec::<&str>::new(), "the filter follows the journal");
}

#[test]
fn no_more_cases_are_changed_at_once_than_can_be_read() {
    let users = (0..=cases::MOST).map(|at| crate::domain::fixture::risky_user(&format!("u{at}"), "newCountry")).collect();
    let mut app = console(users);
    keys(&mut app, "a V");
    assert!(app.overlay().is_none());
    assert!(said(&app).contains("at most 1,000"), "{}", said(&app));
}

#[test]
fn the_case_is_told_where_the_user_is_explained() {
    let mut app = console(five());
    press(&mut app, "V j j enter");
    keys(&mut app, "e");
    let Some(Overlay::Explain(explain)) = app.overlay() else { panic!() };
    let lines = app.explain_lines(explain, layout::large_overlay(app.size()));
    assert!(lines.iter().any(|line| line.text == "Case: true positive · open"), "{lines:?}");
}

#[test]
fn number_keys_show_views_and_bring_their_order() {
    let mut app = console(five());
    keys(&mut app, "4");
    assert_eq!((shown(&app), app.users().filter.as_str()), (vec!["alex"], "@high-risk"));
    keys(&mut app, "5");
    assert_eq!(shown(&app), ["adele"]);
    keys(&mut app, "7");
    assert!(said(&app).starts_with("No view is on 7. ' lists"), "{}", said(&app));
    let view = View {
        name: "names".to_owned(),
        query: "level:low,medium".to_owned(),
        sort: Some("userDisplayName:desc".to_owned()),
        key: Some(7),
    };
    record(&mut app, vec![Entry::ViewSaved { view }]);
    keys(&mut app, "7");
    assert_eq!(shown(&app), ["dave", "carol", "bob", "adele"]);
    keys(&mut app, "/ end ' user:bob' enter");
    assert_eq!(shown(&app), ["bob"], "a view is a term among others");
}

#[test]
fn the_filter_is_saved_put_on_a_key_and_removed_in_the_menu() {
    let mut app = console(five());
    keys(&mut app, "/ 'level:low'");
    keys(&mut app, "enter");
    app.update(Msg::Key(Key::plain(KeyCode::Char('\''))), now());
    keys(&mut app, "s 'low one' enter");
    assert!(matches!(app.overlay(), Some(Overlay::Typed(typed)) if typed.message.is_some()));
    assert_eq!(press(&mut app, "ctrl-u 'low' enter"), "Saved as @low.");
    app.update(Msg::Key(Key::plain(KeyCode::Char('\''))), now());
    assert_eq!(press(&mut app, "G 9"), "@low is on 9.");
    keys(&mut app, "esc / ctrl-u enter 9");
    assert_eq!(shown(&app), ["dave"]);
    app.update(Msg::Key(Key::plain(KeyCode::Char('\''))), now());
    assert_eq!(keys(&mut app, "G D D j"), [], "asked first, and not agreed to by the same key");
    let told = press(&mut app, "G D enter");
    assert_eq!(told, "@low is removed. It asked for: level:low");
    keys(&mut app, "esc / ctrl-u enter 9");
    assert!(said(&app).starts_with("No view is on 9"), "{}", said(&app));
}

#[test]
fn the_cursor_of_the_views_stays_on_its_view_when_keys_move_it() {
    let mut app = console(five());
    record(&mut app, vec![Entry::ViewSaved { view: View { name: "zz".to_owned(), query: "level:low".to_owned(), sort: None, key: None } }]);
    open_views(&mut app);
    assert_eq!(press(&mut app, "G 5"), "@zz is on 5. @token-theft has no key any more.");
    assert!(matches!(app.overlay(), Some(Overlay::Views(menu)) if menu.held.as_deref() == Some("zz")));
    let effects = keys(&mut app, "D enter");
    let [Effect::Record { entries, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(entries, &[Entry::ViewRemoved { name: "zz".to_owned() }]);
}

#[test]
fn a_letter_chooses_a_verdict_and_two_at_once_are_refused() {
    let mut app = console(five());
    let hints: Vec<&str> = {
        keys(&mut app, "V");
        menu(&app).items.iter().take(4).map(|item| item.label.trim().split(' ').next().unwrap()).collect()
    };
    assert_eq!(hints, ["f", "b", "t", "u"]);
    assert_eq!(press(&mut app, "t"), "User alex: verdict true positive. Not sent: c (confirm user compromised) tells Entra.");
    assert!(app.overlay().is_none());
    let effects = keys(&mut app, "V space");
    assert_eq!(keys(&mut app, "j j space"), [], "it is true positive still, but false positive is on its way");
    assert!(said(&app).ends_with("Nothing was changed."), "{}", said(&app));
    recorded(&mut app, effects);
    assert_eq!(app.ledger().case(&"alex".into()).unwrap().verdict, Some(Verdict::FalsePositive));
}

#[test]
fn a_view_does_not_name_itself_and_nothing_is_no_view() {
    let mut app = console(five());
    app.update(Msg::Key(Key::plain(KeyCode::Char('\''))), now());
    keys(&mut app, "s");
    assert!(matches!(app.overlay(), Some(Overlay::Views(menu)) if menu.message.as_ref().is_some_and(|why| why.contains("no filter"))));
    keys(&mut app, "esc 4");
    app.update(Msg::Key(Key::plain(KeyCode::Char('\''))), now());
    keys(&mut app, "s 'HIGH-risk' enter");
    assert!(
        matches!(app.overlay(), Some(Overlay::Typed(typed)) if typed.message.as_ref().is_some_and(|why| why.contains("@HIGH-risk itself")))
    );
}

fn open_views(app: &mut App) {
    app.update(Msg::Key(Key::plain(KeyCode::Char('\''))), now());
}

#[test]
fn a_view_is_replaced_only_where_that_was_agreed_to() {
    let mut app = console(five());
    keys(&mut app, "/ 'level:low' enter");
    open_views(&mut app);
    assert_eq!(keys(&mut app, "s 'token-theft' enter"), [], "asked first");
    let asked = |app: &App| matches!(app.overlay(), Some(Overlay::Typed(typed)) if typed.message.as_ref().is_some_and(|why| why.contains("Enter again replaces it")));
    assert!(asked(&app));
    assert_eq!(keys(&mut app, "backspace 't' enter"), [], "what is typed since was not agreed to");
    assert!(asked(&app));
    assert_eq!(press(&mut app, "enter"), "Saved as @token-theft, in place of the one before.");
    assert_eq!(app.ledger().views().on_key(5).unwrap().query, "level:low");
}

#[test]
fn a_view_shows_all_that_it_asks_for_whatever_was_being_found() {
    for by in ["5", "/ '@token-theft' enter"] {
        let mut app = console(five());
        keys(&mut app, "f 'bob' enter");
        assert_eq!(shown(&app), ["bob"]);
        keys(&mut app, by);
        assert_eq!((shown(&app), app.users().find.as_str()), (vec!["adele"], ""), "{by}");
    }
}

#[test]
fn verdict_status_and_tag_are_set_in_a_row() {
    let mut app = console(five());
    assert!(press(&mut app, "V space").starts_with("User alex: verdict false positive."));
    assert!(menu(&app).items[0].label.starts_with('●'), "the menu stays, and follows the journal");
    assert_eq!(press(&mut app, "j j j j j j enter"), "User alex: status closed.");
    assert!(app.overlay().is_none());
}

#[test]
fn evidence_that_will_expire_is_counted_down() {
    let mut users = five();
    let old = Timestamp(now().0 - chrono::TimeDelta::days(87));
    users[1].detections[0].detected_date_time = Some(old);
    users[1].detections[0].activity_date_time = Some(old);
    let app = sized((120, 40), users);
    assert_eq!(format::evidence_left(app.user().unwrap(), now()).map(|(left, _)| left).as_deref(), Some("3 d"));
    let lines = app.detail_lines();
    assert!(
        lines
            .iter()
            .any(|line| line.text == "Evidence (a detection) expires in 3 d: a snapshot keeps it." && line.tone == details::Tone::Warning),
        "{lines:?}"
    );
}

#[test]
fn the_evidence_of_whom_is_meant_is_set_aside() {
    let mut app = console(five());
    assert_eq!(keys(&mut app, "E"), [Effect::Snapshot(vec!["alex".into()])]);
    assert!(said(&app).starts_with("Setting the evidence of User alex aside"), "{}", said(&app));
    keys(&mut app, "space space");
    assert_eq!(keys(&mut app, "E"), [Effect::Snapshot(vec!["alex".into(), "adele".into()])]);
    keys(&mut app, "2 j");
    let of_one = app.user().unwrap().id().clone();
    assert_eq!(keys(&mut app, "E"), [Effect::Snapshot(vec![of_one])], "marks of users are not meant in another pane");
    let snapshot = Entry::Snapshot { users: vec!["alex".into()], folder: "/w/s".to_owned(), manifest: "0".to_owned() };
    record(&mut app, vec![snapshot]);
    keys(&mut app, "1 A g V");
    assert_eq!(menu(&app).about, "User alex · evidence set aside just now");
}

#[test]
fn too_many_are_not_set_aside_at_once() {
    let users = (0..=cases::MOST_SNAPSHOTS).map(|at| crate::domain::fixture::risky_user(&format!("u{at}"), "newCountry")).collect();
    let mut app = console(users);
    assert_eq!(keys(&mut app, "a E"), []);
    assert!(said(&app).contains("at most 200"), "{}", said(&app));
}

#[test]
fn the_list_follows_a_view_that_is_saved_anew() {
    let mut app = console(five());
    keys(&mut app, "4");
    let view = View { name: "high-risk".to_owned(), query: "level:low".to_owned(), sort: None, key: Some(4) };
    record(&mut app, vec![Entry::ViewSaved { view }]);
    assert_eq!(shown(&app), ["dave"]);
    record(&mut app, vec![Entry::ViewRemoved { name: "high-risk".to_owned() }]);
    assert_eq!((shown(&app), app.users().filter.as_str()), (vec!["dave"], "@high-risk"), "what it asked for holds");
}
