//! MD5, SHA-1 and SHA-256 of sixteen short messages at once.
//!
//! All messages fit into one block and differ in a few bytes only: the slowest slots differ from lane to lane and
//! stay for a whole [`Batch`], the fastest are the same in all lanes and change from step to step. So a step writes
//! one or two words of the block, from a table, before it runs the function's rounds. What comes out are steps and
//! lanes whose digest has a watched word: few enough to be computed again by the plain functions.
//!
//! Messages that have nothing in common are [`Messages`]: their blocks go through [`compress`] one after the other.
#![expect(clippy::indexing_slicing, reason = "of arrays of sixteen by numbers below sixteen")]

use fearless_simd::{Simd, dispatch, prelude::*, u32x16};

pub(super) use fearless_simd::Level;

use super::Algorithm;

/// How many messages run at once.
pub(super) const LANES: usize = 16;
/// The longest message that leaves room for its padding.
pub(super) const LONGEST: usize = 55;
/// How many words of a block may change from step to step.
pub(super) const CHANGING: usize = 4;

/// The functions that run in lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Md5,
    Sha1,
    Sha256,
}

impl Function {
    /// The function of an algorithm that runs in lanes.
    pub(super) fn of(algorithm: Algorithm) -> Option<Self> {
        match algorithm {
            Algorithm::Md5 => Some(Self::Md5),
            Algorithm::Sha1 => Some(Self::Sha1),
            Algorithm::Sha256 => Some(Self::Sha256),
            _ => None,
        }
    }

    /// The algorithm that it is.
    pub(super) fn algorithm(self) -> Algorithm {
        match self {
            Self::Md5 => Algorithm::Md5,
            Self::Sha1 => Algorithm::Sha1,
            Self::Sha256 => Algorithm::Sha256,
        }
    }

    /// Bytes of its digest.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// The state before the first block, in all lanes.
    pub(super) fn start(self) -> State {
        let mut state = [[0; LANES]; 8];
        let words = match self {
            Self::Md5 => &MD5_START[..],
            Self::Sha1 => &SHA1_START[..],
            Self::Sha256 => &SHA256_START[..],
        };
        for (lanes, word) in state.iter_mut().zip(words) {
            *lanes = [*word; LANES];
        }
        state
    }

    /// A word of the state as the digest has it in its bytes, read in little-endian order; and back.
    pub(super) fn little(self, word: u32) -> u32 {
        if self == Self::Md5 { word } else { word.swap_bytes() }
    }
}

/// The states of sixteen digests; functions with fewer words leave the last ones alone.
pub(super) type State = [[u32; LANES]; 8];
/// A block of sixteen messages, its words read in little-endian order.
pub(super) type Block = [[u32; LANES]; 16];

/// Takes a block of sixteen messages into their digests.
pub(super) fn compress(level: Level, function: Function, state: &mut State, block: &Block) {
    match function {
        Function::Md5 => dispatch!(level, simd => md5_block(simd, state, block)),
        Function::Sha1 => dispatch!(level, simd => sha1_block(simd, state, block)),
        Function::Sha256 => dispatch!(level, simd => sha256_block(simd, state, block)),
    }
}

/// Sixteen messages in blocks, padded but for their lengths, whose place depends on the function.
#[derive(Default)]
pub(super) struct Messages {
    blocks: Vec<Block>,
    /// How many blocks each has, and how many bytes.
    sizes: [(usize, usize); LANES],
}

impl Messages {
    /// The longest message that is taken.
    pub(super) const LONGEST: usize = 4 * 64 - 9;

    /// Begins anew, with empty messages.
    pub(super) fn clear(&mut self) {
        self.blocks.clear();
        self.sizes = [(0, 0); LANES];
    }

    /// Puts a message into a lane; false, and nothing is put, where it is too long.
    pub(super) fn set(&mut self, lane: usize, parts: [&[u8]; 3]) -> bool {
        let mut bytes = [0_u8; 256];
        let mut len = 0;
        for part in parts {
            let Some(room) = bytes.get_mut(len..len + part.len()) else { return false };
            room.copy_from_slice(part);
            len += part.len();
        }
        if len > Self::LONGEST {
            return false;
        }
        bytes[len] = 0x80;
        let count = (len + 9).div_ceil(64);
        while self.blocks.len() < count {
            self.blocks.push([[0; LANES]; 16]);
        }
        for (block, bytes) in self.blocks.iter_mut().zip(bytes.chunks_exact(64)).take(count) {
            for (word, bytes) in block.iter_mut().zip(bytes.as_chunks().0) {
                word[lane & 15] = u32::from_le_bytes(*bytes);
            }
        }
        self.sizes[lane & 15] = (count, len);
        true
    }

    /// The digests of the messages, begun with a state that so many bytes led to.
    pub(super) fn digest(&mut self, level: Level, function: Function, start: &State, before: usize) -> State {
        let mut state = *start;
        let mut ends = *start;
        for index in 0..self.blocks.len() {
            let last = self.finish(function, index, before);
            compress(level, function, &mut state, &self.blocks[index]);
            if last == LANES {
                return state;
            }
            for lane in (0..LANES).filter(|lane| self.sizes[*lane].0 == index + 1) {
                for (end, word) in ends.iter_mut().zip(&state) {
                    end[lane] = word[lane];
                }
            }
        }
        ends
    }

    /// Writes the lengths of the messages that end with a block, and tells how many these are.
    fn finish(&mut self, function: Function, index: usize, before: usize) -> usize {
        let mut last = 0;
        for (lane, (count, len)) in self.sizes.iter().enumerate() {
            if *count != index + 1 {
                continue;
            }
            last += 1;
            let bits = u32::try_from((len + before) * 8).unwrap_or_default();
            let (low, high) = if function == Function::Md5 { (bits, 0) } else { (0, bits.swap_bytes()) };
            let block = &mut self.blocks[index];
            (block[14][lane], block[15][lane]) = (low, high);
        }
        last
    }
}

/// Sixteen series of messages.
pub(super) struct Batch<'a> {
    /// What is computed.
    pub(super) function: Function,
    /// The words of the lanes' blocks, zero where a step writes.
    pub(super) words: [[u32; LANES]; 16],
    /// What the steps write.
    pub(super) steps: &'a Steps,
    /// The words with each of ten check digits in place, if there is one.
    pub(super) check: Option<Check>,
    /// What is looked for.
    pub(super) watch: &'a [Watch],
}

/// What is the same for all batches of a template.
pub(super) struct Steps {
    /// Which words change.
    pub(super) places: Vec<usize>,
    /// Their values, for each step.
    pub(super) values: Vec<[u32; CHANGING]>,
    /// What each step adds to the sum of the check digit, 0 to 9.
    pub(super) sums: Vec<u8>,
}

/// A check digit, which depends on lane and step.
pub(super) struct Check {
    /// The word it is in.
    pub(super) place: usize,
    /// That word with nothing but the digit, for each sum that a step may add.
    pub(super) digits: [[u32; LANES]; 10],
}

/// Values of a word of the digest.
pub(super) struct Watch {
    /// Which word.
    pub(super) place: usize,
    /// The values.
    pub(super) values: Vec<u32>,
    /// A bit for each lower half that one of them has.
    bits: Vec<u64>,
}

impl Watch {
    pub(super) fn new(place: usize, values: Vec<u32>) -> Self {
        let mut bits = vec![0; 1024];
        for value in &values {
            bits[(value >> 6 & 1023) as usize] |= 1 << (value & 63);
        }
        Self { place, values, bits }
    }

    #[inline(always)]
    fn has(&self, value: u32) -> bool {
        self.bits.get((value >> 6 & 1023) as usize).is_some_and(|bits| bits >> (value & 63) & 1 == 1)
    }
}

impl Batch<'_> {
    /// Appends the steps and lanes with a watched word to `hits`; some more may be among them.
    pub(super) fn run(&self, hits: &mut Vec<(usize, usize)>) {
        let level = Level::new();
        match self.function {
            Function::Md5 => dispatch!(level, simd => md5_steps(simd, self, hits)),
            Function::Sha1 => dispatch!(level, simd => sha1_steps(simd, self, hits)),
            Function::Sha256 => dispatch!(level, simd => sha256_steps(simd, self, hits)),
        }
    }
}

macro_rules! steps {
    ($name:ident, $digest:ident, $start:ident, $block:ident, $swapped:literal) => {
        #[inline(always)]
        fn $name<S: Simd>(simd: S, batch: &Batch<'_>, hits: &mut Vec<(usize, usize)>) {
            let mut words = load(simd, &batch.words);
            let base = words;
            for (step, values) in batch.steps.values.iter().enumerate() {
                for (place, value) in batch.steps.places.iter().zip(values) {
                    words[place & 15] = base[place & 15] | u32x16::splat(simd, *value);
                }
                if let Some(check) = &batch.check {
                    let sum = batch.steps.sums.get(step).copied().unwrap_or_default();
                    let digits = check.digits.get(usize::from(sum)).copied().unwrap_or_default();
                    // The word may be one that was written just now; if not, it must begin anew.
                    let before = match batch.steps.places.contains(&check.place) {
                        true => words[check.place & 15],
                        false => base[check.place & 15],
                    };
                    words[check.place & 15] = before | u32x16::load_array(simd, digits);
                }
                let state = $digest(simd, $start.map(|word| u32x16::splat(simd, word)), &words);
                for watch in batch.watch {
                    let Some(word) = state.get(watch.place) else { continue };
                    report(simd, *word, watch, step, hits);
                }
            }
        }

        #[inline(always)]
        fn $block<S: Simd>(simd: S, state: &mut State, block: &Block) {
            let mut words = load(simd, block);
            if $swapped {
                for word in &mut words {
                    *word = swapped(simd, *word);
                }
            }
            let mut start = $start.map(|word| u32x16::splat(simd, word));
            for (vector, word) in start.iter_mut().zip(state.iter()) {
                *vector = u32x16::load_array(simd, *word);
            }
            for (word, vector) in state.iter_mut().zip($digest(simd, start, &words)) {
                *word = vector.to_array();
            }
        }
    };
}

steps!(md5_steps, md5, MD5_START, md5_block, false);
steps!(sha1_steps, sha1, SHA1_START, sha1_block, true);
steps!(sha256_steps, sha256, SHA256_START, sha256_block, true);

/// Words read in the other order of bytes.
#[inline(always)]
fn swapped<S: Simd>(simd: S, word: u32x16<S>) -> u32x16<S> {
    let inner = u32x16::splat(simd, 0xFF00);
    (word << 24) | ((word & inner) << 8) | ((word >> 8) & inner) | (word >> 24)
}

#[inline(always)]
fn load<S: Simd>(simd: S, words: &[[u32; LANES]; 16]) -> [u32x16<S>; 16] {
    let mut vectors = [u32x16::splat(simd, 0); 16];
    for (vector, word) in vectors.iter_mut().zip(words) {
        *vector = u32x16::load_array(simd, *word);
    }
    vectors
}

#[inline(always)]
fn report<S: Simd>(simd: S, word: u32x16<S>, watch: &Watch, step: usize, hits: &mut Vec<(usize, usize)>) {
    // A few values are compared at once; many are looked up lane by lane.
    if watch.values.len() <= 4 {
        let mut any = false;
        for value in &watch.values {
            any |= word.simd_eq(u32x16::splat(simd, *value)).any_true();
        }
        if !any {
            return;
        }
    }
    for (lane, value) in word.to_array().iter().enumerate() {
        if watch.has(*value) {
            hits.push((step, lane));
        }
    }
}

#[inline(always)]
fn left<S: Simd>(word: u32x16<S>, bits: u32) -> u32x16<S> {
    (word << bits) | (word >> (32 - bits))
}

#[inline(always)]
fn right<S: Simd>(word: u32x16<S>, bits: u32) -> u32x16<S> {
    (word >> bits) | (word << (32 - bits))
}

/// RFC 1321 section 3.4.
#[inline(always)]
fn md5<S: Simd>(simd: S, start: [u32x16<S>; 4], words: &[u32x16<S>; 16]) -> [u32x16<S>; 4] {
    let [mut a, mut b, mut c, mut d] = start;
    macro_rules! step {
        ($function:expr, $place:expr, $number:expr, $a:ident, $b:ident, $c:ident, $d:ident, $bits:literal) => {
            let sum = $a + $function + (words[($place) & 15] + u32x16::splat(simd, MD5[($number) & 63]));
            $a = $b + left(sum, $bits);
        };
    }
    macro_rules! round {
        ($first:literal, $factor:literal, $offset:literal, $bits0:literal, $bits1:literal, $bits2:literal, $bits3:literal, |$x:ident, $y:ident, $z:ident| $function:expr) => {
            for four in 0..4_usize {
                let number = $first + 4 * four;
                let place = |step: usize| $factor * (4 * four + step) + $offset;
                macro_rules! with {
                    ($b:ident, $c:ident, $d:ident) => {{
                        let ($x, $y, $z) = ($b, $c, $d);
                        $function
                    }};
                }
                step!(with!(b, c, d), place(0), number, a, b, c, d, $bits0);
                step!(with!(a, b, c), place(1), number + 1, d, a, b, c, $bits1);
                step!(with!(d, a, b), place(2), number + 2, c, d, a, b, $bits2);
                step!(with!(c, d, a), place(3), number + 3, b, c, d, a, $bits3);
            }
        };
    }
    round!(0, 1, 0, 7, 12, 17, 22, |x, y, z| z ^ (x & (y ^ z)));
    round!(16, 5, 1, 5, 9, 14, 20, |x, y, z| y ^ (z & (x ^ y)));
    round!(32, 3, 5, 4, 11, 16, 23, |x, y, z| x ^ y ^ z);
    round!(48, 7, 0, 6, 10, 15, 21, |x, y, z| y ^ (x | !z));
    [start[0] + a, start[1] + b, start[2] + c, start[3] + d]
}

/// FIPS 180-4 section 6.1.2.
#[inline(always)]
fn sha1<S: Simd>(simd: S, start: [u32x16<S>; 5], words: &[u32x16<S>; 16]) -> [u32x16<S>; 5] {
    let [mut a, mut b, mut c, mut d, mut e] = start;
    let mut words = *words;
    macro_rules! word {
        ($number:expr) => {{
            let number: usize = $number;
            if number >= 16 {
                let old = words[(number + 13) & 15] ^ words[(number + 8) & 15];
                words[number & 15] = left(old ^ words[(number + 2) & 15] ^ words[number & 15], 1);
            }
            words[number & 15]
        }};
    }
    macro_rules! step {
        ($a:ident, $b:ident, $c:ident, $d:ident, $e:ident, $constant:ident, $number:expr, $function:expr) => {
            let mixed = $function;
            $e = left($a, 5) + mixed + ($e + ($constant + word!($number)));
            $b = left($b, 30);
        };
    }
    macro_rules! round {
        ($first:literal, $constant:literal, |$x:ident, $y:ident, $z:ident| $function:expr) => {
            let constant = u32x16::splat(simd, $constant);
            for five in 0..4_usize {
                let number = $first + 5 * five;
                macro_rules! with {
                    ($b:ident, $c:ident, $d:ident) => {{
                        let ($x, $y, $z) = ($b, $c, $d);
                        $function
                    }};
                }
                step!(a, b, c, d, e, constant, number, with!(b, c, d));
                step!(e, a, b, c, d, constant, number + 1, with!(a, b, c));
                step!(d, e, a, b, c, constant, number + 2, with!(e, a, b));
                step!(c, d, e, a, b, constant, number + 3, with!(d, e, a));
                step!(b, c, d, e, a, constant, number + 4, with!(c, d, e));
            }
        };
    }
    round!(0, 0x5A82_7999, |x, y, z| z ^ (x & (y ^ z)));
    round!(20, 0x6ED9_EBA1, |x, y, z| x ^ y ^ z);
    round!(40, 0x8F1B_BCDC, |x, y, z| (x & y) | (z & (x | y)));
    round!(60, 0xCA62_C1D6, |x, y, z| x ^ y ^ z);
    [start[0] + a, start[1] + b, start[2] + c, start[3] + d, start[4] + e]
}

/// FIPS 180-4 section 6.2.2.
#[inline(always)]
fn sha256<S: Simd>(simd: S, start: [u32x16<S>; 8], words: &[u32x16<S>; 16]) -> [u32x16<S>; 8] {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = start;
    let mut words = *words;
    macro_rules! step {
        ($number:expr, $a:ident, $b:ident, $c:ident, $d:ident, $e:ident, $f:ident, $g:ident, $h:ident) => {
            let number: usize = $number;
            if number >= 16 {
                let (near, far) = (words[(number + 14) & 15], words[(number + 1) & 15]);
                let near = right(near, 17) ^ right(near, 19) ^ (near >> 10);
                let far = right(far, 7) ^ right(far, 18) ^ (far >> 3);
                words[number & 15] = words[number & 15] + far + (words[(number + 9) & 15] + near);
            }
            let constant = u32x16::splat(simd, SHA256[number & 63]);
            let choice = $g ^ ($e & ($f ^ $g));
            let first = $h + (constant + words[number & 15]) + choice
                + (right($e, 6) ^ right($e, 11) ^ right($e, 25));
            let majority = ($a & $b) | ($c & ($a | $b));
            $d += first;
            $h = first + majority + (right($a, 2) ^ right($a, 13) ^ right($a, 22));
        };
    }
    for eight in 0..8_usize {
        let number = 8 * eight;
        step!(number, a, b, c, d, e, f, g, h);
        step!(number + 1, h, a, b, c, d, e, f, g);
        step!(number + 2, g, h, a, b, c, d, e, f);
        step!(number + 3, f, g, h, a, b, c, d, e);
        step!(number + 4, e, f, g, h, a, b, c, d);
        step!(number + 5, d, e, f, g, h, a, b, c);
        step!(number + 6, c, d, e, f, g, h, a, b);
        step!(number + 7, b, c, d, e, f, g, h, a);
    }
    let end = [a, b, c, d, e, f, g, h];
    let mut sum = start;
    for (sum, end) in sum.iter_mut().zip(end) {
        *sum += end;
    }
    sum
}

/// RFC 1321 section 3.3.
const MD5_START: [u32; 4] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476];

/// FIPS 180-4 section 5.3.1.
const SHA1_START: [u32; 5] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0];

/// RFC 1321 section 3.4: the sines.
const MD5: [u32; 64] = [
    0xD76A_A478,
    0xE8C7_B756,
    0x2420_70DB,
    0xC1BD_CEEE,
    0xF57C_0FAF,
    0x4787_C62A,
    0xA830_4613,
    0xFD46_9501,
    0x6980_98D8,
    0x8B44_F7AF,
    0xFFFF_5BB1,
    0x895C_D7BE,
    0x6B90_1122,
    0xFD98_7193,
    0xA679_438E,
    0x49B4_0821,
    0xF61E_2562,
    0xC040_B340,
    0x265E_5A51,
    0xE9B6_C7AA,
    0xD62F_105D,
    0x0244_1453,
    0xD8A1_E681,
    0xE7D3_FBC8,
    0x21E1_CDE6,
    0xC337_07D6,
    0xF4D5_0D87,
    0x455A_14ED,
    0xA9E3_E905,
    0xFCEF_A3F8,
    0x676F_02D9,
    0x8D2A_4C8A,
    0xFFFA_3942,
    0x8771_F681,
    0x6D9D_6122,
    0xFDE5_380C,
    0xA4BE_EA44,
    0x4BDE_CFA9,
    0xF6BB_4B60,
    0xBEBF_BC70,
    0x289B_7EC6,
    0xEAA1_27FA,
    0xD4EF_3085,
    0x0488_1D05,
    0xD9D4_D039,
    0xE6DB_99E5,
    0x1FA2_7CF8,
    0xC4AC_5665,
    0xF429_2244,
    0x432A_FF97,
    0xAB94_23A7,
    0xFC93_A039,
    0x655B_59C3,
    0x8F0C_CC92,
    0xFFEF_F47D,
    0x8584_5DD1,
    0x6FA8_7E4F,
    0xFE2C_E6E0,
    0xA301_4314,
    0x4E08_11A1,
    0xF753_7E82,
    0xBD3A_F235,
    0x2AD7_D2BB,
    0xEB86_D391,
];

/// FIPS 180-4 section 4.2.2: cube roots of primes.
const SHA256: [u32; 64] = [
    0x428A_2F98,
    0x7137_4491,
    0xB5C0_FBCF,
    0xE9B5_DBA5,
    0x3956_C25B,
    0x59F1_11F1,
    0x923F_82A4,
    0xAB1C_5ED5,
    0xD807_AA98,
    0x1283_5B01,
    0x2431_85BE,
    0x550C_7DC3,
    0x72BE_5D74,
    0x80DE_B1FE,
    0x9BDC_06A7,
    0xC19B_F174,
    0xE49B_69C1,
    0xEFBE_4786,
    0x0FC1_9DC6,
    0x240C_A1CC,
    0x2DE9_2C6F,
    0x4A74_84AA,
    0x5CB0_A9DC,
    0x76F9_88DA,
    0x983E_5152,
    0xA831_C66D,
    0xB003_27C8,
    0xBF59_7FC7,
    0xC6E0_0BF3,
    0xD5A7_9147,
    0x06CA_6351,
    0x1429_2967,
    0x27B7_0A85,
    0x2E1B_2138,
    0x4D2C_6DFC,
    0x5338_0D13,
    0x650A_7354,
    0x766A_0ABB,
    0x81C2_C92E,
    0x9272_2C85,
    0xA2BF_E8A1,
    0xA81A_664B,
    0xC24B_8B70,
    0xC76C_51A3,
    0xD192_E819,
    0xD699_0624,
    0xF40E_3585,
    0x106A_A070,
    0x19A4_C116,
    0x1E37_6C08,
    0x2748_774C,
    0x34B0_BCB5,
    0x391C_0CB3,
    0x4ED8_AA4A,
    0x5B9C_CA4F,
    0x682E_6FF3,
    0x748F_82EE,
    0x78A5_636F,
    0x84C8_7814,
    0x8CC7_0208,
    0x90BE_FFFA,
    0xA450_6CEB,
    0xBEF9_A3F7,
    0xC671_78F2,
];

/// FIPS 180-4 section 5.3.3: square roots of primes.
const SHA256_START: [u32; 8] =
    [0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19];
