//! What the examples have in common: a phone's values, a message's fields, bytes that look like chance.
#![allow(dead_code, clippy::indexing_slicing, reason = "no example needs all of it, and an example may fail")]

use evidence::IdentifierKind;
use unmask::{Crib, Cribs};

/// Twenty fields: numbers, names, tokens.
pub(crate) fn beside(draw: &mut Noise) -> Vec<(String, Vec<u8>)> {
    let value = |number: usize, draw: &mut Noise| match number % 4 {
        0 => format!("{}", 1_700_000_000 + number).into_bytes(),
        1 => hex(&draw.bytes(4 + number)).into_bytes(),
        2 => base64(&draw.bytes(6 + number)),
        _ => format!("v{number}.{}", draw.bytes(1)[0]).into_bytes(),
    };
    (0..20).map(|number| (format!("f{number}"), value(number, draw))).collect()
}

/// Sixty values, each written in seven ways.
pub(crate) fn phone() -> Cribs {
    let crib = |number: u64| {
        let digits = format!("{}", 352_099_001_761_481 + number * 7_919);
        let spellings = [digits.clone(), digits[..14].to_owned(), format!("+{}", &digits[2..13])];
        let spellings = spellings.into_iter().chain((1..5).map(|cut| digits[cut..].to_owned()));
        Crib {
            kind: IdentifierKind::Imei,
            label: format!("value {number}"),
            spellings: spellings.map(String::into_bytes).collect(),
        }
    };
    Cribs::new((0..60).map(crib).collect())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Without padding.
pub(crate) fn base64(bytes: &[u8]) -> Vec<u8> {
    base64_simd::STANDARD_NO_PAD.encode_type(bytes)
}

/// Bytes that look like chance and are the same in each run.
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        let step = |_| {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            self.0.to_be_bytes()[0]
        };
        (0..len).map(step).collect()
    }

    pub(crate) fn digits(&mut self, len: usize) -> Vec<u8> {
        self.bytes(len).iter().map(|byte| b'0' + byte % 10).collect()
    }
}
