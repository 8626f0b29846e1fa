//! A zip archive's bytes → its members, after PKWARE's APPNOTE 6.3.10 and what Android makes of it.
//!
//! Android takes the central directory and believes little else: it reads members whose flags say
//! "encrypted", whose method is unknown, and archives with foreign bytes in front (a DEX, in the attack
//! known as Janus). What is built to break tools is therefore read, and said to be odd. Nothing is ever
//! written, so a member's path is only a name; output is capped, so a bomb is a limit and not a cost.

use std::{borrow::Cow, collections::HashSet, ops::Range};

use flate2::{Decompress, FlushDecompress, Status};

use crate::{Oddity, le};

/// A zip archive over its bytes.
#[derive(Clone, Debug)]
pub struct Archive<'a> {
    bytes: &'a [u8],
    members: Vec<Member>,
    directory: Range<usize>,
    end_record: usize,
    /// Bytes in front of the archive that its offsets do not count.
    base: usize,
    oddities: Vec<Oddity>,
}

/// One member as the central directory (section 4.3.12) describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its path, bytes that are no UTF-8 replaced. Only a name: it is never used as a path.
    pub name: String,
    /// The compression method (section 4.4.5): 0 stored, 8 deflated.
    pub method: u16,
    /// The general purpose flags (section 4.4.4).
    pub flags: u16,
    /// CRC-32 of the content.
    pub crc: u32,
    /// Bytes in the archive.
    pub compressed: u64,
    /// Bytes of the content, as the directory claims.
    pub size: u64,
    /// Offset of the local header in the input.
    pub local: u64,
    /// Offset of the directory's entry in the input; that of the local header where there is no directory.
    pub entry: u64,
}

/// A member's content, and how much of it could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content<'a> {
    /// The bytes.
    pub bytes: Cow<'a, [u8]>,
    /// Where they lie in the input, compressed as they are there.
    pub packed: Range<u64>,
    /// The limit stopped us: there is more.
    pub cut: bool,
    /// What is odd about it.
    pub oddities: Vec<Oddity>,
}

impl<'a> Archive<'a> {
    /// Reads the directory; local headers are searched for where there is none.
    pub fn read(bytes: &'a [u8]) -> Self {
        let mut archive = Self {
            bytes,
            members: Vec::new(),
            directory: 0..0,
            end_record: bytes.len(),
            base: 0,
            oddities: Vec::new(),
        };
        if archive.read_directory().is_none() {
            archive.odd("file lacks a central directory; its local headers were searched for", "", 0);
            archive.scan();
        }
        archive.look_at_names();
        archive
    }

    /// The members of a directory that begins `bytes`, for an archive of which the rest is elsewhere.
    /// `at` is the directory's place in the archive.
    pub(crate) fn directory_at(bytes: &[u8], at: u64) -> (Vec<Member>, Vec<Oddity>) {
        let mut archive = Archive {
            bytes,
            members: Vec::new(),
            directory: 0..bytes.len(),
            end_record: bytes.len(),
            base: 0,
            oddities: Vec::new(),
        };
        archive.read_members();
        archive.look_at_names();
        for member in &mut archive.members {
            member.entry = member.entry.saturating_add(at);
        }
        (archive.members, archive.oddities)
    }

    /// Whether the bytes are, or hold at their end, a zip archive.
    pub fn recognises(bytes: &[u8]) -> bool {
        bytes.starts_with(LOCAL) || bytes.starts_with(END) || end_record(bytes).is_some()
    }

    /// The input.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// All members, in the order of the directory.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The member of that name. Of several, the last: so Android's runtime does.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().rev().find(|member| member.name == name)
    }

    /// What is odd about the archive.
    pub fn oddities(&self) -> &[Oddity] {
        &self.oddities
    }

    /// Where the central directory lies in the input.
    pub fn directory(&self) -> Range<usize> {
        self.directory.clone()
    }

    /// Where the end of central directory record begins in the input.
    pub fn end_record(&self) -> usize {
        self.end_record
    }

    /// Bytes in front of the first member: empty in an archive as tools make it.
    pub fn leading(&self) -> &'a [u8] {
        let first = self.members.iter().map(|member| le::narrow(member.local)).min();
        first.and_then(|first| self.bytes.get(..first)).unwrap_or_default()
    }

    /// The content of a member, at most `limit` bytes of it. `None` where the input ends before it.
    pub fn content(&self, member: &Member, limit: usize) -> Option<Content<'a>> {
        let start = self.data_start(member)?;
        let end = start.saturating_add(le::narrow(member.compressed)).min(self.bytes.len());
        let packed = self.bytes.get(start..end)?;
        let mut content = Content {
            bytes: Cow::Borrowed(&[]),
            packed: le::wide(start)..le::wide(end),
            cut: false,
            oddities: Vec::new(),
        };
        if le::wide(packed.len()) < member.compressed {
            content.odd("file ends inside a member", member.name.clone());
        }
        content.unpack(member, packed, limit);
        Some(content)
    }

    /// The content of the member of that name.
    pub fn content_of(&self, name: &str, limit: usize) -> Option<Content<'a>> {
        self.content(self.member(name)?, limit)
    }

    fn data_start(&self, member: &Member) -> Option<usize> {
        let local = le::narrow(member.local);
        let name = le::short(self.bytes, local.checked_add(26)?)?;
        let extra = le::short(self.bytes, local.checked_add(28)?)?;
        local.checked_add(LOCAL_LEN)?.checked_add(name)?.checked_add(extra)
    }

    fn read_directory(&mut self) -> Option<()> {
        let end = end_record(self.bytes)?;
        let mut count = le::wide(le::short(self.bytes, end.checked_add(10)?)?);
        let mut size = le::wide(le::size(self.bytes, end.checked_add(12)?)?);
        let mut offset = le::wide(le::size(self.bytes, end.checked_add(16)?)?);
        let mut before = end;
        if let Some((record, values)) = self.zip64(end) {
            (count, size, offset, before) = (values[0], values[1], values[2], record);
        }
        let (size, offset) = (le::narrow(size), le::narrow(offset));
        let start = self.directory_start(offset, size, before)?;
        self.directory = start..start.saturating_add(size).min(end);
        self.end_record = end;
        self.read_entries(count);
        (!self.members.is_empty() || count == 0).then_some(())
    }

    /// The directory stands where the record says, or, with foreign bytes in front, right before it.
    fn directory_start(&mut self, offset: usize, size: usize, before: usize) -> Option<usize> {
        let starts = |at: usize| size == 0 || le::slice(self.bytes, at, 4) == Some(CENTRAL);
        if starts(offset) {
            return Some(offset);
        }
        let start = before.checked_sub(size).filter(|start| starts(*start))?;
        self.base = start.checked_sub(offset)?;
        self.odd("file has bytes before the archive that its offsets do not count", self.base.to_string(), 0);
        Some(start)
    }

    /// Entries, size and offset of the directory from the zip64 record (sections 4.3.14 and 4.3.15).
    fn zip64(&self, end: usize) -> Option<(usize, [u64; 3])> {
        let locator = end.checked_sub(20)?;
        if le::slice(self.bytes, locator, 4)? != b"PK\x06\x07" {
            return None;
        }
        let record = le::narrow(le::u64(self.bytes, locator.checked_add(8)?)?);
        if le::slice(self.bytes, record, 4)? != b"PK\x06\x06" {
            return None;
        }
        let field = |by: usize| le::u64(self.bytes, record.checked_add(by)?);
        Some((record, [field(32)?, field(40)?, field(48)?]))
    }

    /// The count of the end record is no bound (it is falsified, and wraps at 65,536): the entries are.
    fn read_entries(&mut self, claimed: u64) {
        self.read_members();
        let read = le::wide(self.members.len());
        if read & 0xffff != claimed & 0xffff {
            self.odd(
                "file's directory has another number of entries than it claims",
                format!("claims {claimed}, has {read}"),
                le::wide(self.directory.start),
            );
        }
    }

    fn read_members(&mut self) {
        let mut at = self.directory.start;
        while self.members.len() < MAX_MEMBERS {
            let Some((member, next)) = self.entry(at) else { break };
            self.members.push(member);
            at = next;
        }
    }

    fn entry(&self, at: usize) -> Option<(Member, usize)> {
        let head = le::slice(self.bytes, at, 46)?;
        if !head.starts_with(CENTRAL) {
            return None;
        }
        let name_len = le::short(head, 28)?;
        let name = le::slice(self.bytes, at.checked_add(46)?, name_len)?;
        let extra_at = at.checked_add(46)?.checked_add(name_len)?;
        let extra_len = le::short(head, 30)?;
        let mut wide = Wide {
            size: le::wide(le::size(head, 24)?),
            compressed: le::wide(le::size(head, 20)?),
            local: le::wide(le::size(head, 42)?),
        };
        wide.widen(le::slice(self.bytes, extra_at, extra_len).unwrap_or_default());
        let member = Member {
            name: String::from_utf8_lossy(name).into_owned(),
            flags: le::u16(head, 8)?,
            method: le::u16(head, 10)?,
            crc: le::u32(head, 16)?,
            compressed: wide.compressed,
            size: wide.size,
            local: wide.local.saturating_add(le::wide(self.base)),
            entry: le::wide(at),
        };
        Some((member, extra_at.checked_add(extra_len)?.checked_add(le::short(head, 32)?)?))
    }

    /// Local headers (section 4.3.7) wherever they stand: what a cut download leaves.
    fn scan(&mut self) {
        let mut from = 0;
        while self.members.len() < MAX_MEMBERS {
            let rest = self.bytes.get(from..).unwrap_or_default();
            let Some(at) = memchr::memmem::find(rest, LOCAL).map(|at| at.saturating_add(from)) else { break };
            let member = self.local_entry(at);
            from = member
                .as_ref()
                .and_then(|member| self.data_start(member)?.checked_add(le::narrow(member.compressed)))
                .map_or(at.saturating_add(4), |end| end.min(self.bytes.len()));
            self.members.extend(member);
        }
    }

    fn local_entry(&self, at: usize) -> Option<Member> {
        let head = le::slice(self.bytes, at, LOCAL_LEN)?;
        let name = le::slice(self.bytes, at.checked_add(LOCAL_LEN)?, le::short(head, 26)?)?;
        let flags = le::u16(head, 6)?;
        let mut member = Member {
            name: String::from_utf8_lossy(name).into_owned(),
            flags,
            method: le::u16(head, 8)?,
            crc: le::u32(head, 14)?,
            compressed: le::wide(le::size(head, 18)?),
            size: le::wide(le::size(head, 22)?),
            local: le::wide(at),
            entry: le::wide(at),
        };
        if member.compressed == 0 && flags & STREAMED != 0 {
            let start = self.data_start(&member)?;
            let rest = self.bytes.get(start..)?;
            member.compressed = le::wide(memchr::memmem::find(rest, b"PK").unwrap_or(rest.len()));
        }
        Some(member)
    }

    fn look_at_names(&mut self) {
        let mut seen = HashSet::new();
        let mut odd = Vec::new();
        for member in &self.members {
            if !seen.insert(member.name.as_str()) {
                odd.push(("file holds two members of one name", member));
            }
            if leads_out(&member.name) {
                odd.push(("file holds a member whose path leads out of the archive", member));
            }
        }
        let odd: Vec<_> = odd
            .into_iter()
            .map(|(what, member)| Oddity::new(what, member.name.clone(), member.entry))
            .collect();
        self.oddities.extend(odd);
    }

    fn odd(&mut self, what: &'static str, detail: impl Into<String>, offset: u64) {
        self.oddities.push(Oddity::new(what, detail, offset));
    }
}

impl<'a> Content<'a> {
    fn unpack(&mut self, member: &Member, packed: &'a [u8], limit: usize) {
        if member.flags & ENCRYPTED != 0 {
            self.odd("file says a member is encrypted, which Android ignores", member.name.clone());
        }
        match member.method {
            0 => self.store(packed, limit),
            8 => self.inflate(member, packed, limit),
            _ => self.guess(member, packed, limit),
        }
        if self.cut || crc32(&self.bytes) == member.crc {
            return;
        }
        self.odd("file's checksum of a member is wrong", member.name.clone());
    }

    fn store(&mut self, packed: &'a [u8], limit: usize) {
        self.cut = packed.len() > limit;
        self.bytes = Cow::Borrowed(packed.get(..limit).unwrap_or(packed));
    }

    fn inflate(&mut self, member: &Member, packed: &[u8], limit: usize) {
        let (bytes, whole) = inflate(packed, le::narrow(member.size).min(limit), limit);
        self.cut = bytes.len() >= limit && !whole;
        if !whole && !self.cut {
            self.odd("file's deflate stream is damaged; what came before is kept", member.name.clone());
        }
        self.bytes = Cow::Owned(bytes);
    }

    /// An unknown method is a trick: what is there is deflated or stored.
    fn guess(&mut self, member: &Member, packed: &'a [u8], limit: usize) {
        self.odd(
            "file names an unknown compression method",
            format!("{:#06x} for {}", member.method, member.name),
        );
        let (bytes, whole) = inflate(packed, 0, limit);
        if whole && !bytes.is_empty() {
            self.bytes = Cow::Owned(bytes);
        } else {
            self.store(packed, limit);
        }
    }

    fn odd(&mut self, what: &'static str, detail: String) {
        self.oddities.push(Oddity::new(what, detail, self.packed.start));
    }
}

/// The fields that a zip64 extra field (section 4.5.3) widens, in its order.
struct Wide {
    size: u64,
    compressed: u64,
    local: u64,
}

impl Wide {
    fn widen(&mut self, extra: &[u8]) {
        let Some(mut field) = extra_field(extra, 1) else { return };
        for value in [&mut self.size, &mut self.compressed, &mut self.local] {
            if *value == u64::from(u32::MAX) {
                let Some(wide) = le::u64(field, 0) else { return };
                *value = wide;
                field = field.get(8..).unwrap_or_default();
            }
        }
    }
}

fn extra_field(mut extra: &[u8], id: u16) -> Option<&[u8]> {
    loop {
        let len = le::short(extra, 2)?;
        let value = le::slice(extra, 4, len)?;
        if le::u16(extra, 0)? == id {
            return Some(value);
        }
        extra = extra.get(len.checked_add(4)?..)?;
    }
}

/// The last end of central directory record (section 4.3.16) whose comment fits what follows, else the last.
fn end_record(bytes: &[u8]) -> Option<usize> {
    let from = bytes.len().saturating_sub(END_LEN + 0xffff);
    let tail = bytes.get(from..)?;
    let fits = |at: &usize| {
        let comment = le::short(tail, at.saturating_add(20));
        comment.is_some_and(|len| at.saturating_add(END_LEN).saturating_add(len) == tail.len())
    };
    let last = memchr::memmem::rfind(tail, END)?;
    let found = memchr::memmem::rfind_iter(tail, END).take(64).find(fits).unwrap_or(last);
    (tail.len().saturating_sub(found) >= END_LEN).then(|| from.saturating_add(found))
}

/// Inflates up to `limit` bytes of a raw stream (RFC 1951), and says whether its end was reached.
pub(crate) fn inflate(packed: &[u8], expected: usize, limit: usize) -> (Vec<u8>, bool) {
    let mut stream = Decompress::new(false);
    let mut out = Vec::with_capacity(expected.clamp(512, FIRST_OUTPUT));
    loop {
        let consumed = le::narrow(stream.total_in());
        let before = (consumed, out.len());
        let rest = packed.get(consumed..).unwrap_or_default();
        match stream.decompress_vec(rest, &mut out, FlushDecompress::None) {
            Ok(Status::StreamEnd) => {
                let whole = out.len() <= limit;
                out.truncate(limit);
                return (out, whole);
            }
            Ok(_) if out.len() < limit && (out.len() == out.capacity()) => {
                out.reserve(out.len().clamp(512, MAX_STEP).min(limit.saturating_sub(out.len()).max(1)));
            }
            Ok(_) if out.len() < limit && before != (le::narrow(stream.total_in()), out.len()) => {}
            _ => {
                out.truncate(limit);
                return (out, false);
            }
        }
    }
}

fn leads_out(name: &str) -> bool {
    name.starts_with('/') || name.contains('\\') || name.split('/').any(|part| part == "..")
}

/// With the processor's own instructions, which the decompressor's checksum does without.
fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const LOCAL_LEN: usize = 30;
const END_LEN: usize = 22;
const ENCRYPTED: u16 = 1;
/// Sizes follow the content (section 4.4.4, bit 3).
const STREAMED: u16 = 8;
/// An archive of more members than any app or image has.
const MAX_MEMBERS: usize = 1_000_000;
/// What is asked of the allocator at once, whatever the directory claims.
const FIRST_OUTPUT: usize = 16 << 20;
const MAX_STEP: usize = 16 << 20;
