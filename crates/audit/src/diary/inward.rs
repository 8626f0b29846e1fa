//! What came back: lists of words, switches, and what a receiver calls the outcome.

use std::{collections::BTreeMap, ops::Range};

use evidence::{ExchangeId, Occurrence, Timestamp};
use foldhash::{HashMap, HashMapExt, HashSet};
use payload::{BufferIndex, FieldIndex, FieldKind, Name, Tree};

use super::{fields::hash_of, plain::Body};

/// A list of texts, over all times that it came.
#[derive(Clone, Debug)]
pub(crate) struct List {
    pub(crate) fetched: u64,
    /// Hashes of its different contents.
    pub(crate) versions: HashSet<u64>,
    /// Entries of the largest one, and what they are.
    pub(crate) entries: u64,
    pub(crate) scripts: BTreeMap<&'static str, u64>,
    pub(crate) sample: Vec<String>,
    pub(crate) place: (Timestamp, ExchangeId),
    pub(crate) proof: Occurrence,
}

/// A list of texts in one message, with its path and the field of its first entry.
pub(crate) struct Found {
    pub(crate) path: String,
    pub(crate) first: FieldIndex,
    entries: u64,
    version: u64,
    scripts: BTreeMap<&'static str, u64>,
    sample: Vec<String>,
}

impl Found {
    /// The list, as it came once.
    pub(crate) fn into_list(self, place: (Timestamp, ExchangeId), proof: Occurrence) -> (String, List) {
        let list = List {
            fetched: 1,
            versions: HashSet::from_iter([self.version]),
            entries: self.entries,
            scripts: self.scripts,
            sample: self.sample,
            place,
            proof,
        };
        (self.path, list)
    }
}

impl List {
    pub(crate) fn merge(&mut self, other: Self) {
        self.fetched += other.fetched;
        if self.versions.len() < VERSIONS {
            self.versions.extend(other.versions);
        }
        if (other.entries, self.place) > (self.entries, other.place) {
            (self.entries, self.scripts, self.sample) = (other.entries, other.scripts, other.sample);
        }
        if other.place < self.place {
            (self.place, self.proof) = (other.place, other.proof);
        }
    }
}

/// The lists of short texts in an answer: plain lists, and lists of things with a text of a telling name, or with one text
/// and nothing else that people read. What is written again and again under one name is a list as well: so protobuf and
/// XML write them.
pub(crate) fn lists(tree: &Tree<'_>) -> Vec<Found> {
    let mut by_list: HashMap<(Option<FieldIndex>, Column), Vec<FieldIndex>> = HashMap::new();
    for (index, field) in (0..).zip(tree.fields.iter().take(LOOKED)) {
        let value = tree.value_bytes(index);
        if !is_short(value) || value.starts_with(b"<") {
            continue;
        }
        if matches!(field.name, Name::Index(_)) {
            by_list.entry((field.parent, Column::Plain)).or_default().push(index);
            continue;
        }
        // The text of an element of XML has the element's name; the element is written with its tags.
        let owner = if matches!(field.name, Name::None) { field.parent } else { Some(index) };
        let Some(thing) = owner.and_then(|owner| tree.field(owner)?.parent) else { continue };
        let name = owner.map(|owner| tree.name(owner)).unwrap_or_default();
        let hash = hash_of(name.as_bytes());
        if is_repeatable(&name) {
            by_list.entry((Some(thing), Column::Again(hash))).or_default().push(index);
        }
        let things = tree.field(thing);
        let things = things.filter(|thing| matches!(thing.name, Name::Index(_)) || is_repeatable(&name));
        if let Some(around) = things.and_then(|thing| thing.parent) {
            by_list.entry((Some(around), Column::OfThings(hash))).or_default().push(index);
        }
    }
    let found = by_list.into_iter().filter_map(|(key, entries)| Some((key, list_of(tree, &entries)?)));
    let found: Vec<_> = found.collect();
    let alone = |list: &Option<FieldIndex>| {
        let of_it = |((other, column), _): &&((Option<FieldIndex>, Column), Found)| {
            other == list && matches!(column, Column::OfThings(_))
        };
        found.iter().filter(of_it).count() == 1
    };
    let wanted = |((list, column), found): &((Option<FieldIndex>, Column), Found)| match column {
        Column::Again(_) | Column::Plain => true,
        Column::OfThings(_) => is_telling(&tree.name(found.first)) || alone(list),
    };
    let wanted: Vec<bool> = found.iter().map(wanted).collect();
    let found = found.into_iter().zip(wanted).filter(|(_, wanted)| *wanted);
    let mut found: Vec<Found> = found.map(|((_, found), _)| found).collect();
    found.sort_by(|one, other| {
        (&one.path, other.entries, one.first).cmp(&(&other.path, one.entries, other.first))
    });
    found.dedup_by(|next, one| next.path == one.path);
    found.truncate(LISTS);
    found
}

/// Which texts of a list go together.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Column {
    /// Those of the same name, a hash of it.
    Again(u64),
    /// Those of one name in the list's things.
    OfThings(u64),
    /// Its entries.
    Plain,
}

/// Whether a name that comes again and again makes a list: a number, as in protobuf, or one of what is looked for. A
/// page's parts are none, nor are the keys of a property list.
fn is_repeatable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
        || is_telling(name) && !name.eq_ignore_ascii_case("key")
}

fn list_of(tree: &Tree<'_>, entries: &[FieldIndex]) -> Option<Found> {
    let first = *entries.first()?;
    let texts: Vec<&str> =
        entries.iter().filter_map(|index| std::str::from_utf8(tree.value_bytes(*index)).ok()).collect();
    let different: HashSet<&str> = texts.iter().copied().collect();
    let words = different.iter().filter(|text| is_word(text)).count();
    if words < FEWEST || words * 2 < different.len() || different.len() * 10 < texts.len() * 8 {
        return None;
    }
    Some(found(tree.path(first), first, &texts, &different))
}

fn found(path: String, first: FieldIndex, texts: &[&str], different: &HashSet<&str>) -> Found {
    let mut scripts = BTreeMap::new();
    for text in texts {
        *scripts.entry(script(text)).or_default() += 1;
    }
    // The order in which a server tells them is not a version.
    let version = different.iter().fold(0_u64, |sum, text| sum.wrapping_add(hash_of(text.as_bytes())));
    Found {
        path,
        first,
        entries: texts.len() as u64,
        version,
        scripts,
        sample: texts.iter().take(SAMPLE).map(|text| text.chars().take(ENTRY).collect()).collect(),
    }
}

/// Whether a value is a text that could be an entry.
fn is_short(bytes: &[u8]) -> bool {
    let short = (2..=ENTRY * 4).contains(&bytes.len());
    let is_plain = |text: &str| text.chars().count() <= ENTRY && !text.contains(char::is_control);
    short && std::str::from_utf8(bytes).is_ok_and(is_plain)
}

/// Whether a text is made of words: names of hosts, files and packages, numbers and digests are not.
pub(super) fn is_word(text: &str) -> bool {
    let count = text.chars().count();
    if count < 2 || text.contains(['/', '_', '=', '{', '<', '@', ':']) {
        return false;
    }
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let dotted = text.contains('.') && !text.contains(' ');
    letters * 10 >= count * 6 && !dotted && !is_code(text)
}

/// Whether a text is an abbreviation for machines: upper case and digits only, or a language tag.
fn is_code(text: &str) -> bool {
    text.is_ascii() && (text.len() <= 3 || !text.chars().any(|c| c.is_ascii_lowercase()) && text.len() <= 5)
}

fn is_telling(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    TELLING.iter().any(|telling| name.contains(telling))
}

/// The script of a text's first letter that is not Latin, by the blocks of the Unicode Standard.
fn script(text: &str) -> &'static str {
    let foreign = text.chars().find(|c| c.is_alphabetic() && *c > '\u{24f}');
    match foreign.map_or(0, u32::from) {
        0 => "Latin",
        0x370..=0x3ff => "Greek",
        0x400..=0x52f => "Cyrillic",
        0x590..=0x5ff => "Hebrew",
        0x600..=0x77f => "Arabic",
        0x900..=0x97f => "Devanagari",
        0xe00..=0xe7f => "Thai",
        0xf00..=0xfff => "Tibetan",
        0x1100..=0x11ff | 0xac00..=0xd7af => "Hangul",
        0x3040..=0x30ff => "Kana",
        0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x2_0000..=0x3_ffff => "Han",
        _ => "other",
    }
}

/// The list of words that a body of plain text is, and where its first entry stands.
pub(crate) fn plain_list(
    tree: &Tree<'_>,
    kinds: &[FieldKind],
) -> Option<(Found, (BufferIndex, Range<usize>))> {
    let body = Body::of(tree, kinds)?;
    let entries = body.entries()?;
    let place = body.place(entries.texts.first()?)?;
    let different: HashSet<&str> = entries.texts.iter().copied().collect();
    Some((found(entries.way, 0, &entries.texts, &different), (body.buffer, place)))
}

/// What a receiver calls the outcome: the two most telling fields near the outside, a code and words where there are both.
///
/// An answer without such fields may be a word for it.
pub(crate) fn results(tree: &Tree<'_>, kinds: &[FieldKind]) -> Vec<(String, String)> {
    let told = (0..).zip(tree.fields.iter().take(OUTER)).filter_map(|(index, _)| {
        let name = tree.name(index);
        let rank = OUTCOMES.iter().position(|known| is_called(&name, known))?;
        let value = std::str::from_utf8(tree.value_bytes(index)).ok()?;
        let short = !value.is_empty() && value.len() <= OUTCOME && !value.contains(['{', '[', '<']);
        short.then(|| (rank, (name.into_owned(), value.to_owned())))
    });
    let mut told: Vec<_> = told.collect();
    told.sort_by_key(|(rank, _)| *rank);
    let is_number = |value: &str| value.trim().parse::<i64>().is_ok();
    if let Some((_, (_, first))) = told.first() {
        let first = is_number(first);
        let other = told.iter().position(|(_, (_, value))| is_number(value) != first);
        other.filter(|other| *other > 1).into_iter().for_each(|other| told.swap(1, other));
    }
    let mut told: Vec<_> = told.into_iter().take(2).map(|(_, told)| told).collect();
    if told.is_empty() {
        let is_outcome = |name: &str| OUTCOMES.iter().any(|known| is_called(name, known));
        told.extend(Body::of(tree, kinds).and_then(|body| body.outcome(is_outcome)));
    }
    told
}

/// Whether a name is a known one, written with capitals, `_` or `-`.
fn is_called(name: &str, known: &str) -> bool {
    let letters = name.bytes().filter(|byte| !matches!(byte, b'_' | b'-'));
    letters.map(|byte| byte.to_ascii_lowercase()).eq(known.bytes())
}

/// Which of the outer fields lie in a command, or are one.
fn in_commands(tree: &Tree<'_>) -> Vec<bool> {
    let mut steps: Vec<Option<u8>> = Vec::with_capacity(tree.fields.len().min(OUTER));
    for (index, field) in (0..).zip(tree.fields.iter().take(OUTER)) {
        let name = tree.name(index);
        let around = field.parent.and_then(|parent| steps.get(parent as usize).copied().flatten());
        let here = COMMANDS.iter().any(|known| name.eq_ignore_ascii_case(known)).then_some(0);
        steps.push(here.or(around.and_then(|steps| steps.checked_add(1))));
    }
    steps.into_iter().map(|steps| steps.is_some_and(|steps| steps < IN_COMMAND)).collect()
}

/// Fields that switch something on or off or command something, with their values.
pub(crate) fn switches(tree: &Tree<'_>) -> Vec<(FieldIndex, String)> {
    let fields = (0..).zip(in_commands(tree));
    let told = fields.filter_map(|(index, in_command)| {
        let bytes = Some(tree.value_bytes(index)).filter(|bytes| bytes.len() <= OUTCOME)?;
        let value = std::str::from_utf8(bytes).ok()?;
        let switch =
            || SWITCHED.iter().any(|known| value.eq_ignore_ascii_case(known)) && is_switch(tree, index);
        let plain = || !value.is_empty() && !value.contains(['{', '[', '<']);
        (in_command && plain() || switch()).then(|| (index, value.to_owned()))
    });
    told.take(MOST_SWITCHES).collect()
}

fn is_switch(tree: &Tree<'_>, field: FieldIndex) -> bool {
    let name = tree.name(field).to_ascii_lowercase();
    SWITCHES.iter().any(|known| name.contains(known))
}

/// Adds values of a switch; of too many switches the first by their letters are kept.
pub(crate) fn add_switch(
    known: &mut BTreeMap<String, BTreeMap<String, Occurrence>>,
    field: String,
    values: BTreeMap<String, Occurrence>,
) {
    let of_field = known.entry(field).or_default();
    for (value, proof) in values {
        match of_field.get_mut(&value) {
            Some(known) if (proof.exchange, proof.frame) < (known.exchange, known.frame) => *known = proof,
            Some(_) => {}
            None => drop(of_field.insert(value, proof)),
        }
    }
    if known.len() > MOST_SWITCHES {
        known.pop_last();
    }
}

/// Names of things in lists that are words to be looked for.
const TELLING: [&str; 9] =
    ["content", "key", "keyword", "pattern", "phrase", "regex", "term", "title", "word"];
/// Names of an outcome, the most telling first, without `_` and `-`.
const OUTCOMES: [&str; 20] = [
    "resultcode",
    "retcode",
    "errorcode",
    "errcode",
    "resultdesc",
    "resultmsg",
    "retmsg",
    "errormsg",
    "errormessage",
    "errmsg",
    "message",
    "msg",
    "desc",
    "result",
    "ret",
    "errno",
    "code",
    "status",
    "success",
    "state",
];
/// Parts of names of switches.
const SWITCHES: [&str; 10] =
    ["switch", "enable", "disable", "filter", "upload", "collect", "toggle", "is_open", "isopen", "report"];
/// Names of commands.
const COMMANDS: [&str; 6] = ["cmd", "cmds", "command", "commands", "instruction", "instructions"];
/// How many fields further in still lie in a command.
const IN_COMMAND: u8 = 4;
/// Values of switches.
const SWITCHED: [&str; 8] = ["true", "false", "on", "off", "open", "close", "0", "1"];
/// Entries from which on a list is one.
const FEWEST: usize = 40;
/// Fields of one answer that are looked at for lists, and for outcomes and switches.
const LOOKED: usize = 50_000;
const OUTER: usize = 64;
/// Lists told of one answer, contents told apart, and switches of one series.
const LISTS: usize = 8;
const VERSIONS: usize = 256;
const MOST_SWITCHES: usize = 16;
/// Entries shown, and the longest one, in characters.
const SAMPLE: usize = 12;
pub(super) const ENTRY: usize = 48;
/// The longest outcome.
const OUTCOME: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_from_names_for_machines() {
        for (text, word) in [
            ("自由西藏", true),
            ("Free Tibet", true),
            ("democracy movement", true),
            ("com.example.app", false),
            ("a.example", false),
            ("4711", false),
            ("DE", false),
            ("d41d8cd98f00b204", false),
            ("https://x.example/y", false),
            ("", false),
        ] {
            assert_eq!(is_word(text), word, "{text}");
        }
        assert!(!is_short(&[0xff, 0xfe, 0x41]));
    }

    fn lists_in(text: &str) -> Vec<(String, u64)> {
        lists_of(text.as_bytes())
    }

    fn lists_of(bytes: &[u8]) -> Vec<(String, u64)> {
        let mut explorer = payload::Explorer::new(payload::Limits::default());
        let whole = payload::RootField {
            name: Name::None,
            value: 0..bytes.len(),
            kind: payload::FieldKind::Body,
            hint: payload::Hint::default(),
        };
        let tree = explorer.explore(vec![payload::Root { bytes: bytes.into(), fields: vec![whole] }]);
        lists(&tree).into_iter().map(|found| (found.path, found.entries)).collect()
    }

    #[test]
    fn things_with_one_text_are_a_list_whatever_it_is_called() {
        let words: Vec<String> =
            ('a'..='z').flat_map(|a| ('a'..='b').map(move |b| format!("wort{a}{b}"))).collect();
        let of = |entry: fn(usize, &str) -> String| {
            let entries: Vec<String> = words.iter().enumerate().map(|(id, word)| entry(id, word)).collect();
            format!("{{\"list\":[{}]}}", entries.join(","))
        };
        let one = of(|id, word| format!("{{\"id\":{id},\"text\":\"{word}\"}}"));
        assert_eq!(lists_in(&one), [("list.[].text".to_owned(), 52)]);
        // Goods of a shop have a name, and a maker.
        let goods = of(|_, word| format!("{{\"name\":\"{word}\",\"maker\":\"Firma {word}\"}}"));
        assert_eq!(lists_in(&goods), []);
    }

    #[test]
    fn what_comes_again_under_one_name_is_a_list() {
        let word = |at: usize| {
            format!("wort{}{}", char::from(b'a' + (at / 26) as u8), char::from(b'a' + (at % 26) as u8))
        };
        let field = |number: u8, value: &[u8]| [&[number << 3 | 2, value.len() as u8], value].concat();
        let things: Vec<u8> = (0..50_u8)
            .flat_map(|at| field(3, &[&[8, at + 1], &field(2, word(at.into()).as_bytes())[..]].concat()))
            .collect();
        assert_eq!(lists_of(&things), [("3.2".to_owned(), 50)]);
        let plain: Vec<u8> = (0..50).flat_map(|at| field(4, word(at).as_bytes())).collect();
        assert_eq!(lists_of(&plain), [("4".to_owned(), 50)]);
        let xml = |name: &str| {
            let all: String = (0..50).map(|at| format!("<{name}>{}</{name}>", word(at))).collect();
            format!("<?xml version=\"1.0\"?><r>{all}</r>")
        };
        assert_eq!(lists_in(&xml("keyword")), [("r.keyword".to_owned(), 50)]);
        assert_eq!(lists_in(&xml("li")), []);
        let by_id: Vec<String> =
            (0..50).map(|at| format!("\"n{at}\":{{\"word\":\"{}\"}}", word(at))).collect();
        let by_id = format!("{{\"list\":{{{}}}}}", by_id.join(","));
        assert_eq!(lists_in(&by_id), [("list.n0.word".to_owned(), 50)]);
    }

    #[test]
    fn scripts_are_told() {
        let told = ["自由", "Свобода", "حرية", "word", "Wort 自"].map(script);
        assert_eq!(told, ["Han", "Cyrillic", "Arabic", "Latin", "Han"]);
    }
}
