//! The first look at an input: what it is, and when its first frame was.

use std::{io::Read, ops::ControlFlow};

use evidence::{CaptureId, Timestamp};
use handset::messages::bill::Mapping;
use wire::capture::{Event, Reader};

use super::CHUNK;
use crate::{
    entries::each_entry,
    input::{Input, Opened, open},
    kind::Kind,
    messages::{self, is_bill},
    secrets::scannable,
    windows::each_event,
};

/// What a first look at an input tells.
pub(super) enum Look {
    /// It cannot be opened.
    Fails(std::io::Error),
    /// Packets, or whatever else: read in its turn, by the time of its first frame.
    Packets(Option<Timestamp>),
    /// Packets with secrets between them, perhaps.
    Scan(Option<Timestamp>, Opened),
    /// What tells of messages.
    Messages(messages::Kind),
    /// What the phone says of itself.
    Phone(handset::Kind),
    /// Secrets.
    Secrets(Opened),
}

/// Standard input is looked at in its turn, as it can be read once.
pub(super) fn first_look(input: &Input, bill: Option<&Mapping>) -> Look {
    if *input == Input::Standard {
        return Look::Packets(None);
    }
    match open(input) {
        Ok(opened) if opened.kind.is_some_and(Kind::is_keys) => Look::Secrets(opened),
        Ok(Opened { kind: Some(Kind::Phone(kind)), .. }) => Look::Phone(kind),
        Ok(Opened { kind: Some(Kind::Messages(kind)), .. }) => Look::Messages(kind),
        Ok(Opened { kind: Some(Kind::Apk), .. }) => Look::Packets(None),
        Ok(Opened { kind: None, head, .. }) if bill.is_some() && is_bill(&head, bill) => {
            Look::Messages(messages::Kind::Bill)
        }
        Ok(mut opened) => {
            let (scan, time) = (scannable(input, &opened.head), first_time(&mut opened));
            match open(input) {
                Ok(opened) if scan => Look::Scan(time, opened),
                _ => Look::Packets(time),
            }
        }
        Err(error) => Look::Fails(error),
    }
}

/// The time of an input's first frame; `None` where it has none near its beginning.
pub(crate) fn first_time(opened: &mut Opened) -> Option<Timestamp> {
    if let Some(Kind::Flows(format)) = opened.kind {
        let mut first = None;
        let _ = each_entry(CaptureId(0), format, &mut opened.bytes, |entry| {
            first = entry.time();
            ControlFlow::Break(())
        });
        return first;
    }
    let mut bytes = (&mut opened.bytes).take(CHUNK as u64);
    let mut first = None;
    let _ = each_event(&mut Reader::new(CaptureId(0)), &mut bytes, |event| match event {
        Event::Frame(frame) => {
            first = Some(frame.time);
            ControlFlow::Break(())
        }
        Event::Note(_) | Event::Anomaly(_) => ControlFlow::Continue(()),
    });
    first
}
