//! Who did what needs a permission, and when last: `dumpsys appops`.
//!
//! Layouts (AOSP `AppOpsService.dump`): Android 5 to 8 `OP: mode=0; time=+2h ago; duration=+5ms`, 9 `OP (allow):`
//! and `Access: fg = 2019-… (-3d)`, 10 `Access: [fg-s] 2022-… (-3d)`, since 11 the same below the tag of each
//! part of the app. Packages stand below their uid. `dumpsys appops --history` counts (since 10, AOSP
//! `AppOpsService.HistoricalOpsVisitor`): `[fg-s] = access=3, reject=1, duration=+5s` below the operation.

use evidence::Timestamp;

use crate::{
    Uid,
    clock::{self, Clock},
    lines::Line,
    reader::{Fact, LineReader},
    scan::{self, Scan},
};

/// The last time a package did, or tried to do, something that needs a permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The package; empty where the uid as a whole is meant.
    pub package: String,
    /// Its uid.
    pub uid: Option<Uid>,
    /// The operation: `READ_CONTACTS`.
    pub name: String,
    /// How it is handled: `allow`, `ignore`, `deny`, `foreground`, or a number as before Android 9.
    pub mode: String,
    /// What became of it; `None` where the file tells the mode only.
    pub outcome: Option<Outcome>,
    /// When it was done; `None` where it is not told, or only how long ago that was and not when the file was
    /// written.
    pub time: Option<Timestamp>,
    /// How long ago it was when the file was written, in milliseconds.
    pub ago: Option<i64>,
    /// How long it took, in milliseconds.
    pub duration: Option<i64>,
    /// The state of the app and who it acted for, as the file has it: `bg-s`.
    pub state: String,
    /// How often, where the file counts; it counts within some days.
    pub count: Option<u64>,
}

/// Whether the app was before its user's eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Visibility {
    /// It was not.
    Background,
    /// On the screen, told by a notification, or a part of the system that always runs.
    Foreground,
}

impl Operation {
    /// Whether the app was before its user's eyes; `None` where the file does not tell.
    pub fn visibility(&self) -> Option<Visibility> {
        match self.state.split('-').next().unwrap_or_default() {
            "bg" | "cch" => Some(Visibility::Background),
            "fg" | "fgsvc" | "fgsvcl" | "pers" | "top" => Some(Visibility::Foreground),
            _ => None,
        }
    }
}

/// What became of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It was done.
    Accessed,
    /// It was refused.
    Rejected,
}

/// Reads `dumpsys appops`.
#[derive(Clone, Debug)]
pub(crate) struct Operations {
    clock: Clock,
    uid: Option<Uid>,
    package: String,
    name: String,
    mode: String,
}

impl Operations {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, uid: None, package: String::new(), name: String::new(), mode: String::new() }
    }

    /// A heading of what comes below.
    fn heading(&mut self, text: &str) -> bool {
        if let Some(uid) = text.strip_prefix("Uid ").and_then(|rest| rest.strip_suffix(':')) {
            self.uid = Uid::parse(uid);
            self.package.clear();
        } else if let Some(package) = text.strip_prefix("Package ").and_then(|rest| rest.strip_suffix(':')) {
            package.clone_into(&mut self.package);
        } else {
            return false;
        }
        self.name.clear();
        true
    }

    /// `OP: mode=…` or `OP (mode):`
    fn operation(&mut self, text: &str) -> Option<Operation> {
        let (head, rest) = text.split_once(':')?;
        let (name, mode) = match head.split_once(" (") {
            // `allow / switch COARSE_LOCATION=foreground`
            Some((name, mode)) => (name, mode.trim_end_matches(')').split(" /").next().unwrap_or_default()),
            None => (head, scan::value(rest, "mode").unwrap_or_default()),
        };
        if !is_operation(name) {
            return None;
        }
        name.clone_into(&mut self.name);
        mode.clone_into(&mut self.mode);
        Some(self.printed_before_9(rest))
    }

    /// `; time=+2d3h ago; duration=+5ms`, or `rejectTime=`
    fn printed_before_9(&self, rest: &str) -> Operation {
        let ago = |key| scan::value(rest, key).and_then(age);
        let (outcome, ago) = match (ago("time"), ago("rejectTime")) {
            (Some(ago), _) => (Some(Outcome::Accessed), Some(ago)),
            (None, Some(ago)) => (Some(Outcome::Rejected), Some(ago)),
            (None, None) => (None, None),
        };
        Operation { outcome, time: self.before(ago), ago, duration: duration(rest), ..self.current() }
    }

    /// `Access: [fg-s] 2022-03-29 18:37:30.315 (-4h50m23s772ms) duration=+33ms`
    fn access(&mut self, text: &str) -> Option<Operation> {
        let (outcome, rest) = match text.split_once(": ")? {
            ("Access", rest) => (Outcome::Accessed, rest),
            ("Reject", rest) => (Outcome::Rejected, rest),
            _ => return None,
        };
        let (state, rest) = state(rest)?;
        let time = clock::local(rest, &mut self.clock);
        let ago = scan::between(rest, "(-", ")").and_then(age);
        let is_known = !self.name.is_empty() && (time.is_some() || ago.is_some());
        is_known.then(|| Operation {
            outcome: Some(outcome),
            time,
            ago,
            duration: duration(rest),
            state: state.to_owned(),
            ..self.current()
        })
    }

    /// `[fg-s] = access=3, reject=1, duration=+5s3ms`: what was done, and what was refused.
    fn counted(&self, text: &str) -> Vec<Operation> {
        let Some((state, rest)) = state(text).filter(|_| text.starts_with('[') && !self.name.is_empty())
        else {
            return Vec::new();
        };
        let counts = [(Outcome::Accessed, "access"), (Outcome::Rejected, "reject")];
        let counted = counts.into_iter().filter_map(|(outcome, key)| {
            let count = scan::number(rest, key)?;
            let duration = duration(rest).filter(|_| outcome == Outcome::Accessed);
            let (outcome, count, state) = (Some(outcome), Some(count), state.to_owned());
            Some(Operation { outcome, count, duration, state, ..self.current() })
        });
        counted.collect()
    }

    fn current(&self) -> Operation {
        Operation {
            package: self.package.clone(),
            uid: self.uid,
            name: self.name.clone(),
            mode: self.mode.clone(),
            outcome: None,
            time: None,
            ago: None,
            duration: None,
            state: String::new(),
            count: None,
        }
    }

    fn before(&self, ago: Option<i64>) -> Option<Timestamp> {
        let written = self.clock.instant()?;
        written.0.checked_sub(ago?.checked_mul(1_000_000)?).map(Timestamp)
    }
}

impl LineReader for Operations {
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<Fact>) {
        let text = line.text();
        let text = text.trim();
        if self.heading(text) || (self.uid.is_none() && self.package.is_empty()) {
            return;
        }
        let operation = self.access(text).or_else(|| self.operation(text));
        let operations = operation.map_or_else(|| self.counted(text), |operation| vec![operation]);
        out.extend(operations.into_iter().map(|operation| Fact::Operation(line.found(operation))));
    }

    fn finish(&mut self, _: &mut Vec<Fact>) {}
}

/// `[fg-s] `, or `fg = ` as Android 9 has it.
fn state(text: &str) -> Option<(&str, &str)> {
    match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(state, rest)| (state, rest.trim_start())),
        None => text.split_once('=').map(|(state, rest)| (state.trim(), rest.trim_start())),
    }
}

/// How long ago something was, in milliseconds; `None` for what is older than any phone, which no clock measured.
fn age(text: &str) -> Option<i64> {
    const CENTURY: i64 = 100 * 365 * 86_400_000;
    scan::milliseconds(text).filter(|age| *age <= CENTURY)
}

fn duration(text: &str) -> Option<i64> {
    scan::value(text, "duration").and_then(scan::milliseconds)
}

/// Capitals, digits and `_`: no other key of the dump is written so.
fn is_operation(name: &str) -> bool {
    let mut scan = Scan::new(name);
    let is_word = scan.word() == Some(name);
    is_word && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use evidence::Timestamp;

    use super::{Operations, Outcome, Visibility};
    use crate::{clock::Clock, reader::Fact, testing};

    fn operations(text: &str) -> Vec<String> {
        let clock = Clock::ahead(3600).near(Timestamp::new(1_546_300_800, 0));
        testing::operations(testing::facts_of(&mut Operations::new(clock), text))
    }

    #[test]
    fn android_10_and_later() {
        let text = "Current AppOps Service state:\n  Settings:\n    top_state_settle_time=+30s0ms\n\
            \x20 Op mode watchers:\n    Op READ_SMS:\n      #0: ModeCallback{x from uid=1000 pid=1}\n\
            \x20 Uid u0a103:\n    state=cch\n      COARSE_LOCATION: mode=ignore\n    Package com.example.app:\n\
            \x20     READ_CONTACTS (allow):\n          Access: [bg-tpd] 2022-03-07 18:05:34.325 (-22d4h22m19s762ms)\n\
            \x20     WRITE_SMS (ignore):\n        null=[\n\
            \x20         Reject: [fg-s]2021-05-19 22:02:52.054 (-314d1h25m2s33ms) duration=+126ms\n        ]\n";
        assert_eq!(
            operations(text),
            [
                "u0a103  COARSE_LOCATION ignore   None ",
                "u0a103 com.example.app READ_CONTACTS allow   None ",
                "u0a103 com.example.app READ_CONTACTS allow Accessed 2022-03-07T17:05:34.325000Z None bg-tpd",
                "u0a103 com.example.app WRITE_SMS ignore   None ",
                "u0a103 com.example.app WRITE_SMS ignore Rejected 2021-05-19T21:02:52.054000Z Some(126) fg-s",
            ]
        );
    }

    #[test]
    fn the_history_counts() {
        let text = "History:\n  snapshot:\n    begin = 2022-03-29 18:37:30.315  (-1d)\n\
            \x20   Uid u0a103:\n      Package com.example.app:\n        Attribution null:\n\
            \x20         FINE_LOCATION:\n            [bg-s] = access=3, reject=1, duration=+5s3ms\n\
            \x20           [top-s] = reject=2\n            [x] nothing\n";
        let told: Vec<_> = testing::facts_of(&mut Operations::new(Clock::default()), text)
            .into_iter()
            .filter_map(|fact| match fact {
                Fact::Operation(found) if found.value.outcome.is_some() => Some(found.value),
                _ => None,
            })
            .map(|it| (it.name.clone(), it.outcome, it.count, it.duration, it.visibility()))
            .collect();
        let row = |outcome, count, duration, visibility| {
            ("FINE_LOCATION".to_owned(), Some(outcome), Some(count), duration, Some(visibility))
        };
        assert_eq!(
            told,
            [
                row(Outcome::Accessed, 3, Some(5003), Visibility::Background),
                row(Outcome::Rejected, 1, None, Visibility::Background),
                row(Outcome::Rejected, 2, None, Visibility::Foreground),
            ]
        );
    }

    #[test]
    fn a_time_that_no_clock_measured_is_none() {
        let text = "Current AppOps Service state:\n  Uid 1000:\n    Package android:\n\
            \x20     WIFI_SCAN: mode=0; time=+99999999999d ago; duration=+5ms\n      GPS (allow):\n\
            \x20       Access: [fg-s] 9999-12-31 22:00:00.000 (-3000000000d)\n\
            \x20       Access: [bg-s] 9999-12-31 22:00:00.000 (-3h)\n";
        let clock = Clock::default().near(Timestamp::new(1_546_300_800, 0));
        let told = testing::facts_of(&mut Operations::new(clock), text).into_iter().map(|fact| match fact {
            Fact::Operation(found) => (found.value.outcome, found.value.time, found.value.ago),
            other => panic!("{other:?}"),
        });
        assert_eq!(
            told.collect::<Vec<_>>(),
            [(None, None, None), (None, None, None), (Some(Outcome::Accessed), None, Some(3 * 3_600_000))]
        );
    }

    #[test]
    fn android_5_to_9() {
        let text = "Current AppOps Service state:\n  Uid 1000:\n    Package android:\n\
            \x20     WIFI_SCAN: mode=0; time=+1h0m0s0ms ago; duration=+5ms\n      VIBRATE: mode=1; rejectTime=+1s0ms ago\n\
            \x20     GPS (allow):\n        Access: pers = 2018-12-31 22:00:00.000 (-3h)\n";
        assert_eq!(
            operations(text),
            [
                "1000 android WIFI_SCAN 0 Accessed 2018-12-31T23:00:00.000000Z Some(5) ",
                "1000 android VIBRATE 1 Rejected 2018-12-31T23:59:59.000000Z None ",
                "1000 android GPS allow   None ",
                "1000 android GPS allow Accessed 2018-12-31T21:00:00.000000Z None pers",
            ]
        );
    }
}
