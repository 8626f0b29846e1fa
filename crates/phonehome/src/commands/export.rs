//! `phonehome export`: what was read, decrypted, for other programs.

use std::{
    io,
    path::{Path, PathBuf},
};

use audit::{
    Meter,
    export::{ExportError, Exported, Order, export},
};

use crate::{
    cli::ExportArguments,
    exit::{Exit, Failed},
    print,
    write::{self, Output},
};

pub(crate) fn run(arguments: &ExportArguments) -> anyhow::Result<Exit> {
    let inputs: Vec<PathBuf> = arguments.captures.iter().chain(&arguments.keys).cloned().collect();
    check(arguments, &inputs)?;
    let open = |path: &Option<PathBuf>| path.as_deref().map(Output::create).transpose();
    let (mut har, mut pcapng) = (open(&arguments.har)?, open(&arguments.pcapng)?);
    let mut csv = open(&arguments.csv)?;
    let mut row = csv
        .as_mut()
        .map(|out| move |cells: &[String]| io::Write::write_all(out, report::csv::row(cells).as_bytes()));
    let order = Order {
        inputs: arguments.captures.clone(),
        keys: arguments.keys.clone(),
        har: har.as_mut().map(|out| out as _),
        pcapng: pcapng.as_mut().map(|out| out as _),
        rows: row.as_mut().map(|row| row as _),
        program: ("phonehome", env!("CARGO_PKG_VERSION")),
    };
    let exported = export(order, &Meter::default()).or_else(reader_is_gone)?;
    let nothing_read = exported.captures.iter().all(|one| one.frames == 0 || !one.holds.is_traffic());
    for problem in &exported.problems {
        print::note(&format!("{}: {}", problem.input, problem.problem));
    }
    exported.notes.iter().for_each(|note| print::note(note));
    if nothing_read && !exported.problems.is_empty() {
        return Ok(Exit::Nothing);
    }
    [har, pcapng, csv].into_iter().flatten().try_for_each(Output::finish)?;
    Ok(if exported.problems.is_empty() { Exit::Done } else { Exit::Partly })
}

fn check(arguments: &ExportArguments, inputs: &[PathBuf]) -> anyhow::Result<()> {
    let outputs = [&arguments.har, &arguments.pcapng, &arguments.csv];
    let (standard, files): (Vec<&Path>, Vec<&Path>) =
        outputs.into_iter().flatten().map(PathBuf::as_path).partition(|path| write::is_standard(path));
    if standard.len() > 1 {
        let words = "standard output takes one of --har, --pcapng and --csv; give the others files";
        return Err(Failed::with(Exit::Usage, words));
    }
    if arguments.pcapng.is_some() && inputs.iter().any(|path| path == Path::new("-")) {
        let words = "standard input can be read once, and --pcapng writes secrets before packets; save it to a file first";
        return Err(Failed::with(Exit::Usage, words));
    }
    write::apart(&files)?;
    write::spare(inputs, files)
}

/// Whoever reads standard output may stop early.
fn reader_is_gone(error: ExportError) -> anyhow::Result<Exported> {
    match error {
        ExportError::Write(_, error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exported::default()),
        error @ (ExportError::Write(..) | ExportError::Store(_)) => {
            Err(Failed::with(Exit::Output, error.to_string()))
        }
        error @ ExportError::Thread(_) => Err(error.into()),
    }
}
