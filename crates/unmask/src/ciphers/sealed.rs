//! Tags of authenticity: GHASH of GCM (NIST SP 800-38D) and Poly1305 (RFC 8439), without additional data.

/// Bytes of a tag.
pub(super) const TAG: usize = 16;
/// Bytes of a nonce.
pub(super) const NONCE: usize = 12;

/// The tag of a ciphertext under GCM; `encrypt` is the cipher of one block.
pub(super) fn gcm(encrypt: impl Fn(&[u8]) -> [u8; 16], nonce: &[u8], text: &[u8]) -> [u8; 16] {
    let subkey = u128::from_be_bytes(encrypt(&[0; 16]));
    let blocks = text.chunks(16).map(|part| u128::from_be_bytes(filled(part)));
    let bits = (text.len() as u128).saturating_mul(8);
    let hash = blocks.chain([bits]).fold(0, |hash, block| multiplied(hash ^ block, subkey));
    let mask = u128::from_be_bytes(encrypt(&counter(nonce, 1)));
    (hash ^ mask).to_be_bytes()
}

/// GCM's counter block of a nonce of 96 bits.
pub(super) fn counter(nonce: &[u8], number: u8) -> [u8; 16] {
    let mut block = filled(nonce.get(..NONCE).unwrap_or(nonce));
    block.last_mut().into_iter().for_each(|last| *last = number);
    block
}

/// The product in the field of 2¹²⁸ elements whose bits stand in reverse.
fn multiplied(one: u128, other: u128) -> u128 {
    let (mut product, mut shifted) = (0, other);
    for bit in (0..u128::BITS).rev() {
        product ^= shifted & 0_u128.wrapping_sub(one >> bit & 1);
        shifted = shifted >> 1 ^ (0xe1 << 120 & 0_u128.wrapping_sub(shifted & 1));
    }
    product
}

/// The tag of a ciphertext of ChaCha20 with the first half of its first block as key.
pub(super) fn chacha20(key: &[u8; 32], text: &[u8]) -> [u8; 16] {
    let lengths = (text.len() as u128) << 64;
    let blocks = text.chunks(16).map(filled).chain([lengths.to_le_bytes()]);
    poly1305(key, blocks.map(|block| (u128::from_le_bytes(block), 1)))
}

/// Poly1305 of blocks as little-endian numbers, with what is added behind each, in limbs of 26 bits.
fn poly1305(key: &[u8; 32], blocks: impl Iterator<Item = (u128, u64)>) -> [u8; 16] {
    let [first, second] =
        [key.get(..16), key.get(16..)].map(|half| u128::from_le_bytes(filled(half.unwrap_or_default())));
    let [r0, r1, r2, r3, r4] = limbs(first & 0x0fff_fffc_0fff_fffc_0fff_fffc_0fff_ffff, 0);
    let [s1, s2, s3, s4] = [r1, r2, r3, r4].map(|limb| limb * 5);
    let mut sum = [0_u64; 5];
    for (block, more) in blocks {
        let [b0, b1, b2, b3, b4] = limbs(block, more);
        let [h0, h1, h2, h3, h4] = sum;
        let [h0, h1, h2, h3, h4] = [h0 + b0, h1 + b1, h2 + b2, h3 + b3, h4 + b4];
        sum = carried([
            h0 * r0 + h1 * s4 + h2 * s3 + h3 * s2 + h4 * s1,
            h0 * r1 + h1 * r0 + h2 * s4 + h3 * s3 + h4 * s2,
            h0 * r2 + h1 * r1 + h2 * r0 + h3 * s4 + h4 * s3,
            h0 * r3 + h1 * r2 + h2 * r1 + h3 * r0 + h4 * s4,
            h0 * r4 + h1 * r3 + h2 * r2 + h3 * r1 + h4 * r0,
        ]);
    }
    reduced(sum).wrapping_add(second).to_le_bytes()
}

/// Limbs of 26 bits each but for what the last one carries over, which is five times as much in the first.
fn carried(mut limbs: [u64; 5]) -> [u64; 5] {
    let mut carry = 0;
    for _ in 0..2 {
        for limb in &mut limbs {
            *limb += carry;
            carry = *limb >> 26;
            *limb &= LIMB;
        }
        carry *= 5;
    }
    let [first, ..] = &mut limbs;
    *first += carry;
    limbs
}

/// The rest by 2¹³⁰ - 5, of which the lower 128 bits count.
fn reduced(sum: [u64; 5]) -> u128 {
    let whole = carried(sum);
    let [first, rest @ ..] = carried(whole);
    let is_over = first >= LIMB - 4 && rest == [LIMB; 4];
    let first = if is_over { first - (LIMB - 4) } else { first };
    let rest = if is_over { [0; 4] } else { rest };
    let limbs = [first].into_iter().chain(rest).zip([0_u32, 26, 52, 78, 104]);
    limbs.fold(0, |number: u128, (limb, place)| number.wrapping_add(u128::from(limb) << place))
}

fn limbs(number: u128, more: u64) -> [u64; 5] {
    let limb = |place: u32| u64::try_from(number >> place & u128::from(LIMB)).unwrap_or_default();
    [limb(0), limb(26), limb(52), limb(78), limb(104) | more << 24]
}

fn filled(part: &[u8]) -> [u8; 16] {
    let mut block = [0; 16];
    block.iter_mut().zip(part).for_each(|(ours, byte)| *ours = *byte);
    block
}

const LIMB: u64 = (1 << 26) - 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::{hex, to_hex};

    /// RFC 8439 appendix A.3, vectors 7, 8 and 10: at the edge of the modulus.
    #[test]
    fn poly1305_is_that_of_the_standard() {
        let rows = [
            ("02", "", "ffffffffffffffffffffffffffffffff", "03"),
            ("02", "ffffffffffffffffffffffffffffffff", "02000000000000000000000000000000", "03"),
            ("02", "", "fdffffffffffffffffffffffffffffff", "faffffffffffffffffffffffffffffff"),
        ];
        for (first, second, text, tag) in rows {
            let key: Vec<u8> =
                [filled(&hex(first.as_bytes()).unwrap()), filled(&hex(second.as_bytes()).unwrap())].concat();
            let text = hex(text.as_bytes()).unwrap();
            let blocks = text.chunks(16).map(|block| (u128::from_le_bytes(filled(block)), 1));
            assert_eq!(
                poly1305(&key.try_into().unwrap(), blocks),
                filled(&hex(tag.as_bytes()).unwrap()),
                "{text:?}"
            );
        }
    }

    /// `AESGCM(bytes(16)).encrypt(bytes(12), bytes(16), None)` of Python's cryptography; test case 2 of GCM's paper.
    #[test]
    fn ghash_is_that_of_the_standard() {
        use aes::cipher::{BlockCipherEncrypt, KeyInit};
        let cipher = aes::Aes128::new(&[0; 16].into());
        let encrypt = |block: &[u8]| {
            let mut block = filled(block).into();
            cipher.encrypt_block(&mut block);
            block.into()
        };
        let text = hex(b"0388dace60b6a392f328c2b971b2fe78").unwrap();
        assert_eq!(to_hex(&gcm(encrypt, &[0; 12], &text)), "ab6e47d42cec13bdf53a67b21257bddf");
        assert_eq!(to_hex(&gcm(encrypt, &[0; 12], &[])), "58e2fccefa7e3061367f1d57a4e7455a");
    }
}
