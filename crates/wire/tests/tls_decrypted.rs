//! Decrypted flows: however they are cut, damaged or incomplete, what can be read is read, what cannot says why,
//! and every byte is accounted for and proved.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop where it is wrong")]

mod decrypt_desk;
mod sealed_stage;
mod tls_bytes;

use proptest::{collection::vec, prelude::*};
use sealed_stage::{Act, Originator, Responder, Sealer, Told, log, play, play_cut, ring, shake};
use tls_bytes::{hello_to, record, server_hello};
use wire::{Ending, Head, KeyRing};

const GET: &str = "GET /secret HTTP/1.1\r\nHost: sealed.example\r\n\r\n";

fn answer(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn proved(told: &Told) {
    decrypt_desk::prove(&told.messages, &[&told.file, log().as_bytes()]);
}

#[test]
fn requests_come_out_with_their_seal_and_their_proof() {
    let (mut acts, mut client, mut server) = shake();
    acts.push(Act::Up(client.data(GET)));
    acts.push(Act::Down([server.data(&answer("yes")[..20]), server.data(&answer("yes")[20..])].concat()));
    let told = play(ring, &acts);
    assert_eq!(
        told.said(),
        [("HTTP/1", GET.into(), Ending::Whole), ("HTTP/1", answer("yes"), Ending::Whole)]
    );
    let request = told.messages.iter().find(|message| message.protocol == "HTTP/1").unwrap();
    let seal = request.seal.as_ref().unwrap();
    assert_eq!((seal.protocol, seal.version, seal.suite), ("TLS", 0x0304, 0x1301));
    // The handshake is one exchange, the request the next.
    assert_eq!(request.exchange, 1);
    let key = request.recorded.derived[0].key.as_ref().unwrap();
    assert_eq!(key.input.place(0).map(|(file, line, _)| (file.0, line.0)), Some((1, 3)));
    let sealed: Vec<_> =
        told.messages.iter().filter(|one| one.protocol == "TLS" && one.seal.is_some()).collect();
    assert_eq!(sealed.len(), 2, "a flight of each side");
    let Head::Tls(head) = &sealed[0].head else { unreachable!() };
    assert_eq!(head.certificates.len(), 1);
    assert_eq!(told.reasons(), []);
    assert_eq!(told.odd(), ["peer sent a certificate that cannot be read"]);
    proved(&told);
}

#[test]
fn keys_change_when_a_side_says_so() {
    let (mut acts, mut client, mut server) = shake();
    acts.push(Act::Up([client.data("one"), client.update(), client.data(" two"), client.update()].concat()));
    acts.push(Act::Up(client.data(" three")));
    acts.push(Act::Down([server.update(), server.data("four")].concat()));
    let told = play(ring, &acts);
    assert_eq!(
        told.said(),
        [("TCP", "one two three".into(), Ending::Whole), ("TCP", "four".into(), Ending::Whole)]
    );
    proved(&told);
}

#[test]
fn a_body_goes_on_behind_lost_records() {
    let body = "0123456789".repeat(100);
    let whole = answer(&body);
    let (mut acts, mut client, mut server) = shake();
    acts.push(Act::Up(client.data(GET)));
    let records: Vec<_> = whole.as_bytes().chunks(100).map(|piece| server.data(piece)).collect();
    // The third record goes from its middle on, and all of the next two.
    let lost = records[2].len() - 50 + records[3].len() + records[4].len();
    acts.push(Act::Down([&records[0][..], &records[1], &records[2][..50]].concat()));
    acts.push(Act::DownGap(lost as u64));
    acts.push(Act::Down(records[5..].concat()));
    acts.push(Act::Down(server.data(answer("next"))));
    let told = play(ring, &acts);
    let answers: Vec<_> = told.said().into_iter().skip(1).collect();
    // Of the third record, what is there of 100 bytes behind header, without tag.
    let there = 245;
    assert_eq!(answers[0], ("HTTP/1", whole[..there].into(), Ending::Cut));
    assert_eq!(answers[1], ("HTTP/1", whole[500..].into(), Ending::Whole));
    assert_eq!(answers[2], ("HTTP/1", answer("next"), Ending::Whole));
    let position =
        told.messages.iter().find(|one| one.recorded.bytes == whole.as_bytes()[500..]).unwrap().position;
    assert_eq!(position, 500 - (whole.len() - body.len()) as u64);
    assert!(
        told.odd().contains(&"capture lacks the end of a TLS record: what is there is not authenticated")
    );
    proved(&told);
}

#[test]
fn the_middle_of_a_record_is_lost_and_the_next_one_begins_where_it_should() {
    let (mut acts, mut client, _) = shake();
    let records: Vec<_> =
        ["a".repeat(100), "b".repeat(100), "c".repeat(100)].map(|text| client.data(text)).into();
    acts.push(Act::Up([&records[0][..], &records[1][..60]].concat()));
    acts.push(Act::UpGap(20));
    acts.push(Act::Up([&records[1][80..], &records[2]].concat()));
    let told = play(ring, &acts);
    let text: Vec<_> = told.said().into_iter().map(|(_, text, _)| text).collect();
    assert_eq!(text, ["a".repeat(100) + &"b".repeat(55), "c".repeat(100)]);
    assert_eq!(told.reasons(), [("TLS application data, bytes lost".to_owned(), 42)]);
    proved(&told);
}

#[test]
fn a_lost_key_update_and_a_lost_end_of_the_handshake_are_found_out() {
    let (acts, mut client, mut server) = shake();
    let Act::Up(third) = &acts[2] else { unreachable!() };
    let (update, after) = (server.update(), server.data("after the update"));
    let script = [
        acts[0].clone(),
        acts[1].clone(),
        Act::UpGap(third.len() as u64),
        Act::Up(client.data("after the handshake")),
        Act::DownGap(update.len() as u64),
        Act::Down(after),
    ];
    let told = play(ring, &script);
    let text: Vec<_> = told.said().into_iter().map(|(_, text, _)| text).collect();
    assert_eq!(text, ["after the handshake"]);
    // The server's first traffic keys opened nothing before: nobody can know that they were updated.
    let seen = [
        &acts[..],
        &[
            Act::Down(Sealer::new(4).data("before the update")),
            Act::DownGap(100),
            Act::Down({
                let mut server = Sealer::new(4);
                server.data("before the update");
                server.update();
                server.data("after the update")
            }),
        ],
    ]
    .concat();
    let told = play(ring, &seen);
    let text: Vec<_> = told.said().into_iter().map(|(_, text, _)| text).collect();
    assert_eq!(text, ["before the update", "after the update"]);
}

#[test]
fn what_stays_closed_says_why() {
    let (mut acts, mut client, _) = shake();
    let record_len = client.data("secret").len() as u64;
    acts.push(Act::Up(Sealer::new(3).data("secret")));
    let reasons = |ring: fn() -> KeyRing, acts: &[Act]| play(ring, acts).reasons();
    let data = |why: &str| (format!("TLS application data, {why}"), record_len);
    let other = || {
        let ring = KeyRing::default();
        ring.add_log(evidence::CaptureId(1), 0, 1, log().replace("07", "08").as_bytes());
        ring
    };
    let wrong = || {
        let ring = KeyRing::default();
        ring.add_log(evidence::CaptureId(1), 0, 1, log().replace("0303", "5555").as_bytes());
        ring
    };
    assert!(
        reasons(KeyRing::default, &acts).contains(&("TLS application data, no key".into(), record_len + 58))
    );
    assert!(
        reasons(other, &acts).iter().any(|(why, _)| why == "TLS application data, no secret in the key logs")
    );
    assert_eq!(reasons(wrong, &acts), [data("the secret does not fit")]);
    let middle = [Act::Up([Sealer::new(3).data("secret"), Sealer::new(3).data("secret")].concat())];
    assert_eq!(
        reasons(ring, &middle),
        [("TLS application data, begun before the capture (no hello)".into(), 2 * record_len)]
    );
    // ARIA.
    let aria = [
        Act::Up(record(22, &hello_to("sealed.example"))),
        Act::Down([record(22, &server_hello(0xc03d, &[])), record(20, &[1]), record(23, &[9; 60])].concat()),
    ];
    assert_eq!(reasons(ring, &aria), [("TLS application data, unsupported cipher suite".into(), 65)]);
}

#[test]
fn a_changed_record_is_noted_and_its_bytes_are_missed() {
    let (mut acts, mut client, _) = shake();
    let mut records: Vec<_> = ["first", "changed", "third"].map(|text| client.data(text)).into();
    records[1][9] ^= 1;
    acts.push(Act::Up(records.concat()));
    // An injected one counts for none.
    acts.push(Act::Up([record(23, &[9; 40]), client.data("fourth")].concat()));
    let told = play(ring, &acts);
    let said: Vec<_> = told.said().into_iter().map(|(_, text, _)| text).collect();
    assert_eq!(said, ["first", "thirdfourth"]);
    let odd = told.odd();
    assert_eq!(
        odd.iter().filter(|what| **what == "peer sent a TLS record that does not authenticate").count(),
        2
    );
    proved(&told);
}

#[test]
fn keys_that_come_late_open_what_comes_behind_them() {
    let (mut acts, mut client, mut server) = shake();
    acts.push(Act::Up(client.data("not yet")));
    acts.push(Act::Down(server.data("nor this")));
    acts.push(Act::Keys(log()));
    acts.push(Act::Up(client.data("but this")));
    acts.push(Act::Down(server.data("and this")));
    let told = play(KeyRing::default, &acts);
    let said: Vec<_> = told.said().into_iter().map(|(_, text, _)| text).collect();
    assert_eq!(said, ["but this", "and this"]);
}

#[test]
fn tls_within_tls_and_behind_connect_and_starttls() {
    let (outer, mut client, mut server) = shake();
    let (inner, mut inner_client, mut inner_server) = shake();
    let mut nested = outer;
    for act in &inner {
        nested.push(match act {
            Act::Up(bytes) => Act::Up(bytes.chunks(50).flat_map(|piece| client.data(piece)).collect()),
            Act::Down(bytes) => Act::Down(bytes.chunks(50).flat_map(|piece| server.data(piece)).collect()),
            other => other.clone(),
        });
    }
    nested.push(Act::Up(client.data(inner_client.data(GET))));
    nested.push(Act::Down(server.data(inner_server.data(answer("deep")))));
    let told = play(ring, &nested);
    let said = told.said();
    assert_eq!(said, [("HTTP/1", GET.into(), Ending::Whole), ("HTTP/1", answer("deep"), Ending::Whole)]);
    let request = told.messages.iter().find(|one| one.protocol == "HTTP/1").unwrap();
    assert!(request.seal.as_ref().unwrap().outer.is_some());
    proved(&told);

    let before = [
        [
            Act::Up(b"CONNECT sealed.example:443 HTTP/1.1\r\n\r\n".into()),
            Act::Down(b"HTTP/1.1 200 OK\r\n\r\n".into()),
        ],
        [Act::Down(b"220 mail\r\n".into()), Act::Down(b"220 go ahead\r\n".into())],
    ];
    for before in before {
        let (acts, mut client, _) = shake();
        let script = [&before[..], &acts, &[Act::Up(client.data(GET))]].concat();
        let told = play(ring, &script);
        assert!(told.said().contains(&("HTTP/1", GET.into(), Ending::Whole)), "{:?}", told.said());
        proved(&told);
    }
}

#[test]
fn nesting_ends_somewhere() {
    // The same secrets at every depth.
    let mut acts = vec![Act::Up(b"the innermost".to_vec())];
    for _ in 0..8 {
        let (mut around, mut client, mut server) = shake();
        for act in acts {
            around.push(match act {
                Act::Up(bytes) => Act::Up(bytes.chunks(9000).flat_map(|piece| client.data(piece)).collect()),
                Act::Down(bytes) => {
                    Act::Down(bytes.chunks(9000).flat_map(|piece| server.data(piece)).collect())
                }
                other => other,
            });
        }
        acts = around;
    }
    let told = play_cut(&ring(), &acts, usize::MAX);
    assert!(told.passed.rows().iter().any(|row| row.reason == "TLS within more TLS than is followed"));
}

/// Records, whole and damaged, of both sides and in any order.
fn acts() -> impl Strategy<Value = Vec<Act>> {
    let word = prop_oneof![
        4 => (0..8u64, vec(any::<u8>(), 0..60)).prop_map(|(number, text)| (number, 23, text, None)),
        1 => (0..8u64, vec(any::<u8>(), 0..60), any::<usize>())
            .prop_map(|(number, text, flip)| (number, 23, text, Some(flip))),
        1 => (0..8u64, prop_oneof![Just(20u8), Just(21), Just(22), Just(24), Just(0)], vec(any::<u8>(), 0..60))
            .prop_map(|(number, content, text)| (number, content, text, None)),
    ];
    let act = (any::<bool>(), word, proptest::option::weighted(0.2, 1..300u64));
    vec(act, 0..12).prop_map(|words| {
        let (mut acts, ..) = shake();
        for (up, (number, content, text, flip), gap) in words {
            let mut sealer = Sealer::new(if up { 3 } else { 4 });
            sealer.number = number;
            let mut sealed = sealer.seal(content, &text);
            if let Some(flip) = flip {
                let at = flip % sealed.len();
                sealed[at] ^= 0x40;
            }
            acts.push(if up { Act::Up(sealed) } else { Act::Down(sealed) });
            acts.extend(gap.map(|len| if up { Act::UpGap(len) } else { Act::DownGap(len) }));
        }
        acts
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_tells_the_same(acts in acts()) {
        let told = play(ring, &acts);
        proved(&told);
        let senders = [Originator, Responder];
        prop_assert!(told.messages.iter().all(|message| senders.contains(&message.sender)));
    }
}
