//! A survey -> Markdown, a section for each app. Values are code, everything else has its markup escaped.

use std::fmt::Write;

use evidence::{App, Survey};

use super::{chapters, coverage_words, headline, marks, name, signer_words, unread_words, version};
use crate::markdown::{code, text};

/// Writes the page.
pub fn markdown(survey: &Survey) -> String {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut page, survey);
    page
}

fn write(page: &mut String, survey: &Survey) -> std::fmt::Result {
    writeln!(page, "# {}\n", headline(survey))?;
    for input in &survey.inputs {
        writeln!(page, "- Read: {}", code(input))?;
    }
    for problem in &survey.problems {
        writeln!(page, "- Problem with {}: {}", code(&problem.input), text(&problem.problem))?;
    }
    for unread in &survey.unread {
        writeln!(
            page,
            "- Not read: {}: {}",
            code(&unread.what),
            text(&unread_words(&unread.why, unread.bytes))
        )?;
    }
    for odd in &survey.oddities {
        writeln!(page, "- Odd: {} {} {}", text(&odd.what), text(&odd.detail), code(&odd.file))?;
    }
    writeln!(page, "- Made by {}", text(&survey.program))?;
    survey.apps.iter().try_for_each(|app| section(page, app))
}

fn section(page: &mut String, app: &App) -> std::fmt::Result {
    writeln!(page, "\n## {}\n", code(name(app)))?;
    for (what, value) in
        [("Name", &app.label), ("Version", &version(app)), ("Installed by", &app.standing.installer)]
    {
        if !value.is_empty() {
            writeln!(page, "- {what}: {}", code(value))?;
        }
    }
    if !marks(app).is_empty() {
        writeln!(page, "- Is and does: {}", text(&marks(app).join(", ")))?;
    }
    for file in &app.files {
        writeln!(page, "- File: {}, {} bytes, SHA-256 {}", code(&file.path), file.bytes, code(&file.sha256))?;
    }
    for signer in &app.signers {
        writeln!(page, "- Signer: {} {}", code(&signer.certificate), text(&signer_words(signer)))?;
    }
    writeln!(page, "- Coverage: {}", text(&coverage_words(app)))?;
    for chapter in chapters(app) {
        writeln!(page, "\n### {}\n", chapter.title)?;
        for row in &chapter.rows {
            let detail =
                if row.detail.is_empty() { String::new() } else { format!(" {}", text(&row.detail)) };
            writeln!(page, "- {}{detail}", code(&row.value))?;
            for place in &row.places {
                writeln!(page, "  - {}", code(place))?;
            }
            if row.more > 0 {
                writeln!(page, "  - and {} more places", row.more)?;
            }
        }
        if chapter.more > 0 {
            writeln!(page, "- and {} more, in the JSON", chapter.more)?;
        }
    }
    Ok(())
}
