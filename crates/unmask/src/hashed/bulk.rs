//! Many texts hashed one way: MD5, SHA-1 and SHA-256 sixteen at a time, the other functions one by one.
//!
//! What comes out are the digests' bytes, text after text, in room that is used again and again.

use super::{
    Algorithm, Between, Mix,
    lanes::{Block, Function, LANES, Level, Messages, State, compress},
};

/// Texts, one behind the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    pub(super) fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(index).and_then(|end| self.bytes.get(start..*end)).unwrap_or_default()
    }

    /// Digests as what goes into another digest.
    pub(super) fn write(&mut self, digests: &Digests, between: Between) {
        self.clear();
        for digest in digests.iter() {
            match between {
                Between::Hex => push_hex(&mut self.bytes, digest, b"0123456789abcdef"),
                Between::HexUpper => push_hex(&mut self.bytes, digest, b"0123456789ABCDEF"),
                Between::Raw => self.bytes.extend_from_slice(digest),
            }
            self.ends.push(self.bytes.len());
        }
    }
}

fn push_hex(text: &mut Vec<u8>, bytes: &[u8], digits: &[u8; 16]) {
    for byte in bytes {
        let digit = |nibble: u8| digits.get(usize::from(nibble)).copied().unwrap_or_default();
        text.extend([digit(byte >> 4), digit(byte & 15)]);
    }
}

/// Digests of one length.
#[derive(Clone, Debug, Default)]
pub(super) struct Digests {
    bytes: Vec<u8>,
    len: usize,
}

impl Digests {
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks_exact(self.len.max(1))
    }

    fn reset(&mut self, len: usize, count: usize) {
        self.len = len;
        self.bytes.resize(len * count, 0);
    }

    fn get_mut(&mut self, index: usize) -> &mut [u8] {
        self.bytes.get_mut(index * self.len..(index + 1) * self.len).unwrap_or_default()
    }
}

/// What is hashed: so many of the texts, each mixed with a salt.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    pub(super) texts: &'a Texts,
    pub(super) count: usize,
    pub(super) mix: Mix,
    pub(super) salt: &'a [u8],
}

/// Room that hashing needs.
pub(super) struct Hasher {
    level: Level,
    messages: Messages,
    message: Vec<u8>,
}

impl Hasher {
    pub(super) fn new() -> Self {
        Self { level: Level::new(), messages: Messages::default(), message: Vec::new() }
    }

    /// Digests of texts with some functions, in the functions' order. Functions that know no HMAC leave zeros.
    pub(super) fn run(&mut self, input: Input<'_>, algorithms: &[Algorithm], digests: &mut Vec<Digests>) {
        digests.resize_with(algorithms.len().max(digests.len()), Digests::default);
        let mut lanes = Vec::new();
        for (algorithm, row) in algorithms.iter().copied().zip(0..) {
            let Some(digests) = digests.get_mut(row) else { continue };
            digests.reset(algorithm.len(), input.count);
            let Some(function) = Function::of(algorithm) else {
                (0..input.count).for_each(|index| self.single(input, algorithm, index, digests));
                continue;
            };
            let salted = input.mix == Mix::SaltIsKey;
            let keys = salted.then(|| Keys::new(self.level, function, |_| input.salt));
            lanes.push((function, row, keys));
        }
        if lanes.is_empty() {
            return;
        }
        let (before, after) = input.mix.around(input.salt);
        for first in (0..input.count).step_by(LANES) {
            let count = LANES.min(input.count - first);
            let long = self.fill(input, (&before, &after), first, count);
            for (function, row, keys) in &lanes {
                let (function, Some(digests)) = (*function, digests.get_mut(*row)) else { continue };
                let state = self.lanes(input, function, keys.as_ref(), first);
                for lane in 0..count {
                    write(function, &state, lane, digests.get_mut(first + lane));
                }
                for lane in (0..count).filter(|lane| long >> lane & 1 == 1) {
                    self.single(input, function.algorithm(), first + lane, digests);
                }
            }
        }
    }

    /// Puts messages into the lanes; the bits of those that are too long come back.
    fn fill(&mut self, input: Input<'_>, (before, after): (&[u8], &[u8]), first: usize, count: usize) -> u32 {
        self.messages.clear();
        let mut long = 0;
        for lane in 0..count {
            let text = input.texts.get(first + lane);
            let fits = match input.mix {
                Mix::ValueIsKey => text.len() <= 64 && self.messages.set(lane, [input.salt, b"", b""]),
                _ => self.messages.set(lane, [before, text, after]),
            };
            long |= u32::from(!fits) << lane;
        }
        long
    }

    fn lanes(&mut self, input: Input<'_>, function: Function, keys: Option<&Keys>, first: usize) -> State {
        let own = (input.mix == Mix::ValueIsKey)
            .then(|| Keys::new(self.level, function, |lane| input.texts.get(first + lane)));
        match keys.or(own.as_ref()) {
            Some(keys) => {
                let inner = self.messages.digest(self.level, function, &keys.inner, 64);
                keys.finish(self.level, function, &inner)
            }
            None => self.messages.digest(self.level, function, &function.start(), 0),
        }
    }

    fn single(&mut self, input: Input<'_>, algorithm: Algorithm, index: usize, digests: &mut Digests) {
        let (text, digest) = (input.texts.get(index), digests.get_mut(index));
        match input.mix {
            Mix::SaltIsKey => _ = algorithm.hmac_into(input.salt, text, digest),
            Mix::ValueIsKey => _ = algorithm.hmac_into(text, input.salt, digest),
            mix => {
                self.message.clear();
                mix.write(text, input.salt, &mut self.message);
                algorithm.digest_into(&self.message, digest);
            }
        }
    }
}

/// HMAC's two states (RFC 2104) after the blocks of the key.
struct Keys {
    inner: State,
    outer: State,
}

impl Keys {
    fn new<'a>(level: Level, function: Function, key: impl Fn(usize) -> &'a [u8]) -> Self {
        let mut bytes = [[0_u8; 64]; LANES];
        for (lane, padded) in bytes.iter_mut().enumerate() {
            let key = key(lane);
            match padded.get_mut(..key.len()) {
                Some(room) => room.copy_from_slice(key),
                None => {
                    let room = padded.get_mut(..function.len()).unwrap_or_default();
                    function.algorithm().digest_into(key, room);
                }
            }
        }
        let [inner, outer] = [0x36, 0x5C].map(|pad| {
            let mut state = function.start();
            compress(level, function, &mut state, &block(&bytes, pad));
            state
        });
        Self { inner, outer }
    }

    fn finish(&self, level: Level, function: Function, inner: &State) -> State {
        let mut block: Block = [[0; LANES]; 16];
        let words = function.len() / 4;
        for (row, words) in block.iter_mut().zip(inner).take(words) {
            *row = words.map(|word| function.little(word));
        }
        let bits = u32::try_from((64 + function.len()) * 8).unwrap_or_default();
        let at = if function == Function::Md5 { 14 } else { 15 };
        for (place, word) in [(words, 0x80), (at, function.little(bits))] {
            if let Some(row) = block.get_mut(place) {
                *row = [word; LANES];
            }
        }
        let mut state = self.outer;
        compress(level, function, &mut state, &block);
        state
    }
}

/// The lanes' keys as a block, each byte xored with the pad.
fn block(bytes: &[[u8; 64]; LANES], pad: u8) -> Block {
    let mut block: Block = [[0; LANES]; 16];
    for (lane, bytes) in bytes.iter().enumerate() {
        for (row, word) in block.iter_mut().zip(bytes.as_chunks().0) {
            if let Some(slot) = row.get_mut(lane) {
                *slot = u32::from_le_bytes(word.map(|byte| byte ^ pad));
            }
        }
    }
    block
}

/// A lane's state as the bytes of its digest.
fn write(function: Function, state: &State, lane: usize, digest: &mut [u8]) {
    for (bytes, words) in digest.chunks_exact_mut(4).zip(state) {
        let word = words.get(lane).copied().unwrap_or_default();
        bytes.copy_from_slice(&function.little(word).to_le_bytes());
    }
}
