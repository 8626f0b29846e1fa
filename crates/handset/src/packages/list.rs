//! Short lists of packages: what `pm list packages` prints, and the system's `packages.list`.

use super::{Flags, Package};
use crate::{
    Uid,
    lines::{Broken, Line},
    reader::{Fact, LineReader},
    scan::{self, Scan},
};

/// Reads what `pm list packages` prints, with any of `-f`, `-U`, `-i`, `--show-versioncode`:
/// `package:[path=]name [versionCode:…] [installer=…] [uid:…[,…]]`.
#[derive(Clone, Debug, Default)]
pub(crate) struct List {
    broken: Broken,
}

impl LineReader for List {
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<Fact>) {
        let text = line.text();
        match listed(line, &text) {
            Some(package) => out.push(Fact::Package(line.found(Box::new(package)))),
            None => self.broken.count(line, &text),
        }
    }

    fn finish(&mut self, out: &mut Vec<Fact>) {
        out.extend(self.broken.oddity("file holds lines that are no packages of a list").map(Fact::Oddity));
    }
}

/// Reads `packages.list` (AOSP `Settings.writePackageListLPr`): name, uid, whether it may be debugged, data
/// folder, security info, groups, and since Android 10 whether the shell may profile it, the version, and who
/// installed it.
#[derive(Clone, Debug, Default)]
pub(crate) struct InstalledList {
    broken: Broken,
}

impl LineReader for InstalledList {
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<Fact>) {
        let text = line.text();
        match installed(line, &text) {
            Some(package) => out.push(Fact::Package(line.found(Box::new(package)))),
            None => self.broken.count(line, &text),
        }
    }

    fn finish(&mut self, out: &mut Vec<Fact>) {
        out.extend(self.broken.oddity("file holds lines that are no installed packages").map(Fact::Oddity));
    }
}

/// Whether a file that begins so was printed by `pm list packages`.
pub(crate) fn recognise_list(beginning: &str) -> bool {
    let first = beginning.lines().find(|line| !line.trim().is_empty());
    first.is_some_and(|line| line.starts_with("package:") && line.len() > "package:".len())
}

/// Whether a file that begins so is `packages.list`.
pub(crate) fn recognise_installed(beginning: &str) -> bool {
    let first = beginning.lines().next().unwrap_or_default();
    let words: Vec<&str> = first.split(' ').take(5).collect();
    matches!(words[..], [name, uid, debuggable, folder, _]
        if scan::is_package(name)
            && uid.parse::<u32>().is_ok()
            && matches!(debuggable, "0" | "1")
            && folder.starts_with('/'))
}

/// The path may hold `=`, the name may not.
fn listed(line: &Line<'_>, text: &str) -> Option<Package> {
    let mut words = Scan::new(text.strip_prefix("package:")?);
    let head = words.word()?;
    let (path, name) = head.rsplit_once('=').map_or((None, head), |(path, name)| (Some(path), name));
    let mut package = Some(name).filter(|name| scan::is_package(name)).map(Package::named)?;
    if let Some(path) = path {
        package.code_path = Some(line.found(path.to_owned()));
    }
    while let Some(word) = words.word() {
        tell(&mut package, line, word);
    }
    Some(package)
}

fn tell(package: &mut Package, line: &Line<'_>, word: &str) {
    if let Some(uids) = word.strip_prefix("uid:") {
        let uid = uids.split(',').next().and_then(|uid| uid.parse().ok());
        package.uid = uid.map(|uid: u32| line.found(Uid(Uid(uid).app_id())));
    } else if let Some(installer) = word.strip_prefix("installer=").filter(|name| *name != "null") {
        package.installer = Some(line.found(installer.to_owned()));
    } else if let Some(version) = word.strip_prefix("versionCode:") {
        package.version_code = version.parse().ok().map(|version| line.found(version));
    }
}

fn installed(line: &Line<'_>, text: &str) -> Option<Package> {
    let mut words = text.split(' ');
    let mut package = words.next().filter(|name| scan::is_package(name)).map(Package::named)?;
    package.uid = Some(line.found(Uid(words.next()?.parse().ok()?)));
    let rest: Vec<&str> = words.take(8).collect();
    let privileged = rest.get(2)?.split(':').any(|part| part == "privapp");
    if privileged {
        package.flags = Some(line.found(Flags { system: true, privileged, updated: false }));
    }
    if let Some(version) = rest.get(5).and_then(|version| version.parse().ok()) {
        package.version_code = Some(line.found(version));
    }
    // `@system` and `@product` are places of the system, `@null` is nobody, a name is who installed it.
    match rest.get(7).copied() {
        Some("@null") | None => {}
        Some(place) if place.starts_with('@') => {
            package.flags = Some(line.found(Flags { system: true, privileged, updated: false }));
        }
        Some(installer) => package.installer = Some(line.found(installer.to_owned())),
    }
    Some(package)
}

#[cfg(test)]
mod tests {
    use super::{InstalledList, List, recognise_installed, recognise_list};
    use crate::{Uid, reader::Fact, testing};

    fn packages(facts: &[Fact]) -> Vec<String> {
        facts
            .iter()
            .map(|fact| match fact {
                Fact::Package(found) => {
                    let package = &found.value;
                    let uid = package.uid.as_ref().map_or(Uid(0), |uid| uid.value);
                    let path = package.code_path.as_ref().map_or("-", |path| &path.value);
                    let installer = package.installer.as_ref().map_or("-", |installer| &installer.value);
                    let flags = package.flags.as_ref().map(|flags| flags.value).unwrap_or_default();
                    format!("{} {uid} {path} {installer} {} {}", package.name, flags.system, flags.privileged)
                }
                Fact::Oddity(oddity) => format!("{} ({})", oddity.what, oddity.detail),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn what_pm_lists() {
        let text = "package:com.android.phone\r\n\
            package:/data/app/~~a==/com.example.app-b==/base.apk=com.example.app versionCode:7 \
            installer=com.android.vending uid:10123,1010123\n\
            package:android installer=null uid:1000\n\
            WARNING: linker\n";
        assert!(recognise_list(text));
        let facts = testing::facts_of(&mut List::default(), text);
        assert_eq!(
            packages(&facts),
            [
                "com.android.phone 0 - - false false",
                "com.example.app u0a123 /data/app/~~a==/com.example.app-b==/base.apk com.android.vending false false",
                "android 1000 - - false false",
                "file holds lines that are no packages of a list (1 line)"
            ]
        );
    }

    #[test]
    fn what_the_system_lists() {
        let text = "com.android.phone 1001 0 /data/user_de/0/com.android.phone \
            platform:privapp:targetSdkVersion=28 3002,3003 0 28 1 @system\n\
            com.example.app 10123 1 /data/user/0/com.example.app default:targetSdkVersion=28 none 0 7 1 com.shop\n\
            com.old 10001 0 /data/data/com.old default none\n\
            broken\n";
        assert!(recognise_installed(text) && !recognise_installed("a b c d e"));
        let facts = testing::facts_of(&mut InstalledList::default(), text);
        assert_eq!(
            packages(&facts),
            [
                "com.android.phone 1001 - - true true",
                "com.example.app u0a123 - com.shop false false",
                "com.old u0a1 - - false false",
                "file holds lines that are no installed packages (1 line)"
            ]
        );
    }
}
