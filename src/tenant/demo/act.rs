//! Writes: whether the tenant takes a request, and what it does then, faults included.

use std::collections::{BTreeMap, HashSet};

use chrono::TimeDelta;

use super::log::{AccountChange, Change, Line, TenantChange};
use super::policies::TenantDeed;
use super::{AccountDeed, DemoTenant, Inner, bad_request, faults, scope};
use crate::domain::action::{Action, IDS_PER_REQUEST, Kind};
use crate::domain::policy::{self, DISABLED, ENABLED};
use crate::domain::records::{SignInId, UserId, UserRecords};
use crate::domain::time::Timestamp;
use crate::domain::transition::{Event, Scope};
use crate::tenant::{Call, TenantError};

impl DemoTenant {
    /// Takes a request, which has its turn.
    pub(super) fn apply(&self, call: &Call) -> Result<(), TenantError> {
        let mut inner = self.lock();
        let now = self.clock.now();
        self.admit(&mut inner, now)?;
        let scope = scope(call.action);
        let names: Vec<Vec<String>> = call.ids.iter().map(|id| self.names(scope, id)).collect();
        let met = inner.strikes.meet(self.population.spec(), Some(call.action), &names);
        if let Some((place, error)) = met.refused {
            inner.log.append(&[Line::Struck { fault: place }])?;
            inner.strikes.count(place);
            return Err(error);
        }
        let ids = self.valid(&mut inner, call, now)?;
        let mut struck: Vec<usize> = met.without_effect.iter().map(|(place, _)| *place).collect();
        struck.extend(met.slow.iter().map(|(place, ..)| *place));
        struck.extend(met.broken);

        // By how many seconds it takes until the change can be read.
        let mut delayed: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for (place, id) in ids.into_iter().enumerate() {
            if !met.without_effect.iter().any(|(_, hits)| hits.hit(place)) {
                let slow = met.slow.iter().filter(|(_, hits, _)| hits.hit(place)).map(|(.., seconds)| *seconds).max();
                delayed.entry(slow.unwrap_or(0)).or_default().push(id);
            }
        }
        let mut lines: Vec<Line> = struck.iter().map(|place| Line::Struck { fault: *place }).collect();
        let mut applied = Vec::new();
        for (seconds, mut ids) in delayed {
            let mut seen = HashSet::new();
            ids.retain(|id| seen.insert(id.clone()));
            lines.extend(self.deeds(&mut inner, call, &ids, now, after(now, seconds)));
            applied.extend(ids);
        }
        inner.take(&self.population, &lines)?;
        for place in struck {
            inner.strikes.count(place);
        }
        for id in applied {
            *inner.applied.entry((call.action, id)).or_default() += 1;
        }
        if met.broken.is_some() { Err(faults::broken()) } else { Ok(()) }
    }

    /// The ids of a request as the tenant spells them, if each of them can be acted on.
    fn valid(&self, inner: &mut Inner, call: &Call, now: Timestamp) -> Result<Vec<String>, TenantError> {
        if call.ids.is_empty() {
            return Err(bad_request("The request names no ids."));
        }
        match call.action.kind() {
            Kind::Feedback(_) if call.ids.len() > IDS_PER_REQUEST => Err(bad_request("The request names more than 60 ids.")),
            Kind::Feedback(_) => call.ids.iter().map(|id| self.valid_id(inner, call.action, id, now)).collect(),
            Kind::Account if call.ids.len() > 1 => Err(bad_request("The request names more than one account.")),
            Kind::Account => call.ids.iter().map(|id| self.living(inner, id, now)).collect(),
            Kind::Policy if call.action.needs_policy() => self.valid_change(inner, call, now),
            Kind::Policy => call.ids.iter().map(|text| valid_range(text)).collect(),
            Kind::Playbook => Err(bad_request("A playbook is no request; its steps are.")),
        }
    }

    /// Graph does not tell which id is wrong (`reference/domain.md` section 1, fact 5), and neither does this.
    fn valid_id(&self, inner: &mut Inner, action: Action, id: &str, now: Timestamp) -> Result<String, TenantError> {
        let scope = scope(action);
        let invalid = || match scope {
            Scope::User => bad_request("One or more of the user ids are invalid."),
            Scope::SignIn => bad_request("One or more of the request ids do not exist in the tenant, or are not risky."),
        };
        let index = self.user_of(scope, id).ok_or_else(invalid)?;
        let records = inner.state.read(&self.population, index, now);
        if records.user.is_deleted == Some(true) {
            return Err(invalid());
        }
        if scope == Scope::User {
            return Ok(records.user.id.to_string());
        }
        let sign_in = records.sign_ins.iter().find(|sign_in| sign_in.id.as_str().eq_ignore_ascii_case(id)).ok_or_else(invalid)?;
        if action.closes_risk() && sign_in.at_risk() != Some(true) {
            return Err(invalid());
        }
        Ok(sign_in.id.to_string())
    }

    /// The id of a user who is there and not deleted.
    fn living(&self, inner: &mut Inner, id: &str, now: Timestamp) -> Result<String, TenantError> {
        let records = self.population.user(id).map(|index| inner.state.read(&self.population, index, now));
        let records = records.filter(|records| records.user.is_deleted != Some(true));
        records.map(|records| records.user.id.to_string()).ok_or_else(|| not_found(id))
    }

    /// Ids of a change of a policy, which must be as it was shown.
    fn valid_change(&self, inner: &mut Inner, call: &Call, now: Timestamp) -> Result<Vec<String>, TenantError> {
        let shown = call.policy.as_ref().ok_or_else(|| bad_request("The request names no policy."))?;
        let present = inner.state.conditional_access(now).policy(&shown.id).ok_or_else(|| not_found(&shown.id))?;
        if !shown.differences(&present).is_empty() {
            let message = format!(
                "the policy {:?} is not as it was shown, and nothing was changed; bring the workspace up to date (entriage sync) and \
                 plan anew",
                present.display_name
            );
            return Err(TenantError::Changed { message });
        }
        match call.action {
            Action::ExcludeFromPolicy => call.ids.iter().map(|id| self.living(inner, id, now)).collect(),
            // Whoever is on the list can be taken off it, deleted or not.
            Action::IncludeInPolicy => Ok(call.ids.clone()),
            _ if call.ids.iter().all(|id| id.eq_ignore_ascii_case(&present.id)) => Ok(vec![present.id]),
            _ => Err(bad_request("The request names another policy than was shown.")),
        }
    }

    /// What the request does to these ids.
    fn deeds(&self, inner: &mut Inner, call: &Call, ids: &[String], now: Timestamp, effective_at: Timestamp) -> Vec<Line> {
        if let Some(event) = call.action.event() {
            return vec![Line::Change(change(call, event, ids, now, effective_at))];
        }
        let policy = || call.policy.as_ref().map(|policy| policy.id.clone()).unwrap_or_default();
        let tenant = |deed| vec![Line::Tenant(TenantChange { deed, effective_at })];
        match call.action {
            Action::ExcludeFromPolicy => tenant(TenantDeed::Excluded { policy: policy(), users: ids.to_vec() }),
            Action::IncludeInPolicy => tenant(TenantDeed::Included { policy: policy(), users: ids.to_vec() }),
            Action::DisablePolicy => tenant(TenantDeed::State { policy: policy(), state: DISABLED.to_owned() }),
            Action::EnablePolicy => tenant(TenantDeed::State { policy: policy(), state: ENABLED.to_owned() }),
            Action::TrustIp => tenant(TenantDeed::Trusted { ranges: ids.to_vec() }),
            Action::UntrustIp => tenant(TenantDeed::Untrusted { ranges: ids.to_vec() }),
            _ => {
                let accounts = ids.iter().filter_map(|id| self.population.user(id));
                let records: Vec<UserRecords> = accounts.map(|index| inner.state.read(&self.population, index, now)).collect();
                records.iter().flat_map(|records| account_deeds(call, records, now, effective_at)).collect()
            }
        }
    }
}

/// What the request does to one account.
fn account_deeds(call: &Call, records: &UserRecords, now: Timestamp, effective_at: Timestamp) -> Vec<Line> {
    let line = |deed, effective_at| Line::Account(AccountChange { user: records.id().clone(), deed, effective_at });
    let deed = match call.action {
        Action::GenerateTemporaryPassword if records.user.at_risk() == Some(true) => {
            // The password is new at once; it is the risk that may take its time.
            let event = change(call, Event::GenerateTemporaryPassword, &[records.user.id.to_string()], now, effective_at);
            let set = (effective_at > now).then(|| line(AccountDeed::PasswordSet, now));
            return set.into_iter().chain([Line::Change(event)]).collect();
        }
        Action::GenerateTemporaryPassword => AccountDeed::PasswordSet,
        Action::RequirePasswordChange => AccountDeed::ChangeRequired { required: true, with_mfa: true },
        Action::RevokeSessions => AccountDeed::SessionsRevoked,
        Action::BlockSignIn => AccountDeed::Enabled { enabled: false },
        Action::UnblockSignIn => AccountDeed::Enabled { enabled: true },
        Action::DisableDevices => {
            let held = |id: &&String| records.devices.iter().flatten().any(|device| device.id.eq_ignore_ascii_case(id));
            AccountDeed::Devices { ids: call.devices.iter().filter(held).cloned().collect(), enabled: false }
        }
        _ => return Vec::new(),
    };
    vec![line(deed, effective_at)]
}

/// The event on these ids.
fn change(call: &Call, event: Event, ids: &[String], at: Timestamp, effective_at: Timestamp) -> Change {
    let (users, sign_ins) = match event.row().scope {
        Scope::User => (ids.iter().cloned().map(UserId::from).collect(), Vec::new()),
        Scope::SignIn => (Vec::new(), ids.iter().cloned().map(SignInId::from).collect()),
    };
    Change { event, users, sign_ins, initiated_by: Some(call.operator.clone()), at, effective_at }
}

fn valid_range(text: &str) -> Result<String, TenantError> {
    let range = policy::range(text).ok_or_else(|| bad_request("The request names a range that is none."))?;
    Ok(range.to_string())
}

fn not_found(id: &str) -> TenantError {
    let message = format!("Resource '{id}' does not exist or one of its queried reference-property objects are not present.");
    TenantError::Rejected { status: 404, code: "Request_ResourceNotFound".to_owned(), message }
}

/// So many seconds later; a century at most, which is never.
fn after(now: Timestamp, seconds: u64) -> Timestamp {
    const CENTURY: u64 = 100 * 365 * 24 * 3600;
    Timestamp(now.0 + TimeDelta::seconds(seconds.min(CENTURY) as i64))
}

#[cfg(test)]
mod tests;
