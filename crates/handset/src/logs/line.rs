//! One line of a log, in any of `logcat`'s formats.

use std::borrow::Cow;

use evidence::Timestamp;

use super::{Buffer, Level, Record};
use crate::{
    Uid,
    clock::{self, Clock, Local},
    scan::Scan,
};

/// The buffer whose records come behind this line: `--------- beginning of main`.
pub(super) fn buffer(line: &str) -> Option<Buffer> {
    let rest = line.strip_prefix("--------- ")?;
    let name = rest.strip_prefix("beginning of ").or_else(|| rest.strip_prefix("switch to "))?;
    Some(Buffer::of(name.trim_start_matches("/dev/log/").trim_end()))
}

/// A line without the colours of `-v color`, which stand around it.
pub(super) fn plain(mut line: &str) -> &str {
    while let Some(rest) = line.strip_prefix("\x1b[").and_then(|rest| rest.split_once('m')) {
        let is_colour = |(code, _): &(&str, &str)| code.bytes().all(|it| it.is_ascii_digit() || it == b';');
        let Some((_, rest)) = Some(rest).filter(is_colour) else { break };
        line = rest;
    }
    while let Some((rest, code)) = line.strip_suffix('m').and_then(|rest| rest.rsplit_once("\x1b[")) {
        if !code.bytes().all(|it| it.is_ascii_digit() || it == b';') {
            break;
        }
        line = rest;
    }
    line
}

/// The record of a line.
pub(super) fn record<'a>(line: &'a str, clock: &mut Clock) -> Option<Record<'a>> {
    let mut scan = Scan::new(line);
    let time = time(&mut scan, clock);
    match time {
        Some(time) => {
            scan.blanks();
            thread_time(scan, time).or_else(|| brief(scan, time)).or_else(|| studio(scan, time))
        }
        None => brief(scan, Told::default()).or_else(|| without_time(scan)),
    }
}

/// The time that a record says the clock was set to.
pub(super) fn clock_set(record: &Record<'_>) -> Option<Timestamp> {
    let seconds = record.message.strip_prefix("Setting time of day to sec=")?.trim().parse().ok()?;
    (seconds >= FIRST_OF_EPOCH).then(|| Timestamp::new(seconds, 0))
}

/// The head that stands above a message in the format `long`: `[ time [uid:]pid:tid L/tag ]`.
pub(super) fn head<'a>(line: &'a str, clock: &mut Clock) -> Option<Record<'a>> {
    let mut scan = Scan::new(line.strip_prefix("[ ")?.trim_end().strip_suffix(']')?);
    let time = time(&mut scan, clock)?;
    let (ids, tag) = scan.rest().split_once('/')?;
    let (ids, letter) = ids.trim_end().rsplit_once(' ')?;
    let record = said(time, level(letter)?, tag.trim_end(), "");
    with_ids(ids, record).filter(|record| record.tid.is_some())
}

/// When a record was written.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    /// `None` where it is not known which instant that was.
    time: Option<Timestamp>,
    is_local: bool,
}

/// When a record was written; `None` where the line does not begin with a time.
fn time(scan: &mut Scan<'_>, clock: &mut Clock) -> Option<Told> {
    let mut ahead = *scan;
    let told = match Local::scan(&mut ahead) {
        Some(local) => {
            let time = clock.read(&local);
            Told { time, is_local: time.is_some() && local.is_without_zone() }
        }
        None => {
            ahead = *scan;
            Told { time: counted(&mut ahead)?, is_local: false }
        }
    };
    *scan = ahead;
    Some(told)
}

/// `seconds.fraction`: of the epoch, or since boot, which is no instant.
fn counted(scan: &mut Scan<'_>) -> Option<Option<Timestamp>> {
    scan.blanks();
    let seconds: i64 = scan.number()?;
    scan.eat(".")?;
    let digits = scan.digits().filter(|digits| digits.len() >= 3)?;
    let nanos = clock::nanos(digits)?;
    Some((seconds >= FIRST_OF_EPOCH).then(|| Timestamp::new(seconds, nanos)))
}

/// `[uid] pid tid L tag: message`
fn thread_time(mut scan: Scan<'_>, time: Told) -> Option<Record<'_>> {
    let words = [scan.word()?, scan.word()?];
    let third = scan.word()?;
    let (uid, pid, tid, level) = match level(third) {
        Some(level) => (None, words[0], words[1], level),
        None => (Some(Uid::parse(words[0])?), words[1], third, level(scan.word()?)?),
    };
    scan.blanks();
    let (tag, message) = tagged(scan.rest())?;
    Some(Record {
        pid: Some(pid.parse().ok()?),
        tid: Some(tid.parse().ok()?),
        uid,
        ..said(time, level, tag, message)
    })
}

/// `L/tag([uid:]pid): message`
fn brief(mut scan: Scan<'_>, time: Told) -> Option<Record<'_>> {
    let level = level(scan.until("/").filter(|letter| letter.len() == 1)?)?;
    let (head, message) = closed(scan.rest())?;
    let (tag, ids) = head.rsplit_once('(')?;
    let (uid, pid) = match ids.rsplit_once(':') {
        Some((uid, pid)) => (Uid::parse(uid.trim()), pid),
        None => (None, ids),
    };
    Some(Record { pid: Some(pid.trim().parse().ok()?), uid, ..said(time, level, tag.trim_end(), message) })
}

/// What Android Studio copies: `pid-tid/package L/tag: message`, since its version of 2022
/// `pid-tid tag package L message`.
fn studio(mut scan: Scan<'_>, time: Told) -> Option<Record<'_>> {
    let (pid, rest) = scan.word()?.split_once('-')?;
    scan.blanks();
    let (tid, level, tag, message) = match rest.split_once('/') {
        Some((tid, _)) => {
            let level = level(scan.until("/").filter(|letter| letter.len() == 1)?)?;
            let (tag, message) = tagged(scan.rest())?;
            (tid, level, tag, message)
        }
        None => {
            let [tag, _, letter] = [scan.word()?, scan.word()?, scan.word()?];
            (rest, level(letter)?, tag, scan.rest().strip_prefix("  ").unwrap_or_default())
        }
    };
    let ids = (pid.parse().ok()?, tid.parse().ok()?);
    Some(Record { pid: Some(ids.0), tid: Some(ids.1), ..said(time, level, tag, message) })
}

/// `L(pid) message  (tag)`, `L([uid:]pid:tid) message` and `L/tag: message`, the formats `process`, `thread` and
/// `tag`.
fn without_time(scan: Scan<'_>) -> Option<Record<'_>> {
    let (letter, rest) = scan.rest().split_at_checked(1)?;
    let level = level(letter)?;
    if let Some(rest) = rest.strip_prefix('/') {
        let (tag, message) = tagged(rest)?;
        return (!tag.is_empty() && !tag.contains([' ', '(']))
            .then(|| said(Told::default(), level, tag, message));
    }
    let (ids, message) = rest.strip_prefix('(')?.split_once(") ")?;
    let record = with_ids(ids, said(Told::default(), level, "", message))?;
    match record.tid {
        Some(_) => Some(record),
        None => {
            let (message, tag) = message.strip_suffix(')')?.rsplit_once("  (")?;
            Some(Record { tag: Cow::Borrowed(tag), message: Cow::Borrowed(message), ..record })
        }
    }
}

/// `[uid:]pid:tid`, or `pid` alone. Before Android 4 the thread is a number in hex.
fn with_ids<'a>(ids: &str, record: Record<'a>) -> Option<Record<'a>> {
    let mut ids = ids.rsplit(':').map(str::trim);
    let last = ids.next()?;
    let Some(pid) = ids.next() else { return Some(Record { pid: Some(last.parse().ok()?), ..record }) };
    let tid = match last.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => last.parse(),
    };
    let uid = ids.next().map(Uid::parse);
    let is_read = ids.next().is_none() && uid != Some(None);
    let record = Record { pid: Some(pid.parse().ok()?), tid: Some(tid.ok()?), uid: uid.flatten(), ..record };
    is_read.then_some(record)
}

/// Up to the bracket behind the pid, and the message behind it.
fn closed(text: &str) -> Option<(&str, &str)> {
    text.split_once("): ").or_else(|| text.strip_suffix("):").map(|head| (head, "")))
}

/// The tag and the message. The tag is filled up with blanks, and a message that is empty may have lost its.
fn tagged(text: &str) -> Option<(&str, &str)> {
    let (tag, message) = text.split_once(": ").or_else(|| text.strip_suffix(':').map(|tag| (tag, "")))?;
    Some((tag.trim_end(), message))
}

fn level(word: &str) -> Option<Level> {
    let mut letters = word.chars();
    let level = Level::of(letters.next()?)?;
    letters.next().is_none().then_some(level)
}

fn said<'a>(Told { time, is_local }: Told, level: Level, tag: &'a str, message: &'a str) -> Record<'a> {
    Record {
        time,
        is_local,
        pid: None,
        tid: None,
        uid: None,
        level,
        tag: Cow::Borrowed(tag),
        message: Cow::Borrowed(message),
        buffer: None,
        after: None,
    }
}

/// Fewer seconds are counted since boot: no phone ran for three years.
const FIRST_OF_EPOCH: i64 = 100_000_000;

#[cfg(test)]
mod tests {
    use super::{buffer, head, plain, record};
    use crate::{
        Uid,
        clock::Clock,
        logs::{Buffer, Level},
    };

    #[test]
    fn every_format_is_read() {
        let time = Some("2019-03-21T07:41:05.123000Z");
        let time9 = Some("2019-03-21T07:41:05.123456Z");
        let rows = [
            ("I/Act(  585): m: x", None, Some(585), None, None),
            ("03-21 07:41:05.123 I/Act     (  585): m: x", time, Some(585), None, None),
            ("03-21 07:41:05.123 I/Act     ( 1000:  585): m: x", time, Some(585), None, Some(1000)),
            ("03-21 07:41:05.123   585   612 I Act     : m: x", time, Some(585), Some(612), None),
            ("03-21 07:41:05.123 root    585   612 I Act     : m: x", time, Some(585), Some(612), Some(0)),
            ("03-21 07:41:05.123 u0_a12  585   612 I Act: m: x", time, Some(585), Some(612), Some(10_012)),
            ("2019-03-21 07:41:05.123   585   612 I Act: m: x", time, Some(585), Some(612), None),
            ("2019-03-21 08:41:05.123 +0100   585   612 I Act: m: x", time, Some(585), Some(612), None),
            (
                "03-21 08:41:05.123000 +0100 10012  585   612 I Act: m: x",
                time,
                Some(585),
                Some(612),
                Some(10_012),
            ),
            ("1553154065.123   585   612 I Act: m: x", time, Some(585), Some(612), None),
            (
                "         1553154065.123000  1000 585   612 I Act: m: x",
                time,
                Some(585),
                Some(612),
                Some(1000),
            ),
            ("     4711.123   585   612 I Act: m: x", None, Some(585), Some(612), None),
            ("03-21 07:41:05.123456789 +0000   585   612 I Act: m: x", time9, Some(585), Some(612), None),
            ("2019-03-21 07:41:05.123 585-612/com.example.app I/Act: m: x", time, Some(585), Some(612), None),
            ("03-21 07:41:05.123 585-612/? I/Act: m: x", time, Some(585), Some(612), None),
            (
                "2019-03-21 07:41:05.123   585-612   Act   com.example.app   I  m: x",
                time,
                Some(585),
                Some(612),
                None,
            ),
            ("I(  585) m: x  (Act)", None, Some(585), None, None),
            ("I/Act     : m: x", None, None, None, None),
        ];
        for (line, time, pid, tid, uid) in rows {
            let mut clock = Clock::ahead(0).in_year(2019);
            let record = record(line, &mut clock).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(record.time.map(|time| time.to_string()).as_deref(), time, "{line}");
            assert_eq!((record.pid, record.tid, record.uid), (pid, tid, uid.map(Uid)), "{line}");
            assert_eq!(
                (record.level, record.tag.as_ref(), record.message.as_ref()),
                (Level::Info, "Act", "m: x")
            );
        }
    }

    #[test]
    fn a_time_with_a_zone_is_not_the_clocks() {
        let rows = [
            ("03-21 07:41:05.123   585   612 I Act: m", true),
            ("2019-03-21 07:41:05.123   585   612 I Act: m", true),
            ("03-21 07:41:05.123 585-612/? I/Act: m", true),
            ("03-21 08:41:05.123 +0100   585   612 I Act: m", false),
            ("2019-03-21 07:41:05.123 +0000   585   612 I Act: m", false),
            ("2019-03-21T08:41:05.123+01:00   585   612 I Act: m", false),
            ("2019-03-21T07:41:05.123Z   585   612 I Act: m", false),
            ("1553154065.123   585   612 I Act: m", false),
        ];
        for (line, is_local) in rows {
            let record = record(line, &mut Clock::ahead(0).in_year(2019)).unwrap();
            assert_eq!(
                (record.time.unwrap().seconds(), record.is_local),
                (1_553_154_065, is_local),
                "{line}"
            );
        }
        let head = |line| head(line, &mut Clock::ahead(0).in_year(2019)).unwrap().is_local;
        assert!(head("[ 03-21 07:41:05.123   585:  612 I/Act      ]"));
        assert!(!head("[ 2019-03-21 09:41:05.123 +0200   585:  612 I/Act ]"));
        // Without a year the line tells no instant at all.
        for line in
            ["03-21 07:41:05.123   585   612 I Act: m", "4711.123   585   612 I Act: m", "I/Act(  5): m"]
        {
            let record = record(line, &mut Clock::default()).unwrap();
            assert_eq!((record.time, record.is_local), (None, false), "{line}");
        }
    }

    #[test]
    fn what_is_no_record_is_none() {
        let rows = [
            "",
            "at com.example.Main(Main.java:3)",
            "03-21 07:41:05.123",
            "03-21 07:41:05.123   585   612 X Act: m",
            "03-21 07:41:05.123   585   612 I no tag",
            "03-21 07:41:05.123   585   999999999999 I Act: m",
            "I/Act(x): m",
            "1.2 3 4 I a: b",
            "I/O error: x",
            "I(  585) m: x",
            "I(a:b) m: x",
            "03-21 07:41:05.123 585-x/? I/Act: m",
            "03-21 07:41:05.123 585-612 Act com.example.app",
        ];
        for line in rows {
            assert!(record(line, &mut Clock::default()).is_none(), "{line}");
        }
    }

    #[test]
    fn threads_without_a_tag() {
        for (line, uid) in [("I(  585:  612) m", None), ("I( 1000:  585:0x264) m", Some(Uid(1000)))] {
            let record = record(line, &mut Clock::default()).unwrap();
            assert_eq!((record.pid, record.tid, record.uid), (Some(585), Some(612), uid), "{line}");
            assert_eq!((record.tag.as_ref(), record.message.as_ref()), ("", "m"));
        }
    }

    #[test]
    fn heads_of_the_long_format() {
        let rows = [
            ("[ 03-21 07:41:05.123   585:  612 I/Act      ]", None),
            ("[ 03-21 07:41:05.123   585:0x264 I/Act ]", None),
            ("[ 03-21 07:41:05.123  1000:  585:  612 I/Act ]", Some(Uid(1000))),
            ("[ 03-21 07:41:05.123  root:  585:  612 I/Act ]", Some(Uid(0))),
            ("[ 2019-03-21 09:41:05.123 +0200   585:  612 I/Act ]", None),
            ("[         1553154065.123   585:  612 I/Act ]", None),
        ];
        for (line, uid) in rows {
            let record = head(line, &mut Clock::ahead(0).in_year(2019)).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((record.pid, record.tid, record.uid), (Some(585), Some(612), uid), "{line}");
            assert_eq!(
                (record.time.unwrap().seconds(), record.tag.as_ref()),
                (1_553_154_065, "Act"),
                "{line}"
            );
        }
        for line in ["[ ]", "[ 03-21 07:41:05.123 ]", "[ 03-21 07:41:05.123 1:2:3:4:5 I/a ]", "[ 1:2 I/a ]"] {
            assert!(head(line, &mut Clock::default()).is_none(), "{line}");
        }
    }

    #[test]
    fn colours_are_no_part_of_a_line() {
        let rows = [
            ("\x1b[38;5;40mI/Act(  1): m\x1b[0m", "I/Act(  1): m"),
            ("\x1b[32mI/Act(  1): \x1b[1mm", "I/Act(  1): \x1b[1mm"),
            ("\x1b[0m\x1b[32mx\x1b[0m\x1b[m", "x"),
            ("\x1b[xm", "\x1b[xm"),
            ("\x1b[", "\x1b["),
            ("am", "am"),
        ];
        for (line, expected) in rows {
            assert_eq!(plain(line), expected, "{line:?}");
        }
    }

    #[test]
    fn buffers_are_marked() {
        assert_eq!(buffer("--------- beginning of main"), Some(Buffer::Main));
        assert_eq!(buffer("--------- beginning of /dev/log/events"), Some(Buffer::Events));
        assert_eq!(buffer("--------- switch to vendor_x"), Some(Buffer::Other));
        assert_eq!(buffer("------ SYSTEM LOG (logcat) ------"), None);
    }
}
