//! Chance that is the same every time.

use chrono::TimeDelta;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// The dice of one user: what they show depends on the tenant's seed and the user's number only.
pub(super) struct Chance(ChaCha8Rng);

impl Chance {
    pub(super) fn new(seed: u64, index: u32) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"demo tenant");
        hash.update(seed.to_le_bytes());
        hash.update(index.to_le_bytes());
        Chance(ChaCha8Rng::from_seed(hash.finalize().into()))
    }

    /// A number below `limit`; 0 where there is none.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0.next_u64().checked_rem(limit).unwrap_or(0)
    }

    pub(super) fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    /// One of them; the type's default where there is none.
    pub(super) fn pick<T: Clone + Default>(&mut self, from: &[T]) -> T {
        let at = self.below(from.len() as u64) as usize;
        from.get(at).cloned().unwrap_or_default()
    }

    /// A time span between these, in whole seconds.
    pub(super) fn span(&mut self, from: TimeDelta, to: TimeDelta) -> TimeDelta {
        let width = u64::try_from((to - from).num_seconds()).unwrap_or(0);
        from + TimeDelta::seconds(self.below(width + 1) as i64)
    }

    /// A time span between these where each doubling is as likely as the next.
    pub(super) fn spread(&mut self, from: TimeDelta, to: TimeDelta) -> TimeDelta {
        let (from, to) = (from.num_seconds().max(1), to.num_seconds().max(1));
        let mut reach = from;
        let doublings = (to / from).max(1).ilog2() as u64;
        for _ in 0..self.below(doublings + 1) {
            reach *= 2;
        }
        self.span(TimeDelta::seconds(reach), TimeDelta::seconds((reach * 2).min(to).max(reach)))
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}
