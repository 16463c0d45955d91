//! Files records under their user.
//!
//! The same record may come from several sources, in any order, more than once: a beta page, a v1.0 page,
//! a log and a portal download of one sign-in are one sign-in. Filing the same twice changes nothing.

mod merge;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::hash::Hash;

use super::records::{Record, RiskDetection, RiskyUser, RiskyUserHistoryItem, SignIn, UserRecords};
use merge::{file_directory, file_user, merge_detection, merge_history, merge_sign_in};

/// What filing a record changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filed {
    /// The record was not held before.
    New,
    /// The record was held, and changed.
    Updated,
    /// The record was held just so.
    Unchanged,
}

/// Files a record under its user. Newer beats older; what was not read never replaces what was.
pub fn file(records: &mut UserRecords, record: Record) -> Filed {
    let mut filed = Filed::Unchanged;
    file_all(records, vec![record], &mut |done| filed = done);
    filed
}

/// Files many records of one user, and tells of each in turn. Sorts once, so that a user with many
/// thousand sign-ins does not take a quadratic time.
pub fn file_all(records: &mut UserRecords, batch: Vec<Record>, filed: &mut dyn FnMut(Filed)) {
    let many = batch.len() > 16;
    let mut detections = Index::new(many, &records.detections, |held: &RiskDetection| held.id.clone());
    let mut sign_ins = Index::new(many, &records.sign_ins, |held: &SignIn| held.id.clone());
    let mut history = Index::new(many, &records.history, |held: &RiskyUserHistoryItem| (held.id.clone(), held.risk_last_updated_date_time));
    let mut changed = false;
    for record in batch {
        let named = name(&mut records.user, &record);
        let mut done = match record {
            Record::User(user) => file_user(&mut records.user, user),
            Record::Directory(_, directory) => file_directory(&mut records.directory, directory),
            Record::Detection(detection) => detections.file(&mut records.detections, detection, merge_detection),
            Record::SignIn(sign_in) => sign_ins.file(&mut records.sign_ins, *sign_in, merge_sign_in),
            Record::History(item) => history.file(&mut records.history, item, merge_history),
            Record::Devices(_, devices) => read_whole(&mut records.devices, devices),
            Record::Methods(_, methods) => read_whole(&mut records.methods, methods),
            // What is the tenant's is no user's.
            Record::Policies(_) | Record::Locations(_) => Filed::Unchanged,
        };
        changed |= done != Filed::Unchanged;
        if named && done == Filed::Unchanged {
            done = Filed::Updated;
        }
        filed(done);
    }
    if changed {
        drop_former_presents(&mut records.history, records.user.id.as_str());
        records.sort();
    }
}

/// The present item of a history goes by the user's id, and by another one as soon as it is past (`reference/graph.md` section 1.4):
/// then it is held twice.
fn drop_former_presents(history: &mut Vec<RiskyUserHistoryItem>, user: &str) {
    let told = |item: &RiskyUserHistoryItem| (item.risk_last_updated_date_time, item.risk_state.clone(), item.risk_detail.clone());
    let past: Vec<_> = history.iter().filter(|item| item.id != user).map(told).collect();
    history.retain(|item| item.id != user || !past.contains(&told(item)));
}

/// A list that is always read as a whole.
fn read_whole<T: PartialEq>(held: &mut Option<Vec<T>>, given: Vec<T>) -> Filed {
    let before = held.replace(given);
    match &before {
        None => Filed::New,
        before if before == held => Filed::Unchanged,
        Some(_) => Filed::Updated,
    }
}

/// Where the records of one kind are in their list, which only grows at its end while a batch is filed.
struct Index<T, K> {
    places: Option<HashMap<K, usize>>,
    key: fn(&T) -> K,
}

impl<T: Clone + PartialEq, K: Hash + Eq> Index<T, K> {
    fn new(many: bool, held: &[T], key: fn(&T) -> K) -> Self {
        let places = many.then(|| held.iter().enumerate().map(|(place, record)| (key(record), place)).collect());
        Index { places, key }
    }

    fn file(&mut self, list: &mut Vec<T>, record: T, merge: fn(&mut T, T)) -> Filed {
        let key = (self.key)(&record);
        let place = match &self.places {
            Some(places) => places.get(&key).copied(),
            None => list.iter().position(|held| (self.key)(held) == key),
        };
        if let Some(held) = place.and_then(|place| list.get_mut(place)) {
            if *held == record {
                return Filed::Unchanged;
            }
            let before = held.clone();
            merge(held, record);
            return if *held == before { Filed::Unchanged } else { Filed::Updated };
        }
        if let Some(places) = &mut self.places {
            places.insert(key, list.len());
        }
        list.push(record);
        Filed::New
    }
}

/// Gives the user the names that another record has and the user lacks. Whether it did.
fn name(user: &mut RiskyUser, record: &Record) -> bool {
    let (principal_name, display_name) = match record {
        Record::User(_)
        | Record::Directory(..)
        | Record::Devices(..)
        | Record::Methods(..)
        | Record::Policies(_)
        | Record::Locations(_) => return false,
        Record::History(item) => (&item.user_principal_name, &item.user_display_name),
        Record::Detection(detection) => (&detection.user_principal_name, &detection.user_display_name),
        Record::SignIn(sign_in) => (&sign_in.user_principal_name, &sign_in.user_display_name),
    };
    let mut named = false;
    for (held, given) in [(&mut user.user_principal_name, principal_name), (&mut user.user_display_name, display_name)] {
        if held.is_none() && given.is_some() {
            held.clone_from(given);
            named = true;
        }
    }
    named
}
