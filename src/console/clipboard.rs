//! The clipboard of the terminal that the operator sits at (OSC 52), also from inside tmux or screen and over SSH.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What screen takes in one piece of what it passes through.
const PIECE: usize = 500;

/// What stands between this program and the operator's terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Multiplexer {
    /// Nothing that is known.
    None,
    /// tmux.
    Tmux,
    /// GNU screen.
    Screen,
}

impl Multiplexer {
    /// What the environment says.
    pub(super) fn of_environment() -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if set("TMUX") {
            Multiplexer::Tmux
        } else if set("STY") {
            Multiplexer::Screen
        } else {
            Multiplexer::None
        }
    }
}

/// What is written to the terminal so that it takes the text.
pub(super) fn sequences(text: &str, through: Multiplexer) -> String {
    let asked = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    match through {
        Multiplexer::None => asked,
        // Plain for `set-clipboard on`, wrapped for `allow-passthrough on`: tmux drops what is not allowed.
        Multiplexer::Tmux => format!("{asked}\x1bPtmux;{}\x1b\\", asked.replace('\x1b', "\x1b\x1b")),
        Multiplexer::Screen => {
            let letters: Vec<char> = asked.chars().collect();
            letters.chunks(PIECE).map(|piece| format!("\x1bP{}\x1b\\", piece.iter().collect::<String>())).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_wrapped_for_what_stands_between() {
        assert_eq!(sequences("Adele", Multiplexer::None), "\x1b]52;c;QWRlbGU=\x07");
        assert_eq!(sequences("Adele", Multiplexer::Tmux), "\x1b]52;c;QWRlbGU=\x07\x1bPtmux;\x1b\x1b]52;c;QWRlbGU=\x07\x1b\\");
        let pieces = sequences(&"x".repeat(2_000), Multiplexer::Screen);
        assert!(pieces.starts_with("\x1bP\x1b]52;c;") && pieces.ends_with("\x07\x1b\\"));
        assert!(pieces.split("\x1b\\").all(|piece| piece.len() <= PIECE + 2));
    }
}
