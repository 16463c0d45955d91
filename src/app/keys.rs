//! Where a key goes: to what lies over the panes, to what is typed, or to the command table.

use super::command::{CommandId, Context};
use super::key::{Key, KeyCode};
use super::msg::Effect;
use super::overlay::Overlay;
use super::{App, Phase, layout};

impl App {
    pub(super) fn key(&mut self, key: Key) -> Vec<Effect> {
        let interrupt = key == Key::ctrl('c');
        match self.phase {
            Phase::Loading | Phase::Ready => {}
            Phase::Opening(_) => return self.key_before_open(key),
        }
        if !layout::fits(self.options.size) {
            self.pending.clear();
            return self.key_unseen(key);
        }
        if self.is_covered() {
            self.pending.clear();
            return match self.options.keys.command(Context::Users, key) {
                Some(CommandId::Privacy) => {
                    self.toggle_privacy();
                    Vec::new()
                }
                _ => self.key_unseen(key),
            };
        }
        if self.passwords.are_shown() {
            self.pending.clear();
            // They are in front of everything, and closing them is asked about, whatever the key.
            return match self.options.keys.command(Context::Users, key) {
                Some(CommandId::Suspend) if key.typed().is_none() => self.suspend(),
                _ => self.key_in_passwords(if interrupt { Key::plain(KeyCode::Esc) } else { key }),
            };
        }
        if interrupt {
            // Whatever the key map says, this leaves what is open.
            return if std::mem::take(&mut self.pending).is_empty() { self.interrupt() } else { Vec::new() };
        }
        if self.overlay.is_some() && !self.is_typing() && self.options.keys.command(Context::List, key) == Some(CommandId::Privacy) {
            // Somebody looks over the shoulder: nothing needs to be closed first.
            self.toggle_privacy();
            return Vec::new();
        }
        // What was said of the state before this key need not be true after it.
        self.toasts.forget_remarks();
        let Some(key) = self.complete(key) else { return Vec::new() };
        if self.options.keys.command(Context::Users, key) == Some(CommandId::Suspend) && key.typed().is_none() {
            return self.suspend();
        }
        if key.alt && (self.is_typing() || self.options.keys.command(self.context(), key).is_none()) {
            // A terminal sends Escape and a key in quick succession as that key with Alt. No text field knows a key with Alt.
            let mut effects = self.key(Key::plain(KeyCode::Esc));
            effects.extend(self.key(Key { alt: false, ..key }));
            return effects;
        }
        if self.overlay.is_some() {
            if self.key_beside_place(key) { Vec::new() } else { self.key_in_overlay(key) }
        } else if self.line.is_some() {
            self.key_in_line(key);
            Vec::new()
        } else {
            match self.options.keys.command(self.context(), key) {
                Some(command) => self.run(command),
                None => {
                    self.toasts.say(self.nothing_here(key), self.now);
                    Vec::new()
                }
            }
        }
    }

    fn key_before_open(&mut self, key: Key) -> Vec<Effect> {
        match self.options.keys.command(Context::Users, key) {
            _ if key == Key::ctrl('c') || key == Key::plain(KeyCode::Char('q')) => vec![Effect::Quit],
            Some(CommandId::Quit | CommandId::Cancel) => vec![Effect::Quit],
            Some(CommandId::Suspend) => vec![Effect::Suspend],
            _ => Vec::new(),
        }
    }

    /// Goes to the background. A hold window that nobody can see is no chance to cancel: it ends with nothing sent.
    pub(super) fn suspend(&mut self) -> Vec<Effect> {
        let held = self.job.as_ref().is_some_and(|job| job.held_for(self.now).is_some());
        let mut effects = if held { self.stop_job() } else { Vec::new() };
        effects.push(Effect::Suspend);
        effects
    }

    /// Asks the running job to stop, once.
    pub(super) fn stop_job(&mut self) -> Vec<Effect> {
        match &mut self.job {
            Some(job) if job.is_running() && !job.stopping => {
                job.stopping = true;
                vec![Effect::CancelRunning]
            }
            _ => Vec::new(),
        }
    }

    /// While nothing can be seen, nothing is done but to stop or to leave.
    fn key_unseen(&mut self, key: Key) -> Vec<Effect> {
        match self.options.keys.command(Context::Users, key) {
            _ if key.code == KeyCode::Esc && !matches!(self.overlay, Some(Overlay::Quit)) => self.stop_job(),
            _ if matches!(self.overlay, Some(Overlay::Quit)) && key == Key::ctrl('c') => vec![Effect::Quit],
            _ if matches!(self.overlay, Some(Overlay::Quit)) => self.key_in_overlay(key),
            Some(CommandId::Suspend) => self.suspend(),
            Some(CommandId::Quit | CommandId::Cancel) => self.run(CommandId::Quit),
            _ if key == Key::ctrl('c') => self.run(CommandId::Quit),
            _ => Vec::new(),
        }
    }

    /// Whether keys go into a text field.
    pub(super) fn is_typing(&self) -> bool {
        self.line.is_some()
            || matches!(self.overlay, Some(Overlay::Preview(_) | Overlay::Note { .. } | Overlay::Typed(_) | Overlay::Help(_)))
            || matches!(&self.overlay, Some(Overlay::Playbook(list)) if list.skipping.is_some())
    }

    fn interrupt(&mut self) -> Vec<Effect> {
        match self.overlay {
            // A second one, while it is asked whether to quit, means it.
            Some(Overlay::Quit) => vec![Effect::Quit],
            Some(_) => self.key_in_overlay(Key::plain(KeyCode::Esc)),
            None if self.line.is_some() => {
                self.key_in_line(Key::plain(KeyCode::Esc));
                Vec::new()
            }
            None => self.run(CommandId::Quit),
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        if self.passwords.are_shown() || self.is_covered() {
            return;
        }
        match &mut self.overlay {
            Some(Overlay::Preview(preview)) => preview.paste(text),
            Some(Overlay::Note { input, .. }) => input.paste(text),
            Some(Overlay::Typed(typed)) => typed.input.paste(text),
            Some(Overlay::Playbook(list)) => {
                if let Some((_, input)) = &mut list.skipping {
                    input.paste(text);
                }
            }
            Some(Overlay::Help(help)) => {
                help.input.paste(text);
                help.refilter();
            }
            Some(_) => {}
            None => {
                if let Some(line) = &mut self.line {
                    line.input_mut().paste(text);
                    self.line_changed();
                }
            }
        }
    }
}
