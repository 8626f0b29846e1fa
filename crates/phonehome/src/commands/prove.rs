//! `phonehome prove`: a finding's proof run again from the raw capture, and its recipe.

use std::{
    collections::BTreeSet,
    fmt::Write,
    path::{Path, PathBuf},
};

use audit::prove::{
    CaptureFiles, Carried, Output, Place, Recipe, Replay, ReplayError, claimed, file_name, recorded, replay,
    words,
};
use evidence::{Buffer, Capture, CaptureId, Case, Evidence, Finding, FrameNo, Trail};
use report::visible;

use crate::{
    case,
    cli::ProveArguments,
    exit::{Exit, Failed},
    print, write,
};

pub(crate) fn run(arguments: &ProveArguments) -> anyhow::Result<Exit> {
    let (folder, case) = case::load(&arguments.case)?;
    let findings = chosen(&case, arguments.finding.as_deref())?;
    let mut prover = Prover::new(&case, &folder, &findings, &arguments.captures)?;
    let recipes = recipe_folder(arguments, &folder)?;
    let (mut held, mut bound) = (0, 0);
    for finding in &findings {
        let (text, verdict) = prover.prove(finding);
        print::text(&text)?;
        match verdict {
            Verdict::Fails => {}
            Verdict::NotAlone => bound += 1,
            Verdict::Holds(recipe) => {
                let path = recipes.join(file_name(&finding.id));
                write::spare(&prover.paths(), [path.as_path()])?;
                write::file(&path, recipe.finish(finding, &prover.named).as_bytes())?;
                print::text(&format!("  {:<10} sh {}\n\n", "Recipe", visible(&path.display().to_string())))?;
                held += 1;
            }
        }
    }
    print::text(&summary(held, bound, findings.len()))?;
    Ok(match findings.len() {
        all if held == all => Exit::Done,
        all if held + bound == all => Exit::Partly,
        _ => Exit::Found,
    })
}

fn summary(held: usize, bound: usize, all: usize) -> String {
    let alone = match bound {
        0 => String::new(),
        _ => format!(", {bound} cannot be run again alone"),
    };
    let checked = if all > 0 { CHECKED } else { "" };
    format!("{held} of {all} findings proved{alone}\n{checked}")
}

/// What became of a finding's proofs.
enum Verdict {
    /// One of them fails, or there is none.
    Fails,
    /// None fails, and one cannot be run again alone.
    NotAlone,
    /// All hold; their recipe.
    Holds(Box<Recipe>),
}

fn chosen<'c>(case: &'c Case, name: Option<&str>) -> anyhow::Result<Vec<&'c Finding>> {
    let Some(name) = name else { return Ok(case.findings.iter().collect()) };
    let chosen: Vec<_> = case.findings.iter().filter(|finding| finding.id.0.starts_with(name)).collect();
    if chosen.is_empty() {
        let words = format!("{name}: the case has no such finding; its report names those it has");
        return Err(Failed::with(Exit::Usage, words));
    }
    Ok(chosen)
}

/// Where the recipes go. Beside a case, whose folder may come from anybody, only into a real folder.
fn recipe_folder(arguments: &ProveArguments, case: &Path) -> anyhow::Result<PathBuf> {
    let folder = arguments.out.clone().unwrap_or_else(|| case.join("recipes"));
    if arguments.out.is_none() && folder.is_symlink() {
        let words =
            format!("{}: is a link to somewhere else; say where recipes go with --out", folder.display());
        return Err(Failed::with(Exit::Output, words));
    }
    write::folder(&folder)?;
    Ok(folder)
}

/// Proves findings of one case.
struct Prover {
    /// Those that the findings need, named by where they lie now.
    captures: Vec<Capture>,
    /// The same by the names that their recipes look for.
    named: Vec<Capture>,
    files: CaptureFiles,
    /// Frames that do not hold what the case says.
    forged: BTreeSet<(CaptureId, FrameNo)>,
    /// The datagrams and connections of the others.
    carried: Carried,
}

impl Prover {
    /// Finds the captures that the findings need, and looks up all their frames in one pass.
    fn new(case: &Case, folder: &Path, findings: &[&Finding], places: &[PathBuf]) -> anyhow::Result<Self> {
        let needed: BTreeSet<_> = of_captures(findings).map(|(capture, _, _)| capture).collect();
        let captures = case.captures.iter().filter(|capture| needed.contains(&capture.id));
        let mut captures: Vec<_> = captures.cloned().collect();
        if captures.len() != needed.len() {
            let words = format!(
                "{}: the case names captures that it does not list: it was changed",
                folder.display()
            );
            return Err(Failed::with(Exit::Nothing, words));
        }
        let mut files = CaptureFiles::find(&captures, folder, places)
            .map_err(|missing| Failed::with(Exit::Nothing, missing.to_string()))?;
        let mut named = captures.clone();
        let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let case = whole(folder);
        for (capture, named) in captures.iter_mut().zip(&mut named) {
            let Some(path) = files.path(capture.id) else { continue };
            // A recipe is run from anywhere, and tries a name from the case's folder and those above it.
            let is_above = |above: &Path| above.join(&capture.name) == whole(path);
            if !case.ancestors().take(Recipe::ABOVE).any(is_above) {
                named.name = whole(path).display().to_string();
            }
            capture.name = path.display().to_string();
        }
        let unreadable = |error| Failed::with(Exit::Nothing, format!("the captures cannot be read: {error}"));
        files
            .prepare(of_captures(findings).map(|(capture, _, range)| (capture, range)))
            .map_err(unreadable)?;
        let forged = files.unheld(trails(findings)).map_err(unreadable)?;
        let carried = files.carried(trails(findings)).map_err(unreadable)?;
        Ok(Self { captures, named, files, forged, carried })
    }

    /// Runs all proofs of a finding, one after the other. Gives what is to be printed, and what came of it.
    fn prove(&mut self, finding: &Finding) -> (String, Verdict) {
        let mut text = String::new();
        let (id, title) = (visible(&finding.id.0), visible(&finding.title));
        let _ = writeln!(text, "{BOLD}{id}  {title}{PLAIN}");
        let (mut recipe, mut fails, mut alone) = (Recipe::default(), finding.evidence.is_empty(), true);
        for (number, evidence) in (1..).zip(&finding.evidence) {
            let _ = writeln!(text, "\n  Proof {number}: {}", visible(&evidence.words));
            match self.replay(finding, evidence) {
                Ok(replay) => {
                    self.show(&mut text, evidence, &replay);
                    recipe.proof(evidence, &replay);
                }
                Err(Failure::NotAlone(words)) => {
                    alone = false;
                    let _ = writeln!(text, "  {YELLOW}{:<10} {}{PLAIN}", "Not alone", visible(&words));
                }
                Err(Failure::Fails(words)) => {
                    fails = true;
                    let _ = writeln!(text, "  {RED}{:<10} {}{PLAIN}", "Fails", visible(&words));
                }
            }
        }
        text.push('\n');
        if finding.evidence.is_empty() {
            let _ = writeln!(text, "  {RED}{:<10} the case holds no proof of it{PLAIN}\n", "Fails");
        }
        let verdict = match (fails, alone) {
            (true, _) => Verdict::Fails,
            (false, false) => Verdict::NotAlone,
            (false, true) => Verdict::Holds(Box::new(recipe)),
        };
        (text, verdict)
    }

    fn replay(&mut self, finding: &Finding, evidence: &Evidence) -> Result<Replay, Failure> {
        let trail = &evidence.occurrence.trail;
        self.holds(trail).map_err(Failure::Fails)?;
        self.carried.check(trail).map_err(|error| Failure::Fails(error.to_string()))?;
        let replay = replay(&evidence.occurrence, &mut self.files)?;
        claimed(finding, evidence, &replay)?;
        Ok(replay)
    }

    /// Whether frames and entries hold what a trail says lies in them.
    fn holds(&self, trail: &Trail) -> Result<(), String> {
        for (capture, frame, range) in recorded(trail) {
            if self.forged.contains(&(capture, frame)) {
                let (start, end) = (range.start, range.end);
                return Err(format!(
                    "{} {frame} does not hold bytes {start}..{end} of {}",
                    self.unit(capture),
                    self.name(capture)
                ));
            }
        }
        Ok(())
    }

    fn show(&self, text: &mut String, evidence: &Evidence, replay: &Replay) {
        for (row, (capture, frame, range)) in replay.frames.iter().take(SHOWN).enumerate() {
            let label = if row == 0 { "Recorded" } else { "" };
            let (name, unit) = (self.name(*capture), self.unit(*capture));
            let _ = writeln!(
                text,
                "  {label:<10} {unit} {frame} of {name}, bytes {}..{} of the file",
                range.start, range.end
            );
        }
        if replay.frames.len() > SHOWN {
            let _ = writeln!(text, "  {:<10} … and {} more", "", replay.frames.len() - SHOWN);
        }
        let buffers = &evidence.occurrence.trail.buffers;
        for (number, (buffer, output)) in buffers.iter().zip(&replay.outputs).enumerate() {
            let (label, step) = (format!("Step {number}"), visible(&words(buffer)).into_owned());
            let _ = writeln!(text, "  {label:<10} {step}: {}", extent(buffer, output));
        }
        let span = evidence.occurrence.span;
        let _ =
            writeln!(text, "  {:<10} bytes {}..{} of step {}", "Value", span.start, span.end, span.buffer.0);
        for (row, bytes) in replay.value.chunks(16).take(ROWS).enumerate() {
            let _ = writeln!(text, "  {:<10} {:08x}  {}", "", row * 16, dump(bytes));
        }
        if replay.value.len() > ROWS * 16 {
            let _ = writeln!(text, "  {:<10} … and {} more bytes", "", replay.value.len() - ROWS * 16);
        }
        let found = visible(&evidence.occurrence.found);
        let _ = writeln!(text, "  {GREEN}{:<10} with the case: {found}{PLAIN}", "Agrees");
    }

    /// Where the captures lie.
    fn paths(&self) -> Vec<PathBuf> {
        let paths = self.captures.iter().filter_map(|capture| self.files.path(capture.id));
        paths.map(Path::to_owned).collect()
    }

    /// What a capture consists of.
    fn unit(&self, capture: CaptureId) -> &'static str {
        let found = self.captures.iter().find(|known| known.id == capture);
        found.map_or("frame", Capture::unit)
    }

    fn name(&self, capture: CaptureId) -> String {
        let found = self.captures.iter().find(|known| known.id == capture);
        let name = found.map_or("", |known| known.name.as_str());
        visible(name).into_owned()
    }
}

/// Why a proof does not hold.
enum Failure {
    /// It is wrong, or cannot be read.
    Fails(String),
    /// It may be right: nobody can tell from what it holds.
    NotAlone(String),
}

impl From<ReplayError> for Failure {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::GoesOn { .. } => Self::NotAlone(error.to_string()),
            _ => Self::Fails(error.to_string()),
        }
    }
}

/// How long a step's output is; where only a part of it was made, which.
fn extent(buffer: &Buffer, output: &Output) -> String {
    let (start, len) = (output.start, output.bytes.len() as u64);
    if len == buffer.len {
        format!("{len} bytes")
    } else {
        format!("bytes {start}..{} of {}", start.saturating_add(len), buffer.len)
    }
}

/// Everything of captures that the findings' proofs are made from.
fn of_captures(findings: &[&Finding]) -> impl Iterator<Item = Place> {
    trails(findings).flat_map(recorded)
}

fn trails<'f>(findings: &[&'f Finding]) -> impl Iterator<Item = &'f Trail> + Clone {
    let evidence = findings.iter().flat_map(|finding| &finding.evidence);
    evidence.map(|evidence| &evidence.occurrence.trail)
}

fn dump(bytes: &[u8]) -> String {
    let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = bytes.iter().map(|byte| if byte.is_ascii_graphic() { *byte as char } else { '.' });
    format!("{:<47}  |{}|", hex.join(" "), text.collect::<String>())
}

/// What a proof that holds says, and what it does not.
const CHECKED: &str = "\
Checked: the SHA-256 of each capture; that each frame lies where the proof says and carries the bytes in one
datagram, or in order in one direction of one connection; every step; that the bytes are as the case shows
them; and, of an identifier, that they are a form of the value named.
Not checked: that the capture itself is true; titles and other words, counts, times and owners; whether bytes
from several places of one connection or file were one value, and what else the same bytes could be.
";

/// Frames shown of a proof.
const SHOWN: usize = 6;
/// Rows of the value shown.
const ROWS: usize = 4;

const BOLD: &str = "\x1b[1m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RED: &str = "\x1b[31m";
const PLAIN: &str = "\x1b[0m";
