//! A running job: what it tells, how it is stopped, and how it ends.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::io::{self, Write as _};
use std::pin::pin;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;

use super::cli::Format;
use super::failure::{Exit, Failure};
use super::{left, output};
use crate::domain::action::Action;
use crate::domain::facts;
use crate::domain::job_event::{JobEvent, What};
use crate::domain::journal::{Entry, JobId, JobState, Outcome};
use crate::domain::ledger::{ItemState, Job, Ledger, Tally};
use crate::domain::plan::Confirmed;
use crate::domain::playbook::StepState;
use crate::domain::text;
use crate::engine::{EngineError, EngineEvent, JobReport, Session};

/// How often progress is told to people.
const EVERY: Duration = Duration::from_secs(5);

/// Runs a confirmed plan.
pub async fn run(session: &Session, confirmed: &Confirmed, hold: Duration, format: Format) -> Result<Exit, Failure> {
    let (tell, events) = unbounded_channel();
    let cancel = CancellationToken::new();
    let work = session.engine.run(confirmed, hold, &cancel, &tell);
    follow(session, work, events, &cancel, format).await
}

/// Goes on with a job.
pub async fn resume(session: &Session, job: JobId, format: Format) -> Result<Exit, Failure> {
    let (tell, events) = unbounded_channel();
    let cancel = CancellationToken::new();
    let work = session.engine.resume(job, &cancel, &tell);
    let exit = follow(session, work, events, &cancel, format).await?;
    Ok(exit)
}

/// Cancels a job.
pub async fn cancel(session: &Session, job: JobId, format: Format) -> Result<Exit, Failure> {
    let (tell, events) = unbounded_channel();
    let work = session.engine.cancel(job, &tell);
    let report = follow_to_report(session, work, events, &CancellationToken::new(), format).await?;
    let ledger = session.ledger();
    for job in jobs_of(&ledger, report.job) {
        if let Some(line) = left::not_sent(&job) {
            output::say(&line);
        }
    }
    // It was to be cancelled, so this is no interruption.
    Ok(if report.state == JobState::Cancelled { Exit::Done } else { exit(&report) })
}

async fn follow(
    session: &Session,
    work: impl Future<Output = Result<JobReport, EngineError>>,
    events: UnboundedReceiver<EngineEvent>,
    cancel: &CancellationToken,
    format: Format,
) -> Result<Exit, Failure> {
    Ok(exit(&follow_to_report(session, work, events, cancel, format).await?))
}

async fn follow_to_report(
    session: &Session,
    work: impl Future<Output = Result<JobReport, EngineError>>,
    mut events: UnboundedReceiver<EngineEvent>,
    cancel: &CancellationToken,
    format: Format,
) -> Result<JobReport, Failure> {
    let mut teller = Teller::new(format);
    let (interrupt, mut interrupts) = unbounded_channel();
    let listener = tokio::spawn(listen(interrupt));
    let mut work = pin!(work);
    let ended = loop {
        tokio::select! {
            biased;
            Some(interrupt) = interrupts.recv() => {
                if interrupt == Interrupt::Ended || cancel.is_cancelled() {
                    break None;
                }
                output::say("stopping after the request in flight; Ctrl-C again leaves at once");
                cancel.cancel();
            }
            Some(event) = events.recv() => {
                teller.tell(&event);
                if !teller.unread.is_empty() && !cancel.is_cancelled() {
                    output::say("stopping after the request in flight: nobody reads the temporary passwords");
                    cancel.cancel();
                }
            }
            ended = &mut work => break Some(ended),
        }
    };
    listener.abort();
    while let Ok(event) = events.try_recv() {
        teller.tell(&event);
    }
    if !matches!(ended, Some(Ok(_))) {
        // There will be no document, and nobody else has them.
        for event in teller.passwords.clone() {
            teller.print(&event);
        }
        teller.all_written_out();
        close(session, &mut teller)?;
    }
    // A step is gone on with by its playbook.
    let ledger = session.ledger();
    let resumable = teller.job.map(|id| ledger.job(id).and_then(|job| job.plan.playbook).unwrap_or(id));
    for line in resumable.map(|id| left::lines(&ledger, id)).unwrap_or_default() {
        output::say(&line);
    }
    let again = |failure: Failure| match resumable {
        Some(job) if failure.exit != Exit::Usage => {
            let hint = failure.hint.clone().map(|hint| format!("{hint}; ")).unwrap_or_default();
            failure.hinted(format!("{hint}entriage jobs resume {job} goes on, and sends nothing twice"))
        }
        _ => failure,
    };
    let report = match ended {
        Some(Ok(report)) => report,
        Some(Err(error)) => return Err(again(error.into())),
        None => return Err(again(Failure::new(Exit::Cancelled, "left while a request was in flight"))),
    };
    let jobs = jobs_of(&ledger, report.job);
    let concluded = teller.conclude(&report, &jobs);
    close(session, &mut teller)?;
    if let Some(failure) = teller.unread_failure() {
        return Err(failure);
    }
    concluded?;
    tell_not_safe(session, &jobs)?;
    tell_next(&jobs, ledger.playbook(report.job).is_some() || jobs.iter().any(|job| job.plan.playbook.is_some()));
    tell_unfinished(&ledger, report.job);
    if ledger.playbook(report.job).is_some_and(|playbook| playbook.state != JobState::Open) {
        tell_still_at_risk(session, report.job)?;
    }
    Ok(report)
}

/// Journals whose password was written out: what is not, is told of at the next start.
fn close(session: &Session, teller: &mut Teller) -> Result<(), Failure> {
    let written = std::mem::take(&mut teller.written).into_iter();
    let entries: Vec<Entry> = written.map(|(job, ids)| Entry::PasswordsClosed { job, ids, read: true }).collect();
    if !entries.is_empty() {
        session.store.append(session.clock().now(), &session.operator, entries)?;
    }
    Ok(())
}

/// A playbook that is not over says what it waits for.
fn tell_unfinished(ledger: &Ledger, id: JobId) {
    let Some(playbook) = ledger.playbook(id).filter(|playbook| playbook.state == JobState::Open) else { return };
    output::say(&match playbook.next(ledger) {
        Some((_, StepState::Waiting)) if !playbook.steps_confirmed => {
            format!("the next step is not confirmed yet: entriage jobs resume {id} shows its plan, and so does the console")
        }
        _ => format!("job {id} stays open: entriage jobs resume {id} tries again what is left, entriage jobs cancel {id} ends it"),
    });
}

/// How many of those who are still at risk are named.
const NAMED: usize = 5;

/// A checklist that ended need not have closed the risk: names who is still at risk.
pub fn tell_still_at_risk(session: &Session, playbook: JobId) -> Result<(), Failure> {
    let left = session.engine.still_at_risk(playbook)?;
    if left.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = left.iter().take(NAMED).map(|name| text::safe(name).into_owned()).collect();
    let more = left.len().checked_sub(NAMED).filter(|more| *more > 0).map(|more| format!(" and {more} more")).unwrap_or_default();
    output::say(&format!("still at risk: {}{more}; entriage explain USER says what closes that", named.join(", ")));
    Ok(())
}

/// Verified is not safe: says how many of those whose risk was closed are not.
fn tell_not_safe(session: &Session, jobs: &[Job]) -> Result<(), Failure> {
    let ids: BTreeSet<String> =
        jobs.iter().filter(|job| left::closes_risk(job.plan.action)).flat_map(|job| job.ids_where(is_verified)).collect();
    let (mut not_safe, mut unread) = (0, 0);
    for id in ids {
        let Some(records) = session.store.user(&id.as_str().into())? else { continue };
        match facts::safe(&records) {
            Some(false) => not_safe += 1,
            None if records.user.at_risk() == Some(false) => unread += 1,
            _ => {}
        }
    }
    match not_safe {
        0 => {}
        1 => output::say("1 of them is not safe, by password, sessions or methods: entriage users safe:no"),
        more => output::say(&format!("{more} of them are not safe, by password, sessions or methods: entriage users safe:no")),
    }
    if unread > 0 {
        output::say(&format!(
            "{unread} of them: whether they are safe is not known, not all was read (mostly authentication methods); entriage explain USER reads it"
        ));
    }
    Ok(())
}

/// What verified does not end: a required change is not made yet, and a compromise that was confirmed is not secured.
fn tell_next(jobs: &[Job], of_playbook: bool) {
    let done = |actions: &[Action]| jobs.iter().any(|job| actions.contains(&job.plan.action) && !job.ids_where(is_verified).is_empty());
    if done(&[Action::RequirePasswordChange]) {
        output::say("whoever is at risk stays so until the password is changed: entriage users pending:true");
    }
    for job in jobs.iter().filter(|job| !job.ids_where(is_verified).is_empty()) {
        if let Some(undo) = left::undoing(job) {
            output::say(&undo);
        }
    }
    if !of_playbook && done(&[Action::ConfirmUserCompromised, Action::ConfirmSignInCompromised]) {
        output::say("confirmed, and not secured yet: entriage act secureAccount --user USER is the checklist");
    }
}

fn is_verified(state: &ItemState) -> bool {
    matches!(state, ItemState::Ended(Outcome::Verified, _))
}

/// The job with this number, or those of the playbook's steps.
fn jobs_of(ledger: &Ledger, id: JobId) -> Vec<Job> {
    match ledger.playbook(id) {
        Some(playbook) => playbook.jobs.iter().filter_map(|(_, job)| ledger.job(*job).cloned()).collect(),
        None => ledger.job(id).cloned().into_iter().collect(),
    }
}

/// What stops a running job.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Interrupt {
    /// Ctrl-C: the operator cancels.
    Keyboard,
    /// SIGTERM or SIGHUP: nobody decided to cancel, so the job is left to be gone on with, and what is held is told.
    Ended,
}

/// Waits until the operator, or whoever ends the program, interrupts it.
pub async fn interrupted() {
    let (tell, mut told) = unbounded_channel();
    let listener = tokio::spawn(listen(tell));
    told.recv().await;
    listener.abort();
}

/// Hands on every interrupt.
async fn listen(interrupt: UnboundedSender<Interrupt>) {
    let (Ok(mut terminate), Ok(mut hang_up)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup())) else {
        while tokio::signal::ctrl_c().await.is_ok() && interrupt.send(Interrupt::Keyboard).is_ok() {}
        return;
    };
    loop {
        let what = tokio::select! {
            pressed = tokio::signal::ctrl_c() => if pressed.is_ok() { Interrupt::Keyboard } else { return },
            Some(()) = terminate.recv() => Interrupt::Ended,
            Some(()) = hang_up.recv() => Interrupt::Ended,
        };
        if interrupt.send(what).is_err() {
            return;
        }
    }
}

/// How the program ends with a job.
fn exit(report: &JobReport) -> Exit {
    match report.state {
        JobState::Cancelled => Exit::Cancelled,
        JobState::Done | JobState::Open if report.tally.all_verified() => Exit::Done,
        JobState::Done | JobState::Open => Exit::Partly,
    }
}

/// Tells what happens, as the format asks.
struct Teller {
    format: Format,
    job: Option<JobId>,
    last: Option<Instant>,
    reader_left: bool,
    /// Passwords that are part of the one document at the end.
    passwords: Vec<Value>,
    /// Whose password was written out, by job.
    written: BTreeMap<JobId, Vec<String>>,
    /// Users whose password was set and could not be written out. Hostile text.
    unread: Vec<String>,
}

impl Teller {
    fn new(format: Format) -> Self {
        Teller { format, job: None, last: None, reader_left: false, passwords: Vec::new(), written: BTreeMap::new(), unread: Vec::new() }
    }

    fn tell(&mut self, event: &EngineEvent) {
        match event {
            EngineEvent::Started { job, action } => {
                self.job = Some(*job);
                if self.format == Format::Table {
                    output::say(&format!("job {job} started: {}; Ctrl-C stops it after the request in flight", action.title()));
                }
            }
            EngineEvent::Job(event) => {
                self.job = Some(event.job);
                if self.format == Format::Jsonl {
                    self.print(event);
                } else if let Some(sentence) = sentence(event) {
                    output::say(&sentence);
                }
            }
            EngineEvent::Progress { job, tally, seconds_left } => {
                self.job = Some(*job);
                let due = self.last.is_some_and(|last| last.elapsed() >= EVERY);
                if self.last.is_none() || due {
                    self.last = Some(Instant::now());
                }
                if due && self.format != Format::Jsonl {
                    output::say(&format!("job {job}: {}; about {seconds_left} s left", numbers(tally)));
                }
            }
            EngineEvent::Password { user, user_principal_name, password, job } => {
                let name = user_principal_name.as_deref().unwrap_or(user);
                match self.format {
                    Format::Table | Format::Csv => {
                        let line = format!("temporary password of {}, shown once: {}\n", text::safe(name), password.expose());
                        self.reader_left |= output::data(&line).is_err();
                        self.written_out(*job, user, name);
                    }
                    Format::Jsonl | Format::Json => {
                        let event = json!({
                            "event": "temporaryPassword", "id": user, "userPrincipalName": user_principal_name, "job": job,
                            "temporaryPassword": password.expose(),
                        });
                        if self.format == Format::Json {
                            self.passwords.push(event);
                        } else {
                            self.print(&event);
                            self.written_out(*job, user, name);
                        }
                    }
                }
            }
            EngineEvent::Notice(text) => output::say(&text::safe(text)),
            EngineEvent::Records(_) | EngineEvent::Tenant(_) => {}
        }
    }

    /// A job does not stop because nobody reads its events any more: what was sent must be read back.
    fn print(&mut self, event: &impl serde::Serialize) {
        if !self.reader_left {
            let line = output::json_line(event);
            self.reader_left = line.and_then(|line| output::data(&line)).is_err();
        }
    }

    /// The passwords of the document, or of its stead, were written out.
    fn all_written_out(&mut self) {
        for event in std::mem::take(&mut self.passwords) {
            let text = |name: &str| event[name].as_str().unwrap_or_default();
            let name = event["userPrincipalName"].as_str().unwrap_or(text("id"));
            if let Some(job) = event["job"].as_u64() {
                self.written_out(JobId(job), text("id"), name);
            }
        }
    }

    /// A password was written out, as long as somebody reads.
    fn written_out(&mut self, job: JobId, id: &str, name: &str) {
        match self.reader_left {
            true => self.unread.push(name.to_owned()),
            false => self.written.entry(job).or_default().push(id.to_owned()),
        }
    }

    /// What is to be said where passwords were set that nobody can have read.
    fn unread_failure(&self) -> Option<Failure> {
        let first = self.unread.first()?;
        let names = self.unread.iter().map(|name| text::safe(name).into_owned()).collect::<Vec<_>>().join(", ");
        Some(
            Failure::new(Exit::Partly, format!("temporary passwords were set that could not be written out: {names}"))
                .because("standard output was closed")
                .hinted(format!("generate others: entriage act generateTemporaryPassword --user {first}")),
        )
    }

    /// The last word, on standard output.
    fn conclude(&mut self, report: &JobReport, jobs: &[Job]) -> Result<(), Failure> {
        match self.format {
            Format::Jsonl => Ok(()),
            Format::Json => {
                let written = output::data(&output::json(&document(report, jobs, &self.passwords))?);
                self.reader_left |= written.is_err();
                self.all_written_out();
                written
            }
            Format::Table | Format::Csv => {
                let state = report.state.as_str();
                let about = jobs.first().and_then(|job| left::about(&job.plan)).map(|about| format!(", {}", text::safe(&about)));
                let mut out = io::stdout().lock();
                Ok(writeln!(out, "job {} {state}: {}{}", report.job, numbers(&report.tally), about.unwrap_or_default())?)
            }
        }
    }
}

/// A tally under the keys of `jobs` and of the closing event.
pub fn counts(tally: &Tally) -> Value {
    json!({
        "total": tally.total,
        "verified": tally.verified,
        "failed": tally.failed,
        "skipped": tally.skipped,
        "diverged": tally.diverged,
        "unverified": tally.unverified + tally.accepted + tally.maybe_sent,
        "pending": tally.pending,
    })
}

/// The document of a command that had nothing to do, so that there is no job.
pub fn nothing() -> Value {
    let mut document = json!({"job": null, "state": JobState::Done, "value": [], "leftOut": []});
    if let (Some(document), Value::Object(counts)) = (document.as_object_mut(), counts(&Tally::default())) {
        document.extend(counts);
    }
    document
}

/// What is printed at the end: each target with its outcome; of a playbook, each of every step.
fn document(report: &JobReport, jobs: &[Job], passwords: &[Value]) -> Value {
    let names: HashMap<&str, &str> = jobs
        .iter()
        .flat_map(|job| job.plan.included())
        .filter_map(|target| Some((target.id.as_str(), target.user_principal_name.as_deref()?)))
        .collect();
    let items = jobs.iter().flat_map(|job| job.items.iter().map(move |item| (job, item))).map(|(job, item)| {
        let (outcome, because) = match &item.state {
            ItemState::Pending => ("pending", None),
            ItemState::MaybeSent | ItemState::Accepted => ("unverified", None),
            ItemState::Ended(outcome, because) => (outcome.as_str(), because.as_deref()),
        };
        let name = names.get(item.id.as_str());
        let mut object = json!({"id": item.id, "userPrincipalName": name, "outcome": outcome, "because": because});
        if job.plan.playbook.is_some() {
            object["action"] = json!(job.plan.action);
        }
        object
    });
    let mut document = json!({"job": report.job, "state": report.state, "value": items.collect::<Vec<_>>()});
    if let Some(policy) = jobs.first().and_then(|job| job.plan.policy.as_ref()) {
        document["policy"] = json!({"id": policy.id, "displayName": policy.display_name});
    }
    let left_out = jobs.iter().flat_map(|job| job.plan.targets.iter().filter(|target| !target.included).map(move |target| (job, target)));
    let left_out: Vec<Value> = left_out
        .map(|(job, target)| {
            let (name, because) = (&target.user_principal_name, &target.because);
            let mut object = json!({"id": target.id, "userPrincipalName": name, "verdict": target.verdict, "because": because});
            if job.plan.playbook.is_some() {
                object["action"] = json!(job.plan.action);
            }
            object
        })
        .collect();
    document["leftOut"] = json!(left_out);
    if !passwords.is_empty() {
        document["temporaryPasswords"] = json!(passwords);
    }
    if let (Some(document), Value::Object(counts)) = (document.as_object_mut(), counts(&report.tally)) {
        document.extend(counts);
    }
    document
}

/// "37 of 40 verified, 2 failed, 1 pending".
pub fn numbers(tally: &Tally) -> String {
    let mut text = format!("{} of {} verified", tally.verified, tally.total);
    for (count, word) in [
        (tally.diverged, "diverged"),
        (tally.failed, "failed"),
        (tally.skipped, "skipped"),
        (tally.unverified, "not verified"),
        (tally.accepted + tally.maybe_sent, "not read back yet"),
        (tally.pending, "not sent"),
    ] {
        if count > 0 {
            text.push_str(&format!(", {count} {word}"));
        }
    }
    text
}

/// What is told at once; what came out of each target is told at the end, with what to do next.
fn sentence(event: &JobEvent) -> Option<String> {
    let job = event.job;
    match &event.what {
        What::Held { until } => {
            Some(format!("job {job}: held until {} UTC; Ctrl-C cancels, nothing is sent before", output::moment(*until)))
        }
        What::Throttled { seconds } => Some(format!("job {job}: the tenant asks to wait, {seconds} s")),
        What::Accepted | What::Verified | What::Diverged { .. } | What::Failed { .. } | What::Skipped { .. } | What::Unverified { .. } => {
            None
        }
        // How a whole job came out is the last word; a step of it is not.
        What::Summary { state, total, verified, failed, skipped, diverged, unverified, pending } => {
            let (total, verified, failed, skipped) = (*total, *verified, *failed, *skipped);
            let (diverged, unverified, pending) = (*diverged, *unverified, *pending);
            let tally = Tally { total, verified, failed, skipped, diverged, unverified, pending, ..Tally::default() };
            event.step.map(|step| format!("job {job}, {}: {}, {}", step.title(), state.as_str(), numbers(&tally)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(state: JobState, tally: Tally) -> JobReport {
        JobReport { job: JobId(7), state, tally }
    }

    #[test]
    fn only_a_job_that_is_verified_whole_ends_well() {
        let all = Tally { total: 2, verified: 2, ..Tally::default() };
        assert_eq!(exit(&report(JobState::Done, all)), Exit::Done);
        assert_eq!(exit(&report(JobState::Cancelled, all)), Exit::Cancelled);
        for tally in [
            Tally { total: 2, verified: 1, failed: 1, ..Tally::default() },
            Tally { total: 2, verified: 1, unverified: 1, ..Tally::default() },
            Tally { total: 2, verified: 1, skipped: 1, ..Tally::default() },
        ] {
            assert_eq!(exit(&report(JobState::Done, tally)), Exit::Partly);
        }
    }

    #[test]
    fn numbers_say_only_what_there_is() {
        let tally = Tally { total: 5, verified: 2, accepted: 1, maybe_sent: 1, pending: 1, ..Tally::default() };
        assert_eq!(numbers(&tally), "2 of 5 verified, 2 not read back yet, 1 not sent");
        assert_eq!(counts(&tally)["unverified"], 2);
    }

    #[test]
    fn the_document_has_the_numbers_beside_the_job() {
        let document = document(&report(JobState::Done, Tally { total: 1, verified: 1, ..Tally::default() }), &[], &[]);
        assert_eq!(
            document,
            json!({"job": 7, "state": "done", "total": 1, "verified": 1, "failed": 0, "skipped": 0, "diverged": 0,
            "unverified": 0, "pending": 0, "value": [], "leftOut": []})
        );
    }
}
