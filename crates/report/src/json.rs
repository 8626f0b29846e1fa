//! Case -> `case.json`.
//!
//! The document is [`evidence::Case`] as `serde` writes it; its fields are documented there, and
//! [`evidence::CASE_FORMAT`] is its first member. Written as UTF-8 without a byte order mark, with a
//! newline at the end. Beyond what RFC 8259 demands, characters that act without being seen (C1 controls,
//! bidirectional and zero-width characters) are written as `\uXXXX`, so that a terminal or an editor that
//! shows the file cannot be fooled; readers get the same strings back.

use std::io::{self, Write};

use evidence::Case;
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use crate::plain::hidden;

/// The case as text, on one line or (`pretty`) indented by two spaces.
///
/// # Errors
/// Where a value has no JSON form; the types of `evidence` have none such, so this tells of a mistake there.
pub fn json(case: &Case, pretty: bool) -> Result<String, serde_json::Error> {
    match pretty {
        true => text(case, PrettyFormatter::new()),
        false => text(case, CompactFormatter),
    }
}

/// Writes the case on one line, without holding its text.
///
/// # Errors
/// Where it cannot be written.
pub fn write_json(case: &Case, out: &mut impl Write) -> io::Result<()> {
    case.serialize(&mut Serializer::with_formatter(&mut *out, Harmless(CompactFormatter)))?;
    out.write_all(b"\n")
}

/// A document as text, with a newline at the end.
pub(crate) fn text(
    document: &impl Serialize,
    formatter: impl Formatter,
) -> Result<String, serde_json::Error> {
    let mut text = Vec::new();
    document.serialize(&mut Serializer::with_formatter(&mut text, Harmless(formatter)))?;
    text.push(b'\n');
    // Nothing is replaced: `serde_json` writes UTF-8.
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Writes as another formatter does, but for characters in strings that act without being seen.
struct Harmless<F>(F);

impl<F: Formatter> Formatter for Harmless<F> {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, out: &mut W, text: &str) -> io::Result<()> {
        // All that acts and that `serde_json` leaves lies from DEL on.
        if text.bytes().all(|byte| byte < 0x7F) {
            return out.write_all(text.as_bytes());
        }
        let mut rest = text;
        while let Some((at, character)) = rest.char_indices().find(|(_, character)| hidden(*character)) {
            let (before, after) = rest.split_at(at);
            out.write_all(before.as_bytes())?;
            escape(character, out)?;
            rest = after.get(character.len_utf8()..).unwrap_or_default();
        }
        out.write_all(rest.as_bytes())
    }

    fn begin_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

fn escape<W: Write + ?Sized>(character: char, out: &mut W) -> io::Result<()> {
    let mut units = [0; 2];
    character.encode_utf16(&mut units).iter().try_for_each(|unit| write!(out, "\\u{unit:04x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_gets_the_same_string_back() {
        let value = "a\u{1b}[2J\u{9b}31m\u{202e}\u{e0041}\u{feff}\"\\ü电\n";
        let written = text(&value, CompactFormatter).unwrap();
        assert!(!written.trim_end().chars().any(hidden), "{written}");
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), value);
    }
}
