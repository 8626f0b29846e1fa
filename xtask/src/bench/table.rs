//! The measurements as Markdown: what `docs/benchmarks.md` holds.

use std::{fmt::Write, fs, path::Path};

use anyhow::{Context, Result};

use super::{
    profile::Needlework,
    stopwatch::{Cost, seconds},
    yardsticks::{Extent, Yardstick},
};
use crate::traffic::{Kind, Made};

/// The measurements on one kind of capture.
pub(super) struct Chapter {
    pub(super) kind: Kind,
    /// What the capture holds.
    pub(super) made: Made,
    /// What the smaller one for slow yardsticks holds.
    pub(super) small: Made,
    /// What the one of half the size holds.
    pub(super) half: Made,
    pub(super) audit: Cost,
    /// The audit of the one of half the size.
    pub(super) halved: Cost,
    /// The audit with a million more lines of secrets, none of which opens anything; of encrypted captures.
    pub(super) more_keys: Option<Cost>,
    pub(super) lines: Vec<Line>,
    /// What is wrong with the answers.
    pub(super) wrong: Vec<String>,
}

/// One yardstick's measurement.
pub(super) struct Line {
    pub(super) yardstick: &'static Yardstick,
    /// `None` where it is not installed.
    pub(super) version: Option<String>,
    pub(super) cost: Option<Cost>,
    /// Of its start alone, where its extent is small.
    pub(super) start: Option<Cost>,
}

impl Line {
    /// A yardstick that did not run yet.
    pub(super) fn new(yardstick: &'static Yardstick) -> Self {
        Self { yardstick, version: yardstick.installed(), cost: None, start: None }
    }

    /// What the whole capture costs, or would cost, in seconds of wall and CPU.
    fn whole(&self, chapter: &Chapter) -> Option<(f64, f64)> {
        let cost = self.cost?;
        let Some(start) = self.start else { return Some((cost.wall, cost.cpu)) };
        let times = chapter.made.bytes as f64 / chapter.small.bytes as f64;
        let scaled = |cost: f64, start: f64| start + (cost - start).max(0.0) * times;
        Some((scaled(cost.wall, start.wall), scaled(cost.cpu, start.cpu)))
    }
}

/// The part of the documentation that is measured.
pub(super) fn page(conditions: &str, needlework: &Needlework, chapters: &[Chapter]) -> String {
    let mut out = conditions.to_owned();
    let versions = chapters.first().map(versions).unwrap_or_default();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "- Programs: {versions}.");
    let Needlework { values, forms, of_fields, text_count, rule_count, .. } = needlework;
    let _ = writeln!(
        out,
        "- Profile: {values} values, {forms} forms of them. {of_fields} of these count only as the value of a field and are given to no other tool; of the rest, ripgrep gets the {text_count} that are UTF-8 without line ends ({} are not), suricata {rule_count}.",
        forms - of_fields - text_count
    );
    chapters.iter().for_each(|chapter| out.push_str(&chapter.markdown()));
    out
}

/// Where a part of the documentation that is measured begins and ends.
pub(super) type Marks = (&'static str, &'static str);

/// Puts it between the marks of the documentation.
pub(super) fn replace(path: &Path, text: &str, (begin, end): Marks) -> Result<()> {
    let page = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let parts = page.split_once(begin).and_then(|(head, rest)| Some((head, rest.split_once(end)?.1)));
    let (head, tail) = parts.with_context(|| format!("{} lacks {begin} or {end}", path.display()))?;
    let page = format!("{head}{begin}\n\n{text}\n{end}{tail}");
    fs::write(path, page).with_context(|| format!("writing {}", path.display()))
}

fn versions(chapter: &Chapter) -> String {
    let mut versions: Vec<String> = chapter
        .lines
        .iter()
        .map(|line| match &line.version {
            Some(version) => version.trim_end_matches('.').to_owned(),
            None => format!("{} is not installed", line.yardstick.program),
        })
        .collect();
    versions.dedup();
    versions.join("; ")
}

impl Chapter {
    fn markdown(&self) -> String {
        let mut out = String::new();
        let Made { bytes, requests, planted, .. } = self.made;
        let name = self.kind.name();
        let _ = writeln!(
            out,
            "\n### `{name}.pcap`: {}, {requests} requests, {planted} of them with planted values\n",
            megabytes(bytes)
        );
        out.push_str(HEAD);
        let audit = &self.audit;
        let _ = writeln!(
            out,
            "| **`phonehome audit`** | **{}** | **{}** | {} | **{}** | | | {} |",
            seconds(audit.wall),
            seconds(audit.cpu),
            seconds(audit.others),
            megabytes(audit.peak),
            aim("at most 200 MB", audit.peak <= 200_000_000),
        );
        self.lines.iter().for_each(|line| self.row(line, &mut out));
        for words in self.lines.iter().filter_map(|line| self.scaling(line)) {
            let _ = writeln!(out, "\n{words}");
        }
        let _ = writeln!(out, "\nAnswer: {}", self.answer());
        let times = self.made.bytes as f64 / self.half.bytes as f64;
        let _ = writeln!(
            out,
            "\nTwice the bytes: an audit of {} takes {} s, {} s CPU and {}; that of {times:.2} times the bytes takes {:.2} times the wall time, {:.2} times the CPU time, {:.2} times the memory.",
            megabytes(self.half.bytes),
            seconds(self.halved.wall),
            seconds(self.halved.cpu),
            megabytes(self.halved.peak),
            audit.wall / self.halved.wall,
            audit.cpu / self.halved.cpu,
            audit.peak as f64 / self.halved.peak as f64,
        );
        if let Some(more) = &self.more_keys {
            let _ = writeln!(
                out,
                "\nWith another 1,000,000 lines of key log, which open nothing: {} s, {} s CPU and {}: {} s of wall time more.",
                seconds(more.wall),
                seconds(more.cpu),
                megabytes(more.peak),
                seconds((more.wall - audit.wall).max(0.0)),
            );
        }
        out
    }

    fn row(&self, line: &Line, out: &mut String) {
        let name = line.yardstick.name;
        let Some(((wall, cpu), cost)) = self.whole_of(line) else {
            let _ = writeln!(out, "| {name} | not installed | | | | | | |");
            return;
        };
        let small = line.yardstick.extent == Extent::Small;
        let scaled = if small { ", scaled" } else { "" };
        let _ = writeln!(
            out,
            "| {name}{scaled} | {} | {} | {} | {} | {} | {} | {} |",
            seconds(wall),
            seconds(cpu),
            seconds(cost.others),
            megabytes(cost.peak),
            times(self.audit.wall / wall),
            times(self.audit.cpu / cpu),
            line.yardstick.aim.map_or_else(String::new, |most| {
                aim(&format!("at most {}", times(most)), self.audit.wall <= most * wall)
            }),
        );
    }

    /// How a yardstick that worked on less was measured.
    fn scaling(&self, line: &Line) -> Option<String> {
        let (cost, start) = (line.cost?, line.start?);
        Some(format!(
            "{}: measured on {}: {} s, {} s CPU, of which {} s and {} s are its start. Scaled by size but for the start; the memory and the others’ CPU are as measured.",
            line.yardstick.name,
            megabytes(self.small.bytes),
            seconds(cost.wall),
            seconds(cost.cpu),
            seconds(start.wall),
            seconds(start.cpu),
        ))
    }

    fn whole_of(&self, line: &Line) -> Option<((f64, f64), Cost)> {
        Some((line.whole(self)?, line.cost?))
    }

    fn answer(&self) -> String {
        match self.wrong.as_slice() {
            [] => "as planted: every value as often as it was sent, nothing else of the profile, every request, every byte accounted for, the digest openssl's.".to_owned(),
            wrong => format!("**wrong.** {}.", wrong.join("; ")),
        }
    }
}

pub(super) fn aim(words: &str, met: bool) -> String {
    format!("{words}: {}", if met { "met" } else { "missed" })
}

/// A ratio, small ones as a part.
pub(super) fn times(ratio: f64) -> String {
    let (before, number) = if ratio < 0.95 { ("1/", 1.0 / ratio) } else { ("", ratio) };
    let decimals = usize::from(number < 20.0);
    format!("{before}{number:.decimals$}")
}

pub(super) fn megabytes(bytes: u64) -> String {
    format!("{} MB", (bytes + 500_000) / 1_000_000)
}

const HEAD: &str = "| | wall, s | CPU, s | others’ CPU, s | peak memory | audit ÷ this, wall | audit ÷ this, CPU | aim |\n|---|---:|---:|---:|---:|---:|---:|---|\n";
/// Of captures.
pub(super) const MARKS: Marks = ("<!-- measured -->", "<!-- end of measured -->");
