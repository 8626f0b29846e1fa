//! Verdicts on what a vendor said → a section of a page, and of a Markdown document.
//!
//! Both sections stand in a larger document: of HTML a `section` without page, style or title above its own
//! heading; of Markdown a heading of the second level and what is under it. What was said, and by whom, is as
//! hostile as any other text.

use evidence::{Holding, Verdict, prose};
use maud::{DOCTYPE, Markup, html};
use serde::Serialize;
use serde_json::ser::PrettyFormatter;

use crate::html::{Prose, Shown, head};
use crate::markdown::{code, text};
use crate::words;

/// The version of the format of [`verdicts_json`]. The first number changes when old readers would go wrong.
pub const VERDICTS_FORMAT: &str = "phonehome-verdicts/1.0";

/// The document of [`verdicts_json`].
#[derive(Serialize)]
struct Written<'v> {
    format: &'static str,
    vendor: &'v str,
    verdicts: &'v [Verdict],
}

/// The verdicts as JSON, indented, with a newline at the end: `format`, `vendor`, and `verdicts`, each as
/// [`evidence::Verdict`] is written. What acts unseen is written as [`json`](crate::json) does.
///
/// # Errors
/// Where a value has no JSON form; the types of `evidence` have none such.
pub fn verdicts_json(vendor: &str, verdicts: &[Verdict]) -> Result<String, serde_json::Error> {
    crate::json::text(&Written { format: VERDICTS_FORMAT, vendor, verdicts }, PrettyFormatter::new())
}

/// The section of an HTML page; `None` where there are no verdicts.
pub fn verdicts_html(verdicts: &[Verdict]) -> Option<String> {
    (!verdicts.is_empty()).then(|| section(verdicts).into_string())
}

/// A page of its own.
pub fn verdicts_page(title: &str, verdicts: &[Verdict]) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(title))
            body {
                header.masthead { p.eyebrow { "phonehome claims" } h1 { (Shown(title)) } }
                main { (section(verdicts)) }
            }
        }
    }
    .into_string()
}

fn section(verdicts: &[Verdict]) -> Markup {
    html! {
        section #claims aria-labelledby="claims-title" {
            h2 #claims-title { "What was said, and whether it holds" }
            p.intro { (prose::capital(&tally(verdicts))) ". A statement that is consistent is not proved: nothing that was seen speaks against it." }
            @for verdict in verdicts { (card(verdict)) }
            @let told = Verdict::coverage_of(verdicts);
            @if !told.is_empty() {
                h3 { "What could be seen" }
                ul.plain { @for sentence in told { li { (Prose(sentence)) } } }
            }
        }
    }
}

fn card(verdict: &Verdict) -> Markup {
    let claim = &verdict.claim;
    html! {
        article class={ "finding " (weight(verdict.holding)) } {
            header {
                span class={ "chip " (weight(verdict.holding)) } { (verdict.holding.words()) }
                h3 { "“" (Prose(&claim.statement)) "”" }
            }
            dl.facts {
                dt { "Said by" } dd { (Shown(&claim.by)) ", " (Prose(&claim.source)) }
                dt { "Because" } dd { (list(&verdict.reasons)) }
                @if !verdict.proofs.is_empty() {
                    dt { @if verdict.holding == Holding::Contradicted { "Against it" } @else { "Seen" } }
                    dd {
                        ul.plain {
                            @for proof in verdict.proofs.iter().take(PROOFS) {
                                li { code { (Shown(&proof.finding.0)) } " in " (Shown(&proof.case)) ": " (Prose(&proof.title)) }
                            }
                            @if let Some(more) = more(verdict) { li { (more) } }
                        }
                    }
                }
                @if !verdict.cases.is_empty() { dt { "Judged over" } dd { (Shown(&prose::list(&verdict.cases))) } }
                @if !verdict.would_test.is_empty() { dt { "What would test it" } dd { (list(&verdict.would_test)) } }
            }
            p.proof { code { (Shown(&claim.id)) } }
        }
    }
}

fn list(sentences: &[String]) -> Markup {
    html! { ul.plain { @for sentence in sentences { li { (Prose(sentence)) } } } }
}

/// `and 12 more`, where a verdict has more findings than are listed.
fn more(verdict: &Verdict) -> Option<String> {
    let more = verdict.proofs.len().checked_sub(PROOFS + 1)?;
    Some(format!("and {} more", more + 1))
}

/// The colour: that of a severity.
fn weight(holding: Holding) -> &'static str {
    match holding {
        Holding::Contradicted => "high",
        Holding::Consistent => "low",
        Holding::NotTestable => "info",
    }
}

/// `1 of 3 statements contradicted, 1 consistent with what was seen, 1 not testable from this evidence`.
fn tally(verdicts: &[Verdict]) -> String {
    let with = |holding: Holding| {
        let count = verdicts.iter().filter(|verdict| verdict.holding == holding).count();
        format!("{count} {}", holding.words())
    };
    format!(
        "{}: {}, {}, {}",
        words::counted(verdicts.len() as u64, "statement"),
        with(Holding::Contradicted),
        with(Holding::Consistent),
        with(Holding::NotTestable)
    )
}

/// The section of a Markdown document; empty where there are no verdicts.
pub fn verdicts_markdown(verdicts: &[Verdict]) -> String {
    let mut page = String::new();
    if !verdicts.is_empty() {
        // Writing to a string cannot fail.
        let _ = write(&mut page, verdicts);
    }
    page
}

fn write(page: &mut impl std::fmt::Write, verdicts: &[Verdict]) -> std::fmt::Result {
    writeln!(page, "## What was said, and whether it holds\n\n{}.\n", prose::capital(&tally(verdicts)))?;
    for verdict in verdicts {
        let claim = &verdict.claim;
        let holding = prose::capital(verdict.holding.words());
        writeln!(page, "- **{holding}**: “{}” ({})", text(&claim.statement), code(&claim.id))?;
        writeln!(page, "  - Said by {}, {}", text(&claim.by), text(&claim.source))?;
        verdict.reasons.iter().try_for_each(|reason| writeln!(page, "  - Because {}", text(reason)))?;
        for proof in verdict.proofs.iter().take(PROOFS) {
            writeln!(
                page,
                "  - Finding {} in {}: {}",
                code(&proof.finding.0),
                text(&proof.case),
                text(&proof.title)
            )?;
        }
        more(verdict).map_or(Ok(()), |more| writeln!(page, "  - {}", prose::capital(&more)))?;
        if !verdict.cases.is_empty() {
            writeln!(page, "  - Judged over {}", text(&prose::list(&verdict.cases)))?;
        }
        verdict.would_test.iter().try_for_each(|help| writeln!(page, "  - To test it: {}", text(help)))?;
    }
    let told = Verdict::coverage_of(verdicts);
    if !told.is_empty() {
        writeln!(page, "\nWhat could be seen:\n")?;
    }
    told.iter().try_for_each(|sentence| writeln!(page, "- {}", text(sentence)))
}

/// Findings that are listed of one verdict.
const PROOFS: usize = 8;

#[cfg(test)]
mod tests {
    use evidence::{Claim, FindingId, Proof};

    use super::*;

    fn verdict(statement: &str) -> Verdict {
        Verdict {
            claim: Claim {
                id: "encrypted".to_owned(),
                by: "V".to_owned(),
                statement: statement.to_owned(),
                source: "a letter".to_owned(),
            },
            cases: vec!["new".to_owned()],
            holding: Holding::Contradicted,
            reasons: vec!["it was readable".to_owned()],
            proofs: vec![Proof {
                case: "new".to_owned(),
                finding: FindingId("F-1".to_owned()),
                title: "t".to_owned(),
            }],
            coverage: vec!["25 hours".to_owned()],
            would_test: vec![],
        }
    }

    #[test]
    fn nothing_said_is_no_section() {
        assert_eq!((verdicts_html(&[]), verdicts_markdown(&[])), (None, String::new()));
    }

    #[test]
    fn verdicts_as_json_are_read_back_and_act_on_nobody() {
        let verdicts = [verdict("so \u{202e}\u{9b}")];
        let json = verdicts_json("Vendor", &verdicts).unwrap_or_default();
        assert!(!json.contains(['\u{202e}', '\u{9b}']), "{json}");
        let value: serde_json::Value = serde_json::from_str(&json).unwrap_or_default();
        assert_eq!(value["format"], VERDICTS_FORMAT);
        let again: Vec<Verdict> = serde_json::from_value(value["verdicts"].clone()).unwrap_or_default();
        assert_eq!(again, verdicts);
    }

    #[test]
    fn a_statement_stays_a_statement() {
        let verdicts = [verdict("<script>x</script> [a](http://b) \u{202e}")];
        let page = verdicts_html(&verdicts).unwrap_or_default();
        assert!(page.contains("&lt;script&gt;x&lt;/script&gt;") && !page.contains('\u{202e}'), "{page}");
        assert_eq!(
            verdicts_markdown(&verdicts),
            "## What was said, and whether it holds\n\n\
             1 statement: 1 contradicted, 0 consistent with what was seen, 0 not testable from this evidence.\n\n\
             - **Contradicted**: “\\<script\\>x\\</script\\> \\[a\\](http: //b) \\\\u{202e}” (`encrypted`)\n  \
             - Said by V, a letter\n  - Because it was readable\n  - Finding `F-1` in new: t\n  \
             - Judged over new\n\nWhat could be seen:\n\n- 25 hours\n"
        );
    }
}
