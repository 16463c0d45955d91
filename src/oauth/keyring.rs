//! Where secrets outlive the program: the desktop's keyring, or nowhere. Never a file.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use keyring_core::CredentialStore;
use secrecy::{ExposeSecret as _, SecretString};

use super::aside;

const SERVICE: &str = "entriage";
/// How long a keyring may take: long enough for somebody to type its password, short enough where nobody is there.
const LIMIT: Duration = Duration::from_secs(20);

/// Keeps secrets by name. Each call ends in time, even where the keyring is locked and its prompt goes nowhere: then the
/// secret is simply not there, and the sign-in lasts as long as the program.
#[derive(Clone)]
pub struct Keyring {
    vault: Arc<Vault>,
    /// It did not answer once: it is not waited for again.
    silent: Arc<AtomicBool>,
}

enum Vault {
    /// The desktop's, opened when it is first needed; `None` where there is none.
    System(OnceLock<Option<Arc<CredentialStore>>>),
    Memory(Mutex<HashMap<String, SecretString>>),
}

impl Keyring {
    /// The desktop's keyring (Secret Service) where there is one.
    pub fn system() -> Self {
        Keyring::over(Vault::System(OnceLock::new()))
    }

    /// One that ends with the program.
    pub fn memory() -> Self {
        Keyring::over(Vault::Memory(Mutex::default()))
    }

    fn over(vault: Vault) -> Self {
        Keyring { vault: Arc::new(vault), silent: Arc::default() }
    }

    /// What is kept under that name.
    pub async fn get(&self, name: &str) -> Option<SecretString> {
        let (vault, name) = (self.vault.clone(), name.to_owned());
        self.ask(move || vault.get(&name)).await.flatten()
    }

    /// Keeps it; whether that is done.
    pub async fn set(&self, name: &str, secret: SecretString) -> bool {
        let (vault, name) = (self.vault.clone(), name.to_owned());
        self.ask(move || vault.set(&name, secret)).await.unwrap_or(false)
    }

    /// Forgets it. Waits, as the program may be about to end.
    pub fn delete(&self, name: &str) {
        if let Vault::Memory(_) = &*self.vault {
            self.vault.delete(name);
        } else if !self.silent.load(Ordering::Relaxed) {
            let (vault, name) = (self.vault.clone(), name.to_owned());
            if aside::wait(LIMIT, move || vault.delete(&name)).is_none() {
                self.silent.store(true, Ordering::Relaxed);
            }
        }
    }

    async fn ask<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        if let Vault::Memory(_) = &*self.vault {
            return Some(work());
        }
        if self.silent.load(Ordering::Relaxed) {
            return None;
        }
        let answer = aside::run(LIMIT, work).await;
        if answer.is_none() {
            self.silent.store(true, Ordering::Relaxed);
        }
        answer
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &*self.vault {
            Vault::System(_) => "Keyring(system)",
            Vault::Memory(_) => "Keyring(memory)",
        })
    }
}

impl Vault {
    fn get(&self, name: &str) -> Option<SecretString> {
        match self {
            Vault::System(store) => entry(store, name)?.get_password().ok().map(SecretString::from),
            Vault::Memory(map) => map.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned(),
        }
    }

    fn set(&self, name: &str, secret: SecretString) -> bool {
        match self {
            Vault::System(store) => entry(store, name).is_some_and(|entry| entry.set_password(secret.expose_secret()).is_ok()),
            Vault::Memory(map) => {
                map.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), secret);
                true
            }
        }
    }

    fn delete(&self, name: &str) {
        match self {
            Vault::System(store) => {
                // An entry that is not there is as good as deleted, and of a keyring that refuses nobody can do more.
                entry(store, name).and_then(|entry| entry.delete_credential().ok());
            }
            Vault::Memory(map) => {
                map.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
            }
        }
    }
}

fn entry(store: &OnceLock<Option<Arc<CredentialStore>>>, name: &str) -> Option<keyring_core::Entry> {
    store.get_or_init(open).as_ref()?.build(SERVICE, name, None).ok()
}

#[cfg(target_os = "linux")]
fn open() -> Option<Arc<CredentialStore>> {
    zbus_secret_service_keyring_store::Store::new().ok().map(|store| store as Arc<CredentialStore>)
}

#[cfg(not(target_os = "linux"))]
fn open() -> Option<Arc<CredentialStore>> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_kept_is_found_until_it_is_deleted() {
        let keyring = Keyring::memory();
        assert!(keyring.get("a").await.is_none());
        assert!(keyring.set("a", "s3cret".into()).await);
        assert_eq!(keyring.clone().get("a").await.unwrap().expose_secret(), "s3cret");
        assert!(!format!("{keyring:?}").contains("s3cret"));
        keyring.delete("a");
        assert!(keyring.get("a").await.is_none());
    }
}
