//! Ciphers of one block behind one face, so that modes and searches are written once.

use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockSizeUser, KeyInit};
use serde::{Deserialize, Serialize};

macro_rules! algorithms {
    ($($(#[$doc:meta])* $name:ident, $id:literal, $block:literal, $keys:expr;)*) => {
        /// The ciphers that are tried.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Algorithm { $($(#[$doc])* $name,)* }

        impl Algorithm {
            /// All of them, in the order of the enum.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name, as openssl has it where it has the cipher.
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// Bytes of a block; 1 where there are no blocks.
            pub fn block(self) -> usize {
                match self { $(Self::$name => $block,)* }
            }

            /// Lengths that a key may have.
            pub fn key_lengths(self) -> std::ops::RangeInclusive<usize> {
                match self { $(Self::$name => $keys,)* }
            }
        }
    };
}

algorithms! {
    /// AES with 128 bits (FIPS 197).
    Aes128, "aes-128", 16, 16..=16;
    /// AES with 192 bits.
    Aes192, "aes-192", 16, 24..=24;
    /// AES with 256 bits.
    Aes256, "aes-256", 16, 32..=32;
    /// Blowfish (Schneier, 1993).
    Blowfish, "bf", 8, 4..=56;
    /// ChaCha20 with a nonce of 96 bits and a counter from 0 (RFC 8439).
    ChaCha20, "chacha20", 1, 32..=32;
    /// DES (FIPS 46-3).
    Des, "des", 8, 8..=8;
    /// RC4.
    Rc4, "rc4", 1, 4..=256;
    /// SM4 (GB/T 32907-2016).
    Sm4, "sm4", 16, 16..=16;
    /// TEA, words in big-endian order (Wheeler and Needham, 1994).
    Tea, "tea", 8, 16..=16;
    /// TEA, words in little-endian order.
    TeaLe, "tea-le", 8, 16..=16;
    /// Triple DES with two keys.
    TripleDes2, "des-ede", 8, 16..=16;
    /// Triple DES with three keys.
    TripleDes3, "des-ede3", 8, 24..=24;
    /// XXTEA over the whole message, words in little-endian order (Wheeler and Needham, 1998).
    Xxtea, "xxtea", 1, 16..=16;
}

/// A block cipher with its key. Blocks of another length are left as they are.
pub(super) trait Block {
    fn encrypt(&self, block: &mut [u8]);
    fn decrypt(&self, block: &mut [u8]);
}

/// The block cipher with a key; `None` where the algorithm has no blocks or the key another length.
pub(super) fn keyed(algorithm: Algorithm, key: &[u8]) -> Option<Box<dyn Block>> {
    match algorithm {
        Algorithm::Aes128 => library::<aes::Aes128>(key),
        Algorithm::Aes192 => library::<aes::Aes192>(key),
        Algorithm::Aes256 => library::<aes::Aes256>(key),
        Algorithm::Blowfish => library::<blowfish::Blowfish>(key),
        Algorithm::Des => library::<des::Des>(key),
        Algorithm::Sm4 => library::<sm4::Sm4>(key),
        Algorithm::Tea => Some(Box::new(Tea { key: words(key, u32::from_be_bytes)?, big: true })),
        Algorithm::TeaLe => Some(Box::new(Tea { key: words(key, u32::from_le_bytes)?, big: false })),
        Algorithm::TripleDes2 => library::<des::TdesEde2>(key),
        Algorithm::TripleDes3 => library::<des::TdesEde3>(key),
        Algorithm::ChaCha20 | Algorithm::Rc4 | Algorithm::Xxtea => None,
    }
}

struct Library<C>(C);

fn library<C>(key: &[u8]) -> Option<Box<dyn Block>>
where
    C: KeyInit + BlockCipherEncrypt + BlockCipherDecrypt + BlockSizeUser + 'static,
{
    let cipher = C::new_from_slice(key).ok()?;
    Some(Box::new(Library(cipher)))
}

impl<C: BlockCipherEncrypt + BlockCipherDecrypt> Block for Library<C> {
    fn encrypt(&self, block: &mut [u8]) {
        if let Ok(block) = <&mut Array<u8, C::BlockSize>>::try_from(block) {
            self.0.encrypt_block(block);
        }
    }

    fn decrypt(&self, block: &mut [u8]) {
        if let Ok(block) = <&mut Array<u8, C::BlockSize>>::try_from(block) {
            self.0.decrypt_block(block);
        }
    }
}

struct Tea {
    key: [u32; 4],
    big: bool,
}

impl Tea {
    fn on_words(&self, block: &mut [u8], step: impl Fn(&mut u32, &mut u32)) {
        let Ok(bytes) = <&mut [u8; 8]>::try_from(block) else { return };
        let number =
            if self.big { u64::from_be_bytes(*bytes) } else { u64::from_le_bytes(*bytes).rotate_left(32) };
        let (mut first, mut second) = (high(number), low(number));
        step(&mut first, &mut second);
        let number = u64::from(first) << 32 | u64::from(second);
        *bytes = if self.big { number.to_be_bytes() } else { number.rotate_left(32).to_le_bytes() };
    }
}

impl Block for Tea {
    fn encrypt(&self, block: &mut [u8]) {
        let [a, b, c, d] = self.key;
        self.on_words(block, |first, second| {
            let mut sum = 0_u32;
            for _ in 0..32 {
                sum = sum.wrapping_add(DELTA);
                *first = first.wrapping_add(tea_round(*second, sum, a, b));
                *second = second.wrapping_add(tea_round(*first, sum, c, d));
            }
        });
    }

    fn decrypt(&self, block: &mut [u8]) {
        let [a, b, c, d] = self.key;
        self.on_words(block, |first, second| {
            let mut sum = DELTA.wrapping_mul(32);
            for _ in 0..32 {
                *second = second.wrapping_sub(tea_round(*first, sum, c, d));
                *first = first.wrapping_sub(tea_round(*second, sum, a, b));
                sum = sum.wrapping_sub(DELTA);
            }
        });
    }
}

fn tea_round(word: u32, sum: u32, left: u32, right: u32) -> u32 {
    (word << 4).wrapping_add(left) ^ word.wrapping_add(sum) ^ (word >> 5).wrapping_add(right)
}

/// XXTEA decrypted; `None` where the bytes are no two words or the key is not 16 bytes long.
pub(super) fn xxtea(key: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    let key = words(key, u32::from_le_bytes)?;
    if bytes.len() < 8 || !bytes.len().is_multiple_of(4) {
        return None;
    }
    let mut text: Vec<u32> =
        bytes.chunks_exact(4).filter_map(|word| Some(u32::from_le_bytes(word.try_into().ok()?))).collect();
    let rounds = 6 + u32::try_from(52 / text.len()).ok()?;
    let mut sum = DELTA.wrapping_mul(rounds);
    let mut next = *text.first()?;
    for _ in 0..rounds {
        let turn = usize::try_from(sum >> 2 & 3).ok()?;
        for at in (0..text.len()).rev() {
            let before = *if at == 0 { text.last()? } else { text.get(at - 1)? };
            let part = *key.get(at & 3 ^ turn)?;
            let mixed = ((before >> 5 ^ next << 2).wrapping_add(next >> 3 ^ before << 4))
                ^ ((sum ^ next).wrapping_add(part ^ before));
            let word = text.get_mut(at)?;
            *word = word.wrapping_sub(mixed);
            next = *word;
        }
        sum = sum.wrapping_sub(DELTA);
    }
    Some(text.into_iter().flat_map(u32::to_le_bytes).collect())
}

fn words(key: &[u8], read: fn([u8; 4]) -> u32) -> Option<[u32; 4]> {
    let words: Vec<u32> = key.chunks(4).map(|word| word.try_into().ok().map(read)).collect::<Option<_>>()?;
    words.try_into().ok()
}

fn high(number: u64) -> u32 {
    u32::try_from(number >> 32).unwrap_or(0)
}

fn low(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or(0)
}

/// RC4's key stream over the bytes; nothing where there is no key.
pub(super) fn rc4(key: &[u8], bytes: &mut [u8]) {
    let mut state: [u8; 256] = std::array::from_fn(|index| u8::try_from(index).unwrap_or(0));
    let mut j = 0_u8;
    for (i, part) in (0..=255_u8).zip(key.iter().cycle()) {
        j = j.wrapping_add(at(&state, i)).wrapping_add(*part);
        state.swap(usize::from(i), usize::from(j));
    }
    let (mut i, mut j) = (0_u8, 0_u8);
    for byte in bytes.iter_mut().filter(|_| !key.is_empty()) {
        i = i.wrapping_add(1);
        j = j.wrapping_add(at(&state, i));
        state.swap(usize::from(i), usize::from(j));
        *byte ^= at(&state, at(&state, i).wrapping_add(at(&state, j)));
    }
}

fn at(state: &[u8; 256], index: u8) -> u8 {
    state.get(usize::from(index)).copied().unwrap_or(0)
}

const DELTA: u32 = 0x9e37_79b9;
