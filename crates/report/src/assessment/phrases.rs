//! What a case and its verdicts say in English -> the assessment's language.
//!
//! Sentences of a case are written once, by whoever found something, and stay what the case says. A language brings a
//! phrasebook of patterns (its file tells how they are written); a sentence that fits none stays as it is, so nothing is
//! ever left out. What stands in a sentence's places is the case's own and as hostile as any value: it is put where the
//! translation has its place, and looked up only where the pattern says so.

use std::collections::BTreeMap;

use evidence::prose;

/// Rows of patterns by their table: English, and the language's own.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Phrases(BTreeMap<String, Vec<[String; 2]>>);

/// What a phrasebook does not know by itself.
pub(crate) struct Tongue<'t> {
    /// Numbers as the language writes them.
    pub(crate) digits: &'t dyn Fn(&str) -> String,
    /// The names of marks.
    pub(crate) mark: &'t dyn Fn(&str) -> String,
    /// What stands before the last of several.
    pub(crate) and: &'t str,
}

impl Phrases {
    /// A text by a table; as it stands where no row fits.
    pub(crate) fn say(&self, table: &str, text: &str, tongue: &Tongue) -> String {
        self.look_up(table, text, tongue, DEPTH).unwrap_or_else(|| text.to_owned())
    }

    /// Whether it knows a text. An empty phrasebook knows none.
    #[cfg(test)]
    pub(crate) fn knows(&self, table: &str, text: &str, tongue: &Tongue) -> bool {
        self.look_up(table, text, tongue, DEPTH).is_some()
    }

    fn look_up(&self, table: &str, text: &str, tongue: &Tongue, depth: usize) -> Option<String> {
        if text.len() > LONGEST || depth == 0 {
            return None;
        }
        let rows = self.0.get(table)?;
        rows.iter().find_map(|[english, own]| {
            let found = fit(english, text)?;
            let places = found.iter().map(|(place, value)| {
                Some((
                    place.split_once(':').map_or(*place, |(name, _)| name),
                    self.value(place, value, tongue, depth)?,
                ))
            });
            let values: Vec<(&str, String)> = places.collect::<Option<_>>()?;
            let value =
                |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
            Some(prose::fill(own, value))
        })
    }

    /// What stands in a place, as the translation has it; `None` where it is not what the place is for.
    fn value(&self, place: &str, value: &str, tongue: &Tongue, depth: usize) -> Option<String> {
        let Some((_, table)) = place.split_once(':') else { return Some(value.to_owned()) };
        let name = table.trim_end_matches(['*', '!', '^']);
        let known = |text: &str| {
            let look_up = |text: &str| self.look_up(name, text, tongue, depth.saturating_sub(1));
            look_up(text).or_else(|| look_up(&with_first(text, char::to_lowercase)))
        };
        let one = |text: &str| known(text).unwrap_or_else(|| text.to_owned());
        let said = match name {
            "n" => is_number(value).then(|| (tongue.digits)(value))?,
            "mark" => (tongue.mark)(&value.replace(' ', "-")),
            _ if table.contains('*') => {
                let items = value.split(", ").map(|item| last_two(item, tongue.and, &one));
                items.collect::<Vec<_>>().join(", ")
            }
            _ if table.contains('!') => known(value)?,
            _ => one(value),
        };
        Some(if table.contains('^') { with_first(&said, char::to_uppercase) } else { said })
    }
}

/// A text with its first letter changed.
fn with_first<C: Iterator<Item = char>>(text: &str, change: fn(char) -> C) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(change).into_iter().flatten();
    first.chain(characters.as_str().chars()).collect()
}

/// An item of a list, of which the last two may stand together: `a and b`.
fn last_two(item: &str, and: &str, one: &dyn Fn(&str) -> String) -> String {
    match item.split_once(" and ") {
        Some((first, second)) if one(item) == item => format!("{} {and} {}", one(first), one(second)),
        _ => one(item),
    }
}

fn is_number(text: &str) -> bool {
    let digit = |character: char| character.is_ascii_digit();
    text.starts_with(digit)
        && text.chars().all(|character| digit(character) || matches!(character, '.' | ','))
}

/// The places of a pattern and what of the text stands in them, where the text fits: the shortest that does, from the
/// left; the last place takes the rest.
fn fit<'p, 't>(pattern: &'p str, text: &'t str) -> Option<Vec<(&'p str, &'t str)>> {
    let mut found = Vec::new();
    let mut parts = pattern.split('{');
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let (place, behind) = part.split_once('}')?;
        let end = match (behind, parts.peek()) {
            ("", None) => rest.len(),
            (_, None) => rest.len().checked_sub(behind.len()).filter(|_| rest.ends_with(behind))?,
            _ => rest.find(behind)?,
        };
        let (value, after) = rest.split_at_checked(end)?;
        if value.is_empty() {
            return None;
        }
        found.push((place, value));
        rest = after.strip_prefix(behind)?;
    }
    rest.is_empty().then_some(found)
}

/// Bytes of a text that is looked up; longer ones are no sentence of ours.
const LONGEST: usize = 4000;
/// How deep places lead to other tables.
const DEPTH: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_fits_a_pattern_in_one_way() {
        assert_eq!(fit("a", "a"), Some(vec![]));
        assert_eq!(fit("a", "ab"), None);
        assert_eq!(
            fit("{x} was sent to {y} in the clear", "It was sent to z in the clear"),
            Some(vec![("x", "It"), ("y", "z")])
        );
        assert_eq!(fit("{x} was sent to {y}", "It was sent to "), None);
        assert_eq!(fit("{x}: {y}", "a: b: c"), Some(vec![("x", "a"), ("y", "b: c")]));
        assert_eq!(fit("{x}é", "aé"), Some(vec![("x", "a")]));
        assert_eq!(fit("{x}é", "é"), None);
    }
}
