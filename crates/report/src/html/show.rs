//! Values and marks that every section of the page uses.

use std::fmt::Write;

use evidence::Severity;
use maud::{Escaper, Markup, Render, html};

use crate::overview::Told;
use crate::plain::{self, Piece};

/// A value of the case: markup escaped, hidden characters shown by their number, isolated from the
/// direction of the text around it, and cut where it is longer than anyone reads.
pub(super) struct Shown<'a>(pub(super) &'a str);

impl Render for Shown<'_> {
    fn render_to(&self, buffer: &mut String) {
        let (kept, cut) = plain::split(self.0, LONGEST);
        buffer.push_str("<bdi>");
        for piece in plain::pieces(kept) {
            // Writing to a string cannot fail.
            match piece {
                Piece::Text(text) => drop(Escaper::new(buffer).write_str(text)),
                Piece::Hidden(character) => { let _ = write!(
                    buffer,
                    "<span class=\"hidden\" title=\"a character that is not seen\">U+{:04X}</span>",
                    u32::from(character)
                ); }
            }
        }
        if cut > 0 {
            let _ = write!(buffer, "<span class=\"cut\">… {cut} more characters</span>");
        }
        buffer.push_str("</bdi>");
    }
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

const LONGEST: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

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
