//! What the operator prefers, from the configuration file and the command line.

use super::times::Zone;

/// How the console is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Preferences {
    /// Whether names and addresses are masked from the first frame on.
    pub privacy: bool,
    /// The zone of times on the screen.
    pub zone: Zone,
    /// Whether the mouse is not listened to.
    pub without_mouse: bool,
}
