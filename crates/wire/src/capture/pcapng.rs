//! pcapng files: sections of blocks (draft-ietf-opsawg-pcapng). A section has its own byte order and
//! interfaces.

use super::{
    Fact, LinkType, MAX_FRAME,
    blocks::{self, Block},
    note::Property,
    options::{self, Place, RawOptions},
    order::Order,
    piece::{Damage, FrameCut, Piece, Plausible},
    scale::TimeScale,
};

/// A pcapng file, at some place within it.
#[derive(Debug)]
pub(super) struct PcapngFile {
    order: Order,
    interfaces: Vec<Interface>,
    /// Types of unknown blocks that this section told of.
    told: Vec<u32>,
    /// Frames of this section without a time were told of.
    timeless: bool,
    /// Where the end of the file is in sight: how many bytes before it the next whole block begins, as far
    /// as was looked for one.
    next_from_end: Option<usize>,
    /// What the last block tells besides its frame. The reader takes it away after each block.
    pub(super) told_now: Vec<Told>,
}

/// Something that a block tells besides its frame.
#[derive(Debug)]
pub(super) enum Told {
    /// A note, with its options.
    Fact(Fact, Vec<Property>),
    /// As [`Fact`](Self::Fact), of the frame that the block holds.
    OfFrame(Vec<Property>),
    /// Something odd.
    Odd(Damage),
}

/// What an interface description block says that frames need.
#[derive(Clone, Copy, Debug)]
struct Interface {
    link: LinkType,
    snapshot: u32,
    scale: TimeScale,
}

impl Interface {
    const UNDESCRIBED: Self = Self { link: LinkType::UNDESCRIBED, snapshot: 0, scale: TimeScale::MICROS };
}

/// The lengths of a block.
#[derive(Clone, Copy)]
struct Extent {
    /// As written.
    len: u32,
    /// Bytes in the file.
    padded: usize,
}

impl PcapngFile {
    /// Whether the window begins as pcapng does.
    pub(super) fn recognise(window: &[u8]) -> bool {
        window.starts_with(&blocks::SECTION.to_be_bytes()) && byte_order(window, 0).is_some()
    }

    pub(super) fn new() -> Self {
        Self {
            order: Order::Little,
            interfaces: Vec::new(),
            told: Vec::new(),
            timeless: false,
            next_from_end: None,
            told_now: Vec::new(),
        }
    }

    /// Cuts the block at the front of `window`.
    pub(super) fn cut(&mut self, window: &[u8], at_end: bool) -> Piece {
        let Some(head) = window.first_chunk::<12>() else {
            return if at_end { Piece::Damaged(Damage::CUT_HEADER) } else { Piece::More(12) };
        };
        let order = if head.starts_with(&blocks::SECTION.to_be_bytes()) {
            match byte_order(head, 0) {
                Some(order) => order,
                None => return Piece::Damaged(Damage { what: BAD_MAGIC, found: None }),
            }
        } else {
            self.order
        };
        let [a, b, c, d, e, f, g, h, ..] = *head;
        let (kind, len) = (order.of4([a, b, c, d]), order.of4([e, f, g, h]));
        let Some(extent) = Extent::new(len) else {
            return Piece::Damaged(Damage::new(BAD_LENGTH, len));
        };
        let Some(block) = window.get(..extent.padded) else {
            return self.cut_at_tail(window, Block { kind, order, len: extent.padded }, at_end);
        };
        if !extent.closes(block, order) {
            match self.header_at(window, extent.padded, at_end) {
                Plausible::No => return Piece::Damaged(Damage::new(LENGTHS_DIFFER, len)),
                Plausible::More(needed) => return Piece::More(needed),
                Plausible::Yes => self.odd(Damage::new(LENGTHS_DIFFER, len)),
            }
        }
        self.read(Block { kind, order, len: extent.padded }, block)
    }

    /// Whether a block begins at `at` whose two lengths agree. Asked while looking for where a damaged file
    /// goes on.
    pub(super) fn plausible(&self, window: &[u8], at: usize, at_end: bool) -> Plausible {
        let short = |needed: usize| if at_end { Plausible::No } else { Plausible::More(needed) };
        let Some(head) = window.get(at..).and_then(<[u8]>::first_chunk::<12>) else {
            return short(at + 12);
        };
        let Some((order, kind)) = self.kind_of(head) else { return Plausible::No };
        let extent = order.u32(head, 4).and_then(Extent::new);
        let Some(extent) = extent.filter(|extent| extent.padded >= blocks::least(kind)) else {
            return Plausible::No;
        };
        match window.get(at..at + extent.padded) {
            Some(block) if extent.closes(block, order) => Plausible::Yes,
            Some(_) => Plausible::No,
            None => short(at + extent.padded),
        }
    }

    /// Whether the header of a known block, or the end of the file, is at `at`.
    fn header_at(&self, window: &[u8], at: usize, at_end: bool) -> Plausible {
        match window.get(at..).and_then(<[u8]>::first_chunk::<12>) {
            Some(head) => match self.kind_of(head).and_then(|(order, _)| Extent::new(order.u32(head, 4)?)) {
                Some(_) => Plausible::Yes,
                None => Plausible::No,
            },
            None if !at_end => Plausible::More(at + 12),
            None if window.len() == at => Plausible::Yes,
            None => Plausible::No,
        }
    }

    /// Byte order and type of the block header, where it is a known type's.
    fn kind_of(&self, head: &[u8; 12]) -> Option<(Order, u32)> {
        let order =
            if head.starts_with(&blocks::SECTION.to_be_bytes()) { byte_order(head, 0)? } else { self.order };
        let kind = order.u32(head, 0)?;
        blocks::is_known(kind).then_some((order, kind))
    }

    /// The window ends within the block.
    fn cut_at_tail(&mut self, window: &[u8], block: Block, at_end: bool) -> Piece {
        if !at_end {
            return Piece::More(block.len);
        }
        let found = u32::try_from(block.len).unwrap_or(u32::MAX);
        let damaged = Piece::Damaged(Damage::new(PAST_THE_END, found));
        // What is promised has to fit the block, or the block's length is what is wrong.
        let Some((frame, promised)) = self.packet(block, window) else { return damaged };
        let fits = frame.start.saturating_add(promised) <= block.len.saturating_sub(4);
        let whole = frame.len == promised;
        if !fits || frame.len == 0 || whole && self.goes_on(window, frame.start + frame.len) {
            return damaged;
        }
        Piece::CutFrame(FrameCut { consumed: window.len(), ..frame }, promised.saturating_sub(frame.len))
    }

    /// Whether blocks follow in the rest of the file, `from` on. What was found is remembered, so that a
    /// hostile file is not searched again and again.
    fn goes_on(&mut self, window: &[u8], from: usize) -> bool {
        let left = window.len().saturating_sub(from);
        if self.next_from_end.is_none_or(|found| found > left) {
            let found = (from..window.len()).find(|at| self.plausible(window, *at, true) == Plausible::Yes);
            self.next_from_end = Some(found.map_or(0, |at| window.len() - at));
        }
        self.next_from_end != Some(0)
    }

    fn read(&mut self, block: Block, bytes: &[u8]) -> Piece {
        match block.kind {
            blocks::ENHANCED | blocks::PACKET | blocks::SIMPLE => return self.read_packet(block, bytes),
            blocks::SECTION => self.read_section(block, bytes),
            blocks::INTERFACE => self.read_interface(block, bytes),
            _ => self.read_other(block, bytes),
        }
        if blocks::is_numbered(block.kind) { Piece::Numbered(block.len) } else { Piece::Block(block.len) }
    }

    fn read_packet(&mut self, block: Block, bytes: &[u8]) -> Piece {
        let body = block.body(bytes);
        let Some((frame, promised)) = self.packet(block, body) else {
            self.odd(Damage::new(TOO_SHORT, block.kind));
            return Piece::Block(block.len);
        };
        if frame.link == LinkType::UNDESCRIBED {
            self.odd(Damage { what: UNDESCRIBED, found: None });
        }
        if frame.time.is_none() && !std::mem::replace(&mut self.timeless, true) {
            self.odd(Damage { what: TIMELESS, found: None });
        }
        if promised > frame.len {
            self.odd(Damage::new(LONGER_THAN_BLOCK, u32::try_from(promised).unwrap_or(u32::MAX)));
        } else if block.kind != blocks::SIMPLE {
            let rest = body.get((frame.start + promised).next_multiple_of(4)..).unwrap_or_default();
            if rest.len() >= 4 {
                self.read_packet_options(block, rest);
            }
        }
        Piece::Frame(frame)
    }

    /// Most packets of some writers have options that are of no interest here (flags, hashes, ids): those
    /// cost a look at their codes.
    fn read_packet_options(&mut self, block: Block, rest: &[u8]) {
        let mut raw = RawOptions::new(rest, block.order);
        let telling = raw.any(|option| matches!(option.code, 1 | 4 | 7 | 2988 | 2989 | 19372 | 19373));
        if telling || raw.damaged {
            let options = options::read(Place::Packet, rest, block.order, TimeScale::MICROS);
            self.told_now.push(Told::OfFrame(options.properties));
            self.damaged_options(options.damage);
        }
    }

    /// Where the packet of a packet block lies in `bytes`, which may end early, and how many bytes the block
    /// promises.
    fn packet(&self, block: Block, bytes: &[u8]) -> Option<(FrameCut, usize)> {
        let order = block.order;
        let (interface, count, captured, wire_len, start) = match block.kind {
            blocks::ENHANCED => {
                let head = bytes.first_chunk::<28>()?;
                let interface = self.interface(order.u32(head, 8)?);
                let captured = order.u32(head, 20)?;
                (interface, order.halves(head, 12), captured, order.u32(head, 24)?, 28)
            }
            blocks::PACKET => {
                let head = bytes.first_chunk::<28>()?;
                let interface = self.interface(u32::from(order.u16(head, 8)?));
                let captured = order.u32(head, 20)?;
                (interface, order.halves(head, 12), captured, order.u32(head, 24)?, 28)
            }
            blocks::SIMPLE => {
                let wire = order.u32(bytes, 8)?;
                let interface = self.interface(0);
                let limit = if interface.snapshot == 0 { u32::MAX } else { interface.snapshot };
                // The captured length is not written; padding is at most three bytes.
                let room = u32::try_from(block.len.saturating_sub(16)).unwrap_or(u32::MAX);
                (interface, None, wire.min(limit).min(room), wire, 12)
            }
            _ => return None,
        };
        let promised = usize::try_from(captured).unwrap_or(usize::MAX);
        let len = promised.min(bytes.len().checked_sub(start)?);
        let time = count.map(|count| interface.scale.time(count));
        let frame = FrameCut { consumed: block.len, start, len, time, link: interface.link, wire_len };
        Some((frame, promised))
    }

    fn interface(&self, number: u32) -> Interface {
        let known = usize::try_from(number).ok().and_then(|number| self.interfaces.get(number));
        known.copied().unwrap_or(Interface::UNDESCRIBED)
    }

    fn read_section(&mut self, block: Block, bytes: &[u8]) {
        self.order = block.order;
        self.interfaces.clear();
        self.told.clear();
        self.timeless = false;
        let body = block.body(bytes);
        let version = |at| block.order.u16(body, at).unwrap_or(0);
        let fact =
            Fact::Section { big_endian: block.order == Order::Big, version: (version(12), version(14)) };
        if version(12) != 1 {
            self.odd(Damage::new(NEW_VERSION, u32::from(version(12))));
        }
        self.tell(fact, (Place::Section, body.get(24..).unwrap_or_default(), block.order), TimeScale::MICROS);
    }

    fn read_interface(&mut self, block: Block, bytes: &[u8]) {
        let body = block.body(bytes);
        let (Some(link), Some(snapshot)) = (block.order.u16(body, 8), block.order.u32(body, 12)) else {
            return self.odd(Damage::new(TOO_SHORT, block.kind));
        };
        let rest = body.get(16..).unwrap_or_default();
        let scale = scale(rest, block.order);
        let number = u32::try_from(self.interfaces.len()).unwrap_or(u32::MAX);
        if self.interfaces.len() >= MAX_INTERFACES {
            return self.odd(Damage::new(TOO_MANY_INTERFACES, number));
        }
        self.interfaces.push(Interface { link: LinkType(link), snapshot, scale });
        let fact = Fact::Interface { number, link: LinkType(link), snapshot };
        self.tell(fact, (Place::Interface, rest, block.order), scale);
    }

    fn read_other(&mut self, block: Block, bytes: &[u8]) {
        let body = block.body(bytes);
        if !blocks::is_known(block.kind) {
            if self.told.contains(&block.kind) || self.told.len() >= MAX_TOLD {
                return;
            }
            self.told.push(block.kind);
        }
        let Some((fact, (place, rest))) =
            blocks::read(block, body, |interface, count| self.interface(interface).scale.time(count))
        else {
            return self.odd(Damage::new(TOO_SHORT, block.kind));
        };
        if matches!(&fact, Fact::Names(rows) if rows.len() >= blocks::MAX_NAMES) {
            self.odd(Damage { what: TOO_MANY_NAMES, found: None });
        }
        let scale = match fact {
            Fact::Statistics { interface, .. } => self.interface(interface).scale,
            _ => TimeScale::MICROS,
        };
        self.tell(fact, (place, rest, block.order), scale);
    }

    fn tell(&mut self, fact: Fact, (place, rest, order): (Place, &[u8], Order), scale: TimeScale) {
        let options = options::read(place, rest, order, scale);
        self.told_now.push(Told::Fact(fact, options.properties));
        self.damaged_options(options.damage);
    }

    fn damaged_options(&mut self, damage: Option<&'static str>) {
        if let Some(what) = damage {
            self.odd(Damage { what, found: None });
        }
    }

    fn odd(&mut self, damage: Damage) {
        self.told_now.push(Told::Odd(damage));
    }
}

impl Extent {
    /// The extent of a block of that length; `None` where no block has it. Some writers forget the padding
    /// in the length, as Wireshark knows.
    fn new(len: u32) -> Option<Self> {
        let padded = usize::try_from(len).ok()?.checked_next_multiple_of(4)?;
        (12..=MAX_FRAME + 4096).contains(&padded).then_some(Self { len, padded })
    }

    /// Whether the length stands at the block's end as well.
    fn closes(self, block: &[u8], order: Order) -> bool {
        let at_end = |end: usize| order.u32(block, end.saturating_sub(4)) == Some(self.len);
        at_end(self.padded) || usize::try_from(self.len).is_ok_and(at_end)
    }
}

/// The byte order that the section header block at `at` tells.
fn byte_order(window: &[u8], at: usize) -> Option<Order> {
    [Order::Big, Order::Little].into_iter().find(|order| order.u32(window, at + 8) == Some(0x1a2b_3c4d))
}

/// The time scale in an interface's options.
fn scale(bytes: &[u8], order: Order) -> TimeScale {
    let (mut resolution, mut offset) = (6, 0);
    for option in RawOptions::new(bytes, order) {
        match (option.code, option.value) {
            (9, [byte, ..]) => resolution = *byte,
            (14, value) => offset = order.u64(value, 0).unwrap_or(0).cast_signed(),
            _ => {}
        }
    }
    TimeScale::new(resolution, offset)
}

/// More interfaces than this in one section are not kept.
const MAX_INTERFACES: usize = 65_536;
/// Notes of unknown block types, in one section.
const MAX_TOLD: usize = 64;

const BAD_MAGIC: &str = "capture holds a section header without byte order";
const BAD_LENGTH: &str = "capture holds a block of impossible length";
const LENGTHS_DIFFER: &str = "capture holds a block whose two lengths differ";
const LONGER_THAN_BLOCK: &str = "capture holds a packet longer than its block";
const NEW_VERSION: &str = "capture holds a section of a version that is not known";
const PAST_THE_END: &str = "capture holds a block that reaches past the end of the file";
const TIMELESS: &str = "capture lacks the times of simple packets: those of the frames before them stand in";
const TOO_MANY_INTERFACES: &str = "capture holds more interfaces than are kept";
const TOO_MANY_NAMES: &str = "capture holds more names in a block than are read";
const TOO_SHORT: &str = "capture holds a block too short for its type";
const UNDESCRIBED: &str = "capture lacks the description of a packet's interface";
