//! A stage for sealed flows: writes TLS 1.3 with secrets of its own, plays it to a session that has them, in any
//! cut, and keeps the books.

#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop where it is wrong")]

use std::sync::Arc;

use aws_lc_rs::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, KeyType, Okm, Prk},
};
use evidence::{Anomaly, CaptureId, Fate, FrameNo, Ledger, Segment, Source, Timestamp, Transport};
pub(crate) use wire::Sender::{Originator, Responder};
use wire::{Ending, KeyRing, Message, Seal, Sender, Session, StreamBuffer, flow::FlowSink};

use crate::tls_bytes::{handshake, hello_to, record, server_hello_13, vector};

/// One direction's sealing.
pub(crate) struct Sealer {
    secret: Vec<u8>,
    pub(crate) number: u64,
}

impl Sealer {
    pub(crate) fn new(secret: u8) -> Self {
        Self { secret: vec![secret; 32], number: 0 }
    }

    /// A record with that content, and zeros behind it.
    pub(crate) fn seal_padded(&mut self, content: u8, bytes: &[u8], zeros: usize) -> Vec<u8> {
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &expand(&self.secret, "key", 16)).unwrap());
        let mut nonce: [u8; 12] = expand(&self.secret, "iv", 12).try_into().unwrap();
        nonce.iter_mut().skip(4).zip(self.number.to_be_bytes()).for_each(|(byte, number)| *byte ^= number);
        self.number += 1;
        let mut inner = [bytes, &[content], &vec![0; zeros]].concat();
        let len = u16::try_from(inner.len() + 16).unwrap().to_be_bytes();
        let aad = Aad::from([23, 3, 3, len[0], len[1]]);
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut inner).unwrap();
        record(23, &inner)
    }

    pub(crate) fn seal(&mut self, content: u8, bytes: &[u8]) -> Vec<u8> {
        self.seal_padded(content, bytes, 0)
    }

    pub(crate) fn data(&mut self, bytes: impl AsRef<[u8]>) -> Vec<u8> {
        self.seal(23, bytes.as_ref())
    }

    /// The message of a key update, behind which the keys are others.
    pub(crate) fn update(&mut self) -> Vec<u8> {
        let message = self.seal(22, &handshake(24, &[0]));
        self.secret = expand(&self.secret, "traffic upd", 32);
        self.number = 0;
        message
    }
}

fn expand(secret: &[u8], label: &str, len: usize) -> Vec<u8> {
    struct Len(usize);
    impl KeyType for Len {
        fn len(&self) -> usize {
            self.0
        }
    }
    let label = vector(1, &[b"tls13 ", label.as_bytes()].concat());
    let info = [&u16::try_from(len).unwrap().to_be_bytes()[..], &label, &[0]];
    let mut out = vec![0; len];
    let secret = Prk::new_less_safe(HKDF_SHA256, secret);
    secret.expand(&info, Len(len)).and_then(|okm: Okm<'_, Len>| okm.fill(&mut out)).unwrap();
    out
}

/// The key log of a flow.
pub(crate) fn log() -> String {
    let line = |label: &str, secret: u8| {
        format!("{label} {} {}\n", "07".repeat(32), format!("{secret:02x}").repeat(32))
    };
    [
        line("CLIENT_HANDSHAKE_TRAFFIC_SECRET", 1),
        line("SERVER_HANDSHAKE_TRAFFIC_SECRET", 2),
        line("CLIENT_TRAFFIC_SECRET_0", 3),
        line("SERVER_TRAFFIC_SECRET_0", 4),
    ]
    .concat()
}

pub(crate) fn ring() -> KeyRing {
    let ring = KeyRing::default();
    ring.add_log(CaptureId(1), 0, 1, log().as_bytes());
    ring
}

/// The handshake's three flights, and the sealers of both sides behind it.
pub(crate) fn shake() -> (Vec<Act>, Sealer, Sealer) {
    let (mut client, mut server) = (Sealer::new(1), Sealer::new(2));
    let finished = handshake(20, &[5; 32]);
    let certificate =
        handshake(11, &[&[0][..], &vector(3, &[&vector(3, b"no DER")[..], &[0, 0]].concat())].concat());
    let answer = [handshake(8, &[0, 0]), certificate, finished.clone()].concat();
    let (first, second) = answer.split_at(20);
    let down = [
        record(22, &server_hello_13()),
        record(20, &[1]),
        server.seal(22, first),
        server.seal_padded(22, second, 9),
    ];
    let up = [record(20, &[1]), client.seal(22, &finished)];
    let acts = vec![
        Act::Up(record(22, &hello_to("sealed.example"))),
        Act::Down(down.concat()),
        Act::Up(up.concat()),
    ];
    (acts, Sealer::new(3), Sealer::new(4))
}

/// One event of a flow.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Up(Vec<u8>),
    Down(Vec<u8>),
    UpGap(u64),
    DownGap(u64),
    /// A key log comes.
    Keys(String),
}

/// A message and the place of each of its bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) protocol: &'static str,
    pub(crate) sender: Sender,
    pub(crate) exchange: u32,
    pub(crate) bytes: Vec<u8>,
    pub(crate) ending: Ending,
    pub(crate) position: u64,
    pub(crate) seal: Option<Arc<Seal>>,
    places: Vec<Option<(CaptureId, FrameNo, u64)>>,
}

/// What a session told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) messages: Vec<Message>,
    pub(crate) anomalies: Vec<Anomaly>,
    pub(crate) passed: Ledger,
    /// The bytes of the flow, each at its place.
    pub(crate) file: Vec<u8>,
}

impl Told {
    pub(crate) fn lines(&self) -> Vec<Line> {
        let line = |message: &Message| Line {
            protocol: message.protocol,
            sender: message.sender,
            exchange: message.exchange,
            bytes: message.recorded.bytes.clone(),
            ending: message.ending,
            position: message.position,
            seal: message.seal.clone(),
            places: (0..message.recorded.bytes.len() as u64).map(|at| message.recorded.place(at)).collect(),
        };
        self.messages.iter().map(line).collect()
    }

    /// What was said under the seal, the connection's own messages not counted: protocol, bytes as text, ending.
    pub(crate) fn said(&self) -> Vec<(&'static str, String, Ending)> {
        let inner =
            self.messages.iter().filter(|message| message.seal.is_some() && message.protocol != "TLS");
        let text = |message: &Message| String::from_utf8_lossy(&message.recorded.bytes).into_owned();
        inner.map(|message| (message.protocol, text(message), message.ending)).collect()
    }

    /// Why bytes stayed encrypted.
    pub(crate) fn reasons(&self) -> Vec<(String, u64)> {
        let rows = self.passed.rows().into_iter().filter(|row| row.fate == Fate::Encrypted);
        rows.map(|row| (row.reason, row.bytes)).collect()
    }

    pub(crate) fn odd(&self) -> Vec<&str> {
        self.anomalies.iter().map(|anomaly| &*anomaly.what).collect()
    }
}

/// Plays a script whole, and in pieces of 1 and 7; all must tell the same.
pub(crate) fn play(ring: impl Fn() -> KeyRing, acts: &[Act]) -> Told {
    let whole = play_cut(&ring(), acts, usize::MAX);
    for step in [1, 7] {
        let cut = play_cut(&ring(), acts, step);
        assert_eq!(whole.lines(), cut.lines(), "cut into pieces of {step}");
        assert_eq!(
            (&whole.anomalies, &whole.passed),
            (&cut.anomalies, &cut.passed),
            "cut into pieces of {step}"
        );
    }
    whole
}

pub(crate) fn play_cut(ring: &KeyRing, acts: &[Act], step: usize) -> Told {
    let mut session = Session::over(Transport::Tcp, [40000, 443], ring);
    let mut streams: [StreamBuffer; 2] = Default::default();
    let mut told = Told::default();
    for (frame, act) in (1..).zip(acts) {
        let (sender, bytes) = match act {
            Act::Up(bytes) => (Originator, bytes),
            Act::Down(bytes) => (Responder, bytes),
            Act::UpGap(len) | Act::DownGap(len) => {
                let sender = if matches!(act, Act::UpGap(_)) { Originator } else { Responder };
                let stream = &mut streams[usize::from(sender == Responder)];
                session.gap(sender, *len, stream);
                assert!(stream.is_empty(), "bytes are left before a gap");
                stream.lose(*len);
                hear(&mut session, &mut told);
                continue;
            }
            Act::Keys(log) => {
                ring.add_log(CaptureId(1), 0, 1, log.as_bytes());
                continue;
            }
        };
        let stream = &mut streams[usize::from(sender == Responder)];
        for piece in bytes.chunks(step) {
            let source = Source::Frame { capture: CaptureId(0), frame: FrameNo(frame) };
            let segment = Segment::exact(0, piece.len() as u64, source, told.file.len() as u64);
            told.file.extend_from_slice(piece);
            stream.append(piece, [segment], Timestamp(i64::try_from(frame).unwrap()));
            session.data(sender, stream);
            hear(&mut session, &mut told);
        }
    }
    for sender in [Originator, Responder] {
        let stream = &mut streams[usize::from(sender == Responder)];
        session.end(sender, stream);
        assert!(stream.is_empty(), "bytes are left at the end");
        hear(&mut session, &mut told);
    }
    told.passed = session.ledger();
    let recorded: usize = told.messages.iter().map(|message| message.recorded.bytes.len()).sum();
    assert_eq!(told.file.len() as u64, recorded as u64 + told.passed.total(), "bytes given, bytes told");
    told
}

fn hear(session: &mut Session, told: &mut Told) {
    told.messages.append(&mut session.output().messages);
    told.anomalies.append(&mut session.output().anomalies);
}
