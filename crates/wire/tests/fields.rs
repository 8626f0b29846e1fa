//! Header compression against the examples of the standards and another implementation.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails where it panics"
)]

use std::ops::Range;

use evidence::{CaptureId, Fidelity, FrameNo, Segment, Source, Step, Timestamp};
use loona_hpack as peer;
use proptest::prelude::*;
use wire::{
    Recorded, StreamBuffer,
    fields::{Section, Text, Written, hpack, huffman, qpack},
    protocol::Output,
};

/// Bytes recorded at the beginning of that frame.
fn recorded(bytes: &[u8], frame: u64) -> Recorded {
    Recorded {
        bytes: bytes.to_vec(),
        segments: vec![segment(0, bytes.len(), frame, 0)],
        ..Recorded::default()
    }
}

fn segment(out: u64, len: usize, frame: u64, start: u64) -> Segment {
    Segment::exact(out, len as u64, Source::Frame { capture: CaptureId(0), frame: FrameNo(frame) }, start)
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

/// The lines of a section, as text.
fn lines(section: &Section) -> Vec<String> {
    let text = |text: &Text| String::from_utf8_lossy(text.bytes()).into_owned();
    section.fields.iter().map(|field| format!("{}: {}", text(&field.name), text(&field.value))).collect()
}

/// Reads blocks one after another, and holds that nothing was odd.
fn read_all(decoder: &mut hpack::Decoder, blocks: &[(&str, &str)]) {
    for (block, expected) in blocks {
        let mut out = Output::default();
        let section = decoder.read(&recorded(&hex(block), 1), &mut out);
        assert_eq!(lines(&section), expected.split('\n').collect::<Vec<_>>(), "{block}");
        assert_eq!((out.anomalies.len(), section.unread, section.over), (0, 0, 0), "{block}");
    }
}

const REQUESTS: [&str; 3] = [
    ":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com",
    ":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com\ncache-control: no-cache",
    ":method: GET\n:scheme: https\n:path: /index.html\n:authority: www.example.com\ncustom-key: custom-value",
];

const RESPONSES: [&str; 3] = [
    ":status: 302\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT\nlocation: https://www.example.com",
    ":status: 307\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT\nlocation: https://www.example.com",
    ":status: 200\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:22 GMT\nlocation: https://www.example.com\n\
     content-encoding: gzip\nset-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
];

#[test]
fn hpack_reads_the_examples_of_its_standard() {
    // RFC 7541 appendix C.2.
    let single = [
        ("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572", "custom-key: custom-header"),
        ("040c 2f73 616d 706c 652f 7061 7468", ":path: /sample/path"),
        ("1008 7061 7373 776f 7264 0673 6563 7265 74", "password: secret"),
        ("82", ":method: GET"),
    ];
    read_all(&mut hpack::Decoder::new(), &single);
    // C.3, C.4.
    let plain = [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ];
    let coded = [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ];
    for blocks in [plain, coded] {
        let rows: Vec<_> = blocks.into_iter().zip(REQUESTS).collect();
        read_all(&mut hpack::Decoder::new(), &rows);
    }
}

#[test]
fn hpack_evicts_as_in_the_examples_of_its_standard() {
    // RFC 7541 appendix C.5, C.6: a table of 256 bytes.
    let plain = [
        "3fe101 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 \
         3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "4803 3330 37c1 c0bf",
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 \
         666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 \
         3630 303b 2076 6572 7369 6f6e 3d31",
    ];
    let coded = [
        "3fe101 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad \
         1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 \
         b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
    ];
    for blocks in [plain, coded] {
        let rows: Vec<_> = blocks.into_iter().zip(RESPONSES).collect();
        let mut decoder = hpack::Decoder::new();
        read_all(&mut decoder, &rows);
        // Three fields are left: the fourth is gone.
        let mut out = Output::default();
        assert_eq!(lines(&decoder.read(&recorded(&[0xc1], 1), &mut out)), ["?: ?"]);
        assert_eq!(out.anomalies[0].what, "peer refers to a header field that is in no table");
    }
}

#[test]
fn a_field_of_the_table_leads_to_the_literal_that_defined_it() {
    let mut decoder = hpack::Decoder::new();
    let mut out = Output::default();
    // x-id: 490154203237518, the name plain and the value coded; then both by their index.
    let coded = huffman::encode(b"490154203237518");
    let first = [b"\x40\x04x-id".as_slice(), &[0x80 | coded.len() as u8], &coded].concat();
    decoder.read(&recorded(&first, 3), &mut out);
    let section = decoder.read(&recorded(&[0xbe], 9), &mut out);
    let written = Written::new(&section, &recorded(&[0xbe], 9), &mut out);
    assert_eq!(written.recorded.bytes, b"x-id: 490154203237518\r\n\r\n");
    let [name, value] = written.recorded.segments.as_slice() else { panic!("two segments") };
    assert_eq!(*name, segment(0, 4, 3, 2));
    assert_eq!((value.out, value.len, value.start), (6, 15, 0));
    let derivation = &written.recorded.derived[0];
    assert_eq!((&derivation.step, derivation.fidelity), (&Step::Decode("huffman".into()), Fidelity::Within));
    assert_eq!(derivation.input.segments, [segment(0, coded.len(), 3, 7)]);
    assert_eq!(wire::replay("huffman", &coded, 15).unwrap(), b"490154203237518");
}

#[test]
fn who_joins_late_reads_what_can_be_read_and_gets_into_step() {
    let mut decoder = hpack::Decoder::joined();
    let mut out = Output::default();
    let section = decoder.read(&recorded(b"\x82\xbe\x7e\x01a\x40\x01b\x01c\xbe\xbf", 1), &mut out);
    let expected = [":method: GET", "?: ?", "?: a", "b: c", "b: c", "?: a"];
    assert_eq!(lines(&section), expected);
    assert_eq!(out.anomalies.len(), 1);
    assert_eq!(out.anomalies[0].what, "capture lacks the header field that a later one refers to");
    decoder.lose();
    assert_eq!(
        lines(&decoder.read(&recorded(b"\xbe\x40\x01d\x01e\xbe", 1), &mut out)),
        ["?: ?", "d: e", "d: e"]
    );
}

#[test]
fn a_broken_block_is_read_as_far_as_it_goes() {
    let rows: [(&[u8], &[&str], usize); 4] = [
        (b"\x82\x40\x01a\x05bc", &[":method: GET", "a: bc"], 0),
        (b"\x82\x40\x05a", &[":method: GET"], 3),
        (b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", &[":method: GET"], 13),
        (b"\x82\x80", &[":method: GET", "?: ?"], 0),
    ];
    for (block, expected, unread) in rows {
        let mut out = Output::default();
        let section = hpack::Decoder::new().read(&recorded(block, 1), &mut out);
        assert_eq!(
            (lines(&section), section.unread),
            (expected.iter().map(|line| (*line).to_owned()).collect(), unread)
        );
        assert_eq!(out.anomalies.len(), 1, "{block:x?}");
    }
}

#[test]
fn a_small_block_cannot_become_a_large_head() {
    let mut decoder = hpack::Decoder::new();
    let mut out = Output::default();
    let value = vec![b'v'; 4000];
    let define = [b"\x40\x01a\x7f\xa1\x1e".as_slice(), &value].concat();
    assert_eq!(decoder.read(&recorded(&define, 1), &mut out).fields.len(), 1);
    let bomb = recorded(&[0xbe; 16_000], 2);
    let mut given = 0;
    for _ in 0..100 {
        let section = decoder.read(&bomb, &mut out);
        assert_eq!(section.fields.len() as u64 + section.over, 16_000);
        given += lines(&section).iter().map(String::len).sum::<usize>();
    }
    assert!(given < 100 * 256 * 1024);
    let tiny = recorded(&[0xbe; 8], 2);
    for _ in 0..100_000 {
        given += lines(&decoder.read(&tiny, &mut out)).iter().map(String::len).sum::<usize>();
    }
    assert!(given < 100 * 256 * 1024 + 100_000 * 8 * 512 + 1_600_000 * 512, "{given}");
}

#[test]
fn qpack_reads_the_examples_of_its_standard() {
    // RFC 9204 appendix B.
    let mut decoder = qpack::Decoder::new();
    decoder.allow(220);
    let mut out = Output::default();
    let mut stream = StreamBuffer::default();
    let section = |bytes: &str| recorded(&hex(bytes), 1);
    let read = |decoder: &mut qpack::Decoder, bytes: &str, out: &mut Output| {
        decoder.read(&section(bytes), out).map(|section| lines(&section))
    };
    let path = read(&mut decoder, "0000 510b 2f69 6e64 6578 2e68 746d 6c", &mut out);
    assert_eq!(path.unwrap(), [":path: /index.html"]);

    let blocked = read(&mut decoder, "0381 1011", &mut out);
    // The capacity is allowed, so that the number is known before anything was inserted.
    assert_eq!(blocked, Err(qpack::Blocked { required: 2, inserted: 0 }));
    let insertions =
        hex("3fbd01 c00f 7777 772e 6578 616d 706c 652e 636f 6d c10c 2f73 616d 706c 652f 7061 7468");
    for byte in &insertions {
        stream.append(&[*byte], [], Timestamp(0));
        decoder.instructions(&mut stream, &mut out);
    }
    assert!(stream.is_empty());
    assert_eq!(
        read(&mut decoder, "0381 1011", &mut out).unwrap(),
        [":authority: www.example.com", ":path: /sample/path"]
    );

    let more = hex("4a63 7573 746f 6d2d 6b65 790c 6375 7374 6f6d 2d76 616c 7565 02");
    stream.append(&more, [], Timestamp(0));
    assert_eq!(decoder.instructions(&mut stream, &mut out), more.len() as u64);
    assert_eq!(
        read(&mut decoder, "0500 80c1 81", &mut out).unwrap(),
        [":authority: www.example.com", ":path: /", "custom-key: custom-value"]
    );

    stream.append(&hex("810d 6375 7374 6f6d 2d76 616c 7565 32"), [], Timestamp(0));
    decoder.instructions(&mut stream, &mut out);
    assert_eq!(decoder.inserted(), 5);
    assert_eq!(read(&mut decoder, "0600 80", &mut out).unwrap(), ["custom-key: custom-value2"]);
    assert_eq!(out.anomalies, []);
}

#[test]
fn qpack_says_what_it_cannot_know() {
    let mut decoder = qpack::Decoder::new();
    decoder.allow(4096);
    let mut out = Output::default();
    let mut stream = StreamBuffer::default();
    stream.append(b"\x3f\xe1\x1f\x41a\x01b", [], Timestamp(0));
    decoder.instructions(&mut stream, &mut out);
    // Needs two, of which one has come; literals are read all the same.
    let section = recorded(b"\x03\x00\x80\x81\x21x\x01y", 1);
    assert!(decoder.read(&section, &mut out).is_err());
    assert_eq!(lines(&decoder.read_now(&section, &mut out)), ["?: ?", "a: b", "x: y"]);
    decoder.lose();
    assert_eq!(lines(&decoder.read(&section, &mut out).unwrap()), ["?: ?", "?: ?", "x: y"]);
    let said: Vec<_> = out.anomalies.iter().map(|anomaly| anomaly.what.as_ref()).collect();
    assert_eq!(
        said,
        [
            "peer refers to a header field that is in no table",
            "capture lacks the header field that a later one refers to"
        ]
    );
}

#[test]
fn an_instruction_longer_than_any_table_is_passed_over_however_it_comes() {
    for bite in [1usize, 1000, 10_000_000] {
        let mut decoder = qpack::Decoder::new();
        let mut out = Output::default();
        let mut stream = StreamBuffer::default();
        // A value of 2,000,000 bytes for `:authority`, then a literal.
        let long = [b"\xc0\x7f\x81\x88\x7a".as_slice(), &vec![b'x'; 2_000_000], b"\x41a\x01b"].concat();
        let mut taken = 0;
        for bytes in long.chunks(bite) {
            stream.append(bytes, [], Timestamp(0));
            taken += decoder.instructions(&mut stream, &mut out);
            assert!(stream.len() <= 1000);
        }
        assert_eq!((taken, decoder.inserted(), out.anomalies.len()), (long.len() as u64, 1, 1), "{bite}");
    }
}

fn fields() -> impl Strategy<Value = Vec<(Vec<u8>, Vec<u8>)>> {
    let name =
        prop_oneof!["(:path|cookie|user-agent|x-[a-z]{1,4})".prop_map(String::into_bytes), any::<Vec<u8>>()];
    let value = prop_oneof!["[ -~]{0,60}".prop_map(String::into_bytes), any::<Vec<u8>>()];
    proptest::collection::vec((name, value), 0..8)
}

proptest! {
    #[test]
    fn what_another_implementation_wrote_reads_the_same(blocks in proptest::collection::vec(fields(), 1..12)) {
        let mut encoder = peer::Encoder::new();
        let mut decoder = hpack::Decoder::new();
        for fields in blocks {
            let block = encoder.encode(fields.iter().map(|(name, value)| (name.as_slice(), value.as_slice())));
            let mut out = Output::default();
            let section = decoder.read(&recorded(&block, 1), &mut out);
            let read = section.fields.iter().map(|field| (field.name.bytes().to_vec(), field.value.bytes().to_vec()));
            prop_assert_eq!(read.collect::<Vec<_>>(), fields);
            prop_assert_eq!(out.anomalies.len(), 0);
        }
    }

    #[test]
    fn any_bytes_that_another_implementation_reads_are_read_the_same(blocks in proptest::collection::vec(any::<Vec<u8>>(), 1..6)) {
        let mut theirs = peer::Decoder::new();
        let mut ours = hpack::Decoder::new();
        for block in blocks {
            let mut out = Output::default();
            let section = ours.read(&recorded(&block, 1), &mut out);
            let Ok(expected) = theirs.decode(&block) else { break };
            let read = section.fields.iter().map(|field| (field.name.bytes().to_vec(), field.value.bytes().to_vec()));
            prop_assert_eq!(read.collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn the_parts_of_a_head_stand_where_they_say(block in any::<Vec<u8>>()) {
        let mut out = Output::default();
        let block = recorded(&block, 1);
        let section = hpack::Decoder::new().read(&block, &mut out);
        let written = Written::new(&section, &block, &mut out);
        prop_assert_eq!(written.parts.len(), section.fields.len());
        let at = |range: &Range<usize>| &written.recorded.bytes[range.clone()];
        for (part, field) in written.parts.iter().zip(&section.fields) {
            prop_assert_eq!(at(&part.value), field.value.bytes());
        }
    }
}
