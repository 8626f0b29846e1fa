//! HTTP/2 connections to messages.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may stop where it is wrong"
)]

mod session_stage;

use evidence::{Fate, Transport};
use proptest::{collection::vec, prelude::*};
use session_stage::{Act, Originator, Responder, Told, down, line, play, play_all, up};
use testkit::h2::{
    CONTINUATION, DATA, END, GOAWAY, HEAD, HEADERS, PADDED, PING, PREFACE, PRIORITY, PUSH_PROMISE,
    RST_STREAM, SETTINGS, WINDOW_UPDATE, coded, frame, indexed, insert, insert_named, literal, plain,
};
use wire::{
    Ending, KeyRing, Sender, Session, StreamBuffer,
    fields::huffman,
    flow::FlowSink,
    h2::Http2,
    protocol::{Context, Output, StreamProtocol},
};

const PORTS: [u16; 2] = [40_000, 443];

/// `:method: GET`, `:scheme: https`, `:path`, `:authority: h`, which goes into the table.
fn get(path: &str) -> Vec<u8> {
    let path = [vec![0x04], coded(&huffman::encode(path.as_bytes()))].concat();
    [indexed(2), indexed(7), path, insert_named(1, &plain(b"h"))].concat()
}

/// The same behind another request: the authority is the newest of the table.
fn again(path: &str) -> Vec<u8> {
    [indexed(2), indexed(7), [vec![0x04], plain(path.as_bytes())].concat(), indexed(62)].concat()
}

fn hello() -> Vec<u8> {
    [PREFACE, &frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100])].concat()
}

fn text(told: &Told, place: usize) -> String {
    String::from_utf8_lossy(&told.messages[place].recorded.bytes).into_owned()
}

/// A line for each message, without quotation marks.
fn lines(told: &Told) -> Vec<String> {
    told.lines().iter().map(|line| line.replace('"', "")).collect()
}

#[test]
fn requests_and_responses_are_paired_by_stream() {
    let script = [
        up(hello()),
        down(frame(SETTINGS, 0, 0, &[])),
        up([frame(SETTINGS, 1, 0, &[]), frame(HEADERS, HEAD | END, 1, &get("/a"))].concat()),
        up(frame(HEADERS, HEAD, 3, &[indexed(3), again("/b")[1..].to_vec()].concat())),
        down([frame(HEADERS, HEAD, 3, &indexed(8)), frame(DATA, END, 3, b"three")].concat()),
        up([
            frame(DATA, 0, 3, b"up "),
            frame(WINDOW_UPDATE, 0, 0, &[0, 0, 1, 0]),
            frame(DATA, END, 3, b"load"),
        ]
        .concat()),
        down([frame(HEADERS, HEAD, 1, &indexed(13)), frame(DATA, END, 1, b"")].concat()),
    ];
    let told = play_all(PORTS, &script);
    let expected =
        [">0 HTTP/2 GET /a h ", "<1 HTTP/2 200 three", ">1 HTTP/2 POST /b h up load", "<0 HTTP/2 404 "];
    assert_eq!(lines(&told), expected);
    assert!(told.odd().is_empty(), "{:?}", told.odd());
    assert_eq!(
        text(&told, 2),
        ":method: POST\r\n:scheme: https\r\n:path: /b\r\n:authority: h\r\n\r\nup load"
    );
    assert!(told.messages.iter().all(|message| message.ending == Ending::Whole));
}

#[test]
fn padding_priority_continuation_trailers_and_interim_responses() {
    let head = get("/p");
    let (one, two) = head.split_at(3);
    let padded = [&[2u8], &[0, 0, 0, 0, 9][..], one, &[0, 0]].concat();
    let trailers = literal(&plain(b"x-sum"), &plain(b"42"));
    let script = [
        up([hello(), frame(HEADERS, PADDED | PRIORITY, 1, &padded), frame(CONTINUATION, HEAD, 1, two)]
            .concat()),
        up([frame(DATA, PADDED, 1, b"\x03abc\0\0\0"), frame(HEADERS, HEAD | END, 1, &trailers)].concat()),
        down(
            [
                frame(SETTINGS, 0, 0, &[]),
                frame(HEADERS, HEAD, 1, &literal(&plain(b":status"), &plain(b"103"))),
            ]
            .concat(),
        ),
        down(
            [
                frame(HEADERS, HEAD, 1, &indexed(8)),
                frame(DATA, 0, 1, b"x"),
                frame(HEADERS, HEAD | END, 1, &trailers),
            ]
            .concat(),
        ),
    ];
    let told = play_all(PORTS, &script);
    let expected = [">0 HTTP/2 GET /p h abc", "<0 HTTP/2 103 ", "<0 HTTP/2 200 x"];
    assert_eq!(lines(&told), expected);
    assert!(told.odd().is_empty(), "{:?}", told.odd());
    assert_eq!(text(&told, 2), ":status: 200\r\n\r\nxx-sum: 42\r\n\r\n");
    let part = told.messages[2].parts.last().unwrap();
    assert_eq!(&told.messages[2].recorded.bytes[part.value.clone()], b"42");
}

#[test]
fn promises_resets_farewells_and_unknown_frames() {
    let promise = [2u32.to_be_bytes().to_vec(), get("/pushed")].concat();
    let script = [
        up([hello(), frame(HEADERS, HEAD | END, 1, &get("/a"))].concat()),
        down([frame(SETTINGS, 0, 0, &[]), frame(PUSH_PROMISE, HEAD, 1, &promise)].concat()),
        down([frame(HEADERS, HEAD, 2, &indexed(8)), frame(DATA, END, 2, b"gift")].concat()),
        down([frame(HEADERS, HEAD, 1, &indexed(8)), frame(DATA, 0, 1, b"half")].concat()),
        up([frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]), frame(0x42, 7, 0, b"what is this")].concat()),
        down([frame(DATA, END, 1, b" more"), frame(PING, 0, 0, b"12345678")].concat()),
        down(frame(GOAWAY, 0, 0, b"\0\0\0\x01\0\0\0\0bye")),
    ];
    let told = play_all(PORTS, &script);
    let expected = [
        ">0 HTTP/2 GET /a h ",
        "<1 HTTP/2 GET /pushed h ",
        "<1 HTTP/2 200 gift",
        "<0 HTTP/2 200 half~",
        ">2 HTTP/2 raw what is this",
        "<0 HTTP/2 200  more@4",
        "<2 HTTP/2 raw bye",
    ];
    assert_eq!(lines(&told), expected);
}

#[test]
fn after_an_upgrade_the_request_before_it_is_stream_one() {
    let ask = b"GET /u HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n";
    let script = [
        up(ask),
        down(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
        down(
            [
                frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100]),
                frame(HEADERS, HEAD, 1, &indexed(8)),
                frame(DATA, END, 1, b"ok"),
            ]
            .concat(),
        ),
        up([hello(), frame(HEADERS, HEAD | END, 3, &get("/b"))].concat()),
        down(frame(HEADERS, HEAD | END, 3, &indexed(9))),
    ];
    let told = play_all(PORTS, &script);
    let expected = [
        ">0 HTTP/1 GET /u h ",
        "<0 HTTP/1 101 ",
        "<0 HTTP/2 200 ok",
        ">1 HTTP/2 GET /b h ",
        "<1 HTTP/2 204 ",
    ];
    assert_eq!(lines(&told), expected);
}

#[test]
fn a_connection_joined_in_the_middle_is_read_as_far_as_it_is_known() {
    let script = [
        up([frame(HEADERS, HEAD | END, 7, &again("/m")), frame(WINDOW_UPDATE, 0, 0, &[0, 0, 1, 0])].concat()),
        down(
            [
                frame(DATA, 0, 5, b"tail"),
                frame(DATA, END, 5, b" end"),
                frame(HEADERS, HEAD | END, 7, &indexed(8)),
            ]
            .concat(),
        ),
    ];
    let told = play_all(PORTS, &script);
    assert_eq!(lines(&told), [">0 HTTP/2 GET /m ", "<1 HTTP/2 raw tail end", "<0 HTTP/2 200 "]);
    assert_eq!(told.odd(), ["capture lacks the header field that a later one refers to"]);
}

#[test]
fn lost_bytes_within_data_leave_the_framing_known() {
    let script = [
        up([hello(), frame(HEADERS, HEAD | END, 1, &get("/a")), frame(HEADERS, HEAD | END, 3, &again("/b"))]
            .concat()),
        down(
            [
                frame(SETTINGS, 0, 0, &[]),
                frame(HEADERS, HEAD, 1, &[indexed(8), insert(&plain(b"k"), &plain(b"v"))].concat()),
            ]
            .concat(),
        ),
        down(&frame(DATA, END, 1, b"0123456789")[..9 + 4]),
        Act::Gap(Responder, 3),
        down([b"789".to_vec(), frame(HEADERS, HEAD | END, 3, &[indexed(8), indexed(62)].concat())].concat()),
    ];
    let told = play_all(PORTS, &script);
    assert_eq!(lines(&told)[2..], ["<0 HTTP/2 200 0123~", "<0 HTTP/2 200 789@7", "<1 HTTP/2 200 "]);
    assert_eq!(text(&told, 4), ":status: 200\r\nk: v\r\n\r\n");
}

#[test]
fn after_lost_frames_the_next_one_is_found() {
    let script = [
        up([hello(), frame(HEADERS, HEAD | END, 1, &get("/a"))].concat()),
        Act::Gap(Originator, 500),
        up([
            b"rest of something".to_vec(),
            frame(HEADERS, HEAD | END, 5, &again("/lost")),
            frame(HEADERS, HEAD | END, 7, &get("/known")),
            frame(HEADERS, HEAD | END, 9, &again("/again")),
        ]
        .concat()),
    ];
    let told = play_all(PORTS, &script);
    let expected = [
        ">0 HTTP/2 GET /a h ",
        ">1 HTTP/2 raw rest of something",
        ">2 HTTP/2 GET /lost ",
        ">3 HTTP/2 GET /known h ",
        ">4 HTTP/2 GET /again h ",
    ];
    assert_eq!(lines(&told), expected);
}

#[test]
fn long_bodies_come_in_pieces() {
    let mut room = Http2::with_piece(&Context::default(), 100);
    let mut out = Output::default();
    let mut stream = StreamBuffer::default();
    let head = frame(HEADERS, HEAD, 1, &get("/long"));
    let written = ":method: GET\r\n:scheme: https\r\n:path: /long\r\n:authority: h\r\n\r\n".len();
    let body: Vec<_> = (0..5).map(|_| frame(DATA, 0, 1, &[b'x'; 60])).collect();
    let all = [hello(), head, body.concat(), frame(DATA, END, 1, b"")].concat();
    stream.append(&all, [], evidence::Timestamp(0));
    room.push(Sender::Originator, &mut stream, &mut out);
    let lines: Vec<_> =
        out.messages.iter().map(|message| (message.body.len(), message.position, message.ending)).collect();
    let first = 100 - written;
    let expected = [
        (first, 0, Ending::Continued),
        (100, first as u64, Ending::Continued),
        (100, first as u64 + 100, Ending::Continued),
        (300 - 200 - first, first as u64 + 200, Ending::Whole),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn floods_are_bounded_and_counted() {
    // Rapid reset, and streams that are never ended.
    let mut up_bytes = hello();
    up_bytes.extend(frame(HEADERS, HEAD | END, 1, &get("/a")));
    for stream in 1..5000u32 {
        let id = 2 * stream + 1;
        up_bytes.extend(frame(HEADERS, HEAD, id, &again("/x")));
        if stream % 2 == 0 {
            up_bytes.extend(frame(RST_STREAM, 0, id, &[0, 0, 0, 8]));
        }
    }
    let told = play(PORTS, &[up(up_bytes)]);
    assert_eq!(told.messages.len(), 5000);
    let reason = "HTTP/2 messages cut short: more at once than are followed";
    assert!(told.passed.rows().iter().any(|row| row.fate == Fate::OverLimit && row.reason == reason));
    // A header block that never ends, and one in a frame that is too long.
    let more = frame(CONTINUATION, 0, 1, &[0x82; 16_000]);
    let flood =
        [hello(), frame(HEADERS, END, 1, &get("/a")), more.repeat(100), frame(CONTINUATION, HEAD, 1, &[])];
    let told = play(PORTS, &[up(flood.concat())]);
    assert_eq!(told.messages.len(), 1);
    assert!(told.messages[0].recorded.bytes.len() < 600_000);
    assert!(told.passed.bytes(Fate::OverLimit) > 1_000_000);
}

#[test]
fn what_is_no_http2_is_left_alone() {
    let scripts: [&[u8]; 4] = [
        b"\0\0\0\x04\0\0\0\0\0\0\0\x04\0\0\0\0\0\0\0\x04\0\0\0\0 some protocol with lengths",
        &[0; 4000],
        b"\0\0\x10\x01hello, this is a message of a protocol",
        b"\0\x1d\x12\x34\x01\x00\0\x01\0\0\0\0\0\0\x01a\x07example\x03com\0\0\x01\0\x01",
    ];
    for script in scripts {
        let told = play(PORTS, &[up(script)]);
        assert!(told.messages.iter().all(|message| message.protocol != "HTTP/2"), "{:?}", lines(&told));
    }
}

/// Frames of which some fit together.
fn word() -> impl Strategy<Value = Vec<u8>> {
    let (first, next) = (get("/a"), again("/b"));
    let words = vec![
        hello(),
        frame(SETTINGS, 0, 0, &[0, 5, 0, 0, 0x80, 0]),
        frame(SETTINGS, 1, 0, &[]),
        frame(HEADERS, HEAD | END, 1, &first),
        frame(HEADERS, HEAD, 3, &first),
        frame(HEADERS, 0, 3, &next),
        frame(HEADERS, HEAD | END, 3, &literal(&plain(b"t"), &plain(b"1"))),
        frame(HEADERS, HEAD, 1, &indexed(8)),
        frame(CONTINUATION, HEAD, 3, &indexed(62)),
        frame(CONTINUATION, 0, 3, &next),
        frame(DATA, 0, 1, b"some data"),
        frame(DATA, END, 3, b"last data"),
        frame(DATA, PADDED, 3, b"\x02ab\0\0"),
        frame(DATA, PADDED, 3, b"\x20ab\0\0"),
        frame(PUSH_PROMISE, HEAD, 1, &[&[0, 0, 0, 2], &first[..]].concat()),
        frame(RST_STREAM, 0, 3, &[0; 4]),
        frame(GOAWAY, 0, 0, b"\0\0\0\x01\0\0\0\0bye"),
        frame(WINDOW_UPDATE, 0, 0, &[0, 0, 1, 0]),
        frame(0x21, 9, 5, b"unknown"),
        frame(PING, 0, 0, &[7; 8]),
        vec![0; 9],
        b"\0\0".to_vec(),
    ];
    prop_oneof![
        20 => proptest::sample::select(words),
        2 => vec(any::<u8>(), 1..20),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => vec(word(), 1..6).prop_map(|words| up(words.concat())),
        6 => vec(word(), 1..6).prop_map(|words| down(words.concat())),
        1 => (any::<bool>(), 1..40u64)
            .prop_map(|(side, len)| Act::Gap(if side { Originator } else { Responder }, len)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_spread_tells_the_same_and_every_byte_is_accounted_for(acts in vec(act(), 1..8)) {
        let script = [vec![up(hello())], acts].concat();
        play_all(PORTS, &script);
    }
}

#[test]
fn a_session_that_is_fed_nothing_but_frames_of_nothing_ends() {
    let mut session = Session::over(Transport::Tcp, PORTS, &KeyRing::default());
    let mut stream = StreamBuffer::default();
    stream.append(&[hello(), frame(DATA, END, 1, b"").repeat(100_000)].concat(), [], evidence::Timestamp(0));
    session.data(Sender::Originator, &mut stream);
    session.end(Sender::Originator, &mut stream);
    let lines: Vec<_> = session.output().messages.iter().map(line).collect();
    assert!(lines.is_empty(), "{lines:?}");
}
