//! Themes: which colour each role has, whether it can be read, and what a terminal can show of it.

use std::fmt;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::colour::{Colour, Depth, READABLE, ratio};
use super::config_problem::{ConfigProblem, line};

use Colour::{Indexed, Rgb, Terminal};

/// What a colour is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Text.
    Text,
    /// What is behind everything.
    Background,
    /// What matters less.
    Quiet,
    /// What has the focus.
    Accent,
    /// Something to notice.
    Warning,
    /// Something that failed, or the worst.
    Danger,
    /// Something that came out as promised.
    Good,
    /// Risk of medium level.
    Medium,
    /// The row under the cursor.
    Selected,
    /// What is behind the row under the cursor.
    SelectedBackground,
}

impl Role {
    /// All roles.
    pub const ALL: [Role; 10] = [
        Role::Text,
        Role::Background,
        Role::Quiet,
        Role::Accent,
        Role::Warning,
        Role::Danger,
        Role::Good,
        Role::Medium,
        Role::Selected,
        Role::SelectedBackground,
    ];

    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Role::Text => "text",
            Role::Background => "background",
            Role::Quiet => "quiet",
            Role::Accent => "accent",
            Role::Warning => "warning",
            Role::Danger => "danger",
            Role::Good => "good",
            Role::Medium => "medium",
            Role::Selected => "selected",
            Role::SelectedBackground => "selected-background",
        }
    }
}

/// A theme that ships with the program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ThemeName {
    /// The terminal's own colours.
    #[default]
    Terminal,
    /// Dark on white.
    Light,
    /// As far apart as can be, on black.
    HighContrast,
    /// Told apart with any colour vision, on near black (after Okabe and Ito).
    ColourBlind,
    /// No colour: words, weight and marks.
    Mono,
}

impl ThemeName {
    /// All of them.
    pub const ALL: [ThemeName; 5] =
        [ThemeName::Terminal, ThemeName::Light, ThemeName::HighContrast, ThemeName::ColourBlind, ThemeName::Mono];

    /// Its name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            ThemeName::Terminal => "terminal",
            ThemeName::Light => "light",
            ThemeName::HighContrast => "high-contrast",
            ThemeName::ColourBlind => "colour-blind",
            ThemeName::Mono => "mono",
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            ThemeName::Terminal => "the terminal's own colours",
            ThemeName::Light => "dark on white",
            ThemeName::HighContrast => "as far apart as can be, on black",
            ThemeName::ColourBlind => "told apart with any colour vision, on near black",
            ThemeName::Mono => "no colour: words, weight and marks",
        }
    }
}

impl fmt::Display for ThemeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A theme: the colour of each role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Which one it is, or is made from.
    pub name: ThemeName,
    colours: [Colour; 10],
}

impl Default for Theme {
    fn default() -> Self {
        Theme::named(ThemeName::default())
    }
}

impl Theme {
    /// A theme as it ships.
    pub fn named(name: ThemeName) -> Theme {
        let rgb = |value: u32| {
            let [_, red, green, blue] = value.to_be_bytes();
            Rgb(red, green, blue)
        };
        // In the order of the roles.
        let colours = match name {
            ThemeName::Mono => [Terminal; 10],
            ThemeName::Terminal => {
                [Terminal, Terminal, Terminal, Indexed(6), Indexed(3), Indexed(1), Indexed(2), Indexed(3), Terminal, Terminal]
            }
            ThemeName::Light => {
                [0x1f2328, 0xffffff, 0x57606a, 0x0550ae, 0x7d4e00, 0xb3151c, 0x116329, 0x7d4e00, 0xffffff, 0x0550ae].map(rgb)
            }
            ThemeName::HighContrast => {
                [0xffffff, 0x000000, 0xd8d8d8, 0x00ffff, 0xffff00, 0xff8080, 0x00ff00, 0xffff00, 0x000000, 0xffffff].map(rgb)
            }
            ThemeName::ColourBlind => {
                [0xe6e6e6, 0x101010, 0xa8a8a8, 0x56b4e9, 0xf0e442, 0xd55e00, 0x009e73, 0xe69f00, 0x000000, 0x56b4e9].map(rgb)
            }
        };
        Theme { name, colours }
    }

    /// The colour of a role.
    pub fn get(&self, role: Role) -> Colour {
        self.colours.get(role as usize).copied().unwrap_or(Terminal)
    }

    fn set(&mut self, role: Role, colour: Colour) {
        if let Some(held) = self.colours.get_mut(role as usize) {
            *held = colour;
        }
    }

    /// The theme as this terminal can show it.
    pub fn at(&self, depth: Depth) -> Theme {
        let mut shown = *self;
        let unreadable = self.unreadable();
        for role in [Role::Background, Role::SelectedBackground] {
            shown.set(role, self.get(role).nearest(depth, None));
        }
        for role in Role::ALL.into_iter().filter(|role| ![Role::Background, Role::SelectedBackground].contains(role)) {
            let behind = if role == Role::Selected { Role::SelectedBackground } else { Role::Background };
            // Who chose a colour that cannot be read was told, and gets what is nearest to it.
            let behind = shown.get(behind).usual().filter(|_| !unreadable.iter().any(|(of, ..)| *of == role));
            shown.set(role, self.get(role).nearest(depth, behind));
        }
        shown
    }

    /// Every role that cannot be read on what is behind it, as far as both are known: with that and the contrast. Of two of the sixteen
    /// colours, which every terminal shows as it likes, as they usually look; a colour on itself cannot be read however it looks.
    pub fn unreadable(&self) -> Vec<(Role, Role, f64)> {
        let on = |role: Role, behind: Role| {
            let colour = match self.get(role) {
                // Without a colour of its own, the row under the cursor is text.
                Terminal if role == Role::Selected => self.get(Role::Text),
                colour => colour,
            };
            let behind_it = self.get(behind);
            let ratio = match (colour.known(), behind_it.known()) {
                (Some(colour), Some(behind)) => ratio(colour, behind),
                _ if colour == behind_it && colour != Terminal => 1.0,
                (None, None) => ratio(colour.usual()?, behind_it.usual()?),
                _ => return None,
            };
            (ratio < READABLE).then_some((role, behind, ratio))
        };
        let all = Role::ALL.into_iter().filter(|role| ![Role::Background, Role::SelectedBackground].contains(role));
        all.filter_map(|role| on(role, if role == Role::Selected { Role::SelectedBackground } else { Role::Background })).collect()
    }

    /// Reads `[theme]` of the configuration. What does not work is reported with its line, and left as it was.
    pub fn read(text: &str, table: &Spanned<DeValue<'_>>, problems: &mut Vec<ConfigProblem>) -> Theme {
        let mut theme = Theme::default();
        let Some(entries) = table.get_ref().as_table() else {
            problems.push(ConfigProblem::at(text, table.span().start, "theme is a section: [theme], then name = \"light\""));
            return theme;
        };
        let mut lines = [None; 10];
        let name_line = entries.get("name").map(|name| line(text, name.span().start));
        if let Some(name) = entries.get("name") {
            match ThemeName::ALL.into_iter().find(|known| name.get_ref().as_str() == Some(known.as_str())) {
                Some(known) => theme = Theme::named(known),
                None => {
                    let names = ThemeName::ALL.map(ThemeName::as_str).join(", ");
                    problems.push(ConfigProblem::at(text, name.span().start, format!("there is no such theme; name is one of {names}")));
                }
            }
        }
        for (role, colour, at) in roles(text, entries, problems) {
            theme.set(role, colour);
            if let Some(held) = lines.get_mut(role as usize) {
                *held = Some(at);
            }
        }
        let line_of = |role: Role| lines.get(role as usize).copied().flatten();
        let section = line(text, table.span().start);
        problems.extend(theme.unreadable().into_iter().map(|(role, behind, ratio)| ConfigProblem {
            line: line_of(role).or(line_of(behind)).or(name_line).unwrap_or(section),
            message: format!(
                "{} on {} is hard to read: contrast {ratio:.1}{}, and {READABLE} is the least (WCAG); it is used all the same",
                role.name(),
                behind.name(),
                if theme.get(behind).known().is_none() { " as terminals usually show these colours" } else { "" }
            ),
        }));
        theme
    }
}

/// The roles that are given a colour, each with its line.
fn roles(text: &str, entries: &DeTable<'_>, problems: &mut Vec<ConfigProblem>) -> Vec<(Role, Colour, usize)> {
    let mut found = Vec::new();
    for (name, value) in entries.iter().filter(|(name, _)| name.get_ref() != "name") {
        let at = value.span().start;
        let Some(role) = Role::ALL.into_iter().find(|role| role.name() == name.get_ref()) else {
            let roles = Role::ALL.map(Role::name).join(", ");
            let message = format!("a theme has no {:?}; it has name and {roles}", name.get_ref());
            problems.push(ConfigProblem::at(text, name.span().start, message));
            continue;
        };
        let colour = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().parse(),
            DeValue::String(text) => text.parse(),
            _ => "".parse(),
        };
        match colour {
            Ok(colour) => found.push((role, colour, line(text, at))),
            Err(message) => problems.push(ConfigProblem::at(text, at, format!("{}: {message}", role.name()))),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Theme, Vec<ConfigProblem>) {
        let mut problems = Vec::new();
        let table = DeTable::parse(text).unwrap();
        let theme = Theme::read(text, table.get_ref().get("theme").unwrap(), &mut problems);
        (theme, problems)
    }

    #[test]
    fn every_shipped_theme_can_be_read_at_every_depth() {
        for name in ThemeName::ALL {
            for depth in [Depth::TrueColour, Depth::Indexed, Depth::Sixteen] {
                let shown = Theme::named(name).at(depth);
                assert_eq!(shown.unreadable(), [], "{name} {depth:?}");
                for role in Role::ALL.into_iter().filter(|_| depth == Depth::Sixteen) {
                    assert!(matches!(shown.get(role), Terminal | Indexed(0..16)), "{name} {role:?}");
                    let behind = if role == Role::Selected { Role::SelectedBackground } else { Role::Background };
                    if let Some((one, other)) = shown.get(role).usual().zip(shown.get(behind).usual())
                        && role != behind
                        && role != Role::SelectedBackground
                    {
                        assert!(ratio(one, other) >= READABLE, "{name} {role:?} {:?}", shown.get(role));
                    }
                }
            }
        }
    }

    #[test]
    fn a_theme_is_chosen_and_single_roles_are_overridden() {
        let (theme, problems) = read("[theme]\nname = \"light\"\ndanger = \"#d00000\"\nquiet = 242\n");
        assert_eq!(problems, []);
        assert_eq!((theme.name, theme.get(Role::Danger), theme.get(Role::Quiet)), (ThemeName::Light, Rgb(208, 0, 0), Indexed(242)));
        assert_eq!(theme.get(Role::Accent), Theme::named(ThemeName::Light).get(Role::Accent));
    }

    #[test]
    fn what_is_wrong_in_a_theme_is_told_with_its_line_and_what_is_allowed() {
        let (theme, problems) = read("[theme]\nname = \"solarized\"\ndangr = \"red\"\naccent = \"teal\"\nquiet = true\n");
        let told: Vec<(usize, &str)> = problems.iter().map(|problem| (problem.line, problem.message.as_str())).collect();
        assert_eq!(told.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 4, 3, 5]);
        assert!(
            told[0].1.contains("colour-blind") && told[1].1.contains("#d00000") && told[2].1.contains("selected-background"),
            "{told:?}"
        );
        assert_eq!(theme, Theme::default());
        let (_, problems) = read("theme = \"light\"\n");
        assert!(problems[0].message.contains("[theme]"), "{problems:?}");
    }

    #[test]
    fn a_pair_that_cannot_be_read_is_told_with_the_line_that_made_it_so() {
        let (theme, problems) = read("[theme]\nname = \"light\"\nwarning = \"#ffcc00\"\n");
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].line, 3);
        assert!(problems[0].message.starts_with("warning on background is hard to read: contrast 1.5"), "{problems:?}");
        assert_eq!(theme.get(Role::Warning), Rgb(255, 204, 0), "it is the operator's choice");
        assert_eq!(theme.at(Depth::Indexed).get(Role::Warning), Indexed(220));
        let (_, problems) = read("[theme]\ndanger = \"#d00000\"\n");
        assert_eq!(problems, [], "nobody knows the terminal's background");
    }
    #[test]
    fn named_colours_are_held_against_each_other_as_they_usually_look() {
        let problems = |text: &str| {
            let table = toml::de::DeTable::parse(text).unwrap();
            let mut problems = Vec::new();
            Theme::read(text, table.get_ref().get("theme").unwrap(), &mut problems);
            problems.into_iter().map(|problem| problem.message).collect::<Vec<_>>()
        };
        let told = problems("[theme]\nbackground = \"black\"\ntext = \"black\"\n");
        assert!(told.iter().any(|told| told.starts_with("text on background is hard to read: contrast 1.0 as terminals")), "{told:?}");
        let told = problems("[theme]\nselected = \"blue\"\nselected-background = \"blue\"\n");
        assert!(told.iter().any(|told| told.starts_with("selected on selected-background")), "{told:?}");
        assert!(!problems("[theme]\nbackground = \"black\"\ntext = \"white\"\n").iter().any(|told| told.starts_with("text on")));
    }
}
