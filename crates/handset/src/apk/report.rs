//! An app's code → what an investigator asks of it: whom it names, what it can read, what it sends by SMS,
//! how it encrypts, which libraries report on the user; each with the methods that do.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use super::{
    apis::{self, APIS},
    code::{Code, Holder, Walk},
    dex::{Dex, StringUse, Uses, Via},
    native::printable,
    roles::{Noted, Role, Roles, index},
    text::{self, Endpoint, KeyForm},
    trackers::Trackers,
};
use crate::le;

/// What an app's code and libraries say.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// Hosts, addresses and URLs.
    pub endpoints: Vec<Fact<Endpoint>>,
    /// Telephone numbers: those written as such, and digits in a method that sends SMS.
    pub phone_numbers: Vec<Fact<String>>,
    /// What the app can read, after `data/identifier_apis.toml`.
    pub reads: Vec<Fact<String>>,
    /// System properties it reads: the key of a value that may stand in `build.prop`.
    pub properties: Vec<Fact<String>>,
    /// Where it sends SMS: the framework's method.
    pub sms_sends: Vec<Fact<String>>,
    /// Where it deletes rows of the message store.
    pub sms_deletes: Vec<Fact<String>>,
    /// Ciphers and digests by name, and constants that can be keys.
    pub crypto: Vec<Fact<Crypto>>,
    /// Libraries that report on users.
    pub trackers: Vec<TrackerFound>,
}

/// Something an app says, and who says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<T> {
    /// What.
    pub value: T,
    /// Who; at most 200 of them, in the order of the files.
    pub holders: Vec<Holder>,
    /// How many there are.
    pub count: usize,
}

/// A constant of encryption.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Crypto {
    /// The name of a cipher, digest or MAC.
    Algorithm(String),
    /// A constant that is a key, or has the size of one in a class that encrypts.
    Key(KeyForm, String),
}

/// A library that reports on users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackerFound {
    /// Its name in the list.
    pub name: String,
    /// What for.
    pub purpose: String,
    /// Number of its classes.
    pub classes: usize,
    /// One of them.
    pub class: Option<String>,
    /// Its hosts among the app's endpoints.
    pub hosts: Vec<String>,
}

/// Collects [`Contents`] over the files of an app.
#[derive(Debug)]
pub(super) struct Reading<'t> {
    trackers: &'t Trackers,
    endpoints: Gathered<Endpoint>,
    phone_numbers: Gathered<String>,
    reads: Gathered<String>,
    properties: Gathered<String>,
    sms_sends: Gathered<String>,
    sms_deletes: Gathered<String>,
    crypto: Gathered<Crypto>,
    classes: BTreeMap<usize, (usize, String)>,
}

impl<'t> Reading<'t> {
    pub(super) fn new(trackers: &'t Trackers) -> Self {
        Self {
            trackers,
            endpoints: Gathered::default(),
            phone_numbers: Gathered::default(),
            reads: Gathered::default(),
            properties: Gathered::default(),
            sms_sends: Gathered::default(),
            sms_deletes: Gathered::default(),
            crypto: Gathered::default(),
            classes: BTreeMap::new(),
        }
    }

    pub(super) fn code(&mut self, code: &Code<'_>) {
        for (member, dex, walk) in code.walks() {
            self.look_at_classes(&dex);
            Walked::new(&dex, walk).tell(member, self);
        }
    }

    /// Endpoints and keys of a native library or another opaque file.
    pub(super) fn native(&mut self, member: &str, bytes: &[u8]) {
        let member: Arc<str> = Arc::from(member);
        for (text, range) in printable(bytes, 6, MAX_NATIVE_STRINGS) {
            if let Some((endpoint, part)) = text::endpoint(text) {
                let at = range.start.saturating_add(part.start);
                self.endpoints.add(endpoint, || Holder::file(&member, le::wide(at)));
            }
            if let Some(form) = text::written_key(text) {
                let key = Crypto::Key(form, text::shortened(text));
                self.crypto.add(key, || Holder::file(&member, le::wide(range.start)));
            }
        }
    }

    /// Endpoints and numbers of a string of the resources, whose entry is at `at`.
    pub(super) fn resource(&mut self, member: &Arc<str>, text: &str, at: u64) {
        if let Some((endpoint, _)) = text::endpoint(text) {
            self.endpoints.add(endpoint, || Holder::file(member, at));
        }
        if let Some(number) = text::phone_number(text) {
            self.phone_numbers.add(number.to_owned(), || Holder::file(member, at));
        }
    }

    pub(super) fn finish(self) -> Contents {
        let trackers = self.trackers_found();
        Contents {
            endpoints: self.endpoints.finish(),
            phone_numbers: self.phone_numbers.finish(),
            reads: self.reads.finish(),
            properties: self.properties.finish(),
            sms_sends: self.sms_sends.finish(),
            sms_deletes: self.sms_deletes.finish(),
            crypto: self.crypto.finish(),
            trackers,
        }
    }

    fn look_at_classes(&mut self, dex: &Dex<'_>) {
        let mut name = String::new();
        for class in dex.classes() {
            if dex.type_name_into(class.class, &mut name).is_none() || !self.trackers.knows_class(&name) {
                continue;
            }
            for row in self.trackers.of_class(&name) {
                self.classes.entry(row).or_insert_with(|| (0, name.clone())).0 += 1;
            }
        }
    }

    fn trackers_found(&self) -> Vec<TrackerFound> {
        let mut hosts: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for endpoint in self.endpoints.0.keys() {
            for row in self.trackers.of_host(&endpoint.host) {
                let hosts = hosts.entry(row).or_default();
                if !hosts.contains(&endpoint.host) {
                    hosts.push(endpoint.host.clone());
                }
            }
        }
        let rows = self.trackers.rows().iter().enumerate();
        let found = rows.filter_map(|(row, tracker)| {
            let classes = self.classes.get(&row);
            let hosts = hosts.remove(&row).unwrap_or_default();
            (classes.is_some() || !hosts.is_empty()).then(|| TrackerFound {
                name: tracker.name.clone(),
                purpose: tracker.purpose.clone(),
                classes: classes.map_or(0, |(count, _)| *count),
                class: classes.map(|(_, name)| name.clone()),
                hosts,
            })
        });
        found.collect()
    }
}

/// What one DEX file's walk is looked through for.
struct Walked<'d> {
    dex: &'d Dex<'d>,
    uses: &'d Uses,
    roles: &'d Roles,
    strings: Noted<Interest>,
    /// The uses of strings that can be something.
    used: Vec<StringUse>,
    /// Methods that call something of a role.
    senders: HashSet<u32>,
    deleters: HashSet<u32>,
    property_readers: HashSet<u32>,
    encrypting_classes: HashSet<u32>,
    /// Methods that hold a string of a row's `beside`.
    beside: HashSet<(u32, usize)>,
    message_stores: HashSet<u32>,
}

/// What a string can be.
#[derive(Clone, Debug)]
enum Interest {
    Algorithm,
    Beside(usize),
    Dialled,
    Endpoint(Endpoint),
    Key(KeyForm),
    KeySized(KeyForm),
    MessageStore,
    PhoneNumber(String),
    Property,
    Reads(usize),
}

impl<'d> Walked<'d> {
    fn new(dex: &'d Dex<'d>, walk: &'d Walk) -> Self {
        let (uses, roles) = (&walk.uses, &walk.roles);
        let strings = interests(dex);
        let used = uses.strings.iter().filter(|used| strings.has(used.string)).copied().collect();
        let mut walked = Self {
            dex,
            uses,
            roles,
            strings,
            used,
            senders: HashSet::new(),
            deleters: HashSet::new(),
            property_readers: HashSet::new(),
            encrypting_classes: HashSet::new(),
            beside: HashSet::new(),
            message_stores: HashSet::new(),
        };
        walked.look_at_calls();
        walked.look_at_strings();
        walked
    }

    fn look_at_calls(&mut self) {
        for call in &self.uses.calls {
            for role in self.roles.callees.of(call.callee) {
                match role {
                    Role::Deletes => self.deleters.insert(call.caller),
                    Role::Encrypts => match self.dex.method_class(call.caller) {
                        Some(class) => self.encrypting_classes.insert(class),
                        None => false,
                    },
                    Role::Property => self.property_readers.insert(call.caller),
                    Role::SendsSms => self.senders.insert(call.caller),
                    Role::Reads(_) => false,
                };
            }
        }
    }

    fn look_at_strings(&mut self) {
        for used in &self.used {
            let Via::Code(method) = used.via else { continue };
            for interest in self.strings.of(used.string) {
                match interest {
                    Interest::Beside(row) => self.beside.insert((method, *row)),
                    Interest::MessageStore => self.message_stores.insert(method),
                    _ => false,
                };
            }
        }
    }

    fn tell(&mut self, member: &Arc<str>, reading: &mut Reading<'_>) {
        self.tell_fields(member, reading);
        self.tell_strings(member, reading);
        self.tell_unused(member, reading);
        self.tell_calls(member, reading);
        self.tell_arrays(member, reading);
    }

    /// Arrays of the size of a key in classes that encrypt.
    fn tell_arrays(&self, member: &Arc<str>, reading: &mut Reading<'_>) {
        for array in &self.uses.arrays {
            let (start, end) = (index(array.bytes.start), index(array.bytes.end));
            let bytes = self.dex.bytes().get(start..end).unwrap_or_default();
            let via = Via::Code(array.method);
            if text::SIZES.contains(&bytes.len()) && self.encrypts(via) {
                let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                let key = Crypto::Key(KeyForm::Array(bytes.len()), hex);
                reading.crypto.add(key, || Holder::of(member, self.dex, via, array.bytes.start));
            }
        }
    }

    fn tell_calls(&self, member: &Arc<str>, reading: &mut Reading<'_>) {
        for call in &self.uses.calls {
            for role in self.roles.callees.of(call.callee) {
                let holder = || Holder::of(member, self.dex, Via::Code(call.caller), call.at);
                let callee = || self.dex.method_name(call.callee).unwrap_or_default();
                match role {
                    Role::SendsSms => reading.sms_sends.add(callee(), holder),
                    Role::Deletes if self.message_stores.contains(&call.caller) => {
                        reading.sms_deletes.add(callee(), holder);
                    }
                    Role::Reads(row) if self.reads(call.caller, *row) => {
                        reading.reads.add(reads_of(*row), holder);
                    }
                    _ => {}
                }
            }
        }
    }

    fn reads(&self, method: u32, row: usize) -> bool {
        let Some(api) = apis::rows().get(row) else { return false };
        api.beside.is_empty() || self.beside.contains(&(method, row))
    }

    fn tell_fields(&mut self, member: &Arc<str>, reading: &mut Reading<'_>) {
        for used in &self.uses.fields {
            for row in self.roles.fields.of(used.field) {
                let Some(api) = apis::rows().get(*row) else { continue };
                if api.reads == "SMS" {
                    self.message_stores.insert(used.method);
                }
                let holder = || Holder::of(member, self.dex, Via::Code(used.method), used.at);
                reading.reads.add(api.reads.clone(), holder);
            }
        }
    }

    fn tell_strings(&self, member: &Arc<str>, reading: &mut Reading<'_>) {
        for used in &self.used {
            for interest in self.strings.of(used.string) {
                let holder = || Holder::of(member, self.dex, used.via, used.at);
                self.tell_string(reading, interest, used.string, used.via, &holder);
            }
        }
    }

    fn tell_string(
        &self,
        reading: &mut Reading<'_>,
        interest: &Interest,
        string: u32,
        via: Via,
        holder: &dyn Fn() -> Holder,
    ) {
        let text = || text::shortened(&self.dex.string(string).unwrap_or_default());
        let within = |methods: &HashSet<u32>| matches!(via, Via::Code(method) if methods.contains(&method));
        match interest {
            Interest::Algorithm => reading.crypto.add(Crypto::Algorithm(text()), holder),
            Interest::Dialled if within(&self.senders) => reading.phone_numbers.add(text(), holder),
            Interest::Endpoint(endpoint) => reading.endpoints.add(endpoint.clone(), holder),
            Interest::Key(form) => reading.crypto.add(Crypto::Key(*form, text()), holder),
            Interest::KeySized(form) if self.encrypts(via) => {
                reading.crypto.add(Crypto::Key(*form, text()), holder);
            }
            Interest::PhoneNumber(number) => reading.phone_numbers.add(number.clone(), holder),
            Interest::Property if within(&self.property_readers) => reading.properties.add(text(), holder),
            Interest::Reads(row) => {
                reading.reads.add(reads_of(*row), holder);
            }
            _ => {}
        }
    }

    fn encrypts(&self, via: Via) -> bool {
        let class = match via {
            Via::Code(method) => self.dex.method_class(method),
            Via::Field(field) => self.dex.field_class(field),
            Via::Class(_) | Via::MethodAnnotation(_) => None,
        };
        class.is_some_and(|class| self.encrypting_classes.contains(&class))
    }

    /// Endpoints that stand in the table of strings and that no code was seen to use.
    fn tell_unused(&self, member: &Arc<str>, reading: &mut Reading<'_>) {
        let used: HashSet<u32> = self.used.iter().map(|used| used.string).collect();
        for (string, interests) in self.strings.all().filter(|(string, _)| !used.contains(string)) {
            for interest in interests {
                let Interest::Endpoint(endpoint) = interest else { continue };
                let start = self.dex.string_range(string).map_or(0, |range| range.start);
                let at = le::wide(start.saturating_add(self.dex.base()));
                reading.endpoints.add(endpoint.clone(), || Holder::file(member, at));
            }
        }
    }
}

fn interests(dex: &Dex<'_>) -> Noted<Interest> {
    let mut found = Noted::new(dex.string_count());
    for (string, range) in dex.strings() {
        let bytes = dex.bytes().get(range).unwrap_or_default();
        let told = text::could_tell(bytes) || !APIS.beginning(bytes).is_empty();
        if !told || bytes.len() < 3 || bytes.len() > MAX_STRING {
            continue;
        }
        if let Ok(text) = std::str::from_utf8(bytes) {
            found.note(string, interests_of(text));
        }
    }
    found
}

fn interests_of(text: &str) -> Vec<Interest> {
    let mut found = Vec::new();
    let dotted = memchr::memchr(b'.', text.as_bytes()).is_some();
    if dotted || text.contains("://") {
        found.extend(text::endpoint(text).map(|(endpoint, _)| Interest::Endpoint(endpoint)));
    }
    if dotted && is_property(text) {
        found.push(Interest::Property);
    }
    if text::dialled(text) {
        found.push(Interest::Dialled);
    }
    found.extend(text::phone_number(text).map(|number| Interest::PhoneNumber(number.to_owned())));
    match text::written_key(text) {
        Some(form) => found.push(Interest::Key(form)),
        None => found.extend(text::key_sized(text).map(Interest::KeySized)),
    }
    if text::transformation(text) {
        found.push(Interest::Algorithm);
    }
    found.extend(rows_of(text));
    found
}

fn rows_of(text: &str) -> impl Iterator<Item = Interest> + '_ {
    let store = MESSAGE_STORES.iter().any(|store| text.starts_with(store)).then_some(Interest::MessageStore);
    let rows = APIS.beginning(text.as_bytes()).iter().filter_map(move |row| {
        let api = apis::rows().get(*row)?;
        if api.strings.iter().any(|start| text.starts_with(start.as_str())) {
            return Some(Interest::Reads(*row));
        }
        api.beside.iter().any(|beside| beside == text).then_some(Interest::Beside(*row))
    });
    store.into_iter().chain(rows)
}

fn is_property(text: &str) -> bool {
    let start = PROPERTIES.iter().any(|start| text.starts_with(start));
    start
        && text.len() < 92
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

fn reads_of(row: usize) -> String {
    apis::rows().get(row).map(|row| row.reads.clone()).unwrap_or_default()
}

/// Facts by value, their holders in the order of the files.
#[derive(Debug)]
struct Gathered<T>(BTreeMap<T, (Vec<Holder>, usize)>);

impl<T> Default for Gathered<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Ord> Gathered<T> {
    fn add(&mut self, value: T, holder: impl FnOnce() -> Holder) {
        let (holders, count) = self.0.entry(value).or_default();
        *count = count.saturating_add(1);
        if holders.len() < MAX_HOLDERS {
            holders.push(holder());
        }
    }

    fn finish(self) -> Vec<Fact<T>> {
        let facts = self.0.into_iter();
        facts
            .map(|(value, (mut holders, count))| {
                holders.sort();
                Fact { value, holders, count }
            })
            .collect()
    }
}

const MAX_STRING: usize = 64 << 10;
const MAX_HOLDERS: usize = 200;
const MAX_NATIVE_STRINGS: usize = 500_000;
const MESSAGE_STORES: &[&str] = &["content://sms", "content://mms-sms", "content://mms"];
const PROPERTIES: &[&str] =
    &["ro.", "persist.", "gsm.", "ril.", "sys.", "net.", "debug.", "vendor.", "wifi.", "dhcp."];
