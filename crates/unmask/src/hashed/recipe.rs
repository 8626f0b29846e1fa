//! How a digest was made of a value: steps that can be named, run again, and shown in a shell.

use std::fmt;

use super::{Algorithm, Cut, Encoding};

/// How a value and a salt become one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mix {
    /// The value alone.
    Plain,
    /// The salt, a separator, the value.
    Before(&'static str),
    /// The value, a separator, the salt.
    After(&'static str),
    /// The salt on both sides.
    Around(&'static str),
    /// Two salts, one on each side: a zero byte parts them.
    Between(&'static str),
    /// HMAC with the salt as its key.
    SaltIsKey,
    /// HMAC of the salt with the value as its key.
    ValueIsKey,
}

/// One digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stage {
    /// What goes in.
    pub mix: Mix,
    /// The function.
    pub algorithm: Algorithm,
}

/// How the result of the first digest goes into the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Between {
    /// As hex digits, small letters.
    Hex,
    /// As hex digits, capital letters.
    HexUpper,
    /// As its bytes.
    Raw,
}

/// The steps from a value to a digest, without the part that was kept and its encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Recipe {
    /// The first digest.
    pub first: Stage,
    /// How often the first function is run over its own digest, written as the second one takes it.
    pub again: u8,
    /// A digest of the digest.
    pub second: Option<(Between, Stage)>,
}

impl Recipe {
    /// One digest, of the value with or without salt.
    pub fn single(mix: Mix, algorithm: Algorithm) -> Self {
        Self { first: Stage { mix, algorithm }, again: 0, second: None }
    }

    /// The last function: its digest is what is seen.
    pub fn outer(&self) -> Algorithm {
        self.second.map_or(self.first, |(_, stage)| stage).algorithm
    }

    /// Whether a salt plays a part.
    pub fn is_salted(&self) -> bool {
        self.first.mix != Mix::Plain || self.second.is_some_and(|(_, stage)| stage.mix != Mix::Plain)
    }

    /// How many digests it takes.
    pub fn cost(&self) -> u64 {
        1 + u64::from(self.second.is_some()) + u64::from(self.again)
    }

    /// The digest. Nothing where the function knows no HMAC.
    pub fn apply(&self, value: &[u8], salt: &[u8]) -> Option<Vec<u8>> {
        let mut inner = self.first.apply(value, salt)?;
        let Some((between, stage)) = self.second else { return Some(inner) };
        for _ in 0..self.again {
            inner = self.first.algorithm.digest(&between.written(&inner));
        }
        stage.apply(&between.written(&inner), salt)
    }

    /// Whether it is the plain digest that the audit's needles hold already.
    pub fn is_plain(&self) -> bool {
        self.second.is_none() && self.first.mix == Mix::Plain
    }

    /// The recipe as text with what was kept and how it was written: `sha256(salt:value)[..8]/hex`.
    ///
    /// `+` joins without a separator; `salt2` is another salt; `hex(…)` and `HEX(…)` are digits of a digest; `hmac-md5(key=salt,value)`;
    /// the part that was kept is counted in bytes.
    pub fn written(&self, cut: Cut, encoding: Encoding) -> String {
        let len = self.outer().len();
        let part = match (cut.start, cut.end) {
            (0, end) if end >= len => String::new(),
            (0, end) => format!("[..{end}]"),
            (start, end) if end >= len => format!("[{start}..]"),
            (start, end) => format!("[{start}..{end}]"),
        };
        format!("{self}{part}/{}", encoding.name())
    }

    /// A line for a POSIX shell with openssl, coreutils and Python that prints the same.
    pub fn shell(&self, value: &[u8], salt: &[u8], cut: Cut, encoding: Encoding) -> String {
        let mut pipe = self.first.shell(Source::Bytes(value), salt);
        if let Some((between, stage)) = self.second {
            for _ in 0..self.again {
                pipe = format!("{pipe}{} | {}", between.shell(), self.first.algorithm.shell());
            }
            let inner = format!("{pipe}{}", between.shell());
            pipe = stage.shell(Source::Pipe(&inner), salt);
        }
        if cut != (Cut { start: 0, end: self.outer().len() }) {
            let len = cut.end.saturating_sub(cut.start);
            pipe = format!("{pipe} | tail -c +{} | head -c {len}", cut.start + 1);
        }
        match encoding {
            Encoding::Raw => pipe,
            _ => format!("{pipe} | {}", encoding.shell()),
        }
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = self.first.written("value");
        let Some((between, stage)) = self.second else { return f.write_str(&first) };
        for _ in 0..self.again {
            first = Stage { mix: Mix::Plain, ..self.first }.written(&between.named(&first));
        }
        f.write_str(&stage.written(&between.named(&first)))
    }
}

impl Stage {
    fn apply(self, value: &[u8], salt: &[u8]) -> Option<Vec<u8>> {
        match self.mix {
            Mix::SaltIsKey => self.algorithm.hmac(salt, value),
            Mix::ValueIsKey => self.algorithm.hmac(value, salt),
            _ => {
                let (before, after) = self.mix.around(salt);
                Some(self.algorithm.digest(&[&before, value, &after].concat()))
            }
        }
    }

    fn written(self, value: &str) -> String {
        let name = self.algorithm.name();
        let joint =
            |separator: &str| if separator.is_empty() { "+".to_owned() } else { separator.to_owned() };
        match self.mix {
            Mix::Plain => format!("{name}({value})"),
            Mix::Before(between) => format!("{name}(salt{}{value})", joint(between)),
            Mix::After(between) => format!("{name}({value}{}salt)", joint(between)),
            Mix::Around(between) => format!("{name}(salt{0}{value}{0}salt)", joint(between)),
            Mix::Between(between) => format!("{name}(salt{0}{value}{0}salt2)", joint(between)),
            Mix::SaltIsKey => format!("hmac-{name}(key=salt,{value})"),
            Mix::ValueIsKey => format!("hmac-{name}(key={value},salt)"),
        }
    }

    fn shell(self, value: Source<'_>, salt: &[u8]) -> String {
        let (message, key) = match self.mix {
            Mix::SaltIsKey => (value.printed(), hex(salt)),
            Mix::ValueIsKey => (printf(salt), value.octets()),
            _ => return format!("{} | {}", value.between(self.mix, salt), self.algorithm.shell()),
        };
        // The openssl command takes no empty key.
        format!(
            "{message} | python3 -c \"import sys,hmac,hashlib;sys.stdout.buffer.write(hmac.new(bytes.fromhex(sys.argv[1]),sys.stdin.buffer.read(),{}).digest())\" \"{key}\"",
            python_digest(self.algorithm)
        )
    }
}

impl Mix {
    /// Appends the message that a value and a salt become; the value alone for HMAC.
    pub(super) fn write(self, value: &[u8], salt: &[u8], message: &mut Vec<u8>) {
        let (first, second) = if let Self::Between(_) = self { parted(salt) } else { (salt, salt) };
        if let Self::Before(separator) | Self::Around(separator) | Self::Between(separator) = self {
            message.extend_from_slice(first);
            message.extend_from_slice(separator.as_bytes());
        }
        message.extend_from_slice(value);
        if let Self::After(separator) | Self::Around(separator) | Self::Between(separator) = self {
            message.extend_from_slice(separator.as_bytes());
            message.extend_from_slice(second);
        }
    }

    /// The bytes before and after the value; nothing for HMAC.
    pub(super) fn around(self, salt: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let (first, second) = if let Self::Between(_) = self { parted(salt) } else { (salt, salt) };
        let before = |separator: &str| [first, separator.as_bytes()].concat();
        let after = |separator: &str| [separator.as_bytes(), second].concat();
        match self {
            Self::Before(separator) => (before(separator), Vec::new()),
            Self::After(separator) => (Vec::new(), after(separator)),
            Self::Around(separator) | Self::Between(separator) => (before(separator), after(separator)),
            Self::Plain | Self::SaltIsKey | Self::ValueIsKey => (Vec::new(), Vec::new()),
        }
    }
}

/// The two salts that are written as one.
fn parted(salts: &[u8]) -> (&[u8], &[u8]) {
    let end = salts.iter().position(|byte| *byte == 0).unwrap_or(salts.len());
    (salts.get(..end).unwrap_or_default(), salts.get(end.saturating_add(1)..).unwrap_or_default())
}

impl Between {
    /// How a digest that is written so is called: `hex(…)`.
    fn named(self, digest: &str) -> String {
        match self {
            Self::Hex => format!("hex({digest})"),
            Self::HexUpper => format!("HEX({digest})"),
            Self::Raw => digest.to_owned(),
        }
    }

    fn written(self, digest: &[u8]) -> Vec<u8> {
        match self {
            Self::Hex => hex(digest).into_bytes(),
            Self::HexUpper => hex(digest).to_ascii_uppercase().into_bytes(),
            Self::Raw => digest.to_vec(),
        }
    }

    fn shell(self) -> String {
        match self {
            Self::Hex => format!(" | {}", Encoding::Hex.shell()),
            Self::HexUpper => format!(" | {}", Encoding::HexUpper.shell()),
            Self::Raw => String::new(),
        }
    }
}

/// What a stage of a shell's pipe gets.
#[derive(Clone, Copy)]
enum Source<'a> {
    Bytes(&'a [u8]),
    Pipe(&'a str),
}

impl Source<'_> {
    fn printed(self) -> String {
        match self {
            Self::Bytes(bytes) => printf(bytes),
            Self::Pipe(pipe) => pipe.to_owned(),
        }
    }

    /// Hex digits of it, as a word of the shell.
    fn octets(self) -> String {
        match self {
            Self::Bytes(bytes) => hex(bytes),
            Self::Pipe(pipe) => format!("$({pipe} | {})", Encoding::Hex.shell()),
        }
    }

    fn between(self, mix: Mix, salt: &[u8]) -> String {
        let (before, after) = mix.around(salt);
        match self {
            Self::Bytes(bytes) => printf(&[&before, bytes, &after].concat()),
            Self::Pipe(pipe) if before.is_empty() && after.is_empty() => pipe.to_owned(),
            Self::Pipe(pipe) => format!("{{ {}; {pipe}; {}; }}", printf(&before), printf(&after)),
        }
    }
}

/// The command that prints these bytes.
fn printf(bytes: &[u8]) -> String {
    let plain = |byte: &u8| (byte.is_ascii_graphic() && !matches!(byte, b'\'' | b'\\')) || *byte == b' ';
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.iter().all(plain) => format!("printf '%s' '{text}'"),
        _ => {
            let octal: String = bytes.iter().map(|byte| format!("\\{byte:03o}")).collect();
            format!("printf '{octal}'")
        }
    }
}

/// What Python's `hmac.new` takes as the function.
fn python_digest(algorithm: Algorithm) -> String {
    match algorithm {
        Algorithm::Blake2b256 => "lambda m=b'':hashlib.blake2b(m,digest_size=32)".to_owned(),
        Algorithm::Sha3 => "'sha3_256'".to_owned(),
        _ => format!("'{}'", algorithm.name()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Separators that programs put between salt and value, none first.
pub const SEPARATORS: &[&str] = &["", ":", "|", "_", "-", "&"];
