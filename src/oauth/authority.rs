//! The requests that an authority knows (`reference/graph.md` section 5).

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicTokenResponse};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, DeviceAuthorizationUrl, EndpointNotSet, EndpointSet,
    ErrorResponse, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope,
    StandardDeviceAuthorizationResponse, TokenResponse as _, TokenUrl,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::error::SignInError;
use super::exchange::{Exchange, send};

type Client = BasicClient<EndpointSet, EndpointSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// What an authority grants.
pub(super) struct Grant {
    pub access: SecretString,
    pub refresh: Option<SecretString>,
    pub lifetime: Option<Duration>,
}

/// How an application proves that it is itself.
pub(super) enum Proof {
    Secret(SecretString),
    Assertion(SecretString),
}

/// What was sent to the browser, and must fit what comes back.
pub(super) struct Asked {
    pub address: String,
    pub state: String,
    verifier: PkceCodeVerifier,
    redirect: RedirectUrl,
}

/// One tenant's authority, for one app.
pub(super) struct Authority {
    client: Client,
    /// Where tokens are issued; also the audience of assertions.
    pub token_url: String,
    pub exchange: Arc<dyn Exchange>,
    pub scopes: Vec<String>,
}

impl Authority {
    pub(super) fn new(
        base: &str,
        tenant: &str,
        client_id: &str,
        scopes: Vec<String>,
        exchange: Arc<dyn Exchange>,
    ) -> Result<Self, SignInError> {
        let address = |what: &str| format!("{base}/{tenant}/oauth2/v2.0/{what}");
        let token_url = address("token");
        let bad = |error: url::ParseError| SignInError::Setting {
            message: format!("the authority {base} is not an address: {error}"),
            hint: "check --authority-url",
        };
        let client = BasicClient::new(ClientId::new(client_id.to_owned()))
            .set_auth_uri(AuthUrl::new(address("authorize")).map_err(bad)?)
            .set_device_authorization_url(DeviceAuthorizationUrl::new(address("devicecode")).map_err(bad)?)
            .set_token_uri(TokenUrl::new(token_url.clone()).map_err(bad)?)
            .set_auth_type(AuthType::RequestBody);
        Ok(Authority { client, token_url, exchange, scopes })
    }

    /// What the browser is sent to. A known account is proposed; otherwise the person chooses one, as an administrator's is
    /// often not the one that the browser would take by itself.
    pub(super) fn ask(&self, redirect: String, account: Option<&str>, claims: &str) -> Result<Asked, SignInError> {
        let redirect = RedirectUrl::new(redirect).map_err(|error| unreadable(&format!("redirect: {error}")))?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let client = self.client.clone().set_redirect_uri(redirect.clone());
        let request = client.authorize_url(CsrfToken::new_random).set_pkce_challenge(challenge).add_scopes(self.scopes());
        let request = match account {
            Some(account) => request.add_extra_param("login_hint", account),
            None => request.add_extra_param("prompt", "select_account"),
        };
        let (address, state) = request.add_extra_param("claims", claims).url();
        Ok(Asked { address: address.into(), state: state.into_secret(), verifier, redirect })
    }

    /// The token for the code that the browser brought back.
    pub(super) async fn redeem(&self, code: String, asked: Asked, claims: &str) -> Result<Grant, SignInError> {
        let client = self.client.clone().set_redirect_uri(asked.redirect);
        let request = client.exchange_code(AuthorizationCode::new(code)).set_pkce_verifier(asked.verifier);
        granted(request.add_extra_param("claims", claims).request_async(&self.http()).await)
    }

    pub(super) async fn refresh(&self, token: &SecretString, claims: &str) -> Result<Grant, SignInError> {
        let token = RefreshToken::new(token.expose_secret().to_owned());
        let request = self.client.exchange_refresh_token(&token).add_scopes(self.scopes()).add_extra_param("claims", claims);
        granted(request.request_async(&self.http()).await)
    }

    /// A token for the app itself, for all that was granted to it.
    pub(super) async fn application(&self, proof: Proof, resource: &str, claims: &str) -> Result<Grant, SignInError> {
        let client = match &proof {
            Proof::Secret(secret) => self.client.clone().set_client_secret(ClientSecret::new(secret.expose_secret().to_owned())),
            Proof::Assertion(_) => self.client.clone(),
        };
        let mut request = client.exchange_client_credentials().add_scope(Scope::new(format!("{resource}/.default")));
        if let Proof::Assertion(assertion) = &proof {
            request = request
                .add_extra_param("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
                .add_extra_param("client_assertion", assertion.expose_secret().to_owned());
        }
        granted(request.add_extra_param("claims", claims).request_async(&self.http()).await)
    }

    /// A code to be typed on another device.
    pub(super) async fn device_code(&self, claims: &str) -> Result<StandardDeviceAuthorizationResponse, SignInError> {
        let request = self.client.exchange_device_code().add_scopes(self.scopes()).add_extra_param("claims", claims);
        request.request_async(&self.http()).await.map_err(|error| failed(&error))
    }

    /// The request that asks whether the code was typed. The crate's own loop cannot tell a network that is down from a person
    /// who takes their time, nor keep what Entra says beyond the OAuth error, so `device.rs` asks with this one.
    pub(super) fn poll_request(&self, device_code: &str, claims: &str) -> Result<HttpRequest, SignInError> {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:device_code")
            .append_pair("client_id", self.client.client_id())
            .append_pair("device_code", device_code)
            .append_pair("claims", claims)
            .finish();
        oauth2::http::Request::post(&self.token_url)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .body(form.into_bytes())
            .map_err(|error| unreadable(&error.to_string()))
    }

    /// Carries requests. Its futures borrow nothing, or the compiler cannot tell that those around them may change threads.
    fn http(&self) -> impl Fn(HttpRequest) -> BoxFuture<'static, Result<HttpResponse, SignInError>> + use<> {
        let exchange = Arc::clone(&self.exchange);
        move |request| {
            let exchange = Arc::clone(&exchange);
            Box::pin(async move { send(&*exchange, request).await })
        }
    }

    fn scopes(&self) -> impl Iterator<Item = Scope> {
        self.scopes.iter().cloned().map(Scope::new)
    }
}

/// What a good answer of the token endpoint grants.
pub(super) fn grant(answer: &BasicTokenResponse) -> Grant {
    Grant {
        access: answer.access_token().secret().as_str().into(),
        refresh: answer.refresh_token().map(|token| token.secret().as_str().into()),
        lifetime: answer.expires_in(),
    }
}

fn granted(answer: Result<BasicTokenResponse, RequestTokenError<SignInError, BasicErrorResponse>>) -> Result<Grant, SignInError> {
    answer.map(|answer| grant(&answer)).map_err(|error| failed(&error))
}

fn failed<T: ErrorResponse + 'static>(error: &RequestTokenError<SignInError, T>) -> SignInError {
    match error {
        RequestTokenError::Request(error) => error.clone(),
        // What could not be read may be a token: only where it was is told.
        RequestTokenError::Parse(error, _) => unreadable(&format!("it lacks or garbles {}", error.path())),
        RequestTokenError::ServerResponse(_) | RequestTokenError::Other(_) => unreadable("it is no answer of OAuth"),
    }
}

pub(super) fn unreadable(why: &str) -> SignInError {
    SignInError::Unreadable { why: why.to_owned() }
}
