//! What is answered: a status, headers and a body, or a connection that breaks.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::domain::time::Timestamp;

/// An answer in the making.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) content: Content,
}

/// What an answer holds.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Nothing,
    Json(Value),
    /// Text of this media type.
    Text(&'static str, String),
    /// No answer at all: the connection is cut.
    Broken,
}

impl Answer {
    pub(super) fn json(value: Value) -> Self {
        Answer { status: StatusCode::OK, headers: Vec::new(), content: Content::Json(value) }
    }

    pub(super) fn empty(status: StatusCode) -> Self {
        Answer { status, headers: Vec::new(), content: Content::Nothing }
    }

    pub(super) fn html(status: StatusCode, body: &str) -> Self {
        let page = format!("<!doctype html><html><head><title>entriage emulator</title></head><body>{body}</body></html>");
        Answer { status, headers: Vec::new(), content: Content::Text("text/html; charset=utf-8", page) }
    }

    pub(super) fn broken() -> Self {
        Answer { content: Content::Broken, ..Self::empty(StatusCode::INTERNAL_SERVER_ERROR) }
    }

    #[must_use]
    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Adds a header; one that cannot be written is left out.
    #[must_use]
    pub(super) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// The ids and the date that every answer of Graph carries.
    #[must_use]
    pub(super) fn traced(self, trace: &Trace) -> Self {
        let date = trace.now.0.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        self.with(HeaderName::from_static("request-id"), &trace.request_id)
            .with(HeaderName::from_static("client-request-id"), &trace.client_request_id)
            .with(header::DATE, &date)
    }
}

/// What an answer can be traced by.
#[derive(Debug, Clone)]
pub(super) struct Trace {
    pub(super) request_id: String,
    pub(super) client_request_id: String,
    pub(super) now: Timestamp,
}

/// An error of Graph (`reference/graph.md` section 6).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GraphError {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
    /// A header that comes with it.
    pub(super) header: Option<(HeaderName, String)>,
}

impl GraphError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        GraphError { status, code, message: message.into(), header: None }
    }

    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    pub(super) fn forbidden(code: &'static str, message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// A directory object that is not there.
    pub(super) fn no_resource(id: &str) -> Self {
        let message = format!("Resource '{id}' does not exist or one of its queried reference-property objects are not present.");
        Self::new(StatusCode::NOT_FOUND, "Request_ResourceNotFound", message)
    }

    /// A record that is not there.
    pub(super) fn not_found(what: &str, id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "ResourceNotFound", format!("{what} '{id}' was not found."))
    }

    pub(super) fn throttled(retry_after: Option<u64>) -> Self {
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", "Too many requests.");
        GraphError { header: retry_after.map(|seconds| (header::RETRY_AFTER, seconds.to_string())), ..error }
    }

    /// The token is missing, expired or not ours.
    pub(super) fn unauthenticated(message: &str, challenge: String) -> Self {
        let error = Self::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message);
        GraphError { header: Some((header::WWW_AUTHENTICATE, challenge)), ..error }
    }

    pub(super) fn answer(self, trace: &Trace) -> Answer {
        let date = trace.now.0.format("%Y-%m-%dT%H:%M:%S").to_string();
        let body = json!({"error": {
            "code": self.code,
            "message": self.message,
            "innerError": {"date": date, "request-id": trace.request_id, "client-request-id": trace.client_request_id},
        }});
        let answer = Answer::json(body).with_status(self.status);
        match self.header {
            Some((name, value)) => answer.with(name, &value),
            None => answer,
        }
    }
}
