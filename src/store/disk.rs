//! Files that must survive a kill and a power cut: written whole, put in place by a rename, synced with their folder.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::StoreError;
use crate::domain::time::Timestamp;

/// Makes an error of the system one of the store.
pub(super) fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io { doing, path, source }
}

/// Makes a folder, and those above it, for the operator's eyes only.
pub(super) fn make_folder(path: &Path) -> Result<(), StoreError> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = parent(path);
    make_folder(parent)?;
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Ok(()) => sync_folder(parent),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(failed("cannot make the folder", path)(error)),
    }
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => Path::new("/"),
    }
}

/// Makes sure that the names in a folder survive a power cut. Only Unix opens folders for that.
pub(super) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    if cfg!(unix) {
        File::open(path).and_then(|folder| folder.sync_all()).map_err(failed("cannot sync the folder", path))?;
    }
    Ok(())
}

/// Puts a file in place of another in one step: afterwards there is the old one or the new one, never a part.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    write_synced(&new, bytes)?;
    fs::rename(&new, path).map_err(failed("cannot write", path))?;
    sync_folder(parent(path))
}

/// Writes a file and waits until it is on the platter.
pub(super) fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(failed("cannot write", path))
}

/// Reads a file; `None` where there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("cannot read", path)(error)),
    }
}

/// Makes a new folder `set-aside/<what>-<time>` in a workspace.
pub(super) fn set_aside_folder(workspace: &Path, what: &str, now: Timestamp) -> Result<PathBuf, StoreError> {
    let base = workspace.join("set-aside");
    let name = format!("{what}-{}", now.0.format("%Y%m%dT%H%M%SZ"));
    let mut folder = base.join(&name);
    let mut number = 2;
    while folder.exists() {
        folder = base.join(format!("{name}-{number}"));
        number += 1;
    }
    make_folder(&folder)?;
    Ok(folder)
}

/// Moves a file or folder of a workspace to `to`, where it exists. Tells whether it did.
pub(super) fn move_to(from: &Path, to: &Path) -> Result<bool, StoreError> {
    match fs::rename(from, to) {
        Ok(()) => {
            sync_folder(parent(to))?;
            sync_folder(parent(from))?;
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed("cannot set aside", from)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;

    #[test]
    fn two_things_set_aside_in_one_second_do_not_collide() {
        let folder = tempfile::tempdir().unwrap();
        let first = set_aside_folder(folder.path(), "cache", fixture::now()).unwrap();
        let second = set_aside_folder(folder.path(), "cache", fixture::now()).unwrap();
        assert_ne!(first, second);
        assert!(first.is_dir() && second.is_dir());
    }

    #[cfg(unix)]
    #[test]
    fn folders_are_for_the_operator_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("home/workspaces");
        make_folder(&made).unwrap();
        assert_eq!(made.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }
}
