//! `phonehome report`: cases in; an assessment for people who decide, out.

use std::{fs, path::Path};

use evidence::Verdict;
use report::assessment::{Assessed, AssessmentOptions, Language, html, markdown, pdf};

use crate::{
    case,
    cli::{ReportArguments, ReportFormat},
    exit::{Exit, Failed},
    print, write,
};

pub(crate) fn run(arguments: &ReportArguments) -> anyhow::Result<Exit> {
    let cases = case::called(&arguments.cases)?;
    if let Some(out) = &arguments.out {
        let files: Vec<_> = cases.iter().map(|called| called.file.clone()).collect();
        write::spare(&files, [out.as_path()])?;
        write::spare(&arguments.verdicts, [out.as_path()])?;
    }
    if arguments.verdicts.len() > cases.len() {
        return Err(Failed::with(Exit::Usage, "there are more files of verdicts than cases"));
    }
    let mut verdicts = arguments.verdicts.iter().map(|path| load(path)).collect::<Result<Vec<_>, _>>()?;
    verdicts.resize_with(cases.len(), Vec::new);
    let devices: Vec<_> = cases
        .iter()
        .zip(&verdicts)
        .map(|(called, verdicts)| Assessed { name: &called.name, case: &called.case, verdicts })
        .collect();
    let program = concat!("phonehome ", env!("CARGO_PKG_VERSION"));
    let options = AssessmentOptions { language: Language::English, program };
    let bytes = match format(arguments) {
        ReportFormat::Html => html(&devices, &options)?.into_bytes(),
        ReportFormat::Md => markdown(&devices, &options)?.into_bytes(),
        ReportFormat::Pdf => pdf(&devices, &options)?,
    };
    match &arguments.out {
        Some(out) => write::file(out, &bytes)?,
        None => print::plain(&bytes)?,
    }
    Ok(Exit::Done)
}

/// The format asked for, else the one that the file's name tells.
fn format(arguments: &ReportArguments) -> ReportFormat {
    let extension = arguments.out.as_deref().and_then(Path::extension).and_then(|name| name.to_str());
    arguments.format.unwrap_or(match extension {
        Some("html" | "htm") => ReportFormat::Html,
        Some("pdf") => ReportFormat::Pdf,
        _ => ReportFormat::Md,
    })
}

fn load(path: &Path) -> anyhow::Result<Vec<Verdict>> {
    let fail = |words: String| Failed::with(Exit::Nothing, format!("{}: {words}", path.display()));
    let about = fs::metadata(path).map_err(|error| fail(format!("cannot be read: {error}")))?;
    if !about.is_file() || about.len() > LARGEST {
        return Err(fail("is no list of verdicts".to_owned()));
    }
    let text = fs::read(path).map_err(|error| fail(format!("cannot be read: {error}")))?;
    serde_json::from_slice(&text).map_err(|error| fail(format!("is no list of verdicts in JSON: {error}")))
}

/// The largest list of verdicts that is read.
const LARGEST: u64 = 64 << 20;
