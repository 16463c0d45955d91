//! Where a client secret comes from.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use secrecy::{ExposeSecret as _, SecretString};

use super::error::SignInError;
use super::{Keyring, Prompt, Prompted};

/// The places, in their order: what was given, the file, the environment, the keyring. Read each time, so that a secret that
/// was replaced in its place is taken at the next sign-in.
pub(super) struct Secrets {
    pub given: Option<SecretString>,
    pub file: Option<PathBuf>,
    pub environment: Option<SecretString>,
    /// Whether the file's rights were remarked on.
    pub warned: AtomicBool,
}

impl Secrets {
    pub(super) async fn find(&self, keyring: &Keyring, name: &str, prompt: &Prompt) -> Result<SecretString, SignInError> {
        if let Some(secret) = &self.given {
            return Ok(secret.clone());
        }
        if let Some(path) = &self.file {
            return self.read(path, prompt);
        }
        if let Some(secret) = &self.environment {
            return Ok(secret.clone());
        }
        keyring.get(name).await.ok_or_else(|| SignInError::Setting {
            message: "there is no client secret".to_owned(),
            hint: "set ENTRIAGE_CLIENT_SECRET, or name a file that holds the secret",
        })
    }

    fn read(&self, path: &Path, prompt: &Prompt) -> Result<SecretString, SignInError> {
        let bad = |why: &str| SignInError::Setting {
            message: format!("cannot use the client secret in {}: {why}", path.display()),
            hint: "check the path, who may read it, and that it holds the secret alone",
        };
        let bytes = std::fs::read(path).map_err(|error| bad(&error.to_string()))?;
        let text = SecretString::from(String::from_utf8(bytes).map_err(|_| bad("it is not text"))?);
        let secret = text.expose_secret().trim_end_matches(['\r', '\n']);
        if secret.is_empty() || secret.contains(['\r', '\n']) {
            return Err(bad("it must hold one line"));
        }
        warn_of_readers(path, &self.warned, prompt);
        Ok(secret.into())
    }
}

/// Says once that others may read a file with a secret. Only that: it may be meant so, in a container.
pub(super) fn warn_of_readers(path: &Path, warned: &AtomicBool, prompt: &Prompt) {
    if others_may_read(path) && !warned.swap(true, Ordering::Relaxed) {
        prompt(Prompted::Note(format!("others on this machine may read the secret in {0}: chmod 600 {0}", path.display())));
    }
}

#[cfg(unix)]
fn others_may_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o044 != 0)
}

#[cfg(not(unix))]
fn others_may_read(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    fn secrets(given: Option<&str>, file: Option<PathBuf>, environment: Option<&str>) -> Secrets {
        Secrets { given: given.map(Into::into), file, environment: environment.map(Into::into), warned: AtomicBool::new(false) }
    }

    fn quiet() -> Prompt {
        Arc::new(|prompted| panic!("{prompted:?}"))
    }

    #[tokio::test]
    async fn what_is_given_goes_before_the_environment_and_that_before_the_keyring() {
        let keyring = Keyring::memory();
        let found = async |secrets: Secrets| secrets.find(&keyring, "name", &quiet()).await.map(|found| found.expose_secret().to_owned());
        assert!(found(secrets(None, None, None)).await.unwrap_err().hint().contains("ENTRIAGE_CLIENT_SECRET"));
        assert!(keyring.set("name", "c".into()).await);
        assert_eq!(found(secrets(None, None, None)).await.unwrap(), "c");
        assert_eq!(found(secrets(None, None, Some("b"))).await.unwrap(), "b");
        assert_eq!(found(secrets(Some("a"), Some("/nowhere".into()), Some("b"))).await.unwrap(), "a");
        assert!(found(secrets(None, Some("/nowhere".into()), Some("b"))).await.is_err());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_that_others_may_read_is_remarked_on_once() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "s3cret \r\n").unwrap();
        let notes = Arc::new(Mutex::new(Vec::new()));
        let seen = notes.clone();
        let prompt: Prompt = Arc::new(move |prompted| seen.lock().unwrap().push(format!("{prompted:?}")));
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let secrets = secrets(None, Some(path.clone()), None);
        let find = async || secrets.find(&Keyring::memory(), "", &prompt).await.unwrap().expose_secret().to_owned();
        mode(0o600);
        assert_eq!(find().await, "s3cret ");
        assert_eq!(notes.lock().unwrap().len(), 0);
        mode(0o644);
        assert_eq!((find().await, find().await), ("s3cret ".to_owned(), "s3cret ".to_owned()));
        let notes = notes.lock().unwrap();
        assert!(notes.len() == 1 && notes[0].contains("chmod 600") && !notes[0].contains("s3cret"), "{notes:?}");
    }

    #[tokio::test]
    async fn a_file_with_anything_but_one_line_is_refused_without_showing_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        for text in ["", "\n", "SECRET=s3cret\nx\n"] {
            std::fs::write(&path, text).unwrap();
            let prompt: Prompt = Arc::new(|_| ());
            let error = secrets(None, Some(path.clone()), None).find(&Keyring::memory(), "", &prompt).await.unwrap_err();
            assert!(error.to_string().contains("one line") && !format!("{error:?}").contains("s3cret"));
        }
    }
}
