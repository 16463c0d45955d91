//! `import`: files into an evidence workspace.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::cli::{Format, Import};
use super::failure::{Exit, Failure};
use super::order;
use super::output;
use super::place::{self, Place};
use crate::domain::dataset::{Dataset, FIRST_USERS, MANY_USERS};
use crate::domain::filing::{self, Filed};
use crate::domain::journal::Entry;
use crate::domain::records::{Record, UserId, UserRecords};
use crate::engine::Session;
use crate::import::{self, Found};
use crate::store::StoreError;

/// How many problems are told one by one to people.
const TOLD: usize = 20;

/// What an import came to.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// Records that could be read.
    read: usize,
    /// Of these, new.
    new: usize,
    /// Of these, held before and changed.
    updated: usize,
    /// Of these, held just so.
    skipped: usize,
    /// Records that could not be read.
    rejected: usize,
    /// What was found, by kind.
    found: BTreeMap<&'static str, usize>,
    /// Records and files that could not be read.
    problems: Vec<Problem>,
}

#[derive(Debug, Serialize)]
struct Problem {
    file: String,
    /// `None` for a file as a whole.
    line: Option<u64>,
    reason: String,
}

/// `import`
pub async fn import(place: &Place, args: &Import) -> Result<Exit, Failure> {
    let (records, mut report) = read(args);
    if !records.is_empty() {
        let name = args.name.as_deref().or(place.workspace.as_deref()).unwrap_or("evidence");
        let session = Session::evidence(&place.options, name).await?;
        place::tell_notices(&session);
        keep(&session, records, &mut report, args)?;
        tell(&report);
        output::say(&format!("into workspace {name}, which is used from now on"));
    } else {
        tell(&report);
    }
    if args.format == Format::Json {
        output::data(&output::json(&report)?)?;
    }
    outcome(&report)
}

/// Reads everything first, so that a workspace is made only where there is something for it.
fn read(args: &Import) -> (Vec<Record>, Report) {
    let mut records = Vec::new();
    let mut report = Report::default();
    import::read(&args.paths, &mut |found| match found {
        Found::Record(record, kind) => {
            records.push(*record);
            report.read += 1;
            *report.found.entry(kind).or_default() += 1;
        }
        Found::Rejected(rejected) => {
            report.rejected += 1;
            report.problems.push(Problem { file: rejected.file, line: Some(rejected.line), reason: rejected.reason });
        }
        Found::Unreadable { file, reason } => report.problems.push(Problem { file, line: None, reason }),
    });
    (records, report)
}

fn keep(session: &Session, records: Vec<Record>, report: &mut Report, args: &Import) -> Result<(), Failure> {
    let dataset = session.load()?;
    let (changed, new) = file(&dataset, records, report);
    let kept = session.keep(&new)?; // before the cache, which is rebuilt from it
    session.store.put(&changed)?;
    keep_first(session, &dataset, &changed)?;
    let now = session.clock().now();
    session.store.set_synced_at(now)?;
    let entry = Entry::Imported {
        sources: args.paths.iter().map(|path| path.display().to_string()).collect(),
        changed: (report.new + report.updated) as u64,
        rejected: report.rejected as u64,
        kept,
    };
    session.store.append(now, &session.operator, vec![entry])?;
    Ok(())
}

/// Lets a large workspace show whoever needs work first at once, when the console opens it.
fn keep_first(session: &Session, dataset: &Dataset, changed: &[UserRecords]) -> Result<(), StoreError> {
    let ids: HashSet<&UserId> = changed.iter().map(UserRecords::id).collect();
    let as_before = dataset.users().iter().filter(|records| !ids.contains(records.id()));
    let mut users: Vec<&UserRecords> = as_before.chain(changed).collect();
    if users.len() < MANY_USERS {
        return Ok(());
    }
    order::users_by_default(&mut users);
    let first: Vec<UserId> = users.iter().take(FIRST_USERS).map(|records| records.id().clone()).collect();
    session.store.keep_first(&first)
}

/// Files the records under their users; answers the users that changed, and the records that changed them.
fn file(dataset: &Dataset, records: Vec<Record>, report: &mut Report) -> (Vec<UserRecords>, Vec<Record>) {
    let mut by_user: BTreeMap<UserId, Vec<Record>> = BTreeMap::new();
    for record in records {
        if let Some(id) = record.user_id().cloned() {
            by_user.entry(id).or_default().push(record);
        }
    }
    let (mut changed, mut new) = (Vec::new(), Vec::new());
    for (id, records) in by_user {
        let mut held = dataset.user(&id).cloned().unwrap_or_else(|| UserRecords::unknown(id));
        let mut given = records.clone().into_iter();
        let before = new.len();
        filing::file_all(&mut held, records, &mut |filed| {
            let record = given.next();
            match filed {
                Filed::New => report.new += 1,
                Filed::Updated => report.updated += 1,
                Filed::Unchanged => {
                    report.skipped += 1;
                    return;
                }
            }
            new.extend(record);
        });
        if new.len() > before {
            held.sort();
            changed.push(held);
        }
    }
    (changed, new)
}

fn tell(report: &Report) {
    for problem in report.problems.iter().take(TOLD) {
        let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
        output::say(&format!("{}{line}: {}", problem.file, problem.reason));
    }
    if let Some(more) = report.problems.len().checked_sub(TOLD).filter(|more| *more > 0) {
        output::say(&format!("… and {more} more; --format json tells all"));
    }
    for (kind, count) in &report.found {
        output::say(&format!("{count} × {kind}"));
    }
    let Report { read, new, updated, skipped, rejected, .. } = report;
    output::say(&format!("{read} read ({new} new, {updated} updated, {skipped} skipped: held just so), {rejected} rejected"));
}

fn outcome(report: &Report) -> Result<Exit, Failure> {
    match (report.read, report.problems.is_empty()) {
        (0, _) => Err(Failure::usage("nothing was imported")
            .because(if report.problems.is_empty() { "no record was found" } else { "nothing of it could be read" })
            .hinted("give Graph JSON, portal downloads or diagnostic-settings logs; folders and .gz are read, too")),
        (_, true) => Ok(Exit::Done),
        (_, false) => Ok(Exit::Partly),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::clock::Clock;
    use crate::domain::fixture;
    use crate::engine::{OpenOptions, SignInOptions};
    use crate::store::Home;

    fn problem() -> Problem {
        Problem { file: "a.json".to_owned(), line: Some(3), reason: "no id".to_owned() }
    }

    #[test]
    fn an_import_ends_well_only_where_everything_was_read() {
        assert_eq!(outcome(&Report { read: 2, skipped: 2, ..Report::default() }), Ok(Exit::Done));
        assert_eq!(outcome(&Report { read: 2, rejected: 1, problems: vec![problem()], ..Report::default() }), Ok(Exit::Partly));
        assert_eq!(outcome(&Report::default()).unwrap_err().exit, Exit::Usage);
        assert_eq!(outcome(&Report { rejected: 1, problems: vec![problem()], ..Report::default() }).unwrap_err().exit, Exit::Usage);
    }

    #[test]
    fn records_are_filed_under_their_users() {
        let first = fixture::risky_user("b", "passwordSpray");
        let second = fixture::risky_user("a", "passwordSpray");
        let mut report = Report::default();
        let records = [first, second].map(|records| Record::User(records.user)).to_vec();
        let (changed, new) = file(&Dataset::new(), records, &mut report);
        assert_eq!(changed.iter().map(|records| records.id().as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!((report.new + report.updated, new.len()), (2, 2));
    }

    fn args(paths: &[&str]) -> Import {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import");
        let paths = paths.iter().map(|path| folder.join(path)).collect();
        Import { paths, name: None, format: Format::Json }
    }

    #[tokio::test]
    async fn a_damaged_cache_is_rebuilt_from_what_was_imported() {
        let folder = tempfile::tempdir().unwrap();
        let options = OpenOptions {
            home: Home(folder.path().to_owned()),
            read_only: false,
            clock: Clock::system(),
            sign_in: SignInOptions::silent(),
        };
        let session = Session::evidence(&options, "case").await.unwrap();
        for args in [args(&["graph-risky-users.json", "SigninLogs.jsonl"]), args(&["."]), args(&["."])] {
            let (records, mut report) = read(&args);
            keep(&session, records, &mut report, &args).unwrap();
        }
        let imported = session.load().unwrap();
        assert!(imported.len() > 3 && session.notices.is_empty());
        drop(session);
        let dir = folder.path().join("workspaces/case");
        for entry in dir.join("cache").read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                std::fs::write(path, "wrecked").unwrap();
            }
        }
        let session = Session::open(&options, "case").await.unwrap();
        assert_eq!(session.load().unwrap().users(), imported.users());
        assert!(session.notices.len() == 1 && session.notices[0].contains("rebuilt"), "{:?}", session.notices);
        drop(session);
        // Where nothing was kept, that is said.
        std::fs::remove_dir_all(dir.join("cache")).unwrap();
        std::fs::rename(dir.join("evidence.jsonl"), dir.join("moved")).unwrap();
        let session = Session::open(&options, "case").await.unwrap();
        assert!(session.notices[0].contains("Import the files again"), "{:?}", session.notices);
    }

    #[tokio::test]
    async fn an_import_into_a_cache_of_which_nothing_was_kept_keeps_it_all() {
        let folder = tempfile::tempdir().unwrap();
        let options = OpenOptions {
            home: Home(folder.path().to_owned()),
            read_only: false,
            clock: Clock::system(),
            sign_in: SignInOptions::silent(),
        };
        let session = Session::evidence(&options, "case").await.unwrap();
        session.store.put(&[fixture::risky_user("u1", "passwordSpray")]).unwrap();
        let args = args(&["graph-risky-users.json"]);
        let (records, mut report) = read(&args);
        keep(&session, records, &mut report, &args).unwrap();
        let imported = session.load().unwrap();
        drop(session);
        std::fs::remove_dir_all(folder.path().join("workspaces/case/cache")).unwrap();
        assert_eq!(Session::open(&options, "case").await.unwrap().load().unwrap().users(), imported.users());
    }
}
