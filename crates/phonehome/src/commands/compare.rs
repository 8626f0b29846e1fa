//! `phonehome compare`: cases in; what differs between them, on the screen or in a file, out.

use std::path::Path;

use anstream::stream::IsTerminal;
use compare::{Named, compare};
use evidence::Comparison;
use report::comparison::{ComparisonOptions, html, json, markdown, text};

use crate::{
    case,
    cli::CompareArguments,
    exit::{Exit, Failed},
    print, write,
};

pub(crate) fn run(arguments: &CompareArguments) -> anyhow::Result<Exit> {
    let cases = case::called(&arguments.cases)?;
    if let Some(out) = &arguments.out {
        let files: Vec<_> = cases.iter().map(|called| called.file.clone()).collect();
        write::spare(&files, [out.as_path()])?;
    }
    let named: Vec<_> = cases.iter().map(|called| Named { name: &called.name, case: &called.case }).collect();
    let comparison = compare(&named, concat!("phonehome ", env!("CARGO_PKG_VERSION")));
    let options = ComparisonOptions { changed_only: arguments.changed_only };
    if let Some(out) = &arguments.out {
        write::file(out, written(&comparison, options, out)?.as_bytes())?;
    }
    if arguments.json {
        print::plain(json(&comparison)?.as_bytes())?;
    } else if arguments.out.is_none() {
        print::text(&text(&comparison, options, width()))?;
    }
    Ok(Exit::Done)
}

/// The comparison in the format that the file's name asks for.
fn written(comparison: &Comparison, options: ComparisonOptions, out: &Path) -> anyhow::Result<String> {
    match out.extension().and_then(|extension| extension.to_str()) {
        Some("html" | "htm") => Ok(html(comparison, options)),
        Some("md") => Ok(markdown(comparison, options)),
        Some("json") => Ok(json(comparison)?),
        _ => {
            let words = format!("{}: end the file's name in .html, .md or .json", out.display());
            Err(Failed::with(Exit::Usage, words))
        }
    }
}

fn width() -> usize {
    let terminal = std::io::stdout().is_terminal().then(terminal_size::terminal_size).flatten();
    terminal.map_or(WIDTH, |(width, _)| usize::from(width.0))
}

/// Columns where nobody knows how many there are.
const WIDTH: usize = 100;
