//! WebSocket: frames to messages, masks and compression undone, with what each was made from.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop where it is wrong"
)]

mod session_stage;

use evidence::{Fate, Step};
use flate2::{Compress, Compression, FlushCompress};
use session_stage::{Act, Originator, Responder, Told, body, down, play, play_all, up};

const ASK: &str = "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";
const AGREE: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\
                     Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

fn chat(script: &[Act]) -> Told {
    let mut all = vec![up(ASK), down(AGREE)];
    all.extend_from_slice(script);
    play_all([40000, 80], &all)
}

/// The lines behind the two of HTTP.
fn lines(told: &Told) -> Vec<String> {
    told.lines().split_off(2)
}

fn frame(first: u8, key: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    let bit = if key.is_some() { 0x80 } else { 0 };
    match payload.len() {
        len @ 0..126 => frame.push(bit | u8::try_from(len).unwrap()),
        len @ 126..65_536 => {
            frame.push(bit | 126);
            frame.extend(u16::try_from(len).unwrap().to_be_bytes());
        }
        len => {
            frame.push(bit | 127);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend(key.into_iter().flatten());
    let key = key.unwrap_or_default();
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

const KEY: Option<[u8; 4]> = Some([0x37, 0xfa, 0x21, 0x3d]);

/// A side that compresses, and goes on from message to message.
struct Packer(Compress);

impl Packer {
    fn new() -> Self {
        Self(Compress::new(Compression::default(), false))
    }

    fn pack(&mut self, text: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(text.len() + 1000);
        self.0.compress_vec(text, &mut bytes, FlushCompress::Sync).unwrap();
        assert_eq!(bytes.split_off(bytes.len() - 4), b"\0\0\xff\xff");
        bytes
    }
}

#[test]
fn texts_are_put_together_and_unmasked() {
    let told = chat(&[
        up(frame(0x81, KEY, b"imei=352099001761481")),
        down(frame(0x01, None, b"Hel")),
        down(frame(0x89, None, b"beat")),
        down(frame(0x80, None, b"lo")),
        up(frame(0x8a, KEY, b"")),
        up(frame(0x82, KEY, b"")),
        up(frame(0x88, KEY, b"\x03\xe8bye")),
        down(frame(0x88, None, b"\x03\xe8")),
    ]);
    assert_eq!(
        lines(&told),
        [
            ">1 WebSocket raw \"imei=352099001761481\"",
            "<3 WebSocket raw \"beat\"",
            "<2 WebSocket raw \"Hello\"",
            ">5 WebSocket raw \"bye\"",
        ]
    );
    assert!(told.odd().is_empty());
    let derivation = &told.messages[2].recorded.derived[0];
    assert_eq!(derivation.step, Step::Decode("websocket-mask".into()));
    assert_eq!(derivation.input.segments.len(), 1);
}

#[test]
fn compressed_messages_go_on_from_each_other_in_both_directions() {
    let (mut client, mut server) = (Packer::new(), Packer::new());
    let texts: Vec<String> = (0..200)
        .map(|n| format!("{{\"imei\":\"352099001761481\",\"n\":{},\"event\":\"tick\"}}", n * 7919))
        .collect();
    let mut script = Vec::new();
    for text in &texts {
        let packed = client.pack(text.as_bytes());
        let (first, second) = packed.split_at(packed.len() / 2);
        script.push(up([frame(0x41, KEY, first), frame(0x80, KEY, second)].concat()));
        script.push(down(frame(0xc1, None, &server.pack(text.as_bytes()))));
    }
    let told = chat(&script);
    let bodies: Vec<_> =
        told.messages[2..].iter().map(|message| String::from_utf8(body(message)).unwrap()).collect();
    let sent: Vec<_> = texts.iter().flat_map(|text| [text.clone(), text.clone()]).collect();
    assert_eq!(bodies, sent);
    let last = told.messages.last().unwrap();
    assert!(last.stands_for.unwrap() < last.recorded.bytes.len() as u64);
    // Where it came from are its own frames, with the earlier ones for help.
    let own = last.recorded.place(0).unwrap().2;
    assert!(own > told.messages[told.messages.len() - 3].recorded.place(0).unwrap().2);
}

#[test]
fn a_proof_holds_so_many_messages_and_no_more() {
    let mut client = Packer::new();
    let script: Vec<_> = (0..3000_u32)
        .map(|n| up(frame(0xc1, KEY, &client.pack(format!("message {n} of a long talk").as_bytes()))))
        .collect();
    let mut all = vec![up(ASK), down(AGREE)];
    all.extend(script);
    let told = play([40000, 80], &all);
    assert_eq!(body(told.messages.last().unwrap()), b"message 2999 of a long talk");
    let step = |at: usize| told.messages[at].recorded.derived[0].step.clone();
    assert_eq!(step(2), Step::Decode("permessage-deflate".into()));
    assert_eq!(step(3001), Step::Decode("permessage-deflate-continued".into()));
    let most = told.messages.iter().flat_map(|message| &message.recorded.derived);
    assert!(most.map(|made| made.input.segments.len()).max().unwrap() < 200);
}

#[test]
fn a_bomb_is_cut_and_told_of() {
    let mut text: Vec<u8> = (0..9 << 20).map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 30) as u8).collect();
    text.truncate(9 << 20);
    let bomb = Packer::new().pack(&text);
    let mut all = vec![up(ASK), down(AGREE), up(frame(0xc1, KEY, &bomb))];
    all.push(up(frame(0xc1, KEY, &Packer::new().pack(b"after"))));
    let told = play([40000, 80], &all);
    assert_eq!(told.messages[2].recorded.bytes.len(), 8 << 20);
    assert_eq!(told.messages[2].ending, wire::Ending::Cut);
    assert_eq!(body(&told.messages[3]), b"after");
    let rows = told.passed.rows();
    assert!(rows.iter().any(|row| row.fate == Fate::OverLimit && row.pieces == 1));
}

/// A message that is in the clear behind what a decoder takes for all there is.
#[test]
fn what_cannot_be_inflated_is_given_out_as_it_is() {
    let clear = b" imei=352099001761481";
    let rows: [(&str, &[u8]); 4] = [
        ("behind a last block", b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),
        ("behind damage", b"\x00\x05\x00\xfa\xffhello\x07\xff\xff\xff"),
        ("within an unfinished block", b"\x04\xe0\xff"),
        ("behind more ends than are followed", &[3, 0].repeat(100)),
    ];
    for (place, begin) in rows {
        let told = chat(&[
            up(frame(0xc1, KEY, &[begin, clear].concat())),
            up(frame(0xc1, KEY, &Packer::new().pack(b"after"))),
        ]);
        let holds = |message: &wire::Message| body(message).windows(clear.len()).any(|found| found == clear);
        assert!(told.messages.iter().any(holds), "{place}: {:#?}", told.lines());
        assert_eq!(body(told.messages.last().unwrap()), b"after", "{place}");
    }
    let told = chat(&[
        up(frame(0x41, KEY, b"\xf3\x48\xcd\xc9\xc9\x07\x00")),
        up(frame(0x80, KEY, b"imei=352099001761481")),
    ]);
    assert_eq!(lines(&told), [">1 WebSocket raw \"Hello\"~", ">1 WebSocket raw \"imei=352099001761481\"@5"]);
    let odd = &told.anomalies[0];
    assert_eq!(odd.detail, "needed blocks as of RFC 1951, found others behind 5 inflated bytes");
}

/// RFC 7692 section 7.2.3.5.
#[test]
fn behind_a_last_block_the_next_begins_afresh() {
    let hello = b"\xf3\x48\xcd\xc9\xc9\x07\x00";
    let (mut first, mut second) = (Packer::new(), Packer::new());
    let told = chat(&[
        up(frame(0xc1, KEY, &first.pack(b"imei="))),
        up(frame(0xc1, KEY, &[hello, &second.pack(b", 352099001761481")[..]].concat())),
        up(frame(0xc1, KEY, &[&hello[..], b"\0"].concat())),
        up(frame(0xc1, KEY, hello)),
        up(frame(0xc1, KEY, &Packer::new().pack(b"after"))),
    ]);
    assert_eq!(
        lines(&told),
        [
            ">1 WebSocket raw \"imei=\"",
            ">2 WebSocket raw \"Hello, 352099001761481\"",
            ">3 WebSocket raw \"Hello\"",
            ">4 WebSocket raw \"Hello\"",
            ">5 WebSocket raw \"after\"",
        ]
    );
    assert!(told.odd().is_empty());
}

/// Bytes of the ledger that were not followed.
fn over(told: &Told) -> u64 {
    told.passed.bytes(Fate::OverLimit)
}

#[test]
fn a_message_and_a_connection_inflate_so_far_and_no_further() {
    let play = |messages: &[Vec<u8>]| {
        let mut all = vec![up(ASK), down(AGREE)];
        all.extend(messages.iter().map(|message| up(frame(0xc1, KEY, message))));
        let told = play([40000, 80], &all);
        let made: usize = told.messages[2..].iter().map(|message| body(message).len()).sum();
        (made, told)
    };
    // Text that stands behind the limit is not among what was searched.
    let mut secret = vec![0; 9 << 20];
    secret.extend(b"imei=352099001761481");
    let packed = Packer::new().pack(&secret);
    let (made, told) = play(std::slice::from_ref(&packed));
    assert!((1 << 20..packed.len() * 300 + 1).contains(&made), "{made}");
    assert!(over(&told) > packed.len() as u64 / 5, "{} of {}", over(&told), packed.len());
    // Each message is small enough; all of them are not.
    let one = vec![b'a'; 1 << 20];
    let (made, told) = play(&vec![Packer::new().pack(&one); 18]);
    assert_eq!(made, 16 << 20);
    assert!(over(&told) > 0);
    assert!(told.messages.len() < 2 + 18);
    // An exact fit is no excess.
    let (made, told) = play(&[Packer::new().pack(&one)]);
    assert_eq!((made, over(&told)), (1 << 20, 0));
}

#[test]
fn gaps_within_a_frame_are_survived() {
    let frame_of = |payload: &[u8]| frame(0x81, KEY, payload);
    let whole = frame_of(b"0123456789");
    let told = chat(&[
        up(&whole[..9]),
        Act::Gap(Originator, 2),
        up(&whole[11..]),
        up(frame_of(b"next")),
        up(&frame_of(b"last")[..3]),
        Act::Gap(Originator, 2),
        up("anything"),
        down(frame(0x81, None, b"fine")),
        Act::Gap(Responder, 2),
    ]);
    assert_eq!(
        lines(&told),
        [
            ">1 WebSocket raw \"012\"~",
            ">1 WebSocket raw \"56789\"@5",
            ">2 WebSocket raw \"next\"",
            ">3 WebSocket raw \"\\x81\\x847\"~",
            "<4 WebSocket raw \"fine\"",
            ">3 WebSocket raw \"anything\"@5",
        ]
    );
}

#[test]
fn what_goes_on_from_lost_messages_is_given_as_it_is() {
    let mut server = Packer::new();
    let lost = frame(0xc1, None, &server.pack(b"the first of two messages that are alike"));
    let packed = server.pack(b"the first of two messages that are alike");
    let mut other = Packer::new();
    let told = chat(&[
        down(&lost[..5]),
        Act::Gap(Responder, lost.len() as u64 - 5),
        down(frame(0xc1, None, &packed)),
        down(frame(0xc1, None, &other.pack(b"afresh"))),
        down(frame(0xc1, None, &other.pack(b"afresh"))),
    ]);
    let bodies: Vec<_> = told.messages[2..].iter().map(body).collect();
    // As far as it does not go on from the lost one; then as it is.
    assert_eq!(bodies, [&b"t"[..], &packed, b"afresh", b"afresh"]);
    assert_eq!(told.odd().len(), 1);
}

#[test]
fn long_messages_come_in_pieces() {
    let long: Vec<u8> = (0..1_100_000_u32).map(|n| b'a' + u8::try_from(n % 26).unwrap()).collect();
    let all = [up(ASK), down(AGREE), up(frame(0x82, KEY, &long))];
    let told = play([40000, 80], &all);
    let pieces: Vec<_> = told.messages[2..].iter().map(|piece| (piece.position, piece.body.len())).collect();
    assert_eq!(pieces, [(0, 1 << 20), (1 << 20, 1_100_000 - (1 << 20))]);
    let bodies: Vec<u8> = told.messages[2..].iter().flat_map(body).collect();
    assert!(bodies == long);
}

#[test]
fn only_one_side_was_captured() {
    let told = play_all([40000, 80], &[up(ASK), up(frame(0x81, KEY, b"unheard"))]);
    assert_eq!(told.lines()[1..], [">1 WebSocket raw \"unheard\""]);
    let told = play_all([40000, 80], &[down(AGREE), down(frame(0x81, None, b"unasked"))]);
    assert_eq!(told.lines()[1..], ["<1 WebSocket raw \"unasked\""]);
}

#[test]
fn nonsense_is_told_of_and_given_out() {
    let told = chat(&[up(frame(0x81, KEY, b"a")), up(b"\x83\x01x"), up(frame(0x80, KEY, b"b"))]);
    assert_eq!(told.odd(), ["peer sent a WebSocket frame of an unknown kind"]);
    assert_eq!(told.anomalies[0].detail, "needed an opcode of 0 to 2 or 8 to 10, found 0x83");
    assert_eq!(told.messages.last().unwrap().protocol, "WebSocket");
    let told = chat(&[up(frame(0x01, KEY, b"a")), up(frame(0x81, KEY, b"b")), up(frame(0x80, KEY, b"c"))]);
    assert_eq!(lines(&told), [">1 WebSocket raw \"a\"~", ">2 WebSocket raw \"b\"", ">3 WebSocket raw \"c\""]);
    assert_eq!(told.odd().len(), 2);
}
