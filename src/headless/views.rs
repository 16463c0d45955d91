//! `views`: queries under a name.

use serde_json::json;

use super::cli::{Format, Views, ViewsCommand};
use super::failure::Failure;
use super::place::Place;
use super::{list, order, output};
use crate::domain::journal::Entry;
use crate::domain::query::Query;
use crate::domain::settings;
use crate::domain::text::safe;
use crate::domain::views::{self, MOST, View};
use crate::engine::Session;

/// `views`
pub async fn views(place: &Place, args: &Views) -> Result<(), Failure> {
    match &args.command {
        None | Some(ViewsCommand::List) => list(&place.open().await?, place, args.format),
        Some(ViewsCommand::Save { name, query, sort, key }) => save(place, name, query, sort.clone(), *key).await,
        Some(ViewsCommand::Remove { name }) => remove(place, name).await,
    }
}

async fn save(place: &Place, name: &str, query: &[String], sort: Option<String>, key: Option<u8>) -> Result<(), Failure> {
    let named = views::name(name);
    let name =
        named.map_err(|error| Failure::usage(format!("{name:?} cannot be the name of a view")).because(error).hinted("high-risk"))?;
    let query = list::checked(query)?;
    if query.is_empty() {
        return Err(Failure::usage("the view would ask for nothing").hinted("say what it is to show: state:atRisk,confirmedCompromised"));
    }
    if let Some(by) = &sort {
        order::sort(&mut Vec::new(), by, &order::user_fields())?;
    }
    let session = place.open().await?;
    let ledger = session.ledger();
    let held = ledger.views().find(&name);
    if held.is_none() && ledger.views().iter().len() >= MOST {
        return Err(Failure::usage(format!("there are {MOST} views already")).hinted("entriage views remove NAME"));
    }
    let replaced = held.map(|held| format!("; it took the place of the one that asked for {}", held.query));
    let view = View { key: key.or(held.and_then(|held| held.key)), name, query, sort };
    // A view that would name itself, or one that there is not, is found now and not when it is needed.
    let mut after = ledger.views().clone();
    after.save(view.clone());
    let asked = format!("@{}", view.name);
    Query::parse_with(&view.query, &after, settings::time_zone(&ledger)).map_err(|error| Failure::query(&view.query, error))?;
    let on = view.key.map_or_else(String::new, |key| format!(", on key {key} of the console"));
    let other = view.key.and_then(|key| ledger.views().on_key(key)).filter(|other| ledger.views().find(&view.name) != Some(*other));
    let lost = other.map(|other| format!("; @{} lost the key", other.name));
    let said = format!("saved {asked}{on}{}{}", replaced.unwrap_or_default(), lost.unwrap_or_default());
    session.store.append(session.clock().now(), &session.operator, vec![Entry::ViewSaved { view }])?;
    output::say(&said);
    Ok(())
}

async fn remove(place: &Place, name: &str) -> Result<(), Failure> {
    let session = place.open().await?;
    let ledger = session.ledger();
    let Some(view) = ledger.views().find(name.strip_prefix('@').unwrap_or(name)) else {
        return Err(Failure::usage(format!("there is no view {name}")).hinted(format!("there are {}", ledger.views().names())));
    };
    let naming: Vec<String> = ledger.views().naming(&view.name).iter().map(|view| format!("@{}", view.name)).collect();
    if !naming.is_empty() {
        return Err(Failure::usage(format!("@{} is asked for by {}", view.name, naming.join(", ")))
            .because("without it these could not be asked for any more")
            .hinted("change or remove these first"));
    }
    let said = format!("removed @{}; it asked for {}", view.name, view.query);
    session.store.append(session.clock().now(), &session.operator, vec![Entry::ViewRemoved { name: view.name.clone() }])?;
    output::say(&said);
    Ok(())
}

fn list(session: &Session, place: &Place, format: Format) -> Result<(), Failure> {
    let ledger = session.ledger();
    let views = ledger.views();
    if format == Format::Json {
        let values: Vec<&View> = views.iter().collect();
        return output::data(&output::json(&json!({"value": values, "count": values.len()}))?);
    }
    let word = |text: &str| safe(text).into_owned();
    let row = |view: &View| {
        let key = view.key.map_or_else(String::new, |key| key.to_string());
        vec![key, word(&format!("@{}", view.name)), word(view.sort.as_deref().unwrap_or_default()), word(&view.query)]
    };
    let headings = ["KEY", "NAME", "SORT", "QUERY"].map(str::to_owned).to_vec();
    output::data(&output::aligned(headings, views.iter().map(row).collect(), place.paper))
}
