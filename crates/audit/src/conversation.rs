//! One flow as the audit sees it: which side is the device, what the other side is called, and the
//! exchanges that are under way.

use std::{net::IpAddr, ops::Range};

use evidence::{
    Channel, Direction, Endpoint, Evidence, Exchange, ExchangeId, FlowId, Ground, Occurrence, Quote,
    Relation, Seen, Transport,
};
use facts::Scope;
use store::Record;
use wire::{
    App, Body, DnsData, DnsHead, Ending, Head, HttpHead, Message, NamedHead, Part, Role, Sender, TlsHead,
    entries::{NOT_RECORDED, RecordedFlow},
    flow::{Ended, FlowInfo, FlowSummary, SideSummary},
};

use crate::{
    arrivals::{Heard, Named, Offer, Parcels},
    channel::channel,
    diary::Silence,
    examine::{Tail, occurrence_of_part, security},
    gather::{Gathered, Names},
    phone::{self, Sent},
    readings::Readings,
    records::Records,
};

/// A flow under examination.
#[derive(Debug)]
pub(crate) struct Conversation {
    flow: FlowId,
    device_address: IpAddr,
    remote: Endpoint,
    /// The device answered, and the other side opened the flow.
    inbound: bool,
    /// Local number of the other side.
    pub(crate) endpoint: u32,
    /// Local number of the device's address as text; of one that has none yet, of its link-layer address.
    pub(crate) device: u32,
    /// Local number of the app's name as text.
    pub(crate) app: u32,
    /// Whose the flow is, and the line that says so, until it is over.
    sender: Option<(phone::Sender, Option<Quote>)>,
    /// Exchanges that were begun and not answered, by their index. Mostly none, or one.
    under_way: Vec<Exchange>,
    /// How many exchanges were begun.
    exchanges: u32,
    /// The ends of pieces that others follow, of originator and responder. Where exchanges run side by side
    /// there may be several.
    tails: [Vec<Tail>; 2],
    /// Apps that are coming in.
    parcels: Parcels,
    /// What was read of what the device sent, and of what came.
    pub(crate) readings: Readings,
}

impl Conversation {
    pub(crate) fn open(info: &FlowInfo, gathered: &mut Gathered) -> Self {
        let inbound = is_inbound(info);
        let (device, remote) =
            if inbound { (info.responder, info.originator) } else { (info.originator, info.responder) };
        let remote = Endpoint {
            host: String::new(),
            address: written(remote.0),
            port: remote.1,
            transport: info.transport,
        };
        let endpoint = gathered.endpoint(&remote, "");
        Self {
            flow: info.id,
            device_address: device.0,
            endpoint,
            device: gathered.texts.intern(sender_of(device.0, info.mac).as_str()),
            app: gathered.texts.intern(""),
            sender: None,
            remote,
            inbound,
            under_way: Vec::new(),
            exchanges: 0,
            tails: [Vec::new(), Vec::new()],
            parcels: Parcels::default(),
            readings: Readings::default(),
        }
    }

    /// A flow that was recorded as messages.
    pub(crate) fn recorded(flow: &RecordedFlow, gathered: &mut Gathered) -> Self {
        let mut conversation = Self::open(&flow.info, gathered);
        if let Some(app) = &flow.app {
            conversation.is_of(app, gathered);
        }
        // What the messages say is better: it can be shown.
        let named = |message: &Message| match &message.head {
            Head::Http(head) => !head.host.is_empty(),
            Head::Named(head) => !head.host.is_empty(),
            Head::Tls(head) => !head.server_name.is_empty(),
            Head::Dhcp(_) | Head::Dns(_) | Head::Raw => false,
        };
        if !flow.server_name.is_empty() && !flow.messages.iter().any(named) {
            let name = flow.server_name.to_ascii_lowercase();
            conversation.call(&name, "recorded name", None, gathered);
        }
        conversation
    }

    /// The flow was opened by that app, as whoever recorded it noted.
    pub(crate) fn is_of(&mut self, app: &App, gathered: &mut Gathered) {
        let name = if app.package.is_empty() { &app.name } else { &app.package };
        self.app = gathered.texts.intern(name.as_str());
        let uid = app.uid.and_then(|uid| u32::try_from(uid).ok());
        self.sender = Some((phone::Sender { ground: Ground::Wire, uid, package: name.clone() }, None));
    }

    /// The flow is that sender's, as the phone's own files tell; what is noted with the flow is better.
    pub(crate) fn is_by(&mut self, (sender, quote): (phone::Sender, Quote), gathered: &mut Gathered) {
        if self.sender.is_some() {
            return;
        }
        let name = match sender.uid {
            Some(uid) if sender.package.is_empty() => format!("uid {uid}"),
            _ => sender.package.clone(),
        };
        self.app = gathered.texts.intern(name.as_str());
        self.sender = Some((sender, Some(quote)));
    }

    pub(crate) fn flow(&self) -> FlowId {
        self.flow
    }

    /// The other side's host name, else its address.
    pub(crate) fn receiver(&self) -> &str {
        if self.remote.host.is_empty() { &self.remote.address } else { &self.remote.host }
    }

    /// The other side's address.
    pub(crate) fn other_side(&self) -> Option<IpAddr> {
        self.remote.address.parse().ok()
    }

    /// Which way a message of `sender` went.
    pub(crate) fn direction(&self, sender: Sender) -> Direction {
        if (sender == Sender::Originator) == self.inbound { Direction::In } else { Direction::Out }
    }

    /// The address of the device.
    pub(crate) fn device_address(&self) -> IpAddr {
        self.device_address
    }

    /// Takes from a message what it tells of names and devices.
    pub(crate) fn learn(&mut self, message: &Message, gathered: &mut Gathered) {
        if message.sender == Sender::Responder {
            self.turn_to(message.exchange, gathered);
        }
        match &message.head {
            Head::Http(head) => {
                self.learn_http(head, message, gathered);
                if let Some(head) = carried_dns(head, message) {
                    learn_names(self.flow, &head, message, &mut gathered.names);
                }
            }
            Head::Tls(head) => self.learn_tls(head, message, gathered),
            Head::Dns(head) if head.response => {
                learn_names(self.flow, head, message, &mut gathered.names);
                if message.protocol == "mDNS" {
                    self.learn_own_names(head, gathered);
                }
            }
            Head::Dhcp(head) => {
                let address = head.address.unwrap_or(self.device_address);
                // It has no address yet, and asks for one.
                if address.is_unspecified() {
                    return;
                }
                if self.device_address.is_unspecified() {
                    self.device_address = address;
                    self.device = gathered.texts.intern(written(address).as_str());
                }
                let facts = gathered.devices.entry(address).or_default();
                facts.call(&head.host_name);
                facts.call(&head.vendor_class);
            }
            Head::Named(head) => self.learn_named(head, message, gathered),
            Head::Dns(_) | Head::Raw => {}
        }
    }

    /// An answer comes from the host that was asked: over one connection several may be (RFC 9113 section 9.1.1).
    fn turn_to(&mut self, exchange: u32, gathered: &mut Gathered) {
        let asked = self.under_way.iter().find(|known| known.id.index == exchange);
        let Some(asked) = asked.filter(|known| known.endpoint != self.remote) else { return };
        // What was named only after the request was begun has its name from elsewhere.
        if !asked.endpoint.host.is_empty() {
            self.remote = asked.endpoint.clone();
            self.endpoint = gathered.endpoint(&self.remote, "");
        }
    }

    /// Takes in what of an app a message brings, and where it leads.
    pub(crate) fn receive(&mut self, message: &Message, gathered: &mut Gathered) {
        let heard = Heard { flow: self.flow, device: self.device_address, endpoint: &self.remote };
        self.parcels.hear(heard, message, &mut gathered.arrivals);
    }

    /// Notes the packages that a request names.
    pub(crate) fn name(&mut self, message: &Message, names: Vec<Named>) {
        if !names.is_empty() && message.sender == Sender::Originator {
            self.parcels.name(message.exchange, names);
        }
    }

    /// Notes the addresses that an answer holds.
    pub(crate) fn offer(&self, message: &Message, offers: Vec<Offer>, gathered: &mut Gathered) {
        if !offers.is_empty() && message.sender == Sender::Responder {
            self.parcels.offer(message, offers, &mut gathered.arrivals);
        }
    }

    /// Notes a message in its exchange, and hands the exchange on when it is over.
    pub(crate) fn note(&mut self, message: &Message, records: &mut Records) {
        let index = message.exchange;
        let known = self.under_way.iter().position(|exchange| exchange.id.index == index);
        let place = known.unwrap_or_else(|| {
            if self.under_way.len() >= UNDER_WAY {
                records.push(Record::Exchange(Box::new(self.under_way.remove(0))));
            }
            self.exchanges = self.exchanges.max(index.saturating_add(1));
            // There are as many flows as questions to resolvers, and most have one exchange.
            self.under_way.reserve_exact(1);
            self.under_way.push(self.begin(message));
            self.under_way.len() - 1
        });
        let direction = self.direction(message.sender);
        let Some(exchange) = self.under_way.get_mut(place) else { return };
        // What answers before the request is whole (100 Continue, a refusal) comes first.
        if message.sender == Sender::Originator && exchange.bytes[0] == 0 {
            (exchange.frame, exchange.direction) = (first_frame(message), direction);
        }
        add(exchange, message);
        // A handshake has several flights; its exchange ends with the flow.
        let answered = message.sender == Sender::Responder
            && message.ending != Ending::Continued
            && !matches!(message.head, Head::Tls(_));
        // 231 is CoAP's “go on with the next block”.
        if answered && !matches!(exchange.status, 100..200 | 231) {
            records.push(Record::Exchange(Box::new(self.under_way.remove(place))));
        }
    }

    /// The edges of the last piece and this one, where `message` goes on with the piece before it.
    pub(crate) fn bridge(&mut self, message: &Message) -> Option<(Message, usize)> {
        let tails = self.tails.get_mut(usize::from(message.sender == Sender::Responder))?;
        let known = tails.iter().position(|tail| tail.exchange == message.exchange);
        let before = known.map(|place| tails.remove(place));
        if let Some(tail) = Tail::of(message) {
            if tails.len() >= UNDER_WAY {
                tails.remove(0);
            }
            tails.push(tail);
        }
        before?.joined(message)
    }

    /// The flow is over: books what it moved, and hands on every exchange.
    pub(crate) fn close(
        &mut self,
        info: &FlowInfo,
        summary: FlowSummary,
        gathered: &mut Gathered,
        records: &mut Records,
    ) {
        gathered.totals.flows += 1;
        gathered.totals.exchanges += u64::from(self.exchanges);
        let (sent, back) = match self.inbound {
            true => (&summary.responder, &summary.originator),
            false => (&summary.originator, &summary.responder),
        };
        self.readings.close([sent.delivered, back.delivered]);
        // What is encrypted beyond what was sent is an answer that nobody read.
        let silence = match self.readings.encrypted > self.readings.out.closed {
            true => Silence::Unknown,
            false => silence(info, &summary, [sent, back]),
        };
        gathered.diary.close(self.flow, sent.all_acknowledged(), silence);
        gathered.ledger.merge(&summary.ledger);
        let (there, back) = (summary.originator.payload, summary.responder.payload);
        let bytes = if self.inbound { (back, there) } else { (there, back) };
        if let Some(contact) = gathered.contact(self.endpoint) {
            contact.flows += 1;
            if let Some((sender, quote)) = self.sender.take() {
                let (own, other) = if self.inbound {
                    (&summary.responder, &summary.originator)
                } else {
                    (&summary.originator, &summary.responder)
                };
                let bytes = [with_headers(info, own), with_headers(info, other)];
                let sent = Sent { flows: 1, bytes, quotes: quote.into_iter().collect() };
                contact.senders.entry(sender).or_default().merge(sent);
            }
            contact.moved(bytes, summary.first, summary.last);
            contact.readings.add(&self.readings);
        }
        if !self.device_address.is_unspecified() {
            let device = gathered.devices.entry(self.device_address).or_default();
            if !self.inbound {
                device.at(info.mac);
            }
        }
        self.parcels.close(&mut gathered.arrivals);
        gathered.anomalies.merge(summary.anomalies);
        for exchange in std::mem::take(&mut self.under_way) {
            records.push(Record::Exchange(Box::new(exchange)));
        }
    }

    /// A device tells its neighbours its own name (RFC 6762).
    fn learn_own_names(&self, head: &DnsHead, gathered: &mut Gathered) {
        for (owner, data) in &head.answers {
            if matches!(data, DnsData::Address(address) if *address == self.device_address) {
                gathered.devices.entry(self.device_address).or_default().call(owner);
            }
        }
    }

    fn learn_http(&mut self, head: &HttpHead, message: &Message, gathered: &mut Gathered) {
        if message.sender == Sender::Originator && !head.host.is_empty() && message.protocol != "SSDP" {
            let named = part_named(message, b":authority").or_else(|| part_named(message, b"host"));
            let proof = named.map(|range| self.proof(message, &range));
            self.call(&host_without_port(&head.host), "http host", proof, gathered);
        }
        let from_device = self.direction(message.sender) == Direction::Out;
        if from_device && message.sender == Sender::Originator {
            if let Some(contact) = gathered.contact(self.endpoint) {
                contact.asked.note(&head.target, &head.agent);
            }
            gathered.devices.entry(self.device_address).or_default().call(&head.agent);
        }
    }

    /// CoAP's Uri-Host, and the host that an XMPP stream is opened to.
    fn learn_named(&mut self, head: &NamedHead, message: &Message, gathered: &mut Gathered) {
        let (named_by, part) = match message.protocol {
            "CoAP" => ("coap host", message.parts.iter().find(|part| part.role == Role::HostName)),
            "XMPP" => ("xmpp stream", message.parts.iter().find(|part| is_named(message, part, b"to"))),
            _ => return,
        };
        if message.sender == Sender::Originator
            && let Some(part) = part
        {
            let proof = self.proof(message, &part.value);
            self.call(&host_without_port(&head.host), named_by, Some(proof), gathered);
        }
    }

    fn learn_tls(&mut self, head: &TlsHead, message: &Message, gathered: &mut Gathered) {
        if !head.server_name.is_empty() {
            let name = message.parts.iter().find(|part| part.role == Role::HostName);
            let proof = name.map(|part| self.proof(message, &part.value));
            self.call(&head.server_name.to_ascii_lowercase(), "sni", proof, gathered);
        }
        if let (Sender::Responder, Some(channel)) = (message.sender, channel(head, message)) {
            self.agree(channel, message, gathered);
        }
    }

    fn agree(&self, channel: Channel, message: &Message, gathered: &mut Gathered) {
        let Some(contact) = gathered.contact(self.endpoint) else { return };
        let time = message.recorded.first;
        let seen = Seen { messages: 1, bytes: 0, first: time, last: time };
        contact.agree(self.device_address, channel, &seen, || {
            let hello = 0..message.recorded.bytes.len().min(HELLO);
            let words = "the server’s part of the handshake".to_owned();
            vec![Evidence { relation: Relation::Value, words, occurrence: self.proof(message, &hello) }]
        });
    }

    fn proof(&self, message: &Message, range: &Range<usize>) -> Occurrence {
        occurrence_of_part(self.flow, message, range)
    }

    /// The other side has a name.
    fn call(
        &mut self,
        host: &str,
        named_by: &'static str,
        proof: Option<Occurrence>,
        gathered: &mut Gathered,
    ) {
        let numeric = host.parse::<IpAddr>().is_ok();
        if numeric || self.remote.host == host {
            return;
        }
        self.remote.host = host.chars().take(HOST).collect();
        self.endpoint = gathered.endpoint(&self.remote, named_by);
        if let Some(contact) = gathered.contact(self.endpoint) {
            contact.prove(self.device_address, proof);
        }
    }

    fn begin(&self, message: &Message) -> Exchange {
        Exchange {
            id: ExchangeId { flow: self.flow, index: message.exchange },
            protocol: message.protocol.to_owned(),
            device: written(self.device_address),
            endpoint: self.remote.clone(),
            security: security(message),
            first: message.recorded.first,
            last: message.recorded.last,
            frame: first_frame(message),
            method: String::new(),
            host: String::new(),
            target: String::new(),
            status: 0,
            media: [String::new(), String::new()],
            agent: String::new(),
            bytes: [0, 0],
            complete: [false, false],
            direction: self.direction(message.sender),
        }
    }
}

/// Adds what a message says to its exchange.
fn add(exchange: &mut Exchange, message: &Message) {
    let side = usize::from(message.sender == Sender::Responder);
    exchange.first = exchange.first.min(message.recorded.first);
    exchange.last = exchange.last.max(message.recorded.last);
    if let (Some(bytes), Some(complete)) = (exchange.bytes.get_mut(side), exchange.complete.get_mut(side)) {
        // Of several pieces none may be cut; the last one of all is never `Continued`.
        *complete = message.ending != Ending::Cut && (*complete || *bytes == 0);
        *bytes += message.stands_for.unwrap_or(message.recorded.bytes.len() as u64);
    }
    match &message.head {
        Head::Http(head) => add_http(exchange, head, side),
        Head::Dns(head) => add_dns(exchange, head),
        Head::Named(head) => add_named(exchange, head, side),
        Head::Dhcp(head) => exchange.target.clone_from(&head.host_name),
        Head::Tls(head) if !head.server_name.is_empty() => {
            exchange.host.clone_from(&head.server_name);
            exchange.agent.clone_from(&head.ja4);
        }
        Head::Tls(_) | Head::Raw => {}
    }
}

fn add_http(exchange: &mut Exchange, head: &HttpHead, side: usize) {
    if let Some(media) = exchange.media.get_mut(side) {
        media.clone_from(&head.media);
    }
    if head.method.is_empty() {
        exchange.status = head.status;
    } else {
        exchange.method.clone_from(&head.method);
        exchange.host.clone_from(&head.host);
        exchange.target = head.target.chars().take(TARGET).collect();
        exchange.agent.clone_from(&head.agent);
    }
}

fn add_named(exchange: &mut Exchange, head: &NamedHead, side: usize) {
    if let (Some(media), false) = (exchange.media.get_mut(side), head.media.is_empty()) {
        media.clone_from(&head.media);
    }
    // What asks says more than what answers.
    let fill = |known: &mut String, told: &str| {
        if known.is_empty() {
            *known = told.chars().take(TARGET).collect();
        }
    };
    fill(&mut exchange.method, &head.method);
    fill(&mut exchange.host, &head.host);
    fill(&mut exchange.target, &head.target);
    if head.status != 0 {
        exchange.status = head.status;
    }
}

fn add_dns(exchange: &mut Exchange, head: &DnsHead) {
    if let Some((name, kind)) = head.questions.first() {
        exchange.target.clone_from(name);
        exchange.method = wire::dns::type_name(*kind).map_or_else(|| format!("TYPE{kind}"), str::to_owned);
    }
    if head.response {
        exchange.status = head.code;
    }
}

/// The answer in a body that its label says is a DNS message (RFC 8484 section 6).
fn carried_dns(head: &HttpHead, message: &Message) -> Option<DnsHead> {
    let media = head.media.split(';').next().unwrap_or_default().trim();
    let whole = message.position == 0 && message.ending == Ending::Whole;
    if !whole || !head.coding.is_empty() || !media.eq_ignore_ascii_case("application/dns-message") {
        return None;
    }
    let body = match &message.body {
        Body::None => return None,
        Body::Range(range) => message.recorded.bytes.get(range.clone())?,
        Body::Joined { bytes, .. } => bytes,
    };
    wire::dns::read(body).filter(|head| head.response)
}

fn learn_names(flow: FlowId, head: &DnsHead, message: &Message, names: &mut Names) {
    let asked = head.questions.first().map(|(name, _)| name);
    let proof = || occurrence_of_part(flow, message, &(0..message.recorded.bytes.len()));
    for (owner, data) in &head.answers {
        match data {
            DnsData::Address(address) => {
                let name = asked.unwrap_or(owner).to_ascii_lowercase();
                names.add(*address, message.recorded.first, name, proof);
            }
            DnsData::Alias(target) => names.alias(owner, message.recorded.first, target),
            DnsData::Other(_) => {}
        }
    }
}

/// The value of the first header of that name, given in lower case.
fn part_named(message: &Message, name: &[u8]) -> Option<Range<usize>> {
    message.parts.iter().find(|part| is_named(message, part, name)).map(|part| part.value.clone())
}

fn is_named(message: &Message, part: &Part, name: &[u8]) -> bool {
    let found = message.recorded.bytes.get(part.name.clone());
    found.is_some_and(|found| found.eq_ignore_ascii_case(name))
}

fn first_frame(message: &Message) -> evidence::FrameNo {
    message.recorded.place(0).map(|(_, frame, _)| frame).unwrap_or_default()
}

/// What a side sent, as the phone counts it: with the least headers that its packets can have (RFC 791 and 8200, RFC 9293
/// and 768).
fn with_headers(info: &FlowInfo, side: &SideSummary) -> u64 {
    let network = if info.originator.0.to_canonical().is_ipv4() { 20 } else { 40 };
    let transport = if info.transport == Transport::Tcp { 20 } else { 8 };
    side.payload.saturating_add(side.packets.saturating_mul(network + transport))
}

/// What is known of a receiver's silence when the flow is over. `sides`: what the device sent, and what came back.
fn silence(info: &FlowInfo, summary: &FlowSummary, [sent, back]: [&SideSummary; 2]) -> Silence {
    let ended = matches!(summary.ended, Ended::Closed | Ended::Reset);
    // What was acknowledged and not recorded may have been the answer; the end of a stream is acknowledged, too.
    let recorded = back.delivered.saturating_add(1);
    let is_whole = back.packets > 0
        && back.missing == 0
        && back.acknowledged <= recorded
        && (summary.opening_seen || back.delivered > 0);
    if info.transport != Transport::Tcp || !is_whole {
        return Silence::Unknown;
    }
    let waited = summary.last.since(summary.first) >= WAITED;
    match sent.acknowledged {
        0 if waited => Silence::Absent,
        // A reset may acknowledge, or be the sender's own.
        0 => Silence::Unknown,
        _ if ended => Silence::Ended,
        _ => Silence::Unknown,
    }
}

/// A host without its port, in lower case, an IPv6 address without its brackets.
fn host_without_port(host: &str) -> String {
    let lower = host.trim().to_ascii_lowercase();
    // Only an address stands in brackets (RFC 3986 section 3.2.2): whatever else does is no part of a name.
    let bracketed = lower.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let is_port =
        |rest: &str| rest.strip_prefix(':').unwrap_or(rest).bytes().all(|byte| byte.is_ascii_digit());
    if let Some((address, _)) =
        bracketed.filter(|(address, rest)| address.parse::<std::net::Ipv6Addr>().is_ok() && is_port(rest))
    {
        return address.to_owned();
    }
    match lower.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name.to_owned(),
        _ => lower,
    }
}

/// An address as text; empty where it is not known.
pub(crate) fn written(address: IpAddr) -> String {
    if address == NOT_RECORDED { String::new() } else { address.to_string() }
}

/// What a device is known by: its address, or the link-layer address where it has no other yet.
fn sender_of(address: IpAddr, mac: Option<[u8; 6]>) -> String {
    match mac {
        Some(mac) if address.is_unspecified() => colons(mac),
        _ => written(address),
    }
}

/// A link-layer address as text.
pub(crate) fn colons(mac: [u8; 6]) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

/// Whether the outside opened the flow to the device. What an inside address serves on a well-known port
/// was recorded at the server: there the phones are outside, and sent the requests.
fn is_inbound(info: &FlowInfo) -> bool {
    is_outside(info.originator.0) && !is_outside(info.responder.0) && info.responder.1 >= WELL_KNOWN
}

/// Whether an address belongs to the outside of the network the phone was in.
fn is_outside(address: IpAddr) -> bool {
    Scope::of(address) == Scope::Public
}

/// Ports below are servers' (RFC 6335 section 6).
const WELL_KNOWN: u16 = 1024;
/// How long a flow has to go on without a byte of it being acknowledged, in nanoseconds: until then a sender has tried
/// three times (RFC 6298 section 5.5).
const WAITED: i64 = 10_000_000_000;
/// Exchanges kept open for one flow; a hostile one may pipeline without end.
const UNDER_WAY: usize = 64;
/// Bytes of a hello that are shown as proof: version, random and suite.
const HELLO: usize = 128;
/// The longest target kept of an exchange.
const TARGET: usize = 2048;
/// The longest host name kept: DNS allows 253.
const HOST: usize = 255;

#[cfg(test)]
mod tests {
    use super::host_without_port;

    #[test]
    fn a_host_is_shortened_by_its_port_only() {
        for (host, expected) in [
            ("A.example:80", "a.example"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[x](javascript:alert).example.com", "[x](javascript:alert).example.com"),
            ("[x].example.com", "[x].example.com"),
        ] {
            assert_eq!(host_without_port(host), expected);
        }
    }
}
