//! `phonehome audit`: captures in; a summary on the screen and a case in a folder out.

use std::{
    cell::RefCell,
    fs,
    path::{Path, PathBuf},
    sync::atomic::Ordering,
    thread,
    time::Duration,
};

use anstream::stream::IsTerminal;
use audit::{
    Meter, Order,
    prove::{self, CaptureBytes, CaptureFiles},
};
use evidence::{Case, Occurrence};
use facts::Atlas;
use indicatif::{ProgressBar, ProgressStyle};

use super::profile;
use crate::{
    cli::AuditArguments,
    exit::{Exit, Failed},
};

pub(crate) fn run(arguments: AuditArguments) -> anyhow::Result<Exit> {
    let profile = arguments.profile.as_deref().map(profile::load).transpose()?;
    let atlas = atlas(&arguments.mmdb)?;
    let folder = arguments.out.clone().unwrap_or_else(|| default_folder(&arguments.captures));
    make_folder(&folder)?;
    let order = Order {
        inputs: arguments.captures.clone(),
        profile,
        store: (!arguments.no_store).then(|| folder.join("case.sqlite")),
        atlas,
        workers: arguments.threads,
        program: concat!("phonehome ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let case = with_progress(order, arguments.quiet || arguments.json)?;
    let json = report::json(&case, true)?;
    write_case(&case, &json, &folder)?;
    show(&case, &json, &arguments, &folder);
    Ok(verdict(&case, &arguments))
}

fn verdict(case: &Case, arguments: &AuditArguments) -> Exit {
    let worst = case.findings.iter().map(|finding| finding.severity).max();
    let limit = arguments.fail_on.map(evidence::Severity::from);
    let nothing_read = case.captures.iter().all(|capture| capture.frames == 0);
    if limit.is_some() && worst >= limit {
        Exit::Found
    } else if nothing_read && !case.problems.is_empty() {
        Exit::Nothing
    } else if !case.problems.is_empty() {
        Exit::Partly
    } else {
        Exit::Done
    }
}

fn show(case: &Case, json: &str, arguments: &AuditArguments, folder: &Path) {
    if arguments.json {
        anstream::println!("{json}");
    } else if !arguments.quiet {
        let terminal = std::io::stdout().is_terminal();
        let width = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
        let written = |name: &str| folder.join(name).display().to_string();
        let mut files = vec![("report".to_owned(), written("report.html")), ("case".to_owned(), written("case.json"))];
        if !arguments.no_store {
            files.push(("store".to_owned(), written("case.sqlite")));
        }
        let options = report::SummaryOptions {
            width: if terminal { width } else { 80 },
            colour: true,
            case: folder.display().to_string(),
            files,
            ..report::SummaryOptions::default()
        };
        // anstream takes the colours off where they are not wanted.
        anstream::print!("{}", report::summary(case, &options));
    }
    for problem in &case.problems {
        anstream::eprintln!("phonehome: {}: {}", problem.input, problem.problem);
    }
}

fn atlas(files: &[PathBuf]) -> anyhow::Result<Atlas> {
    files.iter().try_fold(Atlas::embedded(), |atlas, file| {
        let fail = |error: String| {
            Failed::with(Exit::Usage, format!("{}: no usable MaxMind DB: {error}", file.display()))
        };
        let bytes = fs::read(file).map_err(|error| fail(error.to_string()))?;
        atlas.with_mmdb(bytes).map_err(|error| fail(error.to_string()))
    })
}

fn default_folder(captures: &[PathBuf]) -> PathBuf {
    let first = captures.first().filter(|path| path.as_os_str() != "-");
    let name = first.and_then(|path| path.file_name()).unwrap_or("phonehome".as_ref());
    Path::new(name).with_extension("case")
}

fn make_folder(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).map_err(|error| {
        let words = format!("{}: the case's folder cannot be made: {error}; choose another with --out", folder.display());
        Failed::with(Exit::Output, words)
    })
}

/// Writes `case.json` and `report.html`; a file that is there is replaced whole or not at all.
fn write_case(case: &Case, json: &str, folder: &Path) -> anyhow::Result<()> {
    write(&folder.join("case.json"), json.as_bytes())?;
    let captures = RefCell::new(CaptureFiles::just_read(&case.captures));
    let excerpts = |occurrence: &Occurrence| excerpts(occurrence, &mut captures.borrow_mut());
    let options = report::HtmlOptions {
        title: "",
        case: &folder.display().to_string(),
        atlas: Some(report::Atlas { land: facts::map::outline(), borders: facts::map::borders(), place: &place }),
        excerpts: Some(&excerpts),
        moments: None,
    };
    write(&folder.join("report.html"), report::html(case, &options).as_bytes())
}

fn place(code: &str) -> Option<report::Place> {
    let (latitude, longitude) = facts::country::centroid(code)?;
    Some(report::Place { name: facts::country::name(code)?.to_owned(), latitude, longitude })
}

/// The bytes around a value in its last buffer, and in the frame it came in.
fn excerpts(occurrence: &Occurrence, captures: &mut CaptureFiles) -> Vec<report::Excerpt> {
    let Ok(replay) = prove::replay(occurrence, captures) else { return Vec::new() };
    let span = occurrence.span;
    let step = occurrence.trail.buffer(span.buffer).map(prove::words).unwrap_or_default();
    let last = replay.outputs.get(span.buffer.0 as usize);
    let value = last.and_then(|output| {
        let range = span.start.saturating_sub(output.start)..span.end.saturating_sub(output.start);
        cut(format!("The value, in {step}"), &output.bytes, range)
    });
    let raw = replay.frames.first().and_then(|(capture, frame, range)| {
        let around = range.start.saturating_sub(AROUND as u64)..range.end.min(range.start + 4 * AROUND as u64);
        let bytes = captures.read(*capture, &around).ok()?;
        let first = usize::try_from(range.start - around.start).ok()?;
        let highlight = first..bytes.len();
        let title = format!("As captured, frame {frame}");
        Some(report::Excerpt { title, offset: around.start, bytes, highlight })
    });
    let decoded = span.buffer.0 > 0;
    value.into_iter().chain(raw.filter(|_| decoded)).collect()
}

fn cut(title: String, bytes: &[u8], range: std::ops::Range<u64>) -> Option<report::Excerpt> {
    let (start, end) = (usize::try_from(range.start).ok()?, usize::try_from(range.end).ok()?);
    let from = start.saturating_sub(AROUND) & !15;
    let to = end.saturating_add(AROUND).min(bytes.len()).min(from + 16 * AROUND);
    let highlight = start - from..end.min(to) - from;
    Some(report::Excerpt { title, offset: from as u64, bytes: bytes.get(from..to)?.to_vec(), highlight })
}

/// Bytes shown before and after a value.
const AROUND: usize = 48;

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let fail = |error: std::io::Error| {
        let words = format!("{}: cannot be written: {error}; choose another folder with --out", path.display());
        Failed::with(Exit::Output, words)
    };
    let unfinished = path.with_extension("part");
    fs::write(&unfinished, bytes).map_err(fail)?;
    fs::rename(&unfinished, path).map_err(fail)
}

/// Runs the audit beside a progress bar.
fn with_progress(order: Order, quiet: bool) -> anyhow::Result<Case> {
    let total = order.inputs.iter().filter_map(|path| fs::metadata(path).ok()).map(|about| about.len()).sum();
    let meter = Meter::default();
    let outcome = thread::scope(|scope| {
        let work = scope.spawn(|| audit::audit(order, &meter));
        if !quiet && std::io::stderr().is_terminal() {
            let bar = bar(total);
            while !work.is_finished() {
                bar.set_position(meter.bytes.load(Ordering::Relaxed));
                thread::sleep(Duration::from_millis(50));
            }
            bar.finish_and_clear();
        }
        work.join()
    });
    match outcome {
        Ok(Ok(case)) => Ok(case),
        Ok(Err(error @ audit::AuditError::Store(_))) => Err(Failed::with(Exit::Output, error.to_string())),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(Failed::with(Exit::Fault, "the audit failed; please report it with the message above")),
    }
}

fn bar(total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:32} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec}");
    let bar = ProgressBar::new(total);
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}
