//! `phonehome prove`: a finding's proof run again from the raw capture, and its recipe.

use std::{
    fs,
    path::{Path, PathBuf},
};

use audit::prove::{CaptureFiles, Replay, recipe, replay, words};
use evidence::{Case, Evidence, Finding};

use crate::{
    cli::ProveArguments,
    exit::{Exit, Failed},
};

pub(crate) fn run(arguments: &ProveArguments) -> anyhow::Result<Exit> {
    let (folder, case) = load(&arguments.case)?;
    let findings = chosen(&case, arguments.finding.as_deref())?;
    let mut captures = CaptureFiles::find(&case.captures, &folder, &arguments.captures)
        .map_err(|missing| Failed::with(Exit::Nothing, missing.to_string()))?;
    let recipes = arguments.out.clone().unwrap_or_else(|| folder.join("recipes"));
    let mut failed = 0;
    for finding in &findings {
        match prove(finding, &mut captures) {
            Some(replays) => write(&recipes, finding, &recipe(finding, &case.captures, &replays))?,
            None => failed += 1,
        }
    }
    let held = findings.len() - failed;
    anstream::println!("{held} of {} findings proved; recipes in {}", findings.len(), recipes.display());
    Ok(if failed == 0 { Exit::Done } else { Exit::Found })
}

fn load(path: &Path) -> anyhow::Result<(PathBuf, Case)> {
    let file = if path.is_dir() { path.join("case.json") } else { path.to_owned() };
    let fail = |error: String| Failed::with(Exit::Nothing, format!("{}: {error}", file.display()));
    let text = fs::read(&file).map_err(|error| fail(format!("cannot be read: {error}")))?;
    let case = serde_json::from_slice(&text).map_err(|error| fail(format!("is no case: {error}")))?;
    Ok((file.parent().unwrap_or(Path::new("")).to_owned(), case))
}

fn chosen<'c>(case: &'c Case, name: Option<&str>) -> anyhow::Result<Vec<&'c Finding>> {
    let Some(name) = name else { return Ok(case.findings.iter().collect()) };
    let chosen: Vec<_> = case.findings.iter().filter(|finding| finding.id.0.starts_with(name)).collect();
    if chosen.is_empty() {
        let words = format!("{name}: the case has no such finding; its report and case.json name them");
        return Err(Failed::with(Exit::Usage, words));
    }
    Ok(chosen)
}

/// Runs all proofs of a finding, and shows them. `None` where one does not hold.
fn prove(finding: &Finding, captures: &mut CaptureFiles) -> Option<Vec<Replay>> {
    anstream::println!("{}  {}", finding.id, report::visible(&finding.title));
    let mut replays = Some(Vec::new());
    for (number, evidence) in (1..).zip(&finding.evidence) {
        anstream::println!("  proof {number}: {}", report::visible(&evidence.words));
        match prove_one(evidence, captures) {
            Ok(replay) => {
                show(evidence, &replay);
                if let Some(replays) = &mut replays {
                    replays.push(replay);
                }
            }
            Err(words) => {
                anstream::println!("    DOES NOT HOLD: {}", report::visible(&words));
                replays = None;
            }
        }
    }
    replays
}

fn prove_one(evidence: &Evidence, captures: &mut CaptureFiles) -> Result<Replay, String> {
    let replay = replay(&evidence.occurrence, captures).map_err(|error| error.to_string())?;
    match captures.check(&replay.frames) {
        Ok(None) => Ok(replay),
        Ok(Some(frame)) => Err(format!("frame {frame} does not hold the bytes that the case names")),
        Err(error) => Err(format!("the capture cannot be read: {error}")),
    }
}

fn show(evidence: &Evidence, replay: &Replay) {
    for (capture, frame, range) in replay.frames.iter().take(SHOWN) {
        anstream::println!("    frame {frame} of {capture}, bytes {}..{} of the file", range.start, range.end);
    }
    if replay.frames.len() > SHOWN {
        anstream::println!("    … and {} more frames", replay.frames.len() - SHOWN);
    }
    for (number, (buffer, output)) in evidence.occurrence.trail.buffers.iter().zip(&replay.outputs).enumerate() {
        anstream::println!("    step {number}: {}: {} bytes", report::visible(&words(buffer)), output.bytes.len());
    }
    let span = evidence.occurrence.span;
    anstream::println!("    value: bytes {}..{} of step {}", span.start, span.end, span.buffer.0);
    for (row, bytes) in replay.value.chunks(16).take(ROWS).enumerate() {
        anstream::println!("      {:08x}  {}", row * 16, dump(bytes));
    }
    anstream::println!("    agrees with the case: {}", report::visible(&evidence.occurrence.found));
}

fn dump(bytes: &[u8]) -> String {
    let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = bytes.iter().map(|byte| if byte.is_ascii_graphic() { *byte as char } else { '.' });
    format!("{:<47}  |{}|", hex.join(" "), text.collect::<String>())
}

fn write(folder: &Path, finding: &Finding, script: &str) -> anyhow::Result<()> {
    // The name comes from a file that anybody may have written.
    let name: String = finding.id.0.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let path = folder.join(format!("{name}.sh"));
    let fail = |error| Failed::with(Exit::Output, format!("{}: cannot be written: {error}", path.display()));
    fs::create_dir_all(folder).map_err(fail)?;
    fs::write(&path, script).map_err(fail)
}

/// Frames shown of a proof.
const SHOWN: usize = 6;
/// Rows of the value shown.
const ROWS: usize = 4;
