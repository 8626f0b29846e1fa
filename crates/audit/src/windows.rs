//! A capture's events one after another, for whoever needs no packets: the first frame's time, a proof.

use std::{
    io::{self, Read},
    ops::ControlFlow,
};

use wire::capture::{Event, Progress, Reader};

use crate::input::fill;

/// Calls `each` with every event until it says stop.
pub(crate) fn each_event(
    reader: &mut Reader,
    bytes: &mut dyn Read,
    mut each: impl FnMut(Event<'_>) -> ControlFlow<()>,
) -> io::Result<()> {
    let mut window = Vec::new();
    let mut wanted = WINDOW;
    loop {
        let held = window.len();
        window.resize(wanted.max(held), 0);
        let (count, read) = fill(bytes, window.get_mut(held..).unwrap_or_default());
        window.truncate(held + count);
        let at_end = window.len() < wanted;
        let mut used = 0;
        wanted = loop {
            match reader.read(window.get(used..).unwrap_or_default(), at_end) {
                Progress::Event { consumed, event } => {
                    if each(event).is_break() {
                        return Ok(());
                    }
                    used += consumed;
                }
                Progress::Skipped { consumed } => used += consumed,
                Progress::More { needed } => break needed.max(WINDOW),
                Progress::End => return read,
            }
        };
        window.drain(..used);
    }
}

/// How much is read at a time.
const WINDOW: usize = 1 << 18;
