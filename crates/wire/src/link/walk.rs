//! A walk along the headers of a frame: what every header reader is given, and what it answers.

use std::{net::IpAddr, ops::Range};

use evidence::Layer;

use crate::{TcpHead, capture::LinkType};

/// Where a walk along headers is.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    bytes: &'a [u8],
    /// The first byte that no header has taken.
    pub(crate) at: usize,
    /// The end of what the headers so far enclose.
    pub(crate) end: usize,
    /// Bytes that the innermost IP header promises and the frame lacks.
    pub(crate) missing: u32,
    /// Bytes that the frame had on the wire and the capture lacks.
    pub(crate) lacking: u32,
    /// IP headers so far.
    pub(crate) depth: u8,
    /// Source and destination of the innermost IP header.
    pub(crate) addresses: Option<(IpAddr, IpAddr)>,
    /// The last link-layer source address, and how many IP headers came before it.
    mac: Option<([u8; 6], u8)>,
    /// The payload of the UDP header around a tunnel: what counts if the tunnel turns out to be none.
    pub(crate) outer: Option<Transported>,
    /// What was odd on the way, though it did not stop the walk.
    pub(crate) odd: Vec<(Layer, &'static str)>,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Ethernet,
    /// What an EtherType says, or a length where it is below 0x600.
    EtherType(u16),
    Gre,
    /// The version nibble decides.
    Ip,
    Link(LinkType),
    Llc,
    Mpls,
    Ppp,
    Pppoe,
    /// What an IP protocol number says: a transport header, an extension header, a tunnel.
    Protocol(u8),
    /// Whether padding follows the header so that data begin at a multiple of four.
    Wifi(bool),
    /// The two bytes that say what it is are swapped.
    WifiSwapped,
}

/// Why a walk ends.
#[derive(Debug)]
pub(crate) enum Stop {
    /// 802.11 frames packed into one: each begins with two addresses and a length.
    Aggregate,
    /// An IP fragment.
    Fragment(Fragment),
    /// A header contradicts itself.
    Odd(Layer, &'static str),
    /// A header reaches past the end of what encloses it.
    Short(Layer),
    /// The payload of a TCP or UDP header.
    Transported(Transported),
    /// Nothing that is read here.
    Unread(Unread),
}

/// A TCP or UDP payload.
#[derive(Clone, Debug)]
pub(crate) struct Transported {
    pub(crate) source: (IpAddr, u16),
    pub(crate) destination: (IpAddr, u16),
    pub(crate) mac: Option<[u8; 6]>,
    /// `None` for UDP.
    pub(crate) tcp: Option<TcpHead>,
    /// Where it lies in the walk's bytes.
    pub(crate) range: Range<usize>,
    /// Bytes that are promised and lacking.
    pub(crate) cut: u32,
}

/// An IP fragment.
#[derive(Debug)]
pub(crate) struct Fragment {
    pub(crate) place: Place,
    /// Where its bytes lie in the walk's bytes.
    pub(crate) range: Range<usize>,
    /// Bytes that its header promises beyond those.
    pub(crate) missing: u32,
}

/// Where a fragment belongs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) addresses: (IpAddr, IpAddr),
    pub(crate) id: u32,
    /// What the datagram holds; of IPv6 fragments, only the first one's counts.
    pub(crate) protocol: u8,
    /// Offset in the datagram.
    pub(crate) offset: u32,
    /// More fragments follow.
    pub(crate) more: bool,
}

/// What is not read, each with a row of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    EtherType(u16),
    GreRouting,
    IpProtocol(u8),
    Link(LinkType),
    Llc,
    LoopbackFamily,
    Mpls,
    PppProtocol(u16),
    TooDeep,
    WifiControl,
    WifiEmpty,
    WifiFragment,
    WifiManagement,
    WifiProtected,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(bytes: &'a [u8], range: Range<usize>, lacking: u32) -> Self {
        Self {
            bytes,
            at: range.start.min(bytes.len()),
            end: range.end.min(bytes.len()),
            missing: 0,
            lacking,
            depth: 0,
            addresses: None,
            mac: None,
            outer: None,
            odd: Vec::new(),
        }
    }

    /// A walk that goes on in other bytes with what this one knows of sender and receiver: in a datagram put
    /// together from fragments.
    pub(crate) fn in_datagram<'b>(&self, bytes: &'b [u8]) -> Walk<'b> {
        Walk {
            depth: self.depth,
            addresses: self.addresses,
            mac: self.mac,
            ..Walk::new(bytes, 0..bytes.len(), 0)
        }
    }

    /// The bytes that no header has taken.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..self.end).unwrap_or_default()
    }

    /// Takes the next `N` bytes.
    pub(crate) fn take<const N: usize>(&mut self, layer: Layer) -> Result<&'a [u8; N], Stop> {
        let taken = self.rest().first_chunk().ok_or(Stop::Short(layer))?;
        self.at += N;
        Ok(taken)
    }

    /// Passes over `count` bytes.
    pub(crate) fn skip(&mut self, count: usize, layer: Layer) -> Result<(), Stop> {
        if count > self.end - self.at {
            return Err(Stop::Short(layer));
        }
        self.at += count;
        Ok(())
    }

    /// Notes that what is enclosed ends `len` bytes behind the byte `start`. Says how many of those are
    /// lacking.
    pub(crate) fn bound(&mut self, start: usize, len: usize) -> usize {
        let here = self.end.saturating_sub(start);
        if len <= here {
            self.end = (start + len).max(self.at);
            return 0;
        }
        len - here
    }

    pub(crate) fn sent_from(&mut self, mac: [u8; 6]) {
        self.mac = Some((mac, self.depth));
    }

    /// The sender's link-layer address; of tunnelled packets only where the tunnel carries one.
    pub(crate) fn mac(&self) -> Option<[u8; 6]> {
        self.mac.filter(|(_, depth)| *depth + 1 == self.depth).map(|(mac, _)| mac)
    }

    pub(crate) fn odd(&mut self, layer: Layer, what: &'static str) {
        self.odd.push((layer, what));
    }
}
