//! TLS streams to messages: what is told of handshakes, and that what is encrypted is counted and in none.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop where it is wrong")]

mod session_stage;
mod tls_bytes;

use evidence::Fate;
use proptest::{collection::vec, prelude::*, sample::Index};
use session_stage::{Act, Originator, Responder, Told, down, parts, play, play_all, play_cut, up};
use tls_bytes::*;
use wire::{Body, Ending, Head, Role, TlsHead};

const PORTS: [u16; 2] = [40000, 443];

fn heads(told: &Told) -> Vec<&TlsHead> {
    let heads = told.messages.iter().filter_map(|message| match &message.head {
        Head::Tls(head) => Some(&**head),
        _ => None,
    });
    heads.collect()
}

fn passed(told: &Told) -> Vec<(String, u64, u64)> {
    told.passed.rows().into_iter().map(|row| (row.reason, row.bytes, row.pieces)).collect()
}

fn reasons(told: &Told) -> Vec<String> {
    passed(told).into_iter().map(|(reason, ..)| reason).collect()
}

#[test]
fn a_connection_is_one_exchange_with_the_name_of_its_server() {
    let told = play_all(
        PORTS,
        &[
            up(record(22, &hello_to("push.example"))),
            down([record(22, &server_hello_13()), record(20, b"\x01"), record(23, &[0xee; 300])].concat()),
            up([record(20, b"\x01"), record(23, &[0xdd; 50]), record(23, &[0xcc; 500])].concat()),
            down(record(23, &[0xee; 900])),
        ],
    );
    assert_eq!(
        told.lines(),
        [
            ">0 TLS 0304 push.example h2,http/1.1 t13d0203h2_c1929292aa6b_b9a491fefe05 \"\"",
            "<0 TLS 0304 \"\"",
        ]
    );
    assert_eq!(heads(&told)[1].suite, 0x1301);
    let name = &told.messages[0].parts[0];
    assert_eq!(
        (name.role, parts(&told.messages[0])),
        (Role::HostName, vec![(String::new(), "push.example".into())])
    );
    assert_eq!(
        passed(&told),
        [
            ("TLS changes of ciphers".into(), 6, 1),
            ("TLS 1.3 handshake, encrypted".into(), 305, 1),
            ("TLS application data, no key".into(), 1465, 3),
        ]
    );
}

#[test]
fn up_to_tls_1_2_certificates_are_in_the_clear() {
    let flight =
        [server_hello(0xc02f, &[alpn(&["h2"])]), certificates(&[b"no certificate"]), handshake(14, b"")];
    let script = |server: Vec<u8>| {
        [
            up(record(22, &hello_to("old.example"))),
            down(server),
            up([record(22, &handshake(16, &[5; 66])), record(20, b"\x01"), record(22, &[0xab; 40])].concat()),
            down([record(20, b"\x01"), record(22, &[0xcd; 40]), record(23, &[1; 99])].concat()),
            up(record(21, &[0xab; 26])),
        ]
    };
    let each_its_own: Vec<u8> = flight.iter().flat_map(|message| record(22, message)).collect();
    for server in [
        record(22, &flight.concat()),
        each_its_own,
        records(&flight.concat(), 50),
        records(&flight.concat(), 1),
    ] {
        let told = play_all(PORTS, &script(server));
        let heads = heads(&told);
        assert_eq!(heads.len(), 3, "{:?}", told.lines());
        assert_eq!(
            (heads[1].version, heads[1].suite, &heads[1].alpn[..]),
            (0x0303, 0xc02f, &["h2".to_owned()][..])
        );
        assert_eq!(
            heads[1].certificates[0].sha256,
            "de826f9e5acba22f80b95e447f9a1a29db2441d3f8dee9d83dfbb0e52370dfc0"
        );
        assert!(told.messages.iter().all(|message| message.exchange == 0 && message.ending == Ending::Whole));
        assert_eq!(told.odd(), ["peer sent a certificate that cannot be read"]);
        assert_eq!(
            passed(&told),
            [
                ("TLS changes of ciphers".into(), 6, 1),
                ("TLS alerts, encrypted".into(), 31, 1),
                ("TLS application data, no key".into(), 104, 1),
                ("TLS handshake, encrypted".into(), 90, 2),
            ]
        );
    }
}

/// The name in a hello that lies in several records is searched in the joined body.
#[test]
fn a_hello_over_several_records_is_put_together() {
    let hello = hello_to("scattered.example");
    for size in [1, 2, 7, 60, hello.len() - 1] {
        let told = play_all(PORTS, &[up(records(&hello, size))]);
        assert_eq!(heads(&told)[0].server_name, "scattered.example", "{size}");
        let message = &told.messages[0];
        assert!(
            message.parts.is_empty()
                && matches!(&message.body, Body::Joined { bytes, .. } if *bytes == hello)
        );
    }
    let told = play_all(PORTS, &[up(records(&hello, hello.len()))]);
    assert_eq!((&told.messages[0].body, told.messages[0].parts.len()), (&Body::None, 1));
}

#[test]
fn a_hello_that_is_cut_or_lies_still_tells_its_name() {
    let whole = record(22, &hello_to("cut.example"));
    let cut = &whole[..whole.len() - 20];
    for script in [vec![up(cut)], vec![up(cut), Act::Gap(Originator, 20)]] {
        let told = play_all(PORTS, &script);
        let head = heads(&told)[0];
        assert_eq!((&head.server_name[..], &head.ja4[..], head.version), ("cut.example", "", 0));
        assert_eq!(told.messages[0].ending, Ending::Cut);
    }
    // An extension longer than the hello.
    let lie = client_hello(&[0x1301], &[server_name("lie.example"), b"\x00\x10\xff\xff\x00".to_vec()]);
    let told = play_all(PORTS, &[up(record(22, &lie))]);
    assert_eq!(heads(&told)[0].server_name, "lie.example");
    assert_eq!(told.odd(), ["peer sent a hello whose lengths do not fit"]);
}

#[test]
fn encrypted_client_hello_is_told() {
    let hello = client_hello(&[0x1301], &[server_name("outer.example"), extension(0xfe0d, &[0; 40])]);
    assert!(heads(&play_all(PORTS, &[up(record(22, &hello))]))[0].ech);
}

#[test]
fn a_second_try_is_a_second_exchange() {
    let hello = record(22, &hello_to("retry.example"));
    let told = play_all(
        PORTS,
        &[
            up(&hello),
            down([record(22, &server_hello_13()), record(20, b"\x01")].concat()),
            up([record(20, b"\x01"), hello].concat()),
            down([record(22, &server_hello_13()), record(23, b"...")].concat()),
        ],
    );
    let exchanges: Vec<_> = told.messages.iter().map(|message| (message.sender, message.exchange)).collect();
    assert_eq!(exchanges, [(Originator, 0), (Responder, 0), (Originator, 1), (Responder, 1)]);
}

#[test]
fn an_alert_says_why_a_phone_refused() {
    let flight = [server_hello(0xc02f, &[]), certificates(&[b"forged"]), handshake(14, b"")].concat();
    let script =
        [up(record(22, &hello_to("pinned.example"))), down(record(22, &flight)), up(record(21, b"\x02\x30"))];
    let told = play_all(PORTS, &script);
    let alert = told
        .anomalies
        .iter()
        .find(|anomaly| anomaly.what == "peer sent a TLS alert that ends the connection");
    assert_eq!(alert.unwrap().detail, "unknown_ca (48)");
    assert_eq!(told.messages.len(), 3);
}

#[test]
fn a_hello_that_is_compatible_with_ssl_2_is_one() {
    let suites = b"\x01\x00\x80\x00\x00\x35\x00\x00\x0a";
    let body = [&b"\x01\x03\x01\x00\x09\x00\x00\x00\x10"[..], suites, &[3; 16]].concat();
    let hello = [&[0x80, u8::try_from(body.len()).unwrap()][..], &body].concat();
    let told = play_all(PORTS, &[up(&hello), down(record(22, &server_hello(0x0035, &[])))]);
    let heads = heads(&told);
    assert_eq!((heads[0].version, heads[1].suite, told.messages[1].exchange), (0x0301, 0x0035, 0));
    assert_eq!(&heads[0].ja4[..10], "t10i020000");
}

/// A vendor may begin with a hello and go on with something of its own.
#[test]
fn what_is_no_record_is_given_out_to_be_searched() {
    let clear = b"imei=490154203237518&mode=1";
    let told = play_all(
        PORTS,
        &[up([
            record(22, &hello_to("odd.example")),
            clear.to_vec(),
            record(23, b"data"),
            b"more of it".to_vec(),
        ]
        .concat())],
    );
    assert_eq!(
        told.lines()[1..],
        [">1 TLS raw \"imei=490154203237518&mode=1\"", ">2 TLS raw \"more of it\""]
    );
    assert_eq!(passed(&told), [("TLS application data, no key".into(), 9, 1)]);
    assert_eq!(told.odd(), ["peer sent bytes that are no TLS record"; 2]);
}

#[test]
fn a_gap_in_what_is_encrypted_costs_nothing_but_its_bytes() {
    let open = [
        up(record(22, &hello_to("gap.example"))),
        down([record(22, &server_hello_13()), record(20, b"\x01")].concat()),
    ];
    let long = record(23, &[0x41; 5000]);
    // Within a record; up to its end; past it, into the next one.
    for (before, lost, after) in [(100, 200, 4705), (100, 4905, 0), (4000, 3000, 3010)] {
        let two = [long.clone(), long.clone()].concat();
        let rest =
            if after == 3010 { &two[before + lost..] } else { &two[before + lost..before + lost + after] };
        let script = [
            &open[..],
            &[down(&two[..before]), Act::Gap(Responder, lost as u64), down(rest), down(record(23, b"next"))],
        ]
        .concat();
        let told = play_all(PORTS, &script);
        assert_eq!(told.messages.len(), 2, "{:?}", told.lines());
        assert!(
            told.passed.bytes(Fate::Encrypted) as usize == before + rest.len() + 9,
            "{:?}",
            passed(&told)
        );
        assert_eq!(
            reasons(&told).iter().any(|reason| reason == "TLS records whose beginning was lost"),
            after == 3010
        );
    }
}

#[test]
fn a_gap_in_a_handshake_leaves_what_is_there_to_be_searched() {
    let certificate = certificates(&[&[b'c'; 3000]]);
    let server =
        [record(22, &server_hello(0xc02f, &[])), record(22, &certificate), record(22, &handshake(14, b""))]
            .concat();
    let told = play_all(
        PORTS,
        &[
            up(record(22, &hello_to("holes.example"))),
            down(&server[..500]),
            Act::Gap(Responder, 100),
            down(&server[600..]),
            down(record(20, b"\x01")),
        ],
    );
    assert_eq!(
        told.messages.iter().map(|message| message.recorded.bytes.len()).sum::<usize>() as u64
            + told.passed.total(),
        (record(22, &hello_to("holes.example")).len() + server.len() - 100 + 6) as u64
    );
    assert_eq!(heads(&told)[1].suite, 0xc02f);
    // The rest of the certificate, and then the record that was found again.
    assert!(told.lines()[2].starts_with("<1 TLS raw ("), "{:?}", told.lines());
    assert_eq!(told.messages[3].recorded.bytes[..9], record(22, &handshake(14, b""))[..]);
}

#[test]
fn messages_that_are_too_long_are_passed_over_and_told() {
    let long = handshake(11, &vec![0; 300_000]);
    let told = play(
        PORTS,
        &[
            up(record(22, &hello_to("big.example"))),
            down(records(&long, 16_000)),
            down(record(22, &handshake(14, b""))),
        ],
    );
    assert_eq!(told.passed.bytes(Fate::OverLimit) as usize, records(&long, 16_000).len());
    assert_eq!(told.messages.len(), 2);
    // Many short ones without end do not gather either.
    let many = records(&handshake(4, &[0; 1000]).repeat(1000), 16_064);
    let told = play(PORTS, &[up(record(22, &hello_to("many.example"))), down(many)]);
    assert!(told.messages.iter().all(|message| message.recorded.bytes.len() < 300_000));
    // Nor do records with nothing in them, or next to nothing.
    for piece in [record(22, b""), record(22, b"\x04")] {
        let start = record(22, &server_hello(0xc02f, &[]));
        let told = play(PORTS, &[down([start, piece.repeat(300_000)].concat())]);
        assert!(told.messages.iter().all(|message| message.recorded.bytes.len() < 600_000));
    }
}

/// A capture that begins in the middle, and Finished messages that look like nothing.
#[test]
fn a_stream_that_is_met_in_the_middle_is_encrypted() {
    let told = play_all(
        PORTS,
        &[down(record(23, b"data")), up(record(22, &[0xab; 40])), up(record(23, &[0xab; 40]))],
    );
    assert_eq!((told.messages.len(), told.passed.bytes(Fate::Encrypted)), (0, 99));
}

#[test]
fn hellos_over_datagrams_are_read() {
    let body = hello_to("dtls.example")[4..].to_vec();
    // The cookie is behind the session's empty id.
    let body = [&body[..35], b"\x04cook", &body[35..]].concat();
    let fragment =
        [&b"\x01"[..], &vector(3, &body)[..3], b"\x00\x00\x00\x00\x00", &vector(3, &body)].concat();
    let dtls = |content: u8, epoch: u8, bytes: &[u8]| {
        [&[content, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 1][..], &vector(2, bytes)].concat()
    };
    let script = [
        Act::Datagram(Originator, dtls(22, 0, &fragment)),
        Act::Datagram(
            Responder,
            [dtls(22, 0, b"\x0e\0\0\0\0\x01\0\0\0\0\0\0"), dtls(22, 1, &[7; 40])].concat(),
        ),
        Act::Datagram(Originator, dtls(23, 1, &[7; 40])),
    ];
    let told = play([40000, 5000], &script);
    assert_eq!(
        told.lines()[0],
        ">0 DTLS 0304 dtls.example h2,http/1.1 d13d0203h2_c1929292aa6b_b9a491fefe05 \"\""
    );
    assert_eq!(parts(&told.messages[0]), [(String::new(), "dtls.example".to_owned())]);
    assert_eq!((told.messages.len(), passed(&told)), (2, vec![("DTLS, no key".into(), 106, 2)]));
}

/// Pieces of which TLS and nonsense are made.
fn word() -> impl Strategy<Value = Vec<u8>> {
    let whole = vec![
        record(22, &hello_to("any.example")),
        records(&hello_to("any.example"), 9),
        record(22, &server_hello_13()),
        record(22, &server_hello(0xc02f, &[])),
        record(22, &[certificates(&[b"x"]), handshake(14, b"")].concat()),
        records(&certificates(&[&[0x30; 400]]), 33),
        record(22, &handshake(4, b"ticket")),
        record(22, b"\x0b\xff\xff\xff"),
        record(22, b"\x0b\x00"),
        record(22, b""),
        record(20, b"\x01"),
        record(21, b"\x02\x28"),
        record(21, &[9; 26]),
        record(23, b""),
        record(23, &[0x17; 70]),
        record(22, &[0xfe; 40]),
        record(24, b"\x01\x00\x03abc"),
        b"\x17\x03\x03\xff\xff".to_vec(),
        b"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10".to_vec(),
        b"\x03\x03\x03".to_vec(),
    ];
    prop_oneof![
        12 => proptest::sample::select(whole.clone()),
        2 => (proptest::sample::select(whole), any::<Index>()).prop_map(|(word, at)| word[..=at.index(word.len())].to_vec()),
        1 => vec(any::<u8>(), 1..40),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => vec(word(), 1..5).prop_map(|words| up(words.concat())),
        4 => vec(word(), 1..5).prop_map(|words| down(words.concat())),
        1 => (any::<bool>(), 1..200u64).prop_map(|(side, len)| Act::Gap(if side { Originator } else { Responder }, len)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_tells_the_same(script in vec(act(), 1..8), step in 1usize..40) {
        let script = [vec![up(record(22, &hello_to("first.example")))], script].concat();
        let whole = play(PORTS, &script);
        for step in [1, step] {
            let split = play_cut(PORTS, &script, |bytes| bytes.chunks(step).map(<[u8]>::len).collect());
            prop_assert_eq!(whole.lines(), split.lines());
            prop_assert_eq!(&whole, &split);
        }
    }

    #[test]
    fn no_datagram_panics(mut bytes in vec(any::<u8>(), 1..300), to in any::<bool>()) {
        bytes[0] = 22;
        for (at, byte) in [0xfe, 0xfd, 0, 0].into_iter().enumerate() {
            if let Some(place) = bytes.get_mut(at + 1) {
                *place = byte;
            }
        }
        play(PORTS, &[Act::Datagram(if to { Originator } else { Responder }, bytes)]);
    }
}
