//! Ciphers over whole messages: the block functions are a library's, modes and padding are written here anew
//! (NIST SP 800-38A, RFC 5652), as are TEA and XXTEA (Wheeler and Needham, 1994 and 1998).

use aes::cipher::{Array, BlockCipherEncrypt, BlockSizeUser, KeyInit, StreamCipher};
use chacha20::{ChaCha20, KeyIvInit};

/// Encrypts a block in its place.
type Encrypt = Box<dyn Fn(&mut [u8])>;

/// A block cipher with its key.
pub(crate) struct Cipher {
    block: usize,
    encrypt: Encrypt,
}

impl Cipher {
    fn library<C: KeyInit + BlockCipherEncrypt + BlockSizeUser + 'static>(key: &[u8]) -> Self {
        let cipher = C::new_from_slice(key).unwrap();
        let encrypt = move |block: &mut [u8]| {
            cipher.encrypt_block(<&mut Array<u8, C::BlockSize>>::try_from(block).unwrap());
        };
        Self { block: C::block_size(), encrypt: Box::new(encrypt) }
    }

    /// AES with a key of 16 or 32 bytes.
    pub(crate) fn aes(key: &[u8]) -> Self {
        if key.len() == 16 { Self::library::<aes::Aes128>(key) } else { Self::library::<aes::Aes256>(key) }
    }

    pub(crate) fn des(key: &[u8]) -> Self {
        Self::library::<des::Des>(key)
    }

    /// Triple DES with three keys.
    pub(crate) fn triple_des(key: &[u8]) -> Self {
        Self::library::<des::TdesEde3>(key)
    }

    pub(crate) fn sm4(key: &[u8]) -> Self {
        Self::library::<sm4::Sm4>(key)
    }

    /// TEA, its words in the order of the network.
    pub(crate) fn tea(key: &[u8]) -> Self {
        let key = words(key, u32::from_be_bytes);
        let encrypt = move |block: &mut [u8]| {
            let both = words(block, u32::from_be_bytes);
            let (mut first, mut second, mut sum) = (both[0], both[1], 0_u32);
            let mix = |word: u32, sum: u32, left: u32, right: u32| {
                (word << 4).wrapping_add(left) ^ word.wrapping_add(sum) ^ (word >> 5).wrapping_add(right)
            };
            for _ in 0..32 {
                sum = sum.wrapping_add(DELTA);
                first = first.wrapping_add(mix(second, sum, key[0], key[1]));
                second = second.wrapping_add(mix(first, sum, key[2], key[3]));
            }
            block[..4].copy_from_slice(&first.to_be_bytes());
            block[4..].copy_from_slice(&second.to_be_bytes());
        };
        Self { block: 8, encrypt: Box::new(encrypt) }
    }

    /// Each block by itself, padded.
    pub(crate) fn ecb(&self, text: &[u8]) -> Vec<u8> {
        let mut text = self.padded(text);
        text.chunks_mut(self.block).for_each(|block| (self.encrypt)(block));
        text
    }

    /// Each block xored with the one before, padded.
    pub(crate) fn cbc(&self, iv: &[u8], text: &[u8]) -> Vec<u8> {
        let mut text = self.padded(text);
        let mut last = iv.to_vec();
        for block in text.chunks_mut(self.block) {
            xor(block, &last);
            (self.encrypt)(block);
            last.copy_from_slice(block);
        }
        text
    }

    /// A counter encrypted, xored with the text.
    pub(crate) fn ctr(&self, iv: &[u8], text: &[u8]) -> Vec<u8> {
        let mut counter = u128::from_be_bytes(iv.try_into().unwrap());
        let next = |_: &[u8]| {
            let block = counter.to_be_bytes().to_vec();
            counter = counter.wrapping_add(1);
            block
        };
        self.streamed(text, next)
    }

    /// What was encrypted last, encrypted, xored with the text.
    pub(crate) fn cfb(&self, iv: &[u8], text: &[u8]) -> Vec<u8> {
        let mut first = Some(iv.to_vec());
        self.streamed(text, move |last| first.take().unwrap_or_else(|| last.to_vec()))
    }

    fn streamed(&self, text: &[u8], mut next: impl FnMut(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let mut text = text.to_vec();
        let mut last = Vec::new();
        for part in text.chunks_mut(self.block) {
            let mut stream = next(&last);
            (self.encrypt)(&mut stream);
            xor(part, &stream);
            last = part.to_vec();
        }
        text
    }

    /// PKCS #7: as many bytes as are missing, each their number.
    fn padded(&self, text: &[u8]) -> Vec<u8> {
        let missing = self.block - text.len() % self.block;
        [text, &vec![missing as u8; missing]].concat()
    }
}

/// AES in GCM (NIST SP 800-38D) without its tag's meaning: the counter begins at 2 behind a nonce of 12 bytes. Who
/// reads along has no use for the tag; here it is noise.
pub(crate) fn gcm(key: &[u8], nonce: &[u8], tag: &[u8], text: &[u8]) -> Vec<u8> {
    let counter = [nonce, &[0, 0, 0, 2]].concat();
    [Cipher::aes(key).ctr(&counter, text), tag.to_vec()].concat()
}

/// ChaCha20 (RFC 8439) from a block of its stream on.
pub(crate) fn chacha20(key: &[u8], nonce: &[u8], from: usize, text: &[u8]) -> Vec<u8> {
    let mut stream = [vec![0; from * 64], text.to_vec()].concat();
    ChaCha20::new_from_slices(key, nonce).unwrap().apply_keystream(&mut stream);
    stream.split_off(from * 64)
}

pub(crate) fn rc4(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut text = text.to_vec();
    rc4::Rc4::new_from_slice(key).unwrap().apply_keystream(&mut text);
    text
}

/// XXTEA over a text with its length behind it, as its libraries have it; words begin with the low byte.
pub(crate) fn xxtea(key: &[u8], text: &[u8]) -> Vec<u8> {
    let filled = [text, &vec![0; text.len().next_multiple_of(4) - text.len()]].concat();
    let mut words = words(&filled, u32::from_le_bytes);
    words.push(text.len() as u32);
    mixed(key, words)
}

fn mixed(key: &[u8], mut text: Vec<u32>) -> Vec<u8> {
    let key = words(key, u32::from_le_bytes);
    let count = text.len();
    let mut sum = 0_u32;
    let mut last = text[count - 1];
    for _ in 0..6 + 52 / count {
        sum = sum.wrapping_add(DELTA);
        let turn = (sum >> 2 & 3) as usize;
        for place in 0..count {
            let next = text[(place + 1) % count];
            let mixed = (last >> 5 ^ next << 2).wrapping_add(next >> 3 ^ last << 4)
                ^ (sum ^ next).wrapping_add(key[place & 3 ^ turn] ^ last);
            text[place] = text[place].wrapping_add(mixed);
            last = text[place];
        }
    }
    text.into_iter().flat_map(u32::to_le_bytes).collect()
}

fn words(bytes: &[u8], read: fn([u8; 4]) -> u32) -> Vec<u32> {
    bytes.chunks(4).map(|word| read(word.try_into().unwrap())).collect()
}

fn xor(text: &mut [u8], stream: &[u8]) {
    text.iter_mut().zip(stream).for_each(|(byte, key)| *byte ^= key);
}

const DELTA: u32 = 0x9e37_79b9;

/// Made with `printf 0123456789abcdef | openssl enc -aes-128-ecb -K 30313233343536373839616263646566`, and so on; those
/// of TEA and XXTEA, which openssl lacks, are everybody's: a block of zeros under a key of zeros.
#[test]
fn ciphers_have_known_answers() {
    use crate::codes::hex;
    let (key, iv, text) = (b"0123456789abcdef", [7; 16], b"0123456789abcdef");
    let rows = [
        (Cipher::aes(key).ecb(text), "72727e881edcfd0100a718687909b565377222e061a924c591cd9c27ea163ed4"),
        (Cipher::aes(key).cbc(&iv, text), "8c4d4ab271b961f3e7fba332ddde0bcd8ed11a008b80b246feeb0f75c96be9e6"),
        (Cipher::aes(key).ctr(&iv, text), "874f5e95cc327b9f248eb811fd340ccd"),
        (
            Cipher::aes(key).cfb(&iv, b"0123456789abcdef01234567"),
            "874f5e95cc327b9f248eb811fd340ccd7af4382d9a6ad78d",
        ),
        (Cipher::des(b"20240115").ecb(b"hello"), "fbe460ef0933642e"),
        (chacha20(&[7; 32], &[0; 12], 0, text), "c431a04b639fc0762ccc00d8cfd71c16"),
        (rc4(key, text), "b459726ac97b96af31cf3bfca3f73623"),
        (Cipher::tea(&[0; 16]).cbc(&[0; 8], &[0; 8])[..8].to_vec(), "41ea3a0a94baa940"),
        (mixed(&[0; 16], vec![0, 0]), "ab043705808c5d57"),
    ];
    for (made, known) in rows {
        assert_eq!(hex(&made), known);
    }
}
