//! A checklist whose steps are confirmed one by one: each step's plan is shown, and runs once its number is given or typed.

use std::time::Duration;

use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;

use super::cli::{Format, Steps};
use super::failure::{Exit, Failure};
use super::place::Place;
use super::{apply, job, output, plan};
use crate::domain::action::Action;
use crate::domain::journal::{JobId, JobState};
use crate::domain::ledger::Ledger;
use crate::domain::plan::{Answer, Confirmed, Plan};
use crate::domain::playbook::{Playbook, StepState, nobody_left, words_of};
use crate::domain::text;
use crate::engine::{EngineEvent, Session};

/// `jobs resume`: goes on with a job, or with the step of a checklist that comes next.
pub async fn resume(place: &Place, session: &Session, id: JobId, wanted: &Steps, format: Format) -> Result<Exit, Failure> {
    let ledger = session.ledger();
    let by_itself = ledger.playbook(id).filter(|playbook| playbook.state == JobState::Open && !playbook.steps_confirmed);
    let Some(playbook) = by_itself else {
        if wanted.is_given() {
            let why = format!("job {id} is none, or has ended, or its steps were confirmed with it");
            return Err(Failure::usage("--confirm, --step and --skip are for a checklist that is confirmed step by step").because(why));
        }
        return job::resume(session, id, format).await;
    };
    let open = playbook.steps(&ledger).into_iter().find(|(_, state)| matches!(state, StepState::Open(_)));
    match open {
        // What was sent is read back before anything else is planned.
        Some((step, _)) if wanted.is_given() => Err(Failure::usage(format!("{step} is still on its way"))
            .because("what was sent of it is read back before another step")
            .hinted(format!("entriage jobs resume {id}"))),
        Some(_) => job::resume(session, id, format).await,
        None => {
            // Leaving a step out needs nothing of the tenant.
            if wanted.skip.is_none() {
                read_again(session, playbook, &ledger).await;
            }
            match session.ledger().playbook(id).map(|playbook| playbook.state) {
                Some(JobState::Open) => go_on(place, session, id, wanted, Duration::from_secs(wanted.hold), format).await,
                _ => {
                    output::say(&format!("job {id} ended: nothing is left to do"));
                    job::tell_still_at_risk(session, id)?;
                    Ok(Exit::Done)
                }
            }
        }
    }
}

/// Reads again what the tenant took of the steps before and did not show as promised: it may only have been late. Sends nothing, as no
/// step that waits was confirmed. What cannot be read now is read another time.
async fn read_again(session: &Session, playbook: &Playbook, ledger: &Ledger) {
    let is_unsure = |step: &Action| playbook.unsure(*step, ledger).iter().any(|(_, ids)| !ids.is_empty());
    if !playbook.plan.steps.iter().any(is_unsure) {
        return;
    }
    let (tell, mut told) = unbounded_channel();
    if let Err(error) = session.engine.resume(playbook.id, &CancellationToken::new(), &tell).await {
        output::say(&format!("note: what was not verified could not be read again: {error}"));
    }
    while let Ok(event) = told.try_recv() {
        if let EngineEvent::Notice(text) = event {
            output::say(&text::safe(&text));
        }
    }
}

/// Goes on with a checklist step by step: at a terminal each step is asked for, else one step is confirmed by its number.
pub async fn go_on(place: &Place, session: &Session, id: JobId, wanted: &Steps, hold: Duration, format: Format) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    let mut named = wanted.step;
    loop {
        let ledger = session.ledger();
        let held = ledger.playbook(id).ok_or_else(|| Failure::usage(format!("there is no job {id}")))?;
        let next = held.next(&ledger).map(|(step, _)| step);
        let is_named = named.is_some();
        let Some(step) = named.take().or(next) else {
            return over(session, held, &ledger, exit);
        };
        if is_named {
            takes_its_turn(held, step, &ledger, wanted.skip.is_some())?;
        }
        if let Some(because) = &wanted.skip {
            if because.trim().is_empty() {
                return Err(Failure::usage("a step is left out with a reason").hinted("--skip TEXT"));
            }
            session.engine.skip_step(id, step, because.trim().to_owned())?;
            output::say(&format!("{}: left out", step.title()));
            return finish(session, id, exit);
        }
        let (plan, devices_may_come) = planned(session, held, step).await?;
        if plan.included_count() == 0 {
            // A step that was named is not what comes next, and is to be tried again, not left out.
            if is_named || !held.is_nobody_left_for_good(&plan, devices_may_come, &ledger) {
                return Err(nobody(held, &plan, &ledger));
            }
            let because = nobody_left(&plan);
            output::say(&format!("{}: left out: {}", step.title(), text::safe(&words_of(&because))));
            session.engine.skip_step(id, step, because)?;
            continue;
        }
        let confirmed = match wanted.confirm {
            Some(count) => plan.confirm(Answer::Number(count))?,
            None if apply::asks() => apply::ask(place, plan).await?,
            None => {
                output::data(&plan::printed(&plan, format, place.paper)?)?;
                // The step is named, so that the number is not taken for another one's, whatever is done meanwhile.
                let confirm = format!("entriage jobs resume {id} --step {step} --confirm {}", plan.included_count());
                let hint = format!("look at the plan; if it is right, {confirm}");
                return Err(Failure::usage(format!("the step {step} is not confirmed")).because(plan::in_numbers(&plan)).hinted(hint));
            }
        };
        let came_out = job::run(session, &confirmed, hold, format).await?;
        if came_out != Exit::Done {
            exit = came_out;
        }
        if wanted.confirm.is_some() || came_out == Exit::Cancelled {
            return finish(session, id, exit);
        }
    }
}

/// Begins a checklist whose steps are confirmed one by one; at a terminal each is asked for at once.
pub async fn begin(place: &Place, session: &Session, confirmed: &Confirmed, hold: Duration, format: Format) -> Result<Exit, Failure> {
    let id = session.engine.begin_playbook(confirmed, false)?;
    let plan = confirmed.plan();
    let steps: Vec<&str> = plan.steps.iter().map(|step| step.as_str()).collect();
    let nothing = "nothing is sent before a step is confirmed";
    output::say(&format!("job {id} begun: {}: {}; {nothing}", plan.action.title(), steps.join(", ")));
    if apply::asks() {
        return go_on(place, session, id, &Steps::default(), hold, format).await;
    }
    finish(session, id, Exit::Done)
}

/// Whether a step that was named can be run, or left out, now.
fn takes_its_turn(held: &Playbook, step: Action, ledger: &Ledger, leaves_out: bool) -> Result<(), Failure> {
    let steps = held.steps(ledger);
    let state = steps.iter().find(|(of, _)| *of == step).map(|(_, state)| state);
    let next = held.next(ledger).map(|(next, _)| format!("{next} is next")).unwrap_or_else(|| "every step is settled".to_owned());
    match state {
        None => {
            let all: Vec<&str> = steps.iter().map(|(of, _)| of.as_str()).collect();
            Err(Failure::usage(format!("{step} is no step of job {}", held.id)).because(format!("its steps are {}", all.join(", "))))
        }
        Some(state) if leaves_out && *state != StepState::Waiting => {
            Err(Failure::usage(format!("{step} is not left out")).because("only a step that waits can be").hinted(next))
        }
        Some(state) if state.is_verified() => {
            Err(Failure::usage(format!("{step} is done already")).because("it was verified for everybody").hinted(next))
        }
        Some(_) if !held.is_due(step, ledger) => {
            Err(Failure::usage(format!("it is not the turn of {step}")).because("the steps before it come first").hinted(next))
        }
        Some(_) => Ok(()),
    }
}

/// The plan of a step, and whether devices that could not be read may be read another time.
async fn planned(session: &Session, held: &Playbook, step: Action) -> Result<(Plan, bool), Failure> {
    let mut late = false;
    if step == Action::DisableDevices {
        let users: Vec<_> = held.plan.included().map(|target| target.id.as_str().into()).collect();
        let (_, problem) = session.engine.look(&users).await;
        if let Some(error) = problem {
            late = true;
            output::say(&format!("note: not all devices could be read: {error}"));
        }
    }
    Ok((session.engine.plan_step(held.id, step)?, late))
}

fn nobody(held: &Playbook, plan: &Plan, ledger: &Ledger) -> Failure {
    let (id, step) = (held.id, plan.action);
    let waits = held.steps(ledger).contains(&(step, StepState::Waiting));
    let way_out = match waits {
        true => format!("entriage jobs resume {id} --step {step} --skip TEXT leaves the step out"),
        false => format!("entriage jobs cancel {id} ends it as it is"),
    };
    let mut failure = Failure::usage(format!("nobody is left whom {step} may act on"))
        .because(plan::in_numbers(plan))
        .hinted(format!("entriage jobs resume {id} tries again what may come later; {way_out}"));
    failure.lines = apply::not_acted_on(plan);
    failure
}

/// Says what comes next.
fn finish(session: &Session, id: JobId, exit: Exit) -> Result<Exit, Failure> {
    let ledger = session.ledger();
    let held = ledger.playbook(id).ok_or_else(|| Failure::usage(format!("there is no job {id}")))?;
    match held.next(&ledger) {
        Some((next, _)) => {
            output::say(&format!("next of job {id}: {}; entriage jobs resume {id} shows its plan", next.title()));
            Ok(exit)
        }
        None => over(session, held, &ledger, exit),
    }
}

/// Every step is settled: ends the checklist, unless a step failed that can be tried again.
fn over(session: &Session, held: &Playbook, ledger: &Ledger, exit: Exit) -> Result<Exit, Failure> {
    let id = held.id;
    let failed: Vec<&str> = held.plan.steps.iter().filter(|step| !held.is_over(**step, ledger)).map(|step| step.as_str()).collect();
    if failed.is_empty() {
        session.engine.end_playbook(id)?;
        output::say(&format!("job {id} ended: every step is settled"));
        job::tell_still_at_risk(session, id)?;
        return Ok(exit);
    }
    output::say(&format!(
        "job {id} stays open, not verified for everybody: {}; entriage jobs resume {id} --step ACTION tries a step again, \
         entriage jobs cancel {id} ends it",
        failed.join(", ")
    ));
    Ok(if exit == Exit::Done { Exit::Partly } else { exit })
}
