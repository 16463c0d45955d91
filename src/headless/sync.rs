//! `sync`: brings the workspace up to date.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::output;
use super::place::Place;
use crate::engine::{Session, SyncProgress};

/// How often progress is told.
const EVERY: Duration = Duration::from_secs(2);

/// `sync`
pub async fn sync(place: &Place, full: bool) -> Result<(), Failure> {
    let session = place.open().await?;
    bring_up_to_date(&session, full).await
}

/// Brings a workspace up to date and tells how far it is. An interrupt stops it after the request in flight.
pub async fn bring_up_to_date(session: &Session, full: bool) -> Result<(), Failure> {
    let cancel = CancellationToken::new();
    let listener = {
        let cancel = cancel.clone();
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                cancel.cancel();
            }
        })
    };
    let mut last = Instant::now();
    let mut progress = |progress: SyncProgress| {
        if last.elapsed() >= EVERY {
            last = Instant::now();
            output::say(&told(&progress));
        }
    };
    let report = session.sync(full, &cancel, &mut progress).await;
    listener.abort();
    let report = report?;
    for note in &report.notes {
        output::say(&format!("note: {note}"));
    }
    let what = if report.full { "everything was read" } else { "what changed was read" };
    let users = if report.users == 1 { "1 user".to_owned() } else { format!("{} users", report.users) };
    output::say(&format!("workspace {} is up to date: {what}, {users}", session.name));
    Ok(())
}

fn told(progress: &SyncProgress) -> String {
    let of = progress.of.map(|of| format!(" of {of}")).unwrap_or_default();
    let left = match progress.seconds_left {
        Some(seconds) => format!(", about {seconds} s left"),
        None => ", how long it takes is known after the first time".to_owned(),
    };
    format!("reading {}: {}{of} users so far{left}", progress.what, progress.users)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_says_what_is_known_and_what_is_not() {
        let progress =
            |of, seconds_left| SyncProgress { what: "risky users", users: 500, of, seconds_left, records: Vec::new(), tenant: None };
        assert_eq!(told(&progress(Some(1000), Some(1))), "reading risky users: 500 of 1000 users so far, about 1 s left");
        assert!(told(&progress(None, None)).contains("after the first time"));
    }
}
