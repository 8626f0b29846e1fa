//! Whose a flow is.

use std::{collections::BTreeMap, net::IpAddr};

use evidence::{Attribution, Ground, Quote, Timestamp, Transport};
use handset::{
    Uid,
    system::{Protocol, Socket},
};
use wire::flow::FlowInfo;

use super::Phone;

/// Whoever sent something: a package, or the packages of a uid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Sender {
    /// By which evidence.
    pub(crate) ground: Ground,
    pub(crate) uid: Option<u32>,
    /// Empty where only the uid is known.
    pub(crate) package: String,
}

/// The senders of flows to an endpoint: how many flows each, their bytes sent and received with headers, and where that
/// stands.
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
    /// logged when the flow began. Where two are told, nobody is: a wrong name is worse than none.
    pub(crate) fn sender(&self, flow: &FlowInfo) -> Option<(Sender, Quote)> {
        // Who opened a flow may not be told by its ports: the phone can be on either side.
        let sides = [(flow.originator, flow.responder), (flow.responder, flow.originator)];
        sides.into_iter().find_map(|(own, other)| {
            let other = (other.0.to_canonical(), other.1);
            self.by_socket((flow.transport, own.1), other).or_else(|| self.by_log(flow.first, other))
        })
    }

    fn by_socket(&self, own: (Transport, u16), other: (IpAddr, u16)) -> Option<(Sender, Quote)> {
        let speaks = |socket: &Socket| match socket.protocol {
            Some(Protocol::Tcp) => own.0 == Transport::Tcp,
            Some(Protocol::Udp) => own.0 == Transport::Udp,
            None => true,
        };
        let sockets = self.sockets.get(&(other, own.1))?;
        let mut fitting = sockets.iter().filter(|(socket, _)| speaks(socket) && has_owner(socket));
        let (Socket { uid, .. }, quote) = fitting.next()?;
        if fitting.any(|(socket, _)| socket.uid != *uid) {
            return None;
        }
        let package = self.only_package(*uid).unwrap_or_default();
        Some((Sender { ground: Ground::Log, uid: Some(uid.0), package }, quote.clone()))
    }

    fn by_log(&self, time: Timestamp, other: (IpAddr, u16)) -> Option<(Sender, Quote)> {
        let logged = self.connections.get(&other)?;
        let first = logged.partition_point(|one| time.since(one.time) > NEAR);
        let near = || logged.iter().skip(first).take_while(|one| one.time.since(time) <= NEAR);
        let nearest = near().min_by_key(|one| one.time.since(time).unsigned_abs())?;
        if near().any(|one| one.package != nearest.package) {
            return None;
        }
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

/// Whether the table says whose a socket is. One that its owner has closed waits there without a number, and its user id
/// is 0 whoever it was (Linux, `get_timewait4_sock`).
fn has_owner(socket: &Socket) -> bool {
    socket.inode != 0
}

/// How far a log's time may lie from a flow's first packet, in nanoseconds: logs are written after the fact, and
/// by another clock.
const NEAR: i64 = 10_000_000_000;

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use evidence::{CaptureId, FlowId, FrameNo};

    use super::{
        super::{Logged, Sockets},
        *,
    };

    const OTHER: (IpAddr, u16) = (IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7)), 443);

    fn flow(transport: Transport, second: i64) -> FlowInfo {
        FlowInfo {
            id: FlowId { capture: CaptureId(0), frame: FrameNo(1) },
            originator: (Ipv4Addr::new(192, 168, 1, 23).into(), 40_001),
            responder: OTHER,
            transport,
            mac: None,
            first: Timestamp::new(second, 0),
        }
    }

    fn quote() -> Quote {
        Quote {
            capture: CaptureId(1),
            line: FrameNo(1),
            start: 0,
            end: 1,
            text: String::new(),
            decoder: String::new(),
        }
    }

    fn socket(protocol: Option<Protocol>, uid: u32) -> (Socket, Quote) {
        let local = (Ipv4Addr::new(192, 168, 1, 23), 40_001).into();
        (Socket { protocol, local, remote: OTHER.into(), state: 1, uid: Uid(uid), inode: 345 }, quote())
    }

    /// Closed by its owner, in its last minute.
    fn waiting() -> (Socket, Quote) {
        let (socket, quote) = socket(Some(Protocol::Tcp), 0);
        (Socket { state: 6, inode: 0, ..socket }, quote)
    }

    fn logged(second: i64, package: &str) -> Logged {
        Logged { time: Timestamp::new(second, 0), package: package.to_owned(), quote: quote() }
    }

    #[test]
    fn a_socket_tells_of_flows_of_its_protocol_and_of_one_owner() {
        let (tcp, udp) = (Some(Protocol::Tcp), Some(Protocol::Udp));
        let rows: [(Sockets, Option<u32>); 8] = [
            (vec![socket(tcp, 10_001)], Some(10_001)),
            (vec![socket(None, 10_001)], Some(10_001)),
            (vec![socket(udp, 10_001)], None),
            (vec![socket(udp, 10_001), socket(tcp, 10_002)], Some(10_002)),
            (vec![socket(tcp, 10_001), socket(tcp, 10_001)], Some(10_001)),
            (vec![socket(tcp, 10_001), socket(tcp, 10_002)], None),
            (vec![waiting(), socket(tcp, 10_001)], Some(10_001)),
            (vec![waiting()], None),
        ];
        for (sockets, expected) in rows {
            let mut phone = Phone::default();
            phone.sockets.insert((OTHER, 40_001), sockets);
            let told = phone.sender(&flow(Transport::Tcp, 0)).and_then(|(sender, _)| sender.uid);
            assert_eq!(told, expected, "{:?}", phone.sockets);
        }
    }

    #[test]
    fn a_log_tells_of_the_flow_near_it_where_no_other_app_did_the_same() {
        let rows: [(&[Logged], Option<&str>); 4] = [
            (&[logged(91, "a"), logged(109, "a")], Some("a")),
            (&[logged(80, "b"), logged(101, "a"), logged(120, "b")], Some("a")),
            (&[logged(95, "b"), logged(101, "a")], None),
            (&[logged(80, "a"), logged(120, "a")], None),
        ];
        for (log, expected) in rows {
            let mut phone = Phone::default();
            phone.connections.insert(OTHER, log.to_vec());
            let told = phone.sender(&flow(Transport::Tcp, 100)).map(|(sender, _)| sender.package);
            assert_eq!(told.as_deref(), expected, "{log:?}");
        }
    }
}
