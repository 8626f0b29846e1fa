//! The workers' shares to the tables of a case, in an order that does not depend on the workers.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
};

use evidence::{
    AnomalyTally, CaptureId, Channel, Destination, Device, Endpoint, EndpointId, Fate, Form, Grade,
    IdentifierKind, Ledger, Occurrence, Protection, SightingGroup, SightingKey, Timestamp, Totals,
};
use facts::{Atlas, domain};
use identifiers::digests_of;
use wire::entries::NOT_RECORDED;

use crate::{
    arrivals::Arrivals,
    conversation::{colons, written},
    diary::{Book, book},
    gather::{
        Asked, Contact, DeviceFacts, Gathered, GroupKey, Names, Namings, Tally, Times, Ways, hash_of,
        rank_of, receiver_of,
    },
    phone::Senders,
    unmasked::Unmasked,
};

/// Everything the workers gathered, in final numbers.
#[derive(Debug, Default)]
pub(crate) struct Merged {
    pub(crate) sightings: Vec<SightingGroup>,
    /// When each of them was, the earliest few.
    pub(crate) times: Vec<Times>,
    /// What was said over time.
    pub(crate) book: Book,
    /// What was opened of it, and what stayed closed.
    pub(crate) unmasked: Unmasked,
    /// The store's group numbers, and the place in `sightings` each became part of.
    pub(crate) parts: Vec<(u64, u32)>,
    pub(crate) destinations: Vec<Destination>,
    /// Where each destination is named, by its number.
    pub(crate) named_at: Vec<Namings>,
    /// How what was sent to each destination was protected, by its number.
    pub(crate) protections: Vec<Ways<Protection>>,
    /// What handshakes with each destination agreed on, by its number.
    pub(crate) channels: Vec<Ways<Channel>>,
    /// Whose the flows to each destination were, by its number.
    pub(crate) senders: Vec<Senders>,
    /// What was asked of each destination, by its number.
    pub(crate) asked: Vec<Asked>,
    pub(crate) devices: Vec<Device>,
    /// The places in `devices`, by address.
    pub(crate) device_places: HashMap<String, usize>,
    pub(crate) ledger: Ledger,
    pub(crate) anomalies: AnomalyTally,
    pub(crate) totals: Totals,
    /// Apps that came in, and the numbers of the destinations they came from.
    pub(crate) arrivals: Arrivals,
    pub(crate) arrived_from: Vec<Vec<EndpointId>>,
    pub(crate) dropped: u64,
    /// Bytes of each file of flows that could not be read.
    pub(crate) unread: BTreeMap<CaptureId, u64>,
}

/// Merges the workers' shares.
pub(crate) fn merge(mut shares: Vec<Gathered>, atlas: &Atlas) -> Merged {
    let mut merged = Merged::default();
    let mut names = Names::default();
    let mut devices = BTreeMap::new();
    for share in &mut shares {
        names.merge(std::mem::take(&mut share.names));
        merge_devices(&mut devices, share);
        merged.ledger.merge(&share.ledger);
        merged.anomalies.merge(std::mem::take(&mut share.anomalies));
        merged.dropped += share.dropped;
        for (capture, bytes) in &share.unread {
            let sum = merged.unread.entry(*capture).or_default();
            *sum = sum.saturating_add(*bytes);
        }
        add_totals(&mut merged.totals, &share.totals);
        merged.arrivals.merge(std::mem::take(&mut share.arrivals));
    }
    if names.dropped > 0 {
        let reason = "DNS answers, more names of addresses than are remembered";
        merged.ledger.add_pieces(Fate::OverLimit, reason, 0, names.dropped);
    }
    merged.arrivals.settle();
    if merged.arrivals.dropped > 0 {
        let reason = "apps that came in, or answers that lead elsewhere, more than are remembered";
        merged.ledger.add_pieces(Fate::OverLimit, reason, 0, merged.arrivals.dropped);
    }
    let told: Vec<_> = shares.iter_mut().map(|share| std::mem::take(&mut share.contacts)).collect();
    let contacts = Contacts::of(&shares, told, &names);
    let from = merged.arrivals.all.iter().map(|arrival| {
        let all = std::iter::once(&arrival.endpoint).chain(&arrival.further);
        all.map(|endpoint| contacts.number(endpoint).unwrap_or_default()).collect()
    });
    merged.arrived_from = from.collect();
    merged.book = book(&mut shares, |endpoint| contacts.place(endpoint));
    if merged.book.dropped > 0 {
        let reason = "messages of which no series is kept, because there are more kinds than are remembered";
        merged.ledger.add_pieces(Fate::OverLimit, reason, 0, merged.book.dropped);
    }
    if merged.book.parties_dropped > 0 {
        let reason = "requests of senders or to addresses, more than are remembered of one request";
        merged.ledger.add_pieces(Fate::OverLimit, reason, 0, merged.book.parties_dropped);
    }
    if merged.book.fields_dropped > 0 {
        let reason = "fields of requests over time, more than notes are kept of";
        merged.ledger.add_pieces(Fate::OverLimit, reason, 0, merged.book.fields_dropped);
    }
    // Of devices whose address was not recorded, some were not heard of. What reaches many is no device.
    devices.retain(|address, facts: &mut DeviceFacts| {
        !is_of_many(address) && (*address != NOT_RECORDED || !facts.names.is_empty())
    });
    merged.devices = devices.into_iter().map(|(address, facts)| device(written(address), facts)).collect();
    let addresses = merged.devices.iter().map(|device| device.address.clone());
    merged.device_places = addresses.zip(0..).collect();
    merge_groups(&mut merged, shares, &contacts);
    for (id, (endpoint, contact)) in (0..).map(EndpointId).zip(contacts.by_endpoint) {
        merged.destinations.push(destination(id, &endpoint, &contact, &names, atlas));
        merged.named_at.push(contact.named_at);
        merged.protections.push(contact.protections);
        merged.channels.push(contact.channels);
        merged.senders.push(contact.senders);
        merged.asked.push(contact.asked);
    }
    merged
}

fn add_totals(sum: &mut Totals, more: &Totals) {
    sum.flows += more.flows;
    sum.exchanges += more.exchanges;
}

fn merge_devices(devices: &mut BTreeMap<IpAddr, DeviceFacts>, share: &Gathered) {
    for (address, facts) in &share.devices {
        devices.entry(*address).or_default().merge(facts);
    }
}

fn device(address: String, facts: DeviceFacts) -> Device {
    Device { address, mac: facts.mac.map(colons), names: facts.names.into_iter().collect(), is_phone: None }
}

/// Whether an address is that of a group, or of everyone.
fn is_of_many(address: &IpAddr) -> bool {
    address.is_multicast() || matches!(address, IpAddr::V4(address) if address.is_broadcast())
}

/// What the flows' own tables say of endpoints, and what each is called in the end.
#[derive(Default)]
struct Contacts {
    /// By the endpoint as its flows tell it: the endpoint with the name that a DNS answer gave its address.
    names: BTreeMap<Endpoint, Endpoint>,
    by_endpoint: BTreeMap<Endpoint, Contact>,
    /// The final numbers, by what endpoints are called.
    numbers: BTreeMap<Endpoint, EndpointId>,
}

impl Contacts {
    /// `contacts` are the shares' own, taken from them.
    fn of(shares: &[Gathered], contacts: Vec<Vec<Contact>>, names: &Names) -> Self {
        let mut told: BTreeMap<&Endpoint, Contact> = BTreeMap::new();
        for (share, contacts) in shares.iter().zip(contacts) {
            for (endpoint, contact) in share.endpoints.things().iter().zip(contacts) {
                // An endpoint that got a name before anything was seen of it is another one.
                if contact.first.is_some() {
                    told.entry(endpoint).or_default().merge(contact);
                }
            }
        }
        let mut contacts = Self::default();
        for (endpoint, mut contact) in told {
            let (named, answer) = named(endpoint, first_of(&contact), names);
            if answer.is_some() {
                contact.named_by = "dns answer";
                contact.prove(NOT_RECORDED, answer);
            }
            contacts.names.insert(endpoint.clone(), named.clone());
            contacts.by_endpoint.entry(named).or_default().merge(contact);
        }
        contacts.numbers = contacts.by_endpoint.keys().cloned().zip((0..).map(EndpointId)).collect();
        contacts
    }

    /// The final number of an endpoint as its flows tell it.
    fn number(&self, endpoint: &Endpoint) -> Option<EndpointId> {
        self.place(endpoint).map(|(id, _)| id)
    }

    /// Its number, and what it is called in the end.
    fn place(&self, endpoint: &Endpoint) -> Option<(EndpointId, Endpoint)> {
        let named = self.names.get(endpoint)?;
        let place = self.numbers.get(named)?;
        Some((*place, named.clone()))
    }
}

/// What an endpoint is called: its own name, or the one that a DNS answer gave its address.
fn named(endpoint: &Endpoint, time: Timestamp, names: &Names) -> (Endpoint, Option<Occurrence>) {
    let address = endpoint.address.parse().ok().filter(|_| endpoint.host.is_empty());
    match address.and_then(|address| names.at(address, time)) {
        Some((name, proof)) => (Endpoint { host: name.to_owned(), ..endpoint.clone() }, Some(proof.clone())),
        None => (endpoint.clone(), None),
    }
}

fn first_of(contact: &Contact) -> Timestamp {
    contact.first.unwrap_or(contact.last)
}

/// Groups by their keys, with the store's numbers of what became part of each.
type Groups = BTreeMap<SightingKey, (SightingGroup, BTreeSet<u64>, Times)>;
/// What is counted and not listed, by receiver and by a key without its endpoint: each endpoint's share.
type Further<'e> = BTreeMap<(&'e str, SightingKey), BTreeMap<EndpointId, Tally>>;

fn merge_groups(merged: &mut Merged, shares: Vec<Gathered>, contacts: &Contacts) {
    let endpoints: Vec<&Endpoint> = contacts.by_endpoint.keys().collect();
    let number = |endpoint: &Endpoint| contacts.number(endpoint);
    let (mut groups, mut further) = (Groups::new(), Further::new());
    let by_mac = by_mac(&merged.devices);
    let addressed =
        |device: String| by_mac.get(device.as_str()).map_or(device.clone(), |address| address.clone());
    for share in shares {
        let final_id = |local| share.endpoints.at(local).and_then(number).unwrap_or_default();
        for ((kind, place), tally) in &share.further {
            let endpoint = final_id(place.endpoint);
            let mut key = share.further_key(*kind, GroupKey { endpoint: 0, ..*place });
            key.device = addressed(key.device);
            count(&mut further, &endpoints, SightingKey { endpoint, ..key }, *tally);
        }
        for group in share.groups.into_values() {
            let mut sightings = group.sightings;
            sightings.key.endpoint = final_id(sightings.key.endpoint.0);
            sightings.key.device = addressed(sightings.key.device);
            match groups.get_mut(&sightings.key) {
                Some((known, parts, times)) => {
                    known.merge(sightings);
                    parts.insert(group.part);
                    times.merge(group.times);
                }
                None => {
                    let parts = BTreeSet::from([group.part]);
                    groups.insert(sightings.key.clone(), (sightings, parts, group.times));
                }
            }
        }
    }
    list_few(&mut groups, &endpoints, &mut further);
    add_further(&mut groups, further);
    tie_digests(&mut groups);
    for (index, (group, parts, times)) in (0..).zip(groups.into_values()) {
        if group.key.value != SightingGroup::FURTHER {
            merged.totals.sightings += group.count;
        }
        merged.parts.extend(parts.into_iter().map(|part| (part, index)));
        merged.sightings.push(group);
        merged.times.push(times);
    }
}

/// The addresses of devices by their link-layer addresses, which are all that is known of one that sends before it has
/// an address. Where several have the same (a router), nobody can say whose it is.
fn by_mac(devices: &[Device]) -> HashMap<String, String> {
    let mut known: BTreeMap<(&str, bool), Vec<&str>> = BTreeMap::new();
    for device in devices {
        if let (Some(mac), Ok(address)) = (device.mac.as_deref(), device.address.parse::<IpAddr>()) {
            known.entry((mac, address.is_ipv6())).or_default().push(&device.address);
        }
    }
    let mut addresses = HashMap::new();
    // Its address of IPv4 comes first, and counts.
    for ((mac, _), of_mac) in known {
        if let [address] = of_mac.as_slice() {
            addresses.entry(mac.to_owned()).or_insert_with(|| (*address).to_owned());
        }
    }
    addresses
}

fn count<'e>(further: &mut Further<'e>, endpoints: &[&'e Endpoint], key: SightingKey, tally: Tally) {
    let endpoint = key.endpoint;
    let receiver =
        endpoints.get(endpoint.0 as usize).map(|endpoint| receiver_of(endpoint)).unwrap_or_default();
    let place = (receiver, SightingKey { endpoint: EndpointId(0), ..key });
    let shares = further.entry(place).or_default();
    shares.entry(endpoint).and_modify(|known| known.add(tally)).or_insert(tally);
}

/// Of kinds of which there may be any number, lists as many values of a receiver, and as many endpoints of a
/// value, as one worker would have. The other groups are only counted.
fn list_few<'e>(groups: &mut Groups, endpoints: &[&'e Endpoint], further: &mut Further<'e>) {
    let mut lists: BTreeMap<_, BTreeMap<u64, Vec<(u64, SightingKey)>>> = BTreeMap::new();
    let shaped = |key: &&SightingKey| key.kind.is_plural() && key.grade == Grade::Shaped;
    for key in groups.keys().filter(shaped) {
        let Some(endpoint) = endpoints.get(key.endpoint.0 as usize) else { continue };
        let list = (receiver_of(endpoint), SightingKey { endpoint: EndpointId(0), ..further_of(key) });
        let of_value = lists.entry(list).or_default().entry(hash_of(&key.value, &key.form)).or_default();
        of_value.push((rank_of(endpoint), key.clone()));
    }
    for (place, mut of_value) in lists.into_values().flat_map(|list| list.into_values().enumerate()) {
        of_value.sort_unstable();
        let listed = if place < SightingGroup::LISTED { SightingGroup::ENDPOINTS } else { 0 };
        for (_, evicted) in of_value.into_iter().skip(listed) {
            let Some((group, ..)) = groups.remove(&evicted) else { continue };
            count(further, endpoints, further_of(&evicted), Tally::of(&group));
        }
    }
}

/// Takes a value that is the digest of another one in the same case for a form of that one: whoever sends both sends
/// one identifier twice.
fn tie_digests(groups: &mut Groups) {
    let digests: BTreeSet<String> = groups.keys().filter_map(digest_of).collect();
    if digests.is_empty() {
        return;
    }
    let mut tied: BTreeMap<String, BTreeMap<IdentifierKind, (String, String, String)>> = BTreeMap::new();
    let mut hashed = BTreeSet::new();
    for key in groups.keys().filter(|key| key.value != SightingGroup::FURTHER && digest_of(key).is_none()) {
        if hashed.len() >= HASHED || !hashed.insert((key.kind, key.value.as_str())) {
            continue;
        }
        for (form, digest) in
            digests_of(key.kind, &key.value).into_iter().filter(|(_, digest)| digests.contains(digest))
        {
            let of_kind = tied.entry(digest).or_default();
            of_kind.entry(key.kind).or_insert_with(|| (key.value.clone(), key.label.clone(), form));
        }
    }
    let known = |key: &SightingKey| {
        let of_kind = tied.get(&digest_of(key)?)?;
        let same = of_kind.get_key_value(&key.kind).or_else(|| of_kind.first_key_value());
        let (kind, (value, label, form)) = same?;
        let (value, label, form) = (value.clone(), label.clone(), Form(form.clone()));
        Some((key.clone(), SightingKey { kind: *kind, value, label, form, ..key.clone() }))
    };
    let changed: Vec<_> = groups.keys().filter_map(known).collect();
    for (before, after) in changed {
        let Some((mut group, parts, times)) = groups.remove(&before) else { continue };
        group.key = after.clone();
        match groups.get_mut(&after) {
            Some((same, known, all)) => {
                same.merge(group);
                known.extend(parts);
                all.merge(times);
            }
            None => drop(groups.insert(after, (group, parts, times))),
        }
    }
}

/// The digits of a value that may be the digest of another one, in lower case.
fn digest_of(key: &SightingKey) -> Option<String> {
    let digits: String = key.value.chars().filter(|one| *one != '-').take(DIGEST + 1).collect();
    let fits = matches!(digits.len(), 32 | 40 | DIGEST) && digits.bytes().all(|one| one.is_ascii_hexdigit());
    (key.grade == Grade::Shaped && fits).then(|| digits.to_ascii_lowercase())
}

/// Makes groups of what is only counted: of a receiver with very many endpoints, those beyond the first ones
/// are counted with the very first.
fn add_further(groups: &mut Groups, further: Further<'_>) {
    for ((_, place), shares) in further {
        let mut shares = shares.into_iter();
        let mut few: Vec<_> = shares.by_ref().take(SightingGroup::LISTED).collect();
        if let Some((_, first)) = few.first_mut() {
            shares.for_each(|(_, tally)| first.add(tally));
        }
        for (endpoint, Tally { count, first, last }) in few {
            let key = SightingKey { endpoint, ..place.clone() };
            let group = SightingGroup { key: key.clone(), count, first, last, proofs: Vec::new() };
            groups.insert(key, (group, BTreeSet::new(), Times::default()));
        }
    }
}

/// The key of the group that counts the values which are not listed beside this one.
fn further_of(key: &SightingKey) -> SightingKey {
    SightingKey { value: SightingGroup::FURTHER.to_owned(), form: Form("list".to_owned()), ..key.clone() }
}

/// Digits of the longest digest that is looked for, a SHA-256.
const DIGEST: usize = 64;
/// Values of which the digests are compared: more than an audit of a phone finds.
const HASHED: usize = 100_000;

fn destination(
    id: EndpointId,
    endpoint: &Endpoint,
    contact: &Contact,
    names: &Names,
    atlas: &Atlas,
) -> Destination {
    let network = endpoint.address.parse().map(|address| atlas.network(address)).unwrap_or_default();
    Destination {
        id,
        endpoint: endpoint.clone(),
        named_by: contact.named_by.to_owned(),
        cname_chain: names.chain(&endpoint.host),
        domain: domain::registrable(&endpoint.host).unwrap_or_default().to_owned(),
        network,
        owner: domain::owner(&endpoint.host),
        bytes_out: contact.bytes_out,
        bytes_in: contact.bytes_in,
        reading: contact.readings.out,
        reading_in: contact.readings.came,
        flows: contact.flows,
        channels: contact.channels.iter().map(|(one, shown)| (one.clone(), shown.seen.messages)).collect(),
        first: first_of(contact),
        last: contact.last,
        of_recording: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_no_address_yet_is_known_by_its_hardware_unless_several_have_it() {
        let device = |address: &str, mac: &str| Device {
            address: address.to_owned(),
            mac: Some(mac.to_owned()),
            names: Vec::new(),
            is_phone: None,
        };
        let (phone, tablet, router) = ("02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03");
        let devices = [
            device("192.0.2.7", phone),
            device("fe80::7", phone),
            device("fe80::8", tablet),
            device("192.0.2.9", router),
            device("192.0.2.10", router),
        ];
        let known = by_mac(&devices);
        assert_eq!(known.get(phone).map(String::as_str), Some("192.0.2.7"));
        assert_eq!(known.get(tablet).map(String::as_str), Some("fe80::8"));
        assert_eq!(known.get(router), None);
    }
}
