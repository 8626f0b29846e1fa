//! Packet protection (RFC 9001 section 5): keys from secrets, and packets opened with them.

use aws_lc_rs::{
    aead::{self, Aad, LessSafeKey, Nonce, UnboundKey, quic::HeaderProtectionKey},
    hkdf::{self, HKDF_SHA256, KeyType, Prk, Salt},
};

use super::version::Version;

/// The keys of one direction.
pub struct PacketKeys {
    key: LessSafeKey,
    iv: [u8; 12],
    protection: HeaderProtectionKey,
}

/// The keys of both directions' Initial packets, which anyone can derive.
#[derive(Debug)]
pub struct InitialKeys {
    /// The client's.
    pub client: PacketKeys,
    /// The server's.
    pub server: PacketKeys,
}

/// A packet without its protection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Its number.
    pub number: u64,
    /// Its frames.
    pub frames: Vec<u8>,
}

impl InitialKeys {
    /// The keys that follow from the destination connection id of the client's first packet.
    pub fn derive(version: &Version, destination: &[u8]) -> Option<Self> {
        let secret = Salt::new(HKDF_SHA256, &version.salt).extract(destination);
        let side = |label: &str| {
            let secret: [u8; 32] = expand(&secret, label)?;
            PacketKeys::from_secret(version, &Prk::new_less_safe(HKDF_SHA256, &secret))
        };
        Some(Self { client: side("client in")?, server: side("server in")? })
    }
}

impl PacketKeys {
    /// The keys that follow from a secret, for AES-128-GCM, which all Initial packets use.
    pub fn from_secret(version: &Version, secret: &Prk) -> Option<Self> {
        let [key, iv, protection] = version.labels;
        let key: [u8; 16] = expand(secret, key)?;
        let protection: [u8; 16] = expand(secret, protection)?;
        Some(Self {
            key: LessSafeKey::new(UnboundKey::new(&aead::AES_128_GCM, &key).ok()?),
            iv: expand(secret, iv)?,
            protection: HeaderProtectionKey::new(&aead::quic::AES_128, &protection).ok()?,
        })
    }

    /// Opens a packet whose number begins at `number_at`. `largest`: the largest number opened so far, from
    /// which a shortened one follows. `None` where the keys are others or the packet was changed.
    pub fn open(&self, packet: &[u8], number_at: usize, largest: Option<u64>) -> Option<Opened> {
        let sample =
            packet.get(number_at.checked_add(4)?..)?.get(..self.protection.algorithm().sample_len())?;
        let [first_mask, number_mask @ ..] = self.protection.new_mask(sample).ok()?;
        let mut header = packet.get(..number_at.checked_add(4)?)?.to_vec();
        let (first, rest) = header.split_first_mut()?;
        *first ^= first_mask & if *first & 0x80 == 0 { 0x1f } else { 0x0f };
        let len = usize::from(*first & 3) + 1;
        let mut shortened = 0;
        for (byte, mask) in rest.iter_mut().skip(number_at.checked_sub(1)?).zip(number_mask).take(len) {
            *byte ^= mask;
            shortened = shortened << 8 | u64::from(*byte);
        }
        let end = number_at.checked_add(len)?;
        header.truncate(end);
        let number = lengthen(shortened, len, largest);
        let mut sealed = packet.get(end..)?.to_vec();
        let len = self.key.open_in_place(self.nonce(number), Aad::from(&header), &mut sealed).ok()?.len();
        sealed.truncate(len);
        Some(Opened { number, frames: sealed })
    }

    fn nonce(&self, number: u64) -> Nonce {
        let mut nonce = self.iv;
        for (byte, number) in nonce.iter_mut().skip(4).zip(number.to_be_bytes()) {
            *byte ^= number;
        }
        Nonce::assume_unique_for_key(nonce)
    }
}

impl std::fmt::Debug for PacketKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PacketKeys").finish_non_exhaustive()
    }
}

/// The number next to the expected one that ends in the `len` bytes of `shortened` (RFC 9000 appendix A.3).
fn lengthen(shortened: u64, len: usize, largest: Option<u64>) -> u64 {
    let window = 1u64 << (8 * len.clamp(1, 4));
    let expected = largest.map_or(0, |largest| largest.saturating_add(1));
    let near = expected & !(window - 1) | shortened;
    if near.saturating_add(window / 2) <= expected {
        near.saturating_add(window)
    } else if near > expected.saturating_add(window / 2) && near >= window {
        near - window
    } else {
        near
    }
}

/// HKDF-Expand-Label with an empty context (RFC 8446 section 7.1).
fn expand<const N: usize>(secret: &Prk, label: &str) -> Option<[u8; N]> {
    let len = u16::try_from(N).ok()?.to_be_bytes();
    let label_len = [u8::try_from(label.len().checked_add(6)?).ok()?];
    let info = [&len[..], &label_len, b"tls13 ", label.as_bytes(), &[0]];
    let mut out = [0; N];
    secret.expand(&info, Bytes(N)).and_then(|output: hkdf::Okm<'_, Bytes>| output.fill(&mut out)).ok()?;
    Some(out)
}

/// So many bytes of output.
struct Bytes(usize);

impl KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortened_numbers_grow_to_the_nearest() {
        let rows = [
            // RFC 9000 appendix A.3.
            (0x9b32, 2, Some(0xa82f_30ea), 0xa82f_9b32),
            (0, 1, None, 0),
            (0xff, 1, None, 0xff),
            (0, 1, Some(0xff), 0x100),
            (0xfe, 1, Some(0x100), 0xfe),
        ];
        for (shortened, len, largest, expected) in rows {
            assert_eq!(lengthen(shortened, len, largest), expected, "{shortened:x}");
        }
    }
}
