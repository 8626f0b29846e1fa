//! What `dumpsys package` prints (AOSP `Settings.dumpPackagesLPr`, Android 5 to 16).
//!
//! A package is a block of indented lines below `Package [name] (…):`; the packages that came with the system
//! and were updated stand again under `Hidden system packages:`. Before them come the resolver tables: which
//! component listens to which action.

use super::{Component, Flags, Package, Permission, Role, SharedUser, Signer, UserState};
use crate::{
    Found, Uid,
    clock::{self, Clock},
    lines::Line,
    reader::{Fact, LineReader},
    scan::{self, Scan},
};

/// Reads `dumpsys package`.
#[derive(Clone, Debug)]
pub(crate) struct Dump {
    clock: Clock,
    part: Part,
    block: Option<Block>,
    resolver: Resolver,
}

/// The part of the dump that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Activities,
    Hidden,
    Other,
    Receivers,
}

/// A package or shared user that is being read.
#[derive(Clone, Debug)]
struct Block {
    subject: Subject,
    indent: usize,
    start: u64,
    end: u64,
    list: PermissionList,
    user: Option<u32>,
}

#[derive(Clone, Debug)]
enum Subject {
    Package(Box<Package>),
    SharedUser(SharedUser),
}

/// The list of permissions that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PermissionList {
    None,
    Requested,
    State,
}

/// What is known within a resolver table.
#[derive(Clone, Debug, Default)]
struct Resolver {
    list: ResolverList,
    action: String,
    component: Option<(String, String)>,
}

/// A list of a resolver table. The same filter stands in several; broadcasts are read where their actions are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ResolverList {
    /// Components below the action they listen to.
    Actions,
    #[default]
    Other,
    /// Components below the scheme of what the broadcast is about, the actions behind them.
    Schemes,
}

impl Dump {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, part: Part::Other, block: None, resolver: Resolver::default() }
    }

    fn close(&mut self, out: &mut Vec<Fact>) {
        let Some(block) = self.block.take() else { return };
        let bytes = block.start..block.end;
        out.push(match block.subject {
            Subject::Package(package) => Fact::Package(Found::new(package, bytes)),
            Subject::SharedUser(user) => Fact::SharedUser(Found::new(user, bytes)),
        });
    }

    /// Begins a block, where the line heads one.
    fn open(&mut self, line: &Line<'_>, text: &str) -> bool {
        let Some(subject) = subject(text.trim(), self.part) else { return false };
        self.block = Some(Block {
            subject,
            indent: scan::indent(text),
            start: line.start,
            end: line.end,
            list: PermissionList::None,
            user: None,
        });
        true
    }

    fn outside(&mut self, line: &Line<'_>, text: &str, out: &mut Vec<Fact>) {
        if scan::indent(text) == 0 {
            self.part = part(text);
            self.resolver = Resolver::default();
        }
        let role = match self.part {
            Part::Activities => self.resolver.launcher(text),
            Part::Receivers => self.resolver.receiver(text),
            Part::Hidden | Part::Other => None,
        };
        out.extend(role.map(|component| Fact::Component(line.found(component))));
    }
}

impl LineReader for Dump {
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<Fact>) {
        let text = line.text();
        if text.trim().is_empty() {
            return;
        }
        if self.block.as_ref().is_some_and(|block| scan::indent(&text) <= block.indent) {
            self.close(out);
        }
        if let Some(block) = &mut self.block {
            block.line(line, &text, &mut self.clock);
        } else if !self.open(line, &text) {
            self.outside(line, &text, out);
        }
    }

    fn finish(&mut self, out: &mut Vec<Fact>) {
        self.close(out);
    }
}

impl Block {
    fn line(&mut self, line: &Line<'_>, text: &str, clock: &mut Clock) {
        self.end = line.end;
        let text = text.trim();
        if let Some(list) = permission_list(text) {
            self.list = list;
        } else if let Some(user) = user(text) {
            self.user = Some(user);
            self.list = PermissionList::None;
            self.tell(line, text, clock);
        } else if !self.permission(line, text) {
            self.list = PermissionList::None;
            self.tell(line, text, clock);
        }
    }

    /// Takes a permission, where the line is one of the list at hand.
    fn permission(&mut self, line: &Line<'_>, text: &str) -> bool {
        let read = match self.list {
            PermissionList::None => None,
            PermissionList::Requested => requested(text),
            PermissionList::State => state(text, self.user),
        };
        let Some(permission) = read else { return false };
        match &mut self.subject {
            Subject::Package(package) if package.has_room() => {
                package.permissions.push(line.found(permission));
            }
            Subject::SharedUser(user) if user.permissions.len() < super::MAX_PARTS => {
                user.permissions.push(line.found(permission));
            }
            Subject::Package(_) | Subject::SharedUser(_) => {}
        }
        true
    }

    fn tell(&mut self, line: &Line<'_>, text: &str, clock: &mut Clock) {
        match &mut self.subject {
            Subject::Package(package) => tell_package(package, line, text, clock),
            Subject::SharedUser(user) => {
                if let Some(uid) = app_id(text) {
                    user.uid.get_or_insert(line.found(uid));
                }
            }
        }
    }
}

impl Resolver {
    /// `category.LAUNCHER` of the component above.
    fn launcher(&mut self, text: &str) -> Option<Component> {
        self.component = component(text).or(self.component.take());
        let is_launcher = text.contains("\"android.intent.category.LAUNCHER\"");
        let (package, class) = self.component.as_ref().filter(|_| is_launcher)?.clone();
        Some(Component { package, class, role: Role::Launcher })
    }

    /// A component below the action it listens to.
    fn receiver(&mut self, text: &str) -> Option<Component> {
        if let Some(list) = resolver_list(text.trim()) {
            *self = Self { list, ..Self::default() };
            return None;
        }
        match self.list {
            ResolverList::Actions => self.below_action(text),
            ResolverList::Other => None,
            ResolverList::Schemes => self.below_scheme(text),
        }
    }

    fn below_action(&mut self, text: &str) -> Option<Component> {
        if let Some((package, class)) = component(text) {
            let action = Some(&self.action).filter(|action| !action.is_empty())?;
            return Some(Component { package, class, role: Role::Receiver(action.clone()) });
        }
        let heading = text.trim().strip_suffix(':').filter(|heading| is_action(heading));
        if let Some(action) = heading {
            self.action = action.to_owned();
        }
        None
    }

    fn below_scheme(&mut self, text: &str) -> Option<Component> {
        self.component = component(text).or(self.component.take());
        let action = scan::between(text, "Action: \"", "\"")?;
        let (package, class) = self.component.clone()?;
        Some(Component { package, class, role: Role::Receiver(action.to_owned()) })
    }
}

/// Tells a package what a line of its block says.
fn tell_package(package: &mut Package, line: &Line<'_>, text: &str, clock: &mut Clock) {
    let Some((key, value)) = text.split_once('=') else { return };
    if key.starts_with("User ") {
        return tell_user(package, line, text, clock);
    }
    match key {
        "appId" | "userId" => set(&mut package.uid, line, app_id(text)),
        "sharedUser" => set(&mut package.shared_user, line, shared_user(value)),
        "codePath" => set(&mut package.code_path, line, some(value)),
        "versionName" => set(&mut package.version_name, line, some(value)),
        "versionCode" => set(&mut package.version_code, line, scan::number(text, "versionCode")),
        "installerPackageName" => set(&mut package.installer, line, some(value)),
        "firstInstallTime" => set(&mut package.first_install, line, clock::local(value, clock)),
        "lastUpdateTime" => set(&mut package.last_update, line, clock::local(value, clock)),
        "flags" | "pkgFlags" | "privateFlags" | "privatePkgFlags" => tell_flags(package, line, value),
        "signatures" => tell_signers(package, line, value),
        _ => {}
    }
}

/// The first telling stands.
fn set<T>(place: &mut Option<Found<T>>, line: &Line<'_>, value: Option<T>) {
    if let Some(value) = value {
        place.get_or_insert(line.found(value));
    }
}

fn some(value: &str) -> Option<String> {
    Some(value.trim()).filter(|value| !value.is_empty() && *value != "null").map(str::to_owned)
}

/// `userId=10143`, and `appId=` since Android 14.
fn app_id(text: &str) -> Option<Uid> {
    scan::number(text, "appId").or_else(|| scan::number(text, "userId")).map(Uid)
}

/// `SharedUserSetting{cb92b86 android.uid.system/1000}`
fn shared_user(value: &str) -> Option<String> {
    let inner = scan::between(value, "{", "}")?;
    let name = inner.rsplit_once(' ').map_or(inner, |(_, name)| name);
    some(name.split_once('/').map_or(name, |(name, _)| name))
}

/// `[ SYSTEM HAS_CODE UPDATED_SYSTEM_APP ]`
fn tell_flags(package: &mut Package, line: &Line<'_>, value: &str) {
    let has = |flag: &str| value.split([' ', '[', ']']).any(|word| word == flag);
    let flags = Flags {
        system: has("SYSTEM"),
        privileged: has("PRIVILEGED") || has("PRIVATE_FLAG_PRIVILEGED"),
        updated: has("UPDATED_SYSTEM_APP"),
    };
    let place = package.flags.get_or_insert_with(|| line.found(Flags::default()));
    if place.value.or(flags) != place.value {
        *place = Found::new(place.value.or(flags), place.start..line.end);
    }
}

/// `PackageSignatures{6c98c74 version:2, signatures:[b378e95c, …], past signatures:[]}`
fn tell_signers(package: &mut Package, line: &Line<'_>, value: &str) {
    let list = scan::between(value, "signatures:[", "]").or_else(|| scan::between(value, "[", "]"));
    let hashes = list.unwrap_or_default().split([',', ' ']).filter(|hash| !hash.is_empty());
    for hash in hashes.filter(|hash| hash.len() <= 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        if package.has_room() {
            package.signers.push(line.found(Signer::HashCode(hash.to_owned())));
        }
    }
}

/// `User 0: ceDataInode=… installed=true hidden=false … enabled=0`
fn tell_user(package: &mut Package, line: &Line<'_>, text: &str, clock: &mut Clock) {
    let Some(user) = user(text) else { return };
    let flag = |key| scan::value(text, key).and_then(|value| value.parse().ok());
    let state = UserState {
        user,
        installed: flag("installed"),
        hidden: flag("hidden"),
        stopped: flag("stopped"),
        enabled: scan::number(text, "enabled"),
        suspended: flag("suspended"),
        enabled_by: None,
    };
    if let Some(value) = scan::after(text, "firstInstallTime=") {
        set(&mut package.first_install, line, clock::local(value, clock));
    }
    if package.has_room() {
        package.users.push(line.found(state));
    }
}

/// `User 0: …`
fn user(text: &str) -> Option<u32> {
    let mut scan = Scan::new(text);
    scan.eat("User ")?;
    let user = scan.number()?;
    scan.eat(":").map(|()| user)
}

fn permission_list(text: &str) -> Option<PermissionList> {
    match text {
        "requested permissions:" => Some(PermissionList::Requested),
        "install permissions:" | "runtime permissions:" | "grantedPermissions:" => {
            Some(PermissionList::State)
        }
        "declared permissions:" => Some(PermissionList::None),
        _ => None,
    }
}

/// `android.permission.READ_SMS`, and `: restricted=true` behind it since Android 10.
fn requested(text: &str) -> Option<Permission> {
    let (name, state) = text.split_once(": ").unwrap_or((text, ""));
    is_action(name).then(|| Permission {
        name: name.to_owned(),
        granted: None,
        user: None,
        state: short(state),
    })
}

/// `android.permission.READ_SMS: granted=true, flags=[ USER_SET]`; before Android 6 a name alone is granted.
fn state(text: &str, user: Option<u32>) -> Option<Permission> {
    let (name, state) = text.split_once(": ").unwrap_or((text, "granted=true"));
    let granted = scan::value(state, "granted").and_then(|granted| granted.parse().ok());
    let flags = scan::between(state, "flags=[", "]").unwrap_or_default().trim();
    is_action(name).then(|| Permission { name: name.to_owned(), granted, user, state: short(flags) })
}

/// A state as it is kept; all that are known are shorter.
fn short(state: &str) -> String {
    state.chars().take(512).collect()
}

/// The subject of a block's heading.
fn subject(text: &str, part: Part) -> Option<Subject> {
    if let Some(rest) = text.strip_prefix("Package [") {
        let (name, _) = rest.split_once(']').filter(|(name, _)| scan::is_package(name))?;
        let is_original = part == Part::Hidden;
        return Some(Subject::Package(Box::new(Package { is_original, ..Package::named(name) })));
    }
    let (name, _) = text.strip_prefix("SharedUser [")?.split_once(']')?;
    Some(Subject::SharedUser(SharedUser { name: name.to_owned(), ..SharedUser::default() }))
}

fn part(text: &str) -> Part {
    match text.trim_end() {
        "Activity Resolver Table:" => Part::Activities,
        "Hidden system packages:" => Part::Hidden,
        "Receiver Resolver Table:" => Part::Receivers,
        _ => Part::Other,
    }
}

fn resolver_list(text: &str) -> Option<ResolverList> {
    match text {
        "Non-Data Actions:" => Some(ResolverList::Actions),
        "Schemes:" => Some(ResolverList::Schemes),
        "Base MIME Types:" | "Full MIME Types:" | "MIME Typed Actions:" | "Wild MIME Types:" => {
            Some(ResolverList::Other)
        }
        _ => None,
    }
}

/// `1234abc com.example.app/.Boot filter 5678def`
fn component(text: &str) -> Option<(String, String)> {
    let mut words = Scan::new(text);
    words.word().filter(|hash| hash.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    let (package, class) = words.word()?.split_once('/')?;
    (scan::is_package(package) && !class.is_empty()).then(|| (package.to_owned(), class.to_owned()))
}

/// Whether this can be the name of a permission or an action: one word with a dot or capitals, no value.
fn is_action(name: &str) -> bool {
    !name.is_empty() && name.len() <= 512 && !name.contains([' ', '=', '[', '{', ':', '"'])
}

#[cfg(test)]
mod tests {
    use super::Dump;
    use crate::{
        Uid,
        clock::Clock,
        packages::{Flags, Role, Signer},
        reader::Fact,
        testing,
    };

    const DUMP: &str = "\
Receiver Resolver Table:
  Non-Data Actions:
      android.intent.action.BOOT_COMPLETED:
        1a2b3c com.example.tracker/.BootReceiver filter 99
          Action: \"android.intent.action.BOOT_COMPLETED\"
  Schemes:
      package:
        1a2b3d com.example.tracker/.Installed filter 9a
          Action: \"android.intent.action.PACKAGE_ADDED\"
          Scheme: \"package\"
  MIME Typed Actions:
      android.intent.action.VIEW:
        1a2b3e com.example.tracker/.View filter 9b
Activity Resolver Table:
  Non-Data Actions:
      android.intent.action.MAIN:
        aa11 com.example.app/.Main filter bb22
          Action: \"android.intent.action.MAIN\"
          Category: \"android.intent.category.LAUNCHER\"

Packages:
  Package [com.example.tracker] (d64f8e0):
    userId=1000
    sharedUser=SharedUserSetting{cb92b86 android.uid.system/1000}
    pkg=Package{5be8c47 com.example.tracker}
    codePath=/system/priv-app/Tracker
    versionCode=57 minSdk=23 targetSdk=23
    versionName=1.0 beta
    flags=[ SYSTEM HAS_CODE UPDATED_SYSTEM_APP ]
    privateFlags=[ PRIVILEGED ]
    firstInstallTime=2017-01-02 03:04:05
    lastUpdateTime=2017-02-02 03:04:05
    signatures=PackageSignatures{6c98c74 version:2, signatures:[b378e95c, 12], past signatures:[]}
    declared permissions:
      com.example.PERMISSION: prot=normal, INSTALLED
    requested permissions:
      android.permission.SEND_SMS: restricted=true
      android.permission.INTERNET
    install permissions:
      android.permission.INTERNET: granted=true
    User 0: ceDataInode=1 installed=true hidden=true stopped=false notLaunched=false enabled=2 instant=false
      gids=[3002]
      runtime permissions:
        android.permission.SEND_SMS: granted=false, flags=[ USER_SET|POLICY]
  Package [com.example.app] (1):
    appId=10123
    installerPackageName=com.android.vending
    User 10: ceDataInode=0 installed=false hidden=false

Hidden system packages:
  Package [com.example.tracker] (2):
    userId=1000
    versionName=0.9
Shared users:
  SharedUser [android.uid.system] (3):
    appId=1000
    install permissions:
      android.permission.MASTER_CLEAR: granted=true
";

    #[test]
    fn a_dump_is_read_with_its_places() {
        let facts = testing::facts_of(&mut Dump::new(Clock::ahead(3600)), DUMP);
        let [
            Fact::Component(boot),
            Fact::Component(added),
            Fact::Component(main),
            Fact::Package(tracker),
            Fact::Package(app),
            rest @ ..,
        ] = &facts[..]
        else {
            panic!("{facts:#?}")
        };
        assert_eq!(boot.value.role, Role::Receiver("android.intent.action.BOOT_COMPLETED".into()));
        assert_eq!(added.value.class, ".Installed");
        assert_eq!(added.value.role, Role::Receiver("android.intent.action.PACKAGE_ADDED".into()));
        assert_eq!((main.value.package.as_str(), &main.value.role), ("com.example.app", &Role::Launcher));

        let package = &tracker.value;
        assert_eq!(package.uid.as_ref().unwrap().value, Uid(1000));
        assert_eq!(testing::text_of(DUMP, package.uid.as_ref().unwrap()), "    userId=1000");
        assert_eq!(package.shared_user.as_ref().unwrap().value, "android.uid.system");
        assert_eq!(package.version_name.as_ref().unwrap().value, "1.0 beta");
        assert_eq!(package.version_code.as_ref().unwrap().value, 57);
        let flags = package.flags.as_ref().unwrap();
        assert_eq!(flags.value, Flags { system: true, privileged: true, updated: true });
        assert_eq!(package.first_install.as_ref().unwrap().value.to_string(), "2017-01-02T02:04:05.000000Z");
        assert_eq!(package.signers[0].value, Signer::HashCode("b378e95c".into()));
        let permissions: Vec<_> = package
            .permissions
            .iter()
            .map(|found| {
                (found.value.name.rsplit('.').next().unwrap(), found.value.granted, found.value.user)
            })
            .collect();
        assert_eq!(
            permissions,
            [
                ("SEND_SMS", None, None),
                ("INTERNET", None, None),
                ("INTERNET", Some(true), None),
                ("SEND_SMS", Some(false), Some(0))
            ]
        );
        assert_eq!(package.permissions[3].value.state, "USER_SET|POLICY");
        assert_eq!((package.users[0].value.hidden, package.users[0].value.enabled), (Some(true), Some(2)));
        assert!(testing::text_of(DUMP, tracker).ends_with("flags=[ USER_SET|POLICY]"));

        assert_eq!(app.value.uid.as_ref().unwrap().value, Uid(10_123));
        assert_eq!(app.value.installer.as_ref().unwrap().value, "com.android.vending");
        assert_eq!(app.value.users[0].value.user, 10);

        let [Fact::Package(original), Fact::SharedUser(shared)] = rest else { panic!("{rest:#?}") };
        assert!(original.value.is_original && !tracker.value.is_original);
        assert_eq!((shared.value.name.as_str(), shared.value.permissions.len()), ("android.uid.system", 1));
    }
}
