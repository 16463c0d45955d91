//! The home folder: where workspaces are, and which was used last.

use std::path::{Path, PathBuf};

use etcetera::app_strategy::{AppStrategy as _, AppStrategyArgs, choose_app_strategy};

use super::{StoreError, disk, manifest};

/// The home folder: where workspaces are.
#[derive(Debug, Clone)]
pub struct Home(pub PathBuf);

impl Home {
    /// The folder given, else the data folder of this user (XDG: `~/.local/share/entriage`).
    pub fn resolve(given: Option<PathBuf>) -> Result<Home, StoreError> {
        let given = given.filter(|path| !path.as_os_str().is_empty());
        let path = match given {
            Some(path) => path,
            None => {
                let args = AppStrategyArgs { top_level_domain: String::new(), author: String::new(), app_name: "entriage".to_owned() };
                choose_app_strategy(args).map_err(|error| StoreError::NoHome(error.to_string()))?.data_dir()
            }
        };
        std::path::absolute(&path).map(Home).map_err(disk::failed("cannot use the home folder", &path))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The folder of a workspace, whether it exists or not.
    pub fn workspace_path(&self, name: &str) -> PathBuf {
        self.0.join("workspaces").join(name)
    }

    /// Names of all workspaces, in order.
    pub fn workspaces(&self) -> Result<Vec<String>, StoreError> {
        let folder = self.0.join("workspaces");
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(disk::failed("cannot read the folder", &folder)(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(disk::failed("cannot read the folder", &folder))?;
            if let Ok(name) = entry.file_name().into_string()
                && check_name(&name).is_ok()
                && manifest::is_workspace(&entry.path())
            {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Name of the workspace that was used last, if any was.
    pub fn last_used(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.last_used_path()).ok()?;
        let name = text.trim();
        check_name(name).ok()?;
        Some(name.to_owned())
    }

    /// Remembers which workspace was used last.
    pub fn set_last_used(&self, name: &str) -> Result<(), StoreError> {
        check_name(name)?;
        if self.last_used().as_deref() == Some(name) {
            return Ok(());
        }
        disk::make_folder(&self.0)?;
        disk::replace(&self.last_used_path(), format!("{name}\n").as_bytes())
    }

    fn last_used_path(&self) -> PathBuf {
        self.0.join("last-workspace")
    }
}

/// Refuses what cannot be the name of a workspace: it becomes the name of a folder.
pub(super) fn check_name(name: &str) -> Result<(), StoreError> {
    let fits = (1..=64).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if fits { Ok(()) } else { Err(StoreError::BadName(name.chars().take(80).collect())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_given_folder_is_taken_as_an_absolute_path() {
        assert_eq!(Home::resolve(Some("/srv/cases".into())).unwrap().path(), Path::new("/srv/cases"));
        assert!(Home::resolve(Some("cases".into())).unwrap().path().is_absolute());
        assert!(Home::resolve(Some(PathBuf::new())).unwrap().path().ends_with("entriage"));
    }

    #[test]
    fn names_that_are_not_plain_folder_names_are_refused() {
        for name in ["demo", "a", "contoso.test", "A-b_3", &"x".repeat(64)] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", ".", "..", ".hidden", "a/b", "a b", "ä", "a\u{202e}b", &"x".repeat(65)] {
            assert!(matches!(check_name(name), Err(StoreError::BadName(_))), "{name}");
        }
        let error = check_name("a\u{202e}\u{1b}b").unwrap_err().to_string();
        assert!(!error.contains(['\u{202e}', '\u{1b}']), "{error}");
    }

    #[test]
    fn the_last_used_workspace_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home(folder.path().join("new"));
        assert_eq!(home.last_used(), None);
        home.set_last_used("demo").unwrap();
        assert_eq!(home.last_used().as_deref(), Some("demo"));
        std::fs::write(home.path().join("last-workspace"), "../../etc").unwrap();
        assert_eq!(home.last_used(), None);
        assert_eq!(home.workspaces().unwrap(), Vec::<String>::new());
    }
}
