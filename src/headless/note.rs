//! `note`: adds a note to a user's case.

use super::cli::Note;
use super::failure::Failure;
use super::output;
use super::place::{self, Place};
use crate::domain::journal::Entry;

/// `note`
pub async fn note(place: &Place, args: &Note) -> Result<(), Failure> {
    let text = args.text.join(" ").trim().to_owned();
    if text.is_empty() {
        return Err(Failure::usage("the note is empty").hinted("entriage note USER TEXT"));
    }
    let session = place.open().await?;
    let dataset = session.load()?;
    let records = place::find_user(&dataset, &args.user)?;
    let entry = Entry::Note { user: records.id().clone(), text };
    session.store.append(session.clock().now(), &session.operator, vec![entry])?;
    output::say(&format!("noted on {}", records.user.name()));
    Ok(())
}
