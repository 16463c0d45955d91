//! SIGKILL at random points of everything that writes: nothing acknowledged is lost, the chain verifies, the workspace opens, and
//! the same command again ends where an undisturbed one does.

mod import;
mod jobs;
mod sync;
mod upkeep;
