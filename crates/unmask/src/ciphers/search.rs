//! The search: rounds of keys and ciphers, a look at each, and the judgement of what passes.

use std::cell::OnceCell;

use evidence::HexBytes;
use md5::{Digest, Md5};

use super::{
    Algorithm, Decryption, Mode, Padding,
    keys::{Base, Key, Material, Rank, fitted, from_password, materials},
    look::Look,
    modes::Ready,
    sealed::{NONCE, SEALED, TAG},
    show,
    vectors::{IvList, Kind, Vector, length, vectors},
};
use crate::{
    Budget, Carrier, Cribs, Ground, How, Method, Opened,
    opened::{BOUND_BITS, chance, sure},
    plausible::{self, Verdict},
};

/// A string, and what was made of it when it was first tried.
pub(super) type Prepared = (Base, OnceCell<Vec<Material>>);

pub(super) struct Search<'a, 'b> {
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

/// The ciphertext's head and end, decrypted block by block with the key at hand.
#[derive(Default)]
struct Heads {
    /// Whether they are of the key at hand.
    made: bool,
    head: Vec<u8>,
    /// The last block.
    end: Vec<u8>,
}

/// How often home-made protection looks like something: what is tried together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    /// AES, DES or RC4 with a string or its digest.
    Usual,
    /// Any other cipher or mode, with such a key.
    OtherCipher,
    /// Those that are usual, with a key that is made in another way.
    OtherKey,
    /// Other ciphers with such keys.
    OtherBoth,
    /// Ciphers that are rare themselves, in a mode that gives a stream; tags, with a key that is made in another way.
    Stream,
    /// Blowfish with a key that is made in another way: its set-up is dear.
    Dear,
}

/// The order in which all is tried: likely strings with all ciphers come before unlikely strings with the usual ones.
const ROUNDS: [(Rank, Habit); 15] = [
    (Rank::Near, Habit::Usual),
    (Rank::Near, Habit::OtherCipher),
    (Rank::Near, Habit::OtherKey),
    (Rank::Joined, Habit::Usual),
    (Rank::Far, Habit::Usual),
    (Rank::Near, Habit::OtherBoth),
    (Rank::Joined, Habit::OtherCipher),
    (Rank::Near, Habit::Stream),
    (Rank::Far, Habit::OtherCipher),
    (Rank::Far, Habit::OtherKey),
    (Rank::Far, Habit::OtherBoth),
    (Rank::Joined, Habit::OtherKey),
    (Rank::Near, Habit::Dear),
    (Rank::Far, Habit::Stream),
    (Rank::Far, Habit::Dear),
];

impl<'a, 'b> Search<'a, 'b> {
    pub(super) fn new(
        (carrier, bytes): (Carrier, &'a [u8]),
        cribs: &'a Cribs,
        ivs: &'a IvList,
        budget: &'b mut Budget,
    ) -> Self {
        let (heads, room) = (Heads::default(), Vec::new());
        Self { carrier, bytes, cribs, ivs, budget, tries: 0, heads, room }
    }

    pub(super) fn run(&mut self, bases: &[Prepared]) -> Option<Opened> {
        self.salted(bases).or_else(|| {
            for (rank, habit) in ROUNDS {
                let opened = self.round(bases.iter().filter(|(base, _)| base.rank == rank), habit);
                if opened.is_some() {
                    return opened;
                }
                if self.budget.left() < LEAST_WORK {
                    self.budget.skip(UNTRIED);
                    return None;
                }
            }
            None
        })
    }

    fn round<'p>(&mut self, bases: impl Iterator<Item = &'p Prepared>, habit: Habit) -> Option<Opened> {
        for (base, made) in bases {
            for material in made.get_or_init(|| materials(base)) {
                for &algorithm in Algorithm::ALL {
                    let keys = lengths(algorithm, material.bytes.len());
                    for key in keys.flat_map(|length| fitted(base, material, length)).flatten() {
                        if self.budget.left() < LEAST_WORK {
                            return None;
                        }
                        let opened = self.key(algorithm, &key, habit);
                        if opened.is_some() {
                            return opened;
                        }
                    }
                }
            }
        }
        None
    }

    fn key(&mut self, algorithm: Algorithm, key: &Key<'_>, habit: Habit) -> Option<Opened> {
        // Whole blocks stay whole where a vector stands before them.
        let whole = self.bytes.len().is_multiple_of(algorithm.block());
        let wanted = |mode: &Mode| habit_of(algorithm, *mode, key) == habit && (whole || !mode.in_blocks());
        let mut modes = Mode::of(algorithm).iter().copied().filter(wanted).peekable();
        modes.peek()?;
        let modes: Vec<Mode> = modes.collect();
        self.modes(algorithm, key, &modes)
    }

    /// The best mode and vector of a key, if they are good enough. Under the right key many read a part: a first
    /// block is the same in ECB and in CBC with a vector of zeros. The reading that is text throughout is it.
    fn modes(&mut self, algorithm: Algorithm, key: &Key<'_>, modes: &[Mode]) -> Option<Opened> {
        let with_vector = algorithm.block() == 16 && modes.iter().any(|mode| *mode != Mode::Ecb);
        let derived = if with_vector { Md5::digest(&key.bytes).into() } else { [0; 16] };
        let (ivs, bytes, cribs) = (self.ivs, self.bytes, self.cribs);
        let given: Vec<Vector<'_>> = vectors(ivs, length(algorithm), &key.bytes, &derived).collect();
        let gcm = modes.contains(&Mode::Gcm);
        let nonces = gcm.then(|| vectors(ivs, NONCE, &key.bytes, &derived));
        let nonces: Vec<Vector<'_>> = nonces.into_iter().flatten().collect();
        if !self.budget.pay(UNTRIED, cost(algorithm, modes, (given.len(), nonces.len(), bytes.len()))) {
            return None;
        }
        let ready = Ready::new(algorithm, &key.bytes)?;
        let mut look = Look::new(&ready, algorithm.block(), bytes, cribs);
        self.heads.made = false;
        let mut best: Option<(Verdict, Padding, Mode, Vector<'_>)> = None;
        let bare = [Vector::NONE];
        for &mode in modes {
            let of_mode = match mode {
                Mode::Gcm => &nonces,
                Mode::Ecb => &bare[..],
                _ if given.is_empty() => &bare,
                _ => &given,
            };
            for (number, &vector) in of_mode.iter().enumerate() {
                self.tries = self.tries.saturating_add(1);
                if !look.passes(mode, (of_mode, number)) {
                    continue;
                }
                let read = match mode.is_sealed() {
                    true => self.unsealed(&ready, mode, vector).map(|verdict| (verdict, Padding::None)),
                    false => self.attempt(&ready, algorithm, mode, vector),
                };
                if let Some((verdict, padding)) = read
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

    /// What a sealed ciphertext holds. A tag that is right is proof enough, whatever the plaintext is; where other data
    /// was sealed with it, which nobody knows, the plaintext must tell.
    fn unsealed(&mut self, ready: &Ready, mode: Mode, vector: Vector<'_>) -> Option<Verdict> {
        let (iv, body) = match vector.kind {
            Kind::Prefix => self.bytes.split_at_checked(NONCE)?,
            _ => (vector.bytes, self.bytes),
        };
        if body.len() <= TAG {
            return None;
        }
        let is_long = body.len() > SEALED;
        if is_long && !self.budget.pay(UNTRIED, body.len().saturating_mul(2)) {
            return None;
        }
        let is_sealed = ready.is_sealed(mode, iv, body);
        let head = body.get(..HEAD).unwrap_or(body);
        if !is_sealed && !plausible::promising(&ready.decrypt(mode, iv, head)?, self.cribs) {
            return None;
        }
        let verdict = plausible::judge(&ready.decrypt(mode, iv, body)?, self.cribs);
        if !is_sealed {
            return verdict;
        }
        let sealed = || Verdict { bits: 0.0, ground: Ground::Structure("authentic".to_owned()), text: false };
        let mut verdict = verdict.unwrap_or_else(sealed);
        verdict.bits = verdict.bits.max(0.0) + TAG_BITS;
        Some(verdict)
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
        if mode != Mode::Whole && !self.budget.pay(UNTRIED, body.len().min(HEAD)) {
            return None;
        }
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
        if !short && !self.budget.pay(UNTRIED, body.len()) {
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
                if !self.budget.pay(UNTRIED, PASSWORD) {
                    return None;
                }
                let made = from_password(sha256, &base.bytes, salt, size + algorithm.block());
                let (key, iv) = made.split_at_checked(size)?;
                let ready = Ready::new(algorithm, key)?;
                self.heads.made = false;
                let vector = Vector { kind: Kind::Given, bytes: iv, source: "derived", skip: 16 };
                self.tries = self.tries.saturating_add(1);
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

/// Whether a reading is the better one: text throughout before all else, where there is enough of it.
fn is_better(one: &Verdict, other: &Verdict) -> bool {
    let text = |verdict: &Verdict| verdict.text && verdict.bits >= BOUND_BITS;
    (text(one), one.bits) > (text(other), other.bits)
}

/// The lengths of a key that is made of so many bytes: as many where the cipher leaves it open, and sixteen as well.
fn lengths(algorithm: Algorithm, bytes: usize) -> impl Iterator<Item = usize> {
    let lengths = algorithm.key_lengths();
    let own = bytes.min(*lengths.end()).max(*lengths.start());
    let cut = (own > 16 && lengths.contains(&16)).then_some(16);
    std::iter::once(own).chain(cut)
}

/// How often home-made protection looks like this.
fn habit_of(algorithm: Algorithm, mode: Mode, key: &Key<'_>) -> Habit {
    let aes = matches!(algorithm, Algorithm::Aes128 | Algorithm::Aes192 | Algorithm::Aes256);
    let usual = match algorithm {
        Algorithm::Aes128 | Algorithm::Aes256 | Algorithm::Des | Algorithm::TripleDes3 => mode.in_blocks(),
        Algorithm::Rc4 => true,
        _ => false,
    };
    let blowfish = algorithm == Algorithm::Blowfish;
    let stream = !(aes || mode.in_blocks() || algorithm.block() == 1);
    match (usual, key.is_rare()) {
        (true, false) => Habit::Usual,
        (true, true) => Habit::OtherKey,
        (false, true) if blowfish => Habit::Dear,
        (false, true) if mode.is_sealed() => Habit::Stream,
        _ if stream => Habit::Stream,
        (false, false) if !blowfish => Habit::OtherCipher,
        (false, _) => Habit::OtherBoth,
    }
}

/// What it costs to look at a key, in bytes worked on: its set-up, and the blocks that are looked at.
fn cost(algorithm: Algorithm, modes: &[Mode], (vectors, nonces, length): (usize, usize, usize)) -> usize {
    // A tag takes all of a short ciphertext.
    let tag =
        |nonces: usize| nonces.saturating_mul(if length > SEALED { 6 } else { length.saturating_add(32) });
    let setup = match algorithm {
        Algorithm::Blowfish => 2000,
        Algorithm::Rc4 => 128,
        _ => 32,
    };
    let blocks = |mode: &Mode| match mode {
        Mode::Ecb => 32,
        Mode::Cbc => 48,
        Mode::Cfb | Mode::Ctr | Mode::Ofb => vectors.saturating_mul(6),
        Mode::Cfb8 => 48,
        Mode::Gcm => tag(nonces),
        Mode::Poly1305 => tag(vectors),
        Mode::Whole if algorithm == Algorithm::Xxtea => length.saturating_mul(2),
        Mode::Whole => vectors.max(1).saturating_mul(length.min(64)),
    };
    modes.iter().map(blocks).fold(setup, usize::saturating_add)
}

/// What it costs to make a key of a password: three digests at most, and the key's set-up.
const PASSWORD: usize = 256;
/// What a tag that is right tells against chance: 128 bits, less as many as blocks of a mebibyte take.
const TAG_BITS: f64 = 112.0;
const UNTRIED: &str = "keys of ciphers that were not tried on them";
/// What of a ciphertext a first look decrypts.
const HEAD: usize = 128;
/// What may stand before it: a vector, or the salt of a password.
const LONGEST_SKIP: usize = 16;
/// Less is not enough for a try.
const LEAST_WORK: u64 = 200;
