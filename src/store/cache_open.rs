//! Opening sled 0.34.7 so that what a kill or a bad disk left behind does not stop the program.

use std::cell::Cell;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use sled::Db;

use super::{StoreError, disk};

/// sled holds 1 GiB otherwise (`reference/crates.md` section 8).
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// How long sled's own lock may linger: a database that was just closed lets go a moment later.
const PATIENCE: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(20);

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic on this thread is being caught here and becomes an error: a panic hook need not report it or touch the
/// terminal.
pub fn panic_is_caught() -> bool {
    CATCHING.get()
}

/// Does something that may panic; a panic becomes its message. What panicked is not used again.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let outer = CATCHING.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    CATCHING.set(outer);
    result.map_err(|panic| {
        let message = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        format!("sled panicked: {}", message.unwrap_or("without a message"))
    })
}

/// Whether an error tells of damage, and not of a full disk or missing permission.
pub(super) fn is_damage(error: &sled::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, OutOfMemory, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    match error {
        sled::Error::Io(error) => {
            !is_held(error)
                && !matches!(error.kind(), FileTooLarge | OutOfMemory | PermissionDenied | QuotaExceeded | ReadOnlyFilesystem | StorageFull)
        }
        _ => true,
    }
}

fn is_held(error: &io::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

/// Opens sled in a folder. The inner error is damage that could not be cured.
pub(super) fn open_sled(folder: &Path) -> Result<Result<Db, String>, StoreError> {
    // A kill while sled writes a snapshot leaves this file, and sled then takes it for the newest snapshot.
    remove_snapshots(folder, |name| name.ends_with(".generating"))?;
    let damage = match attempt(folder)? {
        Ok(db) => return Ok(Ok(db)),
        Err(damage) => damage,
    };
    // Snapshots only spare sled reading its whole log.
    if remove_snapshots(folder, |_| true)? == 0 {
        return Ok(Err(damage));
    }
    attempt(folder)
}

fn attempt(folder: &Path) -> Result<Result<Db, String>, StoreError> {
    let start = Instant::now();
    loop {
        let config = sled::Config::new().path(folder).cache_capacity(CACHE_BYTES).flush_every_ms(None);
        match caught(|| config.open()) {
            Ok(Ok(db)) => return Ok(Ok(db)),
            Ok(Err(sled::Error::Io(error))) if is_held(&error) && start.elapsed() < PATIENCE => std::thread::sleep(STEP),
            Ok(Err(error)) if is_damage(&error) => return Ok(Err(error.to_string())),
            Ok(Err(error)) => return Err(StoreError::Cache(format!("it cannot be opened in {}: {error}", folder.display()))),
            Err(panic) => return Ok(Err(panic)),
        }
    }
}

/// Removes sled's snapshots of these names; tells how many.
fn remove_snapshots(folder: &Path, which: impl Fn(&str) -> bool) -> Result<usize, StoreError> {
    let mut removed = 0;
    for entry in fs::read_dir(folder).map_err(disk::failed("cannot read the folder", folder))? {
        let entry = entry.map_err(disk::failed("cannot read the folder", folder))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && which(&name) {
            fs::remove_file(entry.path()).map_err(disk::failed("cannot remove", &entry.path()))?;
            removed += 1;
        }
    }
    Ok(removed)
}
