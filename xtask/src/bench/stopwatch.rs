//! What a program costs: time on the clock, on the processors, and memory. Measured by GNU time, which asks
//! the system for exactly its one child.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail};

use super::machine;

/// What a program cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cost {
    /// Seconds on the clock.
    pub(super) wall: f64,
    /// Seconds on processors, in the program and in the system for it.
    pub(super) cpu: f64,
    /// The most memory resident at once, in bytes, with the pages of files that it maps.
    pub(super) peak: u64,
    /// Seconds that all other programs were on processors meanwhile; 0 where the system does not tell.
    pub(super) others: f64,
}

impl Cost {
    /// Notes one more run: the shortest times and the highest memory.
    pub(super) fn note(best: &mut Option<Self>, run: Self) {
        *best = Some(match *best {
            None => run,
            Some(best) => Self {
                wall: best.wall.min(run.wall),
                cpu: best.cpu.min(run.cpu),
                peak: best.peak.max(run.peak),
                others: if run.wall < best.wall { run.others } else { best.others },
            },
        });
    }
}

/// Runs programs and measures them.
pub(super) struct Stopwatch {
    notes: PathBuf,
}

impl Stopwatch {
    /// One that keeps its notes in that folder. Fails where GNU time is missing.
    pub(super) fn new(folder: &Path) -> Result<Self> {
        let version = Command::new(TIME).arg("--version").output();
        let version = version.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
        if !String::from_utf8_lossy(&version).contains("GNU") {
            bail!(
                "GNU time is needed to measure programs and is not installed (Debian: apt-get install time)"
            );
        }
        Ok(Self { notes: folder.join("time.txt") })
    }

    /// A command that will be measured; its output is thrown away. Add its arguments.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(TIME);
        command.arg("--quiet").arg("--format=%U %S %M").arg("--output").arg(&self.notes).arg(program);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// Runs it. Fails where it fails.
    pub(super) fn measure(&self, mut command: Command) -> Result<Cost> {
        let busy = machine::busy();
        let start = Instant::now();
        let output = command.output().with_context(|| format!("running {command:?}"))?;
        let wall = start.elapsed().as_secs_f64();
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let mut last: Vec<&str> = said.lines().rev().take(5).collect();
            last.reverse();
            bail!("{command:?} failed, {}: {}", output.status, last.join("\n"));
        }
        let (cpu, peak) = self.noted()?;
        let others = machine::busy().zip(busy).map_or(0.0, |(after, before)| after - before - cpu);
        Ok(Cost { wall, cpu, peak, others: others.max(0.0) })
    }

    /// Seconds of CPU and bytes of memory of the last run.
    fn noted(&self) -> Result<(f64, u64)> {
        let text = fs::read_to_string(&self.notes).context("reading what time measured")?;
        let line = text.lines().last().unwrap_or_default();
        let numbers: Vec<f64> = line.split(' ').filter_map(|number| number.parse().ok()).collect();
        match numbers.as_slice() {
            [user, system, kibibytes] => Ok((user + system, *kibibytes as u64 * 1024)),
            _ => bail!("time measured {line:?}"),
        }
    }
}

/// Seconds, as a table shows them.
pub(super) fn seconds(seconds: f64) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = match seconds {
        ..10.0 => write!(text, "{seconds:.2}"),
        _ => write!(text, "{seconds:.1}"),
    };
    text
}

const TIME: &str = "/usr/bin/time";
