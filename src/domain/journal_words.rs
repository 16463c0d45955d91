//! Journal entries in words, for people.

use super::journal::{CallAnswer, Entry, ItemOutcome};

/// What a record says, in words. Holds hostile text.
pub fn words(entry: &Entry) -> String {
    match entry {
        Entry::JobConfirmed { job, plan, .. } => {
            let reason = if plan.reason.is_empty() { String::new() } else { format!(" ({})", plan.reason) };
            let count = plan.included_count();
            format!("job {job} confirmed: {}, {count} {}{reason}", plan.action.title(), plan.action.noun(count))
        }
        Entry::JobResumed { job } => format!("job {job} resumed"),
        Entry::Intent { job, call, ids } => format!("job {job}, request {call}: about to send {}", naming(ids)),
        Entry::Answered { job, call, answer } => format!("job {job}, request {call}: {}", answered(answer)),
        Entry::PasswordsTold { job, ids } => format!("job {job}: temporary password told, once: {}", naming(ids)),
        Entry::PasswordsClosed { job, ids, read: true } => format!("job {job}: temporary password closed: {}", naming(ids)),
        Entry::PasswordsClosed { job, ids, .. } => {
            format!("job {job}: the program ended with a temporary password on the screen: {}", naming(ids))
        }
        Entry::NotApplied { job, ids } => format!("job {job}: not applied, may be sent again: {}", naming(ids)),
        Entry::Outcomes { job, items } => format!("job {job}: {}", outcomes(items)),
        Entry::JobEnded { job, state } => format!("job {job} ended: {}", state.as_str()),
        Entry::PlaybookStarted { playbook, plan, .. } => {
            let reason = if plan.reason.is_empty() { String::new() } else { format!(" ({})", plan.reason) };
            let count = plan.included_count();
            format!("playbook {playbook} confirmed: {}, {count} {}{reason}", plan.action.title(), plan.action.noun(count))
        }
        Entry::StepSkipped { playbook, step, because } => format!("playbook {playbook}: {} left out ({because})", step.title()),
        Entry::PlaybookEnded { playbook, state } => format!("playbook {playbook} ended: {}", state.as_str()),
        Entry::Note { user, text } => format!("note on {user}: {text}"),
        Entry::Case { user, change } => format!("case of {user}: {}", change.words()),
        Entry::Snapshot { users, folder, .. } => {
            let ids: Vec<String> = users.iter().map(ToString::to_string).collect();
            format!("evidence of {} set aside in {folder}", naming(&ids))
        }
        Entry::ViewSaved { view } => format!("view {} saved: {}", view.name, view.query),
        Entry::ViewRemoved { name } => format!("view {name} removed"),
        Entry::Setting { name, value } => format!("setting {name} = {value}"),
        Entry::Imported { sources, changed, rejected, .. } => {
            format!("imported {}: {changed} changed, {rejected} rejected", sources.join(", "))
        }
        Entry::Repaired { what } => format!("repaired: {what}"),
        Entry::Unknown => "written by a later version of this program".to_owned(),
    }
}

fn naming(ids: &[String]) -> String {
    match ids {
        [one] => one.clone(),
        many => format!("{} ids", many.len()),
    }
}

fn answered(answer: &CallAnswer) -> String {
    match answer {
        CallAnswer::Accepted => "accepted".to_owned(),
        CallAnswer::Rejected { message } => format!("refused: {message}"),
        CallAnswer::Throttled { retry_after_seconds: Some(seconds) } => format!("throttled, wait {seconds} s"),
        CallAnswer::Throttled { retry_after_seconds: None } => "throttled".to_owned(),
        CallAnswer::NotSent { message } => format!("not sent: {message}"),
        CallAnswer::Contested { message } | CallAnswer::Partly { message } => format!("accepted, but {message}"),
        CallAnswer::Unknown { message } => format!("answer lost: {message}"),
    }
}

fn outcomes(items: &[ItemOutcome]) -> String {
    if let [item] = items {
        let because = item.because.as_deref().map(|because| format!(" ({because})")).unwrap_or_default();
        return format!("{} {}{because}", item.id, item.outcome.as_str());
    }
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for item in items {
        let word = item.outcome.as_str();
        match counts.iter_mut().find(|(found, _)| *found == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    counts.iter().map(|(word, count)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::{JobId, Outcome};

    #[test]
    fn outcomes_are_counted_in_words() {
        let item = |outcome| ItemOutcome { id: "u1".to_owned(), outcome, because: Some("404".to_owned()) };
        let words = |items| words(&Entry::Outcomes { job: JobId(7), items });
        assert_eq!(words(vec![item(Outcome::Failed)]), "job 7: u1 failed (404)");
        assert_eq!(words(vec![item(Outcome::Verified), item(Outcome::Failed), item(Outcome::Verified)]), "job 7: 2 verified, 1 failed");
    }
}
