//! The digest functions that programs use on identifiers, the weak ones that are no digests among them.

use blake2::{Blake2b, Blake2b512, Blake2s256, digest::consts::U32};
use hmac::{KeyInit, Mac, SimpleHmac, digest::block_api::BlockSizeUser};
use md5::Md5;
use ripemd::Ripemd160;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use sha3::Sha3_256;
use sm3::Sm3;

macro_rules! algorithms {
    ($($(#[$doc:meta])* $variant:ident, $name:literal, $len:literal, $digest:expr, $hmac:expr, $shell:expr;)*) => {
        /// A digest function.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Algorithm { $($(#[$doc])* $variant,)* }

        impl Algorithm {
            /// Every function, in the order of the enum.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in forms: `md5`, `sha3-256`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Length of its result, in bytes.
            #[expect(clippy::len_without_is_empty, reason = "no digest is empty")]
            pub fn len(self) -> usize {
                match self { $(Self::$variant => $len,)* }
            }

            /// Writes the digest of a message to where there is room for just that.
            pub(super) fn digest_into(self, message: &[u8], digest: &mut [u8]) {
                let function: fn(&[u8], &mut [u8]) = match self { $(Self::$variant => $digest,)* };
                function(message, digest);
            }

            /// Writes HMAC (RFC 2104) with it; false for the weak functions, with which nobody computes it.
            pub(super) fn hmac_into(self, key: &[u8], message: &[u8], digest: &mut [u8]) -> bool {
                let function: Option<fn(&[u8], &[u8], &mut [u8])> =
                    match self { $(Self::$variant => $hmac,)* };
                function.map(|function| function(key, message, digest)).is_some()
            }

            /// A filter for the shell that reads the message and writes the raw digest.
            pub(super) fn shell(self) -> String {
                match self { $(Self::$variant => $shell,)* }
            }
        }
    };
}

algorithms! {
    /// BLAKE2b with 512 bits (RFC 7693).
    Blake2b, "blake2b", 64, digest::<Blake2b512>, Some(hmac::<Blake2b512>), openssl("blake2b512");
    /// BLAKE2b with 256 bits.
    Blake2b256, "blake2b-256", 32, digest::<Blake2b<U32>>, Some(hmac::<Blake2b<U32>>),
        python("hashlib.blake2b(m,digest_size=32).digest()");
    /// BLAKE2s with 256 bits.
    Blake2s, "blake2s", 32, digest::<Blake2s256>, Some(hmac::<Blake2s256>), openssl("blake2s256");
    /// CRC-32 of Ethernet and zip: a checksum, no digest.
    Crc32, "crc32", 4, |message, digest| put(&crc32fast::hash(message).to_be_bytes(), digest), None,
        python("zlib.crc32(m).to_bytes(4,'big')");
    /// FNV-1a with 32 bits: for hash tables.
    Fnv1a32, "fnv1a-32", 4, fnv32, None,
        python("functools.reduce(lambda h,b:(h^b)*0x01000193%2**32,m,0x811c9dc5).to_bytes(4,'big')");
    /// FNV-1a with 64 bits: for hash tables.
    Fnv1a64, "fnv1a-64", 8, fnv64, None,
        python("functools.reduce(lambda h,b:(h^b)*0x100000001b3%2**64,m,0xcbf29ce484222325).to_bytes(8,'big')");
    /// `String.hashCode` of Java, of text in ASCII: for hash tables.
    JavaHash, "java-hash", 4, java, None,
        python("functools.reduce(lambda h,b:(31*h+b)%2**32,m,0).to_bytes(4,'big')");
    /// MD5 (RFC 1321).
    Md5, "md5", 16, digest::<Md5>, Some(hmac::<Md5>), openssl("md5");
    /// MurmurHash3 with 128 bits for 64-bit machines: for hash tables.
    Murmur128, "murmur3-x64-128", 16,
        |message, digest| put(&murmur3::murmur3_x64_128(&mut &*message, 0).unwrap_or_default().to_le_bytes(), digest), None,
        python("__import__('mmh3').hash_bytes(m)");
    /// MurmurHash3 with 32 bits: for hash tables.
    Murmur32, "murmur3-32", 4,
        |message, digest| put(&murmur3::murmur3_32(&mut &*message, 0).unwrap_or_default().to_be_bytes(), digest), None,
        python("__import__('mmh3').hash(m,signed=False).to_bytes(4,'big')");
    /// RIPEMD-160.
    Ripemd160, "ripemd160", 20, digest::<Ripemd160>, Some(hmac::<Ripemd160>), openssl("ripemd160");
    /// SHA-1 (FIPS 180-4).
    Sha1, "sha1", 20, digest::<Sha1>, Some(hmac::<Sha1>), openssl("sha1");
    /// SHA-224.
    Sha224, "sha224", 28, digest::<Sha224>, Some(hmac::<Sha224>), openssl("sha224");
    /// SHA-256.
    Sha256, "sha256", 32, digest::<Sha256>, Some(hmac::<Sha256>), openssl("sha256");
    /// SHA-384.
    Sha384, "sha384", 48, digest::<Sha384>, Some(hmac::<Sha384>), openssl("sha384");
    /// SHA3-256 (FIPS 202).
    Sha3, "sha3-256", 32, digest::<Sha3_256>, Some(hmac::<Sha3_256>), openssl("sha3-256");
    /// SHA-512.
    Sha512, "sha512", 64, digest::<Sha512>, Some(hmac::<Sha512>), openssl("sha512");
    /// SM3 (GB/T 32905).
    Sm3, "sm3", 32, digest::<Sm3>, Some(hmac::<Sm3>), openssl("sm3");
}

impl Algorithm {
    /// The digest of a message.
    pub fn digest(self, message: &[u8]) -> Vec<u8> {
        let mut digest = vec![0; self.len()];
        self.digest_into(message, &mut digest);
        digest
    }

    /// HMAC (RFC 2104) with it. Nothing for the weak functions, with which nobody computes it.
    pub fn hmac(self, key: &[u8], message: &[u8]) -> Option<Vec<u8>> {
        let mut digest = vec![0; self.len()];
        self.hmac_into(key, message, &mut digest).then_some(digest)
    }

    /// Whether it was made for hash tables and checksums: whoever wants to can turn it back.
    pub fn is_weak(self) -> bool {
        matches!(
            self,
            Self::Crc32 | Self::Fnv1a32 | Self::Fnv1a64 | Self::JavaHash | Self::Murmur128 | Self::Murmur32
        )
    }

    /// Whether it is one of those that most programs use.
    pub fn is_common(self) -> bool {
        matches!(self, Self::Md5 | Self::Sha1 | Self::Sha256)
    }
}

fn digest<D: Digest>(message: &[u8], digest: &mut [u8]) {
    put(&D::digest(message), digest);
}

fn hmac<D: Digest + BlockSizeUser>(key: &[u8], message: &[u8], digest: &mut [u8]) {
    // Keys of any length are allowed.
    let Ok(mut mac) = SimpleHmac::<D>::new_from_slice(key) else { return };
    mac.update(message);
    put(&mac.finalize().into_bytes(), digest);
}

fn put(bytes: &[u8], digest: &mut [u8]) {
    digest.iter_mut().zip(bytes).for_each(|(ours, byte)| *ours = *byte);
}

fn fnv32(message: &[u8], digest: &mut [u8]) {
    let hash = message
        .iter()
        .fold(0x811C_9DC5_u32, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    put(&hash.to_be_bytes(), digest);
}

fn fnv64(message: &[u8], digest: &mut [u8]) {
    let hash = message.iter().fold(0xCBF2_9CE4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    put(&hash.to_be_bytes(), digest);
}

fn java(message: &[u8], digest: &mut [u8]) {
    let hash = message.iter().fold(0_u32, |hash, &byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    put(&hash.to_be_bytes(), digest);
}

fn openssl(name: &str) -> String {
    format!("openssl dgst -{name} -binary")
}

fn python(expression: &str) -> String {
    format!(
        "python3 -c \"import sys,zlib,hashlib,functools\nm=sys.stdin.buffer.read()\nsys.stdout.buffer.write({expression})\""
    )
}
