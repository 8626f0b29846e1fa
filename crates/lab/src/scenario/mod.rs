//! The scenario file: TOML, every key of which is a field below. `cases/README.md` explains them with examples.
//!
//! A file may stand on others: `base = ["phone.toml", "@noise"]`. Tables are joined key by key and lists one behind
//! the other, the base's first; the file's own single values win. `@noise` is the lab's own
//! [ordinary traffic](NOISE), `@noise-light` [little of it](NOISE_LIGHT).

mod check;
mod moment;

use std::{collections::BTreeMap, net::Ipv4Addr};

use serde::Deserialize;
use time::OffsetDateTime;

pub(crate) use self::moment::nanos;
pub use self::moment::{Moment, Span};
use crate::LabError;

/// Ordinary traffic: checks for captive portals, time, content networks, video, other machines.
pub const NOISE: &str = include_str!("../../data/noise.toml");

/// Little of it, for captures of months.
pub const NOISE_LIGHT: &str = include_str!("../../data/noise-light.toml");

/// A phone, what its user does, and what its apps do about it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows, in a line.
    pub title: String,
    /// Everything random follows from it and from the phone's first IMEI.
    #[serde(default)]
    pub seed: u64,
    /// When the capture begins, RFC 3339; its offset is the phone's time zone.
    #[serde(deserialize_with = "moment::start")]
    pub start: OffsetDateTime,
    /// How long it runs.
    pub length: Span,
    /// The phone.
    pub phone: Phone,
    /// SIM cards; the first is in slot 1, the second in slot 2, others wait for a `sim-change`.
    #[serde(default)]
    pub sims: Vec<Sim>,
    /// Radio cells; the first serves unless the state `cell` says another number.
    #[serde(default)]
    pub cells: Vec<Cell>,
    /// Where the phone is.
    pub position: Option<Position>,
    /// Who is or can be signed in.
    #[serde(default)]
    pub accounts: Accounts,
    /// The address book at the beginning. Contacts that events add come to it.
    #[serde(default)]
    pub contacts: Vec<Contact>,
    /// Values that were planted and are no part of an event.
    #[serde(default)]
    pub planted: Planted,
    /// Installed packages.
    #[serde(default)]
    pub packages: Vec<Package>,
    /// Words that conditions look at: what holds in the beginning. Events change them with `set`. While `network` is
    /// `mobile`, what the phone sends goes past the capture.
    #[serde(default)]
    pub state: BTreeMap<String, String>,
    /// Constants, `${vars.name}`.
    #[serde(default)]
    pub vars: BTreeMap<String, String>,
    /// Identifiers that software makes, `${ids.name}`.
    #[serde(default)]
    pub ids: Vec<MadeId>,
    /// Long lists, `${lists.name}`.
    #[serde(default)]
    pub lists: BTreeMap<String, List>,
    /// What the user and the network do.
    #[serde(default)]
    pub events: Vec<Event>,
    /// Servers.
    #[serde(default)]
    pub servers: Vec<Server>,
    /// What sends.
    #[serde(default)]
    pub senders: Vec<Sender>,
    /// Other machines on the network.
    #[serde(default)]
    pub hosts: Vec<Device>,
    /// The network's conditions.
    #[serde(default)]
    pub network: Network,
    /// What the investigator has.
    #[serde(default)]
    pub evidence: Evidence,
}

/// The phone's own facts. What is empty is neither in the profile nor in the phone's files.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phone {
    /// What reports call it.
    pub name: String,
    /// `ro.product.manufacturer`.
    pub manufacturer: String,
    /// `ro.product.model`.
    pub model: String,
    /// `ro.build.version.release`.
    pub android: String,
    /// `ro.build.fingerprint`.
    pub build: String,
    /// `ro.build.version.security_patch`.
    #[serde(default)]
    pub security_patch: String,
    /// The region it was made for.
    #[serde(default)]
    pub region: String,
    /// Its time zone's name: `Europe/Helsinki`.
    #[serde(default)]
    pub zone: String,
    /// One or two.
    #[serde(default)]
    pub imei: Vec<String>,
    /// MEID, 14 hex digits.
    #[serde(default)]
    pub meid: String,
    /// Serial number.
    #[serde(default)]
    pub serial: String,
    /// Its Wi-Fi address.
    pub wifi_mac: String,
    /// Its Bluetooth address.
    #[serde(default)]
    pub bluetooth_mac: String,
    /// `ANDROID_ID`.
    #[serde(default)]
    pub android_id: String,
    /// Google's advertising id.
    #[serde(default)]
    pub gaid: String,
    /// The open anonymous device id.
    #[serde(default)]
    pub oaid: String,
    /// Name in DHCP.
    #[serde(default)]
    pub hostname: String,
    /// Its address in the network.
    pub address: Ipv4Addr,
    /// Name of the Wi-Fi.
    #[serde(default)]
    pub ssid: String,
    /// Address of the access point.
    #[serde(default)]
    pub bssid: String,
    /// Calling code of numbers written without.
    #[serde(default)]
    pub calling_code: u16,
    /// More lines of `getprop`.
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
}

/// A SIM card.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sim {
    /// Number of the card.
    pub iccid: String,
    /// Subscriber number.
    pub imsi: String,
    /// Telephone number, E.164.
    pub number: String,
    /// The operator's name.
    pub operator: String,
    /// Mobile country code.
    pub mcc: String,
    /// Mobile network code.
    pub mnc: String,
    /// ISO code of its country: the state `sim_country`.
    pub country: String,
}

/// A radio cell.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// Cell identity.
    pub cell_id: u64,
    /// Location or tracking area code.
    pub lac: u32,
    /// Its network's country code.
    pub mcc: String,
    /// Its network's code.
    pub mnc: String,
}

/// Decimal degrees.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// North.
    pub lat: f64,
    /// East.
    pub lon: f64,
}

/// Who is signed in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Accounts {
    /// User names and account numbers; `${account}` is the first.
    pub names: Vec<String>,
    /// `${email}` is the first.
    pub emails: Vec<String>,
}

/// A person in the address book.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// The name.
    pub name: String,
    /// E.164.
    pub number: String,
}

/// Planted values that no event brings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Planted {
    /// File and folder names.
    pub files: Vec<String>,
    /// Words typed.
    pub words: Vec<String>,
    /// Titles played.
    pub songs: Vec<String>,
}

/// An installed package.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its app id: 1000 is the system.
    pub uid: u32,
    /// Where its APK lies.
    pub path: String,
    /// `versionCode`.
    #[serde(default = "one")]
    pub version_code: u32,
    /// `versionName`.
    #[serde(default)]
    pub version: String,
    /// `sharedUserId`.
    #[serde(default)]
    pub shared_user: String,
    /// Who installed it.
    #[serde(default)]
    pub installer: String,
    /// Permissions it asks for and has.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// It has an icon among the apps.
    #[serde(default)]
    pub launcher: bool,
    /// Broadcasts it listens to.
    #[serde(default)]
    pub receivers: Vec<String>,
    /// Strings of its code. Where there are any, its APK is written to `apps/`.
    #[serde(default)]
    pub code: Vec<String>,
    /// Its name is a canary: apps that tell of other apps tell of it.
    #[serde(default)]
    pub planted: bool,
}

/// An identifier that software makes on the phone.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MadeId {
    /// `${ids.name}`.
    pub name: String,
    /// What it is made of, most often `${uuid}` or `${random:32}`.
    pub value: String,
    /// Events at which it is made anew.
    #[serde(default)]
    pub renew: Vec<String>,
    /// The key of the profile's `[ids]` under which it is known: `device`, `install`, `push_token`. Empty: the
    /// investigator does not know it.
    #[serde(default)]
    pub profile: String,
}

/// A long list: every word of the first group before every word of the second, and so on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// Groups of words.
    pub combine: Vec<Vec<String>>,
    /// At most so many.
    pub most: usize,
    /// How one is written; `${item}` and `${number}`.
    pub item: String,
    /// What stands between two.
    #[serde(default = "comma")]
    pub between: String,
}

/// Something that happens, once or again and again.
#[derive(Clone, Debug, Deserialize)]
pub struct Event {
    /// When: `"90s"` after the start, `"d3 08:00"` by the phone's clock on the fourth day.
    pub at: Moment,
    /// Again after this.
    pub every: Option<Span>,
    /// How often in all; without it until the end.
    pub times: Option<u32>,
    /// What happens at once.
    #[serde(flatten)]
    pub deed: Deed,
    /// What happens after it, one behind the other.
    #[serde(default)]
    pub then: Vec<Step>,
}

/// What happens a while after something.
#[derive(Clone, Debug, Deserialize)]
pub struct Step {
    /// How long after the one before.
    #[serde(default)]
    pub after: Span,
    /// What.
    #[serde(flatten)]
    pub deed: Deed,
}

/// Something that happens.
#[derive(Clone, Debug, Deserialize)]
pub struct Deed {
    /// What: a name of [`KINDS`](crate::KINDS).
    pub kind: String,
    /// What the state is from then on.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// The investigator's files do not tell of it.
    #[serde(default)]
    pub unseen: bool,
    /// More about it, `${event.number}`: keys of [`DETAILS`](crate::DETAILS).
    #[serde(flatten)]
    pub detail: BTreeMap<String, String>,
}

/// A server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// How senders call it.
    pub name: String,
    /// The name that is looked up; empty for an address that is written in the code.
    #[serde(default)]
    pub host: String,
    /// Names on the way from it to the address.
    #[serde(default)]
    pub cname: Vec<String>,
    /// Its address; none for a name that does not resolve.
    pub address: Option<Ipv4Addr>,
    /// Port.
    pub port: u16,
    /// Empty for clear text, else the version: `1.2`, `1.3`.
    #[serde(default)]
    pub tls: String,
    /// Protocol agreed on inside TLS: `http/1.1`, `h2`.
    #[serde(default)]
    pub alpn: String,
    /// ISO code of the country its address is in, by the program's own data; a test holds it to that.
    #[serde(default)]
    pub country: String,
    /// Words of the address's holder, by the same data.
    #[serde(default)]
    pub holder: String,
    /// The keys of its connections do not come to the investigator.
    #[serde(default)]
    pub secret: bool,
}

/// Another machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// How senders call it.
    pub name: String,
    /// Its address.
    pub mac: String,
    /// Its address.
    pub address: Ipv4Addr,
}

/// What an app does about events and by the clock.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    /// Its name; when it has sent, the event `sent:<name>` happens, and with the reply `accepted:<name>` or
    /// `refused:<name>`.
    pub name: String,
    /// The package.
    #[serde(default)]
    pub package: String,
    /// The user id it runs under, where it is no package: 0 is root.
    #[serde(default)]
    pub uid: u32,
    /// Operations that need a permission and are done whenever it sends, as `dumpsys appops` calls them.
    #[serde(default)]
    pub uses: Vec<String>,
    /// The machine, where it is not the phone.
    #[serde(default)]
    pub host: String,
    /// Events that make it send.
    #[serde(default)]
    pub on: Vec<String>,
    /// How long after an event.
    #[serde(default)]
    pub lag: Span,
    /// Up to so much later, at random.
    #[serde(default)]
    pub jitter: Span,
    /// Sends by the clock.
    pub timer: Option<Timer>,
    /// Only in such a state.
    #[serde(default)]
    pub when: Conditions,
    /// No more once this was its reply: `accepted`, `refused`, `sent`.
    #[serde(default)]
    pub until: String,
    /// Events after which it begins again in spite of `until`.
    #[serde(default)]
    pub rearm: Vec<String>,
    /// Again where it was not accepted.
    pub retry: Option<Retry>,
    /// Gathers events and sends them together.
    pub batch: Option<Batch>,
    /// Values that are made before the request, each from those before: `${part.name}`.
    #[serde(default)]
    pub parts: Vec<Part>,
    /// Sends over HTTP.
    pub request: Option<Request>,
    /// Sends a datagram.
    pub datagram: Option<Datagram>,
    /// Sends an SMS.
    pub sms: Option<Sms>,
    /// Lines it writes to the log.
    #[serde(default)]
    pub log: Vec<LogLine>,
    /// What the server answers: the first whose condition holds; without any, 200 and nothing.
    #[serde(default)]
    pub replies: Vec<Reply>,
}

/// State names and the words that fulfil them; `!word` is any other. All must hold.
pub type Conditions = BTreeMap<String, Words>;

/// One word or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Words {
    /// One of them.
    Any(Vec<String>),
    /// This.
    One(String),
}

/// Sends by the clock.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timer {
    /// The event that starts it, and starts it anew; without it the scenario's start.
    #[serde(default)]
    pub from: String,
    /// How long after that for the first time.
    pub first: Span,
    /// And again after this.
    pub every: Option<Span>,
    /// And again on the same day of each month, at the same time of day.
    #[serde(default)]
    pub monthly: bool,
    /// Up to so much later, at random.
    #[serde(default)]
    pub jitter: Span,
    /// At most so often.
    pub most: Option<u32>,
}

/// Tries again.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// After this.
    pub every: Span,
    /// At most so often; without it for ever.
    pub most: Option<u32>,
    /// Each wait is so many times the one before.
    #[serde(default = "one")]
    pub backoff: u32,
}

/// Gathers events.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Sends what there is so long after the first.
    pub every: Span,
    /// At once when there are so many.
    pub most: usize,
    /// How one is written; all of them are `${items}`.
    pub item: String,
    /// What stands between two.
    #[serde(default = "comma")]
    pub between: String,
}

/// A value made for a request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// `${part.name}`.
    pub name: String,
    /// Its template.
    pub value: String,
    /// What is done to it, one after the other: names of [`FILTERS`](crate::FILTERS).
    #[serde(default)]
    pub encode: Vec<String>,
    /// Only in such a state; else it is empty.
    #[serde(default)]
    pub when: Conditions,
}

/// An HTTP request. Every text is a template.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// To which server.
    pub server: String,
    /// GET, POST …
    #[serde(default = "get")]
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Name and value, in their order.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// What the request says its body is.
    #[serde(default)]
    pub content_type: String,
    /// The body.
    #[serde(default)]
    pub body: String,
    /// What is done to the body.
    #[serde(default)]
    pub encode: Vec<String>,
    /// How long the connection stays open behind the answer.
    #[serde(default)]
    pub keep: Span,
}

/// A datagram.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Datagram {
    /// To which server.
    pub server: String,
    /// From which port.
    pub from_port: u16,
    /// What it says.
    pub body: String,
    /// What comes back.
    #[serde(default)]
    pub reply: String,
}

/// An SMS that nobody typed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sms {
    /// To which number.
    pub to: String,
    /// What it says.
    pub text: String,
    /// What becomes of it in the store.
    #[serde(default)]
    pub stored: Kept,
}

/// What becomes of a message in the phone's store.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// It stands in the store and is removed at once.
    Deleted,
    /// It never comes to it.
    Never,
    /// It stays.
    #[default]
    Sent,
}

/// A line of the log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogLine {
    /// The tag.
    pub tag: String,
    /// The level's letter.
    #[serde(default = "debug")]
    pub level: String,
    /// The message, a template.
    pub text: String,
}

/// What a server answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// Only in such a state.
    #[serde(default)]
    pub when: Conditions,
    /// Only from this attempt on, counted from 1 since the sender was armed.
    #[serde(default)]
    pub from_attempt: u32,
    /// HTTP status; 0 for none at all: the server closes without a word.
    #[serde(default = "ok")]
    pub status: u16,
    /// Name and value.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The body, a template.
    #[serde(default)]
    pub body: String,
    /// What is done to the body.
    #[serde(default)]
    pub encode: Vec<String>,
    /// The sender takes it for success.
    #[serde(default)]
    pub accepted: bool,
    /// How the state is from then on: remote switches.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
}

/// The network's conditions.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// Of a packet to the server, in milliseconds.
    pub latency_ms: u32,
    /// One packet of so many is lost; 0 for none.
    pub lose_once_in: u32,
    /// One packet of so many comes late.
    pub reorder_once_in: u32,
    /// One packet of so many comes twice.
    pub repeat_once_in: u32,
    /// The capture was made behind address translation.
    pub nat: bool,
    /// Bytes of the largest packet.
    pub mtu: u16,
}

impl Default for Network {
    fn default() -> Self {
        Self { latency_ms: 40, lose_once_in: 0, reorder_once_in: 0, repeat_once_in: 0, nat: false, mtu: 1500 }
    }
}

/// What the investigator has.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Evidence {
    /// Where the secrets of TLS are.
    pub secrets: Secrets,
    /// The system's log.
    pub log: bool,
    /// The script as a table.
    pub events: bool,
    /// `getprop`, the package list and the dump of the packages.
    pub packages: bool,
    /// Which app made which connection.
    pub connections: bool,
    /// The store of messages.
    pub messages: bool,
    /// What "SMS Backup & Restore" exports of the store.
    pub backup: bool,
    /// The operator's bill.
    pub bill: bool,
    /// What the radio's receiver heard, in the capture.
    pub radio: bool,
    /// When bugreports were made: excerpts of their text.
    pub bugreports: Vec<Moment>,
    /// When `dumpsys netstats` printed all that it counted.
    pub netstats: Vec<Moment>,
    /// When the tables of open sockets were read.
    pub sockets: Vec<Reading>,
}

impl Default for Evidence {
    fn default() -> Self {
        Self {
            secrets: Secrets::default(),
            log: true,
            events: true,
            packages: true,
            connections: true,
            messages: false,
            backup: false,
            bill: false,
            radio: false,
            bugreports: Vec::new(),
            netstats: Vec::new(),
            sockets: Vec::new(),
        }
    }
}

/// When something is read off the phone, once or again and again.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// When first.
    pub at: Moment,
    /// Again after this.
    pub every: Option<Span>,
    /// How often in all; without it until the end.
    pub times: Option<u32>,
}

/// Where the secrets of TLS are.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Secrets {
    /// Inside the capture.
    #[default]
    Embedded,
    /// In a key log beside it.
    Beside,
    /// Nobody has them.
    None,
}

impl Scenario {
    /// Reads a scenario; `file` gives the text of the files it stands on.
    pub fn read(text: &str, file: &dyn Fn(&str) -> Option<String>) -> Result<Self, LabError> {
        let table = merged(text, file, 0)?;
        let scenario: Self =
            table.try_into().map_err(|error: toml::de::Error| LabError::Scenario(error.to_string()))?;
        scenario.check()?;
        Ok(scenario)
    }

    /// The server of a name.
    pub(crate) fn server(&self, name: &str) -> Option<&Server> {
        self.servers.iter().find(|server| server.name == name)
    }
}

impl Words {
    /// Whether a word fulfils them.
    pub(crate) fn hold(&self, word: &str) -> bool {
        let fulfils = |wanted: &String| match wanted.strip_prefix('!') {
            Some(other) => other != word,
            None => wanted == word,
        };
        match self {
            Self::Any(wanted) => wanted.iter().any(fulfils),
            Self::One(wanted) => fulfils(wanted),
        }
    }
}

/// The file on top of those it stands on.
fn merged(text: &str, file: &dyn Fn(&str) -> Option<String>, depth: u8) -> Result<toml::Table, LabError> {
    let mut own: toml::Table =
        text.parse().map_err(|error: toml::de::Error| LabError::Scenario(error.to_string()))?;
    let Some(bases) = own.remove("base") else { return Ok(own) };
    let bases: Vec<String> = bases.try_into().map_err(|_| LabError::scenario("base is no list of names"))?;
    if depth == DEEPEST {
        return Err(LabError::scenario("the files stand on each other"));
    }
    let mut all = toml::Table::new();
    for name in bases {
        let text = match name.as_str() {
            "@noise" => Some(NOISE.to_owned()),
            "@noise-light" => Some(NOISE_LIGHT.to_owned()),
            name => file(name),
        };
        let text = text.ok_or_else(|| LabError::Scenario(format!("base {name} is missing")))?;
        lay(&mut all, merged(&text, file, depth.saturating_add(1))?);
    }
    lay(&mut all, own);
    Ok(all)
}

/// Lays one table over another.
fn lay(under: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(toml::Value::Table(under)), toml::Value::Table(over)) => lay(under, over),
            (Some(toml::Value::Array(under)), toml::Value::Array(over)) if is_of_tables(&over) => {
                under.extend(over);
            }
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

/// Lists of tables are joined; lists of words are one value.
fn is_of_tables(list: &[toml::Value]) -> bool {
    list.iter().all(toml::Value::is_table)
}

fn one() -> u32 {
    1
}

fn ok() -> u16 {
    200
}

fn comma() -> String {
    ",".to_owned()
}

fn get() -> String {
    "GET".to_owned()
}

fn debug() -> String {
    "D".to_owned()
}

/// How deep files may stand on each other.
const DEEPEST: u8 = 4;
