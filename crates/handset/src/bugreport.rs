//! A bugreport's text (`dumpstate`), and a whole `dumpsys`: many tools' output in one file.
//!
//! Sections begin with `------ NAME (command) ------`, services of `dumpsys` with `DUMP OF SERVICE name:`; each
//! goes to the reader of its kind, told by its command or service. The head line `== dumpstate: 2022-03-29
//! 23:14:20` says when it was made, which gives the logs their year.

use evidence::Timestamp;

use crate::{
    Found,
    clock::{self, Clock},
    kind::{Kind, Service},
    lines::Line,
    reader::{self, Fact, LineReader},
    system::Protocol,
};

/// A section of a bugreport.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Section {
    /// Its name: `SYSTEM LOG`, or the service of `dumpsys`: `package`.
    pub name: String,
    /// The command that printed it; for a service, `dumpsys`.
    pub command: String,
    /// What it was read as; `None` where it was passed over.
    pub kind: Option<Kind>,
}

/// Reads a bugreport.
pub(crate) struct Bugreport {
    clock: Clock,
    open: Option<Open>,
}

struct Open {
    section: Found<Section>,
    reader: Option<Box<dyn LineReader + Send>>,
}

impl Bugreport {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, open: None }
    }

    fn close(&mut self, out: &mut Vec<Fact>) {
        let Some(mut open) = self.open.take() else { return };
        if let Some(reader) = &mut open.reader {
            reader.finish(out);
        }
        out.push(Fact::Section(open.section));
    }

    fn open(&mut self, section: Section, line: &Line<'_>) {
        let reader = section.kind.and_then(|kind| reader::line_reader(kind, self.clock.clone()));
        self.open = Some(Open { section: line.found(section), reader });
    }

    /// When the report was made, from its head; the phone's local time.
    fn head(&mut self, text: &str) {
        let made = text.strip_prefix("== dumpstate: ").and_then(|made| clock::local(made, &mut self.clock));
        if let Some(made) = made {
            self.clock = self.clock.clone().near(later(made));
        }
    }
}

impl LineReader for Bugreport {
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<Fact>) {
        let text = line.text();
        self.head(&text);
        if let Some(section) = section(&text).or_else(|| service(&text)) {
            self.close(out);
            self.open(section, line);
        } else if is_end(&text) {
            self.close(out);
        } else if let Some(open) = &mut self.open {
            open.section.end = line.end;
            if let Some(reader) = &mut open.reader {
                reader.line(line, out);
            }
        }
    }

    fn finish(&mut self, out: &mut Vec<Fact>) {
        self.close(out);
    }
}

/// Whether a file that begins so is a bugreport or a whole `dumpsys`.
pub(crate) fn recognise(beginning: &str) -> bool {
    let mut lines = beginning.lines().map(|line| line.trim_end_matches('\r'));
    lines.any(|line| {
        line.starts_with("== dumpstate: ")
            || line == "Currently running services:"
            || section(line).is_some()
            || service(line).is_some()
    })
}

/// `------ SYSTEM LOG (logcat -v threadtime -d *:v) ------`
fn section(text: &str) -> Option<Section> {
    // Some sections of some versions end with five dashes.
    let (inner, tail) = text.strip_prefix("------ ")?.trim_end().rsplit_once(" -----")?;
    let inner = inner.trim();
    if !tail.bytes().all(|byte| byte == b'-') || is_duration(inner) {
        return None;
    }
    let (name, command) = match inner.split_once(" (") {
        Some((name, command)) => (name, command.trim_end_matches(')')),
        None => (inner, ""),
    };
    Some(Section { name: name.to_owned(), command: command.to_owned(), kind: kind(name, command) })
}

/// `DUMP OF SERVICE package:`, since Android 9 also `DUMP OF SERVICE CRITICAL activity:`.
fn service(text: &str) -> Option<Section> {
    let rest = text.strip_prefix("DUMP OF SERVICE ")?.trim_end().strip_suffix(':')?;
    let name = rest.rsplit(' ').next().unwrap_or(rest);
    let kind = Service::named(name).map(Kind::Dumpsys);
    Some(Section { name: name.to_owned(), command: "dumpsys".to_owned(), kind })
}

/// `------ 0.015s was the duration of 'SYSTEM LOG' ------`, `--------- 0.002s was the duration of dumpsys x, …`,
/// and the rule in front of a service.
fn is_end(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("------") else { return false };
    rest.bytes().all(|byte| byte == b'-') && rest.len() > 20 || is_duration(rest)
}

fn is_duration(text: &str) -> bool {
    text.contains("was the duration of ")
}

/// What a section holds, by the command or file it was printed from.
fn kind(name: &str, command: &str) -> Option<Kind> {
    let program = command.split(' ').next().unwrap_or_default();
    let program = program.rsplit('/').next().unwrap_or(program);
    Some(match program {
        "logcat" => Kind::Logcat,
        "getprop" => Kind::Properties,
        "dumpsys" => return dumpsys(command),
        "packages.list" => Kind::PackagesList,
        "stats" if command.contains("xt_qtaguid") => Kind::Dumpsys(Service::Netstats),
        "tcp" | "tcp6" if command.contains("/net/") => Kind::ProcNet(Some(Protocol::Tcp)),
        "udp" | "udp6" if command.contains("/net/") => Kind::ProcNet(Some(Protocol::Udp)),
        _ if name == "SYSTEM PROPERTIES" => Kind::Properties,
        _ if matches!(name, "EVENT LOG" | "RADIO LOG" | "SYSTEM LOG") => Kind::Logcat,
        _ => return None,
    })
}

/// `dumpsys netstats --checkin`, `dumpsys -t 60 activity processes`
fn dumpsys(command: &str) -> Option<Kind> {
    command.split(' ').skip(1).find_map(Service::named).map(Kind::Dumpsys)
}

/// The report goes on for some minutes, its logs with it.
fn later(made: Timestamp) -> Timestamp {
    const WHILE: i64 = 3600 * 1_000_000_000;
    Timestamp(made.0.saturating_add(WHILE))
}

#[cfg(test)]
mod tests {
    use super::{Bugreport, recognise};
    use crate::{
        Kind, Service,
        clock::Clock,
        reader::{Fact, LineReader as _},
        testing,
    };

    const REPORT: &str = "\
========================================================
== dumpstate: 2019-01-01 00:10:00
========================================================

Build: PPR1
------ SYSTEM LOG (logcat -v threadtime -v printable -v uid -d *:v) ------
--------- beginning of main
12-31 23:59:59.900  1000   585   612 I ActivityManager: Displayed com.example.app/.Main: +1s
------ 0.015s was the duration of 'SYSTEM LOG' ------

------  UPTIME (uptime) -----
not a record
------ SYSTEM PROPERTIES (getprop) ------
[ro.product.model]: [X]
------ QTAGUID STATS INFO (/proc/net/xt_qtaguid/stats) ------
idx iface acct_tag_hex uid_tag_int cnt_set rx_bytes rx_packets tx_bytes tx_packets
2 wlan0 0x0 10012 0 8092 61 3 4
------ DUMPSYS (dumpsys) ------
Currently running services:
  appops
-------------------------------------------------------------------------------
DUMP OF SERVICE package:
Packages:
  Package [com.example.app] (d64f8e0):
    userId=10123
--------- 0.053s was the duration of dumpsys package, ending at: 2019-01-01 00:11:00
-------------------------------------------------------------------------------
DUMP OF SERVICE CRITICAL wallpaper:
  Package [com.not.me] (1):
";

    #[test]
    fn sections_go_to_their_readers() {
        assert!(recognise(REPORT));
        let facts = testing::facts_of(&mut Bugreport::new(Clock::ahead(0)), REPORT);
        let seen: Vec<String> = facts
            .iter()
            .map(|fact| match fact {
                Fact::Mark(mark) => format!("{} {}", mark.value.kind.name(), mark.value.time.unwrap()),
                Fact::Package(package) => package.value.name.clone(),
                Fact::Property(property) => property.value.value.clone(),
                Fact::Record(record) => record.value.tag.to_string(),
                Fact::Section(section) => format!("{} {:?}", section.value.name, section.value.kind),
                Fact::Usage(usage) => usage.value.rx_bytes.to_string(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            seen,
            [
                "ActivityManager",
                "activity-started 2018-12-31T23:59:59.900000Z",
                "SYSTEM LOG Some(Logcat)",
                "UPTIME None",
                "X",
                "SYSTEM PROPERTIES Some(Properties)",
                "8092",
                "QTAGUID STATS INFO Some(Dumpsys(Netstats))",
                "DUMPSYS None",
                "com.example.app",
                "package Some(Dumpsys(Package))",
                "wallpaper None",
            ]
        );
        let Fact::Section(last) = &facts[facts.len() - 2] else { panic!() };
        assert_eq!(last.value.kind, Some(Kind::Dumpsys(Service::Package)));
        assert!(testing::text_of(REPORT, last).starts_with("DUMP OF SERVICE package:"));
        assert!(testing::text_of(REPORT, last).ends_with("userId=10123"));
    }

    #[test]
    fn an_empty_report_says_nothing() {
        let mut out = Vec::new();
        Bugreport::new(Clock::default()).finish(&mut out);
        assert!(out.is_empty());
    }
}
