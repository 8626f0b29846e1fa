//! What was read, decrypted, for other programs: HAR, pcapng with its secrets, a table of exchanges.
//!
//! The captures go the way of an audit, with one worker whose `Ear` writes messages down instead of examining
//! them. The pcapng is written afterwards, in a second reading: only then it is known whose secrets are needed,
//! and they stand before the first packet.
//!
//! - `har`: exchanges to HAR 1.2.
//! - `pcapng`: the packets of all captures, with secrets.
//! - `secrets`: which lines of key logs are needed.

mod half;
mod har;
mod pcapng;
mod secrets;

use std::{
    io::{self, Write},
    path::PathBuf,
    sync::OnceLock,
    thread,
};

use crossbeam_channel::{Receiver, bounded};
use evidence::{Capture, InputProblem, Timestamp};
use store::{Record, Store, StoreError};
use wire::{Message, flow::FlowInfo};

use crate::{
    conversation::Conversation,
    frames::FrameReader,
    gather::Gathered,
    input::{Input, given},
    progress::Meter,
    records::Records,
    secrets::Secrets,
    worker::{Ear, work},
};
use har::{Har, Memory};

/// Where an export goes.
pub type Out<'o> = &'o mut (dyn Write + Send);

/// Takes a row of a table, cell by cell.
pub type Row<'o> = &'o mut (dyn FnMut(&[String]) -> io::Result<()> + Send);

/// What to export, and where to.
pub struct Order<'o> {
    /// Files (captures, key logs, private keys), folders, `-`.
    pub inputs: Vec<PathBuf>,
    /// Files of secrets, whatever they begin with.
    pub keys: Vec<PathBuf>,
    /// HTTP exchanges as HAR 1.2.
    pub har: Option<Out<'o>>,
    /// The packets with the secrets that open them, as pcapng.
    pub pcapng: Option<Out<'o>>,
    /// Every exchange as a row of the store's table `exchange`, earliest first, after a row of its columns'
    /// names: captures by their names, times in RFC 3339 and UTC; the security of a handshake is `handshake`.
    pub rows: Option<Row<'o>>,
    /// Name and version of the program.
    pub program: (&'o str, &'o str),
}

/// What an export came to.
#[derive(Debug, Default)]
pub struct Exported {
    /// The inputs that were read.
    pub captures: Vec<Capture>,
    /// What is wrong with single inputs.
    pub problems: Vec<InputProblem>,
    /// What the exports lack, and why.
    pub notes: Vec<String>,
}

/// An export that came to nothing. What is wrong with single inputs is in [`Exported`] instead.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// An export could not be written: which one, and why.
    #[error("the {0} cannot be written: {1}")]
    Write(&'static str, io::Error),
    /// The exchanges could not be put in order.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A part of the program failed: a bug.
    #[error("the {0} thread failed; this is a fault in phonehome: please report it with the message above")]
    Thread(&'static str),
}

/// Exports captures. `meter` grows meanwhile.
pub fn export(order: Order<'_>, meter: &Meter) -> Result<Exported, ExportError> {
    let (inputs, problems) = given(&order.inputs, &order.keys, &|_| false);
    let names: Vec<String> = inputs.iter().map(Input::name).collect();
    let secrets = Secrets::default();
    let keys = secrets.ring.clone();
    if order.pcapng.is_some() {
        keys.note_asked();
    }
    let store = order.rows.is_some().then(Store::temporary).transpose()?;
    let keeps = store.is_some();
    let har = order.har.map(|out| Har::begin(out, order.program, &names));
    let (read, scribe, store) = thread::scope(|scope| {
        let (records, to_write) = bounded(QUEUE);
        let (packets, batches) = bounded(QUEUE);
        let writer = scope.spawn(move || keep(store, &to_write));
        let records = Records::new(keeps.then_some(records));
        let keys = &keys;
        let scribe = Scribe { har, gathered: Gathered::default(), records };
        let worker = scope.spawn(move || {
            let mut scribe = work(&batches, (keys, &OnceLock::new()), scribe);
            scribe.records.flush();
            scribe.har
        });
        let read = FrameReader::new(vec![packets], secrets, &OnceLock::new(), meter).run(&inputs);
        let har = worker.join().map_err(|_| ExportError::Thread("worker"))?;
        let store = writer.join().map_err(|_| ExportError::Thread("store"))??;
        Ok::<_, ExportError>((read, har, store))
    })?;
    let mut exported = Exported { captures: read.captures, problems, notes: Vec::new() };
    exported.problems.extend(read.problems);
    if let Some(har) = scribe {
        har.finish().map_err(|error| ExportError::Write("HAR", error))?;
    }
    if let (Some(store), Some(row)) = (store, order.rows) {
        rows(&store, &names, row)?;
    }
    if let Some(out) = order.pcapng {
        let program = format!("{} {}", order.program.0, order.program.1);
        let notes = pcapng::write(out, &inputs, &keys, &program);
        exported.notes = notes.map_err(|error| ExportError::Write("pcapng", error))?;
    }
    Ok(exported)
}

/// Keeps records until no more come. Goes on receiving after a failure, so that nobody waits for ever.
fn keep(store: Option<Store>, records: &Receiver<Vec<Record>>) -> Result<Option<Store>, StoreError> {
    let Some(mut store) = store else { return Ok(None) };
    let mut outcome = Ok(());
    for batch in records {
        if outcome.is_ok() {
            outcome = store.write(&batch);
        }
    }
    outcome.map(|()| Some(store))
}

fn rows(store: &Store, names: &[String], row: Row<'_>) -> Result<(), ExportError> {
    let mut written = Ok(());
    let (mut columns, mut cells) = (Vec::new(), Vec::new());
    store.exchanges(|values| {
        cells.clear();
        cells.extend_from_slice(values);
        match columns.is_empty() {
            true => columns = values.to_vec(),
            false => {
                columns.iter().zip(&mut cells).for_each(|(column, cell)| tell(column, cell, names));
                tell_handshake(&columns, &mut cells);
            }
        }
        written = row(&cells);
        written.is_ok()
    })?;
    written.map_err(|error| ExportError::Write("CSV", error))
}

/// Writes a number of the store so that people can read it.
fn tell(column: &str, cell: &mut String, names: &[String]) {
    let told = match column {
        "capture" => cell.parse::<usize>().ok().and_then(|id| names.get(id)).cloned(),
        "first" | "last" => cell.parse().ok().map(|nanos| Timestamp(nanos).to_string()),
        _ => None,
    };
    if let Some(told) = told {
        *cell = told;
    }
}

/// The row of a handshake is in the clear itself, and opens what is not: who looks for clear text must not find it.
fn tell_handshake(columns: &[String], cells: &mut [String]) {
    let at = |name: &str| columns.iter().position(|column| column == name);
    let is_handshake = at("protocol")
        .and_then(|place| cells.get(place))
        .is_some_and(|protocol| HANDSHAKES.contains(&protocol.as_str()));
    if let Some(security) = at("security").and_then(|place| cells.get_mut(place)).filter(|_| is_handshake) {
        *security = "handshake".to_owned();
    }
}

/// Writes down what it hears.
struct Scribe<'o> {
    har: Option<Har<'o>>,
    gathered: Gathered,
    records: Records,
}

impl Ear for Scribe<'_> {
    type Memory = Memory;

    fn open(&mut self, flow: &FlowInfo) -> Memory {
        Memory::of(flow)
    }

    fn message(&mut self, conversation: &mut Conversation, memory: &mut Memory, message: &Message) {
        conversation.learn(message, &mut self.gathered);
        conversation.note(message, &mut self.records);
        if let Some(har) = &mut self.har {
            har.message(memory, message);
        }
    }

    fn close(&mut self, memory: Memory) {
        if let Some(har) = &mut self.har {
            har.close(memory);
        }
    }

    fn books(&mut self) -> (&mut Gathered, &mut Records) {
        (&mut self.gathered, &mut self.records)
    }
}

/// Protocols of which the exchange is a handshake.
const HANDSHAKES: [&str; 3] = ["DTLS", "QUIC", "TLS"];
/// Batches that may wait for the worker or the writer.
const QUEUE: usize = 4;

#[cfg(test)]
mod tests {
    use super::tell_handshake;

    #[test]
    fn a_handshake_is_not_told_as_clear_text() {
        let columns = ["protocol", "port", "security"].map(str::to_owned);
        for (protocol, security) in [("TLS", "handshake"), ("QUIC", "handshake"), ("HTTP/1", "clear")] {
            let mut cells = [protocol, "443", "clear"].map(str::to_owned);
            tell_handshake(&columns, &mut cells);
            assert_eq!(cells[2], security, "{protocol}");
        }
        let mut short = ["TLS".to_owned()];
        tell_handshake(&columns, &mut short);
        assert_eq!(short, ["TLS"]);
    }
}
