//! Record protection, undone: one direction's keys between two changes of them (RFC 5246 section 6.2.3,
//! RFC 6101 section 5.2.3, RFC 7366, RFC 8446 section 5.2; the same of DTLS 1.0 and 1.2).

use std::{ops::Range, sync::Arc};

use aws_lc_rs::{digest, hmac};
use evidence::{Cipher, Decryption, Fidelity, Schedule};
use md5::{Digest, Md5};

use super::{
    hello::Carrier,
    record::{ContentType, RecordHeader},
    suite::{Hash, Suite},
};
use crate::{
    Derivation,
    keys::{
        cipher::{self, Kind, Opener},
        schedule::{self, Keys},
    },
};

/// What both directions of a connection agreed on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agreed {
    /// As on the wire.
    pub(super) version: u16,
    pub(super) suite: &'static Suite,
    pub(super) encrypt_then_mac: bool,
    /// Headers of records are not authenticated: drafts of TLS 1.3 before the 25th.
    pub(super) bare: bool,
}

/// The keys of one direction.
#[derive(Debug)]
pub(super) struct Protection {
    agreed: Agreed,
    form: Form,
    /// `None` where nothing is encrypted.
    opener: Option<Opener>,
    mac: Option<MacKey>,
    mac_len: usize,
    keys: Keys,
    /// Bytes of RC4's key stream that were used.
    used: u64,
    schedule: Schedule,
    secret: Vec<u8>,
    /// Where the secret stands.
    key: Option<Arc<Derivation>>,
}

/// What a record without its protection is.
#[derive(Debug)]
pub(super) struct Opened {
    /// The number that the record turned out to have.
    pub(super) number: u64,
    pub(super) content: ContentType,
    /// How many of the bytes that were made are content.
    pub(super) len: usize,
    /// Which bytes of the record, its header not counted, they were made from.
    pub(super) input: Range<usize>,
    /// How; `None` where nothing was encrypted: the content is the input's beginning.
    pub(super) how: Option<Decryption>,
}

/// How records are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Blocks, the first vector sent before them.
    Block,
    /// Blocks, chained over records: SSL 3.0, TLS 1.0.
    Chained,
    /// AEAD, half of the nonce sent.
    Counter,
    /// AEAD, nothing of the nonce sent.
    Mixed,
    /// Nothing is encrypted.
    Null,
    Stream,
    /// AEAD, the content type inside.
    Tls13,
}

/// How a record is known and what it announces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named {
    pub(super) content: ContentType,
    /// The version field.
    pub(super) version: u16,
    /// Bytes behind the header, all told.
    pub(super) len: u16,
}

impl From<RecordHeader> for Named {
    fn from(header: RecordHeader) -> Self {
        Self { content: header.content, version: header.version, len: header.len }
    }
}

impl Protection {
    /// The keys that follow from a secret. `None` where they cannot, or the version is one that is not opened.
    pub(super) fn new(
        agreed: Agreed,
        schedule: Schedule,
        secret: &[u8],
        key: Option<Arc<Derivation>>,
    ) -> Option<Self> {
        let cipher = agreed.suite.cipher;
        let keys = schedule::keys(&schedule, cipher, secret)?;
        let form = form(agreed.version, cipher)?;
        let mac = MacKey::new(agreed, &keys.mac);
        Some(Self {
            agreed,
            form,
            opener: match cipher {
                Some(cipher) => Some(Opener::new(cipher, &keys.key)?),
                None => None,
            },
            mac,
            mac_len: agreed.mac_len(),
            keys,
            used: 0,
            schedule,
            secret: secret.to_vec(),
            key,
        })
    }

    /// What needs no secret: records that are not encrypted, whose MAC nobody can check.
    pub(super) fn unkeyed(agreed: Agreed) -> Option<Self> {
        let nothing = Schedule::Tls13 { hash: evidence::ScheduleHash::Sha256, updates: 0, datagrams: false };
        let form = form(agreed.version, agreed.suite.cipher).filter(|form| *form == Form::Null)?;
        Some(Self {
            agreed,
            form,
            opener: None,
            mac: None,
            mac_len: agreed.mac_len(),
            keys: Keys::default(),
            used: 0,
            schedule: nothing,
            secret: Vec::new(),
            key: None,
        })
    }

    /// The keys after a key update (RFC 8446 section 7.2).
    pub(super) fn updated(&self) -> Option<Self> {
        let Schedule::Tls13 { hash, updates, datagrams } = self.schedule else { return None };
        let schedule = Schedule::Tls13 { hash, updates: updates.checked_add(1)?, datagrams };
        Self::new(self.agreed, schedule, &self.secret, self.key.clone())
    }

    /// What both directions agreed on.
    pub(super) fn agreed(&self) -> Agreed {
        self.agreed
    }

    /// Where the secret stands.
    pub(super) fn key(&self) -> Option<&Arc<Derivation>> {
        self.key.as_ref()
    }

    /// How exactly bytes made are tied to bytes given.
    pub(super) fn fidelity(&self) -> Fidelity {
        let group = self.agreed.suite.cipher.map_or(1, cipher::block_len);
        let group = u8::try_from(group).unwrap_or(1);
        Fidelity::Grouped { out: group, source: group }
    }

    /// Bytes that protection adds to a record of some content, its header included: at least, where there is
    /// padding.
    pub(super) fn overhead(&self) -> u64 {
        let cipher = self.agreed.suite.cipher;
        let tag = cipher.map_or(0, cipher::tag_len);
        let more = match self.form {
            Form::Block => self.block_len() + self.mac_len + 1,
            Form::Chained => self.mac_len + 1,
            Form::Counter => EXPLICIT + tag,
            Form::Mixed => tag,
            Form::Null | Form::Stream => self.mac_len,
            Form::Tls13 => tag + 1,
        };
        (RecordHeader::LEN + more) as u64
    }

    /// Opens a record that has one of those numbers, and puts what it gives into `out`. `None` where it has none
    /// of them, was changed, or is of other keys. Counts in `tries` how many bytes were tried in vain.
    pub(super) fn open(
        &mut self,
        numbers: impl Iterator<Item = u64>,
        record: Named,
        content: &[u8],
        out: &mut Vec<u8>,
        tries: &mut u64,
    ) -> Option<Opened> {
        out.resize(content.len(), 0);
        let mut tried = |_: &u64| *tries = tries.saturating_add(content.len() as u64).saturating_add(64);
        match self.form {
            Form::Counter | Form::Mixed | Form::Tls13 => {
                numbers.inspect(&mut tried).find_map(|number| self.open_aead(number, record, content, out))
            }
            Form::Block | Form::Chained => {
                self.open_blocks(numbers.inspect(&mut tried), record, content, out)
            }
            Form::Null | Form::Stream => self.open_stream(numbers.inspect(&mut tried), record, content, out),
        }
    }

    /// What the first bytes of the record of that number give. Nobody vouches for them.
    pub(super) fn open_cut(
        &self,
        number: u64,
        record: Named,
        content: &[u8],
        out: &mut Vec<u8>,
    ) -> Option<Opened> {
        let cipher = self.agreed.suite.cipher?;
        let start = match self.form {
            Form::Block => self.block_len(),
            Form::Counter => EXPLICIT,
            _ => 0,
        };
        let nonce = match self.form {
            Form::Block => content.get(..start)?.to_vec(),
            Form::Chained => self.keys.iv.clone(),
            Form::Stream => Vec::new(),
            _ => self.nonce(number, content)?.to_vec(),
        };
        // What stands behind the content is no content.
        let behind = usize::try_from(self.overhead()).ok()?.saturating_sub(RecordHeader::LEN + start);
        let end = content.len().min(usize::from(record.len).saturating_sub(behind));
        let input = start..end;
        let given = content.get(input.clone())?;
        let made = cipher::open_cut(cipher, &self.keys.key, &nonce, (self.used, given))?;
        *out = made;
        let how = self.how(nonce, Vec::new(), self.used, true)?;
        let content = if self.form == Form::Tls13 { ContentType::APPLICATION_DATA } else { record.content };
        let len = Some(out.len()).filter(|len| *len > 0)?;
        Some(Opened { number, content, len, input, how: Some(how) })
    }

    /// A record that could not be opened went by: what is chained over records goes on behind it.
    pub(super) fn pass(&mut self, content: &[u8]) {
        if self.form == Form::Chained {
            self.chain(content);
        }
    }

    fn open_aead(&mut self, number: u64, record: Named, content: &[u8], out: &mut [u8]) -> Option<Opened> {
        let nonce = self.nonce(number, content)?;
        let start = if self.form == Form::Counter { EXPLICIT } else { 0 };
        let sealed = content.get(start..)?;
        let len = sealed.len().checked_sub(cipher::tag_len(self.agreed.suite.cipher?))?;
        let head = match self.form {
            Form::Tls13 if self.agreed.bare => Aad { bytes: [0; 13], len: 0 },
            Form::Tls13 => Aad::tls13(record),
            _ => Aad::tls12(number, record, u16::try_from(len).ok()?),
        };
        let made = self.opener.as_mut()?.open(&nonce, head.bytes(), sealed, out)?;
        let (content_type, len) = match self.form {
            Form::Tls13 => inner(out.get(..made)?),
            _ => (record.content, made),
        };
        let how = self.how(nonce.to_vec(), head.bytes().to_vec(), 0, false);
        Some(Opened { number, content: content_type, len, input: start..content.len(), how })
    }

    fn open_blocks(
        &mut self,
        numbers: impl Iterator<Item = u64>,
        record: Named,
        content: &[u8],
        out: &mut [u8],
    ) -> Option<Opened> {
        let etm = self.agreed.encrypt_then_mac;
        let start = if self.form == Form::Block { self.block_len() } else { 0 };
        let end = if etm { content.len().checked_sub(self.mac_len)? } else { content.len() };
        let iv = match self.form {
            Form::Block => content.get(..start)?.to_vec(),
            _ => self.keys.iv.clone(),
        };
        let sealed = content.get(start..end)?;
        let made = self.opener.as_mut()?.open(&iv, &[], sealed, out)?;
        if self.form == Form::Chained {
            self.chain(content.get(..end)?);
        }
        let len = unpadded(out.get(..made)?, self.agreed.version)?;
        let (number, len) = if etm {
            let (protected, mac) = content.split_at_checked(end)?;
            (self.find(numbers, record, protected, mac)?, len)
        } else {
            let len = len.checked_sub(self.mac_len)?;
            let mac = out.get(len..len.checked_add(self.mac_len)?)?;
            (self.find(numbers, record, out.get(..len)?, mac)?, len)
        };
        let how = self.how(iv, Vec::new(), 0, false);
        Some(Opened { number, content: record.content, len, input: start..end, how })
    }

    fn open_stream(
        &mut self,
        numbers: impl Iterator<Item = u64>,
        record: Named,
        content: &[u8],
        out: &mut [u8],
    ) -> Option<Opened> {
        let used = self.used;
        let how = match &mut self.opener {
            None => {
                out.copy_from_slice(content);
                None
            }
            Some(opener) => {
                opener.open(&[], &[], content, out)?;
                self.used = used.saturating_add(content.len() as u64);
                self.how(Vec::new(), Vec::new(), used, false)
            }
        };
        let len = content.len().checked_sub(self.mac_len)?;
        let (said, mac) = out.split_at_checked(len)?;
        let number = self.find(numbers, record, said, mac)?;
        Some(Opened { number, content: record.content, len, input: 0..content.len(), how })
    }

    /// The number for which the MAC fits (RFC 5246 section 6.2.3.1).
    fn find(
        &self,
        mut numbers: impl Iterator<Item = u64>,
        record: Named,
        said: &[u8],
        mac: &[u8],
    ) -> Option<u64> {
        let Some(key) = &self.mac else { return numbers.next() };
        let len = u16::try_from(said.len()).ok()?;
        numbers.find(|number| key.verify(&[Aad::tls12(*number, record, len).bytes(), said], mac))
    }

    /// The nonce of a record (RFC 5288 section 3, RFC 7905 section 2, RFC 8446 section 5.3).
    fn nonce(&self, number: u64, content: &[u8]) -> Option<[u8; cipher::NONCE]> {
        let mut nonce = [0; cipher::NONCE];
        let (fixed, rest) = nonce.split_at_mut_checked(self.keys.iv.len())?;
        fixed.copy_from_slice(&self.keys.iv);
        if self.form == Form::Counter {
            rest.copy_from_slice(content.get(..EXPLICIT)?);
        } else {
            let number = number.to_be_bytes();
            nonce.iter_mut().skip(4).zip(number).for_each(|(byte, number)| *byte ^= number);
        }
        Some(nonce)
    }

    fn how(&self, nonce: Vec<u8>, aad: Vec<u8>, skip: u64, cut: bool) -> Option<Decryption> {
        Some(Decryption {
            cipher: self.agreed.suite.cipher?,
            schedule: self.schedule.clone(),
            nonce: evidence::HexBytes(nonce),
            aad: evidence::HexBytes(aad),
            skip,
            cut,
        })
    }

    /// The last block is the next record's vector.
    fn chain(&mut self, sealed: &[u8]) {
        if let Some(last) = sealed.len().checked_sub(self.block_len()).and_then(|at| sealed.get(at..)) {
            self.keys.iv = last.to_vec();
        }
    }

    fn block_len(&self) -> usize {
        self.agreed.suite.cipher.map_or(1, cipher::block_len)
    }
}

impl Agreed {
    /// Length of the MAC and of its key; 0 of AEAD ciphers.
    pub(super) fn mac_len(&self) -> usize {
        match (self.suite.cipher.map(cipher::kind), self.suite.hash) {
            (Some(Kind::Counter | Kind::Mixed), _) => 0,
            (_, Hash::Md5) => 16,
            (_, Hash::Sha1) => 20,
            (_, Hash::Sha256) => 32,
            (_, Hash::Sha384) => 48,
        }
    }

    /// Whether records of that version and suite can be opened.
    pub(super) fn openable(&self, carrier: Carrier) -> bool {
        // The records of DTLS 1.3 are others.
        let newer = carrier == Carrier::Datagrams && self.is_tls13();
        !newer && form(self.version, self.suite.cipher).is_some()
    }

    pub(super) fn is_tls13(&self) -> bool {
        self.version == TLS13
    }
}

/// How records of a version are built. `None` of versions that are not opened.
fn form(version: u16, cipher: Option<Cipher>) -> Option<Form> {
    let Some(cipher) = cipher else { return (version != TLS13).then_some(Form::Null) };
    let form = match (version, cipher::kind(cipher)) {
        (TLS13, Kind::Counter | Kind::Mixed) => Form::Tls13,
        (0x0303 | 0xfefd, Kind::Counter) => Form::Counter,
        (0x0303 | 0xfefd, Kind::Mixed) => Form::Mixed,
        (SSL3 | 0x0301, Kind::Block) => Form::Chained,
        (0x0302 | 0x0303 | 0xfeff | 0xfefd, Kind::Block) => Form::Block,
        (SSL3..=0x0303, Kind::Stream) => Form::Stream,
        _ => return None,
    };
    Some(form)
}

/// Additional data: what is authenticated, though it is not encrypted. The same bytes begin the input of a MAC.
struct Aad {
    bytes: [u8; 13],
    len: usize,
}

impl Aad {
    fn tls12(number: u64, record: Named, len: u16) -> Self {
        let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
        let ([i, j], [k, l]) = (record.version.to_be_bytes(), len.to_be_bytes());
        Self { bytes: [a, b, c, d, e, f, g, h, record.content.0, i, j, k, l], len: 13 }
    }

    fn tls13(record: Named) -> Self {
        let ([a, b], [c, d]) = (record.version.to_be_bytes(), record.len.to_be_bytes());
        let mut bytes = [0; 13];
        if let Some(head) = bytes.first_chunk_mut() {
            *head = [record.content.0, a, b, c, d];
        }
        Self { bytes, len: 5 }
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// A MAC's key.
#[derive(Debug)]
enum MacKey {
    Fast(Box<hmac::Key>),
    Md5(Vec<u8>),
    /// With the hash, and how often its padding is repeated (RFC 6101 section 5.2.3.1).
    Ssl3(Vec<u8>, fn(&[&[u8]]) -> Vec<u8>, usize),
}

impl MacKey {
    fn new(agreed: Agreed, key: &[u8]) -> Option<Self> {
        let algorithm = match agreed.suite.hash {
            _ if key.is_empty() => return None,
            Hash::Md5 if agreed.version == SSL3 => return Some(Self::Ssl3(key.to_vec(), md5, 48)),
            _ if agreed.version == SSL3 => return Some(Self::Ssl3(key.to_vec(), sha1, 40)),
            Hash::Md5 => return Some(Self::Md5(key.to_vec())),
            Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => hmac::HMAC_SHA256,
            Hash::Sha384 => hmac::HMAC_SHA384,
        };
        Some(Self::Fast(Box::new(hmac::Key::new(algorithm, key))))
    }

    fn verify(&self, parts: &[&[u8]], mac: &[u8]) -> bool {
        match self {
            Self::Fast(key) => {
                let mut context = hmac::Context::with_key(key);
                parts.iter().for_each(|part| context.update(part));
                context.sign().as_ref() == mac
            }
            Self::Md5(key) => schedule::md5(key, parts) == mac,
            Self::Ssl3(key, hash, count) => {
                let [head, said] = parts else { return false };
                // The version is not part of it.
                let (Some(number_and_type), Some(len)) = (head.get(..9), head.get(11..)) else {
                    return false;
                };
                let inner = hash(&[key, &vec![0x36; *count], number_and_type, len, said]);
                hash(&[key, &vec![0x5c; *count], &inner]) == mac
            }
        }
    }
}

fn md5(parts: &[&[u8]]) -> Vec<u8> {
    let mut context = Md5::new();
    parts.iter().for_each(|part| context.update(part));
    context.finalize().to_vec()
}

fn sha1(parts: &[&[u8]]) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    parts.iter().for_each(|part| context.update(part));
    context.finish().as_ref().to_vec()
}

/// Type and length of what a record of TLS 1.3 holds: zeros, and the type before them, are not part of it. The
/// type is 0 where all are zeros.
fn inner(made: &[u8]) -> (ContentType, usize) {
    let len = made.iter().rposition(|byte| *byte != 0).unwrap_or(0);
    (ContentType(made.get(len).copied().unwrap_or(0)), len)
}

/// How many bytes are left without the padding. `None` where it is none. SSL 3.0 pads with anything.
fn unpadded(made: &[u8], version: u16) -> Option<usize> {
    let last = made.last()?;
    let len = made.len().checked_sub(usize::from(*last) + 1)?;
    (version == SSL3 || made.get(len..)?.iter().all(|byte| byte == last)).then_some(len)
}

/// Bytes of a nonce that are sent.
const EXPLICIT: usize = 8;

/// SSL 3.0 as on the wire.
const SSL3: u16 = 0x0300;

/// TLS 1.3 as on the wire.
pub(super) const TLS13: u16 = 0x0304;
