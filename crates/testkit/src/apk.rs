//! Apps of our own making: an APK put together from a few words, small but well-formed.
//!
//! ```
//! use testkit::apk::{App, Class, Op};
//! let apk = App::new("com.example.tracker")
//!     .permission("android.permission.READ_PHONE_STATE")
//!     .receiver(".Boot", &["android.intent.action.BOOT_COMPLETED"])
//!     .class(Class::new("com.example.tracker.Boot").method(
//!         "onReceive",
//!         &[Op::Text("http://example.com/report"), Op::Call("android.telephony.TelephonyManager.getDeviceId")],
//!     ))
//!     .build();
//! # assert!(apk.starts_with(b"PK"));
//! ```

use std::collections::BTreeSet;

/// An app that is still being made.
#[derive(Clone, Debug, Default)]
pub struct App {
    package: String,
    shared_user: Option<String>,
    version: (u32, String),
    label: Option<String>,
    permissions: Vec<String>,
    components: Vec<Component>,
    classes: Vec<Class>,
    files: Vec<(String, Vec<u8>)>,
}

#[derive(Clone, Debug)]
struct Component {
    element: &'static str,
    class: String,
    actions: Vec<String>,
    categories: Vec<String>,
}

/// A class with its methods.
#[derive(Clone, Debug)]
pub struct Class {
    name: String,
    methods: Vec<(String, Vec<Op>)>,
    statics: Vec<(String, String)>,
}

/// What a method does.
#[derive(Clone, Debug)]
pub enum Op {
    /// Holds a string.
    Text(&'static str),
    /// Calls `class.method`.
    Call(&'static str),
    /// Fills an array with bytes.
    Bytes(&'static [u8]),
    /// Reads the static field `class.field`.
    Field(&'static str),
}

impl App {
    /// An app of that package, version 1 "1.0".
    pub fn new(package: &str) -> Self {
        Self { package: package.to_owned(), version: (1, "1.0".to_owned()), ..Self::default() }
    }

    /// Sets the version.
    #[must_use]
    pub fn version(mut self, code: u32, name: &str) -> Self {
        self.version = (code, name.to_owned());
        self
    }

    /// Sets `sharedUserId`.
    #[must_use]
    pub fn shared_user(mut self, user: &str) -> Self {
        self.shared_user = Some(user.to_owned());
        self
    }

    /// Sets the label.
    #[must_use]
    pub fn label(mut self, label: &str) -> Self {
        self.label = Some(label.to_owned());
        self
    }

    /// Asks for a permission.
    #[must_use]
    pub fn permission(mut self, permission: &str) -> Self {
        self.permissions.push(permission.to_owned());
        self
    }

    /// Adds an activity with an icon among the apps.
    #[must_use]
    pub fn launcher(self, class: &str) -> Self {
        self.component(
            "activity",
            class,
            &["android.intent.action.MAIN"],
            &["android.intent.category.LAUNCHER"],
        )
    }

    /// Adds a service.
    #[must_use]
    pub fn service(self, class: &str) -> Self {
        self.component("service", class, &[], &[])
    }

    /// Adds a receiver of those actions.
    #[must_use]
    pub fn receiver(self, class: &str, actions: &[&str]) -> Self {
        self.component("receiver", class, actions, &[])
    }

    /// Adds a class to `classes.dex`.
    #[must_use]
    pub fn class(mut self, class: Class) -> Self {
        self.classes.push(class);
        self
    }

    /// Adds a file.
    #[must_use]
    pub fn file(mut self, name: &str, bytes: &[u8]) -> Self {
        self.files.push((name.to_owned(), bytes.to_vec()));
        self
    }

    /// The binary manifest.
    pub fn manifest(&self) -> Vec<u8> {
        let application = Element::new("application")
            .texts(LABEL, self.label.as_deref())
            .with(self.components.iter().map(Component::element).collect());
        let permission = |name: &String| Element::new("uses-permission").text(NAME, name);
        let mut children: Vec<_> = self.permissions.iter().map(permission).collect();
        children.push(application);
        let root = Element::new("manifest")
            .text((0, "package"), &self.package)
            .number(VERSION_CODE, self.version.0)
            .text(VERSION_NAME, &self.version.1)
            .texts(SHARED_USER, self.shared_user.as_deref())
            .with(children);
        axml(&root)
    }

    /// The APK: an archive of stored members, not signed.
    pub fn build(&self) -> Vec<u8> {
        let mut files = vec![("AndroidManifest.xml".to_owned(), self.manifest())];
        if !self.classes.is_empty() {
            files.push(("classes.dex".to_owned(), dex(&self.classes)));
        }
        files.extend(self.files.iter().cloned());
        let members: Vec<_> = files.iter().map(|(name, bytes)| Member::stored(name, bytes)).collect();
        zip(&members)
    }

    fn component(
        mut self,
        element: &'static str,
        class: &str,
        actions: &[&str],
        categories: &[&str],
    ) -> Self {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        let (actions, categories) = (owned(actions), owned(categories));
        self.components.push(Component { element, class: class.to_owned(), actions, categories });
        self
    }
}

impl Component {
    fn element(&self) -> Element {
        let named = |element: &str, name: &String| Element::new(element).text(NAME, name);
        let mut filter: Vec<_> = self.actions.iter().map(|action| named("action", action)).collect();
        filter.extend(self.categories.iter().map(|category| named("category", category)));
        let filters =
            if filter.is_empty() { Vec::new() } else { vec![Element::new("intent-filter").with(filter)] };
        Element::new(self.element).text(NAME, &self.class).with(filters)
    }
}

impl Class {
    /// A class of that name, with dots.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), methods: Vec::new(), statics: Vec::new() }
    }

    /// Adds a method that does `ops` in their order.
    #[must_use]
    pub fn method(mut self, name: &str, ops: &[Op]) -> Self {
        self.methods.push((name.to_owned(), ops.to_vec()));
        self
    }

    /// Adds a static field that holds a string from the start.
    #[must_use]
    pub fn constant(mut self, field: &str, text: &str) -> Self {
        self.statics.push((field.to_owned(), text.to_owned()));
        self
    }
}

/// An element of a binary XML document to be.
#[derive(Clone, Debug)]
pub struct Element {
    name: String,
    attributes: Vec<((u32, &'static str), Value)>,
    children: Vec<Element>,
}

#[derive(Clone, Debug)]
enum Value {
    Text(String),
    Number(u32),
}

impl Element {
    /// An empty element.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), attributes: Vec::new(), children: Vec::new() }
    }

    /// Adds an attribute of text: its resource id (0 for none) and its name.
    #[must_use]
    pub fn text(mut self, attribute: (u32, &'static str), value: &str) -> Self {
        self.attributes.push((attribute, Value::Text(value.to_owned())));
        self
    }

    /// Adds a number.
    #[must_use]
    pub fn number(mut self, attribute: (u32, &'static str), value: u32) -> Self {
        self.attributes.push((attribute, Value::Number(value)));
        self
    }

    /// Sets the children.
    #[must_use]
    pub fn with(mut self, children: Vec<Element>) -> Self {
        self.children = children;
        self
    }

    fn texts(self, attribute: (u32, &'static str), value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(attribute, value),
            None => self,
        }
    }

    fn walk(&self, each: &mut dyn FnMut(&Element)) {
        each(self);
        self.children.iter().for_each(|child| child.walk(each));
    }
}

/// A binary XML document (`ResXMLTree`): strings in UTF-8, attributes with resource ids first in the pool.
pub fn axml(root: &Element) -> Vec<u8> {
    let mut ids: Vec<(u32, &str)> = Vec::new();
    let mut strings = BTreeSet::new();
    root.walk(&mut |element| {
        strings.insert(element.name.clone());
        for (attribute, value) in &element.attributes {
            if attribute.0 != 0 && !ids.contains(attribute) {
                ids.push(*attribute);
            }
            strings.insert(attribute.1.to_owned());
            if let Value::Text(text) = value {
                strings.insert(text.clone());
            }
        }
    });
    let mut pool: Vec<String> = ids.iter().map(|(_, name)| (*name).to_owned()).collect();
    let first_free = pool.len();
    pool.extend(strings);
    let names = Names { pool: &pool, ids: &ids, first_free };
    let mut body = string_pool(&pool);
    let map: Vec<u8> = ids.iter().flat_map(|(id, _)| id.to_le_bytes()).collect();
    body.extend(chunk(0x0180, &[], &map));
    names.element(root, &mut body);
    chunk(0x0003, &[], &body)
}

struct Names<'a> {
    pool: &'a [String],
    ids: &'a [(u32, &'static str)],
    first_free: usize,
}

impl Names<'_> {
    fn index(&self, text: &str) -> u32 {
        let strings = self.pool.iter().enumerate().skip(self.first_free);
        let found = strings.into_iter().find(|(_, string)| *string == text);
        found.map_or(u32::MAX, |(index, _)| number(index))
    }

    fn attribute(&self, attribute: (u32, &str), value: &Value) -> Vec<u8> {
        let by_id = self.ids.iter().position(|known| known.0 == attribute.0 && attribute.0 != 0);
        let name = by_id.map_or_else(|| self.index(attribute.1), number);
        let (raw, kind, data) = match value {
            Value::Text(text) => (self.index(text), 3u8, self.index(text)),
            Value::Number(number) => (u32::MAX, 0x10, *number),
        };
        let words = [u32::MAX, name, raw];
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.extend([8, 0, 0, kind]);
        bytes.extend(data.to_le_bytes());
        bytes
    }

    fn element(&self, element: &Element, out: &mut Vec<u8>) {
        let node = [1u32.to_le_bytes(), u32::MAX.to_le_bytes()].concat();
        let name = [u32::MAX.to_le_bytes(), self.index(&element.name).to_le_bytes()].concat();
        let mut start = name.clone();
        for field in [20u16, 20, short(element.attributes.len()), 0, 0, 0] {
            start.extend(field.to_le_bytes());
        }
        start.extend(element.attributes.iter().flat_map(|(name, value)| self.attribute(*name, value)));
        out.extend(chunk(0x0102, &node, &start));
        element.children.iter().for_each(|child| self.element(child, out));
        out.extend(chunk(0x0103, &node, &name));
    }
}

fn string_pool(strings: &[String]) -> Vec<u8> {
    let mut offsets = Vec::new();
    let mut data = Vec::new();
    for string in strings {
        offsets.extend(number(data.len()).to_le_bytes());
        for len in [string.chars().count(), string.len()] {
            let len = short(len);
            data.extend(if len > 127 { vec![0x80 | (len >> 8) as u8, len as u8] } else { vec![len as u8] });
        }
        data.extend(string.as_bytes());
        data.push(0);
    }
    data.resize(data.len().next_multiple_of(4), 0);
    let header: Vec<u8> = [number(strings.len()), 0, 0x100, number(28 + offsets.len()), 0]
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect();
    chunk(0x0001, &header, &[offsets, data].concat())
}

fn chunk(kind: u16, header: &[u8], body: &[u8]) -> Vec<u8> {
    let mut bytes = kind.to_le_bytes().to_vec();
    bytes.extend(short(header.len() + 8).to_le_bytes());
    bytes.extend(number(header.len() + 8 + body.len()).to_le_bytes());
    bytes.extend(header);
    bytes.extend(body);
    bytes
}

/// A DEX file, version 035, of those classes. Its checksums are left empty: what reads it here has no use
/// for them.
pub fn dex(classes: &[Class]) -> Vec<u8> {
    let mut maker = DexMaker::default();
    classes.iter().for_each(|class| maker.gather(class));
    maker.write(classes)
}

#[derive(Debug, Default)]
struct DexMaker {
    strings: BTreeSet<String>,
    types: BTreeSet<String>,
    /// Class descriptor and bare name.
    methods: BTreeSet<(String, String)>,
    fields: BTreeSet<(String, String)>,
}

impl DexMaker {
    fn gather(&mut self, class: &Class) {
        self.kind("V".to_owned());
        self.kind("Ljava/lang/String;".to_owned());
        self.kind(descriptor(&class.name));
        for (field, text) in &class.statics {
            self.strings.insert(text.clone());
            self.field(&class.name, field);
        }
        for (method, ops) in &class.methods {
            self.method(&class.name, method);
            ops.iter().for_each(|op| self.op(op));
        }
    }

    fn op(&mut self, op: &Op) {
        match op {
            Op::Bytes(_) => {}
            Op::Text(text) => {
                self.strings.insert((*text).to_owned());
            }
            Op::Call(name) => {
                let (class, method) = split(name);
                self.method(class, method);
            }
            Op::Field(name) => {
                let (class, field) = split(name);
                self.field(class, field);
            }
        }
    }

    fn kind(&mut self, descriptor: String) {
        self.strings.insert(descriptor.clone());
        self.types.insert(descriptor);
    }

    fn method(&mut self, class: &str, method: &str) {
        self.kind(descriptor(class));
        self.strings.insert(method.to_owned());
        self.methods.insert((descriptor(class), method.to_owned()));
    }

    fn field(&mut self, class: &str, field: &str) {
        self.kind(descriptor(class));
        self.strings.insert(field.to_owned());
        self.fields.insert((descriptor(class), field.to_owned()));
    }

    fn string_index(&self, text: &str) -> u32 {
        position(&self.strings, |string| string == text)
    }

    fn type_index(&self, text: &str) -> u32 {
        position(&self.types, |kind| kind == text)
    }

    fn member_index(set: &BTreeSet<(String, String)>, class: &str, name: &str) -> u32 {
        position(set, |member| member.0 == descriptor(class) && member.1 == name)
    }

    fn write(&self, classes: &[Class]) -> Vec<u8> {
        let counts =
            [self.strings.len(), self.types.len(), 1, self.fields.len(), self.methods.len(), classes.len()];
        let mut tables = Vec::new();
        let mut at = HEADER;
        for (count, width) in counts.iter().zip([4, 4, 12, 8, 8, 32]) {
            tables.push((*count, at));
            at += count * width;
        }
        let mut ids = Vec::new();
        let mut data = Data { base: at, bytes: Vec::new() };
        for string in &self.strings {
            ids.extend(number(data.string(string)).to_le_bytes());
        }
        for kind in &self.types {
            ids.extend(self.string_index(kind).to_le_bytes());
        }
        for word in [self.string_index("V"), self.type_index("V"), 0] {
            ids.extend(word.to_le_bytes());
        }
        for (class, name) in &self.fields {
            let kind = self.type_index("Ljava/lang/String;");
            ids.extend(short_pair(self.type_index(class), kind));
            ids.extend(self.string_index(name).to_le_bytes());
        }
        for (class, name) in &self.methods {
            ids.extend(short_pair(self.type_index(class), 0));
            ids.extend(self.string_index(name).to_le_bytes());
        }
        for class in classes {
            ids.extend(self.class(class, &mut data));
        }
        self.header(&tables, &ids, data)
    }

    fn header(&self, tables: &[(usize, usize)], ids: &[u8], data: Data) -> Vec<u8> {
        let mut header = b"dex\n035\0".to_vec();
        header.resize(32, 0);
        let words = [number(data.base + data.bytes.len()), number(HEADER), 0x1234_5678, 0, 0, 0];
        header.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        for (count, at) in tables {
            header.extend(number(*count).to_le_bytes());
            header.extend(number(if *count == 0 { 0 } else { *at }).to_le_bytes());
        }
        header.extend(number(data.bytes.len()).to_le_bytes());
        header.extend(number(data.base).to_le_bytes());
        [header.as_slice(), ids, &data.bytes].concat()
    }

    fn class(&self, class: &Class, data: &mut Data) -> Vec<u8> {
        let codes: Vec<_> = class.methods.iter().map(|(_, ops)| data.code(&self.instructions(ops))).collect();
        let mut fields: Vec<_> = class
            .statics
            .iter()
            .map(|(field, text)| {
                (Self::member_index(&self.fields, &class.name, field), self.string_index(text))
            })
            .collect();
        fields.sort_unstable();
        let mut methods: Vec<_> = class
            .methods
            .iter()
            .zip(codes)
            .map(|((name, _), code)| (Self::member_index(&self.methods, &class.name, name), code))
            .collect();
        methods.sort_unstable();
        let values = if fields.is_empty() { 0 } else { data.values(&fields) };
        let members = data.members(&fields, &methods);
        let words = [self.type_index(&descriptor(&class.name)), 1, u32::MAX, 0, u32::MAX, 0, members, values];
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    fn instructions(&self, ops: &[Op]) -> Vec<u16> {
        let mut units = Vec::new();
        let mut arrays = Vec::new();
        for op in ops {
            match op {
                Op::Bytes(bytes) => {
                    arrays.push((units.len(), *bytes));
                    units.extend([0x0026, 0, 0]);
                }
                Op::Text(text) => units.extend([0x001a, self.string_index(text) as u16]),
                Op::Field(name) => {
                    let (class, field) = split(name);
                    units.extend([0x0062, Self::member_index(&self.fields, class, field) as u16]);
                }
                Op::Call(name) => {
                    let (class, method) = split(name);
                    units.extend([0x0071, Self::member_index(&self.methods, class, method) as u16, 0]);
                }
            }
        }
        units.push(0x000e);
        for (at, bytes) in arrays {
            units.resize(units.len().next_multiple_of(2), 0);
            let offset = short(units.len() - at);
            units.splice(at + 1..at + 2, [offset]);
            units.extend([0x0300, 1, short(bytes.len()), 0]);
            units.extend(
                bytes
                    .chunks(2)
                    .map(|pair| pair.iter().rev().fold(0, |unit, byte| unit << 8 | u16::from(*byte))),
            );
        }
        units
    }
}

/// The data section.
struct Data {
    base: usize,
    bytes: Vec<u8>,
}

impl Data {
    fn here(&self) -> usize {
        self.base + self.bytes.len()
    }

    fn string(&mut self, text: &str) -> usize {
        let at = self.here();
        uleb(&mut self.bytes, number(text.encode_utf16().count()));
        self.bytes.extend(text.as_bytes());
        self.bytes.push(0);
        at
    }

    fn code(&mut self, units: &[u16]) -> u32 {
        while !self.here().is_multiple_of(4) {
            self.bytes.push(0);
        }
        let at = number(self.here());
        for word in [1u16, 0, 1, 0] {
            self.bytes.extend(word.to_le_bytes());
        }
        self.bytes.extend(0u32.to_le_bytes());
        self.bytes.extend(number(units.len()).to_le_bytes());
        self.bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
        at
    }

    fn values(&mut self, fields: &[(u32, u32)]) -> u32 {
        let at = number(self.here());
        uleb(&mut self.bytes, number(fields.len()));
        for (_, string) in fields {
            self.bytes.push(3 << 5 | 0x17);
            self.bytes.extend(string.to_le_bytes());
        }
        at
    }

    fn members(&mut self, fields: &[(u32, u32)], methods: &[(u32, u32)]) -> u32 {
        let at = number(self.here());
        for count in [fields.len(), 0, methods.len(), 0] {
            uleb(&mut self.bytes, number(count));
        }
        let mut last = 0;
        for (field, _) in fields {
            uleb(&mut self.bytes, field - last);
            uleb(&mut self.bytes, 9);
            last = *field;
        }
        last = 0;
        for (method, code) in methods {
            uleb(&mut self.bytes, method - last);
            uleb(&mut self.bytes, 9);
            uleb(&mut self.bytes, *code);
            last = *method;
        }
        at
    }
}

/// A member of an archive.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// The compression method.
    pub method: u16,
    /// The flags.
    pub flags: u16,
    /// CRC-32 of the content.
    pub crc: u32,
    /// Bytes of the content.
    pub size: u32,
    /// What stands in the archive.
    pub packed: Vec<u8>,
}

impl Member {
    /// A member that is not compressed.
    pub fn stored(name: &str, bytes: &[u8]) -> Self {
        Self::packed(name, 0, bytes, bytes.to_vec())
    }

    /// A member whose content is `bytes`, packed by the caller.
    pub fn packed(name: &str, method: u16, bytes: &[u8], packed: Vec<u8>) -> Self {
        Self { name: name.to_owned(), method, flags: 0, crc: crc32(bytes), size: number(bytes.len()), packed }
    }

    fn fields(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for field in [self.flags, self.method, 0, 0x21] {
            bytes.extend(field.to_le_bytes());
        }
        for field in [self.crc, number(self.packed.len()), self.size] {
            bytes.extend(field.to_le_bytes());
        }
        bytes.extend(short(self.name.len()).to_le_bytes());
        bytes.extend(0u16.to_le_bytes());
        bytes
    }
}

/// A zip archive of those members.
pub fn zip(members: &[Member]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    for member in members {
        directory.extend(b"PK\x01\x02\x14\0\x14\0");
        directory.extend(member.fields());
        directory.extend([0; 10]);
        directory.extend(number(bytes.len()).to_le_bytes());
        directory.extend(member.name.as_bytes());
        bytes.extend(b"PK\x03\x04\x14\0");
        bytes.extend(member.fields());
        bytes.extend(member.name.as_bytes());
        bytes.extend(&member.packed);
    }
    let start = number(bytes.len());
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(short(members.len()).to_le_bytes());
    bytes.extend(short(members.len()).to_le_bytes());
    bytes.extend(number(directory.len()).to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

/// CRC-32 as zip has it.
pub fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 },
        )
    };
    !bytes.iter().fold(u32::MAX, step)
}

fn descriptor(class: &str) -> String {
    format!("L{};", class.replace('.', "/"))
}

fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or(("", name))
}

fn position<T>(set: &BTreeSet<T>, is: impl Fn(&T) -> bool) -> u32 {
    set.iter().position(is).map_or(u32::MAX, number)
}

fn short_pair(one: u32, other: u32) -> Vec<u8> {
    [(one as u16).to_le_bytes(), (other as u16).to_le_bytes()].concat()
}

fn uleb(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn number(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

fn short(len: usize) -> u16 {
    u16::try_from(len).unwrap_or(u16::MAX)
}

const HEADER: usize = 0x70;
const LABEL: (u32, &str) = (0x0101_0001, "label");
const NAME: (u32, &str) = (0x0101_0003, "name");
const SHARED_USER: (u32, &str) = (0x0101_000b, "sharedUserId");
const VERSION_CODE: (u32, &str) = (0x0101_021b, "versionCode");
const VERSION_NAME: (u32, &str) = (0x0101_021c, "versionName");
