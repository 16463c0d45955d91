//! What the operator prefers, from the configuration file and the command line.

/// How the console is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Preferences {
    /// Whether names and addresses are masked from the first frame on.
    pub privacy: bool,
}
