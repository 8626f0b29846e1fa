//! A capture file through the reader: the same events through any window, each frame where it says, and
//! framing + damage + frames = the bytes of the file.

use evidence::CaptureId;
use wire::capture::{Event, Progress, Reader};

/// What a reader told, in words that can be compared.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    events: Vec<String>,
    format: &'static str,
    framing: u64,
    damaged: u64,
}

pub(crate) fn read(file: &[u8]) {
    let whole = told(file, file.len());
    // Where the file is long, one byte at a time would tell no more than a few at a time do.
    let step = if file.len() < 4096 { 1 } else { 61 };
    assert_eq!(whole, told(file, step), "the events depend on the windows");
}

/// Reads a file through windows of at least `step` bytes.
fn told(file: &[u8], step: usize) -> Told {
    let mut reader = Reader::new(CaptureId(0));
    let (mut events, mut at, mut window, mut data) = (Vec::new(), 0, step, 0);
    loop {
        let end = file.len().min(at + window.max(step));
        let at_end = end == file.len();
        let consumed = match reader.read(&file[at..end], at_end) {
            Progress::End => break,
            Progress::Event { consumed, event } => {
                data += frame_bytes(&event, file);
                events.push(format!("{event:?}"));
                consumed
            }
            Progress::More { needed } => {
                assert!(!at_end && needed > end - at, "asks for {needed} of {} bytes", end - at);
                window = needed;
                continue;
            }
            Progress::Skipped { consumed } => {
                assert!(consumed > 0, "goes on and does not move");
                consumed
            }
        };
        if consumed > 0 {
            window = step;
        }
        at += consumed;
        assert!(at <= end, "consumes more than it was given");
    }
    let told = Told {
        events,
        format: reader.format(),
        framing: reader.framing_bytes(),
        damaged: reader.damaged_bytes(),
    };
    assert_eq!(at, file.len(), "ends before the end");
    assert_eq!(reader.consumed_bytes(), file.len() as u64);
    assert_eq!(told.framing + told.damaged + data, file.len() as u64, "bytes are lost or invented");
    told
}

/// The bytes of a frame, which stand in the file where it says.
fn frame_bytes(event: &Event<'_>, file: &[u8]) -> u64 {
    let Event::Frame(frame) = event else { return 0 };
    let start = usize::try_from(frame.offset).unwrap();
    assert_eq!(file.get(start..start + frame.data.len()), Some(frame.data), "stands elsewhere");
    frame.data.len() as u64
}
