//! Traffic that two captures of one case recorded: it counts once, and what only one of them has is kept.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

mod flow_ear;

use evidence::{CaptureId, Fate, Ledger};
use flow_ear::{ACK, Closed, FIN, RST, SECOND, SYN, Table, down, head, phone, server, up};
use wire::{
    PacketHead, Sender,
    flow::{Ended, Limits},
};

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

/// A connection that says so many packets of two letters, each acknowledged, and closes.
fn long(packets: u32) -> Packets<'static> {
    const TEXT: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
    let mut all = vec![(up(999, 0, SYN), &b""[..]), (down(4999, 1000, SYN | ACK), b"")];
    for n in 0..packets {
        let at = n as usize % 13 * 2;
        all.push((up(1000 + n * 2, 5000, ACK), &TEXT[at..at + 2]));
        all.push((down(5000, 1002 + n * 2, ACK), b""));
    }
    let end = 1000 + packets * 2;
    all.push((up(end, 5000, FIN | ACK), b""));
    all.push((down(5000, end + 1, FIN | ACK), b""));
    all
}

fn text(packets: u32) -> String {
    ('a'..='z').cycle().take(packets as usize * 2).collect()
}

/// The same without what was said in those places.
fn lossy(packets: u32, lost: &[usize]) -> Packets<'static> {
    let all = long(packets).into_iter().enumerate();
    all.filter(|(at, _)| !lost.contains(&(at / 2)) || at % 2 == 1).map(|(_, packet)| packet).collect()
}

#[test]
fn the_second_capture_fills_the_gaps_of_the_first() {
    for (one, other) in [(&[3][..], &[][..]), (&[1], &[]), (&[2, 5, 6, 30], &[7, 29]), (&[40], &[1])] {
        let (flows, ledger) = play(&[lossy(50, one), lossy(50, other)]);
        let [flow] = flows.as_slice() else { panic!("{flows:#?}") };
        assert_eq!((flow.text(Originator), flow.summary.originator.missing), (text(50), 0));
        let twice = ledger.bytes(Fate::Duplicate) + flow.summary.ledger.bytes(Fate::Duplicate);
        assert_eq!(twice, 2 * (50 - one.len() - other.len()) as u64);
        assert_eq!(flow.odd(), []);
    }
}

#[test]
fn a_reset_closes_no_gap_that_another_capture_fills() {
    let mut reset = long(50);
    reset.truncate(102);
    reset.push((up(1100, 5000, RST), b""));
    let mut lossy = reset.clone();
    lossy.remove(8);
    let (flows, _) = play(&[lossy, reset]);
    assert_eq!(flows.len(), 1, "{flows:#?}");
    assert_eq!((flows[0].text(Originator), flows[0].summary.ended), (text(50), Ended::Reset));
}

#[test]
fn a_gap_waits_as_long_as_the_first_capture_goes_on() {
    let mut table = Table::new(Limits::default());
    table.flows.of_several_captures();
    let begin = table.time;
    for (capture, packets) in [(0, lossy(50, &[5])), (1, long(50))] {
        table.time = begin;
        for (head, payload) in packets {
            table.push(PacketHead { capture: CaptureId(capture), ..head }, payload);
        }
        // Beyond all idle times of a connection.
        for _ in 0..2 * 24 * 60 {
            table.time += 60 * SECOND;
            table.push(head(phone(1000), server(9), None), b"");
        }
    }
    let flows = table.finish();
    let told: Vec<String> = flows.iter().map(|flow| flow.text(Originator)).collect();
    assert_eq!(told.iter().filter(|text| !text.is_empty()).collect::<Vec<_>>(), [&text(50)]);
}

#[test]
fn a_gap_is_filled_by_nothing_else() {
    let mut other = long(50);
    other[2].1 = b"AB";
    let (flows, _) = play(&[lossy(50, &[5]), other]);
    assert_eq!(flows.len(), 2, "{flows:#?}");
    let whole = format!("AB{}", &text(50)[2..]);
    assert!(flows.iter().any(|flow| flow.text(Originator) == whole));
    let (flows, _) = play_at(&[lossy(50, &[5]), long(50)], |capture| i64::from(capture) * 600, false);
    assert_eq!(flows.len(), 2, "the same ten minutes later");
}

#[test]
fn where_there_is_no_room_to_wait_gaps_are_given_up() {
    let mut table = Table::new(Limits { held_bytes_of_all: 2000, ..Limits::default() });
    table.flows.of_several_captures();
    for (head, payload) in lossy(50, &[5]) {
        table.push(head, payload);
    }
    let flows = table.finish();
    assert_eq!(flows[0].summary.originator.missing, 2);
    assert!(flows[0].heard.len() > 10, "what follows was not held until the end");
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
