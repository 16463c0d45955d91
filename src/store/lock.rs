//! One process at a time holds a workspace.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use super::{StoreError, disk};
use crate::domain::text;
use crate::domain::time::Timestamp;

/// How long a second opener waits: a killed process may hold its lock until it is reaped
/// (`reference/performance.md` section A).
pub(super) const PATIENCE: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(20);

/// A held workspace; let go when dropped, and by the system when the process dies.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of the workspace in `folder`, and writes down who holds it since when.
    pub(super) fn take(folder: &Path, name: &str, now: Timestamp, patience: Duration) -> Result<Lock, StoreError> {
        let path = folder.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(disk::failed("cannot open the lock", &path))?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if start.elapsed() < patience => std::thread::sleep(STEP),
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::Locked { workspace: name.to_owned(), holder: holder(&path) });
                }
                Err(TryLockError::Error(error)) => return Err(disk::failed("cannot lock", &path)(error)),
            }
        }
        let since = now.0.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let note = format!("{} {since}\n", std::process::id());
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(note.as_bytes()))
            .map_err(disk::failed("cannot write", &path))?;
        Ok(Lock { _file: file })
    }
}

/// Who holds the lock, as far as the lock file and the system tell.
fn holder(path: &Path) -> String {
    let note = std::fs::read_to_string(path).unwrap_or_default();
    let Some((pid, since)) = note.trim().split_once(' ') else {
        return "another process".to_owned();
    };
    let (Ok(pid), Some(since)) = (pid.parse::<u32>(), Timestamp::parse(since)) else {
        return "another process".to_owned();
    };
    match std::fs::read_to_string(format!("/proc/{pid}/comm")) {
        Ok(command) => format!("process {pid} ({}), since {since}", text::safe(command.trim())),
        Err(_) => format!("process {pid}, since {since}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;

    #[test]
    fn a_second_holder_is_told_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path(), "demo", fixture::now(), Duration::ZERO).unwrap();
        let error = Lock::take(folder.path(), "demo", fixture::now(), Duration::ZERO).unwrap_err();
        let StoreError::Locked { workspace, holder } = error else { panic!("{error}") };
        assert_eq!(workspace, "demo");
        assert!(holder.starts_with(&format!("process {}", std::process::id())), "{holder}");
        assert!(holder.ends_with(&format!(", since {}", fixture::now())), "{holder}");
        drop(first);
        assert!(Lock::take(folder.path(), "demo", fixture::now(), Duration::ZERO).is_ok());
    }

    #[test]
    fn an_unreadable_note_still_says_locked() {
        let folder = tempfile::tempdir().unwrap();
        let _first = Lock::take(folder.path(), "demo", fixture::now(), Duration::ZERO).unwrap();
        std::fs::write(folder.path().join("lock"), [0xff, 0xfe, 0x20]).unwrap();
        let error = Lock::take(folder.path(), "demo", fixture::now(), Duration::ZERO).unwrap_err();
        assert!(error.to_string().contains("another process"), "{error}");
    }
}
