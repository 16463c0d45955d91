//! A request as the handlers see it.

use axum::http::{HeaderMap, Method, Uri, header};
use serde_json::{Map, Value};

use super::answer::GraphError;

/// Which of Graph's two versions is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    Beta,
}

impl Version {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Version::V1 => "v1.0",
            Version::Beta => "beta",
        }
    }
}

/// A request, read to its end.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    /// Decoded, without the query.
    pub(super) path: String,
    pub(super) segments: Vec<String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// Scheme, host and port that the client used.
    pub(super) base: String,
}

impl Request {
    pub(super) fn new(method: Method, uri: &Uri, headers: HeaderMap, body: Vec<u8>, base: String) -> Self {
        let segments: Vec<String> = uri.path().split('/').filter(|part| !part.is_empty()).flat_map(segment).collect();
        let path = format!("/{}", segments.join("/"));
        let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        Request { method, path, segments, query, headers, body, base }
    }

    /// The version, and the path below it.
    pub(super) fn graph_path(&self) -> Option<(Version, Vec<&str>)> {
        let mut segments = self.segments.iter().map(String::as_str);
        let version = match segments.next()? {
            "v1.0" => Version::V1,
            "beta" => Version::Beta,
            _ => return None,
        };
        Some((version, segments.collect()))
    }

    pub(super) fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The first query parameter of this name.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether new members of enums are wanted (`reference/graph.md` section 1.1).
    pub(super) fn wants_unknown_members(&self) -> bool {
        let values = self.headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case("include-unknown-enum-members"))
    }

    /// The fields of a form.
    pub(super) fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }

    pub(super) fn is_of_type(&self, media_type: &str) -> bool {
        let given = self.header(header::CONTENT_TYPE).unwrap_or_default();
        given.split(';').next().is_some_and(|given| given.trim().eq_ignore_ascii_case(media_type))
    }

    /// The body, which must be a JSON object.
    pub(super) fn object(&self) -> Result<Map<String, Value>, GraphError> {
        if self.body.is_empty() {
            return Err(GraphError::bad("Write requests (excluding DELETE) must contain the Content-Type header declaration."));
        }
        if !self.is_of_type("application/json") {
            return Err(GraphError::bad("A supported MIME type could not be found that matches the content type of the request."));
        }
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(object)) => Ok(object),
            _ => Err(GraphError::bad(
                "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
            )),
        }
    }

    /// The body of an action without parameters: nothing, or an empty object.
    pub(super) fn nothing(&self) -> Result<(), GraphError> {
        match self.body.is_empty() || self.object()?.is_empty() {
            true => Ok(()),
            false => Err(GraphError::bad("The request has a body, but the action takes no parameters.")),
        }
    }
}

/// One part of a path, decoded. `users('x')` and `devices(deviceId='x')` are other spellings of `users/x` and `devices/x`.
fn segment(part: &str) -> Vec<String> {
    let decoded = decoded(part);
    let key = decoded.strip_suffix("')").and_then(|text| text.split_once('(')).and_then(|(name, key)| {
        let key = key.strip_prefix("deviceId=").unwrap_or(key).strip_prefix('\'')?;
        Some(vec![name.to_owned(), key.replace("''", "'")])
    });
    key.unwrap_or_else(|| vec![decoded])
}

/// Percent-decoded; a plus sign is itself in a path.
fn decoded(part: &str) -> String {
    let escaped = part.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(escaped.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(uri: &str) -> Vec<String> {
        Request::new(Method::GET, &uri.parse().unwrap(), HeaderMap::new(), Vec::new(), String::new()).segments
    }

    #[test]
    fn keys_in_parentheses_and_escaped_names_are_plain_segments() {
        assert_eq!(segments("/v1.0/users('a%40b.c')/x"), ["v1.0", "users", "a@b.c", "x"]);
        assert_eq!(segments("/v1.0/devices(deviceId='d')"), ["v1.0", "devices", "d"]);
        assert_eq!(segments("/v1.0/users/a+b_c%23EXT%23%40d?x=1"), ["v1.0", "users", "a+b_c#EXT#@d"]);
        assert_eq!(segments("/v1.0/$batch"), ["v1.0", "$batch"]);
    }
}
