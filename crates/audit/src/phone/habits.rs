//! What packages do by habit, as the phone's dumps tell it: one row for each habit, with the line that says most of it.

use std::collections::BTreeMap;

use evidence::{Deed, Habit, Timestamp};
use handset::{
    Fact, Found,
    system::{Access, Habits, Outcome, Positioning, Traffic, Visibility, Waking},
};

use super::{Phone, Tape};

/// Gathers habits from files. Two that tell the same are told once.
#[derive(Debug, Default)]
pub(super) struct HabitBook {
    /// What was told since the last section's end: what has its lines on the tape.
    open: Habits,
    kept: BTreeMap<Key, Habit>,
    dropped: u64,
}

/// Package, uid, and which habit.
type Key = (String, Option<u32>, Deed);

impl HabitBook {
    pub(super) fn take(&mut self, fact: &Fact, tape: &Tape) {
        self.open.take(fact);
        if matches!(fact, Fact::Section(_)) {
            self.close(tape);
        }
    }

    /// A section or a file has ended.
    pub(super) fn close(&mut self, tape: &Tape) {
        let open = std::mem::take(&mut self.open);
        self.dropped += open.dropped();
        open.accesses().iter().filter_map(access).for_each(|habit| self.keep(habit, tape));
        open.positions().iter().for_each(|found| self.keep(position(found), tape));
        open.wakings().iter().filter_map(waking).for_each(|habit| self.keep(habit, tape));
        open.traffic().iter().for_each(|found| self.keep(traffic(found), tape));
    }

    fn keep(&mut self, found: Found<Told>, tape: &Tape) {
        let has_room = self.kept.len() < MOST;
        let place = found.bytes();
        let start = found.start;
        let Told { package, uid, deed, count, last } = found.value;
        let key = (package.clone(), uid, plain(&deed));
        let known = self.kept.get(&key);
        if known
            .is_some_and(|known| weight(&known.deed, known.last, known.count) >= weight(&deed, last, count))
        {
            return;
        }
        // What the tape forgot cannot be quoted.
        if tape.bytes(&place).is_none() || known.is_none() && !has_room {
            self.dropped += 1;
            return;
        }
        let quote = tape.line(start);
        self.kept.insert(key, Habit { package, uid, deed, count, last, quote });
    }
}

/// What is told of a habit, but for the line.
struct Told {
    package: String,
    uid: Option<u32>,
    deed: Deed,
    count: Option<u64>,
    last: Option<Timestamp>,
}

/// A use of a permission, where it tells of the person or the device.
fn access(found: &Found<Access>) -> Option<Found<Told>> {
    let it = &found.value;
    Deed::operation_words(&it.operation)?;
    let deed = Deed::Access {
        operation: it.operation.clone(),
        background: it.visibility.map(|visibility| visibility == Visibility::Background),
        // Under `ignore` an app is given nothing, and no error either.
        refused: it.outcome == Outcome::Rejected || REFUSING.contains(&it.mode.as_str()),
    };
    let uid = it.uid.map(|uid| uid.0);
    let told = Told { package: it.package.clone(), uid, deed, count: it.count, last: it.last };
    Some(Found::new(told, found.bytes()))
}

fn position(found: &Found<Positioning>) -> Found<Told> {
    let it = &found.value;
    let deed = Deed::Position { provider: it.provider.clone(), interval_ms: it.interval };
    let uid = it.uid.map(|uid| uid.0);
    Found::new(
        Told { package: it.package.clone(), uid, deed, count: it.locations, last: it.last },
        found.bytes(),
    )
}

/// Alarms that wake the phone or come again and again.
fn waking(found: &Found<Waking>) -> Option<Found<Told>> {
    let it = &found.value;
    let tells = it.waking > 0 || it.interval.is_some() || it.wakeups.is_some_and(|wakeups| wakeups > 0);
    let deed = Deed::Waking { alarms: it.set, waking: it.waking, interval_ms: it.interval };
    let told = Told { package: it.package.clone(), uid: None, deed, count: it.wakeups, last: None };
    tells.then(|| Found::new(told, found.bytes()))
}

fn traffic(found: &Found<Traffic>) -> Found<Told> {
    let it = &found.value;
    let (since, last) = it.span.unzip();
    let deed = Deed::Traffic { sent: it.sent, received: it.received, since };
    Found::new(Told { package: String::new(), uid: Some(it.uid.0), deed, count: None, last }, found.bytes())
}

/// A habit without what differs between two tellings of it.
fn plain(deed: &Deed) -> Deed {
    match deed {
        Deed::Access { .. } => deed.clone(),
        Deed::Position { provider, .. } => Deed::Position { provider: provider.clone(), interval_ms: None },
        Deed::Traffic { .. } => Deed::Traffic { sent: 0, received: 0, since: None },
        Deed::Waking { .. } => Deed::Waking { alarms: 0, waking: 0, interval_ms: None },
    }
}

/// How much a telling says: of two the one that reaches farthest, then the one that counts most.
fn weight(deed: &Deed, last: Option<Timestamp>, count: Option<u64>) -> (Option<Timestamp>, u64) {
    let more = match deed {
        Deed::Access { .. } | Deed::Position { .. } => 0,
        Deed::Traffic { sent, received, .. } => sent.saturating_add(*received),
        Deed::Waking { alarms, .. } => *alarms,
    };
    (last, count.unwrap_or(0).saturating_add(more))
}

impl Phone {
    /// Its packages' habits, and how many more there are: first all of packages of which `is_told`, then of others how
    /// they come by what they could tell.
    pub(super) fn habits(&self, is_told: impl Fn(&str) -> bool) -> (Vec<Habit>, u64) {
        let of_interest = |habit: &Habit| {
            matches!(habit.deed, Deed::Access { .. } | Deed::Position { .. }) || is_told(&habit.package)
        };
        let all = self.habits.kept.values().map(|habit| self.named(habit));
        let mut all: Vec<Habit> = all.filter(of_interest).collect();
        all.sort_by_cached_key(|habit| {
            (!is_told(&habit.package), habit.package.clone(), habit.uid, habit.deed.clone())
        });
        let more = all.len().saturating_sub(MOST_LISTED) as u64;
        all.truncate(MOST_LISTED);
        (all, more.saturating_add(self.habits.dropped))
    }

    /// With the package of its uid, or the uid of its package, where the lists tell.
    fn named(&self, habit: &Habit) -> Habit {
        let mut habit = habit.clone();
        if habit.package.is_empty() {
            let uid = habit.uid.map(handset::Uid);
            habit.package = uid.and_then(|uid| self.only_package(uid)).unwrap_or_default();
        } else if habit.uid.is_none() {
            habit.uid = self.packages.named(&habit.package).and_then(|known| known.uid()).map(|uid| uid.0);
        }
        habit
    }
}

/// Habits that are kept of all files.
const MOST: usize = 1 << 14;
/// Habits that a case lists.
const MOST_LISTED: usize = 500;
/// Modes of `dumpsys appops` under which an operation is not done (AOSP, `AppOpsManager`).
const REFUSING: [&str; 3] = ["deny", "errored", "ignore"];
