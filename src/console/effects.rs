//! What the console does beside drawing: each effect runs in a task of its own and answers with messages.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;

use super::runtime::Inbound;
use crate::app::computing::{Answer, Computation, Computed};
use crate::app::format::count;
use crate::app::msg::Syncing;
use crate::app::{Effect, Msg};
use crate::domain::action::Action;
use crate::domain::happening::Happening;
use crate::domain::journal::{Entry, JobId};
use crate::domain::plan::Confirmed;
use crate::domain::records::UserId;
use crate::domain::settings::TenantSettings;
use crate::domain::text::safe;
use crate::engine::{EngineError, EngineEvent, JobReport, Session, SyncProgress};
use crate::oauth;
use crate::tenant::TenantError;
use crate::tenant::demo::Simulation;

/// Carries effects out.
pub(super) struct Effects {
    session: Option<Arc<Session>>,
    answers: UnboundedSender<Inbound>,
    running: CancellationToken,
    /// Cancelled when the console ends.
    ending: CancellationToken,
}

/// How a job comes to run.
enum Start {
    Run(Box<Confirmed>, Duration),
    Resume(JobId),
    Cancel(JobId),
}

impl Effects {
    pub(super) fn new(answers: UnboundedSender<Inbound>) -> Self {
        Effects { session: None, answers, running: CancellationToken::new(), ending: CancellationToken::new() }
    }

    /// Stops what goes on by itself: the console ends.
    pub(super) fn end(&self) {
        self.ending.cancel();
    }

    pub(super) fn attach(&mut self, session: Arc<Session>) {
        self.session = Some(session);
    }

    /// Starts an effect. The terminal's own (`Copy`, `Mouse`, `Suspend`, `Quit`) are the loop's and do nothing here.
    pub(super) fn start(&mut self, effect: Effect) {
        let answers = self.answers.clone();
        let effect = match effect {
            Effect::Compute(computation) => return compute(*computation, answers),
            effect => effect,
        };
        let Some(session) = self.session.clone() else { return };
        match effect {
            Effect::Run { confirmed, hold_seconds } => self.job(session, Start::Run(confirmed, Duration::from_secs(hold_seconds))),
            Effect::Resume(job) => self.job(session, Start::Resume(job)),
            Effect::CancelJob(job) => self.job(session, Start::Cancel(job)),
            Effect::CancelRunning => self.running.cancel(),
            Effect::KeepFirst(users) => blocking(answers, move |answer| {
                if let Err(error) = session.store.keep_first(&users) {
                    answer(Msg::Failed(format!("the workspace will open without showing its first users at once: {error}")));
                }
            }),
            Effect::ReadJournal => blocking(answers, move |answer| match session.store.journal() {
                Ok(records) => answer(Msg::Journal(records)),
                Err(error) => answer(Msg::Failed(format!("the journal cannot be read: {error}"))),
            }),
            Effect::AddNote { user, text } => blocking(answers, move |answer| {
                let entry = Entry::Note { user, text: text.clone() };
                match session.store.append(session.clock().now(), &session.operator, vec![entry]) {
                    Ok(_) => {
                        answer(Msg::Ledger(session.ledger()));
                        answer(Msg::Said("Note added".to_owned()));
                    }
                    // What was typed is kept among the messages, from where it can be copied.
                    Err(error) => answer(Msg::Failed(format!("the note was not saved: {error}. It said: {text}"))),
                }
            }),
            Effect::SaveSetting { name, value } => blocking(answers, move |answer| {
                let entry = Entry::Setting { name: name.to_owned(), value };
                if let Err(error) = session.store.append(session.clock().now(), &session.operator, vec![entry]) {
                    answer(Msg::Failed(format!("{name} holds until the console ends, and was not saved: {error}")));
                }
            }),
            Effect::Record { entries, said } => record(session, entries, said, answers),
            Effect::Snapshot(users) => blocking(answers, move |answer| match session.set_evidence_aside(&users) {
                Ok(evidence) => {
                    answer(Msg::Ledger(session.ledger()));
                    let without = match evidence.unknown.len() {
                        0 => String::new(),
                        count => format!(" ({count} of those asked for are not known here: nothing of them)"),
                    };
                    answer(Msg::Said(format!("Evidence set aside: {}{without}", evidence.folder.display())));
                }
                Err(error) => answer(Msg::Failed(format!("the evidence was not set aside: {error}"))),
            }),
            Effect::Refresh => {
                let told = answers.clone();
                let ending = self.ending.clone();
                let work = tokio::spawn(async move { send(&told, refresh(&session, &ending, &told).await) });
                tokio::spawn(async move {
                    if let Err(error) = work.await {
                        send(&answers, Msg::SyncFailed { message: broken(error), needs_person: true });
                    }
                });
            }
            Effect::SetWritable(writable) => blocking(answers, move |answer| match session.set_writable(writable) {
                Ok(()) => {
                    answer(Msg::Access(session.access()));
                    answer(Msg::Ledger(session.ledger()));
                    let now = if writable { "Writing is on: confirmed plans are sent." } else { "Writing is off: nothing is sent." };
                    answer(Msg::Said(now.to_owned()));
                }
                Err(error) => answer(Msg::Failed(format!("writing stays as it was: {error}"))),
            }),
            Effect::Look(users) => spawn(answers, async move {
                let (records, problem) = session.engine.look(&users).await;
                vec![Msg::Records(records), Msg::Looked { users, problem: problem.map(|error| error.to_string()) }]
            }),
            Effect::Simulate { happening, user } => spawn(answers, async move { simulate(&session, &happening, &user).await }),
            Effect::BeginPlaybook(confirmed) => blocking(answers, move |answer| match session.engine.begin_playbook(&confirmed, false) {
                Ok(playbook) => {
                    answer(Msg::Ledger(session.ledger()));
                    answer(Msg::PlaybookBegun(playbook));
                }
                Err(error) => {
                    let message = format!("the playbook was not begun, and nothing was sent: {error}");
                    answer(Msg::PlaybookNotBegun { plan: confirmed.plan().id.clone(), message });
                }
            }),
            Effect::PlanStep { playbook, action } => spawn(answers, async move { plan_step(&session, playbook, action).await }),
            Effect::SkipStep { playbook, action, because } => blocking(answers, move |answer| {
                if let Err(error) = session.engine.skip_step(playbook, action, because) {
                    answer(Msg::Failed(format!("the step was not left out: {error}")));
                }
                answer(Msg::Ledger(session.ledger()));
            }),
            Effect::EndPlaybook(playbook) => blocking(answers, move |answer| match session.engine.end_playbook(playbook) {
                Ok(true) => {
                    answer(Msg::Ledger(session.ledger()));
                    let at_risk = match session.engine.still_at_risk(playbook) {
                        Ok(left) if left.is_empty() => String::new(),
                        Ok(left) => format!(" {} still at risk.", count(left.len(), "user is", "users are")),
                        Err(error) => format!(" Whether somebody is still at risk was not read: {error}."),
                    };
                    answer(Msg::Said(format!("Playbook {playbook} ended: every step is settled.{at_risk}")));
                }
                // Somebody else is at work on it: what the journal says now is shown.
                Ok(false) | Err(EngineError::Ended(_)) => {
                    answer(Msg::Ledger(session.ledger()));
                    answer(Msg::PlaybookNotEnded { playbook, message: None });
                }
                Err(error) => {
                    let message = format!("playbook {playbook} was not ended: {error}; open it in the jobs, its last row tries again");
                    answer(Msg::PlaybookNotEnded { playbook, message: Some(message) });
                }
            }),
            Effect::OpenPage(page) => match page.of(&session.manifest.source) {
                Err(why) => send(&answers, Msg::Said(why.to_owned())),
                Ok(address) => spawn(answers, async move {
                    if oauth::open_in_browser(&address).await {
                        return vec![Msg::Said(format!("The browser was asked to open the page of {}.", page.words()))];
                    }
                    vec![Msg::Page { page, address }]
                }),
            },
            Effect::Compute(_) | Effect::Mouse(_) | Effect::Copy(_) | Effect::CopyPassword(_) | Effect::Suspend | Effect::Quit => {}
        }
    }

    fn job(&mut self, session: Arc<Session>, start: Start) {
        self.running = CancellationToken::new();
        let cancel = self.running.clone();
        let answers = self.answers.clone();
        let (events, mut told) = unbounded_channel();
        let forward = {
            let answers = answers.clone();
            tokio::spawn(async move {
                let mut job = None;
                while let Some(event) = told.recv().await {
                    send(&answers, message(event, &mut job));
                }
                job
            })
        };
        let work = {
            let session = Arc::clone(&session);
            tokio::spawn(async move {
                match start {
                    Start::Run(confirmed, hold) => session.engine.run(&confirmed, hold, &cancel, &events).await,
                    Start::Resume(job) => session.engine.resume(job, &cancel, &events).await,
                    Start::Cancel(job) => session.engine.cancel(job, &events).await,
                }
            })
        };
        let told = answers.clone();
        let end = tokio::spawn(async move {
            let ended = work.await;
            // The events are all told once their sender is gone, so the end comes last.
            let job = forward.await.ok().flatten();
            let msg = match ended {
                Ok(Ok(JobReport { job, state, tally })) => Msg::JobEnded { job, state, tally },
                Ok(Err(error)) => Msg::JobFailed { job, message: error.to_string() },
                Err(error) => Msg::JobFailed { job, message: broken(error) },
            };
            // The ledger first, so that a list of jobs that is opened at the end has it.
            send(&told, Msg::Ledger(session.ledger()));
            send(&told, msg);
        });
        tokio::spawn(async move {
            if let Err(error) = end.await {
                send(&answers, Msg::JobFailed { job: None, message: broken(error) });
            }
        });
    }
}

fn message(event: EngineEvent, running: &mut Option<JobId>) -> Msg {
    match event {
        EngineEvent::Started { job, .. } => {
            *running = Some(job);
            Msg::JobStarted(job)
        }
        EngineEvent::Job(event) => Msg::Job(event),
        EngineEvent::Progress { job, tally, seconds_left } => Msg::Progress { job, tally, seconds_left },
        EngineEvent::Records(records) => Msg::Records(records),
        EngineEvent::Tenant(facts) => Msg::Tenant(facts),
        EngineEvent::Notice(text) => Msg::Said(text),
        EngineEvent::Password { job, user: id, user_principal_name, password } => {
            Msg::Password { job, user: user_principal_name.unwrap_or_else(|| id.clone()), id, password }
        }
    }
}

/// Brings the data up to date; what was read is shown page by page.
async fn refresh(session: &Session, ending: &CancellationToken, answers: &UnboundedSender<Inbound>) -> Msg {
    let mut progress = |progress: SyncProgress| {
        let SyncProgress { what, users, seconds_left, records, tenant, .. } = progress;
        send(answers, Msg::Records(records));
        if let Some(facts) = tenant {
            send(answers, Msg::Tenant(facts));
        }
        send(answers, Msg::Syncing(Syncing { what, users, seconds_left }));
    };
    let synced = session.sync(false, ending, &mut progress).await;
    // Whoever is signed in is known by now.
    send(answers, Msg::Holder(session.tenant.holder()));
    match synced {
        Ok(report) => Msg::Synced { at: session.store.synced_at().unwrap_or_default(), notes: report.notes },
        Err(error) => {
            let next = match &error {
                EngineError::Tenant(TenantError::SignIn { hint, .. }) => format!("; {hint}"),
                EngineError::Tenant(TenantError::Denied { missing, .. }) => format!("; {}", missing.hint()),
                _ => String::new(),
            };
            let needs_person = !matches!(
                error,
                EngineError::Tenant(TenantError::Throttled { .. } | TenantError::Unreachable { .. } | TenantError::Lost { .. })
            );
            Msg::SyncFailed {
                message: format!("not brought up to date: {error}{next}. The console goes on with what it has"),
                needs_person,
            }
        }
    }
}

/// Lets something happen in the simulated tenant, and tells what came of it.
async fn simulate(session: &Session, happening: &Happening, user: &UserId) -> Vec<Msg> {
    let settings = TenantSettings::of(&session.ledger());
    let simulation = Simulation { happening, user, sign_in: None, settings: &settings };
    let said = match session.simulate(&simulation).await {
        Some(Ok(came)) if came.applied => Msg::Said(format!("Simulated: {}", safe(&came.because))),
        Some(Ok(came)) => Msg::Failed(format!("It did not come true: {}", safe(&came.because))),
        Some(Err(error)) => Msg::Failed(format!("nothing was simulated: {error}")),
        None => Msg::Failed("nothing was simulated: this is no simulated tenant".to_owned()),
    };
    match session.store.user(user) {
        Ok(records) => vec![Msg::Records(records.into_iter().collect()), said],
        Err(error) => vec![said, Msg::Failed(format!("the user cannot be read: {error}"))],
    }
}

/// The plan of a step. Devices are read first where it is about them, because most users' never were.
async fn plan_step(session: &Session, playbook: JobId, action: Action) -> Vec<Msg> {
    let mut told = Vec::new();
    if action == Action::DisableDevices {
        let mut users = Vec::new();
        session.store.with_ledger(&mut |ledger| {
            let of = ledger.playbook(playbook).into_iter().flat_map(|held| held.plan.included());
            users = of.map(|target| target.id.as_str().into()).collect();
        });
        let (records, problem) = session.engine.look(&users).await;
        told.push(Msg::Records(records));
        told.extend(problem.map(|error| Msg::Said(format!("Devices were not read: {error}"))));
    }
    told.push(match session.engine.plan_step(playbook, action) {
        Ok(plan) => Msg::StepPlan(Box::new(plan)),
        Err(error) => Msg::StepNotPlanned { playbook, action, message: format!("the step cannot be planned: {error}") },
    });
    told
}

/// Runs what waits for the tenant; its answers are told in order.
fn spawn(answers: UnboundedSender<Inbound>, work: impl Future<Output = Vec<Msg>> + Send + 'static) {
    let told = answers.clone();
    let task = async move {
        for msg in work.await {
            send(&told, msg);
        }
    };
    watch(tokio::spawn(task), answers);
}

/// Runs what may wait for the disk, away from the loop.
fn blocking(answers: UnboundedSender<Inbound>, work: impl FnOnce(&dyn Fn(Msg)) + Send + 'static) {
    let told = answers.clone();
    watch(tokio::task::spawn_blocking(move || work(&|msg| send(&told, msg))), answers);
}

/// Adds entries to the journal. There is always an answer: what is decided by them waits for it.
fn record(session: Arc<Session>, entries: Vec<Entry>, said: String, answers: UnboundedSender<Inbound>) {
    let (told, wanted) = (answers.clone(), entries.clone());
    let work = tokio::task::spawn_blocking(move || match session.store.append(session.clock().now(), &session.operator, wanted) {
        Ok(_) => {
            send(&told, Msg::Ledger(session.ledger()));
            send(&told, Msg::Said(said));
            Ok(())
        }
        Err(error) => Err(format!("nothing was saved: {error}")),
    });
    tokio::spawn(async move {
        if let Err(message) = work.await.unwrap_or_else(|error| Err(format!("whether it was saved is not known: {}", broken(error)))) {
            send(&answers, Msg::NotRecorded { entries, message });
        }
    });
}

/// Computes beside the loop. There is always an answer: what comes from outside waits for it.
fn compute(computation: Computation, answers: UnboundedSender<Inbound>) {
    let number = computation.number;
    let work = tokio::task::spawn_blocking(move || computation.run());
    tokio::spawn(async move {
        let computed = work.await.unwrap_or_else(|error| Computed { number, answer: Answer::Broken(broken(error)) });
        send(&answers, Msg::Computed(Box::new(computed)));
    });
}

/// Tells of a task that panicked: its panic is not printed, because the screen is the console's.
fn watch(work: JoinHandle<()>, answers: UnboundedSender<Inbound>) {
    tokio::spawn(async move {
        if let Err(error) = work.await {
            send(&answers, Msg::Failed(format!("{}; try again, or restart the console", broken(error))));
        }
    });
}

/// Why a task did not come to its end, in words.
pub(super) fn broken(error: JoinError) -> String {
    match error.try_into_panic() {
        Ok(panic) => {
            let said = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            format!("an internal error stopped it ({})", said.unwrap_or("nothing is known of it"))
        }
        Err(error) => format!("an internal error stopped it ({error})"),
    }
}

fn send(answers: &UnboundedSender<Inbound>, msg: Msg) {
    // The loop is gone only when the console ends; then nobody needs the answer.
    drop(answers.send(Inbound::Msg(msg)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_is_told_of() {
        let (answers, mut inbox) = unbounded_channel();
        blocking(answers, |_| panic!("out of luck"));
        match inbox.recv().await {
            Some(Inbound::Msg(Msg::Failed(text))) => assert!(text.contains("out of luck"), "{text}"),
            _ => panic!("nothing was told"),
        }
    }
}
