//! What a phone's file is, told by how it begins and never by its name.

use std::borrow::Cow;

use crate::{
    bugreport,
    clock::Clock,
    intrusion, lines, logs, marks,
    packages::{recognise_androidqf, recognise_installed, recognise_list},
    reader,
    system::{self, Protocol},
};

/// How many bytes of a file show its kind.
pub const BEGINNING: usize = 8 * 1024;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `access.abx`: what apps may do that needs a permission.
    Access(Xml),
    /// `appops.xml` or `appops_accesses.xml`: what apps did that needs a permission.
    AppOps(Xml),
    /// A bugreport's text, or all of `dumpsys`.
    Bugreport,
    /// `build.prop`.
    BuildProperties,
    /// What `dumpsys` prints of one service.
    Dumpsys(Service),
    /// Marks written by hand.
    EventsCsv,
    /// An intrusion log, or what is written in the form of Android 16's.
    IntrusionLog,
    /// A log.
    Logcat,
    /// What `pm list packages` prints.
    PackageList,
    /// `package-restrictions.xml`: what a user made of the packages.
    PackageRestrictions(Xml),
    /// AndroidQF's `packages.json`.
    PackagesJson,
    /// `packages.list`.
    PackagesList,
    /// `packages.xml`.
    PackagesXml(Xml),
    /// A table of sockets, `/proc/net/tcp`; of which protocol, where it is known.
    ProcNet(Option<Protocol>),
    /// What `getprop` prints.
    Properties,
    /// `runtime-permissions.xml`: what a user allowed the packages.
    RuntimePermissions(Xml),
}

/// A service that `dumpsys` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Processes.
    Activity,
    /// Alarms.
    Alarm,
    /// Operations that need a permission.
    Appops,
    /// Requests for the position.
    Location,
    /// Bytes by uid; also `/proc/net/xt_qtaguid/stats`.
    Netstats,
    /// Packages.
    Package,
}

/// How XML is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Xml {
    /// Android's binary form (ABX).
    Binary,
    /// Text.
    Text,
}

impl Kind {
    /// The kind of a file that begins with `bytes`, the first [`BEGINNING`] of it (all, where it has fewer);
    /// `None` where it is none of these.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..BEGINNING).unwrap_or(bytes);
        let text = text(bytes);
        let kind = RECOGNISERS.iter().find_map(|recognise| recognise(bytes, &text));
        kind.filter(|kind| !is_wide(bytes) || kind.is_also_wide())
    }

    /// Whether its reader takes UTF-16, too: those that go line by line do.
    fn is_also_wide(self) -> bool {
        self == Self::EventsCsv || reader::line_reader(self, Clock::default()).is_some()
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Access(_) => "access.abx",
            Self::AppOps(Xml::Binary) => "appops.xml (binary)",
            Self::AppOps(Xml::Text) => "appops.xml",
            Self::Bugreport => "bugreport",
            Self::BuildProperties => "build.prop",
            Self::Dumpsys(service) => service.title(),
            Self::EventsCsv => "events by hand",
            Self::IntrusionLog => "intrusion log (by its form)",
            Self::Logcat => "logcat",
            Self::PackageList => "pm list packages",
            Self::PackageRestrictions(Xml::Binary) => "package-restrictions.xml (binary)",
            Self::PackageRestrictions(Xml::Text) => "package-restrictions.xml",
            Self::PackagesJson => "packages.json",
            Self::PackagesList => "packages.list",
            Self::PackagesXml(Xml::Binary) => "packages.xml (binary)",
            Self::PackagesXml(Xml::Text) => "packages.xml",
            Self::ProcNet(_) => "/proc/net",
            Self::Properties => "getprop",
            Self::RuntimePermissions(Xml::Binary) => "runtime-permissions.xml (binary)",
            Self::RuntimePermissions(Xml::Text) => "runtime-permissions.xml",
        }
    }
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Activity, Self::Alarm, Self::Appops, Self::Location, Self::Netstats, Self::Package];

    /// The service of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }

    /// Its name, as `dumpsys` takes it.
    pub fn name(self) -> &'static str {
        self.title().strip_prefix("dumpsys ").unwrap_or_default()
    }

    fn title(self) -> &'static str {
        match self {
            Self::Activity => "dumpsys activity",
            Self::Alarm => "dumpsys alarm",
            Self::Appops => "dumpsys appops",
            Self::Location => "dumpsys location",
            Self::Netstats => "dumpsys netstats",
            Self::Package => "dumpsys package",
        }
    }
}

/// The kind of a beginning, given as bytes and as text.
type Recogniser = fn(&[u8], &str) -> Option<Kind>;

/// One for each kind, the sure ones first: what holds other kinds' text must come before them, and a log, whose
/// lines may quote anything, last.
const RECOGNISERS: &[Recogniser] = &[
    settings_xml,
    |_, text| intrusion::recognise(text).then_some(Kind::IntrusionLog),
    |_, text| recognise_androidqf(text).then_some(Kind::PackagesJson),
    |_, text| marks::recognise(text).then_some(Kind::EventsCsv),
    |_, text| bugreport::recognise(text).then_some(Kind::Bugreport),
    |_, text| service(text).map(Kind::Dumpsys),
    |_, text| system::recognise_sockets(text).map(Kind::ProcNet),
    |_, text| system::recognise_getprop(text).then_some(Kind::Properties),
    |_, text| recognise_list(text).then_some(Kind::PackageList),
    |_, text| recognise_installed(text).then_some(Kind::PackagesList),
    |_, text| logs::recognise(text).then_some(Kind::Logcat),
    |_, text| system::recognise_netstats(text).then_some(Kind::Dumpsys(Service::Netstats)),
    |_, text| system::recognise_build(text).then_some(Kind::BuildProperties),
];

/// The beginning without a byte order mark, and without the line it was cut in.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    let (length, wide) = lines::mark(bytes);
    let is_cut = bytes.len() >= BEGINNING;
    let bytes = bytes.get(length..).unwrap_or_default();
    let text = match wide {
        Some(encoding) => encoding.decode_without_bom_handling(bytes).0,
        None => String::from_utf8_lossy(bytes),
    };
    match text.rfind('\n').filter(|_| is_cut) {
        Some(at) => Cow::Owned(text.get(..at).unwrap_or_default().to_owned()),
        None => text,
    }
}

/// Whether the text is UTF-16.
fn is_wide(bytes: &[u8]) -> bool {
    lines::mark(bytes).1.is_some()
}

/// One of the files of the package manager and of app-ops, told by its root.
fn settings_xml(bytes: &[u8], text: &str) -> Option<Kind> {
    let xml = if bytes.starts_with(b"ABX") { Xml::Binary } else { Xml::Text };
    let is_root = |name: &str| match xml {
        Xml::Binary => is_binary_root(bytes, name),
        Xml::Text => is_text_root(text, name),
    };
    let kind = ROOTS.iter().find(|(name, _)| is_root(name)).map(|(_, kind)| kind(xml));
    // That one is never written as text, and its root is a word of everyday.
    kind.filter(|kind| *kind != Kind::Access(Xml::Text))
}

/// The root of a file in XML, and the kind it makes.
type Root = (&'static str, fn(Xml) -> Kind);

/// The roots of the files of the package manager and of app-ops.
const ROOTS: [Root; 5] = [
    ("access", Kind::Access),
    ("app-ops", Kind::AppOps),
    ("packages", Kind::PackagesXml),
    ("package-restrictions", Kind::PackageRestrictions),
    ("runtime-permissions", Kind::RuntimePermissions),
];

/// The first name stands behind its length, in two bytes.
fn is_binary_root(bytes: &[u8], name: &str) -> bool {
    let length = u16::try_from(name.len()).unwrap_or(u16::MAX).to_be_bytes();
    let written = [&length[..], name.as_bytes()].concat();
    memchr::memmem::find(bytes.get(..64).unwrap_or(bytes), &written).is_some()
}

fn is_text_root(text: &str, name: &str) -> bool {
    let head = text.trim_start();
    let behind_head = head.split_once("?>").filter(|_| head.starts_with("<?xml")).map(|(_, rest)| rest);
    let root = behind_head.unwrap_or(head).trim_start().strip_prefix('<');
    let rest = root.and_then(|root| root.strip_prefix(name));
    rest.is_some_and(|rest| rest.starts_with(['>', ' ', '\n', '\r', '\t']))
}

/// The service that prints such lines at its beginning.
fn service(text: &str) -> Option<Service> {
    const LINES: [(&str, Service); 14] = [
        ("ACTIVITY MANAGER ", Service::Activity),
        ("Activity Resolver Table:", Service::Package),
        ("Current Alarm Manager state:", Service::Alarm),
        ("Current AppOps Service state:", Service::Appops),
        ("Current Location Manager state:", Service::Location),
        ("Database versions:", Service::Package),
        ("Dev stats:", Service::Netstats),
        ("Hidden system packages:", Service::Package),
        ("Known Packages:", Service::Package),
        ("Location Manager State:", Service::Location),
        ("Receiver Resolver Table:", Service::Package),
        ("Verifiers:", Service::Package),
        ("  Package [", Service::Package),
        ("idx iface acct_tag_hex", Service::Netstats),
    ];
    text.lines().find_map(|line| {
        let known = LINES.iter().find(|(start, _)| line.starts_with(start));
        known.map(|(_, service)| *service)
    })
}

#[cfg(test)]
mod tests {
    use super::{BEGINNING, Kind, Service, Xml};
    use crate::system::Protocol;

    #[test]
    fn kinds_are_told_by_their_beginning() {
        let rows: [(&[u8], Kind); 26] = [
            (b"ABX\x00\x10\x32\xff\xff\x00\x06access\x32", Kind::Access(Xml::Binary)),
            (b"ABX\x00\x10\x32\xff\xff\x00\x07app-ops", Kind::AppOps(Xml::Binary)),
            (b"<?xml version='1.0' ?>\n<app-ops v=\"1\">", Kind::AppOps(Xml::Text)),
            (b"=====\n== dumpstate: 2019-01-01 00:10:00\n", Kind::Bugreport),
            (b"Currently running services:\r\n  a\r\nDUMP OF SERVICE a:\r\n", Kind::Bugreport),
            (b"DUMP OF SERVICE package:\n  Package [a] (1):\n", Kind::Bugreport),
            (b"ro.build.id=1\nro.build.x=2\n", Kind::BuildProperties),
            (
                b"\nACTIVITY MANAGER RUNNING PROCESSES (dumpsys activity processes)\n",
                Kind::Dumpsys(Service::Activity),
            ),
            (b"Current Alarm Manager state:\n", Kind::Dumpsys(Service::Alarm)),
            (b"Current AppOps Service state:\n", Kind::Dumpsys(Service::Appops)),
            (b"Location Manager State:\n", Kind::Dumpsys(Service::Location)),
            (b"Active interfaces:\n  iface=wlan0\n", Kind::Dumpsys(Service::Netstats)),
            (b"v1,1,2\nxt\nc,m,-1,all,0\n", Kind::Dumpsys(Service::Netstats)),
            (b"Packages:\n  Package [com.a] (1):\n    userId=1\n", Kind::Dumpsys(Service::Package)),
            (b"\xef\xbb\xbftime,kind,detail\r\n", Kind::EventsCsv),
            (b"{\"dns_event\": {\"event_id\":0}}\n", Kind::IntrusionLog),
            (b"I/Tag(  1): a\nI/Tag(  1): b\nat x\n", Kind::Logcat),
            (b"package:com.a uid:10001\n", Kind::PackageList),
            (b"com.a 10001 0 /data/user/0/com.a default none\n", Kind::PackagesList),
            (b"[\n  { \"name\": \"com.a\", \"files\": [", Kind::PackagesJson),
            (b"<?xml version='1.0' ?>\n<packages>\n", Kind::PackagesXml(Xml::Text)),
            (b"ABX\x00\x10\x32\xff\xff\x00\x08packages", Kind::PackagesXml(Xml::Binary)),
            (b"<?xml version='1.0' ?>\r\n<package-restrictions>", Kind::PackageRestrictions(Xml::Text)),
            (b"<runtime-permissions version=\"9\">", Kind::RuntimePermissions(Xml::Text)),
            (b"  sl  local_address x inode\n", Kind::ProcNet(Some(Protocol::Tcp))),
            (b"[ro.a]: [b]\n", Kind::Properties),
        ];
        for (bytes, kind) in rows {
            assert_eq!(Kind::of(bytes), Some(kind), "{}", String::from_utf8_lossy(bytes));
            assert!(!kind.name().is_empty());
        }
    }

    #[test]
    fn other_files_are_none() {
        let rows: [&[u8]; 12] = [
            b"",
            b"<access><package name='a'/></access>",
            b"<packages-x>",
            b"<?xml version='1.0' ?><settings version=\"1\">",
            b"PK\x03\x04",
            b"SQLite format 3\0",
            b"ABX\x00\x10\x32\xff\xff\x00\x08settings",
            b"<smses count=\"1\">",
            b"{\"log\":{}}",
            b"a,b,c\n1,2,3\n",
            b"plain words\nin lines\n",
            b"uid\ntag\nxt\n",
        ];
        for bytes in rows {
            assert_eq!(Kind::of(bytes), None, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn wide_text_is_told_like_any_other() {
        let rows = [
            ("[ro.a]: [b]\r\n", Some(Kind::Properties)),
            ("package:com.a uid:10001\r\n", Some(Kind::PackageList)),
            ("I/Tag(  1): a\r\nI/Tag(  1): b\r\n", Some(Kind::Logcat)),
            ("Packages:\r\n  Package [com.a] (1):\r\n", Some(Kind::Dumpsys(Service::Package))),
            // Files that no terminal writes are read in UTF-8 alone.
            ("<?xml version='1.0' ?>\n<packages>\n", None),
            ("plain words\r\n", None),
        ];
        for (text, kind) in rows {
            let units: Vec<u16> = format!("\u{feff}{text}").encode_utf16().collect();
            let little: Vec<u8> = units.iter().copied().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = units.iter().copied().flat_map(u16::to_be_bytes).collect();
            assert_eq!((Kind::of(&little), Kind::of(&big)), (kind, kind), "{text}");
        }
    }

    #[test]
    fn the_cut_in_a_line_is_no_hindrance() {
        let mut log = b"03-21 07:41:05.123   585   612 I Act: m\n".repeat(BEGINNING / 40 + 1);
        log.push(b'x');
        assert_eq!(Kind::of(&log), Some(Kind::Logcat));
    }
}
