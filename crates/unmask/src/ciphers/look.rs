//! A first look at a key: a block or two, of those that do not depend on the vector where there are such.
//!
//! In CBC and CFB every block but the first is read whatever the vector is, and a padding stands in the last one. CTR,
//! CFB and OFB begin with the same stream, so that one block of it tells of all three. What passes is worth decrypting
//! further: of wrong keys some in a hundred, of right ones nearly all. Missed are streams that begin with sixteen
//! bytes that are like noise.

use super::{
    Mode, Padding,
    modes::Ready,
    sealed::{NONCE, SEALED, TAG, counter},
    vectors::{Kind, Vector},
};
use crate::{Cribs, plausible};

/// What was seen of a ciphertext with the key at hand; each part is looked at once.
pub(super) struct Look<'a> {
    ready: &'a Ready,
    size: usize,
    bytes: &'a [u8],
    cribs: &'a Cribs,
    first: Option<[u8; 16]>,
    later: Option<bool>,
    fed: Option<bool>,
    streams: Option<Vec<bool>>,
}

impl<'a> Look<'a> {
    pub(super) fn new(ready: &'a Ready, size: usize, bytes: &'a [u8], cribs: &'a Cribs) -> Self {
        Self { ready, size, bytes, cribs, first: None, later: None, fed: None, streams: None }
    }

    /// Whether a mode with one of its vectors is worth decrypting further.
    pub(super) fn passes(&mut self, mode: Mode, (vectors, number): (&[Vector<'_>], usize)) -> bool {
        let vector = vectors.get(number).copied().unwrap_or(Vector::NONE);
        match mode {
            Mode::Cbc => self.cbc(vector),
            Mode::Cfb => self.fed(vectors, number),
            Mode::Cfb8 => self.fed_by_bytes(vector),
            Mode::Ctr | Mode::Ofb => self.stream(vectors, number),
            Mode::Ecb => self.ecb(),
            Mode::Gcm => self.bytes.len() <= SEALED || self.sealed(vector),
            Mode::Poly1305 | Mode::Whole => true,
        }
    }

    /// Whether the first or the last block is plausible where each stands for itself.
    fn ecb(&mut self) -> bool {
        let first = self.first();
        let last = self.ready.once(self.back(self.size), false);
        self.is_hopeful(&first) || self.ends(&last)
    }

    /// Whether the second or the last block is plausible, for which no vector is needed, or the first one with it.
    fn cbc(&mut self, vector: Vector<'_>) -> bool {
        let later = match self.later {
            Some(later) => later,
            None => *self.later.insert(self.is_later_plausible()),
        };
        if later || vector.kind != Kind::Given {
            return later;
        }
        let first = xor(self.first(), vector.bytes);
        if self.bytes.len() == self.size {
            return self.is_hopeful(&first) || self.ends(&first);
        }
        plausible::starts(self.cut(&first))
    }

    /// Whether the stream of the vector of a number gives a plausible beginning.
    fn stream(&mut self, vectors: &[Vector<'_>], number: usize) -> bool {
        if self.streams.is_none() {
            self.streams = Some(vectors.iter().map(|vector| self.begins(*vector)).collect());
        }
        self.streams.as_ref().and_then(|streams| streams.get(number)).copied().unwrap_or_default()
    }

    /// The same where the ciphertext is fed back by blocks: the second block needs no vector.
    fn fed(&mut self, vectors: &[Vector<'_>], number: usize) -> bool {
        let fed = match self.fed {
            Some(fed) => fed,
            None => *self.fed.insert(self.is_second_fed()),
        };
        fed || self.stream(vectors, number)
    }

    /// The same where it is fed back by bytes.
    fn fed_by_bytes(&self, vector: Vector<'_>) -> bool {
        let (iv, body) = match vector.kind {
            // Behind the first block all vectors read the same.
            _ if self.bytes.len() >= self.size + BYTES => {
                self.bytes.split_at_checked(self.size).unwrap_or_default()
            }
            Kind::Given => (vector.bytes, self.bytes),
            _ => return false,
        };
        let (mut text, mut window) = (Vec::with_capacity(BYTES), iv.to_vec());
        for &byte in body.iter().take(BYTES) {
            let [stream, ..] = self.ready.once(&window, true);
            text.push(byte ^ stream);
            if plausible::text_bits(&text) < -4.0 {
                return false;
            }
            window.remove(0);
            window.push(byte);
        }
        self.is_hopeful(&text)
    }

    /// Whether a sealed ciphertext begins plausibly with a nonce; its tag is another matter.
    fn sealed(&self, vector: Vector<'_>) -> bool {
        let (nonce, body) = match vector.kind {
            Kind::Given => (vector.bytes, self.bytes),
            Kind::Prefix => self.bytes.split_at_checked(NONCE).unwrap_or_default(),
            Kind::None => return false,
        };
        let length = body.len().saturating_sub(TAG);
        self.is_hopeful_of(xor(self.ready.once(&counter(nonce, 2), true), body), length)
    }

    fn is_later_plausible(&self) -> bool {
        if self.bytes.len() < 2 * self.size {
            return false;
        }
        let last = self.ready.once(self.back(self.size), false);
        if self.ends(&xor(last, self.back(2 * self.size))) {
            return true;
        }
        let second = self.ready.once(self.from(self.size), false);
        self.is_hopeful(&xor(second, self.bytes))
    }

    fn is_second_fed(&self) -> bool {
        let second = self.from(self.size);
        second.len() >= BYTES
            && self.is_hopeful_of(xor(self.ready.once(self.bytes, true), second), second.len())
    }

    fn begins(&self, vector: Vector<'_>) -> bool {
        let (iv, body) = match vector.kind {
            Kind::Given => (vector.bytes, self.bytes),
            Kind::Prefix => self.bytes.split_at_checked(self.size).unwrap_or_default(),
            Kind::None => return false,
        };
        self.is_hopeful_of(xor(self.ready.once(iv, true), body), body.len())
    }

    fn first(&mut self) -> [u8; 16] {
        *self.first.get_or_insert_with(|| self.ready.once(self.bytes, false))
    }

    fn from(&self, at: usize) -> &'a [u8] {
        self.bytes.get(at..).unwrap_or_default()
    }

    /// So many bytes and those behind them, counted from the end.
    fn back(&self, count: usize) -> &'a [u8] {
        self.from(self.bytes.len().saturating_sub(count))
    }

    fn cut<'t>(&self, block: &'t [u8]) -> &'t [u8] {
        block.get(..self.size).unwrap_or(block)
    }

    fn is_hopeful(&self, block: &[u8]) -> bool {
        plausible::hopeful(self.cut(block), self.cribs)
    }

    /// The same of a block of which no more than so many bytes are text.
    fn is_hopeful_of(&self, block: [u8; 16], length: usize) -> bool {
        plausible::hopeful(self.cut(&block).get(..length).unwrap_or(self.cut(&block)), self.cribs)
    }

    /// Whether a last block ends with a padding, or is text to its end.
    fn ends(&self, block: &[u8]) -> bool {
        let block = self.cut(block);
        let padded =
            |padding: Padding| padding.strip(block, self.size).is_some_and(|kept| kept.len() < block.len());
        padded(Padding::Pkcs7) || padded(Padding::Zero) || self.is_hopeful(block)
    }
}

fn xor(mut block: [u8; 16], with: &[u8]) -> [u8; 16] {
    block.iter_mut().zip(with).for_each(|(byte, with)| *byte ^= with);
    block
}

/// Bytes that are looked at where each takes a block.
const BYTES: usize = 8;
