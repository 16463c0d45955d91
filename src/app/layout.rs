//! Where everything stands, from the size of the screen alone: state scrolls by it, the view draws by it.

/// The smallest screen that is drawn.
pub const SMALLEST: (u16, u16) = (60, 18);

/// A rectangle of cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Area {
    /// Left edge.
    pub x: u16,
    /// Top edge.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Area {
    fn rows(self, from: u16, height: u16) -> Area {
        let from = from.min(self.height);
        Area { y: self.y + from, height: height.min(self.height - from), ..self }
    }

    fn columns(self, from: u16, width: u16) -> Area {
        let from = from.min(self.width);
        Area { x: self.x + from, width: width.min(self.width - from), ..self }
    }

    /// What is left inside a border.
    pub fn inner(self) -> Area {
        Area { x: self.x + 1, y: self.y + 1, width: self.width.saturating_sub(2), height: self.height.saturating_sub(2) }
    }
}

/// One of the three panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pane {
    /// Risky users.
    Users,
    /// Risky sign-ins.
    SignIns,
    /// Detection details.
    Details,
}

impl Pane {
    /// All panes, in order.
    pub const ALL: [Pane; 3] = [Pane::Users, Pane::SignIns, Pane::Details];

    /// Number, from 1.
    pub fn number(self) -> usize {
        Self::ALL.iter().position(|pane| *pane == self).unwrap_or(0) + 1
    }

    /// Its title (`design.md` section 4).
    pub fn title(self) -> &'static str {
        match self {
            Pane::Users => "Risky users",
            Pane::SignIns => "Risky sign-ins",
            Pane::Details => "Detection details",
        }
    }

    /// The pane so many places on, round about.
    pub fn step(self, places: usize) -> Pane {
        Self::ALL.get((self.number() - 1 + places) % 3).copied().unwrap_or(self)
    }
}

/// How much of the screen the users have beside the other panes, in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(u16);

impl Default for Share {
    fn default() -> Self {
        Share(46)
    }
}

impl Share {
    /// A little more or less, as far as all panes can still be read.
    pub fn step(self, more: bool) -> Share {
        let percent = if more { self.0 + 4 } else { self.0 - 4 };
        if (26..=74).contains(&percent) { Share(percent) } else { self }
    }
}

/// Where the main screen's parts stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// The whole screen.
    pub screen: Area,
    /// Tenant, counts, freshness.
    pub status: Area,
    /// The lines that tell of the queue, of the demo, or of a possible mass false positive.
    pub banner: Area,
    /// The tabs, where panes do not stand side by side.
    pub tabs: Area,
    /// Each pane; `None` where it is not on the screen.
    pub panes: [Option<Area>; 3],
    /// Messages; empty where there are none.
    pub message: Area,
    /// Filter, marks and hints.
    pub hints: Area,
}

impl Layout {
    /// Where this pane stands, if it does.
    pub fn pane(&self, pane: Pane) -> Option<Area> {
        self.panes.get(pane.number() - 1).copied().flatten()
    }

    /// The pane whose tab is drawn here, in the order and with the widths of the view: a space, then " 1 Title " of each.
    pub fn tab_at(&self, column: u16, row: u16) -> Option<Pane> {
        if self.tabs.height == 0 || row != self.tabs.y {
            return None;
        }
        let mut from = self.tabs.x + 1;
        Pane::ALL.into_iter().find(|pane| {
            let width = u16::try_from(pane.title().len()).unwrap_or(0) + 4;
            let holds = (from..from + width).contains(&column);
            from += width;
            holds
        })
    }

    /// How many rows of a list fit into a pane, below its header.
    pub fn list_rows(&self, pane: Pane) -> usize {
        usize::from(self.pane(pane).map_or(0, |area| area.inner().height.saturating_sub(1)))
    }
}

/// Whether the screen is large enough to be drawn on.
pub fn fits(size: (u16, u16)) -> bool {
    size.0 >= SMALLEST.0 && size.1 >= SMALLEST.1
}

/// Whether all panes stand side by side, unless one is zoomed.
pub fn side_by_side(size: (u16, u16)) -> bool {
    size.0 >= 120
}

/// Arranges the main screen: three panes from 120 columns, stacked ones from 80 by 22, one pane with
/// tabs below that.
pub fn arrange(size: (u16, u16), focus: Pane, zoomed: bool, banners: u16, message: u16, share: Share) -> Layout {
    let screen = Area { x: 0, y: 0, width: size.0, height: size.1 };
    let status = screen.rows(0, status_rows(size));
    let banner = screen.rows(status.height, banners);
    let hints = screen.rows(size.1.saturating_sub(1), 1);
    let message = message.min(size.1.saturating_sub(1));
    let message = screen.rows(size.1.saturating_sub(1 + message), message);
    let above = status.height + banner.height;
    let body = screen.rows(above, size.1.saturating_sub(above + hints.height + message.height));
    let single = |area| {
        let mut panes = [None; 3];
        if let Some(pane) = panes.get_mut(focus.number() - 1) {
            *pane = Some(area);
        }
        panes
    };
    let mut tabs = body.rows(0, 0);
    let panes = if side_by_side(size) && !zoomed {
        let left = u16::try_from(u32::from(body.width) * u32::from(share.0) / 100).unwrap_or(body.width);
        let right = body.columns(left, body.width - left);
        let sign_ins = (right.height / 3).max(6);
        [Some(body.columns(0, left)), Some(right.rows(0, sign_ins)), Some(right.rows(sign_ins, right.height - sign_ins.min(right.height)))]
    } else if size.0 >= 80 && size.1 >= 22 && !zoomed {
        // The focused pane gets the room; the others stay in sight.
        let other = (body.height / 4).max(5).min(body.height / 3);
        let mut from = 0;
        Pane::ALL.map(|pane| {
            let height = if pane == focus { body.height - 2 * other } else { other };
            let area = body.rows(from, height);
            from += height;
            Some(area)
        })
    } else if zoomed && size.0 >= 80 && size.1 >= 22 {
        single(body)
    } else {
        tabs = body.rows(0, 1);
        single(body.rows(1, body.height.saturating_sub(1)))
    };
    Layout { screen, status, banner, tabs, panes, message, hints }
}

/// Where an overlay stands that wants this size with its border.
pub fn overlay(size: (u16, u16), wanted: (u16, u16)) -> Area {
    let width = wanted.0.min(size.0.saturating_sub(2));
    let height = wanted.1.min(size.1.saturating_sub(2));
    Area { x: (size.0 - width) / 2, y: (size.1 - height) / 2, width, height }
}

/// Where the journal and help stand.
pub fn large_overlay(size: (u16, u16)) -> Area {
    overlay(size, (92, 28))
}

/// Where pictures stand: all of the screen but the status line.
pub fn whole(size: (u16, u16)) -> Area {
    let screen = Area { x: 0, y: 0, width: size.0, height: size.1 };
    screen.rows(status_rows(size), size.1)
}

fn status_rows(size: (u16, u16)) -> u16 {
    if size.0 < 120 { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_lies_on_the_screen_at_every_size() {
        for width in 0..=200 {
            for height in 0..=60 {
                for focus in Pane::ALL {
                    let layout = arrange((width, height), focus, false, 2, 3, Share::default().step(width % 2 == 0));
                    let areas = [
                        layout.status,
                        layout.banner,
                        layout.tabs,
                        layout.message,
                        layout.hints,
                        large_overlay((width, height)),
                        whole((width, height)),
                    ];
                    for area in areas.into_iter().chain(layout.panes.into_iter().flatten()) {
                        assert!(area.x + area.width <= width && area.y + area.height <= height, "{width}x{height}: {area:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn three_panes_from_80_columns_on_and_one_below() {
        let on_screen = |size| arrange(size, Pane::Users, false, 0, 0, Share::default()).panes.iter().flatten().count();
        assert_eq!([on_screen((120, 40)), on_screen((80, 24)), on_screen((79, 24)), on_screen((60, 18))], [3, 3, 1, 1]);
    }
}
