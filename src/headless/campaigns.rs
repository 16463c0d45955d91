//! `campaigns`: groups of users at risk who share something that few others have, and a possible mass false positive.

use serde_json::{Map, Value, json};

use super::cli::{Campaigns, Format};
use super::failure::Failure;
use super::output::{self, Column};
use super::place::Place;
use crate::domain::campaigns::{self, Campaign};
use crate::domain::catalogue;
use crate::domain::query::QueryContext;
use crate::domain::text;

const fn column(heading: &'static str, path: &'static str) -> Column {
    Column { heading, path }
}

const COLUMNS: &[Column] = &[
    column("USERS", "userCount"),
    column("HIGH", "high"),
    column("TOKEN THEFT", "tokenTheft"),
    column("THEY SHARE", "words"),
    column("FROM (UTC)", "from"),
    column("TO (UTC)", "to"),
    column("SCORE", "score"),
    column("", "knownUsers"),
    column("", "query"),
];

/// `campaigns`
pub async fn campaigns(place: &Place, args: &Campaigns) -> Result<(), Failure> {
    let session = place.open().await?;
    let (dataset, ledger, now) = (session.load()?, session.ledger(), session.clock().now());
    let context = QueryContext { now, ledger: &ledger, tenant: dataset.tenant() };
    let (found, all) = campaigns::find(&dataset, context);
    let event = campaigns::mass_event(&dataset);
    if let Some(event) = &event {
        output::say(&format!(
            "note: possible mass false positive: {}, {} of {} users at risk within 24 hours, {} of them known to be otherwise normal; \
             entriage users {}",
            catalogue::name(&event.risk_event_type),
            event.users,
            event.at_risk,
            event.otherwise_normal,
            text::shell_word(&event.query)
        ));
    }
    let rows: Vec<Map<String, Value>> = found.iter().map(object).collect::<Result<_, _>>()?;
    if args.format == Format::Json {
        return output::data(&output::json(&json!({"value": rows, "count": all, "possibleMassFalsePositive": event}))?);
    }
    output::list(COLUMNS, rows, all, args.format, place.paper)
}

fn object(campaign: &Campaign) -> Result<Map<String, Value>, Failure> {
    let burst = if campaign.burst { "burst of " } else { "" };
    let words: Vec<String> = campaign.shares.iter().map(|shared| format!("{burst}{} {}", shared.share.words(), shared.shown())).collect();
    let Value::Object(mut object) = serde_json::to_value(campaign)? else { return Ok(Map::new()) };
    object.insert("userCount".to_owned(), json!(campaign.users.len()));
    object.insert("words".to_owned(), json!(words.join(", ")));
    Ok(object)
}
