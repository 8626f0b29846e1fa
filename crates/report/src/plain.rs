//! Hostile text -> text that shows what it is and does nothing.
//!
//! Values in a case were chosen by whoever wrote the packet. Markup is escaped where HTML is written;
//! here the characters that act without being seen are made visible: control characters (which drive
//! terminals), bidirectional controls (which turn a host name around) and zero-width characters (which
//! make two different names look alike).

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

/// A run of harmless text, or one character that must be shown by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// May be written as it stands (HTML still escapes markup).
    Text(&'a str),
    /// Acts without being seen.
    Hidden(char),
}

/// Cuts `text` into harmless runs and hidden characters. Together they are `text`.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        if hidden(first) {
            rest = rest.get(first.len_utf8()..).unwrap_or("");
            return Some(Piece::Hidden(first));
        }
        let (run, after) = rest.split_at(rest.find(hidden).unwrap_or(rest.len()));
        rest = after;
        Some(Piece::Text(run))
    })
}

/// `text` with every hidden character written as `\u{202e}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for piece in pieces(text) {
        match piece {
            Piece::Text(run) => shown.push_str(run),
            // Writing to a string cannot fail.
            Piece::Hidden(character) => {
                let _ = write!(shown, "{}", character.escape_unicode());
            }
        }
    }
    Cow::Owned(shown)
}

/// Visible text of at most `limit` characters of `text`; what was cut off is counted in brackets.
pub(crate) fn clipped(text: &str, limit: usize) -> Cow<'_, str> {
    match split(text, limit) {
        (_, 0) => visible(text),
        (kept, cut) => Cow::Owned(format!("{}… ({cut} more characters)", visible(kept))),
    }
}

/// The first `limit` characters, and how many follow.
pub(crate) fn split(text: &str, limit: usize) -> (&str, usize) {
    match text.char_indices().nth(limit) {
        None => (text, 0),
        Some((end, _)) => {
            let (kept, cut) = text.split_at(end);
            (kept, cut.chars().count())
        }
    }
}

/// Visible text in at most `columns` terminal columns, its middle replaced by `…` where it is longer:
/// a host keeps its first label and its registrable domain.
pub(crate) fn fitted(text: &str, columns: usize) -> String {
    let text = visible(text);
    if width(&text) <= columns {
        return text.into_owned();
    }
    let room = columns.saturating_sub(1);
    let tail = room * 2 / 3;
    let head = taken(text.chars(), room - tail);
    let end: String = taken(text.chars().rev(), tail).chars().rev().collect();
    format!("{head}…{end}")
}

/// Columns that visible text takes in a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

fn taken(characters: impl Iterator<Item = char>, columns: usize) -> String {
    let mut used = 0;
    characters
        .take_while(|character| {
            used += columns_of(*character);
            used <= columns
        })
        .collect()
}

fn columns_of(character: char) -> usize {
    character.width().unwrap_or(0)
}

/// Whether a character acts on what shows it without being seen itself.
pub(crate) fn hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_shown_and_what_does_not_is_left() {
        let rows = [
            ("imei=35", "imei=35"),
            ("שלום", "שלום"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("a\r\nb\tc", "a\\u{d}\\u{a}b\\u{9}c"),
            ("moc.\u{202e}elgoog", "moc.\\u{202e}elgoog"),
            ("pay\u{200b}pal", "pay\\u{200b}pal"),
        ];
        for (text, expected) in rows {
            assert_eq!(visible(text), expected);
        }
    }

    #[test]
    fn a_long_value_says_how_much_is_left_out() {
        assert_eq!(clipped("äöüß", 4), "äöüß");
        assert_eq!(clipped("äöüß", 2), "äö… (2 more characters)");
    }

    #[test]
    fn a_long_host_keeps_both_ends() {
        let host = "a-very-long-first-label.of.a.very.deep.tree.tracker.example";
        let short = fitted(host, 30);
        assert_eq!(width(&short), 30);
        assert!(short.starts_with("a-very-l") && short.ends_with(".tracker.example"), "{short}");
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(width("电话"), 4);
        assert!(width(&fitted("电话电话电话", 7)) <= 7);
    }
}
