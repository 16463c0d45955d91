use serde_json::json;

use super::*;
use crate::domain::fixture;
use crate::domain::records::SignInStatus;
use crate::domain::risk::TokenIssuerType;
use crate::domain::scales::Availability;

/// A tenant with one policy on user risk, one on sign-in risk, both at medium and high, and what else is given.
struct Bench {
    records: UserRecords,
    tenant: TenantFacts,
    settings: TenantSettings,
    change_required: bool,
}

fn policy(id: &str, about: &str, levels: &[&str], controls: &[&str]) -> Policy {
    let mut object = json!({
        "id": id, "displayName": id, "state": "enabled",
        "conditions": {"users": {"includeUsers": ["All"], "excludeUsers": ["glass"]}},
        "grantControls": {"builtInControls": controls},
    });
    object["conditions"][about] = json!(levels);
    Policy::read(object.as_object().unwrap()).unwrap()
}

fn bench(kind: &str) -> Bench {
    let policies = vec![
        policy("user risk", "userRiskLevels", &["medium", "high"], &["mfa", "passwordChange"]),
        policy("sign-in risk", "signInRiskLevels", &["medium", "high"], &["mfa"]),
    ];
    Bench {
        records: fixture::risky_user("u1", kind),
        tenant: TenantFacts { policies: Some(policies), locations: None },
        settings: TenantSettings::default(),
        change_required: false,
    }
}

#[derive(Debug, Clone, Copy)]
enum Way {
    Mfa,
    Change,
    Reset,
    OnPremises,
    System,
}

const WAYS: [Way; 5] = [Way::Mfa, Way::Change, Way::Reset, Way::OnPremises, Way::System];

impl Bench {
    fn ask(&self, way: Way) -> Availability {
        let (records, tenant, settings) = (&self.records, &self.tenant, &self.settings);
        let told = match way {
            Way::Mfa => mfa(records, &records.sign_ins[0], tenant),
            Way::Change => secure_password_change(records, tenant, settings, self.change_required),
            Way::Reset => self_service_reset(records, settings),
            Way::OnPremises => on_premises_change(records, settings),
            Way::System => system_dismissal(records, &records.sign_ins[0]),
        };
        told.weighed()
    }
}

/// What a policy asks for at sign-in risk is told by a strength, as in Microsoft's own template.
fn strengthen(bench: &mut Bench) {
    let object = json!({
        "id": "strong", "displayName": "strong", "state": "enabled",
        "conditions": {"signInRiskLevels": ["medium"], "users": {"includeUsers": ["All"], "excludeUsers": []}},
        "grantControls": {"builtInControls": [], "authenticationStrength": {"id": "00000000-0000-0000-0000-000000000002"}},
    });
    *policies(bench) = vec![Policy::read(object.as_object().unwrap()).unwrap()];
}

/// What is changed of the bench, by which way, the answer, and a part of what is said.
type Row = (fn(&mut Bench), Way, Option<bool>, &'static str);

#[test]
fn each_condition_of_each_way_decides() {
    let rows: &[Row] = &[
        (|_| {}, Way::Mfa, Some(true), "\"sign-in risk\" asks for multifactor authentication at medium sign-in risk"),
        (|b| b.records.directory.is_mfa_registered = Some(false), Way::Mfa, Some(false), "not registered for multifactor"),
        (|b| b.records.directory.is_mfa_registered = None, Way::Mfa, None, "was not read"),
        (|b| b.tenant.policies = None, Way::Mfa, None, "whether a policy asks for"),
        (|b| b.tenant.policies = Some(vec![]), Way::Mfa, Some(false), "no enforced policy"),
        (|b| b.records.sign_ins[0].risk_level_during_sign_in = Some(RiskLevel::Low), Way::Mfa, Some(false), "at low sign-in risk"),
        (|b| not_enforced(b, 1), Way::Mfa, Some(false), "no enforced policy"),
        (|b| exclude(b, 1), Way::Mfa, Some(false), "leaves the user out"),
        (|b| by_group(b, 1), Way::Mfa, None, "groups, roles or other conditions decide"),
        (|b| b.records.sign_ins[0].risk_state = Some(RiskState::Dismissed), Way::Mfa, Some(false), "no open risk"),
        (|b| add(b, policy("wall", "signInRiskLevels", &["medium"], &["block"])), Way::Mfa, Some(false), "\"wall\" blocks"),
        (|_| {}, Way::Change, Some(true), "\"user risk\" asks for a password change at medium user risk"),
        (|b| b.records.directory.is_mfa_registered = Some(false), Way::Change, Some(false), "not registered for multifactor"),
        (|b| b.records.user.risk_level = Some(RiskLevel::Low), Way::Change, Some(false), "at low user risk"),
        (|b| require(b), Way::Change, Some(true), "an administrator requires"),
        (|b| exclude(b, 0), Way::Change, Some(false), "leaves the user out"),
        (|b| hybrid(b), Way::Change, None, "entriage settings passwordWriteback true"),
        (|b| (hybrid(b), b.settings.password_writeback = Some(false)).1, Way::Change, Some(false), "not written back"),
        (|b| (hybrid(b), b.settings.password_writeback = Some(true)).1, Way::Change, Some(true), "asks for"),
        (|b| b.records.directory.on_premises_sync_enabled = None, Way::Change, None, "was not read"),
        (|b| b.records.directory.user_type = Some("Guest".into()), Way::Change, Some(false), "home tenant"),
        (|_| {}, Way::Reset, Some(true), "self-service"),
        (|b| b.records.directory.is_sspr_registered = Some(false), Way::Reset, Some(false), "not registered for self-service"),
        (|b| b.records.directory.is_sspr_registered = None, Way::Reset, None, "was not read"),
        (|b| b.records.user.risk_state = Some(RiskState::Remediated), Way::Reset, Some(false), "no open risk"),
        (|b| b.records.user.risk_state = None, Way::Reset, None, "risk state was not read"),
        (|b| b.records.directory.account_enabled = Some(false), Way::Reset, Some(false), "disabled"),
        (|_| {}, Way::OnPremises, Some(false), "not synchronised"),
        (|b| hybrid(b), Way::OnPremises, None, "entriage settings passwordHashSync true"),
        (|b| (hybrid(b), b.settings.password_hash_sync = Some(true)).1, Way::OnPremises, None, "onPremisesResetRemediates true"),
        (|b| (hybrid(b), state(b, true, true)).1, Way::OnPremises, Some(true), "a hybrid user"),
        (|b| (hybrid(b), state(b, true, false)).1, Way::OnPremises, Some(false), "is off"),
        (|b| (hybrid(b), state(b, false, true)).1, Way::OnPremises, Some(false), "hashes are not"),
        (|b| b.records.sign_ins[0].risk_level_during_sign_in = Some(RiskLevel::None), Way::Mfa, Some(false), "only afterwards"),
        (|b| b.records.sign_ins[0].risk_level_during_sign_in = Some(RiskLevel::Hidden), Way::Mfa, None, "was not read"),
        (|b| confirm(b), Way::Mfa, Some(false), "confirmed the compromise"),
        (|b| confirm(b), Way::System, Some(false), "confirmed the compromise"),
        (|b| confirm(b), Way::Change, Some(true), "asks for a password change at medium user risk"),
        (|b| confirm(b), Way::Reset, Some(true), "registered for self-service"),
        (|b| b.records.directory.user_type = Some("Guest".into()), Way::Mfa, None, "home tenant"),
        (|b| b.records.directory.user_type = Some("Guest".into()), Way::Reset, Some(false), "home tenant"),
        (|b| federate(b), Way::Change, None, "federation server"),
        (|b| federate(b), Way::Reset, None, "federation server"),
        (|b| hybrid(b), Way::Reset, None, "was not stated"),
        (|b| (hybrid(b), b.settings.password_writeback = Some(false)).1, Way::Reset, Some(false), "not written back"),
        (|b| add(b, policy("wall", "userRiskLevels", &["medium"], &["block"])), Way::Change, Some(false), "\"wall\" blocks"),
        (|b| (require(b), b.records.user.risk_state = Some(RiskState::None)).1, Way::Change, Some(true), "requires"),
        (|b| b.records.user.risk_state = Some(RiskState::None), Way::Change, Some(false), "no open risk"),
        (|b| remediation(b), Way::Change, Some(true), "\"user risk\" asks for a password change"),
        (|b| policies(b)[1].user_risk_levels.push("high".to_owned()), Way::Mfa, None, "other conditions decide"),
        (|b| strengthen(b), Way::Mfa, None, "authentication strength"),
        (|b| lock_out(b), Way::Reset, Some(true), "registered for self-service"),
        (|_| {}, Way::System, Some(true), ""),
    ];
    for (number, (change, way, available, part)) in rows.iter().enumerate() {
        let mut bench = bench("unfamiliarFeatures");
        change(&mut bench);
        let told = bench.ask(*way);
        assert_eq!(told.available, *available, "row {number}, {way:?}: {told:?}");
        assert!(told.because.join(" ").contains(part), "row {number}, {way:?}: {told:?}");
    }
}

#[test]
fn token_theft_is_closed_by_a_password_and_never_by_itself() {
    for kind in ["anomalousToken", "attackerinTheMiddle", "tokenIssuerAnomaly", "investigationsThreatIntelligence", "nationStateIP"] {
        let bench = bench(kind);
        for way in WAYS {
            let wanted = matches!(way, Way::Change | Way::Reset);
            assert_eq!(bench.ask(way).available, Some(wanted), "{kind}, {way:?}");
        }
    }
    for way in [Way::Mfa, Way::System] {
        assert_eq!(bench("generic").ask(way).available, None, "it may be token theft");
    }
}

#[test]
fn a_deleted_user_has_no_way() {
    for way in WAYS {
        let mut bench = bench("unfamiliarFeatures");
        bench.records.user.is_deleted = Some(true);
        hybrid(&mut bench);
        bench.settings.password_writeback = Some(true);
        state(&mut bench, true, true);
        let told = bench.ask(way);
        assert_eq!(told.available, Some(false), "{way:?}");
        assert!(told.because[0].contains("deleted"), "{told:?}");
    }
}

#[test]
fn a_required_change_does_not_get_past_a_policy_that_blocks() {
    let mut bench = bench("unfamiliarFeatures");
    bench.change_required = true;
    add(&mut bench, policy("wall", "userRiskLevels", &["medium"], &["block"]));
    assert_eq!(bench.ask(Way::Change).available, Some(false));
    by_group(&mut bench, 2);
    assert_eq!(bench.ask(Way::Change).available, None);
}

#[test]
fn what_works_at_one_risky_sign_in_works_there_and_not_at_the_newest() {
    let mut bench = bench("unfamiliarFeatures");
    let mut stolen = bench.records.sign_ins[0].clone();
    (stolen.id, stolen.risk_event_types) = ("newer".into(), vec!["anomalousToken".into()]);
    bench.records.sign_ins.insert(0, stolen);
    let found = |bench: &Bench| {
        let (sign_in, told) = best(&bench.records, |sign_in| mfa(&bench.records, sign_in, &bench.tenant)).unwrap();
        (sign_in.id.to_string(), told.available())
    };
    assert_eq!(found(&bench), ("u1-s1".to_owned(), Some(true)));
    bench.records.directory.is_mfa_registered = Some(false);
    assert_eq!(found(&bench), ("newer".to_owned(), Some(false)), "all the same, so the newest");
    bench.records.sign_ins.iter_mut().for_each(|sign_in| sign_in.risk_state = Some(RiskState::Dismissed));
    assert!(best(&bench.records, |sign_in| mfa(&bench.records, sign_in, &bench.tenant)).is_none());
}

#[test]
fn a_policy_keeps_out_who_cannot_do_what_it_asks_for() {
    let change = policy("change", "userRiskLevels", &["high"], &["mfa", "passwordChange"]);
    let mfa = policy("mfa", "signInRiskLevels", &["high"], &["mfa"]);
    let other = policy("other", "signInRiskLevels", &["high"], &["compliantDevice"]);
    let mut bench = bench("unfamiliarFeatures");
    let met = |bench: &Bench| {
        [&change, &mfa, &other].map(|policy| step(policy, &bench.records, &bench.settings).map(|scales| scales.available()))
    };
    assert_eq!(met(&bench), [Some(Some(true)), Some(Some(true)), None]);
    hybrid(&mut bench);
    assert_eq!(met(&bench), [Some(None), Some(Some(true)), None]);
    bench.settings.password_writeback = Some(false);
    assert_eq!(met(&bench), [Some(Some(false)), Some(Some(true)), None]);
    bench.settings.password_writeback = Some(true);
    bench.records.directory.is_mfa_registered = Some(false);
    assert_eq!(met(&bench), [Some(Some(false)), Some(Some(false)), None]);
}

fn confirm(bench: &mut Bench) {
    bench.records.user.risk_state = Some(RiskState::ConfirmedCompromised);
}

fn federate(bench: &mut Bench) {
    let mut plain = SignIn::unknown("plain".into(), "u1".into());
    plain.token_issuer_type = Some(TokenIssuerType::AdFederationServices);
    bench.records.sign_ins.push(plain);
}

/// No risk, and too many wrong passwords.
fn lock_out(bench: &mut Bench) {
    bench.records.user.risk_state = Some(RiskState::None);
    let status = SignInStatus { error_code: Some(50053), failure_reason: Some("The account is locked.".into()), additional_details: None };
    bench.records.sign_ins[0].status = Some(status);
}

fn remediation(bench: &mut Bench) {
    policies(bench)[0].grant_controls = vec!["riskRemediation".to_owned()];
}

fn hybrid(bench: &mut Bench) {
    bench.records.directory.on_premises_sync_enabled = Some(true);
}

fn state(bench: &mut Bench, hash_sync: bool, remediates: bool) {
    bench.settings.password_hash_sync = Some(hash_sync);
    bench.settings.on_premises_reset_remediates = Some(remediates);
}

fn require(bench: &mut Bench) {
    bench.tenant.policies = None;
    bench.change_required = true;
}

fn policies(bench: &mut Bench) -> &mut Vec<Policy> {
    bench.tenant.policies.as_mut().unwrap()
}

fn add(bench: &mut Bench, policy: Policy) {
    policies(bench).push(policy);
}

fn not_enforced(bench: &mut Bench, place: usize) {
    policies(bench)[place].state = "enabledForReportingButNotEnforced".to_owned();
}

fn exclude(bench: &mut Bench, place: usize) {
    policies(bench)[place].exclude_users.push("U1".to_owned());
}

fn by_group(bench: &mut Bench, place: usize) {
    policies(bench)[place].other_conditions["users"] = json!({"includeGroups": ["g"]});
}
