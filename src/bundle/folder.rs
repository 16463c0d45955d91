//! A folder that is there whole or not at all.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{BundleError, File};

/// A folder being filled.
pub(super) struct Folder {
    root: PathBuf,
    files: Vec<File>,
    /// Folders that got an entry: until they are synced, a file in them may be gone after a power cut, however well it was synced.
    touched: BTreeSet<PathBuf>,
}

impl Folder {
    /// Writes a file, with the folders above it. `path` has `/` between folders.
    pub(super) fn put(&mut self, path: &str, bytes: &[u8]) -> Result<(), BundleError> {
        let at: PathBuf = path.split('/').fold(self.root.clone(), |folder, name| folder.join(name));
        let write = || {
            if let Some(parent) = at.parent() {
                make(parent)?;
            }
            let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&at)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().map_err(failed(&at))?;
        let above = at.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.root));
        self.touched.extend(above.map(Path::to_owned));
        let sha256 = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        self.files.push(File { path: path.to_owned(), bytes: bytes.len() as u64, sha256 });
        Ok(())
    }

    /// What was written so far.
    pub(super) fn files(&self) -> &[File] {
        &self.files
    }
}

/// Makes the entries of a folder durable.
fn sync_entries(folder: &Path) -> Result<(), BundleError> {
    // Elsewhere a folder cannot be opened as a file.
    #[cfg(unix)]
    fs::File::open(folder).and_then(|opened| opened.sync_all()).map_err(failed(folder))?;
    Ok(())
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> BundleError {
    let path = path.to_owned();
    move |source| BundleError::Write { path, source }
}

/// Makes a folder, and those above it, for the operator's eyes only: evidence names people.
fn make(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

/// Fills a folder beside `target` and puts it in place when it is whole. Once this answers, it is on the disk with all that is in it;
/// when it fails, nothing is left, nor of the folders that were made above it.
pub(super) fn whole<T>(target: &Path, fill: impl FnOnce(&mut Folder) -> Result<T, BundleError>) -> Result<T, BundleError> {
    let empty = |path: &Path| fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    let cannot = |why| Err(BundleError::NoFolder { path: target.to_owned(), why });
    let Some(name) = target.file_name() else { return cannot("it names no folder of its own") };
    // Not `exists`: a link to nowhere is something, too.
    match fs::symlink_metadata(target) {
        Ok(held) if held.is_symlink() => return cannot("it is a link, and would be replaced"),
        Ok(_) if !empty(target) => return Err(BundleError::Exists(target.to_owned())),
        Ok(_) | Err(_) => {}
    }
    let parent = named(target.parent().unwrap_or(target));
    // Without a dot at its end, which would name what is within.
    let target = &parent.join(name);
    let above = to_be_changed(parent);
    let made: Vec<&PathBuf> = above.iter().filter(|folder| !folder.exists()).collect();
    let filled = fill_beside(target, parent, &above, fill);
    if filled.is_err() {
        // From the innermost; one that holds anything else by now stays.
        made.iter().for_each(|folder| _ = fs::remove_dir(folder));
    }
    filled
}

fn fill_beside<T>(
    target: &Path,
    parent: &Path,
    above: &[PathBuf],
    fill: impl FnOnce(&mut Folder) -> Result<T, BundleError>,
) -> Result<T, BundleError> {
    let root = beside(target, parent)?;
    let mut folder = Folder { root: root.clone(), files: Vec::new(), touched: BTreeSet::from([root.clone()]) };
    let filled = fill(&mut folder).and_then(|filled| {
        folder.touched.iter().try_for_each(|touched| sync_entries(touched))?;
        // A folder that somebody filled meanwhile is not replaced: the system refuses.
        fs::rename(&root, target).map_err(failed(target))?;
        above.iter().try_for_each(|folder| sync_entries(folder)).inspect_err(|_| _ = fs::remove_dir_all(target))?;
        Ok(filled)
    });
    if filled.is_err() {
        // What failed is told; that the rest could not be removed either would tell no more.
        fs::remove_dir_all(&root).ok();
    }
    filled
}

/// Between the name of a bundle and a number, while it is not whole.
const INCOMPLETE: &str = ".incomplete-";

/// Folders beside `target` that a bundle of this name left when it was interrupted. They hold personal data.
pub fn interrupted(target: &Path) -> Vec<PathBuf> {
    let Some(name) = target.file_name().map(|name| name.to_string_lossy().into_owned() + INCOMPLETE) else { return Vec::new() };
    let Ok(entries) = fs::read_dir(named(target.parent().unwrap_or(target))) else { return Vec::new() };
    let ours = |path: &PathBuf| {
        let found = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        found.strip_prefix(&name).is_some_and(|number| number.parse::<u32>().is_ok())
    };
    let mut found: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).filter(ours).collect();
    found.sort_unstable();
    found
}

/// The path, as one that can be opened: the folder above a bare name is the present one.
fn named(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

/// The folders that get an entry when a folder is put into this one: itself, and above it all up to the first that is there already.
fn to_be_changed(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for above in folder.ancestors().map(named) {
        found.push(above.to_owned());
        if above.exists() {
            break;
        }
    }
    found
}

/// A new folder beside another, whose name tells that it is not whole.
fn beside(target: &Path, parent: &Path) -> Result<PathBuf, BundleError> {
    make(parent).map_err(failed(parent))?;
    let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut number = 1;
    loop {
        let path = parent.join(format!("{name}{INCOMPLETE}{number}"));
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 1_000 => number += 1,
            Err(error) => return Err(failed(&path)(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_leaves_nothing_and_what_is_there_stays() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("out/bundle");
        let full = || BundleError::Write { path: "x".into(), source: io::Error::from(io::ErrorKind::StorageFull) };
        let failed = whole(&target, |folder| {
            folder.put("users/a/x.json", b"{}")?;
            Err::<(), _>(full())
        });
        assert!(failed.is_err_and(|error| error.to_string().starts_with("cannot write x: ")));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "nor is the folder above it left, which was made for it");
        fs::create_dir_all(&target).unwrap();
        whole(&target, |folder| folder.put("a", b"1")).unwrap();
        let again = whole(&target, |folder| folder.put("a", b"2"));
        assert!(matches!(again, Err(BundleError::Exists(_))));
        assert_eq!(fs::read(target.join("a")).unwrap(), b"1");
        assert_eq!(fs::read_dir(home.path().join("out")).unwrap().count(), 1, "nothing lies beside it");
    }

    #[test]
    fn what_is_no_name_for_a_folder_is_refused_before_anything_is_made() {
        let home = tempfile::tempdir().unwrap();
        let at = |path: &str| home.path().join(path);
        fs::create_dir(at("empty")).unwrap();
        let refused = |target: &Path| matches!(whole(target, |folder| folder.put("a", b"1")), Err(BundleError::NoFolder { .. }));
        assert!(refused(Path::new(".")) && refused(&at("new/..")) && refused(&at("empty/..")));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("empty"), at("link")).unwrap();
            assert!(refused(&at("link")));
            fs::remove_file(at("link")).unwrap();
        }
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
        whole(&at("empty/."), |folder| folder.put("a", b"1")).unwrap();
        assert_eq!(fs::read(at("empty/a")).unwrap(), b"1");
    }

    #[test]
    fn every_folder_that_gets_an_entry_is_known() {
        let home = tempfile::tempdir().unwrap();
        let at = |path: &str| home.path().join(path);
        assert_eq!(to_be_changed(&at("a/b")), [at("a/b"), at("a"), home.path().to_owned()]);
        assert_eq!(to_be_changed(home.path()), [home.path().to_owned()]);
        assert_eq!(to_be_changed(Path::new("no-such-folder")), [PathBuf::from("no-such-folder"), PathBuf::from(".")]);
        let touched = whole(&at("a/b/bundle"), |folder| {
            folder.put("users/x/y", b"1")?;
            Ok(folder.touched.iter().map(|path| path.strip_prefix(&folder.root).unwrap().to_owned()).collect::<Vec<_>>())
        });
        assert_eq!(touched.unwrap(), ["", "users", "users/x"].map(PathBuf::from));
    }

    #[test]
    fn one_that_was_interrupted_is_not_mistaken_for_this_one() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("bundle.incomplete-1")).unwrap();
        whole(&home.path().join("bundle"), |folder| folder.put("a", b"1")).unwrap();
        assert_eq!(fs::read_dir(home.path().join("bundle")).unwrap().count(), 1);
        fs::create_dir(home.path().join("bundle.incomplete-x")).unwrap();
        assert_eq!(interrupted(&home.path().join("bundle")), [home.path().join("bundle.incomplete-1")], "it is named, and left alone");
    }

    #[cfg(unix)]
    #[test]
    fn evidence_is_for_the_operator_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("bundle");
        whole(&target, |folder| folder.put("users/a/x", b"1")).unwrap();
        for path in [target.clone(), target.join("users"), target.join("users/a")] {
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
        }
    }
}
