//! Proves or refutes that a value like a digest is a hash of an identifier.
//!
//! With a profile, [`prove`] tries the values that are known, with salts from wherever the caller found some.
//! Without one, a [`Sweep`] tries all values of a [`Space`]: all IMEIs of a type, all numbers of a network.
//!
//! Nothing here knows of time: effort is a [`Budget`] of digests, and a sweep runs over a range of positions, so that
//! a caller may run ranges on as many threads as it likes, write down how far it came, and go on another day.

mod algorithm;
mod bulk;
mod encoding;
mod lanes;
mod prove;
mod recipe;
mod salt;
mod space;
mod sweep;
mod wanted;

pub use algorithm::Algorithm;
pub use encoding::{Cut, Encoding, Target};
pub use prove::{Candidate, Ended, Match, Proof, Spelling, Wanted, prove, prove_all};
pub use recipe::{Between, Mix, Recipe, SEPARATORS, Stage};
pub use salt::{Origin, Salt};
pub use space::{Layout, Space, SpaceError};
pub use sweep::{Attempt, Found, Sweep, Swept};

/// How many digests may still be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    left: u64,
}

impl Budget {
    /// So many digests.
    pub fn new(digests: u64) -> Self {
        Self { left: digests }
    }

    /// What is left of it.
    pub fn left(self) -> u64 {
        self.left
    }

    /// Takes some out. False, and nothing is taken, if there are not so many.
    pub fn take(&mut self, digests: u64) -> bool {
        match self.left.checked_sub(digests) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

/// The chance that one of so many attempts gave so many bits by accident.
///
/// Each attempt is one comparison of the value with one digest or part of one.
pub fn chance(attempts: u64, bits: u32) -> f64 {
    (attempts as f64 * (-f64::from(bits)).exp2()).min(1.0)
}

/// Above this chance of being an accident a match is told as a doubt, not as a proof.
pub const DOUBTFUL: f64 = 1e-4;

/// Whether a value is plainly no digest: text with characters that no writing of bytes has, or words in small letters
/// that are not hex, as hosts, paths and names in programs are.
pub fn is_plain(value: &[u8]) -> bool {
    let writes_bytes = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=' | b':' | b'%')
    };
    let text = value.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    let hex = value.iter().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'-' | b':' | b'_'));
    let small = !value.iter().any(u8::is_ascii_uppercase);
    // Base32 in small letters has digits among them, and no signs.
    let words = !value.iter().any(u8::is_ascii_digit) || value.iter().any(|byte| b"-_/".contains(byte));
    text && (!value.iter().all(writes_bytes) || small && !hex && words && !value.contains(&b'%'))
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_no_digests() {
        for plain in
            ["generate_204", "www.example.com", "com.example.app", "v1/users/list", "hello world text"]
        {
            assert!(super::is_plain(plain.as_bytes()), "{plain}");
        }
        for digest in [
            "d41d8cd98f00b204",
            "D41D8CD98F00B204",
            "d4:1d:8c:d9",
            "1B2M2Y8AsgTpgAmY7PhCfg==",
            "MFRGGZDFMZTWQ2LK",
            "mfrggzdfmztwq2lk",
        ] {
            assert!(!super::is_plain(digest.as_bytes()), "{digest}");
        }
        assert!(!super::is_plain(&[0xd4, 0x1d, 0x8c, 0xd9]));
    }
}
