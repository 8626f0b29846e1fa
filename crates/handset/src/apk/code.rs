//! An app's DEX files together → which class and method holds a string.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
};

use super::{
    dex::{Dex, NoDex, Used, Uses, Via, dexes},
    roles::Roles,
};
use crate::{Oddity, le};

/// All DEX code of an app.
#[derive(Clone, Debug, Default)]
pub struct Code<'a> {
    files: Vec<File<'a>>,
}

/// One member with DEX code: `classes.dex`, or an `.odex` beside the APK.
#[derive(Clone, Debug)]
struct File<'a> {
    member: Arc<str>,
    bytes: Cow<'a, [u8]>,
    walks: Vec<Walk>,
}

/// A DEX file, walked.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    pub(super) roles: Roles,
    /// Of calls and fields those that have a role.
    pub(super) uses: Uses,
}

impl Walk {
    fn of(dex: &Dex<'_>) -> Self {
        let roles = Roles::of(dex);
        let uses = Uses::keeping(dex, &|used| match used {
            Used::Call(callee) => roles.callees.has(callee),
            Used::Field(field) => roles.fields.has(field),
        });
        Self { roles, uses }
    }
}

/// Where something stands in an app.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Holder {
    /// The member of the APK, unpacked.
    pub member: Arc<str>,
    /// `class.method`, `class.field` or the class, with dots; empty outside DEX code.
    pub name: String,
    /// In which way.
    pub by: HeldBy,
    /// Offset in the unpacked member: of the instruction, value or text.
    pub at: u64,
}

/// How a string is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HeldBy {
    /// An annotation of the method or class.
    Annotation,
    /// An instruction of the method.
    Code,
    /// The first value of the static field.
    Field,
    /// The file: no code was seen to use it.
    File,
}

/// A string of the code, and who holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The string.
    pub text: String,
    /// It is the needle, no more and no less.
    pub exact: bool,
    /// The member.
    pub member: Arc<str>,
    /// Where the string's bytes are in the unpacked member.
    pub bytes: std::ops::Range<u64>,
    /// Who holds it; empty where only the table of strings does.
    pub holders: Vec<Holder>,
}

impl<'a> Code<'a> {
    /// Adds a member and walks its code: `classes.dex`, or an `.odex`, `.oat` or `.vdex` with DEX files inside.
    pub fn add(&mut self, member: &str, bytes: Cow<'a, [u8]>) -> Result<(), NoDex> {
        let walks = dexes(&bytes)?.iter().map(Walk::of).collect();
        self.files.push(File { member: Arc::from(member), bytes, walks });
        Ok(())
    }

    /// Adds the code of another package.
    pub(super) fn join(&mut self, other: &Self) {
        self.files.extend(other.files.iter().cloned());
    }

    /// Bytes of DEX files read.
    pub fn dex_bytes(&self) -> u64 {
        self.dexes().map(|(_, dex, _)| le::wide(dex.len())).sum()
    }

    /// The members that were read, with all their bytes.
    pub fn members(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|file| (&*file.member, &*file.bytes))
    }

    /// Bytes of instructions read.
    pub fn code_bytes(&self) -> u64 {
        self.dexes().map(|(_, _, uses)| uses.code_bytes).sum()
    }

    /// Methods with code that were read.
    pub fn methods(&self) -> u64 {
        self.dexes().map(|(_, _, uses)| uses.methods).sum()
    }

    /// What is odd about the files.
    pub fn oddities(&self) -> Vec<Oddity> {
        self.dexes().flat_map(|(_, dex, uses)| [dex.oddities(), uses.oddities.clone()].concat()).collect()
    }

    /// The strings that are or contain `needle`, with the methods that hold them.
    pub fn holders(&self, needle: &str) -> Vec<Held> {
        if needle.is_empty() {
            return Vec::new();
        }
        let finder = memchr::memmem::Finder::new(needle);
        self.dexes().flat_map(|(member, dex, uses)| held(member, dex, uses, &finder)).collect()
    }

    /// Whether any string contains `needle`.
    pub fn contains(&self, needle: &str) -> bool {
        let finder = memchr::memmem::Finder::new(needle);
        let within = |dex: Dex<'_>| {
            dex.strings()
                .any(|(_, range)| dex.bytes().get(range).is_some_and(|text| finder.find(text).is_some()))
        };
        !needle.is_empty() && self.files.iter().any(|file| finder.find(&file.bytes).is_some()) && {
            self.dexes().any(|(_, dex, _)| within(dex))
        }
    }

    /// Those of `names` (with dots) that no class defined here has, in their order.
    pub fn undefined<'n>(&self, names: &[&'n str]) -> Vec<&'n str> {
        let mut left: HashSet<&str> = names.iter().copied().collect();
        let lengths: HashSet<usize> = names.iter().map(|name| name.len()).collect();
        let mut name = String::new();
        for (_, dex, _) in self.dexes() {
            for class in dex.classes() {
                if left.is_empty() {
                    return Vec::new();
                }
                // Most have another length, and need not be spelled: `L` and `;` stand around a name in ASCII.
                let other = |descriptor: &[u8]| {
                    descriptor.is_ascii()
                        && descriptor.starts_with(b"L")
                        && descriptor.ends_with(b";")
                        && !lengths.contains(&descriptor.len().saturating_sub(2))
                };
                if dex.descriptor(class.class).is_none_or(other) {
                    continue;
                }
                if dex.type_name_into(class.class, &mut name).is_some() {
                    left.remove(name.as_str());
                }
            }
        }
        names.iter().copied().filter(|name| left.contains(name)).collect()
    }

    /// Every DEX file with its member and what it uses, of calls and fields those that have a role.
    pub(super) fn dexes(&self) -> impl Iterator<Item = (&Arc<str>, Dex<'_>, &Uses)> {
        self.walks().map(|(member, dex, walk)| (member, dex, &walk.uses))
    }

    /// Every DEX file with its member, walked.
    pub(super) fn walks(&self) -> impl Iterator<Item = (&Arc<str>, Dex<'_>, &Walk)> {
        self.files.iter().flat_map(|file| {
            let read = dexes(&file.bytes).unwrap_or_default();
            read.into_iter().zip(&file.walks).map(move |(dex, walk)| (&file.member, dex, walk))
        })
    }
}

impl Holder {
    /// Who a use in a DEX file belongs to.
    pub(super) fn of(member: &Arc<str>, dex: &Dex<'_>, via: Via, at: u32) -> Self {
        let (name, by) = match via {
            Via::Code(method) => (dex.method_name(method), HeldBy::Code),
            Via::MethodAnnotation(method) => (dex.method_name(method), HeldBy::Annotation),
            Via::Field(field) => (dex.field_name(field), HeldBy::Field),
            Via::Class(class) => (dex.type_name(class), HeldBy::Annotation),
        };
        let at = u64::from(at).saturating_add(le::wide(dex.base()));
        Self { member: Arc::clone(member), name: name.unwrap_or_default(), by, at }
    }

    /// A place in a file that is no DEX code, or that no code uses.
    pub(super) fn file(member: &Arc<str>, at: u64) -> Self {
        Self { member: Arc::clone(member), name: String::new(), by: HeldBy::File, at }
    }

    /// The class, with dots.
    pub fn class(&self) -> &str {
        match self.by {
            HeldBy::Annotation | HeldBy::Code | HeldBy::Field => {
                self.name.rsplit_once('.').map_or(self.name.as_str(), |(class, _)| class)
            }
            HeldBy::File => "",
        }
    }
}

/// `class.method @ classes.dex:0x1a2b`
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.name.is_empty() {
            write!(f, "{} @ ", self.name)?;
        }
        write!(f, "{}:{:#x}", self.member, self.at)
    }
}

fn held(member: &Arc<str>, dex: Dex<'_>, uses: &Uses, finder: &memchr::memmem::Finder<'_>) -> Vec<Held> {
    let mut found: HashMap<u32, Held> = HashMap::new();
    for (string, range) in dex.strings() {
        let bytes = dex.bytes().get(range.clone()).unwrap_or_default();
        if finder.find(bytes).is_none() {
            continue;
        }
        let base = le::wide(dex.base());
        let held = Held {
            text: dex.string(string).unwrap_or_default().into_owned(),
            exact: bytes == finder.needle(),
            member: Arc::clone(member),
            bytes: base.saturating_add(le::wide(range.start))..base.saturating_add(le::wide(range.end)),
            holders: Vec::new(),
        };
        found.insert(string, held);
    }
    if found.is_empty() {
        return Vec::new();
    }
    for used in &uses.strings {
        if let Some(held) = found.get_mut(&used.string) {
            held.holders.push(Holder::of(member, &dex, used.via, used.at));
        }
    }
    let mut found: Vec<_> = found.into_values().collect();
    found.sort_by_key(|held| held.bytes.start);
    found
}
