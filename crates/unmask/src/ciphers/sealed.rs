//! Tags of authenticity: GHASH of GCM (NIST SP 800-38D) and Poly1305 (RFC 8439), without additional data.
//!
//! The tag alone is computed, apart from the plaintext: with additional data that nobody knows it is wrong under the right
//! key, and the plaintext tells.

use ghash::{
    GHash,
    universal_hash::{KeyInit, UniversalHash},
};
use poly1305::Poly1305;

/// Bytes of a tag.
pub(super) const TAG: usize = 16;
/// Bytes of a nonce.
pub(super) const NONCE: usize = 12;
/// The longest ciphertext whose tag is computed before its first block was looked at.
pub(super) const SEALED: usize = 512;

/// The tag of a ciphertext under GCM; `encrypt` is the cipher of one block.
pub(super) fn gcm(encrypt: impl Fn(&[u8]) -> [u8; 16], nonce: &[u8], text: &[u8]) -> [u8; 16] {
    let mut hash = GHash::new(&encrypt(&[0; 16]).into());
    hash.update_padded(text);
    hash.update(&[(text.len() as u128).saturating_mul(8).to_be_bytes().into()]);
    let (hash, mask) = (u128::from_be_bytes(hash.finalize().into()), encrypt(&counter(nonce, 1)));
    (hash ^ u128::from_be_bytes(mask)).to_be_bytes()
}

/// GCM's counter block of a nonce of 96 bits.
pub(super) fn counter(nonce: &[u8], number: u8) -> [u8; 16] {
    let mut block = [0; 16];
    block.iter_mut().zip(nonce.iter().take(NONCE)).for_each(|(ours, byte)| *ours = *byte);
    let [.., last] = &mut block;
    *last = number;
    block
}

/// The tag of a ciphertext of ChaCha20 with the first half of its first block as key.
pub(super) fn chacha20(key: &[u8; 32], text: &[u8]) -> [u8; 16] {
    let mut sum = Poly1305::new(key.into());
    sum.update_padded(text);
    // Eight bytes each: no additional data, and so much text.
    sum.update(&[((text.len() as u128) << 64).to_le_bytes().into()]);
    sum.finalize().into()
}

#[cfg(test)]
mod tests {
    use aes::cipher::{BlockCipherEncrypt, KeyInit};

    use super::*;
    use crate::carrier::{hex, to_hex};

    /// `AESGCM(bytes(16)).encrypt(bytes(12), bytes(16), None)` of Python's cryptography; test case 2 of GCM's paper.
    #[test]
    fn the_tag_of_gcm_is_that_of_its_paper() {
        let cipher = aes::Aes128::new(&[0; 16].into());
        let encrypt = |block: &[u8]| {
            let mut block = <[u8; 16]>::try_from(block).unwrap().into();
            cipher.encrypt_block(&mut block);
            block.into()
        };
        let text = hex(b"0388dace60b6a392f328c2b971b2fe78").unwrap();
        assert_eq!(to_hex(&gcm(encrypt, &[0; 12], &text)), "ab6e47d42cec13bdf53a67b21257bddf");
        assert_eq!(to_hex(&gcm(encrypt, &[0; 12], &[])), "58e2fccefa7e3061367f1d57a4e7455a");
    }
}
