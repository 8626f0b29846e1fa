//! A survey -> `apps.html`: one page that needs nothing else, under the policy of the report's.

use evidence::{App, Outcome, Survey};
use maud::{DOCTYPE, Markup, html as markup};

use super::{
    Chapter, UNKNOWN, chapters, coverage_words, headline, marks, name, no_signer, outcome, reads, share,
    signer, signer_words, unread_words, version,
};
use crate::{
    html::{Prose, Shown, head},
    words,
};

/// Writes the page.
pub fn html(survey: &Survey) -> String {
    markup! {
        (DOCTYPE)
        html lang="en" {
            (head("Apps"))
            body {
                header.masthead {
                    p.eyebrow { "phonehome apps" }
                    h1 { (headline(survey)) }
                    p.lead { "What each app is, who signed it, what it may do, and what its code holds and where." }
                }
                main {
                    (read(survey))
                    (overview(survey))
                    @for (number, app) in survey.apps.iter().enumerate() { (section(number, app)) }
                }
                footer { p { "Written by " (Shown(&survey.program)) "." } }
            }
        }
    }
    .into_string()
}

fn read(survey: &Survey) -> Markup {
    markup! {
        section #examined aria-labelledby="examined-title" {
            h2 #examined-title { "What was read" }
            @if survey.inputs.len() <= FEW { (inputs(survey)) } @else {
                details { summary { (words::counted(survey.inputs.len() as u64, "input")) } (inputs(survey)) }
            }
            @for problem in &survey.problems {
                p.warning { strong { "Problem with " (Shown(&problem.input)) ": " } (Prose(&problem.problem)) }
            }
            @if !survey.unread.is_empty() {
                details {
                    summary { (words::counted(survey.unread.len() as u64, "thing")) " not read" }
                    ul { @for unread in survey.unread.iter().take(MOST) {
                        li { code { (Shown(&unread.what)) } " " (Prose(&unread_words(&unread.why, unread.bytes))) }
                    } }
                }
            }
            @if !survey.oddities.is_empty() {
                details {
                    summary { (words::counted(survey.oddities.len() as u64, "oddity")) }
                    ul { @for odd in survey.oddities.iter().take(MOST) {
                        li { (Prose(&odd.what)) " " (Prose(&odd.detail)) " " code { (Shown(&odd.file)) ":" (format!("{:#x}", odd.offset)) } }
                    } }
                }
            }
        }
    }
}

fn inputs(survey: &Survey) -> Markup {
    markup! { ul.plain { @for input in &survey.inputs { li { code { (Shown(input)) } } } } }
}

fn overview(survey: &Survey) -> Markup {
    markup! {
        section #apps aria-labelledby="apps-title" {
            h2 #apps-title { "The apps" }
            div.scroll {
                table.apps.stack {
                    thead { tr {
                        @for (title, class) in COLUMNS { th scope="col" class=(class) { (title) } }
                    } }
                    tbody { @for (number, app) in survey.apps.iter().enumerate() { (row(survey, number, app)) } }
                }
            }
        }
    }
}

fn row(survey: &Survey, number: usize, app: &App) -> Markup {
    let held = |facts: usize| app.coverage.as_ref().map_or_else(|| "–".to_owned(), |_| facts.to_string());
    markup! {
        tr {
            th scope="row" {
                a href={ "#app-" (number) } { (Shown(name(app))) }
                @if !version(app).is_empty() { span.muted { (Shown(&version(app))) } }
                @if is_twin(survey, app) { span.muted { (Shown(&whereabouts(app))) } }
            }
            td data-label="Signed by" { (signature(app)) }
            td data-label="Is and does" { (told_or(app, &marks(app).join(", "))) }
            td data-label="Can read" { (told_or(app, &reads(app))) @if app.reads_by_permission() { span.muted { "by permission" } } }
            td.number data-label="Trackers" { (held(app.trackers.len())) }
            td.number data-label="Endpoints" { (held(app.endpoints.len())) }
            td.number data-label="Code read" { (app.coverage.as_ref().map_or_else(|| "not at hand".to_owned(), share)) }
        }
    }
}

/// The words; a dash where the app has nothing of the kind, and that it is not known where only lists tell of it.
fn told_or(app: &App, words: &str) -> Markup {
    let none = if app.coverage.is_some() { "–" } else { UNKNOWN };
    markup! { @if words.is_empty() { (none) } @else { (Prose(words)) } }
}

/// Who signed it, and whether that holds.
fn signature(app: &App) -> Markup {
    markup! {
        @match signer(app) {
            None => { span.muted { (no_signer(app)) } }
            Some(one) => {
                code { (Shown(&one.certificate.chars().take(8).collect::<String>())) }
                @match one.outcome {
                    Outcome::Valid => { span.muted { "valid" } }
                    Outcome::Invalid => { strong.warning { "invalid" } }
                    other => { span.muted { (outcome(other)) } }
                }
            }
        }
    }
}

/// Whether another app has the same name.
fn is_twin(survey: &Survey, app: &App) -> bool {
    survey.apps.iter().filter(|other| name(other) == name(app)).nth(1).is_some()
}

/// Where its first file lies, else that it is a list's.
fn whereabouts(app: &App) -> String {
    app.files.first().map_or_else(|| "named in a list of the phone’s".to_owned(), |file| file.path.clone())
}

fn section(number: usize, app: &App) -> Markup {
    markup! {
        section id={ "app-" (number) } aria-labelledby={ "app-" (number) "-title" } {
            h2 id={ "app-" (number) "-title" } { (Shown(name(app))) }
            @if !app.label.is_empty() { p.lead { (Shown(&app.label)) } }
            dl.facts {
                @if !version(app).is_empty() { dt { "Version" } dd { (Shown(&version(app))) } }
                @if !marks(app).is_empty() { dt { "Is and does" } dd { (Prose(&marks(app).join(", "))) } }
                @if let Some(uid) = app.standing.uid { dt { "User id" } dd { (uid) } }
                @if !app.standing.installer.is_empty() {
                    dt { "Installed by" } dd { code { (Shown(&app.standing.installer)) } }
                }
                @for file in &app.files {
                    dt { @if file.split.is_empty() { "File" } @else { "Split " (Shown(&file.split)) } }
                    dd {
                        code { (Shown(&file.path)) }
                        @if !file.sha256.is_empty() {
                            ", " (words::bytes(file.bytes)) ", SHA-256 " code.digest { (Shown(&file.sha256)) }
                        }
                    }
                }
                @for signer in &app.signers {
                    dt { "Signer" }
                    dd { code.digest { (Shown(&signer.certificate)) } " " (Prose(&signer_words(signer))) }
                }
                dt { "Coverage" } dd { (Prose(&coverage_words(app))) }
            }
            @for chapter in chapters(app) { (told(&chapter)) }
        }
    }
}

fn told(chapter: &Chapter) -> Markup {
    markup! {
        details {
            summary { (chapter.title) " (" (chapter.rows.len() + chapter.more) ")" }
            ul {
                @for row in &chapter.rows {
                    li {
                        code { (Shown(&row.value)) }
                        @if !row.detail.is_empty() { " " (Prose(&row.detail)) }
                        @if !row.places.is_empty() {
                            ul.plain { @for place in &row.places { li { code { (Shown(place)) } } } }
                        }
                        @if row.more > 0 { p.muted { "and " (words::counted(row.more, "more place")) } }
                    }
                }
            }
            @if chapter.more > 0 { p.muted { "and " (chapter.more) " more, in the JSON" } }
        }
    }
}

/// The columns of the table: title and class.
const COLUMNS: [(&str, &str); 7] = [
    ("Package", ""),
    ("Signed by", "signer"),
    ("Is and does", ""),
    ("Can read", ""),
    ("Trackers", "number"),
    ("Endpoints", "number"),
    ("Code read", "number"),
];
const MOST: usize = 400;
/// Inputs that are not folded.
const FEW: usize = 6;
