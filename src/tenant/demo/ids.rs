//! Ids that tell whose they are: the number of the user can be recovered from a user's or sign-in's id,
//! so that no look-up needs a table of the tenant.

use sha2::{Digest, Sha256};

/// What an id is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IdKind {
    User,
    SignIn,
    Correlation,
    Session,
    Device,
    Policy,
    Tenant,
    Location,
    Method,
}

impl IdKind {
    const ALL: [IdKind; 9] = [
        IdKind::User,
        IdKind::SignIn,
        IdKind::Correlation,
        IdKind::Session,
        IdKind::Device,
        IdKind::Policy,
        IdKind::Tenant,
        IdKind::Location,
        IdKind::Method,
    ];
}

/// Makes and reads the ids of one tenant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ids {
    seed: u64,
    key: u64,
}

/// Odd, so that multiplying by them can be undone.
const STIR: [u64; 2] = [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb];
const UNSTIR: [u64; 2] = [inverse(STIR[0]), inverse(STIR[1])];

/// The number that undoes multiplying by this odd one, by Newton's method.
const fn inverse(odd: u64) -> u64 {
    let mut guess = odd;
    let mut round = 0;
    while round < 6 {
        guess = guess.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(guess)));
        round += 1;
    }
    guess
}

fn digest(seed: u64, label: &[u8], number: u64) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(label);
    hash.update(seed.to_le_bytes());
    hash.update(number.to_le_bytes());
    hash.finalize().into()
}

fn word(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |word, byte| (word << 8) | u64::from(*byte))
}

impl Ids {
    pub(super) fn new(seed: u64) -> Self {
        Ids { seed, key: word(&digest(seed, b"id key", 0)) }
    }

    /// The GUID number `ordinal` of this kind that belongs to this user.
    pub(super) fn guid(&self, kind: IdKind, index: u32, ordinal: u16) -> String {
        let plain = (u64::from(index) << 32) | ((kind as u64) << 16) | u64::from(ordinal);
        let mut mixed = plain ^ self.key;
        for factor in STIR {
            mixed = mixed.wrapping_mul(factor);
            mixed ^= mixed >> 32;
        }
        let check = word(&digest(self.seed, b"id check", plain));
        // Version 4 and variant 1 as any random GUID has them; the mixed number stands at both ends.
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:04x}{:08x}",
            mixed >> 32,
            (check >> 48) & 0xffff,
            (check >> 32) & 0xfff,
            0x8000 | ((check >> 16) & 0x3fff),
            check & 0xffff,
            mixed & 0xffff_ffff
        )
    }

    /// Whose id of this kind it is, and which; `None` where the tenant has none such.
    pub(super) fn read(&self, kind: IdKind, id: &str) -> Option<(u32, u16)> {
        if id.len() != 36 {
            return None;
        }
        let (first, last) = (id.split('-').next()?, id.rsplit('-').next()?);
        let tail = last.get(4..)?;
        let mut mixed = (u64::from(u32::from_str_radix(first, 16).ok()?) << 32) | u64::from(u32::from_str_radix(tail, 16).ok()?);
        for factor in UNSTIR.iter().rev() {
            mixed ^= mixed >> 32;
            mixed = mixed.wrapping_mul(*factor);
        }
        let plain = mixed ^ self.key;
        let index = (plain >> 32) as u32;
        let ordinal = (plain & 0xffff) as u16;
        let found = IdKind::ALL.into_iter().find(|known| *known as u64 == (plain >> 16) & 0xffff)?;
        (found == kind && self.guid(kind, index, ordinal).eq_ignore_ascii_case(id)).then_some((index, ordinal))
    }

    /// The id of a detection: 64 hexadecimal characters, as in practice.
    pub(super) fn detection(&self, index: u32, ordinal: u16) -> String {
        hex(&digest(self.seed, b"detection", (u64::from(index) << 16) | u64::from(ordinal)))
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_tells_whose_it_is_in_its_own_tenant_only(seed: u64, index: u32, ordinal: u16) {
            let ids = Ids::new(seed);
            for kind in [IdKind::User, IdKind::SignIn] {
                let id = ids.guid(kind, index, ordinal);
                prop_assert_eq!(ids.read(kind, &id), Some((index, ordinal)));
                prop_assert_eq!(ids.read(kind, &id.to_uppercase()), Some((index, ordinal)));
                prop_assert_eq!(Ids::new(seed.wrapping_add(1)).read(kind, &id), None);
                prop_assert_eq!(ids.read(IdKind::Session, &id), None);
            }
        }

        #[test]
        fn any_text_can_be_asked_for(text in "\\PC{0,40}") {
            prop_assert_eq!(Ids::new(1).read(IdKind::User, &text), None);
        }
    }

    #[test]
    fn ids_are_distinct() {
        let ids = Ids::new(1);
        let all: HashSet<_> = (0..2000).flat_map(|index| [ids.guid(IdKind::User, index, 0), ids.guid(IdKind::SignIn, index, 3)]).collect();
        assert_eq!(all.len(), 4000);
    }
}
