//! Which faults a request meets, and how often each has struck.

use std::collections::HashSet;

use crate::domain::action::Action;
use crate::domain::workspace::{Fault, FaultKind};

/// The faults of a spec.
#[derive(Debug)]
pub(super) struct Faults {
    faults: Vec<Held>,
}

#[derive(Debug)]
struct Held {
    fault: Fault,
    /// Number of the user that it names; `None` where the tenant has none such.
    user: Option<u32>,
    struck: u32,
}

/// What a fault may look at.
#[derive(Debug, Default)]
pub(super) struct Concern<'a> {
    pub(super) path: &'a str,
    /// `None` for all that is not a feedback verb.
    pub(super) action: Option<Action>,
    /// Whether it would change something.
    pub(super) writes: bool,
    /// Numbers of the users that the request names.
    pub(super) users: HashSet<u32>,
}

impl Faults {
    /// `number` finds a user by id or principal name.
    pub(super) fn new(faults: &[Fault], number: impl Fn(&str) -> Option<u32>) -> Self {
        let held = |fault: &Fault| Held { fault: fault.clone(), user: fault.user.as_deref().and_then(&number), struck: 0 };
        Faults { faults: faults.iter().map(held).collect() }
    }

    /// Whether any fault is about a user, so that it must be known whom a request names.
    pub(super) fn ask_for_users(&self) -> bool {
        self.faults.iter().any(|held| held.fault.user.is_some())
    }

    /// The first fault that the request meets among those that `plays` is right for. It has struck then.
    pub(super) fn strike(&mut self, concern: &Concern, plays: impl Fn(&Fault) -> bool) -> Option<FaultKind> {
        let met = self.faults.iter_mut().find(|held| held.meets(concern) && plays(&held.fault))?;
        met.struck = met.struck.saturating_add(1);
        Some(met.fault.does.clone())
    }

    /// Strikes with all that `reads` finds something in, whatever the request.
    pub(super) fn strike_all<T>(&mut self, path: &str, reads: impl Fn(&FaultKind) -> Option<T>) -> Vec<T> {
        let mut found = Vec::new();
        for held in self.faults.iter_mut().filter(|held| !held.is_spent() && held.is_on(path)) {
            if let Some(value) = reads(&held.fault.does) {
                held.struck = held.struck.saturating_add(1);
                found.push(value);
            }
        }
        found
    }

    /// Whether there is a fault of this kind for ever and for every request.
    pub(super) fn always(&self, does: &FaultKind) -> bool {
        self.faults.iter().any(|held| {
            let fault = &held.fault;
            fault.does == *does && fault.times.is_none() && fault.path.is_none() && fault.user.is_none() && fault.actions.is_empty()
        })
    }
}

impl Held {
    fn is_spent(&self) -> bool {
        self.fault.times.is_some_and(|times| self.struck >= times)
    }

    fn is_on(&self, path: &str) -> bool {
        self.fault.path.as_deref().is_none_or(|part| path.contains(part))
    }

    fn meets(&self, concern: &Concern) -> bool {
        let fault = &self.fault;
        !self.is_spent()
            && self.is_on(concern.path)
            && (fault.actions.is_empty() || concern.action.is_some_and(|action| fault.actions.contains(&action)))
            && (fault.user.is_none() || self.user.is_some_and(|user| concern.users.contains(&user)))
            && (concern.writes || !matches!(fault.does, FaultKind::Poison | FaultKind::WithoutRole))
    }
}

/// The faults that the simulated tenant plays itself: those that hit single ids of a write. One that is about a path is about the
/// verbs with that path.
pub(super) fn of_the_tenant(faults: &[Fault]) -> Vec<Fault> {
    let plays = |fault: &&Fault| matches!(fault.does, FaultKind::NoEffect | FaultKind::Slow { .. });
    let translated = |fault: &Fault| {
        let Some(part) = &fault.path else { return Some(fault.clone()) };
        let on_path = |action: &Action| ["v1.0", "beta"].iter().any(|version| path_of(version, *action).contains(part.as_str()));
        let wanted = Action::feedback().filter(|action| fault.actions.is_empty() || fault.actions.contains(action));
        let actions: Vec<Action> = wanted.filter(on_path).collect();
        (!actions.is_empty()).then(|| Fault { actions, path: None, ..fault.clone() })
    };
    faults.iter().filter(plays).filter_map(translated).collect()
}

/// The last part of the path of a feedback verb.
fn verb(action: Action) -> (&'static str, &'static str) {
    match action {
        Action::DismissUserRisk => ("identityProtection/riskyUsers", "dismiss"),
        Action::ConfirmUserCompromised => ("identityProtection/riskyUsers", "confirmCompromised"),
        Action::ConfirmUserSafe => ("identityProtection/riskyUsers", "confirmSafe"),
        Action::DismissSignInRisk => ("auditLogs/signIns", "dismiss"),
        Action::ConfirmSignInCompromised => ("auditLogs/signIns", "confirmCompromised"),
        Action::ConfirmSignInSafe => ("auditLogs/signIns", "confirmSafe"),
        // What is no feedback has no verb.
        _ => ("", ""),
    }
}

fn path_of(version: &str, action: Action) -> String {
    let (collection, verb) = verb(action);
    format!("/{version}/{collection}/{verb}")
}

/// The feedback verb of a path below the version.
pub(super) fn action_of(segments: &[&str]) -> Option<Action> {
    let path = segments.join("/");
    Action::feedback().find(|action| {
        let (collection, verb) = verb(*action);
        path.strip_prefix(collection).and_then(|rest| rest.strip_prefix('/')) == Some(verb)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(does: FaultKind) -> Fault {
        Fault { actions: Vec::new(), user: None, times: None, path: None, does }
    }

    fn concern(path: &str) -> Concern<'_> {
        Concern { path, ..Concern::default() }
    }

    #[test]
    fn a_fault_strikes_as_often_as_told_where_path_verb_and_user_fit() {
        let held = Fault { times: Some(1), path: Some("riskyUsers".to_owned()), user: Some("u".to_owned()), ..fault(FaultKind::Html) };
        let mut faults = Faults::new(&[held], |name| (name == "u").then_some(7));
        let strike = |faults: &mut Faults, concern: &Concern| faults.strike(concern, |_| true).is_some();
        assert!(!strike(&mut faults, &concern("/v1.0/identityProtection/riskyUsers")));
        let named = |path| Concern { users: HashSet::from([7]), ..concern(path) };
        assert!(!strike(&mut faults, &named("/v1.0/users")));
        assert!(strike(&mut faults, &named("/v1.0/identityProtection/riskyUsers")));
        assert!(!strike(&mut faults, &named("/v1.0/identityProtection/riskyUsers")));
    }

    #[test]
    fn what_refuses_writes_does_not_strike_reading() {
        let mut faults = Faults::new(&[fault(FaultKind::Poison), fault(FaultKind::WithoutRole)], |_| None);
        assert_eq!(faults.strike(&concern("/v1.0/users"), |_| true), None);
        assert_eq!(faults.strike(&Concern { writes: true, ..concern("/v1.0/users") }, |_| true), Some(FaultKind::Poison));
    }

    #[test]
    fn faults_on_single_ids_are_the_tenants_and_keep_to_their_path() {
        let on = |part: &str| Fault { path: Some(part.to_owned()), ..fault(FaultKind::NoEffect) };
        let given = [on("signIns/dismiss"), on("/users"), fault(FaultKind::Slow { seconds: 3 }), fault(FaultKind::BreakAfter)];
        let tenants = of_the_tenant(&given);
        assert_eq!(tenants.len(), 2);
        assert_eq!((tenants[0].path.as_deref(), tenants[0].actions.as_slice()), (None, &[Action::DismissSignInRisk][..]));
        assert!(tenants.iter().all(|fault| !fault.needs_server()));
    }

    #[test]
    fn a_path_tells_its_verb() {
        assert_eq!(action_of(&["auditLogs", "signIns", "confirmSafe"]), Some(Action::ConfirmSignInSafe));
        assert_eq!(action_of(&["identityProtection", "riskyUsers", "id"]), None);
    }
}
