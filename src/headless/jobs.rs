//! `jobs`: unfinished and past jobs.

use serde_json::{Map, Value, json};

use super::cli::{Format, Jobs, JobsCommand};
use super::failure::{Exit, Failure};
use super::job;
use super::output::{self, Column};
use super::place::Place;
use crate::domain::journal::JobId;
use crate::domain::ledger::Job;

const COLUMNS: &[Column] = &[
    Column { heading: "JOB", path: "id" },
    Column { heading: "STATE", path: "state" },
    Column { heading: "ACTION", path: "action" },
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
];

/// `jobs`
pub async fn jobs(place: &Place, args: &Jobs) -> Result<Exit, Failure> {
    let session = place.open().await?;
    match args.command {
        None => {
            let ledger = session.ledger();
            let rows: Vec<Map<String, Value>> = ledger.jobs().rev().map(object).collect();
            let count = rows.len();
            output::list(COLUMNS, rows, count, args.format, place.paper)?;
            Ok(Exit::Done)
        }
        Some(JobsCommand::Resume { id }) => job::resume(&session, JobId(id), events(args.format)?).await,
        Some(JobsCommand::Cancel { id }) => job::cancel(&session, JobId(id), events(args.format)?).await,
    }
}

fn events(format: Format) -> Result<Format, Failure> {
    match format {
        Format::Csv => Err(Failure::usage("a job cannot be told as csv").hinted("--format table, json or jsonl")),
        other => Ok(other),
    }
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
    });
    let mut all = Map::new();
    for part in [object, job::counts(&job.tally())] {
        if let Value::Object(part) = part {
            all.extend(part);
        }
    }
    all
}
