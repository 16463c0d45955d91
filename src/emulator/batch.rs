//! `/$batch`: up to 20 requests in one. Each counts against the limits as any other.

use std::collections::HashMap;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use serde_json::{Map, Value, json};

use super::answer::{Answer, Content, GraphError};
use super::request::Request;
use super::world::{Call, World};

/// Most requests in one.
const MOST: usize = 20;

impl World {
    pub(super) async fn batch(&self, call: &Call<'_>) -> Result<Answer, GraphError> {
        let body = call.request.object()?;
        let requests = body.get("requests").and_then(Value::as_array).filter(|_| body.len() == 1);
        let requests = requests.ok_or_else(|| GraphError::bad("Invalid batch payload format."))?;
        if requests.is_empty() || requests.len() > MOST {
            return Err(GraphError::bad(format!("Number of batch request steps must be between 1 and {MOST}.")));
        }
        let mut answered: HashMap<String, u16> = HashMap::new();
        let mut responses = Vec::new();
        for request in requests {
            let id = request.get("id").and_then(Value::as_str).filter(|id| !answered.contains_key(*id));
            let id = id.ok_or_else(|| GraphError::bad("Every request in a batch needs an id of its own, which is a text."))?;
            let inner = inner(call.request, request)?;
            let waits_for: Vec<&str> =
                request.get("dependsOn").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
            let failed = waits_for.iter().any(|other| answered.get(*other).is_none_or(|status| *status >= 400));
            let response = if failed {
                let error = json!({"error": {"code": "FailedDependency", "message": "A request that this one depends on failed."}});
                json!({"id": id, "status": 424, "headers": {}, "body": error})
            } else {
                response(id, self.answer(&inner).await)
            };
            answered.insert(id.to_owned(), response["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(500));
            responses.push(response);
        }
        // Answers come in no order.
        responses.reverse();
        Ok(Answer::json(json!({"responses": responses})))
    }
}

/// A request of a batch, with the token of the whole.
fn inner(outer: &Request, request: &Value) -> Result<Request, GraphError> {
    let text = |name: &str| request.get(name).and_then(Value::as_str).unwrap_or_default();
    let bad = |why: &str| GraphError::bad(format!("Invalid batch payload format: {why}."));
    let method: Method = text("method").to_ascii_uppercase().parse().map_err(|_| bad("a method is missing"))?;
    let version = outer.segments.first().map_or("v1.0", String::as_str);
    let uri: Uri =
        format!("/{version}/{}", text("url").trim_start_matches('/').replace(' ', "%20")).parse().map_err(|_| bad("a url is wrong"))?;
    let mut headers = HeaderMap::new();
    for (name, value) in request.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let value = HeaderValue::from_str(value.as_str().unwrap_or_default()).map_err(|_| bad("a header is wrong"))?;
        headers.insert(name.parse::<HeaderName>().map_err(|_| bad("a header is wrong"))?, value);
    }
    if let Some(token) = outer.headers.get(header::AUTHORIZATION) {
        headers.insert(header::AUTHORIZATION, token.clone());
    }
    let body = match request.get("body") {
        None | Some(Value::Null) => Vec::new(),
        Some(_) if !headers.contains_key(header::CONTENT_TYPE) => return Err(bad("a request with a body names no content type")),
        Some(body) => body.to_string().into_bytes(),
    };
    let inner = Request::new(method, &uri, headers, body, outer.base.clone());
    match inner.segments.get(1).map(String::as_str) {
        Some("$batch") => Err(bad("a batch holds no batch")),
        _ => Ok(inner),
    }
}

fn response(id: &str, answer: Answer) -> Value {
    let headers: Map<String, Value> =
        answer.headers.iter().filter_map(|(name, value)| Some((name.to_string(), Value::from(value.to_str().ok()?)))).collect();
    let (status, body) = match answer.content {
        Content::Json(body) => (answer.status.as_u16(), body),
        Content::Text(_, text) => (answer.status.as_u16(), Value::String(text)),
        Content::Nothing => (answer.status.as_u16(), Value::Null),
        // What breaks a connection otherwise is a gateway that gave up.
        Content::Broken => (504, json!({"error": {"code": "GatewayTimeout", "message": "The request timed out."}})),
    };
    json!({"id": id, "status": status, "headers": headers, "body": body})
}
