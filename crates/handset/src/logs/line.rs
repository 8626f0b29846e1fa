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

/// The record of a line.
pub(super) fn record<'a>(line: &'a str, clock: &mut Clock) -> Option<Record<'a>> {
    let mut scan = Scan::new(line);
    let time = time(&mut scan, clock);
    match time {
        Some(time) => {
            scan.blanks();
            thread_time(scan, time).or_else(|| brief(scan, time))
        }
        None => brief(scan, None),
    }
}

/// When a record was written; `None` where the line does not begin with a time, `Some(None)` where it is not
/// known which instant that was.
fn time(scan: &mut Scan<'_>, clock: &mut Clock) -> Option<Option<Timestamp>> {
    let mut ahead = *scan;
    let time = match Local::scan(&mut ahead) {
        Some(local) => clock.read(&local),
        None => {
            ahead = *scan;
            counted(&mut ahead)?
        }
    };
    *scan = ahead;
    Some(time)
}

/// `seconds.fraction`: of the epoch, or since boot, which is no instant.
fn counted(scan: &mut Scan<'_>) -> Option<Option<Timestamp>> {
    const FIRST_OF_EPOCH: i64 = 100_000_000;
    scan.blanks();
    let seconds: i64 = scan.number()?;
    scan.eat(".")?;
    let digits = scan.digits().filter(|digits| digits.len() >= 3)?;
    let nanos = clock::nanos(digits)?;
    Some((seconds >= FIRST_OF_EPOCH).then(|| Timestamp::new(seconds, nanos)))
}

/// `[uid] pid tid L tag: message`
fn thread_time(mut scan: Scan<'_>, time: Option<Timestamp>) -> Option<Record<'_>> {
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
fn brief(mut scan: Scan<'_>, time: Option<Timestamp>) -> Option<Record<'_>> {
    let level = level(scan.until("/").filter(|letter| letter.len() == 1)?)?;
    let (head, message) = closed(scan.rest())?;
    let (tag, ids) = head.rsplit_once('(')?;
    let (uid, pid) = match ids.rsplit_once(':') {
        Some((uid, pid)) => (Uid::parse(uid.trim()), pid),
        None => (None, ids),
    };
    Some(Record { pid: Some(pid.trim().parse().ok()?), uid, ..said(time, level, tag.trim_end(), message) })
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

fn said<'a>(time: Option<Timestamp>, level: Level, tag: &'a str, message: &'a str) -> Record<'a> {
    Record {
        time,
        pid: None,
        tid: None,
        uid: None,
        level,
        tag: Cow::Borrowed(tag),
        message: Cow::Borrowed(message),
        buffer: None,
    }
}

#[cfg(test)]
mod tests {
    use super::{buffer, record};
    use crate::{
        Uid,
        clock::Clock,
        logs::{Buffer, Level},
    };

    #[test]
    fn every_format_is_read() {
        let time = Some("2019-03-21T07:41:05.123000Z");
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
        ];
        for line in rows {
            assert!(record(line, &mut Clock::default()).is_none(), "{line}");
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
