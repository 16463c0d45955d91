//! The live path, whole: the program against the emulated tenant over HTTPS. Nothing but loopback is reached.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod calls;
mod contract;
mod faults;
mod secrets;
mod source;
mod support;
mod sync;
mod trouble;
