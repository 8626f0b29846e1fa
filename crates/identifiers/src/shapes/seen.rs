//! Names that were looked up before: millions of fields have a few dozen names.
//!
//! The lexicon's answer to a field's name, its parent's and the part of the message is kept under their exact
//! bytes. Places are given out once and never again, so that readers need no lock, nothing depends on who
//! came first but time, and names made up to fill the table cost a look-up each and no memory.

use std::sync::OnceLock;

use evidence::Carrier;

/// The answers kept.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// A power of two of them; two neighbours belong together.
    slots: Box<[OnceLock<Answer>]>,
}

/// What the lexicon said to one name.
#[derive(Debug)]
struct Answer {
    /// Name and parent, one after the other.
    text: [u8; LONGEST],
    name: u8,
    parent: u8,
    carrier: Carrier,
    rows: Box<[u16]>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub(super) name: &'a [u8],
    pub(super) parent: &'a [u8],
    pub(super) carrier: Carrier,
}

impl Seen {
    /// Room for the names of usual captures.
    pub(super) fn new() -> Self {
        Self { slots: (0..SLOTS).map(|_| OnceLock::new()).collect() }
    }

    /// The answer, made with `look` where it is the first time; `None` where it is not kept: the name is
    /// long, looks like a key, or found its place taken.
    pub(super) fn rows<I: Iterator<Item = u16>>(
        &self,
        question: Question<'_>,
        look: impl FnOnce() -> I,
    ) -> Option<&[u16]> {
        let place = question.place();
        let mut free = None;
        for slot in [place, place ^ 1].into_iter().filter_map(|place| self.slots.get(place)) {
            match slot.get() {
                Some(answer) if answer.is_to(question) => return Some(&answer.rows),
                Some(_) => {}
                None => free = free.or(Some(slot)),
            }
        }
        let slot = free.filter(|_| question.is_usual())?;
        // Another thread may have been quicker, and with another name.
        let answer = slot.get_or_init(|| Answer::new(question, look().collect()));
        answer.is_to(question).then_some(&answer.rows)
    }
}

impl Question<'_> {
    /// A place in the table, by the ends of both names.
    fn place(self) -> usize {
        let ends = |(first, last): (u64, u64)| first.wrapping_mul(ODD) ^ last.rotate_left(24);
        let both = ends(ends_of(self.name)).wrapping_mul(ODD) ^ ends(ends_of(self.parent));
        let lens = (self.name.len() << 5 ^ self.parent.len()) as u64 ^ (self.carrier as u64) << 16;
        ((both ^ lens).wrapping_mul(ODD) >> (u64::BITS - SLOTS.ilog2())) as usize
    }

    /// Whether it is short enough, and a name and not the key of a list of things.
    fn is_usual(self) -> bool {
        let digits = self.name.iter().chain(self.parent).filter(|byte| byte.is_ascii_digit()).count();
        self.name.len() + self.parent.len() <= LONGEST && digits <= 4
    }
}

impl Answer {
    fn new(question: Question<'_>, rows: Box<[u16]>) -> Self {
        let mut text = [0; LONGEST];
        let bytes = question.name.iter().chain(question.parent);
        text.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        // Both are shorter than the text.
        let (name, parent) = (question.name.len() as u8, question.parent.len() as u8);
        Self { text, name, parent, carrier: question.carrier, rows }
    }

    fn is_to(&self, question: Question<'_>) -> bool {
        let (name, parent) = (usize::from(self.name), usize::from(self.parent));
        self.carrier == question.carrier
            && (name, parent) == (question.name.len(), question.parent.len())
            && self.text.get(..name) == Some(question.name)
            && self.text.get(name..name + parent) == Some(question.parent)
    }
}

/// The first and the last bytes of a name.
fn ends_of(name: &[u8]) -> (u64, u64) {
    match (name.first_chunk(), name.last_chunk(), name.first_chunk(), name.last_chunk()) {
        (Some(first), Some(last), ..) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        (.., Some(first), Some(last)) => {
            (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)))
        }
        _ => {
            let byte = |at: usize| name.get(at).copied().map_or(0, u64::from);
            (byte(0) | byte(1) << 8 | byte(2) << 16, 0)
        }
    }
}

/// An odd number with its bits well mixed: 2^64 divided by the golden ratio.
const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
/// Bytes of name and parent together that are kept.
const LONGEST: usize = 44;
const SLOTS: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn question<'a>(name: &'a str, parent: &'a str, carrier: Carrier) -> Question<'a> {
        Question { name: name.as_bytes(), parent: parent.as_bytes(), carrier }
    }

    #[test]
    fn an_answer_is_given_again_to_the_same_question_only() {
        let seen = Seen::new();
        let names = ["", "q", "id", "mac", "uuid", "model", "$os_version", "search_word_used_by_the_browser"];
        let parents = ["", "device", "properties"];
        let mut all = Vec::new();
        for name in names {
            for parent in parents {
                for carrier in [Carrier::Body, Carrier::Query] {
                    all.push(question(name, parent, carrier));
                }
            }
        }
        for (number, question) in (0..).zip(&all) {
            let told = seen.rows(*question, || [number].into_iter());
            assert!(told.is_none_or(|rows| rows == [number]), "{question:?}");
        }
        let again = (0..).zip(&all).filter(|&(number, question)| {
            let told = seen.rows(*question, || -> std::iter::Empty<u16> { panic!("looked up again") });
            assert!(told.is_none_or(|rows| rows == [number]), "{question:?}");
            told.is_some()
        });
        assert!(again.count() >= all.len() * 9 / 10);
    }

    #[test]
    fn keys_long_names_and_a_full_table_are_not_kept() {
        let seen = Seen::new();
        let none = || [1].into_iter();
        assert_eq!(seen.rows(question("a8f5f167f44f", "", Carrier::Body), none), None);
        assert_eq!(seen.rows(question(&"n".repeat(45), "", Carrier::Body), none), None);
        let letters = |number: usize| {
            [number / 676, number / 26 % 26, number % 26].map(|letter| char::from(b'a' + letter as u8))
        };
        for number in 0..10_000 {
            let name = String::from_iter(letters(number));
            seen.rows(question(&name, "map", Carrier::Body), none);
        }
        let kept = seen.slots.iter().filter(|slot| slot.get().is_some()).count();
        assert!(kept <= SLOTS && kept > SLOTS * 9 / 10, "{kept}");
        assert_eq!(Seen::default().rows(question("mac", "", Carrier::Body), none), None);
    }
}
