//! Evidence that is written is what the journal says was written.

use crate::clock::Clock;
use crate::domain::fixture;
use crate::domain::journal::Entry;
use crate::domain::records::UserId;
use crate::engine::{EvidenceError, OpenOptions, Session, SignInOptions};
use crate::store::Home;

/// The last record: whose evidence, and where.
fn recorded(session: &Session) -> Option<(Vec<UserId>, String)> {
    match session.store.journal_lines().unwrap().pop()?.0.entry {
        Entry::Snapshot { users, folder, .. } => Some((users, folder)),
        _ => None,
    }
}

#[tokio::test]
async fn the_journal_names_those_of_whom_there_is_evidence_and_no_others() {
    let home = tempfile::tempdir().unwrap();
    let options =
        OpenOptions { home: Home(home.path().to_owned()), read_only: false, clock: Clock::system(), sign_in: SignInOptions::silent() };
    let session = Session::evidence(&options, "case").await.unwrap();
    session.store.put(&[fixture::risky_user("known", "passwordSpray")]).unwrap();
    let (known, gone) = (UserId::from("known"), UserId::from("gone"));
    let asked = [known.clone(), gone.clone()];
    let aside = session.set_evidence_aside(&asked).unwrap();
    let folder = aside.folder.display().to_string();
    assert!(folder.ends_with("known@contoso.test"), "{folder}");
    assert_eq!((recorded(&session), aside.unknown), (Some((vec![known.clone()], folder)), vec![gone.clone()]));
    assert!(matches!(session.set_evidence_aside(&[gone]), Err(EvidenceError::Nobody)));
    // What leaves the workspace is in the journal, too.
    let out = home.path().join("out");
    session.bundle(&asked, "level:high", &out).unwrap();
    assert_eq!(recorded(&session), Some((vec![known], out.display().to_string())));
}
