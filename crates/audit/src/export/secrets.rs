//! Key logs to the lines that the connections of the captures need.
//!
//! A key log may hold a year of somebody's traffic; what is handed on holds no more of it than it must.

use std::{
    io::{BufRead, BufReader, Read},
    ops::ControlFlow,
};

use evidence::CaptureId;
use wire::{
    KeyRing,
    capture::{Event, Fact, Reader, SecretsKind},
};

use crate::{
    input::{Input, open},
    kind::Kind,
    windows::each_event,
};

/// Calls `each` with secrets that the captures need, a mebibyte or so at a time: TLS key logs cut to their lines,
/// and what captures hold for other protocols as it stands.
pub(super) fn each_needed(inputs: &[Input], keys: &KeyRing, each: &mut dyn FnMut(SecretsKind, &[u8])) {
    let mut lines = Lines { keys, kept: Vec::new(), each };
    for input in inputs {
        // What cannot be read was told at the first reading.
        let Ok(mut opened) = open(input) else { continue };
        match opened.kind {
            Some(Kind::KeyLog) => lines.of_log(&mut *opened.bytes),
            Some(Kind::Capture) => lines.of_capture(&mut *opened.bytes),
            Some(Kind::Apk | Kind::Flows(_) | Kind::Messages(_) | Kind::Phone(_) | Kind::PrivateKey)
            | None => {}
        }
    }
    lines.flush();
}

struct Lines<'l> {
    keys: &'l KeyRing,
    kept: Vec<u8>,
    each: &'l mut dyn FnMut(SecretsKind, &[u8]),
}

impl Lines<'_> {
    fn of_log(&mut self, bytes: &mut dyn Read) {
        let mut reader = BufReader::new(bytes);
        let mut line = Vec::new();
        // A line that is longer is no secret, and what it is cut into is none either.
        while (&mut reader).take(LONGEST).read_until(b'\n', &mut line).is_ok_and(|len| len > 0) {
            self.line(&line);
            line.clear();
        }
    }

    fn of_capture(&mut self, bytes: &mut dyn Read) {
        let _ = each_event(&mut Reader::new(CaptureId(0)), bytes, |event| {
            if let Event::Note(note) = event
                && let Fact::Secrets { kind, bytes, .. } = &note.fact
            {
                match *kind {
                    SecretsKind::TLS_KEY_LOG => {
                        bytes.split(|byte| *byte == b'\n').for_each(|line| self.line(line));
                    }
                    other => (self.each)(other, bytes),
                }
            }
            ControlFlow::Continue(())
        });
    }

    fn line(&mut self, line: &[u8]) {
        let line = line.trim_ascii();
        if !self.is_needed(line) {
            return;
        }
        self.kept.extend_from_slice(line);
        self.kept.push(b'\n');
        if self.kept.len() >= BLOCK {
            self.flush();
        }
    }

    /// Lines of RSA key exchanges name no connection; there are few of them.
    fn is_needed(&self, line: &[u8]) -> bool {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        match (words.next(), words.next(), words.next()) {
            (Some(b"RSA"), Some(_), Some(_)) => true,
            (Some(label), Some(random), Some(_)) if !label.starts_with(b"#") => {
                from_hex(random).is_some_and(|random| self.keys.was_asked(&random))
            }
            _ => false,
        }
    }

    fn flush(&mut self) {
        if !self.kept.is_empty() {
            (self.each)(SecretsKind::TLS_KEY_LOG, &self.kept);
            self.kept.clear();
        }
    }
}

fn from_hex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(digit(*high)? << 4 | digit(*low)?).ok(),
        _ => None,
    });
    pairs.collect()
}

/// A line of a key log has some 200 bytes.
const LONGEST: u64 = 1 << 16;
/// How long a block is: programs refuse very long ones.
const BLOCK: usize = 1 << 20;
