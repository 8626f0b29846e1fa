//! Sightings, destinations and devices as one worker gathers them, and how the workers' shares become one.
//!
//! While messages are examined, everything is named by small local numbers, so that the hundred-thousandth
//! sighting of a value in a field costs a hash of a few integers. Merging gives the final numbers, in an
//! order that does not depend on which worker saw what.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    hash::{DefaultHasher, Hash, Hasher},
    net::IpAddr,
};

use evidence::{
    AnomalyTally, CaptureId, Carrier, Channel, Direction, Endpoint, EndpointId, Evidence, ExchangeId, Form,
    Grade, IdentifierKind, Ledger, Occurrence, Protection, Security, Seen, SightingGroup, SightingKey,
    Timestamp, Totals,
};
use facts::domain;
use foldhash::{HashMap, HashMapExt};
use identifiers::shapes::Shape;

use crate::{
    arrivals::Arrivals,
    diary::Diary,
    packed::{Packed, PackedEvidence},
    phone::Senders,
    readings::Readings,
};

/// One worker's share of the results.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) groups: HashMap<GroupKey, Group>,
    /// What is counted and not listed, by kind and place (a key without its value).
    pub(crate) further: HashMap<(IdentifierKind, GroupKey), Tally>,
    /// The values listed of each kind of which there may be any number, by a place of one receiver.
    listed: HashMap<(IdentifierKind, GroupKey), Listed>,
    /// The number of each endpoint's receiver, once it was asked for.
    receivers: HashMap<u32, u32>,
    pub(crate) texts: Interner<String>,
    pub(crate) values: Interner<Value>,
    pub(crate) encodings: Interner<Vec<&'static str>>,
    pub(crate) endpoints: Interner<Endpoint>,
    pub(crate) contacts: Vec<Contact>,
    pub(crate) devices: BTreeMap<IpAddr, DeviceFacts>,
    pub(crate) names: Names,
    pub(crate) ledger: Ledger,
    pub(crate) anomalies: AnomalyTally,
    pub(crate) totals: Totals,
    /// Apps that came in.
    pub(crate) arrivals: Arrivals,
    /// What was said over time.
    pub(crate) diary: Diary,
    /// Sightings that were counted but start no group, because there are too many groups.
    pub(crate) dropped: u64,
    /// Segments in the trails of the groups' proofs, counted when they are kept.
    segments: usize,
    /// Bytes of each file of flows that could not be read.
    pub(crate) unread: BTreeMap<CaptureId, u64>,
}

/// The values listed, by their hashes: each value's number, and the endpoints listed with it by their ranks.
type Listed = BTreeMap<u64, (u32, BTreeMap<u64, u32>)>;

/// A group's key in local numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GroupKey {
    pub(crate) value: u32,
    pub(crate) field: u32,
    pub(crate) encodings: u32,
    pub(crate) carrier: Carrier,
    pub(crate) direction: Direction,
    pub(crate) security: Security,
    pub(crate) endpoint: u32,
    pub(crate) device: u32,
    pub(crate) app: u32,
}

/// What was seen, apart from where.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Value {
    pub(crate) kind: IdentifierKind,
    pub(crate) canonical: String,
    pub(crate) label: String,
    pub(crate) grade: Grade,
    pub(crate) form: Form,
}

/// Sightings that were gathered, and the number the store knows them by.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) part: u64,
    pub(crate) sightings: SightingGroup,
    /// When: the earliest few.
    pub(crate) times: Times,
}

/// The earliest messages that held something, and their times.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times {
    /// In order, each once. Messages come nearly in order, so that most go to the end.
    earliest: Vec<(Timestamp, ExchangeId)>,
    /// There were more.
    more: bool,
}

impl Times {
    /// The times, in order.
    pub(crate) fn all(&self) -> impl Iterator<Item = Timestamp> {
        let mut before = None;
        let times = self.earliest.iter().map(|(time, _)| *time);
        times.filter(move |time| before.replace(*time) != Some(*time))
    }

    /// The messages, where they are all known.
    pub(crate) fn messages(&self) -> Option<impl ExactSizeIterator<Item = ExchangeId>> {
        let known = !self.more && !self.earliest.is_empty();
        known.then(|| self.earliest.iter().map(|(_, exchange)| *exchange))
    }

    /// Whether one of these messages held it, or it is not known which did.
    pub(crate) fn may_be_of(&self, messages: &BTreeSet<ExchangeId>) -> bool {
        let known = self.earliest.iter().any(|(_, exchange)| messages.contains(exchange));
        known || self.more || self.earliest.is_empty()
    }

    /// Keeps a message where it is among the earliest.
    pub(crate) fn add(&mut self, time: Timestamp, exchange: ExchangeId) {
        let place = (time, exchange);
        if self.earliest.last().is_none_or(|last| *last < place) {
            match self.earliest.len() < TIMES {
                true => self.earliest.push(place),
                false => self.more = true,
            }
        } else if let Err(index) = self.earliest.binary_search(&place) {
            self.earliest.insert(index, place);
            self.more |= self.earliest.len() > TIMES;
            self.earliest.truncate(TIMES);
        }
    }

    /// Adds messages of which it is not known which they are.
    pub(crate) fn add_unknown(&mut self) {
        self.more = true;
    }

    /// Adds those of another worker. The result does not depend on the order.
    pub(crate) fn merge(&mut self, other: Self) {
        self.more |= other.more;
        other.earliest.into_iter().for_each(|(time, exchange)| self.add(time, exchange));
    }
}

/// Sightings that are only counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally {
    pub(crate) count: u64,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
}

impl Tally {
    /// One sighting.
    fn once(time: Timestamp) -> Self {
        Self { count: 1, first: time, last: time }
    }

    /// The sightings of a group.
    pub(crate) fn of(group: &SightingGroup) -> Self {
        Self { count: group.count, first: group.first, last: group.last }
    }

    /// Counts others with these.
    pub(crate) fn add(&mut self, more: Self) {
        self.count += more.count;
        self.first = self.first.min(more.first);
        self.last = self.last.max(more.last);
    }
}

/// Where a sighting is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// In a group of its value.
    Listed(GroupKey),
    /// With others of its kind in its place, because there are too many.
    Further(IdentifierKind, GroupKey),
}

/// Who people take an endpoint for; see [`evidence::Destination::receiver`].
pub(crate) fn receiver_of(endpoint: &Endpoint) -> &str {
    endpoint.receiver(domain::registrable(&endpoint.host).unwrap_or_default())
}

/// By what values are chosen that are listed: the same in every run, and nothing to do with what they say.
pub(crate) fn hash_of(canonical: &str, form: &Form) -> u64 {
    let mut hasher = DefaultHasher::new();
    (canonical, form).hash(&mut hasher);
    hasher.finish()
}

/// By what the endpoints are chosen that are listed with a value.
pub(crate) fn rank_of(endpoint: &Endpoint) -> u64 {
    let mut hasher = DefaultHasher::new();
    endpoint.hash(&mut hasher);
    hasher.finish()
}

/// What happened between the devices and one endpoint, by the endpoint's local number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contact {
    pub(crate) named_by: &'static str,
    /// Where it is named.
    pub(crate) named_at: Namings,
    pub(crate) bytes_out: u64,
    pub(crate) bytes_in: u64,
    /// How much could be read of what went out and of what came in.
    pub(crate) readings: Readings,
    pub(crate) flows: u64,
    pub(crate) first: Option<Timestamp>,
    pub(crate) last: Timestamp,
    /// Whose the flows were, as far as the phone or whoever recorded them tells.
    pub(crate) senders: Senders,
    /// What handshakes agreed on.
    pub(crate) channels: Ways<Channel>,
    /// How what was sent there was protected.
    pub(crate) protections: Ways<Protection>,
    /// What was asked of it.
    pub(crate) asked: Asked,
}

/// What was asked of an endpoint, by which an app that asks so is known: the first few by their letters, so that
/// the order in which they come does not matter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// Paths, without query.
    pub(crate) paths: BTreeSet<String>,
    /// What the sender calls itself.
    pub(crate) agents: BTreeSet<String>,
}

impl Asked {
    /// Notes a request's target and user agent.
    pub(crate) fn note(&mut self, target: &str, agent: &str) {
        note(&mut self.paths, target.split(['?', '#']).next().unwrap_or_default());
        note(&mut self.agents, agent);
    }

    fn merge(&mut self, other: Self) {
        other.paths.iter().for_each(|path| note(&mut self.paths, path));
        other.agents.iter().for_each(|agent| note(&mut self.agents, agent));
    }
}

fn note(known: &mut BTreeSet<String>, text: &str) {
    if text.is_empty() || text.len() > ASKED_LEN || known.contains(text) {
        return;
    }
    known.insert(text.to_owned());
    if known.len() > ASKED {
        known.pop_last();
    }
}

/// Ways to protect messages, in order: of most endpoints there is one.
#[derive(Clone, Debug)]
pub(crate) struct Ways<K>(Vec<(K, Shown)>);

/// Messages that were protected in one way, and what shows it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    pub(crate) seen: Seen,
    /// Of the earliest message: what stands in its body, and its label.
    pub(crate) proofs: Vec<PackedEvidence>,
    /// The device that sent it.
    pub(crate) device: Option<IpAddr>,
}

/// What a device told of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeviceFacts {
    pub(crate) mac: Option<[u8; 6]>,
    pub(crate) names: std::collections::BTreeSet<String>,
}

/// Which names led to which addresses.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// Name asked for, when, by the address that answered it.
    pub(crate) of_address: BTreeMap<IpAddr, BTreeMap<(Timestamp, String), Occurrence>>,
    /// Alias to the name it points to, and when that was told first.
    pub(crate) alias: BTreeMap<String, (Timestamp, String)>,
    /// Answers that were not remembered, because too many addresses or aliases are.
    pub(crate) dropped: u64,
}

impl Gathered {
    /// The local number of an endpoint.
    pub(crate) fn endpoint(&mut self, endpoint: &Endpoint, named_by: &'static str) -> u32 {
        let id = self.endpoints.intern(endpoint);
        let needed = id as usize + 1;
        if self.contacts.len() < needed {
            self.contacts.resize_with(needed, Contact::default);
        }
        if let Some(contact) = self.contact(id) {
            contact.named(named_by);
        }
        id
    }

    /// What is known of the dealings with an endpoint.
    pub(crate) fn contact(&mut self, endpoint: u32) -> Option<&mut Contact> {
        self.contacts.get_mut(endpoint as usize)
    }

    /// The group of a value that only looks identifying, at a place (a key without its value). Of a kind of
    /// which there may be any number the values with the lowest hashes have groups of their own, one for each of
    /// the endpoints with the lowest ranks, so that it does not matter in which order they come, and on which
    /// worker.
    pub(crate) fn shaped(&mut self, place: GroupKey, shape: &Shape) -> Target {
        let kind = shape.kind;
        if !kind.is_plural() {
            return Target::Listed(GroupKey { value: self.values.intern(&value_of(shape)), ..place });
        }
        let hash = hash_of(&shape.canonical, &shape.form);
        let list = (kind, GroupKey { endpoint: self.receiver(place.endpoint), ..place });
        let listed = self.listed.entry(list).or_default();
        if let Some((value, endpoints)) = listed.get_mut(&hash) {
            let key = GroupKey { value: *value, ..place };
            let among = place_among(endpoints, place.endpoint, &self.endpoints);
            if let Some(evicted) = among {
                self.evict(kind, GroupKey { endpoint: evicted, ..key });
            }
            return match among {
                Some(evicted) if evicted == place.endpoint => Target::Further(kind, place),
                _ => Target::Listed(key),
            };
        }
        let last = listed.last_key_value().map(|(last, _)| *last);
        let full = last.filter(|_| listed.len() >= SightingGroup::LISTED);
        if full.is_some_and(|last| last < hash) {
            return Target::Further(kind, place);
        }
        let value = self.values.intern(&value_of(shape));
        let rank = self.endpoints.at(place.endpoint).map(rank_of).unwrap_or_default();
        listed.insert(hash, (value, BTreeMap::from([(rank, place.endpoint)])));
        if let Some((value, endpoints)) = full.and_then(|last| listed.remove(&last)) {
            for endpoint in endpoints.into_values() {
                self.evict(kind, GroupKey { value, endpoint, ..place });
            }
        }
        Target::Listed(GroupKey { value, ..place })
    }

    /// The local number of the name that people take an endpoint for.
    fn receiver(&mut self, endpoint: u32) -> u32 {
        if let Some(known) = self.receivers.get(&endpoint) {
            return *known;
        }
        let name = self.endpoints.at(endpoint).map(receiver_of).unwrap_or_default();
        let number = self.texts.intern(name);
        self.receivers.insert(endpoint, number);
        number
    }

    /// Counts a group with what is not listed.
    fn evict(&mut self, kind: IdentifierKind, evicted: GroupKey) {
        let Some(group) = self.groups.remove(&evicted) else { return };
        let freed: usize = group.sightings.proofs.iter().map(|proof| proof.trail.segments()).sum();
        self.segments = self.segments.saturating_sub(freed);
        self.tally(kind, GroupKey { value: 0, ..evicted }, Tally::of(&group.sightings));
    }

    fn tally(&mut self, kind: IdentifierKind, place: GroupKey, tally: Tally) {
        let full = self.groups.len() + self.further.len() >= GROUPS;
        match self.further.get_mut(&(kind, place)) {
            Some(known) => known.add(tally),
            None if full => self.dropped += tally.count,
            None => drop(self.further.insert((kind, place), tally)),
        }
    }

    /// Counts what is not listed: without its trail, so that a million addresses cost a million hashes.
    pub(crate) fn count(&mut self, kind: IdentifierKind, place: GroupKey, time: Timestamp) {
        self.tally(kind, place, Tally::once(time));
        if let Some(contact) = self.contact(place.endpoint) {
            contact.moved((0, 0), time, time);
        }
    }

    /// Counts one more in a group that is there, without its place.
    pub(crate) fn again(&mut self, key: GroupKey, time: Timestamp) {
        if let Some(group) = self.groups.get_mut(&key) {
            let sightings = &mut group.sightings;
            sightings.count += 1;
            sightings.first = sightings.first.min(time);
            sightings.last = sightings.last.max(time);
        }
        if let Some(contact) = self.contact(key.endpoint) {
            contact.moved((0, 0), time, time);
        }
    }

    /// The store's number for a group; the group is made where it is new. `None` where there are too many.
    pub(crate) fn part(&mut self, key: GroupKey) -> Option<u64> {
        if let Some(group) = self.groups.get(&key) {
            return Some(group.part);
        }
        if self.groups.len() + self.further.len() >= GROUPS || self.segments >= SEGMENTS {
            self.dropped += 1;
            return None;
        }
        let full = self.full_key(key);
        let part = part_of(&full, self.endpoints.at(key.endpoint));
        let sightings = SightingGroup {
            key: full,
            count: 0,
            first: Timestamp(i64::MAX),
            last: Timestamp(i64::MIN),
            proofs: Vec::new(),
        };
        self.groups.insert(key, Group { part, sightings, times: Times::default() });
        Some(part)
    }

    /// Counts an occurrence in its group, and keeps it where it is among the earliest.
    pub(crate) fn add(&mut self, key: GroupKey, occurrence: &Occurrence) {
        if let Some(contact) = self.contact(key.endpoint) {
            contact.moved((0, 0), occurrence.time, occurrence.time);
        }
        let Some(group) = self.groups.get_mut(&key) else { return };
        group.times.add(occurrence.time, occurrence.exchange);
        let group = &mut group.sightings;
        group.count += 1;
        group.first = group.first.min(occurrence.time);
        group.last = group.last.max(occurrence.time);
        let room = group.proofs.is_empty() || self.segments < SEGMENTS;
        if room && SightingGroup::keeps(&group.proofs, occurrence) {
            self.segments = self.segments.saturating_add(occurrence.trail.segments());
            SightingGroup::keep(&mut group.proofs, [occurrence.clone()]);
        }
    }

    /// The key of what is counted and not listed of a kind, at a place.
    pub(crate) fn further_key(&self, kind: IdentifierKind, place: GroupKey) -> SightingKey {
        SightingKey {
            kind,
            value: SightingGroup::FURTHER.to_owned(),
            label: String::new(),
            grade: Grade::Shaped,
            form: Form("list".to_owned()),
            ..self.full_key(place)
        }
    }

    fn full_key(&self, key: GroupKey) -> SightingKey {
        let value = self.values.at(key.value);
        let text = |id| self.texts.at(id).cloned().unwrap_or_default();
        let encodings = self.encodings.at(key.encodings).into_iter().flatten();
        SightingKey {
            kind: value.map_or(IdentifierKind::Canary, |value| value.kind),
            value: value.map(|value| value.canonical.clone()).unwrap_or_default(),
            label: value.map(|value| value.label.clone()).unwrap_or_default(),
            grade: value.map_or(Grade::Shaped, |value| value.grade),
            form: value.map(|value| value.form.clone()).unwrap_or_default(),
            field: text(key.field),
            encodings: encodings.map(|&name| name.to_owned()).collect(),
            carrier: key.carrier,
            direction: key.direction,
            security: key.security,
            endpoint: EndpointId(key.endpoint),
            device: text(key.device),
            app: text(key.app),
        }
    }
}

impl DeviceFacts {
    /// Notes a link-layer address. The smallest is kept: which flow is over first depends on the workers.
    pub(crate) fn at(&mut self, mac: Option<[u8; 6]>) {
        self.mac = self.mac.into_iter().chain(mac).min();
    }

    /// Notes what it calls itself, or one of its apps. Of too many names the first by their letters are kept.
    pub(crate) fn call(&mut self, name: &str) {
        let end = name.char_indices().nth(DEVICE_NAME).map_or(name.len(), |(end, _)| end);
        let name = name.get(..end).unwrap_or_default();
        let full = self.names.len() >= DEVICE_NAMES;
        let late = || self.names.last().is_some_and(|last| last.as_str() < name);
        if name.is_empty() || self.names.contains(name) || full && late() {
            return;
        }
        self.names.insert(name.to_owned());
        if full {
            self.names.pop_last();
        }
    }

    /// Adds what another worker knows.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.at(other.mac);
        other.names.iter().for_each(|name| self.call(name));
    }
}

impl Contact {
    /// Notes what names it.
    fn named(&mut self, by: &'static str) {
        // Smaller is arbitrary, but the same whatever the order of flows and of merging.
        if self.named_by.is_empty() || !by.is_empty() && by < self.named_by {
            self.named_by = by;
        }
    }

    /// Notes bytes that went out and came in, in the time from `first` to `last`.
    pub(crate) fn moved(&mut self, bytes: (u64, u64), first: Timestamp, last: Timestamp) {
        self.bytes_out += bytes.0;
        self.bytes_in += bytes.1;
        self.first = Some(self.first.map_or(first, |known| known.min(first)));
        self.last = self.last.max(last);
    }

    /// Keeps the earliest proof of the name that the device gives.
    pub(crate) fn prove(&mut self, device: IpAddr, proof: Option<Occurrence>) {
        let Some(proof) = proof else { return };
        self.named_at.add(device, proof);
    }

    /// Notes a message of the device that was protected in that way. `proofs` are made where it is the earliest.
    pub(crate) fn protect(
        &mut self,
        device: IpAddr,
        protection: Protection,
        seen: &Seen,
        proofs: impl FnOnce() -> Vec<Evidence>,
    ) {
        self.protections.show((protection, device), seen, proofs);
    }

    /// Notes what a handshake with the device agreed on.
    pub(crate) fn agree(
        &mut self,
        device: IpAddr,
        channel: Channel,
        seen: &Seen,
        proofs: impl FnOnce() -> Vec<Evidence>,
    ) {
        self.channels.show((channel, device), seen, proofs);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.channels.merge(other.channels);
        self.protections.merge(other.protections);
        for (sender, sent) in other.senders {
            self.senders.entry(sender).or_default().merge(sent);
        }
        self.asked.merge(other.asked);
        self.named(other.named_by);
        self.named_at.merge(other.named_at);
        self.flows += other.flows;
        if let Some(first) = other.first {
            self.moved((other.bytes_out, other.bytes_in), first, other.last);
            self.readings.add(&other.readings);
        }
    }
}

/// The earliest place where each device names an endpoint: a proof of what one device sent shows the name that it
/// called. Devices of the lowest addresses have places of their own, so that it does not matter in which order they
/// come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Namings(BTreeMap<IpAddr, Packed>);

impl Namings {
    /// The earliest place of those devices; where they have none, the earliest of all.
    pub(crate) fn of(&self, devices: impl IntoIterator<Item = IpAddr>) -> Option<&Packed> {
        let own = devices.into_iter().filter_map(|device| self.0.get(&device));
        let earliest = own.min_by_key(|named| named.place());
        earliest.or_else(|| self.0.values().min_by_key(|named| named.place()))
    }

    fn add(&mut self, device: IpAddr, proof: Occurrence) {
        if self.0.get(&device).is_none_or(|known| (proof.exchange, proof.frame) < known.place()) {
            self.insert(device, Packed::new(proof));
        }
    }

    fn merge(&mut self, other: Self) {
        for (device, named) in other.0 {
            if self.0.get(&device).is_none_or(|known| named.place() < known.place()) {
                self.insert(device, named);
            }
        }
    }

    fn insert(&mut self, device: IpAddr, named: Packed) {
        self.0.insert(device, named);
        if self.0.len() > NAMING {
            self.0.pop_last();
        }
    }
}

impl<K> Default for Ways<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord> Ways<K> {
    /// Notes messages of one way; `proofs` are made where they are the earliest.
    fn show(&mut self, (way, device): (K, IpAddr), seen: &Seen, proofs: impl FnOnce() -> Vec<Evidence>) {
        if self.0.len() >= PROTECTIONS && self.place(&way).is_err() {
            return;
        }
        self.change(way, |shown| {
            if shown.proofs.is_empty() || seen.first < shown.seen.first {
                shown.proofs = proofs().into_iter().map(PackedEvidence::new).collect();
                shown.device = Some(device);
            }
            shown.seen.merge(seen);
        });
    }

    /// Adds what was seen elsewhere of one way.
    pub(crate) fn add(&mut self, way: K, shown: Shown) {
        self.change(way, |known| known.merge(shown));
    }

    fn merge(&mut self, other: Self) {
        other.0.into_iter().for_each(|(way, shown)| self.add(way, shown));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &Shown)> {
        self.0.iter().map(|(way, shown)| (way, shown))
    }

    fn place(&self, way: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(way))
    }

    fn change(&mut self, way: K, change: impl FnOnce(&mut Shown)) {
        match self.place(&way) {
            Ok(place) => {
                if let Some((_, shown)) = self.0.get_mut(place) {
                    change(shown);
                }
            }
            Err(place) => {
                let mut shown = Shown::default();
                change(&mut shown);
                self.0.reserve_exact(1);
                self.0.insert(place, (way, shown));
            }
        }
    }
}

impl Shown {
    /// Adds what another worker saw; the earliest proof is kept.
    pub(crate) fn merge(&mut self, other: Self) {
        let place = |shown: &Self| {
            let first = shown.proofs.first().map(PackedEvidence::place);
            (first.is_none(), shown.seen.first, first)
        };
        if place(&other) < place(self) {
            (self.proofs, self.device) = (other.proofs, other.device);
        }
        self.seen.merge(&other.seen);
    }
}

impl Names {
    /// Notes that `name` led to `address`.
    pub(crate) fn add(
        &mut self,
        address: IpAddr,
        time: Timestamp,
        name: String,
        proof: impl FnOnce() -> Occurrence,
    ) {
        if self.of_address.len() >= NAMES && !self.of_address.contains_key(&address) {
            self.dropped += 1;
            return;
        }
        tell(self.of_address.entry(address).or_default(), (time, name), proof);
    }

    /// Notes that `alias` is another name for `target`, as was told at `time`. The first to tell counts.
    pub(crate) fn alias(&mut self, alias: &str, time: Timestamp, target: &str) {
        let alias = alias.to_ascii_lowercase();
        if self.alias.len() >= NAMES && !self.alias.contains_key(&alias) {
            self.dropped += 1;
            return;
        }
        self.point(alias, (time, target.to_ascii_lowercase()));
    }

    fn point(&mut self, alias: String, target: (Timestamp, String)) {
        match self.alias.entry(alias) {
            Entry::Occupied(mut known) if target < *known.get() => drop(known.insert(target)),
            Entry::Occupied(_) => {}
            Entry::Vacant(place) => drop(place.insert(target)),
        }
    }

    /// The name that last led to `address` before `time`, or the first one after.
    pub(crate) fn at(&self, address: IpAddr, time: Timestamp) -> Option<(&str, &Occurrence)> {
        let known = self.of_address.get(&address)?;
        let before = known.iter().rev().find(|((told, _), _)| *told <= time);
        before.or_else(|| known.iter().next()).map(|((_, name), proof)| (name.as_str(), proof))
    }

    /// The names between `name` and its address, in order.
    pub(crate) fn chain(&self, name: &str) -> Vec<String> {
        let mut chain = Vec::new();
        let mut at = name;
        while let Some((_, next)) = self.alias.get(at) {
            // A chain that leads in a circle, or is absurdly long, is told up to there.
            if chain.len() >= CHAIN || chain.contains(next) {
                break;
            }
            chain.push(next.clone());
            at = next;
        }
        chain
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.dropped += other.dropped;
        for (address, names) in other.of_address {
            let known = self.of_address.entry(address).or_default();
            names.into_iter().for_each(|(told, proof)| tell(known, told, || proof));
        }
        other.alias.into_iter().for_each(|(alias, target)| self.point(alias, target));
    }
}

/// Notes that a name led to an address. One that is told again and again is kept once, with its first time;
/// of too many names those told first are kept. So it does not matter who tells what first.
fn tell(
    known: &mut BTreeMap<(Timestamp, String), Occurrence>,
    told: (Timestamp, String),
    proof: impl FnOnce() -> Occurrence,
) {
    match known.keys().find(|(_, name)| *name == told.1).cloned() {
        Some(before) if before.0 < told.0 => {}
        Some(before) => {
            let (proof, other) = (proof(), known.remove(&before));
            let place = |proof: &Occurrence| (proof.exchange, proof.frame);
            let earlier = other.filter(|other| before.0 == told.0 && place(other) <= place(&proof));
            known.insert(told, earlier.unwrap_or(proof));
        }
        None => {
            let full = known.len() >= NAMES_PER_ADDRESS;
            if full && known.last_key_value().is_some_and(|(last, _)| *last < told) {
                return;
            }
            known.insert(told, proof());
            if full {
                known.pop_last();
            }
        }
    }
}

/// Gives equal things the same small number.
#[derive(Debug)]
pub(crate) struct Interner<T> {
    numbers: HashMap<T, u32>,
    things: Vec<T>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), things: Vec::new() }
    }
}

impl<T: Clone + Eq + Hash> Interner<T> {
    /// The number of `thing`.
    pub(crate) fn intern<Q>(&mut self, thing: &Q) -> u32
    where
        Q: ToOwned<Owned = T> + Eq + Hash + ?Sized,
        T: std::borrow::Borrow<Q>,
    {
        if let Some(number) = self.numbers.get(thing) {
            return *number;
        }
        let number = u32::try_from(self.things.len()).unwrap_or(u32::MAX);
        let thing = thing.to_owned();
        self.things.push(thing.clone());
        self.numbers.insert(thing, number);
        number
    }

    /// The thing with that number.
    pub(crate) fn at(&self, number: u32) -> Option<&T> {
        self.things.get(number as usize)
    }

    /// The things by their numbers.
    pub(crate) fn things(&self) -> &[T] {
        &self.things
    }
}

/// A shape as a value.
fn value_of(shape: &Shape) -> Value {
    let (canonical, form) = (shape.canonical.clone(), shape.form.clone());
    Value { kind: shape.kind, canonical, label: String::new(), grade: Grade::Shaped, form }
}

/// Puts an endpoint among those listed with a value. Gives the one that has to go, which may be itself. Endpoints
/// without a name are all kept: what they are called, and so who has to go, is known only in the end.
fn place_among(known: &mut BTreeMap<u64, u32>, endpoint: u32, endpoints: &Interner<Endpoint>) -> Option<u32> {
    if known.values().any(|known| *known == endpoint) {
        return None;
    }
    let found = endpoints.at(endpoint)?;
    known.insert(rank_of(found), endpoint);
    let full = known.len() > SightingGroup::ENDPOINTS && !found.host.is_empty();
    full.then(|| known.pop_last()).flatten().map(|(_, evicted)| evicted)
}

/// The store's number of a group: a hash of all that makes it one, so that it is the same in every run.
fn part_of(key: &SightingKey, endpoint: Option<&Endpoint>) -> u64 {
    let mut hasher = DefaultHasher::new();
    SightingKey { endpoint: EndpointId(0), ..key.clone() }.hash(&mut hasher);
    endpoint.hash(&mut hasher);
    hasher.finish()
}

/// Times kept of one group.
const TIMES: usize = 128;
/// Paths and user agents that are remembered of an endpoint, and the longest of them.
const ASKED: usize = 12;
const ASKED_LEN: usize = 256;
/// How many groups a worker keeps. An honest case has some hundreds; this bounds a hostile one to some
/// hundred megabytes.
const GROUPS: usize = 100_000;
/// Segments that the groups' trails may have together. A compressed message can hold as many values as it has frames, and
/// the trail of each value names all frames: the one times the other is more than any capture.
const SEGMENTS: usize = 1 << 22;
/// Ways of protection remembered of one endpoint: an honest one has a few.
const PROTECTIONS: usize = 64;
/// How many aliases are followed: resolvers give up after some sixteen.
const CHAIN: usize = 16;
/// Addresses and aliases remembered by one worker.
const NAMES: usize = 200_000;
/// Names remembered of one address: content networks serve many from one.
const NAMES_PER_ADDRESS: usize = 64;
/// Devices of which it is kept where they name one endpoint.
const NAMING: usize = 16;
/// Names kept for one device: user agents of its apps, DHCP names.
const DEVICE_NAMES: usize = 32;
/// The longest of them, in characters.
const DEVICE_NAME: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    /// One worker that hears all, and two that share it, know the same in the end.
    fn hear<T: Copy, F: Default>(told: &[T], tell: impl Fn(&mut F, T), merge: impl Fn(&mut F, F)) -> [F; 3] {
        let listen = |told: &mut dyn Iterator<Item = T>| {
            let mut facts = F::default();
            told.for_each(|one| tell(&mut facts, one));
            facts
        };
        let (one, other) = told.split_at(told.len() / 2);
        let mut shared = listen(&mut one.iter().copied());
        merge(&mut shared, listen(&mut other.iter().copied()));
        [listen(&mut told.iter().copied()), listen(&mut told.iter().rev().copied()), shared]
    }

    #[test]
    fn devices_do_not_depend_on_who_hears_what() {
        let names: Vec<String> = (0..100).map(|name| format!("app {}", name * 37 % 100)).collect();
        let told: Vec<(&str, u8)> = names.iter().map(String::as_str).zip(100..).collect();
        let known = hear(
            &told,
            |facts: &mut DeviceFacts, (name, mac)| {
                facts.call(name);
                facts.at(Some([0, 0, 0, 0, 0, mac]));
            },
            |facts, other| facts.merge(&other),
        );
        for facts in known {
            assert_eq!((facts.mac, facts.names.len()), (Some([0, 0, 0, 0, 0, 100]), DEVICE_NAMES));
            assert_eq!(facts.names.last().map(String::as_str), Some("app 37"));
        }
    }

    #[test]
    fn names_do_not_depend_on_who_hears_what() {
        let told = [("b", 3), ("a", 1), ("c", 9), ("a", 5), ("b", 2), ("a", 4)];
        let address = IpAddr::from([198, 51, 100, 7]);
        let known = hear(
            &told,
            |names: &mut Names, (name, time)| {
                names.alias("x", Timestamp(time), name);
                names.add(address, Timestamp(time), name.to_owned(), proof);
            },
            Names::merge,
        );
        for names in known {
            assert_eq!(names.chain("x"), ["a"]);
            let told: Vec<_> =
                names.of_address[&address].keys().map(|(time, name)| (time.0, &name[..])).collect();
            assert_eq!(told, [(1, "a"), (2, "b"), (9, "c")]);
        }
    }

    #[test]
    fn names_that_are_too_many_are_counted() {
        let mut names = Names::default();
        for address in 0..NAMES as u32 + 3 {
            names.add(IpAddr::from(address.to_be_bytes()), Timestamp(1), "a".to_owned(), proof);
        }
        let known = IpAddr::from([0, 0, 0, 0]);
        names.add(known, Timestamp(2), "b".to_owned(), proof);
        assert_eq!((names.dropped, names.of_address[&known].len()), (3, 2));
    }

    #[test]
    fn trails_are_kept_until_they_weigh_too_much_together() {
        let place = |field| GroupKey {
            value: 0,
            field,
            encodings: 0,
            carrier: Carrier::Body,
            direction: Direction::Out,
            security: Security::Clear,
            endpoint: 0,
            device: 0,
            app: 0,
        };
        let source = evidence::Source::Buffer(evidence::BufferId(0));
        let mut heavy = proof();
        heavy.trail.push(evidence::Buffer {
            step: evidence::Step::Body,
            len: 2,
            input: None,
            key: None,
            segments: vec![
                evidence::Segment::exact(0, 1, source, 0),
                evidence::Segment::exact(1, 1, source, 1),
            ],
        });
        let mut gathered = Gathered { segments: SEGMENTS - 3, ..Gathered::default() };
        for field in [1, 2, 3] {
            if gathered.part(place(field)).is_some() {
                gathered.add(place(field), &heavy);
            }
        }
        gathered.add(place(1), &proof());
        let told: BTreeMap<u32, (u64, usize)> = gathered
            .groups
            .iter()
            .map(|(key, group)| (key.field, (group.sightings.count, group.sightings.proofs.len())))
            .collect();
        // The third one would be too much; of those that are there, all are counted and none more is kept.
        assert_eq!(told, BTreeMap::from([(1, (2, 1)), (2, (1, 1))]));
        assert_eq!(gathered.dropped, 1);
    }

    fn proof() -> Occurrence {
        Occurrence {
            exchange: evidence::ExchangeId::default(),
            frame: evidence::FrameNo::default(),
            time: Timestamp::default(),
            trail: evidence::Trail::default(),
            span: evidence::Span { buffer: evidence::BufferId(0), start: 0, end: 0 },
            found: String::new(),
        }
    }
}
