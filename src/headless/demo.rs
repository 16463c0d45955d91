//! `demo`: makes or opens the simulated tenant.

use std::path::Path;

use super::cli::Demo;
use super::failure::{Exit, Failure};
use super::output;
use super::place::{self, DEMO, Place};
use super::targets;
use crate::domain::time::Timestamp;
use crate::domain::workspace::{DemoSpec, Fault, Manifest, Source};
use crate::engine::Session;
use crate::store;

/// Makes or opens the workspace `demo`, without a console.
pub async fn demo(place: &Place, args: &Demo) -> Result<(), Failure> {
    let spec = wanted(place, args)?;
    let session = Session::demo(&place.options, spec, args.reset).await?;
    place::tell_notices(&session);
    if let Source::Demo(held) = &session.manifest.source {
        output::say(&format!("workspace {DEMO}: {} users, seed {}; nothing here is real", held.users, held.seed));
    }
    Ok(())
}

/// What the demo is to be made to, where the command line says anything about it. Says so where the demo there is stays as it is.
pub fn wanted(place: &Place, args: &Demo) -> Result<Option<DemoSpec>, Failure> {
    if let Some(name) = place.workspace.as_deref().filter(|name| *name != DEMO) {
        return Err(Failure::usage(format!("the simulated tenant is not in workspace {name}")).hinted("leave out --workspace"));
    }
    let faults = args.faults.as_deref().map(own_faults).transpose()?;
    if args.seed.is_none() && args.users.is_none() && args.rate.is_none() && faults.is_none() && !args.reset {
        return Ok(None);
    }
    let spec = spec(args, faults.unwrap_or_default(), place.options.clock.now());
    if let (false, Ok(Manifest { source: Source::Demo(held), .. })) = (args.reset, store::manifest(&place.options.home, DEMO))
        && let Some(difference) = difference(args, &spec, &held)
    {
        output::say(&format!("note: the demo workspace is kept as it is, {difference}; --reset makes it anew"));
    }
    Ok(Some(spec))
}

fn spec(args: &Demo, faults: Vec<Fault>, now: Timestamp) -> DemoSpec {
    let rate = args.rate.map_or(Some(1.0), |rate| rate.0);
    DemoSpec { seed: args.seed.unwrap_or(1), users: args.users.unwrap_or(200), epoch: epoch(now), rate, faults }
}

/// The moment at which a tenant that is made now is seen first: a whole second.
pub fn epoch(now: Timestamp) -> Timestamp {
    Timestamp(chrono::DateTime::from_timestamp(now.0.timestamp(), 0).unwrap_or(now.0))
}

/// What was asked for and is not so.
fn difference(args: &Demo, wanted: &DemoSpec, held: &DemoSpec) -> Option<String> {
    let mut parts = Vec::new();
    if args.seed.is_some() && wanted.seed != held.seed {
        parts.push(format!("seed {}", held.seed));
    }
    if args.users.is_some() && wanted.users != held.users {
        parts.push(format!("{} users", held.users));
    }
    if args.rate.is_some() && wanted.rate != held.rate {
        parts.push(held.rate.map_or("no rate limit".to_owned(), |rate| format!("{rate} requests per second")));
    }
    if args.faults.is_some() && wanted.faults != held.faults {
        parts.push(format!("{} faults", held.faults.len()));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Faults of the demo tenant, which has no server to play those that need one.
fn own_faults(file: &Path) -> Result<Vec<Fault>, Failure> {
    let faults = faults(file)?;
    match faults.iter().position(Fault::needs_server) {
        None => Ok(faults),
        Some(place) => Err(Failure::usage(format!("the demo tenant cannot play fault {} of {}", place + 1, file.display()))
            .because("it is about a path, or about what only a server does")
            .hinted("entriage emulate --faults plays it")),
    }
}

/// The faults that a file holds.
pub fn faults(file: &Path) -> Result<Vec<Fault>, Failure> {
    let text = targets::read(file)?;
    serde_json::from_str(&text).map_err(|error| Failure {
        exit: Exit::Usage,
        ..Failure::usage(format!("{} does not hold faults", file.display()))
            .because(error)
            .hinted(r#"a JSON array such as [{"actions":["dismissUserRisk"],"times":1,"does":"poison"}]"#)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;
    use crate::headless::cli::Rate;

    fn args() -> Demo {
        Demo { seed: None, users: None, reset: false, no_console: true, rate: None, faults: None }
    }

    #[test]
    fn the_default_tenant_has_seed_1_and_200_users_at_one_request_per_second() {
        let spec = spec(&args(), Vec::new(), fixture::now());
        assert_eq!((spec.seed, spec.users, spec.rate), (1, 200, Some(1.0)));
    }

    #[test]
    fn only_what_was_asked_for_counts_as_a_difference() {
        let held = DemoSpec { seed: 7, users: 50, epoch: fixture::now(), rate: Some(1.0), faults: Vec::new() };
        let asked = Demo { seed: Some(7), rate: Some(Rate(None)), ..args() };
        let wanted = spec(&asked, Vec::new(), fixture::now());
        assert_eq!(difference(&asked, &wanted, &held).as_deref(), Some("1 requests per second"));
    }

    #[test]
    fn the_example_in_the_hint_can_be_read() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("faults.json");
        std::fs::write(&file, r#"[{"actions":["dismissUserRisk"],"times":1,"does":"poison"}]"#).unwrap();
        assert_eq!(faults(&file).unwrap().len(), 1);
        std::fs::write(&file, "{}").unwrap();
        assert_eq!(faults(&file).unwrap_err().exit, Exit::Usage);
    }

    #[test]
    fn the_demo_refuses_faults_that_only_a_server_plays() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("faults.json");
        std::fs::write(&file, r#"[{"does":"poison"},{"path":"riskyUsers","does":"breakAfter"}]"#).unwrap();
        let failure = own_faults(&file).unwrap_err();
        assert!(failure.exit == Exit::Usage && failure.message.contains("fault 2"), "{failure:?}");
        assert_eq!(faults(&file).unwrap().len(), 2);
    }
}
