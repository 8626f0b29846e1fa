//! What becomes of DNS messages, whole, broken and hostile.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop where it is wrong"
)]

mod session_stage;

use evidence::Fidelity;
use session_stage::{Act, Originator, Responder, Told, body, play, play_all, up};
use testkit::dns::{A, AAAA, CNAME, Data, query, response};
use wire::{Body, DnsData, DnsHead, Head, Message};

const DNS: [u16; 2] = [40000, 53];
const MDNS: [u16; 2] = [5353, 5353];

fn datagrams(ports: [u16; 2], datagrams: &[(wire::Sender, &[u8])]) -> Told {
    let script: Vec<_> =
        datagrams.iter().map(|(sender, bytes)| Act::Datagram(*sender, bytes.to_vec())).collect();
    play(ports, &script)
}

fn head(message: &Message) -> &DnsHead {
    let Head::Dns(head) = &message.head else { panic!("no DNS") };
    head
}

fn text(message: &Message) -> String {
    String::from_utf8_lossy(&body(message)).into_owned()
}

#[test]
fn answers_are_paired_with_their_questions_by_their_number() {
    let answers = [("a.example", Data::Cname("b.example")), ("b.example", Data::A([192, 0, 2, 1].into()))];
    let told = datagrams(
        DNS,
        &[
            (Originator, &query(7, "a.example", A)),
            (Originator, &query(8, "a.example", AAAA)),
            (Responder, &response(8, ("a.example", AAAA), &[])),
            (Responder, &response(7, ("a.example", A), &answers)),
            (Responder, &response(7, ("a.example", A), &[])),
        ],
    );
    let exchanges: Vec<_> = told.messages.iter().map(|message| message.exchange).collect();
    assert_eq!(exchanges, [0, 1, 1, 0, 2]);
    let head = head(&told.messages[3]);
    assert!(head.response);
    assert_eq!(head.questions, [("a.example".to_owned(), A)]);
    assert_eq!(
        head.answers,
        [
            ("a.example".to_owned(), DnsData::Alias("b.example".to_owned())),
            ("b.example".to_owned(), DnsData::Address([192, 0, 2, 1].into())),
        ]
    );
    assert!(told.odd().is_empty());
}

#[test]
fn names_are_text_whose_labels_point_to_their_bytes() {
    // A name with a pointer to the question's "example", and a text with an identifier.
    let mut message = response(1, ("imei-490154203237518.example", 16), &[]);
    message[7] = 2;
    let pointer_to_example = [0xc0, 12 + 21];
    message.extend(
        b"\x03www"
            .iter()
            .chain(&pointer_to_example)
            .chain(b"\0\x10\0\x01\0\0\0\x05\0\x0d\x03k=v\x08longtext"),
    );
    message.extend([0xc0, 12].iter().chain(b"\0\x01\0\x01\0\0\0\x05\0\x04\xc0\0\x02\x01"));
    let told = datagrams(DNS, &[(Responder, &message)]);
    assert_eq!(told.odd(), <[&str; 0]>::default());
    assert_eq!(text(&told.messages[0]), "imei-490154203237518.example\nwww.example\nk=v\nlongtext\n");
    let Body::Joined { segments, .. } = &told.messages[0].body else { panic!("not joined") };
    let exact: u64 = segments
        .iter()
        .filter(|segment| segment.fidelity == Fidelity::Exact)
        .map(|segment| segment.len)
        .sum();
    assert_eq!(exact, 20 + 7 + 3 + 7 + 3 + 8);
}

#[test]
fn the_same_message_over_tcp_has_its_length_before_it() {
    let framed = |message: &[u8]| {
        let len = u16::try_from(message.len()).unwrap();
        [&len.to_be_bytes()[..], message].concat()
    };
    let (ask, answer) = (
        query(9, "tcp.example", A),
        response(9, ("tcp.example", A), &[("x.example", Data::A([192, 0, 2, 9].into()))]),
    );
    let two = [framed(&ask), framed(&query(10, "two.example", A))].concat();
    let told = play_all(DNS, &[up(&two), Act::Data(Responder, framed(&answer)), up(&framed(&ask)[..20])]);
    assert_eq!(
        told.lines(),
        [
            ">0 DNS false [(\"tcp.example\", 1)] [] \"tcp.example\\n\"",
            ">1 DNS false [(\"two.example\", 1)] [] \"two.example\\n\"",
            "<0 DNS true [(\"tcp.example\", 1)] [(\"x.example\", Address(192.0.2.9))] \"tcp.example\\nx.example\\n\"",
            ">2 DNS false [] [] \"tcp\"~",
        ]
    );
    let told = play_all(DNS, &[up(&framed(&ask)[..20]), Act::Gap(Originator, 3), up(framed(&ask))]);
    assert_eq!(told.lines()[1], ">1 DNS false [(\"tcp.example\", 1)] [] \"tcp.example\\n\"");
}

#[test]
fn multicast_answers_name_hosts_in_their_additional_records() {
    let mut message = b"\0\0\x84\0\0\0\0\x01\0\0\0\x01\x04_ipp\x04_tcp\x05local\0\0\x0c\x80\x01\0\0\0\x78\0\x0a\x07Android\xc0\x0c".to_vec();
    message.extend(b"\x07Android\x05local\0\0\x01\x80\x01\0\0\0\x78\0\x04\xc0\xa8\x01\x07");
    let told = datagrams(MDNS, &[(Originator, &message)]);
    assert_eq!(told.messages[0].protocol, "mDNS");
    assert_eq!(told.odd(), <[&str; 0]>::default());
    let address = ("Android.local".to_owned(), DnsData::Address([192, 168, 1, 7].into()));
    assert_eq!(head(&told.messages[0]).answers[1], address);
    assert_eq!(text(&told.messages[0]), "_ipp._tcp.local\nAndroid._ipp._tcp.local\nAndroid.local\n");
}

#[test]
fn the_addresses_of_name_servers_are_not_taken_for_the_answer() {
    let mut message = response(1, ("a.example", A), &[]);
    message[11] = 1;
    message.extend(b"\x02ns\x07example\0\0\x01\0\x01\0\0\0\x78\0\x04\xc0\0\x02\x35");
    let told = datagrams(DNS, &[(Responder, &message)]);
    assert!(head(&told.messages[0]).answers.is_empty());
    assert_eq!(text(&told.messages[0]), "a.example\nns.example\n");
}

#[test]
fn broken_messages_keep_what_was_read_and_say_what_is_odd() {
    let question = b"\x07example\0\0\x01\0\x01";
    let record = b"\xc0\x0c\0\x05\0\x01\0\0\0\x05\0\x02\xc0";
    let rows: [(&[u8], &[u8], &str, &str); 7] = [
        (
            b"\0\x01\0\0\0\0\0\0",
            b"\xc0\x0c\0\x01\0\x01",
            "",
            "peer sent a DNS name that points forward or to itself",
        ),
        (
            b"\0\x02\0\0\0\0\0\0",
            question,
            "example\n",
            "peer sent a DNS message that ends before its last record",
        ),
        (
            b"\0\x01\0\0\0\0\0\0",
            b"\x07example\0\0\x01\0\x01more",
            "example\n",
            "peer sent bytes after the last DNS record",
        ),
        (b"\0\x01\0\0\0\0\0\0", b"\x47example\0\0\x01\0\x01", "", "peer sent a DNS label of an unknown type"),
        (b"\0\x01\0\0\0\0\0\0", b"\x07exa", "", "peer sent a DNS message that ends before its last record"),
        (
            b"\0\x01\xff\xff\0\0\0\0",
            question,
            "example\n",
            "peer sent a DNS message that ends before its last record",
        ),
        (
            b"\0\x01\0\x01\0\0\0\0",
            &[&question[..], &record[..], &[37]].concat(),
            "example\n",
            "peer sent a DNS name that points forward or to itself",
        ),
    ];
    for (counts, rest, read, odd) in rows {
        let message = [&b"\x12\x34\x01\0"[..], counts, rest].concat();
        let told = datagrams(DNS, &[(Originator, &message)]);
        assert_eq!(told.odd(), [odd], "{}", message.escape_ascii());
        assert_eq!(text(&told.messages[0]), read, "{}", message.escape_ascii());
    }
}

/// Thousands of records that all point to one long name: bounded work, bounded text.
#[test]
fn a_message_that_multiplies_names_is_cut_short() {
    let mut message = b"\x12\x34\x80\0\0\0\xff\xff\0\0\0\0".to_vec();
    let label = [&[63u8][..], &[b'a'; 63]].concat();
    message.extend([&label[..], &label, &label, b"\0"].concat());
    while message.len() < 60_000 {
        message.extend(b"\x01b\xc0\x0c\0\x10\0\x01\0\0\0\0\0\0");
    }
    let told = datagrams(DNS, &[(Responder, &message)]);
    assert!(body(&told.messages[0]).len() < 70_000);
    assert_eq!(told.anomalies.len(), 1);
}

#[test]
fn labels_that_are_no_text_are_escaped_in_names() {
    let message = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03a.b\x02\xff\xfe\0\0\x01\0\x01";
    let told = datagrams(DNS, &[(Originator, message)]);
    assert_eq!(head(&told.messages[0]).questions[0].0, "a\\.b.\\255\\254");
    assert_eq!(body(&told.messages[0]), b"a.b.\xff\xfe\n");
    assert_eq!(CNAME, 5);
}

/// What lies in a TLS session on port 853 (RFC 7858), or on any other.
#[test]
fn over_tcp_other_ports_need_a_flawless_message() {
    let framed = |message: Vec<u8>| {
        let len = u16::try_from(message.len()).unwrap().to_be_bytes();
        [&len[..], &message].concat()
    };
    let question = framed(query(7, "a.example", A));
    let odd = framed(vec![0; 40]);
    let rows: [(u16, &[u8], &str); 6] = [
        (853, &question, "DNS"),
        (853, &odd, "DNS"),
        (443, &question, "DNS"),
        (443, &odd, "TCP"),
        (443, &question[..20], "TCP"),
        (443, b"\x00\x10 imei=352099001761481", "TCP"),
    ];
    for (port, bytes, protocol) in rows {
        let told = play_all([40000, port], &[up(bytes)]);
        assert_eq!(told.messages[0].protocol, protocol, "{port} {}", bytes.escape_ascii());
    }
}
