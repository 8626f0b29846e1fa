//! What becomes of TCP connections, one peculiarity after the other.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

mod flow_ear;

use evidence::{Fate, FrameNo, Missing};
use flow_ear::{ACK, Closed, FIN, Heard, RST, SECOND, SYN, Table, down, phone, server, up};
use wire::{
    PacketHead, Sender,
    flow::{Ended, Limits},
};

use Sender::{Originator, Responder};

/// Sequence number and payload.
type Sent = (u32, &'static [u8]);

/// Plays packets and gives the flows they made.
fn play(packets: &[(PacketHead, &[u8])]) -> Vec<Closed> {
    let mut table = Table::new(Limits::default());
    for (head, payload) in packets {
        table.push(head.clone(), payload);
    }
    table.finish()
}

/// The same where one flow is expected.
fn one(packets: &[(PacketHead, &[u8])]) -> Closed {
    let mut flows = play(packets);
    assert_eq!(flows.len(), 1, "{flows:#?}");
    flows.remove(0)
}

/// A handshake whose first bytes have the sequence numbers 1000 and 5000.
fn opening() -> Vec<(PacketHead, &'static [u8])> {
    vec![(up(999, 0, SYN), b""), (down(4999, 1000, SYN | ACK), b""), (up(1000, 5000, ACK), b"")]
}

fn after_opening(packets: &[(PacketHead, &'static [u8])]) -> Closed {
    one(&[opening().as_slice(), packets].concat())
}

#[test]
fn a_whole_connection_is_delivered_and_closed() {
    let flow = after_opening(&[
        (up(1000, 5000, ACK), b"GET "),
        (up(1004, 5000, ACK), b"/"),
        (down(5000, 1005, ACK), b"200"),
        (up(1005, 5003, FIN | ACK), b""),
        (down(5003, 1006, FIN | ACK), b""),
        (up(1006, 5004, ACK), b""),
    ]);
    assert_eq!((flow.text(Originator), flow.text(Responder)), ("GET /".into(), "200".into()));
    assert_eq!((flow.info.originator, flow.info.responder), (phone(40_000), server(80)));
    assert_eq!(flow.info.id.frame, FrameNo(1));
    assert_eq!(flow.summary.ended, Ended::Closed);
    assert!(flow.summary.opening_seen && flow.rows().is_empty() && flow.odd().is_empty());
    assert_eq!(flow.sources(Originator)[4], Some((5, 5 << 20)));
    let ends = [Heard::End(Originator), Heard::End(Responder)];
    assert!(flow.heard.ends_with(&ends));
}

#[test]
fn segments_out_of_order_are_put_in_order() {
    let flow = after_opening(&[
        (up(1004, 5000, ACK), b"efgh"),
        (up(1012, 5000, FIN | ACK), b""),
        (up(1008, 5000, ACK), b"ijkl"),
        (up(1000, 5000, ACK), b"abcd"),
    ]);
    assert_eq!(flow.text(Originator), "abcdefghijkl");
    assert!(flow.rows().is_empty() && flow.summary.ledger.missing().is_empty());
    assert_eq!(flow.sources(Originator)[0], Some((7, 7 << 20)));
}

#[test]
fn sequence_numbers_wrap() {
    let first = u32::MAX - 1;
    let flow = one(&[
        (up(first.wrapping_sub(1), 0, SYN), b""),
        (up(first, 0, ACK), b"ab"),
        (up(2, 0, ACK), b"ef"),
        (up(0, 0, ACK), b"cd"),
        (up(first, 0, ACK), b"ab"),
    ]);
    assert_eq!(flow.text(Originator), "abcdef");
    assert_eq!(flow.rows(), [("TCP".into(), 2)]);
}

#[test]
fn the_first_copy_wins_and_a_contradiction_is_told() {
    let rows: [(&str, &[Sent], &str, u64); 5] = [
        ("delivered", &[(1000, b"abcd"), (1000, b"abXd")], "abcd", 4),
        ("partly new", &[(1000, b"abcd"), (1002, b"XYef")], "abcdef", 2),
        ("held", &[(1004, b"efgh"), (1004, b"eXgh"), (1000, b"abcd")], "abcdefgh", 4),
        ("before held", &[(1004, b"efgh"), (1000, b"abcdXX")], "abcdefgh", 2),
        ("around held", &[(1002, b"cd"), (1000, b"abXYef")], "abcdef", 2),
    ];
    for (name, segments, expected, lost) in rows {
        let packets: Vec<_> = segments.iter().map(|(at, bytes)| (up(*at, 5000, ACK), *bytes)).collect();
        let flow = after_opening(&packets);
        assert_eq!(flow.text(Originator), expected, "{name}");
        assert_eq!(flow.rows(), [("TCP, sent again with other content".into(), lost)], "{name}");
        let odd = "peer sent other bytes for a place in the stream that was filled before";
        assert_eq!(flow.odd(), [(1, odd.to_owned())], "{name}");
        let (_, examples) = flow.summary.anomalies.iter().next().unwrap();
        assert_eq!(
            examples[0].frame,
            Some(FrameNo(
                3 + segments.iter().position(|one| { one.1.iter().any(u8::is_ascii_uppercase) }).unwrap()
                    as u64
                    + 1
            )),
            "{name}"
        );
    }
}

#[test]
fn equal_copies_are_duplicates_and_not_odd() {
    let flow = after_opening(&[
        (up(1000, 5000, ACK), b"abcd"),
        (up(1000, 5000, ACK), b"abcd"),
        (up(1008, 5000, ACK), b"ijkl"),
        (up(1002, 5000, ACK), b"cdefghijkl"),
        (up(1000, 5000, ACK), b"abcdefghijkl"),
    ]);
    assert_eq!(flow.text(Originator), "abcdefghijkl");
    assert_eq!(flow.rows(), [("TCP".into(), 22)]);
    assert!(flow.odd().is_empty());
}

#[test]
fn a_keep_alive_is_neither_data_nor_a_contradiction() {
    let flow = after_opening(&[
        (up(999, 5000, ACK), b"\0"),
        (up(1000, 5000, ACK), b"abcd"),
        (up(1003, 5000, ACK), b"\0"),
        (up(1003, 5000, ACK), b""),
        (up(1004, 5000, ACK), b"ef"),
        (up(1006, 5000, FIN | ACK), b""),
        (up(1006, 5000, ACK), b"\0"),
    ]);
    assert_eq!(flow.text(Originator), "abcdef");
    assert_eq!(flow.rows(), [("TCP keep-alive".into(), 3)]);
    assert!(flow.odd().is_empty(), "{:?}", flow.odd());
}

#[test]
fn bytes_that_the_peer_acknowledged_and_nobody_captured_are_a_gap_before_the_end() {
    let mut table = Table::new(Limits::default());
    for (head, payload) in opening() {
        table.push(head, payload);
    }
    table.push(up(1000, 5000, ACK), b"ab");
    table.push(up(1004, 5000, ACK), b"ef");
    // Not yet acknowledged: it may still be sent again.
    for _ in 0..40 {
        table.push(down(5000, 1002, ACK), b"");
    }
    assert_eq!(table.flows.open(), 1);
    for packet in 0..20 {
        table.push(down(5000 + packet, 1006, ACK), b".");
    }
    table.push(down(5020, 1006, ACK), b"!");
    let flow = table.finish().remove(0);
    assert_eq!(flow.text(Originator), "ab··ef");
    let of_originator = flow.heard.iter().rposition(|heard| matches!(heard, Heard::Data(Originator, ..)));
    let of_responder = flow.heard.iter().rposition(|heard| matches!(heard, Heard::Data(Responder, ..)));
    assert!(of_originator < of_responder, "the gap was declared only at the end");
    assert_eq!(flow.summary.ledger.missing()[0].missing, Missing::Gap);
    assert_eq!(flow.summary.originator.missing, 2);
}

#[test]
fn what_comes_after_its_place_was_given_up_is_over_the_limit() {
    let mut table = Table::new(Limits { held_pieces: 1, ..Limits::default() });
    for (head, payload) in opening() {
        table.push(head, payload);
    }
    for (at, payload) in [(1000, b"ab"), (1004, b"ef"), (1008, b"ij"), (1002, b"cd"), (1004, b"ef")] {
        table.push(up(at, 5000, ACK), payload);
    }
    let flow = table.finish().remove(0);
    assert_eq!(flow.text(Originator), "ab··ef··ij");
    assert_eq!(flow.summary.ledger.bytes(Fate::OverLimit), 2);
    assert_eq!(flow.summary.ledger.bytes(Fate::Duplicate), 2);
}

#[test]
fn a_retransmission_that_bridges_a_gap_fills_it_once() {
    let flow = after_opening(&[
        (up(1000, 5000, ACK), b"ab"),
        (up(1004, 5000, ACK), b"ef"),
        (up(1008, 5000, ACK), b"ij"),
        (up(1000, 5000, ACK), b"abcdefghijkl"),
    ]);
    assert_eq!(flow.text(Originator), "abcdefghijkl");
    assert_eq!(flow.rows(), [("TCP".into(), 6)]);
    let frames: Vec<_> = flow.sources(Originator).into_iter().flatten().map(|(frame, _)| frame).collect();
    assert_eq!(frames, [4, 4, 7, 7, 5, 5, 7, 7, 6, 6, 7, 7]);
}

#[test]
fn bytes_cut_by_the_snapshot_length_are_truncated_and_no_gap() {
    let cut = |at, flags| PacketHead { cut: 6, ..up(at, 5000, flags) };
    let flow = after_opening(&[
        (cut(1000, ACK), b"abcd"),
        (cut(1020, ACK), b"uvwx"),
        (cut(1010, ACK), b"klmn"),
        (up(1010, 5000, ACK), b"klmnopqrst"),
        (cut(1030, FIN | ACK), b"!!!!"),
    ]);
    assert_eq!(flow.text(Originator), "abcd······klmn······uvwx······!!!!······");
    let missing = flow.summary.ledger.missing();
    assert_eq!((missing.len(), missing[0].missing, missing[0].bytes), (1, Missing::Truncated, 24));
    assert_eq!(flow.summary.ledger.bytes(Fate::OverLimit), 6, "came whole, but too late");
}

#[test]
fn a_length_that_is_a_lie_hides_nothing() {
    let flow = after_opening(&[
        (PacketHead { cut: 4096, ..up(1000, 5000, ACK) }, b"ab"),
        (up(1002, 5000, ACK), b"cd"),
        (up(1004, 5000, ACK), b"ef"),
    ]);
    assert!(flow.text(Originator).starts_with("abcdef·"));
    assert!(flow.rows().is_empty());
}

#[test]
fn a_length_beyond_the_end_is_a_lie() {
    for cut_first in [true, false] {
        let cut = (PacketHead { cut: 7, ..up(1002, 5000, ACK) }, &b""[..]);
        let fin = (up(1002, 5000, FIN | ACK), &b""[..]);
        let (first, second) = if cut_first { (cut, fin) } else { (fin, cut) };
        let flow =
            after_opening(&[(up(1000, 5000, ACK), b"ab"), first, second, (down(5000, 1100, ACK), b"")]);
        assert_eq!(flow.text(Originator), "ab", "{cut_first}");
    }
}

#[test]
fn cut_bytes_that_the_peer_acknowledged_are_passed_over_before_it_answers() {
    let flow = after_opening(&[
        (PacketHead { cut: 3, ..up(1000, 5000, ACK) }, b"ab"),
        (down(5000, 1005, ACK), b"answer"),
        (up(1005, 5006, ACK), b"fg"),
    ]);
    assert_eq!(flow.text(Originator), "ab···fg");
    let kinds: Vec<_> = flow
        .heard
        .iter()
        .map(|heard| match heard {
            Heard::Data(Originator, ..) => 'D',
            Heard::Data(Responder, ..) => 'd',
            Heard::Gap(..) => '_',
            _ => '.',
        })
        .collect();
    assert_eq!(kinds.iter().collect::<String>(), "D_dD..");
}

#[test]
fn what_is_held_behind_cut_bytes_takes_their_place() {
    let flow = after_opening(&[
        (PacketHead { cut: 4, ..up(1004, 5000, ACK) }, b"ef"),
        (up(1008, 5000, ACK), b"ij"),
        (up(1000, 5000, ACK), b"abcd"),
    ]);
    assert_eq!(flow.text(Originator), "abcdef··ij");
    assert!(flow.rows().is_empty());
    assert_eq!(flow.summary.originator.missing, 2);
}

#[test]
fn memory_is_free_again_when_holes_are_filled() {
    let mut table = Table::new(Limits { held_bytes_of_all: 1000, ..Limits::default() });
    for _ in 0..50 {
        for at in [10u32, 20, 0] {
            let base = 100 + 30 * (table.pushed / 30) as u32;
            table.push(up(base + at, 0, ACK), b"0123456789");
        }
    }
    let flow = table.finish().remove(0);
    // The capture begins in the middle, so the first ten come before the first byte known.
    assert!(flow.summary.ledger.missing().is_empty(), "gave up holes that were filled");
    assert_eq!(flow.summary.ledger.bytes(Fate::OverLimit), 10);
}

#[test]
fn a_capture_that_begins_in_the_middle_has_no_gap_there() {
    let flow = one(&[
        (down(5000, 1000, ACK), b"abc"),
        (up(1000, 5003, ACK), b""),
        (up(1000, 5003, ACK), b"xyz"),
        (down(5003, 1003, ACK), b"def"),
    ]);
    assert_eq!((flow.text(Originator), flow.text(Responder)), ("xyz".into(), "abcdef".into()));
    assert_eq!(flow.info.originator, phone(40_000));
    assert!(!flow.summary.opening_seen);
    assert!(flow.summary.ledger.missing().is_empty() && flow.rows().is_empty());
}

#[test]
fn the_answer_to_a_syn_may_be_missing() {
    let flow = one(&[
        (up(999, 0, SYN), b""),
        (up(1000, 5000, ACK), b"?"),
        (down(5002, 1001, ACK), b"cd"),
        (down(5000, 1001, ACK), b"ab"),
    ]);
    assert_eq!(flow.text(Responder), "abcd");
    let flow = one(&[
        (down(4999, 1000, SYN | ACK), b""),
        (up(1002, 5000, ACK), b"cd"),
        (up(1000, 5000, ACK), b"ab"),
    ]);
    assert_eq!((flow.info.originator, flow.text(Originator)), (phone(40_000), "abcd".into()));
}

#[test]
fn data_on_a_syn_is_data() {
    let flow = one(&[
        (up(999, 0, SYN), b"early"),
        (down(4999, 1000, SYN | ACK), b""),
        (up(1000, 5000, ACK), b"early"),
        (up(1005, 5000, ACK), b" late"),
    ]);
    assert_eq!(flow.text(Originator), "early late");
    assert_eq!(flow.rows(), [("TCP".into(), 5)]);
}

#[test]
fn both_sides_may_open_and_close_at_once() {
    let flow = one(&[
        (up(999, 0, SYN), b""),
        (down(4999, 0, SYN), b""),
        (up(999, 5000, SYN | ACK), b""),
        (down(4999, 1000, SYN | ACK), b""),
        (up(1000, 5000, FIN | ACK), b"a"),
        (down(5000, 1000, FIN | ACK), b"b"),
        (up(1002, 5002, ACK), b""),
        (down(5002, 1002, ACK), b""),
    ]);
    assert_eq!((flow.text(Originator), flow.text(Responder)), ("a".into(), "b".into()));
    assert_eq!(flow.summary.ended, Ended::Closed);
    assert!(flow.odd().is_empty());
}

#[test]
fn used_addresses_begin_another_flow() {
    let fin: [(PacketHead, &[u8]); 2] =
        [(up(1001, 5000, FIN | ACK), b""), (down(5000, 1002, FIN | ACK), b"")];
    let rst: [(PacketHead, &[u8]); 1] = [(up(1001, 5000, RST), b"")];
    let lost: [(PacketHead, &[u8]); 0] = [];
    for (ending, ended) in [(&fin[..], Ended::Closed), (&rst, Ended::Reset), (&lost, Ended::Reused)] {
        let mut packets = opening();
        packets.push((up(1000, 5000, ACK), b"a"));
        packets.extend_from_slice(ending);
        packets.extend([
            (up(77_777_776, 0, SYN), &b""[..]),
            (down(88_887, 77_777_777, SYN | ACK), b""),
            (up(77_777_777, 88_888, ACK), b"b"),
            (down(88_888, 77_777_778, ACK), b"c"),
        ]);
        let flows = play(&packets);
        assert_eq!(flows.len(), 2, "{ended:?}");
        assert_eq!(flows[0].summary.ended, ended);
        assert_eq!((flows[1].text(Originator), flows[1].text(Responder)), ("b".into(), "c".into()));
        let syn = packets.iter().position(|(head, _)| head.tcp.unwrap().sequence == 77_777_776).unwrap();
        assert_eq!(flows[1].info.id.frame.0, syn as u64 + 1, "{ended:?}");
    }
}

#[test]
fn a_forged_syn_or_reset_does_not_end_a_connection() {
    let flow = after_opening(&[
        (up(1000, 5000, ACK), b"ab"),
        (up(3_000_000_000, 0, SYN), b""),
        (down(3_000_000_000, 1000, RST | ACK), b"go away"),
        (up(1002, 5000, ACK), b"cd"),
        (down(5000, 1004, ACK), b"ok"),
    ]);
    assert_eq!((flow.text(Originator), flow.text(Responder)), ("abcd".into(), "ok".into()));
    assert_eq!(flow.odd().len(), 2);
    assert_eq!(flow.rows(), [("TCP, text of a reset".into(), 7)]);
}

#[test]
fn far_off_sequence_numbers_are_another_connection_when_they_bear_each_other_out() {
    let stray = after_opening(&[
        (up(1000, 5000, ACK), b"ab"),
        (up(2_000_000_000, 5000, ACK), b"forged"),
        (up(1002, 5000, ACK), b"cd"),
    ]);
    assert_eq!(stray.text(Originator), "abcd");
    assert_eq!(stray.rows(), [("TCP, sequence number far off".into(), 6)]);
    let mut packets = opening();
    packets.push((up(1000, 5000, ACK), b"ab"));
    for (at, bytes) in [(0, b"one "), (4, b"two "), (8, b"more")] {
        packets.push((up(2_000_000_000 + at, 5000, ACK), bytes));
    }
    let flows = play(&packets);
    assert_eq!(flows.len(), 2);
    assert_eq!(flows[1].text(Originator), "one two more");
    assert_eq!(flows[1].sources(Originator)[0], Some((5, 5 << 20)));
}

#[test]
fn data_after_a_connection_is_not_lost() {
    let mut packets = opening();
    packets.extend([
        (up(1000, 5000, FIN | ACK), &b"ab"[..]),
        (up(1000, 5000, FIN | ACK), b"ab"),
        (down(5000, 1003, FIN | ACK), b""),
        (up(1000, 5001, FIN | ACK), b"ab"),
        (up(1003, 5001, ACK), b""),
        (up(1003, 5001, ACK), b"hidden"),
    ]);
    let flows = play(&packets);
    assert_eq!(flows.len(), 2);
    assert_eq!((flows[0].text(Originator), flows[1].text(Originator)), ("ab".into(), "hidden".into()));
}

#[test]
fn data_behind_a_forged_fin_is_not_lost() {
    let flow = after_opening(&[
        (up(1004, 5000, ACK), b"efgh"),
        (up(1004, 5000, FIN | ACK), b""),
        (up(1000, 5000, ACK), b"abcd"),
        (up(1008, 5000, ACK), b"ijkl"),
    ]);
    assert_eq!(flow.text(Originator), "abcdefghijkl");
    assert_eq!(flow.odd().len(), 1);
    let mut packets = opening();
    packets.extend([(up(1000, 5000, FIN | ACK), &b"abcd"[..]), (up(1004, 5000, ACK), b"efgh")]);
    let flows = play(&packets);
    let texts: Vec<_> = flows.iter().map(|flow| flow.text(Originator)).collect();
    assert_eq!(texts, ["abcd", "efgh"]);
}

#[test]
fn silence_ends_a_flow_by_its_own_clock() {
    let mut table = Table::new(Limits::default());
    let udp = |port| flow_ear::head(phone(port), server(53), None);
    table.push(udp(40_000), b"a");
    table.time += 290 * SECOND;
    table.push(udp(40_000), b"b");
    table.time += 310 * SECOND;
    table.push(udp(40_000), b"c");
    table.push(udp(40_001), b"");
    let flows = table.finish();
    let heard: Vec<_> = flows.iter().map(|flow| (flow.heard.len(), flow.summary.ended)).collect();
    // Each hears the end of both sides besides.
    assert_eq!(heard, [(4, Ended::Unseen), (3, Ended::Unseen), (3, Ended::Unseen)]);
}

#[test]
fn one_wrong_timestamp_closes_nothing() {
    let mut table = Table::new(Limits::default());
    table.push(up(1000, 0, ACK), b"a");
    let now = table.time;
    table.time += 1_000_000 * SECOND;
    table.push(flow_ear::head(phone(1), server(53), None), b"");
    table.time = now;
    for _ in 0..1000 {
        table.push(flow_ear::head(phone(1), server(53), None), b"");
    }
    assert_eq!(table.flows.open(), 2);
    table.push(up(1001, 0, ACK), b"b");
    let flows = table.finish();
    assert_eq!(flows.last().map(|flow| flow.text(Originator)), Some(String::new()));
    assert_eq!(flows.iter().map(|flow| flow.text(Originator)).collect::<String>(), "ab");
}

#[test]
fn too_many_flows_close_the_one_silent_longest() {
    let mut table = Table::new(Limits { flows: 2, ..Limits::default() });
    for port in [1, 2, 1, 3, 1, 4] {
        table.push(flow_ear::head(phone(40_000 + port), server(53), None), b"x");
    }
    assert_eq!(table.flows.open(), 2);
    let flows = table.finish();
    let closed: Vec<_> =
        flows.iter().map(|flow| (flow.info.originator.1 - 40_000, flow.summary.ended)).collect();
    let expected = [(2, Ended::Evicted), (3, Ended::Evicted), (1, Ended::Unseen), (4, Ended::Unseen)];
    assert_eq!(closed, expected);
}

#[test]
fn an_empty_or_cut_datagram_is_heard() {
    let mut table = Table::new(Limits::default());
    table.push(PacketHead { cut: 9, ..flow_ear::head(phone(5), server(53), None) }, b"");
    let flow = table.finish().remove(0);
    assert_eq!(
        flow.heard[..1],
        [Heard::Datagram(
            vec![],
            vec![evidence::Segment::exact(
                0,
                0,
                evidence::Source::Frame { capture: evidence::CaptureId(0), frame: FrameNo(1) },
                1 << 20
            )],
            9
        )]
    );
    assert_eq!(flow.summary.ledger.missing()[0].missing, Missing::Truncated);
}
