//! What was said of the devices, and whether it holds: each statement with its verdict, and what could be seen once
//! for all of them.

use evidence::{Holding, Verdict};

use super::{Device, texts::Texts};
use crate::document::{Block, Inline, Line, words as line};

/// What became of all statements, in a sentence; nothing where there are none.
pub(super) fn in_short(texts: &Texts, devices: &[Device], together: &[Verdict]) -> Option<Block> {
    let verdicts = || devices.iter().flat_map(|device| device.verdicts).chain(together);
    verdicts().next()?;
    Some(Block::Paragraph(line(tally(texts, "claims_in_short", verdicts()))))
}

/// The section, of statements on each device and of those on several together.
pub(super) fn claims(texts: &Texts, devices: &[Device], together: &[Verdict]) -> Vec<Block> {
    let mut blocks = vec![Block::Section(texts.say("section_claims").to_owned())];
    let own =
        devices.iter().flat_map(|device| device.verdicts.iter().map(move |one| (Some(device.name), one)));
    let judged: Vec<_> = own.chain(together.iter().map(|one| (None, one))).collect();
    if judged.is_empty() {
        blocks.push(Block::Paragraph(line(texts.say("no_claims"))));
        return blocks;
    }
    let verdicts = || judged.iter().map(|(_, verdict)| *verdict);
    blocks.push(Block::Paragraph(line(tally(texts, "claims", verdicts()))));
    blocks.extend(judged.iter().flat_map(|(device, verdict)| one(texts, *device, verdict)));
    let told = Verdict::coverage_of(verdicts());
    if !told.is_empty() {
        blocks.push(Block::Paragraph(line(texts.say("claims_coverage"))));
        let said = told.into_iter().map(|told| line(texts.of_case("sentence", told)));
        blocks.push(Block::Items(said.collect()));
    }
    blocks
}

fn tally<'v>(texts: &Texts, text: &str, verdicts: impl Iterator<Item = &'v Verdict> + Clone) -> String {
    let with = |holding| {
        let count = verdicts.clone().filter(|verdict| verdict.holding == holding).count();
        texts.number(count as u64)
    };
    let statements = texts.counted(verdicts.clone().count(), "one_statement", "statements");
    texts.fill(
        text,
        &[
            ("statements", &statements),
            ("contradicted", &with(Holding::Contradicted)),
            ("consistent", &with(Holding::Consistent)),
            ("not_testable", &with(Holding::NotTestable)),
        ],
    )
}

fn one(texts: &Texts, device: Option<&str>, verdict: &Verdict) -> [Block; 2] {
    let claim = &verdict.claim;
    let said_by = texts.fill("said_by", &[("by", &claim.by), ("source", &claim.source)]);
    let over = device.map_or_else(|| texts.list(&verdict.cases), str::to_owned);
    let sentences = |all: &[String]| {
        let said: Vec<_> = all.iter().map(|one| texts.of_case("sentence", one)).collect();
        (!said.is_empty()).then(|| line(said.join("; ")))
    };
    let facts: [(&str, Option<Line>); 6] = [
        ("label_verdict", Some(vec![Inline::Strong(texts.say(holding(verdict.holding)).to_owned())])),
        ("label_said_by", Some(line(said_by))),
        ("label_judged", (!over.is_empty()).then(|| line(over))),
        ("label_reasons", sentences(&verdict.reasons)),
        (
            if verdict.holding == Holding::Contradicted { "label_against" } else { "label_seen" },
            proofs(texts, verdict),
        ),
        ("label_would_test", sentences(&verdict.would_test)),
    ];
    let facts = facts.into_iter().filter_map(|(name, said)| Some((texts.say(name).to_owned(), said?)));
    let title = texts.fill("quoted", &[("statement", &claim.statement)]);
    [Block::Part(title, None), Block::Facts(facts.collect())]
}

/// `F-0011aabb, F-22334455, 9 more in the case file`; with the case's name before it where they are of several.
fn proofs(texts: &Texts, verdict: &Verdict) -> Option<Line> {
    let first = verdict.proofs.first()?;
    let several = verdict.proofs.iter().any(|proof| proof.case != first.case);
    let mut said = Line::new();
    for (number, proof) in verdict.proofs.iter().take(PROOFS).enumerate() {
        let before = if number > 0 { ", " } else { "" };
        let case = if several { format!("{} ", proof.case) } else { String::new() };
        said.push(Inline::Words(format!("{before}{case}")));
        said.push(Inline::Value(proof.finding.0.clone()));
    }
    if let more @ 1.. = verdict.proofs.len().saturating_sub(PROOFS) {
        let more = texts.fill("more_evidence", &[("n", &texts.number(more as u64))]);
        said.push(Inline::Words(format!(", {more}")));
    }
    Some(said)
}

fn holding(holding: Holding) -> &'static str {
    match holding {
        Holding::Contradicted => "verdict_contradicted",
        Holding::Consistent => "verdict_consistent",
        Holding::NotTestable => "verdict_not_testable",
    }
}

/// Findings that a verdict names; the others are in the verdicts' own file.
const PROOFS: usize = 8;
