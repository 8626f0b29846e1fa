//! The system's log, as `logcat` prints it.
//!
//! A [`Logcat`] is pushed the bytes of a log, in whatever pieces, and gives out [`Record`]s. Formats (AOSP
//! `liblog/logprint.cpp`) are told line by line, since logs are often stitched together: `brief`, `time`,
//! `threadtime`, each with or without `-v uid`, `epoch`, `year`, `zone`, `usec`, `nsec` and `monotonic`.
//!
//! - `line`: one line of any format.
//! - `record`: what it says.

mod line;
mod record;

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
        self.parser.broken().into_iter().chain(self.lines.oddity()).collect()
    }
}

/// What is known between two lines of a log.
#[derive(Clone, Debug)]
pub(crate) struct Parser {
    clock: Clock,
    buffer: Option<Buffer>,
    broken: Broken,
}

impl Parser {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, buffer: None, broken: Broken::default() }
    }

    /// Gives out the record of a line.
    fn line(&mut self, line: &Line<'_>, each: &mut dyn FnMut(Found<Record<'_>>)) {
        let text = line.text();
        if let Some(buffer) = line::buffer(&text) {
            self.buffer = Some(buffer);
        } else if let Some(record) = line::record(&text, &mut self.clock) {
            each(line.found(Record { buffer: self.buffer, ..record }));
        } else {
            self.broken.count(line, &text);
        }
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
        out.extend(self.broken().map(Fact::Oddity));
    }
}

/// Whether a file that begins with these lines is a log: most of them are records or marks of buffers.
pub(crate) fn recognise(beginning: &str) -> bool {
    let mut clock = Clock::default();
    let lines =
        beginning.lines().map(|line| line.trim_end_matches('\r')).filter(|line| !line.trim().is_empty());
    let (mut records, mut others) = (0u32, 0u32);
    for line in lines.take(64) {
        let is_record = line::buffer(line).is_some() || line::record(line, &mut clock).is_some();
        if is_record { records += 1 } else { others += 1 }
    }
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
        assert_eq!(oddity.as_deref(), Some("file holds lines that are no records of a log (1 lines) at 158"));
        assert!(LOG[158..].starts_with("this is no record"));
        for record in &records {
            let bytes = usize::try_from(record.start).unwrap()..usize::try_from(record.end).unwrap();
            assert!(LOG[bytes].contains(record.value.message.as_ref()));
        }
    }
}
