//! The handshake in CRYPTO frames (RFC 9001 section 4) to messages: each side's hello, and the flight behind it
//! with the protocol chosen and the certificates.
//!
//! A message is a flight: a hello, or all up to `Finished`. Where its packets were cut does not matter.

use std::sync::Arc;

use evidence::{Fate, Step};

use super::{
    assembly::{Assembly, Stretch},
    locks::Level,
};
use crate::{
    Body, Ending, Head, Message, Part, Recorded, Role, Seal, Sender,
    protocol::Output,
    session::raw::RawRun,
    tls::{self, Carrier, ClientHello, Handshake, HandshakeType, Notes, Said, ServerHello, handshake},
};

/// The handshake of a connection.
#[derive(Debug, Default)]
pub(super) struct Crypto {
    /// Of client and server, by packet number space.
    voices: [[Voice; 3]; 2],
    /// The client's random.
    pub(super) random: Option<Vec<u8>>,
    /// The cipher suite chosen.
    pub(super) suite: Option<u16>,
    /// The protocols that the client offered (RFC 7301).
    offered: Vec<String>,
    /// The protocol that the server chose.
    chosen: Option<String>,
}

/// What one side says at one level.
#[derive(Debug, Default)]
struct Voice {
    assembly: Assembly,
    /// Bytes of the ready ones that are whole messages and were heard.
    heard: usize,
    /// What is given out as it stands, since nobody knows where a message begins.
    lost: Option<RawRun>,
}

/// Where messages belong.
#[derive(Clone, Debug)]
pub(super) struct Placing {
    pub(super) protocol: &'static str,
    pub(super) sender: Sender,
    pub(super) exchange: u32,
    /// What protects them; of Initial packets nothing does.
    pub(super) seal: Option<Arc<Seal>>,
}

impl Crypto {
    /// Adds handshake bytes of a side (0 is the client). Returns how many had come before.
    pub(super) fn add(&mut self, (side, level): (usize, Level), stretch: Stretch<'_>) -> usize {
        self.voice(side, level.space()).map_or(0, |voice| voice.assembly.add(stretch))
    }

    /// The protocol that the streams speak: the one chosen, else the one that the client likes best.
    pub(super) fn protocol(&self) -> Option<&str> {
        self.chosen.as_deref().or(self.offered.first().map(String::as_str))
    }

    /// Whether the server has answered.
    pub(super) fn is_answered(&self) -> bool {
        self.suite.is_some()
    }

    /// Gives out what a side has said to the end at one level.
    pub(super) fn tell(&mut self, (side, space): (usize, usize), placing: &Placing, out: &mut Output) {
        self.hear(side, space, placing, out);
        let Some(voice) = self.voice(side, space) else { return };
        if voice.assembly.is_full() || voice.assembly.ready.len() > handshake::MESSAGE {
            self.lose(side, space, placing, out);
        }
    }

    /// Gives out all that waits. `placing` says where what a side said belongs.
    pub(super) fn finish(&mut self, placing: impl Fn(usize, usize) -> Placing, out: &mut Output) {
        for (side, space) in (0..2).flat_map(|side| (0..3).map(move |space| (side, space))) {
            let placing = placing(side, space);
            self.hear(side, space, &placing, out);
            while self.voice(side, space).is_some_and(|voice| voice.is_waiting()) {
                self.lose(side, space, &placing, out);
            }
        }
    }

    fn voice(&mut self, side: usize, space: usize) -> Option<&mut Voice> {
        self.voices.get_mut(side)?.get_mut(space)
    }

    /// Reads the whole messages, and gives out the flights that end with one.
    fn hear(&mut self, side: usize, space: usize, placing: &Placing, out: &mut Output) {
        loop {
            let named = self.random.is_some();
            let Some(voice) = self.voice(side, space).filter(|voice| voice.lost.is_none()) else { break };
            let heard = voice.heard;
            let bytes = voice.assembly.ready.bytes().get(heard..).unwrap_or_default();
            let Some(message) = handshake::messages(bytes).next() else { break };
            // A hello that grows by a byte with each packet is not to be read each time.
            if !message.whole && named {
                break;
            }
            let learned = Learned::of(&message);
            let (whole, ends) = (message.whole, ends_flight(message.kind, space));
            let end = heard.saturating_add(handshake::HEADER).saturating_add(message.body.len());
            if whole {
                voice.heard = end;
            }
            let flight = (whole && ends).then(|| {
                voice.heard = 0;
                voice.assembly.ready.take(end)
            });
            self.learn(learned);
            match flight {
                Some(recorded) if space == Level::Data.space() => {
                    out.pass(Fate::Decoded, TICKETS, recorded.bytes.len() as u64, 1);
                }
                Some(recorded) => give(recorded, Ending::Whole, placing, out),
                None if whole => {}
                None => break,
            }
        }
        if let Some(Voice { lost: Some(run), assembly, .. }) = self.voice(side, space) {
            sealed(placing, out, |out| run.cut_full((placing.sender, &mut assembly.ready), out));
        }
    }

    fn learn(&mut self, learned: Learned) {
        match learned {
            Learned::Nothing => {}
            Learned::Chosen(protocol) => self.chosen = Some(protocol),
            Learned::Client { random, offered } => {
                self.random.get_or_insert(random);
                if self.offered.is_empty() {
                    self.offered = offered;
                }
            }
            Learned::Server { suite } => {
                self.suite.get_or_insert(suite);
            }
        }
    }

    /// Gives out what is ready though it is not whole, and goes on behind the next hole.
    fn lose(&mut self, side: usize, space: usize, placing: &Placing, out: &mut Output) {
        let Some(voice) = self.voice(side, space) else { return };
        let ready = &mut voice.assembly.ready;
        match &mut voice.lost {
            Some(run) => {
                sealed(placing, out, |out| run.flush(Ending::Cut, (placing.sender, ready), out));
                run.lose(voice.assembly.hole().unwrap_or(0));
            }
            None => {
                let recorded = ready.take(ready.len());
                if !recorded.bytes.is_empty() {
                    give(recorded, Ending::Cut, placing, out);
                }
                voice.lost = Some(RawRun::new(placing.protocol, placing.exchange));
                voice.heard = 0;
            }
        }
        voice.assembly.give_up();
    }
}

impl Voice {
    fn is_waiting(&self) -> bool {
        !self.assembly.ready.is_empty() || self.assembly.hole().is_some()
    }
}

/// What a handshake message tells of its connection.
enum Learned {
    Chosen(String),
    Client { random: Vec<u8>, offered: Vec<String> },
    Nothing,
    Server { suite: u16 },
}

impl Learned {
    fn of(message: &Handshake<'_>) -> Self {
        match message.kind {
            // The random of a hello that is not all there is as good.
            HandshakeType::CLIENT_HELLO => {
                let hello = ClientHello::read(message.body, Carrier::Quic);
                let offered = hello.protocols().into_iter().map(tls::text).collect();
                match hello.random {
                    [] => Self::Nothing,
                    random => Self::Client { random: random.to_vec(), offered },
                }
            }
            HandshakeType::SERVER_HELLO if message.whole => {
                Self::Server { suite: ServerHello::read(message.body).suite }
            }
            HandshakeType::ENCRYPTED_EXTENSIONS if message.whole => {
                tls::chosen(message.body).into_iter().next().map_or(Self::Nothing, Self::Chosen)
            }
            _ => Self::Nothing,
        }
    }
}

/// Whether a flight ends with a message of that type.
fn ends_flight(kind: HandshakeType, space: usize) -> bool {
    let hello = matches!(kind, HandshakeType::CLIENT_HELLO | HandshakeType::SERVER_HELLO);
    hello || kind == HandshakeType::FINISHED || space == Level::Data.space()
}

/// Gives out a flight.
fn give(recorded: Recorded, ending: Ending, placing: &Placing, out: &mut Output) {
    // Hellos are sent in the clear.
    let mut said = Said { newer: placing.seal.is_some(), ..Said::default() };
    let mut notes = Notes { recorded: &recorded, out };
    for message in handshake::messages(&recorded.bytes) {
        said.add(&message, Carrier::Quic, &mut notes);
    }
    let part = said.name.map(|value| Part { role: Role::HostName, name: 0..0, value });
    out.messages.push(Message {
        protocol: placing.protocol,
        sender: placing.sender,
        exchange: placing.exchange,
        recorded,
        step: Step::Reassembly,
        parts: part.into_iter().collect(),
        body: Body::None,
        head: Head::Tls(Box::new(said.head)),
        ending,
        position: 0,
        seal: placing.seal.clone(),
        stands_for: None,
    });
}

/// Puts the seal on what `make` gives out.
pub(super) fn sealed(placing: &Placing, out: &mut Output, make: impl FnOnce(&mut Output)) {
    let before = out.messages.len();
    make(out);
    for message in out.messages.iter_mut().skip(before) {
        message.seal = message.seal.take().or_else(|| placing.seal.clone());
    }
}

const TICKETS: &str = "QUIC session tickets";
