//! Styles: the terminal's own colours, severity by word and weight as well as colour.

use ratatui::style::{Color, Modifier, Style};

use crate::domain::risk::{RiskLevel, RiskState};

/// The styles of the console; without colour where that is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Theme {
    mono: bool,
}

impl Theme {
    /// The styles, with or without colour.
    pub fn new(mono: bool) -> Self {
        Theme { mono }
    }

    fn colour(self, style: Style, colour: Color) -> Style {
        if self.mono { style } else { style.fg(colour) }
    }

    /// What matters less.
    pub fn quiet(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// What matters more.
    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The one accent: what has the focus.
    pub fn accent(self) -> Style {
        self.colour(self.strong(), Color::Cyan)
    }

    /// Something to notice.
    pub fn warning(self) -> Style {
        self.colour(self.strong(), Color::Yellow)
    }

    /// Something that failed, or the worst.
    pub fn danger(self) -> Style {
        self.colour(self.strong(), Color::Red)
    }

    /// Something that came out as promised.
    pub fn good(self) -> Style {
        self.colour(Style::new(), Color::Green)
    }

    /// The row under the cursor: reversed, and nothing else, so that it can be read on any terminal.
    pub fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// A risk level.
    pub fn level(self, level: Option<&RiskLevel>) -> Style {
        match level {
            Some(RiskLevel::High) => self.danger(),
            Some(RiskLevel::Medium) => self.colour(Style::new(), Color::Yellow),
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
