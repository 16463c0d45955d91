//! Where a command works: the home folder, the configuration and the workspace.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::cli::Global;
use super::failure::{Exit, Failure};
use super::{output, sign_in};
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::domain::dataset::Dataset;
use crate::domain::journal::JobState;
use crate::domain::records::UserRecords;
use crate::domain::text;
pub use crate::engine::DEMO;
use crate::engine::{OpenOptions, Session, SignInOptions};
use crate::oauth::Keyring;
use crate::store::Home;

/// Where a command works.
pub struct Place {
    /// How to open workspaces.
    pub options: OpenOptions,
    /// The workspace that was asked for.
    pub workspace: Option<String>,
    /// The configuration file, whether or not it exists.
    pub config: PathBuf,
    /// Whether the console masks its screen from the first frame on, whatever is configured.
    pub privacy: bool,
    /// What tables may do.
    pub paper: output::Paper,
}

impl Place {
    /// Reads the global options.
    pub fn new(global: &Global) -> Result<Self, Failure> {
        let config = match &global.config {
            Some(file) => readable(file)?,
            None => config::default_path().ok_or_else(|| {
                Failure::new(Exit::Workspace, "cannot find the configuration folder").hinted("set HOME, or give --config FILE")
            })?,
        };
        let home = Home::resolve(global.home.clone())?;
        Ok(Place {
            options: OpenOptions {
                home,
                read_only: global.read_only,
                clock: Clock::system(),
                sign_in: SignInOptions { prompt: sign_in::prompt(), secret: None, keyring: Keyring::system() },
            },
            workspace: global.workspace.clone(),
            config,
            privacy: global.privacy,
            paper: output::Paper::stdout(global.color),
        })
    }

    /// What the operator configured.
    pub fn configuration(&self) -> Result<Config, Failure> {
        let mut config = Config::read(&self.config).map_err(|error| {
            let hint = "check the file, or start without it by --config with another one";
            Failure::new(Exit::Workspace, "the configuration cannot be used").because(error).hinted(hint)
        })?;
        config.preferences.privacy |= self.privacy;
        Ok(config)
    }

    /// Names of the workspaces there are.
    pub fn workspaces(&self) -> Result<Vec<String>, Failure> {
        Ok(self.options.home.workspaces()?)
    }

    /// The workspace that a command works on: the one that was asked for, else the one used last, else the demo.
    pub fn chosen(&self) -> Result<String, Failure> {
        if let Some(name) = &self.workspace {
            return Ok(name.clone());
        }
        match self.options.home.last_used() {
            Some(name) if self.workspaces()?.contains(&name) => Ok(name),
            Some(name) if name != DEMO => {
                output::say(&format!("note: the workspace used last, {name}, is gone; using {DEMO}"));
                Ok(DEMO.to_owned())
            }
            _ => Ok(DEMO.to_owned()),
        }
    }

    /// Opens the chosen workspace; the demo workspace is made where it does not exist.
    pub async fn open(&self) -> Result<Session, Failure> {
        let name = self.chosen()?;
        let missing = !self.workspaces()?.contains(&name);
        let session = if name == DEMO && missing {
            let session = Session::demo(&self.options, None, false).await?;
            output::say("note: there was no workspace yet; made demo, a simulated tenant: nothing here is real");
            session
        } else {
            Session::open(&self.options, &name).await?
        };
        tell_notices(&session);
        tell_freshness(&session)?;
        session.store.with_ledger(&mut |ledger| {
            // A step is gone on with by its playbook, which may also stand between two steps.
            let jobs = ledger.open_jobs().map(|job| job.plan.playbook.unwrap_or(job.id));
            let playbooks = ledger.playbooks().filter(|playbook| playbook.state == JobState::Open).map(|playbook| playbook.id);
            for id in jobs.chain(playbooks).collect::<BTreeSet<_>>() {
                output::say(&format!("note: job {id} is unfinished; entriage jobs resume {id} goes on with it"));
            }
        });
        Ok(session)
    }
}

/// Says where a live workspace does not hold all that the tenant has.
fn tell_freshness(session: &Session) -> Result<(), Failure> {
    if session.graph().is_none() {
        return Ok(());
    }
    let state = session.store.sync_state()?;
    if session.store.synced_at()?.is_none() {
        output::say("note: this workspace was never brought up to date; entriage sync does");
    } else if state.unfinished.is_some() {
        output::say("note: bringing this workspace up to date was interrupted; entriage sync goes on with it");
    }
    for note in &state.notes {
        output::say(&format!("note: {note}"));
    }
    Ok(())
}

/// Says what was repaired or set aside while opening.
pub fn tell_notices(session: &Session) {
    for notice in &session.notices {
        output::say(&format!("note: {notice}"));
    }
}

fn readable(file: &Path) -> Result<PathBuf, Failure> {
    match std::fs::metadata(file) {
        Ok(found) if found.is_file() => Ok(file.to_owned()),
        Ok(_) => Err(no_config(file, "it is not a file".to_owned())),
        Err(error) => Err(no_config(file, error.to_string())),
    }
}

fn no_config(file: &Path, why: String) -> Failure {
    Failure::new(Exit::Workspace, format!("cannot read the configuration {}", file.display()))
        .because(why)
        .hinted("check the path given with --config")
}

/// The user with this object id or principal name.
pub fn find_user<'a>(dataset: &'a Dataset, name: &str) -> Result<&'a UserRecords, Failure> {
    named_user(dataset, name)?.ok_or_else(|| unknown(dataset, name))
}

/// Asks a live tenant for those of these names that the workspace does not hold: whoever never was at risk is read only when named.
pub async fn find_elsewhere(session: &Session, names: &[String], dataset: &mut Dataset) -> Result<(), Failure> {
    if session.graph().is_none() {
        return Ok(());
    }
    for name in names {
        if named_user(dataset, name)?.is_none() {
            match session.engine.find(name).await {
                Ok(found) => found.into_iter().for_each(|records| dataset.put(records)),
                // What the workspace holds is looked through all the same, and says what is like it.
                Err(error) => output::say(&format!("note: {} could not be asked for in the tenant: {error}", text::safe(name))),
            }
        }
    }
    Ok(())
}

/// The user with this object id or principal name, if there is one.
///
/// An account that was deleted and made anew shares its principal name with the old one: then the name
/// is not enough.
pub fn named_user<'a>(dataset: &'a Dataset, name: &str) -> Result<Option<&'a UserRecords>, Failure> {
    let same = |text: Option<&str>| text.is_some_and(|text| text.eq_ignore_ascii_case(name));
    if let Some(records) = dataset.user(&name.into()) {
        return Ok(Some(records));
    }
    let mut found = dataset
        .users()
        .iter()
        .filter(|records| same(records.user.user_principal_name.as_deref()) || records.id().as_str().eq_ignore_ascii_case(name));
    match (found.next(), found.next()) {
        (Some(first), Some(second)) => Err(ambiguous(name, first, second)),
        (found, _) => Ok(found),
    }
}

/// A principal name that is not enough.
pub fn ambiguous(name: &str, first: &UserRecords, second: &UserRecords) -> Failure {
    Failure::usage(format!("{name} names more than one account")).hinted(format!(
        "give the object id, such as {} or {}",
        first.id(),
        second.id()
    ))
}

fn unknown(dataset: &Dataset, name: &str) -> Failure {
    let hint = did_you_mean(dataset, name);
    let hint = hint.unwrap_or_else(|| "entriage users lists them; USER is an object id or a user principal name".to_owned());
    Failure::usage(format!("no user {name} is known in this workspace")).hinted(hint)
}

/// How alike two names must be to be taken for a slip.
const ALIKE: f64 = 0.6;

/// The names of this workspace that a name which nobody has may have been meant for. The domain is no likeness: all share it.
pub fn did_you_mean(dataset: &Dataset, name: &str) -> Option<String> {
    let before_domain = |text: &str| text.split('@').next().unwrap_or_default().to_lowercase();
    let wanted = before_domain(name);
    if wanted.is_empty() {
        return None;
    }
    let alike = |text: &str| {
        if wanted.chars().count() > 2 && text.contains(&wanted) { 1.0 } else { strsim::normalized_damerau_levenshtein(text, &wanted) }
    };
    let likeness = |records: &UserRecords| {
        let user = &records.user;
        let texts = [user.user_principal_name.as_deref(), user.user_display_name.as_deref(), Some(user.id.as_str())];
        let whole: Vec<String> = texts.into_iter().flatten().map(before_domain).collect();
        let parts = whole.iter().take(2).flat_map(|text| text.split(['.', ' ']));
        parts.chain(whole.iter().map(String::as_str)).map(alike).fold(0.0, f64::max)
    };
    let users = dataset.users().iter().map(|records| (likeness(records), records));
    let mut near: Vec<(f64, &UserRecords)> = users.filter(|(likeness, _)| *likeness >= ALIKE).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.id().cmp(b.1.id())));
    let names: Vec<&str> =
        near.iter().take(3).map(|(_, records)| records.user.user_principal_name.as_deref().unwrap_or(records.id().as_str())).collect();
    (!names.is_empty()).then(|| format!("did you mean {}?", names.join(", or ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;

    fn dataset() -> Dataset {
        ["adele", "alex", "zoe"].map(|id| fixture::risky_user(id, "passwordSpray")).into_iter().collect()
    }

    #[test]
    fn users_are_found_by_id_and_principal_name_in_any_case() {
        let dataset = dataset();
        assert_eq!(find_user(&dataset, "ALEX@contoso.test").unwrap().id().as_str(), "alex");
        assert_eq!(find_user(&dataset, "zoe").unwrap().id().as_str(), "zoe");
    }

    #[test]
    fn an_unknown_user_is_answered_with_near_matches() {
        let failure = find_user(&dataset(), "adelle@contoso.test").unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.hint.is_some_and(|hint| hint.starts_with("did you mean adele@contoso.test")));
        assert_eq!(did_you_mean(&dataset(), "adel").as_deref(), Some("did you mean adele@contoso.test?"));
        assert_eq!(did_you_mean(&dataset(), "ronja@contoso.test"), None, "the domain is no likeness");
        assert!(find_user(&dataset(), "").unwrap_err().hint.is_some_and(|hint| hint.contains("entriage users")));
    }

    #[test]
    fn a_principal_name_shared_by_two_accounts_is_not_enough() {
        let mut again = fixture::risky_user("new-id", "passwordSpray");
        again.user.user_principal_name = Some("adele@contoso.test".into());
        let mut dataset = dataset();
        dataset.put(again);
        assert!(find_user(&dataset, "adele@contoso.test").unwrap_err().message.contains("more than one"));
        assert!(find_user(&dataset, "new-id").is_ok());
    }
}
