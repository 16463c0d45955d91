//! What is told of the timeline: of its lanes, and of the event under the cursor.

use super::App;
use super::details::Tone;
use super::format::{self, count, level, since, state, wrap};
use super::timeline::Chart;
use crate::domain::catalogue;
use crate::domain::facts;
use crate::domain::ledger::{ItemState, Job};
use crate::domain::records::{Location, SignIn, UserRecords};
use crate::domain::timeline::{Kind, Lane, What};

/// "7c1f…e2" for a long id. Safe.
pub fn short_session(id: &str) -> String {
    let letters: Vec<char> = id.chars().collect();
    match (letters.get(..6), letters.len().checked_sub(4).and_then(|from| letters.get(from..))) {
        (Some(head), Some(tail)) if letters.len() > 12 => {
            crate::domain::text::safe(&head.iter().chain(['…'].iter()).chain(tail).collect::<String>()).into_owned()
        }
        _ => crate::domain::text::safe(id).into_owned(),
    }
}

/// The label of a lane. Safe.
pub fn label(lane: &Lane) -> String {
    match &lane.kind {
        Kind::Session(Some(id)) => short_session(id),
        Kind::Session(None) => "no session id".to_owned(),
        Kind::Detections => "detections".to_owned(),
        Kind::History => "risk history".to_owned(),
        Kind::Administrators => "administrators".to_owned(),
        Kind::Notes => "notes".to_owned(),
    }
}

/// "▲ 198.51.100.20 → 203.0.113.7": where a session was seen, in order. Hostile text.
pub fn addresses(lane: &Lane) -> String {
    // More than a few do not fit anyway, and a session without an id may have thousands.
    let some: Vec<&str> = lane.addresses.iter().take(8).map(String::as_str).collect();
    let more = if lane.addresses.len() > 8 { " → …" } else { "" };
    let sign = if lane.is_shared() { "▲ " } else { "" };
    let between = if matches!(lane.kind, Kind::Session(None)) { ", " } else { " → " };
    format!("{sign}{}{more}", some.join(between))
}

/// What is told of a sign-in. Hostile text.
fn about_sign_in(sign_in: &SignIn, lane: Option<&Lane>, notable: bool) -> Vec<(String, Tone)> {
    let result = match &sign_in.status {
        Some(status) if status.error_code == Some(0) => "success".to_owned(),
        Some(status) => {
            let code = status.error_code.map_or(String::new(), |code| format!(" {code}"));
            format!("failed{code} {}", status.failure_reason.as_deref().unwrap_or_default())
        }
        None => "result unknown".to_owned(),
    };
    let app = sign_in.app_display_name.as_deref().filter(|app| !app.is_empty()).map_or(String::new(), |app| format!(" · {app}"));
    let risk = format!("{} · {}", level(sign_in.risk_level()), state(sign_in.risk_state.as_ref()));
    let place = place(sign_in.ip_address.as_deref(), sign_in.location.as_ref());
    let mut lines = vec![(format!("Sign-in · {risk} · {}{app} · {result}", format::client(sign_in)), Tone::Plain), (place, Tone::Plain)];
    if let Some(lane) = lane.filter(|lane| lane.is_shared()) {
        let first = lane.addresses.first().map_or("", String::as_str);
        let what = if notable { format!("not the address where it began, {first}") } else { "where it began".to_owned() };
        let seen = count(lane.addresses.len(), "address", "addresses");
        lines.push((format!("▲ This session was seen on {seen}; this is {what}."), Tone::Warning));
    }
    lines
}

fn place(address: Option<&str>, location: Option<&Location>) -> String {
    let address = address.filter(|address| !address.is_empty()).unwrap_or("address unknown");
    format!("{address} · {}", location.and_then(Location::short).unwrap_or_else(|| "place unknown".to_owned()))
}

/// "verified", and why where there is something to say. Hostile text.
fn outcome(job: &Job, records: &UserRecords) -> String {
    let mut words = Vec::new();
    let ids = job.plan.included().filter(|target| target.id == records.id().as_str() || target.user_id.as_ref() == Some(records.id()));
    for item in ids.filter_map(|target| job.item(&target.id)) {
        let word = match &item.state {
            ItemState::Pending => "not sent".to_owned(),
            ItemState::MaybeSent => "perhaps sent: its answer is missing".to_owned(),
            ItemState::Accepted => "accepted, not read back yet".to_owned(),
            ItemState::Ended(outcome, Some(because)) => format!("{}: {because}", outcome.as_str()),
            ItemState::Ended(outcome, None) => outcome.as_str().to_owned(),
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(", ")
}

impl App {
    /// What is told of the event under the cursor, in lines of so many columns. Safe.
    pub fn event_lines(&self, chart: &Chart, columns: usize) -> Vec<(String, Tone)> {
        let records = self.dataset.user(&chart.user);
        let Some((event, records)) = chart.event().zip(records) else {
            let undated = chart.timeline.undated;
            let nothing = if undated == 0 { "Nothing is known of this user." } else { "Nothing that is known of this user has a time." };
            return vec![(nothing.to_owned(), Tone::Quiet)];
        };
        let (place_of, total) = (format::number(chart.at + 1), format::number(chart.timeline.events.len()));
        let undated = match chart.timeline.undated {
            0 => String::new(),
            undated => format!(" · {} without a time", count(undated, "record", "records")),
        };
        let heading = format!("{} · {} · event {place_of} of {total}{undated}", self.times().moment(event.at), since(event.at, self.now));
        let mut lines = vec![(heading, Tone::Heading)];
        match &event.what {
            What::SignIn(id) => {
                if let Some(sign_in) = records.sign_in(id) {
                    lines.extend(about_sign_in(sign_in, chart.timeline.lanes.get(event.lane), event.notable));
                }
            }
            What::Detection(id) => {
                if let Some(detection) = records.detections.iter().find(|detection| detection.id == *id) {
                    let kind = detection.risk_event_type.as_deref().unwrap_or("unknown detection");
                    let theft = if facts::is_token_theft(detection) { " · ◆ token theft" } else { "" };
                    let risk = format!("{} · {}", level(detection.risk_level.as_ref()), state(detection.risk_state.as_ref()));
                    lines.push((format!("Detection · {} · {risk}{theft}", catalogue::name(kind)), Tone::Plain));
                    lines.push((place(detection.ip_address.as_deref(), detection.location.as_ref()), Tone::Plain));
                    if let Some(at) = detection.detected_date_time.filter(|at| *at != event.at) {
                        lines.push((format!("detected {}", self.times().moment(at)), Tone::Quiet));
                    }
                }
            }
            What::History(id) => {
                if let Some(item) = records.history.iter().find(|item| item.id == *id) {
                    let by = item.initiated_by.as_deref().map_or("by the system".to_owned(), |by| format!("by {by}"));
                    let detail = item.risk_detail.as_ref().map(|detail| detail.as_str()).filter(|detail| *detail != "none");
                    let detail = detail.map_or(String::new(), |detail| format!(" · {detail}"));
                    let risk = format!("{} · {}", level(item.risk_level.as_ref()), state(item.risk_state.as_ref()));
                    lines.push((format!("Risk changed · {risk}{detail} · {by}"), Tone::Plain));
                    let kinds: Vec<&str> = item.risk_event_types.iter().map(|kind| catalogue::name(kind)).collect();
                    if !kinds.is_empty() {
                        lines.push((format!("because of {}", kinds.join(", ")), Tone::Plain));
                    }
                }
            }
            What::Job(id) => {
                if let Some(job) = self.ledger.job(*id) {
                    let what = format!("{} · job {id} by {}", job.plan.action.title(), job.plan.operator);
                    lines.push((format!("{what} · {}", outcome(job, records)), Tone::Plain));
                    if !job.plan.reason.is_empty() {
                        lines.push((format!("reason: {}", job.plan.reason), Tone::Plain));
                    }
                }
            }
            What::Note(place) => {
                if let Some(note) = self.ledger.notes(records.id()).get(*place) {
                    lines.push((format!("Note by {}: {}", note.operator, note.text), Tone::Plain));
                }
            }
        }
        lines.into_iter().flat_map(|(text, tone)| wrap(&text, columns).into_iter().map(move |line| (line, tone))).collect()
    }
}
