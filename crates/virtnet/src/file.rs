//! A recording as a file: pcapng with an Ethernet interface that counts nanoseconds.

use std::io::{self, Write};

use testkit::{
    PcapngWriter,
    capture::{COMMENT, ETHERNET, IF_NAME, IF_TSRESOL},
};

use crate::{Direction, Event, Frame, Recording};

/// How the file is written.
#[derive(Clone, Copy)]
pub struct FileStyle<'a> {
    /// TLS secrets stand in the file (decryption secrets blocks), each before the frame that needs it.
    pub secrets: bool,
    /// Name of the interface; none where empty.
    pub interface: &'a str,
    /// Frames say which way they went (option `epb_flags`).
    pub directions: bool,
    /// A comment for a frame.
    pub comment: Option<&'a Comment>,
}

/// What is noted beside a frame, if anything.
pub type Comment = dyn Fn(&Frame) -> Option<String>;

impl Default for FileStyle<'_> {
    /// With secrets and directions, interface `wlan0`, no comments.
    fn default() -> Self {
        Self { secrets: true, interface: "wlan0", directions: true, comment: None }
    }
}

/// Writes a recording while it is made: hand it the events of [`play_into`](crate::play_into).
pub struct FileWriter<'a, W> {
    out: PcapngWriter<W>,
    style: FileStyle<'a>,
}

impl<'a, W: Write> FileWriter<'a, W> {
    /// Begins a file.
    pub fn new(out: W, style: FileStyle<'a>) -> io::Result<Self> {
        let mut options: Vec<(u16, &[u8])> = Vec::new();
        if !style.interface.is_empty() {
            options.push((IF_NAME, style.interface.as_bytes()));
        }
        options.push((IF_TSRESOL, &[9]));
        let mut out = PcapngWriter::bare(out, false)?;
        out.interface(ETHERNET, &options)?;
        Ok(Self { out, style })
    }

    /// Writes an event down.
    pub fn put(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Frame(frame) => self.frame(frame),
            Event::Secret(line) => self.secrets(&format!("{line}\n")),
            Event::Crossing(_) | Event::Flow(..) => Ok(()),
        }
    }

    /// What was written to.
    pub fn into_inner(self) -> W {
        self.out.into_inner()
    }

    fn secrets(&mut self, lines: &str) -> io::Result<()> {
        if self.style.secrets && !lines.is_empty() {
            self.out.tls_keys(lines.as_bytes())?;
        }
        Ok(())
    }

    fn frame(&mut self, frame: &Frame) -> io::Result<()> {
        let flags = match frame.direction {
            Direction::In => 1_u32,
            Direction::Out => 2,
        };
        let (flags, comment) = (flags.to_le_bytes(), self.style.comment.and_then(|comment| comment(frame)));
        let mut options: Vec<(u16, &[u8])> = Vec::new();
        if let Some(comment) = &comment {
            options.push((COMMENT, comment.as_bytes()));
        }
        if self.style.directions {
            options.push((EPB_FLAGS, &flags));
        }
        self.out.frame(0, frame.time.0, &frame.bytes, &options)?;
        Ok(())
    }
}

/// A whole file of a recording. All secrets stand before the first frame.
pub fn pcapng(recording: &Recording, style: &FileStyle<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to memory does not fail.
    if let Ok(mut writer) = FileWriter::new(&mut out, *style) {
        let _ = writer.secrets(&recording.key_log);
        for frame in &recording.frames {
            let _ = writer.frame(frame);
        }
    }
    out
}

/// Option of an enhanced packet block: the lowest two bits are the direction.
const EPB_FLAGS: u16 = 2;
