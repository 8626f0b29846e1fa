//! A scenario played on a virtual clock: the script's events, what the senders do about them, and all that comes
//! of it.
//!
//! Whatever is to happen waits in one queue, by time and then by when it was put there. Taking an event changes the
//! state, wakes senders, starts timers. A sender that sends makes its request, is told the reply, and lets
//! `sent:`, `accepted:` or `refused:` happen, so that one sender may follow another.

mod http;
mod values;

use std::collections::BTreeMap;

use testkit::Dice;
use time::OffsetDateTime;

pub use self::values::VALUES;
use self::values::{Filling, Occasion};
use crate::{
    Conditions, Deed, Kept, LabError, MadeId, Reply, Scenario, Sender, Timer, scenario::Span, template,
};

/// All that happened.
#[derive(Debug, Default)]
pub(crate) struct Played {
    /// Requests over TCP.
    pub(crate) exchanges: Vec<Exchange>,
    /// Datagrams.
    pub(crate) datagrams: Vec<Thrown>,
    /// Events, in order.
    pub(crate) events: Vec<Happened>,
    /// Operations that need a permission, in order.
    pub(crate) operations: Vec<Done>,
    /// Lines that apps wrote to the log.
    pub(crate) log: Vec<Logged>,
    /// Text messages, in order.
    pub(crate) messages: Vec<Message>,
    /// What the identifiers of the scenario's `ids` were in turn, by name.
    pub(crate) ids: BTreeMap<String, Vec<String>>,
}

/// A request, and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    /// Nanoseconds since 1970.
    pub(crate) at: i64,
    /// Which sender.
    pub(crate) sender: usize,
    /// Which server.
    pub(crate) server: String,
    /// What is said in turn, the phone first. Empty: only the name is asked for.
    pub(crate) turns: Vec<Vec<u8>>,
    /// How long the connection stays open behind that.
    pub(crate) keep: Span,
    /// Over which network.
    pub(crate) way: Way,
}

/// The network that something goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    /// The mobile network: past the capture.
    Mobile,
    /// The Wi-Fi that the capture is made in.
    Wifi,
}

/// A datagram, and what came back.
#[derive(Clone, Debug)]
pub(crate) struct Thrown {
    pub(crate) at: i64,
    pub(crate) sender: usize,
    pub(crate) server: String,
    pub(crate) from_port: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) reply: Vec<u8>,
    pub(crate) way: Way,
}

/// An event that happened.
#[derive(Clone, Debug)]
pub(crate) struct Happened {
    pub(crate) at: i64,
    pub(crate) deed: Deed,
}

/// An operation that needs a permission.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) at: i64,
    /// Which sender.
    pub(crate) sender: usize,
    /// Its name.
    pub(crate) operation: String,
}

/// A line of the log.
#[derive(Clone, Debug)]
pub(crate) struct Logged {
    pub(crate) at: i64,
    pub(crate) package: String,
    pub(crate) level: String,
    pub(crate) tag: String,
    pub(crate) text: String,
}

/// A text message.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) at: i64,
    /// From the phone.
    pub(crate) is_outgoing: bool,
    pub(crate) peer: String,
    pub(crate) text: String,
    pub(crate) kept: Kept,
    /// The package that sent it.
    pub(crate) package: String,
}

/// Something a sender sent: the truth that findings are held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Nanoseconds since 1970.
    pub at: i64,
    /// The sender's name.
    pub sender: String,
    /// The host, or its address where it has no name.
    pub host: String,
    /// Bytes said by the phone, before encryption.
    pub bytes: usize,
    /// It went over the mobile network, past the capture.
    pub is_mobile: bool,
}

/// Plays a scenario to its end.
pub(crate) fn play(scenario: &Scenario) -> Result<Played, LabError> {
    let mut stage = Stage::new(scenario)?;
    stage.raise()?;
    stage.run()?;
    Ok(stage.played)
}

/// What waits.
#[derive(Clone, Debug)]
enum Action {
    /// An event happens.
    Event(Deed),
    /// A sender sends.
    Fire(usize, Occasion),
    /// A sender's timer rings, for the so manyth time since its so manyth start.
    Ring { sender: usize, start: u32, count: u32, first: i64 },
    /// A sender tries again, if it still has to.
    Retry { sender: usize, chain: u32, occasion: Occasion, left: u32, wait: i64 },
    /// A sender sends what it gathered.
    Flush(usize),
}

/// What is known of a sender while it runs.
#[derive(Clone, Debug, Default)]
struct Running {
    is_done: bool,
    /// Counts up for ever: `${counter}`.
    counter: u64,
    /// Counts since it was armed: `${attempt}`.
    attempt: u32,
    timer_start: u32,
    chain: u32,
    items: Vec<Vec<u8>>,
}

struct Stage<'a> {
    scenario: &'a Scenario,
    /// By time, then by when it was put there.
    queue: BTreeMap<(i64, u64), Action>,
    put: u64,
    now: i64,
    end: i64,
    state: BTreeMap<String, String>,
    ids: BTreeMap<String, String>,
    running: Vec<Running>,
    dice: Dice,
    /// For what the phone keeps over several scenarios.
    phone_dice: Dice,
    booted: i64,
    played: Played,
}

impl<'a> Stage<'a> {
    fn new(scenario: &'a Scenario) -> Result<Self, LabError> {
        let start = crate::scenario::nanos(scenario.start);
        let phone = scenario.phone.imei.first().unwrap_or(&scenario.phone.wifi_mac);
        let mut state = scenario.state.clone();
        state.entry("slot1".to_owned()).or_insert_with(|| "1".to_owned());
        state.entry("slot2".to_owned()).or_insert_with(|| "2".to_owned());
        state.entry("cell".to_owned()).or_insert_with(|| "1".to_owned());
        Ok(Self {
            scenario,
            queue: BTreeMap::new(),
            put: 0,
            now: start,
            end: start.saturating_add(scenario.length.nanos()),
            state,
            ids: BTreeMap::new(),
            running: vec![Running::default(); scenario.senders.len()],
            dice: Dice::new(scenario.seed ^ seed_of(phone)),
            phone_dice: Dice::new(seed_of(phone)),
            booted: start,
            played: Played::default(),
        })
    }

    /// What is known from the beginning.
    fn raise(&mut self) -> Result<(), LabError> {
        let scenario = self.scenario;
        for id in &scenario.ids {
            self.make_id(id)?;
        }
        for event in &scenario.events {
            let mut at = event.at.at(scenario.start);
            let mut left = event.times.unwrap_or(if event.every.is_some() { u32::MAX } else { 1 });
            while left > 0 && at < self.end {
                let mut then = at;
                self.put(then, Action::Event(event.deed.clone()))?;
                for step in &event.then {
                    then = then.saturating_add(step.after.nanos());
                    self.put(then, Action::Event(step.deed.clone()))?;
                }
                at = at.saturating_add(event.every.unwrap_or_default().nanos().max(1));
                left = left.saturating_sub(1);
            }
        }
        for (index, sender) in scenario.senders.iter().enumerate() {
            if let Some(timer) = sender.timer.as_ref().filter(|timer| timer.from.is_empty()) {
                self.start_timer(index, timer)?;
            }
        }
        Ok(())
    }

    fn run(&mut self) -> Result<(), LabError> {
        let mut count = 0usize;
        while let Some(((at, _), action)) = self.queue.pop_first() {
            if at >= self.end {
                break;
            }
            count = count.saturating_add(1);
            if count > MOST {
                return Err(LabError::TooMuch(MOST));
            }
            self.now = at;
            self.act(action)?;
        }
        Ok(())
    }

    fn put(&mut self, at: i64, action: Action) -> Result<(), LabError> {
        if self.queue.len() >= MOST {
            return Err(LabError::TooMuch(MOST));
        }
        self.put = self.put.wrapping_add(1);
        self.queue.insert((at, self.put), action);
        Ok(())
    }

    fn act(&mut self, action: Action) -> Result<(), LabError> {
        match action {
            Action::Event(deed) => self.happen(deed),
            Action::Fire(sender, occasion) => self.fire(sender, occasion),
            Action::Flush(sender) => self.flush(sender),
            Action::Retry { sender, chain, occasion, left, wait } => {
                self.retry(sender, chain, occasion, (left, wait))
            }
            Action::Ring { sender, start, count, first } => self.ring(sender, start, count, first),
        }
    }

    /// An event of the script, or one that a sender let happen.
    fn happen(&mut self, deed: Deed) -> Result<(), LabError> {
        if deed.kind == "boot" {
            self.booted = self.now;
        }
        self.state.extend(deed.set.clone());
        let scenario = self.scenario;
        for id in scenario.ids.iter().filter(|id| id.renew.contains(&deed.kind)) {
            self.make_id(id)?;
        }
        for (index, sender) in scenario.senders.iter().enumerate() {
            self.notice(index, sender, &deed)?;
        }
        self.message(&deed);
        self.played.events.push(Happened { at: self.now, deed });
        Ok(())
    }

    /// What an event is to a sender.
    fn notice(&mut self, index: usize, sender: &Sender, deed: &Deed) -> Result<(), LabError> {
        if sender.rearm.contains(&deed.kind)
            && let Some(running) = self.running.get_mut(index)
        {
            running.is_done = false;
            running.attempt = 0;
        }
        if let Some(timer) = sender.timer.as_ref().filter(|timer| timer.from == deed.kind) {
            self.start_timer(index, timer)?;
        }
        if sender.on.contains(&deed.kind) {
            let at = self.now.saturating_add(sender.lag.nanos()).saturating_add(self.some(sender.jitter));
            self.put(at, Action::Fire(index, Occasion::of(deed)))?;
        }
        Ok(())
    }

    fn message(&mut self, deed: &Deed) {
        let is_outgoing = match deed.kind.as_str() {
            "sms-received" => false,
            "sms-sent" => true,
            _ => return,
        };
        let detail = |key: &str| deed.detail.get(key).cloned().unwrap_or_default();
        let kept = Kept::Sent;
        let (peer, text) = (detail("number"), detail("text"));
        let package = "com.android.mms".to_owned();
        self.played.messages.push(Message { at: self.now, is_outgoing, peer, text, kept, package });
    }

    fn make_id(&mut self, id: &MadeId) -> Result<(), LabError> {
        // From the phone alone, so that an identifier is the same in another scenario of this phone.
        let rolls = self.played.ids.get(&id.name).map_or(0, Vec::len);
        let kept =
            std::mem::replace(&mut self.dice, Dice::new(seed_of(&id.name) ^ self.phone_dice.clone().roll()));
        for _ in 0..rolls {
            self.dice.roll();
        }
        let made = template::text(&id.value, &mut Filling::new(self, None, &Occasion::default()));
        self.dice = kept;
        let made = made?;
        self.played.ids.entry(id.name.clone()).or_default().push(made.clone());
        self.ids.insert(id.name.clone(), made);
        Ok(())
    }

    fn start_timer(&mut self, index: usize, timer: &Timer) -> Result<(), LabError> {
        let Some(running) = self.running.get_mut(index) else { return Ok(()) };
        running.timer_start = running.timer_start.wrapping_add(1);
        let start = running.timer_start;
        let first = self.now.saturating_add(timer.first.nanos());
        let at = first.saturating_add(self.some(timer.jitter));
        self.put(at, Action::Ring { sender: index, start, count: 1, first })
    }

    fn ring(&mut self, index: usize, start: u32, count: u32, first: i64) -> Result<(), LabError> {
        let scenario = self.scenario;
        let Some(timer) = scenario.senders.get(index).and_then(|sender| sender.timer.as_ref()) else {
            return Ok(());
        };
        if self.running.get(index).is_none_or(|running| running.timer_start != start) {
            return Ok(());
        }
        self.fire(index, Occasion::default())?;
        let next = match timer.every {
            Some(every) => Some(first.saturating_add(every.nanos().saturating_mul(i64::from(count)))),
            None if timer.monthly => months_later(first, count, scenario.start.offset()),
            None => None,
        };
        match next.filter(|_| timer.most.is_none_or(|most| count < most)) {
            Some(next) => {
                let at = next.saturating_add(self.some(timer.jitter)).max(self.now.saturating_add(1));
                self.put(at, Action::Ring { sender: index, start, count: count.saturating_add(1), first })
            }
            None => Ok(()),
        }
    }

    /// A sender is to send, or to gather.
    fn fire(&mut self, index: usize, occasion: Occasion) -> Result<(), LabError> {
        let scenario = self.scenario;
        let Some(sender) = scenario.senders.get(index) else { return Ok(()) };
        let is_done = self.running.get(index).is_none_or(|running| running.is_done);
        if is_done || !self.hold(&sender.when) {
            return Ok(());
        }
        if let Some(running) = self.running.get_mut(index) {
            // An earlier row of attempts gives way to this one.
            running.chain = running.chain.wrapping_add(1);
        }
        if sender.batch.is_some() {
            self.gather(index, sender, &occasion)
        } else {
            self.send(index, sender, occasion, None)
        }
    }

    fn gather(&mut self, index: usize, sender: &Sender, occasion: &Occasion) -> Result<(), LabError> {
        let Some(batch) = &sender.batch else { return Ok(()) };
        let item = template::made(&batch.item, &[], &mut Filling::new(self, Some(index), occasion))?;
        let Some(running) = self.running.get_mut(index) else { return Ok(()) };
        running.counter = running.counter.saturating_add(1);
        running.items.push(item);
        match running.items.len() {
            full if full >= batch.most => self.flush(index),
            1 => self.put(self.now.saturating_add(batch.every.nanos()), Action::Flush(index)),
            _ => Ok(()),
        }
    }

    fn flush(&mut self, index: usize) -> Result<(), LabError> {
        let scenario = self.scenario;
        let Some(sender) = scenario.senders.get(index) else { return Ok(()) };
        let Some(running) = self.running.get_mut(index) else { return Ok(()) };
        let items = std::mem::take(&mut running.items);
        if items.is_empty() {
            return Ok(());
        }
        let between = sender.batch.as_ref().map_or("", |batch| &batch.between);
        let occasion = Occasion { items: items.join(between.as_bytes()), ..Occasion::default() };
        self.send(index, sender, occasion, None)
    }

    fn retry(
        &mut self,
        index: usize,
        chain: u32,
        occasion: Occasion,
        row: (u32, i64),
    ) -> Result<(), LabError> {
        let scenario = self.scenario;
        let Some(sender) = scenario.senders.get(index) else { return Ok(()) };
        let is_due =
            self.running.get(index).is_some_and(|running| !running.is_done && running.chain == chain);
        if is_due && self.hold(&sender.when) { self.send(index, sender, occasion, Some(row)) } else { Ok(()) }
    }

    /// A sender sends; `row` says how many attempts are left and how long the last wait was.
    fn send(
        &mut self,
        index: usize,
        sender: &Sender,
        mut occasion: Occasion,
        row: Option<(u32, i64)>,
    ) -> Result<(), LabError> {
        if let Some(running) = self.running.get_mut(index) {
            running.counter = running.counter.saturating_add(1);
            running.attempt = running.attempt.saturating_add(1);
        }
        self.make_parts(index, sender, &mut occasion)?;
        self.operate(index, sender);
        let reply = self.reply(index, sender);
        self.say(index, sender, &occasion, reply)?;
        self.write(index, sender, &occasion)?;
        self.text(index, sender, &occasion)?;
        self.conclude(index, sender, occasion, (reply, row))
    }

    fn make_parts(&mut self, index: usize, sender: &Sender, occasion: &mut Occasion) -> Result<(), LabError> {
        for part in &sender.parts {
            let value = if self.hold(&part.when) {
                template::made(&part.value, &part.encode, &mut Filling::new(self, Some(index), occasion))?
            } else {
                Vec::new()
            };
            occasion.parts.insert(part.name.clone(), value);
        }
        Ok(())
    }

    /// Notes what it had to be allowed to do.
    fn operate(&mut self, index: usize, sender: &Sender) {
        let at = self.now.saturating_sub(READ_AHEAD);
        let done =
            sender.uses.iter().map(|operation| Done { at, sender: index, operation: operation.clone() });
        self.played.operations.extend(done);
    }

    /// The first reply whose condition holds.
    fn reply<'s>(&self, index: usize, sender: &'s Sender) -> Option<&'s Reply> {
        let attempt = self.running.get(index).map_or(0, |running| running.attempt);
        sender.replies.iter().find(|reply| attempt >= reply.from_attempt && self.hold(&reply.when))
    }

    fn say(
        &mut self,
        index: usize,
        sender: &Sender,
        occasion: &Occasion,
        reply: Option<&Reply>,
    ) -> Result<(), LabError> {
        let scenario = self.scenario;
        let way = self.way(sender);
        if let Some(request) = &sender.request
            && let Some(server) = scenario.server(&request.server)
        {
            let mut filling = Filling::new(self, Some(index), occasion);
            let mut turns = http::turns(server, request, reply, &mut filling)?;
            if server.address.is_none() {
                turns.clear();
            }
            self.played.exchanges.push(Exchange {
                at: self.now,
                sender: index,
                server: server.name.clone(),
                turns,
                keep: request.keep,
                way,
            });
        }
        if let Some(datagram) = &sender.datagram {
            let mut filling = Filling::new(self, Some(index), occasion);
            let body = template::made(&datagram.body, &[], &mut filling)?;
            let reply = template::made(&datagram.reply, &[], &mut filling)?;
            let (server, from_port) = (datagram.server.clone(), datagram.from_port);
            self.played.datagrams.push(Thrown {
                at: self.now,
                sender: index,
                server,
                from_port,
                body,
                reply,
                way,
            });
        }
        Ok(())
    }

    fn write(&mut self, index: usize, sender: &Sender, occasion: &Occasion) -> Result<(), LabError> {
        for line in &sender.log {
            let text = template::text(&line.text, &mut Filling::new(self, Some(index), occasion))?;
            self.played.log.push(Logged {
                at: self.now.saturating_sub(LOG_AHEAD),
                package: sender.package.clone(),
                level: line.level.clone(),
                tag: line.tag.clone(),
                text,
            });
        }
        Ok(())
    }

    fn text(&mut self, index: usize, sender: &Sender, occasion: &Occasion) -> Result<(), LabError> {
        let Some(sms) = &sender.sms else { return Ok(()) };
        let mut filling = Filling::new(self, Some(index), occasion);
        let peer = template::text(&sms.to, &mut filling)?;
        let text = template::text(&sms.text, &mut filling)?;
        let package = sender.package.clone();
        self.played.messages.push(Message {
            at: self.now,
            is_outgoing: true,
            peer,
            text,
            kept: sms.stored,
            package,
        });
        Ok(())
    }

    /// What the reply means: what happens next, and whether the sender tries again.
    fn conclude(
        &mut self,
        index: usize,
        sender: &Sender,
        occasion: Occasion,
        (reply, row): (Option<&Reply>, Option<(u32, i64)>),
    ) -> Result<(), LabError> {
        let resolves = sender.request.as_ref().is_none_or(|request| {
            self.scenario.server(&request.server).is_some_and(|server| server.address.is_some())
        });
        let is_accepted = resolves && reply.is_none_or(|reply| reply.accepted);
        let outcome = if is_accepted { "accepted" } else { "refused" };
        if let Some(reply) = reply.filter(|_| resolves) {
            self.state.extend(reply.set.clone());
        }
        if let Some(running) = self.running.get_mut(index)
            && (sender.until == "sent" || sender.until == outcome)
        {
            running.is_done = true;
        }
        for word in ["sent", outcome] {
            let kind = format!("{word}:{}", sender.name);
            let deed = Deed { kind, set: BTreeMap::new(), unseen: true, detail: occasion.detail.clone() };
            self.put(self.now.saturating_add(ANSWER_TAKES), Action::Event(deed))?;
        }
        if is_accepted { Ok(()) } else { self.plan_retry(index, sender, occasion, row) }
    }

    fn plan_retry(
        &mut self,
        index: usize,
        sender: &Sender,
        occasion: Occasion,
        row: Option<(u32, i64)>,
    ) -> Result<(), LabError> {
        let Some(retry) = &sender.retry else { return Ok(()) };
        let chain = self.running.get(index).map_or(0, |running| running.chain);
        let (left, wait) = match row {
            Some((left, wait)) => (left, wait.saturating_mul(i64::from(retry.backoff))),
            None => (retry.most.unwrap_or(u32::MAX), retry.every.nanos()),
        };
        if left == 0 {
            return Ok(());
        }
        let at = self.now.saturating_add(wait).saturating_add(self.some(sender.jitter));
        self.put(at, Action::Retry { sender: index, chain, occasion, left: left.saturating_sub(1), wait })
    }

    /// Whether conditions hold now.
    fn hold(&self, conditions: &Conditions) -> bool {
        conditions.iter().all(|(name, words)| words.hold(&self.word(name)))
    }

    /// What the state says of a name.
    fn word(&self, name: &str) -> String {
        match name {
            "sim_country" => self.sim(1).map(|sim| sim.country.clone()).unwrap_or_default(),
            name => self.state.get(name).cloned().unwrap_or_default(),
        }
    }

    /// Over which network a sender sends now: other machines have the Wi-Fi only.
    fn way(&self, sender: &Sender) -> Way {
        if sender.host.is_empty() && self.word("network") == "mobile" { Way::Mobile } else { Way::Wifi }
    }

    /// The SIM in a slot.
    fn sim(&self, slot: usize) -> Option<&'a crate::Sim> {
        let number: usize = self.state.get(&format!("slot{slot}"))?.parse().ok()?;
        self.scenario.sims.get(number.checked_sub(1)?)
    }

    /// Up to so long, at random.
    fn some(&mut self, most: Span) -> i64 {
        let most = u64::try_from(most.nanos()).unwrap_or(0);
        if most == 0 { 0 } else { i64::try_from(self.dice.below(most)).unwrap_or(0) }
    }
}

/// The same day and clock so many months after `first`, or the month's last day.
fn months_later(first: i64, months: u32, offset: time::UtcOffset) -> Option<i64> {
    let first = OffsetDateTime::from_unix_timestamp_nanos(i128::from(first)).ok()?.to_offset(offset);
    let month = i64::from(u8::from(first.month())).checked_sub(1)?.checked_add(i64::from(months))?;
    let year = i64::from(first.year()).checked_add(month.div_euclid(12))?;
    let month = time::Month::try_from(u8::try_from(month.rem_euclid(12).checked_add(1)?).ok()?).ok()?;
    let year = i32::try_from(year).ok()?;
    let date = time::Date::from_calendar_date(year, month, first.day().min(month.length(year))).ok()?;
    i64::try_from(first.replace_date(date).unix_timestamp_nanos()).ok()
}

/// FNV-1a: a seed from words.
fn seed_of(words: &str) -> u64 {
    words
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// At most so many things happen: a year of one a minute.
const MOST: usize = 600_000;

/// When the answer is there.
const ANSWER_TAKES: i64 = 400_000_000;

/// An app reads what it sends before it does.
const READ_AHEAD: i64 = 120_000_000;

/// An app writes its line just before it sends.
const LOG_AHEAD: i64 = 12_000_000;
