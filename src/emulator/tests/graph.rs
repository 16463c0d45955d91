//! What Graph answers: errors, actions, directory, Conditional Access, batches, pace.

use super::*;

const RISKY_USERS: &str = "/v1.0/identityProtection/riskyUsers";

#[tokio::test]
async fn errors_have_graphs_shape_and_every_answer_can_be_traced() {
    let bench = Bench::calm().await;
    let request = bench.request(Method::GET, "/v1.0/nothing").header("client-request-id", "mine");
    let got = Got::new(request.send().await.unwrap()).await;
    let error = got.json()["error"].clone();
    assert_eq!((got.status, error["code"].as_str()), (404, Some("ResourceNotFound")));
    assert_eq!(error["innerError"]["client-request-id"], "mine");
    assert_eq!(error["innerError"]["request-id"].as_str(), got.header("request-id"));
    assert_eq!((got.header("client-request-id"), got.header("date").is_some()), (Some("mine"), true));
    assert_eq!(bench.get("/v3/users").await.status, 404);
    assert_eq!(bench.send(Method::DELETE, RISKY_USERS, json!({})).await.status, 405);
}

#[tokio::test]
async fn a_request_that_breaks_a_rule_is_400_and_says_which() {
    let bench = Bench::calm().await;
    let many: Vec<String> = (0..61).map(|number| format!("id{number}")).collect();
    let dismiss = "/v1.0/identityProtection/riskyUsers/dismiss";
    let user = format!("/v1.0/users/{}", bench.open_users().await[0]);
    for (method, path, body, part) in [
        (Method::POST, dismiss, json!({"userIds": many}), "60"),
        (Method::POST, dismiss, json!({"userIds": []}), "at least one"),
        (Method::POST, dismiss, json!({}), "at least one"),
        (Method::POST, dismiss, json!({"userIds": [1]}), "texts"),
        (Method::POST, dismiss, json!({"userIds": ["x"]}), "invalid"),
        (Method::POST, dismiss, json!({"userIds": ["x"], "reason": "y"}), "'reason'"),
        (Method::POST, dismiss, json!(["x"]), "valid JSON"),
        (Method::POST, "/v1.0/auditLogs/signIns/dismiss", json!({"userIds": ["x"]}), "'userIds'"),
        (Method::POST, "/v1.0/identityProtection/riskyServicePrincipals/dismiss", json!({"servicePrincipalIds": ["x"]}), "invalid"),
        (Method::POST, "/beta/identityProtection/riskyAgents/confirmSafe", json!({"agentIds": ["x"]}), "invalid"),
        (Method::PATCH, &user, json!({"displayName": "x"}), "'displayName'"),
        (Method::PATCH, &user, json!({"accountEnabled": "no"}), "'accountEnabled'"),
        (Method::PATCH, &user, json!({}), "nothing to change"),
        (Method::PATCH, &user, json!({"passwordProfile": {"password": "short"}}), "complexity"),
        (Method::PATCH, &user, json!({"passwordProfile": {"secret": "x"}}), "'secret'"),
        (Method::POST, &format!("{user}/revokeSignInSessions"), json!({"x": 1}), "no parameters"),
        (Method::POST, "/v1.0/identity/conditionalAccess/namedLocations", json!({"displayName": "x"}), "'@odata.type'"),
    ] {
        let got = bench.send(method, path, body.clone()).await;
        let (status, _, message) = got.error();
        assert!(status == 400 && message.contains(part), "{path} {body}: {status} {message}");
    }
    let no_type = bench.request(Method::POST, dismiss).body("{}").send().await.unwrap();
    assert_eq!(Got::new(no_type).await.error().0, 400);
    assert_eq!(Got::new(bench.request(Method::POST, dismiss).send().await.unwrap()).await.error().0, 400);
}

#[tokio::test]
async fn a_dismissal_shows_in_user_detections_sign_ins_and_history() {
    let bench = Bench::calm().await;
    let users = bench.open_users().await;
    let id = &users[0];
    assert_eq!(bench.dismiss(std::slice::from_ref(id)).await.status, 204);
    assert_eq!(bench.state(id).await, "dismissed");
    assert!(!bench.open_users().await.contains(id));
    let filter = format!("userId eq '{id}'");
    for row in bench.all("/v1.0/identityProtection/riskDetections", &[("$filter", &filter)]).await {
        assert_ne!(row["riskState"], "atRisk");
    }
    let history = bench.get(&format!("{RISKY_USERS}/{id}/history")).await.rows();
    assert_eq!((history[0]["id"].as_str(), history[0]["userId"].as_str()), (Some(id.as_str()), Some(id.as_str())));
    assert_eq!(history[0]["activity"]["detail"], "adminDismissedAllRiskForUser");
    assert_eq!(bench.emulator.greatest_acts_per_id(), 1);
    bench.dismiss(&users[..2]).await;
    assert_eq!(bench.emulator.greatest_acts_per_id(), 2);
    assert_eq!(bench.emulator.accepted("POST", "dismiss"), 2);
}

#[tokio::test]
async fn confirming_adds_a_detection_and_sign_in_verbs_take_request_ids() {
    let bench = Bench::calm().await;
    let id = bench.open_users().await[0].clone();
    let detections = "/v1.0/identityProtection/riskDetections";
    let before = bench.all(detections, &[]).await.len();
    let got = bench.post("/v1.0/identityProtection/riskyUsers/confirmCompromised", json!({"userIds": [id]})).await;
    assert_eq!(got.status, 204, "{}", got.text);
    let filter = format!("userId eq '{id}' and riskEventType eq 'adminConfirmedUserCompromised'");
    let added = bench.all(detections, &[("$filter", &filter)]).await;
    assert_eq!((added.len(), bench.all(detections, &[]).await.len()), (1, before + 1));
    let got = bench.get(&format!("{detections}/{}", added[0]["id"].as_str().unwrap())).await;
    assert_eq!(got.json()["riskState"], "confirmedCompromised");

    let risky = bench.all("/beta/auditLogs/signIns", &[("$filter", "riskState eq 'atRisk'")]).await;
    let sign_in = risky[0]["id"].as_str().unwrap();
    let got = bench.post("/v1.0/auditLogs/signIns/confirmSafe", json!({"requestIds": [sign_in]})).await;
    assert_eq!(got.status, 204, "{}", got.text);
    assert_eq!(bench.get(&format!("/beta/auditLogs/signIns/{sign_in}")).await.json()["riskState"], "confirmedSafe");
}

#[tokio::test]
async fn a_deleted_user_stays_in_the_list_is_gone_from_the_directory_and_poisons_a_batch() {
    let bench = Bench::with_users(400, Vec::new(), None).await;
    let deleted = ids(&bench.all("/v1.0/directory/deletedItems/microsoft.graph.user", &[("$select", "id")]).await);
    let risky = bench.all(RISKY_USERS, &[]).await;
    let row = risky.iter().find(|row| row["riskState"] == "atRisk" && deleted.iter().any(|id| row["id"] == **id)).unwrap();
    assert_eq!(row["isDeleted"], false);
    let id = row["id"].as_str().unwrap().to_owned();
    assert_eq!(bench.get(&format!("/v1.0/users/{id}")).await.error().1, "Request_ResourceNotFound");
    assert_eq!(bench.query("/v1.0/users", &[("$filter", &format!("id in ('{id}')"))]).await.rows().len(), 0);
    assert_eq!(bench.get(&format!("/v1.0/directory/deletedItems/{id}")).await.json()["id"], id.as_str());
    let other = bench.open_users().await[0].clone();
    assert_eq!(bench.dismiss(&[other.clone(), id.clone()]).await.error().0, 400);
    assert_eq!(bench.state(&other).await, "atRisk");
    assert_eq!(bench.post(&format!("/v1.0/directory/deletedItems/{id}/restore"), json!({})).await.status, 200);
    assert_eq!(bench.get(&format!("/v1.0/users/{id}")).await.status, 200);
}

#[tokio::test]
async fn what_is_changed_in_the_directory_can_be_read() {
    let mut bench = Bench::calm().await;
    bench.sign_in_operator("https://graph.microsoft.com/.default").await;
    let details = "/v1.0/reports/authenticationMethods/userRegistrationDetails";
    let ordinary = bench.all(details, &[("$filter", "isAdmin eq false and isMfaRegistered eq true")]).await;
    let id = ids(&ordinary)[0].clone();
    let user = format!("/v1.0/users/{id}");
    let selected = format!("{user}?$select=id,accountEnabled,lastPasswordChangeDateTime,signInSessionsValidFromDateTime");
    assert_eq!(bench.get(&user).await.json().get("accountEnabled"), None, "it must be asked for");
    assert_eq!(bench.get(&selected).await.json()["accountEnabled"], true);

    assert_eq!(bench.patch(&user, json!({"accountEnabled": false})).await.status, 204);
    assert_eq!(bench.get(&selected).await.json()["accountEnabled"], false);
    assert_eq!(bench.get(&format!("{details}/{id}")).await.status, 404, "disabled users are not reported");
    assert_eq!(bench.patch(&user, json!({"accountEnabled": true})).await.status, 204);
    let profile = json!({"passwordProfile": {"password": "Correct-Horse-9", "forceChangePasswordNextSignIn": true}});
    assert_eq!(bench.patch(&user, profile).await.status, 204);
    assert_eq!(bench.post(&format!("{user}/revokeSignInSessions"), json!({})).await.json()["value"], true);
    let changed = bench.get(&selected).await.json();
    assert!(changed["signInSessionsValidFromDateTime"].as_str() >= changed["lastPasswordChangeDateTime"].as_str());

    let methods = bench.get(&format!("{user}/authentication/methods")).await.rows();
    assert_eq!((methods.len(), &methods[0]["id"]), (2, &json!("28c10230-6103-485e-b985-444c60001490")));
    let reset = bench.post(&format!("{user}/authentication/methods/{}/resetPassword", PASSWORD_METHOD), json!({})).await;
    assert!(reset.status == 202 && reset.json()["newPassword"].is_string(), "{}", reset.text);
    assert_eq!(bench.get(reset.header("location").unwrap()).await.json()["status"], "succeeded");

    let name = ordinary[0]["userPrincipalName"].as_str().unwrap();
    assert_eq!(bench.get(&format!("/v1.0/users/{name}")).await.json()["id"], id.as_str());
    let device = bench.get(&format!("{user}/registeredDevices")).await.rows()[0].clone();
    let path = format!("/v1.0/devices/{}", device["id"].as_str().unwrap());
    assert_eq!(bench.patch(&path, json!({"accountEnabled": false})).await.status, 204);
    assert_eq!(bench.get(&format!("{user}/ownedDevices/microsoft.graph.device")).await.rows()[0]["accountEnabled"], false);
    assert_eq!(bench.patch("/v1.0/devices/none", json!({"accountEnabled": false})).await.status, 404);
    assert_eq!(bench.get("/v1.0/me").await.json()["displayName"], "Demo Operator");
}

#[tokio::test]
async fn a_password_from_an_administrator_closes_risk_and_calm_users_stay_as_they_are() {
    let bench = Bench::with_users(400, Vec::new(), None).await;
    let profile = json!({"passwordProfile": {"password": "Correct-Horse-9", "forceChangePasswordNextSignIn": true}});
    let details = "/v1.0/reports/authenticationMethods/userRegistrationDetails";
    let ordinary = ids(&bench.all(details, &[("$filter", "isAdmin eq false")]).await);
    let (open, risky) = (bench.open_users().await, ids(&bench.all(RISKY_USERS, &[]).await));
    let at_risk = ordinary.iter().find(|id| open.contains(id)).unwrap();
    let calm = ordinary.iter().find(|id| !risky.contains(id)).unwrap();
    for id in [at_risk, calm] {
        assert_eq!(bench.patch(&format!("/v1.0/users/{id}"), profile.clone()).await.status, 204);
    }
    let user = bench.get(&format!("{RISKY_USERS}/{at_risk}")).await.json();
    assert_eq!((&user["riskState"], &user["riskDetail"]), (&json!("remediated"), &json!("adminGeneratedTemporaryPassword")));
    assert!(!bench.open_users().await.contains(at_risk));
    assert_eq!(bench.get(&format!("{RISKY_USERS}/{calm}")).await.status, 404);
}

#[tokio::test]
async fn a_change_that_is_only_required_leaves_password_and_risk_as_they_are() {
    let bench = Bench::with_users(400, Vec::new(), None).await;
    let details = "/v1.0/reports/authenticationMethods/userRegistrationDetails";
    let ordinary = ids(&bench.all(details, &[("$filter", "isAdmin eq false")]).await);
    let open = bench.open_users().await;
    let id = ordinary.iter().find(|id| open.contains(id)).unwrap();
    let user = format!("/v1.0/users/{id}");
    let selected = format!("{user}?$select=id,passwordProfile,lastPasswordChangeDateTime");
    let profile = |forced: bool, with_mfa: bool| json!({"password": null, "forceChangePasswordNextSignIn": forced, "forceChangePasswordNextSignInWithMfa": with_mfa});
    let before = bench.get(&selected).await.json();
    assert_eq!(before["passwordProfile"], profile(false, false));
    assert_eq!(bench.get(&user).await.json().get("passwordProfile"), None, "it must be asked for");
    let asked = json!({"passwordProfile": {"forceChangePasswordNextSignIn": true, "forceChangePasswordNextSignInWithMfa": true}});
    assert_eq!(bench.patch(&user, asked).await.status, 204);
    let after = bench.get(&selected).await.json();
    assert_eq!(after["passwordProfile"], profile(true, true));
    assert_eq!(after["lastPasswordChangeDateTime"], before["lastPasswordChangeDateTime"]);
    assert_eq!(bench.state(id).await, "atRisk");
    assert_eq!(bench.patch(&user, json!({"passwordProfile": {"forceChangePasswordNextSignIn": false}})).await.status, 204);
    let listed = bench.query("/v1.0/users", &[("$filter", &format!("id in ('{id}')")), ("$select", "id,passwordProfile")]).await.rows();
    assert_eq!(listed[0]["passwordProfile"], profile(false, false));
    let set = json!({"passwordProfile": {"password": "Correct-Horse-9", "forceChangePasswordNextSignIn": false}});
    assert_eq!(bench.patch(&user, set).await.status, 204);
    assert_eq!(bench.get(&selected).await.json()["passwordProfile"], profile(false, false));
    assert_eq!(bench.state(id).await, "remediated");
    assert_eq!(bench.patch(&user, json!({"passwordProfile": {}})).await.status, 400);
}

#[tokio::test]
async fn sign_ins_name_policies_that_there_are_and_methods_tell_when_they_were_registered() {
    let bench = Bench::with_users(200, Vec::new(), None).await;
    let policies = bench.get("/v1.0/identity/conditionalAccess/policies").await.rows();
    let mut blocked = 0;
    for sign_in in bench.all("/beta/auditLogs/signIns", &[("$filter", "status/errorCode eq 53004")]).await {
        for applied in sign_in["appliedConditionalAccessPolicies"].as_array().unwrap() {
            let policy = policies.iter().find(|policy| policy["id"] == applied["id"]).unwrap();
            assert_eq!((&policy["displayName"], &policy["state"]), (&applied["displayName"], &json!("enabled")));
            blocked += 1;
        }
    }
    assert!(blocked >= 3);
    let details = "/v1.0/reports/authenticationMethods/userRegistrationDetails";
    let registered = ids(&bench.all(details, &[("$filter", "isMfaRegistered eq true")]).await);
    let methods = bench.get(&format!("/v1.0/users/{}/authentication/methods", registered[0])).await.rows();
    assert_eq!(methods[1]["@odata.type"], "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod");
    assert!(methods.iter().all(|method| method["createdDateTime"].is_string()), "{methods:?}");
}

#[tokio::test]
async fn administrators_are_beyond_the_operators_role() {
    let mut bench = Bench::with_users(400, Vec::new(), None).await;
    bench.sign_in_operator("https://graph.microsoft.com/.default").await;
    let details = "/v1.0/reports/authenticationMethods/userRegistrationDetails";
    let admins = ids(&bench.all(details, &[("$filter", "isAdmin eq true")]).await);
    let got = bench.patch(&format!("/v1.0/users/{}", admins[0]), json!({"accountEnabled": false})).await;
    assert_eq!((got.error().0, got.error().1.as_str()), (403, "Authorization_RequestDenied"));
}

#[tokio::test]
async fn a_change_of_a_policy_replaces_its_lists() {
    let bench = Bench::calm().await;
    let path = "/v1.0/identity/conditionalAccess/policies";
    let policies = bench.get(path).await.rows();
    let levels = |name: &str| policies.iter().filter(|policy| !policy["conditions"][name].as_array().unwrap().is_empty()).count();
    assert_eq!((levels("userRiskLevels"), levels("signInRiskLevels")), (2, 1));
    let policy = format!("{path}/{}", policies[0]["id"].as_str().unwrap());
    let change = json!({"conditions": {"users": {"excludeUsers": ["new"]}}});
    assert_eq!(bench.patch(&policy, change).await.status, 204);
    let changed = bench.get(&policy).await.json();
    assert_eq!(changed["conditions"]["users"]["excludeUsers"], json!(["new"]));
    assert_eq!(changed["conditions"]["users"]["includeUsers"], json!(["All"]));
    assert_eq!(bench.patch(&policy, json!({"state": "off"})).await.status, 400);
    assert_eq!(bench.patch(&policy, json!({"conditions": {"users": {"excludeUsers": "x"}}})).await.status, 400);

    let locations = "/v1.0/identity/conditionalAccess/namedLocations";
    let range = json!({"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "198.51.100.7/32"});
    let location =
        json!({"@odata.type": "#microsoft.graph.ipNamedLocation", "displayName": "Mine", "isTrusted": true, "ipRanges": [range]});
    let made = bench.post(locations, location.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = format!("{locations}/{}", made.json()["id"].as_str().unwrap());
    let change = json!({"@odata.type": "#microsoft.graph.ipNamedLocation", "isTrusted": false});
    assert_eq!(bench.patch(&made, change).await.status, 204);
    assert_eq!(bench.get(&made).await.json()["isTrusted"], false);
    assert_eq!(bench.get(locations).await.rows().len(), 3);
}

#[tokio::test]
async fn the_tenant_tells_its_name_and_licence() {
    let bench = Bench::calm().await;
    assert_eq!(bench.get("/v1.0/organization").await.rows()[0]["id"], bench.emulator.tenant_id());
    assert!(bench.get("/v1.0/subscribedSkus").await.text.contains("AAD_PREMIUM_P2"));
    assert_eq!(bench.get("/v1.0/me").await.status, 400, "an application is nobody");
}

#[tokio::test]
async fn requests_beyond_the_pace_are_429_without_retry_after_and_are_counted() {
    let bench = Bench::new(Vec::new(), Some(0.01)).await;
    assert_eq!(bench.get(RISKY_USERS).await.status, 200);
    let refused = bench.get("/v1.0/identity/conditionalAccess/policies").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, None));
    assert_eq!(refused.error().1, "TooManyRequests");
    assert_eq!(bench.get(RISKY_USERS).await.status, 429);
    for _ in 0..5 {
        assert_eq!(bench.get("/v1.0/auditLogs/signIns").await.status, 200);
    }
    assert_eq!(bench.get("/v1.0/auditLogs/signIns").await.status, 429);
    assert_eq!(bench.get("/v1.0/users").await.status, 200);
    assert_eq!((bench.emulator.count("GET", "riskyUsers"), bench.emulator.accepted("GET", "riskyUsers")), (2, 1));
}

#[tokio::test]
async fn a_batch_answers_each_request_by_its_id() {
    let bench = Bench::new(Vec::new(), Some(0.01)).await;
    let request = |id: &str, url: &str| json!({"id": id, "method": "GET", "url": url});
    let got = bench.post(
        "/v1.0/$batch",
        json!({"requests": [
            request("1", "/users?$top=1&$filter=accountEnabled eq true"),
            request("2", "/identityProtection/riskyUsers?$top=1"),
            request("3", "/identityProtection/riskyUsers?$top=1"),
            {"id": "4", "method": "GET", "url": "/me", "dependsOn": ["3"]},
        ]}),
    );
    let got = got.await;
    let answers = got.json()["responses"].as_array().unwrap().clone();
    let status = |id: &str| answers.iter().find(|answer| answer["id"] == id).unwrap()["status"].as_u64().unwrap();
    assert_eq!(["1", "2", "3", "4"].map(status), [200, 200, 429, 424]);
    let many: Vec<Value> = (0..21).map(|id| request(&id.to_string(), "/me")).collect();
    for body in [
        json!({"requests": many}),
        json!({"requests": []}),
        json!({}),
        json!({"requests": [{"id": "1", "method": "POST", "url": "/x", "body": {}}]}),
    ] {
        assert_eq!(bench.post("/v1.0/$batch", body).await.error().0, 400);
    }
}
