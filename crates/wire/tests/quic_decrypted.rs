//! Whole connections of QUIC with their secrets: every version, cipher suite and key phase is opened, in any
//! order, with packets lost, repeated or changed, and every byte of every message is made again from what was
//! captured.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop where it is wrong")]

mod quic_bytes;
mod replay;
mod session_stage;
mod tls_bytes;

use std::collections::HashMap;

use evidence::{CaptureId, Fate, Transport};
use proptest::{collection::vec, prelude::*};
use quic_bytes::{SOURCE, crypto, long, seal, short};
use session_stage::{Act, Originator, Responder, Told, body, line, parts, play_to};
use tls_bytes::{alpn, client_hello, extension, handshake, server_hello, server_name, vector};
use wire::{Ending, Head, KeyRing, Message, Sender, Session, quic::Version};

/// A connection: what its peers seal with, and where they have come to.
struct Peers {
    version: u32,
    suite: u16,
    updates: u32,
    /// Numbers of the next packets, by side and level.
    numbers: [[u32; 3]; 2],
    /// The id under which the server is reached.
    server: Vec<u8>,
    script: Vec<Act>,
}

const CLIENT: usize = 0;
const SERVER: usize = 1;

/// The ids of the client's first packet, of the client and of the server.
const ORIGINAL: &[u8] = b"original";
const SERVER_ID: &[u8] = b"server";

/// The secrets of client and server for handshake and data, and for 0-RTT.
const LABELS: [&str; 5] = [
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    "CLIENT_TRAFFIC_SECRET_0",
    "SERVER_TRAFFIC_SECRET_0",
    "CLIENT_EARLY_TRAFFIC_SECRET",
];

fn secret(suite: u16, label: usize) -> Vec<u8> {
    vec![u8::try_from(label).unwrap() + 1; if suite == 0x1302 { 48 } else { 32 }]
}

/// The key log of a connection with that suite.
fn log(suite: u16) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let line = |(number, label): (usize, &&str)| {
        format!("{label} {} {}\n", hex(&[7; 32]), hex(&secret(suite, number)))
    };
    LABELS.iter().enumerate().map(line).collect()
}

impl Peers {
    fn new(version: u32, suite: u16) -> Self {
        Self {
            version,
            suite,
            updates: 0,
            numbers: Default::default(),
            server: SERVER_ID.to_vec(),
            script: Vec::new(),
        }
    }

    /// The peers agree on a protocol.
    fn greet(&mut self, protocol: &str) {
        let versions = extension(43, b"\x02\x03\x04");
        let hello = client_hello(&[self.suite], &[server_name("quic.example"), alpn(&[protocol]), versions]);
        let hello = [crypto(60, &hello[60..]), vec![0; 500], crypto(0, &hello[..60])].concat();
        let packet = self.initial(CLIENT, &hello);
        self.send(CLIENT, packet);
        let answer = server_hello(self.suite, &[extension(43, b"\x03\x04")]);
        let answer = [b"\x02\0\0\0\0".to_vec(), crypto(0, &answer)].concat();
        let mut datagram = self.initial(SERVER, &answer);
        let chosen = handshake(8, &vector(2, &alpn(&[protocol])));
        let flight = [chosen, handshake(20, &[5; 32])].concat();
        datagram.extend(self.handshake(SERVER, &crypto(0, &flight)));
        self.send(SERVER, datagram);
        let packet = self.handshake(CLIENT, &crypto(0, &handshake(20, &[6; 32])));
        self.send(CLIENT, packet);
    }

    fn number(&mut self, side: usize, space: usize) -> u32 {
        self.numbers[side][space] += 1;
        self.numbers[side][space] - 1
    }

    fn version(&self) -> &'static Version {
        Version::of(self.version).unwrap()
    }

    fn initial(&mut self, side: usize, frames: &[u8]) -> Vec<u8> {
        let (from, to) = if side == CLIENT { (SOURCE, ORIGINAL) } else { (SERVER_ID, SOURCE) };
        let packet = quic_bytes::Initial {
            version: self.version,
            original: ORIGINAL.to_vec(),
            to: to.to_vec(),
            number: self.number(side, 0),
            frames: frames.to_vec(),
        };
        let sealer = if side == CLIENT { quic_bytes::From::Client } else { quic_bytes::From::Server };
        packet.seal_from(sealer, from)
    }

    fn handshake(&mut self, side: usize, frames: &[u8]) -> Vec<u8> {
        let (from, to) = if side == CLIENT { (SOURCE, SERVER_ID) } else { (SERVER_ID, SOURCE) };
        let header = long((self.version, 2), to, from, (None, frames.len()));
        let number = self.number(side, 1);
        seal((self.version(), self.suite), (&secret(self.suite, side), 0), header, number, frames)
    }

    fn early(&mut self, frames: &[u8]) {
        let header = long((self.version, 1), ORIGINAL, SOURCE, (None, frames.len()));
        let number = self.number(CLIENT, 2);
        let packet = seal((self.version(), self.suite), (&secret(self.suite, 4), 0), header, number, frames);
        self.send(CLIENT, packet);
    }

    /// A side says something.
    fn say(&mut self, side: usize, frames: &[u8]) {
        let to = if side == CLIENT { self.server.clone() } else { SOURCE.to_vec() };
        let number = self.number(side, 2);
        let secret = secret(self.suite, 2 + side);
        let header = short(&to, self.updates);
        let packet = seal((self.version(), self.suite), (&secret, self.updates), header, number, frames);
        self.send(side, packet);
    }

    fn send(&mut self, side: usize, datagram: Vec<u8>) {
        let sender = if side == CLIENT { Originator } else { Responder };
        self.script.push(Act::Datagram(sender, datagram));
    }

    /// A request and its answer, with fields of the dynamic table, in packets of so many bytes.
    fn ask(&mut self, piece: usize) {
        // Settings: a table of 220 bytes.
        self.stream(SERVER, 3, &[&b"\x00\x04\x03\x01\x40\xdc"[..]].concat(), piece, false);
        self.stream(CLIENT, 2, b"\x00\x04\x00", piece, false);
        let request = fields(b"\x02\x00\xd1\xd7\x50\x0ah3.example\x51\x03/a?\x80");
        let request = [frame(0x21, b"grease"), request].concat();
        self.stream(CLIENT, 0, &request, piece, true);
        // The capacity, and `x-id: 352099001761481`.
        let insertion = [&b"\x02\x3f\xbd\x01\x44x-id\x0f352099001761481"[..]].concat();
        self.stream(CLIENT, 6, &insertion, piece, false);
        let answer: Vec<u8> = b"0123456789".repeat(300);
        let answer = [
            fields(b"\x00\x00\xff\x00"),
            fields(b"\x00\x00\xd9"),
            frame(0, &answer[..1700]),
            frame(0, &answer[1700..]),
            fields(b"\x00\x00\x25x-fin\x01z"),
        ]
        .concat();
        self.stream(SERVER, 0, &answer, piece, true);
    }

    /// What a side says on a stream, in packets of so many bytes.
    fn stream(&mut self, side: usize, id: u8, bytes: &[u8], piece: usize, last: bool) {
        let mut at = 0;
        for part in bytes.chunks(piece) {
            let fin = last && at + part.len() == bytes.len();
            let frames = [&stream(id, at, part, fin)[..], b"\x01\0\0\0"].concat();
            self.say(side, &frames);
            at += part.len();
        }
    }

    fn play(&self, script: &[Act]) -> Told {
        let ring = KeyRing::default();
        ring.add_log(replay::LOG, 0, 1, log(self.suite).as_bytes());
        play_to(Session::over(Transport::Udp, PORTS, &ring), script)
    }
}

const PORTS: [u16; 2] = [50000, 443];

/// A STREAM frame.
fn stream(id: u8, offset: usize, data: &[u8], last: bool) -> Vec<u8> {
    let number = |number: usize| (u16::try_from(number).unwrap() | 0x4000).to_be_bytes();
    [&[0x0e | u8::from(last), id][..], &number(offset), &number(data.len()), data].concat()
}

/// A frame of HTTP/3.
fn frame(kind: u8, data: &[u8]) -> Vec<u8> {
    let len = u16::try_from(data.len()).unwrap() | 0x4000;
    [&[kind][..], &len.to_be_bytes(), data].concat()
}

fn fields(section: &[u8]) -> Vec<u8> {
    frame(1, section)
}

/// What messages say, in an order that does not depend on when they were told.
fn said(told: &Told) -> Vec<(Sender, String, String)> {
    let exchange = |message: &Message| line(message).split_once(' ').unwrap().1.to_owned();
    let mut said: Vec<_> =
        told.messages.iter().map(|one| (one.sender, exchange(one), text(&one.recorded.bytes))).collect();
    said.sort();
    said
}

fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// Makes every message again from the datagrams and the key log.
fn prove(told: &Told, script: &[Act], suite: u16) {
    let mut file = vec![0; 1000];
    for act in script {
        if let Act::Datagram(_, bytes) = act {
            file.extend(bytes);
        }
    }
    let log = log(suite);
    let files = HashMap::from([(CaptureId(0), &file[..]), (replay::LOG, log.as_bytes())]);
    let mut replay = replay::Replay { files, made: HashMap::new() };
    told.messages.iter().for_each(|message| replay.check(message));
}

#[test]
fn every_version_suite_and_key_phase_is_opened() {
    for version in [1, 0x6b33_43cf, 0xff00_001d] {
        for suite in [0x1301, 0x1302, 0x1303, 0x1304] {
            let mut peers = Peers::new(version, suite);
            peers.greet(if version == 1 || version == 0x6b33_43cf { "h3" } else { "h3-29" });
            peers.ask(700);
            for updates in [1, 2, 3, 6] {
                peers.updates = updates;
                let id = u8::try_from(updates).unwrap() * 4;
                peers.stream(CLIENT, id, &fields(b"\x00\x00\xd1\xd7\x50\x0ah3.example\xc1"), 700, true);
            }
            let told = peers.play(&peers.script);
            assert_eq!(
                told.lines()[4..8],
                [
                    ">1 HTTP/3 raw \"grease\"",
                    ">1 HTTP/3 GET /a? h3.example \"\"",
                    "<1 HTTP/3 100 \"\"",
                    "<1 HTTP/3 200 (3000 bytes)",
                ],
                "{version:x} {suite:x} {:#?}",
                told.lines()
            );
            assert_eq!(told.messages.len(), 12, "{:#?}", told.lines());
            assert!(told.odd().is_empty(), "{:?}", told.anomalies);
            assert!(parts(&told.messages[5]).contains(&("x-id".into(), "352099001761481".into())));
            assert!(parts(&told.messages[7]).contains(&("x-fin".into(), "z".into())));
            let seal = told.messages[7].seal.clone().unwrap();
            assert_eq!((seal.protocol, seal.version, seal.suite), ("QUIC", version, suite));
            prove(&told, &peers.script, suite);
        }
    }
}

#[test]
fn early_data_other_ids_and_resets_belong_to_their_connection() {
    let mut peers = Peers::new(1, 0x1303);
    peers.greet("h3");
    // Early data stand before the server's answer.
    let request = fields(b"\x00\x00\xd1\xd7\x50\x0ah3.example\xc1");
    peers.early(&stream(0, 0, &request, true));
    let early = peers.script.pop().unwrap();
    peers.script.insert(1, early);
    let token = b"0123456789abcdef";
    peers.say(SERVER, &[&b"\x18\x01\x00\x05other"[..], token].concat());
    peers.server = b"other".to_vec();
    peers.stream(CLIENT, 4, &request, 700, true);
    peers.send(SERVER, [&b"\x55random and long enough for a sample"[..], token].concat());
    peers.say(SERVER, b"\x31\x08datagram");
    let told = peers.play(&peers.script);
    assert_eq!(
        told.lines()[1..],
        [
            ">1 HTTP/3 GET / h3.example \"\"",
            "<0 QUIC 0304 \"\"",
            "<0 QUIC tls \"\"",
            ">0 QUIC tls \"\"",
            ">2 HTTP/3 GET / h3.example \"\"",
            "<0 QUIC raw \"datagram\"",
        ]
    );
    assert!(told.passed.rows().iter().any(|row| row.reason == "QUIC stateless resets"));
    prove(&told, &peers.script, 0x1303);
}

#[test]
fn the_protocol_says_what_streams_carry() {
    let query = b"\0\0\x01\0\0\x01\0\0\0\0\0\0\x03doq\x07example\0\0\x01\0\x01";
    let framed = [&[0, u8::try_from(query.len()).unwrap()][..], query].concat();
    let mqtt = b"\x10\x10\x00\x04MQTT\x04\x02\0\x3c\0\x04imei";
    let rows: [(&str, &[u8], &str); 4] = [
        ("doq", &framed, ">1 DNS false [(\"doq.example\", 1)] [] \"doq.example\\n\""),
        ("doq-i00", query, ">1 DNS false [(\"doq.example\", 1)] [] \"doq.example\\n\""),
        ("mqtt", mqtt, ">1 MQTT CONNECT "),
        ("own", b"352099001761481", ">1 TCP raw \"352099001761481\""),
    ];
    for (protocol, bytes, expected) in rows {
        for piece in [1, 3, 700] {
            let mut peers = Peers::new(1, 0x1301);
            peers.greet(protocol);
            peers.stream(CLIENT, 0, bytes, piece, true);
            let told = peers.play(&peers.script);
            assert!(told.lines()[4].starts_with(expected), "{protocol}: {:#?}", told.lines());
            assert!(told.messages[4].seal.is_some());
            prove(&told, &peers.script, 0x1301);
        }
    }
}

#[test]
fn what_stays_shut_says_why() {
    let mut peers = Peers::new(1, 0x1301);
    peers.greet("h3");
    peers.ask(700);
    let reasons = |log: &str, script: &[Act]| {
        let ring = KeyRing::default();
        ring.add_log(replay::LOG, 0, 1, log.as_bytes());
        let told = play_to(Session::over(Transport::Udp, PORTS, &ring), script);
        let shut = told.passed.rows().into_iter().filter(|row| row.fate == Fate::Encrypted);
        shut.map(|row| row.reason).collect::<Vec<_>>()
    };
    let right = log(0x1301);
    let others = right.replace("0707", "0808");
    let wrong = right.replace("03030303", "09090909").replace("04040404", "09090909");
    let rows: [(&str, &[Act], &[&str]); 5] = [
        (&right, &peers.script, &[]),
        ("", &peers.script, &["QUIC, no key"]),
        (&others, &peers.script, &["QUIC, no secret in the key logs"]),
        (&wrong, &peers.script, &["QUIC, the secret in the key logs does not fit"]),
        (
            &right,
            &peers.script[1..],
            &["QUIC Initial packets, no key", "QUIC, its client's hello was not seen"],
        ),
    ];
    for (log, script, expected) in rows {
        assert_eq!(reasons(log, script), expected);
    }
}

/// Moves each datagram by a few places. One with a long header comes first: by it the flow is known as QUIC.
fn shuffled(script: &[Act], moves: &[u8]) -> Vec<Act> {
    let mut places: Vec<(usize, &Act)> = script.iter().enumerate().collect();
    let moved = |at: usize| at + usize::from(moves.get(at).copied().unwrap_or(0));
    places.sort_by_key(|(at, _)| moved(*at));
    let long = |(_, act): &(usize, &Act)| matches!(act, Act::Datagram(_, bytes) if bytes[0] & 0x80 != 0);
    let first = places.iter().position(long).unwrap();
    places[..=first].rotate_right(1);
    places.into_iter().map(|(_, act)| act.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_datagrams_tells_the_same(
        moves in vec(0u8..12, 100),
        piece in prop::sample::select(vec![30usize, 200, 700]),
        again in vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let mut peers = Peers::new(1, 0x1303);
        peers.greet("h3");
        peers.ask(piece);
        let whole = peers.play(&peers.script);
        let mut script = shuffled(&peers.script, &moves);
        for index in again {
            let repeated = script[index.index(script.len())].clone();
            script.push(repeated);
        }
        let told = peers.play(&script);
        prop_assert_eq!(said(&told), said(&whole));
        prop_assert!(told.odd().is_empty(), "{:?}", told.anomalies);
        prove(&told, &script, 0x1303);
    }

    #[test]
    fn lost_and_changed_packets_cost_only_themselves(
        lost in vec(any::<prop::sample::Index>(), 0..6),
        changed in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 1u8..), 0..4),
        piece in prop::sample::select(vec![30usize, 200]),
    ) {
        let mut peers = Peers::new(1, 0x1301);
        peers.greet("h3");
        peers.ask(piece);
        let whole = said(&peers.play(&peers.script));
        let mut script = peers.script.clone();
        for index in lost {
            script.remove(index.index(script.len()));
        }
        for (act, byte, by) in changed {
            let place = act.index(script.len());
            if let Act::Datagram(_, bytes) = &mut script[place] {
                let at = byte.index(bytes.len());
                bytes[at] ^= by;
            }
        }
        let told = peers.play(&script);
        prove(&told, &script, 0x1301);
        let http = |one: &&Message| matches!(one.head, Head::Http(_)) && one.ending == Ending::Whole;
        for message in told.messages.iter().filter(http) {
            let body = text(&body(message));
            prop_assert!(whole.iter().any(|(_, _, recorded)| recorded.contains(&body)), "{}", line(message));
        }
    }

    /// Frames of chance under true keys.
    #[test]
    fn no_frames_panic_or_get_lost(frames in vec((0usize..2, vec(any::<u8>(), 4..60)), 1..12)) {
        let mut peers = Peers::new(1, 0x1301);
        peers.greet("h3");
        for (side, frames) in &frames {
            peers.say(*side, frames);
            let id = [0, 3, 6, 7, 15, 2][frames.len() % 6];
            peers.stream(*side, id, frames, 20, frames[0] & 1 == 1);
        }
        let told = peers.play(&peers.script);
        prove(&told, &peers.script, 0x1301);
    }
}
