//! A tenant's records in memory, by user.

use std::collections::HashMap;

use super::policy::TenantFacts;
use super::query::Glance;
use super::records::{RiskDetection, SignIn, SignInId, UserId, UserRecords};

/// From so many users on, reading them takes longer than a blink: such a workspace remembers whom to show first.
pub const MANY_USERS: usize = 500;

/// How many it remembers: more than the tallest screens have rows.
pub const FIRST_USERS: usize = 100;

/// The records of a tenant, by user, in a stable order.
///
/// Callers see users, sign-ins and detections; how they lie in memory is this module's business.
#[derive(Debug, Clone, Default)]
pub struct Dataset {
    users: Vec<UserRecords>,
    /// By position, what a filter asks.
    glances: Vec<Glance>,
    positions: HashMap<UserId, usize>,
    tenant: TenantFacts,
}

impl Dataset {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing yet, with room for so many users.
    pub fn with_room(users: usize) -> Self {
        Dataset {
            users: Vec::with_capacity(users),
            glances: Vec::with_capacity(users),
            positions: HashMap::with_capacity(users),
            tenant: TenantFacts::default(),
        }
    }

    /// What is known of the tenant as a whole.
    pub fn tenant(&self) -> &TenantFacts {
        &self.tenant
    }

    /// Takes what is known of the tenant as a whole.
    pub fn set_tenant(&mut self, tenant: TenantFacts) {
        self.tenant = tenant;
    }

    /// Number of users.
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether there is no user.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// All users.
    pub fn users(&self) -> &[UserRecords] {
        &self.users
    }

    /// One user, by id.
    pub fn user(&self, id: &UserId) -> Option<&UserRecords> {
        self.positions.get(id).and_then(|position| self.users.get(*position))
    }

    /// Where a user stands in [`Dataset::users`].
    pub fn position(&self, id: &UserId) -> Option<usize> {
        self.positions.get(id).copied()
    }

    /// All users, each with what a filter asks first.
    pub fn users_with_glances(&self) -> impl Iterator<Item = (&UserRecords, &Glance)> {
        self.users.iter().zip(&self.glances)
    }

    /// Puts a user's records in place of those held so far.
    pub fn put(&mut self, records: UserRecords) {
        let glance = Glance::of(&records);
        self.put_with(records, glance);
    }

    /// The same where the glance at these records is at hand.
    pub fn put_with(&mut self, records: UserRecords, glance: Glance) {
        let held = self.positions.get(records.id()).copied();
        match held.and_then(|position| self.users.get_mut(position).zip(self.glances.get_mut(position))) {
            Some(held) => (*held.0, *held.1) = (records, glance),
            None => {
                self.positions.insert(records.id().clone(), self.users.len());
                self.users.push(records);
                self.glances.push(glance);
            }
        }
    }

    /// All sign-ins, with their users.
    pub fn sign_ins(&self) -> impl Iterator<Item = (&UserRecords, &SignIn)> {
        self.users.iter().flat_map(|records| records.sign_ins.iter().map(move |sign_in| (records, sign_in)))
    }

    /// All detections, with their users.
    pub fn detections(&self) -> impl Iterator<Item = (&UserRecords, &RiskDetection)> {
        self.users.iter().flat_map(|records| records.detections.iter().map(move |detection| (records, detection)))
    }

    /// The user and the sign-in with this id. Looks through all users: for single look-ups.
    pub fn sign_in(&self, id: &SignInId) -> Option<(&UserRecords, &SignIn)> {
        self.sign_ins().find(|(_, sign_in)| sign_in.id == *id)
    }
}

impl FromIterator<UserRecords> for Dataset {
    fn from_iter<I: IntoIterator<Item = UserRecords>>(records: I) -> Self {
        let mut dataset = Dataset::new();
        for records in records {
            dataset.put(records);
        }
        dataset
    }
}
