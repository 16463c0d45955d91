//! Temporary passwords: made up from random bytes, shown once, kept nowhere (invariant 10).

use secrecy::{ExposeSecret as _, SecretString};

/// Why a target has no password of use: one was or may have been set, and whoever set it could not tell it.
pub const UNTOLD: &str = "a temporary password may have been set, but it cannot be shown any more: generate another";
/// Begins why a target diverged whose password was set, while its risk stays open.
pub const PASSWORD_IS_NEW: &str = "the password is new";
/// Begins why a target is not verified whose password is the one of before.
pub const PASSWORD_IS_OLD: &str = "lastPasswordChangeDateTime is";
/// How many random bytes a password is made of.
pub const RANDOM_BYTES: usize = 16;

/// Letters and digits that nobody mistakes for one another on the telephone.
const UPPER: &[u8; 16] = b"ABCDEFGHJKLMNPQR";
const LOWER: &[u8; 16] = b"abcdefghkmnpqrst";
const DIGITS: &[u8; 8] = b"23456789";

/// A temporary password. It has no `Display`, and its `Debug` does not show it.
#[derive(Debug, Clone)]
pub struct TemporaryPassword(SecretString);

impl TemporaryPassword {
    /// Makes a password of four groups, such as `Kdna-7482-Hmpe-9356`: upper and lower case, digits and a symbol, as Entra's
    /// policy asks for.
    pub fn generate(random: [u8; RANDOM_BYTES]) -> Self {
        let pick = |set: &[u8], byte: u8| char::from(set[usize::from(byte) % set.len()]);
        let mut text = String::with_capacity(19);
        for (group, bytes) in random.chunks(4).enumerate() {
            if group > 0 {
                text.push('-');
            }
            for (place, byte) in bytes.iter().enumerate() {
                text.push(match (group % 2, place) {
                    (1, _) => pick(DIGITS, *byte),
                    (_, 0) => pick(UPPER, *byte),
                    _ => pick(LOWER, *byte),
                });
            }
        }
        TemporaryPassword(SecretString::from(text))
    }

    /// The password that the service made up.
    pub fn given(secret: SecretString) -> Self {
        TemporaryPassword(secret)
    }

    /// What is sent.
    pub fn secret(&self) -> &SecretString {
        &self.0
    }

    /// The password itself, to be shown once.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for TemporaryPassword {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_what_the_policy_asks_for_and_debug_does_not_show_it() {
        let random = std::array::from_fn(|place| (place * 37 % 251) as u8);
        let password = TemporaryPassword::generate(random);
        let text = password.expose();
        assert_eq!(text.len(), 19);
        assert!(text.chars().any(|letter| letter.is_ascii_uppercase()) && text.chars().any(|letter| letter.is_ascii_lowercase()));
        assert!(text.chars().any(|letter| letter.is_ascii_digit()) && text.contains('-'));
        assert!(!text.contains(['0', 'O', '1', 'l', 'I']));
        assert!(!format!("{password:?}").contains(text));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_make_a_password(random: [u8; RANDOM_BYTES]) {
            proptest::prop_assert_eq!(TemporaryPassword::generate(random).expose().split('-').count(), 4);
        }
    }
}
