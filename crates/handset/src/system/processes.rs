//! Which process is whose: the running processes of `dumpsys activity` (AOSP `ActivityManagerService`).
//!
//! A process is a line with `*APP*` or `*PERS*` and `ProcessRecord{… pid:name/uid}`, and the more indented lines
//! behind it. The lists further down name it again; where they stand alone (`dumpsys activity lru`), or name one
//! that came late, they tell of it: `Proc # 0: fg … pid:name/uid (…)`, `#90: fg … pid:name/uid`, `PID #664: …`.

use std::collections::BTreeSet;

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
    /// Numbers that were told.
    told: BTreeSet<u32>,
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
        if let Some(process) = process(text) {
            self.tell(process.pid);
            self.open = Some((line.found(process), indent));
        } else if let Some(process) = listed(text).filter(|process| self.tell(process.pid)) {
            out.push(Fact::Process(line.found(process)));
        }
    }

    fn finish(&mut self, out: &mut Vec<Fact>) {
        out.extend(self.open.take().map(|(process, _)| Fact::Process(process)));
    }
}

impl Processes {
    /// Whether the process of a number is told for the first time.
    fn tell(&mut self, pid: u32) -> bool {
        self.told.len() < MOST_PROCESSES && self.told.insert(pid)
    }
}

/// `*APP* UID 10123 ProcessRecord{abc 999:com.example:push/u0a123}`
fn process(text: &str) -> Option<Process> {
    if !text.starts_with("*APP*") && !text.starts_with("*PERS*") {
        return None;
    }
    named(scan::between(text, "ProcessRecord{", "}")?.split_once(' ')?.1)
}

/// A line of a list.
fn listed(text: &str) -> Option<Process> {
    const LISTS: [&str; 4] = ["#", "PERS #", "PID #", "Proc #"];
    let is_row = LISTS.iter().any(|list| text.starts_with(list)) && text.contains(':');
    if !is_row {
        return None;
    }
    let process = match scan::between(text, "ProcessRecord{", "}") {
        Some(record) => named(record.split_once(' ')?.1),
        None => text.split(' ').skip(1).find_map(named),
    };
    process.filter(|process| process.uid.is_some())
}

/// `999:com.example:push/u0a123`
fn named(word: &str) -> Option<Process> {
    let (pid, rest) = word.split_once(':')?;
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

/// A kernel has room for no more.
const MOST_PROCESSES: usize = 1 << 16;

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

    #[test]
    fn lists_tell_of_processes_that_nothing_else_tells_of() {
        let text = "ACTIVITY MANAGER LRU PROCESSES (dumpsys activity lru)\n  Activities:\n\
            \x20 #90: fg     TOP  LCMN 999:com.example.app:push/u0a123 act:activities|recents\n\
            \x20 #89: cch    CEM  ---- 999:com.example.app:push/u0a123\n\
            \x20   Proc # 0: fg     T/A/TOP  LCMN  t: 0 12:com.b/u0a17i5 (top-activity)\n\
            \x20   PID #664: ProcessRecord{1a 664:system/1000}\n  #1: 12:30:05 x/y\n";
        let facts = testing::facts_of(&mut Processes::default(), text);
        let told: Vec<_> = facts
            .iter()
            .map(|fact| match fact {
                Fact::Process(found) => (found.value.pid, found.value.name.as_str(), found.value.uid),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            told,
            [
                (999, "com.example.app:push", Some(Uid(10_123))),
                (12, "com.b", Some(Uid(10_017))),
                (664, "system", Some(Uid(1000))),
            ]
        );
    }
}
