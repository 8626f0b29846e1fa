//! What vendors said: judged over the audited runs of a case, and held against what must come out of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Mutex,
};

use anyhow::Context;
use claims::{Claims, judge};
use evidence::{Case, Holding, Verdict};
use lab::Judging;

/// A claim, judged over runs.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) slug: &'static str,
    /// The runs that it took: `after-on`, or with the roles that they fill: `off: after-off, on: after-on`.
    over: String,
    pub(super) verdict: Verdict,
    expected: Holding,
}

impl Judged {
    /// What is wrong with it.
    pub(super) fn missed(&self) -> Option<String> {
        let Self { slug, over, verdict, expected } = self;
        let (id, came) = (&verdict.claim.id, verdict.holding.words());
        let is_wrong = verdict.holding != *expected;
        is_wrong.then(|| {
            format!("{slug} {over}: the claim {id} must be {} and is {came}: {verdict:#?}", expected.words())
        })
    }
}

/// The audited runs of cases of which claims are still to be judged.
#[derive(Debug, Default)]
pub(super) struct Bench(Mutex<BTreeMap<&'static str, BTreeMap<String, Case>>>);

impl Bench {
    /// Lays a run there. With the last one that a case's claims take they are judged, and its runs are let go.
    pub(super) fn lay(&self, case: &lab::Case, run: &str, audited: Case) -> anyhow::Result<Vec<Judged>> {
        let Some(text) = case.claims() else { return Ok(Vec::new()) };
        let judgings = case.judgings()?;
        let needed: BTreeSet<&str> =
            judgings.iter().flat_map(|judging| &judging.cases).map(|(_, run)| run.as_str()).collect();
        if !needed.contains(run) {
            return Ok(Vec::new());
        }
        let runs = {
            let mut bench = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let runs = bench.entry(case.slug).or_default();
            runs.insert(run.to_owned(), audited);
            if runs.len() < needed.len() {
                return Ok(Vec::new());
            }
            bench.remove(case.slug).unwrap_or_default()
        };
        let claims = Claims::read(&text)?;
        let judged = judgings.iter().map(|judging| judged(case.slug, &claims, judging, &runs));
        Ok(judged.collect::<anyhow::Result<Vec<_>>>()?.into_iter().flatten().collect())
    }
}

fn judged(
    slug: &'static str,
    claims: &Claims,
    judging: &Judging,
    runs: &BTreeMap<String, Case>,
) -> anyhow::Result<Vec<Judged>> {
    let filled = judging.cases.iter();
    let cases: Vec<(&str, &Case)> =
        filled.filter_map(|(role, run)| Some((role.as_str(), runs.get(run)?))).collect();
    let verdicts = judge(claims, &cases).with_context(|| format!("claims of {slug}"))?;
    let expected = |verdict: Verdict| {
        let expected = judging.expected(&verdict.claim.id)?;
        Some(Judged { slug, over: over(judging, &verdict), verdict, expected })
    };
    Ok(verdicts.into_iter().filter_map(expected).collect())
}

/// Over which runs, in words. Of the roles that a claim takes there may have been none.
fn over(judging: &Judging, verdict: &Verdict) -> String {
    let filled = judging.cases.iter().filter(|(role, _)| verdict.cases.contains(role));
    match filled.collect::<Vec<_>>().as_slice() {
        [] => "–".to_owned(),
        [(_, run)] => run.clone(),
        taken => taken.iter().map(|(role, run)| format!("{role}: {run}")).collect::<Vec<_>>().join(", "),
    }
}

/// What is wrong with the files of claims and verdicts themselves: a claim of which no verdict is expected, a verdict
/// on what nobody said.
pub(super) fn unspoken(case: &lab::Case) -> anyhow::Result<Vec<String>> {
    let Some(text) = case.claims() else { return Ok(Vec::new()) };
    let claims = Claims::read(&text).with_context(|| case.slug.to_owned())?;
    let judgings = case.judgings()?;
    let said: BTreeSet<&str> = claims.claims().map(|claim| claim.id.as_str()).collect();
    let judged: BTreeSet<&str> =
        judgings.iter().flat_map(|judging| judging.claims()).map(|(claim, _)| claim).collect();
    let unjudged =
        said.difference(&judged).map(|id| format!("{}: the claim {id} is never judged", case.slug));
    let unsaid = judged.difference(&said).map(|id| format!("{}: there is no claim {id}", case.slug));
    Ok(unjudged.chain(unsaid).collect())
}

/// The table of a case's claims; empty where nothing was said.
pub(super) fn table(judged: &[&Judged]) -> String {
    if judged.is_empty() {
        return String::new();
    }
    let mut text = String::from("| over | said | by | verdict | what decided it |\n|---|---|---|---|---|\n");
    for Judged { over, verdict, .. } in judged {
        let (claim, holding) = (&verdict.claim, verdict.holding.words());
        let [said, by, decided] = [&claim.statement, &claim.by, &decided(verdict)].map(|text| cell(text));
        let _ = writeln!(text, "| {over} | {said} | {by} | {holding} | {decided} |");
    }
    text.push('\n');
    text
}

/// What a verdict rests on, in a line.
fn decided(verdict: &Verdict) -> String {
    match (verdict.holding, verdict.proofs.as_slice()) {
        (Holding::Consistent, [first]) => {
            format!("{}; seen in {}: {}", verdict.reasons.join("; "), first.case, first.title)
        }
        (Holding::Consistent, [first, rest @ ..]) => {
            let (reasons, more) = (verdict.reasons.join("; "), rest.len());
            format!("{reasons}; seen in {}: {}, and {more} more", first.case, first.title)
        }
        _ => verdict.reasons.join("; "),
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
