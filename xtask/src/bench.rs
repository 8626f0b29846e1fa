//! `cargo xtask bench`: what an audit costs beside other tools on the same capture, and whether its answer
//! is right.
//!
//! Captures are made (see `traffic.rs`), audited with a profile of sixty values, and held against what
//! was planted: a fast wrong answer fails. Then the yardsticks run in turn on the same file. The tables go to
//! standard output, with `--write` into `docs/benchmarks.md` too.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::traffic::{self, Kind, Made};

mod apps;
mod check;
mod machine;
mod profile;
mod stopwatch;
mod table;
mod yardsticks;

use profile::Needlework;
use stopwatch::{Cost, Stopwatch};
use table::{Chapter, Line};
use yardsticks::{Extent, Yardstick};

/// Runs the chore.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<()> {
    let options = Options::read(root, arguments)?;
    if options.apps {
        return apps::run(root, &options.apps());
    }
    fs::create_dir_all(&options.folder).with_context(|| format!("making {}", options.folder.display()))?;
    let bench = Bench {
        stopwatch: Stopwatch::new(&options.folder)?,
        needlework: profile::write(&options.folder)?,
        program: program(root, &options)?,
        options,
    };
    let before = machine::load();
    let kinds = Kind::ALL.into_iter().filter(|kind| bench.options.kind.is_none_or(|only| only == *kind));
    let chapters = kinds.map(|kind| bench.chapter(kind)).collect::<Result<Vec<_>>>()?;
    let conditions = machine::conditions(root, (&before, &machine::load()));
    let text = table::page(&conditions, &bench.needlework, &chapters);
    println!("\n{text}");
    if bench.options.write {
        table::replace(&root.join("docs/benchmarks.md"), &text, table::MARKS)?;
    }
    let wrong: Vec<&str> = chapters.iter().flat_map(|chapter| &chapter.wrong).map(String::as_str).collect();
    match wrong.is_empty() {
        true => Ok(()),
        false => bail!("the audit's answer is wrong:\n  {}", wrong.join("\n  ")),
    }
}

/// What the command line asks for.
struct Options {
    /// Where captures, profile and results lie.
    folder: PathBuf,
    /// Apps are measured, not captures.
    apps: bool,
    /// Apps made elsewhere.
    corpus: Option<PathBuf>,
    /// The one kind of capture to measure with; `None`: all.
    kind: Option<Kind>,
    /// Size of the bulk capture, or of the DEX files.
    megabytes: u64,
    /// A virtual environment of Python with androguard and exodus-core.
    peers: Option<PathBuf>,
    /// Size of the copies for yardsticks that would take minutes.
    small_megabytes: u64,
    /// How often each program runs.
    runs: u32,
    /// The program to measure, where not to be built.
    binary: Option<PathBuf>,
    /// Whether to put the tables into the documentation.
    write: bool,
}

impl Options {
    fn read(root: &Path, arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            folder: root.join("bench-data"),
            apps: false,
            corpus: None,
            kind: None,
            megabytes: 1000,
            peers: None,
            small_megabytes: 50,
            runs: 3,
            binary: None,
            write: false,
        };
        let mut arguments = arguments.iter();
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{name} lacks its value; {USAGE}"));
            match name.as_str() {
                "--binary" => options.binary = Some(value()?.into()),
                "--corpus" => options.corpus = Some(value()?.into()),
                "--dir" => options.folder = value()?.into(),
                "--kind" => options.choose(value()?)?,
                "--megabytes" => options.megabytes = count(name, value()?)?,
                "--peers" => options.peers = Some(value()?.into()),
                "--runs" => options.runs = u32::try_from(count(name, value()?)?)?,
                "--tshark-megabytes" => options.small_megabytes = count(name, value()?)?,
                "--write" => options.write = true,
                other => bail!("unknown argument {other}; {USAGE}"),
            }
        }
        Ok(options)
    }

    fn choose(&mut self, name: &str) -> Result<()> {
        self.apps = name == APPS;
        if !self.apps {
            self.kind = Some(kind(name)?);
        }
        Ok(())
    }

    fn apps(&self) -> apps::Order<'_> {
        apps::Order {
            folder: self.folder.join("apps"),
            megabytes: self.megabytes,
            runs: self.runs,
            corpus: self.corpus.as_deref(),
            binary: self.binary.as_deref(),
            peers: self.peers.clone().unwrap_or_else(|| self.folder.join("peers")),
            write: self.write,
        }
    }
}

fn count(name: &str, text: &str) -> Result<u64> {
    let count = text.parse().ok().filter(|count| (1..=1_000_000).contains(count));
    count.with_context(|| format!("{name} takes a number from 1 on, not {text:?}"))
}

fn kind(name: &str) -> Result<Kind> {
    let names = Kind::ALL.map(Kind::name).join(", ");
    let found = Kind::ALL.into_iter().find(|kind| kind.name() == name);
    found.with_context(|| format!("--kind takes one of {names}, {APPS}, not {name:?}"))
}

/// Everything that does not change between captures.
struct Bench {
    options: Options,
    stopwatch: Stopwatch,
    needlework: Needlework,
    program: PathBuf,
}

impl Bench {
    /// All measurements on one kind of capture.
    fn chapter(&self, kind: Kind) -> Result<Chapter> {
        let size = kind.size(self.options.megabytes * 1_000_000);
        let small_size = size.min(self.options.small_megabytes * 1_000_000);
        let whole = self.capture(kind, "", size)?;
        let half = self.capture(kind, "-half", size / 2)?;
        let small = self.capture(kind, "-small", small_size)?;
        let empty = self.capture(kind, "-empty", 1)?;
        let case = whole.path.with_extension("case");
        let half_case = half.path.with_extension("case");

        let mut audit = None;
        let mut lines: Vec<Line> = yardsticks::of(kind).map(Line::new).collect();
        for round in 1..=self.options.runs {
            say(&format!("{}, round {round} of {}: audit", kind.name(), self.options.runs));
            warm(&whole.path)?;
            Cost::note(&mut audit, self.audit(&whole, &case)?);
            for line in lines.iter_mut().filter(|line| line.version.is_some()) {
                say(&format!(", {}", line.yardstick.name));
                let capture = match line.yardstick.extent {
                    Extent::Small => &small,
                    Extent::Whole => &whole,
                };
                Cost::note(&mut line.cost, self.measure(line.yardstick, capture)?);
                if line.yardstick.extent == Extent::Small {
                    Cost::note(&mut line.start, self.measure(line.yardstick, &empty)?);
                }
            }
            say("\n");
        }
        let mut wrong = check::check(&case, &whole.made)?;
        wrong.extend(check::digest(&case, &whole.path)?);

        let more_keys = whole.keys.as_ref().map(|_| self.more_keys(&whole, &case)).transpose()?;
        let mut halved = None;
        for _ in 0..self.options.runs {
            warm(&half.path)?;
            Cost::note(&mut halved, self.audit(&half, &half_case)?);
        }
        wrong.extend(
            check::check(&half_case, &half.made)?.into_iter().map(|wrong| format!("half of it: {wrong}")),
        );
        Ok(Chapter {
            kind,
            made: whole.made,
            small: small.made,
            half: half.made,
            audit: audit.context("no run")?,
            halved: halved.context("no run")?,
            more_keys,
            lines,
            wrong: wrong.into_iter().map(|wrong| format!("{}: {wrong}", kind.name())).collect(),
        })
    }

    fn capture(&self, kind: Kind, part: &str, size: u64) -> Result<Captured> {
        let path = self.options.folder.join(format!("{}{part}.pcap", kind.name()));
        let made = traffic::capture(&path, kind, size)?;
        let keys = kind.is_sealed().then(|| traffic::keys(&path));
        Ok(Captured { path, made, keys })
    }

    fn audit(&self, capture: &Captured, case: &Path) -> Result<Cost> {
        self.stopwatch.measure(self.audit_command(capture, case))
    }

    fn audit_command(&self, capture: &Captured, case: &Path) -> Command {
        let mut command = self.stopwatch.command(&self.program);
        command.arg("audit").arg(&capture.path).args(["--quiet", "--force"]);
        if let Some(keys) = &capture.keys {
            command.arg("--keys").arg(keys);
        }
        command.arg("--profile").arg(&self.needlework.profile).arg("--out").arg(case);
        command
    }

    /// The audit with a further key log, of which no line opens anything.
    fn more_keys(&self, capture: &Captured, case: &Path) -> Result<Cost> {
        let path = self.options.folder.join("other.keys");
        traffic::other_keys(&path, OTHER_KEYS).with_context(|| format!("writing {}", path.display()))?;
        let mut best = None;
        for _ in 0..self.options.runs {
            warm(&capture.path)?;
            let mut command = self.audit_command(capture, case);
            command.arg("--keys").arg(&path);
            Cost::note(&mut best, self.stopwatch.measure(command)?);
        }
        best.context("no run")
    }

    fn measure(&self, yardstick: &Yardstick, capture: &Captured) -> Result<Cost> {
        let mut command = self.stopwatch.command(Path::new(yardstick.program));
        (yardstick.arguments)(&mut command, &capture.path, &self.needlework);
        if yardstick.reads_keys
            && let Some(keys) = &capture.keys
        {
            command.arg("-o").arg(format!("tls.keylog_file:{}", keys.display()));
        }
        self.stopwatch.measure(command)
    }
}

/// A capture and what it holds.
struct Captured {
    path: PathBuf,
    made: Made,
    /// Its key log, where there is one.
    keys: Option<PathBuf>,
}

/// Reads a file once, so that whoever comes first does not pay for the disk.
fn warm(path: &Path) -> Result<()> {
    let mut file = fs::File::open(path).with_context(|| format!("opening {}", path.display()))?;
    io::copy(&mut file, &mut io::sink()).with_context(|| format!("reading {}", path.display()))?;
    Ok(())
}

/// Progress, on a line that goes on.
fn say(words: &str) {
    let mut err = io::stderr();
    // Nobody to tell is no reason to stop.
    let _ = err.write_all(words.as_bytes()).and_then(|()| err.flush());
}

/// The program to measure: the one named, or this workspace's, built for release.
fn program(root: &Path, options: &Options) -> Result<PathBuf> {
    if let Some(binary) = &options.binary {
        // A plain name would be looked up in the path.
        return fs::canonicalize(binary).with_context(|| format!("looking for {}", binary.display()));
    }
    say("building phonehome for release …\n");
    let output = Command::new(env!("CARGO"))
        .args([
            "build",
            "--release",
            "--locked",
            "--package",
            "phonehome",
            "--message-format=json-render-diagnostics",
        ])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .context("running cargo build")?;
    if !output.status.success() {
        bail!("phonehome does not build; see above");
    }
    built(&output.stdout).context("cargo built no program")
}

/// The program that cargo says it built last.
fn built(messages: &[u8]) -> Option<PathBuf> {
    let artifacts = messages.split(|byte| *byte == b'\n');
    let artifacts = artifacts.filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok());
    let mut executables =
        artifacts.filter_map(|artifact| Some(PathBuf::from(artifact.get("executable")?.as_str()?)));
    executables.next_back()
}

/// The kind that is no capture.
const APPS: &str = "apps";
/// Lines of the further key log.
const OTHER_KEYS: u64 = 1_000_000;
const USAGE: &str = "usage: cargo xtask bench [--dir DIR] [--kind NAME] [--megabytes N] [--runs N] [--tshark-megabytes N] [--binary FILE] [--corpus DIR] [--peers DIR] [--write]";
