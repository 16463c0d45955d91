//! While a large workspace is being read: the users who mattered most the last time are shown at once, and one can look around.
//!
//! Nothing can be chosen or done before everybody is known: a filter, a mark or a plan would silently leave out whoever is not read yet.

use super::command::CommandId;
use super::msg::{Effect, Opened};
use super::{App, Phase};
use crate::domain::dataset::{FIRST_USERS, MANY_USERS};

impl App {
    /// Shows the first users while all are being read. In privacy mode nobody is shown before all names are known.
    pub(super) fn loading(&mut self, opened: Opened) {
        if self.phase == Phase::Ready || self.is_private() || opened.dataset.is_empty() {
            return;
        }
        self.phase = Phase::Loading;
        self.first = opened.dataset.users().iter().map(|records| records.id().clone()).collect();
        self.take_workspace(opened);
        self.remember_columns();
    }

    /// Lets the workspace remember whom to show first, where reading everybody takes long enough to be noticed.
    pub(super) fn keep_first(&mut self) {
        if self.dataset.len() < MANY_USERS {
            return;
        }
        let first = self.users.most_urgent(FIRST_USERS, &self.dataset);
        if first != self.first {
            self.first.clone_from(&first);
            self.todo.push(Effect::KeepFirst(first));
        }
    }
}

/// Whether a command only moves about in what is shown.
pub(super) fn looks_around(command: CommandId) -> bool {
    matches!(
        command,
        CommandId::PaneUsers
            | CommandId::PaneSignIns
            | CommandId::PaneDetails
            | CommandId::NextPane
            | CommandId::PreviousPane
            | CommandId::Down
            | CommandId::Up
            | CommandId::Top
            | CommandId::Bottom
            | CommandId::PageDown
            | CommandId::PageUp
            | CommandId::Open
            | CommandId::Zoom
            | CommandId::AllSignIns
            | CommandId::Privacy
            | CommandId::Suspend
            | CommandId::Quit
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Msg;
    use crate::app::layout::Pane;
    use crate::app::tests::{keys, opened, options, tell};
    use crate::domain::fixture;
    use crate::domain::records::{UserId, UserRecords};
    use crate::domain::risk::RiskLevel;

    /// Users of whom every tenth has high risk.
    fn many(count: usize) -> Vec<UserRecords> {
        (0..count)
            .map(|number| {
                let mut records = fixture::risky_user(&format!("u{number:04}"), "newCountry");
                records.user.risk_level = Some(if number % 10 == 0 { RiskLevel::High } else { RiskLevel::Low });
                records
            })
            .collect()
    }

    fn loading(first: Vec<UserRecords>) -> App {
        let mut app = App::new(options(), fixture::now());
        tell(&mut app, Msg::Loading(Box::new(opened(first))));
        app
    }

    fn kept(effects: &[Effect]) -> Option<&Vec<UserId>> {
        effects.iter().find_map(|effect| match effect {
            Effect::KeepFirst(users) => Some(users),
            _ => None,
        })
    }

    #[test]
    fn while_users_are_read_one_looks_around_and_nothing_else() {
        let mut app = loading(many(20));
        assert_eq!(*app.phase(), Phase::Loading);
        keys(&mut app, "j");
        let second = app.users().cursor().cloned();
        assert!(second.is_some());
        for refused in ["d", "a", "v", "/", "e", "?", ":", "w", "r", "0", "Q", "V", "m", "t", "u", "C", "!"] {
            assert_eq!(keys(&mut app, refused), [], "{refused}");
            assert!(app.overlay().is_none() && app.line().is_none() && app.marked() == 0, "{refused}");
        }
        keys(&mut app, "d");
        assert!(app.toasts().current().is_some_and(|toast| toast.text.contains("still being read")));
        keys(&mut app, "2");
        assert_eq!(app.focus(), Pane::SignIns);
        assert_eq!(keys(&mut app, "q"), [Effect::Quit]);
        // Who was looked at stays under the cursor when everybody is there.
        tell(&mut app, Msg::Opened(Box::new(opened(many(30)))));
        assert_eq!((app.phase(), app.users().cursor().cloned(), app.users().len()), (&Phase::Ready, second, 30));
    }

    #[test]
    fn who_moved_nothing_sees_the_most_urgent_when_everybody_is_read() {
        let mut app = loading(many(20).split_off(1));
        tell(&mut app, Msg::Opened(Box::new(opened(many(20)))));
        assert_eq!(app.users().scroll.at, 0);
        assert_eq!(app.users().cursor(), app.users().at(0, app.dataset()).map(UserRecords::id));
    }

    #[test]
    fn a_large_workspace_remembers_whom_to_show_first_where_that_changed() {
        let everybody = many(2_000);
        let mut app = App::new(options(), fixture::now());
        let effects = app.update(Msg::Opened(Box::new(opened(everybody.clone()))), fixture::now());
        let first = kept(&effects).unwrap().clone();
        assert_eq!(first.len(), FIRST_USERS);
        let of_the_list: Vec<UserId> =
            (0..FIRST_USERS).filter_map(|place| app.users().at(place, app.dataset())).map(|records| records.id().clone()).collect();
        assert_eq!(first, of_the_list, "as they stand in the list");

        let as_kept = first.iter().filter_map(|id| everybody.iter().find(|records| records.id() == id).cloned()).collect();
        let mut app = loading(as_kept);
        let effects = app.update(Msg::Opened(Box::new(opened(everybody))), fixture::now());
        assert_eq!(kept(&effects), None, "nothing changed");

        let effects = App::new(options(), fixture::now()).update(Msg::Opened(Box::new(opened(many(20)))), fixture::now());
        assert_eq!(kept(&effects), None, "a small one is read at once");
    }

    #[test]
    fn in_privacy_mode_nobody_is_shown_before_all_names_are_known() {
        let mut app = App::new(options(), fixture::now());
        app.toggle_privacy();
        tell(&mut app, Msg::Loading(Box::new(opened(many(20)))));
        assert!(matches!(app.phase(), Phase::Opening(_)));
    }

    #[test]
    fn privacy_mode_turned_on_meanwhile_covers_the_screen_until_all_names_are_known() {
        let mut app = loading(many(20));
        keys(&mut app, "X");
        assert!(app.is_covered());
        keys(&mut app, "X");
        assert!(!app.is_covered() && *app.phase() == Phase::Loading);
        keys(&mut app, "X");
        let all = tell_and_hold(&mut app, many(30));
        assert!(app.is_covered(), "the names of those who came are not known yet");
        app.update(all, fixture::now());
        assert!(!app.is_covered() && app.mask().is_some());
    }

    /// Opens the workspace; answers what the computation comes to that this asks for.
    fn tell_and_hold(app: &mut App, users: Vec<UserRecords>) -> Msg {
        let effects = app.update(Msg::Opened(Box::new(opened(users))), fixture::now());
        let asked = effects.into_iter().find_map(|effect| match effect {
            Effect::Compute(computation) => Some(computation),
            _ => None,
        });
        Msg::Computed(Box::new(asked.unwrap().run()))
    }
}
