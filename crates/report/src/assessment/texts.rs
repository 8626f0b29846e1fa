//! The texts of an assessment, by language.

use std::collections::BTreeMap;

use evidence::{Severity, Timestamp, prose};

use serde::Deserialize;

use super::phrases::{Phrases, Tongue};
use crate::{document::Weight, words};

/// A language that assessments are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// Its code (ISO 639-1).
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// What it calls itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
        }
    }

    /// What it makes of the sentences of cases; nothing where they are its own.
    fn phrases(self) -> &'static str {
        match self {
            Self::English => "",
            Self::German => include_str!("phrases.de.toml"),
        }
    }

    fn file(self) -> &'static str {
        match self {
            Self::English => include_str!("texts.en.toml"),
            Self::German => include_str!("texts.de.toml"),
        }
    }
}

/// The texts of one language, by name.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Texts {
    /// What happened on a phone, by its mark.
    mark: BTreeMap<String, String>,
    /// The texts of each risk.
    risk: BTreeMap<String, RiskTexts>,
    #[serde(flatten)]
    texts: BTreeMap<String, String>,
    #[serde(skip)]
    phrases: Phrases,
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
        let texts: Self = toml::from_str(language.file())?;
        Ok(Self { phrases: toml::from_str(language.phrases())?, ..texts })
    }

    /// A sentence of a case or a verdict, by a table of the language's phrasebook; as it stands where that lacks it.
    pub(crate) fn of_case(&self, table: &str, sentence: &str) -> String {
        self.with_tongue(|tongue| self.phrases.say(table, sentence, tongue))
    }

    fn with_tongue<T>(&self, ask: impl FnOnce(&Tongue) -> T) -> T {
        let (digits, mark) = (|text: &str| self.digits(text), |kind: &str| self.mark(kind));
        ask(&Tongue { digits: &digits, mark: &mark, and: self.say("and") })
    }

    /// A text as it stands; its name where the language lacks it.
    pub(crate) fn say<'t>(&'t self, name: &'t str) -> &'t str {
        self.texts.get(name).map_or(name, String::as_str)
    }

    /// A text with its words in braces filled in, each once and from the left, so that nothing in a value is taken
    /// for such a word.
    pub(crate) fn fill(&self, name: &str, values: &[(&str, &str)]) -> String {
        let value = |word: &str| values.iter().find(|(known, _)| *known == word);
        prose::fill(self.say(name), |word| value(word).map(|(_, value)| (*value).to_owned()))
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
            _ => self.fill(many, &[("n", &self.number(count as u64))]),
        }
    }

    /// `12,345`.
    pub(crate) fn number(&self, value: u64) -> String {
        self.digits(&words::number(value))
    }

    /// `4,512,843 bytes`: where several are compared.
    pub(crate) fn exact_bytes(&self, value: u64) -> String {
        self.counted(usize::try_from(value).unwrap_or(usize::MAX), "one_byte", "bytes")
    }

    /// `843 bytes`, `4.5 MB`.
    pub(crate) fn bytes(&self, value: u64) -> String {
        match value {
            0..1000 => self.counted(usize::try_from(value).unwrap_or(0), "one_byte", "bytes"),
            _ => self.digits(&words::bytes(value)),
        }
    }

    /// `61%`; never rounds something down to 0% nor up to 100%.
    pub(crate) fn share(&self, part: u64, whole: u64) -> String {
        match words::share(part, whole).as_str() {
            "under 1%" => self.say("percent_under").to_owned(),
            "over 99%" => self.say("percent_over").to_owned(),
            share => self.fill("percent", &[("n", share.trim_end_matches('%'))]),
        }
    }

    /// A share that it is at most: `up to 19%`, `under 1%`.
    pub(crate) fn at_most(&self, part: u64, whole: u64) -> String {
        match self.share(part, whole) {
            share if share == self.say("percent_under") => share,
            share => self.fill("at_most", &[("share", &share)]),
        }
    }

    /// `57 days`, `1 h 31 min`, `0.3 s`.
    pub(crate) fn duration(&self, nanos: i64) -> String {
        let said = words::duration(nanos);
        match said.strip_suffix(" days") {
            Some(days) => self.fill("days", &[("n", &self.digits(days))]),
            None => self.digits(&said),
        }
    }

    /// `2019-03-21 07:41:05 to 09:12:44`.
    pub(crate) fn period(&self, first: Timestamp, last: Timestamp) -> String {
        let said = words::period(first, last);
        match said.split_once(" to ") {
            Some((first, last)) => self.fill("period", &[("first", first), ("last", last)]),
            None => said,
        }
    }

    /// What happened, by its mark; the mark as it stands where no text knows it.
    pub(crate) fn mark(&self, kind: &str) -> String {
        self.mark.get(kind).cloned().unwrap_or_else(|| kind.replace(['-', '_'], " "))
    }

    /// A severity in words.
    pub(crate) fn weight(&self, severity: Severity) -> Weight {
        let name = format!("severity_{}", severity.id());
        Weight { severity, word: self.say(&name).to_owned() }
    }

    /// Digits with the language's signs between them.
    fn digits(&self, english: &str) -> String {
        let sign = |one: char| match one {
            ',' => self.say("thousands").to_owned(),
            '.' => self.say("decimal").to_owned(),
            other => other.to_string(),
        };
        english.chars().map(sign).collect()
    }

    /// What is said of a risk; its name alone where the language lacks it.
    pub(crate) fn risk(&self, name: &str) -> RiskTexts {
        let nameless = || RiskTexts { title: name.to_owned(), ..RiskTexts::default() };
        self.risk.get(name).cloned().unwrap_or_else(nameless)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]
mod tests {
    use super::*;

    #[test]
    fn every_risk_has_its_texts_and_no_text_is_for_nothing() {
        for language in Language::ALL {
            let texts = Texts::of(language).unwrap();
            let rules = super::super::rules::rules().unwrap();
            let mut names: Vec<_> = rules.iter().map(|rule| rule.name.as_str()).collect();
            names.sort_unstable();
            assert_eq!(texts.risk.keys().map(String::as_str).collect::<Vec<_>>(), names);
        }
    }

    /// Every text of a file, under its whole name.
    fn all(language: Language) -> BTreeMap<String, String> {
        let Texts { mark, risk, texts, phrases: _ } = Texts::of(language).unwrap();
        let marks = mark.into_iter().map(|(name, text)| (format!("mark.{name}"), text));
        let risks = risk.into_iter().flat_map(|(name, said)| {
            let RiskTexts { title, affected, can, recommendation } = said;
            let said =
                [("title", title), ("affected", affected), ("can", can), ("recommendation", recommendation)];
            said.map(|(part, text)| (format!("risk.{name}.{part}"), text))
        });
        texts.into_iter().chain(marks).chain(risks).collect()
    }

    /// The words in braces, which are filled in; a character's number is none.
    fn filled_in(text: &str) -> Vec<&str> {
        let mut words: Vec<_> = text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        words.sort_unstable();
        words
    }

    #[test]
    fn all_languages_say_the_same_things() {
        let english = all(Language::English);
        for language in Language::ALL {
            let own = all(language);
            assert_eq!(own["language"], language.code());
            let names = |texts: &BTreeMap<String, String>| texts.keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(&own), names(&english), "{language:?}");
            for (name, text) in &own {
                assert_eq!(filled_in(text), filled_in(&english[name]), "{language:?}: {name}");
                assert!(!text.is_empty() || name == "as_in_the_cases", "{language:?}: {name} is empty");
                assert_eq!(text.trim(), text, "{language:?}: {name}");
            }
        }
    }

    /// The words for each kind of identifier, countries and what a source of messages lacks are in every phrasebook, so that a new
    /// one is not forgotten; nothing in a translation is filled in that the English has not.
    #[test]
    fn phrasebooks_know_what_is_told_most() {
        for language in [Language::German] {
            let texts = Texts::of(language).unwrap();
            let knows = |table: &str, said: &str| {
                let known = texts.with_tongue(|tongue| texts.phrases.knows(table, said, tongue));
                assert!(known, "{language:?} lacks in {table}: {said}");
            };
            for kind in evidence::IdentifierKind::ALL {
                knows("kind", kind.words());
            }
            let letters = || 'A'..='Z';
            for code in letters().flat_map(|first| letters().map(move |next| format!("{first}{next}"))) {
                if facts::country::name(&code).is_some() {
                    knows("country", &crate::overview::country(&code));
                }
            }
            for source in evidence::MessageSource::ALL {
                knows("sentence", source.lacking());
                knows("sources", source.words());
            }
            let rows: Vec<[String; 2]> =
                toml::from_str::<BTreeMap<String, Vec<[String; 2]>>>(language.phrases())
                    .unwrap()
                    .into_values()
                    .flatten()
                    .collect();
            let name = |place: &&str| place.split(':').next().unwrap_or_default().to_owned();
            for [english, own] in &rows {
                let places = |text: &str| {
                    let mut names: Vec<String> = filled_in(text).iter().map(name).collect();
                    names.sort_unstable();
                    names.dedup();
                    names
                };
                assert_eq!(places(own), places(english), "{language:?}: {english}");
            }
        }
    }

    #[test]
    fn sentences_of_a_case_are_said_in_the_language() {
        let (german, english) = (Texts::of(Language::German).unwrap(), Texts::of(Language::English).unwrap());
        let rows = [
            (
                "The phone’s device number (IMEI) was sent to vnet.cn in the clear",
                "Gerätenummer (IMEI) des Telefons ging unverschlüsselt an vnet.cn",
            ),
            (
                "4 of 1,200 planted values of the kind “search term” were sent to a.example over an encrypted connection",
                "4 von 1.200 hinterlegten Werten der Art „Suchwort“ gingen über eine verschlüsselte Verbindung an a.example",
            ),
            ("GET /r is sent every 1 h to a.example", "GET /r geht alle 1 h an a.example"),
            (
                "POST / is sent to a.example when the phone is unlocked",
                "POST / geht an a.example, wenn das Telefon entsperrt wird",
            ),
            (
                "it left in private mode; seen on the wire: A list of 9 words comes from a.example, and 4 findings more",
                "es ging im privaten Modus hinaus; auf der Leitung beobachtet: Eine Liste von 9 Wörtern kommt von \
                 a.example, und 4 weitere Befunde",
            ),
            (
                "looked for: device number (IMEI), serial number and typed word, sent after the update (to or by vnet.cn and a.b); \
                 nothing that was seen speaks against it",
                "gesucht wurde: Gerätenummer (IMEI), Seriennummer und eingegebenes Wort, gesendet nach der \
                 Aktualisierung (an oder von vnet.cn und a.b); nichts, was beobachtet wurde, spricht dagegen",
            ),
            (
                "looked at: a: 47.9 hours of traffic, fingerprint X/1, over 99% of the 930 bytes that may concern it \
                 were read; b: no traffic, build unknown, nothing was sent that may concern it",
                "betrachtet wurde: a: 47,9 Stunden Verkehr, Kennung X/1, über 99 % der 930 Bytes gelesen, die dazu \
                 gehören können; b: kein Verkehr, Systemstand nicht bekannt, nichts gesendet, was dazu gehören kann",
            ),
            (
                "a: 26.0 hours of traffic; fingerprint 1; events: boot completed (2), unlocked (5)",
                "a: 26,0 Stunden Verkehr; Kennung 1; Ereignisse: Start abgeschlossen (2), entsperrt (5)",
            ),
            (
                "a: 91% of the content could be read; 5% encrypted without a key, under 1% over a limit",
                "a: 91 % des Inhalts waren lesbar; 5 % verschlüsselt ohne Schlüssel, unter 1 % über einer Grenze",
            ),
            (
                "looked at: a: no traffic, build unknown, 9% of the 12 bytes that may concern it were read, but for fields \
                 that nobody can read, and over 99% of the 7 that came (3 destinations of other apps left out)",
                "betrachtet wurde: a: kein Verkehr, Systemstand nicht bekannt, 9 % der 12 Bytes gelesen, die dazu gehören \
                 können, bis auf Felder, die niemand lesen kann, und über 99 % der 7, die kamen (ausgenommen 3 Ziele \
                 anderer Apps)",
            ),
            (
                "a: by the phone's own counters, up to 19% of what user id 1000 (a.b, c.d and 3 more) sent went past \
                 the captures",
                "a: Nach den Zählern des Telefons selbst gingen bis zu 19 % dessen, was die Benutzerkennung 1000 \
                 (a.b, c.d und 3 weitere) sendete, an den Aufzeichnungen vorbei",
            ),
            (
                "looked at: a: 47.9 hours of traffic, build unknown, 9% of the 12 bytes that may concern it were read, \
                 by the phone's own counters, part of what 2 user ids sent went past the captures, under 1% of what user id 7 sent; \
                 b: no traffic, build unknown, no content",
                "betrachtet wurde: a: 47,9 Stunden Verkehr, Systemstand nicht bekannt, 9 % der 12 Bytes gelesen, \
                 die dazu gehören können, nach den Zählern des Telefons selbst ging ein Teil dessen, was 2 Benutzerkennungen \
                 sendeten, an den Aufzeichnungen vorbei, unter 1 % dessen, was die Benutzerkennung 7 sendete; b: kein \
                 Verkehr, Systemstand nicht bekannt, kein Inhalt",
            ),
            (
                "POST /sa is sent every 12 h to each of a.example, b.example and 3 hosts more",
                "POST /sa geht alle 12 h an jeden von a.example, b.example und 3 weitere",
            ),
            (
                "A text message went to +123 when the phone is unlocked",
                "Eine SMS ging an +123, wenn das Telefon entsperrt wird",
            ),
            ("Text messages go to +123 every 7 days", "SMS gehen alle 7 Tage an +123"),
            (
                "Text messages go to +123 when the phone is unlocked",
                "SMS gehen an +123, wenn das Telefon entsperrt wird",
            ),
            ("a sentence of tomorrow", "a sentence of tomorrow"),
        ];
        for (said, expected) in rows {
            assert_eq!(german.of_case("sentence", said), expected);
            assert_eq!(english.of_case("sentence", said), said);
        }
    }

    #[test]
    fn numbers_are_written_as_the_language_writes_them() {
        let german = Texts::of(Language::German).unwrap();
        assert_eq!(german.number(12_345), "12.345");
        assert_eq!(german.bytes(4_500_000), "4,5 MB");
        assert_eq!(german.bytes(1), "1 Byte");
        assert_eq!(german.share(1, 1000), "unter 1 %");
        assert_eq!(german.share(1, 2), "50 %");
        assert_eq!(german.duration(29 * 86_400_000_000_000), "29 Tage");
        assert_eq!(german.duration(3 * 86_400_000_000_000 + 50_000_000_000_000), "3,6 Tage");
        assert_eq!(german.mark("a-mark-of-tomorrow"), "a mark of tomorrow");
        assert_eq!(german.weight(Severity::High).word, "hoch");
    }

    #[test]
    fn what_fills_a_text_is_not_filled_itself() {
        let texts = Texts::of(Language::English).unwrap();
        let filled = texts.fill("limit_problem", &[("input", "{problem}"), ("problem", "{input}")]);
        assert_eq!(filled, "{problem}: {input}");
    }
}
