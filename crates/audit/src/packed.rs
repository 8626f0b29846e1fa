//! Occurrences as they are kept while a capture is read: a tenth of the room.
//!
//! Of a hundred thousand fields a proof or two is kept until it is known which ones matter, and a trail of a few
//! steps is made of lists of numbers that hardly differ from one to the next. So what is kept is the differences,
//! as variable-length integers (LEB128: DWARF 5 section 7.6).

use evidence::{
    Buffer, BufferId, CaptureId, Decryption, Evidence, ExchangeId, Fidelity, FrameNo, Occurrence, Relation,
    Segment, SightingGroup, Source, Span, Step, Timestamp, Trail,
};

/// An occurrence, packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packed {
    pub(crate) exchange: ExchangeId,
    pub(crate) time: Timestamp,
    pub(crate) frame: FrameNo,
    span: Span,
    bytes: Box<[u8]>,
    /// What its ciphers were undone with, in the order of the steps.
    decryptions: Box<[Decryption]>,
}

/// Evidence, packed.
#[derive(Clone, Debug)]
pub(crate) struct PackedEvidence {
    relation: Relation,
    words: Box<str>,
    occurrence: Packed,
}

impl Packed {
    /// Packs an occurrence.
    pub(crate) fn new(occurrence: Occurrence) -> Self {
        let Occurrence { exchange, time, frame, found, span, trail } = occurrence;
        let mut writer = Writer::default();
        writer.text(&found);
        writer.number(trail.buffers.len() as u64);
        trail.buffers.into_iter().for_each(|buffer| writer.buffer(buffer));
        let Writer { bytes, decryptions } = writer;
        Self { exchange, time, frame, span, bytes: bytes.into(), decryptions: decryptions.into() }
    }

    /// What the earlier of two is known by.
    pub(crate) fn place(&self) -> (ExchangeId, FrameNo) {
        (self.exchange, self.frame)
    }

    /// The occurrence as it was.
    pub(crate) fn occurrence(&self) -> Occurrence {
        let mut reader = Reader { bytes: &self.bytes, decryptions: self.decryptions.iter() };
        let found = reader.text();
        let buffers = (0..reader.number()).map(|_| reader.buffer()).collect();
        let (exchange, time, frame, span) = (self.exchange, self.time, self.frame, self.span);
        Occurrence { exchange, time, frame, found, span, trail: Trail { buffers } }
    }

    /// Adds proofs to a list, which keeps the earliest few, as [`SightingGroup::keep`] does.
    pub(crate) fn keep(proofs: &mut Vec<Self>, more: impl IntoIterator<Item = Self>) {
        proofs.extend(more);
        proofs.sort_by_key(|proof| (proof.exchange, proof.frame, proof.span.buffer, proof.span.start));
        proofs.truncate(SightingGroup::PROOFS);
    }
}

impl PackedEvidence {
    /// Packs evidence.
    pub(crate) fn new(evidence: Evidence) -> Self {
        let Evidence { relation, words, occurrence } = evidence;
        Self { relation, words: words.into(), occurrence: Packed::new(occurrence) }
    }

    /// What the earlier of two is known by.
    pub(crate) fn place(&self) -> (ExchangeId, FrameNo) {
        self.occurrence.place()
    }

    /// The evidence as it was.
    pub(crate) fn evidence(&self) -> Evidence {
        let words = self.words.to_string();
        Evidence { relation: self.relation, words, occurrence: self.occurrence.occurrence() }
    }
}

/// What the segment before a segment leads one to expect of it.
#[derive(Clone, Copy, Debug, Default)]
struct Before {
    out: u64,
    capture: u64,
    frame: u64,
    buffer: u64,
    start: u64,
}

impl Before {
    fn after(self, segment: &Segment) -> Self {
        let out = segment.out.wrapping_add(segment.len);
        let start = segment.start.wrapping_add(segment.source_len);
        match segment.source {
            Source::Buffer(buffer) => Self { out, start, buffer: buffer.0.into(), ..self },
            Source::Frame { capture, frame } => {
                Self { out, start, capture: capture.0.into(), frame: frame.0, ..self }
            }
        }
    }
}

#[derive(Debug, Default)]
struct Writer {
    bytes: Vec<u8>,
    decryptions: Vec<Decryption>,
}

impl Writer {
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    /// Small in either direction: the sign is the last bit.
    fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    fn differs(&mut self, number: u64, expected: u64) {
        self.signed(number.wrapping_sub(expected) as i64);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn span(&mut self, span: Span) {
        self.number(span.buffer.0.into());
        self.number(span.start);
        self.differs(span.end, span.start);
    }

    fn maybe(&mut self, span: Option<Span>) {
        self.bytes.push(u8::from(span.is_some()));
        span.into_iter().for_each(|span| self.span(span));
    }

    fn step(&mut self, step: Step) {
        let (tag, text) = match step {
            Step::Datagram => (DATAGRAM, None),
            Step::Reassembly => (REASSEMBLY, None),
            Step::Body => (BODY, None),
            Step::Entry => (ENTRY, None),
            Step::Decrypt(decryption) => {
                self.decryptions.push(*decryption);
                (DECRYPT, None)
            }
            Step::Decode(text) => (DECODE, Some(text)),
            Step::Unmask(text) => (UNMASK, Some(text)),
            Step::Written(text) => (WRITTEN, Some(text)),
        };
        self.bytes.push(tag);
        text.into_iter().for_each(|text| self.text(&text));
    }

    fn buffer(&mut self, buffer: Buffer) {
        let Buffer { step, len, input, key, segments } = buffer;
        self.step(step);
        self.number(len);
        self.maybe(input);
        self.maybe(key);
        self.number(segments.len() as u64);
        let mut before = Before::default();
        for segment in segments {
            self.segment(&segment, before);
            before = before.after(&segment);
        }
    }

    fn segment(&mut self, segment: &Segment, before: Before) {
        let Segment { out, len, source, start, source_len, fidelity } = *segment;
        match fidelity {
            Fidelity::Exact => self.bytes.push(EXACT),
            Fidelity::Within => self.bytes.push(WITHIN),
            Fidelity::Grouped { out, source } => self.bytes.extend([GROUPED, out, source]),
        }
        self.differs(out, before.out);
        self.number(len);
        self.differs(start, before.start);
        self.differs(source_len, len);
        match source {
            Source::Buffer(buffer) => {
                self.bytes.push(FROM_BUFFER);
                self.differs(buffer.0.into(), before.buffer);
            }
            Source::Frame { capture, frame } => {
                self.bytes.push(FROM_FRAME);
                self.differs(capture.0.into(), before.capture);
                self.differs(frame.0, before.frame);
            }
        }
    }
}

/// Reads what a [`Writer`] of the same run wrote; were that cut, the rest would read as nothing.
struct Reader<'p> {
    bytes: &'p [u8],
    decryptions: std::slice::Iter<'p, Decryption>,
}

impl Reader<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        *first
    }

    fn number(&mut self) -> u64 {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte();
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        number
    }

    fn small(&mut self) -> u32 {
        self.number() as u32
    }

    fn signed(&mut self) -> i64 {
        let number = self.number();
        (number >> 1) as i64 ^ -((number & 1) as i64)
    }

    fn differs(&mut self, expected: u64) -> u64 {
        expected.wrapping_add(self.signed() as u64)
    }

    fn text(&mut self) -> String {
        let len = usize::try_from(self.number()).unwrap_or(usize::MAX).min(self.bytes.len());
        let (text, rest) = self.bytes.split_at(len);
        self.bytes = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    fn span(&mut self) -> Span {
        let buffer = BufferId(self.small());
        let start = self.number();
        Span { buffer, start, end: self.differs(start) }
    }

    fn maybe(&mut self) -> Option<Span> {
        (self.byte() != 0).then(|| self.span())
    }

    fn step(&mut self) -> Step {
        match self.byte() {
            DATAGRAM => Step::Datagram,
            BODY => Step::Body,
            ENTRY => Step::Entry,
            DECODE => Step::Decode(self.text()),
            UNMASK => Step::Unmask(self.text()),
            WRITTEN => Step::Written(self.text()),
            DECRYPT => match self.decryptions.next() {
                Some(decryption) => Step::Decrypt(Box::new(decryption.clone())),
                None => Step::Entry,
            },
            _ => Step::Reassembly,
        }
    }

    fn buffer(&mut self) -> Buffer {
        let step = self.step();
        let len = self.number();
        let (input, key) = (self.maybe(), self.maybe());
        let mut before = Before::default();
        let segments = (0..self.number()).map(|_| {
            let segment = self.segment(before);
            before = before.after(&segment);
            segment
        });
        let segments = segments.collect();
        Buffer { step, len, input, key, segments }
    }

    fn segment(&mut self, before: Before) -> Segment {
        let fidelity = match self.byte() {
            WITHIN => Fidelity::Within,
            GROUPED => Fidelity::Grouped { out: self.byte(), source: self.byte() },
            _ => Fidelity::Exact,
        };
        let out = self.differs(before.out);
        let len = self.number();
        let start = self.differs(before.start);
        let source_len = self.differs(len);
        let source = match self.byte() {
            FROM_BUFFER => Source::Buffer(BufferId(self.differs(before.buffer) as u32)),
            _ => Source::Frame {
                capture: CaptureId(self.differs(before.capture) as u32),
                frame: FrameNo(self.differs(before.frame)),
            },
        };
        Segment { out, len, source, start, source_len, fidelity }
    }
}

const DATAGRAM: u8 = 0;
const REASSEMBLY: u8 = 1;
const BODY: u8 = 2;
const DECODE: u8 = 3;
const DECRYPT: u8 = 4;
const ENTRY: u8 = 5;
const UNMASK: u8 = 6;
const WRITTEN: u8 = 7;

const EXACT: u8 = 0;
const GROUPED: u8 = 1;
const WITHIN: u8 = 2;

const FROM_FRAME: u8 = 0;
const FROM_BUFFER: u8 = 1;

#[cfg(test)]
mod tests {
    use evidence::{Cipher, FlowId, HexBytes, Schedule};

    use super::*;

    fn span(buffer: u32, start: u64, end: u64) -> Span {
        Span { buffer: BufferId(buffer), start, end }
    }

    fn segments() -> Vec<Segment> {
        let frame = |capture, frame| Source::Frame { capture: CaptureId(capture), frame: FrameNo(frame) };
        let whole =
            Segment { source_len: 9, fidelity: Fidelity::Within, ..Segment::exact(16, 7, frame(0, 1), 0) };
        let grouped = Fidelity::Grouped { out: 3, source: 4 };
        vec![
            Segment::exact(0, 16, frame(0, 7), 4_000),
            whole,
            // Numbers of a forged file, which overlap, go back and go over.
            Segment { fidelity: grouped, ..Segment::exact(u64::MAX, u64::MAX, frame(3, u64::MAX), u64::MAX) },
            Segment::exact(2, 3, Source::Buffer(BufferId(u32::MAX)), 1),
            Segment::exact(u64::MAX / 2, 0, Source::Buffer(BufferId(0)), u64::MAX / 2 + 1),
        ]
    }

    fn steps() -> Vec<Step> {
        let decryption = Decryption {
            cipher: Cipher::Aes128Gcm,
            schedule: Schedule::QuicInitial { version: 1, destination: HexBytes(vec![7; 8]), client: true },
            nonce: HexBytes(vec![1; 12]),
            aad: HexBytes(vec![23, 3, 3]),
            skip: 0,
            cut: true,
        };
        vec![
            Step::Datagram,
            Step::Reassembly,
            Step::Body,
            Step::Entry,
            Step::Decrypt(Box::new(decryption.clone())),
            Step::Decode("gzip".to_owned()),
            Step::Decrypt(Box::new(Decryption { cut: false, ..decryption })),
            Step::Unmask("{}".to_owned()),
            Step::Written("&".to_owned()),
        ]
    }

    #[test]
    fn what_is_packed_comes_back_as_it_was() {
        let buffers = steps().into_iter().zip(0..).map(|(step, number)| Buffer {
            step,
            len: 1 << (7 * number),
            input: (number % 2 == 0).then(|| span(number, 5, 2)),
            key: (number % 3 == 0).then(|| span(u32::MAX, 0, u64::MAX)),
            segments: segments().split_off(number as usize % 6),
        });
        let occurrence = Occurrence {
            exchange: ExchangeId { flow: FlowId { capture: CaptureId(2), frame: FrameNo(9) }, index: 4 },
            time: Timestamp(i64::MIN),
            frame: FrameNo(11),
            found: "zwölf".to_owned(),
            span: span(3, 16, 23),
            trail: Trail { buffers: buffers.collect() },
        };
        assert_eq!(Packed::new(occurrence.clone()).occurrence(), occurrence);
    }
}
