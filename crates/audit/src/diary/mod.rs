//! What was said to each receiver over time: the worker's notes from which [behaviours](crate::behaviours) are judged.
//!
//! A [`Series`] is what is asked of one receiver in one way (`GET /v1/*`): when, with what success, with which
//! [fields](fields), and what [came back](inward) in answer. Of everything the earliest few are kept, so that it does
//! not matter which worker hears what; all are counted.

mod book;
mod content;
mod different;
mod fields;
mod inward;
mod names;
mod plain;
mod told;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    hash::BuildHasher,
    net::IpAddr,
    ops::RangeInclusive,
};

use evidence::{ExchangeId, FlowId, FrameNo, Occurrence, Security, SightingGroup, Timestamp};
use foldhash::{HashMap, HashSet, fast::FixedState};
use wire::{Head, Message, Sender};

use crate::{gather::Interner, packed::Packed};

pub(crate) use self::{
    book::{Book, Entry as BookEntry, Whom, book},
    content::content,
    fields::{FieldNotes, Looked, hash_of, is_closed, long_values, look},
    inward::{List, add_switch, lists, plain_list, results, switches},
    names::{NameNotes, Told, add_name},
    plain::Body,
    told::fields,
};

/// One worker's notes.
#[derive(Debug, Default)]
pub(crate) struct Diary {
    /// Hosts, else addresses, of receivers.
    receivers: Interner<String>,
    /// `METHOD /path`.
    requests: Interner<String>,
    series: HashMap<SeriesKey, Series>,
    /// Exchanges that are not over, and their series.
    open: BTreeMap<ExchangeId, SeriesKey>,
    /// Hashes of long values that came in: who sends one of them back tells nothing new.
    pub(crate) heard: HashSet<u64>,
    /// What was asked of resolvers.
    pub(crate) names: NameNotes,
    /// Messages of which no note was made, because there are too many different ones.
    pub(crate) dropped: u64,
    /// Requests of which it is not remembered who asked whom, because there are too many.
    pub(crate) parties_dropped: u64,
    /// Fields that are kept notes of, in all series, and times that one was met of which there are none.
    fields: usize,
    pub(crate) fields_dropped: u64,
    /// Messages whose fields were noted.
    messages: u64,
}

/// A receiver and a request, by their local numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SeriesKey {
    receiver: u32,
    request: u32,
}

/// Between whom a request went: numbers as the worker's other tables have them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Parties {
    pub(crate) endpoint: u32,
    pub(crate) app: u32,
    pub(crate) device: u32,
}

/// What is asked of a receiver in one way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series {
    /// Who asked whom: one worker's numbers, which no merging keeps.
    parties: BTreeSet<Parties>,
    pub(crate) count: u64,
    pub(crate) first: Option<Timestamp>,
    pub(crate) last: Timestamp,
    /// Whether any of it went in the clear.
    pub(crate) clear: bool,
    /// Whether its protocol has an answer to each request, so that silence is a failure.
    pub(crate) owed: bool,
    /// The earliest, in order.
    pub(crate) moments: BTreeMap<(Timestamp, ExchangeId), Moment>,
    pub(crate) fields: BTreeMap<u64, FieldNotes>,
    /// Lists of texts that came back, by their path.
    pub(crate) lists: BTreeMap<String, List>,
    /// Switches that came back: field, and the values it had.
    pub(crate) switches: BTreeMap<String, BTreeMap<String, Occurrence>>,
    /// The first few requests.
    pub(crate) proofs: Vec<Packed>,
    /// A few from all of the time, by a number that is drawn from the exchange: whoever hears what, the same are kept.
    pub(crate) spread: BTreeMap<u64, Packed>,
    /// The first few answers.
    pub(crate) answers: Vec<Packed>,
}

/// One time that it was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Whether the receiver's side acknowledged all of it.
    pub(crate) delivered: bool,
    /// Where there is no answer: what is known of that.
    pub(crate) silence: Silence,
    pub(crate) answer: Option<Answer>,
    /// The frame that it begins in.
    pub(crate) frame: FrameNo,
    /// The device that asked.
    pub(crate) device: Option<IpAddr>,
    /// What it said, as a [number](content()).
    pub(crate) content: u32,
}

/// What is known of a receiver that gave no answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Silence {
    /// Its side did not acknowledge a single byte, and there was time for it.
    Absent,
    /// All that its side said was recorded, up to the end of the connection.
    Ended,
    /// Nothing: what its side said was not recorded, or not all of it, or not to the end.
    #[default]
    Unknown,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// What the receiver calls the outcome, and the outcome: a code, and words.
    pub(crate) results: Vec<(String, String)>,
    /// The capture lacks its end, and the outcome may stand there.
    pub(crate) cut: bool,
}

impl Diary {
    /// The series of a request, and whether its proof is one of those that are kept. `None` where there are too many.
    pub(crate) fn request(
        &mut self,
        (receiver, request): (&str, &str),
        parties: Parties,
        (time, exchange): (Timestamp, ExchangeId),
        security: Security,
    ) -> Option<(SeriesKey, bool)> {
        let key =
            SeriesKey { receiver: self.receivers.intern(receiver), request: self.requests.intern(request) };
        if self.series.len() >= SERIES && !self.series.contains_key(&key) {
            self.dropped += 1;
            return None;
        }
        let series = self.series.entry(key).or_default();
        series.count += 1;
        if series.parties.len() < PARTIES || series.parties.contains(&parties) {
            series.parties.insert(parties);
        } else {
            self.parties_dropped += 1;
        }
        series.first = Some(series.first.map_or(time, |first| first.min(time)));
        series.last = series.last.max(time);
        series.clear |= security == Security::Clear;
        if series.keep((time, exchange), Moment::default()) && self.open.len() < OPEN {
            self.open.insert(exchange, key);
        }
        let proofs = &series.proofs;
        let early = proofs.len() < SightingGroup::PROOFS
            || proofs.last().is_some_and(|last| exchange < last.exchange);
        let drawn = series.spread.len() < SPREAD
            || series.spread.last_key_value().is_some_and(|(last, _)| draw(exchange) < *last);
        Some((key, early || drawn))
    }

    /// Notes in which frame a request begins, and which device it is of.
    pub(crate) fn locate(
        &mut self,
        key: SeriesKey,
        place: (Timestamp, ExchangeId),
        (frame, device): (FrameNo, IpAddr),
    ) {
        if let Some(moment) = self.moment_of(key, place) {
            (moment.frame, moment.device) = (frame, Some(device));
        }
    }

    fn moment_of(&mut self, key: SeriesKey, place: (Timestamp, ExchangeId)) -> Option<&mut Moment> {
        self.series.get_mut(&key)?.moments.get_mut(&place)
    }

    /// Notes that each of these requests has an answer of its own, if all goes well.
    pub(crate) fn owe(&mut self, key: SeriesKey) {
        self.series.get_mut(&key).into_iter().for_each(|series| series.owed = true);
    }

    /// Keeps a request as a proof.
    pub(crate) fn prove(&mut self, key: SeriesKey, proof: Occurrence) {
        if let Some(series) = self.series.get_mut(&key) {
            let proof = Packed::new(proof);
            series.spread.entry(draw(proof.exchange)).or_insert_with(|| proof.clone());
            if series.spread.len() > SPREAD {
                series.spread.pop_last();
            }
            Packed::keep(&mut series.proofs, [proof]);
        }
    }

    /// Notes the fields of a request.
    pub(crate) fn tell_fields(
        &mut self,
        key: SeriesKey,
        looked: &[Looked<'_>],
        place: (Timestamp, ExchangeId),
        proof: impl Fn(&Looked<'_>) -> Occurrence,
    ) {
        if let Some(moment) = self.moment_of(key, place) {
            moment.content = content(looked, place.0);
        }
        let Some(series) = self.series.get_mut(&key) else { return };
        self.messages += 1;
        for field in looked {
            let full = series.fields.len() >= FIELDS || self.fields >= ALL_FIELDS;
            let notes = match series.fields.get_mut(&field.hash) {
                Some(notes) => notes,
                None if full => {
                    self.fields_dropped += 1;
                    continue;
                }
                None => {
                    self.fields += 1;
                    series.fields.entry(field.hash).or_insert_with(|| FieldNotes::new(field))
                }
            };
            notes.note(field, (self.messages, place), || proof(field));
        }
    }

    /// Notes the long values of a message that came in.
    pub(crate) fn hear(&mut self, values: impl Iterator<Item = u64>) {
        let room = HEARD.saturating_sub(self.heard.len());
        self.heard.extend(values.take(room));
    }

    /// The series that an exchange belongs to, while it is open.
    pub(crate) fn series_of(&mut self, exchange: ExchangeId) -> Option<&mut Series> {
        self.series.get_mut(self.open.get(&exchange)?)
    }

    /// An exchange was answered.
    pub(crate) fn answer(&mut self, exchange: ExchangeId, answer: Answer) {
        let Some(series) = self.open.remove(&exchange).and_then(|key| self.series.get_mut(&key)) else {
            return;
        };
        if let Some(moment) = series.moment(exchange) {
            (moment.delivered, moment.answer) = (true, Some(answer));
        }
    }

    /// A flow is over; what it still owes an answer got there, or did not, and nobody answers it any more.
    pub(crate) fn close(&mut self, flow: FlowId, all_acknowledged: bool, silence: Silence) {
        let of_flow: RangeInclusive<ExchangeId> =
            ExchangeId { flow, index: 0 }..=ExchangeId { flow, index: u32::MAX };
        let left: Vec<(ExchangeId, SeriesKey)> =
            self.open.range(of_flow).map(|(id, key)| (*id, *key)).collect();
        for (exchange, key) in left {
            self.open.remove(&exchange);
            let moment = self.series.get_mut(&key).and_then(|series| series.moment(exchange));
            if let Some(moment) = moment {
                moment.delivered |= all_acknowledged;
                moment.silence = silence;
            }
        }
    }
}

impl Series {
    /// A field beside another one whose values are numbers that grow with the time.
    pub(crate) fn counter(&self, beside: &FieldNotes) -> Option<&FieldNotes> {
        let mut counters = self.fields.values().filter(|field| field.path != beside.path && field.counts());
        counters.next()
    }

    /// Whether all of its moments are kept.
    pub(crate) fn is_whole(&self) -> bool {
        self.moments.len() as u64 == self.count
    }

    /// Keeps a moment where it is among the earliest.
    fn keep(&mut self, place: (Timestamp, ExchangeId), moment: Moment) -> bool {
        if self.moments.len() >= MOMENTS
            && self.moments.last_key_value().is_some_and(|(last, _)| *last < place)
        {
            return false;
        }
        if let Entry::Vacant(vacant) = self.moments.entry(place) {
            vacant.insert(moment);
        }
        if self.moments.len() > MOMENTS {
            self.moments.pop_last();
        }
        true
    }

    /// The latest moment of an exchange: one may send several messages.
    fn moment(&mut self, exchange: ExchangeId) -> Option<&mut Moment> {
        let found = self.moments.keys().rev().find(|(_, known)| *known == exchange).copied()?;
        self.moments.get_mut(&found)
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.first = self.first.into_iter().chain(other.first).min();
        self.last = self.last.max(other.last);
        self.clear |= other.clear;
        self.owed |= other.owed;
        for (place, moment) in other.moments {
            self.keep(place, moment);
        }
        for (hash, notes) in other.fields {
            match self.fields.get_mut(&hash) {
                Some(known) => known.merge(notes),
                None => drop(self.fields.insert(hash, notes)),
            }
        }
        for (path, list) in other.lists {
            match self.lists.get_mut(&path) {
                Some(known) => known.merge(list),
                None => drop(self.lists.insert(path, list)),
            }
        }
        for (field, values) in other.switches {
            add_switch(&mut self.switches, field, values);
        }
        Packed::keep(&mut self.proofs, other.proofs);
        self.spread.extend(other.spread);
        while self.spread.len() > SPREAD {
            self.spread.pop_last();
        }
        Packed::keep(&mut self.answers, other.answers);
    }
}

/// A number drawn from an exchange's own, the same in every run.
fn draw(exchange: ExchangeId) -> u64 {
    FixedState::default().hash_one(exchange)
}

/// How a request is called: its method and its path, with `*` for parts that differ from one time to the other; of
/// messages without a method, the protocol. `None` for what no app says of its own will.
pub(crate) fn request_of(message: &Message) -> Option<String> {
    if message.sender != Sender::Originator || message.position != 0 {
        return None;
    }
    match &message.head {
        Head::Http(head) if message.protocol != "SSDP" && !head.method.is_empty() => {
            Some(format!("{} {}", head.method, path_shape(&head.target)))
        }
        Head::Named(head) if !head.method.is_empty() => {
            Some(format!("{} {} {}", message.protocol, head.method, path_shape(&head.target)))
        }
        Head::Raw if matches!(message.protocol, "TCP" | "UDP" | "WebSocket") => {
            Some(format!("{} data", message.protocol))
        }
        _ => None,
    }
}

/// A path without its query, in which numbers and random names are `*`.
fn path_shape(target: &str) -> String {
    let path = target.split(['?', '#', ';']).next().unwrap_or_default();
    let path = path.find("://").map_or(path, |scheme| {
        let rest = path.get(scheme + 3..).unwrap_or_default();
        rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or("/")
    });
    let last = path.split('/').count().saturating_sub(1);
    let parts: Vec<Cow<'_, str>> =
        path.split('/').enumerate().map(|(place, part)| part_shape(part, (place, last))).collect();
    parts.join("/").chars().take(PATH).collect()
}

/// A part of a path, with `*` for what counts or is random in it. One digit is the version of an interface where other
/// parts follow one of the first two (`/2/users`, `/api/1/sync`); elsewhere it is a number like any other.
fn part_shape(part: &str, (place, last): (usize, usize)) -> Cow<'_, str> {
    let (stem, extension) = file_name(part);
    if is_number(stem) {
        let version = stem.len() == 1 && extension.is_empty() && (1..=2).contains(&place) && place < last;
        return if version { part.into() } else { format!("*{extension}").into() };
    }
    if let Some(name) = counted(stem).filter(|_| !extension.is_empty()) {
        return format!("{name}*{extension}").into();
    }
    if differs(part) { "*".into() } else { part.into() }
}

/// A file's name, and its extension with the dot before it.
fn file_name(part: &str) -> (&str, &str) {
    let dot = part.rfind('.').unwrap_or(part.len());
    let (stem, extension) = part.split_at_checked(dot).unwrap_or((part, ""));
    let letters = extension.get(1..).unwrap_or_default();
    let known = (1..=5).contains(&letters.len())
        && letters.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && !is_number(letters);
    if known { (stem, extension) } else { (part, "") }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What stands before the number of a file that is one of many: `seg-` of `seg-12`, `fileSequence` of `fileSequence3`.
/// A version (`v2`), and what may be hex, is none.
fn counted(stem: &str) -> Option<&str> {
    let name = stem.trim_end_matches(|digit: char| digit.is_ascii_digit());
    let plain = name.bytes().all(|byte| byte.is_ascii_alphabetic() || b"-_".contains(&byte));
    let word = name.len() > 2 && name.bytes().any(|byte| !byte.is_ascii_hexdigit());
    (name.len() < stem.len() && plain && word).then_some(name)
}

/// Whether a part of a path is mostly a number, a digest or a random name.
fn differs(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let hex = part.bytes().filter(u8::is_ascii_hexdigit).count();
    let all = part.len();
    let number = digits * 2 > all && digits > 2;
    number || hex == all && digits > 0 && all >= 8 || all > 40 && digits > 3
}

/// Series that one worker keeps notes of.
const SERIES: usize = 4_096;
/// Senders, apps and addresses of one series.
const PARTIES: usize = 1 << 12;
/// Requests of one series that are drawn as proofs.
const SPREAD: usize = 6;
/// Moments of one series.
const MOMENTS: usize = 1_024;
/// Exchanges that are waited for.
const OPEN: usize = 1 << 16;
/// Fields of one series, and of all of one worker's.
const FIELDS: usize = 256;
const ALL_FIELDS: usize = 1 << 15;
/// Values that came in and are remembered.
const HEARD: usize = 1 << 18;
/// The longest path, in characters.
const PATH: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_a_star() {
        for (target, shape) in [
            ("/v1/users/4711/sync?x=1", "/v1/users/*/sync"),
            ("http://a.example:80/sa?r=IN", "/sa"),
            ("http://a.example", "/"),
            ("/d41d8cd98f00b204e9800998ecf8427e.jpg", "/*"),
            ("/api/v2/decade", "/api/v2/decade"),
            ("/2/users/12", "/2/users/*"),
            ("/2/users/1", "/2/users/*"),
            ("/api/1/sync", "/api/1/sync"),
            ("/seg/881/0.m4s", "/seg/*/*.m4s"),
            ("/seg/881/12.m4s", "/seg/*/*.m4s"),
            ("/seg/881/123456.m4s", "/seg/*/*.m4s"),
            ("/live/fileSequence7.ts", "/live/fileSequence*.ts"),
            ("/live/seg-12345678.ts", "/live/seg-*.ts"),
            ("/api/v2.json", "/api/v2.json"),
            ("/update/1.2.3", "/update/*"),
            ("/", "/"),
            ("*", "*"),
        ] {
            assert_eq!(path_shape(target), shape, "{target}");
        }
    }

    #[test]
    fn answers_find_their_requests() {
        let mut diary = Diary::default();
        let id = |index| ExchangeId { flow: FlowId::default(), index };
        for index in 0..3 {
            let place = (Timestamp(i64::from(index)), id(index));
            diary.request(("a.example", "GET /a"), Parties::default(), place, Security::Clear).unwrap();
        }
        diary.answer(id(1), Answer { status: 204, ..Answer::default() });
        diary.close(FlowId::default(), true, Silence::Ended);
        let series = diary.series.values().next().unwrap();
        let moments = series.moments.values();
        let told: Vec<_> =
            moments.map(|moment| (moment.delivered, moment.answer.is_some(), moment.silence)).collect();
        let unanswered = (true, false, Silence::Ended);
        assert_eq!(told, [unanswered, (true, true, Silence::Unknown), unanswered]);
        assert!(diary.open.is_empty() && series.clear);
    }

    /// There are a thousand of them in each of thousands of series.
    #[test]
    fn a_moment_is_small() {
        assert!(size_of::<Moment>() <= 64, "{} bytes", size_of::<Moment>());
    }

    #[test]
    fn the_earliest_are_kept_whoever_hears_them() {
        let mut one = Series::default();
        let mut other = Series::default();
        for n in (0..2_000).rev() {
            let side = if n % 2 == 0 { &mut one } else { &mut other };
            side.keep((Timestamp(n), ExchangeId::default()), Moment::default());
        }
        one.merge(other);
        assert_eq!(one.moments.len(), MOMENTS);
        assert_eq!(one.moments.last_key_value().map(|((time, _), _)| time.0), Some(MOMENTS as i64 - 1));
    }
}
