//! Things that go wrong, as the spec says. How often each has struck is kept in the log.

use std::time::Duration;

use crate::domain::action::Action;
use crate::domain::workspace::{DemoSpec, Fault, FaultKind};
use crate::tenant::TenantError;

/// How often each fault has struck.
#[derive(Debug, Default)]
pub(super) struct Strikes(Vec<u32>);

/// Faults that a request meets, by their place in the spec.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Met {
    /// It ends here, before the tenant looks at it.
    pub refused: Option<(usize, TenantError)>,
    /// Targets (by place in the request; all of it for a fault on every request) that stay as they are.
    pub without_effect: Vec<(usize, Hits)>,
    /// Targets that change later.
    pub slow: Vec<(usize, Hits, u64)>,
    /// The answer is lost after all was done.
    pub broken: Option<usize>,
}

/// What part of a request a fault is about.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Hits {
    /// All targets.
    All,
    /// The target at this place.
    Only(Vec<usize>),
}

impl Hits {
    pub(super) fn hit(&self, place: usize) -> bool {
        match self {
            Hits::All => true,
            Hits::Only(places) => places.contains(&place),
        }
    }
}

impl Strikes {
    pub(super) fn count(&mut self, fault: usize) {
        if self.0.len() <= fault {
            self.0.resize(fault + 1, 0);
        }
        if let Some(count) = self.0.get_mut(fault) {
            *count = count.saturating_add(1);
        }
    }

    fn is_spent(&self, fault: usize, times: Option<u32>) -> bool {
        times.is_some_and(|times| self.0.get(fault).copied().unwrap_or(0) >= times)
    }

    /// The faults that a request meets. `action` is `None` for reading; `targets` names, for each target, what a
    /// fault may call it: its id, its user's id and principal name.
    pub(super) fn meet(&self, spec: &DemoSpec, action: Option<Action>, targets: &[Vec<String>]) -> Met {
        let mut met = Met::default();
        for (place, fault) in spec.faults.iter().enumerate() {
            if fault.needs_server() || self.is_spent(place, fault.times) || !concerns(fault, action) {
                continue;
            }
            let Some(hits) = hits(fault, targets) else { continue };
            match &fault.does {
                FaultKind::NoEffect => met.without_effect.push((place, hits)),
                FaultKind::Slow { seconds } => met.slow.push((place, hits, *seconds)),
                FaultKind::BreakAfter => {
                    met.broken.get_or_insert(place);
                }
                does => {
                    met.refused = refusal(does).map(|error| (place, error));
                    return met;
                }
            }
        }
        met
    }
}

fn concerns(fault: &Fault, action: Option<Action>) -> bool {
    match action {
        Some(action) => fault.actions.is_empty() || fault.actions.contains(&action),
        // Reading changes nothing that could be refused, slow or lost on the way.
        None => {
            fault.actions.is_empty()
                && matches!(
                    fault.does,
                    FaultKind::Throttle { .. } | FaultKind::BreakAfter | FaultKind::BreakBefore | FaultKind::Unavailable
                )
        }
    }
}

fn hits(fault: &Fault, targets: &[Vec<String>]) -> Option<Hits> {
    let Some(user) = &fault.user else { return Some(Hits::All) };
    let named = |names: &&Vec<String>| names.iter().any(|name| name.eq_ignore_ascii_case(user));
    let places: Vec<usize> = targets.iter().enumerate().filter(|(_, names)| named(names)).map(|(place, _)| place).collect();
    (!places.is_empty()).then_some(Hits::Only(places))
}

fn refusal(does: &FaultKind) -> Option<TenantError> {
    match does {
        FaultKind::Throttle { retry_after_seconds } => {
            Some(TenantError::Throttled { retry_after: retry_after_seconds.map(Duration::from_secs) })
        }
        FaultKind::Poison => Some(super::bad_request("One or more of the ids are invalid.")),
        FaultKind::BreakBefore => Some(broken()),
        FaultKind::Unavailable => Some(TenantError::Lost { message: "503 ServiceUnavailable: the service is not available".to_owned() }),
        _ => None,
    }
}

/// The connection broke.
pub(super) fn broken() -> TenantError {
    TenantError::Lost { message: "the connection was closed before the answer came".to_owned() }
}
