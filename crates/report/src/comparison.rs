//! A comparison -> text, JSON, Markdown, a page: the coverage of each side, the table, what differs, who is told
//! apart by what.

use std::collections::BTreeMap;

use evidence::{
    Cell, Change, ComparedDestination, ComparedField, ComparedValue, Comparison, Contact, Difference,
    Inventory, Kinship, Likeness, Presence, Severity, Side, prose,
};

use serde_json::ser::PrettyFormatter;

use crate::{
    document::{Block, Document, Inline, Line, value, words as line},
    words,
};

/// How much of it to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ComparisonOptions {
    /// Leave out what is the same in all cases.
    pub changed_only: bool,
}

/// Writes it as JSON: [`evidence::Comparison`], as `serde` writes it, with what acts unseen written as
/// [`json`](crate::json) does. Fails only where memory does.
pub fn json(comparison: &Comparison) -> serde_json::Result<String> {
    crate::json::text(comparison, PrettyFormatter::new())
}

/// Writes it for a terminal of so many columns.
pub fn text(comparison: &Comparison, options: ComparisonOptions, width: usize) -> String {
    document(comparison, options).text(width)
}

/// Writes it as Markdown.
pub fn markdown(comparison: &Comparison, options: ComparisonOptions) -> String {
    document(comparison, options).markdown()
}

/// Writes it as one page that needs nothing else.
pub fn html(comparison: &Comparison, options: ComparisonOptions) -> String {
    document(comparison, options).html()
}

fn document(comparison: &Comparison, options: ComparisonOptions) -> Document {
    let names: Vec<String> = comparison.sides.iter().map(|side| side.name.clone()).collect();
    let shown = |change: Change| !(options.changed_only && change == Change::Same);
    let rows: Vec<_> = comparison.differences.iter().filter(|row| shown(row.change)).collect();
    let mut blocks = vec![Block::Section("What each case was able to show".to_owned())];
    blocks.push(sides(&comparison.sides));
    blocks.push(Block::Paragraph(line(kinship(comparison.kinship))));
    blocks.push(Block::Section("What leaves, case by case".to_owned()));
    blocks.extend(table(&names, &rows));
    blocks.extend(absences(&names, &rows));
    blocks.extend(rows.iter().filter(|row| row.change != Change::Same).flat_map(|row| part(&names, row)));
    let reached: Vec<_> = comparison.destinations.iter().filter(|one| shown(one.change)).collect();
    blocks.extend(destinations(&names, &reached));
    blocks.extend(inventories(&names, &comparison.inventories, options));
    let shown = |likeness: Likeness| !(options.changed_only && likeness == Likeness::Identical);
    let values: Vec<_> = comparison.values.iter().filter(|one| shown(one.likeness)).collect();
    blocks.extend(compared_values(&names, &values));
    let fields: Vec<_> = comparison.fields.iter().filter(|one| shown(one.likeness)).collect();
    blocks.extend(compared_fields(&names, &fields, comparison.fields_dropped));
    Document {
        language: "en".to_owned(),
        eyebrow: "phonehome compare".to_owned(),
        title: names.join(" / "),
        lead: headline(comparison),
        blocks,
        foot: format!("Written by {}.", comparison.program),
        program: comparison.program.clone(),
        unshown: String::new(),
    }
}

/// `2 appeared, 1 vanished (1 could not have been seen), 3 changed, 5 the same.`
fn headline(comparison: &Comparison) -> String {
    let of = |change: Change| comparison.differences.iter().filter(move |row| row.change == change);
    let said = |change: Change| {
        let count = of(change).count();
        let unclear = of(change).filter(|row| row.unclear).count();
        let doubt = if unclear > 0 { format!(" ({unclear} of them unclear)") } else { String::new() };
        (count > 0).then(|| format!("{} {}{doubt}", words::number(count as u64), change_words(change)))
    };
    let said: Vec<_> = CHANGES.into_iter().filter_map(said).collect();
    if said.is_empty() {
        return "None of the cases has a finding.".to_owned();
    }
    format!("{}.{}", said.join(", "), foremost(comparison))
}

/// ` Foremost: SIM card number (ICCID) to vnet.cn vanished; …`: the worst of what differs, in a sentence. The rows come
/// by what became of them, and then the worst first.
fn foremost(comparison: &Comparison) -> String {
    let differs = |row: &&Difference| row.change != Change::Same && row.severity >= Severity::Medium;
    let mut rows: Vec<_> = comparison.differences.iter().filter(differs).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.severity));
    let told = rows.iter().take(FOREMOST).map(|row| {
        let to = if row.receiver.is_empty() { String::new() } else { format!(" to {}", row.receiver) };
        let unclear = if row.unclear { " (unclear)" } else { "" };
        let verb =
            if row.change == Change::Partly { "is in some of the cases" } else { change_words(row.change) };
        format!("{}{to} {verb}{unclear}", row.subject)
    });
    let told: Vec<_> = told.collect();
    if told.is_empty() { String::new() } else { format!(" Foremost: {}.", told.join("; ")) }
}

fn change_words(change: Change) -> &'static str {
    match change {
        Change::Appeared => "appeared",
        Change::Vanished => "vanished",
        Change::Partly => "in some of the cases",
        Change::Changed => "changed",
        Change::Same => "the same",
    }
}

fn sides(sides: &[Side]) -> Block {
    let names = sides.iter().map(|side| side.name.clone());
    let row = |what: &str, of: &dyn Fn(&Side) -> Line| {
        std::iter::once(line(what)).chain(sides.iter().map(of)).collect::<Vec<_>>()
    };
    let of_content = |part: fn(&Side) -> u64| {
        move |side: &Side| {
            let share = words::share(part(side), side.content);
            line(format!("{} ({share})", words::exact_bytes(part(side))))
        }
    };
    let listed = |all: Vec<String>| if all.is_empty() { line("none told") } else { line(all.join(", ")) };
    let rows = vec![
        row("Recorded", &|side| match side.first.zip(side.last) {
            Some((first, last)) => {
                let long = i64::try_from(side.recorded_s).unwrap_or(i64::MAX).saturating_mul(1_000_000_000);
                line(format!("{} UTC, {} in all", words::period(first, last), words::duration(long)))
            }
            None => line("at no time that is told"),
        }),
        row("Content", &|side| line(words::exact_bytes(side.content))),
        row("Understood and searched", &of_content(|side| side.decoded)),
        row("Media", &of_content(|side| side.media)),
        row("Searched as it stands", &of_content(|side| side.not_understood)),
        row("Encrypted, no key", &of_content(|side| side.encrypted)),
        row("Home-made encryption", &of_content(|side| side.home_made)),
        row(
            "Over a limit or not parsed",
            &of_content(|side| side.over_limit.saturating_add(side.not_parsed)),
        ),
        row("Missing in the captures", &|side| line(words::exact_bytes(side.missing))),
        row("What happened on the phone", &|side| {
            let marks = side.marks.iter().take(LISTED);
            listed(marks.map(|(kind, count)| format!("{} ({count})", words::mark(kind))).collect())
        }),
        row("Build", &|side| {
            listed(side.build.iter().take(LISTED).map(|(what, said)| format!("{what} {said}")).collect())
        }),
        row("Profile", &|side| line(side.profile.clone().unwrap_or_else(|| "none".to_owned()))),
        row("Kinds of values planted", &|side| {
            listed(side.profile_kinds.iter().map(|kind| kind.words().to_owned()).collect())
        }),
        row("Inputs with trouble", &|side| line(words::number(side.problems))),
        row("Findings", &|side| line(words::number(side.findings))),
        row("Made by", &|side| line(side.program.clone())),
    ];
    Block::Table(std::iter::once(String::new()).chain(names).collect(), rows)
}

fn kinship(kinship: Kinship) -> &'static str {
    match kinship {
        Kinship::DifferentPhones => "By the numbers of the devices, these are different phones.",
        Kinship::Mixed => "By the numbers of the devices, some of these are one phone and others are not.",
        Kinship::SamePhone => "By the numbers of the device, this is one phone.",
        Kinship::Unknown => "Nothing tells whether these are one phone.",
    }
}

fn table(names: &[String], rows: &[&Difference]) -> Vec<Block> {
    if rows.is_empty() {
        return vec![Block::Paragraph(line("Nothing, or nothing that differs."))];
    }
    let head = ["What", "To"].map(str::to_owned).into_iter().chain(names.iter().cloned());
    let head = head.chain(["In short".to_owned()]).collect();
    let body = rows.iter().take(ROWS).map(|row| {
        let what = vec![Inline::Severity(row.severity.into()), Inline::Words(format!(" {}", row.subject))];
        let cells = row.cells.iter().map(cell);
        let short = format!("{}{}", change_words(row.change), if row.unclear { ", unclear" } else { "" });
        [what, value(row.receiver.clone())].into_iter().chain(cells).chain([line(short)]).collect()
    });
    let mut blocks = vec![Block::Table(head, body.collect())];
    if let more @ 1.. = rows.len().saturating_sub(ROWS) {
        blocks.push(Block::Paragraph(line(format!(
            "And {}, in the JSON.",
            words::counted(more as u64, "row")
        ))));
    }
    blocks.push(Block::Paragraph(line(LEGEND)));
    blocks
}

fn cell(cell: &Cell) -> Line {
    match cell.presence {
        Presence::Seen => seen(cell),
        Presence::NotSeen if cell.contacted => line("no (receiver talked to)"),
        Presence::NotSeen => line("no"),
        Presence::CouldNotBeSeen => {
            vec![Inline::Strong("?".to_owned()), Inline::Words(" not seen".to_owned())]
        }
    }
}

/// `yes, 54 times: F-0011aabb, frame 26`.
fn seen(cell: &Cell) -> Line {
    let mut told = line(format!("yes, {}", words::times(cell.count)));
    if let Some(first) = cell.findings.first() {
        told.extend([Inline::Words(": ".to_owned()), Inline::Value(first.0.clone())]);
    }
    if let Some((_, _, frame)) = &cell.proof {
        told.push(Inline::Words(format!(", frame {frame}")));
    }
    if let more @ 1.. = cell.findings.len().saturating_sub(1) {
        told.push(Inline::Words(format!("; {}", words::counted(more as u64, "more finding"))));
    }
    told
}

/// Why a case that does not have something may have it all the same: each reason once, with what it is said of.
fn absences(names: &[String], rows: &[&Difference]) -> Vec<Block> {
    let mut told: Vec<((usize, bool, String), Vec<String>)> = Vec::new();
    let mut places: BTreeMap<(usize, bool, String), usize> = BTreeMap::new();
    for row in rows {
        for (place, cell) in row.cells.iter().enumerate().filter(|(_, cell)| !cell.doubts.is_empty()) {
            let doubts: Vec<_> = cell.doubts.iter().map(|doubt| doubt.words.as_str()).collect();
            let key = (place, cell.presence == Presence::CouldNotBeSeen, doubts.join(" "));
            let what = match row.receiver.as_str() {
                "" => row.subject.clone(),
                receiver => format!("{} to {receiver}", row.subject),
            };
            let known = *places.entry(key.clone()).or_insert(told.len());
            match told.get_mut(known) {
                Some((_, subjects)) => subjects.push(what),
                None => told.push((key, vec![what])),
            }
        }
    }
    if told.is_empty() {
        return Vec::new();
    }
    let items = told.into_iter().take(ROWS).map(|((place, blind, why), subjects)| {
        let name = names.get(place).cloned().unwrap_or_default();
        let weight = if blind { "could not have been seen, or hardly" } else { "not seen" };
        let said = format!(" {weight}. {why} Said of: {}.", listed(&subjects));
        vec![Inline::Strong(format!("{name}:")), Inline::Words(said)]
    });
    let items = items.collect();
    vec![Block::Part("What a “no” and a “?” leave open".to_owned(), None), Block::Items(items)]
}

/// The first few, and how many more.
fn listed(subjects: &[String]) -> String {
    let mut shown: Vec<_> = subjects.iter().take(SUBJECTS).cloned().collect();
    if let more @ 1.. = subjects.len().saturating_sub(SUBJECTS) {
        shown.push(format!("{} more", words::number(more as u64)));
    }
    prose::list(&shown)
}

/// What a row has to say beyond its cells: in what the cases differ that have it.
fn part(names: &[String], row: &Difference) -> Vec<Block> {
    if row.shifts.is_empty() && row.remarks.is_empty() {
        return Vec::new();
    }
    let to = if row.receiver.is_empty() { String::new() } else { format!(" → {}", row.receiver) };
    let title = format!("{}{to}: {}", prose::capital(&row.subject), change_words(row.change));
    let mut blocks = vec![Block::Part(title, Some(row.severity.into()))];
    blocks.extend(row.remarks.iter().map(|remark| Block::Warning(line(remark.clone()))));
    if !row.shifts.is_empty() {
        let head = ["Differs in".to_owned()].into_iter().chain(names.iter().cloned()).collect();
        let rows = row.shifts.iter().map(|shift| {
            let cells = shift.values.iter().map(|values| line(values.join("; ")));
            [line(shift.what.clone())].into_iter().chain(cells).collect()
        });
        blocks.push(Block::Table(head, rows.collect()));
    }
    blocks
}

fn destinations(names: &[String], reached: &[&ComparedDestination]) -> Vec<Block> {
    if reached.is_empty() {
        return Vec::new();
    }
    let head = ["Receiver".to_owned()].into_iter().chain(names.iter().cloned());
    let head = head.chain(["In short".to_owned()]).collect();
    let rows = reached.iter().take(ROWS).map(|one| {
        let cells = one.contacts.iter().map(contact);
        let short = line(change_words(one.change));
        [value(one.receiver.clone())].into_iter().chain(cells).chain([short]).collect()
    });
    let mut blocks = vec![Block::Section("To whom".to_owned()), Block::Table(head, rows.collect())];
    if let more @ 1.. = reached.len().saturating_sub(ROWS) {
        let more = words::counted(more as u64, "receiver");
        blocks.push(Block::Paragraph(line(format!("And {more}, in the JSON."))));
    }
    blocks
}

fn contact(contact: &Contact) -> Line {
    if contact.flows == 0 {
        return line("–");
    }
    let countries = if contact.countries.is_empty() {
        "country unknown".to_owned()
    } else {
        contact.countries.join(", ")
    };
    let channels = if contact.channels.is_empty() { "clear".to_owned() } else { contact.channels.join(", ") };
    line(format!("{countries}; {channels}; {} sent", words::exact_bytes(contact.bytes_out)))
}

fn inventories(names: &[String], all: &[Inventory], options: ComparisonOptions) -> Vec<Block> {
    let mut blocks = Vec::new();
    for one in all.iter().filter(|one| !(options.changed_only && one.differing.is_empty())).take(PARTS) {
        blocks.push(Block::Part(format!("{} → {}", one.request, one.receiver), None));
        let counts = names.iter().zip(&one.counts).map(|(name, count)| match count {
            Some(count) => format!("{name}: {count}"),
            None => format!("{name}: no such request"),
        });
        let counts = counts.collect::<Vec<_>>().join("; ");
        blocks.push(Block::Paragraph(line(format!("Names of fields: {counts}; {} in all.", one.common))));
        let head = ["Field".to_owned()].into_iter().chain(names.iter().cloned()).collect();
        let row = |(name, who): &(String, Vec<bool>)| {
            let cells = who.iter().map(|has| line(if *has { "yes" } else { "–" }));
            [value(name.clone())].into_iter().chain(cells).collect()
        };
        if !one.differing.is_empty() {
            blocks.push(Block::Table(head, one.differing.iter().take(ROWS).map(row).collect()));
        }
    }
    if !blocks.is_empty() {
        blocks.insert(0, Block::Section("What each request asks for".to_owned()));
    }
    blocks
}

fn compared_values(names: &[String], values: &[&ComparedValue]) -> Vec<Block> {
    let head = ["Looks like", "Receiver", "Field"].map(str::to_owned);
    let rows = values.iter().take(ROWS).map(|one| {
        let cells = one.values.iter().map(|own| value(own.join(", ")));
        let first = [line(one.identifier.words()), value(one.receiver.clone()), value(one.field.clone())];
        (one.meaning.as_str(), first.into_iter().chain(cells).collect())
    });
    by_meaning("Values that look identifying", &head, names, rows)
}

fn compared_fields(names: &[String], fields: &[&ComparedField], dropped: u64) -> Vec<Block> {
    let head = ["Request", "Field", "A search found"].map(str::to_owned);
    let rows = fields.iter().take(ROWS).map(|one| {
        let cells = one.values.iter().map(|own| own.clone().map_or_else(|| line("–"), value));
        let known: Vec<_> = one.known_as.iter().map(|kind| kind.words().to_owned()).collect();
        let known = if known.is_empty() { line("nothing") } else { line(prose::list(&known)) };
        let first = [value(format!("{} {}", one.receiver, one.request)), value(one.field.clone()), known];
        (one.meaning.as_str(), first.into_iter().chain(cells).collect())
    });
    let mut blocks = by_meaning("Fields with one value throughout a case", &head, names, rows);
    let more = dropped.saturating_add(fields.len().saturating_sub(ROWS) as u64);
    if more > 0 && !blocks.is_empty() {
        blocks.push(Block::Paragraph(line(format!("And {}.", words::counted(more, "field")))));
    }
    blocks
}

/// A section with a table for each thing that follows, in the order in which they come.
fn by_meaning<'r>(
    title: &str,
    first: &[String],
    names: &[String],
    rows: impl Iterator<Item = (&'r str, Vec<Line>)>,
) -> Vec<Block> {
    let mut tables: Vec<(&str, Vec<Vec<Line>>)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (meaning, row) in rows {
        let place = *places.entry(meaning).or_insert(tables.len());
        match tables.get_mut(place) {
            Some((_, rows)) => rows.push(row),
            None => tables.push((meaning, vec![row])),
        }
    }
    if tables.is_empty() {
        return Vec::new();
    }
    let head: Vec<_> = first.iter().chain(names).cloned().collect();
    let tables = tables
        .into_iter()
        .flat_map(|(meaning, rows)| [Block::Paragraph(line(meaning)), Block::Table(head.clone(), rows)]);
    std::iter::once(Block::Section(title.to_owned())).chain(tables).collect()
}

const LEGEND: &str = "? stands where a case does not have something and could not have shown it, or hardly. A plain no is as good as the coverage above.";
/// The changes, in the order in which they are told.
const CHANGES: [Change; 5] =
    [Change::Appeared, Change::Vanished, Change::Changed, Change::Partly, Change::Same];
/// Rows that the first sentence names.
const FOREMOST: usize = 3;
/// Subjects that a reason names.
const SUBJECTS: usize = 4;
/// Rows shown of a table.
const ROWS: usize = 300;
/// Inventories shown.
const PARTS: usize = 50;
/// Marks and facts of the build that are listed.
const LISTED: usize = 20;
