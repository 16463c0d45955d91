//! `settings`: what the operator decided for a workspace; the journal keeps who and when.

use serde_json::json;

use super::cli::{Format, Settings};
use super::failure::Failure;
use super::output;
use super::place::Place;
use crate::domain::journal::Entry;
use crate::domain::plan::Access;
use crate::engine::{Session, WRITABLE};

/// The other setting that there is.
const OPERATOR: &str = "operator";

/// `settings`
pub async fn settings(place: &Place, args: &Settings) -> Result<(), Failure> {
    let session = place.open().await?;
    let Some(name) = &args.name else { return list(&session, args.format, place) };
    let name = [WRITABLE, OPERATOR]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(name))
        .ok_or_else(|| Failure::usage(format!("there is no setting {name}")).hinted("entriage settings lists them: writable, operator"))?;
    let Some(value) = &args.value else { return output::data(&format!("{}\n", value(&session, name))) };
    match name {
        WRITABLE => {
            let writable = value
                .parse::<bool>()
                .map_err(|_| Failure::usage(format!("{value} is no value of {WRITABLE}")).hinted("give true or false"))?;
            session.set_writable(writable)?;
        }
        _ => {
            if value.trim().is_empty() {
                return Err(Failure::usage("an operator needs a name").hinted("give the name that the journal is to keep"));
            }
            let entry = Entry::Setting { name: OPERATOR.to_owned(), value: value.trim().to_owned() };
            session.store.append(session.clock().now(), &session.operator, vec![entry])?;
        }
    }
    output::say(&format!("workspace {}: {name} is {}", session.name, value.trim()));
    Ok(())
}

fn value(session: &Session, name: &str) -> String {
    match name {
        WRITABLE => (session.access() == Access::ReadWrite).to_string(),
        _ => session.operator.clone(),
    }
}

fn list(session: &Session, format: Format, place: &Place) -> Result<(), Failure> {
    let rows = [(WRITABLE, "whether confirmed plans are sent to the tenant"), (OPERATOR, "who acts, as the journal keeps it")];
    if format == Format::Json {
        let values: Vec<_> = rows.iter().map(|(name, help)| json!({"name": name, "value": value(session, name), "help": help})).collect();
        return output::data(&output::json(&json!({"value": values, "count": values.len()}))?);
    }
    let headings = ["NAME", "VALUE", "MEANS"].map(str::to_owned).to_vec();
    let rows = rows.iter().map(|(name, help)| vec![(*name).to_owned(), value(session, name), (*help).to_owned()]).collect();
    output::data(&output::aligned(headings, rows, place.paper))
}
