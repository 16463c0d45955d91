//! Where on the lines of a screen a name stands: whole, cut off, wrapped, or known by its shape.

use std::net::IpAddr;
use std::ops::Bound;

use super::{Alias, LONGEST, Mask, fold};

/// From how many letters on the beginning of a name is masked.
const BEGINNING: usize = 5;
/// The same where `…` or the end of a line says that the rest is cut off.
const CUT: usize = 3;

/// A stretch of a line that names somebody or something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The line.
    pub line: usize,
    /// Its first letter.
    pub from: usize,
    /// The letter behind its last.
    pub to: usize,
    /// What is to stand there.
    pub alias: Alias,
}

/// A beginning at the end of a line, which may go on in the next.
struct Open {
    found: Found,
    letters: String,
    masked: bool,
    /// How many borders stand before it: it goes on in the same pane or nowhere.
    borders: usize,
    /// Whether it fills its line, so that a word may have been broken.
    fills: bool,
}

impl Mask {
    /// Everything in these lines that must not be seen, line by line and from left to right.
    pub fn find(&self, lines: &[Vec<char>]) -> Vec<Found> {
        let mut all = Vec::new();
        let mut open: Vec<Open> = Vec::new();
        for (line, letters) in lines.iter().enumerate() {
            let letters: Vec<char> = letters.iter().map(|letter| fold(*letter)).collect();
            let mut next = Vec::new();
            let mut at = 0;
            while let Some(letter) = letters.get(at).copied() {
                let before = at.checked_sub(1).and_then(|at| letters.get(at)).copied();
                if is_gap(letter) || before.is_some_and(char::is_alphanumeric) {
                    at += 1;
                    continue;
                }
                let rest: String = letters.iter().skip(at).take_while(|letter| !is_border(**letter)).take(LONGEST + 1).collect();
                let found = self.goes_on(&open, &rest, &letters, at, line, &mut all, &mut next).or_else(|| {
                    let (length, alias) = self.at_beginning(&rest, &letters, at, line, &mut next)?;
                    Some(Found { line, from: at, to: at + length, alias })
                });
                at = found.map_or(at + 1, |found| found.to.max(at + 1));
                all.extend(found);
            }
            open = next;
        }
        all.sort_by_key(|found| (found.line, found.from));
        all
    }

    /// What a name from the line above goes on with here.
    #[expect(clippy::too_many_arguments, reason = "where it stands, and what it may go on to")]
    fn goes_on(
        &self,
        open: &[Open],
        rest: &str,
        letters: &[char],
        at: usize,
        line: usize,
        all: &mut Vec<Found>,
        next: &mut Vec<Open>,
    ) -> Option<Found> {
        if open.is_empty() || !begins_a_cell(letters, at) {
            return None;
        }
        for held in open {
            if held.borders != borders(letters, at) {
                continue;
            }
            for joint in if held.fills { &["", " "][..] } else { &[" "] } {
                let joined = format!("{}{joint}{rest}", held.letters);
                let before = held.letters.chars().count() + joint.len();
                let Some((length, whole, alias)) = self.longest(&joined).filter(|(length, ..)| *length > before) else { continue };
                let found = Found { line, from: at, to: at + length - before, alias };
                if !held.masked {
                    all.push(Found { alias, ..held.found });
                }
                if !whole && ends_a_line(letters, found.to) {
                    let fills = fills_a_line(letters, found.to);
                    next.push(Open { found, letters: joined.chars().take(length).collect(), masked: true, borders: held.borders, fills });
                }
                return Some(found);
            }
        }
        None
    }

    /// Length and alias of what begins here and must not be seen.
    fn at_beginning(&self, rest: &str, letters: &[char], at: usize, line: usize, next: &mut Vec<Open>) -> Option<(usize, Alias)> {
        let known = self.longest(rest).map(|(length, whole, alias)| {
            let visible: String = rest.chars().take(length).collect();
            let cut = rest.chars().nth(length) == Some('…');
            let ends = ends_a_line(letters, at + length);
            // A short one only where a word of it is whole: a number at the end of a line is no address.
            let named = matches!(alias, Alias::User(_) | Alias::Device(_) | Alias::Unknown("user" | "device"));
            let telling = length >= BEGINNING || ends && named && length >= CUT && self.has_beginning(&format!("{visible} "));
            let enough = whole || cut && length >= CUT || telling && !self.plain.contains(&visible);
            if ends {
                let found = Found { line, from: at, to: at + length, alias };
                let (borders, fills) = (borders(letters, at), fills_a_line(letters, at + length));
                next.push(Open { found, letters: visible, masked: enough, borders, fills });
            }
            (length + usize::from(cut && enough), alias, enough)
        });
        let shaped = shaped(rest);
        match (known.filter(|(.., enough)| *enough), shaped) {
            // An account's name may begin like another's, and a network like an address.
            (Some((length, alias, _)), Some((longer, _))) if longer > length => Some((longer, alias.unknown())),
            (Some((length, alias, _)), _) => Some((length, alias)),
            (None, shaped) => shaped,
        }
    }

    fn has_beginning(&self, text: &str) -> bool {
        let next = self.known.range::<str, _>((Bound::Included(text), Bound::Unbounded)).next();
        next.is_some_and(|(name, _)| name.starts_with(text))
    }

    /// The longest name, or beginning of one, that this text begins with and that ends where a word ends: its length,
    /// whether it is whole, and whose it is.
    fn longest(&self, text: &str) -> Option<(usize, bool, Alias)> {
        let after = self.known.range::<str, _>((Bound::Included(text), Bound::Unbounded)).next();
        let before = self.known.range::<str, _>((Bound::Unbounded, Bound::Excluded(text))).next_back();
        let common = |name: &str| name.chars().zip(text.chars()).take_while(|(one, other)| one == other).count();
        let mut length = [after, before].into_iter().flatten().map(|(name, _)| common(name)).max().unwrap_or(0);
        let letters: Vec<char> = text.chars().collect();
        while length > 1 {
            let last = letters.get(length - 1).copied().unwrap_or(' ');
            let next = letters.get(length).copied().unwrap_or(' ');
            if last != ' ' && !(last.is_alphanumeric() && next.is_alphanumeric()) {
                let beginning: String = letters.iter().take(length).collect();
                if let Some(alias) = self.known.get(&beginning) {
                    return Some((length, true, *alias));
                }
                let mut named = self.known.range::<str, _>((Bound::Included(beginning.as_str()), Bound::Unbounded));
                let first = named.next().filter(|(name, _)| name.starts_with(&beginning)).map(|(_, alias)| *alias);
                let others = named.take(8).take_while(|(name, _)| name.starts_with(&beginning)).any(|(_, alias)| Some(*alias) != first);
                if let Some(first) = first {
                    // A shorter whole name is worth more than a beginning that could be anybody's.
                    let shorter = (2..length).rev().find_map(|length| {
                        let name: String = letters.iter().take(length).collect();
                        let ends = !letters.get(length).copied().unwrap_or(' ').is_alphanumeric();
                        self.known.get(&name).filter(|_| ends).map(|alias| (length, true, *alias))
                    });
                    let partial = (length, false, if others { first.unknown() } else { first });
                    return Some(if length < BEGINNING { shorter.unwrap_or(partial) } else { partial });
                }
            }
            length -= 1;
        }
        None
    }
}

/// What shows by its form that it is an account's name or an address.
fn shaped(text: &str) -> Option<(usize, Alias)> {
    let ends = |letter: &char| is_gap(*letter) || matches!(letter, ',' | ';' | '(' | ')' | '<' | '>' | '"' | '\'' | '…' | '·');
    let token: String = text.chars().take_while(|letter| !ends(letter)).collect();
    let length = token.chars().count();
    if token.split_once('@').is_some_and(|(before, _)| !before.is_empty()) {
        return Some((length, Alias::Unknown("user")));
    }
    let address: String = token.chars().take_while(|letter| letter.is_ascii_hexdigit() || matches!(letter, '.' | ':')).collect();
    let address = address.trim_end_matches(['.', ':']);
    let cut = text.chars().nth(address.len()).is_none_or(|next| next == '…' || next == '.');
    let numbers = address.split('.').filter(|part| part.parse::<u8>().is_ok()).count();
    let like_v4 = numbers == address.split('.').count() && numbers >= 3 && cut;
    let like_v6 = address.contains("::") || address.matches(':').count() >= 4;
    (address.parse::<IpAddr>().is_ok() || like_v4 || like_v6).then_some((address.len(), Alias::Unknown("ip")))
}

fn is_border(letter: char) -> bool {
    matches!(letter, '\u{2500}'..='\u{259f}')
}

fn is_gap(letter: char) -> bool {
    letter.is_whitespace() || is_border(letter)
}

/// Whether only a gap stands before it: a border, the edge of the screen or the space between columns.
fn begins_a_cell(letters: &[char], at: usize) -> bool {
    let before = |places: usize| at.checked_sub(places).and_then(|at| letters.get(at)).copied();
    match (before(1), before(2)) {
        (None, _) => true,
        (Some(letter), _) if is_border(letter) => true,
        (Some(' '), other) => other.is_none_or(is_gap),
        _ => false,
    }
}

/// Whether only a gap comes behind it.
fn ends_a_line(letters: &[char], at: usize) -> bool {
    match (letters.get(at).copied(), letters.get(at + 1).copied()) {
        (None, _) => true,
        (Some(letter), _) if is_border(letter) => true,
        (Some(' '), other) => other.is_none_or(is_gap),
        _ => false,
    }
}

/// Whether a border comes at once behind it, or behind the one space that windows leave.
fn fills_a_line(letters: &[char], at: usize) -> bool {
    let gap = |at: usize| letters.get(at).copied().is_none_or(is_border);
    gap(at) || letters.get(at) == Some(&' ') && gap(at + 1)
}

/// How many borders of panes and windows stand before it.
fn borders(letters: &[char], at: usize) -> usize {
    letters.iter().take(at).filter(|letter| matches!(letter, '\u{2500}'..='\u{257f}')).count()
}
