//! The emulator from outside, by a plain HTTPS client.

mod faults;
mod graph;
mod lists;
mod sign_in;

use std::collections::BTreeSet;

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::domain::fixture;
use crate::domain::workspace::{Fault, FaultKind};
use crate::tenant::demo::PASSWORD_METHOD;

/// A running emulator, and a client that trusts it.
struct Bench {
    emulator: Emulator,
    client: Client,
    token: String,
    _folder: TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
struct Got {
    status: u16,
    headers: reqwest::header::HeaderMap,
    text: String,
}

impl Got {
    async fn new(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Got { status, headers, text: response.text().await.unwrap() }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    fn error(&self) -> (u16, String, String) {
        let error = self.json()["error"].clone();
        let text = |name: &str| error[name].as_str().unwrap().to_owned();
        (self.status, text("code"), text("message"))
    }

    fn rows(&self) -> Vec<Value> {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()["value"].as_array().unwrap().clone()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Bench {
    /// A tenant of 60 users, where the application has signed in.
    async fn new(faults: Vec<Fault>, rate: Option<f64>) -> Self {
        Self::with_users(60, faults, rate).await
    }

    async fn with_users(users: u32, faults: Vec<Fault>, rate: Option<f64>) -> Self {
        let mut bench = Self::signed_out(users, faults, rate).await;
        bench.token = bench.application_token().await;
        bench
    }

    async fn calm() -> Self {
        Self::new(Vec::new(), None).await
    }

    async fn signed_out(users: u32, faults: Vec<Fault>, rate: Option<f64>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let spec = DemoSpec { seed: 1, users, epoch: fixture::now(), rate: None, faults };
        let clock = Clock::starting_at(fixture::now());
        let options = Options { listen: "127.0.0.1:0".parse().unwrap(), spec, rate, tls_dir: folder.path().to_owned(), clock };
        let emulator = start(options).await.unwrap();
        let ca = reqwest::Certificate::from_pem(&std::fs::read(emulator.ca_file()).unwrap()).unwrap();
        let client = Client::builder().tls_certs_only([ca]).redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Bench { emulator, client, token: String::new(), _folder: folder }
    }

    fn url(&self, path: &str) -> String {
        if path.starts_with("https:") { path.to_owned() } else { format!("{}{path}", self.emulator.url()) }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path)).bearer_auth(&self.token).header("prefer", "include-unknown-enum-members")
    }

    async fn get(&self, path: &str) -> Got {
        Got::new(self.request(Method::GET, path).send().await.unwrap()).await
    }

    async fn query(&self, path: &str, query: &[(&str, &str)]) -> Got {
        self.get(url::Url::parse_with_params(&self.url(path), query).unwrap().as_str()).await
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Got {
        Got::new(self.request(method, path).json(&body).send().await.unwrap()).await
    }

    async fn post(&self, path: &str, body: Value) -> Got {
        self.send(Method::POST, path, body).await
    }

    async fn patch(&self, path: &str, body: Value) -> Got {
        self.send(Method::PATCH, path, body).await
    }

    /// All rows of a list, page by page.
    async fn all(&self, path: &str, query: &[(&str, &str)]) -> Vec<Value> {
        let mut got = self.query(path, query).await;
        let mut rows = got.rows();
        while let Some(next) = got.json()["@odata.nextLink"].as_str() {
            assert!(next.starts_with(self.emulator.url()), "{next}");
            got = self.get(next).await;
            rows.extend(got.rows());
        }
        rows
    }

    /// Ids of users at risk whom the tenant lets act on.
    async fn open_users(&self) -> Vec<String> {
        let deleted: BTreeSet<String> =
            ids(&self.all("/v1.0/directory/deletedItems/microsoft.graph.user", &[]).await).into_iter().collect();
        let rows = self.all("/v1.0/identityProtection/riskyUsers", &[("$filter", "riskState eq 'atRisk'")]).await;
        ids(&rows).into_iter().filter(|id| !deleted.contains(id)).collect()
    }

    async fn token_request(&self, form: &[(&str, &str)]) -> Got {
        let path = format!("/{}/oauth2/v2.0/token", self.emulator.tenant_id());
        Got::new(self.client.post(self.url(&path)).form(form).send().await.unwrap()).await
    }

    async fn application_token(&self) -> String {
        let (client_id, secret) = (self.emulator.client_id(), self.emulator.client_secret());
        let scope = "https://graph.microsoft.com/.default";
        let form = [("grant_type", "client_credentials"), ("client_id", client_id), ("client_secret", secret), ("scope", scope)];
        let got = self.token_request(&form).await;
        got.json()["access_token"].as_str().unwrap_or_else(|| panic!("{}", got.text)).to_owned()
    }

    /// The token of the operator, with these scopes.
    async fn operator_token(&self, scope: &str) -> Value {
        let form = [("client_id", self.emulator.client_id()), ("scope", scope)];
        let path = self.url(&format!("/{}/oauth2/v2.0/devicecode", self.emulator.tenant_id()));
        let code = Got::new(self.client.post(path).form(&form).send().await.unwrap()).await.json();
        let page = format!("/devicelogin?user_code={}", code["user_code"].as_str().unwrap());
        assert_eq!(self.client.get(self.url(&page)).send().await.unwrap().status(), 200);
        let grant = "urn:ietf:params:oauth:grant-type:device_code";
        let device_code = code["device_code"].as_str().unwrap();
        let form = [("grant_type", grant), ("client_id", self.emulator.client_id()), ("device_code", device_code)];
        self.token_request(&form).await.json()
    }

    async fn sign_in_operator(&mut self, scope: &str) {
        self.token = self.operator_token(scope).await["access_token"].as_str().unwrap().to_owned();
    }

    async fn dismiss(&self, ids: &[String]) -> Got {
        self.post("/v1.0/identityProtection/riskyUsers/dismiss", json!({"userIds": ids})).await
    }

    async fn state(&self, id: &str) -> Value {
        self.get(&format!("/v1.0/identityProtection/riskyUsers/{id}")).await.json()["riskState"].clone()
    }
}

fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

fn fault(does: FaultKind) -> Fault {
    Fault { actions: Vec::new(), user: None, times: None, path: None, does }
}

fn once(does: FaultKind) -> Fault {
    Fault { times: Some(1), ..fault(does) }
}

#[tokio::test]
async fn it_listens_on_this_machine_only_and_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let options = |listen: &str, users| Options {
        listen: listen.parse().unwrap(),
        spec: DemoSpec { seed: 1, users, epoch: fixture::now(), rate: None, faults: Vec::new() },
        rate: None,
        tls_dir: folder.path().to_owned(),
        clock: Clock::starting_at(fixture::now()),
    };
    assert!(matches!(start(options("0.0.0.0:0", 5)).await.err(), Some(EmulatorError::NotLoopback(_))));
    assert!(matches!(start(options("127.0.0.1:0", 0)).await.err(), Some(EmulatorError::Spec(_))));
    let first = start(options("127.0.0.1:0", 5)).await.unwrap();
    let taken = first.url().trim_start_matches("https://").to_owned();
    assert!(matches!(start(options(&taken, 5)).await.err(), Some(EmulatorError::Listen { .. })));
    let second = start(options("127.0.0.1:0", 5)).await.unwrap();
    assert_eq!((first.tenant_id(), first.client_secret()), (second.tenant_id(), second.client_secret()));
}

#[tokio::test]
async fn dropping_it_stops_it() {
    let bench = Bench::calm().await;
    let (address, stopped) = (bench.url("/v1.0/users"), bench.emulator.stopped.clone());
    drop(bench.emulator);
    stopped.cancelled().await;
    assert!(bench.client.get(address).send().await.is_err());
}

#[tokio::test]
async fn it_can_be_reached_by_all_its_names_and_links_lead_where_the_client_is() {
    let bench = Bench::calm().await;
    let address = bench.emulator.url().replace("127.0.0.1", "localhost");
    let got = bench.get(&format!("{address}/v1.0/users?$top=1")).await;
    assert!(got.json()["@odata.nextLink"].as_str().unwrap().starts_with(&address));
}
