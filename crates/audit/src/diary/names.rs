//! Names that were asked for and do not exist, and who was asked.

use std::{collections::BTreeMap, net::IpAddr};

use evidence::{ExchangeId, Occurrence, Timestamp};

/// One worker's notes on names.
#[derive(Clone, Debug, Default)]
pub(crate) struct NameNotes {
    /// Names that a resolver denied, with its code (RFC 1035 section 4.1.1).
    pub(crate) denied: BTreeMap<(String, u16), Told>,
    /// Names that were asked for.
    pub(crate) asked: BTreeMap<String, Told>,
    /// Who was asked.
    pub(crate) resolvers: BTreeMap<IpAddr, Told>,
    /// Resolvers that the network handed out (RFC 2132 section 3.8).
    pub(crate) given: BTreeMap<IpAddr, Told>,
}

/// How often, when, and the first time.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) count: u64,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    pub(crate) proof: Occurrence,
    /// Of a name that was asked for: a resolver answered, whatever it said.
    pub(crate) answered: bool,
}

impl NameNotes {
    /// Adds what another worker knows.
    pub(crate) fn merge(&mut self, other: Self) {
        other.denied.into_iter().for_each(|(name, told)| add(&mut self.denied, name, told));
        other.asked.into_iter().for_each(|(name, told)| add(&mut self.asked, name, told));
        other.resolvers.into_iter().for_each(|(address, told)| add(&mut self.resolvers, address, told));
        other.given.into_iter().for_each(|(address, told)| add(&mut self.given, address, told));
    }
}

impl Told {
    /// One time.
    pub(crate) fn once(proof: Occurrence) -> Self {
        Self { count: 1, first: proof.time, last: proof.time, proof, answered: false }
    }
}

/// Counts one time more. `proof` is made where it is the first. Of too many the first in their order are kept.
pub(crate) fn add_name<K: Ord>(
    known: &mut BTreeMap<K, Told>,
    key: K,
    (time, exchange): (Timestamp, ExchangeId),
    proof: impl FnOnce() -> Occurrence,
) {
    let before = known.get(&key).is_some_and(|known| (known.first, known.proof.exchange) <= (time, exchange));
    let told = match known.get_mut(&key) {
        Some(known) if before => {
            known.count += 1;
            known.last = known.last.max(time);
            return;
        }
        _ => Told::once(proof()),
    };
    add(known, key, told);
}

/// Adds to what is known.
fn add<K: Ord>(known: &mut BTreeMap<K, Told>, key: K, told: Told) {
    match known.get_mut(&key) {
        Some(known) => {
            known.count += told.count;
            known.last = known.last.max(told.last);
            known.answered |= told.answered;
            if (told.first, told.proof.exchange) < (known.first, known.proof.exchange) {
                (known.first, known.proof) = (told.first, told.proof);
            }
        }
        None => drop(known.insert(key, told)),
    }
    if known.len() > MOST {
        known.pop_last();
    }
}

/// Names and addresses that are kept.
const MOST: usize = 1_024;
