//! `cargo xtask bench --kind apps`: what reading apps costs beside androguard and exodus-core, on the same files
//! with the same questions, and whether the answers are the same.
//!
//! The questions: package, version, permissions, receivers; the hosts of URLs of HTTP in strings of code; which
//! methods call those that read the IMEI, the IMSI and the location; which trackers' classes are in it. Of apps
//! that are made here the answers are known: another one is a fault. Of others it is told where programs differ.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

mod dex;
mod make;

use self::make::{App, Truth};
use super::{
    machine, say,
    stopwatch::{Cost, Stopwatch, seconds},
    table::{self, Marks},
    warm,
};

/// What the command line asks for.
pub(super) struct Order<'o> {
    /// Where apps and answers lie.
    pub(super) folder: PathBuf,
    /// Megabytes of DEX in the set.
    pub(super) megabytes: u64,
    /// How often each program runs.
    pub(super) runs: u32,
    /// Other apps, to be read by all programs.
    pub(super) corpus: Option<&'o Path>,
    /// Our program, where not to be built.
    pub(super) binary: Option<&'o Path>,
    /// A virtual environment of Python with androguard and exodus-core.
    pub(super) peers: PathBuf,
    /// Whether to put the tables into the documentation.
    pub(super) write: bool,
}

/// Runs the measurements.
pub(super) fn run(root: &Path, order: &Order<'_>) -> Result<()> {
    fs::create_dir_all(&order.folder).with_context(|| format!("making {}", order.folder.display()))?;
    let bench = Bench {
        stopwatch: Stopwatch::new(&order.folder)?,
        program: order.binary.map_or_else(|| program(root), |binary| Ok(fs::canonicalize(binary)?))?,
        paper: Paper::lay(root, &order.folder)?,
        order,
    };
    let before = machine::load();
    say("making apps …\n");
    let set = make::set(&order.folder, order.megabytes * 1_000_000)?;
    let start = vec![make::start(&order.folder)?];
    let mut chapters = vec![bench.made(&set, &start)?];
    if let Some(corpus) = order.corpus {
        chapters.push(bench.corpus(corpus, &start)?);
    }
    let mut text = machine::conditions(root, (&before, &machine::load()));
    // Writing to a string cannot fail.
    let _ = writeln!(text, "- Programs: {}.", bench.versions());
    chapters.iter().for_each(|chapter| text.push_str(&chapter.text));
    say(&format!("\n{text}"));
    if order.write {
        table::replace(&root.join("docs/benchmarks.md"), &text, MARKS)?;
    }
    let wrong: Vec<String> = chapters.into_iter().flat_map(|chapter| chapter.wrong).collect();
    match wrong.is_empty() {
        true => Ok(()),
        false => bail!("an answer is wrong:\n  {}", wrong.join("\n  ")),
    }
}

struct Bench<'o> {
    stopwatch: Stopwatch,
    program: PathBuf,
    paper: Paper,
    order: &'o Order<'o>,
}

/// What all programs get besides the apps.
struct Paper {
    questions: PathBuf,
    trackers: PathBuf,
}

/// A table and what is wrong with the answers behind it.
struct Chapter {
    text: String,
    wrong: Vec<String>,
}

/// A program that answers.
#[derive(Clone, Copy, PartialEq)]
enum Reader {
    Androguard,
    Exodus,
    Ours,
}

/// What a program said and what that cost.
struct Told {
    cost: Cost,
    /// Answers by the name of the app's file.
    answers: BTreeMap<String, Value>,
}

impl Bench<'_> {
    /// The set that is made; peers read its first app, as they would take hours for all.
    fn made(&self, set: &[App], start: &[App]) -> Result<Chapter> {
        let first = set.get(..1).unwrap_or_default();
        let ours = self.told(Reader::Ours, &paths(set))?;
        let ours_of_first = self.told(Reader::Ours, &paths(first))?;
        let mut wrong = differences(&truths(set), &ours.answers, "phonehome");
        let bytes = dex_bytes(set);
        let stored: u64 = set.iter().filter(|app| !app.truth.deflated).map(|app| app.truth.dex_bytes).sum();
        let mut text = String::new();
        let _ = writeln!(
            text,
            "\n### {} apps of our own making: {} of DEX, {} of it stored, the rest deflated\n\n{HEAD}",
            set.len(),
            table::megabytes(bytes),
            table::megabytes(stored),
        );
        let for_gigabyte = ours.cost.cpu * 1e9 / bytes as f64;
        let aim = table::aim("1 GB in under 5 CPU-seconds", for_gigabyte < 5.0);
        let _ = writeln!(text, "{}", row("**ours**", ours.cost, bytes, None, &aim));
        let mut below = String::new();
        let _ = writeln!(
            below,
            "\nAnswers of ours: {}.",
            if wrong.is_empty() { "as planted" } else { "**wrong**" }
        );
        for peer in self.peers() {
            let (told, idle) = (self.told(peer, &paths(first))?, self.told(peer, &paths(start))?);
            let times = bytes as f64 / dex_bytes(first) as f64;
            let scaled = |cost: f64, idle: f64| idle + (cost - idle).max(0.0) * times;
            let cost = Cost {
                wall: scaled(told.cost.wall, idle.cost.wall),
                cpu: scaled(told.cost.cpu, idle.cost.cpu),
                ..told.cost
            };
            let name = format!("{}, scaled", peer.name());
            let _ =
                writeln!(text, "{}", row(&name, cost, bytes, Some(ours.cost), &peer.aim(ours.cost, cost)));
            let _ = writeln!(
                below,
                "\n{}: measured on the first app, {} of DEX: {} s CPU, of which {} s are its start (ours: {} s); scaled by size but for the start, the memory as measured. Where its answers differ from what was planted: {}",
                peer.name(),
                table::megabytes(dex_bytes(first)),
                seconds(told.cost.cpu),
                seconds(idle.cost.cpu),
                seconds(ours_of_first.cost.cpu),
                verdict(&differences(&truths(first), &told.answers, peer.name())),
            );
        }
        wrong.extend(differences(&truths(first), &ours_of_first.answers, "phonehome"));
        Ok(Chapter { text: text + &below, wrong })
    }

    /// Apps made elsewhere: all programs read them all, and what differs is told.
    fn corpus(&self, folder: &Path, start: &[App]) -> Result<Chapter> {
        let mut apps: Vec<PathBuf> = fs::read_dir(folder)
            .with_context(|| format!("reading {}", folder.display()))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "apk"))
            .collect();
        apps.sort();
        let ours = self.told(Reader::Ours, &apps)?;
        let bytes = ours.answers.values().filter_map(|answer| answer.get("dex_bytes")?.as_u64()).sum();
        let mut text = String::new();
        let _ =
            writeln!(text, "\n### {} real apps: {} of DEX\n\n{HEAD}", apps.len(), table::megabytes(bytes));
        let _ = writeln!(text, "{}", row("**ours**", ours.cost, bytes, None, ""));
        let mut below = String::new();
        for peer in self.peers() {
            let (told, idle) = (self.told(peer, &apps)?, self.told(peer, &paths(start))?);
            let _ = writeln!(
                text,
                "{}",
                row(peer.name(), told.cost, bytes, Some(ours.cost), &peer.aim(ours.cost, told.cost))
            );
            let _ = writeln!(
                below,
                "\n{}: {} s CPU of it are its start. Where its answers and ours differ: {}",
                peer.name(),
                seconds(idle.cost.cpu),
                verdict(&differences(&ours.answers, &told.answers, peer.program())),
            );
        }
        Ok(Chapter { text: text + &below, wrong: Vec::new() })
    }

    fn peers(&self) -> Vec<Reader> {
        let there = |peer: &Reader| self.version(*peer).is_some();
        [Reader::Androguard, Reader::Exodus].into_iter().filter(there).collect()
    }

    /// The best of all runs; a program that needs minutes runs once.
    fn told(&self, reader: Reader, apps: &[PathBuf]) -> Result<Told> {
        let out = self.order.folder.join(format!("{}.answers", reader.program()));
        let mut best = None;
        for round in 1..=self.order.runs {
            say(&format!("{}, {} apps, round {round}\n", reader.name(), apps.len()));
            apps.iter().try_for_each(|app| warm(app))?;
            Cost::note(&mut best, self.stopwatch.measure(self.command(reader, &out, apps)?)?);
            if best.is_some_and(|best: Cost| best.cpu > LONG) {
                break;
            }
        }
        let text = fs::read_to_string(&out).with_context(|| format!("reading {}", out.display()))?;
        let lines = text.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>()?;
        let named = lines.into_iter().filter_map(|line| Some((line.get("file")?.as_str()?.to_owned(), line)));
        Ok(Told { cost: best.context("no run")?, answers: named.collect() })
    }

    fn command(&self, reader: Reader, out: &Path, apps: &[PathBuf]) -> Result<Command> {
        let mut command = match reader.script() {
            None => self.stopwatch.command(&self.program),
            Some(script) => {
                let path = self.order.folder.join(format!("ask_{}.py", reader.program()));
                fs::write(&path, script).with_context(|| format!("writing {}", path.display()))?;
                let mut command = self.stopwatch.command(&self.python());
                command.arg(path);
                command
            }
        };
        command.arg(&self.paper.questions).arg(&self.paper.trackers).arg(out).args(apps);
        Ok(command)
    }

    fn python(&self) -> PathBuf {
        self.order.peers.join("bin/python")
    }

    /// `None` where it is not installed.
    fn version(&self, reader: Reader) -> Option<String> {
        let package = reader.package()?;
        let ask = format!("import importlib.metadata as m; print(m.version('{package}'))");
        let output = Command::new(self.python()).arg("-c").arg(ask).output().ok()?;
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then(|| format!("{package} {version}"))
    }

    fn versions(&self) -> String {
        let of =
            |peer: Reader| self.version(peer).unwrap_or_else(|| format!("{} is not installed", peer.name()));
        let python = machine::first_line(Command::new(self.python()).arg("--version"));
        [of(Reader::Androguard), of(Reader::Exodus), python.unwrap_or_default()].join("; ")
    }
}

impl Reader {
    fn name(self) -> &'static str {
        match self {
            Self::Androguard => "androguard",
            Self::Exodus => "exodus-core (package, version, permissions, trackers only)",
            Self::Ours => "ours",
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Androguard => "androguard",
            Self::Exodus => "exodus",
            Self::Ours => "ours",
        }
    }

    fn package(self) -> Option<&'static str> {
        match self {
            Self::Androguard => Some("androguard"),
            Self::Exodus => Some("exodus-core"),
            Self::Ours => None,
        }
    }

    fn script(self) -> Option<&'static str> {
        match self {
            Self::Androguard => Some(include_str!("apps/ask_androguard.py")),
            Self::Exodus => Some(include_str!("apps/ask_exodus.py")),
            Self::Ours => None,
        }
    }

    fn aim(self, ours: Cost, theirs: Cost) -> String {
        match self {
            Self::Androguard => table::aim("at most 1/100 of its CPU", ours.cpu * 100.0 <= theirs.cpu),
            Self::Exodus | Self::Ours => String::new(),
        }
    }
}

impl Paper {
    /// Writes what is asked and the list of trackers.
    fn lay(root: &Path, folder: &Path) -> Result<Self> {
        let paper = Self { questions: folder.join("questions.json"), trackers: folder.join("trackers.json") };
        let table = root.join("data/identifier_apis.toml");
        let text = fs::read_to_string(&table).with_context(|| format!("reading {}", table.display()))?;
        let rows = rows(&toml::from_str(&text)?);
        fs::write(&paper.questions, serde_json::json!({ "rows": rows }).to_string())?;
        fs::write(&paper.trackers, make::trackers().to_string())?;
        Ok(paper)
    }
}

/// The rows that are asked for, with their methods.
fn rows(table: &toml::Table) -> BTreeMap<String, Vec<String>> {
    let rows = table.get("row").and_then(toml::Value::as_array).into_iter().flatten();
    let row = |row: &toml::Value| {
        let reads = row.get("reads")?.as_str().filter(|reads| make::ASKED.contains(reads))?;
        let methods = row.get("methods")?.as_array()?.iter();
        Some((reads.to_owned(), methods.filter_map(|name| Some(name.as_str()?.to_owned())).collect()))
    };
    rows.filter_map(row).collect()
}

fn paths(apps: &[App]) -> Vec<PathBuf> {
    apps.iter().map(|app| app.path.clone()).collect()
}

fn dex_bytes(apps: &[App]) -> u64 {
    apps.iter().map(|app| app.truth.dex_bytes).sum()
}

fn truths(apps: &[App]) -> BTreeMap<String, Value> {
    let name = |app: &App| app.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    apps.iter().map(|app| (name(app), Truth::answer(&app.truth))).collect()
}

/// One line for each answer that is not as expected. Only what both say is compared.
fn differences(
    expected: &BTreeMap<String, Value>,
    given: &BTreeMap<String, Value>,
    who: &str,
) -> Vec<String> {
    let mut found = Vec::new();
    for (file, expected) in expected {
        let Some(given) = given.get(file) else {
            found.push(format!("{file}: {who} has no answer"));
            continue;
        };
        for (answer, whose) in [(expected, "ours"), (given, who)] {
            if let Some(error) = answer.get("error") {
                found.push(format!("{file}: {whose} could not read it: {error}"));
            }
        }
        let questions = ["package", "version_name", "version_code", "permissions", "receivers"];
        for question in questions.iter().chain(&["hosts", "callers", "trackers"]) {
            let (Some(expected), Some(given)) = (expected.get(*question), given.get(*question)) else {
                continue;
            };
            let (expected, given) = (items(expected), items(given));
            if expected != given {
                let less = expected.difference(&given).cloned().collect::<Vec<_>>();
                let more = given.difference(&expected).cloned().collect::<Vec<_>>();
                found.push(format!(
                    "{file}, {question}: {who} lacks [{}], adds [{}]",
                    few(&less),
                    few(&more)
                ));
            }
        }
    }
    found
}

/// A list as the set of its items; a single value as one item, numbers as text.
fn items(value: &Value) -> BTreeSet<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match value.as_array() {
        Some(list) => list.iter().map(text).collect(),
        None => BTreeSet::from([text(value)]),
    }
}

fn few(list: &[String]) -> String {
    let shown = list.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
    if list.len() > 5 { format!("{shown} and {} more", list.len() - 5) } else { shown }
}

fn verdict(differences: &[String]) -> String {
    match differences.is_empty() {
        true => "nowhere; every answer is the same.".to_owned(),
        false => format!("\n\n- {}", differences.join("\n- ")),
    }
}

fn row(name: &str, cost: Cost, bytes: u64, ours: Option<Cost>, aim: &str) -> String {
    let ratio = ours.map_or_else(String::new, |ours| table::times(ours.cpu / cost.cpu));
    format!(
        "| {name} | {} | {} | {} | {} | {:.1} | {ratio} | {aim} |",
        seconds(cost.wall),
        seconds(cost.cpu),
        seconds(cost.others),
        table::megabytes(cost.peak),
        bytes as f64 / 1e6 / cost.cpu,
    )
}

/// Our program: the example of the crate that reads apps, built for release.
fn program(root: &Path) -> Result<PathBuf> {
    say("building handset's example for release …\n");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--package", "handset", "--example", "apps"])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .context("running cargo build")?;
    if !output.status.success() {
        bail!("the example does not build; see above");
    }
    super::built(&output.stdout).context("cargo built no program")
}

/// CPU seconds from which a program runs once.
const LONG: f64 = 20.0;
const HEAD: &str = "| | wall, s | CPU, s | others’ CPU, s | peak memory | MB of DEX for each CPU-second | ours ÷ this, CPU | aim |\n|---|---:|---:|---:|---:|---:|---:|---|";
const MARKS: Marks = ("<!-- measured: apps -->", "<!-- end of measured: apps -->");
