//! Which lines of the journal are about which user.

use std::collections::{BTreeSet, HashMap};

use super::Source;
use crate::domain::journal::{Entry, JobId};
use crate::domain::plan::PlanTarget;

/// A line that is longer is about many users, and stands once for all of them.
const LONGEST: usize = 32_768;

/// Places in the journal.
pub(super) struct Extracts {
    /// For each user, the lines that are about that user.
    pub(super) of_users: Vec<Vec<usize>>,
    /// The lines that are about many and are not repeated for each.
    pub(super) shared: Vec<usize>,
}

/// The lines at these places, as they were written.
pub(super) fn text(source: &Source<'_>, places: &[usize]) -> String {
    let lines = places.iter().filter_map(|at| source.journal.get(*at));
    lines.flat_map(|(_, line)| [line.as_str(), "\n"]).collect()
}

/// Finds the lines of each user: those that name the user or one of the user's sign-ins, and of the jobs that do, what was answered and
/// how they ended.
pub(super) fn extracts(source: &Source<'_>) -> Extracts {
    let mut ids: HashMap<&str, usize> = HashMap::new();
    for (at, records) in source.users.iter().enumerate() {
        ids.insert(records.id().as_str(), at);
        ids.extend(records.sign_ins.iter().map(|sign_in| (sign_in.id.as_str(), at)));
    }
    let mut of_users: Vec<Vec<usize>> = vec![Vec::new(); source.users.len()];
    let mut shared = Vec::new();
    let mut jobs: HashMap<JobId, BTreeSet<usize>> = HashMap::new();
    let mut targets: HashMap<JobId, HashMap<&str, usize>> = HashMap::new();
    let mut calls: HashMap<(JobId, u32), BTreeSet<usize>> = HashMap::new();
    for (place, (record, line)) in source.journal.iter().enumerate() {
        // A sign-in that the tenant no longer keeps is known by the plan alone.
        let of = |job: &JobId, id: &str| ids.get(id).or_else(|| targets.get(job)?.get(id)).copied();
        let named = |job: &JobId, named: &[String]| named.iter().filter_map(|id| of(job, id)).collect::<BTreeSet<usize>>();
        let about: BTreeSet<usize> = match &record.entry {
            Entry::JobConfirmed { job, plan, .. } | Entry::PlaybookStarted { playbook: job, plan, .. } => {
                let owner = |target: &PlanTarget| target.user_id.as_ref().and_then(|user| ids.get(user.as_str())).copied();
                let owners = plan.targets.iter().filter_map(|target| Some((target.id.as_str(), owner(target)?)));
                let of_job: HashMap<&str, usize> = owners.collect();
                let by_id = plan.targets.iter().filter_map(|target| ids.get(target.id.as_str()).copied());
                let about: BTreeSet<usize> = by_id.chain(of_job.values().copied()).collect();
                targets.insert(*job, of_job);
                jobs.insert(*job, about.clone());
                about
            }
            Entry::Intent { job, call, ids } => {
                let about = named(job, ids);
                calls.insert((*job, *call), about.clone());
                about
            }
            Entry::Answered { job, call, .. } => calls.get(&(*job, *call)).cloned().unwrap_or_default(),
            Entry::NotApplied { job, ids } | Entry::PasswordsTold { job, ids } | Entry::PasswordsClosed { job, ids, .. } => named(job, ids),
            Entry::Outcomes { job, items } => items.iter().filter_map(|item| of(job, &item.id)).collect(),
            Entry::JobResumed { job } | Entry::JobEnded { job, .. } => jobs.get(job).cloned().unwrap_or_default(),
            Entry::StepSkipped { playbook, .. } | Entry::PlaybookEnded { playbook, .. } => jobs.get(playbook).cloned().unwrap_or_default(),
            Entry::Note { user, .. } | Entry::Case { user, .. } => ids.get(user.as_str()).copied().into_iter().collect(),
            Entry::Snapshot { users, .. } => users.iter().filter_map(|user| ids.get(user.as_str()).copied()).collect(),
            Entry::ViewSaved { .. }
            | Entry::ViewRemoved { .. }
            | Entry::Setting { .. }
            | Entry::Imported { .. }
            | Entry::Repaired { .. }
            | Entry::Unknown => BTreeSet::new(),
        };
        if line.len() > LONGEST && about.len() > 1 {
            shared.push(place);
            continue;
        }
        for at in about {
            if let Some(lines) = of_users.get_mut(at) {
                lines.push(place);
            }
        }
    }
    Extracts { of_users, shared }
}
