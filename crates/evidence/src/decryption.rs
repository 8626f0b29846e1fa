//! How bytes were decrypted: with the input and the secret, all that is needed to do it again.
//!
//! The secret itself stands in no case: a trail points at the line of the key log (or the key file) that holds
//! it. Whoever has the capture and the keys can check the proof; whoever has the case alone learns no key.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// The parameters of one decryption: of a TLS record, a DTLS record or a QUIC packet.
///
/// The output is the first bytes, as many as the buffer has, of what the cipher gives: inner content types, MACs
/// and padding come behind them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Decryption {
    /// The cipher.
    pub cipher: Cipher,
    /// How the key follows from the secret.
    pub schedule: Schedule,
    /// Nonce of an AEAD cipher (RFC 5116), 12 bytes; initialisation vector of a block cipher; empty for RC4.
    pub nonce: HexBytes,
    /// Additional authenticated data; empty where the cipher has none.
    #[serde(default, skip_serializing_if = "HexBytes::is_empty")]
    pub aad: HexBytes,
    /// Bytes of key stream that were used before these (RC4).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub skip: u64,
    /// The end of the input is missing in the capture, and with it the tag: these are the bytes before it, for
    /// which nobody vouches.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cut: bool,
}

/// A cipher with the length of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cipher {
    /// AES-128 in CBC mode (RFC 3268).
    Aes128Cbc,
    /// AES-128 in CCM mode, tag of 16 bytes (RFC 6655).
    Aes128Ccm,
    /// AES-128 in CCM mode, tag of 8 bytes (RFC 6655).
    Aes128Ccm8,
    /// AES-128 in GCM mode (RFC 5288).
    Aes128Gcm,
    /// AES-256 in CBC mode.
    Aes256Cbc,
    /// AES-256 in CCM mode, tag of 16 bytes.
    Aes256Ccm,
    /// AES-256 in CCM mode, tag of 8 bytes.
    Aes256Ccm8,
    /// AES-256 in GCM mode.
    Aes256Gcm,
    /// Camellia-128 in CBC mode (RFC 5932).
    Camellia128Cbc,
    /// Camellia-256 in CBC mode.
    Camellia256Cbc,
    /// ChaCha20-Poly1305 (RFC 8439).
    ChaCha20Poly1305,
    /// DES in CBC mode.
    DesCbc,
    /// RC4 with a key of 128 bits.
    Rc4,
    /// Triple DES in CBC mode.
    TripleDesCbc,
}

/// A hash function of a key schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleHash {
    /// MD5 and SHA-1 together (RFC 4346 section 5).
    Md5Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// MD5 over SHA-1, as SSL 3.0 does it (RFC 6101 sections 6.1 and 6.2.2).
    Ssl3,
}

/// How a key follows from a secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Schedule {
    /// QUIC Initial packets (RFC 9001 section 5.2): there is no secret, anyone can derive the key.
    QuicInitial {
        /// Version of QUIC as on the wire.
        version: u32,
        /// Destination connection id of the client's first packet.
        destination: HexBytes,
        /// Whether the client sent the packet.
        client: bool,
    },
    /// The secret is a QUIC traffic secret (RFC 9001 section 5.1).
    Quic {
        /// Version of QUIC as on the wire.
        version: u32,
        /// Hash of the cipher suite.
        hash: ScheduleHash,
        /// How often the key was updated (RFC 9001 section 6).
        updates: u32,
    },
    /// The secret is a TLS 1.3 traffic secret (RFC 8446 section 7.3).
    Tls13 {
        /// Hash of the cipher suite.
        hash: ScheduleHash,
        /// How often the key was updated (RFC 8446 section 7.2).
        updates: u32,
        /// DTLS 1.3 labels (RFC 9147 section 5.9).
        #[serde(default)]
        datagrams: bool,
    },
    /// The secret is a master secret of SSL 3.0, TLS up to 1.2 or DTLS (RFC 5246 section 6.3).
    Tls12(KeyBlock),
    /// The secret is a premaster secret (RFC 5246 section 8.1).
    Premaster {
        /// What the master secret is made with.
        master: Master,
        /// What the keys are made with.
        block: KeyBlock,
    },
    /// The secret is the server's RSA private key (PEM); the client sent the premaster secret encrypted with it.
    Rsa {
        /// The encrypted premaster secret (RFC 5246 section 7.4.7.1).
        premaster: HexBytes,
        /// What the master secret is made with.
        master: Master,
        /// What the keys are made with.
        block: KeyBlock,
    },
}

/// What keys of TLS 1.0 to 1.2 are made with, besides the master secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KeyBlock {
    /// Hash of the pseudo-random function.
    pub hash: ScheduleHash,
    /// The client's random, 32 bytes.
    pub client_random: HexBytes,
    /// The server's random, 32 bytes.
    pub server_random: HexBytes,
    /// Length of the key for the MAC; 0 for AEAD ciphers.
    pub mac_len: u8,
    /// Whether the client sent the record.
    pub client: bool,
}

/// What a master secret is made with, besides the premaster secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Master {
    /// The two randoms of an earlier connection, of which this one resumed the session (RFC 5246 section 7.3).
    Earlier {
        /// The client's, 32 bytes.
        client_random: HexBytes,
        /// The server's, 32 bytes.
        server_random: HexBytes,
    },
    /// The hash of the handshake (RFC 7627 section 4), the earlier one where a session was resumed.
    Extended(HexBytes),
    /// The two randoms (RFC 5246 section 8.1).
    Randoms,
}

/// Bytes, written as lower-case hex.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HexBytes(pub Vec<u8>);

impl HexBytes {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: AsRef<[u8]>> From<T> for HexBytes {
    fn from(bytes: T) -> Self {
        Self(bytes.as_ref().to_vec())
    }
}

impl fmt::Display for HexBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for HexBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for HexBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HexBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        });
        pairs.collect::<Option<_>>().map(Self).ok_or_else(|| D::Error::custom("not lower-case hex"))
    }
}

fn digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Cipher {
    /// Length of its key in bytes.
    pub fn key_len(self) -> usize {
        match self {
            Self::DesCbc => 8,
            Self::TripleDesCbc => 24,
            Self::Aes128Cbc
            | Self::Aes128Ccm
            | Self::Aes128Ccm8
            | Self::Aes128Gcm
            | Self::Camellia128Cbc
            | Self::Rc4 => 16,
            Self::Aes256Cbc
            | Self::Aes256Ccm
            | Self::Aes256Ccm8
            | Self::Aes256Gcm
            | Self::Camellia256Cbc
            | Self::ChaCha20Poly1305 => 32,
        }
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aes128Cbc => "AES-128-CBC",
            Self::Aes128Ccm => "AES-128-CCM",
            Self::Aes128Ccm8 => "AES-128-CCM-8",
            Self::Aes128Gcm => "AES-128-GCM",
            Self::Aes256Cbc => "AES-256-CBC",
            Self::Aes256Ccm => "AES-256-CCM",
            Self::Aes256Ccm8 => "AES-256-CCM-8",
            Self::Aes256Gcm => "AES-256-GCM",
            Self::Camellia128Cbc => "Camellia-128-CBC",
            Self::Camellia256Cbc => "Camellia-256-CBC",
            Self::ChaCha20Poly1305 => "ChaCha20-Poly1305",
            Self::DesCbc => "DES-CBC",
            Self::Rc4 => "RC4",
            Self::TripleDesCbc => "3DES-CBC",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_survive_json_and_bad_hex_does_not() {
        let decryption = Decryption {
            cipher: Cipher::Aes128Gcm,
            schedule: Schedule::Tls13 { hash: ScheduleHash::Sha256, updates: 1, datagrams: false },
            nonce: HexBytes(vec![0, 255]),
            aad: HexBytes::default(),
            skip: 0,
            cut: false,
        };
        let json = serde_json::to_string(&decryption).unwrap();
        assert!(json.contains(r#""nonce":"00ff""#) && json.contains(r#""cipher":"aes128-gcm""#), "{json}");
        assert_eq!(serde_json::from_str::<Decryption>(&json).unwrap(), decryption);
        for bad in ["\"0\"", "\"0G\"", "\"AB\"", "\"é\""] {
            assert!(serde_json::from_str::<HexBytes>(bad).is_err(), "{bad}");
        }
    }
}
