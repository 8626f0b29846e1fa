//! Ciphers with keys within reach: in the same message, in the app, made of the time or of the phone's values.
//!
//! [`open`] tries keys, ciphers, modes and vectors in the order in which home-made protection uses them. Each try
//! decrypts the head and the end only; what looks promising is decrypted whole and judged. It is accepted by what
//! the plaintext is, with the padding's bits added, against the number of tries: see [`BOUND_BITS`].

mod block;
mod keys;
mod modes;
mod show;

use std::cell::OnceCell;

use evidence::HexBytes;
use serde::{Deserialize, Serialize};

pub use block::Algorithm;
pub use modes::{Mode, Padding};

use crate::{
    Budget, Carrier, Context, Cribs, How, Method, Opened,
    opened::{BOUND_BITS, chance, sure},
    plausible::{self, Verdict},
};
use keys::{Base, Key, Material, bases, fitted, from_password, materials};
use modes::Ready;

/// A decryption, with all that it takes to do it again.
///
/// The text of it names where the key comes from; the key itself stands only here and in the recipe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decryption {
    /// The cipher.
    pub algorithm: Algorithm,
    /// How it is used.
    pub mode: Mode,
    /// What ends the plaintext.
    pub padding: Padding,
    /// The key.
    pub key: HexBytes,
    /// Where the key comes from: `hex-md5(field "t")[..16]`.
    pub key_source: String,
    /// Shell commands that print the key in hex.
    pub key_shell: String,
    /// The initial vector or nonce.
    pub iv: Iv,
    /// Bytes before the ciphertext: a vector or a salt.
    pub skip: usize,
}

/// Where the initial vector comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Iv {
    /// A vector that is known.
    Given {
        /// Its bytes.
        bytes: HexBytes,
        /// Where it comes from: `zero`, `key`, `field "iv"`.
        source: String,
    },
    /// The mode has none.
    None,
    /// It stands before the ciphertext. Where the true one is elsewhere, this reads all but the first block, and
    /// the two cannot be told apart in the modes that heal (CBC, CFB).
    Prefix,
}

impl Decryption {
    /// The plaintext of bytes, without padding; `None` where they cannot have been encrypted so.
    pub fn apply(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let text = self.raw(bytes)?;
        self.padding.strip(&text, self.algorithm.block().max(4)).map(<[u8]>::to_vec)
    }

    /// Shell commands that do the same.
    pub(crate) fn recipe(&self, carrier: Carrier) -> String {
        show::recipe(carrier, self)
    }

    fn raw(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let ready = Ready::new(self.algorithm, &self.key.0)?;
        let (kind, iv): (Kind, &[u8]) = match &self.iv {
            Iv::Given { bytes, .. } => (Kind::Given, &bytes.0),
            Iv::None => (Kind::None, &[]),
            Iv::Prefix => (Kind::Prefix, &[]),
        };
        let vector = Vector { kind, bytes: iv, source: "", skip: self.skip };
        vector.decrypt(&ready, self.mode, bytes)
    }
}

/// Opens a value with the keys within reach; at most one way for each carrier that the value may have.
///
/// Values under eight bytes and over [`LONGEST`] are not tried; the budget's rows say so.
pub fn open(value: &[u8], context: &Context<'_>, budget: &mut Budget) -> Vec<Opened> {
    if value.len() > LONGEST {
        budget.skip("ciphers: a value too long");
        return Vec::new();
    }
    let readings = Carrier::readings(value);
    if value.len() < 8 || plausible::is_text(value) && readings.len() < 2 {
        return Vec::new();
    }
    let bases: Vec<_> = bases(context).into_iter().map(|base| (base, OnceCell::new())).collect();
    let ivs = IvList::new(context);
    readings
        .iter()
        // Text that carries bytes is no ciphertext itself.
        .filter(|(carrier, bytes)| bytes.len() >= 8 && (*carrier != Carrier::Raw || readings.len() == 1))
        .filter(|(_, bytes)| is_varied(bytes))
        .filter_map(|(carrier, bytes)| {
            let (heads, room) = (Heads::default(), Vec::new());
            let (carrier, cribs, ivs) = (*carrier, context.cribs, &ivs);
            let mut search = Search { carrier, bytes, cribs, ivs, budget, tries: 0, heads, room };
            search.salted(&bases).or_else(|| search.usual(&bases)).or_else(|| search.rare(&bases))
        })
        .collect()
}

/// Whether bytes vary as a cipher's do: a row of one byte is decrypted into a row of one letter by one key in five,
/// where what was decrypted last is fed back.
fn is_varied(bytes: &[u8]) -> bool {
    let distinct = bytes.iter().collect::<std::collections::BTreeSet<_>>().len();
    distinct.saturating_mul(3) >= bytes.len().min(16)
}

/// Longer values are not decrypted.
pub const LONGEST: usize = 1 << 20;

/// Vectors that are tried with every key, with their sources.
struct IvList(Vec<(Vec<u8>, String)>);

impl IvList {
    fn new(context: &Context<'_>) -> Self {
        let constants =
            FIXED_IVS.iter().map(|text| (text.to_vec(), format!("\"{}\"", String::from_utf8_lossy(text))));
        let mut ivs: Vec<_> = [8, 12, 16].map(|size| (vec![0; size], "zero".to_owned())).into();
        for field in context.fields {
            let readings = Carrier::readings(field.bytes);
            ivs.extend(readings.into_iter().map(|(carrier, bytes)| match carrier {
                Carrier::Raw => (bytes, format!("field \"{}\"", field.name)),
                _ => (bytes, format!("{carrier}(field \"{}\")", field.name)),
            }));
        }
        ivs.extend(constants);
        let apps = context.constants.iter();
        ivs.extend(apps.map(|constant| (constant.bytes.to_vec(), format!("constant ({})", constant.origin))));
        ivs.retain(|(bytes, _)| matches!(bytes.len(), 8 | 12 | 16));
        ivs.truncate(MOST_IVS);
        Self(ivs)
    }
}

struct Search<'a, 'b> {
    carrier: Carrier,
    bytes: &'a [u8],
    cribs: &'a Cribs,
    ivs: &'a IvList,
    budget: &'b mut Budget,
    tries: u64,
    heads: Heads,
    /// Room for the head of a plaintext.
    room: Vec<u8>,
}

/// A string, and what was made of it when it was first tried.
type Prepared = (Base, OnceCell<Vec<Material>>);

/// The ciphertext's head and end, decrypted block by block with the key at hand.
#[derive(Default)]
struct Heads {
    /// Whether they are of the key at hand.
    made: bool,
    head: Vec<u8>,
    /// The last block.
    end: Vec<u8>,
}

impl Search<'_, '_> {
    /// What most home-made protection is: AES, DES or RC4 with a string or its digest.
    fn usual(&mut self, bases: &[Prepared]) -> Option<Opened> {
        self.all(bases, false)
    }

    fn rare(&mut self, bases: &[Prepared]) -> Option<Opened> {
        self.all(bases, true)
    }

    fn all(&mut self, bases: &[Prepared], rare: bool) -> Option<Opened> {
        for (base, made) in bases {
            for material in made.get_or_init(|| materials(base)) {
                for &algorithm in Algorithm::ALL {
                    let lengths = algorithm.key_lengths();
                    let own = material.bytes.len().min(*lengths.end()).max(*lengths.start());
                    for key in fitted(base, material, own).into_iter().flatten() {
                        let opened = self.key(algorithm, &key, rare);
                        if opened.is_some() {
                            return opened;
                        }
                        if self.budget.left() < LEAST_WORK {
                            self.budget.skip(UNTRIED);
                            return None;
                        }
                    }
                }
            }
        }
        None
    }

    fn key(&mut self, algorithm: Algorithm, key: &Key<'_>, rare: bool) -> Option<Opened> {
        let size = algorithm.block();
        // Whole blocks stay whole where a vector stands before them.
        let whole = self.bytes.len().is_multiple_of(size);
        let wanted = |mode: &Mode| {
            is_rare(algorithm, *mode, key) == rare && (whole || !mode.in_blocks()) && self.bytes.len() >= 8
        };
        let mut modes = Mode::of(algorithm).iter().copied().filter(wanted).peekable();
        modes.peek()?;
        let modes: Vec<Mode> = modes.collect();
        let ready = Ready::new(algorithm, &key.bytes)?;
        self.modes(&ready, algorithm, key, &modes)
    }

    /// The best mode and vector of a key, if they are good enough. Under the right key many read a part: a first
    /// block is the same in ECB and in CBC with a vector of zeros. The reading that is text throughout is it.
    fn modes(
        &mut self,
        ready: &Ready,
        algorithm: Algorithm,
        key: &Key<'_>,
        modes: &[Mode],
    ) -> Option<Opened> {
        use md5::{Digest, Md5};
        let ivs = self.ivs;
        let with_vector = algorithm.block() == 16 && modes.iter().any(|mode| *mode != Mode::Ecb);
        let derived = if with_vector { Md5::digest(&key.bytes).into() } else { [0; 16] };
        self.heads.made = false;
        let mut best: Option<(Verdict, Padding, Mode, Vector<'_>)> = None;
        for &mode in modes {
            for vector in vectors(ivs, algorithm, &key.bytes, &derived, mode) {
                if let Some((verdict, padding)) = self.attempt(ready, algorithm, mode, vector)
                    && best.as_ref().is_none_or(|(best, ..)| is_better(&verdict, best))
                {
                    best = Some((verdict, padding, mode, vector));
                }
            }
        }
        let (verdict, padding, mode, vector) = best?;
        let decryption = Decryption {
            algorithm,
            mode,
            padding,
            key: HexBytes(key.bytes.to_vec()),
            key_source: key.name(),
            key_shell: key.shell(),
            iv: vector.iv(),
            skip: vector.skip,
        };
        self.accept(verdict, decryption)
    }

    /// Decrypts the head and the end, and all where that is promising: what it is, and its padding.
    fn attempt(
        &mut self,
        ready: &Ready,
        algorithm: Algorithm,
        mode: Mode,
        vector: Vector<'_>,
    ) -> Option<(Verdict, Padding)> {
        let size = algorithm.block();
        let body = self.bytes.get(vector.skip..)?;
        if mode.in_blocks() && !body.len().is_multiple_of(size) || body.len() < 8 {
            return None;
        }
        if !self.budget.pay(UNTRIED, body.len().min(HEAD) + 32) {
            return None;
        }
        self.tries = self.tries.saturating_add(1);
        let short = body.len() <= HEAD || algorithm == Algorithm::Xxtea;
        let ends = if mode.in_blocks() {
            self.prepare(ready, size);
            self.blocks(mode, vector, size);
            self.ends_padded(mode, body, size)
        } else {
            let head = if short { self.bytes } else { self.bytes.get(..HEAD + vector.skip)? };
            self.room = vector.decrypt(ready, mode, head)?;
            false
        };
        if !ends && !plausible::promising(&self.room, self.cribs) {
            return None;
        }
        let text = if short { self.room.clone() } else { vector.decrypt(ready, mode, self.bytes)? };
        let (padding, padding_bits) = Padding::of(&text, algorithm, mode);
        let plain = padding.strip(&text, size.max(4))?;
        let mut verdict = plausible::judge(plain, self.cribs)?;
        verdict.bits += padding_bits;
        Some((verdict, padding))
    }

    /// Decrypts the head's blocks and the last one, once for all vectors of a key.
    fn prepare(&mut self, ready: &Ready, size: usize) {
        if !std::mem::replace(&mut self.heads.made, true) {
            let head = self.bytes.get(..HEAD + LONGEST_SKIP).unwrap_or(self.bytes);
            let end = self.bytes.get(self.bytes.len().saturating_sub(size)..).unwrap_or_default();
            ready.blocks(head, &mut self.heads.head);
            ready.blocks(end, &mut self.heads.end);
        }
    }

    /// The head's plaintext under a vector.
    fn blocks(&mut self, mode: Mode, vector: Vector<'_>, size: usize) {
        let made = self.heads.head.get(vector.skip..).unwrap_or_default();
        self.room.clear();
        self.room.extend(made.iter().take(HEAD));
        if mode == Mode::Cbc {
            let before =
                if vector.kind == Kind::Prefix { self.bytes.get(..size) } else { Some(vector.bytes) };
            let body = self.bytes.get(vector.skip..).unwrap_or_default();
            let before = before.unwrap_or_default().iter().chain(body);
            self.room.iter_mut().zip(before).for_each(|(byte, before)| *byte ^= before);
        }
    }

    /// Whether the last block ends with a padding, for which the one before it is enough.
    fn ends_padded(&self, mode: Mode, body: &[u8], size: usize) -> bool {
        let Some(before) = body.len().checked_sub(2 * size).and_then(|at| body.get(at..at + size)) else {
            return false;
        };
        let mut text = [0; 16];
        for ((byte, end), before) in text.iter_mut().zip(&self.heads.end).zip(before) {
            *byte = if mode == Mode::Cbc { end ^ before } else { *end };
        }
        text.get(..size).is_some_and(|text| Padding::Pkcs7.strip(text, size).is_some())
    }

    fn accept(&self, verdict: Verdict, decryption: Decryption) -> Option<Opened> {
        // The first good one ends the search: what that adds to the chance is less than this factor.
        let tries = self.tries.saturating_mul(16);
        if !sure(tries, verdict.bits) {
            return None;
        }
        let plaintext = decryption.apply(self.bytes)?;
        let recipe = show::recipe(self.carrier, &decryption);
        Some(Opened {
            plaintext,
            ground: verdict.ground,
            how: How { carrier: self.carrier, method: Method::Cipher(decryption) },
            tries: self.tries,
            chance: chance(tries, verdict.bits),
            recipe,
        })
    }

    /// Passwords of `openssl enc` and CryptoJS, which write `Salted__` and the salt before the ciphertext.
    fn salted(&mut self, bases: &[Prepared]) -> Option<Opened> {
        let salt = self.bytes.strip_prefix(b"Salted__")?.get(..8)?;
        let digests = [(false, "md5"), (true, "sha256")];
        let ciphers = [(Algorithm::Aes256, 32), (Algorithm::Aes128, 16), (Algorithm::TripleDes3, 24)];
        let ways = ciphers.into_iter().flat_map(|cipher| digests.map(|digest| (cipher, digest)));
        let ways: Vec<_> = ways.collect();
        for (base, _) in bases {
            for &((algorithm, size), (sha256, digest)) in &ways {
                let made = from_password(sha256, &base.bytes, salt, size + algorithm.block());
                let (key, iv) = made.split_at_checked(size)?;
                let ready = Ready::new(algorithm, key)?;
                self.heads.made = false;
                let vector = Vector { kind: Kind::Given, bytes: iv, source: "derived", skip: 16 };
                let Some((verdict, padding)) = self.attempt(&ready, algorithm, Mode::Cbc, vector) else {
                    continue;
                };
                let decryption = Decryption {
                    algorithm,
                    mode: Mode::Cbc,
                    padding,
                    key: HexBytes(key.to_vec()),
                    key_source: format!("evp-{digest}({}, salt)", base.name),
                    key_shell: format!("printf %s {}", crate::carrier::to_hex(key)),
                    iv: vector.iv(),
                    skip: 16,
                };
                let opened = self.accept(verdict, decryption);
                if opened.is_some() {
                    return opened;
                }
            }
        }
        None
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Given,
    None,
    Prefix,
}

/// A vector to try, without copies.
#[derive(Clone, Copy)]
struct Vector<'a> {
    kind: Kind,
    bytes: &'a [u8],
    source: &'a str,
    skip: usize,
}

impl Vector<'_> {
    fn iv(self) -> Iv {
        match self.kind {
            Kind::Given => Iv::Given { bytes: HexBytes(self.bytes.to_vec()), source: self.source.to_owned() },
            Kind::None => Iv::None,
            Kind::Prefix => Iv::Prefix,
        }
    }

    /// The plaintext of a value, padding and all.
    fn decrypt(self, ready: &Ready, mode: Mode, bytes: &[u8]) -> Option<Vec<u8>> {
        let body = bytes.get(self.skip..)?;
        match self.kind {
            Kind::None => ready.decrypt(mode, &[], body),
            Kind::Given => ready.decrypt(mode, self.bytes, body),
            Kind::Prefix => ready.decrypt(mode, bytes.get(..self.skip)?, body),
        }
    }
}

/// The vectors of a key, the usual first.
fn vectors<'a>(
    ivs: &'a IvList,
    algorithm: Algorithm,
    key: &'a [u8],
    derived: &'a [u8],
    mode: Mode,
) -> impl Iterator<Item = Vector<'a>> {
    let size = if algorithm == Algorithm::ChaCha20 { 12 } else { algorithm.block() };
    let none = mode == Mode::Ecb || size == 1;
    let bare = |kind: Kind, skip: usize| Vector { kind, bytes: &[], source: "", skip };
    let given = |bytes: &'a [u8], source: &'a str| Vector { kind: Kind::Given, bytes, source, skip: 0 };
    let own = key.get(..size).map(|iv| given(iv, "key"));
    let fitting = ivs.0.iter().filter(move |(iv, _)| iv.len() == size);
    let fitting = fitting.map(move |(iv, source)| given(iv, source));
    let of_key = (size == derived.len()).then(|| given(derived, "md5(key)"));
    let all = own.into_iter().chain(fitting).chain(of_key).chain([bare(Kind::Prefix, size)]);
    none.then(|| bare(Kind::None, 0)).into_iter().chain(all.filter(move |_| !none))
}

/// Whether a reading is the better one: text throughout before all else, where there is enough of it.
fn is_better(one: &Verdict, other: &Verdict) -> bool {
    let text = |verdict: &Verdict| verdict.text && verdict.bits >= BOUND_BITS;
    (text(one), one.bits) > (text(other), other.bits)
}

/// Whether home-made protection seldom looks like this.
fn is_rare(algorithm: Algorithm, mode: Mode, key: &Key<'_>) -> bool {
    let usual = match algorithm {
        Algorithm::Aes128 | Algorithm::Aes256 | Algorithm::Des | Algorithm::TripleDes3 => mode.in_blocks(),
        Algorithm::Rc4 => true,
        _ => false,
    };
    key.is_rare() || !usual
}

const UNTRIED: &str = "ciphers: keys left untried";
/// What of a ciphertext a first look decrypts.
const HEAD: usize = 128;
/// What may stand before it: a vector, or the salt of a password.
const LONGEST_SKIP: usize = 16;
/// Less is not enough for a try.
const LEAST_WORK: u64 = 200;
const MOST_IVS: usize = 16;
const FIXED_IVS: &[&[u8]] = &[
    b"0102030405060708",
    b"1234567890123456",
    b"0123456789abcdef",
    b"1234567812345678",
    b"12345678",
    b"01234567",
    &[1, 2, 3, 4, 5, 6, 7, 8],
];
