//! Case -> `case.json`.
//!
//! The document is [`evidence::Case`] as `serde` writes it; its fields are documented there, and
//! [`evidence::CASE_FORMAT`] is its first member. Written as UTF-8 without a byte order mark, with a
//! newline at the end. Beyond what RFC 8259 demands, characters that act without being seen (C1 controls,
//! bidirectional and zero-width characters) are written as `\uXXXX`, so that a terminal or an editor that
//! shows the file cannot be fooled; readers get the same strings back.

use std::fmt::Write;

use evidence::Case;

use crate::plain::hidden;

/// Writes the case, on one line or (`pretty`) indented by two spaces.
///
/// # Errors
/// Where a value has no JSON form; the types of `evidence` have none such, so this tells of a mistake there.
pub fn json(case: &Case, pretty: bool) -> Result<String, serde_json::Error> {
    let mut text = match pretty {
        true => serde_json::to_string_pretty(case),
        false => serde_json::to_string(case),
    }?;
    text.push('\n');
    Ok(without_hidden(text))
}

/// Escapes what `serde_json` leaves. Such characters occur only inside strings, so this cannot change
/// the document's structure.
pub(crate) fn without_hidden(text: String) -> String {
    let acts = |character: char| character != '\n' && hidden(character);
    if !text.contains(acts) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() + 64);
    for character in text.chars() {
        if acts(character) {
            escape(character, &mut escaped);
        } else {
            escaped.push(character);
        }
    }
    escaped
}

fn escape(character: char, out: &mut String) {
    let mut units = [0; 2];
    for unit in character.encode_utf16(&mut units) {
        // Writing to a string cannot fail.
        let _ = write!(out, "\\u{unit:04x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_gets_the_same_string_back() {
        let value = "a\u{1b}[2J\u{9b}31m\u{202e}\u{e0041}\u{feff}\"\\ü电\n";
        let written = without_hidden(serde_json::to_string(value).unwrap());
        assert!(written.is_ascii() || !written.chars().any(hidden), "{written}");
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), value);
    }
}
