//! Values that stand for "none" or are the same on many devices: they identify nobody.

use std::collections::BTreeSet;

use serde::Deserialize;

/// The list of `data/placeholders.toml`, and the patterns that need none.
#[derive(Debug, Default)]
pub(super) struct Placeholders {
    folded: BTreeSet<Vec<u8>>,
    /// The length of the longest of them.
    longest: usize,
    /// What follows the `@` in what looks like an e-mail address and is none.
    domains: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    row: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    values: Vec<String>,
    #[expect(dead_code, reason = "for the reader of the file; its presence is what is checked")]
    reasoning: String,
}

impl Placeholders {
    /// The list that ships with the program.
    pub(super) fn built_in() -> Self {
        // The text is part of the program, and a test below holds it readable.
        Self::parse(include_str!("../../../../data/placeholders.toml")).unwrap_or_default()
    }

    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let file: File = toml::from_str(text)?;
        let values = file.row.iter().flat_map(|row| &row.values);
        let (domains, values): (Vec<_>, Vec<_>) = values.partition(|value| value.starts_with('@'));
        let folded: BTreeSet<Vec<u8>> =
            values.into_iter().map(|value| kept(value.as_bytes()).collect()).collect();
        Ok(Self {
            longest: folded.iter().map(Vec::len).max().unwrap_or(0),
            folded,
            domains: domains.into_iter().map(|domain| domain.replace('@', "")).collect(),
        })
    }

    /// Whether a value, canonical or as found, is one. Case and separators do not matter.
    pub(super) fn contain(&self, value: &[u8]) -> bool {
        if value.len() > LONGEST {
            return false;
        }
        // Every shape is asked for here, so nothing is allocated.
        let mut folded = [0; LONGEST];
        let mut len = 0;
        for (place, byte) in folded.iter_mut().zip(kept(value)) {
            (*place, len) = (byte, len + 1);
        }
        let folded = folded.get(..len).unwrap_or_default();
        folded.is_empty() && value.is_ascii()
            || self.in_domain(value)
            || folded.len() <= self.longest && self.folded.contains(folded)
            || is_pattern(folded)
    }

    fn in_domain(&self, value: &[u8]) -> bool {
        let domain = memchr::memchr(b'@', value).and_then(|at| value.get(at + 1..));
        domain
            .and_then(|domain| std::str::from_utf8(domain).ok())
            .is_some_and(|domain| self.domains.contains(domain))
    }
}

/// Lower-case letters and digits only; bytes outside ASCII stay.
fn kept(value: &[u8]) -> impl Iterator<Item = u8> {
    let kept = value.iter().filter(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii());
    kept.map(u8::to_ascii_lowercase)
}

/// One character repeated, one pair repeated, or counting up or down: six characters and more.
fn is_pattern(folded: &[u8]) -> bool {
    if folded.len() < 6 || !folded.iter().all(u8::is_ascii_alphanumeric) {
        return false;
    }
    let repeats = |period: usize| folded.iter().zip(folded.iter().skip(period)).all(|(a, b)| a == b);
    repeats(1) || folded.len() >= 10 && repeats(2) || counts(folded, false) || counts(folded, true)
}

/// Each character follows the one before among the hex digits, or the decimal ones, round and round.
fn counts(folded: &[u8], down: bool) -> bool {
    [&b"0123456789"[..], b"0123456789abcdef"].into_iter().any(|circle| {
        let place = |byte: &u8| circle.iter().position(|member| member == byte);
        folded.iter().zip(folded.iter().skip(1)).all(|(a, b)| {
            let (a, b) = if down { (b, a) } else { (a, b) };
            matches!((place(a), place(b)), (Some(a), Some(b)) if (a + 1) % circle.len() == b)
        })
    })
}

/// Placeholders are short.
const LONGEST: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_that_ships_is_readable() {
        let list = Placeholders::parse(include_str!("../../../../data/placeholders.toml"));
        assert!(list.is_ok_and(|list| list.folded.len() > 20));
    }

    #[test]
    fn what_everybody_has_identifies_nobody() {
        let list = Placeholders::built_in();
        let rows = [
            "",
            "-",
            "unknown",
            "NULL",
            "N/A",
            "00000000-0000-0000-0000-000000000000",
            "000000000000000",
            "9774d56d682e549c",
            "0123456789ABCDEF",
            "123456789012345",
            "ff:ff:ff:ff:ff:ff",
            "987654321",
            "02:00:00:00:00:00",
            "1212121212",
        ];
        for row in rows {
            assert!(list.contain(row.as_bytes()), "{row}");
        }
        for row in [
            "b9e28776354d259e",
            "356938035643809",
            "9",
            "22",
            "5ac6a0ff-8d18-47bc-a902-2812cf0c251e",
            "Android",
        ] {
            assert!(!list.contain(row.as_bytes()), "{row}");
        }
    }
}
