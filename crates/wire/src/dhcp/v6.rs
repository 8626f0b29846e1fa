//! DHCPv6 messages between client and server (RFC 8415): options, DUID and names.

use std::ops::Range;

use evidence::{Layer, Step};

use super::{Transactions, colons, text};
use crate::{
    Body, DhcpHead, Head, Message, Part, Role, Sender,
    protocol::{Context, DatagramProtocol, Output, Received},
};

/// The DHCPv6 room. Messages of one transaction are one exchange.
#[derive(Debug, Default)]
pub struct V6 {
    transactions: Transactions,
}

/// Whether a datagram is a DHCPv6 message: on its ports, with a known type.
pub fn recognise(bytes: &[u8], context: &Context) -> bool {
    let port = context.port(546) || context.port(547);
    port && bytes.len() >= OPTIONS_AT && matches!(bytes.first(), Some(1..=13))
}

impl DatagramProtocol for V6 {
    fn datagram(&mut self, sender: Sender, datagram: Received, out: &mut Output) {
        let bytes = &datagram.recorded.bytes;
        let mut head = DhcpHead { kind: bytes.first().copied().unwrap_or(0), ..DhcpHead::default() };
        let mut parts = Vec::new();
        // A relay's message carries addresses where others have their transaction, and theirs inside.
        let start = if head.kind >= RELAY { RELAYED_AT } else { OPTIONS_AT };
        let odd = options(bytes, start, &mut |code, value: Range<usize>| {
            option(&mut head, code, bytes.get(value.clone()).unwrap_or_default());
            head.options.push(code);
            parts.push(Part { role: Role::Option, name: 0..0, value });
        });
        if let (Err(at), false) = (odd, datagram.cut) {
            let what = "peer sent a DHCPv6 option longer than its message";
            out.note(Layer::Dhcp, what, String::new(), &datagram.recorded, at as u64);
        }
        let id = bytes
            .get(..4)
            .and_then(|id| id.first_chunk())
            .map_or(0, |id| u32::from_be_bytes(*id) & 0x00ff_ffff);
        let exchange = self.transactions.exchange(id, || out.number());
        out.messages.push(Message {
            protocol: "DHCPv6",
            sender,
            exchange,
            ending: datagram.ending(),
            recorded: datagram.recorded,
            step: Step::Datagram,
            parts,
            body: Body::None,
            head: Head::Dhcp(head),
            position: 0,
            seal: None,
            stands_for: None,
        });
    }
}

/// Calls `each` for the options from `at` on; fails with the place of one that is too long.
fn options(bytes: &[u8], mut at: usize, each: &mut dyn FnMut(u16, Range<usize>)) -> Result<(), usize> {
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(&[code_high, code_low, len_high, len_low]) = rest.first_chunk::<4>() else { return Err(at) };
        let len = usize::from(u16::from_be_bytes([len_high, len_low]));
        let end = at + 4 + len.min(rest.len() - 4);
        each(u16::from_be_bytes([code_high, code_low]), at + 4..end);
        if len > rest.len() - 4 {
            return Err(at);
        }
        at = end;
    }
    Ok(())
}

fn option(head: &mut DhcpHead, code: u16, value: &[u8]) {
    match code {
        1 => head.client = link_layer(value),
        16 => head.vendor_class = text(value.get(6..).unwrap_or_default()),
        39 => head.host_name = labels(value.get(1..).unwrap_or_default()),
        _ => {}
    }
}

/// The link-layer address in a DUID that has one (RFC 8415 section 11), else the whole DUID.
fn link_layer(duid: &[u8]) -> String {
    match duid {
        [0, 1, 0, 1, _, _, _, _, address @ ..] | [0, 3, 0, 1, address @ ..] => colons(address),
        _ => colons(duid),
    }
}

/// A name as labels without compression, with dots between.
pub(super) fn labels(bytes: &[u8]) -> String {
    let mut name = String::new();
    let mut rest = bytes;
    while let Some((len, after)) = rest.split_first().filter(|(len, _)| **len > 0) {
        let Some((label, next)) = after.split_at_checked(usize::from(*len)) else { break };
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(&text(label));
        rest = next;
    }
    name
}

const OPTIONS_AT: usize = 4;
const RELAYED_AT: usize = 34;
const RELAY: u8 = 12;
