//! Reassembly against a model that is too simple to be wrong, and against chaos.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

mod flow_ear;

use evidence::Missing;
use flow_ear::{ACK, FIN, RST, SYN, Table, down, up};
use proptest::{collection::vec, prelude::*, sample::Index};
use wire::{PacketHead, Sender::Originator, flow::Limits};

/// A segment as it is sent: where it begins, how long it is, and a byte that makes its content its own.
#[derive(Clone, Debug)]
struct Sent {
    at: usize,
    len: usize,
    colour: u8,
}

/// Cuts of a stream of `len` bytes into segments, some of them sent again with other borders.
fn segments(len: usize) -> impl Strategy<Value = Vec<Sent>> {
    let cuts = vec(1..40usize, 1..60);
    let again = vec((0..len, 1..60usize), 0..20);
    (cuts, again, any::<u8>()).prop_map(move |(cuts, again, colour)| {
        let mut at = 0;
        let mut sent = Vec::new();
        for cut in cuts {
            let stop = (at + cut).min(len);
            if stop > at {
                sent.push(Sent { at, len: stop - at, colour });
            }
            at = stop;
        }
        for (at, size) in again {
            sent.push(Sent { at, len: size.min(len - at), colour });
        }
        sent
    })
}

/// Reorders (each packet by a bounded number of places), loses and repeats.
fn troubled(sent: Vec<Sent>, moves: &[Index], lost: &[Index], recolour: bool) -> Vec<Sent> {
    let mut arriving = sent;
    for lost in lost {
        if arriving.len() > 1 {
            arriving.remove(lost.index(arriving.len()));
        }
    }
    for pair in moves.chunks_exact(2) {
        let (from, to) = (pair[0].index(arriving.len()), pair[1].index(arriving.len()));
        arriving.swap(from, to);
    }
    if recolour {
        for (number, sent) in arriving.iter_mut().enumerate() {
            sent.colour = number as u8;
        }
    }
    arriving
}

fn content(sent: &Sent) -> Vec<u8> {
    (sent.at..sent.at + sent.len).map(|at| (at as u8).wrapping_mul(31) ^ sent.colour).collect()
}

/// The model: of each byte, the frame that brought it first.
fn winners(arriving: &[Sent], first_frame: u64) -> Vec<Option<u64>> {
    let mut winners = Vec::new();
    for (frame, sent) in (first_frame..).zip(arriving) {
        if winners.len() < sent.at + sent.len {
            winners.resize(sent.at + sent.len, None);
        }
        for winner in &mut winners[sent.at..sent.at + sent.len] {
            winner.get_or_insert(frame);
        }
    }
    winners
}

proptest! {
    #[test]
    fn each_byte_is_the_first_captured_copy(
        sent in segments(800),
        moves in vec(any::<Index>(), 0..60),
        lost in vec(any::<Index>(), 0..5),
        recolour in any::<bool>(),
        bite in 0..50usize,
        before_wrap in 0..1000u32,
    ) {
        let arriving = troubled(sent, &moves, &lost, recolour);
        let origin = 0u32.wrapping_sub(before_wrap);
        let mut table = Table::with_bite(Limits::default(), bite);
        table.push(up(origin.wrapping_sub(1), 0, SYN), &[]);
        for sent in &arriving {
            table.push(up(origin.wrapping_add(sent.at as u32), 0, ACK), &content(sent));
        }
        let flow = table.finish().remove(0);
        let expected = winners(&arriving, 2);
        let sources = flow.sources(Originator);
        let frames: Vec<_> = sources.iter().map(|source| source.map(|(frame, _)| frame)).collect();
        prop_assert_eq!(&frames, &expected);
        // Where the segments say a byte stands, it stands.
        for (byte, source) in flow.stream(Originator).into_iter().zip(&sources) {
            let there = source.map(|(frame, offset)| {
                content(&arriving[frame as usize - 2])[(offset - (frame << 20)) as usize]
            });
            prop_assert_eq!(byte, there);
        }
        let pushed: u64 = arriving.iter().map(|sent| sent.len as u64).sum();
        let delivered = expected.iter().flatten().count() as u64;
        prop_assert_eq!(flow.summary.ledger.total(), pushed - delivered);
        let missing = expected.len() as u64 - delivered;
        prop_assert_eq!(flow.summary.originator.missing, missing);
        prop_assert!(flow.summary.ledger.missing().iter().all(|row| row.missing == Missing::Gap));
        if !recolour {
            let conflicts = flow.odd().into_iter().filter(|(_, what)| what.contains("other bytes")).count();
            prop_assert_eq!(conflicts, 0, "{:?}", flow.odd());
        }
    }

    #[test]
    fn what_a_sink_takes_when_changes_nothing(
        sent in segments(600),
        moves in vec(any::<Index>(), 0..60),
        lost in vec(any::<Index>(), 0..5),
        bite in 1..90usize,
    ) {
        let arriving = troubled(sent, &moves, &lost, true);
        let limits = Limits { held_pieces: 4, ..Limits::default() };
        let run = |bite| {
            let mut table = Table::with_bite(limits.clone(), bite);
            for sent in &arriving {
                table.push(up(sent.at as u32, 0, ACK), &content(sent));
            }
            let mut flows = table.finish();
            assert_eq!(flows.len(), 1);
            flows.remove(0)
        };
        let (one, other) = (run(0), run(bite));
        prop_assert_eq!(one.sources(Originator), other.sources(Originator));
        prop_assert_eq!(one.stream(Originator), other.stream(Originator));
        prop_assert_eq!(one.summary, other.summary);
    }

    /// The table's own checks are the assertions: conservation, order of events, offsets.
    #[test]
    fn chaos_conserves_every_byte(
        packets in vec((any::<bool>(), any::<[u8; 4]>(), 0..30usize, 0..4u32, 0..3u8), 1..300),
        small in any::<bool>(),
        bite in 0..20usize,
    ) {
        let mut limits = Limits::default();
        if small {
            limits.held_bytes = 2000;
            limits.held_pieces = 5;
            limits.held_bytes_of_all = 1500;
            limits.acknowledged_patience = 2;
            limits.flows = 1;
            limits.linger = 1;
        }
        let mut table = Table::with_bite(limits, bite);
        for (upward, [near, far, flags, ack], len, cut, port) in packets {
            // Mostly near one another, now and then far off or just beyond a wrap.
            let jump = if far < 8 { u32::from(far) << 28 } else { 0 };
            let sequence = u32::from(near).wrapping_sub(100).wrapping_add(jump);
            let flags = [ACK, ACK, ACK, ACK, ACK | FIN, SYN, SYN | ACK, RST][usize::from(flags & 7)];
            let acknowledgment = u32::from(ack).wrapping_sub(100);
            let mut head = if upward { up } else { down }(sequence, acknowledgment, flags);
            head.cut = cut.saturating_sub(2) * 7;
            if port == 2 {
                let side = if upward { &mut head.source } else { &mut head.destination };
                side.1 += 1;
            }
            table.push(PacketHead { ..head }, &vec![near; len]);
        }
        table.finish();
    }
}
