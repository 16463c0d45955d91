//! Who is meant by a plan: users, sign-ins, addresses, and the policy that it is about.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::Path;

use super::addresses;
use super::cli::Planned;
use super::failure::{Exit, Failure};
use super::list;
use super::place;
use crate::domain::action::{Action, Aim};
use crate::domain::blocking::{self, Known};
use crate::domain::dataset::Dataset;
use crate::domain::facts;
use crate::domain::ledger::Ledger;
use crate::domain::plan::Target;
use crate::domain::policy::{Policy, TenantFacts};
use crate::domain::query::Query;
use crate::domain::records::{UserId, UserRecords};
use crate::domain::settings::TenantSettings;
use crate::domain::text;
use crate::domain::time::Timestamp;

/// How everybody is meant, where that is meant.
const EVERYBODY: &str = "to mean everybody who is at risk, say so: state:atRisk,confirmedCompromised";

/// The query that an action is aimed by. One that asks nothing, such as an empty saved view, would mean everybody by mistake.
fn asked(text: &str, ledger: &Ledger) -> Result<Query, Failure> {
    let query = list::parse(text, ledger)?;
    if query.is_empty() {
        let failure = Failure::usage(format!("{text} would mean everybody")).because("a saved view that asks for nothing narrows nothing");
        return Err(failure.hinted(EVERYBODY));
    }
    Ok(query)
}

/// Who is meant.
#[derive(Debug)]
pub enum Named {
    /// All that match.
    Query {
        /// As it was typed.
        text: String,
    },
    /// These users or sign-ins.
    Each(Vec<String>),
    /// These addresses.
    Addresses(Vec<String>),
    /// Nobody: what is meant is the policy that is named.
    Nobody,
}

impl Named {
    /// Reads who is meant.
    pub fn read(planned: &Planned) -> Result<Self, Failure> {
        belongs(planned)?;
        let wanted = &planned.wanted;
        if !wanted.ip.is_empty() {
            return Ok(Named::Addresses(addresses::read(planned.action, &wanted.ip)?));
        }
        if let Some(file) = &wanted.from {
            return Ok(Named::Each(names(&read(file)?)));
        }
        if !wanted.user.is_empty() {
            return Ok(Named::Each(wanted.user.clone()));
        }
        if wanted.query.is_empty() {
            return match (planned.action.aim(), &planned.policy) {
                (Aim::Policy, Some(_)) => Ok(Named::Nobody),
                (Aim::Policy, None) => {
                    Err(Failure::usage("no policy is named").hinted("--policy NAME, or --user for the one that blocks a user"))
                }
                (Aim::Address, _) => {
                    Err(Failure::usage("no address is named").hinted("--ip ADDRESS, or --user for those where a user was blocked"))
                }
                (Aim::User | Aim::SignIn, _) => Err(Failure::usage("nobody is named").hinted("a QUERY, --user USER or --from FILE")),
            };
        }
        let text = list::checked(&wanted.query)?;
        if text.is_empty() {
            return Err(Failure::usage("the query is empty").hinted(EVERYBODY));
        }
        Ok(Named::Query { text })
    }
}

/// What was typed must belong to the action: a flag that would do nothing is refused, not passed over.
fn belongs(planned: &Planned) -> Result<(), Failure> {
    let (action, wanted) = (planned.action, &planned.wanted);
    if planned.policy.is_some() && !action.needs_policy() {
        let why = format!("{action} is about no policy");
        return Err(Failure::usage("--policy is for policy actions").because(why).hinted("leave it out"));
    }
    if planned.block && action != Action::SecureAccount {
        return Err(Failure::usage("--block is for secureAccount").hinted("entriage act blockSignIn blocks sign-in alone"));
    }
    if !wanted.ip.is_empty() && action.aim() != Aim::Address {
        return Err(Failure::usage("--ip is for trustIp and untrustIp").hinted("name users with --user, --from or a QUERY"));
    }
    let names_users = !wanted.user.is_empty() || wanted.from.is_some() || !wanted.query.is_empty();
    if planned.policy.is_some() && action.aim() == Aim::Policy && names_users {
        let alone = match action {
            Action::DisablePolicy => ", or excludeFromPolicy leaves out these users alone",
            Action::EnablePolicy => ", or includeInPolicy takes back these users alone",
            _ => "",
        };
        return Err(Failure::usage("a policy and users are named")
            .because(format!("{action} changes the policy for everybody"))
            .hinted(format!("leave out the users{alone}")));
    }
    Ok(())
}

/// Reads a whole file, or standard input for `-`.
pub fn read(file: &Path) -> Result<String, Failure> {
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    text.map_err(|error| {
        let failure = Failure::usage(format!("cannot read {}", file.display())).because(error);
        failure.hinted("give a text file, or - for standard input")
    })
}

fn names(text: &str) -> Vec<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text); // Windows editors leave a mark at the beginning
    let lines = text.lines().map(|line| line.split_once('#').filter(|(before, _)| is_comment(before)).map_or(line, |(before, _)| before));
    lines.map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// A guest's principal name holds `#EXT#`, so a comment must stand alone or after a blank.
fn is_comment(before: &str) -> bool {
    before.is_empty() || before.ends_with(char::is_whitespace)
}

/// Nobody is meant after all.
pub fn nothing(action: Action, wanted: &Named, ledger: &Ledger) -> Failure {
    let list = if action.aim() == Aim::SignIn { "sign-ins" } else { "users" };
    match wanted {
        Named::Query { text } if action.aim() != Aim::Address => {
            let failure = Failure::usage(format!("nothing matches {text}"));
            let failure = list::tell_views(text, ledger).into_iter().fold(failure, Failure::because);
            failure.hinted(format!("try it first: entriage {list} {}", text::shell_word(text)))
        }
        _ if action.aim() == Aim::Address => Failure::usage("no address is left")
            .because("no sign-in tells that built-in protection keeps these users out")
            .hinted("--ip names the address or range"),
        Named::Each(_) if list == "sign-ins" => {
            Failure::usage("nothing matches: these users have no sign-in at risk").hinted("a query or --from FILE names other sign-ins")
        }
        _ => Failure::usage("nothing matches: no user is named").hinted("one object id or user principal name a line"),
    }
}

/// The targets of an action. Users stand for what blocks them, where it is aimed at that.
pub fn targets(
    action: Action,
    wanted: &Named,
    policy: Option<&Policy>,
    dataset: &Dataset,
    ledger: &Ledger,
    now: Timestamp,
) -> Result<Vec<Target>, Failure> {
    match (wanted, action.aim()) {
        (_, Aim::Policy) => Ok(policy.map(|policy| Target::Policy(policy.id.clone())).into_iter().collect()),
        (Named::Addresses(addresses), _) => Ok(addresses.iter().cloned().map(Target::Address).collect()),
        (wanted, Aim::Address) => {
            let users = users(wanted, dataset, ledger, now)?;
            let addresses = users.iter().flat_map(|records| facts::addresses_to_trust(records, dataset.tenant(), now));
            Ok(addresses.map(|address| Target::Address(address.to_owned())).collect())
        }
        (Named::Query { text }, Aim::User) => {
            let users = list::matching_users(dataset, &asked(text, ledger)?, ledger, now);
            Ok(users.into_iter().map(|records| Target::User(records.id().clone())).collect())
        }
        (Named::Query { text }, Aim::SignIn) => {
            let sign_ins = list::matching_sign_ins(dataset, &asked(text, ledger)?, ledger, now);
            Ok(sign_ins.into_iter().map(|(_, sign_in)| Target::SignIn(sign_in.id.clone())).collect())
        }
        (Named::Each(names), aim) => {
            let index = Index::new(dataset, aim);
            let mut targets = Vec::new();
            for name in names {
                targets.extend(index.targets(name)?);
            }
            Ok(targets)
        }
        (Named::Nobody, _) => Ok(Vec::new()),
    }
}

/// The users who are meant and known.
fn users<'a>(wanted: &Named, dataset: &'a Dataset, ledger: &Ledger, now: Timestamp) -> Result<Vec<&'a UserRecords>, Failure> {
    let targets = targets(Action::DismissUserRisk, wanted, None, dataset, ledger, now)?;
    let mut found = Vec::new();
    for target in targets {
        match dataset.user(&UserId::from(target.id())) {
            Some(records) => found.push(records),
            None => return Err(Failure::usage(format!("there is no user {}", text::safe(target.id()))).hinted("entriage users lists them")),
        }
    }
    Ok(found)
}

/// Those of the users who are meant of whom nobody can say what blocks them, before somebody looks.
pub fn users_whose_block_is_unknown(wanted: &Named, dataset: &Dataset, ledger: &Ledger, now: Timestamp) -> Result<Vec<UserId>, Failure> {
    if matches!(wanted, Named::Addresses(_) | Named::Nobody) {
        return Ok(Vec::new());
    }
    let users = users(wanted, dataset, ledger, now)?;
    Ok(users
        .into_iter()
        .filter(|records| facts::blocked(records, dataset.tenant(), now).value.is_none())
        .map(|records| records.id().clone())
        .collect())
}

/// The policy that an action is about: the one that is named, else the one that blocks the users who are meant, or leaves out those who
/// are to be taken in.
pub fn policy(planned: &Planned, wanted: &Named, dataset: &Dataset, ledger: &Ledger, now: Timestamp) -> Result<Option<Policy>, Failure> {
    if !planned.action.needs_policy() {
        return Ok(None);
    }
    let Some(all) = &dataset.tenant().policies else {
        let failure = Failure::new(Exit::Access, "the tenant's policies are not known").because("they were not read, or may not be");
        return Err(failure.hinted("entriage sync reads them where the account may; entriage doctor says what is missing"));
    };
    if let Some(name) = &planned.policy {
        return named_policy(name, dataset.tenant(), all).cloned().map(Some);
    }
    let settings = TenantSettings::of(ledger);
    let mut concerned_by: Vec<&Policy> = Vec::new();
    let taking_in = planned.action == Action::IncludeInPolicy;
    let users = users(wanted, dataset, ledger, now)?;
    for records in &users {
        let concerned = match taking_in {
            true => all.iter().filter(|policy| policy.excludes(records.id().as_str())).collect(),
            false => blocking::policies_that_block(&Known { records, tenant: dataset.tenant(), settings: &settings, now }),
        };
        for policy in concerned {
            if !concerned_by.iter().any(|held| held.id == policy.id) {
                concerned_by.push(policy);
            }
        }
    }
    if concerned_by.is_empty() && planned.action == Action::ExcludeFromPolicy && !users.is_empty() {
        // What is done already is done again without harm, and without naming it again.
        concerned_by.extend(all.iter().filter(|policy| users.iter().all(|records| policy.excludes(records.id().as_str()))));
    }
    match concerned_by.as_slice() {
        [one] => Ok(Some((*one).clone())),
        [] => {
            let what = if taking_in { "no policy leaves these users out" } else { "no policy is known to block these users" };
            Err(Failure::usage(what).hinted(listed(all.iter())))
        }
        several => {
            let what = if taking_in {
                "several policies leave these users out"
            } else {
                "several policies block these users, or leave them out already"
            };
            Err(Failure::usage(what).hinted(listed(several.iter().copied())))
        }
    }
}

/// The policy that has this id or name, else the only one whose name begins so: names often begin with a number of their own.
fn named_policy<'a>(name: &str, tenant: &'a TenantFacts, all: &'a [Policy]) -> Result<&'a Policy, Failure> {
    let exact = tenant.policy_named(name).map_err(|several| {
        let which = format!("which policy is meant by {} is not clear", text::safe(name));
        Failure::usage(which).because(several).hinted("name it by its id with --policy")
    })?;
    if let Some(policy) = exact {
        return Ok(policy);
    }
    let wanted = name.trim().to_lowercase();
    let begins = |policy: &&Policy| !wanted.is_empty() && policy.display_name.to_lowercase().starts_with(&wanted);
    let found: Vec<&Policy> = all.iter().filter(begins).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(Failure::usage(format!("there is no policy {}", text::safe(name))).hinted(listed(all.iter()))),
        several => {
            let failure = Failure::usage(format!("{} names several policies", text::safe(name)));
            Err(failure.because("their names begin so").hinted(listed(several.iter().copied())))
        }
    }
}

fn listed<'a>(policies: impl Iterator<Item = &'a Policy>) -> String {
    let names: Vec<String> = policies.map(|policy| format!("{:?} ({})", text::safe(&policy.display_name), policy.state)).collect();
    format!("name one with --policy: {}", names.join(", "))
}

/// Finds users and sign-ins by name without a pass over the tenant for each.
struct Index<'a> {
    users: HashMap<String, Vec<&'a UserRecords>>,
    sign_ins: HashMap<&'a str, Target>,
    aim: Aim,
}

impl<'a> Index<'a> {
    fn new(dataset: &'a Dataset, aim: Aim) -> Self {
        let mut users: HashMap<String, Vec<&UserRecords>> = HashMap::new();
        for records in dataset.users() {
            let id = records.id().as_str().to_lowercase();
            let principal_name = records.user.user_principal_name.as_deref().map(str::to_lowercase).filter(|name| *name != id);
            for name in std::iter::once(id).chain(principal_name) {
                users.entry(name).or_default().push(records);
            }
        }
        let sign_ins = match aim {
            Aim::User | Aim::Policy | Aim::Address => HashMap::new(),
            Aim::SignIn => dataset.sign_ins().map(|(_, sign_in)| (sign_in.id.as_str(), Target::SignIn(sign_in.id.clone()))).collect(),
        };
        Index { users, sign_ins, aim }
    }

    /// What a name stands for. A name that nobody has becomes a target, too: the plan says that it is unknown.
    fn targets(&self, name: &str) -> Result<Vec<Target>, Failure> {
        if let Some(target) = self.sign_ins.get(name) {
            return Ok(vec![target.clone()]);
        }
        let found = match self.users.get(&name.to_lowercase()).map(Vec::as_slice) {
            Some([first, second, ..]) => {
                // An object id is one account's, whoever has it for a principal name.
                match self.users.get(&name.to_lowercase()).and_then(|all| all.iter().find(|records| records.id() == &UserId::from(name))) {
                    Some(records) => Some(*records),
                    None => return Err(place::ambiguous(name, first, second)),
                }
            }
            Some([records]) => Some(*records),
            Some([]) | None => None,
        };
        Ok(match (found, self.aim) {
            (Some(records), Aim::User) => vec![Target::User(records.id().clone())],
            (None, Aim::User) => vec![Target::User(name.into())],
            (Some(records), Aim::SignIn) => {
                let at_risk = records.sign_ins.iter().filter(|sign_in| sign_in.at_risk() == Some(true));
                at_risk.map(|sign_in| Target::SignIn(sign_in.id.clone())).collect()
            }
            (None, Aim::SignIn) => vec![Target::SignIn(name.into())],
            (_, Aim::Policy | Aim::Address) => Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;
    use crate::domain::journal::{Entry, Head, encode};
    use crate::domain::policy::TenantFacts;
    use crate::domain::records::SignInStatus;
    use crate::domain::risk::RiskState;
    use crate::domain::views::View;

    fn dataset() -> Dataset {
        let mut closed = fixture::risky_user("closed", "passwordSpray");
        closed.sign_ins[0].risk_state = Some(RiskState::Dismissed);
        [fixture::risky_user("adele", "anomalousToken"), fixture::risky_user("alex", "passwordSpray"), closed].into_iter().collect()
    }

    fn ids(action: Action, names: &[&str]) -> Result<Vec<String>, Failure> {
        let wanted = Named::Each(names.iter().map(|name| (*name).to_owned()).collect());
        let targets = targets(action, &wanted, None, &dataset(), &Ledger::default(), fixture::now())?;
        Ok(targets.iter().map(|target| target.id().to_owned()).collect())
    }

    #[test]
    fn users_are_named_by_id_or_principal_name_and_unknown_ones_stay_in_the_plan() {
        assert_eq!(ids(Action::DismissUserRisk, &["Alex@Contoso.test", "adele", "nobody"]).unwrap(), ["alex", "adele", "nobody"]);
    }

    #[test]
    fn a_sign_in_action_takes_the_users_sign_ins_at_risk_or_request_ids() {
        assert_eq!(ids(Action::DismissSignInRisk, &["alex", "closed", "closed-s1"]).unwrap(), ["alex-s1", "closed-s1"]);
        assert!(ids(Action::DismissSignInRisk, &["closed"]).unwrap().is_empty());
    }

    #[test]
    fn a_view_that_asks_nothing_aims_at_nobody() {
        let view = View { name: "all".to_owned(), query: String::new(), sort: None, key: None };
        let (record, _, _) = encode(&Head::default(), fixture::now(), "me", Entry::ViewSaved { view }).unwrap();
        let mut ledger = Ledger::default();
        ledger.apply(&record);
        let aimed = |text: &str, action| {
            let wanted = Named::Query { text: text.to_owned() };
            targets(action, &wanted, None, &dataset(), &ledger, fixture::now()).map(|targets| targets.len())
        };
        for action in [Action::DismissUserRisk, Action::DismissSignInRisk, Action::TrustIp] {
            let refused = aimed("@all", action).unwrap_err();
            assert!(refused.exit == Exit::Usage && refused.message == "@all would mean everybody", "{refused:?}");
        }
        assert_eq!(aimed("@all user:adele", Action::DismissUserRisk).unwrap(), 1);
    }

    #[test]
    fn a_name_of_two_accounts_is_no_target() {
        let mut again = fixture::risky_user("new", "passwordSpray");
        again.user.user_principal_name = Some("alex@contoso.test".into());
        let mut dataset = dataset();
        dataset.put(again);
        let index = Index::new(&dataset, Aim::User);
        assert_eq!(index.targets("alex@contoso.test").unwrap_err().exit, Exit::Usage);
        assert_eq!(index.targets("new").unwrap().len(), 1);
    }

    #[test]
    fn a_name_that_two_policies_have_is_wrong_usage_and_their_ids_are_told() {
        let policy = |id: &str| {
            let object = serde_json::json!({"id": id, "displayName": "Block", "state": "enabled"});
            Policy::read(object.as_object().unwrap()).unwrap()
        };
        let mut dataset = dataset();
        let facts = TenantFacts { policies: Some(vec![policy("p1"), policy("p2")]), locations: None };
        dataset.set_tenant(facts);
        let named = |name: &str| {
            let wanted = super::super::cli::Wanted { query: Vec::new(), user: Vec::new(), from: None, ip: Vec::new() };
            let (action, policy) = (Action::DisablePolicy, Some(name.to_owned()));
            let planned = Planned { action, wanted, reason: String::new(), include_caution: false, policy, block: false };
            super::policy(&planned, &Named::Nobody, &dataset, &Ledger::default(), fixture::now())
        };
        let refused = named("block").unwrap_err();
        assert!(refused.exit == Exit::Usage && refused.why.as_deref().is_some_and(|why| why.contains("p1, p2")), "{refused:?}");
        assert_eq!(named("p2").unwrap().unwrap().id, "p2");
    }

    #[test]
    fn files_of_names_have_comments_and_guests() {
        let text = "\u{feff}# of ticket 7\r\na@b.test  # the first\n\n  c_fabrikam.test#EXT#@contoso.test\n";
        assert_eq!(names(text), ["a@b.test", "c_fabrikam.test#EXT#@contoso.test"]);
    }

    #[test]
    fn users_stand_for_the_addresses_where_they_were_blocked() {
        let mut blocked = fixture::risky_user("blocked", "passwordSpray");
        let reason = "Sign-in was blocked by built-in protections due to high confidence of risk.".to_owned();
        blocked.sign_ins[0].status =
            Some(SignInStatus { error_code: Some(50053), failure_reason: Some(reason.into()), additional_details: None });
        let dataset: Dataset = [blocked, fixture::risky_user("other", "passwordSpray")].into_iter().collect();
        let wanted = Named::Each(vec!["blocked".to_owned(), "other".to_owned()]);
        let found = targets(Action::TrustIp, &wanted, None, &dataset, &Ledger::default(), fixture::now()).unwrap();
        assert_eq!(found, [Target::Address("203.0.113.7".to_owned())]);
    }
}
