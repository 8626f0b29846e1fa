//! CoAP: datagrams and streams to messages, tokens to exchanges, blocks to bodies.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop where it is wrong"
)]

mod session_stage;

use session_stage::{Act, Originator, Responder, body, down, parts, play, play_all, up};

const PORTS: [u16; 2] = [40000, 5683];

fn ask(bytes: &[u8]) -> Act {
    Act::Datagram(Originator, bytes.to_vec())
}

fn tell(bytes: &[u8]) -> Act {
    Act::Datagram(Responder, bytes.to_vec())
}

#[test]
fn tokens_make_exchanges() {
    let told = play(
        PORTS,
        &[
            ask(b"\x41\x02\0\x01T\x3bexample.com\x83reg\x4bimei=352099\xff{\"a\":1}"),
            ask(b"\x41\x01\0\x02U\xb4info"),
            tell(b"\x60\0\0\x01"),
            tell(b"\x61\x45\0\x02U\xc1\x32\xff{}"),
            tell(b"\x41\x44\x10\x01T"),
            ask(b"\x60\0\x10\x01"),
        ],
    );
    assert_eq!(
        told.lines(),
        [
            ">0 CoAP POST example.com /reg?imei=352099 \"{\\\"a\\\":1}\"",
            ">1 CoAP GET /info \"\"",
            "<1 CoAP 205 \"{}\"",
            "<0 CoAP 204 \"\"",
        ]
    );
    let values: Vec<_> = parts(&told.messages[0]).into_iter().map(|(_, value)| value).collect();
    assert_eq!(values, ["example.com", "reg", "imei=352099"]);
}

#[test]
fn what_is_observed_is_told_again_and_again() {
    let notice = b"\x51\x45\0\x09T\x61\x05\xff21";
    let told = play(PORTS, &[ask(b"\x41\x01\0\x01T\x60\x54temp"), tell(notice), tell(notice), tell(notice)]);
    assert_eq!(
        told.lines(),
        [
            ">0 CoAP GET /temp \"\"",
            "<0 CoAP 205 \"21\"",
            "<1 CoAP /temp 205 \"21\"",
            "<2 CoAP /temp 205 \"21\"",
        ]
    );
}

/// A POST of 16 bytes a block, `number` of it.
fn post(number: u8, more: bool, payload: &[u8]) -> Vec<u8> {
    let block = number << 4 | u8::from(more) << 3;
    [&[0x41, 2, 0, number, b'a' + number, 0xb2, b'u', b'p', 0xd1, 3, block, 0xff][..], payload].concat()
}

#[test]
fn blocks_are_put_together_both_ways() {
    let go_on = |number: u8| [0x61, 0x5f, 0, number, b'a' + number];
    let get = |number: u8| [0x41, 1, 0, 9, b'g', 0xb1, b'd', 0xc1, number << 4];
    let got = |number: u8, more: u8, text: &[u8]| {
        [&[0x61, 0x45, 0, 9, b'g', 0xd1, 10, number << 4 | more, 0xff][..], text].concat()
    };
    let told = play(
        PORTS,
        &[
            ask(&post(0, true, b"imei=35209900176")),
            tell(&go_on(0)),
            ask(&post(1, true, b"1481&and=another")),
            tell(&go_on(1)),
            ask(&post(2, false, b"end")),
            tell(b"\x61\x44\0\x02c"),
            ask(&[0x41, 1, 0, 9, b'g', 0xb1, b'd']),
            tell(&got(0, 8, b"0123456789abcdef")),
            ask(&get(1)),
            tell(&got(1, 0, b"ghi")),
        ],
    );
    let lines = told.lines();
    assert_eq!(body(&told.messages[2]), b"imei=352099001761481&and=anotherend", "{lines:#?}");
    assert_eq!(
        lines,
        [
            "<0 CoAP 231 \"\"",
            "<0 CoAP 231 \"\"",
            ">0 CoAP POST /up \"imei=352099001761481&and=anotherend\"",
            "<0 CoAP 204 \"\"",
            ">1 CoAP GET /d \"\"",
            ">1 CoAP GET /d \"\"",
            "<1 CoAP 205 \"0123456789abcdefghi\"",
        ]
    );
}

#[test]
fn blocks_that_do_not_come_are_no_reason_to_lose_the_others() {
    let told = play(
        PORTS,
        &[
            ask(&post(0, true, b"0123456789abcdef")),
            ask(&post(1, true, b"0123456789abcdef")),
            ask(&post(1, true, b"again")),
        ],
    );
    assert_eq!(
        told.lines(),
        [">0 CoAP POST /up \"again\"~@16", ">0 CoAP POST /up \"0123456789abcdef0123456789abcdef\"~"]
    );
    let told = play(PORTS, &[ask(&post(3, false, b"late"))]);
    assert_eq!(told.lines(), [">0 CoAP POST /up \"late\"@48"]);
}

#[test]
fn other_datagrams_are_not_taken_for_it() {
    let rows: [(&[u8], [u16; 2], &str); 6] = [
        (b"\x41\x02\0\x01T\xb3reg", [40000, 9998], "CoAP"),
        (b"\x41\x02\0\x01T", [40000, 9998], "UDP"),
        (b"\x41\x02\0\x01T", PORTS, "CoAP"),
        (b"@\x01imei=352099001761481", [40000, 9998], "UDP"),
        (b"imei=352099001761481", PORTS, "UDP"),
        (b"\x80\x60\x12\x34\0\0\0\0\0\0\0\0voice", [40000, 9998], "UDP"),
    ];
    for (bytes, ports, protocol) in rows {
        assert_eq!(play(ports, &[ask(bytes)]).messages[0].protocol, protocol, "{}", bytes.escape_ascii());
    }
}

#[test]
fn over_tcp_messages_have_their_length_before_them() {
    let told = play_all(
        PORTS,
        &[
            up(b"\x00\xe1"),
            down(b"\x30\xe1\x22\x04\0"),
            up(b"\xd1\x02\x02T\xb3reg\xff0123456789"),
            down(b"\x01\x44T"),
            up(b"\x01\xe2T\x01\xe3T"),
        ],
    );
    assert_eq!(told.lines(), [">0 CoAP POST /reg \"0123456789\"", "<0 CoAP 204 \"\""]);
    assert_eq!(told.passed.total(), 2 + 5 + 6);
    let told = play_all(PORTS, &[up(b"\x00\xe1\x31\x01T\xb2ab"), Act::Gap(Originator, 4), up("anything")]);
    assert_eq!(told.lines(), [">0 CoAP GET /ab \"\"", ">1 TCP raw \"anything\""]);
}

#[test]
fn signals_that_say_something_are_messages() {
    let signals: [&[u8]; 3] = [
        // An option that no signal has, one that is longer than a number, and one of an empty message.
        b"\xd0\x05\xe1\xdd\x01\x02352099001761481",
        b"\xd0\x04\xe1\x2d\x02352099001761481",
        b"\xd0\x05\x00\xdd\x01\x02352099001761481",
    ];
    for signal in signals {
        let told = play_all(PORTS, &[up(b"\x00\xe1"), up(signal)]);
        let text = session_stage::parts(&told.messages[0]);
        assert_eq!(text, [(String::new(), "352099001761481".to_owned())], "{}", signal.escape_ascii());
    }
    let told = play_all(PORTS, &[up(b"\x00\xe1"), up(b"\x00\xff")]);
    assert_eq!(told.anomalies[0].detail, "needed a code that is registered, found 0xff");
}

#[test]
fn a_later_block_that_says_more_is_a_message_of_its_own() {
    // Max-Age, which is a number, and an option that nobody knows; then the number of the block.
    let options: [(&[u8], &[u8]); 2] = [(b"\x3d\x02", b"\xd1\x00\x10"), (b"\xdd\x02\x02", b"\x11\x10")];
    for (option, block) in options {
        let first = post(0, true, b"0123456789abcdef");
        let begin: &[u8] = b"\x40\x02\0\x02\xb2up";
        let second = [begin, option, b"352099001761481", block, b"\xffend"].concat();
        let told = play(PORTS, &[ask(&first), ask(&second)]);
        let says =
            |message: &wire::Message| parts(message).iter().any(|(_, value)| value == "352099001761481");
        assert!(told.messages.iter().any(says), "{:?}", told.lines());
    }
}
