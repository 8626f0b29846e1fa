//! What could not be seen: of all devices, and of each by its coverage, the inputs that gave trouble and what its
//! sources of messages could not have shown.

use evidence::{Case, Completeness, Fate, prose};

use super::{Device, INPUTS, short, texts::Texts};
use crate::{
    coverage::{Coverage, reasons},
    document::{Block, words as line},
};

/// The section.
pub(super) fn limits(texts: &Texts, devices: &[Device]) -> Vec<Block> {
    let mut blocks = vec![
        Block::Section(texts.say("section_limits").to_owned()),
        Block::Paragraph(line(texts.say("limits"))),
    ];
    for device in devices {
        let case = device.case();
        blocks.push(Block::Part(device.name.to_owned(), None));
        blocks.push(Block::Paragraph(line(statement(texts, &device.coverage))));
        blocks.push(Block::Facts(fates(texts, &device.coverage)));
        let problems = case.problems.iter().take(INPUTS).map(|one| {
            line(texts.fill(
                "limit_problem",
                &[("input", &one.input), ("problem", &texts.of_case("sentence", &one.problem))],
            ))
        });
        let spots = case
            .phone
            .message_blind_spots
            .iter()
            .take(INPUTS)
            .map(|spot| line(texts.of_case("sentence", &shortened(case, spot))));
        let items: Vec<_> = problems.chain(spots).collect();
        if !items.is_empty() {
            blocks.push(Block::Items(items));
        }
    }
    blocks
}

/// A sentence that begins with an input's name, with it as the evidence has it: without its folders.
fn shortened(case: &Case, sentence: &str) -> String {
    let begins = |name: &&str| sentence.strip_prefix(*name).is_some_and(|rest| rest.starts_with(": "));
    let names = case.captures.iter().map(|capture| capture.name.as_str());
    let named = names.filter(begins).max_by_key(|name| name.len());
    named.map_or_else(
        || sentence.to_owned(),
        |name| format!("{}{}", short(case, name), sentence.get(name.len()..).unwrap_or_default()),
    )
}

/// How much of the content was read; what became of the rest stands below it, fate by fate.
fn statement(texts: &Texts, coverage: &Coverage) -> String {
    let mut sentences = vec![headline(texts, coverage)];
    let media = coverage.bytes(Fate::Media);
    if media > 0 {
        let share = prose::capital(&texts.share(media, coverage.content));
        sentences.push(texts.fill("coverage_media", &[("share", &share)]));
    }
    let unknown = coverage.bytes(Fate::NotUnderstood);
    if unknown > 0 {
        let share = prose::capital(&texts.share(unknown, coverage.content));
        sentences.push(texts.fill("coverage_unknown", &[("share", &share)]));
    }
    if coverage.is_untried() {
        sentences.push(texts.say("coverage_untried").to_owned());
    }
    if coverage.lacking() > 0 {
        sentences.push(texts.fill("coverage_lacking", &[("bytes", &texts.bytes(coverage.lacking()))]));
    }
    if let Some(counters) = counters(texts, coverage) {
        let counters = prose::capital(&counters);
        sentences.push(texts.fill("coverage_counters", &[("counters", &counters)]));
    }
    sentences.join(" ")
}

/// What went past the captures, by the phone's own counters.
pub(super) fn counters(texts: &Texts, coverage: &Coverage) -> Option<String> {
    let worst = coverage.missed.first()?;
    let (share, sender) = (texts.at_most(worst.missed(), worst.counted[0]), sender(texts, worst));
    let several = texts.number(coverage.missed.len() as u64);
    let values = [("share", share.as_str()), ("sender", &sender), ("n", &several)];
    let name = if coverage.missed.len() == 1 { "counters" } else { "counters_several" };
    Some(texts.fill(name, &values))
}

/// `user id 1000 (com.android.settings, net.oneplus.odm and 3 more)`.
fn sender(texts: &Texts, row: &Completeness) -> String {
    let (uid, (mut apps, more)) = (row.uid.to_string(), row.named());
    apps.extend((more > 0).then(|| texts.fill("more", &[("n", &texts.number(more as u64))])));
    match apps.as_slice() {
        [] => texts.fill("user_id", &[("uid", &uid)]),
        apps => texts.fill("user_id_of", &[("uid", &uid), ("apps", &texts.list(apps))]),
    }
}

fn headline(texts: &Texts, coverage: &Coverage) -> String {
    if !coverage.traffic && coverage.content == 0 {
        return texts.say("coverage_no_traffic").to_owned();
    }
    if coverage.content == 0 {
        return texts.say("coverage_none").to_owned();
    }
    if coverage.searched() != coverage.content {
        let share = texts.share(coverage.searched(), coverage.content);
        return texts.fill("coverage_part", &[("share", &share)]);
    }
    match coverage.shallows().as_slice() {
        [] => texts.say("coverage_all").to_owned(),
        depths => texts.fill("coverage_depth", &[("reasons", &reasons(depths))]),
    }
}

/// What became of the content, fate by fate. Headers and framing hold nothing that was said.
fn fates(texts: &Texts, coverage: &Coverage) -> Vec<(String, crate::document::Line)> {
    let said = coverage.fates().into_iter().filter_map(|(fate, bytes)| Some((name(fate)?, bytes)));
    said.map(|(name, bytes)| {
        let values = [
            ("bytes", texts.exact_bytes(bytes)),
            ("share", texts.share(bytes, coverage.content)),
            ("meaning", texts.say(&format!("{name}_means")).to_owned()),
        ];
        let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        (texts.say(name).to_owned(), line(texts.fill("fate", &values)))
    })
    .collect()
}

/// The text with its name; none of what holds nothing that was said.
fn name(fate: Fate) -> Option<&'static str> {
    match fate {
        Fate::Framing | Fate::Headers | Fate::Duplicate => None,
        Fate::Decoded => Some("fate_decoded"),
        Fate::Media => Some("fate_media"),
        Fate::NotUnderstood => Some("fate_not_understood"),
        Fate::Encrypted => Some("fate_encrypted"),
        Fate::HomeMadeEncryption => Some("fate_home_made_encryption"),
        Fate::OverLimit => Some("fate_over_limit"),
        Fate::NotParsed => Some("fate_not_parsed"),
    }
}
