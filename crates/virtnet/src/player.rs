//! From a plan to its events in order of time.
//!
//! Conversations do not know of each other. Each is played to its end when its time comes, and what it gave waits
//! in a heap until nothing earlier can come: the clock never has to tick, and only what is open at one time is held.

use std::{
    cmp::{Ordering, Reverse},
    collections::{BTreeMap, BinaryHeap},
    net::{IpAddr, SocketAddr},
};

use evidence::Timestamp;
use testkit::{Dice, Endpoint};

use crate::{
    Conversation, Crossing, Datagram, Ending, Event, Flow, Frame, Host, Lookup, Mistake, Part, Plan,
    Security,
    lan::{self, Crossings, Frames},
    plan::pause,
    talk::{Outcome, Talk},
    tls::{Authority, Pair, Wish},
    udp::{self, Exchange},
    view::View,
};

pub(crate) struct Player<'a> {
    plan: &'a Plan,
    view: View<'a>,
    authority: Authority,
    waiting: BinaryHeap<Reverse<Waiting>>,
    number: u64,
    /// Ports that hosts chose so far; behind address translation all choose from the router's.
    chosen: Vec<u64>,
    /// When a host last asked for a neighbour.
    met: BTreeMap<(usize, IpAddr), i64>,
}

/// An event that may have to let others pass.
struct Waiting {
    time: i64,
    number: u64,
    event: Event,
}

impl<'a> Player<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Result<Self, Mistake> {
        plan.check()?;
        let authority = Authority::new(plan.seed).map_err(|error| Mistake::Certificate(error.to_string()))?;
        let chosen = vec![0; plan.hosts.len()];
        let waiting = BinaryHeap::new();
        Ok(Self { plan, view: View { plan }, authority, waiting, number: 0, chosen, met: BTreeMap::new() })
    }

    pub(crate) fn play(mut self, out: &mut dyn FnMut(Event)) {
        for (time, item) in agenda(self.plan) {
            self.release(time, out);
            match item {
                Item::Join(host) => self.join(host, time),
                Item::Conversation(index) => self.converse(index, time),
                Item::Datagram(index) => self.send(index, time),
            }
        }
        self.release(i64::MAX, out);
    }

    /// Lets out what is earlier than a time, microseconds.
    fn release(&mut self, before: i64, out: &mut dyn FnMut(Event)) {
        while self.waiting.peek().is_some_and(|waiting| waiting.0.time < before) {
            let Some(Reverse(waiting)) = self.waiting.pop() else { return };
            out(waiting.event);
        }
    }

    fn wait(&mut self, time: i64, event: Event) {
        self.number += 1;
        self.waiting.push(Reverse(Waiting { time, number: self.number, event }));
    }

    fn record(&mut self, frames: Frames, part: Part) {
        for (time, direction, bytes) in frames {
            self.wait(time, Event::Frame(Frame { time: stamp(time), bytes, direction, part }));
        }
    }

    fn count(&mut self, crossings: Crossings, part: Part, is_lookup: bool) {
        for (time, direction, bytes) in crossings {
            let crossing = Crossing { time: stamp(time), direction, bytes, part, is_lookup };
            self.wait(time, Event::Crossing(crossing));
        }
    }

    fn join(&mut self, index: usize, at: i64) {
        let Some(host) = self.plan.hosts.get(index).filter(|_| self.view.nat().is_none()) else { return };
        let mut dice = self.dice(Part::Network(index), at.cast_unsigned());
        let frames = lan::join(host, &self.plan.router, at, &mut dice);
        self.record(frames, Part::Network(index));
    }

    /// A host makes sure that it knows a neighbour; tells when it can send.
    fn meet(&mut self, (index, host): (usize, &Host), to: IpAddr, at: i64) -> i64 {
        let Some(hop) = self.view.next_hop(to).filter(|_| self.view.nat().is_none()) else { return at };
        let known = self.met.get(&(index, hop.0)).is_some_and(|met| at - met < REMEMBERED);
        if known {
            return at;
        }
        let mut dice = self.dice(Part::Network(index), at.cast_unsigned());
        let frames = lan::meet(host, hop, at, &mut dice);
        let answered = frames.last().map_or(at, |(time, ..)| time + 100);
        self.record(frames, Part::Network(index));
        self.met.insert((index, hop.0), answered);
        answered
    }

    fn converse(&mut self, index: usize, at: i64) {
        let Some(talk) = self.plan.conversations.get(index) else { return };
        let Some(host) = self.plan.hosts.get(talk.host) else { return };
        let mut dice = self.dice(Part::Conversation(index), 0);
        let mut flow = Flow { first: stamp(at), last: stamp(at), ..Flow::default() };
        match self.find((index, talk), host, at, &mut dice) {
            Ok(found) => self.connect((index, talk), host, (found, dice), &mut flow),
            Err((given_up, failure)) => {
                flow.last = stamp(given_up);
                flow.failure = failure;
            }
        }
        self.wait(micros(flow.last), Event::Flow(index, flow));
    }

    /// Looks a name up; tells when it is known, or when and why the host gave up.
    fn find(
        &mut self,
        (index, talk): (usize, &Conversation),
        host: &Host,
        at: i64,
        dice: &mut Dice,
    ) -> Result<i64, (i64, Option<String>)> {
        let resolver = match talk.lookup {
            Lookup::Cached => return Ok(at),
            Lookup::AskAt(resolver) => resolver,
            Lookup::Ask | Lookup::NoSuchName => self.view.resolver(),
        };
        if talk.server.name.parse::<IpAddr>().is_ok() {
            return Ok(at);
        }
        let exists = talk.lookup != Lookup::NoSuchName;
        let mut at = self.meet((talk.host, host), resolver, at);
        let port = self.port(talk.host);
        let Some(exchange) = self.exchange(host, (SocketAddr::new(resolver, 53), port), None) else {
            return Err((at, Some("the host has no address to ask the resolver from".to_owned())));
        };
        let (asked, answer) = udp::question(&talk.server, exists, dice);
        for _ in 0..QUESTIONS {
            let delay = 200 + i64::try_from(dice.below(20_000)).unwrap_or(0);
            let exchanged = exchange.once((at, &asked), Some((delay, &answer)), dice);
            self.record(exchanged.frames, Part::Conversation(index));
            self.count(exchanged.crossings, Part::Conversation(index), true);
            match exchanged.heard {
                Some(heard) if exists => return Ok(heard + 500),
                Some(heard) => return Err((heard, None)),
                None => at += ASKED_AGAIN_AFTER,
            }
        }
        Err((at, Some("the resolver was not heard".to_owned())))
    }

    fn connect(
        &mut self,
        (index, talk): (usize, &Conversation),
        host: &Host,
        (at, mut dice): (i64, Dice),
        flow: &mut Flow,
    ) {
        let start = self.meet((talk.host, host), talk.server.address, at);
        let port = self.port(talk.host);
        let Some(near) = self.view.near(host, talk.server.address, port) else { return };
        let far = self.view.far(talk.server.address, talk.server.port);
        let tls = match self.pair(talk, &mut dice) {
            Ok(tls) => tls,
            Err(error) => {
                flow.failure = Some(error.to_string());
                return;
            }
        };
        let (client, server) = (address(&near), address(&far));
        let hops = (self.view.hops_out(), self.view.hops_from(talk.server.address));
        let turns = if talk.ending == Ending::Distrust { &[] } else { talk.turns.as_slice() };
        let conditions = &self.plan.conditions;
        let play = Talk { start, client, server, hops, turns, ending: talk.ending, conditions };
        let outcome = play.play(tls, dice);
        flow.client = Some(client);
        flow.server = Some(server);
        self.keep(index, (&near, &far), outcome, flow);
    }

    /// Keeps what a connection gave, if it passed the tap.
    fn keep(&mut self, index: usize, (near, far): (&Endpoint, &Endpoint), outcome: Outcome, flow: &mut Flow) {
        let times = || outcome.packets.iter().map(|(time, ..)| *time);
        if let (Some(first), Some(last)) = (times().min(), times().max()) {
            (flow.first, flow.last) = (stamp(first), stamp(last));
        }
        (flow.connected, flow.delivered, flow.failure) =
            (outcome.connected, outcome.delivered, outcome.failure);
        for (time, line) in outcome.secrets {
            self.wait(time, Event::Secret(line));
        }
        self.count(outcome.crossings, Part::Conversation(index), false);
        if !self.view.sees(far.address) {
            return;
        }
        let packets = outcome.packets.into_iter();
        let framed = packets.map(|(time, direction, packet)| {
            (time, direction, self.view.frame((near, far), direction, &packet))
        });
        let frames = framed.collect();
        self.record(frames, Part::Conversation(index));
    }

    fn pair(&mut self, talk: &Conversation, dice: &mut Dice) -> Result<Option<Pair>, rustls::Error> {
        let Security::Tls { version, alpn } = &talk.security else { return Ok(None) };
        let trusted = talk.ending != Ending::Distrust;
        let wish = Wish { server: &talk.server, version: *version, alpn, at: talk.at, trusted };
        Pair::new(&mut self.authority, &wish, dice).map(Some)
    }

    fn send(&mut self, index: usize, at: i64) {
        let Some(datagram) = self.plan.datagrams.get(index) else { return };
        let Some(host) = self.plan.hosts.get(datagram.host) else { return };
        if !self.view.sees(datagram.to.ip()) {
            return;
        }
        let mut dice = self.dice(Part::Datagram(index), 0);
        let at = self.meet((datagram.host, host), datagram.to.ip(), at);
        let port = if datagram.from_port == 0 || self.view.nat().is_some() {
            self.port(datagram.host)
        } else {
            datagram.from_port
        };
        let reply = datagram.reply.as_ref();
        let answer = reply.map(|reply| (pause(reply.delay_ms), reply.bytes.as_slice()));
        let Some(exchange) = self.exchange(host, (datagram.to, port), Some(datagram)) else { return };
        let exchanged = exchange.once((at, &datagram.bytes), answer, &mut dice);
        self.record(exchanged.frames, Part::Datagram(index));
        self.count(exchanged.crossings, Part::Datagram(index), false);
    }

    fn exchange(
        &self,
        host: &Host,
        (to, port): (SocketAddr, u16),
        of: Option<&Datagram>,
    ) -> Option<Exchange<'a>> {
        let near = self.view.near(host, to.ip(), port)?;
        let named = of.and_then(|datagram| datagram.reply.as_ref()?.from);
        let answers = named.unwrap_or_else(|| self.answers(to));
        Some(Exchange {
            near,
            far: self.view.far(to.ip(), to.port()),
            answers: self.view.far(answers.ip(), answers.port()),
            conditions: &self.plan.conditions,
            hops: (self.view.hops_out(), self.view.hops_from(answers.ip())),
        })
    }

    fn answers(&self, to: SocketAddr) -> SocketAddr {
        match to {
            SocketAddr::V4(_) if self.view.is_group(to.ip()) => {
                SocketAddr::new(self.plan.router.v4.into(), to.port())
            }
            SocketAddr::V6(_) if self.view.is_group(to.ip()) => {
                SocketAddr::new(self.plan.router.v6.into(), to.port())
            }
            _ => to,
        }
    }

    /// The next port of a host's choosing: each of the range comes once before one comes again.
    fn port(&mut self, host: usize) -> u16 {
        let host = if self.view.nat().is_some() { 0 } else { host };
        let Some(chosen) = self.chosen.get_mut(host) else { return FIRST_PORT };
        *chosen += 1;
        let start = Dice::new(self.plan.seed ^ host as u64).below(PORTS);
        let step = (start + *chosen * PORT_STEP) % PORTS;
        FIRST_PORT.saturating_add(u16::try_from(step).unwrap_or(0))
    }

    /// All chance of one part of the plan.
    fn dice(&self, part: Part, salt: u64) -> Dice {
        let (kind, index) = match part {
            Part::Conversation(index) => (1, index),
            Part::Datagram(index) => (2, index),
            Part::Network(index) => (3, index),
        };
        let mut dice = Dice::new(self.plan.seed ^ salt);
        let seed = dice.roll() ^ (index as u64).wrapping_mul(4).wrapping_add(kind);
        Dice::new(Dice::new(seed).roll())
    }
}

/// What begins when (microseconds, rounded up), in order.
fn agenda(plan: &Plan) -> Vec<(i64, Item)> {
    let joins = plan.hosts.iter().enumerate();
    let joins =
        joins.flat_map(|(index, host)| host.joins.iter().map(move |at| (micros(*at), Item::Join(index))));
    let talks = plan.conversations.iter().enumerate();
    let talks = talks.map(|(index, talk)| (micros(talk.at), Item::Conversation(index)));
    let datagrams = plan.datagrams.iter().enumerate();
    let datagrams = datagrams.map(|(index, datagram)| (micros(datagram.at), Item::Datagram(index)));
    let mut agenda: Vec<_> = joins.chain(talks).chain(datagrams).collect();
    agenda.sort();
    agenda
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Join(usize),
    Conversation(usize),
    Datagram(usize),
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.time, self.number).cmp(&(other.time, other.number))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Waiting {}

fn address(endpoint: &Endpoint) -> SocketAddr {
    SocketAddr::new(endpoint.address, endpoint.port)
}

fn stamp(micros: i64) -> Timestamp {
    Timestamp(micros.saturating_mul(1000))
}

fn micros(time: Timestamp) -> i64 {
    time.0.div_euclid(1000) + i64::from(time.0.rem_euclid(1000) > 0)
}

/// Microseconds after which a host asks again for a neighbour.
const REMEMBERED: i64 = 600_000_000;
/// How often a host asks a resolver that is not heard.
const QUESTIONS: u32 = 4;
/// Microseconds.
const ASKED_AGAIN_AFTER: i64 = 5_000_000;
/// Linux chooses from 32768 to 60999.
const FIRST_PORT: u16 = 32_768;
const PORTS: u64 = 28_232;
/// Has no divisor in common with the number of ports.
const PORT_STEP: u64 = 7919;
