//! Nothing is lost, whatever happens: kills, damaged files, full disks, two processes, terminals that vanish, long days.
//!
//! Short as it runs here; `ENTRIAGE_ROUNDS=100` plays each test so often instead (README, "Reliability").
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod damage;
mod disk;
mod kill;
mod plans;
mod processes;
mod soak;

mod support;
