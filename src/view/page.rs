//! A page of the portal that is to be opened by hand.

use ratatui::Frame;
use ratatui::text::Line;

use super::cell::{put, window};
use super::theme::Theme;
use crate::app::format::{fit, wrap};
use crate::app::layout::Area;
use crate::domain::portal::Page;

pub fn draw(frame: &mut Frame, page: &Page, address: &str, area: Area, theme: Theme) {
    let inner = window(frame, area, "Portal page", "", theme);
    let columns = usize::from(inner.width);
    let what = format!("No browser can be opened here. The page of {}:", page.words());
    put(frame, inner, 0, Line::raw(fit(&what, columns).into_owned()));
    let last = usize::from(inner.height).saturating_sub(1);
    for (row, line) in wrap(address, columns).into_iter().take(last.saturating_sub(3)).enumerate() {
        put(frame, inner, 2 + row, Line::styled(line, theme.accent()));
    }
    put(frame, inner, last, Line::styled("y copies the address · Esc closes", theme.quiet()));
}

#[cfg(test)]
mod tests {
    use crate::app::Msg;
    use crate::app::tests::{five, sized};
    use crate::domain::fixture::now;
    use crate::domain::portal::Page;
    use crate::domain::workspace::Cloud;
    use crate::view::tests::screen;

    #[test]
    fn the_whole_address_is_shown_at_the_smallest_and_the_usual_size() {
        let screens = [(60, 18), (80, 24)].map(|size| {
            let mut app = sized(size, five());
            let page = Page::User("d70d10b6-221a-4840-899d-87ee20ff5900".into());
            let address = page.address(Cloud::Global);
            app.update(Msg::Page { page, address }, now());
            screen(&app)
        });
        insta::assert_snapshot!("page", screens.join("\n\n"));
    }
}
