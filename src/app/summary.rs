//! What a plan preview says of its plan, and how much room that has.

use std::collections::BTreeMap;

use super::format::{number, wrap};
use super::layout::{self, Area};
use super::preview::Preview;
use crate::domain::action::{Aim, Kind};
use crate::domain::dataset::Dataset;
use crate::domain::facts;
use crate::domain::permission::{Holder, lacks_for};
use crate::domain::plan::{Because, Plan, PlanTarget, Verdict};
use crate::domain::text::safe;

/// The consequence of the plan's action, wrapped for the preview on this screen.
pub fn consequence(preview: &Preview, size: (u16, u16)) -> Vec<String> {
    wrap(preview.plan.action.consequence(), usize::from(layout::overlay(size, (WIDTH, 1)).width.saturating_sub(4)))
}

/// Columns that the preview wants.
const WIDTH: u16 = 92;

/// Rows that the summary or the list of targets never have: what must be seen before a key starts something.
fn fixed_rows(preview: &Preview, size: (u16, u16)) -> usize {
    consequence(preview, size).len() + 5 + usize::from(preview.changed.is_some())
}

/// Where the preview stands: as high as its summary and a good part of its targets need.
pub fn area(preview: &Preview, size: (u16, u16)) -> Area {
    let body = (body(preview, size).len() + 1).max(preview.len().min(12)).max(preview.plan.action.steps().len());
    let height = u16::try_from(body + fixed_rows(preview, size) + 2).unwrap_or(u16::MAX);
    layout::overlay(size, (WIDTH, height))
}

/// The summary in lines that fit this screen; what follows is set in as far as what it follows.
pub fn body(preview: &Preview, size: (u16, u16)) -> Vec<String> {
    let columns = usize::from(layout::overlay(size, (WIDTH, 1)).width.saturating_sub(4));
    let mut lines = Vec::new();
    for line in &preview.summary {
        let indent = line.chars().take_while(|letter| *letter == ' ').count();
        let margin = " ".repeat(indent);
        lines.extend(wrap(line, columns.saturating_sub(indent)).into_iter().map(|text| format!("{margin}{text}")));
    }
    lines
}

/// How many rows are left for the summary or the list of targets.
pub fn rows(preview: &Preview, size: (u16, u16)) -> usize {
    usize::from(area(preview, size).inner().height).saturating_sub(fixed_rows(preview, size)).max(1)
}

/// The name of the policy that a target is, where it is one. Hostile text.
pub fn policy_name<'a>(plan: &'a Plan, target: &PlanTarget) -> Option<&'a str> {
    let policy = plan.policy.as_ref().filter(|policy| plan.action.aim() == Aim::Policy && policy.id == target.id)?;
    Some(policy.display_name.as_str())
}

fn names<'a>(targets: impl Iterator<Item = &'a PlanTarget>, plan: &Plan, dataset: &Dataset) -> String {
    let mut all: Vec<String> = Vec::new();
    let mut more = 0;
    for target in targets {
        if all.len() == 6 {
            more += 1;
            continue;
        }
        let id = target.user_id.clone().unwrap_or_else(|| target.id.as_str().into());
        let name = dataset.user(&id).map_or(target.user_principal_name.as_deref().unwrap_or(&target.id), |records| records.user.name());
        let name = safe(policy_name(plan, target).unwrap_or(name)).into_owned();
        if !all.contains(&name) {
            all.push(name);
        }
    }
    let mut text = all.join(", ");
    if more > 0 {
        text.push_str(&format!(" and {} more", number(more)));
    }
    text
}

/// All that tells one target from another: there may be look-alikes.
fn who(target: &PlanTarget, plan: &Plan, dataset: &Dataset) -> String {
    if let Some(name) = policy_name(plan, target) {
        return safe(name).into_owned();
    }
    let user = target.user_id.clone().unwrap_or_else(|| target.id.as_str().into());
    let Some(records) = dataset.user(&user) else { return safe(&target.id).into_owned() };
    let mut parts = vec![safe(records.user.name()).into_owned()];
    let principal_name = records.user.user_principal_name.as_deref().map(|name| safe(name).into_owned());
    match records.sign_in(&target.id.as_str().into()).filter(|_| target.user_id.is_some()) {
        Some(sign_in) => {
            parts.extend(sign_in.created_date_time.map(|at| format!("{} UTC", at.0.format("%Y-%m-%d %H:%M"))));
            parts.extend(sign_in.ip_address.as_deref().map(|address| safe(address).into_owned()));
            parts.extend(sign_in.location.as_ref().and_then(|place| place.short()).map(|place| safe(&place).into_owned()));
            parts.extend(principal_name);
        }
        None => {
            parts.extend(principal_name);
            parts.extend(records.user.risk_level.as_ref().map(|level| safe(&level.as_str().to_uppercase()).into_owned()));
        }
    }
    parts.join(" · ")
}

/// The verdicts in numbers and words, one line for each group.
pub fn lines(plan: &Plan, dataset: &Dataset) -> Vec<String> {
    let mut lines = vec![format!("{:>4} {}", number(plan.included_count()), plan.action.outcome())];
    if let (1, Some(target)) = (plan.included_count(), plan.included().next()) {
        lines.push(format!("     {}", who(target, plan, dataset)));
    }
    if matches!(plan.action.kind(), Kind::Feedback(_)) && plan.action.aim() == Aim::User {
        let closed: usize = plan
            .included()
            .filter_map(|target| dataset.user(&target.id.as_str().into()))
            .map(|records| {
                facts::open_detections(records) + records.sign_ins.iter().filter(|sign_in| sign_in.at_risk() == Some(true)).count()
            })
            .sum();
        if closed > 0 {
            lines.push(format!("     all their risky sign-ins and detections, too ({})", number(closed)));
        }
    }
    type Holds = fn(&PlanTarget) -> bool;
    lines.extend(steps(plan));
    lines.extend(changes(plan, dataset));
    let groups: [(&str, Holds); 4] = [
        ("of them taken in against a caution", |target| target.verdict == Verdict::Caution && target.included),
        ("left out", |target| target.verdict == Verdict::Caution && !target.included),
        ("refused", |target| target.verdict == Verdict::Refused),
        ("not in this step: done before, or the step before was not verified", |target| {
            target.verdict == Verdict::Eligible && !target.included
        }),
    ];
    for (words, holds) in groups {
        let mut by_reason: BTreeMap<&[Because], Vec<&PlanTarget>> = BTreeMap::new();
        for target in plan.targets.iter().filter(|target| holds(target)) {
            by_reason.entry(&target.because).or_default().push(target);
        }
        let total: usize = by_reason.values().map(Vec::len).sum();
        if total > 0 {
            lines.push(format!("{:>4} {words}", number(total)));
        }
        for (because, targets) in by_reason {
            let reasons: Vec<&str> = because.iter().map(|because| because.words()).collect();
            let reasons = if reasons.is_empty() { String::new() } else { format!("{}: ", reasons.join(", ")) };
            lines.push(format!("       {reasons}{}", names(targets.into_iter(), plan, dataset)));
        }
    }
    lines
}

/// What who is signed in lacks for a plan, each thing once, where a target is refused or left out for it. Of a playbook each step says it.
pub fn missing(plan: &Plan, holder: Option<&Holder>) -> Vec<String> {
    let for_rights = |because: &Because| matches!(because, Because::NotPermitted | Because::RoleMissing);
    let concerned = plan.targets.iter().any(|target| target.because.iter().any(for_rights));
    let Some(holder) = holder.filter(|_| concerned && plan.steps.is_empty()) else { return Vec::new() };
    // What is missing for cloud users is missing first; hybrid users may need more.
    let lacks = [false, true].map(|hybrid| lacks_for(plan.action, &plan.steps, hybrid, holder));
    let first = lacks.into_iter().find(|lacks| !lacks.is_empty()).unwrap_or_default();
    first.iter().map(ToString::to_string).collect()
}

/// The steps of a playbook, in order.
fn steps(plan: &Plan) -> Vec<String> {
    let taken = plan.action.steps().iter().filter(|step| plan.steps.contains(step)).enumerate();
    let mut lines: Vec<String> = taken.map(|(at, step)| format!("     {}. {}", at + 1, step.title())).collect();
    let left_out = plan.action.steps().iter().filter(|step| !plan.steps.contains(step));
    lines.extend(left_out.map(|step| format!("     not: {}", step.title())));
    lines
}

/// How many lines of changes are listed: a preview is read, and the journal keeps them all.
const CHANGES: usize = 200;

/// What exactly will change, each line once; with the name where several targets are acted on.
fn changes(plan: &Plan, dataset: &Dataset) -> Vec<String> {
    let mut found: BTreeMap<&str, Vec<&PlanTarget>> = BTreeMap::new();
    let mut order = Vec::new();
    for target in plan.included() {
        for change in &target.changes {
            let of = found.entry(change).or_default();
            if of.is_empty() {
                order.push(change.as_str());
            }
            of.push(target);
        }
    }
    let several = plan.included_count() > 1;
    let mut lines: Vec<String> = order
        .iter()
        .take(CHANGES)
        .map(|change| {
            let of = found.get(change).map(Vec::as_slice).unwrap_or_default();
            let whose = if several && of.len() == 1 { format!("{}: ", names(of.iter().copied(), plan, dataset)) } else { String::new() };
            format!("     {whose}{}", safe(change))
        })
        .collect();
    if order.len() > CHANGES {
        lines.push(format!("     … and {} more changes", number(order.len() - CHANGES)));
    }
    lines
}
