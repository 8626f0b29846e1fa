//! Case -> the page a person reads in the terminal in a minute.
//!
//! Verdict, findings worst first, destinations, coverage, where the files are. Lines keep to the given
//! width (at least 40 columns). Without colour it holds no escape sequence at all, and with colour none
//! but our own: characters of values that drive terminals are written as `\u{1b}`.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Write,
};

use anstyle::{AnsiColor, Style};
use evidence::{Case, Destination, Holds, Severity};

use crate::coverage::Coverage;
use crate::overview::{Overview, Reached, Reader, Told, host, local};
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
    page.destinations(&overview);
    page.coverage(case);
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
        let names: Vec<String> =
            case.captures.iter().take(3).map(|one| plain::fitted(&one.name, LONGEST_NAME)).collect();
        let mut inputs = names.join(", ");
        if let rest @ 1.. = case.captures.len().saturating_sub(3) {
            // Writing to a string cannot fail, here and below.
            let _ = write!(inputs, " and {rest} more");
        }
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
            self.labelled("problem", WARN, &words);
        }
        for one in case.captures.iter().filter(|one| one.damage.is_some()).take(5) {
            let damage = plain::clipped(one.damage.as_deref().unwrap_or_default(), 300);
            self.labelled("damaged", WARN, &format!("{}: {damage}", plain::fitted(&one.name, 40)));
        }
    }

    fn verdict(&mut self, overview: &Overview) {
        self.blank();
        self.wrapped("", &overview.headline(), BOLD);
        self.wrapped("", &overview.second_line(&crate::overview::country), Style::new());
    }

    fn findings(&mut self, overview: &Overview, options: &SummaryOptions) {
        if overview.findings.is_empty() {
            return;
        }
        self.heading("Findings", &overview.severities());
        for told in overview.own().take(options.findings) {
            self.finding(told);
        }
        if let others @ 1.. = overview.foreign() {
            let findings = words::counted(others, "finding");
            self.wrapped(INDENT, &format!("and {findings} of what other devices sent: see the report"), DIM);
        }
        let rest = overview.own().count().saturating_sub(options.findings);
        if rest > 0 {
            self.wrapped(
                INDENT,
                &format!("and {} more: see the report", words::counted(rest as u64, "finding")),
                DIM,
            );
        }
    }

    fn finding(&mut self, told: &Told) {
        let finding = told.finding;
        let title = plain::clipped(&finding.title, 300);
        self.labelled(&finding.severity.id().to_uppercase(), severity_style(finding.severity), &title);
        let room = self.width - INDENT.len();
        let mut facts = Vec::new();
        if let Some(value) = told.value() {
            facts.push(plain::fitted(value, room.min(60)));
        }
        facts.push(words::times(finding.count));
        facts.push(match told.reader() {
            Reader::Anyone => "clear text".to_owned(),
            Reader::AnyoneInPart => "partly clear text".to_owned(),
            Reader::Nobody => "in the log, not known to be sent".to_owned(),
            Reader::Operators => "text message".to_owned(),
            Reader::Receiver => "encrypted transport".to_owned(),
            Reader::Unknown => "transport unknown".to_owned(),
        });
        if let Some(grade) = told.grade() {
            facts.push(words::grade(grade).to_owned());
        }
        facts.push(plain::fitted(&finding.id.0, 24));
        self.wrapped(INDENT, &facts.join(" · "), DIM);
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
        self.wrapped("  ", &format!("{}. The report lists them.", words::list(&told)), Style::new());
    }

    fn destinations(&mut self, overview: &Overview) {
        let told = receivers(overview.told());
        if told.is_empty() {
            return;
        }
        let hosts = words::counted(crate::overview::hosts(overview.told()), "host");
        let of = words::counted(told.len() as u64, "domain");
        self.heading("Destinations", &format!("that findings name: {hosts} of {of} or addresses"));
        for receiver in told.iter().take(MOST_DESTINATIONS) {
            self.destination(receiver);
        }
        let rest = told.len().saturating_sub(MOST_DESTINATIONS);
        if rest > 0 {
            self.wrapped("  ", &format!("and {} more", words::counted(rest as u64, "domain")), DIM);
        }
    }

    /// Name and traffic on one line where both fit, then what is known of it.
    fn destination(&mut self, receiver: &Receiver) {
        let findings = words::counted(receiver.findings.len() as u64, "finding");
        let traffic = format!("{} sent · {findings}", words::bytes(receiver.sent()));
        let beside = self.width.saturating_sub(4 + plain::width(&traffic));
        let name = plain::fitted(receiver.name(), self.width - 2);
        let fits = plain::width(&name) <= beside;
        let (on, off) = self.paint(receiver.worst.map_or(DIM, severity_style));
        let line = match fits {
            true => {
                let gap = self.width.saturating_sub(2 + plain::width(&name) + plain::width(&traffic));
                format!("  {on}{name}{off}{}{traffic}", " ".repeat(gap))
            }
            false => format!("  {on}{name}{off}"),
        };
        self.line(&line);
        let place = receiver.whereabouts();
        let below = if fits { place } else { format!("{traffic} · {place}") };
        self.wrapped(INDENT, &below, DIM);
    }

    fn coverage(&mut self, case: &Case) {
        let coverage = Coverage::of(case);
        self.heading("Coverage", &words::bytes(coverage.total));
        self.wrapped("  ", &coverage.statement(), Style::new());
        let odd = case.anomalies.iter().fold(0u64, |sum, (count, _)| sum.saturating_add(count));
        if odd > 0 {
            self.wrapped(
                "  ",
                &format!("{} in the bytes: see the report.", words::counted(odd, "anomaly")),
                DIM,
            );
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

    /// A label in a column of its own, then text wrapped beside it.
    fn labelled(&mut self, label: &str, style: Style, text: &str) {
        let (on, off) = self.paint(style);
        let first = format!("  {on}{label:<8}{off} ");
        let wrapped = wrap(text, self.room(INDENT));
        for (place, line) in wrapped.iter().enumerate() {
            let lead = if place == 0 { first.as_str() } else { INDENT };
            let line = format!("{lead}{line}");
            self.line(&line);
        }
    }

    fn wrapped(&mut self, indent: &str, text: &str, style: Style) {
        let (on, off) = self.paint(style);
        for line in wrap(text, self.room(indent)) {
            let line = format!("{indent}{on}{line}{off}");
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

/// Those that a person takes for one: the hosts of a domain, the addresses of a host.
struct Receiver<'a> {
    all: Vec<&'a Reached<'a>>,
    /// Places in [`Overview::findings`].
    findings: BTreeSet<usize>,
    worst: Option<Severity>,
}

/// Gathers destinations by domain, else by host, in the order in which each is first met.
fn receivers<'a>(told: impl Iterator<Item = &'a Reached<'a>>) -> Vec<Receiver<'a>> {
    let mut receivers: Vec<Receiver> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for reached in told {
        let place = *places.entry(reached.destination.receiver()).or_insert(receivers.len());
        if place == receivers.len() {
            receivers.push(Receiver { all: Vec::new(), findings: BTreeSet::new(), worst: None });
        }
        if let Some(receiver) = receivers.get_mut(place) {
            receiver.all.push(reached);
            receiver.findings.extend(&reached.findings);
            receiver.worst = receiver.worst.max(reached.worst);
        }
    }
    receivers
}

impl Receiver<'_> {
    /// The host where there is one only, else the domain.
    fn name(&self) -> &str {
        let mut hosts = self.all.iter().map(|reached| host(reached.destination));
        let first = hosts.next().unwrap_or_default();
        let single = hosts.all(|host| host == first);
        if single { first } else { self.all.first().map_or("", |reached| reached.destination.receiver()) }
    }

    fn sent(&self) -> u64 {
        self.all.iter().fold(0, |sum, reached| sum.saturating_add(reached.destination.bytes_out))
    }

    /// As [`whereabouts`]; of several, how many there are, in which countries, and whose.
    fn whereabouts(&self) -> String {
        let Some((first, [_, ..])) = self.all.split_first() else {
            return self.all.first().map(|reached| whereabouts(reached)).unwrap_or_default();
        };
        let hosts: BTreeSet<_> = self.all.iter().map(|reached| host(reached.destination)).collect();
        let countries: BTreeSet<_> = self
            .all
            .iter()
            .filter_map(|reached| reached.destination.network.located.as_ref())
            .map(|country| plain::fitted(&crate::overview::country(&country.code), 40))
            .collect();
        let mut facts = Vec::new();
        if hosts.len() > 1 {
            facts.push(words::counted(hosts.len() as u64, "host"));
        }
        let addresses: BTreeSet<_> =
            self.all.iter().map(|reached| reached.destination.endpoint.address.as_str()).collect();
        let at = match countries.is_empty() {
            true => String::new(),
            false => format!(" thought to be in {}", words::list(&countries.into_iter().collect::<Vec<_>>())),
        };
        facts.push(match addresses.len() {
            1 => format!("address{at}"),
            many => format!("{many} addresses{at}"),
        });
        facts.push(operator(first.destination));
        facts.retain(|fact| !fact.is_empty());
        facts.join(" · ")
    }
}

/// `203.0.113.7 · thought to be in China · AS64500 Example Telecom · China Telecom (China)`.
fn whereabouts(reached: &Reached) -> String {
    let one = reached.destination;
    let network = &one.network;
    let mut facts = vec![plain::fitted(&one.endpoint.address, 45)];
    if !matches!(network.scope.as_str(), "" | "public") {
        facts.push(format!("{} address", plain::fitted(&network.scope, 32)));
    } else {
        let at = network.located.as_ref().map_or_else(
            || "country unknown".to_owned(),
            |country| {
                format!("thought to be in {}", plain::fitted(&crate::overview::country(&country.code), 40))
            },
        );
        facts.push(at);
    }
    if let Some(number) = network.asn {
        facts.push(plain::fitted(&format!("AS{number} {}", network.holder), LONGEST_NAME));
    }
    facts.push(operator(one));
    facts.retain(|fact| !fact.is_empty());
    facts.join(" · ")
}

fn operator(destination: &Destination) -> String {
    match &destination.owner {
        Some(owner) => plain::fitted(&crate::overview::owner(owner), LONGEST_NAME),
        None if local(destination) => String::new(),
        None => "operator unknown".to_owned(),
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
/// Columns of a name that is not cut in its middle.
const LONGEST_NAME: usize = 100;
const MOST_DESTINATIONS: usize = 8;
/// Kinds of what became of messages.
const MOST_VERDICTS: usize = 12;
