//! `phonehome report`: cases in; an assessment for people who decide, out.

use std::{fs, path::Path};

use claims::{judge, judge_among};
use evidence::{Case, Verdict};
use report::assessment::{Assessed, AssessmentOptions, html, markdown, pdf};
use serde::Deserialize;

use crate::{
    case,
    cli::{ReportArguments, ReportFormat},
    exit::{Exit, Failed},
    print, write,
};

pub(crate) fn run(arguments: &ReportArguments) -> anyhow::Result<Exit> {
    let format = format(arguments)?;
    let cases = case::called(&arguments.cases)?;
    if let Some(out) = &arguments.out {
        let files: Vec<_> = cases.iter().map(|called| called.file.clone()).collect();
        write::spare(&files, [out.as_path()])?;
        write::spare(&arguments.verdicts, [out.as_path()])?;
    }
    if arguments.verdicts.len() > cases.len() {
        return Err(Failed::with(Exit::Usage, "there are more files of verdicts than cases"));
    }
    let named: Vec<(&str, &Case)> = cases.iter().map(|called| (called.name.as_str(), &called.case)).collect();
    let mut judged = Judged { own: vec![Vec::new(); cases.len()], together: Vec::new() };
    // One file for several cases is about all of them; several are each about the case at its place.
    let is_one = arguments.verdicts.len() == 1;
    for (place, path) in arguments.verdicts.iter().enumerate() {
        judged.add((place, is_one), path, &named)?;
    }
    let devices: Vec<_> = named
        .iter()
        .zip(&judged.own)
        .map(|((name, case), verdicts)| Assessed { name, case, verdicts })
        .collect();
    let program = concat!("phonehome ", env!("CARGO_PKG_VERSION"));
    let options = AssessmentOptions { language: arguments.language, program, verdicts: &judged.together };
    let bytes = match format {
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
fn format(arguments: &ReportArguments) -> anyhow::Result<ReportFormat> {
    let extension = arguments.out.as_deref().and_then(Path::extension).and_then(|name| name.to_str());
    match (arguments.format, extension) {
        (Some(asked), _) => Ok(asked),
        (None, Some("html" | "htm")) => Ok(ReportFormat::Html),
        (None, Some("pdf")) => Ok(ReportFormat::Pdf),
        // Whoever names a file so expects what opens there.
        (None, Some(other @ ("doc" | "docx" | "odt" | "rtf" | "tex" | "json" | "csv"))) => {
            let words = format!("an assessment is written as .html, .md or .pdf, and not as .{other}");
            Err(Failed::with(Exit::Usage, words))
        }
        _ => Ok(ReportFormat::Md),
    }
}

/// What was said, judged.
struct Judged {
    /// Of each case, in their order.
    own: Vec<Vec<Verdict>>,
    /// Of several cases together.
    together: Vec<Verdict>,
}

impl Judged {
    /// Adds a file that was given for the case at a place: verdicts, or claims, which are judged here.
    /// Claims of the only file are judged over all cases.
    fn add(
        &mut self,
        (place, is_one): (usize, bool),
        path: &Path,
        cases: &[(&str, &Case)],
    ) -> anyhow::Result<()> {
        let Some((own, (name, _))) = self.own.get_mut(place).zip(cases.get(place)) else { return Ok(()) };
        if path.extension().is_some_and(|extension| extension == "toml") {
            let claims = super::claims::read(path)?;
            let wrong = |error| super::claims::wrong(path, &error);
            if is_one && cases.len() > 1 {
                self.together.extend(judge(&claims, cases).map_err(wrong)?);
            } else {
                let (alone, together) = judge_among(&claims, name, cases).map_err(wrong)?;
                own.extend(alone);
                self.together.extend(together);
            }
        } else {
            own.extend(load(path)?);
        }
        Ok(())
    }
}

/// Verdicts as `phonehome claims --json` writes them, or the list alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    List(Vec<Verdict>),
    File { verdicts: Vec<Verdict> },
}

fn load(path: &Path) -> anyhow::Result<Vec<Verdict>> {
    let fail = |words: String| Failed::with(Exit::Nothing, format!("{}: {words}", path.display()));
    let about = fs::metadata(path).map_err(|error| fail(format!("cannot be read: {error}")))?;
    if !about.is_file() || about.len() > LARGEST {
        return Err(fail("holds no verdicts".to_owned()));
    }
    let text = fs::read(path).map_err(|error| fail(format!("cannot be read: {error}")))?;
    let written = serde_json::from_slice(&text).map_err(|_| {
        fail("holds no verdicts: give what `phonehome claims --json` prints, or a claims.toml".to_owned())
    })?;
    Ok(match written {
        Written::List(verdicts) | Written::File { verdicts } => verdicts,
    })
}

/// The largest list of verdicts that is read.
const LARGEST: u64 = 64 << 20;
