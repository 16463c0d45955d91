//! A tenant of any size, made up: the same number gives the same records.

use chrono::TimeDelta;
use entriage::domain::records::{
    AppliedPolicy, DeviceDetail, Directory, GeoCoordinates, Location, RiskDetection, SignIn, SignInStatus, UserId, UserRecords,
};
use entriage::domain::risk::{
    ActivityType, ConditionalAccessStatus, DetectionTiming, IncomingTokenType, RiskDetail, RiskLevel, RiskState, TokenIssuerType,
};
use entriage::domain::time::Timestamp;

/// Detections, and as many sign-ins, of each user on average; the number of users follows from it.
pub const EACH: usize = 10;

const FIRST: [&str; 24] = [
    "Adele",
    "Alex",
    "Diego",
    "Grady",
    "Henrietta",
    "Isaiah",
    "Johanna",
    "Joni",
    "Lee",
    "Lidia",
    "Lynne",
    "Megan",
    "Miriam",
    "Nestor",
    "Patti",
    "Pradeep",
    "Łukasz",
    "Zoë",
    "Ana",
    "Boris",
    "Chen",
    "Dmitri",
    "Emeka",
    "Farida",
];
const LAST: [&str; 24] = [
    "Vance",
    "Wilber",
    "Siciliani",
    "Archie",
    "Mueller",
    "Langer",
    "Lorenz",
    "Sherman",
    "Gu",
    "Holloway",
    "Robbins",
    "Bowen",
    "Graham",
    "Wilke",
    "Fernandez",
    "Gupta",
    "Kowalski",
    "Müller",
    "Silva",
    "Ivanov",
    "Wei",
    "Okafor",
    "Haddad",
    "Nielsen",
];
const PLACES: [(&str, &str, &str, f64, f64); 12] = [
    ("Dresden", "Sachsen", "DE", 51.05, 13.74),
    ("Seattle", "Washington", "US", 47.6, -122.33),
    ("Lagos", "Lagos", "NG", 6.45, 3.39),
    ("Moscow", "Moskva", "RU", 55.75, 37.62),
    ("São Paulo", "São Paulo", "BR", -23.55, -46.63),
    ("Mumbai", "Maharashtra", "IN", 19.07, 72.87),
    ("Warszawa", "Mazowieckie", "PL", 52.23, 21.01),
    ("Singapore", "", "SG", 1.35, 103.82),
    ("London", "England", "GB", 51.5, -0.12),
    ("Toronto", "Ontario", "CA", 43.65, -79.38),
    ("Ha Noi", "Ha Noi", "VN", 21.03, 105.85),
    ("Kyiv", "Kyiv", "UA", 50.45, 30.52),
];
const TYPES: [&str; 9] = [
    "unfamiliarFeatures",
    "anonymizedIPAddress",
    "unlikelyTravel",
    "newCountry",
    "passwordSpray",
    "leakedCredentials",
    "anomalousToken",
    "attackerinTheMiddle",
    "mcasSuspiciousInboxManipulationRules",
];
const APPS: [(&str, &str); 6] = [
    ("00000002-0000-0ff1-ce00-000000000000", "Office 365 Exchange Online"),
    ("00000003-0000-0ff1-ce00-000000000000", "Office 365 SharePoint Online"),
    ("1fec8e78-bce4-4aaf-ab1b-5451cc387264", "Microsoft Teams"),
    ("c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "Azure Portal"),
    ("d3590ed6-52b3-4102-aeff-aad2292ab01c", "Microsoft Office"),
    ("872cd9fa-d31f-45e0-9eab-6e460a02d1f1", "Visual Studio"),
];
const AGENTS: [(&str, &str, &str); 4] = [
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
        "Windows 10",
        "Chrome 141.0.0",
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
        "MacOs",
        "Safari 18.1",
    ),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0", "Windows 10", "Firefox 132.0"),
    ("python-requests/2.32.3", "", "Python Requests 2.32"),
];
const LEVELS: [RiskLevel; 3] = [RiskLevel::Low, RiskLevel::Medium, RiskLevel::High];
const STATES: [(RiskState, RiskDetail); 4] = [
    (RiskState::AtRisk, RiskDetail::None),
    (RiskState::AtRisk, RiskDetail::None),
    (RiskState::Remediated, RiskDetail::UserPassedMfaDrivenByRiskBasedPolicy),
    (RiskState::Dismissed, RiskDetail::AdminDismissedAllRiskForUser),
];

/// Chance that follows from numbers (splitmix64).
#[derive(Clone)]
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Chance(seed.wrapping_mul(0xa076_1d64_78bd_642f))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    fn guid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", high >> 32, (high >> 16) & 0xffff, high & 0xfff, low >> 52, low & 0xffff_ffff_ffff)
    }
}

/// The id of a user.
pub fn user_id(number: usize) -> UserId {
    Chance::new(number as u64).guid().into()
}

/// All records of a user.
pub fn user(number: usize, now: Timestamp) -> UserRecords {
    let mut chance = Chance::new(number as u64);
    let mut records = UserRecords::unknown(chance.guid().into());
    let (first, last) = (*chance.pick(&FIRST), *chance.pick(&LAST));
    let user = &mut records.user;
    user.user_display_name = Some(format!("{first} {last}").into());
    user.user_principal_name = Some(format!("{}.{}{number}@contoso.test", first.to_lowercase(), last.to_lowercase()).into());
    let (state, detail) = chance.pick(&STATES).clone();
    user.risk_level = Some(chance.pick(&LEVELS).clone());
    user.risk_state = Some(state);
    user.risk_detail = Some(detail);
    user.risk_last_updated_date_time = Some(some_time(&mut chance, now));
    user.is_deleted = if chance.below(100) == 0 { Some(true) } else { None };
    user.is_processing = Some(false);
    records.directory = Directory {
        account_enabled: Some(true),
        user_type: Some(if chance.below(20) == 0 { "Guest" } else { "Member" }.into()),
        on_premises_sync_enabled: Some(chance.below(3) == 0),
        is_admin: Some(chance.below(100) == 0),
        is_mfa_registered: Some(chance.below(5) != 0),
        is_sspr_registered: Some(chance.below(3) != 0),
        last_password_change_date_time: Some(some_time(&mut chance, now)),
        ..Directory::default()
    };
    for _ in 0..EACH {
        let (sign_in, detection) = event(&records, &mut chance, now);
        records.detections.push(detection);
        records.sign_ins.push(sign_in);
    }
    records.sort();
    records
}

fn some_time(chance: &mut Chance, now: Timestamp) -> Timestamp {
    Timestamp(now.0 - TimeDelta::milliseconds(chance.below(30 * 86_400_000) as i64))
}

/// A sign-in of this user and its detection.
pub fn event(records: &UserRecords, chance: &mut Chance, now: Timestamp) -> (SignIn, RiskDetection) {
    let user = &records.user;
    let (city, state, country, latitude, longitude) = *chance.pick(&PLACES);
    let at = some_time(chance, now);
    let location = Location {
        city: Some(city.into()),
        state: Some(state.into()),
        country_or_region: Some(country.into()),
        geo_coordinates: Some(GeoCoordinates { latitude, longitude }),
    };
    let (risk_state, risk_detail) = chance.pick(&STATES).clone();
    let level = chance.pick(&LEVELS).clone();
    let kind = *chance.pick(&TYPES);
    let ip_address = format!("{}.{}.{}.{}", 100 + chance.below(100), chance.below(256), chance.below(256), chance.below(256));
    let (app_id, app) = *chance.pick(&APPS);
    let (agent, system, browser) = *chance.pick(&AGENTS);
    let mut sign_in = SignIn::unknown(chance.guid().into(), user.id.clone());
    sign_in.user_principal_name.clone_from(&user.user_principal_name);
    sign_in.user_display_name.clone_from(&user.user_display_name);
    sign_in.created_date_time = Some(at);
    sign_in.correlation_id = Some(chance.guid().into());
    sign_in.app_id = Some(app_id.into());
    sign_in.app_display_name = Some(app.into());
    sign_in.resource_id = Some(app_id.into());
    sign_in.resource_display_name = Some(app.into());
    sign_in.client_app_used = Some("Browser".into());
    sign_in.user_agent = Some(agent.into());
    sign_in.device_detail = Some(DeviceDetail {
        device_id: Some("".into()),
        display_name: Some("".into()),
        operating_system: Some(system.into()),
        browser: Some(browser.into()),
        is_compliant: Some(false),
        is_managed: Some(false),
        trust_type: Some("".into()),
    });
    sign_in.ip_address = Some(ip_address.clone().into());
    sign_in.autonomous_system_number = Some(64_500 + chance.below(40) as i64);
    sign_in.location = Some(location.clone());
    sign_in.is_interactive = Some(true);
    sign_in.sign_in_event_types = vec!["interactiveUser".into()];
    sign_in.status = Some(SignInStatus { error_code: Some(0), failure_reason: Some("Other.".into()), additional_details: None });
    sign_in.conditional_access_status = Some(ConditionalAccessStatus::Success);
    sign_in.applied_conditional_access_policies = vec![AppliedPolicy {
        id: Some("7d4c0a0e-5d0f-4d37-8a4c-0f4a2f6c1b11".into()),
        display_name: Some("Require MFA for all users".into()),
        result: Some("success".into()),
        enforced_grant_controls: vec!["Mfa".into()],
    }];
    sign_in.authentication_requirement = Some("multiFactorAuthentication".into());
    sign_in.risk_level_during_sign_in = Some(level.clone());
    sign_in.risk_level_aggregated = Some(level.clone());
    sign_in.risk_state = Some(risk_state.clone());
    sign_in.risk_detail = Some(risk_detail.clone());
    sign_in.risk_event_types = vec![kind.into()];
    sign_in.session_id = Some(chance.guid().into());
    sign_in.unique_token_identifier = Some(chance.guid().into());
    sign_in.incoming_token_type = Some(IncomingTokenType::None);
    sign_in.token_issuer_type = Some(TokenIssuerType::AzureAd);
    sign_in.user_type = Some("member".into());
    let detection = RiskDetection {
        id: format!("{:016x}{:016x}{:016x}{:016x}", chance.next(), chance.next(), chance.next(), chance.next()).into(),
        user_id: user.id.clone(),
        user_principal_name: user.user_principal_name.clone(),
        user_display_name: user.user_display_name.clone(),
        risk_event_type: Some(kind.into()),
        risk_level: Some(level),
        risk_state: Some(risk_state),
        risk_detail: Some(risk_detail),
        detection_timing_type: Some(DetectionTiming::Realtime),
        activity: Some(ActivityType::Signin),
        token_issuer_type: Some(TokenIssuerType::AzureAd),
        ip_address: Some(ip_address.into()),
        location: Some(location),
        request_id: Some(sign_in.id.clone()),
        correlation_id: sign_in.correlation_id.clone(),
        activity_date_time: Some(at),
        detected_date_time: Some(Timestamp(at.0 + TimeDelta::seconds(40))),
        last_updated_date_time: Some(Timestamp(at.0 + TimeDelta::seconds(75))),
        source: Some("IdentityProtection".into()),
        mitre_technique_id: None,
        additional_info: Some(format!(r#"[{{"Key":"userAgent","Value":"{agent}"}}]"#).into()),
        extra: Default::default(),
    };
    (sign_in, detection)
}
