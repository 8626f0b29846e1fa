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
    /// What the first of them is where it begins no flow, and whether it was looked at: the next flow is looked
    /// for.
    lost: Option<(Lost, bool)>,
}

/// What bytes are that no flow begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lost {
    /// Those of a flow whose length is wrong: what of it can be read is.
    Flow,
    /// Nobody's.
    Noise,
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
    }

    fn run(&mut self, last: bool, cutter: &mut Cutter) {
        let waiting = std::mem::take(&mut self.waiting);
        let mut at = 0;
        while let Some(rest) = waiting.get(at..).filter(|rest| !rest.is_empty()) {
            let taken = match self.lost {
                Some(lost) => self.search(lost, rest, last, cutter),
                None => self.flow(rest, last, cutter),
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
        let Ok(prefix) = prefix(rest) else { return self.lose(Lost::Noise, NO_FLOW, cutter) };
        let Some((len, begins)) = prefix else {
            return if last { self.lose(Lost::Noise, CUT, cutter) } else { None };
        };
        let end = begins.saturating_add(len);
        let whole = rest.len() > end;
        if (rest.len() > BEGINNING || whole || last) && !begins_a_flow(rest) {
            return self.lose(Lost::Noise, NO_FLOW, cutter);
        }
        if end as u64 >= LARGEST && rest.len() > BEGINNING {
            return self.lose(Lost::Flow, TOO_LARGE, cutter);
        }
        match rest.get(end) {
            Some(b'}') => self.give(rest.get(..=end).unwrap_or_default(), cutter),
            Some(_) => self.lose(Lost::Flow, BROKEN, cutter),
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
    fn lose(&mut self, lost: Lost, why: &'static str, cutter: &mut Cutter) -> Option<usize> {
        cutter.odd(cutter.position(), why, String::new());
        self.lost = Some((lost, true));
        Some(0)
    }

    fn search(
        &mut self,
        (lost, first): (Lost, bool),
        rest: &[u8],
        last: bool,
        cutter: &mut Cutter,
    ) -> Option<usize> {
        let next = next_flow(rest, usize::from(first), last);
        let (Ok(taken) | Err(taken)) = next;
        let bytes = rest.get(..taken).unwrap_or_default();
        match lost {
            Lost::Flow => cutter.hold(bytes),
            Lost::Noise => cutter.damaged(taken),
        }
        self.lost = if next.is_ok() { None } else { Some((lost, first && taken == 0)) };
        if (next.is_ok() || last) && lost == Lost::Flow {
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
