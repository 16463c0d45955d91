//! `settings`: what the operator states of a tenant and decides for a workspace; the journal keeps who and when.

use chrono_tz::Tz;
use serde_json::json;

use super::cli::{Format, Settings};
use super::failure::Failure;
use super::output;
use super::place::Place;
use crate::domain::journal::Entry;
use crate::domain::plan::Access;
use crate::domain::settings::{Setting, TIME_ZONE, TenantSettings, time_zone};
use crate::engine::{Session, WRITABLE};

/// Who acts, as the journal keeps it.
const OPERATOR: &str = "operator";

/// A setting that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Tenant(Setting),
    Writable,
    Operator,
    TimeZone,
}

impl Named {
    fn all() -> impl Iterator<Item = Named> {
        Setting::ALL.into_iter().map(Named::Tenant).chain([Named::Writable, Named::Operator, Named::TimeZone])
    }

    fn name(self) -> &'static str {
        match self {
            Named::Tenant(setting) => setting.as_str(),
            Named::Writable => WRITABLE,
            Named::Operator => OPERATOR,
            Named::TimeZone => TIME_ZONE,
        }
    }

    fn means(self) -> &'static str {
        match self {
            Named::Tenant(setting) => setting.means(),
            Named::Writable => "whether confirmed plans are sent to the tenant",
            Named::Operator => "who acts, as the journal keeps it",
            Named::TimeZone => "the zone whose days a query names",
        }
    }

    fn value(self, session: &Session) -> String {
        match self {
            Named::Tenant(setting) => match TenantSettings::of(&session.ledger()).get(setting) {
                Some(stated) => stated.to_string(),
                None => "unknown".to_owned(),
            },
            Named::Writable => (session.access() == Access::ReadWrite).to_string(),
            Named::Operator => session.operator.clone(),
            Named::TimeZone => time_zone(&session.ledger()).name().to_owned(),
        }
    }
}

/// `settings`
pub async fn settings(place: &Place, args: &Settings) -> Result<(), Failure> {
    let session = place.open().await?;
    let Some(name) = &args.name else { return list(&session, args.format, place) };
    let names: Vec<&str> = Named::all().map(Named::name).collect();
    let named = Named::all()
        .find(|known| known.name().eq_ignore_ascii_case(name))
        .ok_or_else(|| Failure::usage(format!("there is no setting {name}")).hinted(format!("there are {}", names.join(", "))))?;
    let Some(value) = args.value.as_deref().map(str::trim) else { return output::data(&format!("{}\n", named.value(&session))) };
    let wrong = |hint: &str| Failure::usage(format!("{value:?} is no value of {}", named.name())).hinted(hint);
    let value = match named {
        Named::Tenant(_) => {
            let value = value.to_ascii_lowercase();
            if !["true", "false", "unknown"].contains(&value.as_str()) {
                return Err(wrong("give true, false or unknown"));
            }
            value
        }
        Named::Writable => {
            let writable = value.to_ascii_lowercase().parse::<bool>().map_err(|_| wrong("give true or false"))?;
            session.set_writable(writable)?;
            output::say(&format!("workspace {}: {WRITABLE} is {writable}", session.name));
            return Ok(());
        }
        Named::Operator if value.is_empty() => return Err(wrong("give the name that the journal is to keep")),
        Named::Operator => value.to_owned(),
        Named::TimeZone => {
            value.parse::<Tz>().map_err(|_| wrong("give a name of the IANA database, such as Europe/Berlin or UTC"))?.name().to_owned()
        }
    };
    let entry = Entry::Setting { name: named.name().to_owned(), value: value.clone() };
    session.store.append(session.clock().now(), &session.operator, vec![entry])?;
    output::say(&format!("workspace {}: {} is {value}", session.name, named.name()));
    Ok(())
}

fn list(session: &Session, format: Format, place: &Place) -> Result<(), Failure> {
    if format == Format::Json {
        let object = |named: Named| json!({"name": named.name(), "value": named.value(session), "help": named.means()});
        let values: Vec<_> = Named::all().map(object).collect();
        return output::data(&output::json(&json!({"value": values, "count": values.len()}))?);
    }
    let headings = ["NAME", "VALUE", "MEANS"].map(str::to_owned).to_vec();
    let rows = Named::all().map(|named| vec![named.name().to_owned(), named.value(session), named.means().to_owned()]).collect();
    output::data(&output::aligned(headings, rows, place.paper))
}
