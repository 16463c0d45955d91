//! The records of a user to be read: Markdown in which no text of the tenant is markup.

use super::{Source, Subject, not_read};
use crate::domain::catalogue;
use crate::domain::records::{DeviceDetail, Location, RiskDetection, SignIn};
use crate::domain::risk::RiskDetail;
use crate::domain::text;
use crate::domain::time::Timestamp;
use crate::wire;

/// Characters that Markdown would take for markup, or a viewer of it for HTML, a mail address or a mention.
const MARKUP: &[char] = &['\\', '`', '*', '_', '[', ']', '<', '>', '|', '&', '~', '@'];

/// Text that stands for itself: as it is where nothing in it is markup, else as code, which no viewer looks into.
fn literal(given: &str) -> String {
    let text = text::safe(given);
    // What looks like an address becomes a link by itself in what GitHub and others make of Markdown, and `:x:` a picture.
    let told = |rest: &str| rest.starts_with(|letter: char| letter.is_ascii_alphabetic() || matches!(letter, '/' | '+' | '-'));
    let linked = text.to_ascii_lowercase().contains("www.") || text.split(':').skip(1).any(told);
    if !linked && !text.contains(MARKUP) {
        return text.into_owned();
    }
    // A fence is longer than any run of its letter within.
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

fn time(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "?".to_owned(), |at| at.0.format("%Y-%m-%d %H:%M:%S UTC").to_string())
}

pub(super) fn record(source: &Source<'_>, subject: &Subject<'_>) -> String {
    let records = subject.records;
    let user = &records.user;
    let known = |text: Option<&str>| text.map_or_else(|| "?".to_owned(), literal);
    let mut out = format!("# {}\n\n", literal(user.name()));
    let mut field = |label: &str, value: String| out.push_str(&format!("- {label}: {value}\n"));
    field("Principal name", known(user.user_principal_name.as_deref()));
    field("Object ID", literal(records.id().as_str()));
    field("Tenant", literal(source.tenant));
    field("Risk level", known(user.risk_level.as_ref().map(|level| level.as_str())));
    field("Risk state", known(user.risk_state.as_ref().map(|state| state.words())));
    field("Risk detail", known(user.risk_detail.as_ref().map(|detail| detail.words())));
    field("Risk last updated", time(user.risk_last_updated_date_time));
    let case = source.ledger.case(records.id()).map(|case| case.words()).filter(|words| !words.is_empty());
    field("Case", case.map_or_else(|| "nothing said".to_owned(), |words| literal(&words)));
    for told in not_read(records) {
        out.push_str(&format!("\n{told}\n"));
    }
    section(&mut out, "Still open", subject.open.iter().map(|open| literal(&open.sentence)));
    section(
        &mut out,
        "What was done",
        subject.deeds.iter().map(|deed| {
            let plan = &deed.job.plan;
            let reason = if plan.reason.is_empty() { String::new() } else { format!(", {}", literal(&plan.reason)) };
            let (what, who) = (literal(&deed.what), literal(&plan.operator));
            format!("{}: {what} by {who}{reason}: {}", time(Some(deed.job.created_at)), literal(&deed.outcome))
        }),
    );
    section(&mut out, "Detections", records.detections.iter().map(|held| detection(held, subject.links.sign_in_of(held))));
    section(&mut out, "Sign-ins", records.sign_ins.iter().map(sign_in));
    section(
        &mut out,
        "Risk history",
        records.history.iter().map(|item| {
            let words = [
                item.risk_level.as_ref().map(|level| level.as_str()),
                item.risk_state.as_ref().map(|state| state.words()),
                item.risk_detail.as_ref().filter(|detail| **detail != RiskDetail::None).map(|detail| detail.words()),
            ];
            let words: Vec<String> = words.into_iter().flatten().map(literal).collect();
            let who = item.initiated_by.as_deref().map_or_else(|| "system".to_owned(), literal);
            format!("{}: {} by {who}", time(item.risk_last_updated_date_time), words.join(", "))
        }),
    );
    section(
        &mut out,
        "Notes",
        source.ledger.notes(records.id()).iter().map(|note| {
            let (who, what) = (literal(&note.operator), literal(&note.text));
            format!("{} {who}: {what}", time(Some(note.at)))
        }),
    );
    out
}

fn section(out: &mut String, title: &str, lines: impl ExactSizeIterator<Item = String>) {
    out.push_str(&format!("\n## {title} ({})\n\n", lines.len()));
    if lines.len() == 0 {
        out.push_str("None.\n");
    }
    for line in lines {
        out.push_str(&format!("- {line}\n"));
    }
}

fn fields(fields: Vec<(&str, Option<String>)>) -> String {
    let known = fields.into_iter().filter_map(|(label, value)| Some(format!("\n  - {label}: {}", literal(&value?))));
    known.collect()
}

/// The session fields of a sign-in: what an investigation of token theft reads first (`design.md` section 4).
fn session_fields(sign_in: &SignIn) -> Vec<(&'static str, Option<String>)> {
    vec![
        ("Sign-in client", sign_in.client_app_used.clone().map(String::from)),
        ("Device", sign_in.device_detail.as_ref().and_then(device)),
        ("User agent", sign_in.user_agent.clone().map(String::from)),
        ("Session ID", sign_in.session_id.clone().map(String::from)),
        ("Unique token ID", sign_in.unique_token_identifier.clone().map(String::from)),
        ("Incoming token type", sign_in.incoming_token_type.as_ref().map(ToString::to_string)),
        ("ASN", sign_in.autonomous_system_number.map(|number| format!("AS{number}"))),
    ]
}

fn device(device: &DeviceDetail) -> Option<String> {
    let named = [&device.display_name, &device.device_id, &device.operating_system, &device.browser].into_iter().flatten();
    let mut parts: Vec<&str> = named.map(|text| text.as_str()).filter(|text| !text.is_empty()).collect();
    parts.extend(device.is_managed.map(|managed| if managed { "managed" } else { "not managed" }));
    parts.extend(device.is_compliant.map(|compliant| if compliant { "compliant" } else { "not compliant" }));
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn place(detection: &RiskDetection, sign_in: Option<&SignIn>) -> Option<String> {
    let own = detection.location.as_ref();
    own.or(sign_in.and_then(|sign_in| sign_in.location.as_ref())).and_then(Location::short)
}

fn detection(detection: &RiskDetection, sign_in: Option<&SignIn>) -> String {
    let name = detection.risk_event_type.as_deref().map_or("?", catalogue::name);
    let issuer = detection.token_issuer_type.as_ref().or(sign_in.and_then(|sign_in| sign_in.token_issuer_type.as_ref()));
    let at = sign_in.and_then(|sign_in| sign_in.created_date_time).or(detection.activity_date_time);
    let address = detection.ip_address.as_ref().or(sign_in.and_then(|sign_in| sign_in.ip_address.as_ref()));
    let mut told = vec![
        ("Detection ID", Some(detection.id.to_string())),
        ("User ID", Some(detection.user_id.to_string())),
        ("Risk level", detection.risk_level.as_ref().map(|level| level.as_str().to_owned())),
        ("Risk state", detection.risk_state.as_ref().map(|state| state.words().to_owned())),
        ("Detection time", detection.detected_date_time.map(|at| time(Some(at)))),
        ("Token issuer type", issuer.map(ToString::to_string)),
        ("Sign-in time", at.map(|at| time(Some(at)))),
        ("IP address", address.map(String::from)),
        ("Sign-in location", place(detection, sign_in)),
        ("Sign-in request ID", detection.request_id.as_ref().map(ToString::to_string)),
        ("Sign-in correlation ID", detection.correlation_id.clone().map(String::from)),
    ];
    told.extend(sign_in.map(session_fields).unwrap_or_default());
    let info = detection.additional_info.as_deref().map(wire::additional_info).unwrap_or_default();
    let pairs = info.into_iter().map(|(key, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("\n  - Additional info, {}: {}", literal(&key), literal(&value))
    });
    format!("{} {}{}{}", time(detection.activity_date_time.or(detection.at())), literal(name), fields(told), pairs.collect::<String>())
}

fn sign_in(sign_in: &SignIn) -> String {
    let status = sign_in.status.as_ref();
    let result =
        status.and_then(|status| status.error_code).map(|code| if code == 0 { "success".to_owned() } else { format!("error {code}") });
    let reason = status.and_then(|status| status.failure_reason.clone()).filter(|_| sign_in.failed() != Some(false));
    let mut told = vec![
        ("User ID", Some(sign_in.user_id.to_string())),
        ("Result", result),
        ("Reason", reason.map(String::from)),
        ("Risk level", sign_in.risk_level().map(|level| level.as_str().to_owned())),
        ("Risk state", sign_in.risk_state.as_ref().map(|state| state.words().to_owned())),
        ("Token issuer type", sign_in.token_issuer_type.as_ref().map(ToString::to_string)),
        ("IP address", sign_in.ip_address.clone().map(String::from)),
        ("Sign-in location", sign_in.location.as_ref().and_then(Location::short)),
        ("Sign-in request ID", Some(sign_in.id.to_string())),
        ("Sign-in correlation ID", sign_in.correlation_id.clone().map(String::from)),
    ];
    told.extend(session_fields(sign_in));
    let app = sign_in.app_display_name.as_deref().unwrap_or("an unknown application");
    format!("{} to {}{}", time(sign_in.created_date_time), literal(app), fields(told))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_markup() {
        assert_eq!(literal("Adele Vance (contoso)"), "Adele Vance (contoso)", "what needs no care is left to be read");
        assert_eq!(literal("<img src=x> [a](b) *c*"), "`<img src=x> [a](b) *c*`");
        assert_eq!(literal("adele@contoso.test"), "`adele@contoso.test`");
        assert_eq!(literal("see WWW.evil.example, w.w"), "`see WWW.evil.example, w.w`");
        assert_eq!((literal("http://x"), literal("note: at 13:05")), ("`http://x`".to_owned(), "note: at 13:05".to_owned()));
        assert_eq!(literal("`a``b"), "``` `a``b ```", "a fence is longer than what is within");
        assert_eq!(literal("a\n# b\u{202e}"), r"`a\n# b\u{202e}`");
    }
}
