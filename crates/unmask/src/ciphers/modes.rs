//! Modes of operation (NIST SP 800-38A) over any block cipher, and what ends a plaintext.

use std::fmt;

use aes::cipher::StreamCipher;
use chacha20::{ChaCha20, KeyIvInit};
use serde::{Deserialize, Serialize};

use super::{
    block::{Algorithm, Block, keyed, rc4, xxtea},
    sealed::{self, NONCE, TAG},
};

/// How a cipher is used on more than a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Cipher block chaining.
    Cbc,
    /// Cipher feedback of whole blocks.
    Cfb,
    /// Cipher feedback of single bytes.
    Cfb8,
    /// A big-endian counter as wide as a block.
    Ctr,
    /// Each block by itself.
    Ecb,
    /// A counter from 2 behind a nonce of 96 bits, and a tag behind the ciphertext (NIST SP 800-38D).
    Gcm,
    /// Output feedback.
    Ofb,
    /// A counter from 1, and a tag behind the ciphertext (RFC 8439).
    Poly1305,
    /// The cipher has no blocks, or takes the whole message for one.
    Whole,
}

impl Mode {
    /// The modes of an algorithm, the usual first.
    pub(super) fn of(algorithm: Algorithm) -> &'static [Self] {
        match algorithm {
            Algorithm::ChaCha20 => &[Self::Whole, Self::Poly1305],
            Algorithm::Aes128 | Algorithm::Aes192 | Algorithm::Aes256 => {
                &[Self::Ecb, Self::Cbc, Self::Gcm, Self::Ctr, Self::Cfb, Self::Ofb, Self::Cfb8]
            }
            _ if algorithm.block() == 1 => &[Self::Whole],
            _ => &[Self::Ecb, Self::Cbc, Self::Ctr, Self::Cfb, Self::Ofb, Self::Cfb8],
        }
    }

    /// Whether a tag stands behind the ciphertext.
    pub(super) fn is_sealed(self) -> bool {
        matches!(self, Self::Gcm | Self::Poly1305)
    }

    /// Whether the length must be one of whole blocks.
    pub(super) fn in_blocks(self) -> bool {
        matches!(self, Self::Cbc | Self::Ecb)
    }
}

/// The mode's name behind the cipher's: `-cbc`; nothing for the whole.
impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cbc => "-cbc",
            Self::Cfb => "-cfb",
            Self::Cfb8 => "-cfb8",
            Self::Ctr => "-ctr",
            Self::Ecb => "-ecb",
            Self::Gcm => "-gcm",
            Self::Ofb => "-ofb",
            Self::Poly1305 => "-poly1305",
            Self::Whole => "",
        })
    }
}

/// A cipher with its key, ready for many vectors.
pub(super) enum Ready {
    Block(Box<dyn Block>, usize),
    ChaCha20(Vec<u8>),
    Rc4(Vec<u8>),
    Xxtea(Vec<u8>),
}

impl Ready {
    pub(super) fn new(algorithm: Algorithm, key: &[u8]) -> Option<Self> {
        if !algorithm.key_lengths().contains(&key.len()) {
            return None;
        }
        match algorithm {
            Algorithm::ChaCha20 => Some(Self::ChaCha20(key.to_vec())),
            Algorithm::Rc4 => Some(Self::Rc4(key.to_vec())),
            Algorithm::Xxtea => Some(Self::Xxtea(key.to_vec())),
            _ => keyed(algorithm, key).map(|cipher| Self::Block(cipher, algorithm.block())),
        }
    }

    /// Bytes decrypted block by block, of which ECB and CBC with any vector are made; `None` without blocks.
    pub(super) fn blocks(&self, bytes: &[u8], text: &mut Vec<u8>) -> Option<usize> {
        let Self::Block(cipher, size) = self else { return None };
        text.clear();
        text.extend_from_slice(bytes);
        text.chunks_mut(*size).for_each(|block| cipher.decrypt(block));
        Some(*size)
    }

    /// One block encrypted or decrypted, zeros behind it; as it is where there are no blocks or it is no whole one.
    pub(super) fn once(&self, bytes: &[u8], encrypt: bool) -> [u8; 16] {
        let mut block = [0; 16];
        block.iter_mut().zip(bytes).for_each(|(ours, byte)| *ours = *byte);
        if let Self::Block(cipher, size) = self {
            let part = block.get_mut(..*size).unwrap_or_default();
            if encrypt { cipher.encrypt(part) } else { cipher.decrypt(part) }
        }
        block
    }

    /// The plaintext with its padding; `None` where the length does not fit.
    pub(super) fn decrypt(&self, mode: Mode, iv: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Block(cipher, 16) if mode == Mode::Gcm && iv.len() == NONCE => {
                let body = bytes.get(..bytes.len().checked_sub(TAG)?)?;
                decrypt(cipher.as_ref(), 16, Mode::Ctr, &sealed::counter(iv, 2), body)
            }
            Self::Block(cipher, size) => decrypt(cipher.as_ref(), *size, mode, iv, bytes),
            Self::ChaCha20(key) if mode == Mode::Poly1305 => {
                // The first block is the tag's key.
                let body = bytes.get(..bytes.len().checked_sub(TAG)?)?;
                let mut text = [&[0; 64], body].concat();
                ChaCha20::new_from_slices(key, iv).ok()?.try_apply_keystream(&mut text).ok()?;
                Some(text.split_off(64))
            }
            Self::ChaCha20(key) => {
                let mut text = bytes.to_vec();
                ChaCha20::new_from_slices(key, iv).ok()?.try_apply_keystream(&mut text).ok()?;
                Some(text)
            }
            Self::Rc4(key) => {
                let mut text = bytes.to_vec();
                rc4(key, &mut text);
                Some(text)
            }
            Self::Xxtea(key) => xxtea(key, bytes),
        }
    }

    /// Whether the tag behind a ciphertext is the right one, where nothing else was sealed with it.
    pub(super) fn is_sealed(&self, mode: Mode, iv: &[u8], bytes: &[u8]) -> bool {
        let split = bytes.len().checked_sub(TAG).and_then(|at| bytes.split_at_checked(at));
        let Some((body, tag)) = split.filter(|_| iv.len() == NONCE) else { return false };
        match self {
            Self::Block(_, 16) if mode == Mode::Gcm => {
                sealed::gcm(|block| self.once(block, true), iv, body) == tag
            }
            Self::ChaCha20(key) if mode == Mode::Poly1305 => {
                let mut first = [0; 32];
                let cipher = ChaCha20::new_from_slices(key, iv).ok();
                let made = cipher.and_then(|mut cipher| cipher.try_apply_keystream(&mut first).ok());
                made.is_some() && sealed::chacha20(&first, body) == tag
            }
            _ => false,
        }
    }
}

fn decrypt(cipher: &dyn Block, size: usize, mode: Mode, iv: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    if mode.in_blocks() && !bytes.len().is_multiple_of(size) || mode != Mode::Ecb && iv.len() != size {
        return None;
    }
    let mut text = bytes.to_vec();
    let mut register = Register::new(iv);
    match mode {
        Mode::Ecb => text.chunks_mut(size).for_each(|block| cipher.decrypt(block)),
        Mode::Cbc => {
            text.chunks_mut(size).for_each(|block| cipher.decrypt(block));
            xor(&mut text, iv.iter().chain(bytes));
        }
        Mode::Ctr | Mode::Ofb => {
            for part in text.chunks_mut(size) {
                let stream = register.encrypted(cipher);
                xor(part, stream.bytes().iter());
                if mode == Mode::Ofb {
                    register = stream;
                } else {
                    increment(register.bytes_mut());
                }
            }
        }
        Mode::Cfb => {
            for (part, fed) in text.chunks_mut(size).zip(bytes.chunks(size)) {
                xor(part, register.encrypted(cipher).bytes().iter());
                register = Register::new(fed);
            }
        }
        Mode::Cfb8 => {
            for (byte, fed) in text.iter_mut().zip(bytes) {
                xor(std::slice::from_mut(byte), register.encrypted(cipher).bytes().iter());
                register.feed(*fed);
            }
        }
        Mode::Gcm | Mode::Poly1305 | Mode::Whole => return None,
    }
    Some(text)
}

/// What a mode gives to its cipher: up to a block.
#[derive(Clone, Copy)]
struct Register([u8; 16], usize);

impl Register {
    fn new(bytes: &[u8]) -> Self {
        let mut register = [0; 16];
        register.iter_mut().zip(bytes).for_each(|(ours, byte)| *ours = *byte);
        Self(register, bytes.len().min(16))
    }

    fn bytes(&self) -> &[u8] {
        self.0.get(..self.1).unwrap_or_default()
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        self.0.get_mut(..self.1).unwrap_or_default()
    }

    fn encrypted(mut self, cipher: &dyn Block) -> Self {
        cipher.encrypt(self.bytes_mut());
        self
    }

    /// Takes a byte in behind, and drops the first.
    fn feed(&mut self, byte: u8) {
        let bytes = self.bytes_mut();
        bytes.rotate_left(1);
        bytes.last_mut().into_iter().for_each(|last| *last = byte);
    }
}

fn xor<'a>(text: &mut [u8], stream: impl Iterator<Item = &'a u8>) {
    text.iter_mut().zip(stream).for_each(|(byte, key)| *byte ^= key);
}

fn increment(counter: &mut [u8]) {
    for byte in counter.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            break;
        }
    }
}

/// What was put behind a plaintext to fill a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// The length of the text as a little-endian word, as libraries of XXTEA have it.
    Length,
    /// Nothing.
    None,
    /// As many bytes of their own number (RFC 5652 section 6.3).
    Pkcs7,
    /// Zeros.
    Zero,
}

/// The padding's name behind the mode's: `/pkcs7`; nothing for none.
impl fmt::Display for Padding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Length => "/length",
            Self::None => "",
            Self::Pkcs7 => "/pkcs7",
            Self::Zero => "/zero",
        })
    }
}

impl Padding {
    /// The padding that a plaintext ends with, if any, and the bits that it tells against noise.
    pub(super) fn of(text: &[u8], algorithm: Algorithm, mode: Mode) -> (Self, f64) {
        let paddings: &[Self] = match mode {
            Mode::Whole if algorithm == Algorithm::Xxtea => &[Self::Length, Self::Zero],
            Mode::Gcm | Mode::Poly1305 | Mode::Whole => &[],
            _ if text.len().is_multiple_of(algorithm.block()) => &[Self::Pkcs7, Self::Zero],
            _ => &[],
        };
        let found = paddings.iter().find_map(|&padding| {
            let kept = padding.strip(text, algorithm.block().max(4))?;
            let cut = u32::try_from(text.len() - kept.len()).ok().filter(|&cut| cut > 0)?;
            // As many lengths as a block has bytes, and two kinds.
            let bits = if padding == Self::Length { 28.0 } else { 8.0 * f64::from(cut) - 5.0 };
            Some((padding, bits))
        });
        found.unwrap_or((Self::None, 0.0))
    }

    /// The plaintext without its padding; `None` where there is no such padding.
    pub(super) fn strip(self, text: &[u8], block: usize) -> Option<&[u8]> {
        match self {
            Self::None => Some(text),
            Self::Pkcs7 => {
                let &last = text.last()?;
                let kept = text.len().checked_sub(usize::from(last))?;
                let whole = (1..=block).contains(&usize::from(last));
                (whole && text.get(kept..)?.iter().all(|&byte| byte == last)).then(|| text.get(..kept))?
            }
            Self::Zero => {
                let kept = text.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
                // A whole block of zeros is content.
                (text.len() - kept < block && kept > 0).then(|| text.get(..kept))?
            }
            Self::Length => {
                let body = text.len().checked_sub(4)?;
                let length = u32::from_le_bytes(text.get(body..)?.try_into().ok()?);
                let length = usize::try_from(length).ok()?;
                (length <= body && body - length < 4).then(|| text.get(..length))?
            }
        }
    }
}
