//! What operators did about a user, and what is still open.

use std::collections::HashSet;

use super::Source;
use super::findings::Findings;
use super::timeline::Event;
use crate::domain::case::Status;
use crate::domain::facts::{self, Evidence};
use crate::domain::journal::{CallAnswer, Entry, JobState, Outcome};
use crate::domain::ledger::{Item, ItemState, Job};
use crate::domain::plan::PlanTarget;
use crate::domain::playbook::Playbook;
use crate::domain::records::UserRecords;

/// A job, as far as it was about one user.
pub(super) struct Deed<'a> {
    /// The job.
    pub(super) job: &'a Job,
    /// What was done, and with what: `Exclude from policy "CA201"`. May hold hostile text.
    pub(super) what: String,
    /// How it came out for the user, in words. May hold hostile text.
    pub(super) outcome: String,
    /// Whether the new state was read back.
    pub(super) verified: bool,
}

/// Something that is still to be done or known.
pub(super) struct Open {
    /// In a word or two, for a table: "3 detections", "job 7".
    pub(super) short: String,
    /// In a sentence. May hold hostile text.
    pub(super) sentence: String,
}

impl Open {
    fn new(short: impl Into<String>, sentence: impl Into<String>) -> Self {
        Open { short: short.into(), sentence: sentence.into() }
    }
}

/// The jobs that were about the user or one of the user's sign-ins, oldest first.
pub(super) fn deeds<'a>(source: &Source<'a>, records: &UserRecords) -> Vec<Deed<'a>> {
    let known: HashSet<&str> = records.sign_ins.iter().map(|sign_in| sign_in.id.as_str()).collect();
    let deed = |job: &'a Job| {
        // A sign-in that the tenant no longer keeps is known by the plan alone.
        let ours = |target: &&PlanTarget| {
            target.id == records.id().as_str() || target.user_id.as_ref() == Some(records.id()) || known.contains(target.id.as_str())
        };
        let items: Vec<&Item> = job.plan.targets.iter().filter(ours).filter_map(|target| job.item(&target.id)).collect();
        let first = items.first()?;
        let unverified: Vec<&&Item> = items.iter().filter(|item| !is_verified(item)).collect();
        let told = unverified.first().map_or(first, |item| *item);
        let (word, because) = in_words(&told.state);
        let more = match (items.len(), unverified.len()) {
            (1, _) => String::new(),
            (all, 0) => format!(" ({all} sign-ins)"),
            (all, open) => format!(" (the first of {open} that were not verified, of {all} sign-ins)"),
        };
        let because = because.map(|because| format!(": {because}")).unwrap_or_default();
        let title = job.plan.action.title();
        let what = job.plan.policy.as_ref().map_or_else(|| title.to_owned(), |policy| format!("{title} {:?}", policy.display_name));
        Some(Deed { job, what, outcome: format!("{word}{because}{more}{}", remark(job, told)), verified: unverified.is_empty() })
    };
    source.ledger.jobs().filter_map(deed).collect()
}

/// What the tenant said besides taking it, where the outcome does not say it already.
fn remark(job: &Job, item: &Item) -> String {
    match (job.remark(&item.id), &item.state) {
        (Some(CallAnswer::Contested { message } | CallAnswer::Partly { message }), state)
            if !in_words(state).1.is_some_and(|because| because.contains(message.as_str())) =>
        {
            format!("; the tenant took it, but {message}")
        }
        _ => String::new(),
    }
}

fn is_verified(item: &Item) -> bool {
    matches!(item.state, ItemState::Ended(Outcome::Verified, _))
}

/// The playbooks about the user that are not at their end.
fn open_playbooks<'a>(source: &Source<'a>, records: &UserRecords) -> impl Iterator<Item = &'a Playbook> {
    let ours = |playbook: &&Playbook| playbook.plan.included().any(|target| target.id == records.id().as_str());
    source.ledger.playbooks().filter(|playbook| playbook.state == JobState::Open).filter(ours)
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
    for Deed { job, what, outcome, .. } in deeds {
        let reason = if job.plan.reason.is_empty() { String::new() } else { format!(" ({})", job.plan.reason) };
        let what = format!("{what}{reason}: {outcome}");
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

/// What is still to be done or known.
pub(super) fn open(source: &Source<'_>, records: &UserRecords, deeds: &[Deed<'_>], findings: &Findings<'_>) -> Vec<Open> {
    let mut open = Vec::new();
    match records.user.at_risk() {
        Some(true) => {
            let count = facts::open_detections(records);
            let (noun, are) = if count == 1 { ("detection", "is") } else { ("detections", "are") };
            open.push(Open::new(format!("{count} {noun}"), format!("The user is at risk; {count} {noun} {are} open.")));
        }
        Some(false) => {}
        None => open.push(Open::new("risk not known", "Whether the user is at risk is not known.")),
    }
    match findings.theft {
        Some(true) => {
            let names = findings.thefts();
            let by = if names.is_empty() { "a risky sign-in".to_owned() } else { names.join(", ") };
            open.push(Open::new("token theft", format!("There are open signs of token theft: {by}.")));
        }
        None => open.push(Open::new("token theft?", "Token theft cannot be ruled out: what can be seen does not tell.")),
        Some(false) => {}
    }
    let not_safe = facts::not_safe(records).into_iter();
    open.extend(not_safe.map(|why| Open::new("not safe", format!("The risk is closed, but {}.", why.words()))));
    let blocked = facts::blocked(records, source.facts, source.at);
    if blocked.value == Some(true) {
        let by: Vec<&str> = blocked.by.iter().map(|by| by.words()).collect();
        open.push(Open::new("blocked", format!("The user is blocked ({}).", by.join(", "))));
    }
    for Deed { job, what, outcome, verified } in deeds {
        let short = format!("job {}", job.id);
        if job.state == JobState::Open {
            open.push(Open::new(short, format!("Job {} ({what}) is unfinished: {outcome}.", job.id)));
        } else if !verified {
            open.push(Open::new(short, format!("Job {} ({what}) did not come out as it should: {outcome}.", job.id)));
        }
    }
    for playbook in open_playbooks(source, records) {
        let waiting: Vec<&str> =
            playbook.steps(source.ledger).into_iter().filter(|(_, state)| !state.is_settled()).map(|(step, _)| step.title()).collect();
        let what = if waiting.is_empty() { "a step did not come out".to_owned() } else { format!("still to do: {}", waiting.join(", ")) };
        let title = playbook.plan.action.title();
        open.push(Open::new(format!("checklist {}", playbook.id), format!("Checklist {} ({title}) is unfinished; {what}.", playbook.id)));
    }
    match facts::evidence(records, source.at) {
        Evidence::Expiring => {
            if let Some(expiry) = facts::evidence_expires(records, source.at) {
                let (piece, at) = (expiry.piece.words(), expiry.at.0.format("%Y-%m-%d"));
                open.push(Open::new("evidence expires", format!("The service forgets a {piece} behind the risk on {at}.")));
            }
        }
        Evidence::Expired => {
            open.push(Open::new("evidence expired", "The evidence behind the risk is older than what the service keeps."));
        }
        Evidence::Fresh | Evidence::None => {}
    }
    let case = source.ledger.case(records.id());
    if case.and_then(|case| case.verdict).is_none() {
        open.push(Open::new("verdict", "Nobody gave a verdict."));
    }
    if let Some(status) = case.and_then(|case| case.status()).filter(|status| *status != Status::Closed) {
        open.push(Open::new("case", format!("The case is {}.", status.words())));
    }
    open
}
