//! HTTP/2 in the clear (RFC 9113): with prior knowledge, after an upgrade, from the middle.

use std::io;

use testkit::{
    Conversation, Endpoint, Side,
    h2::{
        CONTINUATION, DATA, END, GOAWAY, HEAD, HEADERS, PADDED, PING, PREFACE, PRIORITY, PUSH_PROMISE,
        RST_STREAM, SETTINGS, WINDOW_UPDATE, coded, frame, indexed, insert, insert_named, literal, plain,
    },
};
use wire::fields::huffman;

use super::{Capture, Film, http::gzip, talk};

pub(super) const CAPTURES: &[Capture] = &[
    Capture::film(
        "http2/identifiers.pcap",
        "HTTP/2 in the clear: an IMEI in a path, an identifier sent once and then only referred to, gzip JSON cut over frames between another stream's; the profile beside it",
        identifiers,
    ),
    Capture::film(
        "http2/frames.pcap",
        "padding, priority, continuation, a promise, trailers, an early hint, a reset, a farewell, a frame nobody knows",
        frames,
    ),
    Capture::film(
        "http2/upgrade.pcap",
        "an HTTP/1 request that asks for HTTP/2 and is answered there",
        upgrade,
    ),
    Capture::film(
        "http2/mid-stream.pcap",
        "a capture that begins in the middle of a connection: fields that it lacks, then one it has",
        mid_stream,
    ),
    Capture::film("http2/gap.pcap", "a segment that the capture lacks, with a request in it", gap),
];

/// A string, Huffman-coded.
fn packed(text: &str) -> Vec<u8> {
    coded(&huffman::encode(text.as_bytes()))
}

/// Method, scheme and path of a request.
fn ask(method: usize, path: &str) -> Vec<u8> {
    [indexed(method), indexed(6), vec![0x04], packed(path)].concat()
}

const GET: usize = 2;
const POST: usize = 3;
const OK: usize = 8;
const NO_CONTENT: usize = 9;

fn hello() -> Vec<u8> {
    [PREFACE, &frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100, 0, 4, 0, 1, 0, 0])].concat()
}

fn welcome() -> Vec<u8> {
    [frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 128]), frame(SETTINGS, 1, 0, &[])].concat()
}

fn identifiers(net: &mut Film) -> io::Result<()> {
    let first = [
        ask(GET, "/v1/352099001761481/hello"),
        insert_named(1, &packed("api.vendor.example")),
        insert_named(58, &packed("okhttp/4.12.0")),
        insert(&packed("x-device"), &plain(b"b7e2c91f04d8a356")),
    ]
    .concat();
    // x-device, user-agent and :authority, by their indices.
    let known = [indexed(62), indexed(63), indexed(64)].concat();
    let body =
        gzip(b"{\"email\":\"lena.muster@example.org\",\"imsi\":\"262019483715260\",\"model\":\"TA-1046\"}")?;
    let (one, rest) = body.split_at(body.len() / 3);
    let (two, three) = rest.split_at(rest.len() / 2);
    let upload = [
        ask(POST, "/v1/profile"),
        known,
        insert_named(31, &packed("application/json")),
        insert_named(26, &packed("gzip")),
    ]
    .concat();
    // Two fields are newer now.
    let later = [ask(POST, "/v1/log"), indexed(65), indexed(66)].concat();
    let client = [
        frame(HEADERS, HEAD, 3, &upload),
        frame(DATA, 0, 3, one),
        frame(HEADERS, HEAD, 5, &later),
        frame(DATA, 0, 5, b"line one\nserial="),
        frame(DATA, 0, 3, two),
        frame(DATA, END, 5, b"PLE7X19213000482\n"),
        frame(DATA, END, 3, three),
    ];
    let cookie = insert(&packed("set-cookie"), &packed("dev=b7e2c91f04d8a356"));
    talk(
        net,
        40_200,
        &[
            (Side::Client, &[hello(), frame(HEADERS, HEAD | END, 1, &first)].concat()),
            (Side::Server, &welcome()),
            (Side::Server, &frame(HEADERS, HEAD | END, 1, &[indexed(NO_CONTENT), cookie].concat())),
            (Side::Client, &[frame(SETTINGS, 1, 0, &[]), client.concat()].concat()),
            (Side::Server, &frame(HEADERS, HEAD | END, 5, &indexed(NO_CONTENT))),
            (Side::Server, &frame(HEADERS, HEAD | END, 3, &[indexed(NO_CONTENT), indexed(62)].concat())),
            (Side::Client, &frame(GOAWAY, 0, 0, &[0; 8])),
        ],
    )
}

fn frames(net: &mut Film) -> io::Result<()> {
    let head = [ask(POST, "/upload"), insert_named(1, &packed("frames.example"))].concat();
    let (one, two) = head.split_at(6);
    let padded = [&[3, 0, 0, 0, 0, 200], one, &[0; 3]].concat();
    let trailers = literal(&packed("x-checksum"), &plain(b"imei=352099001761481"));
    let promised =
        [&[0, 0, 0, 2][..], &ask(GET, "/style.css"), &literal(&packed("x-for"), &plain(b"1"))].concat();
    let client = [
        hello(),
        frame(HEADERS, PADDED | PRIORITY, 1, &padded),
        frame(CONTINUATION, HEAD, 1, two),
        frame(DATA, PADDED, 1, b"\x05hello\0\0\0\0\0"),
        frame(HEADERS, HEAD | END, 1, &trailers),
        frame(HEADERS, HEAD | END, 3, &[ask(GET, "/never"), indexed(62)].concat()),
        frame(RST_STREAM, 0, 3, &[0, 0, 0, 8]),
        frame(0xb7, 0x55, 0, b"grease"),
        frame(PING, 0, 0, b"pingpong"),
    ];
    let server = [
        welcome(),
        frame(HEADERS, HEAD, 1, &literal(&packed(":status"), &plain(b"103"))),
        frame(PUSH_PROMISE, HEAD, 1, &promised),
        frame(HEADERS, HEAD, 2, &[indexed(OK), insert_named(31, &packed("text/css"))].concat()),
        frame(HEADERS, HEAD, 1, &[indexed(OK), insert_named(31, &packed("text/plain"))].concat()),
        frame(DATA, 0, 1, b"thank you"),
        frame(DATA, END, 2, b"p { color: red }"),
        frame(HEADERS, HEAD | END, 1, &literal(&packed("grpc-status"), &plain(b"0"))),
        frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0x40, 0]),
        frame(GOAWAY, 0, 0, b"\0\0\0\x03\0\0\0\0session over"),
    ];
    talk(net, 40_210, &[(Side::Client, &client.concat()), (Side::Server, &server.concat())])
}

fn upgrade(net: &mut Film) -> io::Result<()> {
    let request = b"GET /start?imei=352099001761481 HTTP/1.1\r\nHost: old.example\r\nConnection: Upgrade, HTTP2-Settings\r\n\
        Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";
    let switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    let next = [ask(GET, "/next"), insert_named(1, &packed("old.example"))].concat();
    talk(
        net,
        40_220,
        &[
            (Side::Client, request),
            (Side::Server, &[&switch[..], &welcome()].concat()),
            (Side::Server, &[frame(HEADERS, HEAD, 1, &indexed(OK)), frame(DATA, END, 1, b"first")].concat()),
            (Side::Client, &[hello(), frame(HEADERS, HEAD | END, 3, &next)].concat()),
            (Side::Server, &[frame(HEADERS, HEAD, 3, &indexed(OK)), frame(DATA, END, 3, b"second")].concat()),
        ],
    )
}

fn mid_stream(net: &mut Film) -> io::Result<()> {
    let mut talk = Conversation::new(Endpoint::phone(40_230), Endpoint::server(80));
    // Two fields that were defined before, and one that is now.
    let first = [ask(GET, "/a?imei=352099001761481"), indexed(62), indexed(63)].concat();
    let second = [ask(GET, "/b"), indexed(64), insert(&packed("x-new"), &packed("known"))].concat();
    let third = [ask(GET, "/c"), indexed(62), indexed(65)].concat();
    talk.send(
        net,
        Side::Server,
        &[frame(DATA, 0, 9, b"the rest of "), frame(DATA, END, 9, b"a page")].concat(),
    )?;
    talk.send(
        net,
        Side::Client,
        &[frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 12]), frame(HEADERS, HEAD | END, 11, &first)].concat(),
    )?;
    talk.send(net, Side::Server, &frame(HEADERS, HEAD | END, 11, &indexed(NO_CONTENT)))?;
    talk.send(
        net,
        Side::Client,
        &[frame(HEADERS, HEAD | END, 13, &second), frame(HEADERS, HEAD | END, 15, &third)].concat(),
    )?;
    talk.send(
        net,
        Side::Server,
        &[
            frame(HEADERS, HEAD | END, 13, &indexed(NO_CONTENT)),
            frame(HEADERS, HEAD | END, 15, &indexed(NO_CONTENT)),
        ]
        .concat(),
    )
}

fn gap(net: &mut Film) -> io::Result<()> {
    let mut talk = Conversation::new(Endpoint::phone(40_240), Endpoint::server(80));
    talk.open(net)?;
    let first = [ask(GET, "/first"), insert_named(1, &packed("gap.example"))].concat();
    talk.send(net, Side::Client, &[hello(), frame(HEADERS, HEAD | END, 1, &first)].concat())?;
    talk.send(net, Side::Server, &[welcome(), frame(HEADERS, HEAD | END, 1, &indexed(NO_CONTENT))].concat())?;
    let lost = [ask(GET, "/lost"), indexed(62), insert(&packed("x-lost"), &packed("yes"))].concat();
    talk.miss(Side::Client, u32::try_from(frame(HEADERS, HEAD | END, 3, &lost).len()).unwrap_or(0));
    talk.acknowledge(net, Side::Server)?;
    let third = [ask(GET, "/third?imei=352099001761481"), indexed(63)].concat();
    let fourth = [ask(GET, "/fourth"), insert_named(1, &packed("gap.example"))].concat();
    talk.send(
        net,
        Side::Client,
        &[frame(HEADERS, HEAD | END, 5, &third), frame(HEADERS, HEAD | END, 7, &fourth)].concat(),
    )?;
    let answers = [3, 5, 7].map(|stream| frame(HEADERS, HEAD | END, stream, &indexed(NO_CONTENT)));
    talk.send(net, Side::Server, &answers.concat())?;
    talk.close(net)
}
