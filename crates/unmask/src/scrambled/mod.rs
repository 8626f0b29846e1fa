//! Scrambles without a cipher: what looks random to an eye and is undone by trying all there is.
//!
//! [`open`] goes from the cheap to the dear: fixed steps (reversed, turned, swapped), the 255 bytes that could be
//! added or xored, keys that stand beside the value, repeating keys that the value itself gives away, and
//! alphabets of somebody's own. A value of the profile in the result is one ground, a form that noise does not
//! have (JSON, pairs of a form, compressed bytes with a sound checksum) the other. Looking like text alone is
//! enough only for keys that were sent along: of 255 keys, one makes text of many things.

mod alphabet;
mod judge;
mod keys;
mod step;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use step::Step;

use crate::{
    Budget, Carrier, Context, How, Method, Opened,
    carrier::{STANDARD, is_base64, standard},
    opened,
    plausible::is_text,
    recipe,
};
use judge::Judge;

/// The steps back to the plaintext, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scramble {
    /// The steps.
    pub steps: Vec<Step>,
}

impl Scramble {
    /// The plaintext of bytes; `None` where a step cannot be done, or there are more than anybody found.
    pub fn apply(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        if self.steps.len() > MOST_STEPS {
            return None;
        }
        self.steps.iter().try_fold(bytes.to_vec(), |bytes, step| step.apply(&bytes))
    }

    pub(crate) fn recipe(&self, carrier: Carrier) -> String {
        let lines: Vec<_> = self.steps.iter().map(Step::python).collect();
        recipe::python(carrier, &format!("o = v\n{}", lines.join("\n")))
    }
}

/// The steps, joined by ` > `.
impl fmt::Display for Scramble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.steps.iter().enumerate() {
            if index > 0 {
                f.write_str(" > ")?;
            }
            step.fmt(f)?;
        }
        Ok(())
    }
}

/// Opens a value that was scrambled; at most one way for each carrier that it may have.
///
/// Of values over [`LONGEST`] the head is looked at only, and the way found there is gone with the whole.
pub fn open(value: &[u8], context: &Context<'_>, budget: &mut Budget) -> Vec<Opened> {
    if value.len() < SHORTEST {
        return Vec::new();
    }
    let readings = Carrier::readings(value);
    let opened = readings.iter().filter_map(|(carrier, bytes)| {
        let mut search = Search::new(*carrier, bytes, context, budget);
        search.carries = *carrier == Carrier::Raw && readings.len() > 1;
        search.run()
    });
    opened.collect()
}

/// Bytes that a scramble changes at least.
const FEWEST_CHANGED: usize = 6;
/// What of a value is tried on.
pub const LONGEST: usize = 4096;

struct Search<'a, 'b> {
    carrier: Carrier,
    /// Whether the value is text that carries other bytes, and these are tried as well.
    carries: bool,
    whole: &'a [u8],
    /// The part that is tried on.
    bytes: &'a [u8],
    context: &'a Context<'a>,
    judge: Judge<'a>,
    budget: &'b mut Budget,
    tries: Tries,
    /// Room for a plaintext.
    room: Vec<u8>,
}

/// Tries so far. Of a value that is text or digits itself, one that made no digits cannot have met a number: for a
/// number only those count that could. Of noise all count, whose bits are those of noise.
#[derive(Clone, Copy, Default)]
struct Tries {
    all: u64,
    text: u64,
    digits: u64,
}

impl Tries {
    fn count(&mut self, plain: &[u8]) {
        self.all = self.all.saturating_add(1);
        self.text = self.text.saturating_add(u64::from(is_text(plain)));
        self.digits = self.digits.saturating_add(u64::from(plain.iter().all(u8::is_ascii_digit)));
    }

    /// Those that could have made such a plaintext.
    fn like(self, plain: &[u8], noise: bool) -> u64 {
        if noise {
            self.all
        } else if plain.iter().all(u8::is_ascii_digit) {
            self.digits
        } else if is_text(plain) {
            self.text
        } else {
            self.all
        }
    }
}

impl<'a, 'b> Search<'a, 'b> {
    fn new(carrier: Carrier, whole: &'a [u8], context: &'a Context<'a>, budget: &'b mut Budget) -> Self {
        let bytes = whole.get(..LONGEST).unwrap_or(whole);
        Self {
            carrier,
            carries: false,
            whole,
            bytes,
            context,
            judge: Judge::new(bytes, context.cribs),
            budget,
            tries: Tries::default(),
            room: Vec::new(),
        }
    }

    fn run(&mut self) -> Option<Opened> {
        if self.judge.is_open() {
            return None;
        }
        // A key seldom makes base64 of bytes: what reads as base64 had its key under it.
        if self.carries && self.whole.len() >= SURE_CARRIER {
            return self.fixed().or_else(|| alphabet::known(self)).or_else(|| alphabet::by_cribs(self));
        }
        self.fixed()
            .or_else(|| self.one_byte())
            .or_else(|| keys::within(self))
            .or_else(|| keys::beside(self))
            .or_else(|| alphabet::known(self))
            .or_else(|| keys::by_cribs(self))
            .or_else(|| keys::by_statistics(self))
            .or_else(|| alphabet::by_cribs(self))
    }

    /// Steps that need no key, alone and reversed.
    fn fixed(&mut self) -> Option<Opened> {
        let mut ways = vec![vec![Step::Reversed]];
        let steps = [Step::NibblesSwapped, Step::BitsReversed].into_iter();
        let steps = steps.chain((1..8).filter(|&bits| bits != 4).map(Step::Turned));
        let steps = steps.chain((1..10).map(Step::DigitsLess)).chain((1..26).map(Step::LettersLess));
        for step in steps {
            ways.push(vec![step.clone()]);
            ways.push(vec![Step::Reversed, step]);
        }
        if self.carrier == Carrier::Raw && is_base64_reversed(self.bytes) {
            let alphabet = String::from_utf8_lossy(STANDARD).into_owned();
            ways.push(vec![Step::Reversed, Step::Base64(alphabet)]);
        }
        ways.extend(alphabet::digits());
        ways.into_iter().find_map(|steps| self.attempt(steps, 0.0, false))
    }

    /// The bytes that may have been added to each, or xored with it.
    fn one_byte(&mut self) -> Option<Opened> {
        let turned: Vec<u8> = self.bytes.iter().rev().copied().collect();
        for added in [false, true] {
            let likely = [self.bytes, &turned].map(|bytes| likely(bytes, added, self.context));
            for key in 1..=255_u8 {
                for (likely, reversed) in likely.iter().zip([false, true]) {
                    if likely.get(usize::from(key)) != Some(&true) {
                        if !self.budget.pay(WAYS, self.bytes.len()) {
                            return None;
                        }
                        self.tries.all = self.tries.all.saturating_add(1);
                        continue;
                    }
                    let step = if added { Step::Less(key) } else { keys::xor(&[key], "found") };
                    let steps = if reversed { vec![Step::Reversed, step] } else { vec![step] };
                    let opened = self.attempt(steps, 0.0, false);
                    if opened.is_some() {
                        return opened;
                    }
                }
            }
        }
        None
    }

    /// Xors with a key, and judges what comes out, read backwards or not. Text is enough for the key as it stands.
    fn xored(&mut self, key: &[u8], reversed: bool, steps: impl Fn() -> Vec<Step>) -> Option<Opened> {
        if key.is_empty() || !self.budget.pay(WAYS, self.bytes.len()) {
            return None;
        }
        let mut plain = std::mem::take(&mut self.room);
        plain.clear();
        for part in self.bytes.chunks(key.len()) {
            plain.extend(part.iter().zip(key).map(|(byte, key)| byte ^ key));
        }
        if reversed {
            plain.reverse();
        }
        self.tries.count(&plain);
        let verdict = self.judge.verdict(&plain, !reversed);
        self.room = plain;
        let verdict = verdict?;
        self.accept(Scramble { steps: steps() }, verdict.ground, verdict.bits)
    }

    /// Goes a way, and judges what comes out. `more` are bits that the way itself has earned; `text` is enough
    /// where the key was not chosen for it.
    fn attempt(&mut self, steps: Vec<Step>, more: f64, text: bool) -> Option<Opened> {
        if !self.budget.pay(WAYS, self.bytes.len()) {
            return None;
        }
        let scramble = Scramble { steps };
        let plain = scramble.apply(self.bytes)?;
        self.tries.count(&plain);
        let verdict = self.judge.verdict(&plain, text)?;
        self.accept(scramble, verdict.ground, verdict.bits + more)
    }

    fn accept(&self, scramble: Scramble, ground: crate::Ground, bits: f64) -> Option<Opened> {
        // The first good one ends the search: what that adds to the chance is less than this factor.
        let plaintext = scramble.apply(self.whole)?;
        // What nearly reads so as it stands was not hidden: it is a neighbour's value.
        let mut before = self.whole.to_vec();
        if matches!(scramble.steps.as_slice(), [Step::Reversed, _, ..]) {
            before.reverse();
        }
        let changed = before.iter().zip(&plaintext).filter(|(one, other)| one != other).count();
        if plaintext.len() == self.whole.len() && changed < FEWEST_CHANGED {
            return None;
        }
        let tries = self.tries.like(&plaintext, self.judge.is_noise()).saturating_mul(16);
        if !opened::sure(tries, bits) {
            return None;
        }
        let recipe = scramble.recipe(self.carrier);
        let how = How { carrier: self.carrier, method: Method::Scramble(scramble) };
        Some(Opened {
            plaintext,
            how,
            ground,
            tries: self.tries.all,
            chance: opened::chance(tries, bits),
            recipe,
        })
    }
}

/// Whether text is base64 that was turned about: what pads it may stand before it.
fn is_base64_reversed(bytes: &[u8]) -> bool {
    let turned: Vec<u8> = bytes.iter().rev().copied().collect();
    turned.len() >= SHORTEST && is_base64(&turned, standard())
}

/// The keys of one byte under which there may be a value of the profile, text, or a compressed stream: under all
/// others a judge finds nothing.
fn likely(bytes: &[u8], added: bool, context: &Context<'_>) -> [bool; 256] {
    let mut keys = context.cribs.one_byte_keys(bytes, added);
    for (likely, key) in keys.iter_mut().zip(0..=255_u8) {
        let undone = |byte: &u8| if added { byte.wrapping_sub(key) } else { byte ^ key };
        let control = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r') || byte == 0x7f;
        let stream = bytes.first().map(undone).is_some_and(|first| matches!(first, 0x1f | 0x78));
        *likely |= stream || !bytes.iter().any(|byte| control(undone(byte)));
    }
    keys
}

const WAYS: &str = "ways to unscramble that were not tried on them";
/// Steps that are gone: a search finds two at most, and a case may be forged.
const MOST_STEPS: usize = 16;
/// Text of this length that reads as hex or base64 is that.
const SURE_CARRIER: usize = 24;
/// Shorter values hold nothing that could be told from chance.
const SHORTEST: usize = 6;
