//! Situations, one by one: each snapshot was read against the source document.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::*;
use crate::domain::action::Aim;
use crate::domain::dataset::Dataset;
use crate::domain::facts::BlockedBy;
use crate::domain::fixture;
use crate::domain::plan::{Plan, PlanTarget, Target, Verdict as Judged};
use crate::domain::policy::{IpLocation, Policy, range, range_value};
use crate::domain::records::{AppliedPolicy, AuthenticationMethod, Device, SignIn, SignInStatus};
use crate::domain::risk::{RiskDetail, RiskLevel, RiskState, TokenIssuerType};
use crate::domain::transition::{Cause, Event, apply};

/// A situation, which borrows nothing.
#[derive(Clone)]
struct Situation {
    records: UserRecords,
    tenant: TenantFacts,
    settings: TenantSettings,
    access: Access,
    holder: Option<Holder>,
    change_required_at: Option<Timestamp>,
}

impl Situation {
    /// A cloud user at medium risk, in a tenant with the usual policies.
    fn of(kind: &str) -> Self {
        Situation {
            records: fixture::risky_user("adele", kind),
            tenant: TenantFacts { policies: Some(usual()), locations: Some(Vec::new()) },
            settings: TenantSettings::default(),
            access: Access::ReadWrite,
            holder: None,
            change_required_at: None,
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn hybrid(self, writeback: Option<bool>, hash_sync: Option<bool>, on_premises: Option<bool>) -> Self {
        self.with(|of| {
            of.records.directory.on_premises_sync_enabled = Some(true);
            of.settings.password_writeback = writeback;
            of.settings.password_hash_sync = hash_sync;
            of.settings.on_premises_reset_remediates = on_premises;
        })
    }

    fn policies(self, policies: Option<Vec<Policy>>) -> Self {
        self.with(|of| of.tenant.policies = policies)
    }

    /// The risky sign-in failed with this code; a policy is named where one did it.
    fn blocked(self, code: i64, reason: &str, policy: Option<&str>) -> Self {
        self.with(|of| {
            let sign_in = &mut of.records.sign_ins[0];
            sign_in.status = Some(SignInStatus { error_code: Some(code), failure_reason: Some(reason.into()), ..Default::default() });
            sign_in.applied_conditional_access_policies = policy
                .map(|id| AppliedPolicy {
                    id: Some(id.into()),
                    display_name: Some(format!("Policy {id}").into()),
                    result: Some("failure".into()),
                    enforced_grant_controls: vec!["Block".into()],
                })
                .into_iter()
                .collect();
        })
    }

    fn explained(&self) -> Explanation {
        explain(&self.facts())
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            records: &self.records,
            tenant: &self.tenant,
            settings: &self.settings,
            tenant_id: Some("f1e2d3c4-0000-4000-8000-000000000001"),
            access: self.access,
            holder: self.holder.as_ref(),
            change_required_at: self.change_required_at,
            now: fixture::now(),
        }
    }
}

fn hours_ago(hours: i64) -> Option<Timestamp> {
    Some(Timestamp(fixture::now().0 - TimeDelta::hours(hours)))
}

fn policy(id: &str, name: &str, condition: &str, levels: &[&str], controls: &[&str]) -> Policy {
    let mut object = json!({
        "id": id, "displayName": name, "state": "enabled",
        "conditions": {"users": {"includeUsers": ["All"], "excludeUsers": []}},
        "grantControls": {"operator": "AND", "builtInControls": controls},
    });
    object["conditions"][condition] = json!(levels);
    Policy::read(object.as_object().unwrap()).unwrap()
}

/// A password change at medium and high user risk, multifactor authentication at medium and high sign-in risk.
fn usual() -> Vec<Policy> {
    vec![
        policy("change", "Change password at user risk", "userRiskLevels", &["medium", "high"], &["mfa", "passwordChange"]),
        policy("mfa", "MFA at sign-in risk", "signInRiskLevels", &["medium", "high"], &["mfa"]),
    ]
}

fn blocking() -> Vec<Policy> {
    vec![
        policy("block-user", "Block user risk", "userRiskLevels", &["medium", "high"], &["block"]),
        policy("block-sign-in", "Block sign-in risk", "signInRiskLevels", &["medium", "high"], &["block"]),
    ]
}

const BUILT_IN: &str = "Sign-in was blocked by built-in protections due to high confidence of risk.";

const MALICIOUS: &str = "Sign-in was blocked because it came from an IP address with malicious activity.";

fn holder(permissions: &[&str], roles: &[&str]) -> Option<Holder> {
    let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Some(Holder { permissions: texts(permissions), roles: Some(texts(roles)), ..Holder::default() })
}

fn closed(event: Event) -> impl FnOnce(&mut Situation) {
    move |of| apply(event, &mut of.records, &[], &Cause { at: fixture::now(), initiated_by: Some("me".to_owned()) })
}

/// No risk during the sign-in, so that a policy blocked for the user's own risk.
fn user_risk_alone(of: &mut Situation) {
    of.records.sign_ins[0].risk_level_during_sign_in = Some(RiskLevel::None);
}

fn earlier_sign_in(of: &mut Situation, code: i64) {
    let mut earlier = SignIn::unknown("adele-s0".into(), "adele".into());
    earlier.created_date_time = hours_ago(30);
    earlier.ip_address = Some("203.0.113.7".into());
    earlier.status = Some(SignInStatus { error_code: Some(code), ..Default::default() });
    earlier.risk_state = Some(RiskState::None);
    of.records.sign_ins.push(earlier);
}

#[rustfmt::skip]
fn situations() -> Vec<(&'static str, Situation)> {
    let of = Situation::of;
    vec![
        ("cloud_registered", of("passwordSpray")),
        ("cloud_without_mfa", of("passwordSpray").with(|of| of.records.directory.is_mfa_registered = Some(false))),
        ("cloud_without_sspr", of("passwordSpray").with(|of| of.records.directory.is_sspr_registered = Some(false))),
        ("nothing_read_of_the_directory", of("passwordSpray").policies(None).with(|of| of.records.directory = Default::default())),
        ("hybrid_with_writeback", of("passwordSpray").hybrid(Some(true), Some(true), Some(true))),
        ("hybrid_without_writeback", of("passwordSpray").hybrid(Some(false), Some(true), Some(false))),
        ("hybrid_without_writeback_but_on_premises", of("passwordSpray").hybrid(Some(false), Some(true), Some(true))),
        ("hybrid_nothing_stated", of("passwordSpray").hybrid(None, None, None)),
        ("token_theft", of("anomalousToken")),
        ("token_theft_without_policy", of("attackerinTheMiddle").policies(Some(Vec::new()))),
        ("token_theft_cannot_be_ruled_out", of("generic")),
        ("policy_not_enforced", of("passwordSpray").with(|of| {
            for policy in of.tenant.policies.iter_mut().flatten() {
                policy.state = "enabledForReportingButNotEnforced".to_owned();
            }
        })),
        ("policy_of_another_level", of("passwordSpray").with(|of| of.records.user.risk_level = Some(RiskLevel::Low))),
        ("policy_of_a_group", of("passwordSpray").with(|of| {
            for policy in of.tenant.policies.iter_mut().flatten() {
                policy.other_conditions["users"] = json!({"includeUsers": [], "includeGroups": ["g"]});
            }
        })),
        ("policies_not_read", of("passwordSpray").policies(None)),
        ("deleted", of("passwordSpray").with(|of| of.records.user.is_deleted = Some(true))),
        ("guest", of("passwordSpray").with(|of| of.records.directory.user_type = Some("Guest".into()))),
        ("privileged", of("passwordSpray").with(|of| of.records.directory.is_admin = Some(true))),
        ("federated", of("passwordSpray").hybrid(Some(true), Some(false), None).with(|of| {
            earlier_sign_in(of, 0);
            of.records.sign_ins[1].token_issuer_type = Some(TokenIssuerType::AdFederationServices);
        })),
        ("blocked_outright_for_user_risk", of("passwordSpray").policies(Some(blocking())).blocked(53003, "", Some("block-user")).with(user_risk_alone)),
        ("blocked_for_a_step_that_cannot_be_done", of("passwordSpray").blocked(53004, "", Some("change")).with(user_risk_alone)
            .with(|of| of.records.directory.is_mfa_registered = Some(false))),
        ("blocked_by_a_policy_that_was_not_read", of("passwordSpray").policies(None).blocked(53003, "", Some("gone")).with(user_risk_alone)),
        ("blocked_by_a_policy_that_excludes_by_now", of("passwordSpray").policies(Some(blocking())).blocked(53003, "", Some("block-user"))
            .with(user_risk_alone).with(|of| of.tenant.policies.as_mut().unwrap()[0].exclude_users = vec!["ADELE".to_owned()])),
        ("blocked_for_sign_in_risk", of("unfamiliarFeatures").policies(Some(blocking())).blocked(53003, "", Some("block-sign-in"))
            .with(|of| of.records.user.risk_level = Some(RiskLevel::Low)).with(|of| earlier_sign_in(of, 0))),
        ("blocked_for_sign_in_risk_without_mfa", of("unlikelyTravel").blocked(53003, "", Some("mfa"))
            .with(|of| of.records.directory.is_mfa_registered = Some(false))),
        ("blocked_by_built_in_protection_over_imap", of("passwordSpray").blocked(50053, BUILT_IN, None)
            .with(|of| of.records.sign_ins[0].client_app_used = Some("IMAP4".into()))),
        ("blocked_by_built_in_protection_at_a_trusted_address", of("unfamiliarFeatures").blocked(50053, BUILT_IN, None).with(|of| {
            let ranges = vec![range_value(&range("203.0.113.0/24").unwrap())];
            of.tenant.locations = Some(vec![IpLocation { id: "l".to_owned(), display_name: "Office".to_owned(), is_trusted: true, ranges, ..IpLocation::default() }]);
        })),
        ("blocked_over_imap_while_the_browser_works", of("passwordSpray").blocked(50053, BUILT_IN, None).with(|of| {
            of.records.sign_ins[0].client_app_used = Some("IMAP4".into());
            earlier_sign_in(of, 0);
            (of.records.sign_ins[1].created_date_time, of.records.sign_ins[1].ip_address) = (Some(fixture::now()), Some("198.51.100.9".into()));
            of.records.sign_ins[1].client_app_used = Some("Browser".into());
            of.records.sort();
        })),
        ("blocked_for_user_risk_at_a_risky_sign_in", of("unfamiliarFeatures").policies(Some(blocking())).blocked(53003, "", Some("block-user"))),
        ("blocked_at_risk_by_a_policy_that_is_not_about_risk", of("passwordSpray").blocked(53003, "", Some("countries"))
            .policies(Some(vec![policy("countries", "Countries of no business", "clientAppTypes", &["all"], &["block"])])).with(user_risk_alone)),
        ("compromise_confirmed_on_a_sign_in", of("unfamiliarFeatures").with(|of| {
            let id = of.records.sign_ins[0].id.clone();
            apply(Event::ConfirmSignInCompromised, &mut of.records, &[id], &Cause { at: fixture::now(), initiated_by: None });
        })),
        ("blocked_by_smart_lockout_without_risk", of("passwordSpray").blocked(50053, "The account is locked.", None).with(|of| {
            of.records.user.risk_state = Some(RiskState::None);
            of.records.detections.clear();
        })),
        ("blocked_from_an_address_with_malicious_activity", of("passwordSpray").blocked(50053, MALICIOUS, None)),
        ("blocked_with_50053_without_a_reason", of("passwordSpray").blocked(50053, "", None)),
        ("locked_out_yesterday", of("passwordSpray").blocked(50053, "The account is locked.", None)
            .with(|of| of.records.sign_ins[0].created_date_time = hours_ago(24))),
        ("blocked_by_a_disabled_account", of("anomalousToken").with(|of| of.records.directory.account_enabled = Some(false))),
        ("blocked_by_conditional_access_alone", of("passwordSpray").blocked(53003, "", Some("device"))
            .policies(Some(vec![policy("device", "Compliant devices", "clientAppTypes", &["all"], &["compliantDevice"])]))
            .with(user_risk_alone).with(|of| of.records.user.risk_state = Some(RiskState::None)).with(|of| of.records.detections.clear())),
        ("blocked_by_two_causes", of("passwordSpray").policies(Some(blocking())).blocked(53003, "", Some("block-sign-in")).with(|of| {
            earlier_sign_in(of, 53003);
            of.records.sign_ins[1].applied_conditional_access_policies =
                vec![AppliedPolicy { id: Some("block-user".into()), result: Some("failure".into()), ..Default::default() }];
        })),
        ("read_only", of("passwordSpray").with(|of| of.access = Access::ReadOnly)),
        ("evidence_workspace", of("passwordSpray").with(|of| of.access = Access::Evidence)),
        ("permission_missing", of("passwordSpray").with(|of| of.holder = holder(&["IdentityRiskyUser.ReadWrite.All"], &["Security Operator"]))),
        ("role_missing", of("passwordSpray").with(|of| of.holder = holder(
            &["IdentityRiskyUser.ReadWrite.All", "User.ReadWrite.All", "Device.ReadWrite.All", "Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"], &["Security Reader"]))),
        ("change_required_and_pending", of("passwordSpray").policies(Some(Vec::new())).with(|of| {
            of.change_required_at = hours_ago(2);
            of.records.directory.password_change_required = Some(true);
        })),
        ("dismissed_but_not_safe", of("anomalousToken").with(closed(Event::DismissUserRisk)).with(|of| {
            of.records.directory.last_password_change_date_time = hours_ago(500);
            of.records.directory.sign_in_sessions_valid_from_date_time = hours_ago(500);
            of.records.methods = Some(vec![AuthenticationMethod {
                id: "m".into(), kind: "phoneAuthenticationMethod".into(), display_name: None, created_date_time: Some(fixture::now()),
            }]);
        })),
        ("confirmed_compromised_with_devices", of("leakedCredentials").with(closed(Event::ConfirmUserCompromised)).with(|of| {
            let device = |name: &str, enabled| Device {
                id: name.into(), device_id: None, display_name: Some(name.into()), operating_system: None, account_enabled: Some(enabled),
            };
            of.records.devices = Some(vec![device("LAPTOP-1", true), device("OLD-PHONE", false)]);
            of.settings.continuous_access_evaluation = Some(true);
        })),
        ("fixed_elsewhere", of("leakedCredentials").with(|of| {
            of.records.directory.last_password_change_date_time = Some(fixture::now());
            of.records.directory.sign_in_sessions_valid_from_date_time = Some(fixture::now());
        })),
        ("unfamiliar_from_a_known_address", of("unfamiliarFeatures").with(|of| earlier_sign_in(of, 0))),
        ("evidence_expired", of("passwordSpray").with(|of| {
            of.records.detections.clear();
            of.records.sign_ins.clear();
            of.records.user.risk_last_updated_date_time = hours_ago(24 * 200);
        })),
        ("still_processing", of("passwordSpray").with(|of| of.records.user.is_processing = Some(true))),
        ("nothing_known_at_all", of("passwordSpray").policies(None).with(|of| of.records = UserRecords::unknown("adele".into()))),
        ("names_that_attack", of("passwordSpray").policies(Some(vec![policy(
            "p", "\u{1b}[2J\n\u{202e}policy", "userRiskLevels", &["medium"], &["block"])]))),
    ]
}

fn mark(available: Option<bool>) -> &'static str {
    match available {
        Some(true) => "+",
        Some(false) => "-",
        None => "?",
    }
}

/// An explanation, a line for each thing that it says.
fn rendered(explanation: &Explanation) -> String {
    let mut lines: Vec<String> = explanation.why.iter().map(|why| format!("why: {why}")).collect();
    lines.extend(explanation.safety.iter().map(|safety| format!("safe {:?}: {safety}", explanation.safe)));
    for verdict in &explanation.verdicts {
        lines.push(format!("verdict: {} ({}): {}", verdict.verdict, verdict.action, verdict.because.join("; ")));
    }
    for advice in &explanation.advice {
        let because = advice.because.join("; ");
        let start = advice.start.as_ref().map_or(String::new(), |start| {
            let about = start.policy.iter().chain(&start.addresses).cloned().collect::<Vec<_>>().join(" ");
            if about.is_empty() { String::new() } else { format!(" [{about}]") }
        });
        lines.push(format!("{} {}{start}: {because}", mark(advice.available), advice.option).trim_end_matches([':', ' ']).to_owned());
    }
    let ways: Vec<String> = explanation.ways_out().map(|way| format!("{} {}", mark(way.available), way.option)).collect();
    lines.push(format!("ways out: {}", if ways.is_empty() { "none needed".to_owned() } else { ways.join(", ") }));
    lines.join("\n")
}

#[test]
fn each_situation_is_explained_truly() {
    for (name, situation) in situations() {
        insta::assert_snapshot!(name, rendered(&situation.explained()));
    }
}

#[test]
fn every_option_of_the_source_document_is_there_for_everybody_and_none_twice() {
    for (name, situation) in situations() {
        let mut options: Vec<&str> = situation.explained().advice.iter().map(|advice| advice.option).collect();
        for documented in DOCUMENTED {
            assert!(options.contains(&documented), "{documented} is missing: {name}");
        }
        let count = options.len();
        options.sort_unstable();
        options.dedup();
        assert_eq!(options.len(), count, "{name}");
    }
}

#[test]
fn what_is_not_plainly_available_says_why() {
    for (name, situation) in situations() {
        for advice in situation.explained().advice {
            assert!(advice.available == Some(true) || !advice.because.is_empty(), "{}: {name}", advice.option);
            assert!(!advice.effect.is_empty() && !advice.section.is_empty(), "{}: {name}", advice.option);
        }
    }
}

#[test]
fn whoever_is_blocked_has_ways_out_of_every_cause() {
    for (name, situation) in situations() {
        let explanation = situation.explained();
        let blocked = explanation.blocked.value == Some(true) || !explanation.warnings.is_empty();
        assert_eq!(explanation.ways_out().next().is_some(), blocked, "{name}");
        // No option that ends a block is got at without the table that orders them.
        for cause in BlockedBy::ALL {
            let options: Vec<&str> = rules::ways_out(&[cause], explanation.at_risk).into_iter().map(|(_, option)| option).collect();
            assert!(
                !explanation.blocked.by.contains(&cause) || options.iter().all(|o| explanation.ways_out().any(|way| way.option == *o)),
                "{name}"
            );
        }
    }
}

#[test]
fn who_will_be_blocked_is_told_before_it_happens() {
    let mut seen = 0;
    for (name, situation) in situations() {
        let explanation = situation.explained();
        let told = explanation.warnings.iter().all(|why| explanation.why.contains(why));
        assert!(told && (explanation.warnings.is_empty() || explanation.blocked.value != Some(true)), "{name}");
        seen += usize::from(!explanation.warnings.is_empty());
    }
    assert!(seen > 0);
}

/// The plan of an option, as the adviser would start it.
fn planned(situation: &Situation, start: &Start) -> PlanTarget {
    let policy = start.policy.as_deref().and_then(|id| situation.tenant.policy(id)).cloned();
    let context = PlanContext {
        settings: situation.settings,
        holder: situation.holder.clone(),
        policy,
        ..PlanContext::new("me", situation.access, fixture::now())
    };
    let mut dataset: Dataset = [situation.records.clone()].into_iter().collect();
    dataset.set_tenant(situation.tenant.clone());
    Plan::compute(start.action, &[Target::User(situation.records.id().clone())], &dataset, &context).targets.remove(0)
}

#[test]
fn what_the_adviser_offers_no_plan_refuses_and_what_it_rules_out_no_plan_takes_in_unasked() {
    for (name, situation) in situations() {
        for advice in situation.explained().advice {
            let Some(start) = advice.start.filter(|start| start.action.aim() == Aim::User) else { continue };
            let target = planned(&situation, &start);
            let told = format!("{name}: {} {:?} {:?}, planned {:?}", advice.option, advice.available, advice.because, target.because);
            match advice.available {
                Some(true) => {
                    assert_ne!(target.verdict, Judged::Refused, "{told}");
                    assert!(!advice.because.is_empty() || target.verdict == Judged::Eligible, "{told}");
                }
                Some(false) => assert_ne!(target.verdict, Judged::Eligible, "{told}"),
                None => {}
            }
        }
    }
}

#[test]
fn nothing_can_be_started_where_nothing_can_be_sent() {
    for (_, situation) in situations() {
        for access in [Access::ReadOnly, Access::Evidence] {
            let situation = situation.clone().with(|of| of.access = access);
            for advice in situation.explained().advice.iter().filter(|advice| advice.start.is_some()) {
                assert_eq!(advice.available, Some(false), "{}", advice.option);
                assert!(advice.because.iter().any(|why| why.starts_with("read-only: ")), "{}", advice.option);
            }
        }
    }
}

#[test]
fn dismissing_tells_the_transition_and_that_the_password_is_untouched() {
    let explanation = Situation::of("passwordSpray").explained();
    let dismiss = explanation.advice.iter().find(|advice| advice.option == options::DISMISS).unwrap();
    insta::assert_snapshot!(dismiss.effect, @r#"User, all risky sign-ins and their detections: risk state "At risk" -> "Dismissed", risk detail "-" -> "Admin dismissed all risk for user" (adminDismissedAllRiskForUser). It cannot be undone. The password is untouched: dismissing does not bring the identity back into a safe state."#);
}

#[test]
fn the_text_of_a_support_case_is_ready_and_safe() {
    let situation = Situation::of("passwordSpray").with(|of| {
        of.records.user.is_deleted = Some(true);
        of.records.user.user_principal_name = Some("a\ndele@contoso.test".into());
    });
    insta::assert_snapshot!(support_case(&situation.facts()), @r"
    Please remove a deleted user from the risk report of Microsoft Entra ID Protection.
    Tenant ID: f1e2d3c4-0000-4000-8000-000000000001
    Object ID: adele
    User principal name: a\ndele@contoso.test
    Risk state: atRisk
    Risk level: medium
    The account was deleted from the directory, still appears as a risky user, and cannot be dismissed by an administrator.
    ");
    let of_files = support_case(&Facts { tenant_id: None, ..situation.facts() });
    assert!(of_files.contains("Tenant ID: <tenant id>"), "{of_files}");
}

#[test]
fn every_fact_has_a_value_or_null_and_a_source() {
    let explanation = Situation::of("anomalousToken").with(|of| of.records.user.risk_detail = Some(RiskDetail::None)).explained();
    let told: Vec<String> = explanation.situation.iter().map(|fact| format!("{} = {} ({})", fact.name, fact.value, fact.source)).collect();
    insta::assert_snapshot!(told.join("\n"));
    let nothing = Situation::of("x").policies(None).with(|of| of.records = UserRecords::unknown("adele".into())).explained();
    let known: Vec<&str> = nothing.situation.iter().filter(|fact| fact.value != Value::Null).map(|fact| fact.name).collect();
    assert_eq!(known, ["openDetections", "evidence"]);
}
