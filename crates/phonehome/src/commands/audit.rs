//! `phonehome audit`: captures in; a summary on the screen and a case in a folder out.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::Ordering,
    thread,
    time::Duration,
};

use anstream::stream::IsTerminal;
use audit::{Meter, Order};
use evidence::Case;
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
    write_case(&case, &folder)?;
    show(&case, &arguments, &folder);
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

fn show(case: &Case, arguments: &AuditArguments, folder: &Path) {
    if arguments.json {
        anstream::println!("{}", report::json(case, true));
    } else if !arguments.quiet {
        let terminal = std::io::stdout().is_terminal();
        let width = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
        let options = report::SummaryOptions {
            width: if terminal { width } else { 80 },
            color: true,
            folder: Some(folder.display().to_string()),
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
fn write_case(case: &Case, folder: &Path) -> anyhow::Result<()> {
    write(&folder.join("case.json"), report::json(case, true).as_bytes())?;
    let options = report::HtmlOptions::default();
    write(&folder.join("report.html"), report::html(case, &options).as_bytes())
}

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
