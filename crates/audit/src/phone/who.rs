//! Whose a flow is.

use std::{collections::BTreeMap, net::IpAddr};

use evidence::{Attribution, Ground, Quote, Timestamp};
use handset::Uid;
use wire::flow::FlowInfo;

use super::{Logged, Phone};

/// Whoever sent something: a package, or the packages of a uid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Sender {
    /// By which evidence.
    pub(crate) ground: Ground,
    pub(crate) uid: Option<u32>,
    /// Empty where only the uid is known.
    pub(crate) package: String,
}

/// The senders of flows to an endpoint: how many flows each, their bytes sent and received, and where that stands.
pub(crate) type Senders = BTreeMap<Sender, Sent>;

/// What a sender sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent {
    pub(crate) flows: u64,
    pub(crate) bytes: [u64; 2],
    pub(crate) quotes: Vec<Quote>,
}

impl Sent {
    /// Adds what another worker counted. The result does not depend on the order.
    pub(crate) fn merge(&mut self, other: Self) {
        self.flows += other.flows;
        self.bytes = [self.bytes[0] + other.bytes[0], self.bytes[1] + other.bytes[1]];
        self.quotes.extend(other.quotes);
        self.quotes.sort();
        self.quotes.dedup();
        self.quotes.truncate(Attribution::QUOTES);
    }
}

impl Phone {
    /// Whose a flow is, and the line that says so: by a socket that was open, else by a connection that was
    /// logged when the flow began.
    pub(crate) fn sender(&self, flow: &FlowInfo) -> Option<(Sender, Quote)> {
        // Who opened a flow may not be told by its ports: the phone can be on either side.
        let sides = [(flow.originator, flow.responder), (flow.responder, flow.originator)];
        sides.into_iter().find_map(|(own, other)| {
            let other = (other.0.to_canonical(), other.1);
            self.by_socket(own.1, other).or_else(|| self.by_log(flow.first, other))
        })
    }

    fn by_socket(&self, own: u16, other: (IpAddr, u16)) -> Option<(Sender, Quote)> {
        let (uid, quote) = self.sockets.get(&(other, own))?;
        let package = self.only_package(*uid).unwrap_or_default();
        Some((Sender { ground: Ground::Log, uid: Some(uid.0), package }, quote.clone()))
    }

    fn by_log(&self, time: Timestamp, other: (IpAddr, u16)) -> Option<(Sender, Quote)> {
        let logged = self.connections.get(&other)?;
        let next = logged.partition_point(|one| one.time < time);
        let near = [next.checked_sub(1), Some(next)].into_iter().flatten().filter_map(|at| logged.get(at));
        let distance = |one: &&Logged| one.time.since(time).unsigned_abs();
        let nearest = near.min_by_key(distance).filter(|one| distance(one) <= NEAR)?;
        let uid = self.packages.named(&nearest.package).and_then(|known| known.uid()).map(|uid| uid.0);
        let sender = Sender { ground: Ground::Log, uid, package: nearest.package.clone() };
        Some((sender, nearest.quote.clone()))
    }

    /// The package of a uid that has no other.
    pub(crate) fn only_package(&self, uid: Uid) -> Option<String> {
        let mut names = self.packages.of_uid(uid).map(|(name, _)| name);
        let first = names.next()?;
        names.next().is_none().then(|| first.to_owned())
    }
}

/// How far a log's time may lie from a flow's first packet, in nanoseconds: logs are written after the fact, and
/// by another clock.
const NEAR: u64 = 10_000_000_000;
