//! Answers that lead elsewhere: by their head (RFC 9110 section 10.2.2), as a page, or by an address in their body, as a
//! store answers that was asked for an app.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    ops::Range,
    sync::Arc,
};

use evidence::{FlowId, Timestamp};
use wire::Message;

use super::address::{URL, resolved};
use crate::{examine::occurrence_of_part, packed::Packed};

/// An answer that leads elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Lead {
    pub(crate) time: Timestamp,
    pub(crate) from: String,
    pub(crate) to: String,
    /// The address it leads to.
    pub(crate) proof: Packed,
    /// What its body says; `None` where its head or a page leads on.
    pub(crate) query: Option<Query>,
}

/// A request for addresses, and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    /// The field of the answer that holds the address.
    pub(crate) field: String,
    /// Packages that the request names.
    pub(crate) asked: Arc<[Named]>,
    /// Packages that the answer names beside the address.
    pub(crate) beside: Vec<Named>,
}

/// A package that a message names.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) package: String,
    /// The field that names it.
    pub(crate) field: String,
    pub(crate) proof: Packed,
}

/// An address in an answer.
#[derive(Debug)]
pub(crate) struct Offer {
    /// As it is written.
    pub(crate) url: String,
    /// The field that holds it; `None` where it stands in a page.
    pub(crate) field: Option<String>,
    pub(crate) proof: Packed,
    pub(crate) beside: Vec<Named>,
}

/// All of one worker.
#[derive(Debug, Default)]
pub(super) struct Leads {
    redirects: Vec<Lead>,
    /// By where they lead to and by what was asked: the first of each.
    offers: BTreeMap<(String, String), Lead>,
    /// Those that there was no room for.
    pub(super) dropped: u64,
}

impl Leads {
    /// Notes a redirect; its `Location` stands in that range of the message.
    pub(super) fn redirect(&mut self, flow: FlowId, message: &Message, from: &str, range: &Range<usize>) {
        let value = message.recorded.bytes.get(range.clone()).unwrap_or_default();
        let Ok(value) = std::str::from_utf8(value) else { return };
        if self.redirects.len() >= REDIRECTS || value.len() > URL {
            self.dropped += 1;
            return;
        }
        self.redirects.push(Lead {
            time: message.recorded.first,
            from: from.to_owned(),
            to: resolved(from, value.trim()),
            proof: Packed::new(occurrence_of_part(flow, message, range)),
            query: None,
        });
    }

    /// Notes what the answer to a request for `from` offers, which names those packages.
    pub(super) fn offer(
        &mut self,
        time: Timestamp,
        (from, asked): (&str, &Arc<[Named]>),
        offers: Vec<Offer>,
    ) {
        for Offer { url, field, proof, beside } in offers {
            let query = field.map(|field| Query { field, asked: Arc::clone(asked), beside });
            self.note(Lead { time, from: from.to_owned(), to: resolved(from, &url), proof, query });
        }
    }

    fn note(&mut self, lead: Lead) {
        let key = (lead.to.clone(), lead.from.clone());
        let place = |lead: &Lead| (lead.time, lead.proof.exchange);
        let full = self.offers.len() >= OFFERS;
        match self.offers.entry(key) {
            Entry::Occupied(mut known) if place(&lead) < place(known.get()) => drop(known.insert(lead)),
            Entry::Occupied(_) => {}
            Entry::Vacant(_) if full => self.dropped += 1,
            Entry::Vacant(free) => drop(free.insert(lead)),
        }
    }

    /// Adds what another worker heard.
    pub(super) fn merge(&mut self, other: Self) {
        self.redirects.extend(other.redirects);
        other.offers.into_values().for_each(|lead| self.note(lead));
        self.dropped += other.dropped;
    }

    /// Puts all in an order that does not depend on the workers.
    pub(super) fn settle(&mut self) {
        self.redirects.sort_by_key(|redirect| (redirect.time, redirect.proof.exchange));
    }

    /// The answers that led to an address by then, the first one first.
    pub(super) fn to(&self, url: &str, time: Timestamp) -> Vec<&Lead> {
        let mut chain: Vec<&Lead> = Vec::new();
        let (mut url, mut time) = (url, time);
        while chain.len() < CHAIN {
            let new = |lead: &&Lead| !chain.iter().any(|known| known.from == lead.from);
            let mut before = self.redirects.iter().filter(|lead| lead.to == url && lead.time <= time);
            let Some(lead) = before.next_back().or_else(|| self.offered(url, time)).filter(new) else {
                break;
            };
            (url, time) = (&lead.from, lead.time);
            chain.push(lead);
        }
        chain.reverse();
        chain
    }

    /// The last answer by then that offers an address.
    fn offered(&self, url: &str, time: Timestamp) -> Option<&Lead> {
        let all = self.offers.range((url.to_owned(), String::new())..);
        let all = all.map(|(_, lead)| lead).take_while(|lead| lead.to == url && !url.is_empty());
        all.filter(|lead| lead.time <= time).max_by_key(|lead| (lead.time, lead.proof.exchange))
    }
}

impl Query {
    /// Who names the package: the request, and the answer beside the address.
    pub(crate) fn names(&self, package: &str) -> [Option<&Named>; 2] {
        let find = |names: &'_ [Named]| names.iter().position(|named| named.package == package);
        [
            find(&self.asked).and_then(|at| self.asked.get(at)),
            find(&self.beside).and_then(|at| self.beside.get(at)),
        ]
    }
}

/// Answers that one worker remembers.
const REDIRECTS: usize = 20_000;
const OFFERS: usize = 20_000;
/// Answers followed back.
const CHAIN: usize = 10;
