//! `bundle`: the evidence of users as a folder.

use super::cli::Bundle;
use super::failure::{Exit, Failure};
use super::place::{self, Place};
use super::{list, output};
use crate::bundle::{self, BundleError};
use crate::domain::records::UserId;
use crate::engine::EvidenceError;

/// How many users one bundle takes: its page is to be opened by a browser.
const MOST: usize = 2_000;

/// `bundle`
pub async fn bundle(place: &Place, args: &Bundle) -> Result<(), Failure> {
    let text = list::checked(&args.query)?;
    if text.is_empty() {
        return Err(Failure::usage("nobody is named").hinted("entriage bundle USER --output DIR, or a QUERY"));
    }
    let session = place.open().await?;
    let (dataset, ledger, now) = (session.load()?, session.ledger(), session.clock().now());
    // What names one account is that account; anything else is a query.
    let users: Vec<UserId> = match place::named_user(&dataset, &text)? {
        Some(records) => vec![records.id().clone()],
        None => {
            let query = list::parse(&text, &ledger)?;
            if query.is_empty() {
                return Err(Failure::usage(format!("{text} asks for nothing, and would mean everybody")).hinted("name a USER or a QUERY"));
            }
            list::matching_users(&dataset, &query, &ledger, now).into_iter().map(|records| records.id().clone()).collect()
        }
    };
    if users.is_empty() {
        let hint = place::did_you_mean(&dataset, &text).unwrap_or_else(|| "try it with entriage users first".to_owned());
        return Err(Failure::usage(format!("nothing matches {text}")).hinted(hint));
    }
    if users.len() > MOST {
        let why = format!("{} users match, and the page of more than {MOST} could not be opened", users.len());
        return Err(Failure::usage("these are too many for one bundle").because(why).hinted("narrow the query, and write several"));
    }
    drop(dataset);
    let evidence = session.bundle(&users, &text, &args.output).map_err(failed)?;
    let written = evidence.written;
    let (users, files) = (written.users.len(), written.files);
    let noun = if users == 1 { "user" } else { "users" };
    output::say(&format!("{users} {noun}, {files} files, {} bytes: {}", written.bytes, args.output.display()));
    output::say(&format!("note: it names people and where they signed in; SHA-256 of the manifest is {}", written.manifest));
    if !evidence.unknown.is_empty() {
        output::say(&format!("note: {} of those asked for are gone from the workspace: nothing of them", evidence.unknown.len()));
    }
    for folder in bundle::interrupted(&args.output) {
        output::say(&format!("note: {} was left by one that was interrupted, and names people: remove it", folder.display()));
    }
    Ok(())
}

fn failed(error: EvidenceError) -> Failure {
    match error {
        EvidenceError::Engine(error) => error.into(),
        EvidenceError::NotRecorded { folder, why } => Failure::new(Exit::Workspace, "the journal took no record of the bundle")
            .because(why)
            .hinted(format!("it is whole, and lies in {}: write it again, or remove it", folder.display())),
        EvidenceError::Bundle(error @ (BundleError::Exists(_) | BundleError::NoFolder { .. })) => {
            Failure::usage(error.to_string()).hinted("name a folder that does not exist yet")
        }
        EvidenceError::Bundle(error) => Failure::new(Exit::Workspace, "the bundle was not written, and nothing of it is left")
            .because(error)
            .hinted("free space on that disk, or check the path"),
        EvidenceError::Nobody => Failure::usage(error.to_string()).hinted("entriage users lists them"),
    }
}
