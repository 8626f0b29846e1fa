//! What packages do by habit, put together from the facts of a file: which permissions they used and when last, how
//! often they ask for the position, how often they wake the phone, what they sent and received.
//!
//! A dump says these things line by line, and some of them twice. [`Habits`] is given every [`Fact`] of one file and
//! then asked; each answer has the place of the line that says most of it. Files are not mixed, since a place is of
//! one file.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use evidence::Timestamp;

use super::{Alarm, Counter, LocationRequest, Operation, Outcome, Usage, Visibility};
use crate::{Fact, Found, Uid};

/// What a package did with a permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The package; empty where the uid as a whole is meant.
    pub package: String,
    /// Its uid.
    pub uid: Option<Uid>,
    /// The operation: `READ_CONTACTS`.
    pub operation: String,
    /// How it is handled: `allow`, `ignore`. Empty in the history.
    pub mode: String,
    /// Whether it was done or refused.
    pub outcome: Outcome,
    /// Whether the app was before its user's eyes; `None` where the file does not tell.
    pub visibility: Option<Visibility>,
    /// When last; `None` where the file tells no instant.
    pub last: Option<Timestamp>,
    /// How long before the file was written that was, in milliseconds.
    pub ago: Option<i64>,
    /// How often, where the file counts.
    pub count: Option<u64>,
}

/// How a package asks for the position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Positioning {
    /// The package.
    pub package: String,
    /// Its uid, where it is told.
    pub uid: Option<Uid>,
    /// The provider: `gps`, `network`, `fused`, `passive`.
    pub provider: String,
    /// Whether a request was open when the file was written.
    pub is_active: bool,
    /// The least interval between two positions that it asked for, in milliseconds.
    pub interval: Option<u64>,
    /// How many positions it was given, where they are counted.
    pub locations: Option<u64>,
    /// When it was given the last one, where that is told.
    pub last: Option<Timestamp>,
    /// How long before the file was written its last request was open, in milliseconds.
    pub ago: Option<i64>,
}

/// How a package wakes the phone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waking {
    /// The package.
    pub package: String,
    /// Alarms that are set.
    pub set: u64,
    /// Those of them that wake the phone.
    pub waking: u64,
    /// The least interval of those that repeat, in milliseconds.
    pub interval: Option<u64>,
    /// Milliseconds until the next one, negative where it is late.
    pub due: Option<i64>,
    /// How often it woke the phone since that was started, where it is counted.
    pub wakeups: Option<u64>,
    /// How often its alarms went off, where it is counted.
    pub count: Option<u64>,
    /// How long before the file was written the last one went off, in milliseconds.
    pub ago: Option<i64>,
}

/// What a uid sent and received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// The uid.
    pub uid: Uid,
    /// Which counter says so.
    pub counter: Counter,
    /// Bytes received.
    pub received: u64,
    /// Bytes sent.
    pub sent: u64,
    /// The first and the last instant that is counted in; `None`: since the phone was started.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// Puts together what the facts of one file say.
#[derive(Clone, Debug, Default)]
pub struct Habits {
    accesses: BTreeMap<AccessKey, Found<Access>>,
    positions: BTreeMap<(String, String), Found<Positioning>>,
    wakings: BTreeMap<String, Found<Waking>>,
    counts: BTreeMap<CountKey, Found<Count>>,
    dropped: u64,
}

/// Package, uid, operation, outcome and visibility.
type AccessKey = (String, Option<Uid>, String, Outcome, Option<Visibility>);

/// Uid, counter, set, network and start of the span: what is told twice is counted once.
type CountKey = (Uid, Counter, String, String, Option<Timestamp>);

impl Habits {
    /// Takes a fact; those that say nothing of habits are passed over.
    pub fn take(&mut self, fact: &Fact) {
        match fact {
            Fact::Alarm(alarm) => self.alarm(alarm),
            Fact::LocationRequest(request) => self.request(request),
            Fact::Operation(operation) => self.operation(operation),
            Fact::Usage(usage) => self.usage(usage),
            _ => {}
        }
    }

    /// What packages did with permissions, by package.
    pub fn accesses(&self) -> Vec<Found<Access>> {
        self.accesses.values().cloned().collect()
    }

    /// How packages ask for the position, by package and provider.
    pub fn positions(&self) -> Vec<Found<Positioning>> {
        self.positions.values().cloned().collect()
    }

    /// How packages wake the phone, by package.
    pub fn wakings(&self) -> Vec<Found<Waking>> {
        self.wakings.values().cloned().collect()
    }

    /// What each uid sent and received, by the counter that reaches farthest: each is told once.
    pub fn traffic(&self) -> Vec<Found<Traffic>> {
        let mut best: BTreeMap<Uid, Found<Traffic>> = BTreeMap::new();
        let rank = |counter| COUNTERS.iter().position(|one| *one == counter);
        for ((uid, counter), sum) in self.sums() {
            if best.get(&uid).is_none_or(|known| rank(counter) < rank(known.value.counter)) {
                best.insert(uid, sum);
            }
        }
        best.into_values().collect()
    }

    fn sums(&self) -> BTreeMap<(Uid, Counter), Found<Traffic>> {
        // `--checkin` says again what the history says, with networks of one letter.
        let is_letter = |key: &CountKey| key.1 == Counter::UidHistory && key.3.len() == 1;
        let told_at_length: BTreeSet<Uid> = self
            .counts
            .keys()
            .filter(|key| key.1 == Counter::UidHistory && !is_letter(key))
            .map(|key| key.0)
            .collect();
        let mut sums = BTreeMap::new();
        for (key, counted) in &self.counts {
            if is_letter(key) && told_at_length.contains(&key.0) {
                continue;
            }
            let (uid, counter, .., start) = key;
            let told = counted.clone().map(|counted| {
                let [received, sent] = counted.bytes;
                let span = start.map(|start| (start, counted.end(start)));
                Traffic { uid: *uid, counter: *counter, received, sent, span }
            });
            add(&mut sums, (*uid, *counter), told, Traffic::join);
        }
        sums
    }

    /// Facts that there was no room for.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn operation(&mut self, found: &Found<Operation>) {
        let it = &found.value;
        let Some(outcome) = it.outcome else { return };
        let visibility = it.visibility();
        let access = Access {
            package: it.package.clone(),
            uid: it.uid,
            operation: it.name.clone(),
            mode: it.mode.clone(),
            outcome,
            visibility,
            last: it.time,
            ago: it.ago,
            count: it.count,
        };
        let key = (access.package.clone(), access.uid, access.operation.clone(), outcome, visibility);
        let told = Found::new(access, found.bytes());
        self.dropped += add(&mut self.accesses, key, told, Access::join);
    }

    fn request(&mut self, found: &Found<LocationRequest>) {
        let it = &found.value;
        let positioning = Positioning {
            package: it.package.clone(),
            uid: it.uid,
            provider: it.provider.clone(),
            is_active: it.is_active,
            interval: it.interval,
            // The event log holds the last of those that are counted elsewhere.
            locations: it.locations.filter(|_| !it.is_delivery()),
            last: it.time,
            ago: it.ago,
        };
        let key = (it.package.clone(), it.provider.clone());
        let told = Found::new(positioning, found.bytes());
        self.dropped += add(&mut self.positions, key, told, Positioning::join);
    }

    fn alarm(&mut self, found: &Found<Alarm>) {
        let it = &found.value;
        let is_set = it.wakeups.is_none();
        // What is counted of a tag is counted of its package, too.
        let wakeups = it.wakeups.filter(|_| it.count.is_none());
        let waking = Waking {
            package: it.package.clone(),
            set: u64::from(is_set),
            waking: u64::from(is_set && it.wakes()),
            interval: Some(it.period).filter(|period| *period > 0),
            due: it.due,
            wakeups,
            count: it.count,
            ago: it.ago,
        };
        let told = Found::new(waking, found.bytes());
        self.dropped += add(&mut self.wakings, it.package.clone(), told, Waking::join);
    }

    fn usage(&mut self, found: &Found<Usage>) {
        let it = &found.value;
        let Some(uid) = it.uid.filter(|_| it.tag == 0 && COUNTERS.contains(&it.counter)) else { return };
        let start = it.bucket.map(|bucket| bucket.start);
        let key = (uid, it.counter, it.set.clone(), it.network.clone(), start);
        let seconds = it.bucket.map_or(0, |bucket| bucket.seconds);
        let told = Found::new(Count { bytes: [it.rx_bytes, it.tx_bytes], seconds }, found.bytes());
        // What is read again has counted on meanwhile.
        let again = |known: &mut Count, later: &Count| {
            *known = *later;
            true
        };
        self.dropped += add(&mut self.counts, key, told, again);
    }
}

/// Adds what is told to what is known by a key, and takes its place where `join` says so. Gives 1 where there is no
/// room.
fn add<K: Ord, T>(
    map: &mut BTreeMap<K, Found<T>>,
    key: K,
    told: Found<T>,
    join: impl FnOnce(&mut T, &T) -> bool,
) -> u64 {
    let has_room = map.len() < MOST;
    match map.entry(key) {
        Entry::Occupied(mut known) => {
            let known = known.get_mut();
            if join(&mut known.value, &told.value) {
                (known.start, known.end) = (told.start, told.end);
            }
            0
        }
        Entry::Vacant(free) if has_room => {
            free.insert(told);
            0
        }
        Entry::Vacant(_) => 1,
    }
}

// Each `join` says whether the other tells more of what is asked most, and so gives the place.

impl Access {
    fn join(&mut self, other: &Self) -> bool {
        let is_later = other.last > self.last;
        self.last = self.last.max(other.last);
        self.ago = least(self.ago, other.ago);
        self.count = sum(self.count, other.count);
        if self.mode.is_empty() {
            other.mode.clone_into(&mut self.mode);
        }
        is_later
    }
}

impl Positioning {
    fn join(&mut self, other: &Self) -> bool {
        let is_later = other.last > self.last;
        self.uid = self.uid.or(other.uid);
        self.is_active |= other.is_active;
        self.interval = least(self.interval, other.interval);
        self.locations = sum(self.locations, other.locations);
        self.last = self.last.max(other.last);
        self.ago = least(self.ago, other.ago);
        is_later
    }
}

impl Waking {
    fn join(&mut self, other: &Self) -> bool {
        let tells_count = self.wakeups.is_none() && other.wakeups.is_some();
        self.set = self.set.saturating_add(other.set);
        self.waking = self.waking.saturating_add(other.waking);
        self.interval = least(self.interval, other.interval);
        self.due = least(self.due, other.due);
        self.wakeups = sum(self.wakeups, other.wakeups);
        self.count = sum(self.count, other.count);
        self.ago = least(self.ago, other.ago);
        tells_count
    }
}

impl Traffic {
    fn join(&mut self, other: &Self) -> bool {
        self.received = self.received.saturating_add(other.received);
        self.sent = self.sent.saturating_add(other.sent);
        let (one, other) = (self.span, other.span);
        self.span =
            one.zip(other).map(|(one, other)| (one.0.min(other.0), one.1.max(other.1))).or(one).or(other);
        false
    }
}

/// What was counted in a span.
#[derive(Clone, Copy, Debug)]
struct Count {
    /// Received and sent.
    bytes: [u64; 2],
    seconds: u64,
}

impl Count {
    /// The end of the span.
    fn end(self, start: Timestamp) -> Timestamp {
        let length = i64::try_from(self.seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000_000);
        Timestamp(start.0.saturating_add(length))
    }
}

fn least<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    one.into_iter().chain(other).min()
}

fn sum(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).reduce(u64::saturating_add)
}

/// Counters by uid, the one that reaches farthest first.
const COUNTERS: [Counter; 4] = [Counter::AppTotals, Counter::Qtaguid, Counter::Reading, Counter::UidHistory];

/// Rows that are kept of a kind: phones have some hundred packages, and histories of months.
const MOST: usize = 1 << 17;

#[cfg(test)]
mod tests {
    use evidence::Timestamp;

    use super::{Access, Habits, Positioning, Waking};
    use crate::{
        Clock, Fact, Kind, Reader, Service, Uid,
        system::{Counter, Outcome, Visibility},
        testing::text_of,
    };

    fn habits(service: Service, text: &str) -> Habits {
        let clock = Clock::ahead(0).near(Timestamp::new(1_648_598_400, 0)); // 2022-03-30
        let mut reader = Reader::new(Kind::Dumpsys(service), clock).unwrap();
        let mut facts = Vec::new();
        reader.push(text.as_bytes(), &mut facts);
        reader.finish(&mut facts);
        let mut habits = Habits::default();
        facts.iter().for_each(|fact| habits.take(fact));
        habits
    }

    #[test]
    fn the_last_access_and_where_it_stands() {
        let text = "Current AppOps Service state:\n  Uid u0a103:\n    Package com.a:\n\
            \x20     READ_CONTACTS (allow):\n        null=[\n\
            \x20         Access: [bg-s] 2022-03-07 18:00:00.000 (-22d)\n\
            \x20         Access: [cch-s] 2022-03-29 18:00:00.000 (-6h)\n\
            \x20         Access: [top-s] 2022-03-28 18:00:00.000 (-1d6h)\n\
            \x20         Reject: [fg-s] 2022-03-01 18:00:00.000 (-29d)\n        ]\n\
            \x20     READ_SMS (ignore):\n  History:\n    Uid u0a103:\n      Package com.a:\n\
            \x20       READ_CONTACTS:\n          [bg-s] = access=3\n          [bg-tp] = access=4\n";
        let habits = habits(Service::Appops, text);
        let accesses = habits.accesses();
        let rows: Vec<_> = accesses
            .iter()
            .map(|found| {
                let Access { outcome, visibility, last, count, .. } = found.value;
                (outcome, visibility.unwrap(), last.unwrap().to_string(), count)
            })
            .collect();
        let (back, fore) = (Visibility::Background, Visibility::Foreground);
        assert_eq!(
            rows,
            [
                (Outcome::Accessed, back, "2022-03-29T18:00:00.000000Z".to_owned(), Some(7)),
                (Outcome::Accessed, fore, "2022-03-28T18:00:00.000000Z".to_owned(), None),
                (Outcome::Rejected, fore, "2022-03-01T18:00:00.000000Z".to_owned(), None),
            ]
        );
        assert_eq!((accesses[0].value.uid, accesses[0].value.ago), (Some(Uid(10_103)), Some(6 * 3_600_000)));
        assert_eq!(accesses[0].value.mode, "allow");
        assert!(text_of(text, &accesses[0]).contains("[cch-s] 2022-03-29"));
    }

    #[test]
    fn how_the_position_is_asked_for() {
        let text = "Location Manager State:\n  Location Providers:\n    gps provider:\n      listeners:\n\
            \x20       10123/com.a[tag]/1A2B (foreground) Request[@+5s0ms HIGH_ACCURACY]\n\
            \x20 Historical Aggregate Location Provider Data:\n    gps:\n\
            \x20     10123/com.a: min/max interval = 1s/5s, locations = 12\n\
            \x20 Event Log:\n    03-29 12:00:00.000: gps provider delivered location[1] to 10123/com.a/1A2B\n\
            \x20   03-29 13:00:00.000: gps provider delivered location[1] to 10123/com.a/1A2B\n";
        let habits = habits(Service::Location, text);
        let positions = habits.positions();
        let [position] = &positions[..] else { panic!("{positions:#?}") };
        assert_eq!(
            position.value,
            Positioning {
                package: "com.a".to_owned(),
                uid: Some(Uid(10_123)),
                provider: "gps".to_owned(),
                is_active: true,
                interval: Some(1000),
                locations: Some(12),
                last: Some(Timestamp::new(1_648_558_800, 0)),
                ago: None,
            }
        );
        assert!(text_of(text, position).starts_with("    03-29 13:00"));
    }

    #[test]
    fn how_the_phone_is_woken() {
        let text = "Current Alarm Manager state:\n  Batch{1 num=2}:\n\
            \x20   RTC_WAKEUP #1: Alarm{1 type 0 com.a}\n      type=0 repeatInterval=60000\n      whenElapsed=+30s0ms\n\
            \x20   ELAPSED #0: Alarm{2 type 3 com.a}\n      whenElapsed=+10s0ms\n  Alarm Stats:\n\
            \x20 u0a1:com.a +1s running, 57 wakeups:\n    +1s 50 wakes 60 alarms, last -5s:\n      *walarm*:x\n\
            \x20   +1s 7 wakes 7 alarms, last -9s:\n      *walarm*:y\n";
        let habits = habits(Service::Alarm, text);
        let wakings = habits.wakings();
        let [waking] = &wakings[..] else { panic!("{wakings:#?}") };
        assert_eq!(
            waking.value,
            Waking {
                package: "com.a".to_owned(),
                set: 2,
                waking: 1,
                interval: Some(60_000),
                due: Some(10_000),
                wakeups: Some(57),
                count: Some(67),
                ago: Some(5000),
            }
        );
        assert!(text_of(text, waking).contains("57 wakeups:"));
    }

    #[test]
    fn each_byte_counts_once() {
        let text = "UID stats:\n  ident=[{type=1}] uid=10001 set=DEFAULT tag=0x0\n\
            \x20   NetworkStatsHistory: bucketDuration=3600\n      st=1648548000 rb=10 tb=20\n      st=1648551600 rb=1 tb=2\n\
            \x20 ident=[{type=1}] uid=10001 set=DEFAULT tag=0x0\n      st=1648551600 rb=5 tb=6\n\
            \x20 ident=[{type=1}] uid=10002 set=DEFAULT tag=0x0\n      st=1648551600 rb=7 tb=7\n\
            \x20 ident=[{type=1}] uid=10002 set=DEFAULT tag=0xff\n      st=1648551600 rb=7 tb=7\n\
            uid\nc,w,10001,def,0\nd,3600\nb,1648548000,10,0,20,0,0\n\
            mAppUidStatsMap:\n    10002 900 1 800 1\n";
        let habits = habits(Service::Netstats, text);
        let told: Vec<_> = habits
            .traffic()
            .into_iter()
            .map(|found| {
                let it = found.value;
                let span = it.span.map(|(first, last)| last.since(first) / 1_000_000_000);
                (it.uid.0, it.counter, it.received, it.sent, span)
            })
            .collect();
        let expected =
            [(10_001, Counter::UidHistory, 15, 26, Some(7200)), (10_002, Counter::AppTotals, 900, 800, None)];
        assert_eq!(told, expected);
        assert_eq!(habits.dropped(), 0);
    }

    #[test]
    fn what_says_nothing_of_habits_is_passed_over() {
        let mut habits = Habits::default();
        habits.take(&Fact::Oddity(crate::Oddity::new("file holds nothing", "", 0)));
        assert!(habits.accesses().is_empty() && habits.traffic().is_empty());
    }
}
