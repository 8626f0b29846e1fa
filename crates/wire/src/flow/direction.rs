//! One direction of a TCP connection: segments in any order to a stream in order (RFC 9293 section 3.4).
//!
//! Places are 64-bit stream offsets, so that sequence numbers may wrap as often as they like. What comes
//! early is copied and held. Where copies of a byte compete, the first one captured wins; the segments say
//! which frame that was, and a copy that says otherwise is an anomaly.
//!
//! Bytes that never come leave a gap. It is declared when the peer has acknowledged them (so nobody will
//! send them again), when holding what follows would take too much memory, and when the flow is over. Where
//! there are several captures, another one may have recorded them: acknowledged or not, they are waited for.
//! Bytes that a frame lacks according to its own headers are believed to be sent as soon as the stream goes
//! on behind them: a packet with a wrong length must not hide what follows.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Range,
};

use evidence::{Fate, Missing, StreamOffset};

use super::{
    FlowSink,
    arrival::{Arrival, Held},
    scope::Scope,
};
use crate::{Sender, StreamBuffer};

/// What one side sent, as far as it is put in order.
#[derive(Debug)]
pub(super) struct Direction {
    sender: Sender,
    stream: StreamBuffer,
    /// The sequence number of stream offset 0.
    origin: Option<u32>,
    /// Whether a SYN told the origin.
    greeted: bool,
    /// Offset of the next byte to deliver.
    next: u64,
    /// The highest offset that the peer is known to have acknowledged beyond `next`.
    acknowledged: u64,
    /// Pieces beyond `next`, by offset; they do not overlap.
    held: BTreeMap<u64, Held>,
    held_cost: usize,
    /// Where the sender said that its stream ends.
    end: Option<u64>,
    ended: bool,
    /// Packets seen since the peer acknowledged bytes that are missing.
    waited: u16,
    /// Up to where a frame lacks what its headers promise; nothing where that is `next` or less.
    cut_until: u64,
    /// The latest stretches that were declared missing, in order.
    given_up: VecDeque<Range<u64>>,
}

impl Direction {
    pub(super) fn new(sender: Sender) -> Self {
        Self {
            sender,
            stream: StreamBuffer::default(),
            origin: None,
            greeted: false,
            next: 0,
            acknowledged: 0,
            held: BTreeMap::new(),
            held_cost: 0,
            end: None,
            ended: false,
            waited: 0,
            cut_until: 0,
            given_up: VecDeque::new(),
        }
    }

    pub(super) fn origin(&self) -> Option<u32> {
        self.origin
    }

    /// The sequence number of the next byte.
    pub(super) fn next_sequence(&self) -> Option<u32> {
        Some(self.origin?.wrapping_add(self.next as u32))
    }

    pub(super) fn greeted(&self) -> bool {
        self.greeted
    }

    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Whether bytes are missing before others, or before the end.
    pub(super) fn has_hole(&self) -> bool {
        self.hole_end().is_some()
    }

    /// Whether nothing was delivered or held yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.next == 0 && self.held.is_empty() && !self.ended
    }

    /// Offset of the next byte to deliver.
    pub(super) fn next(&self) -> i64 {
        i64::try_from(self.next).unwrap_or(i64::MAX)
    }

    /// The highest offset that anything is known of.
    pub(super) fn horizon(&self) -> i64 {
        let held = self.held.last_key_value().map_or(0, |(at, piece)| at + piece.bytes.len() as u64);
        i64::try_from(self.next.max(self.acknowledged).max(held)).unwrap_or(i64::MAX)
    }

    /// The stream begins with the byte that has this sequence number.
    pub(super) fn originate(&mut self, sequence: u32, greeted: bool) {
        self.origin = Some(sequence);
        self.greeted |= greeted;
    }

    /// The offset that a sequence number stands for: the one nearest to the next byte.
    pub(super) fn place(&self, sequence: u32) -> Option<i64> {
        let ahead = sequence.wrapping_sub(self.next_sequence()?).cast_signed();
        Some(self.next().saturating_add(i64::from(ahead)))
    }

    /// The peer has all bytes before this sequence number: so many of the stream.
    pub(super) fn acknowledge(&mut self, sequence: u32) -> u64 {
        let all_before = self.place(sequence).and_then(|place| u64::try_from(place).ok()).unwrap_or(0);
        if all_before > self.next {
            self.acknowledged = self.acknowledged.max(all_before);
        }
        all_before
    }

    /// Takes a segment's payload.
    pub(super) fn take<S: FlowSink>(&mut self, arrival: &Arrival<'_>, scope: &mut Scope<'_, S>) {
        let next = self.next();
        if arrival.at == next && self.held.is_empty() && !self.ended {
            return self.deliver(arrival, next, scope);
        }
        if arrival.at < next {
            self.note_repeated(arrival, scope);
        }
        let from = arrival.at.max(next);
        if arrival.whole_end() <= from || self.ended {
            return;
        }
        if from > next && from.unsigned_abs() == self.cut_until && self.held.is_empty() {
            self.lose_cut(self.cut_until, scope);
        }
        if from == self.next() && self.held.is_empty() {
            self.deliver(arrival, from, scope);
        } else {
            self.hold(arrival, from, scope);
            self.release(scope);
            self.relieve(scope);
        }
    }

    /// The sender's stream ends at this offset.
    pub(super) fn finish_at<S: FlowSink>(&mut self, at: i64, scope: &mut Scope<'_, S>) {
        if let Ok(at) = u64::try_from(at)
            && at >= self.next
            && !self.ended
        {
            self.end = Some(at);
            self.end_if_due(scope);
        }
    }

    /// A packet of the connection passed: how much longer are acknowledged bytes waited for?
    pub(super) fn wait<S: FlowSink>(&mut self, scope: &mut Scope<'_, S>) {
        if self.acknowledged <= self.next {
            self.waited = 0;
            return;
        }
        if self.cut_until > self.next && self.acknowledged >= self.cut_until {
            self.lose_cut(self.cut_until, scope);
            self.release(scope);
        }
        if self.acknowledged <= self.next || self.hole_end().is_none() {
            return;
        }
        self.waited = self.waited.saturating_add(1);
        if self.waited > scope.limits.acknowledged_patience && !scope.awaits_others() {
            self.waited = 0;
            self.give_up(self.acknowledged, scope);
            self.relieve(scope);
        }
    }

    /// Nothing more comes: gives up all that is missing and ends the stream.
    pub(super) fn close<S: FlowSink>(&mut self, scope: &mut Scope<'_, S>) {
        while self.hole_end().is_some() {
            self.give_up(u64::MAX, scope);
        }
        if !self.ended {
            self.lose_cut(u64::MAX, scope);
            self.ended = true;
            scope.sink.end(self.sender, &mut self.stream);
        }
        self.stream.release();
    }

    /// Delivers the segment from `next` on; nothing is held.
    fn deliver<S: FlowSink>(&mut self, arrival: &Arrival<'_>, next: i64, scope: &mut Scope<'_, S>) {
        let len = u64::try_from(arrival.end().saturating_sub(next)).unwrap_or(0);
        if len > 0 {
            arrival.append_to(&mut self.stream, next, arrival.end());
            self.advance(len, scope);
            scope.sink.data(self.sender, &mut self.stream);
        }
        self.note_cut(arrival.head().cut);
        self.end_if_due(scope);
    }

    /// So many bytes behind the ones delivered were sent and are not in their frame.
    fn note_cut(&mut self, cut: u32) {
        if cut > 0 {
            self.cut_until = self.cut_until.max(self.next.saturating_add(u64::from(cut)));
        }
    }

    fn advance<S: FlowSink>(&mut self, len: u64, scope: &mut Scope<'_, S>) {
        self.next = self.next.saturating_add(len);
        let side = scope.summary.side_mut(self.sender);
        side.delivered = side.delivered.saturating_add(len);
    }

    /// Counts the part of a segment that lies before the next byte.
    fn note_repeated<S: FlowSink>(&mut self, arrival: &Arrival<'_>, scope: &mut Scope<'_, S>) {
        let next = self.next();
        if arrival.bytes.len() == 1 && arrival.end() == next {
            // A keep-alive's byte is no data (RFC 9293 section 3.8.4).
            scope.summary.ledger.add(Fate::Duplicate, KEEP_ALIVE, 1);
            return;
        }
        let (start, end) = (arrival.at.max(0), arrival.end().min(next));
        let early = arrival.end().min(0).saturating_sub(arrival.at).max(0).unsigned_abs();
        let late = early.saturating_add(self.given_up_between(start, end));
        if late > 0 {
            scope.summary.ledger.add(Fate::OverLimit, TOO_LATE, late);
        }
        let whole = end.saturating_sub(arrival.at).max(0).unsigned_abs();
        let repeated = whole.saturating_sub(late);
        if repeated > 0 {
            let at = StreamOffset(start.unsigned_abs());
            let contradicts = self.stream.contradicts(at, arrival.part(start, end));
            note_duplicate(contradicts, (at.0, repeated), scope);
        }
    }

    /// How many bytes of a stretch were declared missing.
    fn given_up_between(&self, start: i64, end: i64) -> u64 {
        let (start, end) = (start.max(0).unsigned_abs(), end.max(0).unsigned_abs());
        let part = |gap: &Range<u64>| gap.end.min(end).saturating_sub(gap.start.max(start));
        self.given_up.iter().rev().take_while(|gap| gap.end > start).map(part).sum()
    }

    /// Keeps copies of what no held piece has of a segment, from offset `from` on.
    ///
    /// Bytes that the frame lacks are remembered only behind bytes that it has.
    fn hold<S: FlowSink>(&mut self, arrival: &Arrival<'_>, from: i64, scope: &mut Scope<'_, S>) {
        let (mut at, end) = (from.max(0).unsigned_abs(), arrival.end().max(0).unsigned_abs());
        while at < end {
            let covered = self.covered_until(at).min(end);
            if covered > at {
                let again = arrival.part(at.cast_signed(), covered.cast_signed());
                note_duplicate(self.held_contradicts(at, again), (at, covered - at), scope);
                at = covered;
                continue;
            }
            let free_until = self.held.range(at..).next().map_or(end, |(next, _)| end.min(*next));
            let (start, stop) = (at.cast_signed(), free_until.cast_signed());
            let piece = Held {
                bytes: arrival.part(start, stop).to_vec(),
                segments: arrival.segments(start, stop),
                time: arrival.head().time,
                cut: if free_until == end { arrival.head().cut } else { 0 },
            };
            self.held_cost = self.held_cost.saturating_add(piece.cost());
            *scope.held_of_all = scope.held_of_all.saturating_add(piece.cost());
            self.held.insert(at, piece);
            at = free_until;
        }
    }

    /// Up to where the held piece that covers `at` reaches; `at` or less where none does.
    fn covered_until(&self, at: u64) -> u64 {
        self.held
            .range(..=at)
            .next_back()
            .map_or(0, |(start, piece)| start.saturating_add(piece.bytes.len() as u64))
    }

    /// Whether the held piece that covers `at` has other bytes there.
    fn held_contradicts(&self, at: u64, bytes: &[u8]) -> bool {
        self.held.range(..=at).next_back().is_some_and(|(start, piece)| {
            let skip = usize::try_from(at - start).unwrap_or(usize::MAX);
            !piece.bytes.get(skip..).is_some_and(|first| first.starts_with(bytes))
        })
    }

    /// Delivers the held pieces whose turn it is.
    fn release<S: FlowSink>(&mut self, scope: &mut Scope<'_, S>) {
        let mut news = false;
        while let Some(entry) = self.held.first_entry() {
            let at = *entry.key();
            if at > self.next.max(self.cut_until) {
                break;
            }
            if at > self.next {
                if std::mem::take(&mut news) {
                    scope.sink.data(self.sender, &mut self.stream);
                }
                self.lose_cut(at, scope);
                continue;
            }
            let piece = entry.remove();
            self.held_cost = self.held_cost.saturating_sub(piece.cost());
            *scope.held_of_all = scope.held_of_all.saturating_sub(piece.cost());
            self.stream.append(&piece.bytes, piece.segments.iter().copied(), piece.time);
            self.advance(piece.bytes.len() as u64, scope);
            self.note_cut(piece.cut);
            news = true;
        }
        if news {
            scope.sink.data(self.sender, &mut self.stream);
        }
        self.end_if_due(scope);
    }

    /// Gives up what is missing while more is held than allowed.
    fn relieve<S: FlowSink>(&mut self, scope: &mut Scope<'_, S>) {
        while !self.held.is_empty()
            && (self.held_cost > scope.limits.held_bytes
                || self.held.len() > scope.limits.held_pieces
                || *scope.held_of_all > scope.limits.held_bytes_of_all)
        {
            self.give_up(u64::MAX, scope);
        }
    }

    /// Where the first missing stretch ends, if one is known.
    fn hole_end(&self) -> Option<u64> {
        let held = self.held.first_key_value().map(|(at, _)| *at);
        let end = self.end.filter(|end| *end > self.next);
        held.into_iter().chain(end).min()
    }

    /// Declares the first missing stretch lost, at most up to `limit`, and delivers what follows.
    fn give_up<S: FlowSink>(&mut self, limit: u64, scope: &mut Scope<'_, S>) {
        let Some(end) = self.hole_end().map(|end| end.min(limit)) else { return };
        self.lose_cut(end, scope);
        let len = end.saturating_sub(self.next);
        if len > 0 {
            scope.odd(GAP, || format!("{len} bytes at stream offset {}", self.next));
            scope.summary.ledger.lacks(Missing::Gap, TCP, len);
            self.miss(len, scope);
        }
        self.release(scope);
    }

    /// Passes over bytes that a frame lacks, at most up to `end`.
    fn lose_cut<S: FlowSink>(&mut self, end: u64, scope: &mut Scope<'_, S>) {
        let len = end.min(self.cut_until).saturating_sub(self.next);
        if len > 0 {
            scope.summary.ledger.lacks(Missing::Truncated, TCP, len);
            self.miss(len, scope);
        }
    }

    fn miss<S: FlowSink>(&mut self, len: u64, scope: &mut Scope<'_, S>) {
        scope.sink.gap(self.sender, len, &mut self.stream);
        self.stream.lose(len);
        let end = self.next.saturating_add(len);
        match self.given_up.back_mut() {
            Some(gap) if gap.end == self.next => gap.end = end,
            _ => self.given_up.push_back(self.next..end),
        }
        if self.given_up.len() > GAPS_REMEMBERED {
            self.given_up.pop_front();
        }
        self.next = end;
        let side = scope.summary.side_mut(self.sender);
        side.missing = side.missing.saturating_add(len);
    }

    fn end_if_due<S: FlowSink>(&mut self, scope: &mut Scope<'_, S>) {
        if self.ended || self.end.is_none_or(|end| end > self.next) {
            return;
        }
        if self.end == Some(self.next) && self.held.is_empty() {
            self.ended = true;
            // What a frame promised beyond the end was none of the stream.
            self.cut_until = 0;
            scope.sink.end(self.sender, &mut self.stream);
            self.stream.release();
        } else {
            scope.odd(DATA_AFTER_FIN, String::new);
            self.end = None;
        }
    }
}

/// Counts bytes whose place was taken already.
fn note_duplicate<S: FlowSink>(contradicts: bool, (at, len): (u64, u64), scope: &mut Scope<'_, S>) {
    let reason = if contradicts { CONTRADICTION } else { TCP };
    scope.summary.ledger.add(Fate::Duplicate, reason, len);
    if contradicts {
        scope.odd(OTHER_BYTES, || format!("{len} bytes at stream offset {at}; the first copy was kept"));
    }
}

/// How many missing stretches are remembered, to tell bytes that come too late from repeated ones.
const GAPS_REMEMBERED: usize = 64;

const TCP: &str = "TCP";
const KEEP_ALIVE: &str = "TCP keep-alive";
const CONTRADICTION: &str = "TCP, sent again with other content";
const TOO_LATE: &str = "TCP, came after its place in the stream was given up";
const GAP: &str = "capture lacks bytes of a TCP stream";
const OTHER_BYTES: &str = "peer sent other bytes for a place in the stream that was filled before";
const DATA_AFTER_FIN: &str = "peer sent data after it had finished";
