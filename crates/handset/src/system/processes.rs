//! Which process is whose: the running processes of `dumpsys activity` (AOSP `ActivityManagerService`).
//!
//! A process is a line with `*APP*` or `*PERS*` and `ProcessRecord{… pid:name/uid}`, and the more indented lines
//! behind it; the lists further down only name it again.

use crate::{
    Found, Uid,
    lines::Line,
    reader::{Fact, LineReader},
    scan,
};

/// A process that ran when the dump was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its name: the package, and after a colon a part of it.
    pub name: String,
    /// Its uid.
    pub uid: Option<Uid>,
    /// The packages that run in it.
    pub packages: Vec<String>,
}

/// Reads `dumpsys activity`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Processes {
    open: Option<(Found<Process>, usize)>,
}

impl LineReader for Processes {
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<Fact>) {
        let text = line.text();
        let indent = scan::indent(&text);
        let text = text.trim();
        if let Some((open, of)) = &mut self.open
            && indent > *of
            && !text.is_empty()
        {
            open.end = line.end;
            return tell(&mut open.value, text);
        }
        self.finish(out);
        self.open = process(text).map(|process| (line.found(process), indent));
    }

    fn finish(&mut self, out: &mut Vec<Fact>) {
        out.extend(self.open.take().map(|(process, _)| Fact::Process(process)));
    }
}

/// `*APP* UID 10123 ProcessRecord{abc 999:com.example:push/u0a123}`
fn process(text: &str) -> Option<Process> {
    if !text.starts_with("*APP*") && !text.starts_with("*PERS*") {
        return None;
    }
    let record = scan::between(text, "ProcessRecord{", "}")?;
    let (pid, rest) = record.split_once(' ')?.1.split_once(':')?;
    let (name, uid) = rest.rsplit_once('/')?;
    // A process cut off from its app has the app's uid in front: `u0a17i3`.
    let app = uid.rsplit_once('i').map_or(uid, |(app, _)| app);
    let uid = Uid::parse(uid).or_else(|| Uid::parse(app));
    Some(Process { pid: pid.parse().ok()?, name: name.to_owned(), uid, packages: Vec::new() })
}

/// `packageList={com.example, com.other}`
fn tell(process: &mut Process, text: &str) {
    let Some(list) = text.strip_prefix("packageList={").and_then(|rest| rest.split_once('}')) else { return };
    let packages = list.0.split([',', ' ']).filter(|name| scan::is_package(name));
    let room = MOST_PACKAGES.saturating_sub(process.packages.len());
    process.packages.extend(packages.take(room).map(str::to_owned));
}

/// No process has a tenth of them.
const MOST_PACKAGES: usize = 1000;

#[cfg(test)]
mod tests {
    use super::Processes;
    use crate::{Uid, reader::Fact, testing};

    #[test]
    fn processes_have_their_packages() {
        let text = "ACTIVITY MANAGER RUNNING PROCESSES (dumpsys activity processes)\n  All known processes:\n\
            \x20 *PERS* UID 1000 ProcessRecord{1a 664:system/1000}\n    user #0 uid=1000 gids={}\n\
            \x20   packageList={android, com.android.settings}\n\
            \x20 *APP* UID 10123 ProcessRecord{2b 999:com.example.app:push/u0a123}\n    pid=999 starting=false\n\
            \x20   packageList={com.example.app}\n\
            \x20 *APP* UID 99005 ProcessRecord{3c 12:com.b:sandbox/u0a17i5}\n\n\
            \x20 Process LRU list:\n    Proc # 0: fg T/A/TOP 999:com.example.app/u0a123 (top-activity)\n";
        let facts = testing::facts_of(&mut Processes::default(), text);
        let [Fact::Process(system), Fact::Process(app), Fact::Process(sandbox)] = &facts[..] else {
            panic!("{facts:#?}")
        };
        assert_eq!((system.value.pid, system.value.uid), (664, Some(Uid(1000))));
        assert_eq!(system.value.packages, ["android", "com.android.settings"]);
        assert_eq!((app.value.name.as_str(), app.value.uid), ("com.example.app:push", Some(Uid(10_123))));
        assert_eq!(sandbox.value.uid, Some(Uid(10_017)));
        assert!(testing::text_of(text, app).ends_with("packageList={com.example.app}"));
    }
}
