//! Throttling: how many requests the tenant takes (`reference/graph.md` section 4).

use std::collections::VecDeque;

use super::answer::GraphError;
use crate::domain::time::Timestamp;

/// Which budget a request is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Budget {
    /// Identity protection and Conditional Access: so many requests per second, for the whole tenant.
    Protection,
    /// Sign-ins and registration reports: five in ten seconds.
    Reports,
    /// No limit that is played.
    Directory,
}

/// Requests that were let in.
#[derive(Debug)]
pub(super) struct Pace {
    rate: Option<f64>,
    protection: Option<Timestamp>,
    reports: VecDeque<Timestamp>,
}

/// Clocks tick in small steps, and callers that keep the pace exactly are right.
const TOLERANCE: f64 = 0.95;
/// Requests to reports in [`WINDOW`].
const REPORTS: usize = 5;
/// Seconds, at one request per second.
const WINDOW: f64 = 10.0;

impl Pace {
    pub(super) fn new(rate: Option<f64>) -> Self {
        Pace { rate, protection: None, reports: VecDeque::new() }
    }

    /// Lets a request in, or answers 429. Neither service says when to come again.
    pub(super) fn admit(&mut self, budget: Budget, now: Timestamp) -> Result<(), GraphError> {
        let Some(rate) = self.rate else { return Ok(()) };
        let too_soon = |last: Timestamp, wait: f64| {
            let since = last.age(now).as_seconds_f64();
            since >= 0.0 && since < TOLERANCE * wait / rate
        };
        match budget {
            Budget::Directory => Ok(()),
            Budget::Protection if self.protection.is_some_and(|last| too_soon(last, 1.0)) => Err(GraphError::throttled(None)),
            Budget::Protection => {
                self.protection = Some(now);
                Ok(())
            }
            Budget::Reports => {
                if self.reports.len() == REPORTS && self.reports.front().is_some_and(|first| too_soon(*first, WINDOW)) {
                    return Err(GraphError::throttled(None));
                }
                if self.reports.len() == REPORTS {
                    self.reports.pop_front();
                }
                self.reports.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::fixture;

    fn admitted(pace: &mut Pace, budget: Budget, milliseconds: i64) -> bool {
        pace.admit(budget, Timestamp(fixture::now().0 + TimeDelta::milliseconds(milliseconds))).is_ok()
    }

    #[test]
    fn protection_takes_one_request_a_second_and_a_refused_one_costs_nothing() {
        let mut pace = Pace::new(Some(1.0));
        let taken: Vec<bool> = [0, 500, 900, 960, 1900, 1920].map(|at| admitted(&mut pace, Budget::Protection, at)).to_vec();
        assert_eq!(taken, [true, false, false, true, false, true]);
    }

    #[test]
    fn reports_take_five_in_ten_seconds_scaled_by_the_rate() {
        let mut pace = Pace::new(Some(1.0));
        assert!((0..5).all(|at| admitted(&mut pace, Budget::Reports, at)));
        assert!(!admitted(&mut pace, Budget::Reports, 9000) && admitted(&mut pace, Budget::Reports, 10_000));
        let mut fast = Pace::new(Some(100.0));
        assert!((0..5).all(|at| admitted(&mut fast, Budget::Reports, at)));
        assert!(!admitted(&mut fast, Budget::Reports, 50) && admitted(&mut fast, Budget::Reports, 101));
    }

    #[test]
    fn the_directory_and_a_tenant_without_a_rate_take_all() {
        let mut pace = Pace::new(Some(1.0));
        assert!((0..20).all(|_| admitted(&mut pace, Budget::Directory, 0)));
        let mut pace = Pace::new(None);
        assert!((0..20).all(|_| admitted(&mut pace, Budget::Protection, 0) && admitted(&mut pace, Budget::Reports, 0)));
    }
}
