//! What operators did about a user, and what is still open.

use super::Source;
use super::timeline::Event;
use crate::domain::case::Status;
use crate::domain::facts::{self, Evidence};
use crate::domain::journal::{Entry, JobState, Outcome};
use crate::domain::ledger::{Item, ItemState, Job};
use crate::domain::records::UserRecords;

/// A job, as far as it was about one user.
pub(super) struct Deed<'a> {
    /// The job.
    pub(super) job: &'a Job,
    /// How it came out for the user, in words. May hold hostile text.
    pub(super) outcome: String,
    /// Whether the new state was read back.
    pub(super) verified: bool,
}

/// The jobs that were about the user or one of the user's sign-ins, oldest first.
pub(super) fn deeds<'a>(source: &Source<'a>, records: &UserRecords) -> Vec<Deed<'a>> {
    let ours = |job: &'a Job| -> Vec<&'a Item> {
        let of_user = job.item(records.id().as_str()).into_iter();
        let of_sign_ins = records.sign_ins.iter().filter_map(|sign_in| job.item(sign_in.id.as_str()));
        of_user.chain(of_sign_ins).collect()
    };
    let deed = |job: &'a Job| {
        let items = ours(job);
        let first = items.first()?;
        let verified = items.iter().all(|item| matches!(item.state, ItemState::Ended(Outcome::Verified, _)));
        let (word, because) = in_words(&first.state);
        let more = if items.len() > 1 { format!(" (the first of {} sign-ins)", items.len()) } else { String::new() };
        let because = because.map(|because| format!(": {because}")).unwrap_or_default();
        Some(Deed { job, outcome: format!("{word}{because}{more}"), verified })
    };
    source.ledger.jobs().filter_map(deed).collect()
}

fn in_words(state: &ItemState) -> (&'static str, Option<&str>) {
    match state {
        ItemState::Pending => ("not sent", None),
        ItemState::MaybeSent => ("perhaps sent: the answer is missing", None),
        ItemState::Accepted => ("accepted by the tenant, not read back", None),
        ItemState::Ended(outcome, because) => (outcome.as_str(), because.as_deref()),
    }
}

/// What operators did and said, as events of the timeline.
pub(super) fn events(source: &Source<'_>, records: &UserRecords, deeds: &[Deed<'_>], lines: &[usize]) -> Vec<Event> {
    let mut events = Vec::new();
    for Deed { job, outcome, .. } in deeds {
        let reason = if job.plan.reason.is_empty() { String::new() } else { format!(" ({})", job.plan.reason) };
        let what = format!("{}{reason}: {outcome}", job.plan.action.title());
        events.push(Event { who: job.plan.operator.clone(), id: format!("job {}", job.id), ..Event::new(job.created_at, "action", what) });
    }
    for note in source.ledger.notes(records.id()) {
        events.push(Event { who: note.operator.clone(), ..Event::new(note.at, "note", note.text.clone()) });
    }
    for (record, _) in lines.iter().filter_map(|at| source.journal.get(*at)) {
        let what = match &record.entry {
            Entry::Case { user, change } if user == records.id() => change.words(),
            Entry::Snapshot { users, folder, .. } if users.contains(records.id()) => format!("evidence set aside in {folder}"),
            _ => continue,
        };
        events.push(Event { who: record.operator.clone(), id: format!("record {}", record.seq), ..Event::new(record.at, "case", what) });
    }
    events
}

/// What is still to be done or known, each in a sentence. May hold hostile text.
pub(super) fn open(source: &Source<'_>, records: &UserRecords, deeds: &[Deed<'_>]) -> Vec<String> {
    let mut open = Vec::new();
    match records.user.at_risk() {
        Some(true) => {
            let count = facts::open_detections(records);
            open.push(format!("The user is at risk; {count} {} open.", if count == 1 { "detection is" } else { "detections are" }));
        }
        Some(false) => {}
        None => open.push("Whether the user is at risk is not known.".to_owned()),
    }
    open.extend(facts::not_safe(records).into_iter().map(|why| format!("The risk is closed, but {}.", why.words())));
    let blocked = facts::blocked(records, source.facts);
    if blocked.value == Some(true) {
        let by: Vec<&str> = blocked.by.iter().map(|by| by.as_str()).collect();
        open.push(format!("The user is blocked ({}).", by.join(", ")));
    }
    for Deed { job, outcome, verified } in deeds {
        let title = job.plan.action.title();
        if job.state == JobState::Open {
            open.push(format!("Job {} ({title}) is unfinished.", job.id));
        } else if !verified {
            open.push(format!("Job {} ({title}) was not verified: {outcome}.", job.id));
        }
    }
    match facts::evidence(records, source.at) {
        Evidence::Expiring => {
            let at = facts::evidence_expires(records, source.at).map(|at| format!(" on {}", at.0.format("%Y-%m-%d"))).unwrap_or_default();
            open.push(format!("The service forgets the newest evidence{at}."));
        }
        Evidence::Expired => open.push("The evidence behind the risk is older than what the service keeps.".to_owned()),
        Evidence::Fresh | Evidence::None => {}
    }
    let case = source.ledger.case(records.id());
    if case.and_then(|case| case.verdict).is_none() {
        open.push("Nobody gave a verdict.".to_owned());
    }
    if let Some(status) = case.and_then(|case| case.status()).filter(|status| *status != Status::Closed) {
        open.push(format!("The case is {}.", status.words()));
    }
    open
}
