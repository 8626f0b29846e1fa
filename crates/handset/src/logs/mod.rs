//! The system's log, as `logcat` prints it.
//!
//! A [`Logcat`] is pushed the bytes of a log, in whatever pieces, and gives out [`Record`]s. Formats (AOSP
//! `liblog/logprint.cpp`) are told line by line, since logs are often stitched together: `brief`, `time`,
//! `threadtime`, `long`, `process`, `thread` and `tag`, each with or without `-v uid`, `epoch`, `year`, `zone`,
//! `UTC`, `usec`, `nsec`, `monotonic`, `printable` and `color`; and what Android Studio copies.
//!
//! In the format `long` a message of several lines is a record for each of them, as it is in all others. The first
//! one's place begins with the head, the others' with their own line.
//!
//! - `line`: one line of any format.
//! - `record`: what it says.

mod line;
mod record;

use std::borrow::Cow;

use evidence::Timestamp;

pub use self::record::{Buffer, Level, Record};

use crate::{
    Found, Oddity,
    clock::Clock,
    lines::{Broken, Line, Lines},
    reader::{Fact, LineReader},
};

/// Reads a log.
///
/// No more than the line at hand is kept, however long the log is.
#[derive(Clone, Debug)]
pub struct Logcat {
    lines: Lines,
    parser: Parser,
}

impl Logcat {
    /// A reader of a log that was written by this clock.
    pub fn new(clock: Clock) -> Self {
        Self { lines: Lines::default(), parser: Parser::new(clock) }
    }

    /// Takes the next bytes, and gives out the records of the lines that end in them.
    pub fn push(&mut self, bytes: &[u8], each: &mut dyn FnMut(Found<Record<'_>>)) {
        let parser = &mut self.parser;
        self.lines.push(bytes, &mut |line| parser.line(line, each));
    }

    /// Gives out the last record, and says what was odd.
    pub fn finish(&mut self, each: &mut dyn FnMut(Found<Record<'_>>)) -> Vec<Oddity> {
        let parser = &mut self.parser;
        self.lines.finish(&mut |line| parser.line(line, each));
        parser.close(each);
        self.parser.broken().into_iter().chain(self.lines.oddity()).collect()
    }
}

/// What is known between two lines of a log.
#[derive(Clone, Debug)]
pub(crate) struct Parser {
    clock: Clock,
    buffer: Option<Buffer>,
    /// The head of the format `long` whose message is read.
    head: Option<Head>,
    /// The last time that was told.
    last: Option<Timestamp>,
    broken: Broken,
}

#[derive(Clone, Debug)]
struct Head {
    record: Found<Record<'static>>,
    /// A line of its message came.
    is_said: bool,
    /// The line before was blank: another format may begin.
    is_blank: bool,
}

impl Parser {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, buffer: None, head: None, last: None, broken: Broken::default() }
    }

    /// Gives out the record of a line.
    fn line(&mut self, line: &Line<'_>, each: &mut dyn FnMut(Found<Record<'_>>)) {
        let text = line.text();
        let text = line::plain(&text);
        if let Some(buffer) = line::buffer(text) {
            self.close(each);
            self.buffer = Some(buffer);
        } else if let Some(head) = line::head(text, &mut self.clock) {
            self.close(each);
            let record = line.found(self.joined(head).into_owned());
            self.head = Some(Head { record, is_said: false, is_blank: false });
        } else if !self.message(line, text, each) {
            self.record(line, text, each);
        }
    }

    fn record(&mut self, line: &Line<'_>, text: &str, each: &mut dyn FnMut(Found<Record<'_>>)) {
        if let Some(record) = line::record(text, &mut self.clock) {
            each(line.found(self.joined(record)));
        } else {
            self.broken.count(line, text);
        }
    }

    /// Gives out a line of the message below a head; whether it is one.
    fn message(&mut self, line: &Line<'_>, text: &str, each: &mut dyn FnMut(Found<Record<'_>>)) -> bool {
        let Some(head) = &mut self.head else { return false };
        if text.trim().is_empty() {
            head.is_blank = true;
            return true;
        }
        let is_timed = |record: Record<'_>| record.time.is_some() || record.tid.is_some();
        if head.is_blank && line::record(text, &mut self.clock).is_some_and(is_timed) {
            self.close(each);
            return false;
        }
        let Record { tag, .. } = &head.record.value;
        let record =
            Record { tag: Cow::Borrowed(tag), message: Cow::Borrowed(text), ..head.record.value.bare() };
        let start = if head.is_said { line.start } else { head.record.start };
        each(Found::new(record, start..line.end));
        head.is_said = true;
        true
    }

    /// The message below a head has ended; one that is empty is a record, too.
    fn close(&mut self, each: &mut dyn FnMut(Found<Record<'_>>)) {
        if let Some(head) = self.head.take().filter(|head| !head.is_said) {
            each(head.record);
        }
    }

    /// A record with what the lines before it tell.
    fn joined<'a>(&mut self, record: Record<'a>) -> Record<'a> {
        self.last = record.time.or_else(|| line::clock_set(&record)).or(self.last);
        let after = self.last.filter(|_| record.time.is_none());
        Record { buffer: self.buffer, after, ..record }
    }

    /// Says how many lines could not be read, if any; counts anew from here.
    fn broken(&mut self) -> Option<Oddity> {
        self.broken.oddity("file holds lines that are no records of a log")
    }
}

impl LineReader for Parser {
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<Fact>) {
        self.line(line, &mut |record| out.push(Fact::Record(record.map(Record::into_owned))));
    }

    fn finish(&mut self, out: &mut Vec<Fact>) {
        self.close(&mut |record| out.push(Fact::Record(record.map(Record::into_owned))));
        out.extend(self.broken().map(Fact::Oddity));
    }
}

/// Whether a file that begins with these lines is a log: most of them are records or marks of buffers.
///
/// The formats without a process do not count: a sentence can look like them.
pub(crate) fn recognise(beginning: &str) -> bool {
    let mut parser = Parser::new(Clock::default());
    let (mut records, mut others) = (0u32, 0u32);
    let mut lines = Lines::default();
    let mut each = |line: &Line<'_>| {
        let text = line.text();
        if text.trim().is_empty() || records.saturating_add(others) >= 64 {
            return;
        }
        let mut is_record = line::buffer(line::plain(&text)).is_some();
        parser.line(line, &mut |record| is_record |= record.value.pid.is_some());
        is_record |= parser.head.is_some();
        if is_record { records += 1 } else { others += 1 }
    };
    lines.push(beginning.as_bytes(), &mut each);
    lines.finish(&mut each);
    records > others
}

#[cfg(test)]
mod tests {
    use evidence::Timestamp;

    use super::{Logcat, Record};
    use crate::{Found, clock::Clock};

    const LOG: &str = "--------- beginning of main\r\n\
        12-31 23:59:59.900  1000   585   612 I ActivityManager: Start proc\r\n\
        01-01 00:00:00.100   585   612 D Tag with: colon : say: this\n\
        this is no record\n\
        --------- switch to events\n\
        01-01 00:00:01.000 I/screen_toggled(  585): 1\n\
        D/Wifi    ( 1234): no time\n\
        01-01 00:00:02.000   585   612 W Last:";

    fn read(step: usize) -> (Vec<Found<Record<'static>>>, Option<String>) {
        let near = Timestamp::new(1_546_300_800, 0);
        let mut log = Logcat::new(Clock::ahead(0).near(near));
        let mut records = Vec::new();
        let mut each = |record: Found<Record<'_>>| records.push(record.map(Record::into_owned));
        for piece in LOG.as_bytes().chunks(step) {
            log.push(piece, &mut each);
        }
        let oddity = log.finish(&mut each).pop();
        (records, oddity.map(|oddity| format!("{} ({}) at {}", oddity.what, oddity.detail, oddity.offset)))
    }

    /// Records as text: time, after, pid, tag, message and what the file has there.
    fn told(bytes: &[u8]) -> Vec<String> {
        let mut log = Logcat::new(Clock::ahead(0).in_year(2019));
        let mut told = Vec::new();
        let mut each = |found: Found<Record<'_>>| {
            let place = usize::try_from(found.start).unwrap()..usize::try_from(found.end).unwrap();
            let there = String::from_utf8_lossy(&bytes[place]).replace('\0', "");
            let Record { time, after, pid, tag, message, .. } = found.value;
            let [time, after] = [time, after].map(|it| it.map(|it| it.seconds() % 86_400));
            told.push(format!("{time:?} {after:?} {pid:?} {tag}: {message} | {there}"));
        };
        log.push(bytes, &mut each);
        let oddities = log.finish(&mut each);
        told.extend(oddities.iter().map(|odd| format!("{} {}", odd.what, odd.offset)));
        told
    }

    #[test]
    fn the_long_format_has_a_record_for_each_line_of_a_message() {
        let text = "--------- beginning of main\n\
            [ 03-21 00:00:05.123   585:  612 I/Act      ]\nfirst\n\n\
            [ 03-21 00:00:06.123   585:  612 I/Act      ]\nI/Quoted(  1): one\ntwo\n\n\
            [ 03-21 00:00:07.123   585:  612 I/Empty ]\n\n\
            [ 03-21 00:00:08.123   585:  612 I/Act ]\nlast\n\nstill\n\n\
            03-21 00:00:09.123   585   612 I Other: format\nnone\n\
            [ 03-21 00:00:10.123   585:  612 I/End ]\n";
        assert!(super::recognise(text));
        assert_eq!(
            told(text.as_bytes()),
            [
                "Some(5) None Some(585) Act: first | [ 03-21 00:00:05.123   585:  612 I/Act      ]\nfirst",
                "Some(6) None Some(585) Act: I/Quoted(  1): one | [ 03-21 00:00:06.123   585:  612 I/Act      ]\nI/Quoted(  1): one",
                "Some(6) None Some(585) Act: two | two",
                "Some(7) None Some(585) Empty:  | [ 03-21 00:00:07.123   585:  612 I/Empty ]",
                "Some(8) None Some(585) Act: last | [ 03-21 00:00:08.123   585:  612 I/Act ]\nlast",
                "Some(8) None Some(585) Act: still | still",
                "Some(9) None Some(585) Other: format | 03-21 00:00:09.123   585   612 I Other: format",
                "Some(10) None Some(585) End:  | [ 03-21 00:00:10.123   585:  612 I/End ]",
                "file holds lines that are no records of a log 296",
            ]
        );
    }

    #[test]
    fn what_has_no_time_is_told_behind_what_it_stands() {
        let text = "I/Early   (    1): a\n03-21 00:00:05.123   585   612 I Act: b\nI/Tag     (    1): c\n\
            D/AlarmManagerService(  585): Setting time of day to sec=1553126460\nI/Tag: d\n";
        assert_eq!(
            told(text.as_bytes()),
            [
                "None None Some(1) Early: a | I/Early   (    1): a",
                "Some(5) None Some(585) Act: b | 03-21 00:00:05.123   585   612 I Act: b",
                "None Some(5) Some(1) Tag: c | I/Tag     (    1): c",
                "None Some(60) Some(585) AlarmManagerService: Setting time of day to sec=1553126460 | \
                 D/AlarmManagerService(  585): Setting time of day to sec=1553126460",
                "None Some(60) None Tag: d | I/Tag: d",
            ]
        );
    }

    #[test]
    fn wide_and_coloured_logs_are_read() {
        let text =
            "\u{feff}\x1b[38;5;40m03-21 00:00:05.123   585   612 I Act: bé\x1b[0m\r\nI/Tag(    1): c\r\n";
        let expected = [
            "Some(5) None Some(585) Act: bé | \x1b[38;5;40m03-21 00:00:05.123   585   612 I Act: bé\x1b[0m",
            "None Some(5) Some(1) Tag: c | I/Tag(    1): c",
        ];
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(told(text.as_bytes()), expected);
        assert_eq!(
            told(&wide),
            expected.map(|line| line.replace(
                "| \x1b[38;5;40m03-21 00:00:05.123   585   612 I Act: bé",
                "| \x1b[38;5;40m03-21 00:00:05.123   585   612 I Act: b\u{fffd}"
            ))
        );
        assert!(super::recognise(text.trim_start_matches('\u{feff}')));
        assert!(!super::recognise("I/we: this\nD/o: that\n"));
    }

    #[test]
    fn any_chunking_gives_the_same_records() {
        let whole = read(LOG.len());
        for step in 1..80 {
            assert_eq!(read(step), whole, "{step}");
        }
        let (records, oddity) = whole;
        let times: Vec<String> = records
            .iter()
            .map(|record| record.value.time.map(|time| time.to_string()).unwrap_or_default())
            .collect();
        assert_eq!(
            times[..3],
            ["2018-12-31T23:59:59.900000Z", "2019-01-01T00:00:00.100000Z", "2019-01-01T00:00:01.000000Z"]
        );
        assert_eq!(records[1].value.tag, "Tag with");
        assert_eq!(records[1].value.message, "colon : say: this");
        assert_eq!((records[3].value.tag.as_ref(), records[3].value.time), ("Wifi", None));
        assert_eq!((records[4].value.tag.as_ref(), records[4].value.message.as_ref()), ("Last", ""));
        assert_eq!(oddity.as_deref(), Some("file holds lines that are no records of a log (1 line) at 158"));
        assert!(LOG[158..].starts_with("this is no record"));
        for record in &records {
            let bytes = usize::try_from(record.start).unwrap()..usize::try_from(record.end).unwrap();
            assert!(LOG[bytes].contains(record.value.message.as_ref()));
        }
    }
}
