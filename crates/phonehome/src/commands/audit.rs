//! `phonehome audit`: captures in; a summary on the screen and a case in a folder out.

use std::{
    cell::{Cell, RefCell},
    fs,
    ops::Range,
    path::{Path, PathBuf},
    sync::{atomic::Ordering, mpsc},
    thread,
    time::Duration,
};

use anstream::stream::IsTerminal;
use audit::{
    BillMapping, Effort, Meter, Order,
    prove::{self, CaptureBytes, CaptureFiles},
};
use evidence::{Buffer, CaptureId, Case, Evidence, Finding, Occurrence, Step};
use facts::Atlas;
use indicatif::{ProgressBar, ProgressStyle};

use super::profile;
use crate::{
    cli::AuditArguments,
    earlier,
    exit::{Exit, Failed},
    print, write,
};

pub(crate) fn run(arguments: AuditArguments) -> anyhow::Result<Exit> {
    let profile = arguments.profile.as_deref().map(profile::load).transpose()?;
    let atlas = atlas(&arguments.mmdb)?;
    let bill = arguments.bill_mapping.as_deref().map(mapping).transpose()?;
    let folder = arguments.out.clone().unwrap_or_else(|| default_folder(&arguments.captures));
    check(&arguments, &folder)?;
    let made = !folder.exists();
    write::folder(&folder)?;
    // An earlier store stays until it is known that there is something to write.
    let store = (!arguments.no_store).then(|| write::Draft::of(&folder.join(STORE))).transpose()?;
    let order = Order {
        inputs: arguments.captures.clone(),
        keys: arguments.keys.clone(),
        profile,
        store: store.as_ref().map(|store| store.unfinished().to_owned()),
        atlas,
        bill,
        effort: Effort::of(arguments.budget),
        workers: arguments.threads,
        program: concat!("phonehome ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let outcome = audited(order, store, &arguments, &folder);
    if made {
        // It stays where something was put into it.
        let _ = fs::remove_dir(&folder);
    }
    outcome
}

fn audited(
    order: Order,
    store: Option<write::Draft>,
    arguments: &AuditArguments,
    folder: &Path,
) -> anyhow::Result<Exit> {
    let mut case = with_progress(order, arguments.quiet || arguments.json)?;
    if case.is_blank() && !case.problems.is_empty() {
        return nothing_read(&case, arguments);
    }
    // What was found is shown even where it cannot be written.
    let stored = store.map_or(Ok(()), |store| keep(store, &mut case, folder));
    let written = write_json(&case, folder, arguments.json)?
        .and(stored)
        .and_then(|()| write_report(&case, folder, !arguments.no_store));
    show(&case, arguments, folder)?;
    written?;
    Ok(verdict(&case, arguments, folder))
}

/// Says why nothing could be read. No case is written: it would be no answer, and an earlier one may be there.
fn nothing_read(case: &Case, arguments: &AuditArguments) -> anyhow::Result<Exit> {
    for problem in &case.problems {
        print::note(&format!("{}: {}", problem.input, problem.problem));
    }
    if arguments.json {
        print::by(|out| report::write_json(case, out))?;
    } else if !arguments.quiet {
        print::text("No input could be read. That says nothing about the phone, and no case was written.\n")?;
    }
    Ok(Exit::Nothing)
}

/// Puts the store where it belongs. What went wrong with it goes by that name.
fn keep(store: write::Draft, case: &mut Case, folder: &Path) -> anyhow::Result<()> {
    let unfinished = store.unfinished().display().to_string();
    for problem in case.problems.iter_mut().filter(|problem| problem.input == unfinished) {
        problem.input = folder.join(STORE).display().to_string();
    }
    store.keep()
}

/// Sees that nothing of the case takes the place of what is read, of a device, or of a case of other inputs.
fn check(arguments: &AuditArguments, folder: &Path) -> anyhow::Result<()> {
    let files = ["case.json", STORE, "report.html"].map(|name| folder.join(name));
    files.iter().try_for_each(|file| write::replaceable(file))?;
    let read =
        arguments.captures.iter().chain(&arguments.keys).chain(&arguments.profile).chain(&arguments.mmdb);
    write::spare(&read.cloned().collect::<Vec<_>>(), files.iter().map(PathBuf::as_path))?;
    if arguments.force { Ok(()) } else { earlier::spare(folder, &arguments.captures) }
}

fn verdict(case: &Case, arguments: &AuditArguments, folder: &Path) -> Exit {
    let worst = case.findings.iter().map(|finding| finding.severity).max();
    let limit = arguments.fail_on.map(evidence::Severity::from);
    let store = folder.join(STORE).display().to_string();
    let unwritten = case.problems.iter().any(|problem| problem.input == store);
    if limit.is_some() && worst >= limit {
        Exit::Found
    } else if unwritten {
        Exit::Output
    } else if !case.problems.is_empty() {
        Exit::Partly
    } else {
        Exit::Done
    }
}

fn show(case: &Case, arguments: &AuditArguments, folder: &Path) -> anyhow::Result<()> {
    let shown = match arguments.json || arguments.quiet {
        true => Ok(()),
        false => print::text(&summary(case, arguments, folder)),
    };
    for problem in &case.problems {
        print::note(&format!("{}: {}", problem.input, problem.problem));
    }
    shown
}

fn summary(case: &Case, arguments: &AuditArguments, folder: &Path) -> String {
    let terminal = std::io::stdout().is_terminal().then(terminal_size::terminal_size).flatten();
    let written = |name: &str| folder.join(name).display().to_string();
    let mut files =
        vec![("report".to_owned(), written("report.html")), ("case".to_owned(), written("case.json"))];
    if !arguments.no_store {
        files.push(("store".to_owned(), written(STORE)));
    }
    let options = report::SummaryOptions {
        width: terminal.map_or(WIDTH, |(width, _)| usize::from(width.0)),
        colour: true,
        case: folder.display().to_string(),
        files,
        ..report::SummaryOptions::default()
    };
    report::summary(case, &options)
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

/// What a file says of the form of bills.
fn mapping(file: &Path) -> anyhow::Result<BillMapping> {
    let fail = |error: String| {
        Failed::with(Exit::Usage, format!("{}: no usable mapping of bills: {error}", file.display()))
    };
    let text = fs::read_to_string(file).map_err(|error| fail(error.to_string()))?;
    BillMapping::from_toml(&text).map_err(|error| fail(error.to_string()))
}

fn default_folder(captures: &[PathBuf]) -> PathBuf {
    let first = captures.first().filter(|path| path.as_os_str() != "-");
    let name = first.and_then(|path| path.file_name()).unwrap_or("phonehome".as_ref());
    Path::new(name).with_extension("case")
}

/// Writes `case.json`, and prints it where that is asked for. Gives what became of the file.
fn write_json(case: &Case, folder: &Path, print: bool) -> anyhow::Result<anyhow::Result<()>> {
    let written = write::file_by(&folder.join("case.json"), |out| report::write_json(case, out));
    if print {
        print::by(|out| report::write_json(case, out))?;
    }
    Ok(written)
}

/// Writes `report.html`.
fn write_report(case: &Case, folder: &Path, keeps_store: bool) -> anyhow::Result<()> {
    let captures = RefCell::new(CaptureFiles::just_read(&case.captures));
    let evidence = || case.findings.iter().flat_map(|finding| &finding.evidence);
    // Without its captures the report has no hex views; nothing else is missing from it.
    let _ = captures
        .borrow_mut()
        .prepare(evidence().filter(|evidence| bytes(&evidence.occurrence) < SHOWN).flat_map(needed));
    let left = Cell::new(SHOWN);
    let excerpts = |occurrence: &Occurrence| match left.get().checked_sub(bytes(occurrence)) {
        Some(rest) => {
            left.set(rest);
            excerpts(occurrence, &mut captures.borrow_mut())
        }
        None => Vec::new(),
    };
    let times = keeps_store.then(|| store::moments(&folder.join(STORE), MOMENTS).ok()).flatten();
    let moments = |finding: &Finding| {
        let groups = finding.sightings.iter().filter_map(|group| times.as_ref()?.get(group));
        groups.flatten().copied().collect()
    };
    let options = report::HtmlOptions {
        title: "",
        case: &folder.display().to_string(),
        atlas: Some(report::Atlas {
            land: facts::map::outline(),
            borders: facts::map::borders(),
            place: &place,
        }),
        excerpts: Some(&excerpts),
        moments: times.is_some().then_some(&moments),
    };
    write::file(&folder.join("report.html"), report::html(case, &options).as_bytes())
}

/// Moments shown on the timeline, over all findings.
const MOMENTS: u32 = 20_000;

/// What of the captures is read to show a piece of evidence.
fn needed(evidence: &Evidence) -> impl Iterator<Item = (CaptureId, Range<u64>)> {
    let occurrence = &evidence.occurrence;
    let frames = occurrence.trail.trace(occurrence.span);
    let around = frames.into_iter().next().map(|(capture, _, range)| (capture, around(&range)));
    prove::recorded(&occurrence.trail).map(|(capture, _, range)| (capture, range)).chain(around)
}

/// How many bytes the steps to a value come to.
fn bytes(occurrence: &Occurrence) -> u64 {
    let of_step = |buffer: &Buffer| match (&buffer.step, buffer.segments.first(), buffer.segments.last()) {
        (step, ..) if !step.joins() => buffer.len,
        (_, Some(first), Some(last)) => last.out_end().saturating_sub(first.out),
        _ => 0,
    };
    occurrence.trail.buffers.iter().map(of_step).fold(0, u64::saturating_add)
}

/// What is shown of a frame: the bytes before a value and the beginning of the value.
fn around(range: &Range<u64>) -> Range<u64> {
    let end = range.start.saturating_add(4 * AROUND as u64);
    range.start.saturating_sub(AROUND as u64)..range.end.min(end)
}

fn place(code: &str) -> Option<report::Place> {
    let (latitude, longitude) = facts::country::centroid(code)?;
    Some(report::Place { name: facts::country::name(code)?.to_owned(), latitude, longitude })
}

/// The bytes around a value in its last buffer, and in the frame it came in.
fn excerpts(occurrence: &Occurrence, captures: &mut CaptureFiles) -> Vec<report::Excerpt> {
    let Ok(replay) = prove::replay(occurrence, captures) else { return Vec::new() };
    let span = occurrence.span;
    let step = occurrence.trail.buffer(span.buffer).map(place_of).unwrap_or_default();
    let last = replay.outputs.get(span.buffer.0 as usize);
    let value = last.and_then(|output| {
        let range = span.start.saturating_sub(output.start)..span.end.saturating_sub(output.start);
        cut(format!("The value, {step}"), &output.bytes, range)
    });
    let raw = replay.frames.first().and_then(|(capture, frame, range)| {
        let around = around(range);
        let bytes = captures.read(*capture, &around).ok()?;
        let first = usize::try_from(range.start - around.start).ok()?;
        let highlight = first..bytes.len();
        let title = format!("As captured, frame {frame}");
        Some(report::Excerpt { title, offset: around.start, bytes, highlight })
    });
    let decoded = span.buffer.0 > 0;
    value.into_iter().chain(raw.filter(|_| decoded)).collect()
}

/// Where a value is shown: `after base64`, `in the payload of a datagram`.
fn place_of(buffer: &Buffer) -> String {
    match &buffer.step {
        Step::Decode(decoder) => format!("after {decoder}"),
        Step::Decrypt(how) => format!("after {}", how.cipher.name()),
        Step::Unmask(_) => "after its weak protection was undone".to_owned(),
        _ => format!("in {}", prove::words(buffer)),
    }
}

fn cut(title: String, bytes: &[u8], range: Range<u64>) -> Option<report::Excerpt> {
    let (start, end) = (usize::try_from(range.start).ok()?, usize::try_from(range.end).ok()?);
    let from = start.saturating_sub(AROUND) & !15;
    let to = end.saturating_add(AROUND).min(bytes.len()).min(from + 16 * AROUND);
    let highlight = start - from..end.min(to) - from;
    Some(report::Excerpt { title, offset: from as u64, bytes: bytes.get(from..to)?.to_vec(), highlight })
}

/// Bytes shown before and after a value.
const AROUND: usize = 48;
/// Bytes of steps that are run again for the hex views of one report: they must not take longer than the audit.
const SHOWN: u64 = 64 << 20;
/// The store's name in a case's folder.
const STORE: &str = "case.sqlite";
/// Columns where there is no terminal.
const WIDTH: usize = 80;

/// Runs the audit beside a progress bar.
fn with_progress(order: Order, quiet: bool) -> anyhow::Result<Case> {
    let total = order.inputs.iter().filter_map(|path| fs::metadata(path).ok()).map(|about| about.len()).sum();
    let meter = Meter::default();
    let (done, finished) = mpsc::channel::<()>();
    let outcome = thread::scope(|scope| {
        let meter = &meter;
        let work = scope.spawn(move || {
            let _done = done;
            audit::audit(order, meter)
        });
        if !quiet && std::io::stderr().is_terminal() {
            let bar = bar(total);
            while finished.recv_timeout(Duration::from_millis(50)) == Err(mpsc::RecvTimeoutError::Timeout) {
                bar.set_position(meter.bytes.load(Ordering::Relaxed));
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
    let style =
        ProgressStyle::with_template("{bar:32} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec}");
    let bar = ProgressBar::new(total);
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}
