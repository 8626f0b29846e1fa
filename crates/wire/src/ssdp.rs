//! SSDP (UPnP Device Architecture 2.0 section 1) and whatever else is HTTP in datagrams: one head, and the
//! rest as body.

use evidence::{Layer, Step};

use crate::{
    Body, Head, Message, Sender,
    http::{Facts, HeadReader, StartLine},
    protocol::{DatagramProtocol, Output, Received},
};

/// The SSDP room. Searches and answers go between different ports, so each message is an exchange.
#[derive(Debug)]
pub struct Ssdp;

impl DatagramProtocol for Ssdp {
    fn datagram(&mut self, sender: Sender, datagram: Received, out: &mut Output) {
        let bytes = &datagram.recorded.bytes;
        let mut reader = HeadReader::default();
        let end = reader.read(bytes).unwrap_or_else(|| {
            reader.cut(bytes);
            bytes.len()
        });
        let facts = Facts::read(bytes, &reader.parts, &mut reader.oddities);
        let mut head = facts.head;
        if let Some(StartLine::Response { status }) = reader.start() {
            head.status = *status;
        }
        for oddity in reader.oddities.drain() {
            out.note(Layer::Http, oddity.what, oddity.detail, &datagram.recorded, oddity.at as u64);
        }
        let body = if end < bytes.len() { Body::Range(end..bytes.len()) } else { Body::None };
        let exchange = out.number();
        out.messages.push(Message {
            protocol: "SSDP",
            sender,
            exchange,
            ending: datagram.ending(),
            recorded: datagram.recorded,
            step: Step::Datagram,
            parts: reader.parts,
            body,
            head: Head::Http(head),
            position: 0,
            seal: None,
            stands_for: None,
        });
    }
}
