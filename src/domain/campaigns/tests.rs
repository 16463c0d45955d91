use chrono::TimeDelta;

use super::*;
use crate::domain::fixture::{now, risky_user};
use crate::domain::ledger::Ledger;
use crate::domain::records::SignIn;
use crate::domain::risk::RiskState;
use crate::domain::tenant_text::TenantText;

/// A user whose risk has its own address and session.
fn user(id: &str, kind: &str, at: usize) -> UserRecords {
    let mut records = risky_user(id, kind);
    let address = Some(TenantText::from(format!("10.{at}.0.1")));
    records.sign_ins[0].ip_address = address.clone();
    records.detections[0].ip_address = address;
    records.detections[0].detected_date_time = Some(Timestamp(now().0 - TimeDelta::days(i64::try_from(at).unwrap() + 2)));
    records
}

fn found(users: Vec<UserRecords>) -> Vec<Campaign> {
    let (ledger, dataset): (_, Dataset) = (Ledger::default(), users.into_iter().collect());
    let context = QueryContext { now: now(), ledger: &ledger, tenant: dataset.tenant() };
    let (campaigns, all) = find(&dataset, context);
    assert_eq!(campaigns.len(), all);
    for campaign in &campaigns {
        let query = Query::parse(&campaign.query).unwrap();
        let listed: Vec<UserId> =
            dataset.users().iter().filter(|records| query.matches_user(records, context)).map(|records| records.id().clone()).collect();
        assert_eq!(listed, campaign.users, "{}", campaign.query);
    }
    campaigns
}

fn shares(campaigns: &[Campaign]) -> Vec<Vec<Share>> {
    campaigns.iter().map(|campaign| campaign.shares.iter().map(|shared| shared.share).collect()).collect()
}

#[test]
fn users_at_risk_from_one_address_are_one_campaign_with_all_that_they_share() {
    let mut users: Vec<UserRecords> = (0..4).map(|at| user(&format!("u{at}"), "newCountry", at)).collect();
    for records in users.iter_mut().take(3) {
        records.sign_ins[0].ip_address = Some("203.0.113.7".into());
        records.sign_ins[0].autonomous_system_number = Some(64500);
    }
    users[0].user.risk_level = Some(RiskLevel::High);
    let campaigns = found(users);
    assert_eq!(shares(&campaigns), [[Share::IpAddress, Share::Network, Share::AutonomousSystemNumber]]);
    let first = &campaigns[0];
    assert_eq!((first.users.len(), first.high, first.score), (3, 1, 3 * 7));
    assert_eq!(first.query, "ip:203.0.113.7 state:atRisk,confirmedCompromised");
}

#[test]
fn a_session_of_two_users_is_one_and_an_address_of_two_is_none() {
    let mut users: Vec<UserRecords> = (0..2).map(|at| user(&format!("u{at}"), "newCountry", at)).collect();
    users.iter_mut().for_each(|records| records.sign_ins[0].ip_address = Some("203.0.113.7".into()));
    assert!(found(users.clone()).is_empty());
    users.iter_mut().for_each(|records| records.sign_ins[0].session_id = Some("stolen".into()));
    assert_eq!(shares(&found(users)), [[Share::SessionId]]);
}

#[test]
fn what_half_of_the_tenant_uses_is_none_and_rarity_ranks() {
    let with = |count: usize, safe: usize, number: i64, from: usize| {
        (from..from + count).map(move |at| {
            let mut records = user(&format!("u{at}"), "newCountry", at);
            records.sign_ins[0].autonomous_system_number = Some(number);
            if at < from + safe {
                records.user.risk_state = Some(RiskState::None);
                records.sign_ins[0].risk_state = Some(RiskState::None);
            }
            records
        })
    };
    let users: Vec<UserRecords> = with(20, 0, 1, 0).chain(with(8, 4, 2, 20)).chain(with(4, 0, 3, 28)).collect();
    let campaigns = found(users);
    let systems: Vec<(&str, usize)> = campaigns.iter().map(|found| (found.shares[0].value.as_str(), found.score)).collect();
    assert_eq!(systems, [("3", 8), ("2", 4)]);
}

#[test]
fn what_more_than_half_of_those_at_risk_share_says_nothing() {
    let with = |at_risk: usize, sharing: usize, change: fn(&mut SignIn)| -> Vec<UserRecords> {
        // Nine of ten are closed, so that it is far from half of the tenant.
        let at = |at: usize| {
            let mut records = user(&format!("u{at:03}"), "newCountry", at % 250);
            if at >= at_risk {
                records.user.risk_state = Some(RiskState::Dismissed);
                records.sign_ins[0].risk_state = Some(RiskState::Dismissed);
            } else if at < sharing {
                change(&mut records.sign_ins[0]);
            }
            records
        };
        (0..300).map(at).collect()
    };
    let system: fn(&mut SignIn) = |sign_in| sign_in.autonomous_system_number = Some(64500);
    assert!(found(with(30, 16, system)).is_empty());
    assert_eq!(found(with(30, 15, system))[0].users.len(), 15);
    let address: fn(&mut SignIn) = |sign_in| sign_in.ip_address = Some("203.0.113.7".into());
    assert_eq!(found(with(30, 16, address))[0].users.len(), 16, "nobody uses it without risk: that is an attack, however large");
    let mut office = with(30, 16, address);
    for records in &mut office[30..33] {
        address(&mut records.sign_ins[0]);
    }
    assert!(found(office).is_empty(), "others work there");
    let also_without_risk = |calm: usize| {
        let mut users = with(30, 16, address);
        for records in &mut users[..calm] {
            let mut everyday = records.sign_ins[0].clone();
            everyday.id = format!("{}-everyday", records.id()).into();
            everyday.risk_state = Some(RiskState::None);
            records.sign_ins.push(everyday);
        }
        found(users)
    };
    assert_eq!(also_without_risk(2)[0].users.len(), 16, "an attacker passed twice unnoticed");
    assert!(also_without_risk(16).is_empty(), "they all work there");
    let session: fn(&mut SignIn) = |sign_in| sign_in.session_id = Some("stolen".into());
    assert_eq!(found(with(30, 30, session))[0].users.len(), 30);
}

#[test]
fn a_user_agent_is_the_same_in_any_case_and_no_part_of_another() {
    let mut users: Vec<UserRecords> = (0..5).map(|at| user(&format!("u{at}"), "newCountry", at)).collect();
    for (records, agent) in users.iter_mut().zip(["curl/8", "CURL/8", "Curl/8", "curl/8.1", "curl"]) {
        records.sign_ins[0].user_agent = Some(agent.into());
    }
    let campaigns = found(users);
    assert_eq!((campaigns.len(), campaigns[0].users.len()), (1, 3));
}

#[test]
fn one_type_within_two_hours_is_a_burst() {
    let mut users: Vec<UserRecords> = (0..7).map(|at| user(&format!("u{at}"), "passwordSpray", at)).collect();
    for (at, records) in users.iter_mut().enumerate().take(5) {
        let minutes = i64::try_from(at).unwrap() * 30;
        records.detections[0].detected_date_time = Some(Timestamp(now().0 - TimeDelta::minutes(minutes)));
    }
    let campaigns = found(users.clone());
    assert_eq!((campaigns.len(), campaigns[0].burst, campaigns[0].users.len()), (1, true, 5));
    users[0].detections[0].risk_state = Some(RiskState::Dismissed);
    assert!(found(users).is_empty(), "four are none");
}

#[test]
#[ignore = "measures; cargo test --release --lib campaigns_of_a_large_tenant -- --ignored --nocapture"]
fn campaigns_of_a_large_tenant() {
    let users = (0..100_000).map(|at| {
        let mut records = user(&format!("u{at}"), "newCountry", at % 200);
        if at % 4 != 0 {
            records.user.risk_state = Some(RiskState::Dismissed);
        }
        let first = records.sign_ins[0].clone();
        records.sign_ins.extend((0..9).map(|of| {
            let mut sign_in = first.clone();
            sign_in.id = format!("u{at}-s{of}").into();
            sign_in.ip_address = Some(format!("10.{}.{of}.{}", at % 200, at % 97).into());
            sign_in.risk_state = Some(RiskState::None);
            sign_in
        }));
        records
    });
    let dataset: Dataset = users.collect();
    let ledger = Ledger::default();
    let context = QueryContext { now: now(), ledger: &ledger, tenant: dataset.tenant() };
    let start = std::time::Instant::now();
    let (_, all) = find(&dataset, context);
    println!("{all} campaigns: {:?}", start.elapsed());
    let start = std::time::Instant::now();
    mass_event(&dataset);
    println!("mass event: {:?}", start.elapsed());
    let records = &dataset.users()[0];
    let values = crate::domain::pivot::values(records.sign_ins.first(), records.detections.first());
    let start = std::time::Instant::now();
    for shared in &values {
        crate::domain::pivot::count(shared, &dataset, context).unwrap();
    }
    println!("{} pivots: {:?}", values.len(), start.elapsed());
}
