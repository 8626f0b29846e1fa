//! A message to sightings: its payload tree is searched, and what is found gets its place and its trail.
//!
//! - [`roots`]: what of a message is explored, and under which names.
//! - [`hits`]: every needle and shape in every buffer, each value once per place.
//! - [`account`]: what became of each byte of the message.
//! - [`bridge`]: what stands over the border of two pieces of one message.
//! - [`notes`]: what is noted of it in the diary.
//! - [`protection`]: what protects the content of what left.
//! - [`queries`]: what requests to stores name, and where their answers lead.
//! - [`provenance`]: the way from a hit down to frames, over the [`ground`] of what was decrypted.

mod account;
mod bridge;
mod ground;
mod hits;
mod links;
mod notes;
mod protection;
mod provenance;
mod queries;
mod roots;

use std::ops::Range;

use evidence::{
    Carrier, Direction, Evidence, ExchangeId, Fate, FlowId, Grade, Occurrence, Relation, Security, Seen,
};
use foldhash::HashMap;
use identifiers::{Needles, Profile, shapes::Shapes};
use payload::{Explorer, FieldIndex, FieldKind, Limits, Tree};
use store::Record;
use wire::{Head, Message};

use crate::{
    conversation::Conversation,
    gather::{Gathered, GroupKey, Target, Value},
    input::hex,
    records::Records,
};
use account::Account;
pub(crate) use bridge::Tail;
use hits::carrier;
pub(crate) use hits::{Hit, Searcher, What};
pub(crate) use provenance::go_on;
pub(crate) use roots::body_start;
use roots::roots;

/// What is searched for; shared by all workers.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) profile: Profile,
    pub(crate) needles: Needles,
    pub(crate) shapes: Shapes,
}

/// Examines messages, one after another.
pub(crate) struct Examiner<'e> {
    wanted: &'e Wanted,
    searcher: Searcher<'e>,
    explorer: Explorer,
    /// The local number of each needle's value, form and grade, once it was found.
    needle_values: Vec<Option<u32>>,
    /// How often each group's value was met in the message at hand.
    met: HashMap<GroupKey, u64>,
    account: Account,
    pub(crate) gathered: Gathered,
    pub(crate) records: Records,
}

impl<'e> Examiner<'e> {
    pub(crate) fn new(wanted: &'e Wanted, records: Records) -> Self {
        Self {
            wanted,
            searcher: Searcher::new(&wanted.needles, &wanted.shapes),
            explorer: Explorer::new(Limits::default()),
            needle_values: vec![None; wanted.needles.len()],
            met: HashMap::default(),
            account: Account::default(),
            gathered: Gathered::default(),
            records,
        }
    }

    /// Nothing more comes: what was gathered.
    pub(crate) fn finish(mut self) -> Gathered {
        self.records.flush();
        self.account.settle(&mut self.gathered.ledger);
        self.gathered
    }

    /// Examines a message of a conversation.
    pub(crate) fn message(&mut self, conversation: &mut Conversation, message: &Message) {
        conversation.learn(message, &mut self.gathered);
        conversation.receive(message, &mut self.gathered);
        conversation.note(message, &mut self.records);
        if let Some((edges, border)) = conversation.bridge(message) {
            self.border(conversation, &edges, border);
        }
        let roots = roots(message);
        let kinds: Vec<_> =
            roots.iter().flat_map(|root| root.fields.iter().map(|field| field.kind)).collect();
        let tree = self.explorer.explore(roots);
        let out = conversation.direction(message.sender) == Direction::Out;
        let hits = self.searcher.search(&tree, &kinds, out);
        let mut scene = Scene { conversation, message, tree: &tree, kinds: &kinds, last: None };
        for hit in hits {
            self.sighting(&mut scene, &hit);
        }
        if self.met.drain().any(|(_, times)| times > KEPT) {
            self.gathered.ledger.add(
                Fate::OverLimit,
                "places of one value in one message, more than are kept",
                0,
            );
        }
        if self.searcher.was_cut() {
            self.gathered.ledger.add(Fate::OverLimit, "identifiers in one place, more than are listed", 0);
        }
        let page = notes::Page { conversation, message, tree: &tree, kinds: &kinds };
        if out {
            notes::sent(&page, &mut self.gathered.diary);
            let names = queries::named(&page);
            self.protection(conversation, message, &tree, &kinds);
            conversation.name(message, names);
        } else {
            notes::received(&page, &mut self.gathered.diary);
            conversation.offer(message, queries::offered(&page), &mut self.gathered);
        }
        let reading = self.account.message(message, &tree, &kinds, out);
        conversation.readings.of(out).add(&reading);
        self.explorer.recycle(tree);
    }

    /// Notes how the content of an outgoing message is protected.
    fn protection(
        &mut self,
        conversation: &Conversation,
        message: &Message,
        tree: &Tree<'_>,
        kinds: &[FieldKind],
    ) {
        let Some(judged) = protection::judge(message, tree, kinds) else { return };
        let Some(contact) = self.gathered.contact(conversation.endpoint) else { return };
        let time = message.recorded.first;
        let seen = Seen { messages: 1, bytes: judged.bytes, first: time, last: time };
        let (buffer, range) = judged.shown;
        let proofs = || {
            let shown = range.start..range.end.min(range.start.saturating_add(FOUND));
            let (trail, span) = provenance::trail(message, tree, buffer, &shown);
            let frame = trail.trace(span).first().map(|(_, frame, _)| *frame).unwrap_or_default();
            let bytes = tree.buffer(buffer).and_then(|buffer| buffer.bytes.get(shown.clone()));
            let exchange = ExchangeId { flow: conversation.flow(), index: message.exchange };
            let found = readable(bytes.unwrap_or_default());
            let occurrence = Occurrence { exchange, time, frame, found, span, trail };
            let words = "the beginning of the body, as it reads".to_owned();
            let label = judged.label_at.map(|range| Evidence {
                relation: Relation::Label,
                words: "the label of the body".to_owned(),
                occurrence: occurrence_of_part(conversation.flow(), message, &range),
            });
            [Evidence { relation: Relation::Value, words, occurrence }].into_iter().chain(label).collect()
        };
        contact.protect(conversation.device_address(), judged.protection, &seen, proofs);
    }

    /// Searches the edges of two pieces for what lies on both.
    fn border(&mut self, conversation: &Conversation, edges: &Message, border: usize) {
        let roots = roots(edges);
        let kinds = [FieldKind::Raw];
        let tree = self.explorer.explore(roots);
        let mut hits = self.searcher.search(&tree, &kinds, false);
        hits.retain(|hit| hit.buffer == 0 && hit.range.start < border && hit.range.end > border);
        let mut scene = Scene { conversation, message: edges, tree: &tree, kinds: &kinds, last: None };
        for hit in hits {
            self.sighting(&mut scene, &hit);
        }
        self.explorer.recycle(tree);
    }

    fn sighting(&mut self, scene: &mut Scene<'_>, hit: &Hit) {
        let (message, tree) = (scene.message, scene.tree);
        let key = match self.target(scene, hit) {
            Target::Listed(key) => key,
            Target::Further(kind, place) => return self.gathered.count(kind, place, message.recorded.first),
        };
        let times = self.met.entry(key).or_default();
        *times = times.saturating_add(1);
        if *times > KEPT {
            return self.gathered.again(key, message.recorded.first);
        }
        let Some(part) = self.gathered.part(key) else { return };
        let exchange = ExchangeId { flow: scene.conversation.flow(), index: message.exchange };
        let (trail, span) = provenance::trail(message, tree, hit.buffer, &hit.range);
        let occurrence = Occurrence {
            exchange,
            time: message.recorded.first,
            frame: trail.trace(span).first().map(|(_, frame, _)| *frame).unwrap_or_default(),
            found: found(tree, hit),
            span,
            trail,
        };
        self.gathered.add(key, &occurrence);
        self.records.push(Record::Sighting(part, Box::new(occurrence)));
    }

    /// Where a hit is counted.
    fn target(&mut self, scene: &mut Scene<'_>, hit: &Hit) -> Target {
        let place = self.place(scene, hit);
        match &hit.what {
            What::Needle(found) => {
                let bytes = scene.tree.buffer(hit.buffer).map(|buffer| &*buffer.bytes).unwrap_or_default();
                Target::Listed(GroupKey { value: self.needle_value(found, bytes), ..place })
            }
            What::Shape(shape) => self.gathered.shaped(place, shape),
        }
    }

    /// Where a hit stands: the key of its group but for the value.
    fn place(&mut self, scene: &mut Scene<'_>, hit: &Hit) -> GroupKey {
        let (tree, conversation) = (scene.tree, scene.conversation);
        let inside = hit.field.filter(|&field| in_buffer(tree, field, hit));
        if let (Some(field), Some((last, key))) = (inside, scene.last)
            && tree.alike(field, last)
        {
            return key;
        }
        let carrier = carrier_of_hit(scene.message, tree, scene.kinds, hit);
        let path = match asked_of(scene.message, carrier) {
            Some(domain) => domain,
            None => hit.field.map(|field| tree.path(field)).unwrap_or_default(),
        };
        let mut encodings = match inside {
            Some(field) => tree.encodings_of(field),
            None => tree.encodings(hit.buffer),
        };
        encodings.retain(|name| !name.is_empty());
        let key = GroupKey {
            value: 0,
            field: self.gathered.texts.intern(path.as_str()),
            encodings: self.gathered.encodings.intern(encodings.as_slice()),
            carrier,
            direction: conversation.direction(scene.message.sender),
            security: security(scene.message),
            endpoint: conversation.endpoint,
            device: conversation.device,
            app: conversation.app,
        };
        // Of an address, the part may be another for each hit, and of names asked for the domain.
        let fixed = !matches!(key.carrier, Carrier::HostName | Carrier::Path | Carrier::Query);
        scene.last = inside.filter(|_| fixed).map(|field| (field, key));
        key
    }

    fn needle_value(&mut self, found: &identifiers::Match, bytes: &[u8]) -> u32 {
        let slot = found.needle.0 as usize;
        let needle = self.wanted.needles.needle(found.needle);
        let fixed = needle.grade == Grade::Known;
        if let (true, Some(Some(known))) = (fixed, self.needle_values.get(slot)) {
            return *known;
        }
        let profiled = self.wanted.profile.values().get(needle.value);
        let number = self.gathered.values.intern(&Value {
            kind: profiled.map_or(evidence::IdentifierKind::Canary, |value| value.kind),
            canonical: profiled.map(|value| value.canonical.clone()).unwrap_or_default(),
            label: profiled.map(|value| value.label.clone()).unwrap_or_default(),
            grade: needle.grade,
            form: self.wanted.needles.form(found, bytes),
        });
        if let (true, Some(slot)) = (fixed, self.needle_values.get_mut(slot)) {
            *slot = Some(number);
        }
        number
    }
}

/// A message whose hits become sightings.
struct Scene<'m> {
    conversation: &'m Conversation,
    message: &'m Message,
    tree: &'m Tree<'m>,
    kinds: &'m [FieldKind],
    /// The field of the last hit and the key of its place: of a list's members each stands in the same one.
    last: Option<(FieldIndex, GroupKey)>,
}

/// Who could read a message on its way.
pub(crate) fn security(message: &Message) -> Security {
    if message.seal.is_some() { Security::Encrypted } else { Security::Clear }
}

/// A stretch of a message as recorded, as evidence.
pub(crate) fn occurrence_of_part(flow: FlowId, message: &Message, range: &Range<usize>) -> Occurrence {
    let (trail, span) = provenance::recorded(message, range);
    Occurrence {
        exchange: ExchangeId { flow, index: message.exchange },
        time: message.recorded.first,
        frame: trail.trace(span).first().map(|(_, frame, _)| *frame).unwrap_or_default(),
        found: readable(message.recorded.bytes.get(range.clone()).unwrap_or_default()),
        span,
        trail,
    }
}

/// Whether a hit's field is a slice of the hit's own buffer (and not what that buffer was decoded from).
fn in_buffer(tree: &Tree<'_>, field: FieldIndex, hit: &Hit) -> bool {
    tree.field(field).is_some_and(|field| field.buffer == hit.buffer)
}

/// The part of the message that holds a hit. What follows a `?` in a path is the query.
fn carrier_of_hit(message: &Message, tree: &Tree<'_>, kinds: &[FieldKind], hit: &Hit) -> Carrier {
    let carrier = carrier(tree, hit.field, kinds);
    if carrier != Carrier::Path || hit.buffer != 0 {
        return carrier;
    }
    let before = hit
        .field
        .and_then(|field| tree.field(field))
        .and_then(|field| message.recorded.bytes.get(field.value.start..hit.range.start));
    if before.is_some_and(|before| before.contains(&b'?')) { Carrier::Query } else { carrier }
}

/// The domain whose servers answer for the name that a message asks for: what stands in the name goes to them, whichever
/// resolver passes it on. Who has an address is asked of `arpa`, and nobody answers for a name of the network at hand.
fn asked_of(message: &Message, carrier: Carrier) -> Option<String> {
    let Head::Dns(head) = &message.head else { return None };
    let (name, _) = head.questions.first().filter(|_| carrier == Carrier::HostName && !head.response)?;
    let domain = facts::domain::registrable(name)?.to_ascii_lowercase();
    (!domain.ends_with(".arpa")).then_some(domain)
}

/// What was found, for people.
fn found(tree: &Tree<'_>, hit: &Hit) -> String {
    let bytes = tree.buffer(hit.buffer).and_then(|buffer| buffer.bytes.get(hit.range.clone()));
    readable(bytes.unwrap_or_default())
}

/// Text where it is printable, else hex; at most 256 characters.
pub(crate) fn readable(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => text.chars().take(FOUND).collect(),
        _ => hex(bytes.get(..bytes.len().min(FOUND / 2)).unwrap_or_default()),
    }
}

/// Places of one value in one field that are kept of one message. A few kilobytes may inflate to one value three
/// hundred thousand times, and each place with its trail takes a kilobyte of the store.
const KEPT: u64 = 128;
/// The longest text kept of what was found.
const FOUND: usize = 256;
