//! stub

use std::path::PathBuf;

/// The home folder: where workspaces are.
#[derive(Debug, Clone)]
pub struct Home(pub PathBuf);
