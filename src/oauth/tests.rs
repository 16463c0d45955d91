//! The flows against an authority that a test plays, answer by answer.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth2::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use super::*;
use crate::domain::fixture::now;
use crate::domain::workspace::Cloud;
use crate::http::HttpError;

type Form = HashMap<String, String>;

/// An authority that answers what it was told to, in order, and remembers what it was asked.
#[derive(Default)]
struct Fake {
    answers: Mutex<VecDeque<Result<(u16, String), HttpError>>>,
    asked: Mutex<Vec<(String, Form)>>,
}

impl Fake {
    fn then(&self, status: u16, body: &Value) {
        self.answers.lock().unwrap().push_back(Ok((status, body.to_string())));
    }

    fn asked(&self) -> Vec<Form> {
        self.asked.lock().unwrap().iter().map(|(_, form)| form.clone()).collect()
    }
}

#[async_trait]
impl Exchange for Fake {
    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        // An answer takes a moment, in which others may come and ask too.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let form = url::form_urlencoded::parse(request.body()).into_owned().collect();
        self.asked.lock().unwrap().push((request.uri().to_string(), form));
        let (status, body) = self.answers.lock().unwrap().pop_front().expect("a request that no answer is there for")?;
        let mut answer = HttpResponse::new(body.into_bytes());
        *answer.status_mut() = oauth2::http::StatusCode::from_u16(status).unwrap();
        answer.headers_mut().insert("content-type", "application/json; charset=utf-8".parse().unwrap());
        Ok(answer)
    }
}

fn spec(auth: Auth) -> LiveSpec {
    LiveSpec {
        all_actions: false,
        tenant_id: "contoso.com".to_owned(),
        client_id: "app-id".to_owned(),
        auth,
        cloud: Cloud::Global,
        graph_url: Some("https://127.0.0.1:1".to_owned()),
        authority_url: Some("https://login.test".to_owned()),
        ca_file: None,
        rate: None,
        account: None,
    }
}

struct Scene {
    fake: Arc<Fake>,
    keyring: Keyring,
    clock: Clock,
    credential: Arc<Credential>,
    prompts: mpsc::UnboundedReceiver<Prompted>,
}

fn scene_with(spec: &LiveSpec, method: Method, keyring: Keyring) -> Scene {
    let (sender, prompts) = mpsc::unbounded_channel();
    let prompt: Prompt = Arc::new(move |prompted| sender.send(prompted).unwrap_or(()));
    let (fake, clock) = (Arc::new(Fake::default()), Clock::starting_at(now()));
    let credential = Credential::with(spec, method, clock, prompt, keyring.clone(), fake.clone()).unwrap();
    Scene { fake, keyring, clock, credential: Arc::new(credential), prompts }
}

fn device() -> Scene {
    scene_with(&spec(Auth::Device), Method::Device, Keyring::memory())
}

fn browser() -> Scene {
    scene_with(&spec(Auth::Browser), Method::Browser(Opener::Nobody), Keyring::memory())
}

fn application() -> Scene {
    let secrets = Secrets { given: Some("app-s3cret".into()), file: None, environment: None, warned: AtomicBool::new(false) };
    scene_with(&spec(Auth::Secret { file: None }), Method::Secret(secrets), Keyring::memory())
}

impl Scene {
    fn notes(&mut self) -> Vec<Prompted> {
        std::iter::from_fn(|| self.prompts.try_recv().ok()).collect()
    }
}

fn access(n: u32) -> String {
    format!(
        "e30.{}.c2ln{n}",
        URL_SAFE_NO_PAD.encode(json!({"tid": "tenant-id", "upn": "adele@contoso.com", "scp": "User.Read"}).to_string())
    )
}

fn tokens(n: u32) -> Value {
    json!({"token_type": "Bearer", "scope": "x", "expires_in": 3600, "access_token": access(n), "refresh_token": format!("refresh-s3cret-{n}")})
}

fn error(error: &str, description: &str) -> Value {
    json!({"error": error, "error_description": description})
}

fn code() -> Value {
    json!({"device_code": "device-s3cret", "user_code": "ABCD", "verification_uri": "https://login.test/device", "expires_in": 900, "interval": 5})
}

fn bearer(token: &AccessToken) -> &str {
    token.bearer().expose_secret()
}

#[test]
fn only_a_plain_tenant_behind_https_is_signed_in_to() {
    let new = |change: fn(&mut LiveSpec)| {
        let mut spec = spec(Auth::Device);
        change(&mut spec);
        Credential::new(&spec, None, Clock::system(), Arc::new(|_| ()), Keyring::memory()).map(drop)
    };
    assert_eq!(new(|_| ()), Ok(()));
    for change in [
        (|spec| spec.authority_url = Some("http://login.test".to_owned())) as fn(&mut LiveSpec),
        |spec| spec.graph_url = Some("http://graph.test".to_owned()),
        |spec| spec.tenant_id = "common".to_owned(),
        |spec| spec.tenant_id = "a/../b".to_owned(),
        |spec| spec.tenant_id = String::new(),
        |spec| spec.client_id = " ".to_owned(),
    ] {
        assert!(matches!(new(change), Err(SignInError::Setting { .. })));
    }
    assert!(matches!(new(|spec| spec.ca_file = Some("/nowhere".to_owned())), Err(SignInError::Http(HttpError::Authorities { .. }))));
}

#[tokio::test(start_paused = true)]
async fn a_device_code_is_shown_and_waited_for() {
    let mut scene = device();
    scene.fake.then(200, &code());
    scene.fake.then(400, &error("authorization_pending", "AADSTS70016: pending"));
    scene.fake.then(400, &error("slow_down", ""));
    scene.fake.answers.lock().unwrap().push_back(Err(HttpError::Lost { message: "gone".to_owned() }));
    scene.fake.then(200, &tokens(1));
    let token = scene.credential.token().await.unwrap();
    assert_eq!((bearer(&token), token.claims.account.as_deref()), (access(1).as_str(), Some("adele@contoso.com")));
    // Two pauses of 5 s, and after `slow_down` two of 10 s.
    assert_eq!(scene.clock.now().age(now()).num_seconds().abs(), 30);
    let notes = scene.notes();
    let shown = Prompted::DeviceCode { address: "https://login.test/device".to_owned(), code: "ABCD".to_owned(), expires_in: 900 };
    assert!(notes[0] == shown && matches!(&notes[1], Prompted::Note(_)) && notes[2..] == [Prompted::Done], "{notes:?}");
    let asked = scene.fake.asked.lock().unwrap().clone();
    assert_eq!(asked[0].0, "https://login.test/contoso.com/oauth2/v2.0/devicecode");
    assert!(asked[0].1["scope"].starts_with("https://graph.microsoft.com/IdentityRiskyUser.ReadWrite.All "), "{asked:?}");
    assert!(asked[0].1["scope"].ends_with(" offline_access"));
    assert_eq!(asked[1].0, "https://login.test/contoso.com/oauth2/v2.0/token");
    assert_eq!((asked[1].1["device_code"].as_str(), asked[1].1["client_id"].as_str()), ("device-s3cret", "app-id"));
}

#[tokio::test(start_paused = true)]
async fn a_device_code_that_is_declined_runs_out_or_is_blocked_ends_the_waiting() {
    for (answer, why) in [
        (error("authorization_declined", "no"), Refusal::Declined),
        (error("access_denied", "no"), Refusal::Declined),
        (error("bad_verification_code", "what"), Refusal::CodeExpired),
        (error("expired_token", "late"), Refusal::CodeExpired),
        (error("invalid_grant", "AADSTS53003: blocked"), Refusal::Blocked),
        (error("invalid_client", "AADSTS7000218: no secret"), Refusal::PublicClient),
    ] {
        let mut scene = device();
        scene.fake.then(200, &code());
        scene.fake.then(400, &answer);
        let refused = scene.credential.token().await.unwrap_err();
        assert!(matches!(&refused, SignInError::Refused { why: found, .. } if *found == why), "{refused:?}");
        assert_eq!(scene.notes().last(), Some(&Prompted::Done));
    }
    let scene = device();
    scene.fake.then(200, &code());
    for _ in 0..179 {
        scene.fake.then(400, &error("authorization_pending", ""));
    }
    assert_eq!(scene.credential.token().await.unwrap_err(), SignInError::TimedOut { minutes: 15 });
}

/// Comes back from the authority as a browser would; what the page says.
async fn come_back(redirect: &str, query: &[(&str, &str)]) -> (u16, String) {
    let at = url::Url::parse_with_params(&redirect.replace("localhost", "127.0.0.1"), query).unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(at).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Starts to sign in; the task, and what the authority was asked in the address.
async fn to_browser(scene: &mut Scene) -> (tokio::task::JoinHandle<Result<Arc<AccessToken>, SignInError>>, Form) {
    let credential = scene.credential.clone();
    let task = tokio::spawn(async move { credential.sign_in().await });
    let Some(Prompted::Browser { address, opened: false }) = scene.prompts.recv().await else { panic!("no browser") };
    assert!(address.starts_with("https://login.test/contoso.com/oauth2/v2.0/authorize?"));
    (task, url::Url::parse(&address).unwrap().query_pairs().into_owned().collect())
}

#[tokio::test]
async fn the_browsers_code_is_redeemed_with_the_verifier_of_the_challenge() {
    let mut scene = browser();
    scene.fake.then(200, &tokens(1));
    let (task, asked) = to_browser(&mut scene).await;
    assert_eq!((asked["code_challenge_method"].as_str(), asked["prompt"].as_str()), ("S256", "select_account"));
    let redirect = &asked["redirect_uri"];
    // Another page cannot break it off, nor bring a code of its own.
    for state in ["", "guessed"] {
        assert_eq!(come_back(redirect, &[("state", state), ("code", "stolen")]).await.0, 400);
        assert_eq!(come_back(redirect, &[("state", state), ("error", "access_denied")]).await.0, 400);
    }
    assert_eq!(come_back(redirect, &[("code", "stolen")]).await.0, 400);
    let (status, page) = come_back(redirect, &[("state", &asked["state"]), ("code", "auth-s3cret")]).await;
    assert!(status == 200 && page.contains("go back to the terminal"), "{page}");
    assert_eq!(bearer(&task.await.unwrap().unwrap()), access(1));
    let [redeemed] = &scene.fake.asked()[..] else { panic!("one request") };
    assert_eq!((redeemed["code"].as_str(), &redeemed["redirect_uri"]), ("auth-s3cret", redirect));
    assert_eq!(URL_SAFE_NO_PAD.encode(Sha256::digest(&redeemed["code_verifier"])), asked["code_challenge"]);
    assert!(!redeemed.contains_key("client_secret"));
    assert_eq!(scene.prompts.recv().await, Some(Prompted::Done));
}

#[tokio::test]
async fn an_error_that_the_browser_brings_back_is_told_and_not_shown_as_a_page() {
    let mut scene = browser();
    let (task, asked) = to_browser(&mut scene).await;
    let told = "AADSTS65004: <script>x</script>";
    let query = [("state", asked["state"].as_str()), ("error", "access_denied"), ("error_description", told)];
    let (status, page) = come_back(&asked["redirect_uri"], &query).await;
    assert!(status == 200 && !page.contains("script"), "{page}");
    let refused = task.await.unwrap().unwrap_err();
    assert!(matches!(&refused, SignInError::Refused { why: Refusal::Consent, message, .. } if message == told), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn nobody_who_comes_back_is_waited_for_five_minutes() {
    let scene = browser();
    assert_eq!(scene.credential.token().await.unwrap_err(), SignInError::TimedOut { minutes: 5 });
    assert_eq!(scene.clock.now().age(now()).num_minutes().abs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_sign_in_listens_no_longer_and_takes_the_question_back() {
    let mut scene = browser();
    let (task, asked) = to_browser(&mut scene).await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(scene.prompts.recv().await, Some(Prompted::Done));
    let port = url::Url::parse(&asked["redirect_uri"]).unwrap().port().unwrap();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_application_signs_in_with_its_secret_at_the_clouds_own_graph_and_again_before_the_end() {
    let scene = application();
    for n in [1, 2] {
        scene.fake.then(200, &json!({"token_type": "Bearer", "expires_in": 3600, "access_token": access(n)}));
    }
    let token = scene.credential.token().await.unwrap();
    scene.clock.sleep(Duration::from_secs(3600 - 301)).await;
    assert_eq!(bearer(&scene.credential.token().await.unwrap()), bearer(&token));
    scene.clock.sleep(Duration::from_secs(2)).await;
    assert_eq!(bearer(&scene.credential.token().await.unwrap()), access(2));
    let asked = &scene.fake.asked()[0];
    assert_eq!((asked["grant_type"].as_str(), asked["client_secret"].as_str()), ("client_credentials", "app-s3cret"));
    assert_eq!(asked["scope"], "https://graph.microsoft.com/.default");
    assert_eq!(asked["claims"], r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_cannot_be_renewed_is_used_to_its_end_but_a_refusal_is_told() {
    let scene = application();
    scene.fake.then(200, &tokens(1));
    scene.credential.token().await.unwrap();
    scene.clock.sleep(Duration::from_secs(3400)).await;
    scene.fake.then(503, &error("temporarily_unavailable", "later"));
    for _ in 0..3 {
        assert_eq!(bearer(&scene.credential.token().await.unwrap()), access(1), "and it is not asked for each time");
    }
    scene.clock.sleep(Duration::from_secs(180)).await;
    scene.fake.then(503, &error("temporarily_unavailable", "later"));
    assert!(matches!(scene.credential.token().await, Err(SignInError::Busy { status: 503, .. })));
    scene.fake.then(401, &error("invalid_client", "AADSTS7000222: expired"));
    assert!(matches!(scene.credential.token().await, Err(SignInError::Refused { why: Refusal::Secret, .. })));
}

/// A device that has signed in.
async fn signed_in() -> Scene {
    let scene = device();
    scene.fake.then(200, &code());
    scene.fake.then(200, &tokens(1));
    scene.credential.token().await.unwrap();
    scene
}

#[tokio::test(start_paused = true)]
async fn refresh_tokens_rotate_and_the_newest_is_in_the_keyring() {
    let scene = signed_in().await;
    let entry = "tenant-id|app-id|login.test";
    assert_eq!(scene.keyring.get(entry).await.unwrap().expose_secret(), "refresh-s3cret-1");
    scene.fake.then(200, &tokens(2));
    scene.fake.then(200, &json!({"token_type": "Bearer", "expires_in": 3600, "access_token": access(3)}));
    for n in [2, 3] {
        scene.clock.sleep(Duration::from_secs(3500)).await;
        assert_eq!(bearer(&scene.credential.token().await.unwrap()), access(n));
    }
    let asked = scene.fake.asked();
    assert_eq!((asked[2]["refresh_token"].as_str(), asked[3]["refresh_token"].as_str()), ("refresh-s3cret-1", "refresh-s3cret-2"));
    assert_eq!(scene.keyring.get(entry).await.unwrap().expose_secret(), "refresh-s3cret-2", "kept where no new one came");
    // Another start, with the tenant's id as the workspace then has it.
    let spec = LiveSpec { tenant_id: "Tenant-Id".to_owned(), ..spec(Auth::Device) };
    let again = scene_with(&spec, Method::Device, scene.keyring.clone());
    again.fake.then(200, &tokens(4));
    assert_eq!(bearer(&again.credential.token().await.unwrap()), access(4));
    again.credential.sign_out();
    assert!(scene.keyring.get(entry).await.is_none());
    again.fake.then(400, &error("invalid_request", "AADSTS90002: who"));
    assert!(matches!(again.credential.token().await, Err(SignInError::Refused { why: Refusal::Tenant, .. })), "a person is asked again");
}

#[tokio::test(start_paused = true)]
async fn two_who_renew_at_once_send_one_request() {
    let scene = signed_in().await;
    let stale = scene.credential.token().await.unwrap();
    scene.fake.then(200, &tokens(2));
    let (one, two, three) =
        tokio::join!(scene.credential.renew(&stale, None), scene.credential.renew(&stale, Some("{}")), scene.credential.token());
    assert_eq!((bearer(&one.unwrap()), bearer(&two.unwrap())), (access(2).as_str(), access(2).as_str()));
    assert!(three.is_ok());
    assert_eq!(scene.fake.asked().len(), 3);
    assert_eq!(bearer(&scene.credential.renew(&stale, None).await.unwrap()), access(2), "nor does one who comes late");
}

#[tokio::test(start_paused = true)]
async fn many_who_wait_for_a_person_who_declines_ask_once() {
    let mut scene = device();
    scene.fake.then(200, &code());
    scene.fake.then(400, &error("authorization_declined", "no"));
    let answers = tokio::join!(scene.credential.token(), scene.credential.token(), scene.credential.token());
    assert!(answers.0.is_err() && answers.1.is_err() && answers.2.is_err());
    assert_eq!(scene.notes().len(), 2, "the code, and its end");
}

#[tokio::test(start_paused = true)]
async fn a_challenge_goes_with_the_refresh_and_then_with_the_person() {
    let scene = signed_in().await;
    let stale = scene.credential.token().await.unwrap();
    let challenge = r#"{"access_token":{"nbf":{"essential":true,"value":"1"}}}"#;
    scene.fake.then(400, &error("interaction_required", "AADSTS50076: second factor"));
    scene.fake.then(200, &code());
    scene.fake.then(200, &tokens(2));
    assert_eq!(bearer(&scene.credential.renew(&stale, Some(challenge)).await.unwrap()), access(2));
    let asked = scene.fake.asked();
    for form in &asked[2..] {
        let claims: Value = serde_json::from_str(&form["claims"]).unwrap();
        assert_eq!(claims["access_token"], json!({"nbf": {"essential": true, "value": "1"}, "xms_cc": {"values": ["cp1"]}}));
    }
    assert_eq!(asked[3]["client_id"], "app-id");
}

#[tokio::test(start_paused = true)]
async fn a_spent_refresh_token_gives_way_to_the_keyrings_and_then_to_a_person() {
    let spec = LiveSpec { tenant_id: "tenant-id".to_owned(), ..spec(Auth::Device) };
    let scene = scene_with(&spec, Method::Device, Keyring::memory());
    scene.fake.then(200, &code());
    scene.fake.then(200, &tokens(1));
    let stale = scene.credential.token().await.unwrap();
    assert!(scene.keyring.set("tenant-id|app-id|login.test", "another-s3cret".into()).await);
    scene.fake.then(400, &error("invalid_grant", "AADSTS50173: revoked"));
    scene.fake.then(400, &error("invalid_grant", "AADSTS700082: too old"));
    scene.fake.then(200, &code());
    scene.fake.then(200, &tokens(2));
    assert_eq!(bearer(&scene.credential.renew(&stale, None).await.unwrap()), access(2));
    assert_eq!(scene.fake.asked()[3]["refresh_token"], "another-s3cret");
    scene.fake.then(400, &error("invalid_grant", "AADSTS50057: disabled"));
    let disabled = scene.credential.renew(&scene.credential.token().await.unwrap(), None).await.unwrap_err();
    assert!(matches!(disabled, SignInError::Refused { why: Refusal::Account, .. }), "nobody is asked in vain: {disabled:?}");
}

#[tokio::test(start_paused = true)]
async fn signing_out_while_a_renewal_is_under_way_leaves_nothing_behind() {
    let scene = signed_in().await;
    let stale = scene.credential.token().await.unwrap();
    scene.fake.then(200, &tokens(2));
    let leave = async { scene.credential.sign_out() };
    let (renewed, ()) = tokio::join!(scene.credential.renew(&stale, None), leave);
    assert!(renewed.is_ok());
    assert!(scene.keyring.get("tenant-id|app-id|login.test").await.is_none());
    assert!(scene.credential.state().held.is_none() && scene.credential.state().refresh.is_none());
}

#[cfg(unix)]
#[tokio::test]
async fn the_azure_clis_token_is_said_to_lack_what_risk_data_needs_and_the_same_one_twice_is_an_error() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("az");
    std::fs::write(&program, format!("#!/bin/sh\necho '{{\"accessToken\":\"{}\",\"expires_on\":1795360000}}'\n", access(1))).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let method = Method::Az { program: program.into(), warned: AtomicBool::new(false) };
    let mut scene = scene_with(&spec(Auth::Az), method, Keyring::memory());
    let token = scene.credential.token().await.unwrap();
    assert_eq!(token.expires_at.0.timestamp(), 1_795_360_000);
    let again = scene.credential.renew(&token, None).await.unwrap_err();
    assert!(again.hint().contains("az login"), "{again}");
    let notes = scene.notes();
    let [Prompted::Note(note)] = &notes[..] else { panic!("{notes:?}") };
    assert!(note.contains("IdentityRiskyUser.Read.All and IdentityRiskEvent.Read.All"), "{note}");
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_shown_holds_a_secret() {
    let mut shown = String::new();
    // An authority that quotes all it was sent, and answers that hold tokens but cannot be read.
    let broken = json!({"token_type": "Bearer", "expires_in": "access-s3cret", "access_token": "access-s3cret", "refresh_token": 1});
    let garbled = json!({"access_token": {"s3cret": "access-s3cret"}});
    for answer in [None, Some(&broken), Some(&garbled)] {
        for (scene, sent) in [(device(), "device-s3cret"), (application(), "app-s3cret"), (signed_in().await, "refresh-s3cret-1")] {
            let mut scene = scene;
            let quoted = error("invalid_request", sent);
            let answer = answer.map_or((400, &quoted), |answer| (200, answer));
            if scene.credential.state().held.is_none() && matches!(scene.credential.method, Method::Device) {
                scene.fake.then(200, &code());
            }
            scene.fake.then(answer.0, answer.1);
            let stale = AccessToken::new("stale-s3cret".into(), now());
            let held = scene.credential.state().held.clone();
            let failed = match held {
                Some(held) => {
                    shown += &format!("{:?}", held.token);
                    scene.credential.renew(&held.token, None).await.unwrap_err()
                }
                None => scene.credential.renew(&stale, Some("{}")).await.unwrap_err(),
            };
            shown += &format!("{failed:?} {failed} {} {:?} {:?} {stale:?}", failed.hint(), scene.credential, scene.keyring);
            shown += &format!("{:?}", scene.notes());
        }
    }
    assert!(shown.contains("[secret]") && !shown.contains("s3cret") && !shown.contains("c2ln1"), "{shown}");
}
