//! What was seen on the wire, looked for in the code of the apps at hand: who could have sent it.
//!
//! Host, paths, user agents and the names of fields that carried identifiers are searched at once in everything an
//! app holds. For a destination of which nobody tells who sent to it every app is asked; where logs or the recording
//! name packages, those are, which tells apart the packages that share a user id. The strings that decide are told
//! with the methods that hold them, and their bytes are proved as any others.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use aho_corasick::AhoCorasick;
use evidence::{
    Attribution, Buffer, BufferId, CaptureId, CodeMeeting, CodeTie, EndpointId, ExchangeId, Fidelity, FlowId,
    FrameNo, Ground, IdentifierKind, InputProblem, Occurrence, Segment, Source, Span, Step, Timestamp, Trail,
};
use handset::apk::{
    Apk, Callers, Contained, HeldBy, Holder, Trackers,
    report::Fact,
    zip::{Archive, Content},
};

use super::{held::Held, judge::place, problem};
use crate::{examine::readable, gather::Asked, merge::Merged, phone::Phone};

/// Adds to `told` what the code of `apps` says. Gives the apps that could not be asked, with the reason.
pub(crate) fn attribute(
    told: &mut evidence::Phone,
    merged: &Merged,
    apps: &Held<'_>,
    phone: Option<&Phone>,
) -> Vec<InputProblem> {
    let mut problems = Vec::new();
    let wanted = Wanted::of(told, merged);
    if apps.is_empty() || wanted.needles.is_empty() {
        return problems;
    }
    if wanted.dropped > 0 {
        problems.push(problem(
            ALL,
            format!("{} strings were not looked for: there are too many", wanted.dropped),
        ));
    }
    let finder = match AhoCorasick::new(wanted.patterns()) {
        Ok(finder) => finder,
        Err(error) => {
            problems.push(problem(ALL, format!("their code was not asked: {error}")));
            return problems;
        }
    };
    let mut rows: BTreeMap<(EndpointId, String), Scored> = BTreeMap::new();
    for (place, capture, path) in apps.all() {
        let readers = merged.unmasked.readers.get(&capture);
        let asked = apps.last(place, |apk| {
            Asking::of(capture, apk, (&wanted, &finder), readers).tell(&mut rows);
        });
        if let Err(error) = asked {
            problems.push(problem(&path.display().to_string(), format!("its code was not asked: {error}")));
        }
    }
    told.attributions.extend(ranked(rows, phone));
    told.attributions.sort_by_key(|row| (row.endpoint, std::cmp::Reverse(row.ground)));
    problems
}

/// The best few of each destination, best first.
fn ranked(rows: BTreeMap<(EndpointId, String), Scored>, phone: Option<&Phone>) -> Vec<Attribution> {
    let mut by_endpoint: BTreeMap<EndpointId, Vec<(String, Scored)>> = BTreeMap::new();
    for ((endpoint, package), scored) in rows {
        by_endpoint.entry(endpoint).or_default().push((package, scored));
    }
    let mut all = Vec::new();
    for (endpoint, mut rows) in by_endpoint {
        rows.sort_by_key(|(_, scored)| std::cmp::Reverse(scored.score()));
        for (package, scored) in rows.into_iter().take(RANKED) {
            let (uid, privileges, quote) = phone.map(|phone| phone.standing(&package)).unwrap_or_default();
            all.push(Attribution {
                endpoint,
                packages: vec![package],
                uid,
                privileges,
                ground: Ground::Code,
                flows: 0,
                quotes: quote.into_iter().collect(),
                ties: scored.ties.into_iter().map(|(_, tie)| tie).take(TIES).collect(),
                meetings: scored.meetings,
            });
        }
    }
    all
}

/// What an app has in common with a destination.
#[derive(Default)]
struct Scored {
    /// The weightiest first.
    ties: Vec<(u32, CodeTie)>,
    meetings: Vec<CodeMeeting>,
}

impl Scored {
    fn score(&self) -> u32 {
        self.ties.iter().map(|(weight, _)| weight).sum()
    }

    /// Adds what another file of the app has in common with it.
    fn merge(&mut self, other: Self) {
        for (weight, tie) in other.ties {
            match self.ties.iter_mut().find(|(_, known)| known.what == tie.what) {
                Some((_, known)) if known.places.is_empty() => *known = tie,
                Some(_) => {}
                None => self.ties.push((weight, tie)),
            }
        }
        self.ties.sort_by(|one, other| (other.0, &one.1.what).cmp(&(one.0, &other.1.what)));
        self.meetings.extend(other.meetings);
        self.meetings.truncate(MEETINGS);
    }
}

/// What is looked for.
#[derive(Default)]
struct Wanted {
    /// Every string once, by its number.
    needles: Vec<String>,
    numbers: HashMap<String, usize>,
    /// Strings that there was no room for.
    dropped: u64,
    destinations: Vec<Destination>,
}

/// What is looked for of a destination.
struct Destination {
    id: EndpointId,
    /// The packages that are asked; empty: all.
    packages: BTreeSet<String>,
    /// Needle, weight, words.
    signs: Vec<Sign>,
    /// What was sent there.
    sent: BTreeSet<IdentifierKind>,
}

/// One sign of a destination.
struct Sign {
    needle: usize,
    kind: SignKind,
}

/// The kinds of signs, the weighty first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SignKind {
    Host,
    Domain,
    Path,
    Agent,
    Key,
}

impl SignKind {
    fn weight(self) -> u32 {
        match self {
            Self::Host => 8,
            Self::Domain => 4,
            Self::Path | Self::Agent => 3,
            Self::Key => 1,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Domain => "domain",
            Self::Path => "path",
            Self::Agent => "user agent",
            Self::Key => "key",
        }
    }
}

impl Wanted {
    fn of(told: &evidence::Phone, merged: &Merged) -> Self {
        let mut wanted = Self::default();
        let mut carried = carried(merged);
        for (destination, asked) in merged.destinations.iter().zip(&merged.asked) {
            let carried = carried.remove(&destination.id).unwrap_or_default();
            let rows = told.attributions.iter().filter(|row| row.endpoint == destination.id && row.flows > 0);
            let signs = signs(destination, asked, &carried);
            let signs = signs
                .into_iter()
                .filter_map(|(kind, needle)| Some(Sign { needle: wanted.number(needle)?, kind }));
            let signs = signs.collect();
            wanted.destinations.push(Destination {
                id: destination.id,
                packages: rows.flat_map(|row| row.packages.iter().cloned()).collect(),
                signs,
                sent: carried.kinds,
            });
        }
        wanted
    }

    /// The number of a needle; `None` where there are too many.
    fn number(&mut self, needle: String) -> Option<usize> {
        if let Some(known) = self.numbers.get(&needle) {
            return Some(*known);
        }
        let next = self.needles.len();
        if next >= NEEDLES {
            self.dropped += 1;
            return None;
        }
        self.needles.push(needle.clone());
        self.numbers.insert(needle, next);
        Some(next)
    }

    /// Each needle as it stands, then each in UTF-16, as resources may have it.
    fn patterns(&self) -> Vec<Vec<u8>> {
        let plain = self.needles.iter().map(|needle| needle.as_bytes().to_vec());
        let wide =
            self.needles.iter().map(|needle| needle.encode_utf16().flat_map(u16::to_le_bytes).collect());
        plain.chain(wide).collect()
    }
}

/// Which identifiers were sent to a destination, and the names of the fields that carried them.
#[derive(Default)]
struct Carried<'m> {
    kinds: BTreeSet<IdentifierKind>,
    keys: BTreeSet<&'m str>,
}

fn carried(merged: &Merged) -> BTreeMap<EndpointId, Carried<'_>> {
    let mut carried: BTreeMap<_, Carried<'_>> = BTreeMap::new();
    let out = merged.sightings.iter().filter(|group| group.key.direction == evidence::Direction::Out);
    for group in out {
        let steps = group.key.field.split('.').filter(|step| step.len() >= SHORTEST_KEY && *step != "[]");
        let carried = carried.entry(group.key.endpoint).or_default();
        carried.keys.extend(steps);
        carried.kinds.insert(group.key.kind);
    }
    carried
}

/// By what an app is known that talks to a destination.
fn signs(
    destination: &evidence::Destination,
    asked: &Asked,
    carried: &Carried<'_>,
) -> Vec<(SignKind, String)> {
    let (host, address) = (&destination.endpoint.host, &destination.endpoint.address);
    let name = if host.is_empty() { address } else { host };
    let domain = Some(&destination.domain).filter(|domain| *domain != host);
    let of = |kind: SignKind, text: &String| (text.len() >= SHORTEST).then(|| (kind, text.clone()));
    let names = of(SignKind::Host, name).into_iter();
    let domains = domain.and_then(|domain| of(SignKind::Domain, domain));
    let paths = asked.paths.iter().filter_map(|path| Some((SignKind::Path, telling_path(path)?)));
    let agents = asked.agents.iter().filter_map(|agent| Some((SignKind::Agent, product(agent)?)));
    let keys = carried.keys.iter().take(KEYS).map(|key| (SignKind::Key, (*key).to_owned()));
    names.chain(domains).chain(paths).chain(agents).chain(keys).collect()
}

/// A path that tells something: code has it with or without the slash before it.
fn telling_path(path: &str) -> Option<String> {
    let path = path.trim_start_matches('/').trim_end_matches('/');
    (path.len() >= SHORTEST).then(|| path.to_owned())
}

/// The product that a user agent names first, where it is not one that everybody uses.
fn product(agent: &str) -> Option<String> {
    let name = agent.split(['/', ' ', '(']).next().unwrap_or_default();
    let usual = COMMON.iter().any(|common| name.eq_ignore_ascii_case(common));
    (name.len() >= SHORTEST && !usual).then(|| name.to_owned())
}

/// One app, asked.
struct Asking<'a> {
    capture: CaptureId,
    apk: &'a Apk<'a>,
    wanted: &'a Wanted,
    /// What it holds of what is looked for, by the needle's number.
    found: HashMap<usize, Contained>,
    unpacked: HashMap<String, Option<(FrameNo, u16, Content<'a>)>>,
    /// Who reads what, where the code was read already.
    known: Option<&'a [Fact<String>]>,
    /// Who reads what, and who calls whom: read where it is needed.
    readers: Option<(Callers, Cow<'a, [Fact<String>]>)>,
}

impl<'a> Asking<'a> {
    fn of(
        capture: CaptureId,
        apk: &'a Apk<'a>,
        (wanted, finder): (&'a Wanted, &AhoCorasick),
        known: Option<&'a Vec<Fact<String>>>,
    ) -> Self {
        let mut numbers: Vec<_> = present(apk, wanted, finder).into_iter().collect();
        let package = apk.manifest().package();
        let asked = |number: &usize| {
            let signs =
                |destination: &Destination| destination.signs.iter().any(|sign| sign.needle == *number);
            wanted.destinations.iter().any(|destination| destination.asks(package) && signs(destination))
        };
        numbers.retain(asked);
        numbers.truncate(PRESENT);
        let needles: Vec<_> = numbers.iter().filter_map(|number| wanted.needles.get(*number)).collect();
        let needles: Vec<&str> = needles.into_iter().map(String::as_str).collect();
        let found = numbers.iter().copied().zip(apk.contains(&needles)).collect();
        let known = known.map(Vec::as_slice);
        Self { capture, apk, wanted, found, unpacked: HashMap::new(), known, readers: None }
    }

    fn tell(mut self, rows: &mut BTreeMap<(EndpointId, String), Scored>) {
        let package = self.apk.manifest().package().to_owned();
        if package.is_empty() {
            return;
        }
        let wanted = self.wanted;
        for destination in wanted.destinations.iter().filter(|destination| destination.asks(&package)) {
            let scored = self.scored(destination);
            // One word that fits is an accident where nothing else speaks for the app.
            let enough = if destination.packages.is_empty() { SignKind::Domain.weight() } else { 1 };
            if scored.score() >= enough {
                rows.entry((destination.id, package.clone())).or_default().merge(scored);
            }
        }
    }

    fn scored(&mut self, destination: &Destination) -> Scored {
        let mut scored = Scored::default();
        let mut named: Vec<Holder> = Vec::new();
        for sign in &destination.signs {
            let Some(found) = self.found.get(&sign.needle).cloned() else { continue };
            let Some(tie) = self.tie(sign.kind, &found) else { continue };
            let by_host = matches!(sign.kind, SignKind::Host | SignKind::Domain);
            if by_host && named.is_empty() {
                let holders = found.code.iter().flat_map(|held| &held.holders);
                named.extend(holders.filter(|holder| holder.by == HeldBy::Code).take(HOLDERS).cloned());
            }
            // The domain stands in the host: it counts where the host does not.
            let counted = scored.ties.iter().any(|(weight, _)| *weight == SignKind::Host.weight());
            if !(sign.kind == SignKind::Domain && counted) {
                scored.ties.push((sign.kind.weight(), tie));
            }
        }
        if !named.is_empty() {
            let kinds = destination.sent.iter().filter_map(|kind| Some((*kind, reads(*kind)?)));
            scored.meetings = kinds.filter_map(|(kind, reads)| self.meeting(kind, reads, &named)).collect();
        }
        scored
    }

    fn tie(&mut self, kind: SignKind, found: &Contained) -> Option<CodeTie> {
        // The name of a field is a string of its own, and no part of another.
        let fits = |held: &&handset::apk::Held| kind != SignKind::Key || held.exact;
        let code = found.code.iter().filter(fits).max_by_key(|held| (held.exact, held.holders.len()));
        let (holders, proof) = match (code, found.files.first()) {
            (Some(held), _) => {
                (held.holders.clone(), self.proof(&held.member, held.bytes.start..held.bytes.end))
            }
            (None, Some(holder)) if kind != SignKind::Key => {
                let end = holder.at.saturating_add(found.needle.len() as u64);
                (vec![holder.clone()], self.proof(&holder.member, holder.at..end))
            }
            _ => return None,
        };
        Some(CodeTie {
            what: format!("{} {}", kind.words(), found.needle),
            places: holders.iter().take(HOLDERS).map(place).collect(),
            proof,
        })
    }

    /// The bytes of a member as evidence: what the file holds, then deflate undone.
    fn proof(&mut self, name: &str, range: std::ops::Range<u64>) -> Option<Occurrence> {
        let (capture, archive) = (self.capture, self.apk.archive());
        let member = self.unpacked.entry(name.to_owned()).or_insert_with(|| unpacked(archive, name));
        let (number, method, content) = member.as_ref()?;
        let at = usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?;
        let found = readable(content.bytes.get(at)?);
        let source = Source::Frame { capture, frame: *number };
        let len = content.packed.end.saturating_sub(content.packed.start);
        let entry = |out, len, start| Buffer {
            step: Step::Entry,
            len,
            input: None,
            key: None,
            segments: vec![Segment::exact(out, len, source, start)],
        };
        let mut trail = Trail::default();
        let span = if *method == 0 {
            let len = range.end.saturating_sub(range.start);
            let start = content.packed.start.saturating_add(range.start);
            Span { buffer: trail.push(entry(0, len, start)), start: 0, end: len }
        } else {
            let packed = trail.push(entry(0, len, content.packed.start));
            Span { buffer: trail.push(inflated(packed, len, content.bytes.len() as u64)), ..span(&range) }
        };
        let exchange = ExchangeId { flow: FlowId { capture, frame: *number }, index: 0 };
        Some(Occurrence { exchange, time: Timestamp::default(), frame: *number, found, span, trail })
    }

    /// Where the app brings together one of `named` and a method that reads.
    fn meeting(&mut self, identifier: IdentifierKind, read: &str, named: &[Holder]) -> Option<CodeMeeting> {
        let (apk, known) = (self.apk, self.known);
        let (callers, readers) = self.readers.get_or_insert_with(|| {
            let read = || Cow::Owned(apk.contents(Trackers::own()).reads);
            (Callers::of(apk.code()), known.map_or_else(read, Cow::Borrowed))
        });
        let readers = readers.iter().filter(|fact| fact.value == read).flat_map(|fact| &fact.holders);
        let pairs = readers.take(READERS).flat_map(|reader| named.iter().map(move |holder| (holder, reader)));
        let met = pairs.filter_map(|(holder, reader)| {
            let common = callers.nearest_common(&holder.name, &reader.name)?;
            Some((common.to_first.len().saturating_add(common.to_second.len()), holder, reader, common))
        });
        let (_, holder, reader, common) = met.min_by_key(|(far, ..)| *far)?;
        Some(CodeMeeting {
            identifier,
            reader: place(reader),
            holder: place(holder),
            to_holder: common.to_first,
            to_reader: common.to_second,
        })
    }
}

impl Destination {
    fn asks(&self, package: &str) -> bool {
        self.packages.is_empty() || self.packages.contains(package)
    }
}

fn span(range: &std::ops::Range<u64>) -> Span {
    Span { buffer: BufferId(0), start: range.start, end: range.end }
}

fn inflated(packed: BufferId, packed_len: u64, len: u64) -> Buffer {
    let segment = Segment {
        out: 0,
        len,
        source: Source::Buffer(packed),
        start: 0,
        source_len: packed_len,
        fidelity: Fidelity::Within,
    };
    Buffer {
        step: Step::Decode("deflate".to_owned()),
        len,
        input: Some(Span { buffer: packed, start: 0, end: packed_len }),
        key: None,
        segments: vec![segment],
    }
}

/// A member with its number and method, where it is whole and no larger than a proof may be.
fn unpacked<'a>(archive: &Archive<'a>, name: &str) -> Option<(FrameNo, u16, Content<'a>)> {
    let numbered = (1..).map(FrameNo).zip(archive.members());
    let (number, member) = numbered.filter(|(_, member)| member.name == name).last()?;
    let content = archive.content(member, PROVED).filter(|content| !content.cut)?;
    let sound = matches!(member.method, 0 | 8) && content.oddities.is_empty();
    sound.then_some((number, member.method, content))
}

/// The numbers of the needles that stand anywhere in an app.
fn present(apk: &Apk<'_>, wanted: &Wanted, finder: &AhoCorasick) -> BTreeSet<usize> {
    let mut found = vec![false; wanted.needles.len()];
    let mut look = |bytes: &[u8]| {
        for hit in finder.find_overlapping_iter(bytes) {
            let number = hit.pattern().as_usize() % wanted.needles.len().max(1);
            if let Some(found) = found.get_mut(number) {
                *found = true;
            }
        }
    };
    apk.code().members().for_each(|(_, bytes)| look(bytes));
    for member in apk.archive().members().iter().filter(|member| !member.name.ends_with(".dex")) {
        if let Some(content) = apk.archive().content(member, LOOKED_AT) {
            look(&content.bytes);
        }
    }
    (0..).zip(found).filter(|(_, found)| *found).map(|(number, _)| number).collect()
}

/// What code that reads an identifier is called in `data/identifier_apis.toml`.
fn reads(kind: IdentifierKind) -> Option<&'static str> {
    use IdentifierKind as Kind;
    Some(match kind {
        Kind::Account => "accounts",
        Kind::AdvertisingId => "advertising id",
        Kind::AndroidId => "Android id",
        Kind::BluetoothMac => "Bluetooth MAC address",
        Kind::Bssid | Kind::Ssid => "Wi-Fi network",
        Kind::CallPeer => "call log",
        Kind::CellId | Kind::LocationArea => "cell",
        Kind::ContactName | Kind::ContactNumber => "contacts",
        Kind::Iccid => "ICCID",
        Kind::Imei | Kind::Meid => "IMEI or MEID",
        Kind::Imsi => "IMSI",
        Kind::MccMnc | Kind::OperatorName => "operator",
        Kind::MessageText | Kind::SmsPeer => "SMS",
        Kind::Package | Kind::PackageList => "installed apps",
        Kind::PhoneNumber => "own number",
        Kind::Position => "location",
        Kind::Serial => "serial number",
        Kind::WifiMac => "Wi-Fi MAC address",
        _ => return None,
    })
}

/// All apps together, as an input that gave trouble.
const ALL: &str = "the apps together";
/// User agents of libraries and of the system, which tell nothing of the app.
const COMMON: [&str; 8] =
    ["android", "apache-httpclient", "cronet", "curl", "dalvik", "java", "mozilla", "okhttp"];
/// Shorter strings stand everywhere.
const SHORTEST: usize = 4;
const SHORTEST_KEY: usize = 3;
/// Names of fields looked for of one destination.
const KEYS: usize = 30;
/// Strings looked for in all.
const NEEDLES: usize = 20_000;
/// Strings of one app that are told with who holds them.
const PRESENT: usize = 400;
/// Bytes of a member that are searched.
const LOOKED_AT: usize = 64 << 20;
/// The largest member in which a string is proved.
const PROVED: usize = 128 << 20;
/// Apps told of one destination.
const RANKED: usize = 5;
/// Ties told of one app and destination.
const TIES: usize = 12;
const MEETINGS: usize = 8;
const HOLDERS: usize = 5;
const READERS: usize = 10;
