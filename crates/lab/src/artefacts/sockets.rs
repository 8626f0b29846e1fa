//! Which sockets were open at a moment: `/proc/net/{tcp,tcp6,udp,udp6}` of the Linux kernel.
//!
//! Sockets of apps are of IPv6, whatever they speak, and those of programs without Java of IPv4. What its owner has
//! closed stands there for a while, a minute of waiting at the end, and no longer says whose it was: user id and number
//! are 0. The router's address translation keeps the ports.

use std::net::{Ipv4Addr, SocketAddrV4};

use virtnet::{Direction, Frame, Part};

use super::counters::uid;
use crate::{Scenario, network::Air};

/// A socket of the phone, from its opening to the end of all that the kernel keeps of it. Times are nanoseconds since
/// 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Socket {
    table: Table,
    local: SocketAddrV4,
    remote: SocketAddrV4,
    uid: u32,
    inode: usize,
    opened: i64,
    /// When the other side answered.
    established: i64,
    /// When one side closed it.
    closing: i64,
    /// The phone was the first to close it.
    is_closed_here: bool,
    /// The last packet.
    last: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Table {
    Tcp,
    Tcp6,
    Udp,
    Udp6,
}

/// All sockets of the phone, in the order in which they were opened.
pub(super) fn all(scenario: &Scenario, airs: &[Air]) -> Vec<Socket> {
    let mut all: Vec<Socket> = airs.iter().flat_map(|air| of_air(scenario, air)).collect();
    all.sort_by_key(|socket| socket.opened);
    for (number, socket) in all.iter_mut().enumerate() {
        socket.inode = number.saturating_mul(3).saturating_add(FIRST_INODE);
    }
    all
}

/// The four tables by name, as they would have been printed at that moment.
pub(super) fn tables(sockets: &[Socket], at: i64) -> [(&'static str, String); 4] {
    TABLES.map(|(table, name, heading)| {
        let of_table = sockets.iter().filter(|socket| socket.table == table);
        let there = of_table.filter_map(|socket| Some((socket, socket.state(at)?)));
        let rows = there.enumerate().map(|(number, (socket, state))| socket.row(number, state));
        (name, std::iter::once(heading.to_owned()).chain(rows).collect())
    })
}

fn of_air(scenario: &Scenario, air: &Air) -> Vec<Socket> {
    let own = air.plan.hosts.first().map_or(Ipv4Addr::UNSPECIFIED, |phone| phone.v4);
    let mut sockets: Vec<Option<Socket>> = vec![None; air.plan.conversations.len()];
    let mut others = Vec::new();
    for frame in &air.recording.frames {
        let Some(sender) = air.sender(frame.part) else { continue };
        let Some(owner) = uid(scenario, sender) else { continue };
        let is_app = scenario.senders.get(sender).is_some_and(|sender| !sender.package.is_empty());
        let Some(packet) = Packet::of(frame) else { continue };
        match frame.part {
            Part::Conversation(index) if packet.is_tcp => {
                let Some(socket) = sockets.get_mut(index) else { continue };
                socket.get_or_insert_with(|| packet.opens(frame, (own, owner, is_app))).tcp(frame, &packet);
            }
            Part::Datagram(_) if frame.direction == Direction::Out => {
                others.push(packet.opens(frame, (own, owner, is_app)));
            }
            Part::Conversation(_) | Part::Datagram(_) | Part::Network(_) => {}
        }
    }
    sockets.into_iter().flatten().chain(others).collect()
}

/// What a frame tells of its socket.
struct Packet {
    is_tcp: bool,
    local_port: u16,
    remote: SocketAddrV4,
    flags: u8,
}

impl Packet {
    /// Of a frame with IPv4 without options (RFC 791), as all here are.
    fn of(frame: &Frame) -> Option<Self> {
        let bytes = &frame.bytes;
        let word = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at.checked_add(1)?)?]));
        if word(12)? != 0x0800 || *bytes.get(14)? != 0x45 {
            return None;
        }
        let (own, other, address) =
            if frame.direction == Direction::Out { (34, 36, 30) } else { (36, 34, 26) };
        let address: [u8; 4] = bytes.get(address..)?.first_chunk::<4>().copied()?;
        let is_tcp = *bytes.get(23)? == 6;
        Some(Self {
            is_tcp,
            local_port: word(own)?,
            remote: SocketAddrV4::new(address.into(), word(other)?),
            flags: if is_tcp { *bytes.get(47)? } else { 0 },
        })
    }

    fn opens(&self, frame: &Frame, (own, uid, is_app): (Ipv4Addr, u32, bool)) -> Socket {
        let at = frame.time.0;
        let table = match (self.is_tcp, is_app) {
            (true, true) => Table::Tcp6,
            (true, false) => Table::Tcp,
            (false, true) => Table::Udp6,
            (false, false) => Table::Udp,
        };
        // Who asks for the time does not connect the socket, and the kernel knows no other side.
        let remote = if self.is_tcp { self.remote } else { SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0) };
        let local = if self.is_tcp { own } else { Ipv4Addr::UNSPECIFIED };
        Socket {
            table,
            local: SocketAddrV4::new(local, self.local_port),
            remote,
            uid,
            inode: 0,
            opened: at,
            established: i64::MAX,
            closing: i64::MAX,
            is_closed_here: false,
            last: if self.is_tcp { at } else { at.saturating_add(WAITS_FOR_ANSWER) },
        }
    }
}

impl Socket {
    /// A packet of its connection.
    fn tcp(&mut self, frame: &Frame, packet: &Packet) {
        let at = frame.time.0;
        self.last = self.last.max(at);
        if frame.direction == Direction::In {
            self.established = self.established.min(at);
        }
        if packet.flags & FIN != 0 && at < self.closing {
            self.closing = at;
            self.is_closed_here = frame.direction == Direction::Out;
        }
    }

    /// How it stands there at a moment; nothing where it does not.
    fn state(&self, at: i64) -> Option<State> {
        if at < self.opened {
            return None;
        }
        let is_over = at > self.last;
        Some(match self.table {
            Table::Udp | Table::Udp6 => (!is_over).then_some(State::Closed)?,
            Table::Tcp | Table::Tcp6 if at >= self.closing => match (self.is_closed_here, is_over) {
                (true, true) => (at <= self.last.saturating_add(TIME_WAIT)).then_some(State::TimeWait)?,
                (true, false) => State::FinWait,
                (false, true) => return None,
                (false, false) => State::CloseWait,
            },
            Table::Tcp | Table::Tcp6 if is_over => return None,
            Table::Tcp | Table::Tcp6 if at >= self.established => State::Established,
            Table::Tcp | Table::Tcp6 => State::SynSent,
        })
    }

    /// `0: 0100007F:13AD 00000000:0000 0A 00000000:00000000 00:00000000 00000000 10123        0 12345 …`
    fn row(&self, number: usize, state: State) -> String {
        let is_six = matches!(self.table, Table::Tcp6 | Table::Udp6);
        let address = |address: SocketAddrV4| {
            // The words of memory of a little-endian machine; an address of IPv4 behind ::ffff (RFC 4291 section
            // 2.5.5.2).
            let word = u32::from_le_bytes(address.ip().octets());
            let mapped = if address.ip().is_unspecified() { "00000000" } else { "FFFF0000" };
            let before = if is_six { format!("{:016X}{mapped}", 0) } else { String::new() };
            format!("{before}{word:08X}:{:04X}", address.port())
        };
        let (local, remote, state) = (address(self.local), address(self.remote), (state, state as u8));
        let (uid, inode) = match state.0 {
            State::FinWait | State::TimeWait => (0, 0),
            State::Closed | State::CloseWait | State::Established | State::SynSent => (self.uid, self.inode),
        };
        let rest = match self.table {
            Table::Udp | Table::Udp6 => "2 0000000000000000 0",
            Table::Tcp | Table::Tcp6 if state.0 == State::TimeWait => "3 0000000000000000",
            Table::Tcp | Table::Tcp6 => "1 0000000000000000 20 4 30 10 -1",
        };
        format!(
            "{number:4}: {local} {remote} {:02X} 00000000:00000000 00:00000000 00000000 {uid:5}        0 {inode} {rest}\n",
            state.1
        )
    }
}

/// States as the kernel numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum State {
    Established = 1,
    SynSent = 2,
    FinWait = 4,
    TimeWait = 6,
    Closed = 7,
    CloseWait = 8,
}

/// The tables, and what stands above their columns.
const TABLES: [(Table, &str, &str); 4] = [
    (
        Table::Tcp,
        "tcp",
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n",
    ),
    (
        Table::Tcp6,
        "tcp6",
        "  sl  local_address                         remote_address                        st tx_queue rx_queue tr \
         tm->when retrnsmt   uid  timeout inode\n",
    ),
    (
        Table::Udp,
        "udp",
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer \
         drops\n",
    ),
    (
        Table::Udp6,
        "udp6",
        "  sl  local_address                         remote_address                        st tx_queue rx_queue tr \
         tm->when retrnsmt   uid  timeout inode ref pointer drops\n",
    ),
];

/// The flag of a segment that says no more.
const FIN: u8 = 1;

/// How long a closed connection waits (Linux, `TCP_TIMEWAIT_LEN`).
const TIME_WAIT: i64 = 60_000_000_000;

/// How long a program waits for the answer to a datagram.
const WAITS_FOR_ANSWER: i64 = 5_000_000_000;

/// Numbers of sockets are those of a phone that has run for a while.
const FIRST_INODE: usize = 24_117;
