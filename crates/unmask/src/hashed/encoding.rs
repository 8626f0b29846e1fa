//! How a digest is written, and which digests a written value may be.

/// How a digest is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// Base64 (RFC 4648 section 4), padded or not.
    Base64,
    /// Base64 with `-` and `_` (section 5), padded or not.
    Base64Url,
    /// A number without a sign, most significant byte first.
    Decimal,
    /// A number with a sign, as Java and C write 32 and 64 bits.
    DecimalSigned,
    /// Hex digits, small letters.
    Hex,
    /// Hex digits, capital letters.
    HexUpper,
    /// The bytes.
    Raw,
    /// Hex digits of 16 bytes in groups of 8, 4, 4, 4 and 12.
    Uuid,
    /// The same with the bits of version 3 and variant: Java's `UUID.nameUUIDFromBytes`.
    Uuid3,
    /// The same without hyphens.
    Uuid3Plain,
}

impl Encoding {
    /// Its name at the end of forms.
    pub fn name(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Base64Url => "base64url",
            Self::Decimal => "decimal",
            Self::DecimalSigned => "decimal-signed",
            Self::Hex => "hex",
            Self::HexUpper => "hex-upper",
            Self::Raw => "raw",
            Self::Uuid => "uuid",
            Self::Uuid3 => "uuid3",
            Self::Uuid3Plain => "uuid3-plain",
        }
    }

    /// How many bits of so many bytes a chance hit would have to guess.
    pub(super) fn bits(self, bytes: usize) -> u32 {
        let bits = u32::try_from(bytes).unwrap_or(u32::MAX).saturating_mul(8);
        // Version and variant are given.
        let given = if matches!(self, Self::Uuid3 | Self::Uuid3Plain) { 6 } else { 0 };
        bits.saturating_sub(given)
    }

    /// A filter for the shell that reads the raw digest and writes it so.
    pub(super) fn shell(self) -> &'static str {
        match self {
            Self::Base64 => "base64 -w0",
            Self::Base64Url => "base64 -w0 | tr '+/' '-_'",
            Self::Decimal => "python3 -c \"import sys;print(int.from_bytes(sys.stdin.buffer.read(),'big'))\"",
            Self::DecimalSigned => {
                "python3 -c \"import sys;print(int.from_bytes(sys.stdin.buffer.read(),'big',signed=True))\""
            }
            Self::Hex => "od -An -v -tx1 | tr -d ' \\n'",
            Self::HexUpper => "od -An -v -tx1 | tr -d ' \\n' | tr a-f A-F",
            Self::Raw => "cat",
            Self::Uuid => "python3 -c \"import sys,uuid;print(uuid.UUID(bytes=sys.stdin.buffer.read()))\"",
            Self::Uuid3 => {
                "python3 -c \"import sys,uuid;print(uuid.UUID(bytes=sys.stdin.buffer.read(),version=3))\""
            }
            Self::Uuid3Plain => {
                "python3 -c \"import sys,uuid;print(uuid.UUID(bytes=sys.stdin.buffer.read(),version=3).hex)\""
            }
        }
    }
}

/// A digest, or a part of one, that a value may be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// How they were written.
    pub encoding: Encoding,
}

impl Target {
    /// All readings of a value as a digest of 4 to 64 bytes, the most probable first. None if it is too short,
    /// too long, or one byte over and over.
    pub fn readings(value: &[u8]) -> Vec<Self> {
        let text = value.trim_ascii();
        let mut all = Vec::new();
        if let Some(bytes) = unhex(text) {
            let versioned = bytes.get(6).is_some_and(|byte| byte >> 4 == 3)
                && bytes.get(8).is_some_and(|byte| byte >> 6 == 2);
            let encoding = match text.iter().any(u8::is_ascii_uppercase) {
                true => Encoding::HexUpper,
                false => Encoding::Hex,
            };
            all.push(Self { bytes: bytes.clone(), encoding });
            if bytes.len() == 16 && versioned {
                all.push(Self { bytes, encoding: Encoding::Uuid3Plain });
            }
        }
        all.extend(uuid(text));
        all.extend(decimal(text));
        // Hex digits only are in practice never base64, and text is no digest as it is.
        if all.is_empty() {
            all.extend(base64(text));
        }
        if !value.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) {
            all.push(Self { bytes: value.to_vec(), encoding: Encoding::Raw });
        }
        all.retain(|target| target.is_plausible());
        all
    }

    /// The place in a digest of a function where this is to be found, or nothing.
    pub fn cut_of(&self, digest: &[u8]) -> Option<Cut> {
        Cut::all(digest.len(), self.bytes.len())
            .find(|cut| digest.get(cut.start..cut.end).is_some_and(|part| self.is(part)))
    }

    /// Whether a digest, cut to the length, is written like this.
    pub fn is(&self, part: &[u8]) -> bool {
        if !self.is_uuid3() {
            return self.bytes == part;
        }
        part.len() == self.bytes.len()
            && self.bytes.iter().zip(part).enumerate().all(|(place, (ours, theirs))| {
                let mask = match place {
                    6 => 0x0F,
                    8 => 0x3F,
                    _ => 0xFF,
                };
                (ours ^ theirs) & mask == 0
            })
    }

    fn is_uuid3(&self) -> bool {
        matches!(self.encoding, Encoding::Uuid3 | Encoding::Uuid3Plain)
    }

    fn is_plausible(&self) -> bool {
        let bytes = &self.bytes;
        let same = bytes.iter().all(|byte| Some(byte) == bytes.first());
        (SHORTEST..=LONGEST).contains(&bytes.len()) && !same
    }
}

/// A part of a digest, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cut {
    /// The first byte.
    pub start: usize,
    /// After the last.
    pub end: usize,
}

impl Cut {
    /// How many bytes it is.
    pub fn len(self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Whether nothing was kept.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The parts of such a length that programs keep: beginning, middle and end.
    pub(super) fn all(digest: usize, part: usize) -> impl Iterator<Item = Self> {
        let rest = digest.checked_sub(part);
        let starts = match rest {
            None => [None; 3],
            Some(0) => [Some(0), None, None],
            // Ends of a few bytes would triple the chance of being wrong.
            Some(_) if part < 8 => [Some(0), None, None],
            Some(rest) => [Some(0), Some(rest / 2), Some(rest)],
        };
        starts.into_iter().flatten().map(move |start| Self { start, end: start + part })
    }
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.strip_prefix(b"0x").unwrap_or(text);
    if !text.len().is_multiple_of(2) || text.len() > 2 * LONGEST {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.chunks_exact(2).map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

fn uuid(text: &[u8]) -> Vec<Target> {
    let hyphens = text.len() == 36 && [8, 13, 18, 23].iter().all(|&place| text.get(place) == Some(&b'-'));
    let plain: Vec<u8> = text.iter().copied().filter(|&byte| byte != b'-').collect();
    let Some(bytes) = unhex(&plain).filter(|bytes| hyphens && bytes.len() == 16) else { return Vec::new() };
    let version3 = bytes.get(6).is_some_and(|byte| byte >> 4 == 3);
    let encoding = if version3 { Encoding::Uuid3 } else { Encoding::Uuid };
    vec![Target { bytes, encoding }]
}

fn decimal(text: &[u8]) -> Vec<Target> {
    let Ok(text) = std::str::from_utf8(text) else { return Vec::new() };
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let encoding = if plain { Encoding::Decimal } else { Encoding::DecimalSigned };
    let short = match plain {
        true => text.parse::<u32>().ok().map(u32::to_be_bytes),
        false => text.parse::<i32>().ok().map(i32::to_be_bytes),
    };
    let long = match plain {
        true => text.parse::<u64>().ok().map(u64::to_be_bytes),
        false => text.parse::<i64>().ok().map(i64::to_be_bytes),
    };
    let bytes = short.map(|bytes| bytes.to_vec()).or(long.map(|bytes| bytes.to_vec()));
    bytes.into_iter().map(|bytes| Target { bytes, encoding }).collect()
}

/// Base64 of either alphabet, read strictly: no other letters, no bits left over.
fn base64(text: &[u8]) -> Option<Target> {
    let body = text.strip_suffix(b"==").or(text.strip_suffix(b"=")).unwrap_or(text);
    if body.len() > LONGEST.div_ceil(3) * 4 || body.len() % 4 == 1 {
        return None;
    }
    let (mut bits, mut held, mut bytes) = (0_u32, 0_u32, Vec::with_capacity(LONGEST));
    for &letter in body {
        held = (held << 6 | sextet(letter)?) & 0xFFFF;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 0xFF) as u8);
        }
    }
    let left_over = held & ((1 << bits) - 1);
    let url = body.iter().any(|letter| matches!(letter, b'-' | b'_'));
    let encoding = if url { Encoding::Base64Url } else { Encoding::Base64 };
    (left_over == 0).then_some(Target { bytes, encoding })
}

fn sextet(letter: u8) -> Option<u32> {
    let sextet = match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    };
    Some(u32::from(sextet))
}

/// Fewer bytes than a checksum prove nothing.
const SHORTEST: usize = 4;
/// SHA-512's and BLAKE2b's.
pub(super) const LONGEST: usize = 64;
