//! Tries all values of a space against a set of digests.
//!
//! A sweep is cut into ranges of value numbers, which do not depend on each other: a caller runs them on any thread,
//! in any order, and writes down the next number to go on another day. Recipes of one digest of a short message run
//! in lanes; the others one by one.

use std::ops::Range;

use evidence::{Form, IdentifierKind};

use super::{
    Algorithm, Budget, Cut, Encoding, Mix, Recipe, Salt, Space, Target, chance,
    lanes::{Batch, CHANGING, Check, Function, LANES, LONGEST, Steps, Watch},
    space::{Slot, Template, fill, luhn},
};

/// One way that all values of the space are hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Which of the space's layouts.
    pub layout: usize,
    /// How it is hashed.
    pub recipe: Recipe,
    /// With what, if the recipe takes salt.
    pub salt: Option<Salt>,
}

/// A space, what is done with its values, and what is looked for.
#[derive(Clone, Debug)]
pub struct Sweep {
    space: Space,
    attempts: Vec<Attempt>,
    /// The readings of the values given, and which value each is of.
    targets: Vec<(usize, Target)>,
}

/// A value that gives one of the digests.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its number in the space.
    pub number: u64,
    /// Which of the digests given.
    pub target: usize,
    /// What it is.
    pub kind: IdentifierKind,
    /// The value as it was hashed.
    pub value: Vec<u8>,
    /// The value in the space's first layout.
    pub canonical: Vec<u8>,
    /// How it was hashed.
    pub attempt: Attempt,
    /// Which part of the digest was kept.
    pub cut: Cut,
    /// How it was written.
    pub encoding: Encoding,
    /// The layout's name, where it is not the first.
    pub spelling: Option<&'static str>,
    /// How probable it is that the whole sweep would have given a match by accident.
    pub chance: f64,
    /// How many values of the whole space are to be expected to give this digest by accident.
    pub expected: f64,
}

/// What became of a range.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Swept {
    /// What was found, by number.
    pub found: Vec<Found>,
    /// How many digests were computed.
    pub tries: u64,
    /// The number to go on with. The end of the range, unless the budget ended before.
    pub next: u64,
}

impl Found {
    /// The form to tell it by: `colon-upper/md5(value)/hex`.
    pub fn form(&self) -> Form {
        let recipe = self.attempt.recipe.written(self.cut, self.encoding);
        Form(self.spelling.map_or(recipe.clone(), |spelling| format!("{spelling}/{recipe}")))
    }

    /// A line for a shell that prints the same.
    pub fn shell(&self) -> String {
        self.attempt.recipe.shell(&self.value, salt(&self.attempt), self.cut, self.encoding)
    }
}

impl Sweep {
    /// Looks for values (texts of digests) among those of a space. Values that cannot be digests are never found.
    pub fn new(space: Space, attempts: Vec<Attempt>, values: &[&[u8]]) -> Self {
        let readings = |(place, value): (usize, &&[u8])| {
            Target::readings(value).into_iter().map(move |target| (place, target))
        };
        let targets = values.iter().enumerate().flat_map(readings).collect();
        Self { space, attempts, targets }
    }

    /// The usual attempts: each layout with each common function long enough for one of the values, without salt and
    /// with each salt before and after.
    pub fn usual(space: Space, salts: &[Salt], values: &[&[u8]]) -> Self {
        let sweep = Self::new(space, Vec::new(), values);
        let lens: Vec<_> = sweep.targets.iter().map(|(_, target)| target.bytes.len()).collect();
        let common = Algorithm::ALL.iter().copied().filter(|algorithm| algorithm.is_common());
        let fitting: Vec<_> = common.filter(|one| lens.iter().any(|len| *len <= one.len())).collect();
        let mut attempts = Vec::new();
        let mut push = |mix, salt: Option<&Salt>| {
            for &algorithm in &fitting {
                for layout in 0..sweep.space.layouts().len() {
                    attempts.push(Attempt {
                        layout,
                        recipe: Recipe::single(mix, algorithm),
                        salt: salt.cloned(),
                    });
                }
            }
        };
        push(Mix::Plain, None);
        for salt in salts {
            push(Mix::Before(""), Some(salt));
            push(Mix::After(""), Some(salt));
        }
        Self { attempts, ..sweep }
    }

    /// The space.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// How many digests the whole sweep takes.
    pub fn cost(&self) -> u64 {
        self.space.len().saturating_mul(self.cost_of_one())
    }

    /// The whole space in ranges of about so many values, which suit the lanes.
    pub fn ranges(&self, values: u64) -> impl Iterator<Item = Range<u64>> + use<> {
        let (len, size) = (self.space.len(), values.max(1).next_multiple_of(LANES as u64 * 1000));
        (0..len.div_ceil(size)).map(move |place| {
            let start = place.saturating_mul(size);
            start..start.saturating_add(size).min(len)
        })
    }

    /// Tries the values with these numbers, as many as the budget allows.
    pub fn run(&self, range: Range<u64>, budget: &mut Budget) -> Swept {
        let cost = self.cost_of_one();
        let start = range.start.min(self.space.len());
        let wanted = range.end.min(self.space.len()).saturating_sub(start);
        let values = wanted.min(budget.left().checked_div(cost).unwrap_or(wanted));
        let tries = values.saturating_mul(cost);
        budget.take(tries);
        let next = start.saturating_add(values);
        let mut found = Vec::new();
        for attempt in &self.attempts {
            self.attempt(attempt, start..next, &mut found);
        }
        found.sort_by_key(|found| (found.number, found.target));
        Swept { found, tries, next }
    }

    fn cost_of_one(&self) -> u64 {
        self.attempts.iter().map(|attempt| attempt.recipe.cost()).sum()
    }

    fn attempt(&self, attempt: &Attempt, range: Range<u64>, found: &mut Vec<Found>) {
        let Some(layout) = self.space.layouts().get(attempt.layout) else { return };
        let watch = self.watch(attempt.recipe.outer());
        let mut first = 0_u64;
        for template in &layout.templates {
            let end = first.saturating_add(template.len());
            let part = range.start.max(first)..range.end.min(end);
            if part.start < part.end {
                let inner = part.start - first..part.end - first;
                let mut report = |number: u64| self.verify(attempt, template, first, number, found);
                match Series::new(attempt, template) {
                    Some(series) => series.run(&watch, inner, &mut report),
                    None => inner.for_each(&mut report),
                }
            }
            first = end;
        }
    }

    /// Computes a value's digest with the plain functions, and compares.
    fn verify(
        &self,
        attempt: &Attempt,
        template: &Template,
        first: u64,
        number: u64,
        found: &mut Vec<Found>,
    ) {
        let value = template.spell(number);
        let Some(digest) = attempt.recipe.apply(&value, salt(attempt)) else { return };
        let mut last = None;
        for (place, target) in &self.targets {
            let Some(cut) = target.cut_of(&digest) else { continue };
            // Whatever else it may be read as is the same bytes.
            if last.replace(*place) == Some(*place) {
                continue;
            }
            let number = first.saturating_add(number);
            let tried = self.cost().saturating_mul(3 * self.targets.len() as u64);
            found.push(Found {
                number,
                target: *place,
                kind: self.space.kind,
                canonical: self.space.spell(0, number).unwrap_or_default(),
                spelling: self
                    .space
                    .layouts()
                    .get(attempt.layout)
                    .map(|layout| layout.name)
                    .filter(|_| attempt.layout > 0),
                value: value.clone(),
                attempt: attempt.clone(),
                cut,
                encoding: target.encoding,
                chance: chance(tried, target.encoding.bits(target.bytes.len())),
                expected: self.expected(target),
            });
        }
    }

    /// How many values are to be expected to give a digest by accident.
    fn expected(&self, target: &Target) -> f64 {
        let parts =
            |attempt: &Attempt| Cut::all(attempt.recipe.outer().len(), target.bytes.len()).count() as u64;
        let compared = self.attempts.iter().map(parts).sum::<u64>().saturating_mul(self.space.len());
        compared as f64 * (-f64::from(target.encoding.bits(target.bytes.len()))).exp2()
    }

    /// A word of the digest for each part that a target may be.
    fn watch(&self, algorithm: Algorithm) -> Vec<Watch> {
        let mut words: Vec<(usize, u32)> = Vec::new();
        let read = if algorithm == Algorithm::Md5 { u32::from_le_bytes } else { u32::from_be_bytes };
        for (_, target) in &self.targets {
            for cut in Cut::all(algorithm.len(), target.bytes.len()) {
                let word = cut.start.div_ceil(4);
                let within = word * 4 - cut.start;
                let bytes = target.bytes.get(within..within + 4).and_then(|bytes| bytes.try_into().ok());
                words.extend(bytes.map(|bytes| (word, read(bytes))));
            }
        }
        words.sort_unstable();
        words.dedup();
        let same = words.chunk_by(|one, other| one.0 == other.0);
        same.filter_map(|chunk| {
            Some(Watch::new(chunk.first()?.0, chunk.iter().map(|(_, word)| *word).collect()))
        })
        .collect()
    }
}

fn salt(attempt: &Attempt) -> &[u8] {
    attempt.salt.as_ref().map_or(&[][..], |salt| &salt.bytes)
}

/// A template's texts as they run through the lanes: the slow slots tell lanes and batches apart, the fast ones are
/// counted through in each.
struct Series {
    function: Function,
    template: Template,
    slow: Vec<Slot>,
    steps: Steps,
}

impl Series {
    /// Nothing if it cannot run in lanes: nested, keyed, too long, too few.
    fn new(attempt: &Attempt, template: &Template) -> Option<Self> {
        let recipe = attempt.recipe;
        if recipe.second.is_some() || matches!(recipe.first.mix, Mix::SaltIsKey | Mix::ValueIsKey) {
            return None;
        }
        let function = Function::of(recipe.outer())?;
        let (before, after) = recipe.first.mix.around(salt(attempt));
        if before.len() + template.text.len() + after.len() > LONGEST {
            return None;
        }
        let mut template = template.around(&before, &after);
        let most = (template.len() / LANES as u64).min(1024);
        let mut fast = template.slots.len();
        let mut len = 1;
        while let Some(slot) = fast.checked_sub(1).and_then(|place| template.slots.get(place)) {
            let longer = len * slot.digits.len() as u64;
            if longer > most {
                break;
            }
            (len, fast) = (longer, fast - 1);
        }
        // Steps and lanes write into zeros.
        for at in
            template.slots.iter().map(|slot| slot.at).chain(template.luhn.as_ref().map(|digits| digits.end))
        {
            *template.text.get_mut(at)? = 0;
        }
        let slots = template.slots.split_off(fast);
        let steps = steps(function, &template, &slots, len)?;
        Some(Self { function, slow: std::mem::take(&mut template.slots), template, steps })
    }

    /// Reports the numbers in the range that may be hits.
    fn run(&self, watch: &[Watch], range: Range<u64>, report: &mut impl FnMut(u64)) {
        let len = self.steps.values.len() as u64;
        let mut hits = Vec::new();
        let blocks = range.start / len..range.end.div_ceil(len);
        for first in blocks.step_by(LANES) {
            self.batch(watch, first).run(&mut hits);
            // Two watched words may both have been seen.
            hits.sort_unstable();
            hits.dedup();
            let numbers = hits.drain(..).map(|(step, lane)| (first + lane as u64) * len + step as u64);
            numbers.filter(|number| range.contains(number)).for_each(&mut *report);
        }
    }

    fn batch<'a>(&'a self, watch: &'a [Watch], first: u64) -> Batch<'a> {
        let mut words = [[0; LANES]; 16];
        let mut check = self
            .template
            .luhn
            .as_ref()
            .map(|digits| Check { place: digits.end / 4, digits: [[0; LANES]; 10] });
        for lane in 0..LANES {
            let mut text = self.template.text.clone();
            fill(&mut text, &self.slow, first + lane as u64);
            for (word, value) in words.iter_mut().zip(block(self.function, &text)) {
                if let Some(word) = word.get_mut(lane) {
                    *word = value;
                }
            }
            let (Some(check), Some(over)) = (&mut check, &self.template.luhn) else { continue };
            let sum = luhn(text.get(over.clone()).unwrap_or_default());
            for (added, digits) in (0_u8..).zip(&mut check.digits) {
                let digit = b'0' + (20 - sum - added) % 10;
                if let Some(word) = digits.get_mut(lane) {
                    *word = byte_at(self.function, over.end, digit);
                }
            }
        }
        Batch { function: self.function, words, steps: &self.steps, check, watch }
    }
}

/// What each step writes, nothing if that is in too many words.
fn steps(function: Function, template: &Template, slots: &[Slot], len: u64) -> Option<Steps> {
    let mut places: Vec<usize> = slots.iter().map(|slot| slot.at / 4).collect();
    places.sort_unstable();
    places.dedup();
    if places.len() > CHANGING {
        return None;
    }
    let mut steps = Steps { places, values: Vec::new(), sums: Vec::new() };
    for number in 0..len {
        let mut text = vec![0; template.text.len()];
        fill(&mut text, slots, number);
        let mut values = [0; CHANGING];
        for slot in slots {
            let byte = text.get(slot.at).copied().unwrap_or_default();
            let place = steps.places.iter().position(|place| *place == slot.at / 4)?;
            *values.get_mut(place)? |= byte_at(function, slot.at, byte);
        }
        steps.values.push(values);
        steps.sums.push(template.luhn.clone().map_or(0, |over| luhn(text.get(over).unwrap_or_default())));
    }
    Some(steps)
}

/// A byte in its word of the block.
fn byte_at(function: Function, at: usize, byte: u8) -> u32 {
    let place = at % 4 * 8;
    match function {
        Function::Md5 => u32::from(byte) << place,
        Function::Sha1 | Function::Sha256 => u32::from(byte) << (24 - place),
    }
}

/// A message of up to 55 bytes as the only block of a digest.
fn block(function: Function, text: &[u8]) -> [u32; 16] {
    let mut words = [0_u32; 16];
    for (at, &byte) in text.iter().chain([&0x80]).enumerate() {
        if let Some(word) = words.get_mut(at / 4) {
            *word |= byte_at(function, at, byte);
        }
    }
    let bits = u32::try_from(text.len() * 8).unwrap_or_default();
    let place = if function == Function::Md5 { 14 } else { 15 };
    if let Some(word) = words.get_mut(place) {
        *word = bits;
    }
    words
}
