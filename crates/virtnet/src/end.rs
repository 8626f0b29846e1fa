//! One end of a connection: a TCP/IP stack of its own, above it TLS or nothing.

use std::{collections::VecDeque, io::Read, io::Write, mem, net::IpAddr};

use rustls::Connection;
use smoltcp::{
    iface::{Config, Interface, SocketHandle, SocketSet},
    phy::{self, Device, DeviceCapabilities, Medium},
    socket::tcp::{self, CongestionControl, State},
    time::Instant,
    wire::{HardwareAddress, IpCidr},
};
use testkit::Dice;

use crate::tls::with_chance;

pub(crate) struct End {
    port: Port,
    stack: Interface,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    tls: Option<Connection>,
    /// Waits for room in the socket.
    outgoing: VecDeque<u8>,
    /// Bytes heard from the other side, after decryption.
    pub(crate) heard: usize,
    /// What TLS said when it gave up.
    pub(crate) failure: Option<String>,
    wants_to_close: bool,
}

impl End {
    /// An end with this address whose socket does nothing yet. `hops` is the time to live of its packets.
    pub(crate) fn new(
        address: IpAddr,
        (mtu, hops): (usize, u8),
        mut tls: Option<Connection>,
        dice: &mut Dice,
    ) -> Self {
        if let Some(connection) = &mut tls {
            // What is said in one turn is handed over whole.
            connection.set_buffer_limit(None);
        }
        let mut port = Port { mtu, inbox: VecDeque::new(), outbox: Vec::new() };
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = dice.roll();
        let mut stack = Interface::new(config, &mut port, Instant::ZERO);
        let prefix = if address.is_ipv4() { 32 } else { 128 };
        stack.update_ip_addrs(|addresses| {
            let _ = addresses.push(IpCidr::new(address.into(), prefix));
        });
        let mut socket = tcp::Socket::new(
            tcp::SocketBuffer::new(vec![0; BUFFER]),
            tcp::SocketBuffer::new(vec![0; BUFFER]),
        );
        socket.set_nagle_enabled(false);
        socket.set_hop_limit(Some(hops));
        socket.set_congestion_control(CongestionControl::Reno);
        let mut sockets = SocketSet::new(Vec::new());
        let handle = sockets.add(socket);
        let outgoing = VecDeque::new();
        Self { port, stack, sockets, handle, tls, outgoing, heard: 0, failure: None, wants_to_close: false }
    }

    /// Waits for a connection.
    pub(crate) fn listen(&mut self, port: u16) -> Result<(), String> {
        self.socket().listen(port).map_err(|error| error.to_string())
    }

    /// Makes a connection.
    pub(crate) fn connect(&mut self, from: (IpAddr, u16), to: (IpAddr, u16)) -> Result<(), String> {
        let socket = self.sockets.get_mut::<tcp::Socket<'_>>(self.handle);
        socket.connect(self.stack.context(), to, from).map_err(|error| error.to_string())
    }

    /// A packet arrives.
    pub(crate) fn receive(&mut self, packet: Vec<u8>) {
        self.port.inbox.push_back(packet);
    }

    /// Lets the stack work: takes what arrived, sends what is due.
    pub(crate) fn work(&mut self, now: i64) {
        self.stack.poll(Instant::from_micros(now), &mut self.port, &mut self.sockets);
    }

    /// Packets to send.
    pub(crate) fn packets(&mut self) -> Vec<Vec<u8>> {
        mem::take(&mut self.port.outbox)
    }

    /// When the stack wants to work again, if nothing arrives.
    pub(crate) fn next(&mut self, now: i64) -> Option<i64> {
        let next = self.stack.poll_at(Instant::from_micros(now), &self.sockets)?;
        Some(next.total_micros())
    }

    /// Takes what the stack has and opens it. What was said is compared with `expected`, all that the other side
    /// was to say.
    pub(crate) fn hear(&mut self, expected: &[u8], dice: &mut Dice) {
        let bytes = self.take();
        if bytes.is_empty() {
            return;
        }
        match &mut self.tls {
            None => self.compare(&bytes, expected),
            Some(connection) => match with_chance(dice, || open(connection, &bytes)) {
                Ok(plain) => self.compare(&plain, expected),
                Err(error) => self.failure = self.failure.take().or(Some(error)),
            },
        }
    }

    /// Says something.
    pub(crate) fn say(&mut self, bytes: &[u8]) {
        match &mut self.tls {
            None => self.outgoing.extend(bytes),
            // Its buffer has no limit (see `new`), so nothing is left over.
            Some(connection) => drop(connection.writer().write_all(bytes)),
        }
    }

    /// Gives the stack what it has room for, and closes when all is said.
    pub(crate) fn hand_over(&mut self, dice: &mut Dice) {
        if let Some(connection) = &mut self.tls {
            let mut sealed = Vec::new();
            with_chance(dice, || {
                while connection.wants_write() {
                    let _ = connection.write_tls(&mut sealed);
                }
            });
            self.outgoing.extend(sealed);
        }
        let socket = self.sockets.get_mut::<tcp::Socket<'_>>(self.handle);
        while socket.can_send() && !self.outgoing.is_empty() {
            let taken = socket.send_slice(self.outgoing.as_slices().0).unwrap_or(0);
            self.outgoing.drain(..taken);
        }
        if self.wants_to_close && self.outgoing.is_empty() {
            socket.close();
        }
    }

    /// Closes once all is said.
    pub(crate) fn close(&mut self) {
        if !mem::replace(&mut self.wants_to_close, true)
            && let Some(connection) = &mut self.tls
            && self.failure.is_none()
        {
            connection.send_close_notify();
        }
    }

    /// Resets the connection.
    pub(crate) fn reset(&mut self) {
        self.socket().abort();
    }

    /// It can speak: the connection is made and the handshake done.
    pub(crate) fn ready(&self) -> bool {
        let state = self.state();
        let connected =
            matches!(state, State::Established | State::CloseWait | State::FinWait1 | State::FinWait2);
        connected && self.tls.as_ref().is_none_or(|connection| !connection.is_handshaking())
    }

    /// The other side closed.
    pub(crate) fn left(&self) -> bool {
        matches!(self.state(), State::CloseWait)
    }

    /// Nothing more will happen here.
    pub(crate) fn done(&self) -> bool {
        matches!(self.state(), State::Closed | State::TimeWait)
    }

    fn state(&self) -> State {
        self.sockets.get::<tcp::Socket<'_>>(self.handle).state()
    }

    fn socket(&mut self) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut::<tcp::Socket<'_>>(self.handle)
    }

    fn take(&mut self) -> Vec<u8> {
        let socket = self.socket();
        let mut bytes = Vec::new();
        while socket.can_recv() {
            let part = socket.recv(|part| (part.len(), part.to_vec())).unwrap_or_default();
            bytes.extend(part);
        }
        bytes
    }

    fn compare(&mut self, bytes: &[u8], expected: &[u8]) {
        let end = self.heard.saturating_add(bytes.len());
        if expected.get(self.heard..end) == Some(bytes) {
            self.heard = end;
        } else {
            self.failure = Some(format!("other bytes than were said, from byte {} on", self.heard));
        }
    }
}

/// What records hold.
fn open(connection: &mut Connection, mut bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut plain = Vec::new();
    while !bytes.is_empty() {
        connection.read_tls(&mut bytes).map_err(|error| error.to_string())?;
        connection.process_new_packets().map_err(|error| error.to_string())?;
        // It ends with "would block" or, behind a farewell, with nothing; both mean that all was read.
        let _ = connection.reader().read_to_end(&mut plain);
    }
    Ok(plain)
}

/// What a stack is plugged into: two heaps of packets.
struct Port {
    mtu: usize,
    inbox: VecDeque<Vec<u8>>,
    outbox: Vec<Vec<u8>>,
}

impl Device for Port {
    type RxToken<'a> = Received;
    type TxToken<'a> = Outbox<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received, Outbox<'_>)> {
        let packet = self.inbox.pop_front()?;
        Some((Received(packet), Outbox(&mut self.outbox)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Outbox<'_>> {
        Some(Outbox(&mut self.outbox))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = self.mtu;
        capabilities
    }
}

struct Received(Vec<u8>);

impl phy::RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, work: F) -> R {
        work(&self.0)
    }
}

struct Outbox<'a>(&'a mut Vec<Vec<u8>>);

impl phy::TxToken for Outbox<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, work: F) -> R {
        let mut packet = vec![0; len];
        let result = work(&mut packet);
        self.0.push(packet);
        result
    }
}

/// Bytes of each socket's buffers.
const BUFFER: usize = 65_536;
