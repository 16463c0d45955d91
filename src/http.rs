//! The HTTP client for Graph and for sign-in, and what its errors mean.
//!
//! Encrypted connections only, no redirects (a bearer token must not follow one), the machine's trust store and proxies, and
//! certificate authorities of the operator's own.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long it may take until a connection stands.
const CONNECT: Duration = Duration::from_secs(15);
/// How long an answer may stand still. Long: a list of sign-ins takes the service a while.
const SILENCE: Duration = Duration::from_secs(100);

/// Why there was no answer that could be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The file with certificate authorities cannot be used.
    #[error("cannot use the certificate authorities in {path}: {why}")]
    Authorities {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// The request never left: nothing can have been changed by it.
    #[error("{message}")]
    NotSent {
        /// What was seen.
        message: String,
        /// What to do next.
        hint: &'static str,
    },
    /// The request left, and no whole answer came: what it asked for may have been done.
    #[error("{message}")]
    Lost {
        /// What was seen.
        message: String,
    },
}

/// A client that trusts the machine's authorities, and those in `ca_file`.
pub fn client(ca_file: Option<&Path>) -> Result<reqwest::Client, HttpError> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("entriage/", env!("CARGO_PKG_VERSION")))
        .https_only(true)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE);
    if let Some(path) = ca_file {
        let unusable = |why: String| HttpError::Authorities { path: path.to_owned(), why };
        let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| unusable(causes(&error)))?;
        if certificates.is_empty() {
            return Err(unusable("there is no PEM certificate in it".to_owned()));
        }
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|error| HttpError::NotSent {
        message: format!("the HTTPS client cannot be set up: {}", causes(&error)),
        hint: "check the proxy settings in the environment and the machine's certificates",
    })
}

/// Whether an address is one that a token may be sent to: `https`, with a host and nothing that could hide another one.
pub fn check_address(address: &str) -> Result<(), String> {
    let url = url::Url::parse(address).map_err(|error| format!("{address} is not an address: {error}"))?;
    if url.scheme() != "https" {
        return Err(format!("{address} does not begin with https: tokens are sent over encrypted connections only"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(format!("{address} must be scheme, host and port only, perhaps with a path"));
    }
    Ok(())
}

/// What a failed request means.
pub fn failed(error: &reqwest::Error) -> HttpError {
    let message = causes(error);
    let seen = message.to_ascii_lowercase();
    if !error.is_connect() && !error.is_builder() {
        return HttpError::Lost { message };
    }
    let any = |words: &[&str]| words.iter().any(|word| seen.contains(word));
    let hint = if any(&["proxy authentication", "407", "proxy authorization", "tunnel"]) {
        "the proxy wants a password, or refuses: put it into HTTPS_PROXY=http://user:password@host:port"
    } else if any(&["unknownissuer", "unknown issuer", "self-signed", "self signed", "not trusted", "unable to get local issuer"]) {
        "its certificate is signed by an authority that this machine does not know: a proxy that looks into connections? \
         Name that authority's PEM file with --ca-file"
    } else if any(&["expired", "notvalidyet", "not valid yet", "certificate is not yet valid"]) {
        "a certificate is out of date, or this machine's clock is: check the clock first"
    } else if any(&["notvalidforname", "not valid for name"]) {
        "the certificate is another server's: check the address, and whether a captive portal is in between"
    } else if any(&["dns", "lookup", "resolve"]) {
        "the name cannot be resolved: check the network, the address and the DNS settings"
    } else if any(&["timed out", "timeout"]) {
        "nothing answers: check the network, and HTTPS_PROXY where one is needed"
    } else {
        "check the network and the address"
    };
    HttpError::NotSent { message, hint }
}

/// An error with all that caused it, without the address: that may hold what nobody should read.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = match error.downcast_ref::<reqwest::Error>() {
            Some(error) if error.is_timeout() => "timed out".to_owned(),
            Some(error) if error.is_connect() => "cannot connect".to_owned(),
            Some(error) if error.is_builder() => "the request cannot be made".to_owned(),
            Some(error) if error.is_body() || error.is_decode() => "the answer broke off".to_owned(),
            Some(_) => "the connection broke".to_owned(),
            None => error.to_string(),
        };
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        next = error.source();
    }
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_https_addresses_take_a_token() {
        for good in ["https://graph.microsoft.com", "https://127.0.0.1:8443", "https://proxy.test/graph/"] {
            assert_eq!(check_address(good), Ok(()), "{good}");
        }
        for bad in ["http://127.0.0.1:1", "graph.microsoft.com", "https://me:secret@host", "https://host/?x=1", "ftp://host", ""] {
            assert!(check_address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_file_without_authorities_is_told_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        assert!(client(Some(&path)).unwrap_err().to_string().contains("ca.pem"));
        std::fs::write(&path, "no certificate").unwrap();
        assert!(client(Some(&path)).unwrap_err().to_string().contains("ca.pem"));
    }

    #[tokio::test]
    async fn nobody_listening_and_plain_http_are_told_apart_from_a_lost_answer() {
        let client = client(None).unwrap();
        let refused = client.get("https://127.0.0.1:1/").send().await.unwrap_err();
        assert!(matches!(failed(&refused), HttpError::NotSent { .. }));
        let plain = client.get("http://127.0.0.1:1/").send().await.unwrap_err();
        assert!(matches!(failed(&plain), HttpError::NotSent { .. }));
    }
}
