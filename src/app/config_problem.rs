//! What does not work in the configuration file, and in which line.

/// Something in the configuration file that does not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// Line in the file, from 1.
    pub line: usize,
    /// What is wrong, what is allowed, and what holds instead.
    pub message: String,
}

impl ConfigProblem {
    /// A problem at this byte of the file's text.
    pub fn at(text: &str, at: usize, message: impl Into<String>) -> Self {
        ConfigProblem { line: line(text, at), message: message.into() }
    }
}

/// The line, from 1, of this byte of a text.
pub fn line(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}
