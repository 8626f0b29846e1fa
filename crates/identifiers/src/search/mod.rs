//! The search: all forms of all values of a profile, in any bytes, at once.

use evidence::{Form, Grade};

use crate::{
    Profile,
    forms::{self, Letters, Reach, Shape},
};

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
        let shapes = shapes.flat_map(|(value, known)| forms::of(known).into_iter().map(move |shape| (value, shape)));
        let (everywhere, in_fields): (Vec<_>, Vec<_>) = shapes.partition(|(_, shape)| shape.reach == Reach::Everywhere);
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
        self.patterns.push(Pattern {
            start: u32_of(self.store.len()),
            len: u32_of(shape.bytes.len()),
            anchor: u32_of(shape.anchor),
            letters: shape.letters,
            boundary: shape.boundary,
        });
        self.store.extend_from_slice(&shape.bytes);
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

    /// The longest value that [`Needles::search_field`] looks into.
    pub const FIELD_BYTES: usize = 1024;

    /// The form in which a match stands in the bytes that were searched: with the letter case where it
    /// differs or there is none of its own (`colon-lower`), and what of a digest or text is there
    /// (`sha256[..16]/hex`, in bytes).
    pub fn form(&self, found: &Match, bytes: &[u8]) -> Form {
        let form = &self.needle(found.needle).form;
        let (Some(pattern), Some(text)) = (self.pattern(found.needle), bytes.get(found.start..found.end)) else {
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
    #[expect(clippy::indexing_slicing, reason = "an id is a place in this list; another's is a fault in the program")]
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
            let same = |strong: &Match| strong.start < weak.end && weak.start < strong.end && value_of(strong) == value_of(weak);
            place <= first || !elsewhere.iter().any(same)
        });
    }
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
