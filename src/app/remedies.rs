//! Every remediation for a target: the menus from an action, over its policy or addresses, to its plan.

use std::collections::{BTreeSet, HashSet};

use super::App;
use super::command::CommandId;
use super::format::{capitalized, count, number};
use super::layout::Pane;
use super::msg::Effect;
use super::overlay::{Choice, Item, Menu, Overlay, Pending, Then};
use super::preview::Preview;
use super::summary;
use crate::domain::action::{Action, Aim};
use crate::domain::advice::Start;
use crate::domain::blocking::{self, Known};
use crate::domain::facts;
use crate::domain::plan::{LOOKED_AT, Plan, PlanContext, Target, Verdict};
use crate::domain::policy::{self, Policy};
use crate::domain::records::{SignIn, UserId, UserRecords};
use crate::domain::risk::RiskState;
use crate::domain::settings::TenantSettings;

/// What can be done about a user, in the order of the menu: the checklists first, what takes something back last.
const FOR_USERS: [Action; 17] = [
    Action::SecureAccount,
    Action::RemediatedElsewhere,
    Action::DismissUserRisk,
    Action::ConfirmUserCompromised,
    Action::ConfirmUserSafe,
    Action::GenerateTemporaryPassword,
    Action::RequirePasswordChange,
    Action::RevokeSessions,
    Action::BlockSignIn,
    Action::UnblockSignIn,
    Action::DisableDevices,
    Action::ExcludeFromPolicy,
    Action::DisablePolicy,
    Action::TrustIp,
    Action::IncludeInPolicy,
    Action::EnablePolicy,
    Action::UntrustIp,
];

/// What can be done about a sign-in.
const FOR_SIGN_INS: [Action; 4] = [Action::DismissSignInRisk, Action::ConfirmSignInCompromised, Action::ConfirmSignInSafe, Action::TrustIp];

/// How many addresses are offered to be trusted.
const ADDRESSES: usize = 20;

impl App {
    /// The key of an action that has one of its own; empty for the others.
    pub fn action_letter(&self, action: Action) -> String {
        match action {
            Action::DismissUserRisk | Action::DismissSignInRisk => self.options.keys.hint(CommandId::DismissRisk),
            Action::ConfirmUserCompromised | Action::ConfirmSignInCompromised => self.options.keys.hint(CommandId::ConfirmCompromised),
            Action::ConfirmUserSafe | Action::ConfirmSignInSafe => self.options.keys.hint(CommandId::ConfirmSafe),
            _ => String::new(),
        }
    }

    /// Every remediation for what is marked in the focused pane, or under its cursor.
    pub(super) fn remedies(&self) -> Menu {
        let targets = self.targets();
        let actions: &[Action] = if self.focus == Pane::SignIns { &FOR_SIGN_INS } else { &FOR_USERS };
        let looked_at = targets.get(..LOOKED_AT).unwrap_or(&targets);
        let items = actions.iter().filter_map(|action| self.remedy(*action, looked_at)).collect();
        let noun = if self.focus == Pane::SignIns { ("sign-in", "sign-ins") } else { ("user", "users") };
        let about = format!("{}{}", count(targets.len(), noun.0, noun.1), judged_by(&targets));
        Menu { about, targets, ..Menu::new("Remediate", items) }
    }

    /// One action of the menu; `None` for one that takes back what nobody did.
    fn remedy(&self, action: Action, targets: &[Target]) -> Option<Item> {
        let takes_back = matches!(action, Action::IncludeInPolicy | Action::EnablePolicy | Action::UntrustIp);
        let starts = self.starts(action, targets);
        if takes_back && starts.is_empty() {
            return None;
        }
        let key = self.action_letter(action);
        let label = if key.is_empty() { action.title().to_owned() } else { format!("{} ({key})", action.title()) };
        // The line may be too short for why something is off: below there is room for all of it.
        let because = |mark: &str, why: &str, off: bool| Item {
            label: label.clone(),
            detail: format!("{mark}: {why}"),
            note: format!("{}. {}", capitalized(why), action.consequence()),
            off,
            choice: Choice::Remedy(action),
        };
        let item =
            |detail: String| Item { note: action.consequence().to_owned(), ..Item::new(label.clone(), detail, Choice::Remedy(action)) };
        let asks = action.needs_policy() || action.aim() == Aim::Address;
        let judged = |start: &Start| self.judged(&Pending { start: start.clone(), targets: targets.to_vec(), reason: String::new() });
        let can_be_done = |plan: &Plan| plan.count(Verdict::Refused) < plan.targets.len();
        // Where it is about a policy or an address, one that it can be done with is enough.
        let best = starts.iter().map(|(_, start)| judged(start)).find(can_be_done);
        let Some(plan) = best.or_else(|| starts.first().map(|(_, start)| judged(start))) else {
            return Some(because("off", self.nothing_to_choose(action), true));
        };
        let (all, careful) = (plan.included_count(), plan.count(Verdict::Caution));
        let reasons = |verdict: Verdict| {
            let mut words: Vec<&str> = Vec::new();
            for because in plan.targets.iter().filter(|target| target.verdict == verdict).flat_map(|target| &target.because) {
                if !words.contains(&because.words()) {
                    words.push(because.words());
                }
            }
            words.join(", ")
        };
        let found = match (all, careful) {
            (0, 0) => because("off", &reasons(Verdict::Refused), true),
            // Which policy or address it will be is asked for next, and what speaks against that one is told there.
            _ if asks => item(format!("choose which: {}", action.outcome())),
            (0, _) => because("with care", &reasons(Verdict::Caution), false),
            (all, _) if plan.targets.len() > 1 => item(format!("{} of {} {}", number(all), number(plan.targets.len()), action.outcome())),
            _ => item(action.outcome().to_owned()),
        };
        let missing = summary::missing(&plan, self.workspace.holder.as_ref());
        Some(match missing.is_empty() {
            true => found,
            false => Item { note: format!("Not permitted: {}. {}", missing.join("; "), found.note), ..found },
        })
    }

    fn nothing_to_choose(&self, action: Action) -> &'static str {
        let tenant = self.dataset.tenant();
        match action.aim() {
            Aim::Address => "no address of a blocked or risky sign-in is known",
            _ if tenant.policies.is_none() => "policies were not read",
            _ => "no policy is enforced",
        }
    }

    /// The plans that an action can begin with, each with what is said of it: one for each policy or address that it can be about.
    fn starts(&self, action: Action, targets: &[Target]) -> Vec<(String, Start)> {
        let plain = Start { action, policy: None, addresses: Vec::new() };
        if action.needs_policy() {
            let of = |(policy, words): (&Policy, String)| (words, Start { policy: Some(policy.id.clone()), ..plain.clone() });
            return self.policies_for(action, targets).into_iter().map(of).collect();
        }
        match action {
            Action::UntrustIp => {
                let own = self.dataset.tenant().own_location();
                let ranges = own.into_iter().flat_map(|location| &location.ranges).filter_map(|range| range["cidrAddress"].as_str());
                ranges
                    .map(|range| ("trusted by this program".to_owned(), Start { addresses: vec![range.to_owned()], ..plain.clone() }))
                    .collect()
            }
            Action::TrustIp => {
                let of = |(address, words): (String, String)| (words, Start { addresses: vec![address], ..plain.clone() });
                self.addresses_of(targets).0.into_iter().map(of).collect()
            }
            _ => vec![(String::new(), plain)],
        }
    }

    /// The policies that an action can be about: those that keep these users out first.
    fn policies_for(&self, action: Action, targets: &[Target]) -> Vec<(&Policy, String)> {
        let tenant = self.dataset.tenant();
        let settings = TenantSettings::of(&self.ledger);
        let users: Vec<&UserRecords> = targets.iter().filter_map(|target| self.user_of(target)).collect();
        let keeping_out: BTreeSet<&str> = users
            .iter()
            .take(LOOKED_AT)
            .flat_map(|records| blocking::policies_that_block(&Known { records, tenant, settings: &settings, now: self.now }))
            .map(|policy| policy.id.as_str())
            .collect();
        let excluded = |policy: &Policy| users.iter().filter(|records| policy.excludes(records.id().as_str())).count();
        let fits = |policy: &&Policy| match action {
            Action::IncludeInPolicy => excluded(policy) > 0,
            Action::EnablePolicy => policy.state == policy::DISABLED,
            _ => policy.is_enforced(),
        };
        let mut found: Vec<(bool, &Policy)> =
            tenant.policies.iter().flatten().filter(fits).map(|policy| (keeping_out.contains(policy.id.as_str()), policy)).collect();
        found.sort_by_key(|(blocks, _)| !blocks);
        let words = |(blocks, policy): (bool, &Policy)| {
            let mut parts = vec![if blocks { "keeps out".to_owned() } else { policy.state.clone() }];
            parts.push(format!(
                "asks for {}",
                if policy.grant_controls.is_empty() { "?".to_owned() } else { policy.grant_controls.join(", ") }
            ));
            match excluded(policy) {
                0 => {}
                all if all == users.len() => parts.push("leaves out already".to_owned()),
                some => parts.push(format!("leaves out {some} of them already")),
            }
            parts.join(" · ")
        };
        found.into_iter().map(|(blocks, policy)| (policy, words((blocks, policy)))).collect()
    }

    /// The newest addresses of blocked and risky sign-ins, and how many more there are.
    fn addresses_of(&self, targets: &[Target]) -> (Vec<(String, String)>, usize) {
        let mut told: Vec<(&UserRecords, &SignIn, &str)> = Vec::new();
        for target in targets {
            let Some(records) = self.user_of(target) else { continue };
            let tells = |sign_in: &&SignIn| match target {
                Target::SignIn(id) => sign_in.id == *id,
                _ => facts::sign_in_block(records, self.dataset.tenant(), sign_in).is_some() || sign_in.is_risky(),
            };
            for sign_in in records.sign_ins.iter().filter(tells) {
                told.extend(sign_in.ip_address.as_deref().map(|address| (records, sign_in, address)));
            }
        }
        told.sort_by_key(|(_, sign_in, _)| std::cmp::Reverse(sign_in.created_date_time));
        let mut seen: HashSet<&str> = HashSet::new();
        told.retain(|(_, _, address)| seen.insert(address) && policy::range(address).is_some());
        let more = told.len().saturating_sub(ADDRESSES);
        let words = |(records, sign_in, address): (&UserRecords, &SignIn, &str)| {
            let how = if facts::sign_in_block(records, self.dataset.tenant(), sign_in).is_some() { "blocked" } else { "risky" };
            let place = sign_in.location.as_ref().and_then(|place| place.short()).unwrap_or_else(|| "?".to_owned());
            (address.to_owned(), format!("{how} · {place} · {}", records.user.name()))
        };
        (told.into_iter().take(ADDRESSES).map(words).collect(), more)
    }

    fn user_of(&self, target: &Target) -> Option<&UserRecords> {
        match target {
            Target::User(id) => self.dataset.user(id),
            Target::SignIn(id) => self.dataset.sign_in(id).map(|(records, _)| records),
            Target::Policy(_) | Target::Address(_) => None,
        }
    }

    /// Plans an action of the menu, or asks first which policy or address it is about.
    pub(super) fn choose_remedy(&mut self, action: Action, targets: Vec<Target>) -> Vec<Effect> {
        let starts = self.starts(action, &targets);
        if !action.needs_policy() && action.aim() != Aim::Address {
            let start = Start { action, policy: None, addresses: Vec::new() };
            return self.begin(Pending { start, targets, reason: String::new() });
        }
        if starts.is_empty() {
            self.toasts.say(format!("{}: {}.", action.title(), self.nothing_to_choose(action)), self.now);
            return Vec::new();
        }
        let name = |start: &Start| match &start.policy {
            Some(id) => self.dataset.tenant().policy(id).map_or(id.clone(), |policy| policy.display_name.clone()),
            None => start.addresses.join(", "),
        };
        let looked_at = targets.get(..LOOKED_AT).unwrap_or(&targets);
        let items = starts.into_iter().map(|(words, start)| {
            let plan = self.judged(&Pending { start: start.clone(), targets: looked_at.to_vec(), reason: String::new() });
            let mut because: Vec<&str> = plan.targets.iter().flat_map(|target| &target.because).map(|because| because.words()).collect();
            because.sort_unstable();
            because.dedup();
            let note =
                if because.is_empty() { action.consequence().to_owned() } else { format!("Speaks against it: {}.", because.join(", ")) };
            let off = plan.count(Verdict::Refused) == plan.targets.len();
            Item { label: name(&start), detail: words, note, off, choice: Choice::Start(start) }
        });
        let mut items: Vec<Item> = items.collect();
        if action == Action::TrustIp
            && let (_, more @ 1..) = self.addresses_of(&targets)
        {
            let text = "entriage act trustIp --ip ADDRESS".to_owned();
            let choice = Choice::Copy { what: "the command".to_owned(), lines: vec![text.clone()] };
            items.push(Item::new(format!("and {} more", number(more)), text, choice));
        }
        let about = judged_by(&targets).trim_start_matches(", ").to_owned();
        self.overlay = Some(Overlay::Menu(Menu { about, targets, ..Menu::new(format!("{}: which?", action.title()), items) }));
        Vec::new()
    }

    /// What a plan would say now.
    fn judged(&self, pending: &Pending) -> Plan {
        let start = &pending.start;
        Plan::compute(start.action, &targets_of(pending), &self.dataset, &self.context_for(start))
    }

    fn context_for(&self, start: &Start) -> PlanContext {
        // The policy as it is now: an undo must not bring back its form of then.
        let policy = start.policy.as_deref().and_then(|id| self.dataset.tenant().policy(id)).cloned();
        PlanContext { policy, ..self.plan_context() }
    }

    /// Opens a plan; asks the tenant first for what it is judged by and was not read yet.
    pub(super) fn begin(&mut self, pending: Pending) -> Vec<Effect> {
        let about_devices = about_devices(pending.start.action);
        let unread = pending.targets.iter().filter_map(|target| self.user_of(target)).filter(|records| records.devices.is_none());
        let unread: Vec<UserId> = unread.map(|records| records.id().clone()).collect();
        if about_devices && !unread.is_empty() {
            let all = unread.len();
            let unread: Vec<UserId> = unread.into_iter().take(LOOKED_AT).collect();
            let some = if all > LOOKED_AT { format!(", of {}", number(all)) } else { String::new() };
            let what = format!("Reading the devices of {}{some} …", count(unread.len(), "user", "users"));
            self.overlay = Some(Overlay::Waiting { what, then: Then::Plan { pending: Box::new(pending), asked: unread.clone() } });
            return vec![Effect::Look(unread)];
        }
        self.open_plan(pending);
        Vec::new()
    }

    /// Opens a plan with what is known.
    pub(super) fn open_plan(&mut self, pending: Pending) {
        let action = pending.start.action;
        // Who is confirmed compromised already needs no step that says so.
        let confirmed =
            |target: &Target| self.user_of(target).is_some_and(|records| records.user.risk_state == Some(RiskState::ConfirmedCompromised));
        let begins_so = matches!(action, Action::SecureAccount | Action::RemediatedElsewhere);
        let steps = (begins_so && pending.targets.iter().all(confirmed)).then(|| {
            let left_out = [Action::ConfirmUserCompromised, Action::BlockSignIn];
            action.steps().iter().copied().filter(|step| !left_out.contains(step)).collect()
        });
        let context = PlanContext { reason: pending.reason.clone(), steps, ..self.context_for(&pending.start) };
        let mut preview = Preview::open(action, &targets_of(&pending), &self.dataset, context);
        let unread = pending.targets.iter().filter_map(|target| self.user_of(target)).filter(|records| records.devices.is_none()).count();
        if pending.targets.len() > LOOKED_AT && unread > 0 && about_devices(action) {
            preview.changed = Some(format!("Devices of {} were not read: {LOOKED_AT} users are read at once.", number(unread)));
        }
        self.open_preview(preview);
    }
}

/// That not all of them were looked at; empty where all were.
fn judged_by(targets: &[Target]) -> String {
    if targets.len() > LOOKED_AT { format!(", judged by the first {LOOKED_AT}") } else { String::new() }
}

/// Whether a plan is judged by the users' devices.
fn about_devices(action: Action) -> bool {
    matches!(action, Action::DisableDevices | Action::SecureAccount)
}

/// What a plan is aimed at: users and sign-ins as they were chosen, or the policy or addresses that it is about.
fn targets_of(pending: &Pending) -> Vec<Target> {
    let start = &pending.start;
    match start.action.aim() {
        Aim::User | Aim::SignIn => pending.targets.clone(),
        Aim::Policy => start.policy.iter().cloned().map(Target::Policy).collect(),
        Aim::Address => start.addresses.iter().cloned().map(Target::Address).collect(),
    }
}
