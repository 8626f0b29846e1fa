//! Initial vectors: the key, zero, what stands in the message, what stands before the ciphertext.

use evidence::HexBytes;

use super::{Algorithm, Iv, Mode, modes::Ready, sealed::NONCE};
use crate::{Carrier, Context};

/// Vectors that are tried with every key, with their sources.
pub(super) struct IvList {
    kept: Vec<(Vec<u8>, String)>,
    /// Whether there were more than are tried.
    pub(super) cut: bool,
}

impl IvList {
    pub(super) fn new(context: &Context<'_>) -> Self {
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
        let mut seen = std::collections::BTreeSet::new();
        ivs.retain(|(bytes, _)| seen.insert(bytes.clone()));
        let cut = ivs.len() > MOST_IVS;
        ivs.truncate(MOST_IVS);
        Self { kept: ivs, cut }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Given,
    None,
    Prefix,
}

/// A vector to try, without copies.
#[derive(Clone, Copy)]
pub(super) struct Vector<'a> {
    pub(super) kind: Kind,
    pub(super) bytes: &'a [u8],
    pub(super) source: &'a str,
    pub(super) skip: usize,
}

impl Vector<'_> {
    /// For a mode that takes none.
    pub(super) const NONE: Self = Vector { kind: Kind::None, bytes: &[], source: "", skip: 0 };

    pub(super) fn iv(self) -> Iv {
        match self.kind {
            Kind::Given => Iv::Given { bytes: HexBytes(self.bytes.to_vec()), source: self.source.to_owned() },
            Kind::None => Iv::None,
            Kind::Prefix => Iv::Prefix,
        }
    }

    /// The plaintext of a value, padding and all.
    pub(super) fn decrypt(self, ready: &Ready, mode: Mode, bytes: &[u8]) -> Option<Vec<u8>> {
        let body = bytes.get(self.skip..)?;
        match self.kind {
            Kind::None => ready.decrypt(mode, &[], body),
            Kind::Given => ready.decrypt(mode, self.bytes, body),
            Kind::Prefix => ready.decrypt(mode, bytes.get(..self.skip)?, body),
        }
    }
}

/// How long the vectors of a cipher are: 1 where it takes none.
pub(super) fn length(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::ChaCha20 => NONCE,
        _ => algorithm.block(),
    }
}

/// The vectors of a length that a key may be used with, the usual first.
pub(super) fn vectors<'a>(
    ivs: &'a IvList,
    size: usize,
    key: &'a [u8],
    derived: &'a [u8],
) -> impl Iterator<Item = Vector<'a>> {
    let given = |bytes: &'a [u8], source: &'a str| Vector { kind: Kind::Given, bytes, source, skip: 0 };
    let own = key.get(..size).map(|iv| given(iv, "key"));
    let fitting = ivs.kept.iter().filter(move |(iv, _)| iv.len() == size);
    let fitting = fitting.map(move |(iv, source)| given(iv, source));
    let of_key = (size == derived.len()).then(|| given(derived, "md5(key)"));
    let prefix = Vector { kind: Kind::Prefix, skip: size, ..Vector::NONE };
    let all = own.into_iter().chain(fitting).chain(of_key).chain([prefix]);
    all.filter(move |_| size > 1)
}

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
