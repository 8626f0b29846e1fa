//! MQTT: packets to messages, with the names of their fields.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop where it is wrong"
)]

mod session_stage;

use session_stage::{Act, Originator, down, play, play_all, up};
use wire::{Head, Message};

const CONNECT: &[u8] = b"\x10\x20\0\x04MQTT\x04\x80\0\x3c\0\x0f352099001761481\0\x03bob";
const CONNECT5: &[u8] = b"\x10\x16\0\x04MQTT\x05\x02\0\x3c\x05\x11\0\0\0\x0a\0\x04id-5";
const ANY: [u16; 2] = [40000, 9001];

fn names(message: &Message) -> Vec<(String, String)> {
    let Head::Named(head) = &message.head else { panic!("no MQTT") };
    let parts = session_stage::parts(message);
    let named = parts.into_iter().zip(&head.names);
    named
        .map(|((name, value), known)| if known.is_empty() { (name, value) } else { ((*known).into(), value) })
        .collect()
}

#[test]
fn a_talk_of_3_1_1() {
    let told = play_all(
        ANY,
        &[
            up(CONNECT),
            down(b"\x20\x02\0\0"),
            up(b"\x82\x09\0\x01\0\x04cmd#\0"),
            down(b"\x90\x03\0\x01\0"),
            up(b"\x32\x10\0\x05dev/1\0\x02{\"n\":1}"),
            down(b"\x40\x02\0\x02"),
            down(b"\x30\x07\0\x04cmd1x"),
            up(b"\xc0\0"),
            down(b"\xd0\0"),
            up(b"\xe0\0"),
        ],
    );
    assert_eq!(
        told.lines(),
        [
            ">0 MQTT CONNECT 352099001761481 \"\"",
            "<0 MQTT  \"\"",
            ">1 MQTT SUBSCRIBE cmd# \"\"",
            ">2 MQTT PUBLISH dev/1 \"{\\\"n\\\":1}\"",
            "<3 MQTT PUBLISH cmd1 \"x\"",
        ]
    );
    let expected = [("client-id", "352099001761481"), ("user-name", "bob")];
    assert_eq!(names(&told.messages[0]), expected.map(|(name, value)| (name.into(), value.into())));
    assert_eq!(told.passed.total(), 5 + 4 + 2 + 2 + 2);
    assert!(told.odd().is_empty());
}

#[test]
fn topics_of_mqtt_5_may_be_numbers() {
    let told = play_all(
        ANY,
        &[
            up(CONNECT5),
            down(b"\x20\x09\0\0\x06\x12\0\x03xyz"),
            up(b"\x30\x0c\0\x03a/b\x03\x23\0\x01one"),
            up(b"\x30\x09\0\0\x03\x23\0\x01two"),
            up(b"\x30\x14\0\x01t\x0d\x26\0\x04imei\0\x04\x33\x35\x32\x30two"),
            down(b"\x40\x0b\0\x02\x10\x07\x1f\0\x04none"),
        ],
    );
    assert_eq!(
        told.lines(),
        [
            ">0 MQTT CONNECT id-5 \"\"",
            "<0 MQTT  \"\"",
            ">1 MQTT PUBLISH a/b \"one\"",
            ">2 MQTT PUBLISH a/b \"two\"",
            ">3 MQTT PUBLISH t \"two\"",
            "<4 MQTT ACK \"\"",
        ]
    );
    assert_eq!(names(&told.messages[1]), [("assigned-client-id".into(), "xyz".into())]);
    assert_eq!(names(&told.messages[4])[1], ("imei".into(), "3520".into()));
    assert!(told.odd().is_empty(), "{:?}", told.odd());
}

#[test]
fn long_payloads_come_in_pieces_and_gaps_in_them_are_survived() {
    let mut publish = b"\x30\x83\x80\x40\0\x01t".to_vec();
    publish.resize(4 + (1 << 20) + 3, b'x');
    let told = play(ANY, &[up(CONNECT), up(&publish), up(b"\x30\x04\0\x01ty")]);
    let pieces: Vec<_> = told.messages[1..].iter().map(|one| (one.position, one.body.len())).collect();
    let first = (1 << 20) - 7;
    assert_eq!(pieces, [(0, first), (first as u64, 7), (0, 1)]);
    let (head, rest) = publish.split_at(1000);
    let script =
        [up(CONNECT), up(head), Act::Gap(Originator, 500), up(&rest[500..]), up(b"\x30\x04\0\x01ty")];
    let told = play(ANY, &script);
    assert_eq!(told.lines()[1], ">1 MQTT PUBLISH t (993 bytes)~");
    assert_eq!(told.messages[2].position, 1493);
    assert_eq!(told.lines().last().unwrap(), ">2 MQTT PUBLISH t \"y\"");
}

#[test]
fn behind_a_gap_only_what_is_flawless_counts() {
    let lost = Act::Gap(Originator, 10);
    let told = play_all(ANY, &[up(CONNECT), lost.clone(), up(b"\x30\x04\0\x01ty")]);
    assert_eq!(told.lines()[1], ">1 MQTT PUBLISH t \"y\"");
    let told = play_all(ANY, &[up(CONNECT), lost, up(b"0123 imei=352099001761481")]);
    assert_eq!(told.lines()[1], ">1 TCP raw \"0123 imei=352099001761481\"");
}

#[test]
fn broken_packets_are_told_of_and_kept() {
    let told = play_all(ANY, &[up(CONNECT), up(b"\x30\x06\0\x20abcd"), up(b"\x0f\xff more")]);
    assert_eq!(
        told.odd(),
        ["peer sent an MQTT packet that ends within a field", "peer sent an MQTT packet of an unknown kind"]
    );
    assert_eq!(told.lines()[1..], [">1 MQTT PUBLISH \"\"", ">2 TCP raw \"\\x0f\\xff more\""]);
    assert_eq!(names(&told.messages[1]), [(String::new(), "abcd".into())]);
    let told = play_all(ANY, &[up(&CONNECT[..20])]);
    assert_eq!(told.lines(), [">0 MQTT CONNECT \"\"~"]);
}

#[test]
fn acknowledgements_with_other_bytes_than_codes_are_messages() {
    let rows: [(&[u8], &[u8]); 4] = [
        (CONNECT, b"\x90\x11\0\x01352099001761481"),
        (CONNECT, b"\xb0\x11\0\x01352099001761481"),
        (CONNECT5, b"\x90\x12\0\x01\x00352099001761481"),
        (CONNECT5, b"\xb0\x12\0\x01\x00352099001761481"),
    ];
    for (connect, packet) in rows {
        let told = play_all(ANY, &[up(connect), down(packet)]);
        assert_eq!(told.lines()[1], "<1 MQTT ACK \"352099001761481\"", "{}", packet.escape_ascii());
        let odd = &told.anomalies[0];
        assert_eq!(odd.what, "peer sent an MQTT acknowledgement with other bytes than codes");
        assert!(odd.detail.starts_with("found 0x33 at byte"), "{}", odd.detail);
    }
    let codes: [&[u8]; 4] =
        [b"\x90\x06\0\x01\0\x01\x02\x80", b"\xb0\x02\0\x01", b"\x40\x02\0\x01", b"\xd0\0"];
    for packet in codes {
        assert_eq!(play_all(ANY, &[up(CONNECT), down(packet)]).lines().len(), 1);
    }
}

#[test]
fn what_is_published_before_the_answer_does_not_part_it_from_its_connection() {
    let publish = b"\x30\x07\0\x04dev1x";
    let told = play_all(ANY, &[up(CONNECT), up(publish), down(b"\x20\x02\0\0")]);
    assert_eq!(
        told.lines(),
        [">0 MQTT CONNECT 352099001761481 \"\"", ">1 MQTT PUBLISH dev1 \"x\"", "<0 MQTT  \"\"",]
    );
}

#[test]
fn an_unknown_kind_is_told_with_its_byte() {
    let told = play_all(ANY, &[up(CONNECT), up(b"\x36\x01x")]);
    assert_eq!(told.anomalies[0].detail, "needed a kind of 1 to 15 and its flags, found 0x36");
}
