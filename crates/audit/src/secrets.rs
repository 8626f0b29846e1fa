//! Key logs, private keys and the secrets inside captures to one key ring.
//!
//! They are read before the first packet, so that it does not matter where secrets stand. A key log that goes
//! on growing while packets come (a live capture through a pipe) is read further between them.

use std::{
    io::Read,
    ops::ControlFlow,
    sync::{Arc, Mutex},
};

use evidence::{Capture, CaptureId};
use wire::{
    KeyRing,
    capture::{Event, Fact, Note, Reader, SecretsKind},
};

use crate::{
    input::{Digested, Input, Opened, fill},
    kind::{Kind, is_utf16},
    windows::each_event,
};

/// The files that secrets are read from.
#[derive(Default)]
pub(crate) struct Secrets {
    pub(crate) ring: KeyRing,
    logs: Vec<KeyLog>,
    /// Captures whose secrets were read before their packets.
    scanned: Vec<CaptureId>,
}

/// A key log that is open.
struct KeyLog {
    capture: Capture,
    bytes: Box<dyn Read + Send>,
    /// Of a compressed file: the digest of what lies on the disk.
    packed: Option<Arc<Mutex<Digested>>>,
    digested: Digested,
    compression: Option<&'static str>,
    /// The last line, as far as it was read.
    rest: Vec<u8>,
    /// Lines before it, secrets in them, and lines that are neither secrets nor comments.
    lines: u64,
    secrets: u64,
    odd: u64,
    /// Secrets in the last line, which may go on.
    last: u64,
}

impl Secrets {
    /// Reads a file of secrets. Gives what is wrong with it.
    pub(crate) fn read(&mut self, capture: Capture, opened: Opened) -> Result<(), String> {
        let kind = opened.kind;
        if kind == Some(Kind::KeyLog) && is_utf16(&opened.head) {
            return Err(UTF16.to_owned());
        }
        let mut log = KeyLog {
            capture,
            bytes: opened.bytes,
            packed: opened.digest,
            digested: Digested::default(),
            compression: opened.compression,
            rest: Vec::new(),
            lines: 0,
            secrets: 0,
            odd: 0,
            last: 0,
        };
        let read = match kind {
            Some(Kind::PrivateKey) => log.read_private_key(&self.ring),
            _ => log.read_on(&self.ring),
        };
        let secrets = log.secrets + log.last;
        self.logs.push(log);
        match read {
            Ok(()) if secrets == 0 => Err(NOTHING.to_owned()),
            read => read,
        }
    }

    /// Reads what was added to key logs meanwhile.
    pub(crate) fn read_on(&mut self) {
        for log in self.logs.iter_mut().filter(|log| log.compression.is_none()) {
            // What is wrong with it was told when it was opened.
            let _ = log.read_on(&self.ring);
        }
    }

    /// Reads the secrets that stand between a capture's packets.
    pub(crate) fn scan(&mut self, id: CaptureId, bytes: &mut dyn Read) {
        self.scanned.push(id);
        let ring = &self.ring;
        // What cannot be read is told when the packets are.
        let _ = each_event(&mut Reader::new(id), bytes, |event| {
            if let Event::Note(note) = event {
                add(ring, &note);
            }
            ControlFlow::Continue(())
        });
    }

    /// Takes the secrets from a note of a capture that could not be read twice.
    pub(crate) fn note(&mut self, note: &Note) {
        if !self.scanned.contains(&note.capture) {
            add(&self.ring, note);
        }
    }

    /// The files, with their digests, and how many bytes of each were read.
    pub(crate) fn finish(self) -> Vec<Capture> {
        self.logs.into_iter().map(KeyLog::finish).collect()
    }
}

impl KeyLog {
    fn read_on(&mut self, ring: &KeyRing) -> Result<(), String> {
        loop {
            let held = self.rest.len();
            self.rest.resize(held + WINDOW, 0);
            let (count, read) = fill(&mut *self.bytes, self.rest.get_mut(held..).unwrap_or_default());
            self.rest.truncate(held + count);
            self.digested.update(self.rest.get(held..).unwrap_or_default());
            let at = self.capture.bytes.saturating_sub(held as u64);
            self.capture.bytes += count as u64;
            let tally = ring.add_log(self.capture.id, at, self.lines + 1, &self.rest);
            self.secrets += tally.secrets;
            self.lines += tally.lines;
            self.odd += tally.odd;
            self.rest.drain(..tally.used);
            read.map_err(|error| format!("reading stopped after {} bytes: {error}", self.capture.bytes))?;
            if count < WINDOW {
                // One that was told already is not new when nothing was added.
                self.last += self.last_line(ring);
                return Ok(());
            }
            if self.rest.len() > LONGEST_LINE {
                return Err("has a line of more than a mebibyte: it is no key log".to_owned());
            }
        }
    }

    /// The last line may lack its end, for ever or until more is written.
    fn last_line(&self, ring: &KeyRing) -> u64 {
        let at = self.capture.bytes.saturating_sub(self.rest.len() as u64);
        let line = [self.rest.as_slice(), b"\n"].concat();
        ring.add_log(self.capture.id, at, self.lines + 1, &line).secrets
    }

    fn read_private_key(&mut self, ring: &KeyRing) -> Result<(), String> {
        let mut pem = vec![0; LONGEST_KEY];
        let (count, read) = fill(&mut *self.bytes, &mut pem);
        pem.truncate(count);
        self.digested.update(&pem);
        self.capture.bytes = count as u64;
        read.map_err(|error| format!("cannot be read: {error}"))?;
        let added = ring.add_private_key(self.capture.id, &pem);
        let keys = added.map_err(|error| error.to_string())?;
        self.secrets = keys as u64;
        Ok(())
    }

    fn finish(self) -> Capture {
        let packed = self.packed.as_ref().and_then(|packed| Some(packed.lock().ok()?.clone()));
        let digested = packed.unwrap_or(self.digested);
        let mut capture = self.capture;
        capture.frames = self.secrets + self.last;
        capture.sha256 = digested.finish();
        capture.file_bytes = digested.bytes;
        if let Some(compression) = self.compression {
            capture.format = format!("{} in {compression}", capture.format);
        }
        if self.odd > 0 {
            capture.notes.push(format!("{} lines are no secrets of TLS", self.odd));
        }
        capture
    }
}

fn add(ring: &KeyRing, note: &Note) {
    if let Fact::Secrets { kind: SecretsKind::TLS_KEY_LOG, start, bytes } = &note.fact {
        // The block ends the last line, whether it has a line end or not.
        let tally = ring.add_log(note.capture, *start, 1, bytes);
        let last = bytes.get(tally.used..).unwrap_or_default();
        if !last.is_empty() {
            let line = [last, b"\n"].concat();
            ring.add_log(note.capture, *start + tally.used as u64, tally.lines + 1, &line);
        }
    }
}

/// Whether secrets may stand between an input's packets, and it can be read twice.
pub(crate) fn scannable(input: &Input, head: &[u8]) -> bool {
    matches!(input, Input::File(_) | Input::Keys(_)) && head.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a])
}

/// A secret's place in the file is where its digits stand; digits of two bytes each would need a step of their
/// own in every proof.
const UTF16: &str = "is written in UTF-16, as PowerShell does; convert it first: `iconv -f UTF-16 -t UTF-8 FILE > NEW`, or in PowerShell `Get-Content FILE | Set-Content -Encoding ascii NEW`";
const NOTHING: &str =
    "holds no secret that can be used; give a key log (SSLKEYLOGFILE) or an RSA private key in PEM";
/// How much of a key log is read at a time.
const WINDOW: usize = 1 << 18;
/// A line of a key log has some 200 bytes.
const LONGEST_LINE: usize = 1 << 20;
/// Private keys have some thousand bytes.
const LONGEST_KEY: usize = 1 << 20;
