//! Who a user is: names, home, usual client. Cheap, so that a name can be asked for without the records.

use super::assets::{CLIENTS, Client, PEOPLE, PLACES, Place};
use super::chance::Chance;
use super::plot::{Account, Odd, Outcome, Plot};

/// The domain of the tenant.
pub(super) const TENANT: &str = "contoso.test";

/// A user's names and habits.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub display_name: String,
    pub principal_name: String,
    pub home: Place,
    pub address: String,
    pub client: Client,
}

impl Person {
    pub(super) fn new(seed: u64, index: u32, plot: &Plot, chance: &mut Chance) -> Self {
        let home = if index == 0 { PLACES.home.first().cloned().unwrap_or_default() } else { chance.pick(&PLACES.home) };
        let address = if index == 0 { complete(&home, 20) } else { complete(&home, 2 + chance.below(250)) };
        let client = chance.pick(&CLIENTS.browser);
        let (mut display_name, principal_name) = names(seed, index, plot);
        if let Odd::Name(at) = plot.odd {
            display_name = PEOPLE.odd.get(at).cloned().unwrap_or(display_name);
        }
        Person { display_name, principal_name, home, address, client }
    }
}

/// An address in the network of a place.
pub(super) fn complete(place: &Place, number: u64) -> String {
    if place.network.contains(':') { format!("{}{number:x}", place.network) } else { format!("{}{}", place.network, number % 256) }
}

/// The principal name of a user; `None` where it is not known.
pub(super) fn principal_name(seed: u64, index: u32, plot: &Plot) -> Option<String> {
    (plot.outcome != Outcome::Blank).then(|| names(seed, index, plot).1)
}

/// Display name and principal name; the latter is unique in the tenant.
fn names(seed: u64, index: u32, plot: &Plot) -> (String, String) {
    let (display_name, round) = match PEOPLE.cast.get(index as usize) {
        Some(name) => (name.clone(), 0),
        None => given_and_family(seed, u64::from(index)),
    };
    let mut local: String = display_name.to_lowercase().split(' ').map(ascii).collect::<Vec<_>>().join(".");
    if round > 0 {
        local.push_str(&(round + 1).to_string());
    }
    let principal_name = match plot.account {
        Account::Guest => {
            let partner = PEOPLE.partners.get(index as usize % PEOPLE.partners.len().max(1)).map_or("partner.test", String::as_str);
            format!("{local}_{partner}#EXT#@{TENANT}")
        }
        Account::Cloud | Account::Hybrid => format!("{local}@{TENANT}"),
    };
    (display_name, principal_name)
}

/// Walks through all pairs in an order of the seed's, each once in a round, and says how often it went round.
fn given_and_family(seed: u64, index: u64) -> (String, u64) {
    let (given, family) = (&PEOPLE.given, &PEOPLE.family);
    let pairs = (given.len() * family.len()).max(1) as u64;
    // A prime that divides neither list's length, so that every pair comes up.
    let pair = (index * 1009 + seed.wrapping_mul(31_337) % pairs) % pairs;
    let name = |list: &[String], at: u64| list.get(at as usize).cloned().unwrap_or_default();
    let width = given.len().max(1) as u64;
    (format!("{} {}", name(given, pair % width), name(family, pair / width)), index / pairs)
}

fn ascii(word: &str) -> String {
    word.chars()
        .filter_map(|letter| match letter {
            'ö' | 'ó' => Some('o'),
            'ë' | 'é' => Some('e'),
            'ü' => Some('u'),
            'ä' | 'á' => Some('a'),
            letter if letter.is_ascii_alphanumeric() => Some(letter),
            _ => None,
        })
        .collect()
}
