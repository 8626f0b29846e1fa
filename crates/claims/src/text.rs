//! Verdicts → text.

use std::fmt::Write;

use evidence::{Holding, Verdict, prose};

/// The verdicts for a terminal, in lines of any length: whoever prints them makes characters harmless that act. What
/// the cases could show stands once, below all verdicts.
pub fn text(vendor: &str, verdicts: &[Verdict]) -> String {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut page, vendor, verdicts);
    page
}

fn write(page: &mut String, vendor: &str, verdicts: &[Verdict]) -> std::fmt::Result {
    let with = |holding: Holding| {
        let count = verdicts.iter().filter(|verdict| verdict.holding == holding).count();
        format!("{count} {}", holding.words())
    };
    writeln!(
        page,
        "{vendor}, {} {}: {}, {}, {}",
        verdicts.len(),
        if verdicts.len() == 1 { "statement" } else { "statements" },
        with(Holding::Contradicted),
        with(Holding::Consistent),
        with(Holding::NotTestable)
    )?;
    verdicts.iter().try_for_each(|verdict| one(page, verdict))?;
    let told = Verdict::coverage_of(verdicts);
    if !told.is_empty() {
        writeln!(page, "\nWHAT COULD BE SEEN")?;
    }
    told.iter().try_for_each(|sentence| writeln!(page, "  {sentence}"))
}

fn one(page: &mut String, verdict: &Verdict) -> std::fmt::Result {
    let claim = &verdict.claim;
    writeln!(page, "\n{}  {}", verdict.holding.words().to_uppercase(), claim.id)?;
    writeln!(page, "  “{}”", claim.statement)?;
    writeln!(page, "  {}, {}", claim.by, claim.source)?;
    for reason in &verdict.reasons {
        writeln!(page, "  because      {reason}")?;
    }
    for proof in verdict.proofs.iter().take(PROOFS) {
        writeln!(page, "  finding      {} in {}: {}", proof.finding, proof.case, proof.title)?;
    }
    if let more @ 1.. = verdict.proofs.len().saturating_sub(PROOFS) {
        writeln!(page, "  finding      and {more} more, which `--json` lists")?;
    }
    if !verdict.cases.is_empty() {
        writeln!(page, "  judged over  {}", prose::list(&verdict.cases))?;
    }
    for help in &verdict.would_test {
        writeln!(page, "  to test      {help}")?;
    }
    Ok(())
}

/// Findings that are listed of one verdict.
const PROOFS: usize = 8;
