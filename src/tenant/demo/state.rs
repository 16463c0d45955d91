//! The tenant as it is now: its population, and what was done to it since.

use std::collections::HashMap;

use super::log::Change;
use super::seed::{self, Population};
use crate::domain::records::{SignInId, UserRecords};
use crate::domain::time::Timestamp;
use crate::domain::transition::{self, Cause, Event, Scope};

/// One event on one user.
#[derive(Debug, Clone)]
struct Step {
    event: Event,
    sign_ins: Vec<SignInId>,
    initiated_by: Option<String>,
    effective_at: Timestamp,
}

/// A user to whom something was done.
#[derive(Debug, Default)]
struct Changed {
    /// As of the last step that was played; `None` before the first.
    records: Option<UserRecords>,
    /// Steps yet to be played, in order of time.
    pending: Vec<Step>,
}

/// The tenant's users, with memory only for those to whom something was done.
#[derive(Debug)]
pub(super) struct State {
    changed: HashMap<u32, Changed>,
}

impl State {
    pub(super) fn new() -> Self {
        State { changed: HashMap::new() }
    }

    /// Takes a change. It is played when the users are next read. `Err` names an id that is not of this tenant.
    pub(super) fn take(&mut self, population: &Population, change: &Change) -> Result<(), String> {
        let mut of_user: HashMap<u32, Vec<SignInId>> = HashMap::new();
        match change.event.row().scope {
            Scope::User => {
                for id in &change.users {
                    of_user.entry(population.user(id.as_str()).ok_or_else(|| id.to_string())?).or_default();
                }
            }
            Scope::SignIn => {
                for id in &change.sign_ins {
                    of_user.entry(population.user_of_sign_in(id.as_str()).ok_or_else(|| id.to_string())?).or_default().push(id.clone());
                }
            }
        }
        for (index, sign_ins) in of_user {
            let pending = &mut self.changed.entry(index).or_default().pending;
            let step = Step { event: change.event, sign_ins, initiated_by: change.initiated_by.clone(), effective_at: change.effective_at };
            let place = pending.partition_point(|held| held.effective_at <= step.effective_at);
            pending.insert(place, step);
        }
        Ok(())
    }

    /// A user's records as they can be read now.
    pub(super) fn read(&mut self, population: &Population, index: u32, now: Timestamp) -> UserRecords {
        let Some(changed) = self.changed.get_mut(&index) else { return population.records(index) };
        let due = changed.pending.partition_point(|step| step.effective_at <= now);
        let records = changed.records.get_or_insert_with(|| population.records(index));
        for step in changed.pending.drain(..due) {
            let cause = Cause { at: step.effective_at, initiated_by: step.initiated_by };
            transition::apply(step.event, records, &step.sign_ins, &cause);
            if seed::changes_password(step.event) {
                records.directory.last_password_change_date_time = Some(step.effective_at);
                records.directory.sign_in_sessions_valid_from_date_time = Some(step.effective_at);
            }
        }
        let mut records = records.clone();
        if !changed.pending.is_empty() {
            records.user.is_processing = Some(true);
        }
        records
    }
}
