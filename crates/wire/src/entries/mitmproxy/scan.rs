//! The borders of flows in a dump: each is a netstring, whose length stands before it.

use super::super::{
    Kind,
    cutter::{Cutter, LARGEST},
    netstring::{begins_a_flow, next_flow, prefix},
};

/// Finds flows.
#[derive(Debug, Default)]
pub(in super::super) struct Scanner {
    /// Bytes that were not told of yet.
    waiting: Vec<u8>,
    /// No flow begins with the first of them, or one whose length is wrong: the next one is looked for. All up to
    /// there is given out as one entry, and what of it can be read is.
    lost: bool,
    /// The first of them was looked at.
    looked: bool,
}

/// Whether a file that begins so is a dump of flows.
pub(in super::super) fn recognise(bytes: &[u8]) -> bool {
    begins_a_flow(bytes)
}

impl Scanner {
    pub(in super::super) fn push(&mut self, bytes: &[u8], cutter: &mut Cutter) {
        self.waiting.extend_from_slice(bytes);
        self.run(false, cutter);
    }

    pub(in super::super) fn finish(&mut self, cutter: &mut Cutter) {
        self.run(true, cutter);
        // What was looked through before is held, though nothing waits any more.
        if cutter.holds() {
            cutter.entry(Kind::Mitmproxy);
        }
    }

    fn run(&mut self, last: bool, cutter: &mut Cutter) {
        let waiting = std::mem::take(&mut self.waiting);
        let mut at = 0;
        while let Some(rest) = waiting.get(at..).filter(|rest| !rest.is_empty()) {
            let taken = match self.lost {
                true => self.search(rest, last, cutter),
                false => self.flow(rest, last, cutter),
            };
            match taken {
                Some(taken) => at += taken,
                None => break,
            }
        }
        self.waiting = waiting;
        self.waiting.drain(..at);
    }

    /// One flow, or what shows that none begins here. `None`: more bytes are needed.
    fn flow(&mut self, rest: &[u8], last: bool, cutter: &mut Cutter) -> Option<usize> {
        let Ok(prefix) = prefix(rest) else { return self.lose(NO_FLOW, cutter) };
        let Some((len, begins)) = prefix else {
            return if last { self.lose(CUT, cutter) } else { None };
        };
        let end = begins.saturating_add(len);
        if rest.len() <= BEGINNING && !last {
            return None;
        }
        if !begins_a_flow(rest) {
            return self.lose(NO_FLOW, cutter);
        }
        if end as u64 >= LARGEST && rest.len() > BEGINNING {
            return self.lose(TOO_LARGE, cutter);
        }
        match rest.get(end) {
            Some(b'}') => self.give(rest.get(..=end).unwrap_or_default(), cutter),
            Some(_) => self.lose(BROKEN, cutter),
            None if !last => None,
            None => {
                cutter.odd(cutter.position(), CUT, format!("{} of {} bytes are there", rest.len(), end + 1));
                self.give(rest, cutter)
            }
        }
    }

    fn give(&self, flow: &[u8], cutter: &mut Cutter) -> Option<usize> {
        cutter.hold(flow);
        cutter.entry(Kind::Mitmproxy);
        Some(flow.len())
    }

    /// The first waiting byte is passed over, in case a flow begins behind it.
    fn lose(&mut self, why: &'static str, cutter: &mut Cutter) -> Option<usize> {
        cutter.odd(cutter.position(), why, String::new());
        (self.lost, self.looked) = (true, true);
        Some(0)
    }

    fn search(&mut self, rest: &[u8], last: bool, cutter: &mut Cutter) -> Option<usize> {
        let next = next_flow(rest, usize::from(self.looked), last);
        let (Ok(taken) | Err(taken)) = next;
        cutter.hold(rest.get(..taken).unwrap_or_default());
        self.looked &= taken == 0;
        if next.is_ok() {
            self.lost = false;
            cutter.entry(Kind::Mitmproxy);
        }
        (next.is_ok() || taken > 0).then_some(taken)
    }
}

/// Bytes that show whether a flow begins.
const BEGINNING: usize = 48;
const CUT: &str = "capture lacks the end of a flow";
const NO_FLOW: &str = "capture holds bytes where a flow should begin";
const BROKEN: &str = "capture holds a flow that does not end where it says";
const TOO_LARGE: &str = "capture holds a flow that is larger than is read";
