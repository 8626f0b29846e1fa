//! The buffer under every protocol room, against one that keeps a list of single bytes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

use evidence::{CaptureId, FrameNo, Segment, Source, Timestamp};
use proptest::{collection::vec, prelude::*};
use wire::{Recorded, StreamBuffer};

#[derive(Clone, Debug)]
enum Act {
    Append(Vec<usize>),
    Lose(u64),
    Skip(usize),
    Take(usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        vec(0..2000usize, 1..4).prop_map(Act::Append),
        vec(0..30usize, 1..4).prop_map(Act::Append),
        (0..100u64).prop_map(Act::Lose),
        (0..3000usize).prop_map(Act::Skip),
        (0..3000usize).prop_map(Act::Take),
        (0..40usize).prop_map(Act::Take),
    ]
}

/// A byte with its stream offset, frame and place in the frame's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    byte: u8,
    frame: u64,
    place: u64,
}

#[derive(Default)]
struct Model {
    waiting: Vec<Known>,
    offset: u64,
}

impl Model {
    fn leave(&mut self, count: usize) -> Vec<Known> {
        let count = count.min(self.waiting.len());
        self.offset += count as u64;
        self.waiting.drain(..count).collect()
    }
}

fn source(frame: u64) -> Source {
    Source::Frame { capture: CaptureId(0), frame: FrameNo(frame) }
}

/// Says of each recorded byte where it came from.
fn known(recorded: &Recorded) -> Vec<Known> {
    let mut known = Vec::new();
    for segment in &recorded.segments {
        assert_eq!(segment.out, known.len() as u64);
        let Source::Frame { frame, .. } = segment.source else { panic!("no frame") };
        for place in segment.start..segment.start + segment.len {
            known.push(Known { byte: recorded.bytes[known.len()], frame: frame.0, place });
        }
    }
    assert_eq!(known.len(), recorded.bytes.len());
    known
}

proptest! {
    #[test]
    fn bytes_and_their_origin_are_those_of_the_model(acts in vec(act(), 1..60)) {
        let mut buffer = StreamBuffer::default();
        let mut model = Model::default();
        let mut frame = 0;
        for act in acts {
            match act {
                Act::Append(lengths) => {
                    let (mut bytes, mut segments) = (Vec::new(), Vec::new());
                    for len in lengths {
                        frame += 1;
                        segments.push(Segment::exact(bytes.len() as u64, len as u64, source(frame), frame * 10_000));
                        for place in 0..len as u64 {
                            let byte = (frame * 7 + place) as u8;
                            bytes.push(byte);
                            model.waiting.push(Known { byte, frame, place: frame * 10_000 + place });
                        }
                    }
                    buffer.append(&bytes, segments, Timestamp(frame as i64));
                }
                Act::Lose(len) => {
                    model.leave(usize::MAX);
                    model.offset += len;
                    buffer.lose(len);
                }
                Act::Skip(count) => {
                    model.leave(count);
                    buffer.skip(count);
                }
                Act::Take(count) => {
                    let expected = model.leave(count);
                    let recorded = buffer.take(count);
                    prop_assert_eq!(known(&recorded), &expected[..]);
                    if let (Some(first), Some(last)) = (expected.first(), expected.last()) {
                        prop_assert!(recorded.first <= Timestamp(first.frame as i64 + 3));
                        prop_assert!(recorded.last >= Timestamp(last.frame as i64));
                    }
                }
            }
            prop_assert_eq!(buffer.offset().0, model.offset);
            let bytes: Vec<u8> = model.waiting.iter().map(|known| known.byte).collect();
            prop_assert_eq!(buffer.bytes(), bytes);
        }
    }
}
