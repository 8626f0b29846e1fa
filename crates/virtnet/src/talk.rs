//! One TCP connection from its SYN to its end: two stacks, the way between them, and the turns of the plan.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use testkit::Dice;

use crate::{
    Conditions, Direction, Ending, Side, Turn,
    end::End,
    lan::Crossings,
    line::Line,
    plan::pause,
    tls::{Pair, Secrets},
};

/// What is to be played. Times are microseconds since 1970.
pub(crate) struct Talk<'a> {
    pub(crate) start: i64,
    pub(crate) client: SocketAddr,
    pub(crate) server: SocketAddr,
    /// Time to live of the packets of both ends, as the tap sees them.
    pub(crate) hops: (u8, u8),
    pub(crate) turns: &'a [Turn],
    pub(crate) ending: Ending,
    pub(crate) conditions: &'a Conditions,
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Outcome {
    /// IP packets at the tap.
    pub(crate) packets: Vec<(i64, Direction, Vec<u8>)>,
    /// IP packets at the client.
    pub(crate) crossings: Crossings,
    /// Lines of the key log, each not later than the first packet that needs it.
    pub(crate) secrets: Vec<(i64, String)>,
    pub(crate) connected: bool,
    pub(crate) delivered: usize,
    pub(crate) failure: Option<String>,
}

impl Talk<'_> {
    pub(crate) fn play(&self, tls: Option<Pair>, dice: Dice) -> Outcome {
        let mut stage = Stage::new(self, tls, dice);
        if let Err(failure) = stage.begin() {
            stage.outcome.failure = Some(failure);
            return stage.outcome;
        }
        stage.run();
        stage.finish()
    }
}

struct Stage<'a> {
    talk: &'a Talk<'a>,
    client: End,
    server: End,
    secrets: Option<Arc<Secrets>>,
    line: Line<'a>,
    dice: Dice,
    flights: BinaryHeap<Reverse<Flight>>,
    sent: u64,
    script: Script<'a>,
    /// When something last went on.
    progress: i64,
    ended: bool,
    outcome: Outcome,
}

/// A packet on its way, in order of arrival.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Flight {
    arrival: i64,
    number: u64,
    direction: Direction,
    packet: Vec<u8>,
}

impl<'a> Stage<'a> {
    fn new(talk: &'a Talk<'a>, tls: Option<Pair>, mut dice: Dice) -> Self {
        let (mut client, mut server, mut secrets) = (None, None, None);
        if let Some(pair) = tls {
            (client, server, secrets) = (Some(pair.client), Some(pair.server), Some(pair.secrets));
        }
        let least = if talk.server.is_ipv6() { 1280 } else { 576 };
        let mtu = usize::from(talk.conditions.mtu.clamp(least, 9000));
        Self {
            talk,
            client: End::new(talk.client.ip(), (mtu, talk.hops.0), client, &mut dice),
            server: End::new(talk.server.ip(), (mtu, talk.hops.1), server, &mut dice),
            secrets,
            line: Line::new(talk.conditions),
            dice,
            flights: BinaryHeap::new(),
            sent: 0,
            script: Script::new(talk.turns),
            progress: talk.start,
            ended: false,
            outcome: Outcome::default(),
        }
    }

    fn begin(&mut self) -> Result<(), String> {
        let pair = |address: SocketAddr| -> (IpAddr, u16) { (address.ip(), address.port()) };
        if self.talk.ending != Ending::Refused {
            self.server.listen(self.talk.server.port())?;
        }
        self.client.connect(pair(self.talk.client), pair(self.talk.server))
    }

    /// From event to event until nothing is left to come, or nothing went on for long.
    fn run(&mut self) {
        let (mut now, mut spins) = (self.talk.start, 0);
        loop {
            self.arrive(now);
            self.act(now);
            let Some(next) = self.next(now).filter(|next| *next <= self.patience()) else { break };
            // A stack that wants to work at once but cannot must not stop the clock.
            spins = if next > now { 0 } else { (spins + 1).min(14) };
            now = next.max(now + (1 << spins));
        }
    }

    fn patience(&self) -> i64 {
        let most = if self.talk.ending == Ending::NeverConnects { SYN_PATIENCE } else { PATIENCE };
        self.script.due.unwrap_or(self.progress).max(self.progress).saturating_add(most)
    }

    fn arrive(&mut self, now: i64) {
        while self.flights.peek().is_some_and(|flight| flight.0.arrival <= now) {
            let Some(Reverse(flight)) = self.flights.pop() else { break };
            match flight.direction {
                Direction::In => {
                    self.outcome.crossings.push((flight.arrival, Direction::In, flight.packet.len()));
                    self.client.receive(flight.packet);
                }
                Direction::Out => self.server.receive(flight.packet),
            }
        }
    }

    fn act(&mut self, now: i64) {
        self.client.work(now);
        self.server.work(now);
        let before = (self.client.heard, self.server.heard, self.script.next);
        self.client.hear(&self.script.all.1, &mut self.dice);
        self.server.hear(&self.script.all.0, &mut self.dice);
        self.script.go_on(now, (&mut self.client, &mut self.server));
        self.end();
        self.client.hand_over(&mut self.dice);
        self.server.hand_over(&mut self.dice);
        if before != (self.client.heard, self.server.heard, self.script.next) {
            self.progress = now;
        }
        self.log(now);
        self.client.work(now);
        self.server.work(now);
        self.send(now, Direction::Out);
        self.send(now, Direction::In);
    }

    fn log(&mut self, now: i64) {
        let fresh = self.secrets.as_ref().map(|secrets| secrets.fresh()).unwrap_or_default();
        self.outcome.secrets.extend(fresh.into_iter().map(|line| (now, line)));
    }

    fn send(&mut self, now: i64, direction: Direction) {
        let packets = match direction {
            Direction::In => self.server.packets(),
            Direction::Out => self.client.packets(),
        };
        for packet in packets {
            if direction == Direction::Out {
                self.outcome.crossings.push((now, direction, packet.len()));
            }
            let passage = self.line.send(&mut self.dice, direction, now, packet.len());
            for tap in passage.taps {
                self.outcome.packets.push((tap, direction, packet.clone()));
            }
            if self.talk.ending == Ending::NeverConnects {
                continue;
            }
            for arrival in passage.arrivals {
                self.sent += 1;
                let (number, packet) = (self.sent, packet.clone());
                self.flights.push(Reverse(Flight { arrival, number, direction, packet }));
            }
        }
    }

    /// Closes or resets when all is said and heard, or TLS failed, or the other side left.
    fn end(&mut self) {
        self.outcome.connected |= self.client.ready() && self.server.ready();
        for end in [&mut self.client, &mut self.server] {
            if end.failure.is_some() || end.left() {
                end.close();
            }
        }
        if self.ended || !self.outcome.connected || !self.script.over(&self.client, &self.server) {
            return;
        }
        self.ended = true;
        match self.talk.ending {
            Ending::Close => self.client.close(),
            Ending::CloseByServer => self.server.close(),
            Ending::Distrust | Ending::Reset => self.client.reset(),
            Ending::ResetByServer => self.server.reset(),
            Ending::KeepOpen | Ending::NeverConnects | Ending::Refused => {}
        }
    }

    fn next(&mut self, now: i64) -> Option<i64> {
        let flight = self.flights.peek().map(|flight| flight.0.arrival);
        if flight.is_none() && self.client.done() && self.server.done() {
            return None;
        }
        let ends = [self.client.next(now), self.server.next(now)];
        ends.into_iter().chain([flight, self.script.due]).flatten().min()
    }

    fn finish(mut self) -> Outcome {
        self.outcome.delivered = self.script.delivered(self.client.heard, self.server.heard);
        self.outcome.failure = self.client.failure.take().or(self.server.failure.take());
        self.outcome
    }
}

/// Who speaks next, and when.
struct Script<'a> {
    turns: &'a [Turn],
    /// Turns that were said.
    next: usize,
    /// When the next is to be said, once all before it was heard.
    due: Option<i64>,
    /// Bytes said so far, by client and server.
    said: (usize, usize),
    /// All they say.
    all: (Vec<u8>, Vec<u8>),
}

impl<'a> Script<'a> {
    fn new(turns: &'a [Turn]) -> Self {
        let of = |side: Side| {
            let turns = turns.iter().filter(|turn| turn.from == side);
            turns.flat_map(|turn| turn.bytes.iter().copied()).collect()
        };
        let all = (of(Side::Client), of(Side::Server));
        Self { turns, next: 0, due: None, said: (0, 0), all }
    }

    fn go_on(&mut self, now: i64, (client, server): (&mut End, &mut End)) {
        while let Some(turn) = self.turns.get(self.next) {
            let (speaker, to_hear, said) = match turn.from {
                Side::Client => (&mut *client, self.said.1, &mut self.said.0),
                Side::Server => (&mut *server, self.said.0, &mut self.said.1),
            };
            if !speaker.ready() || speaker.heard < to_hear {
                self.due = None;
                return;
            }
            let due = *self.due.get_or_insert(now + pause(turn.wait_ms));
            if now < due {
                return;
            }
            speaker.say(&turn.bytes);
            *said += turn.bytes.len();
            self.next += 1;
            self.due = None;
        }
    }

    fn over(&self, client: &End, server: &End) -> bool {
        self.next == self.turns.len() && client.heard == self.said.1 && server.heard == self.said.0
    }

    /// Turns that were heard to their end.
    fn delivered(&self, by_client: usize, by_server: usize) -> usize {
        let (mut client, mut server) = (0, 0);
        let whole = self.turns.iter().take(self.next).take_while(|turn| match turn.from {
            Side::Client => {
                client += turn.bytes.len();
                client <= by_server
            }
            Side::Server => {
                server += turn.bytes.len();
                server <= by_client
            }
        });
        whole.count()
    }
}

/// Microseconds without anything going on after which a connection is given up.
const PATIENCE: i64 = 300_000_000;
/// Microseconds for which a client repeats its SYN.
const SYN_PATIENCE: i64 = 32_000_000;
