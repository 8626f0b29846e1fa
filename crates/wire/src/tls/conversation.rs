//! What a handshake says of the keys that come behind it: randoms, suite, what is resumed, and the premaster
//! secret that a client encrypts (RFC 5246 section 7.4, RFC 7366, RFC 7627, RFC 8446 section 4).

use std::sync::Arc;

use aws_lc_rs::digest;
use evidence::{HexBytes, KeyBlock, Master, ScheduleHash};

use super::{
    handshake::{Handshake, HandshakeType},
    hello::{Carrier, ClientHello, ServerHello},
    protection::{Agreed, TLS13},
    reader::Reader,
    suite::Suite,
};
use crate::{
    KeyRing, Sender,
    keys::{Label, Origin, OriginKind, SessionName},
};

/// A handshake as far as it was heard.
#[derive(Debug)]
pub(super) struct Conversation {
    /// Who sent the client hello.
    pub(super) client: Sender,
    pub(super) client_random: Option<[u8; 32]>,
    pub(super) server_random: Option<[u8; 32]>,
    /// As on the wire.
    pub(super) version: u16,
    /// The number of a draft of TLS 1.3, 0 where it is none.
    draft: u8,
    pub(super) suite: u16,
    /// Cipher suites that the client offered.
    pub(super) offered: Vec<u16>,
    /// The client announced early data, and was not asked for another hello.
    pub(super) early: bool,
    encrypt_then_mac: bool,
    /// The master secret is made with the hash of the handshake.
    extended: bool,
    /// The server's session id.
    session: Vec<u8>,
    /// The client's ticket.
    ticket: Option<SessionName>,
    /// The server's new ticket.
    pub(super) new_ticket: Option<SessionName>,
    /// The client's key exchange.
    exchange: Option<Vec<u8>>,
    /// What the hash of the handshake is made of: the client hello, what the server says up to its done, what
    /// the client says up to its key exchange.
    transcript: [Transcript; 3],
}

/// Messages of a handshake, headers included.
#[derive(Debug, Default)]
struct Transcript {
    bytes: Vec<u8>,
    /// No more belong to it.
    over: bool,
    /// They were too many.
    incomplete: bool,
}

impl Default for Conversation {
    fn default() -> Self {
        Self {
            client: Sender::Originator,
            client_random: None,
            server_random: None,
            version: 0,
            draft: 0,
            suite: 0,
            offered: Vec::new(),
            early: false,
            encrypt_then_mac: false,
            extended: false,
            session: Vec::new(),
            ticket: None,
            new_ticket: None,
            exchange: None,
            transcript: Default::default(),
        }
    }
}

impl Conversation {
    /// Hears a message; `raw` is the message with its header.
    pub(super) fn hear(&mut self, sender: Sender, message: &Handshake<'_>, raw: &[u8], carrier: Carrier) {
        match message.kind {
            HandshakeType::CLIENT_HELLO => {
                self.client_hello(sender, &ClientHello::read(message.body, carrier), raw);
            }
            HandshakeType::SERVER_HELLO => {
                self.server_hello(&ServerHello::read(message.body));
                self.note(sender, message.kind, raw);
            }
            HandshakeType::NEW_SESSION_TICKET if self.version != TLS13 => {
                let mut reader = Reader::new(message.body);
                let ticket = reader.u32().and_then(|_| reader.vec16());
                self.new_ticket = ticket.and_then(|ticket| SessionName::ticket(ticket.rest()));
            }
            HandshakeType::CLIENT_KEY_EXCHANGE => {
                self.exchange = Some(message.body.to_vec());
                self.note(sender, message.kind, raw);
            }
            kind => self.note(sender, kind, raw),
        }
    }

    /// Hears a hello that is compatible with SSL 2.
    pub(super) fn hear_old(&mut self, sender: Sender, message: &[u8]) {
        self.client_hello(sender, &ClientHello::read_old(message), message);
    }

    /// What both sides agreed on, where it can be undone.
    pub(super) fn agreed(&self) -> Option<Agreed> {
        // The labels of older drafts were others.
        let suite = Suite::of(self.suite).filter(|_| !matches!(self.draft, 1..20))?;
        let (version, encrypt_then_mac) = (self.version, self.encrypt_then_mac);
        Some(Agreed { version, suite, encrypt_then_mac, bare: matches!(self.draft, 1..25) })
    }

    /// What keys of TLS up to 1.2 are made with.
    pub(super) fn block(&self, agreed: Agreed, sender: Sender) -> Option<KeyBlock> {
        Some(KeyBlock {
            hash: agreed.suite.schedule_hash(agreed.version),
            client_random: self.client_random?.into(),
            server_random: self.server_random?.into(),
            mac_len: u8::try_from(agreed.mac_len()).ok()?,
            client: sender == self.client,
        })
    }

    /// Where the master secret can come from: one of these is it.
    pub(super) fn origins(&self, agreed: Agreed, keys: &KeyRing) -> Vec<Arc<Origin>> {
        let Some(random) = self.client_random else { return Vec::new() };
        let mut origins = Vec::new();
        let masters = keys.secrets(&random, Label::Master).into_iter();
        for secret in masters.chain(keys.masters_of_session(&self.session)) {
            let (secret, key) = (secret.bytes, secret.key);
            origins.push(Arc::new(Origin { kind: OriginKind::Master, secret, key }));
        }
        let names = [SessionName::id(&self.session), self.ticket.clone()];
        origins.extend(names.iter().flatten().filter_map(|name| keys.recall(name)));
        if let Some(master) = self.master(agreed) {
            self.add_premasters(&random, &master, agreed, keys, &mut origins);
        }
        origins
    }

    /// Remembers the session's secret for those that resume it.
    pub(super) fn remember(&self, origin: &Origin, block: &KeyBlock, keys: &KeyRing) {
        let origin = Arc::new(origin.for_others(block));
        let names = [SessionName::id(&self.session), self.new_ticket.clone()];
        names.into_iter().flatten().for_each(|name| keys.remember(name, &origin));
    }

    fn add_premasters(
        &self,
        random: &[u8],
        master: &Master,
        agreed: Agreed,
        keys: &KeyRing,
        origins: &mut Vec<Arc<Origin>>,
    ) {
        let encrypted = self.encrypted(agreed).unwrap_or_default();
        let logged = keys.secrets(random, Label::Premaster).into_iter();
        for secret in logged.chain(keys.premasters_of_encrypted(encrypted)) {
            let kind = OriginKind::Premaster(master.clone());
            origins.push(Arc::new(Origin { kind, secret: secret.bytes, key: secret.key }));
        }
        for opened in keys.opened_premasters(encrypted) {
            let kind = OriginKind::Rsa { encrypted: encrypted.into(), master: master.clone() };
            origins.push(Arc::new(Origin { kind, secret: opened.bytes, key: opened.key }));
        }
    }

    /// The premaster secret that the client encrypted.
    fn encrypted(&self, agreed: Agreed) -> Option<&[u8]> {
        let exchange = self.exchange.as_deref().filter(|_| agreed.suite.by_rsa())?;
        // SSL 3.0 had no length before it.
        if agreed.version == 0x0300 { Some(exchange) } else { Some(Reader::new(exchange).vec16()?.rest()) }
    }

    /// What a master secret is made with. `None` where part of the handshake was not heard.
    fn master(&self, agreed: Agreed) -> Option<Master> {
        if !self.extended {
            return Some(Master::Randoms);
        }
        if self.transcript.iter().any(|part| part.incomplete || part.bytes.is_empty()) {
            return None;
        }
        let hash = |algorithm| {
            let mut context = digest::Context::new(algorithm);
            self.transcript.iter().for_each(|part| context.update(&part.bytes));
            context.finish().as_ref().to_vec()
        };
        let handshake = match agreed.suite.schedule_hash(agreed.version) {
            ScheduleHash::Md5Sha1 => {
                use md5::{Digest, Md5};
                let mut context = Md5::new();
                self.transcript.iter().for_each(|part| context.update(&part.bytes));
                [context.finalize().to_vec(), hash(&digest::SHA1_FOR_LEGACY_USE_ONLY)].concat()
            }
            ScheduleHash::Ssl3 => return None,
            ScheduleHash::Sha256 => hash(&digest::SHA256),
            ScheduleHash::Sha384 => hash(&digest::SHA384),
        };
        Some(Master::Extended(HexBytes(handshake)))
    }

    fn client_hello(&mut self, sender: Sender, hello: &ClientHello<'_>, raw: &[u8]) {
        let retried = self.version == TLS13 && self.server_random.is_none() && self.suite != 0;
        *self = Self {
            client: sender,
            client_random: padded(hello.random),
            offered: hello.suites.clone(),
            early: hello.extension(EARLY_DATA).is_some() && !retried,
            ticket: hello.extension(SESSION_TICKET).and_then(|extension| SessionName::ticket(extension.data)),
            ..Self::default()
        };
        let [first, ..] = &mut self.transcript;
        first.add(raw);
    }

    fn server_hello(&mut self, hello: &ServerHello<'_>) {
        self.version = if hello.seals() { TLS13 } else { hello.version() };
        let [high, low] = hello.version().to_be_bytes();
        self.draft = if high == 0x7f { low } else { 0 };
        self.suite = hello.suite;
        if hello.retries() {
            self.early = false;
            return;
        }
        self.server_random = padded(hello.random);
        self.session = hello.session_id.to_vec();
        self.encrypt_then_mac = hello.extension(ENCRYPT_THEN_MAC).is_some();
        self.extended = hello.extension(EXTENDED_MASTER_SECRET).is_some();
    }

    fn note(&mut self, sender: Sender, kind: HandshakeType, raw: &[u8]) {
        // Requests for a hello belong to no handshake (RFC 5246 section 7.4.1.1, RFC 6347 section 4.2.1).
        if matches!(kind.0, 0 | 3) {
            return;
        }
        let [_, server, client] = &mut self.transcript;
        let (part, last) = if sender == self.client {
            (client, HandshakeType::CLIENT_KEY_EXCHANGE)
        } else {
            (server, HandshakeType::SERVER_HELLO_DONE)
        };
        part.add(raw);
        part.over |= kind == last;
    }
}

impl Transcript {
    fn add(&mut self, raw: &[u8]) {
        if self.over {
            return;
        }
        if self.bytes.len().saturating_add(raw.len()) > TRANSCRIPT {
            self.incomplete = true;
            return;
        }
        self.bytes.extend_from_slice(raw);
    }
}

/// A random; the challenge of a hello that is compatible with SSL 2 has zeros before it.
fn padded(random: &[u8]) -> Option<[u8; 32]> {
    let mut whole = [0; 32];
    whole.get_mut(32usize.checked_sub(random.len())?..)?.copy_from_slice(random);
    (!random.is_empty()).then_some(whole)
}

/// Extension types.
const EARLY_DATA: u16 = 42;
const ENCRYPT_THEN_MAC: u16 = 22;
const EXTENDED_MASTER_SECRET: u16 = 23;
const SESSION_TICKET: u16 = 35;

/// Bytes of messages that are kept of one side.
const TRANSCRIPT: usize = 512 * 1024;
