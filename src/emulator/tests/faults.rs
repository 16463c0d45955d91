//! Each fault, as a client meets it.

use super::*;
use crate::domain::action::Action;

const RISKY_USERS: &str = "/v1.0/identityProtection/riskyUsers";

#[tokio::test]
async fn a_connection_breaks_before_or_after_the_change() {
    for (does, applied) in [(FaultKind::BreakBefore, 0), (FaultKind::BreakAfter, 1)] {
        let fault = Fault { actions: vec![Action::DismissUserRisk], ..once(does.clone()) };
        let bench = Bench::new(vec![fault], None).await;
        let id = bench.open_users().await[0].clone();
        let body = json!({"userIds": [id]});
        let broken = bench.request(Method::POST, &format!("{RISKY_USERS}/dismiss")).json(&body).send().await;
        assert!(broken.is_err(), "{does:?}");
        assert_eq!(bench.emulator.greatest_acts_per_id(), applied, "{does:?}");
        assert_eq!(bench.state(&id).await, if applied == 1 { "dismissed" } else { "atRisk" }, "{does:?}");
        assert_eq!((bench.emulator.count("POST", "dismiss"), bench.emulator.accepted("POST", "dismiss")), (1, 0));
        assert_eq!(bench.dismiss(&[id]).await.status, 204, "it struck once");
    }
}

#[tokio::test]
async fn reading_meets_what_hits_every_request() {
    let throttle = FaultKind::Throttle { retry_after_seconds: Some(7) };
    let faults = [throttle, FaultKind::Unavailable, FaultKind::Status { status: 504 }, FaultKind::BreakBefore];
    let bench = Bench::new(faults.into_iter().map(once).collect(), None).await;
    let throttled = bench.get(RISKY_USERS).await;
    assert_eq!((throttled.status, throttled.header("retry-after")), (429, Some("7")));
    assert_eq!(bench.get(RISKY_USERS).await.error().1, "ServiceUnavailable");
    assert_eq!(bench.get(RISKY_USERS).await.error().0, 504);
    assert!(bench.request(Method::GET, RISKY_USERS).send().await.is_err());
    assert_eq!(bench.get(RISKY_USERS).await.status, 200);
}

#[tokio::test]
async fn a_fault_keeps_to_its_path_its_verb_and_its_user() {
    let on_path = Fault { path: Some("riskDetections".to_owned()), ..fault(FaultKind::Unavailable) };
    let bench = Bench::new(vec![on_path], None).await;
    assert_eq!(bench.get(RISKY_USERS).await.status, 200);
    assert_eq!(bench.get("/beta/identityProtection/riskDetections").await.status, 503);

    let users = bench.open_users().await;
    let about = Fault { actions: vec![Action::ConfirmUserSafe], user: Some(users[0].clone()), ..fault(FaultKind::Poison) };
    let bench = Bench::new(vec![about], None).await;
    assert_eq!(bench.dismiss(&users[..1]).await.status, 204);
    let safe = |ids: &[String]| bench.post("/v1.0/identityProtection/riskyUsers/confirmSafe", json!({"userIds": ids}));
    assert_eq!(safe(&users[1..2]).await.status, 204);
    assert_eq!(safe(&users[..2]).await.error().0, 400);
}

#[tokio::test]
async fn a_change_without_effect_is_accepted_and_not_applied() {
    let bench = Bench::calm().await;
    let users = bench.open_users().await;
    let silent = Fault { user: Some(users[0].clone()), ..fault(FaultKind::NoEffect) };
    let bench = Bench::new(vec![silent], None).await;
    assert_eq!(bench.dismiss(&users[..2]).await.status, 204);
    assert_eq!((bench.state(&users[0]).await, bench.state(&users[1]).await), (json!("atRisk"), json!("dismissed")));
    bench.dismiss(&users[..1]).await;
    assert_eq!(bench.emulator.greatest_acts_per_id(), 1);
}

#[tokio::test]
async fn a_slow_change_is_processing_first_and_lists_follow_when_it_settles() {
    let bench = Bench::new(vec![once(FaultKind::Slow { seconds: 3600 })], None).await;
    let id = bench.open_users().await[0].clone();
    assert_eq!(bench.dismiss(std::slice::from_ref(&id)).await.status, 204);
    let user = bench.get(&format!("{RISKY_USERS}/{id}")).await.json();
    assert_eq!((&user["isProcessing"], &user["riskState"]), (&json!(true), &json!("atRisk")));
    assert!(bench.open_users().await.contains(&id));
    // A second dismissal, which is not slow, settles it.
    assert_eq!(bench.dismiss(std::slice::from_ref(&id)).await.status, 204);
    assert!(!bench.open_users().await.contains(&id));
}

#[tokio::test]
async fn an_expired_token_is_refused_until_another_one_is_issued() {
    let mut bench = Bench::new(vec![once(FaultKind::ExpiredToken)], None).await;
    for _ in 0..2 {
        let got = bench.get(RISKY_USERS).await;
        assert_eq!((got.error().0, got.error().1.as_str()), (401, "InvalidAuthenticationToken"));
        assert!(got.header("www-authenticate").unwrap().contains("invalid_token"));
    }
    bench.token = bench.application_token().await;
    assert_eq!(bench.get(RISKY_USERS).await.status, 200);
}

#[tokio::test]
async fn a_claims_challenge_ends_with_a_token_that_was_asked_for_with_claims() {
    for times in [Some(1), None] {
        let mut bench = Bench::new(vec![Fault { times, ..fault(FaultKind::ClaimsChallenge) }], None).await;
        let got = bench.get(RISKY_USERS).await;
        let challenge = got.header("www-authenticate").unwrap();
        assert!(got.status == 401 && challenge.contains("insufficient_claims"), "{challenge}");
        bench.token = bench.application_token().await;
        assert_eq!(bench.get(RISKY_USERS).await.status, 401, "another token without claims does not help");
        let (client_id, secret) = (bench.emulator.client_id(), bench.emulator.client_secret());
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
            ("client_secret", secret),
            ("scope", "https://graph.microsoft.com/.default"),
            ("claims", "{\"access_token\":{}}"),
        ];
        let token = bench.token_request(&form).await.json()["access_token"].as_str().unwrap().to_owned();
        bench.token = token;
        assert_eq!(bench.get(RISKY_USERS).await.status, 200);
    }
}

#[tokio::test]
async fn a_next_page_lies_on_another_host() {
    let bench = Bench::new(vec![once(FaultKind::ForeignNextLink)], None).await;
    assert_eq!(bench.query(RISKY_USERS, &[("$top", "500")]).await.json().get("@odata.nextLink"), None);
    let got = bench.query(RISKY_USERS, &[("$top", "2")]).await.json();
    assert!(got["@odata.nextLink"].as_str().unwrap().starts_with("https://evil.example/v1.0/identityProtection/riskyUsers?"));
    let got = bench.query(RISKY_USERS, &[("$top", "2")]).await.json();
    assert!(got["@odata.nextLink"].as_str().unwrap().starts_with(bench.emulator.url()));
}

#[tokio::test]
async fn an_answer_is_half_or_a_web_page() {
    let bench = Bench::new(vec![once(FaultKind::TruncatedJson), once(FaultKind::Html)], None).await;
    let page = bench.get(RISKY_USERS).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let half = bench.get(RISKY_USERS).await;
    assert!(half.status == 200 && half.text.starts_with('{') && serde_json::from_str::<Value>(&half.text).is_err());
    assert!(!bench.get(RISKY_USERS).await.rows().is_empty());
}

#[tokio::test]
async fn scope_role_and_licence_are_missed_in_graphs_words() {
    let scope = FaultKind::WithoutScope { scope: "IdentityRiskyUser.ReadWrite.All".to_owned() };
    let bench = Bench::new(vec![fault(scope)], None).await;
    assert_eq!(bench.get(RISKY_USERS).await.status, 200);
    let denied = bench.dismiss(&["x".to_owned()]).await.error();
    assert_eq!((denied.0, denied.1.as_str()), (403, "AccessDenied"));
    assert_eq!(denied.2, "You cannot perform the requested operation, required scopes are missing in the token.");

    let bench = Bench::new(vec![fault(FaultKind::WithoutRole)], None).await;
    let denied = bench.dismiss(&["x".to_owned()]).await.error();
    assert_eq!((denied.0, denied.1.as_str()), (403, "Authentication_RequestFromUnsupportedUserRole"));
    assert_eq!(bench.get(RISKY_USERS).await.status, 200);

    let bench = Bench::new(vec![fault(FaultKind::WithoutLicence)], None).await;
    let denied = bench.get(RISKY_USERS).await.error();
    assert_eq!((denied.0, denied.1.as_str(), denied.2.as_str()), (403, "Forbidden", "Your tenant is not licensed for this feature."));
    assert_eq!(bench.get("/v1.0/auditLogs/signIns").await.error().1, "Authentication_RequestFromNonPremiumTenantOrB2CTenant");
    assert_eq!(bench.get("/v1.0/users").await.status, 200);
    assert!(!bench.get("/v1.0/subscribedSkus").await.text.contains("\"AAD_PREMIUM_P2\",\"provisioningStatus"));
}

#[tokio::test]
async fn an_operator_without_the_role_has_none_in_the_token() {
    let mut bench = Bench::signed_out(60, vec![fault(FaultKind::WithoutRole)], None).await;
    bench.sign_in_operator("https://graph.microsoft.com/.default").await;
    assert_eq!(bench.get(RISKY_USERS).await.status, 200);
    assert_eq!(bench.dismiss(&["x".to_owned()]).await.error().1, "Authentication_RequestFromUnsupportedUserRole");
}

#[tokio::test]
async fn the_token_endpoint_answers_the_error_it_is_told() {
    let does = FaultKind::TokenError { error: "invalid_grant".to_owned(), description: "AADSTS50076: use MFA.".to_owned() };
    let bench = Bench::signed_out(60, vec![once(does)], None).await;
    assert_eq!(bench.client.get(bench.url("/v1.0/users")).send().await.unwrap().status(), 401);
    let got = bench.token_request(&[("grant_type", "refresh_token")]).await;
    let body = got.json();
    assert_eq!((got.status, &body["error"], &body["error_codes"]), (400, &json!("invalid_grant"), &json!([50076])));
    bench.application_token().await;
}
