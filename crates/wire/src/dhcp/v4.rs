//! DHCP and BOOTP messages (RFC 2131, RFC 2132): fixed fields and options.

use std::{net::IpAddr, ops::Range};

use evidence::{Layer, Step};

use super::{BOOT_FILE, HARDWARE_ADDRESS, SERVER_NAME, Transactions, colons, text};
use crate::{
    Body, DhcpHead, Head, Message, Part, Role, Sender,
    protocol::{Context, DatagramProtocol, Output, Received},
};

/// The DHCP room. Messages of one transaction are one exchange.
#[derive(Debug, Default)]
pub struct V4 {
    transactions: Transactions,
}

/// Whether a datagram is a DHCP message: the magic cookie in its place, or BOOTP on its ports.
pub fn recognise(bytes: &[u8], context: &Context) -> bool {
    let operation = matches!(bytes, [1 | 2, _, 0..=16, ..]);
    let cookie = bytes.get(COOKIE_AT..OPTIONS_AT) == Some(&COOKIE);
    let port = context.port(67) || context.port(68);
    operation && bytes.len() >= COOKIE_AT && (cookie || port)
}

impl DatagramProtocol for V4 {
    fn datagram(&mut self, sender: Sender, datagram: Received, out: &mut Output) {
        let bytes = &datagram.recorded.bytes;
        let mut reading = Reading::default();
        let odd = reading.read(bytes).err().filter(|_| !datagram.cut);
        if let Some((at, what)) = odd {
            out.note(Layer::Dhcp, what, String::new(), &datagram.recorded, at as u64);
        }
        let id = bytes.get(4..8).and_then(|id| id.first_chunk()).map_or(0, |id| u32::from_be_bytes(*id));
        let exchange = self.transactions.exchange(id, || out.number());
        out.messages.push(Message {
            protocol: "DHCP",
            sender,
            exchange,
            ending: datagram.ending(),
            recorded: datagram.recorded,
            step: Step::Datagram,
            parts: reading.parts,
            body: Body::None,
            head: Head::Dhcp(reading.head),
            position: 0,
            seal: None,
            stands_for: None,
        });
    }
}

/// What was read of a message.
#[derive(Debug, Default)]
struct Reading {
    head: DhcpHead,
    parts: Vec<Part>,
    /// Option 52: `file` (1) and `sname` (2) hold options.
    overload: u8,
}

type Odd = (usize, &'static str);

impl Reading {
    fn read(&mut self, bytes: &[u8]) -> Result<(), Odd> {
        let hardware = bytes.get(2).map_or(0, |len| usize::from(*len)).min(16);
        self.head.client = colons(bytes.get(28..28 + hardware).unwrap_or_default());
        self.part(HARDWARE_ADDRESS, 28..28 + hardware);
        self.head.address = [16..20, 12..16].into_iter().find_map(|field| address(bytes.get(field)?));
        let mut result = Ok(());
        if bytes.get(COOKIE_AT..OPTIONS_AT) == Some(&COOKIE) {
            result = self.options(bytes, OPTIONS_AT..bytes.len());
        }
        for (field, code, bit) in [(FILE, BOOT_FILE, 1), (NAME, SERVER_NAME, 2)] {
            if self.overload & bit != 0 {
                result = result.and(self.options(bytes, field));
            } else {
                self.named_field(bytes, field, code);
            }
        }
        result
    }

    /// A field of the header that holds a text ended by a zero.
    fn named_field(&mut self, bytes: &[u8], field: Range<usize>, code: u16) {
        let len =
            bytes.get(field.clone()).map_or(0, |text| text.iter().take_while(|byte| **byte != 0).count());
        if len > 0 {
            self.part(code, field.start..field.start + len);
        }
    }

    fn options(&mut self, bytes: &[u8], area: Range<usize>) -> Result<(), Odd> {
        let mut at = area.start;
        while at < area.end {
            match bytes.get(at..area.end) {
                Some([PAD, ..]) => at += 1,
                Some([END, ..]) | Some([]) | None => return Ok(()),
                Some([_]) => return Err((at, "peer sent a DHCP option without a length")),
                Some([code, len, rest @ ..]) => {
                    let value = at + 2..at + 2 + usize::from(*len).min(rest.len());
                    self.option(*code, bytes.get(value.clone()).unwrap_or_default());
                    self.part(u16::from(*code), value);
                    if rest.len() < usize::from(*len) {
                        return Err((at, "peer sent a DHCP option longer than its message"));
                    }
                    at += 2 + usize::from(*len);
                }
            }
        }
        Ok(())
    }

    fn option(&mut self, code: u8, value: &[u8]) {
        match code {
            12 => self.head.host_name = text(value),
            50 => self.head.address = address(value).or(self.head.address),
            52 => self.overload = value.first().copied().unwrap_or(0),
            53 => self.head.kind = value.first().copied().unwrap_or(0),
            60 => self.head.vendor_class = text(value),
            81 if self.head.host_name.is_empty() => self.head.host_name = qualified(value),
            _ => {}
        }
    }

    fn part(&mut self, code: u16, value: Range<usize>) {
        self.head.options.push(code);
        self.parts.push(Part { role: Role::Option, name: 0..0, value });
    }
}

/// The name in option 81 (RFC 4702): flags and two old codes, then text or, with the flag E, labels.
fn qualified(value: &[u8]) -> String {
    let name = value.get(3..).unwrap_or_default();
    match value.first() {
        Some(flags) if flags & 4 != 0 => super::v6::labels(name),
        _ => text(name),
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let octets = <[u8; 4]>::try_from(bytes).ok().filter(|octets| *octets != [0; 4])?;
    Some(IpAddr::from(octets))
}

const COOKIE: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
const COOKIE_AT: usize = 236;
const OPTIONS_AT: usize = 240;
const NAME: Range<usize> = 44..108;
const FILE: Range<usize> = 108..236;
const PAD: u8 = 0;
const END: u8 = 255;
