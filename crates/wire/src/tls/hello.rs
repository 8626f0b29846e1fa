//! Client and server hellos (RFC 8446 sections 4.1.2 and 4.1.3, RFC 5246 section 7.4.1, RFC 6347 section
//! 4.2.1, and the one that is compatible with SSL 2: RFC 5246 appendix E.2) to what they say.
//!
//! A hello that ends early is read as far as it goes: a name in it is as good as in a whole one.

use std::ops::Range;

use super::{ja4, reader::Reader};
use crate::TlsHead;

/// A client hello.
#[derive(Clone, Debug, Default)]
pub struct ClientHello<'a> {
    /// The version field: TLS 1.3 writes 1.2 there.
    pub legacy_version: u16,
    /// The client's random, empty where the hello ends before its end. Key logs name connections by it.
    pub random: &'a [u8],
    /// The session to resume, or noise.
    pub session_id: &'a [u8],
    /// Cipher suites offered, in order.
    pub suites: Vec<u16>,
    /// Extensions, in order.
    pub extensions: Vec<Extension<'a>>,
    /// Whether it was read to its end.
    pub whole: bool,
}

/// A server hello, or a request to try again.
#[derive(Clone, Debug, Default)]
pub struct ServerHello<'a> {
    /// The version field: TLS 1.3 writes 1.2 there.
    pub legacy_version: u16,
    /// The server's random, empty where the hello ends before its end.
    pub random: &'a [u8],
    /// The session; the client's, where it is resumed.
    pub session_id: &'a [u8],
    /// The cipher suite chosen.
    pub suite: u16,
    /// Extensions, in order.
    pub extensions: Vec<Extension<'a>>,
    /// Whether it was read to its end.
    pub whole: bool,
}

/// An extension of a hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    /// Its type.
    pub kind: u16,
    /// Its contents.
    pub data: &'a [u8],
    /// Where the contents begin in the hello's body.
    pub at: usize,
}

/// What the handshake runs over: fingerprints tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// DTLS.
    Datagrams,
    /// QUIC.
    Quic,
    /// TLS over a stream.
    Stream,
}

impl<'a> ClientHello<'a> {
    /// Reads the body of a client hello.
    pub fn read(body: &'a [u8], carrier: Carrier) -> Self {
        let mut hello = Self::default();
        hello.whole = hello.fill(&mut Reader::new(body), carrier).is_some();
        hello
    }

    /// Reads a hello that is compatible with SSL 2, from the message type on.
    pub fn read_old(message: &'a [u8]) -> Self {
        let mut hello = Self::default();
        hello.whole = hello.fill_old(&mut Reader::new(message)).is_some();
        hello
    }

    /// The first extension of that type.
    pub fn extension(&self, kind: u16) -> Option<&Extension<'a>> {
        self.extensions.iter().find(|extension| extension.kind == kind)
    }

    /// Where the server's name stands in the hello's body (RFC 6066 section 3).
    pub fn server_name(&self) -> Option<(Range<usize>, &'a [u8])> {
        let extension = self.extension(SERVER_NAME)?;
        let mut names = Reader::new(extension.data);
        names.u16()?;
        while let Some(kind) = names.u8() {
            let name = names.vec16()?;
            if kind == 0 {
                let start = extension.at.saturating_add(name.at());
                return Some((start..start.saturating_add(name.rest().len()), name.rest()));
            }
        }
        None
    }

    /// Versions offered: of the extension, where there is one.
    pub fn versions(&self) -> Vec<u16> {
        let offered =
            self.extension(SUPPORTED_VERSIONS).and_then(|extension| Reader::new(extension.data).vec8());
        let offered: Vec<u16> =
            offered.iter().flat_map(Reader::numbers).filter(|version| !is_grease(*version)).collect();
        if offered.is_empty() { vec![self.legacy_version] } else { offered }
    }

    /// The newest version offered. Of TLS 1.3 and its drafts, TLS 1.3.
    pub fn newest(&self) -> u16 {
        let versions = self.versions().into_iter();
        versions.max_by_key(|version| (age(*version), *version == 0x0304)).unwrap_or_default()
    }

    /// Signature algorithms offered, in order.
    pub fn signature_algorithms(&self) -> Vec<u16> {
        let list =
            self.extension(SIGNATURE_ALGORITHMS).and_then(|extension| Reader::new(extension.data).vec16());
        list.iter().flat_map(Reader::numbers).collect()
    }

    /// Protocols offered (RFC 7301), as on the wire.
    pub fn protocols(&self) -> Vec<&'a [u8]> {
        protocols(&self.extensions)
    }

    /// What it says, in words. Of one that ends early: no fingerprint, and no version unless it was told.
    pub fn head(&self, carrier: Carrier) -> TlsHead {
        let dated = self.whole || self.extension(SUPPORTED_VERSIONS).is_some();
        let fingerprint = if self.whole { ja4::ja4(self, carrier) } else { String::new() };
        TlsHead {
            server_name: self.server_name().map_or_else(String::new, |(_, name)| text(name)),
            alpn: self.protocols().into_iter().map(text).collect(),
            version: if dated { self.newest() } else { 0 },
            ja4: fingerprint,
            ech: self.extension(ECH).is_some(),
            ..TlsHead::default()
        }
    }

    fn fill(&mut self, reader: &mut Reader<'a>, carrier: Carrier) -> Option<()> {
        self.legacy_version = reader.u16()?;
        self.random = reader.take(RANDOM)?;
        self.session_id = reader.vec8()?.rest();
        if carrier == Carrier::Datagrams {
            reader.vec8()?;
        }
        self.suites = reader.vec16()?.numbers().collect();
        reader.vec8()?;
        extensions(reader, &mut self.extensions)
    }

    fn fill_old(&mut self, reader: &mut Reader<'a>) -> Option<()> {
        reader.u8()?;
        self.legacy_version = reader.u16()?;
        let (suites, id, random) = (reader.u16()?, reader.u16()?, reader.u16()?);
        let suites = reader.take(suites.into())?;
        // Three bytes each; those of TLS begin with 0.
        let suite = |suite: &[u8]| match suite {
            [0, high, low] => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        };
        self.suites = suites.chunks_exact(3).filter_map(suite).collect();
        self.session_id = reader.take(id.into())?;
        self.random = reader.take(random.into())?;
        Some(())
    }
}

impl<'a> ServerHello<'a> {
    /// Reads the body of a server hello.
    pub fn read(body: &'a [u8]) -> Self {
        let mut hello = Self::default();
        hello.whole = hello.fill(&mut Reader::new(body)).is_some();
        hello
    }

    /// The version chosen.
    pub fn version(&self) -> u16 {
        let chosen = self.extensions.iter().find(|extension| extension.kind == SUPPORTED_VERSIONS);
        chosen.and_then(|extension| Reader::new(extension.data).u16()).unwrap_or(self.legacy_version)
    }

    /// Whether the rest of the handshake is encrypted: TLS 1.3 and its drafts.
    pub fn seals(&self) -> bool {
        matches!(self.version(), 0x0304 | 0x7f00..=0x7fff | 0xfb00..=0xfbff | 0xfefc)
    }

    /// The first extension of that type.
    pub fn extension(&self, kind: u16) -> Option<&Extension<'a>> {
        self.extensions.iter().find(|extension| extension.kind == kind)
    }

    /// Whether it asks for another client hello (RFC 8446 section 4.1.3).
    pub fn retries(&self) -> bool {
        self.random == RETRY
    }

    /// What it says, in words.
    pub fn head(&self) -> TlsHead {
        TlsHead {
            alpn: protocols(&self.extensions).into_iter().map(text).collect(),
            version: self.version(),
            suite: self.suite,
            ..TlsHead::default()
        }
    }

    fn fill(&mut self, reader: &mut Reader<'a>) -> Option<()> {
        self.legacy_version = reader.u16()?;
        self.random = reader.take(RANDOM)?;
        // The drafts of TLS 1.3 up to 21 had neither session nor compression.
        let early = matches!(self.legacy_version, 0x7f00..=0x7f15);
        if !early {
            self.session_id = reader.vec8()?.rest();
        }
        self.suite = reader.u16()?;
        if !early {
            reader.u8()?;
        }
        extensions(reader, &mut self.extensions)
    }
}

/// The protocols that encrypted extensions choose (RFC 8446 section 4.3.1).
pub(crate) fn chosen(encrypted_extensions: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    extensions(&mut Reader::new(encrypted_extensions), &mut found);
    protocols(&found).into_iter().map(text).collect()
}

/// Whether it is one of the numbers that are sent so that nobody relies on the known ones (RFC 8701).
pub fn is_grease(number: u16) -> bool {
    let [high, low] = number.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

/// Reads the extensions as far as they go. `None` where they end early. A hello may have none at all.
fn extensions<'a>(reader: &mut Reader<'a>, found: &mut Vec<Extension<'a>>) -> Option<()> {
    if reader.is_empty() {
        return Some(());
    }
    let announced = usize::from(reader.u16()?);
    let whole = announced <= reader.rest().len();
    let mut list = reader.part(announced.min(reader.rest().len()))?;
    while !list.is_empty() {
        let kind = list.u16()?;
        let data = list.vec16()?;
        found.push(Extension { kind, data: data.rest(), at: data.at() });
    }
    whole.then_some(())
}

fn protocols<'a>(extensions: &[Extension<'a>]) -> Vec<&'a [u8]> {
    let list = extensions.iter().find(|extension| extension.kind == ALPN);
    let Some(mut list) = list.and_then(|extension| Reader::new(extension.data).vec16()) else {
        return Vec::new();
    };
    std::iter::from_fn(|| list.vec8().map(|name| name.rest())).take(PROTOCOLS).collect()
}

/// Versions in the order of their age. DTLS counts down.
fn age(version: u16) -> u16 {
    match version.to_be_bytes() {
        [0xfe, minor] => 0x0300 | u16::from(!minor),
        // Drafts of TLS 1.3.
        [0x7f | 0xfb, _] => 0x0304,
        [3, _] => version,
        _ => 0,
    }
}

/// Text from outside, at most 255 characters.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(255).collect()
}

/// Extension types.
pub(super) const SERVER_NAME: u16 = 0;
const SIGNATURE_ALGORITHMS: u16 = 13;
pub(super) const ALPN: u16 = 16;
const SUPPORTED_VERSIONS: u16 = 43;
const ECH: u16 = 0xfe0d;

const RANDOM: usize = 32;

/// The random of a server hello that asks for another client hello.
const RETRY: [u8; RANDOM] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// Protocols kept of an offer.
const PROTOCOLS: usize = 64;
