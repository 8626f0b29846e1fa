//! Apps that came in over the wire: what arrived, from where, and by which answers one was led there.
//!
//! A body that is an app's package is gathered over its pieces, within a bound, and read when it is whole or the
//! flow is over. Answers that lead elsewhere (RFC 9110 section 10.2.2) are remembered; in the end they are followed
//! backwards from what arrived.

use std::ops::Range;

use evidence::{
    AppSigner, Endpoint, Evidence, ExchangeId, FlowId, Occurrence, Relation, Security, Timestamp,
};
use handset::apk::{Manifest, Signatures, resources::Resources, zip::Archive};
use sha2::{Digest as _, Sha256};
use wire::{Body, Ending, Head, HttpHead, Message, Sender};

use crate::{
    apps::signer,
    examine::{body_start, occurrence_of_part, security},
    input::hex,
};

/// An app that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    /// Where from.
    pub(crate) endpoint: Endpoint,
    pub(crate) exchange: ExchangeId,
    pub(crate) time: Timestamp,
    pub(crate) security: Security,
    /// The address that was asked for.
    pub(crate) url: String,
    /// The address that the request says it came from; empty where it says none.
    pub(crate) referrer: String,
    pub(crate) package: String,
    pub(crate) version_name: String,
    pub(crate) version_code: Option<u64>,
    /// The split's name; empty for a base.
    pub(crate) split: String,
    pub(crate) signers: Vec<AppSigner>,
    pub(crate) bytes: u64,
    /// Of what arrived.
    pub(crate) sha256: String,
    /// Its end is missing.
    pub(crate) cut: bool,
    /// The beginning of the package, and the referrer.
    pub(crate) proofs: Vec<Evidence>,
}

/// An answer that leads elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Redirect {
    pub(crate) time: Timestamp,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) proof: Occurrence,
}

/// What arrived, of one worker.
#[derive(Debug)]
pub(crate) struct Arrivals {
    pub(crate) all: Vec<Arrival>,
    pub(crate) redirects: Vec<Redirect>,
    /// How many bytes more of packages may be held at once.
    room: usize,
    /// Packages and redirects that there was no room for.
    pub(crate) dropped: u64,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self { all: Vec::new(), redirects: Vec::new(), room: ROOM, dropped: 0 }
    }
}

/// What one flow has under way.
#[derive(Debug, Default)]
pub(crate) struct Parcels {
    asked: Vec<Asked>,
    open: Vec<Parcel>,
}

/// A request.
#[derive(Debug)]
struct Asked {
    exchange: u32,
    url: String,
    referrer: Option<Occurrence>,
}

/// A package of which pieces came.
#[derive(Debug)]
struct Parcel {
    index: u32,
    arrival: Arrival,
    bytes: Vec<u8>,
}

impl Parcels {
    /// Hears a message of the flow. `endpoint` is the other side.
    pub(crate) fn hear(
        &mut self,
        flow: FlowId,
        endpoint: &Endpoint,
        message: &Message,
        arrivals: &mut Arrivals,
    ) {
        let Head::Http(head) = &message.head else { return };
        match message.sender {
            Sender::Originator if message.position == 0 => self.ask(flow, head, message),
            Sender::Originator => {}
            Sender::Responder => {
                if message.position == 0 {
                    self.begin(flow, endpoint, (head, message), arrivals);
                }
                self.go_on(message, arrivals);
            }
        }
    }

    /// The flow is over: what was not whole is told as it is.
    pub(crate) fn close(&mut self, arrivals: &mut Arrivals) {
        for parcel in self.open.drain(..) {
            arrivals.take(parcel, true);
        }
    }

    fn ask(&mut self, flow: FlowId, head: &HttpHead, message: &Message) {
        if head.method.is_empty() {
            return;
        }
        if self.asked.len() >= UNDER_WAY {
            self.asked.remove(0);
        }
        let referrer = header(message, b"referer").map(|range| occurrence_of_part(flow, message, &range));
        self.asked.push(Asked { exchange: message.exchange, url: url(head, message), referrer });
    }

    fn begin(
        &mut self,
        flow: FlowId,
        endpoint: &Endpoint,
        (head, message): (&HttpHead, &Message),
        arrivals: &mut Arrivals,
    ) {
        let asked = self.asked.iter().position(|asked| asked.exchange == message.exchange);
        let answered = message.ending != Ending::Continued && !matches!(head.status, 100..200);
        let asked = match asked {
            Some(at) if answered || starts(message) => Some(self.asked.remove(at)),
            _ => None,
        };
        let from = asked.as_ref().map(|asked| asked.url.clone()).unwrap_or_default();
        if let Some(range) = header(message, b"location").filter(|_| matches!(head.status, 300..400)) {
            arrivals.redirect(flow, message, &from, &range);
        }
        if starts(message) && self.open.len() < OPEN {
            let exchange = ExchangeId { flow, index: message.exchange };
            let referrer = asked.and_then(|asked| asked.referrer);
            let arrival = Arrival {
                url: from,
                referrer: referrer.as_ref().map(|proof| proof.found.clone()).unwrap_or_default(),
                proofs: proofs(flow, message, referrer),
                ..Arrival::new(endpoint.clone(), exchange, message)
            };
            self.open.push(Parcel { index: message.exchange, arrival, bytes: Vec::new() });
        }
    }

    fn go_on(&mut self, message: &Message, arrivals: &mut Arrivals) {
        let Some(at) = self.open.iter().position(|parcel| parcel.index == message.exchange) else { return };
        let Some(parcel) = self.open.get_mut(at) else { return };
        let bytes = body(message);
        let fits = parcel.bytes.len() as u64 == message.position
            && bytes.len() <= arrivals.room
            && parcel.bytes.len().saturating_add(bytes.len()) <= LARGEST;
        if fits {
            arrivals.room = arrivals.room.saturating_sub(bytes.len());
            parcel.bytes.extend_from_slice(bytes);
        }
        if message.ending != Ending::Continued || !fits {
            let cut = !fits || message.ending == Ending::Cut;
            arrivals.take(self.open.remove(at), cut);
        }
    }
}

impl Arrival {
    fn new(endpoint: Endpoint, exchange: ExchangeId, message: &Message) -> Self {
        Self {
            endpoint,
            exchange,
            time: message.recorded.first,
            security: security(message),
            url: String::new(),
            referrer: String::new(),
            package: String::new(),
            version_name: String::new(),
            version_code: None,
            split: String::new(),
            signers: Vec::new(),
            bytes: 0,
            sha256: String::new(),
            cut: false,
            proofs: Vec::new(),
        }
    }

    /// Reads what is in the package; `false` where it is another archive.
    fn read(&mut self, bytes: &[u8]) -> bool {
        let archive = Archive::read(bytes);
        let unpacked = |name: &str| archive.content_of(name, UNPACKED).map(|content| content.bytes);
        let Some(manifest) = unpacked("AndroidManifest.xml") else { return false };
        let resources = unpacked("resources.arsc").unwrap_or_default();
        let manifest = Manifest::read(&manifest, &Resources::read(&resources));
        let text = |found: &Option<handset::Found<String>>| {
            found.as_ref().map(|found| found.value.chars().take(TEXT).collect()).unwrap_or_default()
        };
        self.package = text(&manifest.package);
        self.version_name = text(&manifest.version_name);
        self.version_code = manifest.version_code.as_ref().map(|code| code.value);
        self.split = text(&manifest.split);
        // A signature is over all of it: of what was cut off nothing could be said.
        if !self.cut {
            self.signers = Signatures::read(&archive).newest().map(signer).collect();
        }
        self.bytes = bytes.len() as u64;
        self.sha256 = hex(&Sha256::digest(bytes));
        true
    }
}

impl Arrivals {
    fn take(&mut self, mut parcel: Parcel, cut: bool) {
        self.room = self.room.saturating_add(parcel.bytes.len());
        parcel.arrival.cut = cut;
        if !parcel.arrival.read(&parcel.bytes) {
            return;
        }
        if self.all.len() < ARRIVALS {
            self.all.push(parcel.arrival);
        } else {
            self.dropped += 1;
        }
    }

    fn redirect(&mut self, flow: FlowId, message: &Message, from: &str, range: &Range<usize>) {
        let value = message.recorded.bytes.get(range.clone()).unwrap_or_default();
        let Ok(value) = std::str::from_utf8(value) else { return };
        if self.redirects.len() >= REDIRECTS || value.len() > URL {
            self.dropped += 1;
            return;
        }
        self.redirects.push(Redirect {
            time: message.recorded.first,
            from: from.to_owned(),
            to: resolved(from, value.trim()),
            proof: occurrence_of_part(flow, message, range),
        });
    }

    /// Adds what another worker heard.
    pub(crate) fn merge(&mut self, other: Self) {
        self.all.extend(other.all);
        self.redirects.extend(other.redirects);
        self.dropped += other.dropped;
    }

    /// Puts all in an order that does not depend on the workers.
    pub(crate) fn settle(&mut self) {
        self.all.sort_by_key(|arrival| (arrival.time, arrival.exchange));
        self.redirects.sort_by_key(|redirect| (redirect.time, redirect.proof.exchange));
    }

    /// The answers that led to an arrival, the first one first.
    pub(crate) fn led_to(&self, arrival: &Arrival) -> Vec<&Redirect> {
        let mut chain: Vec<&Redirect> = Vec::new();
        let (mut url, mut time) = (arrival.url.as_str(), arrival.time);
        while chain.len() < CHAIN {
            let mut before =
                self.redirects.iter().filter(|redirect| redirect.to == url && redirect.time <= time);
            let Some(redirect) =
                before.next_back().filter(|next| !chain.iter().any(|known| known.from == next.from))
            else {
                break;
            };
            (url, time) = (&redirect.from, redirect.time);
            chain.push(redirect);
        }
        chain.reverse();
        chain
    }
}

/// Whether a body begins like a package: an archive, and by its label, its address or its first members an app.
fn starts(message: &Message) -> bool {
    let bytes = body(message);
    let Head::Http(head) = &message.head else { return false };
    let labelled =
        head.media.trim().to_ascii_lowercase().starts_with("application/vnd.android.package-archive");
    let whole = message.ending == Ending::Whole;
    let signs = [&b"AndroidManifest.xml"[..], b"META-INF/", b"classes.dex", b"resources.arsc"];
    // The directory at the end of a whole one names all members.
    let probe = if whole { bytes } else { bytes.get(..PROBE).unwrap_or(bytes) };
    bytes.starts_with(b"PK\x03\x04")
        && (labelled || signs.iter().any(|sign| memchr::memmem::find(probe, sign).is_some()))
}

fn body(message: &Message) -> &[u8] {
    match &message.body {
        Body::None => &[],
        Body::Range(range) => message.recorded.bytes.get(range.clone()).unwrap_or_default(),
        Body::Joined { bytes, .. } => bytes,
    }
}

fn proofs(flow: FlowId, message: &Message, referrer: Option<Occurrence>) -> Vec<Evidence> {
    let start = match &message.body {
        Body::Joined { segments, .. } => {
            segments.first().and_then(|segment| usize::try_from(segment.start).ok()).unwrap_or_default()
        }
        _ => body_start(message),
    };
    let end = start.saturating_add(BEGINNING).min(message.recorded.bytes.len());
    let beginning = Evidence {
        relation: Relation::Value,
        words: "the beginning of the package".to_owned(),
        occurrence: occurrence_of_part(flow, message, &(start..end)),
    };
    let referrer = referrer.map(|occurrence| Evidence {
        relation: Relation::Label,
        words: "the address that the request says it came from".to_owned(),
        occurrence,
    });
    std::iter::once(beginning).chain(referrer).collect()
}

fn header(message: &Message, name: &[u8]) -> Option<Range<usize>> {
    let named = |range: &Range<usize>| {
        message.recorded.bytes.get(range.clone()).is_some_and(|found| found.eq_ignore_ascii_case(name))
    };
    message.parts.iter().find(|part| named(&part.name)).map(|part| part.value.clone())
}

/// The address of a request.
fn url(head: &HttpHead, message: &Message) -> String {
    let scheme = if message.seal.is_some() { "https" } else { "http" };
    let url = if head.target.starts_with('/') {
        format!("{scheme}://{}{}", head.host, head.target)
    } else {
        head.target.clone()
    };
    normal(&url)
}

/// What a `Location` leads to (RFC 3986 section 5.2, as far as servers use it).
fn resolved(from: &str, location: &str) -> String {
    let (scheme, rest) = from.split_once("://").unwrap_or(("http", from));
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    if location.contains("://") {
        return normal(location);
    }
    if let Some(rest) = location.strip_prefix("//") {
        return normal(&format!("{scheme}://{rest}"));
    }
    if location.starts_with('/') {
        return normal(&format!("{scheme}://{host}{location}"));
    }
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let folder = path.rsplit_once('/').map_or(host, |(folder, _)| folder);
    normal(&format!("{scheme}://{folder}/{location}"))
}

/// An address in one writing: scheme and host in lower case, no usual port, no fragment.
fn normal(url: &str) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (scheme, host) = (scheme.to_ascii_lowercase(), host.to_ascii_lowercase());
    let usual = if scheme == "https" { ":443" } else { ":80" };
    let host = host.strip_suffix(usual).unwrap_or(&host);
    let path = if path.is_empty() { "/" } else { path };
    format!("{scheme}://{host}{path}").chars().take(URL).collect()
}

/// Bytes of packages that one worker holds at once, and of one package.
const ROOM: usize = 512 << 20;
const LARGEST: usize = 256 << 20;
/// Packages and redirects that one worker remembers.
const ARRIVALS: usize = 2000;
const REDIRECTS: usize = 20_000;
/// Requests, and packages, that one flow has under way.
const UNDER_WAY: usize = 64;
const OPEN: usize = 4;
/// Where the first members of a package stand.
const PROBE: usize = 1 << 16;
/// Bytes of its beginning that are shown: a local header.
const BEGINNING: usize = 30;
/// The largest manifest or table of resources that is unpacked.
const UNPACKED: usize = 64 << 20;
/// The longest name, and the longest address, that is kept.
const TEXT: usize = 256;
const URL: usize = 2048;
/// Answers followed back.
const CHAIN: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_lead_where_they_say() {
        let from = "http://store.example/q/a?x=1";
        let rows = [
            ("https://CDN.example:443/a.apk#x", "https://cdn.example/a.apk"),
            ("//cdn.example/a", "http://cdn.example/a"),
            ("/b", "http://store.example/b"),
            ("b?c", "http://store.example/q/b?c"),
            ("http://h", "http://h/"),
        ];
        for (location, to) in rows {
            assert_eq!(resolved(from, location), to);
        }
    }
}
