//! A stream of tar to its members (POSIX.1-1988 `ustar`, GNU's long names, POSIX.1-2001 `pax`).

use std::mem;

use evidence::Timestamp;

use crate::Oddity;

/// A member of the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The path as it stands there. It may be absolute or climb out of its folder: it names, and nothing is
    /// to be written by it.
    pub path: String,
    /// Bytes of its content.
    pub size: u64,
    /// The type's letter: `0` for files, `5` for folders.
    pub kind: char,
    /// Permissions.
    pub mode: u32,
    /// When it was last changed.
    pub modified: Option<Timestamp>,
    /// Where its header begins in the stream of tar; the content begins 512 bytes later.
    pub at: u64,
}

/// What the stream gives.
pub(super) enum TarEvent<'a> {
    Content(&'a [u8]),
    Member(Member),
    Odd(Oddity),
}

/// Cuts a stream into members and their contents.
#[derive(Debug, Default)]
pub(super) struct Tar {
    state: State,
    block: Vec<u8>,
    at: u64,
    /// A name for the next member, from a long name or from pax.
    name: Option<String>,
    /// A size for the next member, from pax.
    size: Option<u64>,
}

#[derive(Debug, Default)]
enum State {
    /// Content of a member, then filling.
    Content { left: u64, fill: u64 },
    /// After the end, or after damage.
    Done,
    #[default]
    Header,
    /// Content that describes the next member: of `kind`, kept up to [`LONGEST`].
    Note { kind: u8, left: u64, fill: u64 },
}

impl Tar {
    pub(super) fn push(&mut self, mut bytes: &[u8], out: &mut impl FnMut(TarEvent<'_>)) {
        while !bytes.is_empty() {
            let used = match mem::take(&mut self.state) {
                State::Header => self.fill_header(bytes, out),
                State::Content { left, fill } => self.content(bytes, left, fill, out),
                State::Note { kind, left, fill } => self.note(bytes, kind, left, fill),
                State::Done => {
                    self.state = State::Done;
                    return;
                }
            };
            self.at = self.at.saturating_add(u64::try_from(used).unwrap_or(u64::MAX));
            bytes = bytes.get(used..).unwrap_or_default();
        }
    }

    /// Says whether the stream ended within something.
    pub(super) fn finish(&self) -> Option<Oddity> {
        match &self.state {
            State::Done => None,
            State::Header if self.block.is_empty() => None,
            State::Content { left: 0, .. } => None,
            _ => Some(Oddity::new("file lacks the end of a member", "", self.at)),
        }
    }

    fn fill_header(&mut self, bytes: &[u8], out: &mut impl FnMut(TarEvent<'_>)) -> usize {
        let take = BLOCK.saturating_sub(self.block.len()).min(bytes.len());
        self.block.extend_from_slice(bytes.get(..take).unwrap_or_default());
        if self.block.len() == BLOCK {
            let block = mem::take(&mut self.block);
            let start = self.at.saturating_add(u64::try_from(take).unwrap_or(0)).saturating_sub(BLOCK as u64);
            self.header(&block, start, out);
        }
        take
    }

    fn header(&mut self, block: &[u8], at: u64, out: &mut impl FnMut(TarEvent<'_>)) {
        if block.iter().all(|it| *it == 0) {
            self.state = State::Done;
            return;
        }
        if !sums_up(block) {
            out(TarEvent::Odd(Oddity::new("file holds a tar header whose checksum does not fit", "", at)));
            self.state = State::Done;
            return;
        }
        let kind = block.get(156).copied().unwrap_or(0);
        let named = number(block.get(124..136).unwrap_or_default()).unwrap_or(0);
        if matches!(kind, b'L' | b'x' | b'g' | b'K') {
            self.state = State::Note { kind, left: named, fill: filling(named) };
            return;
        }
        let size = self.size.take().unwrap_or(named);
        let mode = number(block.get(100..108).unwrap_or_default()).unwrap_or(0);
        let modified = number(block.get(136..148).unwrap_or_default()).filter(|it| *it > 0);
        let member = Member {
            path: self.name.take().unwrap_or_else(|| path(block)),
            size,
            kind: if kind == 0 { '0' } else { char::from(kind) },
            mode: u32::try_from(mode).unwrap_or(0),
            modified: modified.and_then(|it| Some(Timestamp::new(i64::try_from(it).ok()?, 0))),
            at,
        };
        // Links and folders have no content, whatever their size says.
        let size = if matches!(kind, b'1'..=b'6') { 0 } else { size };
        self.state = State::Content { left: size, fill: filling(size) };
        out(TarEvent::Member(member));
        self.settle();
    }

    fn content(&mut self, bytes: &[u8], left: u64, fill: u64, out: &mut impl FnMut(TarEvent<'_>)) -> usize {
        let there = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let (content, filling) = (there.min(left), there.saturating_sub(left).min(fill));
        let end = usize::try_from(content).unwrap_or(bytes.len());
        if end > 0 {
            out(TarEvent::Content(bytes.get(..end).unwrap_or_default()));
        }
        self.state =
            State::Content { left: left.saturating_sub(content), fill: fill.saturating_sub(filling) };
        self.settle();
        end.saturating_add(usize::try_from(filling).unwrap_or(0))
    }

    fn note(&mut self, bytes: &[u8], kind: u8, left: u64, fill: u64) -> usize {
        let there = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let (content, filling) = (there.min(left), there.saturating_sub(left).min(fill));
        let end = usize::try_from(content).unwrap_or(bytes.len());
        let room = LONGEST.saturating_sub(self.block.len()).min(end);
        self.block.extend_from_slice(bytes.get(..room).unwrap_or_default());
        let (left, fill) = (left.saturating_sub(content), fill.saturating_sub(filling));
        if left == 0 && fill == 0 {
            let note = mem::take(&mut self.block);
            self.noted(kind, &note);
            self.state = State::Header;
        } else {
            self.state = State::Note { kind, left, fill };
        }
        end.saturating_add(usize::try_from(filling).unwrap_or(0))
    }

    fn noted(&mut self, kind: u8, note: &[u8]) {
        match kind {
            b'L' => self.name = Some(text(note)),
            b'x' => {
                for (key, value) in pax(note) {
                    match key {
                        b"path" => self.name = Some(text(value)),
                        b"size" => self.size = std::str::from_utf8(value).ok().and_then(|it| it.parse().ok()),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn settle(&mut self) {
        if matches!(self.state, State::Content { left: 0, fill: 0 }) {
            self.state = State::Header;
        }
    }
}

fn filling(size: u64) -> u64 {
    size.wrapping_neg() & (BLOCK as u64).wrapping_sub(1)
}

/// The name, behind its prefix in `ustar`.
fn path(block: &[u8]) -> String {
    let name = text(block.get(..100).unwrap_or_default());
    let prefix = block.get(345..500).filter(|_| block.get(257..262) == Some(b"ustar")).map(text);
    match prefix.filter(|it| !it.is_empty()) {
        Some(prefix) => format!("{prefix}/{name}"),
        None => name,
    }
}

fn text(field: &[u8]) -> String {
    let end = field.iter().position(|it| *it == 0).unwrap_or(field.len());
    String::from_utf8_lossy(field.get(..end).unwrap_or_default()).into_owned()
}

/// Octal digits, or GNU's binary with the first bit set.
fn number(field: &[u8]) -> Option<u64> {
    if let Some((0x80, rest)) = field.split_first() {
        return rest.iter().try_fold(0u64, |value, it| value.checked_mul(256)?.checked_add(u64::from(*it)));
    }
    let text = std::str::from_utf8(field).ok()?;
    u64::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
}

/// The sum of all bytes, those of the sum itself counted as spaces.
fn sums_up(block: &[u8]) -> bool {
    let said = block.get(148..156).and_then(number);
    let sum = |bytes: &[u8]| bytes.iter().map(|it| u64::from(*it)).sum::<u64>();
    let own = sum(block.get(148..156).unwrap_or_default());
    said == Some(sum(block).saturating_sub(own).saturating_add(8 * 32))
}

/// Records `length key=value\n`.
fn pax(mut note: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut records = Vec::new();
    while let Some(space) = note.iter().position(|it| *it == b' ') {
        let length = note.get(..space).and_then(|it| std::str::from_utf8(it).ok()?.parse::<usize>().ok());
        let Some((record, rest)) = length.filter(|it| *it > space).and_then(|it| note.split_at_checked(it))
        else {
            break;
        };
        let body = record.get(space.saturating_add(1)..).unwrap_or_default();
        let body = body.strip_suffix(b"\n").unwrap_or(body);
        if let Some(equals) = body.iter().position(|it| *it == b'=') {
            let value = body.get(equals.saturating_add(1)..).unwrap_or_default();
            records.push((body.get(..equals).unwrap_or_default(), value));
        }
        note = rest;
    }
    records
}

const BLOCK: usize = 512;

/// Bytes kept of a long name or of pax records.
const LONGEST: usize = 1 << 16;
