//! Case -> the page a person reads in the terminal in a minute.
//!
//! Verdict; the findings by who got what, worst first: what, in which form, when and how often, by which app; the other
//! destinations in a line; what could not be seen; where the files are. Lines keep to the given width (at least 40
//! columns). Without colour it holds no escape sequence at all, and with colour none but our own: characters of values
//! that drive terminals are written as `\u{1b}`.

use std::{collections::BTreeMap, fmt::Write};

use anstyle::{AnsiColor, Style};
use evidence::{Case, FindingKind, Grade, Holds, Severity, prose};

use crate::coverage::Coverage;
use crate::overview::{Overview, Told};
use crate::receivers::{Facts, Receiver, countries, gathered, receivers, unnamed};
use crate::{plain, words};

/// How to write it.
#[derive(Clone, Debug)]
pub struct SummaryOptions {
    /// Columns of the terminal; 80 where nobody knows. Less than 40 counts as 40.
    pub width: usize,
    /// Whether to colour with ANSI sequences.
    pub colour: bool,
    /// How many findings to show; the rest are counted.
    pub findings: usize,
    /// The case's folder, for the command that proves a finding.
    pub case: String,
    /// What was written where: `("report", "out/report.html")`.
    pub files: Vec<(String, String)>,
}

impl Default for SummaryOptions {
    fn default() -> Self {
        Self { width: 80, colour: false, findings: 12, case: "CASE".to_owned(), files: Vec::new() }
    }
}

/// Writes the summary, ending in a newline.
pub fn summary(case: &Case, options: &SummaryOptions) -> String {
    let overview = Overview::of(case);
    let width = options.width.clamp(40, 120);
    let mut page = Page { out: String::new(), width, colour: options.colour };
    page.inputs(&overview);
    page.verdict(&overview);
    page.findings(&overview, options);
    page.messages(&overview);
    page.others(&overview);
    page.unseen(&overview);
    page.files(&overview, options);
    page.out
}

struct Page {
    out: String,
    width: usize,
    colour: bool,
}

impl Page {
    fn inputs(&mut self, overview: &Overview) {
        let case = overview.case;
        let mut inputs = named(case);
        if let Some((first, last)) = overview.span() {
            let _ = write!(inputs, " · {} UTC", words::period(first, last));
        }
        for kind in [Holds::Packets, Holds::Flows, Holds::Phone, Holds::App, Holds::Secrets] {
            let files = || case.captures.iter().filter(|one| one.holds == kind);
            if files().next().is_some() {
                let count = files().fold(0u64, |sum, one| sum.saturating_add(one.frames));
                let _ = write!(inputs, " · {}", words::counted(count, kind.counted()));
            }
        }
        self.wrapped("", &inputs, DIM);
        let profile = match &case.profile {
            Some(name) => format!(
                "Profile {}, {}",
                plain::fitted(name, 40),
                words::counted(case.profile_values, "value")
            ),
            None => "Without profile: shapes only".to_owned(),
        };
        self.wrapped("", &profile, DIM);
        for problem in case.problems.iter().take(5) {
            let words =
                format!("{}: {}", plain::fitted(&problem.input, 40), plain::clipped(&problem.problem, 300));
            self.labelled("problem", WARN, (&words, ""));
        }
        for one in case.captures.iter().filter(|one| one.damage.is_some()).take(5) {
            let damage = plain::clipped(one.damage.as_deref().unwrap_or_default(), 300);
            let words = format!("{}: {damage}", plain::fitted(&one.name, 40));
            self.labelled("damaged", WARN, (&words, ""));
        }
    }

    fn verdict(&mut self, overview: &Overview) {
        self.blank();
        self.wrapped("", &overview.headline(), BOLD);
        self.wrapped("", &overview.second_line(&crate::overview::country), Style::new());
    }

    /// The worst findings by who got what they tell of.
    fn findings(&mut self, overview: &Overview, options: &SummaryOptions) {
        if overview.findings.is_empty() {
            return;
        }
        self.heading("Findings", &overview.severities());
        let (shown, others) = gathered(overview, (MOST_RECEIVERS, options.findings));
        for receiver in &shown {
            self.receiver(receiver);
        }
        if let rest @ 1.. = others.len() as u64 {
            self.blank();
            let whom = words::counted(receivers(&others), "other receiver");
            let line = format!("and {} more, of {whom}: see the report", words::counted(rest, "finding"));
            self.wrapped("  ", &line, DIM);
        }
        if let others @ 1.. = overview.foreign() {
            let findings = words::counted(others, "finding");
            self.wrapped("  ", &format!("and {findings} of what other devices sent: see the report"), DIM);
        }
    }

    fn receiver(&mut self, receiver: &Receiver) {
        self.blank();
        let name = plain::fitted(&receiver.name, self.width - 2);
        let beside = match receiver.whereabouts.as_str() {
            "" => String::new(),
            whereabouts => format!(" · {}", plain::visible(whereabouts)),
        };
        self.started("  ", (&name, BOLD), &beside);
        let common = &receiver.common;
        let facts: Vec<&str> = common.all().into_iter().filter(|fact| !fact.is_empty()).collect();
        if !facts.is_empty() {
            let each = if common.when.is_empty() { "" } else { "each " };
            self.wrapped("  ", &format!("{each}{}", plain::visible(&facts.join(" · "))), DIM);
        }
        for told in &receiver.findings {
            self.finding(told, common);
        }
        if let rest @ 1.. = receiver.further.len() as u64 {
            let line = format!("and {} more: see the report", words::counted(rest, "finding"));
            self.wrapped(INDENT, &line, DIM);
        }
    }

    /// What it is about and its name beside it where both fit, and below it what is not said of all.
    fn finding(&mut self, told: &Told, common: &Facts) {
        let finding = told.finding;
        let room = self.room(INDENT);
        let what = subject(told, room);
        let id = plain::fitted(&finding.id.0, 24);
        let facts = Facts::of(told);
        let mut below = facts.beside(common);
        let style = severity_style(finding.severity);
        if !self.labelled(&finding.severity.id().to_uppercase(), style, (&what, &id)) {
            below.push(&id);
        }
        if !below.is_empty() {
            self.wrapped(INDENT, &plain::visible(&below.join(" · ")), DIM);
        }
    }

    /// The text messages by what became of them.
    fn messages(&mut self, overview: &Overview) {
        let phone = &overview.case.phone;
        if overview.messages() == 0 {
            return;
        }
        self.heading("Text messages", &words::number(overview.messages()));
        let mut verdicts: BTreeMap<&str, u64> = BTreeMap::new();
        for message in &phone.messages {
            *verdicts.entry(&message.verdict).or_default() += 1;
        }
        let counted = verdicts.iter().take(MOST_VERDICTS);
        let told: Vec<String> = counted
            .map(|(verdict, count)| format!("{} {}", words::number(*count), plain::fitted(verdict, 60)))
            .collect();
        self.wrapped("  ", &format!("{}. The report lists them.", prose::list(&told)), Style::new());
    }

    /// Whom the phone talked to besides, without a finding.
    fn others(&mut self, overview: &Overview) {
        let (names, destinations) = unnamed(overview);
        if names.is_empty() {
            return;
        }
        let mut told: Vec<String> =
            names.iter().take(MOST_NAMES).map(|name| plain::fitted(name, 40)).collect();
        if let rest @ 1.. = names.len().saturating_sub(MOST_NAMES) as u64 {
            told.push(format!("{} more", words::number(rest)));
        }
        let sent = destinations.iter().fold(0u64, |sum, one| sum.saturating_add(one.bytes_out));
        let countries = countries(destinations.iter().copied());
        let at = match countries.len() {
            0 => String::new(),
            1..=MOST_COUNTRIES => format!(", thought to be in {}", prose::list(&countries)),
            many => format!(", in {many} countries"),
        };
        self.heading("Other destinations", &words::number(names.len() as u64));
        let line = format!("{}{at}; {} sent, no finding.", prose::list(&told), words::bytes(sent));
        self.wrapped("  ", &line, Style::new());
    }

    fn unseen(&mut self, overview: &Overview) {
        let case = overview.case;
        let coverage = Coverage::of(case);
        self.heading("What could not be seen", &format!("of {}", words::bytes(coverage.total)));
        self.wrapped("  ", &coverage.statement(), Style::new());
        self.wrapped("  ", &coverage.keys(), Style::new());
        self.wrapped("  ", &apps(overview), Style::new());
        let odd = case.anomalies.iter().fold(0u64, |sum, (count, _)| sum.saturating_add(count));
        if odd > 0 {
            let line = format!("{} in the bytes: see the report.", words::counted(odd, "anomaly"));
            self.wrapped("  ", &line, DIM);
        }
    }

    fn files(&mut self, overview: &Overview, options: &SummaryOptions) {
        if options.files.is_empty() {
            return;
        }
        self.heading("Files", "");
        for (what, path) in &options.files {
            let line = format!("  {what:<8} {}", plain::visible(path));
            self.line(&line);
        }
        if let Some(told) = overview.findings.first() {
            let id = plain::visible(&told.finding.id.0);
            let line = format!("  {:<8} phonehome prove {} {id}", "proof", plain::visible(&options.case));
            self.line(&line);
        }
        let alone =
            |told: &&Told| !told.finding.evidence.iter().all(|piece| piece.occurrence.trail.runs_alone());
        let bound = overview.findings.iter().filter(alone).count() as u64;
        if bound > 0 {
            let findings = words::counted(bound, "finding");
            self.line(&format!(
                "  {:<8} those of {findings} cannot be run again alone; the report says which",
                ""
            ));
        }
    }

    /// A heading, with words beside it, or below where they do not fit.
    fn heading(&mut self, title: &str, beside: &str) {
        self.blank();
        let (on, off) = self.paint(BOLD);
        let (dim, plain) = self.paint(DIM);
        let fits = title.len() + 2 + plain::width(beside) <= self.width;
        let beside_it = if fits { beside } else { "" };
        let line = match beside_it {
            "" => format!("{on}{title}{off}"),
            _ => format!("{on}{title}{off}  {dim}{beside}{plain}"),
        };
        self.line(&line);
        if !fits {
            self.wrapped("  ", beside, DIM);
        }
    }

    /// A label in a column of its own, then text wrapped beside it, and words at the end of the last line where they
    /// fit: tells whether they did.
    fn labelled(&mut self, label: &str, style: Style, (text, end): (&str, &str)) -> bool {
        let (on, off) = self.paint(style);
        let first = format!("  {on}{label:<8}{off} ");
        let room = self.room(INDENT);
        let mut lines: Vec<String> = wrap(text, room).into_iter().map(Into::into).collect();
        let last = lines.last().map_or(0, |line| plain::width(line));
        let gap = room.checked_sub(last + plain::width(end)).filter(|gap| *gap > 1);
        if let (Some(line), Some(gap)) = (lines.last_mut(), gap) {
            line.push_str(&format!("{}{end}", " ".repeat(gap)));
        }
        for (place, line) in lines.iter().enumerate() {
            let lead = if place == 0 { first.as_str() } else { INDENT };
            let line = format!("{lead}{line}");
            self.line(&line);
        }
        gap.is_some()
    }

    /// Nothing where there is no text.
    fn wrapped(&mut self, indent: &str, text: &str, style: Style) {
        if text.is_empty() {
            return;
        }
        let (on, off) = self.paint(style);
        for line in wrap(text, self.room(indent)) {
            let line = format!("{indent}{on}{line}{off}");
            self.line(&line);
        }
    }

    /// Text that begins with words in a style of their own.
    fn started(&mut self, indent: &str, (start, style): (&str, Style), rest: &str) {
        let (on, off) = self.paint(style);
        let text = format!("{start}{rest}");
        for (place, line) in wrap(&text, self.room(indent)).iter().enumerate() {
            let line = match line.strip_prefix(start).filter(|_| place == 0) {
                Some(after) => format!("{indent}{on}{start}{off}{after}"),
                None => format!("{indent}{line}"),
            };
            self.line(&line);
        }
    }

    fn room(&self, indent: &str) -> usize {
        self.width.saturating_sub(indent.len()).max(20)
    }

    fn blank(&mut self) {
        self.line("");
    }

    fn line(&mut self, line: &str) {
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    /// The sequences that switch a style on and off; empty without colour.
    fn paint(&self, style: Style) -> (String, String) {
        match self.colour {
            true => (style.render().to_string(), style.render_reset().to_string()),
            false => Default::default(),
        }
    }
}

/// Lines of at most `columns`, broken at spaces only: a name with a hyphen stays whole while it fits.
fn wrap(text: &str, columns: usize) -> Vec<std::borrow::Cow<'_, str>> {
    let options = textwrap::Options::new(columns).word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(text, options)
}

/// `capture.pcapng and 8 more files`: those with traffic first.
fn named(case: &Case) -> String {
    let (traffic, rest): (Vec<_>, Vec<_>) = case.captures.iter().partition(|one| one.holds.is_traffic());
    let all = traffic.iter().chain(&rest);
    let mut names: Vec<String> =
        all.take(MOST_INPUTS).map(|one| plain::fitted(words::file_name(&one.name), 60)).collect();
    if let more @ 1.. = case.captures.len().saturating_sub(MOST_INPUTS) as u64 {
        names.push(words::counted(more, "more file"));
    }
    prose::list(&names)
}

/// What a finding is about, in one line where that can be: `Wi-Fi address (MAC)  d0:37:45:ab:01:9f`.
fn subject(told: &Told, room: usize) -> String {
    let words = match &told.finding.kind {
        FindingKind::BulkData { seen, planted: 0, .. } => {
            format!("{}: {} different values", told.subject(), words::number(*seen))
        }
        FindingKind::BulkData { seen, planted, .. } => {
            format!("{}: {} of {} planted", told.subject(), words::number(*seen), words::number(*planted))
        }
        FindingKind::IdentifierInMessage { .. }
        | FindingKind::IdentifierSent { .. }
        | FindingKind::Logged { .. } => labelled(told),
        FindingKind::IdentifierReceived { .. } => format!("came in: {}", labelled(told)),
        FindingKind::Behaviour(_)
        | FindingKind::HiddenMessage { .. }
        | FindingKind::PackageArrived { .. }
        | FindingKind::Protection { .. } => plain::clipped(&told.finding.title, 300).into_owned(),
    };
    let value = match told.only_digest() {
        Some((_, digest)) => Some(digest),
        None => told.value().filter(|_| !matches!(told.finding.kind, FindingKind::Behaviour(_))),
    };
    match value {
        Some(value) => format!("{words}  {}", plain::fitted(value, room.min(60))),
        None => words,
    }
}

/// The identifier, as sure as it is: `hash of the Android ID`.
fn labelled(told: &Told) -> String {
    let words = told.subject();
    match told.grade() {
        Some(Grade::Shaped) => format!("looks like {} {words}", prose::article(words)),
        Some(Grade::Derived) => format!("hash of the {words}"),
        _ if told.only_digest().is_some() => format!("hash of the {words}"),
        _ => words.to_owned(),
    }
}

/// Of how much it is not known which app sent it.
fn apps(overview: &Overview) -> String {
    let sent = || overview.own().filter(|told| told.is_sent());
    let (all, unknown) = (sent().count() as u64, sent().filter(|told| told.apps().is_empty()).count() as u64);
    match (all, unknown) {
        (0, _) | (_, 0) => String::new(),
        (all, unknown) if all == unknown => {
            "Which app sent it is not known: the phone’s own files, laid beside the captures, tell."
                .to_owned()
        }
        (all, unknown) => format!(
            "Which app sent it is not known for {} of {} findings of values that were sent.",
            words::number(unknown),
            words::number(all)
        ),
    }
}

fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => AnsiColor::Magenta.on_default().bold(),
        Severity::High => AnsiColor::Red.on_default().bold(),
        Severity::Medium => AnsiColor::Yellow.on_default(),
        Severity::Low => AnsiColor::Cyan.on_default(),
        Severity::Info => Style::new(),
    }
}

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const WARN: Style = AnsiColor::Yellow.on_default();
const INDENT: &str = "           ";
/// Receivers whose findings are shown.
const MOST_RECEIVERS: usize = 6;
/// Inputs that are named.
const MOST_INPUTS: usize = 3;
/// Receivers without a finding that are named.
const MOST_NAMES: usize = 4;
/// Countries that are named together.
const MOST_COUNTRIES: usize = 4;
/// Kinds of what became of messages.
const MOST_VERDICTS: usize = 12;
