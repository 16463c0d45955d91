//! What the pane of detection details says, line by line.

use super::details::{Details, LABEL, Line, Subject, Tone};
use super::format::{self, level, state};
use super::session;
use super::times::Times;
use crate::domain::catalogue;
use crate::domain::facts::{self, Evidence};
use crate::domain::ledger::Ledger;
use crate::domain::normal::{Comparison, Normal, Property};
use crate::domain::policy::TenantFacts;
use crate::domain::records::{Location, RiskDetection, SignIn, UserRecords};
use crate::domain::risk::DetectionTiming;
use crate::domain::text::safe;
use crate::domain::time::Timestamp;

/// How much of one value is shown: a tenant's text may be of any length.
const LONGEST: usize = 2_000;

struct Lines {
    lines: Vec<Line>,
    columns: usize,
}

impl Lines {
    fn text(&mut self, text: &str, tone: Tone) {
        for text in format::wrap(&head(text), self.columns) {
            self.lines.push(Line { label: String::new(), text, tone });
        }
    }

    fn field(&mut self, label: &str, text: &str, tone: Tone) {
        let columns = self.columns.saturating_sub(LABEL).max(8);
        // Lines that follow are set in as far as the first.
        let mut label = if label.is_empty() { " ".to_owned() } else { format::fit(label, LABEL - 1).into_owned() };
        for text in format::wrap(&head(text), columns) {
            self.lines.push(Line { label: std::mem::replace(&mut label, " ".to_owned()), text, tone });
        }
    }

    fn known(&mut self, label: &str, text: Option<impl AsRef<str>>, otherwise: &str) {
        match text.as_ref().map(AsRef::as_ref).filter(|text| !text.trim().is_empty()) {
            Some(text) => self.field(label, text, Tone::Plain),
            None => self.field(label, otherwise, Tone::Quiet),
        }
    }

    /// How often each of these properties was seen before, where the line above tells several. Those of one kind stand together.
    fn normal(&mut self, compared: Option<&Comparison>, properties: &[Property]) {
        let Some(compared) = compared else { return };
        let mut said: Vec<(String, Vec<&str>)> = Vec::new();
        for property in properties {
            let normal = compared.of(*property);
            if matches!(normal, Normal::Unknown | Normal::NoOtherSignIns) {
                continue;
            }
            match said.iter_mut().find(|(words, _)| *words == normal.words()) {
                Some((_, named)) => named.push(property.words()),
                None => said.push((normal.words(), vec![property.words()])),
            }
        }
        let new = properties.iter().any(|property| matches!(compared.of(*property), Normal::New { .. }));
        let said: Vec<String> = said.into_iter().map(|(words, named)| format!("{}: {words}", named.join(", "))).collect();
        if !said.is_empty() {
            self.field("", &said.join(" · "), if new { Tone::Warning } else { Tone::Quiet });
        }
    }

    fn heading(&mut self, text: &str) {
        self.lines.push(Line { label: String::new(), text: String::new(), tone: Tone::Plain });
        self.text(text, Tone::Heading);
    }
}

fn head(text: &str) -> std::borrow::Cow<'_, str> {
    if text.len() <= LONGEST { text.into() } else { text.chars().take(LONGEST).chain(['…']).collect() }
}

/// Everything that the pane says, in lines of so many columns.
pub fn lines(details: &Details, records: &UserRecords, tenant: &TenantFacts, ledger: &Ledger, times: Times, columns: usize) -> Vec<Line> {
    let mut lines = Lines { lines: Vec::new(), columns };
    for because in facts::not_safe(records) {
        lines.text(&format!("Closed, but not safe: {}.", because.words()), Tone::Warning);
    }
    let kept = ledger.case(records.id()).is_some_and(|case| case.snapshot.is_some());
    if let Some((left, piece)) = format::evidence_left(records, times.now).filter(|_| !kept) {
        lines.text(&format!("Evidence (a {}) expires in {left}: a snapshot keeps it.", piece.words()), Tone::Warning);
    }
    match (&details.subject, details.detection(records)) {
        (_, Some((_, detection))) => {
            about_detection(&mut lines, detection);
            session_fields(&mut lines, Some(detection), records.sign_in_of(detection), records, details, times);
            more(&mut lines, detection);
        }
        (Some(Subject::SignIn(_)), None) => {
            lines.text("Sign-in without a detection", Tone::Heading);
            session_fields(&mut lines, None, details.sign_in(records), records, details, times);
        }
        _ => lines.text(no_detection(records, times.now), Tone::Quiet),
    }
    about_user(&mut lines, records, tenant, ledger, times);
    lines.lines
}

fn no_detection(records: &UserRecords, now: Timestamp) -> &'static str {
    match facts::evidence(records, now) {
        Evidence::Expired => "No detection is left: the risk is older than what the service keeps (90 days).",
        _ => "No detection of this user is known here.",
    }
}

fn about_detection(lines: &mut Lines, detection: &RiskDetection) {
    let kind = detection.risk_event_type.as_deref().unwrap_or("unknown detection");
    let entry = catalogue::find(kind);
    let timing = match &detection.detection_timing_type {
        Some(DetectionTiming::Realtime) => "real time",
        Some(DetectionTiming::NearRealtime) => "near real time",
        Some(DetectionTiming::NotDefined) | None => "timing unknown",
        Some(other) => other.as_str(),
    };
    let mitre = detection.mitre_technique_id.as_deref().or(entry.and_then(|entry| entry.mitre.as_deref()));
    let mut parts = vec![catalogue::name(kind), &*level(detection.risk_level.as_ref()), &*state(detection.risk_state.as_ref()), timing]
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    parts.extend(mitre.map(str::to_owned));
    lines.text(&parts.join(" · "), Tone::Heading);
    if facts::is_token_theft(detection) {
        lines
            .text("◆ Token theft: Entra never remediates this by itself, and a new password alone may not end the session.", Tone::Warning);
    }
    if let Some(entry) = entry {
        lines.text(&entry.meaning, Tone::Plain);
        lines.text(&format!("Check first: {}", entry.check_first), Tone::Plain);
    }
}

/// How often the value was seen before, to be said behind it.
fn beside(compared: Option<&Comparison>, property: Property) -> String {
    match compared.map(|compared| compared.of(property)) {
        // That there is nothing to compare with is said once, behind the address.
        Some(Normal::NoOtherSignIns) if property != Property::IpAddress => String::new(),
        None | Some(Normal::Unknown) => String::new(),
        Some(normal) => format!(" · {}", normal.words()),
    }
}

/// The session fields, with the labels of the source document.
fn session_fields(
    lines: &mut Lines,
    detection: Option<&RiskDetection>,
    sign_in: Option<&SignIn>,
    records: &UserRecords,
    details: &Details,
    times: Times,
) {
    let compared = details.compared();
    let without = match (detection, sign_in) {
        (Some(detection), None) if detection.request_id.is_none() => "no sign-in is linked to this detection",
        (_, None) => "unknown: the sign-in was not read",
        (_, Some(_)) => "unknown",
    };
    let issuer = sign_in
        .and_then(|sign_in| sign_in.token_issuer_type.clone())
        .or(detection.and_then(|detection| detection.token_issuer_type.clone()));
    let issuer_name = sign_in.and_then(|sign_in| sign_in.token_issuer_name.as_deref()).filter(|name| !name.is_empty());
    let issuer = issuer.map(|issuer| match issuer_name {
        Some(name) => format!("{issuer} · {name}"),
        None => issuer.to_string(),
    });
    lines.known("Token issuer type", issuer, "unknown");
    let at = sign_in.and_then(|sign_in| sign_in.created_date_time).or(detection.and_then(|detection| detection.activity_date_time));
    lines.known("Sign-in time", at.map(|at| times.detail(at)), "unknown");
    let address =
        sign_in.and_then(|sign_in| sign_in.ip_address.as_deref()).or(detection.and_then(|detection| detection.ip_address.as_deref()));
    lines.known("IP address", address.map(|address| format!("{address}{}", beside(compared, Property::IpAddress))), "unknown");
    let place = sign_in.and_then(|sign_in| sign_in.location.as_ref()).or(detection.and_then(|detection| detection.location.as_ref()));
    lines.known("Sign-in location", place.and_then(Location::short), "unknown");
    lines.normal(compared, &[Property::City, Property::CountryOrRegion]);
    if let Some(travel) = details.leg().and_then(session::travel) {
        lines.field("", &travel, Tone::Warning);
    }
    lines.known("Sign-in client", sign_in.map(session::client), without);
    lines.normal(compared, &[Property::ClientAppUsed, Property::Browser, Property::OperatingSystem, Property::Device]);
    let request = sign_in.map(|sign_in| &sign_in.id).or(detection.and_then(|detection| detection.request_id.as_ref()));
    lines.known("Sign-in request ID", request.map(ToString::to_string), without);
    let correlation = sign_in
        .and_then(|sign_in| sign_in.correlation_id.as_deref())
        .or(detection.and_then(|detection| detection.correlation_id.as_deref()));
    lines.known("Sign-in correlation ID", correlation, without);
    let Some(sign_in) = sign_in else { return };
    lines.known("Session ID", sign_in.session_id.as_deref(), without);
    for address in session::other_addresses(sign_in, records) {
        lines.field("", &format!("▲ also seen on {address}"), Tone::Warning);
    }
    lines.known("Unique token ID", sign_in.unique_token_identifier.as_deref(), without);
    let asn = sign_in.autonomous_system_number;
    lines.known("ASN", asn.map(|number| format!("AS{number}{}", beside(compared, Property::AutonomousSystemNumber))), without);
    lines.known("Incoming token type", sign_in.incoming_token_type.as_ref().map(ToString::to_string), without);
    if let Some(app) = sign_in.app_display_name.as_deref().filter(|app| !app.is_empty()) {
        let resource = sign_in.resource_display_name.as_deref().filter(|resource| !resource.is_empty() && *resource != app);
        let app = resource.map_or(app.to_owned(), |resource| format!("{app} → {resource}"));
        lines.field("Application", &format!("{app}{}", beside(compared, Property::App)), Tone::Plain);
    }
    if let Some(status) = &sign_in.status {
        let text = match (status.error_code, status.failure_reason.as_deref()) {
            (Some(0), _) => "success".to_owned(),
            (Some(code), reason) => format!("failed {code} {}", reason.unwrap_or_default()),
            (None, reason) => reason.unwrap_or("unknown").to_owned(),
        };
        lines.field("Sign-in result", &text, Tone::Plain);
    }
    lines.field("Sign-in risk", &format!("{} · {}", level(sign_in.risk_level()), state(sign_in.risk_state.as_ref())), Tone::Plain);
}

/// What stands in `additionalInfo`: a JSON array of pairs in a string, as a rule.
fn more(lines: &mut Lines, detection: &RiskDetection) {
    let Some(info) = detection.additional_info.as_deref().filter(|info| !info.trim().is_empty()) else { return };
    let pairs = session::additional_info(info);
    if pairs.is_empty() {
        lines.field("Additional info", info, Tone::Plain);
    }
    for (key, value) in pairs.iter().take(40) {
        lines.field(key, value, Tone::Plain);
    }
}

fn about_user(lines: &mut Lines, records: &UserRecords, tenant: &TenantFacts, ledger: &Ledger, times: Times) {
    let user = &records.user;
    lines.heading("User");
    lines.known("Principal name", user.user_principal_name.as_deref(), "unknown");
    let mut risk = format!("{} · {}", level(user.risk_level.as_ref()), state(user.risk_state.as_ref()));
    if let Some(detail) = user.risk_detail.as_ref().filter(|detail| detail.as_str() != "none") {
        risk.push_str(&format!(" · {}", safe(detail.as_str())));
    }
    lines.field("Risk", &risk, Tone::Plain);
    lines.known("Risk last updated", user.risk_last_updated_date_time.map(|at| times.detail(at)), "unknown");
    match format::evidence_left(records, times.now) {
        Some((left, piece)) => lines.field("Evidence", &format!("a {} expires in {left}", piece.words()), Tone::Warning),
        None => lines.field("Evidence", facts::evidence(records, times.now).as_str(), Tone::Plain),
    }
    about_case(lines, records, ledger, times);
    let tags = format::tags(records);
    if !tags.is_empty() {
        lines.field("Marked as", &tags.join(", "), Tone::Plain);
    }
    let yes_no = |fact: Option<bool>| fact.map_or("unknown", |holds| if holds { "yes" } else { "no" });
    lines.field("MFA registered", yes_no(records.directory.is_mfa_registered), Tone::Plain);
    lines.field("SSPR registered", yes_no(records.directory.is_sspr_registered), Tone::Plain);
    if let Some(change) = password_change(records, ledger, times) {
        lines.field("Password change", &change, Tone::Warning);
    }
    let blocked = facts::blocked(records, tenant, times.now);
    let causes: Vec<&str> = blocked.by.iter().map(|cause| cause.as_str()).collect();
    let blocked = if causes.is_empty() { yes_no(blocked.value).to_owned() } else { causes.join(", ") };
    lines.field("Blocked", &blocked, Tone::Plain);
    lines.field("Object ID", records.id().as_str(), Tone::Plain);
    let notes = ledger.notes(records.id());
    if !notes.is_empty() {
        lines.heading("Notes");
    }
    for note in notes.iter().rev().take(20) {
        lines.text(&format!("{} {}: {}", times.since(note.at), note.operator, note.text), Tone::Plain);
    }
}

/// What operators made of the user.
fn about_case(lines: &mut Lines, records: &UserRecords, ledger: &Ledger, times: Times) {
    let Some(case) = ledger.case(records.id()) else { return };
    if let Some((verdict, (at, by))) = case.verdict.zip(case.verdict_by.as_ref()) {
        lines.field("Verdict", &format!("{}  ({by}, {})", verdict.words(), times.since(*at)), Tone::Heading);
    }
    if let Some(status) = case.status() {
        lines.field("Case", status.words(), Tone::Plain);
    }
    if !case.tags.is_empty() {
        lines.field("Tags", &case.tags.iter().map(|tag| format!("#{tag}")).collect::<Vec<_>>().join(" "), Tone::Plain);
    }
    if let Some(snapshot) = &case.snapshot {
        lines.field("Snapshot", &format!("{}: {}", times.since(snapshot.at), snapshot.folder), Tone::Plain);
    }
}

/// A required password change that was not made yet: by the directory, or by what was done here where the directory was not read.
fn password_change(records: &UserRecords, ledger: &Ledger, times: Times) -> Option<String> {
    let required_at = ledger.password_change_required(records.id());
    let changed = required_at.is_some_and(|at| records.directory.last_password_change_date_time.is_some_and(|changed| changed > at));
    match (records.directory.password_change_required, required_at) {
        (Some(false), _) | (None, None) => return None,
        (None, Some(_)) if changed => return None,
        _ => {}
    }
    let when = required_at.map_or_else(String::new, |at| format!(" {}", times.since(at)));
    let until = if records.user.at_risk() == Some(true) { "; at risk until the secure password change" } else { "" };
    Some(format!("required{when}{until}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture::{everyday_sign_in, now, risky_user};
    use crate::domain::records::GeoCoordinates;

    fn text(records: &UserRecords) -> String {
        let mut details = Details::default();
        details.keep(Some(records));
        details.compare(records);
        let lines = lines(
            &details,
            records,
            &TenantFacts::default(),
            &Ledger::default(),
            Times { zone: Default::default(), form: Default::default(), now: now() },
            70,
        );
        lines.iter().map(|line| format!("{}|{}\n", line.label, line.text)).collect()
    }

    #[test]
    fn the_session_fields_carry_the_labels_of_the_source_document() {
        let text = text(&risky_user("adele", "anomalousToken"));
        for label in [
            "Token issuer type",
            "Sign-in time",
            "IP address",
            "Sign-in location",
            "Sign-in client",
            "Sign-in request ID",
            "Sign-in correlation ID",
            "Session ID",
        ] {
            assert!(text.contains(&format!("{label}|")), "{label}:\n{text}");
        }
        assert!(text.contains("Token theft"));
    }

    #[test]
    fn a_session_on_two_addresses_and_impossible_travel_are_pointed_out() {
        let mut records = risky_user("adele", "anomalousToken");
        let place = |latitude, longitude| Location { geo_coordinates: Some(GeoCoordinates { latitude, longitude }), ..Location::default() };
        let mut earlier = records.sign_ins[0].clone();
        records.sign_ins[0].location = Some(place(6.5, 3.4));
        earlier.id = "earlier".into();
        earlier.ip_address = Some("198.51.100.20".into());
        earlier.location = Some(place(51.0, 13.7));
        earlier.created_date_time = earlier.created_date_time.map(|at| Timestamp(at.0 - chrono::TimeDelta::minutes(4)));
        records.sign_ins.push(earlier);
        everyday_sign_in(&mut records);
        let text = text(&records);
        assert!(text.contains("also seen on 198.51.100.20"), "{text}");
        assert!(text.contains("new for this user"), "{text}");
        assert!(text.contains("km in 4 min"), "{text}");
    }

    #[test]
    fn a_detection_without_a_sign_in_says_so() {
        let mut records = risky_user("adele", "leakedCredentials");
        records.sign_ins.clear();
        assert!(text(&records).contains("the sign-in was not read"));
        records.detections[0].request_id = None;
        assert!(text(&records).contains("no sign-in is linked"));
    }
}
