//! Masks for privacy mode: what on a finished screen names a person, an address, a device or the tenant.
//!
//! Works on the lines of a screen and not on records, so that nothing that is drawn can be forgotten. What is cut off,
//! wrapped or known only by its shape (an address, an account's name) is found, too. Numbers are given in the order in
//! which names become known and never change while the program runs.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;
use std::ops::Bound;

use super::records::UserRecords;
use super::text::safe;

/// From how many letters on the beginning of a name is masked.
const BEGINNING: usize = 5;
/// The same where `…` or the end of a line says that the rest is cut off.
const CUT: usize = 3;
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

/// A stretch of a line that names somebody or something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The line.
    pub line: usize,
    /// Its first letter.
    pub from: usize,
    /// The letter behind its last.
    pub to: usize,
    /// What is to stand there.
    pub alias: Alias,
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

/// A beginning at the end of a line, which may go on in the next.
struct Open {
    found: Found,
    letters: String,
    masked: bool,
    /// How many borders stand before it: it goes on in the same pane or nowhere.
    borders: usize,
    /// Whether it fills its line, so that a word may have been broken.
    fills: bool,
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
            if self.alias(actor).is_none() && !self.is_plain(actor) {
                self.users += 1;
                self.add(actor, Alias::User(self.users));
            }
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

    /// Everything in these lines that must not be seen, line by line and from left to right.
    pub fn find(&self, lines: &[Vec<char>]) -> Vec<Found> {
        let mut all = Vec::new();
        let mut open: Vec<Open> = Vec::new();
        for (line, letters) in lines.iter().enumerate() {
            let letters: Vec<char> = letters.iter().map(|letter| fold(*letter)).collect();
            let mut next = Vec::new();
            let mut at = 0;
            while let Some(letter) = letters.get(at).copied() {
                let before = at.checked_sub(1).and_then(|at| letters.get(at)).copied();
                if is_gap(letter) || before.is_some_and(char::is_alphanumeric) {
                    at += 1;
                    continue;
                }
                let rest: String = letters.iter().skip(at).take_while(|letter| !is_border(**letter)).take(LONGEST + 1).collect();
                let found = self.goes_on(&open, &rest, &letters, at, line, &mut all, &mut next).or_else(|| {
                    let (length, alias) = self.at_beginning(&rest, &letters, at, line, &mut next)?;
                    Some(Found { line, from: at, to: at + length, alias })
                });
                at = found.map_or(at + 1, |found| found.to.max(at + 1));
                all.extend(found);
            }
            open = next;
        }
        all.sort_by_key(|found| (found.line, found.from));
        all
    }

    /// What a name from the line above goes on with here.
    #[expect(clippy::too_many_arguments, reason = "where it stands, and what it may go on to")]
    fn goes_on(
        &self,
        open: &[Open],
        rest: &str,
        letters: &[char],
        at: usize,
        line: usize,
        all: &mut Vec<Found>,
        next: &mut Vec<Open>,
    ) -> Option<Found> {
        if open.is_empty() || !begins_a_cell(letters, at) {
            return None;
        }
        for held in open {
            if held.borders != borders(letters, at) {
                continue;
            }
            for joint in if held.fills { &["", " "][..] } else { &[" "] } {
                let joined = format!("{}{joint}{rest}", held.letters);
                let before = held.letters.chars().count() + joint.len();
                let Some((length, whole, alias)) = self.longest(&joined).filter(|(length, ..)| *length > before) else { continue };
                let found = Found { line, from: at, to: at + length - before, alias };
                if !held.masked {
                    all.push(Found { alias, ..held.found });
                }
                if !whole && ends_a_line(letters, found.to) {
                    let fills = fills_a_line(letters, found.to);
                    next.push(Open { found, letters: joined.chars().take(length).collect(), masked: true, borders: held.borders, fills });
                }
                return Some(found);
            }
        }
        None
    }

    /// Length and alias of what begins here and must not be seen.
    fn at_beginning(&self, rest: &str, letters: &[char], at: usize, line: usize, next: &mut Vec<Open>) -> Option<(usize, Alias)> {
        let known = self.longest(rest).map(|(length, whole, alias)| {
            let visible: String = rest.chars().take(length).collect();
            let cut = rest.chars().nth(length) == Some('…');
            let ends = ends_a_line(letters, at + length);
            // A short one only where a word of it is whole: a number at the end of a line is no address.
            let named = matches!(alias, Alias::User(_) | Alias::Device(_) | Alias::Unknown("user" | "device"));
            let telling = length >= BEGINNING || ends && named && length >= CUT && self.has_beginning(&format!("{visible} "));
            let enough = whole || cut && length >= CUT || telling && !self.plain.contains(&visible);
            if ends {
                let found = Found { line, from: at, to: at + length, alias };
                let (borders, fills) = (borders(letters, at), fills_a_line(letters, at + length));
                next.push(Open { found, letters: visible, masked: enough, borders, fills });
            }
            (length + usize::from(cut && enough), alias, enough)
        });
        let shaped = shaped(rest);
        match (known.filter(|(.., enough)| *enough), shaped) {
            // An account's name may begin like another's, and a network like an address.
            (Some((length, alias, _)), Some((longer, _))) if longer > length => Some((longer, alias.unknown())),
            (Some((length, alias, _)), _) => Some((length, alias)),
            (None, shaped) => shaped,
        }
    }

    fn has_beginning(&self, text: &str) -> bool {
        let next = self.known.range::<str, _>((Bound::Included(text), Bound::Unbounded)).next();
        next.is_some_and(|(name, _)| name.starts_with(text))
    }

    /// The longest name, or beginning of one, that this text begins with and that ends where a word ends: its length,
    /// whether it is whole, and whose it is.
    fn longest(&self, text: &str) -> Option<(usize, bool, Alias)> {
        let after = self.known.range::<str, _>((Bound::Included(text), Bound::Unbounded)).next();
        let before = self.known.range::<str, _>((Bound::Unbounded, Bound::Excluded(text))).next_back();
        let common = |name: &str| name.chars().zip(text.chars()).take_while(|(one, other)| one == other).count();
        let mut length = [after, before].into_iter().flatten().map(|(name, _)| common(name)).max().unwrap_or(0);
        let letters: Vec<char> = text.chars().collect();
        while length > 1 {
            let last = letters.get(length - 1).copied().unwrap_or(' ');
            let next = letters.get(length).copied().unwrap_or(' ');
            if last != ' ' && !(last.is_alphanumeric() && next.is_alphanumeric()) {
                let beginning: String = letters.iter().take(length).collect();
                if let Some(alias) = self.known.get(&beginning) {
                    return Some((length, true, *alias));
                }
                let mut named = self.known.range::<str, _>((Bound::Included(beginning.as_str()), Bound::Unbounded));
                let first = named.next().filter(|(name, _)| name.starts_with(&beginning)).map(|(_, alias)| *alias);
                let others = named.take(8).take_while(|(name, _)| name.starts_with(&beginning)).any(|(_, alias)| Some(*alias) != first);
                if let Some(first) = first {
                    // A shorter whole name is worth more than a beginning that could be anybody's.
                    let shorter = (2..length).rev().find_map(|length| {
                        let name: String = letters.iter().take(length).collect();
                        let ends = !letters.get(length).copied().unwrap_or(' ').is_alphanumeric();
                        self.known.get(&name).filter(|_| ends).map(|alias| (length, true, *alias))
                    });
                    let partial = (length, false, if others { first.unknown() } else { first });
                    return Some(if length < BEGINNING { shorter.unwrap_or(partial) } else { partial });
                }
            }
            length -= 1;
        }
        None
    }
}

/// What shows by its form that it is an account's name or an address.
fn shaped(text: &str) -> Option<(usize, Alias)> {
    let ends = |letter: &char| is_gap(*letter) || matches!(letter, ',' | ';' | '(' | ')' | '<' | '>' | '"' | '\'' | '…' | '·');
    let token: String = text.chars().take_while(|letter| !ends(letter)).collect();
    let length = token.chars().count();
    if token.split_once('@').is_some_and(|(before, _)| !before.is_empty()) {
        return Some((length, Alias::Unknown("user")));
    }
    let address: String = token.chars().take_while(|letter| letter.is_ascii_hexdigit() || matches!(letter, '.' | ':')).collect();
    let address = address.trim_end_matches(['.', ':']);
    let cut = text.chars().nth(address.len()).is_none_or(|next| next == '…' || next == '.');
    let numbers = address.split('.').filter(|part| part.parse::<u8>().is_ok()).count();
    let like_v4 = numbers == address.split('.').count() && numbers >= 3 && cut;
    let like_v6 = address.contains("::") || address.matches(':').count() >= 4;
    (address.parse::<IpAddr>().is_ok() || like_v4 || like_v6).then_some((address.len(), Alias::Unknown("ip")))
}

fn is_border(letter: char) -> bool {
    matches!(letter, '\u{2500}'..='\u{259f}')
}

fn is_gap(letter: char) -> bool {
    letter.is_whitespace() || is_border(letter)
}

/// Whether only a gap stands before it: a border, the edge of the screen or the space between columns.
fn begins_a_cell(letters: &[char], at: usize) -> bool {
    let before = |places: usize| at.checked_sub(places).and_then(|at| letters.get(at)).copied();
    match (before(1), before(2)) {
        (None, _) => true,
        (Some(letter), _) if is_border(letter) => true,
        (Some(' '), other) => other.is_none_or(is_gap),
        _ => false,
    }
}

/// Whether only a gap comes behind it.
fn ends_a_line(letters: &[char], at: usize) -> bool {
    match (letters.get(at).copied(), letters.get(at + 1).copied()) {
        (None, _) => true,
        (Some(letter), _) if is_border(letter) => true,
        (Some(' '), other) => other.is_none_or(is_gap),
        _ => false,
    }
}

/// Whether a border comes at once behind it, or behind the one space that windows leave.
fn fills_a_line(letters: &[char], at: usize) -> bool {
    let gap = |at: usize| letters.get(at).copied().is_none_or(is_border);
    gap(at) || letters.get(at) == Some(&' ') && gap(at + 1)
}

/// How many borders of panes and windows stand before it.
fn borders(letters: &[char], at: usize) -> usize {
    letters.iter().take(at).filter(|letter| matches!(letter, '\u{2500}'..='\u{257f}')).count()
}

fn fold(letter: char) -> char {
    letter.to_lowercase().next().unwrap_or(letter)
}

fn folded(text: &str) -> String {
    text.chars().map(fold).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture::risky_user;

    fn mask() -> Mask {
        let mut mask = Mask::new(["Detection details", "Mark all users"].into_iter());
        for (id, name) in
            [("adele", "Adele Vance"), ("lee", "Lee Gu"), ("bob", "Bob"), ("detection", "Detection Team"), ("adam", "Adele Vann")]
        {
            let mut records = risky_user(id, "passwordSpray");
            records.user.user_display_name = Some(name.to_owned());
            for sign_in in &mut records.sign_ins {
                sign_in.user_display_name = Some(name.to_owned());
                sign_in.ip_address = Some("203.0.113.7".to_owned());
            }
            for detection in &mut records.detections {
                detection.user_display_name = Some(name.to_owned());
            }
            mask.learn(&records);
        }
        mask.learn_own("contoso.test", Alias::Tenant);
        mask.learn_own("mark", Alias::You);
        mask.learn_own("tester", Alias::You);
        mask
    }

    /// The lines, with aliases in brackets.
    fn masked(text: &str) -> String {
        let lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
        let found = mask().find(&lines);
        let mut out = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            let mut text = String::new();
            let mut from = 0;
            for found in found.iter().filter(|found| found.line == at) {
                text.extend(&line[from..found.from]);
                text.push_str(&format!("[{}]", found.alias.words()));
                from = found.to;
            }
            text.extend(&line[from..]);
            out.push(text);
        }
        out.join("\n")
    }

    #[test]
    fn names_addresses_and_the_tenant_are_found_wherever_they_stand() {
        assert_eq!(masked("▌ ● HIGH Adele Vance 4 · adele@contoso.test"), "▌ ● HIGH [user 1] 4 · [user 1]");
        assert_eq!(masked("Lee Gu, Bob and ADELE VANCE."), "[user 2], [user 3] and [user 1].");
        assert_eq!(masked("from 203.0.113.7, 203.0.113.0/24 and 2001:db8::7"), "from [ip 1], [ip ?]/24 and [ip ?]");
        assert_eq!(masked("contoso.test tester mark marks"), "[tenant] [you] mark marks");
        assert_eq!(masked("by admin@fabrikam.test (a guest)"), "by [user ?] (a guest)");
    }

    #[test]
    fn what_is_cut_off_or_wrapped_is_found_too() {
        assert_eq!(masked("Adele Van…  Bo…  203.0.1… Lee…"), "[user ?]  Bo…  [ip 1] [user 2]");
        assert_eq!(masked("privileged: Lee"), "privileged: [user 2]");
        assert_eq!(masked("adele Vaughn"), "[user ?] Vaughn");
        assert_eq!(masked("┃ taken in: Adele  ┃\n┃ Vance and more   ┃"), "┃ taken in: [user ?]  ┃\n┃ [user 1] and more   ┃");
        assert_eq!(masked("│ for Lee │\n│ Gu.     │"), "│ for [user 2] │\n│ [user 2].     │");
        assert_eq!(masked("┃ x     │ 203.0.113.7   ┃\n┃ 7 h   │ more          ┃"), "┃ x     │ [ip 1]   ┃\n┃ 7 h   │ more          ┃");
        assert_eq!(masked("   adele@con\n   toso.test"), "   [user 1]\n   [user 1]");
    }

    #[test]
    fn what_names_nobody_is_left() {
        for text in [
            "Detection details",
            "2026-11-22 14:02:11 UTC",
            "bobbin",
            "Chrome 141.0",
            "━━ 203 ┓",
            "│ from ▲ │\n│ 1 h    │",
            "12 high · 31 medium",
            "14:05 T1078.004",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn an_alias_that_has_no_room_does_not_name_another() {
        assert_eq!([7, 4, 3, 2, 1, 0].map(|columns| Alias::User(17).fitted(columns)), ["user 17", "u17", "u17", "…", "…", ""]);
    }

    #[test]
    fn numbers_stay() {
        let mut mask = mask();
        let alias = mask.alias("Bob");
        mask.learn(&risky_user("aaron", "newCountry"));
        let mut bob = risky_user("bob", "newCountry");
        bob.user.user_display_name = Some("Bob the new".to_owned());
        mask.learn(&bob);
        assert_eq!((mask.alias("Bob"), mask.alias("Bob the new")), (alias, alias));
    }
}
