//! What will start by itself: `dumpsys alarm` (AOSP `AlarmManagerService.dumpImpl`, Android 5 to 16).
//!
//! An alarm is a line with `Alarm{… package}` and the more indented lines behind it. The dump also prints one
//! instant as a count and as local time: the only place that gives the phone's offset away. Below `Alarm Stats:`
//! stands what went off since the phone was started: `u0a123:com.example +1s2ms running, 57 wakeups:`, and for each
//! tag of a package `+1s2ms 57 wakes 60 alarms, last -4m5s:` and the tag in the next line.

use evidence::Timestamp;

use crate::{
    Found,
    clock::{Local, counted},
    lines::Line,
    reader::{Fact, LineReader},
    scan::{self, Scan},
};

/// An alarm that is set, or what is counted of those that went off: `wakeups` tells which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alarm {
    /// The package that set it.
    pub package: String,
    /// Whether it wakes the phone, and by which clock: `RTC_WAKEUP`, `ELAPSED`.
    pub kind: String,
    /// What it was tagged with, most often the action of its intent: `*walarm*:com.example.SYNC`. Empty where
    /// it has none.
    pub tag: String,
    /// What it starts, as the dump has it: `PendingIntentRecord{… com.example broadcastIntent}`, a listener.
    pub operation: String,
    /// Milliseconds between two times, 0 where it goes off once.
    pub period: u64,
    /// Milliseconds until it goes off, negative where it is late; `None` where the dump prints an instant.
    pub due: Option<i64>,
    /// How often those of this tag, or without a tag all of the package, woke the phone since it was started;
    /// `None` for an alarm that is set.
    pub wakeups: Option<u64>,
    /// How often those of this tag went off.
    pub count: Option<u64>,
    /// How long ago the last of this tag went off, in milliseconds.
    pub ago: Option<i64>,
}

impl Alarm {
    /// Whether it wakes the phone, where it is set.
    pub fn wakes(&self) -> bool {
        self.kind.ends_with("_WAKEUP")
    }
}

/// One instant as the phone counts it and as it prints it.
///
/// A bugreport has it behind its logs, which are read by then: whoever does not know the phone's offset reads
/// it twice, first for this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockReading {
    /// The instant.
    pub instant: Timestamp,
    /// Seconds that its local time is ahead of UTC: what [`Clock::ahead`](crate::Clock::ahead) asks for.
    pub offset: i32,
}

/// Reads `dumpsys alarm`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alarms {
    open: Option<(Found<Alarm>, usize)>,
    /// The package whose alarms are counted in the lines that come.
    counted: String,
    /// What is counted of the tag in the next line.
    of_tag: Option<Found<Alarm>>,
}

impl Alarms {
    fn tell(alarm: &mut Alarm, text: &str) {
        if let Some(tag) = text.strip_prefix("tag=") {
            tag.clone_into(&mut alarm.tag);
        }
        if let Some(operation) = text.strip_prefix("operation=").or_else(|| text.strip_prefix("listener=")) {
            operation.clone_into(&mut alarm.operation);
        }
        if let Some(period) = scan::value(text, "repeatInterval") {
            alarm.period = period.parse().ok().or_else(|| length(period)).unwrap_or(0);
        }
        if let Some(due) = scan::value(text, "whenElapsed").or_else(|| scan::value(text, "when")) {
            alarm.due = scan::milliseconds(due).filter(|_| due.contains('s')).or(alarm.due);
        }
    }
}

impl Alarms {
    /// A line of what is counted; whether it is one.
    fn statistics(&mut self, line: &Line<'_>, text: &str, out: &mut Vec<Fact>) -> bool {
        if let Some(alarm) = of_package(text) {
            self.finish(out);
            alarm.package.clone_into(&mut self.counted);
            out.push(Fact::Alarm(line.found(alarm)));
        } else if let Some(alarm) = of_tag(text).filter(|_| !self.counted.is_empty()) {
            self.finish(out);
            self.of_tag = Some(line.found(Alarm { package: self.counted.clone(), ..alarm }));
        } else if let Some(mut alarm) = self.of_tag.take() {
            text.clone_into(&mut alarm.value.tag);
            alarm.end = line.end;
            out.push(Fact::Alarm(alarm));
        } else {
            return false;
        }
        true
    }
}

impl LineReader for Alarms {
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<Fact>) {
        let text = line.text();
        let indent = scan::indent(&text);
        let text = text.trim();
        if self.statistics(line, text, out) {
            return;
        }
        if let Some((open, of)) = &mut self.open
            && indent > *of
            && !text.is_empty()
        {
            open.end = line.end;
            return Self::tell(&mut open.value, text);
        }
        self.finish(out);
        self.open = alarm(text).map(|alarm| (line.found(alarm), indent));
        out.extend(reading(text).map(|reading| Fact::Clock(line.found(reading))));
    }

    fn finish(&mut self, out: &mut Vec<Fact>) {
        out.extend(self.open.take().map(|(alarm, _)| Fact::Alarm(alarm)));
        out.extend(self.of_tag.take().map(Fact::Alarm));
    }
}

/// `[*ACTIVE* ]u0a123:com.example +1s2ms running, 57 wakeups:`; the uid since Android 5.
fn of_package(text: &str) -> Option<Alarm> {
    let (head, wakeups) = text.strip_suffix(" wakeups:")?.rsplit_once(" running, ")?;
    let name = head.trim_start_matches("*ACTIVE* ").split(' ').next()?;
    let name = name.rsplit_once(':').map_or(name, |(_, name)| name);
    let wakeups = Some(wakeups.parse().ok()?);
    scan::is_package(name).then(|| Alarm { package: name.to_owned(), wakeups, ..Alarm::default() })
}

/// `[*ACTIVE* ]+1s2ms 57 wakes 60 alarms, last -4m5s:`
fn of_tag(text: &str) -> Option<Alarm> {
    let (head, rest) = text.strip_suffix(':')?.split_once(" wakes ")?;
    let wakeups = Some(head.rsplit(' ').next()?.parse().ok()?);
    let (count, last) = rest.split_once(" alarms")?;
    let last = last.strip_prefix(", last ").and_then(scan::milliseconds);
    let ago = last.and_then(i64::checked_neg);
    Some(Alarm { wakeups, count: Some(count.parse().ok()?), ago, ..Alarm::default() })
}

/// `RTC_WAKEUP #1: Alarm{5d6a185 type 3 origWhen 1 whenElapsed 1 com.example}`
fn alarm(text: &str) -> Option<Alarm> {
    let (head, inner) = text.split_once(": Alarm{")?;
    let (kind, _) = head.split_once(" #")?;
    let package = inner.split_once('}')?.0.rsplit(' ').next().filter(|name| scan::is_package(name))?;
    Some(Alarm { package: package.to_owned(), kind: kind.trim().to_owned(), ..Alarm::default() })
}

/// `nowRTC=1389038429079=2014-01-06 12:00:29 nowELAPSED=…`
fn reading(text: &str) -> Option<ClockReading> {
    let mut scan = Scan::new(text.strip_prefix("nowRTC=")?);
    let instant = counted(scan.number()?)?;
    scan.eat("=")?;
    let local = Local::scan(&mut scan)?.as_utc()?;
    let offset = i32::try_from(local.checked_sub(instant.seconds())?).ok()?;
    // No time zone lies farther from UTC.
    (offset.unsigned_abs() <= 15 * 3600).then_some(ClockReading { instant, offset })
}

fn length(text: &str) -> Option<u64> {
    scan::milliseconds(text).and_then(|length| u64::try_from(length).ok())
}

#[cfg(test)]
mod tests {
    use super::Alarms;
    use crate::{reader::Fact, testing};

    #[test]
    fn alarms_and_the_clock_are_read() {
        let text = "Current Alarm Manager state:\n  nowRTC=1389038429079=2014-01-06 21:00:29 nowELAPSED=3016276\n\
            \x20 Pending alarm batches: 2\n  Batch{64e893d8 num=1 start=3047197}:\n\
            \x20   RTC_WAKEUP #2: Alarm{b734dd0 type 0 origWhen 17 whenElapsed 15 com.example.tracker}\n\
            \x20     tag=*walarm*:com.example.REPORT\n\
            \x20     type=RTC_WAKEUP origWhen=2026-09-29 11:00:00.000 window=0 repeatInterval=3600000 count=0\n\
            \x20     whenElapsed=+21m1s936ms maxWhenElapsed=+21m1s936ms\n\
            \x20     operation=PendingIntent{adb1c9: PendingIntentRecord{9620ce com.example.tracker broadcastIntent}}\n\
            \x20   ELAPSED #0: Alarm{64fd9cc0 type 3 android}\n      type=3 when=-30s921ms repeatInterval=0\n\
            \x20     listener=com.android.server.Poll$2@f69\n\n  Past-due non-wakeup alarms: (none)\n";
        let facts = testing::facts_of(&mut Alarms::default(), text);
        let [Fact::Clock(clock), Fact::Alarm(report), Fact::Alarm(poll)] = &facts[..] else {
            panic!("{facts:#?}")
        };
        assert_eq!(clock.value.offset, 3600);
        let alarm = &report.value;
        assert_eq!((alarm.package.as_str(), alarm.kind.as_str()), ("com.example.tracker", "RTC_WAKEUP"));
        assert_eq!((alarm.tag.as_str(), alarm.period), ("*walarm*:com.example.REPORT", 3_600_000));
        assert_eq!(alarm.due, Some(1_261_936));
        assert!(alarm.operation.contains("broadcastIntent"));
        assert!(testing::text_of(text, report).ends_with("broadcastIntent}}"));
        assert_eq!((poll.value.due, poll.value.period), (Some(-30_921), 0));
        assert!(alarm.wakes() && !poll.value.wakes() && alarm.wakeups.is_none());
    }

    #[test]
    fn what_went_off_is_counted() {
        let text = "  Alarm Stats:\n  u0a123:com.example.tracker +1s2ms running, 57 wakeups:\n\
            \x20   *ACTIVE* +1s 57 wakes 60 alarms, last -4m5s:\n      *walarm*:com.example.REPORT\n\
            \x20   +2ms 0 wakes 3 alarms, last -1s:\n  *ACTIVE* com.b +1ms running, 0 wakeups:\n  no, 5 wakeups:\n";
        let facts = testing::facts_of(&mut Alarms::default(), text);
        let told: Vec<_> = facts
            .iter()
            .map(|fact| match fact {
                Fact::Alarm(found) => {
                    let it = &found.value;
                    (it.package.as_str(), it.tag.as_str(), it.wakeups, it.count, it.ago)
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            told,
            [
                ("com.example.tracker", "", Some(57), None, None),
                ("com.example.tracker", "*walarm*:com.example.REPORT", Some(57), Some(60), Some(245_000)),
                ("com.example.tracker", "", Some(0), Some(3), Some(1000)),
                ("com.b", "", Some(0), None, None),
            ]
        );
        let Fact::Alarm(of_tag) = &facts[1] else { panic!() };
        assert!(testing::text_of(text, of_tag).ends_with("*walarm*:com.example.REPORT"));
    }
}
