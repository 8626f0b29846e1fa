//! Apps that came in over the wire: what arrived, from where, and by which answers one was led there.
//!
//! A body that is an app's package is gathered over its pieces, within a bound, and read when it is whole. One of which
//! only ranges were asked for, or that broke off, waits for its other [parts](parts) until all is merged. Answers that
//! [lead](leads) elsewhere are remembered; in the end they are followed backwards from what arrived.

mod address;
mod leads;
mod parts;

use std::{net::IpAddr, ops::Range, sync::Arc};

use evidence::{
    AppSigner, Endpoint, Evidence, ExchangeId, FlowId, Occurrence, Relation, Security, Timestamp,
};
use handset::apk::{Manifest, Signatures, resources::Resources, zip::Archive};
use sha2::{Digest as _, Sha256};
use wire::{Body, Ending, Head, HttpHead, Message, Sender};

pub(crate) use self::leads::{Lead, Named, Offer};
use self::{
    address::{URL, url},
    leads::Leads,
    parts::{Laid, Origin, Part, Parts, Place},
};
use crate::{
    apps::signer,
    examine::{body_start, occurrence_of_part, security},
    input::hex,
};

/// An app that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    /// The device that asked for it.
    pub(crate) device: Option<IpAddr>,
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
    pub(crate) endless: bool,
    /// What is missing before that.
    pub(crate) holes: Vec<Range<u64>>,
    /// Answers that brought it.
    pub(crate) parts: usize,
    /// Some of these brought the same bytes otherwise.
    pub(crate) differ: bool,
    /// How long a server says it is.
    pub(crate) stated: Option<u64>,
    /// Where else from.
    pub(crate) further: Vec<Endpoint>,
    /// The beginning of the package or of its parts, and what says where these belong; the referrer.
    pub(crate) proofs: Vec<Evidence>,
}

/// What arrived, of one worker.
#[derive(Debug)]
pub(crate) struct Arrivals {
    pub(crate) all: Vec<Arrival>,
    leads: Leads,
    parts: Parts,
    /// How many bytes more of packages may be held at once.
    room: usize,
    /// Packages and redirects that there was no room for.
    pub(crate) dropped: u64,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self { all: Vec::new(), leads: Leads::default(), parts: Parts::default(), room: ROOM, dropped: 0 }
    }
}

/// What one flow has under way.
#[derive(Debug, Default)]
pub(crate) struct Parcels {
    asked: Vec<Asked>,
    /// The one that was answered last.
    answered: Option<Asked>,
    open: Vec<Parcel>,
}

/// A request.
#[derive(Debug)]
struct Asked {
    exchange: u32,
    url: String,
    referrer: Option<Occurrence>,
    /// Packages that it names.
    names: Arc<[Named]>,
}

/// A package, or a part of one, of which pieces came.
#[derive(Debug)]
struct Parcel {
    index: u32,
    arrival: Arrival,
    /// Where the answer begins in the file.
    place: Place,
    /// What it goes together with; `None` where that is not known.
    origin: Option<Origin>,
    /// Of the answer's body: where `bytes` begin, and what comes next.
    from: u64,
    next: u64,
    bytes: Vec<u8>,
}

/// A flow as messages of it are heard.
#[derive(Clone, Copy)]
pub(crate) struct Heard<'a> {
    pub(crate) flow: FlowId,
    pub(crate) device: IpAddr,
    /// The other side.
    pub(crate) endpoint: &'a Endpoint,
}

impl Parcels {
    /// Hears a message of the flow.
    pub(crate) fn hear(&mut self, heard: Heard<'_>, message: &Message, arrivals: &mut Arrivals) {
        let Head::Http(head) = &message.head else { return };
        match message.sender {
            Sender::Originator if message.position == 0 => self.ask(heard.flow, head, message),
            Sender::Originator => {}
            Sender::Responder => {
                if message.position == 0 {
                    self.begin(heard, (head, message), arrivals);
                }
                self.go_on(heard.flow, message, arrivals);
            }
        }
    }

    /// The flow is over: what was not whole goes to the parts.
    pub(crate) fn close(&mut self, arrivals: &mut Arrivals) {
        for parcel in self.open.drain(..) {
            arrivals.lay_aside(parcel);
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
        let (exchange, url) = (message.exchange, url(head, message));
        self.asked.push(Asked { exchange, url, referrer, names: Arc::default() });
    }

    /// What a request that was heard names.
    pub(crate) fn name(&mut self, exchange: u32, names: Vec<Named>) {
        if let Some(asked) = self.asked.iter_mut().rfind(|asked| asked.exchange == exchange) {
            asked.names = names.into();
        }
    }

    /// What an answer that was heard offers.
    pub(crate) fn offer(&self, message: &Message, offers: Vec<Offer>, arrivals: &mut Arrivals) {
        let mut asked = self.answered.iter().chain(&self.asked);
        if let Some(asked) = asked.find(|asked| asked.exchange == message.exchange) {
            arrivals.leads.offer(message.recorded.first, (&asked.url, &asked.names), offers);
        }
    }

    fn begin(&mut self, heard: Heard<'_>, (head, message): (&HttpHead, &Message), arrivals: &mut Arrivals) {
        let asked = self.asked.iter().position(|asked| asked.exchange == message.exchange);
        let answered = message.ending != Ending::Continued && !matches!(head.status, 100..200);
        let place = place(head, message);
        let asked = match asked {
            Some(at) if answered || place.is_some() => Some(self.asked.remove(at)),
            _ => None,
        };
        let from = asked.as_ref().map(|asked| asked.url.clone()).unwrap_or_default();
        let referrer = asked.as_ref().and_then(|asked| asked.referrer.clone());
        self.answered = asked;
        if let Some(range) = header(message, b"location").filter(|_| matches!(head.status, 300..400)) {
            arrivals.leads.redirect(heard.flow, message, &from, &range);
        } else if let Some(range) = header(message, b"refresh").and_then(|range| refreshed(message, range)) {
            arrivals.leads.redirect(heard.flow, message, &from, &range);
        }
        let Some(place) = place else { return };
        let validator = validator(message);
        let origin = Origin { device: heard.device, url: from.clone(), validator };
        if place.start == 0 && !begins(body(message)) {
            // A few bytes may be an error's, or lie: what else comes from there is waited for.
            if place.len.is_none_or(|len| len >= TELLING) {
                arrivals.parts.refuse(origin);
            }
            return;
        }
        if place.start > 0 && (from.is_empty() || !may_be_package(head, &from)) {
            return;
        }
        if self.open.len() >= OPEN {
            arrivals.lay_aside(self.open.remove(0));
        }
        let exchange = ExchangeId { flow: heard.flow, index: message.exchange };
        let arrival = Arrival {
            device: Some(heard.device),
            url: from,
            referrer: referrer.as_ref().map(|proof| proof.found.clone()).unwrap_or_default(),
            proofs: proofs(heard.flow, message, place, referrer),
            ..Arrival::at(heard.endpoint.clone(), exchange, (message.recorded.first, security(message)))
        };
        let origin = Some(origin).filter(|origin| !origin.url.is_empty());
        let index = message.exchange;
        self.open.push(Parcel { index, arrival, place, origin, from: 0, next: 0, bytes: Vec::new() });
    }

    fn go_on(&mut self, flow: FlowId, message: &Message, arrivals: &mut Arrivals) {
        let Some(at) = self.open.iter().position(|parcel| parcel.index == message.exchange) else { return };
        let Some(parcel) = self.open.get_mut(at) else { return };
        if parcel.next != message.position {
            arrivals.lay_aside(parcel.split(flow, message));
        }
        let held = arrivals.room;
        let taken = parcel.take(body(message), held);
        arrivals.room = held.saturating_sub(taken.unwrap_or_default());
        let whole = taken.is_some() && message.ending == Ending::Whole && parcel.is_all();
        // After a loss more may come.
        if message.ending == Ending::Whole || taken.is_none() {
            let parcel = self.open.remove(at);
            if whole { arrivals.take(parcel) } else { arrivals.lay_aside(parcel) }
        }
    }
}

impl Parcel {
    /// Adds the next bytes, but none that the answer did not say it brings. Gives how many; `None` where there is no room.
    fn take(&mut self, bytes: &[u8], room: usize) -> Option<usize> {
        let left = self.place.len.map_or(u64::MAX, |len| len.saturating_sub(self.next));
        self.next = self.next.saturating_add(bytes.len() as u64);
        let bytes = bytes.get(..usize::try_from(left).unwrap_or(usize::MAX)).unwrap_or(bytes);
        if bytes.len() > room.min(LARGEST.saturating_sub(self.bytes.len())) {
            return None;
        }
        self.bytes.extend_from_slice(bytes);
        Some(bytes.len())
    }

    /// Whether it is all of an answer that brings the whole file.
    fn is_all(&self) -> bool {
        self.place.len.is_none() && self.from == 0
    }

    /// Bytes were lost: gives what came before, and goes on after.
    fn split(&mut self, flow: FlowId, message: &Message) -> Self {
        let place = Place { start: self.place.start.saturating_add(message.position), ..self.place };
        let arrival = Arrival {
            proofs: proofs(flow, message, place, None),
            exchange: self.arrival.exchange,
            ..self.arrival.clone()
        };
        let before = Self {
            arrival: std::mem::replace(&mut self.arrival, arrival),
            origin: self.origin.clone(),
            bytes: std::mem::take(&mut self.bytes),
            ..*self
        };
        (self.from, self.next) = (message.position, message.position);
        before
    }
}

impl Arrival {
    fn at(endpoint: Endpoint, exchange: ExchangeId, (time, security): (Timestamp, Security)) -> Self {
        Self {
            device: None,
            endpoint,
            exchange,
            time,
            security,
            url: String::new(),
            referrer: String::new(),
            package: String::new(),
            version_name: String::new(),
            version_code: None,
            split: String::new(),
            signers: Vec::new(),
            bytes: 0,
            sha256: String::new(),
            endless: false,
            holes: Vec::new(),
            parts: 1,
            differ: false,
            stated: None,
            further: Vec::new(),
            proofs: Vec::new(),
        }
    }

    /// Something of it is missing.
    pub(crate) fn cut(&self) -> bool {
        self.endless || !self.holes.is_empty()
    }

    /// Reads what is in the package, of which those bytes `came`; `false` where it is another archive.
    fn read(&mut self, bytes: &[u8], came: &[Range<usize>]) -> bool {
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
        if !self.cut() {
            self.signers = Signatures::read(&archive).newest().map(signer).collect();
        }
        self.bytes = came.iter().map(|range| range.len() as u64).sum();
        let mut digest = Sha256::new();
        came.iter().filter_map(|range| bytes.get(range.clone())).for_each(|bytes| digest.update(bytes));
        self.sha256 = hex(&digest.finalize());
        true
    }
}

impl Arrivals {
    /// A package that came in one.
    fn take(&mut self, parcel: Parcel) {
        self.room = self.room.saturating_add(parcel.bytes.len());
        let all = 0..parcel.bytes.len();
        self.tell(parcel.arrival, &parcel.bytes, &[all]);
    }

    /// A part, until its others have come.
    fn lay_aside(&mut self, parcel: Parcel) {
        self.room = self.room.saturating_add(parcel.bytes.len());
        if parcel.bytes.is_empty() {
            return;
        }
        let Parcel { arrival, place, origin, from, bytes, .. } = parcel;
        let part = Part { arrival, start: place.start.saturating_add(from), stated: place.stated, bytes };
        let mut whole = Vec::new();
        let over = match origin {
            Some(origin) => self.parts.keep(origin, part, &mut whole),
            None => Some(part),
        };
        whole.into_iter().for_each(|laid| self.tell_laid(laid));
        match over {
            Some(part) if part.start == 0 => self.tell_laid(Laid::of(part)),
            Some(_) => self.dropped += 1,
            None => {}
        }
    }

    fn tell_laid(&mut self, laid: Laid) {
        if let Some((arrival, bytes, came)) = laid.tell() {
            self.tell(arrival, &bytes, &came);
        }
    }

    fn tell(&mut self, mut arrival: Arrival, bytes: &[u8], came: &[Range<usize>]) {
        if !arrival.read(bytes, came) {
            return;
        }
        if self.all.len() < ARRIVALS {
            self.all.push(arrival);
        } else {
            self.dropped += 1;
        }
    }

    /// Adds what another worker heard.
    pub(crate) fn merge(&mut self, other: Self) {
        self.all.extend(other.all);
        self.leads.merge(other.leads);
        self.parts.merge(other.parts);
        self.dropped += other.dropped;
    }

    /// Puts parts together, and all in an order that does not depend on the workers.
    pub(crate) fn settle(&mut self) {
        std::mem::take(&mut self.parts).put_together().for_each(|laid| self.tell_laid(laid));
        self.all.sort_by_key(|arrival| (arrival.time, arrival.exchange));
        self.leads.settle();
        self.dropped += std::mem::take(&mut self.leads.dropped);
    }

    /// The answers that led to an arrival, the first one first.
    pub(crate) fn led_to(&self, arrival: &Arrival) -> Vec<&Lead> {
        self.leads.to(&arrival.url, arrival.time)
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
    bytes.starts_with(LOCAL)
        && (labelled || signs.iter().any(|sign| memchr::memmem::find(probe, sign).is_some()))
}

/// The address in a `Refresh`, `0; url=https://…`, as browsers read it.
fn refreshed(message: &Message, range: Range<usize>) -> Option<Range<usize>> {
    let value = std::str::from_utf8(message.recorded.bytes.get(range.clone())?).ok()?;
    let (_, target) = value.split_once([';', ','])?;
    let (name, url) = target.split_once('=')?;
    let url = url.trim_start().trim_start_matches(['"', '\'']);
    let start = range.end - url.len();
    let len = url.trim_end().trim_end_matches(['"', '\'']).len();
    (name.trim().eq_ignore_ascii_case("url") && len > 0).then_some(start..start + len)
}

/// Where in the file an answer's bytes stand, where they may be a package's.
fn place(head: &HttpHead, message: &Message) -> Option<Place> {
    let value = |name: &[u8]| message.recorded.bytes.get(header(message, name)?);
    let plain = head.coding.is_empty() || head.coding.eq_ignore_ascii_case("identity");
    let range = value(b"content-range").filter(|_| head.status == 206 && plain);
    range.and_then(Place::of).or_else(|| {
        let stated =
            value(b"content-length").and_then(|len| std::str::from_utf8(len).ok()?.trim().parse().ok());
        starts(message).then_some(Place { stated, ..Place::default() })
    })
}

/// What a server knows this version of a file by (RFC 9110 section 8.8); empty where it does not say. Servers of one
/// network call the same tag weak and strong, by what they did with the answer (section 8.8.3.2).
fn validator(message: &Message) -> String {
    let value = |name: &[u8]| message.recorded.bytes.get(header(message, name)?);
    let value = value(b"etag").or_else(|| value(b"last-modified")).unwrap_or_default();
    let value = String::from_utf8_lossy(value.get(..URL).unwrap_or(value));
    let value = value.trim();
    value.strip_prefix("W/").filter(|tag| tag.starts_with('"')).unwrap_or(value).to_owned()
}

/// Whether bytes begin as an archive does, as far as they go.
fn begins(bytes: &[u8]) -> bool {
    LOCAL.starts_with(bytes.get(..LOCAL.len()).unwrap_or(bytes))
}

/// Whether by its label or its address a part may be one of a package: players fetch media in ranges, too.
fn may_be_package(head: &HttpHead, url: &str) -> bool {
    let media = head.media.trim().to_ascii_lowercase();
    let path = url.split('?').next().unwrap_or_default().to_ascii_lowercase();
    path.ends_with(".apk") || !OTHERS.iter().any(|other| media.starts_with(other))
}

fn body(message: &Message) -> &[u8] {
    match &message.body {
        Body::None => &[],
        Body::Range(range) => message.recorded.bytes.get(range.clone()).unwrap_or_default(),
        Body::Joined { bytes, .. } => bytes,
    }
}

fn proofs(flow: FlowId, message: &Message, place: Place, referrer: Option<Occurrence>) -> Vec<Evidence> {
    let start = match &message.body {
        Body::Joined { segments, .. } => {
            segments.first().and_then(|segment| usize::try_from(segment.start).ok()).unwrap_or_default()
        }
        _ => body_start(message),
    };
    let end = start.saturating_add(BEGINNING).min(message.recorded.bytes.len());
    let words = match place.start {
        0 => "the beginning of the package".to_owned(),
        at => format!("a part of the package: from its byte {at} on"),
    };
    let occurrence = occurrence_of_part(flow, message, &(start..end));
    let beginning = Evidence { relation: Relation::Value, words, occurrence };
    let label =
        |words: &str, occurrence| Evidence { relation: Relation::Label, words: words.to_owned(), occurrence };
    let range = header(message, b"content-range").filter(|_| place.len.is_some());
    let range = range.map(|range| {
        label("where the answer says that its part belongs", occurrence_of_part(flow, message, &range))
    });
    let referrer = referrer.map(|found| label("the address that the request says it came from", found));
    std::iter::once(beginning).chain(range).chain(referrer).collect()
}

fn header(message: &Message, name: &[u8]) -> Option<Range<usize>> {
    let named = |range: &Range<usize>| {
        message.recorded.bytes.get(range.clone()).is_some_and(|found| found.eq_ignore_ascii_case(name))
    };
    message.parts.iter().find(|part| named(&part.name)).map(|part| part.value.clone())
}

/// Bytes of packages that one worker holds at once, and of one package.
const ROOM: usize = 512 << 20;
const LARGEST: usize = 256 << 20;
/// Packages that one worker remembers.
const ARRIVALS: usize = 2000;
/// Requests, and packages, that one flow has under way.
const UNDER_WAY: usize = 64;
const OPEN: usize = 16;
/// How a member of an archive begins (APPNOTE 6.3.10, section 4.3.7).
const LOCAL: &[u8] = b"PK\x03\x04";
/// Kinds of media that are no packages.
const OTHERS: [&str; 6] = ["audio/", "font/", "image/", "multipart/", "text/", "video/"];
/// Bytes at the beginning of a file that tell that it is no package.
const TELLING: u64 = 1024;
/// Where the first members of a package stand.
const PROBE: usize = 1 << 16;
/// Bytes of its beginning that are shown: a local header.
const BEGINNING: usize = 30;
/// The largest manifest or table of resources that is unpacked.
const UNPACKED: usize = 64 << 20;
/// The longest name that is kept.
const TEXT: usize = 256;
