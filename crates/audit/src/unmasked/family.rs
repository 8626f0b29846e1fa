//! The same field of the same request, to whichever host of a domain: what one value tells holds for all.

use std::collections::BTreeMap;

use evidence::{Carrier, Form, Hashed, IdentifierKind, SightingGroup, prose};
use facts::domain;
use unmask::{Opened, triage};

use super::{
    Address, Judged,
    context::Known,
    digests::Digests,
    purse::Purse,
    sightings::{self, Place},
};
use crate::{
    diary::{Book, BookEntry, FieldNotes, Whom, hash_of, is_closed},
    gather::Times,
};

/// Fields that the same code made.
#[derive(Default)]
pub(super) struct Family<'b> {
    pub(super) members: Vec<Member<'b>>,
}

/// A field of requests to one host.
pub(super) struct Member<'b> {
    pub(super) whom: &'b Whom,
    pub(super) entry: &'b BookEntry,
    pub(super) field: &'b FieldNotes,
    /// Its first value.
    first: &'b [u8],
    /// Its values whose place is known.
    pub(super) values: Vec<(Place<'b>, &'b [u8])>,
}

/// What came of a family.
pub(super) struct Tried {
    pub(super) digests: Vec<((IdentifierKind, String, Form), Hashed)>,
    pub(super) fields: Vec<((Whom, Address), Judged)>,
    pub(super) found: Vec<(SightingGroup, Times)>,
    pub(super) purse: Purse,
}

/// The fields whose values nobody can read, by the domain, the request and the field's path.
pub(super) fn families(book: &Book) -> Vec<Family<'_>> {
    let mut families: BTreeMap<(&str, &str, Carrier, &str), Family<'_>> = BTreeMap::new();
    for (whom @ (host, request), entry) in &book.entries {
        let domain = domain::site(host);
        for field in entry.series.fields.values().filter(|field| field.leaf) {
            let Some(first) = field.samples.values().next().filter(|first| is_closed(first)) else {
                continue;
            };
            let values = field.shown.iter().filter_map(|(at, proof)| {
                let value = &**field.samples.get(at)?;
                let times = field.different.times(hash_of(value));
                Some((Place { entry, field, proof, time: at.0, times }, value))
            });
            let values = values.collect();
            let family = families.entry((domain, request, field.carrier, &field.path)).or_default();
            family.members.push(Member { whom, entry, field, first, values });
        }
    }
    families.into_values().collect()
}

impl Family<'_> {
    /// Tries the values that are no digests, as far as the purse goes; `digests` has what is known of those that are.
    pub(super) fn tried(&self, known: &Known<'_>, digests: &Digests, purse: Purse) -> Tried {
        let mut tried = Tried { digests: Vec::new(), fields: Vec::new(), found: Vec::new(), purse };
        let mut closed = 0_usize;
        for (member, number) in self.members.iter().zip(0..) {
            let mut way = Way::Closed(0);
            for ((place, value), at) in member.values.iter().zip(0..) {
                for digest in digests.get(&(number, at)).into_iter().flatten() {
                    tried.digests.push((digest.key(), digest.how.clone()));
                    tried.found.push(digest.sighting(place));
                    way = Way::Digests;
                }
                way = match way {
                    Way::Digests => way,
                    Way::Closed(here) if here >= OF_FIELD || closed >= OF_FAMILY => {
                        tried.purse.pass_over();
                        way
                    }
                    way => {
                        let way = tried.try_one(known, (place, value), way);
                        closed += usize::from(matches!(way, Way::Closed(_)));
                        way
                    }
                };
            }
            let judged = judge(known, member, &way);
            tried.fields.extend(judged.map(|judged| ((member.whom.clone(), member.field.address()), judged)));
        }
        tried
    }
}

/// What became of the values of a field so far.
enum Way {
    /// Of so many values nothing was found.
    Closed(u8),
    /// They are digests.
    Digests,
    /// They were opened; the first one shows how.
    Opened(Box<Opened>),
}

impl Tried {
    /// Tries one value of a field.
    fn try_one(&mut self, known: &Known<'_>, (place, value): (&Place<'_>, &[u8]), way: Way) -> Way {
        let (fields, more) = known.fields_beside(place.entry, place.field, place.proof.exchange);
        if more {
            self.purse.crowd();
        }
        let opened = known.open(&mut self.purse, value, &fields, (place.entry, place.time));
        for opened in &opened {
            self.found.extend(sightings::of(known.wanted, place, opened));
        }
        match (opened.into_iter().next(), way) {
            (Some(opened), Way::Closed(_)) => Way::Opened(Box::new(opened)),
            (None, Way::Closed(here)) => Way::Closed(here.saturating_add(1)),
            (_, way) => way,
        }
    }
}

/// Names what stayed closed, and what was opened.
fn judge(known: &Known<'_>, member: &Member<'_>, way: &Way) -> Option<Judged> {
    let opened = match way {
        Way::Digests => return None,
        Way::Opened(opened) => std::slice::from_ref(&**opened),
        Way::Closed(_) => &[],
    };
    let mut samples = triage::Samples::default();
    let counter = member.entry.series.counter(member.field);
    for ((time, exchange, _), value) in member.field.samples.iter() {
        let beside = counter.and_then(|counter| counter.number_in(exchange));
        samples.add(time, value, beside);
    }
    let triage = known.triage(member.first, opened, &samples);
    let closed = !matches!(triage.class, triage::Class::Encoded | triage::Class::NotProtected);
    closed.then(|| Judged {
        class: class_name(triage.class).to_owned(),
        meaning: format!("{}: {}", prose::capital(triage.class.words()), triage.reasons.join("; ")),
        how: opened.first().map(|opened| opened.how.clone()),
    })
}

fn class_name(class: triage::Class) -> &'static str {
    match class {
        triage::Class::Encoded => "encoded",
        triage::Class::NotProtected => "not protected",
        triage::Class::Scrambled => "scrambled",
        triage::Class::Strong => "strong",
        triage::Class::Undecidable => "undecidable",
        triage::Class::WeakBroken => "weakly encrypted, broken",
        triage::Class::WeakNotBroken => "weakly encrypted, not broken",
    }
}

/// Values of a field that are tried before it is called closed: the key of the first may be out of reach by accident.
const OF_FIELD: u8 = 2;
/// The same of all fields of a family.
const OF_FAMILY: usize = 4;
