//! `jobs`: unfinished and past jobs.

use serde_json::{Map, Value, json};

use super::cli::{Format, Jobs, JobsCommand};
use super::failure::{Exit, Failure};
use super::output::{self, Column};
use super::place::Place;
use super::{job, left, steps};
use crate::domain::journal::JobId;
use crate::domain::ledger::{Job, Ledger};
use crate::domain::playbook::{Playbook, StepState};

const COLUMNS: &[Column] = &[
    Column { heading: "JOB", path: "id" },
    Column { heading: "STATE", path: "state" },
    Column { heading: "ACTION", path: "action" },
    Column { heading: "USER", path: "user" },
    Column { heading: "TOTAL", path: "total" },
    Column { heading: "VERIFIED", path: "verified" },
    Column { heading: "FAILED", path: "failed" },
    Column { heading: "SKIPPED", path: "skipped" },
    Column { heading: "DIVERGED", path: "diverged" },
    Column { heading: "UNVERIFIED", path: "unverified" },
    Column { heading: "PENDING", path: "pending" },
    Column { heading: "CREATED (UTC)", path: "createdAt" },
    Column { heading: "", path: "endedAt" },
    Column { heading: "OPERATOR", path: "operator" },
    Column { heading: "REASON", path: "reason" },
    Column { heading: "STEPS", path: "stepStates" },
];

/// `jobs`
pub async fn jobs(place: &Place, args: &Jobs) -> Result<Exit, Failure> {
    let session = place.open().await?;
    match &args.command {
        None => {
            let ledger = session.ledger();
            let mut rows: Vec<(JobId, Map<String, Value>)> = ledger.jobs().map(|job| (job.id, object(job))).collect();
            rows.extend(ledger.playbooks().map(|playbook| (playbook.id, of_playbook(playbook, &ledger))));
            rows.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
            let for_people = matches!(args.format, Format::Table | Format::Csv);
            let rows = rows.into_iter().map(|(id, row)| if for_people { with_names(row, id, &ledger) } else { row });
            let rows: Vec<Map<String, Value>> = rows.collect();
            let count = rows.len();
            output::list(COLUMNS, rows, count, args.format, place.paper)?;
            Ok(Exit::Done)
        }
        Some(JobsCommand::Resume { id, steps }) => steps::resume(place, &session, JobId(*id), steps, events(args.format)?).await,
        Some(JobsCommand::Cancel { id }) => job::cancel(&session, JobId(*id), events(args.format)?).await,
    }
}

fn events(format: Format) -> Result<Format, Failure> {
    match format {
        Format::Csv => Err(Failure::usage("a job cannot be told as csv").hinted("--format table, json or jsonl")),
        other => Ok(other),
    }
}

/// Adds whom it is for, and of a playbook where each step stands, in a word each: a table has no room for more.
fn with_names(mut row: Map<String, Value>, id: JobId, ledger: &Ledger) -> Map<String, Value> {
    let plan = ledger.playbook(id).map(|playbook| &playbook.plan).or(ledger.job(id).map(|job| &job.plan));
    if let Some((plan, first)) = plan.and_then(|plan| Some((plan, plan.included().next()?))) {
        let more = plan.included_count().saturating_sub(1);
        let more = if more > 0 { format!(" +{more}") } else { String::new() };
        row.insert("user".to_owned(), format!("{}{more}", left::name(plan, first)).into());
    }
    let steps = row.get("steps").and_then(Value::as_array).map(|steps| {
        let word = |step: &Value, key| step.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        steps.iter().map(|step| format!("{} {}", word(step, "action"), word(step, "state"))).collect::<Vec<_>>().join(", ")
    });
    row.insert("stepStates".to_owned(), steps.unwrap_or_else(|| "-".to_owned()).into());
    row
}

/// A playbook, with the results of all its steps together and where each stands.
fn of_playbook(playbook: &Playbook, ledger: &Ledger) -> Map<String, Value> {
    let steps = playbook.steps(ledger).into_iter().map(|(action, state)| {
        let over = playbook.is_over(action, ledger);
        let (state, job, because) = match state {
            StepState::Waiting => ("waiting", None, None),
            StepState::Open(job) => ("open", Some(job), None),
            StepState::Ended(job, tally) if tally.all_verified() => ("verified", Some(job), None),
            // Some were refused, and nothing more comes of it.
            StepState::Ended(job, _) if over => ("ended", Some(job), Some(playbook.problems_of(action, ledger).join("; "))),
            StepState::Ended(job, _) => ("unfinished", Some(job), None),
            StepState::Skipped(because) => ("skipped", None, Some(because)),
        };
        json!({"action": action, "state": state, "job": job, "because": because})
    });
    let object = json!({
        "id": playbook.id,
        "action": playbook.plan.action,
        "state": playbook.state,
        "createdAt": playbook.created_at,
        "endedAt": playbook.ended_at,
        "operator": playbook.plan.operator,
        "reason": playbook.plan.reason,
        "steps": steps.collect::<Vec<_>>(),
    });
    joined(object, job::counts(&playbook.tally(ledger)))
}

fn joined(object: Value, counts: Value) -> Map<String, Value> {
    let mut all = Map::new();
    for part in [object, counts] {
        if let Value::Object(part) = part {
            all.extend(part);
        }
    }
    all
}

fn object(job: &Job) -> Map<String, Value> {
    let object = json!({
        "id": job.id,
        "action": job.plan.action,
        "state": job.state,
        "createdAt": job.created_at,
        "endedAt": job.ended_at,
        "operator": job.plan.operator,
        "reason": job.plan.reason,
        "playbook": job.plan.playbook,
    });
    joined(object, job::counts(&job.tally()))
}
