//! Whether bytes show a value: for whoever has the one and the other and no profile, as a proof has.

use evidence::IdentifierKind;

use crate::{
    Value,
    forms::{self, Reach, Shape},
    shapes::is_package,
};

/// Whether `found` holds one of the forms that the value, in its canonical writing, is searched for in: written,
/// packed, coded or hashed. The case of letters is not compared. Of a form that may be cut (a digest), so much
/// must be there as the search asks for.
pub fn shows(kind: IdentifierKind, canonical: &str, found: &[u8]) -> bool {
    if found.is_empty() || canonical.is_empty() {
        return false;
    }
    if holds(&plain(found), &plain(canonical.as_bytes())) {
        return true;
    }
    let value =
        Value { kind, label: String::new(), canonical: canonical.to_owned(), weak: false, mode: None };
    let (folded, digits) = (found.to_ascii_lowercase(), digits(found));
    forms::of(&value).iter().any(|shape| match shape.reach {
        Reach::Digits => holds(&digits, &shape.bytes),
        _ => holds(&folded, &least(shape)),
    })
}

/// Whether `found` holds all numbers of a value that has some, in their order. What is only recognised by its
/// shape is made canonical with words of our own: `Android 9` from `android-dhcp-9`, `1080x1794` from `1080,1794`.
pub fn shows_numbers(canonical: &str, found: &[u8]) -> bool {
    let mut numbers = numbers(canonical.as_bytes()).peekable();
    let mut there = self::numbers(found);
    numbers.peek().is_some() && numbers.all(|number| there.any(|other| other == number))
}

/// Whether `found` may be a member of a list of this kind. A list that is only recognised by its shape has no writing
/// of its own: its proof leads to the first of its members.
pub fn shows_member(list: IdentifierKind, found: &[u8]) -> bool {
    match list {
        IdentifierKind::PackageList => found.split(|byte| b" ,;:/\"".contains(byte)).any(is_package),
        _ => !found.is_empty(),
    }
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| !byte.is_ascii_digit()).filter(|number| !number.is_empty())
}

/// What must be there of a form, its letters small.
fn least(shape: &Shape) -> Vec<u8> {
    shape.bytes.get(..shape.anchor).unwrap_or(&shape.bytes).to_ascii_lowercase()
}

/// Letters and digits, the letters small.
fn plain(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().into_bytes()
}

fn digits(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(u8::is_ascii_digit).collect()
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && memchr::memmem::find(bytes, part).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NeedleId, Needles, Profile};

    #[test]
    fn forms_show_their_value() {
        let template = Profile::template();
        let is_example = |line: &&str| !line.starts_with("# ") && !line.contains("_file");
        let lines = template
            .lines()
            .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line));
        let text: Vec<_> = lines.filter(is_example).collect();
        let profile = Profile::parse(&text.join("\n"), &mut |_| Err("no list".to_owned())).unwrap();
        assert!(profile.values().len() > 30);
        let needles = Needles::build(&profile);
        // All would take a minute.
        for number in (0..u32::try_from(needles.len()).unwrap()).step_by(7) {
            let id = NeedleId(number);
            let (bytes, range) = needles.example(id);
            let value = &profile.values()[needles.needle(id).value];
            let shown = shows(value.kind, &value.canonical, &bytes[range]);
            assert!(shown, "{} as {:?}", value.canonical, needles.needle(id).form);
        }
    }

    #[test]
    fn numbers_of_a_shape_are_whole_and_in_order() {
        let rows = [
            ("Android 9", "android-dhcp-9", true),
            ("1080x1794", "1080,1794", true),
            ("1080x1794", "1794,1080", false),
            ("352099001761481", "3", false),
            ("Android", "3", false),
        ];
        for (value, found, expected) in rows {
            assert_eq!(shows_numbers(value, found.as_bytes()), expected, "{value} in {found}");
        }
    }

    #[test]
    fn other_bytes_do_not() {
        let imei = "352099001761481";
        for found in ["", "3", "490154203237518", "35209900176148", "base64", "imei"] {
            let short = found == "35209900176148";
            assert_eq!(shows(IdentifierKind::Imei, imei, found.as_bytes()), short, "{found}");
        }
        assert!(!shows(IdentifierKind::Imei, "", b"352099001761481"));
    }
}
