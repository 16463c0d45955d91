//! Styles: the theme's colours, severity by word and weight as well as colour.

use ratatui::style::{Color, Modifier, Style};

use crate::app::App;
use crate::app::colour::Colour;
use crate::app::theme::{Role, Theme as Colours};
use crate::domain::risk::{RiskLevel, RiskState};

/// The terminal's palette.
const NAMED: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

/// The styles of the console; without colour where that is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Theme {
    mono: bool,
    colours: Colours,
}

impl Theme {
    /// The styles of this console.
    pub fn of(app: &App) -> Self {
        Theme { mono: app.mono(), colours: *app.theme() }
    }

    /// The colour of a role; `None` for the terminal's own.
    fn role(self, role: Role) -> Option<Color> {
        match self.colours.get(role) {
            _ if self.mono => None,
            Colour::Terminal => None,
            // By name where it has one: what each terminal makes of the two ways to say it can differ.
            Colour::Indexed(at) => Some(NAMED.get(usize::from(at)).copied().unwrap_or(Color::Indexed(at))),
            Colour::Rgb(red, green, blue) => Some(Color::Rgb(red, green, blue)),
        }
    }

    fn colour(self, style: Style, role: Role) -> Style {
        self.role(role).map_or(style, |colour| style.fg(colour))
    }

    /// What is behind everything, and text on it.
    pub fn base(self) -> Style {
        let style = self.colour(Style::new(), Role::Text);
        self.role(Role::Background).map_or(style, |colour| style.bg(colour))
    }

    /// What matters less. A colour of its own is chosen to be read, and dimming would take that away.
    pub fn quiet(self) -> Style {
        match self.role(Role::Quiet) {
            Some(colour) => Style::new().fg(colour),
            None => Style::new().add_modifier(Modifier::DIM),
        }
    }

    /// The outlines of countries: behind everything that is drawn on them, so never as strong as text.
    pub fn land(self) -> Color {
        self.role(Role::Quiet).unwrap_or(Color::DarkGray)
    }

    /// What matters more.
    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The one accent: what has the focus.
    pub fn accent(self) -> Style {
        self.colour(self.strong(), Role::Accent)
    }

    /// Something to notice.
    pub fn warning(self) -> Style {
        self.colour(self.strong(), Role::Warning)
    }

    /// Something that failed, or the worst.
    pub fn danger(self) -> Style {
        self.colour(self.strong(), Role::Danger)
    }

    /// Something that came out as promised.
    pub fn good(self) -> Style {
        self.colour(Style::new(), Role::Good)
    }

    /// The row under the cursor: reversed, and nothing else, so that it can be read on any terminal; or in colours of its own.
    pub fn selected(self) -> Style {
        match self.role(Role::SelectedBackground) {
            Some(behind) => self.colour(self.colour(Style::new(), Role::Text), Role::Selected).bg(behind),
            None => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    /// A risk level.
    pub fn level(self, level: Option<&RiskLevel>) -> Style {
        match level {
            Some(RiskLevel::High) => self.danger(),
            Some(RiskLevel::Medium) => self.colour(Style::new(), Role::Medium),
            Some(RiskLevel::None) | None => self.quiet(),
            Some(_) => Style::new(),
        }
    }

    /// A risk state.
    pub fn state(self, state: Option<&RiskState>) -> Style {
        match state {
            Some(RiskState::ConfirmedCompromised) => self.danger(),
            Some(state) if state.is_open() => Style::new(),
            _ => self.quiet(),
        }
    }
}
