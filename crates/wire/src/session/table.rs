//! The protocols a session knows: one line each, in the order in which they are asked.
//!
//! A recogniser looks at bytes; ports only break ties where the bytes of a protocol have no mark of their
//! own (DNS, NTP). Over streams the first row that does not say `No` is waited for.

use super::{Named, marks, media};
use crate::{
    coap, dhcp, dns,
    h2::{self, Http2},
    http::{self, Http},
    mqtt::{self, Mqtt},
    ntp::{self, Ntp},
    protocol::{Context, DatagramProtocol, StreamProtocol, Verdict},
    quic::{self, Quic},
    ssdp::Ssdp,
    tls::{self, Dtls, Tls},
    websocket::{self, WebSocket},
    xmpp::{self, Xmpp},
};

/// A protocol over streams.
pub(super) struct StreamRow {
    /// Its name, as messages and ledger have it.
    pub(super) name: &'static str,
    /// Whether it starts with the first of the bytes. `true`: no more will come.
    pub(super) recognise: fn(&[u8], bool, &Context) -> Verdict,
    /// Its room.
    pub(super) open: fn(&'static str, &Context) -> Box<dyn StreamProtocol>,
    /// Whether its room finds its way into a stream from the middle: it is then given the other direction
    /// too, though that one was given up.
    pub(super) joins_late: bool,
}

/// A protocol over datagrams.
pub(super) struct DatagramRow {
    /// Its name, as messages and ledger have it.
    pub(super) name: &'static str,
    /// Whether the datagram is one of its own. `true`: an earlier one of the flow was.
    pub(super) recognise: fn(&[u8], bool, &Context) -> bool,
    /// Its room.
    pub(super) open: fn(&'static str, &Context) -> Box<dyn DatagramProtocol>,
}

/// Over streams.
pub(super) const STREAMS: &[StreamRow] = &[
    stream(
        "WebSocket",
        |bytes, last, context| websocket::starts(bytes, context).settled(last),
        |name, context| Box::new(WebSocket::new(name, context)),
    ),
    stream("TLS", |bytes, last, _| marks::tls(bytes).settled(last), tls),
    stream("TLS", |bytes, last, _| tls::old_hello(bytes).settled(last), tls),
    stream("HTTP/2", |bytes, last, _| h2::recognise(bytes, last), |_, context| Box::new(Http2::new(context))),
    stream("SSH", |bytes, last, _| Verdict::magic(bytes, b"SSH-").settled(last), named),
    stream(
        "MQTT",
        |bytes, last, _| mqtt::starts(bytes).settled(last),
        |name, context| Box::new(Mqtt::new(name, context)),
    ),
    stream(
        "XMPP",
        |bytes, last, _| xmpp::starts(bytes).settled(last),
        |name, context| Box::new(Xmpp::new(name, context)),
    ),
    stream(
        "CoAP",
        |bytes, last, context| coap::starts(bytes, context).settled(last),
        |name, context| Box::new(coap::Stream::new(name, context)),
    ),
    stream("DNS", dns::starts, |name, context| Box::new(dns::Stream::new(name, context))),
    StreamRow {
        joins_late: true,
        ..stream(
            "HTTP/1",
            |bytes, last, _| http::recognise(bytes, last),
            |_, context| Box::new(Http::new(context)),
        )
    },
];

/// Over datagrams.
pub(super) const DATAGRAMS: &[DatagramRow] = &[
    datagram("STUN", |bytes, known, _| media::stun(bytes, known), silent),
    datagram("QUIC", quic::recognise, |name, context| Box::new(Quic::new(name, context))),
    datagram(
        "DTLS",
        |bytes, known, _| tls::dtls::recognise(bytes, known),
        |name, context| Box::new(Dtls::new(name, context)),
    ),
    datagram("SSDP", |bytes, _, _| http::recognise(bytes, true) == Verdict::Yes, |_, _| Box::new(Ssdp)),
    datagram(
        "DHCP",
        |bytes, _, context| dhcp::v4::recognise(bytes, context),
        |_, _| Box::<dhcp::V4>::default(),
    ),
    datagram(
        "DHCPv6",
        |bytes, _, context| dhcp::v6::recognise(bytes, context),
        |_, _| Box::<dhcp::V6>::default(),
    ),
    datagram("mDNS", |bytes, _, context| context.port(5353) && dns::plausible(bytes), domain_names),
    datagram("LLMNR", |bytes, _, context| context.port(5355) && dns::plausible(bytes), domain_names),
    datagram("NBNS", |bytes, _, context| context.port(137) && dns::plausible(bytes), silent),
    datagram("CoAP", coap::recognise, |name, _| Box::new(coap::Datagrams::new(name))),
    datagram("DNS", |bytes, _, context| dns::recognise(bytes, context), domain_names),
    datagram("NTP", |bytes, _, context| ntp::recognise(bytes, context), |_, _| Box::<Ntp>::default()),
    datagram("NTP control", |bytes, _, context| marks::ntp_control(bytes, context), silent),
    datagram("RTP", |bytes, _, _| media::may_be_rtp(bytes), |name, _| Box::new(media::Rtp::new(name))),
];

const fn stream(
    name: &'static str,
    recognise: fn(&[u8], bool, &Context) -> Verdict,
    open: fn(&'static str, &Context) -> Box<dyn StreamProtocol>,
) -> StreamRow {
    StreamRow { name, recognise, open, joins_late: false }
}

const fn datagram(
    name: &'static str,
    recognise: fn(&[u8], bool, &Context) -> bool,
    open: fn(&'static str, &Context) -> Box<dyn DatagramProtocol>,
) -> DatagramRow {
    DatagramRow { name, recognise, open }
}

/// Known by name only.
fn named(name: &'static str, context: &Context) -> Box<dyn StreamProtocol> {
    Box::new(Named::new(name, context))
}

fn tls(name: &'static str, context: &Context) -> Box<dyn StreamProtocol> {
    Box::new(Tls::new(name, context))
}

/// Known by name only.
fn silent(name: &'static str, _: &Context) -> Box<dyn DatagramProtocol> {
    Box::new(super::raw::NamedDatagrams::new(name))
}

fn domain_names(name: &'static str, _: &Context) -> Box<dyn DatagramProtocol> {
    Box::new(dns::Datagrams::new(name))
}
