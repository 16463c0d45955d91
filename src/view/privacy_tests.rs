//! Privacy mode over the demo tenant: whatever is opened, no name, principal name or address is drawn.

use std::collections::HashSet;

use super::tests::screen;
use crate::app::command::COMMANDS;
use crate::app::overlay::Overlay;
use crate::app::preferences::Preferences;
use crate::app::tests::{keys, opened};
use crate::app::{App, KeyMap, Msg, Options};
use crate::domain::dataset::Dataset;
use crate::domain::fixture::now;
use crate::domain::journal::{Entry, JournalRecord};
use crate::domain::ledger::Ledger;
use crate::domain::records::UserRecords;
use crate::domain::text::safe;
use crate::domain::workspace::DemoSpec;
use crate::tenant::demo::Population;

const SIZES: [(u16, u16); 4] = [(60, 18), (80, 24), (120, 40), (200, 60)];

/// Another operator, in the journal from the beginning, and one who comes later.
const COLLEAGUE: &str = "rosalind";
const LATER: &str = "thaddeus";

fn demo() -> Vec<UserRecords> {
    let population = Population::new(DemoSpec { seed: 1, users: 200, epoch: now(), rate: None, faults: Vec::new() });
    (0..200).map(|index| population.records(index)).collect()
}

fn console(size: (u16, u16), privacy: bool) -> App {
    let options = Options { keys: KeyMap::defaults(), hold_seconds: 5, size, mono: false };
    let mut app = App::new(options, now()).prefer(Preferences { privacy, ..Preferences::default() });
    let mut opened = opened(demo());
    opened.account = Some("casey.operator@contoso.test".to_owned());
    opened.ledger.apply(&noted(1, COLLEAGUE, &opened.dataset));
    crate::app::tests::tell(&mut app, Msg::Opened(Box::new(opened)));
    app
}

/// How everything begins that must not be seen: names, principal names, addresses, the operator and the tenant.
fn secrets(users: &[UserRecords]) -> HashSet<String> {
    let mut secrets: HashSet<String> = ["contoso.test", "tester", "casey", COLLEAGUE, LATER].map(beginning).into();
    for records in users {
        let user = &records.user;
        secrets.extend([&user.user_display_name, &user.user_principal_name].into_iter().flatten().map(|name| beginning(&safe(name))));
        let addresses = records.sign_ins.iter().filter_map(|sign_in| sign_in.ip_address.as_deref());
        secrets.extend(addresses.chain(records.detections.iter().filter_map(|detection| detection.ip_address.as_deref())).map(beginning));
    }
    let devices =
        users.iter().flat_map(|records| &records.sign_ins).filter_map(|sign_in| sign_in.device_detail.as_ref()?.display_name.as_deref());
    let devices: Vec<String> = devices.filter(|name| !name.is_empty()).map(beginning).collect();
    assert!(!devices.is_empty());
    secrets.extend(devices);
    // One of the hostile names begins with a word of the program's own.
    secrets.remove("first");
    secrets.retain(|secret| secret.chars().count() == 5);
    assert!(secrets.len() > 100, "{}", secrets.len());
    secrets
}

fn beginning(text: &str) -> String {
    text.to_lowercase().chars().take(5).collect()
}

#[track_caller]
fn shows_nobody(app: &App, secrets: &HashSet<String>, how: &str) {
    let screen = screen(app);
    for line in screen.lines() {
        let letters: Vec<char> = line.to_lowercase().chars().collect();
        for at in 0..letters.len() {
            // In the middle of a word it is no name: "Ines" in "lines".
            let begins = at.checked_sub(1).is_none_or(|before| !letters[before].is_alphanumeric());
            let word: String = letters.iter().skip(at).take(5).collect();
            assert!(!begins || !secrets.contains(&word), "{word:?} after {how}:\n{screen}");
        }
    }
    assert!(screen.contains("PRIVACY"), "{how}:\n{screen}");
}

#[test]
fn nothing_that_a_command_opens_names_anybody() {
    let secrets = secrets(&demo());
    let map = KeyMap::defaults();
    for (size, pane) in [((60, 18), "1"), ((80, 24), "2 w"), ((120, 40), "1"), ((120, 40), "3"), ((200, 60), "2")] {
        let mut app = console(size, true);
        keys(&mut app, pane);
        for command in COMMANDS {
            for key in map.keys(command.id).take(1).flat_map(|sequence| sequence.keys()) {
                app.update(Msg::Key(*key), now());
            }
            if !app.is_private() {
                keys(&mut app, "X");
            }
            fill(&mut app);
            shows_nobody(&app, &secrets, &format!("{pane} {} at {size:?}", command.name));
            keys(&mut app, "pgdn j enter");
            shows_nobody(&app, &secrets, &format!("{pane} {} pgdn j enter at {size:?}", command.name));
            keys(&mut app, "esc esc esc");
            keys(&mut app, pane);
        }
    }
}

/// Lets what waits for something have it.
fn fill(app: &mut App) {
    if let Some(Overlay::Journal { .. }) = app.overlay() {
        let records = [(1, COLLEAGUE), (2, "tester"), (3, LATER)].map(|(seq, operator)| noted(seq, operator, app.dataset()));
        app.update(Msg::Ledger(Ledger::fold(&records)), now());
        app.update(Msg::Journal(records.to_vec()), now());
    }
}

/// A note of this operator about the first user.
fn noted(seq: u64, operator: &str, dataset: &Dataset) -> JournalRecord {
    let records = &dataset.users()[0];
    let entry = Entry::Note { user: records.id().clone(), text: format!("called {} at 203.0.113.9", records.user.name()) };
    JournalRecord { seq, at: now(), operator: operator.to_owned(), entry, prev: String::new() }
}

#[test]
fn walks_through_users_plans_and_messages_name_nobody() {
    let secrets = secrets(&demo());
    for size in SIZES {
        for walk in ["a d", "a d tab tab pgdn", "a r enter", "G 2 j j", "/ 'adele'", "f 'vance'", "y", "n 'x'", "e pgdn pgdn", "G k e"] {
            let mut app = console(size, true);
            keys(&mut app, walk);
            shows_nobody(&app, &secrets, &format!("{walk} at {size:?}"));
        }
        let mut app = console(size, true);
        for step in 0..25 {
            keys(&mut app, "j");
            shows_nobody(&app, &secrets, &format!("{step} rows down at {size:?}"));
        }
        for index in 0..20 {
            let name = app.dataset().users()[index].user.name().to_owned();
            let address = app.dataset().users()[index].sign_ins.first().and_then(|sign_in| sign_in.ip_address.clone()).unwrap_or_default();
            app.update(
                Msg::Failed(format!("a request for {name} was refused from {address}, which is long enough to be wrapped: {name}")),
                now(),
            );
            shows_nobody(&app, &secrets, "an error");
        }
    }
}

#[test]
fn the_same_user_has_the_same_mask_and_x_shows_the_names_again() {
    let mut app = console((120, 40), false);
    assert!(screen(&app).contains("Adele Vance"));
    keys(&mut app, "X");
    let first = screen(&app);
    keys(&mut app, "X j X k");
    let second = screen(&app);
    let row = |screen: &str| screen.lines().find(|line| line.contains("▌")).map(str::to_owned);
    assert_eq!(row(&first), row(&second));
    keys(&mut app, "J X");
    assert!(!app.is_private() && app.overlay().is_some(), "it works while something is open");
}

#[test]
fn what_is_copied_stays_true_and_says_so() {
    let mut app = console((120, 40), true);
    let effects = keys(&mut app, "y enter");
    assert!(matches!(&effects[..], [crate::app::Effect::Copy(text)] if text.contains("@contoso.test")), "{effects:?}");
    assert!(app.toasts().current().is_some_and(|toast| toast.text.contains("privacy mode masks the screen only")));
}

#[test]
fn the_screen_in_privacy_mode() {
    insta::assert_snapshot!("privacy", [(60, 18), (80, 24), (120, 40)].map(|size| screen(&console(size, true))).join("\n\n"));
}

#[test]
fn no_size_breaks_the_masking() {
    let mut app = console((120, 40), true);
    for overlay in ["", "a d", "y", "e"] {
        keys(&mut app, overlay);
        for columns in (1..=300).step_by(37) {
            for rows in (1..=100).step_by(17) {
                app.update(Msg::Resize(columns, rows), now());
                screen(&app);
            }
        }
        app.update(Msg::Resize(120, 40), now());
        keys(&mut app, "esc esc");
    }
}
