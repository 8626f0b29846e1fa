//! Values and marks that every section of the page uses.

use std::fmt::Write;

use evidence::Severity;
use maud::{Escaper, Markup, Render, html};

use crate::overview::Told;
use crate::plain::{self, Piece};

/// A value of the case: markup escaped, hidden characters shown by their number, isolated from the
/// direction of the text around it, and cut where it is longer than a value that anyone reads.
pub(crate) struct Shown<'a>(pub(crate) &'a str);

/// A paragraph, which may be longer than a value.
pub(crate) struct Prose<'a>(pub(crate) &'a str);

impl Render for Shown<'_> {
    fn render_to(&self, buffer: &mut String) {
        // Writing to a string cannot fail.
        let _ = show(self.0, LONGEST_VALUE, buffer);
    }
}

impl Render for Prose<'_> {
    fn render_to(&self, buffer: &mut String) {
        // As above.
        let _ = show(self.0, LONGEST_PARAGRAPH, buffer);
    }
}

fn show(text: &str, longest: usize, buffer: &mut String) -> std::fmt::Result {
    let (kept, cut) = plain::split(text, longest);
    buffer.push_str("<bdi>");
    for piece in plain::pieces(kept) {
        match piece {
            Piece::Text(text) => breakable(text, buffer)?,
            Piece::Hidden(character) => {
                let number = u32::from(character);
                write!(
                    buffer,
                    "<span class=\"hidden\" title=\"a character that is not seen\">U+{number:04X}</span>"
                )?;
            }
        }
    }
    if cut > 0 {
        write!(buffer, "<span class=\"cut\">… {cut} more characters</span>")?;
    }
    buffer.push_str("</bdi>");
    Ok(())
}

/// Text in which long names (hosts, packages, paths) may be broken where they are read in parts.
fn breakable(text: &str, buffer: &mut String) -> std::fmt::Result {
    for word in text.split_inclusive(' ') {
        let bare = word.trim_end_matches([' ', ',', ';', '.', ':']);
        if bare.len() <= UNBROKEN {
            Escaper::new(buffer).write_str(word)?;
            continue;
        }
        let mut name = false;
        for part in word.split_inclusive(['/', '.', '_']) {
            if name {
                buffer.push_str("<wbr>");
            }
            Escaper::new(buffer).write_str(part)?;
            name = part.chars().rev().nth(1).is_some_and(char::is_alphanumeric);
        }
    }
    Ok(())
}

/// The severity as a coloured word, with a number in front where given.
pub(super) fn chip(severity: Severity, count: Option<usize>) -> Markup {
    html! {
        span class={ "chip " (severity.id()) } {
            @if let Some(count) = count { (count) " " }
            (severity.id())
        }
    }
}

/// A finding's place in the page: its name where that can stand in an address, else its number.
pub(super) fn anchor(told: &Told, place: usize) -> String {
    let id = &told.finding.id.0;
    let sane = |character: char| character.is_ascii_alphanumeric() || character == '-';
    match !id.is_empty() && id.len() <= 40 && id.chars().all(sane) {
        true => id.clone(),
        false => format!("finding-{place}"),
    }
}

/// Values in a row, each as code.
pub(super) fn codes<'a>(values: impl IntoIterator<Item = &'a str>) -> Markup {
    html! {
        @for (place, value) in values.into_iter().enumerate() {
            @if place > 0 { ", " }
            code { (Shown(value)) }
        }
    }
}

/// The longest word, in bytes, that is never broken unless it is wider than its line.
const UNBROKEN: usize = 14;
const LONGEST_VALUE: usize = 400;
const LONGEST_PARAGRAPH: usize = 4000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_broken_between_their_parts() {
        let shown = html! { (Shown("at connectivitycheck.gstatic.com/a, b.c")) }.into_string();
        assert_eq!(shown, "<bdi>at connectivitycheck.<wbr>gstatic.<wbr>com/<wbr>a, b.c</bdi>");
    }

    #[test]
    fn a_value_is_never_markup() {
        let shown = html! { (Shown("<script>\"onload='x'&\u{202e}\u{1b}")) }.into_string();
        assert_eq!(
            shown,
            "<bdi>&lt;script&gt;&quot;onload='x'&amp;\
             <span class=\"hidden\" title=\"a character that is not seen\">U+202E</span>\
             <span class=\"hidden\" title=\"a character that is not seen\">U+001B</span></bdi>"
        );
    }
}
