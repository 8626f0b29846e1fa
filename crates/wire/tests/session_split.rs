//! The laws of sessions on streams nobody wrote by hand: any split gives the same messages, every byte is in
//! one of them, gaps never panic, and work grows with the bytes.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop where it is wrong"
)]

mod session_stage;

use proptest::{collection::vec, prelude::*, sample::Index};
use session_stage::{Act, Originator, Responder, down, play, play_cut, up};
use wire::{
    KeyRing, Sender, Session, StreamBuffer,
    flow::FlowSink,
    http::Http,
    protocol::{Context, Output, StreamProtocol},
};

/// Fragments of which HTTP, DNS, TLS and nonsense are made.
/// `run`: the longest run of one byte.
fn word(run: usize) -> impl Strategy<Value = Vec<u8>> {
    let words: &[&[u8]] = &[
        b"GET / HTTP/1.1\r\n",
        b"POST /a?b HTTP/1.1\r\n",
        b"CONNECT h:443 HTTP/1.1\r\n",
        b"HEAD ",
        b"HTTP/1.1 ",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 101 S\r\n",
        b"HTTP/1.1 100 C\r\n",
        b"HTTP/1.0 304 N\r\n",
        b"Host: h\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: 70000\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Upgrade: websocket\r\n",
        b"Expect: 100-continue\r\n",
        b" folded\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"\r\n\r\n",
        b"hello",
        b"5\r\nhello\r\n",
        b"0\r\n\r\n",
        b"0\r\nT: x\r\n\r\n",
        b"ffffffffffffffff\r\n",
        b"zz",
        b" ",
        b":",
        b"\x16\x03\x01\x00\x05\x01",
        b"STARTTLS\r\n\x16\x03\x01\x00\x05\x01",
        b"\x00\x0c",
        b"\x00\x1d\x12\x34\x01\x00",
        b"\x00\x01\0\0\0\0\0\0\x01a\x01b\0\0\x01\0\x01",
        b"PRI * HTTP/2.0",
        b"SSH-",
        b"\x10\x20\x00\x04MQTT",
        b"\x10\x0e\x00\x04MQTT\x04\x02\0\x3c\0\x02id",
        b"\x30\x04\0\x01tx",
        b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n",
        b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
        b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00",
        b"\x89\x02hi",
        b"Content-Type: text/event-stream\r\n",
        b"data: x\n\n",
        b"<stream:stream to='a'>",
        b"<iq id='a'><b/></iq>",
    ];
    prop_oneof![
        40 => proptest::sample::select(words).prop_map(<[u8]>::to_vec),
        4 => vec(any::<u8>(), 1..20),
        1 => (any::<u8>(), 1..run).prop_map(|(byte, len)| vec![byte; len]),
    ]
}

fn act(run: usize) -> impl Strategy<Value = Act> {
    prop_oneof![
        5 => vec(word(run), 1..8).prop_map(|words| up(words.concat())),
        5 => vec(word(run), 1..8).prop_map(|words| down(words.concat())),
        1 => (any::<bool>(), 1..200u64).prop_map(|(side, len)| {
            Act::Gap(if side { Originator } else { Responder }, len)
        }),
    ]
}

fn cuts(bytes: &[u8], places: &[Index]) -> Vec<usize> {
    let mut at: Vec<_> = places.iter().map(|place| place.index(bytes.len() + 1)).collect();
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    at.windows(2).map(|pair| pair[1] - pair[0]).filter(|len| *len > 0).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_tells_the_same(script in vec(act(80_000), 1..8), places in vec(any::<Index>(), 0..12), dns in any::<bool>()) {
        let ports = if dns { [40000, 53] } else { [40000, 80] };
        let whole = play(ports, &script);
        let split = play_cut(ports, &script, |bytes| cuts(bytes, &places));
        prop_assert_eq!(whole.lines(), split.lines());
        prop_assert_eq!(whole, split);
    }

    #[test]
    fn single_bytes_tell_the_same(script in vec(act(300), 1..8)) {
        let whole = play([40000, 80], &script);
        let split = play_cut([40000, 80], &script, |bytes| vec![1; bytes.len()]);
        prop_assert_eq!(whole, split);
    }

    #[test]
    fn no_datagram_panics_or_gets_lost(bytes in vec(any::<u8>(), 1..300), port in any::<Index>(), cookie in any::<bool>()) {
        let ports = [53, 67, 123, 137, 443, 547, 1900, 5353, 5355, 9999];
        let mut bytes = bytes;
        if cookie {
            bytes.resize(300, 0);
            bytes[236..240].copy_from_slice(&[0x63, 0x82, 0x53, 0x63]);
            bytes[0] = 1;
        }
        let port = ports[port.index(ports.len())];
        play([50000, port], &[Act::Datagram(Originator, bytes.clone()), Act::Datagram(Responder, bytes)]);
    }
}

/// Small pieces, so that every border of pieces is met.
#[test]
fn messages_over_the_limit_come_in_pieces_that_join_up() {
    let body: Vec<u8> = (0..1000u32).map(|at| b'a' + u8::try_from(at % 26).unwrap()).collect();
    let mut chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in body.chunks(37) {
        chunked.extend(format!("{:x}\r\n", chunk.len()).bytes().chain(chunk.iter().copied()).chain(*b"\r\n"));
    }
    chunked.extend(b"0\r\nTrailer: yes\r\n\r\n");
    let mut sized = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".to_vec();
    sized.extend(&body);
    let mut open = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    open.extend(&body);
    for stream in [chunked, sized, open] {
        for piece in [60, 61, 97, 500, 1100] {
            for step in [1, 13, 5000] {
                let messages = pieces(&stream, piece, step);
                let mut joined = Vec::new();
                for message in &messages {
                    assert_eq!(message.position, joined.len() as u64);
                    assert!(message.recorded.bytes.len() <= piece);
                    joined.extend(session_stage::body(message));
                }
                assert!(joined == body, "pieces of {piece}, steps of {step}");
                let (last, before) = messages.split_last().unwrap();
                assert_eq!(last.ending, wire::Ending::Whole);
                assert!(before.iter().all(|message| message.ending == wire::Ending::Continued));
            }
        }
    }
}

fn pieces(stream: &[u8], piece: usize, step: usize) -> Vec<wire::Message> {
    let mut room = Http::with_piece(&Context::default(), piece);
    let (mut buffer, mut out) = (StreamBuffer::default(), Output::default());
    for bytes in stream.chunks(step) {
        buffer.append(bytes, [], evidence::Timestamp(0));
        room.push(Sender::Responder, &mut buffer, &mut out);
    }
    room.finish(Sender::Responder, &mut buffer, &mut out);
    assert!(buffer.is_empty());
    out.messages
}

/// Would take hours where a push looked at all that waits. The bound is not a time: the test ends.
#[test]
fn single_bytes_of_large_heads_and_bodies_cost_no_more_than_their_number() {
    let mut stream = b"POST /a HTTP/1.1\r\nContent-Length: 3000000\r\nX: ".to_vec();
    stream.resize(1 << 20, b'x');
    stream.extend(b"\r\n\r\n");
    stream.resize(stream.len() + 3_000_000, b'y');
    stream.extend(b"POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    for _ in 0..100_000 {
        stream.extend(b"2;x\r\nab\r\n");
    }
    stream.extend(b"0\r\n\r\n");
    stream.resize(stream.len() + (1 << 20), b'?');
    let mut session = Session::over(evidence::Transport::Tcp, [40000, 80], &KeyRing::default());
    let mut buffer = StreamBuffer::default();
    let mut told = Vec::new();
    for byte in stream.chunks(1) {
        buffer.append(byte, [], evidence::Timestamp(0));
        session.data(Sender::Originator, &mut buffer);
        told.append(&mut session.output().messages);
    }
    session.end(Sender::Originator, &mut buffer);
    told.append(&mut session.output().messages);
    assert_eq!(told.iter().map(|message| message.recorded.bytes.len()).sum::<usize>(), stream.len());
    let bodies: usize =
        told.iter().filter(|message| message.exchange == 1).map(|message| message.body.len()).sum();
    assert!(bodies >= 200_000, "{bodies}");
}
