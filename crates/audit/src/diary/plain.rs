//! What came back as plain text: lists of words, one a line or parted by one character, and outcomes in one word.

use std::ops::Range;

use foldhash::HashSet;
use payload::{BufferIndex, FieldIndex, FieldKind, Tree};

/// A body that is text, its compression undone.
pub(crate) struct Body<'t> {
    pub(crate) buffer: BufferIndex,
    /// Where the text begins in the buffer.
    start: usize,
    text: &'t str,
}

/// Entries of a list, and how they are parted.
pub(crate) struct Entries<'t> {
    pub(crate) way: String,
    pub(crate) texts: Vec<&'t str>,
}

impl<'t> Body<'t> {
    /// The text of a message's body.
    pub(crate) fn of(tree: &'t Tree<'_>, kinds: &[FieldKind]) -> Option<Self> {
        let place = kinds.iter().position(|kind| *kind == FieldKind::Body)?;
        let (buffer, range) = unpacked(tree, FieldIndex::try_from(place).ok()?)?;
        let bytes = tree.buffer(buffer)?.bytes.get(range.clone())?;
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= LONGEST)?;
        let marked = text.strip_prefix('\u{feff}').unwrap_or(text);
        Some(Self { buffer, start: range.start + (text.len() - marked.len()), text: marked })
    }

    /// The text.
    pub(crate) fn text(&self) -> &'t str {
        self.text
    }

    /// Where a part of the text stands in the buffer.
    pub(crate) fn place(&self, part: &str) -> Option<Range<usize>> {
        let at = (part.as_ptr().addr()).checked_sub(self.text.as_ptr().addr())?;
        let start = self.start.checked_add(at)?;
        (at <= self.text.len()).then(|| start..start.saturating_add(part.len()))
    }

    /// The list of words that the text is. Everything in it has to be one: of what is written for machines, and of
    /// prose, nothing is.
    pub(crate) fn entries(&self) -> Option<Entries<'t>> {
        if self.text.starts_with(['{', '[', '<', '#', '%', '-', '!', '@']) {
            return None;
        }
        let lines: Vec<&str> = self.text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        if lines.len() >= FEWEST {
            return columns(&lines).or_else(|| listed("line by line", lines));
        }
        let are_many = |separator: &char| self.text.matches(*separator).count() + lines.len() >= FEWEST;
        SEPARATORS.iter().copied().filter(are_many).find_map(|separator| {
            let parts = lines.iter().flat_map(|line| line.split(separator)).map(bare);
            listed(&format!("parted by {separator}"), parts.filter(|part| !part.is_empty()).collect())
        })
    }

    /// The outcome, where the whole answer is a word or a number for it: `fail`, `<code>500</code>`.
    pub(crate) fn outcome(&self, is_name: impl Fn(&str) -> bool) -> Option<(String, String)> {
        let text = self.text.trim().trim_matches(['"', '\'']);
        let short = !text.is_empty() && text.len() <= OUTCOME;
        if let Some((name, value)) =
            Some(text).filter(|_| short).and_then(element).filter(|(name, _)| is_name(name))
        {
            return Some((name.to_owned(), value.to_owned()));
        }
        let plain = short && !text.contains(['{', '[', '<', '=', '&', '/', '\n']) && is_outcome(text);
        plain.then(|| ("the answer".to_owned(), text.to_owned()))
    }
}

/// The buffer of a field's value with all compressions undone: sources come before what is made of them.
fn unpacked(tree: &Tree<'_>, field: FieldIndex) -> Option<(BufferIndex, Range<usize>)> {
    let root = tree.field(field)?;
    let (mut buffer, mut range) = (root.buffer, root.value.clone());
    for (index, made) in (0..).zip(&tree.buffers) {
        let Some(origin) = &made.origin else { continue };
        if origin.source == buffer && origin.range == range && payload::is_compression(origin.decoder) {
            (buffer, range) = (index, 0..made.bytes.len());
        }
    }
    Some((buffer, range))
}

/// The one column of a table that people read.
fn columns<'t>(lines: &[&'t str]) -> Option<Entries<'t>> {
    let separator = TABLES.iter().copied().find(|separator| {
        let cells = |line: &&str| line.split(*separator).count();
        let width = lines.get(1).map_or(1, cells);
        let even = lines.iter().filter(|line| cells(line) == width).count();
        (2..=WIDEST).contains(&width) && even * 10 >= lines.len() * 9
    })?;
    let width = lines.get(1)?.split(separator).count();
    let lines = lines.get(usize::from(has_head(lines, separator))..)?;
    let column =
        |at: usize| lines.iter().filter_map(move |line| line.split(separator).nth(at)).map(bare).collect();
    let mut readable = (0..width).filter_map(|at| listed(&format!("column {}", at + 1), column(at)));
    let found = readable.next()?;
    readable.next().is_none().then_some(found)
}

/// Whether the first line names the columns: above numbers stands what is none.
fn has_head(lines: &[&str], separator: char) -> bool {
    let is_number = |cell: &str| bare(cell).parse::<f64>().is_ok();
    let cells = |line: &'_ str| line.split(separator).map(is_number).collect::<Vec<_>>();
    let Some((head, rows)) = lines.split_first() else { return false };
    let mut always = rows.iter().map(|row| cells(row)).reduce(|mut all, row| {
        all.iter_mut().zip(row).for_each(|(all, one)| *all &= one);
        all
    });
    let always = always.get_or_insert_default();
    cells(head).into_iter().zip(always).any(|(head, below)| *below && !head)
}

/// A cell without its quotes.
fn bare(cell: &str) -> &str {
    cell.trim().trim_matches('"')
}

fn listed<'t>(way: &str, texts: Vec<&'t str>) -> Option<Entries<'t>> {
    is_list(&texts).then(|| Entries { way: way.to_owned(), texts })
}

/// Whether nearly all texts are phrases, most of them different, and they are not the lines of a text.
fn is_list(texts: &[&str]) -> bool {
    let all = texts.len();
    let different = || texts.iter().collect::<HashSet<_>>().len();
    all >= FEWEST
        && at_most(texts, all / 10, |text| !is_phrase(text))
        && at_most(texts, all / 50, |text| text.contains(CODE))
        && different() * 10 >= all * 9
        && !is_wrapped(texts)
}

/// Whether a test holds for no more texts than that. It ends with the first too many: most texts are no lists.
fn at_most(texts: &[&str], most: usize, test: impl Fn(&str) -> bool) -> bool {
    texts.iter().filter(|text| test(text)).nth(most).is_none()
}

/// Whether texts are the lines of prose: many words in each, or all about as long as the longest.
fn is_wrapped(texts: &[&str]) -> bool {
    let words: usize = texts.iter().map(|text| text.split_whitespace().count()).sum();
    let longest = texts.iter().map(|text| text.chars().count()).max().unwrap_or_default();
    let full = texts.iter().filter(|text| text.chars().count() * 10 >= longest * 7).count();
    let stopped = texts.iter().filter(|text| text.ends_with(STOPS)).count();
    words > texts.len() * 3
        || words > texts.len() * 2 && full * 10 >= texts.len() * 7
        || stopped * 10 > texts.len()
}

/// Whether a text is a short phrase of words that people write.
fn is_phrase(text: &str) -> bool {
    let words = text.split_whitespace().count();
    let count = text.chars().count();
    (1..=WORDS).contains(&words)
        && count <= super::inward::ENTRY
        && !text.contains(PROSE)
        && super::inward::is_word(text)
        && text.split_whitespace().all(|word| !is_made(word))
}

/// Whether a word is a name in a program or random text: capitals or digits among small letters, a dot in the middle, or
/// longer than words are.
fn is_made(word: &str) -> bool {
    let humped = word.as_bytes().windows(2).any(|pair| {
        matches!(pair, [before, after] if before.is_ascii_lowercase() && (after.is_ascii_uppercase() || after.is_ascii_digit()))
    });
    let dotted = word.trim_end_matches('.').contains('.');
    word.is_ascii() && (humped || dotted || word.len() > WORD)
}

/// `<code>500</code>`: the name and the value.
fn element(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.strip_prefix('<')?.split_once('>')?;
    let (value, end) = rest.split_once("</")?;
    let same = end.strip_suffix('>').is_some_and(|end| end == name);
    (same && !value.trim().is_empty()).then(|| (name, value.trim()))
}

/// Whether a text begins with a word for success or failure, or is a number.
fn is_outcome(text: &str) -> bool {
    let lower = text.to_lowercase();
    let number = lower.len() <= 6 && lower.parse::<i32>().is_ok();
    let few = lower.split_whitespace().count() <= WORDS;
    let words = || lower.split(|c: char| !c.is_alphanumeric()).any(|word| VERDICTS.contains(&word));
    number || few && words()
}

/// What parts lists of few lines, and the columns of tables.
const SEPARATORS: [char; 4] = ['|', ';', ',', '\t'];
const TABLES: [char; 4] = ['\t', ';', '|', ','];
/// Columns of the widest table.
const WIDEST: usize = 12;
/// Characters of programs, markup, addresses and tables.
const CODE: [char; 20] =
    ['{', '}', '<', '>', '=', '(', ')', ';', '\\', '$', '@', '#', '/', '_', '`', '|', '^', '~', '[', ']'];
/// Characters of sentences.
const PROSE: [char; 10] = [',', '!', '?', ':', '"', '。', '，', '！', '？', '：'];
const STOPS: [char; 4] = ['.', ',', '。', '，'];
/// Words of the longest phrase, and letters of the longest word in ASCII.
const WORDS: usize = 6;
const WORD: usize = 24;
/// Entries from which on texts are a list.
const FEWEST: usize = 40;
/// The longest text that is looked at, and the longest outcome, in bytes.
const LONGEST: usize = 1 << 20;
const OUTCOME: usize = 64;
/// Words for success and failure.
const VERDICTS: [&str; 24] = [
    "accepted",
    "denied",
    "done",
    "err",
    "error",
    "exception",
    "fail",
    "failed",
    "failure",
    "false",
    "forbidden",
    "illegal",
    "invalid",
    "no",
    "nok",
    "ok",
    "refused",
    "rejected",
    "success",
    "succeed",
    "successful",
    "true",
    "unauthorized",
    "yes",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn in_body<T>(text: &str, look: impl FnOnce(&Body<'_>) -> T) -> T {
        let mut explorer = payload::Explorer::new(payload::Limits::default());
        let bytes = text.as_bytes();
        let whole = payload::RootField {
            name: payload::Name::None,
            value: 0..bytes.len(),
            kind: FieldKind::Body,
            hint: payload::Hint::default(),
        };
        let tree = explorer.explore(vec![payload::Root { bytes: bytes.into(), fields: vec![whole] }]);
        look(&Body::of(&tree, &[FieldKind::Body]).unwrap())
    }

    fn list(text: &str) -> Option<(String, usize)> {
        in_body(text, |body| body.entries().map(|found| (found.way, found.texts.len())))
    }

    fn outcome(text: &str) -> Option<(String, String)> {
        in_body(text, |body| body.outcome(|name| name == "code"))
    }

    /// `count` different words.
    fn words(count: usize) -> Vec<String> {
        let letters = || "abcdefghijklmnop".chars();
        let all = letters().flat_map(|one| letters().map(move |other| format!("wort{one}{other}")));
        all.take(count).collect()
    }

    #[test]
    fn plain_lists_are_found() {
        assert_eq!(list(&words(50).join("\n")), Some(("line by line".to_owned(), 50)));
        assert_eq!(list(&words(50).join("\r\n")), Some(("line by line".to_owned(), 50)));
        for separator in [",", ";", "|", ", "] {
            let mark = separator.trim();
            assert_eq!(
                list(&words(50).join(separator)),
                Some((format!("parted by {mark}"), 50)),
                "{separator}"
            );
        }
        let table: Vec<String> =
            words(50).iter().enumerate().map(|(id, word)| format!("{id},\"{word}\",{}", id % 3)).collect();
        assert_eq!(list(&table.join("\n")), Some(("column 2".to_owned(), 50)));
        let headed = format!("id,keyword,lists\n{}", table.join("\n"));
        assert_eq!(list(&headed), Some(("column 2".to_owned(), 50)));
        let han: Vec<String> = "香港青年学生民族正义联合"
            .chars()
            .flat_map(|one| ["运动", "协会", "独立", "组织"].map(|other| format!("{one}{other}")))
            .collect();
        assert_eq!(list(&han.join("\n")), Some(("line by line".to_owned(), 48)));
        assert_eq!(list(&words(39).join("\n")), None);
    }

    #[test]
    fn what_is_no_list_of_words_is_none() {
        let of =
            |line: fn(&str) -> String| words(60).iter().map(|word| line(word)).collect::<Vec<_>>().join("\n");
        let prose = "the old house at the end of the road had stood empty for years and nobody in the village knew \
                     who owned it or why the lights were sometimes on at night when the wind came from the sea";
        let long = prose.repeat(20);
        let parts: Vec<&str> = long.split(' ').collect();
        let wrapped =
            |count: usize| parts.chunks(count).map(|line| line.join(" ")).collect::<Vec<_>>().join("\n");
        for (what, text) in [
            ("html", format!("<ul>\n{}\n</ul>", of(|word| format!("<li>{word}</li>")))),
            ("html behind a line", format!("\n{}", of(|word| format!("<li>{word}</li>")))),
            ("javascript", of(|word| format!("var {word} = {word}();"))),
            ("minified", of(|word| format!("function {word}(){{return;}}")).replace('\n', "")),
            ("css", of(|word| format!(".{word} {{ color: red; }}"))),
            ("log", of(|word| format!("10-01 12:00:00.123 I/{word}: started"))),
            ("log of words", of(|word| format!("INFO: {word} started"))),
            ("pem", format!("-----BEGIN CERTIFICATE-----\n{}", of(|word| word.repeat(9)))),
            ("base64", of(|word| format!("MIIB{word}Qk9Pa{word}"))),
            ("m3u8", format!("#EXTM3U\n{}", of(|word| format!("#EXTINF:4.0,\n{word}.ts")))),
            ("segments", of(|word| format!("{word}.ts"))),
            ("hosts", of(|word| format!("0.0.0.0 {word}.example"))),
            ("hosts alone", of(|word| format!("{word}.example"))),
            ("filters", of(|word| format!("||{word}.example^"))),
            ("settings", of(|word| format!("{word}=on"))),
            ("yaml", of(|word| format!("{word}: on"))),
            ("classes", of(|word| format!("{word}Manager"))),
            ("digests", of(|word| format!("d41d8cd9{word}"))),
            ("wrapped", wrapped(9)),
            ("wrapped short", wrapped(5)),
            ("wrapped shorter", wrapped(3)),
            ("clauses", long.replace(" and", ", and").replace(" or", ", or").replace(" when", ", when")),
            ("two readable columns", of(|word| format!("{word},{word}er"))),
            ("the same again", "wort\n".repeat(80)),
        ] {
            assert_eq!(list(&text), None, "{what}");
        }
    }

    #[test]
    fn outcomes_in_plain_text() {
        let plain = |value: &str| Some(("the answer".to_owned(), value.to_owned()));
        for text in ["fail", "success", "OK", "error", "0", "1", "-1", "auth failed", "true"] {
            assert_eq!(outcome(text), plain(text), "{text}");
        }
        assert_eq!(outcome("fail\r\n"), plain("fail"));
        assert_eq!(outcome("\"fail\""), plain("fail"));
        assert_eq!(outcome("<code>500</code>"), Some(("code".to_owned(), "500".to_owned())));
        for text in [
            "",
            "<html>fail</html>",
            "d41d8cd98f00b204",
            "hello world",
            "1234567",
            "a=fail",
            "Norway",
            "okapi",
        ] {
            assert_eq!(outcome(text), None, "{text}");
        }
    }
}
