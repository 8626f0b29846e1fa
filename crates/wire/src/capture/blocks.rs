//! The pcapng blocks that hold no packets, to facts.

use std::net::{Ipv4Addr, Ipv6Addr};

use evidence::Timestamp;

use crate::App;

use super::{
    Address, Fact, SecretsKind,
    options::{Place, text},
    order::Order,
};

/// A block: its type, byte order and bytes in the file.
#[derive(Clone, Copy)]
pub(super) struct Block {
    pub(super) kind: u32,
    pub(super) order: Order,
    pub(super) len: usize,
}

impl Block {
    /// The block's bytes without the length at its end.
    pub(super) fn body(self, bytes: &[u8]) -> &[u8] {
        bytes.get(..self.len.saturating_sub(4)).unwrap_or_default()
    }
}

/// A fact, and the options behind it.
type Told<'a> = (Fact, (Place, &'a [u8]));

/// Reads a block that is neither section, interface nor packet. `time` makes an instant of an interface's
/// count. `None` where the block is too short for its type.
pub(super) fn read(block: Block, body: &[u8], time: impl Fn(u32, u64) -> Timestamp) -> Option<Told<'_>> {
    let order = block.order;
    match block.kind {
        NAMES => names(body, order),
        STATISTICS => {
            let interface = order.u32(body, 8)?;
            let time = time(interface, order.halves(body, 12)?);
            Some((Fact::Statistics { interface, time }, (Place::Statistics, body.get(20..)?)))
        }
        JOURNAL => Some((Fact::Journal(text(body.get(8..)?)), NO_OPTIONS)),
        SECRETS => secrets(body, order),
        CUSTOM | CUSTOM_NO_COPY => {
            let (enterprise, data) = (order.u32(body, 8)?, body.get(12..)?);
            let len = u32::try_from(data.len()).unwrap_or(u32::MAX);
            if let Some(app) = App::of_block(enterprise, data, order == Order::Little) {
                return Some((Fact::App(app), NO_OPTIONS));
            }
            Some((Fact::Custom { enterprise, copy: block.kind == CUSTOM, len }, NO_OPTIONS))
        }
        PROCESS => Some((Fact::Process(order.u32(body, 8)?), (Place::Process, body.get(12..)?))),
        kind => {
            let len = u32::try_from(block.len).unwrap_or(u32::MAX);
            Some((Fact::Other { kind, len }, NO_OPTIONS))
        }
    }
}

/// Whether blocks of that type are read.
pub(super) fn is_known(kind: u32) -> bool {
    matches!(
        kind,
        SECTION
            | INTERFACE
            | PACKET
            | SIMPLE
            | NAMES
            | STATISTICS
            | ENHANCED
            | JOURNAL
            | SECRETS
            | CUSTOM
            | CUSTOM_NO_COPY
            | PROCESS
    )
}

/// Whether Wireshark gives blocks of that type a frame number, though they hold no packet.
pub(super) fn is_numbered(kind: u32) -> bool {
    matches!(kind, CUSTOM | CUSTOM_NO_COPY | JOURNAL)
}

/// Bytes that a block of that type has at least.
pub(super) fn least(kind: u32) -> usize {
    match kind {
        ENHANCED | PACKET => 32,
        SECTION => 28,
        STATISTICS => 24,
        INTERFACE | SECRETS => 20,
        SIMPLE | CUSTOM | CUSTOM_NO_COPY | PROCESS => 16,
        _ => 12,
    }
}

/// Decryption secrets: type, length, that many bytes, padding, options.
fn secrets(body: &[u8], order: Order) -> Option<Told<'_>> {
    let kind = SecretsKind(order.u32(body, 8)?);
    let len = usize::try_from(order.u32(body, 12)?).ok()?;
    let rest = body.get(16..)?;
    let bytes = rest.get(..len).unwrap_or(rest);
    let options = len.checked_next_multiple_of(4).and_then(|end| rest.get(end..)).unwrap_or_default();
    Some((Fact::Secrets { kind, start: 16, bytes: bytes.to_vec() }, (Place::Plain, options)))
}

/// Name resolution: records of an address and its names, then options.
fn names(body: &[u8], order: Order) -> Option<Told<'_>> {
    let mut rows = Vec::new();
    let mut rest = body.get(8..)?;
    while let (Some(kind), Some(len)) = (order.u16(rest, 0), order.u16(rest, 2)) {
        let len = usize::from(len);
        let value = rest.get(4..4 + len).unwrap_or_default();
        rest = rest.get(4 + len.next_multiple_of(4)..).unwrap_or_default();
        if kind == 0 {
            break;
        }
        if rows.len() < MAX_NAMES {
            rows.extend(name_record(kind, value));
        }
    }
    Some((Fact::Names(rows), (Place::Names, rest)))
}

fn name_record(kind: u16, value: &[u8]) -> Option<(Address, Vec<String>)> {
    let (address, names) = match kind {
        1 => {
            let (address, names) = value.split_first_chunk::<4>()?;
            (Address::Ip(Ipv4Addr::from(*address).into()), names)
        }
        2 => {
            let (address, names) = value.split_first_chunk::<16>()?;
            (Address::Ip(Ipv6Addr::from(*address).into()), names)
        }
        3 => {
            let (address, names) = value.split_at_checked(6)?;
            (Address::Hardware(address.to_vec()), names)
        }
        4 => {
            let (address, names) = value.split_at_checked(8)?;
            (Address::Hardware(address.to_vec()), names)
        }
        _ => return None,
    };
    let names = names.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    Some((address, names.map(text).collect()))
}

pub(super) const SECTION: u32 = 0x0a0d_0d0a;
pub(super) const INTERFACE: u32 = 1;
/// Obsolete packet block.
pub(super) const PACKET: u32 = 2;
pub(super) const SIMPLE: u32 = 3;
const NAMES: u32 = 4;
const STATISTICS: u32 = 5;
pub(super) const ENHANCED: u32 = 6;
const JOURNAL: u32 = 9;
const SECRETS: u32 = 10;
const CUSTOM: u32 = 0x0bad;
const CUSTOM_NO_COPY: u32 = 0x4000_0bad;
/// Apple's process information.
const PROCESS: u32 = 0x8000_0001;

const NO_OPTIONS: (Place, &[u8]) = (Place::Plain, &[]);
/// More records of a block than this are not read: a 16 MiB block could hold two million.
pub(super) const MAX_NAMES: usize = 65_536;
