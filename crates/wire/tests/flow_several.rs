//! Traffic that two captures of one case recorded: it counts once, and what only one of them has is kept.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

mod flow_ear;

use evidence::{CaptureId, Fate, Ledger};
use flow_ear::{ACK, Closed, FIN, SECOND, SYN, Table, down, head, phone, server, up};
use wire::{PacketHead, Sender, flow::Limits};

use Sender::{Originator, Responder};

type Packets<'p> = Vec<(PacketHead, &'p [u8])>;

/// A connection that says `abcd`, and hears `1234`.
fn connection() -> Packets<'static> {
    vec![
        (up(999, 0, SYN), b""),
        (down(4999, 1000, SYN | ACK), b""),
        (up(1000, 5000, ACK), b"ab"),
        (up(1002, 5000, ACK), b"cd"),
        (down(5000, 1004, FIN | ACK), b"1234"),
        (up(1004, 5005, FIN | ACK), b""),
        (down(5005, 1005, ACK), b""),
    ]
}

/// Plays captures one after the other, each from the same time on.
fn play(captures: &[Packets<'_>]) -> (Vec<Closed>, Ledger) {
    let (flows, ledger) = play_at(captures, |_| 0, true);
    let (at_once, _) = play_at(captures, |_| 0, false);
    let told = |flows: &[Closed]| -> Vec<_> {
        flows.iter().map(|flow| (flow.info.id.capture, flow.text(Originator), flow.text(Responder))).collect()
    };
    assert_eq!(told(&flows), told(&at_once), "whether closed flows still linger");
    (flows, ledger)
}

/// Plays captures one after the other, each from its time on, in seconds; between them, where asked for, time that closed
/// flows do not outlive.
fn play_at(captures: &[Packets<'_>], from: impl Fn(u32) -> i64, pause: bool) -> (Vec<Closed>, Ledger) {
    let mut table = Table::new(Limits::default());
    table.flows.of_several_captures();
    let begin = table.time;
    for (capture, packets) in (0..).map(CaptureId).zip(captures) {
        table.time = begin + from(capture.0) * SECOND;
        for (head, payload) in packets {
            table.push(PacketHead { capture, ..head.clone() }, payload);
        }
        for port in (1000..1200).filter(|_| pause) {
            table.time += 5 * SECOND;
            table.push(PacketHead { capture, ..head(phone(port), server(9), None) }, b"");
        }
    }
    let others = |flow: &Closed| flow.info.responder.1 != 9;
    let ledger = table.flows.ledger().clone();
    (table.finish().into_iter().filter(others).collect(), ledger)
}

#[test]
fn a_connection_of_two_captures_counts_once() {
    let (flows, ledger) = play(&[connection(), connection()]);
    assert_eq!(flows.len(), 1, "{flows:#?}");
    assert_eq!((flows[0].text(Originator), flows[0].text(Responder)), ("abcd".into(), "1234".into()));
    assert_eq!(flows[0].info.id.capture, CaptureId(0));
    assert_eq!(ledger.bytes(Fate::Duplicate), 8);
    assert_eq!(ledger.rows()[0].reason, "recorded by another capture as well");
}

#[test]
fn a_capture_that_begins_with_the_answer_is_known_all_the_same() {
    let (flows, _) = play(&[connection(), connection().split_off(1)]);
    assert_eq!(flows.len(), 1, "{flows:#?}");
}

#[test]
fn another_connection_of_the_same_ports_is_its_own() {
    let mut other = connection();
    for (head, _) in &mut other {
        let tcp = head.tcp.as_mut().unwrap();
        if head.source == phone(40_000) {
            tcp.sequence += 77_000;
        } else {
            tcp.acknowledgment += 77_000;
        }
    }
    let (flows, ledger) = play(&[connection(), other]);
    assert_eq!(flows.len(), 2, "{flows:#?}");
    assert_eq!(ledger.bytes(Fate::Duplicate), 0);
}

#[test]
fn what_says_something_else_or_comes_at_another_time_is_its_own() {
    // Some programs write captures with always the same sequence numbers.
    let mut other = connection();
    (other[2].1, other[3].1) = (b"AB", b"CD");
    let (flows, _) = play(&[connection(), other]);
    let told: String = flows.iter().map(|flow| flow.text(Originator)).collect();
    assert!(told.contains("abcd") && told.contains("ABCD"), "{flows:#?}");
    let (flows, ledger) = play_at(&[connection(), connection()], |capture| i64::from(capture) * 86_400, true);
    assert_eq!((flows.len(), ledger.bytes(Fate::Duplicate)), (2, 0), "the same a day later");
}

#[test]
fn of_equal_datagrams_each_has_one_copy() {
    let datagram = (head(phone(40_000), server(53), None), &b"who is it?"[..]);
    let (flows, _) =
        play_at(&[vec![datagram.clone()], vec![datagram.clone(), datagram.clone(), datagram]], |_| 0, true);
    assert_eq!(flows.iter().map(|flow| flow.summary.originator.packets).sum::<u64>(), 3);
}

#[test]
fn what_one_capture_lacks_the_other_tells() {
    let mut lossy = connection();
    lossy.remove(2);
    let (flows, _) = play(&[lossy, connection()]);
    assert!(flows.iter().any(|flow| flow.text(Originator) == "abcd"), "{flows:#?}");
}

#[test]
fn what_the_second_capture_has_beyond_the_first_is_kept() {
    let cut = connection()[..3].to_vec();
    let (flows, _) = play(&[cut, connection()]);
    let told: String = flows.iter().map(|flow| flow.text(Originator) + &flow.text(Responder)).collect();
    assert!(told.contains("cd") && told.contains("1234"), "{flows:#?}");
}

#[test]
fn a_datagram_of_two_captures_counts_once_and_one_that_is_repeated_twice() {
    let datagram = (head(phone(40_000), server(53), None), &b"who is it?"[..]);
    let heard = |flows: &[Closed]| flows.iter().map(|flow| flow.heard.len() - 2).sum::<usize>();
    let (flows, ledger) = play(&[vec![datagram.clone()], vec![datagram.clone()]]);
    assert_eq!((heard(&flows), ledger.bytes(Fate::Duplicate)), (1, 10));
    let (flows, ledger) = play(&[vec![datagram.clone(), datagram.clone()], Vec::new()]);
    assert_eq!((heard(&flows), ledger.bytes(Fate::Duplicate)), (2, 0));
}

#[test]
fn a_datagram_that_a_later_capture_repeats_is_another_one() {
    let mut table = Table::new(Limits::default());
    table.flows.of_several_captures();
    for capture in [0, 1].map(CaptureId) {
        table.push(PacketHead { capture, ..head(phone(40_000), server(53), None) }, b"still there");
        table.time += 30 * SECOND;
    }
    assert_eq!(table.flows.ledger().bytes(Fate::Duplicate), 0);
    assert_eq!(table.finish()[0].summary.originator.packets, 2);
}
