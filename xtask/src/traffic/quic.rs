//! QUIC of our own making (RFC 9000, RFC 9001) with HTTP/3 within (RFC 9114): a handshake without a key exchange,
//! packets protected under secrets that dice gave, and these in a key log.

use std::io::{self, Write};

use aws_lc_rs::{
    aead::{Aad, LessSafeKey, quic},
    hmac,
};
use testkit::{Dice, Endpoint, Net, Wire, h2};

use super::sealed::{
    AGENT, Request, Secrets, client_hello, expand, extension, finished, flight, key, nonce, server_hello,
};

/// A connection.
pub(super) struct Quic {
    sides: [Peer; 2],
    host: String,
    /// How many requests there were.
    requests: u64,
}

/// One side of it.
struct Peer {
    endpoint: Endpoint,
    /// Its connection id.
    id: Vec<u8>,
    sealer: Sealer,
}

impl Quic {
    /// Opens a connection from `client` to `server`, of that name. Its secrets go into `keys`.
    pub(super) fn open<W: Wire>(
        net: &mut Net<W>,
        [client, server]: [Endpoint; 2],
        host: &str,
        (dice, keys): (&mut Dice, &mut impl Write),
    ) -> io::Result<Self> {
        let secrets = Secrets::new(dice, keys)?;
        let (first, ids) = (dice.bytes(8), [dice.bytes(8), dice.bytes(8)]);
        let initial = initial_secret(&first);
        let [mut up, mut down] =
            ["client in", "server in"].map(|label| Sealer::new(&expand(&initial, label, 32)));
        let [mut shake_up, mut shake_down] = secrets.handshake.each_ref().map(|secret| Sealer::new(secret));

        let hello = client_hello(&secrets.random, host, ALPN, &parameters(&[(0x0f, &ids[0])]), dice);
        let mut frames = crypto(&hello);
        frames.resize(frames.len().max(1200 - LONG_OVERHEAD), 0);
        net.udp(&client, &server, &up.long(INITIAL, [&first, &ids[0]], &frames)?)?;

        let mut answer = down.long(INITIAL, [&ids[0], &ids[1]], &crypto(&server_hello(dice)))?;
        let said = flight(ALPN, &parameters(&[(0x0f, &ids[1]), (0, &first)]), dice);
        answer.extend(shake_down.long(HANDSHAKE, [&ids[0], &ids[1]], &crypto(&said))?);
        net.udp(&server, &client, &answer)?;

        let done = shake_up.long(HANDSHAKE, [&ids[1], &ids[0]], &crypto(&finished(dice)))?;
        net.udp(&client, &server, &done)?;

        let [up, down] = secrets.traffic.each_ref().map(|secret| Sealer::new(secret));
        let [of_client, of_server] = ids;
        let sides = [
            Peer { endpoint: client, id: of_client, sealer: up },
            Peer { endpoint: server, id: of_server, sealer: down },
        ];
        let mut quic = Self { sides, host: host.to_owned(), requests: 0 };
        // The control streams: their type and an empty SETTINGS frame (RFC 9114 section 6.2.1).
        quic.stream(net, CLIENT, 2, &[0, 4, 0], false)?;
        quic.stream(net, SERVER, 3, &[0, 4, 0], false)?;
        Ok(quic)
    }

    /// A request with its body (none: a GET), and its answer.
    pub(super) fn exchange<W: Wire>(
        &mut self,
        net: &mut Net<W>,
        request: &Request<'_>,
        (media, answer): (&str, &[u8]),
    ) -> io::Result<()> {
        let stream = self.requests * 4;
        self.requests += 1;
        let asked = request_frames(request, &self.host);
        self.stream(net, CLIENT, stream, &asked, true)?;
        let fields =
            [vec![0, 0, indexed(25)], named(44, media), named(4, &answer.len().to_string())].concat();
        let answered = [frame(HEADERS, &fields), frame(DATA, answer)].concat();
        self.stream(net, SERVER, stream, &answered, true)
    }

    /// Says that there is nothing more to say (RFC 9000 section 10.2; H3_NO_ERROR).
    pub(super) fn close<W: Wire>(&mut self, net: &mut Net<W>) -> io::Result<()> {
        let frames = [&[0x1d][..], &varint(0x100), &[0]].concat();
        self.packet(net, CLIENT, &frames)
    }

    /// Bytes of a stream, in as many packets as they need.
    fn stream<W: Wire>(
        &mut self,
        net: &mut Net<W>,
        side: usize,
        id: u64,
        bytes: &[u8],
        end: bool,
    ) -> io::Result<()> {
        let count = bytes.len().div_ceil(PIECE);
        for (number, part) in bytes.chunks(PIECE).enumerate() {
            let last = end && number + 1 == count;
            // With an offset and a length (RFC 9000 section 19.8).
            let mut frames = vec![0x0e | u8::from(last)];
            frames.extend(varint(id));
            frames.extend(varint((number * PIECE) as u64));
            frames.extend(varint(part.len() as u64));
            frames.extend_from_slice(part);
            self.packet(net, side, &frames)?;
        }
        Ok(())
    }

    fn packet<W: Wire>(&mut self, net: &mut Net<W>, side: usize, frames: &[u8]) -> io::Result<()> {
        let [client, server] = &mut self.sides;
        let (from, to) = if side == CLIENT { (client, server) } else { (server, client) };
        let packet = from.sealer.short(&to.id, frames)?;
        net.udp(&from.endpoint, &to.endpoint, &packet)
    }
}

/// Protects the packets of one direction and level with AES-128-GCM (RFC 9001 section 5).
struct Sealer {
    key: Option<LessSafeKey>,
    iv: Vec<u8>,
    mask: Option<quic::HeaderProtectionKey>,
    number: u32,
}

impl Sealer {
    fn new(secret: &[u8]) -> Self {
        let mask = quic::HeaderProtectionKey::new(&quic::AES_128, &expand(secret, "quic hp", 16)).ok();
        Self { key: key(secret, "quic key"), iv: expand(secret, "quic iv", 12), mask, number: 0 }
    }

    /// A packet with a long header: to the first of the connection ids, from the second.
    fn long(&mut self, kind: u8, ids: [&[u8]; 2], frames: &[u8]) -> io::Result<Vec<u8>> {
        let mut header = vec![0xc0 | kind << 4 | 3, 0, 0, 0, 1];
        for id in ids {
            header.push(u8::try_from(id.len()).map_err(io::Error::other)?);
            header.extend_from_slice(id);
        }
        if kind == INITIAL {
            header.push(0);
        }
        let len = u16::try_from(4 + frames.len() + TAG).map_err(io::Error::other)? | 0x4000;
        header.extend(len.to_be_bytes());
        self.protect(header, 0x0f, frames)
    }

    /// A packet with a short header.
    fn short(&mut self, to: &[u8], frames: &[u8]) -> io::Result<Vec<u8>> {
        self.protect([&[0x43][..], to].concat(), 0x1f, frames)
    }

    /// Puts number and frames behind a header, and protects all of it.
    fn protect(&mut self, mut header: Vec<u8>, hidden: u8, frames: &[u8]) -> io::Result<Vec<u8>> {
        let at = header.len();
        header.extend(self.number.to_be_bytes());
        let nonce = nonce(&self.iv, self.number.into())?;
        self.number += 1;
        let (key, mask) =
            self.key.as_ref().zip(self.mask.as_ref()).ok_or_else(|| io::Error::other("no key"))?;
        let mut sealed = frames.to_vec();
        key.seal_in_place_append_tag(nonce, Aad::from(&header), &mut sealed).map_err(io::Error::other)?;
        let sample = sealed.get(..16).ok_or_else(|| io::Error::other("too short"))?;
        let [first, number @ ..] = mask.new_mask(sample).map_err(io::Error::other)?;
        header.iter_mut().take(1).for_each(|byte| *byte ^= first & hidden);
        header.iter_mut().skip(at).zip(number).for_each(|(byte, mask)| *byte ^= mask);
        header.extend(sealed);
        Ok(header)
    }
}

/// The secret of Initial packets to that connection id (RFC 9001 section 5.2).
fn initial_secret(id: &[u8]) -> Vec<u8> {
    const SALT: [u8; 20] = [
        0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc,
        0xbb, 0x7f, 0x0a,
    ];
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &SALT), id).as_ref().to_vec()
}

/// The extension with a side's transport parameters (RFC 9000 section 18): 0 is the connection id that the client
/// began with, 15 the side's own.
fn parameters(rows: &[(u64, &[u8])]) -> Vec<u8> {
    let row = |(id, value): &(u64, &[u8])| frame(*id, value);
    extension(57, &rows.iter().flat_map(row).collect::<Vec<u8>>())
}

fn crypto(message: &[u8]) -> Vec<u8> {
    [&[6, 0][..], &varint(message.len() as u64), message].concat()
}

fn request_frames(request: &Request<'_>, host: &str) -> Vec<u8> {
    let Request { path, media, coding, body } = *request;
    let method = if body.is_empty() { 17 } else { 20 };
    let mut fields = vec![0, 0, indexed(method), indexed(23)];
    fields.extend(named(0, host));
    fields.extend(named(1, path));
    fields.extend(named(95, AGENT));
    if !body.is_empty() {
        fields.extend(named(44, media));
        fields.extend(named(4, &body.len().to_string()));
    }
    if !coding.is_empty() {
        fields.extend(named(42, coding));
    }
    let mut frames = frame(HEADERS, &fields);
    if !body.is_empty() {
        frames.extend(frame(DATA, body));
    }
    frames
}

fn frame(kind: u64, payload: &[u8]) -> Vec<u8> {
    [&varint(kind)[..], &varint(payload.len() as u64), payload].concat()
}

/// A field of QPACK's static table below 63 (RFC 9204 section 4.5.2).
fn indexed(index: u8) -> u8 {
    0xc0 | index
}

/// A field with a name of the static table (RFC 9204 section 4.5.4).
fn named(index: usize, value: &str) -> Vec<u8> {
    [h2::integer(4, 0x50, index), h2::plain(value.as_bytes())].concat()
}

/// An integer of variable length (RFC 9000 section 16).
fn varint(value: u64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let (width, mark) = match value {
        0..=0x3f => (1, 0),
        0x40..=0x3fff => (2, 0x40),
        0x4000..=0x3fff_ffff => (4, 0x80),
        _ => (8, 0xc0),
    };
    let mut out = bytes.get(8 - width..).unwrap_or_default().to_vec();
    out.iter_mut().take(1).for_each(|byte| *byte |= mark);
    out
}

const ALPN: &[u8] = b"\x02h3";
const CLIENT: usize = 0;
const SERVER: usize = 1;
/// Kinds of long headers (RFC 9000 section 17.2).
const INITIAL: u8 = 0;
const HANDSHAKE: u8 = 2;
/// Frames of HTTP/3 (RFC 9114 section 7.2).
const DATA: u64 = 0;
const HEADERS: u64 = 1;
const TAG: usize = 16;
/// What an Initial packet has besides frames.
const LONG_OVERHEAD: usize = 1 + 4 + 9 + 9 + 1 + 2 + 4 + TAG;
/// Bytes of a stream in one packet.
const PIECE: usize = 1160;
