//! What a line of the log says.

use std::borrow::Cow;

use evidence::Timestamp;

use crate::Uid;

/// A record of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// When it was written; `None` where the line does not tell, or leaves the year out and nothing tells it.
    pub time: Option<Timestamp>,
    /// Whether the line tells `time` without a zone: it is as right as the clock it was read by.
    pub is_local: bool,
    /// The process that wrote it.
    pub pid: Option<u32>,
    /// The thread.
    pub tid: Option<u32>,
    /// The uid, where the log was printed with it.
    pub uid: Option<Uid>,
    /// How grave it was held to be.
    pub level: Level,
    /// The tag: which part of a program wrote it. In the events buffer, what happened.
    pub tag: Cow<'a, str>,
    /// The message.
    pub message: Cow<'a, str>,
    /// The buffer it stood in, where the log marks them.
    pub buffer: Option<Buffer>,
    /// Where `time` is not known: that of the last record before it in the file that tells its own, or to which
    /// the clock was set. It was written no earlier, unless logs were put together out of order.
    pub after: Option<Timestamp>,
}

impl Record<'_> {
    /// The same, without its tag and message.
    pub(super) fn bare(&self) -> Record<'static> {
        let text = || Cow::Borrowed("");
        let Self { time, is_local, pid, tid, uid, level, buffer, after, .. } = *self;
        Record { time, is_local, pid, tid, uid, level, tag: text(), message: text(), buffer, after }
    }

    /// The same, with text of its own.
    pub fn into_owned(self) -> Record<'static> {
        Record {
            time: self.time,
            is_local: self.is_local,
            pid: self.pid,
            tid: self.tid,
            uid: self.uid,
            level: self.level,
            tag: Cow::Owned(self.tag.into_owned()),
            message: Cow::Owned(self.message.into_owned()),
            buffer: self.buffer,
            after: self.after,
        }
    }
}

/// How grave a record is, by its letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// `V`
    Verbose,
    /// `D`
    Debug,
    /// `I`
    Info,
    /// `W`
    Warning,
    /// `E`
    Error,
    /// `F`, and `A` as the log daemon's own tools print it
    Fatal,
    /// `S`
    Silent,
}

impl Level {
    /// The level of a letter.
    pub(super) fn of(letter: char) -> Option<Self> {
        Some(match letter {
            'V' => Self::Verbose,
            'D' => Self::Debug,
            'I' => Self::Info,
            'W' => Self::Warning,
            'E' => Self::Error,
            'F' | 'A' => Self::Fatal,
            'S' => Self::Silent,
            _ => return None,
        })
    }
}

/// A buffer of the log daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Buffer {
    /// `crash`
    Crash,
    /// `events`
    Events,
    /// `kernel`
    Kernel,
    /// `main`
    Main,
    /// Any other: a vendor's.
    Other,
    /// `radio`
    Radio,
    /// `security`
    Security,
    /// `stats`
    Stats,
    /// `system`
    System,
}

impl Buffer {
    /// The buffer of a name.
    pub(super) fn of(name: &str) -> Self {
        match name {
            "crash" => Self::Crash,
            "events" => Self::Events,
            "kernel" => Self::Kernel,
            "main" => Self::Main,
            "radio" => Self::Radio,
            "security" => Self::Security,
            "stats" => Self::Stats,
            "system" => Self::System,
            _ => Self::Other,
        }
    }
}
