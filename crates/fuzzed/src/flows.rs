//! A file of flows through the reader of each format: the same entries through any windows, every byte in an
//! entry or in the reader's ledger, every byte of an entry in what a message stands for or in the flow's ledger.
//! Each byte of a message stands in its entry, or is what a decoder of `payload` makes of bytes that do.

use std::{ops::Range, sync::Arc};

use evidence::{CaptureId, Segment, Source, Step};
use wire::{
    Derivation, KeyRing, Recorded,
    entries::{Entry, Event, Format, Reader},
};

use crate::session;

pub(crate) fn read(file: &[u8]) {
    for format in [Format::Har, Format::Mitmproxy, Format::PcapdroidCsv] {
        let whole = told(file, format, file.len());
        // Where the file is long, one byte at a time would tell no more than a few at a time do.
        let step = if file.len() < 4096 { 1 } else { 61 };
        assert_eq!(whole, told(file, format, step), "the events depend on the windows");
        for event in &whole {
            if let Event::Entry(entry) = event {
                check(entry, file);
            }
        }
    }
}

/// Reads a file through windows of `step` bytes.
fn told(file: &[u8], format: Format, step: usize) -> Vec<Event> {
    let mut reader = Reader::new(CaptureId(0), format);
    let mut events = Vec::new();
    file.chunks(step.max(1)).for_each(|window| reader.push(window, &mut events));
    reader.finish(&mut events);
    let held: u64 = events.iter().map(held).sum();
    assert_eq!(held + reader.ledger().total(), file.len() as u64, "bytes are lost or invented");
    events
}

fn held(event: &Event) -> u64 {
    match event {
        Event::Entry(entry) => entry.bytes.len() as u64,
        Event::Anomaly(_) | Event::Note(_) => 0,
    }
}

fn check(entry: &Entry, file: &[u8]) {
    let start = usize::try_from(entry.offset).unwrap();
    let place = start..start + entry.bytes.len();
    assert_eq!(file.get(place.clone()), Some(entry.bytes.as_slice()), "stands elsewhere");
    let _ = entry.time();
    let flow = entry.read(&KeyRing::default());
    let mut accounted = flow.ledger.total();
    for message in &flow.messages {
        session::check(message);
        check_source(&message.recorded, file, &place);
        accounted += message.stands_for.unwrap_or(message.recorded.bytes.len() as u64);
    }
    assert_eq!(accounted, entry.bytes.len() as u64, "bytes of the entry are lost or counted twice");
}

/// Bytes without a segment were written by the reader: the line ends of a head, say.
fn check_source(recorded: &Recorded, file: &[u8], entry: &Range<usize>) {
    let mut end = 0;
    for segment in &recorded.segments {
        assert!(segment.out >= end, "segments overlap");
        end = segment.out_end();
        let bytes = recorded.bytes.get(range(segment.out, segment.len)).expect("reaches out of the message");
        assert_eq!(bytes, source(segment, &recorded.derived, file, entry), "is not what it came from");
    }
}

fn source(segment: &Segment, derived: &[Arc<Derivation>], file: &[u8], entry: &Range<usize>) -> Vec<u8> {
    let place = range(segment.start, segment.source_len);
    match segment.source {
        Source::Frame { .. } => {
            assert!(entry.start <= place.start && place.end <= entry.end, "lies in another entry");
            file[place].to_vec()
        }
        Source::Buffer(id) => made(&derived[id.0 as usize], file, entry)[place].to_vec(),
    }
}

/// What a derivation made, made again from the file.
fn made(derivation: &Derivation, file: &[u8], entry: &Range<usize>) -> Vec<u8> {
    let input = &derivation.input;
    let pieces = input.segments.iter().flat_map(|segment| source(segment, &input.derived, file, entry));
    let given: Vec<u8> = pieces.collect();
    assert_eq!(given.len() as u64, input.len, "the input has holes");
    let Step::Decode(name) = &derivation.step else { return given };
    let len = usize::try_from(derivation.len).unwrap();
    let made = payload::replay_up_to(name, &given, len).expect("cannot be made again");
    assert_eq!(made.len(), len, "{name} gives less");
    made
}

fn range(start: u64, len: u64) -> Range<usize> {
    let start = usize::try_from(start).unwrap();
    start..start + usize::try_from(len).unwrap()
}
