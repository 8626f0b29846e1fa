//! Ciphers with keys within reach: in the same message, in the app, made of the time or of the phone's values.
//!
//! [`open`] tries keys, ciphers, modes and vectors in rounds, in the order in which home-made protection uses them, so
//! that every cipher has its turn with the likely keys before the unlikely ones are tried at all. Each key is worth a
//! look at a block or two; what passes is decrypted further, then whole, and judged. It is accepted by what the
//! plaintext is, with the padding's bits added, against the number of tries: see [`BOUND_BITS`](crate::BOUND_BITS).

mod block;
mod keys;
mod look;
mod modes;
mod sealed;
mod search;
mod show;
mod vectors;

use std::cell::OnceCell;

use evidence::HexBytes;
use serde::{Deserialize, Serialize};

pub use block::Algorithm;
pub use modes::{Mode, Padding};

use crate::{Budget, Carrier, Context, Opened, plausible};
use keys::{bases, left_out};
use modes::Ready;
use search::Search;
use vectors::{IvList, Kind, Vector};

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
/// Values under eight bytes and over [`LONGEST`] are not tried; the budget's rows say so, and what of the context was too
/// much for a value that stays closed.
pub fn open(value: &[u8], context: &Context<'_>, budget: &mut Budget) -> Vec<Opened> {
    if value.len() > LONGEST {
        budget.skip("those too long for ciphers to be tried on");
        return Vec::new();
    }
    let readings = Carrier::readings(value);
    if value.len() < 8 || plausible::is_text(value) && readings.len() < 2 {
        return Vec::new();
    }
    let bases: Vec<_> = bases(context).into_iter().map(|base| (base, OnceCell::new())).collect();
    let ivs = IvList::new(context);
    let tried = readings
        .iter()
        // Text that carries bytes is no ciphertext itself.
        .filter(|(carrier, bytes)| bytes.len() >= 8 && (*carrier != Carrier::Raw || readings.len() == 1))
        .filter(|(_, bytes)| is_varied(bytes));
    let (mut opened, mut searched) = (Vec::new(), false);
    for (carrier, bytes) in tried {
        searched = true;
        opened.extend(Search::new((*carrier, bytes), context.cribs, &ivs, budget).run(&bases));
    }
    if searched && opened.is_empty() {
        let vectors = ivs.cut.then_some("initial vectors that were not tried on them");
        left_out(context).chain(vectors).for_each(|what| budget.skip(what));
    }
    opened
}

/// Whether bytes vary as a cipher's do: a row of one byte is decrypted into a row of one letter by one key in five,
/// where what was decrypted last is fed back.
fn is_varied(bytes: &[u8]) -> bool {
    let distinct = bytes.iter().collect::<std::collections::BTreeSet<_>>().len();
    distinct.saturating_mul(3) >= bytes.len().min(16)
}

/// Longer values are not decrypted.
pub const LONGEST: usize = 1 << 20;
