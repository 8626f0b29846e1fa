//! Whether bytes are a plaintext, in bits: how much likelier a reader of plaintexts finds them than a wrong key's
//! noise is.
//!
//! Each reading is a distribution over strings of bytes, and its bits are the logarithm of its probability over
//! that of uniform noise. By Markov's inequality noise reaches `b` bits with a probability of at most 2⁻ᵇ,
//! whatever the distribution is; so the bits may be counted against the number of tries without an experiment.

mod cribs;
mod structure;
mod text;

pub use cribs::Cribs;
pub(crate) use cribs::{Coded, MOST_PERIOD, Met};
pub(crate) use structure::{inflates, name_of, protobuf_bits, starts};
pub(crate) use text::{is_text, letter_weights, text_bits};

use crate::Ground;

/// What a plaintext says for itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    /// Bits against uniform noise, the number of readings counted.
    pub(crate) bits: f64,
    pub(crate) ground: Ground,
    /// Whether it is text throughout.
    pub(crate) text: bool,
}

/// The best reading of bytes that a key made; `None` where no reading is likelier than noise.
pub(crate) fn judge(plain: &[u8], cribs: &Cribs) -> Option<Verdict> {
    let met = cribs.find(plain);
    let (bits, form) = structure::best(plain);
    let met_bits = met.as_ref().map_or(0.0, |met| met.bits(8.0, plain.len(), cribs.len()));
    let bits = bits.max(met_bits) - READINGS_BITS;
    let ground = match (met, form) {
        (Some(met), _) => met.ground(),
        (None, Some(form)) => Ground::Structure(form.to_owned()),
        (None, None) => return None,
    };
    (bits > 0.0).then(|| Verdict { bits, ground, text: is_text(plain) })
}

/// Whether the head of a plaintext is worth reading the rest: right ones are missed seldom, and of the wrong ones
/// one in hundreds passes.
pub(crate) fn promising(head: &[u8], cribs: &Cribs) -> bool {
    text_bits(head) > 8.0
        || structure::starts(head)
        || protobuf_bits(head, true) > 8.0
        || cribs.find(head).is_some()
}

/// Whether a block or less is worth reading more: of wrong ones one in dozens passes.
pub(crate) fn hopeful(block: &[u8], cribs: &Cribs) -> bool {
    let least = u32::try_from(block.len()).map_or(8.0, |length| f64::from(length.min(16)) / 2.0);
    text_bits(block) > least
        || starts(block)
        || protobuf_bits(block, true) > least
        || cribs.find(block).is_some()
}

/// Text, wide text, compressed, a file, a message, a crib.
const READINGS_BITS: f64 = 2.6;
