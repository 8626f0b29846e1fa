//! `phonehome apps`: apps in; a table on the screen, and a page with a section for each of them, out.

use std::{
    fs,
    path::Path,
    sync::{atomic::Ordering, mpsc},
    thread,
    time::Duration,
};

use anstream::stream::IsTerminal;
use audit::{
    Meter,
    apps::{SurveyOrder, Trackers, survey, trackers},
};
use evidence::Survey;
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    cli::AppsArguments,
    exit::{Exit, Failed},
    print, write,
};

pub(crate) fn run(arguments: &AppsArguments) -> anyhow::Result<Exit> {
    let trackers = arguments.trackers.as_deref().map(load).transpose()?;
    if let Some(folder) = &arguments.out {
        write::folder(folder)?;
    }
    let order = SurveyOrder {
        inputs: arguments.inputs.clone(),
        trackers,
        program: concat!("phonehome ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let survey = with_progress(&order, arguments.json);
    // Of no app there is nothing to say but why.
    if arguments.json || !survey.apps.is_empty() || survey.problems.is_empty() {
        show(&survey, arguments)?;
    }
    let written = arguments.out.as_deref().map(|folder| write_page(&survey, folder, arguments.markdown));
    for problem in &survey.problems {
        print::note(&format!("{}: {}", problem.input, problem.problem));
    }
    written.transpose()?;
    Ok(match (survey.problems.is_empty(), survey.apps.is_empty()) {
        (true, _) => Exit::Done,
        (false, true) => Exit::Nothing,
        (false, false) => Exit::Partly,
    })
}

fn load(path: &Path) -> anyhow::Result<Trackers> {
    let fail = |words: String| Failed::with(Exit::Usage, format!("{}: {words}", path.display()));
    let json = fs::read(path).map_err(|error| fail(format!("cannot be read: {error}")))?;
    let list = trackers(&json).map_err(|error| fail(format!("is no list in Exodus' format: {error}")))?;
    for (name, reason) in &list.refused {
        print::note(&format!("{}: the signature of {name} was left out: {reason}", path.display()));
    }
    Ok(list)
}

fn show(survey: &Survey, arguments: &AppsArguments) -> anyhow::Result<()> {
    if arguments.json {
        return print::plain(report::apps::json(survey)?.as_bytes());
    }
    let terminal = std::io::stdout().is_terminal().then(terminal_size::terminal_size).flatten();
    let width = terminal.map_or(WIDTH, |(width, _)| usize::from(width.0));
    print::text(&report::apps::table(survey, report::apps::TableOptions { width }))
}

fn write_page(survey: &Survey, folder: &Path, markdown: bool) -> anyhow::Result<()> {
    let json = report::apps::json(survey)?;
    write::file(&folder.join("apps.json"), json.as_bytes())?;
    if markdown {
        write::file(&folder.join("apps.md"), report::apps::markdown(survey).as_bytes())
    } else {
        write::file(&folder.join("apps.html"), report::apps::html(survey).as_bytes())
    }
}

/// Surveys, and shows meanwhile how much was read.
fn with_progress(order: &SurveyOrder, quiet: bool) -> Survey {
    let meter = Meter::default();
    if quiet || !std::io::stderr().is_terminal() {
        return survey(order, &meter);
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {bytes} of apps read, {elapsed}") {
        bar.set_style(style);
    }
    let (done, wait) = mpsc::channel::<()>();
    let found = thread::scope(|scope| {
        let (meter, bar) = (&meter, &bar);
        scope.spawn(move || {
            while wait.recv_timeout(REFRESH) == Err(mpsc::RecvTimeoutError::Timeout) {
                bar.set_position(meter.bytes.load(Ordering::Relaxed));
            }
        });
        let found = survey(order, meter);
        drop(done);
        found
    });
    bar.finish_and_clear();
    found
}

/// Columns where nobody knows how many there are.
const WIDTH: usize = 100;
const REFRESH: Duration = Duration::from_millis(100);
