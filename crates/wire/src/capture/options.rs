//! Options of pcapng blocks to [`Property`] lists (pcapng draft, section 3.5 and each block's table).

use std::{
    fmt::Write,
    net::{Ipv4Addr, Ipv6Addr},
};

use super::{Property, order::Order, scale::TimeScale};

/// The block whose options are read: codes from 2 on mean something else in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Interface,
    Names,
    /// Enhanced and obsolete packet blocks.
    Packet,
    Process,
    Section,
    Statistics,
    /// Blocks that define no options of their own.
    Plain,
}

/// How an option's value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// IPv4 addresses, one or two (address and mask).
    Address4,
    /// IPv6 address, perhaps with a prefix length.
    Address6,
    /// Bytes, shown as hex.
    Bytes,
    /// A capture filter: a type byte, then text where it is 0.
    Filter,
    /// An integer of 1, 2, 4 or 8 bytes.
    Integer,
    /// `if_tsresol`.
    Resolution,
    /// A signed 64-bit integer.
    Signed,
    /// UTF-8.
    Text,
    /// A timestamp of the block's interface.
    Time,
    /// Private enterprise number and text.
    VendorText,
    /// Private enterprise number and bytes.
    VendorBytes,
}

/// What the options of a block were.
#[derive(Debug, Default)]
pub(super) struct Options {
    /// All of them, in order, but end-of-options.
    pub(super) properties: Vec<Property>,
    /// Why reading them ended before their end.
    pub(super) damage: Option<&'static str>,
}

/// One option as it stands in a block.
pub(super) struct RawOption<'a> {
    pub(super) code: u16,
    pub(super) value: &'a [u8],
}

/// The options in `bytes`, in order, until end-of-options or damage.
pub(super) struct RawOptions<'a> {
    rest: &'a [u8],
    order: Order,
    /// Set where an option reaches past its block.
    pub(super) damaged: bool,
}

impl<'a> RawOptions<'a> {
    pub(super) fn new(bytes: &'a [u8], order: Order) -> Self {
        Self { rest: bytes, order, damaged: false }
    }
}

impl<'a> Iterator for RawOptions<'a> {
    type Item = RawOption<'a>;

    fn next(&mut self) -> Option<RawOption<'a>> {
        let code = self.order.u16(self.rest, 0)?;
        let len = usize::from(self.order.u16(self.rest, 2)?);
        if code == END {
            return None;
        }
        let Some(value) = self.rest.get(4..4 + len) else {
            self.damaged = true;
            return None;
        };
        // The last option of a block without end-of-options may lack its padding.
        self.rest = self.rest.get(4 + len.next_multiple_of(4)..).unwrap_or_default();
        Some(RawOption { code, value })
    }
}

/// Reads the options in `bytes`. `scale` is the block's interface's, for options that are timestamps.
pub(super) fn read(place: Place, bytes: &[u8], order: Order, scale: TimeScale) -> Options {
    let mut options = Options::default();
    let mut raw = RawOptions::new(bytes, order);
    for RawOption { code, value } in raw.by_ref() {
        if options.properties.len() >= MAX_OPTIONS {
            options.damage = Some("capture holds more options in a block than are read");
            return options;
        }
        options.properties.push(property(place, code, value, (order, scale)));
    }
    if raw.damaged {
        options.damage = Some("capture holds an option longer than its block");
    }
    options
}

fn property(place: Place, code: u16, value: &[u8], (order, scale): (Order, TimeScale)) -> Property {
    let Some((name, shape)) = meaning(place, code) else {
        return Property { name: "option", value: format!("{code}: {}", hex(value)) };
    };
    let shown = match shape {
        Shape::Address4 => address4(value),
        Shape::Address6 => address6(value),
        Shape::Bytes => None,
        Shape::Filter => value.split_first().and_then(|(kind, rest)| (*kind == 0).then(|| text(rest))),
        Shape::Integer => integer(value, order),
        Shape::Resolution => value.first().map(|byte| TimeScale::new(*byte, 0).to_string()),
        Shape::Signed => order.u64(value, 0).map(|number| number.cast_signed().to_string()),
        Shape::Text => Some(text(value)),
        Shape::Time => order.halves(value, 0).map(|count| scale.time(count).to_string()),
        Shape::VendorBytes => vendor(value, order, hex),
        Shape::VendorText => vendor(value, order, text),
    };
    Property { name, value: shown.unwrap_or_else(|| hex(value)) }
}

fn meaning(place: Place, code: u16) -> Option<(&'static str, Shape)> {
    let own = OPTIONS.iter().find(|(at, number, ..)| *at == place && *number == code);
    let shared = || OPTIONS.iter().find(|(at, number, ..)| *at == Place::Plain && *number == code);
    own.or_else(shared).map(|(_, _, name, shape)| (*name, *shape))
}

/// UTF-8 text, cut at a NUL that some writers put at its end.
pub(super) fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

fn hex(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(shown, "{byte:02x}");
    }
    shown
}

fn vendor(value: &[u8], order: Order, show: fn(&[u8]) -> String) -> Option<String> {
    Some(format!("of enterprise {}: {}", order.u32(value, 0)?, show(value.get(4..)?)))
}

fn address4(value: &[u8]) -> Option<String> {
    let address = Ipv4Addr::from(*value.first_chunk::<4>()?);
    match value.get(4..).and_then(<[u8]>::first_chunk::<4>) {
        Some(mask) => Some(format!("{address}/{}", Ipv4Addr::from(*mask))),
        None => Some(address.to_string()),
    }
}

fn address6(value: &[u8]) -> Option<String> {
    let address = Ipv6Addr::from(*value.first_chunk::<16>()?);
    match value.get(16) {
        Some(prefix) => Some(format!("{address}/{prefix}")),
        None => Some(address.to_string()),
    }
}

fn integer(value: &[u8], order: Order) -> Option<String> {
    let number = match value.len() {
        1 => u64::from(*value.first()?),
        2 => u64::from(order.u16(value, 0)?),
        4 => u64::from(order.u32(value, 0)?),
        8 => order.u64(value, 0)?,
        _ => return None,
    };
    Some(number.to_string())
}

/// End of options.
const END: u16 = 0;
/// More than this many options of a block are not read: a 16 MiB block could hold four million.
const MAX_OPTIONS: usize = 1000;

/// Every option of the draft. `Plain` rows hold in all blocks.
const OPTIONS: &[(Place, u16, &str, Shape)] = &[
    (Place::Plain, 1, "comment", Shape::Text),
    (Place::Plain, 2988, "vendor text", Shape::VendorText),
    (Place::Plain, 2989, "vendor bytes", Shape::VendorBytes),
    (Place::Plain, 19372, "vendor text, not to be copied", Shape::VendorText),
    (Place::Plain, 19373, "vendor bytes, not to be copied", Shape::VendorBytes),
    (Place::Section, 2, "hardware", Shape::Text),
    (Place::Section, 3, "os", Shape::Text),
    (Place::Section, 4, "application", Shape::Text),
    (Place::Interface, 2, "name", Shape::Text),
    (Place::Interface, 3, "description", Shape::Text),
    (Place::Interface, 4, "IPv4 address", Shape::Address4),
    (Place::Interface, 5, "IPv6 address", Shape::Address6),
    (Place::Interface, 6, "MAC address", Shape::Bytes),
    (Place::Interface, 7, "EUI address", Shape::Bytes),
    (Place::Interface, 8, "speed", Shape::Integer),
    (Place::Interface, 9, "time resolution", Shape::Resolution),
    (Place::Interface, 10, "time zone", Shape::Integer),
    (Place::Interface, 11, "filter", Shape::Filter),
    (Place::Interface, 12, "os", Shape::Text),
    (Place::Interface, 13, "checksum length", Shape::Integer),
    (Place::Interface, 14, "time offset", Shape::Signed),
    (Place::Interface, 15, "hardware", Shape::Text),
    (Place::Interface, 16, "transmit speed", Shape::Integer),
    (Place::Interface, 17, "receive speed", Shape::Integer),
    (Place::Interface, 18, "time zone name", Shape::Text),
    (Place::Packet, 2, "flags", Shape::Integer),
    (Place::Packet, 3, "hash", Shape::Bytes),
    (Place::Packet, 4, "dropcount", Shape::Integer),
    (Place::Packet, 5, "packet id", Shape::Integer),
    (Place::Packet, 6, "queue", Shape::Integer),
    (Place::Packet, 7, "verdict", Shape::Bytes),
    (Place::Packet, 8, "process and thread", Shape::Bytes),
    (Place::Packet, 0x8001, "process", Shape::Integer),
    (Place::Packet, 0x8002, "service class", Shape::Integer),
    (Place::Packet, 0x8003, "effective process", Shape::Integer),
    (Place::Names, 2, "server name", Shape::Text),
    (Place::Names, 3, "server IPv4 address", Shape::Address4),
    (Place::Names, 4, "server IPv6 address", Shape::Address6),
    (Place::Statistics, 2, "start", Shape::Time),
    (Place::Statistics, 3, "end", Shape::Time),
    (Place::Statistics, 4, "received", Shape::Integer),
    (Place::Statistics, 5, "dropped by interface", Shape::Integer),
    (Place::Statistics, 6, "accepted by filter", Shape::Integer),
    (Place::Statistics, 7, "dropped by system", Shape::Integer),
    (Place::Statistics, 8, "delivered", Shape::Integer),
    (Place::Process, 2, "name", Shape::Text),
    (Place::Process, 4, "UUID", Shape::Bytes),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(place: Place, bytes: &[u8]) -> Vec<(&'static str, String)> {
        let options = read(place, bytes, Order::Little, TimeScale::MICROS);
        options.properties.into_iter().map(|one| (one.name, one.value)).collect()
    }

    #[test]
    fn values_are_shown_by_their_shape() {
        let rows: [(Place, &[u8], &str, &str); 7] = [
            (Place::Section, b"\x01\0\x03\0abc\0", "comment", "abc"),
            (
                Place::Interface,
                b"\x04\0\x08\0\x0a\0\0\x01\xff\xff\xff\0",
                "IPv4 address",
                "10.0.0.1/255.255.255.0",
            ),
            (Place::Interface, b"\x09\0\x01\0\x8a\0\0\0", "time resolution", "2^-10 s"),
            (Place::Interface, b"\x0b\0\x04\0\0tcp", "filter", "tcp"),
            (Place::Packet, b"\x04\0\x08\0\x02\0\0\0\0\0\0\0", "dropcount", "2"),
            (Place::Packet, b"\xac\x0b\x06\0\x11\x7f\0\0hi\0\0", "vendor text", "of enterprise 32529: hi"),
            (Place::Plain, b"\x09\x01\x02\0\xab\xcd\0\0", "option", "265: abcd"),
        ];
        for (place, bytes, name, value) in rows {
            assert_eq!(shown(place, bytes), [(name, value.to_owned())]);
        }
    }

    #[test]
    fn an_option_longer_than_its_block_ends_the_list_and_is_told() {
        let options =
            read(Place::Section, b"\x01\0\x01\0a\0\0\0\x01\0\xff\0abc", Order::Little, TimeScale::MICROS);
        assert_eq!(options.properties.len(), 1);
        assert_eq!(options.damage, Some("capture holds an option longer than its block"));
    }

    #[test]
    fn end_of_options_ends_them() {
        assert_eq!(shown(Place::Section, b"\0\0\0\0\x01\0\x01\0a\0\0\0"), []);
    }
}
