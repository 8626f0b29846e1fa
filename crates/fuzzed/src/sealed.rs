//! What is in TLS 1.3 records, which a fuzzer cannot reach from the outside: the input, cut as
//! [`session`](crate::session) says, is what both sides say; it is sealed here with secrets that the session has.
//!
//! Of each stretch the first byte says what the record holds: application data, or by its lower bits a handshake
//! message, an alert, a change of ciphers, nothing; the highest bit damages it.

use aws_lc_rs::{
    aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, KeyType, Okm, Prk},
};
use evidence::{CaptureId, FrameNo, Ledger, Segment, Source, Timestamp, Transport};
use wire::{Ending, KeyRing, Sender, Session, StreamBuffer, flow::FlowSink};

use crate::session::{Act, acts, side};

pub(crate) fn records(input: &[u8]) {
    let script = sealed(&acts(input));
    let whole = play(&script, usize::MAX);
    for step in [1, 7] {
        assert_eq!(whole, play(&script, step), "cut into pieces of {step}");
    }
}

/// What a side does.
enum Sealed {
    Say(Sender, Vec<u8>),
    Gap(Sender, u64),
}

/// Seals what a script says, behind a handshake.
fn sealed(acts: &[Act<'_>]) -> Vec<Sealed> {
    let [mut client, mut server] = [1, 2].map(Sealer::new);
    let finished = [20, 0, 0, 1, 0];
    let mut script = vec![
        Sealed::Say(Sender::Originator, hello(1, &[0, 2, 0x13, 1, 1, 0])),
        Sealed::Say(Sender::Responder, hello(2, &[0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3, 4])),
        Sealed::Say(Sender::Responder, server.seal(22, &finished)),
        Sealed::Say(Sender::Originator, client.seal(22, &finished)),
    ];
    [client, server] = [3, 4].map(Sealer::new);
    for act in acts {
        match act {
            Act::Gap(sender, len) => script.push(Sealed::Gap(*sender, u64::from(*len))),
            Act::Say(sender, bytes) => {
                let Some((first, said)) = bytes.split_first() else { continue };
                let sealer = if *sender == Sender::Originator { &mut client } else { &mut server };
                let content = [23, 23, 23, 22, 21, 20, 24, 0][usize::from(first & 7)];
                let mut record: Vec<u8> =
                    said.chunks(16_000).flat_map(|said| sealer.seal(content, said)).collect();
                if let Some(last) = record.last_mut().filter(|_| first & 0x80 != 0) {
                    *last ^= 1;
                }
                script.push(Sealed::Say(*sender, record));
            }
        }
    }
    script
}

/// A hello with a random of sevens and no session.
fn hello(kind: u8, rest: &[u8]) -> Vec<u8> {
    let body = [&[3, 3][..], &[7; 32], &[0], rest].concat();
    let len = u8::try_from(body.len()).unwrap();
    [&[22, 3, 3, 0, len + 4, kind, 0, 0, len][..], &body].concat()
}

/// What one side seals with.
struct Sealer {
    key: LessSafeKey,
    iv: [u8; NONCE_LEN],
    number: u64,
}

impl Sealer {
    fn new(secret: u8) -> Self {
        let (mut key, mut iv) = ([0; 16], [0; NONCE_LEN]);
        expand(secret, b"\x00\x10\x09tls13 key\x00", &mut key);
        expand(secret, b"\x00\x0c\x08tls13 iv\x00", &mut iv);
        Self { key: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap()), iv, number: 0 }
    }

    fn seal(&mut self, content: u8, bytes: &[u8]) -> Vec<u8> {
        let mut nonce = self.iv;
        nonce.iter_mut().skip(4).zip(self.number.to_be_bytes()).for_each(|(byte, one)| *byte ^= one);
        self.number += 1;
        let mut inner = [bytes, &[content]].concat();
        let [high, low] = u16::try_from(inner.len() + 16).unwrap().to_be_bytes();
        let header = [23, 3, 3, high, low];
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(nonce, Aad::from(header), &mut inner).unwrap();
        [&header[..], &inner].concat()
    }
}

fn expand(secret: u8, info: &[u8], out: &mut [u8]) {
    let secret = Prk::new_less_safe(HKDF_SHA256, &[secret; 32]);
    let info = [info];
    let okm = secret.expand(&info, Len(out.len()));
    okm.and_then(|okm: Okm<'_, Len>| okm.fill(out)).unwrap();
}

/// So many bytes of output.
struct Len(usize);

impl KeyType for Len {
    fn len(&self) -> usize {
        self.0
    }
}

fn ring() -> KeyRing {
    let labels = ["CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET"];
    let labels = labels.into_iter().chain(["CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"]);
    let line = |(label, secret): (&str, u8)| {
        format!("{label} {} {}\n", "07".repeat(32), format!("{secret:02x}").repeat(32))
    };
    let log: String = labels.zip(1..).map(line).collect();
    let ring = KeyRing::default();
    ring.add_log(CaptureId(1), 0, 1, log.as_bytes());
    ring
}

/// Where a byte was recorded: file, frame, offset.
type Place = (CaptureId, FrameNo, u64);

/// What a session told: of each message what it is, and where each of its bytes was recorded.
#[derive(Debug, Default, PartialEq)]
struct Told {
    lines: Vec<(&'static str, Sender, u32, Ending, u64, bool)>,
    bytes: Vec<(u8, Option<Place>)>,
    odd: Vec<String>,
    passed: Ledger,
    /// Bytes of the flow that messages account for.
    accounted: u64,
}

fn play(script: &[Sealed], step: usize) -> Told {
    let mut session = Session::over(Transport::Tcp, [40_000, 443], &ring());
    let (mut streams, mut told, mut given) = (<[StreamBuffer; 2]>::default(), Told::default(), 0);
    for (frame, act) in (1..).zip(script) {
        match act {
            Sealed::Gap(sender, len) => {
                let stream = &mut streams[side(*sender)];
                session.gap(*sender, *len, stream);
                assert!(stream.is_empty(), "bytes are left before a gap");
                stream.lose(*len);
                hear(&mut session, &mut told);
            }
            Sealed::Say(sender, bytes) => {
                for piece in bytes.chunks(step) {
                    let source = Source::Frame { capture: CaptureId(0), frame: FrameNo(frame) };
                    let segment = Segment::exact(0, piece.len() as u64, source, given);
                    given += piece.len() as u64;
                    let stream = &mut streams[side(*sender)];
                    stream.append(piece, [segment], Timestamp(0));
                    session.data(*sender, stream);
                    hear(&mut session, &mut told);
                }
            }
        }
    }
    for sender in [Sender::Originator, Sender::Responder] {
        let stream = &mut streams[side(sender)];
        session.end(sender, stream);
        assert!(stream.is_empty(), "bytes are left at the end");
        hear(&mut session, &mut told);
    }
    told.passed = session.ledger();
    assert_eq!(told.accounted + told.passed.total(), given, "bytes told, bytes given");
    told
}

fn hear(session: &mut Session, told: &mut Told) {
    let output = session.output();
    for message in output.messages.drain(..) {
        crate::session::check(&message);
        let recorded = &message.recorded;
        let sealed = message.seal.is_some();
        let place = (message.exchange, message.ending, message.position);
        told.lines.push((message.protocol, message.sender, place.0, place.1, place.2, sealed));
        told.accounted += message.stands_for.unwrap_or(recorded.bytes.len() as u64);
        told.bytes.extend(recorded.bytes.iter().zip(0..).map(|(byte, at)| (*byte, recorded.place(at))));
    }
    told.odd.extend(output.anomalies.drain(..).map(|anomaly| anomaly.what.into_owned()));
}
