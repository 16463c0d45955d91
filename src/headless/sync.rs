//! `sync`: brings the workspace up to date.

use std::time::{Duration, Instant};

use super::failure::Failure;
use super::output;
use super::place::Place;

/// How often progress is told.
const EVERY: Duration = Duration::from_secs(2);

/// `sync`. Reads everything, with and without `--full`: that is all that tenants of this version offer.
pub async fn sync(place: &Place) -> Result<(), Failure> {
    let session = place.open().await?;
    let mut last = Instant::now();
    let mut progress = |users: usize, all: Option<usize>| {
        if last.elapsed() >= EVERY {
            last = Instant::now();
            let all = all.map(|all| format!(" of {all}")).unwrap_or_default();
            output::say(&format!("{users}{all} users read"));
        }
    };
    let users = session.engine.sync(&mut progress).await?;
    output::say(&format!("workspace {} is up to date: {users} users", session.name));
    Ok(())
}
