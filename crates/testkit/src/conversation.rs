//! A TCP connection as two well-behaved stacks would play it (RFC 9293).

use std::io;

use crate::{
    Endpoint, Net, TcpSegment, Wire,
    packet::{ACK, FIN, PSH, RST, SYN},
};

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Opened the connection.
    Client,
    /// The other.
    Server,
}

impl Side {
    /// The one that is not this.
    pub fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// A TCP connection: numbers both directions, cuts data into segments, acknowledges.
#[derive(Clone, Debug)]
pub struct Conversation {
    client: Half,
    server: Half,
    segment_size: usize,
    acknowledge_every: usize,
}

#[derive(Clone, Copy, Debug)]
struct Half {
    endpoint: Endpoint,
    /// The sequence number of its next byte.
    next: u32,
}

impl Conversation {
    /// Between these, with segments of 1,460 bytes, an ACK for every second one.
    pub fn new(client: Endpoint, server: Endpoint) -> Self {
        Self {
            client: Half { endpoint: client, next: 1_000_000 },
            server: Half { endpoint: server, next: 5_000_000 },
            segment_size: 1460,
            acknowledge_every: 2,
        }
    }

    /// With these initial sequence numbers. Near `u32::MAX` they wrap soon.
    pub fn with_sequences(mut self, client: u32, server: u32) -> Self {
        self.client.next = client;
        self.server.next = server;
        self
    }

    /// With at most this many bytes in a segment (at least 1).
    pub fn with_segment_size(mut self, size: usize) -> Self {
        self.segment_size = size.max(1);
        self
    }

    /// With an ACK after every so many segments and at the end of the data; 0 for none at all.
    pub fn with_acknowledge_every(mut self, segments: usize) -> Self {
        self.acknowledge_every = segments;
        self
    }

    /// The sequence number of the side's next byte.
    pub fn next_sequence(&self, side: Side) -> u32 {
        self.half(side).next
    }

    /// Three-way handshake.
    pub fn open<W: Wire>(&mut self, net: &mut Net<W>) -> io::Result<()> {
        self.segment(net, Side::Client, SYN, &[])?;
        self.segment(net, Side::Server, SYN | ACK, &[])?;
        self.acknowledge(net, Side::Client)
    }

    /// Sends data and has it acknowledged.
    pub fn send<W: Wire>(&mut self, net: &mut Net<W>, from: Side, data: &[u8]) -> io::Result<()> {
        let mut unacknowledged = 0;
        let count = data.len().div_ceil(self.segment_size);
        for (index, part) in data.chunks(self.segment_size).enumerate() {
            let push = if index + 1 == count { PSH } else { 0 };
            self.segment(net, from, ACK | push, part)?;
            unacknowledged += 1;
            if unacknowledged == self.acknowledge_every || (push != 0 && self.acknowledge_every > 0) {
                self.acknowledge(net, from.other())?;
                unacknowledged = 0;
            }
        }
        Ok(())
    }

    /// A pure ACK of all that the other side has sent.
    pub fn acknowledge<W: Wire>(&mut self, net: &mut Net<W>, from: Side) -> io::Result<()> {
        self.segment(net, from, ACK, &[])
    }

    /// The client closes, then the server.
    pub fn close<W: Wire>(&mut self, net: &mut Net<W>) -> io::Result<()> {
        self.finish(net, Side::Client)?;
        self.finish(net, Side::Server)?;
        self.acknowledge(net, Side::Client)
    }

    /// One side sends its FIN.
    pub fn finish<W: Wire>(&mut self, net: &mut Net<W>, from: Side) -> io::Result<()> {
        self.segment(net, from, FIN | ACK, &[])
    }

    /// One side resets.
    pub fn reset<W: Wire>(&mut self, net: &mut Net<W>, from: Side) -> io::Result<()> {
        self.segment(net, from, RST | ACK, &[])
    }

    /// Sends a segment with the side's next sequence number and moves that on.
    pub fn segment<W: Wire>(
        &mut self,
        net: &mut Net<W>,
        from: Side,
        flags: u8,
        payload: &[u8],
    ) -> io::Result<()> {
        let sequence = self.half(from).next;
        self.segment_at(net, from, (sequence, flags), payload)?;
        let taken = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        let half = self.half_mut(from);
        half.next = half.next.wrapping_add(taken);
        Ok(())
    }

    /// Sends a segment with any sequence number and moves nothing on: retransmissions, forgeries.
    pub fn segment_at<W: Wire>(
        &self,
        net: &mut Net<W>,
        from: Side,
        (sequence, flags): (u32, u8),
        payload: &[u8],
    ) -> io::Result<()> {
        let (me, peer) = (self.half(from), self.half(from.other()));
        let acknowledgment = if flags & ACK == 0 { 0 } else { peer.next };
        let segment = TcpSegment { sequence, acknowledgment, flags, window: 0xffff, options: &[], payload };
        net.tcp(&me.endpoint, &peer.endpoint, &segment)
    }

    /// Moves the side's sequence number on as if so many bytes had been sent: the capture missed them.
    pub fn miss(&mut self, from: Side, bytes: u32) {
        let half = self.half_mut(from);
        half.next = half.next.wrapping_add(bytes);
    }

    fn half(&self, side: Side) -> &Half {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    fn half_mut(&mut self, side: Side) -> &mut Half {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}
