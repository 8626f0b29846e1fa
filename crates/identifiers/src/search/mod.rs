//! The search: all forms of all values of a profile, in any bytes, at once.

use std::ops::Range;

use evidence::{Form, Grade};

use crate::{
    Profile,
    forms::{self, Code, Letters, Reach, Shape},
};

mod coded;
mod field;
mod filter;
mod names;
mod resolve;
mod verify;

use field::Fields;
use filter::Filter;
use verify::Pattern;

/// A needle's place in its [`Needles`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NeedleId(pub u32);

/// One form of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needle {
    /// Whose form it is: the place in [`Profile::values`].
    pub value: usize,
    /// The form, before the letter case and the length of what was found are known; see [`Needles::form`].
    pub form: Form,
    /// [`Grade::Known`] for writings of the value itself, [`Grade::Derived`] for digests of it.
    pub grade: Grade,
    /// Whether it is found only by [`Needles::search_field`].
    pub field_only: bool,
}

/// A needle found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Match {
    /// First byte of it in the bytes searched.
    pub start: usize,
    /// The byte after its last; for truncated digests, as far as they agree.
    pub end: usize,
    /// What was found.
    pub needle: NeedleId,
}

/// All forms of all values of a profile, ready to be searched for. Shared by threads.
#[derive(Debug)]
pub struct Needles {
    /// Those found everywhere first, by the filter's numbers; then those of fields.
    needles: Vec<Needle>,
    patterns: Vec<Pattern>,
    /// The bytes of all patterns.
    store: Vec<u8>,
    filter: Filter,
    fields: Fields,
}

impl Needles {
    /// Makes every form of every value of the profile. Costs some milliseconds for sixty values.
    pub fn build(profile: &Profile) -> Self {
        let shapes = profile.values().iter().enumerate();
        let shapes =
            shapes.flat_map(|(value, known)| forms::of(known).into_iter().map(move |shape| (value, shape)));
        let (everywhere, in_fields): (Vec<_>, Vec<_>) =
            shapes.partition(|(_, shape)| shape.reach == Reach::Everywhere);
        let anchors = everywhere.iter().map(|(_, shape)| shape.bytes.get(..shape.anchor).unwrap_or_default());
        let first = everywhere.len();
        let short = in_fields.iter().enumerate().filter_map(|(place, (value, shape))| {
            Some((NeedleId(u32_of(first + place)), profile.values().get(*value)?.kind, shape))
        });
        let mut needles = Self {
            filter: Filter::new(anchors),
            fields: Fields::new(short),
            needles: Vec::new(),
            patterns: Vec::new(),
            store: Vec::new(),
        };
        everywhere.into_iter().chain(in_fields).for_each(|(value, shape)| needles.push(value, shape));
        needles
    }

    fn push(&mut self, value: usize, shape: Shape) {
        let inside = shape.inside.as_ref().map(|inside| inside.text.as_slice()).unwrap_or_default();
        self.patterns.push(Pattern {
            code: shape.inside.as_ref().map(|inside| inside.code),
            inside: u32_of(inside.len()),
            start: u32_of(self.store.len()),
            len: u32_of(shape.bytes.len()),
            anchor: u32_of(shape.anchor),
            letters: shape.letters,
            boundary: shape.boundary,
        });
        self.store.extend_from_slice(&shape.bytes);
        self.store.extend_from_slice(inside);
        let field_only = shape.reach != Reach::Everywhere;
        self.needles.push(Needle { value, form: Form(shape.form), grade: shape.grade, field_only });
    }

    /// Searches bytes of any nature for the forms that tell enough not to stand there by chance. Matches
    /// are appended in order of their start; where forms of one value overlap, the longest is reported.
    pub fn search(&self, bytes: &[u8], found: &mut Vec<Match>) {
        let first = found.len();
        let mut tidy_at = first + TIDY;
        self.filter.search(bytes, |candidate| {
            let Some(pattern) = self.patterns.get(candidate.needle as usize) else { return };
            if let Some(end) = pattern.end(&self.store, bytes, candidate.start) {
                found.push(Match { start: candidate.start, end, needle: NeedleId(candidate.needle) });
                if found.len() >= tidy_at {
                    // Bytes made to match again and again must not fill the memory.
                    self.resolve(bytes, found, first);
                    tidy_at = found.len().saturating_mul(2) + TIDY;
                }
            }
        });
        self.resolve(bytes, found, first);
    }

    /// Searches a field's whole value for the short forms too, which mean something only there: radio
    /// cells, operators' names, numbers in unusual groups, checksums. Call it *besides* [`Needles::search`];
    /// it does not repeat what that finds. `name` is the field's own name, or a path of names. Ranges are
    /// those of `value`. Values of more than [`Needles::FIELD_BYTES`] are documents, not fields, and are left
    /// to the search of their buffer.
    pub fn search_field(&self, name: &str, value: &[u8], found: &mut Vec<Match>) {
        if value.len() > Self::FIELD_BYTES {
            return;
        }
        let first = found.len();
        self.fields.search(self, name, value, found);
        if found.len() > first {
            self.drop_found_elsewhere(value, found, first);
        }
    }

    /// As [`Needles::search_field`], for the value that stands in `range` of a buffer; matches are places in
    /// the buffer. Knowing what stands around the value, it also finds forms that a digit or letter of the
    /// framing seems to continue, as the tag of the next field does in protobuf; a search of the buffer must
    /// take them for parts of longer numbers.
    pub fn search_value(&self, name: &str, buffer: &[u8], range: Range<usize>, found: &mut Vec<Match>) {
        let Some(value) = buffer.get(range.clone()) else { return };
        let first = found.len();
        self.search_field(name, value, found);
        if value.len() <= Self::FIELD_BYTES && touched(buffer, &range) {
            self.search(value, found);
        }
        for found in found.iter_mut().skip(first) {
            found.start += range.start;
            found.end += range.start;
        }
        let mut place = 0;
        found.retain(|found| {
            place += 1;
            place <= first || !self.stands_alone(found, buffer)
        });
    }

    /// Whether a search of the buffer finds it as well.
    fn stands_alone(&self, found: &Match, buffer: &[u8]) -> bool {
        let everywhere = self.needles.get(found.needle.0 as usize).is_some_and(|needle| !needle.field_only);
        everywhere
            && self
                .pattern(found.needle)
                .is_some_and(|pattern| pattern.end(&self.store, buffer, found.start).is_some())
    }

    /// The longest value that [`Needles::search_field`] looks into.
    pub const FIELD_BYTES: usize = 1024;

    /// The form in which a match stands in the bytes that were searched: with the letter case where it
    /// differs or there is none of its own (`colon-lower`), and what of a digest or text is there
    /// (`sha256[..16]/hex`, in bytes).
    pub fn form(&self, found: &Match, bytes: &[u8]) -> Form {
        let form = &self.needle(found.needle).form;
        let (Some(pattern), Some(text)) = (self.pattern(found.needle), bytes.get(found.start..found.end))
        else {
            return form.clone();
        };
        let form = cut(&form.0, pattern, text.len());
        match case(pattern, pattern.bytes(&self.store), text) {
            Some(case) => Form(with_case(&form, case)),
            None => Form(form),
        }
    }

    /// A needle.
    ///
    /// # Panics
    /// Where the id is not of these needles.
    #[expect(
        clippy::indexing_slicing,
        reason = "an id is a place in this list; another's is a fault in the program"
    )]
    pub fn needle(&self, id: NeedleId) -> &Needle {
        &self.needles[id.0 as usize]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.needles.len()
    }

    /// Whether there are none: an empty profile.
    pub fn is_empty(&self) -> bool {
        self.needles.is_empty()
    }

    /// What a needle looks for: all its bytes, of which a match may have the first ones only.
    pub fn bytes(&self, id: NeedleId) -> &[u8] {
        self.pattern(id).map(|pattern| pattern.bytes(&self.store)).unwrap_or_default()
    }

    /// Bytes in which a needle is found, and where: its own, and for base64 that begins or ends within a
    /// group of characters these as well, with zeros for the bytes that the value does not decide.
    pub fn example(&self, id: NeedleId) -> (Vec<u8>, Range<usize>) {
        let bytes = self.bytes(id);
        let whole = self.pattern(id).and_then(|pattern| {
            let Code::Base64(before) = pattern.code? else { return None };
            let alphabet = usize::from(self.needle(id).form.0.contains("base64url"));
            forms::base64_behind(before, pattern.inside(&self.store)).into_iter().nth(alphabet)
        });
        match whole {
            Some(whole) => {
                let start = memchr::memmem::find(&whole, bytes).unwrap_or_default();
                (whole, start..start + bytes.len())
            }
            None => (bytes.to_vec(), 0..bytes.len()),
        }
    }

    fn pattern(&self, id: NeedleId) -> Option<&Pattern> {
        self.patterns.get(id.0 as usize)
    }

    fn resolve(&self, bytes: &[u8], found: &mut Vec<Match>, first: usize) {
        resolve::resolve(found, first, |found| {
            let value = self.needles.get(found.needle.0 as usize).map_or(usize::MAX, |needle| needle.value);
            // UTF-16 of the wrong byte order fits one byte beside the right one: text begins at an even place.
            let odd = found.start % 2 == 1 && bytes.get(found.start) == Some(&0);
            (value, odd)
        });
    }

    /// Leaves out what the search of the buffer finds in the same place.
    fn drop_found_elsewhere(&self, value: &[u8], found: &mut Vec<Match>, first: usize) {
        self.resolve(value, found, first);
        let mut elsewhere = Vec::new();
        self.search(value, &mut elsewhere);
        let value_of = |found: &Match| self.needles.get(found.needle.0 as usize).map(|needle| needle.value);
        let mut place = 0;
        found.retain(|weak| {
            place += 1;
            let same = |strong: &Match| {
                strong.start < weak.end && weak.start < strong.end && value_of(strong) == value_of(weak)
            };
            place <= first || !elsewhere.iter().any(same)
        });
    }
}

/// Whether digits or letters touch a value.
fn touched(buffer: &[u8], range: &Range<usize>) -> bool {
    let before = range.start.checked_sub(1).and_then(|at| buffer.get(at));
    before.is_some_and(verify::in_word) || buffer.get(range.end).is_some_and(verify::in_word)
}

/// The form of what was found of a needle that counts from its anchor on.
fn cut(form: &str, pattern: &Pattern, len: usize) -> String {
    if len >= pattern.len as usize || pattern.anchor == pattern.len {
        return form.to_owned();
    }
    let (before, step) = form.rsplit_once('/').unwrap_or((form, ""));
    match step {
        "hex" => format!("{before}[..{}]/hex", len / 2),
        "base64" | "base64url" => format!("{before}[..{}]/{step}", len * 6 / 8),
        "raw" => format!("{before}[..{len}]/raw"),
        _ => format!("{form}[..{len}]"),
    }
}

/// What to tell of the letters' case.
fn case(pattern: &Pattern, bytes: &[u8], text: &[u8]) -> Option<&'static str> {
    let tell = match pattern.letters {
        Letters::Exact | Letters::Folded => false,
        Letters::Told => true,
        Letters::ToldIfOther => !bytes.starts_with(text),
    };
    let (lower, upper) = (text.iter().any(u8::is_ascii_lowercase), text.iter().any(u8::is_ascii_uppercase));
    match (lower, upper) {
        _ if !tell => None,
        (false, false) => None,
        (true, false) => Some("-lower"),
        (false, true) => Some("-upper"),
        (true, true) => Some("-mixed"),
    }
}

/// The case belongs to the writing, the first step.
fn with_case(form: &str, case: &str) -> String {
    match form.split_once('/') {
        Some((writing, rest)) => format!("{writing}{case}/{rest}"),
        None => format!("{form}{case}"),
    }
}

fn u32_of(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

const _: () = assert!(forms::SHORTEST >= filter::SHORTEST, "forms that the filter cannot find");

/// Matches after which overlapping ones are sorted out.
const TIDY: usize = 4096;

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    fn needles() -> Needles {
        let mut text = String::from(
            "[device]\nimei = [\"352099001761481\", \"352099001761499\"]\nwifi_mac = \"d0:37:45:ab:01:9f\"\nandroid_id = \"b7e2c91f04d8a356\"\n",
        );
        for contact in 0..8 {
            let _ = write!(
                text,
                "[[contacts]]\nnumbers = [\"+49155501{:05}\"]\nname = \"Quirin Abendroth {contact}\"\n",
                contact * 2_417
            );
        }
        Needles::build(&Profile::parse(&text, &mut |_| Err(String::new())).unwrap())
    }

    /// What a search without filter finds.
    fn oracle(needles: &Needles, text: &[u8]) -> Vec<Match> {
        let all = needles.patterns.iter().zip(&needles.needles).filter(|(_, needle)| !needle.field_only);
        let anchors = all.map(|(pattern, _)| &pattern.bytes(&needles.store)[..pattern.anchor as usize]);
        let automaton =
            aho_corasick::AhoCorasick::builder().ascii_case_insensitive(true).build(anchors).unwrap();
        let candidates = automaton.find_overlapping_iter(text).filter_map(|found| {
            let end = needles.patterns[found.pattern()].end(&needles.store, text, found.start())?;
            Some(Match { start: found.start(), end, needle: NeedleId(found.pattern().as_u32()) })
        });
        let mut found = candidates.collect();
        needles.resolve(text, &mut found, 0);
        found
    }

    /// Texts sewn of pieces of needles, so that almost-matches abound, at every place modulo six.
    #[test]
    fn the_filter_finds_what_a_search_without_it_finds() {
        let needles = needles();
        let mut random = 1_u64;
        let mut next = |below: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as usize % below
        };
        let mut matches = 0;
        for _ in 0..150 {
            let mut text = Vec::new();
            for _ in 0..40 {
                let bytes = needles.bytes(NeedleId(next(needles.len()) as u32));
                let whole = next(2) == 0;
                let from = if whole { 0 } else { next(bytes.len()) };
                let to = if whole { bytes.len() } else { from + next(bytes.len() - from + 1) };
                text.extend_from_slice(&bytes[from..to]);
                text.extend_from_slice(&b"\"&\x00 7fZ"[..next(8)]);
            }
            let mut found = Vec::new();
            needles.search(&text, &mut found);
            assert_eq!(found, oracle(&needles, &text));
            matches += found.len();
        }
        assert!(matches > 1_000, "{matches}");
    }

    #[test]
    fn many_matches_are_kept_in_bounds() {
        let needles = needles();
        let text = b"352099001761481,".repeat(50_000);
        let mut found = Vec::new();
        needles.search(&text, &mut found);
        assert_eq!(found.len(), 50_000);
        assert!(found.capacity() < 200_000);
    }
}
