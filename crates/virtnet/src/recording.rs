//! What was recorded of a plan.

use std::net::SocketAddr;

use evidence::Timestamp;

/// All that came out of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    /// What passed the tap, in order of time.
    pub frames: Vec<Frame>,
    /// The secrets of all TLS connections, as lines of `SSLKEYLOGFILE`.
    pub key_log: String,
    /// One for each conversation of the plan, in its order.
    pub flows: Vec<Flow>,
    /// What the hosts' own counters count, in order of time.
    pub crossings: Vec<Crossing>,
}

/// An Ethernet frame at the tap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// When it passed.
    pub time: Timestamp,
    /// From the Ethernet header on, without the check sequence.
    pub bytes: Vec<u8>,
    /// Which way.
    pub direction: Direction,
    /// What it belongs to.
    pub part: Part,
}

/// An IP packet that a host sent or was given: what its own counters count. The tap sees others where packets are lost
/// before they reach it or behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// When.
    pub time: Timestamp,
    /// Which way.
    pub direction: Direction,
    /// Its length, headers included.
    pub bytes: usize,
    /// What it belongs to.
    pub part: Part,
    /// It asks for a name or answers that.
    pub is_lookup: bool,
}

/// Which way a frame went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// To the host.
    In,
    /// From the host.
    Out,
}

/// What of a plan a frame belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A conversation, by its place in the plan; its DNS questions as well.
    Conversation(usize),
    /// A datagram, by its place in the plan.
    Datagram(usize),
    /// The network's own talk for a host: DHCP, ARP, neighbours.
    Network(usize),
}

/// What became of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// The client as the tap sees it; `None` where no connection was tried.
    pub client: Option<SocketAddr>,
    /// The server; `None` like the client.
    pub server: Option<SocketAddr>,
    /// The first frame of the connection at the tap, not counting the search for the name.
    pub first: Timestamp,
    /// The last.
    pub last: Timestamp,
    /// Whether the connection was made, and the TLS handshake done.
    pub connected: bool,
    /// How many turns of the plan arrived whole at the other side.
    pub delivered: usize,
    /// What TLS said when it gave up.
    pub failure: Option<String>,
}

/// What a plan gives while it is played, in order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A frame passed the tap.
    Frame(Frame),
    /// A line of the key log, without its end. It comes before the first frame that needs it.
    Secret(String),
    /// A conversation is over; its place in the plan. Such come when their last frame may still be to come.
    Flow(usize, Flow),
    /// A host sent or was given a packet.
    Crossing(Crossing),
}

impl Recording {
    /// Keeps an event.
    pub fn take(&mut self, event: Event) {
        match event {
            Event::Frame(frame) => self.frames.push(frame),
            Event::Crossing(crossing) => self.crossings.push(crossing),
            Event::Secret(line) => {
                self.key_log.push_str(&line);
                self.key_log.push('\n');
            }
            Event::Flow(index, flow) => {
                if self.flows.len() <= index {
                    self.flows.resize(index + 1, Flow::default());
                }
                if let Some(place) = self.flows.get_mut(index) {
                    *place = flow;
                }
            }
        }
    }
}
