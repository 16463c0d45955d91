use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::*;
use crate::domain::facts::{self, Evidence};
use crate::domain::fixture;
use crate::domain::policy::TenantFacts;
use crate::domain::records::{RiskDetection, SignIn};

fn spec(seed: u64, users: u32) -> DemoSpec {
    DemoSpec { seed, users, epoch: fixture::now(), rate: None, faults: vec![] }
}

fn everybody(seed: u64, users: u32) -> Vec<UserRecords> {
    let population = Population::new(spec(seed, users));
    (0..users).map(|index| population.records(index)).collect()
}

const THEFT: [&str; 5] =
    ["anomalousToken", "attackerinTheMiddle", "tokenIssuerAnomaly", "investigationsThreatIntelligence", "nationStateIP"];

fn is_theft(records: &UserRecords) -> bool {
    records.detections.iter().any(|d| d.is_open() && d.risk_event_type.as_deref().is_some_and(|kind| THEFT.contains(&kind)))
}

fn at_risk(records: &UserRecords) -> bool {
    records.user.at_risk() == Some(true)
}

#[test]
fn the_same_spec_gives_the_same_users_and_another_seed_gives_others() {
    assert_eq!(everybody(1, 40), everybody(1, 40));
    let (one, two) = (everybody(1, 40), everybody(2, 40));
    assert!(one.iter().zip(&two).all(|(a, b)| a.id() != b.id()));
    assert_ne!(one[30].user.user_display_name, two[30].user.user_display_name);
}

#[test]
fn every_id_tells_its_user() {
    let population = Population::new(spec(1, 200));
    let mut seen = HashSet::new();
    for (index, records) in everybody(1, 200).iter().enumerate() {
        let index = index as u32;
        assert_eq!(population.user(records.id().as_str()), Some(index));
        for sign_in in &records.sign_ins {
            assert_eq!(population.user_of_sign_in(sign_in.id.as_str()), Some(index));
            assert!(seen.insert(sign_in.id.to_string()), "{} twice", sign_in.id);
        }
        for detection in &records.detections {
            assert!(seen.insert(detection.id.to_string()), "{} twice", detection.id);
        }
        assert_eq!(population.principal_name(index).as_deref(), records.user.user_principal_name.as_deref());
    }
    assert_eq!(Population::new(spec(1, 10)).user(population.user_id(10).as_str()), None);
}

#[test]
fn principal_names_are_unique_in_a_large_tenant() {
    let population = Population::new(spec(7, 20_000));
    let mut seen = HashSet::new();
    for name in (0..20_000).filter_map(|index| population.principal_name(index)) {
        assert!(name.ends_with("@contoso.test") && name.is_ascii(), "{name}");
        assert!(seen.insert(name.to_lowercase()), "{name} twice");
    }
}

#[test]
fn every_detection_type_state_and_detail_occurs() {
    let all = everybody(1, 200);
    let types: BTreeSet<&str> = all.iter().flat_map(|r| &r.detections).filter_map(|d| d.risk_event_type.as_deref()).collect();
    for kind in assets::kinds() {
        assert!(types.contains(kind.value.as_str()), "{} never occurs", kind.value);
    }
    for state in RiskState::KNOWN {
        assert!(all.iter().any(|r| r.user.risk_state.as_ref() == Some(state)), "{state} never occurs");
    }
    for detail in RiskDetail::KNOWN {
        let holder = all.iter().find(|r| r.user.risk_detail.as_ref() == Some(detail));
        let holder = holder.unwrap_or_else(|| panic!("{detail} never occurs"));
        let told = holder.history.iter().any(|item| item.risk_detail.as_ref() == Some(detail));
        assert!(*detail == RiskDetail::None || told, "{detail} has no history");
    }
    for level in [RiskLevel::Low, RiskLevel::Medium, RiskLevel::High, RiskLevel::None, RiskLevel::Hidden] {
        assert!(all.iter().any(|r| r.user.risk_level.as_ref() == Some(&level)), "{level} never occurs");
    }
    assert!(all.iter().any(|r| matches!(r.user.risk_detail, Some(RiskDetail::Other(_)))));
}

/// The whole catalogue of `reference/domain.md` section 3 can be played.
#[test]
fn no_documented_type_is_missing() {
    let documented = "anomalousToken attackerinTheMiddle tokenIssuerAnomaly investigationsThreatIntelligence nationStateIP unfamiliarFeatures \
        unlikelyTravel mcasImpossibleTravel impossibleTravel anonymizedIPAddress riskyIPAddress maliciousIPAddress passwordSpray \
        leakedCredentials suspiciousBrowser newCountry mcasFinSuspiciousFileAccess suspiciousInboxForwarding \
        mcasSuspiciousInboxManipulationRules suspiciousSendingPatterns anomalousUserActivity suspiciousAPITraffic attemptedPrtAccess \
        userReportedSuspiciousActivity adminConfirmedUserCompromised generic malwareInfectedIPAddress suspiciousIPAddress \
        investigationsThreatIntelligenceSigninLinked maliciousIPAddressValidCredentialsBlockedIP";
    for kind in documented.split_whitespace() {
        assert!(assets::kinds().iter().any(|known| known.value == kind), "{kind}");
    }
}

#[test]
fn proportions_are_those_of_a_working_queue() {
    for (seed, users) in [(1, 200), (5, 200), (1, 1000)] {
        let all = everybody(seed, users);
        let percent = |count: usize| count * 100 / all.len();
        let risky: Vec<&UserRecords> = all.iter().filter(|r| at_risk(r)).collect();
        assert!((60..=70).contains(&percent(risky.len())), "{} at risk", risky.len());
        let level = |level: RiskLevel| risky.iter().filter(|r| r.user.risk_level == Some(level.clone())).count() * 100 / risky.len();
        let (high, medium, low) = (level(RiskLevel::High), level(RiskLevel::Medium), level(RiskLevel::Low));
        assert!((8..=16).contains(&high) && (20..=32).contains(&medium) && (55..=70).contains(&low), "{high} {medium} {low}");
        let of_200 = |count: usize| count * 200 / all.len();
        assert_eq!(of_200(risky.iter().filter(|r| is_theft(r)).count()), 9);
        assert_eq!(of_200(risky.iter().filter(|r| r.directory.is_admin == Some(true)).count()), 5);
        assert_eq!(of_200(risky.iter().filter(|r| r.user.is_deleted == Some(true)).count()), 3);
        let now = fixture::now();
        let plain = risky.iter().filter(|r| {
            !is_theft(r)
                && r.directory.is_admin == Some(false)
                && r.user.is_deleted == Some(false)
                && facts::guest(r) == Some(false)
                && matches!(facts::evidence(r, now), Evidence::Fresh)
        });
        assert!(plain.count() * 100 / risky.len() >= 70);
    }
}

#[test]
fn a_small_tenant_is_as_mixed_as_fits() {
    for users in [1, 5, 20, 50] {
        let all = everybody(1, users);
        assert_eq!(all.len(), users as usize);
        assert!(at_risk(&all[0]));
        if users >= 20 {
            assert!(all.iter().any(|r| r.user.is_deleted == Some(true)) && all.iter().any(|r| !at_risk(r)));
            assert!(all.iter().any(|r| facts::guest(r) == Some(true)) && all.iter().any(is_theft));
        }
    }
}

#[test]
fn levels_and_links_agree_with_the_detections() {
    let now = fixture::now();
    for records in everybody(3, 400).iter().filter(|r| at_risk(r)) {
        let name = records.user.name();
        let open: Vec<&RiskDetection> = records.detections.iter().filter(|d| d.is_open()).collect();
        let evidence = facts::evidence(records, now);
        assert!(!open.is_empty() || evidence == Evidence::Expired, "{name} has no open detection");
        let highest = open.iter().filter_map(|d| d.risk_level.as_ref()).map(RiskLevel::weight).max().unwrap_or(0);
        assert!(records.user.risk_level.as_ref().is_some_and(|level| level.weight() >= highest), "{name}");
        for sign_in in records.sign_ins.iter().filter(|sign_in| sign_in.at_risk() == Some(true)) {
            let linked = open.iter().any(|d| d.request_id.as_ref() == Some(&sign_in.id) && d.correlation_id == sign_in.correlation_id);
            assert!(linked, "{name}: risky sign-in without a detection");
        }
        for detection in open.iter().filter(|d| d.request_id.is_some()) {
            let age = detection.activity_date_time.unwrap().age(now);
            assert_eq!(records.sign_in_of(detection).is_some(), age < SIGN_IN_RETENTION, "{name}: {age}");
        }
    }
}

#[test]
fn nothing_is_dated_after_the_epoch_or_out_of_order() {
    let now = fixture::now();
    for records in everybody(1, 400) {
        let times = records
            .sign_ins
            .iter()
            .map(|s| s.created_date_time)
            .chain(records.history.iter().map(|h| h.risk_last_updated_date_time))
            .chain(records.detections.iter().flat_map(|d| [d.activity_date_time, d.detected_date_time, d.last_updated_date_time]))
            .chain([records.user.risk_last_updated_date_time, records.directory.last_password_change_date_time])
            .chain([records.directory.sign_in_sessions_valid_from_date_time]);
        for time in times.flatten() {
            assert!(time <= now, "{time} of {}", records.user.name());
        }
        for detection in &records.detections {
            assert!(detection.activity_date_time <= detection.detected_date_time, "{}", records.user.name());
            assert!(detection.detected_date_time <= detection.last_updated_date_time, "{}", records.user.name());
        }
    }
}

#[test]
fn every_cause_of_a_block_occurs() {
    let mut causes: BTreeMap<BlockedBy, usize> = BTreeMap::new();
    for records in everybody(1, 200) {
        for cause in facts::blocked(&records, &TenantFacts::default(), fixture::now()).by {
            *causes.entry(cause).or_default() += 1;
        }
    }
    // What a log leaves out, nobody seeds.
    for cause in BlockedBy::ALL.into_iter().filter(|cause| *cause != BlockedBy::Error50053) {
        assert!(causes.contains_key(&cause), "{} never occurs", cause.as_str());
    }
    assert!(causes.values().sum::<usize>() < 30, "{causes:?}");
}

#[test]
fn evidence_is_fresh_expiring_expired_and_gone() {
    let (now, all) = (fixture::now(), everybody(1, 200));
    let count = |wanted: Evidence| all.iter().filter(|r| at_risk(r) && facts::evidence(r, now) == wanted).count();
    assert!(count(Evidence::Expiring) >= 2 && count(Evidence::Expired) >= 4);
    assert!(all.iter().any(|r| at_risk(r) && r.detections.is_empty()));
}

#[test]
fn hostile_text_and_missing_properties_occur() {
    let all = everybody(1, 200);
    let names: String = all.iter().filter_map(|r| r.user.user_display_name.as_deref()).collect();
    let agents: String = all.iter().flat_map(|r| &r.sign_ins).filter_map(|s| s.user_agent.as_deref()).collect();
    for sign in ["\u{1b}[", "\u{1b}]8;;", "\u{1b}]52;", "\u{202e}", "\u{200b}", "\n", "=HYPERLINK", "🔥", "山田", "محمد"] {
        assert!(names.contains(sign), "{sign:?} in no name");
    }
    for sign in ["\u{1b}", "\u{202e}", "\r\n", "=cmd"] {
        assert!(agents.contains(sign), "{sign:?} in no user agent");
    }
    assert!(all.iter().any(|r| r.user.name().len() > 300));
    let blank: Vec<&UserRecords> = all.iter().filter(|r| r.user.risk_state.is_none()).collect();
    assert_eq!(blank.len(), 2);
    assert!(blank.iter().all(|r| r.user.user_display_name.is_none() && r.directory == Directory::default()));
    let sign_ins = |r: &UserRecords| r.sign_ins.len();
    assert_eq!(all.iter().filter(|r| sign_ins(r) >= 300).count(), 1);
}

#[test]
fn adele_vance_lost_a_session_from_dresden_to_lagos() {
    let adele = Population::new(spec(1, 200)).records(0);
    assert_eq!(adele.user.name(), "Adele Vance");
    assert_eq!((adele.user.risk_level.clone(), facts::open_detections(&adele)), (Some(RiskLevel::High), 4));
    let newest = &adele.sign_ins[0];
    let place = |sign_in: &SignIn| sign_in.location.as_ref().and_then(|location| location.short()).unwrap_or_default();
    assert_eq!((place(newest).as_str(), newest.ip_address.as_deref()), ("Lagos, NG", Some("203.0.113.7")));
    let own = adele.sign_ins.iter().find(|s| s.session_id == newest.session_id && s.at_risk() == Some(false)).unwrap();
    assert_eq!((place(own).as_str(), own.ip_address.as_deref()), ("Dresden, DE", Some("198.51.100.20")));
    let gap = newest.created_date_time.unwrap().0 - own.created_date_time.unwrap().0;
    assert_eq!(gap.num_minutes(), 4);
    assert!(newest.unique_token_identifier.is_some() && newest.autonomous_system_number == Some(64500));
    assert!(adele.sign_ins.iter().any(|s| s.is_interactive == Some(false) && s.at_risk() == Some(true)));
}

#[test]
fn the_campaign_has_one_address_and_the_leak_comes_at_once() {
    let all = everybody(1, 200);
    let agent = &CLIENTS.campaign.agent;
    let hit: Vec<&SignIn> = all.iter().flat_map(|r| &r.sign_ins).filter(|s| s.user_agent.as_deref() == Some(agent)).collect();
    assert!(hit.len() >= 15);
    assert_eq!(hit.iter().map(|s| s.ip_address.clone()).collect::<BTreeSet<_>>().len(), 1);

    let day = TimeDelta::hours(24);
    let leaks: Vec<Timestamp> = all
        .iter()
        .flat_map(|r| &r.detections)
        .filter(|d| d.risk_event_type.as_deref() == Some("leakedCredentials"))
        .filter_map(|d| d.detected_date_time)
        .filter(|at| at.age(fixture::now()) > TimeDelta::hours(8) && at.age(fixture::now()) < day)
        .collect();
    let width = leaks.iter().max().unwrap().0 - leaks.iter().min().unwrap().0;
    assert!(leaks.len() >= 24 && width < TimeDelta::minutes(15), "{} within {width}", leaks.len());
}

#[test]
fn additional_info_is_an_array_of_keys_and_values() {
    for detection in everybody(1, 200).iter().flat_map(|r| &r.detections) {
        let Some(text) = &detection.additional_info else { continue };
        let pairs: Vec<BTreeMap<String, serde_json::Value>> = serde_json::from_str(text).unwrap();
        assert!(pairs.iter().all(|pair| pair.len() == 2 && pair["Key"].is_string()), "{text}");
    }
}

#[test]
fn who_is_blocked_for_risk_cannot_do_what_the_policy_asks_for() {
    let mut seen = BTreeMap::new();
    for records in everybody(1, 200) {
        for sign_in in &records.sign_ins {
            let cause = facts::sign_in_block(&records, &TenantFacts::default(), sign_in);
            let Some(cause @ (BlockedBy::UserRisk | BlockedBy::SignInRisk)) = cause else { continue };
            let hybrid = records.directory.on_premises_sync_enabled == Some(true);
            assert_eq!(records.directory.is_mfa_registered, Some(hybrid), "{}", records.user.name());
            assert_eq!(sign_in.status.as_ref().unwrap().error_code, Some(if hybrid { 53003 } else { 53004 }));
            let applied = &sign_in.applied_conditional_access_policies[0];
            let name = if cause == BlockedBy::UserRisk { "CA201" } else { "CA202" };
            assert!(applied.display_name.as_ref().unwrap().starts_with(name), "{applied:?}");
            *seen.entry((cause, hybrid)).or_insert(0) += 1;
        }
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
}

#[test]
fn some_who_were_dismissed_have_a_method_that_was_added_since() {
    let all = everybody(1, 200);
    let added: Vec<&UserRecords> =
        all.iter().filter(|records| facts::not_safe(records).contains(&facts::NotSafe::MethodAddedSince)).collect();
    assert!((3..=15).contains(&added.len()), "{}", added.len());
    for records in &added {
        assert_eq!(records.user.risk_state, Some(RiskState::Dismissed));
    }
    let now = Some(fixture::now());
    assert!(all.iter().flat_map(|records| records.methods.iter().flatten()).all(|method| method.created_date_time <= now));
}
