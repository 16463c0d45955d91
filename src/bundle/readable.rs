//! The records of a user to be read: Markdown in which no text of the tenant is markup.

use super::{Source, Subject};
use crate::domain::catalogue;
use crate::domain::records::{Location, RiskDetection, SignIn};
use crate::domain::text;
use crate::domain::time::Timestamp;

/// Characters that Markdown would take for markup, or a viewer of it for HTML.
const MARKUP: &[char] = &['\\', '`', '*', '_', '{', '}', '[', ']', '<', '>', '(', ')', '#', '+', '!', '|', '&', '~', ':', '@'];

/// Text that stands for itself.
fn literal(given: &str) -> String {
    let mut out = String::with_capacity(given.len());
    for letter in text::safe(given).chars() {
        // A host that begins with www. becomes a link by itself in what GitHub and others make of Markdown.
        if MARKUP.contains(&letter) || letter == '.' && ends_with_www(&out) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

fn ends_with_www(text: &str) -> bool {
    text.len().checked_sub(3).and_then(|at| text.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case("www"))
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
    field("Risk state", known(user.risk_state.as_ref().map(|state| state.as_str())));
    field("Risk detail", known(user.risk_detail.as_ref().map(|detail| detail.as_str())));
    field("Risk last updated", time(user.risk_last_updated_date_time));
    let case = source.ledger.case(records.id()).map(|case| case.words()).filter(|words| !words.is_empty());
    field("Case", case.map_or_else(|| "nothing said".to_owned(), |words| literal(&words)));
    section(&mut out, "Still open", subject.open.iter().map(|open| literal(&open.sentence)));
    section(
        &mut out,
        "What was done",
        subject.deeds.iter().map(|deed| {
            let plan = &deed.job.plan;
            let reason = if plan.reason.is_empty() { String::new() } else { format!(", {}", literal(&plan.reason)) };
            let (title, who) = (plan.action.title(), literal(&plan.operator));
            format!("{}: {title} by {who}{reason}: {}", time(Some(deed.job.created_at)), literal(&deed.outcome))
        }),
    );
    section(&mut out, "Detections", records.detections.iter().map(|held| detection(held, records.sign_in_of(held))));
    section(&mut out, "Sign-ins", records.sign_ins.iter().map(sign_in));
    section(
        &mut out,
        "Risk history",
        records.history.iter().map(|item| {
            let words = [
                item.risk_level.as_ref().map(|level| level.as_str()),
                item.risk_state.as_ref().map(|state| state.as_str()),
                item.risk_detail.as_ref().map(|detail| detail.as_str()),
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
    for line in lines {
        out.push_str(&format!("- {line}\n"));
    }
}

fn fields(fields: Vec<(&str, Option<String>)>) -> String {
    let known = fields.into_iter().filter_map(|(label, value)| Some(format!("\n  - {label}: {}", literal(&value?))));
    known.collect()
}

fn detection(detection: &RiskDetection, sign_in: Option<&SignIn>) -> String {
    let name = detection.risk_event_type.as_deref().map_or("?", catalogue::name);
    let issuer = detection.token_issuer_type.as_ref().or(sign_in.and_then(|sign_in| sign_in.token_issuer_type.as_ref()));
    let more = fields(vec![
        ("Detection ID", Some(detection.id.to_string())),
        ("User ID", Some(detection.user_id.to_string())),
        ("Risk level", detection.risk_level.as_ref().map(|level| level.as_str().to_owned())),
        ("Risk state", detection.risk_state.as_ref().map(|state| state.as_str().to_owned())),
        ("Token issuer type", issuer.map(ToString::to_string)),
        ("IP address", detection.ip_address.clone()),
        ("Sign-in location", detection.location.as_ref().and_then(Location::short)),
        ("Sign-in request ID", detection.request_id.as_ref().map(ToString::to_string)),
        ("Sign-in correlation ID", detection.correlation_id.clone()),
        ("Session ID", sign_in.and_then(|sign_in| sign_in.session_id.clone())),
        ("Additional info", detection.additional_info.clone()),
    ]);
    format!("{} {}{more}", time(detection.activity_date_time.or(detection.at())), literal(name))
}

fn sign_in(sign_in: &SignIn) -> String {
    let status = sign_in.status.as_ref();
    let result =
        status.and_then(|status| status.error_code).map(|code| if code == 0 { "success".to_owned() } else { format!("error {code}") });
    let more = fields(vec![
        ("User ID", Some(sign_in.user_id.to_string())),
        ("Result", result),
        (
            "Reason",
            status.and_then(|status| status.failure_reason.clone()).filter(|_| status.and_then(|status| status.error_code) != Some(0)),
        ),
        ("Risk state", sign_in.risk_state.as_ref().map(|state| state.as_str().to_owned())),
        ("IP address", sign_in.ip_address.clone()),
        ("Sign-in location", sign_in.location.as_ref().and_then(Location::short)),
        ("Sign-in client", sign_in.client_app_used.clone()),
        ("User agent", sign_in.user_agent.clone()),
        ("Session ID", sign_in.session_id.clone()),
        ("Sign-in request ID", Some(sign_in.id.to_string())),
        ("Sign-in correlation ID", sign_in.correlation_id.clone()),
    ]);
    let app = sign_in.app_display_name.as_deref().unwrap_or("an unknown application");
    format!("{} to {}{more}", time(sign_in.created_date_time), literal(app))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_markup() {
        assert_eq!(literal("<img src=x> [a](b) *c* `d`"), r"\<img src=x\> \[a\]\(b\) \*c\* \`d\`");
        assert_eq!(literal("see WWW.evil.example, w.w"), r"see WWW\.evil.example, w.w");
        assert_eq!(literal("a\n# b\u{202e}"), r"a\\n\# b\\u\{202e\}");
    }
}
