//! The tenant as it is now: its population, and what was done to it since.

use std::collections::HashMap;

use super::accounts::{self, AccountDeed};
use super::log::{AccountChange, Change, Line};
use super::policies::ConditionalAccess;
use super::seed::Population;
use crate::domain::records::{SignInId, UserRecords};
use crate::domain::time::Timestamp;
use crate::domain::transition::{self, Cause, Event, Scope};

/// Something that is done to one user.
#[derive(Debug, Clone)]
enum Step {
    Event { event: Event, sign_ins: Vec<SignInId>, initiated_by: Option<String> },
    Account(AccountDeed),
}

/// A user to whom something was done.
#[derive(Debug, Default)]
struct Changed {
    /// As of the last step that was played; `None` before the first.
    records: Option<UserRecords>,
    /// Steps yet to be played, in order of time.
    pending: Vec<(Timestamp, Step)>,
    /// Whether the password must be changed after multifactor authentication.
    with_mfa: bool,
}

/// The tenant's users, with memory only for those to whom something was done; its policies and locations.
#[derive(Debug)]
pub(super) struct State {
    changed: HashMap<u32, Changed>,
    conditional_access: ConditionalAccess,
}

impl State {
    pub(super) fn new(population: &Population) -> Self {
        State { changed: HashMap::new(), conditional_access: ConditionalAccess::new(population.ids()) }
    }

    /// Takes a line of the log but for faults. It is played when what it is about is next read. `Err` names an id that is not of
    /// this tenant.
    pub(super) fn take(&mut self, population: &Population, line: &Line) -> Result<(), String> {
        match line {
            Line::Change(change) => self.take_event(population, change),
            Line::Account(AccountChange { user, deed, effective_at }) => {
                let index = population.user(user.as_str()).ok_or_else(|| user.to_string())?;
                self.put(index, *effective_at, Step::Account(deed.clone()));
                Ok(())
            }
            Line::Tenant(change) => {
                self.conditional_access.take(change.deed.clone(), change.effective_at);
                Ok(())
            }
            Line::Struck { .. } => Ok(()),
        }
    }

    fn take_event(&mut self, population: &Population, change: &Change) -> Result<(), String> {
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
            let step = Step::Event { event: change.event, sign_ins, initiated_by: change.initiated_by.clone() };
            self.put(index, change.effective_at, step);
        }
        Ok(())
    }

    fn put(&mut self, index: u32, effective_at: Timestamp, step: Step) {
        let pending = &mut self.changed.entry(index).or_default().pending;
        let place = pending.partition_point(|(held, _)| *held <= effective_at);
        pending.insert(place, (effective_at, step));
    }

    /// A user's records as they can be read now.
    pub(super) fn read(&mut self, population: &Population, index: u32, now: Timestamp) -> UserRecords {
        let Some(changed) = self.changed.get_mut(&index) else { return population.records(index) };
        let due = changed.pending.partition_point(|(at, _)| *at <= now);
        let records = changed.records.get_or_insert_with(|| population.records(index));
        for (at, step) in changed.pending.drain(..due) {
            match step {
                Step::Event { event, sign_ins, initiated_by } => {
                    transition::apply(event, records, &sign_ins, &Cause { at, initiated_by });
                    if event == Event::GenerateTemporaryPassword {
                        accounts::play(&AccountDeed::PasswordSet, records, at);
                        changed.with_mfa = false;
                    } else if accounts::is_users_own_change(event) {
                        accounts::play(&AccountDeed::PasswordChanged, records, at);
                    }
                }
                Step::Account(deed) => {
                    match &deed {
                        AccountDeed::ChangeRequired { required, with_mfa } => changed.with_mfa = *required && *with_mfa,
                        AccountDeed::PasswordSet => changed.with_mfa = false,
                        _ => {}
                    }
                    accounts::play(&deed, records, at);
                }
            }
        }
        let mut records = records.clone();
        if changed.pending.iter().any(|(_, step)| matches!(step, Step::Event { .. })) {
            records.user.is_processing = Some(true);
        }
        records
    }

    /// Whether a password change that is required of the user begins with multifactor authentication.
    pub(super) fn change_is_with_mfa(&mut self, population: &Population, index: u32, now: Timestamp) -> bool {
        let required = self.read(population, index, now).directory.password_change_required == Some(true);
        required && self.changed.get(&index).is_some_and(|changed| changed.with_mfa)
    }

    /// Policies and locations as they can be read now.
    pub(super) fn conditional_access(&mut self, now: Timestamp) -> &ConditionalAccess {
        self.conditional_access.settle(now);
        &self.conditional_access
    }
}
