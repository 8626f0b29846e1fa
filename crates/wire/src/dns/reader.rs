//! The bytes of a DNS message to its names and records, as far as they can be read.

use std::net::IpAddr;

use evidence::{BufferId, Fidelity, Segment, Source};

use super::HEADER;
use crate::{DnsData, DnsHead};

/// What could be read of a message.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) id: u16,
    pub(super) head: DnsHead,
    /// Names and texts, a line each.
    pub(super) text: Vec<u8>,
    /// Where they stand in the recorded bytes.
    pub(super) segments: Vec<Segment>,
    pub(super) oddities: Vec<Oddity>,
}

/// Something odd, at a byte of the recorded bytes.
#[derive(Debug)]
pub(super) struct Oddity {
    pub(super) at: usize,
    pub(super) what: &'static str,
    pub(super) detail: String,
}

/// Whether all of a message can be read, nothing is left over, and it asks for one name of the internet
/// class: strict, because on ports other than DNS's own anything may come.
pub(super) fn flawless(bytes: &[u8]) -> bool {
    let Some([_, _, high, low, 0, 1, 0, answers, 0, authorities, 0, _]) = bytes.first_chunk::<HEADER>()
    else {
        return false;
    };
    let query = high & 0x80 == 0 && *answers == 0 && *authorities == 0;
    if high & 0x78 != 0 || low & 0x70 != 0 || (high & 0x80 == 0 && !query) {
        return false;
    }
    let reading = Reading::of(bytes, 0);
    let named = |(name, kind): &(String, u16)| {
        *kind != 0 && name.contains('.') && name.bytes().all(|byte| byte.is_ascii_graphic())
    };
    reading.oddities.is_empty() && reading.head.questions.iter().all(named)
}

impl Reading {
    /// Reads the message that begins at byte `base` of `recorded`.
    pub(super) fn of(recorded: &[u8], base: usize) -> Self {
        let message = recorded.get(base..).unwrap_or_default();
        let mut reader = Reader { message, base, at: HEADER, found: Self::default(), named: Vec::new() };
        if let Err(what) = reader.read() {
            reader.odd(what);
        }
        reader.found
    }
}

/// Reads one message.
struct Reader<'a> {
    message: &'a [u8],
    /// Where the message begins in the recorded bytes.
    base: usize,
    at: usize,
    found: Reading,
    /// Where names begin that are in the text already.
    named: Vec<usize>,
}

type Read<T> = Result<T, &'static str>;

impl<'a> Reader<'a> {
    fn read(&mut self) -> Read<()> {
        let header =
            *self.message.first_chunk::<HEADER>().ok_or("peer sent a DNS message shorter than its header")?;
        let [id_high, id_low, flags_high, flags_low, counts @ ..] = header;
        self.found.id = u16::from_be_bytes([id_high, id_low]);
        self.found.head.response = flags_high & 0x80 != 0;
        self.found.head.code = u16::from(flags_low & 15);
        let [q1, q2, a1, a2, n1, n2, m1, m2] = counts;
        for _ in 0..u16::from_be_bytes([q1, q2]) {
            self.question()?;
        }
        // Additional addresses belong to other names than the one asked for; only multicast, which asks
        // for none, has its own there.
        let multicast = [q1, q2] == [0, 0];
        for (count, kept) in [([a1, a2], true), ([n1, n2], false), ([m1, m2], multicast)] {
            for _ in 0..u16::from_be_bytes(count) {
                self.record(kept)?;
            }
        }
        match self.message.len().checked_sub(self.at) {
            None | Some(0) => Ok(()),
            Some(_) => Err("peer sent bytes after the last DNS record"),
        }
    }

    fn odd(&mut self, what: &'static str) {
        let there = self.message.len();
        let detail = format!("at byte {} of {there}", self.at.min(there));
        self.found.oddities.push(Oddity { at: self.base.saturating_add(self.at), what, detail });
    }

    fn question(&mut self) -> Read<()> {
        let name = self.name()?;
        let kind = self.number()?;
        self.number()?;
        self.found.head.questions.push((name, kind));
        Ok(())
    }

    fn record(&mut self, kept: bool) -> Read<()> {
        let owner = self.name()?;
        let kind = self.number()?;
        self.number()?;
        self.take(4)?;
        let len = usize::from(self.number()?);
        let start = self.at;
        let end = start.saturating_add(len);
        if end > self.message.len() {
            self.texts(kind, self.message.len());
            return Err(RECORD_SHORT);
        }
        let data = self.data(kind, end)?;
        if self.at > end {
            return Err("peer sent a DNS record with a name longer than its data");
        }
        self.at = end;
        if kept && kind != OPT {
            self.found.head.answers.push((owner, data));
        }
        Ok(())
    }

    /// What a record points to (RFC 1035 section 3.3, 2782, 3596, 9460), its names and texts.
    fn data(&mut self, kind: u16, end: usize) -> Read<DnsData> {
        let rest = self.message.get(self.at..end).unwrap_or_default();
        let skipped = match kind {
            A => return Ok(address::<4>(rest).unwrap_or(DnsData::Other(kind))),
            AAAA => return Ok(address::<16>(rest).unwrap_or(DnsData::Other(kind))),
            CNAME if !rest.is_empty() => return Ok(DnsData::Alias(self.name()?)),
            NS | PTR | DNAME | SOA => 0,
            MX | AFSDB | SVCB | HTTPS => 2,
            SRV => 6,
            TXT | HINFO => {
                self.texts(kind, end);
                return Ok(DnsData::Other(kind));
            }
            _ => return Ok(DnsData::Other(kind)),
        };
        if rest.len() > skipped {
            self.at += skipped;
            self.name()?;
            if kind == SOA {
                self.name()?;
            }
        }
        Ok(DnsData::Other(kind))
    }

    /// Character strings up to `end`, each a line of the text.
    fn texts(&mut self, kind: u16, end: usize) {
        if !matches!(kind, TXT | HINFO) {
            return;
        }
        let mut at = self.at;
        while let Some(len) = self.message.get(at).filter(|_| at < end) {
            let first = at + 1;
            let last = first.saturating_add(usize::from(*len)).min(end);
            if self.found.text.len() < TEXT_LIMIT && last > first {
                self.copy(first, last);
                self.made(b'\n', at);
            }
            at = last;
        }
    }

    /// Reads a name (RFC 1035 section 4.1.4) and goes on behind it.
    fn name(&mut self) -> Read<String> {
        if self.found.text.len() > TEXT_LIMIT {
            return Err("peer sent a DNS message with more names than are read");
        }
        let start = self.begin_of_name(self.at);
        let fresh = !self.named.contains(&start);
        if fresh && self.named.len() < NAMED_LIMIT {
            self.named.push(start);
        }
        let mut name = String::with_capacity(USUAL_NAME);
        let mut walk = Walk { at: self.at, after: None, limit: self.at, bytes: 0 };
        let mut first = true;
        while let Some((length_at, label)) = walk.label(self.message)? {
            if !first {
                name.push('.');
            }
            let bytes = self.message.get(label.clone()).unwrap_or_default();
            push_label(&mut name, bytes);
            if fresh {
                if !first {
                    self.made(b'.', length_at);
                }
                self.copy(label.start, label.end);
            }
            first = false;
        }
        if fresh && !first {
            self.made(b'\n', walk.at.saturating_sub(1));
        }
        self.at = walk.after.unwrap_or(walk.at);
        Ok(name)
    }

    /// Where a name's first label stands: behind the pointer, where it begins with one.
    fn begin_of_name(&self, at: usize) -> usize {
        match self.message.get(at..) {
            Some([high, low, ..]) if high & 0xc0 == 0xc0 => pointer(*high, *low),
            _ => at,
        }
    }

    /// Adds bytes of the message to the text.
    fn copy(&mut self, start: usize, end: usize) {
        let bytes = self.message.get(start..end).unwrap_or_default();
        let out = self.found.text.len() as u64;
        let from = self.base.saturating_add(start) as u64;
        self.found.segments.push(Segment::exact(out, bytes.len() as u64, SOURCE, from));
        self.found.text.extend_from_slice(bytes);
    }

    /// Adds a byte to the text that stands for the length at `at`.
    fn made(&mut self, byte: u8, at: usize) {
        self.found.segments.push(Segment {
            out: self.found.text.len() as u64,
            len: 1,
            source: SOURCE,
            start: self.base.saturating_add(at) as u64,
            source_len: 1,
            fidelity: Fidelity::Within,
        });
        self.found.text.push(byte);
    }

    fn number(&mut self) -> Read<u16> {
        let bytes = self.take(2)?;
        Ok(bytes.first_chunk::<2>().map_or(0, |bytes| u16::from_be_bytes(*bytes)))
    }

    fn take(&mut self, len: usize) -> Read<&'a [u8]> {
        let bytes = self.message.get(self.at..).and_then(|rest| rest.get(..len)).ok_or(RECORD_SHORT)?;
        self.at += len;
        Ok(bytes)
    }
}

/// A walk along the labels of a name.
struct Walk {
    at: usize,
    /// Where the name ends in its own place, once a pointer was followed.
    after: Option<usize>,
    /// Pointers must lead before this byte: so the walk ends.
    limit: usize,
    bytes: usize,
}

impl Walk {
    /// The next label: where its length stands, and its bytes. `None` at the end of the name.
    fn label(&mut self, message: &[u8]) -> Read<Option<(usize, std::ops::Range<usize>)>> {
        loop {
            let length_at = self.at;
            let length = *message.get(self.at).ok_or(RECORD_SHORT)?;
            self.at += 1;
            match length {
                0 => return Ok(None),
                1..0x40 => {
                    let label = self.at..self.at + usize::from(length);
                    self.bytes += label.len() + 1;
                    if self.bytes > NAME_LIMIT {
                        return Err("peer sent a DNS name longer than 255 bytes");
                    }
                    if label.end > message.len() {
                        return Err(RECORD_SHORT);
                    }
                    self.at = label.end;
                    return Ok(Some((length_at, label)));
                }
                0xc0.. => {
                    let low = *message.get(self.at).ok_or(RECORD_SHORT)?;
                    self.after.get_or_insert(self.at + 1);
                    self.at = pointer(length, low);
                    if self.at >= self.limit {
                        return Err("peer sent a DNS name that points forward or to itself");
                    }
                    self.limit = self.at;
                }
                0x40..0xc0 => return Err("peer sent a DNS label of an unknown type"),
            }
        }
    }
}

fn pointer(high: u8, low: u8) -> usize {
    usize::from(u16::from_be_bytes([high & 0x3f, low]))
}

fn address<const N: usize>(data: &[u8]) -> Option<DnsData>
where
    IpAddr: From<[u8; N]>,
{
    let bytes = <[u8; N]>::try_from(data).ok()?;
    Some(DnsData::Address(IpAddr::from(bytes)))
}

/// Adds a label as zone files write it (RFC 1035 section 5.1): dots in it escaped, bytes that are no text as
/// `\DDD`.
fn push_label(name: &mut String, label: &[u8]) {
    for chunk in label.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if matches!(letter, '.' | '\\') {
                name.push('\\');
            }
            name.push(letter);
        }
        for byte in chunk.invalid() {
            name.push_str(&format!("\\{byte:03}"));
        }
    }
}

const SOURCE: Source = Source::Buffer(BufferId(0));

const A: u16 = 1;
const NS: u16 = 2;
const CNAME: u16 = 5;
const SOA: u16 = 6;
const PTR: u16 = 12;
const HINFO: u16 = 13;
const MX: u16 = 15;
const TXT: u16 = 16;
const AFSDB: u16 = 18;
const AAAA: u16 = 28;
const SRV: u16 = 33;
const DNAME: u16 = 39;
const OPT: u16 = 41;
const SVCB: u16 = 64;
const HTTPS: u16 = 65;

/// Longest name (RFC 1035 section 2.3.4).
const NAME_LIMIT: usize = 255;

/// Names remembered so that they are not written twice.
const NAMED_LIMIT: usize = 256;

/// Bytes of most names.
const USUAL_NAME: usize = 32;
/// Names and texts read of one message; hostile ones point thousands of records to one long name.
const TEXT_LIMIT: usize = 64 * 1024;

const RECORD_SHORT: &str = "peer sent a DNS message that ends before its last record";
