//! Where and under which conditions was measured.

use std::{fs, path::Path, process::Command};

/// Seconds that the processors were busy since the start of the system; `None` where it does not tell.
pub(super) fn busy() -> Option<f64> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let mut fields =
        text.lines().next()?.split_whitespace().skip(1).filter_map(|field| field.parse::<f64>().ok());
    let (user, nice, system) = (fields.next()?, fields.next()?, fields.next()?);
    // In hundredths of a second on every Linux.
    Some((user + nice + system) / 100.0)
}

/// The numbers of programs that ran or waited for a processor, over 1, 5 and 15 minutes.
pub(super) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let numbers: Vec<&str> = text.split(' ').take(3).collect();
    if numbers.is_empty() { "unknown".to_owned() } else { numbers.join(", ") }
}

/// A list in Markdown: the machine, the revision, and how loaded it was before and after.
pub(super) fn conditions(root: &Path, (before, after): (&str, &str)) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let system = first_line(Command::new("uname").args(["-s", "-r", "-m"])).unwrap_or_default();
    format!(
        "- Machine: {}, {cores} cores, {} of memory; {system}; {}.\n- Revision: {}; {}.\n- Load averages: {before} before, {after} after. Idle, they would be near 0; from {cores} on, programs wait for each other.\n",
        model(),
        memory(),
        distribution(),
        revision(root),
        first_line(Command::new("rustc").arg("--version")).unwrap_or_default(),
    )
}

/// The first line that a command prints; `None` where it cannot be run.
pub(super) fn first_line(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    // tshark warns those who run it as root before it says anything else.
    let line = text.lines().find(|line| !line.is_empty() && !line.starts_with("Running as"))?;
    Some(line.trim().to_owned())
}

fn model() -> String {
    let name = value_of("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let virtual_ = fs::read_to_string("/proc/cpuinfo").is_ok_and(|text| text.contains(" hypervisor"));
    let features = if virtual_ { " (virtual)" } else { "" };
    format!("{name}{features}")
}

fn memory() -> String {
    let kibibytes = value_of("/proc/meminfo", "MemTotal");
    let kibibytes = kibibytes.and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    kibibytes.map_or_else(|| "unknown size".to_owned(), |size| format!("{} GiB", size.div_ceil(1 << 20)))
}

fn distribution() -> String {
    let name = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = name.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or("unknown system");
    name.trim_matches('"').to_owned()
}

fn value_of(file: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn revision(root: &Path) -> String {
    let git = |arguments: &[&str]| first_line(Command::new("git").args(arguments).current_dir(root));
    let revision = git(&["rev-parse", "--short", "HEAD"]).unwrap_or_else(|| "unknown".to_owned());
    let changed =
        git(&["status", "--porcelain", "--untracked-files=no", "--", "crates", "Cargo.lock", "data"]);
    let changed = if changed.is_some() { ", with changes that are not committed" } else { "" };
    format!("{revision}{changed}")
}
