//! Parts of sentences that more than one crate writes.

/// `a` or `an`, by the first letter of what follows.
pub fn article(words: &str) -> &'static str {
    match words.chars().next() {
        Some('a' | 'e' | 'i' | 'o' | 'A' | 'E' | 'I' | 'O') => "an",
        _ => "a",
    }
}

/// The words with a capital first letter.
pub fn capital(words: &str) -> String {
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// `a`, `a and b`, `a, b and c`.
pub fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [many @ .., last] => format!("{} and {last}", many.join(", ")),
    }
}

/// A text with the places named in it (`{name}`) filled, from the left and each once: nothing in a value is taken for a
/// place. One of which there is no value shows its name; a brace that nothing closes stays as it is.
pub fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        filled.push_str(before);
        filled.push_str(&value(name).unwrap_or_else(|| name.to_owned()));
        rest = after;
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_once() {
        let value = |name: &str| match name {
            "a" => Some("{b}".to_owned()),
            "b" => Some("never".to_owned()),
            _ => None,
        };
        for (text, filled) in [
            ("", ""),
            ("no place", "no place"),
            ("{a} and {c}.", "{b} and c."),
            ("left { open", "left { open"),
            ("} {a}", "} {b}"),
        ] {
            assert_eq!(fill(text, value), filled);
        }
    }

    #[test]
    fn words_are_listed() {
        let words = ["a", "b", "c"].map(str::to_owned);
        let listed: Vec<_> = (0..=3).map(|count| list(&words[..count])).collect();
        assert_eq!(listed, ["", "a", "a and b", "a, b and c"]);
    }
}
