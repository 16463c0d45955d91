//! The portal page of what is under the cursor.

use super::App;
use super::key::{Key, KeyCode};
use super::layout::Pane;
use super::msg::Effect;
use super::overlay::{Choice, Overlay};
use crate::domain::portal::Page;

impl App {
    /// Has the page opened of the user under the cursor, or of the user's sign-ins in the other panes.
    pub(super) fn page(&mut self) -> Vec<Effect> {
        let Some(user) = self.shown_user.clone() else { return Vec::new() };
        let page = if self.focus == Pane::Users { Page::User(user) } else { Page::SignIns(user) };
        vec![Effect::OpenPage(page)]
    }

    pub(super) fn key_in_page(&mut self, page: Page, address: String, key: Key) -> Vec<Effect> {
        if key.code == KeyCode::Char('y') {
            let lines = vec![address.clone()];
            self.overlay = Some(Overlay::Page { page, address });
            return self.choose(Choice::Copy { what: "the address".to_owned(), lines });
        }
        if !self.leaves(key) {
            self.overlay = Some(Overlay::Page { page, address });
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Msg;
    use crate::app::tests::{console, five, keys};
    use crate::domain::fixture::now;

    #[test]
    fn each_pane_has_its_page_and_without_a_browser_the_address_is_shown() {
        let mut app = console(five());
        let page = Page::User("alex".into());
        assert_eq!(keys(&mut app, "O"), vec![Effect::OpenPage(page.clone())]);
        assert_eq!(keys(&mut app, "2 O"), vec![Effect::OpenPage(Page::SignIns("alex".into()))]);
        app.update(Msg::Page { page, address: "https://entra.microsoft.com/#view".to_owned() }, now());
        assert_eq!(keys(&mut app, "y"), vec![Effect::Copy("https://entra.microsoft.com/#view".to_owned())]);
        keys(&mut app, "esc");
        assert!(app.overlay().is_none());
    }
}
