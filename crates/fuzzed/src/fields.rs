//! Header compression: any blocks, in any order, with losses. What was sent stands where it says, Huffman-coded
//! text comes again from its coded bytes, text stays within its bounds, and the encoder stream tells the same
//! however it is cut.
//!
//! The input is a list of pieces: a byte that says what it is, one that says how long, and its bytes.

use evidence::{CaptureId, FrameNo, Segment, Source, Timestamp};
use wire::{
    Recorded, StreamBuffer,
    fields::{Section, Text, Written, hpack, qpack},
    protocol::Output,
};

/// Pieces are header blocks; every sixteenth kind is a loss.
pub(crate) fn hpack(input: &[u8]) {
    let mut decoder = if input.first().is_some_and(|first| first & 1 == 1) {
        hpack::Decoder::joined()
    } else {
        hpack::Decoder::new()
    };
    let mut books = Books::default();
    for (kind, bytes) in pieces(input) {
        if kind % 16 == 15 {
            decoder.lose();
            continue;
        }
        let block = books.record(bytes);
        let section = decoder.read(&block, &mut books.out);
        books.check(&section, &block);
    }
}

/// Pieces are of the encoder stream, field sections, losses, and sizes of the table.
pub(crate) fn qpack(input: &[u8]) {
    let whole = play(input, usize::MAX);
    assert_eq!(whole, play(input, 1), "the encoder stream cut into bytes");
}

/// What was read, as text.
fn play(input: &[u8], step: usize) -> Vec<Option<Vec<Vec<u8>>>> {
    let mut decoder = qpack::Decoder::new();
    let mut stream = StreamBuffer::default();
    let mut books = Books::default();
    let mut told = Vec::new();
    for (kind, bytes) in pieces(input) {
        match kind % 8 {
            0..3 => {
                let recorded = books.record(bytes);
                for (at, piece) in (0..).step_by(step.min(256)).zip(bytes.chunks(step.min(256))) {
                    let part = recorded.slice(at, at + piece.len());
                    stream.append(piece, part.segments, Timestamp(0));
                    decoder.instructions(&mut stream, &mut books.out);
                }
            }
            3 => decoder.allow(u64::from(kind) * 64),
            4 if kind == 4 => decoder.lose(),
            4 => {
                let section = books.record(bytes);
                let read = decoder.read_now(&section, &mut books.out);
                told.push(Some(books.check(&read, &section)));
            }
            _ => {
                let section = books.record(bytes);
                let read = decoder.read(&section, &mut books.out);
                told.push(read.ok().map(|read| books.check(&read, &section)));
            }
        }
    }
    told
}

fn pieces(input: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = input;
    std::iter::from_fn(move || {
        let [kind, len, after @ ..] = rest else { return None };
        let (piece, after) = after.split_at(usize::from(*len).min(after.len()));
        rest = after;
        Some((*kind, piece))
    })
}

/// All bytes that were given, at their places.
#[derive(Default)]
struct Books {
    given: Vec<u8>,
    text: usize,
    out: Output,
}

impl Books {
    fn record(&mut self, bytes: &[u8]) -> Recorded {
        let source = Source::Frame { capture: CaptureId(0), frame: FrameNo(1) };
        let segment = Segment::exact(0, bytes.len() as u64, source, self.given.len() as u64);
        self.given.extend_from_slice(bytes);
        Recorded { bytes: bytes.to_vec(), segments: vec![segment], ..Recorded::default() }
    }

    /// Holds a section to the laws; its names and values.
    fn check(&mut self, section: &Section, block: &Recorded) -> Vec<Vec<u8>> {
        assert!(section.unread <= block.bytes.len());
        let texts: Vec<_> = section.fields.iter().flat_map(|field| [&field.name, &field.value]).collect();
        texts.iter().for_each(|text| self.check_text(text));
        self.text += texts.iter().map(|text| text.bytes().len()).sum::<usize>();
        assert!(self.text <= (1 << 20) + 512 * self.given.len(), "more text than the bytes are worth");
        let written = Written::new(section, block, &mut self.out);
        assert_eq!(written.parts.len(), section.fields.len());
        texts.iter().map(|text| text.bytes().to_vec()).collect()
    }

    fn check_text(&self, text: &Text) {
        let Text::Sent(sent) = text else { return };
        let len: u64 = sent.segments.iter().map(|segment| segment.len).sum();
        assert_eq!(len, sent.bytes.len() as u64, "bytes of unknown origin");
        for derivation in &sent.derived {
            let coded = self.at(&derivation.input.segments);
            let again = wire::replay("huffman", &coded, usize::try_from(derivation.len).unwrap());
            assert_eq!(again.as_deref(), Some(sent.bytes.as_slice()));
        }
        if sent.derived.is_empty() {
            assert_eq!(self.at(&sent.segments), sent.bytes);
        }
    }

    fn at(&self, segments: &[Segment]) -> Vec<u8> {
        let range = |segment: &Segment| {
            let start = usize::try_from(segment.start).unwrap();
            start..start + usize::try_from(segment.len).unwrap()
        };
        segments.iter().flat_map(|segment| self.given[range(segment)].iter().copied()).collect()
    }
}
