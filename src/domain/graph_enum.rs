//! Evolvable enums, as Microsoft Graph has them.
//!
//! Graph adds members to its enums at any time. An unknown member must survive a round trip
//! (invariant 6 of the design), so every enum here carries an `Other` arm with the text as received.
//! Text is matched without regard to case, because exports disagree about it.

/// Declares an evolvable enum with its Graph spellings.
///
/// In readable formats a member is its Graph spelling; in compact ones it is its position, so members
/// may be appended but never moved or removed without raising the store's encoding version.
macro_rules! graph_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $wire:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$vmeta])* #[doc = concat!("`", $wire, "`")] $variant,)*
            /// A member that this program does not know, as received.
            Other($crate::domain::tenant_text::TenantText),
        }

        impl $name {
            /// Every known member, in Graph's order.
            pub const KNOWN: &'static [$name] = &[$($name::$variant,)*];

            /// The Graph spelling.
            pub fn as_str(&self) -> &str {
                match self {
                    $($name::$variant => $wire,)*
                    $name::Other(text) => text,
                }
            }

            /// The member with this spelling, whatever its case; an unknown one is kept as `Other`.
            pub fn from_graph(text: &str) -> Self {
                Self::known(text).unwrap_or_else(|| $name::Other(text.into()))
            }

            /// The known member with this spelling, whatever its case.
            pub fn known(text: &str) -> Option<Self> {
                Self::KNOWN.iter().find(|member| member.as_str().eq_ignore_ascii_case(text)).cloned()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    return serializer.serialize_str(self.as_str());
                }
                let position = Self::KNOWN.iter().position(|member| member == self);
                $crate::domain::graph_enum::Compact::of(position, self.as_str()).serialize(serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    return Ok(Self::from_graph(&<String as serde::Deserialize>::deserialize(deserializer)?));
                }
                match <$crate::domain::graph_enum::Compact as serde::Deserialize>::deserialize(deserializer)? {
                    $crate::domain::graph_enum::Compact::Known(position) => Self::KNOWN
                        .get(usize::from(position))
                        .cloned()
                        .ok_or_else(|| serde::de::Error::custom(concat!("no such member of ", stringify!($name)))),
                    $crate::domain::graph_enum::Compact::Other(text) => Ok($name::Other(text)),
                }
            }
        }
    };
}

pub(crate) use graph_enum;
use serde::{Deserialize, Serialize};

use super::tenant_text::TenantText;

/// How a member is written in a compact format.
#[derive(Serialize, Deserialize)]
pub(crate) enum Compact {
    /// The position of a known member.
    Known(u8),
    /// The text of an unknown one.
    Other(TenantText),
}

impl Compact {
    pub(crate) fn of(position: Option<usize>, text: &str) -> Self {
        match position.and_then(|position| u8::try_from(position).ok()) {
            Some(position) => Compact::Known(position),
            None => Compact::Other(text.into()),
        }
    }
}
