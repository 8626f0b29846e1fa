//! The borders of entries in a HAR file: which braces belong to an element of `log.entries`.
//!
//! Each byte is looked at once, whatever pieces the file comes in, and nothing is kept but the entry at hand.

use memchr::memchr2;

use super::super::{Kind, cutter::Cutter, json};

/// Finds entries.
#[derive(Debug, Default)]
pub(in super::super) struct Scanner {
    /// Maps and lists from the outermost to those whose contents matter.
    open: Vec<Level>,
    /// Maps and lists that are open inside the last of those, which does not matter itself or is held.
    inside: u64,
    string: InString,
    /// The last string at a level that matters: perhaps a name.
    last: Vec<u8>,
    /// The name that the next value has.
    name: Vec<u8>,
    /// The file has a `log`.
    log: bool,
    /// Brackets that do not match were noted.
    noted: bool,
    /// Bytes between entries were noted.
    strayed: bool,
}

/// Where the scanner is, as to strings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum InString {
    #[default]
    No,
    Yes,
    /// Behind a backslash.
    Escaped,
}

/// What a map or list is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// The file.
    Root,
    /// `log`.
    Log,
    /// `log.entries`.
    Entries,
    /// `log._tlsErrors`.
    TlsErrors,
    /// An element of one of those: held until its end.
    Entry,
    /// An element of the list of failures.
    TlsError,
    /// Who wrote the file.
    Writer,
    /// Anything else.
    Other,
}

impl Level {
    fn is_held(self) -> bool {
        matches!(self, Self::Entry | Self::TlsError | Self::Writer)
    }
}

/// Whether a file that begins so is a HAR file: a map that has a map named `log`.
pub(in super::super) fn recognise(bytes: &[u8]) -> bool {
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    if start.first() != Some(&b'{') {
        return false;
    }
    let mut scanner = Scanner::default();
    scanner.push(start, &mut Cutter::new(evidence::CaptureId(0), ""));
    scanner.log
}

impl Scanner {
    pub(in super::super) fn push(&mut self, bytes: &[u8], cutter: &mut Cutter) {
        let mut at = 0;
        while at < bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            let taken = if self.string == InString::No {
                self.structure(rest, cutter)
            } else {
                self.text(rest, cutter)
            };
            at += taken.max(1);
        }
    }

    pub(in super::super) fn finish(&mut self, cutter: &mut Cutter) {
        let held = self.open.last().copied().filter(|level| level.is_held());
        if !self.open.is_empty() || self.string != InString::No {
            cutter.odd(cutter.position(), CUT, format!("after {} entries", cutter.entries()));
        }
        match held {
            Some(level) => self.release(level, cutter),
            // A text in the place of an entry.
            None if cutter.holds() => cutter.entry(Kind::Har),
            None if !self.log => cutter.odd(0, NO_LOG, String::new()),
            None => {}
        }
    }

    /// Bytes inside a string. Says how many.
    fn text(&mut self, bytes: &[u8], cutter: &mut Cutter) -> usize {
        if self.string == InString::Escaped {
            self.string = InString::Yes;
            self.keep(bytes, 1, cutter);
            return 1;
        }
        let found = memchr2(b'"', b'\\', bytes);
        let taken = found.map_or(bytes.len(), |found| found + 1);
        self.string = match found.and_then(|found| bytes.get(found)) {
            Some(b'"') => InString::No,
            Some(_) => InString::Escaped,
            None => InString::Yes,
        };
        self.keep(bytes, taken, cutter);
        taken
    }

    /// Bytes of a string, the quote at its end perhaps among them.
    fn keep(&mut self, bytes: &[u8], taken: usize, cutter: &mut Cutter) {
        let bytes = bytes.get(..taken).unwrap_or_default();
        if self.matters() {
            let ended = self.string == InString::No;
            let name = bytes.get(..bytes.len() - usize::from(ended)).unwrap_or_default();
            let room = NAME.saturating_sub(self.last.len());
            self.last.extend_from_slice(name.get(..room.min(name.len())).unwrap_or_default());
        }
        if !self.between_entries() {
            return self.pass(bytes, cutter);
        }
        // A text in the place of an entry: held like one, so that it is told what became of it.
        cutter.hold(bytes);
        if self.string == InString::No {
            cutter.entry(Kind::Har);
        }
    }

    /// Whether entries stand here, or nothing at all.
    fn between_entries(&self) -> bool {
        self.inside == 0
            && match self.open.last() {
                Some(level) => matches!(level, Level::Entries | Level::TlsErrors),
                None => self.log,
            }
    }

    /// Bytes outside of strings, up to the next one, or the next border that matters. Says how many.
    fn structure(&mut self, bytes: &[u8], cutter: &mut Cutter) -> usize {
        for (at, &byte) in bytes.iter().enumerate() {
            let border = match byte {
                b'"' => {
                    self.string = InString::Yes;
                    self.last.clear();
                    true
                }
                b'{' | b'[' => self.opens(byte == b'{', bytes, at, cutter),
                b'}' | b']' => self.closes(byte == b'}', bytes, at, cutter),
                b':' if self.matters() => {
                    self.name = std::mem::take(&mut self.last);
                    false
                }
                b',' if self.matters() => {
                    self.name.clear();
                    false
                }
                _ => false,
            };
            match border {
                // What begins or ends a level was accounted for with what is before it.
                true if byte != b'"' => return at + 1,
                true => {
                    self.pass(bytes.get(..=at).unwrap_or_default(), cutter);
                    return at + 1;
                }
                false => {}
            }
        }
        self.pass(bytes, cutter);
        bytes.len()
    }

    /// Whether what stands at this level is of interest to the scanner.
    fn matters(&self) -> bool {
        self.inside == 0 && !self.open.last().is_some_and(|level| level.is_held() || *level == Level::Other)
    }

    /// Whether a level begins here; then all up to its bracket is accounted for.
    fn opens(&mut self, map: bool, bytes: &[u8], at: usize, cutter: &mut Cutter) -> bool {
        if !self.matters() {
            self.inside += 1;
            return false;
        }
        let name = std::mem::take(&mut self.name);
        let level = match (self.open.last(), map, name.as_slice()) {
            (None, true, _) => Level::Root,
            (Some(Level::Root), true, b"log") => Level::Log,
            (Some(Level::Log), false, b"entries") => Level::Entries,
            (Some(Level::Log), false, b"_tlsErrors") => Level::TlsErrors,
            (Some(Level::Log), true, b"creator" | b"browser") => Level::Writer,
            // A list is no entry, but stands in the place of one: it is told what became of it.
            (Some(Level::Entries), ..) => Level::Entry,
            (Some(Level::TlsErrors), ..) => Level::TlsError,
            _ => Level::Other,
        };
        self.pass(bytes.get(..at).unwrap_or_default(), cutter);
        self.log |= level == Level::Log;
        self.open.push(level);
        self.pass(bytes.get(at..=at).unwrap_or_default(), cutter);
        true
    }

    /// Whether a level ends here; then all up to its bracket is accounted for.
    fn closes(&mut self, map: bool, bytes: &[u8], at: usize, cutter: &mut Cutter) -> bool {
        if self.inside > 0 {
            self.inside -= 1;
            return false;
        }
        let Some(&level) = self.open.last() else { return false };
        let list = matches!(level, Level::Entries | Level::TlsErrors);
        if level != Level::Other && list == map && !self.noted {
            self.noted = true;
            cutter.odd(cutter.position() + at as u64, UNMATCHED, String::new());
        }
        self.pass(bytes.get(..=at).unwrap_or_default(), cutter);
        if level.is_held() {
            self.release(level, cutter);
        }
        self.open.pop();
        true
    }

    fn release(&mut self, level: Level, cutter: &mut Cutter) {
        match level {
            Level::TlsError => cutter.entry(Kind::HarTlsError),
            Level::Writer => {
                let bytes = cutter.take_framing();
                cutter.events.extend(writer(&bytes).map(super::super::Event::Note));
            }
            _ => cutter.entry(Kind::Har),
        }
    }

    fn pass(&mut self, bytes: &[u8], cutter: &mut Cutter) {
        match self.open.last() {
            Some(level) if level.is_held() => cutter.hold(bytes),
            _ if self.between_entries() => self.stray(bytes, cutter),
            _ => cutter.framing(bytes.len()),
        }
    }

    /// Bytes between entries, where nothing stands but what parts them.
    fn stray(&mut self, bytes: &[u8], cutter: &mut Cutter) {
        let strays = |byte: &&u8| !(byte.is_ascii_whitespace() || b"{}[],\"".contains(byte));
        let count = bytes.iter().filter(strays).count();
        if count > 0 && !std::mem::replace(&mut self.strayed, true) {
            let first = bytes.iter().position(|byte| strays(&byte)).unwrap_or(0);
            let offset = cutter.position().saturating_add(first as u64);
            let found = bytes.get(first).copied().unwrap_or_default();
            cutter.odd(offset, STRAY, format!("found {found:#04x}"));
        }
        cutter.framing(bytes.len() - count);
        cutter.damaged(count);
    }
}

/// `written by Charles Proxy 4.6.3`.
fn writer(bytes: &[u8]) -> Option<String> {
    let document = json::read(bytes);
    let root = document.root()?;
    let text = |name: &str| root.get(name)?.text();
    let words = [text("name"), text("version"), text("comment")];
    let words: Vec<_> = words.into_iter().flatten().filter(|word| !word.is_empty()).collect();
    let words: String = words.join(" ").chars().take(NOTE).collect();
    (!words.is_empty()).then(|| format!("written by {words}"))
}

/// The longest name that is kept: those that matter are shorter.
const NAME: usize = 16;
/// The longest note.
const NOTE: usize = 200;
const CUT: &str = "capture lacks the end of the file";
const NO_LOG: &str = "capture holds no HAR log";
const STRAY: &str = "capture holds bytes between entries that are none";
const UNMATCHED: &str = "capture holds brackets that do not match";
