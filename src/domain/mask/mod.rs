//! Masks for privacy mode: what on a finished screen names a person, an address, a device or the tenant.
//!
//! Works on the lines of a screen and not on records, so that nothing that is drawn can be forgotten. What is cut off,
//! wrapped or known only by its shape (an address, an account's name) is found, too. Numbers are given in the order in
//! which names become known and never change while the program runs.

mod find;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};

use super::records::UserRecords;
use super::text::safe;
pub use find::Found;

/// Longer names are known by their beginning.
const LONGEST: usize = 120;

/// What stands in place of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alias {
    /// A user, by display name or principal name.
    User(u32),
    /// An IP address.
    Address(u32),
    /// A device.
    Device(u32),
    /// A person, an address or a device that is not known here, or of which too little is seen to tell which one it is.
    Unknown(&'static str),
    /// The operator.
    You,
    /// The tenant.
    Tenant,
}

impl Alias {
    /// In words: "user 17".
    pub fn words(self) -> String {
        match self {
            Alias::User(number) => format!("user {number}"),
            Alias::Address(number) => format!("ip {number}"),
            Alias::Device(number) => format!("device {number}"),
            Alias::Unknown(kind) => format!("{kind} ?"),
            Alias::You => "you".to_owned(),
            Alias::Tenant => "tenant".to_owned(),
        }
    }

    /// In as many columns as there are: "user 17", "u17", or only that something stood there.
    pub fn fitted(self, columns: usize) -> String {
        let words = self.words();
        if words.len() <= columns {
            return words;
        }
        let short = match words.split_once(' ') {
            Some((kind, number)) => kind.chars().take(1).chain(number.chars()).collect(),
            None => words,
        };
        if short.len() <= columns { short } else { "…".repeat(columns.min(1)) }
    }

    fn unknown(self) -> Self {
        match self {
            Alias::User(_) => Alias::Unknown("user"),
            Alias::Address(_) => Alias::Unknown("ip"),
            Alias::Device(_) => Alias::Unknown("device"),
            other => other,
        }
    }
}

/// All names that are to be masked.
#[derive(Debug, Clone, Default)]
pub struct Mask {
    known: BTreeMap<String, Alias>,
    /// Words of the program itself, which name nobody when they stand alone.
    plain: HashSet<String>,
    users: u32,
    addresses: u32,
    devices: u32,
}

impl Mask {
    /// A mask that knows no name yet, and these words of the program itself.
    pub fn new<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let words = texts.flat_map(|text| text.split(|letter: char| !letter.is_alphanumeric()));
        Mask { plain: words.filter(|word| word.len() >= 2).map(folded).collect(), ..Mask::default() }
    }

    /// Learns the names, addresses and devices of a user.
    pub fn learn(&mut self, records: &UserRecords) {
        let user = &records.user;
        let of_detections = records.detections.iter().flat_map(|detection| [&detection.user_display_name, &detection.user_principal_name]);
        let of_sign_ins = records.sign_ins.iter().flat_map(|sign_in| [&sign_in.user_display_name, &sign_in.user_principal_name]);
        let of_history = records.history.iter().flat_map(|item| [&item.user_display_name, &item.user_principal_name]);
        let names = [&user.user_principal_name, &user.user_display_name].into_iter();
        let names = names.chain(of_detections).chain(of_sign_ins).chain(of_history).flatten();
        let mut alias = None;
        for name in names {
            let number = match (alias, self.alias(name)) {
                (None, Some(Alias::User(held))) => held,
                (None, _) => {
                    self.users += 1;
                    self.users
                }
                (Some(given), _) => given,
            };
            alias = Some(number);
            self.add(name, Alias::User(number));
            if let Some((_, domain)) = name.rsplit_once('@') {
                self.add(domain, Alias::Tenant);
            }
        }
        let of_resources = records.sign_ins.iter().filter_map(|sign_in| sign_in.ip_address_from_resource_provider.as_deref());
        // Who acted on the user: an administrator, as a rule, who is nobody's risk.
        for actor in records.history.iter().filter_map(|item| item.initiated_by.as_deref()) {
            self.learn_actor(actor);
        }
        let seen = records.sign_ins.iter().filter_map(|sign_in| sign_in.ip_address.as_deref()).chain(of_resources);
        for address in seen.chain(records.detections.iter().filter_map(|detection| detection.ip_address.as_deref())) {
            if self.alias(address).is_none() {
                self.addresses += 1;
                self.add(address, Alias::Address(self.addresses));
            }
        }
        let used = records.sign_ins.iter().filter_map(|sign_in| sign_in.device_detail.as_ref()?.display_name.as_deref());
        let owned = records.devices.iter().flatten().filter_map(|device| device.display_name.as_deref());
        for device in used.chain(owned) {
            if self.alias(device).is_none() && !self.is_plain(device) {
                self.devices += 1;
                self.add(device, Alias::Device(self.devices));
            }
        }
    }

    /// Learns who acted: an administrator, or another operator.
    pub fn learn_actor(&mut self, actor: &str) {
        if self.alias(actor).is_none() && !self.is_plain(actor) {
            self.users += 1;
            self.add(actor, Alias::User(self.users));
        }
    }

    /// Learns who is at work, or where. A word of the program itself ("user") is not masked: it tells nobody anything.
    pub fn learn_own(&mut self, name: &str, alias: Alias) {
        if !self.is_plain(name) {
            self.add(name, alias);
        }
    }

    fn is_plain(&self, name: &str) -> bool {
        self.plain.contains(&folded(name.trim()))
    }

    fn alias(&self, name: &str) -> Option<Alias> {
        self.known.get(&folded(&safe(name.trim()))).copied()
    }

    fn add(&mut self, name: &str, alias: Alias) {
        let name = safe(name.trim());
        if name.chars().count() < 2 {
            return;
        }
        // Text that is wrapped has one space where the name may have several.
        let apart = name.split_whitespace().collect::<Vec<_>>().join(" ");
        for form in [&*name, &apart] {
            let form: String = folded(form).chars().take(LONGEST).collect();
            self.known.entry(form).or_insert(alias);
        }
    }
}

fn fold(letter: char) -> char {
    letter.to_lowercase().next().unwrap_or(letter)
}

fn folded(text: &str) -> String {
    text.chars().map(fold).collect()
}
