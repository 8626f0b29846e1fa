//! A first look at bytes: which classes of characters they hold, whether they begin like a known format,
//! whether they read as text. Cheap, so that the decoders run only where they may succeed.

/// What a byte may belong to; sets of these are ORed together.
pub(crate) type Classes = u16;

pub(crate) const DIGIT: Classes = 1;
/// `a` to `f` and `A` to `F`.
pub(crate) const HEX_LETTER: Classes = 1 << 1;
/// Lower-case letters behind `f`.
pub(crate) const LOWER: Classes = 1 << 2;
/// Upper-case letters behind `F`.
pub(crate) const UPPER: Classes = 1 << 3;
/// `+` and `/`.
pub(crate) const PLUS_SLASH: Classes = 1 << 4;
/// `-` and `_`.
pub(crate) const DASH: Classes = 1 << 5;
pub(crate) const EQUALS: Classes = 1 << 6;
pub(crate) const PERCENT: Classes = 1 << 7;
pub(crate) const BACKSLASH: Classes = 1 << 8;
/// Space, tab, line feed, carriage return.
pub(crate) const SPACE: Classes = 1 << 9;
pub(crate) const AMPERSAND: Classes = 1 << 10;
pub(crate) const QUESTION: Classes = 1 << 11;
/// `,`, `;`, `:`.
pub(crate) const SEPARATOR: Classes = 1 << 12;
/// Any other printable ASCII.
pub(crate) const PRINTABLE: Classes = 1 << 13;
/// Control characters.
pub(crate) const CONTROL: Classes = 1 << 14;
/// Bytes above 0x7f.
pub(crate) const HIGH: Classes = 1 << 15;

/// What hex text is written in.
pub(crate) const HEX: Classes = DIGIT | HEX_LETTER;
/// What base64 text is written in, padding and line breaks included.
pub(crate) const BASE64: Classes = HEX | LOWER | UPPER | PLUS_SLASH | DASH | EQUALS | SPACE;

/// The entry of a table for a byte.
#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "no byte is above 255")]
pub(crate) fn look<T: Copy>(table: &[T; 256], byte: u8) -> T {
    table[usize::from(byte)]
}

/// All classes that occur in the bytes.
pub(crate) fn classes(bytes: &[u8]) -> Classes {
    // Four sums, so that none waits for the one before it.
    let (fours, rest) = bytes.as_chunks::<4>();
    let (mut a, mut b, mut c, mut d) = (0, 0, 0, 0);
    for &[first, second, third, fourth] in fours {
        a |= class(first);
        b |= class(second);
        c |= class(third);
        d |= class(fourth);
    }
    rest.iter().fold(a | b | c | d, |all, &byte| all | class(byte))
}

/// The class of one byte.
#[inline]
pub(crate) fn class(byte: u8) -> Classes {
    look(&CLASSES, byte)
}

/// Where the first of two bytes is: near ones without a call, which is most of them; far ones by `memchr`.
#[inline]
pub(crate) fn find_either(one: u8, other: u8, bytes: &[u8]) -> Option<usize> {
    let near = bytes.get(..NEAR).unwrap_or_default().as_chunks::<8>().0;
    let (ones, others) = (u64::from(one) * EACH_BYTE, u64::from(other) * EACH_BYTE);
    for (index, chunk) in near.iter().enumerate() {
        let word = u64::from_le_bytes(*chunk);
        let found = zero_bytes(word ^ ones) | zero_bytes(word ^ others);
        if found != 0 {
            return Some(index * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let skipped = near.len() * 8;
    memchr::memchr2(one, other, bytes.get(skipped..)?).map(|found| found + skipped)
}

/// The top bit of every zero byte (and perhaps of bytes behind the first of those).
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(EACH_BYTE) & !word & (EACH_BYTE << 7)
}

/// A format that says its name in its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Magic {
    /// A decoder of this name reads it.
    Decoder(&'static str),
    /// Images, sound, video, fonts, programs: named, but not decoded.
    Named(&'static str),
}

/// The format that bytes begin like.
pub(crate) fn magic(bytes: &[u8]) -> Option<Magic> {
    // Comparing the first byte alone saves most of the comparing.
    let begins = |start: &[u8]| start.first() == bytes.first() && bytes.starts_with(start);
    let known = MAGICS.iter().find(|(start, _)| begins(start)).map(|(_, magic)| *magic);
    known.or_else(|| offset_magic(bytes)).filter(|found| match found {
        Magic::Decoder("gzip") => crate::decode::inflate::gzip_header(bytes).is_some(),
        _ => true,
    })
}

/// Formats whose magic stands further in.
fn offset_magic(bytes: &[u8]) -> Option<Magic> {
    let at = |start: usize, magic: &[u8]| bytes.get(start..).is_some_and(|rest| rest.starts_with(magic));
    match bytes {
        [b'R', b'I', b'F', b'F', ..] if at(8, b"WEBP") => Some(Magic::Named("webp")),
        [b'R', b'I', b'F', b'F', ..] if at(8, b"WAVE") => Some(Magic::Named("wave")),
        [0, 0, 0, _, b'f', b't', b'y', b'p', ..] => Some(Magic::Named("mp4")),
        [0x50, 0x2a..=0x2f, 0x4d, 0x18, ..] => Some(Magic::Decoder("zstd")),
        _ if at(257, b"ustar") => Some(Magic::Decoder("tar")),
        _ => None,
    }
}

/// Whether bytes begin as images, sound, video or fonts do. What is labelled so and does not may be anything.
pub fn begins_as_media(bytes: &[u8]) -> bool {
    let at = |start: usize, wanted: &[u8]| bytes.get(start..).is_some_and(|rest| rest.starts_with(wanted));
    let container =
        bytes.first() == Some(&0) && [&b"ftyp"[..], b"moof", b"sidx", b"styp"].iter().any(|name| at(4, name));
    match magic(bytes) {
        Some(Magic::Named(name)) => is_media(name),
        Some(Magic::Decoder(_)) => false,
        None => {
            container
                || BEGINNINGS.iter().any(|begin| bytes.starts_with(begin))
                || at(0, b"G") && at(188, b"G")
        }
    }
}

/// Whether the format of that name (see [`Reading::decoder`](crate::Reading)) is one of images, sound, video or fonts.
pub fn is_media(format: &str) -> bool {
    MEDIA.contains(&format)
}

/// Whether bytes are text: UTF-8 (but for a character cut at the end) with hardly a control character, in
/// their first and last kilobyte.
pub(crate) fn textual(bytes: &[u8]) -> bool {
    let head = bytes.get(..PROBE).unwrap_or(bytes);
    let tail = bytes.get(bytes.len().saturating_sub(PROBE)..).unwrap_or_default();
    !bytes.is_empty() && printable(head, true) && (bytes.len() <= PROBE || printable(tail, false))
}

fn printable(bytes: &[u8], from_start: bool) -> bool {
    // A cut in the middle of a character is no reason to doubt the rest.
    let skip =
        if from_start { 0 } else { bytes.iter().take(3).take_while(|&&byte| byte & 0xc0 == 0x80).count() };
    let bytes = bytes.get(skip..).unwrap_or_default();
    let valid = match std::str::from_utf8(bytes) {
        Ok(_) => bytes.len(),
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => return false,
    };
    let controls: usize = bytes.get(..valid).unwrap_or_default().chunks(BLOCK).map(controls).sum();
    valid > 0 && controls * 50 <= valid
}

/// How many of at most 255 bytes are control characters. In a byte, so that many are counted at once.
fn controls(block: &[u8]) -> usize {
    usize::from(block.iter().map(|&byte| u8::from(is_control(byte))).sum::<u8>())
}

/// Control characters but for white space. Comparisons, so that many bytes are compared at once.
fn is_control(byte: u8) -> bool {
    byte < 0x20 && byte != b'\t' && byte != b'\n' && byte != b'\r' || byte == 0x7f
}

/// The byte order of bytes that are UTF-16 text: by their mark, or because every other byte is zero.
pub(crate) fn utf16(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] => return None,
        [0xff, 0xfe, _, _, ..] => return Some("utf-16le"),
        [0xfe, 0xff, _, _, ..] => return Some("utf-16be"),
        _ => {}
    }
    let (pairs, _) = bytes.get(..PROBE).unwrap_or(bytes).as_chunks::<2>();
    let ascii = |byte: u8| class(byte) & (CONTROL | HIGH) == 0;
    let le = pairs.iter().filter(|[low, high]| *high == 0 && ascii(*low)).count();
    let be = pairs.iter().filter(|[high, low]| *high == 0 && ascii(*low)).count();
    let enough = |count: usize| pairs.len() >= 4 && count * 10 >= pairs.len() * 8;
    match (enough(le), enough(be)) {
        (true, false) => Some("utf-16le"),
        (false, true) => Some("utf-16be"),
        _ => None,
    }
}

/// Where the text begins behind white space and a UTF-8 byte order mark.
pub(crate) fn text_start(bytes: &[u8]) -> usize {
    let mark = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let blank = bytes.iter().skip(mark).take_while(|byte| byte.is_ascii_whitespace()).count();
    mark + blank
}

const fn class_of(byte: u8) -> Classes {
    match byte {
        b'0'..=b'9' => DIGIT,
        b'a'..=b'f' | b'A'..=b'F' => HEX_LETTER,
        b'g'..=b'z' => LOWER,
        b'G'..=b'Z' => UPPER,
        b'+' | b'/' => PLUS_SLASH,
        b'-' | b'_' => DASH,
        b'=' => EQUALS,
        b'%' => PERCENT,
        b'\\' => BACKSLASH,
        b' ' | b'\t' | b'\n' | b'\r' => SPACE,
        b'&' => AMPERSAND,
        b'?' => QUESTION,
        b',' | b';' | b':' => SEPARATOR,
        0..=31 | 127 => CONTROL,
        128..=255 => HIGH,
        _ => PRINTABLE,
    }
}

const fn class_table() -> [Classes; 256] {
    let mut table = [0; 256];
    let mut byte = 0_u8;
    loop {
        if let Some(slot) = table.split_at_mut(byte as usize).1.first_mut() {
            *slot = class_of(byte);
        }
        if byte == u8::MAX {
            return table;
        }
        byte += 1;
    }
}

static CLASSES: [Classes; 256] = class_table();

/// Bytes looked at before `memchr` is called.
const NEAR: usize = 32;
const EACH_BYTE: u64 = 0x0101_0101_0101_0101;
/// Bytes counted at once.
const BLOCK: usize = 128;
/// Bytes looked at at either end.
const PROBE: usize = 1024;

/// Formats by their first bytes.
const MAGICS: &[(&[u8], Magic)] = &[
    (b"\x1f\x8b\x08", Magic::Decoder("gzip")),
    (b"\x28\xb5\x2f\xfd", Magic::Decoder("zstd")),
    (b"\x04\x22\x4d\x18", Magic::Decoder("lz4")),
    (b"\xff\x06\x00\x00sNaPpY", Magic::Decoder("snappy")),
    (b"PK\x03\x04", Magic::Decoder("zip")),
    (b"bplist0", Magic::Decoder("bplist")),
    (b"\xff\xd8\xff", Magic::Named("jpeg")),
    (b"\x89PNG\r\n\x1a\n", Magic::Named("png")),
    (b"GIF87a", Magic::Named("gif")),
    (b"GIF89a", Magic::Named("gif")),
    (b"wOFF", Magic::Named("woff")),
    (b"wOF2", Magic::Named("woff2")),
    (b"\0\x01\0\0\0", Magic::Named("truetype")),
    (b"OTTO\0", Magic::Named("opentype")),
    (b"OggS\0", Magic::Named("ogg")),
    (b"ID3\x03", Magic::Named("mp3")),
    (b"ID3\x04", Magic::Named("mp3")),
    (b"\x1aE\xdf\xa3", Magic::Named("matroska")),
    (b"FLV\x01", Magic::Named("flash-video")),
    (b"%PDF-", Magic::Named("pdf")),
    (b"dex\n0", Magic::Named("dex")),
    (b"\x7fELF", Magic::Named("elf")),
    (b"7z\xbc\xaf\x27\x1c", Magic::Named("7z")),
    (b"\xfd7zXZ\0", Magic::Named("xz")),
    (b"SQLite format 3\0", Magic::Named("sqlite")),
    (b"\0\0\x01\0\x01\0", Magic::Named("icon")),
    (b"CrAU", Magic::Named("payload-bin")),
];

/// Those of [`MAGICS`] that are images, sound, video or fonts.
const MEDIA: [&str; 15] = [
    "flash-video",
    "gif",
    "icon",
    "jpeg",
    "matroska",
    "mp3",
    "mp4",
    "ogg",
    "opentype",
    "png",
    "truetype",
    "wave",
    "webp",
    "woff",
    "woff2",
];
/// How further ones begin, that are too short to be searched for: TIFF, BMP, FLAC, AMR, frames of MPEG audio and AAC.
const BEGINNINGS: [&[u8]; 12] = [
    b"#!AMR",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"RIFF",
    b"\xff\xf1",
    b"\xff\xf2",
    b"\xff\xf3",
    b"\xff\xf9",
    b"\xff\xfa",
    b"\xff\xfb",
    b"fLaC",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_noise_are_told_apart() {
        let rows: [(&[u8], bool); 7] = [
            (b"hello\r\n", true),
            (b"caf\xc3\xa9 \xe4\xbd", true),
            (b"caf\xe9 latin", false),
            (b"\0\0\0\x08", false),
            (b"a\x01b\x02c", false),
            (b"", false),
            (b"\xe4\xbd\xa0\xe5\xa5\xbd", true),
        ];
        for (bytes, expected) in rows {
            assert_eq!(textual(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn media_are_known_by_their_first_bytes() {
        let segment: Vec<u8> = [b"G".to_vec(), vec![7; 187], b"G".to_vec()].concat();
        let rows: [(&[u8], bool); 8] = [
            (b"\xff\xd8\xff\xe0", true),
            (b"\0\0\0\x18styp", true),
            (&segment, true),
            (b"\xff\xfb\x90", true),
            (b"", false),
            (b"Gone with it", false),
            (b"\x1f\x8b\x08\0", false),
            (b"\x8a\x02\x91\xfe", false),
        ];
        for (bytes, expected) in rows {
            assert_eq!(begins_as_media(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn utf16_is_known_by_mark_or_zeros() {
        let le: Vec<u8> = "imei=0044015".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = "imei=0044015".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(utf16(&le), Some("utf-16le"));
        assert_eq!(utf16(&be), Some("utf-16be"));
        assert_eq!(utf16(b"\xff\xfe\x60\x4f"), Some("utf-16le"));
        assert_eq!(utf16(b"plain text, not wide"), None);
        assert_eq!(utf16(&[0; 64]), None);
    }
}
