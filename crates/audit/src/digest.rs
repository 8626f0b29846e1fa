//! The SHA-256 of the input that is being read, on a thread of its own, over the chunks the workers share.

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::input::Digested;

/// A thread that hashes chunks in the order given.
pub(crate) struct Digester {
    chunks: Sender<Job>,
    results: Receiver<Digested>,
    _thread: JoinHandle<()>,
}

enum Job {
    /// The chunk's bytes from an offset on.
    Bytes(Arc<Vec<u8>>, usize),
    /// Answer, and begin anew.
    Finish,
}

impl Digester {
    pub(crate) fn start() -> Self {
        let (chunks, jobs) = bounded(QUEUE);
        let (answers, results) = bounded(1);
        let _thread = thread::spawn(move || run(&jobs, &answers));
        Self { chunks, results, _thread }
    }

    /// Adds the bytes of `chunk` from `start` on.
    pub(crate) fn update(&self, chunk: Arc<Vec<u8>>, start: usize) {
        let _ = self.chunks.send(Job::Bytes(chunk, start));
    }

    /// What was hashed since the last call.
    pub(crate) fn finish(&self) -> Digested {
        let _ = self.chunks.send(Job::Finish);
        self.results.recv().unwrap_or_default()
    }
}

fn run(jobs: &Receiver<Job>, answers: &Sender<Digested>) {
    let mut digested = Digested::default();
    for job in jobs {
        match job {
            Job::Bytes(chunk, start) => digested.update(chunk.get(start..).unwrap_or_default()),
            Job::Finish => {
                let _ = answers.send(std::mem::take(&mut digested));
            }
        }
    }
}

/// Chunks that may wait. More only costs memory: hashing is the faster side.
const QUEUE: usize = 4;
