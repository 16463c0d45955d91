//! How the console looks: what the operator configured of it, and what changes at run time.

use super::App;
use super::colour::Depth;
use super::columns::UserColumns;
use super::layout::{self, Share};
use super::theme::{Theme, ThemeName};

/// What the operator configured of how the console looks.
#[derive(Debug, Clone, Default)]
pub struct Look {
    /// The theme.
    pub theme: Theme,
    /// The columns of the risky users.
    pub columns: UserColumns,
    /// What the terminal can show.
    pub depth: Depth,
}

impl App {
    /// The console with the looks that the operator configured.
    pub fn with_look(mut self, look: Look) -> App {
        self.theme = look.theme.at(look.depth);
        self.columns = look.columns.clone();
        self.look = look;
        self
    }

    /// The theme, as the terminal can show it.
    pub fn theme(&self) -> &Theme {
        &self.theme
    }

    /// Whether colour is to be done without, whatever the theme.
    pub fn no_colour_asked(&self) -> bool {
        self.options.mono
    }

    /// Takes another theme, until the console ends: the configured one with its own colours, others as they ship.
    pub(super) fn choose_theme(&mut self, name: ThemeName) {
        let theme = if name == self.look.theme.name { self.look.theme } else { Theme::named(name) };
        self.theme = theme.at(self.look.depth);
        self.toasts.say(format!("The theme is {name}. To keep it: name = \"{name}\" under [theme] in the configuration."), self.now);
    }

    /// Why the panes cannot be resized now.
    pub(super) fn why_no_resize(&self) -> Option<String> {
        if self.zoomed {
            Some(format!("This pane has the whole screen ({} takes it back).", self.options.keys.hint(super::command::CommandId::Zoom)))
        } else if !layout::side_by_side(self.options.size) {
            Some("Panes stand side by side, and can be resized, from 120 columns on.".to_owned())
        } else {
            None
        }
    }

    /// Gives the users a larger or smaller share of the screen.
    pub(super) fn resize_users(&mut self, wider: bool) {
        let share = self.share.step(wider);
        if share == self.share {
            self.toasts.say(if wider { "The users have all the room that they can get." } else { "The users keep this much." }, self.now);
        }
        self.share = share;
    }

    pub(super) fn share(&self) -> Share {
        self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Options;
    use crate::app::layout::Pane;
    use crate::app::overlay::Overlay;
    use crate::app::tests::{console, five, keys, options, sized};
    use crate::app::theme::Role;
    use crate::domain::fixture::now;

    #[test]
    fn the_users_get_more_or_less_room_and_keep_it() {
        let mut app = console(five());
        let width = |app: &App| app.layout().pane(Pane::Users).map(|area| area.width).unwrap();
        let usual = width(&app);
        keys(&mut app, "> >");
        assert!(width(&app) > usual + 6);
        keys(&mut app, "z z 2");
        assert!(width(&app) > usual + 6, "zoom and focus leave it");
        keys(&mut app, "< < <");
        assert!(width(&app) < usual);
        for _ in 0..30 {
            keys(&mut app, ">");
        }
        assert!(width(&app) < 100 && app.layout().pane(Pane::Details).is_some_and(|area| area.width > 24));
        for _ in 0..60 {
            keys(&mut app, "<");
        }
        assert!(width(&app) > 24);
    }

    #[test]
    fn where_panes_are_stacked_or_zoomed_resizing_says_why_not() {
        for (size, pressed, why) in [((80, 24), ">", "120 columns"), ((120, 40), "z <", "z takes it back")] {
            let mut app = sized(size, five());
            keys(&mut app, pressed);
            assert!(app.toasts().current().is_some_and(|toast| toast.text.contains(why)), "{size:?}");
        }
    }

    #[test]
    fn a_theme_is_chosen_from_the_palette() {
        let mut app = console(five());
        keys(&mut app, ": 'theme' enter");
        assert!(matches!(app.overlay(), Some(Overlay::Menu(menu)) if menu.items.len() == ThemeName::ALL.len()));
        keys(&mut app, "j enter");
        assert_eq!(app.theme().name, ThemeName::Light);
        assert!(!app.mono() && app.toasts().current().is_some_and(|toast| toast.text.contains("name = \"light\"")));
        keys(&mut app, ": 'theme' enter G enter");
        assert!(app.mono());
    }

    #[test]
    fn the_configured_theme_keeps_its_own_colours_and_no_colour_wins() {
        let table = "[theme]\nname = \"light\"\ndanger = \"#d00000\"\n";
        let parsed = toml::de::DeTable::parse(table).unwrap();
        let theme = Theme::read(table, parsed.get_ref().get("theme").unwrap(), &mut Vec::new());
        let look = Look { theme, depth: Depth::TrueColour, ..Look::default() };
        let danger = |app: &App| app.theme().get(Role::Danger);
        let mut app = App::new(options(), now()).with_look(look.clone());
        let configured = danger(&app);
        app.choose_theme(ThemeName::HighContrast);
        assert_ne!(danger(&app), configured);
        app.choose_theme(ThemeName::Light);
        assert_eq!(danger(&app), configured);
        let app = App::new(Options { mono: true, ..options() }, now()).with_look(look);
        assert!(app.mono() && super::super::why_off::why_off(super::super::command::CommandId::Theme, &app).is_some());
    }
}
