//! TLS 1.3 of our own making (RFC 8446): a handshake without a key exchange, records sealed under secrets that
//! dice gave, and these in a key log. To whoever only reads along it is like any other.

use std::io::{self, Write};

use aws_lc_rs::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    error::Unspecified,
    hkdf::{HKDF_SHA256, KeyType, Okm, Prk},
};
use testkit::{Conversation, Dice, Net, Side, Wire, h2};

/// What is spoken within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inner {
    /// HTTP/1.1.
    One,
    /// HTTP/2.
    Two,
}

/// A connection with TLS.
pub(super) struct Sealed {
    conversation: Conversation,
    client: Sealer,
    server: Sealer,
    pub(super) inner: Inner,
    /// HTTP/2: how many requests there were.
    requests: u32,
    host: String,
}

impl Sealed {
    /// Opens a connection to that host. Its secrets go into `keys`.
    pub(super) fn open<W: Wire>(
        net: &mut Net<W>,
        mut conversation: Conversation,
        (host, inner): (&str, Inner),
        (dice, keys): (&mut Dice, &mut impl Write),
    ) -> io::Result<Self> {
        let secrets = Secrets::new(dice, keys)?;
        let protocol: &[u8] = if inner == Inner::Two { b"\x02h2" } else { b"\x08http/1.1" };
        conversation.open(net)?;
        let hello = client_hello(&secrets.random, host, protocol, &[], dice);
        conversation.send(net, Side::Client, &record(22, &hello))?;
        let [mut up, mut down] = secrets.handshake.each_ref().map(|secret| Sealer::new(secret));
        let mut answer = record(22, &server_hello(dice));
        answer.extend(record(20, &[1]));
        down.seal(22, &flight(protocol, &[], dice), &mut answer)?;
        conversation.send(net, Side::Server, &answer)?;
        let mut finish = record(20, &[1]);
        up.seal(22, &finished(dice), &mut finish)?;
        conversation.send(net, Side::Client, &finish)?;
        let [client, server] = secrets.traffic.each_ref().map(|secret| Sealer::new(secret));
        let mut sealed = Self { conversation, client, server, inner, requests: 0, host: host.to_owned() };
        if inner == Inner::Two {
            let settings = h2::frame(h2::SETTINGS, 0, 0, &[]);
            sealed.send(net, Side::Client, &[h2::PREFACE, &settings].concat())?;
            sealed.send(net, Side::Server, &[settings, h2::frame(h2::SETTINGS, 1, 0, &[])].concat())?;
        }
        Ok(sealed)
    }

    /// A request with its body (none: a GET), and its answer.
    pub(super) fn exchange<W: Wire>(
        &mut self,
        net: &mut Net<W>,
        request: &Request<'_>,
        (media, answer): (&str, &[u8]),
    ) -> io::Result<()> {
        let (request, response) = match self.inner {
            Inner::One => (request.one(&self.host), one_answer(media, answer)),
            Inner::Two => {
                self.requests += 1;
                let stream = self.requests * 2 - 1;
                (request.two(&self.host, stream), two_answer(media, answer, stream))
            }
        };
        self.send(net, Side::Client, &request)?;
        self.send(net, Side::Server, &response)
    }

    /// Says farewell and closes.
    pub(super) fn close<W: Wire>(&mut self, net: &mut Net<W>) -> io::Result<()> {
        let mut farewell = Vec::new();
        self.client.seal(21, &[1, 0], &mut farewell)?;
        self.conversation.send(net, Side::Client, &farewell)?;
        self.conversation.close(net)
    }

    fn send<W: Wire>(&mut self, net: &mut Net<W>, from: Side, bytes: &[u8]) -> io::Result<()> {
        let sealer = match from {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 500 + 100);
        for part in bytes.chunks(LARGEST) {
            sealer.seal(23, part, &mut out)?;
        }
        self.conversation.send(net, from, &out)
    }
}

/// What a client asks.
pub(super) struct Request<'a> {
    pub(super) path: &'a str,
    /// `Content-Type` of the body.
    pub(super) media: &'a str,
    /// `Content-Encoding`; empty: none.
    pub(super) coding: &'a str,
    pub(super) body: &'a [u8],
}

impl Request<'_> {
    fn one(&self, host: &str) -> Vec<u8> {
        let Self { path, media, coding, body } = *self;
        let method = if body.is_empty() { "GET" } else { "POST" };
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {AGENT}\r\n");
        if !body.is_empty() {
            head.push_str(&format!("Content-Type: {media}\r\nContent-Length: {}\r\n", body.len()));
        }
        if !coding.is_empty() {
            head.push_str(&format!("Content-Encoding: {coding}\r\n"));
        }
        [head.as_bytes(), b"\r\n", body].concat()
    }

    /// In the connection's first request host and agent go into the table, in which later ones find them.
    fn two(&self, host: &str, stream: u32) -> Vec<u8> {
        let Self { path, media, coding, body } = *self;
        let mut block = h2::indexed(if body.is_empty() { 2 } else { 3 });
        block.extend(h2::indexed(7));
        match stream {
            1 => {
                block.extend(h2::insert_named(1, &h2::plain(host.as_bytes())));
                block.extend(h2::insert_named(58, &h2::plain(AGENT.as_bytes())));
            }
            _ => block.extend([h2::indexed(63), h2::indexed(62)].concat()),
        }
        block.extend(named(4, path));
        if !body.is_empty() {
            block.extend(named(31, media));
            block.extend(named(28, &body.len().to_string()));
        }
        if !coding.is_empty() {
            block.extend(named(26, coding));
        }
        frames(&block, body, stream)
    }
}

fn one_answer(media: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {media}\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn two_answer(media: &str, body: &[u8], stream: u32) -> Vec<u8> {
    let block = [h2::indexed(8), named(31, media), named(28, &body.len().to_string())].concat();
    frames(&block, body, stream)
}

/// A field with a name of the static table that goes into no table (RFC 7541 section 6.2.2).
fn named(index: usize, value: &str) -> Vec<u8> {
    [h2::integer(4, 0, index), h2::plain(value.as_bytes())].concat()
}

fn frames(block: &[u8], body: &[u8], stream: u32) -> Vec<u8> {
    let end = |last: bool| if last { h2::END } else { 0 };
    let mut out = h2::frame(h2::HEADERS, h2::HEAD | end(body.is_empty()), stream, block);
    let count = body.len().div_ceil(LARGEST);
    for (number, part) in (1..).zip(body.chunks(LARGEST)) {
        out.extend(h2::frame(h2::DATA, end(number == count), stream, part));
    }
    out
}

/// A connection's secrets: of the client and of the server.
pub(super) struct Secrets {
    pub(super) random: Vec<u8>,
    pub(super) handshake: [Vec<u8>; 2],
    pub(super) traffic: [Vec<u8>; 2],
}

impl Secrets {
    /// Makes them and writes them into a key log.
    pub(super) fn new(dice: &mut Dice, keys: &mut impl Write) -> io::Result<Self> {
        let mut secret = || dice.bytes(32);
        let random = secret();
        let secrets = Self { random, handshake: [secret(), secret()], traffic: [secret(), secret()] };
        let labels = [
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            "CLIENT_TRAFFIC_SECRET_0",
            "SERVER_TRAFFIC_SECRET_0",
        ];
        let random = hex(&secrets.random);
        for (label, secret) in labels.iter().zip(secrets.handshake.iter().chain(&secrets.traffic)) {
            writeln!(keys, "{label} {random} {}", hex(secret))?;
        }
        Ok(secrets)
    }
}

/// So many lines of a key log that open nothing of ours.
pub(super) fn other_lines(count: u64, dice: &mut Dice, keys: &mut impl Write) -> io::Result<()> {
    (0..count.div_ceil(4)).try_for_each(|_| Secrets::new(dice, keys).map(drop))
}

/// Seals one direction with AES-128-GCM.
struct Sealer {
    key: Option<LessSafeKey>,
    iv: Vec<u8>,
    number: u64,
}

impl Sealer {
    fn new(secret: &[u8]) -> Self {
        Self { key: key(secret, "key"), iv: expand(secret, "iv", 12), number: 0 }
    }

    /// Puts a record of that content type behind `out`.
    fn seal(&mut self, content: u8, bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let len = u16::try_from(bytes.len() + 17).map_err(io::Error::other)?.to_be_bytes();
        let header = [23, 3, 3, len[0], len[1]];
        let mut inner = Vec::with_capacity(bytes.len() + 17);
        inner.extend_from_slice(bytes);
        inner.push(content);
        let nonce = nonce(&self.iv, self.number)?;
        let key = self.key.as_ref().ok_or_else(|| io::Error::other(Unspecified))?;
        key.seal_in_place_append_tag(nonce, Aad::from(header), &mut inner).map_err(io::Error::other)?;
        self.number += 1;
        out.extend_from_slice(&header);
        out.extend_from_slice(&inner);
        Ok(())
    }
}

/// The key for AES-128-GCM with that label.
pub(super) fn key(secret: &[u8], label: &str) -> Option<LessSafeKey> {
    Some(LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &expand(secret, label, 16)).ok()?))
}

/// The nonce of that record or packet (RFC 8446 section 5.3).
pub(super) fn nonce(iv: &[u8], number: u64) -> io::Result<Nonce> {
    let mut nonce = iv.to_vec();
    nonce.iter_mut().skip(4).zip(number.to_be_bytes()).for_each(|(byte, number)| *byte ^= number);
    Nonce::try_assume_unique_for_key(&nonce).map_err(io::Error::other)
}

/// HKDF-Expand-Label with an empty context (RFC 8446 section 7.1). Empty where that is impossible.
pub(super) fn expand(secret: &[u8], label: &str, len: usize) -> Vec<u8> {
    struct Len(usize);
    impl KeyType for Len {
        fn len(&self) -> usize {
            self.0
        }
    }
    let label = vector(1, &[b"tls13 ", label.as_bytes()].concat());
    let info = [&u16::try_from(len).unwrap_or(0).to_be_bytes()[..], &label, &[0]];
    let mut out = vec![0; len];
    let secret = Prk::new_less_safe(HKDF_SHA256, secret);
    let filled = secret.expand(&info, Len(len)).and_then(|okm: Okm<'_, Len>| okm.fill(&mut out));
    filled.map(|()| out).unwrap_or_default()
}

/// A client hello, as a handshake message, with further extensions.
pub(super) fn client_hello(random: &[u8], host: &str, alpn: &[u8], more: &[u8], dice: &mut Dice) -> Vec<u8> {
    let name = vector(2, &[&[0][..], &vector(2, host.as_bytes())].concat());
    let extensions = [
        extension(0, &name),
        extension(43, b"\x02\x03\x04"),
        extension(10, b"\x00\x02\x00\x1d"),
        extension(13, b"\x00\x04\x04\x03\x08\x04"),
        extension(51, &vector(2, &share(dice))),
        extension(16, &vector(2, alpn)),
        more.to_vec(),
    ];
    let parts = [&b"\x03\x03"[..], random, b"\x00", b"\x00\x02\x13\x01", b"\x01\x00"];
    handshake(1, &[parts.concat(), vector(2, &extensions.concat())].concat())
}

/// A server hello, as a handshake message.
pub(super) fn server_hello(dice: &mut Dice) -> Vec<u8> {
    let extensions = [extension(43, b"\x03\x04"), extension(51, &share(dice))].concat();
    let parts = [&b"\x03\x03"[..], &dice.bytes(32), b"\x00", b"\x13\x01", b"\x00", &vector(2, &extensions)];
    handshake(2, &parts.concat())
}

/// What the server says encrypted: the protocol chosen, and that it has finished. There is no certificate, as in
/// a session that was resumed.
pub(super) fn flight(protocol: &[u8], more: &[u8], dice: &mut Dice) -> Vec<u8> {
    let extensions = [&extension(16, &vector(2, protocol))[..], more].concat();
    [handshake(8, &vector(2, &extensions)), finished(dice)].concat()
}

/// The message that ends a flight.
pub(super) fn finished(dice: &mut Dice) -> Vec<u8> {
    handshake(20, &dice.bytes(32))
}

/// A key share that nobody ever uses.
fn share(dice: &mut Dice) -> Vec<u8> {
    [&[0, 29][..], &vector(2, &dice.bytes(32))].concat()
}

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &vector(3, body)].concat()
}

/// An extension of a hello.
pub(super) fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &vector(2, data)].concat()
}

/// Bytes behind their length of one, two or three bytes.
fn vector(width: usize, bytes: &[u8]) -> Vec<u8> {
    let len = u32::try_from(bytes.len()).unwrap_or(0).to_be_bytes();
    [len.get(4 - width..).unwrap_or_default(), bytes].concat()
}

fn record(content: u8, bytes: &[u8]) -> Vec<u8> {
    [&[content, 3, 3][..], &vector(2, bytes)].concat()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The client's name.
pub(super) const AGENT: &str = "okhttp/4.9.1";
/// Most bytes in a record (RFC 8446 section 5.1), and in a frame of HTTP/2.
const LARGEST: usize = 16_384;
