//! Colours: how they are written, what a terminal can show of them, and how well one is read on another.

use std::str::FromStr;

use Colour::{Indexed, Rgb, Terminal};

/// A colour, free of any terminal library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// The terminal's own.
    Terminal,
    /// One of the 256; the first 16 are the terminal's palette, and nobody knows how they look.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

/// The names of the first 16 colours.
const NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "grey",
    "dark-grey",
    "light-red",
    "light-green",
    "light-yellow",
    "light-blue",
    "light-magenta",
    "light-cyan",
    "white",
];

/// How the first 16 look on most terminals: good enough to choose the nearest.
const USUAL: [(u8, u8, u8); 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

impl FromStr for Colour {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} is not a colour; write \"#d00000\", a number from 0 to 255, \"terminal\", or one of {}", NAMES.join(", "));
        if text == "terminal" {
            return Ok(Terminal);
        }
        if let Some(at) = (0u8..).zip(NAMES).find_map(|(at, name)| (name == text).then_some(at)) {
            return Ok(Indexed(at));
        }
        if let Some(digits) = text.strip_prefix('#') {
            let value = u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 6 && !digits.starts_with('+')).ok_or_else(wrong)?;
            let [_, red, green, blue] = value.to_be_bytes();
            return Ok(Rgb(red, green, blue));
        }
        text.parse().map(Indexed).map_err(|_| wrong())
    }
}

impl Colour {
    /// What it looks like, where that is known.
    pub fn known(self) -> Option<(u8, u8, u8)> {
        match self {
            Terminal | Indexed(0..16) => None,
            Indexed(at @ 16..232) => {
                let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
                let at = at - 16;
                Some((level(at / 36), level(at / 6 % 6), level(at % 6)))
            }
            Indexed(at) => Some((8 + 10 * (at - 232), 8 + 10 * (at - 232), 8 + 10 * (at - 232))),
            Rgb(red, green, blue) => Some((red, green, blue)),
        }
    }

    /// What it usually looks like; `None` for the terminal's own.
    pub fn usual(self) -> Option<(u8, u8, u8)> {
        match self {
            Indexed(at) => USUAL.get(usize::from(at)).copied().or(self.known()),
            colour => colour.known(),
        }
    }

    /// The nearest that can be shown, of those that can be read on `behind` if there are any.
    pub fn nearest(self, depth: Depth, behind: Option<(u8, u8, u8)>) -> Colour {
        let candidates = match (depth, self) {
            (Depth::TrueColour, _) | (_, Terminal | Indexed(0..16)) | (Depth::Indexed, Indexed(_)) => return self,
            (Depth::Indexed, _) => 16..=255,
            (Depth::Sixteen, _) => 0..=15u8,
        };
        let Some(wanted) = self.known() else { return self };
        let far = |colour: Colour| {
            let (red, green, blue) = colour.usual().unwrap_or_default();
            let part = |one: u8, other: u8| u32::from(one.abs_diff(other)).pow(2);
            part(wanted.0, red) + part(wanted.1, green) + part(wanted.2, blue)
        };
        let unread = |colour: Colour| {
            let ratio = behind.zip(colour.usual()).map(|(behind, colour)| ratio(behind, colour));
            ratio.is_some_and(|ratio| ratio < READABLE)
        };
        candidates.map(Indexed).min_by_key(|colour| (unread(*colour), far(*colour))).unwrap_or(self)
    }
}

/// What the terminal can show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Depth {
    /// Any colour.
    TrueColour,
    /// The 256.
    Indexed,
    /// The 16 of its palette.
    #[default]
    Sixteen,
}

impl Depth {
    /// What the environment says: `COLORTERM` and `TERM`.
    pub fn of(colorterm: &str, term: &str) -> Depth {
        if ["truecolor", "24bit"].contains(&colorterm) || term.ends_with("-direct") {
            Depth::TrueColour
        } else if term.contains("256color") {
            Depth::Indexed
        } else {
            Depth::Sixteen
        }
    }
}

/// What WCAG asks of text: contrast of 4.5 to 1.
pub const READABLE: f64 = 4.5;

/// Relative luminance (WCAG 2).
fn luminance((red, green, blue): (u8, u8, u8)) -> f64 {
    let linear = |part: u8| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

/// Contrast of two colours, from 1 to 21 (WCAG 2).
pub fn ratio(one: (u8, u8, u8), other: (u8, u8, u8)) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_wcag() {
        let of = |one: &str, other: &str| {
            let known = |text: &str| text.parse::<Colour>().unwrap().known().unwrap();
            format!("{:.2}", ratio(known(one), known(other)))
        };
        assert_eq!([of("#000000", "#ffffff"), of("#777777", "#ffffff"), of("#767676", "#ffffff")], ["21.00", "4.48", "4.54"]);
    }

    #[test]
    fn colours_are_written_in_several_ways_and_shown_as_the_terminal_can() {
        let colour = |text: &str| text.parse::<Colour>().unwrap();
        assert_eq!(
            [colour("#d00000"), colour("cyan"), colour("208"), colour("terminal")],
            [Rgb(208, 0, 0), Indexed(6), Indexed(208), Terminal]
        );
        for wrong in ["", "256", "-1", "#d0000", "#+d0000", "crimson", "#d000000"] {
            assert!(wrong.parse::<Colour>().unwrap_err().contains("light-red"), "{wrong}");
        }
        assert_eq!(colour("#d00000").nearest(Depth::TrueColour, None), Rgb(208, 0, 0));
        assert_eq!(colour("#d00000").nearest(Depth::Indexed, None), Indexed(160));
        assert_eq!(colour("#d00000").nearest(Depth::Sixteen, None), Indexed(1));
        assert_eq!(colour("208").nearest(Depth::Indexed, None), Indexed(208));
        assert_eq!(colour("#00cd00").nearest(Depth::Sixteen, Some((255, 255, 255))), Indexed(0), "green cannot be read on white");
    }

    #[test]
    fn the_environment_says_what_can_be_shown() {
        assert_eq!(Depth::of("truecolor", "xterm"), Depth::TrueColour);
        assert_eq!(Depth::of("", "tmux-256color"), Depth::Indexed);
        assert_eq!(Depth::of("", "linux"), Depth::Sixteen);
    }
}
