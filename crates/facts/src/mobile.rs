//! Numbers of mobile phones, subscribers and SIM cards: what they say by themselves, and whether they
//! can be real.
//!
//! All functions take plain ASCII digits; separators are the caller's business. They allocate nothing
//! and are cheap enough to be asked for every run of digits in a capture.

mod iccid;
mod imei;
mod network;

pub use iccid::{IccidFacts, plausible_iccid};
pub use imei::{ImeiFacts, ImeiForm, TacList, TacModel, TacProblem, plausible_imei};
pub use network::{ImsiFacts, Operator, country_of_mcc, operator, plausible_imsi};

/// Whether the check digit at the end is right (Luhn's formula, ISO/IEC 7812-1 annex B). `false` for
/// anything but at least two digits.
pub fn luhn(digits: &str) -> bool {
    let mut sum = 0u32;
    for (place, byte) in digits.bytes().rev().enumerate() {
        if !byte.is_ascii_digit() {
            return false;
        }
        let digit = u32::from(byte - b'0');
        let doubled = if place % 2 == 0 { digit } else { digit * 2 };
        sum = sum.saturating_add(doubled / 10 + doubled % 10);
    }
    digits.len() > 1 && sum.is_multiple_of(10)
}

/// Digits that nobody was given: one digit repeated, or counting up or down all the way.
fn is_made_up(digits: &str) -> bool {
    let step = |by: u8| {
        let pairs = digits.as_bytes().windows(2);
        pairs.into_iter().all(|pair| matches!(pair, [a, b] if (*a - b'0' + by) % 10 == *b - b'0'))
    };
    step(0) || step(1) || step(9)
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_is_told() {
        for (digits, right) in [
            ("490154203237518", true),
            ("490154203237517", false),
            ("0", false),
            ("", false),
            ("49015x", false),
        ] {
            assert_eq!(luhn(digits), right, "{digits}");
        }
    }

    #[test]
    fn counting_is_no_number() {
        for (digits, made_up) in [
            ("000000000000000", true),
            ("123456789012345", true),
            ("987654321098765", true),
            ("490154203237518", false),
        ] {
            assert_eq!(is_made_up(digits), made_up, "{digits}");
        }
    }
}
