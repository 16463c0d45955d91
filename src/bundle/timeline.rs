//! What happened to a user, in order.

use super::done::{self, Deed};
use super::{BundleError, Source};
use crate::domain::catalogue;
use crate::domain::links::Links;
use crate::domain::records::{Location, UserRecords};
use crate::domain::risk::{RiskDetail, RiskState};
use crate::domain::tenant_text::TenantText;
use crate::domain::text;
use crate::domain::time::Timestamp;

/// One thing that happened. All text may be hostile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// When.
    pub(super) at: Timestamp,
    /// `signIn`, `detection`, `riskHistory`, `action`, `case` or `note`.
    pub(super) kind: &'static str,
    /// What, in words.
    pub(super) what: String,
    /// Where from.
    pub(super) ip_address: String,
    /// The place.
    pub(super) location: String,
    /// The session.
    pub(super) session_id: String,
    /// Who did it.
    pub(super) who: String,
    /// Id of the record.
    pub(super) id: String,
    /// Whether it tells of risk.
    pub(super) risky: bool,
}

impl Event {
    pub(super) fn new(at: Timestamp, kind: &'static str, what: impl Into<String>) -> Self {
        let none = String::new;
        Event {
            at,
            kind,
            what: what.into(),
            ip_address: none(),
            location: none(),
            session_id: none(),
            who: none(),
            id: none(),
            risky: false,
        }
    }
}

/// Everything that happened to a user, oldest first. What has no time is left to the records.
pub(super) fn events(source: &Source<'_>, records: &UserRecords, links: &Links<'_>, deeds: &[Deed<'_>], lines: &[usize]) -> Vec<Event> {
    let place = |location: &Option<Location>| location.as_ref().and_then(Location::short).unwrap_or_default();
    let told = |text: &Option<TenantText>| text.as_ref().map(String::from).unwrap_or_default();
    let mut events = done::events(source, records, deeds, lines);
    for sign_in in &records.sign_ins {
        let Some(at) = sign_in.created_date_time else { continue };
        let result = match sign_in.status.as_ref().and_then(|status| status.error_code) {
            Some(0) => "went through".to_owned(),
            Some(code) => {
                let reason = sign_in.status.as_ref().and_then(|status| status.failure_reason.as_deref()).unwrap_or_default();
                format!("failed, error {code} {reason}")
            }
            None => "result not known".to_owned(),
        };
        let app = sign_in.app_display_name.as_deref().unwrap_or("an unknown application");
        let client = sign_in.client_app_used.as_deref().map(|client| format!(" with {client}")).unwrap_or_default();
        let interactive = if sign_in.is_interactive == Some(false) { "non-interactive sign-in" } else { "sign-in" };
        events.push(Event {
            ip_address: told(&sign_in.ip_address),
            location: place(&sign_in.location),
            session_id: told(&sign_in.session_id),
            id: sign_in.id.to_string(),
            risky: sign_in.at_risk() == Some(true),
            ..Event::new(at, "signIn", format!("{interactive} to {app}{client}: {}", result.trim_end()))
        });
    }
    for detection in &records.detections {
        let Some(at) = detection.activity_date_time.or(detection.at()) else { continue };
        let name = detection.risk_event_type.as_deref().map_or("detection of an unknown type", catalogue::name);
        let level = detection.risk_level.as_ref().map_or("unknown", |level| level.as_str());
        let state = in_sentence(detection.risk_state.as_ref());
        events.push(Event {
            ip_address: told(&detection.ip_address),
            location: place(&detection.location),
            session_id: links.sign_in_of(detection).map(|sign_in| told(&sign_in.session_id)).unwrap_or_default(),
            id: detection.id.to_string(),
            risky: detection.is_open(),
            ..Event::new(at, "detection", format!("{name} ({level}, {state})"))
        });
    }
    for item in &records.history {
        let Some(at) = item.risk_last_updated_date_time else { continue };
        let level = item.risk_level.as_ref().map_or("unknown", |level| level.as_str());
        let mut why: Vec<&str> = item.risk_event_types.iter().map(|kind| catalogue::name(kind)).collect();
        why.extend(item.risk_detail.as_ref().filter(|detail| **detail != RiskDetail::None).map(RiskDetail::words));
        let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join(", ")) };
        events.push(Event {
            who: item.initiated_by.as_ref().map_or_else(|| "system".to_owned(), String::from),
            id: item.id.to_string(),
            ..Event::new(at, "riskHistory", format!("risk: level {level}, {}{why}", in_sentence(item.risk_state.as_ref())))
        });
    }
    events.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.kind.cmp(b.kind)).then_with(|| a.id.cmp(&b.id)));
    events
}

/// A state within a sentence: "at risk". Hostile text.
pub(super) fn in_sentence(state: Option<&RiskState>) -> String {
    match state {
        None => "state unknown".to_owned(),
        Some(RiskState::Other(text)) => text.to_string(),
        Some(known) => known.words().to_lowercase(),
    }
}

/// The timeline as a table, with nothing in it that a spreadsheet would run.
pub(super) fn csv(events: &[Event]) -> Result<Vec<u8>, BundleError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["time", "kind", "what", "ipAddress", "location", "sessionId", "who", "id", "risky"])?;
    for event in events {
        let risky = if event.risky { "true" } else { "false" };
        let at = event.at.to_string();
        let fields =
            [&at, event.kind, event.what.trim(), &event.ip_address, &event.location, &event.session_id, &event.who, &event.id, risky];
        writer.write_record(fields.map(|field| text::csv_field(field).into_owned()))?;
    }
    // The table is written to memory: taking it back cannot fail, but for what failed before.
    writer.into_inner().map_err(|error| BundleError::Table(error.into_error().into()))
}
