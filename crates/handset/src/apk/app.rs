//! One APK, read.

use std::{borrow::Cow, sync::Arc};

use super::{
    code::{Code, Held, Holder},
    dex::NoDex,
    manifest::Manifest,
    packers,
    report::{Contents, Reading},
    resources::Resources,
    signatures::Signatures,
    trackers::Trackers,
    zip::{Archive, Content, Member},
};
use crate::{Oddity, le};

/// An APK: its archive, manifest and code.
#[derive(Clone, Debug)]
pub struct Apk<'a> {
    archive: Archive<'a>,
    manifest: Manifest,
    code: Code<'a>,
    resources: Cow<'a, [u8]>,
    coverage: Coverage,
    oddities: Vec<Oddity>,
    limits: Limits,
}

/// How much is unpacked, whatever the archive claims.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one member.
    pub member: usize,
    /// Bytes of all members that are read.
    pub all: usize,
}

/// How much of an app's code was read, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Bytes of DEX files read.
    pub dex_bytes: u64,
    /// Bytes of instructions in them.
    pub code_bytes: u64,
    /// Methods with code.
    pub methods: u64,
    /// Native libraries, and their bytes. Only their printable text is looked at.
    pub native: (usize, u64),
    /// What was not read.
    pub unread: Vec<Unread>,
    /// Components that the manifest declares and no code that was read defines: code is loaded from
    /// elsewhere, packed, or in a split that is missing.
    pub undefined: Vec<String>,
    /// Components declared.
    pub declared: usize,
}

/// Something that was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The member, or what is missing.
    pub what: String,
    /// Bytes, where they are known.
    pub bytes: u64,
    /// Why not, one fixed sentence.
    pub why: &'static str,
}

/// Which of some strings an app contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contained {
    /// The string asked for.
    pub needle: String,
    /// The strings of code that are it or contain it.
    pub code: Vec<Held>,
    /// Other members that contain it, with the first place in each.
    pub files: Vec<Holder>,
}

impl Contained {
    /// Whether it is anywhere.
    pub fn found(&self) -> bool {
        !self.code.is_empty() || !self.files.is_empty()
    }
}

impl Default for Limits {
    /// A quarter of a gigabyte for a member, a gigabyte in all.
    fn default() -> Self {
        Self { member: 256 << 20, all: 1 << 30 }
    }
}

impl<'a> Apk<'a> {
    /// Reads an APK within the default limits.
    pub fn read(bytes: &'a [u8]) -> Self {
        Self::within(bytes, Limits::default())
    }

    /// Reads an APK within `limits`.
    pub fn within(bytes: &'a [u8], limits: Limits) -> Self {
        let archive = Archive::read(bytes);
        let mut apk = Self {
            oddities: archive.oddities().to_vec(),
            archive,
            manifest: Manifest::default(),
            code: Code::default(),
            resources: Cow::Borrowed(&[]),
            coverage: Coverage::default(),
            limits,
        };
        apk.resources = apk.content("resources.arsc").unwrap_or_default();
        apk.read_manifest();
        apk.read_code();
        apk.compare();
        apk
    }

    /// Whether bytes are an APK: a zip archive with a manifest or code.
    pub fn recognises(bytes: &[u8]) -> bool {
        Archive::recognises(bytes) && {
            let archive = Archive::read(bytes);
            archive.members().iter().any(|member| member.name == MANIFEST || is_code(&member.name))
        }
    }

    /// The archive.
    pub fn archive(&self) -> &Archive<'a> {
        &self.archive
    }

    /// What the manifest says.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The code.
    pub fn code(&self) -> &Code<'a> {
        &self.code
    }

    /// The resources.
    pub fn resources(&self) -> Resources<'_> {
        Resources::read(&self.resources)
    }

    /// Who signed it, and whether that holds: v1 to v3.1, which are inside.
    pub fn signatures(&self) -> Signatures {
        Signatures::read(&self.archive)
    }

    /// How much was read.
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// What is odd about the archive, the manifest and the code.
    pub fn oddities(&self) -> Vec<Oddity> {
        [self.oddities.clone(), self.manifest.oddities.clone(), self.code.oddities()].concat()
    }

    /// Adds the code of a split of the same app, and counts it as there.
    pub fn add_split(&mut self, split: &Apk<'a>) {
        self.code.join(&split.code);
        self.manifest.splits_required = false;
        self.coverage.unread.extend(split.coverage.unread.iter().cloned());
        self.compare();
    }

    /// Adds code that stands beside the APK: a system app's `.odex` or `.vdex`.
    pub fn add_code(&mut self, name: &str, bytes: Cow<'a, [u8]>) -> Result<(), NoDex> {
        self.code.add(name, bytes)?;
        self.compare();
        Ok(())
    }

    /// Everything an investigator asks of the code and the libraries, with `trackers` looked for.
    pub fn contents(&self, trackers: &Trackers) -> Contents {
        let mut reading = Reading::new(trackers);
        reading.code(&self.code);
        let member: Arc<str> = Arc::from("resources.arsc");
        self.resources().texts().for_each(|(text, at)| reading.resource(&member, &text, at));
        for member in self.archive.members().iter().filter(|member| holds_text(&member.name)) {
            if let Some(content) = self.archive.content(member, self.limits.member.min(MAX_NATIVE)) {
                reading.native(&member.name, &content.bytes);
            }
        }
        reading.finish()
    }

    /// The strings of code that are or contain `needle`, with the methods that hold them.
    pub fn holders(&self, needle: &str) -> Vec<Held> {
        self.code.holders(needle)
    }

    /// Which of `needles` (hosts, paths, user agents, JSON keys) the app contains, in code, resources,
    /// libraries, assets, and where.
    pub fn contains(&self, needles: &[&str]) -> Vec<Contained> {
        let mut found: Vec<_> = needles
            .iter()
            .map(|needle| Contained {
                needle: (*needle).to_owned(),
                code: self.holders(needle),
                files: Vec::new(),
            })
            .collect();
        let mut left = self.limits.all;
        for member in self.archive.members().iter().filter(|member| !is_code(&member.name)) {
            let Some(content) = self.archive.content(member, left.min(MAX_NATIVE)) else { continue };
            left = left.saturating_sub(content.bytes.len());
            for contained in &mut found {
                contained.files.extend(place(member, &content, &contained.needle));
            }
        }
        found
    }

    fn read_manifest(&mut self) {
        match self.content(MANIFEST) {
            Some(bytes) => self.manifest = Manifest::read(&bytes, &Resources::read(&self.resources)),
            None => self.oddities.push(Oddity::new("file lacks its AndroidManifest.xml", "", 0)),
        }
    }

    fn read_code(&mut self) {
        let members = self.archive.members().to_vec();
        let mut left = self.limits.all;
        for member in members.iter().filter(|member| is_code(&member.name)) {
            let Some(content) = self.unpacked(member, left.min(self.limits.member)) else { continue };
            left = left.saturating_sub(content.len());
            if let Err(problem) = self.code.add(&member.name, content) {
                self.unread(&member.name, member.size, why(problem));
            }
        }
        for member in members.iter().filter(|member| is_nested(&member.name)) {
            left = left.saturating_sub(self.read_nested(member, left));
        }
        for name in packers::of(&members) {
            self.unread(&name, 0, PACKED);
        }
        if self.archive.leading().starts_with(b"dex\n") {
            let _read = self.code.add("(before the archive)", Cow::Borrowed(self.archive.leading()));
        }
        let native = members.iter().filter(|member| member.name.ends_with(".so"));
        self.coverage.native =
            native.fold((0, 0), |(count, bytes), member| (count + 1, member.size.saturating_add(bytes)));
    }

    /// Code in an archive inside, one level deep: an app loads it when it runs. How much was unpacked.
    fn read_nested(&mut self, member: &Member, left: usize) -> usize {
        let Some(content) = self.unpacked(member, left.min(self.limits.member)) else { return 0 };
        let inner = Archive::read(&content);
        let mut spent = content.len();
        for code in inner.members().iter().filter(|code| is_code(&code.name)) {
            let Some(dex) = inner.content(code, left.saturating_sub(spent)) else { continue };
            spent = spent.saturating_add(dex.bytes.len());
            let name = format!("{}!{}", member.name, code.name);
            if let Err(problem) = self.code.add(&name, Cow::Owned(dex.bytes.into_owned())) {
                self.unread(&name, code.size, why(problem));
            }
        }
        spent
    }

    /// The manifest's promises against the code.
    fn compare(&mut self) {
        let coverage = &mut self.coverage;
        coverage.dex_bytes = self.code.dex_bytes();
        coverage.code_bytes = self.code.code_bytes();
        coverage.methods = self.code.methods();
        let aliases = |component: &&super::Component| component.kind != super::ComponentKind::Alias;
        let components = self.manifest.components.iter().filter(aliases);
        let classes: Vec<_> = components.map(|component| component.class.value.as_str()).collect();
        coverage.declared = classes.len();
        coverage.undefined = self.code.undefined(&classes).into_iter().map(str::to_owned).collect();
        coverage.unread.retain(|unread| unread.why != NO_CODE && unread.why != NO_SPLIT);
        if self.manifest.has_code != Some(false) && coverage.dex_bytes == 0 && coverage.declared > 0 {
            self.unread("classes.dex", 0, NO_CODE);
        }
        if self.manifest.splits_required {
            self.unread("split APKs", 0, NO_SPLIT);
        }
    }

    fn content(&mut self, name: &str) -> Option<Cow<'a, [u8]>> {
        let member = self.archive.member(name)?.clone();
        let limit = if name == MANIFEST { MAX_MANIFEST } else { self.limits.member };
        self.unpacked(&member, limit.min(self.limits.member))
    }

    fn unpacked(&mut self, member: &Member, limit: usize) -> Option<Cow<'a, [u8]>> {
        let Some(content) = self.archive.content(member, limit) else {
            self.unread(&member.name, member.size, "file ends before the member");
            return None;
        };
        self.oddities.extend(content.oddities);
        if content.cut {
            let rest = member.size.saturating_sub(le::wide(content.bytes.len()));
            self.unread(&member.name, rest, "over the limit of what is unpacked");
        }
        Some(content.bytes)
    }

    fn unread(&mut self, what: &str, bytes: u64, why: &'static str) {
        self.coverage.unread.push(Unread { what: what.to_owned(), bytes, why });
    }
}

fn place(member: &Member, content: &Content<'_>, needle: &str) -> Option<Holder> {
    let at = memchr::memmem::find(&content.bytes, needle.as_bytes()).or_else(|| {
        let wide: Vec<u8> = needle.encode_utf16().flat_map(u16::to_le_bytes).collect();
        memchr::memmem::find(&content.bytes, &wide)
    });
    at.filter(|_| !needle.is_empty()).map(|at| Holder::file(&Arc::from(member.name.as_str()), le::wide(at)))
}

/// `classes.dex`, `classes2.dex`, and DEX files elsewhere, which an app loads by itself.
fn is_code(name: &str) -> bool {
    name.ends_with(".dex")
}

/// An archive that can hold code: a plug-in, or a library that is loaded by name.
fn is_nested(name: &str) -> bool {
    [".apk", ".jar", ".zip"].iter().any(|end| name.ends_with(end))
}

/// Native libraries, and assets where endpoints are configured.
fn holds_text(name: &str) -> bool {
    let configured = [".json", ".xml", ".properties", ".js", ".html", ".txt", ".cfg", ".conf", ".ini"];
    let asset = name.starts_with("assets/") || name.starts_with("res/raw");
    name.ends_with(".so") || asset && configured.iter().any(|end| name.ends_with(end))
}

fn why(problem: NoDex) -> &'static str {
    match problem {
        NoDex::Magic => "no DEX file: encrypted, packed or another format",
        NoDex::Header => "the DEX file's header points beyond its end",
        NoDex::Endian => "the DEX file says it is big-endian",
    }
}

const MANIFEST: &str = "AndroidManifest.xml";
const NO_CODE: &str = "the APK has no code of its own: it lies beside it, or in a split";
const PACKED: &str = "a library that unpacks the real code when the app starts: what was read is its wrapper";
const NO_SPLIT: &str = "the app says that splits belong to it";
/// A hundred times that of any app.
const MAX_MANIFEST: usize = 32 << 20;
/// Of one library or asset.
const MAX_NATIVE: usize = 64 << 20;
