//! The texts of an assessment, by language.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::words;

/// A language that assessments are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
}

/// The texts of one language, by name.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Texts {
    /// The texts of each risk.
    risk: BTreeMap<String, RiskTexts>,
    #[serde(flatten)]
    texts: BTreeMap<String, String>,
}

/// What is said of a risk.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RiskTexts {
    /// What it is.
    pub(crate) title: String,
    /// Who is affected.
    pub(crate) affected: String,
    /// What an attacker or a vendor can do with it.
    pub(crate) can: String,
    /// What to do.
    pub(crate) recommendation: String,
}

impl Texts {
    /// Fails only where a file of this crate is wrong.
    pub(crate) fn of(language: Language) -> Result<Self, toml::de::Error> {
        match language {
            Language::English => toml::from_str(include_str!("texts.en.toml")),
        }
    }

    /// A text as it stands; its name where the language lacks it.
    pub(crate) fn say<'t>(&'t self, name: &'t str) -> &'t str {
        self.texts.get(name).map_or(name, String::as_str)
    }

    /// A text with its words in braces filled in, each once and from the left, so that nothing in a value is taken
    /// for such a word.
    pub(crate) fn fill(&self, name: &str, values: &[(&str, &str)]) -> String {
        let mut rest = self.say(name);
        let mut filled = String::with_capacity(rest.len() + 32);
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let (word, after) = after.split_once('}').unwrap_or((after, ""));
            let value = values.iter().find(|(known, _)| *known == word);
            filled.push_str(value.map_or(word, |(_, value)| value));
            rest = after;
        }
        filled.push_str(rest);
        filled
    }

    /// `a`, `a and b`, `a, b and c`.
    pub(crate) fn list(&self, words: &[String]) -> String {
        match words {
            [] => String::new(),
            [one] => one.clone(),
            [many @ .., last] => format!("{} {} {last}", many.join(", "), self.say("and")),
        }
    }

    /// A count with its word, from two texts.
    pub(crate) fn counted(&self, count: usize, one: &str, many: &str) -> String {
        match count {
            1 => self.say(one).to_owned(),
            _ => self.fill(many, &[("n", &words::number(count as u64))]),
        }
    }

    /// What is said of a risk; its name alone where the language lacks it.
    pub(crate) fn risk(&self, name: &str) -> RiskTexts {
        let nameless = || RiskTexts { title: name.to_owned(), ..RiskTexts::default() };
        self.risk.get(name).cloned().unwrap_or_else(nameless)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    #[test]
    fn every_risk_has_its_texts_and_no_text_is_for_nothing() {
        let texts = Texts::of(Language::English).unwrap();
        let rules = super::super::rules::rules().unwrap();
        let mut names: Vec<_> = rules.iter().map(|rule| rule.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(texts.risk.keys().map(String::as_str).collect::<Vec<_>>(), names);
    }

    #[test]
    fn what_fills_a_text_is_not_filled_itself() {
        let texts = Texts::of(Language::English).unwrap();
        let filled = texts.fill("limit_problem", &[("input", "{problem}"), ("problem", "{input}")]);
        assert_eq!(filled, "{problem}: {input}");
    }
}
