//! Lists: `$filter`, `$select`, `$top`, and pages that stay stable while the data changes.
//!
//! A collection has a fixed order, to which new rows are only added; a skip token is a place in it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::answer::{Answer, GraphError};
use super::filter::{Filter, Value};
use super::request::Request;
use super::schema::Schema;
use crate::domain::time::Timestamp;

/// Rows that are looked at for one page beyond those it holds. A page that finds nothing in them is empty, and goes on.
const PATIENCE: usize = 5_000;

/// What is asked of a list.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) filter: Option<Filter>,
    select: Option<Vec<String>>,
    top: usize,
    /// Where the page begins.
    place: usize,
    /// Whether the order is turned round.
    pub(super) ascending: bool,
}

/// What one row is.
pub(super) enum Row {
    /// It does not match.
    Other,
    /// It may match: the whole record tells.
    Whole(Map<String, Json>),
}

impl Wanted {
    /// Reads the query options.
    pub(super) fn new(request: &Request, schema: &'static Schema) -> Result<Self, GraphError> {
        let filter_text = request.parameter("$filter");
        let mut wanted = Wanted { filter: None, select: None, top: schema.page, place: 0, ascending: false };
        for (name, value) in &request.query {
            match name.as_str() {
                "$filter" => wanted.filter = Some(Filter::parse(value, schema).map_err(GraphError::bad)?),
                "$select" => wanted.select = Some(select(value, schema)?),
                "$top" => wanted.top = top(value, schema)?,
                "$skiptoken" => wanted.place = place(value, &request.path, filter_text)?,
                "$orderby" => wanted.ascending = orders_up(value, schema)?,
                "$count" if schema.takes_in && request.header("consistencylevel").is_some() => {}
                name if name.starts_with('$') => {
                    return Err(GraphError::bad(format!("Query option '{name}' is not allowed or not supported for this resource.")));
                }
                // What is not OData's is ignored.
                _ => {}
            }
        }
        Ok(wanted)
    }

    /// The options of a request for one record, which are `$select` only.
    pub(super) fn of_one(request: &Request, schema: &'static Schema) -> Result<Self, GraphError> {
        match request.query.iter().find(|(name, _)| name.starts_with('$') && name != "$select") {
            Some((name, _)) => Err(GraphError::bad(format!("Query option '{name}' is not allowed for a single record."))),
            None => Self::new(request, schema),
        }
    }

    /// The record with the wanted properties only.
    pub(super) fn shown(&self, mut record: Map<String, Json>) -> Map<String, Json> {
        if let Some(select) = &self.select {
            record.retain(|name, _| name.starts_with('@') || select.iter().any(|wanted| wanted == name));
        }
        record
    }

    pub(super) fn selects(&self) -> bool {
        self.select.is_some()
    }

    /// Whether the filter leaves this row in, by what the index holds of it.
    pub(super) fn may_match<'a>(&self, of: &dyn Fn(&str) -> Value<'a>) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.matches(of) != Some(false))
    }

    /// The page: `row` tells what stands at a place of the collection's order.
    pub(super) fn page(&self, length: usize, mut row: impl FnMut(usize) -> Row) -> (Vec<Map<String, Json>>, Option<usize>) {
        let (mut rows, mut place, mut in_vain) = (Vec::new(), self.place, 0);
        while place < length && rows.len() < self.top && in_vain < PATIENCE {
            let at = if self.ascending { length - 1 - place } else { place };
            if let Row::Whole(record) = row(at) {
                if self.filter.as_ref().is_none_or(|filter| filter.matches(&|field| json_value(&record, field)) == Some(true)) {
                    rows.push(record);
                } else {
                    in_vain += 1;
                }
            }
            place += 1;
        }
        (rows, (place < length).then_some(place))
    }

    /// The answer with this page.
    pub(super) fn answer(&self, request: &Request, context: &str, rows: Vec<Map<String, Json>>, next: Option<usize>) -> Answer {
        let rows: Vec<Map<String, Json>> = rows.into_iter().map(|row| self.shown(row)).collect();
        let mut body = json!({"@odata.context": format!("{}/$metadata#{context}", version_url(request)), "value": rows});
        if let Some(next) = next {
            body["@odata.nextLink"] = Json::String(next_link(request, next));
        }
        Answer::json(body)
    }
}

/// Scheme, host, port and version of a request.
pub(super) fn version_url(request: &Request) -> String {
    let version = request.graph_path().map_or("v1.0", |(version, _)| version.as_str());
    format!("{}/{version}", request.base)
}

fn select(text: &str, schema: &Schema) -> Result<Vec<String>, GraphError> {
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    match names.iter().find(|name| !schema.is_open() && !schema.has(name)) {
        Some(name) => Err(GraphError::bad(format!("Parsing OData Select and Expand failed: {}", schema.unknown(name)))),
        None => Ok(names),
    }
}

fn top(text: &str, schema: &Schema) -> Result<usize, GraphError> {
    let most = schema.largest_page;
    let message = || format!("Invalid page size specified: '{text}'. Must be between 1 and {most} inclusive.");
    text.parse().ok().filter(|top| (1..=most).contains(top)).ok_or_else(|| GraphError::bad(message()))
}

fn orders_up(text: &str, schema: &Schema) -> Result<bool, GraphError> {
    let mut words = text.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (field, direction, None) if field.is_some() && field == schema.ordered_by => match direction {
            Some("desc") => Ok(false),
            None | Some("asc") => Ok(true),
            Some(_) => Err(GraphError::bad("Invalid orderby clause.")),
        },
        _ => Err(GraphError::bad(format!("The query option '$orderby={text}' is not supported for type '{}'.", schema.name))),
    }
}

/// What a token is signed with, so that one of another list or another making is told.
fn seal(place: usize, path: &str, filter: Option<&str>) -> Vec<u8> {
    let digest = Sha256::digest(format!("skiptoken\n{place}\n{path}\n{}", filter.unwrap_or_default()));
    digest.iter().take(12).copied().collect()
}

fn token(place: usize, path: &str, filter: Option<&str>) -> String {
    let mut bytes = (place as u64).to_be_bytes().to_vec();
    bytes.extend(seal(place, path, filter));
    URL_SAFE_NO_PAD.encode(bytes)
}

fn place(token: &str, path: &str, filter: Option<&str>) -> Result<usize, GraphError> {
    let found = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| {
        let (place, sealed) = bytes.split_first_chunk::<8>()?;
        let place = usize::try_from(u64::from_be_bytes(*place)).ok()?;
        (sealed == seal(place, path, filter)).then_some(place)
    });
    found.ok_or_else(|| GraphError::bad("Skip token is invalid."))
}

fn next_link(request: &Request, next: usize) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in request.query.iter().filter(|(name, _)| name != "$skiptoken") {
        query.append_pair(name, value);
    }
    query.append_pair("$skiptoken", &token(next, &request.path, request.parameter("$filter")));
    format!("{}{}?{}", request.base, request.path, query.finish())
}

/// What a record in JSON says of a field.
fn json_value<'a>(record: &'a Map<String, Json>, field: &str) -> Value<'a> {
    let mut parts = field.split('/');
    let mut value = parts.next().and_then(|name| record.get(name));
    for name in parts {
        value = value.and_then(|value| value.get(name));
    }
    match value {
        None | Some(Json::Null | Json::Object(_)) => Value::Null,
        Some(Json::Bool(flag)) => Value::Flag(*flag),
        Some(Json::Number(number)) => number.as_f64().map_or(Value::Null, Value::Number),
        Some(Json::Array(items)) => Value::List(items.iter().filter_map(Json::as_str).collect()),
        Some(Json::String(text)) if field.ends_with("DateTime") => Timestamp::parse(text).map_or(Value::Null, Value::Time),
        Some(Json::String(text)) => Value::Text(text),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, Method};

    use super::*;
    use crate::emulator::schema::{RISK_DETECTION, RISKY_USER, SIGN_IN, USER};

    fn request(query: &str) -> Request {
        let uri = format!("/v1.0/list?{query}").replace(' ', "%20").parse().unwrap();
        Request::new(Method::GET, &uri, HeaderMap::new(), Vec::new(), "https://localhost:1".to_owned())
    }

    fn refused(query: &str, schema: &'static Schema) -> String {
        Wanted::new(&request(query), schema).unwrap_err().message
    }

    #[test]
    fn options_are_held_to_what_the_collection_takes() {
        assert_eq!(refused("$top=1000", &RISKY_USER), "Invalid page size specified: '1000'. Must be between 1 and 500 inclusive.");
        for (query, schema, part) in [
            ("$top=0", &RISKY_USER, "'0'"),
            ("$top=x", &RISK_DETECTION, "'x'"),
            ("$top=1001", &SIGN_IN, "1000 inclusive"),
            ("$top=1000", &USER, "999 inclusive"),
            ("$orderby=riskLevel", &RISKY_USER, "$orderby"),
            ("$orderby=userId", &SIGN_IN, "$orderby"),
            ("$count=true", &RISKY_USER, "$count"),
            ("$search=x", &RISKY_USER, "$search"),
            ("$select=id,isGuest", &RISKY_USER, "'isGuest'"),
            ("$skiptoken=abc", &RISKY_USER, "Skip token"),
            ("$filter=x", &RISKY_USER, "Invalid filter clause"),
        ] {
            assert!(refused(query, schema).contains(part), "{query}");
        }
        assert!(Wanted::new(&request("$orderby=createdDateTime desc&x=1"), &SIGN_IN).is_ok());
        assert!(Wanted::of_one(&request("$top=1"), &RISKY_USER).is_err());
    }

    #[test]
    fn a_token_holds_for_its_own_list_and_filter_only() {
        let link = next_link(&request("$filter=riskLevel eq 'high'&$top=2"), 7);
        let query = link.split_once('?').unwrap().1;
        assert_eq!(Wanted::new(&request(query), &RISKY_USER).unwrap().place, 7);
        let other = query.replace("high", "low");
        assert!(refused(&other, &RISKY_USER).contains("Skip token"));
    }

    #[test]
    fn a_page_that_finds_nothing_for_long_is_empty_and_goes_on() {
        let wanted = Wanted::new(&request("$filter=riskDetail eq 'none'"), &RISKY_USER).unwrap();
        let (rows, next) = wanted.page(PATIENCE + 10, |_| Row::Whole(Map::new()));
        assert_eq!((rows.len(), next), (0, Some(PATIENCE)));
    }
}
