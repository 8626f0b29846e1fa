//! Records to values (section 2.1).

use encoding_rs::{UTF_16BE, UTF_16LE};

use super::TextEncoding;

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Bytes.
    Blob(Vec<u8>),
    /// A whole number.
    Integer(i64),
    /// Nothing.
    Null,
    /// A floating-point number.
    Real(f64),
    /// Text; what is not in the database's encoding shows as U+FFFD.
    Text(String),
}

impl Value {
    /// As a number, also where it is written as text.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// As text, also where it is a number, as addresses of short codes are.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Integer(value) => Some(value.to_string()),
            Self::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// Whether the other one is the beginning of this one.
    pub(super) fn begins(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(whole), Self::Text(part)) => whole.starts_with(part.trim_end_matches('\u{fffd}')),
            (Self::Blob(whole), Self::Blob(part)) => whole.starts_with(part),
            _ => false,
        }
    }

    /// Equal, NaN to itself included.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Real(a), Self::Real(b)) => a.to_bits() == b.to_bits(),
            _ => self == other,
        }
    }
}

/// A variable-length integer of one to nine bytes, and how many it took (section 1.6).
pub(super) fn varint(bytes: &[u8]) -> Option<(i64, usize)> {
    let mut value = 0u64;
    for (at, byte) in bytes.iter().enumerate().take(9) {
        if at == 8 {
            return Some(((value << 8 | u64::from(*byte)).cast_signed(), 9));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value.cast_signed(), at.saturating_add(1)));
        }
    }
    None
}

/// The values of a record: a header of serial types, then their contents. None where they do not fit; of a
/// `cut` record those that are there, the last one with as much of it as there is.
pub(super) fn values(
    record: &[u8],
    cut: bool,
    encoding: TextEncoding,
    budget: &mut usize,
) -> Option<Vec<Value>> {
    let (length, used) = varint(record)?;
    let length = usize::try_from(length).ok()?;
    let mut types = record.get(used..length)?;
    let mut body = record.get(length..)?;
    let mut values = Vec::new();
    while !types.is_empty() {
        let (serial, used) = varint(types)?;
        types = types.get(used..)?;
        // Types of no length would let a short record hold very many values.
        *budget = budget.checked_sub(1)?;
        match value(serial, body, encoding) {
            Some((value, rest)) => {
                values.push(value);
                body = rest;
            }
            None if cut => {
                values.extend(beginning(serial, body, encoding));
                return Some(values);
            }
            None => return None,
        }
    }
    Some(values)
}

fn value(serial: i64, body: &[u8], encoding: TextEncoding) -> Option<(Value, &[u8])> {
    let length = match serial {
        0 | 8 | 9 => 0,
        1..=4 => usize::try_from(serial).ok()?,
        5 => 6,
        6 | 7 => 8,
        12.. => usize::try_from(serial.checked_sub(12)? / 2).ok()?,
        _ => return None,
    };
    let (content, rest) = body.split_at_checked(length)?;
    let value = match serial {
        0 => Value::Null,
        8 => Value::Integer(0),
        9 => Value::Integer(1),
        1..=6 => Value::Integer(integer(content)),
        7 => Value::Real(f64::from_be_bytes(*content.first_chunk()?)),
        _ if serial % 2 == 0 => Value::Blob(content.to_vec()),
        _ => Value::Text(text(content, encoding)),
    };
    Some((value, rest))
}

/// As much of a text or of bytes as there is.
fn beginning(serial: i64, body: &[u8], encoding: TextEncoding) -> Option<Value> {
    match serial {
        12.. if serial % 2 == 0 => Some(Value::Blob(body.to_vec())),
        13.. => Some(Value::Text(text(body, encoding))),
        _ => None,
    }
}

/// Big-endian, with the sign of its first bit.
fn integer(bytes: &[u8]) -> i64 {
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    bytes.iter().fold(if negative { -1 } else { 0 }, |value, byte| value << 8 | i64::from(*byte))
}

fn text(bytes: &[u8], encoding: TextEncoding) -> String {
    match encoding {
        TextEncoding::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
        TextEncoding::Utf16Le => UTF_16LE.decode_without_bom_handling(bytes).0.into_owned(),
        TextEncoding::Utf16Be => UTF_16BE.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{integer, varint};

    #[test]
    fn variable_integers() {
        let rows = [
            (&[0x00][..], Some((0, 1))),
            (&[0x7f], Some((127, 1))),
            (&[0x81, 0x00], Some((128, 2))),
            (&[0xff; 9], Some((-1, 9))),
            (&[0xff; 8], None),
            (&[], None),
        ];
        for (bytes, expected) in rows {
            assert_eq!(varint(bytes), expected, "{bytes:x?}");
        }
    }

    #[test]
    fn integers_keep_their_sign() {
        for (bytes, expected) in [(&[0xff][..], -1), (&[0x7f, 0xff], 32_767), (&[0xff, 0xff, 0xfe], -2)] {
            assert_eq!(integer(bytes), expected);
        }
    }
}
