//! `keys`: the key map and its conflicts.

use super::cli::Keys;
use super::failure::{Exit, Failure};
use super::place::Place;

/// `keys`. To be joined with the console's key map.
pub fn keys(_place: &Place, _args: &Keys) -> Result<Exit, Failure> {
    Err(Failure::new(Exit::Workspace, "the key map is not there yet"))
}
