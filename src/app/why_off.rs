//! Why a command is off here and now: what help and palette show dimmed, and what its key says.

use super::command::CommandId;
use super::layout::Pane;
use super::{App, Phase, columns_menu, loading};
use crate::domain::plan::Access;

/// Why writing cannot be turned on.
const FORCED: &str = "This console was started with --read-only: nothing can be sent.";

/// Why a command cannot be run in the focused pane now; `None` where it can.
pub fn why_off(command: CommandId, app: &App) -> Option<String> {
    let when = |off: bool, why: &str| off.then(|| why.to_owned());
    let no_user = || when(app.user().is_none(), "There is no user under the cursor.");
    let keys = app.keys();
    if *app.phase() == Phase::Loading && !loading::looks_around(command) {
        return Some("All users are still being read; look around until then.".to_owned());
    }
    if let Some(rests) = app.rests_in_queue(command) {
        return Some(rests);
    }
    if let CommandId::DismissRisk | CommandId::ConfirmCompromised | CommandId::ConfirmSafe | CommandId::Remediate | CommandId::Case =
        command
        && let Some(why) = app.why_wait()
    {
        return Some(why);
    }
    match command {
        CommandId::DismissRisk | CommandId::ConfirmCompromised | CommandId::ConfirmSafe => {
            no_target(app).or_else(|| match app.workspace().access {
                Access::ReadWrite => None,
                Access::Evidence => Some("This workspace holds imported files: there is no tenant to send to.".to_owned()),
                Access::ReadOnly if app.workspace().forced_read_only => {
                    Some(format!("{FORCED} {} shows what could be done.", keys.hint(CommandId::Explain)))
                }
                Access::ReadOnly => Some(format!(
                    "This workspace is read-only: nothing can be sent. {} turns writing on; {} shows what could be done.",
                    keys.hint(CommandId::Writing),
                    keys.hint(CommandId::Explain)
                )),
            })
        }
        // Its menu says for each action why it is off.
        CommandId::Remediate => no_target(app),
        CommandId::MarkAll | CommandId::InvertMarks if app.focus() == Pane::Users && app.users().is_narrowed() => Some(format!(
            "A fuzzy find narrows the list: only an exact filter marks all ({} to leave the find).",
            keys.hint(CommandId::Back)
        )),
        CommandId::Mark | CommandId::MarkRange | CommandId::MarkAll | CommandId::InvertMarks if app.focus() == Pane::SignIns => {
            no_user().or_else(|| when(no_sign_in(app), "There is no sign-in in this list."))
        }
        CommandId::MarkAll | CommandId::InvertMarks => when(app.users().is_empty(), "There is no user in this list."),
        CommandId::PivotBack => when(app.trail().is_empty(), "There is no pivot to go back from."),
        CommandId::ClearMarks => when(app.marked() == 0, "Nothing is marked."),
        CommandId::Open if app.focus() == Pane::SignIns => when(
            app.user().is_none_or(|records| records.detections.is_empty() && records.sign_ins.is_empty()),
            "There is neither a sign-in nor a detection to open.",
        ),
        CommandId::Explain
        | CommandId::WhyBlocked
        | CommandId::Note
        | CommandId::Timeline
        | CommandId::Map
        | CommandId::Page
        | CommandId::Pivot
        | CommandId::Copy
        | CommandId::Mark
        | CommandId::MarkRange
        | CommandId::Open => no_user(),
        CommandId::AllSignIns => no_user()
            .or_else(|| when(app.user().is_some_and(|records| records.sign_ins.is_empty()), "No sign-ins of this user are known here.")),
        CommandId::NotSafe => when(app.users().counts.not_safe == 0, "Nobody whose risk is closed is known not to be safe."),
        CommandId::Writing if app.workspace().access == Access::Evidence => {
            Some("This workspace holds imported files: there is no tenant to write to.".to_owned())
        }
        CommandId::Writing if app.workspace().forced_read_only => Some(FORCED.to_owned()),
        CommandId::Writing => app.busy(),
        CommandId::Refresh if app.syncing().is_some() => Some("The tenant is being read already.".to_owned()),
        CommandId::Refresh => app.busy(),
        CommandId::Theme => when(app.no_colour_asked(), "There are no colours: NO_COLOR is set, or --color never was given."),
        CommandId::Simulate if app.workspace().label != "DEMO" => {
            Some("Only the demo simulates: in a tenant, confirm a test user compromised.".to_owned())
        }
        CommandId::Simulate if app.workspace().access != Access::ReadWrite => Some("This workspace is read-only.".to_owned()),
        CommandId::Simulate => no_user(),
        CommandId::NarrowUsers | CommandId::WidenUsers => app.why_no_resize(),
        CommandId::Columns => columns_menu::why_off(app),
        CommandId::Case | CommandId::Snapshot => when(app.users_meant().is_empty(), "There is no user marked or under the cursor."),
        _ => None,
    }
}

fn no_target(app: &App) -> Option<String> {
    let noun = if app.focus() == Pane::SignIns { "sign-in" } else { "user" };
    let nothing = match app.focus() {
        Pane::SignIns => app.sign_ins().targets().is_empty(),
        Pane::Users | Pane::Details => app.users().targets_are_empty(),
    };
    nothing.then(|| format!("There is no {noun} marked or under the cursor."))
}

fn no_sign_in(app: &App) -> bool {
    app.user().is_none_or(|records| app.sign_ins().shown(records).next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::overlay::Overlay;
    use crate::app::tests::{console, five, keys, opened};
    use crate::app::{Msg, Opened};

    fn off(app: &App, command: CommandId) -> String {
        why_off(command, app).unwrap_or_default()
    }

    #[test]
    fn with_users_under_the_cursor_only_what_needs_marks_a_pivot_or_a_queue_is_off() {
        let app = console(five());
        let off: Vec<&str> = super::super::command::COMMANDS
            .iter()
            .filter(|command| why_off(command.id, &app).is_some())
            .map(|command| command.name)
            .collect();
        assert_eq!(off, ["not-safe", "clear-marks", "pivot-back", "queue-next", "queue-previous", "queue-later"]);
    }

    #[test]
    fn without_users_and_sign_ins_what_needs_them_says_so() {
        let mut app = console(Vec::new());
        for command in [CommandId::Explain, CommandId::Open, CommandId::Note, CommandId::AllSignIns] {
            assert_eq!(off(&app, command), "There is no user under the cursor.", "{command:?}");
        }
        assert_eq!(off(&app, CommandId::DismissRisk), "There is no user marked or under the cursor.");
        assert_eq!(off(&app, CommandId::MarkAll), "There is no user in this list.");
        keys(&mut app, "2");
        assert_eq!(off(&app, CommandId::DismissRisk), "There is no sign-in marked or under the cursor.");
        let mut users = five();
        users.iter_mut().for_each(|records| records.sign_ins.clear());
        let mut app = console(users);
        keys(&mut app, "2");
        assert_eq!(off(&app, CommandId::MarkAll), "There is no sign-in in this list.");
        assert_eq!(off(&app, CommandId::AllSignIns), "No sign-ins of this user are known here.");
    }

    #[test]
    fn where_nothing_can_be_sent_the_key_says_why_and_help_shows_it() {
        for (access, why) in [(Access::ReadOnly, "read-only"), (Access::Evidence, "imported files")] {
            let mut app = console(five());
            crate::app::tests::tell(&mut app, Msg::Opened(Box::new(Opened { access, ..opened(five()) })));
            assert_eq!(keys(&mut app, "d"), []);
            assert!(app.overlay().is_none() && app.toasts().current().is_some_and(|toast| toast.text.contains(why)));
            keys(&mut app, "? 'dismiss the risk'");
            let Some(Overlay::Help(help)) = app.overlay() else { panic!("no help") };
            assert!(help.entry(0).and_then(|entry| entry.off.as_deref()).is_some_and(|off| off.contains(why)));
            keys(&mut app, "enter");
            let Some(Overlay::Help(help)) = app.overlay() else { panic!("what is off was run") };
            assert!(help.message.as_deref().is_some_and(|message| message.contains(why)));
        }
    }

    #[test]
    fn every_command_can_be_run_from_help() {
        let mut app = console(five());
        keys(&mut app, "? 'journal' enter");
        assert!(matches!(app.overlay(), Some(Overlay::Journal { .. })));
    }
}
