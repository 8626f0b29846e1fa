//! One or several cases -> an assessment for people who decide: numbered risks with their evidence, what was said
//! and whether it holds, method, limits, and what was not seen under which conditions.
//!
//! Which findings make up a risk is a table (`risks.toml`), what is said of it a file for each language
//! (`texts.en.toml`). Every finding is in exactly one risk. A device without findings is named, and whatever was
//! not seen on a device is told together with what it would have taken to see it.

mod apart;
mod circumstances;
mod claims;
mod limits;
mod negative;
mod phrases;
mod rules;
mod texts;

use std::collections::{BTreeMap, BTreeSet};

use evidence::{Case, DataSet, Finding, Severity, Verdict};

pub use texts::Language;

use self::{
    apart::are_apart,
    circumstances::circumstances,
    claims::claims,
    limits::limits,
    negative::Conditions,
    rules::{Rule, rules},
    texts::Texts,
};
use crate::{
    coverage::Coverage,
    document::{Block, Document, Inline, Line, value, words as line},
    overview::{Overview, Told},
};

/// A device that is assessed.
#[derive(Clone, Copy, Debug)]
pub struct Assessed<'a> {
    /// What it is called.
    pub name: &'a str,
    /// What was found on it.
    pub case: &'a Case,
    /// What was said of it, judged; may be empty.
    pub verdicts: &'a [Verdict],
}

/// How to write an assessment.
#[derive(Clone, Copy, Debug, Default)]
pub struct AssessmentOptions<'a> {
    /// In which language.
    pub language: Language,
    /// Name and version of the program that writes it.
    pub program: &'a str,
    /// What was said and judged over several of the devices together.
    pub verdicts: &'a [Verdict],
}

/// Why an assessment could not be written: a table, a text or a font of this program is wrong.
#[derive(Debug)]
pub struct AssessmentError(String);

impl std::fmt::Display for AssessmentError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a part of this program is wrong: {}", self.0)
    }
}

impl std::error::Error for AssessmentError {}

/// Writes it as one page that needs nothing else. Fails only where this program is wrong.
pub fn html(devices: &[Assessed], options: &AssessmentOptions) -> Result<String, AssessmentError> {
    document(devices, options).map(|document| document.html())
}

/// Writes it as Markdown. Fails only where this program is wrong.
pub fn markdown(devices: &[Assessed], options: &AssessmentOptions) -> Result<String, AssessmentError> {
    document(devices, options).map(|document| document.markdown())
}

/// Writes it as PDF. Fails only where this program is wrong.
pub fn pdf(devices: &[Assessed], options: &AssessmentOptions) -> Result<Vec<u8>, AssessmentError> {
    let document = document(devices, options)?;
    crate::pdf::pdf(&document).map_err(|error| AssessmentError(error.to_string()))
}

/// A device with its references looked up.
struct Device<'a> {
    name: &'a str,
    overview: Overview<'a>,
    coverage: Coverage,
    verdicts: &'a [Verdict],
}

impl<'a> Device<'a> {
    fn of(assessed: &Assessed<'a>) -> Self {
        Self {
            name: assessed.name,
            overview: Overview::of(assessed.case),
            coverage: Coverage::of(assessed.case),
            verdicts: assessed.verdicts,
        }
    }

    /// How bad the worst finding is; none where there is no finding.
    fn worst(&self) -> Option<Severity> {
        self.overview.findings.iter().map(|told| told.finding.severity).max()
    }

    fn case(&self) -> &'a Case {
        self.overview.case
    }
}

/// A risk that at least one device has.
struct Risk<'r, 'a> {
    rule: &'r Rule,
    severity: Severity,
    /// Device by device, in their order; empty where it has none of it.
    findings: Vec<Vec<&'r Told<'a>>>,
}

/// The texts that name what is assessed: devices, or recordings where these may be of one device.
struct Names {
    many: &'static str,
    label: &'static str,
    all_have_findings: &'static str,
}

impl Names {
    fn of(devices: &[Device]) -> Self {
        match are_apart(devices) {
            true => Self { many: "devices", label: "label_devices", all_have_findings: "all_have_findings" },
            false => Self {
                many: "recordings",
                label: "label_recordings",
                all_have_findings: "all_recordings_have_findings",
            },
        }
    }
}

fn document(devices: &[Assessed], options: &AssessmentOptions) -> Result<Document, AssessmentError> {
    let wrong = |error: toml::de::Error| AssessmentError(error.to_string());
    let texts = Texts::of(options.language).map_err(wrong)?;
    let rules = rules().map_err(wrong)?;
    let devices: Vec<_> = devices.iter().map(Device::of).collect();
    let risks = risks(&devices, &rules);
    let names = Names::of(&devices);
    let mut blocks = summary(&texts, &devices, &risks, &names);
    blocks.extend(claims::in_short(&texts, &devices, options.verdicts));
    blocks.push(Block::Section(texts.say("section_risks").to_owned()));
    for (number, risk) in risks.iter().enumerate() {
        blocks.extend(told(&texts, &devices, (number + 1, names.label), risk));
    }
    blocks.extend(claims(&texts, &devices, options.verdicts));
    blocks.extend(method(&texts, &devices));
    blocks.extend(limits(&texts, &devices));
    blocks.extend(negatives(&texts, &devices, &rules, &risks));
    blocks.extend(annex(&texts, &devices));
    let all: Vec<_> = devices.iter().map(|device| device.name.to_owned()).collect();
    Ok(Document {
        language: texts.say("language").to_owned(),
        eyebrow: texts.say("eyebrow").to_owned(),
        title: texts.fill("title", &[("devices", &texts.list(&all))]),
        lead: format!("{} {}", lead(&texts, &devices, &risks, &names), texts.say("as_in_the_cases"))
            .trim_end()
            .to_owned(),
        blocks,
        unshown: texts.say("unshown").to_owned(),
        foot: texts.fill("written_by", &[("program", options.program)]),
        program: options.program.to_owned(),
    })
}

/// Every finding under the first rule that it meets; the worst risks first.
fn risks<'r, 'a>(devices: &'r [Device<'a>], rules: &'r [Rule]) -> Vec<Risk<'r, 'a>> {
    let mut risks: BTreeMap<usize, Risk> = BTreeMap::new();
    for (place, device) in devices.iter().enumerate() {
        for told in &device.overview.findings {
            let Some((number, rule)) = rules.iter().enumerate().find(|(_, rule)| rule.meets(told)) else {
                continue;
            };
            let risk = risks.entry(number).or_insert_with(|| Risk {
                rule,
                severity: Severity::Info,
                findings: devices.iter().map(|_| Vec::new()).collect(),
            });
            risk.severity = risk.severity.max(told.finding.severity);
            if let Some(own) = risk.findings.get_mut(place) {
                own.push(told);
            }
        }
    }
    let mut risks: Vec<_> = risks.into_values().collect();
    risks.sort_by_key(|risk| std::cmp::Reverse(risk.severity));
    risks
}

/// What has weight, in how many devices.
fn lead(texts: &Texts, devices: &[Device], risks: &[Risk], names: &Names) -> String {
    let of = texts.counted(devices.len(), "one_device", names.many);
    let heavy = risks.iter().filter(|risk| risk.severity >= WEIGHT).count();
    if heavy == 0 {
        return texts.fill("lead_none", &[("of", &of)]);
    }
    let with = devices.iter().filter(|device| device.worst() >= Some(WEIGHT)).count();
    let risks = texts.counted(heavy, "one_risk", "risks");
    texts.fill("lead_risks", &[("risks", &risks), ("with", &texts.number(with as u64)), ("of", &of)])
}

/// A table of the risks, and the devices without any.
fn summary(texts: &Texts, devices: &[Device], risks: &[Risk], names: &Names) -> Vec<Block> {
    let mut blocks = vec![Block::Section(texts.say("section_summary").to_owned())];
    if !risks.is_empty() {
        let head = ["column_number", "column_risk", "column_severity"].map(|name| texts.say(name).to_owned());
        let head = head.into_iter().chain(devices.iter().map(|device| device.name.to_owned())).collect();
        let rows = risks.iter().enumerate().map(|(number, risk)| {
            let cells = risk.findings.iter().map(|own| match own.len() {
                0 => line("–"),
                some => line(texts.counted(some, "one_finding", "findings")),
            });
            let first = [
                line((number + 1).to_string()),
                line(texts.risk(&risk.rule.name).title),
                vec![Inline::Severity(texts.weight(risk.severity))],
            ];
            first.into_iter().chain(cells).collect()
        });
        blocks.push(Block::Table(head, rows.collect()));
    }
    let without: Vec<_> = devices.iter().filter(|device| device.worst() < Some(WEIGHT)).collect();
    if without.is_empty() && devices.len() > 1 {
        blocks.push(Block::Paragraph(line(texts.say(names.all_have_findings))));
    }
    for device in without {
        let conditions = Conditions::of(texts, device).words(texts);
        let values = [("device", device.name), ("conditions", conditions.as_str())];
        let text = if device.worst().is_none() { "no_findings" } else { "nothing_of_weight" };
        blocks.push(Block::Paragraph(line(texts.fill(text, &values))));
    }
    blocks
}

fn told(texts: &Texts, devices: &[Device], (number, label): (usize, &str), risk: &Risk) -> Vec<Block> {
    let about = texts.risk(&risk.rule.name);
    let having: Vec<_> =
        devices.iter().zip(&risk.findings).filter(|(_, findings)| !findings.is_empty()).collect();
    let names: Vec<_> = having.iter().map(|(device, _)| device.name.to_owned()).collect();
    let facts = [
        (label, texts.list(&names)),
        ("label_affected", about.affected),
        ("label_can", about.can),
        ("label_recommendation", about.recommendation),
    ];
    // Of a single device it goes without saying.
    let facts = facts.into_iter().filter(|(name, _)| *name != label || devices.len() > 1);
    let facts = facts.map(|(name, said)| (texts.say(name).to_owned(), line(said)));
    let mut blocks = vec![
        Block::Part(format!("{number}. {}", about.title), Some(texts.weight(risk.severity))),
        Block::Facts(facts.collect()),
    ];
    let mut items = Vec::new();
    for (device, findings) in having {
        let shown = findings.iter().take(EVIDENCE);
        let name = (devices.len() > 1).then_some(device.name);
        // The title of several is told apart by their values.
        let is_alike = |title: &str| findings.iter().filter(|told| told.finding.title == title).count() > 1;
        items.extend(shown.map(|told| {
            let value = told.value().filter(|_| is_alike(&told.finding.title));
            evidence(texts, device, (name, value), told)
        }));
        if let more @ 1.. = findings.len().saturating_sub(EVIDENCE) {
            let more = texts.fill("more_evidence", &[("n", &texts.number(more as u64))]);
            let more = name.map_or_else(|| more.clone(), |name| format!("{name}: {more}"));
            items.push((line(more), Line::new()));
        }
    }
    blocks.push(Block::Explained(items));
    blocks
}

/// `F-0011aabb Phone A: The phone's IMEI was sent …`, and below it its circumstances and `boot.pcap, frame 12`.
fn evidence(
    texts: &Texts,
    device: &Device,
    (name, value_told): (Option<&str>, Option<&str>),
    told: &Told,
) -> (Line, Line) {
    let finding = told.finding;
    let title = texts.of_case("sentence", &finding.title);
    let mut said = value(finding.id.0.clone());
    let of = name.map_or_else(String::new, |name| format!(" {name}:"));
    said.push(Inline::Words(format!("{of} {}", title.trim_end_matches('.'))));
    if let Some(value) = value_told {
        said.push(Inline::Words(": ".to_owned()));
        said.push(Inline::Value(value.to_owned()));
    }
    let mut below = Line::new();
    for part in circumstances(texts, device, told) {
        below.push(Inline::Words(format!("{part} · ")));
    }
    below.push(place(texts, device, finding));
    (said, below)
}

/// `boot.pcap, frame 12`: where its proof begins.
fn place(texts: &Texts, device: &Device, finding: &Finding) -> Inline {
    let place = finding.place().or_else(|| {
        let occurrence = &finding.evidence.first()?.occurrence;
        Some((occurrence.exchange.flow.capture, occurrence.frame, occurrence.exchange))
    });
    let Some((id, frame, _)) = place else { return Inline::Words(texts.say("no_proof").to_owned()) };
    let capture = device.case().captures.iter().find(|capture| capture.id == id);
    let name = capture.map_or_else(|| id.to_string(), |capture| short(device.case(), &capture.name));
    let unit = texts.say(capture.map_or("unit_frame", |capture| unit(capture.unit())));
    let frame = frame.to_string();
    let values = [("capture", name.as_str()), ("unit", unit), ("frame", frame.as_str())];
    Inline::Value(texts.fill("frame", &values))
}

/// The text that names a place in a file.
fn unit(name: &str) -> &'static str {
    match name {
        "archive" => "unit_archive",
        "entry" => "unit_entry",
        "line" => "unit_line",
        "member" => "unit_member",
        "page" => "unit_page",
        _ => "unit_frame",
    }
}

/// The name of an input without its folders, where no other input of the case has it: the method section has them.
fn short(case: &Case, name: &str) -> String {
    let last = |name: &str| name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    let own = last(name);
    let alike = case.captures.iter().filter(|capture| last(&capture.name) == own).count();
    if alike == 1 && !own.is_empty() { own } else { name.to_owned() }
}

fn method(texts: &Texts, devices: &[Device]) -> Vec<Block> {
    let mut blocks = vec![
        Block::Section(texts.say("section_method").to_owned()),
        Block::Paragraph(line(texts.say("method"))),
    ];
    for device in devices {
        let case = device.case();
        let conditions = Conditions::of(texts, device);
        let values = texts.number(case.profile_values);
        let profile = case.profile.as_ref().map_or_else(
            || texts.say("no_profile").to_owned(),
            |name| texts.fill("profile", &[("name", name), ("n", &values)]),
        );
        // The log and a list of events may tell of the same.
        let events = case.phone.events_by_kind();
        let marks: Vec<_> = events
            .iter()
            .take(LISTED)
            .map(|(kind, count)| format!("{} ({})", texts.mark(kind), texts.number(*count)))
            .collect();
        let marks = if marks.is_empty() { texts.say("not_told").to_owned() } else { marks.join(", ") };
        let facts = [
            ("label_recorded", conditions.recorded.clone()),
            ("label_build", conditions.build.clone()),
            ("label_region", conditions.region.clone()),
            ("label_account", conditions.account.clone()),
            ("label_profile", profile),
            ("label_marks", marks),
            ("label_program", case.program.clone()),
        ];
        let mut facts: Vec<_> =
            facts.into_iter().map(|(name, said)| (texts.say(name).to_owned(), line(said))).collect();
        for capture in case.captures.iter().take(INPUTS) {
            let said = vec![
                Inline::Value(capture.name.clone()),
                Inline::Words(format!(
                    " {}, {}, SHA-256 ",
                    texts.of_case("format", &capture.format),
                    texts.bytes(capture.file_bytes)
                )),
                Inline::Value(capture.sha256.clone()),
            ];
            facts.push((texts.say("label_input").to_owned(), said));
        }
        blocks.extend([Block::Part(device.name.to_owned(), None), Block::Facts(facts)]);
    }
    blocks
}

/// Under which conditions each device was examined, and then risk by risk where it was seen, was not, or could not be.
fn negatives(texts: &Texts, devices: &[Device], rules: &[Rule], risks: &[Risk]) -> Vec<Block> {
    let conditions: Vec<_> = devices.iter().map(|device| Conditions::of(texts, device)).collect();
    let each = devices.iter().zip(&conditions);
    let told = each.map(|(device, condition)| (device.name.to_owned(), line(condition.words(texts))));
    let rows = rules.iter().map(|rule| {
        let findings = risks.iter().find(|risk| risk.rule.name == rule.name).map(|risk| &risk.findings);
        let cells = conditions.iter().enumerate().map(|(place, condition)| {
            let seen = findings.and_then(|all| all.get(place)).is_some_and(|own| !own.is_empty());
            line(if seen { texts.say("seen").to_owned() } else { condition.of_rule(texts, rule) })
        });
        std::iter::once(line(texts.risk(&rule.name).title)).chain(cells).collect()
    });
    let names = devices.iter().map(|device| device.name.to_owned());
    let head = std::iter::once(texts.say("column_risk").to_owned()).chain(names).collect();
    vec![
        Block::Section(texts.say("section_negative").to_owned()),
        Block::Paragraph(line(texts.say("negative"))),
        Block::Facts(told.collect()),
        Block::Table(head, rows.collect()),
    ]
}

fn annex(texts: &Texts, devices: &[Device]) -> Vec<Block> {
    let sets = devices.iter().flat_map(|device| &device.case().data);
    let sets: BTreeSet<_> = sets.map(|DataSet { name, version, licence }| (name, version, licence)).collect();
    // A case says what it likes; what this program says itself of a set is known.
    let own = facts::data_sets();
    let rows = sets.into_iter().map(|(name, version, licence)| {
        let is_own = own.iter().any(|set| set.licence == *licence);
        let licence = if is_own { vec![Inline::Own(licence.clone())] } else { line(licence.clone()) };
        vec![line(texts.of_case("set", name)), line(version.clone()), licence]
    });
    let head = ["column_set", "column_version", "column_licence"].map(|name| texts.say(name).to_owned());
    vec![Block::Section(texts.say("section_annex").to_owned()), Block::Table(head.to_vec(), rows.collect())]
}

/// The least severity that has weight: what lies below stands in every phone's traffic.
const WEIGHT: Severity = Severity::Medium;
/// Pieces of evidence shown of a risk and device.
const EVIDENCE: usize = 12;
/// Inputs, problems and blind spots that are listed.
const INPUTS: usize = 40;
/// Kinds of marks that are listed.
const LISTED: usize = 20;
