use std::time::Duration;

use super::*;
use crate::domain::facts;
use crate::domain::filing;
use crate::domain::fixture;
use crate::domain::risk::{RiskDetail, RiskState};
use crate::domain::workspace::{Fault, FaultKind};

pub(super) struct Place {
    folder: tempfile::TempDir,
    pub(super) spec: DemoSpec,
}

impl Place {
    pub(super) fn new(faults: Vec<Fault>) -> Self {
        let spec = DemoSpec { seed: 1, users: 200, epoch: fixture::now(), rate: None, faults };
        Place { folder: tempfile::tempdir().unwrap(), spec }
    }

    pub(super) fn open(&self) -> DemoTenant {
        DemoTenant::open(self.spec.clone(), &self.folder.path().join("tenant.jsonl"), Clock::starting_at(fixture::now())).unwrap()
    }
}

pub(super) fn fault(does: FaultKind) -> Fault {
    Fault { actions: vec![], user: None, times: None, path: None, does }
}

pub(super) fn once(does: FaultKind) -> Fault {
    Fault { times: Some(1), actions: vec![Action::DismissUserRisk], ..fault(does) }
}

pub(super) fn call(action: Action, ids: &[String]) -> Call {
    Call::new(action, ids.to_vec(), "operator")
}

fn dismiss(ids: &[String]) -> Call {
    call(Action::DismissUserRisk, ids)
}

/// Ids of users of whom this holds.
pub(super) fn users(tenant: &DemoTenant, holds: impl Fn(&UserRecords) -> bool) -> Vec<String> {
    let all = (0..200).map(|index| tenant.population().records(index));
    all.filter(|records| holds(records)).map(|records| records.id().to_string()).collect()
}

pub(super) fn open_ids(tenant: &DemoTenant) -> Vec<String> {
    users(tenant, |r| r.user.risk_state == Some(RiskState::AtRisk) && r.user.is_deleted == Some(false) && !r.detections.is_empty())
}

pub(super) async fn read(tenant: &DemoTenant, id: &str) -> UserRecords {
    let target = if tenant.population().user(id).is_some() { Target::User(id.into()) } else { Target::SignIn(id.into()) };
    let read = tenant.read_back(Action::DismissUserRisk, &[target], None).await.unwrap();
    let mut records = UserRecords::unknown(read[0].user_id().unwrap().clone());
    filing::file_all(&mut records, read, &mut |_| {});
    records
}

async fn state(tenant: &DemoTenant, id: &str) -> RiskState {
    read(tenant, id).await.user.risk_state.unwrap()
}

#[tokio::test(start_paused = true)]
async fn dismissing_closes_everything_and_holds_after_reopening() {
    let place = Place::new(vec![]);
    let tenant = place.open();
    let id = open_ids(&tenant)[0].clone();
    tenant.act(&dismiss(std::slice::from_ref(&id))).await.unwrap();
    for tenant in [tenant, place.open()] {
        let records = read(&tenant, &id).await;
        assert_eq!(records.user.risk_state, Some(RiskState::Dismissed));
        assert_eq!(facts::open_detections(&records), 0);
        assert!(records.sign_ins.iter().all(|sign_in| sign_in.at_risk() == Some(false)));
        assert_eq!(records.history[0].initiated_by.as_deref(), Some("operator"));
    }
}

#[tokio::test(start_paused = true)]
async fn one_invalid_id_refuses_the_whole_request_without_telling_which() {
    let tenant = Place::new(vec![]).open();
    let good = open_ids(&tenant)[0].clone();
    let deleted = users(&tenant, |r| r.user.is_deleted == Some(true) && r.user.at_risk() == Some(true)).remove(0);
    for bad in [deleted, "4f7a8d3e-0000-4000-8000-000000000000".to_owned(), String::new()] {
        let error = tenant.act(&dismiss(&[good.clone(), bad.clone()])).await.unwrap_err();
        let TenantError::Rejected { status: 400, message, .. } = &error else { panic!("{error:?}") };
        assert!(bad.is_empty() || !message.contains(&bad));
        assert_eq!(state(&tenant, &good).await, RiskState::AtRisk);
    }
    let many: Vec<String> = open_ids(&tenant).into_iter().take(61).collect();
    assert!(matches!(tenant.act(&dismiss(&many)).await, Err(TenantError::Rejected { status: 400, .. })));
    assert!(matches!(tenant.act(&dismiss(&[])).await, Err(TenantError::Rejected { status: 400, .. })));
    tenant.act(&dismiss(&many[..60])).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn sign_in_verbs_change_their_sign_in_and_refuse_one_that_is_not_risky() {
    let tenant = Place::new(vec![]).open();
    let adele = tenant.population().records(0);
    let risky = adele.sign_ins.iter().find(|sign_in| sign_in.at_risk() == Some(true)).unwrap().id.to_string();
    let quiet = adele.sign_ins.iter().find(|sign_in| sign_in.at_risk() == Some(false)).unwrap().id.to_string();
    let safe = |ids: &[&String]| call(Action::ConfirmSignInSafe, &ids.iter().map(|id| (*id).clone()).collect::<Vec<_>>());
    assert!(tenant.act(&safe(&[&risky, &quiet])).await.is_err());
    tenant.act(&safe(&[&risky])).await.unwrap();
    let records = read(&tenant, &risky).await;
    assert_eq!(records.sign_in(&risky.as_str().into()).unwrap().risk_detail, Some(RiskDetail::AdminConfirmedSigninSafe));
    assert_eq!((records.user.at_risk(), facts::open_detections(&records)), (Some(true), 3));
    assert!(tenant.act(&safe(&[&risky])).await.is_err(), "it is no longer risky");
    tenant.act(&call(Action::ConfirmSignInCompromised, &[quiet])).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_change_without_effect_leaves_the_named_user_only() {
    let place = Place::new(vec![Fault { user: Some("ALEX.WILBER@contoso.test".to_owned()), ..once(FaultKind::NoEffect) }]);
    let tenant = place.open();
    let ids = open_ids(&tenant)[..2].to_vec();
    tenant.act(&dismiss(&ids)).await.unwrap();
    assert_eq!(state(&tenant, &ids[0]).await, RiskState::Dismissed);
    assert_eq!(state(&tenant, &ids[1]).await, RiskState::AtRisk);
    let tenant = place.open();
    tenant.act(&dismiss(&ids)).await.unwrap();
    assert_eq!(state(&tenant, &ids[1]).await, RiskState::Dismissed, "it struck once, whatever was restarted since");
}

#[tokio::test(start_paused = true)]
async fn a_slow_change_is_processing_until_its_time_comes() {
    let place = Place::new(vec![once(FaultKind::Slow { seconds: 30 })]);
    let tenant = place.open();
    let id = open_ids(&tenant)[0].clone();
    tenant.act(&dismiss(std::slice::from_ref(&id))).await.unwrap();
    let records = read(&tenant, &id).await;
    assert_eq!((records.user.risk_state, records.user.is_processing), (Some(RiskState::AtRisk), Some(true)));
    tokio::time::advance(Duration::from_secs(31)).await;
    let records = read(&tenant, &id).await;
    assert_eq!((records.user.risk_state, records.user.is_processing), (Some(RiskState::Dismissed), Some(false)));
    let reopened = place.open();
    assert_eq!(state(&reopened, &id).await, RiskState::AtRisk, "its clock stands at the start again");
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_does_not_tell_whether_it_was_applied() {
    for (does, applied) in [(FaultKind::BreakAfter, true), (FaultKind::BreakBefore, false), (FaultKind::Unavailable, false)] {
        let tenant = Place::new(vec![once(does)]).open();
        let id = open_ids(&tenant)[0].clone();
        assert!(matches!(tenant.act(&dismiss(std::slice::from_ref(&id))).await, Err(TenantError::Lost { .. })));
        assert_eq!(state(&tenant, &id).await == RiskState::Dismissed, applied);
        tenant.act(&dismiss(&[id])).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn poison_strikes_requests_that_name_the_user() {
    let tenant = Place::new(vec![Fault { user: Some("alex.wilber@contoso.test".to_owned()), ..fault(FaultKind::Poison) }]).open();
    let ids = open_ids(&tenant)[..2].to_vec();
    assert!(matches!(tenant.act(&dismiss(&ids)).await, Err(TenantError::Rejected { status: 400, .. })));
    tenant.act(&dismiss(&ids[..1])).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn throttling_by_fault_strikes_reading_too_and_no_oftener_than_told() {
    let throttle = fault(FaultKind::Throttle { retry_after_seconds: Some(7) });
    let place = Place::new(vec![Fault { times: Some(2), ..throttle }]);
    let again = Err(TenantError::Throttled { retry_after: Some(Duration::from_secs(7)) });
    assert_eq!(place.open().page(None).await.map(|_| ()), again);
    let tenant = place.open();
    let id = open_ids(&tenant)[0].clone();
    assert_eq!(tenant.act(&dismiss(std::slice::from_ref(&id))).await, again);
    assert_eq!(tenant.act(&dismiss(&[id])).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn the_rate_is_kept_by_all_requests_together() {
    let mut place = Place::new(vec![]);
    place.spec.rate = Some(2.0);
    let tenant = place.open();
    tenant.page(None).await.unwrap();
    let id = open_ids(&tenant)[0].clone();
    let write = dismiss(std::slice::from_ref(&id));
    assert_eq!(tenant.act(&write).await, Err(TenantError::Throttled { retry_after: None }), "it did not wait for its turn");
    tenant.turn(Action::DismissUserRisk).await.unwrap();
    tenant.act(&write).await.unwrap();
    let start = tokio::time::Instant::now();
    tenant.read_back(Action::DismissUserRisk, &[], None).await.unwrap();
    assert_eq!(start.elapsed().as_millis(), 500, "reading waits by itself");
}

#[tokio::test(start_paused = true)]
async fn pages_hold_everybody_once() {
    let mut place = Place::new(vec![]);
    place.spec.users = 1100;
    let tenant = place.open();
    let (mut cursor, mut ids, mut pages) = (None, HashSet::new(), 0);
    loop {
        let page = tenant.page(cursor.as_deref()).await.unwrap();
        assert_eq!(page.users, Some(1100));
        ids.extend(page.records.iter().filter(|r| matches!(r, Record::User(_))).filter_map(|r| r.user_id().cloned()));
        pages += 1;
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    assert_eq!((ids.len(), pages), (1100, 3));
    assert!(tenant.page(Some("elsewhere")).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn the_largest_tenant_opens_without_making_anybody() {
    let mut place = Place::new(vec![]);
    place.spec.users = MOST_USERS;
    let tenant = place.open();
    let last = tenant.population().user_id(MOST_USERS - 1).to_string();
    assert_eq!(read(&tenant, &last).await.id().as_str(), last);
    place.spec.users += 1;
    assert!(check(&place.spec).unwrap_err().contains("100000"));
}

#[tokio::test(start_paused = true)]
async fn a_log_of_another_tenant_is_refused() {
    let mut place = Place::new(vec![]);
    let tenant = place.open();
    tenant.act(&dismiss(&open_ids(&tenant)[..1])).await.unwrap();
    place.spec.seed = 2;
    let opened = DemoTenant::open(place.spec.clone(), &place.folder.path().join("tenant.jsonl"), Clock::starting_at(fixture::now()));
    assert!(opened.is_err_and(|error| error.to_string().contains("reset the demo workspace")));
}
