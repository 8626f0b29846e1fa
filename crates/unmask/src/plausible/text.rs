//! Text as machines send it: letters, digits and the marks of JSON and forms, in runs of their kind; UTF-8.

use std::sync::LazyLock;

/// Bits by which bytes are likelier as such text than as noise; negative for most other bytes.
pub(crate) fn text_bits(bytes: &[u8]) -> f64 {
    let gains = &*GAINS;
    let mut last = Class::Mark;
    bytes.iter().fold(0.0, |bits, &byte| {
        let class = CLASSES.get(usize::from(byte)).copied().unwrap_or(Class::Control);
        let gain = gains.get(last as usize).and_then(|row| row.get(class as usize)).copied();
        last = class;
        bits + gain.unwrap_or(0.0)
    })
}

/// Whether bytes are text throughout: UTF-8 without control characters but those of lines.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    let control = |byte: &u8| (*byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')) || *byte == 0x7f;
    !bytes.is_empty() && !bytes.iter().any(control) && std::str::from_utf8(bytes).is_ok()
}

/// How well a byte fits text under each key, in tenths of bits: for choosing the bytes of a key one by one.
pub(crate) fn letter_weights(byte: u8) -> &'static [i16; 256] {
    static WEIGHTS: LazyLock<Vec<[i16; 256]>> = LazyLock::new(|| {
        let row = |byte: u8| {
            let mut row = [0; 256];
            row.iter_mut().zip(0..=255_u8).for_each(|(weight, key)| *weight = letter_weight(byte ^ key));
            row
        };
        (0..=255).map(row).collect()
    });
    WEIGHTS.get(usize::from(byte)).unwrap_or(&[0; 256])
}

fn letter_weight(byte: u8) -> i16 {
    match byte {
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' | b'"' => 32,
        b'a'..=b'z' => 20,
        b'0' | b'1' => 28,
        b'0'..=b'9' | b' ' | b',' | b':' | b'_' => 24,
        b'A'..=b'Z' | b'.' | b'-' | b'/' | b'&' | b'=' | b'{' | b'}' | b'[' | b']' => 5,
        b'\n' => 0,
        0x20..=0x7e => -20,
        0x80..=0xf4 => -40,
        _ => -80,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Lower,
    Upper,
    Digit,
    /// Marks of JSON, forms and lists of values.
    Mark,
    /// Other printable characters.
    Other,
    Line,
    Lead,
    Continuation,
    /// What no text has.
    Control,
}

impl Class {
    const ALL: [Self; 9] = [
        Self::Lower,
        Self::Upper,
        Self::Digit,
        Self::Mark,
        Self::Other,
        Self::Line,
        Self::Lead,
        Self::Continuation,
        Self::Control,
    ];

    const fn of(byte: u8) -> Self {
        match byte {
            b'a'..=b'z' => Self::Lower,
            b'A'..=b'Z' => Self::Upper,
            b'0'..=b'9' => Self::Digit,
            b'"' | b'{' | b'}' | b'[' | b']' | b':' | b',' | b'=' | b'&' | b'.' | b'_' | b'-' | b' ' => {
                Self::Mark
            }
            0x21..=0x7e => Self::Other,
            b'\t' | b'\n' | b'\r' => Self::Line,
            0x80..=0xbf => Self::Continuation,
            0xc2..=0xf4 => Self::Lead,
            _ => Self::Control,
        }
    }

    /// How many bytes are of the class, and the share of bytes of text that are, where the last was of another.
    fn size_and_share(self) -> (f64, f64) {
        match self {
            Self::Lower => (26.0, 0.33),
            Self::Upper => (26.0, 0.12),
            Self::Digit => (10.0, 0.17),
            Self::Mark => (13.0, 0.27),
            Self::Other => (20.0, 0.05),
            Self::Line => (3.0, 0.02),
            Self::Lead => (51.0, 0.02),
            Self::Continuation => (64.0, 0.01),
            Self::Control => (43.0, 0.01),
        }
    }

    /// How often a byte of the class is followed by another of it.
    fn stays(self) -> f64 {
        match self {
            Self::Lower => 0.65,
            Self::Upper => 0.4,
            Self::Digit => 0.6,
            Self::Mark => 0.35,
            Self::Continuation => 0.3,
            _ => 0.05,
        }
    }
}

/// The class of each byte.
const CLASSES: [Class; 256] = {
    let mut classes = [Class::Control; 256];
    let mut byte = 0_u8;
    while byte < 255 {
        #[expect(clippy::indexing_slicing, reason = "of 256 by a byte")]
        (classes[byte as usize] = Class::of(byte));
        byte += 1;
    }
    classes
};

/// Bits of a byte by the class before it and its own: a proper distribution, as the shares add up to 1.
static GAINS: LazyLock<[[f64; 9]; 9]> = LazyLock::new(|| {
    Class::ALL.map(|last| {
        Class::ALL.map(|class| {
            let (size, share) = class.size_and_share();
            // Behind a lead byte stands a continuation, and nothing else is well-formed.
            let (stays, share) = match (last, class) {
                (Class::Lead, _) => (0.9, share),
                (Class::Continuation, Class::Lead) => (0.3, 0.5),
                (Class::Continuation, _) => (0.3, share / 2.0),
                _ => (last.stays(), share),
            };
            let same = match last {
                Class::Lead => class == Class::Continuation,
                _ => last == class,
            };
            let probability = (1.0 - stays) * share + if same { stays } else { 0.0 };
            (probability / size * 256.0).log2()
        })
    })
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_a_distribution() {
        for (last, row) in Class::ALL.iter().zip(GAINS.iter()) {
            let gains = Class::ALL.iter().zip(row);
            let sum: f64 = gains.map(|(class, gain)| gain.exp2() / 256.0 * class.size_and_share().0).sum();
            assert!(sum < 1.005, "{} sums up to {sum}", *last as usize);
        }
    }

    #[test]
    fn the_classes_have_their_sizes() {
        for class in Class::ALL {
            let size = (0..=255_u8).filter(|&byte| Class::of(byte) == class).count();
            let (stated, _) = class.size_and_share();
            assert_eq!(f64::from(u16::try_from(size).unwrap()), stated, "class {}", class as usize);
        }
    }

    #[test]
    fn text_is_likelier_than_noise() {
        let rows: [(&[u8], f64); 6] = [
            (b"{\"imei\":\"004401512345678\"}", 60.0),
            (b"imei=004401512345678&model=TA-1046", 60.0),
            (b"004401512345678", 45.0),
            ("你好，世界你好，世界".as_bytes(), 20.0),
            (b"the quick brown fox jumps", 50.0),
            (b"d41d8cd98f00b204e9800998ecf8427e", 60.0),
        ];
        for (text, least) in rows {
            assert!(text_bits(text) > least, "{}: {}", String::from_utf8_lossy(text), text_bits(text));
        }
        assert!(text_bits(&[0x8b, 0x01, 0xf0, 0x33, 0xee, 0x91, 0x07, 0xc1]) < 0.0);
    }
}
