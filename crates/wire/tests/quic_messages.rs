//! QUIC datagrams to messages: hellos out of Initial packets however they are split and shuffled, and that
//! what is encrypted is counted and in no message.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop where it is wrong")]

mod quic_bytes;
mod session_stage;
mod tls_bytes;

use evidence::Fate;
use proptest::{collection::vec, prelude::*};
use quic_bytes::{From, Initial, crypto};
use session_stage::{Act, Originator, Responder, Told, parts, play};
use tls_bytes::{hello_to, server_hello_13};
use wire::{
    Head, TlsHead,
    quic::{
        InitialKeys, LongHeader, Version,
        frame::{Frame, Placed, frames},
    },
};

const PORTS: [u16; 2] = [50000, 443];
const ID: &[u8] = b"\x83\x94\xc8\xf0\x3e\x51\x57\x08";

fn up(bytes: Vec<u8>) -> Act {
    Act::Datagram(Originator, bytes)
}

fn down(bytes: Vec<u8>) -> Act {
    Act::Datagram(Responder, bytes)
}

fn heads(told: &Told) -> Vec<&TlsHead> {
    let heads = told.messages.iter().filter_map(|message| match &message.head {
        Head::Tls(head) => Some(&**head),
        _ => None,
    });
    heads.collect()
}

fn passed(told: &Told) -> Vec<(String, u64)> {
    told.passed.rows().into_iter().map(|row| (row.reason, row.bytes)).collect()
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let value = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(value).collect()
}

/// The server's Initial packets of RFC 9001 and RFC 9369, appendix A.3.
#[test]
fn the_standards_packets_open() {
    let rows = [
        (
            1,
            "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb3\
             8cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84\
             022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee",
        ),
        (
            0x6b33_43cf,
            "dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698baeea26b91eb761d9b89237bbf872630\
             17915358230035f7fd3945d88965cf17f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e42757507698075b2\
             c984c707f0a0812d8cd5a6881eaf21ceda98f4bd23f6fe1a3e2c43edd9ce7ca84bed8521e2e140",
        ),
    ];
    let hello = hex(
        "020000560303eefce7f7b37ba1d1632e96677825ddf73988cfc79825df566dc5430b9a045a1200130100002e00330024001d0020\
         9d3c940d89690b84d08a60993c144eca684d1081287c834d5311bcf32bb9da1a002b00020304",
    );
    for (version, packet) in rows {
        let packet = hex(packet);
        let header = LongHeader::read(&packet).unwrap();
        assert_eq!((header.version, header.end), (version, packet.len()));
        let mut keys = InitialKeys::derive(Version::of(version).unwrap(), ID).unwrap();
        let opened = keys.server.open(&packet, header.number_at, None).unwrap();
        let found: Vec<_> = frames(&opened.frames).collect();
        assert!(
            matches!(&found[..], [_, Ok(Placed { frame: Frame::Crypto { offset: 0, data }, .. })] if *data == hello),
            "{version:x}"
        );
        assert_eq!(opened.number, 1);
        for at in 0..packet.len() {
            let mut changed = packet.clone();
            changed[at] ^= 1;
            assert_eq!(keys.server.open(&changed, header.number_at, None), None, "{at}");
        }
    }
}

#[test]
fn a_connection_is_one_exchange_with_the_name_of_its_server() {
    for version in [1, 0x6b33_43cf, 0xff00_001d, 0xff00_001b, 0xface_b002] {
        let client = Initial {
            version,
            ..Initial::new(ID, 0, [crypto(0, &hello_to("quic.example")), vec![0; 900]].concat())
        };
        let server = Initial {
            version,
            to: vec![],
            ..Initial::new(ID, 0, [b"\x02\0\0\0\0".to_vec(), crypto(0, &server_hello_13())].concat())
        };
        let answer = server.seal(From::Server);
        // A packet under handshake keys behind it, then short headers.
        let sealed = [
            &[0xe0 ^ if version == 0x6b33_43cf { 0x10 } else { 0 }][..],
            &version.to_be_bytes(),
            &[0, 0, 0x40, 50],
            &[7; 50],
        ]
        .concat();
        let told = play(
            PORTS,
            &[
                up(client.seal(From::Client)),
                down([answer, sealed.clone()].concat()),
                up(vec![0x45; 700]),
                down([&[0x41][..], &[8; 1100]].concat()),
            ],
        );
        assert_eq!(
            told.lines(),
            [
                ">0 QUIC 0304 quic.example h2,http/1.1 q13d0203h2_c1929292aa6b_b9a491fefe05 \"\"",
                "<0 QUIC 0304 \"\"",
            ],
            "{version:x}"
        );
        assert_eq!((heads(&told)[1].suite, &told.messages[1].recorded.bytes), (0x1301, &server_hello_13()));
        assert_eq!(passed(&told)[2], ("QUIC, no key".to_owned(), (sealed.len() + 700 + 1101) as u64));
    }
}

/// Browsers split their hellos over frames and datagrams, in any order.
#[test]
fn a_shuffled_hello_is_put_together() {
    let hello = hello_to("shuffled.example");
    let cut = |from: usize, to: usize| crypto(from, &hello[from..to]);
    let end = hello.len();
    let scripts = [
        vec![vec![cut(70, end), cut(0, 20), b"\x01\x00\x00".to_vec(), cut(50, 70), cut(20, 50)]],
        vec![vec![cut(50, end)], vec![cut(0, 50)]],
        vec![vec![cut(0, 50)], vec![cut(50, end)]],
        vec![vec![cut(90, end), cut(30, 60)], vec![cut(60, 90)], vec![cut(0, 40)]],
    ];
    for script in scripts {
        let datagrams = script
            .iter()
            .zip(0..)
            .map(|(frames, number)| up(Initial::new(ID, number, frames.concat()).seal(From::Client)));
        let told = play(PORTS, &datagrams.collect::<Vec<_>>());
        assert_eq!((told.messages.len(), &told.messages[0].recorded.bytes), (1, &hello));
        let last = *heads(&told).last().unwrap();
        assert_eq!((&last.server_name[..], last.ja4.is_empty()), ("shuffled.example", false));
        assert_eq!(parts(&told.messages[0])[0].1, "shuffled.example");
        assert!(told.odd().is_empty() && told.messages.iter().all(|message| message.exchange == 0));
    }
    // All in one datagram, as packets behind one another.
    let packets = [cut(50, end), cut(0, 50)];
    let packets = packets
        .iter()
        .zip(0..)
        .flat_map(|(frames, number)| Initial::new(ID, number, frames.clone()).seal(From::Client));
    let told = play(PORTS, &[up(packets.collect())]);
    assert_eq!((heads(&told).len(), &heads(&told)[0].server_name[..]), (1, "shuffled.example"));
}

#[test]
fn what_comes_again_says_nothing_new() {
    let packet = Initial::new(ID, 0, crypto(0, &hello_to("again.example"))).seal(From::Client);
    let told = play(PORTS, &[up(packet.clone()), up(packet.clone())]);
    assert_eq!(told.messages.len(), 1);
    assert!(passed(&told).contains(&("QUIC packets that came twice".to_owned(), packet.len() as u64)));
}

#[test]
fn a_retry_and_another_version_are_followed() {
    let hello = crypto(0, &hello_to("retry.example"));
    let retry = b"\xf0\x00\x00\x00\x01\x00\x04abcdtoken".to_vec();
    let again = Initial::new(b"abcd", 1, hello.clone()).seal(From::Client);
    // The server goes over to version 2, with keys of the client's first id.
    let server = Initial {
        version: 0x6b33_43cf,
        to: vec![],
        ..Initial::new(b"abcd", 0, crypto(0, &server_hello_13()))
    };
    let told = play(
        PORTS,
        &[
            up(Initial::new(ID, 0, hello).seal(From::Client)),
            down(retry),
            up(again),
            down(server.seal(From::Server)),
        ],
    );
    let exchanges: Vec<_> = told.messages.iter().map(|message| message.exchange).collect();
    assert_eq!((exchanges, heads(&told).len()), (vec![0; 4], 3));
    assert_eq!((heads(&told)[1].server_name.as_str(), heads(&told)[2].suite), ("retry.example", 0x1301));
    assert!(told.passed.rows().iter().all(|row| row.fate == Fate::Decoded), "{:?}", passed(&told));
}

#[test]
fn another_connection_of_the_flow_is_another_exchange() {
    let hello = |id: &[u8], name| up(Initial::new(id, 0, crypto(0, &hello_to(name))).seal(From::Client));
    let answer = Initial { to: vec![], ..Initial::new(ID, 0, crypto(0, &server_hello_13())) };
    let told = play(
        PORTS,
        &[hello(ID, "one.example"), down(answer.seal(From::Server)), hello(b"another!", "two.example")],
    );
    let exchanges: Vec<_> = told.messages.iter().map(|message| message.exchange).collect();
    assert_eq!((exchanges, heads(&told)[2].server_name.as_str()), (vec![0, 0, 1], "two.example"));
}

#[test]
fn a_server_met_first_is_encrypted_and_named() {
    let answer =
        Initial { to: vec![], ..Initial::new(ID, 0, crypto(0, &server_hello_13())) }.seal(From::Server);
    let told = play(PORTS, &[down(answer.clone())]);
    assert_eq!(
        (told.messages.len(), passed(&told)),
        (0, vec![("QUIC Initial packets, no key".to_owned(), answer.len() as u64)])
    );
}

#[test]
fn googles_own_hello_is_in_the_clear() {
    let values: [(&[u8; 4], &[u8]); 3] =
        [(b"SNI\0", b"g.example"), (b"UAID", b"App Android 9; SM-T1"), (b"VER\0", b"Q043")];
    let mut hello = b"CHLO\x03\x00\x00\x00".to_vec();
    let mut end = 0;
    for (tag, value) in values {
        end += u32::try_from(value.len()).unwrap();
        hello.extend(tag.iter().copied().chain(end.to_le_bytes()));
    }
    hello.extend(values.iter().flat_map(|(_, value)| value.iter().copied()));
    let public = [&b"\x0d12345678Q043\x01"[..], &[5; 12], b"\xa0\x01\x04\x00\x00\x00", &hello].concat();
    let long = [&b"\xc3Q046\x5012345678\x00\x00\x00\x01"[..], &[5; 12], b"\xa0\x01\x04\x00", &hello].concat();
    for datagram in [public, long] {
        let told = play(PORTS, &[up(datagram), down(b"\x08sealed".to_vec())]);
        assert_eq!(told.messages.len(), 1);
        assert_eq!(heads(&told)[0].server_name, "g.example");
        let named: Vec<_> = parts(&told.messages[0]).into_iter().map(|(_, value)| value).collect();
        assert_eq!(named, ["g.example", "App Android 9; SM-T1"]);
        assert_eq!(passed(&told), [("QUIC of Google's own, no key".to_owned(), 7)]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_datagram_panics_or_gets_lost(
        first in any::<u8>(),
        version in prop::sample::select(vec![0u32, 1, 0x6b33_43cf, 0xff00_001d, 0x5130_3436, 0x0a0a_0a0a]),
        rest in vec(any::<u8>(), 0..200),
        frames in vec(any::<u8>(), 0..100),
    ) {
        let forged = [&[first | 0xc0][..], &version.to_be_bytes(), &rest].concat();
        // Frames of chance under true keys, so that their reader is reached.
        let sealed = Initial::new(ID, 0, [frames, vec![0; 20]].concat()).seal(From::Client);
        let script = [up(sealed), up(forged.clone()), down(forged), up(vec![first & 0x7f])];
        play(PORTS, &script);
    }

    #[test]
    fn any_cut_of_a_hello_gives_the_same_name(places in vec(0usize..110, 0..6), turn in any::<prop::sample::Index>()) {
        let hello = hello_to("pieces.example");
        let mut places: Vec<_> = places.into_iter().map(|place| place.min(hello.len())).chain([0, hello.len()]).collect();
        places.sort_unstable();
        let mut pieces: Vec<_> = places.windows(2).map(|pair| crypto(pair[0], &hello[pair[0]..pair[1]])).collect();
        let turn = turn.index(pieces.len());
        pieces.rotate_left(turn);
        let datagrams: Vec<_> = pieces.into_iter().zip(0..).map(|(frames, number)| up(Initial::new(ID, number, [frames, vec![0; 20]].concat()).seal(From::Client))).collect();
        let told = play(PORTS, &datagrams);
        let complete = heads(&told).into_iter().rfind(|head| !head.ja4.is_empty()).map(|head| head.server_name.clone());
        prop_assert_eq!(complete.as_deref(), Some("pieces.example"));
    }
}
