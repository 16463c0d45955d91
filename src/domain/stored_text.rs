//! How a text lies in compact formats: ids in half their length.
//!
//! Most text in a record that no other record repeats is an id: a GUID, or the 64 hexadecimal digits of a detection. Written as the
//! number that it is, it takes 16 or 32 bytes. Only what is spelt exactly as it would be written again counts as one.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::tenant_text::TenantText;

const GUID: usize = 36;
const HALF: usize = 32;

/// A text, as it is stored. Members may be appended but never moved or removed without raising the store's encoding version.
#[derive(Serialize, Deserialize)]
pub(super) enum StoredText<'a> {
    /// Any text.
    Text(&'a str),
    /// A GUID, in lower case and with hyphens.
    Guid([u8; 16]),
    /// 64 hexadecimal digits, in lower case.
    Hex([u8; 16], [u8; 16]),
}

impl<'a> StoredText<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        match text.len() {
            GUID => digits(text, GUID).map(|id| StoredText::Guid(id.into_bytes())),
            length if length == 2 * HALF => text
                .split_at_checked(HALF)
                .and_then(|(first, second)| Some(StoredText::Hex(digits(first, HALF)?.into_bytes(), digits(second, HALF)?.into_bytes()))),
            _ => None,
        }
        .unwrap_or(StoredText::Text(text))
    }

    pub(super) fn read(&self) -> TenantText {
        match self {
            StoredText::Text(text) => TenantText::new(text),
            StoredText::Guid(id) => TenantText::new(Uuid::from_bytes(*id).hyphenated().encode_lower(&mut [0; GUID])),
            StoredText::Hex(first, second) => {
                let mut text = [0; 2 * HALF];
                let (start, end) = text.split_at_mut(HALF);
                Uuid::from_bytes(*first).simple().encode_lower(start);
                Uuid::from_bytes(*second).simple().encode_lower(end);
                TenantText::new(&String::from_utf8_lossy(&text))
            }
        }
    }
}

/// The id of this many letters, where it would be written so again.
fn digits(text: &str, letters: usize) -> Option<Uuid> {
    let canonical = text.len() == letters && !text.bytes().any(|letter| letter.is_ascii_uppercase());
    Uuid::try_parse(text).ok().filter(|_| canonical)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn size(text: &str) -> usize {
        postcard::to_stdvec(&TenantText::new(text)).unwrap().len()
    }

    #[test]
    fn ids_take_half_their_length() {
        assert_eq!(size("7d4c0a0e-5d0f-4d37-8a4c-0f4a2f6c1b11"), 17);
        assert_eq!(size(&"0123456789abcdef".repeat(4)), 33);
        assert_eq!(size("7D4C0A0E-5d0f-4d37-8a4c-0f4a2f6c1b11"), 38, "spelt otherwise, it stays as it is");
        assert_eq!(size("{7d4c0a0e5d0f4d378a4c0f4a2f6c1b1111}"), 38);
    }

    proptest! {
        #[test]
        fn every_text_comes_back_exactly(text in prop_oneof![
            ".{0,80}", "[0-9a-f]{30,34}", "[0-9a-f]{62,66}", "[0-9a-fA-F]{64}", "[0-9a-f-]{36}",
            "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            "[0-9a-fA-F]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "urn:uuid:[0-9a-f]{27}", "[0-9a-f{}é]{35,36}"
        ]) {
            let bytes = postcard::to_stdvec(&TenantText::new(&text)).unwrap();
            let read: TenantText = postcard::from_bytes(&bytes).unwrap();
            prop_assert_eq!(read.as_str(), &text);
        }
    }
}
