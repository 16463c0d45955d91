//! Moving through a list that is longer than its window.

use super::command::CommandId;

/// A position in a list, and the first row in sight.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scroll {
    /// The row under the cursor.
    pub at: usize,
    /// The first row in sight.
    pub offset: usize,
}

impl Scroll {
    /// Follows a movement command; says whether it was one.
    pub fn run(&mut self, command: CommandId, len: usize, page: usize) -> bool {
        let page = page.max(1);
        self.at = match command {
            CommandId::Down => self.at.saturating_add(1),
            CommandId::Up => self.at.saturating_sub(1),
            CommandId::PageDown => self.at.saturating_add(page),
            CommandId::PageUp => self.at.saturating_sub(page),
            CommandId::Top => 0,
            CommandId::Bottom => usize::MAX,
            _ => return false,
        };
        self.settle(len, page);
        true
    }

    /// Brings the cursor onto the list and into sight.
    pub fn settle(&mut self, len: usize, page: usize) {
        let page = page.max(1);
        self.at = self.at.min(len.saturating_sub(1));
        let lowest = (self.at + 1).saturating_sub(page);
        self.offset = self.offset.clamp(lowest, self.at.max(lowest)).min(len.saturating_sub(page));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_cursor_is_always_on_the_list_and_in_sight(at in 0usize..50, offset in 0usize..50, len in 0usize..40, page in 0usize..20) {
            let mut scroll = Scroll { at, offset };
            scroll.settle(len, page);
            prop_assert!(scroll.at < len.max(1));
            prop_assert!(scroll.offset <= scroll.at && scroll.at < scroll.offset + page.max(1));
        }
    }

    #[test]
    fn a_page_moves_a_page() {
        let mut scroll = Scroll::default();
        scroll.run(CommandId::PageDown, 100, 10);
        assert_eq!(scroll, Scroll { at: 10, offset: 1 });
        scroll.run(CommandId::Bottom, 100, 10);
        assert_eq!(scroll, Scroll { at: 99, offset: 90 });
        assert!(!scroll.run(CommandId::Quit, 100, 10));
    }
}
