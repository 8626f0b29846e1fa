//! Which keys open which packet: those of Initial packets follow from what was sent, the others from secrets of
//! the key ring, which name a connection by its client's random.

use std::sync::Arc;

use evidence::{HexBytes, Schedule};

use super::{
    header::PacketType,
    keys::{InitialKeys, Opened, PacketKeys, Suite},
    version::Version,
};
use crate::{
    Derivation, KeyRing,
    keys::{Label, Secret},
};

/// A level of encryption (RFC 9001 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// Initial packets.
    Initial,
    /// 0-RTT packets.
    Early,
    /// Handshake packets.
    Handshake,
    /// 1-RTT packets.
    Data,
}

/// A packet as it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    pub(super) level: Level,
    /// As its header says; of a short header, what the connection goes by.
    pub(super) version: u32,
    pub(super) bytes: &'a [u8],
    /// Where its number begins.
    pub(super) number_at: usize,
}

/// A packet that was opened.
#[derive(Debug)]
pub(super) struct Unlocked {
    pub(super) opened: Opened,
    pub(super) suite: Suite,
    pub(super) schedule: Schedule,
    /// Where the secret stands.
    pub(super) key: Option<Arc<Derivation>>,
}

/// Why a packet stays shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shut {
    /// Its own keys do not open it: it was changed, or is none.
    Changed,
    /// The secrets at hand are others'.
    Misfit,
    /// The client's random is not known, or not yet.
    NoHello,
    /// There is no secret for it.
    NoSecret,
    /// A version or cipher suite that is not known.
    Unknown,
}

/// What is known of a connection from its handshake.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    /// Destination connection id of the client's first packet.
    pub(super) original: &'a [u8],
    /// The client's random.
    pub(super) random: Option<&'a [u8]>,
    /// The cipher suite chosen.
    pub(super) suite: Option<u16>,
}

/// The keys of a connection.
#[derive(Debug, Default)]
pub(super) struct Locks {
    initial: Vec<(u32, InitialKeys)>,
    early: Option<Lock>,
    handshake: [Option<Lock>; 2],
    data: [Option<Lock>; 2],
    /// How often secrets did not fit, while the ring was as large as this.
    misfits: (u64, u32),
}

#[derive(Debug)]
struct Lock {
    keys: PacketKeys,
    version: u32,
    key: Arc<Derivation>,
}

impl Level {
    /// Of a packet with that header. `None` where it has no packet number.
    pub(super) fn of(kind: PacketType) -> Option<Self> {
        match kind {
            PacketType::Handshake => Some(Self::Handshake),
            PacketType::Initial => Some(Self::Initial),
            PacketType::ZeroRtt => Some(Self::Early),
            PacketType::Negotiation | PacketType::Retry | PacketType::Unknown => None,
        }
    }

    /// Its packet number space (RFC 9000 section 12.3), which is also its stream of handshake bytes.
    pub(super) fn space(self) -> usize {
        match self {
            Self::Initial => 0,
            Self::Handshake => 1,
            Self::Data | Self::Early => 2,
        }
    }

    fn label(self, side: usize) -> Option<Label> {
        match (self, side) {
            (Self::Early, 0) => Some(Label::ClientEarly),
            (Self::Handshake, 0) => Some(Label::ClientHandshake),
            (Self::Handshake, _) => Some(Label::ServerHandshake),
            (Self::Data, 0) => Some(Label::ClientTraffic(0)),
            (Self::Data, _) => Some(Label::ServerTraffic(0)),
            (Self::Early | Self::Initial, _) => None,
        }
    }
}

impl Locks {
    /// Opens a packet of a side (0 is the client). `largest`: see [`PacketKeys::open`].
    pub(super) fn open(
        &mut self,
        packet: Packet<'_>,
        (side, largest): (usize, Option<u64>),
        known: Known<'_>,
        ring: &KeyRing,
    ) -> Result<Unlocked, Shut> {
        if packet.level == Level::Initial {
            return self.open_initial(packet, (side, largest), known.original);
        }
        if let Some(lock) = self.lock(packet.level, side) {
            return lock.open(packet, largest).ok_or(Shut::Changed);
        }
        let random = known.random.ok_or(Shut::NoHello)?;
        let label = packet.level.label(side).ok_or(Shut::Changed)?;
        let secrets = ring.secrets(random, label);
        if secrets.is_empty() {
            return Err(Shut::NoSecret);
        }
        let version = Version::of(packet.version).ok_or(Shut::Unknown)?;
        if known.suite.is_some_and(|suite| Suite::of(suite).is_none()) {
            return Err(Shut::Unknown);
        }
        self.may_misfit(ring)?;
        // 0-RTT data come before the choice.
        let suite = known.suite.filter(|_| packet.level != Level::Early);
        let found = secrets.iter().find_map(|secret| fit(packet, version, (secret, suite), largest));
        let (lock, unlocked) = found.ok_or(Shut::Misfit)?;
        *self.lock(packet.level, side) = Some(lock);
        self.misfits.1 = 0;
        Ok(unlocked)
    }

    fn open_initial(
        &mut self,
        packet: Packet<'_>,
        (side, largest): (usize, Option<u64>),
        original: &[u8],
    ) -> Result<Unlocked, Shut> {
        // The peers may go over to another version, whose keys follow from the same id (RFC 9369 section 4.1).
        if self.initial.iter().all(|(version, _)| *version != packet.version) && self.initial.len() < VERSIONS
        {
            let version = Version::of(packet.version).ok_or(Shut::Unknown)?;
            let keys = InitialKeys::derive(version, original).ok_or(Shut::Changed)?;
            self.initial.push((packet.version, keys));
        }
        let keys = self.initial.iter_mut().find(|(version, _)| *version == packet.version);
        let (_, keys) = keys.ok_or(Shut::Unknown)?;
        let keys = if side == 0 { &mut keys.client } else { &mut keys.server };
        let opened = keys.open(packet.bytes, packet.number_at, largest).ok_or(Shut::Changed)?;
        let destination = HexBytes::from(original);
        let schedule = Schedule::QuicInitial { version: packet.version, destination, client: side == 0 };
        Ok(Unlocked { opened, suite: Suite::INITIAL, schedule, key: None })
    }

    fn lock(&mut self, level: Level, side: usize) -> &mut Option<Lock> {
        let pair = match level {
            Level::Handshake => &mut self.handshake,
            Level::Data => &mut self.data,
            Level::Early | Level::Initial => return &mut self.early,
        };
        let [client, server] = pair;
        if side == 0 { client } else { server }
    }

    /// Counts an attempt: secrets that do not fit cost a derivation for each packet.
    fn may_misfit(&mut self, ring: &KeyRing) -> Result<(), Shut> {
        let generation = ring.generation();
        if self.misfits.0 != generation {
            self.misfits = (generation, 0);
        }
        self.misfits.1 = self.misfits.1.saturating_add(1);
        if self.misfits.1 > MISFITS { Err(Shut::Misfit) } else { Ok(()) }
    }
}

impl Lock {
    fn open(&mut self, packet: Packet<'_>, largest: Option<u64>) -> Option<Unlocked> {
        let opened = self.keys.open(packet.bytes, packet.number_at, largest)?;
        let suite = self.keys.suite();
        let schedule = Schedule::Quic { version: self.version, hash: suite.hash, updates: opened.updates };
        Some(Unlocked { opened, suite, schedule, key: Some(Arc::clone(&self.key)) })
    }
}

/// Tries a secret: with the suite chosen, or, where that was not seen, with each that has secrets of its length.
fn fit(
    packet: Packet<'_>,
    version: &'static Version,
    (secret, suite): (&Secret, Option<u16>),
    largest: Option<u64>,
) -> Option<(Lock, Unlocked)> {
    let suites = Suite::ALL.into_iter().filter(|one| {
        one.secret_len() == secret.bytes.len() && suite.is_none_or(|suite| suite == one.number)
    });
    suites.into_iter().find_map(|suite| {
        let keys = PacketKeys::derive(version, suite, &secret.bytes)?;
        let mut lock = Lock { keys, version: packet.version, key: Arc::clone(&secret.key) };
        let unlocked = lock.open(packet, largest)?;
        Some((lock, unlocked))
    })
}

/// Versions whose Initial keys are derived for one connection.
const VERSIONS: usize = 4;

/// How many packets secrets may not fit before no more are tried.
const MISFITS: u32 = 64;
