//! The page for those who have no console: one HTML file without scripts, resources or links to anywhere else.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::findings::Findings;
use super::timeline::in_sentence;
use super::{Source, Subject, not_read};
use crate::domain::address;
use crate::domain::case::Status;
use crate::domain::records::{Location, UserRecords};
use crate::domain::text;
use crate::domain::time::Timestamp;

/// How many events of a user the page shows; the table beside it has all of them.
const EVENTS: usize = 200;
/// How many users the summary names of whom one thing holds.
const NAMED: usize = 50;
/// How many sessions of a user the page shows.
const SESSIONS: usize = 50;

const STYLE: &str = include_str!("../../assets/bundle.css");

/// Text that stands for itself in HTML, within and outside of attributes.
fn html(given: &str) -> String {
    let mut out = String::with_capacity(given.len());
    for letter in text::safe(given).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

fn time(at: Timestamp) -> String {
    at.0.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The whole page.
pub(super) fn page(source: &Source<'_>, subjects: &[Subject<'_>]) -> String {
    let mut out = String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    // No browser loads or runs anything, whatever came through.
    out.push_str("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.push_str(&format!("<title>Evidence: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n", html(source.tenant)));
    head(&mut out, source, subjects);
    summary(&mut out, source, subjects);
    for (number, subject) in (1..).zip(subjects) {
        user(&mut out, source, number, subject);
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn head(out: &mut String, source: &Source<'_>, subjects: &[Subject<'_>]) {
    let count = subjects.len();
    let (users, demo) = (
        if count == 1 { "user" } else { "users" },
        if source.label == "DEMO" { " (a simulated tenant: nothing here is real)" } else { "" },
    );
    out.push_str(&format!("<header>\n<h1>Evidence of {count} {users}</h1>\n<dl class=\"about\">\n"));
    let as_of = source.synced_at.map_or_else(|| "not known".to_owned(), |at| format!("{} UTC", time(at)));
    for (label, value) in [
        ("Tenant", format!("{}{demo}", source.tenant)),
        ("Workspace", source.workspace.to_owned()),
        ("Asked for", source.query.to_owned()),
        ("Made by", source.operator.to_owned()),
        ("Made at", format!("{} UTC", time(source.at))),
        ("Records as of", as_of),
        ("Program", format!("entriage {}", env!("CARGO_PKG_VERSION"))),
    ] {
        out.push_str(&format!("<dt>{label}</dt><dd>{}</dd>\n", html(&value)));
    }
    out.push_str(
        "</dl>\n<p class=\"quiet\">All times are UTC. <code>manifest.json</code> and <code>SHA256SUMS</code> hold the hash of every file; ",
    );
    out.push_str("<code>sha256sum -c SHA256SUMS</code> checks them.</p>\n");
    out.push_str("<p class=\"quiet\">▲ marks what tells of an attack: a risk that is still open, or one session on several addresses, ");
    out.push_str("which is what a stolen token looks like. ✓ was done and read back from the tenant, ✗ was not, or not as it should be. ");
    out.push_str("A user is <em>at risk</em> until somebody or Entra closes the risk; a <em>verdict</em> is what the investigators found.");
    out.push_str("</p>\n</header>\n");
}

fn summary(out: &mut String, source: &Source<'_>, subjects: &[Subject<'_>]) {
    let at_risk = subjects.iter().filter(|subject| subject.records.user.at_risk() == Some(true)).count();
    let theft = subjects.iter().filter(|subject| subject.findings.theft == Some(true)).count();
    let case = |subject: &Subject<'_>| source.ledger.case(subject.records.id()).cloned().unwrap_or_default();
    let judged = subjects.iter().filter(|subject| case(subject).verdict.is_some()).count();
    let closed = subjects.iter().filter(|subject| case(subject).status() == Some(Status::Closed)).count();
    out.push_str(&format!(
        "<section>\n<h2>Summary</h2>\n<p>{at_risk} of {} still at risk · {theft} with open signs of token theft · {judged} with a verdict · {closed} closed</p>\n",
        subjects.len()
    ));
    named(out, "Open signs of token theft", subjects, |subject| subject.findings.theft == Some(true));
    named(out, "Travel that nobody can have made", subjects, |subject| subject.findings.impossible_in_all > 0);
    out.push_str("<table>\n<thead><tr><th>User</th><th>Risk</th><th>Verdict</th><th>Case</th><th>Still open</th></tr></thead>\n<tbody>\n");
    for (number, subject) in (1..).zip(subjects) {
        let case = case(subject);
        out.push_str(&format!(
            "<tr><td><a href=\"#u{number}\">{}</a></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            html(subject.records.user.name()),
            risk(subject.records),
            case.verdict.map_or("not given", |verdict| verdict.words()),
            case.status().map_or("no case", |status| status.words()),
            in_short(subject)
        ));
    }
    out.push_str("</tbody>\n</table>\n</section>\n");
}

/// The users of whom something holds, by name, with links to where it is told.
fn named(out: &mut String, what: &str, subjects: &[Subject<'_>], holds: impl Fn(&Subject<'_>) -> bool) {
    let found: Vec<String> = (1..)
        .zip(subjects)
        .filter(|(_, subject)| holds(subject))
        .map(|(number, subject)| format!("<a href=\"#u{number}\">{}</a>", html(subject.records.user.name())))
        .collect();
    if !found.is_empty() {
        let more = found.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let names: Vec<String> = found.into_iter().take(NAMED).collect();
        out.push_str(&format!("<p>▲ {what}: {}{more}.</p>\n", names.join(", ")));
    }
}

/// What is still open, each thing in a word or two.
fn in_short(subject: &Subject<'_>) -> String {
    let mut shorts: Vec<&str> = subject.open.iter().map(|open| open.short.as_str()).collect();
    shorts.dedup();
    if shorts.is_empty() { "nothing known".to_owned() } else { html(&shorts.join(" · ")) }
}

/// Level and state: by word and weight as well as by colour.
fn risk(records: &UserRecords) -> String {
    let user = &records.user;
    let level = user.risk_level.as_ref().map_or("unknown", |level| level.as_str());
    let state = in_sentence(user.risk_state.as_ref());
    let class = match level {
        "high" => "high",
        "medium" => "medium",
        _ => "low",
    };
    let level = if level == "none" { "no level" } else { level };
    format!("<span class=\"{class}\">{}</span> · {}", html(level), html(&state))
}

fn user(out: &mut String, source: &Source<'_>, number: usize, subject: &Subject<'_>) {
    let records = subject.records;
    let principal_name = records.user.user_principal_name.as_deref().unwrap_or("principal name not known");
    out.push_str(&format!("<section class=\"user\" id=\"u{number}\">\n<h2>{}</h2>\n", html(records.user.name())));
    out.push_str(&format!("<p>{} · {} · <code>{}</code></p>\n", risk(records), html(principal_name), html(records.id().as_str())));
    verdict(out, source, records);
    found(out, &subject.findings);
    list(out, "Still open", subject.open.iter().map(|open| html(&open.sentence)), "Nothing is known to be open.");
    list(
        out,
        "What was done",
        subject.deeds.iter().map(|deed| {
            let plan = &deed.job.plan;
            let reason = if plan.reason.is_empty() { String::new() } else { format!(" · {}", html(&plan.reason)) };
            let sign = if deed.verified { "✓" } else { "✗" };
            let (at, what, who) = (time(deed.job.created_at), html(&deed.what), html(&plan.operator));
            format!("{sign} {at} <strong>{what}</strong>: {} · {who}{reason}", html(&deed.outcome))
        }),
        "Nothing was done with this program.",
    );
    for told in not_read(records) {
        out.push_str(&format!("<p class=\"note\">{told}</p>\n"));
    }
    sessions(out, records);
    events(out, subject);
    out.push_str(&format!("<p class=\"quiet\">All records: <code>{}</code></p>\n</section>\n", html(&subject.folder)));
}

fn verdict(out: &mut String, source: &Source<'_>, records: &UserRecords) {
    let case = source.ledger.case(records.id()).cloned().unwrap_or_default();
    let said = match (&case.verdict, &case.verdict_by) {
        (Some(verdict), Some((at, who))) => format!("<strong>{}</strong> ({}, {})", verdict.words(), html(who), time(*at)),
        _ => "No verdict was given".to_owned(),
    };
    let status = case.status().map_or_else(|| "no case".to_owned(), |status| format!("case {}", status.words()));
    let tags: String = case.tags.iter().map(|tag| format!(" <span class=\"tag\">{}</span>", html(tag))).collect();
    out.push_str(&format!("<h3>Verdict</h3>\n<p>{said} · {status}{tags}</p>\n"));
    let notes = source.ledger.notes(records.id()).iter();
    for note in notes {
        out.push_str(&format!("<p class=\"note\">{} {}: {}</p>\n", time(note.at), html(&note.operator), html(&note.text)));
    }
}

/// What was detected, with what it means, and travel that nobody can have made.
fn found(out: &mut String, findings: &Findings<'_>) {
    let types = findings.types.iter().map(|held| {
        let sign = if held.open > 0 { "▲ " } else { "" };
        let theft = if held.theft { ", a sign of <strong>token theft</strong>" } else { "" };
        let count = format!("{} open of {}", held.open, held.all);
        format!("{sign}<strong>{}</strong> ({count}){theft}: {}", html(held.name), html(held.meaning))
    });
    list(out, "What was found", types, "No detection of this user is known.");
    let all = findings.impossible_in_all;
    if all > 0 {
        let more =
            if all > findings.impossible.len() { format!(" (the newest {} of {all})", findings.impossible.len()) } else { String::new() };
        let title = format!("Travel that nobody can have made{more}");
        list(out, &title, findings.impossible.iter().map(|way| format!("▲ {}", html(way))), "");
    }
}

fn list(out: &mut String, title: &str, lines: impl Iterator<Item = String>, none: &str) {
    let lines: String = lines.map(|line| format!("<li>{line}</li>\n")).collect();
    out.push_str(&format!("<h3>{title}</h3>\n"));
    out.push_str(&if lines.is_empty() { format!("<p>{none}</p>\n") } else { format!("<ul>\n{lines}</ul>\n") });
}

/// Where each session was seen: one on several addresses is what token theft looks like.
fn sessions(out: &mut String, records: &UserRecords) {
    struct Seen<'a> {
        first: Option<Timestamp>,
        last: Option<Timestamp>,
        sign_ins: usize,
        places: BTreeMap<Cow<'a, str>, String>,
        /// Sign-ins that tell no address: they may be from any of those that are known.
        nowhere: usize,
    }
    let mut sessions: BTreeMap<&str, Seen<'_>> = BTreeMap::new();
    for sign_in in &records.sign_ins {
        let Some(id) = sign_in.session_id.as_deref().filter(|id| !id.is_empty()) else { continue };
        let seen = sessions.entry(id).or_insert(Seen { first: None, last: None, sign_ins: 0, places: BTreeMap::new(), nowhere: 0 });
        let at = sign_in.created_date_time;
        seen.first = seen.first.into_iter().chain(at).min();
        seen.last = seen.last.max(at);
        seen.sign_ins += 1;
        let place = sign_in.location.as_ref().and_then(Location::short).unwrap_or_default();
        match sign_in.ip_address.as_deref().map(address::canonical).filter(|address| !address.is_empty()) {
            Some(address) => _ = seen.places.insert(address, place),
            None => seen.nowhere += 1,
        }
    }
    out.push_str("<h3>Sessions</h3>\n");
    if sessions.is_empty() {
        out.push_str("<p>No session of this user is known.</p>\n");
        return;
    }
    out.push_str("<table>\n<thead><tr><th>Session</th><th>From</th><th>To</th><th>Sign-ins</th><th>Addresses</th></tr></thead>\n<tbody>\n");
    let mut rows: Vec<(&str, Seen<'_>)> = sessions.into_iter().collect();
    let all = rows.len();
    rows.sort_by(|(one, a), (other, b)| b.places.len().cmp(&a.places.len()).then(b.last.cmp(&a.last)).then(one.cmp(other)));
    for (id, seen) in rows.into_iter().take(SESSIONS) {
        let mut addresses: Vec<String> = seen.places.iter().map(|(address, place)| html(&format!("{address} {place}"))).collect();
        if seen.nowhere > 0 {
            addresses.push(format!("address not known ({})", seen.nowhere));
        }
        let many = if seen.places.len() > 1 { format!("<strong>▲ {} addresses:</strong> ", seen.places.len()) } else { String::new() };
        let at = |at: Option<Timestamp>| at.map_or_else(|| "?".to_owned(), time);
        out.push_str(&format!(
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td><td>{many}{}</td></tr>\n",
            html(id),
            at(seen.first),
            at(seen.last),
            seen.sign_ins,
            addresses.join("<br>")
        ));
    }
    out.push_str("</tbody>\n</table>\n");
    if all > SESSIONS {
        out.push_str(&format!("<p class=\"quiet\">{SESSIONS} of {all} sessions are shown.</p>\n"));
    }
}

fn events(out: &mut String, subject: &Subject<'_>) {
    out.push_str("<h3>What happened</h3>\n");
    let all = subject.events.len();
    if all > EVENTS {
        out.push_str(&format!("<p class=\"quiet\">The newest {EVENTS} of {all}; timeline.csv has all.</p>\n"));
    }
    out.push_str("<table>\n<thead><tr><th>Time</th><th>What</th><th>Address</th><th>Place</th><th>Who</th></tr></thead>\n<tbody>\n");
    for event in subject.events.iter().skip(all.saturating_sub(EVENTS)) {
        let (class, sign) = if event.risky { (" class=\"risky\"", "▲ ") } else { ("", "") };
        out.push_str(&format!(
            "<tr{class}><td>{}</td><td>{sign}{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            time(event.at),
            html(&event.what),
            html(&event.ip_address),
            html(&event.location),
            html(&event.who)
        ));
    }
    out.push_str("</tbody>\n</table>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_markup() {
        assert_eq!(html("<img onerror='x'> & \"y\"\u{202e}"), "&lt;img onerror=&#39;x&#39;&gt; &amp; &quot;y&quot;\\u{202e}");
    }
}
