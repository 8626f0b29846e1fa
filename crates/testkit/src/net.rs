//! Where packets go: a wire with a virtual clock.

use std::io;

use crate::{Endpoint, TcpSegment, packet};

/// Takes frames.
pub trait Wire {
    /// Takes one, seen at `time` (nanoseconds since 1970).
    fn put(&mut self, time: i64, bytes: &[u8]) -> io::Result<()>;
}

impl<W: Wire> Wire for &mut W {
    fn put(&mut self, time: i64, bytes: &[u8]) -> io::Result<()> {
        (**self).put(time, bytes)
    }
}

impl Wire for Vec<Frame> {
    fn put(&mut self, time: i64, bytes: &[u8]) -> io::Result<()> {
        self.push(Frame { time, bytes: bytes.to_vec() });
        Ok(())
    }
}

/// A frame kept in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Nanoseconds since 1970.
    pub time: i64,
    /// From the Ethernet header on.
    pub bytes: Vec<u8>,
}

/// A wire and the clock that its frames are stamped with. Every packet takes a tick.
#[derive(Debug)]
pub struct Net<W> {
    wire: W,
    now: i64,
    tick: i64,
    /// The packet being built; kept for its capacity.
    buffer: Vec<u8>,
}

impl<W: Wire> Net<W> {
    /// Begins at 2019-03-21T07:41:05Z with a tick of 100 µs.
    pub fn new(wire: W) -> Self {
        Self { wire, now: 1_553_154_065_000_000_000, tick: 100_000, buffer: Vec::new() }
    }

    /// The time of the next packet, in nanoseconds since 1970.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// Sets the clock.
    pub fn set_time(&mut self, now: i64) {
        self.now = now;
    }

    /// Sets how long a packet takes, in nanoseconds.
    pub fn set_tick(&mut self, tick: i64) {
        self.tick = tick;
    }

    /// Lets time pass: nanoseconds.
    pub fn wait(&mut self, nanoseconds: i64) {
        self.now += nanoseconds;
    }

    /// Sends a UDP datagram.
    pub fn udp(&mut self, from: &Endpoint, to: &Endpoint, payload: &[u8]) -> io::Result<()> {
        self.buffer.clear();
        packet::put_udp(&mut self.buffer, from, to, payload);
        self.flush()
    }

    /// Sends a TCP segment.
    pub fn tcp(&mut self, from: &Endpoint, to: &Endpoint, segment: &TcpSegment<'_>) -> io::Result<()> {
        self.buffer.clear();
        packet::put_tcp(&mut self.buffer, from, to, segment);
        self.flush()
    }

    /// Sends a frame as it is.
    pub fn raw(&mut self, frame: &[u8]) -> io::Result<()> {
        self.wire.put(self.now, frame)?;
        self.now += self.tick;
        Ok(())
    }

    /// The wire.
    pub fn wire(&mut self) -> &mut W {
        &mut self.wire
    }

    /// Gives the wire back.
    pub fn into_wire(self) -> W {
        self.wire
    }

    fn flush(&mut self) -> io::Result<()> {
        self.wire.put(self.now, &self.buffer)?;
        self.now += self.tick;
        Ok(())
    }
}
