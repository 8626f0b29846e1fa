//! A DEX file's header and tables over its bytes.

use std::{borrow::Cow, ops::Range};

use crate::{Oddity, le};

/// One DEX file, or one of several in a container (version 041).
#[derive(Clone, Copy, Debug)]
pub struct Dex<'a> {
    bytes: &'a [u8],
    /// Where `bytes` begins in the member: not 0 inside an `.odex`, `.oat` or `.vdex`.
    base: usize,
    /// Offset of the header; 0 but in a container of several.
    header: usize,
    version: [u8; 3],
    strings: Table,
    types: Table,
    protos: Table,
    fields: Table,
    methods: Table,
    classes: Table,
}

/// Why bytes are no DEX file that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoDex {
    /// Another magic. In a `classes.dex` it means that the code is encrypted or packed.
    #[error("file lacks the magic of a DEX file")]
    Magic,
    /// The header or a table does not fit into the file.
    #[error("file's DEX header points beyond its end")]
    Header,
    /// Big-endian, which no Android phone ever was.
    #[error("file says it is a big-endian DEX file")]
    Endian,
}

#[derive(Clone, Copy, Debug, Default)]
struct Table {
    at: usize,
    count: usize,
}

/// A class definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassDef {
    /// Its type.
    pub class: u32,
    /// Its superclass' type; `u32::MAX` for none.
    pub superclass: u32,
    pub(super) annotations: usize,
    pub(super) data: usize,
    pub(super) values: usize,
}

/// A method as its definition in a class says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// Its index in the table of methods.
    pub method: u32,
    /// Offset of its code; 0 where it has none (abstract, native).
    pub code: usize,
    /// `access_flags`.
    pub access: u32,
}

impl<'a> Dex<'a> {
    /// Reads the header of a file that begins at the first byte.
    pub fn read(bytes: &'a [u8]) -> Result<Self, NoDex> {
        Self::at(bytes, 0)
    }

    /// Reads the header at `header`; offsets count from the first of `bytes`.
    fn at(bytes: &'a [u8], header: usize) -> Result<Self, NoDex> {
        let head = bytes.get(header..).unwrap_or_default();
        let version = le::array::<3>(head, 4).filter(|version| version.iter().all(u8::is_ascii_digit));
        let Some(version) = version.filter(|_| head.starts_with(b"dex\n") && le::u8(head, 7) == Some(0))
        else {
            return Err(NoDex::Magic);
        };
        match le::u32(head, 40) {
            Some(0x1234_5678) => {}
            Some(0x7856_3412) => return Err(NoDex::Endian),
            _ => return Err(NoDex::Header),
        }
        let table = |at: usize, width: usize| Table::read(bytes, head, at, width).ok_or(NoDex::Header);
        // But for strings, instructions have sixteen bits for an index.
        let short = |at: usize, width: usize| table(at, width).map(Table::short);
        Ok(Self {
            bytes,
            base: 0,
            header,
            version,
            strings: table(56, 4)?,
            types: short(64, 4)?,
            protos: short(72, 12)?,
            fields: short(80, 8)?,
            methods: short(88, 8)?,
            classes: short(96, 32)?,
        })
    }

    /// The bytes all offsets count from.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Where those bytes begin in the member they were found in.
    pub fn base(&self) -> usize {
        self.base
    }

    /// The version, `035` to `041`.
    pub fn version(&self) -> &str {
        std::str::from_utf8(&self.version).unwrap_or_default()
    }

    /// Bytes of this DEX file by its own account, capped at the input's end.
    pub fn len(&self) -> usize {
        let claimed = le::size(self.bytes, self.header.saturating_add(32)).unwrap_or(0);
        claimed.min(self.bytes.len().saturating_sub(self.header))
    }

    /// Whether it claims no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is odd about the header.
    pub fn oddities(&self) -> Vec<Oddity> {
        let claimed = le::size(self.bytes, self.header.saturating_add(32)).unwrap_or(0);
        let there = self.bytes.len().saturating_sub(self.header);
        if claimed <= there {
            return Vec::new();
        }
        vec![Oddity::new(
            "file ends before the DEX file does",
            format!("claims {claimed} bytes, has {there}"),
            le::wide(self.header),
        )]
    }

    /// Number of strings.
    pub fn string_count(&self) -> u32 {
        count(self.strings)
    }

    /// Number of methods named, defined here or elsewhere.
    pub fn method_count(&self) -> u32 {
        count(self.methods)
    }

    /// Number of fields named.
    pub fn field_count(&self) -> u32 {
        count(self.fields)
    }

    /// Number of types named.
    pub fn type_count(&self) -> u32 {
        count(self.types)
    }

    /// All strings that begin within the file, with their places. Entries that point at the same bytes count
    /// each time; the list ends when twice the file was read, which no compiler's output asks for.
    pub fn strings(&self) -> impl Iterator<Item = (u32, Range<usize>)> + 'a {
        let dex = *self;
        let mut left = dex.bytes.len().saturating_mul(2);
        (0..dex.string_count()).filter_map(move |string| {
            let range = if left > 0 { dex.string_range(string)? } else { return None };
            left = left.saturating_sub(range.len());
            Some((string, range))
        })
    }

    /// A string's bytes in Modified UTF-8, without its end.
    pub fn string_bytes(&self, string: u32) -> Option<&'a [u8]> {
        self.bytes.get(self.string_range(string)?)
    }

    /// Where a string's bytes are.
    pub fn string_range(&self, string: u32) -> Option<Range<usize>> {
        let at = le::size(self.bytes, self.strings.entry(string, 4)?)?;
        let (units, start) = uleb(self.bytes, at)?;
        // At most three bytes for each unit, whatever stands there.
        let most = usize::try_from(units).ok()?.checked_mul(3)?.checked_add(1)?;
        let rest = self.bytes.get(start..)?;
        let len = memchr::memchr(0, rest.get(..most).unwrap_or(rest))?;
        Some(start..start.checked_add(len)?)
    }

    /// A string, surrogates joined, what is no text replaced.
    pub fn string(&self, string: u32) -> Option<Cow<'a, str>> {
        Some(text(self.string_bytes(string)?))
    }

    /// A type's descriptor: `Landroid/net/Uri;`.
    pub fn descriptor(&self, kind: u32) -> Option<&'a [u8]> {
        self.name(le::u32(self.bytes, self.types.entry(kind, 4)?)?)
    }

    /// A string that is a name, cut where it is longer than any: it is copied for every use.
    fn name(&self, string: u32) -> Option<&'a [u8]> {
        let at = le::size(self.bytes, self.strings.entry(string, 4)?)?;
        let (_, start) = uleb(self.bytes, at)?;
        let rest = self.bytes.get(start..)?;
        let rest = rest.get(..MAX_NAME).unwrap_or(rest);
        rest.get(..memchr::memchr(0, rest).unwrap_or(rest.len()))
    }

    /// A type's name as in source text: `android.net.Uri`.
    pub fn type_name(&self, kind: u32) -> Option<String> {
        self.descriptor(kind).map(|descriptor| dotted(&text(descriptor)))
    }

    /// [`Self::type_name`] in place of what is in `name`; `None` where there is none, and then it is empty.
    pub(crate) fn type_name_into(&self, kind: u32, name: &mut String) -> Option<()> {
        let mut bytes = std::mem::take(name).into_bytes();
        bytes.clear();
        let descriptor = text(self.descriptor(kind)?);
        let class = class_of(&descriptor);
        bytes.extend_from_slice(class.unwrap_or(&descriptor).as_bytes());
        if class.is_some() {
            bytes.iter_mut().filter(|byte| **byte == b'/').for_each(|byte| *byte = b'.');
        }
        *name = String::from_utf8(bytes).ok()?;
        Some(())
    }

    /// The type that a method belongs to.
    pub fn method_class(&self, method: u32) -> Option<u32> {
        le::u16(self.bytes, self.methods.entry(method, 8)?).map(u32::from)
    }

    /// A method's bare name.
    pub fn method_short(&self, method: u32) -> Option<&'a [u8]> {
        self.name(le::u32(self.bytes, self.methods.entry(method, 8)?.checked_add(4)?)?)
    }

    /// `class.method` with dots.
    pub fn method_name(&self, method: u32) -> Option<String> {
        let class = self.type_name(self.method_class(method)?)?;
        Some(format!("{class}.{}", text(self.method_short(method)?)))
    }

    /// The method's prototype, shorty: two methods of one name and class differ in it, mostly.
    pub fn method_shorty(&self, method: u32) -> Option<&'a [u8]> {
        let proto = le::u16(self.bytes, self.methods.entry(method, 8)?.checked_add(2)?)?;
        let at = self.protos.entry(u32::from(proto), 12)?;
        self.string_bytes(le::u32(self.bytes, at)?)
    }

    /// The type that a field belongs to.
    pub fn field_class(&self, field: u32) -> Option<u32> {
        le::u16(self.bytes, self.fields.entry(field, 8)?).map(u32::from)
    }

    /// A field's bare name.
    pub fn field_short(&self, field: u32) -> Option<&'a [u8]> {
        self.name(le::u32(self.bytes, self.fields.entry(field, 8)?.checked_add(4)?)?)
    }

    /// `class.field` with dots.
    pub fn field_name(&self, field: u32) -> Option<String> {
        let class = self.type_name(self.field_class(field)?)?;
        Some(format!("{class}.{}", text(self.field_short(field)?)))
    }

    /// The classes defined here.
    pub fn classes(&self) -> impl Iterator<Item = ClassDef> + 'a {
        let dex = *self;
        (0..count(dex.classes)).map_while(move |index| dex.class(index))
    }

    /// The fields that a class' static values belong to, in order. The methods defined in it are added to `methods`.
    pub(super) fn members(&self, class: &ClassDef, methods: &mut Vec<Method>) -> Option<Vec<u32>> {
        if class.data == 0 {
            return None;
        }
        let (statics, at) = uleb(self.bytes, class.data)?;
        let (instance, at) = uleb(self.bytes, at)?;
        let (direct, at) = uleb(self.bytes, at)?;
        let (virtuals, at) = uleb(self.bytes, at)?;
        let mut reader = Members { bytes: self.bytes, at };
        let fields = reader.fields(statics);
        reader.pass(instance);
        reader.methods(direct, methods);
        reader.methods(virtuals, methods);
        Some(fields)
    }

    fn class(&self, index: u32) -> Option<ClassDef> {
        let at = self.classes.entry(index, 32)?;
        Some(ClassDef {
            class: le::u32(self.bytes, at)?,
            superclass: le::u32(self.bytes, at.checked_add(8)?)?,
            annotations: le::size(self.bytes, at.checked_add(20)?)?,
            data: le::size(self.bytes, at.checked_add(24)?)?,
            values: le::size(self.bytes, at.checked_add(28)?)?,
        })
    }
}

impl Table {
    /// Count and offset at `at` of the header. A table that does not fit is cut, not refused: the entries
    /// that are there count. One that begins outside is none.
    fn read(bytes: &[u8], head: &[u8], at: usize, width: usize) -> Option<Self> {
        let count = le::size(head, at)?;
        let start = le::size(head, at.checked_add(4)?)?;
        if count == 0 {
            return Some(Self::default());
        }
        let room = bytes.len().checked_sub(start)?.checked_div(width)?;
        (room > 0).then_some(Self { at: start, count: count.min(room) })
    }

    fn short(self) -> Self {
        Self { count: self.count.min(0x1_0000), ..self }
    }

    fn entry(&self, index: u32, width: usize) -> Option<usize> {
        let index = usize::try_from(index).ok().filter(|index| *index < self.count)?;
        self.at.checked_add(index.checked_mul(width)?)
    }
}

/// `class_data_item`'s lists: indexes as differences.
struct Members<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Members<'_> {
    fn next(&mut self) -> Option<u32> {
        let (value, at) = uleb(self.bytes, self.at)?;
        self.at = at;
        Some(value)
    }

    fn fields(&mut self, count: u32) -> Vec<u32> {
        let mut index = 0u32;
        let mut fields = Vec::new();
        for _ in 0..count {
            let Some((step, _)) = self.next().zip(self.next()) else { break };
            index = index.wrapping_add(step);
            fields.push(index);
        }
        fields
    }

    /// Passes over fields.
    fn pass(&mut self, count: u32) {
        for _ in 0..count {
            if self.next().zip(self.next()).is_none() {
                break;
            }
        }
    }

    fn methods(&mut self, count: u32, methods: &mut Vec<Method>) {
        let mut index = 0u32;
        for _ in 0..count {
            let (Some(step), Some(access), Some(code)) = (self.next(), self.next(), self.next()) else {
                break;
            };
            index = index.wrapping_add(step);
            methods.push(Method { method: index, access, code: usize::try_from(code).unwrap_or(0) });
        }
    }
}

/// All DEX files in a member: one, several in a container (version 041), or those that stand anywhere
/// inside an `.odex`, `.oat` or `.vdex`.
pub fn dexes(bytes: &[u8]) -> Result<Vec<Dex<'_>>, NoDex> {
    match Dex::read(bytes) {
        Ok(first) => Ok(container(bytes, first)),
        Err(problem) => {
            let inner = carved(bytes);
            if inner.is_empty() { Err(problem) } else { Ok(inner) }
        }
    }
}

fn container<'a>(bytes: &'a [u8], first: Dex<'a>) -> Vec<Dex<'a>> {
    let mut found = vec![first];
    let mut at = first.len();
    while found.len() < MAX_DEXES && first.version >= *b"041" && at > 0 {
        let Ok(next) = Dex::at(bytes, at) else { break };
        at = at.saturating_add(next.len().max(1));
        found.push(next);
    }
    found
}

/// Each ends where it says, so that no byte is read for two of them.
fn carved(bytes: &[u8]) -> Vec<Dex<'_>> {
    let mut found = Vec::new();
    let mut from = 0usize;
    while let Some(at) = bytes.get(from..).and_then(|rest| memchr::memmem::find(rest, b"dex\n0")) {
        let start = from.saturating_add(at);
        let claimed = le::size(bytes, start.saturating_add(32)).unwrap_or(0);
        let rest = bytes.get(start..).unwrap_or_default();
        let dex = rest.get(..claimed.min(rest.len())).and_then(|own| Dex::read(own).ok());
        from = start.saturating_add(dex.map_or(4, |dex| dex.bytes.len().max(4)));
        found.extend(dex.map(|dex| Dex { base: start, ..dex }));
        if found.len() >= MAX_DEXES {
            break;
        }
    }
    found
}

/// `uleb128`, at most five bytes: the value, and where it ends.
pub(super) fn uleb(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    let mut value = 0u32;
    for n in 0..5u32 {
        let byte = *bytes.get(at.checked_add(usize::try_from(n).ok()?)?)?;
        value |= u32::from(byte & 0x7f).checked_shl(n.checked_mul(7)?).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Some((value, at.checked_add(usize::try_from(n).ok()?)?.checked_add(1)?));
        }
    }
    None
}

/// Modified UTF-8 as text: only its surrogate pairs and its two-byte zero differ from UTF-8.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(String::from_utf16_lossy(&units(bytes))),
    }
}

fn units(bytes: &[u8]) -> Vec<u16> {
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        let low = |n: usize| tail.get(n).map_or(0, |byte| u16::from(byte & 0x3f));
        let (unit, used) = match *first {
            byte if byte < 0x80 => (u16::from(byte), 0),
            byte if byte >> 5 == 6 => (u16::from(byte & 0x1f) << 6 | low(0), 1),
            byte if byte >> 4 == 14 => (u16::from(byte & 0x0f) << 12 | low(0) << 6 | low(1), 2),
            _ => (0xfffd, 0),
        };
        units.push(unit);
        rest = tail.get(used..).unwrap_or_default();
    }
    units
}

/// `Lcom/a/B;` as `com.a.B`; anything else as it stands.
fn dotted(descriptor: &str) -> String {
    class_of(descriptor).map_or_else(|| descriptor.to_owned(), |name| name.replace('/', "."))
}

/// What stands between `L` and `;`, also in an array's descriptor.
fn class_of(descriptor: &str) -> Option<&str> {
    descriptor.trim_start_matches('[').strip_prefix('L')?.strip_suffix(';')
}

fn count(table: Table) -> u32 {
    u32::try_from(table.count).unwrap_or(u32::MAX)
}

/// The longest name of a class or method that is told.
const MAX_NAME: usize = 1024;
/// More than any app or system image has in one file.
const MAX_DEXES: usize = 4_096;
