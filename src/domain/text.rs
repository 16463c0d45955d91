//! Safe text: the one way for a tenant's text to a terminal, title, clipboard, log or CSV (invariant 5).
//!
//! Whatever a reader cannot see, or a terminal would obey, is shown as an escape: `\n`, `\x1b`,
//! `\u{202e}`. Backslashes that were in the text stay as they are, so an escape tells that something
//! was there, and not that nobody typed it; the store keeps the raw text.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How many zero-width characters one visible character may carry; real scripts need fewer.
const MARKS: u8 = 4;
const JOINER: char = '\u{200d}';
const EMOJI_PRESENTATION: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';

/// The text with everything visible that could deceive a reader or command a terminal.
pub fn safe(text: &str) -> Cow<'_, str> {
    if is_printable_ascii(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut escaped = false;
    for cluster in text.graphemes(true) {
        escaped |= push_cluster(&mut out, cluster);
    }
    if escaped { Cow::Owned(out) } else { Cow::Borrowed(text) }
}

/// How many columns the text takes on a screen, drawn cluster by cluster.
pub fn width(text: &str) -> usize {
    if is_printable_ascii(text) { text.len() } else { text.graphemes(true).map(UnicodeWidthStr::width).sum() }
}

/// The text made [`safe`] and cut to this many columns, with `…` where something was cut off.
pub fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    let text = safe(text);
    if width(&text) <= columns {
        return text;
    }
    let Some(room) = columns.checked_sub(1) else {
        return Cow::Borrowed("");
    };
    let mut out = String::new();
    let mut taken = 0;
    for cluster in text.graphemes(true) {
        taken += cluster.width();
        if taken > room {
            break;
        }
        out.push_str(cluster);
    }
    out.push('…');
    Cow::Owned(out)
}

/// The text made [`safe`] for a CSV field: one that a spreadsheet would run gets a leading `'`
/// (`design.md` section 4).
pub fn csv_field(text: &str) -> Cow<'_, str> {
    // Some spreadsheets take the full-width forms for the others.
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) {
        Cow::Owned(format!("'{}", safe(text)))
    } else {
        safe(text)
    }
}

/// The text as one word of a POSIX shell that stands for exactly it, whatever is in it: for commands that are suggested.
pub fn shell_word(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | ':' | '@' | ',' | '+' | '=' | '%');
    if !text.is_empty() && text.chars().all(plain) { Cow::Borrowed(text) } else { Cow::Owned(format!("'{}'", text.replace('\'', r"'\''"))) }
}

fn is_printable_ascii(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Adds one grapheme cluster; answers whether something in it was escaped.
///
/// `room` is how many zero-width characters may still follow. Nothing may hang on an escape or on the
/// cluster before, so it is 0 until there is a visible character, and again after each escape.
fn push_cluster(out: &mut String, cluster: &str) -> bool {
    let mut escaped = false;
    let mut room: u8 = 0;
    let mut previous = None;
    let mut chars = cluster.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        let keep = match c {
            JOINER => room > 0 && next.is_some_and(is_pictograph),
            EMOJI_PRESENTATION => room > 0 && previous.is_some_and(|base| takes_emoji_presentation(base, next)),
            _ if is_hidden(c) => false,
            _ => c.width() != Some(0) || room > 0,
        };
        if !keep {
            escape(out, c);
            escaped = true;
            room = 0;
        } else {
            out.push(c);
            if c.width() == Some(0) {
                room = room.saturating_sub(u8::from(c != JOINER));
            } else if previous.is_none() || !extends_cluster(c) {
                room = MARKS;
            }
        }
        previous = Some(c);
    }
    escaped
}

/// Whether nobody could see this character, or a terminal or reader would be led by it.
fn is_hidden(c: char) -> bool {
    use GeneralCategory as Category;
    matches!(
        c.general_category(),
        Category::Control
            | Category::Format
            | Category::PrivateUse
            | Category::Unassigned
            | Category::Surrogate
            | Category::LineSeparator
            | Category::ParagraphSeparator
    ) || is_ignorable_letter_or_mark(c)
}

/// Letters and marks that Unicode lists as Default_Ignorable_Code_Point: fillers, variation selectors
/// and the like, which draw nothing and can carry a message.
fn is_ignorable_letter_or_mark(c: char) -> bool {
    matches!(c, '\u{34f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{3164}')
        || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0100}'..='\u{e01ef}')
}

/// Whether U+FE0F after this character makes an emoji: a pictograph, or the digit of a keycap.
fn takes_emoji_presentation(base: char, next: Option<char>) -> bool {
    is_pictograph(base) || matches!(base, '#' | '*' | '0'..='9') && next == Some(KEYCAP)
}

/// Whether the character is an Extended_Pictographic one. Segmentation knows: only between two of them
/// does a joiner join (UAX #29, rule GB11).
fn is_pictograph(c: char) -> bool {
    !c.is_ascii() && [c, JOINER, '❤'].iter().collect::<String>().graphemes(true).count() == 1
}

/// Characters that take columns of their own and yet continue a cluster: skin tones, halfwidth voicing.
fn extends_cluster(c: char) -> bool {
    matches!(c, '\u{1f3fb}'..='\u{1f3ff}' | '\u{ff9e}'..='\u{ff9f}')
}

fn escape(out: &mut String, c: char) {
    let code = u32::from(c);
    let written = match c {
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        _ if c.is_ascii() => write!(out, "\\x{code:02x}"),
        _ => write!(out, "\\u{{{code:x}}}"),
    };
    debug_assert!(written.is_ok(), "writing to a String cannot fail");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn clean_text_is_borrowed_as_it_is() {
        for text in ["", "Adele Vance", "Łukasz Żółć", "山田 太郎", "한국어", "हिन्दी", "שלום", r"CONTOSO\adele", r"\x1b", "e\u{301}"]
        {
            assert!(matches!(safe(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn emoji_stay_whole() {
        for text in ["👩‍💻", "👩🏽‍💻", "❤️", "🏳️‍🌈", "1️⃣", "🇳🇬", "🙂‍↔️", "👨‍👩‍👧‍👦"]
        {
            assert_eq!(safe(text), text);
        }
    }

    #[test]
    fn what_commands_a_terminal_or_deceives_is_shown() {
        for (raw, shown) in [
            ("\x1b]52;c;eA==\x07", r"\x1b]52;c;eA==\x07"),
            ("a\r\nb\tc\0", r"a\r\nb\tc\x00"),
            ("\u{9b}31m\u{85}\x7f", r"\u{9b}31m\u{85}\x7f"),
            ("\u{202e}moc.live\u{2069}", r"\u{202e}moc.live\u{2069}"),
            ("ad\u{200b}mi\u{ad}n\u{feff}\u{2028}", r"ad\u{200b}mi\u{ad}n\u{feff}\u{2028}"),
            ("🏴\u{e0067}\u{e007f}", r"🏴\u{e0067}\u{e007f}"),
            ("\u{e000}\u{fdd0}\u{378}", r"\u{e000}\u{fdd0}\u{378}"),
            ("a\u{200d}b", r"a\u{200d}b"),
            ("a\u{fe0f}1\u{fe0f}", r"a\u{fe0f}1\u{fe0f}"),
            ("👩\u{200d}", r"👩\u{200d}"),
            ("a\u{e0100}\u{3164}", r"a\u{e0100}\u{3164}"),
        ] {
            assert_eq!(safe(raw), shown);
        }
    }

    #[test]
    fn marks_are_few_and_never_hang_on_an_escape() {
        let zalgo = format!("e{}", "\u{301}".repeat(6));
        assert_eq!(safe(&zalgo), format!("e{}{}", "\u{301}".repeat(4), r"\u{301}\u{301}"));
        assert_eq!(safe("\u{301}a"), r"\u{301}a");
        assert_eq!(safe("a\n\u{301}"), r"a\n\u{301}");
    }

    #[test]
    fn fitting_cuts_between_clusters_and_says_so() {
        assert_eq!(fit("Adele Vance", 11), "Adele Vance");
        assert_eq!(fit("Adele Vance", 6), "Adele…");
        assert_eq!(fit("山田太郎", 4), "山…");
        assert_eq!(fit("山田太郎", 2), "…");
        assert_eq!(fit("👩‍💻👩‍💻", 3), "👩‍💻…");
        assert_eq!((fit("ab", 1), fit("ab", 0), fit("", 0)), ("…".into(), "".into(), "".into()));
        assert_eq!(fit("a\nb", 3), "a\\…");
    }

    #[test]
    fn a_field_that_a_spreadsheet_would_run_is_defused() {
        for (raw, field) in [
            ("＝1", "'＝1"),
            ("＠x", "'＠x"),
            ("＋1", "'＋1"),
            ("－1", "'－1"),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("\tx", "'\\tx"),
            ("\rx", "'\\rx"),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(csv_field(raw), field);
        }
    }

    /// Text made of what goes wrong, among anything else.
    fn hostile() -> impl Strategy<Value = String> {
        let nasty = prop::sample::select(
            "aé1中\x1b\n\r\u{85}\u{301}\u{200d}\u{fe0f}\u{fe0e}\u{20e3}👩💻❤🏻🇳\u{202e}\u{200b}\u{600}\u{e0067}\u{1100}\u{1161}\u{11a8}\u{d4e}\u{915}\u{94d}\u{93f}\u{ff9e}لا"
                .chars()
                .collect::<Vec<_>>(),
        );
        prop::collection::vec(prop_oneof![4 => nasty, 1 => any::<char>()], 0..24).prop_map(String::from_iter)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn nothing_hidden_is_left(text in hostile()) {
            let safe = safe(&text);
            for c in safe.chars().filter(|c| ![JOINER, EMOJI_PRESENTATION].contains(c)) {
                prop_assert!(!is_hidden(c), "{c:?} in {safe:?}");
            }
            for cluster in safe.graphemes(true) {
                prop_assert!(cluster.width() > 0, "{cluster:?} in {safe:?}");
            }
        }

        #[test]
        fn safe_text_is_left_alone(text in hostile()) {
            let once = safe(&text).into_owned();
            prop_assert_eq!(safe(&once), once.as_str());
        }

        #[test]
        fn fitted_text_is_safe_and_never_wider_than_asked(text in hostile(), columns in 0usize..12) {
            let fitted = fit(&text, columns);
            prop_assert!(width(&fitted) <= columns && UnicodeWidthStr::width(&*fitted) <= columns, "{fitted:?}");
            prop_assert_eq!(safe(&fitted), &*fitted);
        }
    }

    #[test]
    fn a_word_for_a_shell_stands_for_itself() {
        assert_eq!(shell_word("adele@contoso.test"), "adele@contoso.test");
        assert_eq!(shell_word("agent:=\"it's\" $(x) `y`"), r#"'agent:="it'\''s" $(x) `y`'"#);
        assert_eq!((shell_word(""), shell_word("#x"), shell_word("a\nb")), ("''".into(), "'#x'".into(), "'a\nb'".into()));
    }
}
