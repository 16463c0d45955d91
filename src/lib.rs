//! entriage: a terminal console for triaging and remediating Microsoft Entra ID Protection risk.
//!
//! Imports run one way, and `tests/imports.rs` holds it:
//!
//! ```text
//! main ─► { console, headless ─► emulator } ─► { view ─► app,  engine ─► { bundle, tenant ─► oauth ─► http, store, import } ─► wire } ─► domain
//! ```
//!
//! `domain`, `wire` and `app` are pure. `clock` may be used by everything that is not.

pub mod app;
pub mod bundle;
pub mod clock;
pub mod config;
pub mod console;
pub mod domain;
pub mod emulator;
pub mod engine;
pub mod headless;
pub mod http;
pub mod import;
pub mod oauth;
pub mod store;
pub mod tenant;
pub mod view;
pub mod wire;
