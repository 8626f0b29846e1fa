//! What kind of protection it is, for values that stayed unreadable.
//!
//! The answer is a [`Class`] with its reasons in words. It is careful in one direction: what could hide an
//! identifier is never called clean because it could not be read.

mod measure;
mod samples;

pub use measure::Measures;
pub use samples::Samples;

use crate::{Carrier, Context, Method, Opened, plausible::is_text};

/// Kinds of protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Written in a way that everybody can undo.
    Encoded,
    /// Not protected: the bytes of a picture, a film, an archive or a record of another protocol.
    NotProtected,
    /// Put out of order without a key, or with one that travels along.
    Scrambled,
    /// Encrypted with nothing seen that weakens it.
    Strong,
    /// It cannot be told from the wire what it holds.
    Undecidable,
    /// Encrypted with a key within reach: broken here.
    WeakBroken,
    /// Encrypted in a way that gives something away, with a key that was not found.
    WeakNotBroken,
}

impl Class {
    /// What it means, in a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Encoded => "written in another form only; everybody can read it",
            Self::NotProtected => "a file or stream of a known format, not encrypted by itself",
            Self::Scrambled => "put out of order, not encrypted; it was read without a secret",
            Self::Strong => "encrypted, and nothing seen weakens it; what it holds is not known",
            Self::Undecidable => {
                "what it holds cannot be decided from the wire; that is no sign of its being harmless"
            }
            Self::WeakBroken => "encrypted with a key that was within reach; it was read",
            Self::WeakNotBroken => "encrypted in a way that gives something away; the key was not found",
        }
    }
}

/// What a value, or the values of a field, turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Triage {
    /// The kind of protection.
    pub class: Class,
    /// Why, each a clause that stands after "because".
    pub reasons: Vec<String>,
    /// What was measured on the first value.
    pub measures: Measures,
    /// How its bytes are written.
    pub carrier: Carrier,
}

/// Judges a value with what opened it, if anything did, and what else its field held over time.
pub fn triage(value: &[u8], opened: &[Opened], samples: &Samples, context: &Context<'_>) -> Triage {
    let (carrier, bytes) =
        Carrier::readings(value).into_iter().next().unwrap_or((Carrier::Raw, value.to_vec()));
    let measures = Measures::of(&bytes);
    let (class, reasons) = match opened.first() {
        Some(opened) => by_opened(opened),
        None => closed(&bytes, carrier, &measures, samples, context),
    };
    Triage { class, reasons, measures, carrier }
}

fn by_opened(opened: &Opened) -> (Class, Vec<String>) {
    let class = match &opened.how.method {
        Method::Cipher(_) => Class::WeakBroken,
        Method::Scramble(_) => Class::Scrambled,
    };
    (class, vec![format!("it was opened: {}", opened.how)])
}

fn closed(
    bytes: &[u8],
    carrier: Carrier,
    measures: &Measures,
    samples: &Samples,
    context: &Context<'_>,
) -> (Class, Vec<String>) {
    if !measures.format.is_empty() {
        return (Class::NotProtected, vec![format!("it begins like {}", measures.format)]);
    }
    if is_text(bytes) || !measures.noise {
        return ordered(bytes, carrier, measures);
    }
    let mut reasons = vec![format!(
        "its {} bytes have {:.2} bits of entropy each, as noise of the length has ({:.2})",
        measures.length, measures.entropy, measures.expected_entropy
    )];
    let weak = weaknesses(carrier, measures, samples, context);
    let rsa = measures.rsa_bits > 0 && measures.repeated_blocks == 0 && samples.repeated() == 0;
    if rsa {
        reasons.push(format!("it is as long as a block of RSA with {} bits", measures.rsa_bits));
        if samples.counter_beside() {
            reasons.push(
                "a counter stands beside it, so that it is sent as an event and not as a key".to_owned(),
            );
        }
        reasons.push("padding at random makes equal contents differ".to_owned());
        reasons.extend(weak);
        return (Class::Undecidable, reasons);
    }
    if !weak.is_empty() {
        reasons.extend(weak);
        return (Class::WeakNotBroken, reasons);
    }
    if bytes.len() < LEAST_STRONG || samples.one_length() && measures.length <= MOST_OPAQUE {
        reasons.push(
            "it is short or always of one length, like a hash, a random number or an identifier".to_owned(),
        );
        return (Class::Undecidable, reasons);
    }
    if samples.lengths_follow_content() {
        reasons
            .push("its length follows the content's to the byte, as that of stream ciphers does".to_owned());
    }
    if samples.count() < 2 {
        reasons.push("one value was seen, which says nothing about repetition".to_owned());
    }
    (Class::Strong, reasons)
}

fn ordered(bytes: &[u8], carrier: Carrier, measures: &Measures) -> (Class, Vec<String>) {
    if is_text(bytes) {
        return (Class::Encoded, vec![format!("its bytes are text, written as {carrier}")]);
    }
    if measures.length < LEAST_ORDER {
        return (Class::Undecidable, vec![format!("{} bytes are too few to tell", measures.length)]);
    }
    let found = format!(
        "its {} bytes have {:.2} bits of entropy each, where noise of the length has {:.2}",
        measures.length, measures.entropy, measures.expected_entropy
    );
    if measures.repeated_blocks > 0 && measures.entropy > 4.0 {
        let blocks = format!(
            "{} of its blocks of {} bytes stand there before",
            measures.repeated_blocks, measures.block
        );
        return (Class::WeakNotBroken, vec![found, blocks]);
    }
    (Class::Encoded, vec![found, "a format that was not read, or a scramble".to_owned()])
}

/// What gives a cipher away.
fn weaknesses(
    carrier: Carrier,
    measures: &Measures,
    samples: &Samples,
    context: &Context<'_>,
) -> Vec<String> {
    let mut weak = Vec::new();
    if measures.repeated_blocks > 0 {
        weak.push(format!(
            "{} of its blocks of {} bytes stand there before: each block is encrypted by itself (ECB)",
            measures.repeated_blocks, measures.block
        ));
    }
    if samples.repeated() > 0 {
        weak.push(format!(
            "{} of {} values came before: equal contents give equal ciphertexts (no or a fixed initial vector), or it is one identifier",
            samples.repeated(),
            samples.count()
        ));
    }
    let prefix = samples.common_prefix();
    // A name that everybody can read in front of noise is no part of what a cipher made.
    let readable =
        carrier == Carrier::Raw && samples.first().and_then(|first| first.get(..prefix)).is_some_and(is_text);
    if prefix >= 8 && !readable {
        weak.push(format!(
            "all values begin with the same {prefix} bytes: a fixed initial vector or a header"
        ));
    }
    weak.extend(key_beside(context));
    weak
}

/// A field that is named like a key and long enough for one.
fn key_beside(context: &Context<'_>) -> Option<String> {
    let field = context.fields.iter().find(|field| {
        let name = field.name.rsplit(['.', '/', '[']).next().unwrap_or(field.name).to_ascii_lowercase();
        KEY_NAMES.contains(&name.as_str()) && (8..=512).contains(&field.bytes.len())
    })?;
    Some(format!("the field \"{}\" beside it is named like a key or a vector", field.name))
}

const KEY_NAMES: &[&str] = &[
    "aeskey",
    "aes_key",
    "deskey",
    "ek",
    "enckey",
    "enc_key",
    "iv",
    "key",
    "nonce",
    "salt",
    "secret",
    "secretkey",
    "secret_key",
    "sk",
    "skey",
];
/// Shorter values may as well be numbers drawn at random.
const LEAST_STRONG: usize = 48;
/// Values of one length up to this may be one identifier each.
const MOST_OPAQUE: usize = 64;
const LEAST_ORDER: usize = 16;
