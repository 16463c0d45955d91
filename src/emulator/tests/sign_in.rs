//! Each way of signing in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use sha2::{Digest as _, Sha256};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::*;

const VERIFIER: &str = "0123456789-0123456789-0123456789-0123456789";
const BACK: &str = "http://localhost:50123";

fn claims(token: &Value) -> Value {
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// Where the browser is sent, with these changes to a request that is right.
async fn authorize(bench: &Bench, change: &[(&str, &str)]) -> (u16, Option<url::Url>) {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let mut query = vec![
        ("client_id", bench.emulator.client_id()),
        ("response_type", "code"),
        ("redirect_uri", BACK),
        ("scope", "IdentityRiskyUser.Read.All openid offline_access"),
        ("state", "s1"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in change {
        query.retain(|(held, _)| held != name);
        query.push((name, value));
    }
    let path = bench.url(&format!("/{}/oauth2/v2.0/authorize", bench.emulator.tenant_id()));
    let response = bench.client.get(url::Url::parse_with_params(&path, &query).unwrap()).send().await.unwrap();
    let location = response.headers().get("location").map(|value| value.to_str().unwrap().parse().unwrap());
    (response.status().as_u16(), location)
}

fn answer(location: &url::Url, name: &str) -> Option<String> {
    location.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

async fn redeem(bench: &Bench, code: &str, verifier: &str) -> Got {
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", bench.emulator.client_id()),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", verifier),
    ];
    bench.token_request(&form).await
}

async fn refresh(bench: &Bench, token: &Value) -> Got {
    let form = [("grant_type", "refresh_token"), ("client_id", bench.emulator.client_id()), ("refresh_token", token.as_str().unwrap())];
    bench.token_request(&form).await
}

#[tokio::test]
async fn a_browser_signs_in_with_a_code_that_can_be_used_once() {
    let bench = Bench::signed_out(60, Vec::new(), None).await;
    let (status, back) = authorize(&bench, &[]).await;
    let back = back.unwrap();
    assert_eq!((status, back.port(), answer(&back, "state").as_deref()), (302, Some(50123), Some("s1")));
    let code = answer(&back, "code").unwrap();
    let got = redeem(&bench, &code, VERIFIER).await;
    let body = got.json();
    let token = claims(&body["access_token"]);
    assert_eq!((&body["expires_in"], &body["token_type"]), (&json!(3600), &json!("Bearer")));
    assert_eq!((&token["scp"], &token["upn"]), (&json!("IdentityRiskyUser.Read.All openid"), &json!("operator@contoso.test")));
    assert_eq!((token["tid"].as_str(), token["wids"].as_array().unwrap().len()), (Some(bench.emulator.tenant_id()), 3));
    assert_eq!(claims(&body["id_token"])["name"], "Demo Operator");
    assert_eq!(redeem(&bench, &code, VERIFIER).await.json()["error_codes"], json!([54005]));

    let code = answer(&authorize(&bench, &[]).await.1.unwrap(), "code").unwrap();
    let got = redeem(&bench, &code, "another-verifier").await.json();
    assert_eq!((&got["error"], &got["error_codes"]), (&json!("invalid_grant"), &json!([501_481])));
}

#[tokio::test]
async fn a_browser_is_sent_back_with_errors_but_never_elsewhere() {
    let bench = Bench::signed_out(60, Vec::new(), None).await;
    for change in [("client_id", "x"), ("redirect_uri", "https://evil.example/"), ("redirect_uri", "http://localhost.evil.example")] {
        assert_eq!(authorize(&bench, &[change]).await, (400, None), "{change:?}");
    }
    for (change, error) in [
        (("response_type", "token"), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge", ""), "invalid_request"),
        (("scope", "Make.Coffee"), "invalid_scope"),
    ] {
        let (status, back) = authorize(&bench, &[change]).await;
        assert_eq!((status, answer(&back.unwrap(), "error").as_deref()), (302, Some(error)), "{change:?}");
    }
}

#[tokio::test]
async fn refresh_tokens_rotate() {
    let bench = Bench::signed_out(60, Vec::new(), None).await;
    let first = bench.operator_token("User.Read offline_access").await;
    let second = refresh(&bench, &first["refresh_token"]).await.json();
    assert_eq!(claims(&second["access_token"])["scp"], "User.Read");
    let used = refresh(&bench, &first["refresh_token"]).await.json();
    assert_eq!((&used["error"], &used["error_codes"]), (&json!("invalid_grant"), &json!([70008])));
    assert!(used["error_description"].as_str().unwrap().starts_with("AADSTS70008: "));
    assert_eq!(refresh(&bench, &second["refresh_token"]).await.status, 200);
    assert!(bench.operator_token("User.Read").await.get("refresh_token").is_none());
}

#[tokio::test]
async fn a_device_code_waits_is_approved_by_itself_or_is_declined() {
    let bench = Bench::signed_out(60, Vec::new(), None).await;
    let client_id = bench.emulator.client_id();
    let begin = async || {
        let path = bench.url("/organizations/oauth2/v2.0/devicecode");
        let form = [("client_id", client_id), ("scope", "User.Read")];
        Got::new(bench.client.post(path).form(&form).send().await.unwrap()).await.json()
    };
    let ask = async |code: &str| {
        let grant = "urn:ietf:params:oauth:grant-type:device_code";
        bench.token_request(&[("grant_type", grant), ("client_id", client_id), ("device_code", code)]).await.json()
    };
    let device = begin().await;
    assert_eq!((&device["expires_in"], &device["interval"]), (&json!(900), &json!(5)));
    assert!(device["message"].as_str().unwrap().contains(device["user_code"].as_str().unwrap()));
    let code = device["device_code"].as_str().unwrap();
    assert_eq!(ask(code).await["error"], "authorization_pending");
    assert_eq!(ask(code).await["error"], "authorization_pending");
    assert!(ask(code).await["access_token"].is_string());
    assert_eq!(ask(code).await["error"], "bad_verification_code");

    let device = begin().await;
    let page = format!("{}?user_code={}&decline=1", device["verification_uri"].as_str().unwrap(), device["user_code"].as_str().unwrap());
    assert_eq!(bench.client.get(page).send().await.unwrap().status(), 200);
    assert_eq!(ask(device["device_code"].as_str().unwrap()).await["error"], "authorization_declined");
    let form = bench.client.get(bench.url("/devicelogin")).send().await.unwrap().text().await.unwrap();
    assert!(form.contains("<form"));
    assert_eq!(bench.client.get(bench.url("/devicelogin?user_code=<x>")).send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn wrong_tenant_client_and_secret_have_their_numbers() {
    let bench = Bench::signed_out(60, Vec::new(), None).await;
    let (tenant, client, secret) = (bench.emulator.tenant_id(), bench.emulator.client_id(), bench.emulator.client_secret());
    let scope = "https://graph.microsoft.com/.default";
    for (tenant, client, secret, scope, status, code) in [
        ("11111111-2222-4333-8444-555555555555", client, secret, scope, 400, 90002),
        (tenant, "x", secret, scope, 400, 700_016),
        (tenant, client, "x", scope, 401, 7_000_215),
        ("common", client, secret, scope, 400, 50059),
        (tenant, client, secret, "User.Read", 400, 70011),
        (tenant, client, secret, "https://evil.example/.default", 400, 70011),
    ] {
        let form = [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", secret), ("scope", scope)];
        let path = bench.url(&format!("/{tenant}/oauth2/v2.0/token"));
        let got = Got::new(bench.client.post(path).form(&form).send().await.unwrap()).await;
        assert_eq!((got.status, &got.json()["error_codes"]), (status, &json!([code])), "{}", got.text);
    }
    let token = claims(&json!(bench.application_token().await));
    assert!(token["roles"].as_array().unwrap().len() > 20 && token.get("scp").is_none(), "{token}");
    assert_eq!(bench.token_request(&[("grant_type", "password"), ("client_id", client)]).await.json()["error"], "unsupported_grant_type");
    assert_eq!(bench.token_request(&[("client_id", client)]).await.json()["error_codes"], json!([900_144]));
}

/// An assertion, and what it says after these changes.
fn assertion(bench: &Bench, algorithm: Algorithm, change: impl Fn(&mut Header, &mut Value)) -> String {
    let pem = std::fs::read(bench.emulator.client_certificate()).unwrap();
    let certificate = CertificateDer::from_pem_slice(&pem).unwrap();
    let key = PrivateKeyDer::from_pem_slice(&pem).unwrap();
    let key = rcgen::KeyPair::try_from(key.secret_der()).unwrap().serialize_pem();
    let mut header = Header::new(algorithm);
    header.x5t_s256 = Some(URL_SAFE_NO_PAD.encode(Sha256::digest(&certificate)));
    let (client, now) = (bench.emulator.client_id(), fixture::now().0.timestamp());
    let aud = bench.url(&format!("/{}/oauth2/v2.0/token", bench.emulator.tenant_id()));
    let mut claims = json!({"aud": aud, "iss": client, "sub": client, "jti": "1", "nbf": now, "iat": now, "exp": now + 300});
    change(&mut header, &mut claims);
    jsonwebtoken::encode(&header, &claims, &EncodingKey::from_rsa_pem(key.as_bytes()).unwrap()).unwrap()
}

async fn by_assertion(bench: &Bench, assertion: &str) -> Got {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", bench.emulator.client_id()),
        ("scope", "https://graph.microsoft.com/.default"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ];
    bench.token_request(&form).await
}

#[tokio::test]
async fn an_application_signs_in_with_its_certificate() {
    let bench = Bench::signed_out(60, Vec::new(), None).await;
    for algorithm in [Algorithm::PS256, Algorithm::RS256] {
        let got = by_assertion(&bench, &assertion(&bench, algorithm, |_, _| {})).await;
        assert_eq!(got.status, 200, "{}", got.text);
    }
    let pem = std::fs::read(bench.emulator.client_certificate()).unwrap();
    let print = URL_SAFE_NO_PAD.encode(sha1::sha1(&CertificateDer::from_pem_slice(&pem).unwrap()));
    let older = assertion(&bench, Algorithm::RS256, |header, _| (header.x5t_s256, header.x5t) = (None, Some(print.clone())));
    assert_eq!(by_assertion(&bench, &older).await.status, 200);
}

#[tokio::test]
async fn an_assertion_that_is_not_right_in_all_is_refused() {
    let bench = Bench::signed_out(60, Vec::new(), None).await;
    let changed = |name: &'static str, value: Value| assertion(&bench, Algorithm::PS256, move |_, claims| claims[name] = value.clone());
    let now = fixture::now().0.timestamp();
    for wrong in [
        changed("aud", json!("https://login.microsoftonline.com/common/oauth2/v2.0/token")),
        changed("iss", json!("x")),
        changed("sub", json!("x")),
        changed("exp", json!(now - 1)),
        changed("nbf", json!(now + 3600)),
        changed("jti", json!("")),
        assertion(&bench, Algorithm::PS256, |header, _| header.x5t_s256 = None),
        assertion(&bench, Algorithm::PS256, |header, _| header.x5t_s256 = Some("x".to_owned())),
        assertion(&bench, Algorithm::PS384, |_, _| {}),
        "no.jwt.at-all".to_owned(),
        changed("jti", json!("1")).rsplit_once('.').unwrap().0.to_owned() + ".AAAA",
    ] {
        let got = by_assertion(&bench, &wrong).await;
        assert_eq!((got.status, &got.json()["error"]), (401, &json!("invalid_client")), "{wrong}: {}", got.text);
    }
}

#[tokio::test]
async fn a_token_opens_what_it_is_for_and_nothing_else() {
    let mut bench = Bench::signed_out(60, Vec::new(), None).await;
    let got = bench.get("/v1.0/users").await;
    assert_eq!((got.error().0, got.error().1.as_str()), (401, "InvalidAuthenticationToken"));
    assert!(got.header("www-authenticate").unwrap().starts_with("Bearer "));
    bench.token = "forged".to_owned();
    assert_eq!(bench.get("/v1.0/users").await.status, 401);
    bench.sign_in_operator("https://graph.microsoft.com/User.Read.All").await;
    assert_eq!(bench.get("/v1.0/users").await.status, 200);
    assert_eq!(bench.get("/v1.0/identityProtection/riskyUsers").await.error().1, "AccessDenied");
    assert_eq!(bench.get("/v1.0/subscribedSkus").await.error().1, "Authorization_RequestDenied");
    bench.token = bench.application_token().await;
    let user = bench.open_users().await[0].clone();
    let path = format!("/v1.0/users/{user}/authentication/methods/{}/resetPassword", PASSWORD_METHOD);
    assert_eq!(bench.post(&path, json!({})).await.error().0, 403, "an application cannot do that");
}
