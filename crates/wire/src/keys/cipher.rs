//! Ciphers, undone: what a record's protection takes apart is decrypted here, and again where a proof is run.
//!
//! AES-GCM and ChaCha20-Poly1305 are by `aws-lc-rs`, which is several times faster; the others by RustCrypto.

use aes::{Aes128, Aes256};
use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use camellia::{Camellia128, Camellia256};
use cbc::cipher::{
    BlockModeDecrypt, InOutBuf, InnerIvInit, KeyIvInit, StreamCipher,
    array::Array,
    block::BlockCipherDecrypt,
    common::{BlockSizeUser, KeyInit},
};
use ccm::{
    Ccm,
    aead::AeadInOut,
    consts::{U8, U12, U16},
};
use chacha20::ChaCha20;
use ctr::{Ctr32BE, Ctr64BE};
use des::{Des, TdesEde3};
use evidence::Cipher;
use rc4::Rc4;

/// A cipher with its key.
pub(crate) enum Opener {
    Aes128Cbc(Box<Aes128>),
    Aes128Ccm(Box<Ccm<Aes128, U16, U12>>),
    Aes128Ccm8(Box<Ccm<Aes128, U8, U12>>),
    Aes256Cbc(Box<Aes256>),
    Aes256Ccm(Box<Ccm<Aes256, U16, U12>>),
    Aes256Ccm8(Box<Ccm<Aes256, U8, U12>>),
    Camellia128Cbc(Box<Camellia128>),
    Camellia256Cbc(Box<Camellia256>),
    Des(Box<Des>),
    /// AES-GCM and ChaCha20-Poly1305.
    Fast(Box<LessSafeKey>),
    /// Knows how far it has come.
    Rc4(Box<Rc4>),
    TripleDes(Box<TdesEde3>),
}

impl Opener {
    /// A cipher with that key. `None` where the key's length is another.
    pub(crate) fn new(cipher: Cipher, key: &[u8]) -> Option<Self> {
        fn of<C: KeyInit>(key: &[u8]) -> Option<Box<C>> {
            C::new_from_slice(key).ok().map(Box::new)
        }
        let fast =
            |algorithm| Some(Self::Fast(Box::new(LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?))));
        match cipher {
            Cipher::Aes128Cbc => of(key).map(Self::Aes128Cbc),
            Cipher::Aes128Ccm => of(key).map(Self::Aes128Ccm),
            Cipher::Aes128Ccm8 => of(key).map(Self::Aes128Ccm8),
            Cipher::Aes128Gcm => fast(&AES_128_GCM),
            Cipher::Aes256Cbc => of(key).map(Self::Aes256Cbc),
            Cipher::Aes256Ccm => of(key).map(Self::Aes256Ccm),
            Cipher::Aes256Ccm8 => of(key).map(Self::Aes256Ccm8),
            Cipher::Aes256Gcm => fast(&AES_256_GCM),
            Cipher::Camellia128Cbc => of(key).map(Self::Camellia128Cbc),
            Cipher::Camellia256Cbc => of(key).map(Self::Camellia256Cbc),
            Cipher::ChaCha20Poly1305 => fast(&CHACHA20_POLY1305),
            Cipher::DesCbc => of(key).map(Self::Des),
            Cipher::Rc4 => of(key).map(Self::Rc4),
            Cipher::TripleDesCbc => of(key).map(Self::TripleDes),
        }
    }

    /// Passes over bytes of a key stream. `None` where there is none, or where nobody can have come that far.
    pub(crate) fn pass(&mut self, count: u64) -> Option<()> {
        if count == 0 {
            return Some(());
        }
        let Self::Rc4(cipher) = self else { return None };
        let (mut left, mut passed) = (usize::try_from(count).ok().filter(|_| count <= FARTHEST)?, [0; 4096]);
        while left > 0 {
            let len = left.min(passed.len());
            cipher.try_apply_keystream(passed.get_mut(..len)?).ok()?;
            left -= len;
        }
        Some(())
    }

    /// Puts what `sealed` gives into `out`, which is as long as it: an AEAD cipher's tag leaves room at the end
    /// that means nothing. `nonce` is the initialisation vector of a block cipher; RC4 has none. Returns the
    /// length, or `None` where the tag does not fit or the lengths cannot be.
    pub(crate) fn open(&mut self, nonce: &[u8], aad: &[u8], sealed: &[u8], out: &mut [u8]) -> Option<usize> {
        match self {
            Self::Aes128Cbc(key) => cbc(&**key, nonce, sealed, out),
            Self::Aes128Ccm(key) => ccm(&**key, nonce, aad, sealed, out),
            Self::Aes128Ccm8(key) => ccm(&**key, nonce, aad, sealed, out),
            Self::Aes256Cbc(key) => cbc(&**key, nonce, sealed, out),
            Self::Aes256Ccm(key) => ccm(&**key, nonce, aad, sealed, out),
            Self::Aes256Ccm8(key) => ccm(&**key, nonce, aad, sealed, out),
            Self::Camellia128Cbc(key) => cbc(&**key, nonce, sealed, out),
            Self::Camellia256Cbc(key) => cbc(&**key, nonce, sealed, out),
            Self::Des(key) => cbc(&**key, nonce, sealed, out),
            Self::Fast(key) => {
                let len = sealed.len().checked_sub(key.algorithm().tag_len())?;
                let (sealed, tag) = sealed.split_at_checked(len)?;
                let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
                key.open_separate_gather(nonce, Aad::from(aad), sealed, tag, out.get_mut(..len)?).ok()?;
                Some(len)
            }
            Self::Rc4(cipher) => {
                let out = out.get_mut(..sealed.len())?;
                cipher.try_apply_keystream_inout(InOutBuf::new(sealed, out).ok()?).ok()?;
                Some(sealed.len())
            }
            Self::TripleDes(key) => cbc(&**key, nonce, sealed, out),
        }
    }
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opener").finish_non_exhaustive()
    }
}

/// What the first bytes of a sealed message give, of which the end and with it the tag is missing: nobody
/// vouches for them. Of a block cipher, its whole blocks. `None` where the lengths cannot be.
///
/// Of RC4, `skip` bytes of the key stream were used before.
pub(crate) fn open_cut(
    cipher: Cipher,
    key: &[u8],
    nonce: &[u8],
    (skip, cut): (u64, &[u8]),
) -> Option<Vec<u8>> {
    let mut bytes = cut.to_vec();
    // The counter of RFC 5288 is four bytes and begins with 2, that of RFC 6655 three and begins with 1.
    let gcm = || counted(&[], nonce, &[0, 0, 0, 2]);
    let ccm = || counted(&[2], nonce, &[0, 0, 1]);
    match cipher {
        Cipher::Aes128Ccm | Cipher::Aes128Ccm8 => {
            Ctr64BE::<Aes128>::new_from_slices(key, &ccm()?).ok()?.try_apply_keystream(&mut bytes).ok()?;
        }
        Cipher::Aes128Gcm => {
            Ctr32BE::<Aes128>::new_from_slices(key, &gcm()?).ok()?.try_apply_keystream(&mut bytes).ok()?;
        }
        Cipher::Aes256Ccm | Cipher::Aes256Ccm8 => {
            Ctr64BE::<Aes256>::new_from_slices(key, &ccm()?).ok()?.try_apply_keystream(&mut bytes).ok()?;
        }
        Cipher::Aes256Gcm => {
            Ctr32BE::<Aes256>::new_from_slices(key, &gcm()?).ok()?.try_apply_keystream(&mut bytes).ok()?;
        }
        Cipher::ChaCha20Poly1305 => {
            // The first block of the key stream made the key of the MAC.
            let mut cipher = ChaCha20::new_from_slices(key, nonce).ok()?;
            cipher.try_apply_keystream(&mut [0; 64]).ok()?;
            cipher.try_apply_keystream(&mut bytes).ok()?;
        }
        Cipher::Rc4 => {
            let mut opener = Opener::new(cipher, key)?;
            opener.pass(skip)?;
            opener.open(&[], &[], cut, &mut bytes)?;
        }
        _ => {
            let whole = cut.len() / block_len(cipher).max(1) * block_len(cipher);
            let len = Opener::new(cipher, key)?.open(nonce, &[], cut.get(..whole)?, &mut bytes)?;
            bytes.truncate(len);
        }
    }
    Some(bytes)
}

fn counted(flags: &[u8], nonce: &[u8], counter: &[u8]) -> Option<[u8; 16]> {
    [flags, nonce, counter].concat().try_into().ok()
}

fn cbc<C: BlockCipherDecrypt>(key: &C, iv: &[u8], sealed: &[u8], out: &mut [u8]) -> Option<usize> {
    let iv = <&Array<u8, C::BlockSize>>::try_from(iv).ok()?;
    let (blocks, rest) = Array::<u8, C::BlockSize>::slice_as_chunks(sealed);
    let (room, _) = Array::<u8, C::BlockSize>::slice_as_chunks_mut(out.get_mut(..sealed.len())?);
    if !rest.is_empty() {
        return None;
    }
    let mut decryptor = cbc::Decryptor::inner_iv_init(Borrowed(key), iv);
    decryptor.decrypt_blocks_b2b(blocks, room).ok()?;
    Some(sealed.len())
}

fn ccm<C: AeadInOut>(key: &C, nonce: &[u8], aad: &[u8], sealed: &[u8], out: &mut [u8]) -> Option<usize> {
    let len = sealed.len().checked_sub(size_of::<ccm::aead::Tag<C>>())?;
    let (sealed, tag) = sealed.split_at_checked(len)?;
    let (nonce, tag) = (nonce.try_into().ok()?, tag.try_into().ok()?);
    let buffer = InOutBuf::new(sealed, out.get_mut(..len)?).ok()?;
    key.decrypt_inout_detached(nonce, aad, buffer, tag).ok()?;
    Some(len)
}

/// Bytes of the vector that follows from the secret: the first one of a block cipher, else what nonces share.
pub(crate) fn iv_len(cipher: Cipher) -> usize {
    match kind(cipher) {
        Kind::Block => block_len(cipher),
        Kind::Counter => 4,
        Kind::Mixed => NONCE,
        Kind::Stream => 0,
    }
}

/// Bytes of a block; 1 of ciphers that have none.
pub(crate) fn block_len(cipher: Cipher) -> usize {
    match cipher {
        Cipher::Aes128Cbc | Cipher::Aes256Cbc | Cipher::Camellia128Cbc | Cipher::Camellia256Cbc => 16,
        Cipher::DesCbc | Cipher::TripleDesCbc => 8,
        _ => 1,
    }
}

/// How TLS 1.2 uses a cipher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Blocks, with a MAC of its own (RFC 5246 section 6.2.3.2).
    Block,
    /// AEAD; half of the nonce is sent (RFC 5288, RFC 6655).
    Counter,
    /// AEAD; the nonce is the vector mixed with the record's number (RFC 7905).
    Mixed,
    /// A stream, with a MAC of its own (RFC 5246 section 6.2.3.1).
    Stream,
}

pub(crate) fn kind(cipher: Cipher) -> Kind {
    match cipher {
        Cipher::Aes128Ccm
        | Cipher::Aes128Ccm8
        | Cipher::Aes128Gcm
        | Cipher::Aes256Ccm
        | Cipher::Aes256Ccm8
        | Cipher::Aes256Gcm => Kind::Counter,
        Cipher::ChaCha20Poly1305 => Kind::Mixed,
        Cipher::Rc4 => Kind::Stream,
        Cipher::Aes128Cbc
        | Cipher::Aes256Cbc
        | Cipher::Camellia128Cbc
        | Cipher::Camellia256Cbc
        | Cipher::DesCbc
        | Cipher::TripleDesCbc => Kind::Block,
    }
}

/// Bytes of the tag of an AEAD cipher; 0 of others.
pub(crate) fn tag_len(cipher: Cipher) -> usize {
    match (cipher, kind(cipher)) {
        (Cipher::Aes128Ccm8 | Cipher::Aes256Ccm8, _) => 8,
        (_, Kind::Counter | Kind::Mixed) => 16,
        (_, Kind::Block | Kind::Stream) => 0,
    }
}

/// How far into a key stream a proof may lead: a forged one shall not keep anyone busy.
const FARTHEST: u64 = 1 << 34;

/// Bytes of a nonce of AEAD ciphers.
pub(crate) const NONCE: usize = 12;

/// A block cipher whose key is not set up again for each record.
struct Borrowed<'c, C>(&'c C);

impl<C: BlockSizeUser> BlockSizeUser for Borrowed<'_, C> {
    type BlockSize = C::BlockSize;
}

impl<C: BlockCipherDecrypt> BlockCipherDecrypt for Borrowed<'_, C> {
    fn decrypt_with_backend(
        &self,
        f: impl cbc::cipher::block::BlockCipherDecClosure<BlockSize = Self::BlockSize>,
    ) {
        self.0.decrypt_with_backend(f);
    }
}
