//! What can be done in each view that lies over the panes: help lists it there, and what is no key of a view says so.

use super::App;
use super::command::{COMMANDS, CommandId as Id, Context};
use super::help::{Entry, Help, Runs};
use super::key::{Key, KeyCode};
use super::msg::Effect;
use super::overlay::Overlay;

/// One thing that can be done in a view.
#[derive(Debug, Clone, Copy)]
pub enum Deed {
    /// By the key of a command, and what that does here.
    Of(Id, &'static str),
    /// By keys that no key map changes: the keys, what it is called, and what it does.
    By(&'static [&'static str], &'static str, &'static str),
}

use Deed::{By, Of};

const MOVES: &[Deed] = &[
    Of(Id::Down, "Move down"),
    Of(Id::Up, "Move up"),
    Of(Id::PageDown, "Move down one page"),
    Of(Id::PageUp, "Move up one page"),
    Of(Id::Top, "Move to the first row"),
    Of(Id::Bottom, "Move to the last row"),
];

/// What can be done in all of them.
const EVERYWHERE: &[Deed] = &[
    Of(Id::Back, "Close it"),
    Of(Id::Help, "Show what can be done here"),
    Of(Id::Palette, "Find what can be done here, and do it"),
    Of(Id::Privacy, "Mask names, addresses and the tenant on the screen, or show them"),
    Of(Id::Suspend, "Go to the background of the shell"),
    Of(Id::Cancel, "Close it"),
];

const TIMELINE: &[Deed] = &[
    Of(Id::Earlier, "Go to the event before"),
    Of(Id::Later, "Go to the next event"),
    Of(Id::ZoomIn, "Look nearer, around the cursor"),
    Of(Id::ZoomOut, "Look from further away"),
    Of(Id::Open, "Show the sign-in or detection in the panes, or the job in the list of jobs"),
    Of(Id::Down, "Move down through the sessions"),
    Of(Id::Up, "Move up through the sessions"),
    Of(Id::PageDown, "Move down one page of sessions"),
    Of(Id::PageUp, "Move up one page of sessions"),
    Of(Id::Top, "Go to the first event"),
    Of(Id::Bottom, "Go to the last event"),
    Of(Id::Map, "Show the map of this user"),
    Of(Id::Overview, "Show the overview of the tenant"),
    Of(Id::Timeline, "Close it"),
];

const MAP: &[Deed] = &[
    Of(Id::Open, "Show the sign-in or detection in the panes"),
    Of(Id::Timeline, "Show the timeline of this user"),
    Of(Id::Overview, "Show the overview of the tenant"),
    Of(Id::Map, "Close it"),
];

const OVERVIEW: &[Deed] = &[
    Of(Id::Open, "Show the users that this row counts"),
    Of(Id::Overview, "Compute it anew where records changed since, else close it"),
    Of(Id::Timeline, "Show the timeline of the user in front"),
    Of(Id::Map, "Show the map of the user in front"),
];

const CAMPAIGNS: &[Deed] = &[
    Of(Id::Open, "Show the users of this campaign, by an exact filter"),
    Of(Id::Mark, "Mark the users of this campaign"),
    Of(Id::MarkAll, "Mark the users of this campaign"),
    Of(Id::Campaigns, "Look for campaigns again"),
];

const JOBS: &[Deed] = &[
    Of(Id::Open, "Resume the job, or show how it came out; open the checklist of a playbook"),
    Of(Id::CancelJob, "Cancel the open job, after a question"),
    Of(Id::Undo, "Plan to undo the job"),
    Of(Id::Jobs, "Close it"),
];

const JOURNAL: &[Deed] = &[Of(Id::Undo, "Plan to undo the job that this record is about")];

const VIEWS: &[Deed] = &[
    Of(Id::Open, "Show the view"),
    By(&["s"], "save", "Save the filter that holds as a view"),
    By(&["D"], "remove", "Remove the view, after a question"),
    Of(Id::View4, "Put the view on this key"),
    Of(Id::View5, "Put the view on this key"),
    Of(Id::View6, "Put the view on this key"),
    Of(Id::View7, "Put the view on this key"),
    Of(Id::View8, "Put the view on this key"),
    Of(Id::View9, "Put the view on this key"),
];

const COLUMNS: &[Deed] = &[
    Of(Id::Mark, "Show or hide the column"),
    By(&["J", "shift-down"], "move down", "Move the column towards the end"),
    By(&["K", "shift-up"], "move up", "Move the column towards the beginning"),
    By(&["r"], "as configured", "Take the columns of the configuration"),
    Of(Id::Open, "Close it; the workspace remembers the columns"),
];

const MESSAGES: &[Deed] = &[Of(Id::Copy, "Send the message to the terminal's clipboard"), Of(Id::Messages, "Close it")];

/// The name of a view, and what can be done in it, but for moving and what goes everywhere; nothing for what asks or is typed into.
fn place(overlay: &Overlay) -> Option<(&'static str, &'static [Deed])> {
    Some(match overlay {
        Overlay::Timeline(_) => ("the timeline", TIMELINE),
        Overlay::Map(_) => ("the map", MAP),
        Overlay::Overview(_) => ("the overview", OVERVIEW),
        Overlay::Campaigns(_) => ("the campaigns", CAMPAIGNS),
        Overlay::Jobs { .. } => ("the jobs", JOBS),
        Overlay::Journal { .. } => ("the journal", JOURNAL),
        Overlay::Views(_) => ("the saved views", VIEWS),
        Overlay::Columns(_) => ("the columns", COLUMNS),
        Overlay::Messages { .. } => ("the messages", MESSAGES),
        _ => return None,
    })
}

fn all(own: &'static [Deed]) -> impl Iterator<Item = &'static Deed> {
    let moves = MOVES.iter().filter(|deed| !own.iter().any(|other| command(deed).is_some() && command(deed) == command(other)));
    own.iter().chain(moves).chain(EVERYWHERE)
}

fn command(deed: &Deed) -> Option<Id> {
    match deed {
        Of(id, _) => Some(*id),
        By(..) => None,
    }
}

/// Keys that are written in this file.
fn written(keys: &[&str]) -> impl Iterator<Item = Key> {
    keys.iter().filter_map(|key| key.parse().ok())
}

impl App {
    /// Takes a key that opens help or the palette over a view, or that does nothing there; says whether it was one.
    pub(super) fn key_beside_place(&mut self, key: Key) -> bool {
        let Some((name, own)) = self.overlay.as_ref().and_then(place) else { return false };
        let keys = &self.options.keys;
        let context = if matches!(self.overlay, Some(Overlay::Jobs { .. })) { Context::Jobs } else { Context::List };
        let (here, in_panes) = (keys.command(context, key), keys.command(Context::Users, key));
        if let (None, Some(id @ (Id::Help | Id::Palette))) = (here, in_panes) {
            self.open_help_over(name, own, id == Id::Palette);
            return true;
        }
        let is_of = |deed: &Deed| match deed {
            Of(Id::Open, _) if key.code == KeyCode::Enter => true,
            Of(Id::Mark, _) if key.code == KeyCode::Char(' ') => true,
            Of(id, _) => here == Some(*id) || in_panes == Some(*id),
            By(written_keys, ..) => written(written_keys).any(|of| of == key),
        };
        if self.leaves(key) || all(own).any(is_of) {
            return false;
        }
        let nothing = self.nothing_here(key);
        if let Some(overlay) = &mut self.overlay {
            overlay.say(nothing);
        }
        true
    }

    /// That a key does nothing here, where it does something, and how to learn more.
    pub(super) fn nothing_here(&self, key: Key) -> String {
        let keys = &self.options.keys;
        let elsewhere = if self.overlay.is_some() {
            // In the panes, once this is closed.
            keys.command(self.context(), key).map(|id| format!(", but in the panes: {}", title(id)))
        } else {
            let in_lists = keys.command(Context::Jobs, key).or_else(|| keys.command(Context::List, key));
            in_lists.map(|id| format!(". {}", sentence(id)))
        };
        let help = keys.hint(Id::Help);
        let more = if help.is_empty() { String::new() } else { format!(" · {help} for help") };
        format!("{} does nothing here{}{more}", keys.words(key), elsewhere.unwrap_or_default())
    }

    fn open_help_over(&mut self, name: &'static str, own: &'static [Deed], palette: bool) {
        let keys = &self.options.keys;
        let entry = |deed: &Deed| match deed {
            Of(id, help) => Entry {
                id: Some(*id),
                title: title(*id),
                name: name_of(*id),
                help: (*help).to_owned(),
                keys: keys.keys(*id).map(ToString::to_string).collect(),
                off: keys.first(*id).is_none().then(|| "It has no key.".to_owned()),
                runs: keys.first(*id).map_or(Runs::Nothing, Runs::Key),
            },
            By(written_keys, title, help) => Entry {
                id: None,
                title,
                name: title,
                help: (*help).to_owned(),
                keys: written_keys.iter().map(|key| (*key).to_owned()).collect(),
                off: None,
                runs: written(written_keys).next().map_or(Runs::Nothing, Runs::Key),
            },
        };
        let entries: Vec<Entry> = all(own).map(entry).collect();
        let mut help = Help::of(palette, name, entries, keys, Context::Users);
        help.back = self.overlay.take().map(Box::new);
        self.overlay = Some(Overlay::Help(Box::new(help)));
    }

    /// Does what an entry of help stands for: in the panes, or in the view that help lies over.
    pub(super) fn run_entry(&mut self, runs: Runs, back: Option<Box<Overlay>>) -> Vec<Effect> {
        self.overlay = back.map(|back| *back);
        match runs {
            Runs::Command(id) => self.run(id),
            Runs::Key(key) if self.options.keys.command(Context::List, key) == Some(Id::Privacy) => {
                self.toggle_privacy();
                Vec::new()
            }
            Runs::Key(key) if self.options.keys.command(Context::Users, key) == Some(Id::Suspend) => self.suspend(),
            Runs::Key(key) if self.key_beside_place(key) => Vec::new(),
            Runs::Key(key) => self.key_in_overlay(key),
            Runs::Nothing => Vec::new(),
        }
    }

    /// Takes help off the view beneath it, so that what comes from outside finds that one; answers the help.
    pub(super) fn lift_help(&mut self) -> Option<Box<Help>> {
        match self.overlay.take() {
            Some(Overlay::Help(mut help)) if help.back.is_some() => {
                self.overlay = help.back.take().map(|back| *back);
                Some(help)
            }
            other => {
                self.overlay = other;
                None
            }
        }
    }

    /// Lays help over its view again; where that is gone, help is gone with it.
    pub(super) fn lay_help(&mut self, help: Option<Box<Help>>) {
        let Some(mut help) = help else { return };
        if let Some(back) = self.overlay.take_if(|overlay| place(overlay).is_some()) {
            help.back = Some(Box::new(back));
            self.overlay = Some(Overlay::Help(help));
        }
    }
}

fn title(id: Id) -> &'static str {
    COMMANDS.iter().find(|command| command.id == id).map_or("", |command| command.title)
}

fn name_of(id: Id) -> &'static str {
    COMMANDS.iter().find(|command| command.id == id).map_or("", |command| command.name)
}

fn sentence(id: Id) -> &'static str {
    COMMANDS.iter().find(|command| command.id == id).map_or("", |command| command.help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Msg;
    use crate::app::case_tests::record;
    use crate::app::tests::{console, five, keys};
    use crate::domain::fixture::now;

    /// Each view by the keys that open it.
    const VIEWS: [&str; 9] = ["t", "m", "0", "C", "x", "J", "quote", "L", "M"];

    fn open(app: &mut App, view: &str) {
        if view == "quote" {
            app.update(Msg::Key(Key::plain(KeyCode::Char('\''))), now());
        } else {
            keys(app, view);
        }
        assert!(app.overlay().and_then(place).is_some(), "{view}");
    }

    fn name(app: &App) -> Option<&'static str> {
        app.overlay().and_then(place).map(|(name, _)| name)
    }

    fn help(app: &App) -> &Help {
        match app.overlay() {
            Some(Overlay::Help(help)) => help,
            other => panic!("no help but {other:?}"),
        }
    }

    #[test]
    fn every_written_key_is_one() {
        for own in [TIMELINE, MAP, OVERVIEW, CAMPAIGNS, JOBS, JOURNAL, super::VIEWS, COLUMNS, MESSAGES] {
            for deed in own {
                if let By(keys, ..) = deed {
                    assert_eq!(written(keys).count(), keys.len());
                }
            }
        }
    }

    #[test]
    fn help_opens_over_every_view_and_comes_back_to_it() {
        for view in VIEWS {
            for by in ["?", ":"] {
                let mut app = console(five());
                open(&mut app, view);
                let before = name(&app);
                keys(&mut app, by);
                assert!(help(&app).len() > 8 && help(&app).palette == (by == ":"), "{view}");
                keys(&mut app, "esc");
                assert_eq!(name(&app), before, "{view}");
                keys(&mut app, by);
                let closes = if by == "?" { "'close it' enter" } else { "'close' enter" };
                keys(&mut app, closes);
                assert!(app.overlay().is_none(), "{view} {by}: {:?}", app.overlay());
            }
        }
    }

    #[test]
    fn what_a_view_cannot_do_is_said_in_it() {
        for view in VIEWS {
            let mut app = console(five());
            open(&mut app, view);
            assert_eq!(keys(&mut app, "I"), []);
            let told = app.overlay().and_then(Overlay::said).unwrap_or_default();
            assert_eq!(told, "I does nothing here · ? for help", "{view}");
            assert_eq!(keys(&mut app, "d"), []);
            let told = app.overlay().and_then(Overlay::said).unwrap_or_default();
            assert_eq!(told, "d does nothing here, but in the panes: dismiss · ? for help", "{view}");
            assert_eq!(keys(&mut app, "down"), []);
            assert_eq!(app.overlay().and_then(Overlay::said), None, "{view}");
        }
    }

    #[test]
    fn what_comes_from_outside_finds_the_view_beneath_help() {
        let mut app = console(five());
        keys(&mut app, "J ?");
        app.update(Msg::Journal(Vec::new()), now());
        keys(&mut app, "esc");
        assert!(matches!(app.overlay(), Some(Overlay::Journal { records: Some(_), .. })));
    }

    #[test]
    fn a_word_without_a_hit_names_the_place_that_has_it() {
        let mut app = console(five());
        keys(&mut app, "? 'undo'");
        assert_eq!(
            (help(&app).len(), help(&app).elsewhere.as_slice()),
            (0, &["U  undo: In jobs and journal: plan to undo the job under the cursor".to_owned()][..])
        );
        keys(&mut app, "enter ctrl-u 'qqq'");
        assert!(help(&app).is_empty() && help(&app).elsewhere.is_empty());
        keys(&mut app, "esc t ? 'dismiss-risk'");
        assert!(help(&app).elsewhere[0].starts_with("d  dismiss: in the panes: Plan to dismiss"), "{:?}", help(&app).elsewhere);
        keys(&mut app, "esc esc U");
        assert!(app.toasts().current().unwrap().text.starts_with("U does nothing here. In jobs and journal: plan to undo"));
    }

    #[test]
    fn an_entry_of_help_does_what_its_key_does() {
        let mut app = console(five());
        open(&mut app, "quote");
        let effects = {
            keys(&mut app, "? 'view-7'");
            keys(&mut app, "enter")
        };
        assert!(matches!(effects.as_slice(), [Effect::Record { .. }]), "{effects:?}");
        let Some(Effect::Record { entries, .. }) = effects.into_iter().next() else { return };
        record(&mut app, entries);
        assert_eq!(name(&app), Some("the saved views"));
        assert!(app.ledger().views().on_key(7).is_some());
    }
}
