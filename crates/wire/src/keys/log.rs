//! `SSLKEYLOGFILE` text (draft-ietf-tls-keylogfile, and the older forms that NSS and Wireshark know) to secrets.

use evidence::CaptureId;
use memchr::memchr2;

use super::{
    Label,
    table::{self, Added, Name, Place, Slot, Table},
};

/// What became of the lines of a key log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogTally {
    /// Bytes of the text that were read: up to the end of its last whole line.
    pub used: usize,
    /// Lines of those: the number of the next one is so much higher.
    pub lines: u64,
    /// Secrets that are new.
    pub secrets: u64,
    /// Secrets that were known already.
    pub known: u64,
    /// Lines with secrets that open nothing that was recorded: of exporters, of Encrypted Client Hello.
    pub unused: u64,
    /// Lines that are no comment, not empty, and no secret.
    pub odd: u64,
    /// Secrets that there was no room for: too many have the name of one connection.
    pub over_limit: u64,
}

/// What a line says.
enum Line {
    /// Nothing.
    Blank,
    Odd,
    Secret {
        name: Name,
        slot: Slot,
        len: usize,
        at: usize,
    },
    Unused,
}

/// Reads the whole lines of `text`, the first of which stands at that offset and has that number.
pub(super) fn read(
    table: &mut Table,
    file: CaptureId,
    (start, first_line): (u64, u64),
    text: &[u8],
) -> LogTally {
    let mut tally = LogTally::default();
    // The longest secret, once for all lines.
    let mut secret = [0; LONGEST];
    while let Some((len, end)) = text.get(tally.used..).and_then(line_end) {
        let at = tally.used;
        let line = text.get(at..at.saturating_add(len)).unwrap_or_default();
        let number = first_line.saturating_add(tally.lines);
        tally.used = at.saturating_add(len).saturating_add(end);
        tally.lines += 1;
        match parse(line, &mut secret) {
            Line::Blank => {}
            Line::Odd => tally.odd += 1,
            Line::Unused => tally.unused += 1,
            Line::Secret { name, slot, len, at: digit } => {
                let offset = start.saturating_add(at as u64).saturating_add(digit as u64);
                let bytes = secret.get(..len).unwrap_or_default();
                match table.add(&name, slot, bytes, Place { file, line: number, offset }) {
                    Added::Known => tally.known += 1,
                    Added::New => tally.secrets += 1,
                    Added::OverLimit => tally.over_limit += 1,
                }
            }
        }
    }
    tally
}

/// How long the first line is, and its end: `\n`, `\r\n` or `\r`. `None` where it may go on; a `\r` at the end of
/// the text may yet be half of an end.
fn line_end(rest: &[u8]) -> Option<(usize, usize)> {
    let len = memchr2(b'\n', b'\r', rest)?;
    match (rest.get(len)?, rest.get(len.saturating_add(1))) {
        (b'\n', _) => Some((len, 1)),
        (_, Some(b'\n')) => Some((len, 2)),
        (_, Some(_)) => Some((len, 1)),
        (_, None) => None,
    }
}

/// Reads a line; the bytes of its secret go to `secret`.
fn parse(line: &[u8], secret: &mut [u8; LONGEST]) -> Line {
    let mut words = Words { line: line.strip_prefix(BOM).unwrap_or(line), at: 0, shift: 0 };
    words.shift = line.len() - words.line.len();
    let Some((label, _)) = words.next().filter(|(label, _)| !label.starts_with(b"#")) else {
        return Line::Blank;
    };
    let Some(kind) = Kind::of(label) else { return Line::Odd };
    let (Some((name, _)), Some((value, at)), None) = (words.next(), words.next(), words.next()) else {
        return Line::Odd;
    };
    kind.line((name, value), at, secret).unwrap_or(Line::Odd)
}

/// What a label announces.
enum Kind {
    Labelled(Label),
    /// `RSA`: by an encrypted premaster secret, or by a session id.
    Rsa,
    Unused,
}

impl Kind {
    fn of(label: &[u8]) -> Option<Self> {
        // Early versions of QUIC libraries had labels of their own.
        let label = label.strip_prefix(b"QUIC_").unwrap_or(label);
        Some(match label {
            b"CLIENT_RANDOM" => Self::Labelled(Label::Master),
            b"CLIENT_HANDSHAKE_TRAFFIC_SECRET" => Self::Labelled(Label::ClientHandshake),
            b"SERVER_HANDSHAKE_TRAFFIC_SECRET" => Self::Labelled(Label::ServerHandshake),
            b"CLIENT_EARLY_TRAFFIC_SECRET" => Self::Labelled(Label::ClientEarly),
            b"PMS_CLIENT_RANDOM" => Self::Labelled(Label::Premaster),
            b"RSA" => Self::Rsa,
            b"EXPORTER_SECRET" | b"EARLY_EXPORTER_SECRET" | b"ECH_SECRET" | b"ECH_CONFIG" => Self::Unused,
            _ => return Self::numbered(label),
        })
    }

    fn numbered(label: &[u8]) -> Option<Self> {
        let (label, number): (fn(u8) -> Label, _) = match label.strip_prefix(b"CLIENT_TRAFFIC_SECRET_") {
            Some(number) => (Label::ClientTraffic, number),
            None => (Label::ServerTraffic, label.strip_prefix(b"SERVER_TRAFFIC_SECRET_")?),
        };
        if number == b"N" {
            // OpenSSL says no more of those that follow from the first.
            return Some(Self::Unused);
        }
        let digits = !number.is_empty() && number.len() < 10 && number.iter().all(u8::is_ascii_digit);
        let number: u32 = std::str::from_utf8(number).ok().filter(|_| digits)?.parse().ok()?;
        // Later ones follow from the first.
        Some(u8::try_from(number).map_or(Self::Unused, |number| Self::Labelled(label(number))))
    }

    fn line(self, (name, value): (&[u8], &[u8]), at: usize, secret: &mut [u8; LONGEST]) -> Option<Line> {
        let mut id = [0; table::NAME];
        match self {
            Self::Unused => (hex(name, &mut id).is_some()).then_some(Line::Unused),
            Self::Labelled(label) => {
                hex(name, &mut id).filter(|len| *len == table::NAME)?;
                let len = hex(value, secret)?;
                label.fits(len).then_some(Line::Secret { name: id, slot: label.slot(), len, at })
            }
            Self::Rsa => match name.strip_prefix(b"Session-ID:") {
                Some(name) => {
                    let slot = Slot::session(hex(name, &mut id)?);
                    let digits = value.strip_prefix(b"Master-Key:")?;
                    let len = hex(digits, secret).filter(|len| *len == MASTER)?;
                    let at = at.saturating_add(value.len() - digits.len());
                    Some(Line::Secret { name: id, slot, len, at })
                }
                None => {
                    hex(name, &mut id).filter(|len| *len == table::ENCRYPTED)?;
                    let len = hex(value, secret)?;
                    Some(Line::Secret { name: id, slot: Slot::ENCRYPTED, len, at })
                }
            },
        }
    }
}

impl Label {
    /// Whether a secret of that many bytes can be one.
    fn fits(self, len: usize) -> bool {
        match self {
            Self::Master => len == MASTER,
            Self::Premaster => true,
            _ => matches!(len, 32 | 48),
        }
    }
}

/// The words of a line and where they stand in it.
struct Words<'a> {
    line: &'a [u8],
    at: usize,
    /// Bytes of the line before `line`.
    shift: usize,
}

impl<'a> Iterator for Words<'a> {
    type Item = (&'a [u8], usize);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.line.get(self.at..)?;
        let start = rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
        let word = rest.get(start..)?;
        let len = memchr::memchr3(b' ', b'\t', b'\r', word).unwrap_or(word.len());
        let begin = self.at.saturating_add(start);
        self.at = begin.saturating_add(len);
        Some((word.get(..len)?, begin.saturating_add(self.shift)))
    }
}

/// The bytes that hex digits of either case say, and how many. `None` where they are none, or are no bytes, or
/// too many.
fn hex(digits: &[u8], bytes: &mut [u8]) -> Option<usize> {
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    let len = digits.len() / 2;
    let mut bad = 0;
    for (byte, pair) in bytes.get_mut(..len)?.iter_mut().zip(digits.as_chunks::<2>().0) {
        let [high, low] = pair.map(|digit| DIGITS.get(usize::from(digit)).copied().unwrap_or(NO_DIGIT));
        bad |= high | low;
        *byte = high << 4 | low & 0x0f;
    }
    (bad & NO_DIGIT == 0).then_some(len)
}

/// The bytes that hex text says; `None` where it is none.
pub(super) fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = vec![0; text.len() / 2];
    let len = hex(text, &mut bytes)?;
    (len == bytes.len()).then_some(bytes)
}

static DIGITS: [u8; 256] = digits();

#[expect(clippy::indexing_slicing, reason = "the compiler runs it")]
const fn digits() -> [u8; 256] {
    let mut table = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < 16 {
        let (lower, upper) = (b"0123456789abcdef", b"0123456789ABCDEF");
        table[lower[digit] as usize] = digit as u8;
        table[upper[digit] as usize] = digit as u8;
        digit += 1;
    }
    table
}

/// A bit that no digit has.
const NO_DIGIT: u8 = 0x80;

/// Bytes of a master secret.
const MASTER: usize = 48;

/// Bytes of the longest secret that is read: a premaster secret of Diffie-Hellman with 8,192 bits.
const LONGEST: usize = 1024;

/// Some editors put a byte order mark at the beginning.
const BOM: &[u8] = b"\xef\xbb\xbf";
