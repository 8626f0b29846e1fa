//! XMPP: streams to stanzas.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop where it is wrong"
)]

mod session_stage;

use session_stage::{Act, Originator, down, parts, play_all, up};

const OPEN: &str = "<?xml version='1.0'?><stream:stream to='push.example' xmlns='jabber:client'>";
const ANY: [u16; 2] = [40000, 9001];

#[test]
fn stanzas_are_messages_and_answers_belong_to_what_asked() {
    let told = play_all(
        ANY,
        &[
            up(OPEN),
            down("<stream:stream id='1'><stream:features><bind/></stream:features>"),
            up("<iq type='set' id='a'><bind>352099001761481</bind></iq> \n"),
            up("<iq type='get' id='b'/>"),
            down("<message to='me'><body>&lt;hi&gt;</body></message>"),
            down("<iq type='result' id='b'/><iq type='error' id='a'/>"),
            up("</stream:stream>"),
        ],
    );
    let lines: Vec<_> = told.lines().iter().map(|line| line.replace('\\', "")).collect();
    assert_eq!(
        lines,
        [
            ">0 XMPP stream:stream push.example \"\"",
            "<1 XMPP stream:stream \"\"",
            "<2 XMPP stream:features \"<stream:features><bind/></stream:features>\"",
            ">3 XMPP iq \"<iq type='set' id='a'><bind>352099001761481</bind></iq>\"",
            ">4 XMPP iq \"<iq type='get' id='b'/>\"",
            "<5 XMPP message me \"<message to='me'><body>&lt;hi&gt;</body></message>\"",
            "<4 XMPP iq \"<iq type='result' id='b'/>\"",
            "<3 XMPP iq \"<iq type='error' id='a'/>\"",
        ]
    );
    assert_eq!(parts(&told.messages[0])[0], ("to".into(), "push.example".into()));
    assert_eq!(told.passed.total(), 2 + 16);
    assert!(told.odd().is_empty());
}

#[test]
fn tls_begins_behind_starttls() {
    let hello = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00";
    let answer = b"\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00";
    let told = play_all(
        ANY,
        &[
            up(OPEN),
            down("<stream:stream id='1'><stream:features><starttls/></stream:features>"),
            up("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
            down("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
            up(hello),
            down(answer),
        ],
    );
    let protocols: Vec<_> = told.messages.iter().map(|message| message.protocol).collect();
    assert_eq!(protocols, ["XMPP", "XMPP", "XMPP", "XMPP", "XMPP", "TLS", "TLS"]);
    assert!(!told.odd().iter().any(|what| what.contains("XMPP")));
}

#[test]
fn what_is_cut_or_no_stanza_is_kept() {
    let told = play_all(ANY, &[up(OPEN), up("<message><body>imei 3520")]);
    assert_eq!(told.lines()[1], ">1 XMPP message \"<message><body>imei 3520\"~");
    let told = play_all(ANY, &[up(OPEN), up("<message>"), Act::Gap(Originator, 5), up("</message><a/>")]);
    assert_eq!(told.lines()[1..], [">1 XMPP message \"<message>\"~", ">2 TCP raw \"</message><a/>\""]);
    let told = play_all(ANY, &[up(OPEN), up("\x01\x02binary")]);
    assert_eq!(told.lines()[1..], [">1 TCP raw \"\\x01\\x02binary\""]);
    assert_eq!(told.odd(), ["peer sent bytes that are no XMPP stanza"]);
}

#[test]
fn an_end_that_says_something_is_a_message() {
    let rows = [
        "</stream:stream imei='352099001761481'>",
        "<!-- 352099001761481 --></stream:stream>",
        "</stream:stream 352099001761481>",
    ];
    for end in rows {
        let told = play_all(ANY, &[up(OPEN), up(end)]);
        assert_eq!(told.messages[1].recorded.bytes, end.as_bytes());
    }
    let told = play_all(ANY, &[up(OPEN), up("</stream:stream>352099001761481")]);
    assert_eq!(told.lines()[1], ">1 TCP raw \"352099001761481\"");
    assert_eq!(told.anomalies[0].detail, "needed 0x3c, found 0x33");
}
