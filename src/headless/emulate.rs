//! `emulate`: the simulated tenant behind Graph's own interface, until it is stopped.

use std::path::{Path, PathBuf};

use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use uuid::Uuid;

use super::cli::Emulate;
use super::demo;
use super::failure::{Exit, Failure};
use super::output;
use crate::clock::Clock;
use crate::domain::workspace::DemoSpec;
use crate::emulator::{self, Emulator, EmulatorError, Options};

/// Serves until Ctrl-C or SIGTERM.
pub async fn emulate(args: &Emulate) -> Result<(), Failure> {
    let clock = Clock::system();
    let faults = args.faults.as_deref().map(demo::faults).transpose()?.unwrap_or_default();
    let spec = DemoSpec { seed: args.seed, users: args.users, epoch: demo::epoch(clock.now()), rate: args.rate.0, faults };
    // Signals are heard before anybody is told that the emulator runs.
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let folder = Folder::new(args.tls_dir.as_deref());
    let options = Options { listen: args.listen, spec, rate: args.rate.0, tls_dir: folder.path.clone(), clock };
    let emulator = emulator::start(options).await?;
    tell(&emulator)?;
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
        () = emulator.stopped() => {}
    }
    Ok(())
}

fn tell(emulator: &Emulator) -> Result<(), Failure> {
    let first = json!({
        "url": emulator.url(),
        "caFile": emulator.ca_file(),
        "tenantId": emulator.tenant_id(),
        "clientId": emulator.client_id(),
        "clientSecret": emulator.client_secret(),
    });
    output::data(&output::json_line(&first)?)?;
    let (url, ca_file) = (emulator.url(), emulator.ca_file().display());
    output::say(&format!("an emulated tenant listens on {url}; nothing here is real. Ctrl-C stops it. Connect to it with"));
    output::say(&format!("  export ENTRIAGE_CLIENT_SECRET={}", emulator.client_secret()));
    output::say(&format!(
        "  entriage connect --tenant {} --client-id {} --auth secret --graph-url {url} --authority-url {url} --ca-file {ca_file}",
        emulator.tenant_id(),
        emulator.client_id(),
    ));
    output::say(&format!("--auth certificate takes {} as well", emulator.client_certificate().display()));
    output::say(&format!("--auth device is approved at {url}/devicelogin?user_code=CODE, or by itself at the third question"));
    Ok(())
}

/// The folder of the certificates; one that nobody named goes with the emulator.
struct Folder {
    path: PathBuf,
    temporary: bool,
}

impl Folder {
    fn new(named: Option<&Path>) -> Self {
        match named {
            Some(path) => Folder { path: path.to_owned(), temporary: false },
            None => Folder { path: std::env::temp_dir().join(format!("entriage-emulator-{}", Uuid::new_v4())), temporary: true },
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            // What cannot be removed is left to the system's own cleaning.
            std::fs::remove_dir_all(&self.path).ok();
        }
    }
}

impl From<EmulatorError> for Failure {
    fn from(error: EmulatorError) -> Self {
        let (exit, hint) = match &error {
            EmulatorError::NotLoopback(_) => (Exit::Usage, "give --listen 127.0.0.1:0, or another loopback address"),
            EmulatorError::Listen { .. } => (Exit::Usage, "give another port; port 0 takes a free one"),
            EmulatorError::Spec(_) => (Exit::Usage, "entriage emulate --help tells what can be given"),
            EmulatorError::Files { .. } => (Exit::Workspace, "name another folder with --tls-dir"),
        };
        Failure::new(exit, "the emulator was not started").because(&error).hinted(hint)
    }
}
