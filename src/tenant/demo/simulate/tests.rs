use super::super::tests::{Place, call, users};
use super::*;
use crate::domain::action::Action;
use crate::domain::advice::{self, Advice, Facts};
use crate::domain::plan::Access;
use crate::domain::risk::{RiskDetail, RiskState};
use crate::tenant::Tenant as _;

const NOTHING_STATED: TenantSettings = TenantSettings {
    password_hash_sync: None,
    password_writeback: None,
    on_premises_reset_remediates: None,
    continuous_access_evaluation: None,
};
const ALL_ON: TenantSettings = TenantSettings {
    password_hash_sync: Some(true),
    password_writeback: Some(true),
    on_premises_reset_remediates: Some(true),
    continuous_access_evaluation: None,
};

struct Bench {
    place: Place,
    tenant: DemoTenant,
}

impl Bench {
    fn new() -> Self {
        let place = Place::new(vec![]);
        let tenant = place.open();
        Bench { place, tenant }
    }

    /// The first user without any risk of whom this holds.
    fn calm(&self, holds: impl Fn(&UserRecords) -> bool) -> UserId {
        let calm = |records: &UserRecords| {
            let plain = records.user.risk_state == Some(RiskState::None) && records.user.is_deleted == Some(false);
            plain && facts::blocked(records, &TenantFacts::default(), crate::domain::fixture::now()).value == Some(false) && holds(records)
        };
        users(&self.tenant, calm).remove(0).into()
    }

    fn happens(&self, happening: Happening, user: &UserId, settings: &TenantSettings) -> Simulated {
        self.tenant.simulate(&Simulation { happening: &happening, user, sign_in: None, settings }).unwrap()
    }

    fn sign_in(&self, user: &UserId, detection: &str, level: RiskLevel) -> Simulated {
        self.happens(Happening::SignIn { detection: detection.to_owned(), level }, user, &NOTHING_STATED)
    }

    fn records(&self, user: &UserId) -> UserRecords {
        self.tenant.records(self.tenant.population().user(user.as_str()).unwrap())
    }
}

fn registered(records: &UserRecords) -> bool {
    records.directory.is_mfa_registered == Some(true) && records.directory.on_premises_sync_enabled == Some(false)
}

fn newest(records: &UserRecords) -> (Option<i64>, &SignIn) {
    let sign_in = &records.sign_ins[0];
    (sign_in.status.as_ref().and_then(|status| status.error_code), sign_in)
}

#[tokio::test(start_paused = true)]
async fn a_risky_sign_in_raises_the_user_and_multifactor_authentication_closes_it() {
    let bench = Bench::new();
    let user = bench.calm(registered);
    let made = bench.sign_in(&user, "UNFAMILIARFEATURES", RiskLevel::Medium);
    assert!(made.applied && made.because.contains("CA201"), "{made:?}");
    let records = bench.records(&user);
    assert_eq!((records.user.risk_state.clone(), records.user.risk_level.clone()), (Some(RiskState::AtRisk), Some(RiskLevel::Medium)));
    let (code, sign_in) = newest(&records);
    assert_eq!((code, sign_in.risk_event_types.as_slice()), (Some(50142), &["unfamiliarFeatures".into()][..]));
    assert_eq!(records.detections[0].request_id.as_ref(), Some(&sign_in.id));
    assert_eq!(bench.tenant.population().user_of_sign_in(sign_in.id.as_str()), bench.tenant.population().user(user.as_str()));
    let passed = bench.happens(Happening::MfaPassed, &user, &NOTHING_STATED);
    assert!(passed.applied && passed.because.contains("CA202"), "{passed:?}");
    for tenant in [&bench.tenant, &bench.place.open()] {
        let records = tenant.records(tenant.population().user(user.as_str()).unwrap());
        assert_eq!(records.user.risk_state, Some(RiskState::Remediated));
        assert_eq!(records.sign_ins[0].risk_detail, Some(RiskDetail::UserPassedMfaDrivenByRiskBasedPolicy));
    }
    assert!(!bench.happens(Happening::MfaPassed, &user, &NOTHING_STATED).applied, "nothing is open any more");
}

#[tokio::test(start_paused = true)]
async fn who_cannot_do_what_a_policy_asks_for_is_kept_out() {
    let bench = Bench::new();
    let not_registered = bench.calm(|records| records.directory.is_mfa_registered == Some(false));
    let hybrid = bench.calm(|records| {
        let directory = &records.directory;
        directory.is_mfa_registered == Some(true) && directory.on_premises_sync_enabled == Some(true)
    });
    for (user, wanted) in [(&not_registered, 53004), (&hybrid, 53003)] {
        bench.sign_in(user, "unfamiliarFeatures", RiskLevel::High);
        let records = bench.records(user);
        let (code, sign_in) = newest(&records);
        assert_eq!(code, Some(wanted));
        let applied = &sign_in.applied_conditional_access_policies[0];
        assert_eq!(applied.result.as_deref(), Some("failure"));
        assert!(bench.tenant.policies().iter().any(|policy| policy["id"].as_str() == applied.id.as_deref()));
        assert_eq!(facts::blocked(&records, &TenantFacts::default(), crate::domain::fixture::now()).value, Some(true));
    }
    assert!(!bench.happens(Happening::MfaPassed, &not_registered, &NOTHING_STATED).applied);
    assert_eq!(bench.records(&not_registered).user.at_risk(), Some(true));
    let told = bench.happens(Happening::SecurePasswordChange, &hybrid, &NOTHING_STATED);
    assert!(!told.applied && told.because.contains("entriage settings passwordWriteback true"), "{told:?}");
    assert!(bench.happens(Happening::SecurePasswordChange, &hybrid, &ALL_ON).applied);
    assert_eq!(bench.records(&hybrid).user.risk_detail, Some(RiskDetail::UserPerformedSecuredPasswordChange));
}

#[tokio::test(start_paused = true)]
async fn token_theft_closes_by_a_password_change_only() {
    let bench = Bench::new();
    let user = bench.calm(registered);
    assert!(bench.sign_in(&user, "anomalousToken", RiskLevel::High).because.contains("token theft"));
    for happening in [Happening::MfaPassed, Happening::SystemDismissal] {
        let told = bench.happens(happening, &user, &ALL_ON);
        assert!(!told.applied && told.because.to_lowercase().contains("token theft"), "{told:?}");
    }
    assert_eq!(bench.records(&user).user.at_risk(), Some(true));
    assert!(bench.happens(Happening::SecurePasswordChange, &user, &ALL_ON).applied);
    assert_eq!(bench.records(&user).user.at_risk(), Some(false));
}

#[tokio::test(start_paused = true)]
async fn each_way_of_the_user_is_played_by_its_rules() {
    let bench = Bench::new();
    let hybrid = |records: &UserRecords| records.directory.on_premises_sync_enabled == Some(true);
    let user = bench.calm(|records| hybrid(records) && records.directory.is_sspr_registered == Some(true));
    for (happening, settings, detail) in [
        (Happening::SelfServiceReset, ALL_ON, RiskDetail::UserPerformedSecuredPasswordReset),
        (Happening::OnPremisesPasswordChange, ALL_ON, RiskDetail::UserChangedPasswordOnPremises),
        (Happening::SystemDismissal, NOTHING_STATED, RiskDetail::AiConfirmedSigninSafe),
    ] {
        bench.sign_in(&user, "newCountry", RiskLevel::Low);
        let told = bench.happens(happening, &user, &settings);
        let records = bench.records(&user);
        assert!(told.applied, "{told:?}");
        assert_eq!((records.user.at_risk(), records.user.risk_detail.clone()), (Some(false), Some(detail)));
    }
    bench.sign_in(&user, "newCountry", RiskLevel::Low);
    let told = bench.happens(Happening::OnPremisesPasswordChange, &user, &NOTHING_STATED);
    assert!(!told.applied && told.because.contains("entriage settings passwordHashSync true"), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_required_change_is_made_and_need_not_be_made_again() {
    let bench = Bench::new();
    let user = bench.calm(registered);
    bench.sign_in(&user, "newCountry", RiskLevel::Low);
    let told = bench.happens(Happening::SecurePasswordChange, &user, &NOTHING_STATED);
    assert!(!told.applied && told.because.starts_with("No enforced policy"), "{told:?}");
    bench.tenant.act(&call(Action::RequirePasswordChange, &[user.to_string()])).await.unwrap();
    assert!(bench.happens(Happening::SecurePasswordChange, &user, &NOTHING_STATED).applied);
    let records = bench.records(&user);
    assert_eq!((records.user.at_risk(), records.directory.password_change_required), (Some(false), Some(false)));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_user_keeps_the_risk_and_has_no_way_out() {
    let bench = Bench::new();
    let user = bench.calm(registered);
    bench.sign_in(&user, "leakedCredentials", RiskLevel::High);
    assert!(bench.happens(Happening::UserDeleted, &user, &ALL_ON).applied);
    for happening in [Happening::UserDeleted, Happening::SelfServiceReset, Happening::SecurePasswordChange, Happening::MfaPassed] {
        assert!(!bench.happens(happening, &user, &ALL_ON).applied);
    }
    assert!(!bench.sign_in(&user, "newCountry", RiskLevel::Low).applied);
    let records = bench.records(&user);
    assert_eq!((records.user.is_deleted, records.user.risk_level), (Some(true), Some(RiskLevel::High)));
}

#[tokio::test(start_paused = true)]
async fn everything_that_is_simulated_again_and_again_can_be_told_apart() {
    let bench = Bench::new();
    let user = bench.calm(registered);
    for detection in ["newCountry", "leakedCredentials", "newCountry", "leakedCredentials", "unlikelyTravel"] {
        assert!(bench.sign_in(&user, detection, RiskLevel::Low).applied);
    }
    let records = bench.records(&user);
    let ids: std::collections::HashSet<_> = records.detections.iter().map(|detection| detection.id.clone()).collect();
    assert_eq!((ids.len(), records.detections.len()), (5, 5));
    let sign_ins: std::collections::HashSet<_> = records.sign_ins.iter().map(|sign_in| sign_in.id.clone()).collect();
    assert_eq!(sign_ins.len(), records.sign_ins.len());
}

#[tokio::test(start_paused = true)]
async fn what_there_is_not_cannot_be_simulated() {
    let bench = Bench::new();
    let user = bench.calm(registered);
    let simulate = |happening, user: &UserId, sign_in: Option<&SignInId>| {
        bench.tenant.simulate(&Simulation { happening: &happening, user, sign_in, settings: &NOTHING_STATED })
    };
    assert!(simulate(Happening::MfaPassed, &"nobody".into(), None).is_err());
    assert!(simulate(Happening::MfaPassed, &user, Some(&"none".into())).is_err());
    assert!(simulate(Happening::SignIn { detection: "none".to_owned(), level: RiskLevel::Low }, &user, None).is_err());
}

/// What the adviser promises is what happens, for everybody in the tenant: the two must not tell different stories, nor where
/// something was done to the users before.
#[tokio::test(start_paused = true)]
async fn the_adviser_and_the_tenant_agree_on_what_users_can_do_by_themselves() {
    let stated = |value| TenantSettings {
        password_hash_sync: Some(value),
        password_writeback: Some(value),
        on_premises_reset_remediates: Some(value),
        continuous_access_evaluation: None,
    };
    let sign_in = |detection: &str, level| Some(Happening::SignIn { detection: detection.to_owned(), level });
    let before = [
        (None, None),
        (None, Some(Action::RequirePasswordChange)),
        (None, Some(Action::ConfirmUserCompromised)),
        (sign_in("unfamiliarFeatures", RiskLevel::Medium), None),
        (sign_in("anomalousToken", RiskLevel::High), None),
        (sign_in("newCountry", RiskLevel::Low), Some(Action::RequirePasswordChange)),
    ];
    let mut compared = [0, 0];
    for settings in [stated(true), stated(false)] {
        for (happening, action) in &before {
            // To prepare everybody takes long, and shows little more.
            let users = if happening.is_none() && action.is_none() { 200 } else { 12 };
            // What is tried in one way must not change what is tried in another.
            let places: Vec<Place> = WAYS.iter().map(|_| Place::new(vec![])).collect();
            let tenants: Vec<DemoTenant> = places.iter().map(Place::open).collect();
            for index in 0..users {
                let user = tenants[0].records(index).id().clone();
                for tenant in &tenants {
                    if let Some(happening) = happening {
                        tenant.simulate(&Simulation { happening, user: &user, sign_in: None, settings: &settings }).unwrap();
                    }
                    if let Some(action) = action.filter(|_| tenant.records(index).user.is_deleted == Some(false)) {
                        tenant.act(&call(action, &[user.to_string()])).await.unwrap();
                    }
                }
                let records = tenants[0].records(index);
                let advice = advised(&tenants[0], &records, &settings);
                for ((option, way), tenant) in WAYS.iter().zip(&tenants) {
                    let advice = advice.iter().find(|advice| advice.option == *option);
                    let Some(expected) = advice.and_then(|advice| advice.available) else { continue };
                    let came = tenant.simulate(&Simulation { happening: way, user: &user, sign_in: None, settings: &settings }).unwrap();
                    let of = format!("{option} of {} ({index}) after {happening:?}, {action:?}: {advice:?}", records.user.name());
                    assert_eq!(came.applied, expected, "{of} / {}", came.because);
                    compared[usize::from(expected)] += 1;
                    let closes = expected && *way != Happening::MfaPassed;
                    assert!(!closes || tenant.records(index).user.at_risk() == Some(false), "promised, and still at risk: {of}");
                }
            }
        }
    }
    assert!(compared.iter().all(|count| *count > 100), "{compared:?}");
}

const WAYS: [(&str, Happening); 5] = [
    ("self-remediation by MFA", Happening::MfaPassed),
    ("secure password change", Happening::SecurePasswordChange),
    ("self-service reset", Happening::SelfServiceReset),
    ("on-premises change", Happening::OnPremisesPasswordChange),
    ("system dismissal", Happening::SystemDismissal),
];

/// What the adviser says of a user.
fn advised(tenant: &DemoTenant, records: &UserRecords, settings: &TenantSettings) -> Vec<Advice> {
    let now = tenant.clock.now();
    let of_tenant = tenant.lock().tenant_facts(now);
    let (tenant, access) = (&of_tenant, Access::ReadWrite);
    advice::explain(&Facts { records, tenant, settings, tenant_id: None, access, holder: None, change_required_at: None, now }).advice
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_beside_token_theft_closes_by_multifactor_authentication_only_where_it_is_named() {
    let bench = Bench::new();
    let user = bench.calm(registered);
    bench.sign_in(&user, "unfamiliarFeatures", RiskLevel::Medium);
    let plain = bench.records(&user).sign_ins[0].id.clone();
    tokio::time::advance(std::time::Duration::from_secs(60)).await;
    bench.sign_in(&user, "anomalousToken", RiskLevel::High);
    let stolen =
        bench.records(&user).sign_ins.iter().find(|sign_in| sign_in.id != plain && sign_in.at_risk() == Some(true)).unwrap().id.clone();
    let happening = Happening::MfaPassed;
    let named = bench.tenant.simulate(&Simulation { happening: &happening, user: &user, sign_in: Some(&stolen), settings: &ALL_ON });
    assert!(!named.unwrap().applied, "what is named is meant");
    assert!(!bench.happens(Happening::MfaPassed, &user, &ALL_ON).applied, "it does not clear the user's risk");
    let told = bench.tenant.simulate(&Simulation { happening: &happening, user: &user, sign_in: Some(&plain), settings: &ALL_ON }).unwrap();
    assert!(told.applied && told.because.contains("still open"), "{told:?}");
    let records = bench.records(&user);
    let state = |id| records.sign_in(id).and_then(|sign_in| sign_in.at_risk());
    assert_eq!((state(&plain), state(&stolen), records.user.at_risk()), (Some(false), Some(true), Some(true)));
}
