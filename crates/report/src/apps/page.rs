//! A survey -> `apps.html`: one page that needs nothing else, under the policy of the report's.

use evidence::{App, Survey};
use maud::{DOCTYPE, Markup, html as markup};

use super::{
    Chapter, chapters, coverage_words, headline, marks, name, share, signer_words, unread_words, version,
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
            ul.plain { @for input in &survey.inputs { li { code { (Shown(input)) } } } }
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

fn overview(survey: &Survey) -> Markup {
    markup! {
        section #apps aria-labelledby="apps-title" {
            h2 #apps-title { "The apps" }
            div.scroll {
                table {
                    thead { tr {
                        th scope="col" { "Package" } th scope="col" { "Version" } th scope="col" { "Is and does" }
                        th scope="col" { "Can read" } th scope="col" { "Trackers" } th scope="col" { "Endpoints" }
                        th scope="col" { "Code read" }
                    } }
                    tbody { @for (number, app) in survey.apps.iter().enumerate() {
                        tr {
                            th scope="row" { a href={ "#app-" (number) } { (Shown(name(app))) } }
                            td { (Shown(&version(app))) }
                            td { (Prose(&marks(app).join(", "))) }
                            td { (Prose(&app.reads.iter().map(|fact| fact.value.as_str()).collect::<Vec<_>>().join(", "))) }
                            td { (app.trackers.len()) }
                            td { (app.endpoints.len()) }
                            td { (app.coverage.as_ref().map_or_else(|| "not at hand".to_owned(), share)) }
                        }
                    } }
                }
            }
        }
    }
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
                        @if row.more > 0 { p.muted { "and " (row.more) " more places" } }
                    }
                }
            }
            @if chapter.more > 0 { p.muted { "and " (chapter.more) " more, in the JSON" } }
        }
    }
}

const MOST: usize = 400;
