//! Sweeps on all cores: ranges are dealt out in order, and all below the first that is not done is done.

use std::{
    collections::BTreeSet,
    fs,
    ops::Range,
    path::Path,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anstream::stream::IsTerminal;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use unmask::hashed::{Budget, Sweep, Swept};

use super::{job::Job, results::Results};
use crate::{
    cli::UnmaskArguments,
    exit::{Exit, Failed},
    write,
};

/// A sweep's number and the number of a value in it.
type Position = (usize, u64);

/// What the workers share.
pub(super) struct Work<'j> {
    job: &'j Job,
    state: Mutex<State<'j>>,
    ended: Condvar,
    started: Instant,
}

struct State<'j> {
    left: Box<dyn Iterator<Item = (usize, Range<u64>)> + Send + 'j>,
    /// Where ranges begin that were dealt out and are not done.
    running: BTreeSet<Position>,
    /// All before is done, but for what is running.
    next: Position,
    results: Results,
    workers: usize,
    /// Nothing more is dealt out.
    stopped: bool,
}

impl<'j> Work<'j> {
    pub(super) fn new(job: &'j Job, results: Results, started: Instant) -> Self {
        let state = State {
            left: Box::new(std::iter::empty()),
            running: BTreeSet::new(),
            next: (0, 0),
            results,
            workers: 0,
            stopped: false,
        };
        Self { job, state: Mutex::new(state), ended: Condvar::new(), started }
    }

    /// Sweeps until all is tried or everything explained.
    pub(super) fn run(self, arguments: &UnmaskArguments) -> anyhow::Result<Results> {
        let resume = arguments.resume.as_deref();
        self.deal(resume.map(|file| self.read(file)).transpose()?.flatten().unwrap_or_default());
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let workers = arguments.threads.map_or(cores, usize::from).min(MOST_WORKERS);
        self.state().workers = workers;
        let written = thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| self.work());
            }
            let written = self.watch(resume, arguments.json || arguments.quiet);
            self.state().stopped |= written.is_err();
            written
        });
        written?;
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(state.results)
    }

    /// Makes ready what is left from a position on.
    fn deal(&self, from: Position) {
        let job = self.job;
        let ranges = job.sweeps.iter().enumerate().skip(from.0).flat_map(move |(number, sweep)| {
            let start = if number == from.0 { from.1 } else { 0 };
            let cost = sweep.cost() / sweep.space().len().max(1);
            let ranges = sweep.ranges(AT_ONCE / cost.max(1));
            ranges.filter(move |range| range.end > start).map(move |range| (number, range))
        });
        let mut state = self.state();
        state.left = Box::new(ranges);
        state.next = from;
    }

    fn work(&self) {
        while let Some((number, range)) = self.take() {
            let swept = self.job.sweeps.get(number).map(|sweep| run(sweep, range.clone()));
            let mut state = self.state();
            state.running.remove(&(number, range.start));
            if let Some(swept) = swept {
                state.results.sweep(swept, self.started.elapsed());
            }
        }
        self.state().workers -= 1;
        self.ended.notify_all();
    }

    fn take(&self) -> Option<(usize, Range<u64>)> {
        let mut state = self.state();
        if state.stopped || state.results.is_explained() {
            return None;
        }
        let (number, range) = state.left.next()?;
        state.running.insert((number, range.start));
        state.next = (number, range.end);
        Some((number, range))
    }

    /// Shows how far it is and writes it down, until the workers are done.
    fn watch(&self, resume: Option<&Path>, quiet: bool) -> anyhow::Result<()> {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| bar(self.job.cost()));
        let mut written = Instant::now();
        let mut state = self.state();
        while state.workers > 0 {
            let waited = self.ended.wait_timeout(state, TICK).unwrap_or_else(PoisonError::into_inner);
            state = waited.0;
            if let Some(bar) = &bar {
                bar.set_position(state.results.swept());
            }
            if let Some(file) = resume.filter(|_| written.elapsed() >= EVERY) {
                let kept = self.kept(&state);
                drop(state);
                write::file(file, &kept)?;
                written = Instant::now();
                state = self.state();
            }
        }
        let kept = self.kept(&state);
        drop(state);
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        resume.map_or(Ok(()), |file| write::file(file, &kept))
    }

    /// What a resume file holds, as JSON: `job`, the `sweep` and the number of the `value` to go on with, the
    /// digests `tried`, and what was `found` ([`Results::kept`]).
    fn kept(&self, state: &State<'_>) -> Vec<u8> {
        let (sweep, value) = state.running.first().copied().unwrap_or(state.next);
        let kept = json!({
            "job": self.job.words,
            "sweep": sweep,
            "value": value,
            "tried": state.results.swept(),
            "found": state.results.kept(),
        });
        format!("{kept:#}\n").into_bytes()
    }

    /// Takes over what a resume file tells; nothing where there is none yet.
    fn read(&self, file: &Path) -> anyhow::Result<Option<Position>> {
        let fail = |words: &str| Failed::with(Exit::Usage, format!("{}: {words}", file.display()));
        let Ok(about) = fs::metadata(file) else { return Ok(None) };
        if !about.is_file() || about.len() > LARGEST {
            return Err(fail("is no resume file"));
        }
        let text = fs::read(file).map_err(|error| fail(&format!("cannot be read: {error}")))?;
        let kept: Value = serde_json::from_slice(&text).map_err(|_| fail("is no resume file"))?;
        if kept.get("job").and_then(Value::as_str) != Some(&self.job.words) {
            return Err(fail("is of another job; give the same digests and spaces, or another file"));
        }
        let number = |name: &str| kept.get(name).and_then(Value::as_u64);
        let position = number("sweep").and_then(|sweep| usize::try_from(sweep).ok()).zip(number("value"));
        let position = position.ok_or_else(|| fail("is damaged"))?;
        let found = kept.get("found").and_then(Value::as_array).ok_or_else(|| fail("is damaged"))?;
        self.state().results.resume(found, number("tried").unwrap_or_default());
        Ok(Some(position))
    }

    fn state(&self) -> MutexGuard<'_, State<'j>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(sweep: &Sweep, range: Range<u64>) -> Swept {
    sweep.run(range, &mut Budget::new(u64::MAX))
}

fn bar(total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:32} {human_pos}/{human_len} digests {per_sec} {eta}");
    let bar = ProgressBar::new(total);
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

/// Digests between two looks at the shared state: a tenth of a second of one core, or less.
const AT_ONCE: u64 = 2_000_000;
const MOST_WORKERS: usize = 1024;
const TICK: Duration = Duration::from_millis(100);
/// How often the position is written.
const EVERY: Duration = Duration::from_secs(5);
/// The largest resume file.
const LARGEST: u64 = 64 << 20;
