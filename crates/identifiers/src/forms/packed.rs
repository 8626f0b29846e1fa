//! Values as packed bytes: integers, doubles, addresses, digits two a byte as in 3GPP and ITU-T messages.

use evidence::IdentifierKind::{self, *};

use super::{Forms, Reach, Shape, encoding};

/// The packed forms of a value of such a kind.
pub(super) fn of(kind: IdentifierKind, canonical: &str, forms: &mut Forms) {
    match kind {
        Imei => {
            numbers(canonical, forms);
            bcd(canonical, forms);
            identity(canonical, 2, forms);
            let body = canonical.get(..14).unwrap_or_default();
            forms.packed("digits[..14]/bcd", nibbles(body.bytes().map(digit)));
            forms.packed("digits[..14]/bcd-swapped", swapped(body.bytes().map(digit)));
            numbers_named("digits[..14]/", body, forms);
        }
        Imsi => {
            numbers(canonical, forms);
            bcd(canonical, forms);
            identity(canonical, 1, forms);
        }
        Iccid => {
            bcd(canonical, forms);
            numbers(canonical, forms);
        }
        PhoneNumber | ContactNumber | SmsPeer | CallPeer => telephone(canonical, forms),
        WifiMac | BluetoothMac | Bssid => address(canonical, forms),
        AndroidId | Meid => hexadecimal(canonical, forms),
        AdvertisingId | DeviceId | InstallId => match canonical.len() {
            36 => uuid(canonical, forms),
            _ => hexadecimal(canonical, forms),
        },
        Position => angles(canonical, forms),
        CellId | LocationArea => short_numbers(canonical, forms),
        _ => {}
    }
}

/// Integers of 64 bits whose significant part is six bytes or more, and the double of the same number.
fn numbers(digits: &str, forms: &mut Forms) {
    numbers_named("", digits, forms);
}

fn numbers_named(before: &str, digits: &str, forms: &mut Forms) {
    if let Ok(number) = digits.parse() {
        integers(before, number, forms);
    }
}

fn integers(before: &str, number: u64, forms: &mut Forms) {
    if number < 1 << 40 {
        return;
    }
    forms.packed(&format!("{before}u64le"), number.to_le_bytes().to_vec());
    forms.packed(&format!("{before}u64be"), number.to_be_bytes().to_vec());
    forms.packed(&format!("{before}varint"), varint(number));
    forms.packed(&format!("{before}zigzag"), varint(number.wrapping_mul(2)));
    // Above 2^53 a double holds another number.
    if number < 1 << 53 {
        let double = number as f64;
        forms.packed(&format!("{before}f64le"), double.to_le_bytes().to_vec());
        forms.packed(&format!("{before}f64be"), double.to_be_bytes().to_vec());
    }
}

/// Integers of 16 and 32 bits, as MessagePack and CBOR hold small ones: of a field whose name fits, all of its value.
fn short_numbers(digits: &str, forms: &mut Forms) {
    let Ok(number) = digits.parse::<u32>() else { return };
    let bytes = match u16::try_from(number) {
        Ok(number) => number.to_be_bytes().to_vec(),
        Err(_) => number.to_be_bytes().to_vec(),
    };
    let form = if bytes.len() == 2 { "u16be" } else { "u32be" };
    forms.push(Shape::known(form, bytes, Reach::Number));
}

/// Protocol Buffers encoding, "Base 128 Varints".
fn varint(mut number: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while number >= 0x80 {
        out.push((number & 0x7F) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
    out
}

fn bcd(digits: &str, forms: &mut Forms) {
    let plain = || digits.bytes().map(digit);
    forms.packed("bcd", nibbles(plain()));
    forms.packed("bcd-swapped", swapped(plain()));
    if digits.len() % 2 == 1 {
        forms.packed("bcd-zero", nibbles(plain().chain([0])));
        forms.packed("bcd-right", nibbles([0].into_iter().chain(plain())));
    }
}

/// Mobile identity (3GPP TS 24.008 section 10.5.1.4): the first byte holds the first digit, whether their
/// number is odd, and the type; so does EF_IMSI of the SIM (TS 31.102 section 4.2.2).
fn identity(digits: &str, kind: u8, forms: &mut Forms) {
    let odd = if digits.len() % 2 == 1 { 8 } else { 0 };
    forms.packed("mobile-identity", swapped([kind | odd].into_iter().chain(digits.bytes().map(digit))));
    if kind == 2 {
        // Networks get the check digit as zero (TS 23.003 section 6.2.1).
        let spare = digits.bytes().take(14).map(digit).chain([0]);
        forms.packed("digits[..14]/mobile-identity", swapped([kind | odd].into_iter().chain(spare)));
    }
}

fn telephone(canonical: &str, forms: &mut Forms) {
    let Some(digits) = canonical.strip_prefix('+') else { return };
    numbers_named("e164-digits/", digits, forms);
    let packed = swapped(digits.bytes().map(digit));
    let mut address = vec![digits.len() as u8, 0x91];
    address.extend_from_slice(&packed);
    forms.packed("sms-address", address);
    // Six bytes of digits tell 40 bits at most: too few to stand alone.
    if packed.len() >= 7 {
        forms.packed("e164-digits/bcd-swapped", packed);
        forms.packed("e164-digits/bcd", nibbles(digits.bytes().map(digit)));
    }
}

fn address(canonical: &str, forms: &mut Forms) {
    let bytes = bytes_of(canonical);
    let number = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    forms.packed("varint", varint(number));
    both_ways(bytes, forms);
}

fn hexadecimal(canonical: &str, forms: &mut Forms) {
    let bytes = bytes_of(canonical);
    if bytes.len() * 2 != canonical.len() {
        return;
    }
    if let (8, Ok(number)) = (bytes.len(), u64::from_str_radix(canonical, 16)) {
        forms.packed("varint", varint(number));
    }
    both_ways(bytes, forms);
}

fn both_ways(bytes: Vec<u8>, forms: &mut Forms) {
    let backwards: Vec<u8> = bytes.iter().rev().copied().collect();
    for (step, text) in ["raw/base64", "raw/base64url"].into_iter().zip(encoding::base64(&bytes)) {
        forms.packed(step, text);
    }
    forms.packed("raw", bytes);
    forms.packed("raw-reversed", backwards);
}

/// RFC 9562, and the order of Microsoft's GUID.
fn uuid(canonical: &str, forms: &mut Forms) {
    let bytes = bytes_of(canonical);
    let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    forms.packed("guid", order.iter().filter_map(|&place| bytes.get(place).copied()).collect());
    both_ways(bytes, forms);
}

fn angles(canonical: &str, forms: &mut Forms) {
    for angle in canonical.split(',').filter_map(|angle| angle.parse::<f64>().ok()) {
        forms.packed("f64le", angle.to_le_bytes().to_vec());
        forms.packed("f64be", angle.to_be_bytes().to_vec());
    }
}

/// Two nibbles a byte, the first one high; 15 fills the last byte.
fn nibbles(digits: impl Iterator<Item = u8>) -> Vec<u8> {
    pairs(digits, |first, second| first << 4 | second)
}

/// Two nibbles a byte, the first one low; 15 fills the last byte.
fn swapped(digits: impl Iterator<Item = u8>) -> Vec<u8> {
    pairs(digits, |first, second| second << 4 | first)
}

fn pairs(mut digits: impl Iterator<Item = u8>, join: fn(u8, u8) -> u8) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(first) = digits.next() {
        out.push(join(first, digits.next().unwrap_or(15)));
    }
    out
}

fn digit(byte: u8) -> u8 {
    char::from(byte).to_digit(16).map_or(0, |digit| digit as u8)
}

/// The bytes that the hex digits of a text stand for; separators left out. Empty where it holds others.
fn bytes_of(text: &str) -> Vec<u8> {
    let letters: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b':' | b'-')).collect();
    match letters.iter().all(u8::is_ascii_hexdigit) && letters.len().is_multiple_of(2) {
        true => nibbles(letters.into_iter().map(digit)),
        false => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(kind: IdentifierKind, canonical: &str, form: &str) -> String {
        let mut forms = Forms::default();
        of(kind, canonical, &mut forms);
        let shape = forms.shapes.iter().find(|shape| shape.form == form);
        encoding::hex(&shape.unwrap_or_else(|| panic!("{form}")).bytes)
    }

    #[test]
    fn digits_are_packed_as_the_standards_say() {
        let rows = [
            (Imei, "352099001761481", "bcd", "352099001761481f"),
            (Imei, "352099001761481", "bcd-right", "0352099001761481"),
            (Imei, "352099001761481", "bcd-swapped", "53029900711684f1"),
            // TS 24.008 figure 10.5.4: digit 1, odd, type 010; then digits 3|2 …
            (Imei, "352099001761481", "mobile-identity", "3a25900910674118"),
            (Imsi, "262019483715260", "mobile-identity", "2926104938172506"),
            (Iccid, "8949020073518264919", "bcd-swapped", "989420003715284619f9"),
            (PhoneNumber, "+4915550112358", "sms-address", "0d91945155102153f8"),
            (WifiMac, "d0:37:45:ab:01:9f", "raw-reversed", "9f01ab4537d0"),
            (AndroidId, "b7e2c91f04d8a356", "raw", "b7e2c91f04d8a356"),
            (
                AdvertisingId,
                "5f3e8a1c-9b27-4d60-8e14-c7a92b05d3f6",
                "guid",
                "1c8a3e5f279b604d8e14c7a92b05d3f6",
            ),
        ];
        for (kind, canonical, form, hex) in rows {
            assert_eq!(packed(kind, canonical, form), hex, "{form}");
        }
    }

    #[test]
    fn varints_are_protobufs() {
        assert_eq!(varint(150), [0x96, 0x01]);
        assert_eq!(varint(u64::MAX).len(), 10);
    }
}
