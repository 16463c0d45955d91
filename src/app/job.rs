//! The job that this console runs, as it is seen on the screen.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::format::{fit, number, width};
use super::scroll::Scroll;
use crate::domain::action::Action;
use crate::domain::job_event::{JobEvent, What};
use crate::domain::journal::{JobId, JobState, Outcome};
use crate::domain::ledger::{ItemState, Job, Tally};
use crate::domain::plan::Plan;
use crate::domain::records::UserId;
use crate::domain::time::Timestamp;

/// How one target came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The target.
    pub id: String,
    /// Principal name, where known. Hostile text.
    pub name: Option<String>,
    /// How it came out.
    pub outcome: Outcome,
    /// Why. Hostile text.
    pub because: Option<String>,
}

/// Whether the job goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// It runs, or is about to.
    Running,
    /// It ended.
    Ended(JobState),
    /// An error stopped it; it can be resumed.
    Failed(String),
}

/// A job that runs or ran since the console was opened.
#[derive(Debug, Clone)]
pub struct JobRun {
    /// Number, once it has one.
    pub id: Option<JobId>,
    /// Id of its plan.
    pub plan: String,
    /// What is done.
    pub action: Action,
    /// When it was begun here.
    pub started: Timestamp,
    /// Until when the first request is held back.
    pub held_until: Option<Timestamp>,
    /// How many targets its plan acts on. Of a playbook, the numbers count each step of each of them.
    pub targets: usize,
    /// In numbers.
    pub tally: Tally,
    /// How long it will take yet.
    pub seconds_left: Option<u64>,
    /// Requests a second that the tenant allows.
    pub rate: Option<f64>,
    /// Whether the operator asked it to stop.
    pub stopping: bool,
    /// What the tenant asked for last.
    pub notice: Option<String>,
    /// Where it stands.
    pub phase: Phase,
    /// What did not come out as promised.
    pub problems: Vec<Row>,
    /// What was read back as promised.
    pub verified: Vec<Row>,
    /// Place in the list of outcomes.
    pub scroll: Scroll,
    /// The playbook that it is a step of.
    pub playbook: Option<JobId>,
    /// After a dismissal: how many of the verified users are not safe, for each reason.
    pub not_safe: [usize; 3],
    /// How many of them for any reason.
    pub not_safe_users: usize,
    /// Of how many of them it is not known, because something was not read.
    pub safety_unread: usize,
    /// Of an action on a policy, its id and name. Hostile text.
    policy: Option<(String, String)>,
    seen: HashSet<String>,
    /// Whose the sign-ins are that it is about, by their ids.
    owners: HashMap<String, UserId>,
}

impl JobRun {
    /// A plan that was confirmed just now.
    pub fn of_plan(plan: &Plan, hold_seconds: u64, rate: Option<f64>, now: Timestamp) -> Self {
        let total = plan.included_count();
        let hold = chrono::TimeDelta::seconds(i64::try_from(hold_seconds).unwrap_or(0));
        JobRun {
            id: None,
            plan: plan.id.clone(),
            action: plan.action,
            started: now,
            held_until: (hold_seconds > 0).then_some(Timestamp(now.0 + hold)),
            targets: total,
            tally: Tally { total, pending: total, ..Tally::default() },
            seconds_left: Some(plan.estimated_seconds),
            rate,
            stopping: false,
            notice: None,
            phase: Phase::Running,
            problems: Vec::new(),
            verified: Vec::new(),
            scroll: Scroll::default(),
            playbook: plan.playbook,
            not_safe: [0; 3],
            not_safe_users: 0,
            safety_unread: 0,
            policy: plan.policy.as_ref().map(|policy| (policy.id.clone(), policy.display_name.clone())),
            seen: HashSet::new(),
            owners: plan.included().filter_map(|target| Some((target.id.clone(), target.user_id.clone()?))).collect(),
        }
    }

    /// An interrupted job that is taken up again, or brought to its end.
    pub fn of_job(job: &Job, rate: Option<f64>, now: Timestamp) -> Self {
        let mut run = JobRun::of_plan(&job.plan, 0, rate, now);
        run.id = Some(job.id);
        run.tally = job.tally();
        run.seconds_left = None;
        for (item, target) in job.items.iter().zip(job.plan.included()) {
            if let ItemState::Ended(outcome, because) = &item.state {
                run.push(Row {
                    id: item.id.clone(),
                    name: target.user_principal_name.clone(),
                    outcome: *outcome,
                    because: because.clone(),
                });
            }
        }
        run
    }

    /// A job that has ended, as it came out.
    pub fn of_ended(job: &Job, rate: Option<f64>, now: Timestamp) -> Self {
        JobRun { phase: Phase::Ended(job.state), ..JobRun::of_job(job, rate, now) }
    }

    /// Whether it has not ended.
    pub fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }

    /// Whether something is left to be sent or read back.
    pub fn has_work(&self) -> bool {
        self.is_running() && self.tally.pending + self.tally.accepted + self.tally.maybe_sent > 0
    }

    /// Seconds until the first request leaves, while it is held back.
    pub fn held_for(&self, now: Timestamp) -> Option<u64> {
        let until = self.held_until.filter(|_| self.is_running())?;
        let left = (until.0 - now.0).num_milliseconds();
        (left > 0).then(|| left.unsigned_abs().div_ceil(1_000))
    }

    /// Takes an event; says which target was verified by it.
    pub fn event(&mut self, event: &JobEvent) -> Option<String> {
        let row = |outcome, because: Option<&String>| Row {
            id: event.id.clone(),
            name: event.user_principal_name.clone(),
            outcome,
            because: because.cloned(),
        };
        match &event.what {
            What::Held { until } => self.held_until = Some(*until),
            What::Throttled { seconds } => self.notice = Some(format!("The tenant asks to wait {seconds} s.")),
            What::Accepted => {
                self.held_until = None;
                self.notice = None;
            }
            What::Verified => {
                self.push(row(Outcome::Verified, None));
                return Some(event.id.clone());
            }
            What::Diverged { because } => self.push(row(Outcome::Diverged, Some(because))),
            What::Failed { because } => self.push(row(Outcome::Failed, Some(because))),
            What::Skipped { because } => self.push(row(Outcome::Skipped, Some(because))),
            What::Unverified { because } => self.push(row(Outcome::Unverified, Some(because))),
            What::Summary { .. } => {}
        }
        None
    }

    fn push(&mut self, row: Row) {
        // A policy is known by its name.
        let policy = self.policy.as_ref().filter(|(id, _)| *id == row.id).map(|(_, name)| name.clone());
        let row = Row { name: row.name.or(policy), ..row };
        if !self.seen.insert(row.id.clone()) {
            self.problems.retain(|held| held.id != row.id);
            self.verified.retain(|held| held.id != row.id);
        }
        if row.outcome == Outcome::Verified { self.verified.push(row) } else { self.problems.push(row) }
    }

    /// Whether it confirmed a compromise that no checklist follows up.
    pub fn is_to_be_secured(&self) -> bool {
        let confirms = matches!(self.action, Action::ConfirmUserCompromised | Action::ConfirmSignInCompromised);
        confirms && self.playbook.is_none() && !self.verified.is_empty()
    }

    /// How many users that are.
    pub fn confirmed_count(&self) -> usize {
        if self.owners.is_empty() { self.verified.len() } else { self.confirmed_users().len() }
    }

    /// Whose compromise it confirmed: of themselves, or of a sign-in of theirs; each once.
    pub fn confirmed_users(&self) -> Vec<UserId> {
        let user = |row: &Row| self.owners.get(&row.id).cloned().unwrap_or_else(|| row.id.as_str().into());
        self.verified.iter().map(user).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Number of outcomes.
    pub fn len(&self) -> usize {
        self.problems.len() + self.verified.len()
    }

    /// Whether nothing came out yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The outcome in this row: problems first.
    pub fn row(&self, at: usize) -> Option<&Row> {
        self.problems.get(at).or_else(|| self.verified.get(at.checked_sub(self.problems.len())?))
    }

    /// "Dismiss user risk, 2,480 users".
    pub fn title(&self) -> String {
        format!("{}: {} {}", self.action.title(), number(self.targets), self.action.noun(self.targets))
    }
}

/// Whose it is, in so many columns: "alex@contoso.test and 3 others". A name gives way before the number does. Holds hostile text.
pub fn whose(plan: &Plan, columns: usize) -> String {
    let mut names: Vec<&str> = Vec::new();
    let mut seen = HashSet::new();
    for target in plan.included() {
        let policy = plan.policy.as_ref().filter(|policy| policy.id == target.id).map(|policy| policy.display_name.as_str());
        let name = target.user_principal_name.as_deref().or(policy).unwrap_or(&target.id);
        if seen.insert(name) {
            names.push(name);
        }
    }
    let Some(first) = names.first() else { return String::new() };
    let more = match names.len() - 1 {
        0 => String::new(),
        1 => " and 1 other".to_owned(),
        more => format!(" and {} others", number(more)),
    };
    format!("{}{more}", fit(first, columns.saturating_sub(width(&more))))
}

/// The word for an outcome.
pub fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Verified => "verified",
        Outcome::Diverged => "diverged",
        Outcome::Failed => "failed",
        Outcome::Skipped => "skipped",
        Outcome::Unverified => "unverified",
    }
}

/// The numbers by outcome that are not zero: "1,740 verified · 60 accepted · 2 failed".
pub fn tally_words(tally: &Tally) -> String {
    let parts = [
        (tally.verified, "verified"),
        (tally.accepted, "accepted"),
        (tally.failed, "failed"),
        (tally.diverged, "diverged"),
        (tally.skipped, "skipped"),
        (tally.unverified, "unverified"),
        (tally.maybe_sent, "in flight or unknown"),
        (tally.pending, "not sent"),
    ];
    let words: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{} {word}", number(*count))).collect();
    if words.is_empty() { "nothing to do".to_owned() } else { words.join(" · ") }
}
