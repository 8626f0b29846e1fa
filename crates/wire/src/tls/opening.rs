//! Which keys open the next record: from the handshake and the secrets at hand to one direction's protection,
//! through changes of ciphers, early data, key updates and lost records.
//!
//! A secret is taken for the right one when a record opens with it: several may be said to be, and some records
//! are lost. So what is tried is a window of record numbers, mostly one, and, where a change of keys may have
//! been lost, the keys behind it. How much is tried in vain is bounded.

use std::sync::Arc;

use evidence::{KeyBlock, Schedule};

use super::{
    conversation::Conversation,
    handshake::{Handshake, HandshakeType},
    hello::Carrier,
    protection::{Agreed, Named, Opened, Protection, TLS13},
    record::ContentType,
    suite::Suite,
};
use crate::{
    KeyRing, Sender,
    keys::{Label, Origin},
};

/// The protection of both directions.
#[derive(Debug)]
pub(super) struct Opening {
    keys: KeyRing,
    carrier: Carrier,
    talk: Conversation,
    originator: Way,
    responder: Way,
    /// The master secret that opened a record, and what its keys were made with.
    chosen: Option<(Arc<Origin>, KeyBlock)>,
}

/// Why a record stays closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Records before it were lost.
    BytesLost,
    /// The ones before it opened, and it does not authenticate.
    Damaged,
    /// The handshake is not in the capture.
    NoHello,
    /// There are no keys at all.
    NoKey,
    /// The key logs do not have this connection.
    NoSecret,
    /// They have one, with which nothing opens.
    NotFitting,
    /// The cipher suite or the version is not known.
    Unsupported,
}

/// One direction.
#[derive(Debug)]
struct Way {
    stage: Stage,
    /// How often the ciphers changed, as the records of datagrams say.
    epoch: u16,
    /// The keys of this stage: several, as long as none has opened a record.
    current: Vec<Candidate>,
    /// Those of later stages, which may begin unseen.
    later: Vec<(Stage, Candidate)>,
    /// Keys were looked for when the ring had that generation.
    looked: Option<u64>,
    why: Why,
    /// A record opened in this stage.
    fits: bool,
    /// The next record has a number in `low..=high`.
    low: u64,
    high: u64,
    /// The number behind the last record that opened.
    expected: u64,
    /// Bytes that may still be tried in vain.
    budget: u64,
}

#[derive(Debug)]
struct Candidate {
    protection: Protection,
    origin: Option<Arc<Origin>>,
}

/// Which keys are in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// After a change of ciphers, up to TLS 1.2.
    Ciphers,
    Clear,
    /// TLS 1.3.
    Early,
    Handshake,
    Traffic,
}

/// An opened record and what else its room needs to know.
#[derive(Debug)]
pub(super) struct Unsealed {
    pub(super) opened: Opened,
    /// Where the secret stands.
    pub(super) key: Option<Arc<crate::Derivation>>,
    pub(super) fidelity: evidence::Fidelity,
    pub(super) agreed: Agreed,
    /// How many records before it were lost, and what protection takes of each at least.
    pub(super) lost: u64,
    pub(super) overhead: u64,
}

impl Opening {
    pub(super) fn new(keys: KeyRing, carrier: Carrier) -> Self {
        Self {
            keys,
            carrier,
            talk: Conversation::default(),
            originator: Way::new(),
            responder: Way::new(),
            chosen: None,
        }
    }

    /// Hears a handshake message; `raw` is the message with its header, `sealed` whether it came encrypted.
    pub(super) fn hear(&mut self, sender: Sender, message: &Handshake<'_>, raw: &[u8], sealed: bool) {
        if message.kind == HandshakeType::CLIENT_HELLO && !sealed {
            self.originator = Way::new();
            self.responder = Way::new();
        }
        self.talk.hear(sender, message, raw, self.carrier);
        match message.kind {
            HandshakeType::CLIENT_HELLO if !sealed && self.talk.early => self.way(sender).enter(Stage::Early),
            HandshakeType::SERVER_HELLO if self.talk.version == TLS13 && !sealed => self.begin(sender),
            HandshakeType::NEW_SESSION_TICKET => self.remember(),
            HandshakeType::END_OF_EARLY_DATA if sealed => self.way(sender).enter(Stage::Handshake),
            HandshakeType::FINISHED if sealed && self.talk.version == TLS13 => {
                self.way(sender).enter(Stage::Traffic);
            }
            HandshakeType::KEY_UPDATE if sealed => self.way(sender).update(),
            _ => {}
        }
    }

    /// Hears a hello that is compatible with SSL 2.
    pub(super) fn hear_old(&mut self, sender: Sender, message: &[u8]) {
        self.talk.hear_old(sender, message);
    }

    /// `sender` changes to the ciphers that were agreed on. TLS 1.3 says so for show, also before the server's
    /// hello.
    pub(super) fn change(&mut self, sender: Sender) {
        if self.talk.version != TLS13 && self.talk.server_random.is_some() {
            self.way(sender).enter(Stage::Ciphers);
        }
    }

    /// Whether a record of that type is protected.
    pub(super) fn protects(&mut self, sender: Sender, content: ContentType) -> bool {
        let data = content == ContentType::APPLICATION_DATA;
        let unseen = data && self.talk.server_random.is_some() && self.talk.version != TLS13;
        let way = self.way(sender);
        match way.stage {
            Stage::Ciphers => true,
            Stage::Clear if unseen => {
                // The change of ciphers was lost.
                way.enter(Stage::Ciphers);
                way.high = UNSEEN;
                true
            }
            Stage::Clear => false,
            Stage::Early | Stage::Handshake | Stage::Traffic => data,
        }
    }

    /// Whether messages of the handshake come in several records, and are one flight.
    pub(super) fn shakes_hands(&mut self, sender: Sender) -> bool {
        self.way(sender).stage == Stage::Handshake
    }

    /// Whether there are keys to try; else why not.
    pub(super) fn ready(&mut self, sender: Sender) -> Result<(), Why> {
        self.look(sender);
        let way = self.way(sender);
        let none = way.current.is_empty() && way.later.is_empty();
        if none || way.budget == 0 { Err(way.why) } else { Ok(()) }
    }

    /// Opens the next record, and puts what it gives into `out`.
    pub(super) fn open(
        &mut self,
        sender: Sender,
        record: Named,
        content: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Unsealed, Why> {
        self.ready(sender)?;
        let way = self.way(sender);
        let Some(unsealed) = way.open(record, content, out) else {
            let lost = way.high > way.low;
            way.miss(content);
            let why = match (way.fits, lost) {
                (true, true) => Why::BytesLost,
                (true, false) => Why::Damaged,
                (false, _) => Why::NotFitting,
            };
            way.why = why;
            return Err(why);
        };
        self.choose(sender);
        Ok(unsealed)
    }

    /// Opens a datagram's record, which says its number, and in it how often the ciphers changed.
    pub(super) fn open_numbered(
        &mut self,
        sender: Sender,
        (epoch, number): (u16, u64),
        record: Named,
        content: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Unsealed, Why> {
        let hello = self.talk.server_random.is_some() && self.talk.version != TLS13;
        let way = self.way(sender);
        if epoch > way.epoch && hello {
            way.enter(Stage::Ciphers);
            way.epoch = epoch;
        }
        if epoch < way.epoch {
            return Err(Why::NotFitting);
        }
        self.ready(sender)?;
        let way = self.way(sender);
        (way.low, way.high) = (number, number);
        let damaged = if way.fits { Why::Damaged } else { Why::NotFitting };
        let unsealed = way.open(record, content, out).ok_or(damaged)?;
        self.choose(sender);
        Ok(unsealed)
    }

    /// What the first bytes of the next record give, the end of which is missing. Only where there is no doubt
    /// about the keys: nothing shows whether they are the right ones.
    pub(super) fn open_cut(
        &mut self,
        sender: Sender,
        record: Named,
        content: &[u8],
        out: &mut Vec<u8>,
    ) -> Option<Unsealed> {
        let way = self.way(sender);
        let [candidate] = &way.current[..] else { return None };
        let sure = way.fits && way.low == way.high && way.stage != Stage::Handshake;
        let opened = candidate.protection.open_cut(way.low, record, content, out).filter(|_| sure)?;
        Some(candidate.unsealed(opened, 0))
    }

    /// One record was lost or passed over.
    pub(super) fn skip(&mut self, sender: Sender) {
        let way = self.way(sender);
        // Of TLS 1.3 without its keys it is not known where a stage ends.
        let counted = way.fits || way.stage == Stage::Ciphers;
        way.low = way.low.saturating_add(u64::from(counted));
        way.high = way.high.saturating_add(1);
    }

    /// So many bytes were lost, with records of which the number is not known.
    pub(super) fn lose(&mut self, sender: Sender, bytes: u64) {
        let way = self.way(sender);
        way.high = way.high.saturating_add(bytes / SHORTEST + 1);
        if way.why == Why::NoSecret || way.why == Why::NoKey {
            return;
        }
        way.why = Why::BytesLost;
    }

    fn way(&mut self, sender: Sender) -> &mut Way {
        match sender {
            Sender::Originator => &mut self.originator,
            Sender::Responder => &mut self.responder,
        }
    }

    /// TLS 1.3: behind the server's hello both sides encrypt.
    fn begin(&mut self, server: Sender) {
        let client = self.talk.client;
        if self.talk.server_random.is_none() {
            // It asks for another client hello: what was sent early is gone.
            return self.way(client).enter(Stage::Clear);
        }
        self.way(server).enter(Stage::Handshake);
        let early = self.talk.early;
        let way = self.way(client);
        match way.stage {
            Stage::Early if early => way.looked = None,
            _ => way.enter(Stage::Handshake),
        }
    }

    /// Looks for keys, where that was not done or there are new ones.
    fn look(&mut self, sender: Sender) {
        let generation = self.keys.generation();
        let way = match sender {
            Sender::Originator => &self.originator,
            Sender::Responder => &self.responder,
        };
        if way.looked == Some(generation) || (way.looked.is_some() && way.fits) {
            return;
        }
        let (stage, fits) = (way.stage, way.fits);
        let found = if fits { None } else { Some(self.candidates(sender, stage)) };
        let later = self.later(sender, stage);
        let why = self.missing();
        let way = self.way(sender);
        if way.looked.is_some() {
            // Records went by before there were keys: it is the last ones that are to be opened.
            way.budget = BUDGET;
            way.low = way.low.max(way.high.saturating_sub(LATE));
        }
        way.looked = Some(generation);
        way.why = why;
        way.later = later;
        if let Some(found) = found {
            way.current = found;
        }
    }

    /// Why there are no keys, where there are none.
    fn missing(&self) -> Why {
        if self.keys.is_empty() {
            Why::NoKey
        } else if self.talk.client_random.is_none() || (self.talk.server_random.is_none() && !self.talk.early)
        {
            Why::NoHello
        } else if !self.talk.early && self.talk.agreed().is_none_or(|agreed| !agreed.openable(self.carrier)) {
            Why::Unsupported
        } else {
            Why::NoSecret
        }
    }

    fn later(&self, sender: Sender, stage: Stage) -> Vec<(Stage, Candidate)> {
        let stages: &[Stage] = match stage {
            Stage::Early => &[Stage::Handshake, Stage::Traffic],
            Stage::Handshake => &[Stage::Traffic],
            Stage::Ciphers | Stage::Clear | Stage::Traffic => &[],
        };
        let of = |stage: &Stage| {
            let stage = *stage;
            self.candidates(sender, stage).into_iter().map(move |one| (stage, one))
        };
        stages.iter().flat_map(of).collect()
    }

    fn candidates(&self, sender: Sender, stage: Stage) -> Vec<Candidate> {
        let client = sender == self.talk.client;
        let label = match stage {
            Stage::Clear => return Vec::new(),
            Stage::Ciphers => return self.by_master(sender),
            Stage::Early => return self.early(),
            Stage::Handshake if client => Label::ClientHandshake,
            Stage::Handshake => Label::ServerHandshake,
            Stage::Traffic if client => Label::ClientTraffic(0),
            Stage::Traffic => Label::ServerTraffic(0),
        };
        let agreed = self.talk.agreed().filter(|_| self.talk.server_random.is_some());
        let agreed = agreed.filter(|agreed| agreed.openable(self.carrier));
        agreed.map_or_else(Vec::new, |agreed| self.by_traffic_secret(agreed, label))
    }

    /// TLS 1.3: early data comes before the server has told the suite.
    fn early(&self) -> Vec<Candidate> {
        let suites = self.talk.offered.iter().filter_map(|suite| Suite::of(*suite)).take(SUITES);
        let agreed =
            suites.map(|suite| Agreed { version: TLS13, suite, encrypt_then_mac: false, bare: false });
        agreed.flat_map(|agreed| self.by_traffic_secret(agreed, Label::ClientEarly)).collect()
    }

    fn by_traffic_secret(&self, agreed: Agreed, label: Label) -> Vec<Candidate> {
        let random = self.talk.client_random.unwrap_or_default();
        let secrets = self.keys.secrets(&random, label).into_iter();
        let hash = agreed.suite.schedule_hash(agreed.version);
        let candidate = |secret: crate::keys::Secret| {
            let schedule = Schedule::Tls13 { hash, updates: 0, datagrams: false };
            let protection = Protection::new(agreed, schedule, &secret.bytes, Some(secret.key))?;
            Some(Candidate { protection, origin: None })
        };
        secrets.filter_map(candidate).collect()
    }

    /// Up to TLS 1.2.
    fn by_master(&self, sender: Sender) -> Vec<Candidate> {
        let Some(agreed) = self.talk.agreed().filter(|agreed| !agreed.is_tls13()) else { return Vec::new() };
        let Some(block) = self.talk.block(agreed, sender) else { return Vec::new() };
        let candidate = |origin: Arc<Origin>| {
            let schedule = origin.schedule(block.clone());
            let key = Some(Arc::clone(&origin.key));
            let protection = Protection::new(agreed, schedule, &origin.secret, key)?;
            Some(Candidate { protection, origin: Some(origin) })
        };
        let mut found: Vec<_> =
            self.talk.origins(agreed, &self.keys).into_iter().filter_map(candidate).collect();
        if found.is_empty() {
            found
                .extend(Protection::unkeyed(agreed).map(|protection| Candidate { protection, origin: None }));
        }
        found
    }

    /// Remembers the master secret that opened a record.
    fn choose(&mut self, sender: Sender) {
        let Some(origin) = self.way(sender).current.first().and_then(|one| one.origin.clone()) else {
            return;
        };
        if self.chosen.as_ref().is_some_and(|(chosen, _)| Arc::ptr_eq(chosen, &origin)) {
            return;
        }
        let block = self.talk.agreed().and_then(|agreed| self.talk.block(agreed, sender));
        self.chosen = block.map(|block| (origin, block));
        self.remember();
    }

    fn remember(&self) {
        if let Some((origin, block)) = &self.chosen {
            self.talk.remember(origin, block, &self.keys);
        }
    }
}

impl Way {
    fn new() -> Self {
        Self {
            stage: Stage::Clear,
            epoch: 0,
            current: Vec::new(),
            later: Vec::new(),
            looked: None,
            why: Why::NoHello,
            fits: false,
            low: 0,
            high: 0,
            expected: 0,
            budget: BUDGET,
        }
    }

    fn enter(&mut self, stage: Stage) {
        *self = Self { stage, epoch: self.epoch, budget: self.budget, ..Self::new() };
    }

    /// After a key update.
    fn update(&mut self) {
        let updated = self.current.iter().filter_map(|one| one.protection.updated());
        self.current = updated.map(|protection| Candidate { protection, origin: None }).collect();
        (self.low, self.high, self.expected) = (0, 0, 0);
    }

    fn open(&mut self, record: Named, content: &[u8], out: &mut Vec<u8>) -> Option<Unsealed> {
        let mut tries = 0;
        let found = self.find(record, content, out, &mut tries);
        self.budget = match &found {
            Some(_) => self.budget.saturating_add(4 * content.len() as u64).min(BUDGET),
            None => self.budget.saturating_sub(tries),
        };
        let (place, opened) = found?;
        let lost = match place {
            Place::Current(index) => {
                if self.current.len() > 1 {
                    self.current = vec![self.current.swap_remove(index)];
                }
                opened.number.saturating_sub(self.expected)
            }
            Place::Later(index) => {
                let (stage, candidate) = self.later.swap_remove(index);
                let later = self
                    .later
                    .drain(..)
                    .filter(|(other, _)| matches!((stage, other), (Stage::Handshake, Stage::Traffic)));
                let (later, looked, why) = (later.collect(), self.looked, self.why);
                self.enter(stage);
                (self.current, self.later, self.looked, self.why) = (vec![candidate], later, looked, why);
                opened.number.saturating_add(1)
            }
            Place::Updated(protection) => {
                self.current = vec![Candidate { protection: *protection, origin: None }];
                opened.number.saturating_add(1)
            }
        };
        self.fits = true;
        self.low = opened.number.saturating_add(1);
        (self.high, self.expected) = (self.low, self.low);
        Some(self.current.first()?.unsealed(opened, lost))
    }

    fn find(
        &mut self,
        record: Named,
        content: &[u8],
        out: &mut Vec<u8>,
        tries: &mut u64,
    ) -> Option<(Place, Opened)> {
        let most = 1 + self.budget / (content.len() as u64 + 64);
        let last = self.high.min(self.low.saturating_add(most.min(WINDOW)));
        for (index, candidate) in self.current.iter_mut().enumerate() {
            let opened = candidate.protection.open(self.low..=last, record, content, out, tries);
            if let Some(opened) = opened {
                return Some((Place::Current(index), opened));
            }
        }
        let window = last.saturating_sub(self.low);
        for (index, (_, candidate)) in self.later.iter_mut().enumerate() {
            let opened = candidate.protection.open(0..=window, record, content, out, tries);
            if let Some(opened) = opened {
                return Some((Place::Later(index), opened));
            }
        }
        // A key update may have been lost.
        let [candidate] = &self.current[..] else { return None };
        let mut updated = candidate.protection.updated().filter(|_| self.fits && window > 0)?;
        let opened = updated.open(0..=window, record, content, out, tries)?;
        Some((Place::Updated(Box::new(updated)), opened))
    }

    /// A record could not be opened.
    fn miss(&mut self, content: &[u8]) {
        self.high = self.high.saturating_add(1);
        self.current.iter_mut().for_each(|one| one.protection.pass(content));
    }
}

/// Which keys opened a record.
enum Place {
    Current(usize),
    Later(usize),
    Updated(Box<Protection>),
}

impl Candidate {
    fn unsealed(&self, opened: Opened, lost: u64) -> Unsealed {
        Unsealed {
            opened,
            key: self.protection.key().cloned(),
            fidelity: self.protection.fidelity(),
            agreed: self.protection.agreed(),
            lost,
            overhead: self.protection.overhead(),
        }
    }
}

/// Bytes that are tried in vain, of one direction: enough for some hundred of the longest records.
const BUDGET: u64 = 8 << 20;

/// Records before the newest that are tried where keys come late.
const LATE: u64 = 64;

/// Bytes of the shortest record.
const SHORTEST: u64 = 22;

/// Cipher suites of an offer that are tried for early data.
const SUITES: usize = 16;

/// Records behind a change of ciphers that was lost.
const UNSEEN: u64 = 8;

/// Most record numbers that are tried.
const WINDOW: u64 = 1024;
